//! Loki: pushing what was collected, asking with `LogQL`, following live. One client, [`Loki`], for all three.
//!
//! How to read it: `wire` makes requests and turns answers into errors with words; `push` holds the encoder of batches, the
//! table of what an answer to a push means, the back-off, and the [`Pusher`] that takes records from a [`PushSource`];
//! `query` merges, sorts and pages; `labels` completes; `tail` is the websocket.
//!
//! Three things about Loki decide most of the code. A 400 is partial: its good lines are stored, so a batch is never sent again after
//! one. Structured metadata splits one stored stream into many in an answer, so answers are merged and sorted here. Errors are plain
//! text, never JSON.
//!
//! Never here: a copy of the data. What was not pushed yet stays in the log store; the position in it is the spool.

mod error;
mod labels;
mod push;
mod query;
mod streams;
mod tail;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use error::LokiError;
pub use push::{
    Backoff, Batch, Behind, Bounds, Encoder, Entry, Labels, Position, PushRecord, PushSource, Pusher, Round,
    Slice, Span, Verdict, judge,
};
pub use query::Page;
pub use tail::{Tail, TailFrame};
pub use wire::{Loki, Reply};
