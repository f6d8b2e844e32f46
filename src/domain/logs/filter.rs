//! Which records somebody wants to see.
//!
//! The same filter serves the screens' `/`, the command line, saved views and searches. It has a text form
//! (`filter_text.rs`): `level>=warning node=ctl1 service=nova request=req-… since=1h "regex" !"not this"`.

use super::Level;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A moment in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// So many seconds before now, whenever it is asked.
    Ago(u64),
    /// Microseconds since 1970-01-01 UTC.
    At(i64),
}

impl When {
    /// Microseconds since 1970-01-01 UTC, for a `now` in the same.
    pub fn at(self, now: i64) -> i64 {
        match self {
            Self::Ago(seconds) => {
                now.saturating_sub(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000))
            }
            Self::At(at) => at,
        }
    }
}

/// A regular expression that a record's text must match, or must not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextMatch {
    /// In the syntax of the crate `regex`; small letters match large ones, too, if there is no large one in it.
    pub pattern: String,
    /// Records that match are left out.
    #[serde(default)]
    pub inverted: bool,
}

/// What a record must have. Everything that is given must hold; of a list any one. An empty filter takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct LogFilter {
    /// Not older than.
    pub from: Option<When>,
    /// Older than.
    pub to: Option<When>,
    /// This level and worse; records without a level are left out by anything above `info`.
    pub level: Option<Level>,
    /// Names of nodes.
    pub nodes: Vec<String>,
    /// Modules, units or names of files without `.log`.
    pub services: Vec<String>,
    /// Numbers of sources, as `LogSources` tells them.
    pub sources: Vec<u32>,
    /// Components (loggers) that begin so.
    pub components: Vec<String>,
    /// Request id, the service's own or the global one.
    pub request: Option<String>,
    /// Instance.
    pub instance: Option<String>,
    /// User id.
    pub user: Option<String>,
    /// Project id.
    pub project: Option<String>,
    /// Process.
    pub pid: Option<u32>,
    /// Regular expressions over the whole text of a record.
    pub text: Vec<TextMatch>,
    /// Installation output of this job only.
    pub job: Option<u64>,
    /// Of this step, as `nova/packages`.
    pub step: Option<String>,
    /// Of this attempt.
    pub attempt: Option<u32>,
}

impl LogFilter {
    /// Whether it takes every record.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether installation output is asked for instead of collected logs.
    pub fn is_of_a_job(&self) -> bool {
        self.job.is_some()
    }

    /// Whether it needs more of a record than its time, level and source.
    pub fn reads_text(&self) -> bool {
        !self.components.is_empty()
            || self.request.is_some()
            || self.instance.is_some()
            || self.user.is_some()
            || self.project.is_some()
            || self.pid.is_some()
            || !self.text.is_empty()
    }

    /// Whether a record of this level passes; `None`: it tells no level.
    pub fn takes_level(&self, level: Option<Level>) -> bool {
        self.level.is_none_or(|least| level.unwrap_or(Level::Info) >= least)
    }

    /// Whether a source passes: its number, its node's name, and all the words by which its service may be called.
    pub fn takes_source(&self, number: u32, node: &str, service: &[&str]) -> bool {
        let any = |wanted: &[String], has: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|w| has(w.as_str()))
        };
        (self.sources.is_empty() || self.sources.contains(&number))
            && any(&self.nodes, &|w| w == node)
            && any(&self.services, &|w| service.contains(&w))
    }
}

/// What is wrong with the text of a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("column {column}: {why}")]
pub struct FilterFault {
    /// Where, in characters, from 1.
    pub column: u32,
    /// What, in a sentence.
    pub why: String,
    /// The sentence in the message catalogue.
    #[serde(default)]
    pub key: String,
    /// Its arguments.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

impl FilterFault {
    /// A fault at a column, from 1.
    pub(super) fn new(column: u32, key: &str, args: &[(&str, &str)], why: impl Into<String>) -> Self {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { column, why: why.into(), key: key.to_owned(), args }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::filter_text::write(self))
    }
}

impl std::str::FromStr for LogFilter {
    type Err = FilterFault;
    fn from_str(text: &str) -> Result<Self, FilterFault> {
        super::filter_text::read(text)
    }
}
