//! An environment: one OpenStack cloud, one record.

use super::day2::Shape;
use super::ids::{EnvId, Revision, UserId};
use super::overrides::OptionText;
use super::policy::Policy;
use super::time::Moment;
use super::user::{User, UserRole};
use serde::{Deserialize, Serialize};

/// How many nodes a stage works on at once unless the environment says otherwise.
pub const PARALLEL_DEFAULT: u32 = 20;
/// The most nodes a stage may work on at once.
pub const PARALLEL_MAX: u32 = 1_000;

/// An environment as stored and as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Identity.
    pub id: EnvId,
    /// Unique among all environments, hidden ones included; see [`check_name`].
    pub name: String,
    /// Name of the platform in the catalog.
    pub platform: String,
    /// Chosen modules; what they need comes with them.
    pub modules: Vec<String>,
    /// Nodes that a stage works on at once.
    pub parallel: u32,
    /// What is done about failures without asking.
    #[serde(default)]
    pub policy: Policy,
    /// Options of services that an operator set himself, by scope and file.
    #[serde(default)]
    pub options: Vec<OptionText>,
    /// What tasks have made of the cloud besides its modules.
    #[serde(default)]
    pub shape: Shape,
    /// Only these users reach it, besides administrators; `None`: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserId>>,
    /// Deleted softly: kept, listed for administrators only.
    pub hidden: bool,
    /// When it was made.
    pub created: Moment,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When it was changed last.
    pub changed: Moment,
    /// Grows with every change.
    pub revision: Revision,
}

impl Environment {
    /// Whether a user may reach it and all that belongs to it. A hidden one is for administrators.
    pub fn admits(&self, user: &User) -> bool {
        user.role == UserRole::Administrator
            || (!self.hidden && self.members.as_ref().is_none_or(|members| members.contains(&user.id)))
    }
}

/// Why a name is refused; the word is the key of the sentence in the message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing, or over 40 characters.
    #[error("a name has 1 to 40 characters")]
    Length,
    /// Something other than letters, digits, space, dot, underscore, hyphen.
    #[error("a name consists of letters, digits, spaces, dots, underscores and hyphens")]
    Characters,
    /// Starts or ends with something other than a letter or a digit.
    #[error("a name starts and ends with a letter or a digit")]
    Edges,
    /// All digits: could not be told from an identity number.
    #[error("a name needs at least one letter")]
    Digits,
}

impl NameFault {
    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Length => "env-name-length",
            Self::Characters => "env-name-characters",
            Self::Edges => "env-name-edges",
            Self::Digits => "env-name-digits",
        }
    }
}

/// Checks an environment's name. Letters of every script are letters.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    if !(1..=40).contains(&name.chars().count()) {
        return Err(NameFault::Length);
    }
    if !name.chars().all(|c| c.is_alphanumeric() || " ._-".contains(c)) {
        return Err(NameFault::Characters);
    }
    if !(name.starts_with(char::is_alphanumeric) && name.ends_with(char::is_alphanumeric)) {
        return Err(NameFault::Edges);
    }
    if name.chars().all(|c| c.is_ascii_digit()) {
        return Err(NameFault::Digits);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["prod", "Cloud 1", "测试-云", "a.b_c"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", NameFault::Length),
            ("a/b", NameFault::Characters),
            ("-a", NameFault::Edges),
            ("a ", NameFault::Edges),
            ("42", NameFault::Digits),
            ("a\u{1b}[2J", NameFault::Characters),
        ] {
            assert_eq!(check_name(bad), Err(why), "{bad:?}");
        }
    }
}
