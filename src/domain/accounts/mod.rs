//! Accounts of an environment's services: what a value may be, how good it is, how one is made, where a change of it stands.
//!
//! A module's role file says of each account what its value is used for ([`AccountUse`]). The rules here follow from that, and
//! from what the roles and the programs behind them really do with the value: only what would break is refused, with the
//! reason. Read [`faults`] (`rules`), then [`generate`] (`generator`), then `rotation`: how one password is changed in services
//! that use it already, and which password is in force where while that is going on.
//!
//! Never here: a value that is kept. Values are arguments; the engine seals them.

mod generator;
mod rotation;
mod rules;

pub use generator::{GeneratorFault, GeneratorRules, LENGTH_RANGE, generate};
pub use rotation::{NewValue, Place, RotationPlan, RotationStep, RotationView, rotation_steps, which};
pub use rules::{Strength, ValueFault, faults, name_faults, strength, strength_bits};

use serde::{Deserialize, Serialize};

/// What an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A password, generated unless an operator gives one.
    #[default]
    Password,
    /// A user's name.
    User,
}

/// What a value is used for, as far as that limits what may be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountUse {
    /// The password of a database user. It stands in the connection URL of a service whose migrations take that URL for a
    /// template.
    Database,
    /// In a URL of a configuration file, percent-encoded there.
    Url,
    /// The value of an option in a configuration file of oslo.config, as it is.
    Ini,
    /// The password of a user of Keystone.
    Identity,
}

impl AccountUse {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Url => "url",
            Self::Ini => "ini",
            Self::Identity => "identity",
        }
    }
}
