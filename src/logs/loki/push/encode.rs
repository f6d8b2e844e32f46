//! Records to batches: JSON, grouped by stream, bounded in bytes and in entries.
//!
//! Two lines of the same moment with the same text are one to Loki. oslo.log tells milliseconds, so equal times are common: each further
//! entry of a stream at the same microsecond gets one nanosecond more, which keeps both lines and their order. A batch holds what was
//! encoded, so that what is sent again is the same to the byte.
//!
//! Loki refuses what is more than an hour behind the newest line of its stream, for good. Lines that were fetched later than newer ones
//! of the same file (the last hours, asked for when all is followed already) are such. They go into a stream beside, with the label
//! `backfill`; see [`Encoder::lane`]. How far each stream is belongs to the position, so that a new engine decides the same.

use super::source::PushRecord;
use super::streams::{LANES, Reached, Streams, WINDOW};
use crate::domain::text::beginning;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::Arc;

/// How large batches and lines may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a batch's JSON. At least 4 KiB.
    pub bytes: usize,
    /// Entries of a batch.
    pub entries: usize,
    /// Bytes of a line.
    pub line: usize,
}

impl Default for Bounds {
    /// Below what Loki allows by default: 4 MiB a message, 256 KiB a line.
    fn default() -> Self {
        Self { bytes: 1 << 20, entries: 2_000, line: 250 * 1024 }
    }
}

/// Longest value of a label or of structured metadata, bytes; Loki's limit for labels is 2048.
const VALUE_MAX: usize = 1_024;

/// Loki takes nothing that is further ahead of its clock, microseconds.
const AHEAD: i64 = 10 * 60 * 1_000_000;

/// The labels: few and long-lived. What tells entries apart (request, instance, level, process) is structured metadata.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    /// What all of it belongs to.
    pub job: String,
    /// The program.
    pub service: String,
    /// The node.
    pub host: String,
    /// The environment.
    pub environment: String,
    /// 0: lines as they came. Otherwise lines that came too late for the streams before.
    pub backfill: u8,
}

impl Labels {
    fn json(&self) -> Vec<u8> {
        let mut map = Map::new();
        for (name, value) in [
            ("job", &self.job),
            ("service", &self.service),
            ("host", &self.host),
            ("environment", &self.environment),
        ] {
            map.insert(name.to_owned(), Value::String(beginning(value, VALUE_MAX).to_owned()));
        }
        if self.backfill > 0 {
            map.insert("backfill".to_owned(), Value::String(self.backfill.to_string()));
        }
        Value::Object(map).to_string().into_bytes()
    }
}

/// An entry as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    labels: Arc<Labels>,
    /// Place in the store.
    cursor: u64,
    /// Nanoseconds since 1970.
    time: i64,
    /// How far its stream is with it.
    reached: Reached,
    json: Vec<u8>,
    /// Its line was cut.
    cut: bool,
}

impl Entry {
    /// Its stream.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}

/// Some entries that are sent together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    entries: Vec<Entry>,
    /// Once it is dealt with, everything up to this record is.
    upto: Option<u64>,
}

impl Batch {
    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The last record that is dealt with by it.
    pub fn upto(&self) -> Option<u64> {
        self.upto
    }

    /// Lines that were cut.
    pub fn cut(&self) -> u64 {
        self.entries.iter().filter(|e| e.cut).count() as u64
    }

    /// Time of its newest entry, microseconds since 1970.
    pub fn newest(&self) -> Option<i64> {
        self.entries.iter().map(|e| e.time / 1000).max()
    }

    /// Writes down how far its streams are with it.
    pub fn note(&self, streams: &mut Streams) {
        for entry in &self.entries {
            let labels = &entry.labels;
            streams.note(&labels.host, &labels.service, labels.backfill, entry.reached);
        }
    }

    /// The JSON of it.
    pub fn json(&self) -> Vec<u8> {
        let mut streams: BTreeMap<&Labels, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.entries {
            streams.entry(&entry.labels).or_default().push(entry);
        }
        let mut out = Vec::from(HEAD);
        for (at, (labels, entries)) in streams.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(STREAM);
            out.extend_from_slice(&labels.json());
            out.extend_from_slice(VALUES);
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&entry.json);
            }
            out.extend_from_slice(b"]}");
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// The JSON of it, gzipped.
    pub fn gzip(&self) -> std::io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.json())?;
        encoder.finish()
    }

    /// Two halves in order; `None`: it is one entry.
    pub fn split(mut self) -> Result<(Self, Self), Self> {
        if self.entries.len() < 2 {
            return Err(self);
        }
        let rest = self.entries.split_off(self.entries.len() / 2);
        let first = Self { upto: self.entries.last().map(|e| e.cursor), entries: self.entries };
        Ok((first, Self { entries: rest, upto: self.upto }))
    }
}

const HEAD: &[u8] = br#"{"streams":["#;
const STREAM: &[u8] = br#"{"stream":"#;
const VALUES: &[u8] = br#","values":["#;
/// Of [`HEAD`] and what closes it.
const AROUND: usize = HEAD.len() + 2;
/// Around a stream, the comma before it included.
const AROUND_STREAM: usize = STREAM.len() + VALUES.len() + 3;

/// Makes batches of one environment's records.
#[derive(Debug)]
pub struct Encoder {
    job: String,
    environment: String,
    bounds: Bounds,
    /// How far each stream is.
    streams: Streams,
    /// Labels that were seen: of like ones there is one.
    known: HashSet<Arc<Labels>>,
}

impl Encoder {
    /// For the records of `environment`.
    pub fn new(job: &str, environment: &str, bounds: Bounds) -> Self {
        Self {
            job: job.to_owned(),
            environment: environment.to_owned(),
            bounds,
            streams: Streams::default(),
            known: HashSet::new(),
        }
    }

    /// Goes on where streams are.
    pub fn resume(&mut self, streams: Streams) {
        self.streams = streams;
    }

    /// Batches of `records`, in their order; the last one reaches to `upto`. `now` (µs) is for records that tell no time.
    pub fn batches(&mut self, records: Vec<PushRecord>, upto: Option<u64>, now: i64) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut open = Batch::default();
        let mut size = AROUND;
        let mut streams: BTreeMap<Arc<Labels>, usize> = BTreeMap::new();
        for record in records {
            let labels = Labels {
                job: self.job.clone(),
                service: record.service.clone(),
                host: record.host.clone(),
                environment: self.environment.clone(),
                backfill: self.lane(&record),
            };
            let labels = if let Some(known) = self.known.get(&labels) {
                Arc::clone(known)
            } else {
                let labels = Arc::new(labels);
                self.known.insert(Arc::clone(&labels));
                labels
            };
            let head = labels.json().len() + AROUND_STREAM;
            let room = self.bounds.bytes.saturating_sub(AROUND + head + 1);
            let entry = self.entry(&record, &labels, room, now);
            let more = entry.json.len() + 1 + if streams.contains_key(&labels) { 0 } else { head };
            if !open.is_empty() && (size + more > self.bounds.bytes || open.len() >= self.bounds.entries) {
                batches.push(std::mem::take(&mut open));
                streams.clear();
                size = AROUND;
            }
            if streams.insert(Arc::clone(&labels), head).is_none() {
                size += head;
            }
            size += entry.json.len() + 1;
            open.upto = Some(entry.cursor);
            open.entries.push(entry);
        }
        if !open.is_empty() {
            batches.push(open);
        }
        match batches.last_mut() {
            Some(last) => last.upto = upto.max(last.upto),
            None if upto.is_some() => batches.push(Batch { entries: Vec::new(), upto }),
            None => {}
        }
        batches
    }

    /// Into which of the streams of its file a record goes: the first that is not too far ahead of it.
    fn lane(&self, record: &PushRecord) -> u8 {
        let Some(time) = record.time else { return 0 };
        let fits = |lane: &u8| {
            let reached = self.streams.of(&record.host, &record.service, *lane);
            reached.is_none_or(|r| time >= r.newest.saturating_sub(WINDOW))
        };
        (0..LANES).find(fits).unwrap_or(LANES - 1)
    }

    fn entry(&mut self, record: &PushRecord, labels: &Arc<Labels>, room: usize, now: i64) -> Entry {
        let (host, service, number) = (&labels.host, &labels.service, labels.backfill);
        let before = self.streams.of(host, service, number);
        let micros = record.time.or(before.map(|b| b.micros)).unwrap_or(now);
        let time = match before {
            Some(before) if before.micros == micros => before.given.saturating_add(1),
            _ => micros.saturating_mul(1000),
        };
        // What is too far ahead Loki refuses; the stream is not further with it.
        let newest = micros.min(now.saturating_add(AHEAD)).max(before.map_or(i64::MIN, |b| b.newest));
        let reached = Reached { micros, given: time, newest };
        self.streams.note(host, service, number, reached);
        let mut most = self.bounds.line;
        loop {
            let (line, cut) = line(&record.text, most);
            let json = encoded(time, &line, &record.metadata);
            if json.len() <= room || most == 0 {
                let (labels, cursor) = (Arc::clone(labels), record.cursor);
                return Entry { labels, cursor, time, reached, json, cut };
            }
            // Control characters grow sixfold in JSON.
            most = most.min(line.len()) / 2;
        }
    }
}

fn encoded(time: i64, line: &str, metadata: &[(&'static str, String)]) -> Vec<u8> {
    let mut parts = vec![Value::String(time.to_string()), Value::String(line.to_owned())];
    let map: Map<String, Value> = metadata
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| ((*name).to_owned(), Value::String(beginning(value, VALUE_MAX).to_owned())))
        .collect();
    if !map.is_empty() {
        parts.push(Value::Object(map));
    }
    Value::Array(parts).to_string().into_bytes()
}

/// A line of at most `most` bytes, and whether it was cut; a cut one says so at its end.
fn line(text: &str, most: usize) -> (String, bool) {
    let text = text.trim_end_matches(['\n', '\r']);
    if text.len() <= most {
        return (text.to_owned(), false);
    }
    let note = format!("… [cut by cpmg: {} bytes in all]", text.len());
    let kept = beginning(text, most.saturating_sub(note.len()));
    (format!("{kept}{}", beginning(&note, most)), true)
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
