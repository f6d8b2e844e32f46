//! Frames, answers and refusals; what may be asked for is in `request`.

pub use super::changes::{Credential, EnvChange, JumpAsk, NodeChange};
pub use super::request::Request;
use super::rows::{JobRow, NodeRow, Row, Update};
pub use super::views::*;
use crate::domain::accounts::RotationPlan;
use crate::domain::audit::AuditPage;
use crate::domain::cobbler::{CobblerSettings, CobblerView};
use crate::domain::environment::Environment;
use crate::domain::facts::history::Record as FactsRecord;
use crate::domain::ids::{NodeId, ShellId, SweepId};
use crate::domain::ipam::{IpEvent, IpView};
use crate::domain::job::forecast::NodeForecast;
use crate::domain::job::undo::UndoList;
use crate::domain::plan::Plan;
use crate::domain::said::Said;
use crate::domain::secret::Secret;
use crate::domain::trail::TrailReport;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// First frame of either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::PROTOCOL`] of the sender.
    pub protocol: u32,
    /// Release of the sender, for messages only.
    pub release: String,
    /// Process of the sender.
    #[serde(default)]
    pub pid: u32,
    /// Engine only: no user exists yet, the first administrator can be made.
    #[serde(default)]
    pub first_start: bool,
    /// Engine only: the nodes are simulated.
    #[serde(default)]
    pub simulated: bool,
    /// Engine only: what the operator should know about this engine (a rebuilt database, a nearly full disk).
    #[serde(default)]
    pub notices: Vec<String>,
}

/// From a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFrame {
    /// Number of the request, unique in the connection; the answer carries it.
    pub id: u64,
    /// Same key, same request: a repeated one is answered from memory instead of being done again.
    #[serde(default)]
    pub key: Option<String>,
    /// What is asked for.
    pub request: Request,
}

/// From the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "one at a time, on its way to the wire")]
pub enum EngineFrame {
    /// Answer to the request of that number.
    Reply {
        /// Number of the request.
        id: u64,
        /// Answer or refusal.
        result: Result<Response, Failure>,
    },
    /// Rows of a topic.
    Update(Update),
    /// Bytes of a shell, or a redrawn screen.
    Shell(ShellBytes),
    /// The session has ended (expired, logged out elsewhere): log in again.
    SessionEnded,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// Bytes of a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellBytes {
    /// Which shell.
    pub shell: ShellId,
    /// Offset of the first byte since the shell was opened; of a redraw, of the first byte after it.
    pub offset: u64,
    /// The client fell behind or came new, or the size changed: forget the screen, these bytes draw it afresh.
    #[serde(default)]
    pub redraw: bool,
    /// Goes on with the frame before it, which begins to draw a screen that is too large for one: counts as no bytes of the shell.
    #[serde(default)]
    pub more: bool,
    /// Columns of the shell; its screen has this size, whatever the size of the pane.
    #[serde(default)]
    pub cols: u16,
    /// Rows of the shell.
    #[serde(default)]
    pub rows: u16,
    /// The bytes.
    #[serde(with = "super::bytes")]
    pub bytes: Vec<u8>,
    /// The shell has ended; the sentence says how.
    #[serde(default)]
    pub ended: Option<String>,
}

/// Answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// Done.
    Done,
    /// Answer to `Ping`.
    Pong,
    /// A session has begun.
    Session(SessionView),
    /// Users.
    Users(Vec<UserView>),
    /// About people.
    People(super::people::PeopleReply),
    /// Rows of a topic.
    Rows(#[serde(deserialize_with = "super::rows::lenient")] Vec<Row>),
    /// The catalog.
    Catalog(CatalogView),
    /// An environment after the change.
    Environment(Environment),
    /// A node after the change.
    Node(Box<NodeRow>),
    /// A part of a list has arrived: the list's number.
    ImportText(u64),
    /// What an import would do.
    ImportPreview(Box<super::import::ImportView>),
    /// What an import has done.
    Imported(super::import::ImportDone),
    /// A sweep was started.
    Sweep(SweepId),
    /// What a node's facts were, oldest first.
    FactsHistory(Vec<FactsRecord>),
    /// The node's host key is not pinned yet: compare, then `NodeTrust`.
    HostKey(HostKeyView),
    /// Where the Cobbler server is, if that was said.
    CobblerSettings(Option<CobblerSettings>),
    /// What a Cobbler server has.
    Cobbler(Box<CobblerView>),
    /// Whether registering made a new system; otherwise it was there.
    Registered(bool),
    /// The network plan of an environment.
    Net(Box<NetView>),
    /// Addresses.
    Ip(Box<IpView>),
    /// What a change of addresses did, in order; the last is what was asked for.
    IpEvents(Vec<IpEvent>),
    /// Accounts.
    Accounts(Vec<AccountView>),
    /// The value of an account.
    Account(Secret),
    /// What a rotation would do.
    Rotation(RotationPlan),
    /// Options that installed nodes do not have as they are set, by node: lines that go and lines that come.
    OptionsPending(BTreeMap<NodeId, (Vec<String>, Vec<String>)>),
    /// Services of a node.
    Services(Vec<ServiceView>),
    /// A plan.
    Plan(Box<Plan>),
    /// A job.
    Job(Box<JobRow>),
    /// A step as it will be run.
    Script(String),
    /// What a way to stop would make of every node.
    Forecast(Vec<NodeForecast>),
    /// What an undo would undo.
    UndoList(UndoList),
    /// A window of output.
    Window(Window),
    /// A part of a report.
    Report(ReportPart),
    /// A shell was opened.
    Shell(ShellId),
    /// A connectivity check was started.
    CheckRun(Box<super::check::CheckRunRow>),
    /// A proof was started.
    Proof(Box<crate::domain::proof::Proof>),
    /// Who did what.
    Audit(AuditPage),
    /// An environment as a sealed file.
    EnvFile(Secret),
    /// How things stand with exports.
    Exports(super::keep::ExportState),
    /// An export was written.
    Backup(BackupView),
    /// Whether the audit trail is whole.
    AuditVerified(TrailReport),
    /// What was asked about logs.
    Logs(Box<super::logs::LogAnswer>),
    /// What was asked about shells.
    Shells(Box<super::shells::ShellAnswer>),
    /// About the door over SSH.
    Door(Box<super::door::DoorAnswer>),
    /// About Loki.
    Loki(super::loki::LokiReply),
    /// What the engine knows about itself.
    Diagnosis(Diagnosis),
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

/// Begins an argument that is a key of the catalogue.
pub const WORD: char = '@';

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// The sentence for the operator: what happened, where, and how to mend it. English; see `key`.
    pub message: String,
    /// Key of the sentence in the message catalogue, where it has one.
    #[serde(default)]
    pub key: Option<String>,
    /// Field of the request that is wrong, where one is.
    #[serde(default)]
    pub field: Option<String>,
    /// Arguments of the sentence in the catalogue.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

impl From<Failure> for Said {
    fn from(failure: Failure) -> Self {
        match failure.key {
            Some(key) => Self::keyed(failure.message, &key).args(failure.args),
            None => failure.message.into(),
        }
    }
}

/// Kinds of refusal. The command line makes its exit code from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Not logged in, or the session has expired.
    NotLoggedIn,
    /// The user may not do this.
    NotAllowed,
    /// No such thing.
    NotFound,
    /// Something in the request is wrong.
    Invalid,
    /// Somebody else changed it in the meantime.
    Conflict,
    /// Not now: it is in use.
    Busy,
    /// A node did not do what was asked of it.
    Node,
    /// The engine cannot: disk full, store damaged.
    Engine,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl Failure {
    /// A refusal with a sentence.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), key: None, field: None, args: BTreeMap::new() }
    }

    /// From a sentence that is kept elsewhere too. An argument that is a sentence without arguments stays a word of the catalogue, of
    /// others the English text is left.
    pub fn said(kind: FailureKind, said: &Said) -> Self {
        let value = |arg: &Said| match arg.key() {
            Some(key) if arg.arguments().next().is_none() => format!("{WORD}{key}"),
            _ => arg.to_string(),
        };
        let args = said.arguments().map(|(name, arg)| (name.to_owned(), value(arg))).collect();
        Self { key: said.key().map(str::to_owned), args, ..Self::new(kind, said.to_string()) }
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Names the sentence in the message catalogue.
    #[must_use]
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Whether what was to be saved is based on an older record than there is.
    pub fn is_stale(&self) -> bool {
        self.key.as_deref() == Some("error-conflict")
    }

    /// An argument of that sentence.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike, as they are at hand")]
    pub fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// An argument that is a word of the catalogue itself: a state, a role.
    #[must_use]
    pub fn word(self, name: &str, key: &str) -> Self {
        self.arg(name, format!("{WORD}{key}"))
    }

    /// Several arguments of that sentence.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = (String, String)>) -> Self {
        self.args.extend(args);
        self
    }
}
