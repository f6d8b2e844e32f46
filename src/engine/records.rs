//! What the engine keeps, table by table.
//!
//! Every table is named here once, with the type of its records. The rest of the engine saves and reads through
//! [`Records`], which turns faults of the store into sentences for clients.

use super::auth::Session;
use super::ipam::IpRecord;
use super::logs::LogSettings;
use super::{now, trail};
use crate::api::logs::{LogMark, LogView};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditEntry;
use crate::domain::check::CheckReport;
use crate::domain::door::DoorSettings;
use crate::domain::environment::Environment;
use crate::domain::facts::history::Record as FactsRecord;
use crate::domain::ids::{EnvId, JobId, NodeId, SweepId, UserId};
use crate::domain::job::JournalEntry;
use crate::domain::keeping::ExportRules;
use crate::domain::lockout::Slips;
use crate::domain::netplan::NetworkPlan;
use crate::domain::node::{CredentialKind, Node};
use crate::domain::proof::Proof;
use crate::domain::secret::Secret;
use crate::domain::shells::ShellRules;
use crate::domain::sweeps::{Discovery, Sighting, SweepRecord};
use crate::domain::time::Moment;
use crate::domain::trail::Head;
use crate::domain::user::User;
use crate::domain::usual::StepTimes;
use crate::store::{self, Batch, Identity, Key, Kind, Sealed, Sealer, Span, Stamp, Store, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// People.
pub const USERS: Table<UserId, User> = Table::new(Kind::Users, &[]);
/// Logins that are open, by the hash of their token.
pub const SESSIONS: Table<String, Session> = Table::new(Kind::Sessions, &[]);
/// Keys of second factors, sealed.
pub const SECOND_FACTORS: Table<UserId, Sealed> = Table::new(Kind::SecondFactors, &[]);
/// Wrong passwords, by `name NAME` and `source ACCOUNT`.
pub const LOCKOUTS: Table<String, Slips> = Table::new(Kind::Lockouts, &[]);
/// Environments.
pub const ENVIRONMENTS: Table<EnvId, Environment> = Table::new(Kind::Environments, &[]);
/// Nodes.
pub const NODES: Table<NodeId, Node> = Table::new(Kind::Nodes, &[]);
/// How to log in to nodes: sealed JSON of [`StoredCredential`].
pub const CREDENTIALS: Table<NodeId, Sealed> = Table::new(Kind::Credentials, &[]);
/// How to log in to the jump hosts of nodes: sealed JSON of [`StoredCredential`].
pub const JUMP_CREDENTIALS: Table<NodeId, Sealed> = Table::new(Kind::JumpCredentials, &[]);
/// Accounts of environments, by environment and name of the variable.
pub const ACCOUNTS: Table<(EnvId, String), Sealed> = Table::new(Kind::Accounts, &[]);
/// Network plans, by environment.
pub const NETWORKS: Table<EnvId, NetworkRecord> = Table::new(Kind::Networks, &[]);
/// Addresses of environments, by environment and what the record is about.
pub const ADDRESSES: Table<(EnvId, String), IpRecord> = Table::new(Kind::Addresses, &[]);
/// Sweeps.
pub const SWEEPS: Table<SweepId, SweepRecord> = Table::new(Kind::Sweeps, &[]);
/// What sweeps found, by environment and address with port.
pub const SIGHTINGS: Table<(EnvId, u64), Sighting> = Table::new(Kind::Sightings, &[]);
/// How machines are found.
pub const DISCOVERY: Table<EnvId, Discovery> = Table::new(Kind::Discovery, &[]);
/// Sets of credentials, by environment and name.
pub const SETS: Table<(EnvId, String), SetRecord> = Table::new(Kind::CredentialSets, &[]);
/// Logins that were refused, by address and port: a node that is taken out and in again stays the same machine.
pub const LOGINS: Table<String, Vec<Moment>> = Table::new(Kind::Logins, &[]);
/// What the facts of nodes were, by node and first moment.
pub const FACTS: Table<(NodeId, u64), FactsRecord> = Table::new(Kind::Facts, &[]);
/// Jobs; their plans and bundles are files.
pub const JOBS: Table<JobId, JobRecord> = Table::new(Kind::Jobs, &[]);
/// What happened in each job.
pub const JOURNAL: Table<(JobId, u64), JournalEntry> = Table::new(Kind::Journal, &[]);
/// How long steps took, by platform and step.
pub const LEARNED: Table<(String, String), StepTimes> = Table::new(Kind::Learned, &[]);

/// Reports of connectivity checks, the latest of each environment.
pub const CHECKS: Table<(EnvId, u64), CheckReport> = Table::new(Kind::Checks, &[]);
/// Proofs of environments, the last ones of each.
pub const PROOFS: Table<(EnvId, u64), Proof> = Table::new(Kind::Proofs, &[]);
/// The image that the next proof of an environment takes: a path on this machine.
pub const PROOF_IMAGES: Table<EnvId, String> = Table::new(Kind::ProofImages, &[]);
/// Whether logs of an environment are collected.
pub const LOGS: Table<EnvId, LogSettings> = Table::new(Kind::Logs, &[]);
/// Records of logs that were marked, by environment and cursor; without their rows.
pub const LOG_MARKS: Table<(EnvId, u64), LogMark> = Table::new(Kind::LogMarks, &[]);
/// Saved ways to look at logs, by environment and name.
pub const LOG_VIEWS: Table<(EnvId, String), LogView> = Table::new(Kind::LogViews, &[]);
/// The rules for shells, under [`ONLY`].
pub const SHELL_RULES: Table<String, ShellRules> = Table::new(Kind::ShellRules, &[]);
/// The rules for exports, under [`ONLY`].
pub const EXPORT_RULES: Table<String, ExportRules> = Table::new(Kind::ExportRules, &[]);
/// Whether and where the engine listens for SSH, under [`ONLY`].
pub const DOOR: Table<String, DoorSettings> = Table::new(Kind::Door, &[]);
/// The key of a record of which there is one.
pub const ONLY: &str = "only";
/// Who did what, by a number that only grows.
pub const AUDIT: Table<u64, AuditEntry> = Table::new(Kind::Audit, &[]);

/// A network plan as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// The plan.
    pub plan: NetworkPlan,
    /// When an operator changed it last.
    pub changed: Moment,
    /// Who.
    pub changed_by: String,
}

/// A job as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Environment.
    pub env: EnvId,
    /// Who started it.
    pub by: String,
    /// When.
    pub created: Moment,
}

/// A set of credentials as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRecord {
    /// In the order in which they are tried.
    pub entries: Vec<SetEntry>,
    /// Number of the next one.
    pub next: u32,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed: Moment,
}

/// One credential of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetEntry {
    /// Its number.
    pub id: u32,
    /// Account.
    pub user: String,
    /// What it is.
    pub kind: CredentialKind,
    /// Sealed JSON of [`StoredCredential`], where something is secret.
    pub sealed: Option<Sealed>,
}

/// How to log in to a node, as it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StoredCredential {
    /// A password.
    Password(Secret),
    /// A private key.
    Key {
        /// Its text.
        text: Secret,
        /// Empty for none.
        passphrase: Secret,
    },
}

impl StoredCredential {
    /// As SSH takes it.
    pub fn to_ssh(&self) -> crate::ssh::Credential {
        match self {
            Self::Password(password) => crate::ssh::Credential::Password(password.clone()),
            Self::Key { text, passphrase } => crate::ssh::Credential::Key {
                private: text.clone(),
                passphrase: (!passphrase.is_empty()).then(|| passphrase.clone()),
            },
        }
    }
}

/// The store with its seal.
pub struct Records {
    pub(super) store: Arc<dyn Store>,
    pub(super) sealer: Sealer,
    /// The newest entry of the audit trail; `None`: to be read from the store. Held while an entry is written: each follows on one.
    pub(super) head: Mutex<Option<Head>>,
    /// The socket of syslog that gets the trail as well.
    pub(super) syslog: Option<PathBuf>,
}

/// The store's fault as a refusal.
pub fn refused(fault: &store::Error) -> Failure {
    let kind = match fault {
        store::Error::Conflict { .. } => FailureKind::Conflict,
        _ => FailureKind::Engine,
    };
    Failure::said(kind, &fault.said())
}

impl Records {
    /// Over an open store.
    pub fn new(store: Arc<dyn Store>, sealer: Sealer, syslog: Option<PathBuf>) -> Self {
        Self { store, sealer, head: Mutex::default(), syslog }
    }

    /// An identity that was never given before.
    pub fn next_id(&self, kind: Kind) -> Result<u64, Failure> {
        self.store.next_id(kind).map_err(|f| refused(&f))
    }

    /// Saves one record, durably.
    pub fn save<K: Key, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
        key: &K,
        value: &T,
    ) -> Result<(), Failure> {
        self.change(|batch| table.put(batch, key, value, Stamp::engine(now())))
    }

    /// Removes one record, durably.
    pub fn remove<K: Key, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
        key: &K,
    ) -> Result<(), Failure> {
        self.change(|batch| {
            table.remove(batch, key);
            Ok(())
        })
    }

    /// Several changes, all or none, durable when this returns.
    pub fn change(&self, fill: impl FnOnce(&mut Batch) -> store::Result<()>) -> Result<(), Failure> {
        self.try_change(fill).map_err(|f| refused(&f))
    }

    /// As [`Self::change`], with the store's own fault. The deed that is being asked for goes along.
    pub fn try_change(&self, fill: impl FnOnce(&mut Batch) -> store::Result<()>) -> store::Result<()> {
        let mut batch = Batch::new();
        fill(&mut batch)?;
        match trail::pending() {
            Some(deed) => self.record(batch, trail::signed(deed)),
            None => blocking(|| self.store.apply(batch)).map(drop),
        }
    }

    /// Removes, as part of a change, all records of a table whose key begins with `prefix`.
    pub fn remove_under(&self, batch: &mut Batch, kind: Kind, prefix: &impl Key) -> store::Result<()> {
        for (key, _) in self.store.scan(kind, &prefix.encoded())? {
            batch.remove(kind, key);
        }
        Ok(())
    }

    /// All records of a table.
    pub fn all<K: Key + Ord, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
    ) -> store::Result<BTreeMap<K, T>> {
        Ok(table.list(&*self.store)?.into_iter().map(|(k, s)| (k, s.value)).collect())
    }

    /// At most `limit` records before a key, the last of all for `None`; from the last to the first.
    pub fn before<K: Key, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
        key: Option<&K>,
        limit: usize,
    ) -> store::Result<Vec<(K, T)>> {
        let mut span = Span::default().backwards().limit(limit);
        if let Some(key) = key {
            span = span.after(key.encoded());
        }
        Ok(table.range(&*self.store, &span)?.into_iter().map(|(k, s)| (k, s.value)).collect())
    }

    /// At most `limit` records behind a key, the first of all for `None`.
    pub fn after<K: Key, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
        key: Option<&K>,
        limit: usize,
    ) -> store::Result<Vec<(K, T)>> {
        let mut span = Span::default().limit(limit);
        if let Some(key) = key {
            span = span.after(key.encoded());
        }
        Ok(table.range(&*self.store, &span)?.into_iter().map(|(k, s)| (k, s.value)).collect())
    }

    /// All records whose key begins with `prefix`, the first part of a compound key, in the order of their keys.
    pub fn under<K: Key, T: Serialize + DeserializeOwned>(
        &self,
        table: Table<K, T>,
        prefix: &impl Key,
    ) -> store::Result<Vec<(K, T)>> {
        Ok(table.under(&*self.store, prefix)?.into_iter().map(|(k, s)| (k, s.value)).collect())
    }

    /// The journal of a job.
    pub fn journal(&self, job: JobId) -> store::Result<Vec<JournalEntry>> {
        Ok(JOURNAL.under(&*self.store, &job)?.into_iter().map(|(_, s)| s.value).collect())
    }

    /// How to log in to a node.
    pub fn credential(&self, node: NodeId) -> Result<Option<StoredCredential>, Failure> {
        self.open_login(CREDENTIALS, node)
    }

    /// Seals a credential of a set.
    pub fn seal_entry(
        &self,
        set: &(EnvId, String),
        entry: u32,
        credential: &StoredCredential,
    ) -> Result<Sealed, Failure> {
        let text = Secret::new(serde_json::to_string(credential).unwrap_or_default());
        let identity = Identity::of(&SETS, set, &format!("entry-{entry}"));
        self.sealer.seal(&identity, &text).map_err(|f| refused(&f))
    }

    /// Opens a credential of a set; `None` where nothing is secret.
    pub fn open_entry(
        &self,
        set: &(EnvId, String),
        entry: &SetEntry,
    ) -> Result<Option<StoredCredential>, Failure> {
        let Some(sealed) = &entry.sealed else { return Ok(None) };
        let identity = Identity::of(&SETS, set, &format!("entry-{}", entry.id));
        let secret = self.sealer.open(&identity, sealed).map_err(|f| refused(&f))?;
        serde_json::from_str(secret.reveal()).map(Some).map_err(|e| {
            Failure::new(FailureKind::Engine, format!("a credential of the set {} is damaged: {e}", set.1))
                .keyed("error-set-damaged")
                .arg("name", &set.1)
                .arg("why", e)
        })
    }

    /// Seals how to log in to a node, as part of a change.
    pub fn put_credential(
        &self,
        batch: &mut Batch,
        node: NodeId,
        credential: &StoredCredential,
    ) -> store::Result<()> {
        self.put_login(CREDENTIALS, batch, node, credential)
    }

    /// How to log in to a node's jump host, where that is not as to the node.
    pub fn jump_credential(&self, node: NodeId) -> Result<Option<StoredCredential>, Failure> {
        self.open_login(JUMP_CREDENTIALS, node)
    }

    /// Seals how to log in to a node's jump host, as part of a change; `None` forgets it.
    pub fn put_jump_credential(
        &self,
        batch: &mut Batch,
        node: NodeId,
        credential: Option<&StoredCredential>,
    ) -> store::Result<()> {
        let Some(credential) = credential else {
            JUMP_CREDENTIALS.remove(batch, &node);
            return Ok(());
        };
        self.put_login(JUMP_CREDENTIALS, batch, node, credential)
    }

    fn open_login(
        &self,
        table: Table<NodeId, Sealed>,
        node: NodeId,
    ) -> Result<Option<StoredCredential>, Failure> {
        let Some(sealed) = table.get(&*self.store, &node).map_err(|f| refused(&f))? else {
            return Ok(None);
        };
        let identity = Identity::of(&table, &node, "login");
        let secret = self.sealer.open(&identity, &sealed.value).map_err(|f| refused(&f))?;
        serde_json::from_str(secret.reveal()).map(Some).map_err(|e| {
            Failure::new(FailureKind::Engine, format!("the credential of node {node} is damaged: {e}"))
                .keyed("error-credential-damaged")
                .arg("node", node)
                .arg("why", e)
        })
    }

    fn put_login(
        &self,
        table: Table<NodeId, Sealed>,
        batch: &mut Batch,
        node: NodeId,
        credential: &StoredCredential,
    ) -> store::Result<()> {
        let text = Secret::new(serde_json::to_string(credential).unwrap_or_default());
        let sealed = self.sealer.seal(&Identity::of(&table, &node, "login"), &text)?;
        table.put(batch, &node, &sealed, Stamp::engine(now()))
    }

    /// Sends a change on its way: it is on the disk when what comes back is awaited.
    pub fn submit(
        &self,
        fill: impl FnOnce(&mut Batch) -> store::Result<()>,
    ) -> store::Result<store::Pending> {
        let mut batch = Batch::new();
        fill(&mut batch)?;
        Ok(self.store.submit(batch))
    }

    /// The value of an account.
    pub fn account(&self, env: EnvId, name: &str) -> Result<Option<Secret>, Failure> {
        let key = (env, name.to_owned());
        let Some(sealed) = ACCOUNTS.get(&*self.store, &key).map_err(|f| refused(&f))? else {
            return Ok(None);
        };
        self.sealer
            .open(&Identity::of(&ACCOUNTS, &key, "value"), &sealed.value)
            .map(Some)
            .map_err(|f| refused(&f))
    }

    /// The key of a user's second factor.
    pub fn second_factor(&self, user: UserId) -> Result<Option<Secret>, Failure> {
        let Some(sealed) = SECOND_FACTORS.get(&*self.store, &user).map_err(|f| refused(&f))? else {
            return Ok(None);
        };
        let identity = Identity::of(&SECOND_FACTORS, &user, "key");
        self.sealer.open(&identity, &sealed.value).map(Some).map_err(|f| refused(&f))
    }

    /// Seals the key of a user's second factor, as part of a change; `None` forgets it.
    pub fn put_second_factor(
        &self,
        batch: &mut Batch,
        user: UserId,
        key: Option<&Secret>,
    ) -> store::Result<()> {
        let Some(key) = key else {
            SECOND_FACTORS.remove(batch, &user);
            return Ok(());
        };
        let sealed = self.sealer.seal(&Identity::of(&SECOND_FACTORS, &user, "key"), key)?;
        SECOND_FACTORS.put(batch, &user, &sealed, Stamp::engine(now()))
    }

    /// When an account's value was written last.
    pub fn account_changed(&self, env: EnvId, name: &str) -> Result<Option<Moment>, Failure> {
        let stored = ACCOUNTS.get(&*self.store, &(env, name.to_owned())).map_err(|f| refused(&f))?;
        Ok(stored.map(|s| s.stamp.at))
    }

    /// Seals the value of an account, as part of a change.
    pub fn put_account(
        &self,
        batch: &mut Batch,
        env: EnvId,
        name: &str,
        value: &Secret,
    ) -> store::Result<()> {
        let key = (env, name.to_owned());
        let sealed = self.sealer.seal(&Identity::of(&ACCOUNTS, &key, "value"), value)?;
        ACCOUNTS.put(batch, &key, &sealed, Stamp::engine(now()))
    }

    /// Seals and saves the value of an account.
    pub fn save_account(&self, env: EnvId, name: &str, value: &Secret) -> Result<(), Failure> {
        self.change(|batch| self.put_account(batch, env, name, value))
    }
}

/// Runs what waits for the disk without holding up other tasks of this thread.
pub fn blocking<R>(work: impl FnOnce() -> R) -> R {
    match tokio::runtime::Handle::try_current().map(|h| h.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
