//! What is known of nodes that were in production before something failed on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::tests::{Running, add_env};
use super::*;
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::undo::{NoUndo, UndoScope};
use crate::domain::job::{Job, JobEvent, JournalEntry, StepEnd};
use crate::domain::node::{Node, NodeRole, NodeRoles, NodeState, Reach};
use crate::domain::overrides::{OptionText, Scope};
use crate::domain::plan::{Plan, PlanKind, StageKind};
use crate::domain::time::Moment;

/// Controller, compute node, and one that is new, in an environment.
pub(super) const CTL: NodeId = NodeId(1);
pub(super) const CMP: NodeId = NodeId(2);
const NEW: NodeId = NodeId(3);

fn node(env: EnvId, id: NodeId, role: NodeRole, state: NodeState) -> Node {
    Node {
        id,
        env,
        name: format!("n{}", id.0),
        address: format!("10.0.0.{}", id.0).parse().unwrap(),
        port: 22,
        user: "root".into(),
        credential: None,
        host_key: None,
        roles: NodeRoles::from([role]),
        state,
        reach: Reach::Unknown,
        jump: None,
        lock: None,
        facts: Some(crate::domain::facts::Facts {
            os_id: "debian".into(),
            os_version: "12".into(),
            ..crate::domain::facts::Facts::default()
        }),
        job: None,
        revision: crate::domain::ids::Revision(1),
    }
}

/// A cloud of two nodes that are installed, and a node that is not.
pub(super) async fn cloud() -> (Running, Arc<Engine>, EnvId) {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let engine = running.engine();
    for n in [
        node(env, CTL, NodeRole::Controller, NodeState::Installed),
        node(env, CMP, NodeRole::Compute, NodeState::Installed),
        node(env, NEW, NodeRole::Compute, NodeState::Ready),
    ] {
        engine.model.write().nodes.insert(n.id, n);
    }
    (running, engine, env)
}

/// A job that is in the engine, and is the last one of its nodes, which it left in this state.
pub(super) fn left(engine: &Arc<Engine>, id: u64, plan: Plan, state: NodeState) {
    let nodes: Vec<NodeId> = plan.nodes.iter().map(|n| n.id).collect();
    let cell = engine.cell(Job::new(JobId(id), plan, "ada".into(), Moment(0)), 0);
    let mut model = engine.model.write();
    model.jobs.insert(JobId(id), super::rested::Kept::Whole(cell));
    for n in nodes {
        let n = model.nodes.get_mut(&n).unwrap();
        n.job = Some(JobId(id));
        n.state = state;
    }
}

#[tokio::test]
async fn who_is_only_told_of_new_nodes_is_never_undone() {
    let (_running, engine, env) = cloud().await;
    let record = engine.env(env).unwrap();
    let plan = engine.plan_of_new(&record, PlanKind::Install).unwrap();
    assert_eq!(plan.aside.told, [CTL, CMP]);
    let first = |id: NodeId| {
        let mut items = plan.stages.iter().flat_map(|s| &s.items);
        assert!(items.any(|i| i.node == id && !i.steps.is_empty()), "{id}");
    };
    first(CTL);
    first(NEW);

    let mut job = Job::new(JobId(1), plan.clone(), "ada".into(), Moment(0));
    let mut apply = |event| job.apply(&JournalEntry { at: Moment(1), event });
    apply(JobEvent::Started).unwrap();
    for node in [CTL, NEW] {
        apply(JobEvent::StepStarted { node, index: 0, attempt: 1, irreversible: false }).unwrap();
        apply(JobEvent::StepEnded { node, index: 0, attempt: 1, end: StepEnd::Failed { status: 1 } })
            .unwrap();
    }
    for scope in [UndoScope::All, UndoScope::Stage(StageKind::Preflight)] {
        let list = job.undo_list(&scope);
        assert!(!list.lines.is_empty() && list.lines.iter().all(|l| l.node == NEW), "{list:?}");
    }
    let list = job.undo_list(&UndoScope::Node { node: CTL, back_to: None });
    assert!(matches!(list.why.as_deref(), Some(NoUndo::Told)) && list.lines.is_empty(), "{list:?}");

    // It failed while it was told: the next installation of new nodes takes it for none.
    left(&engine, 1, plan, NodeState::Failed);
    let again = engine.plan_of_new(&record, PlanKind::Install).unwrap();
    assert_eq!(again.aside.told, [CTL, CMP]);
}

#[tokio::test]
async fn what_was_in_production_is_known_after_failures() {
    let (_running, engine, env) = cloud().await;
    let record = engine.env(env).unwrap();
    let at = |id: NodeId| engine.node(id).unwrap();
    let mut plan = engine.plan(&record, PlanKind::Install).unwrap();
    plan.aside.standing = vec![CTL, CMP];
    left(&engine, 1, plan.clone(), NodeState::Failed);
    // The installation failed on all: two were in production, and nothing but an installation is done on any.
    assert_eq!([CTL, CMP, NEW].map(|id| engine.is_standing(&at(id))), [true, true, false]);
    assert_eq!([CTL, CMP, NEW].map(|id| engine.stands(&at(id))), [false; 3]);
    plan.kind = PlanKind::RollOut;
    plan.aside.standing.clear();
    left(&engine, 2, plan, NodeState::Cancelled);
    assert!([CTL, CMP].iter().all(|id| engine.stands(&at(*id))));
}

#[tokio::test]
async fn an_option_is_rolled_out_after_a_roll_out_that_failed() {
    let (_running, engine, env) = cloud().await;
    let mut record = engine.env(env).unwrap();
    let file = "/etc/keystone/keystone.conf".to_owned();
    let text = "[token]\nexpiration = 7200\n".to_owned();
    engine.set_options(&mut record, OptionText { scope: Scope::All, file, text }).unwrap();
    engine.model.write().envs.insert(env, record);
    let plan = engine.roll_out_plan(env).unwrap();
    assert!(plan.node(CTL).is_some() && plan.node(NEW).is_none());
    left(&engine, 1, plan, NodeState::Failed);
    let again = engine.roll_out_plan(env).unwrap();
    assert!(again.node(CTL).is_some(), "the mended option reaches it");
    let task = crate::domain::day2::Task::Compute { node: CTL, on: true };
    assert!(engine.task_plan(env, &task).unwrap().node(CTL).is_some());
}

#[tokio::test]
async fn a_task_that_was_refused_has_not_happened() {
    let (_running, engine, env) = cloud().await;
    let task = crate::domain::day2::Task::SelfService { on: false };
    let plan = engine.task_plan(env, &task).unwrap();
    let mut record = engine.env(env).unwrap();
    record.shape = plan.aside.shape.clone().unwrap();
    assert!(record.shape.provider_only);
    engine.model.write().envs.insert(env, record);
    left(&engine, 1, plan, NodeState::Failed);
    let cell = engine.job(JobId(1)).unwrap();
    let apply = |event| cell.lock().job.apply(&JournalEntry { at: Moment(1), event }).unwrap();
    let tried = |index: usize, attempt: u32, end: StepEnd| {
        apply(JobEvent::StepStarted { node: CTL, index, attempt, irreversible: false });
        apply(JobEvent::StepEnded { node: CTL, index, attempt, end });
    };
    apply(JobEvent::Started);
    tried(0, 1, StepEnd::Failed { status: 1 });
    engine.task_ended(&cell);
    assert!(!engine.env(env).unwrap().shape.provider_only, "only the look was begun");
    apply(JobEvent::NodeAgain { node: CTL, by: Some("ada".into()) });
    tried(0, 2, StepEnd::Unchanged);
    tried(1, 1, StepEnd::Failed { status: 1 });
    engine.task_ended(&cell);
    assert!(engine.env(env).unwrap().shape.provider_only, "tried again, it began");
}

#[tokio::test]
async fn no_task_is_started_on_what_has_changed() {
    let (_running, engine, env) = cloud().await;
    let ada = engine.model.read().users.values().next().cloned().unwrap();
    let task = crate::domain::day2::Task::SelfService { on: false };
    let plan = engine.task_plan(env, &task).unwrap();
    let before = engine.env(env).unwrap();
    let mut renamed = before.clone();
    renamed.name = "other".into();
    renamed.revision = renamed.revision.next();
    engine.model.write().envs.insert(env, renamed);
    let is = engine.reshaped(&ada, &before, &plan).unwrap().unwrap();
    assert_eq!((is.name.as_str(), is.shape.provider_only), ("other", true), "the other change stays");
    let mut reshaped = before.clone();
    reshaped.shape.images = Some(CMP);
    engine.model.write().envs.insert(env, reshaped);
    assert_eq!(engine.reshaped(&ada, &before, &plan).unwrap_err().kind, FailureKind::Conflict);
}
