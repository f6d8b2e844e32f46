//! The executor against a scripted site: every failure a node or a link can produce, without a node or a link.

mod operators;

use super::*;
use crate::domain::ids::{EnvId, JobId};
use crate::domain::job::{JobNodeState, JobState, JournalEntry, StepEnd, StepState};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Plan, PlanKind, PlanNode, Stage, StageItem, StageKind};
use crate::domain::policy::{OnFailure, Policy};
use crate::domain::said::Said;
use crate::domain::time::Moment;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

mod anew;

/// What the scripted node does at an attempt, in order.
#[derive(Clone)]
enum Act {
    Say(&'static str),
    Break,
    End(i32),
    Vanish,
    UntilCancelled,
}

#[derive(Default)]
struct World {
    /// Script per node and step; consumed as the attempt goes on, over all connections.
    scripts: HashMap<(u64, String), VecDeque<Act>>,
    begun: Vec<(u64, String, u32)>,
    refuse: HashMap<u64, LinkFault>,
    connects: HashMap<u64, u32>,
    /// Connections after the first one that fail.
    silent: u32,
    full: u32,
    locked: Vec<u64>,
    fresh: VecDeque<Result<Renewal, Said>>,
    boot: String,
}

struct Scripted {
    job: Mutex<Job>,
    journal: Mutex<Vec<JournalEntry>>,
    world: Arc<Mutex<World>>,
    kept: Mutex<HashMap<Attempt, Vec<u8>>>,
    wake: tokio::sync::Notify,
}

struct FakeLink {
    world: Arc<Mutex<World>>,
    at: Option<Attempt>,
    sent: u64,
    cancelled: bool,
}

impl Link for FakeLink {
    fn boot(&self) -> String {
        self.world.lock().unwrap().boot.clone()
    }

    async fn stands(&mut self, attempt: &Attempt) -> Result<Standing, LinkFault> {
        let key = (attempt.node.0, attempt.step.to_string(), attempt.number);
        Ok(if self.world.lock().unwrap().begun.contains(&key) { Standing::Runs } else { Standing::Absent })
    }

    async fn begin(
        &mut self,
        attempt: &Attempt,
        offset: u64,
        _secrets: Vec<(String, Secret)>,
    ) -> Result<(), LinkFault> {
        let mut world = self.world.lock().unwrap();
        let key = (attempt.node.0, attempt.step.to_string(), attempt.number);
        if !world.begun.contains(&key) {
            world.begun.push(key);
        }
        self.at = Some(attempt.clone());
        self.sent = offset;
        Ok(())
    }

    async fn next(&mut self) -> Result<LinkEvent, LinkFault> {
        let at = self.at.clone().unwrap();
        loop {
            let act = {
                let mut world = self.world.lock().unwrap();
                let script = world.scripts.entry((at.node.0, at.step.to_string())).or_default();
                if matches!(script.front(), Some(Act::UntilCancelled)) && !self.cancelled {
                    None
                } else {
                    Some(script.pop_front().unwrap_or(Act::End(0)))
                }
            };
            match act {
                None => tokio::task::yield_now().await,
                Some(Act::Say(text)) => {
                    let offset = self.sent;
                    self.sent += text.len() as u64;
                    return Ok(LinkEvent::Output { offset, bytes: text.into() });
                }
                Some(Act::Break) => return Err(LinkFault::Gone("the cable was pulled".into())),
                Some(Act::End(status)) => return Ok(LinkEvent::Ended { status, changed: true }),
                Some(Act::Vanish) => return Ok(LinkEvent::Lost { why: "the node was rebooted".into() }),
                Some(Act::UntilCancelled) => return Ok(LinkEvent::Ended { status: 143, changed: false }),
            }
        }
    }

    async fn cancel(&mut self, _attempt: &Attempt) -> Result<(), LinkFault> {
        self.cancelled = true;
        Ok(())
    }
}

impl Site for Scripted {
    type Link = FakeLink;

    fn read<R>(&self, look: impl FnOnce(&Job) -> R) -> R {
        look(&self.job.lock().unwrap())
    }

    async fn record(&self, event: JobEvent) -> Result<(), SiteFault> {
        let mut world = self.world.lock().unwrap();
        if world.full > 0 {
            world.full -= 1;
            return Err(SiteFault::Waits("disk full".into()));
        }
        let entry = JournalEntry { at: Moment(1), event };
        self.job.lock().unwrap().apply(&entry).map_err(|r| SiteFault::Refused(r.to_string()))?;
        self.journal.lock().unwrap().push(entry);
        Ok(())
    }

    fn output_length(&self, attempt: &Attempt) -> Result<u64, SiteFault> {
        Ok(self.kept.lock().unwrap().get(attempt).map_or(0, |b| b.len() as u64))
    }

    fn output(&self, attempt: &Attempt, offset: u64, bytes: &[u8]) -> Result<(), SiteFault> {
        let mut kept = self.kept.lock().unwrap();
        let file = kept.entry(attempt.clone()).or_default();
        assert_eq!(file.len() as u64, offset, "no byte lost, none doubled");
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn secrets(&self, _step: &StepId) -> Result<Vec<(String, Secret)>, SiteFault> {
        Ok(vec![])
    }

    async fn connect(&self, node: NodeId) -> Result<FakeLink, LinkFault> {
        let mut world = self.world.lock().unwrap();
        if let Some(fault) = world.refuse.get(&node.0) {
            return Err(fault.clone());
        }
        let connects = world.connects.entry(node.0).or_default();
        *connects += 1;
        let number = *connects;
        if (2..2_u32.saturating_add(world.silent)).contains(&number) {
            return Err(LinkFault::Gone("no answer".into()));
        }
        Ok(FakeLink { world: Arc::clone(&self.world), at: None, sent: 0, cancelled: false })
    }

    fn is_locked(&self, node: NodeId) -> bool {
        self.world.lock().unwrap().locked.contains(&node.0)
    }

    async fn woken(&self) {
        self.wake.notified().await;
    }

    async fn fresh(&self, _node: NodeId) -> Result<Renewal, Said> {
        self.world.lock().unwrap().fresh.pop_front().unwrap_or_else(|| Err("the old system answers".into()))
    }

    fn taken_up(&self, _attempt: &Attempt) {}

    fn waits(&self, _node: NodeId, _fault: Option<Waits<'_>>) {}
}

/// Node 1 is the controller, 2 and 3 are computes; two steps each.
fn plan() -> Plan {
    let node = |id, role| PlanNode {
        id: NodeId(id),
        name: format!("n{id}"),
        address: "127.0.0.1".into(),
        roles: NodeRoles::from([role]),
    };
    let steps: Vec<StepId> = vec!["m/one".parse().unwrap(), "m/two".parse().unwrap()];
    let item = |id| StageItem { node: NodeId(id), steps: steps.clone() };
    Plan {
        env: EnvId(1),
        kind: PlanKind::Install,
        policy: Policy::default(),
        platform: "p".into(),
        parallel: 2,
        modules: vec![],
        nodes: vec![node(1, NodeRole::Controller), node(2, NodeRole::Compute), node(3, NodeRole::Compute)],
        stages: vec![
            Stage { kind: StageKind::Controllers, items: vec![item(1)] },
            Stage { kind: StageKind::Computes, items: vec![item(2), item(3)] },
        ],
        steps: BTreeMap::new(),
        aside: crate::domain::plan::Aside::default(),
    }
}

fn site(scripts: &[(u64, &str, &[Act])]) -> Arc<Scripted> {
    let mut world = World::default();
    for (node, step, acts) in scripts {
        world.scripts.insert((*node, (*step).to_owned()), acts.iter().cloned().collect());
    }
    Arc::new(Scripted {
        job: Mutex::new(Job::new(JobId(1), plan(), "ada".into(), Moment(0))),
        journal: Mutex::default(),
        world: Arc::new(Mutex::new(world)),
        kept: Mutex::default(),
        wake: tokio::sync::Notify::new(),
    })
}

fn state(site: &Scripted, node: u64) -> JobNodeState {
    site.read(|j| j.nodes[&NodeId(node)].state)
}

fn output(site: &Scripted, node: u64, step: &str) -> String {
    let kept = site.kept.lock().unwrap();
    let mut all: Vec<_> =
        kept.iter().filter(|(a, _)| a.node.0 == node && a.step.to_string() == step).collect();
    all.sort_by_key(|(a, _)| a.number);
    all.iter().map(|(_, b)| String::from_utf8_lossy(b).into_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn controllers_come_before_computes() {
    let s = site(&[(1, "m/one", &[Act::Say("hello\n"), Act::End(0)])]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    let begun = s.world.lock().unwrap().begun.clone();
    assert_eq!(begun.len(), 6);
    assert!(begun[..2].iter().all(|b| b.0 == 1), "{begun:?}");
    assert_eq!(output(&s, 1, "m/one"), "hello\n");
}

#[tokio::test(start_paused = true)]
async fn a_failed_controller_stops_the_rest_and_a_retry_goes_on_there() {
    let s = site(&[(1, "m/two", &[Act::End(3)])]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Failed);
    assert_eq!((state(&s, 1), state(&s, 2)), (JobNodeState::Failed, JobNodeState::Cancelled));
    s.record(JobEvent::Retried { by: "ada".into() }).await.unwrap();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    let begun = s.world.lock().unwrap().begun.clone();
    assert_eq!(
        begun.iter().filter(|b| b.0 == 1 && b.1 == "m/one").count(),
        1,
        "a done step is not run again"
    );
    assert!(begun.contains(&(1, "m/two".into(), 2)));
}

#[tokio::test(start_paused = true)]
async fn a_failed_compute_stops_nobody_else() {
    let s = site(&[(2, "m/one", &[Act::Vanish])]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Failed);
    assert_eq!((state(&s, 2), state(&s, 3)), (JobNodeState::Failed, JobNodeState::Done));
}

#[tokio::test(start_paused = true)]
async fn a_broken_link_loses_and_doubles_nothing() {
    let acts = [Act::Say("a"), Act::Break, Act::Say("b"), Act::Break, Act::Break, Act::Say("c"), Act::End(0)];
    let s = site(&[(2, "m/one", &acts)]);
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    assert_eq!(output(&s, 2, "m/one"), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_never_answers_fails_with_the_reason() {
    let s = site(&[]);
    s.world.lock().unwrap().refuse.insert(3, LinkFault::Gone("no route to host".into()));
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!((state(&s, 2), state(&s, 3)), (JobNodeState::Done, JobNodeState::Failed));
    assert_eq!(s.read(|j| j.nodes[&NodeId(3)].why.clone()).as_deref(), Some("no route to host"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_to_run_on_a_node_that_cannot_be_told() {
    let s = site(&[]);
    s.world.lock().unwrap().refuse.insert(3, LinkFault::Gone("no route to host".into()));
    execute(Arc::clone(&s), CancellationToken::new()).await;
    let journal = s.journal.lock().unwrap();
    let begun = |e: &JournalEntry| matches!(e.event, JobEvent::StepStarted { node: NodeId(3), .. });
    assert!(!journal.iter().any(begun), "{journal:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_only_delays() {
    let s = site(&[]);
    s.world.lock().unwrap().full = 5;
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_the_running_step_and_begins_nothing_more() {
    let s = site(&[(1, "m/one", &[Act::UntilCancelled])]);
    let cancel = CancellationToken::new();
    let work = tokio::spawn(execute(Arc::clone(&s), cancel.clone()));
    while s.world.lock().unwrap().begun.is_empty() {
        tokio::task::yield_now().await;
    }
    s.record(JobEvent::CancelAsked { by: "ada".into() }).await.unwrap();
    cancel.cancel();
    work.await.unwrap();
    assert_eq!(s.read(|j| j.state), JobState::Cancelled);
    assert_eq!(s.world.lock().unwrap().begun.len(), 1);
    assert_eq!(state(&s, 2), JobNodeState::Cancelled);
}

/// A job whose engine died while node 1, in boot `boot`, was at its first step.
async fn orphaned(boot: &str) -> Arc<Scripted> {
    let s = site(&[(1, "m/one", &[Act::UntilCancelled])]);
    for event in [
        JobEvent::Started,
        JobEvent::StepStarted { node: NodeId(1), index: 0, attempt: 1, irreversible: false },
        JobEvent::NodeBoot { node: NodeId(1), boot: boot.into() },
        JobEvent::Interrupted,
    ] {
        s.record(event).await.unwrap();
    }
    s
}

#[tokio::test(start_paused = true)]
async fn what_a_power_cut_erased_is_lost_and_not_begun_again() {
    let s = orphaned("before").await;
    s.world.lock().unwrap().boot = "after".into();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!((s.read(|j| j.state), state(&s, 1)), (JobState::Failed, JobNodeState::Failed));
    assert!(s.world.lock().unwrap().begun.iter().all(|b| b.0 != 1), "the node is told nothing");
    let end = s.read(|j| format!("{:?}", j.nodes[&NodeId(1)].steps[0].state));
    assert!(end.contains("rebooted"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn what_was_journalled_and_never_told_is_begun_in_the_same_boot() {
    let s = orphaned("same").await;
    s.world.lock().unwrap().boot = "same".into();
    s.world.lock().unwrap().scripts.clear();
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_step_is_shown_as_interrupted_until_its_node_says_that_it_runs() {
    let s = orphaned("same").await;
    s.world.lock().unwrap().boot = "same".into();
    s.world.lock().unwrap().scripts.clear();
    s.world.lock().unwrap().begun.push((1, "m/one".into(), 1));
    s.world.lock().unwrap().refuse.insert(1, LinkFault::Gone("no route to host".into()));
    let work = tokio::spawn(execute(Arc::clone(&s), CancellationToken::new()));
    while s.read(|j| j.state) != JobState::Running {
        tokio::task::yield_now().await;
    }
    assert_eq!(state(&s, 1), JobNodeState::Interrupted);
    s.world.lock().unwrap().refuse.clear();
    work.await.unwrap();
    let journal = s.journal.lock().unwrap();
    let at = |wanted: &dyn Fn(&JobEvent) -> bool| journal.iter().position(|e| wanted(&e.event)).unwrap();
    let found = at(&|e| *e == JobEvent::NodeFound { node: NodeId(1) });
    assert!(found < at(&|e| matches!(e, JobEvent::StepEnded { .. })));
    let until: Vec<_> = journal[..=found].to_vec();
    let job = Job::replay(JobId(1), plan(), "ada".into(), Moment(0), &until).unwrap();
    assert_eq!(job.nodes[&NodeId(1)].state, JobNodeState::Running);
    assert!(matches!(job.nodes[&NodeId(1)].steps[0].state, StepState::Running { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_new_engine_goes_on_with_the_step_that_ran() {
    let s = site(&[(1, "m/one", &[Act::Say("rest"), Act::End(0)])]);
    for event in [
        JobEvent::Started,
        JobEvent::StepStarted { node: NodeId(1), index: 0, attempt: 1, irreversible: false },
        JobEvent::Interrupted,
    ] {
        s.record(event).await.unwrap();
    }
    let at = Attempt {
        node: NodeId(1),
        index: 0,
        step: "m/one".parse().unwrap(),
        action: StepAction::Run,
        number: 1,
    };
    s.kept.lock().unwrap().insert(at, b"begin ".to_vec());
    s.world.lock().unwrap().begun.push((1, "m/one".into(), 1));
    execute(Arc::clone(&s), CancellationToken::new()).await;
    assert_eq!(s.read(|j| j.state), JobState::Succeeded);
    assert_eq!(output(&s, 1, "m/one"), "begin rest");
    let starts = s.journal.lock().unwrap();
    let again = starts.iter().filter(|e| {
        e.event == JobEvent::StepStarted { node: NodeId(1), index: 0, attempt: 1, irreversible: false }
    });
    assert_eq!(again.count(), 1, "not started twice");
    assert!(s.read(|j| matches!(
        &j.nodes[&NodeId(1)].steps[0].state,
        StepState::Ended { end: StepEnd::Changed, .. }
    )));
}
