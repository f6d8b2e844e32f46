//! The environment's Loki on the page: what is typed in LogQL, what its entries look like, what the page does with them.
//!
//! What a pane asks of it is in `pane::loki`; `ql` completes and makes queries, `rows` makes rows of entries.

mod page;
pub mod ql;
pub mod rows;

pub(super) use page::micros;
