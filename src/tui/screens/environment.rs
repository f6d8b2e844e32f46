//! One environment: its nodes, modules and jobs as tabs.

use super::accounts::AccountsPage;
use super::addresses::AddressPage;
use super::check::CheckPage;
use super::cobbler::CobblerPage;
use super::env_forms;
use super::jobs::JobsTab;
use super::logs::LogsPage;
use super::loki::LokiPage;
use super::modules::ModulesTab;
use super::network::NetworkPage;
use super::nodes::NodesTab;
use super::options::OptionsPage;
use super::overview::OverviewPage;
use super::plan::PlanPage;
use super::policy_form;
use super::proof::ProofPage;
use crate::api::rows::EnvRow;
use crate::api::{Failure, Response, Topic};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::logs::LogFilter;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::list::List;
use crate::tui::widgets::tabs::{self, Tab as _};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Nodes,
    Modules,
    Jobs,
}

impl tabs::Tab for Tab {
    const ALL: &'static [Self] = &[Self::Nodes, Self::Modules, Self::Jobs];

    fn title(self) -> Text {
        match self {
            Self::Nodes => t!("tab-nodes"),
            Self::Modules => t!("tab-modules"),
            Self::Jobs => t!("tab-jobs"),
        }
    }
}

/// The page.
pub struct EnvPage {
    env: EnvId,
    tab: Tab,
    nodes: NodesTab,
    modules: ModulesTab,
    jobs: JobsTab,
    /// It was opened on a node.
    on_node: bool,
}

impl EnvPage {
    /// The page of an environment, on its nodes.
    pub fn new(env: EnvId) -> Self {
        Self {
            env,
            tab: Tab::Nodes,
            nodes: NodesTab::new(env),
            modules: ModulesTab::new(env),
            jobs: JobsTab::new(env),
            on_node: false,
        }
    }

    /// The same, on a node.
    pub fn on_node(env: EnvId, node: NodeId) -> Self {
        let mut page = Self::new(env);
        page.nodes.list.select(node.0);
        page.on_node = true;
        page
    }

    fn list(&self) -> &List {
        match self.tab {
            Tab::Nodes => &self.nodes.list,
            Tab::Modules => &self.modules.list,
            Tab::Jobs => &self.jobs.list,
        }
    }

    fn list_mut(&mut self) -> &mut List {
        match self.tab {
            Tab::Nodes => &mut self.nodes.list,
            Tab::Modules => &mut self.modules.list,
            Tab::Jobs => &mut self.jobs.list,
        }
    }

    fn count(&self, cx: &Shared, tab: Tab) -> Option<usize> {
        let (env, has) = (self.env, |topic| cx.data.has(topic));
        match tab {
            Tab::Nodes => has(Topic::Nodes(env)).then(|| cx.data.nodes(env).len()),
            Tab::Modules => cx.data.environment(env).map(|e| e.env.modules.len()),
            Tab::Jobs => has(Topic::Jobs(env)).then(|| cx.data.jobs(env).len()),
        }
    }

    fn tabs(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let mut spans = tabs::spans(cx, self.tab, |tab| self.count(cx, tab));
        let used: usize = spans.iter().map(|s| text::width(&s.content)).sum();
        let mut right: Vec<String> = Vec::new();
        let list = self.list();
        if !list.filter.text().is_empty() {
            right.push(format!("/{}", list.filter.text()));
        }
        if self.tab == Tab::Nodes {
            let marked = list.marked(&self.nodes.keys(cx));
            if marked > 0 {
                right.push(cx.tr(&t!("nodes-marked", count = marked)));
            }
        }
        let room = columns.saturating_sub(used + 1);
        spans.push(Span::styled(text::right(&right.join("  "), room), cx.style(Part::Mark)));
        Line::from(spans)
    }
}

impl Screen for EnvPage {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn page(&self) -> &'static str {
        match self.tab {
            Tab::Nodes => "nodes",
            Tab::Modules => "modules",
            Tab::Jobs => "jobs",
        }
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        let name = cx.data.environment(self.env).map_or_else(|| self.env.to_string(), |e| e.env.name.clone());
        Some(Text::plain(format!("{name} › {}", cx.tr(&self.tab.title()))))
    }

    fn contexts(&self) -> Vec<Context> {
        let own = match self.tab {
            Tab::Nodes => [Context::Nodes, Context::Marking],
            Tab::Modules => [Context::Modules, Context::List],
            Tab::Jobs => [Context::Jobs, Context::List],
        };
        let mut all = own.to_vec();
        all.extend([Context::Environment, Context::List, Context::Moving]);
        all
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env), Topic::Jobs(self.env), Topic::Shells, Topic::Sessions]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list_mut().filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list().filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        // Opened on a node: that is what is looked at.
        if !(memory.recalls() && self.on_node) {
            memory.tab(&mut self.tab);
            memory.list("nodes", &mut self.nodes.list);
        }
        memory.list("modules", &mut self.modules.list);
        memory.list("jobs", &mut self.jobs.list);
        memory.shows(self.list().filter.text());
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.modules.load()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        if action == Action::Install {
            return no_install(cx, self.env);
        }
        match self.tab {
            Tab::Nodes => self.nodes.refusal(cx, action),
            Tab::Modules => self.modules.refusal(cx, action),
            Tab::Jobs => self.jobs.refusal(cx, action),
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::TabNodes => self.tab = Tab::Nodes,
            Action::TabModules => self.tab = Tab::Modules,
            Action::TabJobs => self.tab = Tab::Jobs,
            Action::TabNext => self.tab = self.tab.next(),
            Action::TabBefore => self.tab = self.tab.before(),
            Action::Overview => return Some(vec![Effect::Push(Box::new(OverviewPage::new(self.env)))]),
            Action::Logs if self.tab == Tab::Jobs && self.jobs.selected(cx).is_some() => {
                let job = self.jobs.selected(cx)?.id;
                return Some(vec![Effect::Push(Box::new(LogsPage::of_job(self.env, job, None, None)))]);
            }
            _ => {
                let own = self.tab == Tab::Nodes && action == Action::Logs;
                if let Some(page) = page(cx, self.env, action).filter(|_| !own) {
                    return Some(vec![Effect::Push(page)]);
                }
                return match self.tab {
                    Tab::Nodes => self.nodes.act(cx, action),
                    Tab::Modules => self.modules.act(cx, action),
                    Tab::Jobs => self.jobs.act(cx, action),
                };
            }
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Content, Ok(Response::Catalog(catalog))) => {
                self.modules.loaded(catalog);
                Vec::new()
            }
            (_, Ok(Response::Job(job))) => vec![Effect::Push(Box::new(super::job::JobPage::new(job.id)))],
            (_, Ok(_)) => Vec::new(),
            (Tag::Content, Err(f)) => {
                let said = self.modules.refuse(cx.catalogue.failure(&f));
                said.map(|why| Effect::Say(crate::tui::event::Level::Bad, why)).into_iter().collect()
            }
            (_, Err(f)) => vec![Effect::Say(crate::tui::event::Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.tab == Tab::Jobs && cx.data.jobs(self.env).iter().any(|j| !j.state.is_over())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let tabs = self.tabs(cx, usize::from(area.width));
        frame.render_widget(tabs, Rect { height: 1.min(area.height), ..area });
        let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        match self.tab {
            Tab::Nodes => self.nodes.view(cx, frame, rest),
            Tab::Modules => self.modules.view(cx, frame, rest),
            Tab::Jobs => self.jobs.view(cx, frame, rest),
        }
    }
}

/// Why nothing can be installed now.
pub(super) fn no_install(cx: &Shared, env: EnvId) -> Option<Text> {
    let nodes = cx.data.nodes(env);
    if nodes.is_empty() {
        Some(t!("refused-no-nodes"))
    } else if nodes.iter().all(|n| n.roles.is_empty()) {
        Some(t!("refused-no-roles"))
    } else {
        cx.data.environment(env).and_then(|e| locked(cx, e))
    }
}

/// Why an environment cannot be changed now: a job works on it.
pub(super) fn locked(cx: &Shared, env: &EnvRow) -> Option<Text> {
    let job = env.job.as_ref().filter(|j| !j.state.is_over())?;
    let by = job.owner.as_ref().map_or(&job.by, |o| &o.by);
    Some(t!("refused-env-busy", job = job.id.to_string(), by = by, at = cx.clock(job.created)))
}

/// The pages of an environment that one key opens, from its tabs and from its overview.
pub(super) fn page(cx: &Shared, env: EnvId, action: Action) -> Option<Box<dyn Screen>> {
    let row = || cx.data.environment(env).map(|e| &e.env);
    Some(match action {
        Action::Install => Box::new(PlanPage::new(env)),
        Action::EnvSettings => policy_form::settings(row()?),
        Action::Connectivity => Box::new(CheckPage::new(env)),
        Action::Proof => Box::new(ProofPage::new(env)),
        Action::Loki => Box::new(LokiPage::new(env)),
        Action::Cobbler => Box::new(CobblerPage::new(env)),
        Action::Network => Box::new(NetworkPage::new(env)),
        Action::Addresses => Box::new(AddressPage::new(env)),
        Action::Options => Box::new(OptionsPage::new(env)),
        Action::Accounts => Box::new(AccountsPage::new(env)),
        Action::EnvParallel => env_forms::parallel(row()?),
        Action::EnvPlatform => env_forms::platform(row()?),
        Action::Logs => Box::new(LogsPage::new(env, LogFilter::default())),
        _ => return None,
    })
}
