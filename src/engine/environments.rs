//! Environments: make, change, hide.

use super::records::ENVIRONMENTS;
use super::topics::Area;
use super::{Engine, now};
use crate::api::message::EnvChange;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::choice::choose;
use crate::domain::day2::Shape;
use crate::domain::environment::{self, Environment, PARALLEL_DEFAULT, PARALLEL_MAX};
use crate::domain::ids::{EnvId, Revision, UserId};
use crate::domain::policy::{Policy, RETRIES_MAX};
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::store::{Kind, Stamp};

/// A refusal because there is no such environment.
pub fn no_env(env: EnvId) -> Failure {
    Failure::new(FailureKind::NotFound, format!("there is no environment {env}"))
        .keyed("error-no-environment")
        .arg("env", env)
}

/// A refusal because somebody else was faster. What it is about is a word that the catalogue of the screens knows, with its name.
pub fn stale((kind, name): (&'static str, &str), by: &str, based_on: Revision, current: Revision) -> Failure {
    let what = match kind {
        "network" => format!("the network plan of {name}"),
        "discovery" => format!("how machines are found for {name}"),
        kind => format!("{kind} {name}"),
    };
    let who = by;
    let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
    Failure::new(
        FailureKind::Conflict,
        format!(
            "{what} was changed{by} in the meantime (revision {current}, your change is based on {based_on}): \
             look at it again and repeat the change"
        ),
    )
    .keyed("error-conflict")
    .arg("kind", kind)
    .arg("name", name)
    .arg("by", if who.is_empty() { "blank" } else { who })
    .arg("revision", current)
    .arg("based", based_on)
}

impl Engine {
    /// The environment with that identity.
    pub fn env(&self, env: EnvId) -> Result<Environment, Failure> {
        self.model.read().envs.get(&env).cloned().ok_or_else(|| no_env(env))
    }

    pub(super) fn check_env_name(&self, name: &str, but: Option<EnvId>) -> Result<(), Failure> {
        environment::check_name(name).map_err(|fault| {
            Failure::new(FailureKind::Invalid, fault.to_string()).at("name").keyed(fault.key())
        })?;
        let model = self.model.read();
        match model.envs.values().find(|e| e.name == name && Some(e.id) != but) {
            None => Ok(()),
            Some(other) if other.hidden => Err(Failure::new(
                FailureKind::Conflict,
                format!("a hidden environment is called {name}: choose another name, or have an administrator show it again"),
            )
            .at("name")
            .keyed("error-env-hidden-exists")
            .arg("name", name)),
            Some(_) => Err(Failure::new(FailureKind::Conflict, format!("there is an environment called {name} already"))
                .at("name")
                .keyed("error-env-exists")
                .arg("name", name)),
        }
    }

    /// Makes an environment with all base modules of its platform chosen.
    pub fn env_add(&self, asks: &User, name: &str, platform: Option<String>) -> Result<Environment, Failure> {
        self.check_env_name(name, None)?;
        let catalog = self.catalog()?;
        let platform = match platform {
            Some(name) => catalog.platform(&name).ok_or_else(|| no_platform(&name))?,
            None => catalog.usual_platform().ok_or_else(|| {
                Failure::new(
                    FailureKind::Engine,
                    "the catalog has no platform: 'cpmg doctor' says where roles are looked for",
                )
                .keyed("error-no-platforms")
            })?,
        };
        let usual = catalog.modules_of(platform).filter(|m| !m.optional);
        let modules = usual.map(|m| m.name.clone()).collect();
        let _write = self.write();
        self.check_env_name(name, None)?;
        let env = Environment {
            id: EnvId(self.records.next_id(Kind::Environments)?),
            name: name.to_owned(),
            platform: platform.name.clone(),
            modules,
            parallel: PARALLEL_DEFAULT,
            policy: Policy::default(),
            options: Vec::new(),
            shape: Shape::default(),
            members: None,
            hidden: false,
            created: now(),
            created_by: asks.name.clone(),
            changed_by: asks.name.clone(),
            changed: now(),
            revision: Revision(1),
        };
        let deed = Self::deed(
            asks,
            AuditKind::Environment,
            &env,
            sentence!("deed-env-add", "made the environment {name}", name = name),
        );
        self.audited(Some(deed), |batch| ENVIRONMENTS.put(batch, &env.id, &env, Stamp::engine(now())))?;
        self.model.write().envs.insert(env.id, env.clone());
        self.topics.touch(Area::Environments);
        Ok(env)
    }

    /// Changes an environment.
    pub fn env_edit(
        &self,
        asks: &User,
        id: EnvId,
        based_on: Revision,
        change: EnvChange,
    ) -> Result<Environment, Failure> {
        if let EnvChange::Rename(name) = &change {
            self.check_env_name(name, Some(id))?;
        }
        let _write = self.write();
        let mut env = self.env(id)?;
        if env.revision != based_on {
            return Err(stale(("environment", &env.name), &env.changed_by, based_on, env.revision));
        }
        let mut deed = None;
        match change {
            EnvChange::Rename(name) => env.name = name,
            EnvChange::Hide(hidden) => {
                if hidden {
                    self.refuse_while_busy(id)?;
                }
                env.hidden = hidden;
            }
            EnvChange::Platform(name) => {
                self.refuse_while_busy(id)?;
                let catalog = self.catalog()?;
                let platform = catalog.platform(&name).ok_or_else(|| no_platform(&name))?;
                env.modules.retain(|m| platform.modules.contains(m));
                env.platform = name;
            }
            EnvChange::Modules(modules) => {
                self.refuse_while_busy(id)?;
                self.check_modules(&env.platform, &modules)?;
                env.modules = modules;
            }
            EnvChange::Parallel(parallel) => {
                Self::check_parallel(parallel)?;
                env.parallel = parallel;
            }
            EnvChange::Options(text) => {
                let what = self.told_options(&env, &text);
                self.set_options(&mut env, text)?;
                deed = Some(Self::deed(asks, AuditKind::Service, &env, what));
            }
            EnvChange::Members(names) => env.members = names.map(|n| self.members(&n)).transpose()?,
            EnvChange::Policy(policy) => {
                Self::check_policy(&policy)?;
                env.policy = policy;
            }
        }
        env.revision = env.revision.next();
        env.changed = now();
        env.changed_by.clone_from(&asks.name);
        self.audited(deed, |batch| ENVIRONMENTS.put(batch, &id, &env, Stamp::engine(now())))?;
        self.model.write().envs.insert(id, env.clone());
        self.topics.touch(Area::Environments);
        self.topics.touch(Area::Check(id));
        Ok(env)
    }

    /// Refuses a choice of modules that a platform does not have, or that do not go together.
    pub(super) fn check_modules(&self, name: &str, modules: &[String]) -> Result<(), Failure> {
        let catalog = self.catalog()?;
        let platform = catalog.platform(name).ok_or_else(|| no_platform(name))?;
        if let Some(unknown) = modules.iter().find(|m| !platform.modules.contains(m)) {
            let has = platform.modules.join(", ");
            return Err(Failure::new(
                FailureKind::Invalid,
                format!("platform {name} has no module {unknown}; it has {has}"),
            )
            .at("modules")
            .keyed("error-no-module")
            .arg("platform", name)
            .arg("module", unknown)
            .arg("modules", has));
        }
        match choose(&catalog.specs(platform), modules, &[]).refusal() {
            Some(why) => Err(Failure::said(FailureKind::Invalid, &why).at("modules")),
            None => Ok(()),
        }
    }

    pub(super) fn check_parallel(parallel: u32) -> Result<(), Failure> {
        if (1..=PARALLEL_MAX).contains(&parallel) {
            return Ok(());
        }
        let why = format!("a stage works on 1 to {PARALLEL_MAX} nodes at once");
        Err(Failure::new(FailureKind::Invalid, why)
            .at("parallel")
            .keyed("fault-parallel")
            .arg("most", PARALLEL_MAX))
    }

    pub(super) fn check_policy(policy: &Policy) -> Result<(), Failure> {
        if policy.retries <= RETRIES_MAX {
            return Ok(());
        }
        let why = format!("a step is tried again {RETRIES_MAX} times at most without an operator");
        Err(Failure::new(FailureKind::Invalid, why)
            .at("retries")
            .keyed("fault-retries")
            .arg("most", RETRIES_MAX))
    }

    /// The users of these names, each once.
    fn members(&self, names: &[String]) -> Result<Vec<UserId>, Failure> {
        let model = self.model.read();
        let mut ids = Vec::new();
        for name in names {
            let user = model.users.values().find(|u| u.name == *name).ok_or_else(|| {
                Failure::new(FailureKind::Invalid, format!("there is no user called {name}"))
                    .at("members")
                    .keyed("error-no-user")
                    .arg("name", name)
            })?;
            ids.push(user.id);
        }
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// Refuses while a job of the environment works.
    pub fn refuse_while_busy(&self, env: EnvId) -> Result<(), Failure> {
        let Some(job) = self.running_job(env) else { return Ok(()) };
        let (by, since, kind) = {
            let cell = self.job(job)?;
            let inner = cell.lock();
            (inner.job.owner.by.clone(), inner.job.created, inner.job.plan.kind)
        };
        let minutes = now().since(since) / 60_000;
        Err(Failure::new(
            FailureKind::Busy,
            format!("job {job} of {by} has worked on this environment for {minutes} min: wait for its end or stop it"),
        )
        .keyed("error-env-busy")
        .arg("job", job)
        .arg("by", by)
        .arg("minutes", minutes)
        .word("kind", &format!("plan-kind-{}", kind.word())))
    }
}

fn no_platform(name: &str) -> Failure {
    Failure::new(
        FailureKind::Invalid,
        format!("the catalog has no platform {name}: 'cpmg catalog list' shows those it has"),
    )
    .at("platform")
    .keyed("error-no-platform")
    .arg("name", name)
}
