//! A line that is being typed: the text of a filter, a search, a field, the command line.

use crate::tui::text;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// An editable line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    input: Input,
}

impl Line {
    /// A line with text in it, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        Self { input: Input::new(text.into()) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Column of the cursor.
    pub fn cursor(&self) -> usize {
        self.input.visual_cursor()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.input.reset();
    }

    /// Text that was pasted; control characters are dropped.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim_end_matches('\n').chars() {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            if !c.is_control() {
                self.input.handle(InputRequest::InsertChar(c));
            }
        }
    }

    /// Takes a key; false when it is not one for typing.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        use InputRequest as R;
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let request = match key.code {
            KeyCode::Char('u') if ctrl => R::DeleteFromStart,
            KeyCode::Char('k') if ctrl => R::DeleteTillEnd,
            KeyCode::Char('w') if ctrl => R::DeletePrevWord,
            KeyCode::Char('a') if ctrl => R::GoToStart,
            KeyCode::Char('e') if ctrl => R::GoToEnd,
            KeyCode::Char('b') if alt => R::GoToPrevWord,
            KeyCode::Char('f') if alt => R::GoToNextWord,
            KeyCode::Char(c) if !ctrl && !alt => R::InsertChar(c),
            KeyCode::Backspace => R::DeletePrevChar,
            KeyCode::Delete => R::DeleteNextChar,
            KeyCode::Left => R::GoToPrevChar,
            KeyCode::Right => R::GoToNextChar,
            KeyCode::Home => R::GoToStart,
            KeyCode::End => R::GoToEnd,
            _ => return false,
        };
        self.input.handle(request);
        true
    }
}

/// The part of `text` that fits into `columns` with the cursor in it, and the cursor's column there.
pub fn window(text: &str, cursor: usize, columns: usize) -> (String, usize) {
    if columns == 0 {
        return (String::new(), 0);
    }
    let from = (cursor + 1).saturating_sub(columns);
    (text::head(&text::skip(text, from), columns).to_owned(), cursor - from)
}
