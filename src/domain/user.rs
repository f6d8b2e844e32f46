//! Users of cpmg: their role and name, and what is kept of them. Passwords are `password`'s, second factors `totp`'s.

use super::door::UserKey;
use super::ids::{Revision, UserId};
use super::said::Said;
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

    /// The word, for whoever reads it in a language.
    pub fn said(self) -> Said {
        Said::keyed(self.word(), &format!("user-role-{}", self.word()))
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
    /// What people call the user; may be empty.
    #[serde(default)]
    pub full_name: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    /// Hashes of earlier passwords, the latest first.
    #[serde(default)]
    pub old_hashes: Vec<String>,
    /// When the password was set.
    #[serde(default)]
    pub password_set: Moment,
    /// Somebody else set the password: nothing is allowed until the user has set another one.
    #[serde(default)]
    pub must_change: bool,
    /// The last login.
    #[serde(default)]
    pub last_login: Option<LastLogin>,
    /// The second factor, where the user has one. Its key is sealed, in a table of its own.
    #[serde(default)]
    pub second: Option<SecondFactor>,
    /// Keys that the user comes in with over SSH.
    #[serde(default)]
    pub keys: Vec<UserKey>,
    /// Cannot log in, all else is kept.
    #[serde(default)]
    pub disabled: bool,
    /// When the user was made.
    pub created: Moment,
    /// Grows with every change.
    pub revision: Revision,
}

/// When and from where somebody logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLogin {
    /// When.
    pub at: Moment,
    /// Account on the management host.
    pub account: String,
}

/// A second factor, without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Since when.
    pub since: Moment,
    /// Step of the last code that was accepted: no code counts twice.
    pub last_step: u64,
    /// SHA-256 of the recovery codes that are left, hexadecimal. They are random, so a quick hash is as good as a slow one.
    pub recovery: Vec<String>,
}

/// Longest full name, in characters.
pub const FULL_NAME_MAX: usize = 60;

/// A full name as it is kept: one harmless line; `None` when it is too long.
pub fn full_name(typed: &str) -> Option<String> {
    let text = super::text::harmless(typed).split_whitespace().collect::<Vec<_>>().join(" ");
    (text.chars().count() <= FULL_NAME_MAX).then_some(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(check_name("ada.l-2_x").is_ok());
        for bad in ["a", "1ab", "Ada", "a b", "ä_x", &"x".repeat(33)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
