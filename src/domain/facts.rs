//! What a node says about itself.
//!
//! The facts script prints one `key=value` a line; unknown keys are kept out, missing ones stay `None`. Nothing here is
//! trusted: every text came from a node.

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
    /// A cable with something at its other end.
    pub carrier: bool,
    /// Bytes.
    pub mtu: u32,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// Kernel driver.
    pub driver: String,
}
