//! The severities of all formats on one scale.
//!
//! Ordered: what is worse is greater. The words come from oslo.log, syslog, RabbitMQ, MariaDB, Apache, libvirt and
//! Open vSwitch; a word that none of them uses is no level ([`Level::from_word`] says `None`), never a guess.

use serde::{Deserialize, Serialize};

/// How severe a log entry is; the greater, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// Every single thing that happens.
    Trace = 1,
    /// For those who look for a defect.
    Debug = 2,
    /// The usual course of things.
    Info = 3,
    /// Usual, but worth to be seen.
    Notice = 4,
    /// Something that may lead to an error.
    Warning = 5,
    /// Something could not be done.
    Error = 6,
    /// The service as a whole is in danger, or has ended.
    Critical = 7,
}

impl Level {
    /// All levels, the mildest first.
    pub const ALL: [Self; 7] =
        [Self::Trace, Self::Debug, Self::Info, Self::Notice, Self::Warning, Self::Error, Self::Critical];

    /// The level's name in English lower case, as the command line and JSON use it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The level's word as OpenStack's services write it, in upper case: what JSON lines of log entries hold.
    pub const fn upper(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// The level of a number from 1 (trace) to 7 (critical), as indexes keep it; 0 and others are none.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Trace),
            2 => Some(Self::Debug),
            3 => Some(Self::Info),
            4 => Some(Self::Notice),
            5 => Some(Self::Warning),
            6 => Some(Self::Error),
            7 => Some(Self::Critical),
            _ => None,
        }
    }

    /// The number that [`Level::from_number`] reads.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level of a syslog or journald PRIORITY (0 emergency to 7 debug).
    pub const fn from_syslog(priority: u8) -> Option<Self> {
        match priority {
            0..=2 => Some(Self::Critical),
            3 => Some(Self::Error),
            4 => Some(Self::Warning),
            5 => Some(Self::Notice),
            6 => Some(Self::Info),
            7 => Some(Self::Debug),
            _ => None,
        }
    }

    /// The level of a format's word for it, in any case of its letters. AUDIT (old releases of nova) is information, EMER is
    /// Open vSwitch's worst, Apache knows `trace1` to `trace8`.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        // Words longer than any of ours are not copied.
        let mut lower = [0u8; 10];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"info" | b"information" | b"audit" | b"system" => Self::Info,
            b"warning" | b"warn" => Self::Warning,
            // RabbitMQ 3.9 and 3.10.0 cut their words to four letters.
            b"error" | b"err" | b"erro" => Self::Error,
            b"debug" | b"dbg" | b"dbug" => Self::Debug,
            b"notice" | b"note" | b"noti" => Self::Notice,
            b"critical" | b"crit" | b"fatal" | b"emerg" | b"emergency" | b"emer" | b"alert" | b"panic"
            | b"alrt" | b"emgc" => Self::Critical,
            b"trace" | b"trace1" | b"trace2" | b"trace3" | b"trace4" | b"trace5" | b"trace6" | b"trace7"
            | b"trace8" => Self::Trace,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// A word that is no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no level: trace, debug, info, notice, warning, error or critical")]
pub struct NoLevel(String);

impl std::str::FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        Self::from_word(text.as_bytes()).ok_or_else(|| NoLevel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_greater_and_numbers_lead_back() {
        for pair in Level::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for level in Level::ALL {
            assert_eq!(Level::from_number(level.number()), Some(level));
            assert_eq!(level.word().parse(), Ok(level));
            assert_eq!(level.upper().to_lowercase(), level.word());
        }
        assert_eq!(Level::from_number(0), None);
        assert_eq!(Level::from_number(8), None);
    }

    #[test]
    fn the_words_of_every_format() {
        use Level::{Critical, Debug, Error, Info, Notice, Trace, Warning};
        for (words, level) in [
            ("TRACE trace8", Trace),
            ("DEBUG DBG debug", Debug),
            ("INFO AUDIT info System", Info),
            ("notice Note NOTE", Notice),
            ("WARNING WARN warn Warning", Warning),
            ("ERROR error ERR", Error),
            ("CRITICAL crit EMER emerg alert FATAL", Critical),
        ] {
            for word in words.split(' ') {
                assert_eq!(Level::from_word(word.as_bytes()), Some(level), "{word}");
            }
        }
        for word in ["", "wsgi", "informational", "INFO ", "\u{0}"] {
            assert_eq!(Level::from_word(word.as_bytes()), None, "{word}");
        }
        assert_eq!("loud".parse::<Level>().unwrap_err().to_string().find("'loud'"), Some(0));
    }

    #[test]
    fn priorities_of_syslog() {
        let all: Vec<_> = (0..=8).map(Level::from_syslog).collect();
        assert_eq!(all[0], Some(Level::Critical));
        assert_eq!(all[4], Some(Level::Warning));
        assert_eq!(all[7], Some(Level::Debug));
        assert_eq!(all[8], None);
    }
}
