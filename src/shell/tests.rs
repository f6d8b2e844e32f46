//! Sessions over a pipe in memory, where order can be chosen, and over a real OpenSSH server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::bytes::Bytes;

use super::*;
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::ssh::testing::Sshd;
use crate::ssh::{Credential, Hop, HostKeyCheck, connect};
use crate::terminal::{Alacritty, Answers, Emulator, Size};

/// A fault if it takes longer; nothing waits for it to pass.
const SOON: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq)]
enum Sent {
    Bytes(Vec<u8>),
    Resize(Size),
}

/// The node's end of a pipe in memory.
struct Node {
    output: mpsc::UnboundedSender<PipeEvent>,
    input: mpsc::UnboundedReceiver<Sent>,
    /// Whether the node takes input.
    takes: watch::Sender<bool>,
}

struct Reader(mpsc::UnboundedReceiver<PipeEvent>);

struct Writer(mpsc::UnboundedSender<Sent>, watch::Receiver<bool>);

impl PipeReader for Reader {
    async fn next(&mut self) -> Option<PipeEvent> {
        self.0.recv().await
    }

    fn hang_up(&self) {}
}

impl PipeWriter for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<(), String> {
        self.1.wait_for(|takes| *takes).await.map_err(|_| "the node is gone".to_owned())?;
        self.0.send(Sent::Bytes(bytes.to_vec())).map_err(|_| "the node is gone".to_owned())
    }

    async fn resize(&mut self, size: Size) -> Result<(), String> {
        self.0.send(Sent::Resize(size)).map_err(|_| "the node is gone".to_owned())
    }
}

fn session(log: usize) -> (ShellSession, Node) {
    let ((output, reader), (sent, input)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let (takes, taking) = watch::channel(true);
    let session = ShellSession::with_log(
        Reader(reader),
        Writer(sent, taking),
        Size::new(40, 10),
        log,
        &Floor::default(),
    );
    (session, Node { output, input, takes })
}

impl Node {
    fn print(&self, text: impl AsRef<[u8]>) {
        self.output.send(PipeEvent::Output(Bytes::copy_from_slice(text.as_ref()))).unwrap();
    }

    async fn input(&mut self) -> Sent {
        tokio::time::timeout(SOON, self.input.recv()).await.expect("input in time").expect("open")
    }
}

/// A client that follows a session.
struct Client {
    emulator: Alacritty,
    next: u64,
    redraws: usize,
}

impl Client {
    fn attach(session: &ShellSession) -> Self {
        let mut client =
            Self { emulator: Alacritty::new(Size::default(), Answers::Discard), next: 0, redraws: 0 };
        client.take(&session.attach());
        client
    }

    fn take(&mut self, chunk: &Chunk) {
        if chunk.redraw {
            self.emulator = Alacritty::new(chunk.size, Answers::Discard);
            self.redraws += 1;
        }
        assert_eq!(self.emulator.size(), chunk.size);
        self.emulator.feed(&chunk.bytes);
        self.next = chunk.next;
    }

    fn text(&self) -> String {
        self.emulator.screen().lines().join("\n")
    }

    /// Follows until what it shows fulfils `wanted`.
    async fn until(&mut self, session: &ShellSession, wanted: impl Fn(&str) -> bool) {
        let mut changed = session.changed();
        let follow = async {
            loop {
                while self.next < changed.borrow_and_update().end {
                    self.take(&session.read_from(self.next));
                }
                if wanted(&self.text()) {
                    return;
                }
                changed.changed().await.expect("the session lives");
            }
        };
        let came = tokio::time::timeout(SOON, follow).await.is_ok();
        assert!(came, "never came to it, shows:\n{}", self.text());
    }
}

async fn end_of(session: &ShellSession) -> Closed {
    let mut changed = session.changed();
    let progress = changed.wait_for(|progress| progress.closed.is_some());
    tokio::time::timeout(SOON, progress).await.expect("an end in time").unwrap().closed.clone().unwrap()
}

#[tokio::test]
async fn output_reaches_a_client_and_input_the_node() {
    let (session, mut node) = session(1000);
    let mut client = Client::attach(&session);
    node.print("hello");
    client.until(&session, |text| text.starts_with("hello")).await;
    assert_eq!(client.redraws, 1);
    session.write(b"ls\r").unwrap();
    assert_eq!(node.input().await, Sent::Bytes(b"ls\r".to_vec()));
    session.resize(Size::new(50, 12));
    session.resize(Size::new(50, 12));
    session.write(b"x").unwrap();
    assert_eq!(node.input().await, Sent::Resize(Size::new(50, 12)));
    assert_eq!(node.input().await, Sent::Bytes(b"x".to_vec()));
    node.print(" world");
    client.until(&session, |text| text.starts_with("hello world")).await;
    assert_eq!((client.emulator.size(), client.redraws), (Size::new(50, 12), 2));
}

#[tokio::test]
async fn a_client_that_fell_behind_is_redrawn() {
    let (session, node) = session(1000);
    let mut client = Client::attach(&session);
    node.print("first");
    client.until(&session, |text| text.starts_with("first")).await;
    for line in 0..500 {
        node.print(format!("\r\n\x1b[3{}mline {line}\x1b[m", line % 8));
    }
    let mut changed = session.changed();
    let total: usize = (0..500).map(|line: usize| 15 + line.to_string().len()).sum::<usize>() + 5;
    tokio::time::timeout(SOON, changed.wait_for(|progress| progress.end == total as u64))
        .await
        .unwrap()
        .unwrap();
    client.until(&session, |text| text.ends_with("line 499")).await;
    assert_eq!(client.redraws, 2);
    assert_eq!(client.emulator.screen(), session.screen());
}

#[tokio::test]
async fn questions_are_answered_by_the_session_alone() {
    let (session, mut node) = session(1000);
    let mut client = Client::attach(&session);
    node.print("ab\x1b[6n");
    assert_eq!(node.input().await, Sent::Bytes(b"\x1b[1;3R".to_vec()));
    client.until(&session, |text| text.starts_with("ab")).await;
    assert_eq!(client.emulator.take_answers(), b"");
}

#[tokio::test]
async fn lost_output_makes_the_program_paint_anew() {
    let (session, mut node) = session(1000);
    let mut client = Client::attach(&session);
    node.print("before");
    client.until(&session, |text| text.starts_with("before")).await;
    node.output.send(PipeEvent::Lost).unwrap();
    assert_eq!(node.input().await, Sent::Resize(Size::new(40, 9)));
    assert_eq!(node.input().await, Sent::Resize(Size::new(40, 10)));
    node.print("\x1b[H\x1b[2Jafter");
    client.until(&session, |text| text.starts_with("after")).await;
    assert_eq!(client.redraws, 2);
}

#[tokio::test]
async fn an_update_without_an_end_does_not_freeze_a_redraw() {
    let (session, node) = session(1000);
    node.print("\x1b[?2026hinside");
    let mut changed = session.changed();
    tokio::time::timeout(SOON, changed.wait_for(|progress| progress.end > 0)).await.unwrap().unwrap();
    assert!(Client::attach(&session).text().starts_with("inside"));
}

#[tokio::test]
async fn input_that_nobody_takes_is_bounded() {
    let (session, mut node) = session(1000);
    node.takes.send_replace(false);
    let piece = vec![b'x'; 64 * 1024];
    let taken = (0..100).take_while(|_| session.write(&piece).is_ok()).count();
    assert_eq!(taken, 16);
    assert_eq!(session.write(b"y"), Err(ShellError::Busy));
    // Output still comes, and when the node takes input again, so does the session.
    node.print("still here");
    Client::attach(&session).until(&session, |text| text.starts_with("still here")).await;
    node.takes.send_replace(true);
    let mut arrived = 0;
    while arrived < 16 * piece.len() {
        let Sent::Bytes(bytes) = node.input().await else { panic!("not bytes") };
        arrived += bytes.len();
    }
    assert_eq!(arrived, 16 * piece.len());
}

#[tokio::test]
async fn every_end_is_told() {
    let (session_a, node) = session(1000);
    node.print("bye");
    node.output.send(PipeEvent::Ended("exit status 3".into())).unwrap();
    assert_eq!(end_of(&session_a).await, Closed::Ended("exit status 3".into()));
    assert!(Client::attach(&session_a).text().starts_with("bye"), "the screen stays");
    assert_eq!(session_a.write(b"x").unwrap_err().to_string(), "the shell ended (exit status 3)");

    let (session_b, node) = session(1000);
    drop(node);
    assert!(matches!(end_of(&session_b).await, Closed::Lost(_)));

    let (session_c, node) = session(1000);
    node.output.send(PipeEvent::Refused).unwrap();
    assert_eq!(end_of(&session_c).await, Closed::Refused);

    let (session_d, node) = session(1000);
    session_d.close();
    assert_eq!(end_of(&session_d).await, Closed::Here);
    tokio::time::timeout(SOON, node.output.closed()).await.expect("the pipe is let go");

    let (session_e, node) = session(1000);
    drop(session_e);
    tokio::time::timeout(SOON, node.output.closed()).await.expect("the pipe is let go");
}

/// An SSH server, a connection to it, and a shell over that.
async fn real(size: Size) -> (Sshd, ShellSession) {
    let sshd = Sshd::start();
    let hop = Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    };
    let connection = connect(&hop.into()).await.unwrap();
    let session = ShellSession::over_ssh(&connection, size, &[], &Floor::default()).await.unwrap();
    // The connection lives as long as the shell.
    drop(connection);
    session.write(b"exec env PS1='ready$ ' /bin/sh\r").unwrap();
    (sshd, session)
}

#[tokio::test]
async fn a_real_shell_survives_its_clients() {
    let (_sshd, session) = real(Size::new(100, 30)).await;
    let mut first = Client::attach(&session);
    first.until(&session, |text| text.contains("\nready$")).await;
    session.write(b"stty size; echo $TERM; printf '\\033[1;31mred\\033[m\\n'\r").unwrap();
    first.until(&session, |text| text.contains("\n30 100\nxterm-256color\nred\nready$")).await;
    session.write(b"sleep 60 & echo child $! in $PPID\r").unwrap();
    drop(first);
    session.resize(Size::new(60, 20));
    session.write(b"clear; stty size; kill %1; echo done\r").unwrap();
    let mut second = Client::attach(&session);
    second
        .until(&session, |text| {
            text.contains("20 60\n") && text.contains("\ndone\n") && text.contains("ready$")
        })
        .await;
    assert_eq!(second.emulator.screen(), session.screen());
    session.write(b"exit 3\r").unwrap();
    assert_eq!(end_of(&session).await, Closed::Ended("exit status 3".into()));
}

#[tokio::test]
async fn a_real_flood_leaves_the_screen_right_and_memory_bounded() {
    let (_sshd, session) = real(Size::new(80, 24)).await;
    let mut client = Client::attach(&session);
    client.until(&session, |text| text.contains("ready$")).await;
    session.write(b"seq 1 200000; echo end of\\ flood\r").unwrap();
    client.until(&session, |text| text.contains("\nend of flood\nready$")).await;
    let lines = client.emulator.screen().lines();
    assert!(lines.contains(&"200000".to_owned()) && lines.contains(&"199990".to_owned()), "{lines:?}");
    assert_eq!(client.emulator.screen(), session.screen());
    session.close();
    assert_eq!(end_of(&session).await, Closed::Here);
}

#[tokio::test]
async fn a_shell_that_is_closed_is_gone_on_the_node() {
    let (_sshd, session) = real(Size::new(80, 24)).await;
    let mut client = Client::attach(&session);
    client.until(&session, |text| text.contains("ready$")).await;
    session.write(b"echo pid=$$.\r").unwrap();
    let number = |text: &str| text.split("pid=").find_map(|rest| rest.split_once('.')?.0.parse().ok());
    client.until(&session, |text| number(text).is_some()).await;
    let pid: u32 = number(&client.text()).unwrap();
    let process = format!("/proc/{pid}");
    assert!(std::path::Path::new(&process).exists());
    drop(session);
    let gone = async {
        while std::path::Path::new(&process).exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("the node ends the shell");
}

#[tokio::test]
async fn a_server_that_dies_ends_the_shell_with_a_sentence() {
    let (sshd, session) = real(Size::new(80, 24)).await;
    let mut client = Client::attach(&session);
    client.until(&session, |text| text.contains("ready$")).await;
    session.write(b"kill -9 $PPID\r").unwrap();
    let closed = end_of(&session).await;
    assert!(matches!(closed, Closed::Lost(_)), "{closed:?}");
    assert!(closed.to_string().contains("lost"), "{closed}");
    drop(sshd);
}
