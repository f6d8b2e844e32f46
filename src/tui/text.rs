//! Widths, durations, sizes: how things are written in cells.
//!
//! A width is counted in columns, as `unicode-width` counts them, never in characters or bytes.

use super::i18n::{Text, t};
use crate::domain::time::Moment;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` cut to at most `columns`, with `…` at the end when something is missing.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut out = head(text, columns - 1).to_owned();
    out.push('…');
    out
}

/// The longest start of `text` that takes at most `columns`.
pub fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += width(cluster);
        if used > columns {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

/// `text` without the clusters that lie within its first `columns`. A wide one that is cut in two leaves a space.
pub fn skip(text: &str, columns: usize) -> String {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if used >= columns {
            let pad = " ".repeat(used - columns);
            return pad + text.get(at..).unwrap_or("");
        }
        used += width(cluster);
    }
    String::new()
}

/// Cut or filled with spaces on the right to exactly `columns`.
pub fn left(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Cut or filled with spaces on the left to exactly `columns`.
pub fn right(text: &str, columns: usize) -> String {
    let out = fit(text, columns);
    " ".repeat(columns.saturating_sub(width(&out))) + &out
}

/// `text` in lines of at most `columns`, broken at spaces, and between wide characters, where it can be.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        wrap_line(paragraph, columns.max(1), &mut lines);
    }
    lines
}

fn wrap_line(text: &str, columns: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    let mut used = 0;
    for word in words(text) {
        let w = width(word);
        if used + w <= columns {
            line.push_str(word);
            used += w;
        } else if word.trim().is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else {
            // No line starts with what closes the one before it.
            if w <= 2
                && !line.is_empty()
                && word.chars().all(|c| "，。；：！？、）」』》”’,.;:!?)".contains(c))
            {
                line.push_str(word);
                used = columns;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let mut rest = word;
            while width(rest) > columns {
                let part = head(rest, columns);
                if part.is_empty() {
                    break;
                }
                lines.push(part.to_owned());
                rest = rest.get(part.len()..).unwrap_or("");
            }
            rest.clone_into(&mut line);
            used = width(rest);
        }
    }
    lines.push(line);
    for line in lines.iter_mut() {
        line.truncate(line.trim_end().len());
    }
}

/// Pieces between which a line may be broken: runs of spaces, runs of narrow characters, single wide characters.
fn words(text: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Space,
        Narrow,
        Wide,
    }
    let mut out = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, cluster) in text.grapheme_indices(true) {
        let kind = if cluster.trim().is_empty() {
            Kind::Space
        } else if width(cluster) > 1 {
            Kind::Wide
        } else {
            Kind::Narrow
        };
        if before.is_some_and(|b| b != kind || kind == Kind::Wide) {
            out.extend(text.get(from..at));
            from = at;
        }
        before = Some(kind);
    }
    out.extend(text.get(from..));
    out
}

/// Milliseconds as `0s`, `48s`, `4m12s`, `1h03m`, `2d04h`.
pub fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// Bytes as `512 B`, `3.2 KiB`, `7.8 GiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut tenths = u128::from(n) * 10 / 1024;
    let mut unit = "KiB";
    for name in UNITS.into_iter().skip(1) {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = name;
    }
    if tenths < 1000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

/// How long ago: `now`, `48s ago`, `4m ago`, `3h ago`, `12d ago`.
pub fn ago(now: Moment, then: Moment) -> Text {
    let s = now.since(then) / 1000;
    match s {
        0..5 => t!("ago-now"),
        5..60 => t!("ago-seconds", n = s),
        60..3600 => t!("ago-minutes", n = s / 60),
        3600..172_800 => t!("ago-hours", n = s / 3600),
        _ => t!("ago-days", n = s / 86_400),
    }
}

/// Permille as `43%`; 100 only at the end.
pub fn percent(permille: u16) -> String {
    format!("{}%", permille.min(1000) / 10)
}

/// A number of things as a `u16` of cells.
pub fn cells(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
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
    fn cut_by_width() {
        for (text, columns, cut) in [
            ("abcdef", 4, "abc…"),
            ("中文字符", 5, "中文…"),
            ("中文字符", 4, "中…"),
            ("abc", 3, "abc"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fit(text, columns), cut, "{text} {columns}");
        }
    }

    #[test]
    fn spans_and_sizes() {
        for (ms, text) in
            [(0, "0s"), (59_999, "59s"), (252_000, "4m12s"), (3_780_000, "1h03m"), (187_200_000, "2d04h")]
        {
            assert_eq!(duration(ms), text);
        }
        for (n, text) in
            [(512, "512 B"), (3_277, "3.2 KiB"), (8_375_186_227, "7.7 GiB"), (274_877_906_944, "256 GiB")]
        {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn lines_break_where_they_may() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("中文字符，好", 8), ["中文字符，", "好"]);
        assert_eq!(wrap("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(wrap("try --fix-missing?", 14), ["try", "--fix-missing?"]);
    }

    proptest! {
        #[test]
        fn exact_widths(text in "\\PC{0,30}", columns in 0_usize..40) {
            prop_assert_eq!(width(&left(&text, columns)), columns);
            prop_assert_eq!(width(&right(&text, columns)), columns);
            let _ = wrap(&text, columns);
            let _ = skip(&text, columns);
        }
    }
}
