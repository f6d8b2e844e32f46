//! What a node can tell alone: names, clock, repositories, ports.

use super::{Judge, listed};
use crate::domain::check::CheckKind;
use crate::domain::check::expect::PortNeed;
use crate::domain::check::probe::{Listener, ProbeResult};
use crate::domain::check::report::Severity;
use crate::domain::ids::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// How far a clock may be off, milliseconds. Tokens, certificates and databases bear less and less of more.
const CLOCK_OFF_MS: u64 = 2_000;

impl Judge<'_> {
    pub(super) fn own(&mut self) {
        let ids: Vec<NodeId> =
            self.expected.nodes.keys().copied().filter(|n| !self.blind.contains(n)).collect();
        if self.asks(CheckKind::Names) {
            for id in &ids {
                self.names_of(*id);
            }
        }
        if self.asks(CheckKind::Clock) {
            self.clocks(&ids);
        }
        if self.asks(CheckKind::Repositories) {
            self.repositories(&ids);
        }
        if self.asks(CheckKind::Ports) {
            for id in &ids {
                self.ports(*id);
            }
        }
    }

    /// Names that do not resolve: those that were asked for, and those of repositories.
    fn names_of(&mut self, id: NodeId) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut reason = String::new();
        for result in self.observed.results(id) {
            match result {
                ProbeResult::Name { name, addresses, fault, .. } if addresses.is_empty() => {
                    names.insert(name.clone());
                    reason = fault.clone().unwrap_or_default();
                }
                ProbeResult::Repository { fault: Some(fault), .. } => {
                    if let Some((name, why)) = unresolved(fault) {
                        names.insert(name.to_owned());
                        why.clone_into(&mut reason);
                    }
                }
                _ => {}
            }
        }
        // A node that does not reach its gateway asks no server.
        if names.is_empty() || self.cut.contains(&id) {
            return;
        }
        let draft = self.fault(CheckKind::Names, "name-unresolved").node(id);
        self.tell(draft.arg("subject", listed(names)).arg("why", reason));
    }

    /// Clocks that differ. When most nodes agree with each other and not with us, ours is the one that is off.
    fn clocks(&mut self, ids: &[NodeId]) {
        let mut off: BTreeMap<NodeId, (i64, u32)> = BTreeMap::new();
        let mut loose: Vec<(NodeId, String)> = Vec::new();
        for id in ids {
            for result in self.observed.results(*id) {
                let ProbeResult::Clock { offset_ms, uncertainty_ms, synchronised, source } = result else {
                    continue;
                };
                off.insert(*id, (*offset_ms, *uncertainty_ms));
                // A time service is set up by the installation.
                if *synchronised == Some(false) && self.expected.nodes.get(id).is_some_and(|n| n.worked) {
                    loose.push((*id, source.clone()));
                }
            }
        }
        let near = |a: i64, b: i64, slack: u32| a.abs_diff(b) <= CLOCK_OFF_MS + u64::from(slack);
        let right = off.values().filter(|(ms, slack)| near(*ms, 0, *slack)).count();
        let mut sorted: Vec<i64> = off.values().map(|(ms, _)| *ms).collect();
        sorted.sort_unstable();
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let with_middle = off.values().filter(|(ms, slack)| near(*ms, middle, *slack)).count();
        let ours = off.len() > 2 && right * 2 < off.len() && with_middle * 2 > off.len();
        let reference = if ours { middle } else { 0 };
        if ours {
            let draft = self.fault(CheckKind::Clock, "own-clock-off");
            self.tell(draft.arg("offset", seconds(-middle)).arg("nodes", off.len()));
        }
        for (id, (ms, slack)) in &off {
            if !near(*ms, reference, *slack) {
                let draft = self.fault(CheckKind::Clock, "clock-off").node(*id);
                self.tell(draft.arg("offset", seconds(ms - reference)));
                loose.retain(|(node, _)| node != id);
            }
        }
        for (id, source) in loose {
            let draft = self.draft(Severity::Warning, CheckKind::Clock, "clock-loose").node(id);
            self.tell(draft.arg("source", source));
        }
    }

    /// Repositories that do not answer. What all nodes miss is told once.
    fn repositories(&mut self, ids: &[NodeId]) {
        let mut missed: BTreeMap<String, (BTreeSet<NodeId>, String)> = BTreeMap::new();
        let mut asked: BTreeSet<NodeId> = BTreeSet::new();
        for id in ids.iter().filter(|id| !self.cut.contains(id)) {
            for result in self.observed.results(*id) {
                let ProbeResult::Repository { url, status, fault, .. } = result else { continue };
                asked.insert(*id);
                let why = match (status, fault) {
                    (_, Some(fault)) => fault.clone(),
                    (Some(status), None) if *status >= 400 => format!("HTTP {status}"),
                    _ => continue,
                };
                if unresolved(&why).is_some() {
                    // That is a finding about names.
                    continue;
                }
                let (nodes, reason) = missed.entry(url.clone()).or_default();
                nodes.insert(*id);
                *reason = why;
            }
        }
        let mut by_nodes: BTreeMap<BTreeSet<NodeId>, (Vec<String>, String)> = BTreeMap::new();
        for (url, (nodes, why)) in missed {
            let entry = by_nodes.entry(nodes).or_default();
            entry.0.push(url);
            entry.1 = why;
        }
        for (nodes, (urls, why)) in by_nodes {
            let urls = listed(urls);
            if nodes.len() > 1 && nodes == asked {
                let draft = self.fault(CheckKind::Repositories, "repository-nowhere");
                self.tell(draft.arg("subject", urls).arg("why", why).arg("nodes", nodes.len()));
                continue;
            }
            for node in nodes {
                let draft = self.fault(CheckKind::Repositories, "repository-silent").node(node);
                self.tell(draft.arg("subject", &urls).arg("why", &why));
            }
        }
    }

    /// Ports that somebody else holds.
    fn ports(&mut self, id: NodeId) {
        let Some(node) = self.expected.nodes.get(&id) else { return };
        for result in self.observed.results(id) {
            let ProbeResult::Port { port, listeners } = result else { continue };
            let Some(need) = node.ports.iter().find(|n| n.port == *port) else { continue };
            let strangers: Vec<&Listener> =
                listeners.iter().filter(|l| !(node.worked && is_ours(need, l))).collect();
            let Some(first) = strangers.first() else { continue };
            let who = who(first);
            let unknown = node.worked && strangers.iter().all(|l| l.unit.is_none() && l.process.is_none());
            let draft = if unknown {
                self.draft(Severity::Warning, CheckKind::Ports, "port-unknown")
            } else {
                self.fault(CheckKind::Ports, "port-taken")
            };
            let draft = draft.node(id).arg("subject", port).arg("module", &need.module);
            self.tell(draft.arg("who", who).arg("address", first.address));
        }
    }
}

/// Whether a listener is the service that our module installs.
fn is_ours(need: &PortNeed, listener: &Listener) -> bool {
    let unit = listener.unit.as_deref().map(|u| u.strip_suffix(".service").unwrap_or(u));
    unit.is_some_and(|u| need.units.contains(u))
}

/// A listener for a sentence: `mariadbd (mariadb.service, pid 812)`.
fn who(listener: &Listener) -> String {
    let unit = listener.unit.clone();
    let pid = listener.pid.map(|p| format!("pid {p}"));
    let details: Vec<String> = [unit, pid].into_iter().flatten().collect();
    let process = listener.process.clone().unwrap_or_else(|| "?".to_owned());
    if details.is_empty() { process } else { format!("{process} ({})", details.join(", ")) }
}

/// Name and reason, if a repository was not reached because its name does not resolve.
fn unresolved(fault: &str) -> Option<(&str, &str)> {
    fault.strip_prefix("the name ")?.split_once(" does not resolve: ")
}

/// An offset in words: `+3602.500 s`.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03} s", ms / 1000, ms % 1000)
}
