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
use crate::api::rows::Matter;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::ipam::{Claim, Source};
use crate::domain::netplan::{
    Elsewhere, NetworkPlan, NodeFacts, PlanFault, Resolved, Tag, check, resolve_among,
};
use crate::domain::node::Node;
use crate::domain::plan::Plan;
use crate::domain::said::{self, Said, sentence};
use crate::domain::text::harmless;
use crate::domain::user::User;
use crate::store::Stamp;
use std::net::IpAddr;

/// What the rules of a plan look at.
fn seen(nodes: &[Node]) -> Vec<NodeFacts<'_>> {
    nodes.iter().map(NodeFacts::from).collect()
}

/// The first fault as a refusal.
fn refused(fault: &PlanFault) -> Failure {
    Failure::new(FailureKind::Invalid, fault.message.clone())
        .at(&fault.field)
        .keyed(&fault.key)
        .args(fault.args.clone())
}

/// What was changed, for the audit trail.
fn told(old: &NetworkPlan, new: &NetworkPlan, nodes: &[Node]) -> Said {
    let name =
        |id: &NodeId| nodes.iter().find(|n| n.id == *id).map_or_else(|| id.to_string(), |n| n.name.clone());
    let mut parts: Vec<Said> = Tag::ALL
        .into_iter()
        .filter(|t| {
            old.nets.get(t) != new.nets.get(t)
                || old.wires.get(t) != new.wires.get(t)
                || old.patterns.get(t) != new.patterns.get(t)
        })
        .map(|t| Said::from(t.to_string()))
        .collect();
    if old.vlans != new.vlans {
        parts.push(sentence!("deed-network-vlans", "VLANs {vlans}", vlans = new.vlans));
    }
    if old.names != new.names {
        parts.push(sentence!("deed-network-names", "DNS servers"));
    }
    let touched = |id: &NodeId| {
        old.nics.get(id) != new.nics.get(id)
            || old.without.get(id) != new.without.get(id)
            || old.addresses.get(id) != new.addresses.get(id)
    };
    let touched = nodes.iter().filter(|n| touched(&n.id)).count();
    if touched > 0 {
        parts.push(sentence!("deed-network-nodes", "{count} nodes", count = touched));
    }
    if parts.is_empty() {
        parts.push(sentence!("deed-network-nothing", "nothing"));
    }
    let changed =
        sentence!("deed-network-parts", "changed the network plan: {parts}",; parts = said::list(parts));
    let confirmed = new.confirmed.iter().filter(|(id, l)| old.confirmed.get(id) != Some(l));
    let confirmed = confirmed.map(|(id, l)| {
        sentence!("deed-network-confirmed", "confirmed for {node}: {what}", node = name(id), what = l)
    });
    confirmed.fold(
        changed,
        |before, more| sentence!("said-then", "{before}; {more}",; before = before, more = more),
    )
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
        self.settle_network(env, record, None)
    }

    /// Addresses of the plan's networks that others have, and those that were recorded for nodes.
    fn elsewhere(&self, env: EnvId, plan: &NetworkPlan, nodes: &[Node]) -> Elsewhere {
        let mut out = Elsewhere::default();
        if plan.nets.is_empty() {
            return out;
        }
        for (address, claims) in self.addresses_in_use(env) {
            let IpAddr::V4(address) = address else { continue };
            if !plan.nets.values().any(|n| n.cidr.contains(&address)) {
                continue;
            }
            let node = |c: &Claim| nodes.iter().find(|n| n.name == c.owner || n.address.ip() == address);
            let ours: Vec<(&Claim, &Node)> = claims.iter().filter_map(|c| Some((c, node(c)?))).collect();
            let leased = ours.iter().find(|(c, _)| matches!(c.source, Source::Dhcp | Source::Cobbler));
            if let Some((_, node)) = leased {
                out.given.entry(node.id).or_default().push(address);
            }
            // What a sweep saw at an address of one of ours is that one.
            if let (true, Some(claim)) = (ours.is_empty(), claims.first()) {
                out.taken.insert(address, harmless(&format!("{} ({})", claim.owner, claim.source)));
            }
        }
        out
    }

    /// Works a record out for the nodes, and stores it if they got addresses that are not stored.
    fn settle_network(
        &self,
        env: EnvId,
        mut record: NetworkRecord,
        deed: Option<AuditEntry>,
    ) -> Result<NetView, Failure> {
        let nodes = self.nodes_of(env);
        let resolved = resolve_among(&record.plan, &seen(&nodes), &self.elsewhere(env, &record.plan, &nodes));
        let stored = self.model.read().networks.get(&env) == Some(&record);
        if record.plan.given != resolved.addresses || !(stored || record.plan.revision == Revision::default())
        {
            record.plan.given.clone_from(&resolved.addresses);
            self.audited(deed, |batch| NETWORKS.put(batch, &env, &record, Stamp::engine(now())))?;
            self.model.write().networks.insert(env, record.clone());
            self.topics.moved(env, Matter::Network, now());
            self.topics.moved(env, Matter::Addresses, now());
        }
        let NetworkRecord { plan, changed, changed_by } = record;
        Ok(NetView { plan, resolved, changed, changed_by })
    }

    /// Refuses to install what the network plan does not allow on the nodes that take part. Without a plan nothing is refused.
    pub fn refuse_network_faults(&self, env: &Environment, plan: &Plan) -> Result<(), Failure> {
        let (network, resolved) = self.network(env.id)?;
        let here = |f: &&PlanFault| f.node.is_none_or(|id| plan.node(id).is_some());
        let faults: Vec<&PlanFault> = resolved.blocking().filter(here).collect();
        let Some(first) = faults.first().filter(|_| !network.is_empty()) else { return Ok(()) };
        let more = match faults.len() {
            1 => String::new(),
            n => format!(" ({} more)", n - 1),
        };
        let why = format!("the network plan of {} is not ready: {}{more}", env.name, first.message);
        Err(Failure::new(FailureKind::Invalid, why)
            .at(&first.field)
            .keyed("error-network-not-ready")
            .arg("env", &env.name)
            .arg("count", faults.len()))
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
            return Err(stale(("network", &env.name), &old.changed_by, based_on, old.plan.revision));
        }
        let nodes = self.nodes_of(id);
        let here = |id| nodes.iter().any(|n| n.id == id);
        plan.nics.retain(|node, nics| here(*node) && !nics.is_empty());
        plan.without.retain(|node, tags| here(*node) && !tags.is_empty());
        plan.addresses.retain(|node, addresses| here(*node) && !addresses.is_empty());
        plan.confirmed.retain(|node, _| here(*node));
        plan.given.clone_from(&old.plan.given);
        plan.revision = based_on.next();
        if let Some(fault) = check(&plan, &seen(&nodes)).iter().find(|f| f.is_refused()) {
            return Err(refused(fault));
        }
        self.topics.touch(Area::Check(id));
        let deed = Self::deed(asks, AuditKind::Network, &env, told(&old.plan, &plan, &nodes));
        self.settle_network(
            id,
            NetworkRecord { plan, changed: now(), changed_by: asks.name.clone() },
            Some(deed),
        )
    }
}
