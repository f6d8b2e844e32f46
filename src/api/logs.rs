//! Logs as clients ask for them: sources, windows, searches, histograms, one record, marks, views, collection.
//!
//! Rows are ordered by time (corrected by the clock offset of their node) and, within one file, by their place in it. A
//! [`LogRow::cursor`] is the record's name: it stays the same as long as the record is kept. Clients pull windows around a
//! cursor; [`super::Topic::Logs`] says that there is more. All texts are as they came from the nodes: whoever shows one makes
//! it harmless first ([`crate::domain::text::harmless`]).

use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::logs::LogFilter;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

mod records;

pub use records::{LogHistogram, LogHits, LogMark, LogNews, LogRecord, LogRow, LogView, LogWindow};

/// Most rows of one answer.
pub const ROWS_MAX: u32 = 500;
/// Most buckets of a histogram.
pub const BUCKETS_MAX: u32 = 500;
/// Most bytes of a row's message.
pub const MESSAGE_MAX: usize = 2_000;
/// Most bytes of the raw text of one record in an answer.
pub const RAW_MAX: usize = 256 * 1024;
/// Most characters of a mark's note, and of a view's name.
pub const NOTE_MAX: usize = 200;
/// Most marks, and most views, of an environment.
pub const MARKS_MAX: usize = 2_000;

/// A record's name within its environment: grows with arrival, never used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub u64);

/// What clients may ask about logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogAsk {
    /// Where records come from, and how collecting them goes. Answer: `Sources`.
    Sources {
        /// Of which environment.
        env: EnvId,
    },
    /// Rows around a place. Answer: `Window`.
    Window {
        /// Of which environment.
        env: EnvId,
        /// Which records.
        #[serde(default)]
        filter: LogFilter,
        /// Around what.
        at: LogAt,
        /// Rows before it.
        before: u32,
        /// Rows from it on, it included; with `before` at most [`ROWS_MAX`].
        after: u32,
    },
    /// The next rows that match a regular expression besides the filter. Answer: `Search`.
    Search {
        /// Of which environment.
        env: EnvId,
        /// Which records.
        #[serde(default)]
        filter: LogFilter,
        /// What to look for in their text.
        regex: String,
        /// From where; the record at the cursor itself is not looked at.
        from: LogAt,
        /// Towards older ones.
        #[serde(default)]
        backwards: bool,
        /// Most hits wanted.
        limit: u32,
        /// Milliseconds after which what was found so far is answered; 10 s at most.
        budget_ms: u32,
    },
    /// How many records of each level there are over a time. Answer: `Histogram`.
    Histogram {
        /// Of which environment.
        env: EnvId,
        /// Which records.
        #[serde(default)]
        filter: LogFilter,
        /// From, microseconds since 1970-01-01 UTC; `None`: the first record.
        #[serde(default)]
        from: Option<i64>,
        /// Up to; `None`: the last record.
        #[serde(default)]
        to: Option<i64>,
        /// Buckets, at most [`BUCKETS_MAX`].
        buckets: u32,
    },
    /// Everything about one record. Answer: `Record`.
    Record {
        /// Of which environment.
        env: EnvId,
        /// Which.
        cursor: Cursor,
    },
    /// The rows of one request, or about one instance, over all nodes in one order: those that carry its id, and those that
    /// name it in their text. Answer: `Window`; for the rows after it, ask with its `searched_to`, or else with the last row's cursor.
    Trace {
        /// Of which environment.
        env: EnvId,
        /// Of what.
        of: TraceOf,
        /// After this row.
        #[serde(default)]
        after: Option<Cursor>,
        /// From this moment on: `searched_to` of the answer before, when it had not looked through everything. Goes before `after`.
        #[serde(default)]
        from: Option<i64>,
    },
    /// What was marked. Answer: `Marks`.
    Marks {
        /// Of which environment.
        env: EnvId,
    },
    /// Marks a record, or changes its note. Answer: `Marks`.
    Mark {
        /// Of which environment.
        env: EnvId,
        /// Which record.
        cursor: Cursor,
        /// Why, may be empty; [`NOTE_MAX`] characters at most.
        #[serde(default)]
        note: String,
    },
    /// Takes a mark away. Answer: `Marks`.
    Unmark {
        /// Of which environment.
        env: EnvId,
        /// Which record.
        cursor: Cursor,
    },
    /// Saved filters and layouts. Answer: `Views`.
    Views {
        /// Of which environment.
        env: EnvId,
    },
    /// Saves a view; one of the same name is replaced. Answer: `Views`.
    ViewSave {
        /// Of which environment.
        env: EnvId,
        /// What.
        view: LogView,
    },
    /// Forgets a view. Answer: `Views`.
    ViewRemove {
        /// Of which environment.
        env: EnvId,
        /// Its name.
        name: String,
    },
    /// Switches the collection from an environment's nodes. Answer: `Sources`.
    Collect {
        /// Of which environment.
        env: EnvId,
        /// What is to be done.
        what: CollectChange,
    },
}

impl LogAsk {
    /// Whether it only looks through records: when nobody waits for the answer any more, it need not be found.
    pub fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::Window { .. }
                | Self::Search { .. }
                | Self::Histogram { .. }
                | Self::Record { .. }
                | Self::Trace { .. }
        )
    }
}

/// Around which place rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogAt {
    /// A record.
    Cursor(Cursor),
    /// A moment, microseconds since 1970-01-01 UTC: the first record that is not older.
    Time(i64),
    /// Before the first.
    Begin,
    /// After the last.
    End,
}

/// Whose rows a trace has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraceOf {
    /// A request, by its id (`req-…`), a service's own or a global one.
    Request(String),
    /// An instance, by its UUID.
    Instance(String),
}

/// What is to be done about collecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollectChange {
    /// Follow the nodes' logs from now on, and fetch those of the last hours.
    On {
        /// Hours before now; 0: only what comes.
        #[serde(default)]
        backfill_hours: u32,
    },
    /// Stop. What was collected stays.
    Off,
    /// Fetch the last hours as well; collecting must be on.
    Backfill {
        /// Hours before now.
        hours: u32,
    },
    /// How long and how much is kept.
    Keep {
        /// Days; 0: as long as there is room.
        days: u32,
        /// MiB on this machine; the oldest go first.
        mib: u32,
    },
}

/// Answers about logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogAnswer {
    /// Sources and how collecting goes.
    Sources(LogSources),
    /// Rows.
    Window(LogWindow),
    /// Hits.
    Search(LogHits),
    /// Counts.
    Histogram(LogHistogram),
    /// One record.
    Record(Box<LogRecord>),
    /// Marks, oldest record first.
    Marks(Vec<LogMark>),
    /// Views, by name.
    Views(Vec<LogView>),
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// What is collected in an environment, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSources {
    /// Collection is switched on.
    pub on: bool,
    /// Who switched it last.
    pub by: String,
    /// When.
    pub changed: Moment,
    /// Days that are kept; 0: as long as there is room.
    pub keep_days: u32,
    /// MiB that are kept.
    pub keep_mib: u32,
    /// Bytes on the disk, index included.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// First and last time, microseconds since 1970-01-01 UTC.
    pub span: Option<(i64, i64)>,
    /// Each node's connection.
    pub nodes: Vec<LogNode>,
    /// Sources.
    pub sources: Vec<LogSource>,
}

/// A node from which logs are collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogNode {
    /// Which.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// How it goes.
    pub state: CollectState,
    /// By how many milliseconds its clock is ahead of the engine's; the rows' times are corrected by it.
    #[serde(default)]
    pub clock_ms: i64,
    /// Seconds east of UTC of its local time.
    #[serde(default)]
    pub utc_offset: i32,
}

/// How collecting from a node or a source goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollectState {
    /// Not collected: it was never switched on, or was switched off.
    #[default]
    Off,
    /// The connection is being made.
    Connecting,
    /// Followed since.
    Following {
        /// Since when.
        since: Moment,
        /// Bytes on the node that are not here yet.
        #[serde(default)]
        behind: u64,
        /// Age of the oldest of them, seconds.
        #[serde(default)]
        behind_s: u64,
    },
    /// It does not go; tried again by itself.
    Failed {
        /// Why, in words.
        why: String,
        /// Since when.
        since: Moment,
    },
    /// Over: a rotated file that was read to its end, output of a job.
    Ended,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// Kinds of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// A file on a node, with its rotated predecessors.
    #[default]
    File,
    /// A unit's entries in a node's journal.
    Journal,
    /// What steps of a job printed on a node: asked for by `filter.job`.
    Job,
    /// Something this program does not know.
    #[serde(other)]
    Other,
}

/// Where records come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSource {
    /// Its number, for [`LogFilter::sources`]. That of a job's output is 0.
    pub id: u32,
    /// What it is.
    pub kind: SourceKind,
    /// On which node; `None` when it is not known any more.
    pub node: Option<NodeId>,
    /// Its name.
    pub node_name: String,
    /// Module, as `nova`.
    pub service: String,
    /// Path, unit, or `JOB`.
    pub path: String,
    /// The format of its lines, as `oslo`; empty as long as it is not known.
    pub format: String,
    /// How it goes.
    pub state: CollectState,
    /// Bytes of it that are kept.
    pub bytes: u64,
    /// Records of it that are kept.
    pub records: u64,
    /// Time of its last record, microseconds since 1970-01-01 UTC.
    pub last: Option<i64>,
    /// The job, for [`SourceKind::Job`].
    pub job: Option<JobId>,
}
