//! Hostile text made harmless: for the operator's terminal, and for a shell.
//!
//! What a node prints may hold escape sequences that would act on the operator's terminal. Everything that is shown outside
//! a shell pane goes through here; the bytes in the store stay as they came.

use std::borrow::Cow;
use std::fmt::Write as _;

/// An address without the user and password that somebody may have written into it.
pub fn without_login(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(at)) if at > start => {
            let (scheme, _) = url.split_at(start + 3);
            format!("{scheme}{}", url.get(at + 1..).unwrap_or_default())
        }
        _ => url.to_owned(),
    }
}

/// What caused an error, outermost first, each sentence once; the error itself where nothing did. HTTP clients name the address in
/// the error and the reason in its causes.
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(e) = next {
        let text = e.to_string();
        if !parts.iter().any(|p| p.contains(&text)) {
            parts.push(text);
        }
        next = e.source();
    }
    if parts.is_empty() {
        parts.push(error.to_string());
    }
    parts.join(": ")
}

/// The beginning of `text`, at most `most` bytes of whole characters.
pub fn beginning(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Whether a terminal acts on a character that JSON leaves as it is: DEL, C1 controls (CSI among them), changes of the writing direction.
pub fn acts_on_terminal(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `json`, in which such characters can only stand within strings, with escapes for them.
pub fn harmless_json(json: &str) -> Cow<'_, str> {
    if !json.contains(acts_on_terminal) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if acts_on_terminal(c) {
            // Writing into a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// `text` without anything a terminal would act on: escape sequences vanish whole, other control characters become `·`,
/// tabs become spaces up to the next multiple of 8 columns (counted in characters), bidi overrides vanish.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_csi(&mut rest),
            '\t' => {
                let width = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' => {
                out.push('\n');
                column = 0;
            }
            '\r' if rest.peek() == Some(&'\n') || rest.peek().is_none() => {}
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {}
            c if c.is_control() => {
                out.push('·');
                column += 1;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Skips what follows ESC: a CSI to its final byte, a string sequence (OSC, DCS, PM, APC, SOS) to its end, else one character.
fn skip_escape(rest: &mut Rest<'_>) {
    match rest.next() {
        Some('[') => skip_csi(rest),
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    if rest.peek() == Some(&'\\') {
                        rest.next();
                    }
                    break;
                }
                if c == '\n' {
                    break;
                }
            }
        }
        Some(c) if ('\u{20}'..='\u{2f}').contains(&c) => {
            rest.next();
        }
        _ => {}
    }
}

fn skip_csi(rest: &mut Rest<'_>) {
    while let Some(c) = rest.peek() {
        if !c.is_ascii() || *c == '\n' {
            return;
        }
        let last = ('\u{40}'..='\u{7e}').contains(c);
        rest.next();
        if last {
            return;
        }
    }
}

/// `text` as one word of a POSIX shell: nothing in it is acted on. A NUL, which no shell can hold, is left out.
pub fn sh_quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_dangerous_is_left() {
        for (dirty, clean) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]52;c;aGk=\u{1b}\\x", "x"),
            ("\u{1b}P1;2q...\u{1b}\\x", "x"),
            ("a\tb", "a       b"),
            ("100%\r", "100%"),
            ("10%\r20%", "10%·20%"),
            ("bell\u{7}", "bell·"),
            ("\u{9b}2Jx", "x"),
            ("\u{202e}cod", "cod"),
            ("\u{1b}", ""),
            ("中文", "中文"),
        ] {
            assert_eq!(harmless(dirty), clean, "{dirty:?}");
        }
    }

    #[test]
    fn quoting() {
        assert_eq!(sh_quote("plain-1.x/y"), "plain-1.x/y");
        assert_eq!(sh_quote(""), "''");
        assert_eq!(sh_quote("it's $HOME"), r"'it'\''s $HOME'");
    }
}
