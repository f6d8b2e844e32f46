//! The writing side: opening after whatever happened, appending, throwing old segments away.

use super::StoreFault;
use super::block::Open;
use super::cache::Cache;
use super::cover::Cover;
use super::frame::{self, Head, Kind};
use super::ids;
use super::segment::{Sealed, Segment};
use super::state::{State, parse};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Bytes of a segment's data file, unless little is to be kept.
const SEGMENT: u64 = 128 << 20;
/// The same at least.
const SEGMENT_MIN: u64 = 4 << 20;
/// MiB of the disk that logs leave free.
const ROOM_MIB: u64 = 256;
/// Bytes after which the room is looked at again.
const LOOK_EVERY: u64 = 16 << 20;
/// Most records that are taken of a chunk at once: a block, which is sealed after a chunk, counts its places in 16 bits.
const FRAME_RECORDS: usize = 32_768;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes on the disk.
    pub bytes: u64,
}

/// Where records come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Its number, from 1.
    pub id: u32,
    /// Number of the node.
    pub node: u64,
    /// Name of the node.
    pub node_name: String,
    /// Module.
    pub service: String,
    /// Path of the file, or name of the unit.
    pub path: String,
    /// From the journal.
    pub journal: bool,
    /// Format of its lines.
    pub format: String,
}

impl Source {
    /// The words by which its service may be called in a filter: module, unit, name of the file without `.log`.
    pub fn words(&self) -> [&str; 3] {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        [&self.service, &self.path, file.strip_suffix(".log").unwrap_or(file)]
    }
}

/// One file on a node, under whatever name it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileState {
    /// Its number, from 1.
    pub id: u32,
    /// Whose file it is.
    pub source: u32,
    /// Inode, as far as it is known.
    pub inode: u64,
    /// How many of the lengths 64, 256, 1024 its beginning was hashed over, and the hash over the longest; 0: it was shorter.
    pub print: (u32, u64),
    /// From here on it is followed.
    pub follow: u64,
    /// From here on it is wanted; less than `follow` when older lines were asked for.
    pub start: u64,
    /// What of it is kept.
    pub cover: Cover,
    /// Position in the journal.
    pub note: String,
    /// It was rotated away and read to its end, or is gone.
    pub over: bool,
    /// It is over, and was not on its node any more when that was looked at last.
    pub gone: bool,
    /// Time of its last record, microseconds.
    pub last: Option<i64>,
    /// Where the stretch ends that was kept last: what begins there goes on with it.
    pub next: u64,
}

/// Bytes of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chunk<'a> {
    /// Of which file.
    pub file: u32,
    /// Where they stand in it.
    pub offset: u64,
    /// Whole lines.
    pub bytes: &'a [u8],
    /// What follows is not part of the last record. Otherwise the last record is left for the next call.
    pub complete: bool,
    /// Position in the journal after them.
    pub note: &'a str,
    /// Now, microseconds since 1970-01-01 UTC.
    pub arrived: i64,
    /// How far the node's clock is ahead, microseconds.
    pub clock: i64,
    /// The node's local time, seconds east of UTC.
    pub zone: i32,
}

/// What was taken of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Bytes.
    pub bytes: u64,
    /// Records.
    pub records: u32,
}

/// What is kept of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCount {
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// Time of the last one, microseconds.
    pub last: Option<i64>,
}

/// What is kept in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records.
    pub records: u64,
    /// Bytes on the disk, index included.
    pub bytes: u64,
    /// First and last time.
    pub span: Option<(i64, i64)>,
    /// Cursor of the newest record.
    pub last: u64,
    /// Bytes of memory that the summaries take, about.
    pub memory: usize,
}

/// The logs of one environment.
pub struct LogStore {
    dir: PathBuf,
    pub(super) state: RwLock<State>,
    pub(super) cache: Cache,
}

impl LogStore {
    /// Opens the logs in a directory and makes it if it is not there. Whatever a crash left half-written is cut off.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreFault> {
        let fault = |e: std::io::Error| StoreFault::io(dir, &e);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(fault)?;
        let mut numbers = Segment::list(dir)?;
        // One that was begun and says nothing yet: the one before it is still the last.
        while let [.., _, last] = *numbers.as_slice() {
            let segment = Segment::open(dir, last)?;
            if segment.begins_whole()? {
                break;
            }
            segment.remove()?;
            numbers.pop();
        }
        let mut blocks = Vec::new();
        let mut segments = Vec::new();
        let mut older = 0;
        for number in numbers.iter().take(numbers.len().saturating_sub(1)) {
            let segment = Arc::new(Segment::open(dir, *number)?);
            let (summaries, _) = segment.blocks(false)?;
            older += segment.data_len()? + segment.index_len()?;
            blocks.extend(
                summaries
                    .into_iter()
                    .map(|summary| Arc::new(Sealed { summary, segment: Arc::clone(&segment) })),
            );
            segments.push(segment);
        }
        let tail = Arc::new(Segment::open(dir, numbers.last().copied().unwrap_or(1))?);
        segments.push(Arc::clone(&tail));
        let next = blocks.last().map_or(1, |b: &Arc<Sealed>| b.summary.end());
        let mut state = State {
            blocks: Arc::default(),
            segments,
            tail: Arc::clone(&tail),
            data: 0,
            index: 0,
            older,
            open: Open::new(next, 0),
            seen: Mutex::default(),
            sources: BTreeMap::new(),
            files: BTreeMap::new(),
            by_source: BTreeMap::new(),
            counts: BTreeMap::new(),
            looked: 0,
            limit: options.bytes,
            begun: None,
        };
        state.take_up(&tail, &mut blocks)?;
        state.counts.clear();
        for block in &blocks {
            state.count(&block.summary);
        }
        let open = state.open.summary(0);
        if open.count > 0 {
            state.count(&open);
        }
        state.blocks = Arc::new(blocks);
        let store = Self { dir: dir.to_path_buf(), state: RwLock::new(state), cache: Cache::default() };
        {
            let mut state = store.write();
            if state.data == 0 {
                state.manifest()?;
            }
        }
        Ok(store)
    }

    pub(super) fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sources by number.
    pub fn sources(&self) -> Vec<(Source, SourceCount)> {
        let state = self.read();
        let count = |id| state.counts.get(id).copied().unwrap_or_default();
        state.sources.iter().map(|(id, s)| (s.clone(), count(id))).collect()
    }

    /// Files of a source.
    pub fn files(&self, source: u32) -> Vec<FileState> {
        let state = self.read();
        let ids = state.by_source.get(&source).into_iter().flatten();
        ids.filter_map(|id| state.files.get(id)).cloned().collect()
    }

    /// The newest record, how many there are, and the newest time: cheap.
    pub fn news(&self) -> (u64, u64, i64) {
        let state = self.read();
        let last = (state.open.first + state.open.entries.len() as u64).saturating_sub(1);
        let time = state.counts.values().filter_map(|c| c.last).max();
        (last, state.counts.values().map(|c| c.records).sum(), time.unwrap_or_default())
    }

    /// What is kept.
    pub fn stats(&self) -> Stats {
        let state = self.read();
        let mut out = Stats {
            records: state.open.entries.len() as u64,
            bytes: state.older + state.data + state.index,
            last: (state.open.first + state.open.entries.len() as u64).saturating_sub(1),
            memory: state.blocks.iter().map(|b| b.summary.size() + 32).sum(),
            ..Stats::default()
        };
        let mut span = |min: i64, max: i64| {
            out.span = Some(out.span.map_or((min, max), |(a, b)| (a.min(min), b.max(max))));
        };
        for block in state.blocks.iter() {
            out.records += u64::from(block.summary.count);
            span(block.summary.min, block.summary.max);
        }
        for entry in &state.open.entries {
            span(entry.time, entry.time);
        }
        out
    }

    /// The source with these properties, made if it is not there; its name and module are brought up to date.
    pub fn source(&self, wanted: &Source) -> Result<u32, StoreFault> {
        let mut state = self.write();
        let same =
            |s: &&Source| s.node == wanted.node && s.path == wanted.path && s.journal == wanted.journal;
        let known = state.sources.values().find(same).cloned();
        let next = state.sources.keys().next_back().map_or(1, |id| id + 1);
        let mut fresh = Source { id: known.as_ref().map_or(next, |k| k.id), ..wanted.clone() };
        if let Some(known) = known {
            fresh.format.clone_from(&known.format);
            if fresh == known {
                return Ok(known.id);
            }
        }
        state.note(Kind::Source, &fresh)?;
        let id = fresh.id;
        state.sources.insert(id, fresh);
        Ok(id)
    }

    /// Keeps what is known of a file; one with number 0 is new. What is kept of its bytes is not changed by this.
    pub fn file(&self, file: &FileState) -> Result<u32, StoreFault> {
        let mut state = self.write();
        let next = state.files.keys().next_back().map_or(1, |id| id + 1);
        let mut fresh = FileState { id: if file.id == 0 { next } else { file.id }, ..file.clone() };
        if let Some(known) = state.files.get(&fresh.id) {
            fresh.cover.clone_from(&known.cover);
            fresh.note.clone_from(&known.note);
            (fresh.last, fresh.next) = (known.last, known.next);
        }
        state.note(Kind::File, &fresh)?;
        let (id, source) = (fresh.id, fresh.source);
        if state.files.insert(id, fresh).is_none() {
            state.by_source.entry(source).or_default().push(id);
        }
        Ok(id)
    }

    /// What is known of a file.
    pub fn file_state(&self, id: u32) -> Option<FileState> {
        self.read().files.get(&id).cloned()
    }

    /// Keeps bytes of a file: whole lines that were not kept before.
    pub fn append(&self, chunk: &Chunk<'_>) -> Result<Appended, StoreFault> {
        let parsed = parse(chunk.bytes, chunk.zone, chunk.arrived);
        let (records, taken) = if chunk.complete {
            (parsed.as_slice(), chunk.bytes.len())
        } else {
            let Some((last, rest)) = parsed.split_last() else { return Ok(Appended::default()) };
            (rest, last.start)
        };
        let (records, taken) = match records.get(FRAME_RECORDS) {
            Some(next) => (records.get(..FRAME_RECORDS).unwrap_or_default(), next.start),
            None => (records, taken),
        };
        if taken == 0 {
            return Ok(Appended::default());
        }
        let bytes = chunk.bytes.get(..taken).unwrap_or_default();
        let mut found = Vec::new();
        ids::each(bytes, |id| found.push(id));
        let mut framed = Vec::with_capacity(frame::HEAD + chunk.note.len() + bytes.len());
        let head = Head {
            kind: Kind::Data,
            file: chunk.file,
            offset: chunk.offset,
            arrived: chunk.arrived,
            clock: chunk.clock,
            zone: chunk.zone,
        };
        frame::put(&mut framed, &head, chunk.note.as_bytes(), bytes);
        let mut state = self.write();
        let file = state.files.get(&chunk.file).ok_or(StoreFault::NoFile(chunk.file))?;
        let (from, to) = (chunk.offset, chunk.offset + taken as u64);
        if file.cover.overlaps(from, to) {
            return Err(StoreFault::Again { file: chunk.file, from, to });
        }
        self.make_room(&mut state, framed.len() as u64)?;
        let at = state.data;
        state.begun = state.begun.or(Some(chunk.arrived));
        state.tail.write_data(at, &framed)?;
        state.data += framed.len() as u64;
        let text_at = at + (frame::HEAD + chunk.note.len()) as u64;
        state.index(&head, chunk.note, records, bytes.len(), text_at);
        state.open.ids.extend(found);
        state.open.data.1 = state.data;
        if state.open.is_full() {
            state.seal()?;
        }
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
        Ok(Appended { bytes: taken as u64, records: count })
    }

    /// Throws away whole segments, oldest first: those whose last record is older than `before` (microseconds), and more while
    /// there are more than `bytes`.
    pub fn keep(&self, before: Option<i64>, bytes: u64) -> Result<u64, StoreFault> {
        let mut state = self.write();
        state.limit = bytes;
        if let Some(before) = before {
            state.age(&self.dir, before)?;
        }
        state.drop_old(before)
    }

    /// Makes everything durable.
    pub fn sync(&self) -> Result<(), StoreFault> {
        let tail = Arc::clone(&self.read().tail);
        tail.sync()
    }

    fn make_room(&self, state: &mut State, bytes: u64) -> Result<(), StoreFault> {
        state.looked = state.looked.saturating_sub(bytes);
        if state.looked == 0 {
            if let Ok(space) = rustix::fs::statvfs(&self.dir) {
                let free = (space.f_bavail.saturating_mul(space.f_frsize)) >> 20;
                if free < ROOM_MIB {
                    return Err(StoreFault::Full { dir: self.dir.clone(), free });
                }
            }
            state.looked = LOOK_EVERY;
        }
        let size = (state.limit / 16).clamp(SEGMENT_MIN, SEGMENT);
        if state.data + bytes > size && state.data > 0 {
            state.roll(&self.dir)?;
            // Room for what this segment will become.
            let limit = state.limit;
            state.limit = limit.saturating_sub(size);
            let dropped = state.drop_old(None);
            state.limit = limit;
            dropped?;
        }
        if state.data == 0 {
            // It could not be written when this segment was begun; without it, it would be taken for one that says nothing.
            state.manifest()?;
        }
        Ok(())
    }
}
