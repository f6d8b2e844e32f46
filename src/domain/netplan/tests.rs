//! The rules, with the cases of the owner's documents by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::facts::{Facts, Nic};
use crate::domain::net::HostAddress;

/// Document 000: public 10.100.7.0/24, nodes .1 to .99, gateway .254, pool .100 to .200; cluster 192.168.7.0/24, nodes .1 to .200.
pub(super) fn seed_000() -> NetworkPlan {
    let public = Net {
        cidr: "10.100.7.0/24".parse().unwrap(),
        range: "10.100.7.1-10.100.7.99".parse().unwrap(),
        gateway: Some("10.100.7.254".parse().unwrap()),
        floating: Some("10.100.7.100-10.100.7.200".parse().unwrap()),
        vip: Vec::new(),
        vlan: None,
        mtu: None,
        v6: None,
    };
    let cluster = Net {
        cidr: "192.168.7.0/24".parse().unwrap(),
        range: "192.168.7.1-192.168.7.200".parse().unwrap(),
        gateway: None,
        floating: None,
        ..public.clone()
    };
    NetworkPlan {
        nets: BTreeMap::from([(Tag::Public, public), (Tag::Cluster, cluster)]),
        wires: BTreeMap::from([(Tag::BrMirror, Wire::default()), (Tag::BrVlan, Wire::default())]),
        vlans: "100-199,300".parse().unwrap(),
        patterns: [
            (Tag::Public, "eth1"),
            (Tag::Cluster, "eth0"),
            (Tag::BrMirror, "eth2"),
            (Tag::BrVlan, "2nd 10G"),
        ]
        .into_iter()
        .map(|(t, p)| (t, p.parse().unwrap()))
        .collect(),
        ..NetworkPlan::default()
    }
}

/// A node with eth0 (its address), eth1, eth2 of 1G and eth3, eth10 of 10G.
pub(super) fn facts(n: u8, address: &str) -> Facts {
    let nic = |name: &str, i: u8, speed| Nic {
        name: name.into(),
        mac: format!("52:54:00:00:{n:02x}:{i:02x}"),
        speed: Some(speed),
        carrier: true,
        mtu: 1500,
        driver: "igb".into(),
        ..Nic::default()
    };
    let mut nics = vec![
        nic("eth10", 4, 10_000),
        nic("eth0", 0, 1000),
        nic("eth1", 1, 1000),
        nic("eth2", 2, 1000),
        nic("eth3", 3, 10_000),
    ];
    nics[1].addresses = vec![format!("{address}/24"), "fe80::1/64".into()];
    Facts { nics, ..Facts::default() }
}

pub(super) struct Machine {
    pub id: NodeId,
    pub name: String,
    pub address: HostAddress,
    pub roles: NodeRoles,
    pub facts: Option<Facts>,
}

pub(super) fn machine(n: u8, address: &str) -> Machine {
    Machine {
        id: NodeId(u64::from(n)),
        name: format!("node-{n}"),
        address: address.parse().unwrap(),
        roles: NodeRoles::from([NodeRole::Compute]),
        facts: Some(facts(n, address)),
    }
}

pub(super) fn seen(machines: &[Machine]) -> Vec<NodeFacts<'_>> {
    machines
        .iter()
        .map(|m| NodeFacts {
            id: m.id,
            name: &m.name,
            address: m.address,
            roles: &m.roles,
            facts: m.facts.as_ref(),
        })
        .collect()
}

#[test]
fn seed_000_network_plan_is_accepted() {
    let machines = [machine(1, "192.168.7.11"), machine(2, "192.168.7.12")];
    let plan = seed_000();
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(resolved.faults, []);
    let first = &resolved.nodes[&NodeId(1)];
    let nics: Vec<_> = first.values().map(|p| p.nic.as_str()).collect();
    assert_eq!(nics, ["eth1", "eth0", "eth2", "eth10"]);
    // PXE gave the address; it stays, now a static one.
    let cluster = &first[&Tag::Cluster];
    assert_eq!((cluster.address, cluster.ours), ("192.168.7.11".parse().ok(), true));
    let public = &first[&Tag::Public];
    assert_eq!((public.address, public.gateway), ("10.100.7.1".parse().ok(), "10.100.7.254".parse().ok()));
    let second = &resolved.nodes[&NodeId(2)][&Tag::Public];
    assert_eq!(second.address, "10.100.7.2".parse().ok());
}
