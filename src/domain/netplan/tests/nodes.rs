//! NICs, patterns, our own connection, addresses of single nodes.

use super::*;
use crate::domain::netplan::{LockOutKind, NicPattern, Severity};

fn keys(resolved: &Resolved) -> Vec<(Severity, &str, Option<NodeId>)> {
    resolved.faults.iter().map(|f| (f.severity, f.key.as_str(), f.node)).collect()
}

fn names(pattern: &str, facts: &Facts) -> Vec<String> {
    pattern.parse::<NicPattern>().unwrap().find(&facts.nics).iter().map(|n| n.name.clone()).collect()
}

#[test]
fn patterns_name_nics() {
    let mut facts = facts(1, "192.168.7.11");
    facts.nics.push(Nic { name: "br-ex".into(), mac: "52:54:00:00:01:00".into(), ..Nic::default() });
    facts.nics.push(Nic { name: "bond0".into(), speed: Some(10_000), ..Nic::default() });
    facts.nics[2].driver = "ixgbe".into();
    for (pattern, found) in [
        ("eth1", &["eth1"][..]),
        ("eth?", &["eth0", "eth1", "eth2", "eth3"]),
        ("eth*", &["eth0", "eth1", "eth2", "eth3", "eth10"]),
        ("5th eth*", &["eth10"]),
        ("1st", &["eth0"]),
        ("fifth", &["eth10"]),
        ("6th", &[]),
        ("2nd 10G", &["eth10"]),
        ("second 10G NIC", &["eth10"]),
        ("10G", &["eth3", "eth10"]),
        ("25G", &[]),
        ("driver ixgbe", &["eth1"]),
        ("2nd driver i*", &["eth1"]),
        ("52:54:00:00:01:03, 52-54-00-00-09-03", &["eth3"]),
        ("52:54:00:00:01:00", &["eth0"]),
        ("bond0", &["bond0"]),
    ] {
        assert_eq!(names(pattern, &facts), found, "{pattern}");
    }
    // Containers tell no driver: what is not evidently software counts.
    for nic in &mut facts.nics {
        nic.driver.clear();
    }
    assert_eq!(names("1st", &facts), ["bond0"]);
    assert_eq!(names("2nd", &facts), ["eth0"]);
}

#[test]
fn patterns_are_read_and_written() {
    for (typed, shown) in [
        ("eth1", "eth1"),
        (" ens* ", "ens*"),
        ("name 10G", "name 10G"),
        ("1st", "1st"),
        ("second", "2nd"),
        ("11th 1G", "11th 1G"),
        ("3rd nic", "3rd"),
        ("2 10G", "!"),
        ("2nd 2.5G", "2nd 2.5G"),
        ("100M", "100M"),
        ("0th 1G", "!place"),
        ("65th", "!place"),
        ("1st driver mlx5_core", "1st driver mlx5_core"),
        ("", "!"),
        ("eth0 eth1", "!"),
        ("$(reboot)", "!"),
        ("01:00:5e:00:00:01", "!group"),
        ("52:54:00:00:01", "!mac"),
        ("52:54:00:00:01:03;52:54:00:00:01:04", "52:54:00:00:01:03,52:54:00:00:01:04"),
    ] {
        match typed.parse::<NicPattern>() {
            Ok(pattern) => assert_eq!(pattern.to_string(), shown, "{typed}"),
            Err(why) => {
                let word = match why {
                    ValueFault::Pattern(_) => "!",
                    ValueFault::Place(_) => "!place",
                    ValueFault::MacGroup(_) => "!group",
                    ValueFault::Mac(_) => "!mac",
                    _ => "!?",
                };
                assert_eq!(word, shown, "{typed}: {why}");
            }
        }
    }
}

#[test]
fn a_pattern_that_is_ambiguous_or_matches_nothing_names_the_node() {
    let mut machines = [machine(1, "192.168.7.11"), machine(2, "192.168.7.12"), machine(3, "192.168.7.13")];
    machines[1].facts.as_mut().unwrap().nics.retain(|n| n.name != "eth1");
    machines[2].facts = None;
    let mut plan = seed_000();
    plan.patterns.insert(Tag::BrVlan, "10G".parse().unwrap());
    let resolved = resolve(&plan, &seen(&machines));
    let many =
        resolved.faults.iter().find(|f| f.key == "net-pattern-many" && f.node == Some(NodeId(1))).unwrap();
    assert_eq!((many.field.as_str(), many.args["nics"].as_str()), ("br-vlan.nic", "eth3 (10G), eth10 (10G)"));
    let none = resolved.faults.iter().find(|f| f.key == "net-pattern-none").unwrap();
    assert_eq!((none.node, none.field.as_str()), (Some(NodeId(2)), "public.nic"));
    assert!(none.message.contains("node-2"), "{}", none.message);
    let unknown = resolved.faults.iter().filter(|f| f.key == "net-no-facts" && f.node == Some(NodeId(3)));
    assert_eq!(unknown.count(), 4);
    // An explicit choice wins over the pattern, here over one that fails.
    plan.nics.insert(NodeId(1), BTreeMap::from([(Tag::BrVlan, "eth3".parse().unwrap())]));
    plan.nics.insert(NodeId(2), BTreeMap::from([(Tag::Public, "eth9".parse().unwrap())]));
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(resolved.nodes[&NodeId(1)][&Tag::BrVlan].nic.as_str(), "eth3");
    let missing = resolved.faults.iter().find(|f| f.key == "net-nic-missing").unwrap();
    assert_eq!(missing.nic.as_ref().unwrap().as_str(), "eth9");
    // A node may do without.
    plan.nics.remove(&NodeId(2));
    plan.without.insert(NodeId(2), BTreeSet::from([Tag::Public]));
    let resolved = resolve(&plan, &seen(&machines));
    assert!(!resolved.faults.iter().any(|f| f.node == Some(NodeId(2)) && f.field == "public.nic"));
    assert!(!resolved.nodes[&NodeId(2)].contains_key(&Tag::Public));
}

#[test]
fn one_nic_for_one_tag_but_public_and_cluster() {
    let machines = [machine(1, "192.168.7.11")];
    let mut plan = seed_000();
    plan.patterns.insert(Tag::BrMirror, "eth1".parse().unwrap());
    let resolved = resolve(&plan, &seen(&machines));
    let twice = resolved.faults.iter().find(|f| f.key == "net-nic-twice").unwrap();
    assert_eq!((twice.field.as_str(), twice.node), ("br-mirror.nic", Some(NodeId(1))));
    // The same chosen by hand is refused with the plan itself.
    plan.patterns.insert(Tag::BrMirror, "eth2".parse().unwrap());
    let both = |a, b| BTreeMap::from([(a, "eth1".parse().unwrap()), (b, "eth1".parse().unwrap())]);
    plan.nics.insert(NodeId(1), both(Tag::Public, Tag::BrVlan));
    assert_eq!(check(&plan, &seen(&machines))[0].key, "net-nic-twice");
    plan.nics.insert(NodeId(1), both(Tag::Public, Tag::Cluster));
    assert_eq!(check(&plan, &seen(&machines)), []);
    plan.nets.get_mut(&Tag::Public).unwrap().mtu = Some(9000);
    let resolved = resolve(&plan, &seen(&machines));
    assert!(resolved.faults.iter().any(|f| f.key == "net-mtu-shared"));
}

#[test]
fn storage_nodes_are_only_in_the_cluster() {
    let mut machines = [machine(1, "192.168.7.11")];
    machines[0].roles = NodeRoles::from([NodeRole::Storage]);
    let resolved = resolve(&seed_000(), &seen(&machines));
    assert_eq!(resolved.nodes[&NodeId(1)].keys().copied().collect::<Vec<_>>(), [Tag::Cluster]);
    assert_eq!(resolved.faults, []);
}

#[test]
fn our_own_nic_and_the_ways_to_cut_it() {
    let change = |machine: Machine, plan: NetworkPlan| {
        let resolved = resolve(&plan, &seen(&[machine]));
        let found = resolved.lock_outs.get(&NodeId(1)).cloned();
        if let Some(lock_out) = &found {
            let fault = resolved.faults.iter().find(|f| f.severity == Severity::Confirm).unwrap();
            assert_eq!(fault.key, format!("net-lock-out-{}", lock_out.kind.word()));
            assert_eq!(resolved.blocking().count(), 1);
            // Confirmed, it is a warning; any other change is not confirmed by that.
            let mut confirmed = plan.clone();
            confirmed.confirmed.insert(NodeId(1), lock_out.clone());
            let mut machine = super::machine(1, "192.168.7.11");
            machine.address = lock_out.from.to_string().parse().unwrap();
            let _ = machine;
        } else {
            assert_eq!(keys(&resolved), []);
        }
        found.map(|l| (l.kind, l.nic.to_string(), l.to.map(|t| t.to_string())))
    };
    let some = |kind, nic: &str, to: Option<&str>| Some((kind, nic.to_owned(), to.map(str::to_owned)));
    // It keeps its address on its NIC.
    assert_eq!(change(machine(1, "192.168.7.11"), seed_000()), None);
    // The network is another one, or the address is outside of the nodes' range.
    assert_eq!(
        change(machine(1, "192.168.8.11"), seed_000()),
        some(LockOutKind::Address, "eth0", Some("192.168.7.1"))
    );
    assert_eq!(
        change(machine(1, "192.168.7.250"), seed_000()),
        some(LockOutKind::Address, "eth0", Some("192.168.7.1"))
    );
    // Our NIC becomes a port of a bridge without addresses.
    let mut plan = seed_000();
    plan.patterns.insert(Tag::Cluster, "eth1".parse().unwrap());
    plan.patterns.insert(Tag::Public, "eth3".parse().unwrap());
    plan.patterns.insert(Tag::BrMirror, "eth0".parse().unwrap());
    let mut away = machine(1, "172.16.0.9");
    assert_eq!(change(machine(1, "172.16.0.9"), plan.clone()), some(LockOutKind::Lost, "eth0", None));
    // The plan leaves our NIC alone.
    plan.patterns.insert(Tag::BrMirror, "eth2".parse().unwrap());
    assert_eq!(change(machine(1, "172.16.0.9"), plan.clone()), None);
    // Its address goes to another NIC.
    assert_eq!(
        change(machine(1, "192.168.7.11"), plan),
        some(LockOutKind::Elsewhere, "eth0", Some("192.168.7.11"))
    );
    // The address goes onto br-ex; once it is there, nothing changes any more.
    let mut plan = seed_000();
    plan.patterns.insert(Tag::Public, "eth0".parse().unwrap());
    plan.patterns.insert(Tag::Cluster, "eth1".parse().unwrap());
    assert_eq!(
        change(machine(1, "10.100.7.9"), plan.clone()),
        some(LockOutKind::Bridge, "eth0", Some("10.100.7.9"))
    );
    away.address = "10.100.7.9".parse().unwrap();
    let nics = &mut away.facts.as_mut().unwrap().nics;
    nics[1].addresses.clear();
    nics.push(Nic { name: "br-ex".into(), addresses: vec!["10.100.7.9/24".into()], ..Nic::default() });
    let resolved = resolve(&plan, &seen(&[away]));
    assert!(resolved.nodes[&NodeId(1)][&Tag::Public].ours);
    assert_eq!(resolved.faults, []);
    // Another default route.
    let mut routed = machine(1, "10.100.7.9");
    let facts = routed.facts.as_mut().unwrap();
    facts.gateway = Some("10.100.7.1".into());
    plan.nets.get_mut(&Tag::Public).unwrap().range = "10.100.7.2-10.100.7.99".parse().unwrap();
    facts.nics[1].name = "br-ex".into();
    facts.nics.push(Nic { name: "eth0".into(), ..Nic::default() });
    assert_eq!(change(routed, plan), some(LockOutKind::Route, "br-ex", Some("10.100.7.254")));
    // On loopback, as in the demonstration, no NIC of the plan is ours.
    let mut demo = machine(1, "192.168.7.11");
    demo.address = "127.77.0.1".parse().unwrap();
    assert_eq!(change(demo, seed_000()), None);
}

#[test]
fn a_lock_out_is_confirmed_for_exactly_this_change() {
    let machines = [machine(1, "192.168.8.11")];
    let mut plan = seed_000();
    let resolved = resolve(&plan, &seen(&machines));
    plan.confirmed = resolved.lock_outs;
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(keys(&resolved), [(Severity::Warning, "net-lock-out-address", Some(NodeId(1)))]);
    assert_eq!(resolved.blocking().count(), 0);
    plan.addresses.insert(NodeId(1), BTreeMap::from([(Tag::Cluster, "192.168.7.77".parse().unwrap())]));
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(keys(&resolved), [(Severity::Confirm, "net-lock-out-address", Some(NodeId(1)))]);
}

#[test]
fn explicit_addresses_win_and_are_checked() {
    let machines = [machine(1, "192.168.7.11"), machine(2, "192.168.7.12")];
    let at = |plan: &mut NetworkPlan, node: u64, address: &str| {
        let address = address.parse().unwrap();
        plan.addresses.insert(NodeId(node), BTreeMap::from([(Tag::Public, address)]));
    };
    let mut plan = seed_000();
    at(&mut plan, 2, "10.100.7.1");
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(resolved.nodes[&NodeId(2)][&Tag::Public].address, "10.100.7.1".parse().ok());
    assert_eq!(resolved.nodes[&NodeId(1)][&Tag::Public].address, "10.100.7.2".parse().ok());
    for (address, key) in [
        ("10.100.7.254", "net-address-gateway"),
        ("10.100.7.120", "net-address-floating"),
        ("10.100.7.220", "net-address-not-in-range"),
        ("10.100.7.0", "net-address-network"),
        ("10.100.7.255", "net-address-broadcast"),
        ("10.100.6.9", "net-address-outside"),
        ("10.100.7.5", "net-address-twice"),
    ] {
        let mut plan = seed_000();
        at(&mut plan, 1, "10.100.7.5");
        at(&mut plan, 2, address);
        let faults = check(&plan, &seen(&machines));
        assert_eq!(faults.len(), 1, "{address}: {faults:?}");
        assert_eq!((faults[0].key.as_str(), faults[0].node), (key, Some(NodeId(2))));
        assert_eq!(faults[0].field, "public.address");
    }
    // What another machine has today cannot be taken from it.
    let mut plan = seed_000();
    plan.addresses.insert(NodeId(1), BTreeMap::from([(Tag::Cluster, "192.168.7.12".parse().unwrap())]));
    plan.addresses.insert(NodeId(2), BTreeMap::from([(Tag::Cluster, "192.168.7.40".parse().unwrap())]));
    let resolved = resolve(&plan, &seen(&machines));
    assert!(resolved.faults.iter().any(|f| f.key == "net-address-alive" && f.node == Some(NodeId(1))));
}

#[test]
fn nodes_without_a_role_are_no_faults() {
    let mut machines = [machine(1, "192.168.7.11")];
    machines[0].roles = NodeRoles::new();
    machines[0].facts = None;
    let resolved = resolve(&seed_000(), &seen(&machines));
    assert_eq!(resolved.faults, []);
}

#[test]
fn what_others_have_is_given_to_nobody_and_what_was_recorded_is_kept() {
    let machines = [machine(1, "192.168.7.11"), machine(2, "192.168.7.12")];
    let ip = |text: &str| text.parse().unwrap();
    let elsewhere = Elsewhere {
        taken: [(ip("10.100.7.1"), "SSH-2.0-printer".to_owned())].into(),
        given: [(NodeId(2), vec![ip("10.100.7.42"), ip("10.3.0.1")])].into(),
    };
    let resolved = resolve_among(&seed_000(), &seen(&machines), &elsewhere);
    let of = |n: u64| resolved.addresses[&NodeId(n)][&Tag::Public];
    assert_eq!((of(1), of(2)), (ip("10.100.7.2"), ip("10.100.7.42")));
    assert_eq!(keys(&resolved), []);
    // One that it has already stays, and it is told.
    let given = [(NodeId(1), [(Tag::Public, ip("10.100.7.1"))].into())].into();
    let resolved = resolve_among(&NetworkPlan { given, ..seed_000() }, &seen(&machines), &elsewhere);
    assert_eq!(resolved.addresses[&NodeId(1)][&Tag::Public], ip("10.100.7.1"));
    assert_eq!(keys(&resolved), [(Severity::Warning, "net-address-alive", Some(NodeId(1)))]);
    assert!(resolved.faults[0].message.contains("which SSH-2.0-printer has today"), "{:?}", resolved.faults);
    assert_eq!(resolved.blocking().count(), 0);
}

#[test]
fn ipv6_addresses_go_with_the_others() {
    let mut net = seed_000().nets[&Tag::Cluster].clone();
    let ip = |text: &str| text.parse().unwrap();
    assert_eq!(net.address6(ip("192.168.7.5")), None);
    net.v6 = Some(Net6 {
        cidr: "fd00:7::/64".parse().unwrap(),
        range: Some(("fd00:7::10".parse().unwrap(), "fd00:7::1f".parse().unwrap())),
        gateway: None,
    });
    assert_eq!(net.address6(ip("192.168.7.1")), Some(("fd00:7::10".parse().unwrap(), 64)));
    assert_eq!(net.address6(ip("192.168.7.16")), Some(("fd00:7::1f".parse().unwrap(), 64)));
    assert_eq!(net.address6(ip("192.168.7.17")), None, "behind the end of the range");
    assert_eq!(net.address6(ip("192.168.7.0")), None, "before the nodes");
}
