//! Addresses: who has them, who reaches whom, how large a packet may be, which gateways answer.

use super::Judge;
use super::blame::{Blame, blame};
use crate::domain::check::CheckKind;
use crate::domain::check::expect::{ENet, Member};
use crate::domain::check::probe::ProbeResult;
use crate::domain::check::report::{CellState, Column, Place, Severity};
use crate::domain::ids::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// So many pairs that nobody explains are told one by one; more are a network that is cut.
const PAIRS_TOLD: usize = 4;

/// Who answers for an address.
#[derive(Default)]
struct Claim {
    nodes: BTreeSet<NodeId>,
    strangers: BTreeSet<String>,
}

/// How a gateway answers a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answers {
    Not,
    Arp,
    Ping,
}

fn place(node: NodeId, member: &Member) -> Place {
    Place { node, nic: member.nic.clone() }
}

impl Judge<'_> {
    fn is_off(&self, node: NodeId, member: &Member) -> bool {
        self.off.contains(&place(node, member))
    }

    /// Addresses that are there twice.
    pub(super) fn duplicates(&mut self) {
        if !self.asks(CheckKind::Duplicates) {
            return;
        }
        let expected = self.expected;
        for net in &expected.nets {
            let claims = self.claims(net);
            for (address, claim) in claims {
                if Some(address) == net.gateway {
                    self.gateway_claim(net, address, &claim);
                } else if net.vips.contains(&address) {
                    self.vip_claim(net, address, &claim);
                } else {
                    self.claim(net, address, &claim);
                }
            }
        }
    }

    /// Of each address that was asked for: who answered, and who has it.
    fn claims(&self, net: &ENet) -> BTreeMap<Ipv4Addr, Claim> {
        let mut claims: BTreeMap<Ipv4Addr, Claim> = BTreeMap::new();
        for (id, member) in net.members.iter().filter(|(id, m)| !self.is_off(**id, m)) {
            if let Some(address) = member.address {
                claims.entry(address).or_default().nodes.insert(*id);
            }
            for result in self.observed.results(*id) {
                let ProbeResult::Address { nic, address, macs } = result else { continue };
                if *nic != member.holder {
                    continue;
                }
                let claim = claims.entry(*address).or_default();
                for mac in macs {
                    match self.expected.owner(mac) {
                        Some(owner) => drop(claim.nodes.insert(owner)),
                        None => drop(claim.strangers.insert(mac.clone())),
                    }
                }
            }
        }
        claims
    }

    /// An address of a node.
    fn claim(&mut self, net: &ENet, address: Ipv4Addr, claim: &Claim) {
        let by_plan = net.members.iter().find(|(_, m)| m.planned == Some(address)).map(|(id, _)| *id);
        let mut first = net.members.iter().filter(|(_, m)| m.address == Some(address)).map(|(id, _)| *id);
        let first = first.next().filter(|_| first.next().is_none());
        let rightful = by_plan.or(first);
        let others: Vec<NodeId> = claim.nodes.iter().copied().filter(|n| Some(*n) != rightful).collect();
        let member_place = |node: NodeId| net.members.get(&node).map(|m| place(node, m));
        let shown = |node: NodeId| self.expected.name(node).to_owned();
        let mut drafts = Vec::new();
        match rightful {
            Some(rightful) => {
                for other in &others {
                    let mut draft = self.fault(CheckKind::Duplicates, "address-of-other").column(&net.column);
                    draft = match member_place(*other) {
                        Some(place) => draft.place(&place),
                        None => draft.node(*other),
                    };
                    if let Some(peer) = member_place(rightful) {
                        draft = draft.peer(&peer);
                    }
                    drafts.push(draft.arg("subject", address).arg("other", shown(rightful)));
                }
            }
            None => {
                if let [one, rest @ ..] = others.as_slice()
                    && !rest.is_empty()
                {
                    let mut draft = self.fault(CheckKind::Duplicates, "address-twice").column(&net.column);
                    if let (Some(last), Some(peer)) =
                        (rest.last().and_then(|n| member_place(*n)), member_place(*one))
                    {
                        draft = draft.place(&last).peer(&peer);
                    }
                    drafts
                        .push(draft.arg("subject", address).arg("nodes", self.names(others.iter().copied())));
                }
            }
        }
        if !claim.strangers.is_empty() {
            let macs = super::listed(claim.strangers.iter().cloned());
            let holder = rightful.or(others.first().copied());
            let mut draft = self.fault(CheckKind::Duplicates, "address-taken").column(&net.column);
            if let Some(place) = holder.and_then(member_place) {
                draft = draft.place(&place);
            }
            drafts.push(draft.arg("subject", address).arg("mac", macs));
        }
        if !drafts.is_empty() {
            // Whoever reaches out to this address reaches now the one, now the other.
            let set = net.members.iter().filter(|(_, m)| m.address == Some(address)).map(|(id, _)| *id);
            self.taken.extend(set.map(|id| (id, net.column.clone())));
        }
        for draft in drafts {
            self.tell(draft);
        }
    }

    /// A virtual address: a node that runs our services may have it, nobody else.
    fn vip_claim(&mut self, net: &ENet, address: Ipv4Addr, claim: &Claim) {
        if claim.strangers.is_empty() {
            return;
        }
        let macs = super::listed(claim.strangers.iter().cloned());
        let draft = self.fault(CheckKind::Duplicates, "vip-taken").column(&net.column);
        self.tell(draft.arg("subject", address).arg("mac", macs));
    }

    /// The gateway's address: one machine answers for it.
    fn gateway_claim(&mut self, net: &ENet, address: Ipv4Addr, claim: &Claim) {
        if claim.nodes.len() + claim.strangers.len() < 2 {
            return;
        }
        for node in &claim.nodes {
            let mut draft = self.fault(CheckKind::Duplicates, "address-of-gateway").column(&net.column);
            draft = match net.members.get(node) {
                Some(member) => draft.place(&place(*node, member)),
                None => draft.node(*node),
            };
            self.tell(draft.arg("subject", address));
        }
        if claim.nodes.is_empty() {
            let macs = super::listed(claim.strangers.iter().cloned());
            let draft = self.fault(CheckKind::Duplicates, "gateway-twice").column(&net.column);
            self.tell(draft.arg("subject", address).arg("mac", macs));
        }
    }

    /// Whether pairs with this member say something about the network: its own faults were told.
    fn tells(&self, net: &ENet, id: NodeId, member: &Member) -> bool {
        let unreachable = self.observed.nodes.get(&id).is_none_or(|s| s.unreachable.is_some());
        !unreachable && !self.is_off(id, member) && !self.taken.contains(&(id, net.column.clone()))
    }

    /// Who reaches whom, and with how large a packet.
    pub(super) fn pairs(&mut self) {
        let (pairs, mtu) = (self.asks(CheckKind::Pairs), self.asks(CheckKind::Mtu));
        if !pairs && !mtu {
            return;
        }
        let expected = self.expected;
        for net in &expected.nets {
            let at: BTreeMap<Ipv4Addr, NodeId> =
                net.members.iter().filter_map(|(id, m)| m.address.map(|a| (a, *id))).collect();
            let mut tried: BTreeMap<(Place, Place), bool> = BTreeMap::new();
            let mut sizes: BTreeMap<(Place, Place), (u16, u16)> = BTreeMap::new();
            let mut faults: BTreeMap<Place, String> = BTreeMap::new();
            for (id, member) in &net.members {
                if !self.tells(net, *id, member) {
                    continue;
                }
                for result in self.observed.results(*id) {
                    let ProbeResult::Echo { source, target, rtt_us, mtu_asked, mtu, fault, .. } = result
                    else {
                        continue;
                    };
                    let Some(other) = at.get(target).filter(|o| *o != id && source.is_some()) else {
                        continue;
                    };
                    let Some(there) = net.members.get(other) else { continue };
                    if *source != member.address || !self.tells(net, *other, there) {
                        continue;
                    }
                    let pair = (place(*id, member), place(*other, there));
                    if let Some(why) = fault {
                        faults.entry(pair.0.clone()).or_insert_with(|| why.clone());
                    }
                    self.note_pair(*id, net, *rtt_us);
                    if let (Some(_), Some(asked)) = (rtt_us, mtu_asked) {
                        sizes.insert(pair.clone(), (*asked, mtu.unwrap_or(0)));
                    }
                    tried.insert(pair, rtt_us.is_some());
                }
            }
            if pairs {
                self.silent(net, &tried, &faults);
            }
            if mtu {
                self.small(net, sizes);
            }
        }
    }

    fn note_pair(&mut self, id: NodeId, net: &ENet, rtt_us: Option<u32>) {
        let cell = self.cell(id, &net.column, CellState::Passed);
        let (reached, all) = cell.reached.unwrap_or_default();
        cell.reached = Some((reached + u32::from(rtt_us.is_some()), all + 1));
        cell.rtt_us = cell.rtt_us.max(rtt_us);
    }

    /// Pairs without an answer.
    fn silent(
        &mut self,
        net: &ENet,
        tried: &BTreeMap<(Place, Place), bool>,
        faults: &BTreeMap<Place, String>,
    ) {
        let Blame { places, pairs, all } = blame(tried);
        let why = |place: &Place| faults.get(place).cloned().unwrap_or_default();
        if all {
            let any = tried.keys().map(|(from, _)| from).find_map(|p| faults.get(p));
            let draft = self.fault(CheckKind::Pairs, "nobody-answers").column(&net.column);
            self.tell(draft.arg("why", any.cloned().unwrap_or_default()));
        }
        for place in places.into_keys() {
            let draft = self.fault(CheckKind::Pairs, "no-answer").place(&place).column(&net.column);
            let address = net.members.get(&place.node).and_then(|m| m.address);
            let address = address.map(|a| a.to_string()).unwrap_or_default();
            self.tell(draft.arg("address", address).arg("why", why(&place)));
        }
        for ends in undirected(pairs) {
            match ends.as_slice() {
                [one, other] => {
                    let draft = self.fault(CheckKind::Pairs, "pair-silent").place(one).peer(other);
                    self.tell(draft.column(&net.column).arg("why", why(one)));
                }
                many => {
                    let draft = self.fault(CheckKind::Pairs, "net-cut").column(&net.column);
                    self.tell(draft.arg("nics", self.list(many)));
                }
            }
        }
    }

    /// Packets that are too large for a link.
    fn small(&mut self, net: &ENet, mut sizes: BTreeMap<(Place, Place), (u16, u16)>) {
        let expected = self.expected;
        let Some(wanted) = expected.mtu(net) else { return };
        let own = |place: &Place| {
            expected.nodes.get(&place.node).and_then(|n| n.nics.get(&place.nic)).map_or(0, |n| n.mtu)
        };
        for (id, member) in &net.members {
            let at = place(*id, member);
            let (mtu, worked) = (own(&at), expected.nodes.get(id).is_some_and(|n| n.worked));
            // What the plan says is set when the node is installed.
            let to_be_set = net.mtu.is_some() && !worked;
            if mtu > 0
                && mtu < u32::from(wanted)
                && member.address.is_some()
                && !to_be_set
                && !self.is_off(*id, member)
            {
                let draft = self.fault(CheckKind::Mtu, "nic-mtu").place(&at).column(&net.column);
                self.tell(draft.arg("mtu", mtu).arg("expected", wanted));
            }
        }
        sizes.retain(|(from, at), (asked, _)| {
            let low = |p: &Place| own(p) > 0 && own(p) < u32::from(wanted);
            !low(from) && !low(at) && *asked > 0
        });
        let tried = sizes.iter().map(|(pair, (asked, passed))| (pair.clone(), passed >= asked)).collect();
        let Blame { places, pairs, all } = blame(&tried);
        let most = |fits: &dyn Fn(&Place, &Place) -> bool| {
            let passed = sizes.iter().filter(|((a, b), (asked, passed))| passed < asked && fits(a, b));
            passed.map(|(_, (_, passed))| *passed).max().filter(|m| *m > 0)
        };
        let shown = |mtu: Option<u16>| mtu.map_or_else(|| "0".to_owned(), |m| m.to_string());
        if all {
            let draft = self.fault(CheckKind::Mtu, "net-mtu").column(&net.column);
            self.tell(draft.arg("mtu", shown(most(&|_, _| true))).arg("expected", wanted));
        }
        for at in places.into_keys() {
            let mtu = shown(most(&|a, b| *a == at || *b == at));
            let draft = self.fault(CheckKind::Mtu, "link-mtu").place(&at).column(&net.column);
            self.tell(draft.arg("mtu", mtu).arg("expected", wanted));
        }
        for ends in undirected(pairs) {
            let mtu = shown(most(&|a, b| ends.contains(a) && ends.contains(b)));
            let mut draft = self.fault(CheckKind::Mtu, "pair-mtu").column(&net.column);
            if let [one, other] = ends.as_slice() {
                draft = draft.place(one).peer(other);
            }
            self.tell(draft.arg("mtu", mtu).arg("expected", wanted).arg("nics", self.list(&ends)));
        }
    }

    /// Gateways that do not answer.
    pub(super) fn gateways(&mut self) {
        if !self.asks(CheckKind::Gateway) {
            return;
        }
        let expected = self.expected;
        for net in &expected.nets {
            let Some(gateway) = net.gateway else { continue };
            let mut asked: BTreeMap<Place, Answers> = BTreeMap::new();
            for (id, member) in net.members.iter().filter(|(id, m)| self.tells(net, **id, m)) {
                if let Some(answers) = self.answers(*id, gateway, &member.holder, member.address) {
                    asked.insert(place(*id, member), answers);
                }
            }
            let by_arp = net.members.values().all(|m| m.address.is_none());
            self.gateway(Some(&net.column), gateway, &asked, by_arp);
        }
        let mut routes: BTreeMap<Ipv4Addr, BTreeMap<Place, Answers>> = BTreeMap::new();
        for (id, node) in &expected.nodes {
            let Some((gateway, nic)) = &node.gateway else { continue };
            let here = Place { node: *id, nic: nic.clone() };
            if self.off.contains(&here) {
                self.cut.insert(*id);
            } else if !expected.nets.iter().any(|n| n.gateway == Some(*gateway))
                && let Some(answers) = self.answers(*id, *gateway, nic, None)
            {
                routes.entry(*gateway).or_default().insert(here, answers);
            }
        }
        for (gateway, asked) in routes {
            let column = expected
                .nets
                .iter()
                .find(|n| asked.keys().all(|p| n.members.get(&p.node).is_some_and(|m| m.holder == p.nic)));
            self.gateway(column.map(|n| &n.column), gateway, &asked, false);
        }
    }

    /// How a gateway answered a node on a NIC; `None`: the node was not asked.
    fn answers(&self, id: NodeId, gateway: Ipv4Addr, nic: &str, source: Option<Ipv4Addr>) -> Option<Answers> {
        let mut best = None;
        for result in self.observed.results(id) {
            let found = match result {
                ProbeResult::Echo { nic: Some(n), source: s, target, rtt_us, .. }
                    if *target == gateway && n == nic && *s == source =>
                {
                    if rtt_us.is_some() {
                        Answers::Ping
                    } else {
                        Answers::Not
                    }
                }
                ProbeResult::Address { nic: n, address, macs } if *address == gateway && n == nic => {
                    if macs.is_empty() { Answers::Not } else { Answers::Arp }
                }
                _ => continue,
            };
            best = best.max(Some(found));
        }
        best
    }

    /// Judges a gateway by what it answered to whom. `by_arp`: nobody could ask it in another way.
    fn gateway(
        &mut self,
        column: Option<&Column>,
        gateway: Ipv4Addr,
        asked: &BTreeMap<Place, Answers>,
        by_arp: bool,
    ) {
        let Some(best) = asked.values().max().copied() else { return };
        let worse: Vec<&Place> = asked.iter().filter(|(_, a)| **a < best).map(|(p, _)| p).collect();
        let on = |draft: super::Draft| column.iter().fold(draft, |d, c| d.column(c)).arg("subject", gateway);
        let routed = |judge: &Self, node: NodeId| {
            let route = judge.expected.nodes.get(&node).and_then(|n| n.gateway.as_ref());
            route.is_some_and(|(g, _)| *g == gateway)
        };
        match best {
            Answers::Not => {
                let draft = on(self.fault(CheckKind::Gateway, "gateway-silent"));
                let nics = self.list(asked.keys());
                self.tell(draft.arg("nics", nics));
                let all: Vec<NodeId> = asked.keys().map(|p| p.node).filter(|n| routed(self, *n)).collect();
                self.cut.extend(all);
            }
            Answers::Arp if !by_arp => {
                // It is there; that it does not answer an echo may be meant so.
                let draft = self.draft(Severity::Warning, CheckKind::Gateway, "gateway-no-echo");
                self.tell(on(draft));
            }
            _ => {}
        }
        if best == Answers::Not {
            return;
        }
        for place in worse {
            // A node that has no address there yet can only ask by ARP.
            let arp = asked.get(place) == Some(&Answers::Arp);
            let has_address = |n: &ENet| n.members.get(&place.node).is_some_and(|m| m.address.is_some());
            let net = self.expected.nets.iter().find(|n| Some(&n.column) == column);
            if arp && !net.is_some_and(has_address) {
                continue;
            }
            let draft = on(self.fault(CheckKind::Gateway, "gateway-unreached")).place(place);
            self.tell(draft);
            if routed(self, place.node) {
                self.cut.insert(place.node);
            }
        }
    }
}

/// Pairs without their direction; when there are too many of them, all their ends together.
fn undirected(pairs: BTreeSet<(Place, Place)>) -> Vec<Vec<Place>> {
    let ends: BTreeSet<BTreeSet<Place>> = pairs.into_iter().map(|(a, b)| BTreeSet::from([a, b])).collect();
    if ends.len() > PAIRS_TOLD {
        let all: BTreeSet<Place> = ends.into_iter().flatten().collect();
        return vec![all.into_iter().collect()];
    }
    ends.into_iter().map(|pair| pair.into_iter().collect()).collect()
}
