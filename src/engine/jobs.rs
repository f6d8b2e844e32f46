//! Jobs: made, run, watched. What operators ask of a job is in `asks`, its journal in `journal`, a restart in `taking_up`.
//!
//! A [`JobCell`] holds a job as its journal tells it and, besides, what is only worth showing: bars, last lines, what a
//! node waits for. Everything that matters is in the journal before anything is done about it.

use super::knowing::{Begun, Times};
use super::records::{ENVIRONMENTS, JOBS, JobRecord, NODES};
use super::rested::Kept;
use super::topics::Area;
use super::{Engine, bundles, now, rested, site};
use crate::api::message::Window;
use crate::api::rows::{FirstError, JobRow};
use crate::api::{Failure, FailureKind, WINDOW_MAX};
use crate::catalog::{BundleInput, Lists, network, shape};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{Job, JobEvent, JobNode, JobState, Renewal};
use crate::domain::node::{self, NodeEvent};
use crate::domain::plan::{Plan, PlanKind, StageKind, StepId};
use crate::domain::progress::Bar;
use crate::domain::said::sentence;
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::install::{Attempt, execute};
use crate::store::{self, Batch, Kind, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journalled {
    /// It is in the journal.
    Accepted,
    /// It is in the journal, and the job, which was over, is to be worked on again.
    Resumed,
    /// The job does not allow it; nothing was changed.
    Refused,
}

/// What is shown of a node while a job works on it, and forgotten with the process.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What it waits for that only the engine knows: its link, or the engine itself.
    pub waits: Option<WaitsFor>,
    /// The attempt that this process began or took up.
    pub begun: Option<Begun>,
    /// When the last output came.
    pub last_output: Option<Moment>,
    /// End of the output, for the last line.
    pub tail: String,
}

/// A job with all that is shown of it.
pub struct Inner {
    /// The job.
    pub job: Job,
    /// Entries in the journal.
    pub entries: u64,
    /// The job's bar.
    pub bar: Bar,
    /// One bar a stage.
    pub stage_bars: BTreeMap<StageKind, Bar>,
    /// One bar a node.
    pub node_bars: HashMap<NodeId, Bar>,
    /// What is known beyond the journal.
    pub live: HashMap<NodeId, Live>,
    /// First failure of this run.
    pub first_error: Option<FirstError>,
    /// The job as it was last shown in a list, and when.
    pub shown: Option<(Instant, JobRow)>,
}

/// A job in the engine.
pub struct JobCell {
    /// Identity.
    pub id: JobId,
    inner: Mutex<Inner>,
    /// Usual times.
    pub times: Times,
    cancel: Mutex<CancellationToken>,
    /// What it takes in memory, bytes; see [`rested::weight`].
    pub weight: usize,
    looked: AtomicU64,
    /// An operator has asked for something.
    pub wake: Notify,
}

impl JobCell {
    /// What it is for.
    pub fn kind(&self) -> PlanKind {
        self.lock().job.plan.kind
    }

    /// The job, for reading and for changing.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job, if nobody else has it at this moment.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(inner)) => Some(inner.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Somebody looks at it; see [`rested::Shelf::look`].
    pub fn looked(&self, look: u64) {
        self.looked.fetch_max(look, Ordering::Relaxed);
    }

    /// When it was looked at last, in looks.
    pub fn last_look(&self) -> u64 {
        self.looked.load(Ordering::Relaxed)
    }

    /// What ends its running steps.
    pub fn token(&self) -> MutexGuard<'_, CancellationToken> {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn no_job(job: JobId) -> Failure {
    Failure::new(FailureKind::NotFound, format!("there is no job {job}"))
        .keyed("error-no-job")
        .arg("job", job)
}

/// A file that the engine needs and does not get.
pub(super) fn io(path: &std::path::Path, why: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Engine, format!("{}: {why}", path.display()))
}

impl Engine {
    /// Where a job's files are.
    pub fn job_dir(&self, job: JobId) -> PathBuf {
        self.options.data.join("jobs").join(job.to_string())
    }

    /// The job that works on an environment, if one does.
    pub fn running_job(&self, env: EnvId) -> Option<JobId> {
        self.whole_jobs()
            .into_iter()
            .find(|j| {
                let inner = j.lock();
                inner.job.env == env && !inner.job.state.is_over()
            })
            .map(|j| j.id)
    }

    /// A job as the engine holds it.
    pub(super) fn cell(&self, job: Job, entries: u64) -> Arc<JobCell> {
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let times = Times::new(&job.plan, &learned, |id| self.node(id).ok());
        drop(learned);
        Arc::new(JobCell {
            id: job.id,
            weight: rested::weight(&job),
            looked: AtomicU64::new(self.shelf.look()),
            inner: Mutex::new(Inner {
                job,
                entries,
                bar: Bar::default(),
                stage_bars: BTreeMap::new(),
                node_bars: HashMap::new(),
                live: HashMap::new(),
                first_error: None,
                shown: None,
            }),
            times,
            cancel: Mutex::new(CancellationToken::new()),
            wake: Notify::new(),
        })
    }

    /// What an installation would do.
    pub fn plan(&self, env: &Environment, kind: PlanKind) -> Result<Plan, Failure> {
        self.catalog()?
            .plan(&self.plan_input(env, kind))
            .map_err(|f| Failure::said(FailureKind::Invalid, &f.said()))
    }

    /// Starts an installation, or a dry run of one.
    pub fn install(
        self: &Arc<Self>,
        asks: &User,
        env: EnvId,
        kind: PlanKind,
        only_new: bool,
        over: Option<String>,
    ) -> Result<Arc<JobCell>, Failure> {
        let env = self.env(env)?;
        self.refuse_while_busy(env.id)?;
        if kind == PlanKind::Install {
            self.refuse_unfinished_rotation(&env)?;
        }
        let mut plan = if only_new { self.plan_of_new(&env, kind)? } else { self.plan(&env, kind)? };
        let standing = |id: &NodeId| self.node(*id).is_ok_and(|n| self.is_standing(&n));
        plan.aside.standing = plan.nodes.iter().map(|n| n.id).filter(standing).collect();
        self.accounts(&env)?;
        let deed = if kind == PlanKind::Install {
            self.refuse_network_faults(&env, &plan)?;
            let (words, reason) = self.pass_gate(env.id, over)?;
            let what = sentence!(
                "deed-install-nodes", "started the installation of {nodes} nodes; {gate}", nodes = plan.nodes.len(); gate = words
            );
            Some(Self::deed(asks, AuditKind::Install, &env, what).because(reason))
        } else {
            None
        };
        self.start_job(asks, &env, plan, deed)
    }

    /// Makes a job of a plan and starts it. Its nodes belong to it from then on, unless it only looks. What the trail is to
    /// say of it, if anything, is written together with it.
    pub fn start_job(
        self: &Arc<Self>,
        asks: &User,
        env: &Environment,
        plan: Plan,
        deed: Option<AuditEntry>,
    ) -> Result<Arc<JobCell>, Failure> {
        self.start_job_with(asks, env, plan, deed, |_, _| Ok(()))
    }

    /// As [`Self::start_job`], with more that is written together with the job.
    pub fn start_job_with(
        self: &Arc<Self>,
        asks: &User,
        env: &Environment,
        plan: Plan,
        deed: Option<AuditEntry>,
        also: impl FnOnce(&mut Batch, JobId) -> store::Result<()>,
    ) -> Result<Arc<JobCell>, Failure> {
        let id = JobId(self.records.next_id(Kind::Jobs)?);
        super::records::blocking(|| self.write_job_files(id, &plan))?;
        let cell = {
            let _write = self.write();
            self.refuse_while_busy(env.id)?;
            if plan.kind != PlanKind::DryRun {
                self.refuse_while_proving(env.id)?;
            }
            let changed = self.reshaped(asks, env, &plan)?;
            let record = JobRecord { env: env.id, by: asks.name.clone(), created: now() };
            let mut nodes = Vec::new();
            for n in &plan.nodes {
                let mut node = self.node(n.id)?;
                if plan.kind == PlanKind::DryRun {
                    continue;
                }
                refuse_locked(&node)?;
                if !plan.kind.takes_nodes() {
                    continue;
                }
                node.job = Some(id);
                if plan.kind == PlanKind::Task {
                    node.roles.clone_from(&n.roles);
                }
                if plan.kind == PlanKind::Reinstall {
                    nodes.push(node);
                    continue;
                }
                node.state = node::next(node.state, NodeEvent::Queue)
                    .map_err(|r| super::nodes::refused_state(&node, r))?;
                nodes.push(node);
            }
            self.audited(deed.map(|d| d.job(id)), |batch| {
                for node in &nodes {
                    NODES.put(batch, &node.id, node, Stamp::engine(now()))?;
                }
                if let Some(env) = &changed {
                    ENVIRONMENTS.put(batch, &env.id, env, Stamp::engine(now()))?;
                }
                also(batch, id)?;
                JOBS.put(batch, &id, &record, Stamp::engine(now()))
            })?;
            let cell = self.cell(Job::new(id, plan, record.by, record.created), 0);
            let mut model = self.model.write();
            for node in nodes {
                model.nodes.insert(node.id, node);
            }
            if let Some(env) = changed {
                model.envs.insert(env.id, env);
            }
            model.jobs.insert(id, Kept::Whole(Arc::clone(&cell)));
            cell
        };
        self.rest_jobs();
        self.job_changed(&cell, env.id);
        self.topics.touch(Area::Nodes(env.id));
        tracing::info!(user = %asks.name, env = %env.name, job = %id, kind = cell.kind().word(), "job started");
        if cell.kind() != PlanKind::Reinstall {
            self.run(&cell);
        }
        Ok(cell)
    }

    /// Plan and bundles as files, on the disk before the job exists.
    pub(super) fn write_job_files(&self, id: JobId, plan: &Plan) -> Result<(), Failure> {
        let dir = self.job_dir(id);
        store::private_dir(&dir).map_err(|f| super::records::refused(&f))?;
        let catalog = self.catalog()?;
        let lists = Lists::of(plan);
        let kept = |fault: bundles::WriteFault| {
            let of_catalog = matches!(fault, bundles::WriteFault::Bundle(_));
            let kind = if of_catalog { FailureKind::Invalid } else { FailureKind::Engine };
            Failure::said(kind, &fault.said())
        };
        let mut files = bundles::Writer::new(&dir).map_err(|e| io(&dir, &e))?;
        let (network, resolved) = self.network(plan.env)?;
        let shape = plan.aside.shape.clone().map_or_else(|| self.env(plan.env).map(|e| e.shape), Ok)?;
        let name = self.env(plan.env)?.name;
        let mut carried = BTreeMap::new();
        for n in &plan.nodes {
            let node = self.node(n.id)?;
            let facts = node.facts.unwrap_or_default();
            let mut vars = network::variables(&network, &resolved, n.id, &n.address);
            vars.extend(shape::variables(&shape, plan.known(), n.id));
            vars.insert("ENVIRONMENT".to_owned(), name.clone());
            vars.extend(plan.aside.vars.clone());
            let options = self.options_of(plan.env, n.id)?;
            carried.insert(n.id, options.clone());
            let input =
                BundleInput { plan, node: n.id, job: id, facts: &facts, vars: &vars, options: &options };
            let bundle = catalog.bundle_with(input, &lists).and_then(crate::catalog::Bundle::packed);
            files.add(n.id, &bundle.map_err(|f| kept(f.into()))?).map_err(|f| kept(f.into()))?;
        }
        files.finish(&dir).map_err(kept)?;
        super::options::keep(&dir, &carried)?;
        let plan = serde_json::to_vec(plan).map_err(|e| Failure::new(FailureKind::Engine, e.to_string()))?;
        store::write_durably(&dir.join("plan.json"), &plan).map_err(|f| super::records::refused(&f))
    }

    /// A step as it will be run on a node; secrets are masked.
    pub fn step_script(&self, env: &Environment, node: NodeId, step: &StepId) -> Result<String, Failure> {
        let plan = self.plan(env, PlanKind::Install)?;
        let here = self.node(node)?;
        let address = here.address.to_string();
        let facts = here.facts.unwrap_or_default();
        let (network, resolved) = self.network(env.id)?;
        let mut vars = network::variables(&network, &resolved, node, &address);
        vars.extend(shape::variables(&env.shape, plan.known(), node));
        vars.insert("ENVIRONMENT".to_owned(), env.name.clone());
        let options = self.options_of(env.id, node)?;
        let input =
            BundleInput { plan: &plan, node, job: JobId(0), facts: &facts, vars: &vars, options: &options };
        let made = self.catalog()?.preview(input, step);
        Ok(made.map_err(|f| Failure::said(FailureKind::Invalid, &f.said()))?.text())
    }

    /// Works on a job until nothing is left to do.
    pub fn run(self: &Arc<Self>, cell: &Arc<JobCell>) {
        let token = {
            let mut token = cell.token();
            *token = CancellationToken::new();
            if cell.lock().job.state == JobState::Cancelling {
                token.cancel();
            }
            token.clone()
        };
        let site = Arc::new(site::JobSite::new(Arc::clone(self), Arc::clone(cell)));
        self.spawn(execute(site, token));
    }

    /// Somebody who watches this job should look again.
    pub fn job_changed(&self, cell: &JobCell, env: EnvId) {
        self.topics.touch(Area::Job(cell.id));
        self.topics.touch(Area::Jobs(env));
        self.topics.touch(Area::Environments);
    }

    /// The records of the nodes that change with the event.
    pub fn nodes_after(&self, before: &Job, after: &Job, event: &JobEvent) -> Vec<node::Node> {
        if !after.plan.kind.takes_nodes() {
            return Vec::new();
        }
        let mut out = Vec::new();
        for (id, is) in &after.nodes {
            let Some(was) = before.nodes.get(id) else { continue };
            let Ok(mut record) = self.node(*id) else { continue };
            let old = record.clone();
            let next = match event {
                JobEvent::StepStarted { node, index, .. } if node == id => {
                    let verifies = is.steps.get(*index).is_some_and(|s| s.stage == StageKind::Verification);
                    Some(if verifies { NodeEvent::Verify } else { NodeEvent::Start })
                }
                _ if was.state != is.state => Some(node_event(is)),
                _ => None,
            };
            if let JobEvent::ReinstallEnded { node, end: Renewal::Fresh { host_key, machine_id } }
            | JobEvent::ManualChecked { node, end: Renewal::Fresh { host_key, machine_id } } = event
                && node == id
            {
                record.host_key = Some(host_key.clone());
                if let Some(facts) = &mut record.facts {
                    facts.machine_id.clone_from(machine_id);
                }
            }
            // A node may have been installed by an earlier job; a state that does not allow the event stays.
            if let Some(state) = next.and_then(|next| node::next(record.state, next).ok()) {
                record.state = state;
            }
            if record != old {
                out.push(record);
            }
        }
        out
    }

    /// A window of a step's output.
    pub fn output_window(
        &self,
        job: JobId,
        attempt: &Attempt,
        offset: u64,
        max: u32,
    ) -> Result<Window, Failure> {
        if !self.model.read().jobs.contains_key(&job) {
            return Err(no_job(job));
        }
        let refused = |f: store::Error| super::records::refused(&f);
        let place = site::place(job, attempt).map_err(refused)?;
        let bytes = self.output.window(&place, offset, max.min(WINDOW_MAX) as usize).map_err(refused)?;
        Ok(Window { offset, bytes, length: self.output.len(&place).map_err(refused)? })
    }
}

/// What a node's place in a job means for its life.
fn node_event(node: &JobNode) -> NodeEvent {
    use crate::domain::job::JobNodeState as S;
    match node.state {
        S::Waiting if node.steps.is_empty() => NodeEvent::Renew,
        S::Waiting => NodeEvent::Queue,
        S::Running => NodeEvent::Start,
        S::Done => NodeEvent::Succeed,
        S::Failed => NodeEvent::Fail,
        S::Cancelled => NodeEvent::Cancel,
        S::Interrupted => NodeEvent::Interrupt,
        S::Undoing => NodeEvent::Undo,
        S::Undone if node.is_touched() => NodeEvent::Cancel,
        S::Undone => NodeEvent::Undone,
        S::UndoFailed => NodeEvent::UndoFail,
        S::Reinstalling => NodeEvent::Reinstall,
        S::Manual => NodeEvent::ByHand,
        S::Checking => NodeEvent::Check,
    }
}

/// Refuses what an operator has locked.
pub fn refuse_locked(node: &node::Node) -> Result<(), Failure> {
    match &node.lock {
        None => Ok(()),
        Some(lock) => Err(Failure::new(
            FailureKind::Busy,
            format!("node {} is locked by {} ({}): unlock it first", node.name, lock.by, lock.why),
        )
        .keyed("error-node-locked")
        .arg("node", &node.name)
        .arg("by", &lock.by)
        .arg("why", &lock.why)),
    }
}
