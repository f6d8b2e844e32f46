//! The session of this account: a token in a file that only its owner can read.
//!
//! One file an engine, named after the engine's socket, so that a throw-away engine does not log anybody out elsewhere.

use super::exit::{Code, Fault};
use super::places::{Places, state};
use crate::domain::secret::Secret;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

fn file(places: &Places) -> Result<PathBuf, Fault> {
    let digest = Sha256::digest(places.socket().as_os_str().as_bytes());
    let name: String = hex::encode(digest).chars().take(16).collect();
    Ok(state()?.join(format!("session-{name}")))
}

fn cannot(path: &std::path::Path, e: &std::io::Error) -> Fault {
    Fault::new(Code::Failed, format!("the session cannot be kept: {}: {e}", path.display()))
}

/// Keeps a token.
pub fn keep(places: &Places, token: &Secret) -> Result<(), Fault> {
    if places.served {
        return Ok(());
    }
    let path = file(places)?;
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| cannot(folder, &e))?;
    }
    // Written aside and renamed, so that a reader never sees half of it.
    let aside = path.with_extension(std::process::id().to_string());
    let written = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut f| f.write_all(token.reveal().as_bytes()))
        .and_then(|()| fs::rename(&aside, &path));
    written.map_err(|e| cannot(&path, &e))
}

/// The token that was kept.
pub fn kept(places: &Places) -> Result<Option<Secret>, Fault> {
    if places.served {
        return Ok(Some(Secret::default()));
    }
    let path = file(places)?;
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(cannot(&path, &e)),
    }
}

/// Forgets the token.
pub fn forget(places: &Places) -> Result<(), Fault> {
    if places.served {
        return Ok(());
    }
    let path = file(places)?;
    match fs::remove_file(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(cannot(&path, &e)),
        _ => Ok(()),
    }
}
