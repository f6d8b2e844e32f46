//! SSH to nodes: connect, authenticate, run, upload, stream, terminal.
//!
//! A thin, careful layer over russh. What it adds: deadlines around everything, one sentence per fault that tells how to
//! mend it, pinned host keys, and channels that can never stall their connection. Read [`connect()`] first, then [`Session`].
//!
//! The rule that shapes [`stream`]: a channel nobody reads blocks every other channel of its connection (and keepalives,
//! and the nodes behind a jump host). So each channel has a task that reads always and puts into a bounded [`backlog`];
//! what happens when that is full is the channel's policy, never the connection's problem.
//!
//! Never here: what is run on the nodes (that is `runner`, `discovery`, `logs`), retries, stored credentials.

mod auth;
pub mod backlog;
pub mod banner;
mod connect;
mod error;
mod hostkey;
mod pty;
pub mod serve;
mod session;
mod stream;
mod target;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use crate::domain::text::sh_quote as quote;
pub use auth::check_key;
pub use connect::{Deadlines, connect, connect_noting, connect_with};
pub use error::{SshError, ValueFault};
pub use hostkey::{HostKey, HostKeyCheck};
pub use pty::{PtyChannel, PtyEvent, PtyWriter};
pub use session::{Link, OUTPUT_LIMIT, Output, Session, Status};
pub use stream::{ExecStream, Input, StreamEvent};
pub use target::{Credential, Hop, Target};
