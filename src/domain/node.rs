//! A node: one machine, and the machine of its states.
//!
//! Three axes are kept apart: where the node stands in its life ([`NodeState`]), whether it answers ([`Reach`]), and whether
//! an operator has locked it ([`NodeLock`]). Which step it is at belongs to the job. The transitions are the table
//! [`TRANSITIONS`], from which `docs/states.md` is drawn; every state has an exit.

use super::facts::Facts;
use super::ids::{EnvId, JobId, NodeId, Revision};
use super::jump::Jump;
use super::net::HostAddress;
use super::said::{Said, sentence};
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// Runs the services of the cloud.
    Controller,
    /// Runs instances.
    Compute,
    /// Holds volumes.
    Storage,
}

impl NodeRole {
    /// All roles, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Controller, Self::Compute, Self::Storage];

    /// The word used on the command line, in records and in steps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::Compute => "compute",
            Self::Storage => "storage",
        }
    }

    /// The word, for whoever reads it in a language.
    pub fn said(&self) -> Said {
        Said::keyed(self.word(), &format!("role-{}", self.word()))
    }
}

impl fmt::Display for NodeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for NodeRole {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|r| r.word() == s).ok_or_else(|| {
            format!("'{s}' is not a role of a node; the roles are controller, compute and storage")
        })
    }
}

/// Roles of a node. Empty: not to be installed.
pub type NodeRoles = BTreeSet<NodeRole>;

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

/// An operator's word that nobody installs, undoes or reinstalls this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLock {
    /// Who.
    pub by: String,
    /// Since when.
    pub at: Moment,
    /// The reason, as typed.
    pub why: String,
}

/// Whether a node answers, and since when that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Never tried.
    #[default]
    Unknown,
    /// Answered over SSH at that moment.
    Answers {
        /// Last answer.
        at: Moment,
    },
    /// Did not answer, since that moment, and why.
    Silent {
        /// First failure in a row.
        since: Moment,
        /// The sentence of the last failure.
        why: Said,
    },
}

/// How to log in to a node. The secret itself is sealed elsewhere, under the node's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A password.
    Password,
    /// A private key, perhaps with a passphrase.
    Key,
    /// The agent whose socket the engine can reach.
    Agent {
        /// Path of the socket on the management host.
        socket: String,
    },
    /// A set of the environment; its credentials are tried in order until the node takes one, which becomes the node's own.
    Set {
        /// Its name.
        name: String,
        /// Numbers of the credentials that the node has refused.
        #[serde(default)]
        refused: Vec<u32>,
    },
}

/// A node as stored and as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Identity.
    pub id: NodeId,
    /// The environment it belongs to.
    pub env: EnvId,
    /// Unique in its environment; a host name.
    pub name: String,
    /// Where SSH answers.
    pub address: HostAddress,
    /// Port of SSH.
    pub port: u16,
    /// Account we log in with.
    pub user: String,
    /// How we log in; `None` until credentials were given.
    pub credential: Option<CredentialKind>,
    /// Pinned host key in OpenSSH's format (`ssh-ed25519 AAAA…`).
    pub host_key: Option<String>,
    /// What it is for.
    pub roles: NodeRoles,
    /// Where it stands.
    pub state: NodeState,
    /// Whether it answers.
    pub reach: Reach,
    /// The machine through which it is reached.
    #[serde(default)]
    pub jump: Option<Jump>,
    /// Whether an operator has locked it.
    #[serde(default)]
    pub lock: Option<NodeLock>,
    /// What it said about itself last time.
    pub facts: Option<Facts>,
    /// The job that works or worked on it last.
    pub job: Option<JobId>,
    /// Grows with every change made by an operator.
    pub revision: Revision,
}

/// Checks a node's name: a host name of RFC 1123, lower case, 1 to 63 characters, no dot.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 63 {
        return Err("a node's name has 1 to 63 characters");
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err("a node's name consists of lower-case letters, digits and hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err("a node's name does not start or end with a hyphen");
    }
    if name.chars().all(|c| c.is_ascii_digit()) {
        return Err("a node's name needs at least one letter");
    }
    Ok(())
}

/// Why `roles` cannot be given to a node that has `old` ones in `state`, or nothing.
pub fn check_roles(state: NodeState, old: &NodeRoles, roles: &NodeRoles) -> Result<(), Said> {
    if state.is_busy() {
        let state = Said::keyed(state.to_string(), &format!("node-state-{}", state.word()));
        return Err(sentence!(
            "error-roles-busy",
            "the node is {state}: its roles can be changed when the job is over",;
            state = state
        ));
    }
    if matches!(state, NodeState::Installed) && !old.is_subset(roles) {
        return Err(sentence!(
            "error-roles-installed",
            "the node is installed: a role can be added to it, or the node removed, but no role taken away"
        ));
    }
    Ok(())
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

    #[test]
    fn roles_of_an_installed_node_only_grow() {
        let c = NodeRoles::from([NodeRole::Controller]);
        let both = NodeRoles::from([NodeRole::Controller, NodeRole::Compute]);
        assert!(check_roles(NodeState::Installed, &c, &both).is_ok());
        assert!(check_roles(NodeState::Installed, &both, &c).is_err());
        assert!(check_roles(NodeState::Installing, &c, &both).is_err());
        assert!(check_roles(NodeState::Ready, &both, &NodeRoles::new()).is_ok());
    }
}
