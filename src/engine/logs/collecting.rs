//! Who collects what: one task a node, begun and ended as switches and nodes change.

use super::super::topics::Area;
use super::super::{Engine, now};
use super::{Book, LogSettings};
use crate::api::Failure;
use crate::api::logs::CollectState;
use crate::domain::choice::choose;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::node::Node;
use crate::domain::time::Moment;
use crate::logs::collect::{CollectFault, Collector, NodeStatus, Places};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// How often switches and nodes are compared with what runs.
const LOOK: Duration = Duration::from_secs(5);
/// How often what is too old is looked for, in looks.
const OLD_EVERY: u32 = 60;
/// Shortest time between two messages that there is more.
const NEWS: Duration = Duration::from_millis(100);
/// First pause after a connection was lost.
const RETRY: Duration = Duration::from_secs(2);
/// Longest pause.
const RETRY_MAX: Duration = Duration::from_mins(1);
/// Rounds after which the catalog is asked again what there is to collect.
const PLACES_EVERY: u32 = 60;

/// How collecting from one node goes.
pub struct NodeCell {
    state: Mutex<CollectState>,
    status: Arc<Mutex<NodeStatus>>,
    /// From when on older lines are wanted; until a round asked for them.
    backfill: Mutex<Option<i64>>,
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl NodeCell {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(CollectState::Connecting),
            status: Arc::default(),
            backfill: Mutex::default(),
            task: Mutex::default(),
        }
    }

    /// How collecting goes, without what each source is behind.
    pub fn status(&self) -> NodeStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state with how far some of its sources are behind.
    pub fn state(&self, behind: impl Iterator<Item = (u64, u64)>) -> CollectState {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let CollectState::Following { behind: bytes, behind_s, .. } = &mut state {
            for (more, age) in behind {
                *bytes += more;
                *behind_s = (*behind_s).max(age);
            }
        }
        state
    }

    /// Ends the task, which holds the cell itself while it is at work.
    fn end(&self) {
        drop(self.task.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn set(&self, state: CollectState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn fail(&self, why: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match &*state {
            CollectState::Failed { since, .. } => *since,
            _ => now(),
        };
        *state = CollectState::Failed { why, since };
    }

    pub(super) fn want_backfill(&self, since: i64) {
        *self.backfill.lock().unwrap_or_else(PoisonError::into_inner) = Some(since);
    }

    pub(super) fn wanted_backfill(&self) -> Option<i64> {
        *self.backfill.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One round with the older lines that are wanted. They stay wanted until a round asked the node for all of them: the
    /// connection may break before.
    pub(super) async fn round(&self, collector: &mut Collector) -> Result<u64, CollectFault> {
        let wanted = self.wanted_backfill();
        if let Some(since) = wanted {
            collector.fetch_from(since);
        }
        let records = collector.round().await?;
        let mut now = self.backfill.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == wanted {
            *now = None;
        }
        Ok(records)
    }
}

impl Engine {
    /// Collects as switches say, as long as it is polled.
    pub async fn keep_logs(self: &Arc<Self>) {
        // Whatever runs ends with this future.
        let guard = EndAll(Arc::downgrade(self));
        let mut asked: BTreeMap<(EnvId, NodeId), i64> = BTreeMap::new();
        let mut looks = 0u32;
        loop {
            let settings: Vec<(EnvId, LogSettings)> =
                self.logbooks.settings().iter().map(|(env, s)| (*env, s.clone())).collect();
            for (env, settings) in settings {
                if let Err(why) = self.arrange(env, &settings, &mut asked) {
                    tracing::warn!(%why, %env, "logs cannot be collected");
                }
                if looks.is_multiple_of(OLD_EVERY) {
                    self.throw_away_old(env, &settings).await;
                }
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.logbooks.changed.notified() => looks = 0,
                () = self.stop.cancelled() => break,
            }
        }
        drop(guard);
    }

    /// Begins and ends tasks of one environment.
    fn arrange(
        self: &Arc<Self>,
        env: EnvId,
        settings: &LogSettings,
        asked: &mut BTreeMap<(EnvId, NodeId), i64>,
    ) -> Result<(), Failure> {
        let known = self.logbooks.books().contains_key(&env);
        let hidden = self.env(env).map_or(true, |e| e.hidden);
        let on = settings.on && !hidden;
        if !on && !known {
            return Ok(());
        }
        let book = match self.logbook(env) {
            Ok(book) => book,
            Err(_) if hidden => return Ok(()),
            Err(why) => return Err(why),
        };
        let nodes: Vec<NodeId> = {
            let model = self.model.read();
            model
                .nodes
                .values()
                .filter(|n| on && n.env == env && n.host_key.is_some())
                .map(|n| n.id)
                .collect()
        };
        let mut cells = book.nodes();
        cells.retain(|id, cell| {
            let stays = nodes.contains(id);
            if !stays {
                cell.end();
            }
            stays
        });
        for id in nodes {
            let cell = cells.entry(id).or_insert_with(|| {
                let cell = Arc::new(NodeCell::new());
                let task = collect(Arc::clone(self), env, id, Arc::clone(&book), Arc::downgrade(&cell));
                let task = AbortOnDropHandle::new(self.threads.spawn(task));
                *cell.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
                asked.remove(&(env, id));
                cell
            });
            if let Some(since) = settings.backfill
                && asked.get(&(env, id)) != Some(&since)
            {
                asked.insert((env, id), since);
                cell.want_backfill(since);
            }
        }
        Ok(())
    }

    async fn throw_away_old(self: &Arc<Self>, env: EnvId, settings: &LogSettings) {
        let Some(book) = self.logbooks.books().get(&env).cloned() else { return };
        let days = i64::from(settings.keep_days);
        let now = i64::try_from(now().0).unwrap_or(i64::MAX).saturating_mul(1000);
        let before = (days > 0).then(|| now.saturating_sub(days.saturating_mul(86_400_000_000)));
        let bytes = u64::from(settings.keep_mib) << 20;
        let store = Arc::clone(&book.store);
        let kept = tokio::task::spawn_blocking(move || store.keep(before, bytes)).await;
        match kept {
            Ok(Ok(dropped)) if dropped > 0 => book.news.notify_one(),
            Ok(Err(why)) => tracing::warn!(%why, %env, "old logs cannot be thrown away"),
            _ => {}
        }
    }

    /// Says that there is more, at most ten times a second.
    pub(super) fn tell_news(self: &Arc<Self>, env: EnvId, book: &Arc<Book>) {
        let (engine, book) = (Arc::downgrade(self), Arc::downgrade(book));
        self.spawn(async move {
            loop {
                let Some(alive) = book.upgrade() else { return };
                let stop = match engine.upgrade() {
                    Some(engine) => engine.stop.clone(),
                    None => return,
                };
                tokio::select! {
                    () = alive.news.notified() => {}
                    () = stop.cancelled() => return,
                }
                drop(alive);
                let Some(engine) = engine.upgrade() else { return };
                engine.topics.touch(Area::Logs(env));
                drop(engine);
                sleep(NEWS).await;
            }
        });
    }

    /// What there is to collect from a node: files and units of the modules on it.
    fn log_places(&self, node: &Node) -> Result<Places, Failure> {
        let env = self.env(node.env)?;
        let catalog = self.catalog()?;
        let mut places = Places { node: node.id.0, name: node.name.clone(), ..Places::default() };
        let Some(platform) = catalog.platform(&env.platform) else { return Ok(places) };
        let chosen = choose(&catalog.specs(platform), &env.modules, &[]);
        for (name, _) in &chosen.modules {
            let moved = |m: &crate::catalog::Module| {
                env.shape.images == Some(node.id) && m.steps.iter().any(|s| s.moves)
            };
            let here = |m: &&crate::catalog::Module| !m.roles.is_disjoint(&node.roles) || moved(m);
            let Some(module) = catalog.module(name).filter(here) else { continue };
            for glob in module.logs.iter().filter(|g| !g.contains('$')) {
                if !places.files.iter().any(|(known, _)| known == glob) {
                    places.files.push((glob.clone(), name.clone()));
                }
            }
            for unit in &module.units {
                places.units.entry(unit.clone()).or_insert_with(|| name.clone());
            }
        }
        Ok(places)
    }

    /// One connection to a node, to its end; the sentence for the operator.
    async fn collect_once(
        self: &Arc<Self>,
        env: EnvId,
        id: NodeId,
        book: &Book,
        cell: &NodeCell,
    ) -> Result<(), String> {
        let node = self.node(id).map_err(|f| f.message)?;
        let places = self.log_places(&node).map_err(|f| f.message)?;
        let session = {
            let _turn = self.connecting.acquire().await.map_err(|e| e.to_string())?;
            self.connect_node(&node).await.map_err(|f| f.to_string())?
        };
        let (store, status) = (Arc::clone(&book.store), Arc::clone(&cell.status));
        let begun = Collector::begin(&session, store, places, status).await;
        let mut collector = begun.map_err(|f| f.to_string())?;
        let since = now();
        let mut rounds = 0u32;
        loop {
            rounds += 1;
            if rounds.is_multiple_of(PLACES_EVERY) {
                let node = self.node(id).map_err(|f| f.message)?;
                collector.change(self.log_places(&node).map_err(|f| f.message)?);
            }
            let records = cell.round(&mut collector).await.map_err(|f| f.to_string())?;
            if rounds == 1 {
                cell.set(CollectState::Following { since, behind: 0, behind_s: 0 });
                self.topics.touch(Area::Logs(env));
            }
            if records > 0 {
                book.news.notify_one();
            }
            sleep(Collector::pause(records)).await;
        }
    }
}

/// Ends all collecting when it is dropped: the tasks hold the engine.
struct EndAll(Weak<Engine>);

impl Drop for EndAll {
    fn drop(&mut self) {
        if let Some(engine) = self.0.upgrade() {
            for book in engine.logbooks.books().values() {
                let mut nodes = book.nodes();
                nodes.values().for_each(|cell| cell.end());
                nodes.clear();
            }
        }
    }
}

async fn collect(engine: Arc<Engine>, env: EnvId, id: NodeId, book: Arc<Book>, cell: Weak<NodeCell>) {
    let mut pause = RETRY;
    loop {
        let Some(cell) = cell.upgrade() else { return };
        let began = now();
        let why = match engine.collect_once(env, id, &book, &cell).await {
            Ok(()) => "it ended".to_owned(),
            Err(why) => why,
        };
        tracing::info!(node = %id, %why, "collecting logs");
        cell.fail(why);
        engine.topics.touch(Area::Logs(env));
        drop(cell);
        // A connection that lasted is tried again at once.
        pause = if now().since(began) > 60_000 { RETRY } else { (pause * 2).min(RETRY_MAX) };
        sleep(pause).await;
    }
}

/// The engine's clock in microseconds.
pub(super) fn micros() -> i64 {
    let Moment(ms) = now();
    i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000)
}
