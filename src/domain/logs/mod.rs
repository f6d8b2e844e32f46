//! What a log entry is made of, whoever wrote it, and which entries somebody wants to see.
//!
//! `level` is the one scale of severities onto which every format's words are laid, so that "warning or worse" means the same
//! for a compute service, a message queue and a switch. `filter` is what screens and commands ask with, `filter_text` its
//! text form.
//!
//! Never here: reading bytes of files (`logs::format`), a file, a clock.

mod filter;
mod filter_text;
mod level;

pub use filter::{FilterFault, LogFilter, TextMatch, When};
pub use filter_text::check_pattern;
pub use level::Level;
