//! What operators ask of a job: stops, retries, undo, renewal of nodes. Everything becomes an event in its journal.

use super::deeds::{given_reason, locked};
use super::jobs::{JobCell, Journalled, refuse_locked};
use super::records::{NODES, refused};
use super::rested::Kept;
use super::topics::Area;
use super::{Engine, now};
use crate::api::rows::NodeRow;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::forecast::Stop;
use crate::domain::job::schedule::REINSTALL_MINUTES;
use crate::domain::job::undo::{NoUndo, UndoList, UndoScope};
use crate::domain::job::{JobEvent, JobNodeState, JobState};
use crate::domain::node::NodeLock;
use crate::domain::plan::{Aside, Plan, PlanKind, PlanNode};
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::store::Stamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most minutes, and seconds over 60, by which a deadline is extended at once.
const EXTEND_MAX: u32 = 24 * 60;

fn invalid(field: &str, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, why).at(field)
}

/// Whether a node can be renewed within a job that it belongs to.
fn takes_renewal(cell: &JobCell, node: NodeId) -> bool {
    // A fresh system needs more than the steps of a rotation.
    let whole = !cell.kind().is_part_of_installation();
    let inner = cell.lock();
    whole && inner.job.nodes.contains_key(&node) && !inner.job.plan.aside.told.contains(&node)
}

impl Engine {
    /// Journals what an operator asks for, and has the job worked on if it was over.
    pub(super) fn ask(self: &Arc<Self>, cell: &Arc<JobCell>, event: JobEvent) -> Result<(), Failure> {
        if let Some(by) = event.operator().filter(|_| !matches!(event, JobEvent::TakenOver { .. })) {
            Self::refuse_foreign(cell, by)?;
        }
        match self.journal(cell, event).map_err(|f| refused(&f))? {
            Journalled::Accepted => cell.wake.notify_one(),
            Journalled::Resumed => self.run(cell),
            Journalled::Refused => {
                let state = cell.lock().job.state;
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!(
                        "job {} is {state}, or the node is in a state that does not allow this: look again",
                        cell.id
                    ),
                )
                .keyed("error-job-refuses")
                .arg("job", cell.id)
                .word("state", &format!("job-state-{}", state.word())));
            }
        }
        Ok(())
    }

    /// A job on which something more may be done: one at work, or the newest of its environment.
    fn job_to_ask(&self, id: JobId) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job(id)?;
        let (over, env) = {
            let inner = cell.lock();
            (inner.job.state.is_over(), inner.job.env)
        };
        if over && cell.kind() != PlanKind::DryRun {
            self.refuse_while_proving(env)?;
        }
        let newer: Vec<(JobId, Kept)> =
            self.model.read().jobs.range(id..).skip(1).map(|(id, kept)| (*id, kept.clone())).collect();
        let newer = newer.iter().find(|(_, kept)| {
            let (of, kind, state) =
                kept.ask(|j| (j.env, j.plan.kind, j.state), |s| (s.row.env, s.row.kind, s.row.state));
            // What only looked changed nothing; a password that was rotated is that of every later step.
            let nothing = match kind {
                PlanKind::DryRun => state.is_over(),
                PlanKind::Rotate | PlanKind::Leave | PlanKind::RollOut => state == JobState::Succeeded,
                PlanKind::Install | PlanKind::Reinstall | PlanKind::Task => false,
            };
            of == env && !nothing
        });
        match newer {
            Some((newer, _)) if over => Err(Failure::new(
                FailureKind::Busy,
                format!("job {id} is not the newest of its environment: job {newer} came after it"),
            )
            .keyed("error-job-not-newest")
            .arg("job", id)
            .arg("newer", newer)),
            _ => Ok(cell),
        }
    }

    /// Stops a job; nothing is undone.
    pub fn job_stop(self: &Arc<Self>, asks: &User, id: JobId, stop: Stop) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job(id)?;
        let state = cell.lock().job.state;
        if state.is_over() {
            return Err(Failure::new(FailureKind::Busy, format!("job {id} is over already: it {state}"))
                .keyed("error-job-over")
                .arg("job", id)
                .word("state", &format!("job-state-{}", state.word())));
        }
        let by = asks.name.clone();
        let event = match stop {
            Stop::Hold if state == JobState::Holding => None,
            Stop::Drain if state == JobState::Draining => None,
            Stop::Now if state == JobState::Cancelling => None,
            Stop::Hold => Some(JobEvent::HoldAsked { by }),
            Stop::Drain => Some(JobEvent::DrainAsked { by }),
            Stop::Now => Some(JobEvent::CancelAsked { by }),
        };
        if let Some(event) = event {
            self.ask(&cell, event)?;
        }
        if stop == Stop::Now {
            cell.token().cancel();
        }
        Ok(cell)
    }

    /// Goes on with a job that is held.
    pub fn job_release(self: &Arc<Self>, asks: &User, id: JobId) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job(id)?;
        self.ask(&cell, JobEvent::Released { by: asks.name.clone() })?;
        Ok(cell)
    }

    /// Nothing is begun anew on a locked node; a dry run only looks.
    fn refuse_locks(&self, cell: &JobCell, nodes: &[NodeId]) -> Result<(), Failure> {
        if cell.kind() == PlanKind::DryRun {
            return Ok(());
        }
        // One that was removed meanwhile is refused where it is worked on.
        nodes.iter().filter_map(|node| self.node(*node).ok()).try_for_each(|node| refuse_locked(&node))
    }

    /// Goes on with a job that failed, was cancelled or undone.
    pub fn job_retry(self: &Arc<Self>, asks: &User, id: JobId) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job_to_ask(id)?;
        let state = cell.lock().job.state;
        if !state.is_over() || state == JobState::Succeeded {
            return Err(Failure::new(
                FailureKind::Busy,
                format!(
                    "job {id} is {state}: only one that failed, was cancelled or undone can be tried again"
                ),
            )
            .keyed("error-job-not-over")
            .arg("job", id)
            .word("state", &format!("job-state-{}", state.word())));
        }
        let open: Vec<NodeId> = {
            let inner = cell.lock();
            let rest = inner.job.nodes.iter().filter(|(_, n)| n.state != JobNodeState::Done && !n.is_idle());
            rest.map(|(id, _)| *id).collect()
        };
        self.refuse_locks(&cell, &open)?;
        self.ask(&cell, JobEvent::Retried { by: asks.name.clone() })?;
        Ok(cell)
    }

    /// Works again on one node.
    pub fn node_again(
        self: &Arc<Self>,
        asks: &User,
        id: JobId,
        node: NodeId,
    ) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job_to_ask(id)?;
        self.refuse_locks(&cell, &[node])?;
        self.ask(&cell, JobEvent::NodeAgain { node, by: Some(asks.name.clone()) })?;
        Ok(cell)
    }

    /// What an undo would undo.
    pub fn undo_preview(&self, id: JobId, scope: &UndoScope) -> Result<UndoList, Failure> {
        let job = self.job(id)?.lock().job.clone();
        Ok(self.taken_back_list(&job, scope).unwrap_or_else(|| job.undo_list(scope)))
    }

    /// Undoes what was shown.
    pub fn undo(
        self: &Arc<Self>,
        asks: &User,
        id: JobId,
        scope: &UndoScope,
        digest: u64,
    ) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job_to_ask(id)?;
        // Before the trail says that it was asked for.
        Self::refuse_foreign(&cell, &asks.name)?;
        if cell.kind().is_part_of_installation() {
            if *scope != UndoScope::All {
                return Err(Failure::new(FailureKind::Invalid, NoUndo::OnlyAll.to_string())
                    .keyed(NoUndo::OnlyAll.key()));
            }
            return self.take_back(asks, &cell, digest);
        }
        let (list, nodes) = {
            let inner = cell.lock();
            (inner.job.undo_list(scope), inner.job.undo_nodes(scope))
        };
        if let Some(why) = &list.why {
            return Err(Failure::new(FailureKind::Invalid, why.to_string()).keyed(why.key()));
        }
        if list.lines.is_empty() {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("job {id} has done nothing there that could be undone"),
            )
            .keyed("error-nothing-to-undo")
            .arg("job", id));
        }
        if list.digest != digest {
            return Err(Failure::new(
                FailureKind::Conflict,
                "what would be undone has changed since it was shown: look at the list again",
            )
            .keyed("error-undo-changed"));
        }
        for (node, _) in &nodes {
            refuse_locked(&self.node(*node)?)?;
        }
        let env = cell.lock().job.env;
        let what = sentence!(
            "deed-undo-steps",
            "asked to undo {steps} steps on {nodes} nodes",
            steps = list.lines.len(),
            nodes = nodes.len()
        );
        let deed = Self::deed(asks, AuditKind::Undo, &self.env(env)?, what).job(id);
        let deed = match nodes.as_slice() {
            [(only, _)] => deed.node(*only, &self.node(*only)?.name),
            _ => deed,
        };
        self.audit(&deed)?;
        self.ask(&cell, JobEvent::UndoAsked { nodes, by: Some(asks.name.clone()) })?;
        Ok(cell)
    }

    /// The job in which a node is to be renewed: the newest one it belongs to, or a new one for it alone.
    fn renewal_job(self: &Arc<Self>, asks: &User, id: NodeId) -> Result<Arc<JobCell>, Failure> {
        let node = self.node(id)?;
        refuse_locked(&node)?;
        if let Some(job) = node.job
            && let Ok(cell) = self.job_to_ask(job)
            && takes_renewal(&cell, id)
        {
            Self::refuse_foreign(&cell, &asks.name)?;
            return Ok(cell);
        }
        self.refuse_while_busy(node.env)?;
        let env = self.env(node.env)?;
        let plan = Plan {
            env: env.id,
            kind: PlanKind::Reinstall,
            policy: env.policy,
            platform: env.platform.clone(),
            parallel: 1,
            modules: Vec::new(),
            nodes: vec![PlanNode {
                id,
                name: node.name.clone(),
                address: node.address.to_string(),
                roles: node.roles.clone(),
            }],
            stages: Vec::new(),
            steps: BTreeMap::new(),
            aside: Aside::default(),
        };
        let cell = self.start_job(asks, &env, plan, None)?;
        // Nothing is done in it until somebody asks for it, which is the caller's next line.
        self.journal(&cell, JobEvent::Started).map_err(|f| refused(&f))?;
        Ok(cell)
    }

    fn renew(self: &Arc<Self>, cell: &Arc<JobCell>, event: JobEvent) -> Result<(), Failure> {
        let fresh_job = cell.kind() == PlanKind::Reinstall && cell.lock().entries == 1;
        let asked = self.ask(cell, event);
        if fresh_job {
            self.run(cell);
        }
        asked
    }

    /// Installs a node's operating system anew through Cobbler.
    pub fn node_reinstall(
        self: &Arc<Self>,
        asks: &User,
        id: NodeId,
        name: &str,
        profile: Option<String>,
        minutes: Option<u32>,
    ) -> Result<Arc<JobCell>, Failure> {
        let node = self.node(id)?;
        if name != node.name {
            return Err(invalid(
                "name",
                format!("type the node's name, {}, to confirm that everything on it will be lost", node.name),
            )
            .keyed("error-typed-name"));
        }
        let minutes = minutes.unwrap_or(REINSTALL_MINUTES);
        if !(1..=EXTEND_MAX).contains(&minutes) {
            return Err(invalid("minutes", format!("a reinstallation gets 1 to {EXTEND_MAX} minutes"))
                .keyed("error-reinstall-minutes")
                .arg("most", EXTEND_MAX));
        }
        let cell = self.renewal_job(asks, id)?;
        let what = match &profile {
            Some(profile) => sentence!(
                "deed-reinstall-profile",
                "asked Cobbler to reinstall it from the profile {profile}",
                profile = profile
            ),
            None => sentence!("deed-reinstall", "asked Cobbler to reinstall it"),
        };
        self.audit(&self.deed_on(asks, AuditKind::Reinstall, &node, what).job(cell.id))?;
        let by = Some(asks.name.clone());
        self.renew(&cell, JobEvent::ReinstallAsked { node: id, by, profile, minutes })?;
        Ok(cell)
    }

    /// Gives a reinstallation more time.
    pub fn reinstall_extend(
        self: &Arc<Self>,
        asks: &User,
        id: JobId,
        node: NodeId,
        minutes: u32,
    ) -> Result<Arc<JobCell>, Failure> {
        if !(1..=EXTEND_MAX).contains(&minutes) {
            return Err(invalid("minutes", format!("it is extended by 1 to {EXTEND_MAX} minutes"))
                .keyed("error-extend-minutes")
                .arg("most", EXTEND_MAX));
        }
        let cell = self.job(id)?;
        self.ask(&cell, JobEvent::ReinstallExtended { node, by: asks.name.clone(), minutes })?;
        Ok(cell)
    }

    /// An operator takes a node into his own hands.
    pub fn manual_start(self: &Arc<Self>, asks: &User, id: NodeId) -> Result<Arc<JobCell>, Failure> {
        let cell = self.renewal_job(asks, id)?;
        let what = sentence!("deed-manual", "began to reinstall it by hand");
        self.audit(&self.deed_on(asks, AuditKind::Reinstall, &self.node(id)?, what).job(cell.id))?;
        self.renew(&cell, JobEvent::ManualAsked { node: id, by: asks.name.clone() })?;
        Ok(cell)
    }

    /// An event of the manual procedure.
    pub fn manual(self: &Arc<Self>, id: JobId, event: JobEvent) -> Result<Arc<JobCell>, Failure> {
        let cell = self.job(id)?;
        self.ask(&cell, event)?;
        Ok(cell)
    }

    /// Gives the running step of a node more time.
    pub fn ceiling_extend(
        self: &Arc<Self>,
        asks: &User,
        id: JobId,
        node: NodeId,
        seconds: u32,
    ) -> Result<Arc<JobCell>, Failure> {
        if !(1..=EXTEND_MAX * 60).contains(&seconds) {
            return Err(invalid("seconds", format!("it is extended by 1 to {} seconds", EXTEND_MAX * 60))
                .keyed("error-extend-seconds")
                .arg("most", EXTEND_MAX * 60));
        }
        let cell = self.job(id)?;
        let open = cell.lock().job.open_step(node).map(|(index, _)| index);
        let Some(index) = open else {
            return Err(
                Failure::new(FailureKind::Busy, "nothing runs on this node").keyed("error-nothing-runs")
            );
        };
        self.ask(&cell, JobEvent::CeilingExtended { node, index, seconds, by: asks.name.clone() })?;
        Ok(cell)
    }

    /// Locks or unlocks a node.
    pub fn node_lock(&self, asks: &User, id: NodeId, why: Option<String>) -> Result<NodeRow, Failure> {
        let why = match why {
            None => None,
            Some(why) => Some(given_reason("why", &why)?),
        };
        let node = {
            let _write = self.write();
            let mut node = self.node(id)?;
            node.lock = why.map(|why| NodeLock { by: asks.name.clone(), at: now(), why });
            node.revision = node.revision.next();
            let what = locked(node.lock.is_some());
            let why = node.lock.as_ref().map(|l| l.why.clone());
            let deed = self.deed_on(asks, AuditKind::Lock, &node, what).because(why);
            self.audited(Some(deed), |batch| NODES.put(batch, &id, &node, Stamp::engine(now())))?;
            self.model.write().nodes.insert(id, node.clone());
            node
        };
        self.topics.touch(Area::Nodes(node.env));
        Ok(self.node_row(&node))
    }
}
