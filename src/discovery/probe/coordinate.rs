//! All nodes of a run: started together, held at two barriers, ended together.

use super::ProbeError;
use super::node::{Probe, probe};
use super::script::INTERPRETERS;
use crate::domain::check::probe::{NodeProbe, ProbeResult, Program, Task};
use crate::domain::ids::NodeId;
use crate::domain::time::Moment;
use crate::ssh::Session;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Events that may wait for their reader.
const EVENTS: usize = 4096;

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// For everything; what is not answered then is not checked. The programs end by themselves a little later, should
    /// nobody tell them.
    pub deadline: Duration,
    /// How long the others wait for a node to be ready. One that takes longer is left out of the frames.
    pub ready: Duration,
    /// How long all listen on after the last has sent.
    pub listen: Duration,
    /// Where interpreters are looked for on the node, best first; a name that begins with `perl` is Perl, any other Python.
    pub interpreters: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(90),
            ready: Duration::from_secs(30),
            listen: Duration::from_millis(400),
            interpreters: INTERPRETERS.iter().map(|i| (*i).to_owned()).collect(),
        }
    }
}

/// What happens at a node.
#[derive(Clone, Debug)]
pub enum ProbeEvent {
    /// Its program runs.
    Started(Program),
    /// Its NICs are up, it waits for the others.
    Ready,
    /// It saw something.
    Result(ProbeResult),
    /// Nothing follows from it. Whatever was not answered has been reported as not checked.
    Ended(Result<(), ProbeError>),
}

/// Where all nodes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Getting ready.
    Prepare,
    /// Asking, sending, listening.
    Go,
    /// Saying what was heard.
    Stop,
}

/// Where one node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mile {
    Ready,
    Sent,
    Ended,
}

/// A run under way. Dropping it cancels it: the channels are closed, and the programs put everything back.
pub struct Run {
    events: mpsc::Receiver<(NodeId, ProbeEvent)>,
    nodes: Vec<NodeId>,
    _cancel: DropGuard,
}

/// Asks `nodes` their tasks, all at the same time; `now` is the clock that theirs are compared with. A node given twice is
/// asked once.
pub fn run(
    nodes: Vec<(NodeId, Session, Vec<Task>)>,
    options: Options,
    now: fn() -> Moment,
    cancel: &CancellationToken,
) -> Run {
    let cancel = cancel.child_token();
    let (to, events) = mpsc::channel(EVENTS);
    let (phase, at_phase) = watch::channel(Phase::Prepare);
    let (miles, mile) = mpsc::unbounded_channel();
    let mut id = [0; 8];
    // Without it two runs at once could hear each other's frames; nothing worse.
    let _ = getrandom::fill(&mut id);
    let options = Arc::new(options);
    let deadline = Instant::now() + options.deadline;
    let mut known = BTreeSet::new();
    let nodes: Vec<_> = nodes.into_iter().filter(|(node, ..)| known.insert(*node)).collect();
    let known = Arc::new(known);
    let ids = nodes.iter().map(|(node, ..)| *node).collect();
    for (node, session, tasks) in nodes {
        let work = Probe {
            node,
            run: id,
            options: Arc::clone(&options),
            deadline,
            known: Arc::clone(&known),
            now,
            phase: at_phase.clone(),
            miles: miles.clone(),
            events: to.clone(),
            cancel: cancel.clone(),
        };
        tokio::spawn(probe(work, session, tasks));
    }
    tokio::spawn(hold(phase, mile, (*known).clone(), options, deadline));
    Run { events, nodes: ids, _cancel: cancel.drop_guard() }
}

/// The two barriers. Ends when every node's task has.
async fn hold(
    phase: watch::Sender<Phase>,
    mut mile: mpsc::UnboundedReceiver<(NodeId, Mile)>,
    mut alive: BTreeSet<NodeId>,
    options: Arc<Options>,
    deadline: Instant,
) {
    let mut waiting = alive.clone();
    let until = deadline.min(Instant::now() + options.ready);
    while !waiting.is_empty() {
        match timeout_at(until, mile.recv()).await {
            Ok(Some((node, mile))) => {
                waiting.remove(&node);
                if mile == Mile::Ended {
                    alive.remove(&node);
                }
            }
            Ok(None) | Err(_) => break,
        }
    }
    phase.send_replace(Phase::Go);
    // Those that were not ready are not waited for.
    let mut waiting: BTreeSet<NodeId> = alive.difference(&waiting).copied().collect();
    while !waiting.is_empty() {
        match timeout_at(deadline, mile.recv()).await {
            Ok(Some((node, Mile::Sent | Mile::Ended))) => {
                waiting.remove(&node);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    sleep(options.listen).await;
    phase.send_replace(Phase::Stop);
    // A node that was late is told the phase, too.
    phase.closed().await;
}

impl Run {
    /// The next event; `None` when every node has ended. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<(NodeId, ProbeEvent)> {
        self.events.recv().await
    }

    /// Waits for the end; one for each node, in the order they were given.
    pub async fn collect(mut self) -> Vec<NodeProbe> {
        let fresh = |node: &NodeId| {
            (*node, NodeProbe { node: *node, program: None, results: Vec::new(), fault: None })
        };
        let mut all: BTreeMap<NodeId, NodeProbe> = self.nodes.iter().map(fresh).collect();
        while let Some((node, event)) = self.next().await {
            let Some(one) = all.get_mut(&node) else { continue };
            match event {
                ProbeEvent::Started(program) => one.program = Some(program),
                ProbeEvent::Result(result) => one.results.push(result),
                ProbeEvent::Ended(Err(fault)) => one.fault = Some(fault.to_string()),
                ProbeEvent::Ready | ProbeEvent::Ended(Ok(())) => {}
            }
        }
        self.nodes.iter().filter_map(|node| all.remove(node)).collect()
    }
}
