//! Sweeps that are done by themselves: how often, and when the next one is due.

use super::super::time::Moment;
use super::order::SweepOrder;
use super::{DAY, MINUTE};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How often a sweep is done by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Every {
    /// Every so many minutes, 5 to a week.
    Minutes(u32),
    /// Every day at this minute of the day, by the management host's clock.
    Daily(u16),
}

/// Not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a schedule: write 30m, 6h or 1d (5 minutes to 7 days), or a time of day as 03:30")]
pub struct EveryFault(pub String);

impl FromStr for Every {
    type Err = EveryFault;
    fn from_str(s: &str) -> Result<Self, EveryFault> {
        let fault = || EveryFault(s.chars().take(40).collect());
        let text = s.trim();
        let text = text.strip_prefix("daily").unwrap_or(text).trim();
        if let Some((hour, minute)) = text.split_once(':') {
            let number = |t: &str, most: u16| {
                let n = t.parse::<u16>().ok().filter(|n| *n <= most && !t.starts_with('+'));
                n.ok_or_else(fault)
            };
            return Ok(Self::Daily(number(hour, 23)? * 60 + number(minute, 59)?));
        }
        let (at, unit) = text.char_indices().last().ok_or_else(fault)?;
        let number: u32 = text.get(..at).and_then(|n| n.parse().ok()).ok_or_else(fault)?;
        let minutes = match unit {
            'm' => Some(number),
            'h' => number.checked_mul(60),
            'd' => number.checked_mul(24 * 60),
            _ => None,
        };
        minutes.filter(|m| (5..=7 * 24 * 60).contains(m)).map(Self::Minutes).ok_or_else(fault)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(m) if m % (24 * 60) == 0 => write!(f, "{}d", m / (24 * 60)),
            Self::Minutes(m) if m % 60 == 0 => write!(f, "{}h", m / 60),
            Self::Minutes(m) => write!(f, "{m}m"),
            Self::Daily(m) => write!(f, "{:02}:{:02}", m / 60, m % 60),
        }
    }
}

impl TryFrom<String> for Every {
    type Error = EveryFault;
    fn try_from(s: String) -> Result<Self, EveryFault> {
        s.parse()
    }
}

impl From<Every> for String {
    fn from(every: Every) -> Self {
        every.to_string()
    }
}

impl Every {
    /// When it is due: set at `since`, done last at `last`; `utc_offset_s` is the management host's offset from UTC. A moment
    /// that was slept through stays due.
    pub fn due(self, since: Moment, last: Option<Moment>, utc_offset_s: i32) -> Moment {
        match self {
            Self::Minutes(m) => last.map_or(since, |l| l.plus(u64::from(m) * MINUTE)),
            Self::Daily(minute) => {
                let offset = i64::from(utc_offset_s) * 1000;
                let after = last.unwrap_or(since).max(since);
                let local = after.0.saturating_add_signed(offset);
                let mut next = local / DAY * DAY + u64::from(minute) * MINUTE;
                if next <= local {
                    next += DAY;
                }
                Moment(next.saturating_add_signed(-offset))
            }
        }
    }
}

/// A sweep that is done by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// What is asked.
    pub order: SweepOrder,
    /// How often.
    pub every: Every,
    /// When that was set.
    pub since: Moment,
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
    fn schedules_are_read_and_written() {
        for (text, shown) in [
            ("30m", "30m"),
            ("6h", "6h"),
            ("1d", "1d"),
            ("120m", "2h"),
            ("03:30", "03:30"),
            ("daily 3:05", "03:05"),
        ] {
            assert_eq!(text.parse::<Every>().unwrap().to_string(), shown, "{text}");
        }
        for bad in ["", "6", "h", "4m", "8d", "24:00", "03:60", "-6h", "99999999999h", "6h30", "é"] {
            assert!(bad.parse::<Every>().is_err(), "{bad}");
        }
    }

    #[test]
    fn schedules_are_due() {
        let hour = 60 * MINUTE;
        let six: Every = "6h".parse().unwrap();
        assert_eq!(six.due(Moment(5), None, 0), Moment(5), "at once");
        assert_eq!(six.due(Moment(5), Some(Moment(100)), 0), Moment(100 + 6 * hour));
        let night: Every = "03:30".parse().unwrap();
        let at = |h: u64| Moment(10 * DAY + h * hour);
        assert_eq!(night.due(at(2), None, 0), at(3).plus(30 * MINUTE));
        assert_eq!(night.due(at(4), None, 0), at(27).plus(30 * MINUTE));
        // Shanghai: 03:30 there is 19:30 of the day before.
        assert_eq!(night.due(at(4), None, 8 * 3600), at(19).plus(30 * MINUTE));
        assert_eq!(night.due(at(2), Some(at(3).plus(31 * MINUTE)), 0), at(27).plus(30 * MINUTE));
    }

    proptest! {
        #[test]
        fn a_schedule_is_always_due_later(minute in 0_u16..1440, since in 0_u64..1 << 42, offset in -50_000_i32..50_000) {
            let due = Every::Daily(minute).due(Moment(since + DAY), None, offset);
            prop_assert!(due > Moment(since + DAY) && due.since(Moment(since + DAY)) <= DAY);
        }
    }
}
