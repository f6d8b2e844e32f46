//! Who says something, so that nobody who talks without end takes the time of the others.
//!
//! What a shell prints without end (`yes`) costs more than its own emulator: the node's terminal, the connection, each client. On a machine
//! with few cores others would come late. While another shell has something to say, such a one pauses as long as it was worked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long somebody who said something counts as one who speaks.
const RECENT: Duration = Duration::from_millis(100);
/// A gap in what a shell says after which it begins anew.
const SILENT: Duration = Duration::from_millis(10);
/// Work of one shell without a break after which it pauses, where others speak.
const BREATH: Duration = Duration::from_millis(1);

/// Where the shells of an engine meet. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Floor(Arc<Mutex<Heard>>);

/// The two that spoke last, and how many ever came.
#[derive(Debug, Default)]
struct Heard {
    came: u64,
    last: Option<(u64, Instant)>,
    other: Option<(u64, Instant)>,
}

impl Floor {
    /// A place for one more shell.
    pub fn enter(&self) -> Speaker {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.came += 1;
        Speaker { number: heard.came, floor: self.clone(), owed: Duration::ZERO, at: None }
    }
}

/// One shell.
#[derive(Debug)]
pub struct Speaker {
    number: u64,
    floor: Floor,
    /// Work since it paused or was silent.
    owed: Duration,
    /// When it last said something.
    at: Option<Instant>,
}

impl Speaker {
    /// It said something, which was done with at `now` and took so much `work`. How long it pauses before it goes on.
    pub fn said(&mut self, now: Instant, work: Duration) -> Option<Duration> {
        let silent = self.at.replace(now).is_none_or(|at| now.saturating_duration_since(at) > work + SILENT);
        let others = self.others(now);
        self.owed = if silent || !others { work } else { self.owed + work };
        let due = others && self.owed >= BREATH;
        due.then(|| std::mem::take(&mut self.owed))
    }

    /// Whether another one speaks.
    fn others(&self, now: Instant) -> bool {
        let mut heard = self.floor.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.last.is_some_and(|(who, _)| who != self.number) {
            heard.other = heard.last;
        }
        heard.last = Some((self.number, now));
        heard.other.is_some_and(|(_, at)| now.saturating_duration_since(at) < RECENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_talks_alone_never_pauses() {
        let mut yes = Floor::default().enter();
        let begin = Instant::now();
        assert!((0..100).all(|n| yes.said(begin + MS * n, MS).is_none()));
    }

    #[test]
    fn who_talks_without_end_pauses_while_another_speaks() {
        let floor = Floor::default();
        let (mut yes, mut counter) = (floor.enter(), floor.enter());
        let begin = Instant::now();
        let mut paused = Duration::ZERO;
        for n in 0..100 {
            paused += yes.said(begin + MS * n, MS).unwrap_or_default();
            if n % 5 == 0 {
                // What is said now and then is never held up.
                assert_eq!(counter.said(begin + MS * n, MS / 100), None);
            }
        }
        assert!((95 * MS..=100 * MS).contains(&paused), "{paused:?}");
        // The other one is silent: as before.
        assert!((300..400).all(|n| yes.said(begin + MS * n, MS).is_none()));
    }
}
