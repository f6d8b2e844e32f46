//! Secrets at rest.
//!
//! XChaCha20-Poly1305 with a key in a file beside the database (0600, never in an export). The record a secret belongs to
//! is associated data: a sealed text that was moved to another record does not open. A backup of the data without the key
//! is useless to a thief, and to its owner too: say so wherever backups are described.

use super::{Error, Key, Kind, Result, Table, files};
use crate::domain::secret::Secret;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of the key.
pub(super) const KEY: usize = 32;
/// Bytes of the nonce, random for every sealing.
const NONCE: usize = 24;

/// A secret as it may be stored: nonce and sealed text in hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// The record a secret belongs to: its table and key, and which of its secrets it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    kind: Kind,
    bytes: Vec<u8>,
}

impl Identity {
    /// The secret called `field` in the record of `table` under `key`.
    pub fn of<K: Key, T>(table: &Table<K, T>, key: &K, field: &str) -> Self {
        Self::raw(table.kind(), &key.encoded(), field)
    }

    /// The same from a key's bytes.
    pub fn raw(kind: Kind, key: &[u8], field: &str) -> Self {
        let length = u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes();
        Self { kind, bytes: [kind.name().as_bytes(), &[0], &length, key, field.as_bytes()].concat() }
    }
}

/// Seals and opens with the key of this installation.
#[derive(Clone)]
pub struct Sealer {
    key: Zeroizing<[u8; KEY]>,
}

impl Sealer {
    /// Reads the key file, which must be a plain file of this user with mode 0600 and 32 bytes.
    pub fn load(path: &Path) -> Result<Self> {
        let bad = |why: &str| Error::Key { path: path.to_path_buf(), why: why.to_owned() };
        let mut file = match files::open_plain(path) {
            Err(Error::Io { .. }) if !path.exists() => return Err(bad("it is missing")),
            other => other?,
        };
        files::check_owner(path, &file, 0o600)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY + 1));
        file.by_ref().take(KEY as u64 + 1).read_to_end(&mut bytes).map_err(|e| Error::io(path, &e))?;
        let mut key = Zeroizing::new([0; KEY]);
        match bytes.first_chunk::<KEY>() {
            Some(chunk) if bytes.len() == KEY => key.copy_from_slice(chunk),
            _ => return Err(bad("it must have exactly 32 bytes")),
        }
        if key.iter().all(|b| *b == 0) {
            return Err(bad("it has only zeros"));
        }
        Ok(Self { key })
    }

    /// Makes a new key file of 32 random bytes, whole or not at all.
    pub fn create(path: &Path) -> Result<Self> {
        let mut key = Zeroizing::new([0; KEY]);
        random(path, key.as_mut_slice())?;
        files::write_durably(path, key.as_slice())?;
        Ok(Self { key })
    }

    /// With a key that was derived from something else.
    pub(super) fn of(key: Zeroizing<[u8; KEY]>) -> Self {
        Self { key }
    }

    /// The key as text, for a backup, which seals it.
    pub(super) fn as_text(&self) -> Secret {
        Secret::new(hex::encode(self.key.as_slice()))
    }

    /// The key that was written as text.
    pub(super) fn from_text(text: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(hex::decode(text.reveal()).ok()?);
        let mut key = Zeroizing::new([0; KEY]);
        key.copy_from_slice(bytes.first_chunk::<KEY>().filter(|_| bytes.len() == KEY)?);
        Some(Self { key })
    }

    /// Writes the key into its file, whole or not at all.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        files::write_durably(path, self.key.as_slice())
    }

    /// Whether it is the same key.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Seals a secret for one record.
    pub fn seal(&self, identity: &Identity, secret: &Secret) -> Result<Sealed> {
        let mut nonce = [0; NONCE];
        random(Path::new("random numbers"), &mut nonce)?;
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: &identity.bytes };
        let text = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| identity.error())?;
        Ok(Sealed(format!("{}{}", hex::encode(nonce), hex::encode(text))))
    }

    /// Opens what was sealed for this very record with this very key.
    pub fn open(&self, identity: &Identity, sealed: &Sealed) -> Result<Secret> {
        let bytes = hex::decode(&sealed.0).map_err(|_| identity.error())?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or_else(|| identity.error())?;
        let payload = Payload { msg: text, aad: &identity.bytes };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| identity.error())?;
        let plain = Zeroizing::new(plain);
        std::str::from_utf8(&plain).map(Secret::new).map_err(|_| identity.error())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.key).into())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Identity {
    fn error(&self) -> Error {
        Error::Unseal { kind: self.kind }
    }
}

/// Random bytes of the operating system.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    random(Path::new("random numbers"), &mut bytes)?;
    Ok(bytes)
}

fn random(path: &Path, bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| Error::Io { path: path.to_path_buf(), why: e.to_string() })
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
    use std::os::unix::fs::PermissionsExt;

    fn identity(key: &[u8]) -> Identity {
        Identity::raw(Kind::Credentials, key, "password")
    }

    #[test]
    fn a_secret_comes_back_only_for_its_record_and_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let sealer = Sealer::create(&path).unwrap();
        let secret = Secret::new("correct horse 电池");
        let text = sealer.seal(&identity(b"1"), &secret).unwrap();
        assert_ne!(text, sealer.seal(&identity(b"1"), &secret).unwrap(), "a nonce is used once");
        let again = Sealer::load(&path).unwrap();
        assert_eq!(again.open(&identity(b"1"), &text).unwrap(), secret);
        for other in [
            identity(b"2"),
            Identity::raw(Kind::Accounts, b"1", "password"),
            Identity::raw(Kind::Credentials, b"1", "key"),
            Identity::raw(Kind::Credentials, b"1p", "assword"),
        ] {
            let refused = again.open(&other, &text).unwrap_err();
            assert!(refused.to_string().contains("does not open"), "{refused}");
        }
        let stranger = Sealer::create(&dir.path().join("other")).unwrap();
        assert!(stranger.open(&identity(b"1"), &text).is_err());
        let mut torn = text.clone();
        torn.0.truncate(60);
        assert!(again.open(&identity(b"1"), &torn).is_err());
        assert_eq!(format!("{text:?}{sealer:?}"), "Sealed(…)Sealer(…)");
    }

    #[test]
    fn a_key_file_is_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let error = |path: &Path| Sealer::load(path).unwrap_err().to_string();
        assert!(error(&path).contains("it is missing"), "{}", error(&path));
        Sealer::create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(error(&path).contains("mode 640") && error(&path).contains("chmod 600"), "{}", error(&path));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, [1; 31]).unwrap();
        assert!(error(&path).contains("exactly 32 bytes"), "{}", error(&path));
        std::fs::write(&path, [0; 32]).unwrap();
        assert!(error(&path).contains("only zeros"), "{}", error(&path));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Sealer::load(&link).is_err(), "a link may lead anywhere");
    }
}
