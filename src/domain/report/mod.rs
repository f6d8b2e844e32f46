//! What became of a job, and where its time went.
//!
//! [`JobReport::of`] folds the job's journal once more, this time to keep every attempt with its times instead of the latest
//! one. The report is one JSON document (`format` grows when a field changes its meaning), the timeline on the screen is made
//! from it, and [`text`] writes it for a terminal or a mail. Running jobs have one as well, as of `at`.
//!
//! All moments are the engine's clock; spans are never negative, even if that clock was set back.

mod cause;
mod fold;
mod shares;
mod text;

pub use cause::around;
pub use shares::{Share, StepShare};
pub use text::text;

use super::ids::{EnvId, JobId, NodeId};
use super::job::{Job, JobNodeState, JobState, JournalEntry, StepAction, StepEnd};
use super::node::NodeRoles;
use super::plan::{Localized, StageKind, StepId};
use super::time::Moment;
use serde::{Deserialize, Serialize};

/// Of the document.
pub const FORMAT: u32 = 1;

/// The whole report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// [`FORMAT`].
    pub format: u32,
    /// Which job.
    pub job: JobId,
    /// Its environment.
    pub env: EnvId,
    /// The environment's name.
    pub environment: String,
    /// The platform.
    pub platform: String,
    /// Who started it.
    pub by: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was made.
    pub created: Moment,
    /// When it was over, if it is.
    pub ended: Option<Moment>,
    /// As of when this is told.
    pub at: Moment,
    /// Sums.
    pub totals: Totals,
    /// The first failure of all.
    pub first_error: Option<ErrorReport>,
    /// What happened besides steps, oldest first.
    pub notes: Vec<Note>,
    /// Where the time went, by stage in their order.
    pub stages: Vec<Share>,
    /// By module, the longest first.
    pub modules: Vec<Share>,
    /// By step, the longest first.
    pub steps: Vec<StepShare>,
    /// Every node in the order of the plan, with its steps and their attempts.
    pub nodes: Vec<NodeReport>,
}

/// Sums over a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Time in which the job was not over (a retry the next day does not count the night).
    pub elapsed_ms: u64,
    /// Time in which something was done on nodes, summed over them.
    pub busy_ms: u64,
    /// Time in which nodes waited for their turn, for others or for an operator, summed over them.
    pub waiting_ms: u64,
    /// Nodes.
    pub nodes: u32,
    /// Nodes of which every step is done.
    pub nodes_done: u32,
    /// Steps of all nodes.
    pub steps: u32,
    /// Steps that are done.
    pub steps_done: u32,
    /// Those of them that changed something.
    pub changed: u32,
    /// Attempts to run a step.
    pub attempts: u32,
    /// Those that did not end well.
    pub failed: u32,
    /// Steps that were run more than once.
    pub repeated: u32,
    /// Attempts to undo a step.
    pub undone: u32,
    /// Operating systems installed anew.
    pub renewed: u32,
    /// Times the engine died while the job ran.
    pub interruptions: u32,
}

/// The first failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// When.
    pub at: Moment,
    /// On which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// In which step; `None` when the node could not be worked on.
    pub step: Option<StepId>,
    /// Which attempt, 0 without a step.
    pub attempt: u32,
    /// What, in a sentence.
    pub what: String,
    /// The output around it, made harmless.
    pub lines: Vec<String>,
    /// What is known about such an error.
    #[serde(default)]
    pub known: Option<KnownError>,
}

/// An error that is known, of `roles/findings`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownError {
    /// The finding's name.
    pub id: String,
    /// What it is, in a few words.
    pub title: Localized,
    /// What it means.
    pub meaning: Localized,
    /// What to do.
    pub mend: Localized,
}

/// Something that happened besides steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Moment,
    /// What kind: a word of `a-z` and hyphens.
    pub kind: String,
    /// To which node.
    pub node: Option<String>,
    /// Who did it; nobody: the engine by itself.
    pub by: Option<String>,
    /// A sentence.
    pub text: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Identity.
    pub node: NodeId,
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: NodeRoles,
    /// Where it stands within the job.
    pub state: JobNodeState,
    /// Why, when that is not a step.
    pub why: Option<String>,
    /// Time in which something was done on it.
    pub busy_ms: u64,
    /// Time in which it waited, until its last step ended.
    pub waiting_ms: u64,
    /// Its steps in order.
    pub steps: Vec<StepReport>,
    /// Its operating system, installed anew.
    pub renewals: Vec<RenewalReport>,
}

/// An operating system installed anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalReport {
    /// By an operator's hand, not through Cobbler.
    pub by_hand: bool,
    /// When and how long.
    #[serde(flatten)]
    pub stretch: Stretch,
    /// Begin of each phase, by its word.
    #[serde(default)]
    pub phases: Vec<(Moment, String)>,
}

/// A step of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its stage.
    pub stage: StageKind,
    /// Which.
    pub step: StepId,
    /// Whether it is done.
    pub done: bool,
    /// Every attempt, oldest first.
    pub attempts: Vec<AttemptReport>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptReport {
    /// Run, undo, or check.
    pub action: StepAction,
    /// Counted from 1, each action apart.
    pub number: u32,
    /// When and how long.
    #[serde(flatten)]
    pub stretch: Stretch,
    /// How it ended; `None`: it has not.
    pub end: Option<StepEnd>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// From.
    pub since: Moment,
    /// To; `None`: it goes on.
    pub until: Option<Moment>,
    /// How long it was, or is until now, milliseconds.
    pub took_ms: u64,
    /// It ended well.
    #[serde(default)]
    pub good: bool,
}

impl Stretch {
    fn open(since: Moment) -> Self {
        Self { since, until: None, took_ms: 0, good: false }
    }

    fn close(&mut self, at: Moment, good: bool) {
        self.until = Some(at);
        self.took_ms = at.since(self.since);
        self.good = good;
    }
}

impl AttemptReport {
    /// Whether it ended, and not well. One that an operator ended counts as well.
    pub fn is_bad(&self) -> bool {
        self.end.as_ref().is_some_and(|e| !e.is_good())
    }
}

/// How a step ended, in English words.
pub fn end_words(end: &StepEnd) -> String {
    match end {
        StepEnd::Changed => "changed".to_owned(),
        StepEnd::Unchanged => "unchanged".to_owned(),
        StepEnd::Failed { status } => format!("failed with status {status}"),
        StepEnd::TimedOut { seconds } => format!("ran longer than {seconds} s and was ended"),
        StepEnd::Lost { why } => format!("lost: {why}"),
        StepEnd::Cancelled => "cancelled".to_owned(),
    }
}

impl JobReport {
    /// The report of a job with that journal, as of `at` (never before the last entry).
    pub fn of(job: &Job, environment: &str, journal: &[JournalEntry], at: Moment) -> Self {
        fold::report(job, environment, journal, at)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
