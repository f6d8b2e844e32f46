//! What becomes of the engine's answers: rows are put where they belong, those far away are forgotten.

use super::super::draw::tame;
use super::{KEEP, Pane, Searching, TRACE_MAX, What};
use crate::api::logs::{LogAt, LogHits, LogWindow};
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::{Text, t};
use crate::tui::screens::log_pane::Forward;

impl Pane {
    /// Whether an answer with that number is for this pane and still wanted.
    fn expects(&mut self, number: u64) -> Option<What> {
        let (_, what) = self.asked.filter(|(wanted, _)| *wanted == number)?;
        self.asked = None;
        Some(what)
    }

    /// Rows have come.
    pub fn window(&mut self, number: u64, window: LogWindow) -> Vec<Effect> {
        let Some(what) = self.expects(number) else { return Vec::new() };
        self.refused = None;
        self.loaded = true;
        let LogWindow { mut rows, before, reaches_begin, reaches_end, above, total, searched_to } = window;
        rows.iter_mut().for_each(tame);
        let selected = self.selected().map(|r| r.cursor);
        let came = rows.len();
        let mut on = None;
        match what {
            What::Fresh(at) => {
                self.rows = rows;
                (self.begin, self.end, self.above, self.total) = (reaches_begin, reaches_end, above, total);
                let wanted = match at {
                    LogAt::End => usize::MAX,
                    LogAt::Begin => 0,
                    LogAt::Time(_) => usize::try_from(before).unwrap_or(0),
                    LogAt::Cursor(c) => self.find_row(c).unwrap_or(usize::try_from(before).unwrap_or(0)),
                };
                self.at = wanted.min(self.rows.len().saturating_sub(1));
                self.top.set(self.at.saturating_sub(self.page.get() / 2));
                if self.rows.is_empty()
                    && !reaches_begin
                    && at == LogAt::End
                    && let Some(time) = searched_to
                {
                    on = Some(What::Before(LogAt::Time(time.saturating_add(1))));
                }
            }
            What::Before(from) => {
                rows.retain(|r| self.rows.iter().take(64).all(|known| known.cursor != r.cursor));
                let fresh = rows.len();
                rows.append(&mut self.rows);
                self.rows = rows;
                (self.begin, self.above, self.total) = (reaches_begin, above, total.max(self.total));
                self.at += fresh;
                self.top.set(self.top.get() + fresh);
                if self.rows.len() > KEEP {
                    self.rows.truncate(KEEP.max(self.at + 1));
                    self.end = false;
                }
                // Going back, the records of that very moment must not be left out.
                on = go_on(searched_to.map(|t| t.saturating_add(1)), from, fresh).map(What::Before);
            }
            What::After(from) => {
                let tail = self.rows.len().saturating_sub(64);
                rows.retain(|r| self.rows.iter().skip(tail).all(|known| known.cursor != r.cursor));
                on = go_on(searched_to, from, rows.len()).map(What::After);
                self.rows.append(&mut rows);
                (self.end, self.total) = (reaches_end, total.max(self.total));
                self.drop_front();
            }
            What::Since(time) => {
                if !reaches_end && searched_to.is_none() {
                    return self.ask(What::Fresh(LogAt::End));
                }
                let keep = self.rows.partition_point(|r| r.time < time);
                self.rows.truncate(keep);
                self.rows.append(&mut rows);
                (self.end, self.total) = (true, total.max(self.total));
                self.drop_front();
            }
            What::Trace(_) => {
                self.rows.append(&mut rows);
                self.begin = true;
                self.end = reaches_end || (came == 0 && searched_to.is_none());
                self.searching = match searched_to {
                    Some(time) if !self.end => Searching::Until(time),
                    _ => Searching::No,
                };
                if !self.end && self.rows.len() < TRACE_MAX {
                    on = Some(What::Trace(searched_to));
                }
            }
            What::Find(_) => {}
        }
        if self.follow {
            self.at = self.rows.len().saturating_sub(1);
        } else if !matches!(what, What::Fresh(_))
            && let Some(at) = selected.and_then(|c| self.find_row(c))
        {
            self.at = at;
        }
        self.at = self.at.min(self.rows.len().saturating_sub(1));
        self.measure();
        match on {
            Some(what) => self.ask(what),
            None if self.again => self.catch_up(),
            None => self.pull(),
        }
    }

    pub(super) fn drop_front(&mut self) {
        let excess = self.rows.len().saturating_sub(KEEP).min(if self.follow { usize::MAX } else { self.at });
        if excess > 0 {
            self.rows.drain(..excess);
            self.at = self.at.saturating_sub(excess);
            self.top.set(self.top.get().saturating_sub(excess));
            self.above = self.above.saturating_add(u64::try_from(excess).unwrap_or(0));
            self.begin = false;
        }
    }

    /// Hits of a search have come.
    pub fn hits(&mut self, number: u64, hits: &LogHits) -> Vec<Effect> {
        let Some(What::Find(way)) = self.expects(number) else { return Vec::new() };
        if let Some(hit) = hits.rows.first() {
            self.searching = Searching::No;
            return self.go_to(hit.cursor);
        }
        match hits.searched_to {
            Some(LogAt::Time(time)) if self.searching != Searching::Until(time) => {
                self.searching = Searching::Until(time);
                self.ask(What::Find(way))
            }
            _ => {
                self.searching = Searching::No;
                let what = self.find.as_ref().map(|f| f.text.clone()).unwrap_or_default();
                let text = match way {
                    Forward::Yes => t!("logs-no-next", what = what),
                    Forward::No => t!("logs-no-previous", what = what),
                };
                vec![Effect::Say(Level::Info, text)]
            }
        }
    }

    /// The question with that number was refused. False when nobody waits for it.
    pub fn refuse(&mut self, number: u64, why: Text) -> bool {
        if self.tail_refused(number, &why) {
            return true;
        }
        if self.expects(number).is_none() {
            return false;
        }
        self.searching = Searching::No;
        self.loaded = true;
        self.again = false;
        self.refused = Some(why);
        true
    }
}

/// The next place to ask for when the engine took too long; `None` when it is done, or does not get on.
fn go_on(searched_to: Option<i64>, from: LogAt, fresh: usize) -> Option<LogAt> {
    let next = LogAt::Time(searched_to?);
    (fresh == 0 && next != from).then_some(next)
}
