//! A running command's raw streams.
//!
//! One task reads the channel and puts into a [`Backlog`]; it waits for nobody. Writing happens in the caller's task, through
//! the channel's window, so that a command which reads slowly holds up only its writer.

use super::backlog::{Backlog, Pushed, Weigh, WhenFull};
use super::session::Status;
use super::{Session, SshError};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Round trips that a large input may cost at most, as long as its pieces stay below [`PIECE_MAX`].
const ROUND_TRIPS: usize = 32;
/// Bytes of a large input that are sent without waiting for an answer, at least.
const PIECE_MIN: usize = 4 * 1024;
/// The same, at most: half of the usual window.
const PIECE_MAX: usize = 1024 * 1024;

/// How long the end of output is waited for after the exit status, in case a background child holds it open.
const GRACE: Duration = Duration::from_millis(500);

/// What comes from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Bytes of stdout, in arbitrary pieces.
    Stdout(Bytes),
    /// Bytes of stderr; their order relative to stdout is not known.
    Stderr(Bytes),
    /// The command ended. What it had printed came before, although a server may tell the end first (RFC 4254, 6.10; OpenSSH
    /// does now and then); only what a child of it prints more than half a second later can follow.
    Ended(Status),
    /// The server refused to start it.
    Refused,
    /// More bytes waited unread than allowed; everything before this event is complete, everything after it is lost.
    Overrun,
}

impl Weigh for StreamEvent {
    fn size(&self) -> usize {
        match self {
            Self::Stdout(b) | Self::Stderr(b) => b.len(),
            _ => 0,
        }
    }
}

/// Writes to a command's stdin. Clones share it.
#[derive(Clone)]
pub struct Input {
    session: Session,
    channel: Arc<ChannelWriteHalf<Msg>>,
}

impl Input {
    /// Sends bytes; waits while the other side's window is full.
    ///
    /// russh copies all that is handed to it at once into two buffers, which keep their size as long as the connection
    /// lives: with a thousand nodes the files of a job would lie in memory two thousand times. So much is given in pieces,
    /// the next one when the node has answered that it has the last.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), SshError> {
        let mut bytes: Bytes = bytes.into();
        let piece = (bytes.len() / ROUND_TRIPS).clamp(PIECE_MIN, PIECE_MAX);
        while bytes.len() > piece {
            self.send(bytes.split_to(piece)).await?;
            self.session.answered().await?;
        }
        self.send(bytes).await
    }

    async fn send(&self, bytes: Bytes) -> Result<(), SshError> {
        self.channel.data_bytes(bytes).await.map_err(|e| self.session.fault(&e))
    }

    /// End of input.
    pub async fn end(&self) {
        if let Err(e) = self.channel.eof().await {
            tracing::debug!("end of input: {e}");
        }
    }
}

/// A running command. Dropping it closes the channel; whether the command then ends is its own business.
pub struct ExecStream {
    input: Input,
    pub(super) backlog: Backlog<StreamEvent>,
    overrun_told: bool,
    _close: DropGuard,
}

impl ExecStream {
    pub(super) fn new(
        session: Session,
        channel: Channel<Msg>,
        place: OwnedSemaphorePermit,
        limit: usize,
    ) -> Self {
        let (reader, writer) = channel.split();
        let channel = Arc::new(writer);
        let backlog = Backlog::new(limit, WhenFull::End);
        let close = CancellationToken::new();
        tokio::spawn(pump(reader, Arc::clone(&channel), backlog.clone(), close.clone(), place));
        Self { input: Input { session, channel }, backlog, overrun_told: false, _close: close.drop_guard() }
    }

    /// The command's stdin.
    pub fn input(&self) -> Input {
        self.input.clone()
    }

    /// The next event; `None` when the channel is closed. Cancel-safe.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        match self.backlog.pop().await {
            None if self.backlog.overran() && !self.overrun_told => {
                self.overrun_told = true;
                Some(StreamEvent::Overrun)
            }
            event => event,
        }
    }
}

/// Reads a channel until either side closes it, whatever happens to its consumer.
///
/// Of a channel that this side has closed russh tells nothing more, not even that the other side has closed it as well: who
/// waited for that would keep the whole connection open for ever.
pub(super) async fn pump(
    mut reader: ChannelReadHalf,
    writer: Arc<ChannelWriteHalf<Msg>>,
    backlog: Backlog<StreamEvent>,
    close: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    // Told when all output is there.
    let mut ended = None;
    loop {
        let message = tokio::select! {
            message = reader.wait() => message,
            () = tokio::time::sleep(GRACE), if ended.is_some() => {
                backlog.push(StreamEvent::Ended(ended.take().unwrap_or(Status::Unknown)));
                continue;
            }
            () = close.cancelled() => {
                close_quietly(&writer).await;
                break;
            }
        };
        let event = match message {
            Some(ChannelMsg::Data { data }) => StreamEvent::Stdout(data),
            Some(ChannelMsg::ExtendedData { data, .. }) => StreamEvent::Stderr(data),
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                ended = Some(Status::Exit(exit_status));
                continue;
            }
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                ended = Some(Status::Signal(format!("{signal_name:?}")));
                continue;
            }
            Some(ChannelMsg::Failure) => StreamEvent::Refused,
            Some(ChannelMsg::Close) | None => break,
            Some(_) => continue,
        };
        if backlog.push(event) == Pushed::Overrun {
            close_quietly(&writer).await;
            break;
        }
    }
    if let Some(status) = ended {
        backlog.push(StreamEvent::Ended(status));
    }
    backlog.end();
}

async fn close_quietly(writer: &ChannelWriteHalf<Msg>) {
    if let Err(e) = writer.close().await {
        tracing::debug!("closing a channel: {e}");
    }
}
