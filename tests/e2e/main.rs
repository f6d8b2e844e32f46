//! From an empty machine to a token, on real nodes, through the program's own commands.
//!
//! Needs root and the lab (`tests/lab`); run by `./install.sh test` where it can be, skipped in words elsewhere. All tests
//! are ignored by default so that the suite of every day stays short.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod as_before;
mod cloud;
mod gate;
mod install;
mod lockout;
mod logs;
mod own_module;
mod rotate;
mod screens;
mod steps;
mod support;
mod survive;
mod trace;
mod undo;
mod watch;
