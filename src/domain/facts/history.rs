//! What changed on a machine since the last time it was looked at.
//!
//! A history holds the facts of a node as long as they stayed the same: [`Record::since`] to [`Record::until`]. What
//! changes by itself all the time (the moment, a clock that drifts within bounds, free space) makes no new record.

use super::findings::CLOCK_WARNING_MS;
use super::{Disk, Facts, Nic};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// Records kept of a node.
pub const KEPT: usize = 20;

/// Facts as they were for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// First gathered so.
    pub since: Moment,
    /// Last gathered so.
    pub until: Moment,
    /// The facts, as they were at `until`.
    pub facts: Facts,
}

/// What a change is about. The word is the key of its name in the message catalogue (`fact-WORD`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Fact {
    Host,
    MachineId,
    Boot,
    System,
    Kernel,
    Arch,
    Cpus,
    CpuModel,
    VirtFlags,
    Kind,
    Kvm,
    Memory,
    Root,
    Disk,
    Nic,
    Mac,
    Speed,
    Carrier,
    Up,
    Mtu,
    Driver,
    Addresses,
    Gateway,
    Clock,
    ClockSynchronised,
    ClockService,
    Zone,
    Selinux,
    Firewall,
    Python,
    Packages,
    Systemd,
    Account,
    Sudo,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 34] = [
        Self::Host,
        Self::MachineId,
        Self::Boot,
        Self::System,
        Self::Kernel,
        Self::Arch,
        Self::Cpus,
        Self::CpuModel,
        Self::VirtFlags,
        Self::Kind,
        Self::Kvm,
        Self::Memory,
        Self::Root,
        Self::Disk,
        Self::Nic,
        Self::Mac,
        Self::Speed,
        Self::Carrier,
        Self::Up,
        Self::Mtu,
        Self::Driver,
        Self::Addresses,
        Self::Gateway,
        Self::Clock,
        Self::ClockSynchronised,
        Self::ClockService,
        Self::Zone,
        Self::Selinux,
        Self::Firewall,
        Self::Python,
        Self::Packages,
        Self::Systemd,
        Self::Account,
        Self::Sudo,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::MachineId => "machine-id",
            Self::Boot => "boot",
            Self::System => "system",
            Self::Kernel => "kernel",
            Self::Arch => "arch",
            Self::Cpus => "cpus",
            Self::CpuModel => "cpu-model",
            Self::VirtFlags => "virt-flags",
            Self::Kind => "kind",
            Self::Kvm => "kvm",
            Self::Memory => "memory",
            Self::Root => "root",
            Self::Disk => "disk",
            Self::Nic => "nic",
            Self::Mac => "mac",
            Self::Speed => "speed",
            Self::Carrier => "carrier",
            Self::Up => "up",
            Self::Mtu => "mtu",
            Self::Driver => "driver",
            Self::Addresses => "addresses",
            Self::Gateway => "gateway",
            Self::Clock => "clock",
            Self::ClockSynchronised => "clock-synchronised",
            Self::ClockService => "clock-service",
            Self::Zone => "zone",
            Self::Selinux => "selinux",
            Self::Firewall => "firewall",
            Self::Python => "python",
            Self::Packages => "packages",
            Self::Systemd => "systemd",
            Self::Account => "account",
            Self::Sudo => "sudo",
        }
    }
}

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What.
    pub fact: Fact,
    /// Of which disk or NIC.
    #[serde(default)]
    pub item: Option<String>,
    /// What it was; empty: it was not there.
    pub before: String,
    /// What it is; empty: it is gone.
    pub after: String,
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in UNITS {
        let tenths = (u128::from(bytes) * 10) >> shift;
        if tenths >= 10 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

fn told<T>(value: Option<T>, words: impl FnOnce(T) -> String) -> String {
    value.map(words).unwrap_or_default()
}

fn yes(value: bool) -> String {
    (if value { "yes" } else { "no" }).to_owned()
}

fn disk(disk: &Disk) -> String {
    format!("{}, {}", size(disk.bytes), if disk.rotational { "spins" } else { "solid" })
}

fn gateway(facts: &Facts) -> String {
    let words = [facts.gateway.as_deref(), facts.gateway_nic.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What is told about a NIC, apart from its name.
fn nic_values(nic: &Nic) -> [(Fact, String); 7] {
    let mut addresses = nic.addresses.clone();
    addresses.sort();
    [
        (Fact::Mac, nic.mac.clone()),
        (Fact::Speed, told(nic.speed, |s| format!("{s} Mbit/s"))),
        (Fact::Carrier, yes(nic.carrier)),
        (Fact::Up, told(nic.up, yes)),
        (Fact::Mtu, nic.mtu.to_string()),
        (Fact::Driver, nic.driver.clone()),
        (Fact::Addresses, addresses.join(" ")),
    ]
}

/// Words that stand for a machine as a whole.
fn values(f: &Facts) -> Vec<(Fact, String)> {
    vec![
        (Fact::Host, f.hostname.clone()),
        (Fact::MachineId, f.machine_id.clone()),
        (Fact::System, f.os_pretty.clone()),
        (Fact::Kernel, f.kernel.clone()),
        (Fact::Arch, f.arch.clone()),
        (Fact::Cpus, f.cpus.to_string()),
        (Fact::CpuModel, f.cpu_model.clone()),
        (Fact::VirtFlags, f.virt_flags.clone()),
        (Fact::Kind, f.virt_kind.clone()),
        (Fact::Kvm, told(f.kvm, yes)),
        (Fact::Memory, size(f.memory)),
        (Fact::Root, if f.root_size == 0 { String::new() } else { size(f.root_size) }),
        (Fact::Gateway, gateway(f)),
        (Fact::ClockSynchronised, told(f.clock_synchronised, yes)),
        (Fact::ClockService, f.clock_service.clone()),
        (Fact::Zone, format!("UTC{:+}:{:02}", f.utc_offset_s / 3600, f.utc_offset_s.abs() % 3600 / 60)),
        (Fact::Selinux, f.selinux.clone()),
        (Fact::Firewall, f.firewall.clone()),
        (Fact::Python, f.python.clone()),
        (Fact::Packages, f.package_manager.clone()),
        (Fact::Systemd, f.systemd.clone()),
        (Fact::Account, f.uid.to_string()),
        (Fact::Sudo, yes(f.sudo)),
    ]
}

/// What of `after` is not as it was in `before`. What the node did not tell at one of the two times, and could not tell then
/// (a fact that an earlier release did not ask for), is no change.
pub fn diff(before: &Facts, after: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    let optional =
        [Fact::Kvm, Fact::Root, Fact::ClockSynchronised, Fact::ClockService, Fact::Up, Fact::Speed];
    let mut add = |fact: Fact, item: Option<&str>, before: String, after: String| {
        let untold = optional.contains(&fact) && (before.is_empty() || after.is_empty());
        if before != after && !untold {
            changes.push(Change { fact, item: item.map(str::to_owned), before, after });
        }
    };
    for ((fact, before), (_, after)) in values(before).into_iter().zip(values(after)) {
        add(fact, None, before, after);
    }
    if !before.boot_id.is_empty() && !after.boot_id.is_empty() {
        add(Fact::Boot, None, before.boot_id.clone(), after.boot_id.clone());
    }
    // A clock that drifts is no event; one that was set, or has gone astray, is.
    if before.clock_offset_ms.abs_diff(after.clock_offset_ms) > CLOCK_WARNING_MS {
        add(
            Fact::Clock,
            None,
            format!("{} ms", before.clock_offset_ms),
            format!("{} ms", after.clock_offset_ms),
        );
    }
    let disks = before.disks.iter().map(|d| &d.name).chain(after.disks.iter().map(|d| &d.name));
    for name in distinct(disks) {
        let of = |f: &Facts| f.disks.iter().find(|d| d.name == *name).map(disk).unwrap_or_default();
        add(Fact::Disk, Some(name), of(before), of(after));
    }
    let nics = before.nics.iter().map(|n| &n.name).chain(after.nics.iter().map(|n| &n.name));
    for name in distinct(nics) {
        let of = |f: &'_ Facts| f.nics.iter().find(|n| n.name == *name).map(nic_values);
        let whole = |f: &Facts| f.nics.iter().find(|n| n.name == *name).map(|n| n.mac.clone());
        match (of(before), of(after)) {
            (Some(before), Some(after)) => {
                for ((fact, before), (_, after)) in before.into_iter().zip(after) {
                    add(fact, Some(name), before, after);
                }
            }
            _ => add(Fact::Nic, Some(name), there(whole(before)), there(whole(after))),
        }
    }
    changes
}

/// A NIC that is there but tells no MAC is not one that is not there.
fn there(mac: Option<String>) -> String {
    match mac {
        None => String::new(),
        Some(mac) if mac.is_empty() => "?".to_owned(),
        Some(mac) => mac,
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|n| seen.insert(*n)).collect()
}

/// What is to be done with a history, oldest first, when facts were gathered: the record to write, and those to drop.
pub fn keep(history: &[Record], facts: &Facts) -> (Record, Vec<Moment>) {
    let at = facts.gathered;
    match history.last() {
        Some(last) if diff(&last.facts, facts).is_empty() => {
            (Record { since: last.since, until: at.max(last.until), facts: facts.clone() }, Vec::new())
        }
        last => {
            // Records are told apart by their moment: one that would take the place of another gets the next.
            let since = last.map_or(at, |l| at.max(l.since.plus(1)));
            let over = (history.len() + 1).saturating_sub(KEPT);
            let dropped = history.iter().take(over).map(|r| r.since).collect();
            (Record { since, until: since, facts: facts.clone() }, dropped)
        }
    }
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

    fn facts() -> Facts {
        let nic = Nic {
            name: "eth0".into(),
            mac: "aa:bb:cc:dd:ee:ff".into(),
            carrier: true,
            up: Some(true),
            mtu: 1500,
            addresses: vec!["10.0.0.7/24".into(), "fe80::1/64".into()],
            ..Nic::default()
        };
        Facts {
            hostname: "node7".into(),
            boot_id: "one".into(),
            memory: 16 << 30,
            disks: vec![Disk { name: "sda".into(), bytes: 1 << 40, rotational: true }],
            nics: vec![nic],
            ..Facts::default()
        }
    }

    fn lines(changes: &[Change]) -> Vec<String> {
        let line = |c: &Change| {
            format!("{} {}: {} -> {}", c.fact.word(), c.item.as_deref().unwrap_or("-"), c.before, c.after)
        };
        changes.iter().map(line).collect()
    }

    #[test]
    fn what_moves_by_itself_is_no_change() {
        let mut after = facts();
        after.gathered = Moment(9);
        after.clock_offset_ms = 900;
        after.root_free = 12;
        after.nics[0].addresses.reverse();
        assert_eq!(diff(&facts(), &after), []);
    }

    #[test]
    fn what_an_older_release_did_not_ask_for_is_no_change() {
        let mut after = facts();
        (after.kvm, after.root_size, after.clock_synchronised) = (Some(true), 1 << 40, Some(true));
        after.clock_service = "chrony".into();
        assert_eq!(diff(&facts(), &after), []);
    }

    #[test]
    fn changes_are_named() {
        let mut after = facts();
        after.memory = 8 << 30;
        after.boot_id = "two".into();
        after.clock_offset_ms = -5_000;
        after.disks = vec![Disk { name: "sdb".into(), bytes: 1 << 40, rotational: false }];
        after.nics[0].mtu = 9000;
        after.nics[0].carrier = false;
        after.nics.push(Nic { name: "eth1".into(), mac: "aa:00:00:00:00:01".into(), ..Nic::default() });
        assert_eq!(
            lines(&diff(&facts(), &after)),
            [
                "memory -: 16.0 GiB -> 8.0 GiB",
                "boot -: one -> two",
                "clock -: 0 ms -> -5000 ms",
                "disk sda: 1.0 TiB, spins -> ",
                "disk sdb:  -> 1.0 TiB, solid",
                "carrier eth0: yes -> no",
                "mtu eth0: 1500 -> 9000",
                "nic eth1:  -> aa:00:00:00:00:01",
            ]
        );
    }

    /// A history as the engine keeps it.
    fn apply(history: &mut Vec<Record>, facts: &Facts) {
        let (record, dropped) = keep(history, facts);
        history.retain(|r| r.since != record.since && !dropped.contains(&r.since));
        history.push(record);
    }

    #[test]
    fn the_same_facts_make_one_record_longer() {
        let mut history = Vec::new();
        for at in [10, 20, 30] {
            apply(&mut history, &Facts { gathered: Moment(at), ..facts() });
        }
        assert_eq!(history.len(), 1);
        assert_eq!((history[0].since, history[0].until), (Moment(10), Moment(30)));
    }

    proptest! {
        #[test]
        fn a_history_is_bounded_and_in_order(steps in proptest::collection::vec((0_u64..5, 0_u64..40), 1..80)) {
            let mut history: Vec<Record> = Vec::new();
            for (memory, at) in steps {
                let facts = Facts { gathered: Moment(at), memory: memory << 30, ..facts() };
                apply(&mut history, &facts);
                prop_assert!(history.len() <= KEPT);
                prop_assert!(history.windows(2).all(|w| w[0].since < w[1].since));
                prop_assert!(history.windows(2).all(|w| !diff(&w[0].facts, &w[1].facts).is_empty()));
                let newest = &history.last().unwrap().facts;
                prop_assert_eq!(newest, &facts, "the newest is what was gathered last");
            }
        }

        #[test]
        fn nothing_differs_from_itself(text in "[a-z]{0,6}", n in 0_u64..1 << 50) {
            let f = Facts { hostname: text, memory: n, ..facts() };
            prop_assert!(diff(&f, &f).is_empty());
        }
    }
}
