//! A field for passwords: shows dots, wipes its memory, remembers nothing.
//!
//! Its room is reserved at once, so that growing never leaves a copy of the text behind.

use crate::domain::secret::Secret;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroize;

/// Longest text, bytes. A private key is read from a file, not typed.
const ROOM: usize = 1024;

/// A password that is being typed.
pub struct SecretField {
    text: String,
    cursor: usize,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { text: String::with_capacity(ROOM), cursor: 0 }
    }
}

impl Drop for SecretField {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl SecretField {
    /// What was typed, as a secret.
    pub fn secret(&self) -> Secret {
        Secret::new(self.text.clone())
    }

    /// What was typed, to be compared or measured on the spot.
    pub fn peek(&self) -> &str {
        &self.text
    }

    /// Wipes it.
    pub fn clear(&mut self) {
        self.text.zeroize();
        self.cursor = 0;
    }

    /// Dots, one a character, and the column of the cursor among them.
    pub fn shown(&self) -> (String, usize) {
        let before = self.text.get(..self.cursor).map_or(0, |s| s.chars().count());
        ("•".repeat(self.text.chars().count()), before)
    }

    /// Text that was pasted; line ends are dropped.
    pub fn paste(&mut self, text: &str) {
        text.chars().filter(|c| !c.is_control()).for_each(|c| self.insert(c));
    }

    fn insert(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= ROOM {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    fn before(&self) -> usize {
        let head = self.text.get(..self.cursor).unwrap_or("");
        head.char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let rest = self.text.get(self.cursor..).unwrap_or("");
        self.cursor + rest.chars().next().map_or(0, char::len_utf8)
    }

    /// Takes a key; false when it is not one for typing.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if ctrl => self.clear(),
            KeyCode::Char('a') if ctrl => self.cursor = 0,
            KeyCode::Char('e') if ctrl => self.cursor = self.text.len(),
            KeyCode::Char(c) if !ctrl && !key.modifiers.contains(KeyModifiers::ALT) => self.insert(c),
            KeyCode::Backspace => {
                let from = self.before();
                if from < self.cursor {
                    self.text.remove(from);
                    self.cursor = from;
                }
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }
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
    fn typing_before_and_after() {
        let mut field = SecretField::default();
        let mut press = |code| assert!(field.key(&KeyEvent::new(code, KeyModifiers::NONE)));
        "pä中s".chars().for_each(|c| press(KeyCode::Char(c)));
        press(KeyCode::Left);
        press(KeyCode::Backspace);
        press(KeyCode::Home);
        press(KeyCode::Delete);
        press(KeyCode::Char('x'));
        assert_eq!(field.peek(), "xäs");
        assert_eq!(field.shown(), ("•••".into(), 1));
        field.paste("ab\nc\u{1b}");
        assert_eq!(field.secret(), Secret::new("xabcäs"));
        field.paste(&"y".repeat(5_000));
        assert!(field.peek().len() <= ROOM && field.text.capacity() == ROOM, "no copy was left behind");
        field.clear();
        assert_eq!(field.peek(), "");
    }
}
