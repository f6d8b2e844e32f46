//! Events of the operator's terminal as keys and mouse of [`crate::terminal`].
//!
//! What it can tell depends on the operator's terminal: without the kitty protocol the keypad is not told from the other
//! keys, and Ctrl-I is Tab.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton as Button, MouseEvent,
    MouseEventKind,
};
use ratatui::layout::Rect;

use crate::terminal::{
    Key, KeypadKey, Modes, Modifiers, MouseAction, MouseButton, MouseInput, encode_key, encode_mouse,
};

/// The bytes a key sends to the shell; empty for releases and for keys no program knows.
pub fn key_bytes(event: KeyEvent, modes: &Modes) -> Vec<u8> {
    match (event.kind, key(event)) {
        (KeyEventKind::Press | KeyEventKind::Repeat, Some(key)) => {
            encode_key(key, modifiers(event.modifiers), modes)
        }
        _ => Vec::new(),
    }
}

/// The bytes a mouse event inside `area` sends to the shell; empty outside of it and when the program does not listen.
pub fn mouse_bytes(event: MouseEvent, area: Rect, modes: &Modes) -> Vec<u8> {
    if !area.contains((event.column, event.row).into()) {
        return Vec::new();
    }
    let button = |button| match button {
        Button::Left => MouseButton::Left,
        Button::Middle => MouseButton::Middle,
        Button::Right => MouseButton::Right,
    };
    let action = match event.kind {
        MouseEventKind::Down(which) => MouseAction::Press(button(which)),
        MouseEventKind::Up(which) => MouseAction::Release(button(which)),
        MouseEventKind::Drag(which) => MouseAction::Drag(button(which)),
        MouseEventKind::Moved => MouseAction::Move,
        MouseEventKind::ScrollUp => MouseAction::WheelUp,
        MouseEventKind::ScrollDown => MouseAction::WheelDown,
        MouseEventKind::ScrollLeft => MouseAction::WheelLeft,
        MouseEventKind::ScrollRight => MouseAction::WheelRight,
    };
    let input = MouseInput {
        action,
        column: event.column - area.x,
        line: event.row - area.y,
        modifiers: modifiers(event.modifiers),
    };
    encode_mouse(input, modes)
}

fn modifiers(held: KeyModifiers) -> Modifiers {
    Modifiers {
        shift: held.contains(KeyModifiers::SHIFT),
        alt: held.intersects(KeyModifiers::ALT | KeyModifiers::META),
        ctrl: held.contains(KeyModifiers::CONTROL),
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.state.contains(KeyEventState::KEYPAD)
        && let Some(key) = keypad(event.code)
    {
        return Some(Key::Keypad(key));
    }
    Some(match event.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Null => Key::Char('@'),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Escape,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Right => Key::Right,
        KeyCode::Left => Key::Left,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Insert => Key::Insert,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(index) => Key::F(index),
        _ => return None,
    })
}

fn keypad(code: KeyCode) -> Option<KeypadKey> {
    Some(match code {
        KeyCode::Enter => KeypadKey::Enter,
        KeyCode::Char(c) => match c {
            '0'..='9' => KeypadKey::Digit(u8::try_from(c).ok()? - b'0'),
            '.' => KeypadKey::Decimal,
            ',' => KeypadKey::Separator,
            '+' => KeypadKey::Add,
            '-' => KeypadKey::Subtract,
            '*' => KeypadKey::Multiply,
            '/' => KeypadKey::Divide,
            '=' => KeypadKey::Equal,
            _ => return None,
        },
        _ => return None,
    })
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
    use crate::terminal::{MouseEncoding, MouseTracking};

    #[test]
    fn keys_reach_the_shell() {
        for (code, held, bytes) in [
            (KeyCode::Char('a'), KeyModifiers::NONE, "a"),
            (KeyCode::Char('A'), KeyModifiers::SHIFT, "A"),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, "\x03"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "\0"),
            (KeyCode::Char('x'), KeyModifiers::ALT, "\x1bx"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "\x1b[Z"),
            (KeyCode::Left, KeyModifiers::CONTROL, "\x1b[1;5D"),
            (KeyCode::F(3), KeyModifiers::NONE, "\x1bOR"),
            (KeyCode::CapsLock, KeyModifiers::NONE, ""),
        ] {
            let sent = key_bytes(KeyEvent::new(code, held), &Modes::default());
            assert_eq!(sent, bytes.as_bytes(), "{code:?} {held:?}");
        }
    }

    #[test]
    fn releases_send_nothing_and_the_keypad_is_told_where_it_can_be() {
        let mut event = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::NONE);
        let modes = Modes { application_keypad: true, ..Modes::default() };
        assert_eq!(key_bytes(event, &modes), b"5");
        event.state = KeyEventState::KEYPAD;
        assert_eq!(key_bytes(event, &modes), b"\x1bOu");
        event.kind = KeyEventKind::Release;
        assert_eq!(key_bytes(event, &modes), b"");
    }

    #[test]
    fn the_mouse_counts_from_the_pane() {
        let modes =
            Modes { mouse: MouseTracking::Click, mouse_encoding: MouseEncoding::Sgr, ..Modes::default() };
        let area = Rect::new(10, 5, 20, 4);
        let at = |column, row| MouseEvent {
            kind: MouseEventKind::Down(Button::Left),
            column,
            row,
            modifiers: KeyModifiers::NONE,
        };
        assert_eq!(mouse_bytes(at(10, 5), area, &modes), b"\x1b[<0;1;1M");
        assert_eq!(mouse_bytes(at(29, 8), area, &modes), b"\x1b[<0;20;4M");
        assert_eq!(mouse_bytes(at(30, 8), area, &modes), b"");
        assert_eq!(mouse_bytes(at(9, 5), area, &modes), b"");
    }
}
