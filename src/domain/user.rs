//! Users of cpmg: their role, name and password rules.

use super::ids::{Revision, UserId};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a user may do; the table itself is in `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserRole {
    /// Only reads.
    Viewer,
    /// Creates, configures and installs environments.
    Operator,
    /// Everything, including other users.
    Administrator,
}

impl UserRole {
    /// All roles, least powerful first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Administrator];

    /// The word used on the command line and in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for UserRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for UserRole {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|r| r.word() == s).ok_or_else(|| {
            format!("'{s}' is not a role of a user; the roles are viewer, operator and administrator")
        })
    }
}

/// A user as stored. The hash never leaves the engine: clients get `UserView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// Unique, see [`check_name`].
    pub name: String,
    /// What the user may do.
    pub role: UserRole,
    /// PHC string of argon2id.
    pub password_hash: String,
    /// Cannot log in, all else is kept.
    #[serde(default)]
    pub disabled: bool,
    /// When the user was made.
    pub created: Moment,
    /// Grows with every change.
    pub revision: Revision,
}

/// Checks a user's name: 2 to 32 of `a-z 0-9 . _ -`, starting with a letter.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let len = name.chars().count();
    if !(2..=32).contains(&len) {
        return Err("name-length");
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("name-start");
    }
    if name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)) {
        Ok(())
    } else {
        Err("name-characters")
    }
}

/// Shortest password that is accepted, in characters.
pub const PASSWORD_MIN: usize = 8;
/// Longest password that is accepted, in bytes: argon2 would take more, a denial of service too.
pub const PASSWORD_MAX: usize = 256;

/// The passwords that guessers try first and that satisfy the length rule.
const COMMON: &[&str] = &[
    "password",
    "password1",
    "password123",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwertyuiop",
    "qwerty123",
    "1q2w3e4r",
    "1qaz2wsx",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "welcome1",
    "admin123",
    "administrator",
    "changeme",
    "openstack",
    "letmein1",
    "abcd1234",
    "asdfghjkl",
    "zaq12wsx",
];

/// A rule that a password breaks. The word is the key of the sentence in the message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Under [`PASSWORD_MIN`] characters.
    TooShort,
    /// Over [`PASSWORD_MAX`] bytes.
    TooLong,
    /// Contains the user's name or is contained in it.
    LikeName,
    /// Among the first that guessers try.
    Common,
    /// Digits only.
    DigitsOnly,
    /// One character over and over.
    Repetition,
}

impl PasswordFault {
    /// What is wrong, in English, for the command line and the log.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TooShort => "the password is too short: it needs at least 8 characters",
            Self::TooLong => "the password is too long: 256 bytes are the most",
            Self::LikeName => "the password is too similar to the user's name",
            Self::Common => "the password is among those that are tried first: choose a less common one",
            Self::DigitsOnly => "the password consists of digits only: add letters",
            Self::Repetition => "the password repeats one character: choose a varied one",
        }
    }

    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::TooShort => "password-too-short",
            Self::TooLong => "password-too-long",
            Self::LikeName => "password-like-name",
            Self::Common => "password-common",
            Self::DigitsOnly => "password-digits-only",
            Self::Repetition => "password-repetition",
        }
    }
}

/// Every rule that `password` breaks for the user called `name`; empty when it is accepted.
pub fn password_faults(name: &str, password: &str) -> Vec<PasswordFault> {
    let mut faults = Vec::new();
    let lower = password.to_lowercase();
    let name = name.to_lowercase();
    if password.chars().count() < PASSWORD_MIN {
        faults.push(PasswordFault::TooShort);
    }
    if password.len() > PASSWORD_MAX {
        faults.push(PasswordFault::TooLong);
    }
    if name.len() >= 3 && (lower.contains(&name) || (!lower.is_empty() && name.contains(&lower))) {
        faults.push(PasswordFault::LikeName);
    }
    if COMMON.contains(&lower.as_str()) {
        faults.push(PasswordFault::Common);
    }
    if !password.is_empty() && password.chars().all(|c| c.is_ascii_digit()) {
        faults.push(PasswordFault::DigitsOnly);
    }
    let mut chars = password.chars();
    if let Some(first) = chars.next()
        && password.chars().count() > 1
        && chars.all(|c| c == first)
    {
        faults.push(PasswordFault::Repetition);
    }
    faults
}

/// How long a user must wait after `failures` wrong passwords, in milliseconds: nothing for two slips, then 1 s, 2 s, 4 s …
/// up to 5 minutes.
pub fn login_delay_ms(failures: u32) -> u64 {
    match failures {
        0..=2 => 0,
        n => (1_000_u64 << (n - 3).min(16)).min(300_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_rules() {
        use PasswordFault as F;
        for (name, password, faults) in [
            ("ada", "correct horse", vec![]),
            ("ada", "short", vec![F::TooShort]),
            ("admin", "admin", vec![F::TooShort, F::LikeName]),
            ("ada", "12345678", vec![F::DigitsOnly]),
            ("ada", "Password1", vec![F::Common]),
            ("ada", "xxxxxxxxxx", vec![F::Repetition]),
            ("ada", "", vec![F::TooShort]),
        ] {
            assert_eq!(password_faults(name, password), faults, "{password:?}");
        }
    }

    #[test]
    fn delay_grows_and_is_bounded() {
        let all: Vec<u64> = (0..64).map(login_delay_ms).collect();
        assert!(all.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!((all[2], all[3], all[4], all[63]), (0, 1_000, 2_000, 300_000));
    }

    #[test]
    fn names() {
        assert!(check_name("ada.l-2_x").is_ok());
        for bad in ["a", "1ab", "Ada", "a b", "ä_x", &"x".repeat(33)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
