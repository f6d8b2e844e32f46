//! A segment: one data file and its index file, both only appended to.
//!
//! Segments are what retention removes, always whole and the oldest first. All but the last were synchronised with the disk
//! before the next one began, so they are believed; the last one is checked frame by frame when it is opened.

use super::StoreFault;
use super::block::{self, Summary};
use super::frame;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment on the disk.
#[derive(Debug)]
pub struct Segment {
    /// Its number.
    pub number: u64,
    data_path: PathBuf,
    index_path: PathBuf,
    /// Data and index; `None`: a file of lines that belongs to others, opened whenever it is read, because there may be
    /// very many of them.
    files: Option<(File, File)>,
}

/// A sealed block and where it lies.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// What is known of it.
    pub summary: Summary,
    /// Where it lies.
    pub segment: Arc<Segment>,
}

fn open(path: &Path) -> Result<File, StoreFault> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreFault::io(path, &e))
}

impl Segment {
    /// Opens or makes one.
    pub fn open(dir: &Path, number: u64) -> Result<Self, StoreFault> {
        let data_path = dir.join(format!("{number:08}.log"));
        let index_path = dir.join(format!("{number:08}.idx"));
        let (data, index) = (open(&data_path)?, open(&index_path)?);
        Ok(Self { number, data_path, index_path, files: Some((data, index)) })
    }

    /// A file of lines that others append to.
    pub fn lines(path: &Path) -> Self {
        Self { number: 0, data_path: path.to_path_buf(), index_path: PathBuf::new(), files: None }
    }

    /// Whether it is a file of lines.
    pub fn is_lines(&self) -> bool {
        self.files.is_none()
    }

    /// Something done with the data file, and with the index file.
    fn with<T>(&self, index: bool, work: impl FnOnce(&File) -> std::io::Result<T>) -> Result<T, StoreFault> {
        let path = if index { &self.index_path } else { &self.data_path };
        let done = match &self.files {
            Some((data, kept)) => work(if index { kept } else { data }),
            None => File::open(path).and_then(|file| work(&file)),
        };
        done.map_err(|e| StoreFault::io(path, &e))
    }

    /// Numbers of the segments in a directory, oldest first.
    pub fn list(dir: &Path) -> Result<Vec<u64>, StoreFault> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(|e| StoreFault::io(dir, &e))? {
            let entry = entry.map_err(|e| StoreFault::io(dir, &e))?;
            let name = entry.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|n| n.strip_suffix(".log")).and_then(|n| n.parse().ok());
            out.extend(number);
        }
        out.sort_unstable();
        Ok(out)
    }

    /// Length of the data file.
    pub fn data_len(&self) -> Result<u64, StoreFault> {
        self.with(false, |f| f.metadata().map(|m| m.len()))
    }

    /// Length of the index file.
    pub fn index_len(&self) -> Result<u64, StoreFault> {
        self.with(true, |f| f.metadata().map(|m| m.len()))
    }

    /// Writes at the end of the data file, which is at `at`; what could only be written in part is cut off again.
    pub fn write_data(&self, at: u64, bytes: &[u8]) -> Result<(), StoreFault> {
        self.with(false, |f| f.write_all_at(bytes, at).inspect_err(|_| drop(f.set_len(at))))
    }

    /// The same for the index file.
    pub fn write_index(&self, at: u64, bytes: &[u8]) -> Result<(), StoreFault> {
        self.with(true, |f| f.write_all_at(bytes, at).inspect_err(|_| drop(f.set_len(at))))
    }

    /// Cuts both files.
    pub fn cut(&self, data: u64, index: u64) -> Result<(), StoreFault> {
        self.with(false, |f| f.set_len(data))?;
        self.with(true, |f| f.set_len(index))
    }

    /// Makes both files durable.
    pub fn sync(&self) -> Result<(), StoreFault> {
        self.with(false, File::sync_data)?;
        self.with(true, File::sync_data)
    }

    /// Bytes of the data file; fewer at its end.
    pub fn read_data(&self, at: u64, len: usize) -> Result<Vec<u8>, StoreFault> {
        if len == 0 {
            return Ok(Vec::new());
        }
        self.with(false, |f| read(f, at, len))
    }

    /// Bytes of the index file; fewer at its end.
    pub fn read_index(&self, at: u64, len: usize) -> Result<Vec<u8>, StoreFault> {
        self.with(true, |f| read(f, at, len))
    }

    /// Removes it from the disk. Who reads it still has it.
    pub fn remove(&self) -> Result<(), StoreFault> {
        for path in [&self.index_path, &self.data_path] {
            match std::fs::remove_file(path) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(StoreFault::io(path, &e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Calls `found` with every whole frame and where it begins; answers where the last one ends.
    pub fn frames(
        &self,
        mut found: impl FnMut(u64, &frame::Frame<'_>) -> Result<(), StoreFault>,
    ) -> Result<u64, StoreFault> {
        const STEP: usize = 8 << 20;
        let mut at = 0u64;
        let mut want = STEP;
        loop {
            let buffer = self.read_data(at, want)?;
            let mut used = 0;
            while let Some((one, length)) = buffer.get(used..).and_then(frame::take) {
                found(at + used as u64, &one)?;
                used += length;
            }
            if used == 0 {
                if buffer.len() < want || want > frame::BODY_MAX + frame::HEAD {
                    return Ok(at);
                }
                want = frame::BODY_MAX + frame::HEAD + 1;
                continue;
            }
            at += used as u64;
            want = STEP;
        }
    }

    /// Whether its first frame is whole: it was really begun.
    pub fn begins_whole(&self) -> Result<bool, StoreFault> {
        let mut want = 64 << 10;
        loop {
            let buffer = self.read_data(0, want)?;
            if let Some((one, _)) = frame::take(&buffer) {
                return Ok(one.head.kind == frame::Kind::Manifest);
            }
            if buffer.len() < want || want > frame::BODY_MAX {
                return Ok(false);
            }
            want *= 8;
        }
    }

    /// Summaries of its blocks in order; with `check` up to the first that is not whole. Second: where the last one ends.
    pub fn blocks(&self, check: bool) -> Result<(Vec<Summary>, u64), StoreFault> {
        let (mut out, mut at) = (Vec::new(), 0u64);
        loop {
            let mut found = None;
            // Most heads are small; whole blocks are read only to be checked.
            for want in [4 << 10, 256 << 10, 64 << 20] {
                let buffer = self.read_index(at, want)?;
                found = block::summary(&buffer, at, check);
                if found.is_some() || buffer.len() < want {
                    break;
                }
            }
            let Some((summary, length)) = found else { return Ok((out, at)) };
            out.push(summary);
            at += length;
        }
    }
}

fn read(file: &File, at: u64, len: usize) -> std::io::Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|r| !r.is_empty()) {
        match file.read_at(rest, at + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}
