//! The page of addresses: empty, with pools, subnets and conflicts, its forms while somebody types.

use super::fixtures::env;
use super::harness::{Rig, snapshots};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::ipam::{self, Claim, IpEvent, IpRequest, IpView, Ipam, PoolKind, Seen, Source};
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

/// What the engine would answer after these requests, `seconds` before now.
pub(super) fn view(now: Moment, requests: &[IpRequest], seen: &Seen) -> IpView {
    let state = requests.iter().fold(Ipam::default(), |s, r| ipam::next(&s, r, "ada", now, seen).unwrap().0);
    ipam::view(&state, seen, now, 100)
}

pub(super) fn opened(role: UserRole, view: IpView) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 1, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(EnvId(7)), super::fixtures::nodes());
    rig.keys("D");
    rig.answer("Ip", Ok(Response::Ip(Box::new(view))));
    rig
}

pub(super) fn full(now: Moment) -> IpView {
    let mut seen = Seen::new();
    let mut claim = |ip: &str, source, owner: &str| {
        seen.entry(ip.parse().unwrap()).or_default().push(Claim { source, owner: owner.into() });
    };
    claim("10.9.9.1", Source::Node, "ctl1");
    claim("10.9.9.1", Source::Nic, "ctl1");
    claim("10.9.9.2", Source::Plan, "cmp1");
    claim("10.9.9.2", Source::Nic, "printer");
    claim("10.20.0.40", Source::Sweep, "SSH-2.0-OpenSSH_9.2p1 Debian-2");
    let pool = |net: &str, kind| IpRequest::AddPool { net: net.into(), kind };
    let reserve = |owner: &str, count, kind| IpRequest::Reserve {
        owner: owner.into(),
        kind,
        count,
        seconds: None,
        at: None,
    };
    let requests = [
        pool("10.20.0.0/24", PoolKind::Tenant),
        pool("10.30.0.0/26", PoolKind::Infrastructure),
        pool("2001:db8:7::/64", PoolKind::Tenant),
        reserve("slice-a", 16, PoolKind::Tenant),
        reserve("controllers", 8, PoolKind::Infrastructure),
        IpRequest::Confirm { owner: "controllers".into() },
        IpRequest::Allocate { owner: "controllers".into(), to: "floodlight".into(), address: None },
    ];
    view(now, &requests, &seen)
}

#[test]
fn without_pools_the_page_says_what_to_do() {
    let mut rig = opened(UserRole::Operator, IpView::default());
    snapshots("addresses-empty", &mut rig);
    rig.keys("2n");
    assert!(rig.notice().contains("no pool"), "{}", rig.notice());
    rig.keys("1n10.20.0.7/24");
    assert!(rig.screen(80, 24).contains("an address inside a network"), "while it is typed");
    snapshots("pool-new-wrong", &mut rig);
    rig.keys("<C-u>10.20.0.0/24<C-s>");
    let call = rig.call("IpChange");
    let Request::IpChange { request: IpRequest::AddPool { net, kind }, .. } = call.request else { panic!() };
    assert_eq!((net.as_str(), kind), ("10.20.0.0/24", PoolKind::Tenant));
}

#[test]
fn who_uses_what_and_which_two_claim_the_same() {
    let now = Rig::logged_in(UserRole::Operator).at;
    let mut rig = opened(UserRole::Operator, full(now));
    snapshots("addresses-pools", &mut rig);
    rig.keys("2");
    snapshots("addresses-subnets", &mut rig);
    rig.keys("3");
    snapshots("addresses-used", &mut rig);
    rig.keys("x");
    assert!(rig.notice().contains("allocated here"), "{}", rig.notice());
    rig.keys("2n");
    snapshots("subnet-new", &mut rig);
    rig.keys("slice-b<C-s>");
    let why = "no tenant pool has 64 addresses in a row that are free";
    rig.answer("IpChange", Err(Failure::new(FailureKind::Conflict, why).at("count")));
    assert!(rig.screen(80, 24).contains("✗ no tenant pool has 64"), "under its field");
}

#[test]
fn a_reservation_is_confirmed_and_a_subnet_given_back() {
    let now = Rig::logged_in(UserRole::Operator).at;
    let mut rig = opened(UserRole::Operator, full(now));
    rig.keys("2c");
    let call = rig.call("IpChange");
    assert!(
        matches!(&call.request, Request::IpChange { request: IpRequest::Confirm { owner }, .. } if owner == "slice-a")
    );
    let done = IpEvent::PoolAdded { net: "10.20.0.0/24".parse().unwrap() };
    let result = Ok(Response::IpEvents(vec![done]));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result });
    rig.answer("Ip", Ok(Response::Ip(Box::new(full(now)))));
    rig.keys("jx");
    let screen = rig.screen(80, 24);
    assert!(
        screen.contains("controllers's subnet 10.30.0.0/29") && screen.contains("One address"),
        "{screen}"
    );
    rig.keys("<Tab><Enter>");
    let call = rig.call("IpChange");
    assert!(
        matches!(&call.request, Request::IpChange { request: IpRequest::Delete { owner }, .. } if owner == "controllers")
    );
    let mut rig = opened(UserRole::Viewer, full(now));
    rig.keys("n");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
}
