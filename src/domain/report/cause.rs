//! Which lines of a failed step's output to show: those around the first that names a cause, not only the last ones.

/// Lines before the end in which a cause is looked for.
const LOOK_BACK: usize = 80;
/// Lines before the cause.
const BEFORE: usize = 2;
/// Last lines that are shown in any case.
const LAST: usize = 3;

/// Whether a line names a cause. Names such as `libgpg-error0` do not.
fn names_cause(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "error",
        "fatal",
        "failed",
        "failure",
        "cannot",
        "can't",
        "denied",
        "refused",
        "unable",
        "traceback",
        "critical",
        "panic",
    ];
    let word = |w: &str| {
        let w = w.trim_matches(|c: char| !c.is_alphanumeric());
        let low = w.to_lowercase();
        WORDS.contains(&low.as_str())
            || w == "E"
            || w.strip_suffix("Error").or_else(|| w.strip_suffix("Exception")).is_some()
    };
    line.contains("No such file") || line.contains("not found") || line.split_whitespace().any(word)
}

/// At most `most` (at least 8) of `lines`, the output of a failed step: the last ones, and if the first cause among them lies
/// further up, the lines around it, a line with `…`, and the last ones.
pub fn around(lines: &[String], most: usize) -> Vec<String> {
    let most = most.max(8);
    let tail = lines.len().saturating_sub(most);
    let from = lines.len().saturating_sub(LOOK_BACK);
    let cause = lines.iter().skip(from).position(|l| names_cause(l)).map(|at| at + from);
    match cause {
        Some(at) if at < tail => {
            let head = lines.iter().skip(at.saturating_sub(BEFORE)).take(most - LAST - 1);
            let last = lines.iter().skip(lines.len().saturating_sub(LAST));
            head.cloned().chain(std::iter::once("…".to_owned())).chain(last.cloned()).collect()
        }
        _ => lines.iter().skip(tail).cloned().collect(),
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
    use proptest::prelude::*;

    #[test]
    fn causes() {
        for (line, is) in [
            ("E: Unable to fetch some archives", true),
            ("ERROR 1045 (28000): Access denied for user", true),
            ("sqlalchemy.exc.OperationalError: (2003, …)", true),
            ("bash: foo: command not found", true),
            ("Get:22 http://mirror.example libgpg-error0 amd64", false),
            ("Setting up libgpg-error-l10n (1.46) ...", false),
            ("0 errors, all well", false),
            ("Unpacking error-free-things", false),
        ] {
            assert_eq!(names_cause(line), is, "{line}");
        }
    }

    #[test]
    fn the_cause_is_shown_though_much_was_printed_after_it() {
        let mut lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        assert_eq!(around(&lines, 12), lines[88..]);
        lines[50] = "ERROR: the database does not answer".into();
        let shown = around(&lines, 12);
        assert_eq!(shown.len(), 12);
        assert_eq!((shown[0].as_str(), shown[2].as_str()), ("line 48", lines[50].as_str()));
        assert_eq!(shown[8..], ["…", "line 97", "line 98", "line 99"]);
        lines[95] = "fatal: later".into();
        assert_eq!(around(&lines, 12)[2], lines[50], "the first one counts");
    }

    proptest! {
        #[test]
        fn never_more_than_asked_for(
            lines in prop::collection::vec(prop::sample::select(vec!["", "x", "error", "a b", "x error", "error x a b"]), 0..80),
            most in 0_usize..40,
        ) {
            let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            let shown = around(&lines, most);
            prop_assert!(shown.len() <= most.max(8));
            prop_assert_eq!(shown.last(), lines.last());
        }
    }
}
