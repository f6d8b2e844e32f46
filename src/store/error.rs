//! What can go wrong with stored data, each in a sentence that says what to do.
//!
//! The errors can be cloned, because one failed flush answers everybody whose change was in it.

use super::{Header, Kind};
use crate::domain::ids::Revision;
use std::path::{Path, PathBuf};

/// Why the store refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record was changed by somebody else, or is there although it should not be, or is gone.
    #[error("{}", conflict_text(*kind, *expected, current.as_ref()))]
    Conflict {
        /// The table.
        kind: Kind,
        /// The record's key as stored.
        key: Vec<u8>,
        /// The revision the change was based on; `None`: the record should not exist.
        expected: Option<Revision>,
        /// Revision, time and author of what is stored; `None`: the record does not exist.
        current: Option<Header>,
    },
    /// A value or key beyond what a record may hold.
    #[error(
        "a record of {kind} has {size} bytes, {limit} are allowed: keep bulk data in files and large things in several records"
    )]
    TooLarge {
        /// The table.
        kind: Kind,
        /// Bytes of the value or key.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Written by a newer cpmg.
    #[error(
        "the stored {kind} have format {found}, this cpmg knows up to {known}: install the newer cpmg again, or restore a backup of this version"
    )]
    Newer {
        /// The table.
        kind: Kind,
        /// Schema version of the record.
        found: u8,
        /// Newest version this program reads.
        known: u8,
    },
    /// A record that does not say what it should.
    #[error("a record of {kind} (key {key}) cannot be read: {why}; restore a backup with `cpmg restore`")]
    Unreadable {
        /// The table.
        kind: Kind,
        /// The key in hexadecimal.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// No space; nothing was changed.
    #[error(
        "the disk under {dir} is full ({free} bytes free): nothing was changed; free some space and do it again"
    )]
    DiskFull {
        /// Directory of the data.
        dir: PathBuf,
        /// Bytes free when it was noticed.
        free: u64,
    },
    /// A file system that takes no writes.
    #[error(
        "the file system under {dir} is read-only: mount it writable, or check why the kernel changed it"
    )]
    ReadOnly {
        /// Directory of the data.
        dir: PathBuf,
    },
    /// Somebody else's files.
    #[error(
        "{path} belongs to user {owner}, cpmg runs as user {me}: start it as that user or give the files to this one"
    )]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Numeric user who owns it.
        owner: u32,
        /// Numeric user of this process.
        me: u32,
    },
    /// Others could read or write it.
    #[error("{path} is open to other users (mode {mode:03o}): run `chmod {wanted:03o} {path}`")]
    Mode {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The permission bits it should have.
        wanted: u32,
    },
    /// Not allowed by the operating system.
    #[error("no permission for {path}: start cpmg as the user who owns its data")]
    Denied {
        /// The file or directory.
        path: PathBuf,
    },
    /// A second engine on the same data.
    #[error("{dir} is in use by another cpmg engine{}: stop that one first", pid_text(*pid))]
    InUse {
        /// Directory of the data.
        dir: PathBuf,
        /// Process that holds it, if it could be read.
        pid: Option<u32>,
    },
    /// Any other failure of the operating system.
    #[error("{path}: {why}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        why: String,
    },
    /// The database itself failed.
    #[error("the database in {dir} failed: {why}; it is opened again with the next change")]
    Database {
        /// Directory of the database.
        dir: PathBuf,
        /// What it said.
        why: String,
    },
    /// The key file is not what it was.
    #[error(
        "{path} is no key of cpmg ({why}): put the right file back from your backup; without it stored passwords cannot be read"
    )]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A sealed secret that does not open.
    #[error(
        "a secret in {kind} does not open: it was sealed with another key file or for another record; put the right key file back or enter the secret again"
    )]
    Unseal {
        /// The table of the record it belongs to.
        kind: Kind,
    },
    /// An export file that cannot be imported.
    #[error("{path} line {line}: {why}; choose another export")]
    Export {
        /// The export file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Step output that does not continue what is stored.
    #[error(
        "output at offset {offset} does not continue {path}, which has {len} bytes: follow it again from there"
    )]
    Offset {
        /// The output file.
        path: PathBuf,
        /// Offset of the refused bytes.
        offset: u64,
        /// Length of the file.
        len: u64,
    },
    /// A job, node, step or attempt that makes no file name.
    #[error("`{name}` cannot be the name of a step's output: use letters, digits, `-`, `_` and `.`")]
    Name {
        /// The refused name.
        name: String,
    },
    /// The store is shutting down or its writer died.
    #[error("the store is closed: restart the engine")]
    Closed,
}

/// Result of everything in this module.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Sorts an error of the operating system about `path` into the distinct cases.
    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let path = path.to_path_buf();
        match error.kind() {
            K::StorageFull | K::QuotaExceeded => {
                Self::DiskFull { free: free_bytes(&path).unwrap_or(0), dir: path }
            }
            K::ReadOnlyFilesystem => Self::ReadOnly { dir: path },
            K::PermissionDenied => Self::Denied { path },
            _ => Self::Io { path, why: error.to_string() },
        }
    }

    /// Whether the same change may succeed later without anything else being done.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::Database { .. })
    }
}

/// Bytes an unprivileged process may still write under `path` (a file of it or a directory).
pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = path.ancestors().find_map(|p| rustix::fs::statvfs(p).ok())?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn conflict_text(kind: Kind, expected: Option<Revision>, current: Option<&Header>) -> String {
    match (expected, current) {
        (None, _) => {
            format!("this record of {kind} exists already: choose another name or open the existing one")
        }
        (Some(_), None) => format!("this record of {kind} was removed meanwhile: reload"),
        (Some(old), Some(now)) => format!(
            "this record of {kind} was changed meanwhile (you saw revision {old}, it has {}): reload and make the change again",
            now.revision
        ),
    }
}

fn pid_text(pid: Option<u32>) -> String {
    pid.map(|p| format!(" (process {p})")).unwrap_or_default()
}
