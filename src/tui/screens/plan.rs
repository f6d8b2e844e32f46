//! What an installation would do, before it does it.

use super::job::JobPage;
use super::nodes::names;
use crate::api::{Failure, Request, Response};
use crate::domain::ids::EnvId;
use crate::domain::plan::{Plan, localized};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cell::Cell;

/// The page.
pub struct PlanPage {
    env: EnvId,
    plan: Option<Result<Box<Plan>, Text>>,
    from: usize,
    page: Cell<usize>,
}

impl PlanPage {
    /// The plan of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, plan: None, from: 0, page: Cell::new(10) }
    }

    fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()?.as_ref().ok().map(|p| &**p)
    }

    fn confirm(&self, cx: &Shared) -> Option<Confirm> {
        let plan = self.plan()?;
        let env = self.env;
        let name = cx.data.environment(env).map_or_else(|| env.to_string(), |e| e.env.name.clone());
        let count = plan.nodes.len();
        let list = names(plan.nodes.iter().map(|n| n.name.as_str()));
        let body =
            vec![t!("install-what", count = count, names = list), t!("install-how"), t!("install-undo")];
        Some(Confirm::new(t!("install-title", name = name), body, t!("button-install"), move || {
            vec![Effect::Call(Tag::Form, Request::Install { env, dry_run: false })]
        }))
    }

    fn lines(cx: &Shared, plan: &Plan) -> Vec<(String, Part)> {
        let steps: usize = plan.stages.iter().flat_map(|s| &s.items).map(|i| i.steps.len()).sum();
        let parallel = usize::try_from(plan.parallel.max(1)).unwrap_or(1);
        // Stages one after the other, nodes within a stage side by side.
        let usual: u64 = plan
            .stages
            .iter()
            .map(|stage| {
                let mut each: Vec<u64> = stage
                    .items
                    .iter()
                    .map(|i| i.steps.iter().map(|s| u64::from(plan.weight(s))).sum())
                    .collect();
                each.sort_unstable_by(|a, b| b.cmp(a));
                each.iter().step_by(parallel).sum::<u64>()
            })
            .sum();
        let modules: Vec<&str> = plan.modules.iter().map(|(m, _)| m.as_str()).collect();
        let summary = t!(
            "plan-summary",
            nodes = plan.nodes.len(),
            steps = steps,
            span = text::duration(usual * 1000),
            parallel = plan.parallel,
        );
        let mut lines = vec![
            (cx.tr(&summary), Part::Title),
            (cx.tr(&t!("plan-modules", names = modules.join(" "))), Part::Text),
        ];
        for stage in &plan.stages {
            let word = Text::key(format!("stage-{}", stage.kind.word()));
            lines.push((String::new(), Part::Text));
            lines.push((cx.tr(&t!("plan-stage", stage = word, nodes = stage.items.len())), Part::Title));
            for item in &stage.items {
                let node = plan.node(item.node);
                let line = node.map_or_else(
                    || item.node.to_string(),
                    |n| {
                        let roles = states::roles(cx, &n.roles);
                        cx.tr(&t!("plan-node", name = &n.name, address = &n.address, roles = roles))
                    },
                );
                lines.push((format!("  {line}"), Part::Text));
                for id in &item.steps {
                    let step = plan.steps.get(id);
                    let title = step.map_or("", |s| localized(&s.title, cx.language()));
                    let usual = text::duration(u64::from(plan.weight(id)) * 1000);
                    let mut line = format!(
                        "    {}  {}  {title}",
                        text::left(&id.to_string(), 24),
                        text::right(&usual, 6)
                    );
                    if step.is_some_and(|s| s.irreversible) {
                        line = format!("{line}  ({})", cx.tr(&t!("plan-irreversible")));
                    }
                    if let Some(step) = step.filter(|s| !s.secrets.is_empty()) {
                        line =
                            format!("{line}  {}", cx.tr(&t!("plan-secrets", names = step.secrets.join(" "))));
                    }
                    lines.push((line, Part::Dim));
                }
            }
        }
        lines
    }
}

impl Screen for PlanPage {
    fn name(&self) -> &'static str {
        "plan"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-plan"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Plan, Context::Moving]
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        vec![Effect::Call(Tag::Content, Request::PlanPreview { env: self.env })]
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        if action != Action::PlanStart {
            return None;
        }
        match &self.plan {
            None => Some(t!("loading")),
            Some(_) => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        self.from = match action {
            Action::Up => self.from.saturating_sub(1),
            Action::Down => self.from + 1,
            Action::HalfUp => self.from.saturating_sub(page / 2),
            Action::HalfDown => self.from + page / 2,
            Action::PageUp => self.from.saturating_sub(page - 1),
            Action::PageDown => self.from + page - 1,
            Action::Top => 0,
            Action::Bottom => usize::MAX / 2,
            // What was missing may be there by now.
            Action::PlanStart if self.plan().is_none() => return Some(self.online(cx)),
            Action::PlanStart => return Some(vec![Effect::Push(Box::new(self.confirm(cx)?))]),
            _ => return None,
        };
        let count = self.plan().map_or(0, |plan| Self::lines(cx, plan).len());
        self.from = self.from.min(count.saturating_sub(page));
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Content, Ok(Response::Plan(plan))) => self.plan = Some(Ok(plan)),
            (Tag::Content, Err(f)) => self.plan = Some(Err(cx.catalogue.failure(&f))),
            (_, Ok(Response::Job(job))) => {
                return vec![
                    Effect::Replace(Box::new(JobPage::new(job.id))),
                    Effect::Say(Level::Good, t!("install-started")),
                ];
            }
            (_, Ok(_)) => {}
            (_, Err(f)) => return vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let plan = match &self.plan {
            None => return empty::draw(cx, frame, area, &[t!("loading")]),
            Some(Err(why)) => return empty::draw(cx, frame, area, std::slice::from_ref(why)),
            Some(Ok(plan)) => plan,
        };
        let room = usize::from(area.height);
        self.page.set(room);
        let lines = Self::lines(cx, plan);
        for (n, (line, part)) in lines.into_iter().skip(self.from).take(room).enumerate() {
            let line = text::fit(&format!(" {line}"), usize::from(area.width));
            let y = area.y.saturating_add(cells(n));
            frame.render_widget(Line::styled(line, cx.style(part)), Rect { y, height: 1, ..area });
        }
    }
}
