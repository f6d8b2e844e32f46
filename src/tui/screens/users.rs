//! The users, for administrators.

use super::account::{match_again, name_fault, new_password, strength};
use crate::api::message::UserView;
use crate::api::{Failure, Request, Response};
use crate::domain::user::{UserRole, password_faults};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::empty;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list.
#[derive(Default)]
pub struct Users {
    list: List,
    users: Option<Vec<UserView>>,
}

impl Users {
    fn keys(&self) -> Vec<u64> {
        let users = self.users.iter().flatten();
        users.filter(|u| self.list.filter.matches(&u.name)).map(|u| u.id.0).collect()
    }

    fn user(&self, key: u64) -> Option<&UserView> {
        self.users.iter().flatten().find(|u| u.id.0 == key)
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

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(user) = self.user(key) else { return Vec::new() };
        let state = if user.disabled {
            (format!("– {}", cx.tr(&t!("user-disabled"))), Part::Warn)
        } else {
            (format!("✓ {}", cx.tr(&t!("user-enabled"))), Part::Good)
        };
        vec![
            (user.name.clone(), Part::Text),
            (cx.tr(&Text::key(format!("user-role-{}", user.role.word()))), Part::Text),
            state,
            (cx.tr(&text::ago(cx.now, user.created)), Part::Dim),
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

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        vec![Effect::Call(Tag::Content, Request::Users)]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let own = || self.selected().map(|u| u.id) == cx.me.as_ref().map(|me| me.id);
        match action {
            Action::UserDisable if own() => Some(t!("refused-own-account")),
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
            Action::Open | Action::Yank => Vec::new(),
            _ => return None,
        })
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Users(users)) => {
                self.users = Some(users);
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if self.users.is_none() {
            return empty::draw(cx, frame, area, &[t!("loading")]);
        }
        let columns = [
            column(t!("col-name"), Wide::Flex(14), 0),
            column(t!("col-role"), Wide::Fixed(16), 0),
            column(t!("col-state"), Wide::Fixed(14), 0),
            column(t!("col-made"), Wide::Fixed(12), 1),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &self.keys(), |key| self.cells(cx, key));
    }
}

fn add() -> Box<dyn Screen> {
    let roles = UserRole::ALL.map(|r| (r.word().to_owned(), Text::key(format!("user-role-{}", r.word()))));
    let [password, again] = new_password();
    let fields = vec![
        Field::text("name", t!("field-user"), "").hint(t!("hint-user-name")),
        Field::choice("role", t!("field-role"), roles.to_vec(), 1).hint(t!("hint-user-role")),
        password,
        again,
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
            Request::UserAdd { name, role, password }
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
