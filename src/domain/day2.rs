//! What is asked for after the installation.

use serde::{Deserialize, Serialize};

/// The task that takes a node out of an installed environment: steps of modules that belong to it have `task = "leave"`.
pub const LEAVE: &str = "leave";

/// How a node leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeaveHow {
    /// Undo what the installation did on it.
    pub undo: bool,
    /// Delete the instances that are on it; otherwise it stays while there are some.
    pub delete_instances: bool,
    /// The machine is gone: nothing is done on it.
    pub gone: bool,
}

/// On which nodes the steps of a task are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskPlace {
    /// The first controller: before the others, or after them with `stage = "verification"`.
    #[default]
    Controller,
    /// The node that the task is about.
    Node,
}
