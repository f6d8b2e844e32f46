//! The last bytes of a shell, numbered from its start.

use std::collections::VecDeque;

/// The log.
#[derive(Debug)]
pub(super) struct Log {
    capacity: usize,
    bytes: VecDeque<u8>,
    /// Number of the first byte that is still here.
    start: u64,
}

impl Log {
    /// An empty log that keeps `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, bytes: VecDeque::new(), start: 0 }
    }

    /// The number of the next byte.
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = bytes.get(bytes.len().saturating_sub(self.capacity)..).unwrap_or_default();
        let gone = (self.bytes.len() + bytes.len()).saturating_sub(self.capacity);
        self.bytes.drain(..gone.min(self.bytes.len()));
        self.bytes.extend(kept);
        self.start += gone as u64;
    }

    /// Forgets everything: whoever reads from an earlier number finds nothing. Takes one number itself.
    pub fn cut(&mut self) {
        self.start = self.end() + 1;
        self.bytes.clear();
    }

    /// The bytes from a number on, `limit` at most; none when they are gone or never were.
    pub fn read_from(&self, offset: u64, limit: usize) -> Option<Vec<u8>> {
        if offset < self.start || offset > self.end() {
            return None;
        }
        let first = usize::try_from(offset - self.start).ok()?;
        let last = self.bytes.len().min(first.saturating_add(limit));
        Some(self.bytes.range(first..last).copied().collect())
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
    use proptest::prelude::*;

    #[test]
    fn bytes_keep_their_numbers_when_old_ones_go() {
        let mut log = Log::new(4);
        log.push(b"ab");
        assert_eq!(log.read_from(0, 10).unwrap(), b"ab");
        log.push(b"cdef");
        assert_eq!(log.end(), 6);
        assert_eq!(log.read_from(1, 10), None);
        assert_eq!(log.read_from(2, 10).unwrap(), b"cdef");
        assert_eq!(log.read_from(3, 2).unwrap(), b"de");
        assert_eq!(log.read_from(6, 10).unwrap(), b"");
        assert_eq!(log.read_from(7, 10), None);
        log.push(b"0123456789");
        assert_eq!((log.end(), log.read_from(12, 10).unwrap()), (16, b"6789".to_vec()));
    }

    #[test]
    fn nothing_before_a_cut_is_found() {
        let mut log = Log::new(100);
        log.push(b"ab");
        let before = log.end();
        log.cut();
        assert_eq!(log.read_from(before, 10), None);
        assert_eq!(log.read_from(log.end(), 10).unwrap(), b"");
        log.push(b"c");
        assert_eq!(log.read_from(before + 1, 10).unwrap(), b"c");
    }

    proptest! {
        /// It never holds more than its capacity, and the newest bytes are there.
        #[test]
        fn it_is_bounded(deeds in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..30)) {
            let mut log = Log::new(16);
            let mut all = Vec::new();
            for bytes in &deeds {
                log.push(bytes);
                all.extend_from_slice(bytes);
                prop_assert!(log.bytes.len() <= 16);
                prop_assert_eq!(log.end(), all.len() as u64);
                prop_assert_eq!(log.read_from(log.start, 100).unwrap(), &all[all.len().saturating_sub(16)..]);
            }
        }
    }
}
