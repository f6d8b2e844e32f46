//! What answers are made of: sessions, users, the catalog, accounts, windows of output, the engine about itself.

use crate::domain::accounts::{AccountKind, AccountUse, RotationView, Strength};
use crate::domain::ids::{NodeId, Revision, UserId};
use crate::domain::netplan::{NetworkPlan, Resolved};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::UserRole;
use serde::{Deserialize, Serialize};

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// For `Resume`; the client keeps it in a file of mode 0600.
    pub token: Secret,
    /// Who.
    pub user: UserView,
    /// When it expires without a further request.
    pub expires: Moment,
}

/// A user as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// Identity.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Role.
    pub role: UserRole,
    /// What people call the user; may be empty.
    #[serde(default)]
    pub full_name: String,
    /// Cannot log in.
    pub disabled: bool,
    /// Must set another password before anything else.
    #[serde(default)]
    pub must_change: bool,
    /// Has a second factor.
    #[serde(default)]
    pub second_factor: bool,
    /// Until when logins are refused after wrong passwords.
    #[serde(default)]
    pub locked_until: Option<Moment>,
    /// The last login.
    #[serde(default)]
    pub last_login: Option<crate::domain::user::LastLogin>,
    /// When it was made.
    pub created: Moment,
    /// Revision.
    pub revision: Revision,
}

/// The network plan of an environment, worked out for its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetView {
    /// The plan; an empty one of revision 0 where there is none.
    pub plan: NetworkPlan,
    /// What it comes to.
    pub resolved: Resolved,
    /// When an operator changed it last.
    pub changed: Moment,
    /// Who.
    pub changed_by: String,
}

/// The catalog as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogView {
    /// Platforms.
    pub platforms: Vec<PlatformView>,
}

/// A platform as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformView {
    /// Name.
    pub name: String,
    /// Title.
    pub title: crate::domain::plan::Localized,
    /// Modules that exist for it.
    pub modules: Vec<ModuleView>,
}

/// A module as clients see it.
pub use crate::domain::choice::ModuleSpec as ModuleView;

/// A service of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceView {
    /// Its unit.
    pub unit: String,
    /// The module it belongs to.
    pub module: String,
    /// systemd's state: `active`, `failed` …
    pub state: String,
    /// The same more exactly: `running`, `dead` …
    pub sub: String,
    /// Why it ended, if it has: `success`, `exit-code` …
    pub result: String,
    /// Whether it starts at boot: `enabled`, `disabled` …
    pub enabled: String,
    /// How often systemd has restarted it.
    pub restarts: u32,
    /// Bytes of memory it uses, if systemd counts them.
    pub memory: Option<u64>,
    /// Since when it is in this state.
    pub since: Option<Moment>,
    /// Last lines of its log, made harmless.
    pub lines: Vec<String>,
}

/// A host key that was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKeyView {
    /// It is that of the jump host, at this address and port.
    #[serde(default)]
    pub jump: Option<String>,
    /// Which node.
    pub node: NodeId,
    /// OpenSSH's format.
    pub key: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// `ssh-ed25519` …
    pub kind: String,
}

/// An account of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Name of the variable.
    pub name: String,
    /// Title.
    pub title: crate::domain::plan::Localized,
    /// The module it belongs to.
    pub module: String,
    /// Characters in it.
    pub length: u32,
    /// What it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// What it is used for.
    #[serde(default)]
    pub uses: Vec<AccountUse>,
    /// Bits that a guesser has to find; 0 of a user's name.
    #[serde(default)]
    pub bits: u32,
    /// The same in a word; nothing of a user's name.
    #[serde(default)]
    pub strength: Option<Strength>,
    /// When its value was written last.
    #[serde(default)]
    pub changed: Option<Moment>,
    /// Names of the nodes on which something uses it.
    #[serde(default)]
    pub used_on: Vec<String>,
    /// Its rotation, as long as that has not succeeded.
    #[serde(default)]
    pub rotation: Option<RotationView>,
}

/// A window of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First byte in it.
    pub offset: u64,
    /// Bytes as they came from the node: hostile.
    #[serde(with = "super::bytes")]
    pub bytes: Vec<u8>,
    /// Bytes there are now.
    pub length: u64,
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPart {
    /// Number of the report, for its other parts.
    pub number: u64,
    /// First byte in this part.
    pub offset: u64,
    /// JSON.
    #[serde(with = "super::bytes")]
    pub bytes: Vec<u8>,
    /// Bytes of the whole report.
    pub length: u64,
}

/// An export that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The file on the management host.
    pub path: String,
    /// The file with the key of its secrets.
    pub key: String,
    /// When.
    pub at: Moment,
    /// Records in it.
    pub records: u64,
}

/// What the engine knows about itself, for `cpmg doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Diagnosis {
    /// Release.
    pub release: String,
    /// Process.
    pub pid: u32,
    /// Running since.
    pub started: Moment,
    /// Data directory.
    pub data: String,
    /// Bytes free there.
    pub free: u64,
    /// Where roles are read from, first to last.
    pub roles: Vec<String>,
    /// What is wrong with the roles.
    pub catalog_faults: Vec<String>,
    /// Clients connected.
    pub clients: u32,
    /// Jobs that run.
    pub jobs: u32,
    /// Resident memory, bytes.
    pub memory: u64,
    /// What the operator should know.
    pub notices: Vec<String>,
}
