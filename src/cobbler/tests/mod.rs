//! Tests against recorded exchanges of real servers ([`replay`]) and against a scripted one that does what recordings cannot show ([`fake`]).
//!
//! The traps are those that were met on real servers; the tests against a real cobblerd are in `tests/cobbler`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod fake;
mod phases;
mod replay;
mod server;
mod traps;
