//! Every state has a glyph and a word, so that none is told by colour alone.

use super::table::Cell;
use crate::api::rows::{EnvRow, JobRow, StepRow};
use crate::domain::job::{JobNodeState, JobState, StepAction, StepEnd, StepState};
use crate::domain::node::{NodeRole, NodeRoles, NodeState, Reach};
use crate::domain::plan::PlanKind;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::theme::Part;

/// A state as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// One column.
    pub glyph: &'static str,
    /// A word or two.
    pub word: Text,
    /// How it is drawn.
    pub part: Part,
}

impl Shown {
    fn new(glyph: &'static str, word: Text, part: Part) -> Self {
        Self { glyph, word, part }
    }

    /// Glyph and word.
    pub fn text(&self, cx: &Shared) -> String {
        format!("{} {}", self.glyph, cx.tr(&self.word))
    }

    /// As a cell of a table.
    pub fn cell(&self, cx: &Shared) -> Cell {
        (self.text(cx), self.part)
    }
}

/// A node's state.
pub fn node(state: NodeState) -> Shown {
    let (glyph, part) = match state {
        NodeState::Discovered => ("·", Part::Dim),
        NodeState::Ready => ("○", Part::Text),
        NodeState::Queued => ("◦", Part::Busy),
        NodeState::Installing | NodeState::Reinstalling => ("▸", Part::Busy),
        NodeState::Verifying | NodeState::Checking => ("?", Part::Busy),
        NodeState::Installed => ("✓", Part::Good),
        NodeState::Failed | NodeState::UndoFailed => ("✗", Part::Bad),
        NodeState::Cancelled => ("–", Part::Warn),
        NodeState::Interrupted => ("!", Part::Warn),
        NodeState::Undoing => ("◂", Part::Busy),
        NodeState::Manual => ("☐", Part::Warn),
    };
    Shown::new(glyph, Text::key(format!("node-state-{}", state.word())), part)
}

/// Whether a node answers.
pub fn reach(reach: &Reach, probing: bool) -> Shown {
    match (reach, probing) {
        (_, true) => Shown::new("~", t!("reach-probing"), Part::Busy),
        (Reach::Unknown, _) => Shown::new("·", t!("reach-unknown"), Part::Dim),
        (Reach::Answers { .. }, _) => Shown::new("+", t!("reach-answers"), Part::Good),
        (Reach::Silent { .. }, _) => Shown::new("✗", t!("reach-silent"), Part::Bad),
    }
}

/// A job's state.
pub fn job(state: JobState) -> Shown {
    let (glyph, part) = match state {
        JobState::Queued => ("◦", Part::Busy),
        JobState::Running => ("▸", Part::Busy),
        JobState::Holding => ("‖", Part::Warn),
        JobState::Draining => ("–", Part::Busy),
        JobState::Interrupted => ("!", Part::Warn),
        JobState::Succeeded => ("✓", Part::Good),
        JobState::Failed => ("✗", Part::Bad),
        JobState::Cancelling | JobState::Cancelled => ("–", Part::Warn),
        JobState::Undone => ("◂", Part::Warn),
    };
    Shown::new(glyph, Text::key(format!("job-state-{}", state.word())), part)
}

/// A job's state in a list: one of which only a part was undone says so.
pub fn job_row(job: &JobRow) -> Shown {
    let shown = self::job(job.state);
    if job.is_partly_undone() { Shown::new(shown.glyph, t!("job-partly-undone"), shown.part) } else { shown }
}

/// A node's state within a job.
pub fn job_node(state: JobNodeState) -> Shown {
    let (glyph, part) = match state {
        JobNodeState::Waiting => ("◦", Part::Dim),
        JobNodeState::Running | JobNodeState::Reinstalling => ("▸", Part::Busy),
        JobNodeState::Done => ("✓", Part::Good),
        JobNodeState::Failed | JobNodeState::UndoFailed => ("✗", Part::Bad),
        JobNodeState::Cancelled => ("–", Part::Warn),
        JobNodeState::Interrupted => ("!", Part::Warn),
        JobNodeState::Undoing => ("◂", Part::Busy),
        JobNodeState::Undone => ("◂", Part::Warn),
        JobNodeState::Manual => ("☐", Part::Warn),
        JobNodeState::Checking => ("?", Part::Busy),
    };
    Shown::new(glyph, Text::key(format!("job-node-{}", state.word())), part)
}

/// What a step of a node has come to: its undo, if that was the last thing done about it.
pub fn step_of(row: &StepRow) -> Shown {
    let undo = row.undo.as_ref().map(|u| &u.state);
    match undo {
        Some(StepState::Running { .. }) => Shown::new("◂", t!("step-undoing"), Part::Busy),
        Some(StepState::Interrupted { .. }) => Shown::new("!", t!("step-undo-interrupted"), Part::Warn),
        Some(StepState::Ended { end, .. }) if end.is_good() && !row.touched => {
            Shown::new("◂", t!("step-undone"), Part::Warn)
        }
        Some(StepState::Ended { end, .. }) if !end.is_good() && row.touched => {
            Shown::new("✗", t!("step-undo-failed"), Part::Bad)
        }
        _ => attempt(row.action, &row.state),
    }
}

/// State of an attempt to run, to undo or to try a step.
pub fn attempt(action: StepAction, state: &StepState) -> Shown {
    let mut shown = step(state);
    if matches!(state, StepState::Ended { end: StepEnd::Changed, .. }) {
        match action {
            StepAction::Check => (shown.glyph, shown.word) = ("~", t!("step-would-change")),
            StepAction::Undo => (shown.glyph, shown.word) = ("◂", t!("step-undone")),
            StepAction::Run => {}
        }
    }
    shown
}

pub fn step(state: &StepState) -> Shown {
    match state {
        StepState::Waiting => Shown::new("◦", t!("step-waiting"), Part::Dim),
        StepState::Running { .. } => Shown::new("▸", t!("step-running"), Part::Busy),
        StepState::Interrupted { .. } => Shown::new("!", t!("step-interrupted"), Part::Warn),
        StepState::Ended { end, .. } => match end {
            StepEnd::Changed => Shown::new("✓", t!("step-changed"), Part::Good),
            StepEnd::Unchanged => Shown::new("=", t!("step-unchanged"), Part::Good),
            StepEnd::Failed { status } => {
                Shown::new("✗", t!("step-failed", status = status.to_string()), Part::Bad)
            }
            StepEnd::TimedOut { .. } => Shown::new("✗", t!("step-timed-out"), Part::Bad),
            StepEnd::Lost { .. } => Shown::new("✗", t!("step-lost"), Part::Bad),
            StepEnd::Cancelled => Shown::new("–", t!("step-cancelled"), Part::Warn),
        },
    }
}

/// An environment's state: it follows from its nodes and its newest job.
pub fn environment(row: &EnvRow) -> Shown {
    let working = row.job.as_ref().filter(|j| !j.state.is_over());
    if let Some(job) = working {
        let mut shown = self::job(job.state);
        if job.state == JobState::Running {
            let share = crate::tui::text::percent(job.permille);
            shown.word = match job.kind {
                PlanKind::Install => t!("env-state-installing", share = share),
                PlanKind::DryRun => t!("env-state-dry-run", share = share),
                PlanKind::Reinstall => t!("env-state-reinstalling"),
                PlanKind::Rotate => t!("env-state-rotating", share = share),
                PlanKind::Leave => t!("env-state-leaving", share = share),
                PlanKind::RollOut => t!("env-state-rolling-out", share = share),
                PlanKind::Task => t!("env-state-task", share = share),
            };
        }
        shown
    } else if row.failed > 0 {
        Shown::new("✗", t!("env-state-failed"), Part::Bad)
    } else if row.nodes == 0 {
        Shown::new("·", t!("env-state-empty"), Part::Dim)
    } else if row.installed == row.nodes {
        Shown::new("✓", t!("env-state-installed"), Part::Good)
    } else if row.installed > 0 {
        Shown::new("○", t!("env-state-partial"), Part::Warn)
    } else {
        Shown::new("○", t!("env-state-new"), Part::Text)
    }
}

/// Roles of a node, in words; short ones where there are several.
pub fn roles(cx: &Shared, roles: &NodeRoles) -> String {
    if roles.is_empty() {
        return "-".into();
    }
    let long = |r: &NodeRole| Text::key(format!("role-{}", r.word()));
    let short = |r: &NodeRole| Text::key(format!("role-short-{}", r.word()));
    let words: Vec<String> =
        roles.iter().map(|r| cx.tr(&if roles.len() == 1 { long(r) } else { short(r) })).collect();
    words.join("+")
}
