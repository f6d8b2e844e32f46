//! Settings of an environment, locks of nodes, the plan with its steps and its dry run.

use super::fixtures::{ENV, JOB, env, job, ms_ago, nodes, plan};
use super::harness::snapshots;
use super::nodes::opened;
use crate::api::message::EnvChange;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::{NodeId, Revision};
use crate::domain::job::JobState;
use crate::domain::node::{NodeLock, NodeState};
use crate::domain::plan::PlanKind;
use crate::domain::policy::{Budget, OnFailure};
use crate::domain::user::UserRole;

#[test]
fn policies_are_checked_at_their_fields_and_sent() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("P");
    snapshots("env-settings", &mut rig);
    rig.keys("<Right><Tab><C-u>11");
    assert!(rig.screen(80, 24).contains("A number from 0 to 10"), "while it is typed");
    rig.keys("<C-s>");
    assert!(rig.calls.is_empty(), "nothing wrong is sent");
    rig.keys("<C-u>2<Tab><C-u>1<Tab><C-u>10x");
    assert!(rig.screen(80, 24).contains("✗ A number of nodes (2)"));
    snapshots("env-settings-wrong", &mut rig);
    rig.keys("<Backspace>%<Tab><Tab><C-u>5<C-s>");
    let call = rig.call("EnvEdit");
    let Request::EnvEdit { change: EnvChange::Policy(policy), based_on, .. } = call.request else { panic!() };
    assert_eq!((policy.on_failure, policy.retries, based_on), (OnFailure::Undo, 2, Revision(3)));
    let (one, tenth) = (Budget::Count(1), Budget::Percent(10));
    assert_eq!((policy.budget.controllers, policy.budget.computes), (one, tenth));
    let mut changed = env(7, "production", 4, 1, 1).env;
    (changed.policy, changed.revision) = (policy, Revision(4));
    let result = Ok(Response::Environment(changed.clone()));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result });
    let call = rig.call("EnvEdit");
    let Request::EnvEdit { change, based_on, .. } = call.request else { panic!() };
    assert_eq!((change, based_on), (EnvChange::Parallel(5), Revision(4)), "based on the first answer");
    let result = Ok(Response::Environment(changed));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result });
    assert_eq!(rig.stack(), ["environments", "environment"]);
    let mut rig = opened(UserRole::Viewer, nodes());
    rig.keys("P");
    assert!(rig.notice().contains("logged in as viewer"), "{}", rig.notice());
}

fn locked() -> Vec<Row> {
    let mut all = nodes();
    let Row::Node(node) = &mut all[0] else { panic!() };
    let why = "keep for the auditors".into();
    node.lock = Some(NodeLock { by: "grace".into(), at: ms_ago(90_000), why });
    all
}

#[test]
fn locks_are_a_column_of_their_own() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("L");
    snapshots("node-lock", &mut rig);
    rig.keys("<Enter>");
    assert!(rig.screen(80, 24).contains("Say why"), "a reason is needed");
    rig.keys("keep for the auditors<Enter>");
    let Request::NodeLock { node, why } = rig.call("NodeLock").request else { panic!() };
    assert_eq!((node, why.as_deref()), (NodeId(11), Some("keep for the auditors")));
    rig.rows(Topic::Nodes(ENV), locked());
    snapshots("nodes-locked", &mut rig);
    rig.keys("I");
    assert!(rig.notice().contains("locked by grace: keep for the auditors"), "{}", rig.notice());
    rig.keys("d");
    assert!(rig.screen(160, 50).contains("grace"), "in the details");
    rig.keys("<Esc>L");
    snapshots("node-unlock", &mut rig);
    rig.keys("<Right><Enter>");
    let Request::NodeLock { why, .. } = rig.call("NodeLock").request else { panic!() };
    assert_eq!(why, None);
}

#[test]
fn the_node_table_reinstalls_and_says_what_leads_on() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("jI");
    assert!(rig.notice().contains("A job works on node-2"), "{}", rig.notice());
    rig.keys("jd");
    let screen = rig.screen(160, 50);
    assert!(screen.contains("install (i), reinstall (I), by hand (m)"), "{screen}");
    rig.keys("<Esc>I");
    rig.keys("node-3<C-s>");
    rig.answer("NodeReinstall", Ok(Response::Job(Box::new(job(JobState::Running)))));
    assert_eq!(rig.stack(), ["environments", "environment", "job"], "the job is shown");
    rig.keys("<Esc>");
    rig.rows(Topic::Nodes(ENV), {
        let mut all = nodes();
        let Row::Node(node) = &mut all[2] else { panic!() };
        (node.state, node.job) = (NodeState::Manual, Some(JOB));
        all
    });
    rig.keys("m");
    assert_eq!(rig.stack().last(), Some(&"manual"), "what was begun is gone on with");
}

#[test]
fn a_step_of_the_plan_shows_its_script_and_a_dry_run_is_asked_for() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("i");
    let mut made = plan();
    if let Some(spec) = made.steps.get_mut(&"keystone/database".parse().unwrap()) {
        (spec.irreversible, spec.restarts) = (true, vec!["mariadb.service".into()]);
        spec.packages = vec!["keystone".into(), "python3-openstackclient".into()];
    }
    rig.answer("PlanPreview", Ok(Response::Plan(Box::new(made))));
    rig.keys("jjj<Enter>");
    let Request::StepScript { node, step, .. } = &rig.calls.back().unwrap().request else { panic!() };
    assert_eq!((*node, step.to_string().as_str()), (NodeId(11), "keystone/database"));
    let script = "# ---- variables\nKEYSTONE_DB_PASSWORD='********'\n# ---- script\nrun() {\n\tmysql -e \"create database keystone\"\n}\n";
    rig.answer("StepScript", Ok(Response::Script(script.into())));
    snapshots("plan-step", &mut rig);
    rig.keys("<Esc>d");
    snapshots("dry-run-confirm", &mut rig);
    rig.keys("<Enter>");
    assert!(!format!("{:?}", rig.calls).contains("Install"), "the focus is on Cancel");
    rig.keys("d<Right><Enter>");
    let mut row = job(JobState::Running);
    row.kind = PlanKind::DryRun;
    let call = rig.call("Install");
    let Request::Install { dry_run: true, .. } = call.request else { panic!() };
    let result = Ok(Response::Job(Box::new(row)));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result });
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
    assert!(rig.notice().contains("dry run has started"), "{}", rig.notice());
}
