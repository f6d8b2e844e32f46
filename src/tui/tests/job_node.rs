//! A node of a job: where it stands, its ways on, undo, reinstallation, the manual procedure.

use super::fixtures::{ENV, JOB, failed_job, job, job_node, ms_ago, nodes, steps};
use super::harness::snapshots;
use super::job::{feed, on_job};
use crate::api::manual::ManualAsk;
use crate::api::rows::{ManualView, ReinstallView, UndoView};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::NodeId;
use crate::domain::job::undo::{UndoLine, UndoList, UndoScope};
use crate::domain::job::{
    JobNodeState as S, JobState, ReinstallPhase, StepAction, StepEnd, StepState, UndoProgress, exits,
};
use crate::domain::node::NodeLock;
use crate::domain::plan::{PlanKind, StageKind};
use crate::domain::said::Said;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

const NODE: NodeId = NodeId(11);

/// A job with one node in that state.
pub(super) fn with_node(
    state: S,
    job_state: JobState,
    change: impl Fn(&mut crate::api::rows::JobNodeRow),
) -> Vec<Row> {
    let mut node = job_node(11, "node-1", "controller", state, 610);
    change(&mut node);
    let mut row = job(job_state);
    (row.nodes, row.nodes_failed) = (1, u32::from(state == S::Failed));
    vec![Row::from(row), Row::from(node)]
}

fn list(lines: &[(u64, usize, &str, bool)], busy: &[u64], digest: u64) -> UndoList {
    let line = |(node, index, step, irreversible): &(u64, usize, &str, bool)| UndoLine {
        node: NodeId(*node),
        index: *index,
        stage: if *index == 0 { StageKind::Preflight } else { StageKind::Controllers },
        step: step.parse().unwrap(),
        irreversible: *irreversible,
    };
    UndoList {
        lines: lines.iter().map(line).collect(),
        busy: busy.iter().map(|n| NodeId(*n)).collect(),
        digest,
        again: false,
        why: None,
    }
}

fn undone_steps() -> Vec<Row> {
    let mut rows = steps(1_800);
    for (at, row) in rows.iter_mut().enumerate() {
        let Row::Step(row) = row else { panic!() };
        row.touched = at < 3;
        let ended = |end| StepState::Ended { since: ms_ago(30_000), at: ms_ago(20_000), end };
        match at {
            0 => row.irreversible = true,
            1 => {
                let state = ended(StepEnd::Failed { status: 4 });
                (row.undo, row.undo_output) = (Some(UndoProgress { attempt: 1, state }), 40);
            }
            2 => {
                row.state = StepState::Waiting;
                row.touched = false;
                row.undo = Some(UndoProgress { attempt: 1, state: ended(StepEnd::Changed) });
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn a_failed_node_and_its_ways_on() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    let screen = rig.screen(160, 50);
    assert!(screen.contains("a again · u undo · I reinstall · m by hand"), "{screen}");
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    snapshots("job-node-failed", &mut rig);
    rig.keys("a");
    rig.call("NodeAgain");
    rig.keys("v");
    assert!(rig.notice().contains("m begins that"), "a disabled key says why: {}", rig.notice());
    rig.keys("+");
    assert!(rig.notice().contains("Nothing goes on"), "{}", rig.notice());
    let mut rig = on_job(UserRole::Viewer, failed_job());
    let screen = rig.screen(160, 50);
    assert!(!screen.contains("undo"), "absent for viewers: {screen}");
}

#[test]
fn every_state_says_which_ways_there_are_or_why_not() {
    for state in S::ALL {
        let mut rig = on_job(UserRole::Operator, with_node(state, JobState::Running, |_| {}));
        let ways: Vec<_> = exits(state).collect();
        for key in ["a", "u", "I", "m", "v"] {
            rig.app.notice = None;
            let depth = rig.stack().len();
            rig.calls.clear();
            rig.keys(key);
            let did = rig.stack().len() > depth || !rig.calls.is_empty();
            assert!(did || !rig.notice().is_empty(), "{state} {key}: nothing happens and nothing is said");
            assert!(!did || !ways.is_empty(), "{state} {key}: not in the table");
            while rig.stack().len() > depth {
                rig.keys("<Esc>");
            }
        }
    }
}

#[test]
fn a_locked_node_and_a_dry_run_refuse_in_words() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    let mut all = nodes();
    if let Row::Node(node) = &mut all[0] {
        let why = "keep for the auditors".into();
        node.lock = Some(NodeLock { by: "grace".into(), at: ms_ago(90_000), why });
    }
    rig.rows(Topic::Nodes(ENV), all);
    rig.keys("I");
    assert!(rig.notice().contains("locked by grace: keep for the auditors"), "{}", rig.notice());
    rig.keys("d");
    assert!(rig.screen(80, 24).contains("Locked by grace"));
    let mut rows = with_node(S::Failed, JobState::Failed, |_| {});
    if let Row::Job(job) = &mut rows[0] {
        job.kind = PlanKind::DryRun;
    }
    let mut rig = on_job(UserRole::Operator, rows);
    rig.keys("u");
    assert!(rig.notice().contains("dry run changes nothing"), "{}", rig.notice());
}

#[test]
fn an_undo_is_looked_at_first_and_confirmed_as_it_was_shown() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    rig.keys("gg<Down>u");
    let whole =
        [(11, 2, "mariadb/packages", false), (11, 1, "time/packages", false), (11, 0, "hosts/check", true)];
    rig.answer("UndoPreview", Ok(Response::UndoList(list(&whole, &[13], 7))));
    snapshots("undo", &mut rig);
    rig.keys("2");
    let Request::UndoPreview { scope, .. } = rig.calls.back().unwrap().request.clone() else { panic!() };
    let back_to = Some("time/packages".parse().unwrap());
    assert_eq!(scope, UndoScope::Node { node: NODE, back_to });
    rig.keys("<Right><Enter>");
    assert!(rig.notice().contains("Asking the engine"), "not before the list is there: {}", rig.notice());
    rig.answer("UndoPreview", Ok(Response::UndoList(list(&whole[..2], &[], 8))));
    rig.keys("<Enter>");
    assert!(!format!("{:?}", rig.calls).contains("Undo {"), "the focus is on Cancel again");
    rig.keys("u2");
    rig.call("UndoPreview");
    rig.answer("UndoPreview", Ok(Response::UndoList(list(&whole[..2], &[], 8))));
    rig.keys("<Right><Enter>");
    let changed = Failure::new(FailureKind::Conflict, "changed").keyed("error-undo-changed");
    rig.answer("Undo {", Err(changed));
    rig.answer("UndoPreview", Ok(Response::UndoList(list(&whole[..1], &[], 9))));
    snapshots("undo-changed", &mut rig);
    rig.keys("<Right><Enter>");
    let call = rig.call("Undo {");
    let Request::Undo { digest, .. } = call.request else { panic!() };
    assert_eq!(digest, 9, "what was on the screen");
}

#[test]
fn an_undo_with_nothing_in_it_is_not_sent() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("u3");
    rig.call("UndoPreview");
    rig.answer("UndoPreview", Ok(Response::UndoList(UndoList::default())));
    rig.keys("<Right><Enter>");
    assert!(rig.notice().contains("Nothing was done there"), "{}", rig.notice());
    rig.keys("2");
    assert!(rig.notice().contains("No step is selected"), "{}", rig.notice());
}

#[test]
fn progress_and_failures_of_an_undo() {
    let undo = |ended, failed| UndoView { by: Some("ada".into()), ended, undone: 2, failed, left: 3 };
    let rows = with_node(S::Undoing, JobState::Running, |n| n.undo = Some(undo(false, 0)));
    let mut rig = on_job(UserRole::Operator, rows);
    let screen = rig.screen(80, 24);
    assert!(screen.contains("2 undone, 3 left, 0 failed"), "{screen}");
    rig.rows(Topic::Job(JOB), with_node(S::UndoFailed, JobState::Failed, |n| n.undo = Some(undo(true, 1))));
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NODE), undone_steps());
    snapshots("job-node-undo-failed", &mut rig);
    rig.keys("gg<Down><Enter>");
    let asked: Vec<_> = rig
        .calls
        .iter()
        .filter_map(|c| match &c.request {
            Request::Output { step, action, .. } => Some((step.to_string(), *action)),
            _ => None,
        })
        .collect();
    assert_eq!(asked[0], ("time/packages".to_owned(), StepAction::Undo), "the newest first");
    feed(&mut rig, |_| "dpkg: error: cannot remove\n".into());
    let screen = rig.screen(80, 24);
    assert!(screen.contains("dpkg: error") && screen.contains("undo"), "{screen}");
    rig.keys("<Esc>");
    assert!(rig.screen(80, 24).contains("undo failed"), "back on the steps");
    assert_eq!(rig.stack().last(), Some(&"job-node"));
}

#[test]
fn reinstalling_names_what_is_lost_and_asks_for_the_name() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("I");
    snapshots("reinstall", &mut rig);
    rig.keys("node-2<C-s>");
    assert!(rig.screen(80, 24).contains("Type the node's name"), "{}", rig.screen(80, 24));
    rig.keys("<C-u>node-1<Tab>debian12-x86_64<Tab><C-u>90<C-s>");
    let call = rig.calls.iter().find(|c| matches!(c.request, Request::NodeReinstall { .. })).unwrap();
    let Request::NodeReinstall { name, profile, minutes, .. } = call.request.clone() else { panic!() };
    assert_eq!((name.as_str(), profile.as_deref(), minutes), ("node-1", Some("debian12-x86_64"), Some(90)));
    let refused = Failure::new(FailureKind::Busy, "node-1 is locked by grace").keyed("error-node-locked");
    rig.answer("NodeReinstall", Err(refused));
    assert!(rig.screen(80, 24).contains("locked by grace"));
    rig.keys("<C-s>");
    rig.answer("NodeReinstall", Ok(Response::Job(Box::new(job(JobState::Running)))));
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
}

#[test]
fn phases_and_deadline_of_a_reinstallation() {
    let run = ReinstallView {
        by: None,
        profile: None,
        system: Some("node-1".into()),
        phase: ReinstallPhase::Install,
        since: ms_ago(200_000),
        deadline: Some(Moment(super::harness::NOW.0 + 1_500_000)),
        ended: false,
    };
    let rows = with_node(S::Reinstalling, JobState::Running, |n| n.reinstall = Some(run.clone()));
    let mut rig = on_job(UserRole::Operator, rows);
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    snapshots("job-node-reinstalling", &mut rig);
    rig.keys("+<C-u>0<Enter>");
    assert!(rig.screen(80, 24).contains("A number from 1"), "at the field");
    rig.keys("<C-u>45<Enter>");
    let Request::ReinstallExtend { minutes, .. } = rig.call("ReinstallExtend").request else { panic!() };
    assert_eq!(minutes, 45);
}

pub(super) fn by_hand(confirmed: u32, state: S, why: Option<Said>) -> Vec<Row> {
    let manual = ManualView { by: "ada".into(), since: ms_ago(600_000), confirmed, why };
    with_node(state, JobState::Running, |n| n.manual = Some(manual.clone()))
}

#[test]
fn the_manual_procedure_goes_step_by_step_and_then_checks() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("m");
    snapshots("manual-start", &mut rig);
    rig.keys("<Right><Enter>");
    rig.answer("Manual(Start", Ok(Response::Job(Box::new(job(JobState::Running)))));
    rig.rows(Topic::Job(JOB), by_hand(2, S::Manual, None));
    assert_eq!(rig.stack(), ["environments", "environment", "job", "manual"]);
    snapshots("manual", &mut rig);
    rig.keys("v");
    assert!(rig.notice().contains("Confirm the instructions first"), "{}", rig.notice());
    rig.keys("<Enter><Enter>");
    let Request::Manual(ManualAsk::Confirm { number, .. }) = rig.call("Manual(Confirm").request else {
        panic!()
    };
    assert_eq!(number, 3);
    assert!(!format!("{:?}", rig.calls).contains("Manual(Confirm"), "not twice before the answer");
    let missing =
        Said::keyed("node-1 tells no machine id: /etc/machine-id is empty or missing", "fresh-no-id")
            .arg("name", "node-1");
    rig.rows(Topic::Job(JOB), by_hand(7, S::Manual, Some(missing)));
    snapshots("manual-missing", &mut rig);
    rig.keys("v");
    rig.call("Manual(Check");
    rig.rows(Topic::Job(JOB), by_hand(7, S::Checking, None));
    rig.keys("v");
    assert!(rig.notice().contains("Checking node-1"), "{}", rig.notice());
    rig.keys("x<Right><Enter>");
    rig.call("Manual(Leave");
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
}
