//! Examples of reports, and one property: a report never disagrees with its job.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use super::*;
use crate::domain::plan::Plan;
use crate::domain::timeline::{Fill, Timeline};
use proptest::prelude::*;
use serde_json::json;

/// Written as JSON, as journals are: what older releases wrote is read for good.
fn plan() -> Plan {
    serde_json::from_value(json!({
        "env": 1, "platform": "debian-12-zed", "parallel": 2, "modules": [],
        "nodes": [
            {"id": 2, "name": "ctl-1", "address": "192.0.2.2", "roles": ["controller"]},
            {"id": 1, "name": "cmp-1", "address": "192.0.2.1", "roles": ["compute"]},
        ],
        "stages": [
            {"kind": "controllers", "items": [{"node": 2, "steps": ["mariadb/install", "keystone/db-sync"]}]},
            {"kind": "computes", "items": [{"node": 1, "steps": ["nova/install"]}]},
        ],
        "steps": {},
    }))
    .unwrap()
}

fn story(lines: &serde_json::Value) -> Vec<JournalEntry> {
    let list = lines.as_array().unwrap();
    list.iter().map(|l| serde_json::from_value(json!({"at": l[0], "event": l[1]})).unwrap()).collect()
}

fn start(node: u64, index: usize, attempt: u32) -> serde_json::Value {
    json!({"step-started": {"node": node, "index": index, "attempt": attempt}})
}

fn end(node: u64, index: usize, attempt: u32, end: &serde_json::Value) -> serde_json::Value {
    json!({"step-ended": {"node": node, "index": index, "attempt": attempt, "end": end}})
}

fn failed_and_mended() -> Vec<JournalEntry> {
    let t = 1_772_348_400_000_u64;
    story(&json!([
        [t, "started"],
        [t, start(2, 0, 1)],
        [t + 60_000, end(2, 0, 1, &json!("changed"))],
        [t + 60_000, start(2, 1, 1)],
        [t + 65_000, end(2, 1, 1, &json!({"failed": {"status": 3}}))],
        [t + 65_000, {"node-skipped": {"node": 1}}],
        [t + 66_000, "ended"],
        // The night passes.
        [t + 36_000_000, {"retried": {"by": "grace"}}],
        [t + 36_000_000, start(2, 1, 2)],
        [t + 36_010_000, end(2, 1, 2, &json!("changed"))],
        [t + 36_010_000, "interrupted"],
        [t + 36_012_000, "started"],
        [t + 36_012_000, start(1, 0, 1)],
        [t + 36_042_000, end(1, 0, 1, &json!("unchanged"))],
        [t + 36_042_000, "ended"],
    ]))
}

fn report_of(journal: &[JournalEntry], at: u64) -> JobReport {
    let created = journal.first().map_or(Moment(0), |e| e.at);
    let job = Job::replay(JobId(7), plan(), "ada".into(), created, journal).unwrap();
    JobReport::of(&job, "lab", journal, Moment(at))
}

#[test]
fn every_attempt_is_kept_and_the_sums_add_up() {
    let report = report_of(&failed_and_mended(), 0);
    let t = &report.totals;
    assert_eq!(t.elapsed_ms, 66_000 + 42_000, "the night does not count");
    assert_eq!(t.busy_ms, 60_000 + 5_000 + 10_000 + 30_000);
    assert_eq!((t.nodes_done, t.steps_done, t.changed), (2, 3, 2));
    assert_eq!((t.attempts, t.failed, t.repeated, t.interruptions), (4, 1, 1, 1));
    assert_eq!(report.nodes[0].name, "ctl-1", "in the plan's order");
    assert_eq!(report.nodes[0].steps[1].attempts.len(), 2);
    assert_eq!(report.nodes[0].waiting_ms, 1_000, "between the failure and the end of the first run");
    assert_eq!(report.nodes[1].waiting_ms, 66_000 + 12_000);
    assert_eq!(
        report.modules.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(),
        ["mariadb", "nova", "keystone"]
    );
    assert_eq!(report.modules[2].failed, 1);
    assert_eq!(report.steps[0].longest_on, "ctl-1");
    let error = report.first_error.as_ref().unwrap();
    assert_eq!((error.name.as_str(), error.attempt), ("ctl-1", 1));
    assert_eq!(error.what, "failed with status 3");
    let kinds: Vec<&str> = report.notes.iter().map(|n| n.kind.as_str()).collect();
    assert_eq!(kinds, ["started", "node-skipped", "ended", "retried", "interrupted", "started", "ended"]);
}

#[test]
fn as_json_and_back() {
    let report = report_of(&failed_and_mended(), 0);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<JobReport>(&text).unwrap(), report);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let attempt = &value["nodes"][0]["steps"][1]["attempts"][0];
    assert_eq!(attempt["took_ms"], 5000);
    assert_eq!(attempt["end"]["failed"]["status"], 3);
    assert_eq!(value["format"], 1);
}

#[test]
fn a_running_job_is_told_as_of_now() {
    let journal = &failed_and_mended()[..4];
    let report = report_of(journal, 1_772_348_400_000 + 75_000);
    let open = &report.nodes[0].steps[1].attempts[0];
    assert_eq!((open.stretch.until, open.stretch.took_ms, open.end.clone()), (None, 15_000, None));
    assert_eq!(report.totals.elapsed_ms, 75_000);
    assert_eq!(report.nodes[1].waiting_ms, 75_000);
    assert!(text(&report).contains("not over yet"));
    let line = Timeline::of(&report);
    assert_eq!(line.rows[0].spans.iter().map(|s| s.fill).collect::<Vec<_>>(), [Fill::Changed, Fill::Runs]);
}

#[test]
fn a_node_that_is_lost_ends_its_attempt() {
    let journal = story(&json!([
        [1000, "started"],
        [1000, start(2, 0, 1)],
        [3000, {"node-failed": {"node": 2, "why": "no \u{1b}[31mroute"}}],
    ]));
    let report = report_of(&journal, 9000);
    let lost = &report.nodes[0].steps[0].attempts[0];
    assert!(matches!(&lost.end, Some(StepEnd::Lost { why }) if why.contains("route")));
    assert_eq!(lost.stretch.took_ms, 2000);
    assert!(!text(&report).contains('\u{1b}'));
}

#[test]
fn the_text_fits_a_mail() {
    let mut report = report_of(&failed_and_mended(), 0);
    let error = report.first_error.as_mut().unwrap();
    error.lines = vec!["ERROR 1045 (28000): Access denied".into()];
    let english = |text: &str| [("en".to_owned(), text.to_owned())].into();
    error.known = Some(super::KnownError {
        id: "mariadb-denied".into(),
        title: english("MariaDB refuses the password"),
        meaning: english("The account has another password than cpmg knows."),
        mend: english("Set it: cpmg account set, or rotate it."),
    });
    insta::assert_snapshot!(text(&report));
}

proptest! {
    /// Random entries, as far as the job accepts them: the report never disagrees with the job.
    #[test]
    fn the_report_agrees_with_the_job(picks in prop::collection::vec((0_u64..10, 0_u64..3, 0_usize..3, 1_u32..3, -500_i64..5000), 0..60)) {
        let mut now = 1_000_000_i64;
        let mut job = Job::new(JobId(1), plan(), "ada".into(), Moment(1_000_000));
        let mut journal = Vec::new();
        for (kind, node, index, attempt, wait) in picks {
            now += wait;
            let event = match kind {
                0 => json!("started"),
                1..=3 => start(node, index, attempt),
                4..=5 => end(node, index, attempt, &json!("changed")),
                6 => end(node, index, attempt, &json!({"failed": {"status": 1}})),
                7 => json!({"node-failed": {"node": node, "why": "gone"}}),
                8 => json!({"retried": {"by": "ada"}}),
                _ => json!("ended"),
            };
            let entry = story(&json!([[now, event]])).remove(0);
            if job.apply(&entry).is_ok() {
                journal.push(entry);
            }
        }
        let report = JobReport::of(&job, "lab", &journal, Moment(now.unsigned_abs()));
        for node in &report.nodes {
            for (told, is) in node.steps.iter().zip(&job.nodes[&node.node].steps) {
                let runs = told.attempts.iter().filter(|a| a.action == StepAction::Run).count();
                prop_assert_eq!(u32::try_from(runs).unwrap(), is.attempt);
                prop_assert_eq!(told.attempts.iter().any(|a| a.end.is_none()), is.is_open());
            }
        }
        prop_assert_eq!(report.totals.busy_ms, report.nodes.iter().map(|n| n.busy_ms).sum::<u64>());
        let line = Timeline::of(&report);
        prop_assert!(line.since <= line.until);
        let _ = text(&report);
    }
}
