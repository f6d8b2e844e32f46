//! Frames of a segment's data file: bytes of a followed file together with where in that file they stood.
//!
//! A frame is written with one call and carries a checksum. So after a crash the data file is read to the last whole frame, and
//! what is whole says by itself up to where every file was collected: data and position cannot disagree.
//!
//! Layout, little endian: magic 4, kind 1, nothing 1, length of the note 2, length of note and bytes 4, file 4, offset 8, arrival 8,
//! clock 8, zone 4, checksum 4; then note and bytes.

/// Begins every frame.
const MAGIC: u32 = 0x314c_5043;
/// Bytes before note and bytes.
pub const HEAD: usize = 48;
/// Most bytes of note and bytes.
pub const BODY_MAX: usize = 32 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a file.
    Data,
    /// JSON: all that is known when a segment begins.
    Manifest,
    /// JSON: a source that is new or has changed.
    Source,
    /// JSON: a file that is new or has changed.
    File,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Data, Self::Manifest, Self::Source, Self::File];

    fn number(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Manifest => 2,
            Self::Source => 3,
            Self::File => 4,
        }
    }
}

/// What stands before the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it holds.
    pub kind: Kind,
    /// Number of the file.
    pub file: u32,
    /// Where in that file the bytes stood.
    pub offset: u64,
    /// When they came, microseconds since 1970-01-01 UTC.
    pub arrived: i64,
    /// How far the node's clock was ahead, microseconds.
    pub clock: i64,
    /// The node's local time, seconds east of UTC.
    pub zone: i32,
}

/// A frame within a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What stands before.
    pub head: Head,
    /// Position in a journal.
    pub note: &'a [u8],
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Writes a frame at the end of a buffer.
pub fn put(out: &mut Vec<u8>, head: &Head, note: &[u8], bytes: &[u8]) {
    let start = out.len();
    let note = note.get(..note.len().min(usize::from(u16::MAX))).unwrap_or_default();
    let length = u32::try_from(note.len() + bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[head.kind.number(), 0]);
    out.extend_from_slice(&u16::try_from(note.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&head.file.to_le_bytes());
    out.extend_from_slice(&head.offset.to_le_bytes());
    out.extend_from_slice(&head.arrived.to_le_bytes());
    out.extend_from_slice(&head.clock.to_le_bytes());
    out.extend_from_slice(&head.zone.to_le_bytes());
    let mut sum = Sum::default();
    sum.add(out.get(start..).unwrap_or_default());
    sum.add(note);
    sum.add(bytes);
    out.extend_from_slice(&sum.end().to_le_bytes());
    out.extend_from_slice(note);
    out.extend_from_slice(bytes);
}

/// The frame at the beginning of `data` and its whole length; `None`: it is not whole, or not what was written.
pub fn take(data: &[u8]) -> Option<(Frame<'_>, usize)> {
    let fixed = data.get(..HEAD)?;
    if u32_at(fixed, 0)? != MAGIC {
        return None;
    }
    let kind = *fixed.get(4)?;
    let note_len = usize::from(u16::from_le_bytes(fixed.get(6..8)?.try_into().ok()?));
    let length = u32_at(fixed, 8)? as usize;
    if length > BODY_MAX || note_len > length {
        return None;
    }
    let body = data.get(HEAD..HEAD + length)?;
    let mut sum = Sum::default();
    sum.add(fixed.get(..HEAD - 4)?);
    let (note, bytes) = body.split_at_checked(note_len)?;
    sum.add(note);
    sum.add(bytes);
    if sum.end() != u32_at(fixed, HEAD - 4)? {
        return None;
    }
    let head = Head {
        kind: Kind::ALL.into_iter().find(|k| k.number() == kind)?,
        file: u32_at(fixed, 12)?,
        offset: u64_at(fixed, 16)?,
        arrived: u64_at(fixed, 24)?.cast_signed(),
        clock: u64_at(fixed, 32)?.cast_signed(),
        zone: u32_at(fixed, 40)?.cast_signed(),
    };
    Some((Frame { head, note, bytes }, HEAD + length))
}

/// Four bytes as a number.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Eight bytes as a number.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A checksum against torn writes: eight bytes at a time, about as fast as memory. Not against people.
#[derive(Default)]
pub struct Sum(u64);

impl Sum {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Adds bytes; where one call ends and the next begins counts.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        let mut sum = self.0 ^ (bytes.len() as u64).wrapping_mul(Self::MIX);
        for chunk in &mut chunks {
            let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
            sum = (sum.rotate_left(27) ^ word).wrapping_mul(Self::MIX);
        }
        for byte in chunks.remainder() {
            sum = (sum.rotate_left(9) ^ u64::from(*byte)).wrapping_mul(Self::MIX);
        }
        self.0 = sum;
    }

    /// The checksum.
    pub fn end(&self) -> u32 {
        let sum = self.0 ^ (self.0 >> 29);
        u32::try_from(sum.wrapping_mul(Self::MIX) >> 32).unwrap_or_default()
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

    #[test]
    fn whole_frames_come_back_and_torn_ones_do_not() {
        let head = Head { kind: Kind::Data, file: 7, offset: 1 << 40, arrived: -5, clock: -3, zone: -3600 };
        let mut out = Vec::new();
        put(&mut out, &head, b"s=1;i=2", b"one\ntwo\n");
        let (frame, length) = take(&out).unwrap();
        assert_eq!((frame.head, frame.note, frame.bytes), (head, &b"s=1;i=2"[..], &b"one\ntwo\n"[..]));
        assert_eq!(length, out.len());
        for cut in 0..out.len() {
            assert!(take(&out[..cut]).is_none(), "{cut}");
        }
        for at in 0..out.len() {
            if at == 5 {
                continue;
            }
            let mut bad = out.clone();
            bad[at] ^= 0x10;
            assert!(take(&bad).is_none(), "{at}");
        }
    }
}
