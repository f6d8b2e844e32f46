//! Finding machines on the wire: sweeps, what they found, schedules, sets of credentials, logins that were refused.

use super::changes::Credential;
use crate::domain::facts::same::Twin;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::net::HostAddress;
use crate::domain::node::CredentialKind;
use crate::domain::sweeps::{Discovery, Every, LoginLimit, SweepOrder, SweepRecord};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// A sweep, under way or over.
pub type SweepRow = SweepRecord;

/// An address at which something answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRow {
    /// Where.
    pub address: HostAddress,
    /// Port.
    pub port: u16,
    /// What answered, made harmless: the banner of SSH, or why it is not SSH.
    pub banner: String,
    /// Whether that is SSH.
    pub ssh: bool,
    /// The node of this environment that has the address already.
    pub node: Option<NodeId>,
    /// Seen first.
    #[serde(default)]
    pub first: Moment,
    /// Seen last.
    #[serde(default)]
    pub last: Moment,
    /// It has come within the last 24 hours, at an address that was asked in vain before.
    #[serde(default)]
    pub new: bool,
    /// A later sweep got no answer there, first at that moment.
    #[serde(default)]
    pub missing: Option<Moment>,
    /// Fingerprint of the SSH host key that it shows.
    #[serde(default)]
    pub host_key: Option<String>,
    /// MAC address it answers from, where the management host has it on a network of its own.
    #[serde(default)]
    pub mac: Option<String>,
    /// Nodes that are the same machine, or a clone of it.
    #[serde(default)]
    pub twins: Vec<Twin>,
}

/// How machines are found for an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryRow {
    /// Which environment.
    pub env: EnvId,
    /// Schedule and care.
    pub settings: Discovery,
    /// When the next sweep is due.
    pub next: Option<Moment>,
    /// Sets of credentials, by name.
    pub sets: Vec<SetRow>,
}

/// A set of credentials, tried in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRow {
    /// Its name.
    pub name: String,
    /// What is tried, in order.
    pub entries: Vec<SetEntryRow>,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed: Moment,
}

/// One credential of a set, without what is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetEntryRow {
    /// Its number within the set, never given twice.
    pub id: u32,
    /// Account.
    pub user: String,
    /// What it is.
    pub kind: CredentialKind,
}

/// Refused logins of a node that still count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginState {
    /// How many.
    pub refused: u32,
    /// How many are allowed.
    pub limit: LoginLimit,
    /// Until when cpmg tries no more; `None`: it may.
    pub until: Option<Moment>,
}

/// A change of how machines are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscoveryChange {
    /// Another schedule, or none.
    Schedule(Option<(SweepOrder, Every)>),
    /// Another limit of refused logins.
    Limit(LoginLimit),
}

/// A change of a set of credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetChange {
    /// One more credential, tried after the others. The first one makes the set.
    Add {
        /// Account.
        user: String,
        /// How to log in.
        credential: Credential,
    },
    /// Without this credential; without the last one the set is gone.
    Drop {
        /// Its number.
        entry: u32,
    },
    /// This credential is tried first.
    First {
        /// Its number.
        entry: u32,
    },
    /// No set any more.
    Remove,
}

/// Revision that a change of settings is based on when there are none yet.
pub const NO_SETTINGS: Revision = Revision(0);
