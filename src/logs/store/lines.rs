//! Files of lines that others write, as blocks: what steps of jobs print.
//!
//! Each line is a record. When a line was printed is not known: all lines of a file have the file's time, and the order of the
//! file. Such a file has no index on the disk; its lines are counted once, and from the last block on again when it has grown.
//! What is remembered is a summary of some thousand lines each, so that much output takes little memory; entries are made when
//! they are looked at (`cache.rs`).

use super::block::{Entry, Open, RECORDS_MAX, order};
use super::cache::{Cache, Loaded};
use super::matching;
use super::query::View;
use super::segment::{Sealed, Segment};
use super::walk::Until;
use super::{Cursor, StoreFault};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are read at a time; a longer line is shown in pieces of this size.
const PIECE: usize = 512 << 10;
/// Most lines of a file that are shown.
pub const LINES_MAX: u64 = 1 << 19;
/// Files whose summaries are remembered.
const FILES_MAX: usize = 20_000;

/// A file of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Cursor of its first line, the others follow; [`LINES_MAX`] of them must be free.
    pub first: Cursor,
    /// The number that its lines have as their source.
    pub source: u32,
    /// When it was begun, microseconds since 1970-01-01 UTC.
    pub time: i64,
}

/// Such files as they were when they were looked at last.
#[derive(Debug, Default)]
pub struct LineFiles {
    known: Mutex<Known>,
    cache: Cache,
}

#[derive(Debug, Default)]
struct Known {
    looks: u64,
    files: HashMap<Cursor, Counted>,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    file: LineFile,
    used: u64,
    len: u64,
    blocks: Vec<Arc<Sealed>>,
}

impl LineFiles {
    /// The lines of these files as they are now. A file that is not there has none. Ends early when nobody waits any more.
    pub fn view(&self, files: &[LineFile], until: &Until) -> Result<View<'_>, StoreFault> {
        let mut sealed = Vec::new();
        for file in files {
            if until.is_left() {
                break;
            }
            let known = {
                let mut known = self.lock();
                known.looks += 1;
                let now = known.looks;
                known.files.get_mut(&file.first).filter(|k| k.file == *file).map(|k| {
                    k.used = now;
                    k.clone()
                })
            };
            let counted =
                count(known.unwrap_or_else(|| Counted { file: file.clone(), ..Counted::default() }))?;
            sealed.extend(counted.blocks.iter().cloned());
            self.remember(counted);
        }
        sealed.sort_unstable_by_key(|b: &Arc<Sealed>| b.summary.first);
        Ok(View::of(sealed, &self.cache))
    }

    fn remember(&self, mut counted: Counted) {
        let mut known = self.lock();
        if known.files.len() >= FILES_MAX {
            let old = known.looks.saturating_sub(FILES_MAX as u64 / 2);
            known.files.retain(|_, k| k.used > old);
        }
        counted.used = known.looks;
        known.files.insert(counted.file.first, counted);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the lines that have come.
fn count(mut known: Counted) -> Result<Counted, StoreFault> {
    let len = match std::fs::metadata(&known.file.path) {
        Ok(meta) => meta.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => 0,
        Err(e) => return Err(StoreFault::io(&known.file.path, &e)),
    };
    if len == known.len {
        return Ok(known);
    }
    if len < known.len {
        known.blocks.clear();
    }
    // The last block may go on.
    let mut at = known.blocks.pop().map_or(0, |b| b.summary.data.0);
    let segment = known
        .blocks
        .last()
        .map_or_else(|| Arc::new(Segment::lines(&known.file.path)), |b| Arc::clone(&b.segment));
    let mut first = known.blocks.last().map_or(known.file.first, |b| b.summary.end());
    let end = known.file.first + LINES_MAX;
    while at < len && first < end {
        let room = usize::try_from(len - at).unwrap_or(usize::MAX).min(PIECE);
        let mut text = segment.read_data(at, room)?;
        if text.is_empty() {
            break;
        }
        if at + (text.len() as u64) < len
            && let Some(whole) = memchr::memrchr(b'\n', &text)
        {
            text.truncate(whole + 1);
        }
        let most = usize::try_from(end - first).unwrap_or(usize::MAX).min(RECORDS_MAX);
        let mut open = Open::new(first, at);
        // Later blocks stand a microsecond later, so that a walk opens one after the other.
        let time = known.file.time + i64::try_from(known.blocks.len()).unwrap_or_default();
        open.entries = entries(&text, at, known.file.source, time, most);
        let taken = open.entries.last().map_or(at, |e| u64::from(e.at) + u64::from(e.len));
        if taken == at {
            break;
        }
        open.data.1 = taken;
        let summary = open.summary(0);
        (at, first) = (taken, summary.end());
        known.blocks.push(Arc::new(Sealed { summary, segment: Arc::clone(&segment) }));
    }
    known.len = len;
    Ok(known)
}

/// Entries of the lines in a text that stands at `at` of its file, `most` of them.
fn entries(text: &[u8], at: u64, source: u32, time: i64, most: usize) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < text.len() && out.len() < most {
        let rest = text.get(start..).unwrap_or_default();
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let line = rest.get(..len).unwrap_or_default();
        // A place beyond 4 GiB cannot be said; lines end long before.
        let Ok(place) = u32::try_from(at + start as u64) else { break };
        out.push(Entry {
            time,
            at: place,
            len: u32::try_from(len).unwrap_or(u32::MAX),
            source,
            level: matching::record(line, 0).level,
            guessed: true,
            lines: 1,
        });
        start += len;
    }
    out
}

/// Makes the entries of a block again.
pub fn load(block: &Sealed) -> Result<Loaded, StoreFault> {
    let summary = &block.summary;
    let text = text(block)?;
    let source = summary.sources.first().map_or(0, |(id, ..)| *id);
    let entries = entries(&text, summary.data.0, source, summary.min, summary.count as usize);
    let order = order(&entries);
    Ok(Loaded { first: summary.first, entries, order })
}

fn text(block: &Sealed) -> Result<Vec<u8>, StoreFault> {
    let (from, to) = block.summary.data;
    block.segment.read_data(from, usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX))
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
    use super::super::{At, Wanted};
    use super::*;
    use std::io::Write;

    fn lines(view: &View<'_>, filter: &str) -> Vec<String> {
        let wanted = Wanted::new(&filter.parse().unwrap(), std::iter::empty(), 0).unwrap();
        let window = view.window(&wanted, At::Begin, (0, 100_000), &Until::default()).unwrap();
        window.rows.iter().map(|f| String::from_utf8(f.text(1 << 20).unwrap()).unwrap()).collect()
    }

    #[test]
    fn lines_are_records_and_files_grow() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, first: u64, time: i64| LineFile {
            path: dir.path().join(name),
            first,
            source: u32::try_from(first >> 19).unwrap(),
            time,
        };
        let (late, early) = (file("a", 1 << 19, 2_000), file("b", 2 << 19, 1_000));
        std::fs::write(&early.path, "one\ntwo\n2026-03-01 00:00:02.000 7 ERROR nova.api [-] three\nhal")
            .unwrap();
        std::fs::write(&late.path, "four\n").unwrap();
        let files = LineFiles::default();
        let (both, until) = ([late.clone(), early.clone(), file("none", 3 << 19, 0)], Until::default());
        let view = files.view(&both, &until).unwrap();
        let all = lines(&view, "");
        assert_eq!(
            (all.len(), all[0].as_str(), all[3].as_str(), all[4].as_str()),
            (5, "one\n", "hal", "four\n")
        );
        assert_eq!(lines(&view, "level>=error").len(), 1);
        assert_eq!(lines(&view, "T[A-Z]O|two"), ["two\n"]);
        assert_eq!(lines(&view, "component=nova.api").len(), 1);
        let mut more = std::fs::OpenOptions::new().append(true).open(&early.path).unwrap();
        more.write_all(b"f\n").unwrap();
        for n in 0..20_000 {
            writeln!(more, "line {n}").unwrap();
        }
        let view = files.view(&both, &until).unwrap();
        let all = lines(&view, "");
        assert_eq!((all.len(), all[3].as_str()), (20_005, "half\n"));
        assert!((0..20_000).all(|n| all[n + 4] == format!("line {n}\n")));
        let found = view.get((2 << 19) + 10_004).unwrap().unwrap();
        assert_eq!(found.text(100).unwrap(), b"line 10000\n");
        let wanted = Wanted::new(&"line".parse().unwrap(), std::iter::empty(), 0).unwrap();
        let at = At::Cursor(found.cursor);
        let back = view.search(&wanted, at, true, 3, &until).unwrap();
        let numbers: Vec<u64> = back.rows.iter().map(|f| found.cursor - f.cursor).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let window = view.window(&wanted, at, (2, 2), &until).unwrap();
        let counts = view.histogram(&wanted, (None, None), 10, &until).unwrap();
        assert_eq!((counts.complete, counts.buckets.iter().flatten().sum::<u32>()), (true, 20_000));
        assert_eq!((window.rows.len(), window.before, window.above), (4, 2, 10_003 - 1));
        let left = Until { left: Some(tokio_util::sync::CancellationToken::new()), deadline: None };
        left.left.as_ref().unwrap().cancel();
        assert!(view.search(&wanted, At::Begin, false, 3, &left).unwrap().rows.is_empty(), "nobody waits");
    }
}
