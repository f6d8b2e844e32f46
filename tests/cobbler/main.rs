//! A real cobblerd (3.3.10 from its package index, on a lab node), real lab nodes, and a power agent that wipes and boots them.
//!
//! Needs root, the lab (`tests/lab`) and Debian's packages; run by `./install.sh test` where it can be, skipped in words elsewhere.
//! All tests are ignored by default so that the suite of every day stays short.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod client;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "shared with the other tests on real nodes")]
mod lab;
mod lease;
mod reinstall;
mod site;
