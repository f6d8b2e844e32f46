//! Open vSwitch and OVN: `2022-02-10T16:14:03.004Z|00145|netdev(handler1)|WARN|text`. The sequence number has five or more digits; the
//! component is the module, its thread in parentheses.

use super::record::{FormatId, Record, field, text};
use crate::domain::logs::Level;

/// Reads what follows the moment: `|00145|netdev|WARN|text`.
pub fn read(time: i64, after: &[u8]) -> Option<Record<'_>> {
    let rest = after.strip_prefix(b"|")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits < 5 {
        return None;
    }
    let rest = rest.get(digits..)?.strip_prefix(b"|")?;
    let (module, rest) = rest.split_at_checked(memchr::memchr(b'|', rest)?)?;
    let rest = rest.get(1..)?;
    let (level, rest) = rest.split_at_checked(memchr::memchr(b'|', rest)?)?;
    let level = Level::from_word(level)?;
    Some(Record {
        time: Some(time),
        zone_known: true,
        level: Some(level),
        component: field(module),
        message: text(rest.get(1..)?),
        format: FormatId::OpenVSwitch,
        ..Record::default()
    })
}
