//! One's own account: password, second factor, sessions.

use super::{account, factor};
use crate::api::people::{EndSessions, LoginView, OwnView, People, PeopleReply};
use crate::api::{Failure, Request, Response};
use crate::tui::event::{Effect, Level, Tag};
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

/// Whose sessions are shown.
enum Whose {
    /// One's own, with the account over them.
    Own(Option<Box<OwnView>>),
    /// Everybody's, for administrators; of one user first.
    All { filter: String },
}

/// The page.
pub struct Own {
    whose: Whose,
    sessions: Option<Vec<LoginView>>,
    refused: Option<Text>,
    list: List,
}

impl Own {
    /// One's own account.
    pub fn new() -> Self {
        Self { whose: Whose::Own(None), sessions: None, refused: None, list: List::default() }
    }

    /// The sessions of all users, those of `name` selected.
    pub fn all(name: &str) -> Self {
        Self { whose: Whose::All { filter: name.to_owned() }, ..Self::new() }
    }

    fn is_own(&self) -> bool {
        matches!(self.whose, Whose::Own(_))
    }

    fn own(&self) -> Option<&OwnView> {
        match &self.whose {
            Whose::Own(own) => own.as_deref(),
            Whose::All { .. } => None,
        }
    }

    fn has_factor(&self) -> bool {
        self.own().is_some_and(|o| o.user.second_factor)
    }

    fn keys(&self) -> Vec<u64> {
        let all = self.sessions.iter().flatten();
        let fits = |s: &&LoginView| self.list.filter.matches(&format!("{} {}", s.name, s.account));
        all.filter(fits).map(number).collect()
    }

    fn session(&self, key: u64) -> Option<&LoginView> {
        self.sessions.iter().flatten().find(|s| number(s) == key)
    }

    fn selected(&self) -> Option<&LoginView> {
        self.list.selected(&self.keys()).and_then(|key| self.session(key))
    }

    fn end(&self, which: EndSessions, body: Vec<Text>) -> Vec<Effect> {
        let asked = if self.is_own() { People::EndOwn(which) } else { People::End(which) };
        let dialog = Confirm::new(t!("session-end-title"), body, t!("button-end"), move || {
            vec![Effect::CallDetached(Tag::Refresh, Request::People(asked))]
        });
        vec![Effect::Push(Box::new(dialog))]
    }

    fn end_selected(&self) -> Vec<Effect> {
        let Some(session) = self.selected() else { return Vec::new() };
        let body = vec![
            t!("session-end-what", name = session.name.as_str(), account = session.account.as_str()),
            t!("session-end-undo"),
        ];
        self.end(EndSessions::One(session.id.clone()), body)
    }

    fn facts(&self, cx: &Shared) -> Vec<(String, Part)> {
        let Some(own) = self.own() else { return Vec::new() };
        let role = Text::key(format!("user-role-{}", own.user.role.word()));
        let name = if own.user.full_name.is_empty() {
            own.user.name.clone()
        } else {
            format!("{} ({})", own.user.name, own.user.full_name)
        };
        let factor = if own.user.second_factor {
            (format!("✓ {}", cx.tr(&t!("own-factor-on", count = own.recovery_left))), Part::Good)
        } else {
            (format!("– {}", cx.tr(&t!("own-factor-off"))), Part::Warn)
        };
        let set = text::ago(cx.now, own.password_set);
        vec![
            (cx.tr(&t!("own-who", name = name, role = role)), Part::Text),
            (cx.tr(&t!("own-password-set", ago = set)), Part::Text),
            factor,
        ]
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(s) = self.session(key) else { return Vec::new() };
        let here = if s.mine { format!(" ◂ {}", cx.tr(&t!("session-mine"))) } else { String::new() };
        vec![
            (format!("{}{here}", s.name), Part::Text),
            (s.account.clone(), Part::Text),
            (cx.tr(&text::ago(cx.now, s.began)), Part::Dim),
            (cx.tr(&text::ago(cx.now, s.used)), Part::Dim),
            (text::duration(s.expires.since(cx.now)), Part::Dim),
            (s.connections.to_string(), Part::Text),
        ]
    }
}

/// What the list knows a session by.
fn number(session: &LoginView) -> u64 {
    u64::from_str_radix(&session.id, 16).unwrap_or_default()
}

impl Screen for Own {
    fn name(&self) -> &'static str {
        if self.is_own() { "own" } else { "sessions" }
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(if self.is_own() { t!("crumb-own") } else { t!("crumb-sessions") })
    }

    fn contexts(&self) -> Vec<Context> {
        let first = if self.is_own() { Context::Own } else { Context::LoginSessions };
        vec![first, Context::List, Context::Moving]
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

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        let asked = if self.is_own() { People::Own } else { People::Sessions };
        self.refused = None;
        vec![Effect::Call(Tag::Content, Request::People(asked))]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::FactorToggle | Action::FactorCodes if self.own().is_none() => Some(t!("loading")),
            Action::FactorCodes if !self.has_factor() => Some(t!("refused-no-factor")),
            Action::SessionEnd if self.selected().is_some_and(|s| s.mine) => Some(t!("refused-this-session")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        let push = |screen| Some(vec![Effect::Push(screen)]);
        match action {
            Action::OwnPassword if self.is_own() => {
                push(account::own_password(cx.me.as_ref().map_or("", |me| me.name.as_str())))
            }
            Action::FactorToggle => {
                push(factor::ask(if self.has_factor() { factor::Wish::Off } else { factor::Wish::On }))
            }
            Action::FactorCodes => push(factor::ask(factor::Wish::Codes)),
            Action::SessionEnd => Some(self.end_selected()),
            Action::SessionsEnd => {
                Some(self.end(EndSessions::Others, vec![t!("sessions-end-what"), t!("session-end-undo")]))
            }
            Action::Open | Action::Yank => Some(Vec::new()),
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::People(PeopleReply::Own(own))) => {
                self.sessions = Some(own.sessions.clone());
                self.whose = Whose::Own(Some(own));
            }
            Ok(Response::People(PeopleReply::Sessions(all))) => {
                if let Whose::All { filter } = &mut self.whose
                    && let Some(first) = all.iter().find(|s| s.name == *filter)
                {
                    self.list.select(number(first));
                    filter.clear();
                }
                self.sessions = Some(all);
            }
            Ok(_) => {}
            Err(f) if self.sessions.is_none() => self.refused = Some(cx.catalogue.failure(&f)),
            Err(f) => return vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if self.sessions.is_none() {
            return empty::asked(cx, frame, area, self.refused.as_ref());
        }
        let mut y = area.y;
        for (line, part) in self.facts(cx) {
            let line = text::fit(&format!(" {line}"), usize::from(area.width));
            let place = Rect { y, height: 1, ..area };
            frame.render_widget(Line::styled(line, cx.style(part)), place.intersection(area));
            y += 1;
        }
        if y > area.y {
            y += 1;
        }
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let keys = self.keys();
        if keys.is_empty() {
            let sentence = t!("filter-empty", filter = self.list.filter.text());
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let columns = [
            column(t!("col-user"), Wide::Flex(12), 0),
            column(t!("col-account"), Wide::Flex(10), 0),
            column(t!("col-began"), Wide::Fixed(12), 2),
            column(t!("col-used"), Wide::Fixed(12), 0),
            column(t!("col-expires"), Wide::Fixed(10), 1),
            column(t!("col-connections"), Wide::Fixed(11), 3),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
