//! The time in which simulated steps live: real time at an adjustable speed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Slowest and fastest speed.
pub const SPEED_MIN: f64 = 0.01;
/// See [`SPEED_MIN`].
pub const SPEED_MAX: f64 = 10_000.0;

#[derive(Clone, Copy, Debug)]
struct Since {
    real: Instant,
    simulated: Duration,
    speed: f64,
}

/// The clock of all simulated nodes.
#[derive(Debug)]
pub(super) struct Clock(Mutex<Since>);

impl Clock {
    pub(super) fn new(speed: f64) -> Self {
        let speed = speed.clamp(SPEED_MIN, SPEED_MAX);
        Self(Mutex::new(Since { real: Instant::now(), simulated: Duration::ZERO, speed }))
    }

    fn since(&self) -> Since {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Simulated time since the start.
    pub(super) fn now(&self) -> Duration {
        let s = self.since();
        s.simulated + s.real.elapsed().mul_f64(s.speed)
    }

    /// The moment at which it will be `at`, with the speed of now.
    pub(super) fn when(&self, at: Duration) -> Instant {
        let s = self.since();
        // Rounded up: whoever wakes then finds `at` reached.
        s.real + at.saturating_sub(s.simulated).div_f64(s.speed) + Duration::from_millis(1)
    }

    /// Goes on at another speed from now.
    pub(super) fn set_speed(&self, speed: f64) {
        let simulated = self.now();
        let speed = speed.clamp(SPEED_MIN, SPEED_MAX);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Since { real: Instant::now(), simulated, speed };
    }
}
