//! The fleet bench: the same small steps on many nodes, by cpmg and by others, as ratios of one run.
//!
//! Nodes are real OpenSSH servers on loopback addresses, one process and one host key each; client and nodes share this
//! machine, so that "wall" contains the nodes' own work. A step has three lines (two of output, one that writes a file);
//! afterwards every file of every step on every node is counted, so that nobody wins by not working. Each contender is a
//! process of its own: its CPU time is that process and everything it waited for.
//!
//! `run` beside this file fetches the others and starts the bench; `cargo bench --bench fleet` alone takes what is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench"
)]

#[path = "../../src/ssh/testing.rs"]
mod testing;
mod tools;
mod work;

use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use testing::{Options, Sshd, keygen, own_address, own_user, public};

const PORT: u16 = 2222;

/// What a contender gets to know.
#[derive(Serialize, Deserialize)]
pub struct Field {
    pub nodes: Vec<NodeSpec>,
    pub port: u16,
    pub user: String,
    pub key: PathBuf,
    pub steps: usize,
    /// The folder for the contender's own files.
    pub scratch: PathBuf,
}

#[derive(Serialize, Deserialize)]
pub struct NodeSpec {
    pub address: Ipv4Addr,
    pub host_key: String,
    /// Where the node's steps write.
    pub folder: PathBuf,
}

/// The three lines of step `k`; `$DIR` is the node's folder.
pub fn lines(k: usize) -> String {
    format!("echo \"step {k} begins\"\nprintf '{k}\\n' >\"$DIR/{k}\"\necho \"step {k} ends\"\n")
}

struct Figures {
    wall: f64,
    client: f64,
}

struct Args {
    nodes: usize,
    steps: usize,
    rounds: usize,
    only: Vec<String>,
    check: bool,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, contender, field] = args.as_slice()
        && word == "--work"
    {
        return work::run(contender, Path::new(field));
    }
    let get = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let number = |name: &str, usual| get(name).map_or(usual, |v| v.parse().expect("a number"));
    let args = Args {
        nodes: number("--nodes", 50),
        steps: number("--steps", 30),
        rounds: number("--rounds", 3),
        only: get("--only").map(|o| o.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        check: args.iter().any(|a| a == "--check"),
    };
    assert!((1..=200).contains(&args.nodes), "1 to 200 nodes");
    bench(&args);
}

fn bench(args: &Args) {
    let scratch = tempfile::tempdir().unwrap();
    let key = keygen(scratch.path(), "key", "ed25519", "");
    let [a, b, c, _] = own_address().octets();
    println!("starting {} OpenSSH servers", args.nodes);
    let fleet: Vec<Sshd> = (0..args.nodes)
        .map(|i| {
            let address = Ipv4Addr::new(a, b, c, u8::try_from(20 + i).unwrap());
            // Keeps bash from sourcing this machine's .bashrc for every command: no node's business.
            let config = vec!["SetEnv SHLVL=2".to_owned()];
            let sshd = Sshd::with(Options { address, port: PORT, config, ..Options::default() });
            sshd.authorize(&public(&key));
            sshd
        })
        .collect();
    let mut contenders: Vec<(&str, Option<tools::Tool>)> = vec![("cpmg", None), ("bare russh", None)];
    for tool in tools::ALL {
        match tools::find(tool) {
            Some(found) => contenders.push((tool, Some(found))),
            None => println!("{tool}: not installed, left out (benches/fleet/run fetches it)"),
        }
    }
    contenders.retain(|(name, _)| args.only.is_empty() || args.only.iter().any(|o| o == name));
    let mut all: Vec<Vec<Figures>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..args.rounds {
        for ((name, tool), figures) in contenders.iter().zip(&mut all) {
            // Minutes long, and far from any limit: once is enough.
            if *name == "ansible" && round > 0 {
                continue;
            }
            let place = scratch.path().join(format!("{}-{round}", name.replace(' ', "-")));
            let one = race(name, tool.as_ref(), args, &fleet, &key, &place);
            println!("  round {} {name}: {:.2} s", round + 1, one.wall);
            figures.push(one);
        }
    }
    let table: Vec<(&str, Figures)> =
        contenders.iter().zip(&all).map(|((name, _), rounds)| (*name, median(rounds))).collect();
    report(args, &table);
}

/// One contender, once.
fn race(
    name: &str,
    tool: Option<&tools::Tool>,
    args: &Args,
    fleet: &[Sshd],
    key: &Path,
    place: &Path,
) -> Figures {
    std::fs::create_dir_all(place).unwrap();
    let nodes = fleet.iter().map(|sshd| NodeSpec {
        address: sshd.address,
        host_key: sshd.host_key("ed25519"),
        folder: place.join(format!("node-{}", sshd.address)),
    });
    let field = Field {
        nodes: nodes.collect(),
        port: PORT,
        user: own_user(),
        key: key.to_owned(),
        steps: args.steps,
        scratch: place.join("files"),
    };
    std::fs::create_dir_all(&field.scratch).unwrap();
    for node in &field.nodes {
        std::fs::create_dir_all(&node.folder).unwrap();
    }
    let mut command = if let Some(tool) = tool {
        tool.command(&field)
    } else {
        let path = field.scratch.join("field.json");
        std::fs::write(&path, serde_json::to_vec(&field).unwrap()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--work").arg(name).arg(path);
        command
    };
    let log = std::fs::File::create(field.scratch.join("log")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let client_before = cpu("self", true) - cpu("self", false);
    let start = Instant::now();
    let status = command.status().unwrap();
    let wall = start.elapsed().as_secs_f64();
    let client = cpu("self", true) - cpu("self", false) - client_before;
    let written: usize = field.nodes.iter().map(|n| std::fs::read_dir(&n.folder).unwrap().count()).sum();
    if !status.success() || written != args.nodes * args.steps {
        let log = std::fs::read_to_string(field.scratch.join("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(15).collect();
        panic!(
            "{name}: {status}, {written} files; {}",
            tail.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
    }
    Figures { wall, client }
}

/// CPU seconds of a process, and of what it waited for.
fn cpu(pid: &str, with_children: bool) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|f| f.parse().unwrap())
        .collect();
    let ticks: u64 = fields.iter().take(if with_children { 4 } else { 2 }).sum();
    ticks as f64 / 100.0
}

fn median(rounds: &[Figures]) -> Figures {
    let middle = |pick: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Figures { wall: middle(|f| f.wall), client: middle(|f| f.client) }
}

fn report(args: &Args, table: &[(&str, Figures)]) {
    println!(
        "\n{} nodes, {} steps each, median of {} rounds (ansible: 1)",
        args.nodes, args.steps, args.rounds
    );
    println!("{:<14} {:>9} {:>12}   wall, client CPU as multiples of cpmg's", "", "wall s", "client CPU s");
    let Some((_, cpmg)) = table.iter().find(|(n, _)| *n == "cpmg") else { return };
    for (name, f) in table {
        let (wall, client) = (f.wall / cpmg.wall, f.client / cpmg.client.max(0.01));
        println!("{name:<14} {:>9.2} {:>12.2}   {wall:.2}, {client:.2}", f.wall, f.client);
    }
    let mut good = true;
    let mut demand = |what: &str, met: bool| {
        println!("{} {what}", if met { "met:    " } else { "NOT MET:" });
        good &= met;
    };
    for (name, f) in table {
        match *name {
            "bare russh" => demand("at most 2.5 times the wall of bare russh", cpmg.wall <= 2.5 * f.wall),
            "ansible" => {
                demand("20 times less wall than ansible with pipelining", 20.0 * cpmg.wall <= f.wall);
            }
            "pyinfra" | "parallel-ssh" => {
                let less = cpmg.wall < f.wall && cpmg.client < f.client;
                demand(&format!("less wall and less client CPU than {name}"), less);
            }
            _ => {}
        }
    }
    if args.check && !good {
        std::process::exit(1);
    }
}
