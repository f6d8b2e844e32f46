//! The data as text: one JSON object a line, secrets still sealed.
//!
//! The first line names the format and the moment, the last one counts the records, so that a file cut short is noticed.
//! An export is one moment of the whole store, written under another name and renamed when it is on the disk. The last
//! `KEPT` are kept. It can be read with `jq` and imported by the same or a newer cpmg.

use super::{Batch, Entry, Error, Header, Kind, Result, Stamp, Store, files};
use crate::domain::{
    ids::{Revision, UserId},
    time::Moment,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// How many exports are kept unless somebody says otherwise.
pub const KEPT: usize = 10;

/// Version of the form of an export.
const FORMAT: u32 = 1;

/// Bytes of records imported in one change.
const CHUNK: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
struct First {
    cpmg_export: u32,
    at: Moment,
}

#[derive(Serialize, Deserialize)]
struct Line {
    kind: String,
    /// In hexadecimal.
    key: String,
    revision: u64,
    schema: u8,
    at: u64,
    by: u64,
    value: Value,
}

#[derive(Serialize, Deserialize)]
struct Last {
    records: usize,
}

/// What an export holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The file.
    pub path: PathBuf,
    /// When it was written.
    pub at: Moment,
    /// Records in it.
    pub records: usize,
}

/// Writes all of the store to a new file in `dir` and removes all but the newest `kept` of such files. Names never go
/// back in time, even if the clock does.
pub fn export(store: &dyn Store, dir: &Path, now: Moment, kept: usize) -> Result<Summary> {
    files::private_dir(dir)?;
    let tables = store.snapshot(Kind::ALL)?;
    let path = free_name(dir, now)?;
    let mut draft = files::Draft::new(&path)?;
    let mut records = 0;
    let mut line = |text: &dyn erased::Json| put(&mut draft, &path, text);
    line(&First { cpmg_export: FORMAT, at: now })?;
    for (kind, entries) in &tables {
        for (key, bytes) in entries {
            line(&line_of(*kind, key, bytes)?)?;
            records += 1;
        }
    }
    line(&Last { records })?;
    draft.finish()?;
    prune(exports(dir)?, kept)?;
    Ok(Summary { path, at: now, records })
}

fn put(draft: &mut files::Draft, path: &Path, text: &dyn erased::Json) -> Result<()> {
    let fault =
        |e: serde_json::Error| Error::Export { path: path.to_path_buf(), line: 0, why: e.to_string() };
    let mut bytes = text.json().map_err(fault)?;
    bytes.push(b'\n');
    draft.write(&bytes)
}

fn line_of(kind: Kind, key: &[u8], bytes: &[u8]) -> Result<Line> {
    let unreadable = |why: &str| Error::Unreadable { kind, key: hex::encode(key), why: why.to_owned() };
    let (header, body) = Header::split(bytes).ok_or_else(|| unreadable("it is too short"))?;
    Ok(Line {
        kind: kind.name().to_owned(),
        key: hex::encode(key),
        revision: header.revision.0,
        schema: header.schema,
        at: header.stamp.at.0,
        by: header.stamp.by.0,
        value: serde_json::from_slice(body).map_err(|e| unreadable(&e.to_string()))?,
    })
}

/// Writes an export anew with other values where `change` has some; whole or not at all, and not where nothing changes.
pub(super) fn rewrite(
    path: &Path,
    change: impl Fn(Kind, &[u8], &[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<()> {
    let mut changed = false;
    let summary = read(path, |kind, key, value| {
        changed |= change(kind, &key, &value)?.is_some();
        Ok(())
    })?;
    if !changed {
        return Ok(());
    }
    let mut draft = files::Draft::new(path)?;
    put(&mut draft, path, &First { cpmg_export: FORMAT, at: summary.at })?;
    read(path, |kind, key, value| {
        let value = change(kind, &key, &value)?.unwrap_or(value);
        put(&mut draft, path, &line_of(kind, &key, &value)?)
    })?;
    put(&mut draft, path, &Last { records: summary.records })?;
    draft.finish()
}

/// `dyn Serialize` for the three kinds of lines.
mod erased {
    pub(super) trait Json {
        fn json(&self) -> serde_json::Result<Vec<u8>>;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> serde_json::Result<Vec<u8>> {
            serde_json::to_vec(self)
        }
    }
}

/// The exports in a directory, the newest first.
pub fn exports(dir: &Path) -> Result<Vec<PathBuf>> {
    let listing = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| Error::io(dir, &e))?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry.map_err(|e| Error::io(dir, &e))?.path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            found.push(path);
        }
    }
    found.sort();
    found.reverse();
    Ok(found)
}

/// Reads an export whole and checks it, then writes its records as they were into `store`, over what is there.
pub fn import(store: &dyn Store, path: &Path) -> Result<Summary> {
    // Read twice rather than held in memory: nothing is written unless all of it is good.
    let summary = read(path, |_, _, _| Ok(()))?;
    let (mut batch, mut bytes) = (Batch::new(), 0);
    read(path, |kind, key, value| {
        bytes += key.len() + value.len();
        batch.restore(kind, key, value);
        if bytes > CHUNK {
            bytes = 0;
            store.apply(std::mem::take(&mut batch))?;
        }
        Ok(())
    })?;
    store.apply(batch)?;
    Ok(summary)
}

fn read(path: &Path, mut take: impl FnMut(Kind, Vec<u8>, Vec<u8>) -> Result<()>) -> Result<Summary> {
    let fault = |line: usize, why: String| Error::Export { path: path.to_path_buf(), line, why };
    let mut reader = BufReader::new(File::open(path).map_err(|e| Error::io(path, &e))?);
    let mut number = 0;
    let mut text = String::new();
    let mut next = |text: &mut String| -> Result<usize> {
        text.clear();
        number += 1;
        match reader.read_line(text).map_err(|e| Error::io(path, &e))? {
            0 => Err(fault(number, "the file ends too early, it was cut".into())),
            _ => Ok(number),
        }
    };
    let line = next(&mut text)?;
    let first: First =
        serde_json::from_str(&text).map_err(|_| fault(line, "this is no export of cpmg".into()))?;
    if first.cpmg_export > FORMAT {
        return Err(fault(line, "it was written by a newer cpmg".into()));
    }
    let mut records = 0;
    loop {
        let line = next(&mut text)?;
        if let Ok(last) = serde_json::from_str::<Last>(&text) {
            let why = || format!("{records} records are here, {} were written", last.records);
            return if last.records == records {
                Ok(Summary { path: path.to_path_buf(), at: first.at, records })
            } else {
                Err(fault(line, why()))
            };
        }
        let (kind, (key, value)) = record(&text).map_err(|why| fault(line, why))?;
        take(kind, key, value)?;
        records += 1;
    }
}

fn record(text: &str) -> std::result::Result<(Kind, Entry), String> {
    let line: Line = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let kind = Kind::from_name(&line.kind).ok_or_else(|| format!("unknown table {}", line.kind))?;
    let key = hex::decode(&line.key).map_err(|e| e.to_string())?;
    let stamp = Stamp { at: Moment(line.at), by: UserId(line.by) };
    let header = Header { revision: Revision(line.revision), schema: line.schema, stamp };
    Ok((kind, (key, header.with(line.value.to_string().as_bytes()))))
}

/// Removes what is left of exports whose writer was killed: each has a name of its own, so that none takes another one's place. Nobody may
/// be writing one whose name begins like these.
pub(super) fn drop_unfinished(dir: &Path, beginning: &str) {
    let Ok(listing) = std::fs::read_dir(dir) else { return };
    for path in listing.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(beginning)
            && name.ends_with(".jsonl.part")
            && let Err(why) = std::fs::remove_file(&path)
        {
            tracing::warn!(path = %path.display(), %why, "an unfinished export could not be removed");
        }
    }
}

/// A moment as part of a file name: sorts as time does.
pub(super) fn name_of(at: Moment) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y%m%dT%H%M%S%.3fZ").to_string()
}

/// A name behind all that are there: the moment, or one that begins like the newest.
fn free_name(dir: &Path, now: Moment) -> Result<PathBuf> {
    let path = dir.join(format!("{}.jsonl", name_of(now)));
    match exports(dir)?.into_iter().next() {
        Some(newest) if newest >= path => {
            // The clock went back, or two exports fell on one millisecond. `_` sorts behind the dot of the ending.
            let stem = newest.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (base, number) = stem.rsplit_once('_').unwrap_or((&stem, "0"));
            let number = number.parse::<u64>().unwrap_or(0).saturating_add(1);
            Ok(dir.join(format!("{base}_{number:06}.jsonl")))
        }
        _ => Ok(path),
    }
}

/// Beginning of the names of copies.
const COPY: &str = "cpmg-";

/// Puts a copy of an export into another directory, whole or not at all, and removes all but the newest `kept` copies there. Other files of
/// that directory are left alone.
pub fn copy(export: &Path, dir: &Path, kept: usize) -> Result<()> {
    let name = export.file_name().unwrap_or_default().to_string_lossy();
    let mut from = File::open(export).map_err(|e| Error::io(export, &e))?;
    drop_unfinished(dir, COPY);
    let mut draft = files::Draft::new(&dir.join(format!("{COPY}{name}")))?;
    let mut part = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut from, &mut part).map_err(|e| Error::io(export, &e))? {
            0 => break,
            n => draft.write(part.get(..n).unwrap_or_default())?,
        }
    }
    draft.finish()?;
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stamp = name.strip_prefix(COPY).unwrap_or_default();
        stamp.len() >= 25
            && stamp.get(..16).is_some_and(|s| s.chars().all(|c| c.is_ascii_digit() || "T.".contains(c)))
    };
    prune(exports(dir)?.into_iter().filter(ours).collect(), kept)
}

fn prune(newest_first: Vec<PathBuf>, kept: usize) -> Result<()> {
    for path in newest_first.into_iter().skip(kept) {
        std::fs::remove_file(&path).map_err(|e| Error::io(&path, &e))?;
    }
    Ok(())
}
