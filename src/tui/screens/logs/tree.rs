//! Where lines come from: nodes with their files and units, jobs with their output, and how collecting them goes.
//!
//! Enter shows only what is selected, Space adds it to what is shown or takes it away; `l` and `h` open and close a node.

use super::stamps;
use crate::api::logs::{CollectState, LogSource, LogSources, SourceKind};
use crate::api::rows::JobRow;
use crate::domain::logs::LogFilter;
use crate::domain::loki::LokiSettings;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cell::Cell;
use std::collections::BTreeSet;

/// Nodes up to which all of them are open at first.
const OPEN: usize = 2;
/// Newest jobs that are shown.
const JOBS: usize = 8;

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// Everything that is collected.
    All,
    /// A node.
    Node(String),
    /// A source.
    Source(u32),
    /// A job's output.
    Job(u64),
    /// The environment's Loki.
    Loki,
}

/// The tree.
#[derive(Default)]
pub struct Tree {
    at: usize,
    turned: BTreeSet<String>,
    offset: Cell<usize>,
    page: Cell<usize>,
}

/// What the tree wants of the focused pane.
pub enum Wish {
    /// Nothing but to be drawn again.
    Nothing,
    /// This filter.
    Only(LogFilter),
    /// This filter, and the tree keeps the focus.
    Also(LogFilter),
    /// What Loki has.
    Loki,
}

/// What there is to be shown, and what the focused pane shows.
pub struct From<'a> {
    /// What is collected.
    pub sources: &'a LogSources,
    /// Jobs, oldest first.
    pub jobs: &'a [&'a JobRow],
    /// Of the focused pane.
    pub filter: &'a LogFilter,
    /// The environment's Loki, if it has one.
    pub loki: Option<&'a LokiSettings>,
    /// The focused pane shows Loki.
    pub on_loki: bool,
}

/// What a state looks like: a glyph, a word, a part.
pub fn state(cx: &Shared, state: &CollectState) -> (&'static str, Text, Part) {
    match state {
        CollectState::Off => ("○", t!("collect-off"), Part::Dim),
        CollectState::Connecting => ("◌", t!("collect-connecting"), Part::Busy),
        CollectState::Following { behind: 0, .. } => ("●", t!("collect-following"), Part::Good),
        CollectState::Following { behind, behind_s, .. } => {
            let text = t!(
                "collect-behind",
                size = text::bytes(*behind),
                age = text::duration(behind_s.saturating_mul(1000))
            );
            ("◐", text, Part::Warn)
        }
        CollectState::Failed { why, since } => {
            ("✗", t!("collect-failed", since = cx.clock(*since), why = why), Part::Bad)
        }
        CollectState::Ended => ("■", t!("collect-ended"), Part::Dim),
        CollectState::Unknown => ("?", t!("collect-unknown"), Part::Dim),
    }
}

/// A source in short: its service and the end of its path.
pub fn title(source: &LogSource) -> String {
    let name = source.path.rsplit('/').next().unwrap_or(&source.path);
    if source.service.is_empty() || name.starts_with(&source.service) {
        name.to_owned()
    } else {
        format!("{} {name}", source.service)
    }
}

impl Tree {
    fn is_open(&self, sources: &LogSources, node: &str) -> bool {
        (sources.nodes.len() <= OPEN) != self.turned.contains(node)
    }

    fn items(&self, from: &From) -> Vec<Item> {
        let From { sources, jobs, .. } = *from;
        let mut out = vec![Item::All];
        let mut names: Vec<&str> = sources.nodes.iter().map(|n| n.name.as_str()).collect();
        let collected = || sources.sources.iter().filter(|s| s.kind != SourceKind::Job);
        for source in collected() {
            if !names.contains(&source.node_name.as_str()) {
                names.push(&source.node_name);
            }
        }
        for name in names {
            out.push(Item::Node(name.to_owned()));
            if self.is_open(sources, name) {
                out.extend(collected().filter(|s| s.node_name == name).map(|s| Item::Source(s.id)));
            }
        }
        out.extend(jobs.iter().rev().take(JOBS).map(|j| Item::Job(j.id.0)));
        out.extend(from.loki.map(|_| Item::Loki));
        out
    }

    /// Does an action; `None`: not mine.
    pub fn act(&mut self, action: Action, from: &From) -> Option<Wish> {
        let (sources, filter) = (from.sources, from.filter);
        let items = self.items(from);
        let last = items.len().saturating_sub(1);
        let page = self.page.get().max(2);
        self.at = self.at.min(last);
        self.at = match action {
            Action::Up => self.at.saturating_sub(1),
            Action::Down => (self.at + 1).min(last),
            Action::HalfUp | Action::PageUp => self.at.saturating_sub(page / 2),
            Action::HalfDown | Action::PageDown => (self.at + page / 2).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            Action::ScrollLeft | Action::ScrollRight => {
                if let Some(Item::Node(name)) = items.get(self.at)
                    && self.is_open(sources, name) != (action == Action::ScrollRight)
                    && !self.turned.remove(name)
                {
                    self.turned.insert(name.clone());
                }
                self.at
            }
            Action::Open | Action::Mark => {
                let item = items.get(self.at)?;
                return Some(match (item, action) {
                    (Item::Loki, _) => Wish::Loki,
                    (_, Action::Open) => Wish::Only(only(item, filter)),
                    _ => Wish::Also(also(item, filter)),
                });
            }
            _ => return None,
        };
        Some(Wish::Nothing)
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect, focus: bool, from: &From) {
        let items = self.items(from);
        let columns = usize::from(area.width);
        let at = self.at.min(items.len().saturating_sub(1));
        let (rule, part) = if focus { ("━", Part::BorderFocus) } else { ("─", Part::Border) };
        let head = format!("{rule} {} ", cx.tr(&t!("logs-sources")));
        let fill = rule.repeat(columns.saturating_sub(text::width(&head)));
        frame.render_widget(Line::styled(head + &fill, cx.style(part)), Rect { height: 1, ..area });
        let about = items.get(at).map(|i| about(cx, i, from)).unwrap_or_default();
        let about: Vec<(String, Part)> = about
            .into_iter()
            .flat_map(|(line, part)| {
                text::wrap(&line, columns.saturating_sub(1)).into_iter().take(4).map(move |l| (l, part))
            })
            .collect();
        let foot = if focus { about.len().min(usize::from(area.height) / 2) } else { 0 };
        let room = usize::from(area.height).saturating_sub(1 + foot);
        let offset = self.offset.get().min(at).max((at + 1).saturating_sub(room));
        self.offset.set(offset);
        self.page.set(room);
        for (n, item) in items.iter().enumerate().skip(offset).take(room) {
            let (line, part) = self.line(cx, item, from);
            let style = match (n == at, focus) {
                (true, true) => Part::Selection,
                (true, false) => Part::SelectionIdle,
                _ => part,
            };
            let y = area.y.saturating_add(cells(n - offset + 1));
            let line = Line::styled(text::left(&line, columns), cx.style(style));
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
        for (n, (line, part)) in about.into_iter().take(foot).enumerate() {
            let y = area.bottom().saturating_sub(cells(foot - n));
            let line = Line::styled(text::fit(&format!(" {line}"), columns), cx.style(part));
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }

    fn line(&self, cx: &Shared, item: &Item, from: &From) -> (String, Part) {
        let From { sources, jobs, filter, .. } = *from;
        let shown = |yes: bool| if yes && !from.on_loki { "▸" } else { " " };
        match item {
            Item::All => {
                let every = filter.nodes.is_empty() && filter.sources.is_empty() && filter.job.is_none();
                (format!("{} {}", shown(every), cx.tr(&t!("logs-all-sources"))), Part::Title)
            }
            Item::Node(name) => {
                let row = sources.nodes.iter().find(|n| n.name == *name);
                let (glyph, _, part) = state(cx, row.map_or(&CollectState::Ended, |n| &n.state));
                let fold = if self.is_open(sources, name) { "-" } else { "+" };
                (format!("{} {fold} {glyph} {name}", shown(filter.nodes.contains(name))), part)
            }
            Item::Source(id) => {
                let Some(source) = sources.sources.iter().find(|s| s.id == *id) else {
                    return (String::new(), Part::Dim);
                };
                let (glyph, _, part) = state(cx, &source.state);
                let part = if part == Part::Good { Part::Text } else { part };
                let kind = if source.kind == SourceKind::Journal { "≡" } else { " " };
                let line =
                    format!("{}    {glyph}{kind}{}", shown(filter.sources.contains(id)), title(source));
                (cx.tr(&Text::plain(line)), part)
            }
            Item::Job(id) => {
                let kind = jobs
                    .iter()
                    .find(|j| j.id.0 == *id)
                    .map(|j| Text::key(format!("plan-kind-{}", j.kind.word())));
                let kind = kind.map(|k| cx.tr(&k)).unwrap_or_default();
                let line = cx.tr(&t!("logs-job", id = id.to_string(), kind = kind));
                (format!("{} {line}", shown(filter.job == Some(*id))), Part::Text)
            }
            Item::Loki => (format!("{} Loki", if from.on_loki { "▸" } else { " " }), Part::Text),
        }
    }
}

/// What a line of the tree stands for, in words.
fn about(cx: &Shared, item: &Item, from: &From) -> Vec<(String, Part)> {
    let From { sources, jobs, .. } = *from;
    let mut out: Vec<(String, Part)> = Vec::new();
    let told = |s: &CollectState| {
        let (glyph, word, part) = state(cx, s);
        (format!("{glyph} {}", cx.tr(&word)), part)
    };
    match item {
        Item::All => {
            let word = if sources.on { t!("logs-collected", by = &sources.by) } else { t!("collect-off") };
            out.push((cx.tr(&word), Part::Text));
            let kept = t!("logs-kept", size = text::bytes(sources.bytes), records = count(sources.records));
            out.push((cx.tr(&kept), Part::Dim));
        }
        Item::Node(name) => {
            if let Some(node) = sources.nodes.iter().find(|n| n.name == *name) {
                out.push(told(&node.state));
                if node.clock_ms.abs() >= 100 {
                    let off = stamps::difference(node.clock_ms.saturating_mul(1000));
                    out.push((cx.tr(&t!("logs-clock", off = off)), Part::Dim));
                }
            }
        }
        Item::Source(id) => {
            if let Some(source) = sources.sources.iter().find(|s| s.id == *id) {
                out.push(told(&source.state));
                out.push((cx.tr(&Text::plain(&source.path)), Part::Dim));
                let kept = t!("logs-kept", size = text::bytes(source.bytes), records = count(source.records));
                out.push((cx.tr(&kept), Part::Dim));
                if let Some(last) = source.last {
                    let at = stamps::at(&cx.zone, last, "%Y-%m-%d %H:%M:%S");
                    out.push((cx.tr(&t!("logs-last-line", at = at)), Part::Dim));
                }
            }
        }
        Item::Job(id) => {
            if let Some(job) = jobs.iter().find(|j| j.id.0 == *id) {
                out.push((cx.tr(&Text::key(format!("job-state-{}", job.state.word()))), Part::Text));
            }
        }
        Item::Loki => {
            if let Some(loki) = from.loki {
                out.push((cx.tr(&Text::plain(&loki.url)), Part::Text));
                out.push((cx.tr(&t!("loki-source-how")), Part::Dim));
            }
        }
    }
    out
}

/// A number with commas between its thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn bare(filter: &LogFilter) -> LogFilter {
    LogFilter {
        nodes: Vec::new(),
        sources: Vec::new(),
        job: None,
        step: None,
        attempt: None,
        ..filter.clone()
    }
}

fn only(item: &Item, filter: &LogFilter) -> LogFilter {
    let mut out = bare(filter);
    match item {
        Item::Node(name) => out.nodes.push(name.clone()),
        Item::Source(id) => out.sources.push(*id),
        Item::Job(id) => out.job = Some(*id),
        Item::All | Item::Loki => {}
    }
    out
}

fn also(item: &Item, filter: &LogFilter) -> LogFilter {
    fn toggle<T: PartialEq + Clone>(all: &mut Vec<T>, one: &T) {
        let before = all.len();
        all.retain(|known| known != one);
        if all.len() == before {
            all.push(one.clone());
        }
    }
    let mut out = filter.clone();
    // A node may be one of a job's; a file is none of its output.
    if !matches!(item, Item::Node(_)) {
        (out.job, out.step, out.attempt) = (None, None, None);
    }
    match item {
        Item::All => out = bare(filter),
        Item::Node(name) => toggle(&mut out.nodes, name),
        Item::Source(id) => toggle(&mut out.sources, id),
        Item::Job(id) => (out.sources, out.job) = (Vec::new(), (filter.job != Some(*id)).then_some(*id)),
        Item::Loki => {}
    }
    out
}
