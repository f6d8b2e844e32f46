//! Names and passwords of users: their rules while they are typed, and one's own password.

use crate::api::{Request, Response};
use crate::domain::user::{check_name, password_faults};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// What is wrong with a user's name.
pub fn name_fault(name: &str) -> Option<Text> {
    check_name(name).err().map(|word| Text::key(format!("user-{word}")))
}

/// How strong a password is, in words; nothing while none is typed.
pub fn strength(name: &str, password: &str) -> Option<Text> {
    if password.is_empty() {
        return None;
    }
    if let Some(fault) = password_faults(name, password).first() {
        return Some(t!("strength-refused", why = Text::key(fault.key())));
    }
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    let kinds = kinds.into_iter().filter(|k| *k).count();
    let score = password.chars().count() + 3 * kinds;
    Some(match score {
        0..15 => t!("strength-weak"),
        15..21 => t!("strength-fair"),
        _ => t!("strength-strong"),
    })
}

/// The second password must be like the first.
pub fn match_again(fields: &mut Fields) {
    if !fields.peek("password").is_empty() && fields.peek("password") != fields.peek("again") {
        fields.wrong("again", t!("fault-again"));
    }
}

/// The fields for a new password, typed twice.
pub fn new_password() -> [Field; 2] {
    [
        Field::secret("password", t!("field-new-password")).hint(t!("hint-password")),
        Field::secret("again", t!("field-again")),
    ]
}

/// Changes one's own password.
pub fn own_password() -> Box<dyn Screen> {
    let [new, again] = new_password();
    Box::new(Form::new(Own, vec![Field::secret("old", t!("field-old-password")), new, again]))
}

struct Own;

impl Purpose for Own {
    fn name(&self) -> &'static str {
        "own-password"
    }

    fn title(&self) -> Text {
        t!("own-password-title")
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        strength("", fields.peek("password"))
    }

    fn submit(&mut self, cx: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let Some(name) = cx.me.as_ref().map(|me| me.name.clone()) else { return Vec::new() };
        if fields.peek("old").is_empty() {
            fields.wrong("old", t!("fault-empty"));
        }
        if let Some(fault) = password_faults(&name, fields.peek("password")).first() {
            fields.wrong("password", Text::key(fault.key()));
        }
        match_again(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let (old, new) = (Some(fields.secret("old")), fields.secret("password"));
        vec![Effect::Call(Tag::Form, Request::UserPassword { name, old, new })]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        fields.wipe();
        vec![Effect::Say(Level::Good, t!("own-password-done")), Effect::Close]
    }
}
