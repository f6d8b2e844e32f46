//! How long to wait before a batch is sent again.

use std::time::Duration;

/// Doubling pauses with jitter: several engines that a Loki shook off at the same moment do not come back at the same moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The first pause, at most.
    pub const FIRST: Duration = Duration::from_millis(500);
    /// The longest pause.
    pub const LONGEST: Duration = Duration::from_mins(5);

    /// The pause after one more failure: between half and all of the doubled one. `dice` is any number.
    pub fn next(&mut self, dice: u64) -> Duration {
        let whole = Self::FIRST.saturating_mul(1 << self.tries.min(16)).min(Self::LONGEST);
        self.tries = self.tries.saturating_add(1);
        let half = whole / 2;
        let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
        half + Duration::from_millis(dice % (millis + 1))
    }

    /// Failures in a row.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// It worked.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_their_bounds_and_begin_anew() {
        for dice in [0, 1, 77, u64::MAX] {
            let mut backoff = Backoff::default();
            let mut whole = Backoff::FIRST;
            for turn in 1..=40 {
                let pause = backoff.next(dice);
                assert!(pause >= whole / 2 && pause <= whole, "{turn}: {pause:?} of {whole:?}");
                assert_eq!(backoff.tries(), turn);
                whole = (whole * 2).min(Backoff::LONGEST);
            }
            backoff.reset();
            assert!(backoff.next(dice) <= Backoff::FIRST);
        }
    }
}
