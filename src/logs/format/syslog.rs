//! syslog and journald's text forms: `Feb 10 16:09:23 host program[pid]: text`, without a year, and the same behind a date as
//! ISO 8601 (`2026-11-20T22:45:16+0000`), as a whole date (`Fri 2026-11-20 22:45:16 UTC`), as seconds since 1970
//! (`1763678716.123456`) or since the start of the machine (`[    5.123456]`: no time).
//!
//! The component is the program. syslog does not write severities; what a program writes into its text does: the fields of an
//! entry of oslo.log or MariaDB within it are taken ([`inner`]), so are `[WARNING]` of haproxy and `warning:` of dnsmasq.

use super::record::{FormatId, Record, field, text};
use super::{calendar, mariadb, oslo, scan};
use crate::domain::logs::Level;

/// Reads `Feb 10 16:09:23 host program[pid]: text`, perhaps behind `<30>`. `reference`: a moment (local time) that the file
/// is not much younger than, for the year.
pub fn read(line: &[u8], reference: Option<i64>) -> Option<Record<'_>> {
    let (level, line) = match line.strip_prefix(b"<") {
        Some(rest) => {
            let (priority, rest) = scan::number(rest)?;
            (Level::from_syslog(u8::try_from(priority % 8).ok()?), rest.strip_prefix(b">")?)
        }
        None => (None, line),
    };
    let ((month, day, clock), rest) = calendar::month_day_clock(line)?;
    let time = match reference {
        Some(reference) => calendar::nearest(reference, month, day, clock),
        None => None,
    };
    tagged(Record { time, level, ..Record::default() }, rest.strip_prefix(b" ")?)
}

/// Reads what follows the seconds of an ISO time: `+0000 host program[pid]: text`, `.123456+00:00 host …`.
pub fn iso(time: i64, after: &[u8]) -> Option<Record<'_>> {
    let (micros, rest) = match scan::fraction(after) {
        Some((micros, _, rest)) => (micros, rest),
        None => (0, after),
    };
    let (zone, rest) = scan::zone(rest)?;
    let time = time + micros - i64::from(zone) * scan::SECOND;
    tagged(Record { time: Some(time), zone_known: true, ..Record::default() }, rest.strip_prefix(b" ")?)
}

/// Reads `Fri 2026-11-20 22:45:16 UTC host program[pid]: text`.
pub fn full(line: &[u8]) -> Option<Record<'_>> {
    let (time, b' ', rest) = scan::stamp(calendar::weekday(line)?)? else { return None };
    let (micros, rest) = match scan::fraction(rest) {
        Some((micros, _, rest)) => (micros, rest),
        None => (0, rest),
    };
    let (zone, rest) = scan::word(rest.strip_prefix(b" ")?)?;
    let known = match zone {
        b"UTC" | b"GMT" => Some(0),
        _ => scan::zone(zone).map(|(seconds, _)| seconds),
    };
    let time = time + micros - i64::from(known.unwrap_or(0)) * scan::SECOND;
    tagged(Record { time: Some(time), zone_known: known.is_some(), ..Record::default() }, rest)
}

/// Reads `1763678716.123456 host program[pid]: text`.
pub fn unix(line: &[u8]) -> Option<Record<'_>> {
    let (seconds, rest) = scan::number(line)?;
    let (micros, 6, [b' ', rest @ ..]) = scan::fraction(rest)? else { return None };
    // Not an address of four numbers: nine digits of seconds are 1973.
    if seconds < 100_000_000 {
        return None;
    }
    let time = i64::from(seconds) * scan::SECOND + micros;
    tagged(Record { time: Some(time), zone_known: true, ..Record::default() }, rest)
}

/// Reads `[    5.123456] host program[pid]: text`.
pub fn monotonic(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"[")?;
    let rest = rest.get(rest.iter().take_while(|b| **b == b' ').count()..)?;
    let (_, rest) = scan::number(rest)?;
    let (_, 6, rest) = scan::fraction(rest)? else { return None };
    tagged(Record::default(), rest.strip_prefix(b"] ")?)
}

/// What journald says between entries: `-- Boot 4e… --`, `-- Journal begins at …`.
pub fn note(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"-- ")?;
    let known = [&b"Boot "[..], b"Reboot", b"Journal begins", b"Logs begin", b"No entries"];
    known.iter().any(|k| rest.starts_with(k)).then(|| Record {
        message: text(line),
        format: FormatId::Syslog,
        ..Record::default()
    })
}

/// Reads `host program[pid]: text`, or the same without a host, as dnsmasq writes it into a file of its own.
fn tagged<'a>(mut record: Record<'a>, rest: &'a [u8]) -> Option<Record<'a>> {
    record.format = FormatId::Syslog;
    let (first, after) = scan::word(rest)?;
    let (tag, message) = match first.strip_suffix(b":") {
        Some(tag) if !tag.is_empty() => (tag, after),
        _ => {
            // The program's name may hold spaces, as `(sd-pam)` does not; it ends with a colon.
            let near = after.get(..after.len().min(128))?;
            let end =
                memchr::memmem::find(near, b": ").or_else(|| near.strip_suffix(b":").map(<[u8]>::len))?;
            let message = after.get(end + 1..)?;
            (after.get(..end)?, message.strip_prefix(b" ").unwrap_or(message))
        }
    };
    let tag = match tag.strip_suffix(b"]").and_then(|t| Some((t, memchr::memrchr(b'[', t)?))) {
        Some((inner, at)) => {
            record.pid = inner.get(at + 1..).and_then(scan::number).map(|(pid, _)| pid);
            inner.get(..at)?
        }
        None => tag,
    };
    record.component = field(tag);
    inner(&mut record, message);
    Some(record)
}

/// Takes the fields that a program wrote into its text.
pub fn inner<'a>(record: &mut Record<'a>, message: &'a [u8]) {
    let format = record.format;
    record.message = text(message);
    if let Some((at, b' ' | b'T', rest)) = scan::stamp(message) {
        if let Some(found) = oslo::read(at, rest) {
            merge(record, found.record());
        } else if let Some(found) = mariadb::read(at, false, rest) {
            record.level = found.level.or(record.level);
            record.message = found.message;
        }
    } else if let Some(found) =
        oslo::tail(message).filter(|f| dotted(f.logger) || f.record().request_id.is_some())
    {
        merge(record, found.record());
    } else if record.level.is_none() {
        record.level = beginning(message);
    }
    if record.instance.is_none() {
        let rest = oslo::instance(record, message);
        if record.instance.is_some() {
            record.message = text(rest);
        }
    }
    record.format = format;
}

/// The names of loggers are dotted; a sentence's second word is not.
fn dotted(logger: &[u8]) -> bool {
    memchr::memchr(b'.', logger).is_some_and(|at| at > 0 && at + 1 < logger.len())
}

/// The outer time counts, it has a zone or more digits; everything else is what the program says.
fn merge<'a>(outer: &mut Record<'a>, found: Record<'a>) {
    *outer = Record {
        time: outer.time.or(found.time),
        zone_known: outer.zone_known,
        pid: found.pid.or(outer.pid),
        ..found
    };
}

/// The level that a text begins with: `[WARNING]  (…)`, `warning: …`.
fn beginning(message: &[u8]) -> Option<Level> {
    let near = message.get(..message.len().min(12))?;
    let word = match near {
        [b'[', rest @ ..] => rest.get(..memchr::memchr(b']', rest)?)?,
        _ => near.get(..memchr::memchr(b':', near)?)?,
    };
    Level::from_word(word)
}
