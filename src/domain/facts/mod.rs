//! What a node says about itself.
//!
//! The facts script (of `discovery`) prints one `key=value` a line; unknown keys are left out, missing ones stay empty.
//! Nothing here is trusted: every text came from a node, so it is made harmless and cut, and lists have a bound.
//!
//! [`findings`] says in sentences what is wrong with a machine for what it is to be, [`history`] what changed since the
//! last time, [`same`] whether two entries are one machine. All of them are pure.

pub mod findings;
pub mod history;
pub mod same;

use super::text::harmless;
use super::time::Moment;
use serde::{Deserialize, Serialize};

/// Facts of one node, as of `gathered`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When they were gathered (engine's clock).
    pub gathered: Moment,
    /// `hostname`.
    pub hostname: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Changes with every boot.
    pub boot_id: String,
    /// ID of `/etc/os-release`, as `debian`.
    pub os_id: String,
    /// `VERSION_ID` of `/etc/os-release`, as `12`.
    pub os_version: String,
    /// `PRETTY_NAME` of `/etc/os-release`.
    pub os_pretty: String,
    /// `uname -r`.
    pub kernel: String,
    /// `uname -m`.
    pub arch: String,
    /// Processors online.
    pub cpus: u32,
    /// Model name of the first processor.
    pub cpu_model: String,
    /// `vmx`, `svm` or empty.
    pub virt_flags: String,
    /// `none`, `kvm`, `systemd-nspawn` …
    pub virt_kind: String,
    /// Whether the kernel offers hardware virtualisation (`/dev/kvm`); `None`: the node did not tell.
    pub kvm: Option<bool>,
    /// Bytes of the root file system, 0 where the node did not tell.
    pub root_size: u64,
    /// Bytes of it that are free.
    pub root_free: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Disks, without partitions.
    pub disks: Vec<Disk>,
    /// Network interfaces, without loopback.
    pub nics: Vec<Nic>,
    /// Gateway of the default route.
    pub gateway: Option<String>,
    /// NIC of the default route.
    pub gateway_nic: Option<String>,
    /// Node's clock minus the engine's, milliseconds, halved round trip taken off.
    pub clock_offset_ms: i64,
    /// Whether something keeps the clock synchronised; `None`: nothing on the node could tell.
    pub clock_synchronised: Option<bool>,
    /// What does, as `chrony`; empty for nothing.
    pub clock_service: String,
    /// Node's offset from UTC in seconds.
    pub utc_offset_s: i32,
    /// `enforcing`, `permissive`, `disabled`, or empty where there is none.
    pub selinux: String,
    /// Names of active firewalls, comma separated.
    pub firewall: String,
    /// Python versions found, comma separated.
    pub python: String,
    /// `apt`, `dnf`, `yum` …
    pub package_manager: String,
    /// State that systemd reports, or empty.
    pub systemd: String,
    /// Numeric user id we act as.
    pub uid: u32,
    /// `sudo` works without a password.
    pub sudo: bool,
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Kernel name.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// Spins.
    pub rotational: bool,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nic {
    /// Kernel name.
    pub name: String,
    /// Lower case, colons.
    pub mac: String,
    /// Mbit/s where the driver knows.
    pub speed: Option<u32>,
    /// A cable with something at its other end. A NIC that is down tells none.
    pub carrier: bool,
    /// Switched on; `None`: the node did not tell.
    pub up: Option<bool>,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// Those of them that DHCP gave.
    pub dynamic: Vec<String>,
    /// Kernel driver.
    pub driver: String,
}

/// Characters kept of one value.
const VALUE_MAX: usize = 200;
/// Disks, NICs, and addresses a NIC that are kept.
const LIST_MAX: usize = 256;

/// Why an answer holds no facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsFault {
    /// The script did not run.
    #[error("the node did not tell its facts: its account needs a POSIX shell (sh) with the usual tools")]
    None,
    /// It did not run to its end.
    #[error("the node broke off while it told its facts: try again")]
    Torn,
}

impl FactsFault {
    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "error-facts-none",
            Self::Torn => "error-facts-torn",
        }
    }
}

impl Facts {
    /// Reads the script's answer. The node looked at its clock between `asked` and `answered`, both by the engine's clock.
    pub fn parse(text: &str, asked: Moment, answered: Moment) -> Result<Self, FactsFault> {
        let mut lines = text.lines().skip_while(|l| *l != "facts=1");
        lines.next().ok_or(FactsFault::None)?;
        let mut facts = Self { gathered: answered, ..Self::default() };
        for line in lines {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value: String = harmless(value).chars().take(VALUE_MAX).collect();
            if key == "end" {
                return Ok(facts);
            }
            if key == "clock_ms" {
                facts.clock_offset_ms = offset(&value, asked, answered);
            } else {
                facts.set(key, value.trim());
            }
        }
        Err(FactsFault::Torn)
    }

    fn set(&mut self, key: &str, value: &str) {
        let text = || value.to_owned();
        match key {
            "hostname" => self.hostname = text(),
            "machine_id" => self.machine_id = text(),
            "boot_id" => self.boot_id = text(),
            "os_id" => self.os_id = text(),
            "os_version" => self.os_version = text(),
            "os_pretty" => self.os_pretty = text(),
            "kernel" => self.kernel = text(),
            "arch" => self.arch = text(),
            "cpus" => self.cpus = value.parse().unwrap_or(0),
            "cpu_model" => self.cpu_model = text(),
            "virt_flags" => self.virt_flags = text(),
            "virt_kind" => self.virt_kind = text(),
            "kvm" => self.kvm = yes_or_no(value),
            "root" => (self.root_size, self.root_free) = sizes(value),
            "clock_synchronised" => self.clock_synchronised = yes_or_no(value),
            "clock_service" => self.clock_service = text(),
            "memory_kb" => self.memory = value.parse::<u64>().unwrap_or(0).saturating_mul(1024),
            "uid" => self.uid = value.parse().unwrap_or(u32::MAX),
            "sudo" => self.sudo = value == "1",
            "utc_offset" => self.utc_offset_s = utc_offset(value),
            "selinux" => self.selinux = text(),
            "systemd" => self.systemd = text(),
            "package_manager" => self.package_manager = text(),
            "firewall" => append(&mut self.firewall, value),
            "python" => append(&mut self.python, value),
            "gateway" => self.gateway = (!value.is_empty()).then(text),
            "gateway_nic" => self.gateway_nic = (!value.is_empty()).then(text),
            "disk" if self.disks.len() < LIST_MAX => self.disks.extend(disk(value)),
            "nic" if self.nics.len() < LIST_MAX => self.nics.extend(nic(value)),
            "address" => self.address(value, |nic| &mut nic.addresses),
            "dynamic" => self.address(value, |nic| &mut nic.dynamic),
            _ => {}
        }
    }

    fn address(&mut self, value: &str, list: fn(&mut Nic) -> &mut Vec<String>) {
        let Some((name, address)) = value.split_once(' ') else { return };
        let name = name.split('@').next().unwrap_or(name);
        if let Some(list) = self.nics.iter_mut().find(|n| n.name == name).map(list)
            && list.len() < LIST_MAX
        {
            list.push(address.to_owned());
        }
    }
}

/// Node's clock minus the middle of the engine's two, milliseconds; 0 if the node did not tell.
fn offset(clock: &str, asked: Moment, answered: Moment) -> i64 {
    let Ok(node) = clock.parse::<u64>() else { return 0 };
    let ours = asked.0.midpoint(answered.0);
    let size = i64::try_from(node.abs_diff(ours)).unwrap_or(i64::MAX);
    if node < ours { -size } else { size }
}

/// `+0530` in seconds.
fn utc_offset(text: &str) -> i32 {
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("-", digits)) => (-1, digits),
        Some(("+", digits)) => (1, digits),
        _ => return 0,
    };
    match (digits.len(), digits.parse::<i32>()) {
        (4, Ok(n)) if n >= 0 => sign * (n / 100 * 3600 + n % 100 * 60),
        _ => 0,
    }
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value {
        "yes" | "1" => Some(true),
        "no" | "0" => Some(false),
        _ => None,
    }
}

/// `SIZE FREE`, both in KiB, as bytes.
fn sizes(value: &str) -> (u64, u64) {
    let mut words = value.split(' ').map(|w| w.parse::<u64>().unwrap_or(0).saturating_mul(1024));
    (words.next().unwrap_or(0), words.next().unwrap_or(0))
}

fn append(list: &mut String, value: &str) {
    if list.len() < VALUE_MAX && !list.split(", ").any(|v| v == value) {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(value);
    }
}

/// `NAME BYTES ROTATIONAL`
fn disk(value: &str) -> Option<Disk> {
    let mut words = value.split(' ');
    let name = words.next().filter(|n| !n.is_empty())?.to_owned();
    let bytes = words.next()?.parse().ok()?;
    Some(Disk { name, bytes, rotational: words.next() == Some("1") })
}

/// `NAME MAC SPEED:CARRIER:MTU DRIVER up|down`, each perhaps empty, the driver `-` where there is none.
fn nic(value: &str) -> Option<Nic> {
    let mut words = value.split(' ');
    let name = words.next().filter(|n| !n.is_empty())?.to_owned();
    let mac = words.next().unwrap_or_default().to_lowercase();
    let mut link = words.next().unwrap_or_default().split(':');
    // Unknown speeds are told as -1 or 4294967295.
    let speed = link.next().and_then(|s| s.parse::<u32>().ok()).filter(|s| *s < u32::MAX && *s > 0);
    let carrier = link.next() == Some("1");
    let mtu = link.next().and_then(|m| m.parse().ok()).unwrap_or(0);
    let driver = words.next().filter(|d| *d != "-").unwrap_or_default().to_owned();
    let up = words.next().map(|w| w == "up");
    Some(Nic { name, mac, speed, carrier, up, mtu, driver, ..Nic::default() })
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
    use proptest::prelude::*;

    const ANSWER: &str = "Welcome to node7=best!\nfacts=1\nclock_ms=10500\nhostname=node7\nos_id=debian\nos_version=12\n\
        cpus=16\nmemory_kb=2048\nutc_offset=-0330\nuid=0\nvirt_kind=none\nnew_key=whatever\n\
        kvm=1\nroot=1000 400\nclock_synchronised=no\nclock_service=chrony\n\
        disk=sda 4000 1\ndisk=nvme0n1 512000 0\ndisk=broken\nnic=eth0 AA:bb:cc:dd:ee:ff 10000:1:9000 ixgbe\n\
        nic=eth1  :: -\nnic=eth2 aa:00:00:00:00:00 -1:0:1500 virtio_net down\naddress=eth0 10.0.0.7/24\naddress=eth0@if3 fe80::1/64\n\
        dynamic=eth0 10.0.0.7/24\naddress=nope 1.2.3.4/8\ngateway=10.0.0.1\ngateway_nic=eth0\npython=3.11\npython=3.9\npython=3.11\nfirewall=ufw\n\
        os_pretty=\u{1b}[31mDebian\u{1b}[0m\nend=1\nafter=x\n";

    #[test]
    fn an_answer_is_read() {
        let f = Facts::parse(ANSWER, Moment(10_000), Moment(10_200)).unwrap();
        assert_eq!(
            (f.hostname.as_str(), f.os_id.as_str(), f.cpus, f.memory),
            ("node7", "debian", 16, 2_097_152)
        );
        assert_eq!((f.clock_offset_ms, f.utc_offset_s, f.gathered), (400, -12_600, Moment(10_200)));
        assert_eq!(f.os_pretty, "Debian");
        assert_eq!((f.kvm, f.root_size, f.root_free), (Some(true), 1_024_000, 409_600));
        assert_eq!((f.clock_synchronised, f.clock_service.as_str()), (Some(false), "chrony"));
        assert_eq!((f.nics[0].up, f.nics[2].up), (None, Some(false)));
        assert_eq!((f.python.as_str(), f.firewall.as_str()), ("3.11, 3.9", "ufw"));
        assert_eq!((f.gateway.as_deref(), f.gateway_nic.as_deref()), (Some("10.0.0.1"), Some("eth0")));
        assert_eq!(f.disks.len(), 2);
        assert_eq!(f.disks[1], Disk { name: "nvme0n1".into(), bytes: 512_000, rotational: false });
        let eth0 = &f.nics[0];
        assert_eq!(
            (eth0.mac.as_str(), eth0.speed, eth0.carrier, eth0.mtu),
            ("aa:bb:cc:dd:ee:ff", Some(10_000), true, 9000)
        );
        assert_eq!(eth0.addresses, ["10.0.0.7/24", "fe80::1/64"]);
        assert_eq!(eth0.dynamic, ["10.0.0.7/24"]);
        assert_eq!((f.nics[1].speed, f.nics[1].mtu, f.nics[1].driver.as_str()), (None, 0, ""));
        assert_eq!(
            (f.nics[2].speed, f.nics[2].carrier, f.nics[2].driver.as_str()),
            (None, false, "virtio_net")
        );
    }

    #[test]
    fn no_answer_and_half_an_answer() {
        let parse = |t: &str| Facts::parse(t, Moment(0), Moment(0)).unwrap_err();
        assert_eq!(parse(""), FactsFault::None);
        assert_eq!(parse("sh: not found\n"), FactsFault::None);
        assert_eq!(parse("facts=1\nhostname=x\n"), FactsFault::Torn);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(lines in proptest::collection::vec(
            ("(disk|nic|address|clock_ms|utc_offset|cpus|python|memory_kb|uid|x)", ".{0,30}"), 0..30)) {
            let body: String = lines.iter().flat_map(|(k, v)| [k, "=", v, "\n"]).collect();
            Facts::parse(&format!("facts=1\n{body}end=1\n"), Moment(5), Moment(u64::MAX)).ok();
        }
    }
}
