//! What may be asked about an environment's accounts.

use crate::domain::accounts::NewValue;
use crate::domain::ids::EnvId;
use serde::{Deserialize, Serialize};

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountAsk {
    /// Accounts of an environment (names, kinds, lengths; never the values).
    List {
        /// Of which environment.
        env: EnvId,
    },
    /// Sets an account that no service uses yet.
    Set {
        /// Of which environment.
        env: EnvId,
        /// Which account.
        name: String,
        /// Its value.
        new: NewValue,
    },
    /// What rotating an account would do.
    RotationPreview {
        /// Of which environment.
        env: EnvId,
        /// Which account.
        name: String,
    },
    /// Changes an account in the services that use it.
    Rotate {
        /// Of which environment.
        env: EnvId,
        /// Which account.
        name: String,
        /// Its value.
        new: NewValue,
        /// Of the steps that were shown.
        digest: u64,
    },
    /// The value of an account, shown to an operator on demand and recorded.
    Reveal {
        /// Of which environment.
        env: EnvId,
        /// Which.
        name: String,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
