//! Logs that arrive: 100,000 lines a second from 50 nodes, with the screen live. `cargo bench --bench logs_live`, as root.
//!
//! Nodes are real OpenSSH servers on loopback addresses, each with a folder of its own where the module says that its logs are; the
//! program that follows them is the one that follows real nodes. A thread appends oslo lines with the time of that moment. Measured is the
//! CPU time of the engine and of the screens while it writes, and how long after the last line the last record is there. Nodes, writer
//! and engine share this machine: on one that has not enough cores for all of them lines come later, and the figure says so.
//! `SECONDS`, `NODES` and `LINES` (a second, of all nodes) change the measure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    dead_code,
    reason = "a bench"
)]

#[path = "../support/mod.rs"]
mod support;
#[path = "../../src/ssh/testing.rs"]
mod testing;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::process::{self, Memory};
use support::pty::Pty;
use support::site::{PASSWORD, Site, USER};
use support::verdict;
use testing::{Options, Sshd};

/// Where every node has its logs.
const PLACE: &str = "/var/log/cpmg-bench";
/// Longest that the first connections, and the last lines, are waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// The writer's beat.
const BEAT: Duration = Duration::from_millis(100);

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// A module that has nothing but logs.
fn module(roles: &Path) {
    let dir = roles.join("modules/bench");
    fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "name = \"bench\"\ntitle = {{ en = \"Bench\", zh-CN = \"测量\" }}\nroles = [\"controller\"]\nneeds = []\n\
         logs = [\"{PLACE}/*.log\"]\n\n[[step]]\nname = \"nothing\"\ntitle = {{ en = \"Nothing\", zh-CN = \"无\" }}\n\
         script = \"nothing.sh\"\nweight = 1\n"
    );
    fs::write(dir.join("module.toml"), text).unwrap();
    fs::write(dir.join("nothing.sh"), "check() { return 0; }\nrun() { :; }\nundo() { :; }\n").unwrap();
    fs::create_dir_all(roles.join("platforms")).unwrap();
    let text = "name = \"bench\"\ntitle = { en = \"Bench\", zh-CN = \"测量\" }\nos = { id = \"debian\", version = \"12\" }\n\
        release = \"bench\"\nmodules = [\"bench\"]\n[module.bench]\n";
    fs::write(roles.join("platforms/bench.toml"), text).unwrap();
}

/// A moment as oslo writes it, in UTC.
fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn lines(out: &mut String, from: u64, count: usize, node: usize) {
    let now = stamp();
    for n in from..from + count as u64 {
        let level = match n % 1000 {
            0 => "ERROR",
            1..20 => "WARNING",
            20..400 => "DEBUG",
            _ => "INFO",
        };
        let request = n / 30;
        let _ = writeln!(
            out,
            "{now} {} {level} nova.compute.manager [req-{:08x}-aaaa-4bbb-8ccc-{request:012x} 113d3a99c3da401fbd62cc2caa5b96d2 \
             54fadb412c4e40cdbaed9335e4c35a9e - - -] [instance: {:08x}-1111-4222-8333-00000000{node:04x}] Took 5.{:02} seconds to do work number {n} on the hypervisor",
            2900 + node,
            request.wrapping_mul(2_654_435_761) & 0xffff_ffff,
            n % 2000,
            n % 100
        );
    }
}

struct Node {
    sshd: Sshd,
    log: File,
    written: u64,
}

fn start(site: &Site, work: &Path, count: usize) -> Vec<Node> {
    fs::create_dir_all(PLACE).expect("root");
    (0..count)
        .map(|n| {
            let folder = work.join(format!("n{n}"));
            fs::create_dir_all(&folder).unwrap();
            let log =
                File::options().create(true).append(true).open(folder.join("nova-compute.log")).unwrap();
            let host = u8::try_from(n + 1).expect("at most 254 nodes");
            let options = Options {
                address: Ipv4Addr::new(127, 79, 0, host),
                port: 2222,
                bind: Some((folder, PathBuf::from(PLACE))),
                ..Options::default()
            };
            let sshd = Sshd::with(options);
            let key = work.join(format!("key{n}"));
            fs::write(&key, &sshd.key).unwrap();
            let (name, address, port) = (format!("n{n}"), sshd.address.to_string(), sshd.port.to_string());
            let add = ["node", "add", "bench", &address, "--port", &port, "--name", &name, "--key"];
            site.ok(&[&add[..], &[key.to_str().unwrap()]].concat(), "");
            site.ok(&["node", "trust", &name, "--accept-new"], "");
            site.ok(&["node", "role", &name, "controller"], "");
            Node { sshd, log, written: 0 }
        })
        .collect()
}

fn records(site: &Site) -> u64 {
    site.json(&["logs", "sources", "bench"])["records"].as_u64().unwrap_or(0)
}

/// Waits until something is so; gives how long that took.
fn until(what: &str, mut is: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    began.elapsed()
}

fn main() {
    let (seconds, count, rate) = (number("SECONDS", 30), number("NODES", 50), number("LINES", 100_000));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_cpmg"));
    let work = tempfile::tempdir().expect("a folder");
    let roles = work.path().join("roles");
    module(&roles);
    let site = Site::with_roles(program, Some(&roles));
    site.ok(&["env", "add", "bench", "--platform", "bench"], "");
    site.ok(&["env", "set", "bench", "--modules", "bench"], "");
    let mut nodes = start(&site, work.path(), count);
    site.ok(&["logs", "collect", "bench", "on"], "");
    until("every node is followed", || {
        let told = site.json(&["logs", "sources", "bench"]);
        let nodes = told["nodes"].as_array().expect("nodes").clone();
        nodes.len() == count && nodes.iter().all(|n| n["state"].get("following").is_some())
    });
    println!("{count} nodes are followed; load {}", process::load());

    let mut screen = Pty::start(&site, (120, 40));
    screen.wait("the login", |lines| lines.iter().any(|l| l.contains("Password")));
    screen.type_in(&format!("{USER}\r{PASSWORD}\r"));
    screen.wait("the list", |lines| lines.iter().any(|l| l.contains("bench")));
    screen.type_in("l");
    screen.wait("the logs", |lines| lines.iter().any(|l| l.contains("Logs")));

    let (began, beats) = (Instant::now(), seconds * 10);
    let (mut engine, mut face, mut late) = (0.0, 0.0, Duration::ZERO);
    let mut text = String::new();
    for beat in 0..beats {
        // The first seconds are for connections to come to speed.
        if beat == beats / 3 {
            (engine, face) = (process::cpu(site.engine()), process::cpu(screen.pid()));
        }
        let share = rate / 10 / count;
        for (n, node) in nodes.iter_mut().enumerate() {
            text.clear();
            lines(&mut text, node.written, share, n);
            node.log.write_all(text.as_bytes()).unwrap();
            node.written += share as u64;
        }
        screen.lines();
        let due = began + BEAT * u32::try_from(beat + 1).unwrap();
        late = late.max(Instant::now().saturating_duration_since(due));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let measured = began.elapsed().as_secs_f64() * (beats - beats / 3) as f64 / beats as f64;
    let (engine, face) = (process::cpu(site.engine()) - engine, process::cpu(screen.pid()) - face);
    let written: u64 = nodes.iter().map(|n| n.written).sum();
    let here = records(&site);
    let shown = screen.lines().iter().filter(|l| l.contains("work number")).count();
    // The last record of a file waits until nothing follows it.
    let after = until("the last lines are here", || records(&site) >= written - count as u64);
    let (per_core, memory) = (100.0 / measured, Memory::of(site.engine()));
    println!(
        "{written} lines in {seconds} s ({} a second), the writer at most {late:?} late",
        written / seconds as u64
    );
    println!(
        "records when the last line was written: {here} ({:.1} %); the rest came within {after:.1?}",
        here as f64 * 100.0 / written as f64
    );
    println!("lines of logs on the screen: {shown}; CPU of the screens: {:.1} % of a core", face * per_core);
    println!(
        "memory of the engine: {:.0} MB, at most {:.0} MB; load {}",
        memory.resident,
        memory.peak,
        process::load()
    );
    // Somebody reads them: back a hundred pages, to the first line, to the last.
    for keys in ["\u{1b}[5~".repeat(100), "g".to_owned(), "\u{1b}[6~".repeat(100), "G".to_owned()] {
        screen.type_in(&keys);
        screen.settle(Duration::from_secs(1));
    }
    assert!(screen.lines().iter().any(|l| l.contains("work number")), "no lines are on the screen");
    let face = Memory::of(screen.pid());
    println!("{written} lines behind the screens: {face}");
    verdict("memory of the screens at most", face.peak, 40.0, "MB");
    verdict("CPU of the engine", engine * per_core, 100.0, "% of a core");
    let _ = fs::remove_dir(PLACE);
}
