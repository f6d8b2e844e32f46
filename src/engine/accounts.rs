//! Accounts of environments: made, shown, set, rotated.
//!
//! A value is sealed under its environment and name. While a rotation has not succeeded, the account has the new value already
//! (so that a retry, and every later step, gets that one), and the old one is sealed beside it with the job's number; it goes
//! when the job has succeeded, or becomes the account's value again when an operator goes back. No other rotation and no
//! installation begins before one of the two: it is always known which two passwords there can be, and which job decides.

use super::environments::no_env;
use super::jobs::JobCell;
use super::records::ACCOUNTS;
use super::rested::Kept;
use super::{Engine, dice, now};
use crate::api::rows::Matter;
use crate::api::views::AccountView;
use crate::api::{Failure, FailureKind};
use crate::catalog::AccountSpec;
use crate::domain::accounts::{
    self, AccountKind, GeneratorRules, NewValue, RotationPlan, RotationStep, RotationView, ValueFault,
    generate, rotation_steps, which,
};
use crate::domain::audit::AuditKind;
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::{Job, JobState};
use crate::domain::node::NodeState;
use crate::domain::plan::{Plan, PlanKind};
use crate::domain::policy::Policy;
use crate::domain::said::sentence;
use crate::domain::secret::{Secret, password_from};
use crate::domain::time::Moment;
use crate::domain::user::User;
use serde::{Deserialize, Serialize};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Length of a password that is generated without being asked for, characters.
const PASSWORD_LENGTH: usize = 24;
/// Random bytes for a password of any rules.
const DICE: usize = 4096;

/// What is sealed beside an account while a rotation has not succeeded.
#[derive(Clone, Serialize, Deserialize)]
struct Unfinished {
    /// The value from before.
    old: Secret,
    /// The job that rolls the account's value out.
    job: JobId,
    /// Who asked for it.
    by: String,
    /// When.
    at: Moment,
    /// It goes back to what was before an earlier, unfinished rotation.
    back: bool,
}

/// Where that is sealed. Accounts of services have names without a colon.
fn beside(name: &str) -> String {
    format!("rotation:{name}")
}

fn wrong(fault: ValueFault) -> Failure {
    Failure::new(FailureKind::Invalid, fault.to_string()).at("value").keyed(fault.key())
}

impl Engine {
    fn account_specs(&self, env: &Environment) -> Result<Vec<AccountSpec>, Failure> {
        let specs = self.catalog()?.accounts(&env.platform, &env.modules);
        specs.map_err(|f| Failure::said(FailureKind::Invalid, &f.said()))
    }

    fn account_spec(&self, env: &Environment, name: &str) -> Result<AccountSpec, Failure> {
        self.account_specs(env)?.into_iter().find(|s| s.name == name).ok_or_else(|| {
            Failure::new(FailureKind::NotFound, format!("environment {} has no account {name}", env.name))
                .keyed("error-no-account")
                .arg("env", &env.name)
                .arg("name", name)
        })
    }

    /// The accounts of an environment; those that are missing are generated first.
    pub fn accounts(&self, env: &Environment) -> Result<BTreeMap<String, Secret>, Failure> {
        let specs = self.account_specs(env)?;
        let _write = self.write();
        let mut out = BTreeMap::new();
        for spec in specs {
            let known = self.records.account(env.id, &spec.name)?;
            let value = if let Some(value) = known {
                value
            } else {
                let value = match spec.default.clone() {
                    Some(user) => Secret::new(user),
                    None => password_from(&dice::<128>()?, PASSWORD_LENGTH).ok_or_else(|| {
                        Failure::new(FailureKind::Engine, "no password could be generated: the dice ran out")
                            .keyed("generator-fault-dice")
                    })?,
                };
                self.records.save_account(env.id, &spec.name, &value)?;
                value
            };
            out.insert(spec.name, value);
        }
        Ok(out)
    }

    /// The accounts of an environment, without their values.
    pub fn account_views(&self, id: EnvId) -> Result<Vec<AccountView>, Failure> {
        let env = self.env(id)?;
        let values = self.accounts(&env)?;
        let view = |spec: AccountSpec| {
            let value = values.get(&spec.name).map_or("", Secret::reveal);
            let password = spec.kind == AccountKind::Password;
            Ok(AccountView {
                length: u32::try_from(value.chars().count()).unwrap_or(u32::MAX),
                bits: if password { accounts::strength_bits(value) } else { 0 },
                strength: password.then(|| accounts::strength(value)),
                changed: self.records.account_changed(id, &spec.name)?,
                used_on: self.holders(id, &spec.name).into_values().collect(),
                rotation: self.rotation(id, &spec.name)?,
                kind: spec.kind,
                uses: spec.uses,
                name: spec.name,
                title: spec.title,
                module: spec.module,
            })
        };
        self.account_specs(&env)?.into_iter().map(view).collect()
    }

    /// The value of an account; while a rotation has not succeeded, the one that it rolls out.
    pub fn account_reveal(&self, asks: &User, id: EnvId, name: &str) -> Result<Secret, Failure> {
        let env = self.env(id)?;
        self.account_spec(&env, name)?;
        let value = self.accounts(&env)?.remove(name).ok_or_else(|| no_env(id))?;
        self.audit(&Self::deed(
            asks,
            AuditKind::Account,
            &env,
            sentence!("deed-account-show", "showed the account {name}", name = name),
        ))?;
        Ok(value)
    }

    /// Refuses a value that an account of the environment could not be given. An account that no chosen module has is one of before.
    pub(super) fn check_account(&self, env: &Environment, name: &str, value: &Secret) -> Result<(), Failure> {
        match self.account_specs(env)?.iter().find(|s| s.name == name) {
            Some(spec) => new_value(spec, NewValue::Typed(value.clone())).map(drop),
            None => Ok(()),
        }
    }

    /// Sets an account that no service uses yet.
    pub fn account_set(&self, asks: &User, id: EnvId, name: &str, new: NewValue) -> Result<(), Failure> {
        let env = self.env(id)?;
        let spec = self.account_spec(&env, name)?;
        let what = if matches!(new, NewValue::Typed(_)) {
            sentence!("deed-account-set", "set the account {name}", name = name)
        } else {
            sentence!("deed-account-generated", "generated the account {name}", name = name)
        };
        let value = new_value(&spec, new)?;
        let _write = self.write();
        self.refuse_while_busy(id)?;
        self.refuse_unfinished_rotation(&env)?;
        let used: Vec<String> = self.holders(id, name).into_values().collect();
        if !used.is_empty() {
            let hint = match spec.kind {
                AccountKind::Password => "rotate it, so that the services get the new one",
                AccountKind::User => "a user that services log in as cannot be renamed",
            };
            return Err(Failure::new(
                FailureKind::Busy,
                format!("{name} is in use on {}: {hint}", used.join(", ")),
            )
            .keyed("error-account-in-use")
            .arg("name", name)
            .arg("nodes", used.join(", "))
            .arg("kind", if spec.kind == AccountKind::User { "user" } else { "password" }));
        }
        let deed = Self::deed(asks, AuditKind::Account, &env, what);
        self.audited(Some(deed), |batch| self.records.put_account(batch, id, name, &value))?;
        self.topics.moved(id, Matter::Accounts, now());
        Ok(())
    }

    /// Nodes on which a step that got the account was begun and not undone since, with their names.
    fn holders(&self, env: EnvId, name: &str) -> BTreeMap<NodeId, String> {
        let of_env = |(_, kept): &(_, Kept)| kept.env() == env;
        let jobs = self.kept_jobs().into_iter().filter(of_env);
        let ids: BTreeSet<NodeId> = jobs.flat_map(|(_, kept)| kept.holders(name)).collect();
        let mut out: BTreeMap<NodeId, String> = ids.into_iter().map(|id| (id, String::new())).collect();
        let model = self.model.read();
        let fresh = |s: NodeState| matches!(s, NodeState::Discovered | NodeState::Ready);
        out.retain(|id, name| match model.nodes.get(id) {
            Some(node) if !fresh(node.state) => {
                name.clone_from(&node.name);
                true
            }
            _ => false,
        });
        out
    }

    fn unfinished(&self, env: EnvId, name: &str) -> Result<Option<Unfinished>, Failure> {
        let Some(text) = self.records.account(env, &beside(name))? else { return Ok(None) };
        serde_json::from_str(text.reveal()).map(Some).map_err(|_| {
            Failure::new(
                FailureKind::Engine,
                format!("what is stored about the rotation of {name} is damaged"),
            )
            .keyed("error-rotation-damaged")
            .arg("name", name)
        })
    }

    /// The rotation of an account that has not succeeded. One whose job has is forgotten here, if the engine died before it could.
    fn rotation(&self, env: EnvId, name: &str) -> Result<Option<RotationView>, Failure> {
        let Some(kept) = self.unfinished(env, name)? else { return Ok(None) };
        let (state, places) = match self.job(kept.job) {
            Ok(cell) => {
                let inner = cell.lock();
                (inner.job.state, which(&inner.job, name))
            }
            // Its plan cannot be read: nothing is known of what it did.
            Err(_) => (JobState::Interrupted, Vec::new()),
        };
        if state == JobState::Succeeded {
            self.records.remove(ACCOUNTS, &(env, beside(name)))?;
            return Ok(None);
        }
        Ok(Some(RotationView { job: kept.job, state, by: kept.by, at: kept.at, back: kept.back, places }))
    }

    /// The account that a job rotates, unless it has succeeded, or another job does by now.
    pub(super) fn rotated(&self, job: &Job) -> Option<String> {
        let env = self.env(job.env).ok()?;
        let names = self.account_specs(&env).ok()?.into_iter().map(|s| s.name);
        names.into_iter().find(|name| matches!(self.rotation(env.id, name), Ok(Some(r)) if r.job == job.id))
    }

    /// A job has ended: the old value of what it rotated is no longer needed, if it succeeded.
    pub fn rotation_ended(&self, cell: &JobCell) {
        let (env, names) = {
            let inner = cell.lock();
            let plan = &inner.job.plan;
            if plan.kind != PlanKind::Rotate {
                return;
            }
            let names: BTreeSet<String> =
                plan.steps.values().flat_map(|s| s.secrets.iter().cloned()).collect();
            (plan.env, names)
        };
        self.topics.moved(env, Matter::Accounts, now());
        for name in names {
            if let Err(why) = self.rotation(env, &name) {
                tracing::warn!(%why, account = %name, "the old password could not be forgotten yet");
            }
        }
    }

    /// Refuses while a rotation of the environment has not succeeded: it must be known which password is in force.
    pub fn refuse_unfinished_rotation(&self, env: &Environment) -> Result<(), Failure> {
        for spec in self.account_specs(env)? {
            if let Some(rotation) = self.rotation(env.id, &spec.name)? {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!(
                        "the rotation of {} (job {}) has not succeeded: go on with 'cpmg job retry {}', or go back to \
                         the old password with 'cpmg account rotate {} {} --back'",
                        spec.name, rotation.job, rotation.job, env.name, spec.name
                    ),
                )
                .keyed("error-rotation-unfinished"));
            }
        }
        Ok(())
    }

    pub(super) fn rotation_job(
        &self,
        env: &Environment,
        name: &str,
    ) -> Result<(Plan, RotationPlan), Failure> {
        let spec = self.account_spec(env, name)?;
        if spec.kind == AccountKind::User {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("{name} is a user's name: services that log in as it cannot be moved to another"),
            )
            .keyed("error-rotation-user"));
        }
        let nodes: BTreeSet<NodeId> = self.holders(env.id, name).into_keys().collect();
        if nodes.is_empty() {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("no service uses {name} yet: set it, the installation will use that"),
            )
            .keyed("error-rotation-unused"));
        }
        let mut plan = rotation_steps(&self.plan(env, PlanKind::Rotate)?, name, &nodes);
        // A step that fails is looked at: undoing it would take back the installation.
        plan.policy = Policy::default();
        let mut steps = Vec::new();
        for stage in &plan.stages {
            for item in &stage.items {
                let node_name = plan.node(item.node).map(|n| n.name.clone()).unwrap_or_default();
                for id in &item.steps {
                    let Some(step) = plan.steps.get(id) else { continue };
                    steps.push(RotationStep {
                        node: item.node,
                        node_name: node_name.clone(),
                        step: id.clone(),
                        title: step.title.clone(),
                        restarts: step.restarts.clone(),
                        gets: step.secrets.iter().any(|n| n == name),
                    });
                }
            }
        }
        let mut hash = DefaultHasher::new();
        (name, &steps).hash(&mut hash);
        // JSON's numbers are exact up to 2^53.
        Ok((plan, RotationPlan { name: name.to_owned(), steps, digest: hash.finish() >> 11 }))
    }

    /// What rotating an account would do.
    pub fn rotation_preview(&self, env: EnvId, name: &str) -> Result<RotationPlan, Failure> {
        self.rotation_job(&self.env(env)?, name).map(|(_, shown)| shown)
    }

    /// Rolls a new value of an account out, by the steps that were shown; or the old one again.
    pub fn account_rotate(
        self: &Arc<Self>,
        asks: &User,
        id: EnvId,
        name: &str,
        new: NewValue,
        digest: u64,
    ) -> Result<Arc<JobCell>, Failure> {
        let env = self.env(id)?;
        self.refuse_while_busy(id)?;
        let (plan, shown) = self.rotation_job(&env, name)?;
        if shown.digest != digest {
            return Err(Failure::new(
                FailureKind::Conflict,
                "what the rotation would do has changed since it was shown: look at it again",
            )
            .keyed("error-rotation-changed"));
        }
        let spec = self.account_spec(&env, name)?;
        let present = self.accounts(&env)?.remove(name).unwrap_or_default();
        let unfinished = self.rotation(id, name)?.and(self.unfinished(id, name)?);
        let (value, back) = match (new, unfinished) {
            (NewValue::Old, Some(kept)) => (kept.old, !kept.back),
            (new, _) => {
                self.refuse_unfinished_rotation(&env)?;
                (new_value(&spec, new)?, false)
            }
        };
        if value == present {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("that is the present password of {name}"),
            )
            .at("value")
            .keyed("error-rotation-same"));
        }
        let what = if back {
            sentence!("deed-rotated-back", "went back to the old password of {name}", name = name)
        } else {
            sentence!("deed-rotated", "rotated the password {name}", name = name)
        };
        let deed = Self::deed(asks, AuditKind::Account, &env, what);
        let (by, at) = (asks.name.clone(), now());
        let cell = self.start_job_with(asks, &env, plan, Some(deed), |batch, job| {
            let kept = Unfinished { old: present, job, by, at, back };
            let text = Secret::new(serde_json::to_string(&kept).unwrap_or_default());
            self.records.put_account(batch, id, name, &value)?;
            self.records.put_account(batch, id, &beside(name), &text)
        })?;
        self.topics.moved(id, Matter::Accounts, now());
        Ok(cell)
    }
}

/// A value as asked for, checked.
fn new_value(spec: &AccountSpec, new: NewValue) -> Result<Secret, Failure> {
    let value = match new {
        NewValue::Typed(value) => value,
        NewValue::Generated(rules) if spec.kind == AccountKind::Password => made(rules, spec)?,
        NewValue::Generated(_) => return Err(wrong(ValueFault::Name)),
        NewValue::Old => {
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("{} has no unfinished rotation: there is nothing to go back to", spec.name),
            )
            .keyed("error-no-rotation"));
        }
    };
    let faults = match spec.kind {
        AccountKind::Password => accounts::faults(&spec.uses, value.reveal()),
        AccountKind::User => accounts::name_faults(value.reveal()),
    };
    faults.first().map_or(Ok(value), |fault| Err(wrong(*fault)))
}

fn made(rules: GeneratorRules, spec: &AccountSpec) -> Result<Secret, Failure> {
    generate(rules, &spec.uses, &dice::<DICE>()?)
        .map_err(|why| Failure::new(FailureKind::Invalid, why.to_string()).at("rules").keyed(why.key()))
}
