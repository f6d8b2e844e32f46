//! A shell in a pseudo-terminal.

use super::backlog::{Backlog, WhenFull};
use super::session::Status;
use super::stream::{StreamEvent, pump};
use super::{Session, SshError};
use russh::ChannelWriteHalf;
use russh::client::Msg;
use std::sync::Arc;
use tokio_util::bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Bytes that may wait unread before the oldest are forgotten.
const BACKLOG: usize = 4 * 1024 * 1024;

/// What comes from a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PtyEvent {
    /// Bytes for the terminal emulator.
    Bytes(Bytes),
    /// So many bytes before the next ones were forgotten, because they were not taken in time: redraw.
    Dropped(u64),
    /// The shell ended.
    Ended(Status),
    /// The server gives no terminal or no shell.
    Refused,
}

/// The writing half of a terminal. It does not keep the terminal open.
#[derive(Clone)]
pub struct PtyWriter {
    session: Session,
    channel: Arc<ChannelWriteHalf<Msg>>,
}

impl PtyWriter {
    /// Keystrokes. Waits while the node takes none.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), SshError> {
        self.channel.data_bytes(bytes).await.map_err(|e| self.session.fault(&e))
    }

    /// The terminal has another size now.
    pub async fn resize(&self, cols: u16, rows: u16) -> Result<(), SshError> {
        let change = self.channel.window_change(u32::from(cols), u32::from(rows), 0, 0);
        change.await.map_err(|e| self.session.fault(&e))
    }
}

/// An open terminal. Dropping it closes it, and the node hangs up its shell.
pub struct PtyChannel {
    writer: PtyWriter,
    backlog: Backlog<StreamEvent>,
    held: Option<StreamEvent>,
    close: CancellationToken,
    _guard: DropGuard,
}

impl PtyChannel {
    pub(super) async fn open(
        session: Session,
        term: &str,
        (cols, rows): (u16, u16),
        env: &[(String, String)],
    ) -> Result<Self, SshError> {
        let (channel, place) = session.channel().await?;
        channel
            .request_pty(true, term, u32::from(cols), u32::from(rows), 0, 0, &[])
            .await
            .map_err(|e| session.fault(&e))?;
        for (name, value) in env {
            // No answer is asked for: a server that takes none of it is as good.
            channel.set_env(false, name.as_str(), value.as_str()).await.map_err(|e| session.fault(&e))?;
        }
        channel.request_shell(true).await.map_err(|e| session.fault(&e))?;
        let (reader, writer) = channel.split();
        let writer = Arc::new(writer);
        let backlog = Backlog::new(BACKLOG, WhenFull::DropOldest);
        let close = CancellationToken::new();
        tokio::spawn(pump(reader, Arc::clone(&writer), backlog.clone(), close.clone(), place));
        let writer = PtyWriter { session, channel: writer };
        Ok(Self { writer, backlog, held: None, close: close.clone(), _guard: close.drop_guard() })
    }

    /// The half that writes, for a task of its own: it waits while the node takes no input.
    pub fn writer(&self) -> PtyWriter {
        self.writer.clone()
    }

    /// Keystrokes.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), SshError> {
        self.writer.write(bytes).await
    }

    /// The terminal has another size now.
    pub async fn resize(&self, cols: u16, rows: u16) -> Result<(), SshError> {
        self.writer.resize(cols, rows).await
    }

    /// The next event; `None` when the terminal is closed. Cancel-safe.
    pub async fn next(&mut self) -> Option<PtyEvent> {
        let event = match self.held.take() {
            Some(event) => event,
            None => self.backlog.pop().await?,
        };
        match self.backlog.take_dropped() {
            0 => {}
            lost => {
                self.held = Some(event);
                return Some(PtyEvent::Dropped(lost));
            }
        }
        Some(match event {
            StreamEvent::Stdout(b) | StreamEvent::Stderr(b) => PtyEvent::Bytes(b),
            StreamEvent::Ended(status) => PtyEvent::Ended(status),
            StreamEvent::Refused | StreamEvent::Overrun => PtyEvent::Refused,
        })
    }

    /// Closes it.
    pub fn close(&self) {
        self.close.cancel();
    }
}
