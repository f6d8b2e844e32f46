//! What is wrong with a machine for what it is to be: sentences, not numbers to interpret.
//!
//! The bounds are those below which an installation fails or the cloud does not work (a fault), or works so badly that
//! operators ask why (a warning). A warning is never silent: it is shown wherever the node is.

use super::Facts;
use crate::domain::node::{NodeRole, NodeRoles};
use serde::{Deserialize, Serialize};
use std::fmt;

const GIB: u64 = 1 << 30;
/// A machine tells less memory than is in it: what firmware and kernel keep, at most this share (in tenths).
const MEMORY_TOLD: u64 = 9;
/// Clocks that differ by more than this break tokens and certificates, milliseconds.
pub const CLOCK_FAULT_MS: u64 = 30_000;
/// Clocks that differ by more than this make logs of several nodes misleading, milliseconds.
pub const CLOCK_WARNING_MS: u64 = 1_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It will not work.
    Fault,
    /// It works, but not as one would like.
    Warning,
}

impl Severity {
    /// Its word, also the key of its text (`severity-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
        }
    }
}

/// Something about a machine that does not fit what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What.
    pub what: Hardware,
}

/// What does not fit. `Display` is the English sentence; [`Hardware::key`] its key in the message catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardware {
    /// No virtualisation flag on the processor of a compute node.
    NoVirtualisation,
    /// The processor can virtualise, but the kernel does not offer it.
    NoKvm,
    /// Too little memory, bytes.
    Memory {
        /// For which role.
        role: NodeRole,
        /// There is.
        found: u64,
        /// Wanted.
        wanted: u64,
    },
    /// Too few processors.
    Cpus {
        /// For which role.
        role: NodeRole,
        /// There are.
        found: u32,
        /// Wanted.
        wanted: u32,
    },
    /// The root file system is too small, bytes.
    Root {
        /// Its size.
        found: u64,
        /// Wanted.
        wanted: u64,
    },
    /// Little of the root file system is free, bytes.
    RootFree {
        /// Free.
        found: u64,
        /// Wanted.
        wanted: u64,
    },
    /// A storage node with no disk besides that of the system.
    NoDataDisk,
    /// No NIC has a carrier.
    NoCarrier,
    /// Only one NIC.
    OneNic,
    /// Another architecture than the packages are for.
    Architecture {
        /// Which.
        found: String,
    },
    /// The clock differs from the engine's.
    Clock {
        /// By how much, milliseconds; positive: ahead.
        offset_ms: i64,
    },
    /// Nothing keeps the clock.
    ClockFree,
    /// No default route.
    NoGateway,
    /// Neither root nor a way to become it.
    NotRoot,
}

fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    if tenths.is_multiple_of(10) {
        format!("{} GiB", tenths / 10)
    } else {
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    }
}

impl Hardware {
    /// Keys of all sentences.
    pub const KEYS: [&str; 14] = [
        "hardware-no-virtualisation",
        "hardware-no-kvm",
        "hardware-memory",
        "hardware-cpus",
        "hardware-root",
        "hardware-root-free",
        "hardware-no-data-disk",
        "hardware-no-carrier",
        "hardware-one-nic",
        "hardware-architecture",
        "hardware-clock",
        "hardware-clock-free",
        "hardware-no-gateway",
        "hardware-not-root",
    ];

    /// Key of the sentence in the message catalogue.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoVirtualisation => "hardware-no-virtualisation",
            Self::NoKvm => "hardware-no-kvm",
            Self::Memory { .. } => "hardware-memory",
            Self::Cpus { .. } => "hardware-cpus",
            Self::Root { .. } => "hardware-root",
            Self::RootFree { .. } => "hardware-root-free",
            Self::NoDataDisk => "hardware-no-data-disk",
            Self::NoCarrier => "hardware-no-carrier",
            Self::OneNic => "hardware-one-nic",
            Self::Architecture { .. } => "hardware-architecture",
            Self::Clock { .. } => "hardware-clock",
            Self::ClockFree => "hardware-clock-free",
            Self::NoGateway => "hardware-no-gateway",
            Self::NotRoot => "hardware-not-root",
        }
    }

    /// The role, what was found and what is wanted, in words, for the sentence.
    pub fn arguments(&self) -> (Option<NodeRole>, String, String) {
        match self {
            Self::Memory { role, found, wanted } => (Some(*role), gib(*found), gib(*wanted)),
            Self::Cpus { role, found, wanted } => (Some(*role), found.to_string(), wanted.to_string()),
            Self::Root { found, wanted } | Self::RootFree { found, wanted } => {
                (None, gib(*found), gib(*wanted))
            }
            Self::Architecture { found } => (None, found.clone(), String::new()),
            Self::Clock { offset_ms } => (None, format!("{:.1} s", seconds(*offset_ms)), String::new()),
            _ => (None, String::new(), String::new()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal place")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, found, wanted) = self.arguments();
        let role = role.map(NodeRole::word).unwrap_or_default();
        match self {
            Self::NoVirtualisation => f.write_str(
                "the processor shows no hardware virtualisation (vmx or svm): instances would be emulated and very slow; \
                 switch it on in the firmware, or give the node another role",
            ),
            Self::NoKvm => f.write_str(
                "the processor can virtualise, but /dev/kvm is missing: load kvm_intel or kvm_amd, or switch virtualisation on \
                 in the firmware",
            ),
            Self::Memory { .. } => write!(f, "{found} of memory; a {role} node wants {wanted}"),
            Self::Cpus { .. } => write!(f, "{found} processors; a {role} node wants {wanted}"),
            Self::Root { .. } => write!(f, "the root file system has {found}; {wanted} are wanted"),
            Self::RootFree { .. } => {
                write!(f, "{found} of the root file system are free; {wanted} are wanted: make room")
            }
            Self::NoDataDisk => f.write_str(
                "a storage node with one disk only: volumes need a disk of their own besides that of the system",
            ),
            Self::NoCarrier => f.write_str("no NIC has a link: check cables and switch ports"),
            Self::OneNic => f.write_str("one NIC only: all networks of the plan would have to share it"),
            Self::Architecture { .. } => {
                write!(f, "the machine is {found}: packages and images are for x86_64 or aarch64")
            }
            Self::Clock { .. } => {
                write!(f, "the clock is {found} from the management host's: set it, and let chrony keep it")
            }
            Self::ClockFree => f.write_str(
                "nothing keeps the clock synchronised yet: the module 'time' sets chrony up; until then it drifts",
            ),
            Self::NoGateway => f.write_str("no default route: packages cannot be fetched from another network"),
            Self::NotRoot => {
                f.write_str("steps run as root: log in as root, or let the account use sudo without a password")
            }
        }
    }
}

/// Processors, memory in GiB: below the first pair it does not work, below the second not well.
fn bounds(role: NodeRole) -> [(u32, u64); 2] {
    match role {
        NodeRole::Controller => [(1, 4), (4, 16)],
        NodeRole::Compute => [(1, 2), (4, 8)],
        NodeRole::Storage => [(1, 2), (2, 4)],
    }
}

/// What does not fit, the worst first. Without roles only what is wrong for every role is said. Facts that a node did not tell
/// are never a finding.
pub fn findings(facts: &Facts, roles: &NodeRoles) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut add = |severity, what| all.push(Finding { severity, what });
    let (fault, warning) = (Severity::Fault, Severity::Warning);
    for role in roles {
        let [least, good] = bounds(*role);
        for (severity, (_, memory)) in [(fault, least), (warning, good)] {
            let wanted = memory * GIB;
            if facts.memory > 0 && facts.memory < wanted / 10 * MEMORY_TOLD {
                add(severity, Hardware::Memory { role: *role, found: facts.memory, wanted });
                break;
            }
        }
        for (severity, (cpus, _)) in [(fault, least), (warning, good)] {
            if facts.cpus > 0 && facts.cpus < cpus {
                add(severity, Hardware::Cpus { role: *role, found: facts.cpus, wanted: cpus });
                break;
            }
        }
    }
    if roles.contains(&NodeRole::Compute) {
        if facts.virt_flags.is_empty() && !facts.cpu_model.is_empty() && is_x86(&facts.arch) {
            add(warning, Hardware::NoVirtualisation);
        } else if facts.kvm == Some(false) {
            add(warning, Hardware::NoKvm);
        }
    }
    if roles.contains(&NodeRole::Storage) && facts.disks.len() == 1 {
        add(warning, Hardware::NoDataDisk);
    }
    if !facts.arch.is_empty() && !is_x86(&facts.arch) && facts.arch != "aarch64" {
        add(fault, Hardware::Architecture { found: facts.arch.clone() });
    }
    if facts.root_size > 0 {
        let found = facts.root_size;
        if found < 10 * GIB {
            add(fault, Hardware::Root { found, wanted: 10 * GIB });
        } else if found < 40 * GIB / 10 * 9 {
            add(warning, Hardware::Root { found, wanted: 40 * GIB });
        }
        if facts.root_free < 4 * GIB && found >= 10 * GIB {
            add(fault, Hardware::RootFree { found: facts.root_free, wanted: 4 * GIB });
        }
    }
    if !facts.nics.is_empty() {
        if !facts.nics.iter().any(|n| n.carrier) {
            add(warning, Hardware::NoCarrier);
        }
        if facts.nics.len() == 1 {
            add(warning, Hardware::OneNic);
        }
    }
    match facts.clock_offset_ms.unsigned_abs() {
        CLOCK_FAULT_MS.. => add(fault, Hardware::Clock { offset_ms: facts.clock_offset_ms }),
        CLOCK_WARNING_MS.. => add(warning, Hardware::Clock { offset_ms: facts.clock_offset_ms }),
        _ => {}
    }
    if facts.clock_synchronised == Some(false) {
        add(warning, Hardware::ClockFree);
    }
    if !facts.nics.is_empty() && facts.gateway.is_none() && facts.gateway_nic.is_none() {
        add(warning, Hardware::NoGateway);
    }
    if facts.uid != 0 && !facts.sudo {
        add(fault, Hardware::NotRoot);
    }
    all.sort_by_key(|f| f.severity);
    all
}

fn is_x86(arch: &str) -> bool {
    arch == "x86_64"
}

/// The worst severity among findings.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|f| f.severity).min()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::domain::facts::{Disk, Nic};

    fn good() -> Facts {
        let nic = |name: &str| Nic { name: name.into(), carrier: true, ..Nic::default() };
        Facts {
            arch: "x86_64".into(),
            cpus: 32,
            cpu_model: "EPYC".into(),
            virt_flags: "svm".into(),
            kvm: Some(true),
            memory: 64 * GIB,
            root_size: 100 * GIB,
            root_free: 80 * GIB,
            disks: vec![Disk::default(), Disk::default()],
            nics: vec![nic("eth0"), nic("eth1")],
            gateway: Some("10.0.0.1".into()),
            clock_synchronised: Some(true),
            ..Facts::default()
        }
    }

    fn roles(words: &str) -> NodeRoles {
        words.split_whitespace().map(|w| w.parse().unwrap()).collect()
    }

    #[test]
    fn a_good_machine_has_no_finding_whatever_it_is_for() {
        assert_eq!(findings(&good(), &roles("controller compute storage")), []);
    }

    #[test]
    fn what_is_not_known_is_no_finding() {
        assert_eq!(findings(&Facts::default(), &roles("controller compute storage")), []);
    }

    #[test]
    fn each_fault_has_its_sentence() {
        type Change = fn(&mut Facts);
        let cases: [(&str, Change, Severity, &str); 14] = [
            ("compute", |f| f.virt_flags.clear(), Severity::Warning, "vmx or svm"),
            ("compute", |f| f.kvm = Some(false), Severity::Warning, "/dev/kvm"),
            (
                "controller",
                |f| f.memory = 2 * GIB,
                Severity::Fault,
                "2 GiB of memory; a controller node wants 4 GiB",
            ),
            (
                "controller",
                |f| f.memory = 8 * GIB,
                Severity::Warning,
                "8 GiB of memory; a controller node wants 16 GiB",
            ),
            ("compute", |f| f.cpus = 2, Severity::Warning, "2 processors; a compute node wants 4"),
            ("", |f| f.root_size = 6 * GIB, Severity::Fault, "the root file system has 6 GiB"),
            ("", |f| f.root_free = GIB / 2, Severity::Fault, "0.5 GiB of the root file system are free"),
            ("storage", |f| drop(f.disks.pop()), Severity::Warning, "one disk only"),
            (
                "",
                |f| f.nics.iter_mut().for_each(|n| n.carrier = false),
                Severity::Warning,
                "no NIC has a link",
            ),
            ("", |f| drop(f.nics.pop()), Severity::Warning, "one NIC only"),
            ("", |f| f.arch = "i686".into(), Severity::Fault, "the machine is i686"),
            ("", |f| f.clock_offset_ms = -61_500, Severity::Fault, "the clock is -61.5 s"),
            ("", |f| f.clock_synchronised = Some(false), Severity::Warning, "nothing keeps the clock"),
            ("", |f| f.uid = 1000, Severity::Fault, "steps run as root"),
        ];
        for (words, change, severity, sentence) in cases {
            let mut facts = good();
            change(&mut facts);
            let found = findings(&facts, &roles(words));
            assert_eq!(found.len(), 1, "{sentence}: {found:?}");
            assert_eq!(found[0].severity, severity, "{sentence}");
            assert!(found[0].what.to_string().contains(sentence), "{}", found[0].what);
        }
    }

    #[test]
    fn memory_that_the_kernel_keeps_for_itself_is_not_held_against_a_machine() {
        let facts = Facts { memory: 15 * GIB + GIB / 2, ..good() };
        assert_eq!(findings(&facts, &roles("controller")), [], "a machine with 16 GiB in it");
    }

    #[test]
    fn the_worst_comes_first() {
        let facts = Facts { memory: GIB, kvm: Some(false), uid: 7, ..good() };
        let found = findings(&facts, &roles("compute"));
        assert_eq!(worst(&found), Some(Severity::Fault));
        assert!(found.windows(2).all(|w| w[0].severity <= w[1].severity), "{found:?}");
    }
}
