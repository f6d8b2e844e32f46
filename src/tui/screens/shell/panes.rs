//! Which panes are in sight, which get what is typed, and how one goes from one to another.

use super::ShellPage;
use super::layout::{PaneId, Towards, Tree, towards};
use super::pane::Pane;
use crate::api::Request;
use crate::domain::ids::ShellId;
use crate::terminal::Size;
use crate::tui::event::{Effect, Tag};
use ratatui::layout::Rect;

/// The effect of typing to a shell.
pub(super) fn typing((shell, request): (ShellId, Request)) -> Effect {
    Effect::Call(Tag::Typed(shell), request)
}

impl ShellPage {
    /// The panes in sight: title line and the room for the shell.
    pub(super) fn places(&self, area: Rect) -> Vec<(PaneId, Rect, Rect)> {
        let Some(tab) = self.tab() else { return Vec::new() };
        let tree = if tab.zoomed { Tree::Pane(tab.focus) } else { tab.tree.clone() };
        let titled = tab.tree.panes().len() > 1;
        let place = |(id, place): (PaneId, Rect)| {
            let title = Rect { height: u16::from(titled).min(place.height), ..place };
            let shell = Rect { y: place.y + title.height, height: place.height - title.height, ..place };
            (id, title, shell)
        };
        tree.places(area).into_iter().map(place).collect()
    }

    /// Asks for the shells that came in sight and tells the sizes that changed.
    pub(super) fn settle(&mut self) -> Vec<Effect> {
        let places = self.places(self.area.get());
        let mut effects = Vec::new();
        for (id, _, place) in places {
            let size = Size::new(place.width, place.height);
            let Some(pane) = self.panes.get_mut(&id) else { continue };
            if let Some(request) = pane.ask(size) {
                effects.push(Effect::Call(Tag::Item(id), request));
            } else if let Some(request) = pane.resize(size) {
                effects.push(Effect::CallDetached(Tag::Quiet, request));
            }
        }
        effects
    }

    /// The panes that get what is typed.
    pub(super) fn targets(&self) -> Vec<PaneId> {
        let Some(tab) = self.tab() else { return Vec::new() };
        if !tab.together || tab.zoomed {
            return vec![tab.focus];
        }
        let takes = |id: &PaneId| {
            self.panes.get(id).is_some_and(|p| !p.aside && p.open().is_some() && p.copying.is_none())
        };
        tab.tree.panes().into_iter().filter(takes).collect()
    }

    /// Types, for each pane in its own way.
    pub(super) fn write(&mut self, bytes: impl Fn(&Pane) -> Vec<u8>) -> Vec<Effect> {
        let targets = self.targets();
        let pane = |id: PaneId| {
            let pane = self.panes.get_mut(&id)?;
            pane.typed(bytes(pane)).map(typing)
        };
        targets.into_iter().filter_map(pane).collect()
    }

    pub(super) fn turn(&mut self, to: usize) -> Vec<Effect> {
        self.at = to.min(self.tabs.len().saturating_sub(1));
        self.settle()
    }

    pub(super) fn focus(&mut self, pane: PaneId) {
        if let Some(tab) = self.tabs.get_mut(self.at) {
            tab.focus = pane;
        }
    }

    pub(super) fn go(&mut self, way: Towards) -> Vec<Effect> {
        let Some(tab) = self.tab() else { return Vec::new() };
        let places = tab.tree.places(self.area.get());
        if let Some(pane) = towards(&places, tab.focus, way) {
            self.focus(pane);
        }
        self.settle()
    }

    pub(super) fn go_round(&mut self) -> Vec<Effect> {
        let Some(tab) = self.tab() else { return Vec::new() };
        let panes = tab.tree.panes();
        let at = panes.iter().position(|p| *p == tab.focus).unwrap_or(0);
        if let Some(next) = panes.iter().cycle().nth(at + 1) {
            self.focus(*next);
        }
        self.settle()
    }
}
