//! The socket: who may reach it, and one task per connection.
//!
//! Clients have threads of their own. Where a thousand nodes are taken up at once, hundreds of key exchanges are always ready to
//! be gone on with, and a client that had to queue among them would wait for seconds for each of its answers. Jobs and sweeps
//! that a client asks for work on the engine's own threads ([`Engine::spawn`]), shells on those of their client.

use super::auth::Caller;
use super::{Engine, EngineError, connection, origin};
use crate::api::socket_path;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Threads that serve clients.
const THREADS: usize = 2;
/// Threads on which their requests wait for the disk, at most.
const WAITING_THREADS: usize = 8;
/// Connections that one account may have at once: an account must not use up what others need.
const OF_ACCOUNT_MAX: usize = 512;
/// Bytes that may be on their way to one client, half of what the kernel counts. A flood fills it at one go, three chunks of it, and what other
/// shells say comes behind.
const UNDER_WAY: usize = 16 * 1024;
/// How many tasks a thread polls between two looks at the sockets. A flood of output keeps tasks ready all the time, a millisecond each: with
/// tokio's usual 61 what comes from elsewhere would not be seen for many frames.
const BETWEEN_LOOKS: u32 = 4;
/// Longest path of a unix socket that the kernel takes, bytes.
const SOCKET_PATH_MAX: usize = 107;

/// The listening socket; removed when dropped.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The threads of the clients. They are not waited for when this is dropped: that may be on a thread that must not wait.
struct Threads(Option<Runtime>);

impl Threads {
    fn new() -> Result<Self, EngineError> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(THREADS).max_blocking_threads(WAITING_THREADS).thread_name("clients");
        builder.event_interval(BETWEEN_LOOKS);
        let built = builder.enable_all().build();
        built
            .map(|r| Self(Some(r)))
            .map_err(|e| EngineError::Other(format!("no threads for the clients: {e}")))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Server {
    /// Listens below `run`. The caller holds the lock of the data directory, so a socket that is there already is a dead
    /// engine's.
    pub fn bind(run: &Path) -> Result<Self, EngineError> {
        let path = socket_path(run);
        let fault = |source| EngineError::Socket { path: path.clone(), source };
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(EngineError::SocketPathTooLong(path));
        }
        let folder = path.parent().unwrap_or(run);
        std::fs::create_dir_all(folder).map_err(fault)?;
        // Whoever the administrator lets into `run` may also pass here: a service gives its group to both.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o750)).map_err(fault)?;
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(EngineError::SocketInUse(path));
        }
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).map_err(fault)?;
        // The group may be given the socket's folder by the administrator; other accounts are refused.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).map_err(fault)?;
        Ok(Self { listener, path })
    }

    /// Serves until `stop` is cancelled.
    pub async fn serve(self, engine: Arc<Engine>, stop: CancellationToken) -> Result<(), EngineError> {
        let threads = Threads::new()?;
        let numbers = AtomicU64::new(1);
        let guests = Guests::default();
        let connections = TaskTracker::new();
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(why) => {
                        // Out of descriptors, most likely: those who are here go on, the next one waits a moment.
                        tracing::error!(%why, "a client could not be accepted");
                        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                        continue;
                    }
                },
                () = stop.cancelled() => break,
            };
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let visitor = engine.door.visitor(&stream);
            let account = visitor.as_ref().map_or_else(|| account(&stream), |v| v.account.clone());
            let Some(guest) = Guest::enter(&guests, &account) else {
                tracing::warn!(%account, "too many connections of one account: another one was closed");
                continue;
            };
            let caller = match visitor {
                Some(at_door) => Caller::inside(&engine, number, &at_door),
                None => Caller::new(&engine, number, account, origin::of(&stream)),
            };
            // Best effort: with a larger one everything still comes, only later.
            let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, UNDER_WAY);
            // Known to the threads of the clients, it is they who wake when something comes.
            let Ok(stream) = stream.into_std() else { continue };
            let (engine, stop) = (Arc::clone(&engine), stop.clone());
            let serve = async move {
                let _guest = guest;
                match UnixStream::from_std(stream) {
                    Ok(stream) => Box::pin(connection::serve(engine, caller, stream, stop)).await,
                    Err(why) => tracing::error!(%why, "a client could not be served"),
                }
            };
            let Some(threads) = threads.0.as_ref() else { break };
            connections.spawn_on(serve, threads.handle());
        }
        connections.close();
        let _ = tokio::time::timeout(2 * connection::LAST_WORDS, connections.wait()).await;
        Ok(())
    }
}

/// Connections of each account.
type Guests = Arc<Mutex<HashMap<String, usize>>>;

/// One connection, counted until it ends.
struct Guest {
    guests: Guests,
    account: String,
}

impl Guest {
    /// Counts a connection; `None`: the account has as many as it may have.
    fn enter(guests: &Guests, account: &str) -> Option<Self> {
        let mut counts = guests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(account.to_owned()).or_default();
        if *count >= OF_ACCOUNT_MAX {
            return None;
        }
        *count += 1;
        Some(Self { guests: Arc::clone(guests), account: account.to_owned() })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.account);
            }
        }
    }
}

/// Name of the account at the other end, or its number.
fn account(stream: &UnixStream) -> String {
    let Ok(peer) = stream.peer_cred() else { return "unknown".to_owned() };
    let uid = peer.uid().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    name.unwrap_or(uid)
}
