//! Settings of an environment about finding machines, and the sweeps that are done by themselves.

use super::environments::stale;
use super::records::DISCOVERY;
use super::topics::Area;
use super::{Engine, now};
use crate::api::discovery::{DiscoveryChange, DiscoveryRow};
use crate::api::{Failure, FailureKind};
use crate::domain::ids::{EnvId, Revision};
use crate::domain::sweeps::{Discovery, LoginLimit, Schedule};
use crate::domain::time::Moment;
use crate::domain::user::User;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest sleep: the clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(30);

/// Settings by environment.
#[derive(Default)]
pub struct Settings {
    by_env: Mutex<BTreeMap<EnvId, Discovery>>,
    changed: Notify,
}

impl Settings {
    /// Takes up what the disk has.
    pub fn load(&self, all: BTreeMap<EnvId, Discovery>) {
        *self.by_env.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// Of one environment.
    pub fn of(&self, env: EnvId) -> Discovery {
        self.by_env.lock().unwrap_or_else(PoisonError::into_inner).get(&env).cloned().unwrap_or_default()
    }

    /// An environment is no more.
    pub fn forget(&self, env: EnvId) {
        self.by_env.lock().unwrap_or_else(PoisonError::into_inner).remove(&env);
    }

    fn schedules(&self) -> Vec<(EnvId, Schedule)> {
        let all = self.by_env.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(|(env, d)| Some((*env, d.schedule.clone()?))).collect()
    }
}

/// This host's offset from UTC, seconds.
fn utc_offset() -> i32 {
    jiff::tz::TimeZone::system().to_offset(jiff::Timestamp::now()).seconds()
}

impl Engine {
    /// How carefully cpmg logs in to nodes of an environment.
    pub fn login_limit(&self, env: EnvId) -> LoginLimit {
        self.settings.of(env).limit
    }

    fn due(&self, env: EnvId, schedule: &Schedule) -> Moment {
        let last = self.sweeps.last_scheduled(env).filter(|at| *at >= schedule.since);
        schedule.every.due(schedule.since, last, utc_offset())
    }

    /// Settings as clients see them.
    pub fn discovery_row(&self, env: EnvId) -> DiscoveryRow {
        let settings = self.settings.of(env);
        let next = settings.schedule.as_ref().map(|s| self.due(env, s));
        DiscoveryRow { env, settings, next, sets: self.set_rows(env) }
    }

    /// Changes the settings.
    pub fn discovery_edit(
        &self,
        asks: &User,
        env: EnvId,
        based_on: Revision,
        change: DiscoveryChange,
    ) -> Result<(), Failure> {
        let name = self.env(env)?.name;
        let _write = self.write();
        let mut settings = self.settings.of(env);
        if settings.revision != based_on {
            return Err(stale(("discovery", &name), &settings.changed_by, based_on, settings.revision));
        }
        match change {
            DiscoveryChange::Schedule(None) => settings.schedule = None,
            DiscoveryChange::Schedule(Some((order, every))) => {
                order.check().map_err(|f| Failure::said(FailureKind::Invalid, &f.said()).at(f.field()))?;
                settings.schedule = Some(Schedule { order, every, since: now() });
            }
            DiscoveryChange::Limit(limit) => {
                limit.check().map_err(|(field, why)| Failure::said(FailureKind::Invalid, &why).at(field))?;
                settings.limit = limit;
            }
        }
        settings.changed_by.clone_from(&asks.name);
        settings.changed = now();
        settings.revision = settings.revision.next();
        self.records.save(DISCOVERY, &env, &settings)?;
        self.settings.by_env.lock().unwrap_or_else(PoisonError::into_inner).insert(env, settings);
        self.settings.changed.notify_one();
        self.topics.touch(Area::Discovery(env));
        self.topics.touch(Area::Nodes(env));
        Ok(())
    }

    /// Begins sweeps when they are due, as long as the engine lives.
    pub async fn keep_schedules(self: &Arc<Self>) {
        loop {
            self.go_on_trying();
            let mut pause = LOOK;
            for (env, schedule) in self.settings.schedules() {
                if self.env(env).is_ok_and(|e| e.hidden) {
                    continue;
                }
                let (due, at) = (self.due(env, &schedule), now());
                if due > at {
                    pause = pause.min(Duration::from_millis(due.since(at)));
                } else if let Err(why) = self.sweep_start(env, schedule.order, None)
                    && why.kind != FailureKind::Busy
                {
                    tracing::warn!(%why, %env, "the scheduled sweep could not begin");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause.max(Duration::from_millis(1))) => {}
                () = self.settings.changed.notified() => {}
            }
        }
    }
}
