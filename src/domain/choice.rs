//! Choosing modules: what comes with a choice and why, what cannot be together, what each node would carry.
//!
//! [`choose`] is one pure function of the platform's modules, the chosen names and the nodes; the engine refuses by it, the
//! commands and the screens show it.

use super::node::{NodeRole, NodeRoles};
use super::plan::Localized;
use super::said::{Said, sentence};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// MiB that the operating system takes by itself.
pub const SYSTEM_MIB: u32 = 250;

/// A module as far as choosing it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleSpec {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Localized,
    /// On which nodes.
    pub roles: Vec<NodeRole>,
    /// What it needs.
    pub needs: Vec<String>,
    /// Ports it listens on.
    pub ports: Vec<u16>,
    /// Part of every node's base.
    #[serde(default)]
    pub base: bool,
    /// Not part of a new environment until it is chosen.
    #[serde(default)]
    pub optional: bool,
    /// Modules that cannot be beside it.
    #[serde(default)]
    pub conflicts: Vec<String>,
    /// MiB of memory by role.
    #[serde(default)]
    pub memory: BTreeMap<NodeRole, u32>,
    /// It was seen to work on this platform.
    #[serde(default)]
    pub proven: bool,
    /// Ini files whose options may be overridden.
    #[serde(default)]
    pub configs: Vec<String>,
    /// Sections that it writes in them.
    #[serde(default)]
    pub sections: Vec<String>,
}

impl ModuleSpec {
    /// MiB that it takes on a node with these roles.
    pub fn memory_on(&self, roles: &NodeRoles) -> u32 {
        self.memory.iter().filter(|(role, _)| roles.contains(role)).map(|(_, mib)| *mib).sum()
    }

    fn is_on(&self, roles: &NodeRoles) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

/// A node as far as choosing goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceNode {
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: NodeRoles,
    /// Bytes of memory, as far as its facts are known.
    pub memory: Option<u64>,
}

/// Why a module is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Part of every node's base.
    Base,
    /// An operator chose it.
    Chosen,
    /// That module needs it.
    NeededBy(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Chosen => f.write_str("chosen"),
            Self::NeededBy(other) => write!(f, "needed by {other}"),
        }
    }
}

/// Something that should be looked at before an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The modules take more memory than the node has, both in MiB.
    Memory {
        /// What they take, the system included.
        needs: u32,
        /// What it has.
        has: u64,
    },
    /// Two modules want one port.
    Port {
        /// Which.
        port: u16,
        /// The first that wants it.
        one: String,
        /// The other.
        other: String,
    },
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory { needs, has } => {
                write!(
                    f,
                    "its modules need about {needs} MiB and it has {has}: give it more memory or move roles"
                )
            }
            Self::Port { port, one, other } => {
                write!(
                    f,
                    "{one} and {other} both want port {port}: choose one of them, or give them other nodes"
                )
            }
        }
    }
}

/// What comes on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeShare {
    /// Its name.
    pub node: String,
    /// Its roles.
    pub roles: NodeRoles,
    /// Modules in order.
    pub modules: Vec<String>,
    /// Ports that they listen on.
    pub ports: Vec<u16>,
    /// MiB that they take, the system included.
    pub memory: u32,
    /// MiB that it has.
    pub has: Option<u64>,
    /// What should be looked at.
    pub findings: Vec<Finding>,
}

/// What a choice comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Modules that would be there, each after what it needs, with the reason.
    pub modules: Vec<(String, Why)>,
    /// Pairs that cannot be together.
    pub conflicts: Vec<(String, String)>,
    /// What comes on each node that has a role.
    pub nodes: Vec<NodeShare>,
}

impl Choice {
    /// Why a module is there; `None`: it is not.
    pub fn why(&self, module: &str) -> Option<&Why> {
        self.modules.iter().find(|(name, _)| name == module).map(|(_, why)| why)
    }

    /// The sentence that refuses it; `None`: nothing is in conflict.
    pub fn refusal(&self) -> Option<Said> {
        let (one, other) = self.conflicts.first()?;
        let with = |name: &String| match self.why(name) {
            Some(Why::NeededBy(by)) => {
                sentence!("module-needed-by", "{name} (needed by {by})", name = name, by = by)
            }
            _ => Said::from(name.as_str()),
        };
        Some(sentence!(
            "plan-conflict",
            "{one} and {other} cannot be installed in the same environment: take one of them out",;
            one = with(one),
            other = with(other)
        ))
    }
}

/// What `chosen` comes to; nothing chosen counts as all modules.
pub fn choose(all: &[ModuleSpec], chosen: &[String], nodes: &[ChoiceNode]) -> Choice {
    let by_name: BTreeMap<&str, &ModuleSpec> = all.iter().map(|m| (m.name.as_str(), m)).collect();
    let mut modules: Vec<(String, Why)> = Vec::new();
    let base = all.iter().filter(|m| m.base);
    let wanted = all.iter().filter(|m| !m.base && (chosen.is_empty() || chosen.contains(&m.name)));
    let mut seen = BTreeSet::new();
    for module in base.chain(wanted.clone()) {
        let why = if module.base { Why::Base } else { Why::Chosen };
        place(&by_name, module, why, &mut seen, &mut modules);
    }
    let is_wanted: BTreeSet<&str> = wanted.map(|m| m.name.as_str()).collect();
    for (name, why) in &mut modules {
        if *why != Why::Base && is_wanted.contains(name.as_str()) {
            *why = Why::Chosen;
        }
    }
    let there: Vec<&ModuleSpec> =
        modules.iter().filter_map(|(n, _)| by_name.get(n.as_str()).copied()).collect();
    let mut conflicts = BTreeSet::new();
    for module in &there {
        for other in module.conflicts.iter().filter(|c| there.iter().any(|m| m.name == **c)) {
            let (a, b) = if *other < module.name { (other, &module.name) } else { (&module.name, other) };
            conflicts.insert((a.clone(), b.clone()));
        }
    }
    let nodes = nodes.iter().filter(|n| !n.roles.is_empty()).map(|n| share(&there, n)).collect();
    Choice { modules, conflicts: conflicts.into_iter().collect(), nodes }
}

fn place<'a>(
    all: &BTreeMap<&'a str, &'a ModuleSpec>,
    module: &'a ModuleSpec,
    why: Why,
    seen: &mut BTreeSet<&'a str>,
    out: &mut Vec<(String, Why)>,
) {
    if !seen.insert(module.name.as_str()) {
        return;
    }
    for need in module.needs.iter().filter_map(|n| all.get(n.as_str())) {
        let why = if need.base { Why::Base } else { Why::NeededBy(module.name.clone()) };
        place(all, need, why, seen, out);
    }
    out.push((module.name.clone(), why));
}

fn share(modules: &[&ModuleSpec], node: &ChoiceNode) -> NodeShare {
    let mine: Vec<&&ModuleSpec> = modules.iter().filter(|m| m.is_on(&node.roles)).collect();
    let memory = mine.iter().map(|m| m.memory_on(&node.roles)).sum::<u32>().saturating_add(SYSTEM_MIB);
    let has = node.memory.map(|bytes| bytes >> 20);
    let mut findings = Vec::new();
    if let Some(has) = has.filter(|has| u64::from(memory) > *has) {
        findings.push(Finding::Memory { needs: memory, has });
    }
    let mut ports: BTreeMap<u16, &str> = BTreeMap::new();
    for module in &mine {
        for port in &module.ports {
            match ports.insert(*port, &module.name) {
                Some(one) if one != module.name => findings.push(Finding::Port {
                    port: *port,
                    one: one.to_owned(),
                    other: module.name.clone(),
                }),
                _ => {}
            }
        }
    }
    NodeShare {
        node: node.name.clone(),
        roles: node.roles.clone(),
        modules: mine.iter().map(|m| m.name.clone()).collect(),
        ports: ports.into_keys().collect(),
        memory,
        has,
        findings,
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

    fn module(name: &str, needs: &[&str], roles: &[NodeRole], ports: &[u16]) -> ModuleSpec {
        ModuleSpec {
            name: name.into(),
            needs: needs.iter().map(|n| (*n).to_owned()).collect(),
            roles: roles.to_vec(),
            ports: ports.to_vec(),
            memory: roles.iter().map(|r| (*r, 100)).collect(),
            ..ModuleSpec::default()
        }
    }

    fn all() -> Vec<ModuleSpec> {
        use NodeRole::{Compute, Controller};
        let hosts = ModuleSpec { base: true, ..module("hosts", &[], &NodeRole::ALL, &[]) };
        let other =
            ModuleSpec { conflicts: vec!["db".into()], ..module("otherdb", &[], &[Controller], &[3306]) };
        vec![
            hosts,
            module("db", &["hosts"], &[Controller], &[3306]),
            module("identity", &["db"], &[Controller], &[5000]),
            module("image", &["identity"], &[Controller], &[9292]),
            module("hypervisor", &["image"], &[Controller, Compute], &[6080]),
            other,
        ]
    }

    fn chosen(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn what_is_needed_comes_with_the_reason() {
        let choice = choose(&all(), &chosen(&["image", "db"]), &[]);
        let told: Vec<String> = choice.modules.iter().map(|(n, w)| format!("{n}: {w}")).collect();
        assert_eq!(told, ["hosts: base", "db: chosen", "identity: needed by image", "image: chosen"]);
        assert_eq!(choice.refusal(), None);
        assert_eq!(choose(&all(), &[], &[]).modules.len(), 6, "nothing chosen: all");
    }

    #[test]
    fn conflicts_name_both_and_why_they_are_there() {
        let choice = choose(&all(), &chosen(&["identity", "otherdb"]), &[]);
        assert_eq!(
            choice.refusal().unwrap().to_string(),
            "db (needed by identity) and otherdb cannot be installed in the same environment: take one of them out"
        );
    }

    #[test]
    fn nodes_carry_their_share_and_what_is_odd_is_said() {
        use NodeRole::{Compute, Controller};
        let node = |name: &str, roles: &[NodeRole], mib: Option<u64>| ChoiceNode {
            name: name.into(),
            roles: roles.iter().copied().collect(),
            memory: mib.map(|m| m << 20),
        };
        let nodes = [
            node("c1", &[Controller], Some(700)),
            node("n1", &[Compute], Some(100)),
            node("a1", &[Controller, Compute], None),
            node("x", &[], None),
        ];
        let choice = choose(&all(), &chosen(&["hypervisor"]), &nodes);
        let memory: Vec<(&str, u32, Option<u64>)> =
            choice.nodes.iter().map(|n| (n.node.as_str(), n.memory, n.has)).collect();
        assert_eq!(memory, [("c1", 750, Some(700)), ("n1", 450, Some(100)), ("a1", 950, None)]);
        assert_eq!(choice.nodes[0].ports, [3306, 5000, 6080, 9292]);
        assert_eq!(choice.nodes[1].modules, ["hosts", "hypervisor"]);
        assert_eq!(choice.nodes[0].findings, [Finding::Memory { needs: 750, has: 700 }]);
        let both = choose(&all(), &chosen(&["otherdb", "db"]), &nodes[..1]);
        assert!(both.nodes[0].findings.contains(&Finding::Port {
            port: 3306,
            one: "db".into(),
            other: "otherdb".into()
        }));
    }
}
