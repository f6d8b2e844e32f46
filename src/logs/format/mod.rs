//! From lines of log files to records with fields.
//!
//! | file | what it holds |
//! |---|---|
//! | `record` | [`Record`], the fields of one log entry; [`Line`], what a single line is |
//! | `parser` | [`Parser`], the state of one file: which entry a line belongs to, zone, year |
//! | `scan` | numbers, words and moments at the beginning of bytes |
//! | `calendar` | dates with names of months, dates without a year |
//! | `oslo` | OpenStack's own format |
//! | `wrapped` | entries in JSON: oslo.log's, journald's |
//! | `apache`, `libvirt`, `mariadb`, `ovs`, `rabbitmq`, `syslog`, `uwsgi` | the others |
//! | `entries` | [`Entries`], whole entries of a reader: lines joined, numbered, bounded |
//! | `json` | entries as JSON lines |
//! | `user` | [`Formats`], formats that are data |
//!
//! Two ways to use it: a store feeds lines to a [`Parser`] and keeps a small entry for each [`Line::Head`]; who wants whole
//! entries with their tracebacks iterates over [`Entries`]. Nothing is allocated for a line of the common formats that is
//! good UTF-8; the cost of any line is linear in its length.
//!
//! # Zones
//! Most formats write the local time of the machine without saying which. [`Options::offset`] says it. Without it the time is
//! kept as if it were UTC, [`Record::zone_known`] is false, and JSON shows it without a zone.

mod apache;
mod calendar;
mod entries;
pub mod json;
mod libvirt;
mod mariadb;
mod oslo;
mod ovs;
mod parser;
#[cfg(test)]
mod properties;
mod rabbitmq;
mod record;
#[cfg(test)]
mod samples;
mod scan;
mod syslog;
#[cfg(test)]
mod tests;
mod user;
mod uwsgi;
mod wrapped;

pub use entries::{Entries, Entry};
pub use parser::{Options, Parser};
pub use record::{FormatId, Line, Record, Text};
pub use user::{DataFault, Formats};
pub(super) use user::{Place, data_files, read_text};

/// Longest part of a line that is looked at, bytes; the rest is counted and left out.
pub const LINE_MAX: usize = 1 << 20;
