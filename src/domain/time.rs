//! Moments as numbers.
//!
//! Milliseconds since 1970-01-01 UTC. The clock is read at the edges; the rules get the moment as an argument.

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// Milliseconds from `earlier` to this moment, 0 if the clock went back.
    pub fn since(self, earlier: Moment) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment, `ms` milliseconds later.
    #[must_use]
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// A span of time, in its two largest units: `420ms`, `42s`, `3m05s`, `2h10m`, `5d03h`.
pub fn span(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0 if ms > 0 => format!("{ms}ms"),
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

fn strftime(at: Moment, form: &str) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "?".to_owned(), |t| t.strftime(form).to_string())
}

/// A moment as `2026-03-01 07:02:09 UTC`; `?` beyond the year 9999.
pub fn utc(at: Moment) -> String {
    strftime(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// A moment's time of day in UTC, as `07:02:09`.
pub fn clock_utc(at: Moment) -> String {
    strftime(at, "%H:%M:%S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        assert_eq!(utc(Moment(1_772_348_529_999)), "2026-03-01 07:02:09 UTC");
        assert_eq!(clock_utc(Moment(0)), "00:00:00");
        assert_eq!(utc(Moment(u64::MAX)), "?");
    }
}
