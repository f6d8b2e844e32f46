//! Host keys: pinned, or shown to a person first.

use crate::ssh::ValueFault;
use russh::keys::{Algorithm, HashAlg, PublicKey};
use std::fmt;
use std::str::FromStr;

/// Public key of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey(PublicKey);

impl HostKey {
    pub(super) fn new(key: &PublicKey) -> Self {
        Self(PublicKey::new(key.key_data().clone(), ""))
    }

    /// Its type, as `ssh-ed25519`.
    pub fn kind(&self) -> String {
        self.0.algorithm().to_string()
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// All signature algorithms, those of this key's type first: a server that still has the pinned key shows that one.
    pub(super) fn preferred(&self) -> Vec<Algorithm> {
        let same = |a: &Algorithm| match (a, self.0.algorithm()) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (a, mine) => *a == mine,
        };
        let (mut first, rest): (Vec<_>, Vec<_>) =
            russh::Preferred::DEFAULT.key.iter().cloned().partition(same);
        first.extend(rest);
        first
    }
}

impl fmt::Display for HostKey {
    /// OpenSSH's format without a comment: what is pinned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_openssh().map_err(|_| fmt::Error)?.trim_end())
    }
}

impl FromStr for HostKey {
    type Err = ValueFault;
    fn from_str(s: &str) -> Result<Self, ValueFault> {
        PublicKey::from_openssh(s.trim()).map(|k| Self::new(&k)).map_err(|_| ValueFault::HostKey)
    }
}

/// What to do with the key a host shows.
#[derive(Clone, Debug)]
pub enum HostKeyCheck {
    /// Only this one will do.
    Pinned(HostKey),
    /// None is known yet: stop with [`SshError::HostKeyUnknown`](crate::ssh::SshError::HostKeyUnknown), ask a person, come back with it pinned.
    AskFirst,
}
