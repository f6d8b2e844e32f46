//! The question before an undo: how far, what would be undone in which order, what stays.
//!
//! The list is the engine's; its digest goes back with the answer, so that nothing is undone that was not on the screen.

use super::stop::{names_width, node_name};
use crate::api::rows::JobNodeRow;
use crate::api::{Failure, FailureKind, Request, Response};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::undo::{NoUndo, UndoList, UndoScope};
use crate::domain::plan::{StageKind, StepId};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::decision::{Decision, Sheet, Turn};
use ratatui::Frame;
use ratatui::layout::Rect;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Node,
    Step,
    Stage,
    All,
}

const SCOPES: [(Scope, Action); 4] = [
    (Scope::Node, Action::ScopeNode),
    (Scope::Step, Action::ScopeStep),
    (Scope::Stage, Action::ScopeStage),
    (Scope::All, Action::ScopeAll),
];

/// The question.
pub struct UndoDialog {
    job: JobId,
    node: NodeId,
    name: String,
    step: Option<StepId>,
    stage: Option<StageKind>,
    scope: Scope,
    list: Option<UndoList>,
    /// Number of the newest question to the engine; answers to older ones are late.
    asked: u64,
    sent: bool,
    fault: Option<Text>,
    decision: Decision,
}

impl UndoDialog {
    /// Asks how far to undo on `node`; `step` is the one that an undo may go back to, `begun` the last stage that was begun.
    pub fn new(job: JobId, node: &JobNodeRow, step: Option<StepId>, begun: Option<StageKind>) -> Self {
        Self {
            job,
            node: node.node,
            name: node.name.clone(),
            scope: Scope::Node,
            step,
            stage: node.current.as_ref().map(|c| c.stage).or(begun),
            list: None,
            asked: 0,
            sent: false,
            fault: None,
            decision: Decision::default(),
        }
    }

    fn scope(&self, scope: Scope) -> Option<UndoScope> {
        Some(match scope {
            Scope::Node => UndoScope::Node { node: self.node, back_to: None },
            Scope::Step => UndoScope::Node { node: self.node, back_to: Some(self.step.clone()?) },
            Scope::Stage => UndoScope::Stage(self.stage?),
            Scope::All => UndoScope::All,
        })
    }

    fn title_of(&self, scope: Scope) -> Text {
        match scope {
            Scope::Node => t!("undo-scope-node", name = &self.name),
            Scope::Step => {
                let step = self.step.as_ref().map(ToString::to_string).unwrap_or_default();
                t!("undo-scope-step", name = &self.name, step = step)
            }
            Scope::Stage => {
                let stage = self.stage.map_or_else(String::new, |s| s.word().to_owned());
                t!("undo-scope-stage", stage = Text::key(format!("stage-{stage}")))
            }
            Scope::All => t!("undo-scope-all"),
        }
    }

    fn fetch(&mut self) -> Vec<Effect> {
        let Some(scope) = self.scope(self.scope) else { return Vec::new() };
        self.asked += 1;
        self.list = None;
        self.decision.reset();
        vec![Effect::Call(Tag::Item(self.asked), Request::UndoPreview { job: self.job, scope })]
    }

    fn count(&self) -> usize {
        self.list.as_ref().map_or(0, |l| l.lines.len())
    }

    fn is_ready(&self) -> bool {
        !self.sent && self.list.as_ref().is_some_and(|l| l.lines.iter().any(|l| !l.irreversible))
    }

    fn line(&self, cx: &Shared, at: usize) -> (String, Part) {
        let Some(line) = self.list.as_ref().and_then(|l| l.lines.get(at)) else {
            return (String::new(), Part::Text);
        };
        let name = node_name(cx, self.job, line.node);
        let stage = cx.tr(&Text::key(format!("stage-{}", line.stage.word())));
        let stays = if line.irreversible { cx.tr(&t!("undo-stays")) } else { String::new() };
        let (glyph, part) = if line.irreversible { ("·", Part::Warn) } else { ("◂", Part::Text) };
        let text = format!(
            "{} {} {}  {}  {}  {stays}",
            text::right(&(at + 1).to_string(), 4),
            glyph,
            text::left(&name, names_width(cx, self.job)),
            text::left(&stage, 12),
            text::left(&line.step.to_string(), 28),
        );
        (text.trim_end().to_owned(), part)
    }
}

/// Why nothing can be undone.
fn no_undo(why: &NoUndo) -> Text {
    match why {
        NoUndo::Refused(text) => t!("error-undo-refused", why = text),
        why => Text::key(why.key().to_owned()),
    }
}

impl Screen for UndoDialog {
    fn name(&self) -> &'static str {
        "undo"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Undo, Context::Dialog, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.sent = false;
        self.fetch()
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        if let Some((scope, _)) = SCOPES.iter().find(|(_, a)| *a == action) {
            return match scope {
                Scope::Step if self.step.is_none() => Some(t!("refused-undo-step")),
                Scope::Stage if self.stage.is_none() => Some(t!("refused-undo-stage")),
                _ => None,
            };
        }
        if action != Action::Choose || !self.decision.is_on_go() || self.is_ready() {
            return None;
        }
        Some(match &self.list {
            _ if self.sent => t!("form-busy"),
            None => t!("loading"),
            Some(UndoList { why: Some(why), .. }) => no_undo(why),
            Some(_) => t!("undo-nothing"),
        })
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        if let Some((scope, _)) = SCOPES.iter().find(|(_, a)| *a == action) {
            (self.scope, self.fault) = (*scope, None);
            return Some(self.fetch());
        }
        Some(match self.decision.act(action, self.count())? {
            Turn::Moved => Vec::new(),
            Turn::No => vec![Effect::Close],
            Turn::Yes => {
                let (Some(list), Some(scope)) = (&self.list, self.scope(self.scope)) else {
                    return Some(Vec::new());
                };
                self.sent = true;
                let request = Request::Undo { job: self.job, scope, digest: list.digest };
                vec![Effect::Call(Tag::Form, request)]
            }
        })
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Item(n), _) if n != self.asked => {}
            (_, Ok(Response::UndoList(list))) => {
                // Whoever pressed keys before it came has not seen it.
                self.decision.reset();
                self.list = Some(list);
            }
            (Tag::Form, Ok(_)) => {
                return vec![Effect::Say(Level::Good, t!("undo-asked", count = self.count())), Effect::Close];
            }
            (Tag::Form, Err(f)) if f.kind == FailureKind::Conflict => {
                (self.sent, self.fault) = (false, Some(t!("undo-changed")));
                return self.fetch();
            }
            (_, Err(f)) => (self.sent, self.fault) = (false, Some(cx.catalogue.failure(&f))),
            (_, Ok(_)) => {}
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let mut head = vec![(cx.tr(&t!("undo-what")), Part::Text)];
        for ((scope, _), n) in SCOPES.iter().zip(1_u8..) {
            let chosen = *scope == self.scope;
            let mark = if chosen { "(•)" } else { "( )" };
            let part = match (chosen, self.scope(*scope)) {
                (true, _) => Part::Title,
                (false, Some(_)) => Part::Text,
                (false, None) => Part::Dim,
            };
            let title = match self.scope(*scope) {
                Some(_) => cx.tr(&self.title_of(*scope)),
                None if *scope == Scope::Step => cx.tr(&t!("undo-scope-step-none")),
                None => cx.tr(&t!("undo-scope-stage-none")),
            };
            head.push((format!("{n} {mark} {title}"), part));
        }
        if let Some(fault) = &self.fault {
            head.push((format!("✗ {}", cx.tr(fault)), Part::Bad));
        }
        let summary = match &self.list {
            _ if self.sent => (cx.tr(&t!("form-busy")), Part::Busy),
            None => (cx.tr(&t!("loading")), Part::Dim),
            Some(UndoList { why: Some(why), .. }) => (cx.tr(&no_undo(why)), Part::Warn),
            Some(list) if list.lines.is_empty() => (cx.tr(&t!("undo-nothing")), Part::Warn),
            Some(list) if list.again => (cx.tr(&t!("undo-again", count = list.lines.len())), Part::Title),
            Some(list) => {
                let stays = list.lines.iter().filter(|l| l.irreversible).count();
                let count = list.lines.len() - stays;
                (cx.tr(&t!("undo-count", count = count, stays = stays)), Part::Title)
            }
        };
        head.push(summary);
        let busy: Vec<String> =
            self.list.iter().flat_map(|l| &l.busy).map(|n| node_name(cx, self.job, *n)).collect();
        let busy = super::nodes::names(busy.iter().map(String::as_str));
        let note = (!busy.is_empty()).then(|| (cx.tr(&t!("undo-busy", names = busy)), Part::Warn));
        let line = |at: usize| self.line(cx, at);
        let sheet = Sheet {
            title: t!("undo-title", id = self.job.to_string()),
            head,
            count: self.count(),
            line: &line,
            note,
            go: t!("button-undo"),
            possible: self.is_ready(),
        };
        self.decision.view(cx, frame, area, &sheet);
    }
}
