//! Why a request about addresses is refused, in words for the operator.

use super::{Owner, POOLS_MAX, PoolKind, Source};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// Why a request is refused. `Display` is the sentence for the operator; see also [`Refused::field`] and [`Refused::key`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a network in CIDR form.
    #[error("'{0}' is not a network: write the first address and a prefix length, as in 10.20.0.0/24")]
    Network(String),
    /// Bits behind the prefix are set.
    #[error("{typed} is an address inside a network: the network itself is {net}")]
    NotNormal {
        /// As typed.
        typed: String,
        /// In normal form.
        net: IpNet,
    },
    /// Nobody can use it.
    #[error("{net} cannot be a pool: it is {why}")]
    Unusable {
        /// Which.
        net: IpNet,
        /// What it is.
        why: &'static str,
    },
    /// Too small or too large.
    #[error("a pool of IPv4 has a prefix of /16 to /29, one of IPv6 of /32 to /126: {0} has not")]
    PoolSize(IpNet),
    /// It would share addresses with another.
    #[error("{net} overlaps the {kind} pool {other}: no address may be in two pools")]
    Overlap {
        /// Which.
        net: IpNet,
        /// The other one's kind.
        kind: PoolKind,
        /// The other one.
        other: IpNet,
    },
    /// More than [`POOLS_MAX`].
    #[error("an environment has {POOLS_MAX} pools at most: remove one first")]
    PoolsFull,
    /// No such pool.
    #[error("there is no pool {0}: 'cpmg ip list ENV' shows those there are")]
    NoPool(String),
    /// Subnets lie in it.
    #[error("pool {net} is in use: {owner} has {subnet} of it; delete that subnet first")]
    PoolInUse {
        /// Which.
        net: IpNet,
        /// Whose subnet.
        owner: Owner,
        /// Which one.
        subnet: Ipv4Net,
    },
    /// Not a name.
    #[error("an owner's name has 1 to 64 visible characters and no blanks at its ends")]
    Owner,
    /// Not 8, 16, 32 or 64.
    #[error("a subnet has 8, 16, 32 or 64 addresses, not {0}{rest}", rest = if *.0 == 4 {
        ": of 4, less the network and broadcast address and those of a gateway and a DHCP server, nothing would be left"
    } else { "" })]
    Size(u32),
    /// Outside [`TIMEOUT_RANGE_S`].
    #[error("a reservation is kept for 1 to 86400 seconds, not {0}")]
    Timeout(u32),
    /// The owner has one already.
    #[error("{owner} has the subnet {subnet} already: confirm, use or delete that one")]
    HasOne {
        /// Who.
        owner: Owner,
        /// Which.
        subnet: String,
    },
    /// All pools are used up, or there are none.
    #[error("no {kind} pool has {count} addresses in a row that are free{rest}", rest = taken_text(.taken.as_ref()))]
    Full {
        /// Of which kind.
        kind: PoolKind,
        /// How many were wanted.
        count: u32,
        /// Somebody who is in the way, where there is a pool at all.
        taken: Option<(IpAddr, String)>,
    },
    /// The network that was asked for is in use.
    #[error("{net} is not free: {address} belongs to {owner} ({source})", source = .by)]
    Taken {
        /// Which.
        net: Ipv4Net,
        /// The first address in it that is somebody's.
        address: IpAddr,
        /// Whose.
        owner: String,
        /// How we know.
        by: Source,
    },
    /// Not in a pool of that kind.
    #[error("{net} does not lie in a {kind} pool: 'cpmg ip list ENV' shows the pools")]
    Outside {
        /// Which.
        net: Ipv4Net,
        /// Of which kind.
        kind: PoolKind,
    },
    /// Never had one, or has deleted it.
    #[error("{0} has no subnet: reserve one first")]
    NoSubnet(String),
    /// The time was over.
    #[error("{owner}'s reservation of {net} fell back to the pool when its time was over: reserve again")]
    Lapsed {
        /// Whose.
        owner: Owner,
        /// Which.
        net: Ipv4Net,
    },
    /// Allocation before confirmation.
    #[error(
        "{owner}'s subnet {net} is only reserved: confirm it first, or its addresses could be given away twice"
    )]
    NotConfirmed {
        /// Whose.
        owner: Owner,
        /// Which.
        net: Ipv4Net,
    },
    /// Not an address.
    #[error(
        "'{0}' is not an IPv4 address: four numbers from 0 to 255 with dots between them, as in 10.20.0.7"
    )]
    Address(String),
    /// Not one of the subnet's usable addresses.
    #[error("{address} is not a usable address of {owner}'s subnet {net}")]
    NotInSubnet {
        /// Which.
        address: Ipv4Addr,
        /// Whose subnet.
        owner: Owner,
        /// Which one.
        net: Ipv4Net,
    },
    /// It is somebody's.
    #[error("{address} belongs to {owner} already ({by})")]
    InUse {
        /// Which.
        address: IpAddr,
        /// Whose.
        owner: String,
        /// How we know.
        by: Source,
    },
    /// All are used.
    #[error("{owner}'s subnet {net} is full: all {usable} usable addresses are in use")]
    SubnetFull {
        /// Whose.
        owner: Owner,
        /// Which.
        net: Ipv4Net,
        /// How many it has.
        usable: usize,
    },
    /// Nobody has it from here.
    #[error("{0} is not allocated")]
    NotAllocated(Ipv4Addr),
}

fn taken_text(taken: Option<&(IpAddr, String)>) -> String {
    match taken {
        Some((address, owner)) => format!(": {address} belongs to {owner}; add a pool, or delete a subnet"),
        None => ": add a pool first ('cpmg ip pool add')".to_owned(),
    }
}

impl Refused {
    /// The field of the request that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Network(_)
            | Self::NotNormal { .. }
            | Self::Unusable { .. }
            | Self::PoolSize(_)
            | Self::Overlap { .. }
            | Self::PoolsFull
            | Self::NoPool(_)
            | Self::PoolInUse { .. }
            | Self::Taken { .. }
            | Self::Outside { .. } => "net",
            Self::Owner
            | Self::HasOne { .. }
            | Self::NoSubnet(_)
            | Self::Lapsed { .. }
            | Self::NotConfirmed { .. } => "owner",
            Self::Size(_) | Self::Full { .. } => "count",
            Self::Timeout(_) => "seconds",
            Self::Address(_)
            | Self::NotInSubnet { .. }
            | Self::InUse { .. }
            | Self::SubnetFull { .. }
            | Self::NotAllocated(_) => "address",
        }
    }

    /// Key of the sentence in the catalogue of the screens.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Network(_) => "fault-network",
            Self::NotNormal { .. } => "fault-not-normal",
            Self::Unusable { .. } => "fault-pool-unusable",
            Self::PoolSize(_) => "fault-pool-size",
            Self::Overlap { .. } => "error-ip-overlap",
            Self::PoolsFull => "error-ip-pools-full",
            Self::NoPool(_) => "error-ip-no-pool",
            Self::PoolInUse { .. } => "error-ip-pool-in-use",
            Self::Owner => "fault-owner",
            Self::Size(_) => "error-ip-size",
            Self::Timeout(_) => "fault-timeout",
            Self::HasOne { .. } => "error-ip-has-one",
            Self::Full { taken: None, .. } => "error-ip-none-free",
            Self::Full { .. } => "error-ip-full",
            Self::Taken { .. } => "error-ip-taken",
            Self::Outside { .. } => "error-ip-outside",
            Self::NoSubnet(_) => "error-ip-no-subnet",
            Self::Lapsed { .. } => "error-ip-lapsed",
            Self::NotConfirmed { .. } => "error-ip-not-confirmed",
            Self::Address(_) => "fault-ip-address",
            Self::NotInSubnet { .. } => "error-ip-not-in-subnet",
            Self::InUse { .. } => "error-ip-in-use",
            Self::SubnetFull { .. } => "error-ip-subnet-full",
            Self::NotAllocated(_) => "error-ip-not-allocated",
        }
    }

    /// Arguments of that sentence.
    pub fn args(&self) -> Vec<(String, String)> {
        let kind = |kind: &PoolKind| format!("@pool-{}", kind.word());
        let by = |by: &Source| format!("@ip-source-{}", by.word());
        let all: Vec<(&str, String)> = match self {
            Self::NotNormal { net, .. } => vec![("net", net.to_string())],
            Self::Overlap { net, kind: of, other } => {
                vec![("net", net.to_string()), ("kind", kind(of)), ("other", other.to_string())]
            }
            Self::NoPool(net) => vec![("net", net.clone())],
            Self::PoolInUse { net, owner, subnet } => {
                vec![("net", net.to_string()), ("owner", owner.to_string()), ("subnet", subnet.to_string())]
            }
            Self::HasOne { owner, subnet } => {
                vec![("owner", owner.to_string()), ("subnet", subnet.clone())]
            }
            Self::Full { kind: of, count, taken } => {
                let mut all = vec![("kind", kind(of)), ("count", count.to_string())];
                if let Some((address, owner)) = taken {
                    all.extend([("address", address.to_string()), ("owner", owner.clone())]);
                }
                all
            }
            Self::Taken { net, address, owner, by: source } => vec![
                ("net", net.to_string()),
                ("address", address.to_string()),
                ("owner", owner.clone()),
                ("source", by(source)),
            ],
            Self::Outside { net, kind: of } => vec![("net", net.to_string()), ("kind", kind(of))],
            Self::NoSubnet(owner) => vec![("owner", owner.clone())],
            Self::Lapsed { owner, net } | Self::NotConfirmed { owner, net } => {
                vec![("owner", owner.to_string()), ("net", net.to_string())]
            }
            Self::NotInSubnet { address, owner, net } => {
                vec![("address", address.to_string()), ("owner", owner.to_string()), ("net", net.to_string())]
            }
            Self::InUse { address, owner, by: source } => {
                vec![("address", address.to_string()), ("owner", owner.clone()), ("source", by(source))]
            }
            Self::SubnetFull { owner, net, usable } => {
                vec![("owner", owner.to_string()), ("net", net.to_string()), ("usable", usable.to_string())]
            }
            Self::NotAllocated(address) => vec![("address", address.to_string())],
            _ => Vec::new(),
        };
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether what was typed is wrong in itself, whatever is stored.
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::Network(_)
                | Self::NotNormal { .. }
                | Self::Unusable { .. }
                | Self::PoolSize(_)
                | Self::Owner
                | Self::Size(_)
                | Self::Timeout(_)
                | Self::Address(_)
                | Self::NotInSubnet { .. }
                | Self::Outside { .. }
        )
    }
}
