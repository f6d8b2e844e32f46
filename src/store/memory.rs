//! The store without a disk: the same rules, for tests and for the simulated demonstration.

use super::{
    Batch, Entry, Kind, Pending, Result, Span, Store,
    batch::{Plan, Writes},
    counter::Counters,
};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

type Records = BTreeMap<Vec<u8>, Vec<u8>>;
type Tables = BTreeMap<Kind, Records>;

/// Tables in memory, gone with the process.
#[derive(Default)]
pub struct MemoryStore {
    tables: RwLock<Tables>,
    counters: Counters,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lookup(tables: &Tables, kind: Kind, key: &[u8]) -> Option<Vec<u8>> {
    tables.get(&kind).and_then(|t| t.get(key)).cloned()
}

fn collect(tables: &Tables, kind: Kind, span: &Span) -> Vec<Entry> {
    let Some(table) = tables.get(&kind) else { return Vec::new() };
    let limit = span.limit.unwrap_or(usize::MAX);
    let found = table.range::<Vec<u8>, _>(span.bounds()).map(|(k, v)| (k.clone(), v.clone()));
    if span.backwards { found.rev().take(limit).collect() } else { found.take(limit).collect() }
}

impl Store for MemoryStore {
    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(lookup(&self.read(), kind, key))
    }

    fn range(&self, kind: Kind, span: &Span) -> Result<Vec<Entry>> {
        Ok(collect(&self.read(), kind, span))
    }

    fn snapshot(&self, kinds: &[Kind]) -> Result<Vec<(Kind, Vec<Entry>)>> {
        let tables = self.read();
        Ok(kinds.iter().map(|kind| (*kind, collect(&tables, *kind, &Span::default()))).collect())
    }

    fn submit(&self, batch: Batch) -> Pending {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let mut plan = Plan::default();
        let answer = plan.add(&batch, &|kind, key| Ok(lookup(&tables, kind, key)));
        if answer.is_ok() {
            let writes = plan.finish(&self.counters);
            self.counters.written(&writes);
            put_all(&mut tables, writes);
        }
        Pending::ready(answer)
    }

    fn next_id(&self, kind: Kind) -> Result<u64> {
        self.counters.next(kind, |key| self.get(Kind::Meta, key))
    }
}

fn put_all(tables: &mut Tables, writes: Writes) {
    for ((kind, key), value) in writes {
        let table = tables.entry(kind).or_default();
        match value {
            Some(value) => table.insert(key, value),
            None => table.remove(&key),
        };
    }
}
