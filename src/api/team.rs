//! Operators who work at the same time: who is here, and who has a job in hand.

use crate::domain::ids::{EnvId, JobId};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// Longest word for a page, characters.
const PAGE_MAX: usize = 40;

/// What may be asked or told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Team {
    /// The screens show this now. A client that never says so is a command.
    Here(Place),
    /// Takes a job that works over from whoever has it in hand. Answers the job.
    TakeOver {
        /// Which job.
        job: JobId,
        /// Why, for the other operator and for the audit trail.
        why: String,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// What somebody's screens show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The environment, if they show one.
    pub env: Option<EnvId>,
    /// The word for the page; `place-WORD` is its name in the catalogue of the screens.
    pub page: String,
}

impl Place {
    /// Whether the word is one: others would see it on their terminals.
    pub fn is_sound(&self) -> bool {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=PAGE_MAX).contains(&self.page.len()) && self.page.chars().all(word)
    }
}

/// With what somebody is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Face {
    /// The screens.
    Screens,
    /// A command.
    #[default]
    Command,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl Face {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Screens => "screens",
            Self::Command => "command",
            Self::Unknown => "unknown",
        }
    }
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Number of the connection.
    pub number: u64,
    /// Who.
    pub name: String,
    /// What people call the user.
    #[serde(default)]
    pub full_name: String,
    /// Account on the management host.
    pub account: String,
    /// Since when.
    pub since: Moment,
    /// With what.
    #[serde(default)]
    pub face: Face,
    /// What the screens show; nothing where they show something of an environment that whoever asks may not reach.
    #[serde(default)]
    pub place: Option<Place>,
}
