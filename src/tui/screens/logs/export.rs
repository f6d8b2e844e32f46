//! Log lines into a file on this host: the rows of a filter, pulled page by page, records of many lines whole.
//!
//! The file is written at once when everything is here; it never grows beyond [`BYTES_MAX`], and says so when that cut it.

use super::loki::rows;
use super::{pane, stamps};
use crate::api::Request;
use crate::api::logs::{Cursor, LogAsk, LogAt, LogRecord, LogRow, LogWindow, MESSAGE_MAX, ROWS_MAX};
use crate::domain::ids::EnvId;
use crate::domain::logs::{Level as Severity, LogFilter};
use crate::domain::loki::{ENTRIES_MAX, LokiAnswer};
use crate::domain::text::harmless;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Most bytes of a file.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Records asked for at once for their whole text.
const WHOLE: usize = 8;

/// Asks where to; the answer reaches the page as a line of the command line.
pub fn ask(env: &str) -> Box<dyn Screen> {
    let path = format!("~/{env}-logs.txt");
    let field = Field::text("path", t!("field-log-path"), &path).hint(t!("hint-log-path"));
    Box::new(Form::new(Ask, vec![field]))
}

struct Ask;

impl Purpose for Ask {
    fn name(&self) -> &'static str {
        "log-export"
    }

    fn title(&self) -> Text {
        t!("log-export-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let path = fields.text("path").to_owned();
        if path.is_empty() || path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
            return Vec::new();
        }
        vec![Effect::Close, Effect::Line(format!("log-export {path}"))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: crate::api::Response) -> Vec<Effect> {
        Vec::new()
    }
}

/// An export that is under way.
pub struct Export {
    env: EnvId,
    filter: LogFilter,
    path: String,
    json: bool,
    out: String,
    /// Rows of the page in hand, and whole records that have come for it.
    rows: Vec<LogRow>,
    whole: BTreeMap<u64, LogRecord>,
    wanted: Vec<u64>,
    waits: usize,
    last: Option<LogAt>,
    over: bool,
    /// The query to Loki whose entries are written instead, and between which times, microseconds.
    loki: Option<(String, (i64, i64))>,
    /// Entries of the last microsecond that has come.
    edge: Vec<Cursor>,
    /// Rows that are written.
    pub count: u64,
}

impl Export {
    /// An export of what a filter takes; a path that ends in `.json` or `.jsonl` gets JSON lines.
    pub fn new(env: EnvId, filter: LogFilter, path: &str) -> Self {
        let json = path.rsplit('.').next().is_some_and(|e| matches!(e, "json" | "jsonl" | "ndjson"));
        Self {
            env,
            filter,
            path: path.to_owned(),
            json,
            out: String::new(),
            rows: Vec::new(),
            whole: BTreeMap::new(),
            wanted: Vec::new(),
            waits: 0,
            last: None,
            over: false,
            loki: None,
            edge: Vec::new(),
            count: 0,
        }
    }

    /// Entries of Loki are written instead; `now` in microseconds.
    pub fn of_loki(&mut self, query: Option<&str>, now: i64) {
        self.loki = query.map(|q| (q.to_owned(), pane::span(self.filter.from, self.filter.to, now)));
    }

    /// A page of entries has come. `None`: all is done.
    pub fn entries(&mut self, cx: &Shared, tag: u64, answer: &LokiAnswer) -> Option<Vec<Effect>> {
        let rows: Vec<LogRow> = answer
            .entries
            .iter()
            .map(|e| LogRow { message: e.line.trim_end().to_owned(), ..rows::row(e) })
            .collect();
        let fresh = rows.last().is_some_and(|r| Some(LogAt::Cursor(r.cursor)) != self.last);
        if let (Some((_, span)), Some(last)) = (&mut self.loki, rows.last()) {
            span.0 = last.time;
        }
        // The entries of the microsecond at which the page before ended come again.
        let seen = std::mem::replace(&mut self.edge, Self::at_edge(&rows));
        let rows: Vec<LogRow> = rows.into_iter().filter(|r| !seen.contains(&r.cursor)).collect();
        self.last = rows.last().map(|r| LogAt::Cursor(r.cursor)).or(self.last);
        self.over = !answer.more || !fresh || rows.is_empty();
        self.rows = rows;
        self.waits = 0;
        self.go_on(cx, tag)
    }

    fn at_edge(rows: &[LogRow]) -> Vec<Cursor> {
        let edge = rows.last().map(|r| r.time);
        rows.iter().filter(|r| Some(r.time) == edge).map(|r| r.cursor).collect()
    }

    /// Asks for the next page.
    pub fn begin(&mut self, tag: u64) -> Vec<Effect> {
        if let Some((query, span)) = &self.loki {
            self.waits = 1;
            return vec![Effect::Call(
                Tag::Item(tag),
                pane::query(self.env, query, *span, ENTRIES_MAX, true),
            )];
        }
        let at = self.last.unwrap_or(LogAt::Begin);
        let (env, filter) = (self.env, self.filter.clone());
        let ask = LogAsk::Window { env, filter, at, before: 0, after: ROWS_MAX };
        self.waits = 1;
        vec![Effect::Call(Tag::Item(tag), Request::Logs(ask))]
    }

    /// A page has come. `None`: all is done.
    pub fn page(&mut self, cx: &Shared, tag: u64, window: LogWindow) -> Option<Vec<Effect>> {
        let mut rows = window.rows;
        if let Some(LogAt::Cursor(last)) = self.last {
            rows.retain(|r| r.cursor != last);
        }
        self.over = window.reaches_end || (rows.is_empty() && window.searched_to.is_none());
        let on = rows.last().map(|r| LogAt::Cursor(r.cursor)).or(window.searched_to.map(LogAt::Time));
        self.over |= on.is_none() || on == self.last;
        self.last = on.or(self.last);
        let whole = rows.iter().filter(|r| r.lines > 1 || r.message.len() >= MESSAGE_MAX);
        self.wanted = whole.map(|r| r.cursor.0).collect();
        self.rows = rows;
        self.waits = 0;
        self.go_on(cx, tag)
    }

    /// A whole record has come, or could not be had. `None`: all is done.
    pub fn record(&mut self, cx: &Shared, tag: u64, record: Option<LogRecord>) -> Option<Vec<Effect>> {
        self.waits = self.waits.saturating_sub(1);
        if let Some(record) = record {
            self.whole.insert(record.row.cursor.0, record);
        }
        if self.waits > 0 {
            return Some(Vec::new());
        }
        self.go_on(cx, tag)
    }

    fn go_on(&mut self, cx: &Shared, tag: u64) -> Option<Vec<Effect>> {
        if !self.wanted.is_empty() {
            let next = self.wanted.split_off(self.wanted.len().saturating_sub(WHOLE));
            self.waits = next.len();
            let env = self.env;
            let ask = |n: u64| LogAsk::Record { env, cursor: crate::api::logs::Cursor(n) };
            return Some(
                next.into_iter().map(|n| Effect::Call(Tag::Item(tag), Request::Logs(ask(n)))).collect(),
            );
        }
        for row in std::mem::take(&mut self.rows) {
            let record = self.whole.remove(&row.cursor.0);
            let line =
                if self.json { json(&row, record.as_ref()) } else { plain(&cx.zone, &row, record.as_ref()) };
            self.out.push_str(&line);
            self.out.push('\n');
            self.count += 1;
        }
        if self.over || self.out.len() >= BYTES_MAX { None } else { Some(self.begin(tag)) }
    }

    /// What is to be done with it at the end.
    pub fn finish(self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.over {
            effects.push(Effect::Say(
                Level::Warn,
                t!("logs-export-cut", size = crate::tui::text::bytes(BYTES_MAX as u64)),
            ));
        }
        effects.push(Effect::WriteFile { path: self.path, text: self.out });
        effects
    }
}

fn message<'a>(row: &'a LogRow, record: Option<&'a LogRecord>) -> &'a str {
    record.map_or(row.message.as_str(), |r| r.message.as_str())
}

/// A row as a line to read, continuation lines under it.
pub fn plain(zone: &TimeZone, row: &LogRow, record: Option<&LogRecord>) -> String {
    let time = stamps::at(zone, row.time, "%Y-%m-%d %H:%M:%S%.3f");
    let level = row.level.map_or("-", Severity::upper);
    let component = row.component.as_deref().unwrap_or("-");
    let request = row.request_id.as_deref().map(|r| format!("[{r}] ")).unwrap_or_default();
    let text =
        format!("{time} {} {} {level} {component} {request}{}", row.node, row.service, message(row, record));
    harmless(&text)
}

/// A row as a JSON object.
pub fn json(row: &LogRow, record: Option<&LogRecord>) -> String {
    let whole = |of: fn(&LogRecord) -> &Option<String>| record.and_then(|r| of(r).clone());
    serde_json::json!({
        "timestamp": stamps::at(&TimeZone::UTC, row.time, "%Y-%m-%dT%H:%M:%S%.3fZ"),
        "node": row.node,
        "service": row.service,
        "pid": row.pid,
        "level": row.level.map(Severity::upper),
        "component": row.component,
        "request_id": row.request_id,
        "global_request_id": whole(|r| &r.global_request_id),
        "user_id": whole(|r| &r.user_id),
        "project_id": whole(|r| &r.project_id),
        "instance": row.instance,
        "message": message(row, record),
    })
    .to_string()
}
