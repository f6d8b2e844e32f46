//! A file to a node or from it: where from, where to, and what became of it.

use crate::domain::ids::NodeId;
use crate::tui::event::{Effect, Tag, Transfer};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

struct Send {
    node: NodeId,
    name: String,
}

/// Asks what is to be sent or fetched.
pub fn send(node: NodeId, name: &str) -> Box<dyn Screen> {
    let way = vec![("send".to_owned(), t!("transfer-send")), ("fetch".to_owned(), t!("transfer-fetch"))];
    let there =
        vec![("keep".to_owned(), t!("transfer-keep")), ("replace".to_owned(), t!("transfer-replace"))];
    let fields = vec![
        Field::choice("way", t!("field-transfer-way"), way, 0),
        Field::text("here", t!("field-transfer-here"), "").hint(t!("hint-transfer-here")),
        Field::text("there", t!("field-transfer-there"), "").hint(t!("hint-transfer-there")),
        Field::choice("old", t!("field-transfer-old"), there, 0),
    ];
    Box::new(Form::new(Send { node, name: name.to_owned() }, fields).at("here"))
}

impl Purpose for Send {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn title(&self) -> Text {
        t!("transfer-title", name = &self.name)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("transfer-what")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let send = fields.choice("way") == "send";
        let (mut here, mut there) = (fields.text("here").to_owned(), fields.text("there").to_owned());
        // The other end is the home of the account.
        if send && there.is_empty() {
            "~".clone_into(&mut there);
        }
        if !send && here.is_empty() {
            "~".clone_into(&mut here);
        }
        for (field, text) in [("here", &here), ("there", &there)] {
            if text.is_empty() {
                fields.wrong(field, t!("fault-empty"));
            }
        }
        if fields.is_wrong() {
            return Vec::new();
        }
        let replace = fields.choice("old") == "replace";
        let (node, name) = (self.node, self.name.clone());
        let transfer = Transfer { node, name, send, here, there, replace };
        vec![Effect::Close, Effect::Below(vec![Effect::Transfer(transfer)])]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: crate::api::Response) -> Vec<Effect> {
        Vec::new()
    }
}
