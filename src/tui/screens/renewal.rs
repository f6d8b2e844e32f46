//! A node's operating system anew: through Cobbler, or by hand; and more time for what goes on.

use super::job::JobPage;
use super::manual::ManualPage;
use crate::api::manual::ManualAsk;
use crate::api::{Failure, Request, Response};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::schedule::REINSTALL_MINUTES;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Most minutes that can be asked for at once.
const MINUTES_MAX: u32 = 24 * 60;

fn minutes(fields: &mut Fields) -> u32 {
    match fields.text("minutes").parse::<u32>() {
        Ok(n) if (1..=MINUTES_MAX).contains(&n) => n,
        _ => {
            fields.wrong("minutes", t!("fault-minutes", most = MINUTES_MAX));
            0
        }
    }
}

struct Reinstall {
    node: NodeId,
    from: From,
    name: String,
    lost: Vec<Text>,
}

/// Where the question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// In the node table: the job's page is opened.
    Table,
    /// In the job itself.
    Job,
}

/// Asks before a node's operating system is installed anew through Cobbler: what is lost, its name to be typed.
pub fn reinstall(cx: &Shared, node: NodeId, name: &str, from: From) -> Box<dyn Screen> {
    let mut lost = vec![t!("reinstall-what", name = name)];
    let row = cx.data.node(node);
    if let Some(facts) = row.and_then(|r| r.facts.as_ref()) {
        let disks: Vec<String> =
            facts.disks.iter().map(|d| format!("{} ({})", d.name, text::bytes(d.bytes))).collect();
        if !disks.is_empty() {
            lost.push(t!("reinstall-lost-disks", disks = disks.join(", ")));
        }
        lost.push(t!("reinstall-lost-system", system = &facts.os_pretty));
    }
    lost.push(t!("reinstall-then"));
    lost.push(t!("reinstall-undo"));
    let fields = vec![
        Field::text("name", t!("field-type-name", name = name), ""),
        Field::text("profile", t!("field-profile"), "").hint(t!("hint-profile")),
        Field::text("minutes", t!("field-minutes"), &REINSTALL_MINUTES.to_string())
            .hint(t!("hint-minutes", most = MINUTES_MAX)),
    ];
    Box::new(Form::new(Reinstall { node, from, name: name.to_owned(), lost }, fields))
}

impl Purpose for Reinstall {
    fn name(&self) -> &'static str {
        "reinstall"
    }

    fn title(&self) -> Text {
        t!("reinstall-title", name = &self.name)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        self.lost.clone()
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        if fields.text("name") != self.name {
            fields.wrong("name", t!("fault-type-name", name = &self.name));
        }
        let minutes = minutes(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let profile = Some(fields.text("profile").to_owned()).filter(|p| !p.is_empty());
        let name = fields.text("name").to_owned();
        let request = Request::NodeReinstall { node: self.node, name, profile, minutes: Some(minutes) };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let said = Effect::Say(Level::Good, t!("reinstall-asked", name = &self.name));
        match response {
            Response::Job(job) if self.from == From::Table => {
                vec![Effect::Replace(Box::new(JobPage::on(job.id, self.node))), said]
            }
            _ => vec![Effect::Close, said],
        }
    }
}

/// What is given more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The fresh system must answer by then.
    Reinstallation,
    /// The attempt that runs is ended then.
    Step,
}

struct Extend {
    job: JobId,
    node: NodeId,
    name: String,
    what: Deadline,
}

/// Gives a reinstallation, or the step that runs, more time.
pub fn extend(job: JobId, node: NodeId, name: &str, what: Deadline) -> Box<dyn Screen> {
    let field = Field::text("minutes", t!("field-more-minutes"), "30");
    let purpose = Extend { job, node, name: name.to_owned(), what };
    Box::new(Form::new(purpose, vec![field.hint(t!("hint-minutes", most = MINUTES_MAX))]))
}

impl Purpose for Extend {
    fn name(&self) -> &'static str {
        "more-time"
    }

    fn title(&self) -> Text {
        match self.what {
            Deadline::Reinstallation => t!("extend-title", name = &self.name),
            Deadline::Step => t!("extend-step-title", name = &self.name),
        }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let minutes = minutes(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        let (job, node) = (self.job, self.node);
        let request = match self.what {
            Deadline::Reinstallation => Request::ReinstallExtend { job, node, minutes },
            Deadline::Step => Request::CeilingExtend { job, node, seconds: minutes * 60 },
        };
        vec![Effect::Call(Tag::Form, request)]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close, Effect::Say(Level::Good, t!("extended", name = &self.name))]
    }
}

/// The question before the manual procedure; with yes it is begun and its page opened.
pub struct ByHand {
    node: NodeId,
    confirm: Confirm,
}

/// Asks before an operator takes a node into his own hands.
pub fn by_hand(node: NodeId, name: &str) -> ByHand {
    let body = vec![t!("manual-start-what", name = name), t!("manual-start-lost"), t!("manual-start-undo")];
    let confirm =
        Confirm::new(t!("manual-start-title", name = name), body, t!("button-by-hand"), move || {
            vec![Effect::Call(Tag::Form, Request::Manual(ManualAsk::Start { node }))]
        });
    ByHand { node, confirm }
}

impl Screen for ByHand {
    fn name(&self) -> &'static str {
        "by-hand"
    }

    fn contexts(&self) -> Vec<Context> {
        self.confirm.contexts()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        // The answer names the job, so the question stays until it comes.
        let effects = self.confirm.act(cx, action)?;
        let call = effects.into_iter().find_map(|e| match e {
            Effect::Below(below) => Some(below),
            Effect::Close => None,
            other => Some(vec![other]),
        });
        match (call, action) {
            (Some(call), _) => Some(call),
            (None, Action::Choose | Action::Cancel) => Some(vec![Effect::Close]),
            (None, _) => Some(Vec::new()),
        }
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Job(job)) => {
                vec![Effect::Replace(Box::new(ManualPage::new(job.env, job.id, self.node)))]
            }
            Ok(_) => vec![Effect::Close],
            Err(f) => vec![Effect::Close, Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        self.confirm.view(cx, frame, area);
    }
}
