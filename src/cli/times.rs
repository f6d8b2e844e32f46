//! Words about time: what is left, what is waited for, what is odd about a running step. The screens say the same.

use super::print;
use crate::api::rows::JobNodeRow;
use crate::domain::estimate::Left;
use crate::domain::job::waits::WaitsFor;
use crate::domain::time::Moment;
use crate::domain::usual;

/// What is left, with its range.
pub fn left(left: Left) -> String {
    let guess = if left.guess { ", a guess: most of it was never measured" } else { "" };
    format!(
        "about {} left ({} to {}{guess})",
        print::span(left.mid),
        print::span(left.low),
        print::span(left.high)
    )
}

/// What a node waits for; its link is told elsewhere.
pub fn waits(waits: &WaitsFor, now: Moment) -> Option<String> {
    let span = |since: &Moment| print::span(now.since(*since));
    Some(match waits {
        WaitsFor::Stage { stage, nodes } => format!("waits for {stage}: {nodes} nodes are not done with it"),
        WaitsFor::Others { nodes } => {
            format!("waits for {nodes} nodes that are being undone or installed anew")
        }
        WaitsFor::Turn { parallel } => format!("waits for its turn: {parallel} nodes work at once"),
        WaitsFor::Held { by: Some(by) } => format!("held by {by}"),
        WaitsFor::Held { by: None } => "held".to_owned(),
        WaitsFor::Decision => "waits for a decision".to_owned(),
        WaitsFor::Operator { by, since } => {
            format!("waits for {by}, who installs it by hand, for {}", span(since))
        }
        WaitsFor::Cobbler { phase, since } => {
            format!("waits for Cobbler ({}) for {}", phase.word(), span(since))
        }
        WaitsFor::Answer => "asks the node what became of it".to_owned(),
        WaitsFor::Engine { since, .. } => format!("the engine cannot keep anything for {}", span(since)),
        WaitsFor::Link { .. } | WaitsFor::Unknown => return None,
    })
}

/// What is odd about the step that runs on a node: its ceiling is near, or it is silent for longer than usual.
pub fn oddity(node: &JobNodeRow, now: Moment) -> Option<String> {
    let step = node.current.as_ref()?;
    let since = step.state.open_since()?;
    if let Some(ceiling) = &step.ceiling
        && let Some(left) = ceiling.warning(now)
    {
        let given = print::span(u64::from(ceiling.seconds) * 1000);
        return Some(format!("{} will be ended in {} (it was given {given})", step.step, print::span(left)));
    }
    let quiet = now.since(step.last_output.unwrap_or(since).max(since));
    let silence = usual::silence(step.usual.as_ref()?, quiet)?;
    let usually = silence.usual_ms.map(|ms| format!(" (usually {})", print::span(ms))).unwrap_or_default();
    Some(format!("{}: no output for {}{usually}", step.step, print::span(silence.quiet_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let range = Left { low: 180_000, mid: 400_000, high: 780_000, guess: false };
        assert_eq!(left(range), "about 6m40s left (3m00s to 13m00s)");
        assert!(left(Left { guess: true, ..range }).contains("a guess"));
        let held = WaitsFor::Held { by: Some("ada".into()) };
        assert_eq!(waits(&held, Moment(0)).as_deref(), Some("held by ada"));
    }
}
