//! Shells, their recordings, and files to and from a node: a real engine, a real sshd on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::discovery_tests::{add, at, key_of, sshd, trust};
use super::tests::{Running, add_env, login, refusal, wait_for};
use crate::api::client::{Pushed, Pushes};
use crate::api::rows::NodeRow;
use crate::api::shells::{RecordingRow, ShellAnswer, ShellAsk};
use crate::api::transfer::{Sent, TransferFault, download, upload};
use crate::api::{Client, ClientError, FailureKind, Request, Response, Row, Topic};
use crate::domain::asciicast::{Event, Header, What};
use crate::domain::audit::{AuditFilter, AuditKind};
use crate::domain::ids::ShellId;
use crate::domain::secret::Secret;
use crate::domain::shells::{Recorded, ShellRules};
use crate::domain::user::UserRole;
use crate::ssh::testing::Sshd;
use crate::terminal::{Alacritty, Answers, Emulator, Size};
use std::time::Duration;

const SOON: Duration = Duration::from_mins(1);

async fn a_node(client: &Client, sshd: &Sshd, last: u8) -> NodeRow {
    let env = add_env(client, &format!("prod-{last}")).await.id;
    let node = add(client, env, at(last), key_of(sshd)).await;
    trust(client, node.id).await;
    node
}

async fn open(client: &Client, node: &NodeRow) -> ShellId {
    let open = Request::ShellOpen { node: node.id, cols: 80, rows: 24, job: None, locale: Vec::new() };
    let Response::Shell(shell) = client.call(open).await.unwrap() else { panic!() };
    shell
}

/// Follows a shell until its screen shows what is wanted.
async fn until(pushed: &mut Pushes, shell: ShellId, wanted: &str) -> String {
    let mut emulator = Alacritty::new(Size::default(), Answers::Discard);
    let follow = async {
        loop {
            let told = pushed.recv().await.expect("the engine keeps the connection");
            let Pushed::Shell(bytes) = told else { continue };
            if bytes.shell != shell {
                continue;
            }
            if bytes.redraw {
                emulator = Alacritty::new(Size::new(bytes.cols, bytes.rows), Answers::Discard);
            }
            emulator.feed(&bytes.bytes);
            let text = emulator.screen().lines().join("\n");
            if text.contains(wanted) || bytes.ended.is_some() {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(SOON, follow).await.expect("in time");
    assert!(text.contains(wanted), "{text}");
    text
}

async fn recordings(client: &Client) -> Vec<RecordingRow> {
    let ask = ShellAsk::Recordings { node: None, by: None, job: None };
    let Response::Shells(answer) = client.call(Request::Shells(ask)).await.unwrap() else { panic!() };
    let ShellAnswer::Recordings(rows) = *answer else { panic!() };
    rows
}

async fn text_of(client: &Client, number: u64) -> String {
    let ask = ShellAsk::RecordingPart { number, offset: 0 };
    let Response::Shells(answer) = client.call(Request::Shells(ask)).await.unwrap() else { panic!() };
    let ShellAnswer::Part(part) = *answer else { panic!() };
    assert!(part.last);
    String::from_utf8(part.bytes).unwrap()
}

async fn user(engine: &Running, ada: &Client, name: &str, role: UserRole) -> Client {
    let password = Secret::new("staple battery");
    ada.call(Request::UserAdd {
        name: name.into(),
        role,
        password,
        full_name: String::new(),
        must_change: false,
    })
    .await
    .unwrap();
    let (client, _) = engine.client().await;
    client.call(login(name, "staple battery")).await.unwrap();
    client
}

async fn shell_row(pushed: &mut Pushes, want: impl Fn(&crate::api::rows::ShellRow) -> bool) {
    let coming = wait_for(pushed, |row| matches!(row, Row::Shell(shell) if want(shell)));
    tokio::time::timeout(SOON, coming).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_waits_for_its_operator_and_is_recorded() {
    let engine = Running::new();
    let (ada, mut pushed) = engine.administrator().await;
    let sshd = sshd(120);
    let node = a_node(&ada, &sshd, 120).await;
    let shell = open(&ada, &node).await;
    let line = b"exec env PS1='ready$ ' /bin/sh\recho one-$((40+2))\r".to_vec();
    ada.call(Request::ShellWrite { shell, bytes: line }).await.unwrap();
    until(&mut pushed, shell, "one-42\nready$").await;

    // The client is gone, the shell is not.
    let (other, mut told) = engine.client().await;
    other.call(login("ada", "correct horse")).await.unwrap();
    other.call(Request::Subscribe(Topic::Shells)).await.unwrap();
    shell_row(&mut told, |row| row.clients == 1 && row.recording.is_some()).await;
    ada.call(Request::ShellDetach { shell }).await.unwrap();
    drop((ada, pushed));
    shell_row(&mut told, |row| row.clients == 0 && row.alone.is_some() && row.closes.is_some()).await;
    other.call(Request::ShellAttach { shell, cols: 80, rows: 24 }).await.unwrap();
    until(&mut told, shell, "one-42\nready$").await;

    // Nobody else's.
    let bob = user(&engine, &other, "bob", UserRole::Operator).await;
    let refused = refusal(bob.call(Request::ShellAttach { shell, cols: 80, rows: 24 }).await);
    assert_eq!(refused.key.as_deref(), Some("error-shell-of-another"));
    assert_eq!(recordings(&bob).await, []);

    other.call(Request::ShellWrite { shell, bytes: b"exit 0\r".to_vec() }).await.unwrap();
    until(&mut told, shell, "exit 0").await;
    let done = async {
        loop {
            let rows = recordings(&other).await;
            if rows.len() == 1 && !rows[0].open {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    };
    let rows = tokio::time::timeout(SOON, done).await.expect("the recording ends with the shell");
    let origin = &rows[0].origin;
    assert_eq!((origin.by.as_str(), origin.node, &origin.name), ("ada", node.id, &node.name));
    let read = async {
        loop {
            let text = text_of(&other, rows[0].number).await;
            if text.contains("exit 0") {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = tokio::time::timeout(SOON, read).await.expect("the last words reach the file");
    let mut lines = text.lines();
    assert_eq!(Header::parse(lines.next().unwrap()).unwrap().cpmg.as_ref(), Some(origin));
    let mut emulator = Alacritty::new(Size::default(), Answers::Discard);
    for event in lines.filter_map(Event::parse) {
        if let What::Output(text) = event.what {
            emulator.feed(text.as_bytes());
        }
    }
    let screen = emulator.screen().lines().join("\n");
    assert!(screen.contains("one-42\nready$ exit 0"), "{screen}");
    // An operator asks for another's, an administrator looks at it, and that is known.
    assert_eq!(
        refusal(
            bob.call(Request::Shells(ShellAsk::RecordingPart { number: rows[0].number, offset: 0 })).await
        )
        .kind,
        FailureKind::NotFound
    );
    let eve = user(&engine, &other, "eve", UserRole::Administrator).await;
    text_of(&eve, rows[0].number).await;
    let filter = AuditFilter { kind: Some(AuditKind::Shell), ..AuditFilter::default() };
    let Response::Audit(page) = eve.call(Request::Audit { filter, before: None, limit: 10 }).await.unwrap()
    else {
        panic!()
    };
    let said: Vec<&str> = page.entries.iter().map(|(_, e)| e.what.as_str()).collect();
    assert!(
        said[0].contains("looked at recording") && said.iter().any(|s| s.contains("opened shell")),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_say_what_is_recorded() {
    let mut engine = Running::new();
    let (ada, mut pushed) = engine.administrator().await;
    let sshd = sshd(121);
    let node = a_node(&ada, &sshd, 121).await;
    let bob = user(&engine, &ada, "bob", UserRole::Operator).await;
    let rules = ShellRules { recorded: Recorded::Asked, keep_minutes: 7, ..ShellRules::default() };
    let set = |rules: &ShellRules| Request::Shells(ShellAsk::RulesSet(rules.clone()));
    assert_eq!(refusal(bob.call(set(&rules)).await).kind, FailureKind::NotAllowed);
    let wrong = ShellRules { recordings_mib: 0, ..rules.clone() };
    assert_eq!(refusal(ada.call(set(&wrong)).await).field.as_deref(), Some("mib"));
    ada.call(set(&rules)).await.unwrap();
    let shell = open(&ada, &node).await;
    let say = |text: &str| Request::ShellWrite { shell, bytes: format!("{text}\r").into_bytes() };
    ada.call(say("exec env PS1='ready$ ' /bin/sh")).await.unwrap();
    until(&mut pushed, shell, "\nready$").await;
    assert_eq!(recordings(&ada).await, []);
    ada.call(Request::Shells(ShellAsk::Record { shell, on: true })).await.unwrap();
    ada.call(say("echo re''corded")).await.unwrap();
    until(&mut pushed, shell, "\nrecorded").await;
    ada.call(Request::Shells(ShellAsk::Record { shell, on: false })).await.unwrap();
    let rows = recordings(&ada).await;
    assert!(rows.len() == 1 && !rows[0].open, "{rows:?}");
    ada.call(set(&ShellRules { recorded: Recorded::Always, ..rules.clone() })).await.unwrap();
    let refused = refusal(ada.call(Request::Shells(ShellAsk::Record { shell, on: false })).await);
    assert_eq!(refused.key.as_deref(), Some("error-recorded-by-rule"));

    // Another engine has the same rules and the same recordings.
    drop((ada, bob, pushed));
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let Response::Shells(answer) = ada.call(Request::Shells(ShellAsk::Rules)).await.unwrap() else {
        panic!()
    };
    assert!(
        matches!(*answer, ShellAnswer::Rules(r) if r.keep_minutes == 7 && r.recorded == Recorded::Always)
    );
    let rows = recordings(&ada).await;
    assert!(rows.len() == 1 && text_of(&ada, rows[0].number).await.contains("recorded"));
}

fn sent(node: &NodeRow, path: &str, size: usize, replace: bool) -> Sent {
    Sent {
        node: node.id,
        path: path.into(),
        name: "a file.bin".into(),
        size: size as u64,
        mode: 0o100_640,
        replace,
    }
}

fn failed<T: std::fmt::Debug>(result: Result<T, TransferFault>) -> crate::api::Failure {
    match result {
        Err(TransferFault::Client(ClientError::Refused(failure))) => failure,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_a_node_and_come_back() {
    let engine = Running::new();
    let (ada, _pushed) = engine.administrator().await;
    let sshd = sshd(122);
    let node = a_node(&ada, &sshd, 122).await;
    let dir = tempfile::TempDir::new().unwrap();
    let folder = dir.path().join("it's a folder");
    std::fs::create_dir(&folder).unwrap();
    let shown = folder.display().to_string();
    let bytes: Vec<u8> = (0..3_000_001_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(3_000_001)
        .collect();
    let mut heard = Vec::new();
    let mut source = bytes.as_slice();
    let sending = upload(&ada, sent(&node, &shown, bytes.len(), false), &mut source, |n| heard.push(n));
    let written = sending.await.unwrap();
    assert_eq!(written, format!("{shown}/a file.bin"));
    assert_eq!(heard.last(), Some(&3_000_001));
    assert!(heard.len() > 5 && heard.is_sorted());
    assert_eq!(std::fs::read(&written).unwrap(), bytes);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&written).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o640);

    // What is there stays, unless it is to be replaced; and a file is there as a whole or not at all.
    let small = b"small".to_vec();
    let refused = failed(upload(&ada, sent(&node, &written, 5, false), &mut small.as_slice(), |_| {}).await);
    assert_eq!((refused.kind, refused.key.as_deref()), (FailureKind::Conflict, Some("error-file-there")));
    let short = upload(&ada, sent(&node, &written, 9, true), &mut small.as_slice(), |_| {}).await;
    assert!(matches!(short, Err(TransferFault::Shorter)), "{short:?}");
    assert_eq!(std::fs::read(&written).unwrap(), bytes);
    upload(&ada, sent(&node, &written, 5, true), &mut small.as_slice(), |_| {}).await.unwrap();
    assert_eq!(std::fs::read(&written).unwrap(), small);
    let gone = async {
        while std::fs::read_dir(&folder).unwrap().count() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("nothing of what was given up is left");

    std::fs::write(folder.join("large"), &bytes).unwrap();
    let (mut back, mut heard) = (Vec::new(), Vec::new());
    let from = format!("{shown}/large");
    let got = download(&ada, node.id, from, &mut back, |done, size| heard.push((done, size))).await.unwrap();
    assert!(back == bytes && got == 3_000_001);
    assert_eq!(heard.last(), Some(&(3_000_001, 3_000_001)));
    std::fs::write(folder.join("empty"), b"").unwrap();
    back.clear();
    assert_eq!(download(&ada, node.id, format!("{shown}/empty"), &mut back, |_, _| {}).await.unwrap(), 0);
    for path in [shown.as_str(), "/nowhere/at/all"] {
        let refused = failed(download(&ada, node.id, path.into(), &mut back, |_, _| {}).await);
        assert_eq!(refused.key.as_deref(), Some("error-file-none"), "{refused}");
    }
    let refused =
        failed(upload(&ada, sent(&node, "/nowhere/at/all", 5, false), &mut small.as_slice(), |_| {}).await);
    assert_eq!(refused.key.as_deref(), Some("error-transfer"), "{refused}");

    // Viewers move nothing, and nobody touches another's transfer.
    let eve = user(&engine, &ada, "eve", UserRole::Viewer).await;
    let refused = failed(download(&eve, node.id, "/etc/hostname".into(), &mut back, |_, _| {}).await);
    assert_eq!(refused.kind, FailureKind::NotAllowed);
    let bob = user(&engine, &ada, "bob", UserRole::Operator).await;
    let begin = ShellAsk::Download { node: node.id, path: format!("{shown}/large") };
    let Response::Shells(answer) = ada.call(Request::Shells(begin)).await.unwrap() else { panic!() };
    let ShellAnswer::Transfer { transfer, .. } = *answer else { panic!() };
    let part = |transfer| Request::Shells(ShellAsk::DownloadPart { transfer });
    assert_eq!(refusal(bob.call(part(transfer)).await).kind, FailureKind::NotFound);
    ada.call(Request::Shells(ShellAsk::TransferCancel { transfer })).await.unwrap();
    assert_eq!(refusal(ada.call(part(transfer)).await).key.as_deref(), Some("error-transfer-over"));
}
