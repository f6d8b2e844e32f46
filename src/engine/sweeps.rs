//! Sweeps for SSH: begun, watched, cancelled; what they found is kept.
//!
//! A sweep is a task. What it sees goes into memory at once and to the disk within a second, so that an engine that dies
//! loses no more than that. `schedule` begins sweeps by itself; rules are in `domain::sweeps`.

use super::records::{SIGHTINGS, SWEEPS};
use super::topics::Area;
use super::{Engine, now};
use crate::api::discovery::FoundRow;
use crate::api::{Failure, FailureKind, Row};
use crate::discovery::{self, SweepOptions};
use crate::domain::environment::Environment;
use crate::domain::facts::same::{Index, Known, Shown};
use crate::domain::ids::{EnvId, NodeId, SweepId};
use crate::domain::net::{AddressRange, HostAddress};
use crate::domain::node::Node;
use crate::domain::sweeps::{Sighting, SweepOrder, SweepRecord};
use crate::ssh::HostKey;
use crate::store::{Kind, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Host keys asked for at the same time.
const KEY_SCANS: usize = 16;
/// How often what was seen goes to the disk.
const SAVE: Duration = Duration::from_secs(1);
/// How often clients hear of progress.
const TELL: Duration = Duration::from_millis(100);
/// Records written at once.
const BATCH: usize = 1_000;

/// The key of a host as its fingerprint.
pub fn fingerprint(key: &str) -> Option<String> {
    key.parse::<HostKey>().ok().map(|k| k.fingerprint())
}

/// What tells nodes apart, for [`Index`]; environments that are hidden do not count.
pub fn known<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    envs: &BTreeMap<EnvId, Environment>,
    key: impl Fn(&str) -> Option<String>,
) -> Vec<Known<'a>> {
    let shown = |n: &&Node| envs.get(&n.env).is_some_and(|e| !e.hidden);
    nodes
        .filter(shown)
        .map(|n| Known {
            id: n.id,
            env: n.env,
            name: &n.name,
            address: n.address,
            host_key: n.host_key.as_deref().and_then(&key),
            facts: n.facts.as_ref(),
        })
        .collect()
}

/// A refusal because there is no such sweep.
pub fn no_sweep(sweep: SweepId) -> Failure {
    Failure::new(FailureKind::NotFound, format!("there is no sweep {sweep}"))
        .keyed("error-no-sweep")
        .arg("sweep", sweep)
}

impl Engine {
    /// Rows of a sweep.
    pub fn sweep_rows(&self, id: SweepId) -> Vec<Row> {
        let Some(record) = self.sweeps.state().records.get(&id).cloned() else { return Vec::new() };
        let env = record.env;
        let mut rows = vec![Row::Sweep(record)];
        rows.extend(self.found_rows(env, &self.sweeps.seen(env, |s| s.sweep == id)));
        rows
    }

    /// Everything about finding machines for an environment.
    pub fn discovery_rows(&self, env: EnvId) -> Vec<Row> {
        let mut rows = vec![Row::Discovery(Box::new(self.discovery_row(env)))];
        rows.extend(self.sweeps.records_of(env).into_iter().map(Row::Sweep));
        rows.extend(self.found_rows(env, &self.sweeps.seen(env, |_| true)));
        rows
    }

    fn found_rows(&self, env: EnvId, seen: &[Sighting]) -> Vec<Row> {
        if seen.is_empty() {
            return Vec::new();
        }
        let model = self.model.read();
        let index = Index::new(known(model.nodes.values(), &model.envs, fingerprint));
        let here: HashMap<u64, NodeId> = model
            .nodes
            .values()
            .filter(|n| n.env == env)
            .map(|n| (Sighting::key(n.address, n.port), n.id))
            .collect();
        let at = now();
        let row = |s: &Sighting| {
            let shown =
                Shown { address: Some(s.address), host_key: s.host_key.as_deref(), mac: s.mac.as_deref() };
            Row::Found(FoundRow {
                address: s.address,
                port: s.port,
                banner: s.banner.clone(),
                ssh: s.ssh,
                node: here.get(&Sighting::key(s.address, s.port)).copied(),
                first: s.first,
                last: s.last,
                new: s.is_new(at),
                missing: s.missing,
                host_key: s.host_key.clone(),
                mac: s.mac.clone(),
                twins: index.of_address(shown),
            })
        };
        seen.iter().map(row).collect()
    }

    /// Starts to look for SSH; `by` is who asked, `None` the schedule.
    pub fn sweep_start(
        self: &Arc<Self>,
        env: EnvId,
        order: SweepOrder,
        by: Option<String>,
    ) -> Result<SweepId, Failure> {
        self.env(env)?;
        let ranges =
            order.check().map_err(|f| Failure::said(FailureKind::Invalid, &f.said()).at(f.field()))?;
        let id = SweepId(self.records.next_id(Kind::Sweeps)?);
        let cancel = CancellationToken::new();
        let record = SweepRecord {
            id,
            env,
            total: ranges.iter().map(|r| r.count()).sum(),
            order,
            by,
            started: now(),
            ended: None,
            done: 0,
            found: 0,
            unasked: 0,
            cancelled: false,
        };
        {
            let _write = self.write();
            if let Some(other) = self.sweeps.running(env) {
                let text =
                    format!("sweep {other} of this environment is under way: wait for its end, or end it");
                return Err(Failure::new(FailureKind::Busy, text).keyed("error-sweep-runs"));
            }
            self.records.save(SWEEPS, &id, &record)?;
            let mut state = self.sweeps.state();
            state.records.insert(id, record.clone());
            state.cancel.insert(id, cancel.clone());
        }
        self.sweep_touched(&record);
        let engine = Arc::clone(self);
        self.spawn(async move { engine.sweep_run(record, ranges, cancel).await });
        Ok(id)
    }

    fn sweep_touched(&self, record: &SweepRecord) {
        self.topics.touch(Area::Sweep(record.id));
        self.topics.touch(Area::Discovery(record.env));
    }

    async fn sweep_run(
        self: Arc<Self>,
        record: SweepRecord,
        ranges: Vec<AddressRange>,
        cancel: CancellationToken,
    ) {
        let (id, env, port) = (record.id, record.env, record.order.port);
        let options = SweepOptions {
            port,
            parallel: usize::try_from(record.order.parallel).unwrap_or(1),
            rate: record.order.rate,
            sockets: Some(Arc::clone(&self.sweeps.sockets)),
            ..SweepOptions::default()
        };
        let mut sweep = discovery::sweep(&ranges, options);
        let mut scans: JoinSet<(HostAddress, Option<String>)> = JoinSet::new();
        let turns = Arc::new(Semaphore::new(KEY_SCANS));
        let (mut told, mut saved) = (Instant::now(), Instant::now());
        let mut asking = true;
        while asking || !scans.is_empty() {
            tokio::select! {
                event = sweep.next(), if asking => {
                    let Some(event) = event else { asking = false; continue };
                    let found = event.found.is_some();
                    self.sweeps.with(id, |r| {
                        (r.done, r.total) = (event.progress.done, event.progress.total);
                        (r.found, r.unasked) = (event.progress.found, event.progress.unasked);
                    });
                    if let Some(address) = event.found.and_then(|f| self.sweeps.note(env, id, f, port)) {
                        let turns = Arc::clone(&turns);
                        scans.spawn(async move {
                            let _turn = turns.acquire_owned().await;
                            let key = discovery::host_key(address, port).await;
                            (address, key.map(|k| k.fingerprint()))
                        });
                    }
                    if !found && told.elapsed() < TELL {
                        continue;
                    }
                    told = Instant::now();
                    self.sweep_touched(&record);
                }
                Some(scanned) = scans.join_next(), if !scans.is_empty() => {
                    if let Ok((address, Some(host_key))) = scanned {
                        self.sweeps.change_sighting(env, Sighting::key(address, port), |s| {
                            s.host_key = Some(host_key);
                        });
                    }
                }
                () = cancel.cancelled() => break,
                () = self.stop.cancelled() => break,
            }
            if saved.elapsed() >= SAVE {
                saved = Instant::now();
                self.sweep_save(env);
            }
        }
        let ended = asking || !scans.is_empty();
        drop((sweep, scans));
        let over = self.sweeps.with(id, |r| {
            r.cancelled = ended;
            r.ended = Some(now());
        });
        self.sweeps.state().cancel.remove(&id);
        if let Some(over) = over {
            self.sweeps.conclude(&over);
            self.sweep_save(env);
            self.sweep_forget(env, &over);
        }
        self.sweep_touched(&record);
    }

    /// What was seen since the last time, onto the disk. What cannot be written stays to be written.
    fn sweep_save(&self, env: EnvId) {
        loop {
            let part: Vec<((EnvId, u64), Sighting)> = {
                let state = self.sweeps.state();
                let mine = state.unsaved.iter().filter(|(e, _)| *e == env).take(BATCH);
                mine.filter_map(|key| Some((*key, state.seen.get(&key.0)?.get(&key.1)?.clone()))).collect()
            };
            if part.is_empty() {
                return;
            }
            let stamp = Stamp::engine(now());
            let saved = self
                .records
                .change(|batch| part.iter().try_for_each(|(key, s)| SIGHTINGS.put(batch, key, s, stamp)));
            if let Err(why) = saved {
                tracing::warn!(%why, "what a sweep found could not be written yet");
                return;
            }
            let mut state = self.sweeps.state();
            for (key, written) in part {
                let newer = state.seen.get(&key.0).and_then(|s| s.get(&key.1)).is_some_and(|s| *s != written);
                if !newer {
                    state.unsaved.remove(&key);
                }
            }
        }
    }

    /// Writes how a sweep ended, and forgets what is more than is remembered.
    fn sweep_forget(&self, env: EnvId, over: &SweepRecord) {
        let (sweeps, sightings) = self.sweeps.trim(env);
        let stamp = Stamp::engine(now());
        let done = self.records.change(|batch| {
            for id in &sweeps {
                SWEEPS.remove(batch, id);
            }
            for key in &sightings {
                SIGHTINGS.remove(batch, &(env, *key));
            }
            SWEEPS.put(batch, &over.id, over, stamp)
        });
        if let Err(why) = done {
            tracing::warn!(%why, "the end of a sweep could not be written");
        }
    }

    /// Ends a sweep.
    pub fn sweep_cancel(&self, id: SweepId) -> Result<(), Failure> {
        let state = self.sweeps.state();
        if !state.records.contains_key(&id) {
            return Err(no_sweep(id));
        }
        if let Some(cancel) = state.cancel.get(&id) {
            cancel.cancel();
        }
        Ok(())
    }

    /// Forgets addresses at which nothing answers any more.
    pub fn sightings_forget(&self, env: EnvId) -> Result<(), Failure> {
        self.env(env)?;
        let _write = self.write();
        let gone = self.sweeps.seen(env, |s| s.missing.is_some());
        let keys: Vec<u64> = gone.iter().map(|s| Sighting::key(s.address, s.port)).collect();
        self.records.change(|batch| {
            for key in &keys {
                SIGHTINGS.remove(batch, &(env, *key));
            }
            Ok(())
        })?;
        {
            let mut state = self.sweeps.state();
            if let Some(seen) = state.seen.get_mut(&env) {
                for key in &keys {
                    seen.remove(key);
                }
            }
            state.unsaved.retain(|(e, key)| *e != env || !keys.contains(key));
        }
        self.topics.touch(Area::Discovery(env));
        Ok(())
    }
}
