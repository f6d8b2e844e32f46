//! What can stand in a job's journal.
//!
//! Entries are kept for good: a variant or a field is never renamed, and what is added has a default.

use super::steps::StepEnd;
use crate::domain::ids::NodeId;
use crate::domain::node::NodeRole;
use crate::domain::said::Said;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The phases of a reinstallation through Cobbler, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReinstallPhase {
    /// Cobbler is asked about the system, its profile and its power; nothing is changed.
    Inspect,
    /// The system is set to boot from the network.
    Arm,
    /// The machine is switched off and on.
    Power,
    /// The installer works.
    Install,
    /// SSH is waited for, and the fresh system recognised by its host key and machine id.
    Answer,
    /// Booting from the network is switched off again, and that is verified.
    Disarm,
    /// It failed: the old values are written back.
    Restore,
}

impl ReinstallPhase {
    /// All, in order.
    pub const ALL: [Self; 7] =
        [Self::Inspect, Self::Arm, Self::Power, Self::Install, Self::Answer, Self::Disarm, Self::Restore];

    /// The word used as key in the message catalogue (`reinstall-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::Arm => "arm",
            Self::Power => "power",
            Self::Install => "install",
            Self::Answer => "answer",
            Self::Disarm => "disarm",
            Self::Restore => "restore",
        }
    }
}

/// How a reinstallation, or the check of a manual one, ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// A fresh system answers.
    Fresh {
        /// Its host key, in OpenSSH's format; pinned from now on.
        host_key: String,
        /// Its `/etc/machine-id`.
        machine_id: String,
    },
    /// It is not there; the sentence says why and what was left how.
    Failed {
        /// For the operator.
        why: Said,
    },
}

/// What happens to a job, in the order of its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobEvent {
    /// Work starts, or goes on after the engine died.
    Started,
    /// An attempt at a step is about to be started on the node. Written before the node is told.
    StepStarted {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// Counted from 1.
        attempt: u32,
        /// The step declares that it cannot be undone; otherwise its undo is journalled with this entry.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        irreversible: bool,
    },
    /// The node is worked on in this boot of it. Written before the first attempt is begun in it: an attempt that was begun in
    /// another boot, and of which the node knows nothing, was lost with that boot.
    NodeBoot {
        /// Which node.
        node: NodeId,
        /// The kernel's name for the boot.
        boot: String,
    },
    /// After an interruption the node said that its open attempt runs.
    NodeFound {
        /// Which node.
        node: NodeId,
    },
    /// What became of an attempt.
    StepEnded {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// The attempt that ended.
        attempt: u32,
        /// How.
        end: StepEnd,
    },
    /// The node cannot be worked on (no connection, no upload); the sentence says why.
    NodeFailed {
        /// Which node.
        node: NodeId,
        /// For the operator.
        why: Said,
    },
    /// The node's turn will not come in this run.
    NodeSkipped {
        /// Which node.
        node: NodeId,
    },
    /// A node is worked on again. `by` nobody: one of the automatic retries.
    NodeAgain {
        /// Which node.
        node: NodeId,
        /// Who.
        by: Option<String>,
    },
    /// An operator asked to hold after the running steps.
    HoldAsked {
        /// Who.
        by: String,
    },
    /// An operator asked to go on.
    Released {
        /// Who.
        by: String,
    },
    /// An operator asked to end the job after the running steps.
    DrainAsked {
        /// Who.
        by: String,
    },
    /// More nodes failed than the role's budget allows: running steps end, nothing new begins.
    BudgetExceeded {
        /// Of which role.
        role: NodeRole,
        /// Failed.
        failed: usize,
        /// Allowed.
        allowed: usize,
    },
    /// An operator asked to end the job now.
    CancelAsked {
        /// Who.
        by: String,
    },
    /// Another operator took the job over.
    TakenOver {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// The engine died while the job ran (written by the next one).
    Interrupted,
    /// An operator asked to go on from what failed, on all nodes.
    Retried {
        /// Who.
        by: String,
    },
    /// Steps are to be undone. `by` nobody: the environment's policy.
    UndoAsked {
        /// Nodes, each with the first of its steps that is to be undone (places in its list).
        nodes: Vec<(NodeId, usize)>,
        /// Who.
        by: Option<String>,
    },
    /// The undo of a step is about to be started on the node. Written before the node is told.
    UndoStarted {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// Counted from 1, apart from the attempts to run it.
        attempt: u32,
    },
    /// What became of it.
    UndoEnded {
        /// On which node.
        node: NodeId,
        /// Place in the node's list of steps.
        index: usize,
        /// The attempt that ended.
        attempt: u32,
        /// How.
        end: StepEnd,
    },
    /// Every step that was to be undone was tried.
    UndoFinished {
        /// On which node.
        node: NodeId,
    },
    /// A node's operating system is to be installed anew through Cobbler. `by` nobody: the environment's policy.
    ReinstallAsked {
        /// Which node.
        node: NodeId,
        /// Who.
        by: Option<String>,
        /// Cobbler's profile, or the one that its system has.
        profile: Option<String>,
        /// Minutes from the power cycle on until a fresh system must answer.
        minutes: u32,
    },
    /// A phase is about to begin, or to be done again.
    ReinstallPhase {
        /// Which node.
        node: NodeId,
        /// Which phase.
        phase: ReinstallPhase,
        /// What failed, when the old values are about to be written back for that.
        #[serde(default)]
        why: Option<Said>,
    },
    /// The old values of those attributes of Cobbler's system that are about to be changed, no secrets among them. Written before they are.
    ReinstallArmed {
        /// Which node.
        node: NodeId,
        /// Cobbler's name of the system.
        system: String,
        /// Attributes with their old values.
        was: BTreeMap<String, String>,
        /// Moment of the power cycle on the Cobbler server's clock in seconds since 1970, once there was one.
        #[serde(default)]
        server_time: Option<i64>,
    },
    /// An operator gave it more time.
    ReinstallExtended {
        /// Which node.
        node: NodeId,
        /// Who.
        by: String,
        /// Minutes more.
        minutes: u32,
    },
    /// How it ended.
    ReinstallEnded {
        /// Which node.
        node: NodeId,
        /// How.
        end: Renewal,
    },
    /// An operator installs the node's operating system by hand.
    ManualAsked {
        /// Which node.
        node: NodeId,
        /// Who.
        by: String,
    },
    /// He confirms an instruction.
    ManualConfirmed {
        /// Which node.
        node: NodeId,
        /// Number of the instruction, counted from 1; they are confirmed in order.
        number: u32,
        /// Who.
        by: String,
    },
    /// The program looks at what he did.
    ManualCheck {
        /// Which node.
        node: NodeId,
        /// Who asked for it.
        by: String,
    },
    /// What it found.
    ManualChecked {
        /// Which node.
        node: NodeId,
        /// What.
        end: Renewal,
    },
    /// He gives up.
    ManualLeft {
        /// Which node.
        node: NodeId,
        /// Who.
        by: String,
    },
    /// An operator gave a running attempt more time.
    CeilingExtended {
        /// On which node.
        node: NodeId,
        /// Place of the step.
        index: usize,
        /// Seconds more.
        seconds: u32,
        /// Who.
        by: String,
    },
    /// Nothing is left to do in this run.
    Ended,
}

impl JobEvent {
    /// The only node that the event is about, if it is about one.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::StepStarted { node, .. }
            | Self::NodeBoot { node, .. }
            | Self::NodeFound { node }
            | Self::StepEnded { node, .. }
            | Self::NodeFailed { node, .. }
            | Self::NodeSkipped { node }
            | Self::NodeAgain { node, .. }
            | Self::UndoStarted { node, .. }
            | Self::UndoEnded { node, .. }
            | Self::UndoFinished { node }
            | Self::ReinstallAsked { node, .. }
            | Self::ReinstallPhase { node, .. }
            | Self::ReinstallArmed { node, .. }
            | Self::ReinstallExtended { node, .. }
            | Self::ReinstallEnded { node, .. }
            | Self::ManualAsked { node, .. }
            | Self::ManualConfirmed { node, .. }
            | Self::ManualCheck { node, .. }
            | Self::ManualChecked { node, .. }
            | Self::ManualLeft { node, .. }
            | Self::CeilingExtended { node, .. } => Some(*node),
            Self::Started
            | Self::HoldAsked { .. }
            | Self::Released { .. }
            | Self::DrainAsked { .. }
            | Self::BudgetExceeded { .. }
            | Self::CancelAsked { .. }
            | Self::TakenOver { .. }
            | Self::Interrupted
            | Self::Retried { .. }
            | Self::UndoAsked { .. }
            | Self::Ended => None,
        }
    }

    /// The operator who asked for it, if one did.
    pub fn operator(&self) -> Option<&str> {
        match self {
            Self::NodeAgain { by, .. } | Self::UndoAsked { by, .. } | Self::ReinstallAsked { by, .. } => {
                by.as_deref()
            }
            Self::HoldAsked { by }
            | Self::Released { by }
            | Self::DrainAsked { by }
            | Self::CancelAsked { by }
            | Self::TakenOver { by, .. }
            | Self::Retried { by }
            | Self::ReinstallExtended { by, .. }
            | Self::ManualAsked { by, .. }
            | Self::ManualConfirmed { by, .. }
            | Self::ManualCheck { by, .. }
            | Self::ManualLeft { by, .. }
            | Self::CeilingExtended { by, .. } => Some(by),
            Self::Started
            | Self::StepStarted { .. }
            | Self::NodeBoot { .. }
            | Self::NodeFound { .. }
            | Self::StepEnded { .. }
            | Self::NodeFailed { .. }
            | Self::NodeSkipped { .. }
            | Self::BudgetExceeded { .. }
            | Self::Interrupted
            | Self::UndoStarted { .. }
            | Self::UndoEnded { .. }
            | Self::UndoFinished { .. }
            | Self::ReinstallPhase { .. }
            | Self::ReinstallArmed { .. }
            | Self::ReinstallEnded { .. }
            | Self::ManualChecked { .. }
            | Self::Ended => None,
        }
    }

    /// Whether the event changes what the job allows other nodes to do: such a one is never journalled together with others.
    pub fn is_job_wide(&self) -> bool {
        // Those that may take up a job that is over count too.
        self.node().is_none()
            || matches!(self, Self::NodeAgain { .. } | Self::ReinstallAsked { .. } | Self::ManualAsked { .. })
    }
}

/// An entry of a job's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Engine's clock.
    pub at: Moment,
    /// What happened.
    pub event: JobEvent,
}
