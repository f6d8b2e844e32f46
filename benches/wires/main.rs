//! The check of all pairs: `cargo bench --bench wires`. What it was is in `docs/figures.md`.
//!
//! Fifty nodes (`-- --nodes N`), each a network namespace with a real sshd and four NICs on four bridges, all on this machine.
//! Every node is asked at once: frames on every NIC (untagged, and five VLANs on the fourth), ICMP to every other node on every
//! network, packets of 1500 bytes to each, its addresses by ARP, DHCP on every NIC, its clock. Then every answer of every pair
//! is looked for: the figure counts only if nothing is missing and nothing is invented. `-- --only perl` or `python3` chooses the
//! program. Needs root.
//!
//! Fifty kernels would have fifty tables of neighbours; here one has them all, so that its limits are raised meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench that cannot go on should say so and stop"
)]

#[path = "../../src/ssh/testing.rs"]
mod testing;
#[path = "../../src/discovery/probe/testing.rs"]
mod wires;

use cpmg::discovery::probe::{Options, run};
use cpmg::domain::check::probe::{NodeProbe, ProbeResult, Task};
use cpmg::domain::ids::NodeId;
use cpmg::domain::net::HostAddress;
use cpmg::domain::secret::Secret;
use cpmg::domain::time::Moment;
use cpmg::ssh::{Credential, Hop, HostKeyCheck, Session, connect};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use testing::{Options as SshdOptions, Sshd};
use tokio_util::sync::CancellationToken;
use wires::{Wires, impossible};

const NETS: u8 = 4;
const VLANS: [u16; 5] = [100, 101, 102, 103, 104];
const BOUND: f64 = 60.0;

fn address(net: u8, node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 90, net, node)
}

/// A kernel setting that is put back at the end.
struct Raised(PathBuf, String);

impl Raised {
    fn to(name: &str, value: u32) -> Self {
        let path = PathBuf::from("/proc/sys/net").join(name);
        let old = std::fs::read_to_string(&path).unwrap();
        if old.trim().parse::<u32>().unwrap() < value {
            std::fs::write(&path, value.to_string()).unwrap();
        }
        Self(path, old)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        std::fs::write(&self.0, &self.1).ok();
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let count: u8 = option("--nodes").map_or(50, |n| n.parse().expect("a number of nodes"));
    assert!((2..=100).contains(&count), "2 to 100 nodes");
    if let Some(why) = impossible() {
        println!("SKIPPED: {why}");
        return;
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    println!("{} cores, load {}", std::thread::available_parallelism().unwrap(), load.trim());
    let _raised = [
        Raised::to("ipv4/neigh/default/gc_thresh3", 65_536),
        Raised::to("ipv4/neigh/default/gc_thresh2", 65_536),
        Raised::to("ipv4/neigh/default/gc_thresh1", 65_536),
        Raised::to("core/netdev_max_backlog", 100_000),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(count, option("--only")));
}

async fn bench(count: u8, only: Option<&String>) {
    let since = Instant::now();
    let mut wires = Wires::new();
    for net in 0..NETS {
        wires.bridge(&format!("net{net}"));
    }
    let bridges: Vec<String> = (0..NETS).map(|net| format!("net{net}")).collect();
    let mut nodes = Vec::new();
    for n in 1..=count {
        let name = format!("n{n}");
        wires.node(&name, n);
        let nic = |net: u8| {
            (format!("eth{net}"), bridges[usize::from(net)].as_str(), format!("{}/24", address(net, n)))
        };
        wires.nics(&name, &(0..NETS).map(nic).collect::<Vec<_>>());
        let netns = Some(wires.name(&name));
        // Keeps bash from sourcing this machine's .bashrc for every command: no node's business.
        let config = vec!["SetEnv SHLVL=2".to_owned()];
        let options =
            SshdOptions { address: wires.ssh_address(n), port: 22, netns, config, ..SshdOptions::default() };
        nodes.push(Sshd::with(options));
    }
    println!("{count} nodes with {NETS} NICs and sshd: {:.1} s", since.elapsed().as_secs_f64());
    for program in ["perl", "python3"] {
        if only.is_none_or(|o| o == program) {
            check(program, count, &nodes).await;
        }
    }
}

async fn check(program: &str, count: u8, nodes: &[Sshd]) {
    let since = Instant::now();
    let logins = nodes.iter().map(login);
    let sessions = futures_util::future::join_all(logins).await;
    let logged_in = since.elapsed();
    let work = (1..=count).zip(sessions).map(|(n, session)| (NodeId(n.into()), session, tasks(n, count)));
    let options = Options { interpreters: vec![interpreter(program)], ..Options::default() };
    let all = run(work.collect(), options, now, &CancellationToken::new()).collect().await;
    let took = since.elapsed();
    let pairs: usize = all.iter().map(|node| complete(node, count)).sum();
    let seconds = took.as_secs_f64();
    let kept = if seconds < BOUND { "kept" } else { "NOT KEPT" };
    println!(
        "{program}: {count} nodes, {pairs} pairs on {NETS} networks, all complete: {seconds:.1} s ({:.1} s of it logging in); \
         bound: under {BOUND} s: {kept}",
        logged_in.as_secs_f64()
    );
}

/// Where this machine's own is: it may lie outside the path of an SSH command.
fn interpreter(program: &str) -> String {
    if program == "perl" {
        return program.to_owned();
    }
    let say = ["-c", "import sys; sys.stdout.write(sys.executable)"];
    let out = std::process::Command::new(program).args(say).output().expect("an interpreter");
    String::from_utf8(out.stdout).unwrap()
}

fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Moment(u64::try_from(since.as_millis()).unwrap())
}

async fn login(sshd: &Sshd) -> Session {
    let hop = Hop {
        address: HostAddress::try_from(sshd.address).unwrap(),
        port: sshd.port,
        user: sshd.user.clone(),
        credentials: vec![Credential::Key { private: Secret::new(sshd.key.clone()), passphrase: None }],
        host_key: HostKeyCheck::Pinned(sshd.host_key("ed25519").parse().unwrap()),
    };
    tokio::time::timeout(Duration::from_mins(1), connect(&hop.into())).await.unwrap().unwrap()
}

fn tasks(n: u8, count: u8) -> Vec<Task> {
    let mut tasks = vec![Task::Clock];
    for net in 0..NETS {
        let nic = format!("eth{net}");
        let vlans = if net == NETS - 1 { VLANS.to_vec() } else { Vec::new() };
        tasks.push(Task::Frames { nic: nic.clone(), untagged: true, vlans });
        tasks.push(Task::Addresses { nic: nic.clone(), addresses: vec![address(net, n)] });
        tasks.push(Task::Dhcp { nic: nic.clone() });
        tasks.push(Task::Echo {
            nic: Some(nic),
            source: Some(address(net, n)),
            targets: (1..=count).filter(|o| *o != n).map(|o| address(net, o)).collect(),
            mtu: Some(1500),
        });
    }
    tasks
}

/// Asserts that a node saw every other, and nothing else; how many pairs.
fn complete(node: &NodeProbe, count: u8) -> usize {
    assert_eq!(node.fault, None, "node {}", node.node);
    let mut heard: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let (mut echoes, mut addresses, mut quiet, mut clocks) = (0, 0, 0, 0);
    for result in &node.results {
        match result {
            ProbeResult::Heard { nic, from, from_nic, marks } => {
                assert_eq!(nic, from_nic, "each NIC has a bridge of its own");
                let trunk = nic == &format!("eth{}", NETS - 1);
                assert_eq!(
                    marks.len(),
                    if trunk { 1 + VLANS.len() } else { 1 },
                    "{result:?} at {}",
                    node.node
                );
                heard.entry(nic).or_default().insert(from.0);
            }
            ProbeResult::Echo { rtt_us, mtu, .. } => {
                assert!(rtt_us.is_some() && *mtu == Some(1500), "{result:?} at {}", node.node);
                echoes += 1;
            }
            ProbeResult::Address { macs, .. } => {
                assert!(macs.is_empty(), "{result:?}");
                addresses += 1;
            }
            ProbeResult::Dhcp { offers, .. } => {
                assert!(offers.is_empty(), "{result:?}");
                quiet += 1;
            }
            ProbeResult::Clock { .. } => clocks += 1,
            ProbeResult::Nic { was_up, carrier, .. } => assert!(was_up & carrier),
            other => panic!("{other:?} at {}", node.node),
        }
    }
    let others = usize::from(count) - 1;
    assert_eq!(heard.len(), usize::from(NETS));
    assert!(heard.values().all(|from| from.len() == others && !from.contains(&node.node.0)));
    assert_eq!((echoes, addresses, quiet, clocks), (others * usize::from(NETS), NETS, NETS, 1));
    echoes
}
