//! What a client may ask for.

use super::changes::{Credential, EnvChange, JumpAsk, NodeChange};
use super::check::CheckScope;
use super::day2::Day2;
use super::discovery::{DiscoveryChange, SetChange};
use super::rows::Topic;
use crate::domain::audit::AuditFilter;
use crate::domain::ids::{EnvId, JobId, NodeId, Revision, ShellId, SweepId};
use crate::domain::ipam::IpRequest;
use crate::domain::job::StepAction;
use crate::domain::job::forecast::Stop;
use crate::domain::job::undo::UndoScope;
use crate::domain::netplan::NetworkPlan;
use crate::domain::plan::StepId;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;
use serde::{Deserialize, Serialize};

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
        /// A code of the second factor or a recovery code, where the user has one.
        #[serde(default)]
        code: Option<Secret>,
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
        /// What people call the user.
        #[serde(default)]
        full_name: String,
        /// The user must set another password before anything else.
        #[serde(default)]
        must_change: bool,
    },
    /// Sets a user's password; one's own needs the old one, and somebody else must set another one at the next login.
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
    /// Users, sessions and second factors.
    People(super::people::People),
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
        /// Addresses begun in a second; `None`: the usual number.
        #[serde(default)]
        rate: Option<u32>,
        /// Addresses waited for at the same time; `None`: the usual number.
        #[serde(default)]
        parallel: Option<u32>,
    },
    /// Ends a sweep.
    SweepCancel {
        /// Which.
        sweep: SweepId,
    },
    /// Forgets addresses at which nothing answers any more.
    SightingsForget {
        /// Of which environment.
        env: EnvId,
    },
    /// Changes how machines are found.
    DiscoveryEdit {
        /// For which environment.
        env: EnvId,
        /// Revision it is based on; [`super::discovery::NO_SETTINGS`] when there are none yet.
        based_on: Revision,
        /// What changes.
        change: DiscoveryChange,
    },
    /// Changes a set of credentials.
    SetEdit {
        /// Of which environment.
        env: EnvId,
        /// Its name.
        name: String,
        /// What changes.
        change: SetChange,
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
        /// The machine through which it is reached.
        #[serde(default)]
        jump: Option<JumpAsk>,
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
    /// What is asked for after the installation.
    Day2(Day2),
    /// What is asked about logs.
    Logs(super::logs::LogAsk),
    /// Settings, state, queries and tails of an environment's Loki.
    Loki(super::loki::LokiAsk),
    /// A part of a list of nodes; `None` begins one. Answers its number.
    ImportText {
        /// Which list.
        upload: Option<u64>,
        /// Bytes sent before.
        offset: u64,
        /// The part: passwords may stand in it.
        text: Secret,
    },
    /// What an import would do.
    ImportPreview(super::import::ImportAsk),
    /// Does what was previewed.
    ImportApply {
        /// Number of the preview.
        import: u64,
        /// [`crate::domain::import::Preview::digest`] of what was confirmed; refused when it would be another by now.
        digest: u64,
    },
    /// What a node's facts were, oldest first.
    FactsHistory {
        /// Of which node.
        node: NodeId,
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
        /// It is that of its jump host.
        #[serde(default)]
        jump: bool,
    },
    /// An environment's Cobbler server.
    Cobbler(super::cobbler::CobblerAsk),
    /// Everything about an environment's addresses.
    Ip {
        /// Which.
        env: EnvId,
    },
    /// Does something with an environment's addresses.
    IpChange {
        /// Of which.
        env: EnvId,
        /// What.
        request: IpRequest,
    },
    /// Accounts of an environment.
    Accounts(super::accounts::AccountAsk),
    /// The network plan of an environment, worked out for its nodes.
    Net {
        /// Of which environment.
        env: EnvId,
    },
    /// Sets the network plan of an environment. What is wrong with the plan itself is refused at its field; what is wrong on a node is
    /// stored and keeps the environment from being installed.
    NetSet {
        /// Of which environment.
        env: EnvId,
        /// Revision it is based on; 0: there was none.
        based_on: Revision,
        /// The plan.
        plan: Box<NetworkPlan>,
    },
    /// What an installation would do.
    PlanPreview {
        /// Of which environment.
        env: EnvId,
    },
    /// A step as it will be run on a node: variables, script, files; secrets are masked.
    StepScript {
        /// Of which environment.
        env: EnvId,
        /// On which node.
        node: NodeId,
        /// Which step.
        step: StepId,
    },
    /// Starts an installation.
    Install {
        /// Of which environment.
        env: EnvId,
        /// Only ask every step what it would change.
        #[serde(default)]
        dry_run: bool,
        /// Only nodes that are not installed yet, and what must be told to the others.
        #[serde(default)]
        only_new: bool,
        /// Why it is to start although the connectivity check has not passed; for the audit trail.
        #[serde(default)]
        over: Option<String>,
    },
    /// Goes on with a job that failed or was cancelled.
    JobRetry {
        /// Which.
        job: JobId,
    },
    /// Stops a job in one of three ways; nothing is undone.
    JobStop {
        /// Which.
        job: JobId,
        /// How.
        stop: Stop,
    },
    /// Goes on with a job that is held.
    JobRelease {
        /// Which.
        job: JobId,
    },
    /// What a way to stop would make of every node.
    JobForecast {
        /// Of which job.
        job: JobId,
        /// Which way.
        stop: Stop,
    },
    /// Works again on one node that failed, was cancelled or undone.
    NodeAgain {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
    },
    /// What an undo would undo.
    UndoPreview {
        /// Of which job.
        job: JobId,
        /// How far.
        scope: UndoScope,
    },
    /// Undoes what was shown before.
    Undo {
        /// Of which job.
        job: JobId,
        /// How far.
        scope: UndoScope,
        /// [`UndoList::digest`] of the list that was confirmed; refused when the list is another one by now.
        digest: u64,
    },
    /// Installs a node's operating system anew through Cobbler, then goes on with the installation.
    NodeReinstall {
        /// Which node.
        node: NodeId,
        /// Its name, typed by the operator: everything on it is lost.
        name: String,
        /// Cobbler's profile; `None` takes the one that its system has.
        profile: Option<String>,
        /// Minutes until the fresh system must answer; `None`: an hour.
        minutes: Option<u32>,
    },
    /// Gives a reinstallation more time.
    ReinstallExtend {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
        /// Minutes more.
        minutes: u32,
    },
    /// The procedure by which an operator installs a node by hand.
    Manual(super::manual::ManualAsk),
    /// Gives the running step of a node more time.
    CeilingExtend {
        /// In which job.
        job: JobId,
        /// Which node.
        node: NodeId,
        /// Seconds more.
        seconds: u32,
    },
    /// What became of a job and where its time went: JSON of a [`crate::domain::report::JobReport`], in parts.
    JobReport {
        /// Which job.
        job: JobId,
        /// A later part of the report of that number, from that byte on; `None` makes a report and gives its first part.
        #[serde(default)]
        part: Option<(u64, u64)>,
    },
    /// Locks a node against installation, undo and reinstallation, or unlocks it.
    NodeLock {
        /// Which node.
        node: NodeId,
        /// The reason; `None` unlocks.
        why: Option<String>,
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
        /// The job it is opened from.
        #[serde(default)]
        job: Option<JobId>,
        /// The operator's locale: `LANG`, `LC_…`.
        #[serde(default)]
        locale: Vec<(String, String)>,
    },
    /// About shells besides typing: rules, recordings, files.
    Shells(super::shells::ShellAsk),
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
        #[serde(with = "super::bytes")]
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
    /// Starts a connectivity check; see [`Topic::Check`].
    CheckRun {
        /// Of which environment.
        env: EnvId,
        /// What is to be checked.
        #[serde(default)]
        scope: CheckScope,
    },
    /// Ends the connectivity check that runs; it leaves no report.
    CheckCancel {
        /// Of which environment.
        env: EnvId,
    },
    /// The proof of an environment.
    Proof(super::proof::ProofAsk),
    /// Who did what, newest first.
    Audit {
        /// Which entries.
        filter: AuditFilter,
        /// Only those before this number.
        #[serde(default)]
        before: Option<u64>,
        /// Most entries wanted; 500 are the most there are in one answer.
        limit: u32,
    },
    /// What keeps data and the trail of it.
    Keep(super::keep::Keep),
    /// Operators who work at the same time.
    Team(super::team::Team),
    /// The door over SSH.
    Door(super::door::DoorAsk),
    /// What the engine knows about itself.
    Diagnosis,
    /// Ends the engine; running jobs go on on the nodes and are taken up by the next engine.
    Stop,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}
