//! Forms of nodes that need no secret: name, address, roles.

use crate::api::message::NodeChange;
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response};
use crate::domain::ids::{NodeId, Revision};
use crate::domain::net::HostAddress;
use crate::domain::node::{NodeRole, NodeRoles, check_name};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::{Field, Tick};
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::stale::Theirs;

/// The port in a field, or a fault under it.
pub fn port(fields: &mut Fields) -> u16 {
    match fields.text("port").parse::<u16>() {
        Ok(port) if port > 0 => port,
        _ => {
            fields.wrong("port", t!("fault-port"));
            0
        }
    }
}

/// The address in a field, or a fault under it.
pub fn check_address(fields: &mut Fields) {
    if fields.text("address").parse::<HostAddress>().is_err() {
        fields.wrong("address", t!("fault-address"));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Name,
    Address,
}

struct Edit {
    node: NodeId,
    based_on: Revision,
    name: String,
    what: What,
    fresh: Revision,
}

fn edit(row: &NodeRow, what: What, fields: Vec<Field>) -> Box<dyn Screen> {
    let purpose =
        Edit { node: row.id, based_on: row.revision, name: row.name.clone(), what, fresh: row.revision };
    Box::new(Form::new(purpose, fields))
}

/// Gives a node another name.
pub fn rename(row: &NodeRow) -> Box<dyn Screen> {
    edit(
        row,
        What::Name,
        vec![Field::text("name", t!("field-node-name"), &row.name).hint(t!("fault-node-name"))],
    )
}

/// Gives a node another address.
pub fn address(row: &NodeRow) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("address", t!("field-address"), &row.address.to_string()),
        Field::text("port", t!("field-port"), &row.port.to_string()).hint(t!("hint-port")),
    ];
    edit(row, What::Address, fields)
}

impl Purpose for Edit {
    fn name(&self) -> &'static str {
        "node-edit"
    }

    fn title(&self) -> Text {
        match self.what {
            What::Name => t!("node-rename-title", name = &self.name),
            What::Address => t!("node-address-title", name = &self.name),
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let change = match self.what {
            What::Name => {
                if check_name(fields.text("name")).is_err() {
                    fields.wrong("name", t!("fault-node-name"));
                }
                NodeChange::Rename(fields.text("name").to_owned())
            }
            What::Address => {
                check_address(fields);
                let port = port(fields);
                NodeChange::Address { address: fields.text("address").to_owned(), port }
            }
        };
        if fields.is_wrong() {
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::NodeEdit { node: self.node, based_on: self.based_on, change })]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close, Effect::Say(Level::Good, t!("node-changed", name = &self.name))]
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let row = newer(cx, self.node, self.based_on)?;
        self.fresh = row.revision;
        let values = match self.what {
            What::Name => vec![("name", row.name.clone())],
            What::Address => vec![("address", row.address.to_string()), ("port", row.port.to_string())],
        };
        Some(Theirs { by: String::new(), values })
    }

    fn rebase(&mut self) {
        self.based_on = self.fresh;
    }
}

/// The node as somebody else has saved it, once its row has come.
pub fn newer(cx: &Shared, node: NodeId, based_on: Revision) -> Option<&NodeRow> {
    cx.data.node(node).filter(|row| row.revision != based_on)
}

struct Roles {
    nodes: Vec<(NodeId, Revision, String, NodeRoles)>,
    waiting: usize,
    good: usize,
    /// What somebody else has saved of the only one.
    fresh: Option<(Revision, NodeRoles)>,
}

/// Sets the roles of one or many nodes.
pub fn roles(rows: &[&NodeRow]) -> Box<dyn Screen> {
    let options = NodeRole::ALL
        .into_iter()
        .map(|role| {
            let having = rows.iter().filter(|n| n.roles.contains(&role)).count();
            let tick = if having == 0 {
                Tick::Off
            } else if having == rows.len() {
                Tick::On
            } else {
                Tick::Mixed
            };
            (role.word().to_owned(), Text::key(format!("role-{}", role.word())), tick)
        })
        .collect();
    let nodes = rows.iter().map(|n| (n.id, n.revision, n.name.clone(), n.roles.clone())).collect();
    let purpose = Roles { nodes, waiting: 0, good: 0, fresh: None };
    Box::new(Form::new(purpose, vec![Field::ticks("roles", t!("col-roles"), options)]))
}

impl Roles {
    fn settled(&mut self) -> Vec<Effect> {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting > 0 {
            return Vec::new();
        }
        let said = if self.good == self.nodes.len() {
            Effect::Say(Level::Good, t!("roles-set", count = self.good))
        } else {
            Effect::Say(Level::Warn, t!("nodes-partly", done = self.good, count = self.nodes.len()))
        };
        vec![Effect::Close, said]
    }
}

impl Purpose for Roles {
    fn name(&self) -> &'static str {
        "node-roles"
    }

    fn title(&self) -> Text {
        let first = self.nodes.first().map(|n| n.2.clone()).unwrap_or_default();
        t!("roles-title", count = self.nodes.len(), first = first)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("roles-intro")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let ticks = fields.ticks("roles");
        self.waiting = self.nodes.len();
        self.good = 0;
        let mut effects = Vec::new();
        for (at, (node, based_on, _, old)) in self.nodes.iter().enumerate() {
            let mut roles = old.clone();
            for (word, tick) in &ticks {
                let Ok(role) = word.parse::<NodeRole>() else { continue };
                match tick {
                    Tick::On => drop(roles.insert(role)),
                    Tick::Off => drop(roles.remove(&role)),
                    Tick::Mixed => {}
                }
            }
            let request =
                Request::NodeEdit { node: *node, based_on: *based_on, change: NodeChange::Roles(roles) };
            // Of one node the form itself says what is wrong, and what somebody else has saved meanwhile.
            let tag =
                if self.nodes.len() == 1 { Tag::Form } else { Tag::Item(u64::try_from(at).unwrap_or(0)) };
            effects.push(Effect::Call(tag, request));
        }
        effects
    }

    fn theirs(&mut self, cx: &Shared, _: Option<Response>) -> Option<Theirs> {
        let [(node, based_on, ..)] = self.nodes.as_slice() else { return None };
        let row = newer(cx, *node, *based_on)?;
        self.fresh = Some((row.revision, row.roles.clone()));
        // In the order of the boxes.
        let words: Vec<&str> =
            NodeRole::ALL.iter().filter(|r| row.roles.contains(r)).map(|r| r.word()).collect();
        Some(Theirs { by: String::new(), values: vec![("roles", words.join(", "))] })
    }

    fn rebase(&mut self) {
        if let (Some((revision, roles)), Some(node)) = (self.fresh.take(), self.nodes.first_mut()) {
            (node.1, node.3) = (revision, roles);
        }
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        self.good += 1;
        self.settled()
    }

    fn refused(&mut self, cx: &Shared, tag: Tag, failure: &Failure) -> Option<Vec<Effect>> {
        if self.nodes.len() == 1 {
            return None;
        }
        let Tag::Item(at) = tag else { return None };
        let what = usize::try_from(at).ok().and_then(|at| self.nodes.get(at)).map(|n| n.2.clone());
        let why = cx.catalogue.failure(failure);
        let text = t!("node-item-refused", what = what.unwrap_or_default(), why = why);
        let mut effects = vec![Effect::Say(Level::Bad, text)];
        effects.extend(self.settled());
        Some(effects)
    }
}
