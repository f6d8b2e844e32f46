//! What changes of environments and nodes there are.

use crate::domain::node::NodeRole;
use crate::domain::overrides::OptionText;
use crate::domain::policy::Policy;
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How to log in to a node, typed by an operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// A password.
    Password(Secret),
    /// Text of a private key, and its passphrase.
    Key {
        /// PEM or OpenSSH format.
        text: Secret,
        /// Empty for none.
        passphrase: Secret,
    },
    /// Socket of an agent on the management host.
    Agent {
        /// Path.
        socket: String,
    },
    /// What a set of the environment holds, in order, until the node takes one.
    Set {
        /// Name of the set.
        name: String,
    },
}

/// A change of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvChange {
    /// New name.
    Rename(String),
    /// Hide, or show again (administrators).
    Hide(bool),
    /// Another platform, while nothing is installed.
    Platform(String),
    /// Other modules; what they need comes with them.
    Modules(Vec<String>),
    /// Nodes that a stage works on at once.
    Parallel(u32),
    /// What is done about failures without asking.
    Policy(Policy),
    /// Another text of options for a scope and file; a blank one takes it away.
    Options(OptionText),
    /// Only the users of these names reach it, besides administrators; `None`: everybody.
    Members(Option<Vec<String>>),
}

/// A change of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeChange {
    /// New name.
    Rename(String),
    /// New roles.
    Roles(BTreeSet<NodeRole>),
    /// Another way to log in.
    Credential {
        /// Account.
        user: String,
        /// How.
        credential: Credential,
    },
    /// Another address or port.
    Address {
        /// Address as typed.
        address: String,
        /// Port.
        port: u16,
    },
    /// Forget the pinned host key (the machine was reinstalled).
    ForgetHostKey,
    /// Another jump host, or none.
    Jump(Option<JumpAsk>),
    /// Forget the pinned host key of its jump host, for all nodes behind it.
    ForgetJumpKey,
}

/// A jump host that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JumpAsk {
    /// `[account@]address[:port]`, as typed; without an account it is the node's.
    pub place: String,
    /// How to log in to it; `None`: as to the node.
    pub credential: Option<Credential>,
}
