//! What the engine keeps in memory: records as they are on the disk, and which nodes are being looked at.

use super::now;
use super::records::NetworkRecord;
use super::rested::Kept;
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, JobId, NodeId, UserId};
use crate::domain::node::Node;
use crate::domain::time::Moment;
use crate::domain::user::User;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Records in memory, as they are on the disk.
#[derive(Default)]
pub struct Model {
    /// Users.
    pub users: BTreeMap<UserId, User>,
    /// Environments.
    pub envs: BTreeMap<EnvId, Environment>,
    /// Nodes.
    pub nodes: BTreeMap<NodeId, Node>,
    /// Network plans.
    pub networks: BTreeMap<EnvId, NetworkRecord>,
    /// Jobs.
    pub jobs: BTreeMap<JobId, Kept>,
}

/// The model behind its lock.
#[derive(Default)]
pub struct ModelLock(RwLock<Model>);

impl ModelLock {
    /// For reading.
    pub fn read(&self) -> RwLockReadGuard<'_, Model> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For changing, after the disk has it.
    pub fn write(&self) -> RwLockWriteGuard<'_, Model> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nodes that are being looked at.
#[derive(Default)]
pub struct Probing(Mutex<HashMap<NodeId, Moment>>);

impl Probing {
    fn map(&self) -> MutexGuard<'_, HashMap<NodeId, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, node: NodeId) {
        self.map().insert(node, now());
    }

    pub(super) fn end(&self, node: NodeId) {
        self.map().remove(&node);
    }

    pub(super) fn since(&self, node: NodeId) -> Option<Moment> {
        self.map().get(&node).copied()
    }
}
