//! uwsgi: requests, and what the server says of itself, in one file with the oslo lines of the application.
//!
//! `[pid: 109496|app: 0|req: 18/22] 127.0.0.1 () {…} [Tue Aug 26 16:29:56 2025] POST /v3/auth/tokens => generated 0 bytes in 8
//! msecs (HTTP/1.0 500) …`. A last word that is a request id is what the caller sent along: `roles/modules/neutron` has Neutron's API
//! log it, which says nothing else about a request that goes well. Of its own lines only those are entries that begin as listed in [`SAYINGS`]; the rest (the lines of
//! its beginning, backtraces) belongs to the one before.

use super::record::{FormatId, Record, text};
use super::{apache, calendar, scan};
use crate::domain::logs::Level;

/// Reads a request.
pub fn request(line: &[u8]) -> Option<Record<'_>> {
    let (pid, rest) = scan::number(line.strip_prefix(b"[pid: ")?)?;
    let rest = rest.strip_prefix(b"|app: ")?;
    let near = rest.get(..rest.len().min(96))?;
    let rest = rest.get(memchr::memchr(b']', near)? + 1..)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let time = memchr::memmem::find(rest, b"} [")
        .and_then(|at| rest.get(at + 3..))
        .and_then(calendar::ctime)
        .map(|(time, _)| time);
    let status = memchr::memmem::rfind(rest, b"(HTTP/")
        .and_then(|at| rest.get(at..))
        .and_then(scan::word)
        .and_then(|(_, status)| scan::number(status));
    Some(Record {
        time,
        pid: Some(pid),
        level: status.and_then(|(status, _)| apache::level_of_status(status)).or(Some(Level::Info)),
        global_request_id: rest
            .trim_ascii_end()
            .rsplit(|b| *b == b' ')
            .next()
            .filter(|w| is_request(w))
            .map(text),
        message: text(rest),
        format: FormatId::Uwsgi,
        ..Record::default()
    })
}

/// `req-` and a UUID.
fn is_request(word: &[u8]) -> bool {
    word.len() == 40
        && word.strip_prefix(b"req-").is_some_and(|id| id.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-'))
}

/// How lines begin that the server itself writes, in the order they are tried.
const SAYINGS: [(&[u8], Level); 24] = [
    (b"*** backtrace of ", Level::Error),
    (b"*** no app loaded", Level::Error),
    (b"*** ", Level::Info),
    (b"!!! ", Level::Critical),
    (b"DAMN ! ", Level::Error),
    (b"spawned uWSGI ", Level::Info),
    (b"Respawned uWSGI ", Level::Warning),
    (b"WSGI app ", Level::Info),
    (b"unable to load app", Level::Error),
    (b"SIGINT/SIGTERM received", Level::Info),
    (b"SIGINT/SIGQUIT received", Level::Info),
    (b"gateway \"", Level::Info),
    (b"worker ", Level::Info),
    (b"VACUUM: ", Level::Info),
    (b"goodbye to uWSGI", Level::Info),
    (b"Gracefully killing worker", Level::Info),
    (b"...gracefully killing workers", Level::Info),
    (b"...brutally killing workers", Level::Warning),
    (b"binary reloading uWSGI", Level::Info),
    (b"chain reloading ", Level::Info),
    (b"[uWSGI] ", Level::Info),
    (b"[uwsgi", Level::Info),
    (b"uWSGI worker ", Level::Info),
    (b"The work of process ", Level::Info),
];

/// Reads a line that the server writes about itself: `*** Starting uWSGI …`, `Fri Nov 20 23:27:33 2026 - SIGPIPE: …`. `known`: the
/// file is known to be one of uwsgi.
pub fn saying(line: &[u8], known: bool) -> Option<Record<'_>> {
    let record = |time, level, rest| Record {
        time,
        level: Some(level),
        message: text(rest),
        format: FormatId::Uwsgi,
        ..Record::default()
    };
    if known && let Some((time, [b' ', b'-', b' ', rest @ ..])) = calendar::ctime(line) {
        let level = if rest.starts_with(b"***") { Level::Info } else { Level::Warning };
        return Some(record(Some(time), level, rest));
    }
    if let Some(rest) = line.strip_prefix(b"*** Starting uWSGI ") {
        let time = memchr::memmem::find(rest, b" on [")
            .and_then(|at| rest.get(at + 5..))
            .and_then(calendar::ctime)
            .map(|(time, _)| time);
        return Some(record(time, Level::Info, line));
    }
    if !known || line.starts_with(b"*** end of backtrace") {
        return None;
    }
    let (_, level) = SAYINGS.iter().find(|(beginning, _)| line.starts_with(beginning))?;
    Some(record(None, *level, line))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    /// As Neutron's API logs it on Debian 12, set up by our role.
    const ASKED: &str = "[pid: 6917|app: -|req: -/-] 10.77.1.13 (-) {38 vars in 886 bytes} [Sat Nov 21 23:18:12 2026] POST /v2.0/ports => \
        generated 829 bytes in 8131 msecs (HTTP/1.1 201) 4 headers in 157 bytes (1 switches on core 0)";

    #[test]
    fn the_callers_request_is_the_last_word() {
        let id = "req-d254a40f-dd6c-4624-a127-ad7306e8fe27";
        for (end, found) in [
            (format!(" {id}"), Some(id)),
            (format!(" {id}\r"), Some(id)),
            (" -".to_owned(), None),
            (String::new(), None),
            (" req-not-a-uuid".to_owned(), None),
        ] {
            let line = format!("{ASKED}{end}");
            let record = request(line.as_bytes()).unwrap();
            assert_eq!(record.global_request_id.as_deref(), found, "{line}");
            assert_eq!((record.pid, record.request_id), (Some(6917), None));
            assert!(record.time.is_some());
        }
    }
}
