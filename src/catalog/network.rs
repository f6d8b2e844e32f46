//! What the network plan says of a node, as variables of its steps: those of the plan, and its ports as a list for the module `network`.

use crate::domain::ids::NodeId;
use crate::domain::netplan::{self, NetworkPlan, Port, Resolved, Tag};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The plan's own variables, and `NETWORK_PORTS`: `TAG NIC ADDRESS/PREFIX GATEWAY MTU BRIDGE` a line, `-` for none. No variables without a plan: then the module leaves
/// the network of its nodes as it is.
pub fn variables(plan: &NetworkPlan, resolved: &Resolved, node: NodeId) -> BTreeMap<String, String> {
    let ports = resolved.nodes.get(&node).filter(|p| !plan.is_empty() && !p.is_empty());
    let text = |ports: &BTreeMap<Tag, Port>| {
        let mut text = String::new();
        for (tag, port) in ports {
            let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "{tag} {} {} {} {} {}",
                port.nic,
                or_none(port.address.map(|a| format!("{a}/{}", port.prefix))),
                or_none(port.gateway.map(|g| g.to_string())),
                or_none(port.mtu.map(|m| m.to_string())),
                tag.bridge().unwrap_or("-"),
            );
        }
        text.truncate(text.trim_end().len());
        text
    };
    let mut vars = netplan::variables(plan, resolved, node);
    vars.extend(ports.map(|p| ("NETWORK_PORTS".to_owned(), text(p))));
    vars
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
    use crate::domain::netplan::{Chosen, Wire};

    #[test]
    fn a_line_for_each_port_and_nothing_without_a_plan() {
        let port = |nic: &str, address: Option<&str>, mtu| Port {
            nic: nic.parse().unwrap(),
            mac: String::new(),
            chosen: Chosen::Explicit,
            address: address.map(|a| a.parse().unwrap()),
            prefix: if address.is_some() { 24 } else { 0 },
            gateway: None,
            mtu,
            ours: false,
        };
        let ports = BTreeMap::from([
            (Tag::Cluster, port("clus0", Some("10.79.1.51"), Some(9000))),
            (Tag::BrVlan, port("prov0", None, None)),
        ]);
        let resolved = Resolved { nodes: BTreeMap::from([(NodeId(1), ports)]), ..Resolved::default() };
        assert!(variables(&NetworkPlan::default(), &resolved, NodeId(1)).is_empty(), "no plan");
        let wires = BTreeMap::from([(Tag::BrVlan, Wire::default())]);
        let plan = NetworkPlan { wires, ..NetworkPlan::default() };
        let vars = variables(&plan, &resolved, NodeId(1));
        assert_eq!(
            vars["NETWORK_PORTS"],
            "cluster clus0 10.79.1.51/24 - 9000 -\nbr-vlan prov0 - - - br-vlan"
        );
        assert!(
            !variables(&plan, &resolved, NodeId(2)).contains_key("NETWORK_PORTS"),
            "a node without ports"
        );
    }
}
