//! What a plan must fulfil, whatever the nodes say about themselves. A plan that breaks one is not stored; one that lacks something is.

use super::addresses::unfit;
use super::fault::{PlanFault, Severity};
use super::nics::NodeFacts;
use super::resolve::{may_share, two_tags};
use super::{Net, Net6, NetworkPlan, Tag};
use crate::domain::ids::NodeId;
use crate::domain::net::AddressRange;
use ipnet::Ipv4Net;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes that the largest packet of a network may have: IPv6 needs 1280, and hardly any switch takes more than 9216.
pub const MTU_RANGE: std::ops::RangeInclusive<u16> = 1280..=9216;

/// Networks that no plan can use: first address, prefix length, word that ends the key (`net-cidr-WORD`), the English for it.
const FORBIDDEN: [(Ipv4Addr, u8, &str, &str); 5] = [
    (Ipv4Addr::UNSPECIFIED, 8, "this-network", "'this network' (0.0.0.0/8)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback", "loopback (127.0.0.0/8), which never leaves a machine"),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "link-local",
        "link-local (169.254.0.0/16), which machines give themselves",
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast", "multicast (224.0.0.0/4)"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved", "reserved (240.0.0.0/4)"),
];

/// Everything that is wrong with a plan for these nodes, apart from what depends on their NICs.
pub fn check(plan: &NetworkPlan, nodes: &[NodeFacts<'_>]) -> Vec<PlanFault> {
    let mut faults = Vec::new();
    if plan.is_empty() {
        return faults;
    }
    if !plan.nets.contains_key(&Tag::Cluster) {
        faults.push(
            PlanFault::of(
                Tag::Cluster,
                "cidr",
                "net-cluster-missing",
                "the cluster network is missing: every node gets an address on it, as in 192.168.7.0/24",
            )
            .graded(Severity::Fault),
        );
    }
    for (tag, net) in &plan.nets {
        if !tag.has_addresses() {
            faults.push(no_addresses(*tag));
            continue;
        }
        let before = faults.len();
        network(*tag, net, &mut faults);
        if faults.len() == before {
            enough(plan, *tag, net, nodes, &mut faults);
        }
        if let Some(v6) = &net.v6 {
            network6(*tag, v6, &mut faults);
        }
    }
    for tag in plan.wires.keys().filter(|t| t.has_addresses()) {
        let text = format!("{tag} needs a network (CIDR) and a range of addresses for nodes");
        faults.push(PlanFault::of(*tag, "cidr", "net-cidr-missing", text).arg("tag", tag));
    }
    for tag in Tag::ALL {
        if let Some(mtu) = plan.mtu(tag).filter(|m| !MTU_RANGE.contains(m)) {
            let (least, most) = (MTU_RANGE.start(), MTU_RANGE.end());
            let text =
                format!("an MTU of {mtu} does not work: it is {least} to {most}, usually 1500 or 9000");
            let fault = PlanFault::of(tag, "mtu", "net-mtu", text);
            faults.push(fault.arg("mtu", mtu).arg("least", least).arg("most", most));
        }
    }
    overlaps(plan, &mut faults);
    vlans(plan, &mut faults);
    names(plan, &mut faults);
    explicit(plan, nodes, &mut faults);
    faults.sort();
    faults
}

pub(super) fn no_addresses(tag: Tag) -> PlanFault {
    let text = format!("{tag} has no addresses: leave its network, range and gateway empty");
    PlanFault::of(tag, "cidr", "net-no-addresses", text).arg("tag", tag)
}

/// Why a network cannot be planned with, as field `cidr` of `tag`.
pub(super) fn network_fault(tag: Tag, cidr: Ipv4Net) -> Option<PlanFault> {
    let fault = |key: &str, text: String| PlanFault::of(tag, "cidr", key, text).arg("cidr", cidr);
    if cidr.addr() != cidr.network() {
        let mean = cidr.trunc();
        let text = format!("{cidr} has bits of a host: you mean {mean}");
        return Some(fault("net-cidr-normal", text).arg("mean", mean));
    }
    for (first, length, word, text) in FORBIDDEN {
        let other = Ipv4Net::new_assert(first, length);
        if cidr.contains(&other) || other.contains(&cidr) {
            let text =
                format!("{cidr} cannot be used: it is {text}; take a network of your own, as 192.168.7.0/24");
            return Some(fault(&format!("net-cidr-{word}"), text));
        }
    }
    if cidr.prefix_len() > 30 {
        return Some(fault(
            "net-cidr-small",
            format!("{cidr} has no room for nodes: the prefix length is 30 at most, usually 24"),
        ));
    }
    None
}

/// Why `address` is no host's of the network, as field `part` of `tag`.
fn host(tag: Tag, part: &str, net: &Net, address: Ipv4Addr) -> Option<PlanFault> {
    let cidr = net.cidr;
    let fault = |key: &str, text: String| {
        Some(PlanFault::of(tag, part, key, text).arg("address", address).arg("cidr", cidr))
    };
    if !cidr.contains(&address) {
        fault("net-outside", format!("{address} lies outside of {cidr}"))
    } else if address == cidr.network() {
        fault(
            "net-is-network",
            format!("{address} is the address of the network itself: no machine can have it"),
        )
    } else if address == cidr.broadcast() {
        fault(
            "net-is-broadcast",
            format!("{address} is the network's broadcast address: no machine can have it"),
        )
    } else {
        None
    }
}

fn range(tag: Tag, part: &str, net: &Net, range: AddressRange) -> Option<PlanFault> {
    host(tag, part, net, range.first()).or_else(|| host(tag, part, net, range.last()))
}

/// The rules of one network. The first fault of each field.
fn network(tag: Tag, net: &Net, faults: &mut Vec<PlanFault>) {
    if let Some(fault) = network_fault(tag, net.cidr) {
        faults.push(fault);
        return;
    }
    faults.extend(range(tag, "range", net, net.range));
    if let Some(gateway) = net.gateway {
        let clash = || {
            let of_nodes = net.range.contains(gateway);
            of_nodes.then(|| {
                let text = format!(
                    "the gateway {gateway} lies in the nodes' range {}: a node would get its address; shorten the range",
                    net.range
                );
                PlanFault::of(tag, "gateway", "net-gateway-in-range", text)
                    .arg("address", gateway)
                    .arg("range", net.range)
            })
        };
        faults.extend(host(tag, "gateway", net, gateway).or_else(clash));
    } else if tag == Tag::Public {
        let text = "public has no gateway: instances will reach nothing outside, and nobody from outside the dashboard";
        faults.push(PlanFault::of(tag, "gateway", "net-gateway-missing", text).graded(Severity::Warning));
    }
    if let Some(floating) = net.floating {
        faults.extend(pool(tag, net, floating));
    }
    let mut seen = Vec::new();
    for vip in &net.vip {
        let clash = || {
            let word = if net.gateway == Some(*vip) {
                ("gateway", "is the gateway")
            } else if net.floating.is_some_and(|f| f.contains(*vip)) {
                ("floating", "lies in the floating pool")
            } else if seen.contains(vip) {
                ("twice", "is there twice")
            } else {
                return None;
            };
            let text = format!("the virtual address {vip} {}: choose another one", word.1);
            Some(PlanFault::of(tag, "vip", &format!("net-vip-{}", word.0), text).arg("address", vip))
        };
        faults.extend(host(tag, "vip", net, *vip).or_else(clash));
        seen.push(*vip);
    }
}

fn pool(tag: Tag, net: &Net, floating: AddressRange) -> Option<PlanFault> {
    let fault = |key: &str, text: String| {
        Some(PlanFault::of(tag, "floating", key, text).arg("floating", floating).arg("range", net.range))
    };
    if tag != Tag::Public {
        return fault("net-floating-public", format!("{tag} has no floating pool: only public has one"));
    }
    if let Some(outside) = range(tag, "floating", net, floating) {
        return Some(outside);
    }
    if floating.overlaps(net.range) {
        return fault(
            "net-floating-range",
            format!(
                "the floating pool {floating} overlaps the nodes' range {}: make one of them shorter",
                net.range
            ),
        );
    }
    let gateway = net.gateway.filter(|g| floating.contains(*g))?;
    fault(
        "net-floating-gateway",
        format!(
            "the gateway {gateway} lies in the floating pool {floating}: an instance would get its address"
        ),
    )
    .map(|f| f.arg("address", gateway))
}

/// Enough addresses for nodes and virtual addresses.
fn enough(plan: &NetworkPlan, tag: Tag, net: &Net, nodes: &[NodeFacts<'_>], faults: &mut Vec<PlanFault>) {
    let takes =
        nodes.iter().filter(|n| n.wants(plan, tag) && !(n.roles.is_empty() && tag == Tag::Cluster)).count();
    let virtual_ones = net.vip.iter().filter(|v| net.range.contains(**v)).count();
    let (have, need) = (net.range.count() as usize, takes + virtual_ones);
    if have < need {
        let text = format!(
            "the range {} has {have} addresses, but {takes} nodes and {virtual_ones} virtual addresses need {need}: make it longer",
            net.range
        );
        faults.push(
            PlanFault::of(tag, "range", "net-range-short", text)
                .arg("range", net.range)
                .arg("have", have)
                .arg("need", need)
                .arg("nodes", takes)
                .arg("virtual", virtual_ones),
        );
    }
}

/// Why an IPv6 address is no host's of a network anybody plans.
fn host6(v6: &Net6, address: Ipv6Addr) -> Option<(&'static str, String)> {
    if !v6.cidr.contains(&address) {
        return Some(("net-outside", format!("{address} lies outside of {}", v6.cidr)));
    }
    (address == v6.cidr.network() && v6.cidr.prefix_len() < 127).then(|| {
        // RFC 4291, 2.6.1.
        ("net-is-anycast", format!("{address} is every router's address of the network: no node can have it"))
    })
}

fn network6(tag: Tag, v6: &Net6, faults: &mut Vec<PlanFault>) {
    let cidr = v6.cidr;
    let fault = |part: &str, key: &str, text: String| PlanFault::of(tag, part, key, text).arg("cidr", cidr);
    let first = cidr.network();
    if cidr.addr() != first {
        let text = format!("{cidr} has bits of a host: you mean {}", cidr.trunc());
        faults.push(fault("cidr6", "net-cidr-normal", text).arg("mean", cidr.trunc()));
        return;
    }
    let word = if first.is_multicast() {
        Some(("multicast", "multicast (ff00::/8)"))
    } else if first.is_unicast_link_local() {
        Some(("link-local", "link-local (fe80::/10), which machines give themselves"))
    } else if cidr.contains(&Ipv6Addr::LOCALHOST) || cidr.prefix_len() < 8 {
        Some(("reserved", "not a network for machines"))
    } else {
        None
    };
    if let Some((word, text)) = word {
        let text = format!("{cidr} cannot be used: it is {text}; take a network of your own, as fd00:7::/64");
        faults.push(fault("cidr6", &format!("net-cidr-{word}"), text));
        return;
    }
    if let Some((from, to)) = v6.range {
        if to < from {
            let text = format!("the range ends at {to}, before it starts at {from}: exchange the two");
            faults.push(fault("range6", "net-range-backwards", text).arg("first", from).arg("last", to));
        } else if let Some((key, text)) = host6(v6, from).or_else(|| host6(v6, to)) {
            let bad = if v6.cidr.contains(&from) { to } else { from };
            faults.push(fault("range6", key, text).arg("address", bad));
        }
    }
    if let Some(gateway) = v6.gateway.filter(|g| !g.is_unicast_link_local()) {
        if let Some((key, text)) = host6(v6, gateway).filter(|(key, _)| *key == "net-outside") {
            faults.push(fault("gateway6", key, text).arg("address", gateway));
        } else if let Some((from, to)) = v6.range.filter(|(from, to)| *from <= gateway && gateway <= *to) {
            let range = format!("{from}-{to}");
            let text = format!("the gateway {gateway} lies in the nodes' range {range}: shorten the range");
            faults.push(
                fault("gateway6", "net-gateway-in-range", text).arg("address", gateway).arg("range", range),
            );
        }
    }
}

fn overlaps(plan: &NetworkPlan, faults: &mut Vec<PlanFault>) {
    let (Some(public), Some(cluster)) = (plan.nets.get(&Tag::Public), plan.nets.get(&Tag::Cluster)) else {
        return;
    };
    let (a, b) = (public.cidr, cluster.cidr);
    if network_fault(Tag::Public, a).is_some() || network_fault(Tag::Cluster, b).is_some() {
        return;
    }
    if a.contains(&b.network()) || b.contains(&a.network()) {
        let text = format!("{b} overlaps the public network {a}: the two need networks of their own");
        let fault = PlanFault::of(Tag::Cluster, "cidr", "net-overlap", text);
        faults.push(fault.arg("cidr", b).arg("other", a));
    }
    if let (Some(a), Some(b)) = (&public.v6, &cluster.v6)
        && (a.cidr.contains(&b.cidr.network()) || b.cidr.contains(&a.cidr.network()))
    {
        let text =
            format!("{} overlaps the public network {}: the two need networks of their own", b.cidr, a.cidr);
        let fault = PlanFault::of(Tag::Cluster, "cidr6", "net-overlap", text);
        faults.push(fault.arg("cidr", b.cidr).arg("other", a.cidr));
    }
}

/// Public, cluster and br-mirror are one VLAN on the uplink switch; br-vlan's port is a trunk for tenants.
fn vlans(plan: &NetworkPlan, faults: &mut Vec<PlanFault>) {
    let access = Tag::ALL.into_iter().filter(|tag| *tag != Tag::BrVlan);
    let mut said = access.filter_map(|tag| plan.vlan(tag).map(|vlan| (tag, vlan)));
    if let Some((first, vlan)) = said.next() {
        for (tag, other) in said.filter(|(_, other)| *other != vlan) {
            let text = format!(
                "{tag} is on VLAN {other}, {first} on {vlan}: public, cluster and br-mirror are one VLAN on the uplink switch"
            );
            faults.push(
                PlanFault::of(tag, "vlan", "net-vlan-shared", text)
                    .arg("tag", tag)
                    .arg("vlan", other)
                    .arg("other", first)
                    .arg("other_vlan", vlan),
            );
        }
        if plan.vlans.contains(vlan) {
            let text = format!(
                "VLAN {vlan} is that of {first} on the uplink switch: a tenant with it would be among the hosts; take it out"
            );
            faults.push(PlanFault::new("vlans", "net-vlans-hosts", text).arg("vlan", vlan).arg("tag", first));
        }
    }
    if plan.wires.get(&Tag::BrVlan).is_some_and(|w| w.vlan.is_some()) {
        let text = "br-vlan is a trunk, it has no VLAN of its own: write the tenants' VLANs";
        faults.push(PlanFault::of(Tag::BrVlan, "vlan", "net-trunk-vlan", text));
    }
    match (plan.uses(Tag::BrVlan), plan.vlans.is_empty()) {
        (true, true) => faults.push(
            PlanFault::new(
                "vlans",
                "net-vlans-none",
                "br-vlan has no VLANs: no tenant network of this kind can be made; write them, as in 100-199,300",
            )
            .graded(Severity::Warning),
        ),
        (false, false) => faults.push(PlanFault::new(
            "vlans",
            "net-vlans-no-wire",
            "there are VLANs for tenants, but no NIC for br-vlan: give it one, or take the VLANs out",
        )),
        _ => {}
    }
}

fn names(plan: &NetworkPlan, faults: &mut Vec<PlanFault>) {
    for address in &plan.names {
        let bad = match address {
            IpAddr::V4(a) => {
                a.octets().first() == Some(&0) || a.is_loopback() || a.is_multicast() || a.is_broadcast()
            }
            IpAddr::V6(a) => a.is_unspecified() || a.is_loopback() || a.is_multicast(),
        };
        if bad {
            let text =
                format!("{address} is no DNS server that nodes can reach: write its address in a network");
            faults.push(PlanFault::new("names", "net-names-bad", text).arg("address", address));
        }
    }
}

/// What an operator chose for single nodes.
fn explicit(plan: &NetworkPlan, nodes: &[NodeFacts<'_>], faults: &mut Vec<PlanFault>) {
    let known: HashMap<NodeId, &NodeFacts<'_>> = nodes.iter().map(|n| (n.id, n)).collect();
    let mut owners: HashMap<Ipv4Addr, &str> = HashMap::new();
    for (id, addresses) in &plan.addresses {
        let Some(node) = known.get(id) else { continue };
        for (tag, address) in addresses {
            let fault = |key: &str, text: String| {
                PlanFault::of(*tag, "address", key, text)
                    .on(*id, None)
                    .arg("node", node.name)
                    .arg("address", address)
                    .arg("tag", tag)
            };
            let Some(net) = plan.nets.get(tag) else {
                let text =
                    format!("{} has an address on {tag}, which is not planned: take it out", node.name);
                faults.push(fault("net-address-no-net", text));
                continue;
            };
            if let Some(word) = unfit(net, *address) {
                let text = format!(
                    "{address} cannot be {}'s address on {tag}: {}",
                    node.name,
                    unfit_text(word, net)
                );
                faults.push(
                    fault(&format!("net-address-{word}"), text).arg("range", net.range).arg("cidr", net.cidr),
                );
            } else if let Some(other) = owners.insert(*address, node.name) {
                let text = format!("{address} is {other}'s already: give {} another one", node.name);
                faults.push(fault("net-address-twice", text).arg("other", other));
            }
        }
    }
    for (id, nics) in &plan.nics {
        let Some(node) = known.get(id) else { continue };
        for (tag, nic) in nics {
            for (other, _) in nics.range(..tag).filter(|(other, n)| *n == nic && !may_share(**other, *tag)) {
                let fault = two_tags(*tag, *other, node.name, nic).on(*id, Some(nic));
                let fault = fault.arg("tag", tag).arg("other", other).arg("node", node.name).arg("nic", nic);
                faults.push(fault);
            }
            if !plan.uses(*tag) {
                let text = format!("{} has a NIC for {tag}, which is not planned: take it out", node.name);
                let fault = PlanFault::of(*tag, "nic", "net-nic-no-net", text).on(*id, Some(nic));
                faults.push(fault.arg("tag", tag).arg("node", node.name).arg("nic", nic));
            }
        }
    }
}

fn unfit_text(word: &str, net: &Net) -> String {
    match word {
        "outside" => format!("it lies outside of {}", net.cidr),
        "network" => "it is the address of the network itself".into(),
        "broadcast" => "it is the broadcast address".into(),
        "gateway" => "it is the gateway".into(),
        "vip" => "it is a virtual address".into(),
        "floating" => "it lies in the floating pool".into(),
        _ => format!("it lies outside of the nodes' range {}", net.range),
    }
}
