//! Rotation: one password is changed in the services that use it already.
//!
//! It is done by the very steps that set the password when it was installed: they are idempotent, look whether there is
//! something to do, and set the new one. From the whole plan of an installation [`rotation_steps`] picks them: every step that
//! declares the account, what (re)starts services after them in the same modules, and these modules' verification. Such a job
//! cannot be undone step by step (an undo would take back the installation itself); one goes back by rotating to the old value,
//! which stays sealed until the job has succeeded. [`which`] tells which of the two is in force where.

use super::GeneratorRules;
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{Job, JobState, StepState};
use crate::domain::plan::{Localized, Plan, StageItem, StageKind, StepId};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where the new value comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewValue {
    /// From an operator.
    Typed(Secret),
    /// From the engine's dice; nobody sees it.
    Generated(GeneratorRules),
    /// The one from before an unfinished rotation.
    Old,
}

/// What a rotation would do, to be shown before it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationPlan {
    /// Which account.
    pub name: String,
    /// Its steps in the order in which they are done.
    pub steps: Vec<RotationStep>,
    /// Fingerprint of the list, so that what is done is what was shown.
    pub digest: u64,
}

/// A step of a rotation on a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RotationStep {
    /// Where.
    pub node: NodeId,
    /// The node's name.
    pub node_name: String,
    /// Which step.
    pub step: StepId,
    /// What it does.
    pub title: Localized,
    /// Services that it restarts, if it finds something to change.
    pub restarts: Vec<String>,
    /// It gets the password.
    pub gets: bool,
}

/// Which of two passwords a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The one that the job rolls out.
    Set,
    /// The one from before.
    NotYet,
    /// A step was begun there and has not ended well: one or the other.
    Unknown,
}

impl Place {
    /// The word used on the command line and as key in the message catalogue (`rotation-has-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::NotYet => "not-yet",
            Self::Unknown => "unknown",
        }
    }
}

/// A rotation that has not succeeded (yet).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationView {
    /// The job that rolls it out.
    pub job: JobId,
    /// Where that job stands.
    pub state: JobState,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Moment,
    /// It goes back to the value from before.
    pub back: bool,
    /// For every step that gets the password: the node's name, the step, and which password it has set.
    pub places: Vec<(String, StepId, Place)>,
}

/// The part of an installation's plan that rolls `name` out on `nodes`; empty stages are left out.
pub fn rotation_steps(plan: &Plan, name: &str, nodes: &BTreeSet<NodeId>) -> Plan {
    let gets = |step: &StepId| plan.steps.get(step).is_some_and(|s| s.secrets.iter().any(|n| n == name));
    let sets = |kind: StageKind, step: &StepId| kind != StageKind::Verification && gets(step);
    let all = plan
        .stages
        .iter()
        .flat_map(|s| s.items.iter().flat_map(move |i| i.steps.iter().map(move |id| (s.kind, id))));
    let modules: BTreeSet<&str> =
        all.filter(|(kind, id)| sets(*kind, id)).map(|(_, id)| id.module()).collect();
    let mut out = plan.clone();
    for stage in &mut out.stages {
        stage.items.retain(|item| nodes.contains(&item.node));
        for item in &mut stage.items {
            item.steps = picked(plan, stage.kind, item, &modules, &gets);
        }
        stage.items.retain(|item| !item.steps.is_empty());
    }
    out.stages.retain(|stage| !stage.items.is_empty());
    let used: BTreeSet<NodeId> = out.stages.iter().flat_map(|s| &s.items).map(|i| i.node).collect();
    out.nodes.retain(|n| used.contains(&n.id));
    let used: BTreeSet<StepId> =
        out.stages.iter().flat_map(|s| &s.items).flat_map(|i| i.steps.clone()).collect();
    out.steps.retain(|id, _| used.contains(id));
    out
}

fn picked(
    plan: &Plan,
    kind: StageKind,
    item: &StageItem,
    modules: &BTreeSet<&str>,
    gets: &impl Fn(&StepId) -> bool,
) -> Vec<StepId> {
    let mut begun: BTreeSet<String> = BTreeSet::new();
    let wanted = |id: &&StepId| {
        let module = id.module();
        if !modules.contains(module) {
            return false;
        }
        if kind == StageKind::Verification || gets(id) {
            begun.insert(module.to_owned());
            return true;
        }
        begun.contains(module) && plan.steps.get(*id).is_some_and(|s| !s.restarts.is_empty())
    };
    item.steps.iter().filter(wanted).cloned().collect()
}

/// Which password each step that gets `name` has set, as far as the job got.
pub fn which(job: &Job, name: &str) -> Vec<(String, StepId, Place)> {
    let mut out = Vec::new();
    for planned in &job.plan.nodes {
        let Some(node) = job.nodes.get(&planned.id) else { continue };
        for step in &node.steps {
            let gets = job.plan.steps.get(&step.step).is_some_and(|s| s.secrets.iter().any(|n| n == name));
            if !gets || step.stage == StageKind::Verification {
                continue;
            }
            let place = match &step.state {
                _ if step.is_done() => Place::Set,
                StepState::Waiting if step.attempt == 0 => Place::NotYet,
                _ => Place::Unknown,
            };
            out.push((planned.name.clone(), step.step.clone(), place));
        }
    }
    out
}
