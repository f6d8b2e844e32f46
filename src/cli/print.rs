//! What commands print: lines, aligned tables, ages, JSON.
//!
//! Texts that came from a node are made harmless here, by the printer, not by each command. A reader that goes away
//! (`cpmg node list … | head`) ends the command without a complaint.

use super::exit::{Code, Fault};
use crate::domain::text::{harmless, harmless_json};
use crate::domain::time::Moment;
pub use crate::domain::time::span;
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::time::{SystemTime, UNIX_EPOCH};
use unicode_width::UnicodeWidthStr;

/// Writes to the standard output.
pub fn write(bytes: &[u8]) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Fault::silent(Code::Done),
        _ => Fault::new(Code::Failed, format!("the standard output cannot be written: {e}")),
    })
}

/// Prints a line.
pub fn line(text: &str) -> Result<(), Fault> {
    write(format!("{}\n", harmless(text)).as_bytes())
}

/// Prints a value as one JSON document on one line.
pub fn json<T: Serialize>(value: &T) -> Result<(), Fault> {
    let text = serde_json::to_string(value)
        .map_err(|e| Fault::new(Code::Engine, format!("the answer cannot be written as JSON: {e}")))?;
    write(format!("{}\n", harmless_json(&text)).as_bytes())
}

/// Says something on the standard error, whoever reads it or not.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// The clock, for ages.
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How long ago a moment was.
pub fn ago(moment: Moment) -> String {
    match now().since(moment) / 1000 {
        0 => "now".to_owned(),
        s => format!("{} ago", span(s * 1000)),
    }
}

/// Permille as per cent; 100 % only for all of it.
pub fn share(permille: u16) -> String {
    format!("{}%", permille / 10)
}

/// Bytes with a binary unit.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in UNITS {
        let tenths = (u128::from(bytes) * 10) >> shift;
        if tenths >= 10 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

/// Rows under headings, aligned; nothing when there are no rows, but `empty`.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]], empty: &str) -> Result<(), Fault> {
    if rows.is_empty() {
        return line(empty);
    }
    let headings = headings.map(str::to_owned);
    let clean: Vec<[String; N]> =
        std::iter::once(&headings).chain(rows).map(|r| r.clone().map(|c| harmless(&c))).collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| clean.iter().filter_map(|r| r.get(column)).map(|c| c.width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &clean {
        let mut out = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    write(text.as_bytes())
}

/// Names and values, one pair a line, aligned.
pub fn pairs(pairs: &[(&str, String)]) -> Result<(), Fault> {
    let width = pairs.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        line(&format!("{name:width$}  {value}"))?;
    }
    Ok(())
}

/// Words with commas between them, or a hyphen for none.
pub fn words<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes() {
        for (ms, text) in [
            (0, "0s"),
            (420, "420ms"),
            (42_000, "42s"),
            (185_000, "3m05s"),
            (7_800_000, "2h10m"),
            (443_000_000, "5d03h"),
        ] {
            assert_eq!(span(ms), text);
        }
        assert_eq!(size(512), "512 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(1_610_612_736), "1.5 GiB");
        assert_eq!(share(999), "99%");
    }
}
