//! Requests, answers and refusals.

use super::rows::{JobRow, NodeRow, Row, Topic, Update};
pub use super::views::*;
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, JobId, NodeId, Revision, ShellId, SweepId};
use crate::domain::job::StepAction;
use crate::domain::node::NodeRole;
use crate::domain::plan::{Plan, StepId};
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Offset of the first byte since the shell was opened.
    pub offset: u64,
    /// The client fell behind or came new, or the size changed: forget the screen, these bytes draw it afresh.
    #[serde(default)]
    pub redraw: bool,
    /// Columns of the shell; its screen has this size, whatever the size of the pane.
    #[serde(default)]
    pub cols: u16,
    /// Rows of the shell.
    #[serde(default)]
    pub rows: u16,
    /// The bytes.
    #[serde(with = "serde_bytes_vec")]
    pub bytes: Vec<u8>,
    /// The shell has ended; the sentence says how.
    #[serde(default)]
    pub ended: Option<String>,
}

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
}

/// What a client may ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Is somebody there?
    Ping,
    /// Makes the first administrator and logs in. Refused once there is a user.
    FirstAdministrator {
        /// Name of the administrator.
        name: String,
        /// Password.
        password: Secret,
    },
    /// Logs in by name and password.
    Login {
        /// Name.
        name: String,
        /// Password.
        password: Secret,
    },
    /// Logs in by the token of an earlier login.
    Resume {
        /// Token.
        token: Secret,
    },
    /// Ends the session.
    Logout,
    /// Who am I?
    WhoAmI,

    /// All users.
    Users,
    /// Makes a user.
    UserAdd {
        /// Name.
        name: String,
        /// Role.
        role: UserRole,
        /// Password.
        password: Secret,
    },
    /// Sets a user's password; one's own needs the old one.
    UserPassword {
        /// Whose.
        name: String,
        /// The old one, for one's own account.
        old: Option<Secret>,
        /// The new one.
        new: Secret,
    },
    /// Disables or enables a user.
    UserDisable {
        /// Whose.
        name: String,
        /// Disable or enable.
        disabled: bool,
    },

    /// Starts to send rows of a topic.
    Subscribe(Topic),
    /// Stops.
    Unsubscribe(Topic),
    /// The rows of a topic, once.
    Rows(Topic),

    /// Platforms and modules of the catalog.
    Catalog,
    /// Makes an environment.
    EnvAdd {
        /// Name.
        name: String,
        /// Platform; `None` takes the only or the first one.
        platform: Option<String>,
    },
    /// Changes an environment.
    EnvEdit {
        /// Which.
        env: EnvId,
        /// Revision it is based on.
        based_on: Revision,
        /// What changes.
        change: EnvChange,
    },

    /// Starts to look for SSH.
    SweepStart {
        /// For which environment.
        env: EnvId,
        /// Ranges as typed.
        ranges: Vec<String>,
        /// Port of SSH.
        port: u16,
    },
    /// Ends a sweep.
    SweepCancel {
        /// Which.
        sweep: SweepId,
    },

    /// Adds a node.
    NodeAdd {
        /// To which environment.
        env: EnvId,
        /// Host name; `None` takes the one the node tells, or one made from the address.
        name: Option<String>,
        /// Address as typed.
        address: String,
        /// Port.
        port: u16,
        /// Account.
        user: String,
        /// How to log in.
        credential: Credential,
    },
    /// Changes a node.
    NodeEdit {
        /// Which.
        node: NodeId,
        /// Revision it is based on.
        based_on: Revision,
        /// What changes.
        change: NodeChange,
    },
    /// Takes a node out of its environment. Nothing is done on the machine.
    NodeRemove {
        /// Which.
        node: NodeId,
        /// Revision it is based on.
        based_on: Revision,
    },
    /// Connects to a node and gathers its facts. Answers `HostKey` when the key is new.
    NodeProbe {
        /// Which.
        node: NodeId,
    },
    /// Pins a node's host key after the operator has compared the fingerprint.
    NodeTrust {
        /// Which.
        node: NodeId,
        /// The key in OpenSSH's format, as `NodeProbe` told it.
        key: String,
    },

    /// Accounts of an environment (names, kinds, lengths; never the values).
    Accounts {
        /// Of which environment.
        env: EnvId,
    },
    /// The value of an account, shown to an operator on demand and recorded.
    AccountReveal {
        /// Of which environment.
        env: EnvId,
        /// Which.
        name: String,
    },

    /// What an installation would do.
    PlanPreview {
        /// Of which environment.
        env: EnvId,
    },
    /// Starts an installation.
    Install {
        /// Of which environment.
        env: EnvId,
    },
    /// Goes on with a job that failed or was cancelled.
    JobRetry {
        /// Which.
        job: JobId,
    },
    /// Ends a job: running steps are ended, nothing is undone.
    JobCancel {
        /// Which.
        job: JobId,
    },
    /// A window of a step's output.
    Output {
        /// Which job.
        job: JobId,
        /// Which node.
        node: NodeId,
        /// Which step.
        step: StepId,
        /// Run or undo.
        action: StepAction,
        /// Which attempt.
        attempt: u32,
        /// First byte wanted.
        offset: u64,
        /// Most bytes wanted, [`super::WINDOW_MAX`] at most.
        max: u32,
    },

    /// Opens a shell on a node; bytes follow as frames.
    ShellOpen {
        /// On which node.
        node: NodeId,
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Attaches to a shell that is open already.
    ShellAttach {
        /// Which.
        shell: ShellId,
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Types.
    ShellWrite {
        /// Which.
        shell: ShellId,
        /// What.
        #[serde(with = "serde_bytes_vec")]
        bytes: Vec<u8>,
    },
    /// The pane has a new size.
    ShellResize {
        /// Which.
        shell: ShellId,
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Detaches this client; the shell lives on.
    ShellDetach {
        /// Which.
        shell: ShellId,
    },
    /// Ends a shell.
    ShellClose {
        /// Which.
        shell: ShellId,
    },

    /// What the engine knows about itself.
    Diagnosis,
    /// Ends the engine; running jobs go on on the nodes and are taken up by the next engine.
    Stop,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
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
    /// Rows of a topic.
    Rows(#[serde(deserialize_with = "super::rows::lenient")] Vec<Row>),
    /// The catalog.
    Catalog(CatalogView),
    /// An environment after the change.
    Environment(Environment),
    /// A node after the change.
    Node(Box<NodeRow>),
    /// A sweep was started.
    Sweep(SweepId),
    /// The node's host key is not pinned yet: compare, then `NodeTrust`.
    HostKey(HostKeyView),
    /// Accounts.
    Accounts(Vec<AccountView>),
    /// The value of an account.
    Account(Secret),
    /// A plan.
    Plan(Box<Plan>),
    /// A job.
    Job(Box<JobRow>),
    /// A window of output.
    Window(Window),
    /// A shell was opened.
    Shell(ShellId),
    /// What the engine knows about itself.
    Diagnosis(Diagnosis),
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

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
        Self { kind, message: message.into(), key: None, field: None }
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
}

/// Bytes as MessagePack's `bin` instead of an array of numbers.
pub(crate) mod serde_bytes_vec {
    use serde::de::{Deserializer, SeqAccess, Visitor};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, v: &[u8]) -> Result<Vec<u8>, E> {
                Ok(v.to_vec())
            }
            fn visit_byte_buf<E>(self, v: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(v)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut out = Vec::new();
                while let Some(b) = seq.next_element()? {
                    out.push(b);
                }
                Ok(out)
            }
        }
        d.deserialize_byte_buf(Bytes)
    }
}
