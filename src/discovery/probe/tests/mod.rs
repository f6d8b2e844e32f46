//! Real nodes (network namespaces with a real sshd each) on real bridges, each test with every program.
//!
//! Where there can be no namespaces the tests say so and end: look for "SKIPPED" in the output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod ends;
mod host;
mod wires;

use super::testing::{Wires, impossible};
use super::{Options, Run, run};
use crate::domain::check::probe::{NodeProbe, ProbeResult, Task};
use crate::domain::ids::NodeId;
use crate::domain::net::HostAddress;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::ssh::testing::{Options as SshdOptions, Sshd};
use crate::ssh::{Credential, Hop, HostKeyCheck, Session, connect};
use std::net::Ipv4Addr;
use std::process::Command;
use tokio_util::sync::CancellationToken;

/// Whether namespaces can be made; says why not.
pub fn possible() -> bool {
    match impossible() {
        None => true,
        Some(why) => {
            eprintln!("SKIPPED: {why}");
            false
        }
    }
}

/// The interpreters of this machine, each to be tested: Perl, Python 3, Python 2.
pub fn interpreters() -> Vec<String> {
    let mut found = vec!["/usr/bin/perl".to_owned()];
    for (name, major) in [("python3", 3), ("python2.7", 2)] {
        let say = "import sys,ctypes;sys.stdout.write('%d %s' % (sys.version_info[0], sys.executable))";
        let out = Command::new(name).args(["-c", say]).output();
        let said = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        match said.split_once(' ') {
            Some((number, path)) if number == major.to_string() => found.push(path.to_owned()),
            _ => eprintln!("SKIPPED: there is no {name} here"),
        }
    }
    found
}

pub fn with(interpreter: &str) -> Options {
    Options { interpreters: vec![interpreter.to_owned()], ..Options::default() }
}

pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Moment(u64::try_from(since.as_millis()).unwrap())
}

/// Namespaces `a`, `b`, `c` … with an sshd each.
pub struct Rack {
    pub wires: Wires,
    sshd: Vec<Sshd>,
    pub sessions: Vec<Session>,
}

pub const NAMES: [&str; 4] = ["a", "b", "c", "d"];

impl Rack {
    /// `count` nodes; `cable` may add NICs and files before sshd starts.
    pub async fn new(count: u8, cable: impl FnOnce(&mut Wires)) -> Self {
        let mut wires = Wires::new();
        for n in 0..count {
            wires.node(NAMES[usize::from(n)], n + 1);
        }
        cable(&mut wires);
        let mut rack = Self { wires, sshd: Vec::new(), sessions: Vec::new() };
        for n in 0..count {
            let address = rack.wires.ssh_address(n + 1);
            let netns = Some(rack.wires.name(NAMES[usize::from(n)]));
            rack.sshd.push(Sshd::with(SshdOptions { address, port: 22, netns, ..SshdOptions::default() }));
        }
        for n in 0..rack.sshd.len() {
            let session = rack.login(n).await;
            rack.sessions.push(session);
        }
        rack
    }

    /// A new connection to a node.
    pub async fn login(&self, n: usize) -> Session {
        let sshd = &self.sshd[n];
        let hop = Hop {
            address: HostAddress::try_from(sshd.address).unwrap(),
            port: sshd.port,
            user: sshd.user.clone(),
            credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
            host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
        };
        connect(&hop.into()).await.unwrap()
    }

    /// Starts a run: tasks of `a`, of `b` …
    pub fn start(&self, tasks: Vec<Vec<Task>>, options: Options, cancel: &CancellationToken) -> Run {
        let nodes = (1..).zip(self.sessions.iter().cloned()).zip(tasks);
        let nodes = nodes.map(|((id, session), tasks)| (NodeId(id), session, tasks)).collect();
        run(nodes, options, now, cancel)
    }

    /// Runs to the end; nothing may fail.
    pub async fn ask(&self, tasks: Vec<Vec<Task>>, interpreter: &str) -> Vec<NodeProbe> {
        let all = self.start(tasks, with(interpreter), &CancellationToken::new()).collect().await;
        for node in &all {
            assert_eq!(node.fault, None, "{interpreter}: {node:?}");
            let name = interpreter.rsplit('/').next().unwrap();
            let language = if name.starts_with("perl") { "perl" } else { "python" };
            assert_eq!(node.program.as_ref().unwrap().language, language);
        }
        all
    }

    pub fn sshd(&self, n: usize) -> &Sshd {
        &self.sshd[n]
    }

    /// A NIC as `ip -d link` tells it.
    pub fn link(&self, node: &str, nic: &str) -> String {
        self.wires.ip(node, &format!("-d link show dev {nic}"))
    }

    /// Waits until a NIC is as it was before a check: down, not promiscuous.
    pub async fn wait_restored(&self, node: &str, nic: &str) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let link = self.link(node, nic);
            if !link.contains(",UP") && link.contains("promiscuity 0") {
                return;
            }
            assert!(std::time::Instant::now() < until, "{node} {nic} stays: {link}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

pub fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

pub fn frames(nic: &str, vlans: &[u16]) -> Task {
    Task::Frames { nic: nic.into(), untagged: true, vlans: vlans.to_vec() }
}

/// `NIC<NODE.NIC:marks` for everybody who was heard, sorted.
pub fn heard(probe: &NodeProbe) -> Vec<String> {
    let mut all: Vec<String> = probe
        .results
        .iter()
        .filter_map(|r| match r {
            ProbeResult::Heard { nic, from, from_nic, marks } => {
                let marks: Vec<String> = marks
                    .iter()
                    .map(|m| format!("{}{}", m.vlan.unwrap_or(0), if m.tagged { "t" } else { "u" }))
                    .collect();
                Some(format!("{nic}<{from}.{from_nic}:{}", marks.join(",")))
            }
            _ => None,
        })
        .collect();
    all.sort();
    all
}

/// Nothing was left unchecked.
pub fn all_checked(probe: &NodeProbe) {
    let left: Vec<_> = probe.results.iter().filter(|r| matches!(r, ProbeResult::NotChecked { .. })).collect();
    assert!(left.is_empty(), "{left:?}");
}
