//! Moving about in the rows of a pane: by keys, to a record, to a time, to the next match.

use super::{ASIDE, Pane, Searching, What};
use crate::api::logs::{Cursor, LogAt};
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::t;
use crate::tui::keymap::Action;
use crate::tui::screens::log_pane::Forward;

impl Pane {
    /// Stops a search that is under way. False when there is none.
    pub fn give_up(&mut self) -> bool {
        if std::mem::take(&mut self.searching) == Searching::No {
            return false;
        }
        self.asked = None;
        true
    }

    /// Selects a record, whether it is here or not.
    pub fn go_to(&mut self, cursor: Cursor) -> Vec<Effect> {
        self.follow = false;
        match self.find_row(cursor) {
            Some(at) => self.go(at),
            None => self.show(LogAt::Cursor(cursor)),
        }
    }

    /// Selects the first row that is not older than `time`, microseconds.
    pub fn go_to_time(&mut self, time: i64) -> Vec<Effect> {
        let within = |s: &Self| {
            let (first, last) = (s.rows.first().map(|r| r.time), s.rows.last().map(|r| r.time));
            (s.begin || first.is_some_and(|f| f <= time)) && (s.end || last.is_some_and(|l| l >= time))
        };
        if within(self) {
            let at = self.rows.partition_point(|r| r.time < time);
            return self.go(at);
        }
        if matches!(self.asked, Some((_, What::Fresh(LogAt::Time(asked)))) if asked == time) {
            return Vec::new();
        }
        self.show(LogAt::Time(time))
    }

    pub(super) fn find_row(&self, cursor: Cursor) -> Option<usize> {
        self.rows.iter().position(|r| r.cursor == cursor)
    }

    pub(super) fn go(&mut self, at: usize) -> Vec<Effect> {
        let at = at.min(self.rows.len().saturating_sub(1));
        if at < self.at {
            self.follow = false;
        }
        self.at = at;
        self.pull()
    }

    fn search(&mut self, way: Forward) -> Vec<Effect> {
        if self.find.is_none() {
            return vec![Effect::Say(Level::Info, t!("logs-no-search"))];
        }
        self.searching = Searching::Begun;
        self.ask(What::Find(way))
    }

    /// Does an action; `None`: not mine.
    pub fn act(&mut self, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        let at = self.at;
        Some(match action {
            Action::Up => self.go(at.saturating_sub(1)),
            Action::Down => self.go(at + 1),
            Action::HalfUp => self.go(at.saturating_sub(page / 2)),
            Action::HalfDown => self.go(at + page / 2),
            Action::PageUp => self.go(at.saturating_sub(page - 1)),
            Action::PageDown => self.go(at + page - 1),
            Action::Top if self.begin => self.go(0),
            Action::Top => {
                self.follow = false;
                self.show(LogAt::Begin)
            }
            Action::Follow if self.follow => {
                self.follow = false;
                Vec::new()
            }
            Action::Follow | Action::Bottom => self.go_to_end(),
            Action::Wrap => {
                self.wrap = !self.wrap;
                Vec::new()
            }
            Action::ScrollLeft => {
                self.left = self.left.saturating_sub(ASIDE);
                Vec::new()
            }
            Action::ScrollRight => {
                self.left += ASIDE;
                Vec::new()
            }
            Action::NextMatch => self.search(Forward::Yes),
            Action::PreviousMatch => self.search(Forward::No),
            _ => return None,
        })
    }

    fn go_to_end(&mut self) -> Vec<Effect> {
        self.follow = self.trace.is_none();
        if self.loki.is_some() {
            return self.show(LogAt::End);
        }
        if self.end || self.trace.is_some() {
            self.at = self.rows.len().saturating_sub(1);
            return Vec::new();
        }
        self.show(LogAt::End)
    }
}
