//! The fixed head of every stored value.
//!
//! Eight bytes revision, one byte schema version of the body, eight bytes time and eight bytes author, all big-endian,
//! then the body. The store reads only the head: it gives out revisions and compares them without understanding a record.
//!
//! The body is JSON. It is what the logical export contains, so that whatever can be stored can by construction be
//! exported, read with `jq` and carried to the next schema as a generic value; the bytes it costs are small values' bytes.

use crate::domain::{
    ids::{Revision, UserId},
    time::Moment,
};

/// Bytes of the head.
pub(super) const HEAD: usize = 25;

/// When a record was changed, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: Moment,
    /// By whom; `UserId(0)` is the engine itself.
    pub by: UserId,
}

impl Stamp {
    /// A change the engine made on its own account.
    pub fn engine(at: Moment) -> Self {
        Self { at, by: UserId(0) }
    }
}

/// What the store knows about a record without understanding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Grows by one with every change, from 1.
    pub revision: Revision,
    /// Version of the body's format, from 1.
    pub schema: u8,
    /// The last change.
    pub stamp: Stamp,
}

impl Header {
    /// The stored form: this head and the body.
    pub fn with(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend_from_slice(&self.revision.0.to_be_bytes());
        bytes.push(self.schema);
        bytes.extend_from_slice(&self.stamp.at.0.to_be_bytes());
        bytes.extend_from_slice(&self.stamp.by.0.to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    /// Head and body of a stored value; `None` if it is too short to have one.
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (revision, rest) = bytes.split_first_chunk::<8>()?;
        let (schema, rest) = rest.split_first()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (by, body) = rest.split_first_chunk::<8>()?;
        let stamp = Stamp { at: Moment(u64::from_be_bytes(*at)), by: UserId(u64::from_be_bytes(*by)) };
        Some((Self { revision: Revision(u64::from_be_bytes(*revision)), schema: *schema, stamp }, body))
    }
}
