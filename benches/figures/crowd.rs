//! Memory of an engine that installs a hundred nodes at once.
//!
//! The nodes are simulated ones (real SSH, nothing runs) in another process, so that their memory is not the engine's. Every
//! node prints an apt-like stream at the same time; a client follows the job.

use crate::support::crowd::{self, Crowd};
use crate::support::process::{self, Memory, threads};
use crate::support::site::Site;
use crate::support::verdict;
use cpmg::domain::plan::StepId;
use cpmg::sim::recording::Take;
use cpmg::sim::{Recording, Recordings, SimOptions};
use std::collections::HashSet;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::Stdio;
use std::time::Duration;

/// How many nodes.
const NODES: usize = 100;
/// Address of the first one.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 78, 0, 1);
/// How long the step that all compute nodes do at once takes, and how often it prints a line.
const STEP: (Duration, Duration) = (Duration::from_secs(40), Duration::from_millis(200));

/// The process of the nodes.
pub fn simulate(nodes: usize) {
    let recordings = Some(recordings());
    crowd::serve(SimOptions { nodes, base: FIRST, port: 0, recordings, ..SimOptions::default() });
}

/// All steps take a moment, but the installation of a package on compute nodes takes [`STEP`].
fn recordings() -> Recordings {
    let step: StepId = "time/packages".parse().unwrap();
    let mut out = Vec::new();
    let mut at = Duration::ZERO;
    while at < STEP.0 {
        let line = format!(
            "Get:{} http://mirror.example/debian bookworm/main amd64 chrony 4.3 [292 kB]\n",
            out.len()
        );
        out.push((at, line));
        at += STEP.1;
    }
    let (mut controller, mut compute) = (Recording::default(), Recording::default());
    compute.push(step.clone(), Take { out, end: STEP.0, status: 0, changed: true });
    controller.push(step, Take { changed: true, ..Take::default() });
    Recordings { controller, compute }
}

/// An address as the kernel's table has it.
fn kernel(address: SocketAddrV4) -> String {
    let mut text = String::new();
    for octet in address.ip().octets().iter().rev() {
        let _ = write!(text, "{octet:02X}");
    }
    format!("{text}:{:04X}", address.port())
}

pub fn measure(site: &Site) {
    let nodes = Crowd::start(&["--simulate".to_owned(), NODES.to_string()]);
    assert_eq!(nodes.all.len(), NODES);
    site.ok(&["env", "add", "crowd"], "");
    site.ok(&["env", "set", "crowd", "--modules", "hosts,time", "--parallel", &NODES.to_string()], "");
    let password = SimOptions::default().password;
    for (index, (name, address)) in nodes.all.iter().enumerate() {
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let add = ["node", "add", "crowd", &ip, "--name", name, "--port", &port, "--password-stdin"];
        site.ok(&add, &format!("{}\n", password.reveal()));
        site.ok(&["node", "trust", name, "--accept-new"], "");
        site.ok(&["node", "role", name, if index == 0 { "controller" } else { "compute" }], "");
    }
    let engine = site.engine();
    let before = Memory::of(engine);
    println!("\nengine with {NODES} nodes known, none connected: {:.1} MB resident", before.resident);
    let peers: HashSet<String> = nodes.all.iter().map(|(_, a)| kernel(*a)).collect();
    let mut client = site
        .command(&["install", "crowd", "--follow"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let mut most = 0;
    let mut seen: Vec<Memory> = Vec::new();
    let status = loop {
        if let Some(status) = client.try_wait().unwrap() {
            break status;
        }
        let connected = process::connected(engine, &peers);
        most = most.max(connected);
        if connected >= NODES {
            seen.push(Memory::of(engine));
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(status.success(), "the installation: {status}");
    assert!(!seen.is_empty(), "never more than {most} nodes were connected at once");
    let most_of = |pick: fn(&Memory) -> f64| seen.iter().map(pick).fold(0.0, f64::max);
    let jobs = site.json(&["job", "list", "crowd"]);
    println!(
        "engine with {most} nodes connected, {} looks, {} threads: {:.1} MB resident, {:.1} MB proportional, peak {:.1} MB \
         (steps with a change: {})",
        seen.len(),
        threads(engine).len(),
        most_of(|m| m.resident),
        most_of(|m| m.share),
        Memory::of(engine).peak,
        jobs[0]["changed"]
    );
    verdict(&format!("engine with {most} connected nodes"), most_of(|m| m.resident), 80.0, "MB");
    println!("afterwards: {:.1} MB resident", Memory::of(engine).resident);
}
