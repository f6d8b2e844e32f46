//! Records in the order of their arrival, for those who take all of them once: what pushes them elsewhere.
//!
//! Cursors are dense and grow with arrival, so "after this cursor" is a place that stays right whatever comes later, also lines
//! that are older by their time.

use super::cache::Loaded;
use super::matching::Wanted;
use super::query::Found;
use super::segment::Segment;
use super::walk::has_ids;
use super::write::LogStore;
use super::{Cursor, StoreFault};
use std::sync::Arc;

/// Blocks that are read at most for one answer: some 30 MiB of text.
const BLOCKS: usize = 16;

/// Records in the order of arrival.
#[derive(Default)]
pub struct Arrived {
    /// Those that match.
    pub rows: Vec<Found>,
    /// The last record that was looked at, matching or not; `None`: there is none.
    pub upto: Option<Cursor>,
}

/// How many records may match after a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// About so many: texts are not looked at.
    pub records: u64,
    /// The oldest time among them, microseconds.
    pub oldest: Option<i64>,
}

impl Ahead {
    fn add(&mut self, records: u64, oldest: i64) {
        if records > 0 {
            self.records += records;
            self.oldest = Some(self.oldest.map_or(oldest, |o| o.min(oldest)));
        }
    }
}

/// What an answer has room for.
struct Room {
    records: usize,
    bytes: usize,
}

impl LogStore {
    /// The oldest and the newest cursor. The newest stays known when retention has removed its record; `None`: nothing came yet.
    pub fn cursors(&self) -> (Option<Cursor>, Option<Cursor>) {
        let state = self.read();
        let open = (!state.open.entries.is_empty()).then_some(state.open.first);
        let first = state.blocks.first().map(|b| b.summary.first).or(open);
        let end = state.open.first + state.open.entries.len() as u64;
        (first, end.checked_sub(1).filter(|last| *last > 0))
    }

    /// Matching records after `after` (0: from the first): at most `records`, and not much more than `bytes`, but one if there is
    /// one. It may look at so much without a match that it stops before: go on from `upto`.
    pub fn arrived(
        &self,
        wanted: &Wanted,
        after: Cursor,
        records: usize,
        bytes: usize,
    ) -> Result<Arrived, StoreFault> {
        let blocks = self.blocks();
        let next = after.saturating_add(1);
        let (mut out, mut room) = (Arrived::default(), Room { records, bytes });
        let mut read = 0;
        let begin = blocks.sealed.partition_point(|b| b.summary.end() <= next);
        for block in blocks.sealed.iter().skip(begin) {
            if !wanted.may_be_in(&block.summary) || !has_ids(wanted, block)? {
                out.upto = Some(block.summary.end().saturating_sub(1));
                continue;
            }
            if read >= BLOCKS {
                return Ok(out);
            }
            read += 1;
            let loaded = self.cache.get(block)?;
            let place = (block.summary.data, &block.segment);
            if !take(wanted, &loaded, place, next, &mut out, &mut room)? {
                return Ok(out);
            }
        }
        let (open, data, segment) = &blocks.open;
        take(wanted, open, (*data, segment), next, &mut out, &mut room)?;
        Ok(out)
    }

    /// What may match after `after`.
    pub fn ahead(&self, wanted: &Wanted, after: Cursor) -> Result<Ahead, StoreFault> {
        let blocks = self.blocks();
        let next = after.saturating_add(1);
        let mut out = Ahead::default();
        let begin = blocks.sealed.partition_point(|b| b.summary.end() <= next);
        let each = |out: &mut Ahead, loaded: &Loaded| {
            let entries = loaded.entries.iter().zip(loaded.first..);
            for (entry, _) in entries.filter(|(e, cursor)| *cursor >= next && wanted.takes(e)) {
                out.add(1, entry.time);
            }
        };
        for block in blocks.sealed.iter().skip(begin).filter(|b| wanted.may_be_in(&b.summary)) {
            if block.summary.first < next {
                each(&mut out, &*self.cache.get(block)?);
            } else {
                out.add(u64::from(wanted.about(&block.summary)), block.summary.min);
            }
        }
        each(&mut out, &blocks.open.0);
        Ok(out)
    }
}

/// Takes what matches of a block from `next` on; false: there is no room for more.
fn take(
    wanted: &Wanted,
    block: &Loaded,
    (data, segment): ((u64, u64), &Arc<Segment>),
    next: Cursor,
    out: &mut Arrived,
    room: &mut Room,
) -> Result<bool, StoreFault> {
    let passes = if wanted.reads_text() && block.entries.iter().any(|e| wanted.takes(e)) {
        let length = usize::try_from(data.1.saturating_sub(data.0)).unwrap_or(usize::MAX);
        Some(wanted.sift(block, &segment.read_data(data.0, length)?, data.0))
    } else {
        None
    };
    let begin = usize::try_from(next.saturating_sub(block.first)).unwrap_or(usize::MAX);
    for (place, (entry, cursor)) in block.entries.iter().zip(block.first..).enumerate().skip(begin) {
        if passes.as_ref().map_or_else(|| wanted.takes(entry), |p| p.get(place) == Some(&true)) {
            let length = entry.len as usize;
            if room.records == 0 || (!out.rows.is_empty() && room.bytes < length) {
                return Ok(false);
            }
            room.records -= 1;
            room.bytes = room.bytes.saturating_sub(length);
            out.rows.push(Found::of(cursor, *entry, segment));
        }
        out.upto = Some(cursor);
    }
    Ok(true)
}
