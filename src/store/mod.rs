//! What cpmg keeps on its own machine, and how it stays whole.
//!
//! A `Store` holds byte tables; changes are made in a `Batch` that is accepted as a whole and is on the disk before
//! anybody is told or can read it. `Table` puts types on top: JSON bodies behind a fixed head with revision, schema
//! version, time and author. `SledStore` keeps the tables in sled, `MemoryStore` in memory for tests; one suite runs on
//! both (`suite.rs`). Read this file, then `batch` (the rules of a change), then `table`.
//!
//! sled 0.34 is given and old. Here nothing of it shows: `sled_store` flushes and synchronises every change itself,
//! opens the database again after a failure, and `data_dir` rebuilds it from an export if it does not open at all.
//!
//! Never here: a secret in plain text (see `seal`), bulk data in a table (see `output`), a rule about what a record means.

pub mod backup;
mod batch;
mod counter;
mod data_dir;
#[cfg(test)]
mod data_dir_tests;
mod envelope;
mod error;
pub mod export;
mod files;
mod key;
mod memory;
mod output;
pub mod parcel;
mod parts;
mod pending;
pub mod rotate;
mod said;
mod seal;
mod sled_store;
#[cfg(test)]
mod suite;
mod table;

pub use batch::{Batch, MAX_KEY, MAX_VALUE};
pub use data_dir::{DataDir, Opened};
pub use envelope::{Header, Stamp};
pub use error::{Error, Result, free_bytes};
pub use files::{private_dir, write_durably};
pub use key::Key;
pub use memory::MemoryStore;
pub use output::{Lines, MAX_WINDOW, OutputId, OutputStore};
pub use pending::{Answer, Pending};
pub use seal::{Identity, Sealed, Sealer};
pub use sled_store::{Options, SledStore};
pub use table::{Migrate, Migration, Stored, Table};

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All tables.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The table's name, in the database, in exports and in messages.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// About the store itself: format, counters.
    Meta = "meta",
    /// People.
    Users = "users",
    /// Logins that are open.
    Sessions = "sessions",
    /// Keys of second factors, sealed.
    SecondFactors = "second-factors",
    /// Environments.
    Environments = "environments",
    /// Nodes.
    Nodes = "nodes",
    /// How to log in to nodes, sealed.
    Credentials = "credentials",
    /// How to log in to jump hosts of nodes, sealed.
    JumpCredentials = "jump-credentials",
    /// Generated accounts of an environment's services, sealed.
    Accounts = "accounts",
    /// Network plans of environments.
    Networks = "networks",
    /// Pools, subnets and addresses of environments.
    Addresses = "addresses",
    /// Pinned host keys.
    Hostkeys = "hostkeys",
    /// Sweeps for nodes and what they found.
    Sweeps = "sweeps",
    /// Addresses at which something answered, by environment.
    Sightings = "sightings",
    /// How machines are found, by environment.
    Discovery = "discovery",
    /// Sets of credentials, sealed.
    CredentialSets = "credential-sets",
    /// Wrong passwords of users, and of the accounts they come from.
    Lockouts = "lockouts",
    /// Logins that nodes refused.
    Logins = "logins",
    /// What the facts of nodes were.
    Facts = "facts",
    /// Jobs.
    Jobs = "jobs",
    /// Plans, kept with their jobs.
    Plans = "plans",
    /// What happened in each job.
    Journal = "journal",
    /// How long steps took.
    Learned = "learned",
    /// Answers to requests that must not be done twice.
    Requests = "requests",
    /// Reports of connectivity checks.
    Checks = "checks",
    /// Proofs of environments.
    Proofs = "proofs",
    /// Images that proofs take.
    ProofImages = "proof-images",
    /// Whether and how long logs of an environment are collected.
    Logs = "logs",
    /// Records of logs that people marked.
    LogMarks = "log-marks",
    /// Saved ways to look at logs.
    LogViews = "log-views",
    /// How long shells are kept and what is recorded of them.
    ShellRules = "shell-rules",
    /// How many exports are kept, and where copies go.
    ExportRules = "export-rules",
    /// Whether and where the engine listens for SSH.
    Door = "door",
    /// Who did what.
    Audit = "audit",
}

impl Kind {
    /// The table of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A stretch of a table.
#[derive(Clone, Debug, Default)]
pub struct Span {
    prefix: Vec<u8>,
    after: Option<Vec<u8>>,
    limit: Option<usize>,
    backwards: bool,
}

impl Span {
    /// Every record whose key begins so; an empty prefix is the whole table.
    pub fn under(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), ..Self::default() }
    }

    /// Only what comes after this key in the direction of reading, the key itself excluded.
    #[must_use]
    pub fn after(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.after = Some(key.into());
        self
    }

    /// At most so many records.
    #[must_use]
    pub fn limit(mut self, records: usize) -> Self {
        self.limit = Some(records);
        self
    }

    /// From the last key to the first.
    #[must_use]
    pub fn backwards(mut self) -> Self {
        self.backwards = true;
        self
    }

    /// The keys this span can contain, as bounds.
    fn bounds(&self) -> (std::ops::Bound<Vec<u8>>, std::ops::Bound<Vec<u8>>) {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let mut low = Included(self.prefix.clone());
        let mut high = next_prefix(&self.prefix).map_or(Unbounded, Excluded);
        if let Some(after) = &self.after {
            if self.backwards {
                let beyond = matches!(&high, Excluded(h) if after >= h);
                if !beyond {
                    high = Excluded(after.clone());
                }
            } else if *after >= self.prefix {
                low = Excluded(after.clone());
            }
        }
        let empty = match (&low, &high) {
            (Included(l) | Excluded(l), Excluded(h)) => l >= h,
            _ => false,
        };
        if empty { (Included(Vec::new()), Excluded(Vec::new())) } else { (low, high) }
    }
}

/// The first key behind all keys with this prefix; `None` if there is none.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            next.push(last + 1);
            return Some(next);
        }
    }
    None
}

/// Byte tables with atomic, durable changes. All calls may block for the time of a flush (a few milliseconds); tasks
/// should `submit` and await.
pub trait Store: Send + Sync {
    /// The value of a key.
    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The records of a stretch in the order of their keys, as of one moment.
    fn range(&self, kind: Kind, span: &Span) -> Result<Vec<Entry>>;

    /// The records of several tables as of one moment.
    fn snapshot(&self, kinds: &[Kind]) -> Result<Vec<(Kind, Vec<Entry>)>>;

    /// Sends a change on its way. Changes submitted while a flush runs share the next one. Nobody reads a change before
    /// it is on the disk.
    fn submit(&self, batch: Batch) -> Pending;

    /// An identity of this table that was never given before, from 1. It is kept with the next accepted change.
    fn next_id(&self, kind: Kind) -> Result<u64>;

    /// All records whose key begins so.
    fn scan(&self, kind: Kind, prefix: &[u8]) -> Result<Vec<Entry>> {
        self.range(kind, &Span::under(prefix))
    }

    /// Makes a change and returns when it is on the disk, with the revisions of its puts in their order.
    fn apply(&self, batch: Batch) -> Answer {
        self.submit(batch).wait()
    }
}
