//! What sweeps have seen, in memory; `sweeps` begins them and writes what is here onto the disk.

use super::now;
use crate::discovery::{self, Found, Probe, Sockets};
use crate::domain::ids::{EnvId, SweepId};
use crate::domain::net::HostAddress;
use crate::domain::sweeps::{KEPT, PARALLEL_MAX, SIGHTINGS_MAX, Sighting, SweepRecord, asked_before};
use crate::domain::time::Moment;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Open files that sweeps leave to everything else.
const RESERVE: usize = 512;

/// What sweeps have seen, by environment.
#[derive(Default)]
pub(super) struct State {
    pub(super) records: BTreeMap<SweepId, SweepRecord>,
    pub(super) cancel: HashMap<SweepId, CancellationToken>,
    pub(super) seen: BTreeMap<EnvId, BTreeMap<u64, Sighting>>,
    /// Seen or changed since the last save.
    pub(super) unsaved: BTreeSet<(EnvId, u64)>,
}

/// All sweeps.
pub struct Sweeps {
    state: Mutex<State>,
    pub(super) sockets: Sockets,
}

impl Default for Sweeps {
    fn default() -> Self {
        Self { state: Mutex::default(), sockets: Arc::new(Semaphore::new(room())) }
    }
}

/// Sockets that sweeps may have open together.
fn room() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let files = files.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    files.saturating_sub(RESERVE).clamp(64, PARALLEL_MAX as usize)
}

impl Sweeps {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what the disk has. Sweeps that a dead engine left behind are returned, ended.
    pub fn load(
        &self,
        records: BTreeMap<SweepId, SweepRecord>,
        seen: BTreeMap<(EnvId, u64), Sighting>,
    ) -> Vec<SweepRecord> {
        let mut state = self.state();
        state.records = records;
        for ((env, key), sighting) in seen {
            state.seen.entry(env).or_default().insert(key, sighting);
        }
        let broken = state.records.values_mut().filter(|r| r.ended.is_none());
        broken
            .map(|r| {
                (r.ended, r.cancelled) = (Some(now()), true);
                r.clone()
            })
            .collect()
    }

    /// The sweep of an environment that goes on.
    pub(super) fn running(&self, env: EnvId) -> Option<SweepId> {
        self.state().records.values().find(|r| r.env == env && r.ended.is_none()).map(|r| r.id)
    }

    /// When a sweep of the environment's schedule began last.
    pub fn last_scheduled(&self, env: EnvId) -> Option<Moment> {
        let state = self.state();
        state.records.values().filter(|r| r.env == env && r.by.is_none()).map(|r| r.started).max()
    }

    pub(super) fn with(&self, id: SweepId, change: impl FnOnce(&mut SweepRecord)) -> Option<SweepRecord> {
        let mut state = self.state();
        let record = state.records.get_mut(&id)?;
        change(record);
        Some(record.clone())
    }

    /// Notes that something answered.
    pub(super) fn note(&self, env: EnvId, id: SweepId, found: Found, port: u16) -> Option<HostAddress> {
        let (ssh, banner) = match found.probe {
            Probe::Ssh(line) => (true, line),
            Probe::NotSsh(words) => (false, words),
            // A machine without a server on that port cannot be taken in.
            Probe::Closed | Probe::Silent | Probe::NotAsked(_) => return None,
        };
        let address = found.address;
        let key = Sighting::key(address, port);
        let mut state = self.state();
        let state = &mut *state;
        let before = state.seen.entry(env).or_default().get(&key);
        let at = now();
        let fresh = before.is_none()
            && asked_before(state.records.values().filter(|r| r.env == env && r.id != id), address, port);
        let sighting = Sighting {
            address,
            port,
            banner,
            ssh,
            first: at,
            last: at,
            sweep: id,
            fresh,
            missing: None,
            host_key: None,
            mac: None,
        };
        let sighting = Sighting::seen(before, sighting);
        state.seen.entry(env).or_default().insert(key, sighting);
        state.unsaved.insert((env, key));
        ssh.then_some(address)
    }

    pub(super) fn change_sighting(&self, env: EnvId, key: u64, change: impl FnOnce(&mut Sighting)) {
        let mut state = self.state();
        if let Some(sighting) = state.seen.get_mut(&env).and_then(|s| s.get_mut(&key)) {
            change(sighting);
            state.unsaved.insert((env, key));
        }
    }

    /// After the last address: MAC addresses, and what does not answer any more.
    pub(super) fn conclude(&self, record: &SweepRecord) {
        let neighbours = discovery::neighbours();
        let mut state = self.state();
        let state = &mut *state;
        let Some(seen) = state.seen.get_mut(&record.env) else { return };
        for (key, sighting) in seen.iter_mut() {
            if sighting.sweep == record.id {
                if let Some(mac) = neighbours.get(&sighting.address.ip())
                    && sighting.mac.as_ref() != Some(mac)
                {
                    sighting.mac = Some(mac.clone());
                    state.unsaved.insert((record.env, *key));
                }
            } else if record.is_whole()
                && sighting.missing.is_none()
                && record.order.covers(sighting.address, sighting.port)
            {
                sighting.missing = Some(now());
                state.unsaved.insert((record.env, *key));
            }
        }
    }

    /// Takes out what is more than is remembered; returns what the disk must forget.
    pub(super) fn trim(&self, env: EnvId) -> (Vec<SweepId>, Vec<u64>) {
        let mut state = self.state();
        let state = &mut *state;
        let mine: Vec<SweepId> =
            state.records.values().filter(|r| r.env == env && r.ended.is_some()).map(|r| r.id).collect();
        let old: Vec<SweepId> = mine.iter().copied().take(mine.len().saturating_sub(KEPT)).collect();
        for id in &old {
            state.records.remove(id);
        }
        let mut gone = Vec::new();
        if let Some(seen) = state.seen.get_mut(&env)
            && seen.len() > SIGHTINGS_MAX
        {
            let mut oldest: Vec<(Moment, u64)> = seen.iter().map(|(key, s)| (s.last, *key)).collect();
            oldest.sort_unstable();
            gone = oldest.into_iter().take(seen.len() - SIGHTINGS_MAX).map(|(_, key)| key).collect();
            for key in &gone {
                seen.remove(key);
            }
        }
        (old, gone)
    }

    /// Sweeps of an environment, oldest first.
    pub(super) fn records_of(&self, env: EnvId) -> Vec<SweepRecord> {
        self.state().records.values().filter(|r| r.env == env).cloned().collect()
    }

    pub(super) fn seen(&self, env: EnvId, keep: impl Fn(&Sighting) -> bool) -> Vec<Sighting> {
        let state = self.state();
        state.seen.get(&env).into_iter().flat_map(BTreeMap::values).filter(|s| keep(s)).cloned().collect()
    }

    /// What answered when it was asked last, with what it said it is.
    pub fn alive(&self) -> Vec<(std::net::Ipv4Addr, String)> {
        let state = self.state();
        let all = state.seen.values().flat_map(BTreeMap::values).filter(|s| s.missing.is_none());
        all.map(|s| (s.address.ip(), s.banner.clone())).collect()
    }
}
