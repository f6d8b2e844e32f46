//! Windows, searches, histograms, records: asked of the store on threads that may wait for the disk.

use super::super::Engine;
use super::super::reports::known_error;
use super::collecting::micros;
use super::output::{self, Output};
use super::{Book, at_store, invalid, no_record};
use crate::api::logs::{
    BUCKETS_MAX, Cursor, LogAt, LogHistogram, LogHits, LogRecord, LogRow, LogWindow, MESSAGE_MAX, RAW_MAX,
    ROWS_MAX, TraceOf,
};
use crate::api::{Failure, FailureKind};
use crate::domain::ids::EnvId;
use crate::domain::logs::{FilterFault, Level, LogFilter, TextMatch};
use crate::domain::text::beginning;
use crate::domain::time::Moment;
use crate::logs::findings::Findings;
use crate::logs::format::Text;
use crate::logs::store::{At, Found, Histogram, Source, StoreFault, Until, View, Wanted, Window};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a window or a histogram may take before what there is is answered.
const BUDGET: Duration = Duration::from_millis(1500);
/// Longest that a search may take before it answers, milliseconds.
const SEARCH_MAX: u32 = 10_000;
/// Bytes of a record that are read for a row.
const ROW_BYTES: usize = 8 * 1024;
/// Bytes of a row's fields.
const FIELD_BYTES: usize = 300;

/// What is looked for.
pub struct Search {
    /// Which records.
    pub filter: LogFilter,
    /// A regular expression besides.
    pub regex: String,
    /// From where.
    pub from: LogAt,
    /// Towards older ones.
    pub backwards: bool,
    /// Most hits.
    pub limit: u32,
    /// Milliseconds.
    pub budget_ms: u32,
}

fn place(at: LogAt) -> At {
    match at {
        LogAt::Cursor(cursor) => At::Cursor(cursor.0),
        LogAt::Time(time) => At::Time(time),
        LogAt::Begin => At::Begin,
        LogAt::End => At::End,
    }
}

fn rows(count: u32) -> usize {
    count.min(ROWS_MAX) as usize
}

type Sources = BTreeMap<u32, Source>;

fn row(found: &Found, sources: &Sources, findings: &Findings) -> Result<LogRow, StoreFault> {
    let mut text = found.text(ROW_BYTES)?;
    let long = found.entry.len as usize > ROW_BYTES;
    if long && text.first() == Some(&b'{') {
        // A part of a JSON object is none.
        text = found.text(RAW_MAX)?;
    }
    let record = found.record(&text);
    let source = sources.get(&found.entry.source);
    let level = found.entry.level;
    // What a service prints has no level of its own: the journal calls it information.
    let said = level.filter(|level| *level != Level::Info || !source.is_some_and(|s| s.journal));
    let service = source.map(|s| s.service.as_str());
    let mut known = findings.find_raw(service, said, &text);
    if known.is_none() && long {
        // The cause stands at the end of a traceback.
        known = findings.find_raw(service, said, &found.tail(ROW_BYTES)?);
    }
    let own = |text: &Option<Text<'_>>| text.as_deref().map(|t| beginning(t, FIELD_BYTES).to_owned());
    let mut row = LogRow {
        cursor: Cursor(found.cursor),
        time: found.entry.time,
        guessed: found.entry.guessed,
        source: found.entry.source,
        node: source.map(|s| s.node_name.clone()).unwrap_or_default(),
        service: source.map(|s| s.service.clone()).unwrap_or_default(),
        level,
        pid: record.pid,
        component: own(&record.component),
        request_id: own(&record.request_id),
        instance: own(&record.instance),
        message: beginning(record.message.trim_end_matches(['\r', '\n']), MESSAGE_MAX).to_owned(),
        lines: u32::from(found.entry.lines),
        finding: known.map(|f| f.id.clone()),
    };
    if output::is_output(row.cursor) {
        output::mark(&mut row, source);
    }
    Ok(row)
}

/// What is looked at: collected logs or installation output, with the filter made ready.
struct Seen<'a> {
    view: View<'a>,
    wanted: Wanted,
    sources: Sources,
    findings: &'a Findings,
    until: Until,
}

impl Seen<'_> {
    fn rows(&self, found: &[Found]) -> Result<Vec<LogRow>, StoreFault> {
        found.iter().map(|f| row(f, &self.sources, self.findings)).collect()
    }

    fn window(&self, window: &Window) -> Result<LogWindow, StoreFault> {
        Ok(LogWindow {
            rows: self.rows(&window.rows)?,
            before: u32::try_from(window.before).unwrap_or(u32::MAX),
            reaches_begin: window.reaches_begin,
            reaches_end: window.reaches_end,
            above: window.above,
            total: window.total,
            searched_to: window.searched_to,
        })
    }

    fn record(&self, cursor: Cursor) -> Result<Option<LogRecord>, StoreFault> {
        let Some(found) = self.view.get(cursor.0)? else { return Ok(None) };
        let raw = found.text(RAW_MAX)?;
        let record = found.record(&raw);
        let own = |text: &Option<Text<'_>>| text.as_ref().map(|t| t.clone().into_owned());
        let origin = found.origin()?;
        let first = memchr::memchr(b'\n', &raw).map_or(raw.len(), |n| n + 1);
        let further = String::from_utf8_lossy(raw.get(first..).unwrap_or_default());
        let message = format!("{}\n{further}", record.message).trim_end().to_owned();
        let row = row(&found, &self.sources, self.findings)?;
        Ok(Some(LogRecord {
            known: known_error(self.findings, row.finding.as_deref()),
            row,
            len: u64::from(found.entry.len),
            message,
            global_request_id: own(&record.global_request_id),
            user_id: own(&record.user_id),
            project_id: own(&record.project_id),
            domain: own(&record.domain),
            user_domain: own(&record.user_domain),
            project_domain: own(&record.project_domain),
            format: record.format.name().to_owned(),
            path: self.sources.get(&found.entry.source).map(|s| s.path.clone()).unwrap_or_default(),
            offset: origin.map_or(0, |o| o.1),
            arrived: Moment(origin.map_or(0, |o| u64::try_from(o.2 / 1000).unwrap_or(0))),
            raw: raw.clone(),
        }))
    }
}

/// Where records are looked for.
enum Place {
    /// Collected logs.
    Book(Arc<Book>),
    /// Installation output.
    Output(Output),
}

impl Engine {
    fn place(self: &Arc<Self>, env: EnvId, filter: &LogFilter) -> Result<Place, Failure> {
        if filter.is_of_a_job() {
            return Ok(Place::Output(self.output_of(env, filter)?));
        }
        Ok(Place::Book(self.logbook(env)?))
    }

    fn place_of(self: &Arc<Self>, env: EnvId, cursor: Cursor) -> Result<Place, Failure> {
        if output::is_output(cursor) {
            self.env(env)?;
            return self.output_at(env, cursor).map(Place::Output).ok_or_else(|| no_record(cursor));
        }
        Ok(Place::Book(self.logbook(env)?))
    }

    /// Looks on a thread that may wait for the disk. It ends soon after this future is dropped: nobody waits any more.
    async fn search_logs<T: Send + 'static>(
        self: &Arc<Self>,
        place: Place,
        mut filter: LogFilter,
        budget: Duration,
        work: impl FnOnce(Seen<'_>) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, Failure> {
        let left = CancellationToken::new();
        let _gone = left.clone().drop_guard();
        let until = Until { deadline: Some(Instant::now() + budget), left: Some(left) };
        let engine = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let findings = engine.findings.as_ref();
            match place {
                Place::Book(book) => {
                    let store = &book.store;
                    let wanted = store.wanted(&filter, micros())?;
                    let sources = store.sources().into_iter().map(|(s, _)| (s.id, s)).collect();
                    work(Seen { view: store.view(), wanted, sources, findings, until })
                }
                Place::Output(Output { files, sources }) => {
                    // Nodes, services, steps and attempts have chosen the files already.
                    (filter.nodes, filter.services, filter.sources) = (Vec::new(), Vec::new(), Vec::new());
                    let wanted = Wanted::new(&filter, std::iter::empty(), micros())?;
                    let view = engine.logbooks.output.view(&files, &until)?;
                    work(Seen { view, wanted, sources, findings, until })
                }
            }
        });
        let done = done.await;
        let done = done.map_err(|e| {
            Failure::new(FailureKind::Engine, format!("a search broke off: {e}"))
                .keyed("error-log-search")
                .arg("why", e)
        })?;
        done.map_err(|f| at_store(&f))
    }

    /// Rows around a place.
    pub(super) async fn log_window(
        self: &Arc<Self>,
        env: EnvId,
        filter: LogFilter,
        at: LogAt,
        (before, after): (u32, u32),
    ) -> Result<LogWindow, Failure> {
        let sides = (rows(before), rows(after).min(ROWS_MAX as usize - rows(before)));
        self.search_logs(self.place(env, &filter)?, filter, BUDGET, move |seen| {
            seen.window(&seen.view.window(&seen.wanted, place(at), sides, &seen.until)?)
        })
        .await
    }

    /// The rows of a request, or about an instance; `from`: a moment up to which it was searched before.
    pub(super) async fn log_trace(
        self: &Arc<Self>,
        env: EnvId,
        of: &TraceOf,
        after: Option<Cursor>,
        from: Option<i64>,
    ) -> Result<LogWindow, Failure> {
        let id = match of {
            TraceOf::Request(id) | TraceOf::Instance(id) => id.trim(),
        };
        if id.len() < 8 {
            return Err(invalid("id", format!("'{id}' is too short to be an id"))
                .keyed("error-log-id")
                .arg("id", id));
        }
        let text = TextMatch { pattern: regex::escape(id), inverted: false };
        let filter = LogFilter { text: vec![text], ..LogFilter::default() };
        // What was searched through lies behind all rows that were found by then.
        let after = after.filter(|_| from.is_none());
        let from = match (from, after) {
            (Some(time), _) => LogAt::Time(time),
            (None, Some(row)) => LogAt::Cursor(row),
            (None, None) => LogAt::Begin,
        };
        self.search_logs(Place::Book(self.logbook(env)?), filter, BUDGET, move |seen| {
            let skip = usize::from(after.is_some());
            let sides = (0, ROWS_MAX as usize + skip);
            let mut window = seen.view.window(&seen.wanted, place(from), sides, &seen.until)?;
            if after.is_some_and(|c| window.rows.first().is_some_and(|f| f.cursor == c.0)) {
                window.rows.remove(0);
            }
            window.reaches_end |= window.rows.is_empty() && window.searched_to.is_none();
            seen.window(&window)
        })
        .await
    }

    /// The next hits of a regular expression.
    pub(super) async fn log_search(self: &Arc<Self>, env: EnvId, search: Search) -> Result<LogHits, Failure> {
        if search.regex.is_empty() {
            return Err(invalid("regex", "what is to be looked for?").keyed("error-log-nothing"));
        }
        let wrong = |f: FilterFault| invalid("regex", f.why).keyed(&f.key).args(f.args);
        crate::domain::logs::check_pattern(&search.regex).map_err(wrong)?;
        let budget = Duration::from_millis(u64::from(search.budget_ms.min(SEARCH_MAX)));
        let Search { filter, regex, from, backwards, limit, .. } = search;
        self.search_logs(self.place(env, &filter)?, filter, budget, move |mut seen| {
            seen.wanted.text(&TextMatch { pattern: regex, inverted: false })?;
            let limit = rows(limit).max(1);
            let hits = seen.view.search(&seen.wanted, place(from), backwards, limit, &seen.until)?;
            Ok(LogHits {
                rows: seen.rows(&hits.rows)?,
                searched_to: hits.searched_to.map(|at| match at {
                    At::Cursor(cursor) => LogAt::Cursor(Cursor(cursor)),
                    At::Time(time) => LogAt::Time(time),
                    At::Begin => LogAt::Begin,
                    At::End => LogAt::End,
                }),
                bytes: hits.bytes,
            })
        })
        .await
    }

    /// Counts over a time.
    pub(super) async fn log_histogram(
        self: &Arc<Self>,
        env: EnvId,
        filter: LogFilter,
        span: (Option<i64>, Option<i64>),
        buckets: u32,
    ) -> Result<LogHistogram, Failure> {
        self.search_logs(self.place(env, &filter)?, filter, BUDGET, move |seen| {
            let buckets = buckets.clamp(1, BUCKETS_MAX) as usize;
            let counts = seen.view.histogram(&seen.wanted, span, buckets, &seen.until)?;
            let Histogram { from, to, buckets, complete } = counts;
            Ok(LogHistogram { from, to, buckets, complete })
        })
        .await
    }

    /// Everything about one record.
    pub(super) async fn log_record(
        self: &Arc<Self>,
        env: EnvId,
        cursor: Cursor,
    ) -> Result<LogRecord, Failure> {
        let place = self.place_of(env, cursor)?;
        let found =
            self.search_logs(place, LogFilter::default(), BUDGET, move |seen| seen.record(cursor)).await?;
        found.ok_or_else(|| no_record(cursor))
    }

    /// Rows of some records, where they are kept still.
    pub(super) async fn log_rows(
        self: &Arc<Self>,
        env: EnvId,
        cursors: Vec<Cursor>,
    ) -> Result<Vec<Option<LogRow>>, Failure> {
        let mut out: Vec<Option<LogRow>> = vec![None; cursors.len()];
        // Collected ones are asked for together; each attempt's output is a place of its own.
        let mut places: BTreeMap<Option<u64>, Vec<(usize, Cursor)>> = BTreeMap::new();
        for (at, cursor) in cursors.into_iter().enumerate() {
            let attempt = output::is_output(cursor).then(|| output::attempt_of(cursor));
            places.entry(attempt).or_default().push((at, cursor));
        }
        for asked in places.into_values() {
            let Some((_, first)) = asked.first() else { continue };
            let place = match self.place_of(env, *first) {
                Err(why) if why.kind == FailureKind::NotFound && output::is_output(*first) => continue,
                place => place?,
            };
            let one = move |seen: &Seen<'_>, cursor: Cursor| {
                let found = seen.view.get(cursor.0)?;
                found.map(|f| row(&f, &seen.sources, seen.findings)).transpose()
            };
            let rows = self.search_logs(place, LogFilter::default(), BUDGET, move |seen| {
                asked
                    .into_iter()
                    .map(|(at, cursor)| Ok((at, one(&seen, cursor)?)))
                    .collect::<Result<Vec<_>, _>>()
            });
            for (at, row) in rows.await? {
                if let Some(slot) = out.get_mut(at) {
                    *slot = row;
                }
            }
        }
        Ok(out)
    }
}
