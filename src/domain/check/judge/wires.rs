//! Who heard whose frames.

use crate::domain::check::probe::{Mark, ProbeResult, TaskKind};
use crate::domain::check::report::{Observed, Place};
use crate::domain::ids::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// What the layer-2 probe saw.
pub(super) struct Wires<'a> {
    /// NICs that sent and listened, with whether something is at the other end of the cable.
    pub(super) carrier: BTreeMap<Place, bool>,
    /// (from, at): with which marks.
    heard: BTreeMap<(Place, Place), &'a [Mark]>,
    /// Which NICs hear each other untagged, either way.
    untagged: BTreeMap<Place, usize>,
    /// The same with any mark.
    any: BTreeMap<Place, usize>,
}

impl<'a> Wires<'a> {
    pub(super) fn new(observed: &'a Observed) -> Self {
        let mut it = Self {
            carrier: BTreeMap::new(),
            heard: BTreeMap::new(),
            untagged: BTreeMap::new(),
            any: BTreeMap::new(),
        };
        for id in observed.nodes.keys() {
            it.node(observed, *id);
        }
        let edges = |wanted: &dyn Fn(&Mark) -> bool| -> Vec<(Place, Place)> {
            let fitting = it.heard.iter().filter(|(_, marks)| marks.iter().any(wanted));
            fitting.map(|(pair, _)| pair.clone()).collect()
        };
        let (untagged, any) = (edges(&|m| m.vlan.is_none()), edges(&|_| true));
        let places: Vec<&Place> = it.carrier.keys().collect();
        (it.untagged, it.any) = (groups(&places, &untagged), groups(&places, &any));
        it
    }

    fn node(&mut self, observed: &'a Observed, id: NodeId) {
        let place = |nic: &str| Place { node: id, nic: nic.to_owned() };
        let mut frames = false;
        for result in observed.results(id) {
            match result {
                ProbeResult::Nic { nic, carrier, .. } => {
                    self.carrier.insert(place(nic), *carrier);
                }
                ProbeResult::Heard { nic, from, from_nic, marks } => {
                    frames = true;
                    let from = Place { node: *from, nic: from_nic.clone() };
                    self.heard.insert((from, place(nic)), marks);
                }
                _ => {}
            }
        }
        // Where the question could not be asked, silence means nothing.
        for result in observed.results(id) {
            if let ProbeResult::NotChecked { task: TaskKind::Frames, nic, .. } = result {
                match nic {
                    Some(nic) => drop(self.carrier.remove(&place(nic))),
                    None if frames => {}
                    None => self.carrier.retain(|p, _| p.node != id),
                }
            }
        }
    }

    /// Whether `at` heard frames of `from` that were sent and arrived as `wanted`.
    pub(super) fn hears(&self, from: &Place, at: &Place, wanted: impl Fn(&Mark) -> bool) -> bool {
        self.heard.get(&(from.clone(), at.clone())).is_some_and(|marks| marks.iter().any(wanted))
    }

    /// The segment a NIC is on; with `any`, VLANs count as well. `None`: it did not take part.
    pub(super) fn segment(&self, place: &Place, any: bool) -> Option<usize> {
        if any { &self.any } else { &self.untagged }.get(place).copied()
    }

    /// All NICs of a segment.
    pub(super) fn on(&self, segment: usize, any: bool) -> impl Iterator<Item = &Place> {
        let of = if any { &self.any } else { &self.untagged };
        of.iter().filter(move |(_, s)| **s == segment).map(|(p, _)| p)
    }

    /// Segments with their NICs.
    pub(super) fn segments(&self) -> BTreeMap<usize, BTreeSet<&Place>> {
        let mut out: BTreeMap<usize, BTreeSet<&Place>> = BTreeMap::new();
        for (place, segment) in &self.untagged {
            out.entry(*segment).or_default().insert(place);
        }
        out
    }
}

/// Numbers the groups of places that are joined by edges.
fn groups(places: &[&Place], edges: &[(Place, Place)]) -> BTreeMap<Place, usize> {
    let mut out: BTreeMap<Place, usize> = places.iter().enumerate().map(|(i, p)| ((*p).clone(), i)).collect();
    let mut near: BTreeMap<&Place, Vec<&Place>> = BTreeMap::new();
    for (a, b) in edges.iter().filter(|(a, b)| out.contains_key(a) && out.contains_key(b)) {
        near.entry(a).or_default().push(b);
        near.entry(b).or_default().push(a);
    }
    let mut done: BTreeSet<&Place> = BTreeSet::new();
    for start in places {
        if !done.insert(start) {
            continue;
        }
        let number = out.get(*start).copied().unwrap_or_default();
        let mut open = vec![*start];
        while let Some(place) = open.pop() {
            out.insert(place.clone(), number);
            let next = near.get(place).into_iter().flatten();
            open.extend(next.copied().filter(|p| done.insert(p)));
        }
    }
    out
}
