//! A job: bars, live output, its end, its errors.

use super::fixtures::{JOB, failed_job, job, job_node, ms_ago, running_job, steps};
use super::harness::{NOW, Rig, snapshots};
use super::nodes::opened;
use crate::api::views::Window;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::NodeId;
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{JobNodeState, JobState};
use crate::domain::user::UserRole;
use crate::tui::event::Event;

const NODE: NodeId = NodeId(11);

pub fn on_job(role: UserRole, rows: Vec<Row>) -> Rig {
    let mut rig = opened(role, super::fixtures::nodes());
    let row = rows.iter().find_map(|r| if let Row::Job(j) = r { Some((**j).clone()) } else { None }).unwrap();
    rig.rows(Topic::Jobs(super::fixtures::ENV), vec![Row::from(row)]);
    rig.keys("3<Enter>");
    rig.rows(Topic::Job(JOB), rows);
    rig
}

/// Answers calls for output from `text`, whichever the step.
pub fn feed(rig: &mut Rig, text: impl Fn(&str) -> String) {
    while let Some(at) = rig.calls.iter().position(|c| matches!(c.request, Request::Output { .. })) {
        let call = rig.calls.remove(at).unwrap();
        let Request::Output { step, offset, max, .. } = &call.request else { panic!() };
        let all = text(&step.to_string()).into_bytes();
        let from = usize::try_from(*offset).unwrap().min(all.len());
        let to = (from + usize::try_from(*max).unwrap()).min(all.len());
        let window = Window {
            offset: *offset,
            bytes: all[from..to].to_vec(),
            length: u64::try_from(all.len()).unwrap(),
        };
        rig.event(Event::Answer { to: call.to, tag: call.tag, result: Ok(Response::Window(window)) });
    }
}

pub fn output(step: &str) -> String {
    match step {
        "hosts/check" => "everything in place\n".into(),
        "time/packages" => {
            "Reading package lists...\n\u{1b}[32mSetting up chrony\u{1b}[0m (4.3-2+deb12u1) ...\n".into()
        }
        _ => (1..=30)
            .map(|n| {
                format!("Get:{n} http://mirror.example/debian bookworm/main amd64 package-{n} 1.0 [{n} kB]\n")
            })
            .collect(),
    }
}

#[test]
fn a_running_installation() {
    let mut rig = on_job(UserRole::Operator, running_job());
    assert!(rig.app.ticks(), "elapsed times count");
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    feed(&mut rig, output);
    snapshots("job-running", &mut rig);
    rig.keys("<Space>j<Space>jj<Space><Tab>");
    rig.rows(Topic::JobNode(JOB, NodeId(13)), steps(64));
    feed(&mut rig, output);
    snapshots("job-panes", &mut rig);
    rig.keys("z");
    snapshots("job-zoom", &mut rig);
}

#[test]
fn following_scrolling_and_searching() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    feed(&mut rig, output);
    assert!(rig.screen(80, 24).contains("package-30"), "the end is in sight");
    rig.keys("<Tab>gg");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("everything in place") && screen.contains("Setting up chrony"), "{screen}");
    assert!(!screen.contains("· follow"), "scrolling up stops it");
    // What comes meanwhile moves nothing.
    let more = |step: &str| output(step) + if step == "mariadb/packages" { "one more line\n" } else { "" };
    rig.rows(Topic::JobNode(JOB, NODE), steps(3_000));
    feed(&mut rig, more);
    assert_eq!(
        rig.screen(80, 24).lines().skip(8).collect::<Vec<_>>(),
        screen.lines().skip(8).collect::<Vec<_>>(),
    );
    rig.keys("G");
    assert!(rig.screen(80, 24).contains("one more line"));
    rig.keys("/PACKAGE-7<Enter>");
    assert!(rig.screen(80, 24).contains("package-7"));
    rig.keys("/nowhere<Enter>");
    assert!(rig.notice().contains("Nothing matches"), "{}", rig.notice());
}

#[test]
fn a_window_at_a_time_and_nothing_twice() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.calls.clear();
    rig.rows(Topic::JobNode(JOB, NODE), steps(200_000));
    let asked = rig.calls.iter().filter(|c| matches!(c.request, Request::Output { .. })).count();
    assert_eq!(asked, 1, "one window is under way");
    let long: String = (0..10_000).map(|n| format!("line {n:>14}\n")).collect();
    feed(&mut rig, |step| if step == "mariadb/packages" { long.clone() } else { output(step) });
    assert!(rig.screen(80, 24).contains("line           9999"));
    rig.keys("<Tab>");
    // Far up, what lies above is fetched when it is needed.
    for _ in 0..1600 {
        rig.keys("<PgUp>");
        feed(&mut rig, |step| if step == "mariadb/packages" { long.clone() } else { output(step) });
    }
    let screen = rig.screen(80, 24);
    assert!(screen.contains("everything in place"), "{screen}");
    rig.keys("]]");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("line              0") && screen.contains("line              1"), "{screen}");
}

#[test]
fn a_failed_job_and_its_first_error() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    feed(&mut rig, output);
    snapshots("job-failed", &mut rig);
    rig.keys("e");
    snapshots("job-first-error", &mut rig);
    rig.keys("<Esc>x");
    assert!(rig.notice().contains("over"), "{}", rig.notice());
    rig.keys("r");
    rig.call("JobRetry");
}

#[test]
fn the_end() {
    let mut done = job(JobState::Succeeded);
    (done.changed, done.unchanged, done.nodes_done) = (0, 57, 3);
    done.stages.iter_mut().for_each(|s| (s.permille, s.done) = (1000, s.nodes));
    let names = ["node-1", "node-2", "node-3"];
    let mut rows = vec![Row::from(done)];
    rows.extend((11..).zip(names).map(|(id, name)| {
        let mut row = job_node(id, name, "compute", JobNodeState::Done, 1000);
        row.done = 19;
        Row::from(row)
    }));
    let mut rig = on_job(UserRole::Operator, rows);
    snapshots("job-unchanged", &mut rig);
    assert!(!rig.app.ticks(), "nothing counts any more");
    rig.keys("r");
    assert!(rig.notice().contains("nothing to retry"), "{}", rig.notice());
}

#[test]
fn a_link_that_is_down_is_told_from_a_failure() {
    let mut rows = running_job();
    if let Row::JobNode(node) = &mut rows[1] {
        let since = ms_ago(21_000);
        node.link_down = Some(since);
        node.waits = Some(WaitsFor::Link { since, why: "reset by peer".into() });
    }
    let mut rig = on_job(UserRole::Operator, rows);
    assert!(rig.screen(80, 24).contains("link down for 21s; the step goes on"));
    rig.at = NOW.plus(5_000);
    rig.event(Event::Tick);
    assert!(rig.screen(80, 24).contains("link down for 26s"));
}
