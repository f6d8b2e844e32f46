//! One node of a job: where it stands and why, its steps with what became of them, the ways on.
//!
//! Enter shows the output of the selected step in place of the steps, Esc brings them back.

use super::attempts::AttemptsPage;
use super::log_pane::LogPane;
use super::logs::LogsPage;
use super::shell::ShellPage;
use super::ways;
use crate::api::rows::{JobNodeRow, JobRow, StepRow, UndoView};
use crate::api::{Failure, Response, Topic};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::{JobNodeState, StepState};
use crate::domain::plan::localized;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::list::List;
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The page.
pub struct NodePage {
    env: EnvId,
    job: JobId,
    node: NodeId,
    list: List,
    moved: bool,
    pane: LogPane,
    output: bool,
}

impl NodePage {
    /// The page of a node of a job.
    pub fn new(env: EnvId, job: JobId, node: NodeId) -> Self {
        let pane = LogPane::new(job, node);
        Self { env, job, node, list: List::default(), moved: false, pane, output: false }
    }

    fn rows<'a>(&self, cx: &'a Shared) -> Option<(&'a JobRow, &'a JobNodeRow)> {
        let node = cx.data.job_nodes(self.job).into_iter().find(|n| n.node == self.node)?;
        Some((cx.data.job(self.job)?, node))
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        cx.data.steps(self.job, self.node).iter().map(|s| u64::from(s.index)).collect()
    }

    fn step<'a>(&self, cx: &'a Shared) -> Option<&'a StepRow> {
        let key = self.list.selected(&self.keys(cx))?;
        cx.data.steps(self.job, self.node).into_iter().find(|s| u64::from(s.index) == key)
    }

    fn sync(&mut self, cx: &Shared) -> Vec<Effect> {
        if !self.moved
            && let Some(current) = self.rows(cx).and_then(|(_, n)| n.current.as_ref())
        {
            self.list.select(u64::from(current.index));
        }
        // Output is fetched once somebody wants to read it.
        if self.output { self.pane.sync(&cx.data.steps(self.job, self.node)) } else { Vec::new() }
    }

    fn facts(&self, cx: &Shared, job: &JobRow, node: &JobNodeRow) -> Vec<(String, Part)> {
        let state = states::job_node(node.state);
        let count = cx.tr(&t!("job-step-of", done = node.done, steps = node.steps));
        let roles = states::roles(cx, &node.roles);
        let mut lines = vec![(format!("{}  {}  {roles}  {count}", node.name, state.text(cx)), state.part)];
        lines.extend(node_facts(cx, node));
        if let Some(row) = cx.data.node(self.node) {
            if let Some(lock) = &row.lock {
                let at = cx.clock(lock.at);
                let text = t!("node-locked-by", by = &lock.by, at = at, why = &lock.why);
                lines.push((cx.tr(&text), Part::Warn));
            }
            if let crate::domain::node::Reach::Silent { since, why } = &row.reach {
                let since = text::duration(cx.now.since(*since));
                lines.push((
                    cx.tr(&t!("node-silent-since", span = since, why = cx.catalogue.kept(why))),
                    Part::Warn,
                ));
            }
        }
        let hints = ways::hints(cx, job, node);
        if !hints.is_empty() {
            lines.push((cx.tr(&t!("ways-on", ways = hints.join(" · "))), Part::Title));
        }
        lines
    }

    fn draw_step(cx: &Shared, step: &StepRow, words: usize, columns: usize) -> (String, Part) {
        let shown = states::step_of(step);
        let title = localized(&step.title, cx.language());
        let mut tail: Vec<String> = Vec::new();
        if step.irreversible {
            tail.push(cx.tr(&t!("plan-irreversible")));
        }
        if step.attempt > 1 {
            tail.push(cx.tr(&t!("log-attempt", n = step.attempt)));
        }
        match &step.state {
            StepState::Ended { since, at, .. } => tail.push(text::duration(at.since(*since))),
            StepState::Running { since } => tail.push(text::duration(cx.now.since(*since))),
            _ => {}
        }
        let tail = tail.join(" · ");
        let head =
            format!("{}  {}", text::left(&shown.text(cx), words), text::left(&step.step.to_string(), 26));
        let room = columns.saturating_sub(text::width(&head) + text::width(&tail) + 4);
        let title = text::left(&cx.tr(&Text::plain(title)), room);
        (format!("{head}  {title}  {tail}"), shown.part)
    }
}

/// What is under way on a node of a job, or went wrong, a line each.
pub fn node_facts(cx: &Shared, node: &JobNodeRow) -> Vec<(String, Part)> {
    let mut lines: Vec<(Text, Part)> = Vec::new();
    let nobody = || t!("by-policy");
    let state = node.state;
    // An undo that is over is told while it is the last thing that happened.
    let tells = |u: &&UndoView| !u.ended || matches!(state, JobNodeState::Undone | JobNodeState::UndoFailed);
    if let Some(undo) = node.undo.as_ref().filter(tells) {
        let by = undo.by.as_ref().map_or_else(nobody, Text::plain);
        let (undone, failed, left) = (undo.undone, undo.failed, undo.left);
        lines.push(if undo.ended {
            let part = if failed > 0 { Part::Bad } else { Part::Good };
            (t!("undo-ended", by = by, undone = undone, failed = failed, left = left), part)
        } else {
            (t!("undo-runs", by = by, undone = undone, failed = failed, left = left), Part::Busy)
        });
    }
    if let Some(run) = &node.reinstall {
        let by = run.by.as_ref().map_or_else(nobody, Text::plain);
        if run.ended {
            // Why it failed stands below; what came of a good one are the steps.
            if node.state == JobNodeState::Failed && node.why.is_some() {
                lines.push((t!("reinstall-over", by = by), Part::Bad));
            }
        } else {
            let phase = Text::key(format!("reinstall-{}", run.phase.word()));
            let span = text::duration(cx.now.since(run.since));
            lines.push((t!("reinstall-runs", by = by, phase = phase, span = span), Part::Busy));
            if let Some(deadline) = run.deadline {
                let left = text::duration(deadline.since(cx.now));
                let at = cx.clock(deadline);
                let late = deadline <= cx.now;
                lines.push(if late {
                    (t!("reinstall-late", at = at), Part::Warn)
                } else {
                    (t!("reinstall-deadline", at = at, left = left), Part::Dim)
                });
            }
            if let Some(system) = &run.system {
                lines.push((t!("reinstall-system", system = system), Part::Dim));
            }
        }
    }
    if let Some(manual) = &node.manual {
        let span = text::duration(cx.now.since(manual.since));
        let text = t!("manual-runs", by = &manual.by, span = span, confirmed = manual.confirmed);
        lines.push((text, Part::Warn));
        if let Some(why) = &manual.why {
            lines.push((t!("manual-missing", why = cx.catalogue.kept(why)), Part::Bad));
        }
    }
    if let Some(step) = &node.current
        && let StepState::Ended { end, .. } = &step.state
        && !end.is_good()
        && matches!(node.state, JobNodeState::Failed | JobNodeState::Cancelled)
    {
        let how = states::attempt(step.action, &step.state);
        lines.push((t!("node-step-ended", step = step.step.to_string(), how = how.word), how.part));
        if !step.line.trim().is_empty() {
            lines.push((Text::plain(&step.line), Part::Dim));
        }
    }
    if let Some(why) = &node.why {
        let part = if node.state == JobNodeState::Failed { Part::Bad } else { Part::Dim };
        lines.push((cx.catalogue.kept(why), part));
    }
    if let Some(known) = node.known.as_ref().filter(|_| node.state == JobNodeState::Failed) {
        lines.extend(super::job_dialogs::known(known).into_iter().map(|text| (text, Part::Warn)));
    }
    lines.into_iter().map(|(text, part)| (cx.tr(&text), part)).collect()
}

impl Screen for NodePage {
    fn name(&self) -> &'static str {
        "job-node"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        self.rows(cx).map(|(_, n)| Text::plain(&n.name))
    }

    fn contexts(&self) -> Vec<Context> {
        if self.output {
            return vec![Context::Logs, Context::JobNode, Context::Moving];
        }
        vec![Context::JobNode, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Job(self.job), Topic::JobNode(self.job, self.node), Topic::Nodes(self.env), Topic::Shells]
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.flag("wrap", &mut self.pane.wrap, true);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        let mut effects = if self.output { self.pane.online() } else { Vec::new() };
        effects.extend(self.sync(cx));
        effects
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        self.sync(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        if !ways::is_way(action) {
            return None;
        }
        let Some((job, node)) = self.rows(cx) else { return Some(t!("job-loading")) };
        ways::refusal(cx, job, node, action)
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        if self.output {
            if matches!(action, Action::Back | Action::Quit | Action::Open) {
                self.output = false;
                return Some(Vec::new());
            }
            if let Some(effects) = self.pane.act(action) {
                return Some(effects);
            }
        }
        let keys = self.keys(cx);
        match action {
            Action::Open => {
                let Some(step) = self.step(cx) else { return Some(Vec::new()) };
                let index = step.index;
                if step.attempt == 0 {
                    return Some(vec![Effect::Say(Level::Info, t!("log-empty"))]);
                }
                self.output = true;
                let mut effects = self.pane.sync(&cx.data.steps(self.job, self.node));
                effects.extend(self.pane.show(index));
                Some(effects)
            }
            Action::Attempts => {
                let (_, node) = self.rows(cx)?;
                Some(vec![Effect::Push(Box::new(AttemptsPage::new(self.job, node.node, &node.name)))])
            }
            Action::Compare => {
                let step = self.step(cx)?;
                Some(vec![super::compare::compare(cx, self.job, self.node, &step.step)])
            }
            Action::ServiceLogs => {
                let (job, node) = self.rows(cx)?;
                // The second in which the selected step ended; where the node stands, when it did not.
                let ended = self.step(cx).and_then(|s| match &s.state {
                    StepState::Ended { at, end, .. } if !end.is_good() => Some(*at),
                    _ => None,
                });
                let page = match ended {
                    Some(at) => LogsPage::of_node_at(self.env, &node.name, at),
                    None => LogsPage::of_job_node(job.env, node),
                };
                Some(vec![Effect::Push(Box::new(page))])
            }
            Action::Logs => {
                let (_, node) = self.rows(cx)?;
                let step = self.step(cx).filter(|s| s.attempt > 0).map(|s| &s.step);
                let page = LogsPage::of_job(self.env, self.job, Some(&node.name), step);
                Some(vec![Effect::Push(Box::new(page))])
            }
            Action::Shell => {
                let (_, node) = self.rows(cx)?;
                Some(vec![Effect::Push(Box::new(ShellPage::open(
                    cx,
                    self.env,
                    Some(self.job),
                    &[(node.node, &node.name)],
                )))])
            }
            _ if ways::is_way(action) => {
                let (job, node) = self.rows(cx)?;
                ways::perform(cx, job, node, action, self.step(cx).map(|s| &s.step))
            }
            _ => {
                let moved = self.list.act(action, &keys);
                self.moved |= moved;
                moved.then(Vec::new)
            }
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Window(_, section), Ok(Response::Window(window))) => self.pane.window(section, &window),
            (Tag::Window(_, section), Err(failure)) => {
                self.pane.refused(section);
                vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))]
            }
            (_, Err(failure)) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))],
            _ => Vec::new(),
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.rows(cx).is_some_and(|(job, _)| !job.state.is_over())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let Some((job, node)) = self.rows(cx) else {
            let topic = Topic::Job(self.job);
            if cx.data.has(topic) {
                return empty::draw(cx, frame, area, &[t!("job-gone")]);
            }
            return empty::watched(cx, frame, area, topic);
        };
        let columns = usize::from(area.width);
        let mut y = area.y;
        let mut put = |line: String, part: Part| {
            if y < area.bottom() {
                frame.render_widget(Line::styled(line, cx.style(part)), Rect { y, height: 1, ..area });
                y = y.saturating_add(1);
            }
        };
        for (sentence, part) in self.facts(cx, job, node) {
            for line in text::wrap(&sentence, columns.saturating_sub(2)).into_iter().take(3) {
                put(format!(" {line}"), part);
            }
        }
        put("─".repeat(columns), Part::Border);
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        if self.output {
            return self.pane.view(cx, frame, rest);
        }
        let keys = self.keys(cx);
        if keys.is_empty() {
            if node.steps == 0 {
                return empty::draw(cx, frame, rest, &[t!("node-no-steps")]);
            }
            return empty::watched(cx, frame, rest, Topic::JobNode(self.job, self.node));
        }
        let room = usize::from(rest.height);
        let offset = self.list.scroll(&keys, room);
        let selected = self.list.selected(&keys);
        let steps = cx.data.steps(self.job, self.node);
        let widths = steps.iter().map(|s| text::width(&states::step_of(s).text(cx)));
        let words = widths.max().unwrap_or(12).clamp(12, 24);
        for (n, step) in steps.into_iter().skip(offset).take(room).enumerate() {
            let here = selected == Some(u64::from(step.index));
            let (line, part) = Self::draw_step(cx, step, words, columns.saturating_sub(2));
            let lead = if here { "» " } else { "  " };
            let style = cx.style(if here { Part::Selection } else { part });
            let line = Line::styled(text::left(&format!("{lead}{line}"), columns), style);
            frame.render_widget(line, Rect { y: rest.y.saturating_add(cells(n)), height: 1, ..rest });
        }
    }
}
