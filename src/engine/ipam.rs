//! Addresses of environments: the books of `domain::ipam`, kept on the disk and changed one request at a time.
//!
//! A change is computed from what is in memory, written as the difference of records in one batch that is on the disk before
//! anybody is told, and then becomes what is in memory; all of it under the engine's lock for changes, so that two requests at
//! the same time come one after the other. A reservation whose time is over falls back the next time anybody looks or asks,
//! and that is written down as well: it lapses once, also when the engine dies in between.

use super::records::ADDRESSES;
use super::{Engine, now};
use crate::api::rows::Matter;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::environment::Environment;
use crate::domain::ids::EnvId;
use crate::domain::ipam::{
    self, Claim, IpEvent, IpRequest, IpView, Ipam, Lapse, Lease, Owner, Parts, Pool, Refused, Seen, Source,
    Subnet,
};
use crate::domain::node::Node;
use crate::domain::user::User;
use crate::store::{self, Batch, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most addresses in one answer.
const SHOWN: usize = 5_000;
/// NICs that software makes on a machine for itself, with the same addresses everywhere.
const PRIVATE_NICS: [&str; 6] = ["docker", "virbr", "lxcbr", "podman", "cni", "veth"];

/// Machines by name, each with its addresses and the MAC address of the NIC of each.
pub type Machines = Vec<(String, Vec<(IpAddr, String)>)>;

/// One record of an environment's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpRecord {
    /// A pool.
    Pool(Pool),
    /// A subnet with its addresses.
    Subnet(Subnet),
    /// An address that DHCP gave.
    Lease(Lease),
    /// A reservation that fell back.
    Lapse {
        /// Whose.
        owner: Owner,
        /// What and when.
        lapse: Lapse,
    },
}

/// The books of all environments in memory, as they are on the disk.
#[derive(Default)]
pub struct Books(Mutex<BTreeMap<EnvId, Ipam>>);

impl Books {
    fn map(&self) -> MutexGuard<'_, BTreeMap<EnvId, Ipam>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the disk has.
    pub fn load(&self, records: BTreeMap<(EnvId, String), IpRecord>) {
        let mut books = self.map();
        for ((env, _), record) in records {
            let book = books.entry(env).or_default();
            match record {
                IpRecord::Pool(pool) => drop(book.pools.insert(pool.net, pool)),
                IpRecord::Subnet(subnet) => drop(book.subnets.insert(subnet.net, subnet)),
                IpRecord::Lease(lease) => drop(book.leases.insert(lease.address, lease)),
                IpRecord::Lapse { owner, lapse } => drop(book.lapsed.insert(owner, lapse)),
            }
        }
    }

    fn of(&self, env: EnvId) -> Ipam {
        self.map().get(&env).cloned().unwrap_or_default()
    }
}

/// Books that came from elsewhere, checked, each record under its key.
pub fn rebuilt(all: Vec<IpRecord>) -> Result<BTreeMap<String, IpRecord>, Refused> {
    let mut parts = Parts::default();
    for record in all {
        match record {
            IpRecord::Pool(pool) => parts.pools.push(pool),
            IpRecord::Subnet(subnet) => parts.subnets.push(subnet),
            IpRecord::Lease(lease) => parts.leases.push(lease),
            IpRecord::Lapse { owner, lapse } => parts.lapsed.push((owner, lapse)),
        }
    }
    ipam::rebuilt(parts).map(|book| records(&book))
}

/// The records of a book, each under its key.
fn records(book: &Ipam) -> BTreeMap<String, IpRecord> {
    let pools = book.pools.values().map(|p| (format!("pool {}", p.net), IpRecord::Pool(p.clone())));
    let subnets = book.subnets.values().map(|s| (format!("subnet {}", s.net), IpRecord::Subnet(s.clone())));
    let leases = book.leases.values().map(|l| (format!("lease {}", l.address), IpRecord::Lease(l.clone())));
    let lapsed = book.lapsed.iter().map(|(owner, lapse)| {
        (format!("lapse {owner}"), IpRecord::Lapse { owner: owner.clone(), lapse: lapse.clone() })
    });
    pools.chain(subnets).chain(leases).chain(lapsed).collect()
}

/// What makes `old` on the disk `new`.
fn difference(batch: &mut Batch, env: EnvId, old: &Ipam, new: &Ipam) -> store::Result<()> {
    let (old, new) = (records(old), records(new));
    for key in old.keys().filter(|k| !new.contains_key(*k)) {
        ADDRESSES.remove(batch, &(env, key.clone()));
    }
    for (key, record) in new.iter().filter(|(k, r)| old.get(*k) != Some(*r)) {
        ADDRESSES.put(batch, &(env, key.clone()), record, Stamp::engine(now()))?;
    }
    Ok(())
}

fn refused(why: &Refused) -> Failure {
    let kind = match why {
        _ if why.is_input() => FailureKind::Invalid,
        Refused::NoPool(_) | Refused::NoSubnet(_) | Refused::NotAllocated(_) => FailureKind::NotFound,
        _ => FailureKind::Conflict,
    };
    Failure::new(kind, why.to_string()).at(why.field()).keyed(why.key()).args(why.args())
}

impl Engine {
    /// Everything about an environment's addresses.
    pub fn ip_view(&self, env: EnvId) -> Result<IpView, Failure> {
        let env = self.env(env)?;
        let seen = self.addresses_seen(&env);
        let at = now();
        if ipam::next_deadline(&self.books.of(env.id)).is_some_and(|deadline| deadline <= at) {
            let _write = self.write();
            self.ip_expire(&env)?;
        }
        Ok(ipam::view(&self.books.of(env.id), &seen, at, SHOWN))
    }

    /// Does what is asked with an environment's addresses; the answer is on the disk.
    pub fn ip_change(&self, asks: &User, env: EnvId, request: &IpRequest) -> Result<Vec<IpEvent>, Failure> {
        let env = self.env(env)?;
        let _write = self.write();
        self.ip_expire(&env)?;
        let mut seen = self.addresses_seen(&env);
        self.add_ranges(env.id, &mut seen);
        let book = self.books.of(env.id);
        let (next, events) =
            ipam::next(&book, request, &asks.name, now(), &seen).map_err(|why| refused(&why))?;
        let what = events.last().map(IpEvent::said).unwrap_or_default();
        let deed = Self::deed(asks, AuditKind::Network, &env, what);
        self.audited(Some(deed), |batch| difference(batch, env.id, &book, &next))?;
        self.books.map().insert(env.id, next);
        self.topics.moved(env.id, Matter::Addresses, now());
        Ok(events)
    }

    /// Writes down what fell back. The caller holds the lock for changes.
    fn ip_expire(&self, env: &Environment) -> Result<(), Failure> {
        let book = self.books.of(env.id);
        let (next, events) = ipam::expire(&book, now());
        if events.is_empty() {
            return Ok(());
        }
        self.ip_save(env.id, &book, next)?;
        for event in &events {
            tracing::info!(env = %env.name, "{event}");
        }
        Ok(())
    }

    fn ip_save(&self, env: EnvId, old: &Ipam, new: Ipam) -> Result<(), Failure> {
        self.records.change(|batch| difference(batch, env, old, &new))?;
        self.books.map().insert(env, new);
        self.topics.moved(env, Matter::Addresses, now());
        Ok(())
    }

    /// Records addresses that DHCP gave, to each machine as its only ones from that source.
    pub fn note_leases(&self, env: EnvId, source: Source, machines: Machines) -> Result<(), Failure> {
        let _write = self.write();
        let book = self.books.of(env);
        let at = now();
        let mut new = book.clone();
        for (owner, leases) in machines {
            let lease = |(address, mac): (IpAddr, String)| {
                // Seen again is not worth a write.
                let known = book.leases.get(&address).filter(|l| l.owner == owner && l.mac == mac);
                let seen = known.map_or(at, |l| l.seen);
                Lease { address, owner: owner.clone(), mac, source, seen }
            };
            new = ipam::note_leases(&new, &owner, source, leases.into_iter().map(lease).collect());
        }
        if new == book { Ok(()) } else { self.ip_save(env, &book, new) }
    }

    /// Records which addresses of a node came from DHCP, as its facts tell.
    pub fn note_node_leases(&self, node: &Node) {
        let Some(facts) = &node.facts else { return };
        let nics = facts.nics.iter().filter(|nic| !is_private(&nic.name));
        let given =
            nics.flat_map(|nic| nic.dynamic.iter().filter_map(|a| Some((plain(a)?, nic.mac.clone()))));
        let machine = (node.name.clone(), given.collect());
        if let Err(why) = self.note_leases(node.env, Source::Dhcp, vec![machine]) {
            tracing::warn!(%why, node = %node.name, "addresses given by DHCP could not be recorded");
        }
    }

    /// A node is gone: what DHCP gave it may be anybody's.
    pub fn forget_leases(&self, env: EnvId, node: &str) {
        for source in [Source::Dhcp, Source::Cobbler] {
            if let Err(why) = self.note_leases(env, source, vec![(node.to_owned(), Vec::new())]) {
                tracing::warn!(%why, node, "addresses of a removed node could not be forgotten");
            }
        }
    }

    /// Every address that somebody has, as far as the engine knows: nodes (of every environment, they share this host's
    /// networks), their NICs, machines that answered a sweep, addresses given by DHCP, and what was allocated. What the network
    /// plan gives is left out, so that a plan can be checked against all others.
    pub fn addresses_in_use(&self, env: EnvId) -> Seen {
        let mut all = self.addresses_alive(env);
        let book = self.books.of(env);
        for lease in book.leases.values() {
            let claim = Claim { source: lease.source, owner: lease.owner.clone() };
            all.entry(lease.address).or_default().push(claim);
        }
        for (ip, allocation) in book.subnets.values().flat_map(|s| &s.addresses) {
            let claim = Claim { source: Source::Allocated, owner: allocation.to.to_string() };
            all.entry(IpAddr::V4(*ip)).or_default().push(claim);
        }
        all
    }

    /// What nobody asked for here: the living, and what the network plan gives.
    fn addresses_seen(&self, env: &Environment) -> Seen {
        let mut all = self.addresses_alive(env.id);
        let model = self.model.read();
        let Some(plan) = model.networks.get(&env.id).map(|record| &record.plan) else { return all };
        let mut add = |ip: IpAddr, owner: String| {
            all.entry(ip).or_default().push(Claim { source: Source::Plan, owner });
        };
        for (node, addresses) in &plan.given {
            let Some(node) = model.nodes.get(node) else { continue };
            for ip in addresses.values() {
                add(IpAddr::V4(*ip), node.name.clone());
            }
        }
        for (tag, net) in &plan.nets {
            if let Some(ip) = net.gateway {
                add(IpAddr::V4(ip), format!("gateway of {tag}"));
            }
            if let Some(ip) = net.v6.as_ref().and_then(|v6| v6.gateway) {
                add(IpAddr::V6(ip), format!("gateway of {tag}"));
            }
            for ip in &net.vip {
                add(IpAddr::V4(*ip), format!("virtual address of {tag}"));
            }
        }
        all
    }

    /// What the network plan keeps for its nodes and for floating addresses is nobody else's, though it is not in use yet.
    fn add_ranges(&self, env: EnvId, all: &mut Seen) {
        let model = self.model.read();
        let nets = model.networks.get(&env).into_iter().flat_map(|record| &record.plan.nets);
        for (tag, net) in nets {
            let ranges = [(Some(net.range), "node range"), (net.floating, "floating pool")];
            for (range, what) in ranges.into_iter().filter_map(|(range, what)| Some((range?, what))) {
                let owner = format!("{what} of {tag}");
                for ip in range.iter() {
                    let claims = all.entry(IpAddr::V4(ip)).or_default();
                    if claims.is_empty() {
                        claims.push(Claim { source: Source::Plan, owner: owner.clone() });
                    }
                }
            }
        }
    }

    fn addresses_alive(&self, env: EnvId) -> Seen {
        let mut all = Seen::new();
        let mut add = |ip: IpAddr, source, owner: &str| {
            if !is_local(ip) {
                all.entry(ip).or_default().push(Claim { source, owner: owner.to_owned() });
            }
        };
        let model = self.model.read();
        for node in model.nodes.values() {
            let owner = match model.envs.get(&node.env) {
                Some(other) if other.id != env => format!("{}/{}", other.name, node.name),
                _ => node.name.clone(),
            };
            add(IpAddr::V4(node.address.ip()), Source::Node, &owner);
            for nic in node.facts.iter().flat_map(|f| &f.nics).filter(|n| !is_private(&n.name)) {
                for ip in nic.addresses.iter().filter_map(|a| plain(a)) {
                    add(ip, Source::Nic, &owner);
                }
            }
        }
        for (ip, what) in self.sweeps.alive() {
            add(IpAddr::V4(ip), Source::Sweep, &what);
        }
        all
    }
}

/// An address without its prefix length.
fn plain(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

/// The same on every machine.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

fn is_private(nic: &str) -> bool {
    PRIVATE_NICS.iter().any(|p| nic.starts_with(p))
}
