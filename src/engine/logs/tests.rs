//! Logs through the engine's own socket: who may do what, empty answers that are honest, marks and views that stay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::super::tests::{Running, add_env, login, refusal};
use super::collecting::NodeCell;
use crate::api::logs::{CollectChange, Cursor, LogAnswer, LogAsk, LogAt, LogView, TraceOf};
use crate::api::{Client, FailureKind, Request, Response};
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::logs::collect::{Collector, Places};
use crate::logs::store::{Chunk, FileState, LogStore, Options, Source};
use crate::ssh::testing::Sshd;
use crate::ssh::{self, Session};
use std::fmt::Write as _;
use std::sync::Arc;

async fn ask(client: &Client, what: LogAsk) -> LogAnswer {
    match client.call(Request::Logs(what)).await.unwrap() {
        Response::Logs(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

async fn sources(client: &Client, env: EnvId) -> crate::api::logs::LogSources {
    let LogAnswer::Sources(sources) = ask(client, LogAsk::Sources { env }).await else { panic!() };
    sources
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_and_an_operator_switches() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let add = Request::UserAdd {
        name: "vic".into(),
        role: UserRole::Viewer,
        password: Secret::new("staple battery"),
        full_name: String::new(),
        must_change: false,
    };
    ada.call(add).await.unwrap();
    let (vic, _) = engine.client().await;
    vic.call(login("vic", "staple battery")).await.unwrap();
    assert!(!sources(&vic, env).await.on);
    let on = LogAsk::Collect { env, what: CollectChange::On { backfill_hours: 2 } };
    assert_eq!(refusal(vic.call(Request::Logs(on.clone())).await).kind, FailureKind::NotAllowed);
    let early = LogAsk::Collect { env, what: CollectChange::Backfill { hours: 2 } };
    let told = refusal(ada.call(Request::Logs(early)).await);
    assert!(told.message.contains("switch it on first"), "{told}");
    let LogAnswer::Sources(told) = ask(&ada, on).await else { panic!() };
    assert!(told.on && told.by == "ada");
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    assert!(sources(&ada, env).await.on, "it stays switched on");
    ask(&ada, LogAsk::Collect { env, what: CollectChange::Off }).await;
    let keep = LogAsk::Collect { env, what: CollectChange::Keep { days: 1, mib: 1 } };
    assert_eq!(refusal(ada.call(Request::Logs(keep)).await).field.as_deref(), Some("mib"));
    let Response::Audit(page) = ada
        .call(Request::Audit {
            filter: crate::domain::audit::AuditFilter::default(),
            before: None,
            limit: 10,
        })
        .await
        .unwrap()
    else {
        panic!()
    };
    let deeds: Vec<&str> = page.entries.iter().map(|(_, e)| e.what.as_str()).collect();
    assert!(deeds.iter().any(|d| d.contains("stopped collecting")), "{deeds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_asked_marked_and_viewed() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    {
        let dir = engine.dir.path().join("data/logs").join(env.to_string());
        let store = LogStore::open(&dir, Options { bytes: 1 << 30 }).unwrap();
        let source = Source {
            node: 9,
            node_name: "ctl1".into(),
            service: "nova".into(),
            path: "/var/log/nova/nova-api.log".into(),
            ..Source::default()
        };
        let source = store.source(&source).unwrap();
        let file = store.file(&FileState { source, ..FileState::default() }).unwrap();
        let text = b"2026-03-01 00:00:01.000 7 INFO nova.api [req-b9000564-fe1a-409b-b8cc-1e88b294cd1d u p - - -] one\n\
            2026-03-01 00:00:02.000 7 ERROR nova.api [-] two\nTraceback (most recent call last):\n  x\n";
        let chunk =
            Chunk { file, bytes: text, complete: true, arrived: 1_772_400_000_000_000, ..Chunk::default() };
        assert_eq!(store.append(&chunk).unwrap().records, 2);
    }
    let window = |filter: &str| LogAsk::Window {
        env,
        filter: filter.parse().unwrap(),
        at: LogAt::End,
        before: 10,
        after: 0,
    };
    let LogAnswer::Window(all) = ask(&ada, window("")).await else { panic!() };
    let messages: Vec<&str> = all.rows.iter().map(|r| r.message.as_str()).collect();
    assert_eq!(messages, ["one", "two"]);
    assert_eq!((all.rows[0].node.as_str(), all.rows[0].pid, all.rows[1].lines), ("ctl1", Some(7), 3));
    let LogAnswer::Window(errors) = ask(&ada, window("level>=error service=nova-api")).await else {
        panic!()
    };
    assert_eq!(errors.rows.len(), 1);
    let cursor = errors.rows[0].cursor;
    let LogAnswer::Record(record) = ask(&ada, LogAsk::Record { env, cursor }).await else { panic!() };
    assert_eq!(record.message, "two\nTraceback (most recent call last):\n  x");
    assert_eq!((record.offset, record.format.as_str()), (97, "oslo"));
    let of = TraceOf::Request("req-b9000564-fe1a-409b-b8cc-1e88b294cd1d".into());
    let LogAnswer::Window(trace) = ask(&ada, LogAsk::Trace { env, of, after: None, from: None }).await else {
        panic!()
    };
    assert_eq!(trace.rows.len(), 1);
    let search = LogAsk::Search {
        env,
        filter: LogFilter::default(),
        regex: "traceback".into(),
        from: LogAt::End,
        backwards: true,
        limit: 5,
        budget_ms: 500,
    };
    let LogAnswer::Search(hits) = ask(&ada, search).await else { panic!() };
    assert_eq!((hits.rows.len(), hits.searched_to), (1, None));
    let counts = LogAsk::Histogram { env, filter: LogFilter::default(), from: None, to: None, buckets: 2 };
    let LogAnswer::Histogram(counts) = ask(&ada, counts).await else { panic!() };
    assert_eq!(counts.buckets.iter().flatten().sum::<u32>(), 2);
    let LogAnswer::Marks(marks) = ask(&ada, LogAsk::Mark { env, cursor, note: "here".into() }).await else {
        panic!()
    };
    assert_eq!(marks[0].row.as_ref().map(|r| r.message.as_str()), Some("two"));
    let gone = LogAsk::Mark { env, cursor: Cursor(77), note: String::new() };
    assert_eq!(refusal(ada.call(Request::Logs(gone)).await).kind, FailureKind::NotFound);
    let LogAnswer::Marks(marks) = ask(&ada, LogAsk::Unmark { env, cursor }).await else { panic!() };
    assert!(marks.is_empty());
    let view =
        LogView { name: "errors".into(), panes: vec!["level>=error".parse().unwrap()], ..LogView::default() };
    let LogAnswer::Views(views) = ask(&ada, LogAsk::ViewSave { env, view }).await else { panic!() };
    assert_eq!((views.len(), views[0].by.as_str()), (1, "ada"));
    let none = LogAsk::ViewRemove { env, name: "none".into() };
    assert_eq!(refusal(ada.call(Request::Logs(none)).await).kind, FailureKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_lines_stay_wanted_when_the_connection_breaks() {
    let sshd = Sshd::start();
    let connected = async || {
        let hop = ssh::Hop {
            address: crate::domain::net::HostAddress::try_from(sshd.address).unwrap(),
            port: sshd.port,
            user: sshd.user.clone(),
            credentials: vec![ssh::Credential::Key {
                private: Secret::new(sshd.key.clone()),
                passphrase: None,
            }],
            host_key: ssh::HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
        };
        ssh::connect(&hop.into()).await.unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    let mut lines = String::new();
    for n in 0..60 {
        let _ = writeln!(lines, "2026-03-01 00:00:{n:02}.000 1 INFO app [-] n={n}");
    }
    std::fs::write(&log, &lines).unwrap();
    let store = Arc::new(LogStore::open(&dir.path().join("store"), Options { bytes: 1 << 30 }).unwrap());
    let places = Places {
        node: 1,
        name: "n1".into(),
        files: vec![(log.display().to_string(), "app".into())],
        ..Places::default()
    };
    let begin = async |session: &Session| {
        Collector::begin(session, Arc::clone(&store), places.clone(), Arc::default()).await.unwrap()
    };
    let cell = NodeCell::new();
    let session = connected().await;
    let mut collector = begin(&session).await;
    assert_eq!(cell.round(&mut collector).await.unwrap(), 0, "only what comes");
    cell.want_backfill(1_772_323_200);
    sshd.cut();
    cell.round(&mut collector).await.unwrap_err();
    assert_eq!(cell.wanted_backfill(), Some(1_772_323_200), "not asked for yet");
    let session = connected().await;
    let mut collector = begin(&session).await;
    while store.stats().records < 60 {
        cell.round(&mut collector).await.unwrap();
    }
    assert_eq!(cell.wanted_backfill(), None);
    // Asked for again, as by an engine that was started anew: nothing comes twice.
    cell.want_backfill(1_772_323_200);
    for _ in 0..3 {
        assert_eq!(cell.round(&mut collector).await.unwrap(), 0);
    }
    assert_eq!(store.stats().records, 60);
}
