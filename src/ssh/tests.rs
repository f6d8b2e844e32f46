//! Against a real OpenSSH server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::testing::{Options, Sshd, is_root, keygen, own_address, public};
use super::*;
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn hop(sshd: &Sshd) -> Hop {
    Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    }
}

async fn open(sshd: &Sshd) -> Session {
    connect(&hop(sshd).into()).await.unwrap()
}

async fn refusal(hop: Hop) -> SshError {
    let quick = Deadlines {
        connect: Duration::from_secs(3),
        greeting: Duration::from_millis(800),
        ..Deadlines::default()
    };
    connect_with(&hop.into(), quick).await.unwrap_err()
}

#[tokio::test]
async fn runs_commands_and_keeps_streams_apart() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    assert!(s.server().starts_with("SSH-2.0-OpenSSH"), "{}", s.server());
    let out = s.run("cat; echo err >&2; exit 7", "in\n", SOON).await.unwrap();
    assert_eq!(
        (out.status, &out.stdout[..], &out.stderr[..]),
        (Status::Exit(7), &b"in\n"[..], &b"err\n"[..])
    );
    let out = s.run("kill -KILL $$", "", SOON).await.unwrap();
    assert_eq!(out.status, Status::Signal("KILL".into()));
    let e = s.run_ok("asking", "echo no such thing >&2; false", "", SOON).await.unwrap_err().to_string();
    assert!(e.contains("asking") && e.contains("no such thing") && e.contains("exit status 1"), "{e}");
    s.close().await;
    assert!(matches!(s.lost().await, SshError::Lost { .. }));
    assert!(s.run("true", "", SOON).await.is_err());
}

#[tokio::test]
async fn a_background_child_does_not_hold_a_command() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    let out = s.run("sleep 60 & echo $!", "", SOON).await.unwrap();
    assert_eq!(out.status, Status::Exit(0));
    let pid = String::from_utf8(out.stdout).unwrap();
    s.run(&format!("kill {pid}"), "", SOON).await.unwrap();
}

#[tokio::test]
async fn big_streams_both_ways_beside_an_unread_one() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    // Nobody reads this one: it must not stall the others.
    let mut flood = s.exec_stream("yes", 64 * 1024).await.unwrap();
    let data: Vec<u8> = (0..3_000_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let out = s.run("cat", data.clone(), SOON).await.unwrap();
    assert!(out.stdout == data, "{} bytes came back", out.stdout.len());
    // Whoever reads while it still comes gets more than fits at once.
    while !flood.backlog.overran() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut bytes = 0;
    loop {
        match flood.next().await {
            // The account's own start-up files may say something, too.
            Some(StreamEvent::Stdout(b) | StreamEvent::Stderr(b)) => bytes += b.len(),
            Some(StreamEvent::Overrun) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(bytes > 0 && bytes <= 64 * 1024, "{bytes}");
    let out = s.run("head -c 9000000 /dev/zero", "", SOON).await.unwrap();
    assert_eq!((out.stdout.len(), out.cut), (OUTPUT_LIMIT, 9_000_000 - OUTPUT_LIMIT as u64));
}

#[tokio::test]
async fn more_commands_at_once_than_channels() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    let all = futures_util::future::join_all((0..30).map(|i| {
        let s = s.clone();
        async move { s.run(&format!("echo {i}"), "", SOON).await.unwrap().stdout }
    }))
    .await;
    for (i, out) in all.iter().enumerate() {
        assert_eq!(*out, format!("{i}\n").into_bytes());
    }
}

#[tokio::test]
async fn uploads_a_tar_stream() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o600);
    tar.append_data(&mut header, "deep/er/file", &b"abc"[..]).unwrap();
    let folder = sshd.folder().join("it's here");
    s.upload_tar(folder.to_str().unwrap(), tar.into_inner().unwrap(), SOON).await.unwrap();
    assert_eq!(std::fs::read(folder.join("deep/er/file")).unwrap(), b"abc");
    let e = s.upload_tar("/proc/nowhere", "", SOON).await.unwrap_err().to_string();
    assert!(e.contains("unpacking files"), "{e}");
}

#[tokio::test]
async fn a_new_host_key_is_asked_about_and_a_changed_one_stops() {
    let sshd = Sshd::with(Options { host_keys: vec!["ed25519", "ecdsa"], ..Options::default() });
    let base = hop(&sshd);
    let SshError::HostKeyUnknown { offered, .. } =
        refusal(Hop { host_key: HostKeyCheck::AskFirst, ..base.clone() }).await
    else {
        panic!("accepted")
    };
    assert!(sshd.host_key("ed25519").starts_with(&offered.to_string()), "{offered}");
    assert!(offered.fingerprint().starts_with("SHA256:"));
    // Pinning what was shown works, and so does pinning its other type: that one is preferred then.
    for key in [offered.to_string(), sshd.host_key("ecdsa")] {
        let pinned = Hop { host_key: HostKeyCheck::Pinned(key.parse().unwrap()), ..base.clone() };
        connect(&pinned.into()).await.unwrap();
    }
    // Another key of the same type, and a type the server does not have.
    for kind in ["ed25519", "rsa"] {
        let other = public(&keygen(sshd.folder(), &format!("other_{kind}"), kind, ""));
        let pinned = Hop { host_key: HostKeyCheck::Pinned(other.parse().unwrap()), ..base.clone() };
        let e = refusal(pinned).await;
        assert!(matches!(e, SshError::HostKeyChanged { .. }), "{e}");
        assert!(e.to_string().contains("CHANGED"));
    }
    assert!("ssh-ed25519 rubbish".parse::<HostKey>().is_err());
}

#[tokio::test]
async fn keys_of_every_kind() {
    let sshd = Sshd::start();
    let base = hop(&sshd);
    for (kind, passphrase) in [("ed25519", "open sesame"), ("ecdsa", ""), ("rsa", "")] {
        let path = keygen(sshd.folder(), &format!("user_{kind}"), kind, passphrase);
        let private = Secret::new(std::fs::read_to_string(&path).unwrap());
        let with = |passphrase: Option<&str>| Hop {
            credentials: vec![Credential::Key {
                private: private.clone(),
                passphrase: passphrase.map(Secret::new),
            }],
            ..base.clone()
        };
        let e = refusal(with(Some(passphrase))).await;
        assert!(matches!(&e, SshError::AuthRefused { allowed, .. } if allowed.contains("publickey")), "{e}");
        sshd.authorize(&public(&path));
        connect(&with(Some(passphrase)).into()).await.unwrap();
        if !passphrase.is_empty() {
            assert!(matches!(refusal(with(Some("wrong"))).await, SshError::WrongPassphrase));
            assert!(matches!(refusal(with(None)).await, SshError::PassphraseNeeded));
        }
    }
    let rubbish = Credential::Key { private: Secret::new("not a key"), passphrase: None };
    let e = refusal(Hop { credentials: vec![rubbish], ..base.clone() }).await;
    assert!(matches!(e, SshError::UnreadableKey { .. }), "{e}");
    let e = refusal(Hop { credentials: vec![], ..base.clone() }).await;
    assert!(e.to_string().contains("no credential was given"), "{e}");
}

#[tokio::test]
async fn wrong_credentials_come_before_the_right_one_but_not_without_end() {
    let sshd = Sshd::start();
    let base = hop(&sshd);
    let wrong = |i: u8| {
        let path = keygen(sshd.folder(), &format!("wrong{i}"), "ed25519", "");
        Credential::Key { private: Secret::new(std::fs::read_to_string(path).unwrap()), passphrase: None }
    };
    let mut credentials = vec![wrong(0), wrong(1)];
    credentials.extend(base.credentials.clone());
    connect(&Hop { credentials, ..base.clone() }.into()).await.unwrap();
    let credentials = (2..12).map(wrong).collect();
    let e = refusal(Hop { credentials, ..base }).await;
    assert!(matches!(e, SshError::AuthRefused { .. }), "{e}");
}

/// An agent of its own, killed when dropped.
struct Agent(std::process::Child, std::path::PathBuf);

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn agent(folder: &std::path::Path) -> Agent {
    use std::io::BufRead;
    let socket = folder.join("agent");
    let mut child = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::piped())
        .spawn()
        .expect("ssh-agent is installed");
    // It names its socket when it listens.
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    Agent(child, socket)
}

#[tokio::test]
async fn an_agent_signs() {
    let sshd = Sshd::start();
    let agent = agent(sshd.folder());
    let with = |socket: &std::path::Path| Hop {
        credentials: vec![Credential::Agent { socket: socket.into() }],
        ..hop(&sshd)
    };
    let e = refusal(with(&agent.1)).await;
    assert!(e.to_string().contains("holds no key"), "{e}");
    for kind in ["rsa", "ed25519"] {
        let path = keygen(sshd.folder(), kind, kind, "");
        let added = Command::new("ssh-add").arg("-q").arg(&path).env("SSH_AUTH_SOCK", &agent.1).status();
        assert!(added.unwrap().success());
        assert!(matches!(refusal(with(&agent.1)).await, SshError::AuthRefused { .. }));
        sshd.authorize(&public(&path));
        connect(&with(&agent.1).into()).await.unwrap();
        let all = sshd.folder().join("authorized_keys");
        std::fs::write(all, "").unwrap();
    }
    let e = refusal(with(&sshd.folder().join("nothing"))).await;
    assert!(matches!(e, SshError::Agent { .. }), "{e}");
}

#[tokio::test]
async fn passwords() {
    if !is_root() {
        println!("skipped: a server with a password of its own needs root");
        return;
    }
    let out = Command::new("openssl").args(["passwd", "-6", "correct horse"]).output().unwrap();
    let hash = String::from_utf8(out.stdout).unwrap().trim().to_owned();
    let sshd = Sshd::with(Options {
        config: vec!["PasswordAuthentication yes".into()],
        root_password_hash: Some(hash),
        ..Options::default()
    });
    let with = |p: &str| Hop { credentials: vec![Credential::Password(Secret::new(p))], ..hop(&sshd) };
    let e = refusal(with("wrong horse")).await;
    assert!(matches!(&e, SshError::AuthRefused { tried, .. } if tried == "a password"), "{e}");
    assert!(!e.to_string().contains("wrong horse"));
    let s = connect(&with("correct horse").into()).await.unwrap();
    assert!(s.run("true", "", SOON).await.unwrap().status.is_success());
}

#[tokio::test]
async fn hosts_that_are_not_there_or_not_ssh() {
    let sshd = Sshd::start();
    let base = hop(&sshd);
    let e = refusal(Hop { port: 9, ..base.clone() }).await;
    assert!(matches!(e, SshError::Refused { .. }), "{e}");
    let speaking = tokio::net::TcpListener::bind((own_address(), 0)).await.unwrap();
    let port = speaking.local_addr().unwrap().port();
    let serve = tokio::spawn(async move {
        let (mut c, _) = speaking.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut c, b"220 mail ready\r\n").await.unwrap();
    });
    let e = refusal(Hop { port, ..base.clone() }).await;
    assert!(matches!(&e, SshError::NotSsh { said, .. } if said == "220 mail ready"), "{e}");
    serve.await.unwrap();
    let mute = tokio::net::TcpListener::bind((own_address(), 0)).await.unwrap();
    let e = refusal(Hop { port: mute.local_addr().unwrap().port(), ..base.clone() }).await;
    assert!(matches!(&e, SshError::NotSsh { said, .. } if said.is_empty()), "{e}");
}

#[tokio::test]
async fn the_loss_of_a_connection_is_told() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    let running = s.run("sleep 100", "", SOON);
    let watch = s.lost();
    let cut = async {
        while !sshd.log().contains("Starting session") {
            tokio::task::yield_now().await;
        }
        sshd.cut();
    };
    let (running, lost, ()) = tokio::join!(running, watch, cut);
    assert!(matches!(running.unwrap_err(), SshError::Lost { .. }));
    assert!(matches!(lost, SshError::Lost { .. }));
    assert!(!s.is_up());
    assert!(open(&sshd).await.is_up(), "a new connection works");
}

#[tokio::test]
async fn a_frozen_peer_is_noticed() {
    let sshd = Sshd::start();
    let quick = Deadlines { keepalive: Duration::from_millis(200), ..Deadlines::default() };
    let s = connect_with(&hop(&sshd).into(), quick).await.unwrap();
    let shell = s.run("echo $PPID", "", SOON).await.unwrap().stdout;
    let server = String::from_utf8(shell).unwrap().trim().to_owned();
    let signal = |name: &str| Command::new("kill").args([name, &server]).status().unwrap().success();
    assert!(signal("-STOP"));
    let lost = tokio::time::timeout(SOON, s.lost()).await;
    assert!(signal("-CONT"));
    assert!(matches!(&lost, Ok(SshError::Lost { why, .. }) if why.contains("eepalive")), "{lost:?}");
    assert!(s.run("true", "", SOON).await.is_err());
}

#[tokio::test]
async fn through_a_jump_host() {
    let (jump, node) = (Sshd::start(), Sshd::start());
    let s = connect(&Target { node: hop(&node), jumps: vec![hop(&jump)] }).await.unwrap();
    let out = s.run("echo $SSH_CONNECTION", "", SOON).await.unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains(&node.port.to_string()));
    let nowhere = Target { node: Hop { port: 9, ..hop(&node) }, jumps: vec![hop(&jump)] };
    let e = connect(&nowhere).await.unwrap_err();
    assert!(matches!(e, SshError::Unreachable { .. }), "{e}");
}

#[tokio::test]
async fn a_terminal_types_resizes_and_closes() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    // What the server does not accept it leaves out, and says nothing.
    let env = [("LANG", "C.UTF-8"), ("OTHER", "x")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let mut pty = s.pty("xterm-256color", 100, 40, &env).await.unwrap();
    pty.write("stty size; echo TERM=$TERM:$LANG:$OTHER:\n").await.unwrap();
    let mut seen = String::new();
    let mut resized = false;
    let status = loop {
        match pty.next().await.expect("still open") {
            PtyEvent::Bytes(b) => seen.push_str(&String::from_utf8_lossy(&b)),
            PtyEvent::Ended(status) => break status,
            other => panic!("{other:?}"),
        }
        if !resized && seen.contains("40 100") && seen.contains("TERM=xterm-256color:C.UTF-8::") {
            resized = true;
            pty.resize(33, 7).await.unwrap();
            pty.write("stty size; exit 3\n").await.unwrap();
        }
    };
    assert!(seen.contains("7 33"), "{seen}");
    assert_eq!(status, Status::Exit(3));
}

/// A command that goes on when nobody listens any more does not keep its connection open.
#[tokio::test]
async fn a_connection_ends_with_the_last_who_needs_it() {
    let sshd = Sshd::start();
    for pty in [false, true] {
        let s = open(&sshd).await;
        let mut link = s.link();
        if pty {
            let mut shell = s.pty("xterm-256color", 80, 24, &[]).await.unwrap();
            shell.write("cat\n").await.unwrap();
            assert!(matches!(shell.next().await, Some(PtyEvent::Bytes(_))));
        } else {
            let mut cat = s.exec_stream("cat", 1 << 20).await.unwrap();
            cat.input().write("a").await.unwrap();
            assert_eq!(cat.next().await, Some(StreamEvent::Stdout("a".into())));
        }
        drop(s);
        let ended = tokio::time::timeout(Duration::from_secs(20), link.wait_for(|l| *l != Link::Up)).await;
        assert!(ended.is_ok(), "the connection stays (shell: {pty})");
    }
}

/// A server may tell the end of a shell before it has sent what the shell printed last.
#[tokio::test]
async fn what_a_terminal_printed_last_comes_before_its_end() {
    let sshd = Sshd::start();
    let s = open(&sshd).await;
    for round in 0..10 {
        let mut pty = s.pty("xterm-256color", 80, 24, &[]).await.unwrap();
        pty.write("exec sh -c 'seq 3000; echo the-$((5+5))-last'\n").await.unwrap();
        let mut seen = String::new();
        let status = loop {
            match pty.next().await.expect("still open") {
                PtyEvent::Bytes(b) => seen.push_str(&String::from_utf8_lossy(&b)),
                PtyEvent::Ended(status) => break status,
                other => panic!("{other:?}"),
            }
        };
        assert!(seen.contains("the-10-last"), "round {round}: {}", &seen[seen.len() - 80..]);
        assert_eq!(status, Status::Exit(0));
    }
}
