//! Collecting logs from a node over one channel of SSH.
//!
//! | file | what it does |
//! |---|---|
//! | `follower.py` | runs on the node and answers: which files are there, bytes of one, entries of the journal |
//! | `link` | starts it and talks with it, one question at a time: that is the bound on both sides |
//! | `tracking` | from what is known and what is there: which file became which, what to read; pure |
//! | `round` | one round: ask, decide, read, keep; `round/journal`: the same for the journal |
//! | `backfill` | where in a file the last hours begin |
//!
//! The node keeps no position and judges nothing, so it does not matter when it, the link or the engine dies: what is kept is
//! known from the store alone, byte by byte, and everything else is asked for again. A file is recognised by its inode and by
//! hashes of its beginning, so that it stays the same under another name, as a copy, and compressed.

mod backfill;
mod link;
mod round;
#[cfg(test)]
mod tests;
mod tracking;

pub use round::{Collector, NodeStatus, Places};

use crate::logs::store::StoreFault;
use crate::ssh::SshError;

/// Why collecting from a node stopped.
#[derive(Debug, thiserror::Error)]
pub enum CollectFault {
    /// The connection.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// There is no Python on the node.
    #[error("{0} has neither python3 nor python: install python3 there; logs cannot be collected without it")]
    NoPython(String),
    /// The node's side ended or does not answer as it should.
    #[error("collecting from {host} ended: {why}")]
    Ended {
        /// Which node.
        host: String,
        /// What it said.
        why: String,
    },
    /// Logs cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreFault),
}
