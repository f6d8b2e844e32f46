//! Who is to blame for pairs that do not reach each other.
//!
//! A place that reaches nobody, or is reached by nobody, explains all its failing pairs at once: the place with the most of
//! them is blamed first, its pairs are taken away, and so on. What is left are single pairs that nobody explains. Where most
//! places would have to be blamed, nobody is: then the network between them is at fault.

use std::collections::{BTreeMap, BTreeSet};

/// Which way fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// What it sends does not arrive.
    Out,
    /// What is sent to it does not arrive.
    In,
    /// Both.
    Both,
}

/// What explains the failing pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame<P: Ord> {
    /// Places to blame.
    pub places: BTreeMap<P, Way>,
    /// Pairs (from, to) that nobody explains.
    pub pairs: BTreeSet<(P, P)>,
    /// No pair passes.
    pub all: bool,
}

/// Explains the pairs (from, to) of `tried` that are false.
pub fn blame<P: Ord + Clone>(tried: &BTreeMap<(P, P), bool>) -> Blame<P> {
    let mut open: BTreeMap<&(P, P), bool> = tried.iter().map(|(pair, passes)| (pair, *passes)).collect();
    let everybody: BTreeSet<&P> = tried.keys().flat_map(|(a, b)| [a, b]).collect();
    let mut out = Blame { places: BTreeMap::new(), pairs: BTreeSet::new(), all: false };
    if everybody.len() > 2 && !tried.is_empty() && tried.values().all(|passes| !passes) {
        out.all = true;
        return out;
    }
    loop {
        // Of each place: failing and tried, out and in.
        let mut sums: BTreeMap<&P, [usize; 4]> = BTreeMap::new();
        for ((from, to), passes) in &open {
            let failed = usize::from(!passes);
            let s = sums.entry(from).or_default();
            (s[0], s[1]) = (s[0] + failed, s[1] + 1);
            let s = sums.entry(to).or_default();
            (s[2], s[3]) = (s[2] + failed, s[3] + 1);
        }
        let suspect = |s: &[usize; 4]| {
            let (out, into) = (s[1] > 0 && s[0] == s[1], s[3] > 0 && s[2] == s[3]);
            // With one pair only it is as well the other one.
            (s[1].max(s[3]) > 1 && (out || into)).then_some((s[0] + s[2], out, into))
        };
        let found: Vec<(&P, (usize, bool, bool))> =
            sums.iter().filter_map(|(p, s)| suspect(s).map(|found| (*p, found))).collect();
        let Some(worst) = found.iter().map(|(_, (failed, _, _))| *failed).max() else { break };
        let worst: Vec<_> = found.into_iter().filter(|(_, (failed, _, _))| *failed == worst).collect();
        if worst.len() * 2 >= sums.len() {
            break;
        }
        let Some((place, (_, out_fails, in_fails))) = worst.into_iter().next() else { break };
        let way = match (out_fails, in_fails) {
            (true, true) => Way::Both,
            (true, false) => Way::Out,
            _ => Way::In,
        };
        out.places.insert(place.clone(), way);
        let place = place.clone();
        open.retain(|(from, to), _| *from != place && *to != place);
    }
    out.pairs = open.into_iter().filter(|(_, passes)| !passes).map(|(pair, _)| pair.clone()).collect();
    out
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
    use proptest::prelude::*;

    fn matrix(n: u32, passes: impl Fn(u32, u32) -> bool) -> BTreeMap<(u32, u32), bool> {
        let pairs = (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b);
        pairs.map(|(a, b)| ((a, b), passes(a, b))).collect()
    }

    #[test]
    fn one_place_explains_all_its_pairs() {
        let found = blame(&matrix(5, |a, b| a != 3 && b != 3));
        assert_eq!(found.places, BTreeMap::from([(3, Way::Both)]));
        assert!(found.pairs.is_empty());
        let found = blame(&matrix(3, |a, _| a != 2));
        assert_eq!(found.places, BTreeMap::from([(2, Way::Out)]));
        let found = blame(&matrix(4, |_, b| b != 0));
        assert_eq!(found.places, BTreeMap::from([(0, Way::In)]));
    }

    #[test]
    fn a_pair_that_nobody_explains_stays_a_pair() {
        let found = blame(&matrix(2, |_, _| false));
        assert!(found.places.is_empty() && !found.all);
        assert_eq!(found.pairs, BTreeSet::from([(0, 1), (1, 0)]));
        let found = blame(&matrix(4, |a, b| (a, b) != (1, 2)));
        assert_eq!((found.places.len(), found.pairs), (0, BTreeSet::from([(1, 2)])));
    }

    #[test]
    fn nobody_is_blamed_for_a_network_that_passes_nothing_or_is_cut_in_halves() {
        assert!(blame(&matrix(4, |_, _| false)).all);
        let found = blame(&matrix(4, |a, b| (a < 2) == (b < 2)));
        assert!(found.places.is_empty());
        assert_eq!(found.pairs.len(), 8);
    }

    proptest! {
        #[test]
        fn less_than_half_of_broken_places_are_found_and_nobody_else(n in 3_u32..12, seed: u64) {
            let broken: BTreeSet<u32> = (0..n).filter(|p| seed >> p & 1 == 1).take((n as usize - 1) / 2).collect();
            // Two that work must be left, or nothing shows who is whole.
            prop_assume!(n as usize - broken.len() >= 2);
            let found = blame(&matrix(n, |a, b| !broken.contains(&a) && !broken.contains(&b)));
            prop_assert_eq!(found.places.keys().copied().collect::<BTreeSet<_>>(), broken);
            prop_assert!(found.pairs.is_empty());
        }
    }
}
