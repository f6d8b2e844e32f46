//! The environments: the first page.

use super::environment::locked;
use super::logs::LogsPage;
use super::{env_forms, parcel};
use crate::api::message::EnvChange;
use crate::api::rows::EnvRow;
use crate::api::{Request, Topic};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::list::{Descending, List};
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{empty, states};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list, or the hidden ones.
#[derive(Default)]
pub struct Environments {
    list: List,
    hidden: bool,
}

impl Environments {
    fn topic(&self) -> Topic {
        if self.hidden { Topic::Hidden } else { Topic::Environments }
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let mut rows = cx.data.environments(self.topic());
        rows.retain(|r| {
            self.list.filter.matches(&format!("{} {}", r.env.name, states::environment(r).text(cx)))
        });
        rows.sort_by_key(|a| a.env.name.to_lowercase());
        match self.list.sort {
            Some((Action::SortState, down)) => {
                rows.sort_by_key(|r| states::environment(r).text(cx));
                if down == Descending::Yes {
                    rows.reverse();
                }
            }
            Some((_, Descending::Yes)) => rows.reverse(),
            _ => {}
        }
        rows.iter().map(|r| r.env.id.0).collect()
    }

    fn row<'a>(&self, cx: &'a Shared, key: u64) -> Option<&'a EnvRow> {
        cx.data.environments(self.topic()).into_iter().find(|r| r.env.id.0 == key)
    }

    fn selected<'a>(&self, cx: &'a Shared) -> Option<&'a EnvRow> {
        self.list.selected(&self.keys(cx)).and_then(|key| self.row(cx, key))
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(row) = self.row(cx, key) else { return Vec::new() };
        let job = row.job.as_ref().map(|j| {
            let shown = states::job(j.state);
            (format!("{} {}", shown.text(cx), text::percent(j.permille)), shown.part)
        });
        let failed = if row.failed > 0 { Part::Bad } else { Part::Dim };
        vec![
            (name(cx, row), Part::Text),
            states::environment(row).cell(cx),
            (row.nodes.to_string(), Part::Text),
            (row.installed.to_string(), Part::Text),
            (row.failed.to_string(), failed),
            job.unwrap_or_else(|| ("-".into(), Part::Dim)),
            (row.env.platform.clone(), Part::Dim),
            (cx.tr(&text::ago(cx.now, row.env.changed)), Part::Dim),
            (row.env.changed_by.clone(), Part::Dim),
        ]
    }

    fn hide(row: &EnvRow) -> Vec<Effect> {
        let (env, based_on) = (row.env.id, row.env.revision);
        let name = row.env.name.as_str();
        let body = vec![
            t!("env-hide-what", name = name, nodes = row.nodes),
            t!("env-hide-machines"),
            t!("env-hide-undo"),
        ];
        let said = t!("env-hidden-done", name = name);
        let dialog = Confirm::new(t!("env-hide-title", name = name), body, t!("button-hide"), move || {
            let request = Request::EnvEdit { env, based_on, change: EnvChange::Hide(true) };
            vec![Effect::CallDetached(Tag::Quiet, request), Effect::Say(Level::Info, said)]
        });
        vec![Effect::Push(Box::new(dialog))]
    }

    fn open(env: EnvId) -> Vec<Effect> {
        vec![Effect::Push(Box::new(super::environment::EnvPage::new(env)))]
    }
}

/// Its name, and to whom it is limited.
fn name(cx: &Shared, row: &EnvRow) -> String {
    match row.members.as_deref() {
        None => row.env.name.clone(),
        Some([]) => format!("{} ({})", row.env.name, cx.tr(&t!("env-limited-nobody"))),
        Some(names) => {
            format!("{} ({})", row.env.name, cx.tr(&t!("env-limited", names = names.join(", "))))
        }
    }
}

impl Screen for Environments {
    fn name(&self) -> &'static str {
        "environments"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(if self.hidden { t!("crumb-hidden") } else { t!("crumb-environments") })
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Environments, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![self.topic()]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn ticks(&self, cx: &Shared) -> bool {
        let _ = cx;
        false
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("list", &mut self.list);
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let row = self.selected(cx);
        match action {
            Action::Open
            | Action::Logs
            | Action::EnvRename
            | Action::EnvHide
            | Action::EnvMembers
            | Action::EnvClone
            | Action::EnvExport
                if row.is_none() =>
            {
                Some(t!("refused-no-env"))
            }
            Action::EnvHide if self.hidden => Some(t!("refused-is-hidden")),
            Action::EnvHide | Action::EnvExport => row.and_then(|r| locked(cx, r)),
            Action::EnvPurge | Action::EnvRestore if !self.hidden => Some(t!("refused-not-hidden")),
            Action::EnvPurge | Action::EnvRestore if row.is_none() => Some(t!("refused-no-env")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        let row = self.selected(cx);
        Some(match action {
            Action::Open => row.map(|r| Self::open(r.env.id)).unwrap_or_default(),
            Action::Logs => {
                let page = LogsPage::new(row?.env.id, LogFilter::default());
                vec![Effect::Push(Box::new(page))]
            }
            Action::EnvNew => vec![Effect::Push(env_forms::new())],
            Action::EnvRename => {
                row.map(|r| vec![Effect::Push(env_forms::rename(&r.env))]).unwrap_or_default()
            }
            Action::EnvClone => row.map(|r| vec![Effect::Push(env_forms::copy(&r.env))]).unwrap_or_default(),
            Action::EnvExport => row.map(|r| vec![Effect::Push(parcel::export(&r.env))]).unwrap_or_default(),
            Action::EnvImport => vec![Effect::Push(parcel::import())],
            Action::EnvPurge => row.map(|r| vec![Effect::Push(env_forms::purge(r))]).unwrap_or_default(),
            Action::EnvMembers => row.map(|r| vec![Effect::Push(env_forms::members(r))]).unwrap_or_default(),
            Action::EnvHide => row.map(Self::hide).unwrap_or_default(),
            Action::EnvRestore => {
                let row = row?;
                let (env, based_on) = (row.env.id, row.env.revision);
                let request = Request::EnvEdit { env, based_on, change: EnvChange::Hide(false) };
                vec![Effect::CallDetached(Tag::Quiet, request)]
            }
            Action::EnvHidden => {
                self.hidden = !self.hidden;
                Vec::new()
            }
            Action::Back | Action::Quit if self.hidden => {
                self.hidden = false;
                Vec::new()
            }
            Action::Yank => row.map(|r| vec![Effect::Copy(record(r))]).unwrap_or_default(),
            _ => return None,
        })
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let keys = self.keys(cx);
        if keys.is_empty() {
            return match (cx.data.has(self.topic()), self.list.filter.text(), self.hidden) {
                (false, ..) => empty::watched(cx, frame, area, self.topic()),
                (true, "", true) => empty::draw(cx, frame, area, &[t!("hidden-empty")]),
                (true, "", false) => {
                    let how = t!("env-empty-how");
                    empty::invite(cx, frame, area, t!("env-empty"), access::Action::Configure, how);
                }
                (true, filter, _) => empty::draw(cx, frame, area, &[t!("filter-empty", filter = filter)]),
            };
        }
        let columns = [
            column(t!("col-name"), Wide::Flex(16), 0).sorted_by(Action::SortName, 'N'),
            column(t!("col-state"), Wide::Fixed(18), 0).sorted_by(Action::SortState, 'S'),
            column(t!("col-nodes"), Wide::Fixed(6), 0),
            column(t!("col-installed"), Wide::Fixed(9), 3),
            column(t!("col-failed"), Wide::Fixed(6), 4),
            column(t!("col-job"), Wide::Fixed(18), 5),
            column(t!("col-platform"), Wide::Fixed(20), 7),
            column(t!("col-changed"), Wide::Fixed(10), 2),
            column(t!("col-by"), Wide::Fixed(12), 6),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}

/// A record as text.
fn record(row: &EnvRow) -> String {
    let env = &row.env;
    format!(
        "name {}\nplatform {}\nmodules {}\nnodes {}\ninstalled {}\nfailed {}\nparallel {}\n",
        env.name,
        env.platform,
        env.modules.join(" "),
        row.nodes,
        row.installed,
        row.failed,
        env.parallel
    )
}
