//! A client's handle to the engine.
//!
//! One task reads, one writes; answers find their caller by number, everything else goes to the one taker of
//! [`Pushes`]. The handle is cheap to clone. When the connection is lost every call ends with [`ClientError::Lost`] and the
//! receiver ends: the caller connects anew.

use super::codec::{decode, encode, framing};
use super::message::{ClientFrame, EngineFrame, ShellBytes};
use super::rows::Update;
use super::{ANSWER_MAX, Failure, HELLO_DEADLINE_MS, Hello, PROTOCOL, Request, Response};
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::bytes::Bytes;
use tokio_util::codec::Framed;

/// Frames of shells that may wait here to be taken. What is shown of a flood is late by as much as waits in front of it: the
/// engine keeps the rest, and sends a redrawn screen to whoever fell too far behind.
const SHELLS_WAITING: usize = 2;
/// How long an answer waits behind frames of shells that nobody takes.
const UNTAKEN: Duration = Duration::from_millis(100);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("no engine answers at {path}: {source}")]
    NoEngine {
        /// The socket.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Somebody listens and says nothing, or nonsense.
    #[error("what listens at {path} is no engine of cpmg, or it hangs: {why}")]
    NoHello {
        /// The socket.
        path: String,
        /// What came instead of a hello.
        why: String,
    },
    /// The engine speaks another version of the contract.
    #[error(
        "the engine (release {release}, process {pid}) speaks version {theirs} of the protocol, this program {PROTOCOL}: \
         use the program of the engine's release, or stop that engine with its own 'cpmg engine stop' and start again"
    )]
    OtherVersion {
        /// Its version.
        theirs: u32,
        /// Its release.
        release: String,
        /// Its process.
        pid: u32,
    },
    /// The connection has ended.
    #[error("the connection to the engine was lost")]
    Lost,
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The request is too large.
    #[error(transparent)]
    Codec(#[from] super::codec::CodecFault),
    /// The engine gave another kind of answer than the request asks for: a defect.
    #[error("the engine gave an answer of another kind than was asked for")]
    Unexpected,
}

/// What the engine sends unasked.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// Rows of a topic.
    Update(Update),
    /// Bytes of a shell.
    Shell(ShellBytes),
    /// The session has ended.
    SessionEnded,
}

/// What the engine sends unasked, in its order. Whoever is attached to shells goes on taking while he waits for an answer: frames
/// that nobody takes hold it up by 100 ms, then they gather here.
#[derive(Debug)]
pub struct Pushes {
    from: mpsc::UnboundedReceiver<(Pushed, Option<OwnedSemaphorePermit>)>,
    room: Arc<Semaphore>,
}

impl Pushes {
    /// The next; none when the connection has ended. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Pushed> {
        self.from.recv().await.map(|(pushed, _place)| pushed)
    }

    /// The next, if it is there.
    pub fn try_recv(&mut self) -> Option<Pushed> {
        self.from.try_recv().ok().map(|(pushed, _place)| pushed)
    }
}

impl Drop for Pushes {
    /// Answers still come for a handle whose pushes nobody takes.
    fn drop(&mut self) {
        self.room.close();
    }
}

type Callers = HashMap<u64, oneshot::Sender<Result<Response, Failure>>>;

/// Who waits for which answer; nothing once the connection has ended, so that nobody begins to wait after that.
#[derive(Clone)]
struct Pending(Arc<Mutex<Option<Callers>>>);

impl Pending {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(HashMap::new()))))
    }

    fn callers(&self) -> MutexGuard<'_, Option<Callers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, id: u64) -> Option<oneshot::Sender<Result<Response, Failure>>> {
        self.callers().as_mut()?.remove(&id)
    }

    /// Answers of the call `id`; nothing where none can come any more.
    fn wait(&self, id: u64) -> Option<oneshot::Receiver<Result<Response, Failure>>> {
        let (tell, answer) = oneshot::channel();
        self.callers().as_mut()?.insert(id, tell);
        Some(answer)
    }

    /// Whether anybody waits.
    fn some(&self) -> bool {
        self.callers().as_ref().is_some_and(|callers| !callers.is_empty())
    }

    /// Ends every call with [`ClientError::Lost`], also those to come.
    fn end(&self) {
        *self.callers() = None;
    }
}

/// A connection to the engine.
#[derive(Clone)]
pub struct Client {
    out: mpsc::UnboundedSender<Bytes>,
    pending: Pending,
    next: Arc<AtomicU64>,
    hello: Arc<Hello>,
}

impl Client {
    /// Connects, exchanges hellos.
    pub async fn connect(path: &Path) -> Result<(Self, Pushes), ClientError> {
        let shown = path.display().to_string();
        let stream = UnixStream::connect(path)
            .await
            .map_err(|source| ClientError::NoEngine { path: shown.clone(), source })?;
        let mut framed = Framed::new(stream, framing(ANSWER_MAX));
        let mine = Hello {
            protocol: PROTOCOL,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            first_start: false,
            simulated: false,
            notices: Vec::new(),
        };
        let nonsense = |why: String| ClientError::NoHello { path: shown.clone(), why };
        // An engine that is killed at this moment still takes connections, and hangs up: then none answers.
        let gone = |source: std::io::Error| match source.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                ClientError::NoEngine { path: shown.clone(), source }
            }
            _ => nonsense(format!("it says something else ({source})")),
        };
        let exchange = async {
            framed.send(encode(&mine).map_err(|why| nonsense(why.to_string()))?).await.map_err(gone)?;
            let frame =
                framed.next().await.unwrap_or_else(|| Err(ErrorKind::UnexpectedEof.into())).map_err(gone)?;
            decode::<Hello>(&frame).map_err(|why| nonsense(format!("it says something else ({why})")))
        };
        let hello = tokio::time::timeout(Duration::from_millis(HELLO_DEADLINE_MS), exchange).await.map_err(
            |_| nonsense(format!("it did not say hello within {} seconds", HELLO_DEADLINE_MS / 1000)),
        )??;
        if hello.protocol != PROTOCOL {
            return Err(ClientError::OtherVersion {
                theirs: hello.protocol,
                release: hello.release,
                pid: hello.pid,
            });
        }
        let (mut sink, mut source) = framed.split();
        let pending = Pending::new();
        let (out, mut outgoing) = mpsc::unbounded_channel::<Bytes>();
        let (push, from) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(SHELLS_WAITING));
        let pushed = Pushes { from, room: Arc::clone(&room) };
        tokio::spawn(async move {
            while let Some(bytes) = outgoing.recv().await {
                if sink.send(bytes).await.is_err() {
                    break;
                }
            }
            // The last handle is gone: the engine hangs up then, which ends the reading task too.
            let _ = sink.close().await;
        });
        let waiting = pending.clone();
        tokio::spawn(async move {
            let mut taken = true;
            while let Some(Ok(frame)) = source.next().await {
                match decode::<EngineFrame>(&frame) {
                    Ok(EngineFrame::Reply { id, result }) => {
                        if let Some(caller) = waiting.take(id) {
                            let _ = caller.send(result);
                        }
                    }
                    Ok(EngineFrame::Update(update)) => drop(push.send((Pushed::Update(update), None))),
                    Ok(EngineFrame::Shell(bytes)) => {
                        let place = place(&room, &waiting, &mut taken).await;
                        drop(push.send((Pushed::Shell(bytes), place)));
                    }
                    Ok(EngineFrame::SessionEnded) => drop(push.send((Pushed::SessionEnded, None))),
                    Ok(EngineFrame::Unknown) | Err(_) => {}
                }
            }
            waiting.end();
        });
        Ok((Self { out, pending, next: Arc::new(AtomicU64::new(1)), hello: Arc::new(hello) }, pushed))
    }

    /// What the engine said first.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Asks and waits for the answer. `Failure` is in [`ClientError::Refused`].
    pub async fn call(&self, request: Request) -> Result<Response, ClientError> {
        self.call_keyed(None, request).await
    }

    /// As [`Self::call`], with a key under which the engine does the request once only.
    pub async fn call_keyed(&self, key: Option<String>, request: Request) -> Result<Response, ClientError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // Here and not where it is sent: a too large request is refused to its caller.
        let frame = encode(&ClientFrame { id, key, request })?;
        let answer = self.pending.wait(id).ok_or(ClientError::Lost)?;
        if self.out.send(frame).is_err() || self.out.is_closed() {
            self.pending.take(id);
            return Err(ClientError::Lost);
        }
        Ok(answer.await.map_err(|_| ClientError::Lost)??)
    }
}

/// A place for a frame of a shell, as soon as there is one. None where nobody takes frames while somebody waits for an answer:
/// he who would take them may be the one who waits. `taken`: they were taken until now.
async fn place(room: &Arc<Semaphore>, callers: &Pending, taken: &mut bool) -> Option<OwnedSemaphorePermit> {
    loop {
        let limit = if *taken { UNTAKEN } else { Duration::ZERO };
        let came = tokio::time::timeout(limit, Arc::clone(room).acquire_owned()).await;
        *taken = came.is_ok() || !callers.some();
        match came {
            Ok(place) => return place.ok(),
            Err(_) if !*taken => return None,
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::domain::ids::ShellId;

    /// An engine that floods one shell, then answers once.
    async fn flood(listener: tokio::net::UnixListener, frames: u64) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut wire = Framed::new(stream, framing(ANSWER_MAX));
        let hello = Hello {
            protocol: PROTOCOL,
            release: String::new(),
            pid: 1,
            first_start: false,
            simulated: false,
            notices: Vec::new(),
        };
        wire.send(encode(&hello).unwrap()).await.unwrap();
        for offset in 0..frames {
            let bytes = ShellBytes {
                shell: ShellId(1),
                offset,
                redraw: false,
                more: false,
                cols: 80,
                rows: 24,
                bytes: vec![b'y'; 64 * 1024],
                ended: None,
            };
            wire.send(encode(&EngineFrame::Shell(bytes)).unwrap()).await.unwrap();
        }
        wire.send(encode(&EngineFrame::Reply { id: 1, result: Ok(Response::Done) }).unwrap()).await.unwrap();
        while wire.next().await.is_some() {}
    }

    #[tokio::test]
    async fn a_flood_waits_in_the_engine_and_not_here() {
        const FRAMES: u64 = 64;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        tokio::spawn(flood(tokio::net::UnixListener::bind(&path).unwrap(), FRAMES));
        let (client, mut pushes) = Client::connect(&path).await.unwrap();
        let answer =
            tokio::spawn(async move { client.call(Request::Rows(super::super::Topic::Shells)).await });
        for wanted in 0..FRAMES {
            let Some(Pushed::Shell(bytes)) = pushes.recv().await else { panic!("no bytes") };
            assert_eq!(bytes.offset, wanted);
            assert!(pushes.from.len() <= SHELLS_WAITING);
            tokio::task::yield_now().await;
        }
        answer.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_waits_for_an_answer_need_not_take_what_is_pushed_before_it() {
        const FRAMES: u64 = 64;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        tokio::spawn(flood(tokio::net::UnixListener::bind(&path).unwrap(), FRAMES));
        let (client, mut pushes) = Client::connect(&path).await.unwrap();
        client.call(Request::Rows(super::super::Topic::Shells)).await.unwrap();
        for wanted in 0..FRAMES {
            let Some(Pushed::Shell(bytes)) = pushes.recv().await else { panic!("no bytes") };
            assert_eq!(bytes.offset, wanted);
        }
    }

    #[tokio::test]
    async fn answers_come_where_nobody_takes_what_is_pushed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        tokio::spawn(flood(tokio::net::UnixListener::bind(&path).unwrap(), 10));
        let (client, pushes) = Client::connect(&path).await.unwrap();
        drop(pushes);
        client.call(Request::Rows(super::super::Topic::Shells)).await.unwrap();
    }
}
