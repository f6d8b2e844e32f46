//! A plan as people write it: every value a text, nodes by name. The file of `cpmg net set`, and what the forms hold.
//!
//! [`PlanText::read`] never stops at the first fault: each field that cannot be read is named, and the rest of the plan is there.

use super::fault::PlanFault;
use super::rules::{network_fault, no_addresses};
use super::values::ValueFault;
use super::{Net, Net6, NetworkPlan, NicName, NicPattern, NodeFacts, Resolved, Tag, VlanId, Wire, resolve};
use crate::domain::ids::NodeId;
use crate::domain::net::{AddressRange, NetFault};
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A plan as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanText {
    /// DNS servers of the nodes.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub names: String,
    /// The public network, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<NetText>,
    /// The cluster network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<NetText>,
    /// Mirrored traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub br_mirror: Option<NetText>,
    /// Tenants' VLANs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub br_vlan: Option<NetText>,
    /// What was chosen for single nodes: by name of the node, then by tag.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<String, BTreeMap<String, PortText>>,
}

/// One network as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NetText {
    /// The network: `192.168.7.0/24`.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub cidr: String,
    /// Addresses for nodes: `192.168.7.1-200`.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub range: String,
    /// Router.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// Addresses for instances.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub floating: String,
    /// Virtual addresses.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub vip: String,
    /// VLAN on the uplink switch.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub vlan: String,
    /// VLANs of tenants (br-vlan only).
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub vlans: String,
    /// Largest packet.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub mtu: String,
    /// Pattern for the NIC of each node.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub nic: String,
    /// IPv6 network.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub cidr6: String,
    /// IPv6 addresses for nodes.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub range6: String,
    /// IPv6 router.
    #[serde(deserialize_with = "loose", skip_serializing_if = "String::is_empty")]
    pub gateway6: String,
}

/// What was chosen for one node and tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PortText {
    /// The NIC.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub nic: String,
    /// The address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The node does without this network.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
}

/// A text, a number, or a list of them: `1500` and `"1500"` are the same to a person.
fn loose<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Text(String),
        Number(i64),
        List(Vec<Loose>),
    }
    fn text(value: Loose) -> String {
        match value {
            Loose::Text(s) => s,
            Loose::Number(n) => n.to_string(),
            Loose::List(all) => all.into_iter().map(text).collect::<Vec<_>>().join(","),
        }
    }
    Loose::deserialize(d).map(text)
}

/// Key and argument of a fault that an address or range has.
fn net_fault(why: &NetFault) -> PlanFault {
    let fault = |key: &str| PlanFault::new("", key, why.to_string());
    match why {
        NetFault::Address(text) => fault("net-bad-address").arg("value", text),
        NetFault::Unusable(address, _) => fault("net-unusable").arg("address", address),
        NetFault::Network(text) => fault("net-bad-cidr").arg("value", text),
        NetFault::Range(text) => fault("net-bad-range").arg("value", text),
        NetFault::Backwards { start, end } => {
            fault("net-range-backwards").arg("first", start).arg("last", end)
        }
        NetFault::TooLarge(text, count) => fault("net-range-large").arg("value", text).arg("have", count),
    }
}

/// A text that is not what it should be.
fn bad(text: &str, what: &str, key: &str) -> PlanFault {
    PlanFault::new("", key, format!("'{text}' is {what}")).arg("value", text)
}

fn value_fault(field: &str, why: &ValueFault) -> PlanFault {
    PlanFault::new(field, why.key(), why.to_string()).arg("value", why.value())
}

/// A network; also with a mask, `10.100.7.0/255.255.255.0`.
fn cidr(text: &str) -> Result<Ipv4Net, ()> {
    let (address, length) = text.split_once('/').ok_or(())?;
    match length.parse::<Ipv4Addr>() {
        Ok(mask) => Ipv4Net::with_netmask(address.parse().map_err(|_| ())?, mask).map_err(|_| ()),
        Err(_) => text.parse().map_err(|_| ()),
    }
}

/// A range; also with a comma between first and last, as people write it.
fn range(text: &str) -> Result<AddressRange, NetFault> {
    match text.split_once(',') {
        Some((first, last)) if !text.contains(['-', '/']) => {
            format!("{}-{}", first.trim(), last.trim()).parse()
        }
        _ => text.parse(),
    }
}

fn range6(text: &str) -> Result<(Ipv6Addr, Ipv6Addr), ()> {
    let (first, last) = text.split_once(['-', ',']).unwrap_or((text, text));
    Ok((first.trim().parse().map_err(|_| ())?, last.trim().parse().map_err(|_| ())?))
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', ';', '，', '、']).map(str::trim).filter(|p| !p.is_empty())
}

/// Reads one network and keeps what is wrong.
struct Reader<'a> {
    tag: Tag,
    text: &'a NetText,
    faults: &'a mut Vec<PlanFault>,
}

impl Reader<'_> {
    /// A part that is not empty; `fault` says why it cannot be read.
    fn part<T, E>(
        &mut self,
        part: &str,
        text: &str,
        read: impl Fn(&str) -> Result<T, E>,
        fault: impl Fn(&str, E) -> PlanFault,
    ) -> Option<T> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                let field = format!("{}.{part}", self.tag);
                self.faults.push(PlanFault { field, ..fault(text, why) });
                None
            }
        }
    }

    fn range(&mut self, part: &str, text: &str) -> Option<AddressRange> {
        self.part(part, text, range, |_, why| net_fault(&why))
    }

    fn address(&mut self, part: &str, text: &str) -> Option<Ipv4Addr> {
        self.part(part, text, str::parse, |t, _| net_fault(&NetFault::Address(t.to_owned())))
    }

    fn vlan(&mut self) -> Option<VlanId> {
        self.part("vlan", &self.text.vlan, str::parse, |_, why| value_fault("", &why))
    }

    fn mtu(&mut self) -> Option<u16> {
        let what = "not an MTU: it is a number of bytes, usually 1500 or 9000";
        self.part("mtu", &self.text.mtu, str::parse, |t, _| bad(t, what, "net-bad-mtu"))
    }

    fn net6(&mut self) -> Option<Net6> {
        let text = self.text;
        let what = "not an IPv6 network: write a prefix and its length, as in fd00:7::/64";
        let cidr =
            self.part("cidr6", &text.cidr6, str::parse::<Ipv6Net>, |t, _| bad(t, what, "net-bad-cidr6"));
        let what = "not a range of IPv6 addresses: write fd00:7::10-fd00:7::ff";
        let range = self.part("range6", &text.range6, range6, |t, ()| bad(t, what, "net-bad-range6"));
        let what = "not an IPv6 address, as in fd00:7::1";
        let gateway = self.part("gateway6", &text.gateway6, str::parse::<Ipv6Addr>, |t, _| {
            bad(t, what, "net-bad-address6")
        });
        if text.cidr6.trim().is_empty() && (range.is_some() || gateway.is_some()) {
            let text = "the IPv6 network is missing, as in fd00:7::/64";
            self.faults.push(PlanFault::of(self.tag, "cidr6", "net-cidr6-missing", text));
        }
        cidr.map(|cidr| Net6 { cidr, range, gateway })
    }

    fn net(&mut self) -> Option<Net> {
        let (tag, text) = (self.tag, self.text);
        let net = self.part("cidr", &text.cidr, cidr, |t, ()| net_fault(&NetFault::Network(t.to_owned())));
        let nodes = self.range("range", &text.range);
        let gateway = self.address("gateway", &text.gateway);
        let floating = self.range("floating", &text.floating);
        let mut vip = Vec::new();
        for address in list(&text.vip) {
            vip.extend(self.address("vip", address));
        }
        let (vlan, mtu, v6) = (self.vlan(), self.mtu(), self.net6());
        if text.cidr.trim().is_empty() {
            let sentence = format!("{tag} needs a network (CIDR) and a range of addresses for nodes");
            self.faults.push(PlanFault::of(tag, "cidr", "net-cidr-missing", sentence).arg("tag", tag));
        }
        let cidr = net?;
        // The rules see only whole networks; what is wrong with this part is said before the rest is typed.
        if nodes.is_none() {
            self.faults.extend(network_fault(tag, cidr));
        }
        if text.range.trim().is_empty() {
            let example = example(cidr);
            let sentence = format!("say from which addresses nodes get theirs, as in {example}");
            self.faults
                .push(PlanFault::of(tag, "range", "net-range-missing", sentence).arg("example", example));
        }
        Some(Net { cidr, range: nodes?, gateway, floating, vip, vlan, mtu, v6 })
    }

    fn wire(&mut self) -> Wire {
        let t = self.text;
        let addresses =
            [&t.cidr, &t.range, &t.gateway, &t.floating, &t.vip, &t.cidr6, &t.range6, &t.gateway6];
        if addresses.into_iter().any(|a| !a.trim().is_empty()) {
            self.faults.push(no_addresses(self.tag));
        }
        Wire { vlan: self.vlan(), mtu: self.mtu() }
    }
}

/// A range that nodes of a network could have.
fn example(cidr: Ipv4Net) -> String {
    let (first, last) = (u32::from(cidr.network()), u32::from(cidr.broadcast()));
    let end = first.saturating_add(99).min(last.saturating_sub(1)).max(first);
    format!("{}-{}", Ipv4Addr::from(first.saturating_add(1).min(last)), Ipv4Addr::from(end))
}

impl PlanText {
    /// The text of a tag's network, if there is one.
    pub fn net(&self, tag: Tag) -> Option<&NetText> {
        match tag {
            Tag::Public => self.public.as_ref(),
            Tag::Cluster => self.cluster.as_ref(),
            Tag::BrMirror => self.br_mirror.as_ref(),
            Tag::BrVlan => self.br_vlan.as_ref(),
        }
    }

    /// The same, to be changed.
    pub fn net_mut(&mut self, tag: Tag) -> &mut Option<NetText> {
        match tag {
            Tag::Public => &mut self.public,
            Tag::Cluster => &mut self.cluster,
            Tag::BrMirror => &mut self.br_mirror,
            Tag::BrVlan => &mut self.br_vlan,
        }
    }

    /// The plan that the text describes, and what of it cannot be read. What the text does not hold (addresses given before, what was
    /// confirmed, the revision) comes from `base`.
    pub fn read(&self, nodes: &[(NodeId, &str)], base: &NetworkPlan) -> (NetworkPlan, Vec<PlanFault>) {
        let mut plan = NetworkPlan {
            given: base.given.clone(),
            confirmed: base.confirmed.clone(),
            revision: base.revision,
            ..NetworkPlan::default()
        };
        let mut faults = Vec::new();
        for tag in Tag::ALL {
            let Some(text) = self.net(tag) else { continue };
            let mut reader = Reader { tag, text, faults: &mut faults };
            let pattern =
                reader.part("nic", &text.nic, str::parse::<NicPattern>, |_, why| value_fault("", &why));
            plan.patterns.extend(pattern.map(|p| (tag, p)));
            if tag.has_addresses() {
                let net = reader.net();
                plan.nets.extend(net.map(|n| (tag, n)));
            } else {
                let wire = reader.wire();
                plan.wires.insert(tag, wire);
            }
            if !text.vlans.trim().is_empty() {
                match text.vlans.parse() {
                    Ok(vlans) if tag == Tag::BrVlan => plan.vlans = vlans,
                    Ok(_) => {
                        let sentence = format!("{tag} has no tenants' VLANs: br-vlan has them");
                        faults.push(PlanFault::new("vlans", "net-vlans-other", sentence).arg("tag", tag));
                    }
                    Err(why) => faults.push(value_fault("vlans", &why)),
                }
            }
        }
        for name in list(&self.names) {
            if let Ok(address) = name.parse::<IpAddr>() {
                plan.names.push(address);
            } else {
                let sentence = format!("'{name}' is not the address of a DNS server, as in 192.168.7.53");
                faults.push(PlanFault::new("names", "net-bad-name", sentence).arg("value", name));
            }
        }
        self.read_nodes(nodes, &mut plan, &mut faults);
        (plan, faults)
    }

    /// The plan that the text describes, and what it comes to for the nodes, with everything that is wrong: what cannot be read first, and of
    /// a network that cannot be read nothing else.
    pub fn work_out(&self, nodes: &[NodeFacts<'_>], base: &NetworkPlan) -> (NetworkPlan, Resolved) {
        let names: Vec<(NodeId, &str)> = nodes.iter().map(|n| (n.id, n.name)).collect();
        let (plan, mut faults) = self.read(&names, base);
        let mut resolved = resolve(&plan, nodes);
        let unread = |tag: Tag| self.net(tag).is_some() && !plan.uses(tag);
        let said: BTreeSet<(String, Option<NodeId>)> =
            faults.iter().map(|f| (f.field.clone(), f.node)).collect();
        resolved.faults.retain(|f| {
            !f.tag().is_some_and(unread)
                && !said.contains(&(f.field.clone(), f.node))
                && !said.contains(&(f.field.clone(), None))
        });
        faults.append(&mut resolved.faults);
        resolved.faults = faults;
        (plan, resolved)
    }

    fn read_nodes(&self, nodes: &[(NodeId, &str)], plan: &mut NetworkPlan, faults: &mut Vec<PlanFault>) {
        for (name, ports) in &self.nodes {
            let Some((id, _)) = nodes.iter().find(|(_, n)| n == name) else {
                let sentence =
                    format!("there is no node {name} in this environment: correct its name, or take it out");
                faults.push(PlanFault::new("nodes", "net-no-node", sentence).arg("node", name));
                continue;
            };
            for (word, port) in ports {
                let Ok(tag) = word.parse::<Tag>() else {
                    let sentence = format!(
                        "'{word}' at node {name} is not a network; the networks are public, cluster, br-mirror and br-vlan"
                    );
                    faults.push(
                        PlanFault::new("nodes", "net-no-tag", sentence).on(*id, None).arg("value", word),
                    );
                    continue;
                };
                if port.none {
                    plan.without.entry(*id).or_default().insert(tag);
                }
                if !port.nic.trim().is_empty() {
                    match port.nic.parse::<NicName>() {
                        Ok(nic) => drop(plan.nics.entry(*id).or_default().insert(tag, nic)),
                        Err(why) => faults.push(value_fault(&format!("{tag}.nic"), &why).on(*id, None)),
                    }
                }
                if !port.address.trim().is_empty() {
                    if let Ok(address) = port.address.trim().parse::<Ipv4Addr>() {
                        plan.addresses.entry(*id).or_default().insert(tag, address);
                    } else {
                        let fault = net_fault(&NetFault::Address(port.address.clone())).on(*id, None);
                        faults.push(PlanFault { field: format!("{tag}.address"), ..fault });
                    }
                }
            }
        }
    }

    /// A plan as text. Nodes that are not among `nodes` are left out.
    pub fn of(plan: &NetworkPlan, nodes: &[(NodeId, &str)]) -> Self {
        let mut text = Self { names: joined(&plan.names), ..Self::default() };
        for tag in Tag::ALL {
            let nic = plan.patterns.get(&tag).map(ToString::to_string).unwrap_or_default();
            if let Some(net) = plan.nets.get(&tag) {
                *text.net_mut(tag) = Some(NetText { nic, ..NetText::of(net) });
            } else if let Some(wire) = plan.wires.get(&tag) {
                let vlans = if tag == Tag::BrVlan { plan.vlans.to_string() } else { String::new() };
                let (vlan, mtu) = (shown(wire.vlan), shown(wire.mtu));
                *text.net_mut(tag) = Some(NetText { vlan, vlans, mtu, nic, ..NetText::default() });
            }
        }
        for (id, name) in nodes {
            let mut ports: BTreeMap<String, PortText> = BTreeMap::new();
            for tag in plan.without.get(id).into_iter().flatten() {
                ports.entry(tag.to_string()).or_default().none = true;
            }
            for (tag, nic) in plan.nics.get(id).into_iter().flatten() {
                ports.entry(tag.to_string()).or_default().nic = nic.to_string();
            }
            for (tag, address) in plan.addresses.get(id).into_iter().flatten() {
                ports.entry(tag.to_string()).or_default().address = address.to_string();
            }
            if !ports.is_empty() {
                text.nodes.insert((*name).to_owned(), ports);
            }
        }
        text
    }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn joined<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl NetText {
    fn of(net: &Net) -> Self {
        let v6 = net.v6.as_ref();
        Self {
            cidr: net.cidr.to_string(),
            range: net.range.to_string(),
            gateway: shown(net.gateway),
            floating: shown(net.floating),
            vip: joined(&net.vip),
            vlan: shown(net.vlan),
            vlans: String::new(),
            mtu: shown(net.mtu),
            nic: String::new(),
            cidr6: shown(v6.map(|v| v.cidr)),
            range6: v6.and_then(|v| v.range).map(|(a, b)| format!("{a}-{b}")).unwrap_or_default(),
            gateway6: shown(v6.and_then(|v| v.gateway)),
        }
    }
}
