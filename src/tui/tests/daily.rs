//! A node in daily use: its services, its leaving, its jump host; pages that follow what others do.

use super::fixtures::{ENV, node, nodes, plan};
use super::harness::{NOW, Rig, snapshots};
use super::nodes::opened;
use crate::api::day2::Day2;
use crate::api::rows::{MarkRow, Matter};
use crate::api::views::ServiceView;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::NodeId;
use crate::domain::ipam::IpView;
use crate::domain::node::NodeState;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

pub(super) fn service(unit: &str, state: &str, sub: &str, restarts: u32) -> ServiceView {
    ServiceView {
        unit: unit.into(),
        module: "nova".into(),
        state: state.into(),
        sub: sub.into(),
        result: if state == "failed" { "exit-code" } else { "success" }.into(),
        enabled: "enabled".into(),
        restarts,
        memory: Some(120 << 20),
        since: Some(Moment(NOW.0 - 3_600_000)),
        lines: Vec::new(),
    }
}

pub(super) fn installed() -> Vec<Row> {
    let mut one = node(11, "node-1", "compute", NodeState::Installed);
    one.jump = serde_json::from_value(serde_json::json!({
        "address": "10.0.0.1", "port": 22, "user": "admin", "credential": null, "host_key": null
    }))
    .ok();
    vec![Row::Node(Box::new(one)), Row::Node(Box::new(node(12, "node-2", "compute", NodeState::Installed)))]
}

#[test]
fn services_of_a_node_and_a_restart() {
    let mut rig = opened(UserRole::Operator, installed());
    rig.keys("u");
    let all =
        vec![service("nova-compute", "active", "running", 0), service("libvirtd", "failed", "failed", 3)];
    rig.answer("Day2", Ok(Response::Services(all)));
    snapshots("services", &mut rig);
    rig.keys("j<Enter>");
    let mut told = service("libvirtd", "failed", "failed", 3);
    told.lines = vec!["2026-03-01 error : cannot open /dev/kvm".into()];
    rig.answer("Day2", Ok(Response::Services(vec![told])));
    snapshots("service-lines", &mut rig);
    rig.keys("<Esc>R");
    snapshots("service-restart", &mut rig);
    rig.keys("<Right><Enter>");
    let call = rig.call("Day2");
    let Request::Day2(Day2::Restart { node: NodeId(11), unit }) = &call.request else { panic!("{call:?}") };
    assert_eq!(unit, "libvirtd");
    let fine = Ok(Response::Services(vec![service("libvirtd", "active", "running", 3)]));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result: fine });
    assert!(rig.notice().contains("active"), "{}", rig.notice());
    assert!(rig.screen(80, 24).contains("all active"));
    let mut rig = opened(UserRole::Viewer, installed());
    rig.keys("uR");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
}

#[test]
fn a_node_leaves_after_its_forecast() {
    let mut rig = opened(UserRole::Operator, installed());
    rig.keys("x");
    snapshots("leave-form", &mut rig);
    rig.keys("<Right><Tab><Right><C-s>");
    let call = rig.call("Day2");
    let Request::Day2(Day2::LeavePreview { how, .. }) = call.request else { panic!("{call:?}") };
    assert!(how.undo && how.delete_instances && !how.gone);
    let to = rig.app.top().unwrap().id;
    let result = Ok(Response::Plan(Box::new(plan())));
    rig.event(crate::tui::event::Event::Answer { to: Some(to), tag: call.tag, result });
    snapshots("leave", &mut rig);
    rig.keys("<Enter>");
    assert!(!rig.stack().contains(&"leave"), "the focus was on going back");
    // Only forgotten: the list's request, no job.
    rig.keys("x<Left><C-s>");
    assert!(matches!(rig.call("NodeRemove").request, Request::NodeRemove { node: NodeId(11), .. }));
    // Many are only taken out of the list.
    let mut rig = opened(UserRole::Operator, installed());
    rig.keys("ax");
    assert_eq!(rig.stack().last(), Some(&"confirm"));
}

#[test]
fn a_jump_host_from_the_start_and_later() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("n10.0.5.9<Tab><Tab><Tab>bastion<Tab>");
    rig.keys("<C-s>");
    snapshots("node-add-jump", &mut rig);
    rig.keys("<C-u>");
    let mut rig = opened(UserRole::Operator, installed());
    rig.keys("J");
    snapshots("node-jump", &mut rig);
}

#[test]
fn pages_follow_what_others_do() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("D");
    let mark = |version| vec![Row::Mark(MarkRow { version, at: Moment(1) })];
    let topic = Topic::Matter(ENV, Matter::Addresses);
    rig.rows(topic, mark(3));
    rig.answer("Ip ", Ok(Response::Ip(Box::<IpView>::default())));
    assert!(rig.screen(80, 24).contains("as of 09:00:00"), "{}", rig.screen(80, 24));
    rig.calls.clear();
    rig.rows(topic, mark(3));
    assert!(rig.calls.is_empty(), "nothing has changed");
    rig.rows(topic, mark(4));
    rig.rows(topic, mark(5));
    let asked = |rig: &Rig| rig.calls.iter().filter(|c| matches!(c.request, Request::Ip { .. })).count();
    assert_eq!(asked(&rig), 1, "one question at a time");
    rig.at = Moment(NOW.0 + 61_000);
    rig.answer("Ip ", Ok(Response::Ip(Box::<IpView>::default())));
    assert_eq!(asked(&rig), 1, "what changed meanwhile is asked for once more");
    assert!(rig.screen(80, 24).contains("as of 09:01:01"));
    // A refusal does not make old content younger.
    rig.at = Moment(NOW.0 + 90_000);
    rig.answer("Ip ", Err(Failure::new(FailureKind::Engine, "no")));
}
