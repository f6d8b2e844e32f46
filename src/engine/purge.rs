//! The end of an environment, and its copy.
//!
//! A hidden environment is purged by an administrator who types its name and says why: all records of it and of its nodes and jobs go in one
//! change, together with the entry of the audit trail; then its files. The machines are not touched. Which table belongs to what is a match
//! without "all others", so that a new table cannot be forgotten here.

use super::deeds::given_reason;
use super::records::{ENVIRONMENTS, NETWORKS, NetworkRecord};
use super::topics::Area;
use super::{Engine, now};
use crate::api::logs::CollectChange;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, JobId, NodeId, Revision, SweepId};
use crate::domain::netplan::NetworkPlan;
use crate::domain::overrides::Scope;
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::store::{Kind, Stamp};
use std::collections::BTreeMap;

/// To what the records of a table belong: the first part of their keys.
enum Owner {
    Env,
    Node,
    Job,
    Sweep,
    /// No environment.
    Nobody,
}

fn owner(kind: Kind) -> Owner {
    match kind {
        Kind::Environments
        | Kind::Accounts
        | Kind::Networks
        | Kind::Addresses
        | Kind::Sightings
        | Kind::Discovery
        | Kind::CredentialSets
        | Kind::Checks
        | Kind::Proofs
        | Kind::ProofImages
        | Kind::Logs
        | Kind::LogMarks
        | Kind::LogViews => Owner::Env,
        Kind::Nodes | Kind::Credentials | Kind::JumpCredentials | Kind::Facts => Owner::Node,
        Kind::Jobs | Kind::Journal => Owner::Job,
        Kind::Sweeps => Owner::Sweep,
        // Plans of jobs are files; refused logins belong to an address and fade.
        Kind::Meta
        | Kind::Users
        | Kind::Sessions
        | Kind::SecondFactors
        | Kind::Hostkeys
        | Kind::Logins
        | Kind::Lockouts
        | Kind::Plans
        | Kind::Learned
        | Kind::ShellRules
        | Kind::ExportRules
        | Kind::Door
        | Kind::Requests
        | Kind::Audit => Owner::Nobody,
    }
}

impl Engine {
    /// Removes a hidden environment and everything that belongs to it, for good.
    pub fn env_purge(&self, asks: &User, id: EnvId, name: &str, why: &str) -> Result<(), Failure> {
        let env = self.env(id)?;
        if !env.hidden {
            return Err(Failure::new(
                FailureKind::Busy,
                format!(
                    "{} is not hidden: hide it first ('cpmg env hide'), so that nobody works in it",
                    env.name
                ),
            )
            .keyed("error-purge-shown")
            .arg("name", &env.name));
        }
        if name != env.name {
            let sentence = format!(
                "type the environment's name, {}, to confirm that everything about it will be lost",
                env.name
            );
            return Err(Failure::new(FailureKind::Invalid, sentence)
                .at("name")
                .keyed("error-typed-env")
                .arg("name", &env.name));
        }
        let why = given_reason("why", why)?;
        self.refuse_while_busy(id)?;
        self.refuse_while_proving(id)?;
        if let Some(sweep) = self.sweeps.running(id) {
            let sentence = format!("sweep {sweep} looks for its nodes: end it first");
            return Err(Failure::new(FailureKind::Busy, sentence)
                .keyed("error-purge-sweep")
                .arg("sweep", sweep));
        }
        if self.log_settings(id).on {
            self.log_collect(asks, id, &CollectChange::Off)?;
        }
        let _write = self.write();
        let nodes: Vec<NodeId> =
            self.model.read().nodes.values().filter(|n| n.env == id).map(|n| n.id).collect();
        let jobs: Vec<JobId> =
            self.kept_jobs().into_iter().filter(|(_, kept)| kept.env() == id).map(|(job, _)| job).collect();
        let sweeps: Vec<SweepId> =
            self.sweeps.state().records.values().filter(|r| r.env == id).map(|r| r.id).collect();
        let what = sentence!(
            "deed-env-purged",
            "purged it, with {nodes} nodes and {jobs} jobs",
            nodes = nodes.len(),
            jobs = jobs.len()
        );
        let deed = Self::deed(asks, AuditKind::Environment, &env, what).because(Some(why));
        self.audited(Some(deed), |batch| {
            for kind in Kind::ALL {
                match owner(*kind) {
                    Owner::Env => self.records.remove_under(batch, *kind, &id)?,
                    Owner::Node => {
                        nodes.iter().try_for_each(|n| self.records.remove_under(batch, *kind, n))?;
                    }
                    Owner::Job => jobs.iter().try_for_each(|j| self.records.remove_under(batch, *kind, j))?,
                    Owner::Sweep => {
                        sweeps.iter().try_for_each(|s| self.records.remove_under(batch, *kind, s))?;
                    }
                    Owner::Nobody => {}
                }
            }
            Ok(())
        })?;
        {
            let mut model = self.model.write();
            model.envs.remove(&id);
            model.networks.remove(&id);
            model.nodes.retain(|_, n| n.env != id);
            for job in &jobs {
                model.jobs.remove(job);
            }
        }
        {
            let mut state = self.sweeps.state();
            state.records.retain(|_, r| r.env != id);
            state.seen.remove(&id);
            state.unsaved.retain(|(env, _)| *env != id);
        }
        self.settings.forget(id);
        self.logbooks.forget(id);
        self.remove_files(id, &jobs);
        self.topics.touch(Area::Environments);
        Ok(())
    }

    /// Output, plans and logs. What cannot be removed takes space, no more: it is said and left.
    fn remove_files(&self, env: EnvId, jobs: &[JobId]) {
        let told = |what: &str, why: &dyn std::fmt::Display| {
            self.notice(format!("files of a purged environment are left ({what}): {why}"));
        };
        for job in jobs {
            if let Err(why) = self.output.remove_job(*job) {
                told("output", &why);
            }
        }
        let logs = self.options.data.join("logs").join(env.to_string());
        for dir in jobs.iter().map(|job| self.job_dir(*job)).chain([logs]) {
            match std::fs::remove_dir_all(&dir) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => told(&dir.display().to_string(), &e),
                _ => {}
            }
        }
    }

    /// A new environment set up like another one: platform, modules, policy, options and network plan, without nodes and what is said
    /// of single ones, without accounts.
    pub fn env_clone(&self, asks: &User, from: EnvId, name: &str) -> Result<Environment, Failure> {
        let _write = self.write();
        self.check_env_name(name, None)?;
        let old = self.env(from)?;
        let network = self.model.read().networks.get(&from).cloned();
        let id = EnvId(self.records.next_id(Kind::Environments)?);
        let env = Environment {
            id,
            name: name.to_owned(),
            options: old.options.iter().filter(|o| !matches!(o.scope, Scope::Node(_))).cloned().collect(),
            shape: crate::domain::day2::Shape::default(),
            hidden: false,
            created: now(),
            created_by: asks.name.clone(),
            changed_by: asks.name.clone(),
            changed: now(),
            revision: Revision(1),
            ..old.clone()
        };
        let network = network.map(|n| NetworkRecord {
            plan: NetworkPlan {
                nics: BTreeMap::new(),
                without: BTreeMap::new(),
                addresses: BTreeMap::new(),
                given: BTreeMap::new(),
                confirmed: BTreeMap::new(),
                ..n.plan
            },
            changed: now(),
            changed_by: asks.name.clone(),
        });
        let what = sentence!("deed-env-copied", "made it as a copy of {name}", name = old.name);
        let deed = Self::deed(asks, AuditKind::Environment, &env, what);
        self.audited(Some(deed), |batch| {
            ENVIRONMENTS.put(batch, &id, &env, Stamp::engine(now()))?;
            network.as_ref().map_or(Ok(()), |n| NETWORKS.put(batch, &id, n, Stamp::engine(now())))
        })?;
        {
            let mut model = self.model.write();
            model.envs.insert(id, env.clone());
            model.networks.extend(network.map(|n| (id, n)));
        }
        self.topics.touch(Area::Environments);
        Ok(env)
    }
}
