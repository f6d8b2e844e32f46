//! The door over SSH, and the keys that users come in with.

use crate::domain::door::UserKey;
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};

/// What may be asked about the door.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorAsk {
    /// Whether it is open, where, and by which key it is known.
    Status,
    /// Opens or closes it.
    Set {
        /// Open.
        on: bool,
        /// Address and port; nothing: as before.
        listen: Option<String>,
    },
    /// My keys.
    OwnKeys,
    /// Registers a key of mine.
    OwnKeyAdd {
        /// The line of the public key.
        key: String,
        /// My password.
        password: Secret,
    },
    /// Removes a key of mine.
    OwnKeyRemove {
        /// Its fingerprint, or enough of its beginning.
        fingerprint: String,
    },
    /// Keys of a user.
    Keys {
        /// Whose.
        name: String,
    },
    /// Registers a key of a user.
    KeyAdd {
        /// Whose.
        name: String,
        /// The line of the public key.
        key: String,
    },
    /// Removes a key of a user.
    KeyRemove {
        /// Whose.
        name: String,
        /// Its fingerprint, or enough of its beginning.
        fingerprint: String,
    },
}

/// Answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorAnswer {
    /// How it stands.
    Status(DoorView),
    /// Keys.
    Keys(Vec<UserKey>),
}

/// How the door stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DoorView {
    /// It is to be open.
    pub on: bool,
    /// Address and port that were chosen.
    pub listen: Option<String>,
    /// It is open.
    pub listening: bool,
    /// It listens at every address of the machine.
    pub everywhere: bool,
    /// Why it is not open although it should be.
    pub why: Option<String>,
    /// Fingerprint of its host key.
    pub fingerprint: Option<String>,
    /// The host key as a line of `known_hosts`, without the host.
    pub host_key: Option<String>,
    /// Connections on which somebody has logged in.
    pub connections: u32,
}
