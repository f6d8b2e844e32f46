//! Stage after stage, node beside node.

use super::worker::{Extent, Worker, record};
use super::{Link, Site};
use crate::domain::ids::NodeId;
use crate::domain::job::{JobEvent, JobNodeState, JobState};
use crate::domain::node::NodeRole;
use crate::domain::plan::{Stage, StageKind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Goes on with the site's job until nothing is left to do, or `cancel` is cancelled and the running steps were ended.
///
/// Controllers go first; when a controller fails, no other node is begun. A compute node that fails stops nobody else.
pub async fn execute<S: Site>(site: Arc<S>, cancel: CancellationToken) {
    let (state, plan) = site.read(|job| (job.state, job.plan.clone()));
    if matches!(state, JobState::Queued | JobState::Interrupted) && !record(&*site, JobEvent::Started).await {
        return;
    }
    let links = Arc::new(Links::default());
    let limit = Arc::new(Semaphore::new(plan.parallel.max(1) as usize));
    for stage in &plan.stages {
        run_stage(&site, stage, &links, &limit, &cancel).await;
        if cancel.is_cancelled() || controller_failed(&*site) {
            break;
        }
    }
    // A node may have been in the middle of a step of a later stage than the loop came to.
    finish_open_steps(&site, &plan.stages, &links, &limit, &cancel).await;
    for node in site.read(|job| {
        let left = |s: JobNodeState| {
            matches!(s, JobNodeState::Waiting | JobNodeState::Running | JobNodeState::Interrupted)
        };
        job.nodes.iter().filter(|(_, n)| left(n.state) && !n.runs()).map(|(id, _)| *id).collect::<Vec<_>>()
    }) {
        record(&*site, JobEvent::NodeSkipped { node }).await;
    }
    record(&*site, JobEvent::Ended).await;
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
}

async fn run_stage<S: Site>(
    site: &Arc<S>,
    stage: &Stage,
    links: &Arc<Links<S::Link>>,
    limit: &Arc<Semaphore>,
    cancel: &CancellationToken,
) {
    let able = |node: NodeId| {
        site.read(|job| {
            let standing = job.nodes.get(&node).map(|n| n.state);
            standing.is_some_and(|s| !matches!(s, JobNodeState::Failed | JobNodeState::Cancelled))
        })
    };
    let nodes = stage.items.iter().map(|i| i.node).filter(|n| able(*n)).collect();
    work_on(site, (stage.kind, Extent::Stage), nodes, links, limit, cancel).await;
}

async fn finish_open_steps<S: Site>(
    site: &Arc<S>,
    stages: &[Stage],
    links: &Arc<Links<S::Link>>,
    limit: &Arc<Semaphore>,
    cancel: &CancellationToken,
) {
    for stage in stages {
        let open = site.read(|job| {
            let here = |n: NodeId| job.open_step(n).is_some_and(|(_, s)| s.stage == stage.kind);
            stage.items.iter().map(|i| i.node).filter(|n| here(*n)).collect::<Vec<_>>()
        });
        if !open.is_empty() {
            work_on(site, (stage.kind, Extent::OpenStep), open, links, limit, cancel).await;
        }
    }
}

/// Works on all `nodes` at once, as far as the limit goes. A worker that panics fails its node, nobody else.
async fn work_on<S: Site>(
    site: &Arc<S>,
    (stage, extent): (StageKind, Extent),
    nodes: Vec<NodeId>,
    links: &Arc<Links<S::Link>>,
    limit: &Arc<Semaphore>,
    cancel: &CancellationToken,
) {
    let mut running = JoinSet::new();
    let mut who = HashMap::new();
    for node in nodes {
        let worker = Worker {
            site: Arc::clone(site),
            links: Arc::clone(links),
            cancel: cancel.clone(),
            node,
            stage,
            extent,
        };
        let limit = Arc::clone(limit);
        let task = running.spawn(async move {
            let _turn = limit.acquire().await;
            worker.run().await;
        });
        who.insert(task.id(), node);
    }
    while let Some(end) = running.join_next_with_id().await {
        let Err(fault) = end else { continue };
        if let Some(node) = who.get(&fault.id()) {
            let why = "cpmg itself failed while it worked on this node; the engine's log has the details"
                .to_owned();
            record(&**site, JobEvent::NodeFailed { node: *node, why }).await;
        }
    }
}

fn controller_failed<S: Site>(site: &S) -> bool {
    site.read(|job| {
        let failed = |id: &NodeId| {
            job.nodes
                .get(id)
                .is_some_and(|n| matches!(n.state, JobNodeState::Failed | JobNodeState::Cancelled))
        };
        job.plan.nodes.iter().any(|n| n.roles.contains(&NodeRole::Controller) && failed(&n.id))
    })
}
