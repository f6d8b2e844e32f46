//! Who is to be told that something changed.
//!
//! A change touches an [`Area`]; every connection watches one counter that grows with each touch and then compares the
//! areas of its own subscriptions. Nothing is queued here, so a slow client costs nothing.

use crate::api::Topic;
use crate::api::rows::{MarkRow, Matter};
use crate::domain::ids::{EnvId, JobId, SweepId};
use crate::domain::time::Moment;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// A part of what the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Environments, and what follows for them from nodes and jobs.
    Environments,
    /// Nodes of an environment.
    Nodes(EnvId),
    /// The list of jobs of an environment.
    Jobs(EnvId),
    /// A job.
    Job(JobId),
    /// A sweep.
    Sweep(SweepId),
    /// The connectivity check of an environment.
    Check(EnvId),
    /// The proof of an environment.
    Proof(EnvId),
    /// How machines are found for an environment.
    Discovery(EnvId),
    /// What is asked for as a whole.
    Matter(EnvId, Matter),
    /// The logs of an environment.
    Logs(EnvId),
    /// Open shells.
    Shells,
    /// Connected clients.
    Sessions,
}

/// The areas whose change changes the rows of a topic.
pub fn areas(topic: Topic) -> Area {
    match topic {
        Topic::Environments | Topic::Hidden | Topic::RunningJobs => Area::Environments,
        Topic::Nodes(env) => Area::Nodes(env),
        Topic::Jobs(env) => Area::Jobs(env),
        Topic::Job(job) | Topic::JobNode(job, _) => Area::Job(job),
        Topic::Sweep(sweep) => Area::Sweep(sweep),
        Topic::Check(env) => Area::Check(env),
        Topic::Proof(env) => Area::Proof(env),
        Topic::Discovery(env) => Area::Discovery(env),
        Topic::Matter(env, matter) => Area::Matter(env, matter),
        Topic::Logs(env) => Area::Logs(env),
        Topic::Shells => Area::Shells,
        Topic::Sessions => Area::Sessions,
    }
}

/// Counters of change.
pub struct Topics {
    versions: Mutex<HashMap<Area, u64>>,
    /// When a matter was touched last.
    moments: Mutex<HashMap<Area, Moment>>,
    tick: watch::Sender<u64>,
}

impl Default for Topics {
    fn default() -> Self {
        Self { versions: Mutex::default(), moments: Mutex::default(), tick: watch::channel(0).0 }
    }
}

impl Topics {
    /// Something in `area` changed.
    pub fn touch(&self, area: Area) {
        *self.versions.lock().unwrap_or_else(PoisonError::into_inner).entry(area).or_default() += 1;
        self.tick.send_modify(|t| *t += 1);
    }

    /// A matter of an environment has changed.
    pub fn moved(&self, env: EnvId, matter: Matter, at: Moment) {
        let area = Area::Matter(env, matter);
        self.moments.lock().unwrap_or_else(PoisonError::into_inner).insert(area, at);
        self.touch(area);
    }

    /// When a matter of an environment has changed.
    pub fn mark(&self, env: EnvId, matter: Matter) -> MarkRow {
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let at = moments.get(&Area::Matter(env, matter)).copied().unwrap_or_default();
        MarkRow { version: self.version(Topic::Matter(env, matter)), at }
    }

    /// Counter of the topic's area.
    pub fn version(&self, topic: Topic) -> u64 {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get(&areas(topic)).copied().unwrap_or_default()
    }

    /// Wakes whenever anything changed.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }
}
