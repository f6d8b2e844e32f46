//! libvirt: its daemons and the logs of domains.
//!
//! `2013-10-23 17:32:19.957+0000: 14069: error : virNetSocketReadWire:1137 : text` (the number is a thread; the component is function
//! and line), and in a domain's log `2026-11-20 23:21:30.652+0000: starting up libvirt version: …`, the command line of qemu in
//! bare lines after it, `2026-11-20T23:21:30.714Z qemu-system-x86_64: terminating on signal 15 …`, `libvirt:  error : text`.

use super::record::{FormatId, Record, field, text};
use super::scan;
use crate::domain::logs::Level;

/// Reads what follows the seconds: `.957+0000: …`.
pub fn read(time: i64, after: &[u8]) -> Option<Record<'_>> {
    let (micros, 3, rest) = scan::fraction(after)? else { return None };
    let (zone, rest) = scan::zone(rest)?;
    let rest = rest.strip_prefix(b": ")?;
    let mut record = Record {
        time: Some(time + micros - i64::from(zone) * scan::SECOND),
        zone_known: true,
        message: text(rest),
        format: FormatId::Qemu,
        ..Record::default()
    };
    let Some((thread, [b':', b' ', rest @ ..])) = scan::number(rest) else { return Some(record) };
    record.pid = Some(thread);
    record.format = FormatId::Libvirt;
    levelled(&mut record, rest);
    Some(record)
}

/// `error : virNetSocketReadWire:1137 : text`.
fn levelled<'a>(record: &mut Record<'a>, rest: &'a [u8]) {
    record.message = text(rest);
    let Some(at) = memchr::memmem::find(rest.get(..rest.len().min(16)).unwrap_or_default(), b" : ") else {
        return;
    };
    let (word, rest) = rest.split_at_checked(at).unwrap_or_default();
    let Some(level) = Level::from_word(word) else { return };
    let rest = rest.get(3..).unwrap_or_default();
    record.level = Some(level);
    record.message = text(rest);
    let near = rest.get(..rest.len().min(128)).unwrap_or_default();
    if let Some(at) = memchr::memmem::find(near, b" : ") {
        let (place, after) = rest.split_at_checked(at).unwrap_or_default();
        let numbered = memchr::memrchr(b':', place)
            .and_then(|colon| place.get(colon + 1..))
            .is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit));
        if numbered && !place.contains(&b' ') {
            record.component = field(place);
            record.message = text(after.get(3..).unwrap_or_default());
        }
    }
}

/// Reads `qemu-system-x86_64: text` behind a moment.
pub fn qemu(time: i64, rest: &[u8]) -> Option<Record<'_>> {
    if !(rest.starts_with(b"qemu") || rest.starts_with(b"kvm")) {
        return None;
    }
    let (program, rest) = scan::word(rest)?;
    let level = if rest.starts_with(b"warning: ") { Some(Level::Warning) } else { None };
    Some(Record {
        time: Some(time),
        zone_known: true,
        level,
        component: field(program.strip_suffix(b":")?),
        message: text(rest),
        format: FormatId::Qemu,
        ..Record::default()
    })
}

/// Reads `libvirt:  error : text`, which the helper that starts qemu writes without a time.
pub fn untimed(line: &[u8]) -> Option<Record<'_>> {
    let rest = line.strip_prefix(b"libvirt: ")?;
    let rest = rest.get(rest.iter().take_while(|b| **b == b' ').count()..)?;
    let mut record = Record { format: FormatId::Qemu, ..Record::default() };
    levelled(&mut record, rest);
    record.level.is_some().then_some(record)
}
