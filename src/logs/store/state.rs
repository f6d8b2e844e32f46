//! What is known of a store, and what changes it: taking up what the disk has, indexing, sealing, throwing away.

use super::StoreFault;
use super::block::{self, Entry, Open};
use super::cache::Loaded;
use super::frame::{self, Frame, Head, Kind};
use super::ids;
use super::segment::{Sealed, Segment};
use super::write::{FileState, Source, SourceCount};
use crate::logs::format::{Formats, Line, Options as ParseOptions, Parser};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Times that lie more than this after the arrival are not believed, microseconds.
const FUTURE: i64 = 24 * 3_600_000_000;
/// Bytes that a write which a crash interrupted may leave half-written.
const FRAME: u64 = 9 << 20;
/// A file's times may go back by so much and are still kept in order, microseconds.
const BACK: i64 = 60_000_000;

#[derive(Default, Serialize, Deserialize)]
struct Manifest {
    pub sources: Vec<Source>,
    pub files: Vec<FileState>,
    next: u64,
}

/// What is known of a store.
pub struct State {
    /// Sealed blocks in the order of their cursors.
    pub blocks: Arc<Vec<Arc<Sealed>>>,
    pub segments: Vec<Arc<Segment>>,
    pub tail: Arc<Segment>,
    pub data: u64,
    pub index: u64,
    /// Data and index bytes of all segments but the last.
    pub older: u64,
    pub open: Open,
    /// The open block as readers see it, as long as nothing was added.
    pub seen: Mutex<Option<Arc<Loaded>>>,
    pub sources: BTreeMap<u32, Source>,
    pub files: BTreeMap<u32, FileState>,
    /// Numbers of the files of each source.
    pub by_source: BTreeMap<u32, Vec<u32>>,
    pub counts: BTreeMap<u32, SourceCount>,
    pub looked: u64,
    pub limit: u64,
    /// When the first bytes of the last segment arrived, microseconds.
    pub begun: Option<i64>,
}

/// One record that was found in a chunk.
pub struct Parsed {
    pub start: usize,
    pub time: Option<i64>,
    pub level: Option<crate::domain::logs::Level>,
    pub lines: u16,
    pub format: &'static str,
}

impl State {
    /// Takes up the last segment: its blocks as far as they are whole, and what follows them in the data file.
    pub fn take_up(&mut self, tail: &Arc<Segment>, blocks: &mut Vec<Arc<Sealed>>) -> Result<(), StoreFault> {
        let (mut summaries, _) = tail.blocks(true)?;
        let mut ends = Vec::new();
        let mut restored: Vec<(u64, usize, u32, u64)> = Vec::new();
        let mut manifest = Manifest::default();
        let mut state_after = Vec::new();
        // First: which frames are whole, and what they say about files.
        let end = tail.frames(|at, frame| {
            match frame.head.kind {
                Kind::Manifest => manifest = serde_json::from_slice(frame.bytes).unwrap_or_default(),
                _ => state_after.push((
                    frame.head,
                    frame.note.to_vec(),
                    {
                        let json = matches!(frame.head.kind, Kind::File | Kind::Source);
                        if json { frame.bytes.to_vec() } else { Vec::new() }
                    },
                    frame.bytes.len() as u64,
                )),
            }
            if frame.head.kind == Kind::Data {
                self.begun = self.begun.or(Some(frame.head.arrived));
                let end = frame.head.offset + frame.bytes.len() as u64;
                restored.push((at, frame::HEAD + frame.note.len() + frame.bytes.len(), frame.head.file, end));
            }
            ends.push(at);
            Ok(())
        })?;
        self.open = Open::new(manifest.next.max(self.open.first), 0);
        self.sources = manifest.sources.into_iter().map(|s| (s.id, s)).collect();
        self.files = manifest.files.into_iter().map(|f| (f.id, f)).collect();
        let mut before: BTreeMap<u32, (Option<i64>, u64)> =
            self.files.values().map(|f| (f.id, (f.last, f.next))).collect();
        for (head, note, json, length) in state_after {
            match head.kind {
                Kind::Source => {
                    if let Ok(source) = serde_json::from_slice::<Source>(&json) {
                        self.sources.insert(source.id, source);
                    }
                }
                Kind::File => {
                    if let Ok(mut file) = serde_json::from_slice::<FileState>(&json) {
                        if let Some(known) = self.files.get(&file.id) {
                            file.cover.clone_from(&known.cover);
                            file.note.clone_from(&known.note);
                        }
                        self.files.insert(file.id, file);
                    }
                }
                Kind::Data => {
                    if let Some(file) = self.files.get_mut(&head.file) {
                        file.cover.add(head.offset, head.offset + length);
                        if !note.is_empty() {
                            file.note = String::from_utf8_lossy(&note).into_owned();
                        }
                    }
                }
                Kind::Manifest => {}
            }
        }
        let lost = tail.data_len()?.saturating_sub(end);
        if lost > FRAME {
            tracing::warn!(
                segment = tail.number,
                bytes = lost,
                "the end of the kept logs is damaged and cut off"
            );
        }
        self.sort_files();
        // Blocks that speak of more than there is are made again.
        summaries.retain(|s| s.data.1 <= end);
        let index_end = summaries.last().map_or(0, |s| s.entries_at() + s.entries_len() as u64);
        tail.cut(end, index_end)?;
        (self.data, self.index) = (end, index_end);
        let sealed = summaries.last().map_or(0, |s| s.data.1);
        if let Some(last) = summaries.last() {
            self.open = Open::new(last.end(), last.data.1);
        } else {
            self.open.data = (0, 0);
        }
        // What is indexed again must find what it found the first time.
        for (_, _, file, end) in restored.iter().filter(|(at, ..)| *at < sealed) {
            before.entry(*file).or_default().1 = *end;
        }
        for file in self.files.values_mut() {
            (file.last, file.next) = before.get(&file.id).copied().unwrap_or_default();
        }
        self.remember_times(tail, &summaries)?;
        for summary in summaries {
            blocks.push(Arc::new(Sealed { summary, segment: Arc::clone(tail) }));
        }
        for (at, length, ..) in restored.into_iter().filter(|(at, ..)| *at >= sealed) {
            let buffer = tail.read_data(at, length)?;
            let Some((frame, _)) = frame::take(&buffer) else { break };
            self.restore(at, &frame);
            if self.open.is_full() {
                let made = self.seal_into()?;
                blocks.push(made);
            }
        }
        Ok(())
    }

    /// The last time of each source's newest file, from the newest block that has it: times of a file must not go back.
    fn remember_times(&mut self, tail: &Segment, summaries: &[block::Summary]) -> Result<(), StoreFault> {
        let Some(last) = summaries.last() else { return Ok(()) };
        let (entries, _) = block::entries(&tail.read_index(last.entries_at(), last.entries_len())?);
        for entry in entries {
            let newest = self.files.values_mut().rfind(|f| f.source == entry.source);
            if let Some(file) = newest {
                file.last = file.last.max(Some(entry.time));
            }
        }
        Ok(())
    }

    fn restore(&mut self, at: u64, frame: &Frame<'_>) {
        let records = parse(frame.bytes, frame.head.zone, frame.head.arrived);
        let note = String::from_utf8_lossy(frame.note).into_owned();
        let text_at = at + (frame::HEAD + frame.note.len()) as u64;
        self.index(&frame.head, &note, &records, frame.bytes.len(), text_at);
        let open = &mut self.open;
        ids::each(frame.bytes, |id| {
            open.ids.insert(id);
        });
        open.data.1 = text_at + frame.bytes.len() as u64;
    }

    /// Puts records of a frame into the open block.
    pub fn index(&mut self, head: &Head, note: &str, records: &[Parsed], len: usize, text_at: u64) {
        let Some(file) = self.files.get_mut(&head.file) else { return };
        file.cover.add(head.offset, head.offset + len as u64);
        if !note.is_empty() {
            note.clone_into(&mut file.note);
        }
        let source = file.source;
        let count = self.counts.entry(source).or_default();
        // Older lines that are fetched later are in order among themselves, not with those that were followed.
        let mut before = file.last.filter(|_| file.next == head.offset);
        file.next = head.offset + len as u64;
        for (at, record) in records.iter().enumerate() {
            let end = records.get(at + 1).map_or(len, |next| next.start);
            let told = record.time.and_then(|t| t.checked_sub(head.clock));
            let told = told.filter(|t| *t < head.arrived.saturating_add(FUTURE));
            let mut time = told.or(before).unwrap_or(head.arrived);
            if let Some(last) = before
                && time < last
                && time > last.saturating_sub(BACK)
            {
                time = last;
            }
            before = Some(time);
            self.open.entries.push(Entry {
                time,
                at: u32::try_from(text_at + record.start as u64).unwrap_or(u32::MAX),
                len: u32::try_from(end - record.start).unwrap_or(u32::MAX),
                source,
                level: record.level,
                guessed: told.is_none(),
                lines: record.lines,
            });
            count.records += 1;
            count.bytes += (end - record.start) as u64;
            count.last = count.last.max(Some(time));
        }
        file.last = before.or(file.last);
        if let Some(source) = self.sources.get_mut(&source)
            && let Some(format) = records.last().map(|r| r.format).filter(|f| *f != source.format)
        {
            format.clone_into(&mut source.format);
        }
        self.seen = Mutex::default();
    }

    pub fn count(&mut self, summary: &block::Summary) {
        for (id, records, bytes) in &summary.sources {
            let count = self.counts.entry(*id).or_default();
            count.records += u64::from(*records);
            count.bytes += bytes;
            count.last = count.last.max(Some(summary.max));
        }
    }

    pub fn seal(&mut self) -> Result<(), StoreFault> {
        let made = self.seal_into()?;
        Arc::make_mut(&mut self.blocks).push(made);
        Ok(())
    }

    fn seal_into(&mut self) -> Result<Arc<Sealed>, StoreFault> {
        let (bytes, summary) = self.open.seal(self.index);
        self.tail.write_index(self.index, &bytes)?;
        self.index += bytes.len() as u64;
        self.open = Open::new(summary.end(), summary.data.1);
        self.seen = Mutex::default();
        Ok(Arc::new(Sealed { summary, segment: Arc::clone(&self.tail) }))
    }

    /// Writes something that is known.
    pub fn note<T: Serialize>(&mut self, kind: Kind, what: &T) -> Result<(), StoreFault> {
        let json = serde_json::to_vec(what).unwrap_or_default();
        let mut framed = Vec::new();
        let head = Head { kind, file: 0, offset: 0, arrived: 0, clock: 0, zone: 0 };
        frame::put(&mut framed, &head, b"", &json);
        self.tail.write_data(self.data, &framed)?;
        self.data += framed.len() as u64;
        if self.open.entries.is_empty() {
            self.open.data = (self.data, self.data);
        }
        Ok(())
    }

    /// Writes all that is known, at the beginning of a segment. Files that are over and lie on their node no longer are forgotten after a
    /// while; one that lies there still would be taken for a new one, and read again.
    pub fn manifest(&mut self) -> Result<(), StoreFault> {
        let over: Vec<u32> = self.files.values().filter(|f| f.over && f.gone).map(|f| f.id).collect();
        for id in over.iter().take(over.len().saturating_sub(1000)) {
            self.files.remove(id);
        }
        self.sort_files();
        let manifest = Manifest {
            sources: self.sources.values().cloned().collect(),
            files: self.files.values().cloned().collect(),
            next: self.open.first,
        };
        self.note(Kind::Manifest, &manifest)
    }

    /// Finds the files of each source anew.
    pub fn sort_files(&mut self) {
        self.by_source.clear();
        for file in self.files.values() {
            self.by_source.entry(file.source).or_default().push(file.id);
        }
    }

    pub fn roll(&mut self, dir: &Path) -> Result<(), StoreFault> {
        if !self.open.entries.is_empty() {
            self.seal()?;
        }
        self.tail.sync()?;
        let fresh = Arc::new(Segment::open(dir, self.tail.number + 1)?);
        fresh.cut(0, 0)?;
        self.older += self.data + self.index;
        self.segments.push(Arc::clone(&fresh));
        self.tail = fresh;
        (self.data, self.index) = (0, 0);
        self.begun = None;
        self.open = Open::new(self.open.first, 0);
        self.manifest()?;
        self.tail.sync()
    }

    /// Begins a new segment when the last one was begun before then: its records would never grow old enough otherwise.
    pub fn age(&mut self, dir: &Path, before: i64) -> Result<(), StoreFault> {
        if self.begun.is_some_and(|begun| begun < before) {
            self.roll(dir)?;
        }
        Ok(())
    }

    pub fn drop_old(&mut self, before: Option<i64>) -> Result<u64, StoreFault> {
        let mut dropped = 0;
        while self.segments.len() > 1 {
            let Some(oldest) = self.segments.first().cloned() else { break };
            let of = |b: &&Arc<Sealed>| b.segment.number == oldest.number;
            let newest = self.blocks.iter().filter(of).map(|b| b.summary.max).max();
            let aged = before.is_some_and(|before| newest.is_none_or(|newest| newest < before));
            if !aged && self.older + self.data + self.index <= self.limit {
                break;
            }
            let bytes = oldest.data_len()? + oldest.index_len()?;
            oldest.remove()?;
            for block in self.blocks.iter().filter(of) {
                for (id, records, bytes) in &block.summary.sources {
                    if let Some(count) = self.counts.get_mut(id) {
                        count.records = count.records.saturating_sub(u64::from(*records));
                        count.bytes = count.bytes.saturating_sub(*bytes);
                    }
                }
            }
            Arc::make_mut(&mut self.blocks).retain(|b| b.segment.number != oldest.number);
            self.segments.remove(0);
            self.older = self.older.saturating_sub(bytes);
            dropped += bytes;
        }
        Ok(dropped)
    }

    /// The open block as readers see it.
    pub fn open_block(&self) -> Arc<Loaded> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let entries = self.open.entries.clone();
            let order = block::order(&entries);
            Arc::new(Loaded { first: self.open.first, entries, order })
        };
        Arc::clone(seen.get_or_insert_with(fresh))
    }
}

/// The records in whole lines.
pub fn parse(bytes: &[u8], zone: i32, arrived: i64) -> Vec<Parsed> {
    let formats = Formats::known();
    let mut parser = Parser::new(ParseOptions { offset: Some(zone), reference: Some(arrived), formats });
    let mut out: Vec<Parsed> = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let rest = bytes.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(bytes.len(), |n| start + n + 1);
        let line = bytes.get(start..end).unwrap_or_default();
        match parser.line(line) {
            Line::Head(record) => out.push(Parsed {
                start,
                time: record.time,
                level: record.level,
                lines: 1,
                format: record.format.name(),
            }),
            Line::Continuation(_) | Line::Empty => match out.last_mut() {
                Some(open) => open.lines = open.lines.saturating_add(1),
                None => {
                    out.push(Parsed { start, time: None, level: None, lines: 1, format: "text" });
                }
            },
        }
        start = end;
    }
    out
}
