//! A pane's rows out of the environment's Loki instead of the collected logs.
//!
//! The query is LogQL; what comes back is put into the same rows, so that moving, wrapping, times, shared time of panes and
//! export are the same. Older rows are asked for backwards from the first one, newer ones forwards; following is Loki's own
//! live tail, which the engine keeps and which is asked after again and again.

use super::super::TAIL_END;
use super::super::draw::tame;
use super::super::loki::{ql, rows};
use super::{PULL, Pane, Searching, What};
use crate::api::Request;
use crate::api::logs::{Cursor, LogAt, LogHits, LogRow, LogWindow, ROWS_MAX};
use crate::api::loki::LokiAsk;
use crate::domain::ids::EnvId;
use crate::domain::logs::When;
use crate::domain::loki::{LokiAnswer, LokiEntry, LokiQuery, LokiTail};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screens::log_pane::Forward;
use std::collections::HashMap;

/// How far back is looked when nothing else is said, microseconds: Loki refuses more than 30 days and an hour.
const BACK: i64 = 30 * 24 * 3_600 * 1_000_000;
/// Clocks may be apart so much, microseconds.
const AHEAD: i64 = 60 * 1_000_000;
/// Entries that are looked at for the next match.
const HITS: u32 = 50;
/// Entries that are remembered for their details.
const KEEP: usize = 8_000;

/// How the live tail goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Live {
    /// There is none.
    #[default]
    No,
    /// It was asked for with this question.
    Opening(u64),
    /// Its number, and the question that waits for news.
    Open(u64, u64),
}

/// What a pane knows about its query.
#[derive(Default)]
pub struct FromLoki {
    /// In LogQL.
    pub query: String,
    /// What was odd about the last answer, in words.
    pub notes: Vec<String>,
    /// Entries that the tail lost because somebody was too slow.
    pub dropped: u64,
    /// The clock, microseconds.
    pub now: i64,
    live: Live,
    entries: HashMap<u64, LokiEntry>,
}

impl FromLoki {
    /// A query whose answer is not known yet; `now` in microseconds.
    pub fn new(query: &str, now: i64) -> Self {
        Self { query: query.to_owned(), now, ..Self::default() }
    }

    /// New entries come by themselves.
    pub fn is_live(&self) -> bool {
        matches!(self.live, Live::Open(..))
    }

    /// The entry of a row.
    pub fn entry(&self, cursor: Cursor) -> Option<&LokiEntry> {
        self.entries.get(&cursor.0)
    }

    fn keep(&mut self, entry: LokiEntry) -> LogRow {
        let row = rows::row(&entry);
        if self.entries.len() >= KEEP {
            self.entries.clear();
        }
        self.entries.insert(row.cursor.0, entry);
        row
    }
}

/// From and up to, microseconds.
pub fn span(from: Option<When>, to: Option<When>, now: i64) -> (i64, i64) {
    let from = from.map_or(now.saturating_sub(BACK), |w| w.at(now));
    (from, to.map_or(now.saturating_add(AHEAD), |w| w.at(now)).max(from.saturating_add(1)))
}

/// A query for entries between two times, microseconds.
pub fn query(env: EnvId, text: &str, (from, to): (i64, i64), limit: u32, forward: bool) -> Request {
    let nanos = |us: i64| us.saturating_mul(1_000);
    let (start, end) = (nanos(from), nanos(to));
    let query = LokiQuery { query: text.to_owned(), start, end, limit, forward, step: None };
    Request::Loki(LokiAsk::Query { env, query })
}

/// Ends a tail. Nobody needs to know what was left, or that it was over already.
fn close(tail: u64) -> Effect {
    Effect::Call(Tag::Item(TAIL_END), Request::Loki(LokiAsk::TailClose { tail }))
}

impl Pane {
    /// What to ask Loki; `None`: nothing of that kind.
    pub(super) fn loki_question(&self, what: What) -> Option<Request> {
        let loki = self.loki.as_ref()?;
        let (from, to) = span(self.filter.from, self.filter.to, loki.now);
        let first = self.rows().first().map_or(to, |r| r.time.saturating_add(1));
        let last = self.rows().last().map_or(from, |r| r.time);
        let room = u32::try_from(self.page.get()).unwrap_or(PULL).clamp(PULL / 2, ROWS_MAX / 2);
        let ask = |text: &str, span, limit, forward| Some(query(self.env, text, span, limit, forward));
        match what {
            What::Fresh(LogAt::End) => ask(&loki.query, (from, to), room * 2, false),
            What::Fresh(LogAt::Begin) => ask(&loki.query, (from, to), room * 2, true),
            What::Fresh(LogAt::Time(time)) => ask(&loki.query, (time, to.max(time + 1)), room, true),
            What::Fresh(LogAt::Cursor(cursor)) => {
                let time = loki.entry(cursor).map_or(from, |e| e.time / 1_000);
                ask(&loki.query, (time, to.max(time + 1)), room, true)
            }
            What::Before(_) => ask(&loki.query, (from, first.max(from + 1)), PULL, false),
            What::After(_) | What::Since(_) => ask(&loki.query, (last, to.max(last + 1)), PULL, true),
            What::Find(way) => {
                let find = self.find.as_ref()?;
                let here = self.selected().map_or(to, |r| r.time);
                let text = ql::matching(&loki.query, &find.text);
                match way {
                    Forward::Yes => ask(&text, (here, to.max(here + 1)), HITS, true),
                    Forward::No => ask(&text, (from, here.saturating_add(1).max(from + 1)), HITS, false),
                }
            }
            What::Trace(_) => None,
        }
    }

    /// Entries, or lines of figures, have come.
    pub fn loki_came(&mut self, number: u64, answer: LokiAnswer) -> Vec<Effect> {
        let Some((_, what)) = self.asked.filter(|(wanted, _)| *wanted == number) else { return Vec::new() };
        let Some(loki) = self.loki.as_mut() else { return Vec::new() };
        loki.notes = answer.notes;
        let figures = !answer.series.is_empty();
        let came = answer.entries.len();
        let mut rows: Vec<LogRow> = answer.entries.into_iter().map(|e| loki.keep(e)).collect();
        if let What::Find(way) = what {
            let hit = self.beyond(&rows, way);
            return self.hits(number, &LogHits { rows: hit.into_iter().collect(), ..LogHits::default() });
        }
        rows.extend(answer.series.iter().map(rows::figures));
        rows.sort_by_key(|r| r.time);
        let known = |r: &LogRow| self.rows().iter().any(|k| k.cursor == r.cursor);
        let stands = came > 0 && rows.iter().all(known);
        let all = !answer.more || figures || stands;
        let (reaches_begin, reaches_end) = match what {
            What::Fresh(LogAt::End) | What::Before(_) => (all, true),
            What::Fresh(LogAt::Begin) => (true, all),
            _ => (false, all),
        };
        let follows = self.follow && what == What::Fresh(LogAt::End) && !figures;
        let window = LogWindow { rows, reaches_begin, reaches_end, ..LogWindow::default() };
        let mut effects = self.window(number, window);
        if follows {
            effects.extend(self.open_tail());
        }
        effects
    }

    /// The first row beyond the selected one.
    fn beyond(&self, rows: &[LogRow], way: Forward) -> Option<LogRow> {
        let here = self.selected();
        let at = rows.iter().position(|r| here.is_some_and(|h| h.cursor == r.cursor));
        if let Some(at) = at {
            return rows.get(at + 1).cloned();
        }
        let passes = |r: &&LogRow| match (here, way) {
            (Some(here), Forward::Yes) => r.time > here.time,
            (Some(here), Forward::No) => r.time < here.time,
            (None, _) => true,
        };
        rows.iter().find(passes).cloned()
    }

    fn open_tail(&mut self) -> Vec<Effect> {
        let start = self.rows().last().map(|r| r.time.saturating_mul(1_000));
        let (env, number) = (self.env, self.next_number());
        let Some(loki) = self.loki.as_mut().filter(|l| l.live == Live::No) else { return Vec::new() };
        loki.live = Live::Opening(number);
        let ask = LokiAsk::TailOpen { env, query: loki.query.clone(), limit: PULL, start };
        vec![self.tail_call(number, ask)]
    }

    fn tail_call(&self, number: u64, ask: LokiAsk) -> Effect {
        Effect::Call(Tag::Item(self.id << 32 | number), Request::Loki(ask))
    }

    /// Ends the live tail, if there is one.
    pub fn end_tail(&mut self) -> Vec<Effect> {
        let Some(loki) = self.loki.as_mut() else { return Vec::new() };
        match std::mem::take(&mut loki.live) {
            Live::Open(tail, _) => vec![close(tail)],
            _ => Vec::new(),
        }
    }

    /// The tail has a number.
    pub fn tailing(&mut self, number: u64, tail: u64) -> Vec<Effect> {
        let follow = self.follow;
        let next = self.next_number();
        let wanted = self.loki.as_mut().filter(|l| l.live == Live::Opening(number) && follow);
        if let Some(loki) = wanted {
            loki.live = Live::Open(tail, next);
            return vec![self.tail_call(next, LokiAsk::TailNext { tail })];
        }
        if let Some(loki) = self.loki.as_mut().filter(|l| l.live == Live::Opening(number)) {
            loki.live = Live::No;
        }
        vec![close(tail)]
    }

    /// What the tail brought.
    pub fn tailed(&mut self, number: u64, came: LokiTail) -> Vec<Effect> {
        let (follow, next) = (self.follow, self.next_number());
        let Some(loki) = self.loki.as_mut() else { return Vec::new() };
        let Live::Open(tail, _) = loki.live.filter_question(number) else { return Vec::new() };
        loki.dropped = loki.dropped.saturating_add(came.dropped);
        let rows: Vec<LogRow> = came.entries.into_iter().map(|e| loki.keep(e)).collect();
        if let Some(why) = came.ended {
            loki.live = Live::No;
            self.add_live(rows);
            self.refused = Some(t!("loki-tail-ended", why = why));
            return Vec::new();
        }
        if !follow {
            let effects = self.end_tail();
            self.add_live(rows);
            return effects;
        }
        loki.live = Live::Open(tail, next);
        self.add_live(rows);
        vec![self.tail_call(next, LokiAsk::TailNext { tail })]
    }

    /// A search is under way.
    pub fn is_searching(&self) -> bool {
        self.searching != Searching::No
    }

    /// A question about the tail was refused. False: it was none.
    pub fn tail_refused(&mut self, number: u64, why: &Text) -> bool {
        let Some(loki) = self.loki.as_mut() else { return false };
        let of_tail =
            loki.live == Live::Opening(number) || matches!(loki.live, Live::Open(_, n) if n == number);
        if of_tail {
            loki.live = Live::No;
            self.refused = Some(why.clone());
        }
        of_tail
    }
}

impl Pane {
    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// What has just been written stands at the end.
    fn add_live(&mut self, mut fresh: Vec<LogRow>) {
        fresh.retain(|r| self.rows.iter().rev().take(1_000).all(|known| known.cursor != r.cursor));
        if fresh.is_empty() {
            return;
        }
        fresh.iter_mut().for_each(tame);
        let here = self.selected().map(|r| r.cursor);
        self.rows.append(&mut fresh);
        self.rows.sort_by_key(|r| r.time);
        if self.follow {
            self.at = self.rows.len().saturating_sub(1);
        } else if let Some(at) = here.and_then(|c| self.find_row(c)) {
            self.at = at;
        }
        self.drop_front();
        self.measure();
    }
}

impl Live {
    fn filter_question(self, number: u64) -> Self {
        if matches!(self, Self::Open(_, n) if n == number) { self } else { Self::No }
    }
}
