//! What an environment wants done when something fails, without asking anybody.

use super::node::{NodeRole, NodeRoles};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most automatic retries of one step.
pub const RETRIES_MAX: u32 = 10;

/// What becomes of a node on which a step failed for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It stays as it is; an operator decides.
    #[default]
    Ask,
    /// Its steps are undone in reverse order.
    Undo,
    /// Its operating system is installed anew through Cobbler, once, and the installation goes on.
    Reinstall,
}

impl OnFailure {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Ask, Self::Undo, Self::Reinstall];

    /// The word used on the command line and as key in the message catalogue (`on-failure-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Undo => "undo",
            Self::Reinstall => "reinstall",
        }
    }
}

impl FromStr for OnFailure {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|w| w.word() == s).ok_or_else(|| {
            format!("'{s}' is none of the ways to go on after a failure: ask, undo, reinstall")
        })
    }
}

/// How many nodes of a role may fail before the job begins nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Budget {
    /// So many.
    Count(u32),
    /// That share of the role's nodes, 0 to 100.
    Percent(u8),
}

impl Budget {
    /// Nodes of `all` that may fail.
    pub fn allows(self, all: usize) -> usize {
        match self {
            Self::Count(n) => usize::try_from(n).unwrap_or(usize::MAX),
            Self::Percent(p) => all.saturating_mul(usize::from(p.min(100))) / 100,
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(n) => write!(f, "{n}"),
            Self::Percent(p) => write!(f, "{p}%"),
        }
    }
}

impl FromStr for Budget {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let wrong = || format!("'{s}' is no budget: write a number of nodes (2) or a share of them (10%)");
        match s.trim().strip_suffix('%') {
            Some(share) => match share.trim().parse::<u8>() {
                Ok(p) if p <= 100 => Ok(Self::Percent(p)),
                _ => Err(wrong()),
            },
            None => s.trim().parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl TryFrom<String> for Budget {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        s.parse()
    }
}

impl From<Budget> for String {
    fn from(b: Budget) -> Self {
        b.to_string()
    }
}

/// One budget a role. A node with several roles counts for the first of controller, compute, storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    /// Controllers.
    pub controllers: Budget,
    /// Compute nodes.
    pub computes: Budget,
    /// Storage nodes.
    pub storage: Budget,
}

impl Default for Budgets {
    fn default() -> Self {
        let rest = Budget::Percent(100);
        Self { controllers: Budget::Count(0), computes: rest, storage: rest }
    }
}

impl Budgets {
    /// The budget of a role.
    pub fn of(&self, role: NodeRole) -> Budget {
        match role {
            NodeRole::Controller => self.controllers,
            NodeRole::Compute => self.computes,
            NodeRole::Storage => self.storage,
        }
    }
}

/// The role whose budget a node counts for.
pub fn budget_role(roles: &NodeRoles) -> NodeRole {
    NodeRole::ALL.into_iter().find(|r| roles.contains(r)).unwrap_or(NodeRole::Compute)
}

/// What is done without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// With a node on which a step failed for good.
    pub on_failure: OnFailure,
    /// How often a step that declares itself retryable is tried again first; [`RETRIES_MAX`] at most.
    pub retries: u32,
    /// How many nodes may fail.
    pub budget: Budgets,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_numbers_or_shares() {
        assert_eq!("2".parse(), Ok(Budget::Count(2)));
        assert_eq!(" 10 % ".parse(), Ok(Budget::Percent(10)));
        for bad in ["", "101%", "-1", "x", "1.5%"] {
            assert!(bad.parse::<Budget>().is_err(), "{bad}");
        }
        assert_eq!((Budget::Percent(10).allows(25), Budget::Percent(100).allows(3)), (2, 3));
        assert_eq!(Budget::Count(0).allows(9), 0);
    }
}
