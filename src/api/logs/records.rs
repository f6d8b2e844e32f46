//! What clients see of records: rows, windows, hits, counts, single records, marks and views.

use super::{Cursor, LogAt};
use crate::api::rows::KnownError;
use crate::domain::logs::{Level, LogFilter};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// One record in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRow {
    /// Its name.
    pub cursor: Cursor,
    /// Microseconds since 1970-01-01 UTC, corrected by the node's clock offset.
    pub time: i64,
    /// It tells no time of its own: it is that of the record before it, or of its arrival.
    pub guessed: bool,
    /// Number of its source.
    pub source: u32,
    /// Name of the node.
    pub node: String,
    /// Module.
    pub service: String,
    /// Level.
    pub level: Option<Level>,
    /// Process.
    pub pid: Option<u32>,
    /// Logger, program, module within the service.
    pub component: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// First line of the message, at most [`super::MESSAGE_MAX`] bytes.
    pub message: String,
    /// Lines of the record.
    pub lines: u32,
    /// A finding of the catalog that fits.
    pub finding: Option<String>,
}

/// Rows around a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogWindow {
    /// Rows in order.
    pub rows: Vec<LogRow>,
    /// How many of the rows stand before the place that was asked for.
    pub before: u32,
    /// There is nothing before the first row.
    pub reaches_begin: bool,
    /// There is nothing after the last row.
    pub reaches_end: bool,
    /// About how many records stand before the first row, of all that the filter's times, levels and sources take.
    pub above: u64,
    /// About how many of these there are.
    pub total: u64,
    /// It took too long: what was looked through before this row's time is complete, and more may follow; ask on from there.
    pub searched_to: Option<i64>,
}

/// What a search found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogHits {
    /// Hits, nearest first.
    pub rows: Vec<LogRow>,
    /// `None`: everything in this direction was looked through. Else ask on with `from`: this place.
    pub searched_to: Option<LogAt>,
    /// Bytes of text that were looked through.
    pub bytes: u64,
}

/// Counts over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogHistogram {
    /// Begin of the first bucket, microseconds since 1970-01-01 UTC.
    pub from: i64,
    /// End of the last bucket.
    pub to: i64,
    /// Of each bucket a count per level, in the order of [`Level::ALL`], and last those without one.
    pub buckets: Vec<[u32; 8]>,
    /// Everything was counted; otherwise it took too long, and the counts are of a part (filters over texts).
    pub complete: bool,
}

/// Everything about one record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRecord {
    /// As in a list.
    pub row: LogRow,
    /// What is known about it, where a finding of the catalog fits.
    pub known: Option<KnownError>,
    /// Its text as it came, continuation lines and traceback included, at most [`super::RAW_MAX`] bytes.
    #[serde(with = "crate::api::bytes")]
    pub raw: Vec<u8>,
    /// Bytes that it has.
    pub len: u64,
    /// The whole message with joined continuation lines.
    pub message: String,
    /// Global request id.
    pub global_request_id: Option<String>,
    /// User id.
    pub user_id: Option<String>,
    /// Project id.
    pub project_id: Option<String>,
    /// Domain id.
    pub domain: Option<String>,
    /// Domain of the user.
    pub user_domain: Option<String>,
    /// Domain of the project.
    pub project_domain: Option<String>,
    /// Format.
    pub format: String,
    /// File or unit on the node.
    pub path: String,
    /// Byte offset in that file at which it stood.
    pub offset: u64,
    /// When it came here.
    pub arrived: Moment,
}

/// A record that somebody marked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogMark {
    /// Which record.
    pub cursor: Cursor,
    /// Its time.
    pub time: i64,
    /// Why.
    pub note: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// The row; `None` when the record is not kept any more.
    pub row: Option<LogRow>,
}

/// A saved way to look at logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogView {
    /// Name.
    pub name: String,
    /// Filters, one for each pane.
    pub panes: Vec<LogFilter>,
    /// What else the screen wants to remember; not looked into here, 4 KiB at most.
    pub layout: String,
    /// Who saved it.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// There is more: the row of [`crate::api::Topic::Logs`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogNews {
    /// The newest record.
    pub last: Cursor,
    /// Records that are kept.
    pub records: u64,
    /// Time of the newest, microseconds since 1970-01-01 UTC.
    pub time: i64,
    /// Grows when sources, marks, views or switches change.
    pub version: u64,
}
