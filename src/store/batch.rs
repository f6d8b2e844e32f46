//! Changes that happen together or not at all.
//!
//! A `Batch` is a list of writes and of expectations. Both stores turn it into plain writes through a `Plan`, which gives
//! out revisions, refuses what somebody else changed and merges several batches into one flush; so the two stores cannot
//! differ in these rules.

use super::{Error, Header, Kind, Result, Stamp, counter::Counters};
use crate::domain::ids::Revision;
use std::collections::BTreeMap;

/// Most bytes of one value, head included: a plan for a thousand nodes fits, output and logs do not belong here.
pub const MAX_VALUE: usize = 8 << 20;

/// Most bytes of one key.
pub const MAX_KEY: usize = 512;

/// One write.
#[derive(Clone, Debug)]
enum Op {
    /// A new state of a record; the store gives it the next revision.
    Put { kind: Kind, key: Vec<u8>, schema: u8, stamp: Stamp, body: Vec<u8> },
    /// A value exactly as it was stored once, revision included.
    Restore { kind: Kind, key: Vec<u8>, value: Vec<u8> },
    /// No record any more.
    Remove { kind: Kind, key: Vec<u8> },
}

/// Changes over any number of tables that are accepted together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
    expectations: Vec<(Kind, Vec<u8>, Option<Revision>)>,
}

impl Batch {
    /// No changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.expectations.is_empty()
    }

    /// Writes a record, whatever revision it has now. `schema` is the version of the body's format.
    pub fn put(&mut self, kind: Kind, key: Vec<u8>, schema: u8, stamp: Stamp, body: Vec<u8>) {
        self.ops.push(Op::Put { kind, key, schema, stamp, body });
    }

    /// Removes a record; no error if there is none.
    pub fn remove(&mut self, kind: Kind, key: Vec<u8>) {
        self.ops.push(Op::Remove { kind, key });
    }

    /// The whole batch is refused unless the record has this revision before it (`None`: does not exist).
    pub fn expect(&mut self, kind: Kind, key: Vec<u8>, revision: Option<Revision>) {
        self.expectations.push((kind, key, revision));
    }

    /// The records it writes, with their new bodies, and removes; what an export brings back is not among them.
    pub fn changes(&self) -> impl Iterator<Item = (Kind, &[u8], Option<&[u8]>)> {
        self.ops.iter().filter_map(|op| match op {
            Op::Put { kind, key, body, .. } => Some((*kind, key.as_slice(), Some(body.as_slice()))),
            Op::Remove { kind, key } => Some((*kind, key.as_slice(), None)),
            Op::Restore { .. } => None,
        })
    }

    /// Writes a stored value back as it was, head included.
    pub(super) fn restore(&mut self, kind: Kind, key: Vec<u8>, value: Vec<u8>) {
        self.ops.push(Op::Restore { kind, key, value });
    }
}

/// Plain writes: the new value of a key, or nothing.
pub(super) type Writes = BTreeMap<(Kind, Vec<u8>), Option<Vec<u8>>>;

/// Reads what is stored now.
type Lookup<'a> = &'a dyn Fn(Kind, &[u8]) -> Result<Option<Vec<u8>>>;

/// Several batches becoming one set of writes.
#[derive(Default)]
pub(super) struct Plan {
    writes: Writes,
    bytes: usize,
}

impl Plan {
    /// Adds a batch, seen after those added before, and answers the revisions of its puts in their order. A refused
    /// batch leaves no trace. `stored` reads what is stored now.
    pub fn add(&mut self, batch: &Batch, stored: Lookup<'_>) -> Result<Vec<Revision>> {
        for (kind, key, expected) in &batch.expectations {
            let current = self.header(&Writes::new(), *kind, key, stored)?;
            if current.map(|h| h.revision) != *expected {
                return Err(Error::Conflict { kind: *kind, key: key.clone(), expected: *expected, current });
            }
        }
        let mut fresh = Writes::new();
        let mut revisions = Vec::new();
        for op in &batch.ops {
            let (kind, key, value) = match op {
                Op::Put { kind, key, schema, stamp, body } => {
                    let current = self.header(&fresh, *kind, key, stored)?;
                    let revision = current.map(|h| h.revision).unwrap_or_default().next();
                    revisions.push(revision);
                    (kind, key, Some(Header { revision, schema: *schema, stamp: *stamp }.with(body)))
                }
                Op::Restore { kind, key, value } => (kind, key, Some(value.clone())),
                Op::Remove { kind, key } => (kind, key, None),
            };
            check(*kind, key.len(), MAX_KEY)?;
            check(*kind, value.as_ref().map_or(0, Vec::len), MAX_VALUE)?;
            fresh.insert((*kind, key.clone()), value);
        }
        self.bytes += fresh.iter().map(|((_, k), v)| k.len() + v.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.writes.extend(fresh);
        Ok(revisions)
    }

    /// Bytes of keys and values so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The writes, together with the identities given out since the last time.
    pub fn finish(mut self, counters: &Counters) -> Writes {
        counters.add_to(&mut self.writes);
        self.writes
    }

    fn header(&self, fresh: &Writes, kind: Kind, key: &[u8], stored: Lookup<'_>) -> Result<Option<Header>> {
        let place = (kind, key.to_vec());
        let bytes = match fresh.get(&place).or_else(|| self.writes.get(&place)) {
            Some(value) => value.clone(),
            None => stored(kind, key)?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        match Header::split(&bytes) {
            Some((header, _)) => Ok(Some(header)),
            None => Err(Error::Unreadable { kind, key: hex::encode(key), why: "it is too short".into() }),
        }
    }
}

fn check(kind: Kind, size: usize, limit: usize) -> Result<()> {
    if size > limit { Err(Error::TooLarge { kind, size, limit }) } else { Ok(()) }
}
