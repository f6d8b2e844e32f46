//! Types on top of the byte tables.
//!
//! A `Table` is a constant: which kind, which key, which type, and how bodies of older schemas become the current one.
//! Writes go into a `Batch`, so that records of several tables change together. Schema 1 is the first; each migration
//! leads from one schema to the next, so the current schema is one more than the number of migrations.

use super::{Answer, Batch, Entry, Error, Header, Key, Kind, Result, Span, Stamp, Store};
use crate::domain::ids::Revision;
use crate::domain::said::whole;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::marker::PhantomData;

/// Turns a body of one schema into the next.
pub type Migration = fn(Value) -> std::result::Result<Value, String>;

/// A record with what the store knows about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The revision a change must be based on.
    pub revision: Revision,
    /// The last change: when and by whom.
    pub stamp: Stamp,
    /// The record.
    pub value: T,
}

/// A table of records `T` under keys `K`.
pub struct Table<K, T> {
    kind: Kind,
    migrations: &'static [Migration],
    types: PhantomData<fn(K) -> T>,
}

impl<K, T> Clone for Table<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, T> Copy for Table<K, T> {}

impl<K, T> Table<K, T> {
    /// The table kept under `kind`; `migrations` lead from schema 1 to the current one (254 at most).
    pub const fn new(kind: Kind, migrations: &'static [Migration]) -> Self {
        Self { kind, migrations, types: PhantomData }
    }

    /// Where it is kept.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    fn schema(&self) -> u8 {
        u8::try_from(self.migrations.len()).unwrap_or(u8::MAX - 1).saturating_add(1)
    }
}

impl<K: Key, T: Serialize + DeserializeOwned> Table<K, T> {
    /// The record of a key.
    pub fn get(&self, store: &dyn Store, key: &K) -> Result<Option<Stored<T>>> {
        let key = key.encoded();
        store.get(self.kind, &key)?.map(|bytes| self.decode(&key, &bytes)).transpose()
    }

    /// All records in the order of their keys.
    pub fn list(&self, store: &dyn Store) -> Result<Vec<(K, Stored<T>)>> {
        self.range(store, &Span::default())
    }

    /// All records whose key begins with `prefix`, the first part of a compound key.
    pub fn under(&self, store: &dyn Store, prefix: &impl Key) -> Result<Vec<(K, Stored<T>)>> {
        self.range(store, &Span::under(prefix.encoded()))
    }

    /// The records of a stretch.
    pub fn range(&self, store: &dyn Store, span: &Span) -> Result<Vec<(K, Stored<T>)>> {
        store.range(self.kind, span)?.into_iter().map(|(key, bytes)| self.entry(&key, &bytes)).collect()
    }

    /// Writes a record whatever is stored; the store gives it the next revision.
    pub fn put(&self, batch: &mut Batch, key: &K, value: &T, stamp: Stamp) -> Result<()> {
        let body = whole(|| serde_json::to_vec(value))
            .map_err(|e| self.unreadable(&key.encoded(), &e.to_string()))?;
        batch.put(self.kind, key.encoded(), self.schema(), stamp, body);
        Ok(())
    }

    /// Writes a record that must not exist yet.
    pub fn insert(&self, batch: &mut Batch, key: &K, value: &T, stamp: Stamp) -> Result<()> {
        batch.expect(self.kind, key.encoded(), None);
        self.put(batch, key, value, stamp)
    }

    /// Writes a record if it still has the revision the change was based on.
    pub fn put_if(
        &self,
        batch: &mut Batch,
        key: &K,
        value: &T,
        stamp: Stamp,
        revision: Revision,
    ) -> Result<()> {
        batch.expect(self.kind, key.encoded(), Some(revision));
        self.put(batch, key, value, stamp)
    }

    /// Removes a record; no error if there is none.
    pub fn remove(&self, batch: &mut Batch, key: &K) {
        batch.remove(self.kind, key.encoded());
    }

    /// Removes a record if it still has this revision.
    pub fn remove_if(&self, batch: &mut Batch, key: &K, revision: Revision) {
        batch.expect(self.kind, key.encoded(), Some(revision));
        self.remove(batch, key);
    }

    /// `put` as a change of its own.
    pub fn save(&self, store: &dyn Store, key: &K, value: &T, stamp: Stamp) -> Answer {
        let mut batch = Batch::new();
        self.put(&mut batch, key, value, stamp)?;
        store.apply(batch)
    }

    /// `put_if` as a change of its own.
    pub fn save_if(&self, store: &dyn Store, key: &K, value: &T, stamp: Stamp, revision: Revision) -> Answer {
        let mut batch = Batch::new();
        self.put_if(&mut batch, key, value, stamp, revision)?;
        store.apply(batch)
    }

    fn entry(&self, key: &[u8], bytes: &[u8]) -> Result<(K, Stored<T>)> {
        let mut rest = key;
        let decoded = K::decode(&mut rest).filter(|_| rest.is_empty());
        let decoded = decoded.ok_or_else(|| self.unreadable(key, "its key has another form"))?;
        Ok((decoded, self.decode(key, bytes)?))
    }

    fn decode(&self, key: &[u8], bytes: &[u8]) -> Result<Stored<T>> {
        let (header, body) = self.current(key, bytes)?;
        let value = match body {
            Body::Current(body) => serde_json::from_slice(body),
            Body::Migrated(value) => serde_json::from_value(value),
        };
        let value = value.map_err(|e| self.unreadable(key, &e.to_string()))?;
        Ok(Stored { revision: header.revision, stamp: header.stamp, value })
    }
}

enum Body<'a> {
    Current(&'a [u8]),
    Migrated(Value),
}

impl<K, T> Table<K, T> {
    fn current<'a>(&self, key: &[u8], bytes: &'a [u8]) -> Result<(Header, Body<'a>)> {
        let (header, body) = Header::split(bytes).ok_or_else(|| self.unreadable(key, "it is too short"))?;
        let known = self.schema();
        if header.schema > known {
            return Err(Error::Newer { kind: self.kind, found: header.schema, known });
        }
        if header.schema == known {
            return Ok((header, Body::Current(body)));
        }
        let done = usize::from(header.schema).saturating_sub(1);
        let mut value = serde_json::from_slice(body).map_err(|e| self.unreadable(key, &e.to_string()))?;
        for migration in self.migrations.iter().skip(done) {
            value = migration(value).map_err(|why| self.unreadable(key, &why))?;
        }
        Ok((Header { schema: known, ..header }, Body::Migrated(value)))
    }

    fn unreadable(&self, key: &[u8], why: &str) -> Error {
        Error::Unreadable { kind: self.kind, key: hex::encode(key), why: why.to_owned() }
    }
}

/// A table as the migration sees it: without its types.
pub trait Migrate: Sync {
    /// The records that are of an older schema, in the current one, revision and stamp as they were. A record of a newer
    /// schema is an error.
    fn outdated(&self, store: &dyn Store) -> Result<Vec<Entry>>;

    /// Which table.
    fn kind(&self) -> Kind;
}

impl<K, T> Migrate for Table<K, T> {
    fn outdated(&self, store: &dyn Store) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for (key, bytes) in store.scan(self.kind, &[])? {
            if let (header, Body::Migrated(value)) = self.current(&key, &bytes)? {
                let body = whole(|| serde_json::to_vec(&value))
                    .map_err(|e| self.unreadable(&key, &e.to_string()))?;
                found.push((key, header.with(&body)));
            }
        }
        Ok(found)
    }

    fn kind(&self) -> Kind {
        self.kind
    }
}
