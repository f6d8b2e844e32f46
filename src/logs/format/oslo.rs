//! oslo.log, the format of OpenStack's services.
//!
//! `2026-03-01 07:02:09.123 4711 INFO nova.compute.manager [CONTEXT] [instance: UUID] text`, in local time. The context is told
//! by the number of its words, because releases and distributions differ in what they put before the request id:
//!
//! | words | meaning |
//! |---|---|
//! | 1 | `-`, or a request id |
//! | 4, the second a request | global request, request, project's name, user's name (devstack) |
//! | 6 | request, user, project, domain, user domain, project domain (before oslo.log 4.8) |
//! | 7 | as 6 with a global request before it, or as 8 without one |
//! | 8 | global request, request, user, project, domain, system scope, user domain, project domain |
//!
//! Lines of a traceback repeat time, process and logger, say ERROR or TRACE whatever the entry's level is, and have no context:
//! [`Head::traceback`]. The parser compares them with the entry before.

use super::record::{FormatId, Record, field, text};
use super::scan;
use crate::domain::logs::Level;

/// The fixed part of a line; [`Head::record`] reads the rest.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The local time; None where something else has written it.
    pub time: Option<i64>,
    /// Process.
    pub pid: Option<u32>,
    level: Level,
    /// The logger's name as it stands in the line.
    pub logger: &'a [u8],
    /// What follows the logger and a space.
    rest: &'a [u8],
}

/// Reads what follows the seconds: `.123 4711 INFO logger …`. `time` is the moment of those seconds.
pub fn read(time: i64, after: &[u8]) -> Option<Head<'_>> {
    let [b'.' | b',', f1, f2, f3, b' ', rest @ ..] = after else { return None };
    let millis = scan::decimal([*f1, *f2, *f3])?;
    let (pid, rest) = match scan::number(rest) {
        Some((pid, [b' ', rest @ ..])) => (Some(pid), rest),
        Some(_) => return None,
        // devstack leaves the process out.
        None => (None, rest),
    };
    let mut head = tail(rest)?;
    head.time = Some(time + i64::from(millis) * 1000);
    head.pid = pid;
    Some(head)
}

/// Reads `INFO logger …`: what is left where something else, journald for one, has written time and process.
pub fn tail(line: &[u8]) -> Option<Head<'_>> {
    let (level, rest) = level(line)?;
    let (logger, rest) = scan::word(rest)?;
    Some(Head { time: None, pid: None, level, logger, rest })
}

impl<'a> Head<'a> {
    /// The text of a line that could belong to a traceback: ERROR or TRACE without a context.
    pub fn traceback(&self) -> Option<&'a [u8]> {
        if !matches!(self.level, Level::Error | Level::Trace) {
            return None;
        }
        match self.rest {
            [b'[', ..] => {
                let mut record = Record::default();
                if context(&mut record, self.rest).is_some() {
                    return None;
                }
                Some(instance(&mut record, self.rest))
            }
            rest => Some(rest),
        }
    }

    /// All fields.
    pub fn record(self) -> Record<'a> {
        let mut record = Record {
            time: self.time,
            pid: self.pid,
            level: Some(self.level),
            component: field(self.logger),
            format: FormatId::Oslo,
            ..Record::default()
        };
        let rest = context(&mut record, self.rest).unwrap_or(self.rest);
        let rest = instance(&mut record, rest);
        record.message = text(without_colour(rest));
        record
    }
}

/// A line without the sequence that ends a colour, which services under uwsgi write after each line.
pub fn without_colour(line: &[u8]) -> &[u8] {
    let [.., b'm'] = line else { return line };
    [&b"\x1b[00m"[..], b"\x1b[0m", b"\x1b[m"].iter().find_map(|end| line.strip_suffix(*end)).unwrap_or(line)
}

/// The level and what follows it and a space.
fn level(line: &[u8]) -> Option<(Level, &[u8])> {
    Some(match line {
        [b'I', b'N', b'F', b'O', b' ', rest @ ..] | [b'A', b'U', b'D', b'I', b'T', b' ', rest @ ..] => {
            (Level::Info, rest)
        }
        [b'E', b'R', b'R', b'O', b'R', b' ', rest @ ..] => (Level::Error, rest),
        [b'D', b'E', b'B', b'U', b'G', b' ', rest @ ..] => (Level::Debug, rest),
        [b'W', b'A', b'R', b'N', b'I', b'N', b'G', b' ', rest @ ..]
        | [b'W', b'A', b'R', b'N', b' ', rest @ ..] => (Level::Warning, rest),
        [b'C', b'R', b'I', b'T', b'I', b'C', b'A', b'L', b' ', rest @ ..]
        | [b'F', b'A', b'T', b'A', b'L', b' ', rest @ ..] => (Level::Critical, rest),
        [b'T', b'R', b'A', b'C', b'E', b' ', rest @ ..] => (Level::Trace, rest),
        _ => return None,
    })
}

/// Reads `[CONTEXT] ` and gives what follows; None when there is no context, as in a traceback or `[SQL: …]`.
fn context<'a>(record: &mut Record<'a>, rest: &'a [u8]) -> Option<&'a [u8]> {
    let [b'[', inner @ ..] = rest else { return None };
    let end = memchr::memchr(b']', inner)?;
    let (inner, after) = inner.split_at_checked(end)?;
    let ([b']', b' ', after @ ..] | [b']', after @ ..]) = after else { return None };
    if inner == b"-" {
        return Some(after);
    }
    let mut words = [&b""[..]; 9];
    let mut count = 0;
    for word in inner.split(|b| *b == b' ').filter(|w| !w.is_empty()) {
        *words.get_mut(count)? = word;
        count += 1;
    }
    let words = words.get(..count)?;
    // Which of the first two words is the request; None or `-` may stand for either.
    let second = matches!(words, [global, request, ..] if is_request(request) && is_identity(global));
    match *words {
        [] => {}
        [one] if is_absent(one) => {}
        [global, request, project, user] if second || (global == b"None" && is_absent(request)) => {
            assign(record, global, &[request, user, project]);
        }
        [global, request, user, project, domain, _, user_domain, project_domain]
            if is_identity(global) && is_identity(request) =>
        {
            assign(record, global, &[request, user, project, domain, user_domain, project_domain]);
        }
        [request, user, project, domain, _, user_domain, project_domain]
            if !second && is_identity(request) =>
        {
            assign(record, b"", &[request, user, project, domain, user_domain, project_domain]);
        }
        [global, ref others @ ..] if second => assign(record, global, others),
        [request, ..] if is_request(request) => assign(record, b"", words),
        [request, _, _, _, _, _] if is_absent(request) => assign(record, b"", words),
        _ => return None,
    }
    Some(after)
}

/// Request, user, project, domain, user domain, project domain; there may be fewer.
fn assign<'a>(record: &mut Record<'a>, global: &'a [u8], fields: &[&'a [u8]]) {
    let mut fields = fields.iter().copied().map(field);
    let mut next = || fields.next().flatten();
    record.global_request_id = field(global);
    record.request_id = next();
    record.user_id = next();
    record.project_id = next();
    record.domain = next();
    record.user_domain = next();
    record.project_domain = next();
}

fn is_request(word: &[u8]) -> bool {
    word.starts_with(b"req-")
}

fn is_absent(word: &[u8]) -> bool {
    matches!(word, b"-" | b"None")
}

fn is_identity(word: &[u8]) -> bool {
    is_request(word) || is_absent(word)
}

/// Reads `[instance: UUID] ` at the beginning of a message and gives what follows.
pub fn instance<'a>(record: &mut Record<'a>, message: &'a [u8]) -> &'a [u8] {
    let Some(inner) = message.strip_prefix(b"[instance: ") else { return message };
    match scan::uuid(inner) {
        Some((uuid, [b']', b' ', rest @ ..] | [b']', rest @ ..])) => {
            record.instance = Some(text(uuid));
            rest
        }
        _ => message,
    }
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

    /// The fields in order: level, logger, global request, request, user, project, domain, user domain, project domain,
    /// instance, message.
    fn fields(line: &str) -> Vec<String> {
        let r = tail(line.as_bytes()).unwrap_or_else(|| panic!("{line}")).record();
        let show = |t: Option<super::super::Text<'_>>| {
            t.map_or_else(|| "·".to_owned(), std::borrow::Cow::into_owned)
        };
        vec![
            r.level.unwrap().upper().to_owned(),
            show(r.component),
            show(r.global_request_id),
            show(r.request_id),
            show(r.user_id),
            show(r.project_id),
            show(r.domain),
            show(r.user_domain),
            show(r.project_domain),
            show(r.instance),
            r.message.into_owned(),
        ]
    }

    #[test]
    fn the_shapes_of_the_context() {
        let uuid = "cb9aada2-b2e1-4930-94df-a4e3169b62f2";
        for (line, want) in [
            ("INFO a.b [-] text", "INFO|a.b|·|·|·|·|·|·|·|·|text"),
            ("INFO a.b [None] text", "INFO|a.b|·|·|·|·|·|·|·|·|text"),
            ("INFO a.b [req-1] text", "INFO|a.b|·|req-1|·|·|·|·|·|·|text"),
            ("INFO a.b [req-1 u p - - -] text", "INFO|a.b|·|req-1|u|p|·|·|·|·|text"),
            ("INFO a.b [req-1 u p d ud pd] text", "INFO|a.b|·|req-1|u|p|d|ud|pd|·|text"),
            ("INFO a.b [- - - - - -] text", "INFO|a.b|·|·|·|·|·|·|·|·|text"),
            ("INFO a.b [req-0 req-1 u p d s ud pd] text", "INFO|a.b|req-0|req-1|u|p|d|ud|pd|·|text"),
            (
                "INFO a.b [None req-1 u p - - default default] text",
                "INFO|a.b|·|req-1|u|p|·|default|default|·|text",
            ),
            ("INFO a.b [None - - - - - - -] text", "INFO|a.b|·|·|·|·|·|·|·|·|text"),
            ("INFO a.b [None req-1 demo admin] text", "INFO|a.b|·|req-1|admin|demo|·|·|·|·|text"),
            ("INFO a.b [req-0 req-1 demo admin] text", "INFO|a.b|req-0|req-1|admin|demo|·|·|·|·|text"),
            ("INFO a.b [req-0 req-1 u p d ud pd] text", "INFO|a.b|req-0|req-1|u|p|d|ud|pd|·|text"),
            ("INFO a.b [req-1 u p d s ud pd] text", "INFO|a.b|·|req-1|u|p|d|ud|pd|·|text"),
            ("INFO a.b [req-1 None] text", "INFO|a.b|·|req-1|·|·|·|·|·|·|text"),
            ("WARNING a.b no context", "WARNING|a.b|·|·|·|·|·|·|·|·|no context"),
            ("INFO a.b [SQL: SELECT 1]", "INFO|a.b|·|·|·|·|·|·|·|·|[SQL: SELECT 1]"),
            ("AUDIT a.b [-]", "INFO|a.b|·|·|·|·|·|·|·|·|"),
            ("ERROR a.b", "ERROR|a.b|·|·|·|·|·|·|·|·|"),
            ("ERROR a.b   File", "ERROR|a.b|·|·|·|·|·|·|·|·|  File"),
            ("INFO a.b [-] [55caa478] x", "INFO|a.b|·|·|·|·|·|·|·|·|[55caa478] x"),
            ("INFO a.b [unclosed", "INFO|a.b|·|·|·|·|·|·|·|·|[unclosed"),
        ] {
            assert_eq!(fields(line).join("|"), want, "{line}");
        }
        assert_eq!(fields(&format!("INFO a [-] [instance: {uuid}] up"))[9..], [uuid, "up"]);
        assert_eq!(fields(&format!("ERROR a [instance: {uuid}] Traceback"))[9..], [uuid, "Traceback"]);
        assert_eq!(fields("INFO a [-] [instance: none] up")[9..], ["·", "[instance: none] up"]);
        assert_eq!(fields(&format!("INFO a [-] see [instance: {uuid}]"))[9], "·");
    }

    #[test]
    fn what_may_belong_to_a_traceback() {
        let bare = |line: &str| tail(line.as_bytes()).unwrap().traceback().is_some();
        assert!(bare("ERROR a.b Traceback (most recent call last):"));
        assert!(bare("TRACE a.b "));
        assert!(bare("ERROR a.b [SQL: SELECT 1]"));
        assert!(!bare("ERROR a.b [-] text"));
        assert!(!bare("INFO a.b text"));
        assert!(tail(b"info a.b text").is_none());
    }

    #[test]
    fn the_time_and_the_process() {
        let found = read(5_000_000, b".811 20368 INFO a [-] x").unwrap();
        assert_eq!((found.time, found.pid), (Some(5_811_000), Some(20368)));
        assert_eq!(read(0, b".811 INFO a [-] x").unwrap().pid, None);
        assert!(read(0, b".811123 1 INFO a [-] x").is_none());
        assert!(read(0, b".811 99999999999 INFO a [-] x").is_none());
    }
}
