//! Words about time on the screen of a job: what is left, what is silent, what is waited for, what is about to be ended.

use crate::api::rows::{CurrentStep, JobNodeRow};
use crate::domain::estimate::Left;
use crate::domain::job::waits::WaitsFor;
use crate::domain::time::Moment;
use crate::domain::usual::{self, Usual};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;

/// What is left with its range, and shorter forms for where there is no room.
pub fn left(cx: &Shared, left: Left) -> Vec<String> {
    let (low, mid, high) = (about(left.low), about(left.mid), about(left.high));
    let range = if left.guess {
        t!("job-left-guess", span = mid.as_str(), low = low, high = high)
    } else {
        t!("job-left-range", span = mid.as_str(), low = low, high = high)
    };
    let short = if left.guess { t!("job-left-guess-short", span = mid) } else { t!("job-left", span = mid) };
    vec![cx.tr(&range), cx.tr(&short)]
}

/// Milliseconds to what an estimate can know: `40s`, `7m`, `1h20m`, `2d04h`.
fn about(ms: u64) -> String {
    match ms / 1000 {
        s @ 0..60 => format!("{}s", s.div_ceil(10) * 10),
        s @ 60..3600 => format!("{}m", (s + 30) / 60),
        s => text::duration((s + 300) / 600 * 600_000),
    }
}

/// How long a step has run, against its usual time.
pub fn elapsed(cx: &Shared, step: &CurrentStep, since: Moment) -> String {
    let elapsed = text::duration(cx.now.since(since));
    let usual = text::duration(step.usual_ms);
    cx.tr(&match &step.usual {
        Some(u) if u.is_guess() => t!("job-current-guess", elapsed = elapsed, usual = usual),
        Some(_) => t!("job-current", elapsed = elapsed, usual = usual),
        None => t!("job-current-only", elapsed = elapsed),
    })
}

/// What is odd about a running step, the most urgent first: its ceiling, its silence, that it takes longer than ever.
pub fn oddity(cx: &Shared, step: &CurrentStep, since: Moment) -> Option<(String, Part)> {
    if let Some(ceiling) = &step.ceiling
        && let Some(left) = ceiling.warning(cx.now)
    {
        let given = text::duration(u64::from(ceiling.seconds) * 1000);
        let words = cx.tr(&t!("job-ceiling", left = text::duration(left), given = given));
        return Some((words, Part::Bad));
    }
    let usual = step.usual.unwrap_or_else(|| Usual::guess(60));
    let quiet = cx.now.since(step.last_output.unwrap_or(since).max(since));
    let silence = usual::silence(&usual, quiet)?;
    let span = text::duration(silence.quiet_ms);
    let words = cx.tr(&match silence.usual_ms {
        Some(usual) => t!("job-silent", silent = span, usual = text::duration(usual)),
        None => t!("job-silent-only", silent = span),
    });
    Some((words, if silence.odd { Part::Bad } else { Part::Warn }))
}

/// What a node waits for.
pub fn waits(cx: &Shared, node: &JobNodeRow) -> Option<(String, Part)> {
    let since = |at: &Moment| text::duration(cx.now.since(*at));
    let (words, part) = match node.waits.as_ref()? {
        WaitsFor::Stage { stage, nodes } => {
            let stage = cx.tr(&Text::key(format!("stage-{stage}")));
            (t!("waits-stage", stage = stage, nodes = *nodes), Part::Dim)
        }
        WaitsFor::Others { nodes } => (t!("waits-others", nodes = *nodes), Part::Dim),
        WaitsFor::Turn { parallel } => (t!("waits-turn", parallel = *parallel), Part::Dim),
        WaitsFor::Held { by: Some(by) } => (t!("waits-held", by = by), Part::Warn),
        WaitsFor::Held { by: None } => (t!("waits-held-only"), Part::Warn),
        WaitsFor::Decision => (t!("waits-decision"), Part::Warn),
        WaitsFor::Operator { by, since: at } => (t!("waits-operator", by = by, span = since(at)), Part::Warn),
        WaitsFor::Cobbler { phase, since: at } => {
            let phase = cx.tr(&Text::key(format!("reinstall-{}", phase.word())));
            (t!("waits-cobbler", phase = phase, span = since(at)), Part::Dim)
        }
        WaitsFor::Answer => (t!("waits-answer"), Part::Dim),
        WaitsFor::Link { since: at, .. } => (t!("job-link-down", span = since(at)), Part::Warn),
        WaitsFor::Engine { since: at, why } => {
            (t!("waits-engine", span = since(at), why = cx.catalogue.kept(why)), Part::Bad)
        }
        WaitsFor::Unknown => return None,
    };
    Some((cx.tr(&words), part))
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn estimates_are_rounded() {
        for (ms, words) in [
            (0, "0s"),
            (41_000, "50s"),
            (89_000, "1m"),
            (400_000, "7m"),
            (4_801_000, "1h20m"),
            (180_000_000, "2d02h"),
        ] {
            assert_eq!(about(ms), words);
        }
    }
}
