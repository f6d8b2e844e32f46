//! One pane of the logs: a filter, the rows that were pulled for it, and the selected one.
//!
//! Rows are pulled in pieces around the place that is looked at, one question at a time, and those far away are forgotten, so
//! that a pane costs the same in a log of ten lines and in one of ten million. What lies between the first and the last row is
//! always complete. Following keeps the newest row selected; going up stops it. Filter, scroll, wrap and the horizontal
//! position do not touch each other. `answers` puts rows where they belong, `moves` moves about in
//! them, `loki` has them come out of Loki instead.

mod answers;
mod loki;
mod moves;

pub use loki::{FromLoki, query, span};

use super::stamps;
use crate::api::Request;
use crate::api::logs::{LogAsk, LogAt, LogNews, LogRow, ROWS_MAX, TraceOf};
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::Text;
use crate::tui::screens::log_pane::Forward;
use crate::tui::text;
use regex::Regex;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Rows asked for at once.
const PULL: u32 = 200;
/// Rows that a pane keeps.
const KEEP: usize = 3_000;
/// Rows of a trace that are shown.
const TRACE_MAX: usize = 10_000;
/// Rows that are left in a direction when more are asked for.
const NEAR: usize = 80;
/// Lines of different nodes may come so much out of order, microseconds.
const LATE: i64 = 10_000_000;
/// How long the engine searches before it says how far it got, milliseconds.
const BUDGET: u32 = 400;
/// Columns by which the text moves to the side.
const ASIDE: usize = 8;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Rows around a place, in place of what is there.
    Fresh(LogAt),
    /// Rows before the first one; the place from which the engine goes on when it took too long.
    Before(LogAt),
    /// Rows after the last one.
    After(LogAt),
    /// Rows since that time, in place of the last ones.
    Since(i64),
    /// The next rows of a trace.
    Trace(Option<i64>),
    /// The next match.
    Find(Forward),
}

/// What is searched for.
pub struct Find {
    /// As it was typed.
    pub text: String,
    /// As it is compared here; the engine has its own.
    pub regex: Regex,
}

/// The widest names among the rows, columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Widths {
    /// Of nodes.
    pub node: usize,
    /// Of services.
    pub service: usize,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Searching {
    /// None is under way.
    #[default]
    No,
    /// It has just begun.
    Begun,
    /// So far, microseconds.
    Until(i64),
}

/// One pane.
#[expect(
    clippy::struct_excessive_bools,
    reason = "follow and wrap are switches, begin and end what is known"
)]
pub struct Pane {
    env: EnvId,
    /// Its number, for answers.
    pub id: u64,
    /// Which rows.
    pub filter: LogFilter,
    /// The rows of one request or instance instead.
    pub trace: Option<TraceOf>,
    /// The rows of a query to Loki instead.
    pub loki: Option<FromLoki>,
    /// The newest row stays selected.
    pub follow: bool,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Columns of the text that lie left of the pane.
    pub left: usize,
    /// What is searched for.
    pub find: Option<Find>,
    /// Why the last question was refused.
    pub refused: Option<Text>,
    /// The search that is under way.
    pub searching: Searching,
    rows: Vec<LogRow>,
    begin: bool,
    end: bool,
    above: u64,
    total: u64,
    widths: Widths,
    loaded: bool,
    at: usize,
    pub(super) top: Cell<usize>,
    pub(super) page: Cell<usize>,
    asked: Option<(u64, What)>,
    number: u64,
    again: bool,
    /// Time of the newest record that the last question could find.
    news: i64,
    known: i64,
}

impl Pane {
    /// A pane that shows the newest rows.
    pub fn new(env: EnvId, id: u64, filter: LogFilter) -> Self {
        Self {
            env,
            id,
            filter,
            trace: None,
            loki: None,
            follow: true,
            wrap: false,
            left: 0,
            find: None,
            refused: None,
            searching: Searching::No,
            rows: Vec::new(),
            begin: false,
            end: false,
            above: 0,
            total: 0,
            widths: Widths::default(),
            loaded: false,
            at: 0,
            top: Cell::new(0),
            page: Cell::new(20),
            asked: None,
            number: 0,
            again: false,
            news: 0,
            known: 0,
        }
    }

    /// The rows there are.
    pub fn rows(&self) -> &[LogRow] {
        &self.rows
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&LogRow> {
        self.rows.get(self.at)
    }

    /// Place of the selected row among [`Self::rows`].
    pub fn at(&self) -> usize {
        self.at
    }

    /// The widest names.
    pub fn widths(&self) -> Widths {
        self.widths
    }

    /// An answer has come.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// There is more than one screen knows: nothing after the last row.
    pub fn reaches_end(&self) -> bool {
        self.end
    }

    /// The selected row's place among about how many, from 1; `None` when nobody knows.
    pub fn place(&self) -> Option<(u64, u64)> {
        if self.total == 0 || self.rows.is_empty() {
            return None;
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(0);
        // What the engine tells is of all records of these times, levels and sources; an end that is here is known.
        let above = if self.begin { 0 } else { self.above };
        let total = if self.end { above.saturating_add(count(self.rows.len())) } else { self.total };
        Some((above.saturating_add(count(self.at)).saturating_add(1).min(total), total))
    }

    fn ask(&mut self, what: What) -> Vec<Effect> {
        if self.loki.is_some() {
            let Some(request) = self.loki_question(what) else { return Vec::new() };
            self.number += 1;
            self.asked = Some((self.number, what));
            return vec![Effect::Call(Tag::Item(self.id << 32 | self.number), request)];
        }
        let (env, filter) = (self.env, self.filter.clone());
        let window = |at, before, after| LogAsk::Window { env, filter: filter.clone(), at, before, after };
        let room = u32::try_from(self.page.get()).unwrap_or(PULL).clamp(PULL / 2, ROWS_MAX / 2);
        let ask = match what {
            What::Fresh(LogAt::End) => window(LogAt::End, room * 2, 0),
            What::Fresh(LogAt::Begin) => window(LogAt::Begin, 0, room * 2),
            What::Fresh(at) => window(at, room, room),
            What::Before(at) => window(at, PULL, 0),
            What::After(at) => window(at, 0, PULL),
            What::Since(time) => window(LogAt::Time(time), 0, ROWS_MAX),
            What::Trace(from) => {
                let Some(of) = self.trace.clone() else { return Vec::new() };
                LogAsk::Trace { env, of, after: self.rows.last().map(|r| r.cursor), from }
            }
            What::Find(way) => {
                let Some(find) = &self.find else { return Vec::new() };
                let from = match (self.searching, self.selected()) {
                    (Searching::Until(time), _) => LogAt::Time(time),
                    (_, Some(row)) => LogAt::Cursor(row.cursor),
                    (_, None) => LogAt::End,
                };
                let backwards = way == Forward::No;
                let regex = find.text.clone();
                LogAsk::Search { env, filter, regex, from, backwards, limit: 1, budget_ms: BUDGET }
            }
        };
        self.number += 1;
        self.asked = Some((self.number, what));
        self.again = false;
        self.known = self.news;
        vec![Effect::Call(Tag::Item(self.id << 32 | self.number), Request::Logs(ask))]
    }

    /// Shows the rows around a place; forgets what was there.
    pub fn show(&mut self, at: LogAt) -> Vec<Effect> {
        self.follow = at == LogAt::End && self.trace.is_none();
        self.searching = Searching::No;
        if self.trace.is_some() {
            self.rows.clear();
            return self.ask(What::Trace(None));
        }
        let mut effects = self.end_tail();
        effects.extend(self.ask(What::Fresh(at)));
        effects
    }

    /// Looks with another filter; the place stays where there is one.
    pub fn refilter(&mut self, filter: LogFilter) -> Vec<Effect> {
        let at = match self.selected() {
            Some(row) if !self.follow => LogAt::Time(row.time),
            _ => LogAt::End,
        };
        self.filter = filter;
        self.loaded = false;
        self.rows.clear();
        self.show(at)
    }

    /// The filter that takes the lines shown here, those of a trace as well.
    pub fn lines_of(&self) -> LogFilter {
        match &self.trace {
            None => self.filter.clone(),
            Some(TraceOf::Request(id)) => LogFilter { request: Some(id.clone()), ..LogFilter::default() },
            Some(TraceOf::Instance(id)) => LogFilter { instance: Some(id.clone()), ..LogFilter::default() },
        }
    }

    /// Where another pane is to begin that stands beside this one.
    pub fn place_to_go(&self) -> LogAt {
        let here = self.selected().filter(|_| !self.follow).map(|r| LogAt::Time(r.time));
        here.unwrap_or(LogAt::End)
    }

    /// Asks again for what is shown: the connection was lost meanwhile.
    pub fn online(&mut self) -> Vec<Effect> {
        let here = self.selected().map(|r| LogAt::Cursor(r.cursor));
        self.show(here.filter(|_| !self.follow).unwrap_or(LogAt::End))
    }

    /// More records have come.
    pub fn news(&mut self, news: &LogNews) -> Vec<Effect> {
        self.news = self.news.max(news.time);
        if self.loki.is_some() {
            return Vec::new();
        }
        if self.filter.is_of_a_job() && !self.follow {
            return Vec::new();
        }
        self.end = false;
        if self.asked.is_some() {
            self.again = true;
            return Vec::new();
        }
        self.catch_up()
    }

    fn catch_up(&mut self) -> Vec<Effect> {
        if self.trace.is_some() {
            return if self.rows.len() < TRACE_MAX { self.ask(What::Trace(None)) } else { Vec::new() };
        }
        if !self.follow {
            return self.pull();
        }
        // A filter over texts would look through everything for its last rows again and again.
        let begun = self.loaded && self.known > 0;
        let since = if self.filter.reads_text() && begun { Some(self.known - LATE) } else { None };
        self.ask(since.map_or(What::Fresh(LogAt::End), What::Since))
    }

    /// Asks for what lies next to the selected row and is not here.
    fn pull(&mut self) -> Vec<Effect> {
        if self.asked.is_some() || self.trace.is_some() || !self.loaded {
            return Vec::new();
        }
        let near = NEAR.max(self.page.get());
        if !self.begin && self.at < near {
            let first = self.rows.first().map_or(LogAt::End, |r| LogAt::Cursor(r.cursor));
            return self.ask(What::Before(first));
        }
        if !self.end && self.at + near >= self.rows.len() {
            return match self.rows.last() {
                Some(row) => {
                    let last = LogAt::Cursor(row.cursor);
                    self.ask(What::After(last))
                }
                None => self.ask(What::Fresh(LogAt::End)),
            };
        }
        Vec::new()
    }

    /// Whether there is a histogram of its lines: not of a trace, of Loki, of output that has no times of its own.
    pub fn is_counted(&self) -> bool {
        self.trace.is_none() && self.loki.is_none() && !self.filter.is_of_a_job()
    }

    /// A job has got on: what it printed since is fetched while it is followed.
    pub fn job_news(&mut self) -> Vec<Effect> {
        if !self.filter.is_of_a_job() || !self.follow || self.asked.is_some() || !self.loaded {
            return Vec::new();
        }
        self.ask(What::Fresh(LogAt::End))
    }

    /// Values of fields that the rows in sight have, the selected one's first.
    pub fn seen(&self) -> BTreeMap<&'static str, Vec<String>> {
        let from = self.at.saturating_sub(self.page.get());
        let near = self.rows.iter().skip(from).take(self.page.get() * 2);
        let mut out = BTreeMap::<&'static str, Vec<String>>::new();
        for row in self.selected().into_iter().chain(near) {
            let pid = row.pid.map(|p| p.to_string());
            let fields = [
                ("component", row.component.as_ref()),
                ("request", row.request_id.as_ref()),
                ("instance", row.instance.as_ref()),
                ("pid", pid.as_ref()),
            ];
            for (name, value) in fields {
                let known = out.entry(name).or_default();
                if let Some(value) = value.filter(|v| !known.contains(v)) {
                    known.push(value.clone());
                }
            }
        }
        out
    }

    fn measure(&mut self) {
        let widest =
            |of: fn(&LogRow) -> &str| self.rows.iter().map(|r| text::width(of(r))).max().unwrap_or(0);
        self.widths = Widths { node: widest(|r| &r.node), service: widest(|r| &r.service) };
    }

    /// First and last time of the rows that are here, microseconds.
    pub fn span(&self) -> Option<(i64, i64)> {
        Some((self.rows.first()?.time, self.rows.last()?.time))
    }

    /// Whether a row shows another day than `now`.
    pub fn other_days(&self, zone: &jiff::tz::TimeZone, now: i64) -> bool {
        self.span().is_some_and(|(first, last)| {
            [first, last].into_iter().any(|time| stamps::day(zone, time) != stamps::day(zone, now))
        })
    }
}
