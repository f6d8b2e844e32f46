//! A job: one execution of a plan, as the fold of its journal.
//!
//! What happens to a job is written into its journal as [`JobEvent`] first and applied here second; replaying the journal
//! gives the same [`Job`]. The executor asks the job what is to be done ([`schedule`]) and reports what became of it; it keeps
//! no state of its own that a restart could lose. Read `states` first (the two tables), then `event`, then `apply`.

mod apply;
mod apply_node;
mod event;
pub mod forecast;
pub mod schedule;
mod states;
mod steps;
#[cfg(test)]
mod tests;
pub mod undo;
pub mod waits;

pub use event::{JobEvent, JournalEntry, ReinstallPhase, Renewal};
pub use states::{
    JOB_TABLE, JobMove, JobNodeState, JobState, NODE_TABLE, NodeMove, exits, job_next, node_next,
};
pub use steps::{PastAttempt, StepAction, StepEnd, StepProgress, StepState, UndoProgress};

use super::ids::{EnvId, JobId, NodeId};
use super::node::NodeRole;
use super::plan::{Plan, StageKind};
use super::policy::budget_role;
use super::said::Said;
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An undo that is going on, or went on last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRun {
    /// The first step (place in the node's list) that is to be undone.
    pub back_to: usize,
    /// Steps from this place on were tried in this run.
    pub tried_from: usize,
    /// Who asked; nobody: the environment's policy.
    pub by: Option<String>,
    /// Whether it is over.
    pub ended: bool,
}

/// A reinstallation that is going on, or went on last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReinstallRun {
    /// Who asked; nobody: the environment's policy.
    pub by: Option<String>,
    /// Cobbler's profile, or the one that its system has.
    pub profile: Option<String>,
    /// Where it stands.
    pub phase: ReinstallPhase,
    /// Since when.
    pub since: Moment,
    /// When it was asked for.
    pub asked: Moment,
    /// Minutes from the power cycle on until a fresh system must answer.
    pub minutes: u32,
    /// When the machine was switched on.
    pub powered: Option<Moment>,
    /// The same on the Cobbler server's clock, in seconds since 1970.
    pub server_time: Option<i64>,
    /// Cobbler's name of the system, once it is known.
    pub system: Option<String>,
    /// Old values of what was changed in Cobbler.
    pub was: BTreeMap<String, String>,
    /// What failed, once it did.
    pub why: Option<Said>,
    /// How it ended.
    pub ended: Option<Renewal>,
}

/// A manual procedure that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualRun {
    /// Who asked for it.
    pub by: String,
    /// Since when.
    pub since: Moment,
    /// Instructions that were confirmed.
    pub confirmed: u32,
    /// What the last check found missing.
    pub why: Option<Said>,
}

/// A node within a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobNode {
    /// Where it stands.
    pub state: JobNodeState,
    /// Its steps over all stages, in order.
    pub steps: Vec<StepProgress>,
    /// Why it failed, when that was not a step.
    pub why: Option<Said>,
    /// Whether it is a controller, on which the others depend.
    pub controller: bool,
    /// Place of its first step that is not done.
    pub cursor: usize,
    /// Seconds that the open attempt was given beyond its ceiling.
    pub extended: u32,
    /// The boot in which it was worked on last.
    pub boot: Option<String>,
    /// Its undo.
    pub undo: Option<Box<UndoRun>>,
    /// Its reinstallation.
    pub reinstall: Option<Box<ReinstallRun>>,
    /// Reinstallations in this job that nobody asked for.
    pub reinstalls: u32,
    /// The manual procedure.
    pub manual: Option<Box<ManualRun>>,
}

/// Who ends a job after the running steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drain {
    /// An operator.
    Asked(String),
    /// Too many nodes failed.
    Budget {
        /// Of which role.
        role: NodeRole,
        /// Failed.
        failed: usize,
        /// Allowed.
        allowed: usize,
    },
}

/// Who has a job in hand: nobody else steers it while it works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Who.
    pub by: String,
    /// Since when.
    pub since: Moment,
    /// From whom it was taken over, and why.
    #[serde(default)]
    pub taken: Option<(String, String)>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// Environment.
    pub env: EnvId,
    /// What is to be done.
    pub plan: Arc<Plan>,
    /// Who started it.
    pub by: String,
    /// Who has it in hand: who started it, went on with it after it was over, or took it over.
    pub owner: Owner,
    /// When it was made.
    pub created: Moment,
    /// When it was over, if it is.
    pub ended: Option<Moment>,
    /// Where it stands.
    pub state: JobState,
    /// Who asked to end it.
    pub cancelled_by: Option<String>,
    /// Why it begins nothing new.
    pub drain: Option<Drain>,
    /// Who holds it.
    pub held_by: Option<String>,
    /// Nodes that had failed when an operator took the job up again: he knows, so they do not count against the budget
    /// until they were worked on once more.
    pub known: BTreeSet<NodeId>,
    /// Its nodes.
    pub nodes: BTreeMap<NodeId, JobNode>,
}

/// A journal entry that does not fit the job's state: a defect, a damaged journal, or a request that comes too late.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job {job} is {state}: it does not allow {what}")]
pub struct JobRefusal {
    /// Which job.
    pub job: JobId,
    /// Its state.
    pub state: JobState,
    /// What was refused.
    pub what: String,
}

impl Job {
    /// A new job, in which nothing has happened.
    pub fn new(id: JobId, plan: Plan, by: String, created: Moment) -> Self {
        let mut nodes: BTreeMap<NodeId, JobNode> = plan
            .nodes
            .iter()
            .map(|n| {
                let controller = n.roles.contains(&NodeRole::Controller);
                (n.id, JobNode { controller, ..JobNode::default() })
            })
            .collect();
        for stage in &plan.stages {
            for item in &stage.items {
                let node = nodes.entry(item.node).or_default();
                node.steps.extend(item.steps.iter().map(|step| StepProgress::new(stage.kind, step.clone())));
            }
        }
        for node in nodes.values_mut() {
            node.steps.shrink_to_fit();
        }
        Self {
            id,
            env: plan.env,
            plan: Arc::new(plan),
            owner: Owner { by: by.clone(), since: created, taken: None },
            by,
            created,
            ended: None,
            state: JobState::Queued,
            cancelled_by: None,
            drain: None,
            held_by: None,
            known: BTreeSet::new(),
            nodes,
        }
    }

    /// The job that a journal tells of.
    pub fn replay(
        id: JobId,
        plan: Plan,
        by: String,
        created: Moment,
        journal: &[JournalEntry],
    ) -> Result<Self, JobRefusal> {
        let mut job = Self::new(id, plan, by, created);
        for entry in journal {
            job.apply(entry)?;
        }
        Ok(job)
    }

    /// A copy that accepts or refuses `event` as the job itself does, with only those nodes in it that matter for that.
    #[must_use]
    pub fn excerpt(&self, event: &JobEvent) -> Self {
        let only = event.node();
        let nodes = match only {
            Some(id) => self.nodes.get(&id).map(|n| (id, n.clone())).into_iter().collect(),
            None => self.nodes.clone(),
        };
        Self {
            plan: Arc::clone(&self.plan),
            by: self.by.clone(),
            owner: self.owner.clone(),
            cancelled_by: self.cancelled_by.clone(),
            drain: self.drain.clone(),
            held_by: self.held_by.clone(),
            known: self.known.clone(),
            nodes,
            ..*self
        }
    }

    /// How the job would end now.
    fn result(&self) -> JobMove {
        let any = |states: &[JobNodeState]| self.nodes.values().any(|n| states.contains(&n.state));
        if self.nodes.values().all(|n| n.state == JobNodeState::Done || n.is_idle()) {
            JobMove::Succeed
        } else if self.state == JobState::Cancelling || matches!(self.drain, Some(Drain::Asked(_))) {
            JobMove::EndCancelled
        } else if any(&[JobNodeState::Failed, JobNodeState::UndoFailed])
            || (self.drain.is_some() && !self.is_undone_by_operator())
        {
            JobMove::Fail
        } else if any(&[JobNodeState::Undone]) {
            JobMove::EndUndone
        } else {
            JobMove::Fail
        }
    }

    /// Whether an operator had something undone. Such nodes count against the budget, so that nothing is built on them, but
    /// the job did not fail for that.
    fn is_undone_by_operator(&self) -> bool {
        let asked = |n: &JobNode| n.undo.as_ref().is_some_and(|u| u.by.is_some());
        self.nodes.values().any(|n| n.state == JobNodeState::Undone && asked(n))
    }

    /// The node's first step of `stage` that is not done: its place in the list and the number of its next attempt.
    pub fn next_step(&self, node: NodeId, stage: StageKind) -> Option<(usize, u32)> {
        let node = self.nodes.get(&node)?;
        let step = node.steps.get(node.cursor).filter(|s| s.stage == stage)?;
        Some((node.cursor, step.attempt + 1))
    }

    /// The step of `node` that runs or is being undone, or was when the engine died.
    pub fn open_step(&self, node: NodeId) -> Option<(usize, &StepProgress)> {
        self.nodes.get(&node)?.open_step()
    }

    /// How many steps changed something in this job.
    pub fn changed_steps(&self) -> usize {
        let ends = self.nodes.values().flat_map(|n| &n.steps).map(|s| &s.state);
        ends.filter(|s| matches!(s, StepState::Ended { end: StepEnd::Changed, .. })).count()
    }

    /// The role of which more nodes failed than its budget allows: role, failed, allowed.
    pub fn over_budget(&self) -> Option<(NodeRole, usize, usize)> {
        let mut counts: BTreeMap<NodeRole, (usize, usize)> = BTreeMap::new();
        for p in &self.plan.nodes {
            let Some(node) = self.nodes.get(&p.id) else { continue };
            let (all, failed) = counts.entry(budget_role(&p.roles)).or_default();
            *all += 1;
            *failed += usize::from(node.counts_as_failed() && !self.known.contains(&p.id));
        }
        counts.into_iter().find_map(|(role, (all, failed))| {
            let allowed = self.plan.policy.budget.of(role).allows(all);
            (failed > allowed).then_some((role, failed, allowed))
        })
    }
}

impl JobNode {
    /// Whether an attempt was started whose end is not known.
    pub fn runs(&self) -> bool {
        self.open_step().is_some()
    }

    fn open_step(&self) -> Option<(usize, &StepProgress)> {
        // Only nodes at work have an open attempt; most are not, and are asked often.
        let at_work =
            matches!(self.state, JobNodeState::Running | JobNodeState::Interrupted | JobNodeState::Undoing);
        if !at_work {
            return None;
        }
        self.steps.iter().enumerate().find(|(_, s)| s.is_open())
    }

    /// Whether it failed and nobody is mending it: what a budget of failures counts. What an operator undoes is no failure.
    fn counts_as_failed(&self) -> bool {
        match self.state {
            JobNodeState::Failed => true,
            JobNodeState::Undoing | JobNodeState::Undone | JobNodeState::UndoFailed => {
                self.undo.as_ref().is_some_and(|u| u.by.is_none())
            }
            _ => false,
        }
    }

    /// Whether the plan asks nothing of it and nothing else is done to it.
    pub fn is_idle(&self) -> bool {
        self.steps.is_empty() && matches!(self.state, JobNodeState::Waiting | JobNodeState::Cancelled)
    }

    /// Whether some step may have changed something that is still there.
    pub fn is_touched(&self) -> bool {
        self.steps.iter().any(|s| s.touched)
    }

    /// The stage of its first step that is not done.
    pub fn stage(&self) -> Option<StageKind> {
        self.steps.get(self.cursor).map(|s| s.stage)
    }

    fn recount(&mut self) {
        self.cursor = self.steps.iter().position(|s| !s.is_done()).unwrap_or(self.steps.len());
    }
}
