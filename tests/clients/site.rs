//! An engine as a process of its own, its users, environments and simulated nodes; and a client that stops reading.

use crate::tree;
use cpmg::api::client::Pushes;
use cpmg::api::codec::{decode, encode, framing};
use cpmg::api::message::{ClientFrame, Credential, EngineFrame, Hello, NodeChange};
use cpmg::api::team::Team;
use cpmg::api::{ANSWER_MAX, Client, ClientError, PROTOCOL, Request, Response, Row, Topic, socket_path};
use cpmg::domain::ids::{EnvId, JobId};
use cpmg::domain::node::{NodeRole, NodeRoles};
use cpmg::domain::secret::Secret;
use cpmg::domain::user::UserRole;
use cpmg::sim::{self, SimHandle, SimOptions};
use futures_util::{SinkExt, StreamExt};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

const PASSWORD: &str = "correct horse";
/// Nodes of an environment.
const NODES: usize = 2;
/// Steps of a node.
const STEPS: usize = 4;
/// Who works here, besides the administrator ada.
pub const PEOPLE: [&str; 4] = ["bob", "eve", "grace", "linus"];
/// How long a frame is tried to be sent before its client counts as stalled.
const NO_ROOM: Duration = Duration::from_millis(500);
/// Most frames that are sent to find that out.
const FRAMES_MAX: usize = 50_000;

pub struct Site {
    dir: TempDir,
    engine: Mutex<Child>,
    nodes: SimHandle,
    /// The administrator.
    pub ada: Client,
    /// Tokens of sessions of [`PEOPLE`].
    tokens: Vec<Secret>,
    pub envs: Vec<EnvId>,
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Ok(engine) = self.engine.get_mut() {
            let _ = engine.kill();
            let _ = engine.wait();
        }
    }
}

fn socket(dir: &Path) -> PathBuf {
    socket_path(&dir.join("data/run"))
}

async fn connect(dir: &Path) -> (Client, Pushes) {
    let connected = tokio::time::timeout(Duration::from_mins(2), async {
        loop {
            match Client::connect(&socket(dir)).await {
                Ok(connected) => return connected,
                Err(ClientError::NoEngine { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("{other}"),
            }
        }
    });
    connected.await.expect("the engine answers")
}

fn session(response: Response) -> Secret {
    let Response::Session(session) = response else { panic!("{response:?}") };
    session.token
}

impl Site {
    /// With as many environments, each of which has nodes that wait to be installed.
    pub async fn start(environments: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let own = dir.path().join("roles");
        tree::write(&own, STEPS);
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
        std::fs::create_dir_all(dir.path().join("home")).unwrap();
        let engine = Command::new(env!("CARGO_BIN_EXE_cpmg"))
            .arg("engine")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", dir.path().join("home"))
            .env("CPMG_DATA", dir.path().join("data"))
            .env("CPMG_ROLES", format!("{}:{}", project.display(), own.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nodes = sim::start(SimOptions {
            nodes: environments * NODES,
            base: Ipv4Addr::new(127, 81, 0, 1),
            port: 0,
            speed: 40.0,
            recordings: Some(tree::recordings(STEPS)),
            ..SimOptions::default()
        });
        let nodes = nodes.await.unwrap();
        let (ada, _) = connect(dir.path()).await;
        let first = Request::FirstAdministrator { name: "ada".into(), password: Secret::new(PASSWORD) };
        ada.call(first).await.unwrap();
        let mut tokens = Vec::new();
        for name in PEOPLE {
            let (role, password) = (UserRole::Operator, Secret::new(PASSWORD));
            let full_name = String::new();
            let add = Request::UserAdd { name: name.into(), role, password, full_name, must_change: false };
            ada.call(add).await.unwrap();
            let login = Request::Login { name: name.into(), password: Secret::new(PASSWORD), code: None };
            let (client, _) = connect(dir.path()).await;
            tokens.push(session(client.call(login).await.unwrap()));
        }
        let mut site = Self { dir, engine: Mutex::new(engine), nodes, ada, tokens, envs: Vec::new() };
        for n in 0..environments {
            site.add_environment(n).await;
        }
        site
    }

    async fn add_environment(&mut self, n: usize) {
        let add = Request::EnvAdd { name: format!("e{n}-0"), platform: Some(tree::PLATFORM.into()) };
        let Response::Environment(env) = self.ada.call(add).await.unwrap() else { panic!() };
        let mine = self.nodes.nodes.iter().skip(n * NODES).take(NODES);
        for (index, node) in mine.enumerate() {
            let add = Request::NodeAdd {
                env: env.id,
                name: Some(format!("n{n}x{index}-0")),
                address: node.address.ip().to_string(),
                port: node.address.port(),
                user: "root".into(),
                credential: Credential::Password(self.nodes.credentials.password.clone()),
                jump: None,
            };
            let Response::Node(node) = self.ada.call(add).await.unwrap() else { panic!() };
            let probe = Request::NodeProbe { node: node.id };
            let Response::HostKey(offered) = self.ada.call(probe.clone()).await.unwrap() else { panic!() };
            let trust = Request::NodeTrust { node: node.id, key: offered.key, jump: false };
            self.ada.call(trust).await.unwrap();
            self.ada.call(probe).await.unwrap();
            let role = if index == 0 { NodeRole::Controller } else { NodeRole::Compute };
            let change = NodeChange::Roles(NodeRoles::from([role]));
            let edit = Request::NodeEdit { node: node.id, based_on: node.revision, change };
            self.ada.call(edit).await.unwrap();
        }
        self.envs.push(env.id);
    }

    /// A client of one of [`PEOPLE`], by number.
    pub async fn client(&self, n: usize) -> (Client, Pushes) {
        let (client, pushed) = connect(self.dir.path()).await;
        let token = self.tokens[n % PEOPLE.len()].clone();
        client.call(Request::Resume { token }).await.unwrap();
        (client, pushed)
    }

    pub async fn rows(&self, topic: Topic) -> Vec<Row> {
        let Response::Rows(rows) = self.ada.call(Request::Rows(topic)).await.unwrap() else { panic!() };
        rows
    }

    pub async fn take_over(&self, job: JobId) {
        let take = Request::Team(Team::TakeOver { job, why: "the test ends".into() });
        // It may have ended meanwhile.
        let _ = self.ada.call(take).await;
    }

    /// Resident memory of the engine, bytes.
    pub fn memory(&self) -> u64 {
        let pid = self.engine.lock().unwrap().id();
        let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("the engine has ended");
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        pages * rustix::param::page_size() as u64
    }

    /// Ends the engine as an operator would.
    pub async fn stop(&self) {
        self.ada.call(Request::Stop).await.unwrap();
        let ended = async {
            while self.engine.lock().unwrap().try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), ended).await.expect("the engine does not end");
    }
}

/// A client that watches everything, asks and asks, and reads nothing any more.
pub struct Stalled {
    _framed: Framed<UnixStream, LengthDelimitedCodec>,
    /// How often it had asked before there was no room for more.
    pub asked: usize,
}

impl Stalled {
    pub async fn new(site: &Site) -> Self {
        let stream = UnixStream::connect(socket(site.dir.path())).await.unwrap();
        let mut framed = Framed::new(stream, framing(ANSWER_MAX));
        let hello = Hello {
            protocol: PROTOCOL,
            release: "0".into(),
            pid: 0,
            first_start: false,
            simulated: false,
            notices: Vec::new(),
        };
        framed.send(encode(&hello).unwrap()).await.unwrap();
        let frame = |id, request| encode(&ClientFrame { id, key: None, request }).unwrap();
        framed.send(frame(1, Request::Resume { token: site.tokens[0].clone() })).await.unwrap();
        loop {
            let Some(Ok(bytes)) = framed.next().await else { panic!("no answer to its login") };
            if matches!(decode::<EngineFrame>(&bytes), Ok(EngineFrame::Reply { id: 1, result: Ok(_) })) {
                break;
            }
        }
        let mut topics = vec![Topic::Environments, Topic::RunningJobs, Topic::Sessions];
        topics.extend(site.envs.iter().flat_map(|e| [Topic::Nodes(*e), Topic::Jobs(*e)]));
        for (n, topic) in (2..).zip(&topics) {
            framed.send(frame(n, Request::Subscribe(*topic))).await.unwrap();
        }
        for asked in 0..FRAMES_MAX {
            let topic = topics[asked % topics.len()];
            let next = framed.send(frame(100 + asked as u64, Request::Rows(topic)));
            if tokio::time::timeout(NO_ROOM, next).await.is_err() {
                return Self { _framed: framed, asked };
            }
        }
        panic!("the engine goes on reading from a client that reads nothing");
    }
}
