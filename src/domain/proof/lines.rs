//! Which lines of a log tell why a rung is red.

use crate::domain::text::harmless;
use std::collections::BTreeSet;

/// Most lines of a file that are shown.
pub const LINES_MAX: usize = 14;
/// Longest line, characters.
const WIDTH_MAX: usize = 400;

/// How much a line tells: 0 names the thing itself, 1 an error, 2 a warning, 3 the rest.
fn rank(line: &str, marks: &[String]) -> u8 {
    let marked = marks.iter().any(|m| !m.is_empty() && line.contains(m.as_str()));
    let word = |w: &str| line.contains(w);
    let bad = [
        " ERROR ",
        " CRITICAL ",
        "Traceback",
        "CRITICAL:",
        "ERROR:",
        "fatal",
        "Failed",
        "Main process exited",
    ];
    let noise = ["_removeHandlerRef", "getcurrent"];
    if noise.iter().any(|n| word(n)) {
        3
    } else if bad.iter().any(|b| word(b)) {
        u8::from(!marked)
    } else if marked {
        0
    } else if word(" WARNING ") || word("WARNING:") {
        2
    } else {
        3
    }
}

/// What of a log is shown: lines since the red rung began (`fresh`), or, when there are none, the last ones from before (`last`). Gives how
/// telling they are (0 most, 4 only old lines), whether they are from before, and the lines, harmless and cut, in their order.
pub fn sift(fresh: &str, last: &str, marks: &[String]) -> (u8, bool, Vec<String>) {
    let clean = |line: &str| harmless(line).trim_end().chars().take(WIDTH_MAX).collect::<String>();
    let fresh: Vec<&str> = fresh.lines().filter(|l| !l.trim().is_empty()).collect();
    if fresh.is_empty() {
        let lines: Vec<&str> = last.lines().filter(|l| !l.trim().is_empty()).collect();
        let from = lines.len().saturating_sub(6);
        return (4, true, lines.get(from..).unwrap_or_default().iter().map(|l| clean(l)).collect());
    }
    // The most telling first, of equal ones the last: causes come late, and so does what gave up.
    let mut order: Vec<(u8, usize)> = fresh.iter().enumerate().map(|(n, l)| (rank(l, marks), n)).collect();
    order.sort_by_key(|(rank, n)| (*rank, usize::MAX - n));
    let best = order.first().map_or(3, |(rank, _)| *rank);
    let limit = if best == 3 { 6 } else { LINES_MAX };
    // A line without anything to tell is shown only where there is nothing better.
    let kept: BTreeSet<usize> =
        order.iter().filter(|(rank, _)| best == 3 || *rank < 3).take(limit).map(|(_, n)| *n).collect();
    let lines = kept.into_iter().filter_map(|n| fresh.get(n)).map(|l| clean(l)).collect();
    (best, false, lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn errors_and_the_thing_itself_come_before_the_rest() {
        let mut log = String::new();
        for n in 0..100 {
            log.push_str(&format!("2026-11-20 23:00:{:02}.1 7 INFO nova.x [-] busy {n}\n", n % 60));
        }
        log.push_str("2026-11-20 23:01:01.1 7 ERROR nova.compute.manager [instance: abc] libvirt: no\u{1b}[31m space\n");
        log.push_str("2026-11-20 23:01:02.1 7 WARNING nova.y [-] slow\n");
        log.push_str("2026-11-20 23:01:03.1 7 INFO nova.z [instance: abc] gone\n");
        let (best, earlier, lines) = sift(&log, "old", &["abc".into()]);
        assert_eq!((best, earlier, lines.len()), (0, false, 3));
        assert!(lines[0].contains("libvirt: no space"), "{lines:?}");
    }

    #[test]
    fn without_anything_new_the_last_lines_from_before() {
        let (rank, earlier, lines) = sift("\n", "a\nb\n\n", &[]);
        assert_eq!((rank, earlier, lines), (4, true, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(sift("", "", &[]).2.len(), 0);
        let (rank, _, lines) = sift(&"quiet\n".repeat(50), "", &[]);
        assert_eq!((rank, lines.len()), (3, 6));
        let long = format!("2026 ERROR {}", "x".repeat(9000));
        assert!(sift(&long, "", &[]).2[0].chars().count() <= WIDTH_MAX);
    }
}
