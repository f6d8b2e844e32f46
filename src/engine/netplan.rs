//! Network plans: stored, worked out for the nodes of their environment, and kept stable.
//!
//! Whoever needs ports and addresses of nodes asks [`Engine::network`]: addresses that nodes got of a range are stored before anybody sees
//! them, so that no node's address changes because another node came or went.

use super::Engine;
use super::environments::stale;
use super::now;
use super::records::{NETWORKS, NetworkRecord};
use super::topics::Area;
use crate::api::message::NetView;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{EnvId, Revision};
use crate::domain::netplan::{NetworkPlan, NodeFacts, PlanFault, Resolved, Severity, check, resolve};
use crate::domain::node::Node;
use crate::domain::user::User;

/// What the rules of a plan look at.
fn seen(nodes: &[Node]) -> Vec<NodeFacts<'_>> {
    nodes
        .iter()
        .map(|n| NodeFacts {
            id: n.id,
            name: &n.name,
            address: n.address,
            roles: &n.roles,
            facts: n.facts.as_ref(),
        })
        .collect()
}

/// The first fault as a refusal.
fn refused(fault: &PlanFault) -> Failure {
    Failure::new(FailureKind::Invalid, fault.message.clone()).at(&fault.field)
}

impl Engine {
    fn network_record(&self, env: EnvId) -> NetworkRecord {
        self.model.read().networks.get(&env).cloned().unwrap_or_default()
    }

    fn nodes_of(&self, env: EnvId) -> Vec<Node> {
        self.model.read().nodes.values().filter(|n| n.env == env).cloned().collect()
    }

    /// The network plan of an environment and what it comes to for its nodes; an empty plan where there is none. Takes the lock of
    /// changes: not for callers that hold it.
    pub fn network(&self, env: EnvId) -> Result<(NetworkPlan, Resolved), Failure> {
        let view = self.net(env)?;
        Ok((view.plan, view.resolved))
    }

    /// As [`Self::network`], with who changed the plan.
    pub fn net(&self, env: EnvId) -> Result<NetView, Failure> {
        self.env(env)?;
        let _write = self.write();
        let record = self.network_record(env);
        self.settle_network(env, record)
    }

    /// Works a record out for the nodes, and stores it if they got addresses that are not stored.
    fn settle_network(&self, env: EnvId, mut record: NetworkRecord) -> Result<NetView, Failure> {
        let nodes = self.nodes_of(env);
        let resolved = resolve(&record.plan, &seen(&nodes));
        let stored = self.model.read().networks.get(&env) == Some(&record);
        if record.plan.given != resolved.addresses || !(stored || record.plan.revision == Revision::default())
        {
            record.plan.given.clone_from(&resolved.addresses);
            self.records.save(NETWORKS, &env, &record)?;
            self.model.write().networks.insert(env, record.clone());
        }
        let NetworkRecord { plan, changed, changed_by } = record;
        Ok(NetView { plan, resolved, changed, changed_by })
    }

    /// Sets the network plan of an environment.
    pub fn net_set(
        &self,
        asks: &User,
        id: EnvId,
        based_on: Revision,
        mut plan: NetworkPlan,
    ) -> Result<NetView, Failure> {
        let env = self.env(id)?;
        let _write = self.write();
        self.refuse_while_busy(id)?;
        let old = self.network_record(id);
        if old.plan.revision != based_on {
            let what = format!("the network plan of {}", env.name);
            return Err(stale(&what, &old.changed_by, based_on, old.plan.revision));
        }
        let nodes = self.nodes_of(id);
        let here = |id| nodes.iter().any(|n| n.id == id);
        plan.nics.retain(|node, nics| here(*node) && !nics.is_empty());
        plan.without.retain(|node, tags| here(*node) && !tags.is_empty());
        plan.addresses.retain(|node, addresses| here(*node) && !addresses.is_empty());
        plan.confirmed.retain(|node, _| here(*node));
        plan.given = old.plan.given;
        plan.revision = based_on.next();
        if let Some(fault) = check(&plan, &seen(&nodes)).iter().find(|f| f.severity == Severity::Fault) {
            return Err(refused(fault));
        }
        let what = format!("changed the network plan (revision {})", plan.revision);
        self.audit(&Self::deed(asks, AuditKind::Network, &env, what))?;
        self.topics.touch(Area::Check(id));
        self.settle_network(id, NetworkRecord { plan, changed: now(), changed_by: asks.name.clone() })
    }
}
