//! One engine, several clients: starting, outliving, versions, conflicts.

use super::support::{PATIENCE, Site, gone, wait_until};
use cpmg::api::client::{Pushed, Pushes};
use cpmg::api::codec::{decode, encode, framing};
use cpmg::api::message::EnvChange;
use cpmg::api::{Client, ClientError, FailureKind, Hello, PROTOCOL, Request, Response, Row, Topic};
use cpmg::domain::secret::Secret;
use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeSet;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Instant;
use tokio_util::codec::Framed;

/// Connected and logged in by the token that the command keeps.
async fn client(site: &Site) -> (Client, Pushes) {
    let (client, pushed) = Client::connect(&site.socket()).await.unwrap();
    let sessions = site.dir.path().join("home/.local/state/cpmg");
    let file = std::fs::read_dir(sessions).unwrap().next().unwrap().unwrap().path();
    let token = Secret::new(std::fs::read_to_string(file).unwrap());
    client.call(Request::Resume { token }).await.unwrap();
    (client, pushed)
}

fn hello(protocol: u32) -> Hello {
    Hello {
        protocol,
        release: "9.9.9".to_owned(),
        pid: 1,
        first_start: false,
        simulated: false,
        notices: Vec::new(),
    }
}

#[tokio::test]
async fn two_clients_see_each_others_changes_and_do_not_overwrite_them() {
    let site = Site::new();
    let (one, mut pushed) = client(&site).await;
    let (other, _other_pushed) = client(&site).await;
    one.call(Request::Subscribe(Topic::Environments)).await.unwrap();
    site.ok(&["env", "add", "prod"]);
    let env = loop {
        let update = tokio::time::timeout(PATIENCE, pushed.recv()).await.expect("an update").unwrap();
        let Pushed::Update(update) = update else { continue };
        let row = update.rows.into_iter().find_map(|r| if let Row::Env(e) = r { Some(e.env) } else { None });
        if let Some(env) = row {
            break env;
        }
    };
    assert_eq!(env.name, "prod");
    let rename = |name: &str| Request::EnvEdit {
        env: env.id,
        based_on: env.revision,
        change: EnvChange::Rename(name.to_owned()),
    };
    assert!(matches!(one.call(rename("first")).await, Ok(Response::Environment(_))));
    match other.call(rename("second")).await {
        Err(ClientError::Refused(failure)) => {
            assert_eq!(failure.kind, FailureKind::Conflict);
            assert!(failure.message.contains("ada"), "says who was faster: {failure}");
        }
        answer => panic!("{answer:?}"),
    }
    assert_eq!(site.json(&["env", "list"])[0]["env"]["name"], "first");
}

#[tokio::test]
async fn the_engine_refuses_another_version_and_goes_on() {
    let site = Site::new();
    let stream = tokio::net::UnixStream::connect(site.socket()).await.unwrap();
    let mut framed = Framed::new(stream, framing(cpmg::api::ANSWER_MAX));
    framed.send(encode(&hello(PROTOCOL + 98)).unwrap()).await.unwrap();
    let theirs: Hello = decode(&framed.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(theirs.protocol, PROTOCOL);
    let end = tokio::time::timeout(PATIENCE, framed.next()).await.expect("the engine hangs up");
    assert!(end.is_none_or(|frame| frame.is_err()));
    // Garbage and silence do no harm either.
    let stream = tokio::net::UnixStream::connect(site.socket()).await.unwrap();
    stream.try_write(&[0xff; 64]).unwrap();
    let _silent = tokio::net::UnixStream::connect(site.socket()).await.unwrap();
    assert_eq!(site.ok(&["whoami"]), "ada (administrator)\n");
}

#[test]
fn a_client_explains_another_version_and_a_stranger() {
    let site = Site::empty();
    std::fs::create_dir_all(site.socket().parent().unwrap()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = UnixListener::bind(site.socket()).unwrap();
    listener.set_nonblocking(true).unwrap();
    let engine = runtime.spawn(async move {
        let listener = tokio::net::UnixListener::from_std(listener).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut framed = Framed::new(stream, framing(cpmg::api::ANSWER_MAX));
        framed.send(encode(&hello(PROTOCOL + 1)).unwrap()).await.unwrap();
        // Says nothing at all the second time.
        let silent = listener.accept().await.unwrap();
        (framed, silent, listener.accept().await)
    });
    let ended = site.refused(&["whoami"], 7, "speaks version");
    assert!(ended.err.contains("9.9.9") && ended.err.contains("engine stop"), "{ended:?}");
    site.refused(&["whoami"], 7, "did not say hello within 2 seconds");
    engine.abort();
}

#[test]
fn one_engine_for_all_who_come_at_once() {
    let site = Site::empty();
    let children: Vec<_> = (0..4).map(|_| site.command(&["whoami"]).spawn().unwrap()).collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    // Those that found the data locked have said so to their clients, and are ending.
    wait_until("one engine is left", || engines_of(&site).len() <= 1);
    assert_eq!(engines_of(&site).len(), 1);
}

/// Processes that run as an engine on this site's data.
fn engines_of(site: &Site) -> BTreeSet<u32> {
    let data = site.data().display().to_string();
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(" engine ") && line.contains(&data) && !gone(pid) {
            found.insert(pid);
        }
    }
    found
}

#[test]
fn a_second_engine_on_the_same_data_is_refused() {
    let site = Site::new();
    let first = site.engine().expect("an engine");
    let ended = site.run(&["engine", "--foreground"]);
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("engine") && !ended.err.contains("panicked"), "{ended:?}");
    // With a socket of its own it is the data that is taken.
    let elsewhere = site.dir.path().join("elsewhere");
    let ended = site.run(&["engine", "--foreground", "--socket", elsewhere.to_str().unwrap()]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(ended.err.contains(&site.data().display().to_string()), "names the data: {ended:?}");
    assert_eq!(site.engine(), Some(first), "the first one goes on");
    assert_eq!(site.ok(&["whoami"]), "ada (administrator)\n");
}

#[test]
fn the_engine_outlives_its_client_and_is_outlived_by_its_data() {
    let site = Site::new();
    let pid = site.engine().expect("an engine");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let session: u32 = after_name.split(' ').nth(3).unwrap().parse().unwrap();
    assert_eq!(session, pid, "a process session of its own: no terminal can hang it up");
    site.ok(&["env", "add", "prod"]);
    site.kill_engine();
    assert!(
        !site.json(&["env", "list"]).as_array().unwrap().is_empty(),
        "a new one was started, nothing is lost"
    );
    let second = site.engine().expect("a new engine");
    assert_ne!(second, pid);
    assert!(site.ok(&["engine", "stop"]).contains("has stopped"));
    wait_until("it is gone", || gone(second));
    site.refused(&["engine", "status"], 7, "no engine answers");
    assert_eq!(site.ok(&["whoami"]), "ada (administrator)\n", "the session has outlived two engines");
}

#[test]
fn nothing_of_a_login_is_seen_in_process_lists_or_files() {
    let site = Site::new();
    let mut open: Vec<PathBuf> = vec![site.dir.path().to_owned()];
    let mut files = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else if path.is_file() {
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let secret = super::support::PASSWORD.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{}", path.display());
        }
    }
    assert!(files > 2, "data, key and session were looked at");
}

#[test]
fn a_long_path_is_refused_in_words_and_at_once() {
    let site = Site::empty();
    let long = site.dir.path().join("x".repeat(120));
    let began = Instant::now();
    site.refused(&["whoami", "--data", long.to_str().unwrap()], 2, "107");
    assert!(began.elapsed() < PATIENCE);
    assert!(!long.exists());
}
