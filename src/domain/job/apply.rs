//! From one state of a job to the next: what each journal entry does, and when it is refused. What it does to one node is in `apply_node`.

use super::{
    Drain, Job, JobEvent, JobMove, JobNode, JobNodeState, JobRefusal, JobState, JournalEntry, ManualRun,
    NodeMove, Owner, ReinstallPhase, ReinstallRun, Renewal, StepAction, StepState, UndoProgress, UndoRun,
    job_next, node_next,
};
use crate::domain::ids::NodeId;
use crate::domain::plan::PlanKind;
use crate::domain::time::Moment;
use std::sync::Arc;

/// Nothing was changed: the event does not fit.
pub(super) struct No;

/// Whether it fitted.
pub(super) type Applied = Result<(), No>;

impl Job {
    /// Applies an entry, or refuses it and changes nothing.
    pub fn apply(&mut self, entry: &JournalEntry) -> Result<(), JobRefusal> {
        let (id, state) = (self.id, self.state);
        self.fits(entry).map_err(|No| JobRefusal { job: id, state, what: format!("{:?}", entry.event) })?;
        // Whoever goes on with a job that was over has it in hand.
        if let Some(by) = entry.event.operator().filter(|by| state.is_over() && *by != self.owner.by) {
            self.owner = Owner { by: by.to_owned(), since: entry.at, taken: None };
        }
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one line an event: the table itself")]
    fn fits(&mut self, entry: &JournalEntry) -> Applied {
        let at = entry.at;
        match &entry.event {
            JobEvent::StepStarted { node, index, attempt, .. } => {
                self.step_started(*node, *index, *attempt, at)
            }
            JobEvent::NodeBoot { node, boot } => {
                self.at_work(*node)?.boot = Some(boot.clone());
                Ok(())
            }
            JobEvent::NodeFound { node } => self.at_work(*node)?.found(),
            JobEvent::StepEnded { node, index, attempt, end } => {
                self.at_work(*node)?.step_ended(*index, *attempt, end, at)
            }
            JobEvent::NodeFailed { node, why } => self.at_work(*node)?.failed(why, at),
            JobEvent::NodeSkipped { node } => self.at_work(*node)?.skipped(),
            JobEvent::CeilingExtended { node, index, seconds, .. } => {
                let n = self.at_work(*node)?;
                if n.open_step().is_none_or(|(i, _)| i != *index) {
                    return Err(No);
                }
                n.extended = n.extended.saturating_add(*seconds);
                Ok(())
            }
            JobEvent::NodeAgain { node, by } => self.again(*node, by.as_deref()),
            JobEvent::UndoAsked { nodes, by } => self.undo_asked(nodes, by.as_deref()),
            JobEvent::UndoStarted { node, index, attempt } => self.undo_started(*node, *index, *attempt, at),
            JobEvent::UndoEnded { node, index, attempt, end } => {
                self.at_work(*node)?.undo_ended(*index, *attempt, end, at)
            }
            JobEvent::UndoFinished { node } => self.undo_finished(*node),
            JobEvent::ReinstallAsked { node, by, profile, minutes } => {
                let run = ReinstallRun {
                    by: by.clone(),
                    profile: profile.clone(),
                    phase: ReinstallPhase::Inspect,
                    since: at,
                    asked: at,
                    minutes: *minutes,
                    powered: None,
                    server_time: None,
                    system: None,
                    was: std::collections::BTreeMap::new(),
                    why: None,
                    ended: None,
                };
                self.reinstall_asked(*node, run)
            }
            JobEvent::ReinstallPhase { node, phase, why } => {
                self.at_work(*node)?.reinstall_phase(*phase, why.as_ref(), at)
            }
            JobEvent::ReinstallArmed { node, system, was, server_time } => {
                let run = self.at_work(*node)?.reinstalling()?;
                run.system = Some(system.clone());
                if !was.is_empty() {
                    run.was.clone_from(was);
                }
                run.server_time = server_time.or(run.server_time);
                Ok(())
            }
            JobEvent::ReinstallExtended { node, minutes, .. } => {
                let run = self.at_work(*node)?.reinstalling()?;
                run.minutes = run.minutes.saturating_add(*minutes);
                Ok(())
            }
            JobEvent::ReinstallEnded { node, end } => {
                let n = self.at_work(*node)?;
                n.reinstalling()?;
                n.renewed(end, NodeMove::Fail)?;
                if let Some(run) = &mut n.reinstall {
                    run.ended = Some(end.clone());
                }
                Ok(())
            }
            JobEvent::ManualAsked { node, by } => self.manual_asked(*node, by, at),
            JobEvent::ManualConfirmed { node, number, .. } => {
                let n = self.at_work(*node)?;
                let manual = n.manual.as_mut().filter(|m| m.confirmed + 1 == *number).ok_or(No)?;
                if n.state != JobNodeState::Manual {
                    return Err(No);
                }
                manual.confirmed = *number;
                Ok(())
            }
            JobEvent::ManualCheck { node, .. } => {
                let n = self.at_work(*node)?;
                if n.manual.is_none() || n.is_reinstalling() {
                    return Err(No);
                }
                n.moved(NodeMove::Check)
            }
            JobEvent::ManualChecked { node, end } => {
                let n = self.at_work(*node)?;
                if n.state != JobNodeState::Checking || n.manual.is_none() {
                    return Err(No);
                }
                n.renewed(end, NodeMove::ByHand)?;
                match end {
                    Renewal::Fresh { .. } => n.manual = None,
                    Renewal::Failed { why } => {
                        n.why = None;
                        if let Some(manual) = &mut n.manual {
                            manual.why = Some(why.clone());
                        }
                    }
                }
                Ok(())
            }
            JobEvent::ManualLeft { node, .. } => {
                let n = self.at_work(*node)?;
                if n.manual.is_none() {
                    return Err(No);
                }
                n.moved(NodeMove::Fail)?;
                n.manual = None;
                Ok(())
            }
            job_wide => self.job_wide(job_wide, at),
        }
    }

    fn job_wide(&mut self, event: &JobEvent, at: Moment) -> Applied {
        match event {
            JobEvent::Started => {
                self.moved(JobMove::Start)?;
                self.ended = None;
            }
            JobEvent::HoldAsked { by } => {
                self.moved(JobMove::Hold)?;
                self.held_by = Some(by.clone());
            }
            JobEvent::Released { .. } => {
                self.moved(JobMove::Release)?;
                self.held_by = None;
            }
            JobEvent::DrainAsked { by } => {
                self.moved(JobMove::Drain)?;
                self.drain = Some(Drain::Asked(by.clone()));
                self.cancelled_by = Some(by.clone());
            }
            JobEvent::BudgetExceeded { role, failed, allowed } => {
                self.moved(JobMove::Drain)?;
                self.drain = Some(Drain::Budget { role: *role, failed: *failed, allowed: *allowed });
            }
            JobEvent::CancelAsked { by } => {
                self.moved(JobMove::Cancel)?;
                self.cancelled_by = Some(by.clone());
            }
            JobEvent::Interrupted => {
                self.moved(JobMove::Interrupt)?;
                self.nodes.values_mut().for_each(JobNode::interrupt);
            }
            JobEvent::TakenOver { by, why } => {
                if self.state.is_over() {
                    return Err(No);
                }
                let from = std::mem::take(&mut self.owner.by);
                self.owner = Owner { by: by.clone(), since: at, taken: Some((from, why.clone())) };
            }
            JobEvent::Retried { .. } => {
                if self.state == JobState::Succeeded {
                    return Err(No);
                }
                self.resume()?;
                self.known.clear();
                let plan = Arc::clone(&self.plan);
                for n in self.nodes.values_mut() {
                    n.again(true, &plan);
                }
            }
            JobEvent::Ended => {
                if self.state == JobState::Queued || !self.nodes.values().all(JobNode::may_end) {
                    return Err(No);
                }
                self.moved(self.result())?;
                self.ended = Some(at);
            }
            _ => return Err(No),
        }
        Ok(())
    }

    fn moved(&mut self, by: JobMove) -> Applied {
        self.state = job_next(self.state, by).ok_or(No)?;
        Ok(())
    }

    /// A node of a job that does something.
    fn at_work(&mut self, node: NodeId) -> Result<&mut JobNode, No> {
        if self.state.is_over() || self.state == JobState::Queued {
            return Err(No);
        }
        self.nodes.get_mut(&node).ok_or(No)
    }

    /// Takes up a job that is over.
    fn resume(&mut self) -> Applied {
        self.moved(JobMove::Resume)?;
        let failed = self.nodes.iter().filter(|(_, n)| n.counts_as_failed());
        self.known = failed.map(|(id, _)| *id).collect();
        self.ended = None;
        self.cancelled_by = None;
        self.drain = None;
        Ok(())
    }

    /// Whether something may be asked for on a node: by an operator also of a job that is over, by the policy of one at work.
    fn may_ask(&self, by: Option<&str>) -> Applied {
        let may = match by {
            Some(_) => self.state.is_over() || matches!(self.state, JobState::Running | JobState::Holding),
            None => self.mends(),
        };
        if may { Ok(()) } else { Err(No) }
    }

    fn resume_if_over(&mut self) -> Applied {
        if self.state.is_over() { self.resume() } else { Ok(()) }
    }

    fn step_started(&mut self, node: NodeId, index: usize, attempt: u32, at: Moment) -> Applied {
        if self.state != JobState::Running {
            return Err(No);
        }
        let dry = self.plan.kind == PlanKind::DryRun;
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        let to = node_next(n.state, NodeMove::Begin).ok_or(No)?;
        if n.runs() || index != n.cursor {
            return Err(No);
        }
        let step = n.steps.get_mut(index).filter(|s| s.attempt + 1 == attempt).ok_or(No)?;
        step.keep(StepAction::Run);
        step.keep(StepAction::Undo);
        if let Some(undo) = &mut step.undo {
            undo.state = StepState::Waiting;
        }
        step.attempt = attempt;
        step.state = StepState::Running { since: at };
        step.touched |= !dry;
        n.extended = 0;
        n.state = to;
        self.known.remove(&node);
        Ok(())
    }

    fn again(&mut self, node: NodeId, by: Option<&str>) -> Applied {
        self.may_ask(by)?;
        let n = self.nodes.get(&node).ok_or(No)?;
        if node_next(n.state, NodeMove::Again).is_none() || n.steps.is_empty() {
            return Err(No);
        }
        self.resume_if_over()?;
        self.known.remove(&node);
        let plan = Arc::clone(&self.plan);
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        n.again(by.is_some(), &plan);
        Ok(())
    }

    fn undo_asked(&mut self, nodes: &[(NodeId, usize)], by: Option<&str>) -> Applied {
        self.may_ask(by)?;
        if nodes.is_empty() || self.plan.kind == PlanKind::DryRun || self.plan.kind.is_part_of_installation()
        {
            return Err(No);
        }
        let mut seen = std::collections::BTreeSet::new();
        for (id, back_to) in nodes {
            let n = self.nodes.get(id).ok_or(No)?;
            let can = node_next(n.state, NodeMove::Undo).is_some()
                && n.state != JobNodeState::Interrupted
                && !self.plan.aside.told.contains(id);
            if !can || n.runs() || !n.steps.iter().skip(*back_to).any(|s| s.touched) || !seen.insert(*id) {
                return Err(No);
            }
        }
        self.resume_if_over()?;
        for (id, back_to) in nodes {
            let Some(n) = self.nodes.get_mut(id) else { continue };
            n.moved(NodeMove::Undo)?;
            n.why = None;
            let run = UndoRun {
                back_to: *back_to,
                tried_from: n.steps.len(),
                by: by.map(str::to_owned),
                ended: false,
            };
            n.undo = Some(Box::new(run));
        }
        Ok(())
    }

    fn undo_started(&mut self, node: NodeId, index: usize, attempt: u32, at: Moment) -> Applied {
        if !self.mends() {
            return Err(No);
        }
        let n = self.nodes.get(&node).filter(|n| n.state == JobNodeState::Undoing && !n.runs()).ok_or(No)?;
        if self.next_undo(n) != Some((index, attempt)) {
            return Err(No);
        }
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        let step = n.steps.get_mut(index).ok_or(No)?;
        step.keep(StepAction::Undo);
        step.undo = Some(Box::new(UndoProgress { attempt, state: StepState::Running { since: at } }));
        if let Some(run) = &mut n.undo {
            run.tried_from = index;
        }
        n.extended = 0;
        Ok(())
    }

    fn undo_finished(&mut self, node: NodeId) -> Applied {
        let n = self.nodes.get(&node).filter(|n| n.state == JobNodeState::Undoing && !n.runs()).ok_or(No)?;
        if !self.mends() || self.next_undo(n).is_some() {
            return Err(No);
        }
        let back_to = n.undo.as_ref().map_or(0, |u| u.back_to);
        let left = n
            .steps
            .iter()
            .skip(back_to)
            .any(|s| s.touched && !self.plan.steps.get(&s.step).is_some_and(|p| p.irreversible));
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        n.moved(if left { NodeMove::UndoFail } else { NodeMove::Undone })?;
        n.undo_over();
        Ok(())
    }

    fn reinstall_asked(&mut self, node: NodeId, run: ReinstallRun) -> Applied {
        self.may_ask(run.by.as_deref())?;
        let n = self.nodes.get(&node).ok_or(No)?;
        let can = node_next(n.state, NodeMove::Reinstall).is_some() && n.state != JobNodeState::Interrupted;
        if !can || self.plan.kind == PlanKind::DryRun {
            return Err(No);
        }
        self.resume_if_over()?;
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        n.moved(NodeMove::Reinstall)?;
        n.reinstalls += u32::from(run.by.is_none());
        n.why = None;
        n.manual = None;
        n.reinstall = Some(Box::new(run));
        Ok(())
    }

    fn manual_asked(&mut self, node: NodeId, by: &str, at: Moment) -> Applied {
        self.may_ask(Some(by))?;
        let n = self.nodes.get(&node).ok_or(No)?;
        let from = !matches!(n.state, JobNodeState::Interrupted | JobNodeState::Checking);
        if !from || node_next(n.state, NodeMove::ByHand).is_none() || self.plan.kind == PlanKind::DryRun {
            return Err(No);
        }
        self.resume_if_over()?;
        let n = self.nodes.get_mut(&node).ok_or(No)?;
        n.moved(NodeMove::ByHand)?;
        n.why = None;
        n.manual = Some(Box::new(ManualRun { by: by.to_owned(), since: at, confirmed: 0, why: None }));
        Ok(())
    }
}
