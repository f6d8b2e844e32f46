//! The output of one node in a job: every attempt under a line of its own, in the order in which they were begun, as far as
//! the engine was asked for it. Of each step the latest run and the latest undo are there.
//!
//! Windows are pulled one at a time, the newest first. Following keeps the end in sight; scrolling up stops it. Filter,
//! scroll and wrap do not touch each other.

use super::log_text::LogText;
use crate::api::Request;
use crate::api::rows::StepRow;
use crate::api::views::Window;
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{StepAction, StepState};
use crate::domain::plan::{StepId, localized};
use crate::domain::time::Moment;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::t;
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::states;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;

/// Bytes asked for at once.
const WINDOW: u32 = 64 * 1024;
/// Bytes of output that a pane loads by itself.
const BUDGET: u64 = 1024 * 1024;
/// Lines of one step that a pane keeps.
const LINES_MAX: usize = 50_000;

/// The latest run, or the latest undo, of a step.
struct Section {
    /// Twice the step's place in the list, one more for its undo.
    id: u32,
    /// When it was begun; what is begun later stands below.
    since: Moment,
    step: StepId,
    action: StepAction,
    attempt: u32,
    /// Bytes the engine has.
    total: u64,
    text: Option<LogText>,
}

/// The output of one node.
pub struct LogPane {
    /// Whose.
    pub node: NodeId,
    job: JobId,
    sections: Vec<Section>,
    waiting: bool,
    /// The end is kept in sight.
    pub follow: bool,
    /// Long lines are wrapped.
    pub wrap: bool,
    left: usize,
    top: usize,
    /// What is searched for.
    pub needle: String,
    page: Cell<usize>,
}

/// A line of the pane, before it is wrapped.
enum Row<'a> {
    Head(&'a Section),
    Above(u64),
    Text(&'a str),
}

impl LogPane {
    /// The output of `node` in `job`, its end in sight.
    pub fn new(job: JobId, node: NodeId) -> Self {
        Self {
            node,
            job,
            sections: Vec::new(),
            waiting: false,
            follow: true,
            wrap: true,
            left: 0,
            top: 0,
            needle: String::new(),
            page: Cell::new(10),
        }
    }

    /// Compares with the steps that the engine tells; asks for what is missing.
    pub fn sync(&mut self, steps: &[&StepRow]) -> Vec<Effect> {
        for step in steps.iter().filter(|s| s.attempt > 0) {
            self.attempt(step, step.action, step.attempt, &step.state, step.output);
            if let Some(undo) = &step.undo {
                self.attempt(step, StepAction::Undo, undo.attempt, &undo.state, step.undo_output);
            }
        }
        self.sections.sort_by_key(|s| (s.since, s.id));
        self.pull()
    }

    fn attempt(&mut self, step: &StepRow, action: StepAction, number: u32, state: &StepState, output: u64) {
        let id = step.index * 2 + u32::from(action == StepAction::Undo);
        // A step that was undone waits again; when its last run was begun is in its history.
        let before = || step.history.iter().rev().find(|p| p.action == action).map(|p| p.since);
        let since = match state {
            StepState::Ended { since, .. } => Some(*since),
            open => open.open_since().or_else(before),
        };
        let at = self.sections.iter().position(|s| s.id == id).unwrap_or_else(|| {
            let (step, since) = (step.step.clone(), Moment(0));
            self.sections.push(Section { id, since, step, action, attempt: number, total: 0, text: None });
            self.sections.len() - 1
        });
        let Some(section) = self.sections.get_mut(at) else { return };
        if (section.attempt, section.action) != (number, action) {
            (section.attempt, section.action) = (number, action);
            (section.total, section.text) = (0, None);
        }
        section.since = since.unwrap_or(section.since);
        section.total = section.total.max(output);
    }

    /// Goes to the latest attempt at a step.
    pub fn show(&mut self, index: u32) -> Vec<Effect> {
        let latest = self.sections.iter().rev().find(|s| s.id / 2 == index).map(|s| s.id);
        latest.map(|id| self.go(self.rows_before(id))).unwrap_or_default()
    }

    fn section(&self, id: u32) -> Option<&Section> {
        self.sections.iter().find(|s| s.id == id)
    }

    fn section_mut(&mut self, id: u32) -> Option<&mut Section> {
        self.sections.iter_mut().find(|s| s.id == id)
    }

    /// The connection stands anew: what was asked for is lost.
    pub fn online(&mut self) -> Vec<Effect> {
        self.waiting = false;
        self.pull()
    }

    /// Asks for the next window, one at a time.
    fn pull(&mut self) -> Vec<Effect> {
        if self.waiting {
            return Vec::new();
        }
        let loaded: u64 = self.sections.iter().filter_map(|s| s.text.as_ref()).map(LogText::size).sum();
        let growing = self.sections.iter().rev().find(|s| s.text.as_ref().is_some_and(|t| t.end() < s.total));
        let untouched = || {
            let mut rest = self.sections.iter().rev();
            rest.find(|s| s.text.is_none() && s.total > 0 && loaded < BUDGET)
        };
        let Some(section) = growing.or_else(untouched) else { return Vec::new() };
        let offset = match &section.text {
            Some(text) => text.end(),
            None => section.total.saturating_sub(u64::from(WINDOW)),
        };
        let id = section.id;
        self.ask(id, offset, WINDOW)
    }

    fn ask(&mut self, id: u32, offset: u64, max: u32) -> Vec<Effect> {
        let Some(section) = self.section(id) else { return Vec::new() };
        let request = Request::Output {
            job: self.job,
            node: self.node,
            step: section.step.clone(),
            action: section.action,
            attempt: section.attempt,
            offset,
            max,
        };
        self.waiting = true;
        vec![Effect::Call(Tag::Window(self.node, id), request)]
    }

    /// A window has come.
    pub fn window(&mut self, id: u32, window: &Window) -> Vec<Effect> {
        self.waiting = false;
        let before = self.rows_before(id);
        let (follow, mut top) = (self.follow, self.top);
        if let Some(section) = self.section_mut(id) {
            section.total = section.total.max(window.length);
            let text = section.text.get_or_insert_with(|| LogText::from(window.offset));
            let lines = text.len();
            if window.offset < text.start() {
                let came = text.prepend(window.offset, &window.bytes).unwrap_or(0);
                if top >= before {
                    top += came;
                }
            } else if text.append(window.offset, &window.bytes) {
                let grown = text.len().saturating_sub(lines);
                let dropped = text.drop_front(LINES_MAX);
                if !follow && top > before + lines {
                    top = (top + grown).saturating_sub(dropped);
                }
            }
            // An answer without bytes: the engine has no more, whatever the row said.
            if window.bytes.is_empty() {
                section.total = text.end().max(window.length.min(text.end()));
            }
        }
        self.top = top;
        self.pull()
    }

    /// A window was refused.
    pub fn refused(&mut self, id: u32) {
        self.waiting = false;
        if let Some(section) = self.section_mut(id) {
            section.total = section.text.as_ref().map_or(0, LogText::end);
        }
    }

    fn height_of(section: &Section) -> usize {
        let above =
            usize::from(section.text.as_ref().is_some_and(|t| t.start() > 0) || Self::unloaded(section));
        1 + above + section.text.as_ref().map_or(0, LogText::len)
    }

    fn unloaded(section: &Section) -> bool {
        section.text.is_none() && section.total > 0
    }

    fn rows_before(&self, id: u32) -> usize {
        self.sections.iter().take_while(|s| s.id != id).map(Self::height_of).sum()
    }

    /// Rows there are.
    fn count(&self) -> usize {
        self.sections.iter().map(Self::height_of).sum()
    }

    fn row(&self, mut at: usize) -> Option<(u32, Row<'_>)> {
        for section in &self.sections {
            let height = Self::height_of(section);
            if at >= height {
                at -= height;
                continue;
            }
            if at == 0 {
                return Some((section.id, Row::Head(section)));
            }
            let text = section.text.as_ref();
            let above = text.map_or(section.total, LogText::start);
            if above > 0 {
                if at == 1 {
                    return Some((section.id, Row::Above(above)));
                }
                at -= 1;
            }
            return text.and_then(|t| t.line(at - 1)).map(|line| (section.id, Row::Text(line)));
        }
        None
    }

    /// Index of the first row on the screen.
    fn first(&self) -> usize {
        if self.follow {
            self.count().saturating_sub(self.page.get())
        } else {
            self.top.min(self.count().saturating_sub(1))
        }
    }

    fn go(&mut self, top: usize) -> Vec<Effect> {
        let most = self.count().saturating_sub(self.page.get().max(1));
        self.follow = false;
        self.top = top.min(most);
        self.load_above()
    }

    /// What lies before the first row is loaded when the operator gets there.
    fn load_above(&mut self) -> Vec<Effect> {
        if self.waiting {
            return Vec::new();
        }
        let visible = self.top..self.top + self.page.get();
        let found = visible.filter_map(|at| self.row(at)).find_map(|(index, row)| match row {
            Row::Above(left) => Some((index, left)),
            _ => None,
        });
        let Some((index, left)) = found else { return Vec::new() };
        let size = left.min(u64::from(WINDOW));
        self.ask(index, left - size, u32::try_from(size).unwrap_or(WINDOW))
    }

    /// Does an action; `None`: not mine.
    pub fn act(&mut self, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        let first = self.first();
        Some(match action {
            Action::Up => self.go(first.saturating_sub(1)),
            Action::Down => self.go(first + 1),
            Action::HalfUp => self.go(first.saturating_sub(page / 2)),
            Action::HalfDown => self.go(first + page / 2),
            Action::PageUp => self.go(first.saturating_sub(page - 1)),
            Action::PageDown => self.go(first + page - 1),
            Action::Top => self.go(0),
            Action::Bottom => {
                self.follow = true;
                Vec::new()
            }
            Action::Follow => {
                self.top = first;
                self.follow = !self.follow;
                Vec::new()
            }
            Action::Wrap => {
                self.wrap = !self.wrap;
                Vec::new()
            }
            Action::ScrollLeft => {
                self.left = self.left.saturating_sub(8);
                Vec::new()
            }
            Action::ScrollRight => {
                self.left += 8;
                Vec::new()
            }
            Action::StepBefore => self.go_to_step(|head, first| head < first, first),
            Action::StepNext => self.go_to_step(|head, first| head > first, first),
            _ => return None,
        })
    }

    fn go_to_step(&mut self, which: impl Fn(usize, usize) -> bool, first: usize) -> Vec<Effect> {
        let mut heads = Vec::new();
        let mut at = 0;
        for section in &self.sections {
            heads.push(at);
            at += Self::height_of(section);
        }
        let forward = which(1, 0);
        let mut found = heads.into_iter().filter(|h| which(*h, first));
        let to = if forward { found.next() } else { found.next_back() };
        to.map(|to| self.go(to)).unwrap_or_default()
    }

    /// Goes to the next row with the text that is searched for. False when there is none.
    pub fn find(&mut self, forward: Forward) -> bool {
        if self.needle.is_empty() {
            return false;
        }
        let needle = self.needle.to_lowercase();
        let (count, first) = (self.count(), self.first());
        let matches = |at: &usize| match self.row(*at) {
            Some((_, Row::Text(line))) => line.to_lowercase().contains(&needle),
            Some((_, Row::Head(section))) => section.step.to_string().contains(&needle),
            _ => false,
        };
        let found = match forward {
            Forward::Yes => (first + 1..count).chain(0..=first).find(matches),
            Forward::No => (0..first).rev().chain((first..count).rev()).find(matches),
        };
        let Some(at) = found else { return false };
        self.follow = false;
        self.top = at;
        true
    }

    /// Draws the output into `area`.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let (columns, room) = (usize::from(area.width), usize::from(area.height));
        self.page.set(room);
        if columns == 0 || room == 0 {
            return;
        }
        let count = self.count();
        if count == 0 {
            let line = Line::styled(text::fit(&cx.tr(&t!("log-empty")), columns), cx.style(Part::Dim));
            return frame.render_widget(line, Rect { height: 1, ..area });
        }
        let mut lines: Vec<Line> = Vec::new();
        if self.follow {
            // From the end upwards until the pane is full.
            let mut at = count;
            while at > 0 && lines.len() < room {
                at -= 1;
                let mut more = self.draw_row(cx, at, columns);
                more.reverse();
                lines.extend(more);
            }
            lines.truncate(room);
            lines.reverse();
        } else {
            let mut at = self.first();
            while at < count && lines.len() < room {
                lines.extend(self.draw_row(cx, at, columns));
                at += 1;
            }
            lines.truncate(room);
        }
        for (n, line) in lines.into_iter().enumerate() {
            let y = area.y.saturating_add(cells(n));
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }

    fn draw_row(&self, cx: &Shared, at: usize, columns: usize) -> Vec<Line<'static>> {
        match self.row(at) {
            None => Vec::new(),
            Some((_, Row::Above(size))) => {
                let line = cx.tr(&t!("log-above", size = text::bytes(size)));
                vec![Line::styled(text::fit(&line, columns), cx.style(Part::Dim))]
            }
            Some((_, Row::Text(line))) if self.wrap => {
                hard_wrap(line, columns).map(|part| self.highlight(cx, &part)).collect()
            }
            Some((_, Row::Text(line))) => {
                let part = text::head(&text::skip(line, self.left), columns).to_owned();
                vec![self.highlight(cx, &part)]
            }
            Some((_, Row::Head(section))) => vec![self.head(cx, section, columns)],
        }
    }

    fn head(&self, cx: &Shared, section: &Section, columns: usize) -> Line<'static> {
        let steps = cx.data.steps(self.job, self.node);
        let row = steps.into_iter().find(|s| s.index == section.id / 2);
        let now = row.and_then(|r| match section.action {
            StepAction::Undo => r.undo.as_ref().map(|u| &u.state),
            StepAction::Run | StepAction::Check => Some(&r.state),
        });
        let waiting = StepState::Waiting;
        let state = states::attempt(section.action, now.unwrap_or(&waiting));
        let title = row.map_or("", |r| localized(&r.title, cx.language()));
        let mut words = vec![format!("── {} {} {title}", state.glyph, section.step)];
        if section.action == StepAction::Undo {
            words.push(cx.tr(&t!("log-undo")));
        }
        if section.attempt > 1 {
            words.push(cx.tr(&t!("log-attempt", n = section.attempt)));
        }
        if let Some(StepState::Ended { since, at, .. }) = now {
            words.push(format!("{} {}", cx.tr(&state.word), text::duration(at.since(*since))));
        }
        let line = words.join(" · ");
        let fill = columns.saturating_sub(text::width(&line) + 1);
        let line = text::fit(&format!("{line} {}", "─".repeat(fill)), columns);
        Line::styled(line, cx.style(if state.part == Part::Dim { Part::Title } else { state.part }))
    }

    fn highlight(&self, cx: &Shared, line: &str) -> Line<'static> {
        let lower = line.to_lowercase();
        // Only where lower case keeps the places of the letters.
        if self.needle.is_empty() || lower.len() != line.len() {
            return Line::styled(line.to_owned(), cx.style(Part::Text));
        }
        let needle = self.needle.to_lowercase();
        let mut spans = Vec::new();
        let mut from = 0;
        for (at, found) in lower.match_indices(&needle) {
            let (Some(before), Some(hit)) = (line.get(from..at), line.get(at..at + found.len())) else {
                break;
            };
            spans.push(Span::styled(before.to_owned(), cx.style(Part::Text)));
            spans.push(Span::styled(hit.to_owned(), cx.style(Part::Match)));
            from = at + found.len();
        }
        spans.push(Span::styled(line.get(from..).unwrap_or("").to_owned(), cx.style(Part::Text)));
        Line::from(spans)
    }
}

/// Which way to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// Towards the end.
    Yes,
    /// Towards the start.
    No,
}

/// A line in pieces of at most `columns`: output is broken anywhere, it is no prose.
pub fn hard_wrap(line: &str, columns: usize) -> impl Iterator<Item = String> {
    let mut rest = line;
    let mut first = true;
    std::iter::from_fn(move || {
        if rest.is_empty() && !first {
            return None;
        }
        first = false;
        let part = text::head(rest, columns);
        // A character wider than the pane would never get through.
        let take = if part.is_empty() { rest.chars().next().map_or(0, char::len_utf8) } else { part.len() };
        let (part, tail) = rest.split_at(take);
        rest = tail;
        Some(part.to_owned())
    })
}
