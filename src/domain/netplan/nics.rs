//! Which NIC of a node carries a tag, and which one carries our own connection.

use super::fault::PlanFault;
use super::{NetworkPlan, NicName, Tag};
use crate::domain::facts::{Facts, Nic};
use crate::domain::ids::NodeId;
use crate::domain::net::HostAddress;
use crate::domain::node::{Node, NodeRoles};

/// What a plan is resolved for.
#[derive(Clone, Copy, Debug)]
pub struct NodeFacts<'a> {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: &'a str,
    /// Where SSH answers.
    pub address: HostAddress,
    /// What it is for; empty: it is not installed yet, and nothing about it is a fault.
    pub roles: &'a NodeRoles,
    /// What it said about itself.
    pub facts: Option<&'a Facts>,
}

impl<'a> From<&'a Node> for NodeFacts<'a> {
    fn from(n: &'a Node) -> Self {
        Self { id: n.id, name: &n.name, address: n.address, roles: &n.roles, facts: n.facts.as_ref() }
    }
}

impl NodeFacts<'_> {
    /// Whether the node takes part in the network of `tag`.
    pub(super) fn wants(&self, plan: &NetworkPlan, tag: Tag) -> bool {
        let without = plan.without.get(&self.id).is_some_and(|w| w.contains(&tag));
        let chosen = plan.nics.get(&self.id).is_some_and(|n| n.contains_key(&tag));
        plan.uses(tag) && !without && (chosen || tag.is_for(self.roles))
    }
}

/// The NIC that has the node's own address: our connection runs over it. `None` when no NIC has it, as behind a port that is forwarded, on
/// loopback, or when the node has not told its facts.
pub fn carrier<'a>(node: &NodeFacts<'a>) -> Option<&'a Nic> {
    let address = node.address.ip().to_string();
    node.facts?.nics.iter().find(|nic| {
        nic.addresses.iter().any(|a| a.split_once('/').map_or(a.as_str(), |(ip, _)| ip) == address)
    })
}

/// Whether our connection runs over the NIC `name`, which carries `tag`: it, its VLAN, or the tag's bridge has the node's address.
pub(super) fn carries_us(carrier: Option<&Nic>, name: &NicName, tag: Tag) -> bool {
    carrier.is_some_and(|c| {
        c.name == name.as_str()
            || c.name.split_once('.').is_some_and(|(parent, _)| parent == name.as_str())
            || tag.bridge() == Some(c.name.as_str())
    })
}

/// A NIC chosen for a tag.
pub(super) struct Pick<'a> {
    pub name: NicName,
    /// As the node told it; `None` for an explicit choice on a node without facts.
    pub nic: Option<&'a Nic>,
    pub explicit: bool,
}

/// The NIC of `node` for `tag`: the explicit choice, else what the pattern names.
pub(super) fn pick<'a>(
    plan: &NetworkPlan,
    node: &NodeFacts<'a>,
    tag: Tag,
) -> Result<Pick<'a>, Box<PlanFault>> {
    let fault = |key: &str, message: String| {
        PlanFault::of(tag, "nic", key, message).on(node.id, None).arg("tag", tag).arg("node", node.name)
    };
    let explicit = plan.nics.get(&node.id).and_then(|n| n.get(&tag));
    let Some(facts) = node.facts else {
        return match explicit {
            Some(name) => Ok(Pick { name: name.clone(), nic: None, explicit: true }),
            None => Err(Box::new(fault(
                "net-no-facts",
                format!("{}: what NICs it has is not known yet: look at the node, then come back", node.name),
            ))),
        };
    };
    let has = || list(facts.nics.iter());
    if let Some(name) = explicit {
        return match facts.nics.iter().find(|n| n.name == name.as_str()) {
            Some(nic) => Ok(Pick { name: name.clone(), nic: Some(nic), explicit: true }),
            None => Err(Box::new(
                fault(
                    "net-nic-missing",
                    format!(
                        "{} has no NIC {name} for {tag}; it has {}: choose one of these",
                        node.name,
                        has()
                    ),
                )
                .on(node.id, Some(name))
                .arg("nic", name)
                .arg("nics", has()),
            )),
        };
    }
    let Some(pattern) = plan.patterns.get(&tag) else {
        return Err(Box::new(fault(
            "net-nic-unset",
            format!(
                "no NIC of {} carries {tag}: give a pattern for all nodes, or choose a NIC here",
                node.name
            ),
        )));
    };
    let found = pattern.find(&facts.nics);
    match found.as_slice() {
        [nic] => match nic.name.parse::<NicName>() {
            Ok(name) => Ok(Pick { name, nic: Some(nic), explicit: false }),
            Err(why) => Err(Box::new(fault(why.key(), why.to_string()).arg("value", why.value()))),
        },
        [] => Err(Box::new(
            fault(
                "net-pattern-none",
                format!(
                    "'{pattern}' matches no NIC of {} for {tag}; it has {}: choose one here, or change the pattern",
                    node.name,
                    has()
                ),
            )
            .arg("pattern", pattern)
            .arg("nics", has()),
        )),
        several => {
            let several = list(several.iter().copied());
            Err(Box::new(
                fault(
                    "net-pattern-many",
                    format!(
                        "'{pattern}' matches several NICs of {} for {tag} ({several}): say which (1st, 2nd …), or choose one here",
                        node.name
                    ),
                )
                .arg("pattern", pattern)
                .arg("nics", several),
            ))
        }
    }
}

/// Names with speeds, `eth0 (1G), eth1 (10G)`, eight at most.
fn list<'a>(nics: impl Iterator<Item = &'a Nic>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<String> = nics
        .map(|nic| match nic.speed {
            Some(mbit) if mbit >= 1000 => format!("{} ({}G)", nic.name, f64::from(mbit) / 1000.0),
            Some(mbit) => format!("{} ({mbit}M)", nic.name),
            None => nic.name.clone(),
        })
        .collect();
    let more = names.len().saturating_sub(SHOWN);
    let mut text = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if text.is_empty() {
        text.push_str("none");
    }
    if more > 0 {
        text.push_str(" …");
    }
    text
}
