//! Names and passwords of users: their rules while they are typed, and one's own password.

use crate::api::message::SessionView;
use crate::api::{Request, Response};
use crate::domain::password::{estimate, password_faults};
use crate::domain::user::check_name;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// What is wrong with a user's name.
pub fn name_fault(name: &str) -> Option<Text> {
    check_name(name).err().map(|word| Text::key(format!("user-{word}")))
}

/// How strong a password is, by a bar and in words; nothing while none is typed.
pub fn strength(name: &str, password: &str) -> Option<Text> {
    if password.is_empty() {
        return None;
    }
    let found = estimate(name, password);
    let bar: String = (1..=4).map(|n| if n <= found.score { '■' } else { '□' }).collect();
    if let Some(fault) = password_faults(name, password).first() {
        return Some(t!("strength-refused", bar = bar, why = Text::key(fault.key())));
    }
    let word = Text::key(format!("strength-score-{}", found.score));
    Some(t!("strength-meter", bar = bar, word = word, power = found.magnitude.to_string()))
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
        Field::secret("password", t!("field-new-password")).hint(t!("hint-new-password")),
        Field::secret("again", t!("field-again")),
    ]
}

fn fields() -> Vec<Field> {
    let [new, again] = new_password();
    vec![Field::secret("old", t!("field-old-password")), new, again]
}

/// Changes one's own password.
pub fn own_password(name: &str) -> Box<dyn Screen> {
    Box::new(Form::new(Own { name: name.to_owned(), first: None }, fields()))
}

/// The same before anything else: somebody else has set the password of the session that has just begun.
pub fn password_first(session: SessionView) -> Box<dyn Screen> {
    let name = session.user.name.clone();
    Box::new(Form::new(Own { name, first: Some(Box::new(session)) }, fields()))
}

struct Own {
    name: String,
    /// The session that begins when the password is set.
    first: Option<Box<SessionView>>,
}

impl Purpose for Own {
    fn name(&self) -> &'static str {
        if self.first.is_some() { "password-first" } else { "own-password" }
    }

    fn title(&self) -> Text {
        t!("own-password-title")
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        let why = || t!("password-first", name = self.name.as_str());
        self.first.iter().map(|_| why()).collect()
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        strength(&self.name, fields.peek("password"))
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if fields.peek("old").is_empty() {
            fields.wrong("old", t!("fault-empty"));
        }
        if let Some(fault) = password_faults(&self.name, fields.peek("password")).first() {
            fields.wrong("password", Text::key(fault.key()));
        }
        match_again(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let (old, new) = (Some(fields.secret("old")), fields.secret("password"));
        vec![Effect::Call(Tag::Form, Request::UserPassword { name: self.name.clone(), old, new })]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        fields.wipe();
        let said = Effect::Say(Level::Good, t!("own-password-done"));
        match self.first.take() {
            Some(mut session) => {
                session.user.must_change = false;
                vec![Effect::SessionBegan(session), said]
            }
            None => vec![said, Effect::Close],
        }
    }
}
