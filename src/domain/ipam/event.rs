//! What a change of addresses did.

use super::Owner;
use crate::domain::said::{Said, sentence};
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

impl IpEvent {
    /// What happened, for whoever reads it in a language.
    pub fn said(&self) -> Said {
        match self {
            Self::PoolAdded { net } => sentence!("ip-pool-added", "{net} is a pool now", net = net),
            Self::PoolRemoved { net } => sentence!("ip-pool-removed", "{net} is no pool any more", net = net),
            Self::Lapsed { net, owner } => sentence!(
                "ip-lapsed",
                "{owner}'s reservation of {net} fell back to the pool",
                owner = owner,
                net = net
            ),
            Self::Reserved { subnet, owner, until } => sentence!(
                "ip-reserved",
                "{subnet} is reserved for {owner} until {until}, unless it is confirmed before",
                subnet = subnet,
                owner = owner,
                until = utc(*until)
            ),
            Self::Confirmed { subnet, owner } => {
                sentence!("ip-confirmed", "{subnet} belongs to {owner}", subnet = subnet, owner = owner)
            }
            Self::Deleted { net, owner, addresses } => sentence!(
                "ip-deleted",
                "{owner}'s subnet {net} was given back; addresses of it in use: {count}",
                owner = owner,
                net = net,
                count = addresses
            ),
            Self::Allocated { address, prefix, to } => sentence!(
                "ip-allocated",
                "{address}/{prefix} belongs to {owner}",
                address = address,
                prefix = prefix,
                owner = to
            ),
            Self::Released { address, from } => sentence!(
                "ip-released",
                "{address} is free again; it was {owner}'s",
                address = address,
                owner = from
            ),
        }
    }
}

impl fmt::Display for IpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}
