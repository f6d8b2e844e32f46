//! What can go wrong with stored data, as sentences that are read in the language of the screens: those that somebody may meet there.
//! What only an engine that starts can say stays as it is.

use super::Error;
use crate::domain::said::{Said, sentence};

impl Error {
    /// The sentence for the operator. What the operating system and the database themselves say is as they say it.
    pub fn said(&self) -> Said {
        match self {
            Self::TooLarge { kind, size, limit } => sentence!(
                "store-too-large",
                "a record of {kind} has {size} bytes, {limit} are allowed: keep bulk data in files and large things in several records",
                kind = kind,
                size = size,
                limit = limit
            ),
            Self::Newer { kind, found, known } => sentence!(
                "store-newer",
                "the stored {kind} have format {found}, this cpmg knows up to {known}: install the newer cpmg again, or restore a backup of this version",
                kind = kind,
                found = found,
                known = known
            ),
            Self::Unreadable { kind, key, why } => sentence!(
                "store-unreadable",
                "a record of {kind} (key {key}) cannot be read: {why}; restore a backup with `cpmg restore`",
                kind = kind,
                key = key,
                why = why
            ),
            Self::DiskFull { dir, free } => sentence!(
                "store-disk-full",
                "the disk under {dir} is full ({free} bytes free): nothing was changed; free some space and do it again",
                dir = dir.display(),
                free = free
            ),
            Self::ReadOnly { dir } => sentence!(
                "store-read-only",
                "the file system under {dir} is read-only: mount it writable, or check why the kernel changed it",
                dir = dir.display()
            ),
            Self::Denied { path } => sentence!(
                "store-denied",
                "no permission for {path}: start cpmg as the user who owns its data",
                path = path.display()
            ),
            Self::Database { dir, why } => sentence!(
                "store-database",
                "the database in {dir} failed: {why}; it is opened again with the next change",
                dir = dir.display(),
                why = why
            ),
            Self::Unseal { kind } => sentence!(
                "store-unseal",
                "a secret in {kind} does not open: it was sealed with another key file or for another record; put the right key file back or enter the secret again",
                kind = kind
            ),
            Self::Closed => sentence!("store-closed", "the store is closed: restart the engine"),
            Self::Conflict { kind, expected: None, .. } => sentence!(
                "store-exists",
                "this record of {kind} exists already: choose another name or open the existing one",
                kind = kind
            ),
            Self::Conflict { kind, current: None, .. } => {
                sentence!("store-removed", "this record of {kind} was removed meanwhile: reload", kind = kind)
            }
            Self::Conflict { kind, expected: Some(old), current: Some(now), .. } => sentence!(
                "store-changed",
                "this record of {kind} was changed meanwhile (you saw revision {old}, it has {now}): reload and make the change again",
                kind = kind,
                old = old,
                now = now.revision
            ),
            Self::Owner { .. }
            | Self::Mode { .. }
            | Self::InUse { .. }
            | Self::Io { .. }
            | Self::Key { .. }
            | Self::Export { .. }
            | Self::Offset { .. }
            | Self::Name { .. } => self.to_string().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Kind;

    #[test]
    fn both_ways_to_say_it_are_the_same_words() {
        let (kind, dir) = (Kind::Nodes, std::path::PathBuf::from("/var/lib/cpmg"));
        let why = "a cut line".to_owned();
        let faults = [
            Error::TooLarge { kind, size: 9, limit: 8 },
            Error::Newer { kind, found: 3, known: 2 },
            Error::Unreadable { kind, key: "00ff".to_owned(), why: why.clone() },
            Error::DiskFull { dir: dir.clone(), free: 512 },
            Error::ReadOnly { dir: dir.clone() },
            Error::Denied { path: dir.clone() },
            Error::Database { dir: dir.clone(), why },
            Error::Unseal { kind },
            Error::Closed,
            Error::Conflict { kind, key: Vec::new(), expected: None, current: None },
            Error::Conflict {
                kind,
                key: Vec::new(),
                expected: Some(crate::domain::ids::Revision(3)),
                current: None,
            },
        ];
        for fault in faults {
            assert_eq!(fault.said().to_string(), fault.to_string());
        }
    }
}
