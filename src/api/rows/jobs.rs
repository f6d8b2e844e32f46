//! Rows of jobs, of the nodes in a job, and of steps.

use crate::domain::estimate::Left;
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{
    JobNodeState, JobState, Owner, PastAttempt, ReinstallPhase, StepAction, StepState, UndoProgress,
};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Localized, PlanKind, StageKind, StepId};
use crate::domain::report::KnownError;
use crate::domain::said::Said;
use crate::domain::time::Moment;
use crate::domain::usual::{Ceiling, Usual};
use serde::{Deserialize, Serialize};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// Identity.
    pub id: JobId,
    /// Environment.
    pub env: EnvId,
    /// What it is for.
    #[serde(default)]
    pub kind: PlanKind,
    /// Where it stands.
    pub state: JobState,
    /// Who holds it.
    #[serde(default)]
    pub held_by: Option<String>,
    /// Why it begins nothing new: too many nodes of a role failed (role, failed, allowed).
    #[serde(default)]
    pub over_budget: Option<(NodeRole, u32, u32)>,
    /// Who started it.
    pub by: String,
    /// Who has it in hand while it works.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// When it was started.
    pub created: Moment,
    /// When it was over.
    pub ended: Option<Moment>,
    /// Who asked to end it.
    pub cancelled_by: Option<String>,
    /// 0 to 1000; never goes back.
    pub permille: u16,
    /// Time left by the usual times; `None` when it is over or does not go on by itself.
    #[serde(default)]
    pub left: Option<Left>,
    /// One bar a stage.
    pub stages: Vec<StageRow>,
    /// Nodes done, failed, and all.
    pub nodes_done: u32,
    /// Nodes that failed.
    pub nodes_failed: u32,
    /// Nodes in the job.
    pub nodes: u32,
    /// Steps that changed something.
    pub changed: u32,
    /// Steps that found nothing to do.
    pub unchanged: u32,
    /// The first failure of this run.
    pub first_error: Option<FirstError>,
}

impl JobRow {
    /// Who has it in hand, if that is somebody other than `me` and it works on something: then it is only watched.
    pub fn foreign(&self, me: &str) -> Option<&Owner> {
        let guarded = !self.state.is_over() && self.kind != PlanKind::DryRun;
        self.owner.as_ref().filter(|o| guarded && o.by != me)
    }
}

/// A stage of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRow {
    /// Which.
    pub kind: StageKind,
    /// 0 to 1000; never goes back.
    pub permille: u16,
    /// Nodes in it that are done with it.
    pub done: u32,
    /// Nodes in it.
    pub nodes: u32,
    /// Time until it is done, the stages before it included.
    #[serde(default)]
    pub left: Option<Left>,
}

/// The first failure of a job, pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstError {
    /// On which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// In which step; `None` when the node itself could not be worked on.
    pub step: Option<StepId>,
    /// Which attempt.
    pub attempt: u32,
    /// What happened, in a sentence.
    pub what: Said,
    /// Last lines of output before it, made harmless.
    pub tail: Vec<String>,
    /// What is known about such an error.
    #[serde(default)]
    pub known: Option<KnownError>,
}

/// A node within a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobNodeRow {
    /// Which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: NodeRoles,
    /// Where it stands.
    pub state: JobNodeState,
    /// 0 to 1000; never goes back.
    pub permille: u16,
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub steps: u32,
    /// Steps that changed something.
    pub changed: u32,
    /// The step that runs, failed or comes next.
    pub current: Option<CurrentStep>,
    /// Why it failed, or what the fault is for which it waits, when that is not a step.
    pub why: Option<Said>,
    /// What it waits for, if it does.
    #[serde(default)]
    pub waits: Option<WaitsFor>,
    /// Time until it is done with its last stage.
    #[serde(default)]
    pub left: Option<Left>,
    /// The link to it is down since; the step goes on on the node.
    #[serde(default)]
    pub link_down: Option<Moment>,
    /// The undo that goes on, or went on last.
    #[serde(default)]
    pub undo: Option<UndoView>,
    /// The reinstallation that goes on, or went on last.
    #[serde(default)]
    pub reinstall: Option<ReinstallView>,
    /// The manual procedure that goes on.
    #[serde(default)]
    pub manual: Option<ManualView>,
    /// What is known about the error with which it failed.
    #[serde(default)]
    pub known: Option<KnownError>,
}

/// The undo of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoView {
    /// Who asked; nobody: the environment's policy.
    pub by: Option<String>,
    /// Whether it is over.
    pub ended: bool,
    /// Steps that were undone in it.
    pub undone: u32,
    /// Steps whose undo failed.
    pub failed: u32,
    /// Steps left to undo, those that failed included.
    pub left: u32,
}

/// The reinstallation of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReinstallView {
    /// Who asked; nobody: the environment's policy.
    pub by: Option<String>,
    /// Cobbler's profile, if one was named.
    pub profile: Option<String>,
    /// Cobbler's name of the system, once it is known.
    pub system: Option<String>,
    /// Where it stands.
    pub phase: ReinstallPhase,
    /// Since when.
    pub since: Moment,
    /// When the fresh system must answer, once the machine was switched on.
    pub deadline: Option<Moment>,
    /// Whether it is over; why it failed stands in the node's `why`.
    pub ended: bool,
}

impl ReinstallView {
    /// Whether Cobbler knows the node; otherwise nothing was tried there.
    pub fn found_system(&self) -> bool {
        self.system.is_some()
    }
}

/// A manual procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualView {
    /// Who does it.
    pub by: String,
    /// Since when.
    pub since: Moment,
    /// Instructions that were confirmed.
    pub confirmed: u32,
    /// What the last check found missing.
    pub why: Option<Said>,
}

/// The step a node is at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentStep {
    /// Place in the node's list.
    pub index: u32,
    /// Which stage.
    pub stage: StageKind,
    /// Which step.
    pub step: StepId,
    /// Title.
    pub title: Localized,
    /// What is done about it: run, undone, or asked what it would change.
    #[serde(default = "run")]
    pub action: StepAction,
    /// Attempt at that.
    pub attempt: u32,
    /// Where that stands.
    pub state: StepState,
    /// How long it usually takes, milliseconds.
    pub usual_ms: u64,
    /// The same as a range, with the usual silence.
    #[serde(default)]
    pub usual: Option<Usual>,
    /// When the attempt that runs will be ended.
    #[serde(default)]
    pub ceiling: Option<Ceiling>,
    /// When the last byte of output came.
    pub last_output: Option<Moment>,
    /// Last line of output, made harmless, cut at 200 characters.
    pub line: String,
}

fn run() -> StepAction {
    StepAction::Run
}

/// A step of a node of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Place in the node's list.
    pub index: u32,
    /// Stage.
    pub stage: StageKind,
    /// Step.
    pub step: StepId,
    /// Title.
    pub title: Localized,
    /// Run or undo.
    pub action: StepAction,
    /// Attempt, 0 before the first.
    pub attempt: u32,
    /// Where it stands.
    pub state: StepState,
    /// How long it usually takes, milliseconds.
    pub usual_ms: u64,
    /// Bytes of output of this attempt.
    pub output: u64,
    /// Something was begun that was not undone.
    #[serde(default)]
    pub touched: bool,
    /// It cannot be undone.
    #[serde(default)]
    pub irreversible: bool,
    /// Its undo, once there was one.
    #[serde(default)]
    pub undo: Option<UndoProgress>,
    /// Bytes of output of its newest undo.
    #[serde(default)]
    pub undo_output: u64,
    /// Earlier attempts, oldest first.
    #[serde(default)]
    pub history: Vec<PastAttempt>,
}
