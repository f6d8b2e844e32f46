//! Panes side by side: which one has the focus, which time they share.
//!
//! The pane with the focus is the page's own; the others stand in [`Panes::rest`] in their order. Linked panes go to the
//! time of the focused one's selected line, each in its own filter.

use super::LogsPage;
use super::pane::{FromLoki, Pane};
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::t;

/// Most panes.
const PANES: usize = 4;

/// The other panes.
pub struct Panes {
    /// Those without the focus, in order.
    pub rest: Vec<Pane>,
    /// Place of the focused one among all.
    pub at: usize,
    /// Time is shared.
    pub linked: bool,
    /// Only the focused one is shown.
    pub zoom: bool,
    next: u64,
}

impl Default for Panes {
    fn default() -> Self {
        Self { rest: Vec::new(), at: 0, linked: true, zoom: false, next: 2 }
    }
}

impl LogsPage {
    /// All panes in their order.
    pub(super) fn all_panes(&self) -> Vec<&Pane> {
        let mut all: Vec<&Pane> = self.panes.rest.iter().collect();
        all.insert(self.panes.at.min(all.len()), &self.pane);
        all
    }

    /// The pane with that number.
    pub(super) fn pane_of(&mut self, id: u64) -> Option<&mut Pane> {
        if self.pane.id == id {
            Some(&mut self.pane)
        } else {
            self.panes.rest.iter_mut().find(|p| p.id == id)
        }
    }

    /// Lets every pane take part.
    pub(super) fn each_pane(&mut self, what: impl Fn(&mut Pane) -> Vec<Effect>) -> Vec<Effect> {
        let mut effects = what(&mut self.pane);
        effects.extend(self.panes.rest.iter_mut().flat_map(what));
        effects
    }

    /// Gives the focus to the pane at that place.
    pub(super) fn focus_pane(&mut self, to: usize) {
        let from = self.panes.at;
        let Some(taken) = (to != from).then(|| if to < from { to } else { to - 1 }) else { return };
        if taken >= self.panes.rest.len() {
            return;
        }
        let mut pane = self.panes.rest.remove(taken);
        std::mem::swap(&mut self.pane, &mut pane);
        self.panes.rest.insert(if from < to { from } else { from - 1 }, pane);
        self.panes.at = to;
    }

    /// Tab: the sources, then one pane after the other.
    pub(super) fn turn(&mut self, forward: bool) {
        let last = self.panes.rest.len();
        let at = self.panes.at;
        match (self.tree_focus, forward) {
            (true, true) => self.focus_pane(0),
            (true, false) => self.focus_pane(last),
            (false, true) if at < last => return self.focus_pane(at + 1),
            (false, false) if at > 0 => return self.focus_pane(at - 1),
            (false, _) => {}
        }
        self.tree_focus = !self.tree_focus;
    }

    /// Another pane beside the focused one, with its filter and its place.
    pub(super) fn add_pane(&mut self) -> Vec<Effect> {
        if self.panes.rest.len() + 1 >= PANES {
            return vec![Effect::Say(Level::Info, t!("logs-panes-max", count = PANES))];
        }
        let mut pane = Pane::new(self.env, self.panes.next, self.pane.filter.clone());
        self.panes.next += 1;
        pane.wrap = self.pane.wrap;
        pane.loki = self.pane.loki.as_ref().map(|l| FromLoki::new(&l.query, l.now));
        let start = self.pane.place_to_go();
        let effects = pane.show(start);
        std::mem::swap(&mut self.pane, &mut pane);
        self.panes.rest.insert(self.panes.at, pane);
        self.panes.at += 1;
        self.panes.zoom = false;
        effects
    }

    /// Closes the focused pane. False: it is the last one.
    pub(super) fn drop_pane(&mut self) -> bool {
        let at = self.panes.at;
        if self.panes.rest.is_empty() {
            return false;
        }
        let near = at.min(self.panes.rest.len() - 1);
        self.pane = self.panes.rest.remove(near);
        self.panes.at = near;
        self.panes.zoom &= !self.panes.rest.is_empty();
        true
    }

    /// The others go to where the focused one has gone; `before`: the time and the following there were.
    pub(super) fn link(&mut self, before: (Option<i64>, bool)) -> Vec<Effect> {
        let time = self.pane.selected().map(|r| r.time);
        let follow = self.pane.follow;
        if !self.panes.linked || self.panes.rest.is_empty() || before == (time, follow) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for pane in &mut self.panes.rest {
            if follow {
                if !pane.follow {
                    effects.extend(pane.act(crate::tui::keymap::Action::Bottom).unwrap_or_default());
                }
            } else if let Some(time) = time {
                pane.follow = false;
                effects.extend(pane.go_to_time(time));
            }
        }
        effects
    }
}
