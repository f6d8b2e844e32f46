//! Which Cobbler this is, and what may be done with it.
//!
//! `version()` is a floating-point number that cannot be trusted (3.3.10 says `3.31`); the tuple of `extended_version()` can.

use super::error::CobblerError;
use super::value;
use dxr::Value;
use std::fmt;

/// A version as `extended_version()` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
    /// The third.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads the answer of `extended_version()`.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        let tuple = value::field(answer, "version_tuple")?;
        let mut numbers =
            value::list(tuple).iter().map(|n| value::whole(n).and_then(|n| u32::try_from(n).ok()));
        let mut next = || numbers.next().flatten();
        let (major, minor) = (next()?, next()?);
        Some(Self { major, minor, patch: next().unwrap_or(0) })
    }
}

/// What differs between versions, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 3.2: no synchronisation of single systems.
    V32,
    /// 3.3 and what follows it in 3.
    V33,
    /// 4 and newer: objects refer to each other by uid, interfaces are objects of their own, and attributes are paths. The old calls
    /// fail there without a word, so it is only read.
    V4,
}

impl Dialect {
    /// The dialect of a version, or that it is too old.
    pub fn of(version: Version) -> Result<Self, CobblerError> {
        match (version.major, version.minor) {
            (0..=2, _) | (3, 0..=1) => Err(CobblerError::TooOld { version: version.to_string() }),
            (3, 2) => Ok(Self::V32),
            (3, _) => Ok(Self::V33),
            _ => Ok(Self::V4),
        }
    }

    /// Whether systems can be changed through it.
    pub fn writes(self) -> bool {
        self != Self::V4
    }
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
    fn versions_choose_the_dialect() {
        let of = |major, minor| Dialect::of(Version { major, minor, patch: 0 });
        assert_eq!(of(3, 2), Ok(Dialect::V32));
        assert_eq!(of(3, 3), Ok(Dialect::V33));
        assert_eq!(of(3, 4), Ok(Dialect::V33));
        assert_eq!(of(4, 0), Ok(Dialect::V4));
        assert_eq!(of(5, 1), Ok(Dialect::V4));
        assert!(of(3, 1).is_err() && of(2, 8).is_err());
        assert!(!Dialect::V4.writes());
    }
}
