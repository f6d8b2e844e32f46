//! Identities that are never given twice.
//!
//! An identity is given out from memory and written with the next accepted change, whichever that is, so it costs no
//! flush of its own: a record that bears it, or anything said about it afterwards, cannot be on the disk without the
//! counter. If the process dies before, nobody has seen the identity in anything that was accepted.

use super::{Error, Header, Kind, Result, Stamp, batch::Writes};
use crate::domain::{ids::Revision, time::Moment};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the last identity of a table is kept in `Kind::Meta`.
pub(super) fn counter_key(kind: Kind) -> Vec<u8> {
    format!("last-id/{kind}").into_bytes()
}

#[derive(Clone, Copy, Default)]
struct Counter {
    given: u64,
    written: u64,
}

/// The last identity given per table.
#[derive(Default)]
pub(super) struct Counters(Mutex<BTreeMap<Kind, Counter>>);

impl Counters {
    /// The next identity of a table, from 1. `stored` reads the written counter the first time.
    pub fn next(&self, kind: Kind, stored: impl FnOnce(&[u8]) -> Result<Option<Vec<u8>>>) -> Result<u64> {
        let mut counters = self.lock();
        let counter = if let Some(known) = counters.get(&kind) {
            *known
        } else {
            let key = counter_key(kind);
            let last = stored(&key)?.map_or(Ok(0), |bytes| parse(&key, &bytes))?;
            Counter { given: last, written: last }
        };
        let next = counter.given.saturating_add(1);
        counters.insert(kind, Counter { given: next, ..counter });
        Ok(next)
    }

    /// Adds the counters that are ahead of what is written.
    pub fn add_to(&self, writes: &mut Writes) {
        for (kind, counter) in self.lock().iter().filter(|(_, c)| c.given > c.written) {
            let header =
                Header { revision: Revision(counter.given), schema: 1, stamp: Stamp::engine(Moment(0)) };
            let value = header.with(counter.given.to_string().as_bytes());
            writes.insert((Kind::Meta, counter_key(*kind)), Some(value));
        }
    }

    /// Notes that these writes are on the disk.
    pub fn written(&self, writes: &Writes) {
        for (kind, counter) in self.lock().iter_mut() {
            if let Some(Some(bytes)) = writes.get(&(Kind::Meta, counter_key(*kind)))
                && let Some((header, _)) = Header::split(bytes)
            {
                counter.written = header.revision.0;
                // A restored database may be ahead of what this process gave out.
                counter.given = counter.given.max(counter.written);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Kind, Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(key: &[u8], bytes: &[u8]) -> Result<u64> {
    Header::split(bytes)
        .and_then(|(_, body)| std::str::from_utf8(body).ok()?.parse().ok())
        .ok_or_else(|| Error::Unreadable { kind: Kind::Meta, key: hex::encode(key), why: "no number".into() })
}
