//! What is asked for after the installation.

use super::ids::NodeId;
use super::netplan::NicName;
use super::node::NodeRole;
use super::said::{Said, sentence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The task that takes a node out of an installed environment: steps of modules that belong to it have `task = "leave"`.
pub const LEAVE: &str = "leave";

/// How a node leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeaveHow {
    /// Undo what the installation did on it.
    pub undo: bool,
    /// Delete the instances that are on it; otherwise it stays while there are some.
    pub delete_instances: bool,
    /// The machine is gone: nothing is done on it.
    pub gone: bool,
}

/// On which nodes the steps of a task are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskPlace {
    /// The first controller: before the others, or after them with `stage = "verification"`.
    #[default]
    Controller,
    /// The node that the task is about; with `stage = "verification"` again when the others know of it.
    Node,
    /// The node that something moves away from, at last.
    Old,
}

/// What tasks have made of a cloud besides its modules: kept with the environment, so that every later job knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// Flat networks besides the public one, by the name that Neutron has for what carries them.
    pub flat: BTreeMap<String, FlatNics>,
    /// Networks of the provider alone: no tunnels, no routers.
    pub provider_only: bool,
    /// The node that serves images; none: the first controller.
    pub images: Option<NodeId>,
}

/// Which NIC carries a flat network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlatNics {
    /// On every node that is not named.
    pub nic: Option<NicName>,
    /// On single nodes.
    pub nodes: BTreeMap<NodeId, NicName>,
}

impl FlatNics {
    /// The NIC of a node.
    pub fn of(&self, node: NodeId) -> Option<&NicName> {
        self.nodes.get(&node).or(self.nic.as_ref())
    }
}

/// A change of an installed cloud that is more than an option: a job of its own. What takes it back is a task as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Instances get a further flat network, on a NIC of their nodes.
    AddFlat {
        /// What Neutron calls it; see [`check_flat_name`].
        name: String,
        /// On which NICs.
        nics: FlatNics,
    },
    /// It is taken away again; refused while a network of the cloud is on it.
    RemoveFlat {
        /// Which.
        name: String,
    },
    /// Networks that people make for themselves (VXLAN) and routers are there, or are not.
    SelfService {
        /// There.
        on: bool,
    },
    /// Another node serves images.
    Images {
        /// Which.
        node: NodeId,
    },
    /// A controller runs instances as well, or no longer.
    Compute {
        /// Which.
        node: NodeId,
        /// It does.
        on: bool,
    },
}

impl Task {
    /// The word after which steps that belong to it are called (`task = "WORD"`), and the command line.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AddFlat { .. } => "add-flat",
            Self::RemoveFlat { .. } => "remove-flat",
            Self::SelfService { on: true } => "self-service-on",
            Self::SelfService { on: false } => "self-service-off",
            Self::Images { .. } => "images",
            Self::Compute { on: true, .. } => "add-compute",
            Self::Compute { on: false, .. } => "remove-compute",
        }
    }

    /// Variables in which its steps differ: those whose scripts use one of them are done again.
    pub fn variables(&self) -> &'static [&'static str] {
        match self {
            Self::AddFlat { .. } | Self::RemoveFlat { .. } => &["FLAT_NETWORKS", "FLAT_NAMES"],
            Self::SelfService { .. } => &["SELF_SERVICE"],
            Self::Images { .. } => &["IMAGE_NAME", "IMAGES_HERE"],
            Self::Compute { .. } => &["NODE_ROLES"],
        }
    }

    /// The shape after it.
    pub fn applied(&self, before: &Shape, controller: Option<NodeId>) -> Shape {
        let mut shape = before.clone();
        match self {
            Self::AddFlat { name, nics } => {
                shape.flat.insert(name.clone(), nics.clone());
            }
            Self::RemoveFlat { name } => {
                shape.flat.remove(name);
            }
            Self::SelfService { on } => shape.provider_only = !on,
            Self::Images { node } => shape.images = Some(*node).filter(|n| controller != Some(*n)),
            Self::Compute { .. } => {}
        }
        shape
    }

    /// What takes it back to `before`.
    #[must_use]
    pub fn opposite(&self, before: &Shape, controller: NodeId) -> Self {
        match self {
            Self::AddFlat { name, .. } | Self::RemoveFlat { name } => match before.flat.get(name) {
                Some(nics) => Self::AddFlat { name: name.clone(), nics: nics.clone() },
                None => Self::RemoveFlat { name: name.clone() },
            },
            Self::SelfService { .. } => Self::SelfService { on: !before.provider_only },
            Self::Images { .. } => Self::Images { node: before.images.unwrap_or(controller) },
            Self::Compute { node, on } => Self::Compute { node: *node, on: !on },
        }
    }

    /// The role that a node gets or loses by it.
    pub fn role(&self) -> Option<(NodeId, NodeRole, bool)> {
        match self {
            Self::Compute { node, on } => Some((*node, NodeRole::Compute, *on)),
            _ => None,
        }
    }
}

impl Task {
    /// What it does, for whoever reads it in a language.
    pub fn said(&self) -> Said {
        match self {
            Self::AddFlat { name, .. } => {
                sentence!("task-said-flat-add", "add the flat network {name}", name = name)
            }
            Self::RemoveFlat { name } => {
                sentence!("task-said-flat-remove", "remove the flat network {name}", name = name)
            }
            Self::SelfService { on: true } => {
                sentence!("task-said-self-service-on", "switch self-service networks (VXLAN) and routers on")
            }
            Self::SelfService { on: false } => {
                sentence!(
                    "task-said-self-service-off",
                    "switch self-service networks (VXLAN) and routers off"
                )
            }
            Self::Images { .. } => sentence!("task-said-images", "serve images from another node"),
            Self::Compute { on: true, .. } => {
                sentence!("task-said-compute-on", "have a controller run instances as well")
            }
            Self::Compute { on: false, .. } => {
                sentence!("task-said-compute-off", "have a controller run no instances any more")
            }
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

/// Whether a flat network may be called so: a letter, then up to 11 letters, digits and hyphens, because bridges are called after it; what the modules use themselves is not free.
pub fn check_flat_name(name: &str) -> Result<(), Said> {
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && (1..=12).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !good {
        return Err(sentence!(
            "error-flat-name-form",
            "1 to 12 lower-case letters, digits and hyphens, a letter first"
        ));
    }
    // Physical networks of the modules, and what follows `br-` in the names of their bridges.
    if ["provider", "tenants", "int", "tun", "ex", "vlan", "cluster", "mirror"].contains(&name) {
        return Err(sentence!("error-flat-name-taken", "cpmg uses that name itself"));
    }
    Ok(())
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

    #[test]
    fn every_task_has_one_that_takes_it_back() {
        let nics = |nic: &str| FlatNics { nic: Some(nic.parse().unwrap()), nodes: BTreeMap::new() };
        let controller = NodeId(1);
        let full = Shape {
            flat: BTreeMap::from([("old".to_owned(), nics("eth1"))]),
            provider_only: true,
            images: Some(NodeId(3)),
        };
        for before in [Shape::default(), full] {
            for task in [
                Task::AddFlat { name: "old".into(), nics: nics("eth2") },
                Task::AddFlat { name: "new".into(), nics: nics("eth2") },
                Task::RemoveFlat { name: "old".into() },
                Task::SelfService { on: true },
                Task::SelfService { on: false },
                Task::Images { node: NodeId(2) },
                Task::Images { node: controller },
            ] {
                let back = task.opposite(&before, controller);
                let after = task.applied(&before, Some(controller));
                assert_eq!(back.applied(&after, Some(controller)), before, "{task:?}");
            }
        }
    }

    #[test]
    fn names_of_flat_networks() {
        for good in ["net172", "a", "lab-2"] {
            assert_eq!(check_flat_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "2net",
            "Net",
            "a_b",
            "a,b",
            "a:b",
            "provider",
            "int",
            "tun",
            "ex",
            "vlan",
            "cluster",
            "mirror",
            "a234567890123",
        ] {
            assert!(check_flat_name(bad).is_err(), "{bad}");
        }
    }
}
