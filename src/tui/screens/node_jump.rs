//! The form of a node's jump host: through which machine it is reached, and how that is logged in to.

use super::node_forms::newer;
use crate::api::message::{Credential, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::ids::{NodeId, Revision};
use crate::domain::jump::JumpPlace;
use crate::domain::node::CredentialKind;
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

struct Jump {
    node: NodeId,
    based_on: Revision,
    name: String,
    fresh: Revision,
}

fn place(row: &NodeRow) -> String {
    row.jump.as_ref().map(|j| j.place().to_string()).unwrap_or_default()
}

/// Sets or removes a node's jump host.
pub fn jump(row: &NodeRow) -> Box<dyn Screen> {
    let place = place(row);
    let kind = row.jump.as_ref().and_then(|j| j.credential.as_ref());
    let method = match kind {
        None | Some(CredentialKind::Set { .. }) => 0,
        Some(CredentialKind::Password) => 1,
        Some(CredentialKind::Key) => 2,
        Some(CredentialKind::Agent { .. }) => 3,
    };
    let methods = vec![
        ("own".to_owned(), t!("method-own")),
        ("password".to_owned(), t!("method-password")),
        ("key".to_owned(), t!("method-key")),
        ("agent".to_owned(), t!("method-agent")),
    ];
    let fields = vec![
        Field::text("jump", t!("field-jump"), &place).hint(t!("hint-jump")),
        Field::choice("method", t!("field-method"), methods, method),
        Field::secret("password", t!("field-password")).when("method", "password"),
        Field::text("key", t!("field-key"), "~/.ssh/id_ed25519").hint(t!("hint-key")).when("method", "key"),
        Field::secret("passphrase", t!("field-passphrase")).hint(t!("hint-passphrase")).when("method", "key"),
        Field::text("socket", t!("field-agent"), "").hint(t!("hint-agent")).when("method", "agent"),
    ];
    let purpose = Jump { node: row.id, based_on: row.revision, name: row.name.clone(), fresh: row.revision };
    Box::new(Form::new(purpose, fields))
}

impl Jump {
    fn send(&self, fields: &Fields, credential: Option<Credential>) -> Vec<Effect> {
        let place = fields.text("jump").to_owned();
        let ask = (!place.is_empty()).then_some(JumpAsk { place, credential });
        let change = NodeChange::Jump(ask);
        vec![Effect::Call(Tag::Form, Request::NodeEdit { node: self.node, based_on: self.based_on, change })]
    }
}

impl Purpose for Jump {
    fn name(&self) -> &'static str {
        "node-jump"
    }

    fn title(&self) -> Text {
        t!("node-jump-title", name = &self.name)
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if fields.text("jump").is_empty() {
            return self.send(fields, None);
        }
        if fields.text("jump").parse::<JumpPlace>().is_err() {
            fields.wrong("jump", t!("fault-jump"));
        }
        let method = fields.choice("method").to_owned();
        match method.as_str() {
            "password" if fields.peek("password").is_empty() => fields.wrong("password", t!("fault-empty")),
            "key" if fields.text("key").is_empty() => fields.wrong("key", t!("fault-empty")),
            "agent" if fields.text("socket").is_empty() => fields.wrong("socket", t!("fault-empty")),
            _ => {}
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        match method.as_str() {
            "password" => {
                let password = fields.secret("password");
                self.send(fields, Some(Credential::Password(password)))
            }
            "key" => vec![Effect::ReadFile(fields.text("key").to_owned())],
            "agent" => {
                let socket = fields.text("socket").to_owned();
                self.send(fields, Some(Credential::Agent { socket }))
            }
            _ => self.send(fields, None),
        }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        match result {
            Ok(text) => {
                let credential = Credential::Key { text, passphrase: fields.secret("passphrase") };
                self.send(fields, Some(credential))
            }
            Err(why) => {
                fields.wrong("key", Text::plain(why));
                Vec::new()
            }
        }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        fields.wipe();
        let said = Effect::Say(Level::Good, t!("node-changed", name = &self.name));
        vec![Effect::Close, said, Effect::Probe(vec![self.node])]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let row = newer(cx, self.node, self.based_on)?;
        self.fresh = row.revision;
        Some(Theirs { by: String::new(), values: vec![("jump", place(row))] })
    }

    fn rebase(&mut self) {
        self.based_on = self.fresh;
    }
}
