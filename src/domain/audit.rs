//! Who did what, when, to which environment or node, and why.
//!
//! An entry is written by the engine before or together with the deed, and never changed. Names stand in it as they were
//! then, because environments and nodes are renamed and removed later. Here is what an entry is and which entries a reader
//! wants; keeping and reading them is the engine's.

use super::ids::{EnvId, JobId, NodeId};
use super::text::harmless;
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Characters of a reason, 1 to this.
pub const REASON_MAX: usize = 200;

/// What kind of deed it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditKind {
    /// An installation was started.
    Install,
    /// Steps were undone.
    Undo,
    /// A node's operating system is installed anew, by Cobbler or by hand.
    Reinstall,
    /// A node was locked or unlocked.
    Lock,
    /// A password was shown or changed.
    Account,
    /// The network plan, or addresses, were changed.
    Network,
    /// An environment was proven, or what proofs left was removed.
    Proof,
    /// A host key was pinned or forgotten.
    HostKey,
    /// A node was taken out of an installed environment.
    Leave,
    /// A service was restarted by hand, or options of services were changed or rolled out.
    Service,
    /// A user was made or changed.
    User,
    /// Somebody logged in or out.
    Session,
    /// A shell was opened, a recording looked at, a file brought to a node or from it.
    Shell,
    /// Something that this program does not know.
    #[serde(other)]
    Other,
}

impl AuditKind {
    /// All that are written.
    pub const ALL: [Self; 13] = [
        Self::Install,
        Self::Undo,
        Self::Reinstall,
        Self::Lock,
        Self::Account,
        Self::Network,
        Self::Proof,
        Self::HostKey,
        Self::Leave,
        Self::Service,
        Self::User,
        Self::Session,
        Self::Shell,
    ];

    /// The word for it on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Undo => "undo",
            Self::Reinstall => "reinstall",
            Self::Lock => "lock",
            Self::Account => "account",
            Self::Network => "network",
            Self::Proof => "proof",
            Self::HostKey => "host-key",
            Self::Leave => "leave",
            Self::Service => "service",
            Self::User => "user",
            Self::Session => "session",
            Self::Shell => "shell",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for AuditKind {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.word() == s).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|k| k.word()).collect();
            format!("there is no kind '{s}': one of {}", words.join(", "))
        })
    }
}

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, by the engine's clock.
    pub at: Moment,
    /// Name of the user.
    pub by: String,
    /// What kind.
    pub kind: AuditKind,
    /// The environment and its name then.
    #[serde(default)]
    pub env: Option<(EnvId, String)>,
    /// The node and its name then.
    #[serde(default)]
    pub node: Option<(NodeId, String)>,
    /// The job that it made or changed.
    #[serde(default)]
    pub job: Option<JobId>,
    /// What was done, in a sentence; never a secret.
    pub what: String,
    /// The reason that the user gave.
    #[serde(default)]
    pub reason: Option<String>,
}

impl AuditEntry {
    /// A deed of a user.
    pub fn new(at: Moment, by: &str, kind: AuditKind, what: impl AsRef<str>) -> Self {
        let what = harmless(what.as_ref());
        Self { at, by: by.to_owned(), kind, env: None, node: None, job: None, what, reason: None }
    }

    /// In an environment.
    #[must_use]
    pub fn env(mut self, id: EnvId, name: &str) -> Self {
        self.env = Some((id, name.to_owned()));
        self
    }

    /// On a node.
    #[must_use]
    pub fn node(mut self, id: NodeId, name: &str) -> Self {
        self.node = Some((id, name.to_owned()));
        self
    }

    /// By a job.
    #[must_use]
    pub fn job(mut self, id: JobId) -> Self {
        self.job = Some(id);
        self
    }

    /// For a reason.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }
}

/// Which entries a reader wants; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// In this environment.
    pub env: Option<EnvId>,
    /// On this node.
    pub node: Option<NodeId>,
    /// By the user of this name.
    pub user: Option<String>,
    /// Of this kind.
    pub kind: Option<AuditKind>,
    /// Not before.
    pub since: Option<Moment>,
}

impl AuditFilter {
    /// Whether the reader wants `entry`.
    pub fn wants(&self, entry: &AuditEntry) -> bool {
        self.env.is_none_or(|env| entry.env.as_ref().is_some_and(|(id, _)| *id == env))
            && self.node.is_none_or(|node| entry.node.as_ref().is_some_and(|(id, _)| *id == node))
            && self.user.as_ref().is_none_or(|user| entry.by == *user)
            && self.kind.is_none_or(|kind| entry.kind == kind)
            && self.since.is_none_or(|since| entry.at >= since)
    }
}

/// A part of the trail, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditPage {
    /// Entries with their numbers.
    pub entries: Vec<(u64, AuditEntry)>,
    /// There may be older ones: ask for those before this number.
    pub before: Option<u64>,
}

/// A reason as it is kept: harmless, on one line, 1 to [`REASON_MAX`] characters; otherwise the sentence that says so.
pub fn reason(typed: &str) -> Result<String, String> {
    let text: String = harmless(typed.trim()).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.chars().count() > REASON_MAX {
        return Err(format!("say why, in 1 to {REASON_MAX} characters"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn a_filter_wants_what_fits_in_all_it_names() {
        let entry = AuditEntry::new(Moment(1000), "ada", AuditKind::Lock, "locked")
            .env(EnvId(1), "prod")
            .node(NodeId(7), "n7");
        let fits = |filter: &AuditFilter| filter.wants(&entry);
        let all = AuditFilter::default();
        assert!(fits(&all));
        assert!(fits(&AuditFilter { env: Some(EnvId(1)), user: Some("ada".into()), ..all.clone() }));
        assert!(fits(&AuditFilter { since: Some(Moment(1000)), kind: Some(AuditKind::Lock), ..all.clone() }));
        for other in [
            AuditFilter { env: Some(EnvId(2)), ..all.clone() },
            AuditFilter { node: Some(NodeId(8)), ..all.clone() },
            AuditFilter { user: Some("bob".into()), ..all.clone() },
            AuditFilter { kind: Some(AuditKind::Undo), ..all.clone() },
            AuditFilter { since: Some(Moment(1001)), ..all.clone() },
        ] {
            assert!(!fits(&other), "{other:?}");
        }
    }

    #[test]
    fn words_come_back_and_new_kinds_do_not_break_old_programs() {
        for kind in AuditKind::ALL {
            assert_eq!(kind.word().parse::<AuditKind>().unwrap(), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert!("banana".parse::<AuditKind>().unwrap_err().contains("host-key"));
        assert_eq!(serde_json::from_str::<AuditKind>("\"moon\"").unwrap(), AuditKind::Other);
    }

    #[test]
    fn reasons_are_one_harmless_line() {
        assert_eq!(reason("  the switch\n is  being mended ").unwrap(), "the switch is being mended");
        assert!(!reason("a\u{1b}[31mb").unwrap().contains('\u{1b}'));
        for bad in ["", " \n ", &"x".repeat(201)] {
            assert!(reason(bad).unwrap_err().contains("say why"));
        }
    }
}
