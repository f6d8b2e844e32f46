//! An environment's Loki as clients ask for it: settings, state of pushing, queries, completion, a live tail.
//!
//! Lines are as they came: whoever shows one makes it harmless first ([`crate::domain::text::harmless`]). A tail is polled: the
//! engine keeps what came since the last [`LokiAsk::TailNext`], bounded, and ends a tail that nobody asks after for a minute.

use crate::domain::ids::EnvId;
use crate::domain::loki::{LokiAnswer, LokiPlace, LokiQuery, LokiTail, LokiView};
use serde::{Deserialize, Serialize};

/// What clients may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LokiAsk {
    /// Settings and how far pushing is. Nothing is connected. Answer: `View`.
    Show {
        /// Of which environment.
        env: EnvId,
    },
    /// Sets where the server is and what it gets, or forgets it. An empty password keeps the one of the same address and user.
    /// Answer: `Set`.
    Set {
        /// Of which environment.
        env: EnvId,
        /// Where; `None` forgets.
        place: Option<Box<LokiPlace>>,
    },
    /// Switches pushing; switching it on again also ends a stop. Answer: `View`.
    Push {
        /// Of which environment.
        env: EnvId,
        /// On or off.
        on: bool,
    },
    /// Asks the server for its version and its labels. Answer: `Tested`.
    Test {
        /// Of which environment.
        env: EnvId,
    },
    /// A query over a time. Answer: `Query`.
    Query {
        /// Of which environment.
        env: EnvId,
        /// The query; [`crate::domain::loki::ENTRIES_MAX`] entries at most.
        query: LokiQuery,
    },
    /// Names of labels, of the last hours. Answer: `Names`.
    Labels {
        /// Of which environment.
        env: EnvId,
    },
    /// Values of a label, of the last hours; an unknown label has none. Answer: `Names`.
    Values {
        /// Of which environment.
        env: EnvId,
        /// Which label.
        label: String,
        /// Of streams that this selects, as `{job="openstack"}`.
        #[serde(default)]
        selector: Option<String>,
    },
    /// Begins to follow a log query. Answer: `Tailing`.
    TailOpen {
        /// Of which environment.
        env: EnvId,
        /// The query.
        query: String,
        /// Most entries of history.
        limit: u32,
        /// From when on history is wanted, nanoseconds since 1970.
        #[serde(default)]
        start: Option<i64>,
    },
    /// What came since; waits a second for something to come. Answer: `Tail`.
    TailNext {
        /// Of which tail.
        tail: u64,
    },
    /// Ends a tail. Answer: `Tail` with what was left.
    TailClose {
        /// Which.
        tail: u64,
    },
}

/// Answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LokiReply {
    /// Settings and state.
    View(Box<LokiView>),
    /// What was set.
    Set {
        /// Settings and state.
        view: Box<LokiView>,
        /// The server's version, if it answered.
        #[serde(default)]
        version: Option<String>,
        /// It did not answer just now, and why; the settings are kept.
        #[serde(default)]
        silent: Option<String>,
    },
    /// The server answered.
    Tested {
        /// Its version.
        version: String,
        /// Labels that it has.
        labels: Vec<String>,
    },
    /// An answer to a query.
    Query(Box<LokiAnswer>),
    /// Names or values of labels.
    Names(Vec<String>),
    /// Number of a tail.
    Tailing(u64),
    /// What a tail brought.
    Tail(Box<LokiTail>),
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
