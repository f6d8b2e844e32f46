//! What the network plan says of a node, as variables of its steps: those of the plan, and its ports as a list for the module `network`.

use crate::domain::ids::NodeId;
use crate::domain::netplan::{self, NetworkPlan, Port, Resolved, Tag};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Those of the plan itself, none without a plan, and:
/// * `NETWORK_PORTS`: `TAG NIC ADDRESS/PREFIX GATEWAY MTU BRIDGE ADDRESS6/PREFIX GATEWAY6` a line, `-` for none. Unset without ports: then the module leaves the network as it is.
/// * `PROVIDER_NIC`: the NIC of the public network, for instances; blank without one, and where our own connection runs over it: what takes the NIC
///   for instances would cut it.
/// * `CLUSTER_NIC`, `CLUSTER_ADDRESS`: where traffic among nodes ends; without a cluster network blank and `address`, the one at which cpmg reaches the node.
pub fn variables(
    plan: &NetworkPlan,
    resolved: &Resolved,
    node: NodeId,
    address: &str,
) -> BTreeMap<String, String> {
    let ports = resolved.nodes.get(&node).filter(|p| !plan.is_empty() && !p.is_empty());
    let port = |tag| ports.and_then(|p| p.get(&tag));
    let nic = |port: Option<&Port>| port.map(|p| p.nic.to_string()).unwrap_or_default();
    let cluster = port(Tag::Cluster);
    let cluster_address = cluster.and_then(|p| p.address).map(|a| a.to_string());
    let text = |ports: &BTreeMap<Tag, Port>| {
        let (mut text, mut led6) = (String::new(), false);
        for (tag, port) in ports {
            let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            // Writing into a String cannot fail.
            let net = plan.nets.get(tag);
            let six = net.zip(port.address).and_then(|(net, address)| net.address6(address));
            // One default route, as for IPv4.
            let way6 = net.and_then(|n| n.v6.as_ref()).and_then(|v6| v6.gateway);
            let way6 = way6.filter(|_| six.is_some() && !std::mem::replace(&mut led6, true));
            let _ = writeln!(
                text,
                "{tag} {} {} {} {} {} {} {}",
                port.nic,
                or_none(port.address.map(|a| format!("{a}/{}", port.prefix))),
                or_none(port.gateway.map(|g| g.to_string())),
                or_none(port.mtu.map(|m| m.to_string())),
                tag.bridge().unwrap_or("-"),
                or_none(six.map(|(address, prefix)| format!("{address}/{prefix}"))),
                or_none(way6.map(|g| g.to_string())),
            );
        }
        text.truncate(text.trim_end().len());
        text
    };
    let mut vars = netplan::variables(plan, resolved, node);
    vars.extend(ports.map(|p| ("NETWORK_PORTS".to_owned(), text(p))));
    let always = [
        ("PROVIDER_NIC", nic(port(Tag::Public).filter(|p| !p.ours))),
        ("CLUSTER_NIC", nic(cluster)),
        ("CLUSTER_ADDRESS", cluster_address.unwrap_or_else(|| address.to_owned())),
    ];
    vars.extend(always.map(|(name, value)| (name.to_owned(), value)));
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

    fn port(nic: &str, address: Option<&str>, mtu: Option<u16>) -> Port {
        Port {
            nic: nic.parse().unwrap(),
            mac: String::new(),
            chosen: Chosen::Explicit,
            address: address.map(|a| a.parse().unwrap()),
            prefix: if address.is_some() { 24 } else { 0 },
            gateway: None,
            mtu,
            ours: false,
        }
    }

    /// Variables of node 1 with these ports.
    fn with(ports: Vec<(Tag, Port)>) -> BTreeMap<String, String> {
        let resolved = Resolved {
            nodes: BTreeMap::from([(NodeId(1), ports.into_iter().collect())]),
            ..Resolved::default()
        };
        let wires = BTreeMap::from([(Tag::BrVlan, Wire::default())]);
        let plan = NetworkPlan { wires, ..NetworkPlan::default() };
        variables(&plan, &resolved, NodeId(1), "10.77.1.11")
    }

    #[test]
    fn a_line_for_each_port_and_none_without_a_plan() {
        let vars = with(vec![
            (Tag::Cluster, port("clus0", Some("10.79.1.51"), Some(9000))),
            (Tag::BrVlan, port("prov0", None, None)),
        ]);
        assert_eq!(
            vars["NETWORK_PORTS"],
            "cluster clus0 10.79.1.51/24 - 9000 - - -\nbr-vlan prov0 - - - br-vlan - -"
        );
        assert!(!with(vec![]).contains_key("NETWORK_PORTS"), "a node without ports");
        let none = variables(&NetworkPlan::default(), &Resolved::default(), NodeId(1), "10.77.1.11");
        let expected = [("CLUSTER_ADDRESS", "10.77.1.11"), ("CLUSTER_NIC", ""), ("PROVIDER_NIC", "")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(none, BTreeMap::from(expected), "no plan");
    }

    #[test]
    fn instances_get_the_public_nic_and_tunnels_end_in_the_cluster_network() {
        let public = port("prov0", None, None);
        let cluster = port("clus0", Some("10.79.1.51"), None);
        let vars = with(vec![(Tag::Public, public.clone()), (Tag::Cluster, cluster)]);
        assert_eq!(
            (&*vars["PROVIDER_NIC"], &*vars["CLUSTER_NIC"], &*vars["CLUSTER_ADDRESS"]),
            ("prov0", "clus0", "10.79.1.51")
        );
        let vars = with(vec![(Tag::Public, Port { ours: true, ..public })]);
        assert_eq!(vars["PROVIDER_NIC"], "", "our own connection would be cut");
        assert_eq!((&*vars["CLUSTER_NIC"], &*vars["CLUSTER_ADDRESS"]), ("", "10.77.1.11"));
    }
}
