//! The job machine by example; `properties` has random event sequences.

mod properties;

use super::*;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{PlanKind, PlanNode, Stage, StageItem, StepId, StepSpec};
use crate::domain::policy::{OnFailure, Policy};
use std::collections::HashSet;

fn plan(nodes: u64, steps: usize) -> Plan {
    let names: Vec<StepId> = (0..steps).map(|s| format!("m/s{s}").parse().unwrap()).collect();
    Plan {
        env: EnvId(1),
        kind: PlanKind::Install,
        policy: Policy { on_failure: OnFailure::Ask, retries: 1, ..Policy::default() },
        platform: "p".into(),
        parallel: 2,
        modules: vec![],
        nodes: (1..=nodes)
            .map(|n| PlanNode {
                id: NodeId(n),
                name: format!("n{n}"),
                address: "127.0.0.1".into(),
                roles: NodeRoles::from([NodeRole::Compute]),
            })
            .collect(),
        stages: vec![Stage {
            kind: StageKind::Computes,
            items: (1..=nodes).map(|n| StageItem { node: NodeId(n), steps: names.clone() }).collect(),
        }],
        // Every second step can be tried again, the last one cannot be undone.
        steps: names
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let spec = StepSpec { retryable: i % 2 == 0, irreversible: i + 1 == steps, ..spec() };
                (n.clone(), spec)
            })
            .collect(),
        aside: crate::domain::plan::Aside::default(),
    }
}

fn spec() -> StepSpec {
    serde_json::from_value(serde_json::json!({ "title": {}, "weight": 1 })).unwrap()
}

fn job() -> Job {
    Job::new(JobId(7), plan(2, 2), "ada".into(), Moment(0))
}

fn at(event: JobEvent) -> JournalEntry {
    JournalEntry { at: Moment(1), event }
}

fn start(node: u64, index: usize, attempt: u32) -> JobEvent {
    JobEvent::StepStarted { node: NodeId(node), index, attempt, irreversible: false }
}

fn end(node: u64, index: usize, attempt: u32, end: StepEnd) -> JobEvent {
    JobEvent::StepEnded { node: NodeId(node), index, attempt, end }
}

#[test]
fn a_good_job_succeeds() {
    let mut j = job();
    j.apply(&at(JobEvent::Started)).unwrap();
    for node in 1..=2 {
        for index in 0..2 {
            assert_eq!(j.next_step(NodeId(node), StageKind::Computes), Some((index, 1)));
            j.apply(&at(start(node, index, 1))).unwrap();
            j.apply(&at(end(node, index, 1, StepEnd::Changed))).unwrap();
        }
    }
    j.apply(&at(JobEvent::Ended)).unwrap();
    assert_eq!(j.state, JobState::Succeeded);
    assert_eq!(j.changed_steps(), 4);
}

#[test]
fn a_retry_goes_on_from_the_failed_step_with_a_new_attempt() {
    let mut j = job();
    for e in [
        JobEvent::Started,
        start(1, 0, 1),
        end(1, 0, 1, StepEnd::Changed),
        start(1, 1, 1),
        end(1, 1, 1, StepEnd::Failed { status: 3 }),
        JobEvent::NodeSkipped { node: NodeId(2) },
        JobEvent::Ended,
    ] {
        j.apply(&at(e)).unwrap();
    }
    assert_eq!(j.state, JobState::Failed);
    j.apply(&at(JobEvent::Retried { by: "ada".into() })).unwrap();
    assert_eq!(j.next_step(NodeId(1), StageKind::Computes), Some((1, 2)));
    assert!(j.apply(&at(start(1, 0, 2))).is_err(), "a done step is never run again");
    assert!(j.apply(&at(start(1, 1, 1))).is_err(), "an attempt is never run again");
}

#[test]
fn an_interrupted_step_is_never_shown_as_running() {
    let mut j = job();
    for e in [JobEvent::Started, start(1, 0, 1), JobEvent::Interrupted] {
        j.apply(&at(e)).unwrap();
    }
    assert_eq!((j.state, j.nodes[&NodeId(1)].state), (JobState::Interrupted, JobNodeState::Interrupted));
    assert!(
        matches!(j.open_step(NodeId(1)), Some((0, s)) if matches!(s.state, StepState::Interrupted { .. }))
    );
    j.apply(&at(end(1, 0, 1, StepEnd::Unchanged))).unwrap();
    assert_eq!(j.nodes[&NodeId(1)].state, JobNodeState::Running);
}

fn apply(j: &mut Job, events: Vec<JobEvent>) {
    for e in events {
        j.apply(&at(e)).unwrap();
    }
}

fn undo(node: u64, index: usize, attempt: u32) -> JobEvent {
    JobEvent::UndoStarted { node: NodeId(node), index, attempt }
}

fn undone(node: u64, index: usize, attempt: u32, end: StepEnd) -> JobEvent {
    JobEvent::UndoEnded { node: NodeId(node), index, attempt, end }
}

#[expect(clippy::unnecessary_wraps, reason = "as the events have it")]
fn ada() -> Option<String> {
    Some("ada".into())
}

/// Three steps on two nodes, of which the first is done on node 1 and the second failed; the job is over.
fn failed() -> Job {
    let mut j = Job::new(JobId(7), plan(2, 3), "ada".into(), Moment(0));
    let bad = StepEnd::Failed { status: 3 };
    apply(
        &mut j,
        vec![
            JobEvent::Started,
            start(1, 0, 1),
            end(1, 0, 1, StepEnd::Changed),
            start(1, 1, 1),
            end(1, 1, 1, bad),
            JobEvent::NodeSkipped { node: NodeId(2) },
            JobEvent::Ended,
        ],
    );
    j
}

#[test]
fn undo_goes_backwards_and_leaves_a_node_that_can_begin_again() {
    let mut j = failed();
    let scope = undo::UndoScope::Node { node: NodeId(1), back_to: None };
    let list = j.undo_list(&scope);
    assert_eq!(list.lines.iter().map(|l| l.index).collect::<Vec<_>>(), [1, 0]);
    j.apply(&at(JobEvent::UndoAsked { nodes: j.undo_nodes(&scope), by: ada() })).unwrap();
    assert_eq!(j.state, JobState::Running, "a job that was over is taken up");
    assert!(j.apply(&at(undo(1, 0, 1))).is_err(), "the last one first");
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Undo { index: 1, attempt: 1 }));
    apply(&mut j, vec![undo(1, 1, 1), undone(1, 1, 1, StepEnd::Changed), undo(1, 0, 1)]);
    assert!(j.apply(&at(JobEvent::UndoFinished { node: NodeId(1) })).is_err(), "one still runs");
    apply(&mut j, vec![undone(1, 0, 1, StepEnd::Unchanged), JobEvent::UndoFinished { node: NodeId(1) }]);
    assert_eq!(j.nodes[&NodeId(1)].state, JobNodeState::Undone);
    apply(&mut j, vec![JobEvent::Ended]);
    assert_eq!(j.state, JobState::Undone);
    assert_eq!(j.nodes[&NodeId(1)].steps[1].history.len(), 1, "the failed attempt is remembered");
    j.apply(&at(JobEvent::NodeAgain { node: NodeId(1), by: ada() })).unwrap();
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Step { index: 0, attempt: 2 }));
}

#[test]
fn an_undo_that_fails_does_not_keep_the_next_one_from_running() {
    let mut j = failed();
    j.apply(&at(JobEvent::UndoAsked { nodes: vec![(NodeId(1), 0)], by: ada() })).unwrap();
    apply(&mut j, vec![undo(1, 1, 1), undone(1, 1, 1, StepEnd::Failed { status: 1 })]);
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Undo { index: 0, attempt: 1 }));
    apply(&mut j, vec![undo(1, 0, 1), undone(1, 0, 1, StepEnd::Changed)]);
    apply(&mut j, vec![JobEvent::UndoFinished { node: NodeId(1) }, JobEvent::Ended]);
    assert_eq!((j.nodes[&NodeId(1)].state, j.state), (JobNodeState::UndoFailed, JobState::Failed));
    let list = j.undo_list(&undo::UndoScope::All);
    assert_eq!(list.lines.iter().map(|l| l.index).collect::<Vec<_>>(), [1], "only what is left");
    j.apply(&at(JobEvent::UndoAsked { nodes: vec![(NodeId(1), 0)], by: ada() })).unwrap();
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Undo { index: 1, attempt: 2 }));
}

#[test]
fn what_cannot_be_undone_is_listed_and_left() {
    let mut j = Job::new(JobId(7), plan(1, 2), "ada".into(), Moment(0));
    let good = StepEnd::Changed;
    apply(
        &mut j,
        vec![
            JobEvent::Started,
            start(1, 0, 1),
            end(1, 0, 1, good.clone()),
            start(1, 1, 1),
            end(1, 1, 1, good.clone()),
            JobEvent::Ended,
        ],
    );
    let list = j.undo_list(&undo::UndoScope::Stage(StageKind::Computes));
    assert_eq!(
        list.lines.iter().map(|l| (l.index, l.irreversible)).collect::<Vec<_>>(),
        [(1, true), (0, false)]
    );
    apply(&mut j, vec![JobEvent::UndoAsked { nodes: vec![(NodeId(1), 0)], by: ada() }]);
    assert!(j.apply(&at(undo(1, 1, 1))).is_err());
    apply(&mut j, vec![undo(1, 0, 1), undone(1, 0, 1, good), JobEvent::UndoFinished { node: NodeId(1) }]);
    assert_eq!(j.nodes[&NodeId(1)].state, JobNodeState::Undone);
}

#[test]
fn policies_decide_once() {
    let mut j = failed();
    Arc::make_mut(&mut j.plan).policy.on_failure = OnFailure::Reinstall;
    assert_eq!(j.decision(NodeId(1)), None, "nothing is decided about a job that is over");
    apply(
        &mut j,
        vec![
            JobEvent::Retried { by: "ada".into() },
            start(1, 1, 2),
            end(1, 1, 2, StepEnd::Failed { status: 3 }),
        ],
    );
    let Some(asked @ JobEvent::ReinstallAsked { by: None, .. }) = j.decision(NodeId(1)) else {
        panic!("{j:?}")
    };
    apply(
        &mut j,
        vec![
            asked,
            JobEvent::ReinstallPhase { node: NodeId(1), phase: ReinstallPhase::Arm, why: None },
            JobEvent::Interrupted,
            JobEvent::Started,
        ],
    );
    assert_eq!(j.nodes[&NodeId(1)].state, JobNodeState::Interrupted);
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Reinstall));
    let fresh = Renewal::Fresh { host_key: "k".into(), machine_id: "m".into() };
    apply(
        &mut j,
        vec![
            JobEvent::ReinstallPhase { node: NodeId(1), phase: ReinstallPhase::Disarm, why: None },
            JobEvent::ReinstallEnded { node: NodeId(1), end: fresh },
        ],
    );
    assert_eq!(
        j.task_for(NodeId(1)),
        Some(schedule::Task::Step { index: 0, attempt: 2 }),
        "from the first step"
    );
    apply(&mut j, vec![start(1, 0, 2), end(1, 0, 2, StepEnd::TimedOut { seconds: 9 })]);
    let Some(again @ JobEvent::NodeAgain { by: None, .. }) = j.decision(NodeId(1)) else {
        panic!("retryable")
    };
    apply(&mut j, vec![again, start(1, 0, 3), end(1, 0, 3, StepEnd::Failed { status: 1 })]);
    assert_eq!(j.decision(NodeId(1)), None, "neither tried again nor reinstalled twice");
}

#[test]
fn a_held_job_begins_nothing_and_goes_on() {
    let mut j = job();
    apply(&mut j, vec![JobEvent::Started, start(1, 0, 1), JobEvent::HoldAsked { by: "ada".into() }]);
    let forecast = j.forecast(forecast::Stop::Hold);
    assert_eq!(forecast.iter().map(|f| f.then).collect::<Vec<_>>(), [JobNodeState::Waiting; 2]);
    apply(&mut j, vec![end(1, 0, 1, StepEnd::Changed), JobEvent::Interrupted]);
    assert_eq!((j.state, j.task_for(NodeId(1))), (JobState::Holding, None));
    apply(&mut j, vec![JobEvent::Released { by: "ada".into() }]);
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Step { index: 1, attempt: 1 }));
}

#[test]
fn too_many_failures_end_the_job() {
    let mut j = job();
    Arc::make_mut(&mut j.plan).policy.budget.computes = "0".parse().unwrap();
    apply(
        &mut j,
        vec![JobEvent::Started, start(1, 0, 1), start(2, 0, 1), end(1, 0, 1, StepEnd::Failed { status: 1 })],
    );
    let (role, failed, allowed) = j.over_budget().unwrap();
    assert_eq!((role, failed, allowed), (NodeRole::Compute, 1, 0));
    apply(&mut j, vec![JobEvent::BudgetExceeded { role, failed, allowed }, end(2, 0, 1, StepEnd::Changed)]);
    assert_eq!(j.task_for(NodeId(2)), None);
    apply(&mut j, vec![JobEvent::NodeSkipped { node: NodeId(2) }, JobEvent::Ended]);
    assert_eq!(j.state, JobState::Failed);
    // Who takes it up again knows of that failure: it does not end the job at once, and the next one does.
    apply(&mut j, vec![JobEvent::ManualAsked { node: NodeId(1), by: "ada".into() }]);
    assert_eq!((j.state, j.over_budget()), (JobState::Running, None));
    apply(&mut j, vec![JobEvent::ManualLeft { node: NodeId(1), by: "ada".into() }]);
    assert_eq!(j.over_budget(), None);
    let again = JobEvent::NodeAgain { node: NodeId(1), by: Some("ada".into()) };
    apply(&mut j, vec![again, start(1, 0, 2), end(1, 0, 2, StepEnd::Failed { status: 1 })]);
    assert!(j.over_budget().is_some());
}

#[test]
fn what_an_operator_undoes_is_no_failure() {
    let mut j = job();
    Arc::make_mut(&mut j.plan).policy.budget.computes = "0".parse().unwrap();
    let ended = end(1, 0, 1, StepEnd::Cancelled);
    let asked = JobEvent::UndoAsked { nodes: vec![(NodeId(1), 0)], by: ada() };
    apply(&mut j, vec![JobEvent::Started, start(1, 0, 1), ended, asked]);
    assert_eq!(j.over_budget(), None);
    j.nodes.get_mut(&NodeId(1)).unwrap().undo.as_mut().unwrap().by = None;
    assert!(j.over_budget().is_some(), "what the policy undoes is one");
}

#[test]
fn the_manual_procedure_is_confirmed_in_order_and_checked() {
    let mut j = failed();
    let by = "ada".to_owned();
    let confirmed = |number| JobEvent::ManualConfirmed { node: NodeId(1), number, by: "ada".into() };
    j.apply(&at(JobEvent::ManualAsked { node: NodeId(1), by: by.clone() })).unwrap();
    assert!(j.apply(&at(JobEvent::Ended)).is_err(), "it waits for the operator");
    assert!(j.apply(&at(confirmed(2))).is_err());
    let check = JobEvent::ManualCheck { node: NodeId(1), by };
    apply(&mut j, vec![confirmed(1), confirmed(2), check.clone()]);
    let missing = Renewal::Failed { why: "the old host key".into() };
    apply(&mut j, vec![JobEvent::ManualChecked { node: NodeId(1), end: missing }]);
    assert_eq!(j.nodes[&NodeId(1)].state, JobNodeState::Manual);
    assert_eq!(j.nodes[&NodeId(1)].manual.as_ref().unwrap().why.as_deref(), Some("the old host key"));
    let fresh = Renewal::Fresh { host_key: "k".into(), machine_id: "m".into() };
    apply(&mut j, vec![check, JobEvent::ManualChecked { node: NodeId(1), end: fresh }]);
    assert_eq!(j.task_for(NodeId(1)), Some(schedule::Task::Step { index: 0, attempt: 2 }));
}

#[test]
fn every_state_of_both_tables_is_reached_and_has_a_way_out() {
    let reached: HashSet<_> = JOB_TABLE.iter().map(|(_, _, to)| *to).chain([JobState::Queued]).collect();
    assert_eq!(reached.len(), JobState::ALL.len());
    for s in JobState::ALL {
        assert!(JobMove::ALL.iter().any(|m| job_next(s, *m).is_some_and(|to| to != s)), "{s}");
        for m in JobMove::ALL {
            assert!(
                JOB_TABLE.iter().filter(|(by, from, _)| *by == m && from.contains(&s)).count() <= 1,
                "{s} {m:?}"
            );
        }
    }
    let reached: HashSet<_> =
        NODE_TABLE.iter().map(|(_, _, to)| *to).chain([JobNodeState::Waiting]).collect();
    assert_eq!(reached.len(), JobNodeState::ALL.len());
    for s in JobNodeState::ALL {
        assert!(NodeMove::ALL.iter().any(|m| node_next(s, *m).is_some_and(|to| to != s)), "{s}");
        for m in NodeMove::ALL {
            assert!(
                NODE_TABLE.iter().filter(|(by, from, _)| *by == m && from.contains(&s)).count() <= 1,
                "{s} {m:?}"
            );
        }
        if s.is_at_rest() {
            assert!(exits(s).count() >= 3, "an operator can do something about {s}");
        }
    }
}

#[test]
fn entries_of_the_first_release_are_read() {
    let old = r#"{"at":5,"event":{"step-started":{"node":1,"index":0,"attempt":1}}}"#;
    let entry: JournalEntry = serde_json::from_str(old).unwrap();
    assert_eq!(entry, JournalEntry { at: Moment(5), event: start(1, 0, 1) });
}

#[test]
fn no_policy_takes_apart_what_was_in_production() {
    for on_failure in [OnFailure::Undo, OnFailure::Reinstall] {
        let mut j = failed();
        let plan = Arc::make_mut(&mut j.plan);
        plan.policy.on_failure = on_failure;
        plan.policy.retries = 2;
        plan.aside.standing = vec![NodeId(1)];
        let bad = StepEnd::Failed { status: 3 };
        apply(
            &mut j,
            vec![JobEvent::Retried { by: "ada".into() }, start(1, 1, 2), end(1, 1, 2, bad.clone())],
        );
        assert_eq!(j.decision(NodeId(1)), None, "it stays as it is, and an operator is asked");
        let plan = Arc::make_mut(&mut j.plan);
        plan.aside = crate::domain::plan::Aside { told: vec![NodeId(1)], ..Default::default() };
        assert_eq!(j.decision(NodeId(1)), None);
        Arc::make_mut(&mut j.plan).aside.told.clear();
        assert!(j.decision(NodeId(1)).is_some());
        // What can be tried again is tried again there, too.
        let mut j = Job::new(JobId(7), plan_of(vec![NodeId(1)], on_failure), "ada".into(), Moment(0));
        apply(&mut j, vec![JobEvent::Started, start(1, 0, 1), end(1, 0, 1, bad)]);
        assert!(matches!(j.decision(NodeId(1)), Some(JobEvent::NodeAgain { by: None, .. })));
    }
}

fn plan_of(standing: Vec<NodeId>, on_failure: OnFailure) -> Plan {
    let mut plan = plan(2, 2);
    plan.policy.on_failure = on_failure;
    plan.aside.standing = standing;
    plan
}

#[test]
fn a_node_that_was_only_told_of_others_refuses_an_undo() {
    let mut j = failed();
    let asked = || JobEvent::UndoAsked { nodes: vec![(NodeId(1), 0)], by: ada() };
    Arc::make_mut(&mut j.plan).aside.told = vec![NodeId(1)];
    assert!(j.undo_list(&undo::UndoScope::All).lines.is_empty());
    assert!(j.undo_nodes(&undo::UndoScope::All).is_empty());
    let list = j.undo_list(&undo::UndoScope::Node { node: NodeId(1), back_to: None });
    assert_eq!(list.why.as_deref(), Some(&undo::NoUndo::Told));
    assert!(j.apply(&at(asked())).is_err());
    Arc::make_mut(&mut j.plan).aside.told.clear();
    assert!(j.apply(&at(asked())).is_ok());
}

#[test]
fn a_job_is_in_hand_of_who_goes_on_with_it_or_takes_it_over() {
    let mut job = job();
    let mut apply = |event| {
        job.apply(&at(event)).unwrap();
        (job.owner.by.clone(), job.owner.taken.clone())
    };
    assert_eq!(apply(JobEvent::Started), ("ada".into(), None));
    let take = JobEvent::TakenOver { by: "eve".into(), why: "late".into() };
    assert_eq!(apply(take.clone()), ("eve".into(), Some(("ada".into(), "late".into()))));
    // Journals from before there was this: whoever steers a job that works does not have it in hand by that.
    assert_eq!(apply(JobEvent::CancelAsked { by: "bob".into() }).0, "eve");
    for node in [1, 2] {
        apply(JobEvent::NodeSkipped { node: NodeId(node) });
    }
    apply(JobEvent::Ended);
    job.apply(&at(take)).unwrap_err();
    job.apply(&at(JobEvent::Retried { by: "bob".into() })).unwrap();
    assert_eq!((job.owner.by.as_str(), &job.owner.taken), ("bob", &None));
}
