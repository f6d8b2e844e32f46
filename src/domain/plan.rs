//! Everything an environment needs, as ordered stages of steps per node.
//!
//! The `catalog` makes a plan from a selection of modules; the job machine and the executor only read it. A plan is kept
//! with its job, so that a job is finished with the plan it was started with.

use super::day2::{Shape, Task};
use super::ids::{EnvId, NodeId};
use super::job::StepAction;
use super::node::NodeRoles;
use super::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Name of a step: `module/step`, both of `a-z 0-9 -`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepId {
    /// As written. Shared: the plan of a thousand nodes names the same few steps sixty thousand times.
    name: Arc<str>,
    /// Where the slash is.
    slash: u8,
}

impl StepId {
    /// The module's part.
    pub fn module(&self) -> &str {
        self.name.get(..usize::from(self.slash)).unwrap_or_default()
    }

    /// The step's part.
    pub fn step(&self) -> &str {
        self.name.get(usize::from(self.slash) + 1..).unwrap_or_default()
    }

    /// `MODULE.STEP`, for file names and the runner's protocol.
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.module(), self.step())
    }
}

/// A text that is no step's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not the name of a step: write module/step, both of lower-case letters, digits and hyphens")]
pub struct StepIdFault(String);

impl FromStr for StepId {
    type Err = StepIdFault;
    fn from_str(s: &str) -> Result<Self, StepIdFault> {
        let good = |p: &str| {
            (1..=40).contains(&p.len())
                && p.starts_with(|c: char| c.is_ascii_lowercase())
                && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match s.split_once('/') {
            Some((module, step)) if good(module) && good(step) => {
                let slash = u8::try_from(module.len()).map_err(|_| StepIdFault(s.to_owned()))?;
                Ok(Self { name: s.into(), slash })
            }
            _ => Err(StepIdFault(s.to_owned())),
        }
    }
}

// By module, then by step, as two words are: "a-b/c" comes after "a/c".
impl Ord for StepId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.module(), self.step()).cmp(&(other.module(), other.step()))
    }
}

impl PartialOrd for StepId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepId({})", self.name)
    }
}

impl TryFrom<String> for StepId {
    type Error = StepIdFault;
    fn try_from(s: String) -> Result<Self, StepIdFault> {
        s.parse()
    }
}

impl From<StepId> for String {
    fn from(id: StepId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A text in the languages of the interface; the language's code is the key (`en`, `zh-CN`).
pub type Localized = BTreeMap<String, String>;

/// `text` in `language`, else in English, else the empty text.
pub fn localized<'a>(text: &'a Localized, language: &str) -> &'a str {
    text.get(language).or_else(|| text.get("en")).map_or("", String::as_str)
}

/// The stages, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// Every node is looked at; nothing is changed.
    Preflight,
    /// Controllers: base, then the services.
    Controllers,
    /// Pure compute nodes, in parallel.
    Computes,
    /// Pure storage nodes.
    Storage,
    /// What was installed is asked whether it works.
    Verification,
}

impl StageKind {
    /// All stages, in order.
    pub const ALL: [Self; 5] =
        [Self::Preflight, Self::Controllers, Self::Computes, Self::Storage, Self::Verification];

    /// The word used in role files, on the command line and as key in the message catalogue (`stage-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Controllers => "controllers",
            Self::Computes => "computes",
            Self::Storage => "storage",
            Self::Verification => "verification",
        }
    }
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A step, as far as ordering, weighing and showing it goes. Its script lives in the job's bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// What it does.
    pub title: Localized,
    /// Seconds it usually takes, at least 1.
    pub weight: u32,
    /// Accounts that reach it.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// May be tried again without an operator.
    #[serde(default)]
    pub retryable: bool,
    /// Cannot be undone.
    #[serde(default)]
    pub irreversible: bool,
    /// Begins over a connection that was made for it: what it proves is that the node can be reached anew.
    #[serde(default)]
    pub reconnect: bool,
    /// Seconds after which a running attempt is ended; `None` for the usual ceiling. Ask [`StepSpec::ceiling`].
    #[serde(default)]
    pub ceiling: Option<u32>,
    /// Units that are restarted because of what it changes, or started by it.
    #[serde(default)]
    pub restarts: Vec<String>,
    /// Packages it installs.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The task it belongs to; `None`: the installation.
    #[serde(default)]
    pub task: Option<String>,
}

impl StepSpec {
    /// Shortest ceiling in seconds of a step that names none.
    pub const CEILING_MIN: u32 = 1800;
    /// A step that names no ceiling may take this many times its weight.
    pub const CEILING_FACTOR: u32 = 20;

    /// Seconds after which a running attempt is ended.
    pub fn ceiling(&self) -> u32 {
        let usual = self.weight.saturating_mul(Self::CEILING_FACTOR).max(Self::CEILING_MIN);
        self.ceiling.unwrap_or(usual)
    }
}

/// What one node does in one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageItem {
    /// The node.
    pub node: NodeId,
    /// Its steps, in order.
    pub steps: Vec<StepId>,
}

/// One stage: its items are done in parallel, up to the environment's limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Which one.
    pub kind: StageKind,
    /// One item a node.
    pub items: Vec<StageItem>,
}

/// A node as the plan knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNode {
    /// Identity.
    pub id: NodeId,
    /// Host name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Roles.
    pub roles: NodeRoles,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Installs.
    #[default]
    Install,
    /// Asks every step what it would change, and changes nothing.
    DryRun,
    /// Installs the operating system of one node anew, and nothing else.
    Reinstall,
    /// Rolls a password out.
    Rotate,
    /// Takes nodes out of an installed environment.
    Leave,
    /// Rolls changed options out.
    RollOut,
    /// Changes the installed cloud: a task of day 2.
    Task,
}

impl PlanKind {
    /// Its steps are those of an installation, done anew: undone, they would take back that.
    pub fn is_part_of_installation(self) -> bool {
        matches!(self, Self::Rotate | Self::Leave | Self::RollOut | Self::Task)
    }

    /// The nodes belong to it while it runs, and its end is theirs.
    pub fn takes_nodes(self) -> bool {
        !matches!(self, Self::DryRun | Self::Leave)
    }

    /// The word used as key in the message catalogue (`plan-kind-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::DryRun => "dry-run",
            Self::Reinstall => "reinstall",
            Self::Rotate => "rotate",
            Self::Leave => "leave",
            Self::RollOut => "roll-out",
            Self::Task => "task",
        }
    }
}

/// What a plan that is a part of an installation's knows besides its own nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// Nodes that steps and templates are told of, when others than those that are worked on; empty: the plan's own.
    #[serde(default)]
    pub known: Vec<PlanNode>,
    /// Nodes that leave the environment: steps of the installation are undone on them instead of done.
    #[serde(default)]
    pub leaving: Vec<NodeId>,
    /// Of these nodes only these steps are undone, if any is named; the others are done.
    #[serde(default)]
    pub undone: Vec<StepId>,
    /// Further variables of every step.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// The cloud as the task makes it; none: as the environment has it.
    #[serde(default)]
    pub shape: Option<Shape>,
    /// The task, and the one that takes it back.
    #[serde(default)]
    pub task: Option<(Task, Task)>,
    /// Nodes that were installed before and are only told of others: their steps are a part of an older installation's, and are not undone.
    #[serde(default)]
    pub told: Vec<NodeId>,
    /// Nodes that were in production when it began: no policy undoes or reinstalls them.
    #[serde(default)]
    pub standing: Vec<NodeId>,
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// For which environment.
    pub env: EnvId,
    /// What it is for.
    #[serde(default)]
    pub kind: PlanKind,
    /// What is done about failures without asking.
    #[serde(default)]
    pub policy: Policy,
    /// Name of the platform.
    pub platform: String,
    /// Nodes a stage works on at once.
    pub parallel: u32,
    /// Modules in dependency order, each with the reason why it is there (`chosen`, or the module that needs it).
    pub modules: Vec<(String, String)>,
    /// Nodes in the order of the node table.
    pub nodes: Vec<PlanNode>,
    /// Stages in order; empty ones are left out.
    pub stages: Vec<Stage>,
    /// Every step that occurs.
    pub steps: BTreeMap<StepId, StepSpec>,
    /// What it knows besides.
    #[serde(default)]
    pub aside: Aside,
}

impl Plan {
    /// Weight of a step in seconds, 1 if it is unknown.
    pub fn weight(&self, step: &StepId) -> u32 {
        self.steps.get(step).map_or(1, |s| s.weight.max(1))
    }

    /// Seconds after which a running attempt at a step is ended, the shortest if it is unknown.
    pub fn ceiling(&self, step: &StepId) -> u32 {
        self.steps.get(step).map_or(StepSpec::CEILING_MIN, StepSpec::ceiling)
    }

    /// Nodes that steps and templates are told of.
    pub fn known(&self) -> &[PlanNode] {
        if self.aside.known.is_empty() { &self.nodes } else { &self.aside.known }
    }

    /// What a run of a step on a node is: a question in a dry run, an undo of the installation on a node that leaves.
    pub fn action(&self, node: NodeId, step: &StepId) -> StepAction {
        if self.kind == PlanKind::DryRun {
            StepAction::Check
        } else if self.takes_back(node, step) {
            StepAction::Undo
        } else {
            StepAction::Run
        }
    }

    /// Whether the plan is about taking back what the step did there, in a dry run as well: the node leaves, or loses what the step is for.
    pub fn takes_back(&self, node: NodeId, step: &StepId) -> bool {
        self.aside.leaving.contains(&node)
            && self.steps.get(step).is_none_or(|s| s.task.is_none())
            && (self.aside.undone.is_empty() || self.aside.undone.contains(step))
    }

    /// The part of it whose steps `wanted` names, with the later steps of the same modules that restart services, on the same nodes.
    /// Steps are still told of all its nodes.
    #[must_use]
    pub fn part(&self, wanted: impl Fn(NodeId, StageKind, &StepId) -> bool) -> Self {
        let mut out = self.clone();
        out.aside.known = self.known().to_vec();
        for stage in &mut out.stages {
            for item in &mut stage.items {
                let mut begun: Vec<String> = Vec::new();
                let (node, kind) = (item.node, stage.kind);
                item.steps.retain(|id| {
                    if wanted(node, kind, id) {
                        begun.push(id.module().to_owned());
                        return true;
                    }
                    begun.iter().any(|m| m == id.module())
                        && self.steps.get(id).is_some_and(|s| !s.restarts.is_empty())
                });
            }
        }
        out.trimmed();
        out
    }

    /// Leaves out what is empty, and nodes and steps that nothing is done on or with.
    pub fn trimmed(&mut self) {
        for stage in &mut self.stages {
            stage.items.retain(|item| !item.steps.is_empty());
        }
        self.stages.retain(|stage| !stage.items.is_empty());
        let items = || self.stages.iter().flat_map(|s| &s.items);
        let nodes: BTreeSet<NodeId> = items().map(|i| i.node).collect();
        let steps: BTreeSet<StepId> = items().flat_map(|i| i.steps.iter().cloned()).collect();
        self.nodes.retain(|n| nodes.contains(&n.id));
        self.steps.retain(|id, _| steps.contains(id));
    }

    /// The node with that identity.
    pub fn node(&self, id: NodeId) -> Option<&PlanNode> {
        self.nodes.iter().find(|n| n.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_names() {
        assert_eq!("keystone/db-sync".parse::<StepId>().unwrap().dotted(), "keystone.db-sync");
        for bad in ["keystone", "a/b/c", "/x", "x/", "A/b", "a/..", "a b/c", "1a/b"] {
            assert!(bad.parse::<StepId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ceilings_and_plans_of_before() {
        let spec = |text: &str| serde_json::from_str::<StepSpec>(text).unwrap();
        assert_eq!(spec(r#"{"title":{},"weight":3}"#).ceiling(), 1800);
        assert_eq!(spec(r#"{"title":{},"weight":400}"#).ceiling(), 8000);
        assert_eq!(spec(r#"{"title":{},"weight":400,"ceiling":600}"#).ceiling(), 600);
        assert_eq!(spec(r#"{"title":{},"weight":4294967295}"#).ceiling(), u32::MAX);
        assert!(spec(r#"{"title":{},"weight":3}"#).restarts.is_empty());
        let aside: Aside = serde_json::from_str("{}").unwrap();
        assert!(aside.told.is_empty() && aside.standing.is_empty());
    }
}
