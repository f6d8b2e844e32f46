//! Executes a plan: workers, retries, stops, undo, renewal of nodes.
//!
//! [`execute`] goes on with a job from wherever its journal says it stands; a new job, a retry and a job that a dead engine
//! left behind are one and the same to it. Everything it needs of the world comes through two traits: [`Site`], the engine's
//! side (journal, output, secrets, connections), and [`Link`], one node with its runner. Tests give it scripted ones.
//!
//! Never here: a decision that a restart would forget. What is decided is recorded through [`Site::record`] first.

mod executor;
mod reinstall;
mod remote;
#[cfg(test)]
mod tests;
mod worker;

pub use executor::execute;
pub use remote::{RemoteLink, runner_fault};

use crate::cobbler::{Cobbler, CobblerError, Target};
use crate::domain::ids::NodeId;
use crate::domain::job::{Job, JobEvent, Renewal, StepAction};
use crate::domain::plan::StepId;
use crate::domain::said::Said;
use crate::domain::secret::Secret;
use std::future::Future;
use std::sync::Arc;

/// One attempt at one step on one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// On which node.
    pub node: NodeId,
    /// Place in the node's list of steps.
    pub index: usize,
    /// Which step.
    pub step: StepId,
    /// Run or undo.
    pub action: StepAction,
    /// Counted from 1.
    pub number: u32,
}

/// Why a node cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The connection failed or broke; another may succeed.
    #[error("{0}")]
    Gone(Said),
    /// It makes no sense to try again: wrong credentials, changed host key, a node that was reinstalled.
    #[error("{0}")]
    Refused(Said),
}

/// The engine could not keep what happened; nothing was done because of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteFault {
    /// Will go when somebody mends it (disk full): wait and try again.
    #[error("{0}")]
    Waits(String),
    /// The journal does not allow it: a defect, or somebody else ended the job.
    #[error("{0}")]
    Refused(String),
}

/// What a node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits<'a> {
    /// For its link; the last fault.
    Link(&'a Said),
    /// For the engine, which cannot keep anything; the fault.
    Engine(&'a Said),
}

/// What a running attempt tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// Bytes of output.
    Output {
        /// Offset of the first one.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The step has ended; all its output was told before.
    Ended {
        /// Exit status.
        status: i32,
        /// Whether it changed something.
        changed: bool,
    },
    /// The step will never end: its process is gone without a status.
    Lost {
        /// The sentence for the operator.
        why: Said,
    },
}

/// What a node says of an attempt before it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It knows nothing of it.
    Absent,
    /// It runs, or is about to.
    Runs,
    /// It is over.
    Over,
}

/// A node with its runner.
pub trait Link: Send + 'static {
    /// The node's boot, as its kernel names it.
    fn boot(&self) -> String;

    /// Where an attempt stands on the node.
    fn stands(&mut self, attempt: &Attempt) -> impl Future<Output = Result<Standing, LinkFault>> + Send;

    /// Starts the attempt, or attaches to it where it was started before; output follows from `offset`.
    fn begin(
        &mut self,
        attempt: &Attempt,
        offset: u64,
        secrets: Vec<(String, Secret)>,
    ) -> impl Future<Output = Result<(), LinkFault>> + Send;

    /// The next event of the attempt that was begun. Must be safe to drop and call again.
    fn next(&mut self) -> impl Future<Output = Result<LinkEvent, LinkFault>> + Send;

    /// Ends the attempt's whole process group; its end is told by `next`.
    fn cancel(&mut self, attempt: &Attempt) -> impl Future<Output = Result<(), LinkFault>> + Send;
}

/// The engine's side of a job.
pub trait Site: Send + Sync + 'static {
    /// Connection to a node.
    type Link: Link;

    /// Looks at the job.
    fn read<R>(&self, look: impl FnOnce(&Job) -> R) -> R;

    /// Journals the event, durably, and applies it to the job.
    fn record(&self, event: JobEvent) -> impl Future<Output = Result<(), SiteFault>> + Send;

    /// Bytes of output of the attempt that are kept already.
    fn output_length(&self, attempt: &Attempt) -> Result<u64, SiteFault>;

    /// Keeps output. `offset` is never beyond what is kept.
    fn output(&self, attempt: &Attempt, offset: u64, bytes: &[u8]) -> Result<(), SiteFault>;

    /// The secrets that the step declares.
    fn secrets(&self, step: &StepId) -> Result<Vec<(String, Secret)>, SiteFault>;

    /// Connects to the node and makes sure that the job's files are there.
    fn connect(&self, node: NodeId) -> impl Future<Output = Result<Self::Link, LinkFault>> + Send;

    /// Whether an operator has locked the node: a policy neither undoes nor reinstalls it.
    fn is_locked(&self, node: NodeId) -> bool;

    /// Returns when an operator has asked for something since it returned last.
    fn woken(&self) -> impl Future<Output = ()> + Send;

    /// Looks whether a fresh system answers where the node was: another host key, another machine id, nothing of ours on it.
    /// The sentence says what is missing.
    fn fresh(&self, node: NodeId) -> impl Future<Output = Result<Renewal, Said>> + Send;

    /// An attempt that another engine has begun is followed from here on.
    fn taken_up(&self, attempt: &Attempt);

    /// The Cobbler server that can install the node anew, and the machine as Cobbler may know it.
    fn cobbler(
        &self,
        node: NodeId,
    ) -> impl Future<Output = Result<(Arc<Cobbler>, Target), CobblerError>> + Send {
        let _ = node;
        async { Err(CobblerError::NotSet) }
    }

    /// What the node waits for now, or that it waits no more. Shown, not journalled.
    fn waits(&self, node: NodeId, fault: Option<Waits<'_>>);
}
