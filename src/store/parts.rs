//! Large values in small parts.
//!
//! sled keeps about 17 records in a page, now and then several times as many until it splits it, and a page that does not
//! fit into a segment (512 KiB) goes into a file of its own, which sled never flushes. So a value above `INLINE` is cut
//! into parts in a table of their own, and its place only says how many there are. The first byte of every value in sled
//! says which of the two it is.

use std::fmt::Write as _;

/// Most bytes of a value, or of a part of one, in one sled record: 120 of them fit into a segment. At 14 KiB the test that
/// looks for such files found one now and then.
const INLINE: usize = 4 * 1024;

const WHOLE: u8 = 0;
const CUT: u8 = 1;

/// What stands at a value's own place.
pub(super) enum Place<'a> {
    /// The value.
    Whole(&'a [u8]),
    /// So many parts.
    Cut(u32),
}

/// Reads what stands at a value's own place; `None` if it is neither.
pub(super) fn place(bytes: &[u8]) -> Option<Place<'_>> {
    match bytes.split_first()? {
        (&WHOLE, value) => Some(Place::Whole(value)),
        (&CUT, count) => Some(Place::Cut(u32::from_be_bytes(*count.first_chunk::<4>()?))),
        _ => None,
    }
}

/// What to write at a value's own place, and its parts.
pub(super) fn cut(value: &[u8]) -> (Vec<u8>, Vec<&[u8]>) {
    if value.len() <= INLINE {
        let mut place = Vec::with_capacity(value.len() + 1);
        place.push(WHOLE);
        place.extend_from_slice(value);
        return (place, Vec::new());
    }
    let parts: Vec<&[u8]> = value.chunks(INLINE).collect();
    let mut place = vec![CUT];
    place.extend_from_slice(&u32::try_from(parts.len()).unwrap_or(u32::MAX).to_be_bytes());
    (place, parts)
}

/// The key of a part: table, key in hexadecimal, number.
pub(super) fn part_key(kind: super::Kind, key: &[u8], number: u32) -> Vec<u8> {
    let mut text = format!("{kind}/");
    for byte in key {
        let _ = write!(text, "{byte:02x}");
    }
    let _ = write!(text, "/{number:08x}");
    text.into_bytes()
}
