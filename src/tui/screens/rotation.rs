//! The question before a rotation: which steps will run on which nodes, and which services restart.
//!
//! The list is the engine's; its digest goes back with the answer, so that nothing is done that was not on the screen.

use super::job::JobPage;
use crate::api::accounts::AccountAsk;
use crate::api::{Failure, FailureKind, Request, Response};
use crate::domain::accounts::{NewValue, RotationPlan};
use crate::domain::ids::EnvId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::decision::{Decision, Sheet, Turn};
use ratatui::Frame;
use ratatui::layout::Rect;
use std::collections::BTreeSet;

/// The question.
pub struct RotationDialog {
    env: EnvId,
    name: String,
    new: NewValue,
    plan: Option<RotationPlan>,
    sent: bool,
    fault: Option<Text>,
    decision: Decision,
}

impl RotationDialog {
    /// Asks whether `new` is to be rolled out.
    pub fn new(env: EnvId, name: String, new: NewValue) -> Self {
        Self { env, name, new, plan: None, sent: false, fault: None, decision: Decision::default() }
    }

    fn count(&self) -> usize {
        self.plan.as_ref().map_or(0, |p| p.steps.len())
    }

    fn is_ready(&self) -> bool {
        !self.sent && self.count() > 0
    }

    /// Services that restart, each once.
    fn services(&self) -> String {
        let steps = self.plan.iter().flat_map(|p| &p.steps);
        let units: BTreeSet<&str> = steps.flat_map(|s| s.restarts.iter().map(String::as_str)).collect();
        units.into_iter().collect::<Vec<_>>().join(", ")
    }

    fn line(&self, at: usize) -> (String, Part) {
        let Some(step) = self.plan.as_ref().and_then(|p| p.steps.get(at)) else {
            return (String::new(), Part::Text);
        };
        let (glyph, part) = if step.gets { ("▸", Part::Text) } else { ("·", Part::Dim) };
        let line = format!(
            "{} {glyph} {}  {}  {}",
            text::right(&(at + 1).to_string(), 3),
            text::left(&step.node_name, 12),
            text::left(&step.step.to_string(), 24),
            step.restarts.join(", "),
        );
        (line.trim_end().to_owned(), part)
    }
}

impl Screen for RotationDialog {
    fn name(&self) -> &'static str {
        "rotation"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.sent = false;
        let request =
            Request::Accounts(AccountAsk::RotationPreview { env: self.env, name: self.name.clone() });
        vec![Effect::Call(Tag::Content, request)]
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        if action != Action::Choose || !self.decision.is_on_go() || self.is_ready() {
            return None;
        }
        Some(if self.sent { t!("form-busy") } else { t!("loading") })
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        Some(match self.decision.act(action, self.count())? {
            Turn::Moved => Vec::new(),
            Turn::No => vec![Effect::Close],
            Turn::Yes => {
                let Some(digest) = self.plan.as_ref().map(|p| p.digest) else { return Some(Vec::new()) };
                self.sent = true;
                let (env, name, new) = (self.env, self.name.clone(), self.new.clone());
                vec![Effect::Call(
                    Tag::Form,
                    Request::Accounts(AccountAsk::Rotate { env, name, new, digest }),
                )]
            }
        })
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (_, Ok(Response::Rotation(plan))) => {
                // Whoever pressed keys before it came has not seen it.
                self.decision.reset();
                self.plan = Some(plan);
            }
            (Tag::Form, Ok(Response::Job(job))) => {
                let said = t!("rotation-started", name = self.name.as_str());
                return vec![Effect::Replace(Box::new(JobPage::new(job.id))), Effect::Say(Level::Good, said)];
            }
            (Tag::Form, Err(f)) if f.kind == FailureKind::Conflict => {
                self.fault = Some(cx.catalogue.failure(&f));
                self.plan = None;
                return self.online(cx);
            }
            (_, Err(f)) => (self.sent, self.fault) = (false, Some(cx.catalogue.failure(&f))),
            (_, Ok(_)) => {}
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let what = match &self.new {
            NewValue::Old => t!("rotation-what-back", name = self.name.as_str()),
            NewValue::Generated(_) => t!("rotation-what-generated", name = self.name.as_str()),
            NewValue::Typed(_) => t!("rotation-what-typed", name = self.name.as_str()),
        };
        let mut head = vec![(cx.tr(&what), Part::Text)];
        match &self.plan {
            _ if self.sent => head.push((cx.tr(&t!("form-busy")), Part::Busy)),
            None if self.fault.is_none() => head.push((cx.tr(&t!("loading")), Part::Dim)),
            None => {}
            Some(plan) => {
                let nodes: BTreeSet<u64> = plan.steps.iter().map(|s| s.node.0).collect();
                head.push((
                    cx.tr(&t!("rotation-count", steps = plan.steps.len(), nodes = nodes.len())),
                    Part::Title,
                ));
                let services = self.services();
                if !services.is_empty() {
                    head.push((cx.tr(&t!("rotation-restarts", services = services)), Part::Warn));
                }
            }
        }
        if let Some(fault) = &self.fault {
            head.push((format!("✗ {}", cx.tr(fault)), Part::Bad));
        }
        let line = |at: usize| self.line(at);
        let sheet = Sheet {
            title: t!("rotation-title", name = self.name.as_str()),
            head,
            count: self.count(),
            line: &line,
            note: Some((cx.tr(&t!("rotation-note")), Part::Dim)),
            go: t!("button-rotate"),
            possible: self.is_ready(),
        };
        self.decision.view(cx, frame, area, &sheet);
    }
}
