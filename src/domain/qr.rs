//! A short text as a QR code of characters: two modules in each, one over the other.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code. The standard asks for four; cameras are content with two, and a terminal has few rows.
const QUIET: usize = 2;

/// The lines of the code, dark modules drawn: print them dark on light. `None`: the text is too long.
pub fn lines(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let dark = |x: usize, y: usize| {
        let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => modules.get(y * width + x) == Some(&Color::Dark),
            _ => false,
        }
    };
    let whole = width + 2 * QUIET;
    let row = |y: usize| {
        (0..whole)
            .map(|x| match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect()
    };
    Some((0..whole).step_by(2).map(row).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_code_has_its_corners_and_its_edge() {
        let key = "A".repeat(32);
        let text = format!("otpauth://totp/cpmg:ada?secret={key}&issuer=cpmg");
        let lines = lines(&text).unwrap();
        // Version 4: 33 modules and the edge.
        assert_eq!(lines.len(), 19);
        assert!(lines.iter().all(|l| l.chars().count() == 37));
        assert!(lines[0].trim().is_empty() && lines.iter().all(|l| l.starts_with("  ") && l.ends_with("  ")));
        let corner: String = lines[1].chars().skip(2).take(7).collect();
        assert_eq!(corner, "█▀▀▀▀▀█");
        assert!(super::lines(&"x".repeat(4_000)).is_none());
    }
}
