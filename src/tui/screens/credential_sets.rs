//! Sets of credentials of an environment: what they hold, in the order in which it is tried.

use super::node_login;
use crate::api::discovery::SetChange;
use crate::api::rows::DiscoveryRow;
use crate::api::{Request, Topic};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::node::CredentialKind;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
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

/// The page: a row for each credential, set after set.
pub struct SetsPage {
    env: EnvId,
    list: List,
}

/// A credential within its set.
struct Entry<'a> {
    key: u64,
    set: &'a str,
    place: usize,
    id: u32,
    user: &'a str,
    kind: &'a CredentialKind,
}

/// What a credential is, in words.
pub fn kind_words(cx: &Shared, kind: &CredentialKind) -> String {
    match kind {
        CredentialKind::Password => cx.tr(&t!("method-password")),
        CredentialKind::Key => cx.tr(&t!("method-key")),
        CredentialKind::Agent { socket } => format!("{} {socket}", cx.tr(&t!("method-agent"))),
        CredentialKind::Set { name, refused } => {
            cx.tr(&t!("login-set", name = name, refused = refused.len()))
        }
    }
}

impl SetsPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, list: List::default() }
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a DiscoveryRow> {
        cx.data.discovery(self.env)
    }

    fn entries<'a>(&self, cx: &'a Shared) -> Vec<Entry<'a>> {
        let sets = self.row(cx).map(|r| r.sets.as_slice()).unwrap_or_default();
        let all = (0_u64..).zip(sets).flat_map(|(n, set)| {
            set.entries.iter().enumerate().map(move |(place, e)| Entry {
                // The number of a credential is its own within the set.
                key: (n << 32) | u64::from(e.id),
                set: &set.name,
                place,
                id: e.id,
                user: &e.user,
                kind: &e.kind,
            })
        });
        all.filter(|e| self.list.filter.matches(&format!("{} {}", e.set, e.user))).collect()
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        self.entries(cx).iter().map(|e| e.key).collect()
    }

    fn selected<'a>(&self, cx: &'a Shared) -> Option<Entry<'a>> {
        let entries = self.entries(cx);
        let keys: Vec<u64> = entries.iter().map(|e| e.key).collect();
        let key = self.list.selected(&keys)?;
        entries.into_iter().find(|e| e.key == key)
    }

    fn edit(&self, name: &str, change: SetChange) -> Effect {
        Effect::CallDetached(Tag::Quiet, Request::SetEdit { env: self.env, name: name.to_owned(), change })
    }

    fn drop_entry(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let entry = self.selected(cx)?;
        let effect = self.edit(entry.set, SetChange::Drop { entry: entry.id });
        let last = self.entries(cx).iter().filter(|e| e.set == entry.set).count() == 1;
        let mut body = vec![t!("set-drop-what", user = entry.user, name = entry.set)];
        if last {
            body.push(t!("set-drop-last", name = entry.set));
        }
        let dialog = Confirm::new(t!("set-drop-title"), body, t!("button-remove"), move || vec![effect]);
        Some(vec![Effect::Push(Box::new(dialog))])
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let entries = self.entries(cx);
        let Some(e) = entries.iter().find(|e| e.key == key) else { return Vec::new() };
        vec![
            (e.set.to_owned(), Part::Text),
            ((e.place + 1).to_string(), Part::Dim),
            (e.user.to_owned(), Part::Text),
            (kind_words(cx, e.kind), Part::Dim),
        ]
    }
}

impl Screen for SetsPage {
    fn name(&self) -> &'static str {
        "credential-sets"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-sets"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Sets, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Discovery(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::SetDrop | Action::SetFirst if self.selected(cx).is_none() => Some(t!("refused-no-set")),
            Action::SetFirst if self.selected(cx).is_some_and(|e| e.place == 0) => {
                Some(t!("refused-first-already"))
            }
            Action::LoginLimit if self.row(cx).is_none() => Some(t!("loading")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::SetAdd => {
                let name = self.selected(cx).map(|e| e.set.to_owned()).unwrap_or_default();
                Some(vec![Effect::Push(node_login::add_to_set(self.env, &name))])
            }
            Action::SetDrop => self.drop_entry(cx),
            Action::SetFirst => {
                let entry = self.selected(cx)?;
                Some(vec![self.edit(entry.set, SetChange::First { entry: entry.id })])
            }
            Action::LoginLimit => Some(vec![Effect::Push(super::sweep_forms::limit(self.row(cx)?))]),
            Action::Open | Action::Yank => Some(Vec::new()),
            _ => None,
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let Some(row) = self.row(cx) else {
            return empty::watched(cx, frame, area, Topic::Discovery(self.env));
        };
        let limit = row.settings.limit;
        let line = t!("sets-limit", attempts = limit.attempts, minutes = limit.minutes);
        let mut y = area.y;
        for piece in text::wrap(&cx.tr(&line), usize::from(area.width).saturating_sub(2).max(1)) {
            if y >= area.bottom() {
                return;
            }
            let line = Line::styled(format!(" {piece}"), cx.style(Part::Dim));
            frame.render_widget(line, Rect { y, height: 1, ..area });
            y = y.saturating_add(1);
        }
        y = y.saturating_add(1);
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let filter = self.list.filter.text();
            if !filter.is_empty() {
                return empty::draw(cx, frame, rest, &[t!("filter-empty", filter = filter)]);
            }
            let (what, how) = (t!("sets-empty"), t!("sets-empty-do"));
            return empty::invite(cx, frame, rest, what, access::Action::Configure, how);
        }
        let columns = [
            column(t!("col-set"), Wide::Flex(14), 0),
            column(t!("col-order"), Wide::Fixed(8), 1),
            column(t!("field-account"), Wide::Flex(12), 0),
            column(t!("field-method"), Wide::Flex(16), 0),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
