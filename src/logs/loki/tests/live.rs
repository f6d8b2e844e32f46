//! Against a real Loki: push, query, tail, limits, tenants.
//!
//! `CPMG_TEST_LOKI=http://HOST:3100 cargo nextest run --lib -E 'test(loki::tests::live)' --no-capture`; with `CPMG_TEST_LOKI_TENANT` as
//! that tenant, with `CPMG_TEST_LOKI_LOGIN=USER:PASSWORD` with that login. Entries go into a stream of their own (`job="cpmg-test-…"`), which
//! stays until Loki's retention takes it. Without the variable the test says that it is skipped.
//!
//! The other test here goes through the same suite against the server of `played.rs`. It proves that the suite can be gone through and that
//! the client agrees with what was seen of Loki 3.7.6 and written down there. It does not prove that a Loki behaves so.

use super::place;
use super::played::play;
use crate::domain::loki::{LokiAnswer, LokiPlace, LokiQuery};
use crate::domain::secret::Secret;
use crate::logs::loki::push::{Bounds, Encoder, PushRecord, Verdict, judge};
use crate::logs::loki::{Loki, LokiError};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

/// How long an entry may take from being pushed to being found.
const PATIENCE: Duration = Duration::from_mins(1);
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap()
}

/// What the suite works with.
struct Bench {
    place: LokiPlace,
    loki: Loki,
    job: String,
}

impl Bench {
    fn new(place: LokiPlace) -> Self {
        Self { loki: Loki::new(&place).unwrap(), job: format!("cpmg-test-{}", now()), place }
    }

    /// The entries of this run that `more` takes, oldest first.
    async fn ask(&self, loki: &Loki, more: &str, limit: u32) -> Result<LokiAnswer, LokiError> {
        let query = format!("{{job=\"{}\"}}{more}", self.job);
        let (start, end) = (now() - DAY, now() + 60 * SECOND);
        loki.query(&LokiQuery { query, start, end, limit, forward: true, step: None }).await
    }

    /// The same, when there are so many.
    async fn wait(&self, more: &str, wanted: usize) -> LokiAnswer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(&self.loki, more, 5_000).await.unwrap();
            if answer.entries.len() >= wanted {
                return answer;
            }
            assert!(Instant::now() < deadline, "{more}: {} of {wanted} entries", answer.entries.len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Pushes records as the pusher does.
    async fn push(&self, service: &str, texts: &[&str], request: &str) -> Verdict {
        let records = texts.iter().zip(1_u64..).map(|(text, cursor)| PushRecord {
            cursor,
            time: Some(now() / 1_000),
            host: "node-1".into(),
            service: service.into(),
            text: (*text).into(),
            metadata: vec![("level", "error".into()), ("request_id", request.into())],
        });
        let records: Vec<_> = records.collect();
        let upto = records.last().map(|r| r.cursor);
        let batches =
            Encoder::new(&self.job, "prod", Bounds::default()).batches(records, upto, now() / 1_000);
        assert_eq!(batches.len(), 1);
        judge(&self.loki.push(batches[0].gzip().unwrap()).await)
    }

    /// Pushes what the pusher would not make.
    async fn push_raw(&self, values: &[(i64, &str)]) -> Verdict {
        let values: Vec<Value> = values.iter().map(|(at, line)| json!([at.to_string(), line])).collect();
        let body =
            json!({ "streams": [{ "stream": { "job": self.job, "service": "raw" }, "values": values }] });
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(body.to_string().as_bytes()).unwrap();
        judge(&self.loki.push(packed.finish().unwrap()).await)
    }

    async fn push_and_query(&self) {
        let odd =
            "2026-11-21 23:16:17.123 7 ERROR nova.compute [req-a] \"quoted\" \\ tab\there, 中文, \u{1f600}";
        assert_eq!(self.push("nova-api", &["first", odd, "third"], "req-live-1").await, Verdict::Stored);
        let answer = self.wait(" | request_id=\"req-live-1\"", 3).await;
        let lines: Vec<&str> = answer.entries.iter().map(|e| e.line.as_str()).collect();
        assert_eq!(lines, ["first", odd, "third"], "every byte of it, in order");
        let entry = &answer.entries[0];
        for (label, value) in
            [("job", self.job.as_str()), ("service", "nova-api"), ("host", "node-1"), ("environment", "prod")]
        {
            assert_eq!(entry.labels.get(label).map(String::as_str), Some(value), "{entry:?}");
        }
        assert_eq!(entry.metadata.get("request_id").map(String::as_str), Some("req-live-1"), "{entry:?}");
        assert!(!entry.labels.contains_key("request_id") && !entry.labels.contains_key("level"), "{entry:?}");
        // What nobody said is not there.
        let none = self.ask(&self.loki, " | request_id=\"req-nobody\"", 10).await.unwrap();
        assert!(none.entries.is_empty());
        let range = Some((now() - DAY, now() + SECOND));
        let labels = self.loki.labels(range).await.unwrap();
        assert!(
            ["environment", "host", "job", "service"].iter().all(|l| labels.iter().any(|x| x == l)),
            "{labels:?}"
        );
        let selector = format!("{{job=\"{}\"}}", self.job);
        let hosts = self.loki.values("host", Some(&selector), range).await.unwrap();
        assert_eq!(hosts, ["node-1"]);
        assert!(self.loki.values("nosuchlabel", None, range).await.unwrap().is_empty());
    }

    async fn limits(&self) {
        // A 400 is partial: the good line beside a bad one is there.
        let at = now();
        match self.push_raw(&[(at - 400 * DAY, "too old"), (at, "good beside bad")]).await {
            Verdict::Refused { said, .. } => {
                assert!(said.contains("too old"), "{said}");
                let answer = self.wait(" |= \"good beside bad\"", 1).await;
                assert_eq!(answer.entries.len(), 1);
            }
            other => println!("this server takes entries that are 400 days old: {other:?}"),
        }
        match self.push_raw(&[(now() + 2 * DAY, "too new")]).await {
            Verdict::Refused { said, .. } => assert!(said.contains("too new"), "{said}"),
            other => println!("this server takes entries of the day after tomorrow: {other:?}"),
        }
        let long = "x".repeat(300 << 10);
        match self.push_raw(&[(now(), &long)]).await {
            Verdict::Refused { said, .. } => assert!(said.contains("max entry size"), "{said}"),
            other => println!("this server takes lines of 300 KiB: {other:?}"),
        }
        // Long lines are cut by the encoder: the pusher's own never are refused for that.
        assert_eq!(self.push("long", &[&long], "req-long").await, Verdict::Stored);
        assert!(self.wait(" | request_id=\"req-long\"", 1).await.entries[0].line.len() < 256 << 10);
        // More entries than one page holds come in pages.
        let texts: Vec<String> = (0..1_200).map(|n| format!("page line {n:04}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(self.push("pages", &texts, "req-pages").await, Verdict::Stored);
        let answer = self.wait(" | request_id=\"req-pages\"", 1_200).await;
        assert_eq!(answer.entries.iter().map(|e| e.line.as_str()).collect::<Vec<_>>(), texts);
        let some = self.ask(&self.loki, " | request_id=\"req-pages\"", 1_000).await.unwrap();
        assert_eq!((some.entries.len(), some.more), (1_000, true));
        let why = self.ask(&self.loki, " | | oops", 10).await.unwrap_err();
        assert!(matches!(why, LokiError::Refused { status: 400, .. }) && !why.heals(), "{why}");
    }

    async fn tail(&self) {
        let query = format!("{{job=\"{}\"}} | request_id=\"req-tail\"", self.job);
        let mut tail = self.loki.tail(&query, 10, Some(now() - SECOND)).await.unwrap();
        assert_eq!(self.push("nova-api", &["live one", "live two"], "req-tail").await, Verdict::Stored);
        let mut lines = Vec::new();
        while lines.len() < 2 {
            let frame = tokio::time::timeout(PATIENCE, tail.next()).await.expect("a frame in time").unwrap();
            for entry in frame.expect("it goes on").entries {
                assert_eq!(
                    entry.metadata.get("request_id").map(String::as_str),
                    Some("req-tail"),
                    "{entry:?}"
                );
                lines.push(entry.line);
            }
        }
        assert_eq!(lines, ["live one", "live two"]);
        tail.close().await;
    }

    async fn tenants(&self) {
        let without = Loki::new(&LokiPlace { tenant: None, ..self.place.clone() }).unwrap();
        match without.labels(None).await {
            Err(LokiError::NoTenant) => {}
            other => {
                println!(
                    "tenants are not tried: this server answers without one ({:?})",
                    other.map(|l| l.len())
                );
                return;
            }
        }
        let other = LokiPlace { tenant: Some("cpmg-test-other".into()), ..self.place.clone() };
        let seen = self.ask(&Loki::new(&other).unwrap(), "", 10).await.unwrap();
        assert!(seen.entries.is_empty(), "one tenant sees what another pushed: {seen:?}");
    }
}

/// Everything.
async fn suite(place: LokiPlace) {
    let bench = Bench::new(place);
    println!("Loki {} at {}, {}", bench.loki.version().await.unwrap(), bench.place.url, bench.job);
    bench.push_and_query().await;
    bench.limits().await;
    bench.tail().await;
    bench.tenants().await;
}

#[tokio::test]
async fn a_real_loki() {
    let Ok(url) = std::env::var("CPMG_TEST_LOKI") else {
        println!("skipped: CPMG_TEST_LOKI does not say where a real Loki is");
        return;
    };
    let mut place = place(&url);
    place.tenant = std::env::var("CPMG_TEST_LOKI_TENANT").ok();
    if let Ok(login) = std::env::var("CPMG_TEST_LOKI_LOGIN") {
        let (user, password) = login.split_once(':').expect("USER:PASSWORD");
        (place.user, place.password) = (Some(user.to_owned()), Secret::new(password));
    }
    suite(place).await;
}

#[tokio::test]
async fn the_suite_goes_through_against_a_played_one() {
    let url = play().await;
    suite(LokiPlace { tenant: Some("cpmg-test".into()), ..place(&url) }).await;
}
