//! What may be asked about an environment's Cobbler server.

use crate::domain::cobbler::{CobblerPlace, CobblerPower};
use crate::domain::ids::{EnvId, NodeId};
use serde::{Deserialize, Serialize};

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CobblerAsk {
    /// Sets where an environment's Cobbler server is, or forgets it.
    Set {
        /// Of which environment.
        env: EnvId,
        /// Where; an empty password keeps the one of the same address and user. `None` forgets.
        place: Option<CobblerPlace>,
    },
    /// Where an environment's Cobbler server is. Nothing is connected.
    Settings {
        /// Of which environment.
        env: EnvId,
    },
    /// What an environment's Cobbler server has.
    View {
        /// Of which environment.
        env: EnvId,
    },
    /// Registers a node as a system of its environment's Cobbler server.
    Register {
        /// Which node.
        node: NodeId,
        /// The system's name; `None` takes the node's.
        system: Option<String>,
        /// What is to be installed on it, when it is.
        profile: String,
        /// The MAC address that boots from the network; `None`: that of the NIC with the node's address.
        #[serde(default)]
        mac: Option<String>,
        /// How the server switches it.
        power: Option<CobblerPower>,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
