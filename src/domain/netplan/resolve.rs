//! From a plan and what the nodes said to ports with addresses.

use super::addresses::{Elsewhere, alive, assign};
use super::fault::{PlanFault, Severity};
use super::nics::{NodeFacts, carrier, carries_us, pick};
use super::{NetworkPlan, NicName, Tag, check};
use crate::domain::facts::Nic;
use crate::domain::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// Who chose a NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// An operator, for this node.
    Explicit,
    /// The pattern.
    Pattern,
}

/// A NIC of a node with what it carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The NIC.
    pub nic: NicName,
    /// Its MAC address, as the node told it; empty when it told nothing.
    pub mac: String,
    /// Who chose it.
    pub chosen: Chosen,
    /// The node's address on this network.
    pub address: Option<Ipv4Addr>,
    /// Length of the network's prefix; 0 without addresses.
    pub prefix: u8,
    /// The default route leads here, if this is the port that has it.
    pub gateway: Option<Ipv4Addr>,
    /// Largest packet, if the plan says it.
    pub mtu: Option<u16>,
    /// Our own connection runs over this NIC.
    pub ours: bool,
}

/// In which way a plan may cut our own connection to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockOutKind {
    /// The NIC gets another address.
    Address,
    /// The address goes from the NIC to a bridge.
    Bridge,
    /// The NIC has no address any more.
    Lost,
    /// The address goes to another NIC.
    Elsewhere,
    /// The default route changes.
    Route,
}

impl LockOutKind {
    /// The word that ends the key in the message catalogue (`net-lock-out-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Bridge => "bridge",
            Self::Lost => "lost",
            Self::Elsewhere => "elsewhere",
            Self::Route => "route",
        }
    }
}

/// A change that may cut our own connection to a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockOut {
    /// In which way.
    pub kind: LockOutKind,
    /// The NIC over which our connection runs.
    pub nic: NicName,
    /// The address that we reach the node at, or the router we may reach it through.
    pub from: Ipv4Addr,
    /// What takes its place.
    pub to: Option<Ipv4Addr>,
}

impl fmt::Display for LockOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, nic, from, to } = self;
        let to = to.map_or_else(|| "none".to_owned(), |t| t.to_string());
        match kind {
            LockOutKind::Address => {
                write!(f, "{nic}, over which we reach it, changes its address from {from} to {to}")
            }
            LockOutKind::Bridge => {
                write!(f, "the address {from}, at which we reach it, goes from {nic} to a bridge")
            }
            LockOutKind::Lost => write!(f, "{nic}, over which we reach it, loses its address {from}"),
            LockOutKind::Elsewhere => {
                write!(f, "the address {from}, at which we reach it, goes from {nic} to another NIC")
            }
            LockOutKind::Route => write!(f, "its default route changes from {from} to {to}"),
        }
    }
}

/// A plan, worked out for nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Ports of each node; a node without any is there, too.
    pub nodes: BTreeMap<NodeId, BTreeMap<Tag, Port>>,
    /// Address of each node on each network with addresses, also where its NIC is not known yet.
    pub addresses: BTreeMap<NodeId, BTreeMap<Tag, Ipv4Addr>>,
    /// Changes that may cut our own connection, confirmed or not.
    pub lock_outs: BTreeMap<NodeId, LockOut>,
    /// What is wrong, the worst first.
    pub faults: Vec<PlanFault>,
}

impl Resolved {
    /// What keeps the plan from being installed: faults, and changes that nobody has confirmed.
    pub fn blocking(&self) -> impl Iterator<Item = &PlanFault> {
        self.faults.iter().filter(|f| f.severity != Severity::Warning)
    }
}

/// Works a plan out for nodes. Pure: the same arguments give the same result.
pub fn resolve(plan: &NetworkPlan, nodes: &[NodeFacts<'_>]) -> Resolved {
    resolve_among(plan, nodes, &Elsewhere::default())
}

/// As [`resolve`], with what is known from elsewhere: no node is given what somebody else has, and gets what was recorded for it.
pub fn resolve_among(plan: &NetworkPlan, nodes: &[NodeFacts<'_>], elsewhere: &Elsewhere) -> Resolved {
    let mut sorted = nodes.to_vec();
    sorted.sort_by_key(|n| n.id);
    let nodes = sorted.as_slice();
    let mut out = Resolved::default();
    let alive = alive(nodes);
    for (tag, net) in &plan.nets {
        for (node, address) in assign(plan, *tag, net, nodes, &alive, elsewhere) {
            out.addresses.entry(node).or_default().insert(*tag, address);
        }
    }
    for node in nodes {
        let ports = ports(plan, node, &mut out);
        if let Some(lock_out) = lock_out(node, &ports) {
            let confirmed = plan.confirmed.get(&node.id) == Some(&lock_out);
            out.faults.push(told(node, &lock_out, confirmed));
            out.lock_outs.insert(node.id, lock_out);
        }
        out.nodes.insert(node.id, ports);
    }
    for node in nodes {
        let mine = out.addresses.get(&node.id);
        for (tag, address) in mine.into_iter().flatten() {
            let other = alive.get(address).and_then(|who| who.iter().find(|id| **id != node.id));
            let other = other.and_then(|id| nodes.iter().find(|n| n.id == *id)).map(|n| n.name);
            let strange = elsewhere.taken.get(address).filter(|_| other.is_none()).map(String::as_str);
            let Some(other) = other.or(strange) else { continue };
            // What a sweep saw may be the node itself by a NIC that it has not told of: the check on the wire decides.
            let severity = if strange.is_some() { Severity::Warning } else { Severity::Fault };
            out.faults.push(
                PlanFault::of(
                    *tag,
                    "address",
                    "net-address-alive",
                    format!(
                        "{} is to have {address} on {tag}, which {other} has today: choose another address",
                        node.name
                    ),
                )
                .on(node.id, None)
                .arg("node", node.name)
                .arg("address", address)
                .arg("tag", tag)
                .arg("other", other)
                .graded(severity),
            );
        }
    }
    // Nothing about a node without a role is wrong, but what somebody chose for it.
    let chosen = |id: NodeId| plan.nics.contains_key(&id) || plan.addresses.contains_key(&id);
    let counts = |id: NodeId| chosen(id) || nodes.iter().any(|n| n.id == id && !n.roles.is_empty());
    out.faults.retain(|f| f.node.is_none_or(counts));
    let refused = check(plan, nodes);
    out.faults.retain(|f| !refused.iter().any(|r| (&r.field, r.node, &r.key) == (&f.field, f.node, &f.key)));
    for fault in out.faults.iter_mut().filter(|f| f.severity == Severity::Refused) {
        fault.severity = Severity::Fault;
    }
    out.faults.extend(refused);
    out.faults.sort();
    out
}

/// The ports of a node; what is wrong with them goes to `out.faults`.
fn ports(plan: &NetworkPlan, node: &NodeFacts<'_>, out: &mut Resolved) -> BTreeMap<Tag, Port> {
    let mut ports: BTreeMap<Tag, Port> = BTreeMap::new();
    let ours = carrier(node);
    for tag in Tag::ALL.into_iter().filter(|t| node.wants(plan, *t)) {
        let pick = match pick(plan, node, tag) {
            Ok(pick) => pick,
            Err(fault) => {
                out.faults.push(*fault);
                continue;
            }
        };
        let address = out.addresses.get(&node.id).and_then(|a| a.get(&tag)).copied();
        let net = plan.nets.get(&tag);
        ports.insert(
            tag,
            Port {
                mac: pick.nic.map(|n| n.mac.clone()).unwrap_or_default(),
                chosen: if pick.explicit { Chosen::Explicit } else { Chosen::Pattern },
                address,
                prefix: net.map_or(0, |n| n.cidr.prefix_len()),
                gateway: None,
                mtu: plan.mtu(tag),
                ours: carries_us(ours, &pick.name, tag),
                nic: pick.name,
            },
        );
    }
    // One default route: the public one before the cluster's.
    let leads = |tag: &Tag| plan.nets.get(tag).and_then(|n| n.gateway);
    if let Some((tag, port)) = ports.iter_mut().find(|(tag, _)| leads(tag).is_some()) {
        port.gateway = leads(tag);
    }
    out.faults.extend(shared(node, &ports));
    ports
}

/// Whether one NIC may carry both: public and cluster are one VLAN on the switch, and neither needs the NIC for itself.
pub(super) fn may_share(a: Tag, b: Tag) -> bool {
    a.has_addresses() && b.has_addresses()
}

/// NICs with two tags that cannot be together.
fn shared(node: &NodeFacts<'_>, ports: &BTreeMap<Tag, Port>) -> Vec<PlanFault> {
    let mut faults = Vec::new();
    for (tag, port) in ports {
        for (other, _) in ports.range(..tag).filter(|(_, p)| p.nic == port.nic) {
            let fault = if !may_share(*tag, *other) {
                two_tags(*tag, *other, node.name, &port.nic)
            } else if ports.get(other).is_some_and(|p| p.mtu != port.mtu) {
                PlanFault::of(
                    *tag,
                    "mtu",
                    "net-mtu-shared",
                    format!(
                        "{} carries {other} and {tag} on {}: both need the same MTU, or another NIC",
                        node.name, port.nic
                    ),
                )
            } else {
                continue;
            };
            let fault =
                fault.arg("tag", tag).arg("other", other).arg("node", node.name).arg("nic", &port.nic);
            faults.push(fault.on(node.id, Some(&port.nic)));
        }
    }
    faults
}

pub(super) fn two_tags(tag: Tag, other: Tag, node: &str, nic: &NicName) -> PlanFault {
    PlanFault::of(
        tag,
        "nic",
        "net-nic-twice",
        format!(
            "{nic} of {node} would carry {other} and {tag}: only public and cluster can share a NIC; choose another one for {tag}"
        ),
    )
}

/// Whether the ports may cut our own connection to the node.
fn lock_out(node: &NodeFacts<'_>, ports: &BTreeMap<Tag, Port>) -> Option<LockOut> {
    let from = node.address.ip();
    let nic: &Nic = carrier(node).filter(|_| !from.is_loopback())?;
    let name: NicName = nic.name.parse().ok()?;
    let on_it = || ports.iter().filter(|(_, p)| p.ours);
    let stays = on_it().find(|(_, p)| p.address == Some(from));
    let (kind, to) = if on_it().next().is_none() {
        // The plan leaves our NIC alone; it must not give its address to another one.
        ports.values().find(|p| p.address == Some(from)).map(|_| (LockOutKind::Elsewhere, Some(from)))?
    } else if stays.is_some() {
        let bridge = on_it().find_map(|(tag, _)| tag.bridge());
        let gateway = ports.values().find_map(|p| p.gateway);
        let route = node.facts.and_then(|f| f.gateway.as_deref()).and_then(|g| g.parse::<Ipv4Addr>().ok());
        match (bridge, route, gateway) {
            (Some(bridge), ..) if bridge != nic.name => (LockOutKind::Bridge, Some(from)),
            (_, Some(old), Some(new)) if old != new => {
                return Some(LockOut { kind: LockOutKind::Route, nic: name, from: old, to: Some(new) });
            }
            _ => return None,
        }
    } else {
        match on_it().find_map(|(_, p)| p.address) {
            Some(to) => (LockOutKind::Address, Some(to)),
            None => (LockOutKind::Lost, None),
        }
    };
    Some(LockOut { kind, nic: name, from, to })
}

fn told(node: &NodeFacts<'_>, lock_out: &LockOut, confirmed: bool) -> PlanFault {
    let to = lock_out.to.map_or_else(|| "-".to_owned(), |t| t.to_string());
    PlanFault::of(
        Tag::Cluster,
        "nic",
        &format!("net-lock-out-{}", lock_out.kind.word()),
        format!(
            "{}: {lock_out}; this may lock us out: {}",
            node.name,
            if confirmed {
                "an operator has confirmed it"
            } else {
                "confirm it, or choose another NIC or address"
            }
        ),
    )
    .on(node.id, Some(&lock_out.nic))
    .arg("node", node.name)
    .arg("nic", &lock_out.nic)
    .arg("from", lock_out.from)
    .arg("to", to)
    .graded(if confirmed { Severity::Warning } else { Severity::Confirm })
}
