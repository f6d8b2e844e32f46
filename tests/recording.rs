//! Makes `fixtures/recordings/*.jsonl` anew: installs the real roles on two fresh lab nodes, twice, and writes down what
//! every step printed and when. Not run by itself:
//!
//! ```text
//! tests/lab/lab --instance rec up 2 --names ctl1,cmp1
//! CPMG_LAB_INSTANCE=rec cargo test --test recording -- --ignored --nocapture
//! tests/lab/lab --instance rec down
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use cpmg::catalog::{AccountKind, BundleInput, Catalog, PlanInput, PlanInputNode};
use cpmg::domain::facts::Facts;
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::job::StepAction;
use cpmg::domain::node::NodeRole;
use cpmg::domain::secret::{Secret, password_from};
use cpmg::runner::{Attempt, NodeRunner, StepEvent};
use cpmg::sim::recording::{Recording, Take};
use cpmg::ssh::{Credential, Hop, HostKeyCheck, Session, SshError, Target, connect};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const NODES: [(&str, NodeRole); 2] = [("ctl1", NodeRole::Controller), ("cmp1", NodeRole::Compute)];

fn lab(args: &[&str]) -> String {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab");
    let out = Command::new(lab).args(args).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

async fn open(address: &str, key: &str) -> Session {
    let key = std::fs::read_to_string(key).unwrap();
    let hop = Hop {
        address: address.parse().unwrap(),
        port: 22,
        user: "root".into(),
        credentials: vec![Credential::Key { private: Secret::new(key), passphrase: None }],
        host_key: HostKeyCheck::AskFirst,
    };
    let SshError::HostKeyUnknown { offered, .. } = connect(&Target::from(hop.clone())).await.unwrap_err()
    else {
        panic!("a fresh node's key was known")
    };
    connect(&Target::from(Hop { host_key: HostKeyCheck::Pinned(*offered), ..hop })).await.unwrap()
}

#[tokio::test]
#[ignore = "makes the recordings of the demonstration anew; needs two fresh lab nodes"]
#[expect(clippy::too_many_lines, reason = "one story, told from the plan to the files")]
async fn record() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status: serde_json::Value = serde_json::from_str(&lab(&["status", "--json"])).unwrap();
    let key = lab(&["key"]);
    let address = |name: &str| -> String {
        let nodes = status["nodes"].as_array().expect("nodes");
        let node = nodes.iter().find(|n| n["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        node["address"].as_str().expect("address").to_owned()
    };
    let catalog = Catalog::load(&[top.join("roles")]).unwrap();
    let facts = Facts { os_id: "debian".into(), os_version: "12".into(), ..Facts::default() };
    let nodes = NODES.iter().zip(1..).map(|((name, role), id)| PlanInputNode {
        id: NodeId(id),
        name: (*name).into(),
        address: address(name),
        roles: [*role].into(),
        facts: Some(facts.clone()),
    });
    let platform = catalog.usual_platform().unwrap().name.clone();
    let input = PlanInput {
        kind: cpmg::domain::plan::PlanKind::Install,
        policy: cpmg::domain::policy::Policy::default(),
        env: EnvId(1),
        platform: platform.clone(),
        modules: vec![],
        nodes: nodes.collect(),
        parallel: 1,
        images: None,
    };
    let plan = catalog.plan(&input).unwrap();
    let mut dice = [0_u8; 64];
    let secrets: BTreeMap<String, Secret> = catalog
        .accounts(&platform, &[])
        .unwrap()
        .into_iter()
        .map(|a| {
            getrandom::fill(&mut dice).unwrap();
            let value = match a.kind {
                AccountKind::Password => password_from(&dice, 24).unwrap(),
                AccountKind::User => Secret::new(a.default.unwrap()),
            };
            (a.name, value)
        })
        .collect();
    let mut recordings = [Recording::default(), Recording::default()];
    let mut sessions = Vec::new();
    for node in &plan.nodes {
        sessions.push(open(&node.address, &key).await);
    }
    for job in 1..=2 {
        let mut runners = Vec::new();
        for (node, session) in plan.nodes.iter().zip(&sessions) {
            let bundle = catalog
                .bundle(BundleInput {
                    plan: &plan,
                    node: node.id,
                    job: JobId(job),
                    facts: &facts,
                    vars: &BTreeMap::new(),
                    options: "",
                })
                .unwrap();
            let folder = NodeRunner::folder(cpmg::runner::BASE, &format!("rec{job}"));
            NodeRunner::upload(session, &folder, bundle.to_tar().unwrap()).await.unwrap();
            runners.push(NodeRunner::attach(session, &folder).await.unwrap());
        }
        let all = plan.stages.iter().flat_map(|s| s.items.iter().map(move |i| (s.kind, i)));
        for (kind, item) in all {
            let at = plan.nodes.iter().position(|n| n.id == item.node).unwrap();
            for step in &item.steps {
                let given: Vec<(String, Secret)> =
                    plan.steps[step].secrets.iter().map(|s| (s.clone(), secrets[s].clone())).collect();
                let attempt = Attempt { step: step.clone(), action: StepAction::Run, number: 1 };
                let start = Instant::now();
                let mut following = runners[at].begin(&attempt, 0, &given).await.unwrap();
                let mut out: Vec<(Duration, String)> = Vec::new();
                let take = loop {
                    match following.next().await.unwrap() {
                        StepEvent::Output { bytes, .. } => {
                            out.push((start.elapsed(), String::from_utf8_lossy(&bytes).into_owned()));
                        }
                        StepEvent::Ended { status, changed } => {
                            break Take { out, end: start.elapsed(), status, changed };
                        }
                        StepEvent::Lost(loss) => panic!("{step}: {loss}"),
                    }
                };
                println!(
                    "{job} {kind} {} {step} {} changed={}",
                    plan.nodes[at].name, take.status, take.changed
                );
                assert_eq!(take.status, 0, "{:#?}", take.out);
                for (_, text) in &take.out {
                    assert!(
                        secrets.values().all(|s| s.reveal().len() < 12 || !text.contains(s.reveal())),
                        "a secret in {step}"
                    );
                }
                recordings[at].push(step.clone(), take);
            }
        }
    }
    let (controller, compute) = (&plan.nodes[0], &plan.nodes[1]);
    let common = [
        (controller.address.as_str(), "@CONTROLLER_ADDRESS@"),
        (controller.name.as_str(), "@CONTROLLER_NAME@"),
    ];
    let own = [(compute.address.as_str(), "@NODE_ADDRESS@"), (compute.name.as_str(), "@NODE_NAME@")];
    let write = |file: &str, recording: &Recording, replace: &[(&str, &str)]| {
        std::fs::write(top.join("fixtures/recordings").join(file), recording.write(replace)).unwrap();
    };
    write("controller.jsonl", &recordings[0], &common);
    write("compute.jsonl", &recordings[1], &[own, common].concat());
}
