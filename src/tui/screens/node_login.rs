//! Forms that ask how to log in to nodes: adding one or many, other credentials.

use super::node_forms::{check_address, newer, port};
use crate::api::discovery::SetChange;
use crate::api::message::{Credential, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response};
use crate::domain::environment::check_name as check_set;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::jump::JumpPlace;
use crate::domain::net::HostAddress;
use crate::domain::node::check_name;
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

enum What {
    Add(EnvId),
    AddMany(EnvId, Vec<(HostAddress, u16)>),
    Change(Vec<(NodeId, Revision, String)>),
    AddToSet(EnvId),
}

struct Login {
    what: What,
    waiting: usize,
    good: usize,
    added: Vec<NodeId>,
    /// Revision of what somebody else has saved of the only node.
    fresh: Option<Revision>,
}

fn form(what: What, mut before: Vec<Field>, user: &str, sets: Vec<String>) -> Box<dyn Screen> {
    let mut methods = vec![
        ("password".to_owned(), t!("method-password")),
        ("key".to_owned(), t!("method-key")),
        ("agent".to_owned(), t!("method-agent")),
    ];
    if !sets.is_empty() {
        methods.push(("set".to_owned(), t!("method-set")));
    }
    let sets = sets.into_iter().map(|name| (name.clone(), Text::plain(name))).collect();
    before.extend([
        Field::text("user", t!("field-account"), user).hint(t!("hint-account")),
        Field::choice("method", t!("field-method"), methods, 0),
        Field::choice("set", t!("field-set"), sets, 0).hint(t!("hint-set")).when("method", "set"),
        Field::secret("password", t!("field-password")).when("method", "password"),
        Field::text("key", t!("field-key"), "~/.ssh/id_ed25519").hint(t!("hint-key")).when("method", "key"),
        Field::secret("passphrase", t!("field-passphrase")).hint(t!("hint-passphrase")).when("method", "key"),
        Field::text("socket", t!("field-agent"), "").hint(t!("hint-agent")).when("method", "agent"),
    ]);
    Box::new(Form::new(Login { what, waiting: 0, good: 0, added: Vec::new(), fresh: None }, before))
}

/// Adds a node by its address.
pub fn add(env: EnvId) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("address", t!("field-address"), ""),
        Field::text("port", t!("field-port"), "22").hint(t!("hint-port")),
        Field::text("name", t!("field-node-name"), "").hint(t!("hint-node-name")),
        Field::text("jump", t!("field-jump"), "").hint(t!("hint-jump-new")),
    ];
    form(What::Add(env), fields, "root", Vec::new())
}

/// Adds what a sweep has found; `sets` are the sets of credentials that there are.
pub fn add_many(env: EnvId, found: Vec<(HostAddress, u16)>, sets: Vec<String>) -> Box<dyn Screen> {
    form(What::AddMany(env, found), Vec::new(), "root", sets)
}

/// Adds a credential to a set, which is made if there is none of that name.
pub fn add_to_set(env: EnvId, name: &str) -> Box<dyn Screen> {
    let fields = vec![Field::text("set-name", t!("field-set"), name).hint(t!("hint-set-name"))];
    form(What::AddToSet(env), fields, "root", Vec::new())
}

/// Gives nodes other credentials.
pub fn credentials(rows: &[&NodeRow]) -> Box<dyn Screen> {
    let user = rows.first().map_or("root", |n| n.user.as_str());
    let nodes = rows.iter().map(|n| (n.id, n.revision, n.name.clone())).collect();
    form(What::Change(nodes), Vec::new(), user, Vec::new())
}

impl Login {
    fn count(&self) -> usize {
        match &self.what {
            What::Add(_) | What::AddToSet(_) => 1,
            What::AddMany(_, found) => found.len(),
            What::Change(nodes) => nodes.len(),
        }
    }

    fn item(&self, at: u64) -> String {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        match &self.what {
            What::Add(_) | What::AddToSet(_) => String::new(),
            What::AddMany(_, found) => found.get(at).map(|(a, _)| a.to_string()).unwrap_or_default(),
            What::Change(nodes) => nodes.get(at).map(|n| n.2.clone()).unwrap_or_default(),
        }
    }

    fn send(&mut self, fields: &mut Fields, credential: &Credential) -> Vec<Effect> {
        let user = fields.text("user").to_owned();
        let requests: Vec<Request> = match &self.what {
            What::Add(env) => {
                let name = Some(fields.text("name").to_owned()).filter(|n| !n.is_empty());
                let address = fields.text("address").to_owned();
                let port = port(fields);
                let place = fields.text("jump").to_owned();
                let jump = (!place.is_empty()).then_some(JumpAsk { place, credential: None });
                vec![Request::NodeAdd {
                    env: *env,
                    name,
                    address,
                    port,
                    user,
                    credential: credential.clone(),
                    jump,
                }]
            }
            What::AddMany(env, found) => found
                .iter()
                .map(|(address, port)| Request::NodeAdd {
                    env: *env,
                    name: None,
                    address: address.to_string(),
                    port: *port,
                    user: user.clone(),
                    credential: credential.clone(),
                    jump: None,
                })
                .collect(),
            What::AddToSet(env) => vec![Request::SetEdit {
                env: *env,
                name: fields.text("set-name").to_owned(),
                change: SetChange::Add { user, credential: credential.clone() },
            }],
            What::Change(nodes) => nodes
                .iter()
                .map(|(node, based_on, _)| Request::NodeEdit {
                    node: *node,
                    based_on: *based_on,
                    change: NodeChange::Credential { user: user.clone(), credential: credential.clone() },
                })
                .collect(),
        };
        (self.waiting, self.good) = (requests.len(), 0);
        // Of one node the form itself says what is wrong, and that somebody else has changed it meanwhile.
        let alone = matches!(&self.what, What::Change(nodes) if nodes.len() == 1);
        let tag = |at| if alone { Tag::Form } else { Tag::Item(at) };
        requests.into_iter().zip(0_u64..).map(|(r, at)| Effect::Call(tag(at), r)).collect()
    }

    fn settled(&mut self, fields: &mut Fields) -> Vec<Effect> {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting > 0 {
            return Vec::new();
        }
        fields.wipe();
        if matches!(self.what, What::AddToSet(_)) {
            return vec![Effect::Close, Effect::Say(Level::Good, t!("set-added"))];
        }
        let (good, count) = (self.good, self.count());
        let said = if good < count {
            Effect::Say(Level::Warn, t!("nodes-partly", done = good, count = count))
        } else if matches!(self.what, What::Change(_)) {
            Effect::Say(Level::Good, t!("credentials-changed", count = good))
        } else {
            Effect::Say(Level::Good, t!("nodes-added", count = good))
        };
        vec![Effect::Close, said, Effect::Probe(std::mem::take(&mut self.added))]
    }
}

impl Purpose for Login {
    fn name(&self) -> &'static str {
        "node-login"
    }

    fn title(&self) -> Text {
        match &self.what {
            What::Add(_) => t!("node-add-title"),
            What::AddToSet(_) => t!("set-add-title"),
            What::AddMany(_, found) => {
                t!("node-add-many-title", count = found.len(), first = self.item(0))
            }
            What::Change(nodes) => t!("node-credential-title", count = nodes.len(), first = self.item(0)),
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if matches!(self.what, What::Add(_)) {
            check_address(fields);
            port(fields);
            let name = fields.text("name");
            if !name.is_empty() && check_name(name).is_err() {
                fields.wrong("name", t!("fault-node-name"));
            }
            let jump = fields.text("jump");
            if !jump.is_empty() && jump.parse::<JumpPlace>().is_err() {
                fields.wrong("jump", t!("fault-jump"));
            }
        }
        if matches!(self.what, What::AddToSet(_)) && check_set(fields.text("set-name")).is_err() {
            fields.wrong("set-name", t!("fault-set-name"));
        }
        let method = fields.choice("method").to_owned();
        let needed = match method.as_str() {
            "key" => "key",
            "agent" => "socket",
            "set" => "set",
            _ => "password",
        };
        for field in ["user", needed] {
            let empty = if field == "set" {
                false
            } else if field == "password" {
                fields.peek(field).is_empty()
            } else {
                fields.text(field).is_empty()
            };
            if empty {
                fields.wrong(field, t!("fault-empty"));
            }
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        match method.as_str() {
            "key" => vec![Effect::ReadFile(fields.text("key").to_owned())],
            "set" => {
                let name = fields.choice("set").to_owned();
                self.send(fields, &Credential::Set { name })
            }
            "agent" => {
                let socket = fields.text("socket").to_owned();
                self.send(fields, &Credential::Agent { socket })
            }
            _ => {
                let credential = Credential::Password(fields.secret("password"));
                self.send(fields, &credential)
            }
        }
    }

    fn file(&mut self, _: &Shared, fields: &mut Fields, result: Result<Secret, String>) -> Vec<Effect> {
        match result {
            Ok(text) => {
                let credential = Credential::Key { text, passphrase: fields.secret("passphrase") };
                self.send(fields, &credential)
            }
            Err(why) => {
                fields.wrong("key", Text::plain(why));
                Vec::new()
            }
        }
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        self.good += 1;
        if let Response::Node(node) = response
            && !matches!(self.what, What::Change(_))
        {
            self.added.push(node.id);
        }
        let mut effects = self.settled(fields);
        // New credentials are tried at once.
        if let (What::Change(nodes), false) = (&self.what, effects.is_empty()) {
            effects.push(Effect::Probe(nodes.iter().map(|n| n.0).collect()));
        }
        effects
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let What::Change(nodes) = &self.what else { return None };
        let [(node, based_on, _)] = nodes.as_slice() else { return None };
        let row = newer(cx, *node, *based_on)?;
        self.fresh = Some(row.revision);
        // Passwords are compared with nothing: only the account can be told.
        Some(Theirs { by: String::new(), values: vec![("user", row.user.clone())] })
    }

    fn rebase(&mut self) {
        if let (What::Change(nodes), Some(fresh)) = (&mut self.what, self.fresh.take())
            && let [(_, based_on, _)] = nodes.as_mut_slice()
        {
            *based_on = fresh;
        }
    }

    fn refused(&mut self, cx: &Shared, tag: Tag, failure: &Failure) -> Option<Vec<Effect>> {
        let Tag::Item(at) = tag else { return None };
        if self.count() == 1 {
            return None;
        }
        let (what, why) = (self.item(at), cx.catalogue.failure(failure));
        let mut effects = vec![Effect::Say(Level::Bad, t!("node-item-refused", what = what, why = why))];
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            let text = t!("nodes-partly", done = self.good, count = self.count());
            effects.extend([Effect::Close, Effect::Say(Level::Warn, text)]);
            effects.push(Effect::Probe(std::mem::take(&mut self.added)));
        }
        Some(effects)
    }
}
