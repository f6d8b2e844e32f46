//! The machine of a node's states. Its transitions are the table [`TRANSITIONS`], from which `docs/states.md` is drawn; every state
//! has an exit.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a node stands in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Found, without a role.
    #[default]
    Discovered,
    /// Has a role and can be installed.
    Ready,
    /// Part of a job, its turn has not come.
    Queued,
    /// Steps run on it.
    Installing,
    /// Its result is being checked.
    Verifying,
    /// Done, verified.
    Installed,
    /// A step failed.
    Failed,
    /// The operator ended the job before the node was done, or a part of its steps was undone.
    Cancelled,
    /// The engine died while something was done on it and it is not known yet what became of that.
    Interrupted,
    /// Its steps are being undone.
    Undoing,
    /// Not everything could be undone.
    UndoFailed,
    /// Its operating system is being installed anew.
    Reinstalling,
    /// An operator installs its operating system anew, guided by the program.
    Manual,
    /// The program checks what the operator did.
    Checking,
}

impl NodeState {
    /// All states, in the order of a life.
    pub const ALL: [Self; 14] = [
        Self::Discovered,
        Self::Ready,
        Self::Queued,
        Self::Installing,
        Self::Verifying,
        Self::Installed,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
        Self::Undoing,
        Self::UndoFailed,
        Self::Reinstalling,
        Self::Manual,
        Self::Checking,
    ];

    /// The word used on the command line and as key in the message catalogue (`node-state-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Installing => "installing",
            Self::Verifying => "verifying",
            Self::Installed => "installed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Undoing => "undoing",
            Self::UndoFailed => "undo-failed",
            Self::Reinstalling => "reinstalling",
            Self::Manual => "manual",
            Self::Checking => "checking",
        }
    }

    /// Whether a job works on the node or is about to.
    pub fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Queued
                | Self::Installing
                | Self::Verifying
                | Self::Interrupted
                | Self::Undoing
                | Self::Reinstalling
                | Self::Manual
                | Self::Checking
        )
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What can happen to a node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeEvent {
    /// It has roles now.
    RolesSet,
    /// It has no role any more.
    RolesCleared,
    /// A job took it in.
    Queue,
    /// Its first or next step starts.
    Start,
    /// Its steps are done, the check of the result starts.
    Verify,
    /// The check is good.
    Succeed,
    /// A step or the check failed for good.
    Fail,
    /// The job was ended by an operator.
    Cancel,
    /// The engine died, or the link did for good, in the middle of something.
    Interrupt,
    /// Its steps are to be undone.
    Undo,
    /// All its steps are undone.
    Undone,
    /// Some undo failed, or was ended.
    UndoFail,
    /// Its operating system is to be installed anew.
    Reinstall,
    /// An operator takes the reinstallation into his own hands.
    ByHand,
    /// The program looks at what he did.
    Check,
    /// A fresh system answers, and the job has nothing more to do on it.
    Renew,
}

impl NodeEvent {
    /// Every event, for exhaustive tests.
    pub const ALL: [Self; 16] = [
        Self::RolesSet,
        Self::RolesCleared,
        Self::Queue,
        Self::Start,
        Self::Verify,
        Self::Succeed,
        Self::Fail,
        Self::Cancel,
        Self::Interrupt,
        Self::Undo,
        Self::Undone,
        Self::UndoFail,
        Self::Reinstall,
        Self::ByHand,
        Self::Check,
        Self::Renew,
    ];

    /// The word used in `docs/states.md` and as key in the message catalogue (`node-event-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::RolesSet => "roles-set",
            Self::RolesCleared => "roles-cleared",
            Self::Queue => "queue",
            Self::Start => "start",
            Self::Verify => "verify",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
            Self::Interrupt => "interrupt",
            Self::Undo => "undo",
            Self::Undone => "undone",
            Self::UndoFail => "undo-fail",
            Self::Reinstall => "reinstall",
            Self::ByHand => "by-hand",
            Self::Check => "check",
            Self::Renew => "renew",
        }
    }
}

/// An event that a state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node that is {state} does not allow '{}'", event.word())]
pub struct NodeRefusal {
    /// The state.
    pub state: NodeState,
    /// What was asked.
    pub event: NodeEvent,
}

/// The whole table: in which states an event is allowed, and where it leads.
pub const TRANSITIONS: &[(NodeEvent, &[NodeState], NodeState)] = {
    use NodeEvent as E;
    use NodeState as S;
    // What a job does to a node can end in any of its stages.
    const AT_WORK: &[S] = &[S::Queued, S::Installing, S::Verifying, S::Interrupted];
    const BUSY: &[S] = &[
        S::Queued,
        S::Installing,
        S::Verifying,
        S::Interrupted,
        S::Undoing,
        S::Reinstalling,
        S::Manual,
        S::Checking,
    ];
    // Nothing happens to it, and something may have been done to it.
    const AT_REST: &[S] = &[S::Ready, S::Installed, S::Failed, S::Cancelled, S::UndoFailed];
    &[
        (E::RolesSet, &[S::Discovered, S::Ready], S::Ready),
        // Afterwards a role can only be added; that changes nothing in its life.
        (E::RolesSet, &[S::Installed], S::Installed),
        (E::RolesSet, &[S::Failed], S::Failed),
        (E::RolesSet, &[S::Cancelled], S::Cancelled),
        (E::RolesSet, &[S::UndoFailed], S::UndoFailed),
        (E::RolesCleared, &[S::Discovered, S::Ready], S::Discovered),
        (E::Queue, &[S::Ready, S::Installed, S::Failed, S::Cancelled, S::UndoFailed], S::Queued),
        // A fresh system, after a reinstallation or a manual one, goes on with the installation.
        (E::Queue, &[S::Reinstalling, S::Checking, S::Interrupted], S::Queued),
        (E::Start, &[S::Queued, S::Installing, S::Verifying, S::Interrupted], S::Installing),
        (E::Verify, AT_WORK, S::Verifying),
        (E::Succeed, AT_WORK, S::Installed),
        (E::Fail, BUSY, S::Failed),
        (E::Cancel, AT_WORK, S::Cancelled),
        // A part of its steps was undone.
        (E::Cancel, &[S::Undoing], S::Cancelled),
        (E::Interrupt, BUSY, S::Interrupted),
        (E::Undo, AT_REST, S::Undoing),
        (E::Undo, &[S::Queued, S::Interrupted], S::Undoing),
        (E::Undone, &[S::Undoing], S::Ready),
        (E::UndoFail, &[S::Undoing, S::Interrupted], S::UndoFailed),
        (E::Reinstall, AT_REST, S::Reinstalling),
        (E::Reinstall, &[S::Queued, S::Interrupted, S::Manual], S::Reinstalling),
        (E::ByHand, AT_REST, S::Manual),
        (E::ByHand, &[S::Queued, S::Checking, S::Interrupted], S::Manual),
        (E::Check, &[S::Manual, S::Interrupted], S::Checking),
        (E::Renew, &[S::Reinstalling, S::Checking, S::Interrupted], S::Ready),
    ]
};

/// The state after `event`, or a refusal.
pub fn next(state: NodeState, event: NodeEvent) -> Result<NodeState, NodeRefusal> {
    let row = TRANSITIONS.iter().find(|(e, from, _)| *e == event && from.contains(&state));
    row.map(|(_, _, to)| *to).ok_or(NodeRefusal { state, event })
}

/// What leads out of a state, in the order of the table.
pub fn exits(state: NodeState) -> impl Iterator<Item = (NodeEvent, NodeState)> {
    TRANSITIONS
        .iter()
        .filter(move |(_, from, to)| from.contains(&state) && *to != state)
        .map(|(event, _, to)| (*event, *to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet, VecDeque};

    #[test]
    fn every_state_can_be_reached_and_left() {
        let mut edges: HashMap<NodeState, HashSet<NodeState>> = HashMap::new();
        for s in NodeState::ALL {
            for e in NodeEvent::ALL {
                if let Ok(t) = next(s, e) {
                    edges.entry(s).or_default().insert(t);
                }
            }
        }
        for s in NodeState::ALL {
            assert!(edges[&s].iter().any(|t| *t != s), "{s} has no exit");
        }
        let (mut seen, mut queue) = (HashSet::new(), VecDeque::from([NodeState::Discovered]));
        while let Some(s) = queue.pop_front() {
            if seen.insert(s) {
                queue.extend(edges[&s].iter().copied());
            }
        }
        assert_eq!(seen.len(), NodeState::ALL.len());
    }

    #[test]
    fn the_table_says_each_thing_once() {
        for s in NodeState::ALL {
            for e in NodeEvent::ALL {
                let rows = TRANSITIONS.iter().filter(|(event, from, _)| *event == e && from.contains(&s));
                assert!(rows.count() <= 1, "{s} {e:?}");
            }
        }
    }

    #[test]
    fn a_busy_node_cannot_be_queued_again() {
        for s in [NodeState::Queued, NodeState::Installing, NodeState::Verifying, NodeState::Undoing] {
            assert!(next(s, NodeEvent::Queue).is_err(), "{s}");
        }
        assert!(next(NodeState::Discovered, NodeEvent::Queue).is_err(), "no role, no installation");
    }
}
