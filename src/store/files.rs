//! Files of the data directory: made whole, private, and checked.

use super::{Error, Result};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes a directory (0700) with its parents if it is not there.
pub fn private_dir(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| Error::io(path, &e))
}

/// Opens a file that must not be a link.
pub(super) fn open_plain(path: &Path) -> Result<File> {
    let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(nofollow).open(path).map_err(|e| Error::io(path, &e))
}

/// Checks that a file or directory belongs to this user and is closed to all others; `wanted` is what to tell.
pub(super) fn check_owner(path: &Path, file: &File, wanted: u32) -> Result<()> {
    let meta = file.metadata().map_err(|e| Error::io(path, &e))?;
    let me = rustix::process::geteuid().as_raw();
    let path = path.to_path_buf();
    if meta.uid() != me {
        return Err(Error::Owner { path, owner: meta.uid(), me });
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 { Err(Error::Mode { path, mode, wanted }) } else { Ok(()) }
}

/// A file (0600) being written beside its final place, which it takes when it is complete.
pub(super) struct Draft {
    path: PathBuf,
    temporary: PathBuf,
    file: std::io::BufWriter<File>,
}

impl Draft {
    /// Begins a file for `path`. A leftover of an earlier attempt is overwritten.
    pub fn new(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".part");
        let temporary = path.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(|e| Error::io(&temporary, &e))?;
        Ok(Self { path: path.to_path_buf(), temporary, file: std::io::BufWriter::new(file) })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| Error::io(&self.temporary, &e))
    }

    /// Makes it durable under its name.
    pub fn finish(mut self) -> Result<()> {
        let fault = |e: std::io::Error| Error::io(&self.temporary, &e);
        self.file.flush().map_err(fault)?;
        self.file.get_ref().sync_all().map_err(fault)?;
        rename(&self.temporary, &self.path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `finish` there is nothing under this name; after a failure it only takes space.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// Writes a file (0600) that is there whole and durable, or not at all.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::new(path)?;
    draft.write(bytes)?;
    draft.finish()
}

/// Renames within one directory, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(|e| Error::io(to, &e))?;
    match to.parent() {
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| Error::io(dir, &e))
}
