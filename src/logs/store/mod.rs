//! Collected logs of one environment on the disk: appended, searched, thrown away when they are old.
//!
//! | file | what it holds |
//! |---|---|
//! | `frame` | frames of the data file: bytes of a node's file with their place in it |
//! | `segment` | one data file with its index file |
//! | `block` | some thousand records, their summary and their entries |
//! | `ids` | fingerprints of UUIDs |
//! | `cover` | which bytes of a node's file are kept |
//! | `state` | what is known: taken up from the disk, changed, thrown away |
//! | `write` | opening, appending, retention |
//! | `matching` | a filter made ready: what a block, an entry, a text must have |
//! | `walk` | records that match, in the order of time, from any place in either direction |
//! | `query` | windows, searches, histograms, one record |
//! | `lines` | files of lines that others write, what steps of jobs print, to be looked at in the same way |
//! | `arrival` | records in the order of arrival, for those who take each of them once |
//!
//! The raw lines are the truth; the index can be made from them again. A record has a [`Cursor`], a number that grows with
//! arrival. Views are ordered by corrected time, then by cursor: within one file that is the order of the file.
//!
//! All calls block (files are read): use them on threads for that, never on the runtime's.
//!
//! Never here: a connection, a permission, a name of a person.

mod arrival;
mod block;
mod cache;
mod cover;
mod frame;
mod ids;
mod lines;
mod matching;
mod query;
mod segment;
mod state;
#[cfg(test)]
mod tests;
mod walk;
mod write;

pub use arrival::{Ahead, Arrived};
pub use cover::Cover;
pub use lines::{LINES_MAX, LineFile, LineFiles};
pub use matching::Wanted;
pub use query::{At, Found, Histogram, Hits, View, Window};
pub use walk::Until;
pub use write::{Appended, Chunk, FileState, LogStore, Options, Source, SourceCount, Stats};

use std::path::{Path, PathBuf};

/// A record's number within its environment.
pub type Cursor = u64;

/// Why logs cannot be kept or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreFault {
    /// The operating system says no.
    #[error("{path}: {why}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        why: String,
        /// There is no room.
        full: bool,
    },
    /// The disk is nearly full.
    #[error(
        "the disk with {dir} has only {free} MiB left: no logs are collected until there is room; keep fewer ('cpmg logs collect ENV keep') or free some"
    )]
    Full {
        /// Where.
        dir: PathBuf,
        /// MiB that are free.
        free: u64,
    },
    /// Bytes that are kept already.
    #[error("bytes {from} to {to} of file {file} are kept already")]
    Again {
        /// Which file.
        file: u32,
        /// First byte.
        from: u64,
        /// One past the last.
        to: u64,
    },
    /// No such file or source.
    #[error("there is no file {0} in these logs")]
    NoFile(u32),
    /// A pattern is none.
    #[error("{0}")]
    Pattern(String),
}

impl StoreFault {
    fn io(path: &Path, e: &std::io::Error) -> Self {
        let full = matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        Self::Io { path: path.to_path_buf(), why: e.to_string(), full }
    }
}
