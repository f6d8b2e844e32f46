//! Blocks: some thousand records in the order of their arrival, with a summary that says what cannot be among them.
//!
//! A block is sealed once, into the segment's index file: head, sources, fingerprints of UUIDs, entries. Of a sealed block only
//! the [`Summary`] stays in memory, about 200 bytes; entries (24 bytes a record) are read when they are needed and kept for a
//! while (`cache.rs`), texts are read from the data file.

use super::frame::{Sum, u32_at, u64_at};
use crate::domain::logs::Level;
use std::collections::{BTreeMap, HashSet};

/// Most records of a block.
pub const RECORDS_MAX: usize = 4096;
/// Bytes of the data file that fill a block.
pub const DATA_MAX: u64 = 2 << 20;
/// Begins every block.
const MAGIC: u32 = 0x424c_5043;
/// Bytes of a block's head.
pub const HEAD: usize = 100;
/// Bytes of an entry.
pub const ENTRY: usize = 24;

/// One record within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Microseconds since 1970-01-01 UTC, corrected; never less than that of the record before it in the same file, except where
    /// the file's clock was set back.
    pub time: i64,
    /// Where its text begins in the data file.
    pub at: u32,
    /// Bytes of its text.
    pub len: u32,
    /// Number of its source.
    pub source: u32,
    /// Level.
    pub level: Option<Level>,
    /// It tells no time of its own.
    pub guessed: bool,
    /// Lines, as far as they can be counted.
    pub lines: u16,
}

/// What is known of a block without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cursor of its first record; the others follow.
    pub first: u64,
    /// Records.
    pub count: u32,
    /// Earliest time.
    pub min: i64,
    /// Latest time.
    pub max: i64,
    /// The stretch of the data file in which its texts lie.
    pub data: (u64, u64),
    /// Records of each level, and last those without.
    pub levels: [u32; 8],
    /// Sources, each with its records and bytes, by number.
    pub sources: Box<[(u32, u32, u64)]>,
    /// Where in the index file its fingerprints begin, and how many there are.
    pub ids: (u64, u32),
}

/// The place of a level in counts.
pub fn level_index(level: Option<Level>) -> usize {
    level.map_or(7, |l| usize::from(l.number()) - 1)
}

impl Summary {
    /// Where in the index file its entries begin.
    pub fn entries_at(&self) -> u64 {
        self.ids.0 + 4 * u64::from(self.ids.1)
    }

    /// Length of its entries with their order.
    pub fn entries_len(&self) -> usize {
        self.count as usize * ENTRY
    }

    /// Records with at least this level; those without one count as information.
    pub fn at_least(&self, least: Option<Level>) -> u32 {
        let Some(least) = least else { return self.count };
        let worse: u32 = self.levels.iter().take(7).skip(level_index(Some(least))).sum();
        let none = self.levels.get(7).copied().unwrap_or_default();
        worse + if least <= Level::Info { none } else { 0 }
    }

    /// One past the last cursor.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Memory it takes, about.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.sources.len() * size_of::<(u32, u32, u64)>()
    }
}

/// A block that is being filled.
#[derive(Debug, Default)]
pub struct Open {
    /// Records in the order of their arrival.
    pub entries: Vec<Entry>,
    /// Fingerprints.
    pub ids: HashSet<u32>,
    /// Cursor of the first one.
    pub first: u64,
    /// The stretch of the data file.
    pub data: (u64, u64),
}

impl Open {
    /// A block without records.
    pub fn new(first: u64, data: u64) -> Self {
        Self { first, data: (data, data), ..Self::default() }
    }

    /// Whether it is time to seal it.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= RECORDS_MAX || self.data.1 - self.data.0 >= DATA_MAX
    }

    /// Its summary; `ids` is where its fingerprints will be in the index file.
    pub fn summary(&self, ids: u64) -> Summary {
        let mut out = Summary {
            first: self.first,
            count: u32::try_from(self.entries.len()).unwrap_or(u32::MAX),
            min: i64::MAX,
            max: i64::MIN,
            data: self.data,
            ids: (ids, u32::try_from(self.ids.len()).unwrap_or(u32::MAX)),
            ..Summary::default()
        };
        let mut sources: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
        for entry in &self.entries {
            out.min = out.min.min(entry.time);
            out.max = out.max.max(entry.time);
            if let Some(count) = out.levels.get_mut(level_index(entry.level)) {
                *count += 1;
            }
            let source = sources.entry(entry.source).or_default();
            source.0 += 1;
            source.1 += u64::from(entry.len);
        }
        out.sources = sources.into_iter().map(|(id, (records, bytes))| (id, records, bytes)).collect();
        out
    }

    /// Its bytes for the index file, which is `at` long, and its summary.
    pub fn seal(&self, at: u64) -> (Vec<u8>, Summary) {
        let head_len = HEAD as u64 + 16 * self.summary(0).sources.len() as u64;
        let summary = self.summary(at + head_len);
        let mut ids: Vec<u32> = self.ids.iter().copied().collect();
        ids.sort_unstable();
        let mut out = Vec::with_capacity(HEAD + ids.len() * 4 + self.entries.len() * ENTRY);
        out.extend_from_slice(&MAGIC.to_le_bytes());
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&summary.first.to_le_bytes());
        out.extend_from_slice(&summary.min.to_le_bytes());
        out.extend_from_slice(&summary.max.to_le_bytes());
        out.extend_from_slice(&summary.data.0.to_le_bytes());
        out.extend_from_slice(&summary.data.1.to_le_bytes());
        out.extend_from_slice(&summary.count.to_le_bytes());
        out.extend_from_slice(&u32::try_from(summary.sources.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&summary.ids.1.to_le_bytes());
        for count in summary.levels {
            out.extend_from_slice(&count.to_le_bytes());
        }
        out.resize(HEAD, 0);
        for (id, records, bytes) in &summary.sources {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(&records.to_le_bytes());
            out.extend_from_slice(&bytes.to_le_bytes());
        }
        for id in &ids {
            out.extend_from_slice(&id.to_le_bytes());
        }
        let order = order(&self.entries);
        for (entry, place) in self.entries.iter().zip(order) {
            put(&mut out, entry, place);
        }
        let mut sum = Sum::default();
        sum.add(out.get(8..).unwrap_or_default());
        if let Some(place) = out.get_mut(4..8) {
            place.copy_from_slice(&sum.end().to_le_bytes());
        }
        (out, summary)
    }
}

/// Places of the records in the order of their times.
pub fn order(entries: &[Entry]) -> Vec<u16> {
    let mut order: Vec<u16> = (0..u16::try_from(entries.len()).unwrap_or(u16::MAX)).collect();
    order.sort_by_key(|place| entries.get(usize::from(*place)).map(|e| e.time));
    order
}

fn put(out: &mut Vec<u8>, entry: &Entry, place: u16) {
    out.extend_from_slice(&entry.time.to_le_bytes());
    out.extend_from_slice(&entry.at.to_le_bytes());
    out.extend_from_slice(&entry.len.to_le_bytes());
    let level = u32::from(entry.level.map_or(0, Level::number)) | (u32::from(entry.guessed) << 3);
    out.extend_from_slice(&((entry.source & 0x0fff_ffff) | (level << 28)).to_le_bytes());
    out.extend_from_slice(&entry.lines.to_le_bytes());
    out.extend_from_slice(&place.to_le_bytes());
}

/// Entries of a sealed block and their order.
pub fn entries(bytes: &[u8]) -> (Vec<Entry>, Vec<u16>) {
    let mut out = Vec::with_capacity(bytes.len() / ENTRY);
    let mut order = Vec::with_capacity(bytes.len() / ENTRY);
    for raw in bytes.chunks_exact(ENTRY) {
        let Some((entry, place)) = entry(raw) else { break };
        out.push(entry);
        order.push(place);
    }
    (out, order)
}

fn entry(raw: &[u8]) -> Option<(Entry, u16)> {
    let source = u32_at(raw, 16)?;
    let level = u8::try_from((source >> 28) & 7).unwrap_or_default();
    let entry = Entry {
        time: u64_at(raw, 0)?.cast_signed(),
        at: u32_at(raw, 8)?,
        len: u32_at(raw, 12)?,
        source: source & 0x0fff_ffff,
        level: Level::from_number(level),
        guessed: source >> 31 == 1,
        lines: u16::from_le_bytes(raw.get(20..22)?.try_into().ok()?),
    };
    Some((entry, u16::from_le_bytes(raw.get(22..24)?.try_into().ok()?)))
}

/// The summary of the block at the beginning of `bytes`, which stands at `at` of the index file, and the block's length. With
/// `check` all of it must be there and be what was written; without it `bytes` need only reach to the end of the sources.
pub fn summary(bytes: &[u8], at: u64, check: bool) -> Option<(Summary, u64)> {
    if u32_at(bytes, 0)? != MAGIC {
        return None;
    }
    let (count, sources, ids) = (u32_at(bytes, 48)?, u32_at(bytes, 52)?, u32_at(bytes, 56)?);
    let mut levels = [0; 8];
    for (at, level) in levels.iter_mut().enumerate() {
        *level = u32_at(bytes, 60 + 4 * at)?;
    }
    let listed = bytes.get(HEAD..HEAD + 16 * sources as usize)?;
    let list = listed.chunks_exact(16).map(|c| Some((u32_at(c, 0)?, u32_at(c, 4)?, u64_at(c, 8)?)));
    let summary = Summary {
        first: u64_at(bytes, 8)?,
        count,
        min: u64_at(bytes, 16)?.cast_signed(),
        max: u64_at(bytes, 24)?.cast_signed(),
        data: (u64_at(bytes, 32)?, u64_at(bytes, 40)?),
        levels,
        sources: list.collect::<Option<Box<[_]>>>()?,
        ids: (at + HEAD as u64 + 16 * u64::from(sources), ids),
    };
    let length = summary.entries_at() + summary.entries_len() as u64 - at;
    if check {
        let whole = bytes.get(8..usize::try_from(length).ok()?)?;
        let mut sum = Sum::default();
        sum.add(whole);
        if sum.end() != u32_at(bytes, 4)? {
            return None;
        }
    }
    Some((summary, length))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn a_sealed_block_comes_back() {
        let mut open = Open::new(100, 5);
        for n in 0..10u32 {
            open.entries.push(Entry {
                time: i64::from(n % 3) - 1,
                at: n * 10,
                len: 9,
                source: n % 2 + 7,
                level: Level::from_number(u8::try_from(n % 8).unwrap()),
                guessed: n == 3,
                lines: 1,
            });
            open.ids.insert(n * 77);
        }
        open.data.1 = 105;
        let (bytes, sealed) = open.seal(1000);
        let (read, length) = summary(&bytes, 1000, true).unwrap();
        assert_eq!(read, sealed);
        assert_eq!(length, bytes.len() as u64);
        let at = usize::try_from(read.entries_at() - 1000).unwrap();
        let (back, order) = entries(&bytes[at..]);
        assert_eq!(back, open.entries);
        assert_eq!(order, [0, 3, 6, 9, 1, 4, 7, 2, 5, 8]);
        assert_eq!(read.levels.iter().sum::<u32>(), 10);
        assert_eq!(read.at_least(Some(Level::Critical)), 1);
        assert_eq!(read.at_least(Some(Level::Trace)), 10);
        for cut in [0, 50, HEAD, bytes.len() - 1] {
            assert!(summary(&bytes[..cut], 1000, true).is_none(), "{cut}");
        }
    }
}
