//! What a shell session needs of a pty: a reading and a writing half, so that neither waits for the other.

use std::future::Future;

use tokio_util::bytes::Bytes;

use crate::ssh::{PtyChannel, PtyEvent, PtyWriter, SshError, Status};
use crate::terminal::Size;

/// What comes out of a pty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipeEvent {
    /// Output.
    Output(Bytes),
    /// Output was lost before what follows.
    Lost,
    /// The shell ended; how, in words.
    Ended(String),
    /// The other side gives no terminal or no shell.
    Refused,
}

/// The half that reads. Dropping both halves hangs up.
pub trait PipeReader: Send + 'static {
    /// The next event; none when there is no connection any more. Must be cancel-safe.
    fn next(&mut self) -> impl Future<Output = Option<PipeEvent>> + Send;

    /// Hangs up: `next` ends soon.
    fn hang_up(&self);
}

/// The half that writes.
pub trait PipeWriter: Send + 'static {
    /// Sends input; waits while the other side does not take it. The fault is a sentence for the operator.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<(), String>> + Send;

    /// Tells the other side the size.
    fn resize(&mut self, size: Size) -> impl Future<Output = Result<(), String>> + Send;
}

impl PipeReader for PtyChannel {
    async fn next(&mut self) -> Option<PipeEvent> {
        Some(match PtyChannel::next(self).await? {
            PtyEvent::Bytes(bytes) => PipeEvent::Output(bytes),
            PtyEvent::Dropped(_) => PipeEvent::Lost,
            PtyEvent::Ended(Status::Unknown) => return None,
            PtyEvent::Ended(status) => PipeEvent::Ended(status.to_string()),
            PtyEvent::Refused => PipeEvent::Refused,
        })
    }

    fn hang_up(&self) {
        self.close();
    }
}

impl PipeWriter for PtyWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<(), String> {
        PtyWriter::write(self, bytes).await.map_err(words)
    }

    async fn resize(&mut self, size: Size) -> Result<(), String> {
        PtyWriter::resize(self, size.columns(), size.lines()).await.map_err(words)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn words(fault: SshError) -> String {
    fault.to_string()
}
