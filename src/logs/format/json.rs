//! Entries as JSON lines, with the keys that `cpmg logs parse` promises.
//!
//! `timestamp` is ISO 8601 with milliseconds: with `Z` where the moment is known, without a zone where the file does not tell
//! its zone and nobody gave it. Control characters, those of the second block (U+0080 to U+009F) and those that turn the direction of
//! text are escapes, so that nothing in a message acts on a terminal.

use super::{Entry, scan};
use crate::domain::text::acts_on_terminal;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// One entry as JSON; what is absent is null.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    line: u64,
    timestamp: Option<String>,
    pid: Option<u32>,
    level: Option<&'static str>,
    component: Option<&'a str>,
    request_id: Option<&'a str>,
    global_request_id: Option<&'a str>,
    user_id: Option<&'a str>,
    project_id: Option<&'a str>,
    domain: Option<&'a str>,
    user_domain: Option<&'a str>,
    project_domain: Option<&'a str>,
    instance: Option<&'a str>,
    message: &'a str,
    format: &'static str,
}

impl<'a> From<&'a Entry> for Row<'a> {
    fn from(entry: &'a Entry) -> Self {
        let r = &entry.record;
        Self {
            line: entry.line,
            timestamp: r.time.map(|t| timestamp(t, r.zone_known)),
            pid: r.pid,
            level: r.level.map(crate::domain::logs::Level::upper),
            component: r.component.as_deref(),
            request_id: r.request_id.as_deref(),
            global_request_id: r.global_request_id.as_deref(),
            user_id: r.user_id.as_deref(),
            project_id: r.project_id.as_deref(),
            domain: r.domain.as_deref(),
            user_domain: r.user_domain.as_deref(),
            project_domain: r.project_domain.as_deref(),
            instance: r.instance.as_deref(),
            message: &r.message,
            format: r.format.name(),
        }
    }
}

/// Writes an entry as one line.
pub fn write(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    Row::from(entry).serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// The compact form, with every character as an escape that a terminal could act on.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\u{7f}') {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts_on_terminal(*c)) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = after.get(c.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// A time in microseconds as `2026-03-01T07:02:09.123`, with `Z` when it is a moment.
pub fn timestamp(time: i64, zone_known: bool) -> String {
    let (year, month, day) = scan::date(time.div_euclid(scan::DAY));
    let millis = time.rem_euclid(scan::DAY) / 1000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let zone = if zone_known { "Z" } else { "" };
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}{zone}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
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
    use crate::logs::format::{Entries, Options};

    fn lines(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        for entry in Entries::new(bytes, Options::default()) {
            write(&mut out, &entry.unwrap()).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_key_is_there() {
        let line = "2026-03-01 07:02:09.123 4711 INFO a.b [None req-1 u p - - ud pd] text\n";
        assert_eq!(
            lines(line.as_bytes()),
            concat!(
                r#"{"line":1,"timestamp":"2026-03-01T07:02:09.123","pid":4711,"level":"INFO","component":"a.b","#,
                r#""request_id":"req-1","global_request_id":null,"user_id":"u","project_id":"p","domain":null,"#,
                r#""user_domain":"ud","project_domain":"pd","instance":null,"message":"text","format":"oslo"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn nothing_acts_on_a_terminal() {
        let out = lines("a \u{1b}[2J \u{9b}2J \u{7f} \u{202e}中\u{0}\n".as_bytes());
        assert!(out.contains(r"a \u001b[2J \u009b2J \u007f \u202e中\u0000"), "{out}");
        assert!(!out.chars().any(|c| acts_on_terminal(c) || (c.is_control() && c != '\n')));
        let back: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(back["message"], "a \u{1b}[2J \u{9b}2J \u{7f} \u{202e}中\u{0}");
    }

    #[test]
    fn timestamps() {
        assert_eq!(timestamp(1_772_348_529_123_999, true), "2026-03-01T07:02:09.123Z");
        assert_eq!(timestamp(0, false), "1970-01-01T00:00:00.000");
        assert_eq!(timestamp(-1, false), "1969-12-31T23:59:59.999");
    }
}
