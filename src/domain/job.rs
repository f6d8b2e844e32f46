//! A job: one execution of a plan, as the fold of its journal.
//!
//! What happens to a job is written into its journal as [`JobEvent`] first and applied here second; replaying the journal
//! gives the same [`Job`]. The executor asks the job what is to be done and reports what became of it; it keeps no state of
//! its own that a restart could lose. [`Job::apply`] is the whole table of transitions.

use super::ids::{EnvId, JobId, NodeId};
use super::plan::{Plan, StageKind, StepId};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a step is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepAction {
    /// Check and run.
    Run,
    /// Put back what `run` found.
    Undo,
    /// Say what `run` would change, and change nothing. It ends as [`StepEnd::Changed`] where `run` would change something.
    Check,
}

/// How an attempt at a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// Done, something was changed.
    Changed,
    /// Done, there was nothing to do.
    Unchanged,
    /// Ended with a status other than 0.
    Failed {
        /// Exit status, 128 + signal for a killed one.
        status: i32,
    },
    /// It could not be run, or what became of it cannot be known; the sentence says why.
    Lost {
        /// For the operator.
        why: String,
    },
    /// Ended because an operator asked for it.
    Cancelled,
}

impl StepEnd {
    /// Whether the next step may start.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Changed | Self::Unchanged)
    }
}

/// Where a step of a node stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// Runs since.
    Running {
        /// When this attempt was started.
        since: Moment,
    },
    /// Was running when the engine died; not known yet what became of it.
    Interrupted {
        /// When this attempt was started.
        since: Moment,
    },
    /// Ended.
    Ended {
        /// When it was started.
        since: Moment,
        /// When it ended.
        at: Moment,
        /// How.
        end: StepEnd,
    },
}

/// One step of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// In which stage.
    pub stage: StageKind,
    /// Which step.
    pub step: StepId,
    /// Counted from 1; 0 before the first.
    pub attempt: u32,
    /// Where it stands.
    pub state: StepState,
}

impl StepProgress {
    /// Whether it is done for good.
    pub fn is_done(&self) -> bool {
        matches!(&self.state, StepState::Ended { end, .. } if end.is_good())
    }
}

/// Where a node stands within a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobNodeState {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// Something is done on it.
    Running,
    /// All its steps are done.
    Done,
    /// A step failed.
    Failed,
    /// Ended by an operator, or not begun because others failed.
    Cancelled,
    /// The engine died while a step ran.
    Interrupted,
}

impl JobNodeState {
    /// The word used as key in the message catalogue (`job-node-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Made, not started.
    #[default]
    Queued,
    /// Works.
    Running,
    /// An operator asked to end it; running steps are being ended.
    Cancelling,
    /// The engine died; a new one has not yet asked the nodes.
    Interrupted,
    /// Every node is done.
    Succeeded,
    /// Some node failed.
    Failed,
    /// Ended by an operator.
    Cancelled,
}

impl JobState {
    /// The word used as key in the message catalogue (`job-state-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing happens any more unless an operator asks for it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What happens to a job, in the order of its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobEvent {
    /// Work starts, or goes on after a retry.
    Started,
    /// An attempt at a step is about to be started on the node. Written before the node is told.
    StepStarted {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// Counted from 1.
        attempt: u32,
    },
    /// What became of an attempt.
    StepEnded {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// The attempt that ended.
        attempt: u32,
        /// How.
        end: StepEnd,
    },
    /// The node cannot be worked on (no connection, no upload); the sentence says why.
    NodeFailed {
        /// Which node.
        node: NodeId,
        /// For the operator.
        why: String,
    },
    /// The node's turn will not come in this run.
    NodeSkipped {
        /// Which node.
        node: NodeId,
    },
    /// An operator asked to end the job.
    CancelAsked {
        /// Who.
        by: String,
    },
    /// The engine died while the job ran (written by the next one).
    Interrupted,
    /// An operator asked to go on from what failed.
    Retried {
        /// Who.
        by: String,
    },
    /// Nothing is left to do in this run.
    Ended,
}

/// An entry of a job's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Engine's clock.
    pub at: Moment,
    /// What happened.
    pub event: JobEvent,
}

/// A node within a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobNode {
    /// Where it stands.
    pub state: JobNodeState,
    /// Its steps over all stages, in order.
    pub steps: Vec<StepProgress>,
    /// Why it failed, when that was not a step.
    pub why: Option<String>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// Environment.
    pub env: EnvId,
    /// What is to be done.
    pub plan: Arc<Plan>,
    /// Who started it.
    pub by: String,
    /// When it was made.
    pub created: Moment,
    /// When it was over, if it is.
    pub ended: Option<Moment>,
    /// Where it stands.
    pub state: JobState,
    /// Who asked to end it.
    pub cancelled_by: Option<String>,
    /// Its nodes.
    pub nodes: BTreeMap<NodeId, JobNode>,
}

/// A journal entry that does not fit the job's state: a defect, or a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job {job} is {state}: it does not allow {what}")]
pub struct JobRefusal {
    /// Which job.
    pub job: JobId,
    /// Its state.
    pub state: JobState,
    /// What was refused.
    pub what: String,
}

impl Job {
    /// A new job, in which nothing has happened.
    pub fn new(id: JobId, plan: Plan, by: String, created: Moment) -> Self {
        let mut nodes: BTreeMap<NodeId, JobNode> = BTreeMap::new();
        for stage in &plan.stages {
            for item in &stage.items {
                let node = nodes.entry(item.node).or_default();
                node.steps.extend(item.steps.iter().map(|step| StepProgress {
                    stage: stage.kind,
                    step: step.clone(),
                    attempt: 0,
                    state: StepState::Waiting,
                }));
            }
        }
        Self {
            id,
            env: plan.env,
            plan: Arc::new(plan),
            by,
            created,
            ended: None,
            state: JobState::Queued,
            cancelled_by: None,
            nodes,
        }
    }

    /// A job as its journal tells it.
    pub fn replay<'a>(
        id: JobId,
        plan: Plan,
        by: String,
        created: Moment,
        journal: impl IntoIterator<Item = &'a JournalEntry>,
    ) -> Result<Self, JobRefusal> {
        let mut job = Self::new(id, plan, by, created);
        for entry in journal {
            job.apply(entry)?;
        }
        Ok(job)
    }

    fn refuse(&self, event: &JobEvent) -> JobRefusal {
        JobRefusal { job: self.id, state: self.state, what: format!("{event:?}") }
    }

    /// Applies an entry, or refuses it and changes nothing.
    #[expect(clippy::too_many_lines, reason = "the whole table of transitions in one place")]
    pub fn apply(&mut self, entry: &JournalEntry) -> Result<(), JobRefusal> {
        let refusal = self.refuse(&entry.event);
        let at = entry.at;
        match &entry.event {
            JobEvent::Started => match self.state {
                JobState::Queued | JobState::Interrupted => {
                    self.state = JobState::Running;
                    self.ended = None;
                }
                _ => return Err(refusal),
            },
            JobEvent::StepStarted { node, index, attempt } => {
                if self.state != JobState::Running {
                    return Err(refusal);
                }
                let Some(n) = self.nodes.get_mut(node) else { return Err(refusal) };
                if !matches!(n.state, JobNodeState::Waiting | JobNodeState::Running) || n.runs() {
                    return Err(refusal);
                }
                let Some(step) = n.steps.get_mut(*index) else { return Err(refusal) };
                if step.is_done() || step.attempt + 1 != *attempt {
                    return Err(refusal);
                }
                step.attempt = *attempt;
                step.state = StepState::Running { since: at };
                n.state = JobNodeState::Running;
            }
            JobEvent::StepEnded { node, index, attempt, end } => {
                if self.state.is_over() || self.state == JobState::Queued {
                    return Err(refusal);
                }
                let Some(n) = self.nodes.get_mut(node) else { return Err(refusal) };
                let Some(step) = n.steps.get_mut(*index) else { return Err(refusal) };
                let (StepState::Running { since } | StepState::Interrupted { since }) = step.state else {
                    return Err(refusal);
                };
                if step.attempt != *attempt {
                    return Err(refusal);
                }
                step.state = StepState::Ended { since, at, end: end.clone() };
                n.state = match end {
                    StepEnd::Changed | StepEnd::Unchanged if n.steps.iter().all(StepProgress::is_done) => {
                        JobNodeState::Done
                    }
                    StepEnd::Changed | StepEnd::Unchanged => JobNodeState::Running,
                    StepEnd::Failed { .. } | StepEnd::Lost { .. } => JobNodeState::Failed,
                    StepEnd::Cancelled => JobNodeState::Cancelled,
                };
            }
            JobEvent::NodeFailed { node, why } => {
                if self.state.is_over() || self.state == JobState::Queued {
                    return Err(refusal);
                }
                let Some(n) = self.nodes.get_mut(node) else { return Err(refusal) };
                if n.state == JobNodeState::Done {
                    return Err(refusal);
                }
                n.lose_running(at, why);
                n.state = JobNodeState::Failed;
                n.why = Some(why.clone());
            }
            JobEvent::NodeSkipped { node } => {
                if self.state.is_over() || self.state == JobState::Queued {
                    return Err(refusal);
                }
                let Some(n) = self.nodes.get_mut(node) else { return Err(refusal) };
                if n.runs() || matches!(n.state, JobNodeState::Done | JobNodeState::Failed) {
                    return Err(refusal);
                }
                n.state = JobNodeState::Cancelled;
            }
            JobEvent::CancelAsked { by } => {
                if self.state.is_over() {
                    return Err(refusal);
                }
                self.state = JobState::Cancelling;
                self.cancelled_by = Some(by.clone());
            }
            JobEvent::Interrupted => {
                if self.state.is_over() {
                    return Err(refusal);
                }
                // A job whose end was asked for is still to be ended.
                if self.state != JobState::Cancelling {
                    self.state = JobState::Interrupted;
                }
                for n in self.nodes.values_mut() {
                    n.interrupt();
                }
            }
            JobEvent::Retried { .. } => {
                if !matches!(self.state, JobState::Failed | JobState::Cancelled) {
                    return Err(refusal);
                }
                self.state = JobState::Running;
                self.ended = None;
                self.cancelled_by = None;
                for n in self.nodes.values_mut().filter(|n| n.state != JobNodeState::Done) {
                    n.state = JobNodeState::Waiting;
                    n.why = None;
                }
            }
            JobEvent::Ended => {
                if self.state.is_over() || self.nodes.values().any(JobNode::runs) {
                    return Err(refusal);
                }
                self.state = self.result();
                self.ended = Some(at);
            }
        }
        Ok(())
    }

    /// A copy that accepts or refuses `event` as the job itself does, with only those nodes in it that matter for that.
    #[must_use]
    pub fn excerpt(&self, event: &JobEvent) -> Self {
        let only = match event {
            JobEvent::StepStarted { node, .. }
            | JobEvent::StepEnded { node, .. }
            | JobEvent::NodeFailed { node, .. }
            | JobEvent::NodeSkipped { node } => Some(*node),
            JobEvent::Started
            | JobEvent::CancelAsked { .. }
            | JobEvent::Interrupted
            | JobEvent::Retried { .. }
            | JobEvent::Ended => None,
        };
        let wanted = |id: &NodeId| only.is_none_or(|o| o == *id);
        Self {
            plan: Arc::clone(&self.plan),
            by: self.by.clone(),
            cancelled_by: self.cancelled_by.clone(),
            nodes: self.nodes.iter().filter(|(id, _)| wanted(id)).map(|(id, n)| (*id, n.clone())).collect(),
            ..*self
        }
    }

    /// How the job would end now.
    fn result(&self) -> JobState {
        if self.nodes.values().all(|n| n.state == JobNodeState::Done || n.steps.is_empty()) {
            JobState::Succeeded
        } else if self.state == JobState::Cancelling {
            JobState::Cancelled
        } else {
            JobState::Failed
        }
    }

    /// The node's first step of `stage` that is not done: its place in the list and the number of its next attempt.
    pub fn next_step(&self, node: NodeId, stage: StageKind) -> Option<(usize, u32)> {
        let node = self.nodes.get(&node)?;
        node.steps
            .iter()
            .enumerate()
            .find(|(_, s)| s.stage == stage && !s.is_done())
            .map(|(index, s)| (index, s.attempt + 1))
    }

    /// The step of `node` that runs, or ran when the engine died.
    pub fn open_step(&self, node: NodeId) -> Option<(usize, &StepProgress)> {
        self.nodes.get(&node)?.steps.iter().enumerate().find(|(_, s)| s.is_open())
    }

    /// Whether some node changed something in this job.
    pub fn changed_steps(&self) -> usize {
        let ends = self.nodes.values().flat_map(|n| &n.steps).map(|s| &s.state);
        ends.filter(|s| matches!(s, StepState::Ended { end: StepEnd::Changed, .. })).count()
    }
}

impl StepProgress {
    /// Whether an attempt was started whose end is not known.
    pub fn is_open(&self) -> bool {
        matches!(self.state, StepState::Running { .. } | StepState::Interrupted { .. })
    }
}

impl JobNode {
    /// Whether an attempt was started whose end is not known.
    pub fn runs(&self) -> bool {
        self.steps.iter().any(StepProgress::is_open)
    }

    fn interrupt(&mut self) {
        for step in &mut self.steps {
            if let StepState::Running { since } = step.state {
                step.state = StepState::Interrupted { since };
                self.state = JobNodeState::Interrupted;
            }
        }
    }

    fn lose_running(&mut self, at: Moment, why: &str) {
        for step in &mut self.steps {
            if let StepState::Running { since } | StepState::Interrupted { since } = step.state {
                step.state = StepState::Ended { since, at, end: StepEnd::Lost { why: why.to_owned() } };
            }
        }
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
