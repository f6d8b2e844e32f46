//! A piece of a step's output as lines.
//!
//! Bytes arrive in windows and in any portions; lines are kept harmless. What a program writes over itself with a carriage
//! return is shown as it stood last. A very long line is cut for the screen; the engine keeps every byte.

use crate::domain::text::harmless;

/// Longest line that is shown, bytes.
const LINE_MAX: usize = 8 * 1024;

/// Lines of the bytes from [`LogText::start`] to [`LogText::end`].
#[derive(Debug, Default)]
pub struct LogText {
    lines: Vec<String>,
    /// Bytes after the last line end.
    tail: Vec<u8>,
    tail_shown: String,
    start: u64,
    end: u64,
    /// The first bytes belong to a line that starts before them.
    torn: bool,
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let from = line.iter().rposition(|b| *b == b'\r').map_or(0, |at| at + 1);
    let line = line.get(from..).unwrap_or(line);
    let cut = line.get(..LINE_MAX).unwrap_or(line);
    let mut text = harmless(&String::from_utf8_lossy(cut));
    if cut.len() < line.len() {
        text.push('…');
    }
    text
}

impl LogText {
    /// An empty piece that begins at byte `start`.
    pub fn from(start: u64) -> Self {
        Self { start, end: start, torn: start > 0, ..Self::default() }
    }

    /// First byte.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// One past the last byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Bytes it covers.
    pub fn size(&self) -> u64 {
        self.end - self.start
    }

    /// Lines, the unfinished last one included.
    pub fn len(&self) -> usize {
        self.lines.len() + usize::from(!self.tail.is_empty())
    }

    /// A line.
    pub fn line(&self, at: usize) -> Option<&str> {
        match self.lines.get(at) {
            Some(line) => Some(line),
            None if at == self.lines.len() && !self.tail.is_empty() => Some(&self.tail_shown),
            None => None,
        }
    }

    /// Takes the bytes that come next. Bytes that are there already are skipped; false when some are missing between.
    pub fn append(&mut self, offset: u64, bytes: &[u8]) -> bool {
        if offset > self.end {
            return false;
        }
        let skip = usize::try_from(self.end - offset).unwrap_or(usize::MAX);
        let fresh = bytes.get(skip..).unwrap_or_default();
        self.end += length(fresh);
        for piece in fresh.split_inclusive(|b| *b == b'\n') {
            if let Some(piece) = piece.strip_suffix(b"\n") {
                self.tail.extend_from_slice(piece);
                let line = std::mem::take(&mut self.tail);
                if std::mem::take(&mut self.torn) {
                    // Half a line: its start lies before the window.
                    self.lines.push(format!("…{}", shown(&line)));
                } else {
                    self.lines.push(shown(&line));
                }
            } else {
                self.tail.extend_from_slice(piece);
            }
        }
        self.tail_shown = shown(&self.tail);
        true
    }

    /// Takes bytes that lie directly before. Returns how many lines came on top; `None` when they do not fit.
    pub fn prepend(&mut self, offset: u64, bytes: &[u8]) -> Option<usize> {
        if offset + length(bytes) != self.start {
            return None;
        }
        let mut before = Self::from(offset);
        before.append(offset, bytes);
        let count = before.lines.len();
        let rest = std::mem::take(&mut before.tail);
        if !rest.is_empty()
            && let Some(first) = self.lines.first_mut()
        {
            let tail = first.strip_prefix('…').unwrap_or(first).to_owned();
            *first = shown(&rest) + &tail;
        }
        before.lines.append(&mut self.lines);
        self.lines = before.lines;
        self.start = offset;
        Some(count)
    }

    /// Drops lines from the front until at most `most` are left.
    pub fn drop_front(&mut self, most: usize) -> usize {
        let excess = self.lines.len().saturating_sub(most);
        if excess > 0 {
            let gone: u64 = self.lines.drain(..excess).map(|l| length(l.as_bytes()) + 1).sum();
            // Where exactly the rest begins is not known any more: what was cut is not loaded again.
            self.start = (self.start + gone).min(self.end);
        }
        excess
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

    fn lines(text: &LogText) -> Vec<&str> {
        (0..text.len()).map(|n| text.line(n).unwrap()).collect()
    }

    #[test]
    fn portions_overlaps_and_gaps() {
        let mut text = LogText::from(0);
        assert!(text.append(0, b"one\ntw"));
        assert_eq!(lines(&text), ["one", "tw"]);
        assert!(text.append(4, b"two\n"), "an overlap");
        assert_eq!(lines(&text), ["one", "two"]);
        assert!(!text.append(100, b"x"), "a gap is refused");
        assert_eq!(text.end(), 8);
    }

    #[test]
    fn hostile_and_overwritten_lines() {
        let mut text = LogText::from(0);
        text.append(0, b"10%\r50%\r100%\r\n\x1b[31mred\x1b[0m\n\xff\xfe\n");
        assert_eq!(lines(&text), ["100%", "red", "\u{fffd}\u{fffd}"]);
    }

    #[test]
    fn earlier_windows_join() {
        let mut text = LogText::from(6);
        text.append(6, b"lf\nlast\n");
        assert_eq!(lines(&text), ["…lf", "last"]);
        assert_eq!(text.prepend(0, b"one\nha"), Some(1));
        assert_eq!(lines(&text), ["one", "half", "last"]);
        assert_eq!((text.start(), text.prepend(0, b"x")), (0, None));
    }

    proptest! {
        #[test]
        fn any_portions_give_the_same_lines(bytes in prop::collection::vec(prop::sample::select(b"ab\n\r\xe4".to_vec()), 0..200), cut in 1_usize..20) {
            let mut whole = LogText::from(0);
            whole.append(0, &bytes);
            let mut parts = LogText::from(0);
            let mut at = 0;
            for part in bytes.chunks(cut) {
                prop_assert!(parts.append(at, part));
                at += length(part);
            }
            prop_assert_eq!(lines(&whole), lines(&parts));
        }
    }
}
