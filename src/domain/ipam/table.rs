//! One list of everything that is known of addresses: who uses what, how we know, and where two claim the same.

use super::{Ipam, Pool, PoolKind, Seen, Subnet, SubnetState};
use crate::domain::time::Moment;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// How we know that an address is somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It lies in a subnet of somebody's.
    Subnet,
    /// It was allocated here.
    Allocated,
    /// The network plan gives it.
    Plan,
    /// We log in there.
    Node,
    /// A NIC of a node has it.
    Nic,
    /// DHCP gave it, the node says.
    Dhcp,
    /// Cobbler has it on a system.
    Cobbler,
    /// Something answered there when it was swept.
    Sweep,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl Source {
    /// All that there are, for exhaustive tests.
    pub const ALL: [Self; 8] = [
        Self::Subnet,
        Self::Allocated,
        Self::Plan,
        Self::Node,
        Self::Nic,
        Self::Dhcp,
        Self::Cobbler,
        Self::Sweep,
    ];

    /// The word used on the command line and as key in the message catalogue (`ip-source-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Subnet => "subnet",
            Self::Allocated => "allocated",
            Self::Plan => "plan",
            Self::Node => "node",
            Self::Nic => "nic",
            Self::Dhcp => "dhcp",
            Self::Cobbler => "cobbler",
            Self::Sweep => "sweep",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subnet => "its subnet",
            Self::Allocated => "allocated",
            Self::Plan => "given by the network plan",
            Self::Node => "a node's address",
            Self::Nic => "on a node's NIC",
            Self::Dhcp => "given by DHCP",
            Self::Cobbler => "a system in Cobbler",
            Self::Sweep => "seen alive by a sweep",
            Self::Unknown => "?",
        })
    }
}

/// Somebody who has an address, and how we know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// How we know.
    pub source: Source,
    /// Who: a node, an instance, the owner of a subnet; what a sweep saw has the name of what answered.
    pub owner: String,
}

/// An address that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRow {
    /// Which.
    pub address: IpAddr,
    /// Everybody who has it, each once.
    pub claims: Vec<Claim>,
    /// Owner of the subnet that it lies in.
    pub subnet: Option<String>,
    /// Kind of the pool that it lies in.
    pub pool: Option<PoolKind>,
    /// Two of them are not the same.
    pub conflict: bool,
}

/// A pool and how much of it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    /// The pool.
    pub pool: Pool,
    /// Addresses in it; 0 for IPv6, which has too many to count.
    pub addresses: u64,
    /// Of these in reserved subnets.
    pub reserved: u64,
    /// Of these in confirmed subnets.
    pub confirmed: u64,
    /// Allocated ones.
    pub allocated: u64,
}

/// Everything about addresses that a client shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpView {
    /// The engine's clock, for the time that reservations have left.
    pub now: Moment,
    /// Pools.
    pub pools: Vec<PoolUse>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Addresses that somebody has.
    pub addresses: Vec<AddressRow>,
    /// Addresses that are left out of the list because it would be too long.
    pub left_out: u32,
}

/// Every address that somebody has, in order.
pub fn table(state: &Ipam, seen: &Seen) -> Vec<AddressRow> {
    let mut all: BTreeMap<IpAddr, Vec<Claim>> = seen.clone();
    for lease in state.leases.values() {
        all.entry(lease.address)
            .or_default()
            .push(Claim { owner: lease.owner.clone(), source: lease.source });
    }
    for subnet in state.subnets.values() {
        for (ip, a) in &subnet.addresses {
            let claim = Claim { owner: a.to.to_string(), source: Source::Allocated };
            all.entry(IpAddr::V4(*ip)).or_default().push(claim);
        }
    }
    let row = |(address, mut claims): (IpAddr, Vec<Claim>)| {
        claims.sort();
        claims.dedup();
        // What a sweep saw is the machine that we know there, if we know one.
        let known = claims.iter().any(|c| c.source != Source::Sweep);
        let mut owners: Vec<&str> =
            claims.iter().filter(|c| !known || c.source != Source::Sweep).map(|c| c.owner.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        let conflict = owners.len() > 1;
        let subnet = match address {
            IpAddr::V4(ip) => state.around(ip).map(|s| s.owner.to_string()),
            IpAddr::V6(_) => None,
        };
        AddressRow { pool: state.pool_around(address).map(|p| p.kind), address, claims, subnet, conflict }
    };
    all.into_iter().map(row).collect()
}

/// What a client shows, with `most` addresses.
pub fn view(state: &Ipam, seen: &Seen, now: Moment, most: usize) -> IpView {
    let mut addresses = table(state, seen);
    let left_out = u32::try_from(addresses.len().saturating_sub(most)).unwrap_or(u32::MAX);
    addresses.truncate(most);
    let size = |s: &Subnet| 1_u64 << (32 - s.net.prefix_len());
    let pools = state.pools.values().map(|pool| {
        let mine = || state.subnets.values().filter(|s| pool.net.contains(&IpNet::V4(s.net)));
        let sum = |want: fn(&SubnetState) -> bool| mine().filter(|s| want(&s.state)).map(size).sum();
        PoolUse {
            addresses: match pool.net {
                IpNet::V4(net) => 1 << (32 - net.prefix_len()),
                IpNet::V6(_) => 0,
            },
            reserved: sum(|s| matches!(s, SubnetState::Reserved { .. })),
            confirmed: sum(|s| matches!(s, SubnetState::Confirmed { .. })),
            allocated: mine().map(|s| s.addresses.len() as u64).sum(),
            pool: pool.clone(),
        }
    });
    IpView {
        now,
        pools: pools.collect(),
        subnets: state.subnets.values().cloned().collect(),
        addresses,
        left_out,
    }
}
