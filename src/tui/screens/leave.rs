//! A node leaves an installed environment: how, what would be done for it, and the job that does it.
//!
//! The forecast is the engine's plan. Nothing is done before it was on the screen; the focus is on going back.

use super::job::JobPage;
use crate::api::day2::Day2;
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response};
use crate::domain::day2::LeaveHow;
use crate::domain::ids::{NodeId, Revision};
use crate::domain::plan::{Plan, localized};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::decision::{Decision, Sheet, Turn};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Ways to leave, as the form names them.
const WAYS: [&str; 4] = ["stop", "undo", "gone", "forget"];

struct How {
    node: NodeId,
    based_on: Revision,
    name: String,
}

/// Asks how an installed node is to leave.
pub fn leave(row: &NodeRow) -> Box<dyn Screen> {
    let ways = WAYS.map(|w| (w.to_owned(), Text::key(format!("leave-{w}"))));
    let guests =
        [("keep".to_owned(), t!("leave-guests-keep")), ("delete".to_owned(), t!("leave-guests-delete"))];
    let fields = vec![
        Field::choice("how", t!("field-leave-how"), ways.to_vec(), 0),
        Field::choice("guests", t!("field-leave-guests"), guests.to_vec(), 0),
    ];
    let purpose = How { node: row.id, based_on: row.revision, name: row.name.clone() };
    Box::new(Form::new(purpose, fields).at("how"))
}

impl Purpose for How {
    fn name(&self) -> &'static str {
        "leave-form"
    }

    fn title(&self) -> Text {
        t!("leave-title", name = &self.name)
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("leave-intro")]
    }

    fn outro(&self, fields: &Fields) -> Option<Text> {
        Some(Text::key(format!("leave-{}-means", fields.choice("how"))))
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let way = fields.choice("how");
        if way == "forget" {
            let request = Request::NodeRemove { node: self.node, based_on: self.based_on };
            return vec![Effect::Call(Tag::Form, request)];
        }
        let how = LeaveHow {
            undo: way == "undo",
            gone: way == "gone",
            delete_instances: fields.choice("guests") == "delete",
        };
        vec![Effect::Replace(Box::new(LeaveDialog::new(self.node, self.name.clone(), how)))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close, Effect::Say(Level::Good, t!("leave-forgotten", name = &self.name))]
    }
}

/// The forecast.
pub struct LeaveDialog {
    node: NodeId,
    name: String,
    how: LeaveHow,
    plan: Option<Box<Plan>>,
    sent: bool,
    fault: Option<Text>,
    decision: Decision,
}

impl LeaveDialog {
    fn new(node: NodeId, name: String, how: LeaveHow) -> Self {
        Self { node, name, how, plan: None, sent: false, fault: None, decision: Decision::default() }
    }

    /// Each step on each node, in the order in which they will be done.
    fn lines(&self, cx: &Shared) -> Vec<(String, Part)> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let mut out = Vec::new();
        for item in plan.stages.iter().flat_map(|s| &s.items) {
            let node = plan.node(item.node).map_or("?", |n| n.name.as_str());
            for step in &item.steps {
                let spec = plan.steps.get(step);
                let title = spec.map_or("", |s| localized(&s.title, cx.language()));
                let undone =
                    plan.aside.leaving.contains(&item.node) && spec.is_some_and(|s| s.task.is_none());
                let (glyph, part) = if undone { ("◂", Part::Warn) } else { ("▸", Part::Text) };
                let line = format!(
                    "{glyph} {}  {}  {title}",
                    text::left(node, 12),
                    text::left(&step.to_string(), 26)
                );
                out.push((line.trim_end().to_owned(), part));
            }
        }
        out
    }

    fn count(&self) -> usize {
        let plan = self.plan.iter();
        plan.flat_map(|p| &p.stages).flat_map(|s| &s.items).map(|i| i.steps.len()).sum()
    }

    fn is_ready(&self) -> bool {
        !self.sent && self.plan.is_some()
    }
}

impl Screen for LeaveDialog {
    fn name(&self) -> &'static str {
        "leave"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.sent = false;
        let asked = Day2::LeavePreview { node: self.node, how: self.how };
        vec![Effect::Call(Tag::Content, Request::Day2(asked))]
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        if action != Action::Choose || !self.decision.is_on_go() || self.is_ready() {
            return None;
        }
        Some(match &self.fault {
            _ if self.sent => t!("form-busy"),
            Some(why) => why.clone(),
            None => t!("loading"),
        })
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        Some(match self.decision.act(action, self.count())? {
            Turn::Moved => Vec::new(),
            Turn::No => vec![Effect::Close],
            Turn::Yes => {
                self.sent = true;
                let asked = Day2::Leave { node: self.node, how: self.how };
                vec![Effect::Call(Tag::Form, Request::Day2(asked))]
            }
        })
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (_, Ok(Response::Plan(plan))) => {
                self.decision.reset();
                self.plan = Some(plan);
            }
            (Tag::Form, Ok(Response::Job(job))) => {
                let said = t!("leave-started", name = self.name.as_str());
                return vec![Effect::Replace(Box::new(JobPage::new(job.id))), Effect::Say(Level::Good, said)];
            }
            (_, Err(f)) => (self.sent, self.fault) = (false, Some(cx.catalogue.failure(&f))),
            (_, Ok(_)) => {}
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let way = match (self.how.gone, self.how.undo) {
            (true, _) => t!("leave-gone-means"),
            (_, true) => t!("leave-undo-means"),
            (false, false) => t!("leave-stop-means"),
        };
        let mut head = vec![(cx.tr(&way), Part::Text)];
        let guests = if self.how.delete_instances {
            t!("leave-guests-delete-means")
        } else {
            t!("leave-guests-keep-means")
        };
        head.push((cx.tr(&guests), if self.how.delete_instances { Part::Warn } else { Part::Text }));
        match &self.plan {
            _ if self.sent => head.push((cx.tr(&t!("form-busy")), Part::Busy)),
            None if self.fault.is_none() => head.push((cx.tr(&t!("loading")), Part::Dim)),
            None => {}
            Some(plan) => {
                let count = t!("rotation-count", steps = self.count(), nodes = plan.nodes.len());
                head.push((cx.tr(&count), Part::Title));
            }
        }
        if let Some(fault) = &self.fault {
            head.push((format!("✗ {}", cx.tr(fault)), Part::Bad));
        }
        let lines = self.lines(cx);
        let line = |at: usize| lines.get(at).cloned().unwrap_or((String::new(), Part::Text));
        let sheet = Sheet {
            title: t!("leave-title", name = self.name.as_str()),
            head,
            count: lines.len(),
            line: &line,
            note: Some((cx.tr(&t!("leave-note")), Part::Dim)),
            go: t!("button-leave"),
            possible: self.is_ready(),
        };
        self.decision.view(cx, frame, area, &sheet);
    }
}
