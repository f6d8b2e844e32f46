//! Streams of an answer or a tail, as entries.
//!
//! With the flag `categorize-labels` each value has its structured metadata and parsed fields beside it. Without it (an old server, or a
//! proxy that drops the header) they are merged into the stream's labels, and nobody can tell them apart: then all of it is labels.
//! What is no text where a text belongs is skipped, and counted.

use crate::domain::loki::{LokiEntry, LokiSeries};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Entries of `result`, an array of streams, as they came; the number of those that were unreadable.
pub fn entries(result: &Value) -> (Vec<LokiEntry>, usize) {
    let mut all = Vec::new();
    let mut odd = 0;
    for stream in result.as_array().into_iter().flatten() {
        let labels = texts(stream.get("stream"));
        for value in stream.get("values").and_then(Value::as_array).into_iter().flatten() {
            match entry(value, &labels) {
                Some(entry) => all.push(entry),
                None => odd += 1,
            }
        }
    }
    (all, odd)
}

fn entry(value: &Value, labels: &BTreeMap<String, String>) -> Option<LokiEntry> {
    let parts = value.as_array()?;
    let time = parts.first()?.as_str()?.parse().ok()?;
    let line = parts.get(1)?.as_str()?.to_owned();
    let extra = parts.get(2);
    let of = |name: &str| texts(extra.and_then(|e| e.get(name)));
    Some(LokiEntry {
        time,
        line,
        labels: labels.clone(),
        metadata: of("structuredMetadata"),
        parsed: of("parsed"),
    })
}

/// Lines of a matrix or a vector.
pub fn series(result: &Value) -> Vec<LokiSeries> {
    let point = |p: &Value| {
        let p = p.as_array()?;
        // Seconds with a fraction, or whole ones.
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are far below 2^53")]
        let time = (p.first()?.as_f64()? * 1000.0).round() as i64;
        Some((time, p.get(1)?.as_str()?.to_owned()))
    };
    let line = |s: &Value| {
        let many = s.get("values").and_then(Value::as_array).into_iter().flatten();
        LokiSeries {
            labels: texts(s.get("metric")),
            points: many.chain(s.get("value")).filter_map(point).collect(),
        }
    };
    result.as_array().into_iter().flatten().map(line).collect()
}

/// An object's texts; other values as JSON writes them.
fn texts(object: Option<&Value>) -> BTreeMap<String, String> {
    let text = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), value)
    };
    object.and_then(Value::as_object).map(|o: &Map<_, _>| o.iter().map(text).collect()).unwrap_or_default()
}
