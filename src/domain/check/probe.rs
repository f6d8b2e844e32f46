//! What a node is asked to look at, and what it says it saw.
//!
//! A [`Task`] is one question for one node; `discovery::probe` turns the tasks of a run into a program on each node, and the
//! program's lines into [`ProbeResult`]s. Everything here is what was *seen*; whether that is right is judged elsewhere in
//! `check`, against the network plan. A question that could not be asked gives [`ProbeResult::NotChecked`] and nothing else:
//! silence of the program never reads as "nothing found".
//!
//! Texts in results came from nodes and from strangers on their networks: they are bounded and harmless, not trusted.

use crate::domain::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Most VLAN ids that one [`Task::Frames`] takes: each is a broadcast to every port of the segment, from every node.
pub const VLANS_MAX: usize = 256;
/// Most addresses, targets, ports, names or URLs in one task.
pub const LIST_MAX: usize = 4096;
/// Most NICs that one node is asked about.
pub const NICS_MAX: usize = 64;
/// Smallest MTU that can be asked for: what IPv4 demands of every link is 68, what is of use begins here.
pub const MTU_MIN: u16 = 576;

/// One question for one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "task")]
pub enum Task {
    /// Layer 2: send marked Ethernet frames on this NIC and listen on it (and on every NIC of the other `Frames` tasks of
    /// this node) while all other nodes do the same. A NIC that is down is brought up meanwhile.
    Frames {
        /// Kernel name.
        nic: String,
        /// Send frames without a tag.
        untagged: bool,
        /// Send frames with these VLAN ids (1 to 4094), [`VLANS_MAX`] at most.
        vlans: Vec<u16>,
    },
    /// Who answers ARP for these addresses on this NIC (probes as of RFC 5227: nobody's ARP cache changes). The node's own
    /// answer is never among the answers.
    Addresses {
        /// Kernel name.
        nic: String,
        /// Addresses asked for.
        addresses: Vec<Ipv4Addr>,
    },
    /// Which DHCP servers offer an address on this NIC. Only DISCOVER is sent, never REQUEST: nothing is leased.
    Dhcp {
        /// Kernel name.
        nic: String,
    },
    /// ICMP echo to many targets.
    Echo {
        /// Leave by this NIC whatever the routes say.
        nic: Option<String>,
        /// With this source address (it must be the node's).
        source: Option<Ipv4Addr>,
        /// Other nodes, gateways …
        targets: Vec<Ipv4Addr>,
        /// The packet size (IP header included, bytes, [`MTU_MIN`] at least) that must pass unfragmented. Where it does not, the
        /// largest that does is searched for.
        mtu: Option<u16>,
    },
    /// Who listens on these TCP ports.
    Ports {
        /// Port numbers.
        ports: Vec<u16>,
    },
    /// Whether these names resolve, by whatever the node's resolver uses (files, DNS …).
    Names {
        /// Host names.
        names: Vec<String>,
    },
    /// Whether package repositories answer, through the proxy that the node's package manager is set to.
    Repositories {
        /// `http://` or `https://` addresses.
        urls: Vec<String>,
        /// Also those that the node's package manager is set to, 16 at most.
        configured: bool,
    },
    /// What time it is there, and who keeps it right.
    Clock,
}

impl Task {
    /// Which kind it is.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Frames { .. } => TaskKind::Frames,
            Self::Addresses { .. } => TaskKind::Addresses,
            Self::Dhcp { .. } => TaskKind::Dhcp,
            Self::Echo { .. } => TaskKind::Echo,
            Self::Ports { .. } => TaskKind::Ports,
            Self::Names { .. } => TaskKind::Names,
            Self::Repositories { .. } => TaskKind::Repositories,
            Self::Clock => TaskKind::Clock,
        }
    }
}

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// [`Task::Frames`]
    Frames,
    /// [`Task::Addresses`]
    Addresses,
    /// [`Task::Dhcp`]
    Dhcp,
    /// [`Task::Echo`]
    Echo,
    /// [`Task::Ports`]
    Ports,
    /// [`Task::Names`]
    Names,
    /// [`Task::Repositories`]
    Repositories,
    /// [`Task::Clock`]
    Clock,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Frames,
        Self::Addresses,
        Self::Dhcp,
        Self::Echo,
        Self::Ports,
        Self::Names,
        Self::Repositories,
        Self::Clock,
    ];

    /// Its word, as on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Addresses => "addresses",
            Self::Dhcp => "dhcp",
            Self::Echo => "echo",
            Self::Ports => "ports",
            Self::Names => "names",
            Self::Repositories => "repositories",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The mark of a frame that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The VLAN id it was sent with; none: it was sent untagged.
    pub vlan: Option<u16>,
    /// It arrived with a tag. Sent with one and arrived without, or the other way round: a port on the way is an access
    /// port (or has a native VLAN) where a trunk is expected.
    pub tagged: bool,
}

/// What a DHCP server offered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DhcpOffer {
    /// What it calls itself (option 54), else the sender's address.
    pub server: Ipv4Addr,
    /// Of the frame: the server's, or its relay's.
    pub mac: String,
    /// The address that it would give.
    pub offered: Ipv4Addr,
}

/// Who listens on a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    /// Where; `0.0.0.0` and `::` are everywhere.
    pub address: IpAddr,
    /// Process id, where it could be told.
    pub pid: Option<u32>,
    /// The process's name (15 characters at most), where it could be told.
    pub process: Option<String>,
    /// The systemd unit it belongs to, as `mariadb.service`.
    pub unit: Option<String>,
}

/// One thing that a node saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum ProbeResult {
    /// A NIC of the tasks, as it was found. One for each that exists.
    Nic {
        /// Kernel name.
        nic: String,
        /// Lower case, colons.
        mac: String,
        /// It was up before the check; if not, it was brought up, and down again at the end.
        was_up: bool,
        /// Something answers at the other end of the cable.
        carrier: bool,
        /// Bytes.
        mtu: u32,
    },
    /// Frames of another NIC were heard. One for each pair; a pair that is missing did not hear.
    Heard {
        /// Where they were heard.
        nic: String,
        /// Who sent them; may be the node itself (two NICs of one node on one segment).
        from: NodeId,
        /// On which of its NICs.
        from_nic: String,
        /// Sorted, each once.
        marks: Vec<Mark>,
    },
    /// Who answered for an address. One for each address asked for. One node with two NICs on a segment answers on both for
    /// either address (that is how Linux is): look up whose MACs they are.
    Address {
        /// Kernel name.
        nic: String,
        /// Asked for.
        address: Ipv4Addr,
        /// Sorted, each once; empty: nobody.
        macs: Vec<String>,
    },
    /// DHCP servers. One for each NIC asked about.
    Dhcp {
        /// Kernel name.
        nic: String,
        /// Sorted, each once; empty: nobody.
        offers: Vec<DhcpOffer>,
    },
    /// An ICMP echo. One for each target.
    Echo {
        /// As in the task.
        nic: Option<String>,
        /// As in the task.
        source: Option<Ipv4Addr>,
        /// As in the task.
        target: Ipv4Addr,
        /// The quickest answer in microseconds; none: three tries were not answered.
        rtt_us: Option<u32>,
        /// As in the task.
        mtu_asked: Option<u16>,
        /// The largest packet that passed, `mtu_asked` at most. None: was not asked, no answer at all, or not even
        /// [`MTU_MIN`].
        mtu: Option<u16>,
        /// What the kernel or a router said against it, as `Network is unreachable`.
        fault: Option<String>,
    },
    /// Who listens on a port. One for each port asked about.
    Port {
        /// Port number.
        port: u16,
        /// Empty: it is free.
        listeners: Vec<Listener>,
    },
    /// A name. One for each.
    Name {
        /// As in the task.
        name: String,
        /// Each once.
        addresses: Vec<IpAddr>,
        /// How long it took.
        ms: u32,
        /// The resolver's words, where it does not resolve.
        fault: Option<String>,
    },
    /// A repository. One for each.
    Repository {
        /// Without user and password.
        url: String,
        /// `HOST:PORT` of the proxy that was used.
        proxy: Option<String>,
        /// HTTP status; none for https, where only the connection is tried (the proxy's answer to CONNECT, if there is one).
        status: Option<u16>,
        /// How long it took.
        ms: u32,
        /// Why it cannot be reached. None and no status: the connection was made.
        fault: Option<String>,
    },
    /// The clock.
    Clock {
        /// Node's clock minus ours.
        offset_ms: i64,
        /// How far that may be wrong: half the round trip.
        uncertainty_ms: u32,
        /// Whether a time service says that it is; none: no service to ask.
        synchronised: Option<bool>,
        /// Who was asked: `chronyc`, `timedatectl`, `ntpq`; empty: nobody there.
        source: String,
    },
    /// A question that could not be asked or answered, in words. Never the same as an empty answer.
    NotChecked {
        /// Which kind of question.
        task: TaskKind,
        /// The NIC of the task.
        nic: Option<String>,
        /// The address, name, port … it is about, for frames and DHCP the NIC; empty: all of the task.
        subject: String,
        /// Why, and what to do about it.
        why: String,
    },
}

/// What runs on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `perl` or `python`.
    pub language: String,
    /// Its version.
    pub version: String,
}

/// Everything from one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeProbe {
    /// Which.
    pub node: NodeId,
    /// None: the node has neither Perl nor Python, or was not reached.
    pub program: Option<Program>,
    /// In the order they came.
    pub results: Vec<ProbeResult>,
    /// Why there are not all results; for each task that is not complete there is a [`ProbeResult::NotChecked`] as well.
    pub fault: Option<String>,
}
