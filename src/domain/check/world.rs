//! A small world of switches and nodes that can be wired wrongly, and what its nodes would tell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::probe::{DhcpOffer, Listener, Mark, NodeProbe, ProbeResult, Program, Task};
use super::*;
use crate::domain::facts::{Facts, Nic};
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::netplan::{NetworkPlan, NodeFacts, Tag, resolve};
use crate::domain::node::{Node, NodeRole, NodeState, Reach};
use crate::domain::time::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// A world that can be wired wrongly. Node 1 … n, with eth0 (management), eth1 (public), eth2 (cluster), eth3 (br-vlan).
#[derive(Clone)]
pub struct World {
    pub n: u64,
    /// The bridge that a NIC is plugged into.
    pub wires: BTreeMap<(u64, &'static str), u32>,
    /// (node, VLAN) that its trunk port drops; `true`: only what comes from the node.
    pub drops: BTreeMap<(u64, u16), bool>,
    /// VLANs that arrive without a tag at a node.
    pub bare: BTreeSet<(u64, u16)>,
    /// Largest packet through a NIC's port.
    pub port_mtu: BTreeMap<(u64, &'static str), u16>,
    pub nic_mtu: BTreeMap<(u64, &'static str), u32>,
    /// Addresses of strangers: bridge, address.
    pub strangers: Vec<(u32, Ipv4Addr)>,
    /// Addresses that a node has besides its own.
    pub extra: Vec<(u64, &'static str, Ipv4Addr)>,
    /// Gateways that answer: bridge, address.
    pub gateways: Vec<(u32, Ipv4Addr)>,
    pub dhcp: Vec<(u32, Ipv4Addr)>,
    /// Nodes whose firewall drops pings on a NIC.
    pub deaf: BTreeSet<(u64, &'static str)>,
    pub offsets: BTreeMap<u64, i64>,
    pub held: BTreeMap<(u64, u16), Listener>,
    pub unresolved: BTreeSet<u64>,
    pub no_repository: BTreeSet<u64>,
    pub down: BTreeSet<u64>,
    pub no_program: BTreeSet<u64>,
    pub states: BTreeMap<u64, NodeState>,
    pub plan: bool,
}

pub const NICS: [&str; 4] = ["eth0", "eth1", "eth2", "eth3"];

pub fn ip(net: u8, node: u64) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, net, u8::try_from(10 + node).unwrap())
}

fn gateway() -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 1, 1)
}

fn mac(node: u64, nic: &str) -> String {
    format!("52:54:00:00:{node:02x}:0{}", &nic[3..])
}

impl World {
    pub fn new(n: u64) -> Self {
        let wires =
            (1..=n).flat_map(|id| NICS.iter().zip(0..).map(move |(nic, b)| ((id, *nic), b))).collect();
        Self {
            n,
            wires,
            drops: BTreeMap::new(),
            bare: BTreeSet::new(),
            port_mtu: BTreeMap::new(),
            nic_mtu: BTreeMap::new(),
            strangers: Vec::new(),
            extra: Vec::new(),
            gateways: vec![(1, gateway())],
            dhcp: Vec::new(),
            deaf: BTreeSet::new(),
            offsets: BTreeMap::new(),
            held: BTreeMap::new(),
            unresolved: BTreeSet::new(),
            no_repository: BTreeSet::new(),
            down: BTreeSet::new(),
            no_program: BTreeSet::new(),
            states: BTreeMap::new(),
            plan: true,
        }
    }

    fn plan(&self) -> NetworkPlan {
        let net = |last: u8, gateway: Option<Ipv4Addr>| crate::domain::netplan::Net {
            cidr: format!("10.9.{last}.0/24").parse().unwrap(),
            range: format!("10.9.{last}.11-200").parse().unwrap(),
            gateway,
            floating: None,
            vip: Vec::new(),
            vlan: None,
            mtu: None,
            v6: None,
        };
        let mut plan = NetworkPlan { revision: Revision(1), ..NetworkPlan::default() };
        if self.plan {
            plan.nets.insert(Tag::Public, net(1, Some(gateway())));
            plan.nets.insert(Tag::Cluster, net(2, None));
            plan.wires.insert(Tag::BrVlan, crate::domain::netplan::Wire::default());
            plan.vlans = "100-103,300".parse().unwrap();
            for (tag, nic) in [(Tag::Public, "eth1"), (Tag::Cluster, "eth2"), (Tag::BrVlan, "eth3")] {
                plan.patterns.insert(tag, nic.parse().unwrap());
            }
            for id in 1..=self.n {
                let mine = BTreeMap::from([(Tag::Public, ip(1, id)), (Tag::Cluster, ip(2, id))]);
                plan.addresses.insert(NodeId(id), mine);
            }
        }
        plan
    }

    fn nodes(&self) -> Vec<Node> {
        (1..=self.n)
            .map(|id| {
                let nic = |name: &&str| {
                    let own = match *name {
                        "eth3" => None,
                        nic => Some(ip(nic[3..].parse().unwrap(), id)),
                    };
                    let extra = self.extra.iter().filter(|(n, nic, _)| *n == id && nic == name).map(|e| e.2);
                    Nic {
                        name: (*name).to_owned(),
                        mac: mac(id, name),
                        carrier: true,
                        mtu: *self.nic_mtu.get(&(id, *name)).unwrap_or(&1500),
                        addresses: own.into_iter().chain(extra).map(|a| format!("{a}/24")).collect(),
                        driver: "virtio_net".into(),
                        speed: Some(10_000),
                        ..Nic::default()
                    }
                };
                let facts = Facts {
                    nics: NICS.iter().map(nic).collect(),
                    gateway: Some(gateway().to_string()),
                    gateway_nic: Some("eth1".into()),
                    ..Facts::default()
                };
                Node {
                    id: NodeId(id),
                    env: EnvId(1),
                    name: format!("n{id}"),
                    address: ip(0, id).try_into().unwrap(),
                    port: 22,
                    user: "root".into(),
                    credential: None,
                    host_key: None,
                    roles: [NodeRole::Controller].into(),
                    state: self.states.get(&id).copied().unwrap_or(NodeState::Ready),
                    reach: Reach::Unknown,
                    jump: None,
                    lock: None,
                    facts: Some(facts),
                    job: None,
                    revision: Revision(1),
                }
            })
            .collect()
    }

    pub fn expected(&self) -> Expected {
        let nodes = self.nodes();
        let ports = [PortNeed { port: 3306, module: "mariadb".into(), units: ["mariadb".to_owned()].into() }];
        let facing: Vec<Facing<'_>> =
            nodes.iter().map(|n| Facing { node: n, facts: n.facts.as_ref(), ports: &ports }).collect();
        let seen: Vec<NodeFacts<'_>> = nodes
            .iter()
            .map(|n| NodeFacts {
                id: n.id,
                name: &n.name,
                address: n.address,
                roles: &n.roles,
                facts: n.facts.as_ref(),
            })
            .collect();
        let plan = self.plan();
        let resolved = resolve(&plan, &seen);
        let mut expected = expect(&facing, Some((&plan, &resolved)), &[]);
        // Whether a plan is good is judged by its own tests; here an address may be there twice on purpose.
        expected.plan_faults = 0;
        expected
    }

    pub fn bridge(&self, node: u64, nic: &'static str) -> u32 {
        self.wires[&(node, nic)]
    }

    fn at(&self, address: Ipv4Addr) -> Vec<(u64, &'static str)> {
        let own = (1..=self.n).flat_map(|id| (0..3).map(move |net| (id, net)));
        let own = own.filter(|(id, net)| ip(*net, *id) == address).map(|(id, net)| (id, NICS[net as usize]));
        own.chain(self.extra.iter().filter(|e| e.2 == address).map(|e| (e.0, e.1))).collect()
    }

    fn marks(&self, from: (u64, &'static str), at: (u64, &'static str)) -> Vec<Mark> {
        if self.bridge(from.0, from.1) != self.bridge(at.0, at.1) || self.no_program.contains(&from.0) {
            return Vec::new();
        }
        let mut marks = vec![Mark { vlan: None, tagged: false }];
        if from.1 == "eth3" {
            for vlan in [100, 101, 102, 103, 300] {
                let dropped =
                    self.drops.contains_key(&(from.0, vlan)) || self.drops.get(&(at.0, vlan)) == Some(&false);
                if !dropped {
                    marks.push(Mark { vlan: Some(vlan), tagged: !self.bare.contains(&(at.0, vlan)) });
                }
            }
        }
        marks
    }

    /// What a node would tell.
    pub fn answer(&self, id: u64, tasks: &[Task]) -> Seen {
        if self.down.contains(&id) {
            return Seen { unreachable: Some("connection refused".into()), probe: None };
        }
        let mut probe = NodeProbe { node: NodeId(id), program: None, results: Vec::new(), fault: None };
        if self.no_program.contains(&id) {
            probe.fault = Some("neither Perl nor Python".into());
            return Seen { unreachable: None, probe: Some(probe) };
        }
        probe.program = Some(Program { language: "perl".into(), version: "5.36".into() });
        for task in tasks {
            self.results(id, task, &mut probe.results);
        }
        Seen { unreachable: None, probe: Some(probe) }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a kind of question")]
    fn results(&self, id: u64, task: &Task, out: &mut Vec<ProbeResult>) {
        let known = |nic: &str| NICS.into_iter().find(|n| *n == nic).unwrap();
        match task {
            Task::Frames { nic, .. } => {
                let nic = known(nic);
                let mtu = *self.nic_mtu.get(&(id, nic)).unwrap_or(&1500);
                out.push(ProbeResult::Nic {
                    nic: nic.into(),
                    mac: mac(id, nic),
                    was_up: true,
                    carrier: true,
                    mtu,
                });
                for from in (1..=self.n).filter(|n| !self.down.contains(n)) {
                    for from_nic in NICS.into_iter().filter(|n| (from, *n) != (id, nic)) {
                        let marks = self.marks((from, from_nic), (id, nic));
                        if !marks.is_empty() {
                            let from_nic = from_nic.to_owned();
                            out.push(ProbeResult::Heard {
                                nic: nic.into(),
                                from: NodeId(from),
                                from_nic,
                                marks,
                            });
                        }
                    }
                }
            }
            Task::Addresses { nic, addresses } => {
                let here = self.bridge(id, known(nic));
                for address in addresses {
                    let mut macs: Vec<String> = Vec::new();
                    for (node, on) in self.at(*address) {
                        // Any NIC of a node on the segment answers for all its addresses.
                        let near = NICS.into_iter().filter(|n| self.bridge(node, n) == here);
                        if node != id && !self.down.contains(&node) {
                            macs.extend(near.map(|n| mac(node, n)));
                        }
                        let _ = on;
                    }
                    let strange = self.strangers.iter().chain(&self.gateways);
                    macs.extend(
                        strange.filter(|s| *s == &(here, *address)).map(|_| "02:00:00:00:00:66".into()),
                    );
                    macs.sort();
                    out.push(ProbeResult::Address { nic: nic.clone(), address: *address, macs });
                }
            }
            Task::Dhcp { nic } => {
                let here = self.bridge(id, known(nic));
                let offers = self.dhcp.iter().filter(|(b, _)| *b == here).map(|(_, server)| DhcpOffer {
                    server: *server,
                    mac: "02:00:00:00:00:67".into(),
                    offered: Ipv4Addr::new(10, 99, 0, 9),
                });
                out.push(ProbeResult::Dhcp { nic: nic.clone(), offers: offers.collect() });
            }
            Task::Echo { nic, source, targets, mtu } => {
                let here = known(nic.as_deref().unwrap());
                for target in targets {
                    let place =
                        self.at(*target).into_iter().find(|p| self.bridge(p.0, p.1) == self.bridge(id, here));
                    let is_gateway = self.gateways.contains(&(self.bridge(id, here), *target));
                    let port = |p: (u64, &'static str)| *self.port_mtu.get(&p).unwrap_or(&9000);
                    let through = place.map_or(9000, port).min(port((id, here)));
                    // A node with its address twice on the segment answers the one or the other.
                    let twice =
                        self.strangers.iter().any(|(b, a)| *b == self.bridge(id, here) && a == target);
                    let answers = place.is_some_and(|p| !self.deaf.contains(&p) && !self.down.contains(&p.0));
                    let answers = (answers && !self.deaf.contains(&(id, here)) && !twice) || is_gateway;
                    let nic_mtu = place.map_or(1500, |p| *self.nic_mtu.get(&p).unwrap_or(&1500));
                    let passed = mtu.map(|m| m.min(through).min(u16::try_from(nic_mtu).unwrap()));
                    out.push(ProbeResult::Echo {
                        nic: nic.clone(),
                        source: *source,
                        target: *target,
                        rtt_us: answers.then_some(300),
                        mtu_asked: *mtu,
                        mtu: passed.filter(|_| answers),
                        fault: None,
                    });
                }
            }
            Task::Ports { ports } => {
                for port in ports {
                    let listeners = self.held.get(&(id, *port)).cloned().into_iter().collect();
                    out.push(ProbeResult::Port { port: *port, listeners });
                }
            }
            Task::Names { names } => {
                for name in names {
                    let addresses = vec![IpAddr::from([10, 9, 2, 11])];
                    out.push(ProbeResult::Name { name: name.clone(), addresses, ms: 1, fault: None });
                }
            }
            Task::Repositories { .. } => {
                let fault = if self.unresolved.contains(&id) {
                    Some(
                        "the name deb.example does not resolve: Temporary failure in name resolution"
                            .to_owned(),
                    )
                } else {
                    self.no_repository.contains(&id).then(|| "Connection refused".to_owned())
                };
                let status = fault.is_none().then_some(200);
                let url = "http://deb.example/debian/".to_owned();
                out.push(ProbeResult::Repository { url, proxy: None, status, ms: 3, fault });
            }
            Task::Clock => out.push(ProbeResult::Clock {
                offset_ms: *self.offsets.get(&id).unwrap_or(&20),
                uncertainty_ms: 1,
                synchronised: Some(true),
                source: "chronyc".into(),
            }),
        }
    }

    pub fn judged(&self) -> (Expected, judge::Judged) {
        let expected = self.expected();
        let kinds: BTreeSet<CheckKind> = CheckKind::ALL.into();
        let tasks = tasks(&expected, &kinds);
        let nodes = tasks.iter().map(|(id, list)| (*id, self.answer(id.0, list))).collect();
        let judged = evaluate(&expected, &Observed { nodes }, &kinds, Moment(1000));
        (expected, judged)
    }

    /// Findings as `cause node nic subject`.
    pub fn findings(&self) -> Vec<String> {
        let (expected, judged) = self.judged();
        judged.findings.iter().map(|f| told(&expected, f)).collect()
    }
}

/// A finding as `cause node nic subject`.
pub fn told(expected: &Expected, finding: &Finding) -> String {
    let node = finding.node.map_or("-", |n| expected.name(n));
    let nic = finding.nic.as_deref().unwrap_or("-");
    let subject = finding.args.get("subject").map(|s| format!(" {s}")).unwrap_or_default();
    format!("{} {node} {nic}{subject}", finding.cause)
}
