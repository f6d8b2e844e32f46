//! One step of one node within a job: its attempts to run it, and to undo it.

use crate::domain::plan::{StageKind, StepId};
use crate::domain::said::Said;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// What a step is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepAction {
    /// Check and run.
    Run,
    /// Put back what `run` found.
    Undo,
    /// Say what `run` would change, and change nothing.
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
    /// It ran longer than its ceiling allows, and was ended.
    TimedOut {
        /// Seconds it was given.
        seconds: u32,
    },
    /// It could not be run, or what became of it cannot be known; the sentence says why.
    Lost {
        /// For the operator.
        why: Said,
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
    /// Its turn has not come, or it was undone.
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

impl StepState {
    /// Whether an attempt was started whose end is not known, and when it was started.
    pub fn open_since(&self) -> Option<Moment> {
        match self {
            Self::Running { since } | Self::Interrupted { since } => Some(*since),
            Self::Waiting | Self::Ended { .. } => None,
        }
    }
}

/// An attempt that ended, other than the latest one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// Run or undo.
    pub action: StepAction,
    /// Counted from 1, each action apart.
    pub number: u32,
    /// When it was started.
    pub since: Moment,
    /// When it ended.
    pub at: Moment,
    /// How.
    pub end: StepEnd,
}

/// What the undo of a step has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoProgress {
    /// Counted from 1.
    pub attempt: u32,
    /// Where it stands.
    pub state: StepState,
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
    /// Some attempt was begun since the node was fresh or the step undone: something may have been changed.
    pub touched: bool,
    /// Automatic retries since an operator asked last.
    pub retries: u32,
    /// Its undo, once there was one.
    pub undo: Option<Box<UndoProgress>>,
    /// Earlier attempts, oldest first.
    pub history: Vec<PastAttempt>,
}

impl StepProgress {
    pub(super) fn new(stage: StageKind, step: StepId) -> Self {
        Self {
            stage,
            step,
            attempt: 0,
            state: StepState::Waiting,
            touched: false,
            retries: 0,
            undo: None,
            history: Vec::new(),
        }
    }

    /// Whether it is done for good.
    pub fn is_done(&self) -> bool {
        matches!(&self.state, StepState::Ended { end, .. } if end.is_good())
    }

    /// Whether an attempt to run or to undo it was started whose end is not known.
    pub fn is_open(&self) -> bool {
        self.open().is_some()
    }

    /// The attempt whose end is not known: what, its number, since when.
    pub fn open(&self) -> Option<(StepAction, u32, Moment)> {
        if let Some(since) = self.state.open_since() {
            return Some((StepAction::Run, self.attempt, since));
        }
        let undo = self.undo.as_ref()?;
        undo.state.open_since().map(|since| (StepAction::Undo, undo.attempt, since))
    }

    /// How its latest undo ended, if that was the last thing that was done about it and it was not good.
    pub fn failed_undo(&self) -> Option<&StepEnd> {
        match self.undo.as_deref() {
            Some(UndoProgress { state: StepState::Ended { end, .. }, .. })
                if !end.is_good() && self.touched =>
            {
                Some(end)
            }
            _ => None,
        }
    }

    /// Puts the latest attempt of `action` into the history, before another begins.
    pub(super) fn keep(&mut self, action: StepAction) {
        let (number, state) = match action {
            StepAction::Undo => match &self.undo {
                Some(undo) => (undo.attempt, &undo.state),
                None => return,
            },
            StepAction::Run | StepAction::Check => (self.attempt, &self.state),
        };
        if let StepState::Ended { since, at, end } = state {
            self.history.push(PastAttempt { action, number, since: *since, at: *at, end: end.clone() });
        }
    }

    /// Back to before its first attempt, numbers and history kept.
    pub(super) fn reset(&mut self) {
        self.keep(StepAction::Run);
        self.state = StepState::Waiting;
        self.touched = false;
        self.retries = 0;
    }
}
