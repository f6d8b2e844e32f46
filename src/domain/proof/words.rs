//! What is said on the rungs, in English.
//!
//! The command line and JSON say these; the message catalogue holds the same sentences and their translations under `proof-said-KEY`,
//! and a test compares the two. `{name}` is an argument. Sentences with "known" rest on something that was seen, those with "guessed"
//! on what usually follows.

use crate::domain::text::harmless;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A sentence with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// One of [`ENGLISH`].
    pub key: String,
    /// Its arguments, harmless.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

impl Said {
    /// A sentence without arguments yet.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), args: BTreeMap::new() }
    }

    /// With an argument, which is made harmless.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and errors are given as they are")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        let text = harmless(&value.to_string()).split_whitespace().collect::<Vec<_>>().join(" ");
        self.args.insert(name.to_owned(), text);
        self
    }

    /// In English.
    pub fn words(&self) -> String {
        let Some((_, text)) = ENGLISH.iter().find(|(key, _)| *key == self.key) else {
            let args: Vec<&str> = self.args.values().map(String::as_str).collect();
            return format!("{} {}", self.key, args.join(" ")).trim().to_owned();
        };
        let mut out = String::new();
        let mut rest = *text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            out.push_str(self.args.get(name).map_or("?", String::as_str));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Every sentence: key, English.
pub const ENGLISH: &[(&str, &str)] = &[
    ("why", "{why}"),
    ("ceiling", "given up after {seconds} s: {why}"),
    ("waits", "waits: {why}"),
    ("units-good", "{count} units run on {nodes} nodes"),
    ("unit-down", "{node}: {unit} is {state}; look at 'systemctl status {unit}' there"),
    ("unit-missing", "no node has the unit {unit} of {module}: its installation is not complete"),
    ("node-silent", "{node} cannot be logged in to: {why}"),
    ("token-good", "token of the administrator, valid until {until}; {count} services in the catalogue"),
    ("endpoint-good", "{count} services answer: {services}"),
    ("endpoint-bad", "{service} does not answer as it should: {why}"),
    (
        "waited-for",
        "guessed that {module} is at fault: {of} waited for it in vain; look at the lines of {module} below",
    ),
    (
        "silent-now",
        "known to be at fault: {service} does not answer right now ({why}); look at the lines of {module} below",
    ),
    (
        "boot-guess",
        "guessed that the image does not boot: no instance wrote a single line to its console, and none asked for an address; try another image",
    ),
    ("endpoint-missing", "the catalogue has no {service}: its endpoint was not registered"),
    (
        "agents-good",
        "{services} services of Nova and {agents} agents of Neutron are alive; hypervisors: {hosts}",
    ),
    (
        "agent-down",
        "{binary} on {host} is not alive (last seen {seen}): see that it runs and reaches RabbitMQ",
    ),
    ("agent-disabled", "{binary} on {host} is switched off by an administrator: no instance will come there"),
    (
        "compute-missing",
        "no nova-compute has reported from {node}: see that it runs there and that its host was discovered",
    ),
    ("leftovers", "{count} things that an earlier proof could not remove were found and removed: {names}"),
    ("image-sending", "{sent} of {total} MiB sent"),
    ("image-good", "{name}: {format}, {size}, sent from {file}"),
    ("image-parts", "{name}: disk, kernel and initial RAM disk, {size}, sent from {file}"),
    ("flavor-good", "{name}: {vcpus} vCPU, {ram} MiB, {disk} GiB"),
    ("provider-made", "provider network {cidr} on {physical}, addresses {pool}"),
    ("provider-there", "the provider network {name} is there already and is used"),
    ("provider-none", "no provider network: the network plan has no public network with a floating pool"),
    ("tenant-made", "self-service network {cidr} ({kind})"),
    ("router-good", "router from {cidr} to the provider network, its address there {address}"),
    ("router-inside", "router on {cidr}; there is no provider network to lead to"),
    (
        "dhcp-idle",
        "the port of the network's DHCP server is {state}: neutron-dhcp-agent or the agent that wires ports has not done its part",
    ),
    (
        "router-idle",
        "the router's port on the self-service network is {state}: neutron-l3-agent, neutron-dhcp-agent or the agent that wires ports has not done its part",
    ),
    ("rules-good", "ping and SSH are let in"),
    ("key-good", "key pair {fingerprint}"),
    ("instance-waits", "{active} of {total} instances are active; {node}: {state}"),
    ("instance-good", "{node}: active after {seconds} s"),
    ("instance-bad", "{node}: the instance is {state}: {why}"),
    ("instance-elsewhere", "{node}: the instance runs on {host} instead"),
    (
        "instance-quota",
        "{count} instances at most fit into the quota of the project: not tried on {nodes}; raise the quota of project admin and prove again",
    ),
    ("address-console", "{node}: {address}, known from the instance's console"),
    ("address-dhcp", "{node}: {address}, known from the DHCP server's log (DHCPACK)"),
    (
        "address-none",
        "{node}: {address} was set aside, but neither the instance's console nor the DHCP server's log shows that it arrived",
    ),
    ("console-last", "{node}: last line of the instance's console: {line}"),
    ("console-silent", "{node}: the instance's console is empty"),
    ("metadata-console", "{node}: read, known from the instance's console"),
    ("metadata-log", "{node}: served with status {status}, known from the metadata service's log"),
    ("metadata-bad", "{node}: the instance's console says that it could not be read: {line}"),
    (
        "metadata-none",
        "{node}: neither the instance's console nor the metadata service's log shows that it was read",
    ),
    ("floating-good", "{address} leads to {fixed} on {node}"),
    ("no-provider", "without a provider network there are no floating addresses"),
    ("ping-controller", "{address} answers the controller {node} after {seconds} s"),
    ("ping-here", "{address} answers the management host"),
    ("ping-not-here", "{address} does not answer the management host: guessed that it has no route there"),
    (
        "ping-nobody-here",
        "the management host has no ping program: nothing is known about the way from there",
    ),
    (
        "ping-inside",
        "{address} answers inside its network on {node} after {seconds} s; nothing is known about the way from outside",
    ),
    ("ping-none", "{address} answers neither {node} nor the management host"),
    ("console-good", "noVNC answers at {place}; the console log has {lines} lines"),
    ("volume-good", "a volume of 1 GiB was attached to {node} as {device} and detached"),
    ("volume-bad", "the volume is {state}: {why}"),
    ("no-cinder", "Cinder is not installed"),
    ("cleanup-waits", "{count} things are left to remove"),
    ("cleanup-good", "{count} things removed; nothing is left"),
    ("cleanup-nothing", "nothing was made"),
    (
        "cleanup-left",
        "could not be removed: {names}; 'cpmg prove ENV --clean' tries again, and so does the next proof",
    ),
    ("cleanup-why", "{name}: {why}"),
    ("ended", "ended early"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn sentences_are_filled_in_and_harmless() {
        let said = Said::new("unit-down")
            .with("node", "ctl1")
            .with("unit", "keystone")
            .with("state", "a\u{1b}[2Jb\nc");
        assert_eq!(said.words(), "ctl1: keystone is ab c; look at 'systemctl status keystone' there");
        assert_eq!(
            Said::new("unit-missing").with("unit", "x").words(),
            "no node has the unit x of ?: its installation is not complete"
        );
        assert_eq!(Said::new("from-the-future").with("a", 1).words(), "from-the-future 1");
        assert_eq!(Said::new("why").with("why", "{not an argument}").words(), "{not an argument}");
    }

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<_> = ENGLISH.iter().map(|(k, _)| k).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), ENGLISH.len());
    }
}
