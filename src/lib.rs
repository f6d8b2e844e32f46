//! cpmg turns racks of Linux machines into OpenStack clouds, from one terminal, over SSH.
//!
//! The rooms and the arrows between them are described in `docs/architecture.md` and enforced by
//! `tests/architecture.rs`.
#![forbid(unsafe_code)]

pub mod api;
pub mod catalog;
pub mod cli;
pub mod cloud;
pub mod cobbler;
pub mod discovery;
pub mod domain;
pub mod engine;
pub mod install;
pub mod logs;
pub mod runner;
pub mod shell;
pub mod sim;
pub mod ssh;
pub mod store;
pub mod terminal;
pub mod tui;
