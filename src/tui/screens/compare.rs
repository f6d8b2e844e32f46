//! What the same step printed on two nodes of a job, side by side, with the differences marked.
//!
//! Lines are paired by their longest common sequence. Numbers do not count unless the operator says so: times, sizes and
//! process numbers differ everywhere and tell nothing. What differs has a sign of its own (`≠` other words, `<` only left,
//! `>` only right) besides its colour.

use super::log_text::LogText;
use crate::api::rows::StepRow;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::plan::StepId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;

/// Bytes asked for at once.
const WINDOW: u32 = 64 * 1024;
/// Bytes of each side that are compared, from the beginning.
const BUDGET: u64 = 512 * 1024;
/// Pairs of lines that are weighed against each other at most; beyond that only what is alike at both ends is found.
const WEIGHED: usize = 9_000_000;

/// One line of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    left: Option<usize>,
    right: Option<usize>,
    same: bool,
}

struct Side {
    node: NodeId,
    name: String,
    attempt: u32,
    total: u64,
    /// Bytes that the row told of when the engine had no more: it is not asked again for these.
    dry: u64,
    waiting: bool,
    text: LogText,
}

impl Side {
    fn lines(&self) -> Vec<&str> {
        (0..self.text.len()).filter_map(|n| self.text.line(n)).collect()
    }

    fn is_whole(&self) -> bool {
        self.text.end() >= self.total.min(BUDGET)
    }
}

/// The page.
pub struct ComparePage {
    job: JobId,
    step: StepId,
    sides: [Side; 2],
    numbers: bool,
    pairs: Vec<Pair>,
    at: usize,
    left: usize,
    page: Cell<usize>,
    /// Why the output of one did not come.
    refused: Option<Text>,
}

/// Asks with which other node a step is to be compared; with a single other one there is nothing to ask.
pub fn compare(cx: &Shared, job: JobId, node: NodeId, step: &StepId) -> Effect {
    let all = cx.data.job_nodes(job);
    let name = all.iter().find(|n| n.node == node).map_or_else(String::new, |n| n.name.clone());
    let others: Vec<(NodeId, String)> =
        all.iter().filter(|n| n.node != node).map(|n| (n.node, n.name.clone())).collect();
    match others.as_slice() {
        [] => Effect::Say(Level::Info, t!("compare-alone")),
        [other] => Effect::Push(Box::new(ComparePage::new(job, step.clone(), (node, name), other.clone()))),
        _ => {
            let options = others.iter().map(|(id, n)| (id.0.to_string(), Text::plain(n))).collect();
            let field = Field::choice("node", t!("field-compare-with"), options, 0);
            Effect::Push(Box::new(Form::new(
                Ask { job, step: step.clone(), this: (node, name), others },
                vec![field],
            )))
        }
    }
}

struct Ask {
    job: JobId,
    step: StepId,
    this: (NodeId, String),
    others: Vec<(NodeId, String)>,
}

impl Purpose for Ask {
    fn name(&self) -> &'static str {
        "compare-with"
    }

    fn title(&self) -> Text {
        t!("compare-title", step = self.step.to_string())
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let chosen = fields.value("node").unwrap_or_default();
        let Some(other) = self.others.iter().find(|(id, _)| id.0.to_string() == chosen) else {
            return Vec::new();
        };
        let page = ComparePage::new(self.job, self.step.clone(), self.this.clone(), other.clone());
        vec![Effect::Replace(Box::new(page))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}

impl ComparePage {
    /// A step's output on two nodes.
    pub fn new(job: JobId, step: StepId, a: (NodeId, String), b: (NodeId, String)) -> Self {
        let side = |(node, name)| Side {
            node,
            name,
            attempt: 0,
            total: 0,
            dry: 0,
            waiting: false,
            text: LogText::from(0),
        };
        Self {
            job,
            step,
            sides: [side(a), side(b)],
            numbers: false,
            pairs: Vec::new(),
            at: 0,
            left: 0,
            page: Cell::new(10),
            refused: None,
        }
    }

    fn row<'a>(&self, cx: &'a Shared, node: NodeId) -> Option<&'a StepRow> {
        cx.data.steps(self.job, node).into_iter().find(|s| s.step == self.step)
    }

    fn sync(&mut self, cx: &Shared) -> Vec<Effect> {
        let rows: Vec<Option<(u32, u64)>> =
            self.sides.iter().map(|s| self.row(cx, s.node).map(|r| (r.attempt, r.output))).collect();
        let mut out = Vec::new();
        for ((side, row), n) in self.sides.iter_mut().zip(rows).zip(0_u64..) {
            let Some((attempt, output)) = row else { continue };
            if side.attempt != attempt {
                (side.attempt, side.total, side.text, side.waiting) = (attempt, 0, LogText::from(0), false);
                side.dry = 0;
            }
            side.total = side.total.max(output);
            if attempt == 0 || side.waiting || side.is_whole() || output <= side.dry {
                continue;
            }
            let Some(step) = cx.data.steps(self.job, side.node).into_iter().find(|s| s.step == self.step)
            else {
                continue;
            };
            side.waiting = true;
            let request = Request::Output {
                job: self.job,
                node: side.node,
                step: self.step.clone(),
                action: step.action,
                attempt,
                offset: side.text.end(),
                max: WINDOW,
            };
            out.push(Effect::Call(Tag::Item(n), request));
        }
        out
    }

    fn pair(&mut self) {
        let [a, b] = &self.sides;
        self.pairs = diff(&a.lines(), &b.lines(), self.numbers);
        self.at = self.at.min(self.pairs.len().saturating_sub(1));
    }

    /// Places at which a difference begins.
    fn differences(&self) -> Vec<usize> {
        let same = |n: Option<usize>| n.and_then(|n| self.pairs.get(n)).is_none_or(|p| p.same);
        (0..self.pairs.len()).filter(|n| !same(Some(*n)) && same(n.checked_sub(1))).collect()
    }

    fn head(&self, cx: &Shared, side: &Side, columns: usize) -> Line<'static> {
        let mut words = format!("━ {}", side.name);
        if let Some(row) = self.row(cx, side.node) {
            words = format!("{words} · {}", states::step_of(row).text(cx));
        }
        if side.attempt > 1 {
            words = format!("{words} · {}", cx.tr(&t!("log-attempt", n = side.attempt)));
        }
        if side.total > BUDGET {
            words = format!("{words} · {}", cx.tr(&t!("compare-cut", size = text::bytes(BUDGET))));
        }
        let words = text::fit(&words, columns.saturating_sub(1));
        let fill = "━".repeat(columns.saturating_sub(text::width(&words) + 1));
        Line::styled(format!("{words} {fill}"), cx.style(Part::BorderFocus))
    }
}

/// What two lines are compared by.
fn key(line: &str, numbers: bool) -> String {
    if numbers {
        return line.trim_end().to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut digits = false;
    for c in line.trim_end().chars() {
        let digit = c.is_ascii_digit();
        if !digit {
            out.push(c);
        } else if !digits {
            out.push('#');
        }
        digits = digit;
    }
    out
}

/// Pairs the lines of two texts.
fn diff(left: &[&str], right: &[&str], numbers: bool) -> Vec<Pair> {
    let left: Vec<String> = left.iter().map(|l| key(l, numbers)).collect();
    let right: Vec<String> = right.iter().map(|l| key(l, numbers)).collect();
    let head = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
    let most = left.len().min(right.len()) - head;
    let tail = left.iter().rev().zip(right.iter().rev()).take(most).take_while(|(l, r)| l == r).count();
    let middle = |all: &[String]| all.get(head..all.len() - tail).unwrap_or_default().to_vec();
    let (ours, theirs) = (middle(&left), middle(&right));
    let mut out: Vec<Pair> = (0..head).map(|n| Pair { left: Some(n), right: Some(n), same: true }).collect();
    let common =
        if ours.len().saturating_mul(theirs.len()) <= WEIGHED { common(&ours, &theirs) } else { Vec::new() };
    let (mut i, mut j) = (0, 0);
    for (ci, cj) in common.into_iter().chain([(ours.len(), theirs.len())]) {
        // What differs on both sides stands side by side.
        let (only_left, only_right) = (ci - i, cj - j);
        for n in 0..only_left.max(only_right) {
            out.push(Pair {
                left: (n < only_left).then_some(head + i + n),
                right: (n < only_right).then_some(head + j + n),
                same: false,
            });
        }
        if ci < ours.len() || cj < theirs.len() {
            out.push(Pair { left: Some(head + ci), right: Some(head + cj), same: true });
        }
        (i, j) = (ci + 1, cj + 1);
    }
    let (from_left, from_right) = (left.len() - tail, right.len() - tail);
    out.extend((0..tail).map(|n| Pair {
        left: Some(from_left + n),
        right: Some(from_right + n),
        same: true,
    }));
    out
}

/// The longest common sequence: places in both.
fn common(ours: &[String], theirs: &[String]) -> Vec<(usize, usize)> {
    let width = theirs.len() + 1;
    // lengths[i * width + j]: of what is common from i and j on.
    let mut lengths = vec![0_u32; (ours.len() + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in ours.iter().enumerate().rev() {
        for (j, b) in theirs.iter().enumerate().rev() {
            let here = if a == b {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = here;
            }
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (ours.get(i), theirs.get(j)) {
        if a == b {
            out.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

impl Screen for ComparePage {
    fn name(&self) -> &'static str {
        "compare"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        let [a, b] = &self.sides;
        Some(t!("crumb-compare", step = self.step.to_string(), a = a.name.as_str(), b = b.name.as_str()))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Compare, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        let mut all: Vec<Topic> = self.sides.iter().map(|s| Topic::JobNode(self.job, s.node)).collect();
        all.push(Topic::Job(self.job));
        all
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        for side in &mut self.sides {
            side.waiting = false;
        }
        self.refused = None;
        self.sync(cx)
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        self.sync(cx)
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        let last = self.pairs.len().saturating_sub(page);
        self.at = match action {
            Action::Up => self.at.saturating_sub(1),
            Action::Down => self.at + 1,
            Action::HalfUp => self.at.saturating_sub(page / 2),
            Action::HalfDown => self.at + page / 2,
            Action::PageUp => self.at.saturating_sub(page - 1),
            Action::PageDown => self.at + page - 1,
            Action::Top => 0,
            Action::Bottom => last,
            Action::NextMatch | Action::PreviousMatch => {
                let all = self.differences();
                let found = if action == Action::NextMatch {
                    all.into_iter().find(|n| *n > self.at)
                } else {
                    all.into_iter().rev().find(|n| *n < self.at)
                };
                let Some(found) = found else {
                    return Some(vec![Effect::Say(Level::Info, t!("compare-no-more"))]);
                };
                self.at = found;
                return Some(Vec::new());
            }
            Action::CompareNumbers => {
                self.numbers = !self.numbers;
                self.pair();
                self.at
            }
            Action::ScrollLeft => {
                self.left = self.left.saturating_sub(8);
                self.at
            }
            Action::ScrollRight => {
                self.left += 8;
                self.at
            }
            _ => return None,
        };
        self.at = self.at.min(last);
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        let Tag::Item(n) = tag else { return Vec::new() };
        let Some(side) = usize::try_from(n).ok().and_then(|n| self.sides.get_mut(n)) else {
            return Vec::new();
        };
        side.waiting = false;
        match result {
            Ok(Response::Window(window)) => {
                side.text.append(window.offset, &window.bytes);
                // An answer without bytes: there is no more, whatever the row said.
                if window.bytes.is_empty() {
                    side.dry = side.total;
                } else {
                    side.total = side.total.max(window.length);
                }
                self.pair();
                self.sync(cx)
            }
            Ok(_) => Vec::new(),
            Err(failure) => {
                side.dry = side.total;
                self.refused = Some(cx.catalogue.failure(&failure));
                Vec::new()
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if area.height < 3 {
            return;
        }
        let half = (area.width.saturating_sub(3)) / 2;
        let (x, columns) = (area.x + half + 3, usize::from(half));
        for (side, x) in self.sides.iter().zip([area.x, x]) {
            let place = Rect { x, y: area.y, width: half, height: 1 };
            frame.render_widget(self.head(cx, side, columns), place);
        }
        let room = usize::from(area.height) - 2;
        self.page.set(room);
        let [a, b] = &self.sides;
        if let Some(side) = self.sides.iter().find(|s| s.attempt == 0 && self.row(cx, s.node).is_some()) {
            let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
            return empty::draw(cx, frame, rest, &[t!("compare-not-run", name = side.name.as_str())]);
        }
        // Nothing is called alike of which nothing is known.
        let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
        if self.refused.is_some() {
            return empty::asked(cx, frame, rest, self.refused.as_ref());
        }
        if let Some(side) = self.sides.iter().find(|s| self.row(cx, s.node).is_none()) {
            return empty::watched(cx, frame, rest, Topic::JobNode(self.job, side.node));
        }
        let at = self.at.min(self.pairs.len().saturating_sub(1));
        for (n, pair) in self.pairs.iter().skip(at).take(room).enumerate() {
            let y = area.y + 1 + cells(n);
            let (sign, part) = match (pair.same, pair.left, pair.right) {
                (true, ..) => (" ", Part::Text),
                (false, Some(_), Some(_)) => ("≠", Part::Warn),
                (false, Some(_), None) => ("<", Part::Bad),
                (false, None, _) => (">", Part::Busy),
            };
            let cut = |side: &Side, n: Option<usize>| {
                let line = n.and_then(|n| side.text.line(n)).unwrap_or_default();
                text::left(text::head(&text::skip(line, self.left), columns), columns)
            };
            let line = Line::from(vec![
                Span::styled(cut(a, pair.left), cx.style(part)),
                Span::styled(format!(" {sign} "), cx.style(part)),
                Span::styled(cut(b, pair.right), cx.style(part)),
            ]);
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
        let count = self.differences().len();
        let numbers = if self.numbers { t!("compare-numbers-count") } else { t!("compare-numbers-not") };
        let line = if self.sides.iter().any(|s| s.waiting) {
            cx.tr(&t!("loading"))
        } else {
            cx.tr(&t!("compare-is", count = count, numbers = numbers))
        };
        let y = area.bottom().saturating_sub(1);
        let line = Line::styled(format!(" {line}"), cx.style(Part::Title));
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
