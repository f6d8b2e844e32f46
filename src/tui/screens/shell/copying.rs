//! Looking at what a shell printed before: a cursor over the history, a selection, a search, text for the clipboard.
//!
//! While it lasts the pane stands still: what the shell prints meanwhile is fetched anew from the engine afterwards.

use crate::terminal::{Alacritty, Direction, Emulator, Position, Scroll, Width};
use crate::tui::keymap::Action;
use crate::tui::widgets::prompt::Line;
use crossterm::event::{KeyCode, KeyEvent};

/// Most bytes that are sent to the operator's clipboard: terminals drop what is longer without a word.
pub const COPY_MAX: usize = 70_000;

/// What of the lines a selection takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// From character to character.
    Text,
    /// Whole lines.
    Lines,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A match.
    Here,
    /// Nothing in that direction.
    Nothing,
}

/// The state of it.
#[derive(Debug)]
pub struct Copying {
    cursor: Position,
    anchor: Option<(Position, Shape)>,
    typing: Option<Line>,
    needle: String,
    found: Option<(Position, Position)>,
}

fn last_column(emulator: &Alacritty) -> u16 {
    emulator.size().columns().saturating_sub(1)
}

impl Copying {
    /// Begins where the program's cursor is.
    pub fn new(emulator: &Alacritty) -> Self {
        let at = emulator.cursor();
        let cursor = Position { line: i32::from(at.line), column: at.column };
        Self { cursor, anchor: None, typing: None, needle: String::new(), found: None }
    }

    /// Begins a selection with the mouse; the place counts from the corner of what is shown.
    pub fn drag(emulator: &Alacritty, column: u16, line: u16) -> Self {
        let mut new = Self::new(emulator);
        new.cursor = shown_at(emulator, column, line);
        new.anchor = Some((new.cursor, Shape::Text));
        new
    }

    /// The mouse moved on.
    pub fn drag_to(&mut self, emulator: &Alacritty, column: u16, line: u16) {
        self.cursor = shown_at(emulator, column, line);
    }

    /// Where the cursor is, counted from the corner of what is shown.
    pub fn cursor(&self, emulator: &Alacritty) -> Option<(u16, u16)> {
        let offset = i32::try_from(emulator.scroll_offset()).unwrap_or(0);
        let line = u16::try_from(self.cursor.line + offset).ok()?;
        (line < emulator.size().lines()).then_some((self.cursor.column, line))
    }

    /// What is shown reversed: the selection, or the match.
    pub fn selection(&self, emulator: &Alacritty) -> Option<(Position, Position)> {
        let Some((anchor, shape)) = self.anchor else { return self.found };
        let (from, to) = if anchor <= self.cursor { (anchor, self.cursor) } else { (self.cursor, anchor) };
        Some(match shape {
            Shape::Text => (from, to),
            Shape::Lines => {
                (Position { column: 0, ..from }, Position { column: last_column(emulator), ..to })
            }
        })
    }

    /// The text that is selected; the match when nothing is.
    pub fn text(&self, emulator: &Alacritty) -> String {
        let Some((from, to)) = self.selection(emulator) else { return String::new() };
        let mut text = emulator.text(from, to);
        if matches!(self.anchor, Some((_, Shape::Lines))) {
            text.push('\n');
        }
        text
    }

    /// Whether something is being selected.
    pub fn is_selecting(&self) -> bool {
        self.anchor.is_some()
    }

    /// Begins a selection, changes its shape, or ends it.
    pub fn select(&mut self, shape: Shape) {
        self.anchor = match self.anchor {
            Some((_, was)) if was == shape => None,
            Some((at, _)) => Some((at, shape)),
            None => Some((self.cursor, shape)),
        };
    }

    /// Ends the selection; false when there was none.
    pub fn unselect(&mut self) -> bool {
        self.found = None;
        self.anchor.take().is_some()
    }

    /// The search text, while it is typed.
    pub fn typing(&self) -> Option<&Line> {
        self.typing.as_ref()
    }

    /// Begins to type a search.
    pub fn begin_search(&mut self) {
        self.typing = Some(Line::default());
    }

    /// Takes a key while a search is typed; none when none is.
    pub fn key(&mut self, emulator: &mut Alacritty, key: &KeyEvent) -> Option<Found> {
        let line = self.typing.as_mut()?;
        match key.code {
            KeyCode::Enter => {
                if !line.text().is_empty() {
                    self.needle = line.text().to_owned();
                }
                self.typing = None;
                return Some(self.search(emulator, Direction::Backward));
            }
            KeyCode::Esc => self.typing = None,
            _ => {
                line.key(key);
            }
        }
        Some(Found::Here)
    }

    /// Text pasted into the search.
    pub fn paste(&mut self, text: &str) {
        if let Some(line) = &mut self.typing {
            line.paste(text);
        }
    }

    /// What was searched for last.
    pub fn needle(&self) -> &str {
        &self.needle
    }

    /// Goes to the next match.
    pub fn search(&mut self, emulator: &mut Alacritty, direction: Direction) -> Found {
        if self.needle.is_empty() {
            return Found::Here;
        }
        let Some(at) = emulator.find(&self.needle, self.cursor, direction) else { return Found::Nothing };
        self.cursor = at;
        self.found = Some((at, end_of(emulator, at, self.needle.chars().count())));
        emulator.scroll(Scroll::Show(at.line));
        Found::Here
    }

    /// Does a move; false when it is none.
    pub fn act(&mut self, emulator: &mut Alacritty, action: Action) -> bool {
        let lines = i32::from(emulator.size().lines());
        let (top, bottom) = (-i32::try_from(emulator.history()).unwrap_or(0), lines - 1);
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::HalfUp => -lines / 2,
            Action::HalfDown => lines / 2,
            Action::PageUp => -(lines - 1),
            Action::PageDown => lines - 1,
            Action::Top => top - self.cursor.line,
            Action::Bottom => bottom - self.cursor.line,
            Action::ScrollLeft | Action::ScrollRight | Action::LineStart | Action::LineEnd => 0,
            Action::WordNext | Action::WordBefore => {
                self.word(emulator, action == Action::WordNext);
                0
            }
            _ => return false,
        };
        if matches!(action, Action::HalfUp | Action::HalfDown | Action::PageUp | Action::PageDown) {
            emulator.scroll(Scroll::Lines(-by));
        }
        self.cursor.line = (self.cursor.line + by).clamp(top, bottom);
        let row = emulator.row(self.cursor.line).unwrap_or_default();
        let last = last_column(emulator);
        self.cursor.column = match action {
            Action::ScrollLeft => self.cursor.column.saturating_sub(1),
            Action::ScrollRight => (self.cursor.column + 1).min(last),
            Action::LineStart => 0,
            Action::LineEnd => {
                let end =
                    row.cells.iter().rposition(|c| c.character != ' ' || c.width == Width::Continuation);
                u16::try_from(end.unwrap_or(0)).unwrap_or(last)
            }
            _ => self.cursor.column,
        };
        // Never on the right half of a wide character when going left.
        let half =
            row.cells.get(usize::from(self.cursor.column)).is_some_and(|c| c.width == Width::Continuation);
        if half && action == Action::ScrollLeft {
            self.cursor.column = self.cursor.column.saturating_sub(1);
        } else if half && action == Action::ScrollRight {
            self.cursor.column = (self.cursor.column + 1).min(last);
        }
        emulator.scroll(Scroll::Show(self.cursor.line));
        true
    }

    /// To the start of the next word, or of the one before.
    fn word(&mut self, emulator: &Alacritty, forward: bool) {
        let last = i32::from(emulator.size().lines()) - 1;
        let starts = |line: i32| -> Vec<u16> {
            let row = emulator.row(line).unwrap_or_default();
            let mut before = true;
            (0_u16..)
                .zip(&row.cells)
                .filter_map(|(column, cell)| {
                    let blank = cell.character == ' ' && cell.width != Width::Continuation;
                    let starts = before && !blank;
                    before = blank;
                    starts.then_some(column)
                })
                .collect()
        };
        let mut line = self.cursor.line;
        let mut from = Some(self.cursor.column);
        while emulator.row(line).is_some() && line <= last {
            let here = starts(line);
            let found = match (forward, from) {
                (true, Some(column)) => here.iter().find(|c| **c > column),
                (true, None) => here.first(),
                (false, Some(column)) => here.iter().rev().find(|c| **c < column),
                (false, None) => here.last(),
            };
            if let Some(column) = found {
                self.cursor = Position { line, column: *column };
                return;
            }
            from = None;
            line += if forward { 1 } else { -1 };
        }
    }
}

fn shown_at(emulator: &Alacritty, column: u16, line: u16) -> Position {
    let offset = i32::try_from(emulator.scroll_offset()).unwrap_or(0);
    let line = line.min(emulator.size().lines().saturating_sub(1));
    Position { line: i32::from(line) - offset, column: column.min(last_column(emulator)) }
}

/// The last place of a match of so many characters, over wrapped lines.
fn end_of(emulator: &Alacritty, from: Position, characters: usize) -> Position {
    let (mut at, mut left) = (from, characters);
    let mut line = from.line;
    let mut skip = usize::from(from.column);
    while let Some(row) = emulator.row(line) {
        for (column, cell) in (0_u16..).zip(&row.cells).skip(skip) {
            if matches!(cell.width, Width::Single | Width::Wide) {
                if left == 0 {
                    return at;
                }
                left -= 1;
            }
            at = Position { line, column };
        }
        (line, skip) = (line + 1, 0);
    }
    at
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
    use crate::terminal::{Answers, Size};

    fn emulator() -> Alacritty {
        let mut emulator = Alacritty::new(Size::new(30, 4), Answers::Discard);
        for line in 0..10 {
            emulator.feed(format!("line {line} 中文 end\r\n").as_bytes());
        }
        emulator.feed(b"$ ");
        emulator
    }

    #[test]
    fn moving_selecting_and_taking_the_text() {
        let mut emulator = emulator();
        let mut copying = Copying::new(&emulator);
        assert_eq!(copying.cursor(&emulator), Some((2, 3)));
        for action in [Action::Up, Action::Up, Action::LineStart, Action::WordNext] {
            assert!(copying.act(&mut emulator, action));
        }
        copying.select(Shape::Text);
        copying.act(&mut emulator, Action::Down);
        assert_eq!(copying.text(&emulator), "8 中文 end\nline 9");
        copying.select(Shape::Lines);
        assert_eq!(copying.text(&emulator), "line 8 中文 end\nline 9 中文 end\n");
        copying.select(Shape::Lines);
        assert_eq!(copying.text(&emulator), "");
        copying.act(&mut emulator, Action::Top);
        assert_eq!(emulator.scroll_offset(), emulator.history(), "the cursor stays in sight");
        copying.act(&mut emulator, Action::LineEnd);
        copying.act(&mut emulator, Action::WordBefore);
        copying.act(&mut emulator, Action::WordBefore);
        copying.select(Shape::Text);
        copying.act(&mut emulator, Action::ScrollRight);
        copying.act(&mut emulator, Action::ScrollRight);
        copying.act(&mut emulator, Action::ScrollLeft);
        assert_eq!(copying.text(&emulator), "中文");
    }

    #[test]
    fn searching_goes_back_and_forth() {
        let mut emulator = emulator();
        let mut copying = Copying::new(&emulator);
        copying.begin_search();
        for c in "line 中".replace(" 中", " 4").chars() {
            copying.key(&mut emulator, &KeyEvent::from(KeyCode::Char(c)));
        }
        assert_eq!(copying.key(&mut emulator, &KeyEvent::from(KeyCode::Enter)), Some(Found::Here));
        assert_eq!(copying.text(&emulator), "line 4");
        assert!(copying.cursor(&emulator).is_some(), "it is in sight");
        assert_eq!(copying.search(&mut emulator, Direction::Backward), Found::Nothing);
        copying.begin_search();
        copying.paste("中文");
        copying.key(&mut emulator, &KeyEvent::from(KeyCode::Enter));
        assert_eq!(copying.text(&emulator), "中文");
        let first = copying.cursor;
        assert_eq!(copying.search(&mut emulator, Direction::Forward), Found::Here);
        assert_eq!(copying.cursor.line, first.line + 1);
    }

    #[test]
    fn the_mouse_selects_what_is_under_it() {
        let mut emulator = emulator();
        emulator.scroll(Scroll::Top);
        let mut copying = Copying::drag(&emulator, 0, 0);
        copying.drag_to(&emulator, 5, 1);
        assert_eq!(copying.text(&emulator), "line 0 中文 end\nline 1");
    }
}
