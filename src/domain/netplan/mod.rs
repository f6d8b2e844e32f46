//! The network plan of an environment: its networks, which NIC of each node carries which of them, and with which address.
//!
//! An operator describes networks by tag and NICs by pattern or one by one ([`NetworkPlan`], what is stored); [`resolve`] turns that and
//! what the nodes said about themselves into ports with addresses, and names everything that is wrong ([`Resolved`]). Both are plain
//! values and pure functions, so that the editor can check while somebody types. Read `values` for the small types, `rules` for what a plan
//! alone must fulfil, `nics` and `addresses` for the nodes, `text` for the form in which people write a plan.
//!
//! Never here: what is on the wires (that is for the connectivity check), how an address is set on a node (that is a step).

mod addresses;
mod fault;
mod nics;
mod pattern;
mod resolve;
mod rules;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod variables;

pub use addresses::Elsewhere;
#[cfg(test)]
pub use fault::KEYS;
pub use fault::{PlanFault, Severity};
pub use nics::{NodeFacts, carrier};
pub use pattern::{NicMatch, NicPattern};
pub use resolve::{Chosen, LockOut, LockOutKind, Port, Resolved, resolve, resolve_among};
pub use rules::{MTU_RANGE, check};
pub use text::{NetText, PlanText, PortText};
pub use values::{MacAddress, NicName, ValueFault, VlanId, VlanSet};
pub use variables::variables;

use super::ids::{NodeId, Revision};
use super::net::AddressRange;
use super::node::{NodeRole, NodeRoles};
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What a network is for. A NIC is tied to a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// The dashboard, traffic in and out of instances; bridge `br-ex`.
    Public,
    /// Hosts, services among each other, PXE.
    Cluster,
    /// Mirrored traffic; no addresses.
    BrMirror,
    /// Tenants' VLANs; no addresses, the switch port is a trunk.
    BrVlan,
}

impl Tag {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Public, Self::Cluster, Self::BrMirror, Self::BrVlan];

    /// The word used on the command line and as key in the message catalogue (`tag-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Cluster => "cluster",
            Self::BrMirror => "br-mirror",
            Self::BrVlan => "br-vlan",
        }
    }

    /// The bridge that takes the NIC, where there is one.
    pub fn bridge(self) -> Option<&'static str> {
        match self {
            Self::Public => Some("br-ex"),
            Self::Cluster => None,
            Self::BrMirror => Some("br-mirror"),
            Self::BrVlan => Some("br-vlan"),
        }
    }

    /// Whether nodes have addresses on it.
    pub fn has_addresses(self) -> bool {
        matches!(self, Self::Public | Self::Cluster)
    }

    /// Whether a node with these roles takes part in it. All do in the cluster; the others are for controllers and computes.
    pub fn is_for(self, roles: &NodeRoles) -> bool {
        self == Self::Cluster || roles.contains(&NodeRole::Controller) || roles.contains(&NodeRole::Compute)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Tag {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|t| t.word() == s.trim()).ok_or_else(|| {
            format!("'{s}' is not a network; the networks are public, cluster, br-mirror and br-vlan")
        })
    }
}

/// A network on which nodes have addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// The network, in normal form (no bits of a host).
    pub cidr: Ipv4Net,
    /// From which nodes get their addresses.
    pub range: AddressRange,
    /// Router to other networks.
    #[serde(default)]
    pub gateway: Option<Ipv4Addr>,
    /// Addresses for instances (public only).
    #[serde(default)]
    pub floating: Option<AddressRange>,
    /// Virtual addresses that move between nodes. One within the range is given to no node.
    #[serde(default)]
    pub vip: Vec<Ipv4Addr>,
    /// The VLAN on the uplink switch. Frames on the NIC are untagged.
    #[serde(default)]
    pub vlan: Option<VlanId>,
    /// Largest packet, bytes; `None` leaves the NIC's.
    #[serde(default)]
    pub mtu: Option<u16>,
    /// IPv6 beside it.
    #[serde(default)]
    pub v6: Option<Net6>,
}

/// The IPv6 side of a network: kept and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net6 {
    /// The network, in normal form.
    pub cidr: Ipv6Net,
    /// First and last address for nodes.
    pub range: Option<(Ipv6Addr, Ipv6Addr)>,
    /// Router.
    pub gateway: Option<Ipv6Addr>,
}

impl Net {
    /// The IPv6 address, with its prefix, of the node that has this IPv4 address: as far into the IPv6 range as that is into its own. So
    /// it stays as long as the other does, and no two nodes have the same. None without an IPv6 range, or behind its end.
    pub fn address6(&self, address: Ipv4Addr) -> Option<(Ipv6Addr, u8)> {
        let v6 = self.v6.as_ref()?;
        let (first, last) = v6.range?;
        let into = u32::from(address).checked_sub(u32::from(self.range.first()))?;
        let address = Ipv6Addr::from(u128::from(first).checked_add(u128::from(into))?);
        (address <= last).then_some((address, v6.cidr.prefix_len()))
    }
}

/// A network without addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The VLAN on the uplink switch (br-mirror).
    #[serde(default)]
    pub vlan: Option<VlanId>,
    /// Largest packet, bytes; `None` leaves the NIC's.
    #[serde(default)]
    pub mtu: Option<u16>,
}

/// The network plan of an environment, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPlan {
    /// Networks with addresses: public and cluster, as far as there are.
    pub nets: BTreeMap<Tag, Net>,
    /// Networks without addresses: br-mirror and br-vlan, as far as there are.
    pub wires: BTreeMap<Tag, Wire>,
    /// VLANs for tenants, allowed on br-vlan's trunk.
    pub vlans: VlanSet,
    /// Which NIC of a node carries a tag, for all nodes.
    pub patterns: BTreeMap<Tag, NicPattern>,
    /// The same for one node; stronger than the pattern.
    pub nics: BTreeMap<NodeId, BTreeMap<Tag, NicName>>,
    /// Tags that a node does without.
    pub without: BTreeMap<NodeId, BTreeSet<Tag>>,
    /// Addresses chosen by an operator. Other nodes get one of the range.
    pub addresses: BTreeMap<NodeId, BTreeMap<Tag, Ipv4Addr>>,
    /// Addresses that nodes have got of a range, so that they keep them; written by the engine.
    pub given: BTreeMap<NodeId, BTreeMap<Tag, Ipv4Addr>>,
    /// DNS servers of the nodes.
    pub names: Vec<IpAddr>,
    /// Changes that may cut our own connection, as an operator has confirmed them; each for exactly this change.
    pub confirmed: BTreeMap<NodeId, LockOut>,
    /// Grows with every change made by an operator; 0: there is no plan yet.
    pub revision: Revision,
}

impl NetworkPlan {
    /// Whether the environment has a network of that tag.
    pub fn uses(&self, tag: Tag) -> bool {
        self.nets.contains_key(&tag) || self.wires.contains_key(&tag)
    }

    /// Whether nothing was planned: such an environment installs on the network that is there.
    pub fn is_empty(&self) -> bool {
        self.nets.is_empty() && self.wires.is_empty()
    }

    /// Largest packet of a tag's network, if that was said.
    pub fn mtu(&self, tag: Tag) -> Option<u16> {
        self.nets.get(&tag).map(|n| n.mtu).or_else(|| self.wires.get(&tag).map(|w| w.mtu)).flatten()
    }

    /// VLAN on the uplink switch of a tag's network, if that was said.
    pub fn vlan(&self, tag: Tag) -> Option<VlanId> {
        self.nets.get(&tag).map(|n| n.vlan).or_else(|| self.wires.get(&tag).map(|w| w.vlan)).flatten()
    }
}
