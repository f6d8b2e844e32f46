//! How often cpmg lets a node refuse it before it waits, so that no account is locked out.

use super::super::said::{Said, sentence};
use super::super::time::Moment;
use super::MINUTE;
use serde::{Deserialize, Serialize};

/// How often cpmg lets a node refuse it before it waits: less than what locks an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginLimit {
    /// Refused logins, 1 to 20.
    pub attempts: u32,
    /// Within so many minutes, 1 to a day.
    pub minutes: u32,
}

/// The usual limit: `faillock` locks after three to five refusals within a quarter of an hour.
impl Default for LoginLimit {
    fn default() -> Self {
        Self { attempts: 3, minutes: 10 }
    }
}

impl LoginLimit {
    /// Largest number of attempts.
    pub const ATTEMPTS_MAX: u32 = 20;
    /// Largest window, minutes.
    pub const MINUTES_MAX: u32 = 24 * 60;

    /// Refuses what is out of bounds, with the field.
    pub fn check(self) -> Result<(), (&'static str, Said)> {
        if !(1..=Self::ATTEMPTS_MAX).contains(&self.attempts) {
            let why =
                sentence!("error-limit-attempts", "1 to {most} refused logins", most = Self::ATTEMPTS_MAX);
            return Err(("attempts", why));
        }
        if !(1..=Self::MINUTES_MAX).contains(&self.minutes) {
            let why = sentence!("error-limit-minutes", "1 to {most} minutes", most = Self::MINUTES_MAX);
            return Err(("minutes", why));
        }
        Ok(())
    }

    fn window(self) -> u64 {
        u64::from(self.minutes) * MINUTE
    }

    /// The refusals that still count.
    pub fn counting(self, refused: &[Moment], now: Moment) -> Vec<Moment> {
        let mut all: Vec<Moment> =
            refused.iter().copied().filter(|at| now.since(*at) < self.window()).collect();
        all.sort_unstable();
        all
    }

    /// Until when nothing is tried any more; `None`: it may be tried.
    pub fn held_until(self, refused: &[Moment], now: Moment) -> Option<Moment> {
        let counting = self.counting(refused, now);
        let attempts = usize::try_from(self.attempts.max(1)).unwrap_or(1);
        let over = counting.len().checked_sub(attempts)?;
        counting.get(over).map(|at| at.plus(self.window()))
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
    fn refused_logins_hold_back() {
        let limit = LoginLimit { attempts: 3, minutes: 10 };
        let at = |minutes: u64| Moment(minutes * MINUTE);
        assert_eq!(limit.held_until(&[at(1), at(2)], at(3)), None);
        assert_eq!(limit.held_until(&[at(3), at(1), at(2)], at(4)), Some(at(11)));
        assert_eq!(limit.held_until(&[at(1), at(2), at(3)], at(11)), None, "the oldest counts no more");
        assert_eq!(limit.held_until(&[at(1), at(2), at(3), at(4)], at(5)), Some(at(12)));
        assert!(LoginLimit { attempts: 0, minutes: 1 }.check().is_err());
    }

    proptest! {
        #[test]
        fn never_more_refusals_in_a_window_than_allowed(
            attempts in 1_u32..6, minutes in 1_u32..30, tries in proptest::collection::vec(0_u64..400_000, 1..60))
        {
            // A client that tries whenever it is let, and is always refused.
            let limit = LoginLimit { attempts, minutes };
            let (mut now, mut refused) = (Moment(1_000_000), Vec::new());
            for wait in tries {
                now = now.plus(wait);
                match limit.held_until(&refused, now) {
                    None => refused.push(now),
                    Some(until) => prop_assert!(until > now && until.since(now) <= u64::from(minutes) * MINUTE),
                }
            }
            for (i, first) in refused.iter().enumerate() {
                let within = refused.iter().skip(i).filter(|at| at.since(*first) < u64::from(minutes) * MINUTE);
                prop_assert!(within.count() <= attempts as usize);
            }
        }
    }
}
