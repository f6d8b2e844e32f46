//! Four nodes on four bridges, a gateway with a package repository, and a namespace for strangers.
//!
//! A node is a network namespace with an sshd of its own, whose sessions have some files of their own in `/etc`. Its NICs: `mgmt` (SSH), `eth1` (public),
//! `eth2` (cluster), `eth3` (br-vlan). The machine's kernel has no VLAN filtering in bridges: a trunk that lacks a VLAN is made with an
//! nft filter of the bridge's ports, which looks the same from the nodes.

use crate::site::{PASSWORD, Site};
use crate::sshd::{Options, Sshd};
use crate::wires::Wires;
use cpmg::api::{Client, Request, Response, socket_path};
use cpmg::domain::ids::{EnvId, Revision};
use cpmg::domain::netplan::{Net, NetworkPlan, Tag, Wire};
use cpmg::domain::secret::Secret;
use serde_json::Value;
use std::io::BufRead;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process in a namespace, ended with the value.
pub struct Running(Child);

impl Running {
    /// Starts a Perl program and waits until it says that it listens.
    pub fn perl(wires: &Wires, node: &str, program: &str, args: &[&str]) -> Self {
        let mut command = wires.exec(node);
        command.args(["perl", "-e", program]).args(args).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Says 200 to everything on port 80.
const REPOSITORY: &str = r#"
    socket my $s, 2, 1, 6 or die; setsockopt $s, 1, 2, pack 'i', 1;
    bind $s, pack 'S n a4 x8', 2, 80, "\0\0\0\0" or die; listen $s, 64 or die;
    $| = 1; print "listening\n";
    while (accept my $c, $s) { sysread $c, my $b, 4096; syswrite $c, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"; close $c }"#;

/// Offers an address to whoever asks.
pub const DHCP: &str = r#"
    my ($nic, $own) = @ARGV;
    socket my $s, 2, 2, 17 or die; setsockopt $s, 1, 6, pack 'i', 1; setsockopt $s, 1, 25, "$nic\0";
    bind $s, pack 'S n a4 x8', 2, 67, "\0\0\0\0" or die;
    $| = 1; print "listening\n";
    while (defined recv $s, my $b, 1500, 0) {
        my $o = "\x02" . substr($b, 1, 15) . pack('C4', 10, 9, 1, 177) . substr($b, 20, 220);
        $o .= pack 'C*', 53, 1, 2, 54, 4, split(/\./, $own), 51, 4, 0, 0, 1, 0, 255;
        send $s, $o, 0, pack 'S n a4 x8', 2, 68, "\xff\xff\xff\xff";
    }"#;

/// Holds a TCP port.
pub const HOLD: &str = r#"
    socket my $s, 2, 1, 6 or die; setsockopt $s, 1, 2, pack 'i', 1;
    bind $s, pack 'S n a4 x8', 2, $ARGV[0], "\0\0\0\0" or die; listen $s, 4 or die;
    $| = 1; print "listening\n"; sleep 1000"#;

pub const NODES: [&str; 4] = ["n1", "n2", "n3", "n4"];

pub struct Rack {
    pub site: Site,
    pub wires: Wires,
    sshd: Vec<Sshd>,
    repository: Option<Running>,
    folder: tempfile::TempDir,
}

impl Rack {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut wires = Wires::new();
        for bridge in ["pub", "clu", "vlan"] {
            wires.bridge(bridge);
        }
        for (n, node) in (1..).zip(NODES) {
            wires.node(node, n);
            let address = |net: u8| format!("10.9.{net}.{}/24", 10 + n);
            wires.nics(node, &[("eth1".into(), "pub", address(1)), ("eth2".into(), "clu", address(2))]);
            wires.nic(node, "eth3", "vlan");
            wires.ip(node, "route add default via 10.9.1.1");
            put(
                &folder.path().join(node).join("apt/sources.list"),
                "deb http://deb.cpw.test/debian stable main\n",
            );
            put(&folder.path().join(node).join("hosts"), HOSTS);
            put(
                &folder.path().join(node).join("resolv.conf"),
                "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
            );
        }
        for (n, other) in [(20, "gw"), (21, "x")] {
            wires.node(other, n);
        }
        wires.nics("gw", &[("eth1".into(), "pub", "10.9.1.1/24".into())]);
        wires.nic("x", "eth1", "pub");
        wires.nic("x", "eth2", "clu");
        let mut rack = Self { site: Site::new(), wires, sshd: Vec::new(), repository: None, folder };
        rack.repository = Some(Running::perl(&rack.wires, "gw", REPOSITORY, &[]));
        rack.site.ok(&["env", "add", "prod"]);
        for (n, node) in (1..).zip(NODES) {
            let address = rack.wires.ssh_address(n);
            let netns = Some(rack.wires.name(node));
            let config = vec![rack.session(node)];
            let sshd = Sshd::with(Options { address, port: 22, netns, config, ..Options::default() });
            let key = sshd.folder().join("client").display().to_string();
            let address = address.to_string();
            rack.site.ok(&["node", "add", "prod", &address, "--name", node, "--key", &key]);
            rack.site.ok(&["node", "trust", node, "--accept-new"]);
            rack.site.ok(&["node", "role", node, "controller"]);
            rack.sshd.push(sshd);
        }
        rack
    }

    /// What a node runs for each session: with an `/etc/apt`, `hosts` and `resolv.conf` of its own (a mount namespace). Where its file
    /// `clock` holds an offset, it has no Perl, and its Python sees a clock that is off by that much: only this one process is told
    /// another time, by faketime (which Perl's program, asking the kernel itself, would not hear of). The machine's own clock is
    /// never touched.
    fn session(&self, node: &str) -> String {
        let place = self.folder.path().join(node);
        let python = std::fs::canonicalize("/usr/bin/python3").unwrap();
        std::fs::copy(&python, place.join("python")).unwrap();
        let (at, python) = (place.display(), python.display());
        let faked = format!("#!/bin/sh\nexec faketime -f \"$(cat {at}/clock)\" {at}/python \"$@\"\n");
        let inside = format!(
            "#!/bin/sh\nset -e\nfor name in apt hosts resolv.conf; do mount --bind {at}/$name /etc/$name; done\n\
             if [ -s {at}/clock ]; then mount --bind {at}/none /usr/bin/perl; mount --bind {at}/faked {python}; fi\n\
             exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        let session = format!("#!/bin/sh\nexec unshare -m {at}/inside\n");
        let no_perl = "#!/bin/sh\nexit 127\n".to_owned();
        for (name, text) in [("faked", faked), ("none", no_perl), ("inside", inside), ("session", session)] {
            put(&place.join(name), &text);
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(place.join(name), mode).unwrap();
        }
        format!("ForceCommand {at}/session")
    }

    /// Sets n3's clock off by so much, as faketime writes it; empty: as it is.
    pub fn clock(&self, offset: &str) {
        put(&self.folder.path().join("n3/clock"), offset);
    }

    /// Sets the network plan.
    pub async fn plan(&self) {
        let socket = socket_path(&self.site.data().join("run"));
        let (client, _pushed) = Client::connect(&socket).await.unwrap();
        let login = Request::Login { name: "ada".into(), password: Secret::new(PASSWORD), code: None };
        client.call(login).await.unwrap();
        let net = |last: u8, gateway: Option<&str>| Net {
            cidr: format!("10.9.{last}.0/24").parse().unwrap(),
            range: format!("10.9.{last}.11-10.9.{last}.99").parse().unwrap(),
            gateway: gateway.map(|g| g.parse().unwrap()),
            floating: None,
            vip: Vec::new(),
            vlan: None,
            mtu: None,
            v6: None,
        };
        let mut plan = NetworkPlan::default();
        plan.nets.insert(Tag::Public, net(1, Some("10.9.1.1")));
        plan.nets.insert(Tag::Cluster, net(2, None));
        plan.wires.insert(Tag::BrVlan, Wire::default());
        plan.vlans = "100-103,300".parse().unwrap();
        for (tag, nic) in [(Tag::Public, "eth1"), (Tag::Cluster, "eth2"), (Tag::BrVlan, "eth3")] {
            plan.patterns.insert(tag, nic.parse().unwrap());
        }
        let nodes = self.site.json(&["node", "list", "prod"]);
        let nodes = nodes.as_array().unwrap().iter().map(|n| n["id"].as_u64().unwrap());
        for (id, n) in nodes.zip(11_u8..) {
            let of = |net: u8| std::net::Ipv4Addr::new(10, 9, net, n);
            let mine = [(Tag::Public, of(1)), (Tag::Cluster, of(2))].into();
            plan.addresses.insert(cpmg::domain::ids::NodeId(id), mine);
        }
        let env = EnvId(self.site.json(&["env", "show", "prod"])["env"]["id"].as_u64().unwrap_or(1));
        let set = Request::NetSet { env, based_on: Revision(0), plan: Box::new(plan) };
        match client.call(set).await.unwrap() {
            Response::Net(view) => {
                assert!(view.resolved.faults.iter().all(|f| f.node.is_none()), "{:?}", view.resolved.faults);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Checks, and gives the findings as `CAUSE NODE NIC SUBJECT`, with the exit code.
    pub fn check(&self, more: &[&str]) -> (i32, Vec<String>, Value) {
        let ended = self.site.run(&[&["check", "run", "prod", "--json"], more].concat());
        let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let findings = report["report"]["findings"].as_array().unwrap();
        let told = findings.iter().map(|f| {
            let subject = f["args"]["subject"].as_str().map(|s| format!(" {s}")).unwrap_or_default();
            format!("{} {} {}{subject}", text(&f["cause"]), text(&f["node_name"]), text(&f["nic"]))
        });
        (ended.code, told.collect(), report)
    }

    /// `ip ARGS` where the bridges are.
    pub fn switch(&self, args: &str) {
        self.wires.ip("s", args);
    }

    /// Forgets who had which MAC address. While a NIC was on the wrong bridge, other NICs of its peers answered it there (Linux answers
    /// for all its addresses on all its NICs), and for up to a minute after it is back it would still send to those.
    pub fn forget_neighbours(&self) {
        for node in NODES {
            self.wires.ip(node, "neigh flush all");
        }
    }

    /// Takes all filters away.
    pub fn no_filters(&self) {
        let mut nft = self.wires.exec("s");
        assert!(nft.args(["nft", "delete", "table", "bridge", "t"]).status().unwrap().success());
    }

    /// Writes a file of a node's `/etc` anew.
    pub fn file(&self, node: &str, name: &str, text: &str) {
        put(&self.folder.path().join(node).join(name), text);
    }

    /// What `ip -d link` tells of a NIC.
    pub fn link(&self, node: &str, nic: &str) -> String {
        self.wires.ip(node, &format!("-d link show dev {nic}"))
    }
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub const HOSTS: &str = "127.0.0.1 localhost\n10.9.1.1 deb.cpw.test\n";

/// Why this cannot be tried here.
pub fn impossible() -> Option<String> {
    let has = |name: &str| {
        Command::new("sh")
            .args(["-c", &format!("command -v {name}")])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    crate::wires::impossible().or_else(|| {
        ["perl", "/usr/bin/python3", "nft", "faketime", "/usr/sbin/sshd"]
            .into_iter()
            .find(|p| !has(p))
            .map(|p| format!("{p} is missing"))
    })
}
