//! A backup that opens on another machine: an export, and the key of its secrets sealed with a passphrase, in one file.
//!
//! The first line says what it is and holds the key; the rest is an export as `export` writes it. The passphrase becomes a key by argon2id
//! with a salt of the file's own. Without it the file is as useless as an export without its key file.

use super::{DataDir, Error, Options, Result, Sealer, export, files};
use crate::domain::{secret::Secret, time::Moment};
use argon2::Argon2;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Version of the form of a backup.
const FORMAT: u32 = 1;
/// Longest first line, bytes.
const FIRST_MAX: u64 = 4096;
/// Left by a restoration for the engine, which writes it into the audit trail.
const NOTE: &str = "restored";

#[derive(Serialize, Deserialize)]
struct First {
    cpmg_backup: u32,
    /// In hexadecimal.
    salt: String,
    /// The key of the sealed secrets, sealed.
    key: super::Sealed,
}

/// What a restoration did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The file.
    pub from: PathBuf,
    /// When its export was written.
    pub at: Moment,
    /// Records in it.
    pub records: usize,
    /// Account of the operating system that did it, as a number.
    pub uid: u32,
}

#[cfg(not(test))]
fn argon() -> Argon2<'static> {
    Argon2::default()
}

/// Tests of the library seal hundreds of files and pay little; those of the program pay what it costs.
#[cfg(test)]
fn argon() -> Argon2<'static> {
    Argon2::from(argon2::Params::new(64, 1, 1, None).unwrap_or_default())
}

/// Seals with a key that is made of a passphrase.
pub(super) fn sealer(salt: &[u8], passphrase: &Secret) -> Result<Sealer> {
    let mut key = Zeroizing::new([0; super::seal::KEY]);
    let derived = argon().hash_password_into(passphrase.reveal().as_bytes(), salt, key.as_mut_slice());
    derived.map_err(|e| Error::Io { path: PathBuf::from("passphrase"), why: e.to_string() })?;
    Ok(Sealer::of(key))
}

fn identity() -> super::Identity {
    super::Identity::raw(super::Kind::Meta, b"backup", "key")
}

/// Makes a backup of the newest export of `data` in `to`, a file that must not exist.
pub fn write(data: &Path, to: &Path, passphrase: &Secret) -> Result<PathBuf> {
    if to.exists() {
        return Err(Error::Io {
            path: to.to_path_buf(),
            why: "it exists already: choose another name".into(),
        });
    }
    let newest = export::exports(&data.join("exports"))?.into_iter().next();
    let newest = newest
        .ok_or_else(|| Error::Io { path: data.join("exports"), why: "there is no export yet".into() })?;
    let salt: [u8; 16] = super::seal::random_bytes()?;
    let key = Sealer::load(&data.join("key"))?.as_text();
    let first = First {
        cpmg_backup: FORMAT,
        salt: hex::encode(salt),
        key: sealer(&salt, passphrase)?.seal(&identity(), &key)?,
    };
    let mut draft = files::Draft::new(to)?;
    let mut line =
        serde_json::to_vec(&first).map_err(|e| Error::Io { path: to.to_path_buf(), why: e.to_string() })?;
    line.push(b'\n');
    draft.write(&line)?;
    let mut source = File::open(&newest).map_err(|e| Error::io(&newest, &e))?;
    let mut part = vec![0; 1 << 16];
    loop {
        match source.read(&mut part).map_err(|e| Error::io(&newest, &e))? {
            0 => break,
            n => draft.write(part.get(..n).unwrap_or_default())?,
        }
    }
    draft.finish()?;
    Ok(newest)
}

/// Whether a file is a backup that needs a passphrase; otherwise it should be an export.
pub fn needs_passphrase(path: &Path) -> Result<bool> {
    let mut line = Vec::new();
    let mut file = BufReader::new(File::open(path).map_err(|e| Error::io(path, &e))?).take(FIRST_MAX);
    file.read_until(b'\n', &mut line).map_err(|e| Error::io(path, &e))?;
    Ok(serde_json::from_slice::<First>(&line).is_ok())
}

/// Replaces the data in `data`, which no engine may have open, by a backup or an export. Nothing is changed unless all of it is good and
/// its secrets open; what was there is kept beside. An export needs the key file that it was made with; a backup brings it along.
pub fn restore(data: &Path, from: &Path, passphrase: Option<&Secret>, now: Moment) -> Result<Restored> {
    files::private_dir(data)?;
    let (summary, from_key) = match passphrase {
        None => (DataDir::restore(data, from, Options::default(), None, now)?, false),
        Some(passphrase) => {
            let (key, part) = unpack(data, from, passphrase)?;
            let done = DataDir::restore(data, &part, Options::default(), Some(&key), now);
            let _ = std::fs::remove_file(&part);
            (done?, true)
        }
    };
    tracing::info!(from = %from.display(), with_key = from_key, "restored");
    let restored = Restored {
        from: from.to_path_buf(),
        at: summary.at,
        records: summary.records,
        uid: rustix::process::getuid().as_raw(),
    };
    let note = serde_json::to_vec(&restored).unwrap_or_default();
    files::write_durably(&data.join(NOTE), &note)?;
    Ok(restored)
}

/// The key of a backup, and its export in a file of its own.
fn unpack(data: &Path, from: &Path, passphrase: &Secret) -> Result<(Sealer, PathBuf)> {
    let bad = |line: usize, why: &str| Error::Export { path: from.to_path_buf(), line, why: why.to_owned() };
    let mut file = BufReader::new(File::open(from).map_err(|e| Error::io(from, &e))?);
    let mut line = Vec::new();
    file.by_ref().take(FIRST_MAX).read_until(b'\n', &mut line).map_err(|e| Error::io(from, &e))?;
    let first: First = serde_json::from_slice(&line).map_err(|_| bad(1, "this is no backup of cpmg"))?;
    if first.cpmg_backup > FORMAT {
        return Err(bad(1, "it was written by a newer cpmg"));
    }
    let salt = hex::decode(&first.salt).map_err(|_| bad(1, "its salt is damaged"))?;
    let text = sealer(&salt, passphrase)?.open(&identity(), &first.key);
    let text = text.map_err(|_| bad(1, "the passphrase is wrong, or the line is damaged"))?;
    let key = Sealer::from_text(&text).ok_or_else(|| bad(1, "its key is damaged"))?;
    let path = data.join("restoring.jsonl");
    let mut draft = files::Draft::new(&path)?;
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part).map_err(|e| Error::io(from, &e))? {
            0 => break,
            n => draft.write(part.get(..n).unwrap_or_default())?,
        }
    }
    draft.finish()?;
    Ok((key, path))
}

/// What was restored before this start, if something was; [`noted`] forgets it.
pub fn note(data: &Path) -> Option<Restored> {
    serde_json::from_slice(&std::fs::read(data.join(NOTE)).ok()?).ok()
}

/// The restoration is in the audit trail.
pub fn noted(data: &Path) {
    let _ = std::fs::remove_file(data.join(NOTE));
}
