//! What an undo would undo: the list that is shown, and confirmed, before anything happens.

use super::Job;
use crate::domain::ids::NodeId;
use crate::domain::plan::{StageKind, StepId};
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far an undo goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoScope {
    /// Everything that the job did.
    All,
    /// What was done in this stage and after it.
    Stage(StageKind),
    /// One node.
    Node {
        /// Which.
        node: NodeId,
        /// Back to this step, itself included; all without one.
        back_to: Option<StepId>,
    },
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UndoLine {
    /// On which node.
    pub node: NodeId,
    /// Place in the node's list of steps.
    pub index: usize,
    /// In which stage.
    pub stage: StageKind,
    /// Which step.
    pub step: StepId,
    /// It cannot be undone: it stays as it is.
    pub irreversible: bool,
}

/// What would be done, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoList {
    /// The lines; nodes of a stage are worked on beside each other.
    pub lines: Vec<UndoLine>,
    /// Nodes that are at work, or that a reinstallation or a manual procedure has: nothing is undone on them.
    pub busy: Vec<NodeId>,
    /// Stands for exactly this list: who confirms it sends it back.
    pub digest: u64,
    /// The steps are the installation's own: they are not undone but done again, by a job of its own, with what was before.
    #[serde(default)]
    pub again: bool,
    /// Why nothing of it can be undone.
    #[serde(default)]
    pub why: Option<Box<NoUndo>>,
}

/// Why a job cannot be undone. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NoUndo {
    /// A rotation that has succeeded.
    #[error(
        "a rotation that has succeeded cannot be undone, the old password is forgotten then: rotate again"
    )]
    Rotated,
    /// Its steps are those of the installation.
    #[error(
        "its steps are those of the installation, an undo would take back that: change what was rolled out and roll it out \
         again, or undo the installation"
    )]
    PartOfInstallation,
    /// It is taken back by another job, as a whole.
    #[error("it is taken back by a job of its own, which is done as a whole: undo all of it")]
    OnlyAll,
    /// The node was installed before, the job only told it of others.
    #[error(
        "it was installed before this job, which only told it of the new nodes: an undo would take its own installation apart"
    )]
    Told,
    /// What would take it back is refused.
    #[error("{0}")]
    Refused(String),
}

impl NoUndo {
    /// Key of the sentence in the message catalogue; that of `Refused` has the sentence as `why`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Rotated => "error-rotation-undo",
            Self::PartOfInstallation => "error-part-undo",
            Self::OnlyAll => "error-undo-only-all",
            Self::Told => "error-undo-told",
            Self::Refused(_) => "error-undo-refused",
        }
    }
}

impl Job {
    /// What `scope` would undo, last step first.
    pub fn undo_list(&self, scope: &UndoScope) -> UndoList {
        let mut list = UndoList::default();
        if let UndoScope::Node { node, .. } = scope
            && self.plan.aside.told.contains(node)
        {
            list.why = Some(Box::new(NoUndo::Told));
        }
        // Its steps are those of the installation: undone, they would take back that.
        let targets =
            if self.plan.kind.is_part_of_installation() { Vec::new() } else { self.undo_targets(scope) };
        for (node, back_to) in targets {
            let Some(n) = self.nodes.get(&node) else { continue };
            if super::node_next(n.state, super::NodeMove::Undo).is_none() || n.runs() {
                if n.is_touched() {
                    list.busy.push(node);
                }
                continue;
            }
            for (index, step) in n.steps.iter().enumerate().skip(back_to).filter(|(_, s)| s.touched) {
                let irreversible = self.plan.steps.get(&step.step).is_some_and(|s| s.irreversible);
                list.lines.push(UndoLine {
                    node,
                    index,
                    stage: step.stage,
                    step: step.step.clone(),
                    irreversible,
                });
            }
        }
        list.lines.sort_by(|a, b| (b.stage, a.node).cmp(&(a.stage, b.node)).then(b.index.cmp(&a.index)));
        let mut hash = DefaultHasher::new();
        list.lines.hash(&mut hash);
        // JSON's numbers are exact up to 2^53.
        list.digest = hash.finish() >> 11;
        list
    }

    /// The nodes that an event has to name for this scope, with their first step to be undone; only those with something to undo.
    pub fn undo_nodes(&self, scope: &UndoScope) -> Vec<(NodeId, usize)> {
        let list = self.undo_list(scope);
        let has = |node: NodeId| list.lines.iter().any(|l| l.node == node);
        self.undo_targets(scope).into_iter().filter(|(node, _)| has(*node)).collect()
    }

    fn undo_targets(&self, scope: &UndoScope) -> Vec<(NodeId, usize)> {
        let told = &self.plan.aside.told;
        let all = || self.nodes.keys().copied().filter(|n| !told.contains(n));
        match scope {
            UndoScope::Node { node, .. } if told.contains(node) => Vec::new(),
            UndoScope::All => all().map(|n| (n, 0)).collect(),
            UndoScope::Stage(stage) => all()
                .filter_map(|id| {
                    let first = self.nodes.get(&id)?.steps.iter().position(|s| s.stage >= *stage)?;
                    Some((id, first))
                })
                .collect(),
            UndoScope::Node { node, back_to: None } => vec![(*node, 0)],
            UndoScope::Node { node, back_to: Some(step) } => {
                let place = self.nodes.get(node).and_then(|n| n.steps.iter().position(|s| s.step == *step));
                place.map(|p| (*node, p)).into_iter().collect()
            }
        }
    }
}
