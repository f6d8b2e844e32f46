//! What the wires are expected to be.
//!
//! With a network plan: its networks, its NICs, its VLANs. Without one: the networks that the nodes have addresses in. Addresses
//! are the ones that are set on the nodes today; those that the plan only promises are asked for on the wire (nobody may have
//! them), and reached only once they are set.

use super::probe::VLANS_MAX;
use super::report::Column;
use crate::domain::facts::{Facts, Nic};
use crate::domain::ids::NodeId;
use crate::domain::netplan::{NetworkPlan, PlanFault, Resolved, Tag};
use crate::domain::node::{Node, NodeState};
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// A port that a chosen module needs on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortNeed {
    /// Port number.
    pub port: u16,
    /// The module.
    pub module: String,
    /// The units of systemd that the module installs, without `.service`.
    pub units: BTreeSet<String>,
}

/// A node as it is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Facing<'a> {
    /// The node.
    pub node: &'a Node,
    /// What it said about itself last.
    pub facts: Option<&'a Facts>,
    /// What the modules chosen for it need.
    pub ports: &'a [PortNeed],
}

/// What should be there.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// There is a network plan.
    pub planned: bool,
    /// Faults of the plan itself.
    pub plan_faults: usize,
    /// The nodes.
    pub nodes: BTreeMap<NodeId, ENode>,
    /// The networks.
    pub nets: Vec<ENet>,
    /// VLAN ids that are tried on the trunk, sorted.
    pub vlans: Vec<u16>,
    /// How many more the plan has.
    pub vlans_left: usize,
    /// DHCP servers that belong there.
    pub dhcp_known: BTreeSet<Ipv4Addr>,
}

/// What is expected of a node.
#[derive(Clone, Debug, Default)]
pub struct ENode {
    /// Its name.
    pub name: String,
    /// Something of ours was installed on it.
    pub worked: bool,
    /// NICs that frames are sent on, by name.
    pub nics: BTreeMap<String, ENic>,
    /// Every MAC address of it, bridges included.
    pub macs: BTreeSet<String>,
    /// Its default route today, with the NIC.
    pub gateway: Option<(Ipv4Addr, String)>,
    /// Names it must be able to resolve.
    pub names: Vec<String>,
    /// Ports its modules need.
    pub ports: Vec<PortNeed>,
}

/// A NIC.
#[derive(Clone, Debug, Default)]
pub struct ENic {
    /// Lower case, colons.
    pub mac: String,
    /// Bytes.
    pub mtu: u32,
}

/// A network.
#[derive(Clone, Debug)]
pub struct ENet {
    /// Its column.
    pub column: Column,
    /// Router.
    pub gateway: Option<Ipv4Addr>,
    /// Largest packet by the plan.
    pub mtu: Option<u16>,
    /// VLAN on the switch by the plan.
    pub vlan: Option<u16>,
    /// Addresses that move between nodes.
    pub vips: Vec<Ipv4Addr>,
    /// Its NICs are on trunk ports.
    pub trunk: bool,
    /// Nodes on it.
    pub members: BTreeMap<NodeId, Member>,
}

/// A node's part in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The NIC.
    pub nic: String,
    /// The device that has the address: the NIC or the bridge that took it.
    pub holder: String,
    /// The address that is set today.
    pub address: Option<Ipv4Addr>,
    /// The address by the plan.
    pub planned: Option<Ipv4Addr>,
    /// Our own connection runs over it.
    pub ours: bool,
}

/// Devices that a hypervisor or a container engine makes, and ends of tunnels: no wire is at their end.
fn is_wired(nic: &Nic) -> bool {
    const NAMES: [&str; 14] = [
        "docker", "virbr", "vnet", "tap", "tun", "veth", "qvo", "qvb", "qbr", "cni", "cali", "flannel",
        "lxc", "vxlan",
    ];
    !NAMES.iter().any(|n| nic.name.starts_with(n))
        && !matches!(nic.driver.as_str(), "tun" | "dummy" | "vxlan" | "wireguard" | "geneve")
}

/// A bridge: it has addresses, but its wire is the NIC in it.
fn is_bridge(nic: &Nic) -> bool {
    matches!(nic.driver.as_str(), "bridge" | "openvswitch") || nic.name.starts_with("br-")
}

/// The IPv4 networks of a NIC, with its own address in each.
pub fn addresses(nic: &Nic) -> impl Iterator<Item = (Ipv4Addr, Ipv4Net)> {
    nic.addresses.iter().filter_map(|text| {
        let net: Ipv4Net = text.parse().ok()?;
        let usable = !net.addr().is_loopback() && !net.addr().is_link_local() && net.prefix_len() < 32;
        usable.then(|| (net.addr(), net.trunc()))
    })
}

/// What is to be expected of nodes, by a plan or by what they are. `dhcp_known`: servers that belong there.
pub fn expect(
    nodes: &[Facing<'_>],
    plan: Option<(&NetworkPlan, &Resolved)>,
    dhcp_known: &[Ipv4Addr],
) -> Expected {
    let plan = plan.filter(|(plan, _)| !plan.is_empty());
    let mut out = Expected {
        planned: plan.is_some(),
        plan_faults: plan.map_or(0, |(_, r)| r.faults.iter().filter(|f| is_own(f)).count()),
        dhcp_known: dhcp_known.iter().copied().collect(),
        ..Expected::default()
    };
    let installed: Vec<String> =
        nodes.iter().filter(|n| n.node.state == NodeState::Installed).map(|n| n.node.name.clone()).collect();
    for facing in nodes {
        out.nodes.insert(facing.node.id, node(facing, &installed));
    }
    match plan {
        Some((plan, resolved)) => planned(&mut out, nodes, plan, resolved),
        None => found(&mut out, nodes),
    }
    out
}

/// A fault of the plan itself. That somebody has an address of the plan today is found by asking for it.
fn is_own(fault: &PlanFault) -> bool {
    fault.is_fault() && fault.key != "net-address-alive"
}

fn node(facing: &Facing<'_>, installed: &[String]) -> ENode {
    let node = facing.node;
    let mut out = ENode {
        name: node.name.clone(),
        worked: !matches!(node.state, NodeState::Discovered | NodeState::Ready),
        ports: facing.ports.to_vec(),
        // Every step of the module `hosts` writes them; before that they need not resolve.
        names: if node.state == NodeState::Installed { installed.to_vec() } else { Vec::new() },
        ..ENode::default()
    };
    let Some(facts) = facing.facts else { return out };
    out.macs = facts.nics.iter().map(|n| n.mac.clone()).filter(|m| !m.is_empty()).collect();
    for nic in facts.nics.iter().filter(|n| is_wired(n) && !is_bridge(n)).take(super::probe::NICS_MAX) {
        out.nics.insert(nic.name.clone(), ENic { mac: nic.mac.clone(), mtu: nic.mtu });
    }
    out.gateway = facts
        .gateway
        .as_ref()
        .zip(facts.gateway_nic.as_ref())
        .and_then(|(ip, nic)| ip.parse().ok().map(|ip| (ip, nic.clone())));
    out
}

fn planned(out: &mut Expected, nodes: &[Facing<'_>], plan: &NetworkPlan, resolved: &Resolved) {
    for tag in Tag::ALL.into_iter().filter(|t| plan.uses(*t)) {
        let net = plan.nets.get(&tag);
        let mut members = BTreeMap::new();
        for facing in nodes {
            let id = facing.node.id;
            let Some(port) = resolved.nodes.get(&id).and_then(|ports| ports.get(&tag)) else { continue };
            let nic = port.nic.as_str().to_owned();
            if let Some(node) = out.nodes.get_mut(&id) {
                node.nics.entry(nic.clone()).or_insert_with(|| ENic { mac: port.mac.clone(), mtu: 0 });
            }
            let set = facing.facts.and_then(|facts| {
                let devices = [Some(nic.as_str()), tag.bridge()];
                let of = |name: &str| facts.nics.iter().find(|n| n.name == name);
                let mut all = devices.into_iter().flatten().filter_map(of).flat_map(|device| {
                    let name = device.name.clone();
                    addresses(device).map(move |(ip, _)| (ip, name.clone()))
                });
                let inside = |ip: &Ipv4Addr| net.is_some_and(|n| n.cidr.contains(ip) && !n.vip.contains(ip));
                let fitting: Vec<(Ipv4Addr, String)> = all.by_ref().filter(|(ip, _)| inside(ip)).collect();
                let best = fitting.iter().find(|(ip, _)| Some(*ip) == port.address);
                best.or_else(|| fitting.first()).cloned()
            });
            let holder = set.as_ref().map_or_else(|| nic.clone(), |(_, name)| name.clone());
            let address = set.map(|(ip, _)| ip);
            members.insert(id, Member { nic, holder, address, planned: port.address, ours: port.ours });
        }
        out.nets.push(ENet {
            column: Column::Net(tag),
            gateway: net.and_then(|n| n.gateway),
            mtu: plan.mtu(tag),
            vlan: plan.vlan(tag).map(u16::from),
            vips: net.map(|n| n.vip.clone()).unwrap_or_default(),
            trunk: tag == Tag::BrVlan,
            members,
        });
    }
    let all: Vec<u16> = plan.vlans.iter().map(u16::from).collect();
    out.vlans = sample(&all, plan.vlans.stretches().map(|(a, b)| (u16::from(a), u16::from(b))));
    out.vlans_left = all.len() - out.vlans.len();
}

/// At most [`VLANS_MAX`] of `all`: the ends of stretches, where a switch is usually told wrong, and the rest evenly.
fn sample(all: &[u16], stretches: impl Iterator<Item = (u16, u16)>) -> Vec<u16> {
    if all.len() <= VLANS_MAX {
        return all.to_vec();
    }
    let mut chosen: BTreeSet<u16> = stretches.flat_map(|(a, b)| [a, b]).take(VLANS_MAX / 2).collect();
    let room = VLANS_MAX - chosen.len();
    let every = all.len().div_ceil(room);
    chosen.extend(all.iter().step_by(every));
    chosen.into_iter().collect()
}

/// Networks that nodes have addresses in.
fn found(out: &mut Expected, nodes: &[Facing<'_>]) {
    let mut nets: BTreeMap<Ipv4Net, ENet> = BTreeMap::new();
    for facing in nodes {
        let Some(facts) = facing.facts else { continue };
        let own = facing.node.address.ip();
        for nic in facts.nics.iter().filter(|n| is_wired(n)) {
            for (ip, cidr) in addresses(nic) {
                let gateway = facts.gateway.as_ref().and_then(|g| g.parse().ok());
                let net = nets.entry(cidr).or_insert_with(|| ENet {
                    column: Column::Subnet(cidr.to_string()),
                    gateway: None,
                    mtu: None,
                    vlan: None,
                    vips: Vec::new(),
                    trunk: false,
                    members: BTreeMap::new(),
                });
                net.gateway = net.gateway.or(gateway.filter(|g| cidr.contains(g)));
                let member = Member {
                    nic: nic.name.clone(),
                    holder: nic.name.clone(),
                    address: Some(ip),
                    planned: None,
                    ours: ip == own,
                };
                // Of several addresses in one network the one that we reach it at, else the first.
                match net.members.get(&facing.node.id) {
                    Some(_) if ip != own => {}
                    _ => drop(net.members.insert(facing.node.id, member)),
                }
            }
        }
    }
    out.nets = nets.into_values().collect();
}

impl Expected {
    /// A node's name.
    pub fn name(&self, node: NodeId) -> &str {
        self.nodes.get(&node).map_or("?", |n| n.name.as_str())
    }

    /// Whose MAC address it is.
    pub fn owner(&self, mac: &str) -> Option<NodeId> {
        self.nodes.iter().find(|(_, n)| n.macs.contains(mac)).map(|(id, _)| *id)
    }

    /// The packet size that must pass on a network: the plan's, else what most of its NICs are set to.
    pub fn mtu(&self, net: &ENet) -> Option<u16> {
        if net.mtu.is_some() {
            return net.mtu;
        }
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for (id, member) in &net.members {
            let mtu = self.nodes.get(id).and_then(|n| n.nics.get(&member.nic)).map_or(0, |n| n.mtu);
            if mtu >= u32::from(super::probe::MTU_MIN) {
                *counts.entry(mtu).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(mtu, count)| (*count, *mtu))?.0;
        // An IPv4 packet has 65,535 bytes at most; loopback's NIC says 65,536.
        Some(u16::try_from(most).unwrap_or(u16::MAX))
    }

    /// The columns of the matrix.
    pub fn columns(&self) -> Vec<Column> {
        let nets = self.nets.iter().filter(|n| !n.members.is_empty()).map(|n| n.column.clone());
        let mut columns: Vec<Column> = std::iter::once(Column::Ssh).chain(nets).collect();
        columns.extend([Column::Names, Column::Clock, Column::Repositories, Column::Ports]);
        columns
    }
}
