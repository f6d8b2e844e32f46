//! Addresses: many clients at once against a real engine, and what is left after it ends.

use super::tests::{Running, add_env, login, refusal};
use super::*;
use crate::api::message::Credential;
use crate::api::{Client, Request, Response};
use crate::domain::ids::EnvId;
use crate::domain::ipam::{IpEvent, IpRequest, IpView, PoolKind, Source, SubnetState};
use crate::domain::node::Node;
use crate::domain::secret::Secret;
use std::collections::BTreeSet;

async fn ask(client: &Client, env: EnvId, request: IpRequest) -> Result<IpEvent, Failure> {
    match client.call(Request::IpChange { env, request }).await {
        Ok(Response::IpEvents(events)) => Ok(events.last().unwrap().clone()),
        other => Err(refusal(other)),
    }
}

async fn view(client: &Client, env: EnvId) -> IpView {
    match client.call(Request::Ip { env }).await.unwrap() {
        Response::Ip(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn pool(net: &str) -> IpRequest {
    IpRequest::AddPool { net: net.into(), kind: PoolKind::Tenant }
}

fn reserve(owner: &str, count: u32, seconds: Option<u32>) -> IpRequest {
    IpRequest::Reserve { owner: owner.into(), kind: PoolKind::Tenant, count, seconds, at: None }
}

fn confirm(owner: &str) -> IpRequest {
    IpRequest::Confirm { owner: owner.into() }
}

fn allocate(owner: &str, to: String) -> IpRequest {
    IpRequest::Allocate { owner: owner.into(), to, address: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_never_get_the_same_subnet_or_address() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    // 16 subnets of 64; 24 owners want one.
    ask(&ada, env, pool("10.30.0.0/22")).await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let (client, pushed) = engine.client().await;
        client.call(login("ada", "correct horse")).await.unwrap();
        clients.push((Arc::new(client), pushed));
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..24 {
        let client = Arc::clone(&clients[n % 4].0);
        tasks.spawn(async move { ask(&client, env, reserve(&format!("slice-{n}"), 64, None)).await });
    }
    let answers = tasks.join_all().await;
    let got: Vec<&IpEvent> = answers.iter().flatten().collect();
    let subnets: BTreeSet<String> = got
        .iter()
        .map(|e| match e {
            IpEvent::Reserved { subnet, .. } => subnet.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((got.len(), subnets.len()), (16, 16), "each subnet went to one");
    assert!(answers.iter().filter_map(|a| a.as_ref().err()).all(|f| f.message.contains("belongs to slice-")));

    // 62 usable addresses; 80 tasks want one.
    let owner = view(&ada, env).await.subnets[0].owner.to_string();
    ask(&ada, env, confirm(&owner)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..80 {
        let (client, owner) = (Arc::clone(&clients[n % 4].0), owner.clone());
        tasks.spawn(async move { ask(&client, env, allocate(&owner, format!("vm-{n}"))).await });
    }
    let answers = tasks.join_all().await;
    let addresses: Vec<_> = answers
        .iter()
        .flatten()
        .map(|e| match e {
            IpEvent::Allocated { address, .. } => *address,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(addresses.len(), 62);
    assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), 62, "each address went to one");
    assert!(answers.iter().filter_map(|a| a.as_ref().err()).all(|f| f.kind == FailureKind::Conflict));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    ask(&ada, env, pool("10.30.0.0/24")).await.unwrap();
    ask(&ada, env, pool("2001:db8::/64")).await.unwrap();
    for owner in ["kept", "gone", "short"] {
        ask(&ada, env, reserve(owner, 8, Some(if owner == "short" { 1 } else { 86_400 }))).await.unwrap();
    }
    ask(&ada, env, confirm("kept")).await.unwrap();
    ask(&ada, env, allocate("kept", "vm".into())).await.unwrap();
    ask(&ada, env, IpRequest::Delete { owner: "gone".into() }).await.unwrap();
    let before = view(&ada, env).await;
    drop(ada);
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    // The short one falls back on its own, whoever looks; nothing else changes.
    let after = loop {
        let now = view(&ada, env).await;
        if now.subnets.len() == 1 {
            break now;
        }
    };
    assert_eq!(after.pools.len(), 2);
    assert_eq!(after.subnets[0], before.subnets[0]);
    assert!(matches!(after.subnets[0].state, SubnetState::Confirmed { .. }));
    let late = ask(&ada, env, confirm("short")).await.unwrap_err();
    assert!(late.message.contains("fell back"), "{late}");
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let late = ask(&ada, env, confirm("short")).await.unwrap_err();
    assert!(late.message.contains("fell back"), "it lapsed once, and that is remembered: {late}");
    ask(&ada, env, reserve("short", 8, None)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_address_is_nobody_elses() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let other = add_env(&ada, "test").await.id;
    ask(&ada, env, pool("127.30.0.0/29")).await.unwrap_err();
    ask(&ada, env, pool("10.30.0.0/28")).await.unwrap();
    for (env, name, address) in [(env, "web", "10.30.0.3"), (other, "db", "10.30.0.12")] {
        let node = Request::NodeAdd {
            jump: None,
            env,
            name: Some(name.into()),
            address: address.into(),
            port: 22,
            user: "root".into(),
            credential: Credential::Password(Secret::new("node password")),
        };
        ada.call(node).await.unwrap();
    }
    let full = ask(&ada, env, reserve("slice", 8, None)).await.unwrap_err();
    assert!(full.message.contains("10.30.0.3 belongs to web"), "{full}");
    assert_eq!(full.field.as_deref(), Some("count"));
    let at = IpRequest::Reserve {
        owner: "slice".into(),
        kind: PoolKind::Tenant,
        count: 8,
        seconds: None,
        at: Some("10.30.0.8/29".into()),
    };
    let taken = ask(&ada, env, at).await.unwrap_err();
    assert!(taken.message.contains("10.30.0.12 belongs to test/db"), "{taken}");
    let rows = view(&ada, env).await.addresses;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|r| !r.conflict && r.claims[0].source == Source::Node));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dhcp_gave_a_node_is_recorded_and_forgotten_with_it() {
    let dir = tempfile::TempDir::new().unwrap();
    let engine = Engine::open(super::tests::options(dir.path()), CancellationToken::new()).unwrap();
    let env = EnvId(3);
    let node = |dynamic: &[&str]| -> Node {
        let facts = serde_json::json!({ "nics": [
            { "name": "eth0", "mac": "52:54:00:00:00:01", "addresses": ["10.30.0.3/24"], "dynamic": dynamic },
            { "name": "docker0", "mac": "02:42:00:00:00:01", "dynamic": ["172.17.0.1/16"] },
        ] });
        serde_json::from_value(serde_json::json!({
            "id": 9, "env": 3, "name": "web", "address": "10.30.0.3", "port": 22, "user": "root", "credential": null,
            "host_key": null, "roles": [], "state": "discovered", "reach": "unknown", "facts": facts, "job": null,
            "revision": 1,
        }))
        .unwrap()
    };
    engine.note_node_leases(&node(&["10.30.0.3/24"]));
    let used = engine.addresses_in_use(env);
    let claims: Vec<(String, &str, Source)> = used
        .iter()
        .flat_map(|(ip, c)| c.iter().map(|c| (ip.to_string(), c.owner.as_str(), c.source)))
        .collect();
    assert_eq!(claims, [("10.30.0.3".to_owned(), "web", Source::Dhcp)]);
    // It has a static one now.
    engine.note_node_leases(&node(&[]));
    assert!(engine.addresses_in_use(env).is_empty());
    engine.note_node_leases(&node(&["10.30.0.3/24"]));
    engine.forget_leases(env, "web");
    assert!(engine.addresses_in_use(env).is_empty());
}
