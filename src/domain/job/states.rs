//! Where a job, and a node within it, can stand, and the two tables of what leads from where to where.
//!
//! `docs/states.md` is drawn from [`JOB_TABLE`] and [`NODE_TABLE`]; [`super::Job::apply`] changes a state through
//! [`job_next`] and [`node_next`] only.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a node stands within a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// The engine died while something was done on it.
    Interrupted,
    /// Its steps are being undone.
    Undoing,
    /// What was to be undone is.
    Undone,
    /// Not everything could be undone.
    UndoFailed,
    /// Its operating system is being installed anew.
    Reinstalling,
    /// An operator does that by hand.
    Manual,
    /// The program checks what the operator did.
    Checking,
}

impl JobNodeState {
    /// All states.
    pub const ALL: [Self; 12] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
        Self::Undoing,
        Self::Undone,
        Self::UndoFailed,
        Self::Reinstalling,
        Self::Manual,
        Self::Checking,
    ];

    /// The word used as key in the message catalogue (`job-node-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::UndoFailed => "undo-failed",
            Self::Reinstalling => "reinstalling",
            Self::Manual => "manual",
            Self::Checking => "checking",
        }
    }

    /// Whether nothing happens to it unless an operator asks.
    pub fn is_at_rest(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled | Self::Undone | Self::UndoFailed)
    }
}

impl fmt::Display for JobNodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Made, not started.
    #[default]
    Queued,
    /// Works.
    Running,
    /// Running steps end, then it waits for an operator.
    Holding,
    /// Running steps end, then it is over.
    Draining,
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
    /// What it had done was undone.
    Undone,
}

impl JobState {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Running,
        Self::Holding,
        Self::Draining,
        Self::Cancelling,
        Self::Interrupted,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Undone,
    ];

    /// The word used as key in the message catalogue (`job-state-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Holding => "holding",
            Self::Draining => "draining",
            Self::Cancelling => "cancelling",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Undone => "undone",
        }
    }

    /// Whether nothing happens any more unless an operator asks for it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Undone)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What moves a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobMove {
    /// Work starts, or a new engine takes it up.
    Start,
    /// An operator asks to hold.
    Hold,
    /// An operator asks to go on.
    Release,
    /// An operator asks to end it after the running steps, or too many nodes failed.
    Drain,
    /// An operator asks to end it now.
    Cancel,
    /// The engine died.
    Interrupt,
    /// Nothing is left to do; by what became of the nodes it is one of four.
    Succeed,
    /// See [`Self::Succeed`].
    Fail,
    /// See [`Self::Succeed`].
    EndCancelled,
    /// See [`Self::Succeed`].
    EndUndone,
    /// An operator asks for more: retry, undo, reinstallation.
    Resume,
}

impl JobMove {
    /// All moves.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Hold,
        Self::Release,
        Self::Drain,
        Self::Cancel,
        Self::Interrupt,
        Self::Succeed,
        Self::Fail,
        Self::EndCancelled,
        Self::EndUndone,
        Self::Resume,
    ];

    /// The word in `docs/states.md` and the key in the message catalogue (`job-move-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Drain => "drain",
            Self::Cancel => "cancel",
            Self::Interrupt => "interrupt",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
            Self::EndCancelled => "end-cancelled",
            Self::EndUndone => "end-undone",
            Self::Resume => "resume",
        }
    }
}

/// The job's table.
pub const JOB_TABLE: &[(JobMove, &[JobState], JobState)] = {
    use JobMove as M;
    use JobState as S;
    const OPEN: &[S] = &[S::Running, S::Holding, S::Draining, S::Cancelling, S::Interrupted];
    &[
        (M::Start, &[S::Queued, S::Interrupted], S::Running),
        (M::Hold, &[S::Running], S::Holding),
        (M::Release, &[S::Holding], S::Running),
        (M::Drain, &[S::Running, S::Holding], S::Draining),
        (
            M::Cancel,
            &[S::Queued, S::Running, S::Holding, S::Draining, S::Cancelling, S::Interrupted],
            S::Cancelling,
        ),
        (M::Interrupt, &[S::Queued, S::Running, S::Interrupted], S::Interrupted),
        // What an operator asked for outlives the engine.
        (M::Interrupt, &[S::Holding], S::Holding),
        (M::Interrupt, &[S::Draining], S::Draining),
        (M::Interrupt, &[S::Cancelling], S::Cancelling),
        (M::Succeed, OPEN, S::Succeeded),
        (M::Fail, OPEN, S::Failed),
        (M::EndCancelled, &[S::Draining, S::Cancelling], S::Cancelled),
        (M::EndUndone, OPEN, S::Undone),
        (M::Resume, &[S::Succeeded, S::Failed, S::Cancelled, S::Undone], S::Running),
    ]
};

/// The job's state after a move, if the table has it.
pub fn job_next(state: JobState, by: JobMove) -> Option<JobState> {
    JOB_TABLE.iter().find(|(m, from, _)| *m == by && from.contains(&state)).map(|(_, _, to)| *to)
}

/// What moves a node within a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeMove {
    /// A step starts.
    Begin,
    /// A step ended well, others are left.
    Pass,
    /// The last step ended well.
    Finish,
    /// A step failed, or the node cannot be worked on, or could not be renewed.
    Fail,
    /// A step was ended by an operator.
    Cancel,
    /// Its turn will not come in this run.
    Skip,
    /// The engine died in the middle of something.
    Interrupt,
    /// It is to be worked on again: by an operator, or by the number of automatic retries.
    Again,
    /// Its steps are to be undone.
    Undo,
    /// Everything that was to be undone is.
    Undone,
    /// Something was not undone.
    UndoFail,
    /// Its operating system is to be installed anew.
    Reinstall,
    /// A fresh system answers.
    Renewed,
    /// An operator takes it into his own hands.
    ByHand,
    /// The program looks at what he did.
    Check,
}

impl NodeMove {
    /// All moves.
    pub const ALL: [Self; 15] = [
        Self::Begin,
        Self::Pass,
        Self::Finish,
        Self::Fail,
        Self::Cancel,
        Self::Skip,
        Self::Interrupt,
        Self::Again,
        Self::Undo,
        Self::Undone,
        Self::UndoFail,
        Self::Reinstall,
        Self::Renewed,
        Self::ByHand,
        Self::Check,
    ];

    /// The word in `docs/states.md` and the key in the message catalogue (`node-move-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Pass => "pass",
            Self::Finish => "finish",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
            Self::Skip => "skip",
            Self::Interrupt => "interrupt",
            Self::Again => "again",
            Self::Undo => "undo",
            Self::Undone => "undone",
            Self::UndoFail => "undo-fail",
            Self::Reinstall => "reinstall",
            Self::Renewed => "renewed",
            Self::ByHand => "by-hand",
            Self::Check => "check",
        }
    }

    /// Whether an operator can ask for it.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::Again | Self::Undo | Self::Reinstall | Self::ByHand | Self::Check)
    }
}

/// The table of a node within a job.
pub const NODE_TABLE: &[(NodeMove, &[JobNodeState], JobNodeState)] = {
    use JobNodeState as S;
    use NodeMove as M;
    const STOPPED: &[S] = &[S::Failed, S::Cancelled, S::Undone, S::UndoFailed];
    &[
        (M::Begin, &[S::Waiting, S::Running], S::Running),
        (M::Pass, &[S::Running, S::Interrupted], S::Running),
        (M::Finish, &[S::Running, S::Interrupted], S::Done),
        (
            M::Fail,
            &[
                S::Waiting,
                S::Running,
                S::Interrupted,
                S::Failed,
                S::Cancelled,
                S::Reinstalling,
                S::Manual,
                S::Checking,
            ],
            S::Failed,
        ),
        (M::Cancel, &[S::Running, S::Interrupted], S::Cancelled),
        (M::Skip, &[S::Waiting, S::Running, S::Interrupted, S::Cancelled], S::Cancelled),
        (
            M::Interrupt,
            &[S::Running, S::Undoing, S::Reinstalling, S::Checking, S::Interrupted],
            S::Interrupted,
        ),
        (M::Again, STOPPED, S::Waiting),
        (M::Undo, &[S::Waiting, S::Done, S::Failed, S::Cancelled, S::Undone, S::UndoFailed], S::Undoing),
        // A new engine goes on with it.
        (M::Undo, &[S::Interrupted], S::Undoing),
        (M::Undone, &[S::Undoing], S::Undone),
        (M::UndoFail, &[S::Undoing, S::Interrupted], S::UndoFailed),
        (
            M::Reinstall,
            &[S::Waiting, S::Done, S::Failed, S::Cancelled, S::Undone, S::UndoFailed, S::Manual],
            S::Reinstalling,
        ),
        (M::Reinstall, &[S::Interrupted], S::Reinstalling),
        (M::Renewed, &[S::Reinstalling, S::Checking, S::Interrupted], S::Waiting),
        (M::ByHand, &[S::Waiting, S::Failed, S::Cancelled, S::Undone, S::UndoFailed, S::Done], S::Manual),
        // The check found that it is not done yet.
        (M::ByHand, &[S::Checking, S::Interrupted], S::Manual),
        (M::Check, &[S::Manual, S::Interrupted], S::Checking),
    ]
};

/// The node's state after a move, if the table has it.
pub fn node_next(state: JobNodeState, by: NodeMove) -> Option<JobNodeState> {
    NODE_TABLE.iter().find(|(m, from, _)| *m == by && from.contains(&state)).map(|(_, _, to)| *to)
}

/// What an operator can ask for on a node in that state.
pub fn exits(state: JobNodeState) -> impl Iterator<Item = NodeMove> {
    NodeMove::ALL.into_iter().filter(move |m| m.is_asked_for() && node_next(state, *m).is_some())
}
