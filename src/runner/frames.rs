//! Parses what `runner.sh serve` sends. Pure: bytes in, frames out; nothing the node sends can do more than be refused.

use super::{Loss, StepState};

/// Most bytes of one piece of output: `dd`'s 64 blocks of 4096.
pub const CHUNK_MAX: usize = 64 * 4096;
const LINE_MAX: usize = 64 * 1024;

/// An attempt as the protocol writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// `module.step`.
    pub step: String,
    /// `1`, `u2` …
    pub attempt: String,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first one.
    Hello {
        /// Version of the protocol.
        protocol: u32,
        /// Boot id of the node.
        boot_id: String,
    },
    /// A piece of output, followed by the state it was taken in.
    Chunk {
        /// Whose.
        key: Key,
        /// Offset of the first byte.
        start: u64,
        /// At most [`CHUNK_MAX`].
        bytes: Vec<u8>,
    },
    /// A state.
    State {
        /// Whose.
        key: Key,
        /// Which.
        state: StepState,
    },
    /// The runner did not understand us.
    Error(String),
}

/// What is no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runner's answer cannot be understood: {0}")]
pub struct Malformed(&'static str);

/// The parser: push what arrives, take the frames.
pub struct Frames {
    prefix: Vec<u8>,
    boundary: Vec<u8>,
    buffer: Vec<u8>,
    scanned: usize,
    raw: Option<(Key, u64)>,
}

impl Frames {
    /// For frames that begin with `nonce`.
    pub fn new(nonce: &str) -> Self {
        Self {
            prefix: format!("{nonce} ").into_bytes(),
            boundary: format!("\n{nonce} ").into_bytes(),
            buffer: Vec::new(),
            scanned: 0,
            raw: None,
        }
    }

    /// Takes bytes in; complete frames are appended to `out`. After an error the channel is of no use any more.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), Malformed> {
        self.buffer.extend_from_slice(bytes);
        let mut used = 0;
        loop {
            let rest = self.buffer.get(used..).unwrap_or_default();
            if let Some((key, start)) = self.raw.take() {
                let from = self.scanned.saturating_sub(used);
                match find(rest, &self.boundary, from) {
                    Some(at) if at <= CHUNK_MAX => {
                        let bytes = rest.get(..at).unwrap_or_default().to_vec();
                        out.push(Frame::Chunk { key, start, bytes });
                        used += at + 1;
                        self.scanned = used;
                    }
                    None if rest.len() <= CHUNK_MAX + self.boundary.len() => {
                        self.scanned = used + rest.len().saturating_sub(self.boundary.len());
                        self.raw = Some((key, start));
                        break;
                    }
                    _ => return Err(Malformed("a piece of output without an end")),
                }
            } else {
                let from = self.scanned.saturating_sub(used);
                let Some(end) = rest.iter().skip(from).position(|b| *b == b'\n').map(|p| p + from) else {
                    if rest.len() > LINE_MAX {
                        return Err(Malformed("a line without an end"));
                    }
                    self.scanned = self.buffer.len();
                    break;
                };
                let line = rest.get(..end).unwrap_or_default();
                used += end + 1;
                self.scanned = used;
                // Other lines are noise, as from a login script.
                if let Some(words) = line.strip_prefix(self.prefix.as_slice()) {
                    match parse(words)? {
                        Parsed::Raw(key, start) => self.raw = Some((key, start)),
                        Parsed::Frame(frame) => out.push(frame),
                    }
                }
            }
        }
        self.buffer.drain(..used);
        self.scanned = self.scanned.saturating_sub(used);
        Ok(())
    }
}

fn find(hay: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let tail = hay.get(from..)?;
    tail.windows(needle.len()).position(|w| w == needle).map(|p| p + from)
}

enum Parsed {
    Raw(Key, u64),
    Frame(Frame),
}

fn parse(line: &[u8]) -> Result<Parsed, Malformed> {
    let line = std::str::from_utf8(line).map_err(|_| Malformed("a frame that is no text"))?;
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap_or_default();
    let frame = match next() {
        "hello" => {
            let protocol = next().parse().map_err(|_| Malformed("a hello without a version"))?;
            let boot_id = next();
            if boot_id.len() > 64 || !boot_id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
                return Err(Malformed("a hello with a strange boot id"));
            }
            Frame::Hello { protocol, boot_id: boot_id.to_owned() }
        }
        "out" => {
            let key = Key { step: next().to_owned(), attempt: next().to_owned() };
            let start = next().parse().map_err(|_| Malformed("output without an offset"))?;
            return Ok(Parsed::Raw(key, start));
        }
        "state" => {
            let key = Key { step: next().to_owned(), attempt: next().to_owned() };
            let state = match (next(), next(), next()) {
                ("absent", ..) => StepState::Absent,
                ("starting", ..) => StepState::Starting,
                ("running", ..) => StepState::Running,
                ("lost", "killed", _) => StepState::Lost(Loss::Killed),
                ("lost", "rebooted", _) => StepState::Lost(Loss::Rebooted),
                ("lost", "full", _) => StepState::Lost(Loss::Full),
                ("ended", status, outcome) => StepState::Ended {
                    status: status.parse().map_err(|_| Malformed("an exit status that is no number"))?,
                    changed: outcome == "changed",
                },
                _ => return Err(Malformed("an unknown state")),
            };
            Frame::State { key, state }
        }
        "error" => Frame::Error(words.collect::<Vec<_>>().join(" ")),
        _ => return Err(Malformed("an unknown frame")),
    };
    Ok(Parsed::Frame(frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> Key {
        Key { step: "m.s".into(), attempt: "1".into() }
    }

    fn all(pieces: &[&[u8]]) -> Result<Vec<Frame>, Malformed> {
        let mut frames = Frames::new("N1");
        let mut out = Vec::new();
        for piece in pieces {
            frames.push(piece, &mut out)?;
        }
        Ok(out)
    }

    #[test]
    fn frames_and_noise() {
        let text = b"Welcome!\nN1 hello 1 ab-12\nN1 out m.s 1 4096\nraw\nN1x\n\n\nN1 state m.s 1 ended 3 changed\nN1 state m.s 1 lost rebooted\nN1 error what now\n";
        let expected = vec![
            Frame::Hello { protocol: 1, boot_id: "ab-12".into() },
            Frame::Chunk { key: key(), start: 4096, bytes: b"raw\nN1x\n\n".to_vec() },
            Frame::State { key: key(), state: StepState::Ended { status: 3, changed: true } },
            Frame::State { key: key(), state: StepState::Lost(Loss::Rebooted) },
            Frame::Error("what now".into()),
        ];
        assert_eq!(all(&[text]).unwrap(), expected);
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(all(&single).unwrap(), expected);
    }

    #[test]
    fn rubbish_is_refused() {
        for bad in [
            "N1 what\n",
            "N1 hello x y\n",
            "N1 out m.s 1 z\n",
            "N1 state m.s 1 ended x y\n",
            "N1 state m.s 1 flying\n",
        ] {
            assert!(all(&[bad.as_bytes()]).is_err(), "{bad}");
        }
        assert!(all(&[b"N1 out m.s 1 0\n", &vec![b'x'; CHUNK_MAX + 100]]).is_err());
        assert!(all(&[&vec![b'x'; LINE_MAX + 1]]).is_err());
    }

    proptest! {
        #[test]
        fn any_output_comes_through_however_it_is_cut(
            raw in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'N'), Just(b'2'), any::<u8>()], 0..400),
            cut in 1..50_usize,
        ) {
            let mut text = b"N2 out m.s 1 7\n".to_vec();
            text.extend_from_slice(&raw);
            text.extend_from_slice(b"\nN2 state m.s 1 running\n");
            prop_assume!(find(&raw, b"\nN2 ", 0).is_none());
            let mut frames = Frames::new("N2");
            let mut out = Vec::new();
            for piece in text.chunks(cut) {
                frames.push(piece, &mut out).unwrap();
            }
            prop_assert_eq!(out, vec![
                Frame::Chunk { key: key(), start: 7, bytes: raw },
                Frame::State { key: key(), state: StepState::Running },
            ]);
        }

        #[test]
        fn nothing_makes_it_panic(text in proptest::collection::vec(prop_oneof![
            Just(b"N1 ".to_vec()), Just(b"\n".to_vec()), Just(b"out ".to_vec()), Just(b"state m.s 1 ".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..9)], 0..60)) {
            let mut frames = Frames::new("N1");
            for piece in text {
                if frames.push(&piece, &mut Vec::new()).is_err() { break; }
            }
        }
    }
}
