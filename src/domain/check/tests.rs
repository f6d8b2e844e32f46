//! Small worlds of switches and nodes, each with one thing wrong: exactly that is found, where it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::probe::{Listener, Mark, NodeProbe, ProbeResult, Program, Task};
use super::world::{NICS, World, ip, told};
use super::*;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::netplan::Tag;
use crate::domain::node::NodeState;
use crate::domain::time::Moment;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

fn world(n: u64, wrong: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::new(n);
    wrong(&mut world);
    world.findings()
}

#[test]
fn a_sound_world_passes() {
    for plan in [true, false] {
        for n in [1, 2, 3, 7] {
            let mut sound = World::new(n);
            sound.plan = plan;
            let (_, judged) = sound.judged();
            assert_eq!(judged.findings, [], "{n} nodes, plan {plan}");
            assert!(judged.cells.iter().all(|c| c.state == CellState::Passed), "{:?}", judged.cells);
        }
    }
}

#[test]
fn each_fault_is_found_at_its_place_and_nothing_else_is_told() {
    let deaf = |w: &mut World| {
        w.deaf.insert((2, "eth2"));
    };
    for (what, expected, wrong) in [
        (
            "a NIC on the wrong bridge",
            &["wrong-segment n2 eth2"][..],
            &(|w: &mut World| {
                w.wires.insert((2, "eth2"), 1);
            }) as &dyn Fn(&mut World),
        ),
        ("a cable that leads nowhere", &["hears-nobody n3 eth1"], &|w| {
            w.wires.insert((3, "eth1"), 77);
        }),
        ("two NICs exchanged", &["wrong-segment n1 eth1", "wrong-segment n1 eth2"], &|w| {
            w.wires.insert((1, "eth1"), 2);
            w.wires.insert((1, "eth2"), 1);
        }),
        ("a missing VLAN on a trunk", &["vlan-missing n3 eth3 101"], &|w| {
            w.drops.insert((3, 101), false);
        }),
        ("VLANs dropped one way", &["vlan-not-sent n2 eth3 100-101"], &|w| {
            w.drops.insert((2, 100), true);
            w.drops.insert((2, 101), true);
        }),
        ("an access port instead of a trunk", &["vlan-untagged n1 eth3 300"], &|w| {
            w.bare.insert((1, 300));
        }),
        ("a trunk in the wrong place", &["wrong-segment n1 eth3"], &|w| {
            w.wires.insert((1, "eth3"), 1);
        }),
        ("a VLAN that passes nowhere", &["vlan-nowhere - - 102"], &|w| {
            for n in 1..=4 {
                w.drops.insert((n, 102), false);
            }
        }),
        ("another node's address", &["address-of-other n2 eth1 10.9.1.13"], &|w| {
            w.extra.push((2, "eth1", ip(1, 3)));
        }),
        ("a stranger with an address", &["address-taken n2 eth2 10.9.2.12"], &|w| {
            w.strangers.push((2, ip(2, 2)));
        }),
        ("a silent gateway", &["gateway-silent - - 10.9.1.1"], &|w| w.gateways.clear()),
        ("a small MTU on a link", &["link-mtu n4 eth2"], &|w| {
            w.port_mtu.insert((4, "eth2"), 1400);
        }),
        ("a small MTU on a NIC", &["nic-mtu n2 eth1"], &|w| {
            w.nic_mtu.insert((2, "eth1"), 1400);
        }),
        ("a foreign DHCP server", &["dhcp-foreign - - 10.9.1.66"], &|w| {
            w.dhcp.push((1, Ipv4Addr::new(10, 9, 1, 66)));
        }),
        ("a firewall", &["no-answer n2 eth2"], &deaf),
        ("a clock", &["clock-off n3 -"], &|w| {
            w.offsets.insert(3, -3_600_000);
        }),
        ("our own clock", &["own-clock-off - -"], &|w| w.offsets = (1..=4).map(|n| (n, 60_000)).collect()),
        ("a port", &["port-taken n1 - 3306"], &|w| {
            let unit = Some("mysql.service".into());
            let listener =
                Listener { address: [0, 0, 0, 0].into(), pid: Some(7), process: Some("mysqld".into()), unit };
            w.held.insert((1, 3306), listener);
        }),
        ("a name", &["name-unresolved n2 - deb.example"], &|w| {
            w.unresolved.insert(2);
        }),
        ("a repository for one", &["repository-silent n2 - http://deb.example/debian/"], &|w| {
            w.no_repository.insert(2);
        }),
        ("a repository for all", &["repository-nowhere - - http://deb.example/debian/"], &|w| {
            w.no_repository.extend(1..=4);
        }),
        ("a node that is off", &["unreachable n4 -"], &|w| {
            w.down.insert(4);
        }),
        ("a node without a language", &["no-program n4 -"], &|w| {
            w.no_program.insert(4);
        }),
    ] {
        assert_eq!(world(4, wrong), expected, "{what}");
    }
}

#[test]
fn a_port_of_ours_is_ours_only_where_we_installed_it() {
    let ours = |unit: &str, state: NodeState| {
        world(2, |w| {
            let listener = Listener {
                address: [0, 0, 0, 0].into(),
                pid: Some(7),
                process: Some("mariadbd".into()),
                unit: Some(unit.to_owned()),
            };
            w.held.insert((1, 3306), listener);
            w.states.insert(1, state);
        })
    };
    assert!(ours("mariadb.service", NodeState::Installed).is_empty());
    assert!(ours("mariadb.service", NodeState::Failed).is_empty());
    assert_eq!(ours("mariadb.service", NodeState::Ready), ["port-taken n1 - 3306"]);
    assert_eq!(ours("other.service", NodeState::Installed), ["port-taken n1 - 3306"]);
}

#[test]
fn with_two_nodes_both_sides_are_named() {
    let mut two = World::new(2);
    two.wires.insert((2, "eth2"), 77);
    let (expected, judged) = two.judged();
    let told: Vec<String> = judged.findings.iter().map(|f| told(&expected, f)).collect();
    assert_eq!(told, ["segment-split n1 eth2"]);
    assert_eq!(judged.findings[0].peer, Some(Place { node: NodeId(2), nic: "eth2".into() }));
    let mut two = World::new(2);
    two.port_mtu.insert((1, "eth1"), 1400);
    let (_, judged) = two.judged();
    assert_eq!(judged.findings[0].cause, "pair-mtu");
    let words = words(&judged.findings[0], |n| format!("n{n}"));
    assert_eq!(words.found, "packets of more than 1400 bytes do not pass between n1 eth1, n2 eth1 on public");
}

#[test]
fn without_a_plan_the_addresses_say_what_belongs_together() {
    let bare = |wrong: &dyn Fn(&mut World)| {
        world(4, |w| {
            w.plan = false;
            wrong(w);
        })
    };
    assert_eq!(
        bare(&|w| {
            w.wires.insert((2, "eth2"), 1);
        }),
        ["wrong-segment n2 eth2"]
    );
    assert_eq!(bare(&|w| w.extra.push((2, "eth1", ip(1, 3)))), ["address-of-other n2 eth1 10.9.1.13"]);
    assert_eq!(bare(&|w| w.gateways.clear()), ["gateway-silent - - 10.9.1.1"]);
    // One DHCP server is no fault where nobody planned anything; two are.
    assert!(bare(&|w| w.dhcp.push((1, Ipv4Addr::new(10, 9, 1, 66)))).is_empty());
    let rivals = bare(&|w| w.dhcp.extend([66, 67].map(|n| (1, Ipv4Addr::new(10, 9, 1, n)))));
    assert_eq!(rivals, ["dhcp-rivals - - 10.9.1.66", "dhcp-rivals - - 10.9.1.67"]);
}

#[test]
fn the_matrix_is_red_where_the_findings_are() {
    let mut world = World::new(3);
    world.wires.insert((2, "eth2"), 1);
    world.down.insert(3);
    let (_, judged) = world.judged();
    let state = |node: u64, column: &Column| {
        judged.cells.iter().find(|c| c.node == NodeId(node) && c.column == *column).map(|c| c.state)
    };
    assert_eq!(state(2, &Column::Net(Tag::Cluster)), Some(CellState::Fault));
    assert_eq!(state(2, &Column::Net(Tag::Public)), Some(CellState::Passed));
    assert_eq!(state(3, &Column::Ssh), Some(CellState::Fault));
    assert_eq!(state(3, &Column::Net(Tag::Public)), Some(CellState::NotChecked));
    assert_eq!(state(3, &Column::Clock), Some(CellState::NotChecked));
    assert_eq!(state(1, &Column::Ports), Some(CellState::Passed));
}

#[test]
fn a_later_smaller_check_takes_the_place_of_what_it_asked_again() {
    let mut wrong = World::new(3);
    wrong.offsets.insert(2, 99_000);
    wrong.held.insert(
        (2, 3306),
        Listener { address: [0, 0, 0, 0].into(), pid: None, process: Some("x".into()), unit: None },
    );
    let expected = wrong.expected();
    let all: BTreeSet<CheckKind> = CheckKind::ALL.into();
    let see = |world: &World, kinds: &BTreeSet<CheckKind>, only: Option<u64>| {
        let tasks = tasks(&expected, kinds);
        let wanted = tasks.iter().filter(|(id, _)| only.is_none_or(|n| n == id.0));
        let nodes = wanted.map(|(id, list)| (*id, world.answer(id.0, list))).collect();
        let kinds: BTreeSet<_> = tasks.values().flatten().map(Task::kind).collect();
        (Observed { nodes }, kinds)
    };
    let (mut seen, _) = see(&wrong, &all, None);
    let causes = |seen: &Observed| {
        let judged = evaluate(&expected, seen, &all, Moment(1));
        judged.findings.iter().map(|f| f.cause.clone()).collect::<Vec<_>>()
    };
    assert_eq!(causes(&seen), ["clock-off", "port-taken"]);
    wrong.offsets.clear();
    let (later, kinds) = see(&wrong, &[CheckKind::Clock].into(), Some(2));
    seen.update(later, &kinds);
    assert_eq!(causes(&seen), ["port-taken"]);
}

#[test]
fn reports_know_their_verdict_their_age_and_since_when() {
    let mut world = World::new(2);
    world.offsets.insert(2, 99_000);
    let report = |at: u64| {
        let (_, judged) = world.judged();
        CheckReport {
            env: EnvId(1),
            number: 1,
            at: Moment(at),
            ended: Moment(at),
            by: "ada".into(),
            planned: true,
            basis: Basis { plan: 1, ..Basis::default() },
            nodes: judged.nodes,
            columns: judged.columns,
            cells: judged.cells,
            findings: judged.findings,
            segments: judged.segments,
        }
    };
    let first = report(1000);
    let mut second = report(5000);
    second.findings[0].since = Moment(5000);
    second.carry_on(&first);
    assert_eq!(second.findings[0].since, Moment(1000));
    assert_eq!(second.verdict(), Verdict::Failed);
    second.findings[0].severity = Severity::Warning;
    assert_eq!(second.verdict(), Verdict::Warned);
    second.findings.clear();
    assert_eq!(second.verdict(), Verdict::Passed);
    second.nodes.clear();
    assert_eq!(second.verdict(), Verdict::Incomplete);
    assert!(second.changed(&second.basis, Moment(6000)).is_empty());
    let other = Basis { plan: 2, ..second.basis };
    assert_eq!(second.changed(&other, Moment(6000)), [Changed::Plan]);
    assert_eq!(second.changed(&second.basis, Moment(5000 + report::AGE_MAX_MS + 1)), [Changed::Age]);
    let back: CheckReport = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(back, first);
}

#[test]
fn every_cause_has_its_sentences() {
    let sources = [
        include_str!("judge/mod.rs"),
        include_str!("judge/layer2.rs"),
        include_str!("judge/layer3.rs"),
        include_str!("judge/node.rs"),
    ];
    let literal = regex::Regex::new(r#""([a-z]+(?:-[a-z]+)+|unreachable)""#).unwrap();
    let known: BTreeSet<&str> = words::CAUSES.iter().map(|(cause, ..)| *cause).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for source in sources {
        used.extend(literal.captures_iter(source).map(|c| c.get(1).unwrap().as_str()));
    }
    assert_eq!(known, used);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_wrong_plug_among_many_is_one_finding(n in 3_u64..12, node in 1_u64..12, nic in 1_usize..4, to in 0_u32..5) {
        let node = (node - 1) % n + 1;
        let nic = NICS[nic];
        let right = World::new(n).bridge(node, nic);
        prop_assume!(to != right);
        let found = world(n, |w| { w.wires.insert((node, nic), to); });
        let cause = if to == 4 { "hears-nobody" } else { "wrong-segment" };
        prop_assert_eq!(found, [format!("{cause} n{node} {nic}")]);
    }

    #[test]
    fn hostile_results_do_not_upset_the_judge(
        macs in prop::collection::vec("[0-9a-f:]{0,20}", 0..4),
        nic in "[a-z0-9]{0,8}",
        marks in prop::collection::vec((any::<Option<u16>>(), any::<bool>()), 0..8),
        from in 0_u64..6,
        offset: i64,
        port: u16,
        text in ".{0,40}",
    ) {
        let expected = World::new(3).expected();
        let results = vec![
            ProbeResult::Address { nic: nic.clone(), address: ip(1, 1), macs },
            ProbeResult::Heard {
                nic: nic.clone(),
                from: NodeId(from),
                from_nic: text.clone(),
                marks: marks.into_iter().map(|(vlan, tagged)| Mark { vlan, tagged }).collect(),
            },
            ProbeResult::Clock { offset_ms: offset, uncertainty_ms: u32::MAX, synchronised: None, source: text.clone() },
            ProbeResult::Port { port, listeners: Vec::new() },
            ProbeResult::NotChecked { task: probe::TaskKind::Frames, nic: Some(nic), subject: text.clone(), why: text },
        ];
        let program = Some(Program { language: "perl".into(), version: "5".into() });
        let probe = NodeProbe { node: NodeId(1), program, results, fault: None };
        let nodes = BTreeMap::from([(NodeId(1), Seen { unreachable: None, probe: Some(probe) })]);
        let judged = evaluate(&expected, &Observed { nodes }, &CheckKind::ALL.into(), Moment(1));
        for finding in &judged.findings {
            let words = words(finding, |n| n.to_string());
            prop_assert!(!words.found.chars().any(char::is_control));
        }
    }
}
