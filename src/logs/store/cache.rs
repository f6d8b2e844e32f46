//! Entries of blocks that were read lately.

use super::StoreFault;
use super::block::{self, Entry};
use super::segment::Sealed;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most blocks whose entries are kept: about 25 MB.
const BLOCKS_MAX: usize = 200;

/// Entries of a block.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Cursor of the first.
    pub first: u64,
    /// In the order of their arrival.
    pub entries: Vec<Entry>,
    /// Their places in the order of their times.
    pub order: Vec<u16>,
}

impl Loaded {
    /// The entry at a place of the order of times, with its place.
    pub fn nth(&self, at: usize) -> Option<(u16, &Entry)> {
        let place = *self.order.get(at)?;
        Some((place, self.entries.get(usize::from(place))?))
    }

    /// How many of them come before a key.
    pub fn before(&self, key: (i64, u64)) -> usize {
        self.order.partition_point(|place| {
            self.entries
                .get(usize::from(*place))
                .is_some_and(|e| (e.time, self.first + u64::from(*place)) < key)
        })
    }
}

/// Blocks that were read, by the cursor of the first record, each with when it was used last.
type Read = HashMap<u64, (u64, Arc<Loaded>)>;

/// What was read lately.
#[derive(Debug, Default)]
pub struct Cache(Mutex<(u64, Read)>);

impl Cache {
    /// The entries of a sealed block.
    pub fn get(&self, block: &Sealed) -> Result<Arc<Loaded>, StoreFault> {
        let first = block.summary.first;
        // A file of lines may have grown.
        let ends = |known: &Arc<Loaded>| known.entries.last().map(|e| u64::from(e.at) + u64::from(e.len));
        let same =
            |known: &Arc<Loaded>| !block.segment.is_lines() || ends(known) == Some(block.summary.data.1);
        if let Some(known) = self.known(first).filter(same) {
            return Ok(known);
        }
        let loaded = if block.segment.is_lines() {
            super::lines::load(block)?
        } else {
            let at = block.summary.entries_at();
            let bytes = block.segment.read_index(at, block.summary.entries_len())?;
            let (entries, order) = block::entries(&bytes);
            Loaded { first, entries, order }
        };
        let loaded = Arc::new(loaded);
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tick, map) = &mut *inner;
        *tick += 1;
        if map.len() >= BLOCKS_MAX {
            let old = *tick - (BLOCKS_MAX as u64 / 2).min(*tick);
            map.retain(|_, (used, _)| *used > old);
        }
        map.insert(first, (*tick, Arc::clone(&loaded)));
        Ok(loaded)
    }

    fn known(&self, first: u64) -> Option<Arc<Loaded>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tick, map) = &mut *inner;
        let (used, loaded) = map.get_mut(&first)?;
        *tick += 1;
        *used = *tick;
        Some(Arc::clone(loaded))
    }
}
