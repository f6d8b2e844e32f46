//! What steps get of the network plan: variables, all of which begin with `NET_`. `docs/roles.md` lists them.

use super::{NetworkPlan, Resolved, Tag};
use crate::domain::ids::NodeId;
use crate::domain::net::AddressRange;
use std::collections::BTreeMap;

/// The word of a tag within the name of a variable.
fn upper(tag: Tag) -> String {
    tag.word().to_ascii_uppercase().replace('-', "_")
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// The variables of a node; none for an environment without a plan.
pub fn variables(plan: &NetworkPlan, resolved: &Resolved, node: NodeId) -> BTreeMap<String, String> {
    let mut vars = BTreeMap::new();
    if plan.is_empty() {
        return vars;
    }
    let mut set = |name: String, value: String| drop(vars.insert(name, value));
    let empty = BTreeMap::new();
    let ports = resolved.nodes.get(&node).unwrap_or(&empty);
    let tags: Vec<&str> = ports.keys().map(|t| t.word()).collect();
    set("NET_TAGS".into(), tags.join(" "));
    let names: Vec<String> = plan.names.iter().map(ToString::to_string).collect();
    set("NET_NAMES".into(), names.join(" "));
    set("NET_VLANS".into(), plan.vlans.to_string());
    let leads = ports.iter().find_map(|(tag, port)| port.gateway.map(|g| (*tag, g)));
    set("NET_GATEWAY".into(), shown(leads.map(|(_, gateway)| gateway)));
    set("NET_GATEWAY_TAG".into(), shown(leads.map(|(tag, _)| tag)));
    for tag in Tag::ALL.into_iter().filter(|t| plan.uses(*t)) {
        let mut set = |name: &str, value: String| set(format!("NET_{}_{name}", upper(tag)), value);
        set("MTU", shown(plan.mtu(tag)));
        set("BRIDGE", tag.bridge().unwrap_or_default().to_owned());
        if let Some(net) = plan.nets.get(&tag) {
            set("CIDR", net.cidr.to_string());
            set("PREFIX", net.cidr.prefix_len().to_string());
            set("NETMASK", net.cidr.netmask().to_string());
            set("RANGE_START", net.range.first().to_string());
            set("RANGE_END", net.range.last().to_string());
            set("GATEWAY", shown(net.gateway));
            let vip: Vec<String> = net.vip.iter().map(ToString::to_string).collect();
            set("VIP", vip.join(" "));
            if tag == Tag::Public {
                set("POOL_START", shown(net.floating.map(AddressRange::first)));
                set("POOL_END", shown(net.floating.map(AddressRange::last)));
            }
        }
        let port = ports.get(&tag);
        set("NIC", shown(port.map(|p| &p.nic)));
        set("MAC", port.map(|p| p.mac.clone()).unwrap_or_default());
        set("OURS", if port.is_some_and(|p| p.ours) { "1" } else { "" }.into());
        if tag.has_addresses() {
            set("ADDRESS", shown(port.and_then(|p| p.address)));
        }
    }
    vars
}
