//! Simulated nodes, seen by cpmg's own ssh and runner.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "small texts for people")]

use cpmg::catalog::{BundleInput, Catalog, PlanInput, PlanInputNode};
use cpmg::domain::facts::Facts;
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::job::StepAction;
use cpmg::domain::net::HostAddress;
use cpmg::domain::node::NodeRole;
use cpmg::domain::plan::{Plan, StepId};
use cpmg::domain::secret::Secret;
use cpmg::domain::time::Moment;
use cpmg::runner::{Attempt, BASE, Following, Loss, NodeRunner, StepEvent, StepState};
use cpmg::sim::{self, Recording, Recordings, SimHandle, SimOptions};
use cpmg::ssh::{Credential, Hop, HostKeyCheck, PtyEvent, Session, SshError, Target, connect};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_mins(1);

fn recordings() -> Recordings {
    let mut text = String::new();
    for i in 0..40 {
        text += &format!(
            "{{\"step\":\"time/configure\",\"at\":{},\"out\":\"line {i} of @NODE_NAME@\\n\"}}\n",
            i * 25
        );
    }
    text += "{\"step\":\"time/configure\",\"at\":1000,\"status\":0,\"changed\":true}\n";
    text += "{\"step\":\"time/configure\",\"at\":1,\"status\":0}\n";
    let controller = Recording::parse(&text).unwrap();
    Recordings { controller, compute: Recording::default() }
}

fn all_lines(name: &str) -> String {
    (0..40).map(|i| format!("line {i} of {name}\n")).collect()
}

async fn start(speed: f64, failures: &[&str]) -> SimHandle {
    let failures = failures.iter().map(|f| f.parse().unwrap()).collect();
    let options = SimOptions {
        nodes: 2,
        port: 0,
        speed,
        failures,
        recordings: Some(recordings()),
        ..SimOptions::default()
    };
    sim::start(options).await.unwrap()
}

fn hop(sim: &SimHandle, index: usize) -> Hop {
    let IpAddr::V4(ip) = sim.nodes[index].address.ip() else { panic!("IPv4") };
    Hop {
        address: HostAddress::try_from(ip).unwrap(),
        port: sim.nodes[index].address.port(),
        user: sim.credentials.user.clone(),
        credentials: vec![Credential::Password(sim.credentials.password.clone())],
        host_key: HostKeyCheck::AskFirst,
    }
}

async fn pinned(sim: &SimHandle, index: usize) -> Hop {
    let hop = hop(sim, index);
    match connect(&Target::from(hop.clone())).await {
        Err(SshError::HostKeyUnknown { offered, .. }) => {
            Hop { host_key: HostKeyCheck::Pinned(*offered), ..hop }
        }
        other => panic!("{other:?}"),
    }
}

async fn open(sim: &SimHandle, index: usize) -> Session {
    connect(&Target::from(pinned(sim, index).await)).await.unwrap()
}

/// The job's files of the real roles for one node.
fn bundle(index: u64) -> (Plan, Vec<u8>) {
    let roles = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    let catalog = Catalog::load(&[roles]).unwrap_or_else(|f| panic!("{f:#?}"));
    let facts = Facts { os_id: "debian".into(), os_version: "12".into(), ..Facts::default() };
    let node = |id: u64, role| PlanInputNode {
        id: NodeId(id),
        name: format!("node-{}", id + 1),
        address: format!("127.77.0.{}", id + 1),
        roles: [role].into(),
        facts: Some(facts.clone()),
    };
    let plan = catalog
        .plan(&PlanInput {
            kind: cpmg::domain::plan::PlanKind::Install,
            policy: cpmg::domain::policy::Policy::default(),
            env: EnvId(1),
            platform: "debian-12-zed".into(),
            modules: vec![],
            nodes: vec![node(0, NodeRole::Controller), node(1, NodeRole::Compute)],
            parallel: 2,
            images: None,
        })
        .unwrap();
    let vars = BTreeMap::new();
    let input = BundleInput {
        plan: &plan,
        node: NodeId(index),
        job: JobId(1),
        facts: &facts,
        vars: &vars,
        options: "",
    };
    let tar = catalog.bundle(input).unwrap().to_tar().unwrap();
    (plan, tar)
}

async fn runner(session: &Session, job: &str) -> NodeRunner {
    let folder = NodeRunner::folder(BASE, job);
    NodeRunner::upload(session, &folder, bundle(0).1).await.unwrap();
    NodeRunner::attach(session, &folder).await.unwrap()
}

fn attempt(step: &str, number: u32) -> Attempt {
    Attempt { step: step.parse().unwrap(), action: StepAction::Run, number }
}

async fn to_the_end(mut following: Following) -> (String, StepEvent) {
    let mut out = String::new();
    loop {
        match tokio::time::timeout(SOON, following.next()).await.expect("in time").unwrap() {
            StepEvent::Output { bytes, .. } => out += std::str::from_utf8(&bytes).unwrap(),
            end => return (out, end),
        }
    }
}

#[tokio::test]
async fn who_may_log_in() {
    let sim = start(1.0, &[]).await;
    let good = pinned(&sim, 0).await;
    let key = Credential::Key { private: sim.credentials.private_key.clone(), passphrase: None };
    let by_key = Hop { credentials: vec![key], ..good.clone() };
    assert!(connect(&Target::from(by_key)).await.is_ok());
    let wrong = Hop { credentials: vec![Credential::Password(Secret::new("wrong"))], ..good.clone() };
    assert!(connect(&Target::from(wrong)).await.is_err());
    assert!(connect(&Target::from(Hop { user: "nobody".into(), ..good.clone() })).await.is_err());
    let address = sim.nodes[0].address;
    sim.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn a_step_plays_and_the_second_time_changes_nothing() {
    let sim = start(20.0, &[]).await;
    let session = open(&sim, 0).await;
    let first = runner(&session, "1").await;
    let (out, end) = to_the_end(first.begin(&attempt("time/configure", 1), 0, &[]).await.unwrap()).await;
    assert_eq!((out, end), (all_lines("node-1"), StepEvent::Ended { status: 0, changed: true }));
    let second = runner(&session, "2").await;
    let (out, end) = to_the_end(second.begin(&attempt("time/configure", 1), 0, &[]).await.unwrap()).await;
    assert_eq!((out.as_str(), end), ("", StepEvent::Ended { status: 0, changed: false }));
    let secrets = [("A".to_owned(), Secret::new("x"))];
    let (out, end) = to_the_end(second.begin(&attempt("hosts/names", 1), 0, &secrets).await.unwrap()).await;
    assert!(out.contains("hosts/names was not recorded"), "{out}");
    assert_eq!(end, StepEvent::Ended { status: 0, changed: true });
}

#[tokio::test]
async fn a_step_outlives_connections_and_is_claimed_once() {
    let sim = start(0.5, &[]).await;
    let hop = Target::from(pinned(&sim, 0).await);
    let session = connect(&hop).await.unwrap();
    let one = runner(&session, "1").await;
    let what = attempt("time/configure", 1);
    let mut following = one.begin(&what, 0, &[]).await.unwrap();
    let StepEvent::Output { bytes, .. } = following.next().await.unwrap() else { panic!("output first") };
    let mut out = String::from_utf8(bytes).unwrap();
    sim.drop_connections("node-1");
    let broken = loop {
        match tokio::time::timeout(SOON, following.next()).await.expect("in time") {
            Ok(StepEvent::Output { bytes, .. }) => out += std::str::from_utf8(&bytes).unwrap(),
            Ok(other) => panic!("{other:?}"),
            Err(e) => break e,
        }
    };
    assert!(broken.is_passing(), "{broken}");
    let session = connect(&hop).await.unwrap();
    let two = NodeRunner::attach(&session, &NodeRunner::folder(BASE, "1")).await.unwrap();
    assert_eq!(two.status(&what).await.unwrap(), StepState::Running);
    // Another start of the same attempt attaches.
    let following = two.begin(&what, out.len() as u64, &[]).await.unwrap();
    sim.set_speed(100.0);
    let (rest, end) = to_the_end(following).await;
    assert_eq!(out + &rest, all_lines("node-1"));
    assert_eq!(end, StepEvent::Ended { status: 0, changed: true });
    let (again, _) = to_the_end(two.follow(&what, 0).await.unwrap()).await;
    assert_eq!(again, all_lines("node-1"), "an ended step can be read again");
    assert_eq!(two.status(&attempt("time/configure", 2)).await.unwrap(), StepState::Absent);
}

#[tokio::test]
async fn a_step_can_be_cancelled_and_lost() {
    let sim = start(0.01, &["node-1:hang:hosts/names"]).await;
    let session = open(&sim, 0).await;
    let one = runner(&session, "1").await;
    let (hangs, long) = (attempt("hosts/names", 1), attempt("time/configure", 1));
    let following = one.begin(&hangs, 0, &[]).await.unwrap();
    let state = one.cancel(&hangs, SOON).await.unwrap();
    assert_eq!(state, StepState::Ended { status: 143, changed: false });
    assert_eq!(to_the_end(following).await.1, StepEvent::Ended { status: 143, changed: false });
    one.begin(&long, 0, &[]).await.unwrap();
    let before = one.boot_id().to_owned();
    while one.status(&long).await.unwrap() != StepState::Running {}
    sim.reboot("node-1");
    let session = open(&sim, 0).await;
    let two = NodeRunner::attach(&session, &NodeRunner::folder(BASE, "1")).await.unwrap();
    assert_ne!(two.boot_id(), before);
    assert_eq!(two.status(&long).await.unwrap(), StepState::Lost(Loss::Rebooted));
}

#[tokio::test]
async fn failures_come_when_asked_for() {
    let sim = start(20.0, &["node-1:fail:time/configure:1", "node-1:slow:2", "node-2:host-key"]).await;
    let session = open(&sim, 0).await;
    let one = runner(&session, "1").await;
    let (out, end) = to_the_end(one.begin(&attempt("time/configure", 1), 0, &[]).await.unwrap()).await;
    assert!(out.starts_with("line 0") && out.contains("told to fail"), "{out}");
    assert_eq!(end, StepEvent::Ended { status: 1, changed: false });
    let (out, end) = to_the_end(one.begin(&attempt("time/configure", 2), 0, &[]).await.unwrap()).await;
    assert_eq!((out, end), (all_lines("node-1"), StepEvent::Ended { status: 0, changed: true }));
    let changed = connect(&Target::from(pinned(&sim, 1).await)).await.unwrap_err();
    assert!(matches!(changed, SshError::HostKeyChanged { .. }), "{changed}");
}

#[tokio::test]
async fn a_connection_drops_in_the_middle_of_a_step_once() {
    let sim = start(5.0, &["node-1:drop:time/configure"]).await;
    let hop = Target::from(pinned(&sim, 0).await);
    let one = runner(&connect(&hop).await.unwrap(), "1").await;
    let what = attempt("time/configure", 1);
    let mut following = one.begin(&what, 0, &[]).await.unwrap();
    while let Ok(event) = tokio::time::timeout(SOON, following.next()).await.expect("in time") {
        assert!(matches!(event, StepEvent::Output { .. }), "{event:?}");
    }
    let session = connect(&hop).await.unwrap();
    let two = NodeRunner::attach(&session, &NodeRunner::folder(BASE, "1")).await.unwrap();
    let (out, end) = to_the_end(two.follow(&what, 0).await.unwrap()).await;
    assert_eq!((out, end), (all_lines("node-1"), StepEvent::Ended { status: 0, changed: true }));
}

#[tokio::test]
async fn wrong_use_is_told_as_a_real_node_does() {
    let sim = start(20.0, &["node-2:silent"]).await;
    let session = open(&sim, 0).await;
    let Err(missing) = NodeRunner::attach(&session, &NodeRunner::folder(BASE, "9")).await else {
        panic!("attached to nothing")
    };
    assert!(missing.to_string().contains("cannot open"), "{missing}");
    let one = runner(&session, "1").await;
    let (out, end) = to_the_end(one.begin(&attempt("no/such", 1), 0, &[]).await.unwrap()).await;
    assert!(out.contains("cannot open"), "{out}");
    assert_eq!(end, StepEvent::Ended { status: 2, changed: false });
    for (command, status) in [("hostname", 0), ("false", 1), ("sh -c 'uname -m'", 0), ("reboot", 127)] {
        let out = session.run(command, "", SOON).await.unwrap();
        assert_eq!(out.status, cpmg::ssh::Status::Exit(status), "{command}");
    }
    for bad in [
        SimOptions { nodes: 0, ..SimOptions::default() },
        SimOptions { base: [10, 0, 0, 1].into(), ..SimOptions::default() },
    ] {
        assert!(sim::start(bad).await.is_err());
    }
    let nobody = SimOptions { failures: vec!["node-7:silent".parse().unwrap()], ..SimOptions::default() };
    let why = sim::start(nobody).await.unwrap_err().to_string();
    assert!(why.contains("the nodes are node-1 to node-3"), "{why}");
}

#[tokio::test]
async fn facts_are_told_and_the_usual_port_may_be_taken() {
    let (one, two) =
        (sim::demonstration(2, 10.0, None).await.unwrap(), sim::demonstration(12, 10.0, Some("a/b")).await);
    let two = two.unwrap();
    assert_ne!(one.nodes[0].address.port(), two.nodes[0].address.port());
    assert_eq!(two.nodes[11].name, "node-12");
    let session = open(&two, 11).await;
    let facts = cpmg::discovery::gather(&session, || Moment(1)).await.unwrap();
    assert_eq!(
        (facts.hostname.as_str(), facts.os_id.as_str(), facts.os_version.as_str()),
        ("node-12", "debian", "12")
    );
    assert!(facts.memory > 1 << 34 && facts.cpus >= 16 && facts.disks.len() == 2, "{facts:?}");
    assert!(facts.nics.iter().any(|n| n.addresses == ["127.77.0.12/16"]), "{facts:?}");
    assert!(matches!(sim::demonstration(1, 1.0, Some("what")).await, Err(sim::SimError::Failure(_))));
}

#[tokio::test]
async fn a_terminal_says_that_it_is_simulated() {
    let sim = start(1.0, &[]).await;
    let session = open(&sim, 1).await;
    let mut pty = session.pty("xterm-256color", 80, 24, &[]).await.unwrap();
    pty.resize(100, 30).await.unwrap();
    pty.write("hostnamf\x7fe\x1b[A\r").await.unwrap();
    pty.write("nothing\rexit\r").await.unwrap();
    let mut seen = String::new();
    let status = loop {
        match tokio::time::timeout(SOON, pty.next()).await.expect("in time") {
            Some(PtyEvent::Bytes(bytes)) => seen += &String::from_utf8_lossy(&bytes),
            Some(PtyEvent::Ended(status)) => break status,
            other => panic!("{other:?} after {seen}"),
        }
    };
    assert!(seen.contains("[simulated]") && seen.contains("\r\nnode-2\r\n"), "{seen:?}");
    assert!(seen.contains("sh: nothing: not found"), "{seen:?}");
    assert_eq!(status, cpmg::ssh::Status::Exit(127));
}

/// The whole plan of the real roles on simulated nodes, with the recordings that come along.
#[tokio::test]
async fn the_recorded_installation_plays_to_the_end() {
    let options = SimOptions { nodes: 2, port: 0, speed: 2000.0, ..SimOptions::default() };
    let sim = sim::start(options).await.unwrap();
    for index in 0..2_u64 {
        let at = usize::try_from(index).unwrap();
        let session = open(&sim, at).await;
        let (plan, tar) = bundle(index);
        let folder = NodeRunner::folder(BASE, "1");
        NodeRunner::upload(&session, &folder, tar).await.unwrap();
        let runner = NodeRunner::attach(&session, &folder).await.unwrap();
        let mine = plan.stages.iter().flat_map(|s| &s.items).filter(|i| i.node == NodeId(index));
        let steps: Vec<StepId> = mine.flat_map(|i| i.steps.clone()).collect();
        assert!(!steps.is_empty());
        for step in steps {
            let secrets: Vec<(String, Secret)> =
                plan.steps[&step].secrets.iter().map(|s| (s.clone(), Secret::new("x"))).collect();
            let (out, end) =
                to_the_end(runner.begin(&attempt(&step.to_string(), 1), 0, &secrets).await.unwrap()).await;
            assert!(matches!(end, StepEvent::Ended { status: 0, .. }), "{step}: {end:?}");
            assert!(
                !out.contains("was not recorded"),
                "{step} has no recording: make them anew (tests/recording.rs)"
            );
            assert!(!out.contains("@NODE_") && !out.contains("@CONTROLLER_"), "{out}");
        }
    }
}

#[tokio::test]
async fn many_nodes_play_at_once() {
    let sim = start_many(40).await;
    let mut all = tokio::task::JoinSet::new();
    let tar = bundle(0).1;
    for (index, node) in sim.nodes.iter().enumerate() {
        let (hop, tar, name) = (pinned(&sim, index).await, tar.clone(), node.name.clone());
        all.spawn(async move {
            let session = connect(&Target::from(hop)).await.unwrap();
            let folder = NodeRunner::folder(BASE, "1");
            NodeRunner::upload(&session, &folder, tar).await.unwrap();
            let runner = NodeRunner::attach(&session, &folder).await.unwrap();
            let (out, end) =
                to_the_end(runner.begin(&attempt("time/configure", 1), 0, &[]).await.unwrap()).await;
            // The files are those of one node: so is the name in what it prints.
            assert_eq!(out, all_lines("node-1"), "{name}");
            assert_eq!(end, StepEvent::Ended { status: 0, changed: true });
        });
    }
    let mut done = 0;
    while let Some(one) = all.join_next().await {
        one.unwrap();
        done += 1;
    }
    assert_eq!(done, 40);
}

async fn start_many(nodes: usize) -> SimHandle {
    let options =
        SimOptions { nodes, port: 0, speed: 5.0, recordings: Some(recordings()), ..SimOptions::default() };
    sim::start(options).await.unwrap()
}
