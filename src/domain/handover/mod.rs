//! The report of an environment that goes to its owner: one HTML file that needs nothing else, with the drawings of the screens.
//!
//! [`Handover`] is what is told, [`Handover::html`] writes it. No script is in the file and nothing is fetched, so that it can be
//! kept, mailed and printed. Never in it: a password, or the values of options, which may hold one.
//!
//! Words come from the caller by the keys of the message catalogue; [`english`] has those of the command line.

mod page;
#[cfg(test)]
mod tests;

use super::check::CheckReport;
use super::environment::Environment;
use super::facts::Facts;
use super::netplan::{NetworkPlan, NodeFacts, Resolved};
use super::node::{NodeRoles, NodeState};
use super::picture::Topology;
use super::proof::Proof;
use super::report::JobReport;
use super::time::Moment;

/// A node.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    /// What the rules of a plan look at.
    pub seen: NodeFacts<'a>,
    /// Where it stands.
    pub state: NodeState,
}

impl<'a> Machine<'a> {
    fn facts(&self) -> Option<&'a Facts> {
        self.seen.facts
    }

    fn roles(&self) -> &'a NodeRoles {
        self.seen.roles
    }
}

/// What is told.
#[derive(Clone, Debug)]
pub struct Handover<'a> {
    /// As of when.
    pub at: Moment,
    /// Who asked for it.
    pub by: &'a str,
    /// The environment.
    pub env: &'a Environment,
    /// Its nodes.
    pub nodes: Vec<Machine<'a>>,
    /// Its network plan, and what that comes to.
    pub plan: &'a NetworkPlan,
    /// Worked out for these nodes.
    pub resolved: &'a Resolved,
    /// The last connectivity check.
    pub check: Option<&'a CheckReport>,
    /// What it found, in the reader's language, the worst first.
    pub findings: Vec<String>,
    /// The last proof.
    pub proof: Option<&'a Proof>,
    /// The newest job of which there is a report.
    pub job: Option<&'a JobReport>,
}

impl Handover<'_> {
    /// What hangs on which network.
    pub fn topology(&self) -> Topology {
        let nodes: Vec<_> = self.nodes.iter().map(|n| (n.seen, n.state)).collect();
        Topology::of(self.plan, self.resolved, &nodes)
    }

    /// The file. `language` is its code; `word` gives the words of a key of the catalogue.
    pub fn html(&self, language: &str, word: &dyn Fn(&str) -> String) -> String {
        page::html(self, language, word)
    }
}

/// Headings and labels by their keys, as the command line has them.
pub const ENGLISH: [(&str, &str); 44] = [
    ("handover-title", "Hand-over of an OpenStack environment"),
    ("handover-made", "Made"),
    ("handover-summary", "At a glance"),
    ("handover-name", "Environment"),
    ("handover-platform", "Platform"),
    ("handover-modules", "Modules"),
    ("handover-created", "Created"),
    ("handover-changed", "Last changed"),
    ("handover-nodes", "Nodes"),
    ("handover-installed", "installed"),
    ("handover-topology", "Nodes and networks"),
    ("handover-topology-found", "No network plan: drawn from the addresses that the nodes have."),
    ("handover-no-nodes", "There are no nodes yet."),
    ("handover-networks", "Networks"),
    ("handover-network", "Network"),
    ("handover-cidr", "Addresses"),
    ("handover-range", "For nodes"),
    ("handover-gateway", "Gateway"),
    ("handover-floating", "For instances"),
    ("handover-vlan", "VLAN"),
    ("handover-node", "Node"),
    ("handover-roles", "Roles"),
    ("handover-state", "State"),
    ("handover-address", "Address"),
    ("handover-system", "System"),
    ("handover-hardware", "Processors, memory, disks"),
    ("handover-nics", "NICs"),
    ("handover-check", "Connectivity check"),
    ("handover-check-none", "It was never checked."),
    ("handover-proof", "Proof"),
    ("handover-proof-none", "It was never proven."),
    ("handover-job", "Newest job"),
    ("handover-job-none", "Nothing was installed yet."),
    ("handover-gantt", "What was done on each node, and when"),
    ("handover-throughput", "steps that ended"),
    ("handover-stage", "Stage"),
    ("handover-took", "Took"),
    ("handover-steps", "Longest steps"),
    ("handover-options", "Options set by operators"),
    ("handover-options-none", "None: everything is as the modules have it."),
    ("handover-options-note", "Values are not told here: they may hold passwords."),
    ("handover-file", "File"),
    ("handover-count", "Options"),
    ("handover-legend", "Signs"),
];

/// The words of the command line: those of [`ENGLISH`], and states and roles as they are.
pub fn english(key: &str) -> String {
    const PLAIN: [&str; 11] = [
        "node-state-",
        "role-",
        "job-state-",
        "stage-",
        "fill-",
        "check-verdict-",
        "check-column-",
        "check-cell-",
        "proof-outcome-",
        "proof-rung-",
        "proof-state-",
    ];
    let known = ENGLISH.iter().find(|(k, _)| *k == key).map(|(_, text)| (*text).to_owned());
    known.unwrap_or_else(|| {
        let word = PLAIN.iter().find_map(|prefix| key.strip_prefix(prefix)).unwrap_or(key);
        word.replace('-', " ")
    })
}
