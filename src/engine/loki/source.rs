//! The collected logs of an environment, as the pusher reads them.
//!
//! The logs are opened when they are read first, on the thread that reads: opening may take a while, and the engine begins without
//! waiting for it. The engine is held weakly, because it holds the pusher.

use super::super::logs::Book;
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::engine::{Engine, now};
use crate::logs::format::FormatId;
use crate::logs::loki::{Behind, PushRecord, PushSource, Slice, Span};
use crate::logs::store::{Found, Source, StoreFault, Wanted};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// Bytes of a record that are read at most; of what Loki takes of a line it is many times as much.
const RECORD_MAX: usize = 4 << 20;
/// Names of files that say nothing without the module they belong to.
const NAMELESS: [&str; 6] = ["access", "current", "error", "log", "output", "slow"];

/// Records of one environment that a filter takes.
pub struct Logs {
    engine: Weak<Engine>,
    env: EnvId,
    filter: LogFilter,
}

impl Logs {
    /// Those of `env` that `filter` takes.
    pub fn new(engine: &Arc<Engine>, env: EnvId, filter: LogFilter) -> Self {
        Self { engine: Arc::downgrade(engine), env, filter }
    }

    fn book(&self) -> Result<Arc<Book>, String> {
        let engine = self.engine.upgrade().ok_or("the engine ends")?;
        engine.logbook(self.env).map_err(|why| why.message)
    }

    /// The filter, for the sources and the time of now.
    fn wanted(&self, book: &Book) -> Result<Wanted, String> {
        let micros = i64::try_from(now().0).unwrap_or(i64::MAX).saturating_mul(1000);
        book.store.wanted(&self.filter, micros).map_err(told)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(why: StoreFault) -> String {
    why.to_string()
}

impl PushSource for Logs {
    fn read_after(&self, cursor: Option<u64>, records: usize, bytes: usize) -> Result<Slice, String> {
        let book = self.book()?;
        let wanted = self.wanted(&book)?;
        let arrived =
            book.store.arrived(&wanted, cursor.unwrap_or_default(), records, bytes).map_err(told)?;
        let sources: BTreeMap<u32, Source> =
            book.store.sources().into_iter().map(|(s, _)| (s.id, s)).collect();
        let one = |found: &Found| record(found, sources.get(&found.entry.source));
        let records = arrived.rows.iter().map(one).collect::<Result<_, _>>().map_err(told)?;
        Ok(Slice { records, upto: arrived.upto })
    }

    fn span(&self) -> Result<Span, String> {
        let (first, last) = self.book()?.store.cursors();
        Ok(Span { first, last })
    }

    fn settle(&self) -> Result<(), String> {
        self.book()?.store.sync().map_err(told)
    }

    fn behind(&self, cursor: Option<u64>) -> Result<Behind, String> {
        let book = self.book()?;
        let wanted = self.wanted(&book)?;
        let ahead = book.store.ahead(&wanted, cursor.unwrap_or_default()).map_err(told)?;
        Ok(Behind { records: ahead.records, oldest: ahead.oldest })
    }
}

/// The label `service`: the name of the file or the unit without its end, with the module before it where it says nothing alone.
pub fn service(source: &Source) -> String {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(if source.journal { ".service" } else { ".log" }).unwrap_or(name);
    match (name, source.service.as_str()) {
        ("", "") => "unknown".to_owned(),
        ("", module) => module.to_owned(),
        (name, module) if !module.is_empty() && NAMELESS.contains(&name) => format!("{module}-{name}"),
        (name, _) => name.to_owned(),
    }
}

fn record(found: &Found, source: Option<&Source>) -> Result<PushRecord, StoreFault> {
    let raw = found.text(RECORD_MAX)?;
    let record = found.record(&raw);
    // The journal's JSON says nothing that is not among the metadata.
    let text = match record.format {
        FormatId::Journald => record.message.clone().into_owned(),
        _ => String::from_utf8_lossy(&raw).into_owned(),
    };
    let mut metadata = vec![
        ("level", found.entry.level.map(|l| l.word().to_owned())),
        ("pid", record.pid.map(|pid| pid.to_string())),
        ("file", source.map(|s| s.path.clone())),
    ];
    let fields = [
        ("component", record.component),
        ("request_id", record.request_id),
        ("global_request_id", record.global_request_id),
        ("instance", record.instance),
        ("user_id", record.user_id),
        ("project_id", record.project_id),
    ];
    metadata.extend(fields.map(|(name, value)| (name, value.map(std::borrow::Cow::into_owned))));
    Ok(PushRecord {
        cursor: found.cursor,
        time: Some(found.entry.time),
        host: source.map_or_else(|| "unknown".to_owned(), |s| s.node_name.clone()),
        service: source.map_or_else(|| "unknown".to_owned(), service),
        text,
        metadata: metadata.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
    })
}
