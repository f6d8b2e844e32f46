//! Follows a byte stream just far enough to know whether it stands inside an escape sequence.
//!
//! Two uses. The parser of the library collects an operating system command (title, clipboard …) without a bound: what
//! is too long is kept from it here. And a redrawn screen handed out in the middle of a sequence must end with the
//! sequence's first half, or the second half is printed as text.

/// Bytes of one operating system command that reach the parser.
const STRING_LIMIT: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    Csi,
    Osc,
    DcsHead,
    /// Body of a device control string, or of one of the strings nobody uses: not collected by the parser.
    Text {
        dcs: bool,
    },
}

/// Where in a sequence the stream stands.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    state: State,
    /// The sequence so far, its first `STRING_LIMIT` bytes.
    pending: Vec<u8>,
}

impl Boundary {
    /// Takes bytes and hands on those that the parser may see.
    pub fn advance(&mut self, bytes: &[u8], mut pass: impl FnMut(&[u8])) {
        let mut from = 0;
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.state == State::Ground {
                if let Some(skip) = rest.iter().position(|byte| *byte == 0x1b) {
                    at += skip + 1;
                    self.state = State::Escape;
                    self.pending.clear();
                    self.pending.push(0x1b);
                } else {
                    self.keep_partial_character(rest);
                    at = bytes.len();
                }
                continue;
            }
            let Some(byte) = rest.first().copied() else { break };
            let too_long = self.pending.len() >= STRING_LIMIT;
            let before = self.state;
            self.step(byte);
            if self.state == before && too_long {
                // Inside an endless string: hand on what stands before this byte and drop it.
                if let Some(good) = bytes.get(from..at).filter(|good| !good.is_empty()) {
                    pass(good);
                }
                from = at + 1;
            } else if self.state != State::Ground
                && self.pending.len() < STRING_LIMIT
                && (byte >= 0x20 || byte == 0x1b)
            {
                // Control characters inside a sequence act at once and are no part of it.
                self.pending.push(byte);
            }
            at += 1;
        }
        if let Some(good) = bytes.get(from..).filter(|good| !good.is_empty()) {
            pass(good);
        }
    }

    /// The first half of the sequence or character the stream stands in; empty between sequences.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// The transitions of the parser, without what it does in them.
    #[allow(clippy::match_same_arms, reason = "the last arm of an escape stands behind its special bytes")]
    fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (_, 0x1b) => {
                self.pending.clear();
                State::Escape
            }
            (_, 0x18 | 0x1a)
            | (State::Osc, 0x07)
            | (State::Text { dcs: true }, 0x9c)
            | (State::EscapeIntermediate, 0x30..=0x7e)
            | (State::Csi, 0x40..=0x7e) => State::Ground,
            (State::Escape, 0x20..=0x2f) => State::EscapeIntermediate,
            (State::Escape, b'[') => State::Csi,
            (State::Escape, b']') => State::Osc,
            (State::Escape, b'P') => State::DcsHead,
            (State::Escape, b'X' | b'^' | b'_') => State::Text { dcs: false },
            (State::Escape, 0x30..=0x7e) => State::Ground,
            (State::DcsHead, 0x40..=0x7e) => State::Text { dcs: true },
            (state, _) => state,
        };
        if self.state == State::Ground {
            self.pending.clear();
        }
    }

    /// Remembers a character cut off by the end of the portion.
    fn keep_partial_character(&mut self, text: &[u8]) {
        // A lead byte within the last three, with fewer bytes after it than it announces.
        for back in 1..=text.len().min(3) {
            let Some(tail) = text.get(text.len() - back..) else { break };
            let needed = match tail.first() {
                Some(0xc2..=0xdf) => 2,
                Some(0xe0..=0xef) => 3,
                Some(0xf0..=0xf4) => 4,
                Some(0x80..=0xbf) => continue,
                _ => break,
            };
            self.pending.clear();
            if back < needed {
                self.pending.extend_from_slice(tail);
            }
            return;
        }
        // Only continuation bytes: they belong to what was cut off before, if they do not complete it.
        if text.len() < 3 && text.iter().all(|byte| (0x80..=0xbf).contains(byte)) && !self.pending.is_empty()
        {
            self.pending.extend_from_slice(text);
            let whole = match self.pending.first() {
                Some(0xc2..=0xdf) => 2,
                Some(0xe0..=0xef) => 3,
                _ => 4,
            };
            if self.pending.len() >= whole {
                self.pending.clear();
            }
        } else {
            self.pending.clear();
        }
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

    fn run(portions: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let mut boundary = Boundary::default();
        let mut passed = Vec::new();
        for portion in portions {
            boundary.advance(portion, |bytes| passed.extend_from_slice(bytes));
        }
        (passed, boundary.pending().to_vec())
    }

    #[test]
    fn what_is_short_passes_unchanged() {
        let stream: &[u8] = b"a\x1b[31mb\x1b]0;title\x07c\x1bP1$r\x1b\\d\x1b(0e\x1b[?25";
        assert_eq!(run(&[stream]), (stream.to_vec(), b"\x1b[?25".to_vec()));
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(run(&single), (stream.to_vec(), b"\x1b[?25".to_vec()));
    }

    #[test]
    fn control_characters_inside_a_sequence_are_not_pending() {
        assert_eq!(run(&[b"\x1b[1;\r\n2"]).1, b"\x1b[1;2");
        assert_eq!(run(&[b"\x1b[1;\x1b[3"]).1, b"\x1b[3");
    }

    #[test]
    fn a_cut_character_is_pending() {
        let euro = "€".as_bytes();
        assert_eq!(run(&[b"x", &euro[..1]]).1, euro[..1]);
        assert_eq!(run(&[b"x", &euro[..1], &euro[1..2]]).1, euro[..2]);
        assert_eq!(run(&[b"x", &euro[..2], &euro[2..]]).1, b"");
        assert_eq!(run(&["x€".as_bytes()]).1, b"");
    }

    #[test]
    fn an_endless_command_is_cut_and_its_end_passes() {
        let mut stream = b"a\x1b]52;c;".to_vec();
        stream.extend(std::iter::repeat_n(b'x', 100_000));
        stream.extend_from_slice(b"\x07b");
        for size in [1, 7, 4096, 1 << 20] {
            let portions: Vec<&[u8]> = stream.chunks(size).collect();
            let (passed, pending) = run(&portions);
            assert!(passed.len() < STRING_LIMIT + 10, "{} bytes", passed.len());
            assert!(passed.ends_with(b"x\x07b"));
            assert_eq!(pending, b"");
        }
    }
}
