//! The fold of a journal into a report.

use super::shares;
use super::{
    AttemptReport, ErrorReport, FORMAT, JobReport, NodeReport, Note, RenewalReport, StepReport, Stretch,
    Totals, end_words,
};
use crate::domain::ids::NodeId;
use crate::domain::job::{Job, JobEvent, JobNodeState, JournalEntry, Renewal, StepAction, StepEnd};
use crate::domain::plan::StepId;
use crate::domain::said::Said;
use crate::domain::time::{Moment, span};
use std::collections::BTreeMap;

/// Times in which the job was not over, as they come out of the journal.
#[derive(Default)]
struct Active {
    closed: Vec<(Moment, Moment)>,
    open: Option<Moment>,
}

impl Active {
    fn see(&mut self, at: Moment, over: bool) {
        let since = *self.open.get_or_insert(at);
        if over {
            self.closed.push((since, at));
            self.open = None;
        }
    }

    /// How much of it lies before `end`.
    fn until(&self, end: Moment) -> u64 {
        let open = self.open.map(|since| (since, end));
        self.closed.iter().copied().chain(open).map(|(from, to)| to.min(end).since(from)).sum()
    }
}

struct Fold<'a> {
    job: &'a Job,
    nodes: BTreeMap<NodeId, NodeReport>,
    notes: Vec<Note>,
    active: Active,
    first_error: Option<ErrorReport>,
    interruptions: u32,
}

/// See [`JobReport::of`].
pub(super) fn report(job: &Job, environment: &str, journal: &[JournalEntry], at: Moment) -> JobReport {
    let at = journal.last().map_or(at, |last| at.max(last.at));
    let mut fold = Fold {
        job,
        nodes: job.nodes.keys().map(|id| (*id, node_report(job, *id))).collect(),
        notes: Vec::new(),
        active: Active::default(),
        first_error: None,
        interruptions: 0,
    };
    for entry in journal {
        fold.active.see(entry.at, matches!(entry.event, JobEvent::Ended));
        fold.apply(entry);
    }
    fold.finish(environment, at)
}

fn node_report(job: &Job, id: NodeId) -> NodeReport {
    let plan = job.plan.node(id);
    let node = job.nodes.get(&id);
    NodeReport {
        node: id,
        name: plan.map_or_else(|| id.to_string(), |p| p.name.clone()),
        roles: plan.map(|p| p.roles.clone()).unwrap_or_default(),
        state: node.map(|n| n.state).unwrap_or_default(),
        why: node.and_then(|n| n.why.as_ref().map(ToString::to_string)),
        busy_ms: 0,
        waiting_ms: 0,
        steps: node
            .into_iter()
            .flat_map(|n| &n.steps)
            .map(|s| StepReport {
                stage: s.stage,
                step: s.step.clone(),
                done: s.is_done(),
                attempts: Vec::new(),
            })
            .collect(),
        renewals: Vec::new(),
    }
}

impl Fold<'_> {
    fn name(&self, node: NodeId) -> String {
        self.nodes.get(&node).map_or_else(|| node.to_string(), |n| n.name.clone())
    }

    fn note(&mut self, at: Moment, kind: &str, node: Option<NodeId>, by: Option<&str>, text: String) {
        let node = node.map(|n| self.name(n));
        self.notes.push(Note { at, kind: kind.to_owned(), node, by: by.map(str::to_owned), text });
    }

    fn begin(&mut self, at: Moment, (node, index): (NodeId, usize), action: StepAction, number: u32) {
        let step = self.nodes.get_mut(&node).and_then(|n| n.steps.get_mut(index));
        if let Some(step) = step {
            step.attempts.push(AttemptReport { action, number, stretch: Stretch::open(at), end: None });
        }
    }

    fn end(&mut self, at: Moment, (node, index): (NodeId, usize), action: StepAction, end: &StepEnd) {
        let step = self.nodes.get_mut(&node).and_then(|n| n.steps.get_mut(index));
        let undo = action == StepAction::Undo;
        let open = step.and_then(|s| {
            let name = s.step.clone();
            let mine = |a: &&mut AttemptReport| (a.action == StepAction::Undo) == undo && a.end.is_none();
            let open = s.attempts.iter_mut().rev().find(mine);
            open.map(|a| (name, a))
        });
        let Some((step, attempt)) = open else { return };
        attempt.stretch.close(at, end.is_good());
        attempt.end = Some(end.clone());
        let number = attempt.number;
        let failed = !end.is_good() && *end != StepEnd::Cancelled;
        if failed && action != StepAction::Undo {
            self.error(at, node, Some((step, number)), end_words(end));
        }
    }

    fn error(&mut self, at: Moment, node: NodeId, step: Option<(StepId, u32)>, what: String) {
        if self.first_error.is_some() {
            return;
        }
        let name = self.name(node);
        let (step, attempt) = step.map_or((None, 0), |(step, attempt)| (Some(step), attempt));
        self.first_error =
            Some(ErrorReport { at, node, name, step, attempt, what, lines: Vec::new(), known: None });
    }

    /// Nobody will hear any more of what is open on a node.
    fn close_open(&mut self, at: Moment, node: NodeId, why: &Said) {
        let Some(n) = self.nodes.get_mut(&node) else { return };
        let open: Vec<(usize, StepAction)> = n
            .steps
            .iter()
            .enumerate()
            .flat_map(|(i, s)| s.attempts.iter().filter(|a| a.end.is_none()).map(move |a| (i, a.action)))
            .collect();
        for (index, action) in open {
            self.end(at, (node, index), action, &StepEnd::Lost { why: why.clone() });
        }
        self.renewed(at, node, false);
    }

    fn renew(&mut self, at: Moment, node: NodeId, by_hand: bool) {
        if let Some(n) = self.nodes.get_mut(&node) {
            n.renewals.push(RenewalReport { by_hand, stretch: Stretch::open(at), phases: Vec::new() });
        }
    }

    fn renewed(&mut self, at: Moment, node: NodeId, good: bool) {
        let open = self.nodes.get_mut(&node).and_then(|n| n.renewals.last_mut());
        if let Some(open) = open.filter(|r| r.stretch.until.is_none()) {
            open.stretch.close(at, good);
        }
    }

    fn apply(&mut self, entry: &JournalEntry) {
        use JobEvent as E;
        let at = entry.at;
        let said = match &entry.event {
            E::StepStarted { node, index, attempt, .. } => {
                let step = self.job.nodes.get(node).and_then(|n| n.steps.get(*index)).map(|s| &s.step);
                let action = step.map_or(StepAction::Run, |step| self.job.plan.action(*node, step));
                // What is undone as a step of a task is a run of that task.
                let action = if action == StepAction::Undo { StepAction::Run } else { action };
                return self.begin(at, (*node, *index), action, *attempt);
            }
            E::UndoStarted { node, index, attempt } => {
                return self.begin(at, (*node, *index), StepAction::Undo, *attempt);
            }
            E::StepEnded { node, index, end, .. } => {
                return self.end(at, (*node, *index), StepAction::Run, end);
            }
            E::UndoEnded { node, index, end, .. } => {
                return self.end(at, (*node, *index), StepAction::Undo, end);
            }
            E::NodeFailed { node, why } => {
                self.close_open(at, *node, why);
                self.error(at, *node, None, why.to_string());
                ("node-failed", why.to_string())
            }
            E::ReinstallAsked { node, minutes, .. } => {
                self.renew(at, *node, false);
                ("reinstall", format!("its operating system is installed anew, within {minutes} minutes"))
            }
            E::ManualAsked { node, .. } => {
                self.renew(at, *node, true);
                ("manual", "its operating system is installed by hand".into())
            }
            E::ReinstallPhase { node, phase, .. } => {
                let open = self.nodes.get_mut(node).and_then(|n| n.renewals.last_mut());
                if let Some(open) = open {
                    open.phases.push((at, phase.word().to_owned()));
                }
                return;
            }
            E::ReinstallEnded { node, end: Renewal::Fresh { .. } }
            | E::ManualChecked { node, end: Renewal::Fresh { .. } } => {
                self.renewed(at, *node, true);
                ("renewed", "a fresh system answers".into())
            }
            E::ReinstallEnded { node, end: Renewal::Failed { why } } => {
                self.renewed(at, *node, false);
                ("reinstall-failed", why.to_string())
            }
            E::ManualLeft { node, .. } => {
                self.renewed(at, *node, false);
                ("manual-left", "the installation by hand was given up".into())
            }
            E::Interrupted => {
                self.interruptions += 1;
                (
                    "interrupted",
                    "the engine had died; a new one asks the nodes what became of their steps".into(),
                )
            }
            event => match plain(event) {
                Some(said) => said,
                None => return,
            },
        };
        let (kind, text) = said;
        let by = who(&entry.event).filter(|b| !b.is_empty());
        self.note(at, kind, entry.event.node(), by, text);
    }

    fn finish(mut self, environment: &str, at: Moment) -> JobReport {
        for node in self.nodes.values_mut() {
            // What nobody works on any more did not go on after the job was over.
            let left = node.renewals.last_mut().filter(|r| r.stretch.until.is_none());
            if let (Some(left), Some(ended)) = (left, self.job.ended) {
                left.stretch.close(ended, false);
            }
            let attempts = node.steps.iter_mut().flat_map(|s| &mut s.attempts).map(|a| &mut a.stretch);
            let mut last = None;
            for stretch in attempts.chain(node.renewals.iter_mut().map(|r| &mut r.stretch)) {
                if stretch.until.is_none() {
                    stretch.took_ms = at.since(stretch.since);
                }
                node.busy_ms = node.busy_ms.saturating_add(stretch.took_ms);
                last = last.max(Some(stretch.until.unwrap_or(at)));
            }
            let rests =
                matches!(node.state, JobNodeState::Done | JobNodeState::Failed | JobNodeState::Cancelled);
            let until = if rests { last } else { Some(at) };
            node.waiting_ms = until.map_or(0, |u| self.active.until(u)).saturating_sub(node.busy_ms);
        }
        let order: BTreeMap<NodeId, usize> =
            self.job.plan.nodes.iter().enumerate().map(|(place, n)| (n.id, place)).collect();
        let mut nodes: Vec<NodeReport> = self.nodes.into_values().collect();
        nodes.sort_by_key(|n| (order.get(&n.node).copied().unwrap_or(usize::MAX), n.node));
        JobReport {
            format: FORMAT,
            job: self.job.id,
            env: self.job.env,
            environment: environment.to_owned(),
            platform: self.job.plan.platform.clone(),
            by: self.job.by.clone(),
            state: self.job.state,
            created: self.job.created,
            ended: self.job.ended,
            at,
            totals: Totals {
                elapsed_ms: self.active.until(at),
                interruptions: self.interruptions,
                ..totals(&nodes)
            },
            first_error: self.first_error,
            notes: self.notes,
            stages: shares::stages(&nodes, at),
            modules: shares::modules(&nodes, at),
            steps: shares::steps(&nodes),
            nodes,
        }
    }
}

fn totals(nodes: &[NodeReport]) -> Totals {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut out = Totals { nodes: count(nodes.len()), ..Totals::default() };
    for node in nodes {
        out.busy_ms = out.busy_ms.saturating_add(node.busy_ms);
        out.waiting_ms = out.waiting_ms.saturating_add(node.waiting_ms);
        out.nodes_done += u32::from(node.state == JobNodeState::Done);
        out.renewed += count(node.renewals.iter().filter(|r| r.stretch.good).count());
        out.steps += count(node.steps.len());
        for step in &node.steps {
            let of =
                |undo: bool| step.attempts.iter().filter(move |a| (a.action == StepAction::Undo) == undo);
            let runs = of(false).count();
            out.attempts += count(runs);
            out.undone += count(of(true).count());
            out.repeated += u32::from(runs > 1);
            out.failed += count(of(false).filter(|a| a.is_bad()).count());
            out.steps_done += u32::from(step.done);
            let changed = of(false).any(|a| a.end == Some(StepEnd::Changed));
            out.changed += u32::from(step.done && changed);
        }
    }
    out
}

/// Who did it, where somebody did.
fn who(event: &JobEvent) -> Option<&str> {
    use JobEvent as E;
    match event {
        E::HoldAsked { by }
        | E::Released { by }
        | E::DrainAsked { by }
        | E::CancelAsked { by }
        | E::Retried { by }
        | E::ReinstallExtended { by, .. }
        | E::ManualAsked { by, .. }
        | E::ManualConfirmed { by, .. }
        | E::ManualCheck { by, .. }
        | E::ManualLeft { by, .. }
        | E::CeilingExtended { by, .. } => Some(by),
        E::NodeAgain { by, .. } | E::UndoAsked { by, .. } | E::ReinstallAsked { by, .. } => by.as_deref(),
        _ => None,
    }
}

/// The word and the sentence of what needs no more than that.
fn plain(event: &JobEvent) -> Option<(&'static str, String)> {
    use JobEvent as E;
    Some(match event {
        E::Started => ("started", "work starts".into()),
        E::Ended => ("ended", "nothing was left to do".into()),
        E::NodeSkipped { .. } => ("node-skipped", "its turn did not come, or was ended".into()),
        E::HoldAsked { .. } => ("hold", "asked to hold after the running steps".into()),
        E::Released { .. } => ("released", "asked to go on".into()),
        E::DrainAsked { .. } => ("drain", "asked to end the job after the running steps".into()),
        E::CancelAsked { .. } => ("cancel", "asked to end the job now".into()),
        E::Retried { .. } => ("retried", "asked to go on from what failed".into()),
        E::BudgetExceeded { role, failed, allowed } => {
            let said =
                format!("{failed} nodes of role {role} failed, {allowed} are allowed: nothing new begins");
            ("budget", said)
        }
        E::NodeAgain { by: None, .. } => ("again", "tried again automatically".into()),
        E::NodeAgain { by: Some(_), .. } => ("again", "asked to try it again".into()),
        E::UndoAsked { nodes, by: None } => ("undo", format!("{} nodes are undone, by policy", nodes.len())),
        E::UndoAsked { nodes, by: Some(_) } => ("undo", format!("asked to undo {} nodes", nodes.len())),
        E::UndoFinished { .. } => ("undo-finished", "what was to be undone was tried".into()),
        E::ReinstallExtended { minutes, .. } => {
            ("extended", format!("gave the reinstallation {minutes} minutes more"))
        }
        E::ManualConfirmed { number, .. } => ("confirmed", format!("confirmed instruction {number}")),
        E::ManualCheck { .. } => ("check", "asked to check what was done by hand".into()),
        E::ManualChecked { end: Renewal::Failed { why }, .. } => ("not-fresh", why.to_string()),
        E::CeilingExtended { seconds, .. } => {
            ("extended", format!("gave the running step {} more", span(u64::from(*seconds) * 1000)))
        }
        _ => return None,
    })
}
