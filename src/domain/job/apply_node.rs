//! As `apply`, for one node of a job.

use super::apply::{Applied, No};
use super::{
    JobNode, JobNodeState, NodeMove, ReinstallPhase, ReinstallRun, Renewal, StepAction, StepEnd,
    StepProgress, StepState, node_next,
};
use crate::domain::plan::Plan;
use crate::domain::said::Said;
use crate::domain::time::Moment;

impl JobNode {
    pub(super) fn moved(&mut self, by: NodeMove) -> Applied {
        self.state = node_next(self.state, by).ok_or(No)?;
        Ok(())
    }

    pub(super) fn reinstalling(&mut self) -> Result<&mut ReinstallRun, No> {
        self.reinstall.as_deref_mut().filter(|r| r.ended.is_none()).ok_or(No)
    }

    pub(super) fn step_ended(&mut self, index: usize, attempt: u32, end: &StepEnd, at: Moment) -> Applied {
        let all_else = self.steps.iter().enumerate().all(|(i, s)| i == index || s.is_done());
        let by = match end {
            StepEnd::Changed | StepEnd::Unchanged if all_else => NodeMove::Finish,
            StepEnd::Changed | StepEnd::Unchanged => NodeMove::Pass,
            StepEnd::Failed { .. } | StepEnd::Lost { .. } | StepEnd::TimedOut { .. } => NodeMove::Fail,
            StepEnd::Cancelled => NodeMove::Cancel,
        };
        let to = node_next(self.state, by).ok_or(No)?;
        let step = self.steps.get_mut(index).filter(|s| s.attempt == attempt).ok_or(No)?;
        let since = step.state.open_since().ok_or(No)?;
        step.state = StepState::Ended { since, at, end: end.clone() };
        self.state = to;
        self.recount();
        Ok(())
    }

    pub(super) fn undo_ended(&mut self, index: usize, attempt: u32, end: &StepEnd, at: Moment) -> Applied {
        let to = match self.state {
            JobNodeState::Undoing => JobNodeState::Undoing,
            state => node_next(state, NodeMove::Undo).ok_or(No)?,
        };
        let step = self.steps.get_mut(index).ok_or(No)?;
        let undo = step.undo.as_mut().filter(|u| u.attempt == attempt).ok_or(No)?;
        let since = undo.state.open_since().ok_or(No)?;
        undo.state = StepState::Ended { since, at, end: end.clone() };
        if end.is_good() {
            step.reset();
        }
        self.state = to;
        self.recount();
        Ok(())
    }

    pub(super) fn undo_over(&mut self) {
        if let Some(run) = &mut self.undo {
            run.ended = true;
        }
        self.recount();
    }

    /// The node cannot be worked on.
    pub(super) fn failed(&mut self, why: &Said, at: Moment) -> Applied {
        let undoing = self.undo.as_ref().is_some_and(|u| !u.ended);
        let by = if undoing { NodeMove::UndoFail } else { NodeMove::Fail };
        self.moved(by)?;
        let lost = |state: &mut StepState| {
            if let Some(since) = state.open_since() {
                *state = StepState::Ended { since, at, end: StepEnd::Lost { why: why.clone() } };
            }
        };
        for step in &mut self.steps {
            lost(&mut step.state);
            if let Some(undo) = &mut step.undo {
                lost(&mut undo.state);
            }
        }
        if let Some(run) = self.reinstall.as_mut().filter(|r| r.ended.is_none()) {
            run.ended = Some(Renewal::Failed { why: why.clone() });
        }
        self.manual = None;
        self.why = Some(why.clone());
        self.undo_over();
        Ok(())
    }

    pub(super) fn skipped(&mut self) -> Applied {
        if self.runs() || self.is_reinstalling() || self.manual.is_some() {
            return Err(No);
        }
        if self.undo.as_ref().is_some_and(|u| !u.ended) {
            self.moved(NodeMove::UndoFail)?;
            self.undo_over();
            return Ok(());
        }
        self.moved(NodeMove::Skip)
    }

    /// Its turn comes again, if its state allows it.
    pub(super) fn again(&mut self, asked: bool, plan: &Plan) {
        let Some(to) = node_next(self.state, NodeMove::Again) else { return };
        self.state = to;
        self.why = None;
        self.step_back(plan);
        if asked {
            self.undo = None;
            self.steps.iter_mut().for_each(|s| s.retries = 0);
        } else if let Some(step) = self.steps.get_mut(self.cursor) {
            step.retries += 1;
        }
    }

    /// A step that has to prove over a new connection what the one before it did: where it could not, that was taken back by the node
    /// itself, and is done once more before there is anything to prove.
    fn step_back(&mut self, plan: &Plan) {
        let proves = |s: &StepProgress| plan.steps.get(&s.step).is_some_and(|spec| spec.reconnect);
        let Some(before) = self.cursor.checked_sub(1) else { return };
        let Some([did, proof]) = self.steps.get_mut(before..=self.cursor) else { return };
        if proof.is_done() || !proves(proof) || proves(did) {
            return;
        }
        for step in [did, proof] {
            step.keep(StepAction::Run);
            step.state = StepState::Waiting;
        }
        self.cursor = before;
    }

    pub(super) fn reinstall_phase(
        &mut self,
        phase: ReinstallPhase,
        why: Option<&Said>,
        at: Moment,
    ) -> Applied {
        if !self.is_reinstalling() {
            return Err(No);
        }
        if self.state == JobNodeState::Interrupted {
            self.moved(NodeMove::Reinstall)?;
        }
        let run = self.reinstalling()?;
        run.phase = phase;
        run.since = at;
        run.why = why.cloned().or(run.why.take());
        if phase == ReinstallPhase::Install && run.powered.is_none() {
            run.powered = Some(at);
        }
        Ok(())
    }

    /// A fresh system: nothing of what was done is there any more. Otherwise `or`.
    pub(super) fn renewed(&mut self, end: &Renewal, or: NodeMove) -> Applied {
        match end {
            Renewal::Fresh { .. } => {
                self.moved(NodeMove::Renewed)?;
                self.steps.iter_mut().for_each(StepProgress::reset);
                self.boot = None;
                self.undo = None;
                self.why = None;
            }
            Renewal::Failed { why } => {
                self.moved(or)?;
                self.why = Some(why.clone());
            }
        }
        self.recount();
        Ok(())
    }

    /// Its open attempt runs.
    pub(super) fn found(&mut self) -> Applied {
        let (index, step) = self.open_step().filter(|_| self.state == JobNodeState::Interrupted).ok_or(No)?;
        let undoes = step.state.open_since().is_none();
        self.moved(if undoes { NodeMove::Undo } else { NodeMove::Pass })?;
        let step = self.steps.get_mut(index).ok_or(No)?;
        let undo = step.undo.as_mut().map(|u| &mut u.state);
        for state in std::iter::once(&mut step.state).chain(undo) {
            if let StepState::Interrupted { since } = state {
                *state = StepState::Running { since: *since };
            }
        }
        Ok(())
    }

    pub(super) fn interrupt(&mut self) {
        let mut open = false;
        for step in &mut self.steps {
            let undo = step.undo.as_mut().map(|u| &mut u.state);
            for state in std::iter::once(&mut step.state).chain(undo) {
                if let StepState::Running { since } = state {
                    *state = StepState::Interrupted { since: *since };
                    open = true;
                }
            }
        }
        if (open || matches!(self.state, JobNodeState::Reinstalling | JobNodeState::Checking))
            && let Some(to) = node_next(self.state, NodeMove::Interrupt)
        {
            self.state = to;
        }
    }

    /// Whether a job may be over with the node as it is.
    pub(super) fn may_end(&self) -> bool {
        self.state.is_at_rest() || self.is_idle()
    }
}
