//! What a node has to do next, and what is decided without asking anybody.
//!
//! Both are functions of the job alone, so that an engine that starts anew does exactly what the dead one would have done.

use super::{Drain, Job, JobEvent, JobNode, JobNodeState, JobState, StepEnd, StepState};
use crate::domain::ids::NodeId;
use crate::domain::plan::{PlanKind, StageKind};
use crate::domain::policy::OnFailure;

/// Minutes that a reinstallation gets unless somebody says otherwise.
pub const REINSTALL_MINUTES: u32 = 60;

/// What is to be done on a node now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// See the attempt that was begun to its end.
    Finish,
    /// Begin an attempt at a step.
    Step {
        /// Place in the node's list.
        index: usize,
        /// Number of the attempt.
        attempt: u32,
    },
    /// Begin the undo of a step.
    Undo {
        /// Place in the node's list.
        index: usize,
        /// Number of the attempt.
        attempt: u32,
    },
    /// Nothing is left to undo: say so.
    UndoFinish,
    /// Go on with the reinstallation.
    Reinstall,
    /// Look whether the operator's fresh system is there.
    Check,
}

/// How far a job has come: what decides for every node whether it has to wait for others. Taken once for all of them, because
/// there may be a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// First stage in which something is still to be done.
    first: Option<StageKind>,
    /// Last stage in which something is still to be undone.
    last_undo: Option<StageKind>,
    /// A controller is not at work on its steps, and will be.
    controller_away: bool,
    /// Some node is.
    somebody_away: bool,
}

impl Front {
    /// Whether a step of `stage` has to wait.
    pub(super) fn blocks(self, stage: StageKind) -> bool {
        self.first.is_some_and(|s| s < stage)
            || self.controller_away
            || (self.somebody_away && stage == StageKind::Verification)
    }
}

impl Job {
    /// How far it has come.
    pub fn front(&self) -> Front {
        let mut front = Front::default();
        for m in self.nodes.values() {
            let first = |front: &mut Front| {
                front.first = [front.first, m.stage()].into_iter().flatten().min();
            };
            match m.state {
                JobNodeState::Waiting | JobNodeState::Running => first(&mut front),
                JobNodeState::Interrupted if m.runs() => first(&mut front),
                // It will begin from its first step; nobody but what depends on it waits for that.
                JobNodeState::Interrupted
                | JobNodeState::Undoing
                | JobNodeState::Reinstalling
                | JobNodeState::Checking => {
                    front.controller_away |= m.controller;
                    front.somebody_away = true;
                }
                JobNodeState::Manual => front.controller_away |= m.controller,
                _ => {}
            }
            if matches!(m.state, JobNodeState::Undoing | JobNodeState::Interrupted) {
                front.last_undo = front.last_undo.max(m.undo_stage(self));
            }
        }
        front
    }

    /// What `node` has to do now, if it has.
    pub fn task_for(&self, node: NodeId) -> Option<Task> {
        self.task_at(node, self.front())
    }

    /// As [`Self::task_for`], with the job's [`front`](Self::front) of now.
    pub fn task_at(&self, node: NodeId, front: Front) -> Option<Task> {
        if self.state.is_over() || matches!(self.state, JobState::Queued | JobState::Interrupted) {
            return None;
        }
        let n = self.nodes.get(&node)?;
        if n.runs() {
            return Some(Task::Finish);
        }
        match n.state {
            JobNodeState::Undoing => self.undo_task(n, front),
            JobNodeState::Reinstalling => Some(Task::Reinstall),
            JobNodeState::Checking => Some(Task::Check),
            JobNodeState::Interrupted if n.is_reinstalling() => Some(Task::Reinstall),
            JobNodeState::Interrupted if n.manual.is_some() => Some(Task::Check),
            JobNodeState::Waiting | JobNodeState::Running if self.state == JobState::Running => {
                let step = n.steps.get(n.cursor)?;
                let free = !front.blocks(step.stage);
                free.then_some(Task::Step { index: n.cursor, attempt: step.attempt + 1 })
            }
            _ => None,
        }
    }

    /// Whether some node has something to do, or something is to be decided for it.
    pub fn has_work(&self) -> bool {
        let front = self.front();
        self.nodes.keys().any(|n| self.task_at(*n, front).is_some() || self.decision(*n).is_some())
    }

    /// Whether an undo, or what a policy asks for, goes on in the job's state.
    pub(super) fn mends(&self) -> bool {
        match self.state {
            JobState::Running | JobState::Holding => true,
            JobState::Draining => matches!(self.drain, Some(Drain::Budget { .. })),
            _ => false,
        }
    }

    fn undo_task(&self, n: &JobNode, front: Front) -> Option<Task> {
        if !self.mends() {
            return None;
        }
        let Some((index, attempt)) = self.next_undo(n) else { return Some(Task::UndoFinish) };
        let stage = n.steps.get(index)?.stage;
        // What was installed last, over all nodes, is taken away first.
        let later = front.last_undo.is_some_and(|s| s > stage);
        (!later).then_some(Task::Undo { index, attempt })
    }

    /// The next step of a node to be undone: its place, and the number of the attempt.
    pub(super) fn next_undo(&self, n: &JobNode) -> Option<(usize, u32)> {
        let run = n.undo.as_ref().filter(|u| !u.ended)?;
        let (index, step) = n
            .steps
            .iter()
            .enumerate()
            .take(run.tried_from)
            .skip(run.back_to)
            .rev()
            .find(|(_, s)| s.touched && !self.plan.steps.get(&s.step).is_some_and(|p| p.irreversible))?;
        Some((index, step.undo.as_ref().map_or(0, |u| u.attempt) + 1))
    }

    /// What the environment's policy wants done about a node, if it wants something: the event to be journalled.
    pub fn decision(&self, node: NodeId) -> Option<JobEvent> {
        let n = self.nodes.get(&node)?;
        if n.state != JobNodeState::Failed || self.plan.kind != PlanKind::Install || !self.mends() {
            return None;
        }
        let policy = &self.plan.policy;
        if let Some(step) = n.steps.get(n.cursor)
            && let StepState::Ended { end, .. } = &step.state
            && *end != StepEnd::Cancelled
            && self.state != JobState::Draining
            && step.retries < policy.retries
            && self.plan.steps.get(&step.step).is_some_and(|s| s.retryable)
        {
            return Some(JobEvent::NodeAgain { node, by: None });
        }
        // It was in production before: what is done about it is for an operator to say.
        let aside = &self.plan.aside;
        if aside.told.contains(&node) || aside.standing.contains(&node) {
            return None;
        }
        match policy.on_failure {
            OnFailure::Undo if n.undo.is_none() && n.reinstall.is_none() => {
                let has = n.steps.iter().any(|s| s.touched);
                has.then(|| JobEvent::UndoAsked { nodes: vec![(node, 0)], by: None })
            }
            OnFailure::Reinstall if n.reinstalls == 0 => {
                Some(JobEvent::ReinstallAsked { node, by: None, profile: None, minutes: REINSTALL_MINUTES })
            }
            _ => None,
        }
    }
}

impl JobNode {
    /// Whether a reinstallation goes on.
    pub fn is_reinstalling(&self) -> bool {
        self.reinstall.as_ref().is_some_and(|r| r.ended.is_none())
    }

    fn undo_stage(&self, job: &Job) -> Option<StageKind> {
        if let Some((index, _)) = self.open_step() {
            return self.steps.get(index).map(|s| s.stage);
        }
        job.next_undo(self).and_then(|(index, _)| self.steps.get(index)).map(|s| s.stage)
    }
}
