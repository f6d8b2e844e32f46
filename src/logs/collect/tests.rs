//! Rotation on this machine's own files, read over a real OpenSSH server on loopback: numbered lines arrive once, in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::round::{Collector, NodeStatus, Places};
use crate::domain::logs::LogFilter;
use crate::logs::store::{At, LogStore, Options};
use crate::ssh::testing::Sshd;
use crate::ssh::{self, Deadlines, Session};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

struct Rig {
    sshd: Sshd,
    dir: tempfile::TempDir,
    session: Session,
    store: Arc<LogStore>,
    collector: Option<Collector>,
    /// The next number to be written.
    next: u32,
}

async fn connected(sshd: &Sshd) -> Session {
    let hop = ssh::Hop {
        address: crate::domain::net::HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![ssh::Credential::Key {
            private: crate::domain::secret::Secret::new(sshd.key.clone()),
            passphrase: None,
        }],
        host_key: ssh::HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    };
    ssh::connect(&hop.into()).await.unwrap()
}

impl Rig {
    async fn new() -> Self {
        let sshd = Sshd::start();
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        let session = connected(&sshd).await;
        let store = Arc::new(LogStore::open(&dir.path().join("store"), Options { bytes: 1 << 30 }).unwrap());
        Self { sshd, dir, session, store, collector: None, next: 0 }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("logs/app.log")
    }

    fn other(&self, end: &str) -> PathBuf {
        self.dir.path().join(format!("logs/app.log{end}"))
    }

    /// Writes numbered lines at the end of a file.
    fn write_to(&mut self, path: &Path, count: u32) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        let mut text = String::new();
        for _ in 0..count {
            let n = self.next;
            let _ = writeln!(
                text,
                "2026-03-01 {:02}:{:02}:{:02}.000 1 INFO app [-] n={n}",
                n / 3600,
                n / 60 % 60,
                n % 60
            );
            self.next += 1;
        }
        file.write_all(text.as_bytes()).unwrap();
    }

    fn write(&mut self, count: u32) {
        self.write_to(&self.log(), count);
    }

    async fn begin(&mut self, backfill: Option<i64>) {
        let files = vec![(format!("{}/logs/*.log", self.dir.path().display()), "app".to_owned())];
        let places = Places { node: 1, name: "n1".into(), files, ..Places::default() };
        let begun = Collector::begin(&self.session, Arc::clone(&self.store), places, Arc::default()).await;
        let mut collector = begun.unwrap();
        if let Some(since) = backfill {
            collector.fetch_from(since);
        }
        self.collector = Some(collector);
    }

    /// Rounds until two of them bring nothing.
    async fn collect(&mut self) {
        if self.collector.is_none() {
            self.begin(None).await;
        }
        let mut quiet = 0;
        while quiet < 3 {
            let came = self.collector.as_mut().unwrap().round().await.unwrap();
            quiet = if came == 0 { quiet + 1 } else { 0 };
        }
    }

    /// The connection breaks and is made again.
    async fn cut(&mut self) {
        self.collector = None;
        self.sshd.cut();
        self.session = connected(&self.sshd).await;
    }

    /// The engine dies and another one begins.
    async fn restart(&mut self) {
        self.collector = None;
        self.cut().await;
        let path = self.dir.path().join("store");
        self.store = Arc::new(LogStore::open(&path, Options { bytes: 1 << 30 }).unwrap());
    }

    /// The numbers that were collected, in the order of views.
    fn numbers(&self) -> Vec<u32> {
        let wanted = self.store.wanted(&LogFilter::default(), 0).unwrap();
        let window = self.store.window(&wanted, At::Begin, (0, 1_000_000), None).unwrap();
        let number = |text: Vec<u8>| {
            let text = String::from_utf8(text).unwrap();
            text.trim_end().rsplit_once("n=").unwrap_or_else(|| panic!("{text}")).1.parse().unwrap()
        };
        window.rows.iter().map(|f| number(f.text(1000).unwrap())).collect()
    }

    fn check(&self, from: u32) {
        let numbers = self.numbers();
        let expected: Vec<u32> = (from..self.next).collect();
        assert!(
            numbers == expected,
            "{} of {}: first difference {:?}",
            numbers.len(),
            expected.len(),
            numbers.iter().zip(&expected).find(|(a, b)| a != b)
        );
    }
}

fn gzip(path: &Path) {
    assert!(Command::new("gzip").arg(path).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_rotation_while_somebody_looks() {
    let mut rig = Rig::new().await;
    rig.write(50);
    rig.collect().await;
    assert_eq!(rig.numbers(), Vec::<u32>::new(), "only what comes");
    rig.write(50);
    rig.collect().await;
    rig.check(50);
    // create
    rig.write(10);
    std::fs::rename(rig.log(), rig.other(".1")).unwrap();
    let old = rig.other(".1");
    rig.write_to(&old, 5);
    rig.write(20);
    rig.collect().await;
    rig.check(50);
    // compressed later
    gzip(&old);
    std::fs::rename(rig.other(".1.gz"), rig.other(".2.gz")).unwrap();
    rig.write(20);
    rig.collect().await;
    rig.check(50);
    // copytruncate, with lines that were never seen in the file itself
    rig.write(30);
    std::fs::copy(rig.log(), rig.other(".1")).unwrap();
    std::fs::OpenOptions::new().write(true).open(rig.log()).unwrap().set_len(0).unwrap();
    rig.write(1);
    rig.collect().await;
    rig.check(50);
    // cut and at once longer than before
    let copy = rig.other(".1");
    std::fs::rename(&copy, rig.other(".3")).unwrap();
    rig.write(3);
    std::fs::copy(rig.log(), &copy).unwrap();
    std::fs::OpenOptions::new().write(true).open(rig.log()).unwrap().set_len(0).unwrap();
    rig.write(200);
    rig.collect().await;
    rig.check(50);
    // removed, and a new one
    std::fs::remove_file(rig.log()).unwrap();
    rig.write(10);
    rig.collect().await;
    rig.check(50);
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_while_nobody_looks_and_engines_die() {
    let mut rig = Rig::new().await;
    rig.collect().await;
    for round in 0..4 {
        rig.write(100);
        rig.collect().await;
        rig.write(7);
        rig.restart().await;
        // Twice, the older one compressed: one of them was never seen.
        for name in ["a", "b"] {
            let away = rig.other(&format!(".{round}{name}.1"));
            std::fs::rename(rig.log(), &away).unwrap();
            if name == "a" {
                gzip(&away);
            }
            rig.write(60);
        }
        rig.collect().await;
        rig.check(0);
    }
    rig.cut().await;
    rig.write(5_000);
    rig.collect().await;
    rig.check(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_lines_and_tracebacks_wait_and_hours_before_are_fetched() {
    let mut rig = Rig::new().await;
    rig.write(3_000);
    rig.begin(Some(1_772_323_200 + 2_000)).await;
    rig.collect().await;
    let numbers = rig.numbers();
    let first = numbers[0];
    assert!(first > 0 && first <= 2_000, "{first}");
    rig.check(first);
    let mut file = std::fs::OpenOptions::new().append(true).open(rig.log()).unwrap();
    file.write_all(b"2026-03-01 01:00:00.000 1 ERROR app [-] n=3").unwrap();
    rig.collect().await;
    rig.check(first);
    file.write_all(b"000\nTraceback\n  n=3000\n").unwrap();
    rig.next += 1;
    rig.collect().await;
    rig.check(first);
    let wanted = rig.store.wanted(&LogFilter::default(), 0).unwrap();
    let window = rig.store.window(&wanted, At::End, (1, 0), None).unwrap();
    assert_eq!(window.rows[0].entry.lines, 3);
    // All of it after all.
    rig.collector.as_mut().unwrap().fetch_from(1_772_323_200);
    rig.collect().await;
    rig.check(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_python_is_named() {
    let rig = Rig::new().await;
    let status: Arc<std::sync::Mutex<NodeStatus>> = Arc::default();
    assert!(status.lock().unwrap().behind.is_empty());
    let whole = rig.session.run("command -v python3", "", Deadlines::default().connect).await.unwrap();
    assert!(whole.status.is_success(), "this test's machine has one: the others need it");
    let words = super::CollectFault::NoPython("n1:22".into()).to_string();
    assert!(words.contains("install python3"), "{words}");
}

/// A journalctl that complains more than a pipe takes must not stop the follower: nobody reads its complaints meanwhile.
#[test]
fn a_talkative_journalctl_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let fake = dir.path().join("journalctl");
    let script = "#!/bin/sh\nyes 'a complaint that nobody reads' | head -n 10000 >&2\n\
        echo '{\"_SYSTEMD_UNIT\":\"a.service\",\"__CURSOR\":\"c1\",\"MESSAGE\":\"hi\"}'\n";
    std::fs::write(&fake, script).unwrap();
    std::fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let mut follower = Command::new("python3")
        .args(["-u", "-c", include_str!("follower.py")])
        .env("PATH", path)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let ask = "{\"c\":\"journal\",\"units\":[\"a\"],\"after\":\"\",\"since\":1,\"max\":1000}\n";
    follower.stdin.take().unwrap().write_all(ask.as_bytes()).unwrap();
    let said = follower.wait_with_output().unwrap().stdout;
    assert!(
        String::from_utf8(said)
            .unwrap()
            .ends_with("a\tc1\t{\"_SYSTEMD_UNIT\": \"a.service\", \"MESSAGE\": \"hi\"}\n")
    );
}
