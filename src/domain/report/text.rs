//! The report as plain text: 80 columns where names allow, no colours, fit for a terminal, a file and a mail.

use super::{AttemptReport, JobReport, NodeReport, Share, StepReport, end_words};
use crate::domain::job::StepAction;
use crate::domain::plan::localized;
use crate::domain::text::harmless;
use crate::domain::time::{Moment, clock_utc, span, utc};
use std::fmt::Write;

/// Rows of a list of the longest ones.
const LONGEST: usize = 10;
/// Failed attempts that are listed.
const FAILED: usize = 30;

/// Writes the report. Texts that came from nodes are made harmless.
pub fn text(report: &JobReport) -> String {
    let mut out = String::new();
    head(&mut out, report);
    error(&mut out, report);
    failed(&mut out, report);
    notes(&mut out, report);
    shares(&mut out, report);
    slowest(&mut out, report);
    for node in &report.nodes {
        whole_node(&mut out, node);
    }
    harmless(&out)
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn title(out: &mut String, text: &str) {
    line(out, "");
    line(out, text);
    line(out, &"-".repeat(text.chars().count()));
}

/// Nodes at work at the same time on average, with one decimal.
fn beside(busy_ms: u64, elapsed_ms: u64) -> String {
    let tenths = u128::from(busy_ms) * 10 / u128::from(elapsed_ms.max(1));
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn head(out: &mut String, r: &JobReport) {
    let t = &r.totals;
    line(out, &format!("Job {} on {}: {}", r.job, r.environment, r.state));
    line(out, &"=".repeat(format!("Job {} on {}: {}", r.job, r.environment, r.state).chars().count()));
    let mut pair = |name: &str, value: String| line(out, &format!("{name:10}{value}"));
    pair("platform", r.platform.clone());
    pair("started", format!("{} by {}", utc(r.created), r.by));
    match r.ended {
        Some(at) => pair("ended", utc(at)),
        None => pair("as of", format!("{}, not over yet", utc(r.at))),
    }
    pair(
        "took",
        format!("{}, {} nodes at work on average", span(t.elapsed_ms), beside(t.busy_ms, t.elapsed_ms)),
    );
    pair("working", format!("{} summed over the nodes", span(t.busy_ms)));
    pair("waiting", format!("{} summed over the nodes (turns, stages, decisions)", span(t.waiting_ms)));
    pair("nodes", format!("{} of {} done", t.nodes_done, t.nodes));
    let unchanged = t.steps_done - t.changed.min(t.steps_done);
    pair(
        "steps",
        format!(
            "{} of {} done; {} changed something, {unchanged} found nothing to do",
            t.steps_done, t.steps, t.changed
        ),
    );
    pair(
        "attempts",
        format!("{}; {} did not end well, {} steps ran more than once", t.attempts, t.failed, t.repeated),
    );
    if t.undone + t.renewed + t.interruptions > 0 {
        pair(
            "besides",
            format!(
                "{} undone, {} operating systems installed anew, the engine died {} times",
                t.undone, t.renewed, t.interruptions
            ),
        );
    }
}

fn error(out: &mut String, r: &JobReport) {
    let Some(e) = &r.first_error else { return };
    title(out, "First error");
    let step = e.step.as_ref().map(|s| format!(" {s}, attempt {}", e.attempt));
    line(out, &format!("{}  {}{}", utc(e.at), e.name, step.unwrap_or_default()));
    line(out, &e.what);
    for l in &e.lines {
        line(out, &format!("  | {l}"));
    }
    if let Some(known) = &e.known {
        line(out, &format!("Known: {}", localized(&known.title, "en")));
        for text in [&known.meaning, &known.mend] {
            line(out, &format!("  {}", localized(text, "en")));
        }
    }
}

fn bad(node: &NodeReport) -> impl Iterator<Item = (&StepReport, &AttemptReport)> {
    node.steps.iter().flat_map(|s| s.attempts.iter().filter(|a| a.is_bad()).map(move |a| (s, a)))
}

fn failed(out: &mut String, r: &JobReport) {
    let mut all: Vec<_> =
        r.nodes.iter().flat_map(|n| bad(n).map(move |(s, a)| (a.stretch.until, n, s, a))).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(at, ..)| *at);
    title(out, "Attempts that did not end well");
    for (at, node, step, a) in all.iter().take(FAILED) {
        let end = a.end.as_ref().map(end_words).unwrap_or_default();
        line(
            out,
            &format!(
                "{}  {} {} {}: {end}",
                at.map(clock_utc).unwrap_or_default(),
                node.name,
                step.step,
                attempt(a)
            ),
        );
    }
    if all.len() > FAILED {
        line(out, &format!("and {} more, see the nodes below", all.len() - FAILED));
    }
}

fn attempt(a: &AttemptReport) -> String {
    let what = match a.action {
        StepAction::Run => "attempt",
        StepAction::Undo => "undo",
        StepAction::Check => "check",
    };
    format!("{what} {}", a.number)
}

fn notes(out: &mut String, r: &JobReport) {
    // One line for all nodes of which the same is said at about the same time.
    let mut lines: Vec<(Moment, String, u32)> = Vec::new();
    for note in &r.notes {
        let who = note.by.as_ref().map(|by| format!("{by}: ")).unwrap_or_default();
        let said = format!("{who}{}", note.text);
        match lines.last_mut() {
            Some((_, last, more)) if note.node.is_some() && last.ends_with(&said) => *more += 1,
            _ => {
                let node = note.node.as_ref().map(|n| format!("{n}  ")).unwrap_or_default();
                lines.push((note.at, format!("{node}{said}"), 0));
            }
        }
    }
    if lines.is_empty() {
        return;
    }
    title(out, "What happened besides steps");
    for (at, said, more) in lines {
        let more = if more > 0 { format!(" (and {more} more nodes)") } else { String::new() };
        line(out, &format!("{}  {said}{more}", utc(at)));
    }
}

fn shares(out: &mut String, r: &JobReport) {
    if r.stages.is_empty() {
        return;
    }
    title(out, "Where did the time go");
    line(
        out,
        &format!(
            "{:34}{:>10}{:>10}{:>7}{:>9}{:>8}",
            "stage", "begin-end", "working", "share", "attempts", "failed"
        ),
    );
    for s in &r.stages {
        share(out, s, &span(s.until.since(s.since)));
    }
    line(out, "");
    line(
        out,
        &format!("{:34}{:>10}{:>10}{:>7}{:>9}{:>8}", "module", "", "working", "share", "attempts", "failed"),
    );
    for s in r.modules.iter().take(LONGEST * 2) {
        share(out, s, "");
    }
    line(out, "");
    line(
        out,
        &format!("{:34}{:>10}{:>10}{:>7}{:>9}  {}", "step", "median", "working", "share", "longest", "on"),
    );
    for s in r.steps.iter().take(LONGEST * 2) {
        line(
            out,
            &format!(
                "{:34}{:>10}{:>10}{:>7}{:>9}  {}",
                s.step.to_string(),
                span(s.median_ms),
                span(s.busy_ms),
                percent(s.permille),
                span(s.longest_ms),
                s.longest_on
            ),
        );
    }
}

fn percent(permille: u16) -> String {
    format!("{}.{}%", permille / 10, permille % 10)
}

fn share(out: &mut String, s: &Share, wall: &str) {
    line(
        out,
        &format!(
            "{:34}{wall:>10}{:>10}{:>7}{:>9}{:>8}",
            s.name,
            span(s.busy_ms),
            percent(s.permille),
            s.attempts,
            s.failed
        ),
    );
}

fn slowest(out: &mut String, r: &JobReport) {
    if r.nodes.len() < 2 {
        return;
    }
    let mut nodes: Vec<&NodeReport> = r.nodes.iter().collect();
    nodes.sort_by_key(|n| std::cmp::Reverse(n.busy_ms));
    line(out, "");
    line(out, &format!("{:34}{:>10}{:>10}  {}", "slowest nodes", "waiting", "working", "state"));
    for n in nodes.into_iter().take(LONGEST) {
        line(
            out,
            &format!("{:34}{:>10}{:>10}  {}", n.name, span(n.waiting_ms), span(n.busy_ms), n.state.word()),
        );
    }
}

fn whole_node(out: &mut String, node: &NodeReport) {
    let roles: Vec<&str> = node.roles.iter().map(|r| r.word()).collect();
    title(out, &format!("{} ({}): {}", node.name, roles.join(", "), node.state.word()));
    let mut text = format!("working {}, waiting {}", span(node.busy_ms), span(node.waiting_ms));
    if let Some(why) = &node.why {
        let _ = write!(text, "; {why}");
    }
    line(out, &text);
    for renewal in &node.renewals {
        let stretch = &renewal.stretch;
        let end = match (stretch.until, stretch.good) {
            (None, _) => "goes on",
            (Some(_), true) => "done",
            (Some(_), false) => "failed",
        };
        let from = clock_utc(stretch.since);
        let how = if renewal.by_hand { "system installed by hand" } else { "system reinstalled (Cobbler)" };
        line(out, &format!("  {from}  {how:34}{:>8}  {end}", span(stretch.took_ms)));
    }
    for step in &node.steps {
        if step.attempts.is_empty() {
            line(out, &format!("  --:--:--  {:34}{:>8}  not run", step.step.to_string(), ""));
        }
        for a in &step.attempts {
            let end = a.end.as_ref().map_or_else(|| "runs".to_owned(), end_words);
            let which = if a.number == 1 && a.action == StepAction::Run {
                String::new()
            } else {
                format!(" ({})", attempt(a))
            };
            line(
                out,
                &format!(
                    "  {}  {:34}{:>8}  {end}{which}",
                    clock_utc(a.stretch.since),
                    step.step.to_string(),
                    span(a.stretch.took_ms)
                ),
            );
        }
    }
}
