//! Whatever happens to a job, in whatever order: nothing contradicts its journal, and every job comes to its end.

use super::*;
use proptest::prelude::*;

fn any_end() -> impl Strategy<Value = StepEnd> {
    prop_oneof![
        4 => Just(StepEnd::Changed),
        2 => Just(StepEnd::Unchanged),
        2 => Just(StepEnd::Failed { status: 1 }),
        1 => Just(StepEnd::TimedOut { seconds: 1 }),
        1 => Just(StepEnd::Lost { why: "x".into() }),
        1 => Just(StepEnd::Cancelled),
    ]
}

fn any_renewal() -> impl Strategy<Value = Renewal> {
    prop_oneof![
        Just(Renewal::Fresh { host_key: "k".into(), machine_id: "m".into() }),
        Just(Renewal::Failed { why: "x".into() }),
    ]
}

/// Something that anybody might say to a job at any time.
fn any_event() -> impl Strategy<Value = JobEvent> {
    let node = || (0_u64..4).prop_map(NodeId);
    let by = || prop_oneof![Just(None), Just(ada())];
    let phase = (0..ReinstallPhase::ALL.len()).prop_map(|i| ReinstallPhase::ALL[i]);
    let name = "ada".to_owned();
    let (a, b, c) = (name.clone(), name.clone(), name.clone());
    let wide = prop_oneof![
        2 => Just(JobEvent::Started),
        1 => Just(JobEvent::CancelAsked { by: name.clone() }),
        1 => Just(JobEvent::HoldAsked { by: name.clone() }),
        1 => Just(JobEvent::Released { by: name.clone() }),
        1 => Just(JobEvent::DrainAsked { by: name.clone() }),
        1 => Just(JobEvent::BudgetExceeded { role: NodeRole::Compute, failed: 2, allowed: 1 }),
        1 => Just(JobEvent::Interrupted),
        1 => Just(JobEvent::Retried { by: name }),
        2 => Just(JobEvent::Ended),
    ];
    let steps = prop_oneof![
        8 => (0_u64..4, 0_usize..3, 1_u32..4).prop_map(|(n, i, a)| start(n, i, a)),
        8 => (0_u64..4, 0_usize..3, 1_u32..4, any_end()).prop_map(|(n, i, a, e)| end(n, i, a, e)),
        1 => node().prop_map(|node| JobEvent::NodeFailed { node, why: "gone".into() }),
        1 => node().prop_map(|node| JobEvent::NodeSkipped { node }),
        1 => node().prop_map(|node| JobEvent::NodeBoot { node, boot: "b".into() }),
        3 => node().prop_map(|node| JobEvent::NodeFound { node }),
        2 => (node(), by()).prop_map(|(node, by)| JobEvent::NodeAgain { node, by }),
        1 => (node(), 0_usize..3).prop_map(|(node, index)| JobEvent::CeilingExtended {
            node, index, seconds: 5, by: "ada".into()
        }),
        3 => (prop::collection::vec((node(), 0_usize..3), 0..3), by())
            .prop_map(|(nodes, by)| JobEvent::UndoAsked { nodes, by }),
        5 => (0_u64..4, 0_usize..3, 1_u32..4).prop_map(|(n, i, a)| undo(n, i, a)),
        5 => (0_u64..4, 0_usize..3, 1_u32..4, any_end()).prop_map(|(n, i, a, e)| undone(n, i, a, e)),
        3 => node().prop_map(|node| JobEvent::UndoFinished { node }),
    ];
    let renewals = prop_oneof![
        2 => (node(), by()).prop_map(|(node, by)| JobEvent::ReinstallAsked { node, by, profile: None, minutes: 5 }),
        2 => (node(), phase).prop_map(|(node, phase)| JobEvent::ReinstallPhase { node, phase, why: None }),
        1 => node().prop_map(|node| JobEvent::ReinstallArmed {
            node, system: "s".into(), was: BTreeMap::from([("netboot_enabled".into(), "False".into())]), server_time: None
        }),
        1 => node().prop_map(move |node| JobEvent::ReinstallExtended { node, by: a.clone(), minutes: 1 }),
        2 => (node(), any_renewal()).prop_map(|(node, end)| JobEvent::ReinstallEnded { node, end }),
        2 => node().prop_map(move |node| JobEvent::ManualAsked { node, by: b.clone() }),
        1 => (node(), 1_u32..3).prop_map(|(node, number)| JobEvent::ManualConfirmed { node, number, by: "ada".into() }),
        2 => node().prop_map(move |node| JobEvent::ManualCheck { node, by: c.clone() }),
        2 => (node(), any_renewal()).prop_map(|(node, end)| JobEvent::ManualChecked { node, end }),
        1 => node().prop_map(|node| JobEvent::ManualLeft { node, by: "ada".into() }),
    ];
    prop_oneof![2 => wide, 8 => steps, 3 => renewals]
}

/// What a job itself says comes next: random events alone rarely get a job anywhere.
fn sensible(j: &Job, dice: u64, end_: StepEnd, renewal: Renewal) -> Option<JobEvent> {
    use schedule::Task;
    let node = NodeId(1 + dice % 2);
    if let Some(event) = j.decision(node) {
        return Some(event);
    }
    Some(match j.task_for(node)? {
        Task::Step { index, attempt } => start(node.0, index, attempt),
        Task::Undo { index, attempt } => undo(node.0, index, attempt),
        Task::UndoFinish => JobEvent::UndoFinished { node },
        Task::Finish => {
            let (index, step) = j.open_step(node)?;
            match step.open()? {
                (StepAction::Undo, attempt, _) => undone(node.0, index, attempt, end_),
                (_, attempt, _) => end(node.0, index, attempt, end_),
            }
        }
        Task::Reinstall if dice.is_multiple_of(3) => JobEvent::ReinstallEnded { node, end: renewal },
        Task::Reinstall => JobEvent::ReinstallPhase { node, phase: ReinstallPhase::Install, why: None },
        Task::Check if j.nodes[&node].state == JobNodeState::Interrupted => {
            JobEvent::ManualCheck { node, by: String::new() }
        }
        Task::Check => JobEvent::ManualChecked { node, end: renewal },
    })
}

/// Ways by which an operator, or a new engine, gets a job out of where it stands.
fn ways_out(j: &Job) -> Vec<JobEvent> {
    let by = || "x".to_owned();
    let mut ways = vec![
        JobEvent::Started,
        JobEvent::CancelAsked { by: by() },
        JobEvent::Retried { by: by() },
        JobEvent::Ended,
        JobEvent::Released { by: by() },
    ];
    for node in j.nodes.keys().copied() {
        ways.push(JobEvent::NodeSkipped { node });
        ways.push(JobEvent::ManualLeft { node, by: by() });
        ways.push(JobEvent::ReinstallEnded { node, end: Renewal::Failed { why: by().into() } });
        ways.push(JobEvent::UndoAsked { nodes: vec![(node, 0)], by: ada() });
    }
    ways
}

fn check_step(j: &Job, starts: &HashSet<(NodeId, usize, u32, char)>) -> Result<(), TestCaseError> {
    for (id, n) in &j.nodes {
        let open = n.steps.iter().filter(|s| s.is_open()).count();
        prop_assert!(open <= 1, "one thing at a time on a node");
        prop_assert_eq!(n.cursor, n.steps.iter().position(|s| !s.is_done()).unwrap_or(n.steps.len()));
        prop_assert_eq!(open == 1, n.runs(), "what runs is known to run: {:?} {:?}", id, n.state);
        if n.state == JobNodeState::Done {
            prop_assert!(n.steps.iter().all(StepProgress::is_done));
        }
        for (index, s) in n.steps.iter().enumerate() {
            let ran = starts.iter().filter(|(node, i, _, what)| (node, *i, *what) == (id, index, 'r'));
            prop_assert_eq!(ran.count(), s.attempt as usize, "as many attempts as the journal tells");
        }
    }
    if j.state.is_over() {
        prop_assert!(!j.nodes.values().any(JobNode::runs));
        prop_assert!(j.nodes.values().all(|n| n.state.is_at_rest()));
    }
    if j.state == JobState::Succeeded {
        prop_assert!(j.nodes.values().all(|n| n.steps.iter().all(StepProgress::is_done)));
    }
    Ok(())
}

/// Sequences of events in the daily run. `PROPTEST_CASES=100000 cargo test --release --lib domain::job` is the full one.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn no_sequence_contradicts_the_journal(
        turns in prop::collection::vec((any_event(), any::<bool>(), any::<u64>(), any_end(), any_renewal()), 0..80),
        on_failure in prop_oneof![Just(OnFailure::Ask), Just(OnFailure::Undo), Just(OnFailure::Reinstall)],
    ) {
        let mut plan = plan(2, 3);
        plan.policy.on_failure = on_failure;
        let mut j = Job::new(JobId(7), plan.clone(), "ada".into(), Moment(0));
        let mut journal = vec![];
        let mut starts = HashSet::new();
        for (anything, wild, dice, end_, renewal) in turns {
            let e = if wild { anything } else { sensible(&j, dice, end_, renewal).unwrap_or(anything) };
            let before = j.clone();
            let entry = at(e);
            let excerpt = j.excerpt(&entry.event).apply(&entry).is_ok();
            let accepted = j.apply(&entry).is_ok();
            prop_assert_eq!(excerpt, accepted, "the excerpt judges as the job does: {:?}", entry.event);
            if accepted {
                let what = match &entry.event {
                    JobEvent::StepStarted { node, index, attempt, .. } => Some((*node, *index, *attempt, 'r')),
                    JobEvent::UndoStarted { node, index, attempt } => Some((*node, *index, *attempt, 'u')),
                    _ => None,
                };
                if let Some(what) = what {
                    prop_assert!(starts.insert(what), "an attempt was started twice");
                }
                journal.push(entry);
            } else {
                prop_assert_eq!(&before, &j, "a refused event changes nothing");
            }
            check_step(&j, &starts)?;
            if j.state != JobState::Succeeded {
                let out = ways_out(&j).into_iter().any(|w| j.clone().apply(&at(w)).is_ok()) || j.has_work();
                prop_assert!(out, "no way out of {:?}", j);
            }
        }
        let again = Job::replay(JobId(7), plan, "ada".into(), Moment(0), &journal).unwrap();
        prop_assert_eq!(again, j);
    }

    #[test]
    fn whatever_happened_a_stopped_job_comes_to_its_end(
        turns in prop::collection::vec((any_event(), any::<u64>(), any_end(), any_renewal()), 0..60),
    ) {
        let mut j = Job::new(JobId(7), plan(2, 3), "ada".into(), Moment(0));
        for (anything, dice, end_, renewal) in turns {
            let e = if dice.is_multiple_of(3) { anything } else { sensible(&j, dice / 3, end_, renewal).unwrap_or(anything) };
            let _ = j.apply(&at(e));
        }
        if j.state.is_over() {
            return Ok(());
        }
        apply(&mut j, vec![JobEvent::CancelAsked { by: "ada".into() }]);
        // What the executor does then.
        for id in [NodeId(1), NodeId(2)] {
            while let Some(task) = j.task_for(id) {
                let lost = Renewal::Failed { why: "stopped".into() };
                let event = match task {
                    schedule::Task::Reinstall => JobEvent::ReinstallEnded { node: id, end: lost },
                    _ => sensible(&j, id.0 - 1, StepEnd::Cancelled, lost).unwrap(),
                };
                apply(&mut j, vec![event]);
            }
            let n = &j.nodes[&id];
            if !n.state.is_at_rest() {
                let by_hand = JobEvent::ManualLeft { node: id, by: String::new() };
                let event = if n.manual.is_some() { by_hand } else { JobEvent::NodeSkipped { node: id } };
                apply(&mut j, vec![event]);
            }
        }
        apply(&mut j, vec![JobEvent::Ended]);
        prop_assert!(j.state.is_over());
    }
}
