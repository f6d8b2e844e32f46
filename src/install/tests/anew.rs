//! Steps that need a connection of their own.

use super::*;
use crate::domain::plan::StepSpec;

/// The second step of each node needs one; `silent` tries to make it fail.
fn reconnecting(silent: u32) -> Arc<Scripted> {
    let s = site(&[]);
    let spec = StepSpec { reconnect: true, ..StepSpec::default() };
    Arc::make_mut(&mut s.job.lock().unwrap().plan).steps.insert("m/two".parse().unwrap(), spec);
    s.world.lock().unwrap().silent = silent;
    s
}

#[tokio::test(start_paused = true)]
async fn such_a_step_never_comes_over_the_old_connection() {
    let s = site(&[]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.world.lock().unwrap().connects[&1], 1, "one connection does for all steps");
    let s = reconnecting(0);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    assert_eq!(s.world.lock().unwrap().connects[&1], 2);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_a_node_that_comes_back_by_itself() {
    let s = reconnecting(20);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    assert_eq!(s.world.lock().unwrap().connects[&1], 22);
}

#[tokio::test(start_paused = true)]
async fn but_not_for_ever() {
    let s = reconnecting(u32::MAX - 2);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(state(&s, 1), JobNodeState::Failed);
    let why = s.journal.lock().unwrap().iter().find_map(|e| match &e.event {
        JobEvent::NodeFailed { why, .. } => Some(why.to_string()),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("no new connection within 300 s: no answer"));
    let begun = s.world.lock().unwrap().begun.clone();
    assert!(begun.iter().all(|b| b.1 == "m/one"), "the step was not begun: {begun:?}");
}

#[tokio::test(start_paused = true)]
async fn tried_again_the_step_before_it_is_done_once_more() {
    let s = reconnecting(u32::MAX - 2);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(state(&s, 1), JobNodeState::Failed);
    // What it was to prove was taken back meanwhile.
    s.world.lock().unwrap().silent = 0;
    let ones = |s: &Arc<Scripted>| s.world.lock().unwrap().begun.iter().filter(|b| b.1 == "m/one").count();
    let before = ones(&s);
    s.record(JobEvent::Retried { by: "ada".into() }).await.unwrap();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    assert!(ones(&s) > before, "{:?}", s.world.lock().unwrap().begun);
}
