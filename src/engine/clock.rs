//! The clock of sessions and logins, which tests move.

use super::now;
use crate::domain::time::Moment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A clock.
pub struct Clock {
    base: Moment,
    began: Instant,
    ahead: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { base: now(), began: Instant::now(), ahead: AtomicU64::new(0) }
    }
}

impl Clock {
    /// The time of day: what is kept over a restart is compared with it.
    pub fn now(&self) -> Moment {
        now().plus(self.ahead.load(Ordering::Relaxed))
    }

    /// A moment that only grows, whatever is done to the machine's clock.
    pub fn steady(&self) -> Moment {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.base.plus(elapsed).plus(self.ahead.load(Ordering::Relaxed))
    }

    /// Lets time pass.
    #[cfg(test)]
    pub fn advance(&self, ms: u64) {
        self.ahead.fetch_add(ms, Ordering::Relaxed);
    }
}
