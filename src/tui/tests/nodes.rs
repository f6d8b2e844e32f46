//! One environment: nodes, host keys, modules, finding machines, the plan.

use super::fixtures::{ENV, catalog, env, job, node, nodes, plan, sweep};
use super::harness::{Rig, snapshots};
use crate::api::message::{Credential, NodeChange};
use crate::api::views::HostKeyView;
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::{NodeId, SweepId};
use crate::domain::job::JobState;
use crate::domain::node::{NodeRole, NodeState};
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::tui::event::{Command, Event};

pub fn opened(role: UserRole, rows: Vec<Row>) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 4, 1, 1))]);
    rig.keys("<Enter>");
    rig.answer("Catalog", Ok(Response::Catalog(catalog())));
    rig.rows(Topic::Nodes(ENV), rows);
    rig.rows(Topic::Jobs(ENV), Vec::new());
    rig.calls.clear();
    rig
}

#[test]
fn the_table() {
    let mut rig = opened(UserRole::Operator, Vec::new());
    snapshots("nodes-empty", &mut rig);
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("<Space>");
    snapshots("nodes", &mut rig);
    rig.keys("<Esc>Ggg<Down>d");
    snapshots("node-details", &mut rig);
}

#[test]
fn sorting_follows_the_row() {
    let mut rig = opened(UserRole::Operator, nodes());
    let names = |rig: &mut Rig| -> Vec<String> {
        let screen = rig.screen(80, 24);
        screen.lines().skip(4).take(4).map(|l| l[2..].split_whitespace().next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names(&mut rig),
        ["node-1", "node-2", "node-3", "node-10-20-0-14"].map(|s| s.replace("»", ""))
    );
    rig.keys("jSS");
    let screen = rig.screen(80, 24);
    let selected = screen.lines().find(|l| l.starts_with('»')).unwrap();
    assert!(selected.contains("node-2"), "{screen}");
    assert!(screen.contains("State(S)↓"));
}

#[test]
fn roles_of_many_nodes() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("GG<Space>");
    rig.keys("<Esc>gg<Down><Down><Space><Space>");
    rig.keys("r");
    snapshots("node-roles", &mut rig);
    rig.keys("<Down><Up><Space><Enter>");
    let Request::NodeEdit { node, change: NodeChange::Roles(roles), .. } = rig.call("NodeEdit").request
    else {
        panic!()
    };
    assert_eq!(node, NodeId(13));
    assert_eq!(roles.into_iter().collect::<Vec<_>>(), [NodeRole::Controller, NodeRole::Compute]);
    let Request::NodeEdit { node, .. } = rig.call("NodeEdit").request else { panic!() };
    assert_eq!(node, NodeId(14));
}

#[test]
fn a_busy_node_says_why() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("jr");
    assert!(rig.notice().contains("node-2"), "{}", rig.notice());
    rig.keys("Gs");
    assert!(rig.notice().contains("no credentials"), "{}", rig.notice());
}

#[test]
fn finding_and_adding_machines() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("f");
    snapshots("sweep-form", &mut rig);
    for (range, fault) in
        [("banana", "Not a range"), ("10.0.0.9-3", "before it starts"), ("10.0.0.0/8", "65536")]
    {
        rig.keys(&format!("<C-u>{range}<C-s>"));
        assert!(rig.screen(80, 24).contains(fault), "{range}");
    }
    rig.keys("<C-u>10.20.0.0/24, 10.30.0.1-9<C-s>");
    let call = rig.calls.iter().find(|c| matches!(c.request, Request::SweepStart { .. })).unwrap();
    let Request::SweepStart { ranges, port, .. } = &call.request else { panic!() };
    assert_eq!((ranges.as_slice(), *port), (&["10.20.0.0/24".to_owned(), "10.30.0.1-9".to_owned()][..], 22));
    rig.answer("SweepStart", Ok(Response::Sweep(SweepId(3))));
    rig.rows(Topic::Discovery(ENV), sweep(97));
    snapshots("sweep-running", &mut rig);
    rig.keys("jn");
    assert!(rig.notice().contains("already in this environment as node-1"), "{}", rig.notice());
    rig.rows(Topic::Discovery(ENV), sweep(254));
    snapshots("sweep-done", &mut rig);
    rig.keys("x");
    assert!(rig.notice().contains("over"), "{}", rig.notice());
    // Those that cannot be added are left out.
    rig.keys("an");
    snapshots("node-add-many", &mut rig);
    rig.keys("s3cret pass<Enter>");
    for last in [22, 21] {
        let call = rig.call("NodeAdd");
        let Request::NodeAdd { address, credential: Credential::Password(password), .. } = &call.request
        else {
            panic!()
        };
        assert_eq!(
            (address.as_str(), password.reveal()),
            (format!("10.20.0.{last}").as_str(), "s3cret pass")
        );
        let row = node(last, &format!("node-10-20-0-{last}"), "", NodeState::Discovered);
        rig.event(Event::Answer { to: call.to, tag: call.tag, result: Ok(Response::Node(Box::new(row))) });
    }
    rig.call("NodeProbe { node: NodeId(21)");
    rig.call("NodeProbe { node: NodeId(22)");
    assert_eq!(rig.stack(), ["environments", "environment", "sweep"]);
}

#[test]
fn a_key_is_read_from_a_file_by_the_client() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("n10.20.0.99<Tab><Tab><Tab><Tab><Tab><Right>");
    snapshots("node-add-key", &mut rig);
    rig.other.clear();
    rig.keys("<C-s>");
    let [Command::ReadFile { to, path }] = &rig.other[..] else { panic!("{:?}", rig.other) };
    assert_eq!(path, "~/.ssh/id_ed25519");
    let to = *to;
    rig.event(Event::File { to, result: Err("~/.ssh/id_ed25519: No such file or directory".into()) });
    assert!(rig.screen(80, 24).contains("No such file"), "under its field");
    rig.keys("<C-s>");
    rig.event(Event::File { to, result: Ok(Secret::new("PRIVATE")) });
    let Request::NodeAdd { credential: Credential::Key { text, .. }, .. } = rig.call("NodeAdd").request
    else {
        panic!()
    };
    assert_eq!(text.reveal(), "PRIVATE");
}

fn new_key(node: u64) -> Response {
    Response::HostKey(HostKeyView {
        jump: None,
        node: NodeId(node),
        key: format!("ssh-ed25519 AAAA{node}"),
        fingerprint: format!("SHA256:{node}AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"),
        kind: "ssh-ed25519".into(),
    })
}

#[test]
fn new_host_keys_are_asked_and_only_those_on_the_screen_are_trusted() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("<Space><Space>p");
    rig.answer("NodeProbe { node: NodeId(11)", Ok(new_key(11)));
    assert_eq!(rig.stack().last(), Some(&"new-host-keys"));
    // A later one does not slip into the open question.
    rig.answer("NodeProbe { node: NodeId(12)", Ok(new_key(12)));
    snapshots("host-keys", &mut rig);
    rig.keys("<Right><Enter>");
    let Request::NodeTrust { node, key, jump: false } = rig.call("NodeTrust").request else { panic!() };
    assert_eq!((node, key.as_str()), (NodeId(11), "ssh-ed25519 AAAA11"));
    assert!(!rig.calls.iter().any(|c| matches!(c.request, Request::NodeTrust { .. })));
    assert_eq!(rig.stack().last(), Some(&"new-host-keys"), "then the next question");
    rig.keys("<Enter>");
    assert!(rig.notice().contains("Not trusted"));
}

#[test]
fn a_changed_host_key_is_a_hard_stop() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("p");
    let why = "the host key of 10.20.0.11 has changed: SHA256:new instead of the pinned SHA256:old";
    let failure = Failure::new(FailureKind::Node, why).keyed("error-host-key-changed");
    rig.answer("NodeProbe", Err(failure));
    snapshots("host-key-changed", &mut rig);
    rig.keys("<Enter>");
    assert!(rig.calls.is_empty(), "there is nothing to accept");
    rig.keys("F");
    snapshots("node-forget", &mut rig);
    rig.keys("<Right><Enter>");
    assert!(rig.notice().contains("Type the name first"));
    rig.keys("node-1<Enter>");
    assert!(matches!(
        rig.call("NodeEdit").request,
        Request::NodeEdit { change: NodeChange::ForgetHostKey, node: NodeId(11), .. }
    ));
}

#[test]
fn removing_names_what_goes() {
    let mut rig = opened(UserRole::Operator, vec![nodes().remove(0), nodes().remove(2), nodes().remove(3)]);
    rig.keys("ax");
    snapshots("node-remove", &mut rig);
    rig.keys("<Right><Enter>");
    for _ in 0..3 {
        rig.call("NodeRemove");
    }
}

#[test]
fn modules() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("2");
    snapshots("modules", &mut rig);
    rig.keys("j<Space>");
    assert!(rig.notice().contains("keystone needs it"), "{}", rig.notice());
    rig.keys("j<Space>");
    let Request::EnvEdit { change, .. } = rig.call("EnvEdit").request else { panic!() };
    assert_eq!(format!("{change:?}"), r#"Modules(["keystone", "memcached"])"#);
}

#[test]
fn jobs_and_plan() {
    let mut rig = opened(UserRole::Operator, nodes());
    rig.keys("3");
    snapshots("jobs-empty", &mut rig);
    let mut old = job(JobState::Failed);
    old.id = crate::domain::ids::JobId(9);
    old.created = crate::domain::time::Moment(old.created.0 - 200_000_000);
    old.nodes_failed = 1;
    rig.rows(Topic::Jobs(ENV), vec![Row::from(old), Row::from(job(JobState::Succeeded))]);
    snapshots("jobs", &mut rig);
    rig.keys("r");
    assert!(rig.notice().contains("nothing to retry"), "{}", rig.notice());
    rig.keys("i");
    rig.answer("PlanPreview", Ok(Response::Plan(Box::new(plan()))));
    snapshots("plan", &mut rig);
    rig.keys("i");
    snapshots("install-confirm", &mut rig);
    rig.keys("<Right><Enter>");
    rig.answer("Install", Ok(Response::Job(Box::new(job(JobState::Running)))));
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
}
