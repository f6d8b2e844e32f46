//! Cobbler servers of environments: where they are, what they have, nodes as their systems.
//!
//! One client a server is shared by all jobs, because it lets only one change and one power word through at a time. What is stored is one
//! sealed text, the password within.

use super::Engine;
use super::records::ACCOUNTS;
use crate::api::{Failure, FailureKind};
use crate::cobbler::{
    Cobbler, CobblerError, Interface, Login, Mac, PowerSettings, Registered, Registration, System, Target,
    Timeouts,
};
use crate::domain::cobbler::{
    CobblerDistro, CobblerPlace, CobblerPower, CobblerProfile, CobblerSettings, CobblerSystem, CobblerView,
    POWER_SECONDS_RANGE,
};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::ipam::Source;
use crate::domain::node::Node;
use crate::domain::secret::Secret;
use crate::domain::text::harmless;
use crate::domain::user::User;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Name under which the place is kept among an environment's sealed values. Accounts of services have names without a colon.
pub(super) const KEPT: &str = "cobbler:place";

/// Distros, profiles, and systems, of each, in one answer: a frame holds a mebibyte.
const SHOWN: usize = 2_000;
/// Interface of a machine whose NICs are not known.
const INTERFACE: &str = "eth0";

/// Clients that are logged in, each with what it was made from.
#[derive(Default)]
pub struct Cobblers(tokio::sync::Mutex<HashMap<EnvId, (CobblerPlace, Arc<Cobbler>)>>);

fn fault(why: &CobblerError) -> Failure {
    let kind = match why {
        CobblerError::NotSet | CobblerError::NoSystem { .. } | CobblerError::NoProfile { .. } => {
            FailureKind::NotFound
        }
        CobblerError::Address { .. }
        | CobblerError::Authority { .. }
        | CobblerError::BadMac(_)
        | CobblerError::LoginRefused { .. } => FailureKind::Invalid,
        CobblerError::Taken { .. } | CobblerError::OtherMachine { .. } => FailureKind::Conflict,
        _ => FailureKind::Node,
    };
    let field = match why {
        CobblerError::Address { .. } | CobblerError::Unreachable { .. } | CobblerError::NotCobbler { .. } => {
            "url"
        }
        CobblerError::Authority { .. } => "authority",
        CobblerError::LoginRefused { .. } => "password",
        CobblerError::NoProfile { .. } => "profile",
        CobblerError::BadMac(_) => "mac",
        _ => return Failure::said(kind, &why.said().harmless()),
    };
    Failure::said(kind, &why.said().harmless()).at(field)
}

/// The first of a list, names made harmless, as many as one answer holds; the others are counted.
fn some<T>(all: Vec<T>, left_out: &mut u32) -> impl Iterator<Item = T> {
    *left_out += u32::try_from(all.len().saturating_sub(SHOWN)).unwrap_or(u32::MAX);
    all.into_iter().take(SHOWN)
}

async fn client(place: &CobblerPlace) -> Result<Cobbler, CobblerError> {
    let login = Login {
        url: place.url.clone(),
        user: place.user.clone(),
        password: place.password.clone(),
        authority: place.authority.clone(),
    };
    let power = Duration::from_secs(u64::from(place.power_seconds));
    Cobbler::connect(login, Timeouts { power, ..Timeouts::default() }).await
}

/// MAC addresses of a node, as its facts tell them.
fn macs(node: &Node) -> Vec<Mac> {
    node.facts.iter().flat_map(|f| &f.nics).filter_map(|nic| nic.mac.parse().ok()).collect()
}

fn address(node: &Node) -> IpAddr {
    IpAddr::V4(node.address.ip())
}

impl Engine {
    fn cobbler_place(&self, env: EnvId) -> Result<Option<CobblerPlace>, Failure> {
        let Some(text) = self.records.account(env, KEPT)? else { return Ok(None) };
        serde_json::from_str(text.reveal()).map(Some).map_err(|_| {
            Failure::new(
                FailureKind::Engine,
                "what is stored about the Cobbler server cannot be read: set it again",
            )
            .keyed("error-cobbler-unreadable")
        })
    }

    /// Sets where an environment's Cobbler server is, after a login there; or forgets it.
    pub async fn cobbler_set(
        &self,
        asks: &User,
        env: EnvId,
        place: Option<CobblerPlace>,
    ) -> Result<(), Failure> {
        let env = self.env(env)?;
        let Some(mut place) = place else {
            self.records.remove(ACCOUNTS, &(env.id, KEPT.to_owned()))?;
            self.cobblers.0.lock().await.remove(&env.id);
            tracing::info!(user = %asks.name, env = %env.name, "the Cobbler server was forgotten");
            return Ok(());
        };
        place.authority = place.authority.filter(|a| !a.trim().is_empty());
        place.check().map_err(|why| {
            Failure::new(FailureKind::Invalid, why.to_string()).at(why.field()).keyed(why.key())
        })?;
        if place.password.is_empty() {
            // What is kept for one server or user is not sent to another.
            let old = self.cobbler_place(env.id)?;
            let same = old.filter(|old| old.url == place.url && old.user == place.user);
            place.password = same.map(|old| old.password).ok_or_else(|| {
                Failure::new(FailureKind::Invalid, "the password of this user on this server is missing")
                    .at("password")
                    .keyed("error-cobbler-no-password")
            })?;
        }
        if !POWER_SECONDS_RANGE.contains(&place.power_seconds) {
            let (least, most) = (POWER_SECONDS_RANGE.start(), POWER_SECONDS_RANGE.end());
            let why = format!("a power agent gets {least} to {most} seconds");
            return Err(Failure::new(FailureKind::Invalid, why)
                .at("power-seconds")
                .keyed("fault-power-seconds")
                .arg("least", least)
                .arg("most", most));
        }
        let cobbler = client(&place).await.map_err(|why| fault(&why))?;
        let text =
            serde_json::to_string(&place).map_err(|e| Failure::new(FailureKind::Engine, e.to_string()))?;
        self.records.save_account(env.id, KEPT, &Secret::new(text))?;
        tracing::info!(user = %asks.name, env = %env.name, version = %cobbler.version(), "the Cobbler server was set");
        self.cobblers.0.lock().await.insert(env.id, (place, Arc::new(cobbler)));
        Ok(())
    }

    /// Where an environment's server is, if that was said.
    pub fn cobbler_settings(&self, env: EnvId) -> Result<Option<CobblerSettings>, Failure> {
        let env = self.env(env)?;
        let place = self.cobbler_place(env.id)?;
        Ok(place.map(|CobblerPlace { url, user, authority, power_seconds, .. }| CobblerSettings {
            url,
            user,
            authority,
            power_seconds,
        }))
    }

    /// The client of an environment's server, made when it is first needed. It keeps the version that it saw then; a server that is upgraded
    /// meanwhile refuses its handles, and whatever it took without a word is found when it is read back.
    pub async fn cobbler(&self, env: EnvId) -> Result<Arc<Cobbler>, CobblerError> {
        let place = self.cobbler_place(env).map_err(|f| CobblerError::Unreachable { why: f.message })?;
        let place = place.ok_or(CobblerError::NotSet)?;
        if let Some((made_from, cobbler)) = self.cobblers.0.lock().await.get(&env)
            && *made_from == place
        {
            return Ok(Arc::clone(cobbler));
        }
        // Not under the lock: a server that does not answer is no other environment's business.
        let cobbler = Arc::new(client(&place).await?);
        self.cobblers.0.lock().await.insert(env, (place, Arc::clone(&cobbler)));
        Ok(cobbler)
    }

    /// The client and the machine, for a reinstallation.
    pub async fn cobbler_target(&self, node: NodeId) -> Result<(Arc<Cobbler>, Target), CobblerError> {
        let node = self.node(node).map_err(|f| CobblerError::Unreachable { why: f.message })?;
        let cobbler = self.cobbler(node.env).await?;
        Ok((
            cobbler,
            Target { system: None, macs: macs(&node), address: Some(address(&node)), profile: None },
        ))
    }

    /// What an environment's server has.
    pub async fn cobbler_view(&self, env: EnvId) -> Result<CobblerView, Failure> {
        let env = self.env(env)?;
        let place = self.cobbler_place(env.id)?.ok_or_else(|| fault(&CobblerError::NotSet))?;
        let read = async {
            let cobbler = self.cobbler(env.id).await?;
            let (distros, profiles, systems) =
                (cobbler.distros().await?, cobbler.profiles().await?, cobbler.systems().await?);
            self.note_systems(env.id, &systems);
            let mut left_out = 0;
            Ok::<_, CobblerError>(CobblerView {
                url: place.url,
                user: place.user,
                version: cobbler.version().to_string(),
                writes: cobbler.dialect().writes(),
                distros: some(distros, &mut left_out)
                    .map(|d| CobblerDistro {
                        name: harmless(&d.name),
                        breed: harmless(&d.breed),
                        os_version: harmless(&d.os_version),
                        arch: harmless(&d.arch),
                    })
                    .collect(),
                profiles: some(profiles, &mut left_out)
                    .map(|p| CobblerProfile {
                        name: harmless(&p.name),
                        distro: harmless(if p.distro.is_empty() { &p.parent } else { &p.distro }),
                        autoinstall: harmless(&p.autoinstall),
                    })
                    .collect(),
                systems: some(systems, &mut left_out)
                    .map(|s| CobblerSystem {
                        macs: s
                            .interfaces
                            .iter()
                            .filter_map(|i| i.mac.as_ref().map(ToString::to_string))
                            .collect(),
                        addresses: s
                            .interfaces
                            .iter()
                            .filter_map(|i| i.address.map(|a| a.to_string()))
                            .collect(),
                        name: harmless(&s.name),
                        profile: harmless(&s.profile),
                        netboot: s.netboot,
                        power: harmless(&s.power.kind),
                        power_password: s.power.has_password,
                    })
                    .collect(),
                left_out,
            })
        };
        read.await.map_err(|why| fault(&why))
    }

    /// Records the addresses that systems have there, under the name of the node that each is, or else the system's own.
    fn note_systems(&self, env: EnvId, systems: &[System]) {
        let nodes: Vec<Node> = self.model.read().nodes.values().filter(|n| n.env == env).cloned().collect();
        let known: Vec<(&Node, Vec<Mac>)> = nodes.iter().map(|n| (n, macs(n))).collect();
        let machine = |system: &System| {
            let has = |i: &Interface| Some((i.address?, i.mac.as_ref().map_or("", Mac::as_str).to_owned()));
            let leases: Vec<(IpAddr, String)> = system.interfaces.iter().filter_map(has).collect();
            let node = known.iter().find(|(n, macs)| {
                leases.iter().any(|(ip, _)| *ip == address(n))
                    || system.interfaces.iter().filter_map(|i| i.mac.as_ref()).any(|m| macs.contains(m))
            });
            (node.map_or_else(|| harmless(&system.name), |(n, _)| n.name.clone()), leases)
        };
        let machines = systems.iter().take(SHOWN).map(machine).collect();
        if let Err(why) = self.note_leases(env, Source::Cobbler, machines) {
            tracing::warn!(%why, "addresses of Cobbler's systems could not be recorded");
        }
    }

    /// Registers a node as a system: by the MAC address that is given, or that of the interface with its address. True: there is a new one.
    pub async fn cobbler_register(
        &self,
        asks: &User,
        id: NodeId,
        system: Option<String>,
        profile: String,
        mac: Option<String>,
        power: Option<CobblerPower>,
    ) -> Result<bool, Failure> {
        let node = self.node(id)?;
        let ip = address(&node);
        let mut nics = node.facts.iter().flat_map(|f| &f.nics);
        let (interface, mac) = if let Some(typed) = mac {
            let mac: Mac = typed.parse().map_err(|why| fault(&why))?;
            let nic = nics.find(|nic| nic.mac.eq_ignore_ascii_case(mac.as_str()));
            (nic.map_or_else(|| INTERFACE.to_owned(), |nic| nic.name.clone()), mac)
        } else {
            let has = |a: &String| a.split('/').next().and_then(|a| a.parse().ok()) == Some(ip);
            let nic = nics.find(|nic| nic.addresses.iter().any(has));
            nic.and_then(|nic| Some((nic.name.clone(), nic.mac.parse().ok()?))).ok_or_else(|| {
                let why = format!(
                    "the MAC address of {} is not known: probe the node, or give the address",
                    node.name
                );
                Failure::new(FailureKind::Invalid, why).at("mac").keyed("error-cobbler-no-mac")
            })?
        };
        let registration = Registration {
            name: system.unwrap_or_else(|| node.name.clone()),
            hostname: node.name.clone(),
            profile,
            interface,
            mac,
            address: ip,
            netmask: String::new(),
            gateway: String::new(),
            power: power.map(|p| PowerSettings {
                kind: p.kind,
                address: p.address,
                user: p.user,
                password: p.password,
                id: p.id,
                identity_file: p.identity_file,
            }),
        };
        let cobbler = self.cobbler(node.env).await.map_err(|why| fault(&why))?;
        let done = cobbler.register(&registration).await.map_err(|why| fault(&why))?;
        let lease = (registration.address, registration.mac.as_str().to_owned());
        self.note_leases(node.env, Source::Cobbler, vec![(node.name.clone(), vec![lease])])?;
        tracing::info!(user = %asks.name, node = %node.name, system = %registration.name, ?done, "registered in Cobbler");
        Ok(done == Registered::New)
    }
}
