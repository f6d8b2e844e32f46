//! What is wrong with a plan: where, and in words how to mend it.

use super::{NicName, Tag};
use crate::domain::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A plan with it is not stored.
    Refused,
    /// Nothing is installed with it.
    Fault,
    /// Nothing is installed until an operator has confirmed exactly this (see [`super::LockOut`]).
    Confirm,
    /// To be known; it may be meant so.
    Warning,
}

impl Severity {
    /// The word used on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
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
            severity: Severity::Refused,
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

    /// Whether it is wrong, not just to be confirmed or known.
    pub fn is_fault(&self) -> bool {
        self.severity <= Severity::Fault
    }

    /// Whether a plan with it is not stored.
    pub fn is_refused(&self) -> bool {
        self.severity == Severity::Refused
    }

    /// The tag whose field is wrong, if it is one of a tag.
    pub fn tag(&self) -> Option<Tag> {
        self.field.split_once('.').and_then(|(tag, _)| tag.parse().ok())
    }
}

/// Every key of a sentence; a test of the interface asks for each in every language.
#[cfg(test)]
pub const KEYS: &[&str] = &[
    "net-address-alive",
    "net-address-broadcast",
    "net-address-floating",
    "net-address-gateway",
    "net-address-network",
    "net-address-no-net",
    "net-address-not-in-range",
    "net-address-outside",
    "net-address-twice",
    "net-address-vip",
    "net-bad-address",
    "net-bad-address6",
    "net-bad-cidr",
    "net-bad-cidr6",
    "net-bad-mac",
    "net-bad-mtu",
    "net-bad-name",
    "net-bad-nic",
    "net-bad-pattern",
    "net-bad-place",
    "net-bad-range",
    "net-bad-range6",
    "net-bad-vlan",
    "net-bad-vlans",
    "net-cidr-link-local",
    "net-cidr-loopback",
    "net-cidr-missing",
    "net-cidr-multicast",
    "net-cidr-normal",
    "net-cidr-reserved",
    "net-cidr-small",
    "net-cidr-this-network",
    "net-cidr6-missing",
    "net-cluster-missing",
    "net-floating-gateway",
    "net-floating-public",
    "net-floating-range",
    "net-gateway-in-range",
    "net-gateway-missing",
    "net-is-anycast",
    "net-is-broadcast",
    "net-is-network",
    "net-lock-out-address",
    "net-lock-out-bridge",
    "net-lock-out-elsewhere",
    "net-lock-out-lost",
    "net-lock-out-route",
    "net-mac-group",
    "net-mtu",
    "net-mtu-shared",
    "net-names-bad",
    "net-nic-missing",
    "net-nic-no-net",
    "net-nic-twice",
    "net-nic-unset",
    "net-no-addresses",
    "net-no-facts",
    "net-no-node",
    "net-no-tag",
    "net-outside",
    "net-overlap",
    "net-pattern-many",
    "net-pattern-none",
    "net-range-backwards",
    "net-range-large",
    "net-range-missing",
    "net-range-short",
    "net-trunk-vlan",
    "net-unusable",
    "net-vip-floating",
    "net-vip-gateway",
    "net-vip-twice",
    "net-vlan-shared",
    "net-vlans-backwards",
    "net-vlans-hosts",
    "net-vlans-no-wire",
    "net-vlans-none",
    "net-vlans-other",
];
