//! Keeps a panic of the emulation library inside: it costs the screen, not the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static ISOLATED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside the emulation library, where a panic is caught. A panic hook that would restore the
/// operator's terminal or print must do nothing then.
pub fn isolated() -> bool {
    ISOLATED.with(Cell::get)
}

/// Runs `work`; `None` when it panicked.
pub(super) fn isolate<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = ISOLATED.with(|flag| flag.replace(true));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    ISOLATED.with(|flag| flag.set(before));
    outcome.ok()
}
