//! One step of a plan on one node: what it is for, its script as it will be run, its files, what it restarts.

use crate::api::{Failure, Request, Response};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::plan::{Plan, StepId, StepSpec, localized};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use crate::tui::widgets::highlight::{Syntax, coloured};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cell::Cell;

/// The page.
pub struct PlanStep {
    env: EnvId,
    node: NodeId,
    name: String,
    step: StepId,
    spec: StepSpec,
    script: Option<Result<Vec<String>, Text>>,
    from: usize,
    left: usize,
    page: Cell<usize>,
}

impl PlanStep {
    /// A step of `plan` on one of its nodes.
    pub fn new(plan: &Plan, node: NodeId, step: &StepId) -> Self {
        Self {
            env: plan.env,
            node,
            name: plan.node(node).map_or_else(|| node.to_string(), |n| n.name.clone()),
            step: step.clone(),
            spec: plan.steps.get(step).cloned().unwrap_or_default(),
            script: None,
            from: 0,
            left: 0,
            page: Cell::new(10),
        }
    }

    fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let spec = &self.spec;
        let title = localized(&spec.title, cx.language());
        let usual = text::duration(u64::from(spec.weight.max(1)) * 1000);
        let ceiling = text::duration(u64::from(spec.ceiling()) * 1000);
        let mut lines = vec![
            (format!("{}  {}", self.step, cx.tr(&Text::plain(title))), Part::Title),
            (cx.tr(&t!("step-times", usual = usual, ceiling = ceiling)), Part::Dim),
        ];
        let undo = if spec.irreversible { t!("step-irreversible") } else { t!("step-reversible") };
        let retry = if spec.retryable { t!("step-retryable") } else { t!("step-not-retryable") };
        let part = if spec.irreversible { Part::Warn } else { Part::Text };
        lines.push((format!("{}  {}", cx.tr(&undo), cx.tr(&retry)), part));
        let mut list = |names: &[String], text: fn(String) -> Text| {
            if !names.is_empty() {
                lines.push((cx.tr(&text(names.join(" "))), Part::Text));
            }
        };
        list(&spec.packages, |names| t!("step-packages", names = names));
        list(&spec.restarts, |names| t!("step-restarts", names = names));
        list(&spec.secrets, |names| t!("plan-secrets", names = names));
        lines
    }
}

impl Screen for PlanStep {
    fn name(&self) -> &'static str {
        "plan-step"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(Text::plain(format!("{} › {}", self.name, self.step)))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::PlanStep, Context::Moving]
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        let request = Request::StepScript { env: self.env, node: self.node, step: self.step.clone() };
        vec![Effect::Call(Tag::Content, request)]
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        let count = match &self.script {
            Some(Ok(lines)) => lines.len(),
            _ => 0,
        };
        self.from = match action {
            Action::Up => self.from.saturating_sub(1),
            Action::Down => self.from + 1,
            Action::HalfUp => self.from.saturating_sub(page / 2),
            Action::HalfDown => self.from + page / 2,
            Action::PageUp => self.from.saturating_sub(page - 1),
            Action::PageDown => self.from + page - 1,
            Action::Top => 0,
            Action::Bottom => count,
            Action::ScrollLeft => {
                self.left = self.left.saturating_sub(8);
                self.from
            }
            Action::ScrollRight => {
                self.left += 8;
                self.from
            }
            Action::Yank => {
                let Some(Ok(lines)) = &self.script else { return Some(Vec::new()) };
                return Some(vec![Effect::Copy(lines.join("\n"))]);
            }
            _ => return None,
        };
        self.from = self.from.min(count.saturating_sub(page));
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        self.script = match result {
            Ok(Response::Script(script)) => Some(Ok(script.lines().map(str::to_owned).collect())),
            Ok(_) => None,
            Err(f) => Some(Err(cx.catalogue.failure(&f))),
        };
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let columns = usize::from(area.width);
        let mut y = area.y;
        for (sentence, part) in self.head(cx) {
            for line in text::wrap(&sentence, columns.saturating_sub(2)).into_iter().take(2) {
                if y < area.bottom() {
                    let line = Line::styled(format!(" {line}"), cx.style(part));
                    frame.render_widget(line, Rect { y, height: 1, ..area });
                    y = y.saturating_add(1);
                }
            }
        }
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let lines = match &self.script {
            None => return empty::asked(cx, frame, rest, None),
            Some(Err(why)) => return empty::asked(cx, frame, rest, Some(why)),
            Some(Ok(lines)) => lines,
        };
        let room = usize::from(rest.height);
        self.page.set(room);
        for (n, line) in lines.iter().skip(self.from).take(room).enumerate() {
            // The text comes from files of roles: nothing in it may reach the terminal as a command.
            let shown = cx.tr(&Text::plain(line.replace('\t', "    ")));
            let shown = text::fit(&format!(" {}", text::skip(&shown, self.left)), columns);
            let y = rest.y.saturating_add(cells(n));
            let line = if line.starts_with("# ---") {
                Line::styled(shown, cx.style(Part::Title))
            } else {
                coloured(cx, Syntax::Shell, &shown)
            };
            frame.render_widget(line, Rect { y, height: 1, ..rest });
        }
    }
}
