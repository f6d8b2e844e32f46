//! How long whoever guesses passwords must wait.
//!
//! Wrong passwords are counted for the name that was typed, whether or not there is such a user, and for the source, the
//! account of the management host they come from: guessing one user's password is as slow as guessing one password of many
//! users. The delay doubles with each wrong one. Moments are those of a clock that only goes forward; setting the machine's
//! clock neither shortens nor lengthens a delay.

use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Wrong passwords for one name that cost no waiting.
pub const FREE_OF_NAME: u32 = 2;
/// Wrong passwords from one source that cost no waiting: several people may share an account.
pub const FREE_OF_SOURCE: u32 = 9;
/// The first delay, milliseconds.
const FIRST_MS: u64 = 1_000;
/// Longest delay for a name, milliseconds. Longer ones would let anybody lock a colleague out for good.
const NAME_MAX_MS: u64 = 300_000;
/// Longest delay for a source, milliseconds.
const SOURCE_MAX_MS: u64 = 900_000;
/// Slips are forgotten after a day without another one, milliseconds.
const FORGET_MS: u64 = 86_400_000;
/// Names, and sources, that are remembered at once.
const REMEMBERED: usize = 10_000;

/// How long to wait after `failures` wrong passwords of which `free` cost nothing, milliseconds.
fn delay_ms(failures: u32, free: u32, most: u64) -> u64 {
    match failures.checked_sub(free + 1) {
        None => 0,
        Some(n) => (FIRST_MS << n.min(20)).min(most),
    }
}

/// Wrong passwords of a name or a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slips {
    count: u32,
    last: Moment,
    /// Of a name: where the last one came from.
    from: String,
}

/// Whose slips are kept over a restart, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Of a name.
    Name(&'a str),
    /// Of a source.
    Source(&'a str),
}

impl Slips {
    fn left(&self, now: Moment, free: u32, most: u64) -> u64 {
        delay_ms(self.count, free, most).saturating_sub(now.since(self.last))
    }
}

/// All wrong passwords that count.
#[derive(Debug, Default)]
pub struct Lockout {
    names: HashMap<String, Slips>,
    sources: HashMap<String, Slips>,
}

impl Lockout {
    /// What is to be kept of a name or a source.
    pub fn kept(&self, whose: Whose<'_>) -> Option<&Slips> {
        match whose {
            Whose::Name(name) => self.names.get(name),
            Whose::Source(source) => self.sources.get(source).filter(|s| s.count > 0),
        }
    }

    /// Takes up what was kept. A moment that has not come yet, because the machine's clock was set back meanwhile, is now: the whole delay
    /// is waited for.
    pub fn take_up(&mut self, whose: Whose<'_>, mut slips: Slips, now: Moment) {
        slips.last = slips.last.min(now);
        match whose {
            Whose::Name(name) => self.names.insert(name.to_owned(), slips),
            Whose::Source(source) => self.sources.insert(source.to_owned(), slips),
        };
    }

    /// Milliseconds until the next try for `name` from `source` is looked at; 0: now.
    pub fn wait(&self, name: &str, source: &str, now: Moment) -> u64 {
        let name = self.names.get(name).map_or(0, |s| s.left(now, FREE_OF_NAME, NAME_MAX_MS));
        let source = self.sources.get(source).map_or(0, |s| s.left(now, FREE_OF_SOURCE, SOURCE_MAX_MS));
        name.max(source)
    }

    /// Milliseconds until a try for `name` is looked at, from wherever.
    pub fn locked(&self, name: &str, now: Moment) -> u64 {
        self.names.get(name).map_or(0, |s| s.left(now, FREE_OF_NAME, NAME_MAX_MS))
    }

    /// A wrong password. Tells how many there were for the name by now.
    pub fn failed(&mut self, name: &str, source: &str, now: Moment) -> u32 {
        for (slips, key) in [(&mut self.sources, source), (&mut self.names, name)] {
            make_room(slips, now);
            let slip = slips.entry(key.to_owned()).or_default();
            slip.count = slip.count.saturating_add(1);
            slip.last = now;
            source.clone_into(&mut slip.from);
        }
        self.names.get(name).map_or(1, |s| s.count)
    }

    /// A right password: the name's slips are forgotten, and the source's by as many. A guesser who has an account of his own
    /// cannot wash off by logging in what he tried on others.
    pub fn succeeded(&mut self, name: &str, source: &str) {
        let Some(gone) = self.names.remove(name) else { return };
        self.wash(source, gone.count);
    }

    /// An administrator lets `name` in again at once. Tells whether there was anything to forget.
    pub fn unlock(&mut self, name: &str) -> bool {
        let Some(gone) = self.names.remove(name) else { return false };
        self.wash(&gone.from, gone.count);
        true
    }

    fn wash(&mut self, source: &str, count: u32) {
        if let Some(slips) = self.sources.get_mut(source) {
            slips.count = slips.count.saturating_sub(count);
        }
    }
}

fn make_room(slips: &mut HashMap<String, Slips>, now: Moment) {
    if slips.len() < REMEMBERED {
        return;
    }
    slips.retain(|_, s| now.since(s.last) < FORGET_MS);
    if slips.len() < REMEMBERED {
        return;
    }
    // A flood of made-up names: those with the fewest slips go first, so that a name under attack is not washed out by it.
    let mut counts: Vec<u32> = slips.values().map(|s| s.count).collect();
    counts.sort_unstable();
    let middle = counts.get(counts.len() / 2).copied().unwrap_or(1);
    slips.retain(|_, s| s.count > middle);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_kept_counts_on_and_a_clock_that_was_set_back_shortens_nothing() {
        let mut before = Lockout::default();
        for _ in 0..8 {
            before.failed("ada", "uid 1", Moment(100_000));
        }
        let wait = before.wait("ada", "uid 1", Moment(100_000));
        for (at, left) in [(110_000, wait - 10_000), (100_000, wait), (5_000, wait), (9_000_000, 0)] {
            let mut after = Lockout::default();
            for whose in [Whose::Name("ada"), Whose::Source("uid 1")] {
                after.take_up(whose, before.kept(whose).unwrap().clone(), Moment(at));
            }
            assert_eq!(after.wait("ada", "uid 1", Moment(at)), left, "{at}");
            assert_eq!(after.failed("ada", "uid 1", Moment(at)), 9);
        }
        assert_eq!(before.kept(Whose::Name("eve")), None);
    }

    const fn at(seconds: u64) -> Moment {
        Moment(seconds * 1_000)
    }

    #[test]
    fn delay_grows_and_is_bounded() {
        let all: Vec<u64> = (0..64).map(|n| delay_ms(n, FREE_OF_NAME, NAME_MAX_MS)).collect();
        assert!(all.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!((all[2], all[3], all[4], all[5], all[63]), (0, 1_000, 2_000, 4_000, NAME_MAX_MS));
        let source: Vec<u64> = (0..64).map(|n| delay_ms(n, FREE_OF_SOURCE, SOURCE_MAX_MS)).collect();
        assert_eq!((source[9], source[10], source[63]), (0, 1_000, SOURCE_MAX_MS));
    }

    #[test]
    fn a_name_waits_and_is_free_again_by_time_by_success_or_by_an_administrator() {
        let mut doors = Lockout::default();
        for n in 0..3 {
            assert_eq!(doors.wait("ada", "uid 1", at(n)), 0);
            doors.failed("ada", "uid 1", at(n));
        }
        assert_eq!(doors.wait("ada", "uid 1", at(2)), 1_000);
        assert_eq!(doors.wait("ada", "uid 2", at(2)), 1_000, "wherever it comes from");
        assert_eq!(doors.wait("bob", "uid 1", at(2)), 0, "another name does not wait");
        assert_eq!(doors.wait("ada", "uid 1", at(3)), 0, "by time");
        assert_eq!(doors.failed("ada", "uid 1", at(3)), 4);
        assert_eq!(doors.locked("ada", at(3)), 2_000, "the next wait is twice as long");
        assert!(doors.unlock("ada"));
        assert_eq!(doors.wait("ada", "uid 1", at(3)), 0);
        doors.failed("ada", "uid 1", at(4));
        doors.succeeded("ada", "uid 1");
        assert!(!doors.unlock("ada"), "nothing is left of it");
    }

    #[test]
    fn a_source_that_tries_many_names_waits_for_all_of_them() {
        let mut doors = Lockout::default();
        for n in 0..10 {
            doors.failed(&format!("name-{n}"), "uid 1", at(0));
        }
        assert_eq!(doors.wait("another", "uid 1", at(0)), 1_000);
        assert_eq!(doors.wait("another", "uid 2", at(0)), 0);
        // Logging in as oneself washes off only one's own slips.
        doors.failed("eve", "uid 1", at(2));
        doors.succeeded("eve", "uid 1");
        assert_eq!(doors.wait("another", "uid 1", at(2)), 1_000);
    }

    #[test]
    fn an_earlier_moment_does_not_end_a_wait() {
        let mut doors = Lockout::default();
        (0..5).for_each(|_| {
            doors.failed("ada", "uid 1", at(100));
        });
        assert_eq!(doors.wait("ada", "uid 1", at(50)), 4_000);
    }

    #[test]
    fn a_flood_of_names_neither_fills_the_memory_nor_frees_a_name() {
        let mut doors = Lockout::default();
        (0..8).for_each(|_| {
            doors.failed("ada", "uid 1", at(0));
        });
        for n in 0..3 * REMEMBERED {
            doors.failed(&format!("n{n}"), &format!("s{n}"), at(1));
        }
        assert!(doors.names.len() <= REMEMBERED && doors.sources.len() <= REMEMBERED);
        assert!(doors.wait("ada", "uid 9", at(1)) > 0);
    }
}
