//! Logs of environments: what is collected, and what clients ask about it.
//!
//! `answers` finds records, among them the `output` of installations. `notes` are marks and views, small and kept in the database. Records themselves are files, looked after by the room `logs`.

mod answers;
mod collecting;
mod notes;
mod output;
#[cfg(test)]
mod tests;

use super::records::LOGS;
use super::topics::Area;
use super::{Engine, now};
use crate::api::logs::{
    CollectChange, CollectState, Cursor, LogAnswer, LogAsk, LogNews, LogNode, LogSource, LogSources,
    SourceKind,
};
use crate::api::{Failure, FailureKind, Topic};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::said::sentence;
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::logs::store::{LineFiles, LogStore, Options, StoreFault};
use crate::store::Stamp;
use collecting::NodeCell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Days that logs are kept unless somebody says otherwise.
const KEEP_DAYS: u32 = 14;
/// MiB of logs that are kept of an environment unless somebody says otherwise.
const KEEP_MIB: u32 = 10 * 1024;
/// Most days that can be asked for: a hundred years.
const DAYS_MAX: u32 = 36_500;

/// Whether logs of an environment are collected, and how long they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSettings {
    /// They are collected.
    pub on: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub changed: Moment,
    /// Days; 0: as long as there is room.
    pub keep_days: u32,
    /// MiB.
    pub keep_mib: u32,
    /// Older lines were asked for, from this moment on, seconds since 1970-01-01 UTC.
    pub backfill: Option<i64>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            on: false,
            by: String::new(),
            changed: Moment(0),
            keep_days: KEEP_DAYS,
            keep_mib: KEEP_MIB,
            backfill: None,
        }
    }
}

/// What the engine knows about logs, by environment.
#[derive(Default)]
pub struct Logbooks {
    settings: Mutex<BTreeMap<EnvId, LogSettings>>,
    books: Mutex<BTreeMap<EnvId, Arc<Book>>>,
    /// What steps of jobs printed.
    output: LineFiles,
    /// Switches, nodes or what is kept may have changed.
    changed: Notify,
}

/// The logs of one environment.
pub struct Book {
    /// The records.
    pub store: Arc<LogStore>,
    nodes: Mutex<BTreeMap<NodeId, Arc<NodeCell>>>,
    /// Something came.
    news: Notify,
}

impl Book {
    fn nodes(&self) -> MutexGuard<'_, BTreeMap<NodeId, Arc<NodeCell>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Logbooks {
    fn settings(&self) -> MutexGuard<'_, BTreeMap<EnvId, LogSettings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<EnvId, Arc<Book>>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An environment is no more.
    pub fn forget(&self, env: EnvId) {
        self.settings().remove(&env);
        self.books().remove(&env);
        self.changed.notify_one();
    }

    /// Takes up what the disk has.
    pub fn load(&self, all: BTreeMap<EnvId, LogSettings>) {
        *self.settings() = all;
    }
}

fn at_store(why: &StoreFault) -> Failure {
    match why {
        StoreFault::Pattern(why) => invalid("text", why.clone()),
        other => Failure::new(FailureKind::Engine, other.to_string()),
    }
}

fn invalid(field: &str, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, why).at(field)
}

fn no_record(cursor: Cursor) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!("there is no record {}: it is not kept any more, or never was", cursor.0),
    )
    .keyed("error-no-log-record")
    .arg("cursor", cursor.0)
}

impl Engine {
    /// Answers a question about logs.
    pub async fn logs(self: &Arc<Self>, user: &User, asked: LogAsk) -> Result<LogAnswer, Failure> {
        Ok(match asked {
            LogAsk::Sources { env } => LogAnswer::Sources(self.log_sources(env)?),
            LogAsk::Window { env, filter, at, before, after } => {
                LogAnswer::Window(self.log_window(env, filter, at, (before, after)).await?)
            }
            LogAsk::Trace { env, of, after, from } => {
                LogAnswer::Window(self.log_trace(env, &of, after, from).await?)
            }
            LogAsk::Search { env, filter, regex, from, backwards, limit, budget_ms } => {
                let search = answers::Search { filter, regex, from, backwards, limit, budget_ms };
                LogAnswer::Search(self.log_search(env, search).await?)
            }
            LogAsk::Histogram { env, filter, from, to, buckets } => {
                LogAnswer::Histogram(self.log_histogram(env, filter, (from, to), buckets).await?)
            }
            LogAsk::Record { env, cursor } => {
                LogAnswer::Record(Box::new(self.log_record(env, cursor).await?))
            }
            LogAsk::Marks { env } => LogAnswer::Marks(self.log_marks(env).await?),
            LogAsk::Mark { env, cursor, note } => {
                LogAnswer::Marks(self.log_mark(user, env, cursor, &note).await?)
            }
            LogAsk::Unmark { env, cursor } => LogAnswer::Marks(self.log_unmark(env, cursor).await?),
            LogAsk::Views { env } => LogAnswer::Views(self.log_views(env)?),
            LogAsk::ViewSave { env, view } => LogAnswer::Views(self.log_view_save(user, env, view)?),
            LogAsk::ViewRemove { env, name } => LogAnswer::Views(self.log_view_remove(env, &name)?),
            LogAsk::Collect { env, what } => {
                self.log_collect(user, env, &what)?;
                LogAnswer::Sources(self.log_sources(env)?)
            }
        })
    }

    /// The logs of an environment, opened when they are needed first.
    pub fn logbook(self: &Arc<Self>, env: EnvId) -> Result<Arc<Book>, Failure> {
        self.env(env)?;
        let mut books = self.logbooks.books();
        if let Some(book) = books.get(&env) {
            return Ok(Arc::clone(book));
        }
        let bytes = u64::from(self.log_settings(env).keep_mib) << 20;
        let dir = self.options.data.join("logs").join(env.to_string());
        let opened = super::records::blocking(|| LogStore::open(&dir, Options { bytes }));
        let store = Arc::new(opened.map_err(|f| at_store(&f))?);
        let book = Arc::new(Book { store, nodes: Mutex::default(), news: Notify::new() });
        books.insert(env, Arc::clone(&book));
        drop(books);
        self.tell_news(env, &book);
        Ok(book)
    }

    /// How far an environment's logs are. They are not opened for this.
    pub fn log_news(&self, env: EnvId) -> LogNews {
        let version = self.topics.version(Topic::Logs(env));
        let book = self.logbooks.books().get(&env).cloned();
        let Some((last, records, time)) = book.map(|b| b.store.news()) else {
            return LogNews { version, ..LogNews::default() };
        };
        LogNews { last: Cursor(last), records, time, version }
    }

    pub(super) fn log_settings(&self, env: EnvId) -> LogSettings {
        self.logbooks.settings().get(&env).cloned().unwrap_or_default()
    }

    fn log_sources(self: &Arc<Self>, env: EnvId) -> Result<LogSources, Failure> {
        let book = self.logbook(env)?;
        let settings = self.log_settings(env);
        // The store may be busy with its disk: nothing else is held meanwhile.
        let kept = book.store.stats();
        let known = book.store.sources();
        let cells = book.nodes().clone();
        let model = self.model.read();
        let mut nodes = Vec::new();
        for node in model.nodes.values().filter(|n| n.env == env) {
            let cell = cells.get(&node.id);
            let status = cell.map(|c| c.status()).unwrap_or_default();
            let mut state = cell.map(|c| c.state(status.behind.values().copied())).unwrap_or_default();
            // What is wrong with a part of it would be told nowhere else: such a part has no source yet.
            if let (CollectState::Following { since, .. }, Some(why)) = (&state, &status.trouble) {
                state = CollectState::Failed { why: why.clone(), since: *since };
            }
            nodes.push(LogNode {
                node: node.id,
                name: node.name.clone(),
                state,
                clock_ms: status.clock / 1000,
                utc_offset: status.zone,
            });
        }
        let mut sources = Vec::new();
        for (source, count) in known.into_iter().filter(|(s, _)| !s.path.is_empty()) {
            let node = NodeId(source.node);
            let state = cells.get(&node).map_or(CollectState::Off, |cell| {
                let status = cell.status();
                let state = cell.state(status.behind.get(&source.id).copied().into_iter());
                match (&state, status.trouble) {
                    (CollectState::Following { since, .. }, Some(why)) if source.journal => {
                        CollectState::Failed { why, since: *since }
                    }
                    _ => state,
                }
            });
            sources.push(LogSource {
                id: source.id,
                kind: if source.journal { SourceKind::Journal } else { SourceKind::File },
                node: Some(node),
                node_name: model.nodes.get(&node).map_or(source.node_name, |n| n.name.clone()),
                service: source.service,
                path: source.path,
                format: source.format,
                state,
                bytes: count.bytes,
                records: count.records,
                last: count.last,
                job: None,
            });
        }
        Ok(LogSources {
            on: settings.on,
            by: settings.by,
            changed: settings.changed,
            keep_days: settings.keep_days,
            keep_mib: settings.keep_mib,
            bytes: kept.bytes,
            records: kept.records,
            span: kept.span,
            nodes,
            sources,
        })
    }

    pub(super) fn log_collect(&self, user: &User, env: EnvId, what: &CollectChange) -> Result<(), Failure> {
        let env = self.env(env)?;
        let _write = self.write();
        let mut settings = self.log_settings(env.id);
        let hours = match what {
            CollectChange::On { backfill_hours: hours } | CollectChange::Backfill { hours } => *hours,
            _ => 0,
        };
        if hours > DAYS_MAX * 24 {
            return Err(invalid("hours", format!("at most {} hours can be asked for", DAYS_MAX * 24)));
        }
        let since = |hours: u32| {
            let now = i64::try_from(now().0 / 1000).unwrap_or(i64::MAX);
            now - i64::from(hours) * 3600
        };
        let told = match what {
            CollectChange::On { backfill_hours } => {
                settings.on = true;
                settings.backfill = (*backfill_hours > 0).then(|| since(*backfill_hours));
                sentence!(
                    "deed-logs-on",
                    "began to collect logs, with those of the last {hours} hours",
                    hours = backfill_hours
                )
            }
            CollectChange::Backfill { hours } => {
                if !settings.on {
                    return Err(invalid(
                        "hours",
                        "collecting is off: switch it on first ('cpmg logs collect ENV on')",
                    ));
                }
                settings.backfill = Some(settings.backfill.map_or(since(*hours), |b| b.min(since(*hours))));
                sentence!("deed-logs-fetch", "fetches the logs of the last {hours} hours", hours = hours)
            }
            CollectChange::Off => {
                settings.on = false;
                sentence!("deed-logs-off", "stopped collecting logs")
            }
            CollectChange::Keep { days, mib } => {
                if *mib < 64 {
                    return Err(invalid("mib", "at least 64 MiB are needed to keep logs"));
                }
                if *days > DAYS_MAX {
                    return Err(invalid(
                        "days",
                        format!("at most {DAYS_MAX} days; 0 is as long as there is room"),
                    ));
                }
                (settings.keep_days, settings.keep_mib) = (*days, *mib);
                sentence!(
                    "deed-logs-keep",
                    "keeps logs for {days} days and up to {mib} MiB",
                    days = days,
                    mib = mib
                )
            }
        };
        settings.by.clone_from(&user.name);
        settings.changed = now();
        let deed = Self::deed(user, AuditKind::Service, &env, told);
        self.audited(Some(deed), |batch| LOGS.put(batch, &env.id, &settings, Stamp::engine(now())))?;
        self.logbooks.settings().insert(env.id, settings);
        self.logbooks.changed.notify_one();
        self.topics.touch(Area::Logs(env.id));
        Ok(())
    }
}
