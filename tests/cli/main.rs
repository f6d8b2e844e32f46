//! The real commands against a real engine in a temporary directory.
//!
//! Each test has data, sessions and roles of its own. Nothing here waits for time to pass, only for what is to happen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod accounts;
mod audit;
mod check;
mod cobbler;
mod commands;
mod door;
mod engines;
mod imports;
mod ip;
mod jobs;
mod keeping;
mod loki;
mod net;
mod nodes;
mod options;
mod people;
mod support;
mod sweeps;
mod team;
mod terminal;
