//! Connectivity checks as clients see them.

use crate::domain::check::gate::Gate;
use crate::domain::check::{Changed, CheckKind, CheckReport};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// What is to be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckScope {
    /// Only these nodes; empty: all. A check that needs others asks all in any case.
    pub nodes: Vec<NodeId>,
    /// Only these checks; empty: all.
    pub kinds: Vec<CheckKind>,
}

impl CheckScope {
    /// Everything.
    pub fn is_whole(&self) -> bool {
        self.nodes.is_empty() && self.kinds.is_empty()
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckPhase {
    /// Logging in, gathering facts.
    Facts,
    /// The programs run on the nodes.
    Asking,
    /// Over.
    Over,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// A check under way, or the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRunRow {
    /// Of which environment.
    pub env: EnvId,
    /// Who started it.
    pub by: String,
    /// When.
    pub started: Moment,
    /// Over since.
    pub ended: Option<Moment>,
    /// Where it is.
    pub phase: CheckPhase,
    /// What is looked at.
    pub scope: CheckScope,
    /// Nodes that are done with the phase.
    pub done: u32,
    /// Nodes.
    pub total: u32,
    /// About how long it will take in all, milliseconds: as long as the last one.
    pub usual_ms: Option<u64>,
    /// Ended early by an operator: it left no report.
    pub cancelled: bool,
    /// Why it left no report.
    pub fault: Option<String>,
}

/// The last report, and what became of what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// The report; none: never checked.
    pub report: Option<CheckReport>,
    /// What changed since.
    pub changed: Vec<Changed>,
    /// What it means for an installation.
    pub gate: Gate,
}
