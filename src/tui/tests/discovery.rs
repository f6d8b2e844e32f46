//! Found machines, schedules, sets of credentials, facts over time.

use super::fixtures::{ENV, discovery, env, ms_ago, node, nodes, sweep};
use super::harness::{NOW, Rig, snapshots};
use crate::api::discovery::{DiscoveryChange, LoginState, SetChange};
use crate::api::message::Credential;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::facts::Facts;
use crate::domain::facts::history::Record;
use crate::domain::facts::same::{Same, Twin};
use crate::domain::ids::NodeId;
use crate::domain::node::{CredentialKind, NodeState};
use crate::domain::sweeps::LoginLimit;
use crate::domain::user::UserRole;

pub(super) fn opened(role: UserRole) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 4, 1, 1))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), nodes());
    rig
}

#[test]
fn the_page_of_found_machines() {
    let mut rig = opened(UserRole::Operator);
    rig.keys("U");
    assert_eq!(rig.stack().last(), Some(&"sweep"));
    rig.rows(Topic::Discovery(ENV), vec![Row::Discovery(Box::new(discovery()))]);
    snapshots("discovery-empty", &mut rig);
    rig.rows(Topic::Discovery(ENV), sweep(254));
    snapshots("discovery", &mut rig);
    rig.keys("d");
    snapshots("discovery-details", &mut rig);
    rig.keys("<Esc>Gn");
    assert!(rig.notice().contains("no longer answers"), "{}", rig.notice());
    rig.keys("X<Right><Enter>");
    rig.call("SightingsForget");
    // Those of a set, each with its own account.
    rig.keys("ggn<S-Tab><Right><Right><Right>");
    snapshots("node-add-set", &mut rig);
    rig.keys("<C-s>");
    let Request::NodeAdd { credential: Credential::Set { name }, address, .. } = rig.call("NodeAdd").request
    else {
        panic!()
    };
    assert_eq!((name.as_str(), address.as_str()), ("rack", "10.20.0.22"));
}

#[test]
fn a_schedule_is_set_and_ended() {
    let mut rig = opened(UserRole::Operator);
    rig.keys("U");
    rig.rows(Topic::Discovery(ENV), sweep(254));
    rig.keys("t");
    snapshots("sweep-schedule", &mut rig);
    rig.keys("<C-u>soon<C-s>");
    assert!(rig.screen(80, 24).contains("Not a schedule"), "{}", rig.screen(80, 24));
    rig.keys("<C-u>03:30<C-s>");
    let Request::DiscoveryEdit { change: DiscoveryChange::Schedule(Some((order, every))), .. } =
        rig.call("DiscoveryEdit").request
    else {
        panic!()
    };
    assert_eq!(
        (every.to_string().as_str(), order.ranges.as_slice()),
        ("03:30", &["10.20.0.0/24".to_owned()][..])
    );
    let mut rig = opened(UserRole::Operator);
    rig.keys("U");
    rig.rows(Topic::Discovery(ENV), sweep(254));
    rig.keys("t<C-u><C-s>");
    let Request::DiscoveryEdit { change, based_on, .. } = rig.call("DiscoveryEdit").request else { panic!() };
    assert_eq!((change, based_on.0), (DiscoveryChange::Schedule(None), 2));
    rig.keys("<Esc>L");
    snapshots("login-limit", &mut rig);
    rig.keys("<C-u>99<C-s>");
    assert!(rig.screen(80, 24).contains("from 1 to 20"));
    rig.keys("<C-u>4<C-s>");
    let Request::DiscoveryEdit { change, .. } = rig.call("DiscoveryEdit").request else { panic!() };
    assert_eq!(change, DiscoveryChange::Limit(LoginLimit { attempts: 4, minutes: 10 }));
}

#[test]
fn sets_of_credentials() {
    let mut rig = opened(UserRole::Operator);
    rig.keys("Uc");
    let mut empty = discovery();
    empty.sets.clear();
    rig.rows(Topic::Discovery(ENV), vec![Row::Discovery(Box::new(empty))]);
    snapshots("credential-sets-empty", &mut rig);
    rig.rows(Topic::Discovery(ENV), vec![Row::Discovery(Box::new(discovery()))]);
    snapshots("credential-sets", &mut rig);
    rig.keys("f");
    assert!(rig.notice().contains("first already"), "{}", rig.notice());
    rig.keys("jf");
    let Request::SetEdit { change: SetChange::First { entry: 2 }, .. } = rig.call("SetEdit").request else {
        panic!()
    };
    rig.keys("x<Right><Enter>");
    let Request::SetEdit { change: SetChange::Drop { entry: 2 }, .. } = rig.call("SetEdit").request else {
        panic!()
    };
    rig.keys("n");
    snapshots("credential-set-add", &mut rig);
    rig.keys("s3cret pass<C-s>");
    let Request::SetEdit { name, change: SetChange::Add { user, credential }, .. } =
        rig.call("SetEdit").request
    else {
        panic!()
    };
    assert_eq!((name.as_str(), user.as_str()), ("rack", "root"));
    assert!(matches!(credential, Credential::Password(p) if p.reveal() == "s3cret pass"));
    let mut rig = opened(UserRole::Viewer);
    rig.keys("Uc");
    rig.rows(Topic::Discovery(ENV), vec![Row::Discovery(Box::new(discovery()))]);
    assert!(!rig.screen(80, 24).contains(" n add"), "a viewer reads");
}

pub(super) fn history() -> Vec<Record> {
    let old = Facts {
        gathered: ms_ago(5 * 86_400_000),
        memory: 134_000_000_000,
        boot_id: "one".into(),
        ..node(12, "node-2", "compute", NodeState::Ready).facts.unwrap()
    };
    let mut new = Facts { memory: 67_000_000_000, boot_id: "two".into(), ..old.clone() };
    new.nics[0].carrier = false;
    vec![
        Record { since: ms_ago(5 * 86_400_000), until: ms_ago(86_400_000), facts: old },
        Record { since: ms_ago(60_000), until: ms_ago(60_000), facts: new },
    ]
}

#[test]
fn facts_over_time_and_what_speaks_against_a_node() {
    let mut rig = opened(UserRole::Operator);
    let mut bad = node(12, "node-2", "compute", NodeState::Ready);
    let facts = bad.facts.as_mut().unwrap();
    (facts.virt_flags, facts.memory) = (String::new(), 3 << 30);
    facts.clock_offset_ms = 61_000;
    bad.twins = vec![Twin {
        node: NodeId(11),
        name: "node-1".into(),
        env: ENV,
        why: vec![Same::MachineId, Same::HostKey],
    }];
    let limit = LoginLimit::default();
    bad.logins = Some(LoginState { refused: 3, limit, until: Some(NOW.plus(240_000)) });
    bad.credential = Some(CredentialKind::Set { name: "rack".into(), refused: vec![0, 2] });
    rig.rows(Topic::Nodes(ENV), vec![Row::Node(Box::new(bad))]);
    snapshots("nodes-findings", &mut rig);
    rig.keys("d");
    snapshots("node-details-findings", &mut rig);
    rig.keys("<Esc>H");
    assert_eq!(rig.stack().last(), Some(&"facts"));
    rig.answer("FactsHistory", Ok(Response::FactsHistory(history())));
    snapshots("facts", &mut rig);
    rig.keys("j");
    assert!(rig.screen(80, 24).contains("nothing to compare"));
    // New facts: what was asked for is asked again.
    let mut fresh = node(12, "node-2", "compute", NodeState::Ready);
    fresh.facts.as_mut().unwrap().gathered = NOW;
    rig.rows(Topic::Nodes(ENV), vec![Row::Node(Box::new(fresh))]);
    rig.answer("FactsHistory", Ok(Response::FactsHistory(Vec::new())));
    snapshots("facts-empty", &mut rig);
    rig.keys("p");
    rig.call("NodeProbe { node: NodeId(12)");
}
