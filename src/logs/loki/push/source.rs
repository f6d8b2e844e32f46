//! Where records to be pushed come from: the log store, seen through a keyhole.

/// A record of the log store, with what Loki gets of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushRecord {
    /// Its place in the store.
    pub cursor: u64,
    /// Microseconds since 1970, by the engine's clock; `None`: it tells no time.
    pub time: Option<i64>,
    /// The node.
    pub host: String,
    /// The program: name of the file or unit without its end.
    pub service: String,
    /// The record as it was collected, continuation lines included.
    pub text: String,
    /// Request id, level, instance …: names of Loki's rules (letters, digits, `_`) and values.
    pub metadata: Vec<(&'static str, String)>,
}

/// Some records in the order of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Those that are to be pushed.
    pub records: Vec<PushRecord>,
    /// The last record that was looked at, wanted or not; `None`: there is none after the place that was asked for.
    pub upto: Option<u64>,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Cursor of the oldest record.
    pub first: Option<u64>,
    /// Cursor of the newest record that ever was, kept or not; `None`: nothing came yet.
    pub last: Option<u64>,
}

/// What is after a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many records.
    pub records: u64,
    /// Time of the oldest, microseconds since 1970.
    pub oldest: Option<i64>,
}

/// A log store that is read from the beginning to the end, over and over. Calls may touch the disk: make them where that is allowed.
pub trait PushSource: Send + Sync + 'static {
    /// Records after `cursor` (`None`: from the first), at most so many, and of not much more than so many bytes; at least one if there is one.
    fn read_after(&self, cursor: Option<u64>, records: usize, bytes: usize) -> Result<Slice, String>;

    /// What it holds.
    fn span(&self) -> Result<Span, String>;

    /// Makes durable what was read: a place that is kept must not point behind what a power cut leaves.
    fn settle(&self) -> Result<(), String> {
        Ok(())
    }

    /// What is after `cursor`.
    fn behind(&self, cursor: Option<u64>) -> Result<Behind, String>;
}
