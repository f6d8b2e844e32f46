//! What the tests of the rules share: the plan of document 000, and machines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod nodes;
mod properties;
mod seeds;

use super::*;
use crate::domain::facts::{Facts, Nic};
use crate::domain::net::HostAddress;

/// Document 000: public 10.100.7.0/24, nodes .1 to .99, gateway .254, pool .100 to .200; cluster 192.168.7.0/24, nodes .1 to .200.
fn seed_000() -> NetworkPlan {
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
fn facts(n: u8, address: &str) -> Facts {
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

struct Machine {
    pub id: NodeId,
    pub name: String,
    pub address: HostAddress,
    pub roles: NodeRoles,
    pub facts: Option<Facts>,
}

fn machine(n: u8, address: &str) -> Machine {
    Machine {
        id: NodeId(u64::from(n)),
        name: format!("node-{n}"),
        address: address.parse().unwrap(),
        roles: NodeRoles::from([NodeRole::Compute]),
        facts: Some(facts(n, address)),
    }
}

fn seen(machines: &[Machine]) -> Vec<NodeFacts<'_>> {
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

/// The same as text.
fn seed_000_text() -> PlanText {
    PlanText::of(&seed_000(), &[])
}

/// What is wrong with a text for machines, as `FIELD KEY`.
fn wrong(text: &PlanText, machines: &[Machine]) -> Vec<String> {
    let (_, resolved) = text.work_out(&seen(machines), &NetworkPlan::default());
    for fault in &resolved.faults {
        assert!(KEYS.contains(&fault.key.as_str()), "no sentence for {}", fault.key);
    }
    resolved.faults.iter().map(|f| format!("{} {}", f.field, f.key)).collect()
}
