//! An environment as a file: there and back, into another engine and into its own, and what is refused on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::tests::{Running, add_env, login, refusal};
use super::*;
use crate::api::accounts::AccountAsk;
use crate::api::discovery::SetChange;
use crate::api::import::parts;
use crate::api::keep::Keep;
use crate::api::message::{Credential, EnvChange, JumpAsk, NodeChange};
use crate::api::{Client, ClientError, FailureKind, Request, Response};
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::ipam::{IpRequest, PoolKind};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::overrides::{OptionText, Scope};
use crate::domain::policy::Policy;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use crate::store::parcel;
use serde_json::{Value, json};

const PHRASE: &str = "four words of a phrase";
const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

async fn add_node(ada: &Client, env: EnvId, name: &str, address: &str, credential: Credential, jump: bool) {
    let place = "ops@10.7.0.1:2222".to_owned();
    let through = JumpAsk { place, credential: Some(Credential::Password(secret("of the jump host"))) };
    let ask = Request::NodeAdd {
        env,
        name: Some(name.into()),
        address: address.into(),
        port: 22,
        user: "root".into(),
        credential,
        jump: jump.then_some(through),
    };
    let Response::Node(row) = ada.call(ask).await.unwrap() else { panic!() };
    let change = NodeChange::Roles(NodeRoles::from([NodeRole::Compute]));
    ada.call(Request::NodeEdit { node: row.id, based_on: row.revision, change }).await.unwrap();
    for jump in [false].into_iter().chain(jump.then_some(true)) {
        ada.call(Request::NodeTrust { node: row.id, key: HOST_KEY.into(), jump }).await.unwrap();
    }
    let lock = Request::NodeLock { node: row.id, why: jump.then(|| "its disk is old".into()) };
    ada.call(lock).await.unwrap();
}

async fn edit(ada: &Client, env: &Environment, change: EnvChange) -> Environment {
    let request = Request::EnvEdit { env: env.id, based_on: env.revision, change };
    let Response::Environment(env) = ada.call(request).await.unwrap() else { panic!() };
    env
}

/// An environment with something of everything that goes along.
async fn rich(running: &Running, ada: &Client) -> Environment {
    let env = add_env(ada, "prod").await;
    let folder = running.dir.path();
    let key = std::fs::read_to_string(crate::ssh::testing::keygen(folder, "login", "ed25519", "")).unwrap();
    let set = SetChange::Add { user: "root".into(), credential: Credential::Password(secret("of the set")) };
    ada.call(Request::SetEdit { env: env.id, name: "racks".into(), change: set }).await.unwrap();
    let key = Credential::Key { text: secret(&key), passphrase: secret("") };
    let password = || Credential::Password(secret("of two nodes"));
    add_node(ada, env.id, "n1", "10.7.0.11", password(), true).await;
    add_node(ada, env.id, "n2", "10.7.0.12", password(), false).await;
    add_node(ada, env.id, "n3", "10.7.0.13", key, false).await;
    add_node(ada, env.id, "n4", "10.7.0.14", Credential::Set { name: "racks".into() }, false).await;
    let agent = Credential::Agent { socket: "/run/agent".into() };
    add_node(ada, env.id, "n5", "10.7.0.15", agent, false).await;
    let env = edit(ada, &env, EnvChange::Parallel(7)).await;
    let env = edit(ada, &env, EnvChange::Policy(Policy { retries: 2, ..Policy::default() })).await;
    let text = |scope| OptionText {
        scope,
        file: "/etc/nova/nova.conf".into(),
        text: "[DEFAULT]\ndebug = true\n".into(),
    };
    let env = edit(ada, &env, EnvChange::Options(text(Scope::All))).await;
    let env = edit(ada, &env, EnvChange::Options(text(Scope::Node(NodeId(2))))).await;
    let plan = json!({
        "nets": {"cluster": {"cidr": "192.168.7.0/24", "range": {"first": "192.168.7.10", "last": "192.168.7.99"}}},
        "addresses": {"1": {"cluster": "192.168.7.50"}},
        "names": ["192.168.7.1"],
    });
    let plan = serde_json::from_value(plan).unwrap();
    ada.call(Request::NetSet { env: env.id, based_on: Revision::default(), plan }).await.unwrap();
    for request in [
        IpRequest::AddPool { net: "10.30.0.0/22".into(), kind: PoolKind::Tenant },
        IpRequest::AddPool { net: "10.40.0.0/24".into(), kind: PoolKind::Infrastructure },
        IpRequest::Reserve {
            owner: "slice".into(),
            kind: PoolKind::Tenant,
            count: 16,
            seconds: Some(86_400),
            at: None,
        },
        IpRequest::Confirm { owner: "slice".into() },
        IpRequest::Allocate { owner: "slice".into(), to: "vm-1".into(), address: None },
        IpRequest::Reserve {
            owner: "later".into(),
            kind: PoolKind::Infrastructure,
            count: 8,
            seconds: Some(86_400),
            at: Some("10.40.0.64/29".into()),
        },
    ] {
        ada.call(Request::IpChange { env: env.id, request }).await.unwrap();
    }
    ada.call(Request::Accounts(AccountAsk::List { env: env.id })).await.unwrap();
    let place = json!({"url": "http://cobbler.example/cobbler_api", "user": "cobbler", "password": "of Cobbler", "power_seconds": 60});
    let engine = running.engine();
    engine.records.save_account(env.id, super::cobbler::KEPT, &secret(&place.to_string())).unwrap();
    engine.env(env.id).unwrap()
}

async fn export(ada: &Client, env: EnvId) -> Secret {
    let ask = Request::Keep(Keep::EnvExport { env, passphrase: secret(PHRASE) });
    let Response::EnvFile(file) = ada.call(ask).await.unwrap() else { panic!() };
    file
}

async fn import(
    ada: &Client,
    file: &str,
    name: Option<&str>,
    phrase: &str,
) -> Result<Environment, ClientError> {
    let (mut upload, mut offset) = (None, 0);
    for part in parts(file) {
        let request = Request::ImportText { upload, offset, text: secret(part) };
        let Response::ImportText(number) = ada.call(request).await? else { panic!() };
        (upload, offset) = (Some(number), offset + part.len() as u64);
    }
    let (upload, name) = (upload.unwrap_or_default(), name.map(str::to_owned));
    let passphrase = secret(phrase);
    match ada.call(Request::Keep(Keep::EnvImport { upload, name, passphrase })).await? {
        Response::Environment(env) => Ok(env),
        other => panic!("{other:?}"),
    }
}

/// What an engine would export, without who made it here and when.
async fn packed(ada: &Client, env: EnvId) -> Value {
    let file = export(ada, env).await;
    let text = parcel::open(file.reveal(), &secret(PHRASE)).unwrap();
    let mut value: Value = serde_json::from_str(text.reveal()).unwrap();
    value["at"] = Value::Null;
    for field in ["id", "name", "created", "created_by", "changed", "changed_by", "revision"] {
        value["environment"][field] = Value::Null;
    }
    value["network"]["revision"] = Value::Null;
    for node in value["nodes"].as_array_mut().unwrap() {
        for field in ["env", "revision", "reach"] {
            node["node"][field] = Value::Null;
        }
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_arrives_elsewhere_as_it_left() {
    let here = Running::new();
    let (ada, _here) = here.administrator().await;
    let env = rich(&here, &ada).await;
    let file = export(&ada, env.id).await;
    for word in ["of two nodes", "of the set", "of Cobbler", "10.7.0.11", "prod"] {
        assert!(!file.reveal().contains(word), "{word} stands in the file");
    }
    let there = Running::new();
    let (eve, _there) = there.administrator().await;
    let taken = import(&eve, file.reveal(), None, PHRASE).await.unwrap();
    assert_eq!((taken.name.as_str(), taken.created_by.as_str()), ("prod", "ada"));
    let (before, after) = (packed(&ada, env.id).await, packed(&eve, taken.id).await);
    // The first environment and the first nodes of both: even the numbers are the same.
    assert_eq!(before, after);
    let (here, there) = (here.engine(), there.engine());
    for (name, value) in before["accounts"].as_object().unwrap() {
        assert_eq!(there.records.account(taken.id, name).unwrap().unwrap().reveal(), value.as_str().unwrap());
    }
    for id in (1..=5).map(NodeId) {
        let (a, b) = (here.node(id).unwrap(), there.node(id).unwrap());
        assert_eq!(
            (&a.host_key, &a.jump, &a.lock, &a.roles, a.state),
            (&b.host_key, &b.jump, &b.lock, &b.roles, b.state)
        );
        assert!(b.host_key.is_some());
        let open = |e: &Engine| {
            format!("{:?}", e.records.credential(id).unwrap().map(|c| format!("{:?}", c.to_ssh())))
        };
        assert_eq!(open(&here), open(&there));
    }
    let told = |e: &Arc<Engine>, word: &str| {
        let all = e.records.all(super::records::AUDIT).unwrap();
        all.values().any(|entry| entry.what.contains(word) && entry.by == "ada" && entry.env.is_some())
    };
    assert!(
        told(&here, "exported it to a file, with 5 nodes")
            && told(&there, "imported it from a file, with 5 nodes")
    );
    assert_eq!(there.audit_verify().unwrap().faults, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_the_one_it_comes_from_it_gets_numbers_of_its_own() {
    let mut running = Running::new();
    let (ada, pushed) = running.administrator().await;
    let env = rich(&running, &ada).await;
    let env = edit(&ada, &env, EnvChange::Members(Some(vec!["ada".into()]))).await;
    let file = export(&ada, env.id).await;
    let taken = refusal(import(&ada, file.reveal(), None, PHRASE).await.map(Response::Environment));
    assert_eq!((taken.kind, taken.field.as_deref()), (FailureKind::Conflict, Some("name")));
    let copy = import(&ada, file.reveal(), Some("twin"), PHRASE).await.unwrap();
    assert_eq!((copy.members.as_deref(), copy.name.as_str()), (Some(&[][..]), "twin"));
    assert!(copy.options.iter().any(|o| o.scope == Scope::Node(NodeId(7))), "{:?}", copy.options);
    // And it is on the disk.
    drop((ada, pushed));
    running.restart().await;
    let (ada, _pushed) = running.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let (mut before, after) = (packed(&ada, env.id).await, packed(&ada, copy.id).await);
    for node in before["nodes"].as_array_mut().unwrap() {
        node["node"]["id"] = json!(node["node"]["id"].as_u64().unwrap() + 5);
    }
    for option in before["environment"]["options"].as_array_mut().unwrap() {
        if let Some(node) = option["scope"].get_mut("node") {
            *node = json!(7);
        }
    }
    before["environment"]["members"] = json!([]);
    for field in ["given", "addresses"] {
        let map = before["network"][field].as_object_mut().unwrap();
        let moved =
            map.iter().map(|(n, v)| ((n.parse::<u64>().unwrap() + 5).to_string(), v.clone())).collect();
        *map = moved;
    }
    assert_eq!(before, after);
}

/// What is looked for in the refusal, and what spoils the file.
type Spoil = (&'static str, fn(&mut Value));

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_typed_is_refused_and_nothing_is_written() {
    let running = Running::new();
    let (ada, _pushed) = running.administrator().await;
    let env = rich(&running, &ada).await;
    let file = export(&ada, env.id).await;
    let text = parcel::open(file.reveal(), &secret(PHRASE)).unwrap();
    let good: Value = serde_json::from_str(text.reveal()).unwrap();
    let before = running.engine().store_snapshot();
    let wrong = refusal(
        import(&ada, file.reveal(), Some("twin"), "four words of another").await.map(Response::Environment),
    );
    assert_eq!(
        (wrong.key.as_deref(), wrong.field.as_deref()),
        (Some("error-parcel-passphrase"), Some("passphrase"))
    );
    let cut = refusal(
        import(&ada, &file.reveal()[..file.reveal().len() / 2], Some("twin"), PHRASE)
            .await
            .map(Response::Environment),
    );
    assert_eq!(cut.key.as_deref(), Some("error-parcel-damaged"));
    let spoiled: &[Spoil] = &[
        ("its content", |v| v["nodes"] = json!("many")),
        ("no platform", |v| v["environment"]["platform"] = json!("nothing")),
        ("has no module", |v| v["environment"]["modules"] = json!(["unheard-of"])),
        ("1 to 1000 nodes", |v| v["environment"]["parallel"] = json!(0)),
        ("times at most", |v| v["environment"]["policy"]["retries"] = json!(1_000)),
        ("options of", |v| v["environment"]["options"][0]["text"] = json!("nonsense")),
        ("options of", |v| v["environment"]["options"][0]["file"] = json!("etc")),
        ("its node is missing", |v| v["environment"]["options"][1]["scope"] = json!({"node": 99})),
        ("node's name", |v| v["nodes"][0]["node"]["name"] = json!("Node One")),
        ("called n1 already", |v| v["nodes"][1]["node"]["name"] = json!("n1")),
        ("is the address of node", |v| v["nodes"][2]["node"]["address"] = json!("10.7.0.12")),
        ("1 to 65535", |v| v["nodes"][0]["node"]["port"] = json!(0)),
        ("an account has", |v| v["nodes"][0]["node"]["user"] = json!("root; rm")),
        ("node n1", |v| v["nodes"][0]["node"]["host_key"] = json!("nonsense")),
        ("its number is there twice", |v| v["nodes"][0]["node"]["id"] = json!(2)),
        ("its login is missing", |v| v["nodes"][0]["login"] = json!(99)),
        ("another kind", |v| v["nodes"][0]["login"] = Value::Null),
        ("another kind", |v| v["nodes"][0]["login"] = v["nodes"][2]["login"].clone()),
        ("no set of credentials", |v| v["sets"] = json!({})),
        ("have one number", |v| v["sets"]["racks"]["entries"][0]["id"] = json!(u32::MAX)),
        ("have one number", |v| {
            let entries = v["sets"]["racks"]["entries"].as_array_mut().unwrap();
            entries.push(entries[0].clone());
        }),
        ("a login", |v| v["logins"][0] = json!({"Password": ""})),
        ("a login", |v| v["logins"][0] = json!({"Key": {"text": "none", "passphrase": ""}})),
        ("its network plan", |v| v["network"]["addresses"]["1"]["cluster"] = json!("10.9.9.9")),
        ("its addresses", |v| v["addresses"][0]["pool"]["net"] = json!("10.30.0.0/8")),
        ("the account ADMIN_PASSWORD", |v| v["accounts"]["ADMIN_PASSWORD"] = json!("a\nb")),
        ("no name of an account", |v| v["accounts"]["rotation:ADMIN_PASSWORD"] = json!("x")),
        ("a name consists", |v| v["environment"]["name"] = json!("a/b")),
    ];
    for (word, spoil) in spoiled {
        let mut value = good.clone();
        value["environment"]["name"] = json!("twin");
        spoil(&mut value);
        let file = parcel::seal(&secret(&value.to_string()), &secret(PHRASE)).unwrap();
        let refused = import(&ada, &file, None, PHRASE).await;
        let refused = refusal(refused.map(Response::Environment));
        assert!(refused.message.contains(word), "{word}: {refused}");
        assert_eq!(refused.kind, FailureKind::Invalid, "{word}");
    }
    assert_eq!(before, running.engine().store_snapshot(), "a refused import leaves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_leave_for_administrators_only_and_with_a_passphrase() {
    let running = Running::new();
    let (ada, _pushed) = running.administrator().await;
    let env = add_env(&ada, "prod").await;
    let short = Request::Keep(Keep::EnvExport { env: env.id, passphrase: secret("short") });
    assert_eq!(refusal(ada.call(short).await).field.as_deref(), Some("passphrase"));
    let add = Request::UserAdd {
        name: "bob".into(),
        role: UserRole::Operator,
        password: secret("battery staple"),
        full_name: String::new(),
        must_change: false,
    };
    ada.call(add).await.unwrap();
    let (bob, _bobs) = running.client().await;
    bob.call(login("bob", "battery staple")).await.unwrap();
    let ask = Request::Keep(Keep::EnvExport { env: env.id, passphrase: secret(PHRASE) });
    assert_eq!(refusal(bob.call(ask).await).kind, FailureKind::NotAllowed);
    let file = export(&ada, env.id).await;
    let refused = refusal(import(&bob, file.reveal(), Some("mine"), PHRASE).await.map(Response::Environment));
    assert_eq!(refused.kind, FailureKind::NotAllowed);
}

impl Engine {
    /// Environments, nodes and what is sealed, as they are on the disk.
    fn store_snapshot(&self) -> Vec<(crate::store::Kind, Vec<crate::store::Entry>)> {
        use crate::store::Kind as K;
        let kinds = [
            K::Environments,
            K::Nodes,
            K::Credentials,
            K::Accounts,
            K::Networks,
            K::Addresses,
            K::CredentialSets,
        ];
        self.records.store.snapshot(&kinds).unwrap()
    }
}
