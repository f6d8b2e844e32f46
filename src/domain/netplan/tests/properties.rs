//! What holds for every plan, machine and text.

use super::*;
use crate::domain::netplan::NicPattern;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A network in 10.0.0.0/8 and four numbers of addresses in it.
fn numbers() -> impl Strategy<Value = (u8, [u32; 6])> {
    (24_u8..=30).prop_flat_map(|length| {
        let size = 1_u32 << (32 - length);
        (Just(length), proptest::array::uniform6(0..size))
    })
}

fn at(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 1, 2, 0)) + n)
}

proptest! {
    /// The rules say what sets say: nobody's address twice, nothing outside, nothing at the edges.
    #[test]
    fn ranges_pool_and_gateway_are_disjoint((length, [a, b, c, d, gateway, vip]) in numbers()) {
        let size = 1_u32 << (32 - length);
        let (range, floating) = (a.min(b)..=a.max(b), c.min(d)..=c.max(d));
        let net = Net {
            cidr: Ipv4Net::new(at(0), length).unwrap(),
            range: AddressRange::between(at(*range.start()), at(*range.end())).unwrap(),
            gateway: Some(at(gateway)),
            floating: Some(AddressRange::between(at(*floating.start()), at(*floating.end())).unwrap()),
            vip: vec![at(vip)],
            vlan: None,
            mtu: None,
            v6: None,
        };
        let mut plan = seed_000();
        plan.nets.insert(Tag::Public, net);
        let edge = |n: u32| n == 0 || n == size - 1;
        let edges = [*range.start(), *range.end(), *floating.start(), *floating.end(), gateway, vip];
        let good = !edges.into_iter().any(edge)
            && !range.contains(&gateway)
            && !floating.contains(&gateway)
            && range.clone().all(|n| !floating.contains(&n))
            && gateway != vip
            && !floating.contains(&vip);
        let faults = check(&plan, &[]);
        prop_assert_eq!(faults.is_empty(), good, "{:?}", faults);
        for fault in faults {
            prop_assert_eq!(fault.tag(), Some(Tag::Public));
        }
    }

    /// Whatever nodes there are: every address is one node's, of the range, nobody else's; and it stays when nodes come and go.
    #[test]
    fn addresses_are_unique_in_the_range_and_stable(
        alive in proptest::collection::btree_set(1_u8..=254, 1..40),
        explicit in proptest::collection::vec((0_usize..40, 1_u8..=99), 0..8),
        gone in 0_usize..40,
        late in 1_u8..=254,
    ) {
        let mut machines: Vec<Machine> =
            (1_u8..).zip(&alive).map(|(n, last)| machine(n, &format!("192.168.7.{last}"))).collect();
        let mut plan = seed_000();
        plan.nets.get_mut(&Tag::Public).unwrap().vip = vec!["10.100.7.3".parse().unwrap()];
        for (at, last) in explicit {
            if let Some(m) = machines.get(at) {
                let address = Ipv4Addr::new(10, 100, 7, last);
                plan.addresses.entry(m.id).or_default().insert(Tag::Public, address);
            }
        }
        plan.addresses.retain(|_, a| a[&Tag::Public] != Ipv4Addr::new(10, 100, 7, 3));
        let mut seen_before = BTreeSet::new();
        plan.addresses.retain(|_, a| seen_before.insert(a[&Tag::Public]));
        let first = resolve(&plan, &seen(&machines));
        for tag in [Tag::Public, Tag::Cluster] {
            let net = &plan.nets[&tag];
            let mut taken = BTreeSet::new();
            for (node, addresses) in &first.addresses {
                let address = addresses[&tag];
                prop_assert!(taken.insert(address), "{} is two nodes'", address);
                prop_assert!(net.range.contains(address));
                prop_assert!(net.gateway != Some(address) && !net.vip.contains(&address));
                if let Some(explicit) = plan.addresses.get(node).and_then(|a| a.get(&tag)) {
                    prop_assert_eq!(*explicit, address);
                }
                let machine = machines.iter().find(|m| m.id == *node).unwrap();
                if tag == Tag::Cluster && net.range.contains(machine.address.ip()) {
                    prop_assert_eq!(machine.address.ip(), address, "what DHCP gave is kept");
                }
            }
            prop_assert_eq!(taken.len(), machines.len());
        }
        // The engine stores what was given; one node goes, another comes.
        plan.given.clone_from(&first.addresses);
        if machines.len() > 1 {
            machines.remove(gone % machines.len());
        }
        if !alive.contains(&late) {
            machines.push(machine(200, &format!("192.168.7.{late}")));
        }
        machines.reverse();
        let second = resolve(&plan, &seen(&machines));
        for machine in machines.iter().filter(|m| m.id != NodeId(200)) {
            prop_assert_eq!(&second.addresses[&machine.id], &first.addresses[&machine.id]);
        }
        let all: Vec<_> = second.addresses.values().map(|a| a[&Tag::Public]).collect();
        prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn resolving_says_the_same_whatever_the_order(shuffled in Just((1_u8..=9).collect::<Vec<_>>()).prop_shuffle()) {
        let machines: Vec<Machine> = shuffled.iter().map(|n| machine(*n, &format!("192.168.9.{n}"))).collect();
        let sorted: Vec<Machine> = (1..=9).map(|n| machine(n, &format!("192.168.9.{n}"))).collect();
        prop_assert_eq!(resolve(&seed_000(), &seen(&machines)), resolve(&seed_000(), &seen(&sorted)));
    }

    #[test]
    fn vlans_are_a_set(wanted in proptest::collection::btree_set(1_u16..=4094, 0..60)) {
        let typed: Vec<String> = wanted.iter().rev().map(ToString::to_string).collect();
        let set: VlanSet = typed.join(", ").parse().unwrap();
        prop_assert_eq!(set.iter().map(VlanId::number).collect::<Vec<_>>(), wanted.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(set.count(), wanted.len());
        prop_assert_eq!(set.to_string().parse::<VlanSet>().unwrap(), set.clone());
        for n in 1..=4094 {
            prop_assert_eq!(set.contains(VlanId::try_from(n).unwrap()), wanted.contains(&n));
        }
    }

    #[test]
    fn a_pattern_that_is_read_is_written_so_that_it_is_read_alike(text in "([0-9]{1,2}(st|nd|rd|th) )?(driver |name |mac )?[a-z0-9*?.G:-]{0,18}( nic)?") {
        if let Ok(pattern) = text.parse::<NicPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<NicPattern>(), Ok(pattern));
        }
    }

    /// Whatever is typed, the editor answers with faults or a plan, never with a panic; a plan without faults is written and read alike.
    #[test]
    fn nothing_typed_makes_it_panic(
        values in proptest::collection::vec("(10\\.1\\.[0-3]\\.[0-9]{1,3}(/[0-9]{1,2}|-[0-9]{1,3})?|[0-9]{1,5}|fd00::[0-9]{0,3}(/64)?|\\PC{0,12})", 12),
        node in "\\PC{0,8}",
    ) {
        let [cidr, range, gateway, floating, vip, vlan, vlans, mtu, nic, cidr6, range6, gateway6] = values.try_into().unwrap();
        let net = NetText { cidr, range, gateway, floating, vip, vlan, vlans, mtu, nic, cidr6, range6, gateway6 };
        let machines = [machine(1, "10.1.1.7")];
        for tag in Tag::ALL {
            let mut text = seed_000_text();
            *text.net_mut(tag) = Some(net.clone());
            let port = PortText { nic: node.clone(), address: node.clone(), none: false };
            text.nodes.insert("node-1".into(), BTreeMap::from([(tag.to_string(), port)]));
            let (plan, resolved) = text.work_out(&seen(&machines), &NetworkPlan::default());
            for fault in &resolved.faults {
                prop_assert!(!fault.message.is_empty() && !fault.key.is_empty());
            }
            if resolved.faults.is_empty() {
                let again = PlanText::of(&plan, &[(NodeId(1), "node-1")]);
                prop_assert_eq!(again.read(&[(NodeId(1), "node-1")], &NetworkPlan::default()), (plan, Vec::new()));
            }
        }
    }
}
