//! Lets every node do what the job says it has to do, as long as somebody has something to do.

use super::worker::{Worker, record};
use super::{Link, Site};
use crate::domain::ids::NodeId;
use crate::domain::job::{Job, JobEvent, JobNodeState, JobState};
use crate::domain::said::Said;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Goes on with the site's job until nothing is left to do, or `cancel` is cancelled and the running steps were ended.
///
/// What is to be done, and what waits for what, says the job itself ([`crate::domain::job::schedule`]).
pub async fn execute<S: Site>(site: Arc<S>, cancel: CancellationToken) {
    let state = site.read(|job| job.state);
    if matches!(state, JobState::Queued | JobState::Interrupted) && !record(&*site, JobEvent::Started).await {
        return;
    }
    let mut round = Round::new(&site, cancel);
    loop {
        round.decide().await;
        round.begin();
        if !round.workers.is_empty() {
            round.wait().await;
        } else if round.waits_for_operator() {
            tokio::select! {
                () = site.woken() => {}
                () = round.cancel.cancelled() => {}
            }
        } else if round.wind_up().await {
            return;
        }
    }
}

/// Connections that outlive a stage.
pub(super) struct Links<L> {
    idle: Mutex<HashMap<NodeId, L>>,
}

impl<L> Default for Links<L> {
    fn default() -> Self {
        Self { idle: Mutex::default() }
    }
}

impl<L: Link> Links<L> {
    pub(super) fn take(&self, node: NodeId) -> Option<L> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).remove(&node)
    }

    pub(super) fn keep(&self, node: NodeId, link: L) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).insert(node, link);
    }

    /// The machine is another one from now on.
    pub(super) fn forget(&self, node: NodeId) {
        drop(self.take(node));
    }
}

struct Round<S: Site> {
    site: Arc<S>,
    cancel: CancellationToken,
    links: Arc<Links<S::Link>>,
    turns: Arc<Semaphore>,
    workers: JoinSet<bool>,
    busy: HashMap<tokio::task::Id, NodeId>,
    /// Nodes for which the journal refused what the job itself had said: left alone, so that nothing turns for ever.
    stuck: HashSet<NodeId>,
    /// The ends that were refused in a row.
    refused: u32,
}

impl<S: Site> Round<S> {
    fn new(site: &Arc<S>, cancel: CancellationToken) -> Self {
        let parallel = site.read(|job| job.plan.parallel.max(1) as usize);
        Self {
            site: Arc::clone(site),
            cancel,
            links: Arc::default(),
            turns: Arc::new(Semaphore::new(parallel)),
            workers: JoinSet::new(),
            busy: HashMap::new(),
            stuck: HashSet::new(),
            refused: 0,
        }
    }

    /// What the environment's policy wants done about nodes that failed, and whether too many did.
    async fn decide(&mut self) {
        let site = &*self.site;
        let wanted: Vec<JobEvent> = site.read(|job| {
            let failed = job.nodes.iter().filter(|(_, n)| n.state == JobNodeState::Failed);
            failed
                .filter(|(id, _)| !self.stuck.contains(id))
                .filter_map(|(id, _)| Some((*id, job.decision(*id)?)))
                .filter(|(id, event)| matches!(event, JobEvent::NodeAgain { .. }) || !site.is_locked(*id))
                .map(|(_, event)| event)
                .collect()
        });
        for event in wanted {
            let node = match &event {
                JobEvent::UndoAsked { nodes, .. } => nodes.first().map(|(n, _)| *n),
                event => event.node(),
            };
            if !record(site, event).await {
                self.stuck.extend(node);
            }
        }
        let over = site.read(|job| if job.state == JobState::Running { job.over_budget() } else { None });
        if let Some((role, failed, allowed)) = over {
            record(site, JobEvent::BudgetExceeded { role, failed, allowed }).await;
        }
    }

    /// A worker for every node that has something to do and has none.
    fn begin(&mut self) {
        let busy: HashSet<NodeId> = self.busy.values().copied().collect();
        let ready: Vec<NodeId> = self.site.read(|job| {
            let free = |n: &&NodeId| !busy.contains(n) && !self.stuck.contains(n);
            let front = job.front();
            job.nodes.keys().filter(free).filter(|n| job.task_at(**n, front).is_some()).copied().collect()
        });
        for node in ready {
            let worker = Worker {
                site: Arc::clone(&self.site),
                links: Arc::clone(&self.links),
                turns: Arc::clone(&self.turns),
                cancel: self.cancel.clone(),
                node,
            };
            let task = self.workers.spawn(worker.run());
            self.busy.insert(task.id(), node);
        }
    }

    /// Until a worker is done or an operator asks for something. A worker that panics fails its node, nobody else.
    async fn wait(&mut self) {
        let end = tokio::select! {
            end = self.workers.join_next_with_id() => end,
            () = self.site.woken() => return,
        };
        match end {
            Some(Ok((task, went_well))) => {
                let node = self.busy.remove(&task);
                if !went_well {
                    self.stuck.extend(node);
                }
            }
            Some(Err(fault)) => {
                let Some(node) = self.busy.remove(&fault.id()) else { return };
                let why = "cpmg itself failed while it worked on this node; the engine's log has the details";
                self.stuck.insert(node);
                let why = Said::keyed(why, "job-node-own-fault");
                record(&*self.site, JobEvent::NodeFailed { node, why }).await;
            }
            None => {}
        }
    }

    /// Whether the job goes on only when an operator says so: it is held, or somebody installs a node by hand.
    fn waits_for_operator(&self) -> bool {
        if self.cancel.is_cancelled() {
            return false;
        }
        self.site.read(|job| match job.state {
            JobState::Running => job.nodes.values().any(|n| n.state == JobNodeState::Manual),
            JobState::Holding => !job.nodes.values().all(|n| n.state.is_at_rest() || n.steps.is_empty()),
            _ => false,
        })
    }

    /// Says of every node that was not begun that it will not be, and ends the job. False: something came in between.
    async fn wind_up(&mut self) -> bool {
        let site = &*self.site;
        for node in self.stuck.iter().copied() {
            if site.read(|job| job.nodes.get(&node).is_some_and(|n| !n.state.is_at_rest())) {
                let why =
                    "the journal refused what was to be done on this node; the engine's log has the details";
                let why = Said::keyed(why, "job-node-journal");
                record(site, JobEvent::NodeFailed { node, why }).await;
            }
        }
        let left: Vec<(NodeId, bool)> = site.read(|job| {
            let left = job.nodes.iter().filter(|(_, n)| !n.state.is_at_rest() && !n.is_idle() && !n.runs());
            left.map(|(id, n)| (*id, n.manual.is_some())).collect()
        });
        for (node, by_hand) in left {
            let event = if by_hand {
                JobEvent::ManualLeft { node, by: String::new() }
            } else {
                JobEvent::NodeSkipped { node }
            };
            record(site, event).await;
        }
        if record(site, JobEvent::Ended).await {
            return true;
        }
        self.refused += 1;
        self.refused > 3 && !site.read(Job::has_work)
    }
}
