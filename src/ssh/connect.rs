//! From an address to a logged-in [`Session`].

use super::auth::authenticate;
use super::banner::{Greeting, Replayed, read_greeting};
use super::session::Link;
use super::{Hop, HostKey, HostKeyCheck, Session, SshError, Target};
use russh::client::{self, DisconnectReason};
use russh::keys::PublicKeyOrCertificate;
use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long each part of connecting may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// TCP, or the channel through a jump host.
    pub connect: Duration,
    /// The server's first line.
    pub greeting: Duration,
    /// Key exchange, with the check of the host key.
    pub key_exchange: Duration,
    /// All attempts to log in.
    pub login: Duration,
    /// Opening a channel on an established connection.
    pub channel: Duration,
    /// Silence after which a keepalive is sent; three unanswered ones end the connection.
    pub keepalive: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            greeting: Duration::from_secs(15),
            key_exchange: Duration::from_secs(20),
            login: Duration::from_secs(40),
            channel: Duration::from_secs(20),
            keepalive: Duration::from_secs(5),
        }
    }
}

/// Connects and logs in, with the usual deadlines.
pub async fn connect(target: &Target) -> Result<Session, SshError> {
    connect_with(target, Deadlines::default()).await
}

/// Connects and logs in, through the jump hosts if there are any. Dropping the future closes what was opened.
pub async fn connect_with(target: &Target, deadlines: Deadlines) -> Result<Session, SshError> {
    connect_noting(target, deadlines, |_| std::future::ready(())).await
}

/// As [`connect_with`]; `note` is waited for before each login, with the number of the hop from 0, when its host key is known to fit.
pub async fn connect_noting<N, F>(target: &Target, deadlines: Deadlines, note: N) -> Result<Session, SshError>
where
    N: Fn(usize) -> F,
    F: Future<Output = ()>,
{
    let mut via: Option<Session> = None;
    for (number, hop) in target.jumps.iter().chain(std::iter::once(&target.node)).enumerate() {
        let note = note(number);
        via = Some(match via {
            None => {
                let stream = tcp(hop, deadlines.connect).await?;
                establish(hop, stream, deadlines, None, note).await?
            }
            Some(jump) => {
                let stream = jump.tunnel(&hop.address.to_string(), hop.port).await?;
                establish(hop, stream, deadlines, Some(jump), note).await?
            }
        });
    }
    via.ok_or_else(|| SshError::Unreachable { host: target.node.to_string(), why: "no way to it".into() })
}

async fn tcp(hop: &Hop, deadline: Duration) -> Result<TcpStream, SshError> {
    let host = hop.to_string();
    let stream = within(hop, "connecting", deadline, TcpStream::connect((hop.address.ip(), hop.port)))
        .await?
        .map_err(|e| io_fault(host, &e))?;
    // Without it a step costs 43 ms more.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!("nodelay: {e}");
    }
    Ok(stream)
}

fn io_fault(host: String, e: &io::Error) -> SshError {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => SshError::Refused { host },
        _ => SshError::Unreachable { host, why: e.to_string() },
    }
}

pub(super) async fn within<T>(
    hop: &Hop,
    doing: &'static str,
    after: Duration,
    work: impl Future<Output = T>,
) -> Result<T, SshError> {
    timeout(after, work).await.map_err(|_| SshError::Timeout { host: hop.to_string(), doing, after })
}

async fn establish<S>(
    hop: &Hop,
    mut stream: S,
    deadlines: Deadlines,
    via: Option<Session>,
    note: impl Future<Output = ()>,
) -> Result<Session, SshError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let host = hop.to_string();
    let mut seen = Vec::new();
    let greeting = match timeout(deadlines.greeting, read_greeting(&mut stream, &mut seen)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(e)) => return Err(SshError::Lost { host, why: e.to_string() }),
        Err(_) => return Err(SshError::NotSsh { host, said: String::new() }),
    };
    let Greeting::Ssh(server) = greeting else {
        let Greeting::Other(said) = greeting else {
            return Err(SshError::NotSsh { host, said: String::new() });
        };
        return Err(SshError::NotSsh { host, said });
    };
    let (tell, link) = watch::channel(Link::Up);
    let handler = Handler { host: host.clone(), check: hop.host_key.clone(), tell };
    let config = Arc::new(config(hop, deadlines));
    let exchange = client::connect_stream(config, Replayed::new(seen, stream), handler);
    let mut handle = within(hop, "exchanging keys", deadlines.key_exchange, exchange)
        .await?
        .map_err(|fault| fault.into_error(&host))?;
    note.await;
    within(hop, "logging in", deadlines.login, authenticate(&mut handle, hop, &link)).await??;
    Ok(Session::new(hop.clone(), server, handle, link, deadlines, via))
}

fn config(hop: &Hop, deadlines: Deadlines) -> client::Config {
    let mut preferred = russh::Preferred::DEFAULT;
    if let HostKeyCheck::Pinned(key) = &hop.host_key {
        preferred.key = Cow::Owned(key.preferred());
    }
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-cpmg_", env!("CARGO_PKG_VERSION")))),
        preferred,
        nodelay: true,
        // A silent step may take an hour: only keepalives end a connection.
        inactivity_timeout: None,
        keepalive_interval: Some(deadlines.keepalive),
        keepalive_max: 3,
        ..client::Config::default()
    }
}

/// What russh's callbacks need.
pub(super) struct Handler {
    host: String,
    check: HostKeyCheck,
    tell: watch::Sender<Link>,
}

/// A fault inside russh's own task.
#[derive(Debug)]
pub(super) enum Fault {
    Russh(russh::Error),
    Ours(Box<SshError>),
}

impl From<russh::Error> for Fault {
    fn from(e: russh::Error) -> Self {
        Self::Russh(e)
    }
}

impl Fault {
    fn into_error(self, host: &str) -> SshError {
        match self {
            Self::Ours(e) => *e,
            Self::Russh(e) => {
                let host = host.to_owned();
                match &e {
                    russh::Error::NoCommonAlgo { kind, theirs, .. } => SshError::Negotiation {
                        host,
                        why: format!("no common {kind:?} algorithm; the server has {}", theirs.join(", ")),
                    },
                    russh::Error::IO(_)
                    | russh::Error::HUP
                    | russh::Error::Disconnect
                    | russh::Error::SendError => SshError::Lost { host, why: e.to_string() },
                    _ => SshError::Negotiation { host, why: e.to_string() },
                }
            }
        }
    }
}

impl client::Handler for Handler {
    type Error = Fault;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        let offered = Box::new(HostKey::new(&shown.public_key()));
        let host = self.host.clone();
        Err(Fault::Ours(Box::new(match &self.check {
            HostKeyCheck::Pinned(pinned) if *pinned == *offered => return Ok(true),
            HostKeyCheck::Pinned(pinned) => {
                SshError::HostKeyChanged { host, pinned: Box::new(pinned.clone()), offered }
            }
            HostKeyCheck::AskFirst => SshError::HostKeyUnknown { host, offered },
        })))
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        let (why, result) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                (format!("the server ended it: {}", crate::domain::text::harmless(&info.message)), Ok(()))
            }
            DisconnectReason::Error(Fault::Russh(e)) => (e.to_string(), Err(Fault::Russh(e))),
            DisconnectReason::Error(Fault::Ours(e)) => (e.to_string(), Err(Fault::Ours(e))),
        };
        self.tell.send_if_modified(|link| {
            let first = *link == Link::Up;
            if first {
                *link = Link::Down(why.into());
            }
            first
        });
        result
    }
}
