//! IP address management: which address belongs to whom.
//!
//! An environment has **pools** (networks in CIDR form, of one of two kinds: addresses of the infrastructure, addresses of
//! tenants). From a pool an owner reserves a **subnet** of 8, 16, 32 or 64 addresses for a limited time, confirms it, or lets
//! it fall back. From a confirmed subnet addresses are **allocated** and released one by one. Besides there are addresses that
//! nobody asked us for: nodes, the network plan, addresses that DHCP gave (**leases**, recorded here), machines that a sweep
//! saw. They come in as [`Seen`], so that no two get the same address; a conflict is refused with the owner's name.
//!
//! Read [`Ipam`], then [`next`] (`rules`), the only way in which it changes. Pure: what the time is and what was seen are
//! arguments. `table` puts everything that is known of addresses into one list. The seed of these rules is the address
//! management of an earlier product: `create_subnet(owner, ipcount=64, timeout=120)`, `subnet_create_success`, `delete_subnet`,
//! `allocate_ip`, `release_ip`.

mod event;
mod parse;
mod rebuild;
mod refused;
mod rules;
mod table;
#[cfg(test)]
mod tests;

pub use event::IpEvent;
pub use parse::{address_of, net_of, owner_of, pool_of, size_of, timeout_of};
pub use rebuild::{Parts, rebuilt};
pub use refused::Refused;
pub use rules::{expire, next, next_deadline, note_leases};
pub use table::{AddressRow, Claim, IpView, PoolUse, Source, table, view};

use super::time::Moment;
use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Seconds for which a reservation is kept unless its owner says otherwise.
pub const TIMEOUT_S: u32 = 120;
/// Seconds that can be asked for.
pub const TIMEOUT_RANGE_S: RangeInclusive<u32> = 1..=86_400;
/// Most pools of an environment.
pub const POOLS_MAX: usize = 64;
/// Reservations that fell back and are remembered, so that a late confirmation is told why it is refused.
pub const LAPSED_MAX: usize = 256;

/// Who a subnet belongs to: a name that is unique in its environment, 1 to 64 visible characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub(super) String);

impl Owner {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the addresses of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolKind {
    /// Machines and services of the cloud itself (type 0 of the seed).
    Infrastructure,
    /// Instances of tenants (type 1 of the seed).
    Tenant,
}

impl PoolKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Infrastructure, Self::Tenant];

    /// The word used on the command line and as key in the message catalogue (`pool-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Tenant => "tenant",
        }
    }
}

impl fmt::Display for PoolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for PoolKind {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|k| k.word() == s);
        found.ok_or_else(|| format!("'{s}' is no kind of pool; the kinds are infrastructure and tenant"))
    }
}

/// How many addresses a subnet has: 8, 16, 32 or 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubnetSize(u8);

impl SubnetSize {
    /// What can be chosen, largest first, as the seed has it.
    pub const ALL: [u32; 4] = [64, 32, 16, 8];

    /// Addresses, the network's own and the broadcast address included.
    pub fn count(self) -> u32 {
        1 << self.0
    }

    /// Addresses that can be given away: network and broadcast address are not.
    pub fn usable(self) -> u32 {
        self.count() - 2
    }

    /// Length of the prefix, 26 to 29.
    pub fn prefix(self) -> u8 {
        32 - self.0
    }
}

/// A network from which subnets are given. One of IPv6 is kept and checked, but no subnets are cut from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// The network, in normal form.
    pub net: IpNet,
    /// What for.
    pub kind: PoolKind,
    /// Who made it.
    pub by: String,
    /// When.
    pub made: Moment,
}

/// Whether a subnet is there to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubnetState {
    /// Falls back to its pool at that moment.
    Reserved {
        /// First moment at which it is nobody's again.
        until: Moment,
    },
    /// Its owner's until deleted.
    Confirmed {
        /// Since when.
        at: Moment,
    },
}

/// A subnet of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// The network.
    pub net: Ipv4Net,
    /// The kind of its pool.
    pub kind: PoolKind,
    /// Whose.
    pub owner: Owner,
    /// Whether it stays.
    pub state: SubnetState,
    /// Who asked for it.
    pub by: String,
    /// When it was reserved.
    pub made: Moment,
    /// Addresses in use, each with what uses it.
    pub addresses: BTreeMap<Ipv4Addr, Allocation>,
}

impl Subnet {
    /// First usable address with the prefix, as `10.0.0.1/26`: what the owner is told.
    pub fn handle(&self) -> String {
        let first = self.hosts().next().unwrap_or_else(|| self.net.network());
        format!("{first}/{}", self.net.prefix_len())
    }

    /// The addresses that can be allocated, in order.
    pub fn hosts(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.net.hosts()
    }

    /// Addresses that can be allocated, used ones included.
    pub fn usable(&self) -> usize {
        self.hosts().count()
    }
}

/// An address that was given to something of the owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// A machine, an instance, a controller.
    pub to: Owner,
    /// Since when.
    pub at: Moment,
}

/// An address that DHCP gave to a machine. Recorded so that nobody else gets it, and written as a static one when the
/// node is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The address.
    pub address: IpAddr,
    /// Name of the node or of Cobbler's system.
    pub owner: String,
    /// MAC address of the NIC, lower case, or nothing where it is not known.
    pub mac: String,
    /// How we know: from Cobbler, or from the node itself.
    pub source: Source,
    /// When it was seen last.
    pub seen: Moment,
}

/// A reservation that fell back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// Which network.
    pub net: Ipv4Net,
    /// When its time was over.
    pub at: Moment,
}

/// Everything an environment's address management keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipam {
    /// Pools, none overlapping another.
    pub pools: BTreeMap<IpNet, Pool>,
    /// Subnets, each inside a pool, none overlapping another.
    pub subnets: BTreeMap<Ipv4Net, Subnet>,
    /// Addresses given by DHCP.
    pub leases: BTreeMap<IpAddr, Lease>,
    /// Owners whose last reservation fell back.
    pub lapsed: BTreeMap<Owner, Lapse>,
}

impl Ipam {
    /// The subnet of an owner.
    pub fn of(&self, owner: &str) -> Option<&Subnet> {
        self.subnets.values().find(|s| s.owner.as_str() == owner)
    }

    /// The subnet that holds an address.
    pub fn around(&self, ip: Ipv4Addr) -> Option<&Subnet> {
        // Subnets do not overlap: only the last one that begins at or before the address can hold it.
        let one = Ipv4Net::from(ip);
        self.subnets.range(..=one).next_back().map(|(_, s)| s).filter(|s| s.net.contains(&ip))
    }

    /// The pool that holds an address.
    pub fn pool_around(&self, ip: IpAddr) -> Option<&Pool> {
        self.pools.values().find(|p| p.net.contains(&ip))
    }
}

/// Addresses that somebody has without having asked here: what the engine knows, from nodes, plan and sweeps.
pub type Seen = BTreeMap<IpAddr, Vec<Claim>>;

/// What can be asked. Texts are as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpRequest {
    /// A new pool.
    AddPool {
        /// Its network.
        net: String,
        /// What for.
        kind: PoolKind,
    },
    /// Takes a pool away that no subnet lies in.
    RemovePool {
        /// Its network.
        net: String,
    },
    /// Reserves a subnet.
    Reserve {
        /// For whom.
        owner: String,
        /// From which kind of pool.
        kind: PoolKind,
        /// Addresses: 8, 16, 32 or 64.
        count: u32,
        /// Seconds until it falls back; [`TIMEOUT_S`] for nothing.
        seconds: Option<u32>,
        /// This network and no other.
        at: Option<String>,
    },
    /// Keeps a reserved subnet.
    Confirm {
        /// Whose.
        owner: String,
    },
    /// Gives an owner's subnet back, with all its addresses.
    Delete {
        /// Whose.
        owner: String,
    },
    /// Gives an address of a confirmed subnet to something.
    Allocate {
        /// Whose subnet.
        owner: String,
        /// To what.
        to: String,
        /// This address and no other.
        address: Option<String>,
    },
    /// Takes an address back.
    Release {
        /// Which.
        address: String,
    },
}
