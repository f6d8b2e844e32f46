//! What operators and policies ask of a job, and what the executor makes of it.

use super::*;

/// Starts the executor and gives it time to come to where nothing moves but by an operator.
fn begin(s: &Arc<Scripted>) -> (tokio::task::JoinHandle<()>, CancellationToken) {
    let cancel = CancellationToken::new();
    (tokio::spawn(execute(Arc::clone(s), cancel.clone())), cancel)
}

async fn until(s: &Scripted, what: impl Fn(&Job) -> bool) {
    while !s.read(&what) {
        tokio::task::yield_now().await;
    }
}

async fn ask(s: &Scripted, event: JobEvent) {
    s.record(event).await.unwrap();
    s.wake.notify_one();
}

fn with_policy(scripts: &[(u64, &str, &[Act])], policy: Policy) -> Arc<Scripted> {
    let s = site(scripts);
    {
        let mut job = s.job.lock().unwrap();
        let plan = Arc::make_mut(&mut job.plan);
        plan.policy = policy;
        for step in ["m/one", "m/two"] {
            let spec = serde_json::json!({ "title": {}, "weight": 1, "retryable": true });
            plan.steps.insert(step.parse().unwrap(), serde_json::from_value(spec).unwrap());
        }
    }
    s
}

fn begun(s: &Scripted, node: u64) -> Vec<(String, u32)> {
    let begun = s.world.lock().unwrap().begun.clone();
    begun.into_iter().filter(|b| b.0 == node).map(|(_, step, number)| (step, number)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_held_job_waits_and_goes_on() {
    let s = site(&[(1, "m/one", &[Act::Say("x"), Act::End(0)])]);
    s.record(JobEvent::Started).await.unwrap();
    s.record(JobEvent::StepStarted { node: NodeId(1), index: 0, attempt: 1, irreversible: false })
        .await
        .unwrap();
    s.record(JobEvent::HoldAsked { by: "ada".into() }).await.unwrap();
    let (work, _cancel) = begin(&s);
    until(&s, |j| !j.nodes[&NodeId(1)].runs()).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(begun(&s, 1), [("m/one".to_owned(), 1)], "the running step ended, nothing else began");
    ask(&s, JobEvent::Released { by: "ada".into() }).await;
    work.await.unwrap();
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn retryable_steps_are_tried_again_as_often_as_the_policy_says() {
    let policy = Policy { retries: 2, ..Policy::default() };
    let s = with_policy(&[(2, "m/one", &[Act::End(1), Act::End(1), Act::End(0)])], policy);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    let s = with_policy(&[(2, "m/one", &[Act::End(1), Act::End(1), Act::End(1)])], policy);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!((s.read(|j| j.state), state(&s, 2)), (JobState::Failed, JobNodeState::Failed));
    assert_eq!(begun(&s, 2).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_policy_undoes_the_node_and_the_others_go_on() {
    let policy = Policy { on_failure: OnFailure::Undo, ..Policy::default() };
    let s = with_policy(&[(2, "m/two", &[Act::End(1)])], policy);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!((state(&s, 2), state(&s, 3)), (JobNodeState::Undone, JobNodeState::Done));
    let order: Vec<String> = begun(&s, 2).into_iter().map(|(step, _)| step).collect();
    assert_eq!(
        order,
        ["m/one", "m/two"],
        "the script does not tell run from undo: each began once by its number"
    );
    assert!(s.read(|j| !j.nodes[&NodeId(2)].is_touched()));
    let undone = s
        .journal
        .lock()
        .unwrap()
        .iter()
        .filter_map(|e| match e.event {
            JobEvent::UndoStarted { index, .. } => Some(index),
            _ => None,
        })
        .collect::<Vec<_>>();
    assert_eq!(undone, [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn one_failure_too_many_lets_the_running_steps_end_and_begins_nothing() {
    let mut policy = Policy::default();
    policy.budget.computes = "0".parse().unwrap();
    let s = with_policy(&[(2, "m/one", &[Act::End(1)]), (3, "m/one", &[Act::UntilCancelled])], policy);
    let (work, _cancel) = begin(&s);
    until(&s, |j| j.state == JobState::Draining).await;
    assert_eq!(state(&s, 3), JobNodeState::Running, "its step is let end");
    s.world.lock().unwrap().scripts.insert((3, "m/one".into()), VecDeque::from([Act::End(0)]));
    work.await.unwrap();
    assert_eq!((s.read(|j| j.state), state(&s, 3)), (JobState::Failed, JobNodeState::Cancelled));
    assert_eq!(begun(&s, 3).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_node_ends_its_undo_with_the_reason() {
    let s = site(&[(2, "m/two", &[Act::End(1)])]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    s.world.lock().unwrap().refuse.insert(2, LinkFault::Gone("no route to host".into()));
    s.record(JobEvent::UndoAsked { nodes: vec![(NodeId(2), 0)], by: Some("ada".into()) }).await.unwrap();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(state(&s, 2), JobNodeState::UndoFailed);
    assert_eq!(s.read(|j| j.nodes[&NodeId(2)].why.clone()).as_deref(), Some("no route to host"));
    // It comes back: what is left is undone, in order.
    s.world.lock().unwrap().refuse.clear();
    s.record(JobEvent::UndoAsked { nodes: vec![(NodeId(2), 0)], by: Some("ada".into()) }).await.unwrap();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(state(&s, 2), JobNodeState::Undone);
}

#[tokio::test(start_paused = true)]
async fn a_node_in_an_operators_hands_is_waited_for_and_checked() {
    let s = site(&[(2, "m/one", &[Act::End(1)])]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    let fresh = Renewal::Fresh { host_key: "k".into(), machine_id: "m".into() };
    s.world.lock().unwrap().fresh = VecDeque::from([Err("SSH does not answer".into()), Ok(fresh)]);
    let (node, by) = (NodeId(2), "ada".to_owned());
    s.record(JobEvent::ManualAsked { node, by: by.clone() }).await.unwrap();
    let (work, _cancel) = begin(&s);
    ask(&s, JobEvent::ManualCheck { node, by: by.clone() }).await;
    until(&s, |j| j.nodes[&node].manual.as_ref().is_some_and(|m| m.why.is_some())).await;
    assert_eq!(state(&s, 2), JobNodeState::Manual);
    ask(&s, JobEvent::ManualCheck { node, by }).await;
    work.await.unwrap();
    assert_eq!((s.read(|j| j.state), state(&s, 2)), (JobState::Succeeded, JobNodeState::Done));
    assert!(begun(&s, 2).contains(&("m/one".to_owned(), 2)), "installed anew from the first step");
}

#[tokio::test(start_paused = true)]
async fn a_locked_node_is_neither_undone_nor_reinstalled_by_a_policy() {
    let policy = Policy { on_failure: OnFailure::Undo, ..Policy::default() };
    let s = with_policy(&[(2, "m/one", &[Act::End(1)])], policy);
    s.world.lock().unwrap().locked.push(2);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(state(&s, 2), JobNodeState::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_step_beyond_its_ceiling_is_ended_unless_it_was_given_more_time() {
    let s = site(&[(1, "m/one", &[Act::Say("x"), Act::Break, Act::UntilCancelled])]);
    let (work, _cancel) = begin(&s);
    until(&s, |j| j.nodes[&NodeId(1)].runs()).await;
    let given = u64::from(s.read(|j| j.plan.ceiling(&"m/one".parse().unwrap())));
    let seconds = 600;
    s.record(JobEvent::CeilingExtended { node: NodeId(1), index: 0, seconds, by: "ada".into() })
        .await
        .unwrap();
    // The pause after the broken link is part of it: the clock runs from the beginning of the attempt.
    tokio::time::advance(Duration::from_secs(given + 599)).await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(s.read(|j| j.nodes[&NodeId(1)].runs()), "it was extended");
    tokio::time::advance(Duration::from_secs(2)).await;
    work.await.unwrap();
    let end = s.read(|j| j.nodes[&NodeId(1)].steps[0].state.clone());
    let timed_out = StepEnd::TimedOut { seconds: u32::try_from(given).unwrap() + 600 };
    assert!(matches!(end, StepState::Ended { end, .. } if end == timed_out));
    assert_eq!(state(&s, 1), JobNodeState::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_node_locked_while_its_job_is_held_is_left_alone_and_says_why() {
    let s = site(&[]);
    s.record(JobEvent::Started).await.unwrap();
    s.record(JobEvent::HoldAsked { by: "ada".into() }).await.unwrap();
    s.world.lock().unwrap().locked.push(2);
    let (work, _cancel) = begin(&s);
    ask(&s, JobEvent::Released { by: "ada".into() }).await;
    work.await.unwrap();
    assert_eq!((state(&s, 1), state(&s, 2)), (JobNodeState::Done, JobNodeState::Failed));
    assert_eq!(begun(&s, 2), [], "nothing was begun on it");
    let why = s.read(|j| j.nodes[&NodeId(2)].why.clone());
    assert!(why.as_ref().is_some_and(|w| w.contains("has locked this node: unlock it")), "{why:?}");
}
