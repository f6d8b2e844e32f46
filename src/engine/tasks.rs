//! Tasks of day 2: a further flat network, self-service networks, another node for images, a controller that runs instances as well.
//!
//! A task changes the environment's shape, or a node's roles, together with the job that brings it to the nodes; every later job knows it.
//! What takes it back is a task, too: an undo of the job starts that one.

use super::Engine;
use super::jobs::JobCell;
use super::now;
use super::records::{ENVIRONMENTS, NODES};
use crate::api::{Failure, FailureKind};
use crate::catalog::PlanFault;
use crate::domain::accounts::NewValue;
use crate::domain::audit::AuditKind;
use crate::domain::day2::{FlatNics, Task, check_flat_name};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::job::undo::{NoUndo, UndoLine, UndoList, UndoScope};
use crate::domain::job::{Job, JobState};
use crate::domain::netplan::{NicName, NodeFacts, carrier};
use crate::domain::node::{Node, NodeRole};
use crate::domain::plan::{Plan, PlanKind, StageKind};
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::store::Stamp;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

fn invalid(why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, why).at("task")
}

impl Engine {
    /// What a task would do.
    pub fn task_plan(&self, id: EnvId, task: &Task) -> Result<Plan, Failure> {
        let env = self.env(id)?;
        self.refuse_task(&env, task)?;
        let mut input = self.plan_input(&env, PlanKind::Task);
        if let Some((node, role, on)) = task.role() {
            for n in input.nodes.iter_mut().filter(|n| n.id == node) {
                if on {
                    n.roles.insert(role);
                } else {
                    n.roles.remove(&role);
                }
            }
        }
        let first = input.nodes.iter().find(|n| n.roles.contains(&NodeRole::Controller)).map(|n| n.id);
        input.images = task.applied(&env.shape, first).images;
        // Nodes that are not installed get it by their installation.
        let installed = |n: NodeId| self.node(n).is_ok_and(|n| self.stands(&n));
        let known = input.nodes.clone();
        input.nodes.retain(|n| n.roles.is_empty() || installed(n.id));
        let plan = self.catalog()?.task(&input, task, &env.shape).map_err(|fault| match fault {
            PlanFault::NoNodes | PlanFault::NoRoles | PlanFault::NoController if !known.is_empty() => {
                invalid("nothing is installed yet: install the environment first")
                    .keyed("error-task-nothing-installed")
            }
            fault => Failure::said(FailureKind::Invalid, &fault.said()),
        })?;
        Ok(plan)
    }

    /// Starts a task, or asks every step what it would change.
    pub fn task(
        self: &Arc<Self>,
        asks: &User,
        id: EnvId,
        task: &Task,
        dry_run: bool,
    ) -> Result<Arc<JobCell>, Failure> {
        let env = self.env(id)?;
        self.refuse_while_busy(id)?;
        let mut plan = self.task_plan(id, task)?;
        self.accounts(&env)?;
        if dry_run {
            plan.kind = PlanKind::DryRun;
            return self.start_job(asks, &env, plan, None);
        }
        self.refuse_unfinished_rotation(&env)?;
        let deed = Self::deed(
            asks,
            AuditKind::Service,
            &env,
            sentence!("deed-task", "began to {task}",; task = task.said()),
        );
        let cell = self.start_job(asks, &env, plan, Some(deed))?;
        self.topics.touch(super::topics::Area::Environments);
        Ok(cell)
    }

    /// The environment as a task is to have it, made of what it is now: called under the lock of changes. `env` is what was planned from.
    pub fn reshaped(
        &self,
        asks: &User,
        env: &Environment,
        plan: &Plan,
    ) -> Result<Option<Environment>, Failure> {
        let Some(shape) = plan.aside.shape.as_ref().filter(|_| plan.kind == PlanKind::Task) else {
            return Ok(None);
        };
        let mut is = self.env(env.id)?;
        if is.shape != env.shape {
            let what = ("environment", is.name.as_str());
            return Err(super::environments::stale(what, &is.changed_by, env.revision, is.revision));
        }
        is.shape.clone_from(shape);
        is.revision = is.revision.next();
        is.changed = now();
        is.changed_by.clone_from(&asks.name);
        Ok(Some(is))
    }

    /// A task's job has ended. One that was refused before it changed anything has not happened: the environment's shape and the node's
    /// role are what they were. One that was tried again since, and began, has.
    pub fn task_ended(&self, cell: &JobCell) {
        let job = cell.lock().job.clone();
        let (PlanKind::Task, Some((task, back))) = (job.plan.kind, job.plan.aside.task.clone()) else {
            return;
        };
        let happened = job.state == JobState::Succeeded || has_begun(&job, &task);
        if let Err(why) = self.record_task(&job, if happened { &task } else { &back }) {
            self.notice(format!("what job {} left of the environment could not be recorded: {why}", job.id));
        }
    }

    fn record_task(&self, job: &Job, task: &Task) -> Result<(), Failure> {
        let _write = self.write();
        let env = self.env(job.env)?;
        let first = job.plan.known().iter().find(|n| n.roles.contains(&NodeRole::Controller)).map(|n| n.id);
        let mut is = env.clone();
        is.shape = task.applied(&env.shape, first);
        let node = task.role().and_then(|(id, role, on)| {
            let mut node = self.node(id).ok()?;
            let changed = if on { node.roles.insert(role) } else { node.roles.remove(&role) };
            changed.then_some(node)
        });
        let is = (is.shape != env.shape).then(|| {
            is.revision = is.revision.next();
            is.changed = now();
            is
        });
        if is.is_none() && node.is_none() {
            return Ok(());
        }
        self.records.change(|batch| {
            if let Some(env) = &is {
                ENVIRONMENTS.put(batch, &env.id, env, Stamp::engine(now()))?;
            }
            if let Some(node) = &node {
                NODES.put(batch, &node.id, node, Stamp::engine(now()))?;
            }
            Ok(())
        })?;
        let mut model = self.model.write();
        if let Some(env) = is {
            model.envs.insert(env.id, env);
        }
        if let Some(node) = node {
            model.nodes.insert(node.id, node);
        }
        drop(model);
        self.topics.touch(super::topics::Area::Environments);
        self.topics.touch(super::topics::Area::Nodes(job.env));
        Ok(())
    }

    fn refuse_task(&self, env: &Environment, task: &Task) -> Result<(), Failure> {
        let of_env = |id: NodeId| -> Result<Node, Failure> {
            self.node(id)
                .ok()
                .filter(|n| n.env == env.id)
                .ok_or_else(|| invalid("the environment has no such node").keyed("error-task-no-such-node"))
        };
        let installed = |node: &Node| {
            if self.stands(node) {
                return Ok(());
            }
            Err(invalid(format!("{} is not installed: that comes first", node.name))
                .keyed("error-task-not-installed")
                .arg("node", &node.name))
        };
        match task {
            Task::AddFlat { name, nics } => {
                check_flat_name(name).map_err(|why| {
                    let said = sentence!(
                        "error-task-flat-name",
                        "'{name}' cannot be a flat network's name: {why}",
                        name = name;
                        why = why
                    );
                    Failure::said(FailureKind::Invalid, &said).at("task")
                })?;
                if let Some(node) = nics.nodes.keys().find(|n| of_env(**n).is_err()) {
                    return Err(invalid(format!("the environment has no node {node}"))
                        .keyed("error-no-node")
                        .arg("node", node));
                }
                self.refuse_flat(env, name, nics)
            }
            Task::RemoveFlat { name } if !env.shape.flat.contains_key(name) => {
                let there: Vec<&str> = env.shape.flat.keys().map(String::as_str).collect();
                let there = there.join(", ");
                Err(invalid(format!("there is no flat network {name}; there are: {there}"))
                    .keyed("error-task-no-flat")
                    .arg("name", name)
                    .arg("there", there))
            }
            Task::RemoveFlat { .. } | Task::SelfService { .. } => Ok(()),
            Task::Images { node } => {
                let node = of_env(*node)?;
                if node.roles.is_empty() {
                    return Err(invalid(format!(
                        "{} has no role: give it one and install it first",
                        node.name
                    ))
                    .keyed("error-task-no-role")
                    .arg("node", &node.name));
                }
                installed(&node)
            }
            Task::Compute { node, on } => {
                let node = of_env(*node)?;
                if !node.roles.contains(&NodeRole::Controller) {
                    let (how, key) = if *on {
                        ("give it the role and install it", "error-task-not-controller")
                    } else {
                        ("'cpmg node remove' takes it out", "error-task-not-controller-out")
                    };
                    return Err(invalid(format!("{} is no controller: {how}", node.name))
                        .keyed(key)
                        .arg("node", &node.name));
                }
                if node.roles.contains(&NodeRole::Compute) == *on {
                    let (is, key) = if *on {
                        ("is a compute node already", "error-task-compute-already")
                    } else {
                        ("is no compute node", "error-task-compute-not")
                    };
                    return Err(invalid(format!("{} {is}", node.name)).keyed(key).arg("node", &node.name));
                }
                installed(&node)
            }
        }
    }

    /// A NIC that is not there, that carries our connection, or something else already.
    fn refuse_flat(&self, env: &Environment, name: &str, nics: &FlatNics) -> Result<(), Failure> {
        let nodes: Vec<Node> =
            self.model.read().nodes.values().filter(|n| n.env == env.id && serves(n)).cloned().collect();
        let (_, resolved) = self.network(env.id)?;
        let mut found = false;
        for node in &nodes {
            let Some(nic) = nics.of(node.id) else { continue };
            let told = node.facts.as_ref().map(|f| &f.nics);
            let has = told.is_some_and(|all| all.iter().any(|n| n.name == nic.as_str()));
            if !has {
                return Err(invalid(format!(
                    "{} has no NIC {nic}: name another one for it (--on {}=NIC), or gather its facts anew (cpmg node facts {} --refresh)",
                    node.name, node.name, node.name
                ))
                .keyed("error-task-no-nic")
                .arg("node", &node.name)
                .arg("nic", nic));
            }
            found = true;
            if is_ours(node, nic) {
                return Err(invalid(format!("{nic} of {} carries cpmg's own connection", node.name))
                    .keyed("error-task-nic-ours")
                    .arg("node", &node.name)
                    .arg("nic", nic));
            }
            let ports = resolved.nodes.get(&node.id);
            if let Some((tag, _)) = ports.and_then(|p| p.iter().find(|(_, port)| port.nic == *nic)) {
                return Err(invalid(format!("{nic} of {} carries the network {tag} already", node.name))
                    .keyed("error-task-nic-network")
                    .arg("node", &node.name)
                    .arg("nic", nic)
                    .arg("network", tag));
            }
            let other = env.shape.flat.iter().find(|(other, n)| *other != name && n.of(node.id) == Some(nic));
            if let Some((other, _)) = other {
                return Err(invalid(format!(
                    "{nic} of {} carries the flat network {other} already",
                    node.name
                ))
                .keyed("error-task-nic-flat")
                .arg("node", &node.name)
                .arg("nic", nic)
                .arg("network", other));
            }
        }
        if found {
            Ok(())
        } else {
            Err(invalid("no node was given a NIC for it: name one with --nic or --on NODE=NIC")
                .keyed("error-task-no-nics"))
        }
    }

    /// What would take a job back by another one, if it is such a job.
    fn taken_back(&self, job: &Job) -> Option<Result<(Plan, Back), NoUndo>> {
        match job.plan.kind {
            PlanKind::Task => {
                let Some((_, back)) = job.plan.aside.task.clone() else {
                    return Some(Err(NoUndo::PartOfInstallation));
                };
                let plan = self.task_plan(job.env, &back).map_err(|why| NoUndo::Refused(why.message));
                Some(plan.map(|plan| (plan, Back::Task(back))))
            }
            PlanKind::Rotate => {
                let Some(name) = self.rotated(job) else { return Some(Err(NoUndo::Rotated)) };
                let env = self.env(job.env).ok()?;
                let plan = self.rotation_job(&env, &name).map_err(|why| NoUndo::Refused(why.message));
                Some(plan.map(|(plan, shown)| (plan, Back::Rotation(name, shown.digest))))
            }
            PlanKind::Leave | PlanKind::RollOut => Some(Err(NoUndo::PartOfInstallation)),
            PlanKind::Install | PlanKind::DryRun | PlanKind::Reinstall => None,
        }
    }

    /// As the list of an undo, if the job is taken back by another one.
    pub fn taken_back_list(&self, job: &Job, scope: &UndoScope) -> Option<UndoList> {
        let why = |why: NoUndo| UndoList { why: Some(Box::new(why)), ..UndoList::default() };
        let (plan, _) = match self.taken_back(job)? {
            Ok(_) if *scope != UndoScope::All => return Some(why(NoUndo::OnlyAll)),
            Ok(back) => back,
            Err(refusal) => return Some(why(refusal)),
        };
        let mut lines = Vec::new();
        for stage in &plan.stages {
            for item in &stage.items {
                for (index, step) in item.steps.iter().enumerate() {
                    lines.push(UndoLine {
                        node: item.node,
                        index,
                        stage: stage.kind,
                        step: step.clone(),
                        irreversible: false,
                    });
                }
            }
        }
        let mut hash = DefaultHasher::new();
        lines.hash(&mut hash);
        // JSON's numbers are exact up to 2^53.
        Some(UndoList { lines, digest: hash.finish() >> 11, again: true, ..UndoList::default() })
    }

    /// Starts the job that takes another one back.
    pub fn take_back(
        self: &Arc<Self>,
        asks: &User,
        cell: &JobCell,
        digest: u64,
    ) -> Result<Arc<JobCell>, Failure> {
        let job = cell.lock().job.clone();
        let list = self.taken_back_list(&job, &UndoScope::All).unwrap_or_default();
        if let Some(why) = &list.why {
            return Err(Failure::new(FailureKind::Invalid, why.to_string()).keyed(why.key()).arg("why", why));
        }
        if !job.state.is_over() {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("job {} is not over: stop it first", job.id),
            )
            .keyed("error-task-not-over")
            .arg("job", job.id));
        }
        if list.digest != digest {
            return Err(Failure::new(
                FailureKind::Conflict,
                "what would be undone has changed since it was shown: look at the list again",
            )
            .keyed("error-undo-changed"));
        }
        match self.taken_back(&job) {
            Some(Ok((_, Back::Task(task)))) => self.task(asks, job.env, &task, false),
            Some(Ok((_, Back::Rotation(name, shown)))) => {
                self.account_rotate(asks, job.env, &name, NewValue::Old, shown)
            }
            _ => Err(invalid("there is nothing to undo").keyed("error-task-no-undo")),
        }
    }
}

/// Whether something was begun beyond the looks that come before everything. The new host of images is made ready in that stage already.
fn has_begun(job: &Job, task: &Task) -> bool {
    job.nodes.iter().any(|(id, node)| {
        let is_new_host = matches!(task, Task::Images { node } if node == id);
        node.steps.iter().any(|s| s.touched && (s.stage != StageKind::Preflight || is_new_host))
    })
}

/// How a job is taken back.
enum Back {
    /// By a task.
    Task(Task),
    /// By rolling the old password of an account out again, as it was shown with this digest.
    Rotation(String, u64),
}

fn serves(node: &Node) -> bool {
    node.roles.contains(&NodeRole::Controller) || node.roles.contains(&NodeRole::Compute)
}

fn is_ours(node: &Node, nic: &NicName) -> bool {
    carrier(&NodeFacts::from(node)).is_some_and(|c| c.name == nic.as_str())
}
