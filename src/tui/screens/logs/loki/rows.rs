//! Rows of the screen out of entries of Loki, and everything about one of them.
//!
//! Loki knows streams and labels, no nodes and services: which label tells them differs by shipper, so the usual names are
//! gone through in order.

use super::super::bars;
use super::super::stamps;
use crate::api::logs::{Cursor, LogRow, MESSAGE_MAX};
use crate::domain::logs::Level;
use crate::domain::loki::{LokiEntry, LokiSeries};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::widgets::dialog::Reading;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Labels that tell the node, the likeliest first.
const NODE: [&str; 6] = ["host", "hostname", "node", "node_name", "nodename", "instance"];
/// Labels that tell the service.
const SERVICE: [&str; 6] = ["service", "service_name", "unit", "app", "filename", "job"];
/// Labels that tell the level.
const LEVEL: [&str; 4] = ["level", "detected_level", "severity", "lvl"];
/// Columns of the names of fields.
const LABEL: usize = 18;
/// Columns of the little picture of a line of figures.
const PICTURE: usize = 40;

fn first(entry: &LokiEntry, names: &[&str]) -> Option<String> {
    names.iter().find_map(|n| entry.field(n)).filter(|v| !v.is_empty()).map(str::to_owned)
}

/// The level of an entry, as its shipper told it.
pub fn severity(entry: &LokiEntry) -> Option<Level> {
    first(entry, &LEVEL).and_then(|word| Level::from_word(word.to_ascii_uppercase().as_bytes()))
}

/// A name that is the same whenever the entry comes, and none that the collected logs have.
fn cursor(time: i64, line: &str, labels: &BTreeMap<String, String>) -> Cursor {
    let mut hash = DefaultHasher::new();
    (time, line, labels).hash(&mut hash);
    Cursor(hash.finish() | 1 << 63)
}

/// An entry as a row.
pub fn row(entry: &LokiEntry) -> LogRow {
    let line = entry.line.trim_end_matches(['\r', '\n']);
    let head = line.lines().next().unwrap_or_default();
    let uuid = |v: &str| v.len() == 36 && v.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    LogRow {
        cursor: cursor(entry.time, &entry.line, &entry.labels),
        time: entry.time.div_euclid(1_000),
        node: first(entry, &NODE).unwrap_or_default(),
        service: first(entry, &SERVICE).unwrap_or_default(),
        level: severity(entry),
        component: entry.field("component").map(str::to_owned),
        request_id: first(entry, &["request_id", "global_request_id"]),
        instance: first(entry, &["instance_id", "instance"]).filter(|v| uuid(v)),
        message: text::head(head, MESSAGE_MAX).to_owned(),
        lines: u32::try_from(line.lines().count()).unwrap_or(u32::MAX).max(1),
        ..LogRow::default()
    }
}

/// Labels as Loki writes them.
fn selector(labels: &BTreeMap<String, String>) -> String {
    let all: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
    format!("{{{}}}", all.join(", "))
}

/// A line of a metric query's answer as a row: what it is of, its course, its last value.
pub fn figures(series: &LokiSeries) -> LogRow {
    let values: Vec<f64> = series.points.iter().filter_map(|(_, v)| v.parse().ok()).collect();
    let most = values.iter().copied().fold(0.0_f64, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let of = |v: &f64| if most > 0.0 { (v.max(0.0) / most * 1_000.0) as u64 } else { 0 };
    let heights: Vec<u64> = values.iter().map(of).collect();
    let picture = if heights.is_empty() { String::new() } else { bars::bars(&heights, PICTURE) };
    let (time, last) = series.points.last().cloned().unwrap_or_default();
    let name = selector(&series.labels);
    LogRow {
        cursor: cursor(0, &name, &series.labels),
        time: time.saturating_mul(1_000),
        message: format!("{picture} {last} (≤ {most}) {name}"),
        lines: 1,
        ..LogRow::default()
    }
}

/// Everything about an entry, to be read: its time, labels, metadata, what the query found in it, its whole line.
pub fn details(cx: &Shared, row: &LogRow, entry: &LokiEntry) -> Reading {
    let mut lines: Vec<Text> = Vec::new();
    let mut field = |name: Text, value: &str| {
        lines.push(Text::Columns(vec![(name, LABEL), (Text::plain(value), 0)]));
    };
    let local = stamps::at(&cx.zone, row.time, "%Y-%m-%d %H:%M:%S%.6f %Z");
    let utc = stamps::at(&TimeZone::UTC, row.time, "%Y-%m-%d %H:%M:%S%.6f UTC");
    field(t!("logs-time"), &local);
    if local != utc {
        field(Text::plain(""), &utc);
    }
    for (title, fields) in [
        (t!("loki-labels"), &entry.labels),
        (t!("loki-metadata"), &entry.metadata),
        (t!("loki-parsed"), &entry.parsed),
    ] {
        if fields.is_empty() {
            continue;
        }
        lines.extend([Text::plain(""), title]);
        lines.extend(fields.iter().map(|(k, v)| Text::plain(format!("  {} {v}", text::left(k, LABEL - 2)))));
    }
    lines.push(Text::plain(""));
    lines.extend(entry.line.lines().map(Text::plain));
    Reading::new(t!("loki-entry-title"), lines)
}

/// The stream of an entry as a selector, and the line in which it stands.
pub fn stream(entry: &LokiEntry) -> String {
    selector(&entry.labels)
}
