//! The form of Loki: where it is, as whom, and what goes there.

use super::authority;
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Request, Response};
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::domain::loki::{JOB, LokiPlace, LokiSettings};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Says where the server is and what it gets.
pub fn settings(env: EnvId, old: Option<&LokiSettings>) -> Box<dyn Screen> {
    let [choice, file] = authority::fields(old.is_some_and(|s| s.authority.is_some()));
    let or_empty = |text: Option<&String>| text.map_or("", String::as_str).to_owned();
    let tenant = or_empty(old.and_then(|s| s.tenant.as_ref()));
    let user = or_empty(old.and_then(|s| s.user.as_ref()));
    let password = Field::secret("password", t!("field-password"));
    let known = old.is_some_and(|s| s.user.is_some());
    let password = if known { password.hint(t!("hint-loki-password")) } else { password };
    let pushes = vec![("no".to_owned(), t!("loki-push-no")), ("yes".to_owned(), t!("loki-push-yes"))];
    let fields = vec![
        Field::text("url", t!("field-url"), old.map_or("https://", |s| &s.url)).hint(t!("hint-loki-url")),
        Field::text("tenant", t!("field-tenant"), &tenant).hint(t!("hint-tenant")),
        Field::text("user", t!("field-user"), &user).hint(t!("hint-loki-user")),
        password,
        choice,
        file,
        Field::choice("push", t!("field-loki-push"), pushes, usize::from(old.is_some_and(|s| s.push))),
        Field::text("what", t!("field-loki-what"), old.map_or("", |s| &s.what))
            .hint(t!("hint-loki-what"))
            .when("push", "yes"),
        Field::text("job", t!("field-loki-job"), old.map_or(JOB, |s| &s.job)).when("push", "yes"),
    ];
    let authority = old.and_then(|s| s.authority.clone());
    let what = old.map_or_else(String::new, |s| s.what.clone());
    let job = old.map_or_else(|| JOB.to_owned(), |s| s.job.clone());
    Box::new(Form::new(Settings { env, authority, what, job }, fields).at("url"))
}

struct Settings {
    env: EnvId,
    authority: Option<String>,
    /// As they are, for when they are not shown.
    what: String,
    job: String,
}

impl Settings {
    fn send(&self, fields: &mut Fields, authority: Option<String>) -> Vec<Effect> {
        let push = fields.choice("push") == "yes";
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let place = LokiPlace {
            url: fields.text("url").trim().to_owned(),
            tenant: given(fields.text("tenant")),
            user: given(fields.text("user")),
            password: fields.secret("password"),
            authority,
            push,
            job: if push { fields.text("job").to_owned() } else { self.job.clone() },
            what: if push { fields.text("what").to_owned() } else { self.what.clone() },
        };
        if let Err(fault) = place.check() {
            authority::wrong(fields, fault.field(), fault.key());
        }
        if let Err(fault) = place.what.parse::<LogFilter>() {
            let text = Text::key(fault.key.clone()).with_all(&fault.args);
            fields.wrong("what", t!("logs-fault", column = u64::from(fault.column), why = text));
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        let request = LokiAsk::Set { env: self.env, place: Some(Box::new(place)) };
        vec![Effect::Call(Tag::Form, Request::Loki(request))]
    }
}

impl Purpose for Settings {
    fn name(&self) -> &'static str {
        "loki-settings"
    }

    fn title(&self) -> Text {
        t!("loki-settings-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        match authority::chosen(fields, self.authority.as_ref()) {
            Ok(authority) => self.send(fields, authority),
            Err(effects) => effects,
        }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        match authority::read(fields, result) {
            Some(text) => self.send(fields, Some(text)),
            None => Vec::new(),
        }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        fields.wipe();
        let said = match response {
            Response::Loki(LokiReply::Set { silent: Some(why), .. }) => {
                Effect::Say(Level::Warn, t!("loki-set-silent", why = why))
            }
            _ => Effect::Say(Level::Good, t!("loki-set-done")),
        };
        vec![Effect::Close, said]
    }
}
