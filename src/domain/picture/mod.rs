//! Pictures: what hangs on which network, drawn for a terminal or for a document.
//!
//! [`Topology`] is the drawing as data: rails (networks) and nodes with a link to each rail that they are on. `lines` puts it
//! into columns of a terminal, `svg` into a document; both draw the same. Without a network plan the rails are the networks of
//! the addresses that the nodes have. [`spark`] is a row of bars. Nothing here knows a language: words come as arguments.

mod lines;
mod svg;
#[cfg(test)]
mod tests;

pub use lines::{Drawn, Ink};
pub use svg::{escape, gantt, topology};

use super::ids::NodeId;
use super::netplan::{NetworkPlan, NodeFacts, Resolved, Tag};
use super::node::{NodeRoles, NodeState};
use super::timeline::{Fill, Timeline};
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Most rails where nothing is planned: those with the most nodes.
const RAILS: usize = 4;

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rail {
    /// Its tag, or the network itself where nothing is planned.
    pub title: String,
    /// Network, VLAN, gateway: as far as there are.
    pub detail: String,
}

/// A NIC on a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The NIC.
    pub nic: String,
    /// The node's address on it.
    pub address: Option<Ipv4Addr>,
    /// Mbit/s where the node told.
    pub speed: Option<u32>,
    /// Whether something is at the other end of the cable; `None`: not known.
    pub carrier: Option<bool>,
    /// Our own connection runs over it.
    pub ours: bool,
}

/// A node with a link, or none, to each rail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Identity.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: NodeRoles,
    /// Where it stands.
    pub state: NodeState,
    /// One for each rail.
    pub links: Vec<Option<Link>>,
    /// NICs on none of them.
    pub idle: Vec<String>,
}

/// The drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// Networks, in the order in which they are drawn.
    pub rails: Vec<Rail>,
    /// Nodes, controllers first, then by name.
    pub members: Vec<Member>,
}

impl Topology {
    /// What hangs where: by the plan where there is one, by the nodes' addresses otherwise.
    pub fn of(plan: &NetworkPlan, resolved: &Resolved, nodes: &[(NodeFacts<'_>, NodeState)]) -> Self {
        let mut all = if plan.is_empty() { found(nodes) } else { planned(plan, resolved, nodes) };
        let rank =
            |m: &Member| (m.roles.iter().next().copied().map_or(u8::MAX, |r| r as u8), natural(&m.name));
        all.members.sort_by_key(rank);
        all
    }
}

/// `node-2` before `node-10`.
fn natural(name: &str) -> (String, u64, String) {
    let head = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(head.len()..).and_then(|n| n.parse().ok()).unwrap_or(0);
    (head.to_owned(), number, name.to_owned())
}

fn planned(plan: &NetworkPlan, resolved: &Resolved, nodes: &[(NodeFacts<'_>, NodeState)]) -> Topology {
    let tags: Vec<Tag> = Tag::ALL.into_iter().filter(|t| plan.uses(*t)).collect();
    let rails =
        tags.iter().map(|tag| Rail { title: tag.word().to_owned(), detail: detail(plan, *tag) }).collect();
    let members = nodes
        .iter()
        .map(|(node, state)| {
            let ports = resolved.nodes.get(&node.id);
            let links: Vec<Option<Link>> = tags
                .iter()
                .map(|tag| {
                    let port = ports?.get(tag)?;
                    let nic = node.facts.and_then(|f| f.nics.iter().find(|n| n.name == port.nic.to_string()));
                    Some(Link {
                        nic: port.nic.to_string(),
                        address: port.address,
                        speed: nic.and_then(|n| n.speed),
                        carrier: nic.map(|n| n.carrier),
                        ours: port.ours,
                    })
                })
                .collect();
            member(node, *state, links)
        })
        .collect();
    Topology { rails, members }
}

fn detail(plan: &NetworkPlan, tag: Tag) -> String {
    let mut words = Vec::new();
    if let Some(net) = plan.nets.get(&tag) {
        words.push(net.cidr.to_string());
    }
    if let Some(vlan) = plan.vlan(tag) {
        words.push(format!("VLAN {vlan}"));
    }
    if tag == Tag::BrVlan {
        words.push(format!("VLAN {}", plan.vlans));
    }
    words.join(" ")
}

fn member(node: &NodeFacts<'_>, state: NodeState, links: Vec<Option<Link>>) -> Member {
    let used = |name: &str| links.iter().flatten().any(|l| l.nic == name);
    let nics = node.facts.map(|f| f.nics.as_slice()).unwrap_or_default();
    let idle = nics.iter().filter(|n| !used(&n.name)).map(|n| n.name.clone()).collect();
    Member { id: node.id, name: node.name.to_owned(), roles: node.roles.clone(), state, links, idle }
}

/// The networks of the addresses that nodes have, and the NICs that have them.
fn found(nodes: &[(NodeFacts<'_>, NodeState)]) -> Topology {
    let mut on: BTreeMap<Ipv4Net, Vec<(NodeId, Link)>> = BTreeMap::new();
    for (node, _) in nodes {
        for nic in node.facts.iter().flat_map(|f| &f.nics) {
            for net in nic.addresses.iter().filter_map(|a| a.parse::<Ipv4Net>().ok()) {
                let link = Link {
                    nic: nic.name.clone(),
                    address: Some(net.addr()),
                    speed: nic.speed,
                    carrier: Some(nic.carrier),
                    ours: node.address.to_string() == net.addr().to_string(),
                };
                on.entry(net.trunc()).or_default().push((node.id, link));
            }
        }
    }
    let mut nets: Vec<(Ipv4Net, Vec<(NodeId, Link)>)> = on.into_iter().collect();
    nets.sort_by_key(|(net, links)| (usize::MAX - links.len(), *net));
    nets.truncate(RAILS);
    let rails = nets.iter().map(|(net, _)| Rail { title: net.to_string(), detail: String::new() }).collect();
    let members = nodes
        .iter()
        .map(|(node, state)| {
            let on = |links: &Vec<(NodeId, Link)>| {
                links.iter().find(|(id, _)| *id == node.id).map(|(_, l)| l.clone())
            };
            member(node, *state, nets.iter().map(|(_, links)| on(links)).collect())
        })
        .collect();
    Topology { rails, members }
}

/// Eighths of a cell, from nothing to full.
const SPARKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar for each value, the largest one full; a value above nothing is always seen.
pub fn spark(values: &[u64]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let eighths = |v: u64| usize::try_from(v.saturating_mul(8).div_ceil(most)).unwrap_or(8).min(8);
    values.iter().map(|v| SPARKS.get(eighths(*v)).copied().unwrap_or(' ')).collect()
}

/// Steps that ended in each of `columns` equal parts of a job's time, and how long a part is, milliseconds.
pub fn throughput(line: &Timeline, columns: usize) -> (Vec<u64>, u64) {
    let columns = columns.max(1);
    let whole = line.until.since(line.since);
    let part = whole.div_ceil(columns as u64).max(1);
    let mut out = vec![0; columns];
    let ended = |fill: Fill| matches!(fill, Fill::Changed | Fill::Unchanged | Fill::Failed | Fill::Undo);
    for span in line.rows.iter().flat_map(|r| &r.spans).filter(|s| ended(s.fill)) {
        let at = usize::try_from(span.until.since(line.since) / part).unwrap_or(0).min(columns - 1);
        if let Some(cell) = out.get_mut(at) {
            *cell += 1;
        }
    }
    (out, part)
}
