//! Apache: access logs (common, combined, with the virtual host before it), error logs of 2.2 and 2.4, and the error log that
//! OpenStack's packages set up for keystone (`%{cu}t %M`: time with microseconds, then the text).
//!
//! What a WSGI application logs stands in the error log behind Apache's own prefix, often with a level of its own; that one
//! counts. An access log's text is the whole line: the client has no field.

use super::record::{FormatId, Record, field, text};
use super::{calendar, scan};
use crate::domain::logs::Level;

/// Reads `10.78.0.11 - - [20/Nov/2026:23:30:48 +0000] "GET / HTTP/1.1" 200 10121 …`.
pub fn access(line: &[u8]) -> Option<Record<'_>> {
    let near = line.get(..line.len().min(512))?;
    let at = memchr::memmem::find(near, b" [")?;
    let (time, rest) = calendar::common_log(line.get(at + 2..)?)?;
    let rest = rest.strip_prefix(b"] \"")?;
    // The status follows the request's closing quote; quotes within are written as \".
    let status =
        memchr::memmem::find(rest, b"\" ").and_then(|end| rest.get(end + 2..)).and_then(scan::number);
    Some(Record {
        time: Some(time),
        zone_known: true,
        level: status.and_then(|(status, _)| level_of_status(status)),
        message: text(line),
        format: FormatId::ApacheAccess,
        ..Record::default()
    })
}

/// What an HTTP status means for an operator: 5xx is an error, 4xx worth to be seen, else information.
pub fn level_of_status(status: u32) -> Option<Level> {
    match status {
        500..=599 => Some(Level::Error),
        400..=499 => Some(Level::Notice),
        100..=399 => Some(Level::Info),
        _ => None,
    }
}

/// An entry of the error log.
pub struct Found<'a> {
    /// The fields.
    pub record: Record<'a>,
    /// The text without `[client …]`, for what an application wrote into it.
    pub inner: &'a [u8],
    /// Process and thread as they stand in the line.
    pub thread: &'a [u8],
}

/// Reads `[Tue Mar 28 03:56:00.804140 2017] [core:notice] [pid 4343:tid 1399] [client 10.0.0.1:5] text`.
pub fn error(line: &[u8]) -> Option<Found<'_>> {
    let (time, rest) = calendar::ctime(line.strip_prefix(b"[")?)?;
    let rest = rest.strip_prefix(b"] ")?;
    let (what, rest) = bracket(rest)?;
    let (module, level) = match memchr::memchr(b':', what) {
        Some(at) => (what.get(..at)?, what.get(at + 1..)?),
        None => (&b""[..], what),
    };
    let level = Level::from_word(level)?;
    let (thread, pid, rest) = match bracket(rest) {
        Some((inner, after)) if inner.starts_with(b"pid ") => {
            (inner, inner.get(4..).and_then(scan::number).map(|(pid, _)| pid), after)
        }
        _ => (&b""[..], None, rest),
    };
    let inner = match bracket(rest) {
        Some((inner, after)) if inner.starts_with(b"client ") || inner.starts_with(b"remote ") => after,
        _ => rest,
    };
    let record = Record {
        time: Some(time),
        pid,
        level: Some(level),
        component: field(module),
        message: text(rest),
        format: FormatId::ApacheError,
        ..Record::default()
    };
    Some(Found { record, inner, thread })
}

/// The level that an application says itself in its text, which the server logs as an error whatever it is: `WARNING text`,
/// `WARNING:logger:text` as Python's own logging writes it, `/path/file.py:7: DeprecationWarning: text`.
pub fn said_level(inner: &[u8]) -> Option<Level> {
    let end = inner.iter().position(|b| !b.is_ascii_uppercase()).filter(|end| (4..=8).contains(end));
    if let Some((word, rest)) = end.and_then(|end| inner.split_at_checked(end))
        && matches!(rest.first(), Some(b' ' | b':'))
    {
        return Level::from_word(word);
    }
    let near = inner.get(..inner.len().min(300))?;
    let (_, after) = near.split_at_checked(memchr::memmem::find(near, b".py:")? + 4)?;
    let (_, after) = scan::number(after)?;
    let class = after.strip_prefix(b": ")?;
    let class = class.get(..memchr::memchr(b':', class)?)?;
    (class.ends_with(b"Warning") && class.iter().all(u8::is_ascii_alphanumeric)).then_some(Level::Warning)
}

/// Reads what follows the seconds of `2017-03-28 03:56:00.804140 text`.
pub fn keystone(time: i64, after: &[u8]) -> Option<Record<'_>> {
    let (micros, 6, [b' ', rest @ ..]) = scan::fraction(after)? else { return None };
    Some(Record {
        time: Some(time + micros),
        message: text(rest),
        format: FormatId::ApacheError,
        ..Record::default()
    })
}

/// `[inner] ` and what follows.
fn bracket(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = bytes.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner.get(..inner.len().min(128))?)?;
    let (inner, rest) = inner.split_at_checked(end)?;
    let rest = rest.get(1..)?;
    Some((inner, rest.strip_prefix(b" ").unwrap_or(rest)))
}
