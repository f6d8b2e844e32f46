//! Nodes behind a jump host: a real engine, two real sshd on loopback, host keys of both pinned.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::discovery_tests::{PORT, add, at, key_of, node, sshd, trust};
use super::tests::{Running, add_env, login, refusal};
use crate::api::message::{HostKeyView, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::{Client, FailureKind, Request, Response};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::node::CredentialKind;
use crate::ssh::testing::Sshd;

fn ask(jump: &Sshd) -> JumpAsk {
    JumpAsk { place: format!("{}:{}", jump.address, jump.port), credential: Some(key_of(jump)) }
}

async fn behind(client: &Client, env: EnvId, jump: &Sshd, target: &Sshd) -> NodeRow {
    let add = Request::NodeAdd {
        jump: Some(ask(jump)),
        env,
        name: None,
        address: target.address.to_string(),
        port: target.port,
        user: crate::ssh::testing::own_user(),
        credential: key_of(target),
    };
    let Response::Node(node) = client.call(add).await.unwrap() else { panic!() };
    *node
}

async fn offered(client: &Client, node: NodeId) -> HostKeyView {
    match client.call(Request::NodeProbe { node }).await.unwrap() {
        Response::HostKey(key) => key,
        other => panic!("{other:?}"),
    }
}

async fn trust_jump(client: &Client, node: NodeId) -> HostKeyView {
    let key = offered(client, node).await;
    assert!(key.jump.is_some(), "the jump host's key comes first: {key:?}");
    client.call(Request::NodeTrust { node, key: key.key.clone(), jump: true }).await.unwrap();
    key
}

fn accepted(sshd: &Sshd) -> usize {
    sshd.log().lines().filter(|l| l.contains("Accepted publickey")).count()
}

async fn edit(
    client: &Client,
    row: &NodeRow,
    change: NodeChange,
) -> Result<Response, crate::api::ClientError> {
    client.call(Request::NodeEdit { node: row.id, based_on: row.revision, change }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_reached_through_its_jump_host_and_both_keys_are_pinned() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let (mut jump, one, two) = (sshd(100), sshd(101), sshd(102));
    let first = behind(&ada, env, &jump, &one).await;
    assert_eq!(first.jump.as_ref().unwrap().credential, Some(CredentialKind::Key));
    let key = trust_jump(&ada, first.id).await;
    assert_eq!(key.jump.as_deref(), Some(format!("{}:{PORT}", at(100)).as_str()));
    assert!(jump.host_key("ed25519").starts_with(&key.key));
    let own = offered(&ada, first.id).await;
    assert_eq!(own.jump, None);
    assert!(one.host_key("ed25519").starts_with(&own.key), "then its own");
    client_trusts(&ada, &own).await;
    let before = accepted(&jump);
    let Response::Node(probed) = ada.call(Request::NodeProbe { node: first.id }).await.unwrap() else {
        panic!()
    };
    assert!(probed.facts.is_some());
    assert_eq!(probed.jump.as_ref().unwrap().host_key, Some(key.fingerprint.clone()));
    assert!(accepted(&jump) > before && accepted(&one) > 0, "it went through it: {}", jump.log());

    // The next node behind it only shows its own key.
    let second = behind(&ada, env, &jump, &two).await;
    assert_eq!(offered(&ada, second.id).await.jump, None);
    trust(&ada, second.id).await;
    ada.call(Request::NodeProbe { node: second.id }).await.unwrap();

    // Another machine answers where it was: nothing goes on, for neither of them, until that is known and said.
    let stranger = sshd(103);
    jump.kill();
    std::fs::copy(stranger.folder().join("host_ed25519"), jump.folder().join("host_ed25519")).unwrap();
    jump.restart();
    for id in [first.id, second.id] {
        let failure = refusal(ada.call(Request::NodeProbe { node: id }).await);
        assert_eq!(failure.key.as_deref(), Some("error-host-key-changed"), "{failure}");
    }
    let row = node(&ada, env, second.id).await;
    edit(&ada, &row, NodeChange::ForgetJumpKey).await.unwrap();
    let new = trust_jump(&ada, second.id).await;
    assert_ne!(new.fingerprint, key.fingerprint);
    ada.call(Request::NodeProbe { node: second.id }).await.unwrap();
    ada.call(Request::NodeProbe { node: first.id }).await.unwrap();

    // Directly again; what the jump host took is forgotten with it.
    let row = node(&ada, env, first.id).await;
    edit(&ada, &row, NodeChange::Jump(None)).await.unwrap();
    jump.kill();
    ada.call(Request::NodeProbe { node: first.id }).await.unwrap();
    let silent = refusal(ada.call(Request::NodeProbe { node: second.id }).await);
    assert_eq!(silent.kind, FailureKind::Node);
}

async fn client_trusts(client: &Client, key: &HostKeyView) {
    client.call(Request::NodeTrust { node: key.node, key: key.key.clone(), jump: false }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn jump_hosts_are_checked_and_survive_the_engine() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let (jump, one) = (sshd(110), sshd(111));
    let row = add(&ada, env, at(111), key_of(&one)).await;
    for (place, credential) in
        [("bastion", None), ("10.0.0.1,10.0.0.2", None), (format!("{}:{PORT}", at(111)).as_str(), None)]
    {
        let change = NodeChange::Jump(Some(JumpAsk { place: place.to_owned(), credential }));
        let failure = refusal(edit(&ada, &row, change).await);
        assert_eq!(
            (failure.kind, failure.field.as_deref()),
            (FailureKind::Invalid, Some("jump")),
            "{failure}"
        );
    }
    // A jump host that is a node itself has its key pinned already; it is logged in to as the node where nothing else is said.
    jump.authorize(&crate::ssh::testing::public(&one.folder().join("client")));
    let itself = add(&ada, env, at(110), key_of(&jump)).await;
    trust(&ada, itself.id).await;
    let place = format!("{}:{PORT}", at(110));
    edit(&ada, &row, NodeChange::Jump(Some(JumpAsk { place, credential: None }))).await.unwrap();
    trust(&ada, row.id).await;
    ada.call(Request::NodeProbe { node: row.id }).await.unwrap();
    assert!(accepted(&jump) > 0, "{}", jump.log());
    drop(ada);
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    ada.call(Request::NodeProbe { node: row.id }).await.unwrap();

    // Logins that the jump host refuses count against the jump host.
    let row = node(&ada, env, row.id).await;
    let wrong = JumpAsk { credential: Some(key_of(&sshd(112))), ..ask(&jump) };
    edit(&ada, &row, NodeChange::Jump(Some(wrong))).await.unwrap();
    let failed = || jump.log().lines().filter(|l| l.contains("Failed publickey")).count();
    for _ in 0..5 {
        let failure = refusal(ada.call(Request::NodeProbe { node: row.id }).await);
        assert_eq!(failure.kind, FailureKind::Node, "{failure}");
    }
    assert_eq!(failed(), 3, "no more than the limit: {}", jump.log());
    assert_eq!(node(&ada, env, row.id).await.logins, None, "the node itself has refused nothing");
}
