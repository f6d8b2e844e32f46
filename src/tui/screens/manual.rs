//! The manual procedure: an operator installs a node's operating system, guided step by step; then the program checks.

use super::take_over;
use crate::api::manual::ManualAsk;
use crate::api::rows::{JobNodeRow, NodeRow, ReinstallView};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::JobNodeState;
use crate::domain::manual::{Instruction, Procedure, Subject, Why, procedure};
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
pub struct ManualPage {
    env: EnvId,
    job: JobId,
    node: NodeId,
    /// A confirmation is under way: that number was sent.
    sent: u32,
    from: Option<usize>,
    page: Cell<usize>,
    rows: Cell<usize>,
}

/// An instruction as a text of the catalogue.
fn text_of(instruction: &Instruction) -> Text {
    let mut text = Text::key(instruction.key);
    for (name, value) in &instruction.args {
        text = text.with(*name, value);
    }
    text
}

/// The procedure for a node.
fn procedure_of(cx: &Shared, env: EnvId, row: &NodeRow, cobbler_failed: bool) -> Procedure {
    let address = row.address.to_string();
    let platform = cx.data.environment(env).map(|e| e.env.platform.clone()).unwrap_or_default();
    let subject = Subject {
        name: &row.name,
        address: &address,
        port: row.port,
        user: &row.user,
        credential: row.credential.as_ref(),
        facts: row.facts.as_ref(),
        platform: &platform,
    };
    procedure(&subject, if cobbler_failed { Why::CobblerFailed } else { Why::NoCobbler })
}

impl ManualPage {
    /// The procedure for a node of a job.
    pub fn new(env: EnvId, job: JobId, node: NodeId) -> Self {
        Self { env, job, node, sent: 0, from: None, page: Cell::new(10), rows: Cell::new(0) }
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a JobNodeRow> {
        cx.data.job_nodes(self.job).into_iter().find(|n| n.node == self.node)
    }

    fn procedure(&self, cx: &Shared) -> Option<Procedure> {
        let failed = self.row(cx)?.reinstall.as_ref().is_some_and(ReinstallView::found_system);
        Some(procedure_of(cx, self.env, cx.data.node(self.node)?, failed))
    }

    /// Instructions that are not confirmed yet.
    pub fn open(&self, cx: &Shared) -> usize {
        let all = self.procedure(cx).map_or(0, |p| p.steps.len());
        all.saturating_sub(self.confirmed(cx))
    }

    fn confirmed(&self, cx: &Shared) -> usize {
        let confirmed = self.row(cx).and_then(|r| r.manual.as_ref()).map_or(0, |m| m.confirmed);
        usize::try_from(confirmed).unwrap_or(usize::MAX)
    }

    /// What is shown, and which line the next instruction begins at.
    fn lines(&self, cx: &Shared, columns: usize) -> (Vec<(String, Part)>, usize) {
        let (Some(row), Some(made)) = (self.row(cx), self.procedure(cx)) else { return (Vec::new(), 0) };
        let mut lines: Vec<(String, Part)> = Vec::new();
        let add = |lines: &mut Vec<(String, Part)>, lead: &str, text: &str, part: Part| {
            let room = columns.saturating_sub(text::width(lead));
            for (n, line) in text::wrap(text, room).into_iter().enumerate() {
                let lead = if n == 0 { lead.to_owned() } else { " ".repeat(text::width(lead)) };
                lines.push((format!("{lead}{line}"), part));
            }
        };
        let state = states::job_node(row.state);
        add(&mut lines, "", &format!("{}  {}", row.name, state.text(cx)), state.part);
        if let Some(manual) = &row.manual {
            let span = text::duration(cx.now.since(manual.since));
            add(&mut lines, "", &cx.tr(&t!("manual-by", by = &manual.by, span = span)), Part::Dim);
        }
        add(&mut lines, "", &cx.tr(&text_of(&made.reason)), Part::Text);
        lines.push((String::new(), Part::Text));
        let confirmed = self.confirmed(cx);
        let mut at = lines.len();
        for (n, step) in made.steps.iter().enumerate() {
            let (mark, part) = match n.cmp(&confirmed) {
                std::cmp::Ordering::Less => ("✓", Part::Good),
                std::cmp::Ordering::Equal => ("▸", Part::Title),
                std::cmp::Ordering::Greater => (" ", Part::Text),
            };
            if n == confirmed {
                at = lines.len();
            }
            add(&mut lines, &format!("{mark} {:>2}. ", n + 1), &cx.tr(&text_of(step)), part);
        }
        lines.push((String::new(), Part::Text));
        add(&mut lines, "", &cx.tr(&text_of(&made.check)), Part::Text);
        if let Some(why) = row.manual.as_ref().and_then(|m| m.why.as_ref()) {
            add(&mut lines, "✗ ", &cx.tr(&t!("manual-missing", why = cx.catalogue.kept(why))), Part::Bad);
        }
        let next = match row.state {
            JobNodeState::Checking => Some(t!("manual-checking", name = &row.name)),
            _ if row.manual.is_none() => Some(t!("manual-over")),
            _ if confirmed < made.steps.len() => Some(t!("manual-next-confirm", n = confirmed + 1)),
            _ => Some(t!("manual-next-check")),
        };
        if let Some(next) = next {
            add(&mut lines, "", &cx.tr(&next), Part::Key);
        }
        if confirmed >= made.steps.len() {
            at = lines.len();
        }
        (lines, at)
    }

    fn leave(&self, name: &str) -> Confirm {
        let (job, node) = (self.job, self.node);
        let body = vec![t!("manual-leave-what", name = name), t!("manual-leave-then")];
        Confirm::new(t!("manual-leave-title", name = name), body, t!("button-give-up"), move || {
            vec![
                Effect::CallDetached(Tag::Quiet, Request::Manual(ManualAsk::Leave { job, node })),
                Effect::Close,
            ]
        })
    }
}

impl Screen for ManualPage {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        self.row(cx).map(|r| t!("crumb-manual", name = &r.name))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Manual, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Job(self.job), Topic::Nodes(self.env), Topic::Shells]
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        if usize::try_from(self.sent).is_ok_and(|sent| self.confirmed(cx) >= sent) {
            self.sent = 0;
        }
        Vec::new()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        if !matches!(action, Action::ManualConfirm | Action::NodeCheck | Action::ManualLeave) {
            return None;
        }
        let Some(row) = self.row(cx) else { return Some(t!("job-loading")) };
        if let Some(why) = cx.data.job(self.job).and_then(|job| take_over::foreign(cx, job)) {
            return Some(why);
        }
        let open = self.open(cx);
        match (row.state, action) {
            _ if row.manual.is_none() => Some(t!("manual-over")),
            (JobNodeState::Checking, Action::ManualConfirm | Action::NodeCheck) => {
                Some(t!("manual-checking", name = &row.name))
            }
            (_, Action::ManualConfirm) if self.sent > 0 => Some(t!("form-busy")),
            (_, Action::ManualConfirm) if open == 0 => Some(t!("manual-all-confirmed")),
            (_, Action::NodeCheck) if open > 0 => Some(t!("manual-confirm-first", count = open)),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let (job, node) = (self.job, self.node);
        let page = self.page.get().max(2);
        let last = self.rows.get().saturating_sub(self.page.get());
        let from = self.from.unwrap_or(0).min(last);
        self.from = Some(match action {
            Action::ManualConfirm => {
                self.from = None;
                self.sent = u32::try_from(self.confirmed(cx) + 1).unwrap_or(u32::MAX);
                let request = Request::Manual(ManualAsk::Confirm { job, node, number: self.sent });
                return Some(vec![Effect::Call(Tag::Form, request)]);
            }
            Action::NodeCheck => {
                return Some(vec![Effect::Call(Tag::Form, Request::Manual(ManualAsk::Check { job, node }))]);
            }
            Action::ManualLeave => {
                let name = self.row(cx)?.name.clone();
                return Some(vec![Effect::Push(Box::new(self.leave(&name)))]);
            }
            Action::Up => from.saturating_sub(1),
            Action::Down => from + 1,
            Action::HalfUp | Action::PageUp => from.saturating_sub(page / 2),
            Action::HalfDown | Action::PageDown => from + page / 2,
            Action::Top => 0,
            Action::Bottom => last,
            _ => return None,
        });
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(_) => Vec::new(),
            Err(f) => {
                self.sent = 0;
                vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))]
            }
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.row(cx).is_some_and(|r| r.manual.is_some())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let columns = usize::from(area.width).saturating_sub(2).min(110);
        let (lines, at) = self.lines(cx, columns);
        if lines.is_empty() {
            let topic = Topic::Job(self.job);
            if cx.data.has(topic) {
                return empty::draw(cx, frame, area, &[t!("job-gone")]);
            }
            return empty::watched(cx, frame, area, topic);
        }
        let room = usize::from(area.height);
        self.page.set(room);
        self.rows.set(lines.len());
        let last = lines.len().saturating_sub(room);
        // Unless the operator has scrolled, the instruction that is next stays in sight.
        let from = self.from.unwrap_or_else(|| (at + 4).saturating_sub(room)).min(last);
        for (n, (line, part)) in lines.into_iter().skip(from).take(room).enumerate() {
            let y = area.y.saturating_add(cells(n));
            frame.render_widget(
                Line::styled(format!(" {line}"), cx.style(part)),
                Rect { y, height: 1, ..area },
            );
        }
        if from < last {
            let note = format!(" {} ", cx.tr(&t!("more-below", count = last - from)));
            let width = cells(text::width(&note)).min(area.width);
            let place = Rect {
                x: area.right().saturating_sub(width),
                y: area.bottom().saturating_sub(1),
                width,
                height: 1,
            };
            frame.render_widget(Line::styled(note, cx.style(Part::Title)), place);
        }
    }
}
