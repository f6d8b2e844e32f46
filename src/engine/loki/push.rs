//! The task that pushes an environment's records to its Loki, and how far it is.
//!
//! The position is a file beside the collected logs, written after each batch: a new engine goes on from there. It is not in the
//! database, because it belongs to the records that it points into, and goes with them.

use super::source::Logs;
use super::{fault, what};
use crate::api::Failure;
use crate::domain::environment::Environment;
use crate::domain::ids::EnvId;
use crate::domain::loki::{LokiPlace, LokiProgress, LokiTrouble, PushState};
use crate::domain::text::harmless;
use crate::domain::time::Moment;
use crate::engine::{Engine, dice, now};
use crate::logs::loki::{Bounds, Encoder, Loki, LokiError, Position, PushSource, Pusher, Round};
use crate::store;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// How long to wait for new records: entries of about a second go together.
const LEVEL: Duration = Duration::from_secs(1);
/// How often it is told how far behind a stopped pusher is.
const STOPPED: Duration = Duration::from_secs(30);

/// Pushing of one environment.
#[derive(Default)]
struct Slot {
    /// The client, and what it was made from.
    client: Option<(LokiPlace, Loki)>,
    progress: Arc<Mutex<LokiProgress>>,
    /// Ends with the slot; nothing half-done is kept.
    task: Option<AbortOnDropHandle<()>>,
}

/// Environments with a Loki.
#[derive(Default)]
pub struct Pushers(Mutex<HashMap<EnvId, Slot>>);

impl Pushers {
    fn slots(&self) -> MutexGuard<'_, HashMap<EnvId, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of an environment's Loki, made when it is first needed: it keeps connections open.
    pub fn client(&self, env: EnvId, place: &LokiPlace) -> Result<Loki, LokiError> {
        let known = self.slots().get(&env).and_then(|s| s.client.clone());
        if let Some((made_from, loki)) = known
            && made_from == *place
        {
            return Ok(loki);
        }
        let loki = Loki::new(place)?;
        self.slots().entry(env).or_default().client = Some((place.clone(), loki.clone()));
        Ok(loki)
    }

    /// How far pushing is; `None`: it has not run since the engine began.
    pub fn progress(&self, env: EnvId) -> Option<LokiProgress> {
        let slots = self.slots();
        let slot = slots.get(&env)?;
        slot.task.as_ref()?;
        let progress = slot.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(progress)
    }

    /// Ends pushing.
    pub fn stop(&self, env: EnvId) {
        self.slots().remove(&env);
    }
}

/// The file of the position.
fn file(data: &Path, env: EnvId) -> PathBuf {
    data.join("logs").join(env.to_string()).join("loki.json")
}

fn read(path: &Path) -> Position {
    // A position that cannot be read begins anew: Loki keeps the same entry once.
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn save(path: &Path, position: &Position) -> Result<(), String> {
    let bytes = serde_json::to_vec(position).map_err(|e| e.to_string())?;
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    store::write_durably(path, &bytes).map_err(|e| e.to_string())
}

fn counted(position: &Position) -> LokiProgress {
    LokiProgress {
        position: position.cursor,
        pushed_to: position.pushed_to,
        pushed: position.pushed,
        refused_batches: position.refused_batches,
        refused: position.refused,
        cut: position.cut,
        missed: position.missed,
        anew: position.anew.map(|at| Moment(u64::try_from(at / 1000).unwrap_or_default())),
        ..LokiProgress::default()
    }
}

/// Microseconds since 1970.
fn micros(at: Moment) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX).saturating_mul(1000)
}

/// What a task works with.
struct Work {
    pusher: Pusher,
    source: Arc<dyn PushSource>,
    progress: Arc<Mutex<LokiProgress>>,
    path: PathBuf,
}

impl Engine {
    /// What is kept of pushing while it does not run.
    pub(super) fn kept_progress(&self, env: EnvId) -> LokiProgress {
        counted(&read(&file(&self.options.data, env)))
    }

    /// Begins to push in every environment where that is switched on.
    pub fn start_all_pushing(self: &Arc<Self>) {
        let envs: Vec<(EnvId, String)> =
            self.model.read().envs.values().filter(|e| !e.hidden).map(|e| (e.id, e.name.clone())).collect();
        for (env, name) in envs {
            match self.loki_place(env) {
                Ok(Some(place)) => self.start_pushing(env, &name, &place),
                Ok(None) => {}
                Err(why) => self.notice(format!("pushing to the Loki of {name} cannot begin: {why}")),
            }
        }
    }

    /// An environment has another name, or was hidden or shown: what is pushed bears its name, and of a hidden one nothing is pushed.
    pub fn pushing_follows(self: &Arc<Self>, env: &Environment) {
        if env.hidden {
            self.pushers.stop(env.id);
            return;
        }
        match self.loki_place(env.id) {
            Ok(Some(place)) => self.start_pushing(env.id, &env.name, &place),
            Ok(None) => {}
            Err(why) => self.notice(format!("pushing to the Loki of {} cannot begin: {why}", env.name)),
        }
    }

    /// Begins, or ends, to push as `place` says.
    pub(super) fn start_pushing(self: &Arc<Self>, env: EnvId, name: &str, place: &LokiPlace) {
        self.pushers.stop(env);
        if !place.push {
            return;
        }
        if let Err(why) = self.push_task(env, name, place) {
            tracing::warn!(%why, env = name, "pushing to Loki cannot begin");
            let trouble = LokiTrouble { words: why.message, since: now(), tries: 0 };
            let progress =
                LokiProgress { state: PushState::Stopped, trouble: Some(trouble), ..self.kept_progress(env) };
            let idle = AbortOnDropHandle::new(self.threads.spawn(async {}));
            let slot = Slot { client: None, progress: Arc::new(Mutex::new(progress)), task: Some(idle) };
            self.pushers.slots().insert(env, slot);
        }
    }

    fn push_task(self: &Arc<Self>, env: EnvId, name: &str, place: &LokiPlace) -> Result<(), Failure> {
        let source: Arc<dyn PushSource> = Arc::new(Logs::new(self, env, what(place)?));
        let loki = self.pushers.client(env, place).map_err(|why| fault(&why))?;
        let path = file(&self.options.data, env);
        let position = read(&path);
        let progress = LokiProgress { state: PushState::Pushing, ..counted(&position) };
        let progress = Arc::new(Mutex::new(progress));
        let encoder = Encoder::new(&place.job, name, Bounds::default());
        let pusher = Pusher::new(Arc::clone(&source), loki, encoder, position);
        let work = Work { pusher, source, progress: Arc::clone(&progress), path };
        let task = AbortOnDropHandle::new(self.threads.spawn(work.run()));
        let mut slots = self.pushers.slots();
        let slot = slots.entry(env).or_default();
        (slot.progress, slot.task) = (progress, Some(task));
        Ok(())
    }
}

impl Work {
    async fn run(mut self) {
        loop {
            let dice = dice().map_or(0, u64::from_le_bytes);
            let round = self.pusher.round(dice, micros(now())).await;
            let pause = match &round {
                Round::Level => Some(LEVEL),
                Round::Wait(pause, _) => Some(*pause),
                Round::Moved(_) | Round::Split => None,
                Round::Stopped(why) => {
                    tracing::warn!(%why, "pushing to Loki has stopped");
                    // What is collected meanwhile is told still.
                    loop {
                        self.tell(&round).await;
                        tokio::time::sleep(STOPPED).await;
                    }
                }
            };
            if matches!(round, Round::Moved(_))
                && let Err(why) = self.keep().await
            {
                // What is not known to be pushed is pushed again; without room on the disk that would go on for ever.
                self.trouble(PushState::Waiting, &format!("the position cannot be written: {why}"));
                tokio::time::sleep(LEVEL * 10).await;
            }
            self.tell(&round).await;
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn keep(&self) -> Result<(), String> {
        let (path, position, source) =
            (self.path.clone(), self.pusher.position().clone(), Arc::clone(&self.source));
        let work = move || {
            source.settle()?;
            save(&path, &position)
        };
        tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())?
    }

    fn progress(&self) -> MutexGuard<'_, LokiProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self, state: PushState, words: &str) {
        let mut progress = self.progress();
        let since = progress.trouble.as_ref().map_or_else(now, |t| t.since);
        progress.trouble = Some(LokiTrouble { words: harmless(words), since, tries: self.pusher.tries() });
        progress.state = state;
    }

    /// Says how far it is.
    async fn tell(&self, round: &Round) {
        let (source, cursor) = (Arc::clone(&self.source), self.pusher.position().cursor);
        let behind = tokio::task::spawn_blocking(move || source.behind(cursor)).await;
        {
            let mut progress = self.progress();
            let before = progress.clone();
            *progress = LokiProgress {
                state: before.state,
                last_refusal: before.last_refusal,
                trouble: before.trouble,
                behind: before.behind,
                behind_seconds: before.behind_seconds,
                ..counted(self.pusher.position())
            };
            if let Ok(Ok(behind)) = behind {
                progress.behind = behind.records;
                let age = behind.oldest.map_or(0, |oldest| micros(now()).saturating_sub(oldest) / 1_000_000);
                progress.behind_seconds = u64::try_from(age).unwrap_or_default();
            }
        }
        match round {
            Round::Level => {
                let mut progress = self.progress();
                (progress.state, progress.trouble) = (PushState::Level, None);
            }
            Round::Moved(refused) => {
                let mut progress = self.progress();
                (progress.state, progress.trouble) = (PushState::Pushing, None);
                if let Some(said) = refused {
                    progress.last_refusal = Some((now(), harmless(said)));
                }
            }
            Round::Split => {}
            Round::Wait(_, why) => self.trouble(PushState::Waiting, why),
            Round::Stopped(why) => self.trouble(PushState::Stopped, why),
        }
    }
}
