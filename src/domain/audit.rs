//! Who did what, when, to which environment or node, and why.
//!
//! An entry is written by the engine before or together with the deed, and never changed. Names stand in it as they were
//! then, because environments and nodes are renamed and removed later. Here is what an entry is and which entries a reader
//! wants; keeping and reading them is the engine's.

use super::ids::{EnvId, JobId, NodeId};
use super::said::Said;
use super::text::harmless;
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// An environment was made, changed, hidden, shown again, copied, or who may reach it was said.
    Environment,
    /// A node was added, changed or removed, or how machines are found was.
    Node,
    /// A job was stopped, held, released, tried again or given more time.
    Job,
    /// A connectivity check was started or ended.
    Check,
    /// A shell on a node was opened or closed.
    Shell,
    /// A user was made or changed.
    User,
    /// Somebody logged in or out.
    Session,
    /// The engine itself: stopped, backed up, restored, its database rebuilt.
    Engine,
    /// Something that this program does not know.
    #[serde(other)]
    Other,
}

impl AuditKind {
    /// All that are written.
    pub const ALL: [Self; 18] = [
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
        Self::Environment,
        Self::Node,
        Self::Job,
        Self::Check,
        Self::Shell,
        Self::User,
        Self::Session,
        Self::Engine,
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
            Self::Environment => "environment",
            Self::Node => "node",
            Self::Job => "job",
            Self::Check => "check",
            Self::Shell => "shell",
            Self::User => "user",
            Self::Session => "session",
            Self::Engine => "engine",
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

/// A value that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which, as `environment.parallel`.
    pub what: String,
    /// What it was; empty: there was none.
    pub before: String,
    /// What it is; empty: there is none any more.
    pub after: String,
}

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, by the engine's clock.
    pub at: Moment,
    /// Name of the user.
    pub by: String,
    /// Account of the operating system that the user came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Address from which that account had logged in to this machine, as far as it could be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
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
    /// What was done, in an English sentence; never a secret.
    pub what: String,
    /// The key of that sentence in the message catalogue of the screens; entries of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its arguments there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Said>,
    /// The reason that the user gave.
    #[serde(default)]
    pub reason: Option<String>,
    /// Values before and after, secrets masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Difference>,
    /// See [`super::trail::hash`]; empty in entries from before there was a chain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

impl AuditEntry {
    /// A deed of a user.
    pub fn new(at: Moment, by: &str, kind: AuditKind, what: impl Into<Said>) -> Self {
        let said = what.into().harmless();
        Self {
            at,
            by: by.to_owned(),
            account: None,
            from: None,
            kind,
            env: None,
            node: None,
            job: None,
            what: said.to_string(),
            key: said.key().map(str::to_owned),
            args: said.arguments().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
            reason: None,
            changes: Vec::new(),
            hash: String::new(),
        }
    }

    /// What was done, for whoever reads it in a language.
    pub fn said(&self) -> Said {
        let Some(key) = &self.key else { return Said::from(self.what.as_str()) };
        let said = Said::keyed(self.what.as_str(), key);
        self.args.iter().fold(said, |said, (name, value)| said.arg(name, value.clone()))
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
    /// Not after.
    pub until: Option<Moment>,
    /// With this text in what was done, where, by whom, or why; capital letters do not matter.
    pub text: Option<String>,
}

impl AuditEntry {
    /// Who: the user, and the account of the operating system where that has another name, and from where.
    pub fn who(&self) -> String {
        let account = self.account.as_ref().filter(|a| **a != self.by);
        let place = match (account, &self.from) {
            (Some(account), Some(from)) => format!(" ({account} from {from})"),
            (Some(account), None) => format!(" ({account})"),
            (None, Some(from)) => format!(" (from {from})"),
            (None, None) => String::new(),
        };
        format!("{}{place}", self.by)
    }

    /// What was done, why, and what changed by it, in English.
    pub fn sentence(&self) -> String {
        self.sentence_with(&self.what, "none")
    }

    /// The same with what was done in another language, and with the sign for a value that is not there.
    pub fn sentence_with(&self, what: &str, none: &str) -> String {
        let reason = self.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        let shown = |v: &str| if v.is_empty() { none.to_owned() } else { v.to_owned() };
        let changed: Vec<String> = self
            .changes
            .iter()
            .map(|c| format!("{} {} -> {}", c.what, shown(&c.before), shown(&c.after)))
            .collect();
        let changed = if changed.is_empty() { String::new() } else { format!(" [{}]", changed.join("; ")) };
        format!("{what}{reason}{changed}")
    }

    /// Whether `text`, in small letters, stands somewhere in it.
    fn tells(&self, text: &str) -> bool {
        let names = [self.env.as_ref().map(|e| &e.1), self.node.as_ref().map(|n| &n.1)];
        let words = [
            Some(&self.what),
            Some(&self.by),
            self.reason.as_ref(),
            self.account.as_ref(),
            self.from.as_ref(),
        ];
        let changed = self.changes.iter().flat_map(|c| [&c.what, &c.before, &c.after]);
        words.into_iter().chain(names).flatten().chain(changed).any(|w| w.to_lowercase().contains(text))
    }
}

impl AuditFilter {
    /// Whether the reader wants `entry`.
    pub fn wants(&self, entry: &AuditEntry) -> bool {
        self.env.is_none_or(|env| entry.env.as_ref().is_some_and(|(id, _)| *id == env))
            && self.node.is_none_or(|node| entry.node.as_ref().is_some_and(|(id, _)| *id == node))
            && self.user.as_ref().is_none_or(|user| entry.by == *user)
            && self.kind.is_none_or(|kind| entry.kind == kind)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
            && self.text.as_ref().is_none_or(|text| entry.tells(&text.to_lowercase()))
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
