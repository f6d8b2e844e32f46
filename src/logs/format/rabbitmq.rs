//! RabbitMQ: `2025-06-03 15:03:50.991730+00:00 [info] <0.1460.0> text` since 3.9, without an offset and with milliseconds in 3.8,
//! and the reports of the years before (`=INFO REPORT==== 29-Jan-2019::16:14:41 ===`, the text in the lines after it).
//!
//! The component is the Erlang process. Lines of one text either are bare or repeat time, level and process ([`same`]).

use super::record::{FormatId, Record, field, text};
use super::{calendar, scan};
use crate::domain::logs::Level;

/// Reads what follows the seconds: `.991730+00:00 [info] <0.1460.0> text`.
pub fn read(time: i64, after: &[u8]) -> Option<Record<'_>> {
    let (micros, digits, rest) = scan::fraction(after)?;
    let (zone, rest) = match (digits, scan::zone(rest)) {
        (_, Some((zone, rest))) => (Some(zone), rest),
        (3, None) => (None, rest),
        _ => return None,
    };
    let rest = rest.strip_prefix(b" [")?;
    let (level, rest) = rest.split_at_checked(memchr::memchr(b']', rest.get(..rest.len().min(16))?)?)?;
    let level = Level::from_word(level)?;
    let rest = rest.strip_prefix(b"] ")?;
    if rest.first() != Some(&b'<') {
        return None;
    }
    let (process, rest) = scan::word(rest)?;
    Some(Record {
        time: Some(time + micros - i64::from(zone.unwrap_or(0)) * scan::SECOND),
        zone_known: zone.is_some(),
        level: Some(level),
        component: field(process),
        message: text(rest),
        format: FormatId::RabbitMq,
        ..Record::default()
    })
}

/// Reads `=INFO REPORT==== 29-Jan-2019::16:14:41 ===`.
pub fn report(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"=")?;
    let (level, rest) = scan::word(rest)?;
    let level = Level::from_word(level)?;
    let rest = rest.strip_prefix(b"REPORT==== ")?;
    let (day, rest) = scan::number(rest)?;
    let (month, rest) = calendar::month(rest.strip_prefix(b"-")?)?;
    let (year, rest) = scan::number(rest.strip_prefix(b"-")?)?;
    if year > 9999 {
        return None;
    }
    let (clock, _) = rest.strip_prefix(b"::")?.split_first_chunk::<8>()?;
    Some(Record {
        time: Some(scan::days(i64::from(year), month, day)? * scan::DAY + scan::clock(*clock)?),
        level: Some(level),
        format: FormatId::RabbitMq,
        ..Record::default()
    })
}

/// A line repeats what the one before it had: they are one text. With milliseconds only, as in 3.8, equal times say nothing.
pub fn same(before: &Record<'_>, now: &Record<'_>) -> bool {
    now.zone_known
        && before.time == now.time
        && before.level == now.level
        && before.component == now.component
}
