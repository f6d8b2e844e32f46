//! A logged-in connection.

use super::connect::{Handler, within};
use super::stream::{ExecStream, StreamEvent};
use super::{Deadlines, Hop, PtyChannel, SshError};
use crate::domain::text::{harmless, sh_quote};
use russh::client::{Handle, Msg};
use russh::{Channel, Disconnect};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;

/// Channels at once on one connection (sshd's `MaxSessions` is 10); a further one waits for its turn.
const CHANNELS_MAX: usize = 8;
/// Most bytes that [`Session::run`] keeps of each of stdout and stderr.
pub const OUTPUT_LIMIT: usize = 4 * 1024 * 1024;
/// Longest text of a command: Linux takes 128 KiB an argument.
const COMMAND_MAX: usize = 127 * 1024;
/// Whether a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It does.
    Up,
    /// It does not, and why.
    Down(Arc<str>),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// By itself, with this status.
    Exit(u32),
    /// By a signal, as `KILL`.
    Signal(String),
    /// The server did not tell.
    Unknown,
}

impl Status {
    /// Exit status 0.
    pub fn is_success(&self) -> bool {
        *self == Self::Exit(0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit status {code}"),
            Self::Signal(name) => write!(f, "killed by signal {name}"),
            Self::Unknown => f.write_str("no exit status"),
        }
    }
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: Status,
    /// At most [`OUTPUT_LIMIT`] bytes.
    pub stdout: Vec<u8>,
    /// At most [`OUTPUT_LIMIT`] bytes.
    pub stderr: Vec<u8>,
    /// Bytes beyond the limits, not kept.
    pub cut: u64,
}

struct Inner {
    hop: Hop,
    server: String,
    handle: Handle<Handler>,
    link: watch::Receiver<Link>,
    deadlines: Deadlines,
    channels: Arc<Semaphore>,
    /// The jump host's connection lives as long as this one.
    _via: Option<Session>,
}

/// A logged-in connection. Clones share it; it closes when the last one is dropped.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({}@{})", self.0.hop.user, self.0.hop)
    }
}

impl Session {
    pub(super) fn new(
        hop: Hop,
        server: String,
        handle: Handle<Handler>,
        link: watch::Receiver<Link>,
        deadlines: Deadlines,
        via: Option<Session>,
    ) -> Self {
        let channels = Arc::new(Semaphore::new(CHANNELS_MAX));
        // Credentials were needed once; nothing keeps them in memory.
        let hop = Hop { credentials: Vec::new(), ..hop };
        Self(Arc::new(Inner { hop, server, handle, link, deadlines, channels, _via: via }))
    }

    /// `ADDRESS:PORT`, for messages.
    pub fn host(&self) -> String {
        self.0.hop.to_string()
    }

    /// The server's first line, as `SSH-2.0-OpenSSH_9.2p1`.
    pub fn server(&self) -> &str {
        &self.0.server
    }

    /// Account.
    pub fn user(&self) -> &str {
        &self.0.hop.user
    }

    /// Watches for the loss of the connection. A closed watch means lost, too.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.0.link.clone()
    }

    /// Whether the connection stands, as far as is known.
    pub fn is_up(&self) -> bool {
        !self.0.handle.is_closed()
    }

    /// Waits until the connection is lost; the reason.
    pub async fn lost(&self) -> SshError {
        let mut link = self.link();
        let why = match link.wait_for(|l| *l != Link::Up).await {
            Ok(l) => match &*l {
                Link::Down(why) => why.to_string(),
                Link::Up => String::new(),
            },
            Err(_) => "it was closed".into(),
        };
        SshError::Lost { host: self.host(), why }
    }

    /// Says good-bye. Commands that run on the node go on unless they depend on their channel.
    pub async fn close(&self) {
        let bye = self.0.handle.disconnect(Disconnect::ByApplication, "", "en");
        if timeout(Duration::from_secs(2), bye).await.is_err() {
            tracing::debug!("{} did not take the good-bye", self.host());
        }
    }

    /// Waits until the node has answered to what was sent so far.
    pub(super) async fn answered(&self) -> Result<(), SshError> {
        let asked = self.0.handle.send_ping();
        within(&self.0.hop, "sending", self.0.deadlines.channel, asked).await?.map_err(|e| self.fault(&e))
    }

    /// A russh error, with the reason for the loss where the connection was lost.
    pub(super) fn fault(&self, e: &russh::Error) -> SshError {
        let host = self.host();
        if let russh::Error::ChannelOpenFailure(why) = e {
            return SshError::ChannelRefused { host, why: format!("{why:?}") };
        }
        let why = match &*self.0.link.borrow() {
            Link::Down(why) => why.to_string(),
            Link::Up => e.to_string(),
        };
        SshError::Lost { host, why }
    }

    /// Opens a session channel, waiting for a free place.
    pub(super) async fn channel(
        &self,
    ) -> Result<(Channel<Msg>, tokio::sync::OwnedSemaphorePermit), SshError> {
        let hop = &self.0.hop;
        let deadline = self.0.deadlines.channel;
        let place =
            within(hop, "waiting for a free channel", deadline, Arc::clone(&self.0.channels).acquire_owned())
                .await?
                .map_err(|_| SshError::Lost { host: self.host(), why: "it was closed".into() })?;
        let channel = within(hop, "opening a channel", deadline, self.0.handle.channel_open_session())
            .await?
            .map_err(|e| self.fault(&e))?;
        Ok((channel, place))
    }

    /// A stream to `host:port` as seen from this machine. Who takes it must read it all the time: an unread one stalls
    /// the connection.
    pub async fn tunnel(
        &self,
        host: &str,
        port: u16,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, SshError> {
        let open = self.0.handle.channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0);
        match within(&self.0.hop, "opening a tunnel", self.0.deadlines.connect, open).await? {
            Ok(channel) => Ok(channel.into_stream()),
            Err(russh::Error::ChannelOpenFailure(russh::ChannelOpenFailure::ConnectFailed)) => {
                Err(SshError::Unreachable {
                    host: format!("{host}:{port}"),
                    why: format!("asked from {}", self.host()),
                })
            }
            Err(e) => Err(self.fault(&e)),
        }
    }

    /// Starts `command` and gives its streams. `limit`: bytes that may wait unread before the stream ends with
    /// [`StreamEvent::Overrun`].
    pub async fn exec_stream(&self, command: &str, limit: usize) -> Result<ExecStream, SshError> {
        if command.len() > COMMAND_MAX {
            return Err(SshError::CommandTooLong(command.len()));
        }
        let (channel, place) = self.channel().await?;
        channel.exec(true, command).await.map_err(|e| self.fault(&e))?;
        Ok(ExecStream::new(self.clone(), channel, place, limit))
    }

    /// Runs `command` with `stdin`, keeps what it prints (bounded), waits for its end. It is not killed at the deadline,
    /// only left.
    pub async fn run(
        &self,
        command: &str,
        stdin: impl Into<Bytes>,
        deadline: Duration,
    ) -> Result<Output, SshError> {
        let stdin = stdin.into();
        within(&self.0.hop, "running a command", deadline, self.run_unbounded(command, stdin)).await?
    }

    async fn run_unbounded(&self, command: &str, stdin: Bytes) -> Result<Output, SshError> {
        let mut stream = self.exec_stream(command, 2 * OUTPUT_LIMIT).await?;
        let input = stream.input();
        let feed = tokio::spawn(async move {
            // A command that does not read to the end is no fault of ours.
            if stdin.is_empty() || input.write(stdin).await.is_ok() {
                input.end().await;
            }
        });
        let mut out = Output { status: Status::Unknown, stdout: Vec::new(), stderr: Vec::new(), cut: 0 };
        let mut exited = false;
        loop {
            match stream.next().await {
                Some(StreamEvent::Stdout(bytes)) => keep(&mut out.stdout, &bytes, &mut out.cut),
                Some(StreamEvent::Stderr(bytes)) => keep(&mut out.stderr, &bytes, &mut out.cut),
                Some(StreamEvent::Ended(status)) => {
                    out.status = status;
                    exited = true;
                    break;
                }
                Some(StreamEvent::Refused) => {
                    feed.abort();
                    return Err(SshError::RequestRefused { host: self.host(), what: "to run a command" });
                }
                Some(StreamEvent::Overrun) | None => break,
            }
        }
        feed.abort();
        if !exited && !self.is_up() {
            return Err(self.lost().await);
        }
        Ok(out)
    }

    /// Like [`run`](Self::run), but anything except exit status 0 is an error that names `what` was attempted.
    pub async fn run_ok(
        &self,
        what: &str,
        command: &str,
        stdin: impl Into<Bytes>,
        deadline: Duration,
    ) -> Result<Output, SshError> {
        let out = self.run(command, stdin, deadline).await?;
        if out.status.is_success() {
            return Ok(out);
        }
        let text = if out.stderr.is_empty() { &out.stdout } else { &out.stderr };
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        let said = harmless(lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join("; ").trim());
        Err(SshError::Command { host: self.host(), what: what.into(), status: out.status.to_string(), said })
    }

    /// Unpacks a tar archive into `folder` (made with mode 0700 if missing). Needs `tar` on the node.
    pub async fn upload_tar(
        &self,
        folder: &str,
        archive: impl Into<Bytes>,
        deadline: Duration,
    ) -> Result<(), SshError> {
        let folder = sh_quote(folder);
        let command =
            format!("sh -c {}", sh_quote(&format!("umask 077; mkdir -p {folder} && tar -xf - -C {folder}")));
        self.run_ok("unpacking files", &command, archive, deadline).await.map(drop)
    }

    /// A login shell in a pseudo-terminal. Give it a connection of its own, so that a flood in one shell slows nothing else.
    /// `env` is offered to the server, which takes what its `AcceptEnv` names.
    pub async fn pty(
        &self,
        term: &str,
        cols: u16,
        rows: u16,
        env: &[(String, String)],
    ) -> Result<PtyChannel, SshError> {
        PtyChannel::open(self.clone(), term, (cols, rows), env).await
    }
}

fn keep(into: &mut Vec<u8>, bytes: &[u8], cut: &mut u64) {
    let room = OUTPUT_LIMIT.saturating_sub(into.len()).min(bytes.len());
    let (kept, rest) = bytes.split_at(room);
    into.extend_from_slice(kept);
    *cut += rest.len() as u64;
}
