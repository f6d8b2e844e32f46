//! Which lines of a log tell why a rung is red.

use super::LogPart;
use crate::domain::text::harmless;
use std::collections::BTreeSet;

/// Most lines of a file that are shown.
pub const LINES_MAX: usize = 14;
/// Most files that are shown.
const PARTS_MAX: usize = 8;
/// How many are shown when none of them tells anything.
const PARTS_FEW: usize = 3;
/// Longest line, characters.
const WIDTH_MAX: usize = 400;

/// The rank from which on lines tell only that life went on ([`sift`]).
pub const TELLS_NOTHING: u8 = 3;

/// A line of a traceback between its head and its last line: message of two or more blanks behind logger and context.
fn is_frame(line: &str) -> bool {
    let Some((_, rest)) = line.split_once(" ERROR ") else { return line.starts_with("  ") };
    let mut message = rest.split_once(' ').map_or("", |(_, message)| message);
    while let Some((_, after)) = message.strip_prefix('[').and_then(|m| m.split_once(']')) {
        message = after.strip_prefix(' ').filter(|m| m.starts_with('[')).unwrap_or(after);
    }
    message.starts_with("  ") || message.contains("Traceback (most recent call last)")
}

/// How much a line tells: 0 an error that names the thing itself, 1 another error, or a warning that names it, 2 what else names it and
/// warnings, 3 the rest.
fn rank(line: &str, marks: &[String]) -> u8 {
    let marked = marks.iter().any(|m| !m.is_empty() && line.contains(m.as_str()));
    let any = |words: &[&str]| words.iter().any(|w| line.contains(w));
    let bad = [
        " ERROR ",
        " CRITICAL ",
        "CRITICAL:",
        "ERROR:",
        "fatal",
        "Main process exited",
        "Failed with result",
    ];
    let noise = ["_removeHandlerRef", "getcurrent", "Using RPCClient manually"];
    // Requests that went well, those of the proof itself among them.
    let access = [".requestlog ", "[pid: ", "wsgi.server", "HTTP/1.1 2", "status: 2"];
    let grave = any(&bad);
    if any(&noise) || (!grave && any(&access)) {
        3
    } else if grave && is_frame(line) {
        2
    } else if grave {
        u8::from(!marked)
    } else if any(&[" WARNING ", "WARNING:"]) {
        2 - u8::from(marked)
    } else {
        3 - u8::from(marked)
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

/// Which parts are shown: those of what is named as the fault (`true`), and those that tell more than that life went on; where there are
/// none, the first few of the rest. The second member is what [`sift`] gave.
pub fn choose(mut parts: Vec<(bool, u8, LogPart)>) -> Vec<LogPart> {
    parts.sort_by_key(|(named, rank, _)| (!named, *rank));
    let telling = |(named, rank, _): &(bool, u8, LogPart)| *named || *rank < TELLS_NOTHING;
    let some = parts.iter().any(telling);
    let limit = if some { PARTS_MAX } else { PARTS_FEW };
    parts.into_iter().filter(|p| !some || telling(p)).take(limit).map(|(_, _, part)| part).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn errors_and_the_thing_itself_come_before_the_rest() {
        let mut log = String::new();
        for n in 0..100 {
            let _ = writeln!(log, "2026-11-20 23:00:{:02}.1 7 INFO nova.x [-] busy {n}", n % 60);
        }
        log.push_str("2026-11-20 23:01:01.1 7 ERROR nova.compute.manager [instance: abc] libvirt: no\u{1b}[31m space\n");
        log.push_str("2026-11-20 23:01:02.1 7 WARNING nova.y [-] slow\n");
        log.push_str("2026-11-20 23:01:03.1 7 INFO nova.z [instance: abc] gone\n");
        log.push_str("2026-11-20 23:01:04.1 7 INFO nova.api.openstack.requestlog [req] \"GET /v2.1/servers/abc\" status: 200\n");
        log.push_str(
            "2026-11-20 23:01:05.1 7 ERROR nova.compute.manager [instance: abc]   File \"x.py\", line 1\n",
        );
        let (best, earlier, lines) = sift(&log, "old", &["abc".into()]);
        assert_eq!((best, earlier, lines.len()), (0, false, 4));
        assert!(lines[0].contains("libvirt: no space"), "{lines:?}");
    }

    #[test]
    fn a_traceback_is_its_first_and_its_last_line() {
        let head = "2026-11-20 23:01:01.1 7 ERROR nova.compute.manager [None req-1 u p - -] [instance: abc] Failed to build: libvirtError: no";
        let frame =
            "2026-11-20 23:01:01.1 7 ERROR nova.compute.manager [instance: abc]   File \"x.py\", line 1";
        let plain = "2026-11-20 23:01:01.1 7 ERROR nova.compute.manager     self.run()";
        let last =
            "2026-11-20 23:01:01.1 7 ERROR nova.compute.manager [instance: abc] libvirt.libvirtError: no";
        let marks = ["abc".to_owned()];
        assert_eq!([head, frame, plain, last].map(|l| rank(l, &marks)), [0, 2, 2, 0]);
        assert!(!is_frame(head) && is_frame(frame) && is_frame(plain));
    }

    #[test]
    fn files_that_tell_nothing_are_shown_only_where_no_other_does() {
        let part = |source: &str| LogPart {
            node: "n".into(),
            module: "m".into(),
            source: source.into(),
            earlier: false,
            lines: vec!["x".into()],
        };
        let names = |parts| choose(parts).into_iter().map(|p| p.source).collect::<Vec<_>>();
        let all =
            vec![(false, 3, part("a")), (false, 0, part("b")), (true, 4, part("c")), (false, 4, part("d"))];
        assert_eq!(names(all), ["c", "b"]);
        let none = ["a", "b", "c", "d", "e"].map(|s| (false, 3, part(s)));
        assert_eq!(names(none.to_vec()), ["a", "b", "c"]);
        assert_eq!(names((0..20).map(|_| (false, 1, part("x"))).collect()).len(), PARTS_MAX);
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
