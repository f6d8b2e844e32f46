//! Panes and tabs that come and go, and what is typed to several.

use super::layout::{Way, fits};
use super::pane::Wanted;
use super::{PANES, ShellPage, Tab, prefix};
use crate::api::Request;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::t;
use crate::tui::screen::Shared;
use crate::tui::widgets::dialog::Confirm;

impl ShellPage {
    /// Another pane in this tab, or in a tab of its own.
    pub(super) fn add(&mut self, cx: &Shared, wanted: Vec<Wanted>, way: Option<Way>) -> Vec<Effect> {
        if self.panes.len() + wanted.len() > PANES {
            return vec![Effect::Say(Level::Warn, t!("shell-too-many", most = PANES))];
        }
        let Some(way) = way else {
            self.add_tab(wanted);
            return self.turn(usize::MAX);
        };
        for one in wanted {
            let Some(focus) = self.tab().map(|t| t.focus) else { return Vec::new() };
            let places = self.tab().map(|t| t.tree.places(self.area.get())).unwrap_or_default();
            if !places.iter().any(|(id, place)| *id == focus && fits(*place, way)) {
                let mut effects = self.settle();
                effects.push(Effect::Say(Level::Warn, t!("shell-no-room", prefix = prefix(cx))));
                return effects;
            }
            let pane = self.add_pane(one);
            if let Some(tab) = self.tabs.get_mut(self.at) {
                tab.zoomed = false;
                tab.tree.split(focus, way, pane);
                tab.focus = pane;
            }
        }
        self.settle()
    }

    pub(super) fn split(&mut self, cx: &Shared, way: Way) -> Vec<Effect> {
        let Some(pane) = self.pane() else { return Vec::new() };
        let wanted = Wanted { shell: None, ..pane.wanted.clone() };
        self.add(cx, vec![wanted], Some(way))
    }

    pub(super) fn close(&mut self) -> Vec<Effect> {
        let Some(pane) = self.pane() else { return vec![Effect::Close] };
        let Some(shell) = pane.open() else { return self.drop_pane() };
        let title = t!("shell-close-title", name = pane.name());
        let dialog = Confirm::new(title, vec![t!("shell-close-what")], t!("button-close"), move || {
            vec![Effect::CallDetached(Tag::Quiet, Request::ShellClose { shell })]
        });
        vec![Effect::Push(Box::new(dialog))]
    }

    pub(super) fn drop_pane(&mut self) -> Vec<Effect> {
        if self.at < self.tabs.len() {
            let Tab { tree, focus, together, .. } = self.tabs.remove(self.at);
            self.panes.remove(&focus);
            if let Some(tree) = tree.without(focus) {
                let focus = tree.panes().first().copied().unwrap_or(focus);
                self.tabs.insert(self.at, Tab { tree, focus, zoomed: false, together });
            }
        }
        self.at = self.at.min(self.tabs.len().saturating_sub(1));
        if self.tabs.is_empty() { vec![Effect::Close] } else { self.settle() }
    }

    /// What is typed goes to every pane of the tab, or to one again.
    pub(super) fn toggle_together(&mut self, cx: &Shared) -> Vec<Effect> {
        let Some(tab) = self.tabs.get_mut(self.at) else { return Vec::new() };
        if tab.tree.panes().len() < 2 {
            return vec![Effect::Say(Level::Warn, t!("shell-together-alone"))];
        }
        tab.together = !tab.together;
        tab.zoomed = false;
        let text = if tab.together {
            t!("shell-together-on", prefix = prefix(cx))
        } else {
            t!("shell-together-off")
        };
        let mut effects = self.settle();
        effects.push(Effect::Say(Level::Info, text));
        effects
    }
}
