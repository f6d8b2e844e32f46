//! Times beside log lines: local, UTC, relative to the selected line, or none.

use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use jiff::tz::TimeZone;

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// By the operator's clock.
    #[default]
    Local,
    /// In UTC.
    Utc,
    /// From the selected line.
    Relative,
    /// Not at all.
    None,
}

impl Stamps {
    /// Every kind, in the order in which they are gone through.
    pub const ALL: [Self; 4] = [Self::Local, Self::Utc, Self::Relative, Self::None];

    /// The kind after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Self::ALL.get(at + 1).copied().unwrap_or_default()
    }

    /// Its word in saved views.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Utc => "utc",
            Self::Relative => "relative",
            Self::None => "none",
        }
    }

    /// Its word on the screen.
    pub fn shown(self) -> Text {
        match self {
            Self::Local => t!("stamps-local"),
            Self::Utc => t!("stamps-utc"),
            Self::Relative => t!("stamps-relative"),
            Self::None => t!("stamps-none"),
        }
    }

    /// Columns that a time takes; with dates where lines are of other days.
    pub fn columns(self, dates: bool) -> usize {
        match self {
            Self::Local => 12 + if dates { 6 } else { 0 },
            Self::Utc => 13 + if dates { 6 } else { 0 },
            Self::Relative => 9,
            Self::None => 0,
        }
    }

    /// A time, microseconds since 1970, in exactly [`Self::columns`]; `from` is that of the selected line.
    pub fn write(self, cx: &Shared, time: i64, from: i64, dates: bool) -> String {
        let form = if dates { "%m-%d %H:%M:%S%.3f" } else { "%H:%M:%S%.3f" };
        let out = match self {
            Self::Local => at(&cx.zone, time, form),
            Self::Utc => at(&TimeZone::UTC, time, form) + "Z",
            Self::Relative => difference(time.saturating_sub(from)),
            Self::None => return String::new(),
        };
        text::right(&out, self.columns(dates))
    }
}

/// A time in a form of `strftime`.
pub fn at(zone: &TimeZone, time: i64, form: &str) -> String {
    match jiff::Timestamp::from_microsecond(time) {
        Ok(stamp) => stamp.to_zoned(zone.clone()).strftime(form).to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// Its day.
pub fn day(zone: &TimeZone, time: i64) -> Option<jiff::civil::Date> {
    Some(jiff::Timestamp::from_microsecond(time).ok()?.to_zoned(zone.clone()).date())
}

/// Microseconds as `+1.204s`, `-4m12s`, `+2d04h`.
pub fn difference(us: i64) -> String {
    if us == 0 {
        return "0".to_owned();
    }
    let sign = if us < 0 { '-' } else { '+' };
    let ms = us.unsigned_abs() / 1_000;
    if ms < 60_000 {
        return format!("{sign}{}.{:03}s", ms / 1_000, ms % 1_000);
    }
    format!("{sign}{}", text::duration(ms))
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

    #[test]
    fn differences_and_days() {
        for (us, text) in
            [(0, "0"), (1_204_000, "+1.204s"), (-252_000_000, "-4m12s"), (187_200_000_000, "+2d04h")]
        {
            assert_eq!(difference(us), text);
        }
        assert_eq!(at(&TimeZone::UTC, 1_772_355_600_123_456, "%m-%d %H:%M:%S%.3f"), "03-01 09:00:00.123");
        assert_ne!(day(&TimeZone::UTC, 0), day(&TimeZone::UTC, 86_400_000_000));
        assert_eq!(Stamps::None.next(), Stamps::Local);
    }
}
