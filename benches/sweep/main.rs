//! A sweep of a /16 of loopback addresses with 200 real SSH servers among them, through a real engine and its command line.
//!
//! `cargo bench --bench sweep` asks addresses that refuse at once; `cargo bench --bench sweep -- --silent` (root, nft) does the same in
//! a network namespace of its own in which all others drop what is sent to them. Prints time and memory with their bounds; fails when
//! an address is missed or invented.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench"
)]
#![allow(dead_code, reason = "the support is shared")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::process::{Memory, load};
use support::site::Site;
use support::verdict;

/// Port of all servers.
const PORT: u16 = 2222;
/// Servers.
const FOUND: u32 = 200;
/// Addresses that one sshd listens on: it takes no more.
const EACH: usize = 16;

/// Servers with many addresses each; ended when dropped.
struct Servers(Vec<Child>, tempfile::TempDir);

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The network of this run: addresses that no other process uses.
fn network() -> [u8; 2] {
    [127, 64 + u8::try_from(std::process::id() % 128).unwrap()]
}

fn addresses() -> Vec<Ipv4Addr> {
    let [a, b] = network();
    // Spread over the whole /16, away from its edges.
    (0..FOUND)
        .map(|n| {
            let host = 1 + n * 327 + n % 7;
            Ipv4Addr::new(a, b, u8::try_from(host / 256).unwrap(), u8::try_from(host % 256).unwrap())
        })
        .collect()
}

fn serve(addresses: &[Ipv4Addr]) -> Servers {
    let dir = tempfile::tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let mut servers = Servers(Vec::new(), dir);
    for (n, part) in addresses.chunks(EACH).enumerate() {
        let path = servers.1.path().join(format!("{n}"));
        let key = path.with_extension("key");
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.expect("ssh-keygen").success());
        let mut config = format!(
            "Port {PORT}\nHostKey {}\nPidFile none\nStrictModes no\nUsePAM no\nMaxStartups 500\nLogLevel ERROR\n",
            key.display()
        );
        for address in part {
            let _ = writeln!(config, "ListenAddress {address}");
        }
        std::fs::write(&path, config).unwrap();
        let sshd = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        servers.0.push(sshd.expect("sshd"));
    }
    let began = Instant::now();
    for address in addresses {
        while std::net::TcpStream::connect((*address, PORT)).is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "sshd does not listen at {address}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    servers
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_cpmg"))
}

/// In this namespace everything but the servers drops what is sent to it.
fn drop_the_others(addresses: &[Ipv4Addr]) {
    let run = |program: &str, args: &[&str]| {
        let done = Command::new(program).args(args).status().expect(program);
        assert!(done.success(), "{program} {args:?}");
    };
    let [a, b] = network();
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let rules = format!(
        "table ip sweep {{\nchain in {{\ntype filter hook input priority 0;\nip daddr {{ {} }} accept\n\
         ip daddr {a}.{b}.0.0/16 tcp dport {PORT} drop\n}}\n}}\n",
        all.join(", ")
    );
    let path = std::env::temp_dir().join(format!("sweep-{}.nft", std::process::id()));
    std::fs::write(&path, rules).unwrap();
    run("nft", &["-f", path.to_str().unwrap()]);
    let _ = std::fs::remove_file(path);
}

fn measure(what: &str) {
    let addresses = addresses();
    let _servers = serve(&addresses);
    if what == "silent" {
        drop_the_others(&addresses);
    }
    let site = Site::new(program());
    site.ok(&["env", "add", "net"], "");
    let before = Memory::of(site.engine());
    let [a, b] = network();
    let began = Instant::now();
    let port = PORT.to_string();
    let answer = site.json(&["sweep", "start", "net", &format!("{a}.{b}.0.0/16"), "--port", &port]);
    let took = began.elapsed().as_secs_f64();
    let memory = Memory::of(site.engine());
    let found: BTreeSet<Ipv4Addr> = answer["found"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["ssh"] == true)
        .map(|f| f["address"].as_str().unwrap().parse().unwrap())
        .collect();
    let expected: BTreeSet<Ipv4Addr> = addresses.iter().copied().collect();
    let asked = answer["sweep"]["done"].as_u64().unwrap();
    let keys = answer["found"].as_array().unwrap().iter().filter(|f| f["host_key"].is_string()).count();
    println!("the other addresses: {what}; load of the machine {}", load());
    println!(
        "asked {asked}, SSH at {}, missed {}, invented {}, host keys {keys}, not asked {}",
        found.len(),
        expected.difference(&found).count(),
        found.difference(&expected).count(),
        answer["sweep"]["unasked"]
    );
    verdict("time from the command to its answer", took, 60.0, "s");
    verdict("engine's memory at its peak, resident", memory.peak, 100.0, "MB");
    println!("engine's memory before {:.1} MB, after {:.1} MB", before.resident, memory.resident);
    assert_eq!((found, answer["sweep"]["unasked"].as_u64()), (expected, Some(0)));
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| args.iter().any(|a| a == word);
    if has("--inside") {
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        assert!(up.expect("ip").success());
        return measure("silent");
    }
    if has("--silent") {
        let own = std::env::current_exe().unwrap();
        assert!(Path::new(&own).exists());
        let done = Command::new("unshare").args(["-n", "--"]).arg(own).arg("--inside").status();
        assert!(done.expect("unshare").success());
        return;
    }
    measure("refusing");
}
