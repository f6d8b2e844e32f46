//! The machine through which a node is reached where there is no direct way.
//!
//! Written as [`JumpPlace`] (`[account@]address[:port]`), kept in the node's record as [`Jump`]. Nodes behind the same machine share its
//! pinned host key, wherever it was pinned first.

use super::net::HostAddress;
use super::node::CredentialKind;
use super::said::Said;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is no jump host. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JumpFault {
    /// Several of them.
    #[error("one jump host is the most: '{0}' names several")]
    Several(String),
    /// Not written as one.
    #[error(
        "'{0}' is not a jump host: write [account@]address[:port] with an IPv4 address, as admin@10.0.0.1:22"
    )]
    Form(String),
}

impl JumpFault {
    /// The sentence with its key in the message catalogue.
    pub fn said(&self) -> Said {
        let keyed = |key| Said::keyed(self.to_string(), key);
        match self {
            Self::Several(place) => keyed("error-jump-several").arg("place", place.as_str()),
            Self::Form(place) => keyed("error-jump-form").arg("place", place.as_str()),
        }
    }
}

/// Where a jump host is, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JumpPlace {
    /// Its account; `None`: the same as the node's.
    pub user: Option<String>,
    /// Its address.
    pub address: HostAddress,
    /// Port of its SSH.
    pub port: u16,
}

impl FromStr for JumpPlace {
    type Err = JumpFault;
    fn from_str(text: &str) -> Result<Self, JumpFault> {
        let text = text.trim();
        if text.contains(',') {
            return Err(JumpFault::Several(text.to_owned()));
        }
        let fault = || JumpFault::Form(text.to_owned());
        let bare = text.strip_prefix("ssh://").unwrap_or(text);
        let (user, place) = bare.rsplit_once('@').map_or((None, bare), |(user, place)| (Some(user), place));
        let (address, port) = place.split_once(':').map_or((place, "22"), |(address, port)| (address, port));
        let port = port.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(fault)?;
        let user =
            user.map(|u| Some(u.to_owned()).filter(|u| is_account(u)).ok_or_else(fault)).transpose()?;
        Ok(Self { user, address: address.parse().map_err(|_| fault())?, port })
    }
}

impl fmt::Display for JumpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}:{}", self.address, self.port)
    }
}

fn is_account(text: &str) -> bool {
    super::import::is_account(text)
}

/// A node's jump host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// Its address.
    pub address: HostAddress,
    /// Port of its SSH.
    pub port: u16,
    /// Account on it.
    pub user: String,
    /// How we log in to it; `None`: as to the node.
    pub credential: Option<CredentialKind>,
    /// Pinned host key in OpenSSH's format.
    pub host_key: Option<String>,
}

impl Jump {
    /// Address and port, as SSH names it.
    pub fn host(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// As it is written.
    pub fn place(&self) -> JumpPlace {
        JumpPlace { user: Some(self.user.clone()), address: self.address, port: self.port }
    }

    /// Whether it is the same machine by address and port.
    pub fn is_at(&self, other: &Self) -> bool {
        (self.address, self.port) == (other.address, other.port)
    }
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

    #[test]
    fn places_are_read_and_written() {
        for (text, written) in [
            ("10.0.0.1", "10.0.0.1:22"),
            (" admin@10.0.0.1 ", "admin@10.0.0.1:22"),
            ("admin@10.0.0.1:2222", "admin@10.0.0.1:2222"),
            ("ssh://admin@10.0.0.1:2222", "admin@10.0.0.1:2222"),
        ] {
            let place: JumpPlace = text.parse().unwrap();
            assert_eq!(place.to_string(), written);
            assert_eq!(written.parse::<JumpPlace>().unwrap(), place);
        }
        for text in
            ["", "bastion", "10.0.0.1:0", "10.0.0.1:x", "@10.0.0.1", "a b@10.0.0.1", "224.0.0.1", "::1"]
        {
            assert!(matches!(text.parse::<JumpPlace>(), Err(JumpFault::Form(_))), "{text}");
        }
        assert!(matches!("10.0.0.1,10.0.0.2".parse::<JumpPlace>(), Err(JumpFault::Several(_))));
    }
}
