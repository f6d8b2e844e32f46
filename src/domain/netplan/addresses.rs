//! Which address a node gets on a network.
//!
//! What an operator chose counts, then what the node was given before (so that no node's address changes because another came or went), then
//! what the node has already (an address that DHCP gave becomes its static one), then the lowest free address of the range.

use super::nics::NodeFacts;
use super::{Net, NetworkPlan, Tag};
use crate::domain::ids::NodeId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;

/// Why an address cannot be a node's on a network; the word ends the key in the message catalogue (`net-address-WORD`).
pub(super) fn unfit(net: &Net, address: Ipv4Addr) -> Option<&'static str> {
    if !net.cidr.contains(&address) {
        return Some("outside");
    }
    if address == net.cidr.network() {
        return Some("network");
    }
    if address == net.cidr.broadcast() {
        return Some("broadcast");
    }
    if net.gateway == Some(address) {
        return Some("gateway");
    }
    if net.vip.contains(&address) {
        return Some("vip");
    }
    if net.floating.is_some_and(|f| f.contains(address)) {
        return Some("floating");
    }
    (!net.range.contains(address)).then_some("not-in-range")
}

/// Addresses that are on a machine today, by address.
pub(super) fn alive(nodes: &[NodeFacts<'_>]) -> HashMap<Ipv4Addr, BTreeSet<NodeId>> {
    let mut alive: HashMap<Ipv4Addr, BTreeSet<NodeId>> = HashMap::new();
    for node in nodes {
        for address in present(node) {
            alive.entry(address).or_default().insert(node.id);
        }
    }
    alive
}

/// The node's own address, then all others that its NICs have.
fn present<'a>(node: &NodeFacts<'a>) -> impl Iterator<Item = Ipv4Addr> + 'a {
    let nics = node.facts.map(|f| f.nics.as_slice()).unwrap_or_default();
    let others = nics.iter().flat_map(|n| &n.addresses);
    let others = others.filter_map(|a| a.split_once('/').map_or(a.as_str(), |(ip, _)| ip).parse().ok());
    std::iter::once(node.address.ip()).chain(others)
}

/// What is known of addresses from elsewhere than the nodes' own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Addresses that somebody else has, with who: machines that a sweep saw, nodes of other environments, what was allocated.
    pub taken: BTreeMap<Ipv4Addr, String>,
    /// Addresses that DHCP or Cobbler has given to nodes.
    pub given: BTreeMap<NodeId, Vec<Ipv4Addr>>,
}

/// The address of each node that takes part in `tag`. Nodes for which the range has none are missing.
pub(super) fn assign(
    plan: &NetworkPlan,
    tag: Tag,
    net: &Net,
    nodes: &[NodeFacts<'_>],
    alive: &HashMap<Ipv4Addr, BTreeSet<NodeId>>,
    elsewhere: &Elsewhere,
) -> BTreeMap<NodeId, Ipv4Addr> {
    let mut given = BTreeMap::new();
    let mut taken: HashSet<Ipv4Addr> = HashSet::new();
    let takes_part = |n: &&NodeFacts<'_>| n.wants(plan, tag);
    // An explicit address counts even if it is wrong: the fault is named elsewhere, and nobody else gets it.
    let of = |map: &BTreeMap<NodeId, BTreeMap<Tag, Ipv4Addr>>, node: NodeId| {
        map.get(&node).and_then(|a| a.get(&tag)).copied()
    };
    for node in nodes.iter().filter(takes_part) {
        if let Some(address) = of(&plan.addresses, node.id) {
            taken.insert(address);
            given.insert(node.id, address);
        }
    }
    for node in nodes.iter().filter(takes_part) {
        let Some(address) = of(&plan.given, node.id) else { continue };
        if !given.contains_key(&node.id) && unfit(net, address).is_none() && taken.insert(address) {
            given.insert(node.id, address);
        }
    }
    for node in nodes.iter().filter(takes_part) {
        if given.contains_key(&node.id) {
            continue;
        }
        let fits = |a: &Ipv4Addr| {
            unfit(net, *a).is_none()
                && !taken.contains(a)
                && alive.get(a).is_none_or(|who| who.iter().all(|id| *id == node.id))
                && !elsewhere.taken.contains_key(a)
        };
        let recorded = elsewhere.given.get(&node.id).into_iter().flatten().copied();
        if let Some(address) = present(node).chain(recorded).find(fits) {
            taken.insert(address);
            given.insert(node.id, address);
        }
    }
    let reserved: HashSet<Ipv4Addr> = elsewhere.given.values().flatten().copied().collect();
    let somebodys =
        |a: &Ipv4Addr| alive.contains_key(a) || elsewhere.taken.contains_key(a) || reserved.contains(a);
    let mut free = net.range.iter().filter(|a| unfit(net, *a).is_none() && !somebodys(a));
    for node in nodes.iter().filter(takes_part) {
        // A node without a role is not installed, and takes no address from one that is.
        if given.contains_key(&node.id) || node.roles.is_empty() {
            continue;
        }
        let Some(address) = free.find(|a| !taken.contains(a)) else { break };
        given.insert(node.id, address);
    }
    given
}
