//! Looking back in a pane: beginning and ending it, the keys of it, selecting with the mouse.

use super::ShellPage;
use super::copying::{COPY_MAX, Copying, Found, Shape};
use super::layout::PaneId;
use crate::terminal::{Direction, Size};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::t;
use crate::tui::keymap::Action;
use crate::tui::text::bytes as shown_bytes;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

impl ShellPage {
    /// Looks at the history: the pane stands still.
    pub(super) fn look_back(&mut self) -> Vec<Effect> {
        let Some(pane) = self.pane_mut() else { return Vec::new() };
        if pane.copying.is_some() {
            return Vec::new();
        }
        let request = pane.stand_still(Copying::new(&pane.emulator));
        request.into_iter().map(|r| Effect::CallDetached(Tag::Quiet, r)).collect()
    }

    pub(super) fn live(&mut self) -> Vec<Effect> {
        let Some((focus, size)) = self.tab().and_then(|tab| {
            let places = self.places(self.area.get());
            let (_, _, place) = places.into_iter().find(|(id, ..)| *id == tab.focus)?;
            Some((tab.focus, Size::new(place.width, place.height)))
        }) else {
            return Vec::new();
        };
        let request = self.panes.get_mut(&focus).and_then(|p| p.go_on(size));
        request.into_iter().map(|r| Effect::Call(Tag::Item(focus), r)).collect()
    }

    pub(super) fn yank(&mut self) -> Vec<Effect> {
        let Some((copying, emulator)) = self.copying() else { return Vec::new() };
        let text = copying.text(emulator);
        copying.unselect();
        if text.is_empty() {
            return vec![Effect::Say(Level::Warn, t!("shell-nothing-selected"))];
        }
        if text.len() > COPY_MAX {
            let (size, most) = (shown_bytes(text.len() as u64), shown_bytes(COPY_MAX as u64));
            return vec![Effect::Say(Level::Warn, t!("shell-copy-too-long", size = size, most = most))];
        }
        vec![Effect::Copy(text)]
    }

    pub(super) fn search(&mut self, direction: Direction) -> Vec<Effect> {
        let Some((copying, emulator)) = self.copying() else { return Vec::new() };
        match copying.search(emulator, direction) {
            Found::Here => Vec::new(),
            Found::Nothing => vec![Effect::Say(Level::Info, t!("shell-not-found", text = copying.needle()))],
        }
    }

    /// What is done while the history is looked at.
    pub(super) fn act_copying(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::ShellLive => {
                // The first Esc ends the selection, the second the look.
                if self.copying().is_some_and(|(c, _)| c.is_selecting() && c.unselect()) {
                    return Some(Vec::new());
                }
                return Some(self.live());
            }
            Action::Yank => return Some(self.yank()),
            Action::NextMatch => return Some(self.search(Direction::Backward)),
            Action::PreviousMatch => return Some(self.search(Direction::Forward)),
            _ => {}
        }
        let (copying, emulator) = self.copying()?;
        match action {
            Action::ShellSearch => copying.begin_search(),
            Action::ShellSelect => copying.select(Shape::Text),
            Action::ShellSelectLines => copying.select(Shape::Lines),
            other => return copying.act(emulator, other).then(Vec::new),
        }
        Some(Vec::new())
    }

    /// The pane under the mouse, and the place in it.
    pub(super) fn under(&self, mouse: MouseEvent) -> Option<(PaneId, Rect)> {
        let places = self.places(self.area.get());
        let at = (mouse.column, mouse.row);
        places
            .into_iter()
            .find(|(_, title, place)| title.union(*place).contains(at.into()))
            .map(|(id, _, p)| (id, p))
    }

    /// Selecting with the mouse, where the program does not want it.
    pub(super) fn select(&mut self, mouse: MouseEvent, place: Rect) -> Option<Vec<Effect>> {
        let inside = |(x, y): (u16, u16)| (x.saturating_sub(place.x), y.saturating_sub(place.y));
        let (column, line) = inside((mouse.column, mouse.row));
        match mouse.kind {
            MouseEventKind::Drag(MouseButton::Left) => {
                let pane = self.pane_mut()?;
                if let Some(copying) = &mut pane.copying {
                    if !copying.is_selecting() {
                        *copying = Copying::drag(&pane.emulator, column, line);
                    }
                    copying.drag_to(&pane.emulator, column, line);
                    return Some(Vec::new());
                }
                let request = pane.stand_still(Copying::drag(&pane.emulator, column, line));
                Some(request.into_iter().map(|r| Effect::CallDetached(Tag::Quiet, r)).collect())
            }
            MouseEventKind::Up(MouseButton::Left)
                if self.copying().is_some_and(|(c, _)| c.is_selecting()) =>
            {
                Some(self.yank())
            }
            MouseEventKind::ScrollUp if !self.is_copying() => {
                let mut effects = self.look_back();
                effects.extend(self.act_copying(Action::HalfUp).unwrap_or_default());
                Some(effects)
            }
            MouseEventKind::ScrollUp => self.act_copying(Action::HalfUp),
            MouseEventKind::ScrollDown if self.is_copying() => self.act_copying(Action::HalfDown),
            _ => None,
        }
    }
}
