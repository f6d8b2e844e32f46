//! What a change of addresses did.

use super::Owner;
use crate::domain::time::{Moment, utc};
use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;

/// What a change did, for the answer and the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpEvent {
    /// A pool is new.
    PoolAdded {
        /// Which.
        net: IpNet,
    },
    /// A pool is gone.
    PoolRemoved {
        /// Which.
        net: IpNet,
    },
    /// A reservation was not confirmed in time.
    Lapsed {
        /// Which network.
        net: Ipv4Net,
        /// Whose it was.
        owner: Owner,
    },
    /// A subnet is reserved.
    Reserved {
        /// First usable address and prefix, as `10.0.0.1/26`.
        subnet: String,
        /// For whom.
        owner: Owner,
        /// Until when.
        until: Moment,
    },
    /// A subnet is its owner's.
    Confirmed {
        /// First usable address and prefix.
        subnet: String,
        /// Whose.
        owner: Owner,
    },
    /// A subnet was given back.
    Deleted {
        /// Which network.
        net: Ipv4Net,
        /// Whose it was.
        owner: Owner,
        /// How many addresses in it were in use.
        addresses: u32,
    },
    /// An address was given.
    Allocated {
        /// Which.
        address: Ipv4Addr,
        /// Length of its subnet's prefix.
        prefix: u8,
        /// To what.
        to: Owner,
    },
    /// An address was taken back.
    Released {
        /// Which.
        address: Ipv4Addr,
        /// From what.
        from: Owner,
    },
}

impl fmt::Display for IpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoolAdded { net } => write!(f, "{net} is a pool now"),
            Self::PoolRemoved { net } => write!(f, "{net} is no pool any more"),
            Self::Lapsed { net, owner } => write!(f, "{owner}'s reservation of {net} fell back to the pool"),
            Self::Reserved { subnet, owner, until } => {
                write!(
                    f,
                    "{subnet} is reserved for {owner} until {}, unless it is confirmed before",
                    utc(*until)
                )
            }
            Self::Confirmed { subnet, owner } => write!(f, "{subnet} belongs to {owner}"),
            Self::Deleted { net, owner, addresses } => {
                write!(f, "{owner}'s subnet {net} was given back; addresses of it in use: {addresses}")
            }
            Self::Allocated { address, prefix, to } => write!(f, "{address}/{prefix} belongs to {to}"),
            Self::Released { address, from } => write!(f, "{address} is free again; it was {from}'s"),
        }
    }
}
