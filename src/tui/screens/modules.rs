//! The modules of an environment: what can be chosen, and what comes with it.

use crate::api::Request;
use crate::api::message::EnvChange;
use crate::api::views::{CatalogView, ModuleView};
use crate::domain::ids::EnvId;
use crate::domain::plan::localized;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list.
pub struct ModulesTab {
    env: EnvId,
    catalog: Option<CatalogView>,
    /// Selection and filter.
    pub list: List,
}

impl ModulesTab {
    /// The modules of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, catalog: None, list: List::default() }
    }

    /// Asks for the catalog.
    pub fn load() -> Vec<Effect> {
        vec![Effect::Call(Tag::Content, Request::Catalog)]
    }

    /// The catalog has come.
    pub fn loaded(&mut self, catalog: CatalogView) {
        self.catalog = Some(catalog);
    }

    fn modules(&self, cx: &Shared) -> Vec<&ModuleView> {
        let platform = cx.data.environment(self.env).map_or("", |e| e.env.platform.as_str());
        let catalog = self.catalog.iter().flat_map(|c| &c.platforms);
        catalog.filter(|p| p.name == platform).flat_map(|p| &p.modules).collect()
    }

    fn shown(&self, cx: &Shared) -> Vec<(u64, &ModuleView)> {
        let all = (0_u64..).zip(self.modules(cx));
        let language = cx.language();
        all.filter(|(_, m)| {
            self.list.filter.matches(&format!("{} {}", m.name, localized(&m.title, language)))
        })
        .collect()
    }

    fn selected(&self, cx: &Shared) -> Option<&ModuleView> {
        let shown = self.shown(cx);
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        let key = self.list.selected(&keys)?;
        shown.into_iter().find(|(k, _)| *k == key).map(|(_, m)| m)
    }

    /// The module that pulls `name` in, if one that is chosen does.
    fn needed_by(&self, cx: &Shared, name: &str) -> Option<String> {
        let chosen = cx.data.environment(self.env).map(|e| e.env.modules.as_slice()).unwrap_or_default();
        let modules = self.modules(cx);
        let mut open: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let mut seen: Vec<&str> = Vec::new();
        while let Some(module) = open.pop() {
            if seen.contains(&module) {
                continue;
            }
            seen.push(module);
            let Some(view) = modules.iter().find(|m| m.name == module) else { continue };
            if view.needs.iter().any(|n| n == name) {
                return Some(module.to_owned());
            }
            open.extend(view.needs.iter().map(String::as_str));
        }
        None
    }

    /// Why an action is not possible now.
    pub fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        if action != Action::ModuleToggle {
            return None;
        }
        let module = self.selected(cx)?;
        let chosen = cx.data.environment(self.env).is_some_and(|e| e.env.modules.contains(&module.name));
        let by = self.needed_by(cx, &module.name).filter(|_| !chosen)?;
        Some(t!("refused-module-needed", by = by))
    }

    /// Does an action.
    pub fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys: Vec<u64> = self.shown(cx).into_iter().map(|(k, _)| k).collect();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        if !matches!(action, Action::ModuleToggle) {
            return None;
        }
        let name = self.selected(cx)?.name.clone();
        let env = &cx.data.environment(self.env)?.env;
        let mut modules = env.modules.clone();
        if modules.contains(&name) {
            modules.retain(|m| *m != name);
        } else {
            modules.push(name);
        }
        let change = EnvChange::Modules(modules);
        let request = Request::EnvEdit { env: env.id, based_on: env.revision, change };
        let said = t!("modules-set", name = &env.name);
        Some(vec![Effect::CallDetached(Tag::Quiet, request), Effect::Say(Level::Info, said)])
    }

    fn cells(&self, cx: &Shared, module: &ModuleView) -> Vec<Cell> {
        let chosen = cx.data.environment(self.env).is_some_and(|e| e.env.modules.contains(&module.name));
        let state = if chosen {
            (format!("✓ {}", cx.tr(&t!("module-chosen"))), Part::Good)
        } else if let Some(by) = self.needed_by(cx, &module.name) {
            (format!("+ {}", cx.tr(&t!("module-needed", by = by))), Part::Text)
        } else {
            (cx.tr(&t!("module-off")), Part::Dim)
        };
        let roles = module.roles.iter().copied().collect();
        let ports: Vec<String> = module.ports.iter().map(ToString::to_string).collect();
        let or_dash = |s: String| if s.is_empty() { "-".to_owned() } else { s };
        vec![
            (module.name.clone(), Part::Text),
            state,
            (localized(&module.title, cx.language()).to_owned(), Part::Text),
            (crate::tui::widgets::states::roles(cx, &roles), Part::Dim),
            (or_dash(module.needs.join(", ")), Part::Dim),
            (or_dash(ports.join(" ")), Part::Dim),
        ]
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let shown = self.shown(cx);
        if shown.is_empty() {
            let filter = self.list.filter.text();
            let sentence =
                if filter.is_empty() { t!("loading") } else { t!("filter-empty", filter = filter) };
            return empty::draw(cx, frame, area, &[sentence]);
        }
        let columns = [
            column(t!("col-name"), Wide::Flex(12), 0),
            column(t!("col-chosen"), Wide::Fixed(16), 0),
            column(t!("col-what"), Wide::Flex(24), 0),
            column(t!("col-on"), Wide::Fixed(18), 1),
            column(t!("col-needs"), Wide::Flex(16), 2),
            column(t!("col-ports"), Wide::Fixed(12), 3),
        ];
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        let find = |key: u64| shown.iter().find(|(k, _)| *k == key).map(|(_, m)| self.cells(cx, m));
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| find(key).unwrap_or_default());
    }
}
