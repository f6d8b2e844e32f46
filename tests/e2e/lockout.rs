//! Changes of a node's network: one that cuts our own connection comes back by itself, a good one stays until it is undone.

use super::support::{Cpmg, Lab, last_words, wait_until};
use cpmg::api::message::NetView;
use cpmg::api::{Client, Request, Response, socket_path};
use cpmg::domain::ids::{EnvId, NodeId, Revision};
use cpmg::domain::netplan::{Net, Net6, NetworkPlan, Tag, Wire};
use cpmg::domain::secret::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What sets the network of a node.
#[derive(Clone, Copy)]
enum Writer {
    Ifupdown,
    Netplan,
}

impl Writer {
    /// Its package.
    fn package(self) -> &'static str {
        match self {
            Self::Ifupdown => "ifupdown",
            Self::Netplan => "netplan.io",
        }
    }

    /// Makes the node as an installer leaves it that uses this.
    fn dress(self, lab: &Lab) {
        let install = format!(
            "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {} >/dev/null",
            self.package()
        );
        lab.exec("ctl1", &install);
        lab.exec("ctl1", match self {
            Self::Ifupdown => "mkdir -p /run/network; printf 'auto lo\\niface lo inet loopback\\n\\nauto clus0\\niface clus0 inet manual\\n    # ours\\n' >/etc/network/interfaces; ifup --force lo clus0",
            Self::Netplan => include_str!("netplan.sh"),
        });
    }
}

/// A platform with nothing but the network, whose changes are taken back after `seconds`.
fn platform(roles: &Path, seconds: u32, writer: &str, package: &str) {
    let dir = roles.join("platforms");
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "name = \"debian-12-wires\"\ntitle = {{ en = \"Wires\", zh-CN = \"网线\" }}\nos = {{ id = \"debian\", version = \"12\" }}\n\
         release = \"wires\"\nmodules = [\"network\"]\n[module.network]\nNETWORK_WRITER = \"{writer}\"\nPACKAGES = \"{package}\"\n\
         NETWORK_LIMIT = \"{seconds}\"\n"
    );
    std::fs::write(dir.join("debian-12-wires.toml"), text).unwrap();
}

/// What the node's network is: the running one, and its files with content, mode, owner and time of change.
const NETWORK: &str = "ip -o -4 address | sed 's/ *\\\\ .*//'; ip -4 route; ip -o link | sed 's/qdisc [a-z_]* //; s/@if[0-9]*//'; cat /run/network/ifstate 2>/dev/null; \
    cat /run/systemd/network/* 2>/dev/null; \
    find /etc/network /etc/netplan /etc/systemd/system -printf '%p %M %U:%G %l\\n' -type f -printf '%TY-%Tm-%Td %TT ' -exec sha256sum {} + 2>/dev/null || :";

struct Site {
    lab: Lab,
    cpmg: Cpmg,
    env: EnvId,
    node: NodeId,
}

impl Site {
    fn new(instance: &str, seconds: u32) -> Self {
        Self::with(instance, seconds, Writer::Ifupdown, "ifupdown")
    }

    /// On a node whose network is set by `writer`, with a platform that names `told`.
    fn with(instance: &str, seconds: u32, writer: Writer, told: &str) -> Self {
        let lab = match writer {
            Writer::Ifupdown => Lab::up(instance, &["ctl1"]),
            // Its packages are unpacked once for all runs.
            Writer::Netplan => Lab::up_with(instance, &["ctl1"], &[writer.package()]),
        };
        let cpmg = Cpmg::new();
        platform(&cpmg.own_roles(), seconds, told, writer.package());
        writer.dress(&lab);
        cpmg.ok(&["env", "add", "wires", "--platform", "debian-12-wires"]);
        cpmg.adopt(&lab, "wires", "ctl1", &["controller"]);
        let id = |v: Value| v["id"].as_u64().unwrap();
        let env = EnvId(id(cpmg.json(&["env", "show", "wires"])["environment"]["env"].clone()));
        let node = NodeId(id(cpmg.json(&["node", "show", "ctl1"])));
        Self { lab, cpmg, env, node }
    }

    fn network(&self) -> String {
        self.lab.exec("ctl1", NETWORK)
    }

    /// Asks the engine over its socket, as a screen does.
    fn ask(&self, request: Request) -> Response {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (client, _pushed) =
                Client::connect(&socket_path(&self.cpmg.data().join("run"))).await.unwrap();
            let login =
                Request::Login { name: "ada".into(), password: Secret::new("correct horse"), code: None };
            client.call(login).await.unwrap();
            client.call(request).await.unwrap()
        })
    }

    fn set(&self, based_on: Revision, plan: NetworkPlan) -> NetView {
        match self.ask(Request::NetSet { env: self.env, based_on, plan: Box::new(plan) }) {
            Response::Net(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    /// The cluster network on a NIC of the node.
    fn plan(&self, nic: &str, cidr: &str, range: &str) -> NetworkPlan {
        let net = Net {
            cidr: cidr.parse().unwrap(),
            range: range.parse().unwrap(),
            gateway: None,
            floating: None,
            vip: Vec::new(),
            vlan: None,
            mtu: None,
            v6: None,
        };
        let nics = BTreeMap::from([(Tag::Cluster, nic.parse().unwrap())]);
        NetworkPlan {
            nets: BTreeMap::from([(Tag::Cluster, net)]),
            nics: BTreeMap::from([(self.node, nics)]),
            ..NetworkPlan::default()
        }
    }

    fn job(&self) -> String {
        self.cpmg.json(&["job", "list", "wires"]).as_array().unwrap().last().unwrap()["id"].to_string()
    }

    fn over(&self, job: &str) -> Value {
        let show = || self.cpmg.json(&["job", "show", job]);
        wait_until("the job is over", || show()["job"]["ended"].is_u64());
        show()
    }
}

#[test]
#[ignore = "needs root and the lab"]
fn a_change_that_locks_us_out_comes_back_by_itself() {
    let site = Site::new("lockout", 25);
    let before = site.network();
    let address = site.lab.address("ctl1");
    // Another address on the very NIC over which cpmg reaches the node: refused, until somebody says that he knows.
    let mut plan = site.plan("host0", "10.99.99.0/24", "10.99.99.10-10.99.99.20");
    let view = site.set(Revision(0), plan.clone());
    let refused =
        site.cpmg.run_with(&["install", "wires", "--over-failed-checks", "a test of the network step"], "");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains(&address), "{told}");
    assert_eq!(site.network(), before);
    plan.confirmed = view.resolved.lock_outs.clone();
    assert_eq!(plan.confirmed.len(), 1, "{view:?}");
    site.set(view.plan.revision, plan);

    site.cpmg.ok(&["install", "wires", "--over-failed-checks", "a test of the network step"]);
    let job = site.job();
    wait_until("the node has the wrong address", || site.network().contains("host0    inet 10.99.99."));
    assert!(!site.network().contains(&address), "our own connection is cut");
    // A node that is cut off is found by nobody until its own timer mends it.
    let shown = site.over(&job);
    assert_eq!(shown["nodes"][0]["state"], "failed", "{shown}");
    let out = site.cpmg.run_with(&["job", "output", &job, "ctl1", "network/confirm"], "");
    let output = String::from_utf8_lossy(&out.stdout).into_owned();
    println!("{}", last_words(&output, 20));
    assert!(
        output.contains("the change of the network was taken back"),
        "the job says in words what happened: {output}"
    );
    assert!(
        output.contains(&format!("did not reach ctl1 at {address} over a new connection within 25 s")),
        "{output}"
    );
    assert_eq!(site.network(), before, "reachable as before, its files byte for byte as before");
    site.cpmg.ok(&["node", "probe", "ctl1"]);
    // The same job tried again sets the network once more before it asks whether the node can be reached.
    site.cpmg.ok(&["job", "retry", &job]);
    wait_until("it is set again", || site.network().contains("host0    inet 10.99.99."));
    site.over(&job);
    assert_eq!(site.network(), before, "and it is taken back again");
    // Nothing is left of it; what the job still has to undo does not harm.
    site.cpmg.ok(&["job", "undo", &job, "--all", "--yes", "--follow"]);
    assert_eq!(site.network(), before);
    assert_eq!(
        site.lab.exec("ctl1", "ls -A /var/lib/cpmg/saved; ls /var/lib/cpmg | grep network || :").trim(),
        ""
    );
    assert_eq!(site.cpmg.json(&["node", "show", "ctl1"])["state"], "ready");
}

#[test]
#[ignore = "needs root and the lab"]
fn a_good_change_stays_until_it_is_undone() {
    let site = Site::new("wires", 60);
    let before = site.network();
    let status: Value = serde_json::from_str(&site.lab.run(&["status", "--json"])).unwrap();
    let cidr = status["cluster_network"].as_str().unwrap().to_owned();
    let net = cidr.strip_suffix("0/24").unwrap();
    let mut plan = site.plan("clus0", &cidr, &format!("{net}100-{net}120"));
    plan.wires.insert(Tag::BrVlan, Wire::default());
    plan.vlans = "100-199".parse().unwrap();
    plan.nics.get_mut(&site.node).unwrap().insert(Tag::BrVlan, "prov0".parse().unwrap());
    let view = site.set(Revision(0), plan);
    let wanted = view.resolved.addresses[&site.node][&Tag::Cluster].to_string();

    // A look changes nothing and says what would be written.
    let dry = site.cpmg.ok(&["install", "wires", "--dry-run", "--follow"]);
    assert!(dry.contains("/etc/network/interfaces.d/cpmg"), "{dry}");
    assert_eq!(site.network(), before);
    let printed =
        site.cpmg.ok(&["install", "wires", "--follow", "--over-failed-checks", "a test of the network step"]);
    println!("{}", last_words(&printed, 20));
    assert!(printed.contains("confirmed: ctl1 was reached over a new connection"), "{printed}");
    let now = site.network();
    assert!(now.contains(&format!("clus0    inet {wanted}/24")), "{now}");
    assert!(now.contains("br-vlan:") && now.contains("master br-vlan"), "{now}");
    assert_eq!(
        site.lab.exec("ctl1", "systemctl list-timers --all | grep -c cpmg || :").trim(),
        "0",
        "no timer is left"
    );
    // It is there after a restart, too, and installing again finds nothing to do.
    site.lab.run(&["reboot", "ctl1"]);
    assert!(site.network().contains(&format!("inet {wanted}/24")), "{}", site.network());
    let again =
        site.cpmg.ok(&["install", "wires", "--follow", "--over-failed-checks", "a test of the network step"]);
    assert!(again.contains("nothing was changed"), "{again}");
    site.cpmg.ok(&["job", "undo", &site.job(), "--all", "--yes", "--follow"]);
    assert_eq!(site.network(), before, "as before");
}

#[test]
#[ignore = "needs root and the lab"]
fn an_address_that_dhcp_gave_becomes_static_with_ipv6_and_names() {
    let site = Site::new("leased", 60);
    let status: Value = serde_json::from_str(&site.lab.run(&["status", "--json"])).unwrap();
    let cidr = status["cluster_network"].as_str().unwrap().to_owned();
    let net = cidr.strip_suffix("0/24").unwrap();
    // As a DHCP client sets it: with an end.
    let leased = format!("{net}57");
    site.lab.exec(
        "ctl1",
        &format!("ip address flush dev clus0; ip address add {leased}/24 dev clus0 valid_lft 3600 preferred_lft 3600"),
    );
    site.cpmg.ok(&["node", "probe", "ctl1"]);
    let listed = site.cpmg.json(&["ip", "list", "wires"]).to_string();
    assert!(listed.contains(&leased) && listed.contains("dhcp"), "recorded: {listed}");
    let before = site.network();
    let names = site.lab.exec("ctl1", "cat /etc/resolv.conf");
    let mut plan = site.plan("clus0", &cidr, &format!("{net}20-{net}80"));
    let cluster = plan.nets.get_mut(&Tag::Cluster).unwrap();
    cluster.v6 = Some(Net6 {
        cidr: "fd00:79::/64".parse().unwrap(),
        range: Some(("fd00:79::20".parse().unwrap(), "fd00:79::ff".parse().unwrap())),
        gateway: None,
    });
    // Whoever serves names today goes on to: packages are looked up by them.
    let server = names.lines().find_map(|l| l.strip_prefix("nameserver ")).unwrap().trim().to_owned();
    plan.names = vec![server.parse().unwrap(), "192.0.2.53".parse().unwrap()];
    let view = site.set(Revision(0), plan);
    assert_eq!(view.resolved.addresses[&site.node][&Tag::Cluster].to_string(), leased);

    site.cpmg.ok(&["install", "wires", "--follow", "--reason", "a test of the network step"]);
    let now = site.lab.exec("ctl1", "ip -o address show dev clus0 scope global; cat /etc/resolv.conf");
    println!("{}", last_words(&now, 20));
    assert!(now.contains(&format!("inet {leased}/24")) && !now.contains("dynamic"), "static now: {now}");
    assert!(now.contains("inet6 fd00:79::45/64"), "as far into its range as .57 is into the other: {now}");
    assert!(now.contains(&format!("nameserver {server}\nnameserver 192.0.2.53\n")), "{now}");
    site.lab.run(&["reboot", "ctl1"]);
    let again = site.lab.exec("ctl1", "ip -o address show dev clus0 scope global");
    assert!(again.contains(&leased) && again.contains("fd00:79::45"), "after a restart, too: {again}");
    // Its facts tell that it is static: DHCP has given it nothing any more.
    site.cpmg.ok(&["node", "probe", "ctl1"]);
    assert!(!site.cpmg.json(&["ip", "list", "wires"]).to_string().contains("\"dhcp\""));
    site.cpmg.ok(&["job", "undo", &site.job(), "--all", "--yes", "--follow"]);
    assert_eq!(site.lab.exec("ctl1", "cat /etc/resolv.conf"), names);
    let after = site.lab.exec("ctl1", "ip -o address show dev clus0 scope global");
    assert!(after.contains(&leased) && !after.contains("fd00:79"), "{after}\n{before}");
}

/// Netplan with systemd-networkd, as on Ubuntu; the platform names it, or another and the step finds out by itself.
#[test]
#[ignore = "needs root and the lab"]
fn netplan_takes_a_lock_out_back_and_keeps_a_good_change_until_it_is_undone() {
    let site = Site::with("netplan", 25, Writer::Netplan, "netplan");
    let before = site.network();
    let address = site.lab.address("ctl1");
    let mut plan = site.plan("host0", "10.99.99.0/24", "10.99.99.10-10.99.99.20");
    let view = site.set(Revision(0), plan.clone());
    plan.confirmed = view.resolved.lock_outs.clone();
    let view = site.set(view.plan.revision, plan);
    site.cpmg.ok(&["install", "wires", "--over-failed-checks", "a test of the network step"]);
    let job = site.job();
    wait_until("the node has the wrong address", || site.network().contains("host0    inet 10.99.99."));
    assert!(!site.network().contains(&format!("inet {address}/")), "our own connection is cut");
    assert_eq!(site.over(&job)["nodes"][0]["state"], "failed");
    let out = site.cpmg.run_with(&["job", "output", &job, "ctl1", "network/confirm"], "");
    let output = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        output.contains(&format!("did not reach ctl1 at {address} over a new connection within 25 s")),
        "{output}"
    );
    assert_eq!(site.network(), before, "reachable as before, its files byte for byte as before");
    site.cpmg.ok(&["node", "probe", "ctl1"]);
    site.cpmg.ok(&["job", "undo", &job, "--all", "--yes", "--follow"]);
    assert_eq!(site.network(), before);

    // A good change: the cluster network's address, a larger packet no NIC here refuses, IPv6, and a bridge.
    let status: Value = serde_json::from_str(&site.lab.run(&["status", "--json"])).unwrap();
    let cidr = status["cluster_network"].as_str().unwrap().to_owned();
    let net = cidr.strip_suffix("0/24").unwrap();
    let mut plan = site.plan("clus0", &cidr, &format!("{net}100-{net}120"));
    let cluster = plan.nets.get_mut(&Tag::Cluster).unwrap();
    cluster.mtu = Some(1400);
    cluster.v6 = Some(Net6 {
        cidr: "fd00:79::/64".parse().unwrap(),
        range: Some(("fd00:79::20".parse().unwrap(), "fd00:79::ff".parse().unwrap())),
        gateway: None,
    });
    plan.wires.insert(Tag::BrVlan, Wire::default());
    plan.vlans = "100-199".parse().unwrap();
    plan.nics.get_mut(&site.node).unwrap().insert(Tag::BrVlan, "prov0".parse().unwrap());
    let view = site.set(view.plan.revision, plan);
    let wanted = view.resolved.addresses[&site.node][&Tag::Cluster].to_string();
    let dry = site.cpmg.ok(&["install", "wires", "--dry-run", "--follow"]);
    assert!(dry.contains("would make /etc/netplan/90-cpmg.yaml, mode 600"), "{dry}");
    assert!(dry.contains("would change /etc/netplan/50-cloud-init.yaml"), "{dry}");
    assert_eq!(site.network(), before, "a look changes nothing");
    let installed = || {
        site.cpmg.ok(&["install", "wires", "--follow", "--over-failed-checks", "a test of the network step"])
    };
    let printed = installed();
    println!("{}", last_words(&printed, 20));
    assert!(printed.contains("the network of ctl1 is set by netplan"), "{printed}");
    assert!(printed.contains("confirmed: ctl1 was reached over a new connection"), "{printed}");
    let as_planned = || {
        let now = site.lab.exec("ctl1", "ip -o address; ip -o link");
        now.contains(&format!("clus0    inet {wanted}/24"))
            && now.contains("clus0    inet6 fd00:79::")
            && !now.contains(&format!("{net}11/24"))
            && now.lines().any(|l| l.contains(": clus0") && l.contains(" mtu 1400 "))
            && now.contains("master br-vlan")
    };
    assert!(as_planned(), "{}", site.network());
    site.lab.run(&["reboot", "ctl1"]);
    wait_until("the node has started with its new network", as_planned);
    let again = installed();
    assert!(again.contains("nothing was changed"), "{again}");
    site.cpmg.ok(&["job", "undo", &site.job(), "--all", "--yes", "--follow"]);
    assert_eq!(site.network(), before, "as before");
}

#[test]
#[ignore = "needs root and the lab"]
fn a_node_that_restarts_before_the_change_is_confirmed_starts_with_what_it_had() {
    // The platform names another writer than the node uses, which the step sees.
    let site = Site::with("restarted", 600, Writer::Netplan, "ifupdown");
    let before = site.network();
    let address = site.lab.address("ctl1");
    let mut plan = site.plan("host0", "10.99.99.0/24", "10.99.99.10-10.99.99.20");
    let view = site.set(Revision(0), plan.clone());
    plan.confirmed = view.resolved.lock_outs.clone();
    site.set(view.plan.revision, plan);
    site.cpmg.ok(&["install", "wires", "--over-failed-checks", "a test of the network step"]);
    let job = site.job();
    wait_until("the node has the wrong address", || site.network().contains("host0    inet 10.99.99."));
    // A step that the restart cuts short tells another story: this one is to be over, though nobody can be told.
    wait_until("the step has ended", || {
        site.lab.exec("ctl1", "cat /var/lib/cpmg/jobs/*/run/network.apply.1/rc || :").contains('0')
    });
    site.lab.run(&["reboot", "ctl1"]);
    wait_until("it is as before", || site.network().contains(&format!("host0    inet {address}/")));
    let shown = site.over(&job);
    assert_eq!(shown["nodes"][0]["state"], "failed", "{shown}");
    let out = site.cpmg.run_with(&["job", "output", &job, "ctl1", "network/confirm"], "");
    let output = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(output.contains("was restarted before the change of its network was confirmed"), "{output}");
    assert_eq!(site.network(), before);
}
