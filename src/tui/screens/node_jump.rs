//! The form of the jump host of nodes: through which machine they are reached, and how that is logged in to. Several marked nodes
//! get the same one.

use super::node_forms::newer;
use super::nodes::names;
use crate::api::message::{Credential, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response};
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
    nodes: Vec<(NodeId, Revision, String)>,
    fresh: Revision,
    waiting: usize,
    good: Vec<NodeId>,
}

fn place(row: &NodeRow) -> String {
    row.jump.as_ref().map(|j| j.place().to_string()).unwrap_or_default()
}

/// Sets or removes the jump host of nodes.
pub fn jump(rows: &[&NodeRow]) -> Box<dyn Screen> {
    let first = rows.first().filter(|first| rows.iter().all(|r| place(r) == place(first)));
    let start = first.map(|row| place(row)).unwrap_or_default();
    let kind = first.and_then(|row| row.jump.as_ref()).and_then(|j| j.credential.as_ref());
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
        Field::text("jump", t!("field-jump"), &start).hint(t!("hint-jump")),
        Field::choice("method", t!("field-method"), methods, method),
        Field::secret("password", t!("field-password")).when("method", "password"),
        Field::text("key", t!("field-key"), "~/.ssh/id_ed25519").hint(t!("hint-key")).when("method", "key"),
        Field::secret("passphrase", t!("field-passphrase")).hint(t!("hint-passphrase")).when("method", "key"),
        Field::text("socket", t!("field-agent"), "").hint(t!("hint-agent")).when("method", "agent"),
    ];
    let nodes: Vec<_> = rows.iter().map(|n| (n.id, n.revision, n.name.clone())).collect();
    let fresh = nodes.first().map(|n| n.1).unwrap_or_default();
    let purpose = Jump { nodes, fresh, waiting: 0, good: Vec::new() };
    Box::new(Form::new(purpose, fields))
}

impl Jump {
    fn send(&mut self, fields: &Fields, credential: Option<Credential>) -> Vec<Effect> {
        let place = fields.text("jump").to_owned();
        let ask = (!place.is_empty()).then_some(JumpAsk { place, credential });
        (self.waiting, self.good) = (self.nodes.len(), Vec::new());
        let calls = (0_u64..).zip(&self.nodes).map(|(at, (node, based_on, _))| {
            let change = NodeChange::Jump(ask.clone());
            let tag = if self.nodes.len() == 1 { Tag::Form } else { Tag::Item(at) };
            Effect::Call(tag, Request::NodeEdit { node: *node, based_on: *based_on, change })
        });
        calls.collect()
    }

    /// One of several has answered; when it was the last, the form is done.
    fn settled(&mut self) -> Vec<Effect> {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting > 0 {
            return Vec::new();
        }
        let said = if self.good.len() == self.nodes.len() {
            Effect::Say(Level::Good, t!("nodes-changed", count = self.good.len()))
        } else {
            Effect::Say(Level::Warn, t!("nodes-partly", done = self.good.len(), count = self.nodes.len()))
        };
        vec![Effect::Close, said, Effect::Probe(std::mem::take(&mut self.good))]
    }
}

impl Purpose for Jump {
    fn name(&self) -> &'static str {
        "node-jump"
    }

    fn title(&self) -> Text {
        match self.nodes.as_slice() {
            [(_, _, name)] => t!("node-jump-title", name = name),
            many => t!("node-jump-title-many", count = many.len()),
        }
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        if self.nodes.len() < 2 {
            return Vec::new();
        }
        vec![t!("node-jump-many", names = names(self.nodes.iter().map(|n| n.2.as_str())))]
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

    fn done(&mut self, _: &Shared, fields: &mut Fields, tag: Tag, _: Response) -> Vec<Effect> {
        if let Tag::Item(at) = tag {
            let node = usize::try_from(at).ok().and_then(|at| self.nodes.get(at));
            self.good.extend(node.map(|n| n.0));
            return self.settled();
        }
        fields.wipe();
        let Some((node, _, name)) = self.nodes.first() else { return vec![Effect::Close] };
        let said = Effect::Say(Level::Good, t!("node-changed", name = name));
        vec![Effect::Close, said, Effect::Probe(vec![*node])]
    }

    fn refused(&mut self, cx: &Shared, tag: Tag, failure: &Failure) -> Option<Vec<Effect>> {
        let Tag::Item(at) = tag else { return None };
        let what = usize::try_from(at).ok().and_then(|at| self.nodes.get(at)).map(|n| n.2.clone());
        let why = cx.catalogue.failure(failure);
        let text = t!("node-item-refused", what = what.unwrap_or_default(), why = why);
        let mut effects = vec![Effect::Say(Level::Bad, text)];
        effects.extend(self.settled());
        Some(effects)
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let [(node, based_on, _)] = self.nodes.as_slice() else { return None };
        let row = newer(cx, *node, *based_on)?;
        self.fresh = row.revision;
        Some(Theirs { by: String::new(), values: vec![("jump", place(row))] })
    }

    fn rebase(&mut self) {
        if let Some(first) = self.nodes.first_mut() {
            first.1 = self.fresh;
        }
    }
}
