//! A text that is edited: with line numbers, words told apart by what they are, undo, and a search.
//!
//! The text and its history are `tui-textarea`'s; drawing and search are ours, because it draws one style a line.

use super::highlight::{Syntax, pieces};
use super::prompt::Line as Typed;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context, Found, spell};
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;
use tui_textarea::{CursorMove, TextArea};

/// The editor.
pub struct Editor {
    area: TextArea<'static>,
    syntax: Syntax,
    /// What is searched, while it is typed.
    find: Option<Typed>,
    /// What was searched last.
    pattern: String,
    top: Cell<usize>,
    left: Cell<usize>,
}

impl Editor {
    /// An editor with a text in it.
    pub fn new(text: &str, syntax: Syntax) -> Self {
        Self {
            area: TextArea::new(text.lines().map(str::to_owned).collect()),
            syntax,
            find: None,
            pattern: String::new(),
            top: Cell::new(0),
            left: Cell::new(0),
        }
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// The line of the cursor, from 0.
    pub fn line(&self) -> usize {
        self.area.cursor().0
    }

    /// Another text, with which its history begins anew.
    pub fn replace(&mut self, text: &str) {
        self.area = TextArea::new(text.lines().map(str::to_owned).collect());
    }

    /// Pasted text; control characters are dropped.
    pub fn paste(&mut self, pasted: &str) {
        let clean: String =
            pasted.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        match &mut self.find {
            Some(find) => find.paste(&clean),
            None => drop(self.area.insert_str(clean)),
        }
    }

    /// Takes a key; false where it is none of the editor's: what the keymap has a meaning for goes there.
    pub fn key(&mut self, cx: &Shared, key: &KeyEvent) -> bool {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let types = matches!(key.code, KeyCode::Char(_)) && plain;
        if self.find.is_some() {
            return self.finding(key);
        }
        let bound = spell(key).is_some_and(|word| {
            !matches!(cx.keymap.lookup(&[Context::Editor, Context::Global], &[word]), Found::Nothing)
        });
        if bound && !types {
            return false;
        }
        self.area.input(*key);
        true
    }

    fn finding(&mut self, key: &KeyEvent) -> bool {
        let Some(find) = &mut self.find else { return false };
        match key.code {
            KeyCode::Esc => self.find = None,
            KeyCode::Enter | KeyCode::Down => self.next_match(true),
            KeyCode::Up => self.next_match(false),
            KeyCode::F(_) => return false,
            _ => {
                find.key(key);
                find.text().clone_into(&mut self.pattern);
            }
        }
        true
    }

    /// Goes to the next match, or to the one before, around the end.
    fn next_match(&mut self, forward: bool) {
        let wanted = self.pattern.to_lowercase();
        if wanted.is_empty() {
            return;
        }
        let (row, column) = (self.area.cursor().0, self.area.cursor().1);
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (n, line) in self.area.lines().iter().enumerate() {
            all.extend(matches(line, &wanted).into_iter().map(|(at, _)| (n, at)));
        }
        let here = (row, column);
        let to = if forward {
            all.iter().find(|at| **at > here).or(all.first())
        } else {
            all.iter().rev().find(|at| **at < here).or(all.last())
        };
        if let Some((row, column)) = to {
            let place = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            self.area.move_cursor(CursorMove::Jump(place(*row), place(*column)));
        }
    }

    /// Does what the keymap says; false: not the editor's.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::EditUndo => drop(self.area.undo()),
            Action::EditRedo => drop(self.area.redo()),
            Action::EditFind => self.find = Some(Typed::new(self.pattern.clone())),
            _ => return false,
        }
        true
    }

    /// The prompt of the search.
    pub fn prompt(&self) -> Option<(Text, String, usize)> {
        let find = self.find.as_ref()?;
        Some((t!("prompt-search"), find.text().to_owned(), find.cursor()))
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let lines = self.area.lines();
        let rows = usize::from(area.height).max(1);
        let number = lines.len().max(1).to_string().len().max(2);
        let room = usize::from(area.width).saturating_sub(number + 3).max(1);
        let (row, column) = (self.area.cursor().0, self.area.cursor().1);
        let head: String = lines.get(row).map(|l| l.chars().take(column).collect()).unwrap_or_default();
        let across = text::width(&head);
        self.top.set(self.top.get().min(row).max((row + 1).saturating_sub(rows)));
        self.left.set(self.left.get().min(across).max((across + 1).saturating_sub(room)));
        let wanted = self.pattern.to_lowercase();
        for (n, line) in lines.iter().enumerate().skip(self.top.get()).take(rows) {
            let mark = if n == row { "›" } else { " " };
            let mut spans = vec![Span::styled(format!(" {:>number$}{mark}", n + 1), cx.style(Part::Dim))];
            spans.extend(self.spans(cx, line, &wanted, (n == row).then_some(column), room));
            let y = area.y.saturating_add(cells(n - self.top.get()));
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
        }
    }

    /// A line in runs of one look; what lies left of the screen is cut off.
    fn spans(
        &self,
        cx: &Shared,
        line: &str,
        wanted: &str,
        cursor: Option<usize>,
        room: usize,
    ) -> Vec<Span<'static>> {
        let known = pieces(self.syntax, line);
        let found = if wanted.is_empty() { Vec::new() } else { matches(line, wanted) };
        let mut spans: Vec<(Part, String)> = Vec::new();
        let mut put = |part: Part, c: char| match spans.last_mut() {
            Some((last, run)) if *last == part => run.push(c),
            _ => spans.push((part, c.to_string())),
        };
        let mut used = 0;
        for (n, (at, c)) in line.char_indices().enumerate() {
            let shown = if c == '\t' { ' ' } else { c };
            let wide = text::width(&shown.to_string());
            used += wide;
            if used <= self.left.get() {
                continue;
            }
            if used > self.left.get() + room {
                break;
            }
            let part = if cursor == Some(n) {
                Part::Selection
            } else if found.iter().any(|(from, long)| (*from..from + long).contains(&n)) {
                Part::Match
            } else {
                known.iter().find(|(range, _)| range.contains(&at)).map_or(Part::Text, |(_, part)| *part)
            };
            put(part, shown);
        }
        if cursor.is_some_and(|at| at >= line.chars().count()) {
            put(Part::Selection, ' ');
        }
        spans.into_iter().map(|(part, run)| Span::styled(run, cx.style(part))).collect()
    }
}

/// Where a word in lower case is in a line, and how long, in characters.
fn matches(line: &str, wanted: &str) -> Vec<(usize, usize)> {
    let low: Vec<char> = line.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect();
    let word: Vec<char> = wanted.chars().collect();
    if word.is_empty() {
        return Vec::new();
    }
    low.windows(word.len())
        .enumerate()
        .filter(|(_, w)| *w == word.as_slice())
        .map(|(at, _)| (at, word.len()))
        .collect()
}
