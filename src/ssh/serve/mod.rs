//! The other side of SSH: a door for operators who have no login on the management host.
//!
//! Only the protocol is here. Who may come in, and what runs for whoever did, says a [`Porter`], the engine. What the protocol offers
//! besides a terminal and a command (forwarding of ports, sockets, agents and X11, subsystems, files) is refused one by one in
//! `guest`, so that a newer russh which offers more by itself does not open it here.
//!
//! Never here: users, passwords that are kept, a command that is looked at.

mod guest;
mod keys;
mod pump;
#[cfg(test)]
mod tests;

pub use keys::{KeyFault, LoginKey, ServerKey};

use crate::domain::secret::Secret;
use guest::Guest;
use russh::{Disconnect, MethodKind, MethodSet, SshId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a connection may take until somebody has logged in.
const LOGIN_DEADLINE: Duration = Duration::from_secs(30);
/// Wrong passwords and codes that a connection may send.
pub(super) const TRIES_MAX: u32 = 3;
/// Refusals of any kind on a connection; an agent offers key after key.
const REFUSALS_MAX: usize = 12;
/// Least time that a refusal takes.
const REFUSAL: Duration = Duration::from_millis(300);
/// Whoever does not answer this often is gone.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long programs may take to put the terminal back when their session has ended.
const FAREWELL: Duration = Duration::from_secs(3);

/// What came of a try to log in.
pub enum Answer {
    /// Let in.
    In,
    /// Right so far; the code of the second factor is missing.
    CodeNeeded,
    /// Refused, with a sentence where there is one that may be told.
    Refused(Option<String>),
}

/// How somebody shows who he is.
#[derive(Clone)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// A key, by its fingerprint; its signature has been verified.
    Key(String),
}

/// A terminal that a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Its kind, as in `TERM`.
    pub kind: String,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// What a client wants to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The command; nothing: the screens.
    pub command: Option<String>,
    /// On a terminal, or with plain streams.
    pub terminal: Option<Terminal>,
    /// Variables: language and colours only.
    pub variables: Vec<(String, String)>,
}

/// What can be done with a running program besides reading and writing.
pub trait Held: Send {
    /// The terminal has another size.
    fn resize(&self, cols: u16, rows: u16);
    /// Whoever sat there is gone.
    fn hang_up(&mut self);
    /// Waits for the end; its exit status.
    fn ended(&mut self) -> Pin<Box<dyn Future<Output = u32> + Send + '_>>;
}

/// A running program.
pub struct Program {
    /// Its standard input or terminal.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// Its standard output or terminal.
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// Its standard error, where that is apart.
    pub errors: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// The rest.
    pub held: Box<dyn Held>,
}

/// Decides who comes in and what runs.
pub trait Porter: Send + Sync + 'static {
    /// A connection, as the porter knows it.
    type Caller: Send + Sync + 'static;

    /// Somebody has connected.
    fn arrived(&self, from: IpAddr) -> Self::Caller;
    /// Whether a user of that name could log in with that key.
    fn knows(&self, name: &str, key: &str) -> bool;
    /// A try to log in.
    fn login(
        &self,
        caller: &Self::Caller,
        name: &str,
        proof: Proof,
        code: Option<Secret>,
    ) -> impl Future<Output = Answer> + Send;
    /// Starts a program for whoever has logged in; else a sentence.
    fn start(&self, caller: &Self::Caller, wanted: Wanted) -> Result<Program, String>;
    /// Waits until whoever has logged in may be here no longer.
    fn over(&self, caller: &Self::Caller) -> impl Future<Output = ()> + Send;
    /// The connection has ended.
    fn left(&self, caller: &Self::Caller);
}

fn methods() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey, MethodKind::KeyboardInteractive, MethodKind::Password].as_slice())
}

fn config(key: ServerKey) -> Arc<russh::server::Config> {
    let mut preferred = russh::Preferred::DEFAULT;
    // Whoever has not logged in yet makes nothing unpack.
    preferred.compression = Cow::Borrowed(&[russh::compression::NONE]);
    Arc::new(russh::server::Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-cpmg")),
        methods: methods(),
        auth_rejection_time: REFUSAL,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key.into_inner()],
        preferred,
        max_auth_attempts: REFUSALS_MAX,
        inactivity_timeout: None,
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: 3,
        nodelay: true,
        ..russh::server::Config::default()
    })
}

/// How many may be here at once.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Connections.
    pub all: usize,
    /// Of one address.
    pub of_address: usize,
    /// On which nobody has logged in yet.
    pub strangers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { all: 64, of_address: 16, strangers: 24 }
    }
}

/// Who is here.
#[derive(Default)]
struct Crowd {
    of: HashMap<IpAddr, usize>,
    all: usize,
    strangers: usize,
}

/// A connection that is counted until it ends.
pub(super) struct Place {
    crowd: Arc<Mutex<Crowd>>,
    from: IpAddr,
    stranger: Mutex<bool>,
}

impl Place {
    fn take(crowd: &Arc<Mutex<Crowd>>, from: IpAddr, limits: Limits) -> Option<Self> {
        let mut here = crowd.lock().unwrap_or_else(PoisonError::into_inner);
        let of = here.of.get(&from).copied().unwrap_or_default();
        if here.all >= limits.all || here.strangers >= limits.strangers || of >= limits.of_address {
            return None;
        }
        here.all += 1;
        here.strangers += 1;
        here.of.insert(from, of + 1);
        Some(Self { crowd: Arc::clone(crowd), from, stranger: Mutex::new(true) })
    }

    /// Somebody has logged in.
    fn known(&self) {
        let mut stranger = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *stranger) {
            let mut here = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
            here.strangers = here.strangers.saturating_sub(1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.known();
        let mut here = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
        here.all = here.all.saturating_sub(1);
        let left = here.of.get(&self.from).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            here.of.remove(&self.from);
        } else {
            here.of.insert(self.from, left);
        }
    }
}

/// Serves until `stop`.
pub async fn listen<P: Porter>(
    listener: TcpListener,
    key: ServerKey,
    porter: Arc<P>,
    limits: Limits,
    stop: CancellationToken,
) {
    let config = config(key);
    let crowd = Arc::new(Mutex::new(Crowd::default()));
    let guests = tokio_util::task::TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors: others may be given back.
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        // An IPv4 address is the same one, whichever kind of socket it came to.
        let from = peer.ip().to_canonical();
        let Some(place) = Place::take(&crowd, from, limits) else {
            tracing::warn!(%from, "too many connections over SSH: another one was closed");
            continue;
        };
        guests.spawn(connection(stream, from, place, Arc::clone(&config), Arc::clone(&porter), stop.clone()));
    }
    drop(listener);
    guests.close();
    let _ = tokio::time::timeout(2 * FAREWELL, guests.wait()).await;
}

/// Tells the porter that a connection has ended, however it did.
struct Leaving<P: Porter> {
    porter: Arc<P>,
    caller: Arc<P::Caller>,
}

impl<P: Porter> Drop for Leaving<P> {
    fn drop(&mut self) {
        self.porter.left(&self.caller);
    }
}

/// One connection. The bytes go through a pipe of ours, so that dropping this future breaks the connection at once.
async fn connection<P: Porter>(
    mut stream: TcpStream,
    from: IpAddr,
    place: Place,
    config: Arc<russh::server::Config>,
    porter: Arc<P>,
    stop: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let caller = Arc::new(porter.arrived(from));
    let _leaving = Leaving { porter: Arc::clone(&porter), caller: Arc::clone(&caller) };
    // In: somebody has logged in. Farewell: programs put the terminal back.
    let (inside, farewell) = (CancellationToken::new(), CancellationToken::new());
    let guest = Guest::new(Arc::clone(&porter), Arc::clone(&caller), inside.clone(), farewell.clone());
    let (mut near, far) = tokio::io::duplex(256 * 1024);
    let session = async {
        let running = match russh::server::run_stream(config, far, guest).await {
            Ok(running) => running,
            Err(why) => {
                tracing::debug!(%from, %why, "a connection over SSH did not come about");
                return;
            }
        };
        let handle = running.handle();
        let over = async {
            inside.cancelled().await;
            place.known();
            tokio::select! {
                () = porter.over(&caller) => "the session has ended",
                () = stop.cancelled() => "the engine stops",
            }
        };
        tokio::select! {
            ended = running => {
                if let Err(why) = ended {
                    tracing::debug!(%from, %why, "a connection over SSH ended");
                }
            }
            why = over => {
                farewell.cancel();
                tokio::time::sleep(FAREWELL.min(Duration::from_secs(1))).await;
                let _ = handle.disconnect(Disconnect::ByApplication, why.to_owned(), String::new()).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        farewell.cancel();
    };
    let late = async {
        tokio::select! {
            () = tokio::time::sleep(LOGIN_DEADLINE) => {}
            () = stop.cancelled() => {}
        }
        if inside.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    // Dropped when one side has ended, however it did: the other hears of it.
    let carried = async move {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut near).await;
    };
    let bytes = async {
        // The bytes to the client go on after the session has ended, hence no select.
        tokio::join!(session, carried);
    };
    tokio::select! {
        () = bytes => {}
        () = late => tracing::debug!(%from, "nobody logged in over SSH in time"),
    }
}
