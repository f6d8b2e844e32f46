//! The pusher against a Loki that is away, full, picky or slow: nothing is lost, nothing is sent twice after a 400, order is kept.

use super::place;
use super::server::{Answer, serve};
use crate::domain::loki::LokiPlace;
use crate::domain::secret::Secret;
use crate::logs::loki::push::{
    Behind, Bounds, Encoder, Position, PushRecord, PushSource, Pusher, Round, Slice, Span,
};
use crate::logs::loki::{Loki, LokiError};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Records in memory, as a log store.
#[derive(Default)]
struct Memory(Mutex<Vec<PushRecord>>);

impl PushSource for Memory {
    fn read_after(&self, cursor: Option<u64>, records: usize, _: usize) -> Result<Slice, String> {
        let all = self.0.lock().unwrap();
        let after: Vec<PushRecord> =
            all.iter().filter(|r| cursor.is_none_or(|c| r.cursor > c)).take(records).cloned().collect();
        Ok(Slice { upto: after.last().map(|r| r.cursor), records: after })
    }

    fn span(&self) -> Result<Span, String> {
        let all = self.0.lock().unwrap();
        Ok(Span { first: all.first().map(|r| r.cursor), last: all.last().map(|r| r.cursor) })
    }

    fn behind(&self, cursor: Option<u64>) -> Result<Behind, String> {
        let all = self.0.lock().unwrap();
        let records = all.iter().filter(|r| cursor.is_none_or(|c| r.cursor > c)).count() as u64;
        Ok(Behind { records, oldest: None })
    }
}

fn records(cursors: std::ops::RangeInclusive<u64>) -> Vec<PushRecord> {
    cursors
        .map(|cursor| PushRecord {
            cursor,
            time: Some(1_795_216_548_000_000 + i64::try_from(cursor).unwrap()),
            host: "ctl1".into(),
            service: "nova-api".into(),
            text: format!("line {cursor}"),
            metadata: Vec::new(),
        })
        .collect()
}

/// What a server got, and what it is to answer: the front of the queue, and 204 when it is empty.
#[derive(Default)]
struct Book {
    lines: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Option<(u16, String)>>>,
}

async fn world(
    records: Vec<PushRecord>,
    answers: Vec<Option<(u16, &str)>>,
) -> (Arc<Memory>, Arc<Book>, String) {
    let book = Arc::new(Book::default());
    book.answers.lock().unwrap().extend(answers.into_iter().map(|a| a.map(|(s, t)| (s, t.to_owned()))));
    let serves = Arc::clone(&book);
    let url = serve(move |asked| {
        assert_eq!(asked.headers["content-encoding"], "gzip");
        let value: Value = serde_json::from_slice(&asked.body).unwrap();
        let values = value["streams"][0]["values"].as_array().unwrap();
        let answer = serves.answers.lock().unwrap().pop_front().unwrap_or(Some((204, String::new())));
        let (status, text) = answer?;
        if status == 204 || status == 400 {
            serves.lines.lock().unwrap().extend(values.iter().map(|v| v[1].as_str().unwrap().to_owned()));
        }
        Some(Answer::of(status, text))
    })
    .await;
    (Arc::new(Memory(Mutex::new(records))), book, url)
}

fn pusher(memory: &Arc<Memory>, url: &str, entries: usize, position: Position) -> Pusher {
    let bounds = Bounds { entries, ..Bounds::default() };
    let source: Arc<dyn PushSource> = Arc::clone(memory) as Arc<dyn PushSource>;
    Pusher::new(source, Loki::new(&place(url)).unwrap(), Encoder::new("openstack", "prod", bounds), position)
}

fn lines(cursors: std::ops::RangeInclusive<u64>) -> Vec<String> {
    cursors.map(|c| format!("line {c}")).collect()
}

#[tokio::test]
async fn a_loki_that_is_away_loses_nothing_and_a_new_engine_goes_on() {
    let busy = Some((503, "Ingester not ready: waiting for 15s after being ready"));
    let (memory, book, url) = world(records(1..=10), vec![None, busy, Some((204, "")), busy]).await;
    let mut first = pusher(&memory, &url, 4, Position::default());
    for turn in 1..=2 {
        let Round::Wait(pause, why) = first.round(7, 0).await else { panic!("it waits") };
        assert!(!pause.is_zero() && !why.is_empty() && first.tries() == turn);
    }
    assert_eq!(first.round(0, 0).await, Round::Moved(None));
    assert_eq!((first.position().cursor, first.position().pushed, first.tries()), (Some(4), 4, 0));
    assert!(matches!(first.round(0, 0).await, Round::Wait(..)));
    // The engine dies here; only the position is kept.
    let mut second = pusher(&memory, &url, 4, first.position().clone());
    while second.round(0, 0).await != Round::Level {}
    assert_eq!(*book.lines.lock().unwrap(), lines(1..=10));
    let end = second.position();
    assert_eq!((end.cursor, end.pushed, end.pushed_to), (Some(10), 10, Some(1_795_216_548_000_010)));
    memory.0.lock().unwrap().extend(records(11..=12));
    assert_eq!(second.round(0, 0).await, Round::Moved(None));
    assert_eq!(*book.lines.lock().unwrap(), lines(1..=12));
}

#[tokio::test]
async fn a_400_is_partial_and_never_sent_again() {
    let said = "entry for stream '{}' has timestamp too old: 2026-10-21T23:16:18Z";
    let (memory, book, url) = world(records(1..=6), vec![Some((400, said))]).await;
    let mut pusher = pusher(&memory, &url, 3, Position::default());
    assert_eq!(pusher.round(0, 0).await, Round::Moved(Some(said.into())));
    assert_eq!(pusher.round(0, 0).await, Round::Moved(None));
    assert_eq!(pusher.round(0, 0).await, Round::Level);
    assert_eq!(*book.lines.lock().unwrap(), lines(1..=6));
    let end = pusher.position();
    assert_eq!((end.pushed, end.refused, end.refused_batches), (3, 1, 1));
}

#[tokio::test]
async fn a_batch_above_the_burst_goes_in_halves() {
    let said = "ingestion rate limit exceeded for user a (limit: 10 bytes/sec) while attempting to ingest '8' lines totaling '56' bytes, reduce";
    let (memory, book, url) = world(records(1..=8), vec![Some((429, said)), Some((429, said))]).await;
    let mut pusher = pusher(&memory, &url, 8, Position::default());
    let mut waits = 0;
    loop {
        match pusher.round(0, 0).await {
            Round::Level => break,
            Round::Wait(_, why) => {
                assert!(why.contains("ingestion rate"), "{why}");
                waits += 1;
            }
            _ => {}
        }
    }
    assert_eq!((waits, book.lines.lock().unwrap().clone()), (2, lines(1..=8)));
    assert_eq!(pusher.position().cursor, Some(8));
}

#[tokio::test]
async fn an_entry_above_the_burst_is_given_up_and_counted() {
    let said = "ingestion rate limit exceeded for user a (limit: 2 bytes/sec) while attempting to ingest '1' lines totaling '6' bytes";
    let (memory, book, url) = world(records(1..=2), vec![Some((429, said)); 8]).await;
    let mut pusher = pusher(&memory, &url, 1, Position::default());
    while pusher.round(0, 0).await != Round::Level {}
    assert_eq!(*book.lines.lock().unwrap(), lines(2..=2));
    assert_eq!((pusher.position().refused, pusher.position().pushed), (1, 1));
}

#[tokio::test]
async fn what_waiting_does_not_heal_stops() {
    for (status, said, word) in [
        (401, "no org id", "tenant"),
        (401, "Unauthorized", "user and password"),
        (403, "", "refuses this user"),
        (404, "404 page not found", "no Loki"),
        (
            429,
            "maximum active stream limit exceeded when trying to create stream {}",
            "waiting does not help",
        ),
        (400, "tenant ID 'x' contains unsupported character '/'", "tenant ID"),
    ] {
        let (memory, book, url) = world(records(1..=3), vec![Some((status, said))]).await;
        let mut pusher = pusher(&memory, &url, 10, Position::default());
        let Round::Stopped(why) = pusher.round(0, 0).await else { panic!("{status} {said}") };
        assert!(why.contains(word), "{why}");
        assert_eq!(pusher.position(), &Position::default());
        // Somebody has done something.
        book.lines.lock().unwrap().clear();
        assert_eq!(pusher.round(0, 0).await, Round::Moved(None));
        assert_eq!(*book.lines.lock().unwrap(), lines(1..=3));
    }
}

#[tokio::test]
async fn what_retention_removed_is_counted_and_a_new_store_is_read_from_its_beginning() {
    let (memory, book, url) = world(records(8..=9), Vec::new()).await;
    let mut late = pusher(&memory, &url, 10, Position { cursor: Some(4), ..Position::default() });
    assert_eq!(late.round(0, 0).await, Round::Moved(None));
    assert_eq!((late.position().missed, late.position().cursor), (3, Some(9)));
    let mut fresh = pusher(&memory, &url, 10, Position { cursor: Some(4_000), ..Position::default() });
    assert_eq!(fresh.round(0, 7).await, Round::Moved(None));
    assert_eq!(fresh.position().cursor, Some(9));
    // It is said that it began anew, and when; nothing of it was missed.
    assert_eq!((fresh.position().anew, fresh.position().missed), (Some(7), 0));
    assert_eq!(late.position().anew, None);
    assert_eq!(book.lines.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn where_nothing_is_the_place_is_kept() {
    let (memory, book, url) = world(Vec::new(), Vec::new()).await;
    let place = Position { cursor: Some(4), pushed: 4, ..Position::default() };
    let mut pusher = pusher(&memory, &url, 10, place.clone());
    assert_eq!(pusher.round(0, 0).await, Round::Level);
    assert_eq!(*pusher.position(), place);
    memory.0.lock().unwrap().extend(records(1..=5));
    assert_eq!(pusher.round(0, 0).await, Round::Moved(None));
    assert_eq!(*book.lines.lock().unwrap(), lines(5..=5));
}

#[tokio::test]
async fn tenant_user_and_password_go_along_and_into_no_error() {
    let url = serve(|asked| {
        assert_eq!(asked.headers["x-scope-orgid"], "cloud-a");
        assert_eq!(asked.headers["authorization"], "Basic b3BzOnMzY3IzdA==");
        Some(Answer {
            headers: vec![("Location".into(), "http://ops:s3cr3t@else/".into())],
            ..Answer::of(302, "")
        })
    })
    .await;
    let place = LokiPlace {
        tenant: Some("cloud-a".into()),
        user: Some("ops".into()),
        password: Secret::new("s3cr3t"),
        ..place(&url)
    };
    let loki = Loki::new(&place).unwrap();
    let why = loki.version().await.unwrap_err();
    assert!(matches!(&why, LokiError::NotLoki { why } if why.contains("http://else/")), "{why}");
    assert!(!format!("{why} {why:?} {loki:?}").contains("s3cr3t"));
    let nobody = Loki::new(&super::place("http://127.0.0.1:1")).unwrap();
    let why = nobody.version().await.unwrap_err();
    assert!(matches!(why, LokiError::Unreachable { .. }) && why.heals(), "{why:?}");
    for bad in ["", "loki", "ftp://x", "http://a:b@x", "http://x/?a=b"] {
        assert!(matches!(Loki::new(&super::place(bad)), Err(LokiError::Address { .. })), "{bad}");
    }
    let bad = LokiPlace { authority: Some("no pem".into()), ..super::place("https://x") };
    assert!(matches!(Loki::new(&bad), Err(LokiError::Authority { .. })));
}
