//! Pushing: records to entries, entries to batches, batches to Loki, and what its answers mean.
//!
//! `source` is where records come from; `encode` makes batches within bounds; `verdict` is the table of answers; `backoff` says how long
//! to wait; `streams` how far each stream is; `pusher` puts them together, one batch a round.

mod backoff;
mod encode;
mod pusher;
mod source;
mod streams;
mod verdict;

pub use backoff::Backoff;
pub use encode::{Batch, Bounds, Encoder, Entry, Labels};
pub use pusher::{Position, Pusher, Round};
pub use source::{Behind, PushRecord, PushSource, Slice, Span};
pub use verdict::{Verdict, judge};
