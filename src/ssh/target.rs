//! Where to connect and with what.

use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::ssh::HostKeyCheck;
use std::fmt;
use std::path::PathBuf;

/// One thing to log in with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A password.
    Password(Secret),
    /// Text of a private key (OpenSSH, PEM or `PuTTY` format).
    Key {
        /// The whole file's text.
        private: Secret,
        /// Needed only for an encrypted key.
        passphrase: Option<Secret>,
    },
    /// Whatever the agent behind this socket holds; its first identities are tried.
    Agent {
        /// Path of the socket.
        socket: PathBuf,
    },
}

/// A machine that SSH is spoken to.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Its address, as seen from the hop before.
    pub address: HostAddress,
    /// Port of its SSH server.
    pub port: u16,
    /// Account.
    pub user: String,
    /// Tried in this order, up to five attempts in all (servers allow six).
    pub credentials: Vec<Credential>,
    /// Which key it must show.
    pub host_key: HostKeyCheck,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address, self.port)
    }
}

/// A node and the way to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The node itself.
    pub node: Hop,
    /// Jump hosts, nearest first; usually empty.
    pub jumps: Vec<Hop>,
}

impl From<Hop> for Target {
    fn from(node: Hop) -> Self {
        Self { node, jumps: Vec::new() }
    }
}
