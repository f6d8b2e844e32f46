//! The limits of the door, with a porter who lets in whoever knows the word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use russh::client;
use russh::keys::PublicKeyOrCertificate;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio::time::Instant;

const WORD: &str = "friend";

/// Lets in by the word, starts nothing.
#[derive(Default)]
struct Gatekeeper {
    tries: AtomicU32,
}

impl Porter for Gatekeeper {
    type Caller = ();

    fn arrived(&self, _: IpAddr) {}

    fn knows(&self, _: &str, _: &str) -> bool {
        false
    }

    async fn login(&self, (): &(), _: &str, proof: Proof, _: Option<Secret>) -> Answer {
        self.tries.fetch_add(1, Ordering::Relaxed);
        match proof {
            Proof::Password(word) if word.reveal() == WORD => Answer::In,
            _ => Answer::Refused(None),
        }
    }

    fn start(&self, (): &(), _: Wanted) -> Result<Program, String> {
        Err("nothing runs here".into())
    }

    async fn over(&self, (): &()) {
        std::future::pending::<()>().await;
    }

    fn left(&self, (): &()) {}
}

struct Open {
    at: SocketAddr,
    porter: Arc<Gatekeeper>,
    _close: tokio_util::sync::DropGuard,
}

impl Open {
    async fn new(limits: Limits) -> Self {
        let dir = tempfile::TempDir::new().unwrap();
        let key = ServerKey::open(&dir.path().join("key")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let porter = Arc::new(Gatekeeper::default());
        tokio::spawn(listen(listener, key, Arc::clone(&porter), limits, stop.clone()));
        Self { at, porter, _close: stop.drop_guard() }
    }

    /// Connects from the loopback address that ends so, and is greeted, or the door is shut in its face.
    async fn knock(&self, last: u8) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
        let mut stream = socket.connect(self.at).await.unwrap();
        let mut letter = [0];
        matches!(stream.read(&mut letter).await, Ok(1)).then_some(stream)
    }

    /// Connects until there is a place.
    async fn knock_until_greeted(&self, last: u8) -> TcpStream {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(stream) = self.knock(last).await {
                    return stream;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.expect("no place was given back")
    }

    async fn connect(&self) -> client::Handle<Anybody> {
        client::connect(Arc::default(), self.at, Anybody).await.unwrap()
    }

    async fn log_in(&self) -> client::Handle<Anybody> {
        let mut client = self.connect().await;
        assert!(client.authenticate_password("ada", WORD).await.unwrap().success());
        client
    }
}

/// A client that does not look whom it talks to.
struct Anybody;

impl client::Handler for Anybody {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

#[tokio::test]
async fn strangers_at_once_are_few_and_whoever_logs_in_is_none() {
    let open = Open::new(Limits { strangers: 2, ..Limits::default() }).await;
    let first = open.knock(1).await.expect("the first is greeted");
    let mut second = open.connect().await;
    assert!(open.knock(1).await.is_none(), "a third one");
    assert!(open.knock(2).await.is_none(), "another address does not help");
    assert!(second.authenticate_password("ada", WORD).await.unwrap().success());
    let third = open.knock_until_greeted(1).await;
    assert!(open.knock(1).await.is_none(), "the place of the second is taken");
    drop((first, third));
    let _one = open.knock_until_greeted(1).await;
    let _other = open.knock_until_greeted(2).await;
    assert!(second.channel_open_session().await.is_ok(), "whoever is in is not disturbed");
}

#[tokio::test]
async fn an_address_takes_no_more_than_its_places() {
    let open = Open::new(Limits { of_address: 2, ..Limits::default() }).await;
    // Logged in or not.
    let inside = open.log_in().await;
    let one = open.knock(1).await.expect("two are let in");
    assert!(open.knock(1).await.is_none(), "a third one");
    let _other = open.knock(2).await.expect("another address has its own places");
    drop(one);
    let _again = open.knock_until_greeted(1).await;
    assert!(inside.channel_open_session().await.is_ok());
}

#[tokio::test]
async fn all_together_are_no_more_than_the_door_holds() {
    let open = Open::new(Limits { all: 2, ..Limits::default() }).await;
    let inside = open.log_in().await;
    let one = open.knock(1).await.expect("two are let in");
    assert!(open.knock(2).await.is_none(), "a third one, whoever it is");
    drop(one);
    let _again = open.knock_until_greeted(2).await;
    assert!(inside.channel_open_session().await.is_ok());
}

#[tokio::test]
async fn whoever_does_not_log_in_is_sent_away() {
    let open = Open::new(Limits::default()).await;
    let inside = open.log_in().await;
    let began = Instant::now();
    let mut silent = open.knock(1).await.expect("greeted");
    // From here on the clock jumps where everybody waits.
    tokio::time::pause();
    let mut heard = Vec::new();
    let _ = silent.read_to_end(&mut heard).await;
    let waited = began.elapsed();
    tokio::time::resume();
    assert!((LOGIN_DEADLINE..2 * LOGIN_DEADLINE).contains(&waited), "{waited:?}");
    assert!(inside.channel_open_session().await.is_ok(), "whoever is in stays");
}

#[tokio::test]
async fn a_connection_has_three_tries() {
    let open = Open::new(Limits::default()).await;
    let mut client = open.connect().await;
    for _ in 0..3 {
        assert!(!client.authenticate_password("ada", "foe").await.unwrap().success());
    }
    let fourth = client.authenticate_password("ada", WORD).await;
    assert!(!fourth.is_ok_and(|answer| answer.success()), "the right word comes too late");
    assert_eq!(open.porter.tries.load(Ordering::Relaxed), 3);
}
