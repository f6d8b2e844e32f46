//! What clients watch: topics and their rows; those of jobs are in `jobs`.

mod jobs;

pub use jobs::{
    CurrentStep, FirstError, JobNodeRow, JobRow, ManualView, ReinstallView, StageRow, StepRow, UndoView,
};

use super::check::{CheckRow, CheckRunRow};
pub use super::discovery::{DiscoveryRow, FoundRow, LoginState, SweepRow};
use super::proof::ProofRow;
use super::team::SessionRow;
use crate::domain::environment::Environment;
use crate::domain::facts::Facts;
use crate::domain::facts::same::Twin;
use crate::domain::ids::{EnvId, JobId, NodeId, Revision, ShellId, SweepId};
use crate::domain::job::JobState;
use crate::domain::jump::Jump;
use crate::domain::net::HostAddress;
use crate::domain::netplan::NodeFacts;
use crate::domain::node::{CredentialKind, NodeLock, NodeRoles, NodeState, Reach};
pub use crate::domain::report::KnownError;
use crate::domain::sweeps::Sighting;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};

/// Something a client can watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Environments that are not hidden: [`Row::Env`].
    Environments,
    /// Hidden environments, for administrators: [`Row::Env`].
    Hidden,
    /// Nodes of an environment: [`Row::Node`].
    Nodes(EnvId),
    /// Jobs of an environment, newest last: [`Row::Job`].
    Jobs(EnvId),
    /// Jobs of all environments that are not over: [`Row::Job`].
    RunningJobs,
    /// A job: one [`Row::Job`] and a [`Row::JobNode`] for each node.
    Job(JobId),
    /// Steps of one node of a job: [`Row::Step`], key is the place in the list.
    JobNode(JobId, NodeId),
    /// A sweep: one [`Row::Sweep`] and a [`Row::Found`] for each address.
    Sweep(SweepId),
    /// The connectivity check of an environment: a [`Row::Check`], and a [`Row::CheckRun`] once there was one.
    Check(EnvId),
    /// The proof of an environment: one [`Row::Proof`].
    Proof(EnvId),
    /// How machines are found for an environment: one [`Row::Discovery`], a [`Row::Sweep`] for each sweep that is remembered, and a
    /// [`Row::Found`] for each address that ever answered.
    Discovery(EnvId),
    /// When something of an environment that is asked for as a whole has changed: one [`Row::Mark`].
    Matter(EnvId, Matter),
    /// That there is more in the logs of an environment, at most ten times a second: one [`Row::Logs`].
    Logs(EnvId),
    /// Shells that are open: [`Row::Shell`].
    Shells,
    /// Who is here: [`Row::Session`].
    Sessions,
}

/// What is asked for as a whole instead of being watched row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// The network plan: `Net`.
    Network,
    /// Pools, subnets and addresses: `Ip`.
    Addresses,
    /// Accounts of services: `Accounts`.
    Accounts,
}

/// Identity of a row within its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowKey(pub u64);

/// Change of a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Update {
    /// Which topic.
    pub topic: Topic,
    /// Grows with every update of this subscription.
    pub revision: u64,
    /// The rows are all there are; otherwise they are added or replace those of the same key.
    pub snapshot: bool,
    /// Rows.
    #[serde(deserialize_with = "lenient")]
    pub rows: Vec<Row>,
    /// Keys of rows that are gone.
    #[serde(default)]
    pub gone: Vec<RowKey>,
}

/// A row. Its key is [`Row::key`]. Clients keep thousands, most of them steps: what is larger than these is boxed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// An environment with what follows from its nodes and jobs.
    Env(Box<EnvRow>),
    /// A node.
    Node(Box<NodeRow>),
    /// A job.
    Job(Box<JobRow>),
    /// A node within a job.
    JobNode(Box<JobNodeRow>),
    /// A step of a node.
    Step(StepRow),
    /// A sweep.
    Sweep(SweepRow),
    /// An address at which something was found.
    Found(FoundRow),
    /// The last connectivity check.
    Check(Box<CheckRow>),
    /// The connectivity check that runs, or ran last.
    CheckRun(CheckRunRow),
    /// The proof that goes on, or the last one.
    Proof(Box<ProofRow>),
    /// How machines are found.
    Discovery(Box<DiscoveryRow>),
    /// When something has changed.
    Mark(MarkRow),
    /// How far the logs are.
    Logs(super::logs::LogNews),
    /// A shell.
    Shell(ShellRow),
    /// A session.
    Session(SessionRow),
    /// Something this program does not know.
    Unknown,
}

impl From<EnvRow> for Row {
    fn from(row: EnvRow) -> Self {
        Self::Env(Box::new(row))
    }
}

impl From<JobRow> for Row {
    fn from(row: JobRow) -> Self {
        Self::Job(Box::new(row))
    }
}

impl From<JobNodeRow> for Row {
    fn from(row: JobNodeRow) -> Self {
        Self::JobNode(Box::new(row))
    }
}

impl Row {
    /// Identity within the topic.
    pub fn key(&self) -> RowKey {
        RowKey(match self {
            Self::Env(r) => r.env.id.0,
            Self::Node(r) => r.id.0,
            Self::Job(r) => r.id.0 << 32,
            Self::JobNode(r) => r.node.0,
            Self::Step(r) => u64::from(r.index),
            Self::Check(_) | Self::Proof(_) | Self::Mark(_) | Self::Logs(_) | Self::Unknown => 0,
            Self::CheckRun(_) => 1,
            Self::Sweep(r) => r.id.0 | (1 << 62),
            Self::Discovery(_) => u64::MAX,
            Self::Found(r) => Sighting::key(r.address, r.port) + 1,
            Self::Shell(r) => r.id.0,
            Self::Session(r) => r.number,
        })
    }
}

/// Rows of which some may be of a kind that this program does not know.
pub(super) fn lenient<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<Row>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe {
        Known(Box<Row>),
        Other(serde::de::IgnoredAny),
    }
    let rows = Vec::<Maybe>::deserialize(d)?;
    Ok(rows
        .into_iter()
        .map(|row| match row {
            Maybe::Known(row) => *row,
            Maybe::Other(_) => Row::Unknown,
        })
        .collect())
}

/// When something has changed, as far as this engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRow {
    /// Grows with each change.
    pub version: u64,
    /// When it last did; 0 if it did not since the engine was started.
    pub at: Moment,
}

/// An environment in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvRow {
    /// The record.
    pub env: Environment,
    /// Names of the users who reach it besides administrators; `None`: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    /// Nodes in it.
    pub nodes: u32,
    /// Nodes that are installed.
    pub installed: u32,
    /// Nodes that failed.
    pub failed: u32,
    /// Its newest job.
    pub job: Option<JobRow>,
}

/// A node in the table: the record without what clients must not or need not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Identity.
    pub id: NodeId,
    /// Environment.
    pub env: EnvId,
    /// Name.
    pub name: String,
    /// Address.
    pub address: HostAddress,
    /// Port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// How we log in.
    pub credential: Option<CredentialKind>,
    /// Fingerprint of the pinned host key, `SHA256:…`.
    pub host_key: Option<String>,
    /// Roles.
    pub roles: NodeRoles,
    /// Where it stands.
    pub state: NodeState,
    /// Whether it answers.
    pub reach: Reach,
    /// The machine through which it is reached; its host key as a fingerprint.
    #[serde(default)]
    pub jump: Option<Jump>,
    /// Whether an operator has locked it.
    #[serde(default)]
    pub lock: Option<NodeLock>,
    /// Facts.
    pub facts: Option<Facts>,
    /// Other nodes that are the same machine, or clones of it.
    #[serde(default)]
    pub twins: Vec<Twin>,
    /// Logins that it refused lately.
    #[serde(default)]
    pub logins: Option<LoginState>,
    /// The job that works or worked on it last.
    pub job: Option<JobId>,
    /// A probe is under way since.
    #[serde(default)]
    pub probing: Option<Moment>,
    /// Revision.
    pub revision: Revision,
}

impl NodeRow {
    /// Whether something of an installation is or may be on it: then it leaves by a job, and is not just taken out of the list.
    pub fn is_part_of_a_cloud(&self) -> bool {
        !matches!(self.state, NodeState::Discovered | NodeState::Ready) && !self.roles.is_empty()
    }
}

impl JobRow {
    /// Whether something of what it did was undone, and something is still there.
    pub fn is_partly_undone(&self) -> bool {
        self.state == JobState::Undone && self.permille > 0
    }
}

impl<'a> From<&'a NodeRow> for NodeFacts<'a> {
    fn from(n: &'a NodeRow) -> Self {
        Self { id: n.id, name: &n.name, address: n.address, roles: &n.roles, facts: n.facts.as_ref() }
    }
}

/// A shell that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellRow {
    /// Identity.
    pub id: ShellId,
    /// On which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Who opened it.
    pub by: String,
    /// When.
    pub opened: Moment,
    /// Clients that are attached.
    #[serde(default)]
    pub clients: u32,
    /// Since when nobody is attached.
    #[serde(default)]
    pub alone: Option<Moment>,
    /// When it is closed unless somebody attaches.
    #[serde(default)]
    pub closes: Option<Moment>,
    /// The recording that is being made.
    #[serde(default)]
    pub recording: Option<u64>,
    /// The job it was opened from.
    #[serde(default)]
    pub job: Option<JobId>,
}
