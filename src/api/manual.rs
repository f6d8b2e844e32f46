//! What may be asked of the manual procedure: an operator installs a node's operating system by hand.

use crate::domain::ids::{JobId, NodeId};
use serde::{Deserialize, Serialize};

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualAsk {
    /// An operator installs a node's operating system by hand.
    Start {
        /// Which node.
        node: NodeId,
    },
    /// Confirms an instruction of the manual procedure.
    Confirm {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
        /// Number of the instruction, from 1, in order.
        number: u32,
    },
    /// Has the program check what was done by hand, and go on if it is good.
    Check {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
    },
    /// Gives the manual procedure up.
    Leave {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
