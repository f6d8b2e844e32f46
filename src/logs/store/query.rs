//! What is asked of kept logs: windows, searches, histograms, single records.

use super::block::{Entry, level_index};
use super::cache::{Cache, Loaded};
use super::frame;
use super::matching::{self, Wanted};
use super::segment::{Sealed, Segment};
use super::walk::{Blocks, Key, Next, Step, Until, Walk, has_ids};
use super::write::LogStore;
use super::{Cursor, StoreFault};
use crate::domain::logs::LogFilter;
use crate::logs::format::Record;
use std::path::Path;
use std::sync::Arc;

/// Blocks around a place that are counted exactly; of more the place among all is estimated.
const EXACT: usize = 16;

/// A place to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A record.
    Cursor(Cursor),
    /// The first record that is not older, microseconds.
    Time(i64),
    /// Before the first.
    Begin,
    /// After the last.
    End,
}

/// A record in a list.
#[derive(Clone)]
pub struct Found {
    /// Its number.
    pub cursor: Cursor,
    /// Its entry.
    pub entry: Entry,
    segment: Arc<Segment>,
}

impl Found {
    /// A record of a segment.
    pub(super) fn of(cursor: Cursor, entry: Entry, segment: &Arc<Segment>) -> Self {
        Self { cursor, entry, segment: Arc::clone(segment) }
    }

    /// Its text, at most so many bytes.
    pub fn text(&self, max: usize) -> Result<Vec<u8>, StoreFault> {
        self.segment.read_data(u64::from(self.entry.at), (self.entry.len as usize).min(max))
    }

    /// The end of its text, at most so many bytes.
    pub fn tail(&self, max: usize) -> Result<Vec<u8>, StoreFault> {
        let length = (self.entry.len as usize).min(max);
        let skipped = u64::from(self.entry.len).saturating_sub(length as u64);
        self.segment.read_data(u64::from(self.entry.at) + skipped, length)
    }

    /// What its text says.
    pub fn record<'a>(&self, text: &'a [u8]) -> Record<'a> {
        matching::record(text, 0)
    }

    /// Microseconds, corrected.
    pub fn time(&self) -> i64 {
        self.entry.time
    }

    fn key(&self) -> Key {
        (self.entry.time, self.cursor)
    }

    /// The frame it came in: number of the file, where in that file the record stood, when it arrived.
    pub fn origin(&self) -> Result<Option<(u32, u64, i64)>, StoreFault> {
        let mut found = None;
        let at = u64::from(self.entry.at);
        if self.segment.is_lines() {
            return Ok(Some((0, at, self.entry.time)));
        }
        // Frames are only found from the beginning of the file; this is asked for one record at a time.
        let mut offset = 0u64;
        loop {
            let head = self.segment.read_data(offset, frame::HEAD)?;
            let (Some(body), Some(note)) = (frame::u32_at(&head, 8), frame::u32_at(&head, 4)) else { break };
            let length = frame::HEAD as u64 + u64::from(body);
            if at < offset + length {
                let note = u64::from(note >> 16);
                let start = frame::u64_at(&head, 16).unwrap_or_default();
                let inside = at.saturating_sub(offset + frame::HEAD as u64 + note);
                let arrived = frame::u64_at(&head, 24).unwrap_or_default().cast_signed();
                found = Some((frame::u32_at(&head, 12).unwrap_or_default(), start + inside, arrived));
                break;
            }
            offset += length;
        }
        Ok(found)
    }
}

impl From<Step> for Found {
    fn from(step: Step) -> Self {
        Self { cursor: step.key.1, entry: step.entry, segment: step.segment }
    }
}

/// Records around a place.
#[derive(Default)]
pub struct Window {
    /// In order.
    pub rows: Vec<Found>,
    /// How many of them stand before the place.
    pub before: usize,
    /// Nothing is before the first.
    pub reaches_begin: bool,
    /// Nothing is after the last.
    pub reaches_end: bool,
    /// About how many records stand before the first row.
    pub above: u64,
    /// About how many there are.
    pub total: u64,
    /// Time was up; up to here it is complete.
    pub searched_to: Option<i64>,
}

/// What a search found.
#[derive(Default)]
pub struct Hits {
    /// Nearest first.
    pub rows: Vec<Found>,
    /// Go on from here; `None`: all was looked through.
    pub searched_to: Option<At>,
    /// Bytes of text that were looked through.
    pub bytes: u64,
}

/// Counts over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Begin of the first bucket, microseconds.
    pub from: i64,
    /// End of the last one.
    pub to: i64,
    /// Of each bucket a count per level, last those without one.
    pub buckets: Vec<[u32; 8]>,
    /// All was counted.
    pub complete: bool,
}

/// Records that can be looked at, as they are at one moment.
pub struct View<'a> {
    blocks: Blocks,
    cache: &'a Cache,
}

impl LogStore {
    /// A filter made ready for this store; `now` in microseconds.
    pub fn wanted(&self, filter: &LogFilter, now: i64) -> Result<Wanted, StoreFault> {
        Wanted::new(filter, self.read().sources.values(), now)
    }

    /// What there is now.
    pub fn view(&self) -> View<'_> {
        View { blocks: self.blocks(), cache: &self.cache }
    }

    /// The blocks as they are now.
    pub(super) fn blocks(&self) -> Blocks {
        let state = self.read();
        let open = state.open_block();
        let bounds = open
            .nth(0)
            .zip(open.nth(open.entries.len().saturating_sub(1)))
            .map(|((_, first), (_, last))| (first.time, last.time));
        Blocks {
            sealed: Arc::clone(&state.blocks),
            open: (open, state.open.data, Arc::clone(&state.tail)),
            bounds,
        }
    }

    /// The record of that number.
    pub fn get(&self, cursor: Cursor) -> Result<Option<Found>, StoreFault> {
        self.view().get(cursor)
    }

    /// As [`View::window`], of what there is now.
    pub fn window(
        &self,
        wanted: &Wanted,
        at: At,
        sides: (usize, usize),
        until: impl Into<Until>,
    ) -> Result<Window, StoreFault> {
        self.view().window(wanted, at, sides, &until.into())
    }

    /// As [`View::search`], of what there is now.
    pub fn search(
        &self,
        wanted: &Wanted,
        from: At,
        backwards: bool,
        limit: usize,
        until: impl Into<Until>,
    ) -> Result<Hits, StoreFault> {
        self.view().search(wanted, from, backwards, limit, &until.into())
    }

    /// As [`View::histogram`], of what there is now.
    pub fn histogram(
        &self,
        wanted: &Wanted,
        span: (Option<i64>, Option<i64>),
        buckets: usize,
        until: impl Into<Until>,
    ) -> Result<Histogram, StoreFault> {
        self.view().histogram(wanted, span, buckets, &until.into())
    }
}

impl<'a> View<'a> {
    /// Of sealed blocks alone.
    pub(super) fn of(sealed: Vec<Arc<Sealed>>, cache: &'a Cache) -> Self {
        let nothing = Arc::new(Loaded { first: u64::MAX, ..Loaded::default() });
        let open = (nothing, (0, 0), Arc::new(Segment::lines(Path::new(""))));
        Self { blocks: Blocks { sealed: Arc::new(sealed), open, bounds: None }, cache }
    }

    /// The record of that number.
    pub fn get(&self, cursor: Cursor) -> Result<Option<Found>, StoreFault> {
        let blocks = &self.blocks;
        let (open, _, tail) = &blocks.open;
        let (loaded, segment) = if cursor >= open.first {
            (Arc::clone(open), Arc::clone(tail))
        } else {
            let at = blocks.sealed.partition_point(|b| b.summary.end() <= cursor);
            let Some(block) = blocks.sealed.get(at).filter(|b| b.summary.first <= cursor) else {
                return Ok(None);
            };
            (self.cache.get(block)?, Arc::clone(&block.segment))
        };
        let place = usize::try_from(cursor - loaded.first).unwrap_or(usize::MAX);
        Ok(loaded.entries.get(place).map(|entry| Found { cursor, entry: *entry, segment }))
    }

    /// The key of a place; that of a record that is not kept any more is the beginning.
    fn key(&self, at: At) -> Result<Key, StoreFault> {
        Ok(match at {
            At::Begin => (i64::MIN, 0),
            At::End => (i64::MAX, u64::MAX),
            At::Time(time) => (time, 0),
            At::Cursor(cursor) => self.get(cursor)?.map_or((i64::MIN, 0), |f| f.key()),
        })
    }

    /// Records around a place: `before` older ones, and `after` from it on, it included. A side of which nothing is asked is not
    /// looked at: the time is for the other one, and what it reaches is said of that alone.
    pub fn window(
        &self,
        wanted: &Wanted,
        at: At,
        (before, after): (usize, usize),
        until: &Until,
    ) -> Result<Window, StoreFault> {
        let blocks = &self.blocks;
        let key = self.key(at)?;
        let mut out = Window::default();
        let mut walk = Walk::new(blocks, self.cache, wanted, key, false, until);
        // One more than wanted tells whether there is more.
        while before > 0 && out.rows.len() <= before {
            match walk.next()? {
                Next::Found(step) => out.rows.push(step.into()),
                Next::End => break,
                Next::Late(key) => {
                    out.searched_to = Some(key.0);
                    break;
                }
            }
        }
        out.reaches_begin = if before > 0 {
            out.rows.len() <= before && out.searched_to.is_none()
        } else {
            key.0 == i64::MIN
        };
        out.rows.truncate(before);
        out.rows.reverse();
        out.before = out.rows.len();
        let mut walk = Walk::new(blocks, self.cache, wanted, key, true, until);
        let mut late = false;
        while after > 0 && out.rows.len() - out.before <= after {
            match walk.next()? {
                Next::Found(step) => out.rows.push(step.into()),
                Next::End => break,
                Next::Late(key) => {
                    late = true;
                    out.searched_to = Some(key.0);
                    break;
                }
            }
        }
        out.reaches_end =
            if after > 0 { out.rows.len() - out.before <= after && !late } else { key.0 == i64::MAX };
        out.rows.truncate(out.before + after);
        let first = out.rows.first().map_or(key, Found::key);
        (out.above, out.total) = self.place(wanted, first)?;
        Ok(out)
    }

    /// About how many records that a filter's times, levels and sources take stand before a key, and how many there are.
    fn place(&self, wanted: &Wanted, key: Key) -> Result<(u64, u64), StoreFault> {
        let (mut above, mut total) = (0, 0);
        let mut across = Vec::new();
        for block in self.blocks.sealed.iter().filter(|b| wanted.may_be_in(&b.summary)) {
            let about = u64::from(wanted.about(&block.summary));
            total += about;
            if block.summary.max < key.0 {
                above += about;
            } else if block.summary.min <= key.0 {
                across.push(block);
            }
        }
        let exact = across.len() <= EXACT;
        for block in across {
            let summary = &block.summary;
            let about = u128::from(wanted.about(summary));
            if exact {
                let before = self.cache.get(block)?.before(key) as u128;
                above += u64::try_from(about * before / u128::from(summary.count.max(1))).unwrap_or(0);
            } else {
                let span = u128::from(summary.max.abs_diff(summary.min)).max(1);
                let passed = u128::from(key.0.abs_diff(summary.min));
                above += u64::try_from(about * passed / span).unwrap_or(0);
            }
        }
        let (open, ..) = &self.blocks.open;
        let passing = open.entries.iter().zip(open.first..).filter(|(e, _)| wanted.takes(e));
        for (entry, cursor) in passing {
            total += 1;
            above += u64::from((entry.time, cursor) < key);
        }
        Ok((above, total))
    }

    /// The next records that match, the one at the place itself left out.
    pub fn search(
        &self,
        wanted: &Wanted,
        from: At,
        backwards: bool,
        limit: usize,
        until: &Until,
    ) -> Result<Hits, StoreFault> {
        let blocks = &self.blocks;
        let mut key = self.key(from)?;
        if !backwards && matches!(from, At::Cursor(_)) && key.0 != i64::MIN {
            key.1 += 1;
        }
        let mut out = Hits::default();
        let mut walk = Walk::new(blocks, self.cache, wanted, key, !backwards, until);
        while out.rows.len() < limit {
            match walk.next()? {
                Next::Found(step) => out.rows.push(step.into()),
                Next::End => {
                    out.bytes = walk.bytes;
                    return Ok(out);
                }
                Next::Late((time, _)) => {
                    // Going back, the record at a moment itself must not be left out.
                    out.searched_to = Some(At::Time(if backwards { time.saturating_add(1) } else { time }));
                    out.bytes = walk.bytes;
                    return Ok(out);
                }
            }
        }
        out.bytes = walk.bytes;
        out.searched_to = out.rows.last().map(|f| At::Cursor(f.cursor));
        Ok(out)
    }

    /// Counts records over a time.
    pub fn histogram(
        &self,
        wanted: &Wanted,
        (from, to): (Option<i64>, Option<i64>),
        buckets: usize,
        until: &Until,
    ) -> Result<Histogram, StoreFault> {
        let blocks = &self.blocks;
        let sealed = || blocks.sealed.iter().filter(|b| wanted.may_be_in(&b.summary));
        let (low, high) = wanted.times();
        let first = sealed().map(|b| b.summary.min).chain(blocks.bounds.map(|b| b.0)).min();
        let last = sealed().map(|b| b.summary.max).chain(blocks.bounds.map(|b| b.1)).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Histogram { complete: true, ..Histogram::default() });
        };
        let from = from.unwrap_or(first).max(low.max(first.min(from.unwrap_or(first))));
        let to = to.unwrap_or(last.saturating_add(1)).min(high).max(from + 1);
        let count = buckets.max(1);
        let width = (to.abs_diff(from)).div_ceil(count as u64).max(1);
        let mut out = Histogram { from, to, buckets: vec![[0; 8]; count], complete: true };
        let index = |time: i64| usize::try_from(time.abs_diff(from) / width).unwrap_or(usize::MAX);
        let mut add = |time: i64, level: usize, records: u32| {
            if time >= from
                && time < to
                && let Some(slot) = out.buckets.get_mut(index(time)).and_then(|b| b.get_mut(level))
            {
                *slot = slot.saturating_add(records);
            }
        };
        for block in sealed() {
            let s = &block.summary;
            if s.max < from || s.min >= to {
                continue;
            }
            let inside = s.min >= from.max(low) && s.max < to.min(high);
            if wanted.sees_levels_only() && inside && index(s.min) == index(s.max) {
                for (at, records) in s.levels.iter().enumerate() {
                    let level = u8::try_from(at + 1).ok().and_then(crate::domain::logs::Level::from_number);
                    if wanted.takes_level(level) {
                        add(s.min, at, *records);
                    }
                }
                continue;
            }
            if !has_ids(wanted, block)? {
                continue;
            }
            if until.is_over() {
                out.complete = false;
                return Ok(out);
            }
            let loaded = self.cache.get(block)?;
            let passes = if wanted.reads_text() {
                let length = usize::try_from(s.data.1 - s.data.0).unwrap_or(usize::MAX);
                let text = block.segment.read_data(s.data.0, length)?;
                Some(wanted.sift(&loaded, &text, s.data.0))
            } else {
                None
            };
            for (place, entry) in loaded.entries.iter().enumerate() {
                let pass =
                    passes.as_ref().map_or_else(|| wanted.takes(entry), |p| p.get(place) == Some(&true));
                if pass {
                    add(entry.time, level_index(entry.level), 1);
                }
            }
        }
        let (open, data, segment) = &blocks.open;
        let passes = if wanted.reads_text() {
            let text = segment.read_data(data.0, usize::try_from(data.1 - data.0).unwrap_or(usize::MAX))?;
            Some(wanted.sift(open, &text, data.0))
        } else {
            None
        };
        for (place, entry) in open.entries.iter().enumerate() {
            let pass = passes.as_ref().map_or_else(|| wanted.takes(entry), |p| p.get(place) == Some(&true));
            if pass {
                add(entry.time, level_index(entry.level), 1);
            }
        }
        Ok(out)
    }
}
