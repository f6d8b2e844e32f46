//! The mouse and the focus to bytes, as xterm reports them (`ctlseqs`, Mouse Tracking).

use serde::{Deserialize, Serialize};

use super::emulator::{Modes, MouseEncoding, MouseTracking};
use super::keys::{Key, Modifiers, encode_key};

/// Cursor keys that one step of the wheel sends on the alternate screen.
const WHEEL_LINES: usize = 3;

/// A button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MouseButton {
    /// Left.
    Left,
    /// Middle.
    Middle,
    /// Right.
    Right,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MouseAction {
    /// A button went down.
    Press(MouseButton),
    /// A button went up.
    Release(MouseButton),
    /// The mouse moved with a button down.
    Drag(MouseButton),
    /// The mouse moved.
    Move,
    /// The wheel turned away from the operator.
    WheelUp,
    /// The wheel turned towards the operator.
    WheelDown,
    /// The wheel was pushed to the left.
    WheelLeft,
    /// The wheel was pushed to the right.
    WheelRight,
}

/// What the mouse did, where, with which keys held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MouseInput {
    /// The deed.
    pub action: MouseAction,
    /// Column from 0.
    pub column: u16,
    /// Line from 0.
    pub line: u16,
    /// Keys held.
    pub modifiers: Modifiers,
}

/// The bytes of a mouse event; empty when the program does not want to hear of it.
pub fn encode_mouse(input: MouseInput, modes: &Modes) -> Vec<u8> {
    let wanted = match (modes.mouse, input.action) {
        (MouseTracking::Off, action) => return wheel_as_keys(action, modes),
        (MouseTracking::Click, MouseAction::Drag(_) | MouseAction::Move)
        | (MouseTracking::Drag, MouseAction::Move) => false,
        _ => true,
    };
    if !wanted {
        return Vec::new();
    }
    let button = |button| match button {
        MouseButton::Left => 0_u8,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    };
    let released = matches!(input.action, MouseAction::Release(_));
    let code = match input.action {
        MouseAction::Press(which) => button(which),
        MouseAction::Release(which) if modes.mouse_encoding == MouseEncoding::Sgr => button(which),
        MouseAction::Release(_) => 3,
        MouseAction::Drag(which) => 32 + button(which),
        MouseAction::Move => 32 + 3,
        MouseAction::WheelUp => 64,
        MouseAction::WheelDown => 65,
        MouseAction::WheelLeft => 66,
        MouseAction::WheelRight => 67,
    };
    let held = input.modifiers;
    let code = code + 4 * u8::from(held.shift) + 8 * u8::from(held.alt) + 16 * u8::from(held.ctrl);
    let (column, line) = (u32::from(input.column) + 1, u32::from(input.line) + 1);
    match modes.mouse_encoding {
        MouseEncoding::Sgr => {
            let end = if released { 'm' } else { 'M' };
            format!("\x1b[<{code};{column};{line}{end}").into_bytes()
        }
        MouseEncoding::X10 => match (u8::try_from(column + 32), u8::try_from(line + 32)) {
            (Ok(column), Ok(line)) => vec![0x1b, b'[', b'M', code + 32, column, line],
            _ => Vec::new(),
        },
        MouseEncoding::Utf8 => {
            // Two bytes a coordinate at most: 2015 is the last one.
            let coordinate = |value: u32| char::from_u32(value + 32).filter(|c| c.len_utf8() <= 2);
            match (coordinate(column), coordinate(line)) {
                (Some(column), Some(line)) => {
                    format!("\x1b[M{}{column}{line}", char::from(code + 32)).into_bytes()
                }
                _ => Vec::new(),
            }
        }
    }
}

/// On the alternate screen the wheel moves the cursor when the program does not ask for the mouse, so that pagers scroll.
fn wheel_as_keys(action: MouseAction, modes: &Modes) -> Vec<u8> {
    if !(modes.alternate_screen && modes.alternate_scroll) {
        return Vec::new();
    }
    let key = match action {
        MouseAction::WheelUp => Key::Up,
        MouseAction::WheelDown => Key::Down,
        _ => return Vec::new(),
    };
    encode_key(key, Modifiers::NONE, modes).repeat(WHEEL_LINES)
}

/// The bytes of gaining or losing the focus; empty when the program does not want to hear of it.
pub fn encode_focus(gained: bool, modes: &Modes) -> Vec<u8> {
    match (modes.focus_events, gained) {
        (false, _) => Vec::new(),
        (true, true) => b"\x1b[I".to_vec(),
        (true, false) => b"\x1b[O".to_vec(),
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

    fn modes(mouse: MouseTracking, mouse_encoding: MouseEncoding) -> Modes {
        Modes { mouse, mouse_encoding, ..Modes::default() }
    }

    fn at(action: MouseAction, column: u16, line: u16) -> MouseInput {
        MouseInput { action, column, line, modifiers: Modifiers::NONE }
    }

    const LEFT: MouseAction = MouseAction::Press(MouseButton::Left);

    #[test]
    fn sgr_reports() {
        let modes = modes(MouseTracking::Motion, MouseEncoding::Sgr);
        for (action, bytes) in [
            (LEFT, "\x1b[<0;5;3M"),
            (MouseAction::Release(MouseButton::Left), "\x1b[<0;5;3m"),
            (MouseAction::Press(MouseButton::Middle), "\x1b[<1;5;3M"),
            (MouseAction::Release(MouseButton::Right), "\x1b[<2;5;3m"),
            (MouseAction::Drag(MouseButton::Left), "\x1b[<32;5;3M"),
            (MouseAction::Move, "\x1b[<35;5;3M"),
            (MouseAction::WheelUp, "\x1b[<64;5;3M"),
            (MouseAction::WheelDown, "\x1b[<65;5;3M"),
            (MouseAction::WheelLeft, "\x1b[<66;5;3M"),
            (MouseAction::WheelRight, "\x1b[<67;5;3M"),
        ] {
            assert_eq!(encode_mouse(at(action, 4, 2), &modes), bytes.as_bytes(), "{action:?}");
        }
        let held = Modifiers { shift: true, alt: true, ctrl: true };
        let input = MouseInput { modifiers: held, ..at(LEFT, 299, 99) };
        assert_eq!(encode_mouse(input, &modes), b"\x1b[<28;300;100M");
    }

    #[test]
    fn old_reports_and_their_limits() {
        let x10 = modes(MouseTracking::Click, MouseEncoding::X10);
        assert_eq!(encode_mouse(at(LEFT, 0, 0), &x10), b"\x1b[M !!");
        assert_eq!(encode_mouse(at(MouseAction::Release(MouseButton::Left), 0, 0), &x10), b"\x1b[M#!!");
        assert_eq!(encode_mouse(at(LEFT, 222, 0), &x10), b"\x1b[M \xff!");
        assert_eq!(encode_mouse(at(LEFT, 223, 0), &x10), b"");
        let utf8 = modes(MouseTracking::Click, MouseEncoding::Utf8);
        assert_eq!(encode_mouse(at(LEFT, 223, 0), &utf8), "\x1b[M \u{100}!".as_bytes());
        assert_eq!(encode_mouse(at(LEFT, 2014, 0), &utf8), "\x1b[M \u{7ff}!".as_bytes());
        assert_eq!(encode_mouse(at(LEFT, 2015, 0), &utf8), b"");
    }

    #[test]
    fn only_what_is_asked_for() {
        let drag = MouseAction::Drag(MouseButton::Left);
        for (tracking, press, drags, moves) in [
            (MouseTracking::Off, false, false, false),
            (MouseTracking::Click, true, false, false),
            (MouseTracking::Drag, true, true, false),
            (MouseTracking::Motion, true, true, true),
        ] {
            let modes = modes(tracking, MouseEncoding::Sgr);
            let sent = |action| !encode_mouse(at(action, 0, 0), &modes).is_empty();
            assert_eq!(
                (sent(LEFT), sent(drag), sent(MouseAction::Move)),
                (press, drags, moves),
                "{tracking:?}"
            );
        }
    }

    #[test]
    fn the_wheel_scrolls_a_pager() {
        let wheel = at(MouseAction::WheelUp, 0, 0);
        let mut modes = Modes { alternate_screen: true, ..Modes::default() };
        assert_eq!(encode_mouse(wheel, &modes), b"\x1b[A\x1b[A\x1b[A");
        modes.application_cursor = true;
        assert_eq!(encode_mouse(wheel, &modes), b"\x1bOA\x1bOA\x1bOA");
        modes.alternate_scroll = false;
        assert_eq!(encode_mouse(wheel, &modes), b"");
        assert_eq!(encode_mouse(wheel, &Modes::default()), b"");
    }

    #[test]
    fn the_focus() {
        let modes = Modes { focus_events: true, ..Modes::default() };
        assert_eq!(encode_focus(true, &modes), b"\x1b[I");
        assert_eq!(encode_focus(false, &modes), b"\x1b[O");
        assert_eq!(encode_focus(true, &Modes::default()), b"");
    }
}
