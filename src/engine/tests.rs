//! The engine over its real socket, with real clients, on a real store.

use super::*;
use crate::api::accounts::AccountAsk;
use crate::api::client::{Pushed, Pushes};
use crate::api::message::EnvChange;
use crate::api::{Client, ClientError, Request, Response, Row, Topic, socket_path};
use crate::domain::environment::Environment;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use tempfile::TempDir;

pub(super) struct Running {
    pub(super) dir: TempDir,
    stop: CancellationToken,
    engine: std::sync::Weak<Engine>,
    task: Option<tokio::task::JoinHandle<Result<(), EngineError>>>,
}

pub(super) fn options(dir: &std::path::Path) -> Options {
    let roles = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    Options {
        data: dir.join("data"),
        run: dir.join("run"),
        roles: vec![roles],
        simulated: false,
        audit_syslog: None,
    }
}

impl Running {
    pub(super) fn new() -> Self {
        let mut it = Self {
            dir: TempDir::new().unwrap(),
            stop: CancellationToken::new(),
            engine: std::sync::Weak::new(),
            task: None,
        };
        it.start();
        it
    }

    fn start(&mut self) {
        self.stop = CancellationToken::new();
        let engine = Engine::open(options(self.dir.path()), self.stop.clone()).unwrap();
        self.engine = Arc::downgrade(&engine);
        self.task = Some(tokio::spawn(engine.serve()));
    }

    pub(super) async fn restart(&mut self) {
        self.stop.cancel();
        self.task.take().unwrap().await.unwrap().unwrap();
        self.stop = CancellationToken::new();
        // The connections' tasks hold the engine a little longer; its lock is free when they are gone. Each try reads a whole data directory,
        // so they are let to their end between two.
        let opened = tokio::time::timeout(std::time::Duration::from_mins(1), async {
            loop {
                match Engine::open(options(self.dir.path()), self.stop.clone()) {
                    Err(EngineError::Store(store::Error::InUse { .. } | store::Error::Database { .. })) => {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    }
                    other => return other.unwrap(),
                }
            }
        });
        let engine = opened.await.expect("the old engine still has the data directory after a minute");
        self.engine = Arc::downgrade(&engine);
        self.task = Some(tokio::spawn(engine.serve()));
    }

    /// The engine itself. Who keeps it keeps the data directory from the next one.
    pub(super) fn engine(&self) -> Arc<Engine> {
        self.engine.upgrade().expect("the engine has ended")
    }

    pub(super) async fn client(&self) -> (Client, Pushes) {
        loop {
            match Client::connect(&socket_path(&self.dir.path().join("run"))).await {
                Ok(connected) => return connected,
                Err(ClientError::NoEngine { .. }) => {
                    assert!(!self.task.as_ref().unwrap().is_finished(), "the engine has ended");
                    tokio::task::yield_now().await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    pub(super) async fn administrator(&self) -> (Client, Pushes) {
        let (client, pushed) = self.client().await;
        let first =
            Request::FirstAdministrator { name: "ada".into(), password: Secret::new("correct horse") };
        assert!(matches!(client.call(first).await.unwrap(), Response::Session(_)));
        (client, pushed)
    }
}

pub(super) fn login(name: &str, password: &str) -> Request {
    Request::Login { name: name.into(), password: Secret::new(password), code: None }
}

pub(super) fn refusal(result: Result<Response, ClientError>) -> Failure {
    match result {
        Err(ClientError::Refused(failure)) => failure,
        other => panic!("not refused: {other:?}"),
    }
}

pub(super) async fn add_env(client: &Client, name: &str) -> Environment {
    match client.call(Request::EnvAdd { name: name.into(), platform: None }).await.unwrap() {
        Response::Environment(env) => env,
        other => panic!("{other:?}"),
    }
}

/// Waits for an update that satisfies `want`.
pub(super) async fn wait_for(pushed: &mut Pushes, want: impl Fn(&Row) -> bool) -> Row {
    loop {
        // Without this, a connection that has ended would be asked for ever.
        let told = pushed.recv().await.expect("the engine keeps the connection");
        if let Pushed::Update(update) = told
            && let Some(row) = update.rows.into_iter().find(|r| want(r))
        {
            return row;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once() {
    let engine = Running::new();
    let (client, _pushed) = engine.client().await;
    assert!(client.hello().first_start);
    let weak = Request::FirstAdministrator { name: "ada".into(), password: Secret::new("12345678") };
    assert_eq!(refusal(client.call(weak).await).key.as_deref(), Some("password-digits-only"));
    let (_one, _) = engine.administrator().await;
    let (other, _) = engine.client().await;
    assert!(!other.hello().first_start);
    let again = Request::FirstAdministrator { name: "eve".into(), password: Secret::new("correct horse") };
    assert_eq!(refusal(other.call(again).await).kind, FailureKind::NotAllowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_users_get_the_same_answer_and_then_a_delay() {
    let engine = Running::new();
    let (_ada, _) = engine.administrator().await;
    let (client, _) = engine.client().await;
    let wrong = refusal(client.call(login("ada", "wrong horse")).await);
    let unknown = refusal(client.call(login("nobody", "wrong horse")).await);
    assert_eq!(wrong, unknown);
    for _ in 0..2 {
        client.call(login("ada", "wrong horse")).await.unwrap_err();
    }
    let delayed = refusal(client.call(login("ada", "correct horse")).await);
    assert_eq!(delayed.key.as_deref(), Some("error-login-delay"), "{delayed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_does_anything_without_permission() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let (client, _) = engine.client().await;
    assert_eq!(refusal(client.call(Request::Users).await).kind, FailureKind::NotLoggedIn);
    for (name, role) in [("vic", UserRole::Viewer), ("olga", UserRole::Operator)] {
        let add = Request::UserAdd {
            name: name.into(),
            role,
            password: Secret::new("correct horse"),
            full_name: String::new(),
            must_change: false,
        };
        ada.call(add).await.unwrap();
    }
    client.call(login("vic", "correct horse")).await.unwrap();
    let add = Request::EnvAdd { name: "prod".into(), platform: None };
    assert_eq!(refusal(client.call(add.clone()).await).kind, FailureKind::NotAllowed);
    client.call(login("olga", "correct horse")).await.unwrap();
    client.call(add).await.unwrap();
    assert_eq!(refusal(client.call(Request::Users).await).kind, FailureKind::NotAllowed);
    assert_eq!(refusal(client.call(Request::Subscribe(Topic::Hidden)).await).kind, FailureKind::NotAllowed);
    ada.call(Request::UserDisable { name: "olga".into(), disabled: true }).await.unwrap();
    assert_eq!(refusal(client.call(Request::WhoAmI).await).kind, FailureKind::NotLoggedIn);
    let last = Request::UserDisable { name: "ada".into(), disabled: true };
    assert_eq!(refusal(ada.call(last).await).key.as_deref(), Some("error-last-administrator"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_see_each_others_changes_and_conflicts_are_refused() {
    let engine = Running::new();
    let (one, _) = engine.administrator().await;
    let (two, mut pushed) = engine.client().await;
    two.call(login("ada", "correct horse")).await.unwrap();
    two.call(Request::Subscribe(Topic::Environments)).await.unwrap();
    let env = add_env(&one, "prod").await;
    wait_for(&mut pushed, |r| matches!(r, Row::Env(e) if e.env.name == "prod")).await;
    let rename = |to: &str| Request::EnvEdit {
        env: env.id,
        based_on: env.revision,
        change: EnvChange::Rename(to.into()),
    };
    one.call(rename("production")).await.unwrap();
    wait_for(&mut pushed, |r| matches!(r, Row::Env(e) if e.env.name == "production")).await;
    let stale = refusal(two.call(rename("elsewhere")).await);
    assert_eq!((stale.kind, stale.key.as_deref()), (FailureKind::Conflict, Some("error-conflict")));
    assert!(stale.message.contains("by ada"), "{stale}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_survives_a_restart() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await;
    let Response::Session(session) = ada.call(login("ada", "correct horse")).await.unwrap() else { panic!() };
    let Response::Accounts(accounts) =
        ada.call(Request::Accounts(AccountAsk::List { env: env.id })).await.unwrap()
    else {
        panic!()
    };
    let name = accounts.iter().find(|a| a.name.contains("PASSWORD")).unwrap().name.clone();
    let reveal = Request::Accounts(AccountAsk::Reveal { env: env.id, name });
    let Response::Account(before) = ada.call(reveal.clone()).await.unwrap() else { panic!() };
    drop(ada);
    engine.restart().await;
    let (client, _) = engine.client().await;
    client.call(Request::Resume { token: session.token }).await.unwrap();
    let Response::Rows(rows) = client.call(Request::Rows(Topic::Environments)).await.unwrap() else {
        panic!()
    };
    assert!(matches!(rows.as_slice(), [Row::Env(e)] if e.env == env));
    let Response::Account(after) = client.call(reveal).await.unwrap() else { panic!() };
    assert_eq!(before, after, "an account is generated once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_a_request_happen_once() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let add = Request::EnvAdd { name: "prod".into(), platform: None };
    let first = ada.call_keyed(Some("k1".into()), add.clone()).await.unwrap();
    let second = ada.call_keyed(Some("k1".into()), add.clone()).await.unwrap();
    match (first, second) {
        (Response::Environment(a), Response::Environment(b)) => assert_eq!(a, b),
        other => panic!("{other:?}"),
    }
    assert_eq!(refusal(ada.call(add).await).key.as_deref(), Some("error-env-exists"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_data_directory() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await;
    let node = Request::NodeAdd {
        jump: None,
        env: env.id,
        name: Some("n1".into()),
        address: "127.0.0.9".into(),
        port: 22,
        user: "root".into(),
        credential: crate::api::message::Credential::Password(Secret::new("node-password-hunter2")),
    };
    ada.call(node).await.unwrap();
    let mut secrets = vec!["correct horse".to_owned(), "node-password-hunter2".to_owned()];
    let Response::Accounts(accounts) =
        ada.call(Request::Accounts(AccountAsk::List { env: env.id })).await.unwrap()
    else {
        panic!()
    };
    for account in accounts.iter().filter(|a| a.name.contains("PASSWORD")) {
        let reveal = Request::Accounts(AccountAsk::Reveal { env: env.id, name: account.name.clone() });
        let Response::Account(value) = ada.call(reveal).await.unwrap() else { panic!() };
        secrets.push(value.reveal().to_owned());
    }
    let mut files = vec![engine.dir.path().to_path_buf()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.is_file() {
            seen += 1;
            let bytes = std::fs::read(&path).unwrap();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!found, "a secret stands in {}", path.display());
            }
        }
    }
    assert!(seen > 1 && secrets.len() > 3, "{seen} files, {} secrets", secrets.len());
}
