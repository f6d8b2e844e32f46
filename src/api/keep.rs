//! What keeps data and the trail of it: proofs, backups, the end and the copy of an environment.

use crate::domain::ids::EnvId;
use crate::domain::keeping::ExportRules;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// What may be asked about keeping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Whether the whole audit trail is as it was written.
    AuditVerify,
    /// The rules for exports, and how things stand with them.
    ExportRules,
    /// Other rules for exports.
    ExportRulesSet(ExportRules),
    /// Writes an export of the data now.
    Backup,
    /// Removes a hidden environment for good.
    EnvPurge {
        /// Which.
        env: EnvId,
        /// Its name, typed by the administrator.
        name: String,
        /// The reason.
        why: String,
    },
    /// Makes an environment like another one, without nodes.
    EnvClone {
        /// Like which.
        env: EnvId,
        /// Name of the new one.
        name: String,
    },
    /// An environment as the text of a file, with its secrets, sealed with a passphrase.
    EnvExport {
        /// Which.
        env: EnvId,
        /// What opens it.
        passphrase: Secret,
    },
    /// Makes an environment of such a file, which was sent as the text of a list.
    EnvImport {
        /// The list's number.
        upload: u64,
        /// Another name than it had.
        name: Option<String>,
        /// What opens it.
        passphrase: Secret,
    },
}

/// How things stand with exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportState {
    /// The rules.
    pub rules: ExportRules,
    /// When the last one was written since the engine started.
    pub last: Option<Moment>,
    /// Why no later one could be.
    pub fault: Option<String>,
    /// Of when the last copy is.
    pub copied: Option<Moment>,
    /// Why there is no later one.
    pub copy_fault: Option<String>,
}
