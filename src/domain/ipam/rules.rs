//! The rules: what a request makes of what there is, or why it is refused.
//!
//! Every way in begins by letting reservations fall back whose time is over, so that nothing depends on how often somebody
//! looks. What must always hold, and is tested with random requests: subnets do not overlap, each lies in a pool of its kind,
//! an owner has one at most, allocated addresses are usable ones of their own subnet, a reservation lapses exactly once.

use super::parse::{address_of, net_of, owner_of, pool_of, size_of, timeout_of};
use super::{
    Allocation, Claim, IpEvent, IpRequest, Ipam, LAPSED_MAX, Lapse, Lease, Owner, POOLS_MAX, Pool, PoolKind,
    Refused, Seen, Source, Subnet, SubnetSize, SubnetState,
};
use crate::domain::time::Moment;
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

/// Lets every reservation fall back whose time is over.
pub fn expire(state: &Ipam, now: Moment) -> (Ipam, Vec<IpEvent>) {
    let mut state = state.clone();
    let mut events = Vec::new();
    lapse(&mut state, now, &mut events);
    (state, events)
}

/// When the next reservation falls back.
pub fn next_deadline(state: &Ipam) -> Option<Moment> {
    let deadlines = state.subnets.values().filter_map(|s| match s.state {
        SubnetState::Reserved { until } => Some(until),
        SubnetState::Confirmed { .. } => None,
    });
    deadlines.min()
}

fn lapse(state: &mut Ipam, now: Moment, events: &mut Vec<IpEvent>) {
    let over: Vec<(Ipv4Net, Owner, Moment)> = state
        .subnets
        .values()
        .filter_map(|s| match s.state {
            SubnetState::Reserved { until } if now >= until => Some((s.net, s.owner.clone(), until)),
            _ => None,
        })
        .collect();
    for (net, owner, at) in over {
        state.subnets.remove(&net);
        state.lapsed.insert(owner.clone(), Lapse { net, at });
        events.push(IpEvent::Lapsed { net, owner });
    }
    while state.lapsed.len() > LAPSED_MAX {
        let Some(oldest) = state.lapsed.iter().min_by_key(|(_, l)| l.at).map(|(o, _)| o.clone()) else {
            break;
        };
        state.lapsed.remove(&oldest);
    }
}

/// What `request` makes of `state`. `seen` are addresses that somebody has without having asked here.
pub fn next(
    state: &Ipam,
    request: &IpRequest,
    by: &str,
    now: Moment,
    seen: &Seen,
) -> Result<(Ipam, Vec<IpEvent>), Refused> {
    let (mut state, mut events) = expire(state, now);
    let done = match request {
        IpRequest::AddPool { net, kind } => add_pool(&mut state, net, *kind, by, now)?,
        IpRequest::RemovePool { net } => remove_pool(&mut state, net)?,
        IpRequest::Reserve { owner, kind, count, seconds, at } => {
            let wanted = Wanted {
                owner: owner_of(owner)?,
                kind: *kind,
                size: size_of(*count)?,
                until: now.plus(u64::from(timeout_of(*seconds)?) * 1000),
            };
            reserve(&mut state, wanted, at.as_deref(), (by, now), seen)?
        }
        IpRequest::Confirm { owner } => confirm(&mut state, owner, now)?,
        IpRequest::Delete { owner } => delete(&mut state, owner)?,
        IpRequest::Allocate { owner, to, address } => {
            allocate(&mut state, owner, owner_of(to)?, address.as_deref(), now, seen)?
        }
        IpRequest::Release { address } => release(&mut state, address_of(address)?)?,
    };
    events.push(done);
    Ok((state, events))
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

pub(super) fn add_pool(
    state: &mut Ipam,
    net: &str,
    kind: PoolKind,
    by: &str,
    now: Moment,
) -> Result<IpEvent, Refused> {
    let net = pool_of(net)?;
    if let Some(other) = state.pools.values().find(|p| overlap(&p.net, &net)) {
        return Err(Refused::Overlap { net, kind: other.kind, other: other.net });
    }
    if state.pools.len() >= POOLS_MAX {
        return Err(Refused::PoolsFull);
    }
    state.pools.insert(net, Pool { net, kind, by: by.to_owned(), made: now });
    Ok(IpEvent::PoolAdded { net })
}

fn remove_pool(state: &mut Ipam, net: &str) -> Result<IpEvent, Refused> {
    let net = pool_of(net)?;
    if !state.pools.contains_key(&net) {
        return Err(Refused::NoPool(net.to_string()));
    }
    if let Some(s) = state.subnets.values().find(|s| net.contains(&IpNet::V4(s.net))) {
        return Err(Refused::PoolInUse { net, owner: s.owner.clone(), subnet: s.net });
    }
    state.pools.remove(&net);
    Ok(IpEvent::PoolRemoved { net })
}

/// A subnet as asked for.
pub(super) struct Wanted {
    pub owner: Owner,
    pub kind: PoolKind,
    pub size: SubnetSize,
    pub until: Moment,
}

pub(super) fn reserve(
    state: &mut Ipam,
    wanted: Wanted,
    at: Option<&str>,
    (by, now): (&str, Moment),
    seen: &Seen,
) -> Result<IpEvent, Refused> {
    if let Some(has) = state.of(wanted.owner.as_str()) {
        return Err(Refused::HasOne { owner: wanted.owner, subnet: has.handle() });
    }
    let net = match at {
        Some(text) => {
            let net = net_of(text)?;
            if net.prefix_len() != wanted.size.prefix() {
                return Err(Refused::Size(1_u32.checked_shl(u32::from(32 - net.prefix_len())).unwrap_or(0)));
            }
            let inside = |p: &&Pool| p.kind == wanted.kind && p.net.contains(&IpNet::V4(net));
            if !state.pools.values().any(|p| inside(&p)) {
                return Err(Refused::Outside { net, kind: wanted.kind });
            }
            if let Some((address, owner, by)) = in_the_way(state, net, &wanted.owner, seen) {
                return Err(Refused::Taken { net, address, owner, by });
            }
            net
        }
        None => first_free(state, &wanted, seen)?,
    };
    let subnet = Subnet {
        net,
        kind: wanted.kind,
        owner: wanted.owner.clone(),
        state: SubnetState::Reserved { until: wanted.until },
        by: by.to_owned(),
        made: now,
        addresses: std::collections::BTreeMap::new(),
    };
    let event =
        IpEvent::Reserved { subnet: subnet.handle(), owner: wanted.owner.clone(), until: wanted.until };
    state.lapsed.remove(&wanted.owner);
    state.subnets.insert(net, subnet);
    Ok(event)
}

/// The lowest network of that size that is free, in the order of the pools.
fn first_free(state: &Ipam, wanted: &Wanted, seen: &Seen) -> Result<Ipv4Net, Refused> {
    let mut taken = None;
    for pool in state.pools.values().filter(|p| p.kind == wanted.kind) {
        let IpNet::V4(pool) = pool.net else { continue };
        let Ok(candidates) = pool.subnets(wanted.size.prefix()) else { continue };
        for net in candidates {
            match in_the_way(state, net, &wanted.owner, seen) {
                None => return Ok(net),
                Some((address, owner, _)) => {
                    taken.get_or_insert((address, owner));
                }
            }
        }
    }
    Err(Refused::Full { kind: wanted.kind, count: wanted.size.count(), taken })
}

/// Somebody who has something of `net` already.
fn in_the_way(state: &Ipam, net: Ipv4Net, owner: &Owner, seen: &Seen) -> Option<(IpAddr, String, Source)> {
    // Networks either contain each other or have nothing in common, and none is larger than 64 addresses: the one that begins
    // last at or before `net`, and whatever begins inside.
    let (first, last) = (net.network(), net.broadcast());
    let before = state.subnets.range(..=net).next_back().map(|(_, s)| s);
    let inside = state.subnets.range(net..).next().map(|(_, s)| s);
    let subnet = before.into_iter().chain(inside).find(|s| s.net.contains(&net) || net.contains(&s.net));
    if let Some(s) = subnet {
        return Some((IpAddr::V4(s.net.network()), s.owner.to_string(), Source::Subnet));
    }
    let range = IpAddr::V4(first)..=IpAddr::V4(last);
    let lease = state.leases.range(range.clone()).find(|(_, l)| l.owner != owner.as_str());
    if let Some((ip, l)) = lease {
        return Some((*ip, l.owner.clone(), l.source));
    }
    let claimed = |(ip, claims): (&IpAddr, &Vec<Claim>)| {
        stranger(claims, owner).map(|c| (*ip, c.owner.clone(), c.source))
    };
    seen.range(range).find_map(claimed)
}

/// Somebody other than `who` who has the address. What a sweep saw there is the machine that is known there, if one is.
fn stranger<'a>(claims: &'a [Claim], who: &Owner) -> Option<&'a Claim> {
    let known = claims.iter().any(|c| c.source != Source::Sweep);
    claims.iter().find(|c| (!known || c.source != Source::Sweep) && c.owner != who.as_str())
}

fn subnet_of<'a>(state: &'a mut Ipam, owner: &str) -> Result<&'a mut Subnet, Refused> {
    if state.of(owner).is_none()
        && let Some((owner, lapse)) = state.lapsed.iter().find(|(o, _)| o.as_str() == owner)
    {
        return Err(Refused::Lapsed { owner: owner.clone(), net: lapse.net });
    }
    let found = state.subnets.values_mut().find(|s| s.owner.as_str() == owner);
    found.ok_or_else(|| Refused::NoSubnet(owner.to_owned()))
}

pub(super) fn confirm(state: &mut Ipam, owner: &str, now: Moment) -> Result<IpEvent, Refused> {
    let subnet = subnet_of(state, owner)?;
    // Said twice is as good as once: the first answer may have been lost.
    if let SubnetState::Reserved { .. } = subnet.state {
        subnet.state = SubnetState::Confirmed { at: now };
    }
    Ok(IpEvent::Confirmed { subnet: subnet.handle(), owner: subnet.owner.clone() })
}

fn delete(state: &mut Ipam, owner: &str) -> Result<IpEvent, Refused> {
    let net = subnet_of(state, owner)?.net;
    let Some(subnet) = state.subnets.remove(&net) else { return Err(Refused::NoSubnet(owner.to_owned())) };
    let addresses = u32::try_from(subnet.addresses.len()).unwrap_or(u32::MAX);
    Ok(IpEvent::Deleted { net, owner: subnet.owner, addresses })
}

pub(super) fn allocate(
    state: &mut Ipam,
    owner: &str,
    to: Owner,
    address: Option<&str>,
    now: Moment,
    seen: &Seen,
) -> Result<IpEvent, Refused> {
    let leases = state.leases.clone();
    let subnet = subnet_of(state, owner)?;
    let net = subnet.net;
    if let SubnetState::Reserved { .. } = subnet.state {
        return Err(Refused::NotConfirmed { owner: subnet.owner.clone(), net });
    }
    // An address that the same machine shows already is no conflict: it is the one to be given.
    let taken = |ip: Ipv4Addr| -> Option<(String, Source)> {
        if let Some(a) = subnet.addresses.get(&ip) {
            return Some((a.to.to_string(), Source::Allocated));
        }
        let ip = IpAddr::V4(ip);
        if let Some(l) = leases.get(&ip).filter(|l| l.owner != to.as_str()) {
            return Some((l.owner.clone(), l.source));
        }
        let claim = stranger(seen.get(&ip)?, &to)?;
        Some((claim.owner.clone(), claim.source))
    };
    let ip = if let Some(text) = address {
        let ip = address_of(text)?;
        if !subnet.hosts().any(|h| h == ip) {
            return Err(Refused::NotInSubnet { address: ip, owner: subnet.owner.clone(), net });
        }
        if let Some((owner, by)) = taken(ip) {
            return Err(Refused::InUse { address: IpAddr::V4(ip), owner, by });
        }
        ip
    } else {
        let full = || Refused::SubnetFull { owner: subnet.owner.clone(), net, usable: subnet.usable() };
        subnet.hosts().find(|ip| taken(*ip).is_none()).ok_or_else(full)?
    };
    subnet.addresses.insert(ip, Allocation { to: to.clone(), at: now });
    Ok(IpEvent::Allocated { address: ip, prefix: net.prefix_len(), to })
}

fn release(state: &mut Ipam, ip: Ipv4Addr) -> Result<IpEvent, Refused> {
    let holder = state.subnets.values_mut().find(|s| s.net.contains(&ip));
    let taken = holder.and_then(|s| s.addresses.remove(&ip)).ok_or(Refused::NotAllocated(ip))?;
    Ok(IpEvent::Released { address: ip, from: taken.to })
}

/// Records addresses that DHCP gave. What was recorded of the same machine (by name, or by MAC address) from the same source
/// and is not among them is forgotten: a lease moves.
pub fn note_leases(state: &Ipam, owner: &str, source: Source, leases: Vec<Lease>) -> Ipam {
    let mut state = state.clone();
    let macs: Vec<&str> = leases.iter().map(|l| l.mac.as_str()).filter(|m| !m.is_empty()).collect();
    let mine = |l: &Lease| l.owner == owner || macs.contains(&l.mac.as_str());
    state.leases.retain(|_, l| l.source != source || !mine(l));
    for lease in leases {
        state.leases.insert(lease.address, lease);
    }
    state
}
