//! Books that came from elsewhere: made anew by the rules that requests follow, so that nothing gets in that could not have been asked for.

use super::parse::{owner_of, size_of};
use super::rules::{Wanted, add_pool, allocate, confirm, reserve};
use super::{Ipam, Lapse, Lease, Owner, Pool, Refused, Seen, Subnet, SubnetState};

/// What such books are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Pools.
    pub pools: Vec<Pool>,
    /// Subnets with their addresses.
    pub subnets: Vec<Subnet>,
    /// Addresses that DHCP gave.
    pub leases: Vec<Lease>,
    /// Reservations that fell back.
    pub lapsed: Vec<(Owner, Lapse)>,
}

/// The books of these parts. Who has addresses elsewhere is not asked: the machines are the same ones.
pub fn rebuilt(parts: Parts) -> Result<Ipam, Refused> {
    let mut book = Ipam::default();
    let nobody = Seen::new();
    for pool in parts.pools {
        add_pool(&mut book, &pool.net.to_string(), pool.kind, &pool.by, pool.made)?;
        book.pools.insert(pool.net, pool);
    }
    for subnet in parts.subnets {
        let count = 1_u32.checked_shl(u32::from(32 - subnet.net.prefix_len())).unwrap_or(0);
        let owner = owner_of(subnet.owner.as_str())?;
        let wanted =
            Wanted { owner: owner.clone(), kind: subnet.kind, size: size_of(count)?, until: subnet.made };
        reserve(&mut book, wanted, Some(&subnet.net.to_string()), (&subnet.by, subnet.made), &nobody)?;
        if let SubnetState::Confirmed { at } = subnet.state {
            confirm(&mut book, owner.as_str(), at)?;
        }
        for (address, allocation) in &subnet.addresses {
            let to = owner_of(allocation.to.as_str())?;
            allocate(&mut book, owner.as_str(), to, Some(&address.to_string()), allocation.at, &nobody)?;
        }
        // As it was, with who asked and until when.
        book.subnets.insert(subnet.net, subnet);
    }
    book.leases.extend(parts.leases.into_iter().map(|l| (l.address, l)));
    book.lapsed.extend(parts.lapsed);
    Ok(book)
}
