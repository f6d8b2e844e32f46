//! Every captured exchange, asked again: the server checks the question and gives the answer of that time.

use super::place;
use super::server::{Answer, Asked, head, serve};
use crate::domain::loki::{LokiPlace, LokiQuery};
use crate::logs::loki::push::{Verdict, judge};
use crate::logs::loki::{Loki, LokiError};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::Write;

fn folder() -> String {
    format!("{}/fixtures/loki", env!("CARGO_MANIFEST_DIR"))
}

struct Exchange {
    asked: Asked,
    answer: Answer,
}

fn exchange(name: &str) -> Exchange {
    let text = std::fs::read_to_string(format!("{}/{name}.http", folder())).unwrap();
    let (request, response) = text.split_once("----- response -----\n").unwrap();
    let (first, body) = request.split_once("\n\n").unwrap();
    let mut asked = head(first);
    asked.body = body.trim().into();
    let (first, body) = response.split_once("\n\n").unwrap_or((response, ""));
    let status = first.split(' ').nth(1).unwrap().parse().unwrap();
    let good = |line: &&str| line.starts_with("Content-Type");
    let headers = first
        .lines()
        .filter(good)
        .filter_map(|l| l.split_once(": "))
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
    Exchange { asked, answer: Answer { status, headers: headers.collect(), body: body.trim_end().into() } }
}

/// A server that knows one exchange, and a client with the tenant of that time.
async fn replay(name: &str) -> (Loki, Exchange) {
    let mut recorded = exchange(name);
    // A body in hexadecimal is gzipped, or not JSON: it goes and comes as it is.
    let hex = recorded.asked.body.strip_prefix(b"hex: ").map(|h| hex::decode(h).unwrap());
    if let Some(bytes) = hex {
        recorded.asked.body = bytes;
    }
    let expected = recorded.asked.clone();
    let answer = recorded.answer.clone();
    let url = serve(move |asked| {
        assert_eq!((&asked.method, &asked.path), (&expected.method, &expected.path));
        for (name, value) in &expected.params {
            assert_eq!(asked.params.get(name), Some(value), "{name}");
        }
        assert_eq!(asked.headers.get("x-scope-orgid"), expected.headers.get("x-scope-orgid"));
        if expected.method == "POST" {
            assert_eq!(asked.headers["content-type"], "application/json");
        }
        Some(answer.clone())
    })
    .await;
    let tenant = recorded.asked.headers.get("x-scope-orgid").cloned();
    (Loki::new(&LokiPlace { tenant, ..place(&url) }).unwrap(), recorded)
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Stored => "stored",
        Verdict::Refused { entries: None, .. } => "refused",
        Verdict::Refused { entries: Some(1), .. } => "refused 1",
        Verdict::Refused { .. } => "refused some",
        Verdict::Again(_) => "again",
        Verdict::Split { pause: true, .. } => "halves later",
        Verdict::Split { pause: false, .. } => "halves",
        Verdict::Stop(_) => "stop",
    }
}

/// What each captured push means, and a word of Loki's that is passed on.
const PUSHES: [(&str, &str, &str); 47] = [
    ("10-push-json", "stored", ""),
    ("11-push-json-gzip", "stored", ""),
    ("12-push-protobuf-snappy", "stored", ""),
    ("12b-push-protobuf-plain-rejected", "refused", "snappy"),
    ("40-no-labels", "stored", ""),
    ("41-bad-ts", "refused", "unmarshalerDecoder"),
    ("42-numeric-ts", "refused", ""),
    ("43-bad-json", "refused", ""),
    ("44-empty", "refused", "at least one valid stream"),
    ("45-no-content-type", "refused", "no media type"),
    ("45b-text-plain", "refused", "snappy"),
    ("46-bad-label-name", "refused", "couldn't parse labels"),
    ("47-sm-not-string", "refused", ""),
    ("48-sm-nested", "refused", ""),
    ("49-future", "refused", "too new"),
    ("49b-too-old", "refused", "too old"),
    ("49c-mixed", "refused", "too old"),
    ("49d-wrong-method", "stop", "404 page not found"),
    ("49e-sm-label-clash", "stored", ""),
    ("49f-dup", "refused some", "too far behind"),
    ("49h-good-line", "stored", ""),
    ("55-otlp-empty", "refused", "at least one valid stream"),
    ("60-no-tenant", "stop", "wants a tenant"),
    ("62-tenant-a", "stored", ""),
    ("62b-tenant-b", "stored", ""),
    ("64-bad-tenant", "stop", "unsupported character"),
    ("65-too-old", "refused", "too old"),
    ("66-too-new", "refused", "too new"),
    ("67-out-of-order-ok-within-1h", "stored", ""),
    ("68-too-far-behind", "refused 1", "too far behind"),
    ("69-line-too-long", "refused", "max entry size '2048'"),
    ("69b-line-too-long-mixed", "refused", "max entry size '2048'"),
    ("70-too-many-labels", "refused", "5 label names"),
    ("71-sm-too-many", "refused", "too many structured metadata"),
    ("71b-label-name-too-long", "refused", ""),
    ("71c-label-value-too-long", "refused", ""),
    ("72-stream-limit-0", "stored", ""),
    ("72-stream-limit-1", "stored", ""),
    ("72-stream-limit-2", "stored", ""),
    ("72-stream-limit-3", "stored", ""),
    ("72-stream-limit-4", "stored", ""),
    ("72-stream-limit-5", "stop", "waiting does not help"),
    ("73-ingestion-rate-429", "again", "52428 bytes/sec"),
    ("74-per-stream-rate-429", "again", "20KB/sec"),
    ("75-batch-bigger-than-burst", "halves later", "152000"),
    ("90-push-during-startup-2", "stored", ""),
    ("53-flush", "stored", ""),
];

#[tokio::test]
async fn pushes() {
    for (name, meaning, said) in PUSHES {
        let (loki, recorded) =
            if exchange(name).asked.path == "/loki/api/v1/push" && name != "49d-wrong-method" {
                replay(name).await
            } else {
                // Asked in another way than cpmg asks: only the answer is of interest.
                let recorded = exchange(name);
                let answer = recorded.answer.clone();
                (Loki::new(&place(&serve(move |_| Some(answer.clone())).await)).unwrap(), recorded)
            };
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&recorded.asked.body).unwrap();
        let verdict = judge(&loki.push(packed.finish().unwrap()).await);
        assert_eq!(word(&verdict), meaning, "{name}: {verdict:?}");
        assert!(format!("{verdict:?}").contains(said), "{name}: {verdict:?}");
    }
}

fn query(recorded: &Exchange) -> LokiQuery {
    let param = |name: &str| recorded.asked.params.get(name);
    let number = |name: &str| param(name).map_or(0, |p| p.parse().unwrap());
    LokiQuery {
        query: param("query").unwrap().clone(),
        start: number("start"),
        end: number("end"),
        limit: param("limit").map_or(100, |l| l.parse().unwrap()),
        forward: param("direction").is_some_and(|d| d == "forward"),
        step: param("step").map(|s| s.trim_end_matches('s').parse().unwrap()),
    }
}

/// Entries, lines of a matrix, and a word of the first entry's line.
const QUERIES: [(&str, usize, usize, &str); 17] = [
    ("20-qr-all", 5, 0, ""),
    ("21-qr-regexp", 1, 0, "No valid host"),
    ("22-qr-logfmt", 1, 0, "precheck"),
    ("23-qr-structured-metadata", 3, 0, "POST create server"),
    ("24-qr-line-filter", 2, 0, "Failed to bind port"),
    ("25-qr-metric", 0, 3, ""),
    ("26-qr-pattern", 1, 0, ""),
    ("27-qr-nohit", 0, 0, ""),
    ("28e-qr-pipeline-error", 5, 0, ""),
    ("28i-categorize", 5, 0, ""),
    ("28j-categorize-flag", 1, 0, "precheck"),
    ("49g-clash-query", 1, 0, ""),
    ("63-tenant-a-query", 1, 0, "line for a"),
    ("63b-tenant-b-query", 1, 0, "line for b"),
    ("81b-no-labels-query", 1, 0, ""),
    ("49i-dup", 0, 0, ""),
    ("91-persisted-after-restart", 1, 0, "No valid host"),
];

#[tokio::test]
async fn queries() {
    for (name, entries, series, line) in QUERIES {
        let (loki, recorded) = replay(name).await;
        let query = query(&recorded);
        let page = loki.page(&query).await.unwrap_or_else(|why| panic!("{name}: {why}"));
        let answer = page.answer;
        assert_eq!((answer.entries.len(), answer.series.len()), (entries, series), "{name}: {answer:?}");
        assert!(answer.entries.is_sorted_by(|a, b| if query.forward {
            a.time <= b.time
        } else {
            a.time >= b.time
        }));
        if let Some(first) = answer.entries.first() {
            assert!(first.line.contains(line), "{name}: {first:?}");
        }
        match name {
            "28e-qr-pipeline-error" => {
                assert!(answer.notes[0].contains("JSONParserErr"), "{:?}", answer.notes);
            }
            "28j-categorize-flag" => {
                let entry = &answer.entries[0];
                assert_eq!(
                    (entry.parsed["step"].as_str(), entry.metadata["detected_level"].as_str()),
                    ("precheck", "info")
                );
                assert!(!entry.labels.contains_key("step") && entry.labels["host"] == "ctl1");
            }
            "49g-clash-query" => assert_eq!(answer.entries[0].field("service_extracted"), Some("other")),
            "25-qr-metric" => assert!(answer.series.iter().all(|s| !s.points.is_empty())),
            // logfmt does not fit lines of oslo.log; they come all the same.
            "28i-categorize" => assert!(answer.notes.len() <= 1, "{:?}", answer.notes),
            _ => assert!(answer.notes.is_empty(), "{name}: {:?}", answer.notes),
        }
    }
}

/// Queries that are refused, and a word of why.
const REFUSALS: [(&str, &str); 13] = [
    ("28-qr-parse-error", "parse error at line 1"),
    ("28b-qr-empty-selector", "at least one regexp or equality matcher"),
    ("28c-qr-empty-matcher", "at least one regexp or equality matcher"),
    ("28d-qr-bad-regexp", ""),
    ("28f-qr-limit-too-big", "max entries limit"),
    ("28g-qr-too-long", "exceeds the limit"),
    ("28h-qr-end-before-start", "end timestamp must not be before"),
    ("61-no-tenant-query", "wants a tenant"),
    ("63c-multi-tenant-query", "multiple org IDs"),
    ("77-limit-over", "max entries limit"),
    ("78-range-too-long", "exceeds the limit"),
    ("51-tail-not-websocket", "Bad Request"),
    ("29b-instant-log-refused", ""),
];

#[tokio::test]
async fn refusals_are_text_and_come_through_in_words() {
    for (name, word) in REFUSALS {
        let recorded = exchange(name);
        let answer = recorded.answer.clone();
        let url = serve(move |_| Some(answer.clone())).await;
        let loki = Loki::new(&place(&url)).unwrap();
        let ask =
            LokiQuery { query: "{a=\"b\"}".into(), start: 1, end: 2, limit: 5, forward: false, step: None };
        let why = loki.page(&ask).await.unwrap_err();
        assert!(why.to_string().contains(word), "{name}: {why}");
        assert!(!why.heals(), "{name}");
        let why = loki.tail("{a=\"b\"}", 5, None).await.err().unwrap();
        assert!(why.to_string().contains(word), "{name}: {why}");
    }
}

#[tokio::test]
async fn labels_values_and_series() {
    let range = |e: &Exchange| {
        Some((e.asked.params["start"].parse().unwrap(), e.asked.params["end"].parse().unwrap()))
    };
    let (loki, e) = replay("30-labels").await;
    let labels = loki.labels(range(&e)).await.unwrap();
    assert!(labels.is_sorted() && labels.contains(&"service_name".to_owned()), "{labels:?}");
    let (loki, e) = replay("31-label-values").await;
    let label = e.asked.path.split('/').nth(5).unwrap().to_owned();
    assert!(!loki.values(&label, None, range(&e)).await.unwrap().is_empty());
    let (loki, e) = replay("31b-label-values-filtered").await;
    let label = e.asked.path.split('/').nth(5).unwrap().to_owned();
    let query = e.asked.params["query"].clone();
    assert!(!loki.values(&label, Some(&query), range(&e)).await.unwrap().is_empty());
    // No `data` at all.
    let (loki, e) = replay("31c-no-label").await;
    assert_eq!(loki.values("nosuch", None, range(&e)).await.unwrap(), Vec::<String>::new());
    assert!(matches!(loki.values("a/b", None, None).await, Err(LokiError::Refused { .. })));
    for name in ["32-series", "81-nolabels-stored"] {
        let (loki, e) = replay(name).await;
        let series = loki.series(&e.asked.params["match[]"].clone(), range(&e)).await.unwrap();
        assert!(series.iter().all(|s| s.contains_key("service_name")) && !series.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_version_is_told_only_where_the_tenant_is_right() {
    for (labels, good) in [("30-labels", true), ("61-no-tenant-query", false)] {
        let (info, labels) = (exchange("02-buildinfo").answer, exchange(labels).answer);
        let url = serve(move |asked| {
            Some(if asked.path.ends_with("buildinfo") { info.clone() } else { labels.clone() })
        })
        .await;
        match Loki::new(&place(&url)).unwrap().version().await {
            Ok(version) => assert_eq!((version.as_str(), good), ("3.7.6", true)),
            Err(why) => assert_eq!((why, good), (LokiError::NoTenant, false)),
        }
    }
}

/// Captured for the facts, and nothing that cpmg asks.
const NOT_ASKED: [&str; 13] = [
    "01-ready",
    "29-instant-metric",
    "33-index-stats",
    "34-volume",
    "35-detected-fields",
    "36-detected-labels",
    "37-patterns",
    "38-drilldown-limits",
    "39-format-query",
    "52-delete-disabled",
    "54-metrics",
    "79-drilldown-limits",
    "79b-config-tenant-limits",
];

#[test]
fn no_capture_is_left_out() {
    let mut known: BTreeSet<String> = [
        "02-buildinfo",
        "30-labels",
        "31-label-values",
        "31b-label-values-filtered",
        "31c-no-label",
        "32-series",
        "81-nolabels-stored",
    ]
    .into_iter()
    .chain(NOT_ASKED)
    .chain(PUSHES.iter().map(|p| p.0))
    .chain(QUERIES.iter().map(|q| q.0))
    .chain(REFUSALS.iter().map(|r| r.0))
    .map(|n| format!("{n}.http"))
    .collect();
    known.extend(
        ["50-tail-websocket.txt", "80-tail-tenant-plain.txt", "80b-tail-tenant-categorize.txt", "README.md"]
            .map(str::to_owned),
    );
    let there: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    let missing: Vec<_> = there.symmetric_difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
