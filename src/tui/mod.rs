//! The full-screen face of cpmg.
//!
//! `Event → update(&mut App) → Vec<Command>`, `view(&App)`; nothing in either does IO. Read `event.rs` for the words, `app.rs`
//! for the state, `screen.rs` for what a screen is, `update.rs` for what changes; `run.rs` holds the one loop that owns the
//! terminal, the signals and the connection. Screens lie in `screens/`, what they are made of in `widgets/`. Keys are a table
//! (`bindings.rs`), which a keymap file may differ from (`keys.rs`), texts a catalogue (`i18n.rs`), looks a file (`theme.rs`).
//!
//! Never here: a permission (the engine decides; screens only leave out what it would refuse), a record of the engine kept
//! longer than the screen needs it, text of a node that has not gone through `domain::text::harmless`.

mod app;
mod bindings;
pub mod choices;
mod data;
mod event;
mod files;
mod fresh;
mod global;
mod guard;
mod i18n;
mod input;
mod keymap;
mod keys;
mod keys_to_terminal;
mod look;
mod memory;
mod moving;
mod options;
mod paint;
mod picture;
mod prefs;
mod presence;
mod record;
pub mod replay;
mod run;
mod screen;
mod screens;
mod session;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod update;
pub mod widgets;
mod words;

pub use i18n::Language;
pub use options::{ConnectFault, Connecting, Exit, OnChoice, OnToken, Options, TuiError};
pub use prefs::{Prefs, Remembered};
pub use run::run;
pub use theme::Colours;
pub use words::Words;

/// What is wrong with files of themes and of keymaps (name and text of each); empty: nothing.
pub fn faults_of_files(themes: &[(String, String)], keymaps: &[(String, String)]) -> Vec<String> {
    let looks = theme::collect(themes).1.into_iter().map(|fault| fault.to_string());
    looks.chain(keys::collect(keymaps).1.into_iter().map(|fault| fault.to_string())).collect()
}
