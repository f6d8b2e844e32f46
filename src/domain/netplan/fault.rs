//! What is wrong with a plan: where, and in words how to mend it.

use super::{NicName, Tag};
use crate::domain::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing is installed with it.
    Fault,
    /// Nothing is installed until an operator has confirmed exactly this (see [`super::LockOut`]).
    Confirm,
    /// To be known; it may be meant so.
    Warning,
}

impl Severity {
    /// The word used on the command line and as key in the message catalogue (`net-severity-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Confirm => "confirm",
            Self::Warning => "warning",
        }
    }
}

/// Something wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanFault {
    /// How bad.
    pub severity: Severity,
    /// Field that is wrong: `TAG.cidr`, `TAG.range`, `TAG.gateway`, `TAG.floating`, `TAG.vip`, `TAG.vlan`, `TAG.mtu`, `TAG.cidr6`,
    /// `TAG.range6`, `TAG.gateway6`, `TAG.nic` (the pattern, or with `node` that node's NIC), `TAG.address`, `vlans`, `names`.
    pub field: String,
    /// The node, when it is about one.
    pub node: Option<NodeId>,
    /// The NIC, when it is about one.
    pub nic: Option<NicName>,
    /// Key of the sentence in the message catalogue.
    pub key: String,
    /// Its arguments.
    pub args: BTreeMap<String, String>,
    /// The sentence in English, nodes by name.
    pub message: String,
}

impl PlanFault {
    pub(super) fn new(field: impl Into<String>, key: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Fault,
            field: field.into(),
            node: None,
            nic: None,
            key: key.to_owned(),
            args: BTreeMap::new(),
            message: message.into(),
        }
    }

    pub(super) fn of(tag: Tag, part: &str, key: &str, message: impl Into<String>) -> Self {
        Self::new(format!("{tag}.{part}"), key, message)
    }

    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "an argument is often made for this call")]
    pub(super) fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    #[must_use]
    pub(super) fn on(mut self, node: NodeId, nic: Option<&NicName>) -> Self {
        self.node = Some(node);
        self.nic = nic.cloned();
        self
    }

    #[must_use]
    pub(super) fn graded(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The tag whose field is wrong, if it is one of a tag.
    pub fn tag(&self) -> Option<Tag> {
        self.field.split_once('.').and_then(|(tag, _)| tag.parse().ok())
    }
}
