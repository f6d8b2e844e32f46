//! The users, for administrators.

use super::account::{match_again, name_fault, new_password, strength};
use super::own::Own;
use crate::api::message::UserView;
use crate::api::people::People;
use crate::api::{Failure, Request, Response};
use crate::domain::ids::Revision;
use crate::domain::password::password_faults;
use crate::domain::user::UserRole;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use crate::tui::widgets::field::{Field, Tick};
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::stale::Theirs;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list.
#[derive(Default)]
pub struct Users {
    list: List,
    known: Option<Vec<UserView>>,
    refused: Option<Text>,
}

impl Users {
    fn keys(&self) -> Vec<u64> {
        let users = self.known.iter().flatten();
        users.filter(|u| self.list.filter.matches(&u.name)).map(|u| u.id.0).collect()
    }

    fn user(&self, key: u64) -> Option<&UserView> {
        self.known.iter().flatten().find(|u| u.id.0 == key)
    }

    fn selected(&self) -> Option<&UserView> {
        self.list.selected(&self.keys()).and_then(|key| self.user(key))
    }

    fn disable(user: &UserView) -> Vec<Effect> {
        let (name, disabled) = (user.name.clone(), !user.disabled);
        let request = Request::UserDisable { name: name.clone(), disabled };
        if !disabled {
            return vec![Effect::CallDetached(Tag::Refresh, request)];
        }
        let body = vec![t!("user-disable-what", name = name.as_str()), t!("user-disable-undo")];
        let title = t!("user-disable-title", name = name);
        let dialog = Confirm::new(title, body, t!("button-disable"), move || {
            vec![Effect::CallDetached(Tag::Refresh, request)]
        });
        vec![Effect::Push(Box::new(dialog))]
    }

    fn ask(asked: People) -> Effect {
        Effect::CallDetached(Tag::Refresh, Request::People(asked))
    }

    fn delete(user: &UserView) -> Vec<Effect> {
        let name = user.name.clone();
        let body = vec![t!("user-delete-what"), t!("user-delete-trail", name = name.as_str())];
        let asked = People::Delete { name: name.clone() };
        let title = t!("user-delete-title", name = name.as_str());
        let dialog = Confirm::new(title, body, t!("button-delete"), move || vec![Self::ask(asked)]);
        vec![Effect::Push(Box::new(dialog.typed(name)))]
    }

    fn take_factor(user: &UserView) -> Vec<Effect> {
        let name = user.name.clone();
        let body = vec![t!("user-factor-what", name = name.as_str()), t!("user-factor-when")];
        let title = t!("user-factor-title", name = name.as_str());
        let asked = People::FactorReset { name };
        let dialog = Confirm::new(title, body, t!("button-take-factor"), move || vec![Self::ask(asked)]);
        vec![Effect::Push(Box::new(dialog))]
    }

    fn unlock(user: &UserView) -> Vec<Effect> {
        let name = user.name.clone();
        let said = Effect::Say(Level::Good, t!("user-unlocked", name = name.as_str()));
        vec![Self::ask(People::Unlock { name }), said]
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(user) = self.user(key) else { return Vec::new() };
        let locked = user.locked_until.filter(|until| *until > cx.now);
        let state = if user.disabled {
            (format!("– {}", cx.tr(&t!("user-disabled"))), Part::Warn)
        } else if let Some(until) = locked {
            let left = text::duration(until.since(cx.now));
            (format!("! {}", cx.tr(&t!("user-locked", left = left))), Part::Bad)
        } else if user.must_change {
            (format!("! {}", cx.tr(&t!("user-must-change"))), Part::Warn)
        } else {
            (format!("✓ {}", cx.tr(&t!("user-enabled"))), Part::Good)
        };
        let factor = if user.second_factor {
            (cx.tr(&t!("user-factor-on")), Part::Good)
        } else {
            (cx.tr(&t!("user-factor-off")), Part::Dim)
        };
        let last = match &user.last_login {
            Some(last) => format!("{} ({})", cx.tr(&text::ago(cx.now, last.at)), last.account),
            None => cx.tr(&t!("user-never")),
        };
        vec![
            (user.name.clone(), Part::Text),
            (cx.tr(&Text::key(format!("user-role-{}", user.role.word()))), Part::Text),
            state,
            factor,
            (last, Part::Dim),
            (cx.tr(&text::ago(cx.now, user.created)), Part::Dim),
            (user.full_name.clone(), Part::Text),
        ]
    }
}

impl Screen for Users {
    fn name(&self) -> &'static str {
        "users"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-users"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Users, Context::List, Context::Moving]
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
        self.refused = None;
        vec![Effect::Call(Tag::Content, Request::Users)]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let own = || self.selected().map(|u| u.id) == cx.me.as_ref().map(|me| me.id);
        let on_user = matches!(
            action,
            Action::UserDisable
                | Action::UserDelete
                | Action::UserUnlock
                | Action::UserFactor
                | Action::UserPassword
                | Action::UserEdit
        );
        match action {
            _ if on_user && self.selected().is_none() => Some(t!("refused-nothing-selected")),
            Action::UserDisable | Action::UserDelete if own() => Some(t!("refused-own-account")),
            Action::UserUnlock if self.selected().is_some_and(|u| u.locked_until.is_none()) => {
                Some(t!("refused-not-locked"))
            }
            Action::UserFactor if self.selected().is_some_and(|u| !u.second_factor) => {
                Some(t!("refused-user-no-factor"))
            }
            Action::UserPassword if own() => Some(t!("refused-own-password")),
            _ => None,
        }
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        Some(match action {
            Action::UserNew => vec![Effect::Push(add())],
            Action::UserPassword => self.selected().map(|u| vec![Effect::Push(reset(u))]).unwrap_or_default(),
            Action::UserDisable => self.selected().map(Self::disable).unwrap_or_default(),
            Action::UserEdit => self.selected().map(|u| vec![Effect::Push(edit(u))]).unwrap_or_default(),
            Action::UserDelete => self.selected().map(Self::delete).unwrap_or_default(),
            Action::UserUnlock => self.selected().map(Self::unlock).unwrap_or_default(),
            Action::UserFactor => self.selected().map(Self::take_factor).unwrap_or_default(),
            Action::LoginSessions => {
                let name = self.selected().map_or("", |u| u.name.as_str());
                vec![Effect::Push(Box::new(Own::all(name)))]
            }
            Action::Open | Action::Yank => Vec::new(),
            _ => return None,
        })
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Users(users)) => {
                self.known = Some(users);
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) if self.known.is_none() => {
                self.refused = Some(cx.catalogue.failure(&f));
                Vec::new()
            }
            Err(f) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if self.known.is_none() {
            return empty::asked(cx, frame, area, self.refused.as_ref());
        }
        let keys = self.keys();
        if keys.is_empty() {
            let sentence = t!("filter-empty", filter = self.list.filter.text());
            return empty::draw(cx, frame, area, &[sentence]);
        }
        let columns = [
            column(t!("col-name"), Wide::Flex(10), 0),
            column(t!("col-role"), Wide::Fixed(13), 0),
            column(t!("col-state"), Wide::Fixed(15), 0),
            column(t!("col-factor"), Wide::Fixed(10), 2),
            column(t!("col-last-login"), Wide::Fixed(18), 1),
            column(t!("col-made"), Wide::Fixed(12), 4),
            column(t!("col-full-name"), Wide::Flex(12), 3),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}

fn roles() -> Vec<(String, Text)> {
    let one = |r: UserRole| (r.word().to_owned(), Text::key(format!("user-role-{}", r.word())));
    UserRole::ALL.map(one).to_vec()
}

fn edit(user: &UserView) -> Box<dyn Screen> {
    let at = UserRole::ALL.iter().position(|r| *r == user.role).unwrap_or(0);
    let fields = vec![
        Field::choice("role", t!("field-role"), roles(), at).hint(t!("hint-user-role")),
        Field::text("full-name", t!("field-full-name"), &user.full_name).hint(t!("hint-full-name")),
    ];
    Box::new(Form::new(Edit { user: user.clone(), fresh: user.revision }, fields))
}

fn add() -> Box<dyn Screen> {
    let must = vec![("must-change".to_owned(), t!("tick-must-change"), Tick::On)];
    let [password, again] = new_password();
    let fields = vec![
        Field::text("name", t!("field-user"), "").hint(t!("hint-user-name")),
        Field::text("full-name", t!("field-full-name"), "").hint(t!("hint-full-name")),
        Field::choice("role", t!("field-role"), roles(), 1).hint(t!("hint-user-role")),
        password,
        again,
        Field::ticks("must-change", t!("field-must-change"), must),
    ];
    Box::new(Form::new(Account { name: None }, fields))
}

fn reset(user: &UserView) -> Box<dyn Screen> {
    Box::new(Form::new(Account { name: Some(user.name.clone()) }, new_password().into()))
}

/// A new user, or another password for an old one.
struct Account {
    name: Option<String>,
}

impl Purpose for Account {
    fn name(&self) -> &'static str {
        "user"
    }

    fn title(&self) -> Text {
        match &self.name {
            None => t!("user-new-title"),
            Some(name) => t!("user-password-title", name = name),
        }
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        strength(self.name.as_deref().unwrap_or(fields.text("name")), fields.peek("password"))
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let name = self.name.clone().unwrap_or_else(|| fields.text("name").to_owned());
        if let Some(fault) = name_fault(&name) {
            fields.wrong("name", fault);
        }
        if let Some(fault) = password_faults(&name, fields.peek("password")).first() {
            fields.wrong("password", Text::key(fault.key()));
        }
        match_again(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let password = fields.secret("password");
        let request = if self.name.is_some() {
            Request::UserPassword { name, old: None, new: password }
        } else {
            let Ok(role) = fields.choice("role").parse() else { return Vec::new() };
            let must_change = fields.ticks("must-change").iter().any(|(_, tick)| *tick == Tick::On);
            let full_name = fields.text("full-name").to_owned();
            Request::UserAdd { name, role, password, full_name, must_change }
        };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        let name = self.name.clone().unwrap_or_else(|| fields.text("name").to_owned());
        fields.wipe();
        let said = if self.name.is_some() {
            t!("user-password-done", name = name)
        } else {
            t!("user-made", name = name)
        };
        vec![Effect::Close, Effect::Say(Level::Good, said)]
    }
}

/// Another role or full name.
struct Edit {
    user: UserView,
    fresh: Revision,
}

impl Purpose for Edit {
    fn name(&self) -> &'static str {
        "user-edit"
    }

    fn title(&self) -> Text {
        t!("user-edit-title", name = self.user.name.as_str())
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let asked = People::Edit {
            name: self.user.name.clone(),
            based_on: self.user.revision,
            role: fields.choice("role").parse().ok(),
            full_name: Some(fields.text("full-name").to_owned()),
        };
        vec![Effect::Call(Tag::Form, Request::People(asked))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        let said = t!("user-edited", name = self.user.name.as_str());
        vec![Effect::Close, Effect::Say(Level::Good, said)]
    }

    fn ask_fresh(&self) -> Option<Request> {
        Some(Request::Users)
    }

    fn theirs(&mut self, _: &Shared, fresh: Option<Response>) -> Option<Theirs> {
        let Some(Response::Users(all)) = fresh else { return None };
        let user = all.into_iter().find(|u| u.id == self.user.id)?;
        self.fresh = user.revision;
        let values = vec![("role", user.role.word().to_owned()), ("full-name", user.full_name)];
        Some(Theirs { by: String::new(), values })
    }

    fn rebase(&mut self) {
        self.user.revision = self.fresh;
    }
}
