//! An engine with an environment and two nodes, in a folder that vanishes, and a client of it who is an administrator.

use cpmg::api::message::Credential;
use cpmg::api::{Client, ClientError, Request, Response, socket_path};
use cpmg::domain::secret::Secret;
use cpmg::engine::{Engine, EngineError, Options};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Inputs for one engine: what it has gathered by then makes it slow.
const INPUTS: u32 = 2_000;
/// Nothing that is asked here takes longer; an engine that is silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    runtime: Runtime,
    site: Option<Site>,
}

struct Site {
    dir: TempDir,
    stop: CancellationToken,
    engine: JoinHandle<Result<(), EngineError>>,
    token: Secret,
    left: u32,
}

impl World {
    pub fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("threads are there");
        Self { runtime, site: None }
    }

    /// Asks everything in order, each for at most `each`. Answers are given back, silence is left out.
    pub fn ask(&mut self, requests: Vec<Request>, each: Duration) -> Vec<Result<Response, ClientError>> {
        self.runtime.block_on(async {
            let mut site = match self.site.take() {
                Some(site) if site.left > 0 => site,
                old => {
                    if let Some(old) = old {
                        old.end().await;
                    }
                    Site::new().await
                }
            };
            site.left -= 1;
            let (client, _pushed) = site.client().await;
            if client.call(Request::Resume { token: site.token.clone() }).await.is_err() {
                // An input ended the session, or the user: the next one finds another engine.
                site.left = 0;
            }
            let mut answers = Vec::new();
            for request in requests {
                answers.extend(tokio::time::timeout(each, client.call(request)).await.ok());
            }
            let ping = tokio::time::timeout(PATIENCE, client.call(Request::WhoAmI)).await;
            assert!(ping.is_ok(), "the engine hangs");
            assert!(!site.engine.is_finished(), "the engine has ended");
            self.site = Some(site);
            answers
        })
    }
}

impl Site {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let stop = CancellationToken::new();
        let options = Options {
            data: dir.path().join("data"),
            run: dir.path().join("run"),
            roles: vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../roles"))],
            simulated: false,
            audit_syslog: None,
        };
        let engine = Engine::open(options, stop.clone()).expect("the engine starts");
        let engine = tokio::spawn(engine.serve());
        let mut site = Self { dir, stop, engine, token: Secret::new(""), left: INPUTS };
        let (client, _pushed) = site.client().await;
        let first = Request::FirstAdministrator { name: "ada".into(), password: Secret::new("correct horse") };
        let Ok(Response::Session(session)) = client.call(first).await else { panic!("no session") };
        site.token = session.token;
        let env = Request::EnvAdd { name: "prod".into(), platform: None };
        let Ok(Response::Environment(env)) = client.call(env).await else { panic!("no environment") };
        for n in 1..=2 {
            let node = Request::NodeAdd {
                env: env.id,
                name: Some(format!("n{n}")),
                address: format!("127.9.0.{n}"),
                port: 22,
                user: "root".into(),
                credential: Credential::Password(Secret::new("of a node")),
                jump: None,
            };
            assert!(client.call(node).await.is_ok(), "no node");
        }
        site
    }

    async fn client(&self) -> (Client, tokio::sync::mpsc::UnboundedReceiver<cpmg::api::client::Pushed>) {
        loop {
            assert!(!self.engine.is_finished(), "the engine has ended");
            match Client::connect(&socket_path(&self.dir.path().join("run"))).await {
                Ok(connected) => return connected,
                Err(ClientError::NoEngine { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        }
    }

    async fn end(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.engine).await;
        assert!(matches!(ended, Ok(Ok(Ok(())))), "the engine does not end");
    }
}
