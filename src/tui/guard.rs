//! The terminal is ours from [`Guard::enter`] to its drop, and whole again afterwards, whatever happens in between.
//!
//! A panic restores it before it is reported, so that the report can be read; a panic that is caught while a frame is drawn
//! (see [`quietly`]) is kept for the message line instead.

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once, PoisonError};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

static LAST: Mutex<Option<String>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// Holds the terminal.
pub struct Guard(());

impl Guard {
    /// Takes the terminal: raw mode, a screen of its own, pasted text as one piece.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(hook);
        enable_raw_mode()?;
        let guard = Self(());
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        Ok(guard)
    }

    /// Switches reports of the mouse.
    pub fn mouse(on: bool) -> io::Result<()> {
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Done twice it does no harm.
fn restore() {
    let mut out = io::stdout();
    let _ = queue!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

fn hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if QUIET.get() {
            let what = info.payload_as_str().unwrap_or("?");
            let at = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{what}{at}"));
        } else {
            restore();
            before(info);
        }
    }));
}

/// Runs `what`; a panic in it ends neither the program nor what the terminal shows: it is returned as text.
pub fn quietly<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(what));
    QUIET.set(false);
    result.map_err(|_| LAST.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default())
}
