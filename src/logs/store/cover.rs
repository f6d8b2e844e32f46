//! Which bytes of a file are kept: stretches in order, that never touch.
//!
//! A file is followed at its end and filled up at its beginning at the same time; what is kept is the union of both, and a
//! stretch that is kept already is never taken again.

use serde::{Deserialize, Serialize};

/// Stretches `from..to` of a file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cover(Vec<(u64, u64)>);

impl Cover {
    /// Whether any byte of `from..to` is kept.
    pub fn overlaps(&self, from: u64, to: u64) -> bool {
        from < to && self.0.iter().any(|(a, b)| from < *b && *a < to)
    }

    /// Keeps `from..to`.
    pub fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let at = self.0.partition_point(|(_, b)| *b < from);
        let (mut low, mut high) = (from, to);
        let mut last = at;
        while let Some((a, b)) = self.0.get(last).filter(|(a, _)| *a <= to) {
            low = low.min(*a);
            high = high.max(*b);
            last += 1;
        }
        self.0.splice(at..last, [(low, high)]);
    }

    /// The first stretch that is missing at or after `from`, up to where something is kept or, behind the last, `None`.
    pub fn gap(&self, from: u64) -> (u64, Option<u64>) {
        let mut start = from;
        for (a, b) in &self.0 {
            if start < *a {
                return (start, Some(*a));
            }
            start = start.max(*b);
        }
        (start, None)
    }

    /// Where the last stretch ends: from there a file is followed.
    pub fn end(&self) -> Option<u64> {
        self.0.last().map(|(_, b)| *b)
    }

    /// Where the first stretch begins.
    pub fn begin(&self) -> Option<u64> {
        self.0.first().map(|(a, _)| *a)
    }

    /// Bytes kept.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(a, b)| b - a).sum()
    }
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

    #[test]
    fn following_and_filling_meet() {
        let mut cover = Cover::default();
        assert_eq!(cover.gap(5), (5, None));
        cover.add(100, 200);
        cover.add(0, 50);
        assert_eq!(cover.gap(0), (50, Some(100)));
        assert_eq!(cover.end(), Some(200));
        cover.add(50, 100);
        assert_eq!(cover.0, [(0, 200)]);
        assert!(cover.overlaps(199, 300) && !cover.overlaps(200, 300));
    }

    proptest! {
        #[test]
        fn as_a_set_of_bytes(stretches in prop::collection::vec((0u64..60, 0u64..12), 0..12)) {
            let mut cover = Cover::default();
            let mut set = std::collections::BTreeSet::new();
            for (from, length) in stretches {
                let touched = (from..from + length).any(|b| set.contains(&b));
                prop_assert_eq!(cover.overlaps(from, from + length), touched);
                cover.add(from, from + length);
                set.extend(from..from + length);
            }
            prop_assert_eq!(cover.bytes(), set.len() as u64);
            prop_assert!(cover.0.windows(2).all(|w| w[0].1 < w[1].0));
            prop_assert_eq!(cover.end(), set.last().map(|b| b + 1));
            let missing = (0..=100).find(|b| !set.contains(b)).unwrap();
            prop_assert_eq!(cover.gap(0).0, missing);
        }
    }
}
