//! What may be asked for after the installation: nodes that leave, services, options that are rolled out.

use crate::domain::day2::{LeaveHow, Task};
use crate::domain::ids::{EnvId, NodeId};
use serde::{Deserialize, Serialize};

/// What may be asked for after the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Day2 {
    /// What would be done for a node to leave its installed environment.
    LeavePreview {
        /// Which.
        node: NodeId,
        /// How.
        how: LeaveHow,
    },
    /// Has a node leave its installed environment: a job, at whose good end it is taken out.
    Leave {
        /// Which.
        node: NodeId,
        /// How.
        how: LeaveHow,
    },
    /// How the services of a node stand. The node is asked.
    Services {
        /// Which node.
        node: NodeId,
        /// Only this unit.
        #[serde(default)]
        unit: Option<String>,
        /// Lines of each log.
        #[serde(default)]
        lines: u32,
    },
    /// Restarts a service of a node.
    Restart {
        /// Which node.
        node: NodeId,
        /// Its unit.
        unit: String,
    },
    /// Options that differ between what is set and what the installed nodes have.
    OptionsPending {
        /// Of which environment.
        env: EnvId,
    },
    /// What rolling changed options out would do.
    RollOutPreview {
        /// Of which environment.
        env: EnvId,
    },
    /// Rolls changed options out to the services concerned.
    RollOut {
        /// Of which environment.
        env: EnvId,
        /// Only ask every step what it would change.
        #[serde(default)]
        dry_run: bool,
    },
    /// What a task would do.
    TaskPreview {
        /// In which environment.
        env: EnvId,
        /// Which.
        task: Task,
    },
    /// Does a task: a job.
    Task {
        /// In which environment.
        env: EnvId,
        /// Which.
        task: Task,
        /// Only ask every step what it would change.
        #[serde(default)]
        dry_run: bool,
    },
}
