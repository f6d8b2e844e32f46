//! Finding machines, logging in to them and what is kept of them: a real engine, real sshd on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::tests::{Running, add_env, login, refusal, wait_for};
use crate::api::discovery::{DiscoveryChange, DiscoveryRow, FoundRow, NO_SETTINGS, SetChange};
use crate::api::message::Credential;
use crate::api::rows::NodeRow;
use crate::api::{Client, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::{EnvId, NodeId, SweepId};
use crate::domain::node::CredentialKind;
use crate::domain::secret::Secret;
use crate::domain::sweeps::{LoginLimit, SweepOrder, SweepRecord};
use crate::ssh::testing::{Options, Sshd, own_address};
use std::net::Ipv4Addr;

struct Seen {
    row: DiscoveryRow,
    sweeps: Vec<SweepRecord>,
    found: Vec<FoundRow>,
}

async fn seen(client: &Client, env: EnvId) -> Seen {
    let Response::Rows(rows) = client.call(Request::Rows(Topic::Discovery(env))).await.unwrap() else {
        panic!()
    };
    let (mut row, mut sweeps, mut found) = (None, Vec::new(), Vec::new());
    for one in rows {
        match one {
            Row::Discovery(r) => row = Some(*r),
            Row::Sweep(r) => sweeps.push(r),
            Row::Found(r) => found.push(r),
            other => panic!("{other:?}"),
        }
    }
    sweeps.sort_by_key(|s| s.id);
    Seen { row: row.unwrap(), sweeps, found }
}

/// Port of all servers of this test: nobody else uses addresses of this process.
pub(super) const PORT: u16 = 2244;

pub(super) fn at(last: u8) -> Ipv4Addr {
    let [a, b, c, _] = own_address().octets();
    Ipv4Addr::new(a, b, c, last)
}

pub(super) fn sshd(last: u8) -> Sshd {
    Sshd::with(Options { address: at(last), port: PORT, ..Options::default() })
}

fn range(from: u8, to: u8) -> Vec<String> {
    vec![format!("{}-{to}", at(from))]
}

async fn sweep(engine: &Running, client: &Client, env: EnvId, ranges: Vec<String>) -> SweepId {
    let start = Request::SweepStart { env, ranges, port: PORT, rate: None, parallel: Some(64) };
    let Response::Sweep(id) = client.call(start).await.unwrap() else { panic!() };
    let (watcher, mut pushed) = engine.client().await;
    watcher.call(login("ada", "correct horse")).await.unwrap();
    watcher.call(Request::Subscribe(Topic::Sweep(id))).await.unwrap();
    wait_for(&mut pushed, |r| matches!(r, Row::Sweep(s) if s.id == id && s.ended.is_some())).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_kept_marked_and_told_apart() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let mut first = sshd(10);
    let mail = tokio::net::TcpListener::bind((at(11), PORT)).await.unwrap();
    sweep(&engine, &ada, env, range(8, 20)).await;
    let before = seen(&ada, env).await;
    let [ssh, other] = &before.found[..] else { panic!("{:?}", before.found) };
    assert_eq!((ssh.address.ip(), ssh.ssh, ssh.new), (at(10), true, false), "nobody had looked there before");
    assert!(ssh.host_key.as_ref().unwrap().starts_with("SHA256:"), "{ssh:?}");
    assert_eq!((other.address.ip(), other.ssh), (at(11), false));
    assert_eq!((before.sweeps[0].done, before.sweeps[0].found, before.sweeps[0].unasked), (13, 1, 0));
    // Each sweep would wait for its words again.
    drop(mail);

    // Another engine knows the same.
    drop(ada);
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let after = seen(&ada, env).await;
    assert_eq!(after.found, before.found);
    assert_eq!(after.sweeps, before.sweeps);

    // One has come, one has gone.
    first.kill();
    let second = sshd(12);
    sweep(&engine, &ada, env, range(8, 20)).await;
    let now = seen(&ada, env).await;
    let of = |last: u8| now.found.iter().find(|f| f.address.ip() == at(last)).unwrap();
    assert!(of(12).new && of(12).missing.is_none(), "{:?}", of(12));
    assert!(!of(10).new && of(10).missing.is_some(), "{:?}", of(10));
    ada.call(Request::SightingsForget { env }).await.unwrap();
    assert!(!seen(&ada, env).await.found.iter().any(|f| f.address.ip() == at(10)));

    // The same machine at a second address is recognised by its host key.
    let node = add(
        &ada,
        env,
        at(12),
        Credential::Key { text: Secret::new(&second.key), passphrase: Secret::default() },
    );
    let node = node.await;
    trust(&ada, node.id).await;
    let key = std::fs::read(second.folder().join("host_ed25519")).unwrap();
    let twin = Sshd::with(Options { address: at(14), port: PORT, ..Options::default() });
    drop(twin);
    let twin = same_key(&key, 14);
    sweep(&engine, &ada, env, range(8, 20)).await;
    let now = seen(&ada, env).await;
    let of = |last: u8| now.found.iter().find(|f| f.address.ip() == at(last)).unwrap();
    assert_eq!(of(12).node, Some(node.id));
    assert_eq!(of(14).twins.len(), 1, "{:?}", of(14));
    assert_eq!((of(14).twins[0].node, of(14).node), (node.id, None));
    drop(twin);
}

/// A server with that host key.
fn same_key(key: &[u8], last: u8) -> Sshd {
    let mut sshd = sshd(last);
    sshd.kill();
    std::fs::write(sshd.folder().join("host_ed25519"), key).unwrap();
    sshd.restart();
    sshd
}

pub(super) async fn add(client: &Client, env: EnvId, address: Ipv4Addr, credential: Credential) -> NodeRow {
    let add = Request::NodeAdd {
        jump: None,
        env,
        name: None,
        address: address.to_string(),
        port: PORT,
        user: crate::ssh::testing::own_user(),
        credential,
    };
    let Response::Node(node) = client.call(add).await.unwrap() else { panic!() };
    *node
}

/// Pins the key that the node shows; what the probe after it answers is the caller's business.
pub(super) async fn trust(client: &Client, node: NodeId) {
    let Response::HostKey(key) = client.call(Request::NodeProbe { node }).await.unwrap() else { panic!() };
    client.call(Request::NodeTrust { node, key: key.key, jump: false }).await.unwrap();
}

pub(super) async fn node(client: &Client, env: EnvId, id: NodeId) -> NodeRow {
    let Response::Rows(rows) = client.call(Request::Rows(Topic::Nodes(env))).await.unwrap() else { panic!() };
    rows.into_iter()
        .find_map(|r| if let Row::Node(n) = r { (n.id == id).then_some(*n) } else { None })
        .unwrap()
}

pub(super) fn key_of(sshd: &Sshd) -> Credential {
    Credential::Key { text: Secret::new(&sshd.key), passphrase: Secret::default() }
}

/// A key that nobody takes.
fn stranger(number: usize) -> Credential {
    let dir = tempfile::tempdir().unwrap();
    let path = crate::ssh::testing::keygen(dir.path(), &format!("stranger{number}"), "ed25519", "");
    Credential::Key {
        text: Secret::new(std::fs::read_to_string(path).unwrap()),
        passphrase: Secret::default(),
    }
}

async fn to_set(client: &Client, env: EnvId, credential: Credential) {
    let user = crate::ssh::testing::own_user();
    let change = SetChange::Add { user, credential };
    client.call(Request::SetEdit { env, name: "rack".into(), change }).await.unwrap();
}

fn logins(sshd: &Sshd) -> usize {
    sshd.log().lines().filter(|l| l.contains("Failed publickey")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_tried_in_order_and_what_fits_becomes_the_nodes_own() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let sshd = sshd(30);
    to_set(&ada, env, stranger(1)).await;
    to_set(&ada, env, stranger(2)).await;
    to_set(&ada, env, key_of(&sshd)).await;
    let id = add(&ada, env, at(30), Credential::Set { name: "rack".into() }).await.id;
    trust(&ada, id).await;
    let Response::Node(probed) = ada.call(Request::NodeProbe { node: id }).await.unwrap() else { panic!() };
    assert_eq!(probed.credential, Some(CredentialKind::Key));
    assert!(probed.facts.is_some());
    assert_eq!(probed.logins.unwrap().refused, 2, "shown: {:?}", probed.logins);
    assert_eq!(logins(&sshd), 2, "{}", sshd.log());
    // It is the node's own now, also when the set is gone.
    ada.call(Request::SetEdit { env, name: "rack".into(), change: SetChange::Remove }).await.unwrap();
    ada.call(Request::NodeProbe { node: id }).await.unwrap();
    assert_eq!(seen(&ada, env).await.row.sets, []);
    let gone = Request::NodeAdd {
        jump: None,
        env,
        name: None,
        address: at(31).to_string(),
        port: PORT,
        user: "root".into(),
        credential: Credential::Set { name: "rack".into() },
    };
    assert_eq!(refusal(ada.call(gone).await).kind, FailureKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_node_sees_more_refused_logins_than_the_limit_allows_also_from_the_next_engine() {
    let mut engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let limit = LoginLimit { attempts: 2, minutes: 30 };
    let edit = Request::DiscoveryEdit { env, based_on: NO_SETTINGS, change: DiscoveryChange::Limit(limit) };
    ada.call(edit.clone()).await.unwrap();
    assert_eq!(refusal(ada.call(edit).await).kind, FailureKind::Conflict, "based on an old revision");
    let sshd = sshd(40);
    for number in 0..3 {
        to_set(&ada, env, stranger(number)).await;
    }
    to_set(&ada, env, key_of(&sshd)).await;
    let id = add(&ada, env, at(40), Credential::Set { name: "rack".into() }).await.id;
    trust(&ada, id).await;
    // Several at once are no way around it.
    let probes = (0..5).map(|_| ada.call(Request::NodeProbe { node: id }));
    for result in futures_util::future::join_all(probes).await {
        let why = refusal(result);
        assert!(why.message.contains("refused 2 logins within 30 minutes"), "{why}");
    }
    assert_eq!(logins(&sshd), 2, "{}", sshd.log());
    let shown = node(&ada, env, id).await;
    let state = shown.logins.unwrap();
    assert_eq!((state.refused, state.limit, state.until.is_some()), (2, limit, true));
    assert!(matches!(&shown.credential, Some(CredentialKind::Set { refused, .. }) if refused.len() == 2));

    drop(ada);
    engine.restart().await;
    let (ada, _) = engine.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let why = refusal(ada.call(Request::NodeProbe { node: id }).await);
    assert!(why.message.contains("does not try before"), "{why}");
    assert_eq!(logins(&sshd), 2, "remembered: {}", sshd.log());

    // A wider limit lets it go on where it stopped: the third stranger, then what fits.
    let limit = LoginLimit { attempts: 4, minutes: 30 };
    let based_on = seen(&ada, env).await.row.settings.revision;
    ada.call(Request::DiscoveryEdit { env, based_on, change: DiscoveryChange::Limit(limit) }).await.unwrap();
    // The engine may be quicker and go on by itself: either way it is one more refusal and then the right key.
    ada.call(Request::NodeProbe { node: id }).await.unwrap();
    assert_eq!(node(&ada, env, id).await.credential, Some(CredentialKind::Key));
    assert_eq!(logins(&sshd), 3, "{}", sshd.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_have_a_history() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let env = add_env(&ada, "prod").await.id;
    let sshd = sshd(50);
    let id = add(&ada, env, at(50), key_of(&sshd)).await.id;
    let history = || async {
        match ada.call(Request::FactsHistory { node: id }).await.unwrap() {
            Response::FactsHistory(history) => history,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(history().await, []);
    trust(&ada, id).await;
    ada.call(Request::NodeProbe { node: id }).await.unwrap();
    ada.call(Request::NodeProbe { node: id }).await.unwrap();
    let all = history().await;
    assert_eq!(all.len(), 1, "nothing changed in between");
    assert!(all[0].since < all[0].until);
    let facts = node(&ada, env, id).await.facts.unwrap();
    assert_eq!(all[0].facts, facts);
    let missing = refusal(ada.call(Request::FactsHistory { node: NodeId(999) }).await);
    assert_eq!(missing.kind, FailureKind::NotFound);

    // The same machine taken in again is recognised, in both rows.
    let again = Request::NodeAdd {
        jump: None,
        env,
        name: Some("again".into()),
        address: at(51).to_string(),
        port: PORT,
        user: crate::ssh::testing::own_user(),
        credential: key_of(&sshd),
    };
    let second = self::sshd(51);
    second.authorize(&crate::ssh::testing::public(&sshd.folder().join("client")));
    let Response::Node(again) = ada.call(again).await.unwrap() else { panic!() };
    trust(&ada, again.id).await;
    ada.call(Request::NodeProbe { node: again.id }).await.unwrap();
    let (one, two) = (node(&ada, env, id).await, node(&ada, env, again.id).await);
    assert_eq!((one.twins.len(), two.twins.len()), (1, 1), "{:?}", one.twins);
    assert_eq!((one.twins[0].node, two.twins[0].node), (again.id, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_sweeps_by_itself_and_one_sweep_at_a_time() {
    let engine = Running::new();
    let (ada, _) = engine.administrator().await;
    let (watcher, mut pushed) = engine.client().await;
    watcher.call(login("ada", "correct horse")).await.unwrap();
    let env = add_env(&ada, "prod").await.id;
    let _sshd = sshd(60);
    watcher.call(Request::Subscribe(Topic::Discovery(env))).await.unwrap();
    let order = SweepOrder::new(range(58, 62), PORT);
    let change = DiscoveryChange::Schedule(Some((order.clone(), "6h".parse().unwrap())));
    ada.call(Request::DiscoveryEdit { env, based_on: NO_SETTINGS, change }).await.unwrap();
    let done = |r: &Row| matches!(r, Row::Sweep(s) if s.by.is_none() && s.ended.is_some());
    wait_for(&mut pushed, done).await;
    let now = seen(&ada, env).await;
    assert_eq!((now.sweeps.len(), now.sweeps[0].found, &now.sweeps[0].order), (1, 1, &order));
    let next = now.row.next.unwrap();
    assert_eq!(next, now.sweeps[0].started.plus(6 * 3_600_000));
    let bad = DiscoveryChange::Schedule(Some((SweepOrder::new(Vec::new(), 22), "6h".parse().unwrap())));
    let why =
        ada.call(Request::DiscoveryEdit { env, based_on: now.row.settings.revision, change: bad }).await;
    assert_eq!(refusal(why).field.as_deref(), Some("ranges"));

    // A slow sweep: the second one of the environment is refused, and it can be ended.
    let slow =
        Request::SweepStart { env, ranges: range(1, 200), port: PORT, rate: Some(1), parallel: Some(1) };
    let Response::Sweep(id) = ada.call(slow.clone()).await.unwrap() else { panic!() };
    assert_eq!(refusal(ada.call(slow).await).kind, FailureKind::Busy);
    ada.call(Request::SweepCancel { sweep: id }).await.unwrap();
    wait_for(&mut pushed, |r| matches!(r, Row::Sweep(s) if s.id == id && s.cancelled && s.ended.is_some()))
        .await;
    let after = seen(&ada, env).await;
    assert_eq!(
        after.found.iter().filter(|f| f.missing.is_some()).count(),
        0,
        "what was not asked is not gone"
    );
}
