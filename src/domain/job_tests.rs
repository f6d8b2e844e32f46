//! The job machine: examples, and properties over random event sequences.

use super::*;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{PlanNode, Stage, StageItem};
use proptest::prelude::*;

fn plan(nodes: u64, steps: usize) -> Plan {
    let names: Vec<StepId> = (0..steps).map(|s| format!("m/s{s}").parse().unwrap()).collect();
    Plan {
        env: EnvId(1),
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
        steps: BTreeMap::new(),
    }
}

fn job() -> Job {
    Job::new(JobId(7), plan(2, 2), "ada".into(), Moment(0))
}

fn at(event: JobEvent) -> JournalEntry {
    JournalEntry { at: Moment(1), event }
}

fn start(node: u64, index: usize, attempt: u32) -> JobEvent {
    JobEvent::StepStarted { node: NodeId(node), index, attempt }
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

fn any_event() -> impl Strategy<Value = JobEvent> {
    let ends = prop_oneof![
        Just(StepEnd::Changed),
        Just(StepEnd::Unchanged),
        Just(StepEnd::Failed { status: 1 }),
        Just(StepEnd::Lost { why: "x".into() }),
        Just(StepEnd::Cancelled),
    ];
    prop_oneof![
        2 => Just(JobEvent::Started),
        8 => (0_u64..4, 0_usize..3, 1_u32..4).prop_map(|(n, i, a)| start(n, i, a)),
        8 => (0_u64..4, 0_usize..3, 1_u32..4, ends).prop_map(|(n, i, a, e)| end(n, i, a, e)),
        1 => (0_u64..4).prop_map(|n| JobEvent::NodeFailed { node: NodeId(n), why: "gone".into() }),
        1 => (0_u64..4).prop_map(|n| JobEvent::NodeSkipped { node: NodeId(n) }),
        1 => Just(JobEvent::CancelAsked { by: "ada".into() }),
        1 => Just(JobEvent::Interrupted),
        1 => Just(JobEvent::Retried { by: "ada".into() }),
        1 => Just(JobEvent::Ended),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_sequence_contradicts_the_journal(events in prop::collection::vec(any_event(), 0..60)) {
        let mut j = job();
        let mut journal = vec![];
        let mut starts = std::collections::HashSet::new();
        for e in events {
            let before = j.clone();
            let entry = at(e);
            if j.apply(&entry).is_ok() {
                if let JobEvent::StepStarted { node, index, attempt } = &entry.event {
                    prop_assert!(starts.insert((*node, *index, *attempt)), "an attempt was started twice");
                }
                journal.push(entry);
            } else {
                prop_assert_eq!(&before, &j, "a refused event changes nothing");
            }
            if j.state.is_over() {
                prop_assert!(!j.nodes.values().any(JobNode::runs));
            }
            if j.state == JobState::Succeeded {
                prop_assert!(j.nodes.values().all(|n| n.steps.iter().all(StepProgress::is_done)));
            }
            // Every state has a way out, or is a success.
            if j.state != JobState::Succeeded {
                let ways = [
                    JobEvent::Started,
                    JobEvent::CancelAsked { by: "x".into() },
                    JobEvent::Retried { by: "x".into() },
                    JobEvent::Interrupted,
                ];
                let can_leave = ways.into_iter().any(|w| j.clone().apply(&at(w)).is_ok());
                prop_assert!(can_leave);
            }
        }
        let again = Job::replay(JobId(7), plan(2, 2), "ada".into(), Moment(0), &journal).unwrap();
        prop_assert_eq!(again, j);
    }
}
