//! The seed's cases by name, and what holds after any requests at any times.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

struct Book {
    state: Ipam,
    now: Moment,
    seen: Seen,
    events: Vec<IpEvent>,
}

impl Book {
    fn new() -> Self {
        Self { state: Ipam::default(), now: Moment(1_000_000), seen: Seen::new(), events: Vec::new() }
    }

    /// With a tenant pool of 256 addresses and an infrastructure pool of 64.
    fn with_pools() -> Self {
        let mut book = Self::new();
        book.ask(pool("10.0.0.0/24", PoolKind::Tenant)).unwrap();
        book.ask(pool("10.9.0.0/26", PoolKind::Infrastructure)).unwrap();
        book.events.clear();
        book
    }

    #[expect(clippy::needless_pass_by_value, reason = "requests read better where they are made")]
    fn ask(&mut self, request: IpRequest) -> Result<IpEvent, Refused> {
        let (state, events) = next(&self.state, &request, "ada", self.now, &self.seen)?;
        self.state = state;
        self.events.extend(events.iter().cloned());
        Ok(events.last().unwrap().clone())
    }

    fn claim(&mut self, ip: &str, owner: &str, source: Source) {
        self.seen.entry(ip.parse().unwrap()).or_default().push(Claim { source, owner: owner.into() });
    }
}

fn pool(net: &str, kind: PoolKind) -> IpRequest {
    IpRequest::AddPool { net: net.into(), kind }
}

/// `create_subnet(owner, ipcount)` of the seed.
fn create(owner: &str, count: u32) -> IpRequest {
    IpRequest::Reserve { owner: owner.into(), kind: PoolKind::Tenant, count, seconds: None, at: None }
}

fn confirm(owner: &str) -> IpRequest {
    IpRequest::Confirm { owner: owner.into() }
}

fn delete(owner: &str) -> IpRequest {
    IpRequest::Delete { owner: owner.into() }
}

fn allocate(owner: &str, to: &str) -> IpRequest {
    IpRequest::Allocate { owner: owner.into(), to: to.into(), address: None }
}

fn at(owner: &str, to: &str, ip: &str) -> IpRequest {
    IpRequest::Allocate { owner: owner.into(), to: to.into(), address: Some(ip.into()) }
}

fn release(ip: &str) -> IpRequest {
    IpRequest::Release { address: ip.into() }
}

#[test]
fn seed_002_create_subnet_returns_the_first_address_with_its_prefix() {
    for (count, handle) in [(64, "10.0.0.1/26"), (32, "10.0.0.1/27"), (16, "10.0.0.1/28"), (8, "10.0.0.1/29")]
    {
        let mut book = Book::with_pools();
        let IpEvent::Reserved { subnet, owner, .. } = book.ask(create("slice", count)).unwrap() else {
            panic!()
        };
        assert_eq!((subnet.as_str(), owner.as_str()), (handle, "slice"));
    }
}

#[test]
fn seed_002_ipcount_4_is_meaningless_and_refused() {
    let mut book = Book::with_pools();
    let why = book.ask(create("slice", 4)).unwrap_err();
    assert_eq!(why, Refused::Size(4));
    assert!(why.to_string().contains("nothing would be left"), "{why}");
    for count in [0, 1, 2, 7, 9, 63, 65, 128, u32::MAX] {
        assert_eq!(book.ask(create("slice", count)).unwrap_err(), Refused::Size(count));
    }
}

#[test]
fn seed_002_ipcount_minus_2_are_usable() {
    for count in SubnetSize::ALL {
        let mut book = Book::with_pools();
        book.ask(create("slice", count)).unwrap();
        book.ask(confirm("slice")).unwrap();
        let mut given = BTreeSet::new();
        for n in 0..count - 2 {
            let IpEvent::Allocated { address, .. } = book.ask(allocate("slice", &format!("vm-{n}"))).unwrap()
            else {
                panic!()
            };
            assert!(given.insert(address), "{address} was given twice");
        }
        let net = book.state.of("slice").unwrap().net;
        assert!(!given.contains(&net.network()) && !given.contains(&net.broadcast()));
        let full = book.ask(allocate("slice", "one too many")).unwrap_err();
        assert!(matches!(full, Refused::SubnetFull { usable, .. } if usable == count as usize - 2), "{full}");
    }
}

#[test]
fn seed_002_default_timeout_is_120_seconds() {
    let mut book = Book::with_pools();
    let IpEvent::Reserved { until, .. } = book.ask(create("slice", 8)).unwrap() else { panic!() };
    assert_eq!(until.since(book.now), 120_000);
    book.now = book.now.plus(119_999);
    book.ask(confirm("slice")).unwrap();
    book.now = book.now.plus(10_000_000);
    assert!(
        book.state.of("slice").is_some() && next_deadline(&book.state).is_none(),
        "confirmed is for good"
    );
    assert!(expire(&book.state, book.now).1.is_empty());
}

#[test]
fn seed_002_confirm_after_expiry_is_refused() {
    let mut book = Book::with_pools();
    book.ask(create("slice", 8)).unwrap();
    book.now = book.now.plus(120_000);
    let why = book.ask(confirm("slice")).unwrap_err();
    assert!(matches!(&why, Refused::Lapsed { owner, .. } if owner.as_str() == "slice"), "{why}");
    assert!(why.to_string().contains("fell back"), "{why}");
    // and what happens in the slice afterwards fails too
    assert!(matches!(book.ask(allocate("slice", "vm")), Err(Refused::Lapsed { .. })));
}

#[test]
fn seed_002_an_expired_subnet_goes_to_the_next_owner() {
    let mut book = Book::with_pools();
    let IpEvent::Reserved { subnet: first, .. } = book.ask(create("late", 64)).unwrap() else { panic!() };
    book.now = book.now.plus(120_000);
    let IpEvent::Reserved { subnet, .. } = book.ask(create("next", 64)).unwrap() else { panic!() };
    assert_eq!(first, subnet);
    let lapsed = book.events.iter().filter(|e| matches!(e, IpEvent::Lapsed { .. })).count();
    assert_eq!(lapsed, 1);
    assert!(matches!(book.ask(confirm("late")), Err(Refused::Lapsed { .. })));
    book.ask(confirm("next")).unwrap();
}

#[test]
fn seed_002_deleting_an_owners_subnet_frees_it() {
    let mut book = Book::with_pools();
    book.ask(create("slice", 64)).unwrap();
    book.ask(confirm("slice")).unwrap();
    book.ask(allocate("slice", "vm-1")).unwrap();
    let IpEvent::Deleted { addresses, .. } = book.ask(delete("slice")).unwrap() else { panic!() };
    assert_eq!(addresses, 1);
    assert_eq!(book.ask(allocate("slice", "vm-2")).unwrap_err(), Refused::NoSubnet("slice".into()));
    let IpEvent::Reserved { subnet, .. } = book.ask(create("other", 64)).unwrap() else { panic!() };
    assert_eq!(subnet, "10.0.0.1/26");
}

#[test]
fn seed_002_delete_works_for_a_slice_that_was_never_confirmed() {
    let mut book = Book::with_pools();
    book.ask(create("failed", 64)).unwrap();
    book.ask(delete("failed")).unwrap();
    book.ask(create("failed", 64)).unwrap();
    assert_eq!(book.ask(delete("nobody")).unwrap_err(), Refused::NoSubnet("nobody".into()));
}

#[test]
fn seed_002_infrastructure_and_tenants_have_pools_of_their_own() {
    let mut book = Book::with_pools();
    let controller = IpRequest::Reserve {
        owner: "controllers".into(),
        kind: PoolKind::Infrastructure,
        count: 64,
        seconds: None,
        at: None,
    };
    book.ask(controller).unwrap();
    book.ask(confirm("controllers")).unwrap();
    let IpEvent::Allocated { address, .. } = book.ask(allocate("controllers", "floodlight")).unwrap() else {
        panic!()
    };
    assert_eq!(address.to_string(), "10.9.0.1");
    for n in 0..4 {
        book.ask(create(&format!("slice-{n}"), 64)).unwrap();
    }
    let full = book.ask(create("slice-4", 8)).unwrap_err();
    assert!(full.to_string().contains("10.0.0.0 belongs to slice-0"), "{full}");
}

#[test]
fn seed_002_release_ip_gives_the_address_to_the_next_one() {
    let mut book = Book::with_pools();
    book.ask(create("slice", 8)).unwrap();
    book.ask(confirm("slice")).unwrap();
    book.ask(allocate("slice", "vm-1")).unwrap();
    book.ask(allocate("slice", "vm-2")).unwrap();
    book.ask(release("10.0.0.1")).unwrap();
    assert_eq!(
        book.ask(release("10.0.0.1")).unwrap_err(),
        Refused::NotAllocated("10.0.0.1".parse().unwrap())
    );
    let IpEvent::Allocated { address, to, .. } = book.ask(allocate("slice", "vm-3")).unwrap() else {
        panic!()
    };
    assert_eq!((address.to_string().as_str(), to.as_str()), ("10.0.0.1", "vm-3"));
}

#[test]
fn an_owner_has_one_subnet() {
    let mut book = Book::with_pools();
    book.ask(create("slice", 8)).unwrap();
    let why = book.ask(create("slice", 16)).unwrap_err();
    assert!(why.to_string().contains("10.0.0.1/29 already"), "{why}");
}

#[test]
fn what_is_only_reserved_is_not_allocated_from() {
    let mut book = Book::with_pools();
    book.ask(create("slice", 8)).unwrap();
    assert!(matches!(book.ask(allocate("slice", "vm")), Err(Refused::NotConfirmed { .. })));
}

#[test]
fn addresses_seen_alive_are_refused_with_their_owners_name() {
    let mut book = Book::with_pools();
    book.claim("10.0.0.5", "node-3", Source::Node);
    book.claim("10.0.0.70", "OpenSSH_9.2", Source::Sweep);
    // what is not asked for by name goes elsewhere
    let IpEvent::Reserved { subnet, .. } = book.ask(create("slice", 64)).unwrap() else { panic!() };
    assert_eq!(subnet, "10.0.0.129/26");
    let wanted = IpRequest::Reserve {
        owner: "other".into(),
        kind: PoolKind::Tenant,
        count: 64,
        seconds: None,
        at: Some("10.0.0.0/26".into()),
    };
    let why = book.ask(wanted).unwrap_err().to_string();
    assert_eq!(why, "10.0.0.0/26 is not free: 10.0.0.5 belongs to node-3 (a node's address)");
    book.ask(confirm("slice")).unwrap();
    book.claim("10.0.0.129", "OpenSSH_9.2", Source::Sweep);
    book.claim("10.0.0.129", "node-9", Source::Nic);
    let why = book.ask(at("slice", "vm", "10.0.0.129")).unwrap_err().to_string();
    assert_eq!(why, "10.0.0.129 belongs to node-9 already (on a node's NIC)");
    // the same machine may have it confirmed
    book.ask(at("slice", "node-9", "10.0.0.129")).unwrap();
    let IpEvent::Allocated { address, .. } = book.ask(allocate("slice", "vm")).unwrap() else { panic!() };
    assert_eq!(address.to_string(), "10.0.0.130");
    let why = book.ask(at("slice", "vm-2", "10.0.0.130")).unwrap_err().to_string();
    assert_eq!(why, "10.0.0.130 belongs to vm already (allocated)");
}

#[test]
fn leases_are_recorded_shown_and_kept_free() {
    let mut book = Book::with_pools();
    let lease = |ip: &str, owner: &str, mac: &str, source| Lease {
        address: ip.parse().unwrap(),
        owner: owner.into(),
        mac: mac.into(),
        source,
        seen: Moment(5),
    };
    book.state = note_leases(
        &book.state,
        "web",
        Source::Dhcp,
        vec![lease("10.0.0.3", "web", "52:54:00:00:00:01", Source::Dhcp)],
    );
    let IpEvent::Reserved { subnet, .. } = book.ask(create("slice", 8)).unwrap() else { panic!() };
    assert_eq!(subnet, "10.0.0.9/29");
    // it moved: the old one is free again, also when the node was renamed meanwhile
    book.state = note_leases(
        &book.state,
        "www",
        Source::Dhcp,
        vec![lease("10.0.0.4", "www", "52:54:00:00:00:01", Source::Dhcp)],
    );
    assert_eq!(book.state.leases.keys().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.4"]);
    // Cobbler says the same of the same address: no conflict; somebody else: one
    let cobbler = lease("10.0.0.4", "www", "", Source::Cobbler);
    let both = note_leases(&book.state, "x", Source::Cobbler, vec![cobbler]);
    assert!(!table(&both, &book.seen)[0].conflict);
    book.claim("10.0.0.4", "stranger", Source::Nic);
    let rows = table(&book.state, &book.seen);
    assert!(rows[0].conflict && rows[0].claims.len() == 2 && rows[0].pool == Some(PoolKind::Tenant));
}

#[test]
fn pools_are_checked() {
    let mut book = Book::with_pools();
    let cases = [
        ("banana", "is not a network"),
        ("10.1.0.0", "is not a network"),
        ("10.1.0.7/24", "the network itself is 10.1.0.0/24"),
        ("127.0.0.0/16", "loopback"),
        ("224.1.0.0/16", "multicast"),
        ("0.0.0.0/16", "this network"),
        ("169.254.0.0/16", "link-local"),
        ("240.0.0.0/16", "reserved"),
        ("10.0.0.0/8", "/16 to /29"),
        ("10.1.0.0/30", "/16 to /29"),
        ("10.0.0.0/16", "overlaps the tenant pool 10.0.0.0/24"),
        ("10.9.0.32/27", "overlaps the infrastructure pool 10.9.0.0/26"),
        ("fe80::/64", "link-local"),
        ("ff00::/32", "multicast"),
        ("2001:db8::1/64", "the network itself is 2001:db8::/64"),
        ("2001:db8::/128", "/32 to /126"),
    ];
    for (net, part) in cases {
        let why = book.ask(pool(net, PoolKind::Tenant)).unwrap_err().to_string();
        assert!(why.contains(part), "{net}: {why}");
    }
    book.ask(pool("2001:db8::/64", PoolKind::Tenant)).unwrap();
    let why = book.ask(pool("2001:db8::/48", PoolKind::Infrastructure)).unwrap_err().to_string();
    assert!(why.contains("overlaps"), "{why}");
    book.ask(create("slice", 8)).unwrap();
    let remove = |net: &str| IpRequest::RemovePool { net: net.into() };
    let why = book.ask(remove("10.0.0.0/24")).unwrap_err().to_string();
    assert!(why.contains("slice has 10.0.0.0/29"), "{why}");
    book.ask(remove("10.9.0.0/26")).unwrap();
    assert!(matches!(book.ask(remove("10.9.0.0/26")), Err(Refused::NoPool(_))));
}

#[test]
fn owners_and_times_are_checked() {
    let mut book = Book::with_pools();
    for owner in ["", " a", "a ", "a\tb", "a\u{7}", &"x".repeat(65)] {
        assert_eq!(book.ask(create(owner, 8)).unwrap_err(), Refused::Owner, "{owner:?}");
    }
    for seconds in [0, 86_401] {
        let request = IpRequest::Reserve {
            owner: "a".into(),
            kind: PoolKind::Tenant,
            count: 8,
            seconds: Some(seconds),
            at: None,
        };
        assert_eq!(book.ask(request).unwrap_err(), Refused::Timeout(seconds));
    }
    book.ask(create("节点 一", 8)).unwrap();
}

#[derive(Clone, Debug)]
enum Move {
    Ask(IpRequest),
    Wait(u64),
    Seen(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let owner = || prop::sample::select(vec!["a", "b", "c", "d", "e"]).prop_map(str::to_owned);
    let kind = || prop::sample::select(PoolKind::ALL.to_vec());
    let ip = || (0_u8..=255).prop_map(|n| format!("10.0.0.{n}"));
    let reserve =
        (owner(), kind(), prop::sample::select(vec![4, 8, 16, 32, 64]), prop::option::of(1_u32..300))
            .prop_map(|(owner, kind, count, seconds)| IpRequest::Reserve {
                owner,
                kind,
                count,
                seconds,
                at: None,
            });
    let reserve_at =
        (owner(), prop::sample::select(vec![8_u32, 16, 32, 64]), 0_u32..32).prop_map(|(owner, count, n)| {
            let at = Some(format!("10.0.0.{}/{}", (n * 8) & !(count - 1), 32 - count.trailing_zeros()));
            IpRequest::Reserve { owner, kind: PoolKind::Tenant, count, seconds: None, at }
        });
    let ask = prop_oneof![
        3 => reserve,
        2 => reserve_at,
        3 => owner().prop_map(|owner| IpRequest::Confirm { owner }),
        1 => owner().prop_map(|owner| IpRequest::Delete { owner }),
        4 => (owner(), 0..9_u8).prop_map(|(owner, n)| IpRequest::Allocate { owner, to: format!("vm-{n}"), address: None }),
        2 => (owner(), ip()).prop_map(|(owner, ip)| IpRequest::Allocate { owner, to: "vm".into(), address: Some(ip) }),
        2 => ip().prop_map(|address| IpRequest::Release { address }),
    ];
    let one = prop_oneof![
        8 => ask.prop_map(Move::Ask),
        2 => (1_u64..200_000).prop_map(Move::Wait),
        1 => (0_u8..=255).prop_map(Move::Seen),
    ];
    prop::collection::vec(one, 1..80)
}

/// What must hold whatever happened.
fn sound(state: &Ipam, now: Moment) {
    let subnets: Vec<&Subnet> = state.subnets.values().collect();
    for (n, s) in subnets.iter().enumerate() {
        for other in &subnets[n + 1..] {
            assert!(
                !s.net.contains(&other.net) && !other.net.contains(&s.net),
                "{} overlaps {}",
                s.net,
                other.net
            );
            assert_ne!(s.owner, other.owner, "an owner has one subnet");
        }
        assert!(state.pools.values().any(|p| p.kind == s.kind && p.net.contains(&IpNet::V4(s.net))));
        if let SubnetState::Reserved { until } = s.state {
            assert!(until > now, "{} should have fallen back", s.net);
            assert!(s.addresses.is_empty(), "nothing is allocated before the confirmation");
        }
        assert!(s.addresses.keys().all(|ip| s.hosts().any(|h| h == *ip)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_two_owners_and_every_reservation_ends_once(moves in moves()) {
        let mut book = Book::with_pools();
        // Reservations that are neither confirmed nor deleted nor lapsed.
        let mut open: BTreeMap<String, Moment> = BTreeMap::new();
        // Who has which address, by what was answered.
        let mut has: BTreeMap<Ipv4Addr, String> = BTreeMap::new();
        for one in moves {
            let request = match one {
                Move::Wait(ms) => { book.now = book.now.plus(ms); continue }
                Move::Seen(n) => {
                    let ip: IpAddr = format!("10.0.0.{n}").parse().unwrap();
                    // nothing comes alive on an address that was given to somebody else
                    let IpAddr::V4(v4) = ip else { unreachable!() };
                    if !has.contains_key(&v4) { book.claim(&ip.to_string(), "alive", Source::Node); }
                    continue
                }
                Move::Ask(request) => request,
            };
            let before = book.state.clone();
            book.events.clear();
            if book.ask(request.clone()).is_err() {
                prop_assert_eq!(&book.state, &before, "a refusal changes nothing");
                let (state, events) = expire(&book.state, book.now);
                book.state = state;
                book.events = events;
            }
            for event in &book.events {
                match event {
                    IpEvent::Reserved { owner, until, .. } => {
                        prop_assert!(open.insert(owner.to_string(), *until).is_none());
                    }
                    IpEvent::Lapsed { owner, .. } => {
                        let until = open.remove(owner.as_str());
                        prop_assert!(until.is_some_and(|u| u <= book.now), "{} lapsed twice or early", owner);
                    }
                    IpEvent::Confirmed { owner, .. } => { open.remove(owner.as_str()); }
                    IpEvent::Deleted { owner, net, .. } => {
                        open.remove(owner.as_str());
                        has.retain(|ip, _| !net.contains(ip));
                    }
                    IpEvent::Allocated { address, to, .. } => {
                        prop_assert!(has.insert(*address, to.to_string()).is_none(), "{} has two owners", address);
                        prop_assert!(!book.seen.contains_key(&IpAddr::V4(*address)), "{} is alive", address);
                    }
                    IpEvent::Released { address, from } => {
                        prop_assert_eq!(has.remove(address), Some(from.to_string()));
                    }
                    IpEvent::PoolAdded { .. } | IpEvent::PoolRemoved { .. } => {}
                }
            }
            sound(&book.state, book.now);
            let kept: BTreeMap<Ipv4Addr, String> = book.state.subnets.values()
                .flat_map(|s| s.addresses.iter().map(|(ip, a)| (*ip, a.to.to_string()))).collect();
            prop_assert_eq!(&kept, &has);
            prop_assert_eq!(expire(&book.state, book.now).1, vec![], "a reservation lapses once");
        }
    }
}
