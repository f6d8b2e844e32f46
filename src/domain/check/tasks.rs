//! From what is expected to questions for each node.

use super::CheckKind;
use super::expect::{ENet, Expected, Member};
use super::probe::{MTU_MIN, Task};
use crate::domain::ids::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Most other nodes that one node reaches out to on one network. Of more, each takes those that follow it, so that every
/// node is reached by as many.
pub const PEERS_MAX: usize = 256;

/// The questions for `kinds` of checks, node by node. A kind that needs others asks all nodes.
pub fn tasks(expected: &Expected, kinds: &BTreeSet<CheckKind>) -> BTreeMap<NodeId, Vec<Task>> {
    let mut out: BTreeMap<NodeId, Vec<Task>> = expected.nodes.keys().map(|id| (*id, Vec::new())).collect();
    for (id, list) in &mut out {
        frames(expected, *id, kinds, list);
        for net in &expected.nets {
            if let Some(member) = net.members.get(id) {
                addresses(net, *id, member, kinds, list);
                echoes(expected, net, *id, member, kinds, list);
            }
        }
        dhcp(expected, *id, kinds, list);
        own(expected, *id, kinds, list);
    }
    out
}

/// Layer 2 on every NIC.
fn frames(expected: &Expected, id: NodeId, kinds: &BTreeSet<CheckKind>, list: &mut Vec<Task>) {
    let (segments, vlans) = (kinds.contains(&CheckKind::Segments), kinds.contains(&CheckKind::Vlans));
    let Some(node) = expected.nodes.get(&id) else { return };
    if !segments && !vlans {
        return;
    }
    for nic in node.nics.keys() {
        let trunk =
            expected.nets.iter().any(|n| n.trunk && n.members.get(&id).is_some_and(|m| m.nic == *nic));
        let vlans = if trunk { expected.vlans.clone() } else { Vec::new() };
        // Untagged frames are always sent: a trunk port in the wrong place is found by where it is.
        list.push(Task::Frames { nic: nic.clone(), untagged: true, vlans });
    }
}

/// ARP: nobody else may have the node's addresses, and the gateway must be there where it cannot be reached otherwise yet.
fn addresses(net: &ENet, id: NodeId, member: &Member, kinds: &BTreeSet<CheckKind>, list: &mut Vec<Task>) {
    let mut asked: Vec<Ipv4Addr> = Vec::new();
    if kinds.contains(&CheckKind::Duplicates) {
        asked.extend(member.address);
        asked.extend(member.planned.filter(|p| Some(*p) != member.address));
        if net.members.keys().next() == Some(&id) {
            asked.extend(&net.vips);
        }
    }
    if kinds.contains(&CheckKind::Gateway) {
        asked.extend(net.gateway);
    }
    if !asked.is_empty() {
        list.push(Task::Addresses { nic: member.holder.clone(), addresses: asked });
    }
}

/// The other nodes, and the gateway.
fn echoes(
    expected: &Expected,
    net: &ENet,
    id: NodeId,
    member: &Member,
    kinds: &BTreeSet<CheckKind>,
    list: &mut Vec<Task>,
) {
    let Some(source) = member.address else { return };
    let (nic, source) = (Some(member.holder.clone()), Some(source));
    if kinds.contains(&CheckKind::Pairs) || kinds.contains(&CheckKind::Mtu) {
        let targets = peers(net, id);
        let mtu = size(expected, net, id, member).filter(|_| kinds.contains(&CheckKind::Mtu));
        if !targets.is_empty() {
            list.push(Task::Echo { nic: nic.clone(), source, targets, mtu });
        }
    }
    if let Some(gateway) = net.gateway.filter(|g| kinds.contains(&CheckKind::Gateway) && source != Some(*g)) {
        list.push(Task::Echo { nic, source, targets: vec![gateway], mtu: None });
    }
}

/// Addresses of other nodes that a node reaches out to: those after it first, then from the beginning.
pub(super) fn peers(net: &ENet, id: NodeId) -> Vec<Ipv4Addr> {
    let after = net.members.range(id..).skip_while(|(other, _)| **other == id);
    let before = net.members.range(..id);
    after.chain(before).filter_map(|(_, m)| m.address).take(PEERS_MAX).collect()
}

/// The packet size that a node tries: no more than its NIC can send. That its NIC is set too low is a finding of its own.
pub(super) fn size(expected: &Expected, net: &ENet, id: NodeId, member: &Member) -> Option<u16> {
    let wanted = expected.mtu(net)?;
    let own = expected.nodes.get(&id).and_then(|n| n.nics.get(&member.nic)).map_or(0, |n| n.mtu);
    let own = if own == 0 { wanted } else { u16::try_from(own).unwrap_or(u16::MAX) };
    Some(wanted.min(own)).filter(|mtu| *mtu >= MTU_MIN)
}

/// DHCP on every NIC that is on one of the networks.
fn dhcp(expected: &Expected, id: NodeId, kinds: &BTreeSet<CheckKind>, list: &mut Vec<Task>) {
    if !kinds.contains(&CheckKind::Dhcp) {
        return;
    }
    let nics: BTreeSet<&String> =
        expected.nets.iter().filter_map(|n| n.members.get(&id)).map(|m| &m.nic).collect();
    list.extend(nics.into_iter().map(|nic| Task::Dhcp { nic: nic.clone() }));
}

/// What a node can tell alone.
fn own(expected: &Expected, id: NodeId, kinds: &BTreeSet<CheckKind>, list: &mut Vec<Task>) {
    let Some(node) = expected.nodes.get(&id) else { return };
    if kinds.contains(&CheckKind::Gateway)
        && let Some((gateway, nic)) = &node.gateway
        // The networks' own gateways are asked already.
        && !expected.nets.iter().any(|n| n.gateway == Some(*gateway) && n.members.get(&id).is_some_and(|m| m.address.is_some()))
    {
        list.push(Task::Echo { nic: Some(nic.clone()), source: None, targets: vec![*gateway], mtu: None });
    }
    if kinds.contains(&CheckKind::Ports) && !node.ports.is_empty() {
        let ports: BTreeSet<u16> = node.ports.iter().map(|p| p.port).collect();
        list.push(Task::Ports { ports: ports.into_iter().collect() });
    }
    if kinds.contains(&CheckKind::Names) && !node.names.is_empty() {
        list.push(Task::Names { names: node.names.clone() });
    }
    if kinds.contains(&CheckKind::Repositories) || kinds.contains(&CheckKind::Names) {
        list.push(Task::Repositories { urls: Vec::new(), configured: true });
    }
    if kinds.contains(&CheckKind::Clock) {
        list.push(Task::Clock);
    }
}
