//! Locks of nodes: nobody installs, undoes or reinstalls a locked node until it is unlocked.

use super::nodes::names;
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::ids::NodeId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Characters of a reason.
const REASON_MAX: usize = 200;

struct Lock {
    nodes: Vec<NodeId>,
    first: String,
}

/// Locks nodes with a reason; when all of them are locked, asks whether to unlock them.
pub fn lock(cx: &Shared, rows: &[&NodeRow]) -> Box<dyn Screen> {
    if rows.iter().all(|n| n.lock.is_some()) {
        return Box::new(unlock(cx, rows));
    }
    let open: Vec<&&NodeRow> = rows.iter().filter(|n| n.lock.is_none()).collect();
    let purpose = Lock {
        nodes: open.iter().map(|n| n.id).collect(),
        first: open.first().map(|n| n.name.clone()).unwrap_or_default(),
    };
    let field = Field::text("why", t!("field-why"), "").hint(t!("hint-why", most = REASON_MAX));
    Box::new(Form::new(purpose, vec![field]))
}

fn unlock(cx: &Shared, rows: &[&NodeRow]) -> Confirm {
    let nodes: Vec<NodeId> = rows.iter().map(|n| n.id).collect();
    let list = names(rows.iter().map(|n| n.name.as_str()));
    let mut body = vec![t!("unlock-what", names = list)];
    let locks = rows.iter().filter_map(|n| Some((n, n.lock.as_ref()?)));
    body.extend(locks.take(6).map(|(n, lock)| {
        let at = cx.clock(lock.at);
        t!("unlock-line", name = &n.name, by = &lock.by, at = at, why = &lock.why)
    }));
    Confirm::new(t!("unlock-title", count = nodes.len()), body, t!("button-unlock"), move || {
        let count = nodes.len();
        let mut effects: Vec<Effect> = nodes
            .into_iter()
            .map(|node| Effect::CallDetached(Tag::Quiet, Request::NodeLock { node, why: None }))
            .collect();
        effects.push(Effect::Say(Level::Info, t!("unlock-asked", count = count)));
        effects
    })
}

impl Purpose for Lock {
    fn name(&self) -> &'static str {
        "node-lock"
    }

    fn title(&self) -> Text {
        t!("lock-title", count = self.nodes.len(), first = &self.first)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("lock-what")]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let why = fields.text("why").to_owned();
        if why.is_empty() || why.chars().count() > REASON_MAX {
            fields.wrong("why", t!("fault-why", most = REASON_MAX));
            return Vec::new();
        }
        let mut effects: Vec<Effect> = self
            .nodes
            .iter()
            .map(|node| {
                let request = Request::NodeLock { node: *node, why: Some(why.clone()) };
                Effect::CallDetached(Tag::Quiet, request)
            })
            .collect();
        effects.push(Effect::Say(Level::Info, t!("lock-asked", count = self.nodes.len())));
        effects.push(Effect::Close);
        effects
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}
