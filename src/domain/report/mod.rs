//! What became of a job, and where its time went.
//!
//! [`JobReport::of`] folds the job's journal once more, this time to keep every attempt with its times instead of the latest
//! one. The report is one JSON document (`format` grows when a field changes its meaning), the timeline on the screen is made
//! from it, and [`text`] writes it for a terminal or a mail. Running jobs have one as well, as of `at`.
//!
//! All moments are the engine's clock; spans are never negative, even if that clock was set back.

mod shares;
mod text;

pub use shares::{Share, StepShare};
pub use text::text;

use super::ids::{EnvId, JobId, NodeId};
use super::job::{Job, JobEvent, JobNodeState, JobState, JournalEntry, StepAction, StepEnd};
use super::node::NodeRoles;
use super::plan::{StageKind, StepId};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// What was done on it besides steps: its operating system installed anew.
    pub renewals: Vec<Stretch>,
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

impl JobReport {
    /// The report of a job with that journal, as of `at` (never before the last entry).
    pub fn of(job: &Job, environment: &str, journal: &[JournalEntry], at: Moment) -> Self {
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
}

fn node_report(job: &Job, id: NodeId) -> NodeReport {
    let plan = job.plan.node(id);
    let node = job.nodes.get(&id);
    NodeReport {
        node: id,
        name: plan.map_or_else(|| id.to_string(), |p| p.name.clone()),
        roles: plan.map(|p| p.roles.clone()).unwrap_or_default(),
        state: node.map(|n| n.state).unwrap_or_default(),
        why: node.and_then(|n| n.why.clone()),
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
        let open = step.and_then(|s| {
            let name = s.step.clone();
            let open = s.attempts.iter_mut().rev().find(|a| a.action == action && a.end.is_none());
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
        self.first_error = Some(ErrorReport { at, node, name, step, attempt, what, lines: Vec::new() });
    }

    fn apply(&mut self, entry: &JournalEntry) {
        let at = entry.at;
        match &entry.event {
            JobEvent::Started => self.note(at, "started", None, None, "work starts".into()),
            JobEvent::NodeBoot { .. } | JobEvent::NodeFound { .. } => {}
            JobEvent::StepStarted { node, index, attempt, .. } => {
                self.begin(at, (*node, *index), StepAction::Run, *attempt);
            }
            JobEvent::StepEnded { node, index, end, .. } => {
                self.end(at, (*node, *index), StepAction::Run, end);
            }
            JobEvent::NodeFailed { node, why } => {
                // An attempt of which nobody will hear any more ends with it.
                let open: Vec<(usize, StepAction)> = self.nodes.get(node).map_or_else(Vec::new, |n| {
                    let steps = n.steps.iter().enumerate();
                    steps
                        .flat_map(|(i, s)| {
                            s.attempts.iter().filter(|a| a.end.is_none()).map(move |a| (i, a.action))
                        })
                        .collect()
                });
                for (index, action) in open {
                    self.end(at, (*node, index), action, &StepEnd::Lost { why: why.clone() });
                }
                self.error(at, *node, None, why.clone());
                self.note(at, "node-failed", Some(*node), None, why.clone());
            }
            JobEvent::NodeSkipped { node } => {
                self.note(
                    at,
                    "node-skipped",
                    Some(*node),
                    None,
                    "its turn did not come, or was ended".into(),
                );
            }
            JobEvent::CancelAsked { by } => {
                self.note(at, "cancel", None, Some(by), "asked to end the job now".into());
            }
            JobEvent::Interrupted => {
                self.interruptions += 1;
                let text = "the engine had died; a new one asks the nodes what became of their steps";
                self.note(at, "interrupted", None, None, text.into());
            }
            JobEvent::Retried { by } => {
                self.note(at, "retried", None, Some(by), "asked to go on from what failed".into());
            }
            JobEvent::Ended => self.note(at, "ended", None, None, "nothing was left to do".into()),
            JobEvent::UndoStarted { node, index, attempt } => {
                self.begin(at, (*node, *index), StepAction::Undo, *attempt);
            }
            JobEvent::UndoEnded { node, index, end, .. } => {
                self.end(at, (*node, *index), StepAction::Undo, end);
            }
            _ => {}
        }
    }

    fn finish(mut self, environment: &str, at: Moment) -> JobReport {
        for node in self.nodes.values_mut() {
            let attempts = node.steps.iter_mut().flat_map(|s| &mut s.attempts).map(|a| &mut a.stretch);
            let mut last = None;
            for stretch in attempts.chain(&mut node.renewals) {
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
        out.renewed += count(node.renewals.iter().filter(|r| r.good).count());
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

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
