//! What comes out of a check: findings, a matrix, and what both rest on.

use super::CheckKind;
use super::probe::{NodeProbe, ProbeResult, TaskKind};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::netplan::Tag;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// After this time a report is too old to rely on, milliseconds.
pub const AGE_MAX_MS: u64 = 24 * 3600 * 1000;

/// How bad a finding is. None of them counts as passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// An installation will fail, or the cloud will not work.
    Fault,
    /// It may.
    Warning,
    /// It could not be looked at.
    NotChecked,
}

impl Severity {
    /// The word used on the command line, in JSON and in the message catalogue (`check-severity-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::NotChecked => "not-checked",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A NIC of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// The NIC's kernel name.
    pub nic: String,
}

/// One thing that is wrong, at the place where it has to be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Which check found it.
    pub check: CheckKind,
    /// The cause, as key of its texts (`check-found-CAUSE` …); see [`super::words`].
    pub cause: String,
    /// On which node; nobody's: it is beside the nodes (a gateway, a switch, a stranger).
    pub node: Option<NodeId>,
    /// On which NIC.
    pub nic: Option<String>,
    /// On which network.
    pub column: Option<Column>,
    /// The other side, where there is exactly one.
    pub peer: Option<Place>,
    /// What goes into the texts; from nodes and strangers: harmless and bounded.
    pub args: BTreeMap<String, String>,
    /// First seen, in this and the reports before it without a break.
    pub since: Moment,
}

impl Finding {
    /// The same fault in another report has the same key.
    pub fn key(&self) -> String {
        let node = self.node.map(|n| n.to_string()).unwrap_or_default();
        let nic = self.nic.as_deref().unwrap_or_default();
        let column = self.column.as_ref().map(Column::word).unwrap_or_default();
        let subject = self.args.get("subject").map(String::as_str).unwrap_or_default();
        format!("{}:{}:{node}:{nic}:{column}:{subject}", self.check, self.cause)
    }
}

/// A column of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// Reached over SSH.
    Ssh,
    /// A network of the plan.
    Net(Tag),
    /// A network that nodes have addresses in, where there is no plan.
    Subnet(String),
    /// Name resolution.
    Names,
    /// Clock.
    Clock,
    /// Package repositories.
    Repositories,
    /// Ports.
    Ports,
}

impl Column {
    /// A short heading; those that are no networks are also keys in the message catalogue (`check-column-WORD`).
    pub fn word(&self) -> String {
        match self {
            Self::Ssh => "ssh".into(),
            Self::Net(tag) => tag.word().into(),
            Self::Subnet(cidr) => cidr.clone(),
            Self::Names => "names".into(),
            Self::Clock => "clock".into(),
            Self::Repositories => "repositories".into(),
            Self::Ports => "ports".into(),
        }
    }

    /// Whether it is a network.
    pub fn is_network(&self) -> bool {
        matches!(self, Self::Net(_) | Self::Subnet(_))
    }
}

/// How a node stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellState {
    /// Something is wrong.
    Fault,
    /// Something may be wrong.
    Warning,
    /// Could not be looked at.
    NotChecked,
    /// Everything that was looked at is as it should be.
    Passed,
}

impl CellState {
    /// The word used on the command line, in JSON and in the message catalogue (`check-cell-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::NotChecked => "not-checked",
            Self::Passed => "passed",
        }
    }
}

impl From<Severity> for CellState {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Fault => Self::Fault,
            Severity::Warning => Self::Warning,
            Severity::NotChecked => Self::NotChecked,
        }
    }
}

/// A cell of the matrix. A node that has no part in a column has no cell there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The row.
    pub node: NodeId,
    /// The column.
    pub column: Column,
    /// How it stands.
    pub state: CellState,
    /// Other nodes that were reached, and those that should be.
    pub reached: Option<(u32, u32)>,
    /// The slowest answer of another node, microseconds.
    pub rtt_us: Option<u32>,
    /// Addresses are not set yet: only the segment was looked at.
    #[serde(default)]
    pub wire_only: bool,
}

/// A row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLine {
    /// Which node.
    pub node: NodeId,
    /// Its name then.
    pub name: String,
    /// What looked: `perl 5.36.0`; none: nothing ran there.
    pub program: Option<String>,
}

/// NICs that hear each other's untagged frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentView {
    /// Who is on it.
    pub places: Vec<Place>,
    /// VLAN ids that pass between all its trunk NICs, as `100-199,300`; empty: none were tried or none pass.
    pub vlans: String,
}

/// What a report rests on. Numbers of 53 bits that stand for what they were made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Basis {
    /// Revision of the network plan; 0: there was none.
    pub plan: u64,
    /// Nodes, their addresses and ports of SSH.
    pub nodes: u64,
    /// NICs, their MAC addresses.
    pub nics: u64,
    /// Roles, modules, platform.
    pub roles: u64,
}

impl Basis {
    /// A number that stands for something.
    pub fn number(what: &impl Hash) -> u64 {
        let mut hash = DefaultHasher::new();
        what.hash(&mut hash);
        hash.finish() >> 11
    }
}

/// What changed since a report was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// The network plan.
    Plan,
    /// Nodes came, went, or have another address.
    Nodes,
    /// NICs.
    Nics,
    /// Roles or modules.
    Roles,
    /// Nothing that we know of, but it is older than [`AGE_MAX_MS`].
    Age,
}

impl Changed {
    /// The word used in JSON and in the message catalogue (`check-changed-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Nodes => "nodes",
            Self::Nics => "nics",
            Self::Roles => "roles",
            Self::Age => "age",
        }
    }
}

/// What a report says as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// There are faults.
    Failed,
    /// There are warnings.
    Warned,
    /// Not everything was looked at.
    Incomplete,
    /// Everything was looked at and is as it should be.
    Passed,
}

impl Verdict {
    /// The word used on the command line, in JSON and in the message catalogue (`check-verdict-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Incomplete => "incomplete",
            Self::Passed => "passed",
        }
    }
}

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Of which environment.
    pub env: EnvId,
    /// Which of its checks, from 1.
    pub number: u64,
    /// Begun.
    pub at: Moment,
    /// Over.
    pub ended: Moment,
    /// By whom.
    pub by: String,
    /// There was a network plan.
    pub planned: bool,
    /// What it rests on.
    pub basis: Basis,
    /// The rows of the matrix.
    pub nodes: Vec<NodeLine>,
    /// The columns, in the order in which they are shown.
    pub columns: Vec<Column>,
    /// The matrix.
    pub cells: Vec<Cell>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Which NICs share a segment.
    pub segments: Vec<SegmentView>,
}

impl CheckReport {
    /// What it says as a whole. A warning never counts as passed, nor does what was not looked at.
    pub fn verdict(&self) -> Verdict {
        let worst = self.findings.iter().map(|f| f.severity).min();
        match worst {
            Some(Severity::Fault) => Verdict::Failed,
            Some(Severity::Warning) => Verdict::Warned,
            Some(Severity::NotChecked) => Verdict::Incomplete,
            None if self.nodes.is_empty() => Verdict::Incomplete,
            // Silence is never "nothing found".
            None if self.cells.iter().any(|c| c.state == CellState::NotChecked) => Verdict::Incomplete,
            None => Verdict::Passed,
        }
    }

    /// Findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// What changed since it was made, by what things are `now`.
    pub fn changed(&self, basis: &Basis, now: Moment) -> Vec<Changed> {
        let differs = [
            (self.basis.plan != basis.plan, Changed::Plan),
            (self.basis.nodes != basis.nodes, Changed::Nodes),
            (self.basis.nics != basis.nics, Changed::Nics),
            (self.basis.roles != basis.roles, Changed::Roles),
            (now.since(self.ended) > AGE_MAX_MS, Changed::Age),
        ];
        differs.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect()
    }

    /// Keeps from an earlier report since when a fault is known.
    pub fn carry_on(&mut self, earlier: &Self) {
        let known: BTreeMap<String, Moment> = earlier.findings.iter().map(|f| (f.key(), f.since)).collect();
        for finding in &mut self.findings {
            if let Some(since) = known.get(&finding.key()) {
                finding.since = *since;
            }
        }
    }

    /// The name that a node had then.
    pub fn name(&self, node: NodeId) -> String {
        let line = self.nodes.iter().find(|n| n.node == node);
        line.map_or_else(|| node.to_string(), |n| n.name.clone())
    }
}

/// What was seen of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Why it could not be logged in to.
    pub unreachable: Option<String>,
    /// What its program told.
    pub probe: Option<NodeProbe>,
}

/// What was seen in one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Node by node.
    pub nodes: BTreeMap<NodeId, Seen>,
}

impl Observed {
    /// Results of a node.
    pub fn results(&self, node: NodeId) -> impl Iterator<Item = &ProbeResult> {
        self.nodes.get(&node).and_then(|s| s.probe.as_ref()).into_iter().flat_map(|p| &p.results)
    }

    /// How much it holds.
    pub fn len(&self) -> usize {
        self.nodes.values().filter_map(|s| s.probe.as_ref()).map(|p| p.results.len()).sum()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes over what a later, smaller check saw: of its nodes, the answers to the kinds of questions it asked.
    pub fn update(&mut self, later: Self, kinds: &std::collections::BTreeSet<TaskKind>) {
        for (node, seen) in later.nodes {
            let Some(fresh) = seen.probe else {
                self.nodes.insert(node, seen);
                continue;
            };
            let kept = self.nodes.remove(&node).and_then(|s| s.probe).map(|p| p.results).unwrap_or_default();
            let frames = kinds.contains(&TaskKind::Frames);
            let mut probe = NodeProbe { results: Vec::new(), ..fresh.clone() };
            probe.results.extend(kept.into_iter().filter(|r| match task_of(r) {
                Some(kind) => !kinds.contains(&kind),
                None => !frames,
            }));
            probe.results.extend(fresh.results);
            self.nodes.insert(node, Seen { unreachable: None, probe: Some(probe) });
        }
    }
}

/// Which kind of question a result answers; `None`: it only describes a NIC.
fn task_of(result: &ProbeResult) -> Option<TaskKind> {
    Some(match result {
        ProbeResult::Nic { .. } => return None,
        ProbeResult::Heard { .. } => TaskKind::Frames,
        ProbeResult::Address { .. } => TaskKind::Addresses,
        ProbeResult::Dhcp { .. } => TaskKind::Dhcp,
        ProbeResult::Echo { .. } => TaskKind::Echo,
        ProbeResult::Port { .. } => TaskKind::Ports,
        ProbeResult::Name { .. } => TaskKind::Names,
        ProbeResult::Repository { .. } => TaskKind::Repositories,
        ProbeResult::Clock { .. } => TaskKind::Clock,
        ProbeResult::NotChecked { task, .. } => *task,
    })
}
