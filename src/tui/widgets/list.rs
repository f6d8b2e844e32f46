//! Which row is selected, which are marked, what is filtered, how it is sorted.
//!
//! Rows are known by their identity, never by their place, so that a refresh moves nothing under the operator's hands.

use super::prompt::Line;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crossterm::event::{KeyCode, KeyEvent};
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A filter that is typed in place.
#[derive(Default)]
pub struct Filter {
    line: Line,
    editing: bool,
}

impl Filter {
    /// Whether a row with that text is shown: it holds the words typed, in any case; `!` first inverts.
    pub fn matches(&self, text: &str) -> bool {
        let wanted = self.line.text().to_lowercase();
        let (inverted, words) = wanted.strip_prefix('!').map_or((false, wanted.as_str()), |w| (true, w));
        if words.trim().is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        words.split_whitespace().all(|word| text.contains(word)) != inverted
    }

    /// What is typed; empty: no filter.
    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// It is being typed.
    pub fn is_editing(&self) -> bool {
        self.editing
    }

    /// Puts a filter in place.
    pub fn set(&mut self, text: &str) {
        self.line = Line::new(text);
    }

    /// The prompt while it is typed.
    pub fn prompt(&self) -> Option<(Text, String, usize)> {
        self.editing.then(|| (t!("prompt-filter"), self.line.text().to_owned(), self.line.cursor()))
    }

    /// Takes a key while it is typed: Enter keeps the filter, Esc clears it.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        if !self.editing {
            return false;
        }
        match key.code {
            KeyCode::Enter => self.editing = false,
            KeyCode::Esc => {
                self.editing = false;
                self.line.clear();
            }
            _ => {
                self.line.key(key);
            }
        }
        true
    }
}

/// State of a list. Rows are named by a number that is theirs for good.
#[derive(Default)]
pub struct List {
    selected: Option<u64>,
    at: usize,
    marks: BTreeSet<u64>,
    anchor: Option<u64>,
    /// The filter.
    pub filter: Filter,
    /// Action of the column it is sorted by, and whether downwards.
    pub sort: Option<(Action, Descending)>,
    /// Rows that the last frame had room for; the view writes it, only scrolling reads it.
    pub(super) page: Cell<usize>,
    /// First row that the last frame showed.
    pub(super) offset: Cell<usize>,
}

/// Whether a sorted list starts with the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descending {
    /// Smallest first.
    No,
    /// Largest first.
    Yes,
}

impl List {
    /// The selected row; the nearest one when it is gone.
    pub fn selected(&self, keys: &[u64]) -> Option<u64> {
        self.index(keys).and_then(|i| keys.get(i)).copied()
    }

    /// Place of the selected row.
    pub fn index(&self, keys: &[u64]) -> Option<usize> {
        let found = self.selected.and_then(|key| keys.iter().position(|k| *k == key));
        found.or_else(|| (!keys.is_empty()).then(|| self.at.min(keys.len() - 1)))
    }

    /// Selects a row.
    pub fn select(&mut self, key: u64) {
        self.selected = Some(key);
    }

    fn go(&mut self, keys: &[u64], to: usize) {
        let to = to.min(keys.len().saturating_sub(1));
        self.at = to;
        self.selected = keys.get(to).copied();
        if let Some(anchor) = self.anchor.and_then(|a| keys.iter().position(|k| *k == a)) {
            let (from, to) = (anchor.min(to), anchor.max(to));
            self.marks.extend(keys.iter().skip(from).take(to - from + 1));
        }
    }

    /// Whether a row is marked.
    pub fn is_marked(&self, key: u64) -> bool {
        self.marks.contains(&key)
    }

    /// The marked rows in their order; without marks the selected one.
    pub fn chosen(&self, keys: &[u64]) -> Vec<u64> {
        let marked: Vec<u64> = keys.iter().copied().filter(|k| self.marks.contains(k)).collect();
        if marked.is_empty() { self.selected(keys).into_iter().collect() } else { marked }
    }

    /// How many rows are marked.
    pub fn marked(&self, keys: &[u64]) -> usize {
        keys.iter().filter(|k| self.marks.contains(k)).count()
    }

    /// Takes all marks away.
    pub fn unmark(&mut self) {
        self.marks.clear();
        self.anchor = None;
    }

    /// Does what the keys of a list do; false when the action is none of them.
    pub fn act(&mut self, action: Action, keys: &[u64]) -> bool {
        let at = self.index(keys).unwrap_or(0);
        let page = self.page.get().max(2);
        match action {
            Action::Up => self.go(keys, at.saturating_sub(1)),
            Action::Down => self.go(keys, at + 1),
            Action::Top => self.go(keys, 0),
            Action::Bottom => self.go(keys, usize::MAX),
            Action::HalfUp => self.go(keys, at.saturating_sub(page / 2)),
            Action::HalfDown => self.go(keys, at + page / 2),
            Action::PageUp => self.go(keys, at.saturating_sub(page - 1)),
            Action::PageDown => self.go(keys, at + page - 1),
            Action::Filter => self.filter.editing = true,
            Action::Mark => {
                if let Some(key) = self.selected(keys) {
                    self.anchor = None;
                    if !self.marks.remove(&key) {
                        self.marks.insert(key);
                    }
                    self.go(keys, at + 1);
                }
            }
            Action::MarkRange => {
                if self.anchor.take().is_none()
                    && let Some(key) = self.selected(keys)
                {
                    self.anchor = Some(key);
                    self.marks.insert(key);
                }
            }
            Action::MarkAll => {
                if keys.iter().all(|k| self.marks.contains(k)) {
                    self.unmark();
                } else {
                    self.marks.extend(keys);
                }
            }
            Action::Back if !self.marks.is_empty() => self.unmark(),
            Action::Back if !self.filter.text().is_empty() => self.filter.line.clear(),
            _ if sorts(action) => {
                self.sort = match self.sort {
                    Some((by, Descending::No)) if by == action => Some((action, Descending::Yes)),
                    Some((by, Descending::Yes)) if by == action => None,
                    _ => Some((action, Descending::No)),
                };
            }
            _ => return false,
        }
        true
    }

    /// Puts rows, which stand in their usual order, in the one that was asked for.
    pub fn arrange<T>(&self, rows: &mut [T], by: impl Fn(Action, &T, &T) -> Ordering) {
        let Some((action, down)) = self.sort else { return };
        rows.sort_by(|a, b| if down == Descending::Yes { by(action, b, a) } else { by(action, a, b) });
    }

    /// First row to show so that the selected one is among `room` rows.
    pub fn scroll(&self, keys: &[u64], room: usize) -> usize {
        let at = self.index(keys).unwrap_or(0);
        let last = keys.len().saturating_sub(room);
        let offset = self.offset.get().min(last).min(at).max((at + 1).saturating_sub(room));
        self.offset.set(offset);
        self.page.set(room);
        offset
    }
}

/// Whether an action sorts a list.
pub fn sorts(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::SortName
            | A::SortState
            | A::SortAddress
            | A::SortRoles
            | A::SortTime
            | A::SortOwner
            | A::SortStrength
            | A::SortUse
    )
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    fn after(keys: &[u64], actions: &[Action]) -> List {
        let mut list = List::default();
        for action in actions {
            assert!(list.act(*action, keys), "{action:?}");
        }
        list
    }

    #[test]
    fn before_keys_after() {
        use Action as A;
        let keys = [10, 11, 12, 13, 14];
        for (actions, selected, marked) in [
            (&[][..], 10, &[][..]),
            (&[A::Down, A::Down, A::Up], 11, &[]),
            (&[A::Bottom, A::Down], 14, &[]),
            (&[A::Mark, A::Mark], 12, &[10, 11]),
            (&[A::Down, A::MarkRange, A::Down, A::Down], 13, &[11, 12, 13]),
            (&[A::MarkAll], 10, &[10, 11, 12, 13, 14]),
            (&[A::MarkAll, A::MarkAll], 10, &[]),
            (&[A::MarkAll, A::Back], 10, &[]),
        ] {
            let list = after(&keys, actions);
            assert_eq!(list.selected(&keys), Some(selected), "{actions:?}");
            let marks: Vec<u64> = keys.into_iter().filter(|k| list.is_marked(*k)).collect();
            assert_eq!(marks, marked, "{actions:?}");
        }
    }

    #[test]
    fn the_selection_follows_the_row() {
        let mut list = after(&[1, 2, 3], &[Action::Down]);
        assert_eq!(list.selected(&[9, 8, 7, 2, 1]), Some(2), "sorted anew");
        assert_eq!(list.selected(&[1, 3]), Some(3), "gone: the one that took its place");
        assert_eq!(list.selected(&[]), None);
        list.act(Action::Down, &[]);
        assert_eq!(list.chosen(&[]), Vec::<u64>::new());
    }

    #[test]
    fn filters() {
        let filter = |text: &str| Filter { line: Line::new(text), editing: false };
        assert!(filter("NODE 10.0").matches("node-1 10.0.0.7"));
        assert!(!filter("node 10.1").matches("node-1 10.0.0.7"));
        assert!(filter("!node-2").matches("node-1"));
        assert!(filter("!").matches("anything"));
    }

    #[test]
    fn scrolling_keeps_the_selection_in_sight() {
        let keys: Vec<u64> = (0..100).collect();
        let mut list = List::default();
        assert_eq!(list.scroll(&keys, 10), 0);
        list.act(Action::Bottom, &keys);
        assert_eq!(list.scroll(&keys, 10), 90);
        list.act(Action::Up, &keys);
        assert_eq!(list.scroll(&keys, 10), 90, "no jump while it is in sight");
        list.act(Action::Top, &keys);
        assert_eq!(list.scroll(&keys, 10), 0);
        assert_eq!(list.scroll(&keys[..3], 10), 0);
    }
}
