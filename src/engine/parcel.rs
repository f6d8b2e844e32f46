//! An environment as one file: what goes along, and how it is put together. [`super::parcel_import`] takes it in.
//!
//! Environment, nodes with pinned host keys and logins, network plan, addresses, accounts, sets of credentials and the Cobbler server go
//! along, sealed with a passphrase as a whole. What belongs to this installation does not: jobs, output, logs, sweeps, reports, facts
//! (the nodes tell them again), and which users may reach it.

use super::records::{ACCOUNTS, ADDRESSES, SETS, StoredCredential};
use super::{Engine, ipam::IpRecord, now};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::environment::Environment;
use crate::domain::ids::EnvId;
use crate::domain::import::TEXT_MAX;
use crate::domain::netplan::NetworkPlan;
use crate::domain::node::{CredentialKind, Node};
use crate::domain::password::PASSPHRASE_MIN;
use crate::domain::said::sentence;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::store::parcel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that goes along. Numbers are those of the installation it comes from.
#[derive(Serialize, Deserialize)]
pub(super) struct Parcel {
    /// When it was exported.
    pub at: Moment,
    pub environment: Environment,
    pub nodes: Vec<PackedNode>,
    pub network: Option<NetworkPlan>,
    pub addresses: Vec<IpRecord>,
    pub accounts: BTreeMap<String, Secret>,
    pub sets: BTreeMap<String, PackedSet>,
    /// Passwords and keys, each once: many nodes have the same.
    pub logins: Vec<StoredCredential>,
}

/// A node, and which of the logins are its own and its jump host's.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedNode {
    pub node: Node,
    pub login: Option<usize>,
    pub jump_login: Option<usize>,
}

/// A set of credentials.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedSet {
    pub entries: Vec<PackedEntry>,
    pub next: u32,
}

/// One of a set.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedEntry {
    pub id: u32,
    pub user: String,
    pub kind: CredentialKind,
    pub login: Option<usize>,
}

/// The logins of a parcel that is being put together.
#[derive(Default)]
struct Logins(Vec<(Secret, StoredCredential)>);

impl Logins {
    fn place(&mut self, login: Option<StoredCredential>) -> Option<usize> {
        let login = login?;
        let text = Secret::new(serde_json::to_string(&login).unwrap_or_default());
        if let Some(at) = self.0.iter().position(|(known, _)| *known == text) {
            return Some(at);
        }
        self.0.push((text, login));
        Some(self.0.len() - 1)
    }
}

/// A fault of the program or of this host.
pub(super) fn engine_fault(why: &impl ToString) -> Failure {
    Failure::new(FailureKind::Engine, why.to_string())
}

impl Engine {
    /// An environment as the text of a file that opens with a passphrase.
    pub async fn env_export(
        self: &Arc<Self>,
        asks: &User,
        id: EnvId,
        passphrase: Secret,
    ) -> Result<Secret, Failure> {
        let env = self.env(id)?;
        if passphrase.reveal().chars().count() < PASSPHRASE_MIN {
            let why = format!(
                "the passphrase has fewer than {PASSPHRASE_MIN} characters: whoever finds the file may try as often as they like"
            );
            return Err(Failure::new(FailureKind::Invalid, why)
                .at("passphrase")
                .keyed("error-passphrase-short")
                .arg("least", PASSPHRASE_MIN));
        }
        let parcel = {
            let _write = self.write();
            self.refuse_while_busy(id)?;
            self.refuse_unfinished_rotation(&env)?;
            self.pack(env.clone())?
        };
        let (nodes, accounts) = (parcel.nodes.len(), parcel.accounts.len());
        // Sealing takes a while, on purpose.
        let sealed = tokio::task::spawn_blocking(move || {
            let text = Secret::new(serde_json::to_string(&parcel).map_err(|why| engine_fault(&why))?);
            parcel::seal(&text, &passphrase).map_err(|why| engine_fault(&why))
        });
        let file = sealed.await.map_err(|why| engine_fault(&why))??;
        if file.len() > TEXT_MAX {
            let why = format!(
                "the file would have {} bytes, and {TEXT_MAX} is the most that an import takes: 'cpmg backup --to FILE' takes everything along",
                file.len()
            );
            return Err(Failure::new(FailureKind::Invalid, why).keyed("error-parcel-large"));
        }
        // Before anything leaves.
        let what = sentence!(
            "deed-env-exported",
            "exported it to a file, with {nodes} nodes, {accounts} accounts and their secrets",
            nodes = nodes,
            accounts = accounts
        );
        self.audit(&Self::deed(asks, AuditKind::Environment, &env, what))?;
        Ok(Secret::new(file))
    }

    /// Puts an environment together. The caller holds the lock for changes.
    fn pack(&self, environment: Environment) -> Result<Parcel, Failure> {
        let env = environment.id;
        let model = self.model.read();
        let mut nodes: Vec<Node> = model.nodes.values().filter(|n| n.env == env).cloned().collect();
        let network = model.networks.get(&env).map(|n| n.plan.clone());
        drop(model);
        let mut logins = Logins::default();
        let mut packed = Vec::with_capacity(nodes.len());
        for mut node in nodes.drain(..) {
            (node.facts, node.job) = (None, None);
            let login = logins.place(self.records.credential(node.id)?);
            let jump_login = logins.place(self.records.jump_credential(node.id)?);
            packed.push(PackedNode { node, login, jump_login });
        }
        let under = |f: crate::store::Error| super::records::refused(&f);
        let addresses = self.records.under(ADDRESSES, &env).map_err(under)?;
        let mut accounts = BTreeMap::new();
        for ((_, name), _) in self.records.under(ACCOUNTS, &env).map_err(under)? {
            // Names with a colon are not accounts of services; of these only Cobbler's server goes along.
            if (!name.contains(':') || name == super::cobbler::KEPT)
                && let Some(value) = self.records.account(env, &name)?
            {
                accounts.insert(name, value);
            }
        }
        let mut sets = BTreeMap::new();
        for (key, set) in self.records.under(SETS, &env).map_err(under)? {
            let mut entries = Vec::with_capacity(set.entries.len());
            for entry in set.entries {
                let login = logins.place(self.records.open_entry(&key, &entry)?);
                entries.push(PackedEntry { id: entry.id, user: entry.user, kind: entry.kind, login });
            }
            sets.insert(key.1, PackedSet { entries, next: set.next });
        }
        Ok(Parcel {
            at: now(),
            environment,
            nodes: packed,
            network,
            addresses: addresses.into_iter().map(|(_, record)| record).collect(),
            accounts,
            sets,
            logins: logins.0.into_iter().map(|(_, login)| login).collect(),
        })
    }
}
