//! The messages between engine and clients, their codec, and the client's handle.
//!
//! One frame is a length (4 bytes, big endian) and a MessagePack map with named fields, of bounded size, so that an old and a
//! new program can talk: missing fields take defaults, unknown ones are skipped, an unknown variant of an answer becomes
//! `Unknown` instead of ending the connection. The first frame either way is a [`Hello`]; its protocol version is the
//! contract's, not the release's, and the socket's folder is named after it.
//!
//! What a client holds is asked for by [`Topic`]: a snapshot of rows, then changes. The engine compares what a client has
//! with what is, whenever that client's connection can take another frame; a slow client thus gets fewer, larger changes
//! and never delays anybody.

pub mod accounts;
mod bytes;
mod changes;
pub mod check;
pub mod client;
pub mod cobbler;
pub mod codec;
pub mod day2;
pub mod discovery;
pub mod door;
pub mod handover;
pub mod import;
pub mod keep;
pub mod logs;
pub mod loki;
pub mod manual;
pub mod message;
pub mod people;
pub mod proof;
mod request;
pub mod rows;
pub mod shells;
pub mod team;
pub mod transfer;
pub mod views;

pub use client::{Client, ClientError};
pub use message::{Failure, FailureKind, Hello, Request, Response};
pub use rows::{Row, RowKey, Topic, Update};

/// Version of the contract. A change that an older program cannot ignore makes a new one.
pub const PROTOCOL: u32 = 1;

/// Largest frame from a client, bytes: whoever reaches the socket can make the engine hold no more.
pub const FRAME_MAX: usize = 1024 * 1024;

/// Largest frame from the engine, bytes: a job of a thousand nodes has rows of more than a megabyte.
pub const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// How long either side waits for the other's hello, milliseconds.
pub const HELLO_DEADLINE_MS: u64 = 2_000;

/// Largest window of output in one answer, bytes.
pub const WINDOW_MAX: u32 = 256 * 1024;

/// The engine's socket under `state`, the directory for sockets of this engine.
pub fn socket_path(run: &std::path::Path) -> std::path::PathBuf {
    run.join(format!("v{PROTOCOL}")).join("engine.sock")
}
