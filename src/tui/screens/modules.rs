//! The modules of an environment: what can be chosen, and what comes with it.

use super::module_details;
use crate::api::Request;
use crate::api::message::EnvChange;
use crate::api::views::{CatalogView, ModuleView};
use crate::domain::choice::{self, Choice, ChoiceNode, Why};
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
    refused: Option<Text>,
    /// Selection and filter.
    pub list: List,
}

impl ModulesTab {
    /// The modules of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, catalog: None, refused: None, list: List::default() }
    }

    /// Asks for the catalog.
    pub fn load(&mut self) -> Vec<Effect> {
        self.refused = None;
        vec![Effect::Call(Tag::Content, Request::Catalog)]
    }

    /// The catalog has come.
    pub fn loaded(&mut self, catalog: CatalogView) {
        self.catalog = Some(catalog);
    }

    /// It does not come. What to say of it elsewhere, where an older one is shown.
    pub fn refuse(&mut self, why: Text) -> Option<Text> {
        if self.catalog.is_some() {
            return Some(why);
        }
        self.refused = Some(why);
        None
    }

    fn modules(&self, cx: &Shared) -> Vec<&ModuleView> {
        let platform = cx.data.environment(self.env).map_or("", |e| e.env.platform.as_str());
        let catalog = self.catalog.iter().flat_map(|c| &c.platforms);
        catalog.filter(|p| p.name == platform).flat_map(|p| &p.modules).collect()
    }

    fn shown(&self, cx: &Shared) -> Vec<(u64, &ModuleView)> {
        let all = (0_u64..).zip(self.modules(cx));
        let language = cx.language();
        let matches = |(_, m): &(u64, &ModuleView)| {
            self.list.filter.matches(&format!("{} {}", m.name, localized(&m.title, language)))
        };
        let mut shown: Vec<_> = all.filter(matches).collect();
        if self.list.sort.is_some() {
            let choice = self.choice(cx, self.chosen(cx));
            let rank = |m: &ModuleView| match choice.why(&m.name) {
                Some(Why::Chosen) => 0,
                Some(Why::NeededBy(_)) => 1,
                Some(Why::Base) => 2,
                None => 3,
            };
            self.list.arrange(&mut shown, |by, (_, a), (_, b)| match by {
                Action::SortState => rank(a).cmp(&rank(b)),
                Action::SortRoles => a.roles.cmp(&b.roles),
                _ => a.name.cmp(&b.name),
            });
        }
        shown
    }

    fn selected(&self, cx: &Shared) -> Option<&ModuleView> {
        let shown = self.shown(cx);
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        let key = self.list.selected(&keys)?;
        shown.into_iter().find(|(k, _)| *k == key).map(|(_, m)| m)
    }

    /// What the environment's choice, or another one, comes to.
    fn choice(&self, cx: &Shared, chosen: &[String]) -> Choice {
        let all: Vec<ModuleView> = self.modules(cx).into_iter().cloned().collect();
        let nodes: Vec<ChoiceNode> = cx
            .data
            .nodes(self.env)
            .iter()
            .map(|n| ChoiceNode {
                name: n.name.clone(),
                roles: n.roles.clone(),
                memory: n.facts.as_ref().map(|f| f.memory),
            })
            .collect();
        choice::choose(&all, chosen, &nodes)
    }

    fn chosen<'a>(&self, cx: &'a Shared) -> &'a [String] {
        cx.data.environment(self.env).map(|e| e.env.modules.as_slice()).unwrap_or_default()
    }

    /// The choice after the selected module was taken in or out.
    fn toggled(&self, cx: &Shared, name: &str) -> Vec<String> {
        let mut modules = self.chosen(cx).to_vec();
        if modules.is_empty() {
            // Nothing chosen counts as all.
            modules = self.modules(cx).iter().map(|m| m.name.clone()).collect();
        }
        if modules.iter().any(|m| m == name) {
            modules.retain(|m| m != name);
        } else {
            modules.push(name.to_owned());
        }
        modules
    }

    /// Why an action is not possible now.
    pub fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        if action != Action::ModuleToggle {
            return None;
        }
        let module = self.selected(cx)?;
        if module.base {
            return Some(t!("refused-module-base", name = &module.name));
        }
        let after = self.choice(cx, &self.toggled(cx, &module.name));
        let now = self.choice(cx, self.chosen(cx));
        match (now.why(&module.name), after.why(&module.name)) {
            (Some(Why::NeededBy(by)), _) | (Some(_), Some(Why::NeededBy(by))) => {
                Some(t!("refused-module-needed", by = by))
            }
            _ => {
                let (one, other) = after.conflicts.first()?;
                Some(t!("refused-module-conflict", one = one, other = other))
            }
        }
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
        let modules = self.toggled(cx, &name);
        let pulled = self.pulled_in(cx, &name, &modules);
        let change = EnvChange::Modules(modules);
        let request = Request::EnvEdit { env: env.id, based_on: env.revision, change };
        let said = if pulled.is_empty() {
            t!("modules-set", name = &env.name)
        } else {
            t!("modules-set-with", name = &env.name, names = pulled.join(", "))
        };
        Some(vec![Effect::CallDetached(Tag::Quiet, request), Effect::Say(Level::Info, said)])
    }

    /// What comes along that was not there, each with its reason.
    fn pulled_in(&self, cx: &Shared, name: &str, after: &[String]) -> Vec<String> {
        let before = self.choice(cx, self.chosen(cx));
        let fresh = self.choice(cx, after).modules;
        let fresh = fresh.into_iter().filter(|(n, _)| n != name && before.why(n).is_none());
        let told = |(n, why)| match why {
            Why::NeededBy(by) => cx.tr(&t!("module-pulled", name = n, by = by)),
            Why::Base | Why::Chosen => n,
        };
        fresh.map(told).collect()
    }

    fn cells(cx: &Shared, module: &ModuleView, choice: &Choice) -> Vec<Cell> {
        let state = match choice.why(&module.name) {
            Some(Why::Chosen) => (format!("✓ {}", cx.tr(&t!("module-chosen"))), Part::Good),
            Some(Why::Base) => (format!("✓ {}", cx.tr(&t!("module-base"))), Part::Good),
            Some(Why::NeededBy(by)) => (format!("+ {}", cx.tr(&t!("module-needed", by = by))), Part::Text),
            None => (cx.tr(&t!("module-off")), Part::Dim),
        };
        let proven = if module.proven {
            (cx.tr(&t!("module-proven")), Part::Dim)
        } else {
            (format!("! {}", cx.tr(&t!("module-unproven"))), Part::Warn)
        };
        let roles = module.roles.iter().copied().collect();
        let ports: Vec<String> = module.ports.iter().map(ToString::to_string).collect();
        let or_dash = |s: String| if s.is_empty() { "-".to_owned() } else { s };
        vec![
            (module.name.clone(), Part::Text),
            state,
            (localized(&module.title, cx.language()).to_owned(), Part::Text),
            proven,
            (crate::tui::widgets::states::roles(cx, &roles), Part::Dim),
            (or_dash(module.needs.join(", ")), Part::Dim),
            (or_dash(ports.join(" ")), Part::Dim),
        ]
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let shown = self.shown(cx);
        if shown.is_empty() {
            let (filter, env) = (self.list.filter.text(), cx.data.environment(self.env));
            let Some(env) = env.filter(|_| self.catalog.is_some()) else {
                return empty::asked(cx, frame, area, self.refused.as_ref());
            };
            let sentences = if filter.is_empty() {
                vec![t!("modules-no-platform", platform = &env.env.platform), t!("modules-no-platform-do")]
            } else {
                vec![t!("filter-empty", filter = filter)]
            };
            return empty::draw(cx, frame, area, &sentences);
        }
        let columns = [
            column(t!("col-name"), Wide::Flex(12), 0).sorted_by(Action::SortName, 'N'),
            column(t!("col-chosen"), Wide::Fixed(16), 0).sorted_by(Action::SortState, 'S'),
            column(t!("col-what"), Wide::Flex(24), 0),
            column(t!("col-proven"), Wide::Fixed(10), 1),
            column(t!("col-on"), Wide::Fixed(18), 2).sorted_by(Action::SortRoles, 'R'),
            column(t!("col-needs"), Wide::Flex(16), 3),
            column(t!("col-ports"), Wide::Fixed(12), 4),
        ];
        let choice = self.choice(cx, self.chosen(cx));
        let (area, beside) = module_details::split(area);
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        let find = |key: u64| shown.iter().find(|(k, _)| *k == key).map(|(_, m)| Self::cells(cx, m, &choice));
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| find(key).unwrap_or_default());
        if let Some(module) = self.selected(cx) {
            module_details::draw(cx, frame, beside, module, &choice);
        }
    }
}
