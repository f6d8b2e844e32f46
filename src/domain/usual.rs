//! How long a step usually takes, and how long it is usually silent.
//!
//! [`StepTimes`] is what the engine keeps for each platform and step: the last runs in which the step changed something, apart
//! for small, medium and large nodes. [`StepTimes::usual`] makes a [`Usual`] of it: a middle and a range. Where a size was
//! never seen another size stands in, and where nothing was seen the weight in the role file does; the range grows with
//! what is not known, and [`Basis`] says so.
//!
//! All times are milliseconds, measured by a clock that never jumps (the caller's duty).

use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs that are remembered of each step and size.
pub const RUNS_KEPT: usize = 12;

/// Nodes of about the same speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeSize {
    /// Up to 2 processors.
    Small,
    /// Up to 8.
    Medium,
    /// More.
    Large,
}

impl NodeSize {
    /// All, from small to large.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The size of a node with that many processors; one that did not say (0) counts as medium.
    pub fn of_cpus(cpus: u32) -> Self {
        match cpus {
            1..=2 => Self::Small,
            0 | 3..=8 => Self::Medium,
            _ => Self::Large,
        }
    }

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// One run of a step that changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// How long it took.
    pub took_ms: u64,
    /// The longest time between two outputs (or the beginning, or the end); `None` if the link was down meanwhile.
    pub silence_ms: Option<u64>,
}

/// The last runs on nodes of one size, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runs {
    /// How long each took; [`RUNS_KEPT`] at most.
    pub took: Vec<u64>,
    /// The longest silence of each; [`RUNS_KEPT`] at most.
    pub silence: Vec<u64>,
}

/// What is known of a step on a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTimes {
    /// A mean over all sizes, newer runs counting more. Records of earlier releases have nothing else.
    pub ms: u64,
    /// Runs in all.
    pub runs: u32,
    /// The last runs, by size.
    #[serde(default)]
    pub sizes: BTreeMap<NodeSize, Runs>,
}

/// What a usual time rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Runs on nodes of the same size.
    Learned,
    /// Runs on nodes of another size.
    OtherSize,
    /// The weight that the role file gives the step.
    Guess,
}

/// How long a step usually takes: nine runs of ten lie between `low` and `high`, as far as one can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// At least 1, at most `mid`.
    pub low: u64,
    /// The middle: half of the runs are shorter.
    pub mid: u64,
    /// At least `mid`.
    pub high: u64,
    /// The usual longest silence, if one was seen.
    pub silence: Option<u64>,
    /// What it rests on.
    pub basis: Basis,
}

/// The value below which `share` permille of `sorted` lie.
fn quantile(sorted: &[u64], share: usize) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last * share + 500) / 1000).copied()
}

fn keep(list: &mut Vec<u64>, value: u64) {
    list.push(value);
    let extra = list.len().saturating_sub(RUNS_KEPT);
    list.drain(..extra);
}

impl Runs {
    /// Low, middle and high, wider the fewer runs there were.
    fn range(&self) -> Option<(u64, u64, u64)> {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        let mid = quantile(&sorted, 500)?;
        let (low, high) = (quantile(&sorted, 100)?, quantile(&sorted, 900)?);
        // One run: half to double of it. Twelve: hardly more than what was seen.
        let n = sorted.len() as u64;
        let slack = mid / (n + 1);
        Some((low.saturating_sub(slack), mid, high.saturating_add(slack.saturating_mul(2))))
    }

    fn usual_silence(&self) -> Option<u64> {
        let mut sorted = self.silence.clone();
        sorted.sort_unstable();
        quantile(&sorted, 500)
    }
}

impl StepTimes {
    /// What is known after one more run.
    #[must_use]
    pub fn with(&self, size: NodeSize, run: Observed) -> Self {
        let took = run.took_ms.max(1);
        let mut after = self.clone();
        after.ms = if self.runs == 0 { took } else { (self.ms.saturating_mul(2).saturating_add(took)) / 3 };
        after.runs = self.runs.saturating_add(1);
        let runs = after.sizes.entry(size).or_default();
        keep(&mut runs.took, took);
        if let Some(silence) = run.silence_ms {
            keep(&mut runs.silence, silence);
        }
        after
    }

    /// How long the step usually takes on a node of that size. `None`: nothing was learned yet.
    pub fn usual(&self, size: NodeSize) -> Option<Usual> {
        let mine = self.sizes.get(&size);
        if let Some((low, mid, high)) = mine.and_then(Runs::range) {
            let silence = mine.and_then(Runs::usual_silence).or_else(|| self.silence_elsewhere(size));
            return Some(Usual::within(low, mid, high, silence, Basis::Learned));
        }
        let nearest = self.by_nearness(size).find_map(Runs::range);
        let (low, mid, high) = match nearest {
            Some(range) => range,
            None if self.runs > 0 => (self.ms, self.ms, self.ms),
            None => return None,
        };
        let silence = self.silence_elsewhere(size);
        Some(Usual::within(low / 2, mid, high.saturating_mul(2), silence, Basis::OtherSize))
    }

    fn silence_elsewhere(&self, size: NodeSize) -> Option<u64> {
        self.by_nearness(size).find_map(Runs::usual_silence)
    }

    /// Runs of the other sizes, the nearest first.
    fn by_nearness(&self, size: NodeSize) -> impl Iterator<Item = &Runs> {
        let order = match size {
            NodeSize::Small => [NodeSize::Medium, NodeSize::Large],
            NodeSize::Medium => [NodeSize::Small, NodeSize::Large],
            NodeSize::Large => [NodeSize::Medium, NodeSize::Small],
        };
        order.into_iter().filter_map(|s| self.sizes.get(&s))
    }
}

impl Usual {
    /// In order, and never 0.
    fn within(low: u64, mid: u64, high: u64, silence: Option<u64>, basis: Basis) -> Self {
        let mid = mid.max(1);
        Self { low: low.clamp(1, mid), mid, high: high.max(mid), silence, basis }
    }

    /// What the weight of a role file (seconds) lets one guess: a quarter of it to three times as much.
    pub fn guess(weight: u32) -> Self {
        let mid = u64::from(weight.max(1)) * 1000;
        Self::within(mid / 4, mid, mid * 3, None, Basis::Guess)
    }

    /// Whether nobody has ever measured it.
    pub fn is_guess(&self) -> bool {
        self.basis == Basis::Guess
    }
}

/// A silence worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// How long there was no output.
    pub quiet_ms: u64,
    /// How long the step usually is silent at most, if that is known.
    pub usual_ms: Option<u64>,
    /// Much longer than ever seen: time to look what it does.
    pub odd: bool,
}

/// Shortest silence that is told.
const QUIET_MIN_MS: u64 = 20_000;

/// Whether to say that a running step has been silent for `quiet_ms`: when it is longer than the step usually is (by half), or,
/// when that was never seen, than a quarter of what the whole step usually takes.
pub fn silence(usual: &Usual, quiet_ms: u64) -> Option<Silence> {
    let due = match usual.silence {
        Some(longest) => longest.saturating_add(longest / 2),
        None => usual.mid / 4,
    };
    let odd_after = usual.silence.map_or(usual.high, |longest| longest.saturating_mul(4));
    (quiet_ms >= due.max(QUIET_MIN_MS)).then_some(Silence {
        quiet_ms,
        usual_ms: usual.silence,
        odd: quiet_ms > odd_after.max(4 * QUIET_MIN_MS),
    })
}

/// When a running attempt is ended, unless somebody gives it more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Seconds that it was given in all.
    pub seconds: u32,
    /// Those of them that an operator added.
    pub extended: u32,
    /// When they are over, by the engine's clock.
    pub ends: Moment,
}

impl Ceiling {
    /// Milliseconds left, when it is time to warn: in the last tenth, and in the last minute of any.
    pub fn warning(&self, now: Moment) -> Option<u64> {
        let left = self.ends.since(now);
        let tenth = u64::from(self.seconds) * 100;
        (left <= tenth.max(60_000)).then_some(left)
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

    fn learned(size: NodeSize, times: &[u64]) -> StepTimes {
        times.iter().fold(StepTimes::default(), |known, ms| {
            known.with(size, Observed { took_ms: *ms, silence_ms: Some(ms / 10) })
        })
    }

    #[test]
    fn an_old_record_is_read_and_stands_in_for_every_size() {
        let old: StepTimes = serde_json::from_str(r#"{"ms":9000,"runs":4}"#).unwrap();
        let usual = old.usual(NodeSize::Small).unwrap();
        assert_eq!((usual.low, usual.mid, usual.high), (4500, 9000, 18_000));
        assert_eq!(usual.basis, Basis::OtherSize);
        let newer = old.with(NodeSize::Small, Observed { took_ms: 3000, silence_ms: None });
        assert_eq!((newer.ms, newer.runs), (7000, 5));
        assert_eq!(newer.usual(NodeSize::Small).unwrap().mid, 3000);
    }

    #[test]
    fn nothing_learned_is_a_guess_with_a_wide_range() {
        assert_eq!(StepTimes::default().usual(NodeSize::Large), None);
        let guess = Usual::guess(20);
        assert!(guess.is_guess() && guess.low == 5_000 && guess.mid == 20_000 && guess.high == 60_000);
        assert_eq!(Usual::guess(0).mid, 1000);
    }

    #[test]
    fn the_nearest_size_stands_in() {
        let both = learned(NodeSize::Small, &[9000])
            .with(NodeSize::Medium, Observed { took_ms: 4000, silence_ms: Some(700) });
        let large = both.usual(NodeSize::Large).unwrap();
        assert_eq!((large.mid, large.silence, large.basis), (4000, Some(700), Basis::OtherSize));
    }

    #[test]
    fn more_runs_make_the_range_narrower_and_an_outlier_does_not_move_the_middle() {
        let one = learned(NodeSize::Medium, &[10_000]).usual(NodeSize::Medium).unwrap();
        let many = learned(NodeSize::Medium, &[10_000; 12]).usual(NodeSize::Medium).unwrap();
        assert!(one.high - one.low > 3 * (many.high - many.low), "{one:?} {many:?}");
        let mut times = vec![10_000; 11];
        times.push(4_000_000);
        assert_eq!(learned(NodeSize::Medium, &times).usual(NodeSize::Medium).unwrap().mid, 10_000);
    }

    #[test]
    fn silence_is_told_when_it_is_longer_than_usual() {
        let usual = learned(NodeSize::Medium, &[500_000; 5]).usual(NodeSize::Medium).unwrap();
        assert_eq!(usual.silence, Some(50_000));
        assert_eq!(silence(&usual, 60_000), None);
        let told = silence(&usual, 252_000).unwrap();
        assert_eq!((told.quiet_ms, told.usual_ms, told.odd), (252_000, Some(50_000), true));
        // A step that is never silent is not reported after a second.
        let chatty = learned(NodeSize::Medium, &[1000; 5]).usual(NodeSize::Medium).unwrap();
        assert_eq!(silence(&chatty, 19_999), None);
        assert!(!silence(&chatty, 20_000).unwrap().odd);
        assert_eq!(silence(&Usual::guess(200), 49_999), None);
        assert_eq!(silence(&Usual::guess(200), 50_000).unwrap().usual_ms, None);
    }

    #[test]
    fn a_ceiling_warns_before_it_is_reached() {
        let ceiling = Ceiling { seconds: 3600, extended: 0, ends: Moment(10_000_000) };
        assert_eq!(ceiling.warning(Moment(9_639_999)), None);
        assert_eq!(ceiling.warning(Moment(9_640_000)), Some(360_000));
        assert_eq!(ceiling.warning(Moment(10_000_001)), Some(0));
        assert_eq!(Ceiling { seconds: 60, ..ceiling }.warning(Moment(9_940_000)), Some(60_000));
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_bounded(
            runs in prop::collection::vec((0_usize..3, any::<u64>(), any::<Option<u64>>()), 0..40),
            quiet in any::<u64>(),
        ) {
            let mut known = StepTimes::default();
            for (size, took_ms, silence_ms) in &runs {
                known = known.with(NodeSize::ALL[*size], Observed { took_ms: *took_ms, silence_ms: *silence_ms });
            }
            for size in NodeSize::ALL {
                let usual = known.usual(size);
                prop_assert_eq!(usual.is_none(), runs.is_empty());
                let usual = usual.unwrap_or_else(|| Usual::guess(7));
                prop_assert!(1 <= usual.low && usual.low <= usual.mid && usual.mid <= usual.high);
                let _ = silence(&usual, quiet);
                prop_assert!(known.sizes.values().all(|r| r.took.len() <= RUNS_KEPT && r.silence.len() <= RUNS_KEPT));
            }
        }

        #[test]
        fn silence_once_told_stays_told(longest in any::<Option<u64>>(), quiet in 0_u64..10_000_000, more in 0_u64..10_000_000) {
            let usual = Usual { silence: longest.map(|l| l % 10_000_000), ..Usual::guess(60) };
            if silence(&usual, quiet).is_some() {
                prop_assert!(silence(&usual, quiet + more).is_some());
            }
        }
    }
}
