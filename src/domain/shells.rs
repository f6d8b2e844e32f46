//! Rules for shells: how long one is kept whose operator is gone, what is recorded and how long that is kept.

use super::said::{Said, sentence};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which shells are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// All, and nobody can switch it off.
    #[default]
    Always,
    /// Those whose operator asks for it.
    Asked,
    /// None.
    Never,
}

impl Recorded {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Always, Self::Asked, Self::Never];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Asked => "asked",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Recorded {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|r| r.word() == s)
            .ok_or_else(|| format!("'{s}' is none of always, asked, never"))
    }
}

/// Most variables of a locale: `LANG`, `LC_ALL` and the twelve categories.
const LOCALE: usize = 14;

/// The operator's locale, as far as it is sent to a node: `LANG` and `LC_…`, with values that name a locale and nothing else.
pub fn locale(vars: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let named = |name: &str| {
        let rest = name.strip_prefix("LC_");
        name == "LANG"
            || rest
                .is_some_and(|r| !r.is_empty() && r.len() <= 20 && r.bytes().all(|b| b.is_ascii_uppercase()))
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@');
    let good = |value: &str| !value.is_empty() && value.len() <= 40 && value.bytes().all(plain);
    let mut all: Vec<_> = vars.into_iter().filter(|(name, value)| named(name) && good(value)).collect();
    all.sort();
    all.truncate(LOCALE);
    all
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellRules {
    /// Minutes that a shell is kept while nobody is attached to it; 0: until it ends or the engine does.
    pub keep_minutes: u32,
    /// Which shells are recorded.
    #[serde(default)]
    pub recorded: Recorded,
    /// Days that recordings are kept; 0: until the room for them is full.
    #[serde(default)]
    pub recording_days: u32,
    /// Mebibytes that all recordings may take; then the oldest go.
    #[serde(default = "recordings_mib")]
    pub recordings_mib: u32,
}

fn recordings_mib() -> u32 {
    2048
}

impl Default for ShellRules {
    fn default() -> Self {
        Self {
            keep_minutes: 12 * 60,
            recorded: Recorded::Always,
            recording_days: 90,
            recordings_mib: recordings_mib(),
        }
    }
}

impl ShellRules {
    /// Milliseconds that a shell is kept while nobody is attached; none: as long as it likes.
    pub fn keep_ms(&self) -> Option<u64> {
        (self.keep_minutes > 0).then(|| u64::from(self.keep_minutes) * 60_000)
    }

    /// Which field is wrong, and why.
    pub fn check(&self) -> Result<(), (&'static str, Said)> {
        if self.keep_minutes > 60 * 24 * 365 {
            let why =
                sentence!("error-shell-rules-keep", "a shell is kept for a year at most: 525600 minutes");
            return Err(("keep", why));
        }
        if self.recording_days > 3650 {
            let why =
                sentence!("error-shell-rules-days", "recordings are kept for ten years at most: 3650 days");
            return Err(("days", why));
        }
        if !(16..=1024 * 1024).contains(&self.recordings_mib) {
            let why =
                sentence!("error-shell-rules-mib", "all recordings together may take 16 to 1048576 MiB");
            return Err(("mib", why));
        }
        Ok(())
    }

    /// Which of the recordings, `(number, began, bytes)` oldest first, are to go at `now`.
    pub fn outdated(&self, recordings: &[(u64, u64, u64)], now: u64) -> Vec<u64> {
        let days = u64::from(self.recording_days) * 86_400_000;
        let most = u64::from(self.recordings_mib) * 1024 * 1024;
        let mut left: u64 = recordings.iter().map(|(_, _, bytes)| bytes).sum();
        let mut gone = Vec::new();
        for (number, began, bytes) in recordings {
            let old = days > 0 && now.saturating_sub(*began) > days;
            if old || left > most {
                gone.push(*number);
                left -= bytes;
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_recordings_go_first_and_then_those_without_room() {
        let rules = ShellRules { recording_days: 1, recordings_mib: 16, ..ShellRules::default() };
        let day = 86_400_000;
        let mib = 1024 * 1024;
        let all = [(1, 0, mib), (2, 5 * day, 10 * mib), (3, 5 * day, 6 * mib), (4, 5 * day, 4 * mib)];
        assert_eq!(rules.outdated(&all, 5 * day + 5), [1, 2]);
        assert_eq!(rules.outdated(&all[2..], 5 * day + 5), Vec::<u64>::new());
        let rules = ShellRules { recording_days: 0, ..rules };
        assert_eq!(rules.outdated(&all[..2], 50 * day), Vec::<u64>::new());
    }

    #[test]
    fn rules_have_bounds() {
        assert_eq!(ShellRules::default().check(), Ok(()));
        assert_eq!(ShellRules { keep_minutes: 0, ..ShellRules::default() }.keep_ms(), None);
        assert_eq!(ShellRules { keep_minutes: 2, ..ShellRules::default() }.keep_ms(), Some(120_000));
        assert!(ShellRules { recordings_mib: 1, ..ShellRules::default() }.check().is_err());
        assert_eq!("asked".parse(), Ok(Recorded::Asked));
        assert!("sometimes".parse::<Recorded>().is_err());
    }

    #[test]
    fn a_locale_is_a_locale_and_nothing_else() {
        let vars = [
            ("LC_ALL", "zh_CN.UTF-8"),
            ("LANG", "de_DE@euro"),
            ("LANGUAGE", "de"),
            ("LC_", "C"),
            ("LC_TIME", "C\nPATH=/tmp"),
            ("LC_CTYPE", ""),
            ("LC_evil", "C"),
            ("PATH", "/bin"),
        ];
        let sent = locale(vars.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(sent, [("LANG", "de_DE@euro"), ("LC_ALL", "zh_CN.UTF-8")]);
        assert_eq!(locale((0..50).map(|_| ("LANG".to_owned(), "C".to_owned()))).len(), LOCALE);
    }
}
