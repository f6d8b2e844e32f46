//! The page of Cobbler: empty, with a server, with one that is only read or does not answer, and its forms.

use super::fixtures::env;
use super::harness::{Rig, snapshots};
use crate::api::cobbler::CobblerAsk;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::cobbler::{CobblerDistro, CobblerProfile, CobblerSettings, CobblerSystem, CobblerView};
use crate::domain::ids::EnvId;
use crate::domain::user::UserRole;
use crate::tui::event::Event;

pub(super) fn settings(url: &str) -> CobblerSettings {
    CobblerSettings { url: url.into(), user: "ops".into(), authority: None, power_seconds: 120 }
}

pub(super) fn view(version: &str, writes: bool) -> CobblerView {
    let system = |name: &str, netboot, power: &str, address: &str| CobblerSystem {
        name: name.into(),
        profile: "bookworm-openstack".into(),
        netboot,
        macs: vec!["52:54:00:aa:00:01".into()],
        addresses: vec![address.into()],
        power: power.into(),
        power_password: false,
    };
    let profile = |name: &str| CobblerProfile {
        name: name.into(),
        distro: "debian12-x86_64".into(),
        autoinstall: "openstack.seed".into(),
    };
    CobblerView {
        url: String::new(),
        user: "ops".into(),
        version: version.into(),
        writes,
        distros: vec![CobblerDistro {
            name: "debian12-x86_64".into(),
            breed: "debian".into(),
            os_version: "bookworm".into(),
            arch: "x86_64".into(),
        }],
        profiles: vec![profile("bookworm-openstack"), profile("rescue")],
        systems: vec![
            system("ctl1", Some(false), "ipmilan", "10.9.9.1"),
            system("spare", Some(true), "", "10.9.9.2"),
        ],
        left_out: 0,
    }
}

pub(super) fn opened(role: UserRole, set: Option<CobblerSettings>) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 1, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(EnvId(7)), super::fixtures::nodes());
    rig.keys("B");
    rig.answer("Cobbler(Settings", Ok(Response::CobblerSettings(set)));
    rig
}

#[test]
fn without_a_server_the_page_says_what_to_do() {
    let mut rig = opened(UserRole::Operator, None);
    snapshots("cobbler-empty", &mut rig);
    rig.keys("n");
    assert!(rig.notice().contains("say first where"), "{}", rig.notice());
    rig.keys("e");
    snapshots("cobbler-settings", &mut rig);
    rig.keys("<C-u>cobbler.example<Tab>ops<Tab>secret<C-s>");
    assert!(rig.screen(80, 24).contains("Write the address as"), "under its field");
    rig.keys("<C-u>https://cobbler.example/cobbler_api<C-s>");
    let refused = Failure::new(FailureKind::Invalid, "Cobbler does not accept that").at("password");
    rig.answer("Cobbler(Set", Err(refused));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("✗ Cobbler does not accept that") && !screen.contains("secret"), "{screen}");
}

#[test]
fn what_the_server_has() {
    let mut rig = opened(UserRole::Operator, Some(settings("https://cobbler.example/cobbler_api")));
    assert!(rig.screen(80, 24).contains("is asked"));
    rig.answer("Cobbler(View", Ok(Response::Cobbler(Box::new(view("3.3.10", true)))));
    snapshots("cobbler", &mut rig);
    rig.keys("2");
    assert!(rig.screen(80, 24).contains("rescue"));
    rig.keys("3");
    assert!(rig.screen(80, 24).contains("debian bookworm"));
    rig.keys("n");
    snapshots("cobbler-register", &mut rig);
    rig.keys("<C-s>");
    let call = rig.call("Cobbler(Register");
    let Request::Cobbler(CobblerAsk::Register { profile, mac, power, .. }) = call.request else { panic!() };
    assert_eq!((profile.as_str(), mac, power.is_none()), ("bookworm-openstack", None, true));
    let result = Ok(Response::Registered(true));
    rig.event(Event::Answer { to: call.to, tag: call.tag, result });
    assert!(rig.notice().contains("is a system of Cobbler now"), "{}", rig.notice());
    rig.keys("x");
    assert!(rig.screen(80, 24).contains("Nothing changes on the server"));
}

#[test]
fn one_that_is_only_read_and_one_that_does_not_answer() {
    let mut rig = opened(UserRole::Operator, Some(settings("http://cobbler.example/cobbler_api")));
    rig.answer("Cobbler(View", Ok(Response::Cobbler(Box::new(view("4.0.0", false)))));
    snapshots("cobbler-read-only", &mut rig);
    rig.keys("n");
    assert!(rig.notice().contains("only read"), "{}", rig.notice());
    rig.keys("c");
    let why = "the Cobbler server does not answer (connection refused): check its address";
    rig.answer("Cobbler(View", Err(Failure::new(FailureKind::Node, why).at("url")));
    assert!(rig.screen(80, 24).contains("✗ the Cobbler server does not answer"));
    let mut rig = opened(UserRole::Viewer, Some(settings("https://cobbler.example/cobbler_api")));
    rig.keys("e");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
}
