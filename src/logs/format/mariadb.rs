//! MariaDB and `MySQL`: `2019-01-29 16:14:41 139996262553344 [Note] text` (the hour may be one digit, two spaces before it; the
//! number is a thread), `2019-01-29T16:14:41.123456Z 0 [Note] [MY-010116] [Server] text`, and `190129 16:14:41 [Note] text`.
//!
//! The component is the word before the first colon where it names a part of the server (`InnoDB`, `WSREP`).

use super::record::{FormatId, Record, text};
use super::scan;
use crate::domain::logs::Level;

/// Reads what follows the time: ` 139996262553344 [Note] text`.
pub fn read(time: i64, zone_known: bool, after: &[u8]) -> Option<Record<'_>> {
    let rest = after.strip_prefix(b" ")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = match digits {
        0 => rest,
        _ => rest.get(digits..)?.strip_prefix(b" ")?,
    };
    let inner = rest.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner.get(..inner.len().min(16))?)?;
    let level = Level::from_word(inner.get(..end)?)?;
    let rest = inner.get(end + 1..)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let component = [&b"InnoDB"[..], b"WSREP", b"Plugin"]
        .into_iter()
        .find(|name| rest.strip_prefix(*name).is_some_and(|r| matches!(r.first(), Some(b':' | b' '))));
    Some(Record {
        time: Some(time),
        zone_known,
        level: Some(level),
        component: component.map(text),
        message: text(rest),
        format: FormatId::MariaDb,
        ..Record::default()
    })
}

/// Reads `190129 16:14:41 [Note] text`, as `MySQL` and MariaDB up to 10.0 wrote it.
pub fn old(line: &[u8]) -> Option<Record<'_>> {
    let (date, rest) = line.split_first_chunk::<7>()?;
    let [y1, y2, m1, m2, d1, d2, b' '] = *date else { return None };
    let (clock, rest) = rest.split_first_chunk::<8>()?;
    let year = 2000 + i64::from(scan::decimal([y1, y2])?);
    let day = scan::days(year, scan::decimal([m1, m2])?, scan::decimal([d1, d2])?)?;
    read(day * scan::DAY + scan::clock(*clock)?, false, rest)
}
