//! Options of services that the operator sets himself: which files, for which nodes. Enter opens the editor, `R` rolls out.

use super::job::JobPage;
use super::nodes::names;
use super::option_editor::OptionEditor;
use crate::api::day2::Day2;
use crate::api::views::{CatalogView, ModuleView};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::choice::choose;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::node::NodeRole;
use crate::domain::overrides::{Scope, parse};
use crate::domain::plan::Plan;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::{BTreeMap, BTreeSet};

/// The page.
pub struct OptionsPage {
    env: EnvId,
    catalog: Option<CatalogView>,
    refused: Option<Text>,
    /// For each installed node, files in which it does not have what is set.
    pending: Option<BTreeMap<NodeId, BTreeSet<String>>>,
    fresh: Fresh,
    scope: usize,
    list: List,
}

/// A file, with the module that writes it and the sections known of it.
struct File {
    path: String,
    module: String,
    sections: Vec<String>,
}

/// For which nodes, in words.
pub fn scope_words(cx: &Shared, scope: Scope) -> Text {
    match scope {
        Scope::All => t!("option-scope-all"),
        Scope::Role(role) => t!("option-scope-role", role = Text::key(format!("role-{}", role.word()))),
        Scope::Node(id) => {
            let name = cx.data.node(id).map_or_else(|| id.to_string(), |n| n.name.clone());
            t!("option-scope-node", name = name)
        }
    }
}

impl OptionsPage {
    /// The options of an environment.
    pub fn new(env: EnvId) -> Self {
        Self {
            env,
            catalog: None,
            refused: None,
            pending: None,
            fresh: Fresh::default(),
            scope: 0,
            list: List::default(),
        }
    }

    fn scopes(&self, cx: &Shared) -> Vec<Scope> {
        let nodes = cx.data.nodes(self.env);
        let mut out = vec![Scope::All];
        out.extend(
            NodeRole::ALL.into_iter().filter(|r| nodes.iter().any(|n| n.roles.contains(r))).map(Scope::Role),
        );
        out.extend(nodes.iter().map(|n| Scope::Node(n.id)));
        out
    }

    fn scope(&self, cx: &Shared) -> Scope {
        self.scopes(cx).get(self.scope).copied().unwrap_or(Scope::All)
    }

    fn files(&self, cx: &Shared) -> Vec<File> {
        let Some(row) = cx.data.environment(self.env) else { return Vec::new() };
        let platform = self.catalog.iter().flat_map(|c| &c.platforms).find(|p| p.name == row.env.platform);
        let all: Vec<ModuleView> = platform.map(|p| p.modules.clone()).unwrap_or_default();
        let chosen = choose(&all, &row.env.modules, &[]);
        let mut out: Vec<File> = Vec::new();
        for module in all.iter().filter(|m| chosen.why(&m.name).is_some()) {
            for path in module
                .configs
                .iter()
                .filter(|path| out.iter().all(|f| f.path != **path))
                .cloned()
                .collect::<Vec<_>>()
            {
                out.push(File { path, module: module.name.clone(), sections: module.sections.clone() });
            }
        }
        for text in &row.env.options {
            if out.iter().all(|f| f.path != text.file) {
                out.push(File { path: text.file.clone(), module: String::new(), sections: Vec::new() });
            }
        }
        out
    }

    fn ask(&self) -> Request {
        Request::Day2(Day2::OptionsPending { env: self.env })
    }

    /// Installed nodes that do not have what is set in a file; in any file for `None`.
    fn open(&self, file: Option<&str>) -> usize {
        let all = self.pending.iter().flat_map(BTreeMap::values);
        all.filter(|files| file.is_none_or(|f| files.contains(f))).count()
    }

    /// What is not on the nodes yet, and since when that is known.
    fn head(&self, cx: &Shared) -> Option<(String, Part)> {
        self.pending.as_ref()?;
        let (line, part) = match self.open(None) {
            0 => (t!("options-settled"), Part::Dim),
            count => (t!("options-open", count = count), Part::Warn),
        };
        let known = self.fresh.known(cx).map(|k| format!(" · {}", cx.tr(&k))).unwrap_or_default();
        Some((format!("{}{known}", cx.tr(&line)), part))
    }

    fn shown(&self, cx: &Shared) -> Vec<(u64, File)> {
        (0_u64..).zip(self.files(cx)).filter(|(_, f)| self.list.filter.matches(&f.path)).collect()
    }

    fn text(&self, cx: &Shared, scope: Scope, file: &str) -> String {
        let row = cx.data.environment(self.env);
        let found = row.and_then(|r| r.env.options.iter().find(|t| t.scope == scope && t.file == file));
        found.map(|t| t.text.clone()).unwrap_or_default()
    }

    fn confirm(&self, plan: &Plan) -> Confirm {
        let env = self.env;
        let mut steps: Vec<String> = plan.steps.keys().map(ToString::to_string).collect();
        steps.sort();
        let mut restarts: Vec<String> = plan.steps.values().flat_map(|s| s.restarts.clone()).collect();
        restarts.sort();
        restarts.dedup();
        let body = vec![
            t!(
                "roll-out-what",
                count = plan.nodes.len(),
                names = names(plan.nodes.iter().map(|n| n.name.as_str()))
            ),
            t!("roll-out-steps", steps = steps.join(", ")),
            t!("roll-out-restarts", names = restarts.join(", ")),
        ];
        Confirm::new(t!("roll-out-title"), body, t!("button-roll-out"), move || {
            vec![Effect::Call(Tag::Form, Request::Day2(Day2::RollOut { env, dry_run: false }))]
        })
    }
}

impl Screen for OptionsPage {
    fn name(&self) -> &'static str {
        "options"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-options"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Options, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env), Topic::Jobs(self.env), Topic::Environments]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("list", &mut self.list);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.refused = None;
        let mut effects = vec![Effect::Call(Tag::Content, Request::Catalog)];
        effects.extend(self.fresh.ask(cx, self.ask()));
        effects
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        let options = cx.data.environment(self.env).map(|r| (r.env.revision, r.installed));
        let over = cx.data.jobs(self.env).iter().filter(|j| j.state.is_over()).count();
        let roles: Vec<String> = cx.data.nodes(self.env).iter().map(|n| format!("{:?}", n.roles)).collect();
        if self.fresh.differs(&(options, over, roles)) {
            return self.fresh.changed(cx, self.ask());
        }
        Vec::new()
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let shown = self.shown(cx);
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        match action {
            Action::OptionScope => {
                self.scope = (self.scope + 1) % self.scopes(cx).len().max(1);
                Some(Vec::new())
            }
            Action::OptionRollOut => {
                Some(vec![Effect::Call(Tag::Quiet, Request::Day2(Day2::RollOutPreview { env: self.env }))])
            }
            Action::Open => {
                let key = self.list.selected(&keys)?;
                let (_, file) = shown.into_iter().find(|(k, _)| *k == key)?;
                let scope = self.scope(cx);
                let text = self.text(cx, scope, &file.path);
                let editor = OptionEditor::new(self.env, scope, file.path, text, file.sections);
                Some(vec![Effect::Push(Box::new(editor))])
            }
            _ => self.list.act(action, &keys).then(Vec::new),
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Catalog(catalog)) => self.catalog = Some(catalog),
            Ok(Response::OptionsPending(pending)) => {
                let file = |line: &String| line.split('\t').nth(1).unwrap_or_default().to_owned();
                let files = |(id, (gone, fresh)): (NodeId, (Vec<String>, Vec<String>))| {
                    (id, gone.iter().chain(&fresh).map(file).collect())
                };
                self.pending = Some(pending.into_iter().map(files).collect());
                return self.fresh.came(cx, true, self.ask());
            }
            Ok(Response::Plan(plan)) => return vec![Effect::Push(Box::new(self.confirm(&plan)))],
            Ok(Response::Job(job)) => return vec![Effect::Push(Box::new(JobPage::new(job.id)))],
            Ok(_) => {}
            Err(f) if tag != Tag::Content => {
                return vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))];
            }
            Err(f) => {
                let mut effects = self.fresh.came(cx, false, self.ask());
                let why = cx.catalogue.failure(&f);
                if self.catalog.is_none() {
                    self.refused = Some(why);
                } else {
                    effects.push(Effect::Say(Level::Bad, why));
                }
                return effects;
            }
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let scope = self.scope(cx);
        let head = cx.tr(&t!("option-for", scope = scope_words(cx, scope)));
        frame.render_widget(
            Line::styled(format!(" {head}"), cx.style(Part::Title)),
            Rect { height: 1.min(area.height), ..area },
        );
        if let Some((line, part)) = self.head(cx) {
            let line = text::fit(&format!(" {line}"), usize::from(area.width));
            let place = Rect { y: area.y.saturating_add(1), height: 1, ..area };
            frame.render_widget(Line::styled(line, cx.style(part)), place.intersection(area));
        }
        let rest = Rect { y: area.y.saturating_add(2), height: area.height.saturating_sub(2), ..area };
        let shown = self.shown(cx);
        if shown.is_empty() {
            if self.catalog.is_none() {
                return empty::asked(cx, frame, rest, self.refused.as_ref());
            }
            let filter = self.list.filter.text();
            if !filter.is_empty() {
                return empty::draw(cx, frame, rest, &[t!("filter-empty", filter = filter)]);
            }
            return empty::draw(cx, frame, rest, &[t!("options-empty"), t!("options-empty-do")]);
        }
        let columns = [
            column(t!("col-file"), Wide::Flex(34), 0),
            column(t!("col-options"), Wide::Fixed(10), 0),
            column(t!("col-options-all"), Wide::Fixed(8), 1),
            column(t!("col-options-open"), Wide::Fixed(12), 0),
            column(t!("col-module"), Wide::Fixed(14), 2),
        ];
        let keys: Vec<u64> = shown.iter().map(|(k, _)| *k).collect();
        let cells = |key: u64| -> Vec<Cell> {
            let Some((_, file)) = shown.iter().find(|(k, _)| *k == key) else { return Vec::new() };
            let count = |n: usize| if n == 0 { "-".to_owned() } else { n.to_string() };
            let mine = parse(&self.text(cx, scope, &file.path)).0.len();
            let row = cx.data.environment(self.env);
            let all = row.map_or(0, |r| {
                let texts = r.env.options.iter().filter(|t| t.file == file.path);
                texts.map(|t| parse(&t.text).0.len()).sum()
            });
            vec![
                (file.path.clone(), Part::Text),
                (count(mine), if mine == 0 { Part::Dim } else { Part::Good }),
                (count(all), Part::Dim),
                match self.open(Some(&file.path)) {
                    0 => ("-".to_owned(), Part::Dim),
                    n => (cx.tr(&t!("options-open-nodes", count = n)), Part::Warn),
                },
                if file.module.is_empty() {
                    (cx.tr(&t!("options-no-module")), Part::Warn)
                } else {
                    (file.module.clone(), Part::Dim)
                },
            ]
        };
        table::draw(cx, frame, rest, &self.list, &columns, &keys, cells);
    }
}
