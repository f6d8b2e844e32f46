//! The logs: panes side by side, saved layouts, bars of time, and the ways from a job's steps to its nodes' logs.

use super::fixtures::{JOB, failed_job, steps};
use super::harness::{NOW, snapshots};
use super::job::on_job;
use super::logs::{answer, ask, calls, opened, window};
use crate::api::logs::{LogAnswer, LogAsk, LogAt, LogView};
use crate::api::views::Window;
use crate::api::{Response, Topic};
use crate::domain::ids::NodeId;
use crate::domain::logs::Level;
use crate::domain::user::UserRole;

#[test]
fn panes_stand_side_by_side_and_share_their_time() {
    let mut rig = opened();
    rig.keys("|");
    rig.answer("Logs(Window", Ok(window(1300, 1500, 200, (false, true))));
    rig.keys("/node=node-2<Enter>");
    rig.answer("Logs(Window", Ok(window(1400, 1500, 100, (false, true))));
    rig.calls.clear();
    rig.keys("kkkk");
    snapshots("logs-panes", &mut rig);
    let screen = rig.screen(80, 24);
    assert_eq!(screen.matches("1,496/1,500").count(), 2, "both are at that time: {screen}");
    rig.keys("Tk");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("1,495/1,500") && screen.contains("1,496/1,500"), "{screen}");
    rig.keys("z");
    assert!(!rig.screen(80, 24).contains("1,496/1,500"), "only the pane with the focus");
    rig.keys("z<S-Tab>x");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("node=node-2") && !screen.contains("all lines"), "{screen}");
    rig.keys("x");
    assert!(rig.notice().contains("only pane"), "{}", rig.notice());
}

#[test]
fn a_view_brings_panes_and_filters_back() {
    let mut rig = opened();
    rig.keys("V");
    rig.keys("errors<C-s>");
    let LogAsk::ViewSave { view, .. } = ask(&mut rig, "Logs(ViewSave") else { panic!() };
    assert_eq!((view.name.as_str(), view.panes.len()), ("errors", 1));
    rig.keys("<Esc>");
    let mut rig = opened();
    rig.keys("v");
    let filters = ["level>=error", "node=node-1"].map(|f| f.parse().unwrap()).to_vec();
    let view = LogView {
        name: "errors".into(),
        panes: filters,
        layout: "{\"wrap\":true,\"stamps\":\"utc\"}".into(),
        by: "ada".into(),
        ..LogView::default()
    };
    rig.answer("Logs(Views", answer(LogAnswer::Views(vec![view.clone()])));
    snapshots("logs-views", &mut rig);
    rig.keys("<Enter>");
    rig.answer("Logs(Views", answer(LogAnswer::Views(vec![view])));
    let asked: Vec<String> =
        (0..calls(&rig, "Logs(Window")).map(|_| format!("{:?}", ask(&mut rig, "Logs(Window"))).collect();
    assert!(asked.iter().any(|a| a.contains("level: Some(Error)")), "{asked:#?}");
    assert!(asked.iter().any(|a| a.contains("node-1")), "{asked:#?}");
    assert!(rig.screen(160, 50).contains("wrapped"));
}

#[test]
fn bars_lead_through_time() {
    let mut rig = opened();
    rig.keys("b");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("errors") && screen.contains('▄') && screen.contains('▲'), "{screen}");
    rig.keys("<");
    assert_eq!(calls(&rig, "Logs(Window"), 0, "6 s before is here");
    assert!(rig.screen(80, 24).contains("1,485/1,500"), "{}", rig.screen(80, 24));
    rig.keys("/level>=error<Enter>");
    let LogAsk::Histogram { filter, .. } = ask(&mut rig, "Logs(Histogram") else { panic!() };
    assert_eq!(filter.level, Some(Level::Error), "other lines, other bars");
}

#[test]
fn from_a_failed_step_to_the_services_lines_of_that_second() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NodeId(11)), steps(1_800));
    rig.keys("L");
    let LogAsk::Window { filter, at, .. } = ask(&mut rig, "Logs(Window") else { panic!() };
    assert_eq!(filter.nodes, ["node-1"]);
    assert_eq!(
        at,
        LogAt::Time((NOW.0.cast_signed() - 3_000) * 1_000),
        "the second before it ended is in sight"
    );
}

#[test]
fn what_a_step_printed_on_two_nodes() {
    let mut rig = on_job(UserRole::Operator, failed_job());
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NodeId(11)), steps(1_800));
    rig.calls.clear();
    rig.keys("=");
    assert_eq!(rig.stack().last(), Some(&"compare-with"));
    rig.keys("<C-s>");
    rig.rows(Topic::JobNode(JOB, NodeId(12)), steps(1_700));
    for text in [
        "Get:1 galera-4 [312 kB]\nErr:2 mariadb-server\nE: Unable to fetch some archives\nended after 12 s\n",
        "Get:1 galera-4 [312 kB]\nGet:2 mariadb-server [9,001 kB]\nUnpacking\nSetting up 中文\nended after 48 s\n",
    ] {
        let window = Window { offset: 0, bytes: text.as_bytes().to_vec(), length: text.len() as u64 };
        rig.answer("Output", Ok(Response::Window(window)));
        let nothing = Window { offset: text.len() as u64, bytes: Vec::new(), length: text.len() as u64 };
        let again = rig.calls.iter().rposition(|c| format!("{:?}", c.request).starts_with("Output")).unwrap();
        let call = rig.calls.remove(again).unwrap();
        rig.event(crate::tui::event::Event::Answer {
            to: call.to,
            tag: call.tag,
            result: Ok(Response::Window(nothing)),
        });
    }
    snapshots("compare", &mut rig);
    rig.keys("#");
    assert!(rig.screen(80, 24).contains("numbers count"));
}
