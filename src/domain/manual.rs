//! How a node's operating system is installed by hand: numbered instructions for that very node.
//!
//! A pure function of what is known about the node. An instruction is the key of a sentence in the message catalogue with its
//! arguments; [`Instruction::english`] is the same sentence for the command line, and a test keeps the two alike.

use super::facts::{Facts, Nic};
use super::node::CredentialKind;
use std::net::Ipv4Addr;

/// What is known about the node.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where SSH answers: the address without the port.
    pub address: &'a str,
    /// Port of SSH.
    pub port: u16,
    /// Account that the program logs in with.
    pub user: &'a str,
    /// How it logs in.
    pub credential: Option<&'a CredentialKind>,
    /// What it said about itself when it answered last.
    pub facts: Option<&'a Facts>,
    /// Name of the environment's platform, as `debian-12-zed`.
    pub platform: &'a str,
}

/// Why it is done by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No Cobbler installs this node.
    NoCobbler,
    /// Cobbler was asked and failed.
    CobblerFailed,
}

/// A sentence with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Key in the message catalogue.
    pub key: &'static str,
    /// Arguments by name.
    pub args: Vec<(&'static str, String)>,
}

/// The whole procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// Why it is done by hand.
    pub reason: Instruction,
    /// What is to be done, in order; the first is number 1. Each is confirmed.
    pub steps: Vec<Instruction>,
    /// What the program checks afterwards.
    pub check: Instruction,
}

/// Sentences in English by key; `{x}` stands for the argument `x`.
pub const ENGLISH: &[(&str, &str)] = &[
    ("manual-why-none", "No Cobbler installs this node: its operating system is installed by hand."),
    (
        "manual-why-failed",
        "The reinstallation through Cobbler failed: the operating system of this node is installed by hand.",
    ),
    (
        "manual-right-machine",
        "Go to the console of {name} ({address}). Make sure that it is the right machine: NIC {nic} has the MAC address {mac}. \
         Everything on its disks will be lost.",
    ),
    (
        "manual-right-machine-unknown",
        "Go to the console of {name} ({address}). Make sure that it is the right machine: its NICs were never seen. Everything on \
         its disks will be lost.",
    ),
    (
        "manual-boot",
        "Set it to boot once from the network through NIC {nic} (MAC {mac}), or from an installation medium, and restart it.",
    ),
    (
        "manual-boot-unknown",
        "Set it to boot once from the network through the NIC of the cluster network, or from an installation medium, and restart \
         it.",
    ),
    ("manual-system", "Install {os} {version} with an SSH server and without a desktop, on {disk}."),
    ("manual-system-any-disk", "Install {os} {version} with an SSH server and without a desktop."),
    (
        "manual-address",
        "Give NIC {nic} the fixed address {address}, netmask {mask}, gateway {gateway}, and the machine the host name {name}.",
    ),
    (
        "manual-address-no-gateway",
        "Give NIC {nic} the fixed address {address}, netmask {mask}, and the machine the host name {name}.",
    ),
    (
        "manual-address-unknown",
        "Give the NIC of the cluster network the fixed address {address}, and the machine the host name {name}.",
    ),
    ("manual-login-password", "Let the account {user} log in over SSH with the same password as before."),
    (
        "manual-login-key",
        "Let the account {user} log in over SSH with the same key as before: its public half goes into \
         ~{user}/.ssh/authorized_keys.",
    ),
    ("manual-login-unknown", "Let the account {user} log in over SSH."),
    ("manual-sudo", "Let the account {user} use sudo without a password."),
    ("manual-ssh", "Make SSH answer on port {port}, also after a restart."),
    (
        "manual-disk-boot",
        "Switch booting from the network off again and restart: the machine must come up from its own disk.",
    ),
    (
        "manual-check",
        "The program then logs in to {user}@{address}, port {port}. It expects another host key and another machine id than \
         before and nothing of the old installation, pins the new key, and goes on with the installation.",
    ),
];

impl Instruction {
    fn new(key: &'static str, args: &[(&'static str, &str)]) -> Self {
        Self { key, args: args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect() }
    }

    /// The sentence in English.
    pub fn english(&self) -> String {
        let template = ENGLISH.iter().find(|(key, _)| *key == self.key).map_or(self.key, |(_, text)| text);
        // Arguments come from nodes: one that holds another's name in braces must not be filled in turn.
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else { break };
            let value = self.args.iter().find(|(n, _)| *n == name).map_or("?", |(_, v)| v.as_str());
            out.push_str(value);
            rest = tail;
        }
        out + rest
    }
}

/// The procedure for a node.
pub fn procedure(node: &Subject<'_>, why: Why) -> Procedure {
    let reason = match why {
        Why::NoCobbler => "manual-why-none",
        Why::CobblerFailed => "manual-why-failed",
    };
    let (name, address, user) = (node.name, node.address, node.user);
    let port = node.port.to_string();
    let nic = node.facts.and_then(|facts| boot_nic(facts, address));
    let mut steps = Vec::new();
    if let Some(n) = nic {
        let (nic, mac) = (("nic", n.name.as_str()), ("mac", n.mac.as_str()));
        let all = [("name", name), ("address", address), nic, mac];
        steps.push(Instruction::new("manual-right-machine", &all));
        steps.push(Instruction::new("manual-boot", &[nic, mac]));
    } else {
        let all = [("name", name), ("address", address)];
        steps.push(Instruction::new("manual-right-machine-unknown", &all));
        steps.push(Instruction::new("manual-boot-unknown", &[]));
    }
    let (os, version) = system(node);
    let disk = node.facts.and_then(|f| f.disks.first());
    let (os, version) = (("os", os.as_str()), ("version", version.as_str()));
    steps.push(if let Some(disk) = disk {
        Instruction::new("manual-system", &[os, version, ("disk", disk.name.as_str())])
    } else {
        Instruction::new("manual-system-any-disk", &[os, version])
    });
    steps.push(addressing(node, nic));
    steps.push(Instruction::new(
        match node.credential {
            Some(CredentialKind::Password) => "manual-login-password",
            Some(CredentialKind::Key | CredentialKind::Agent { .. }) => "manual-login-key",
            Some(CredentialKind::Set { .. }) | None => "manual-login-unknown",
        },
        &[("user", user)],
    ));
    if user != "root" {
        steps.push(Instruction::new("manual-sudo", &[("user", user)]));
    }
    steps.push(Instruction::new("manual-ssh", &[("port", &port)]));
    steps.push(Instruction::new("manual-disk-boot", &[]));
    let check = [("user", user), ("address", address), ("port", port.as_str())];
    Procedure {
        reason: Instruction::new(reason, &[]),
        steps,
        check: Instruction::new("manual-check", &check),
    }
}

fn addressing(node: &Subject<'_>, nic: Option<&Nic>) -> Instruction {
    let (name, address) = (node.name, node.address);
    let known = nic.and_then(|n| Some((n, netmask(n, address)?)));
    let Some((nic, mask)) = known else {
        return Instruction::new("manual-address-unknown", &[("address", address), ("name", name)]);
    };
    let base = [("nic", nic.name.as_str()), ("address", address), ("mask", mask.as_str()), ("name", name)];
    match node.facts.and_then(|f| f.gateway.as_deref()) {
        Some(gateway) => {
            let [nic, address, mask, name] = base;
            Instruction::new("manual-address", &[nic, address, mask, ("gateway", gateway), name])
        }
        None => Instruction::new("manual-address-no-gateway", &base),
    }
}

/// The NIC that has the node's address; else the one of the default route, else the first one with a cable.
fn boot_nic<'a>(facts: &'a Facts, address: &str) -> Option<&'a Nic> {
    let has = |n: &&Nic| n.addresses.iter().any(|a| a.split('/').next() == Some(address));
    let routed = |n: &&Nic| facts.gateway_nic.as_deref() == Some(n.name.as_str());
    let usable = || facts.nics.iter().filter(|n| !n.mac.is_empty());
    usable().find(has).or_else(|| usable().find(routed)).or_else(|| usable().find(|n| n.carrier))
}

fn netmask(nic: &Nic, address: &str) -> Option<String> {
    let prefix = nic.addresses.iter().find_map(|a| a.strip_prefix(address)?.strip_prefix('/'))?;
    let length: u32 = prefix.parse().ok().filter(|n| *n <= 32)?;
    let bits = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Some(Ipv4Addr::from(bits).to_string())
}

/// Operating system and version: the platform's name says them (`debian-12-zed`); else what the node had.
fn system(node: &Subject<'_>) -> (String, String) {
    let mut words = node.platform.split('-');
    match (words.next(), words.next()) {
        (Some(os), Some(version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            (os.to_owned(), version.to_owned())
        }
        _ => node.facts.map_or_else(
            || (node.platform.to_owned(), String::new()),
            |f| (f.os_id.clone(), f.os_version.clone()),
        ),
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
    use crate::domain::facts::Disk;

    fn facts() -> Facts {
        let nic = |name: &str, mac: &str, address: &[&str]| Nic {
            name: name.into(),
            mac: mac.into(),
            carrier: true,
            addresses: address.iter().map(|a| (*a).to_owned()).collect(),
            ..Nic::default()
        };
        Facts {
            nics: vec![
                nic("eno1", "aa:00:00:00:00:01", &["192.168.9.4/24"]),
                nic("eno2", "aa:00:00:00:00:02", &["fe80::1/64", "10.20.0.11/22"]),
            ],
            disks: vec![Disk { name: "nvme0n1".into(), ..Disk::default() }],
            gateway: Some("10.20.3.254".into()),
            gateway_nic: Some("eno1".into()),
            ..Facts::default()
        }
    }

    fn subject(facts: Option<&Facts>) -> Subject<'_> {
        Subject {
            name: "node-1",
            address: "10.20.0.11",
            port: 2222,
            user: "root",
            credential: Some(&CredentialKind::Key),
            facts,
            platform: "ubuntu-22.04-caracal",
        }
    }

    fn sentences(procedure: &Procedure) -> String {
        procedure.steps.iter().map(|s| s.english() + "\n").collect()
    }

    #[test]
    fn instructions_name_what_this_node_needs() {
        let facts = facts();
        let text = sentences(&procedure(&subject(Some(&facts)), Why::NoCobbler));
        for part in [
            "NIC eno2 has the MAC address aa:00:00:00:00:02",
            "boot once from the network through NIC eno2",
            "Install ubuntu 22.04",
            "on nvme0n1",
            "10.20.0.11, netmask 255.255.252.0, gateway 10.20.3.254",
            "~root/.ssh/authorized_keys",
            "port 2222",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        assert!(!text.contains('{') && !text.contains("sudo"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let mut node = subject(None);
        (node.user, node.credential) = ("ada", Some(&CredentialKind::Password));
        let made = procedure(&node, Why::CobblerFailed);
        let text = sentences(&made);
        assert!(
            text.contains("never seen") && text.contains("sudo") && text.contains("same password"),
            "{text}"
        );
        assert!(!text.contains('?') && made.reason.english().contains("failed"), "{text}");
        node.platform = "own";
        assert!(sentences(&procedure(&node, Why::NoCobbler)).contains("Install own"));
    }

    #[test]
    fn an_argument_is_not_filled_in_turn() {
        let mut node = subject(None);
        node.name = "{address}";
        let text = procedure(&node, Why::NoCobbler).steps[0].english();
        assert!(text.contains("console of {address} (10.20.0.11)"), "{text}");
    }

    #[test]
    fn netmasks() {
        let nic = |a: &str| Nic { addresses: vec![a.into()], ..Nic::default() };
        for (length, mask) in [("0", "0.0.0.0"), ("24", "255.255.255.0"), ("32", "255.255.255.255")] {
            assert_eq!(netmask(&nic(&format!("10.0.0.1/{length}")), "10.0.0.1").as_deref(), Some(mask));
        }
        assert_eq!(netmask(&nic("10.0.0.1/33"), "10.0.0.1"), None);
        assert_eq!(netmask(&nic("10.0.0.11/24"), "10.0.0.1"), None);
    }
}
