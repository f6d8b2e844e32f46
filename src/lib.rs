//! cpmg turns racks of Linux machines into OpenStack clouds, from one terminal, over SSH.
//!
//! The rooms and the arrows between them are described in `docs/architecture.md` and enforced by
//! `tests/architecture.rs`.
#![forbid(unsafe_code)]

pub mod api;
pub mod catalog;
pub mod domain;
pub mod install;
pub mod runner;
pub mod ssh;
pub mod store;
pub mod terminal;

/// What the operator sees.
pub mod tui {
    pub mod keys_to_terminal;
    /// Parts of screens.
    pub mod widgets {
        pub mod terminal_view;
    }
}
pub mod discovery;
pub mod engine;
pub mod shell;
