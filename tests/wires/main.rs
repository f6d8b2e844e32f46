//! The connectivity check on bridges that are wired wrongly on purpose: each fault is found, at the right node and NIC, and nothing
//! else is told.
//!
//! Needs root, network namespaces, nft and faketime; where they are missing it says so and counts as skipped. It takes two
//! minutes: `cargo nextest run --test wires --run-ignored all`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod rack;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod site;
#[path = "../../src/ssh/testing.rs"]
#[allow(unused_imports, reason = "a part of it is used here")]
mod sshd;
#[path = "../../src/discovery/probe/testing.rs"]
mod wires;

use rack::{DHCP, HOLD, HOSTS, NODES, Rack, Running};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two minutes, needs root"]
async fn each_fault_is_found_where_it_is_and_nothing_else() {
    if let Some(why) = rack::impossible() {
        eprintln!("SKIPPED: {why}");
        return;
    }
    let rack = Rack::new();
    rack.plan().await;
    let began = Instant::now();
    let (code, findings, report) = rack.check(&[]);
    println!("a sound rack: {:?}", began.elapsed());
    assert_eq!((code, findings), (0, Vec::new()), "{report:#}");
    assert_eq!(report["report"]["verdict"], "passed");

    let found = |what: &str, expected: &[&str]| {
        let began = Instant::now();
        let (code, findings, report) = rack.check(&[]);
        println!("{what}: {findings:?} in {:?}", began.elapsed());
        assert_eq!(
            (code, findings.as_slice()),
            (1, expected.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>().as_slice()),
            "{what}: {:#}",
            report["report"]["findings"]
        );
    };

    rack.switch("link set n2-eth2 master pub");
    found("a NIC on the wrong bridge", &["wrong-segment n2 eth2"]);
    rack.switch("link set n2-eth2 master clu");
    rack.forget_neighbours();

    rack.wires.drop_frames("oifname \"n3-eth3\" ether type vlan vlan id 101");
    rack.wires.drop_frames("iifname \"n3-eth3\" ether type vlan vlan id 101");
    found("a missing VLAN on a trunk", &["vlan-missing n3 eth3 101"]);
    rack.no_filters();

    rack.wires.ip("x", "addr add 10.9.2.12/24 dev eth2");
    rack.wires.ip("x", "link set eth2 up");
    found("a stranger with a node's address", &["address-taken n2 eth2 10.9.2.12"]);
    rack.wires.ip("x", "link set eth2 down");

    rack.wires.ip("n4", "addr add 10.9.1.13/24 dev eth1");
    found("another node's address", &["address-of-other n4 eth1 10.9.1.13"]);
    rack.wires.ip("n4", "addr del 10.9.1.13/24 dev eth1");

    rack.wires.ip("gw", "link set eth1 down");
    found("a gateway that does not answer", &["gateway-silent - - 10.9.1.1"]);
    rack.wires.ip("gw", "link set eth1 up");

    rack.switch("link set n4-eth2 mtu 1400");
    found("an MTU of 1400 on one link", &["link-mtu n4 eth2"]);
    rack.switch("link set n4-eth2 mtu 1500");

    rack.wires.ip("x", "addr add 10.9.1.66/24 dev eth1");
    rack.wires.ip("x", "link set eth1 up");
    let server = Running::perl(&rack.wires, "x", DHCP, &["eth1", "10.9.1.66"]);
    found("a foreign DHCP server", &["dhcp-foreign - - 10.9.1.66"]);
    drop(server);
    rack.wires.ip("x", "link set eth1 down");

    rack.clock("-3600s");
    found("a clock that is off", &["clock-off n3 -"]);
    rack.clock("");

    let holder = Running::perl(&rack.wires, "n1", HOLD, &["3306"]);
    found("a port taken", &["port-taken n1 - 3306"]);
    drop(holder);

    rack.file("n2", "hosts", "127.0.0.1 localhost\n");
    found("a name that does not resolve", &["name-unresolved n2 - deb.cpw.test"]);
    rack.file("n2", "hosts", HOSTS);

    // Only this one again, on this node.
    let (code, findings, _) = rack.check(&["--node", "n2", "--only", "names"]);
    assert_eq!((code, findings.len()), (0, 0), "{findings:?}");

    // What an installation would have to say. None is started here: these nodes have this machine's disk.
    rack.clock("+90s");
    let (_, findings, report) = rack.check(&["--node", "n3", "--only", "clock"]);
    assert_eq!(findings, ["clock-off n3 -"]);
    assert_eq!(report["gate"]["needs_reason"], true, "{report:#}");
    rack.clock("");

    // What was switched on is off again.
    for node in NODES {
        for nic in ["eth1", "eth2", "eth3"] {
            let link = rack.link(node, nic);
            assert!(link.contains("promiscuity 0"), "{node} {nic}: {link}");
            assert_eq!(link.contains(",UP"), nic != "eth3", "{node} {nic}: {link}");
        }
    }
}
