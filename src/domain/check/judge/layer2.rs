//! Segments and VLANs: each network's NICs belong together; the NIC that differs from most is at fault.

use super::Judge;
use super::blame::{Way, blame};
use crate::domain::check::CheckKind;
use crate::domain::check::expect::{ENet, Expected};
use crate::domain::check::probe::ProbeResult;
use crate::domain::check::report::{Column, Place, SegmentView, Severity};
use crate::domain::ids::NodeId;
use crate::domain::netplan::VlanSet;
use std::collections::{BTreeMap, BTreeSet};

/// So many NICs away from the others are no plugs in wrong holes any more, but two networks.
const APART: usize = 3;

/// VLAN ids as people write them.
pub(super) fn vlan_text(ids: &BTreeSet<u16>) -> String {
    let text = ids.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    text.parse::<VlanSet>().map_or(text, |set| set.to_string())
}

impl Judge<'_> {
    /// The NICs of a network that took part in the layer-2 probe.
    fn wired(&self, net: &ENet) -> Vec<Place> {
        let places = net.members.iter().map(|(id, m)| Place { node: *id, nic: m.nic.clone() });
        places.filter(|p| self.wires.carrier.contains_key(p) && !self.blind.contains(&p.node)).collect()
    }

    /// Which NICs are where they belong.
    pub(super) fn segments(&mut self) {
        if !self.asks(CheckKind::Segments) {
            return;
        }
        let expected = self.expected;
        for net in &expected.nets {
            let (with, without): (Vec<Place>, Vec<Place>) = self
                .wired(net)
                .into_iter()
                .partition(|p| self.wires.carrier.get(p).copied().unwrap_or_default());
            for place in without {
                let told = self.off.contains(&place);
                if !told {
                    let draft = self.fault(CheckKind::Segments, "no-carrier");
                    self.tell(draft.place(&place).column(&net.column));
                }
                self.off.insert(place);
            }
            self.together(net, &with);
        }
        self.one_way();
        self.joined();
    }

    /// Splits a network's NICs by segment; those that are not with most others are at fault.
    fn together(&mut self, net: &ENet, places: &[Place]) {
        let mut groups: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
        for place in places {
            if let Some(segment) = self.wires.segment(place, net.trunk) {
                groups.entry(segment).or_default().push(place.clone());
            }
        }
        if groups.len() < 2 {
            return;
        }
        if let Some(filtered) = self.contradicted(net, &groups) {
            let draft = self.draft(Severity::NotChecked, CheckKind::Segments, "frames-filtered");
            self.tell(draft.column(&net.column).arg("nics", filtered));
            return;
        }
        let size = |segment: &usize| self.wires.on(*segment, net.trunk).count();
        let most = groups.iter().max_by_key(|(s, g)| (g.len(), size(s))).map(|(s, g)| (*s, g.len()));
        let Some((main, count)) = most else { return };
        let tie = groups.values().filter(|g| g.len() == count).count() > 1;
        let Some(majority) = groups.remove(&main) else { return };
        let apart: Vec<Vec<Place>> = groups.into_values().collect();
        self.off.extend(apart.iter().flatten().cloned());
        if tie {
            self.off.extend(majority.iter().cloned());
            let mut draft = self.fault(CheckKind::Segments, "segment-split").column(&net.column);
            let sides = std::iter::once(&majority).chain(&apart);
            draft = draft.arg("groups", sides.map(|g| self.list(g)).collect::<Vec<_>>().join(" | "));
            if let ([one], [other]) = (apart.as_slice(), majority.as_slice())
                && let [one] = one.as_slice()
            {
                draft = draft.place(one).peer(other);
            }
            self.tell(draft);
            return;
        }
        for group in apart {
            let there = group.first().map(|p| self.company(net, p, &group)).unwrap_or_default();
            if group.len() >= APART {
                let draft = self.fault(CheckKind::Segments, "segment-apart").column(&net.column);
                self.tell(draft.arg("nics", self.list(&group)).arg("others", self.list(&majority)));
                continue;
            }
            for place in group {
                let cause = if there.is_empty() { "hears-nobody" } else { "wrong-segment" };
                let draft = self.fault(CheckKind::Segments, cause).place(&place).column(&net.column);
                self.tell(draft.arg("there", &there).arg("others", self.list(&majority)));
            }
        }
    }

    /// With whom a NIC that is not where it belongs shares its segment: `public (n1 eth1, …)`.
    fn company(&self, net: &ENet, place: &Place, group: &[Place]) -> String {
        let Some(segment) = self.wires.segment(place, net.trunk) else { return String::new() };
        let others: Vec<&Place> = self.wires.on(segment, net.trunk).filter(|p| !group.contains(p)).collect();
        let on = |net: &&ENet| {
            let is = |p: &&&Place| net.members.get(&p.node).is_some_and(|m| m.nic == p.nic);
            others.iter().filter(is).count() > 0
        };
        let nets: Vec<String> = self.expected.nets.iter().filter(on).map(|n| n.column.word()).collect();
        match (nets.is_empty(), others.is_empty()) {
            (_, true) => String::new(),
            (true, false) => self.list(others),
            (false, false) => format!("{} ({})", nets.join(", "), self.list(others)),
        }
    }

    /// NICs that are reached by IP although their frames are not heard: something filters frames of a type it does not know.
    fn contradicted(&self, net: &ENet, groups: &BTreeMap<usize, Vec<Place>>) -> Option<String> {
        let group_of =
            |node: NodeId| groups.iter().find(|(_, g)| g.iter().any(|p| p.node == node)).map(|(s, _)| *s);
        let at: BTreeMap<_, NodeId> =
            net.members.iter().filter_map(|(id, m)| m.address.map(|a| (a, *id))).collect();
        let mut found = BTreeSet::new();
        for (id, member) in &net.members {
            for result in self.observed.results(*id) {
                if let ProbeResult::Echo { source, target, rtt_us: Some(_), .. } = result
                    && source.is_some()
                    && *source == member.address
                    && let Some(other) = at.get(target)
                    && let (Some(here), Some(there)) = (group_of(*id), group_of(*other))
                    && here != there
                {
                    found.insert(*id);
                    found.insert(*other);
                }
            }
        }
        let places = groups.values().flatten().filter(|p| found.contains(&p.node));
        (!found.is_empty()).then(|| self.list(places))
    }

    /// NICs whose frames go only one way.
    fn one_way(&mut self) {
        let expected = self.expected;
        for net in expected.nets.iter().filter(|n| !n.trunk) {
            let places: Vec<Place> = self.wired(net).into_iter().filter(|p| !self.off.contains(p)).collect();
            let tried = pairs(&places, |from, at| self.wires.hears(from, at, |m| m.vlan.is_none()));
            // Somebody hears somebody, or this is no segment at all and has been told.
            if tried.values().all(|passes| !passes) {
                continue;
            }
            for (place, way) in blame(&tried).places {
                let cause = if way == Way::In { "hears-nothing" } else { "is-not-heard" };
                let draft = self.fault(CheckKind::Segments, cause).place(&place).column(&net.column);
                self.tell(draft);
                self.off.insert(place);
            }
        }
    }

    /// Networks that the plan puts on different VLANs, and that are one segment.
    fn joined(&mut self) {
        let expected = self.expected;
        for (i, a) in expected.nets.iter().enumerate() {
            for b in expected.nets.iter().skip(i + 1) {
                let (Some(va), Some(vb)) = (a.vlan, b.vlan) else { continue };
                let main = |net: &ENet| {
                    let mut places = self.wired(net).into_iter().filter(|p| !self.off.contains(p));
                    places.find_map(|p| self.wires.segment(&p, false))
                };
                if va != vb && main(a).is_some() && main(a) == main(b) {
                    let draft = self.fault(CheckKind::Segments, "networks-joined").column(&a.column);
                    self.tell(draft.arg("subject", b.column.word()).arg("vlans", format!("{va}, {vb}")));
                }
            }
        }
    }

    /// Which VLANs pass between the NICs on trunks.
    pub(super) fn vlans(&mut self) {
        let expected = self.expected;
        let Some(net) = expected.nets.iter().find(|n| n.trunk) else { return };
        if !self.asks(CheckKind::Vlans) || expected.vlans.is_empty() {
            return;
        }
        let places: Vec<Place> = self.wired(net).into_iter().filter(|p| !self.off.contains(p)).collect();
        if places.len() < 2 {
            return;
        }
        let mut at_places: BTreeMap<(Place, Way, bool), BTreeSet<u16>> = BTreeMap::new();
        let mut at_pairs: BTreeMap<BTreeSet<Place>, BTreeSet<u16>> = BTreeMap::new();
        let mut nowhere: BTreeSet<u16> = BTreeSet::new();
        for vlan in &expected.vlans {
            let tagged =
                |from: &Place, at: &Place| self.wires.hears(from, at, |m| m.vlan == Some(*vlan) && m.tagged);
            let bare = |place: &Place| {
                let strips =
                    |other: &Place| self.wires.hears(other, place, |m| m.vlan == Some(*vlan) && !m.tagged);
                places.iter().any(strips)
            };
            let tried = pairs(&places, tagged);
            let found = blame(&tried);
            if tried.values().all(|passes| *passes) {
                self.vlans_passing.insert(*vlan);
            } else if found.all {
                nowhere.insert(*vlan);
            }
            for (place, way) in found.places {
                let untagged = bare(&place);
                at_places.entry((place, way, untagged)).or_default().insert(*vlan);
            }
            if !found.all && !found.pairs.is_empty() {
                let ends = found.pairs.into_iter().flat_map(|(a, b)| [a, b]).collect();
                at_pairs.entry(ends).or_default().insert(*vlan);
            }
        }
        for ((place, way, untagged), vlans) in at_places {
            let all = vlans.len() == expected.vlans.len();
            let cause = match (untagged, all, way) {
                (true, _, _) => "vlan-untagged",
                (false, true, Way::Both) => "vlan-none",
                (false, _, Way::Both) => "vlan-missing",
                (false, _, Way::Out) => "vlan-not-sent",
                (false, _, Way::In) => "vlan-not-received",
            };
            let draft = self.fault(CheckKind::Vlans, cause).place(&place).column(&net.column);
            self.tell(draft.arg("subject", vlan_text(&vlans)));
        }
        for (ends, vlans) in at_pairs {
            let ends: Vec<Place> = ends.into_iter().collect();
            let mut draft = self.fault(CheckKind::Vlans, "vlan-between").column(&net.column);
            if let [one, other] = ends.as_slice() {
                draft = draft.place(one).peer(other);
            }
            self.tell(draft.arg("subject", vlan_text(&vlans)).arg("nics", self.list(&ends)));
        }
        if !nowhere.is_empty() {
            let draft = self.fault(CheckKind::Vlans, "vlan-nowhere").column(&net.column);
            self.tell(draft.arg("subject", vlan_text(&nowhere)).arg("nics", self.list(&places)));
        }
        if expected.vlans_left > 0 {
            let draft = self.draft(Severity::NotChecked, CheckKind::Vlans, "vlans-left").column(&net.column);
            self.tell(draft.arg("count", expected.vlans_left).arg("tried", expected.vlans.len()));
        }
    }

    /// Segments for people, the largest first; NICs that hear nobody are left out.
    pub(super) fn segment_views(&self) -> Vec<SegmentView> {
        let trunk = |expected: &Expected, place: &Place| {
            expected.nets.iter().any(|n| {
                n.column == Column::Net(crate::domain::netplan::Tag::BrVlan)
                    && n.members.get(&place.node).is_some_and(|m| m.nic == place.nic)
            })
        };
        let mut views: Vec<SegmentView> = self
            .wires
            .segments()
            .into_values()
            .filter(|places| places.len() > 1)
            .map(|places| {
                let trunks = places.iter().filter(|p| trunk(self.expected, p)).count();
                let vlans = if trunks > 1 { vlan_text(&self.vlans_passing) } else { String::new() };
                SegmentView { places: places.into_iter().cloned().collect(), vlans }
            })
            .collect();
        views.sort_by_key(|v| std::cmp::Reverse(v.places.len()));
        views
    }

    /// Whose DHCP servers do not belong there.
    pub(super) fn dhcp(&mut self) {
        if !self.asks(CheckKind::Dhcp) {
            return;
        }
        let expected = self.expected;
        for net in &expected.nets {
            // Of each server: where it was heard.
            let mut servers: BTreeMap<(std::net::Ipv4Addr, String), BTreeSet<Place>> = BTreeMap::new();
            let mut ours = false;
            for (id, member) in &net.members {
                let place = Place { node: *id, nic: member.nic.clone() };
                if self.off.contains(&place) {
                    continue;
                }
                ours |= member.ours;
                for result in self.observed.results(*id) {
                    let ProbeResult::Dhcp { nic, offers } = result else { continue };
                    for offer in offers.iter().filter(|_| *nic == member.nic) {
                        if !expected.dhcp_known.contains(&offer.server) {
                            let server = (offer.server, offer.mac.clone());
                            servers.entry(server).or_default().insert(place.clone());
                        }
                    }
                }
            }
            // Without a plan nobody said that there is to be none: only rivals are wrong.
            if !expected.planned && servers.len() < 2 {
                continue;
            }
            for ((server, mac), places) in servers {
                // What gave the nodes the addresses that we reach them at may well belong there.
                let severity = if expected.planned && !ours { Severity::Fault } else { Severity::Warning };
                let cause = if expected.planned { "dhcp-foreign" } else { "dhcp-rivals" };
                let mut draft = self.draft(severity, CheckKind::Dhcp, cause).column(&net.column);
                if places.len() == 1
                    && let Some(place) = places.first()
                {
                    draft = draft.place(place);
                }
                let host = expected.owner(&mac).map_or(String::new(), |n| expected.name(n).to_owned());
                draft = draft.arg("subject", server).arg("mac", &mac).arg("host", host);
                self.tell(draft.arg("nics", self.list(&places)));
            }
        }
    }
}

/// All pairs of places, with whether they pass. Two NICs of one node are a pair, too.
fn pairs(places: &[Place], passes: impl Fn(&Place, &Place) -> bool) -> BTreeMap<(Place, Place), bool> {
    let mut out = BTreeMap::new();
    for from in places {
        for at in places.iter().filter(|at| *at != from) {
            out.insert((from.clone(), at.clone()), passes(from, at));
        }
    }
    out
}
