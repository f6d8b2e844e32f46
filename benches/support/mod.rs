//! What the measuring programs share: a throw-away engine, the program in a pty, simulated nodes, what Linux tells of processes.

pub mod crowd;
pub mod process;
pub mod pty;
pub mod site;

use std::time::Duration;

/// Prints a figure with its bound.
pub fn verdict(what: &str, measured: f64, bound: f64, unit: &str) {
    let kept = if measured < bound { "kept" } else { "NOT KEPT" };
    println!("{what}: {measured:.2} {unit}; bound: under {bound} {unit}: {kept}");
}

/// Times in milliseconds, in order.
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut all: Vec<f64> = times.into_iter().map(|d| d.as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        assert!(!all.is_empty(), "nothing was measured");
        Self(all)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn least(&self) -> f64 {
        self.0[0]
    }

    pub fn median(&self) -> f64 {
        self.at(50)
    }

    pub fn worst(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The time that so many of a hundred keep.
    pub fn at(&self, percent: usize) -> f64 {
        self.0[((self.0.len() * percent).div_ceil(100)).clamp(1, self.0.len()) - 1]
    }
}
