//! Looking at machines and wires before they are touched: what was asked, what was seen, what is wrong with it.
//!
//! [`expect`](expect::expect) says what should be there, from the network plan (or, without one, from the addresses that nodes
//! have) and the chosen modules; [`tasks`](tasks::tasks) turns that into questions for each node (`probe`); [`evaluate`] judges
//! the answers. All of it is pure. A [`Finding`] names a cause, at the node and NIC where it has to be mended; what only
//! follows from a cause is left out. Read `report` for what comes out, `judge` for how.
//!
//! Never here: how a node is asked (that is `discovery::probe`), when and how often (that is the engine).

pub mod expect;
pub mod gate;
mod judge;
pub mod probe;
pub mod report;
pub mod tasks;
#[cfg(test)]
mod tests;
mod words;
#[cfg(test)]
pub(crate) mod world;

pub use expect::{Expected, Facing, PortNeed, expect};
pub use judge::{Judged, evaluate};
pub use report::{
    Basis, Cell, CellState, Changed, CheckReport, Column, Finding, NodeLine, Observed, Place, Seen,
    SegmentView, Severity, Verdict,
};
pub use tasks::tasks;
pub use words::{CAUSES, Words, argument, tidy, words};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// The node can be logged in to.
    Ssh,
    /// Which NICs share a segment.
    Segments,
    /// Which VLANs pass on the trunk.
    Vlans,
    /// Every node reaches every other on every network with addresses.
    Pairs,
    /// Packets of the largest size pass.
    Mtu,
    /// Nobody else has a node's address.
    Duplicates,
    /// No DHCP server that does not belong there.
    Dhcp,
    /// The gateway answers.
    Gateway,
    /// Names resolve.
    Names,
    /// The clock is right, and kept right.
    Clock,
    /// The package repositories answer.
    Repositories,
    /// The ports that the chosen modules need are free, or ours.
    Ports,
}

impl CheckKind {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Ssh,
        Self::Segments,
        Self::Vlans,
        Self::Duplicates,
        Self::Pairs,
        Self::Mtu,
        Self::Gateway,
        Self::Dhcp,
        Self::Names,
        Self::Clock,
        Self::Repositories,
        Self::Ports,
    ];

    /// The word used on the command line, in JSON and in the message catalogue (`check-kind-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Segments => "segments",
            Self::Vlans => "vlans",
            Self::Pairs => "pairs",
            Self::Mtu => "mtu",
            Self::Duplicates => "duplicates",
            Self::Dhcp => "dhcp",
            Self::Gateway => "gateway",
            Self::Names => "names",
            Self::Clock => "clock",
            Self::Repositories => "repositories",
            Self::Ports => "ports",
        }
    }

    /// Whether nodes are needed besides the one that it is about: it cannot be run on one node alone.
    pub fn needs_others(self) -> bool {
        matches!(self, Self::Segments | Self::Vlans | Self::Pairs | Self::Mtu)
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for CheckKind {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.word() == s).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|k| k.word()).collect();
            format!("there is no check '{s}': one of {}", words.join(", "))
        })
    }
}
