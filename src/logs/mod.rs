//! Logs: what the lines of every service mean, how they are collected and kept, and Loki.
//!
//! Begin with `format`: it turns bytes of a file into records (time, level, request id …) and works without an engine. `findings`
//! knows what errors mean. `loki` pushes
//! records to a Loki, asks it, and follows it.
//!
//! Never here: the screen, permissions (the engine's), a byte of a node sent to a terminal as it came
//! (`domain::text::harmless` goes before).

pub mod collect;
pub mod findings;
pub mod format;
pub mod loki;
pub mod store;
