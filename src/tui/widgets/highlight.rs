//! What a word of a configuration file or a script is, so that it can be drawn as such.
//!
//! One line at a time and without memory of the lines above: a text that runs over lines is coloured where it begins only. That
//! is enough to see a missing quote or a comment, and costs nothing while somebody types.

use crate::tui::screen::Shared;
use crate::tui::theme::Part;
use ratatui::text::{Line, Span};
use std::ops::Range;

/// The language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `[section]`, `key = value`, `#` and `;`.
    Ini,
    /// The same with strings, lists and numbers.
    Toml,
    /// POSIX shell.
    Shell,
    /// Nothing is known of it.
    Plain,
}

impl Syntax {
    /// By the name of a file and its first line.
    pub fn of(file: &str, first: &str) -> Self {
        let end = file.rsplit(['/', '.']).next().unwrap_or_default();
        match end {
            "toml" => Self::Toml,
            "sh" | "bash" | "profile" => Self::Shell,
            "conf" | "ini" | "cnf" | "cfg" | "service" | "timer" | "repo" | "network" | "netdev" => Self::Ini,
            _ if first.starts_with("#!") && first.contains("sh") => Self::Shell,
            _ => Self::Plain,
        }
    }
}

/// Words of the shell that have a meaning of their own.
const WORDS: [&str; 22] = [
    "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac",
    "return", "exit", "set", "local", "export", "trap", "shift", "readonly", "unset",
];

/// Pieces of a line that are more than text, in order, none over another; places are bytes.
pub fn pieces(syntax: Syntax, line: &str) -> Vec<(Range<usize>, Part)> {
    match syntax {
        Syntax::Plain => Vec::new(),
        Syntax::Ini => ini(line),
        Syntax::Toml => toml(line),
        Syntax::Shell => quoted(line, 0, true),
    }
}

/// A line in the looks of its pieces.
pub fn coloured(cx: &Shared, syntax: Syntax, line: &str) -> Line<'static> {
    let mut spans = Vec::new();
    let mut done = 0;
    for (range, part) in pieces(syntax, line) {
        let plain = line.get(done..range.start).unwrap_or_default().to_owned();
        spans.push(Span::styled(plain, cx.style(Part::Text)));
        done = range.end;
        spans.push(Span::styled(line.get(range).unwrap_or_default().to_owned(), cx.style(part)));
    }
    spans.push(Span::styled(line.get(done..).unwrap_or_default().to_owned(), cx.style(Part::Text)));
    Line::from(spans)
}

fn section(line: &str) -> Option<Vec<(Range<usize>, Part)>> {
    let start = line.len() - line.trim_start().len();
    let body = line.trim_end();
    body.get(start..)?.starts_with('[').then(|| vec![(start..body.len(), Part::Title)])
}

fn ini(line: &str) -> Vec<(Range<usize>, Part)> {
    let start = line.len() - line.trim_start().len();
    let body = line.get(start..).unwrap_or_default();
    if body.starts_with(['#', ';']) {
        return vec![(start..line.len(), Part::Dim)];
    }
    if let Some(section) = section(line) {
        return section;
    }
    if body.starts_with('!') {
        return vec![(start..line.len(), Part::Warn)];
    }
    let Some(at) = line.find(['=', ':']) else { return Vec::new() };
    let key = line.get(..at).unwrap_or_default().trim_end().len();
    vec![(start..key.max(start), Part::Key), (at..at + 1, Part::Dim)]
}

fn toml(line: &str) -> Vec<(Range<usize>, Part)> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('#') {
        return vec![(line.len() - trimmed.len()..line.len(), Part::Dim)];
    }
    let value = trimmed.starts_with(['"', '\'', ',', ']', '{', '}']);
    if !value && let Some(section) = section(line).filter(|_| !line.contains('=')) {
        return section;
    }
    let Some(at) = line.find('=').filter(|_| !value) else { return quoted(line, 0, false) };
    let start = line.len() - trimmed.len();
    let key = line.get(..at).unwrap_or_default().trim_end().len();
    let mut out = vec![(start..key.max(start), Part::Key)];
    out.extend(quoted(line, at + 1, false));
    out
}

/// Strings and comments from a place on; in a shell also its words and variables.
fn quoted(line: &str, from: usize, shell: bool) -> Vec<(Range<usize>, Part)> {
    let mut out: Vec<(Range<usize>, Part)> = Vec::new();
    let mut chars = line.char_indices().skip_while(|(at, _)| *at < from).peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        match c {
            '#' if before.is_whitespace() => {
                out.push((at..line.len(), Part::Dim));
                break;
            }
            '\\' if shell => {
                chars.next();
            }
            '"' | '\'' => {
                let mut end = line.len();
                while let Some((place, inner)) = chars.next() {
                    if inner == '\\' && c == '"' {
                        chars.next();
                    } else if inner == c {
                        end = place + 1;
                        break;
                    }
                }
                out.push((at..end, Part::Good));
            }
            '$' if shell => {
                let rest = line.get(at + 1..).unwrap_or_default();
                let long = match rest.chars().next() {
                    Some('{') => rest.find('}').map_or(rest.len(), |n| n + 1),
                    Some('(') => 1,
                    Some(c) if !(c.is_ascii_alphanumeric() || c == '_') => c.len_utf8(),
                    _ => rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len()),
                };
                let end = at + 1 + long;
                while chars.peek().is_some_and(|(place, _)| *place < end) {
                    chars.next();
                }
                out.push((at..end, Part::Mark));
            }
            c if shell
                && c.is_ascii_lowercase()
                && !(before.is_alphanumeric() || "_-./".contains(before)) =>
            {
                let rest = line.get(at..).unwrap_or_default();
                let long = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c)))
                    .unwrap_or(rest.len());
                let word = rest.get(..long).unwrap_or_default();
                while chars.peek().is_some_and(|(place, _)| *place < at + long) {
                    chars.next();
                }
                if WORDS.contains(&word) {
                    out.push((at..at + long, Part::Busy));
                }
                before = 'x';
                continue;
            }
            _ => {}
        }
        before = c;
    }
    out
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

    fn shown(syntax: Syntax, line: &str) -> Vec<(&str, Part)> {
        pieces(syntax, line).into_iter().map(|(range, part)| (&line[range], part)).collect()
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table")]
    fn words_are_told_apart() {
        use Part as P;
        use Syntax as S;
        let table: [(S, &str, Vec<(&str, P)>); 13] = [
            (S::Ini, "[DEFAULT]  ", vec![("[DEFAULT]", P::Title)]),
            (S::Ini, "workers = 4", vec![("workers", P::Key), ("=", P::Dim)]),
            (S::Ini, "; a = b", vec![("; a = b", P::Dim)]),
            (S::Ini, "!gone", vec![("!gone", P::Warn)]),
            (S::Toml, "[[styles]]", vec![("[[styles]]", P::Title)]),
            (S::Toml, "key = \"a # b\" # c", vec![("key", P::Key), ("\"a # b\"", P::Good), ("# c", P::Dim)]),
            (S::Toml, "  'x', \"y", vec![("'x'", P::Good), ("\"y", P::Good)]),
            (
                S::Shell,
                "if [ -n \"$x\" ]; then",
                vec![("if", P::Busy), ("\"$x\"", P::Good), ("then", P::Busy)],
            ),
            (S::Shell, "echo ${a:-1} $b-$?", vec![("${a:-1}", P::Mark), ("$b", P::Mark), ("$?", P::Mark)]),
            (S::Shell, "cat a#b # c", vec![("# c", P::Dim)]),
            (S::Shell, "echo \\\" done-it ifs", vec![]),
            (S::Shell, "x='中文", vec![("'中文", P::Good)]),
            (S::Plain, "[a] # b", vec![]),
        ];
        for (syntax, line, wanted) in table {
            assert_eq!(shown(syntax, line), wanted, "{line}");
        }
        assert_eq!(Syntax::of("/etc/nova/nova.conf", ""), S::Ini);
        assert_eq!(Syntax::of("module.toml", ""), S::Toml);
        assert_eq!(Syntax::of("run", "#!/bin/sh"), S::Shell);
    }

    proptest::proptest! {
        #[test]
        fn any_line_has_pieces_in_order_that_can_be_cut_out(line in "\\PC{0,60}") {
            for syntax in [Syntax::Ini, Syntax::Toml, Syntax::Shell] {
                let mut end = 0;
                for (range, _) in pieces(syntax, &line) {
                    assert!(range.start >= end && line.get(range.clone()).is_some(), "{line:?} {range:?}");
                    end = range.end;
                }
            }
        }
    }
}
