//! Tests of the interface: the state before, keys, the state after, and the screens as a person sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "tests"
)]

mod accounts;
mod addresses;
mod catalogue;
mod check;
mod cobbler;
mod daily;
mod discovery;
mod environments;
mod face;
mod fixtures;
mod gate;
pub(super) mod harness;
mod hostile;
mod imports;
mod job;
mod job_asks;
mod job_node;
mod kept;
mod logs;
mod logs_loki;
mod logs_panes;
mod loki;
mod network;
mod nodes;
mod options;
mod people;
mod policies;
mod proof;
mod recorder;
mod refusals;
mod repaint;
mod shell;
mod states;
mod team;
mod times;
