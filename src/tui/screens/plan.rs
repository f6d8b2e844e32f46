//! What an installation would do, before it does it. Enter opens the selected step, `d` asks the nodes and changes nothing.

use super::check_gate;
use super::job::JobPage;
use super::nodes::names;
use super::plan_step::PlanStep;
use super::policy_form;
use crate::api::{Failure, Request, Response};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::plan::{Plan, PlanKind, StepId, localized};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Confirm;
use crate::tui::widgets::list::List;
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cell::Cell;

/// The page.
pub struct PlanPage {
    env: EnvId,
    plan: Option<Result<Box<Plan>, Text>>,
    /// The selected step, by the number of its line.
    list: List,
    from: Cell<usize>,
    page: Cell<usize>,
}

/// A line of the plan; those of steps can be selected.
struct PlanLine {
    text: String,
    part: Part,
    step: Option<(NodeId, StepId)>,
}

impl PlanLine {
    fn new(text: String, part: Part) -> Self {
        Self { text, part, step: None }
    }
}

impl PlanPage {
    /// The plan of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, plan: None, list: List::default(), from: Cell::new(0), page: Cell::new(10) }
    }

    fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()?.as_ref().ok().map(|p| &**p)
    }

    fn keys(lines: &[PlanLine]) -> Vec<u64> {
        (0_u64..).zip(lines).filter(|(_, l)| l.step.is_some()).map(|(n, _)| n).collect()
    }

    fn dry_run(&self, cx: &Shared) -> Option<Confirm> {
        let env = self.env;
        let name = cx.data.environment(env).map_or_else(|| env.to_string(), |e| e.env.name.clone());
        let body = vec![t!("dry-run-what", count = self.plan()?.nodes.len()), t!("dry-run-how")];
        Some(Confirm::new(t!("dry-run-title", name = name), body, t!("button-dry-run"), move || {
            vec![Effect::Call(
                Tag::Form,
                Request::Install { env, dry_run: true, only_new: false, over: None },
            )]
        }))
    }

    fn confirm(&self, cx: &Shared) -> Option<Confirm> {
        let plan = self.plan()?;
        let env = self.env;
        let name = cx.data.environment(env).map_or_else(|| env.to_string(), |e| e.env.name.clone());
        let count = plan.nodes.len();
        let list = names(plan.nodes.iter().map(|n| n.name.as_str()));
        let mut body =
            vec![t!("install-what", count = count, names = list), t!("install-how"), t!("install-undo")];
        // How the check stands is said, also where nobody has to say why.
        body.extend(cx.data.check(env).map(|c| check_gate::stands(&c.gate)));
        Some(Confirm::new(t!("install-title", name = name), body, t!("button-install"), move || {
            vec![Effect::Call(
                Tag::Form,
                Request::Install { env, dry_run: false, only_new: false, over: None },
            )]
        }))
    }

    fn lines(cx: &Shared, plan: &Plan) -> Vec<PlanLine> {
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
            PlanLine::new(cx.tr(&summary), Part::Title),
            PlanLine::new(cx.tr(&t!("plan-modules", names = modules.join(" "))), Part::Text),
            PlanLine::new(policy_form::sentence(cx, &plan.policy), Part::Text),
        ];
        for stage in &plan.stages {
            let word = Text::key(format!("stage-{}", stage.kind.word()));
            lines.push(PlanLine::new(String::new(), Part::Text));
            let head = cx.tr(&t!("plan-stage", stage = word, nodes = stage.items.len()));
            lines.push(PlanLine::new(head, Part::Title));
            for item in &stage.items {
                let node = plan.node(item.node);
                let line = node.map_or_else(
                    || item.node.to_string(),
                    |n| {
                        let roles = states::roles(cx, &n.roles);
                        cx.tr(&t!("plan-node", name = &n.name, address = &n.address, roles = roles))
                    },
                );
                lines.push(PlanLine::new(format!("  {line}"), Part::Text));
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
                    let step = Some((item.node, id.clone()));
                    lines.push(PlanLine { text: line, part: Part::Dim, step });
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

    fn topics(&self) -> Vec<crate::api::Topic> {
        vec![crate::api::Topic::Check(self.env)]
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        vec![Effect::Call(Tag::Content, Request::PlanPreview { env: self.env })]
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let asks = matches!(action, Action::PlanStart | Action::PlanDryRun | Action::Open);
        (asks && self.plan.is_none()).then(|| t!("loading"))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let Some(plan) = self.plan() else {
            let asks = matches!(action, Action::PlanStart | Action::PlanDryRun | Action::Open);
            // What was missing may be there by now.
            return asks.then(|| self.online(cx));
        };
        let effects = match action {
            Action::PlanStart => match cx.data.check(self.env).map(|c| &c.gate).filter(|g| g.needs_reason) {
                Some(gate) => {
                    let name = cx.data.environment(self.env).map(|e| e.env.name.clone()).unwrap_or_default();
                    vec![Effect::Push(check_gate::over(self.env, name, gate.clone()))]
                }
                None => vec![Effect::Push(Box::new(self.confirm(cx)?))],
            },
            Action::PlanDryRun => vec![Effect::Push(Box::new(self.dry_run(cx)?))],
            Action::Open => {
                let lines = Self::lines(cx, plan);
                let at = self.list.selected(&Self::keys(&lines)).and_then(|at| usize::try_from(at).ok());
                let Some((node, step)) = at.and_then(|at| lines.get(at)).and_then(|l| l.step.as_ref()) else {
                    return Some(Vec::new());
                };
                vec![Effect::Push(Box::new(PlanStep::new(plan, *node, step)))]
            }
            _ => {
                let keys = Self::keys(&Self::lines(cx, plan));
                return self.list.act(action, &keys).then(Vec::new);
            }
        };
        Some(effects)
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Content, Ok(Response::Plan(plan))) => self.plan = Some(Ok(plan)),
            (Tag::Content, Err(f)) => self.plan = Some(Err(cx.catalogue.failure(&f))),
            (_, Ok(Response::Job(job))) => {
                let said = match job.kind {
                    PlanKind::DryRun => t!("dry-run-started"),
                    _ => t!("install-started"),
                };
                return vec![Effect::Replace(Box::new(JobPage::new(job.id))), Effect::Say(Level::Good, said)];
            }
            (_, Ok(_)) => {}
            (_, Err(f)) => return vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let plan = match &self.plan {
            None => return empty::asked(cx, frame, area, None),
            Some(Err(why)) => return empty::asked(cx, frame, area, Some(why)),
            Some(Ok(plan)) => plan,
        };
        let room = usize::from(area.height);
        self.page.set(room);
        let lines = Self::lines(cx, plan);
        let keys = Self::keys(&lines);
        self.list.scroll(&keys, room);
        let selected = self.list.selected(&keys).and_then(|at| usize::try_from(at).ok());
        let at = selected.unwrap_or(0);
        // With the first step selected the summary above it is in sight, too.
        let first = keys.first().and_then(|k| usize::try_from(*k).ok()).unwrap_or(0);
        let top = if at <= first { 0 } else { at };
        let last = lines.len().saturating_sub(room);
        let from = self.from.get().min(last).min(top).max((at + 1).saturating_sub(room));
        self.from.set(from);
        for (n, line) in lines.into_iter().enumerate().skip(from).take(room) {
            let here = selected == Some(n);
            let lead = if here { "»" } else { " " };
            let text = text::fit(&format!("{lead}{}", line.text), usize::from(area.width));
            let style = cx.style(if here { Part::Selection } else { line.part });
            let y = area.y.saturating_add(cells(n - from));
            frame.render_widget(Line::styled(text, style), Rect { y, height: 1, ..area });
        }
    }
}
