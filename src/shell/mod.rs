//! Shells on nodes. They live in the engine: a client that leaves, dies or falls behind finds its shell again as it was.
//!
//! How it works. A [`ShellSession`] has a pty (over an SSH connection of its own, [`ShellSession::over_ssh`]), an emulator
//! beside it and a log of the last bytes (`log.rs`), numbered from the shell's start. A client follows: it asks
//! [`ShellSession::read_from`] for what comes after the number it has, and feeds that to an emulator of its own. If its
//! number is no longer in the log, it gets a redrawn screen instead. `core.rs` keeps the two together and knows no IO;
//! `session.rs` moves the bytes; `pipe.rs` is what a pty must be able to do; `recorder.rs` writes what was printed into a file;
//! `floor.rs` keeps one from taking the time of the others.
//!
//! Rules that make both sides show the same:
//! - A client's emulator has the size of the [`Chunk`]s, not of its own pane. Several clients share one pty and so one size;
//!   the last one to ask has it, and every change of it redraws all of them.
//! - Only the engine's emulator answers the programs' questions. A client's is made with `Answers::Discard`.
//!
//! Nothing here grows without a bound: the log has 1 MiB, the emulator 600,000 cells of history, input not yet taken by the
//! node 1 MiB, answers 4 KiB. Nothing here waits for a client.
//!
//! What must never be in here: who may open a shell (that is the engine), what the operator typed as text anywhere else
//! than on its way to the node.

mod core;
mod floor;
mod log;
mod pipe;
mod recorder;
mod session;
#[cfg(test)]
mod tests;

pub use core::Chunk;
pub use floor::Floor;
pub use pipe::{PipeEvent, PipeReader, PipeWriter};
pub use recorder::Recorder;
pub use session::{Closed, Progress, ShellError, ShellSession};
