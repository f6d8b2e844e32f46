//! A node: one machine.
//!
//! Three axes are kept apart: where the node stands in its life ([`NodeState`]), whether it answers ([`Reach`]), and whether
//! an operator has locked it ([`NodeLock`]). Which step it is at belongs to the job. How it goes from state to
//! state is in `state.rs`.

mod state;

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

pub use state::{NodeEvent, NodeRefusal, NodeState, TRANSITIONS, exits, next};

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
