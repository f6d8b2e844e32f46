//! Keys: the door's own, and those that users log in with.

use crate::domain::said::Said;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::ssh_key::public::RsaPublicKey;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest file that is taken for a key, bytes.
const FILE_MAX: u64 = 16 * 1024;
/// Longest line that is taken for a public key, bytes.
const LINE_MAX: usize = 8 * 1024;
/// Shortest RSA key, bits.
const RSA_MIN: u32 = 2048;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyFault {
    /// Not a public key.
    #[error("that is no public key: paste one line of a file as ~/.ssh/id_ed25519.pub")]
    NotPublic,
    /// The secret half: whoever sees it can log in with it.
    #[error("that is a private key, which nobody but you should have: give the file that ends in .pub")]
    Private,
    /// Too weak, or of a kind that is not taken.
    #[error("keys of this kind are not taken ({0}): make one with 'ssh-keygen -t ed25519'")]
    Kind(String),
    /// The door's own key cannot be read or made.
    #[error("the host key {path}: {why}")]
    Host {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl From<&KeyFault> for Said {
    fn from(fault: &KeyFault) -> Self {
        let keyed = |key| Self::keyed(fault.to_string(), key);
        match fault {
            KeyFault::NotPublic => keyed("error-key-not-public"),
            KeyFault::Private => keyed("error-key-private"),
            KeyFault::Kind(kind) => keyed("error-key-kind").arg("kind", kind.as_str()),
            KeyFault::Host { path, why } => {
                keyed("error-door-key").arg("path", path.display().to_string()).arg("why", why.as_str())
            }
        }
    }
}

/// A key that a user logs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginKey {
    /// Its fingerprint, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// What is kept: kind and key, without comment.
    pub line: String,
    /// What its owner wrote behind it.
    pub comment: String,
}

impl LoginKey {
    /// Reads a line of an `authorized_keys` or `.pub` file. Options in front of the key are not known here, and refused.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let line = text.trim();
        if line.contains("PRIVATE KEY") {
            return Err(KeyFault::Private);
        }
        if line.len() > LINE_MAX || line.lines().count() != 1 {
            return Err(KeyFault::NotPublic);
        }
        let mut key = PublicKey::from_openssh(line).map_err(|_| KeyFault::NotPublic)?;
        let kind = match key.algorithm() {
            Algorithm::Ed25519
            | Algorithm::Ecdsa { .. }
            | Algorithm::SkEd25519
            | Algorithm::SkEcdsaSha2NistP256 => None,
            Algorithm::Rsa { .. } => {
                let bits = key.key_data().rsa().map_or(0, RsaPublicKey::key_size);
                (bits < RSA_MIN).then(|| format!("RSA with {bits} bits"))
            }
            other => Some(other.to_string()),
        };
        if let Some(kind) = kind {
            return Err(KeyFault::Kind(kind));
        }
        let comment = crate::domain::text::harmless(key.comment().as_str_lossy()).chars().take(60).collect();
        let fingerprint = fingerprint(&key);
        key.set_comment("");
        let line = key.to_openssh().map_err(|_| KeyFault::NotPublic)?.trim_end().to_owned();
        Ok(Self { fingerprint, line, comment })
    }
}

/// As `ssh-keygen -l` shows it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The key by which clients know this door again.
#[derive(Clone)]
pub struct ServerKey(PrivateKey);

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerKey({})", self.fingerprint())
    }
}

impl ServerKey {
    /// The key in a file; made when there is none yet. One that others could read is not used.
    pub fn open(path: &Path) -> Result<Self, KeyFault> {
        match Self::read(path) {
            Ok(key) => Ok(key),
            Err(None) => Self::make(path),
            Err(Some(why)) => Err(KeyFault::Host { path: path.to_owned(), why }),
        }
    }

    /// Fails with nothing where there is no file.
    fn read(path: &Path) -> Result<Self, Option<String>> {
        let told = |e: std::io::Error| Some(e.to_string());
        let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(None),
            other => other.map_err(told)?,
        };
        let mode = file.metadata().map_err(told)?.mode();
        if mode & 0o077 != 0 {
            return Err(Some(format!(
                "others may read it (mode {:o}): 'chmod 600' it if nobody has, else remove it, and a new one is made",
                mode & 0o777
            )));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_MAX).read_to_string(&mut text).map_err(told)?;
        PrivateKey::from_openssh(text.as_bytes())
            .map(Self)
            .map_err(|e| Some(format!("it is no key ({e}): remove it, and a new one is made")))
    }

    fn make(path: &Path) -> Result<Self, KeyFault> {
        let fault = |why: String| KeyFault::Host { path: path.to_owned(), why };
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|e| fault(e.to_string()))?;
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
        let text = key.to_openssh(LineEnding::LF).map_err(|e| fault(e.to_string()))?;
        // Written aside and renamed, so that a killed engine leaves no half key.
        let aside = path.with_extension("new");
        let _ = std::fs::remove_file(&aside);
        let written =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside).and_then(|mut f| {
                f.write_all(text.as_bytes())?;
                f.sync_all()?;
                std::fs::rename(&aside, path)
            });
        written.map_err(|e| fault(e.to_string()))?;
        Ok(Self(key))
    }

    /// As `ssh` shows it to whoever comes the first time.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.0.public_key())
    }

    /// The line for a `known_hosts` file, without the host.
    pub fn public(&self) -> String {
        let mut key = self.0.public_key().clone();
        key.set_comment("");
        key.to_openssh().map(|line| line.trim_end().to_owned()).unwrap_or_default()
    }

    pub(super) fn into_inner(self) -> PrivateKey {
        self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ada@desk";

    #[test]
    fn a_public_key_is_one_line() {
        let key = LoginKey::parse(&format!("  {ED25519}\n")).unwrap();
        assert_eq!(key.comment, "ada@desk");
        assert!(key.fingerprint.starts_with("SHA256:"), "{key:?}");
        assert!(ED25519.starts_with(&key.line) && !key.line.contains("ada"), "{key:?}");
        let two = format!("{ED25519}\n{ED25519}");
        for text in ["", "ssh-ed25519", "x", &two, &format!("command=\"sh\" {ED25519}")] {
            assert_eq!(LoginKey::parse(text), Err(KeyFault::NotPublic), "{text}");
        }
        let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(LoginKey::parse(private), Err(KeyFault::Private));
    }

    #[test]
    fn the_host_key_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host_key");
        let made = ServerKey::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(ServerKey::open(&path).unwrap().fingerprint(), made.fingerprint());
        assert!(made.public().starts_with("ssh-ed25519 ") && !format!("{made:?}").contains("PRIVATE"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let why = ServerKey::open(&path).unwrap_err().to_string();
        assert!(why.contains("640") && why.contains("chmod 600"), "{why}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "nonsense").unwrap();
        assert!(ServerKey::open(&path).unwrap_err().to_string().contains("no key"));
    }
}
