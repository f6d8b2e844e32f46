//! cpmg turns racks of Linux machines into OpenStack clouds, from one terminal, over SSH.
//!
//! The rooms and the arrows between them are described in `docs/architecture.md` and enforced by
//! `tests/architecture.rs`.
#![forbid(unsafe_code)]

pub mod api;
pub mod catalog;
pub mod domain;
pub mod install;
pub mod ssh;
pub mod terminal;
pub mod store;
