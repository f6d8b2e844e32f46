//! An environment's Loki: where it is, what goes there, how far that is, and what comes back, as operators see it.
//!
//! Talking to it is `logs::loki`'s. Here are the settings with their check, the state of pushing, and an entry of an answer.

use super::secret::Secret;
use super::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The label `job` of what is pushed, unless the environment says otherwise.
pub const JOB: &str = "openstack";
/// Longest name of a tenant, and longest value of the label `job`, in characters.
pub const NAME_MAX: usize = 150;
/// Most entries of one answer to a client.
pub const ENTRIES_MAX: u32 = 5_000;

/// Where the server is, as whom to talk to it, and what it gets. Stored sealed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LokiPlace {
    /// `http(s)://HOST:PORT`, with the path before `/loki/api/v1` if there is one.
    pub url: String,
    /// Its tenant (`X-Scope-OrgID`); `None`: the server has none.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The user of basic authentication; `None`: there is none.
    #[serde(default)]
    pub user: Option<String>,
    /// That user's password.
    #[serde(default)]
    pub password: Secret,
    /// Certificates (PEM) of the authority that signed the server's; `None`: those that this machine trusts.
    #[serde(default)]
    pub authority: Option<String>,
    /// Whether what is collected is pushed.
    #[serde(default)]
    pub push: bool,
    /// The label `job` of what is pushed.
    pub job: String,
    /// Which records are pushed, as a filter of the log screens; empty: all.
    #[serde(default)]
    pub what: String,
}

/// The settings as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LokiSettings {
    /// Where the server is.
    pub url: String,
    /// Its tenant.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The user of basic authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// Certificates (PEM) of the authority that signed the server's, if they were given.
    #[serde(default)]
    pub authority: Option<String>,
    /// Whether what is collected is pushed.
    #[serde(default)]
    pub push: bool,
    /// The label `job` of what is pushed.
    pub job: String,
    /// Which records are pushed; empty: all.
    #[serde(default)]
    pub what: String,
}

impl LokiSettings {
    /// Whether logs and passwords go over the network as they are.
    pub fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }
}

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LokiFault {
    /// Not `http://…` or `https://…` with a host.
    #[error("write the address of the server as http(s)://HOST:PORT, without /loki/api/v1")]
    Url,
    /// A user or a password in the address.
    #[error("the address holds a user or a password: they have fields of their own")]
    UrlHoldsLogin,
    /// A tenant that no Loki takes, or several in one.
    #[error("a tenant is 1 to 150 letters, digits and !-_.*'() and neither '.' nor '..'")]
    Tenant,
    /// A colon or a control character in a user.
    #[error("a user of basic authentication has neither a colon nor a control character in it")]
    User,
    /// A password and nobody whose it is.
    #[error("there is a password and no user")]
    PasswordAlone,
    /// Not certificates.
    #[error("this is no certificate: its first line would be '-----BEGIN CERTIFICATE-----'")]
    Authority,
    /// A label that is empty or too long.
    #[error("the label 'job' is 1 to 150 printable characters")]
    Job,
}

impl LokiFault {
    /// The field that is wrong.
    pub fn field(self) -> &'static str {
        match self {
            Self::Url | Self::UrlHoldsLogin => "url",
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::PasswordAlone => "password",
            Self::Authority => "authority",
            Self::Job => "job",
        }
    }

    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Url => "loki-bad-url",
            Self::UrlHoldsLogin => "loki-url-login",
            Self::Tenant => "loki-bad-tenant",
            Self::User => "loki-bad-user",
            Self::PasswordAlone => "loki-password-alone",
            Self::Authority => "loki-bad-authority",
            Self::Job => "loki-bad-job",
        }
    }
}

impl LokiPlace {
    /// Whether it can be right, as far as its text tells.
    pub fn check(&self) -> Result<(), LokiFault> {
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let host = rest.and_then(|r| r.split('/').next()).unwrap_or_default();
        if host.contains('@') {
            return Err(LokiFault::UrlHoldsLogin);
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '?' || c == '#';
        if host.is_empty() || host.starts_with(':') || self.url.contains(odd) || self.url.contains("/api/v1")
        {
            return Err(LokiFault::Url);
        }
        if self.tenant.as_deref().is_some_and(|t| !is_tenant(t)) {
            return Err(LokiFault::Tenant);
        }
        if self
            .user
            .as_deref()
            .is_some_and(|u| u.is_empty() || u.contains(|c: char| c == ':' || c.is_control()))
        {
            return Err(LokiFault::User);
        }
        if self.user.is_none() && !self.password.is_empty() {
            return Err(LokiFault::PasswordAlone);
        }
        if self.authority.as_ref().is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(LokiFault::Authority);
        }
        let printable = self.job.chars().all(|c| !c.is_control());
        if self.job.trim().is_empty() || self.job.chars().count() > NAME_MAX || !printable {
            return Err(LokiFault::Job);
        }
        Ok(())
    }

    /// What may be shown of it.
    pub fn settings(&self) -> LokiSettings {
        let Self { url, tenant, user, password: _, authority, push, job, what } = self.clone();
        LokiSettings { url, tenant, user, authority, push, job, what }
    }

    /// Whether the password that is kept for `other` may go where this one says: same server, same user.
    pub fn same_login(&self, other: &Self) -> bool {
        self.url == other.url && self.user == other.user
    }
}

/// The rule of Loki's own documentation. A `|` would ask several tenants at once, and cannot be pushed to.
fn is_tenant(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()".contains(c);
    !text.is_empty() && text.len() <= NAME_MAX && text.chars().all(good) && text != "." && text != ".."
}

/// What pushing does just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushState {
    /// It is switched off.
    #[default]
    Off,
    /// All that was collected is there.
    Level,
    /// It works, and there is more to push.
    Pushing,
    /// Loki did not take the last batch; it is sent again by itself.
    Waiting,
    /// It has stopped: waiting does not help, somebody must do something.
    Stopped,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl PushState {
    /// The word on the command line and in JSON; also the end of its key in the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Level => "level",
            Self::Pushing => "pushing",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LokiTrouble {
    /// What happened and what to do, in English.
    pub words: String,
    /// Since when it has been so.
    pub since: Moment,
    /// How often it was tried in vain.
    #[serde(default)]
    pub tries: u32,
}

/// How far pushing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiProgress {
    /// What it does.
    pub state: PushState,
    /// Everything up to this record is dealt with; `None`: nothing yet.
    pub position: Option<u64>,
    /// Time of the last record that Loki took, µs since 1970.
    pub pushed_to: Option<i64>,
    /// Records that wait.
    pub behind: u64,
    /// Age of the oldest that waits, seconds.
    pub behind_seconds: u64,
    /// Entries that Loki took, since counting began.
    pub pushed: u64,
    /// Batches of which Loki refused something for good; their good entries were taken.
    pub refused_batches: u64,
    /// Entries refused for good, as far as Loki counted them: at least so many.
    pub refused: u64,
    /// Lines that were cut to the longest that Loki takes.
    pub cut: u64,
    /// Records that the retention of the log store removed before they could be pushed.
    pub missed: u64,
    /// When pushing last began with the first record again, because the collected logs had been made anew; `None`: never.
    pub anew: Option<Moment>,
    /// The last refusal for good, in Loki's words, and when it was.
    pub last_refusal: Option<(Moment, String)>,
    /// What goes wrong now; `None`: nothing.
    pub trouble: Option<LokiTrouble>,
}

/// Everything about an environment's Loki that is known without asking it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiView {
    /// The settings; `None`: there is none.
    pub settings: Option<LokiSettings>,
    /// How far pushing is.
    pub progress: LokiProgress,
}

/// One entry of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiEntry {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The line, as it came.
    pub line: String,
    /// Labels of its stream.
    pub labels: BTreeMap<String, String>,
    /// Its structured metadata.
    pub metadata: BTreeMap<String, String>,
    /// What the query's parser found in the line.
    pub parsed: BTreeMap<String, String>,
}

impl LokiEntry {
    /// A field by its name: parsed ones first, then metadata, then labels.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.parsed
            .get(name)
            .or_else(|| self.metadata.get(name))
            .or_else(|| self.labels.get(name))
            .map(String::as_str)
    }
}

/// One line of a metric query's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiSeries {
    /// What it is of.
    pub labels: BTreeMap<String, String>,
    /// Time in milliseconds since 1970, and value as text.
    pub points: Vec<(i64, String)>,
}

/// An answer to a query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiAnswer {
    /// Entries of a log query, in the order that was asked for.
    pub entries: Vec<LokiEntry>,
    /// Lines of a metric query.
    pub series: Vec<LokiSeries>,
    /// There are more entries than were asked for.
    pub more: bool,
    /// What was odd about it, in words.
    pub notes: Vec<String>,
}

/// A query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LokiQuery {
    /// In `LogQL`.
    pub query: String,
    /// From here on, nanoseconds since 1970.
    pub start: i64,
    /// Up to here, this moment not included.
    pub end: i64,
    /// Most entries.
    pub limit: u32,
    /// Oldest first; otherwise newest first.
    #[serde(default)]
    pub forward: bool,
    /// Seconds between two points of a metric query; `None`: as the server likes.
    #[serde(default)]
    pub step: Option<u32>,
}

/// What a live tail brought since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LokiTail {
    /// Entries in the order in which they came.
    pub entries: Vec<LokiEntry>,
    /// Entries that Loki or the engine dropped because somebody was too slow.
    pub dropped: u64,
    /// It has ended, and why.
    pub ended: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> LokiPlace {
        LokiPlace {
            url: "https://loki.example:3100".into(),
            tenant: None,
            user: None,
            password: Secret::default(),
            authority: None,
            push: true,
            job: JOB.into(),
            what: String::new(),
        }
    }

    #[test]
    fn settings_are_checked() {
        assert_eq!(place().check(), Ok(()));
        for good in ["http://127.0.0.1:3100", "https://gate.example/logs", "http://[::1]:3100"] {
            assert_eq!(LokiPlace { url: good.into(), ..place() }.check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "loki:3100",
            "ftp://x",
            "http://",
            "http://:80",
            "http://a b",
            "http://x/loki/api/v1",
            "http://x?a=b",
        ] {
            assert_eq!(LokiPlace { url: bad.into(), ..place() }.check(), Err(LokiFault::Url), "{bad}");
        }
        let login = LokiPlace { url: "http://ops:secret@x".into(), ..place() };
        assert_eq!(login.check(), Err(LokiFault::UrlHoldsLogin));
        for bad in ["", "a|b", "a/../b", "..", ".", "a b", "ü"] {
            let place = LokiPlace { tenant: Some(bad.into()), ..place() };
            assert_eq!(place.check(), Err(LokiFault::Tenant), "{bad}");
        }
        assert_eq!(LokiPlace { tenant: Some("cloud-a".into()), ..place() }.check(), Ok(()));
        assert_eq!(LokiPlace { user: Some("a:b".into()), ..place() }.check(), Err(LokiFault::User));
        let alone = LokiPlace { password: Secret::new("x"), ..place() };
        assert_eq!(alone.check(), Err(LokiFault::PasswordAlone));
        assert_eq!(
            LokiPlace { authority: Some("MIIB".into()), ..place() }.check(),
            Err(LokiFault::Authority)
        );
        assert_eq!(LokiPlace { job: " ".into(), ..place() }.check(), Err(LokiFault::Job));
    }

    #[test]
    fn what_may_be_shown_has_no_password() {
        let place = LokiPlace { user: Some("ops".into()), password: Secret::new("s3cr3t"), ..place() };
        let shown = format!(
            "{:?}{place:?}{}",
            place.settings(),
            serde_json::to_string(&place.settings()).unwrap_or_default()
        );
        assert!(!shown.contains("s3cr3t"));
        assert!(place.same_login(&place) && !place.same_login(&LokiPlace { user: None, ..place.clone() }));
    }
}
