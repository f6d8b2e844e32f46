//! The drawings of small environments, as they are printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::domain::facts::{Facts, Nic};
use crate::domain::netplan::{PlanText, resolve};
use crate::domain::node::NodeRole;

const FILE: &str = r#"
    [public]
    cidr = "10.100.7.0/24"
    range = "10.100.7.1-99"
    gateway = "10.100.7.254"
    floating = "10.100.7.100-200"
    nic = "eth1"
    [cluster]
    cidr = "10.20.0.0/24"
    range = "10.20.0.10-200"
    vlan = 7
    nic = "eth0"
    [br-vlan]
    vlans = "100-199"
    nic = "eth2"
"#;

fn nic(name: &str, address: Option<&str>, carrier: bool) -> Nic {
    Nic {
        name: name.into(),
        mac: format!("3c:ec:ef:00:00:0{}", name.len()),
        speed: Some(10_000),
        carrier,
        addresses: address.into_iter().map(str::to_owned).collect(),
        ..Nic::default()
    }
}

struct Node {
    name: &'static str,
    roles: NodeRoles,
    facts: Facts,
}

fn nodes() -> Vec<Node> {
    let facts = |address: &str, third: bool| {
        let mut nics = vec![nic("eth0", Some(address), true), nic("eth1", None, third)];
        if third {
            nics.push(nic("eth2", None, true));
        }
        nics.push(nic("eno9", None, false));
        Facts { nics, ..Facts::default() }
    };
    let node = |name, role, facts| Node { name, roles: [role].into_iter().collect(), facts };
    vec![
        node("compute-10", NodeRole::Compute, facts("10.20.0.13/24", true)),
        node("compute-2", NodeRole::Compute, facts("10.20.0.12/24", false)),
        node("控制节点", NodeRole::Controller, facts("10.20.0.11/24", true)),
    ]
}

fn topology(nodes: &[Node], plan: &NetworkPlan) -> Topology {
    let seen: Vec<(NodeFacts<'_>, NodeState)> = nodes
        .iter()
        .zip(1..)
        .map(|(n, id)| {
            let address = n.facts.nics[0].addresses[0].split('/').next().unwrap().parse().unwrap();
            let facts =
                NodeFacts { id: NodeId(id), name: n.name, address, roles: &n.roles, facts: Some(&n.facts) };
            (facts, NodeState::Ready)
        })
        .collect();
    let facts: Vec<NodeFacts<'_>> = seen.iter().map(|(f, _)| *f).collect();
    Topology::of(plan, &resolve(plan, &facts), &seen)
}

fn text(of: &Topology, columns: usize) -> String {
    let roles = |r: &NodeRoles| r.iter().map(|r| r.word()).collect::<Vec<_>>().join("+");
    let (head, body) = of.lines(columns, 0..of.members.len(), roles);
    let lines: Vec<String> = head.iter().chain(&body).map(Drawn::text).collect();
    for line in &lines {
        assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) <= columns, "{line}");
    }
    lines.join("\n")
}

#[test]
fn a_planned_environment() {
    let text_of: PlanText = toml::from_str(FILE).unwrap();
    let (plan, faults) = text_of.read(&[], &NetworkPlan::default());
    assert_eq!(faults, []);
    let of = topology(&nodes(), &plan);
    assert_eq!(of.members[0].name, "控制节点", "controllers first");
    assert_eq!(of.members[1].name, "compute-2", "2 before 10");
    assert_eq!(of.members[1].idle, ["eno9"]);
    insta::assert_snapshot!("planned-100", text(&of, 100));
    insta::assert_snapshot!("planned-60", text(&of, 60));
}

#[test]
fn without_a_plan_the_addresses_tell() {
    let of = topology(&nodes(), &NetworkPlan::default());
    assert_eq!(of.rails.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["10.20.0.0/24"]);
    insta::assert_snapshot!("found-80", text(&of, 80));
    assert_eq!(text(&Topology::default(), 80).trim(), "┃".trim_matches('┃'));
}

#[test]
fn bars_are_never_lost_and_never_too_high() {
    assert_eq!(spark(&[0, 1, 50, 100]), " ▁▄█");
    assert_eq!(spark(&[]), "");
    assert_eq!(spark(&[0, 0]), "  ");
    assert_eq!(spark(&[u64::MAX, 1]).chars().count(), 2);
}

#[test]
fn hostile_names_stay_text() {
    let mut all = nodes();
    all[0].name = "<script>alert(1)</script>\u{1b}[31m";
    let of = topology(&all, &NetworkPlan::default());
    let svg = svg::topology(&of, "a & b", |_| "\"><x".into());
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains("\"><x"), "{svg}");
    assert!(svg.contains("&lt;script&gt;") && svg.contains("a &amp; b"), "{svg}");
}
