//! HTTP/1.1 through a channel of SSH.
//!
//! One connection a request: the controller opens it, so that the names in the catalogue are its own. Every request has a deadline,
//! every answer a limit, and a connection that was reset is tried again where doing the request twice does no harm.

use super::CloudError;
use super::error::said;
use crate::domain::secret::Secret;
use crate::ssh::{Session, SshError};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio_util::task::AbortOnDropHandle;

/// Most bytes of an answer.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How long a request may take, unless it sends a file. Services of a busy machine take long.
const DEADLINE: Duration = Duration::from_mins(2);
/// How long sending a file may take.
const FILE_DEADLINE: Duration = Duration::from_hours(2);
/// How often a request is made whose connection was reset.
const TRIES: u32 = 4;
/// Pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(400);
/// Bytes read from a file at once.
const PIECE: usize = 128 * 1024;

/// Where a service listens, with the path that all its requests begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name or address, as the controller knows it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Without the slash at its end.
    pub path: String,
}

impl Place {
    /// Of a URL; the reason if it cannot be used.
    pub fn parse(url: &str) -> Result<Self, String> {
        let Some(rest) = url.strip_prefix("http://") else {
            return Err("only http:// is spoken: TLS ends before the controller, or not at all".to_owned());
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("'{port}' is not a port"))?)
            }
            _ => (authority, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let good = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if host.is_empty() || !host.chars().all(good) {
            return Err(format!("'{host}' is not a host"));
        }
        Ok(Self { host: host.to_owned(), port, path: path.trim_end_matches('/').to_owned() })
    }

    /// The same place with a version at the end of its path, unless one is in it already.
    #[must_use]
    pub fn versioned(mut self, version: &str) -> Self {
        let is_version =
            |s: &str| s.strip_prefix('v').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if !self.path.split('/').any(is_version) {
            self.path = format!("{}/{version}", self.path);
        }
        self
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.authority())
    }
}

/// What goes with a request.
pub(super) enum Sent<'a> {
    Nothing,
    Json(&'a Value),
    /// A file of that length; the counter tells how much was sent.
    File(&'a Path, u64, Arc<AtomicU64>),
}

/// A request.
pub(super) struct Ask<'a> {
    /// Name of the service for messages.
    pub service: &'a str,
    pub method: Method,
    pub place: &'a Place,
    /// After the place's path, with the slash.
    pub path: &'a str,
    pub token: Option<&'a Secret>,
    pub headers: &'a [(HeaderName, HeaderValue)],
    pub sent: Sent<'a>,
    /// Doing it twice does no harm.
    pub repeatable: bool,
}

impl<'a> Ask<'a> {
    pub fn get(service: &'a str, place: &'a Place, path: &'a str) -> Self {
        Self {
            service,
            method: Method::GET,
            place,
            path,
            token: None,
            headers: &[],
            sent: Sent::Nothing,
            repeatable: true,
        }
    }

    fn what(&self) -> String {
        format!("{} {}{}", self.method, self.place.path, self.path.split('?').next().unwrap_or_default())
    }
}

/// An answer below status 400.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why an attempt failed.
enum Fault {
    /// It may be tried again.
    Reset(String),
    Final(CloudError),
}

/// Sends requests from a controller.
#[derive(Clone)]
pub struct Http {
    session: Session,
}

impl Http {
    /// From the machine at the other end of `session`. Give it a session of its own.
    pub fn new(session: Session) -> Self {
        Self { session }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends a request; an answer of status 400 or more is an error.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Answer, CloudError> {
        let answer = self.exchange(ask).await?;
        if answer.status.as_u16() < 400 {
            return Ok(answer);
        }
        let id = ["x-openstack-request-id", "x-compute-request-id"]
            .iter()
            .find_map(|h| answer.headers.get(*h).and_then(|v| v.to_str().ok()))
            .unwrap_or_default();
        Err(CloudError::Refused {
            service: ask.service.to_owned(),
            what: ask.what(),
            status: answer.status.as_u16(),
            id: id.chars().filter(char::is_ascii_graphic).take(64).collect(),
            said: said(&answer.body),
        })
    }

    /// Sends a request; every answer is good.
    pub(super) async fn exchange(&self, ask: &Ask<'_>) -> Result<Answer, CloudError> {
        let deadline = if matches!(ask.sent, Sent::File(..)) { FILE_DEADLINE } else { DEADLINE };
        let mut pause = PAUSE;
        let mut last = String::new();
        for turn in 1..=TRIES {
            let once = tokio::time::timeout(deadline, self.once(ask));
            match once.await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Fault::Final(fault))) => return Err(fault),
                Ok(Err(Fault::Reset(why))) => last = why,
                Err(_) => {
                    return Err(CloudError::Timeout {
                        service: ask.service.to_owned(),
                        what: ask.what(),
                        seconds: deadline.as_secs(),
                    });
                }
            }
            if !ask.repeatable || turn == TRIES {
                break;
            }
            tracing::debug!(service = ask.service, why = %last, "a connection was reset: once more");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(CloudError::Broken { service: ask.service.to_owned(), what: ask.what(), why: last })
    }

    async fn once(&self, ask: &Ask<'_>) -> Result<Answer, Fault> {
        let unreachable = |why: String| {
            Fault::Final(CloudError::Unreachable {
                service: ask.service.to_owned(),
                place: ask.place.to_string(),
                from: self.session.host(),
                why,
            })
        };
        // A file that cannot be read is told before anybody is connected to.
        let request = request(ask).await.map_err(Fault::Final)?;
        let stream = match self.session.tunnel(&ask.place.host, ask.place.port).await {
            Ok(stream) => stream,
            Err(SshError::Unreachable { .. }) => return Err(unreachable("connection refused".to_owned())),
            Err(fault @ SshError::ChannelRefused { .. }) => return Err(unreachable(fault.to_string())),
            Err(fault) => return Err(Fault::Final(fault.into())),
        };
        let reset = |e: hyper::Error| Fault::Reset(e.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(reset)?;
        // Ends with this request, and the channel with it: an unread channel would hold up the others.
        let _drives = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(why) = connection.await {
                tracing::trace!(%why, "a connection through the tunnel ended");
            }
        }));
        let (head, body) = sender.send_request(request).await.map_err(reset)?.into_parts();
        let odd = |why: String| {
            Fault::Final(CloudError::Odd { service: ask.service.to_owned(), what: ask.what(), why })
        };
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(whole) => Ok(Answer { status: head.status, headers: head.headers, body: whole.to_bytes() }),
            Err(why) if why.is::<http_body_util::LengthLimitError>() => {
                Err(odd(format!("it is longer than {BODY_LIMIT} bytes")))
            }
            Err(why) => Err(Fault::Reset(why.to_string())),
        }
    }
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

async fn request(ask: &Ask<'_>) -> Result<Request<Body>, CloudError> {
    let (body, length, kind) = match &ask.sent {
        Sent::Nothing => (full(Bytes::new()), 0, None),
        Sent::Json(value) => {
            let bytes = Bytes::from(value.to_string());
            let length = bytes.len() as u64;
            (full(bytes), length, Some("application/json"))
        }
        Sent::File(path, length, counter) => {
            (file(path, *length, Arc::clone(counter)).await?, *length, Some("application/octet-stream"))
        }
    };
    let odd = |why: String| CloudError::Odd { service: ask.service.to_owned(), what: ask.what(), why };
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(format!("{}{}", ask.place.path, ask.path))
        .header(HOST, ask.place.authority())
        .header(CONNECTION, "close")
        .header("accept", "application/json")
        .header("user-agent", concat!("cpmg/", env!("CARGO_PKG_VERSION")));
    if ask.method != Method::GET && ask.method != Method::DELETE {
        request = request.header(CONTENT_LENGTH, length);
    }
    if let Some(kind) = kind {
        request = request.header(CONTENT_TYPE, kind);
    }
    if let Some(token) = ask.token {
        // Revealed to the service that it is for, over the connection of SSH.
        let mut value =
            HeaderValue::from_str(token.reveal()).map_err(|_| odd("the token is no text".to_owned()))?;
        value.set_sensitive(true);
        request = request.header("x-auth-token", value);
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    request.body(body).map_err(|e| odd(e.to_string()))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A file as a stream, exactly `length` bytes of it.
async fn file(path: &Path, length: u64, counter: Arc<AtomicU64>) -> Result<Body, CloudError> {
    counter.store(0, Ordering::Relaxed);
    let open = tokio::fs::File::open(path).await;
    let bad = |why: String| CloudError::File { path: path.display().to_string(), why };
    let open = open.map_err(|e| bad(e.to_string()))?;
    // Asked of the file that is open: since it was looked at, the name may have become that of a file that is not for everybody.
    let about = open.metadata().await.map_err(|e| bad(e.to_string()))?;
    if !about.is_file() || about.permissions().mode() & 0o004 == 0 {
        return Err(bad("it has been replaced, and not everybody may read it now".to_owned()));
    }
    let open = open.take(length);
    let pieces = stream::try_unfold((open, counter), |(mut open, counter)| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = open.read_buf(&mut piece).await?;
        counter.fetch_add(read as u64, Ordering::Relaxed);
        Ok((read > 0).then(|| (Frame::data(Bytes::from(piece)), (open, counter))))
    });
    Ok(StreamBody::new(pieces).boxed_unsync())
}
