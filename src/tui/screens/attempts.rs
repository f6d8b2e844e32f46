//! Every attempt at every step of a node: run, undone, run again. The output of the selected one stands below.

use super::log_text::LogText;
use crate::api::rows::StepRow;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{StepAction, StepState};
use crate::domain::plan::StepId;
use crate::domain::time::Moment;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Wide, column};
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType};
use std::cell::Cell;

/// Bytes asked for at once.
const WINDOW: u32 = 64 * 1024;
/// Bytes of output that are loaded, from the end.
const BUDGET: u64 = 1024 * 1024;

/// One attempt.
struct Attempt {
    key: u64,
    step: StepId,
    action: StepAction,
    number: u32,
    since: Moment,
    state: StepState,
}

fn place(action: StepAction) -> u64 {
    match action {
        StepAction::Run => 0,
        StepAction::Undo => 1,
        StepAction::Check => 2,
    }
}

fn attempt(step: &StepRow, action: StepAction, number: u32, state: &StepState) -> Option<Attempt> {
    let since = match state {
        StepState::Waiting => return None,
        StepState::Running { since } | StepState::Interrupted { since } | StepState::Ended { since, .. } => {
            *since
        }
    };
    let key = u64::from(step.index) << 34 | place(action) << 32 | u64::from(number);
    Some(Attempt { key, step: step.step.clone(), action, number, since, state: state.clone() })
}

/// All attempts, as they were begun.
fn attempts(steps: &[&StepRow]) -> Vec<Attempt> {
    let mut all: Vec<Attempt> = Vec::new();
    for step in steps {
        for past in &step.history {
            let state = StepState::Ended { since: past.since, at: past.at, end: past.end.clone() };
            // A dry run's attempts are kept as runs.
            let action = if past.action == StepAction::Undo { StepAction::Undo } else { step.action };
            all.extend(attempt(step, action, past.number, &state));
        }
        all.extend(attempt(step, step.action, step.attempt, &step.state));
        if let Some(undo) = &step.undo {
            all.extend(attempt(step, StepAction::Undo, undo.attempt, &undo.state));
        }
    }
    all.sort_by_key(|a| (a.since, a.key));
    all.dedup_by_key(|a| a.key);
    all
}

/// The page.
pub struct AttemptsPage {
    job: JobId,
    node: NodeId,
    name: String,
    list: List,
    /// Whose output is loaded.
    shown: Option<u64>,
    output: LogText,
    length: u64,
    waiting: bool,
    /// Why the output did not come.
    refused: Option<Text>,
    /// Lines below the last one in sight.
    up: usize,
    zoom: bool,
    page: Cell<usize>,
}

impl AttemptsPage {
    /// The attempts on a node of a job.
    pub fn new(job: JobId, node: NodeId, name: &str) -> Self {
        Self {
            job,
            node,
            name: name.to_owned(),
            list: List::default(),
            shown: None,
            output: LogText::default(),
            length: 0,
            waiting: false,
            refused: None,
            up: 0,
            zoom: false,
            page: Cell::new(8),
        }
    }

    fn all(&self, cx: &Shared) -> Vec<Attempt> {
        attempts(&cx.data.steps(self.job, self.node))
    }

    /// Shows the output of what is selected.
    fn arrange(&mut self, cx: &Shared) -> Vec<Effect> {
        let all = self.all(cx);
        let keys: Vec<u64> = all.iter().map(|a| a.key).collect();
        let selected = self.list.selected(&keys).and_then(|k| all.into_iter().find(|a| a.key == k));
        let Some(selected) = selected else { return Vec::new() };
        let goes_on = selected.state.open_since().is_some();
        if self.shown != Some(selected.key) {
            self.shown = Some(selected.key);
            (self.output, self.length, self.up) = (LogText::default(), 0, 0);
            self.waiting = false;
            return self.ask(&selected, 0);
        }
        if goes_on { self.ask(&selected, self.output.end()) } else { Vec::new() }
    }

    fn ask(&mut self, attempt: &Attempt, offset: u64) -> Vec<Effect> {
        if self.waiting {
            return Vec::new();
        }
        (self.waiting, self.refused) = (true, None);
        let request = Request::Output {
            job: self.job,
            node: self.node,
            step: attempt.step.clone(),
            action: attempt.action,
            attempt: attempt.number,
            offset,
            max: WINDOW,
        };
        vec![Effect::Call(Tag::Item(attempt.key), request)]
    }

    fn scroll(&mut self, lines: isize) {
        let most = self.output.len().saturating_sub(self.page.get());
        self.up = self.up.saturating_add_signed(lines).min(most);
    }

    fn draw_output(&self, cx: &Shared, frame: &mut Frame, area: Rect, title: &str) {
        let block = Block::bordered()
            .border_type(BorderType::Plain)
            .style(cx.style(Part::Border))
            .title(title.to_owned());
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let room = usize::from(inner.height);
        self.page.set(room.max(1));
        if self.output.len() == 0 {
            if let Some(why) = &self.refused {
                return empty::asked(cx, frame, inner, Some(why));
            }
            let sentence = if self.waiting { empty::loading(cx) } else { t!("log-empty") };
            let line = Line::styled(cx.tr(&sentence), cx.style(Part::Dim));
            return frame.render_widget(line, Rect { height: 1.min(inner.height), ..inner });
        }
        let end = self.output.len().saturating_sub(self.up);
        let from = end.saturating_sub(room);
        for (n, at) in (from..end).enumerate() {
            let line = text::fit(self.output.line(at).unwrap_or_default(), usize::from(inner.width));
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(Line::styled(line, cx.style(Part::Text)), Rect { y, height: 1, ..inner });
        }
    }
}

fn words(cx: &Shared, attempt: &Attempt) -> String {
    let number = attempt.number;
    cx.tr(&match attempt.action {
        StepAction::Run => t!("attempt-run", number = number),
        StepAction::Undo => t!("attempt-undo", number = number),
        StepAction::Check => t!("attempt-check", number = number),
    })
}

impl Screen for AttemptsPage {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-attempts", name = self.name.as_str()))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Attempts, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::JobNode(self.job, self.node)]
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.waiting = false;
        self.shown = None;
        self.arrange(cx)
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        self.arrange(cx)
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = isize::try_from(self.page.get()).unwrap_or(isize::MAX);
        match action {
            Action::Zoom | Action::Open => self.zoom = !self.zoom,
            Action::Back | Action::Quit if self.zoom => self.zoom = false,
            Action::PageUp => self.scroll(page - 1),
            Action::PageDown => self.scroll(1 - page),
            Action::HalfUp => self.scroll(page / 2),
            Action::HalfDown => self.scroll(-page / 2),
            Action::Up if self.zoom => self.scroll(1),
            Action::Down if self.zoom => self.scroll(-1),
            Action::Top if self.zoom => self.scroll(isize::MAX),
            Action::Bottom if self.zoom => self.up = 0,
            _ => {
                let keys: Vec<u64> = self.all(cx).iter().map(|a| a.key).collect();
                return self.list.act(action, &keys).then(|| self.arrange(cx));
            }
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        let Tag::Item(key) = tag else { return Vec::new() };
        if self.shown != Some(key) {
            return Vec::new();
        }
        self.waiting = false;
        let window = match result {
            Ok(Response::Window(window)) => window,
            Ok(_) => return Vec::new(),
            Err(failure) => {
                self.refused = Some(cx.catalogue.failure(&failure));
                return Vec::new();
            }
        };
        self.length = self.length.max(window.length);
        let before = self.output.len();
        if self.output.end() == 0 && self.length > BUDGET {
            // Only the end of it: all of it is what the command line prints.
            self.output = LogText::from(self.length - BUDGET);
        } else if window.bytes.is_empty() {
            return Vec::new();
        } else {
            self.output.append(window.offset, &window.bytes);
        }
        if self.up > 0 {
            self.up += self.output.len() - before.min(self.output.len());
        }
        let all = self.all(cx);
        match all.iter().find(|a| a.key == key) {
            Some(attempt) if self.output.end() < self.length => self.ask(attempt, self.output.end()),
            _ => Vec::new(),
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let all = self.all(cx);
        if all.is_empty() {
            let topic = Topic::JobNode(self.job, self.node);
            if cx.data.has(topic) {
                return empty::draw(cx, frame, area, &[t!("attempts-none", name = self.name.as_str())]);
            }
            return empty::watched(cx, frame, area, topic);
        }
        let keys: Vec<u64> = all.iter().map(|a| a.key).collect();
        let selected = self.list.selected(&keys).and_then(|k| all.iter().find(|a| a.key == k));
        let title = selected.map_or_else(String::new, |a| format!(" {} · {} ", a.step, words(cx, a)));
        if self.zoom {
            return self.draw_output(cx, frame, area, &title);
        }
        let rows = cells(all.len() + 1).min(area.height / 2).max(2);
        let columns = [
            column(t!("col-step"), Wide::Flex(15), 0),
            column(t!("col-attempt"), Wide::Fixed(8), 0),
            // An exit status is shown whole.
            column(t!("col-state"), Wide::Flex(24), 0),
            column(t!("col-started"), Wide::Fixed(16), 1),
            column(t!("col-took"), Wide::Fixed(7), 0),
        ];
        table::draw(cx, frame, Rect { height: rows, ..area }, &self.list, &columns, &keys, |key| {
            let Some(a) = all.iter().find(|a| a.key == key) else { return Vec::new() };
            let until = if let StepState::Ended { at, .. } = &a.state { *at } else { cx.now };
            vec![
                (a.step.to_string(), Part::Text),
                (words(cx, a), Part::Dim),
                states::step(&a.state).cell(cx),
                (cx.clock(a.since), Part::Dim),
                (text::duration(until.since(a.since)), Part::Dim),
            ]
        });
        let below = Rect { y: area.y + rows, height: area.height - rows, ..area };
        self.draw_output(cx, frame, below, &title);
    }
}
