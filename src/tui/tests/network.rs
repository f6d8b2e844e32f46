//! The network plan: its page, its forms checked while typing, and what may lock us out.

use super::fixtures::{ENV, env, ms_ago, node};
use super::harness::{Rig, snapshots};
use crate::api::message::NetView;
use crate::api::rows::NodeRow;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::facts::Nic;
use crate::domain::ids::{NodeId, Revision};
use crate::domain::netplan::{LockOutKind, NetworkPlan, NodeFacts, PlanText, Tag, resolve};
use crate::domain::node::NodeState;
use crate::domain::user::UserRole;
use crate::tui::event::{Event, Tag as Call};

pub(super) const FILE: &str = r#"
    names = "10.20.0.53"
    [public]
    cidr = "10.100.7.0/24"
    range = "10.100.7.1-99"
    gateway = "10.100.7.254"
    floating = "10.100.7.100-200"
    nic = "1st 10G"
    [cluster]
    cidr = "10.20.0.0/24"
    range = "10.20.0.10-200"
    vlan = 7
    nic = "eno1"
    [br-vlan]
    vlans = "100-199,300"
    nic = "2nd 10G"
    [nodes.node-2.public]
    nic = "ens3"
    address = "10.100.7.42"
"#;

pub(super) fn nodes() -> Vec<NodeRow> {
    let mut all = vec![
        node(11, "node-1", "controller", NodeState::Ready),
        node(12, "node-2", "compute", NodeState::Ready),
        node(13, "node-3", "compute", NodeState::Ready),
        node(14, "node-4", "compute", NodeState::Ready),
    ];
    for (at, node) in all.iter_mut().enumerate() {
        let facts = node.facts.as_mut().unwrap();
        facts.gateway = None;
        for (n, name) in ["ens3", "ens4"].into_iter().enumerate().take(2 - at / 2) {
            facts.nics.push(Nic {
                name: name.into(),
                mac: format!("3c:ec:ef:00:{at:02x}:{n:02x}"),
                speed: Some(10_000),
                carrier: true,
                driver: "ixgbe".into(),
                ..Nic::default()
            });
        }
        facts.nics[0].driver = "igb".into();
        facts.nics[0].speed = Some(1000);
    }
    // node-4 is reached where the plan does not leave it.
    all[3].address = "10.20.0.250".parse().unwrap();
    all[3].facts.as_mut().unwrap().nics[0].addresses = vec!["10.20.0.250/24".into()];
    all
}

pub(super) fn plan(file: &str) -> NetworkPlan {
    let text: PlanText = toml::from_str(file).unwrap();
    let nodes = nodes();
    let names: Vec<(NodeId, &str)> = nodes.iter().map(|n| (n.id, n.name.as_str())).collect();
    let (mut plan, faults) = text.read(&names, &NetworkPlan::default());
    assert_eq!(faults, []);
    plan.revision = Revision(3);
    plan
}

pub(super) fn view(plan: NetworkPlan) -> Response {
    let nodes = nodes();
    let seen: Vec<NodeFacts<'_>> = nodes.iter().map(NodeFacts::from).collect();
    let resolved = resolve(&plan, &seen);
    Response::Net(Box::new(NetView { plan, resolved, changed: ms_ago(240_000), changed_by: "grace".into() }))
}

pub(super) fn opened(role: UserRole, plan: NetworkPlan) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 4, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), nodes().into_iter().map(|n| Row::Node(Box::new(n))).collect());
    rig.keys("w");
    rig.answer("Net ", Ok(view(plan)));
    rig
}

fn sent(rig: &mut Rig) -> NetworkPlan {
    match rig.call("NetSet").request {
        Request::NetSet { based_on, plan, .. } => {
            assert_eq!(based_on, plan.revision);
            *plan
        }
        other => panic!("{other:?}"),
    }
}

/// The words of the dialog that is open, however its lines are broken.
fn words(rig: &mut Rig) -> String {
    let screen = rig.screen(80, 30);
    let inside = screen.lines().filter_map(|l| l.split('║').nth(1));
    inside.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn without_a_plan_the_page_says_what_to_do() {
    let mut rig = opened(UserRole::Operator, NetworkPlan::default());
    snapshots("network-empty", &mut rig);
    rig.keys("x");
    assert!(rig.notice().contains("not planned"), "{}", rig.notice());
    // The first network: wrong while it is typed, then right.
    rig.keys("j<Enter>192.168.7.5/24<Tab>");
    assert!(words(&mut rig).contains("you mean 192.168.7.0/24"), "{}", words(&mut rig));
    snapshots("network-form-wrong", &mut rig);
    rig.keys("<Up><C-u>192.168.7.0/24<Tab>192.168.7.1-200<Tab>192.168.7.9");
    assert!(words(&mut rig).contains("lies in the nodes' range"), "{}", words(&mut rig));
    rig.keys("<C-s>");
    assert!(rig.calls.iter().all(|c| !format!("{:?}", c.request).starts_with("NetSet")), "nothing is sent");
    rig.keys("<C-u>192.168.7.254<Tab>eno1<C-s>");
    let plan = sent(&mut rig);
    assert_eq!(plan.nets[&Tag::Cluster].gateway, "192.168.7.254".parse().ok());
    assert_eq!(plan.patterns[&Tag::Cluster].to_string(), "eno1");
}

#[test]
fn a_plan_with_nodes() {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    snapshots("network", &mut rig);
    rig.keys("2j");
    snapshots("network-nics", &mut rig);
    rig.keys("3");
    snapshots("network-faults", &mut rig);
    let screen = rig.screen(160, 50);
    assert!(screen.contains("node-3") && screen.contains("2nd 10G"), "{screen}");
    // Enter on a fault opens the form of its node, on its field.
    rig.keys("<Enter>");
    snapshots("network-node-form", &mut rig);
    rig.keys("-<C-s>");
    let plan = sent(&mut rig);
    assert!(plan.without[&NodeId(13)].contains(&Tag::BrVlan));
}

#[test]
fn a_pattern_is_previewed() {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    rig.keys("jjj<Enter>");
    let preview = "2 nodes: node-1 ens4, node-2 ens4; 2 without: node-3, node-4";
    assert!(words(&mut rig).contains(preview), "{}", words(&mut rig));
    rig.keys("<Tab><C-u>what?!");
    assert!(words(&mut rig).contains("is not a pattern"), "{}", words(&mut rig));
    snapshots("network-form-trunk", &mut rig);
}

#[test]
fn a_change_that_may_lock_us_out_is_confirmed_by_name() {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    rig.keys("c");
    assert!(rig.notice().contains("nothing here cuts"), "{}", rig.notice());
    rig.keys("2Gc");
    snapshots("network-lock-out", &mut rig);
    rig.keys("node-4<Tab><Enter>");
    let plan = sent(&mut rig);
    assert_eq!(plan.confirmed[&NodeId(14)].kind, LockOutKind::Address);
}

#[test]
fn somebody_was_quicker_and_viewers_only_look() {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    rig.keys("j<Enter><C-s>");
    let stale = Failure::new(FailureKind::Conflict, "the network plan of production was changed by grace")
        .keyed("error-conflict");
    rig.answer("NetSet", Err(stale));
    // An engine that has nothing newer to show: the form stays open and says why.
    rig.answer("Net ", Err(Failure::new(FailureKind::NotFound, "gone")));
    assert!(rig.screen(80, 24).contains('✗'), "the form stays open and says so");
    assert_eq!(rig.stack().last(), Some(&"network-form"));
    let mut rig = opened(UserRole::Viewer, plan(FILE));
    rig.keys("<Enter>");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
    rig.keys("2");
    assert!(rig.screen(80, 24).contains("ens3"));
}

#[test]
fn a_network_is_taken_out() {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    rig.keys("xl<Enter>");
    let plan = sent(&mut rig);
    assert!(!plan.uses(Tag::Public) && plan.nics.values().all(|n| !n.contains_key(&Tag::Public)));
}

/// Grace has saved another plan while Ada types into the form of the cluster network.
fn outrun() -> Rig {
    let mut rig = opened(UserRole::Operator, plan(FILE));
    rig.keys("j<Enter><Tab><C-u>10.20.0.10-90<Tab>10.20.0.254<C-s>");
    drop(rig.call("NetSet"));
    let stale = Failure::new(FailureKind::Conflict, "stale").keyed("error-conflict");
    let to = rig.app.top().unwrap().id;
    rig.event(Event::Answer { to: Some(to), tag: Call::Form, result: Err(stale) });
    let mut theirs = plan(&FILE.replace("10.20.0.10-200", "10.20.0.20-220").replace("eno1", "ens3"));
    theirs.revision = Revision(4);
    rig.answer("Net ", Ok(view(theirs)));
    rig
}

#[test]
fn who_was_outrun_sees_both_and_loses_nothing() {
    let mut rig = outrun();
    snapshots("network-stale", &mut rig);
    // Going on with the editing: everything is still there.
    rig.keys("<Esc>");
    snapshots("network-stale-kept", &mut rig);
    assert!(rig.screen(80, 24).contains("10.20.0.254"));
    // Mine over theirs, and theirs where I did not type.
    let mut rig = outrun();
    rig.keys("<Right><Right><Enter>");
    let sent = sent(&mut rig);
    assert_eq!(sent.revision, Revision(4));
    assert_eq!(sent.nets[&Tag::Cluster].gateway, "10.20.0.254".parse().ok());
    assert_eq!(sent.patterns[&Tag::Cluster].to_string(), "ens3", "not touched here");
    assert_eq!(sent.nets[&Tag::Cluster].range.to_string(), "10.20.0.10-10.20.0.90");
    // Theirs.
    let mut rig = outrun();
    rig.keys("<Right><Enter>");
    let screen = rig.screen(80, 24);
    assert!(screen.contains("10.20.0.220") && !screen.contains("10.20.0.254"), "{screen}");
    assert!(rig.calls.iter().all(|c| !format!("{:?}", c.request).starts_with("NetSet")));
}
