//! The line in which a filter or a search is typed, at the head of its pane, with what is wrong with it underneath.
//!
//! Tab completes names of fields and their values, Up brings back what was typed before, Enter keeps, Esc clears.

use super::loki::ql::{self, Labels};
use crate::domain::logs::{FilterFault, Level, LogFilter, check_pattern};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::prompt::{self, Line as Typed};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use std::collections::BTreeMap;

/// Fields of a filter, as they are typed.
const FIELDS: [&str; 14] = [
    "level>=",
    "node=",
    "service=",
    "component=",
    "request=",
    "instance=",
    "user=",
    "project=",
    "pid=",
    "since=",
    "until=",
    "job=",
    "step=",
    "attempt=",
];
/// Lines that are remembered.
const HISTORY: usize = 50;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A filter.
    Filter,
    /// A search.
    Find,
    /// A query of Loki, in LogQL.
    Query,
}

/// Words that may follow `node=` and `service=`.
#[derive(Default)]
pub struct Words {
    /// Names of nodes.
    pub nodes: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Labels of Loki.
    pub labels: Labels,
    /// What the lines in sight say: values by field.
    pub seen: BTreeMap<&'static str, Vec<String>>,
}

/// What became of a key.
pub enum Outcome {
    /// It is still typed.
    Goes,
    /// Not a key for typing.
    NotMine,
    /// Cleared.
    Cleared,
    /// This filter.
    Filter(Box<LogFilter>),
    /// This search.
    Find(String),
    /// This query of Loki.
    Query(String),
    /// The values of this label are wanted, to go on with.
    Values(String),
}

/// A line that is typed.
pub struct Typing {
    /// What it is.
    pub kind: Kind,
    line: Typed,
    back: usize,
    /// Completions of which none is the one.
    offers: Vec<String>,
}

impl Typing {
    /// A line with text in it.
    pub fn new(kind: Kind, text: &str) -> Self {
        Self { kind, line: Typed::new(text), back: 0, offers: Vec::new() }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) {
        self.line.paste(text);
    }

    /// What is wrong: the column, from 1, and why.
    fn fault(&self) -> Option<FilterFault> {
        match self.kind {
            Kind::Filter => self.line.text().parse::<LogFilter>().err(),
            Kind::Find => check_pattern(self.line.text()).err(),
            // Loki says it, in its own words.
            Kind::Query => None,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: &KeyEvent, history: &mut Vec<String>, words: &Words) -> Outcome {
        match key.code {
            KeyCode::Esc => return Outcome::Cleared,
            KeyCode::Enter => {
                let text = self.line.text().trim().to_owned();
                if self.fault().is_some() {
                    return Outcome::Goes;
                }
                if text.is_empty() {
                    return Outcome::Cleared;
                }
                history.retain(|known| *known != text);
                history.push(text.clone());
                if history.len() > HISTORY {
                    history.remove(0);
                }
                return match self.kind {
                    Kind::Filter => Outcome::Filter(Box::new(text.parse().unwrap_or_default())),
                    Kind::Find => Outcome::Find(text),
                    Kind::Query => Outcome::Query(text),
                };
            }
            KeyCode::Up | KeyCode::Down => {
                let down = key.code == KeyCode::Down;
                self.back =
                    if down { self.back.saturating_sub(1) } else { (self.back + 1).min(history.len()) };
                let at = history.len().checked_sub(self.back);
                let text = at.and_then(|at| history.get(at)).cloned().unwrap_or_default();
                self.line = Typed::new(text);
            }
            KeyCode::Tab => return self.complete(words).map_or(Outcome::Goes, Outcome::Values),
            _ => {
                if !self.line.key(key) {
                    return Outcome::NotMine;
                }
                self.offers.clear();
            }
        }
        Outcome::Goes
    }

    /// Goes on with what is typed as far as there is one way only. Some: the label whose values must be known first.
    pub fn complete(&mut self, words: &Words) -> Option<String> {
        match self.kind {
            Kind::Find => {}
            Kind::Filter => self.complete_filter(words),
            Kind::Query => {
                let done = ql::complete(self.line.text(), &words.labels);
                self.offers = done.offers;
                self.line = Typed::new(done.text);
                return done.wants;
            }
        }
        None
    }

    fn complete_filter(&mut self, words: &Words) {
        let text = self.line.text().to_owned();
        let (head, word) = text.rsplit_once(' ').map_or(("", text.as_str()), |(h, w)| (h, w));
        let (before, begun, all): (String, &str, Vec<&str>) = match word.split_once('=') {
            None => (String::new(), word, FIELDS.to_vec()),
            Some((field, value)) => {
                let (kept, begun) = value.rsplit_once(',').map_or(("", value), |(k, b)| (k, b));
                let all: Vec<&str> = match field {
                    "level" | "level>" => Level::ALL.iter().map(|l| l.word()).collect(),
                    "node" => words.nodes.iter().map(String::as_str).collect(),
                    "service" => words.services.iter().map(String::as_str).collect(),
                    "since" | "until" => vec!["5m", "15m", "1h", "6h", "24h", "7d"],
                    _ => words.seen.get(field).into_iter().flatten().map(String::as_str).collect(),
                };
                let comma = if kept.is_empty() { "" } else { "," };
                (format!("{field}={kept}{comma}"), begun, all)
            }
        };
        let fitting: Vec<&str> = all.into_iter().filter(|w| w.starts_with(begun)).collect();
        let Some(common) = common(&fitting) else { return self.offers.clear() };
        let space = if head.is_empty() { "" } else { " " };
        self.offers =
            if fitting.len() > 1 { fitting.iter().map(|w| (*w).to_owned()).collect() } else { Vec::new() };
        self.line = Typed::new(format!("{head}{space}{before}{common}"));
    }

    /// Draws the line and what is to be said about it; returns the rows that it took.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) -> u16 {
        let label = cx.tr(&match self.kind {
            Kind::Filter => t!("logs-prompt-filter"),
            Kind::Find => t!("logs-prompt-find"),
            Kind::Query => t!("logs-prompt-query"),
        });
        let used = text::width(&label);
        let room = usize::from(area.width);
        let (shown, column) =
            prompt::window(self.line.text(), self.line.cursor(), room.saturating_sub(used + 1));
        let line = Line::from(vec![Span::styled(label, cx.style(Part::Key)), Span::raw(shown)]);
        frame.render_widget(line, Rect { height: 1, ..area });
        frame.set_cursor_position(Position { x: area.x + text::cells(used + column), y: area.y });
        let mut below: Vec<(String, Part)> = Vec::new();
        if let Some(fault) = self.fault() {
            let before: String =
                self.line.text().chars().take(fault.column.saturating_sub(1) as usize).collect();
            let caret = used + text::width(&before);
            if caret < room && text::width(self.line.text()) + used < room {
                below.push((format!("{:caret$}^", ""), Part::Bad));
            }
            let sentence = cx.tr(&t!(
                "logs-fault",
                column = u64::from(fault.column),
                why = cx.catalogue.filter_fault(&fault)
            ));
            below.extend(text::wrap(&sentence, room).into_iter().map(|l| (l, Part::Bad)));
        } else if !self.offers.is_empty() {
            below.push((text::fit(&self.offers.join("  "), room), Part::Dim));
        } else {
            let hint = match self.kind {
                Kind::Filter => t!("logs-hint-filter"),
                Kind::Find => t!("logs-hint-find"),
                Kind::Query => t!("logs-hint-query"),
            };
            below.push((text::fit(&cx.tr(&hint), room), Part::Dim));
        }
        let most = usize::from(area.height.saturating_sub(1)).min(4);
        below.truncate(most);
        for ((line, part), y) in below.iter().zip(area.y.saturating_add(1)..) {
            frame.render_widget(
                Line::styled(text::left(line, room), cx.style(*part)),
                Rect { y, height: 1, ..area },
            );
        }
        1 + text::cells(below.len())
    }
}

/// What all of some words begin with; `None` when there are none.
pub fn common<'a>(words: &[&'a str]) -> Option<&'a str> {
    let first = *words.first()?;
    Some(words.iter().fold(first, |common, word| {
        let same = common.char_indices().zip(word.chars()).take_while(|((_, a), b)| a == b);
        let end = same.last().map_or(0, |((at, c), _)| at + c.len_utf8());
        common.get(..end).unwrap_or(common)
    }))
}

/// What a filter reads, short, for the head of a pane.
pub fn words_of(filter: &LogFilter) -> Option<Text> {
    (!filter.is_empty()).then(|| Text::plain(filter.to_string().trim().to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn tab_completes_fields_and_values() {
        let words = Words {
            nodes: vec!["ctl1".into(), "ctl2".into(), "cmp1".into()],
            services: vec!["nova".into()],
            ..Words::default()
        };
        for (typed, completed, offers) in [
            ("le", "level>=", 0),
            ("level>=w", "level>=warning", 0),
            ("node=ct", "node=ctl", 2),
            ("x node=ctl1,cm", "x node=ctl1,cmp1", 0),
            ("service=", "service=nova", 0),
            ("nothing", "nothing", 0),
        ] {
            let mut typing = Typing::new(Kind::Filter, typed);
            typing.complete(&words);
            assert_eq!(typing.line.text(), completed, "{typed}");
            assert_eq!(typing.offers.len(), offers, "{typed}");
        }
    }
}
