//! Whether two entries are one machine: by machine id, MAC address, host key or address.
//!
//! A machine that is found at two addresses, or was taken into two environments, would be installed twice. Cloned images
//! look alike too (same machine id, same host key): both need a person's eye, so what is alike is said, not guessed from.

use super::Facts;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::net::HostAddress;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::Ipv4Addr;

/// Why two entries are taken for one machine. `Display` is an English half-sentence; the word is the key `same-WORD`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Same {
    /// `/etc/machine-id`.
    MachineId,
    /// The MAC address of a NIC.
    Mac(String),
    /// The SSH host key.
    HostKey,
    /// An address that a NIC of the other one has.
    Address(String),
}

impl Same {
    /// All words.
    pub const WORDS: [&str; 4] = ["machine-id", "mac", "host-key", "address"];

    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::MachineId => "machine-id",
            Self::Mac(_) => "mac",
            Self::HostKey => "host-key",
            Self::Address(_) => "address",
        }
    }

    /// The MAC or the address; empty for the others.
    pub fn value(&self) -> &str {
        match self {
            Self::Mac(value) | Self::Address(value) => value,
            Self::MachineId | Self::HostKey => "",
        }
    }
}

impl fmt::Display for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MachineId => f.write_str("same machine id"),
            Self::Mac(mac) => write!(f, "same MAC address {mac}"),
            Self::HostKey => f.write_str("same SSH host key"),
            Self::Address(address) => write!(f, "a NIC of it has the address {address}"),
        }
    }
}

/// Another entry that is the same machine, or a clone of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// Which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Its environment.
    pub env: EnvId,
    /// What is alike, strongest first.
    pub why: Vec<Same>,
}

/// What is known of a node.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// Which.
    pub id: NodeId,
    /// Its environment.
    pub env: EnvId,
    /// Its name.
    pub name: &'a str,
    /// Where it is reached.
    pub address: HostAddress,
    /// Its pinned host key, in whatever form: compared as it is.
    pub host_key: Option<String>,
    /// Its facts.
    pub facts: Option<&'a Facts>,
}

/// What an address that answered shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// Its address.
    pub address: Option<HostAddress>,
    /// Its host key, in the same form as [`Known::host_key`].
    pub host_key: Option<&'a str>,
    /// The MAC address it answers from, where it is on a network of ours.
    pub mac: Option<&'a str>,
}

/// Nodes by what tells them apart.
#[derive(Debug, Default)]
pub struct Index<'a> {
    nodes: BTreeMap<NodeId, Known<'a>>,
    machines: HashMap<&'a str, Vec<NodeId>>,
    macs: HashMap<&'a str, Vec<NodeId>>,
    keys: HashMap<String, Vec<NodeId>>,
    addresses: HashMap<Ipv4Addr, Vec<NodeId>>,
}

/// A MAC address that says something about the machine.
fn telling(mac: &str) -> bool {
    mac.len() == 17 && mac.chars().any(|c| !matches!(c, '0' | ':')) && mac != "ff:ff:ff:ff:ff:ff"
}

fn macs(facts: &Facts) -> impl Iterator<Item = &str> {
    // Bridges and the like make their addresses up, the same ones on many machines.
    let physical = facts.nics.iter().filter(|n| !n.driver.is_empty() || !n.addresses.is_empty());
    physical.map(|n| n.mac.as_str()).filter(|m| telling(m))
}

fn addresses(facts: &Facts) -> impl Iterator<Item = Ipv4Addr> {
    let all = facts.nics.iter().flat_map(|n| &n.addresses);
    let plain = all.filter_map(|a| a.split('/').next()?.parse::<Ipv4Addr>().ok());
    plain.filter(|a| !a.is_loopback() && !a.is_link_local())
}

impl<'a> Index<'a> {
    /// Over these nodes.
    pub fn new(nodes: impl IntoIterator<Item = Known<'a>>) -> Self {
        let mut index = Self::default();
        for node in nodes {
            let id = node.id;
            if let Some(facts) = node.facts {
                if !facts.machine_id.is_empty() {
                    push(index.machines.entry(&facts.machine_id).or_default(), id);
                }
                for mac in macs(facts) {
                    push(index.macs.entry(mac).or_default(), id);
                }
                for address in addresses(facts) {
                    push(index.addresses.entry(address).or_default(), id);
                }
            }
            if let Some(key) = &node.host_key {
                push(index.keys.entry(key.clone()).or_default(), id);
            }
            index.nodes.insert(id, node);
        }
        index
    }

    fn twins(&self, found: BTreeMap<NodeId, Vec<Same>>) -> Vec<Twin> {
        let twin = |(id, mut why): (NodeId, Vec<Same>)| {
            let node = self.nodes.get(&id)?;
            why.sort();
            why.dedup();
            Some(Twin { node: id, name: node.name.to_owned(), env: node.env, why })
        };
        found.into_iter().filter_map(twin).collect()
    }

    /// Other entries that are the same machine as this node.
    pub fn of_node(&self, id: NodeId) -> Vec<Twin> {
        let Some(node) = self.nodes.get(&id) else { return Vec::new() };
        let mut found: BTreeMap<NodeId, Vec<Same>> = BTreeMap::new();
        let mut add = |others: Option<&Vec<NodeId>>, why: &Same| {
            for other in others.into_iter().flatten().filter(|o| **o != id) {
                found.entry(*other).or_default().push(why.clone());
            }
        };
        if let Some(facts) = node.facts {
            add(self.machines.get(facts.machine_id.as_str()), &Same::MachineId);
            for mac in macs(facts) {
                add(self.macs.get(mac), &Same::Mac(mac.to_owned()));
            }
        }
        if let Some(key) = &node.host_key {
            add(self.keys.get(key), &Same::HostKey);
        }
        self.twins(found)
    }

    /// Nodes that are the machine at an address that answered, other than by being reached there.
    pub fn of_address(&self, shown: Shown<'_>) -> Vec<Twin> {
        let mut found: BTreeMap<NodeId, Vec<Same>> = BTreeMap::new();
        let mut add = |others: Option<&Vec<NodeId>>, why: &Same| {
            for other in others.into_iter().flatten() {
                if self.nodes.get(other).is_some_and(|n| Some(n.address) != shown.address) {
                    found.entry(*other).or_default().push(why.clone());
                }
            }
        };
        if let Some(mac) = shown.mac.filter(|m| telling(m)) {
            add(self.macs.get(mac), &Same::Mac(mac.to_owned()));
        }
        if let Some(key) = shown.host_key {
            add(self.keys.get(key), &Same::HostKey);
        }
        if let Some(address) = shown.address {
            add(self.addresses.get(&address.ip()), &Same::Address(address.to_string()));
        }
        self.twins(found)
    }
}

fn push(list: &mut Vec<NodeId>, id: NodeId) {
    if list.last() != Some(&id) {
        list.push(id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::domain::facts::Nic;

    fn facts(machine: &str, mac: &str, address: &str) -> Facts {
        let nic = Nic {
            name: "eth0".into(),
            mac: mac.into(),
            driver: "igb".into(),
            addresses: vec![format!("{address}/24")],
            ..Nic::default()
        };
        // A bridge that every machine with that software has.
        let bridge = Nic { name: "docker0".into(), mac: "02:42:00:00:00:01".into(), ..Nic::default() };
        Facts { machine_id: machine.into(), nics: vec![nic, bridge], ..Facts::default() }
    }

    fn known<'a>(id: u64, name: &'a str, address: &str, key: &str, facts: Option<&'a Facts>) -> Known<'a> {
        Known {
            id: NodeId(id),
            env: EnvId(1),
            name,
            address: address.parse().unwrap(),
            host_key: (!key.is_empty()).then(|| key.to_owned()),
            facts,
        }
    }

    fn names(twins: &[Twin]) -> Vec<String> {
        let words = |t: &Twin| {
            format!("{}: {}", t.name, t.why.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        twins.iter().map(words).collect()
    }

    #[test]
    fn one_machine_taken_in_twice_is_recognised() {
        let (a, b, c) = (
            facts("m1", "aa:00:00:00:00:01", "10.0.0.1"),
            facts("m1", "aa:00:00:00:00:01", "10.0.0.1"),
            facts("m2", "aa:00:00:00:00:02", "10.0.0.3"),
        );
        let index = Index::new([
            known(1, "one", "10.0.0.1", "K1", Some(&a)),
            known(2, "two", "10.9.0.1", "K1", Some(&b)),
            known(3, "three", "10.0.0.3", "K3", Some(&c)),
            known(4, "four", "10.0.0.4", "", None),
        ]);
        let expected = "two: same machine id, same MAC address aa:00:00:00:00:01, same SSH host key";
        assert_eq!(names(&index.of_node(NodeId(1))), [expected]);
        assert_eq!(names(&index.of_node(NodeId(3))), Vec::<String>::new());
        assert_eq!(names(&index.of_node(NodeId(4))), Vec::<String>::new());
        assert_eq!(names(&index.of_node(NodeId(9))), Vec::<String>::new());
    }

    #[test]
    fn a_second_address_of_a_node_is_recognised_before_anybody_logs_in() {
        let mut a = facts("m1", "aa:00:00:00:00:01", "10.0.0.1");
        a.nics[0].addresses.push("10.5.0.1/24".into());
        let index = Index::new([known(1, "one", "10.0.0.1", "K1", Some(&a))]);
        let shown = |address: &str, key: Option<&'static str>, mac| Shown {
            address: Some(address.parse().unwrap()),
            host_key: key,
            mac,
        };
        let twins = |s| names(&index.of_address(s));
        assert_eq!(twins(shown("10.0.0.1", Some("K1"), None)), Vec::<String>::new(), "it is reached there");
        assert_eq!(twins(shown("10.5.0.1", None, None)), ["one: a NIC of it has the address 10.5.0.1"]);
        assert_eq!(twins(shown("10.7.0.9", Some("K1"), None)), ["one: same SSH host key"]);
        assert_eq!(
            twins(shown("10.7.0.9", None, Some("aa:00:00:00:00:01"))),
            ["one: same MAC address aa:00:00:00:00:01"]
        );
        assert_eq!(twins(shown("10.7.0.9", Some("K2"), Some("00:00:00:00:00:00"))), Vec::<String>::new());
    }
}
