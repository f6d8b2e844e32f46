//! A hundred nodes at work at the same time: nothing is lost, nothing is done twice, and the journal tells the same job again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../benches/scale/tree.rs"]
#[allow(clippy::cast_precision_loss, reason = "small numbers")]
mod tree;

use cpmg::api::message::{Credential, NodeChange};
use cpmg::api::{Client, ClientError, Request, Response, Row, Topic, socket_path};
use cpmg::domain::ids::{EnvId, JobId};
use cpmg::domain::job::{JobNodeState, JobState, StepEnd, StepState};
use cpmg::domain::node::{NodeRole, NodeRoles};
use cpmg::domain::secret::Secret;
use cpmg::engine::{Engine, EngineError, Options};
use cpmg::sim::{self, SimHandle, SimOptions};
use cpmg::store;
use futures_util::{StreamExt, stream};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const NODES: usize = 100;
const STEPS: usize = 20;
const PASSWORD: &str = "correct horse";

/// An engine on its data and the tree of roles.
struct Site {
    data: TempDir,
    tree: TempDir,
}

impl Site {
    fn start(&self, stop: &CancellationToken) -> Option<JoinHandle<Result<(), EngineError>>> {
        let options = Options {
            data: self.data.path().join("data"),
            run: self.data.path().join("run"),
            roles: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("roles"), self.tree.path().into()],
            simulated: true,
            audit_syslog: None,
        };
        match Engine::open(options, stop.clone()) {
            Ok(engine) => Some(tokio::spawn(engine.serve())),
            // Connections of the one before hold its data a little longer.
            Err(EngineError::Store(store::Error::InUse { .. } | store::Error::Database { .. })) => None,
            Err(other) => panic!("{other}"),
        }
    }

    async fn client(&self, login: Request) -> Client {
        let socket = socket_path(&self.data.path().join("run"));
        let client = loop {
            match Client::connect(&socket).await {
                Ok((client, _pushed)) => break client,
                Err(ClientError::NoEngine { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        };
        client.call(login).await.unwrap();
        client
    }
}

async fn rows(client: &Client, topic: Topic) -> Vec<Row> {
    match client.call(Request::Rows(topic)).await.unwrap() {
        Response::Rows(rows) => rows,
        other => panic!("{other:?}"),
    }
}

async fn add_nodes(client: &Client, env: EnvId, nodes: &SimHandle) {
    let add = |(index, node): (usize, &sim::SimAddress)| {
        let (name, address) = (node.name.clone(), node.address);
        let credential = Credential::Password(nodes.credentials.password.clone());
        async move {
            let add = Request::NodeAdd {
                jump: None,
                env,
                name: Some(name),
                address: address.ip().to_string(),
                port: address.port(),
                user: "root".to_owned(),
                credential,
            };
            let Response::Node(node) = client.call(add).await.unwrap() else { panic!("no node") };
            let Response::HostKey(offered) = client.call(Request::NodeProbe { node: node.id }).await.unwrap()
            else {
                panic!("no host key")
            };
            client.call(Request::NodeTrust { node: node.id, key: offered.key, jump: false }).await.unwrap();
            client.call(Request::NodeProbe { node: node.id }).await.unwrap();
            let role = if index == 0 { NodeRole::Controller } else { NodeRole::Compute };
            let change = NodeChange::Roles(NodeRoles::from([role]));
            client.call(Request::NodeEdit { node: node.id, based_on: node.revision, change }).await.unwrap();
        }
    };
    let all: Vec<_> = nodes.nodes.iter().enumerate().map(add).collect();
    stream::iter(all).buffer_unordered(32).collect::<Vec<()>>().await;
}

/// The whole job as clients see it: nodes and steps.
async fn whole(client: &Client, job: JobId) -> (Vec<(JobNodeState, u32, u32)>, Vec<Row>) {
    let (mut nodes, mut steps) = (Vec::new(), Vec::new());
    for row in rows(client, Topic::Job(job)).await {
        if let Row::JobNode(n) = row {
            nodes.push((n.state, n.done, n.changed));
            steps.extend(rows(client, Topic::JobNode(job, n.node)).await);
        }
    }
    (nodes, steps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_nodes_at_once() {
    let site = Site { data: TempDir::new().unwrap(), tree: TempDir::new().unwrap() };
    tree::write(site.tree.path(), STEPS);
    let nodes = sim::start(SimOptions {
        nodes: NODES,
        base: Ipv4Addr::new(127, 80, 0, 1),
        port: 0,
        speed: 30.0,
        failures: tree::speeds(NODES),
        recordings: Some(tree::recordings(STEPS)),
        ..SimOptions::default()
    });
    let nodes = nodes.await.unwrap();
    let stop = CancellationToken::new();
    let engine = site.start(&stop).unwrap();
    let first = Request::FirstAdministrator { name: "ada".into(), password: Secret::new(PASSWORD) };
    let client = site.client(first).await;
    let add = Request::EnvAdd { name: "crowd".into(), platform: Some(tree::PLATFORM.into()) };
    let Response::Environment(env) = client.call(add).await.unwrap() else { panic!("no environment") };
    let parallel = cpmg::api::message::EnvChange::Parallel(u32::try_from(NODES).unwrap());
    let edit = Request::EnvEdit { env: env.id, based_on: env.revision, change: parallel };
    client.call(edit).await.unwrap();
    add_nodes(&client, env.id, &nodes).await;

    let install = Request::Install { env: env.id, dry_run: false, only_new: false, over: None };
    let Response::Job(job) = client.call(install).await.unwrap() else { panic!("no job") };
    let job = job.id;
    let state = loop {
        let all = rows(&client, Topic::Jobs(env.id)).await;
        let Some(Row::Job(row)) = all.first() else { panic!("no job in {all:?}") };
        if row.state.is_over() {
            break row.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(state.state, JobState::Succeeded, "{:?}", state.first_error);
    let before = whole(&client, job).await;
    let steps = u32::try_from(STEPS).unwrap();
    assert_eq!(before.0, vec![(JobNodeState::Done, steps, steps); NODES]);
    assert_eq!(before.1.len(), NODES * STEPS);
    for row in &before.1 {
        let Row::Step(s) = row else { panic!("{row:?}") };
        assert!(matches!(s.state, StepState::Ended { end: StepEnd::Changed, .. }), "{s:?}");
        assert_eq!(s.attempt, 1, "{s:?}");
        assert!(s.history.is_empty(), "{s:?}");
        assert!(s.output > 0, "{s:?}");
    }

    stop.cancel();
    engine.await.unwrap().unwrap();
    let stop = CancellationToken::new();
    let longest = Instant::now() + Duration::from_mins(2);
    let again = loop {
        if let Some(engine) = site.start(&stop) {
            break engine;
        }
        assert!(Instant::now() < longest, "the old engine does not let go of the data");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let client =
        site.client(Request::Login { name: "ada".into(), password: Secret::new(PASSWORD), code: None }).await;
    let (nodes_after, steps_after) = whole(&client, job).await;
    assert_eq!(nodes_after, before.0, "the journal tells the same nodes");
    // Usual times are those known when the job was loaded: not of the journal.
    let told = |rows: Vec<Row>| -> Vec<_> {
        let inner = |r| if let Row::Step(s) = r { s } else { panic!("{r:?}") };
        rows.into_iter().map(inner).map(|s| (s.index, s.step, s.attempt, s.state, s.output)).collect()
    };
    assert_eq!(told(steps_after), told(before.1), "the journal tells the same steps");
    stop.cancel();
    again.await.unwrap().unwrap();
    nodes.stop().await;
}
