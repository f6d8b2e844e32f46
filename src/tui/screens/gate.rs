//! What stands before the screens: starting, the first administrator, the login.

use super::account::{match_again, name_fault, strength};
use crate::api::{Failure, Request, Response};
use crate::domain::password::password_faults;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Link, Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Until the engine answers.
pub struct Starting;

impl Screen for Starting {
    fn name(&self) -> &'static str {
        "starting"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Global]
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        // Help and the command line have nothing to offer yet.
        matches!(action, Action::Help | Action::Palette | Action::Messages | Action::Back | Action::Users)
            .then(Vec::new)
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let sentence = match &cx.link {
            Link::Starting => t!("starting"),
            Link::Up => t!("starting-session"),
            Link::Down { .. } => t!("starting-again"),
        };
        let lines = text::wrap(&cx.tr(&sentence), usize::from(area.width).saturating_sub(4));
        let top = area.y + (area.height.saturating_sub(cells(lines.len()))) / 2;
        for (n, line) in lines.into_iter().enumerate() {
            let y = top.saturating_add(cells(n));
            if y < area.bottom() {
                let style = cx.style(Part::Dim);
                frame.render_widget(Line::styled(line, style).centered(), Rect { y, height: 1, ..area });
            }
        }
    }
}

/// The screen that makes the first administrator.
pub fn first_administrator() -> Box<dyn Screen> {
    let fields = vec![
        Field::text("name", t!("field-user"), "").hint(t!("hint-user-name")),
        Field::secret("password", t!("field-password")).hint(t!("hint-new-password")),
        Field::secret("again", t!("field-again")),
    ];
    Box::new(Form::new(First, fields))
}

struct First;

impl Purpose for First {
    fn name(&self) -> &'static str {
        "first-administrator"
    }

    fn title(&self) -> Text {
        t!("first-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("first-intro")]
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        strength(fields.text("name"), fields.peek("password"))
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if let Some(fault) = name_fault(fields.text("name")) {
            fields.wrong("name", fault);
        }
        let faults = password_faults(fields.text("name"), fields.peek("password"));
        if let Some(fault) = faults.first() {
            fields.wrong("password", Text::key(fault.key()));
        }
        match_again(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let (name, password) = (fields.text("name").to_owned(), fields.secret("password"));
        vec![Effect::Call(Tag::Form, Request::FirstAdministrator { name, password })]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        began(fields, response)
    }
}

/// The login.
pub fn login(user: Option<&str>, why: Option<Text>) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("name", t!("field-user"), user.unwrap_or("")),
        Field::secret("password", t!("field-password")),
    ];
    Box::new(Form::new(Login, fields).because(why))
}

struct Login;

impl Purpose for Login {
    fn name(&self) -> &'static str {
        "login"
    }

    fn title(&self) -> Text {
        t!("login-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if fields.text("name").is_empty() {
            fields.wrong("name", t!("fault-empty"));
        }
        if fields.peek("password").is_empty() {
            fields.wrong("password", t!("fault-empty"));
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        let (name, password) = (fields.text("name").to_owned(), fields.secret("password"));
        let code = Some(fields.secret("code")).filter(|c| !c.is_empty());
        vec![Effect::Call(Tag::Form, Request::Login { name, password, code })]
    }

    /// The password is right, and there is a second factor: the password stays while its code is typed.
    fn asks_more(&mut self, cx: &Shared, fields: &mut Fields, failure: &Failure) -> bool {
        if !matches!(failure.key.as_deref(), Some("error-code-needed" | "error-wrong-code")) {
            return false;
        }
        fields.add(Field::secret("code", t!("field-code")).hint(t!("hint-code")));
        fields.forget("code");
        if failure.key.as_deref() == Some("error-wrong-code") {
            fields.wrong("code", cx.catalogue.failure(failure));
        }
        true
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        began(fields, response)
    }

    fn forgets(&self) -> bool {
        true
    }
}

fn began(fields: &mut Fields, response: Response) -> Vec<Effect> {
    fields.wipe();
    match response {
        Response::Session(view) => vec![Effect::SessionBegan(Box::new(view))],
        _ => Vec::new(),
    }
}
