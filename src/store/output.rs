//! What steps print: append-only files `JOB/NODE/STEP.ATTEMPT`, read in windows.
//!
//! The offset of the next byte is the file's length, so a follower that was interrupted asks for the length and goes on
//! there. Bytes that were kept before are compared, not written again; other bytes at their place, and a gap, are refused:
//! what is in a file is what the node said, in its order, once.
//!
//! A thousand nodes write at the same time; only `HANDLES` files are kept open.

use super::{Error, Result, error::free_bytes, files};
use crate::domain::ids::{JobId, NodeId};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most files kept open for appending.
const HANDLES: usize = 128;

/// Bytes read at a time when looking for lines backwards.
const BLOCK: u64 = 64 * 1024;

/// Bytes of the disk that output leaves free: without them the database could neither be written nor opened.
const ROOM: u64 = 4 << 20;

/// Most bytes of one window.
pub const MAX_WINDOW: usize = 512 * 1024;

/// One attempt's output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutputId {
    job: JobId,
    node: NodeId,
    file: String,
}

impl OutputId {
    /// The output of an attempt at a step. `step` is of letters, digits, `-`, `_` and `.`, does not begin with a dot and
    /// has at most 120 bytes.
    pub fn new(job: JobId, node: NodeId, step: &str, attempt: u32) -> Result<Self> {
        let good = (1..=120).contains(&step.len())
            && !step.starts_with('.')
            && step.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !good {
            return Err(Error::Name { name: step.to_owned() });
        }
        Ok(Self { job, node, file: format!("{step}.{attempt}") })
    }
}

/// Lines of output and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Offset of the first byte.
    pub start: u64,
    /// The bytes, from the beginning of a line unless that line is longer than the window.
    pub bytes: Vec<u8>,
}

struct Handle {
    file: Arc<Mutex<File>>,
    used: u64,
}

#[derive(Default)]
struct Handles {
    open: HashMap<OutputId, Handle>,
    clock: u64,
}

/// The output files under one directory. It is the only one that writes there.
pub struct OutputStore {
    dir: PathBuf,
    handles: Mutex<Handles>,
}

impl OutputStore {
    /// Uses `dir` and makes it if it is not there.
    pub fn open(dir: &Path) -> Result<Self> {
        files::private_dir(dir)?;
        Ok(Self { dir: dir.to_path_buf(), handles: Mutex::default() })
    }

    /// Appends `bytes`, which begin at `offset` of the output, and answers the new length. What is kept already may come
    /// again; a gap or other bytes are `Error::Offset`. On a full disk a part may have been kept: the length tells.
    pub fn append(&self, id: &OutputId, offset: u64, bytes: &[u8]) -> Result<u64> {
        let path = self.path(id);
        let fault = |e: std::io::Error| Error::io(&path, &e);
        let handle = self.handle(id, &path)?;
        let file = handle.lock().unwrap_or_else(PoisonError::into_inner);
        let len = file.metadata().map_err(fault)?.len();
        let refused = || Error::Offset { path: path.clone(), offset, len };
        let known = len.checked_sub(offset).ok_or_else(refused)?;
        let known = usize::try_from(known).unwrap_or(usize::MAX).min(bytes.len());
        let (again, fresh) = bytes.split_at_checked(known).ok_or_else(refused)?;
        if !again.is_empty() {
            let mut kept = vec![0; again.len()];
            file.read_exact_at(&mut kept, offset).map_err(fault)?;
            if kept != again {
                return Err(refused());
            }
        }
        if fresh.is_empty() {
            return Ok(len);
        }
        if let Some(free) = free_bytes(&self.dir).filter(|free| *free < ROOM) {
            return Err(Error::DiskFull { dir: self.dir.clone(), free });
        }
        file.write_all_at(fresh, len).map_err(fault)?;
        Ok(len + fresh.len() as u64)
    }

    /// Bytes kept; 0 if there is nothing.
    pub fn len(&self, id: &OutputId) -> Result<u64> {
        let path = self.path(id);
        match std::fs::metadata(&path) {
            Ok(meta) => Ok(meta.len()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
            Err(e) => Err(Error::io(&path, &e)),
        }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self, id: &OutputId) -> Result<bool> {
        Ok(self.len(id)? == 0)
    }

    /// Up to `max` bytes (and `MAX_WINDOW`) from `offset`; fewer at the end, none behind it.
    pub fn window(&self, id: &OutputId, offset: u64, max: usize) -> Result<Vec<u8>> {
        let path = self.path(id);
        let file = match files::open_plain(&path) {
            Err(Error::Io { .. }) if !path.exists() => return Ok(Vec::new()),
            other => other?,
        };
        read_at(&file, offset, max.min(MAX_WINDOW)).map_err(|e| Error::io(&path, &e))
    }

    /// The last `lines` lines that begin before `offset` (the length, or more, for the end), in at most `max` bytes
    /// (and `MAX_WINDOW`). A last line without its end counts as a line.
    pub fn lines_before(&self, id: &OutputId, offset: u64, lines: usize, max: usize) -> Result<Lines> {
        let path = self.path(id);
        let end = offset.min(self.len(id)?);
        let floor = end.saturating_sub(max.min(MAX_WINDOW) as u64);
        if end == 0 || lines == 0 {
            return Ok(Lines { start: end, bytes: Vec::new() });
        }
        let file = files::open_plain(&path)?;
        let fault = |e: std::io::Error| Error::io(&path, &e);
        // Line ends seen, not counting one that is the very last byte: it ends the last line.
        let mut seen = 0;
        let mut low = end;
        let start = 'search: loop {
            let high = low;
            low = high.saturating_sub(BLOCK).max(floor);
            if low == high {
                break floor;
            }
            let block = read_at(&file, low, usize::try_from(high - low).unwrap_or(0)).map_err(fault)?;
            for (at, byte) in (low..high).rev().zip(block.iter().rev()).filter(|(at, _)| at + 1 < end) {
                if *byte == b'\n' {
                    seen += 1;
                    if seen == lines {
                        break 'search at + 1;
                    }
                }
            }
        };
        let bytes = read_at(&file, start, usize::try_from(end - start).unwrap_or(0)).map_err(fault)?;
        Ok(Lines { start, bytes })
    }

    /// Makes an attempt's output durable and closes its file; for its end.
    pub fn finish(&self, id: &OutputId) -> Result<()> {
        self.lock().open.remove(id);
        let path = self.path(id);
        match File::open(&path) {
            Ok(file) => file.sync_data().map_err(|e| Error::io(&path, &e)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(Error::io(&path, &e)),
        }
    }

    /// Removes all output of a job.
    pub fn remove_job(&self, job: JobId) -> Result<()> {
        self.lock().open.retain(|id, _| id.job != job);
        let path = self.dir.join(job.to_string());
        match std::fs::remove_dir_all(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(&path, &e)),
            _ => Ok(()),
        }
    }

    /// Where an attempt's output lies, for those who read much of it.
    pub fn path(&self, id: &OutputId) -> PathBuf {
        self.dir.join(id.job.to_string()).join(id.node.to_string()).join(&id.file)
    }

    fn lock(&self) -> MutexGuard<'_, Handles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one open handle of a file; closes the one that was not used for longest when there are too many.
    fn handle(&self, id: &OutputId, path: &Path) -> Result<Arc<Mutex<File>>> {
        let mut handles = self.lock();
        handles.clock += 1;
        let used = handles.clock;
        if let Some(handle) = handles.open.get_mut(id) {
            handle.used = used;
            return Ok(Arc::clone(&handle.file));
        }
        while handles.open.len() >= HANDLES {
            // A handle that somebody holds stays, or its file would have two writers.
            let idle = handles.open.iter().filter(|(_, h)| Arc::strong_count(&h.file) == 1);
            let Some(oldest) = idle.min_by_key(|(_, h)| h.used).map(|(id, _)| id.clone()) else { break };
            handles.open.remove(&oldest);
        }
        let file = Arc::new(Mutex::new(open_append(path)?));
        handles.open.insert(id.clone(), Handle { file: Arc::clone(&file), used });
        Ok(file)
    }
}

fn open_append(path: &Path) -> Result<File> {
    let open = || {
        let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow);
        options.open(path)
    };
    match open() {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), files::private_dir)?;
            open().map_err(|e| Error::io(path, &e))
        }
        other => other.map_err(|e| Error::io(path, &e)),
    }
}

fn read_at(file: &File, offset: u64, max: usize) -> std::io::Result<Vec<u8>> {
    let rest = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; max.min(usize::try_from(rest).unwrap_or(usize::MAX))];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
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
    use proptest::prelude::*;

    fn id(node: u64) -> OutputId {
        OutputId::new(JobId(1), NodeId(node), "keystone.database", 1).unwrap()
    }

    #[test]
    fn output_continues_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let store = OutputStore::open(dir.path()).unwrap();
        assert_eq!(store.len(&id(1)).unwrap(), 0);
        assert_eq!(store.window(&id(1), 0, 10).unwrap(), b"");
        assert_eq!(store.append(&id(1), 0, b"hello ").unwrap(), 6);
        assert_eq!(store.append(&id(1), 0, b"hello ").unwrap(), 6, "the same again");
        assert_eq!(store.append(&id(1), 2, b"llo world").unwrap(), 11, "the same and more");
        for (offset, bytes) in [(12, b"gap" as &[u8]), (6, b"mars"), (9, b"ldx")] {
            let refused = store.append(&id(1), offset, bytes);
            if offset == 9 {
                assert_eq!(refused, Ok(12));
                continue;
            }
            let refused = refused.unwrap_err();
            assert!(refused.to_string().contains("does not continue"), "{refused}");
        }
        store.finish(&id(1)).unwrap();
        let store = OutputStore::open(dir.path()).unwrap();
        assert_eq!(store.len(&id(1)).unwrap(), 12);
        assert_eq!(store.window(&id(1), 6, 100).unwrap(), b"worldx");
        assert_eq!(store.window(&id(1), 99, 100).unwrap(), b"");
        store.remove_job(JobId(1)).unwrap();
        assert_eq!(store.len(&id(1)).unwrap(), 0);
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for name in ["", "..", ".hidden", "a/b", "a\0b", "ä", &"x".repeat(121)] {
            assert!(OutputId::new(JobId(1), NodeId(1), name, 1).is_err(), "{name}");
        }
    }

    #[test]
    fn a_thousand_nodes_need_few_handles() {
        let dir = tempfile::tempdir().unwrap();
        let store = OutputStore::open(dir.path()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..3_u64 {
                        for node in (thread..1000).step_by(4) {
                            store.append(&id(node), round * 2, b"x\n").unwrap();
                        }
                    }
                });
            }
        });
        assert!(store.lock().open.len() <= HANDLES);
        assert!((0..1000).all(|node| store.window(&id(node), 0, 99).unwrap() == b"x\nx\nx\n"));
    }

    proptest! {
        #[test]
        fn last_lines_are_what_a_person_would_count(
            text in "[ab\n]{0,60}", offset in 0..70_u64, count in 0..6_usize, max in 0..70_usize
        ) {
            let dir = tempfile::tempdir().unwrap();
            let store = OutputStore::open(dir.path()).unwrap();
            store.append(&id(1), 0, text.as_bytes()).unwrap();
            let end = text.len().min(usize::try_from(offset).unwrap());
            let all: Vec<&[u8]> = text.as_bytes()[..end].split_inclusive(|b| *b == b'\n').collect();
            let mut wanted = all[all.len().saturating_sub(count)..].concat();
            wanted = wanted[wanted.len().saturating_sub(max)..].to_vec();
            let found = store.lines_before(&id(1), offset, count, max).unwrap();
            prop_assert_eq!(found.start, (end - wanted.len()) as u64);
            prop_assert_eq!(found.bytes, wanted);
        }
    }

    #[test]
    fn lines_are_found_across_blocks() {
        let dir = tempfile::tempdir().unwrap();
        let store = OutputStore::open(dir.path()).unwrap();
        let long = format!("first\n{}\nlast", "x".repeat(200_000));
        store.append(&id(1), 0, long.as_bytes()).unwrap();
        let found = store.lines_before(&id(1), u64::MAX, 2, MAX_WINDOW).unwrap();
        assert_eq!((found.start, found.bytes.len()), (6, 200_005));
        let found = store.lines_before(&id(1), u64::MAX, 2, 1000).unwrap();
        assert_eq!(found.bytes.len(), 1000);
    }
}
