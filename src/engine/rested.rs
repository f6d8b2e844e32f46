//! Jobs that are over and that nobody works with: what lists and rules ask of them, instead of every step.
//!
//! An engine runs for years and keeps every job. A job of a thousand nodes takes some hundred megabytes in memory, so those
//! that are over are let go when they become too many together, and read again from their journals when somebody looks at
//! one. A journal cannot grow meanwhile: only a job that is in memory as a whole is written to.

use super::Engine;
use super::jobs::{JobCell, no_job};
use super::records::JOBS;
use super::rows::job_row;
use crate::api::rows::JobRow;
use crate::api::{Failure, FailureKind};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::{Job, JobNode, Renewal};
use crate::domain::plan::{PlanKind, StageKind, StepId};
use crate::store;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that jobs which are over may take together in memory, as [`weight`] estimates them. The one that was looked at last
/// stays, however large.
const BUDGET: usize = 16 * 1024 * 1024;

/// A job that is over, in short.
pub struct Rested {
    /// Its line in a list.
    pub row: JobRow,
    /// Its nodes, in the order of their numbers.
    pub nodes: BTreeSet<NodeId>,
    /// Nodes that it only told of others.
    pub told: BTreeSet<NodeId>,
    /// Nodes that were in production before it and were neither undone nor renewed in it.
    pub stood: BTreeSet<NodeId>,
    /// By account: nodes on which a step that gets it was begun and not undone since.
    pub holds: BTreeMap<String, BTreeSet<NodeId>>,
}

impl Rested {
    fn of(job: &Job, row: JobRow) -> Self {
        let mut holds: BTreeMap<String, BTreeSet<NodeId>> = BTreeMap::new();
        for name in job.plan.steps.values().flat_map(|s| &s.secrets) {
            if !holds.contains_key(name) {
                holds.insert(name.clone(), holders(job, name));
            }
        }
        holds.retain(|_, nodes| !nodes.is_empty());
        Self {
            row,
            nodes: job.nodes.keys().copied().collect(),
            told: job.plan.aside.told.iter().copied().collect(),
            stood: job.nodes.keys().copied().filter(|id| stood(job, *id)).collect(),
            holds,
        }
    }
}

/// A job in the engine's memory.
#[derive(Clone)]
pub enum Kept {
    /// With every step.
    Whole(Arc<JobCell>),
    /// Over, and in short.
    Short(Arc<Rested>),
}

impl Kept {
    /// The job, if it is there with every step. One that is not over always is.
    pub fn whole(&self) -> Option<Arc<JobCell>> {
        match self {
            Self::Whole(cell) => Some(Arc::clone(cell)),
            Self::Short(_) => None,
        }
    }

    /// Its line in a list.
    pub fn row(&self) -> JobRow {
        match self {
            Self::Whole(cell) => job_row(cell, &mut cell.lock()),
            Self::Short(short) => short.row.clone(),
        }
    }

    /// What is asked of the job itself, or of what is left of it.
    pub fn ask<T>(&self, whole: impl FnOnce(&Job) -> T, short: impl FnOnce(&Rested) -> T) -> T {
        match self {
            Self::Whole(cell) => whole(&cell.lock().job),
            Self::Short(rested) => short(rested),
        }
    }

    /// Environment.
    pub fn env(&self) -> EnvId {
        self.ask(|j| j.env, |s| s.row.env)
    }

    /// Nodes on which a step that got the account was begun in it and not undone since.
    pub fn holders(&self, account: &str) -> BTreeSet<NodeId> {
        self.ask(|j| holders(j, account), |s| s.holds.get(account).cloned().unwrap_or_default())
    }
}

fn holders(job: &Job, account: &str) -> BTreeSet<NodeId> {
    if matches!(job.plan.kind, PlanKind::DryRun | PlanKind::Reinstall) {
        return BTreeSet::new();
    }
    let gets = |id: &StepId| job.plan.steps.get(id).is_some_and(|s| s.secrets.iter().any(|n| n == account));
    let sets = |n: &JobNode| {
        n.steps.iter().any(|s| s.touched && s.stage != StageKind::Verification && gets(&s.step))
    };
    job.nodes.iter().filter(|(_, n)| sets(n)).map(|(id, _)| *id).collect()
}

/// Whether a node was in production before the job, and was neither undone nor renewed in it.
pub fn stood(job: &Job, node: NodeId) -> bool {
    let renewed =
        |n: &JobNode| n.reinstall.as_ref().is_some_and(|r| matches!(r.ended, Some(Renewal::Fresh { .. })));
    job.plan.aside.standing.contains(&node)
        && job.nodes.get(&node).is_some_and(|n| n.undo.is_none() && !renewed(n))
}

/// What a job takes in memory, bytes: an estimate from what it has most of.
pub fn weight(job: &Job) -> usize {
    let steps: usize = job.nodes.values().map(|n| n.steps.len()).sum();
    // A step of a node: its progress with an earlier attempt or two, and its places in plan and list.
    steps * 400 + job.nodes.len() * 1_000 + job.plan.steps.len() * 1_500
}

/// Which jobs were looked at last, and the one lock under which a job is read again.
#[derive(Default)]
pub struct Shelf {
    looks: AtomicU64,
    reading: Mutex<()>,
}

impl Shelf {
    /// The number of a look: later ones are greater.
    pub fn look(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::Relaxed)
    }
}

impl Engine {
    /// Jobs as they are kept, oldest first.
    pub(super) fn kept_jobs(&self) -> Vec<(JobId, Kept)> {
        self.model.read().jobs.iter().map(|(id, kept)| (*id, kept.clone())).collect()
    }

    /// Jobs that are in memory with every step, among them all that are not over.
    pub(super) fn whole_jobs(&self) -> Vec<Arc<JobCell>> {
        self.model.read().jobs.values().filter_map(Kept::whole).collect()
    }

    /// The job with that identity, with every step.
    pub fn job(&self, job: JobId) -> Result<Arc<JobCell>, Failure> {
        let kept = self.model.read().jobs.get(&job).cloned().ok_or_else(|| no_job(job))?;
        let cell = match kept.whole() {
            Some(cell) => cell,
            None => super::records::blocking(|| self.read_again(job))?,
        };
        cell.looked(self.shelf.look());
        Ok(cell)
    }

    fn read_again(&self, id: JobId) -> Result<Arc<JobCell>, Failure> {
        // Two who read the same job at the same time would each get one of their own.
        let _one = self.shelf.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.model.read().jobs.get(&id).cloned().ok_or_else(|| no_job(id))?;
        if let Some(cell) = kept.whole() {
            return Ok(cell);
        }
        let refused = |f: store::Error| super::records::refused(&f);
        let plan = self.read_plan(id).map_err(|why| Failure::said(FailureKind::Engine, &why))?;
        let (_, record) = self.records.under(JOBS, &id).map_err(refused)?.pop().ok_or_else(|| no_job(id))?;
        let cell = self.load_job(id, record, plan).map_err(refused)?;
        cell.looked(self.shelf.look());
        {
            let mut model = self.model.write();
            // Purged meanwhile.
            let kept = model.jobs.get_mut(&id).ok_or_else(|| no_job(id))?;
            *kept = Kept::Whole(Arc::clone(&cell));
        }
        self.rest_jobs();
        Ok(cell)
    }

    /// Lets go of jobs that are over and that nobody works with, those first that were looked at longest ago, until the
    /// others are within [`BUDGET`]. Whoever looks at a job may hold another one, so none is waited for here.
    pub(super) fn rest_jobs(&self) {
        self.rest_jobs_beyond(BUDGET);
    }

    /// As [`Self::rest_jobs`], with another budget.
    pub(super) fn rest_jobs_beyond(&self, budget: usize) {
        let mut over: Vec<(u64, usize, Arc<JobCell>)> = self
            .whole_jobs()
            .into_iter()
            .filter(|cell| cell.try_lock().is_some_and(|inner| inner.job.state.is_over()))
            .map(|cell| (cell.last_look(), cell.weight, cell))
            .collect();
        over.sort_unstable_by_key(|(look, ..)| std::cmp::Reverse(*look));
        let mut sum = 0_usize;
        for (place, (_, weight, cell)) in over.into_iter().enumerate() {
            sum = sum.saturating_add(weight);
            if place > 0 && sum > budget {
                self.rest(&cell);
            }
        }
    }

    fn rest(&self, cell: &Arc<JobCell>) {
        let (entries, short) = {
            let Some(mut inner) = cell.try_lock() else { return };
            let row = job_row(cell, &mut inner);
            (inner.entries, Rested::of(&inner.job, row))
        };
        let mut model = self.model.write();
        let Some(kept @ Kept::Whole(_)) = model.jobs.get_mut(&cell.id) else { return };
        // The map's and the caller's: nobody else can get one while the model is locked, so the job is free, too.
        let is_alone = Arc::strong_count(cell) == 2;
        let is_same = || cell.try_lock().is_some_and(|i| i.entries == entries && i.job.state.is_over());
        if is_alone && is_same() {
            *kept = Kept::Short(Arc::new(short));
        }
    }
}
