//! The real roles on a lab node, step by step, through the runner alone: for what an engine would only get in the way of.

use super::support::Lab;
use cpmg::catalog::{AccountKind, BundleInput, Catalog, PlanInput, PlanInputNode};
use cpmg::domain::facts::Facts;
use cpmg::domain::ids::{EnvId, JobId, NodeId};
use cpmg::domain::job::StepAction;
use cpmg::domain::node::NodeRole;
use cpmg::domain::plan::{Plan, PlanKind, StepId};
use cpmg::domain::policy::Policy;
use cpmg::domain::secret::{Secret, password_from};
use cpmg::runner::{Attempt, NodeRunner, StepEvent};
use cpmg::ssh::{Credential, Hop, HostKeyCheck, Session, SshError, Target, connect};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What an attempt came to.
#[derive(Debug)]
pub struct Told {
    pub out: String,
    pub status: i32,
}

/// The lab's nodes and what each is.
pub const NODES: [(&str, NodeRole); 2] = [("ctl1", NodeRole::Controller), ("cmp1", NodeRole::Compute)];

/// A node with every module of its role, whose job is uploaded.
pub struct Steps {
    runner: NodeRunner,
    plan: Plan,
    secrets: BTreeMap<String, Secret>,
    attempts: BTreeMap<(StepId, StepAction), u32>,
}

async fn open(address: &str, key: &Path) -> Session {
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

impl Steps {
    /// Uploads a job of the usual modules of the first platform to one of [`NODES`].
    pub async fn on(lab: &Lab, name: &str) -> Self {
        let session = open(&lab.address(name), &lab.key()).await;
        let catalog = Catalog::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("roles")]).unwrap();
        let platform = catalog.usual_platform().unwrap().name.clone();
        let facts = Facts { os_id: "debian".into(), os_version: "12".into(), ..Facts::default() };
        let nodes = NODES.iter().zip(1..).map(|((name, role), id)| PlanInputNode {
            id: NodeId(id),
            name: (*name).into(),
            address: lab.address(name),
            roles: [*role].into(),
            facts: Some(facts.clone()),
        });
        let input = PlanInput {
            env: EnvId(1),
            platform: platform.clone(),
            modules: vec![],
            nodes: nodes.collect(),
            kind: PlanKind::Install,
            parallel: 1,
            images: None,
            policy: Policy::default(),
        };
        let plan = catalog.plan(&input).unwrap();
        let node = plan.nodes.iter().find(|n| n.name == name).expect("one of the nodes").id;
        let mut dice = [0_u8; 64];
        let accounts = catalog.accounts(&platform, &[]).unwrap().into_iter();
        let secrets = accounts.map(|a| {
            getrandom::fill(&mut dice).unwrap();
            let value = match a.kind {
                AccountKind::Password => password_from(&dice, 24).unwrap(),
                AccountKind::User => Secret::new(a.default.unwrap()),
            };
            (a.name, value)
        });
        let secrets = secrets.collect();
        let options = BTreeMap::new();
        let input =
            BundleInput { plan: &plan, node, job: JobId(1), facts: &facts, vars: &options, options: "" };
        let bundle = catalog.bundle(input).unwrap();
        let folder = NodeRunner::folder(cpmg::runner::BASE, "1");
        NodeRunner::upload(&session, &folder, bundle.to_tar().unwrap()).await.unwrap();
        let runner = NodeRunner::attach(&session, &folder).await.unwrap();
        Self { runner, plan, secrets, attempts: BTreeMap::new() }
    }

    /// The next attempt at a step, to its end. No secret may be in what it says.
    pub async fn attempt(&mut self, step: &StepId, action: StepAction) -> Told {
        self.attempt_until(step, action, None).await
    }

    /// The next attempt at a step; all its processes are killed when it has said `word`.
    pub async fn attempt_until(&mut self, step: &StepId, action: StepAction, word: Option<&str>) -> Told {
        let number = self.attempts.entry((step.clone(), action)).or_default();
        *number += 1;
        let attempt = Attempt { step: step.clone(), action, number: *number };
        let given: Vec<(String, Secret)> =
            self.plan.steps[step].secrets.iter().map(|s| (s.clone(), self.secrets[s].clone())).collect();
        let mut following = self.runner.begin(&attempt, 0, &given).await.unwrap();
        let mut bytes = Vec::new();
        let mut word = word;
        let status = loop {
            match following.next().await.unwrap() {
                StepEvent::Output { bytes: more, .. } => {
                    bytes.extend(more);
                    if word.is_some_and(|w| String::from_utf8_lossy(&bytes).contains(w)) {
                        word = None;
                        self.runner.cancel(&attempt, Duration::ZERO).await.unwrap();
                    }
                }
                StepEvent::Ended { status, .. } => break status,
                StepEvent::Lost(loss) => panic!("{step}: {loss}"),
            }
        };
        let out = String::from_utf8_lossy(&bytes).into_owned();
        for secret in self.secrets.values().filter(|s| s.reveal().len() > 12) {
            assert!(!out.contains(secret.reveal()), "{step} tells a secret");
        }
        Told { out, status }
    }
}
