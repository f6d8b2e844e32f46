//! A job over time, its report as a file, the attempts of a node.

use super::fixtures::{ENV, JOB, ms_ago, nodes, running_job, steps};
use super::harness::{NOW, Rig, snapshots};
use super::nodes::opened;
use crate::api::views::{ReportPart, Window};
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{Job, JournalEntry, PastAttempt, StepAction, StepEnd, StepState, UndoProgress};
use crate::domain::report::JobReport;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};
use serde_json::json;

pub(super) fn on_job() -> Rig {
    let mut rig = opened(UserRole::Viewer, nodes());
    let rows = running_job();
    let row = rows.iter().find_map(|r| if let Row::Job(j) = r { Some((**j).clone()) } else { None }).unwrap();
    rig.rows(Topic::Jobs(ENV), vec![Row::from(row)]);
    rig.keys("3<Enter>");
    rig.rows(Topic::Job(JOB), rows);
    rig
}

/// A controller that failed once and a compute node that still runs.
pub(super) fn report() -> JobReport {
    let plan = json!({
        "env": 1, "platform": "debian-12-zed", "parallel": 2, "modules": [], "steps": {},
        "nodes": [
            {"id": 11, "name": "node-1", "address": "192.0.2.1", "roles": ["controller"]},
            {"id": 12, "name": "node-2", "address": "192.0.2.2", "roles": ["compute"]},
        ],
        "stages": [
            {"kind": "controllers", "items": [{"node": 11, "steps": ["mariadb/install", "keystone/db-sync"]}]},
            {"kind": "computes", "items": [{"node": 12, "steps": ["time/check", "nova/install"]}]},
        ],
    });
    let start = |n: u64, i: u64, a: u64| json!({"step-started": {"node": n, "index": i, "attempt": a}});
    let end = |n: u64, i: u64, a: u64, e: serde_json::Value| json!({"step-ended": {"node": n, "index": i, "attempt": a, "end": e}});
    let t = NOW.0 - 600_000;
    let journal: Vec<JournalEntry> = [
        (t, json!("started")),
        (t, start(11, 0, 1)),
        (t + 120_000, end(11, 0, 1, json!("changed"))),
        (t + 120_000, start(11, 1, 1)),
        (t + 180_000, end(11, 1, 1, json!({"failed": {"status": 1}}))),
        (t + 300_000, json!({"node-again": {"node": 11, "by": "ada"}})),
        (t + 300_000, start(11, 1, 2)),
        (t + 400_000, end(11, 1, 2, json!("changed"))),
        (t + 400_000, start(12, 0, 1)),
        (t + 440_000, end(12, 0, 1, json!("unchanged"))),
        (t + 440_000, start(12, 1, 1)),
    ]
    .into_iter()
    .map(|(at, event)| serde_json::from_value(json!({"at": at, "event": event})).unwrap())
    .collect();
    let plan = serde_json::from_value(plan).unwrap();
    let job = Job::replay(JOB, plan, "ada".into(), Moment(t), &journal).unwrap();
    JobReport::of(&job, "production", &journal, NOW)
}

/// Answers requests for the report, so many bytes at a time.
pub(super) fn feed(rig: &mut Rig, bytes: &[u8], max: usize) -> usize {
    let mut parts = 0;
    while let Some(at) = rig.calls.iter().position(|c| matches!(c.request, Request::JobReport { .. })) {
        let call = rig.calls.remove(at).unwrap();
        let Request::JobReport { job: JobId(12), part } = call.request else { panic!("{:?}", call.request) };
        let from = usize::try_from(part.map_or(0, |(number, offset)| {
            assert_eq!(number, 7, "all parts are of one report");
            offset
        }))
        .unwrap();
        let until = (from + max).min(bytes.len());
        let answer = ReportPart {
            number: 7,
            offset: from as u64,
            bytes: bytes[from..until].to_vec(),
            length: bytes.len() as u64,
        };
        rig.event(Event::Answer { to: call.to, tag: call.tag, result: Ok(Response::Report(answer)) });
        parts += 1;
    }
    parts
}

#[test]
fn a_job_over_time_and_its_report_as_a_file() {
    let mut rig = on_job();
    rig.keys("t");
    assert_eq!(rig.stack().last(), Some(&"timeline"));
    let bytes = serde_json::to_vec(&report()).unwrap();
    assert!(feed(&mut rig, &bytes, 1000) > 2);
    snapshots("timeline", &mut rig);
    rig.keys("++l");
    let closer = rig.screen(80, 24);
    rig.keys("--hhhh");
    assert_ne!(closer, rig.screen(80, 24));
    rig.keys("j");
    assert!(rig.screen(80, 24).contains("node-2: worked 3m20s"), "{}", rig.screen(80, 24));

    rig.other.clear();
    rig.keys("<C-s>");
    snapshots("report-export", &mut rig);
    rig.keys("<C-s>");
    let [Command::WriteFile { path, text }] = &rig.other[..] else { panic!("{:?}", rig.other) };
    assert_eq!(path, "~/cpmg-job-12.txt");
    assert!(text.contains("keystone/db-sync") && text.contains("failed with status 1"), "{text}");
    assert_eq!(rig.stack().last(), Some(&"timeline"));
    rig.event(Event::Written { path: "~/cpmg-job-12.txt".into(), result: Ok(()) });
    assert!(rig.notice().contains("~/cpmg-job-12.txt"));
    rig.other.clear();
    rig.keys("<C-s>");
    for _ in 0..4 {
        rig.keys("<Backspace>");
    }
    rig.keys(".json<C-s>");
    let [Command::WriteFile { path, text }] = &rig.other[..] else { panic!("{:?}", rig.other) };
    assert_eq!(path, "~/cpmg-job-12.json");
    assert_eq!(serde_json::from_str::<JobReport>(text).unwrap(), report());
    rig.event(Event::Written { path: "x".into(), result: Err("x: File exists".into()) });
    assert!(rig.notice().contains("File exists"));
}

#[test]
fn a_report_of_a_running_job_is_asked_for_anew_but_not_all_the_time() {
    let mut rig = on_job();
    rig.keys("t");
    let bytes = serde_json::to_vec(&report()).unwrap();
    feed(&mut rig, &bytes, 1 << 20);
    rig.rows(Topic::Job(JOB), running_job());
    assert_eq!(feed(&mut rig, &bytes, 1 << 20), 0, "it is fresh");
    rig.at = NOW.plus(6_000);
    let mut rows = running_job();
    if let Row::Job(job) = &mut rows[0] {
        job.permille += 1;
    }
    rig.rows(Topic::Job(JOB), rows);
    assert_eq!(feed(&mut rig, &bytes, 1 << 20), 1);
}

/// Steps of which one was run, undone, and is run again.
pub(super) fn twice() -> Vec<Row> {
    let mut rows = steps(1_800);
    let Some(Row::Step(step)) = rows.first_mut() else { panic!() };
    let past = |action, number, from, to, end| PastAttempt {
        action,
        number,
        since: ms_ago(from),
        at: ms_ago(to),
        end,
    };
    step.history = vec![
        past(StepAction::Run, 1, 300_000, 280_000, StepEnd::Failed { status: 100 }),
        past(StepAction::Run, 2, 250_000, 240_000, StepEnd::Changed),
    ];
    step.undo = Some(UndoProgress {
        attempt: 1,
        state: StepState::Ended { since: ms_ago(200_000), at: ms_ago(190_000), end: StepEnd::Changed },
    });
    step.attempt = 3;
    rows
}

#[test]
fn earlier_attempts_with_their_output() {
    let mut rig = on_job();
    rig.keys("H");
    rig.rows(Topic::JobNode(JOB, NodeId(11)), twice());
    let mut asked = Vec::new();
    let mut answer = |rig: &mut Rig| {
        while let Some(at) = rig.calls.iter().position(|c| matches!(c.request, Request::Output { .. })) {
            let call = rig.calls.remove(at).unwrap();
            let Request::Output { step, action, attempt, offset, .. } = &call.request else { panic!() };
            asked.push((*action, *attempt));
            let text = format!("{step} {action:?} {attempt}\nE: Unable to fetch\n");
            let from = usize::try_from(*offset).unwrap().min(text.len());
            let window = Window { offset: *offset, bytes: text[from..].into(), length: text.len() as u64 };
            rig.event(Event::Answer { to: call.to, tag: call.tag, result: Ok(Response::Window(window)) });
        }
    };
    answer(&mut rig);
    snapshots("attempts", &mut rig);
    assert!(rig.screen(80, 24).contains("Run 1"), "{}", rig.screen(80, 24));
    rig.keys("jj");
    answer(&mut rig);
    assert!(rig.screen(80, 24).contains("Undo 1"), "{}", rig.screen(80, 24));
    rig.keys("z");
    snapshots("attempts-zoom", &mut rig);
    rig.keys("<Esc><Esc>");
    assert_eq!(rig.stack().last(), Some(&"job"));
    assert!(asked.contains(&(StepAction::Run, 1)) && asked.contains(&(StepAction::Undo, 1)));
}
