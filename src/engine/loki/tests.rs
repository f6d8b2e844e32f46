//! What is answered and what is remembered about a Loki.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::super::tests::{Running, add_env, login};
use super::*;
use crate::api::{Client, Request, Response};
use crate::domain::loki::{JOB, LokiEntry, PushState};
use crate::logs::loki::Backoff;
use crate::logs::loki::tests::server::{Answer, serve};
use crate::logs::store::{Chunk, FileState, LogStore, Source};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn place() -> LokiPlace {
    LokiPlace {
        url: "https://loki.example".into(),
        tenant: Some("cloud-a".into()),
        user: Some("ops".into()),
        password: Secret::new("s3cr3t"),
        authority: None,
        push: true,
        job: JOB.into(),
        what: "level>=warning".into(),
    }
}

#[test]
fn the_audit_trail_tells_what_was_set_and_no_secret() {
    let told = described(&place());
    assert_eq!(
        &*told,
        "set the Loki at https://loki.example, tenant cloud-a, user ops; level>=warning is pushed"
    );
    let bare = described(&LokiPlace { push: false, tenant: None, user: None, ..place() });
    assert_eq!(&*bare, "set the Loki at https://loki.example; nothing is pushed");
}

#[test]
fn what_is_pushed_is_a_filter_of_collected_logs() {
    assert!(what(&place()).is_ok());
    assert!(what(&LokiPlace { what: String::new(), ..place() }).unwrap().is_empty());
    let bad = what(&LokiPlace { what: "level>=loud".into(), ..place() }).unwrap_err();
    assert_eq!(bad.field.as_deref(), Some("what"));
    assert!(bad.message.contains("column"), "{bad}");
    let job = what(&LokiPlace { what: "job=3".into(), ..place() }).unwrap_err();
    assert!(job.message.contains("installations"), "{job}");
}

#[test]
fn an_answer_fits_into_a_frame_and_says_what_was_left_out() {
    let entry = |line: String| LokiEntry { line, ..LokiEntry::default() };
    let whole = LokiAnswer { entries: vec![entry("a".into()); 3], ..LokiAnswer::default() };
    assert_eq!(bounded(whole.clone()), whole);
    let long = LokiAnswer { entries: vec![entry("ü".repeat(40_000))], ..LokiAnswer::default() };
    let long = bounded(long);
    assert!(long.entries[0].line.len() <= LINE_MAX + 3 && long.notes[0].contains("were cut") && !long.more);
    let many = LokiAnswer { entries: vec![entry("x".repeat(60_000)); 200], ..LokiAnswer::default() };
    let many = bounded(many);
    assert!(many.more && many.entries.len() < 200 && many.entries.len() > 100, "{}", many.entries.len());
    let bytes: usize = many.entries.iter().map(|e| e.line.len()).sum();
    assert!(bytes <= ANSWER_MAX && many.notes[0].contains("one answer"));
}

/// A batch as a server got it.
struct Batch {
    at: Instant,
    status: u16,
    body: Value,
}

impl Batch {
    /// Its lines, each behind the label `backfill`, `-` if there is none; in the order of the batch.
    fn lines(&self) -> Vec<String> {
        let mut all = Vec::new();
        for stream in self.body["streams"].as_array().unwrap() {
            let labels = &stream["stream"];
            assert_eq!((&labels["job"], &labels["environment"]), (&"openstack".into(), &"prod".into()));
            assert_eq!((&labels["host"], &labels["service"]), (&"ctl1".into(), &"nova-api".into()));
            for value in stream["values"].as_array().unwrap() {
                assert_eq!(value[2]["component"], "nova.api");
                let text = value[1].as_str().unwrap();
                let text = text.split_once("] ").unwrap().1;
                all.push(format!("{} {text}", labels["backfill"].as_str().unwrap_or("-")));
            }
        }
        all
    }

    fn nanos(&self) -> Vec<i64> {
        let values = self.body["streams"][0]["values"].as_array().unwrap();
        values.iter().map(|v| v[0].as_str().unwrap().parse().unwrap()).collect()
    }
}

/// A Loki that answers pushes with the front of a queue, and 204 when it is empty.
async fn loki(answers: &Arc<Mutex<VecDeque<(u16, &'static str)>>>) -> (String, UnboundedReceiver<Batch>) {
    let (tell, told) = unbounded_channel();
    let answers = Arc::clone(answers);
    let url = serve(move |asked| match asked.path.as_str() {
        "/loki/api/v1/status/buildinfo" => Some(Answer::of(200, r#"{"version":"3.7.6"}"#)),
        "/loki/api/v1/labels" => Some(Answer::of(200, r#"{"status":"success","data":[]}"#)),
        "/loki/api/v1/push" => {
            let (status, said) = answers.lock().unwrap().pop_front().unwrap_or((204, ""));
            let body = serde_json::from_slice(&asked.body).unwrap();
            tell.send(Batch { at: Instant::now(), status, body }).unwrap();
            Some(Answer::of(status, said))
        }
        other => panic!("{other}"),
    });
    (url.await, told)
}

/// A line of nova-api, so many microseconds after 1970.
fn line(at: i64, text: &str) -> String {
    let at = jiff::Timestamp::from_microsecond(at).unwrap();
    format!("{} 7 INFO nova.api [-] {text}\n", at.strftime("%Y-%m-%d %H:%M:%S.%3f"))
}

/// Appends to the one file of a store.
fn add(store: &LogStore, text: &str) {
    let source = Source {
        node: 9,
        node_name: "ctl1".into(),
        service: "nova".into(),
        path: "/var/log/nova/nova-api.log".into(),
        ..Source::default()
    };
    let source = store.source(&source).unwrap();
    let known = store.files(source).first().cloned();
    let file = known
        .map_or_else(|| store.file(&FileState { source, ..FileState::default() }).unwrap(), |file| file.id);
    let offset = store.file_state(file).unwrap().cover.end().unwrap_or_default();
    let arrived = nanos() / 1000;
    let chunk = Chunk { file, offset, bytes: text.as_bytes(), complete: true, arrived, ..Chunk::default() };
    store.append(&chunk).unwrap();
}

async fn view(client: &Client, env: EnvId) -> LokiView {
    match client.call(Request::Loki(LokiAsk::Show { env })).await.unwrap() {
        Response::Loki(LokiReply::View(view)) => *view,
        other => panic!("{other:?}"),
    }
}

/// Waits until all that is there is dealt with, up to a record.
async fn level(client: &Client, env: EnvId, cursor: u64) -> LokiView {
    let reached = async {
        loop {
            let view = view(client, env).await;
            if view.progress.state == PushState::Level && view.progress.position == Some(cursor) {
                return view;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), reached).await.expect("it gets level")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_collected_arrives_once_and_in_order_whatever_happens() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let store = |engine: &Running| Arc::clone(&engine.engine().logbook(env).unwrap().store);
    let answers = Arc::new(Mutex::new(VecDeque::from([(429, "ingestion rate limit exceeded"), (429, "")])));
    let (url, mut got) = loki(&answers).await;
    // Whole milliseconds, as such lines have.
    let begin = nanos() / 1_000_000 * 1000 - 10_000_000;
    add(&store(&engine), &[line(begin, "a"), line(begin, "a"), line(begin + 1000, "b")].concat());
    let place = LokiPlace {
        url,
        tenant: None,
        user: None,
        password: Secret::default(),
        what: String::new(),
        ..place()
    };
    let set = LokiAsk::Set { env, place: Some(Box::new(place)) };
    assert!(matches!(
        ada.call(Request::Loki(set)).await.unwrap(),
        Response::Loki(LokiReply::Set { silent: None, .. })
    ));

    // 429: the same again, later and later.
    let tries = [got.recv().await.unwrap(), got.recv().await.unwrap(), got.recv().await.unwrap()];
    assert_eq!(tries.each_ref().map(|t| t.status), [429, 429, 204]);
    assert!(tries.iter().all(|t| t.body == tries[0].body), "the same to the byte");
    assert!(tries[1].at - tries[0].at >= Backoff::FIRST / 2 && tries[2].at - tries[1].at >= Backoff::FIRST);
    assert_eq!(tries[2].lines(), ["- a", "- a", "- b"]);
    let nanos = tries[2].nanos();
    assert_eq!(nanos, [begin * 1000, begin * 1000 + 1, begin * 1000 + 1_000_000]);
    assert_eq!(level(&ada, env, 3).await.progress.pushed, 3);

    // 400: told, counted, never again; a line that was fetched later goes into a stream beside.
    let said = "entry for stream '{}' has timestamp too old: 2026-10-21T23:16:18Z";
    answers.lock().unwrap().push_back((400, said));
    let day = 86_400_000_000;
    add(&store(&engine), &[line(begin - day, "c"), line(begin + 2000, "d")].concat());
    let refused = got.recv().await.unwrap();
    assert_eq!((refused.status, refused.lines()), (400, vec!["- d".to_owned(), "1 c".to_owned()]));
    let progress = level(&ada, env, 5).await.progress;
    assert_eq!((progress.refused_batches, progress.refused, progress.pushed), (1, 1, 3));
    assert_eq!(progress.last_refusal.unwrap().1, said);
    add(&store(&engine), &line(begin + 3000, "e"));
    assert_eq!(got.recv().await.unwrap().lines(), ["- e"]);
    level(&ada, env, 6).await;

    // A new engine goes on from there, also within a moment.
    drop(ada);
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let progress = level(&ada, env, 6).await.progress;
    assert_eq!((progress.pushed, progress.refused), (4, 1));
    add(&store(&engine), &[line(begin + 3000, "e"), line(begin - day, "f")].concat());
    let last = got.recv().await.unwrap();
    assert_eq!(last.lines(), ["- e", "1 f"]);
    assert_eq!(last.nanos(), [(begin + 3000) * 1000 + 1]);
    level(&ada, env, 8).await;
    assert!(got.try_recv().is_err(), "nothing came twice");
}

#[test]
fn a_stream_has_the_name_of_its_file_or_unit() {
    for (path, module, journal, name) in [
        ("/var/log/nova/nova-api.log", "nova", false, "nova-api"),
        ("/var/log/mysql/error.log", "mariadb", false, "mariadb-error"),
        ("/var/log/syslog", "host", false, "syslog"),
        ("nova-compute.service", "nova", true, "nova-compute"),
        ("chrony.service", "", true, "chrony"),
        ("", "nova", false, "nova"),
        ("", "", false, "unknown"),
    ] {
        let (path, service) = (path.to_owned(), module.to_owned());
        assert_eq!(source::service(&Source { service, path, journal, ..Source::default() }), name);
    }
}
