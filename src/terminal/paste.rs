//! Pasted text to bytes.
//!
//! Pasted text is somebody else's: an escape in it could end the bracket and run the rest as commands, so control
//! characters other than tab and line ends are taken out. Line ends become what Enter sends.

use super::emulator::Modes;

/// The bytes of pasted text, between brackets when the program asked for them.
pub fn encode_paste(text: &str, modes: &Modes) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + 12);
    if modes.bracketed_paste {
        out.push_str("\x1b[200~");
    }
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push('\r');
            }
            '\n' => out.push('\r'),
            '\t' => out.push('\t'),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    if modes.bracketed_paste {
        out.push_str("\x1b[201~");
    }
    out.into_bytes()
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
    fn line_ends_become_enter() {
        assert_eq!(encode_paste("a\nb\r\nc\rd\te", &Modes::default()), b"a\rb\rc\rd\te");
    }

    #[test]
    fn the_bracket_cannot_be_left() {
        let modes = Modes { bracketed_paste: true, ..Modes::default() };
        for hostile in ["x\x1b[201~rm -rf /\n", "x\u{9b}201~rm -rf /\n", "x\x1b\x1b[201~[201~rm -rf /\n"] {
            let sent = encode_paste(hostile, &modes);
            let text = String::from_utf8(sent).unwrap();
            let inside = text.strip_prefix("\x1b[200~").unwrap().strip_suffix("\x1b[201~").unwrap();
            assert!(!inside.contains(['\x1b', '\u{9b}']), "{inside:?}");
            assert!(inside.starts_with('x') && inside.ends_with("rm -rf /\r"));
        }
    }
}
