//! Nodes and wires for tests: network namespaces, joined by bridges in a namespace of their own.
//!
//! Self-contained, as `ssh/testing.rs`: benches take this file in with `#[path]`. Every name begins with `cpp` and the process
//! id; everything is removed when the value is dropped, after a panic too, and what a killed process left is removed by the next.
//! Nothing of the machine's own network is touched but one link, `cpp…m`, through which SSH reaches the nodes.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unused_self,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub struct Wires {
    /// Which of the networks of 198.18.0.0/15 is its own, and the lock that keeps it so.
    place: u16,
    _turn: File,
    prefix: String,
    namespaces: Vec<String>,
    /// `ip -batch` lines not yet run.
    batch: String,
    ports: usize,
}

/// Why there can be no namespaces here; none: there can.
pub fn impossible() -> Option<String> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout != b"0\n" {
        return Some("network namespaces need root".into());
    }
    let name = format!("cpp{}x", std::process::id());
    let made = Command::new("ip").args(["netns", "add", &name]).output();
    Command::new("ip").args(["netns", "del", &name]).output().ok();
    match made {
        Ok(out) if out.status.success() => None,
        Ok(out) => Some(format!("no network namespaces: {}", String::from_utf8_lossy(&out.stderr).trim())),
        Err(e) => Some(format!("no ip command: {e}")),
    }
}

fn run(command: &mut Command) -> Output {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

/// Removes what processes left that are no more.
fn sweep() {
    let list = Command::new("ip").args(["netns", "list"]).output().unwrap();
    for name in String::from_utf8_lossy(&list.stdout).lines().filter_map(|l| l.split(' ').next()) {
        let Some(rest) = name.strip_prefix("cpp") else { continue };
        let pid: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if !pid.is_empty() && !PathBuf::from(format!("/proc/{pid}")).exists() {
            Command::new("ip").args(["netns", "del", name]).output().ok();
        }
    }
}

/// A number from 0 to 511 that no other process uses for its network, as long as the file is open.
fn place() -> (u16, File) {
    let from = u16::try_from(std::process::id() % 512).unwrap();
    for place in (0..512).map(|n| (from + n) % 512) {
        let path = std::env::temp_dir().join(format!("cpmg-wires-{place}.lock"));
        let file = File::create(path).expect("a file for a lock");
        if file.try_lock().is_ok() {
            return (place, file);
        }
    }
    panic!("512 processes use networks of 198.18.0.0/15");
}

impl Wires {
    /// A switch namespace with the bridge `ssh`, for SSH: this machine has its first address.
    pub fn new() -> Self {
        sweep();
        let prefix = format!("cpp{}", std::process::id());
        let (place, turn) = place();
        let mut wires =
            Self { place, _turn: turn, prefix, namespaces: Vec::new(), batch: String::new(), ports: 0 };
        wires.add("s");
        wires.bridge("ssh");
        let (switch, link) = (wires.name("s"), format!("{}m", wires.prefix));
        wires.line(&format!("link add name {link} type veth peer name uplink netns {switch}"));
        wires.line(&format!("addr add {}/24 dev {link}", wires.ssh_address(0)));
        wires.line(&format!("link set {link} up"));
        wires.ready();
        wires.ip("s", "link set uplink master ssh up");
        wires
    }

    /// Of node `n` on the network for SSH; 0 is this machine.
    pub fn ssh_address(&self, n: u8) -> Ipv4Addr {
        // 198.18.0.0/15 is for benchmarks of networks.
        let [high, low] = self.place.to_be_bytes();
        Ipv4Addr::new(198, 18 + high, low, n + 1)
    }

    /// Name of a namespace.
    pub fn name(&self, node: &str) -> String {
        format!("{}{node}", self.prefix)
    }

    fn add(&mut self, node: &str) {
        let name = self.name(node);
        run(Command::new("ip").args(["netns", "add", &name]));
        self.namespaces.push(name);
    }

    fn line(&mut self, line: &str) {
        writeln!(self.batch, "{line}").unwrap();
    }

    /// A bridge without spanning tree: open at once.
    pub fn bridge(&mut self, bridge: &str) {
        self.ip("s", &format!("link add name {bridge} type bridge mcast_snooping 0"));
        self.ip("s", &format!("link set {bridge} up"));
    }

    /// A node: a namespace, reached by SSH at `ssh_address(n)` on its NIC `mgmt`.
    pub fn node(&mut self, node: &str, n: u8) {
        self.add(node);
        self.nic(node, "mgmt", "ssh");
        let name = self.name(node);
        let address = self.ssh_address(n);
        self.ready();
        let lines = format!("link set lo up\nlink set mgmt up\naddr add {address}/24 dev mgmt\n");
        self.batch_in(&name, &lines);
    }

    /// A NIC that is down, with its cable in `bridge`; the bridge's end is `NODE-NIC`.
    pub fn nic(&mut self, node: &str, nic: &str, bridge: &str) {
        let (name, switch) = (self.name(node), self.name("s"));
        self.line(&format!(
            "link add name {nic} netns {name} type veth peer name {node}-{nic} netns {switch}"
        ));
        self.ports += 1;
        self.ready();
        self.batch_in(&switch, &format!("link set {node}-{nic} master {bridge} up\n"));
    }

    /// Several NICs with addresses, up, in few commands: NIC, bridge, address with prefix length.
    pub fn nics(&mut self, node: &str, nics: &[(String, &str, String)]) {
        let (name, switch) = (self.name(node), self.name("s"));
        let (mut inside, mut outside) = (String::new(), String::new());
        for (nic, bridge, address) in nics {
            self.line(&format!(
                "link add name {nic} netns {name} type veth peer name {node}-{nic} netns {switch}"
            ));
            writeln!(outside, "link set {node}-{nic} master {bridge} up").unwrap();
            writeln!(inside, "addr add {address} dev {nic}\nlink set {nic} up").unwrap();
        }
        self.ready();
        self.batch_in(&switch, &outside);
        self.batch_in(&name, &inside);
    }

    fn ready(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        feed(Command::new("ip").args(["-batch", "-"]), &batch);
    }

    fn batch_in(&self, namespace: &str, lines: &str) {
        feed(Command::new("ip").args(["-n", namespace, "-batch", "-"]), lines);
    }

    /// `ip ARGS` in a namespace; what it prints.
    pub fn ip(&self, node: &str, args: &str) -> String {
        let out = run(Command::new("ip").args(["-n", &self.name(node)]).args(args.split(' ')));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// A command in a namespace.
    pub fn exec(&self, node: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(node)]);
        command
    }

    /// Drops what this rule of a bridge's forward chain matches, as `iifname "a-eth1" vlan id 100`.
    pub fn drop_frames(&self, rule: &str) {
        let table = "add table bridge t\nadd chain bridge t c { type filter hook forward priority 0; }";
        feed(self.exec("s").args(["nft", "-f", "-"]), &format!("{table}\nadd rule bridge t c {rule} drop\n"));
    }
}

fn feed(command: &mut Command, lines: &str) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{command:?}: {lines}: {}", String::from_utf8_lossy(&out.stderr));
}

impl Default for Wires {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        for name in self.namespaces.iter().rev() {
            Command::new("ip").args(["netns", "del", name]).output().ok();
        }
        Command::new("ip").args(["link", "del", &format!("{}m", self.prefix)]).output().ok();
    }
}
