//! Another key for the data: everything that is sealed is sealed anew.
//!
//! The new key is written beside the old one as `key.next`; then records, then exports are sealed with it; then it takes the old one's
//! place. Both keys are there until the last step, and a sealed text opens with one of the two, so whatever was interrupted is gone on
//! with, never taken back: by the next start of the engine, or by asking for it again. Each step can be done twice.

use super::{Batch, Error, Header, Identity, Kind, Result, Sealed, Sealer, Store, export, files};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The key to come.
const NEXT: &str = "key.next";
/// Left for the engine, which writes it into the audit trail.
const NOTE: &str = "rotated";
/// Bytes of records in one change.
const CHUNK: usize = 1 << 20;

/// What a change of the key did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// When it was done.
    pub at: Moment,
    /// Secrets that are sealed with the new key.
    pub secrets: usize,
    /// Exports whose secrets are.
    pub exports: usize,
    /// Exports that could not be read; their secrets are lost with the old key.
    pub unreadable: Vec<PathBuf>,
    /// Account of the operating system that did it, as a number.
    pub uid: u32,
}

/// Where the secrets of a table's records are.
enum Sealing {
    /// None.
    Nothing,
    /// The record is a sealed text, under this name.
    Whole(&'static str),
    /// The records of the store itself: its check of the key, and the head of the audit trail.
    Meta,
    /// In the entries of a set.
    Entries,
}

fn sealing(kind: Kind) -> Sealing {
    match kind {
        Kind::Credentials | Kind::JumpCredentials => Sealing::Whole("login"),
        Kind::Accounts => Sealing::Whole("value"),
        Kind::SecondFactors => Sealing::Whole("key"),
        Kind::Meta => Sealing::Meta,
        Kind::CredentialSets => Sealing::Entries,
        Kind::Users
        | Kind::Sessions
        | Kind::Environments
        | Kind::Nodes
        | Kind::Networks
        | Kind::Addresses
        | Kind::Hostkeys
        | Kind::Sweeps
        | Kind::Sightings
        | Kind::Discovery
        | Kind::Logins
        | Kind::Lockouts
        | Kind::Facts
        | Kind::Jobs
        | Kind::Plans
        | Kind::Journal
        | Kind::Learned
        | Kind::Requests
        | Kind::Checks
        | Kind::Proofs
        | Kind::ProofImages
        | Kind::Logs
        | Kind::LogMarks
        | Kind::LogViews
        | Kind::ShellRules
        | Kind::ExportRules
        | Kind::Door
        | Kind::Audit => Sealing::Nothing,
    }
}

/// The sealed texts of a record, each with the name it is sealed under.
fn texts<'a>(kind: Kind, key: &[u8], body: &'a mut Value) -> Vec<(String, &'a mut Value)> {
    match sealing(kind) {
        Sealing::Whole(field) => vec![(field.to_owned(), body)],
        Sealing::Meta if key == super::data_dir::KEY_CHECK => vec![(String::new(), body)],
        Sealing::Meta if key.starts_with(b"trail\0") => vec![("head".to_owned(), body)],
        Sealing::Meta | Sealing::Nothing => Vec::new(),
        Sealing::Entries => {
            let entries = body.get_mut("entries").and_then(Value::as_array_mut);
            let text = |entry: &'a mut Value| {
                let id = entry.get("id")?.as_u64()?;
                let sealed = entry.get_mut("sealed").filter(|s| !s.is_null())?;
                Some((format!("entry-{id}"), sealed))
            };
            entries.into_iter().flatten().filter_map(text).collect()
        }
    }
}

/// Old key and new one.
struct Keys {
    old: Sealer,
    new: Sealer,
}

impl Keys {
    /// Seals a record's texts with the new key; answers how many there are, and whether something was changed. A text that opens with neither
    /// key was lost before and stays as it is.
    fn reseal(&self, kind: Kind, key: &[u8], body: &mut Value) -> Result<(usize, bool)> {
        let (mut count, mut changed) = (0, false);
        for (field, text) in texts(kind, key, body) {
            let identity = Identity::raw(kind, key, &field);
            let Ok(sealed) = serde_json::from_value::<Sealed>(text.clone()) else { continue };
            if self.new.open(&identity, &sealed).is_err() {
                let Ok(secret) = self.old.open(&identity, &sealed) else {
                    tracing::warn!(table = %kind, "a secret opens with neither key and is left as it is");
                    continue;
                };
                let sealed = self.new.seal(&identity, &secret)?;
                *text = serde_json::to_value(sealed).unwrap_or_default();
                changed = true;
            }
            count += 1;
        }
        Ok((count, changed))
    }

    /// A stored value with its texts sealed anew; `None`: they are already, or there are none.
    fn value(&self, kind: Kind, key: &[u8], bytes: &[u8]) -> Result<(usize, Option<Vec<u8>>)> {
        if matches!(sealing(kind), Sealing::Nothing) {
            return Ok((0, None));
        }
        let unreadable = |why: String| Error::Unreadable { kind, key: hex::encode(key), why };
        let (header, body) = Header::split(bytes).ok_or_else(|| unreadable("it is too short".into()))?;
        let mut body: Value = serde_json::from_slice(body).map_err(|e| unreadable(e.to_string()))?;
        let (count, changed) = self.reseal(kind, key, &mut body)?;
        Ok((count, changed.then(|| header.with(body.to_string().as_bytes()))))
    }

    fn records(&self, store: &dyn Store) -> Result<usize> {
        let (mut batch, mut bytes, mut secrets) = (Batch::new(), 0, 0);
        for kind in Kind::ALL.iter().copied().filter(|k| !matches!(sealing(*k), Sealing::Nothing)) {
            for (key, old) in store.scan(kind, &[])? {
                let (count, new) = self.value(kind, &key, &old)?;
                secrets += count;
                let Some(new) = new else { continue };
                bytes += key.len() + new.len();
                batch.restore(kind, key, new);
                if bytes > CHUNK {
                    bytes = 0;
                    store.apply(std::mem::take(&mut batch))?;
                }
            }
        }
        if !batch.is_empty() {
            store.apply(batch)?;
        }
        Ok(secrets)
    }
}

/// Begins a change of the key, or leaves the one that is under way. Nothing is sealed anew yet.
pub(super) fn begin(dir: &Path) -> Result<()> {
    let next = dir.join(NEXT);
    if next.exists() { Ok(()) } else { Sealer::create(&next).map(drop) }
}

/// Whether a change of the key was interrupted.
pub(super) fn under_way(dir: &Path) -> bool {
    dir.join(NEXT).exists()
}

/// Refuses what needs one key while there are two.
pub(super) fn refuse_under_way(dir: &Path) -> Result<()> {
    if !under_way(dir) {
        return Ok(());
    }
    let why = "a change of the key was interrupted: say 'cpmg key rotate' again, or start the engine once, and it is gone on with";
    Err(Error::Key { path: dir.join(NEXT), why: why.into() })
}

/// Goes on with a change of the key to its end; answers the key that counts then.
pub(super) fn finish(dir: &Path, store: &dyn Store, old: Sealer, now: Moment) -> Result<(Sealer, Rotated)> {
    let path = dir.join(NEXT);
    let keys = Keys { new: Sealer::load(&path)?, old };
    let secrets = keys.records(store)?;
    let (mut exports, mut unreadable) = (0, Vec::new());
    for export in export::exports(&dir.join("exports"))? {
        match export::rewrite(&export, |kind, key, bytes| keys.value(kind, key, bytes).map(|(_, new)| new)) {
            Ok(()) => exports += 1,
            Err(Error::Export { .. } | Error::Unreadable { .. }) => unreadable.push(export),
            Err(error) => return Err(error),
        }
    }
    let uid = rustix::process::getuid().as_raw();
    let rotated = Rotated { at: now, secrets, exports, unreadable, uid };
    let note = serde_json::to_vec(&rotated).unwrap_or_default();
    files::write_durably(&dir.join(NOTE), &note)?;
    // From here on the old key is gone.
    files::rename(&path, &dir.join("key"))?;
    Ok((keys.new, rotated))
}

/// What was done before this start, if something was; [`noted`] forgets it.
pub fn note(data: &Path) -> Option<Rotated> {
    serde_json::from_slice(&std::fs::read(data.join(NOTE)).ok()?).ok()
}

/// The change of the key is in the audit trail.
pub fn noted(data: &Path) {
    let _ = std::fs::remove_file(data.join(NOTE));
}
