//! Terminal emulation for the shells of nodes: bytes in, a screen of cells out, keys and mouse to bytes.
//!
//! What a node prints is hostile. It reaches the operator's terminal only as cells of this room, which never hold a
//! control character, a bidirectional override or half a wide character.
//!
//! How to read it: [`Emulator`] (`emulator.rs`) is the contract, [`Cell`] (`cell.rs`) what a screen is made of. [`Alacritty`]
//! (`alacritty.rs`) is the only implementation; around the library stand three guards: `boundary.rs` bounds what the
//! parser may hoard, `handler.rs` filters what the library would accept, `isolate.rs` turns a panic of it into an empty
//! screen. `quirks.rs` mends what a change of size leaves behind, `redraw.rs` writes a screen as bytes again. `keys.rs`,
//! `mouse.rs` and `paste.rs` encode what the operator does, as xterm does it.
//!
//! A program on a node is told [`TERM`] as its terminal type.
//!
//! Two emulators may follow one shell, the engine's and a client's. Only the engine's answers the program's questions
//! ([`Answers::Collect`]); every other one is made with [`Answers::Discard`], or the program would read each answer
//! twice.
//!
//! What must never be in here: anything of ours from another room, crossterm, ratatui, IO.

mod alacritty;
mod boundary;
mod cell;
mod convert;
mod emulator;
mod handler;
mod isolate;
mod keys;
mod mouse;
mod paste;
mod quirks;
#[cfg(test)]
mod recorded_tests;
mod redraw;
#[cfg(test)]
mod tests;

pub use alacritty::{Alacritty, Answers};
pub use cell::{Attributes, Cell, CellRef, Color, Row, Width};
pub use emulator::{
    Cursor, CursorShape, Direction, Emulator, HISTORY_LINES, Modes, MouseEncoding, MouseTracking, Position,
    Screen, Scroll, Size,
};
pub use isolate::isolated;
pub use keys::{Key, KeypadKey, Modifiers, encode_key};
pub use mouse::{MouseAction, MouseButton, MouseInput, encode_focus, encode_mouse};
pub use paste::encode_paste;

/// The terminal type a shell on a node is started with.
pub const TERM: &str = "xterm-256color";
