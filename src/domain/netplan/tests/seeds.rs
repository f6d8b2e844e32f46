//! The rules of one plan, with the cases of the owner's documents 000 and 002 by name.

use super::*;
use crate::domain::netplan::{PlanFault, Severity};

#[test]
fn seed_000_network_plan_is_accepted() {
    let machines = [machine(1, "192.168.7.11"), machine(2, "192.168.7.12")];
    let plan = seed_000();
    let resolved = resolve(&plan, &seen(&machines));
    assert_eq!(resolved.faults, []);
    let first = &resolved.nodes[&NodeId(1)];
    let nics: Vec<_> = first.values().map(|p| p.nic.as_str()).collect();
    assert_eq!(nics, ["eth1", "eth0", "eth2", "eth10"]);
    // PXE gave the address; it stays, now a static one.
    let cluster = &first[&Tag::Cluster];
    assert_eq!((cluster.address, cluster.ours), ("192.168.7.11".parse().ok(), true));
    let public = &first[&Tag::Public];
    assert_eq!((public.address, public.gateway), ("10.100.7.1".parse().ok(), "10.100.7.254".parse().ok()));
    let second = &resolved.nodes[&NodeId(2)][&Tag::Public];
    assert_eq!(second.address, "10.100.7.2".parse().ok());
}

/// One change of the plan of document 000, the field that is wrong then, and the key of the sentence.
fn refused(change: impl Fn(&mut PlanText), field: &str, key: &str) {
    let mut text = seed_000_text();
    change(&mut text);
    let machines = [machine(1, "192.168.7.11")];
    let found = wrong(&text, &machines);
    assert_eq!(found, [format!("{field} {key}")], "{text:?}");
}

/// Sets one field of a network.
fn set(text: &mut PlanText, tag: Tag, part: &str, value: &str) {
    let net = text.net_mut(tag).get_or_insert_default();
    let field = match part {
        "cidr" => &mut net.cidr,
        "range" => &mut net.range,
        "gateway" => &mut net.gateway,
        "floating" => &mut net.floating,
        "vip" => &mut net.vip,
        "vlan" => &mut net.vlan,
        "vlans" => &mut net.vlans,
        "mtu" => &mut net.mtu,
        "nic" => &mut net.nic,
        "cidr6" => &mut net.cidr6,
        "range6" => &mut net.range6,
        "gateway6" => &mut net.gateway6,
        other => panic!("{other}"),
    };
    value.clone_into(field);
}

#[test]
fn seed_000_each_single_violation_is_refused_at_its_field() {
    use Tag::{BrMirror, BrVlan, Cluster, Public};
    for (tag, part, value, key) in [
        (Public, "cidr", "10.100.7.5/24", "net-cidr-normal"),
        (Public, "cidr", "10.100.7.0", "net-bad-cidr"),
        (Public, "cidr", "10.100.7.0/33", "net-bad-cidr"),
        (Public, "cidr", "10.100.7.0/255.0.255.0", "net-bad-cidr"),
        (Public, "cidr", "", "net-cidr-missing"),
        (Public, "cidr", "127.0.7.0/24", "net-cidr-loopback"),
        (Public, "cidr", "0.0.0.0/0", "net-cidr-this-network"),
        (Public, "cidr", "169.254.7.0/24", "net-cidr-link-local"),
        (Public, "cidr", "239.1.0.0/16", "net-cidr-multicast"),
        (Public, "cidr", "250.0.0.0/8", "net-cidr-reserved"),
        (Public, "cidr", "10.100.7.0/31", "net-cidr-small"),
        (Public, "range", "", "net-range-missing"),
        (Public, "range", "10.100.7.1 to 99", "net-bad-range"),
        (Public, "range", "10.100.7.99-10.100.7.1", "net-range-backwards"),
        (Public, "range", "10.100.6.1-10.100.7.99", "net-outside"),
        (Public, "range", "10.100.7.0-10.100.7.99", "net-is-network"),
        (Public, "range", "10.100.7.255", "net-is-broadcast"),
        (Public, "gateway", "10.100.7.300", "net-bad-address"),
        (Public, "gateway", "10.100.8.254", "net-outside"),
        (Public, "gateway", "10.100.7.0", "net-is-network"),
        (Public, "gateway", "10.100.7.255", "net-is-broadcast"),
        (Public, "gateway", "10.100.7.50", "net-gateway-in-range"),
        (Public, "floating", "10.100.7.99-10.100.7.200", "net-floating-range"),
        (Public, "floating", "10.100.7.100-10.100.7.254", "net-floating-gateway"),
        (Public, "floating", "10.100.7.100-10.100.8.20", "net-outside"),
        (Public, "floating", "10.100.7.255", "net-is-broadcast"),
        (Public, "vip", "10.100.7.254", "net-vip-gateway"),
        (Public, "vip", "10.100.7.150", "net-vip-floating"),
        (Public, "vip", "10.100.7.250,10.100.7.250", "net-vip-twice"),
        (Public, "vip", "10.100.9.1", "net-outside"),
        (Public, "vlan", "0", "net-bad-vlan"),
        (Public, "vlan", "4095", "net-bad-vlan"),
        (Public, "mtu", "big", "net-bad-mtu"),
        (Public, "mtu", "576", "net-mtu"),
        (Public, "mtu", "9217", "net-mtu"),
        (Public, "nic", "what is this", "net-bad-pattern"),
        (Public, "cidr6", "fd00:7::1/64", "net-cidr-normal"),
        (Public, "cidr6", "fe80::/64", "net-cidr-link-local"),
        (Public, "cidr6", "ff02::/16", "net-cidr-multicast"),
        (Public, "cidr6", "10.0.0.0/8", "net-bad-cidr6"),
        (Cluster, "cidr", "10.100.0.0/16", "net-outside"),
        (Cluster, "floating", "192.168.7.210-220", "net-floating-public"),
        (Cluster, "range", "192.168.7.11-11", "net-none"),
        (BrMirror, "vlan", "4095", "net-bad-vlan"),
        (BrVlan, "vlan", "100", "net-trunk-vlan"),
        (BrVlan, "mtu", "100", "net-mtu"),
    ] {
        let (field, key) = match (tag, part, key) {
            // A network elsewhere leaves its range outside.
            (Tag::Cluster, "cidr", key) => ("range", key),
            (_, part, key) => (part, key),
        };
        if key == "net-none" {
            let mut text = seed_000_text();
            set(&mut text, tag, part, value);
            assert_eq!(wrong(&text, &[machine(1, "192.168.7.11")]), [""; 0], "one node, one address");
            continue;
        }
        if (tag, part, value) == (Cluster, "cidr", "10.100.0.0/16") {
            let mut text = seed_000_text();
            set(&mut text, tag, part, value);
            let found = wrong(&text, &[machine(1, "192.168.7.11")]);
            assert!(found.contains(&"cluster.cidr net-overlap".to_owned()), "{found:?}");
            continue;
        }
        refused(|t| set(t, tag, part, value), &format!("{tag}.{field}"), key);
    }
    refused(|t| set(t, Tag::BrVlan, "vlans", "1-4095"), "vlans", "net-bad-vlans");
    refused(|t| set(t, Tag::BrVlan, "vlans", "300-100"), "vlans", "net-vlans-backwards");
    refused(|t| set(t, Tag::BrMirror, "cidr", "10.9.0.0/24"), "br-mirror.cidr", "net-no-addresses");
    refused(|t| t.names = "127.0.0.53".into(), "names", "net-names-bad");
    refused(|t| t.names = "resolver".into(), "names", "net-bad-name");
    refused(|t| t.cluster = None, "cluster.cidr", "net-cluster-missing");
    let v6 = |range: &str, gateway: &str| {
        let (range, gateway) = (range.to_owned(), gateway.to_owned());
        move |t: &mut PlanText| {
            set(t, Tag::Public, "cidr6", "fd00:7::/64");
            set(t, Tag::Public, "range6", &range);
            set(t, Tag::Public, "gateway6", &gateway);
        }
    };
    refused(v6("fd00:8::1-fd00:8::9", ""), "public.range6", "net-outside");
    refused(v6("fd00:7::9-fd00:7::1", ""), "public.range6", "net-range-backwards");
    refused(v6("fd00:7::-fd00:7::9", ""), "public.range6", "net-is-anycast");
    refused(v6("fd00:7::1-fd00:7::9", "fd00:7::5"), "public.gateway6", "net-gateway-in-range");
    refused(v6("fd00:7::1-fd00:7::9", "fd00:8::5"), "public.gateway6", "net-outside");
}

#[test]
fn seed_000_says_what_was_meant() {
    let mut text = seed_000_text();
    set(&mut text, Tag::Cluster, "cidr", "10.0.0.5/24");
    set(&mut text, Tag::Cluster, "range", "10.0.0.10-20");
    let (_, resolved) = text.work_out(&[], &NetworkPlan::default());
    let fault = &resolved.faults[0];
    assert!(fault.message.contains("you mean 10.0.0.0/24"), "{fault:?}");
    assert_eq!(fault.args["mean"], "10.0.0.0/24");
}

#[test]
fn seed_000_one_vlan_for_public_cluster_and_mirror() {
    let mut text = seed_000_text();
    for tag in [Tag::Public, Tag::Cluster, Tag::BrMirror] {
        set(&mut text, tag, "vlan", "7");
    }
    assert_eq!(wrong(&text, &[]), [""; 0]);
    set(&mut text, Tag::BrMirror, "vlan", "8");
    assert_eq!(wrong(&text, &[]), ["br-mirror.vlan net-vlan-shared"]);
    set(&mut text, Tag::BrMirror, "vlan", "7");
    set(&mut text, Tag::BrVlan, "vlans", "5-9");
    assert_eq!(wrong(&text, &[]), ["vlans net-vlans-hosts"], "tenants would be among the hosts");
    set(&mut text, Tag::BrVlan, "vlans", "");
    let (_, resolved) = text.work_out(&[], &NetworkPlan::default());
    let said: Vec<_> = resolved.faults.iter().map(|f| (f.severity, f.key.as_str())).collect();
    assert_eq!(said, [(Severity::Warning, "net-vlans-none")]);
}

#[test]
fn seed_000_public_and_cluster_overlap() {
    for cidr in ["10.100.7.0/24", "10.100.7.0/25", "10.100.0.0/16"] {
        let mut text = seed_000_text();
        set(&mut text, Tag::Cluster, "cidr", cidr);
        set(&mut text, Tag::Cluster, "range", "10.100.7.1-20");
        assert_eq!(wrong(&text, &[]), ["cluster.cidr net-overlap"], "{cidr}");
    }
}

/// Document 000 writes its ranges with a comma, and networks with a mask.
#[test]
fn seed_000_as_it_is_written() {
    let mut text = seed_000_text();
    set(&mut text, Tag::Public, "cidr", "10.100.7.0/255.255.255.0");
    set(&mut text, Tag::Public, "range", "10.100.7.1,10.100.7.99");
    let (plan, resolved) = text.work_out(&[], &NetworkPlan::default());
    assert_eq!((plan.nets, resolved.faults), (seed_000().nets, Vec::<PlanFault>::new()));
}

/// Document 002: networks of 8, 16, 32 and 64 addresses, of which two are the network's own.
#[test]
fn seed_002_a_network_of_n_addresses_holds_n_less_two_nodes() {
    for (size, length) in [(8_u8, 29), (16, 28), (32, 27), (64, 26)] {
        let mut text = PlanText::default();
        set(&mut text, Tag::Cluster, "cidr", &format!("10.0.0.0/{length}"));
        set(&mut text, Tag::Cluster, "range", &format!("10.0.0.0/{length}"));
        set(&mut text, Tag::Cluster, "nic", "eth0");
        let machines: Vec<Machine> = (1..size).map(|n| machine(n, &format!("10.0.0.{n}"))).collect();
        assert_eq!(machines.len(), usize::from(size) - 1);
        let fits = |m: &[Machine]| {
            let mut storage: Vec<Machine> = Vec::new();
            for m in m {
                storage
                    .push(Machine { roles: NodeRoles::from([NodeRole::Storage]), ..machine(0, "10.0.0.1") });
                let last = storage.last_mut().unwrap();
                (last.id, last.name) = (m.id, m.name.clone());
                (last.address, last.facts) = (m.address, m.facts.clone());
            }
            wrong(&text, &storage)
        };
        assert_eq!(fits(&machines[..usize::from(size) - 2]), [""; 0], "{size}");
        let found = fits(&machines);
        assert!(found.contains(&"cluster.range net-range-short".to_owned()), "{size}: {found:?}");
    }
}

/// Document 002 gives a subnet as `10.0.0.1/26`: an address in it, not the network.
#[test]
fn seed_002_a_subnet_written_with_its_first_address() {
    let mut text = PlanText::default();
    set(&mut text, Tag::Cluster, "cidr", "10.0.0.1/26");
    set(&mut text, Tag::Cluster, "range", "10.0.0.1-10.0.0.62");
    let (_, resolved) = text.work_out(&[], &NetworkPlan::default());
    assert!(resolved.faults[0].message.contains("you mean 10.0.0.0/26"), "{:?}", resolved.faults);
}

#[test]
fn addresses_run_out() {
    let mut text = seed_000_text();
    set(&mut text, Tag::Public, "range", "10.100.7.1-10.100.7.3");
    set(&mut text, Tag::Public, "vip", "10.100.7.3");
    let machines: Vec<Machine> = (1..=3).map(|n| machine(n, &format!("192.168.7.{n}"))).collect();
    assert_eq!(wrong(&text, &machines[..2]), [""; 0]);
    let (_, resolved) = text.work_out(&seen(&machines), &NetworkPlan::default());
    let short = resolved.faults.iter().find(|f| f.key == "net-range-short").unwrap();
    assert_eq!((short.field.as_str(), short.args["need"].as_str(), short.node), ("public.range", "4", None));
}

#[test]
fn a_public_network_without_a_gateway_is_a_warning() {
    let mut text = seed_000_text();
    set(&mut text, Tag::Public, "gateway", "");
    let (_, resolved) = text.work_out(&[], &NetworkPlan::default());
    assert_eq!(resolved.faults[0].severity, Severity::Warning);
    assert_eq!(resolved.blocking().count(), 0);
}

#[test]
fn a_file_is_read_and_written_the_same() {
    let file = r#"
        names = ["192.168.7.53", "fd00::53"]
        [public]
        cidr = "10.100.7.0/24"
        range = "10.100.7.1-99"
        gateway = "10.100.7.254"
        floating = "10.100.7.100-200"
        mtu = 1500
        vlan = 7
        nic = "second 10G NIC"
        [cluster]
        cidr = "192.168.7.0/24"
        range = "192.168.7.1-200"
        cidr6 = "fd00:7::/64"
        range6 = "fd00:7::10-fd00:7::ff"
        vip = ["192.168.7.2"]
        nic = "52-54-00-00-01-00, 52:54:00:00:02:00"
        [br-vlan]
        vlans = "300,100-199"
        nic = "driver ixgbe"
        [nodes.node-1.public]
        nic = "eth1"
        address = "10.100.7.42"
        [nodes.node-2.public]
        none = true
    "#;
    let text: PlanText = toml::from_str(file).unwrap();
    let nodes = [(NodeId(1), "node-1"), (NodeId(2), "node-2")];
    let (plan, faults) = text.read(&nodes, &NetworkPlan::default());
    assert_eq!(faults, []);
    assert_eq!(plan.patterns[&Tag::Public].to_string(), "2nd 10G");
    assert_eq!(plan.vlans.to_string(), "100-199,300");
    assert_eq!(plan.addresses[&NodeId(1)][&Tag::Public].to_string(), "10.100.7.42");
    let again = PlanText::of(&plan, &nodes);
    assert_eq!(again.read(&nodes, &NetworkPlan::default()), (plan.clone(), Vec::new()));
    let as_toml = toml::to_string(&again).unwrap();
    assert_eq!(toml::from_str::<PlanText>(&as_toml).unwrap(), again);
    let as_json = serde_json::to_string(&again).unwrap();
    assert_eq!(serde_json::from_str::<PlanText>(&as_json).unwrap(), again);
    // In the store the plan itself is kept.
    let stored = serde_json::to_vec(&plan).unwrap();
    assert_eq!(serde_json::from_slice::<NetworkPlan>(&stored).unwrap(), plan);
}

#[test]
fn what_a_file_may_not_hold() {
    let read = |file: &str| {
        let text: PlanText = toml::from_str(file).unwrap();
        text.read(&[(NodeId(1), "node-1")], &NetworkPlan::default()).1.remove(0)
    };
    for (file, key) in [
        ("[nodes.node-9.public]\nnone = true", "net-no-node"),
        ("[nodes.node-1.private]\nnone = true", "net-no-tag"),
        ("[nodes.node-1.public]\nnic = 'eth 1'", "net-bad-nic"),
        ("[nodes.node-1.public]\naddress = 'x'", "net-bad-address"),
        (
            "[cluster]\nrange6 = 'fd00::1-fd00::2'\ncidr='10.0.0.0/24'\nrange='10.0.0.1-9'",
            "net-cidr6-missing",
        ),
        ("[cluster]\nvlans = '1-9'\ncidr='10.0.0.0/24'\nrange='10.0.0.1-9'", "net-vlans-other"),
    ] {
        assert_eq!(read(file).key, key, "{file}");
    }
    assert!(toml::from_str::<PlanText>("[cluster]\ngatway = '10.0.0.1'").is_err(), "a word nobody knows");
}
