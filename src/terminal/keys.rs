//! Keys to bytes, as xterm sends them (`ctlseqs`, PC-style function keys).
//!
//! A modifier is a parameter: 1, plus 1 for Shift, 2 for Alt, 4 for Ctrl (`ESC [ 1 ; 5 A` is Ctrl-Up). Characters have no
//! parameter: Ctrl makes them a control character, Alt puts an escape before them.

use serde::{Deserialize, Serialize};

use super::emulator::Modes;

/// A key, named by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// A character, as the keyboard's layout and Shift made it.
    Char(char),
    /// Enter, Return.
    Enter,
    /// Tab.
    Tab,
    /// Shift-Tab on terminals that name it.
    BackTab,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor right.
    Right,
    /// Cursor left.
    Left,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// Function key 1 to 20; others send nothing.
    F(u8),
    /// A key of the numeric keypad, where the operator's terminal tells it from the others.
    Keypad(KeypadKey),
}

/// A key of the numeric keypad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeypadKey {
    /// 0 to 9; others send nothing.
    Digit(u8),
    /// `.`
    Decimal,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `,`
    Separator,
    /// `=`
    Equal,
    /// Enter of the keypad.
    Enter,
}

/// The modifiers held with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Modifiers {
    /// Shift.
    pub shift: bool,
    /// Alt or Meta.
    pub alt: bool,
    /// Control.
    pub ctrl: bool,
}

impl Modifiers {
    /// None held.
    pub const NONE: Self = Self { shift: false, alt: false, ctrl: false };

    /// xterm's parameter, 1 to 8.
    fn parameter(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl)
    }
}

/// The bytes of a key; empty for a key no program knows.
pub fn encode_key(key: Key, modifiers: Modifiers, modes: &Modes) -> Vec<u8> {
    match key {
        Key::Char(c) => character(c, modifiers),
        Key::Enter if modes.newline => alt(modifiers, b"\r\n"),
        Key::Enter => alt(modifiers, b"\r"),
        Key::Tab if modifiers.shift => alt(modifiers, b"\x1b[Z"),
        Key::Tab => alt(modifiers, b"\t"),
        Key::BackTab => alt(modifiers, b"\x1b[Z"),
        Key::Backspace if modifiers.ctrl => alt(modifiers, b"\x08"),
        Key::Backspace => alt(modifiers, b"\x7f"),
        Key::Escape => alt(modifiers, b"\x1b"),
        Key::Up => letter('A', modifiers, modes.application_cursor),
        Key::Down => letter('B', modifiers, modes.application_cursor),
        Key::Right => letter('C', modifiers, modes.application_cursor),
        Key::Left => letter('D', modifiers, modes.application_cursor),
        Key::Home => letter('H', modifiers, modes.application_cursor),
        Key::End => letter('F', modifiers, modes.application_cursor),
        Key::Insert => number(2, modifiers),
        Key::Delete => number(3, modifiers),
        Key::PageUp => number(5, modifiers),
        Key::PageDown => number(6, modifiers),
        Key::F(index) => function(index, modifiers),
        Key::Keypad(key) => keypad(key, modifiers, modes),
    }
}

/// An escape before the bytes when Alt is held.
fn alt(modifiers: Modifiers, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if modifiers.alt {
        out.push(0x1b);
    }
    out.extend_from_slice(bytes);
    out
}

fn character(c: char, modifiers: Modifiers) -> Vec<u8> {
    if modifiers.ctrl
        && let Some(control) = control(c)
    {
        return alt(modifiers, &[control]);
    }
    alt(modifiers, c.encode_utf8(&mut [0; 4]).as_bytes())
}

/// The control character of a key, where there is one.
fn control(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' | 'A'..='Z' => u8::try_from(c).ok()? & 0x1f,
        ' ' | '@' | '2' => 0x00,
        '[' | '3' | '{' => 0x1b,
        '\\' | '4' | '|' => 0x1c,
        ']' | '5' | '}' => 0x1d,
        '^' | '6' | '~' => 0x1e,
        '_' | '7' | '/' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

/// Cursor keys, Home, End: `ESC [ A`, `ESC O A` in application mode, `ESC [ 1 ; 5 A` with modifiers.
fn letter(letter: char, modifiers: Modifiers, application: bool) -> Vec<u8> {
    match (modifiers.parameter(), application) {
        (1, false) => format!("\x1b[{letter}"),
        (1, true) => format!("\x1bO{letter}"),
        (parameter, _) => format!("\x1b[1;{parameter}{letter}"),
    }
    .into_bytes()
}

/// Keys with a number: `ESC [ 3 ~`, `ESC [ 3 ; 5 ~` with modifiers.
fn number(number: u8, modifiers: Modifiers) -> Vec<u8> {
    match modifiers.parameter() {
        1 => format!("\x1b[{number}~"),
        parameter => format!("\x1b[{number};{parameter}~"),
    }
    .into_bytes()
}

fn function(index: u8, modifiers: Modifiers) -> Vec<u8> {
    match index {
        1 => letter('P', modifiers, true),
        2 => letter('Q', modifiers, true),
        3 => letter('R', modifiers, true),
        4 => letter('S', modifiers, true),
        5 => number(15, modifiers),
        // The VT220 left gaps at 16, 22, 27 and 30.
        6..=10 => number(index + 11, modifiers),
        11..=14 => number(index + 12, modifiers),
        15..=16 => number(index + 13, modifiers),
        17..=20 => number(index + 14, modifiers),
        _ => Vec::new(),
    }
}

fn keypad(key: KeypadKey, modifiers: Modifiers, modes: &Modes) -> Vec<u8> {
    let (plain, application) = match key {
        KeypadKey::Digit(digit @ 0..=9) => (char::from(b'0' + digit), char::from(b'p' + digit)),
        KeypadKey::Digit(_) => return Vec::new(),
        KeypadKey::Decimal => ('.', 'n'),
        KeypadKey::Add => ('+', 'k'),
        KeypadKey::Subtract => ('-', 'm'),
        KeypadKey::Multiply => ('*', 'j'),
        KeypadKey::Divide => ('/', 'o'),
        KeypadKey::Separator => (',', 'l'),
        KeypadKey::Equal => ('=', 'X'),
        KeypadKey::Enter if modes.application_keypad => ('\r', 'M'),
        KeypadKey::Enter => return encode_key(Key::Enter, modifiers, modes),
    };
    if modes.application_keypad {
        match modifiers.parameter() {
            1 => format!("\x1bO{application}"),
            parameter => format!("\x1bO{parameter}{application}"),
        }
        .into_bytes()
    } else {
        character(plain, modifiers)
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

    const SHIFT: Modifiers = Modifiers { shift: true, alt: false, ctrl: false };
    const ALT: Modifiers = Modifiers { shift: false, alt: true, ctrl: false };
    const CTRL: Modifiers = Modifiers { shift: false, alt: false, ctrl: true };
    const ALL: Modifiers = Modifiers { shift: true, alt: true, ctrl: true };
    const NONE: Modifiers = Modifiers::NONE;

    fn check(modes: Modes, table: &[(Key, Modifiers, &str)]) {
        for (key, modifiers, bytes) in table {
            let sent = encode_key(*key, *modifiers, &modes);
            assert_eq!(sent, bytes.as_bytes(), "{key:?} {modifiers:?}: {:?}", String::from_utf8_lossy(&sent));
        }
    }

    #[test]
    fn cursor_and_editing_keys() {
        check(
            Modes::default(),
            &[
                (Key::Up, NONE, "\x1b[A"),
                (Key::Down, NONE, "\x1b[B"),
                (Key::Right, NONE, "\x1b[C"),
                (Key::Left, NONE, "\x1b[D"),
                (Key::Home, NONE, "\x1b[H"),
                (Key::End, NONE, "\x1b[F"),
                (Key::Up, SHIFT, "\x1b[1;2A"),
                (Key::Up, ALT, "\x1b[1;3A"),
                (Key::Up, CTRL, "\x1b[1;5A"),
                (Key::Left, ALL, "\x1b[1;8D"),
                (Key::Home, CTRL, "\x1b[1;5H"),
                (Key::End, SHIFT, "\x1b[1;2F"),
                (Key::Insert, NONE, "\x1b[2~"),
                (Key::Delete, NONE, "\x1b[3~"),
                (Key::PageUp, NONE, "\x1b[5~"),
                (Key::PageDown, NONE, "\x1b[6~"),
                (Key::Delete, CTRL, "\x1b[3;5~"),
                (Key::PageUp, SHIFT, "\x1b[5;2~"),
            ],
        );
    }

    #[test]
    fn cursor_keys_in_application_mode() {
        check(
            Modes { application_cursor: true, ..Modes::default() },
            &[
                (Key::Up, NONE, "\x1bOA"),
                (Key::Down, NONE, "\x1bOB"),
                (Key::Right, NONE, "\x1bOC"),
                (Key::Left, NONE, "\x1bOD"),
                (Key::Home, NONE, "\x1bOH"),
                (Key::End, NONE, "\x1bOF"),
                (Key::Up, CTRL, "\x1b[1;5A"),
                (Key::Delete, NONE, "\x1b[3~"),
            ],
        );
    }

    #[test]
    fn function_keys() {
        let plain = [
            "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~",
            "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~", "\x1b[25~", "\x1b[26~", "\x1b[28~", "\x1b[29~",
            "\x1b[31~", "\x1b[32~", "\x1b[33~", "\x1b[34~",
        ];
        for (index, bytes) in (1..).zip(plain) {
            check(Modes::default(), &[(Key::F(index), NONE, bytes)]);
        }
        check(
            Modes::default(),
            &[
                (Key::F(1), SHIFT, "\x1b[1;2P"),
                (Key::F(4), CTRL, "\x1b[1;5S"),
                (Key::F(5), SHIFT, "\x1b[15;2~"),
                (Key::F(12), ALL, "\x1b[24;8~"),
                (Key::F(0), NONE, ""),
                (Key::F(21), NONE, ""),
            ],
        );
    }

    #[test]
    fn characters_and_control_characters() {
        check(
            Modes::default(),
            &[
                (Key::Char('a'), NONE, "a"),
                (Key::Char('A'), SHIFT, "A"),
                (Key::Char('é'), NONE, "é"),
                (Key::Char('中'), ALT, "\x1b中"),
                (Key::Char('x'), ALT, "\x1bx"),
                (Key::Char('a'), CTRL, "\x01"),
                (Key::Char('c'), CTRL, "\x03"),
                (Key::Char('Z'), CTRL, "\x1a"),
                (Key::Char('c'), Modifiers { alt: true, ..CTRL }, "\x1b\x03"),
                (Key::Char(' '), CTRL, "\0"),
                (Key::Char('@'), CTRL, "\0"),
                (Key::Char('2'), CTRL, "\0"),
                (Key::Char('['), CTRL, "\x1b"),
                (Key::Char('\\'), CTRL, "\x1c"),
                (Key::Char('4'), CTRL, "\x1c"),
                (Key::Char(']'), CTRL, "\x1d"),
                (Key::Char('5'), CTRL, "\x1d"),
                (Key::Char('^'), CTRL, "\x1e"),
                (Key::Char('6'), CTRL, "\x1e"),
                (Key::Char('_'), CTRL, "\x1f"),
                (Key::Char('7'), CTRL, "\x1f"),
                (Key::Char('/'), CTRL, "\x1f"),
                (Key::Char('?'), CTRL, "\x7f"),
                (Key::Char('8'), CTRL, "\x7f"),
                (Key::Char('9'), CTRL, "9"),
                (Key::Char('é'), CTRL, "é"),
                (Key::Enter, NONE, "\r"),
                (Key::Enter, ALT, "\x1b\r"),
                (Key::Tab, NONE, "\t"),
                (Key::Tab, SHIFT, "\x1b[Z"),
                (Key::BackTab, SHIFT, "\x1b[Z"),
                (Key::Backspace, NONE, "\x7f"),
                (Key::Backspace, CTRL, "\x08"),
                (Key::Backspace, ALT, "\x1b\x7f"),
                (Key::Escape, NONE, "\x1b"),
                (Key::Escape, ALT, "\x1b\x1b"),
            ],
        );
        check(Modes { newline: true, ..Modes::default() }, &[(Key::Enter, NONE, "\r\n")]);
    }

    #[test]
    fn keypad_numeric_and_application() {
        let table = [
            (KeypadKey::Digit(0), "0", "\x1bOp"),
            (KeypadKey::Digit(5), "5", "\x1bOu"),
            (KeypadKey::Digit(9), "9", "\x1bOy"),
            (KeypadKey::Decimal, ".", "\x1bOn"),
            (KeypadKey::Add, "+", "\x1bOk"),
            (KeypadKey::Subtract, "-", "\x1bOm"),
            (KeypadKey::Multiply, "*", "\x1bOj"),
            (KeypadKey::Divide, "/", "\x1bOo"),
            (KeypadKey::Separator, ",", "\x1bOl"),
            (KeypadKey::Equal, "=", "\x1bOX"),
            (KeypadKey::Enter, "\r", "\x1bOM"),
            (KeypadKey::Digit(10), "", ""),
        ];
        for (key, numeric, application) in table {
            check(Modes::default(), &[(Key::Keypad(key), NONE, numeric)]);
            let modes = Modes { application_keypad: true, ..Modes::default() };
            check(modes, &[(Key::Keypad(key), NONE, application)]);
        }
    }
}
