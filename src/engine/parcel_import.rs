//! Taking in an environment that was exported elsewhere: everything gets new numbers, and follows the rules that it would have to follow
//! if it were typed. Nothing is written unless all of it is good, and then in one change.

use super::credential_sets::{ENTRIES_MAX, SETS_MAX, check_user};
use super::ipam::{self, IpRecord};
use super::nodes::{check_among, split};
use super::options::check_text;
use super::parcel::{Parcel, engine_fault};
use super::records::{
    ADDRESSES, ENVIRONMENTS, NETWORKS, NODES, NetworkRecord, SETS, SetEntry, SetRecord, StoredCredential,
};
use super::topics::Area;
use super::{Engine, now};
use crate::api::message::Credential;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::cobbler::CobblerPlace;
use crate::domain::environment::{Environment, check_name};
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::netplan::{NetworkPlan, NodeFacts, check};
use crate::domain::node::{CredentialKind, Node, NodeState, Reach};
use crate::domain::overrides::Scope;
use crate::domain::said::sentence;
use crate::domain::secret::Secret;
use crate::domain::user::User;
use crate::ssh::{HostKey, ValueFault};
use crate::store::{Kind, Stamp, parcel};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

/// Largest number of a credential of a set: far more than are ever added, and some way from the end of numbers.
const NUMBER_MAX: u32 = 1 << 30;

/// What in the file is refused, and why.
fn refuse(what: impl Display, why: impl Display) -> Failure {
    let what = what.to_string();
    Failure::new(FailureKind::Invalid, format!("the file cannot be imported: {what}: {why}"))
        .keyed("error-parcel-content")
        .arg("what", &what)
        .arg("why", why)
}

/// Old numbers of nodes and new ones.
type Numbers = BTreeMap<NodeId, NodeId>;

fn renumbered<T>(old: BTreeMap<NodeId, T>, numbers: &Numbers) -> BTreeMap<NodeId, T> {
    old.into_iter().filter_map(|(id, value)| Some((*numbers.get(&id)?, value))).collect()
}

/// A node with what is sealed of it.
struct NewNode {
    node: Node,
    login: Option<StoredCredential>,
    jump_login: Option<StoredCredential>,
}

/// Everything, checked and with its new numbers.
struct Taken {
    env: Environment,
    nodes: Vec<NewNode>,
    network: Option<NetworkRecord>,
    addresses: BTreeMap<String, IpRecord>,
    accounts: BTreeMap<String, Secret>,
    sets: Vec<((EnvId, String), SetRecord)>,
}

impl Engine {
    /// Makes an environment of an uploaded file; `name`: another one than it had.
    pub async fn env_import(
        self: &Arc<Self>,
        asks: &User,
        upload: u64,
        name: Option<String>,
        passphrase: Secret,
    ) -> Result<Environment, Failure> {
        let text = self.imports.text(asks.id, upload)?;
        let opened = tokio::task::spawn_blocking(move || parcel::open(text.reveal(), &passphrase));
        let text = opened.await.map_err(|why| engine_fault(&why))?.map_err(|fault| {
            let field = if fault == parcel::ParcelFault::Passphrase { "passphrase" } else { "file" };
            Failure::new(FailureKind::Invalid, fault.to_string()).at(field).keyed(fault.key())
        })?;
        let mut parcel: Parcel = serde_json::from_str(text.reveal()).map_err(|e| refuse("its content", e))?;
        drop(text);
        for login in &parcel.logins {
            // Opening a key takes a while: before anything is locked.
            let typed = match login.clone() {
                StoredCredential::Password(password) => Credential::Password(password),
                StoredCredential::Key { text, passphrase } => Credential::Key { text, passphrase },
            };
            split(typed).await.map_err(|f| refuse("a login", f.message))?;
        }
        let old = parcel.environment.name.clone();
        if let Some(name) = name {
            parcel.environment.name = name;
        }
        let _write = self.write();
        self.check_env_name(&parcel.environment.name, None)?;
        let taken = self.take_in(asks, parcel)?;
        let env = taken.env.clone();
        let (nodes, accounts) = (taken.nodes.len(), taken.accounts.len());
        let what = if old == env.name {
            sentence!(
                "deed-env-imported",
                "imported it from a file, with {nodes} nodes, {accounts} accounts and their secrets",
                nodes = nodes,
                accounts = accounts
            )
        } else {
            sentence!(
                "deed-env-imported-as",
                "imported it from a file, which was called {old}, with {nodes} nodes, {accounts} accounts and their secrets",
                old = old,
                nodes = nodes,
                accounts = accounts
            )
        };
        self.save_taken(Self::deed(asks, AuditKind::Environment, &env, what), taken)?;
        self.imports.forget(asks.id, upload);
        self.topics.touch(Area::Environments);
        self.topics.touch(Area::Nodes(env.id));
        Ok(env)
    }

    /// Checks all of it, and gives new numbers.
    fn take_in(&self, asks: &User, parcel: Parcel) -> Result<Taken, Failure> {
        let Parcel { environment, nodes, network, addresses, accounts, sets, logins, .. } = parcel;
        let id = EnvId(self.records.next_id(Kind::Environments)?);
        let mut numbers = Numbers::new();
        for packed in &nodes {
            let number = NodeId(self.records.next_id(Kind::Nodes)?);
            if numbers.insert(packed.node.id, number).is_some() {
                return Err(refuse(format!("node {}", packed.node.name), "its number is there twice"));
            }
        }
        let login = |at: Option<usize>, whose: &str| -> Result<Option<StoredCredential>, Failure> {
            at.map(|at| logins.get(at).cloned().ok_or_else(|| refuse(whose, "its login is missing")))
                .transpose()
        };
        let env = self.environment_taken(asks, environment, id, &numbers)?;
        let mut new_sets = Vec::with_capacity(sets.len());
        if sets.len() > SETS_MAX {
            return Err(refuse("its sets of credentials", format!("an environment has {SETS_MAX} at most")));
        }
        for (name, set) in sets {
            let whose = format!("the set of credentials {name}");
            check_name(&name).map_err(|why| refuse(&whose, why))?;
            if set.entries.len() > ENTRIES_MAX {
                return Err(refuse(&whose, format!("a set has {ENTRIES_MAX} credentials at most")));
            }
            let key = (id, name);
            let mut entries = Vec::with_capacity(set.entries.len());
            for entry in set.entries {
                check_user(&entry.user).map_err(|f| refuse(&whose, f.message))?;
                if entry.id > NUMBER_MAX || entries.iter().any(|e: &SetEntry| e.id == entry.id) {
                    return Err(refuse(
                        &whose,
                        "two of its credentials have one number, or one has none that can be",
                    ));
                }
                let secret = login(entry.login, &whose)?;
                fits(&entry.kind, secret.as_ref()).map_err(|why| refuse(&whose, why))?;
                let sealed = secret.map(|s| self.records.seal_entry(&key, entry.id, &s)).transpose()?;
                entries.push(SetEntry { id: entry.id, user: entry.user, kind: entry.kind, sealed });
            }
            let next = entries.iter().map(|e| e.id + 1).max().unwrap_or_default();
            let next = next.max(set.next.min(NUMBER_MAX));
            new_sets.push((key, SetRecord { entries, next, changed_by: asks.name.clone(), changed: now() }));
        }
        let mut new_nodes: Vec<NewNode> = Vec::with_capacity(nodes.len());
        for packed in nodes {
            let whose = format!("node {}", packed.node.name);
            let (own, jump_login) = (login(packed.login, &whose)?, login(packed.jump_login, &whose)?);
            let set = |name: &str| new_sets.iter().any(|((_, known), _)| known == name);
            let Some(number) = numbers.get(&packed.node.id) else { continue };
            let node = node_taken(packed.node, id, *number);
            node_is_good(&node, new_nodes.iter().map(|n| &n.node), set).map_err(|why| refuse(&whose, why))?;
            if let Some(kind) = &node.credential {
                fits(kind, own.as_ref()).map_err(|why| refuse(&whose, why))?;
            }
            if let Some(kind) = node.jump.as_ref().and_then(|j| j.credential.as_ref()) {
                fits(kind, jump_login.as_ref()).map_err(|why| refuse(&whose, why))?;
            }
            new_nodes.push(NewNode { node, login: own, jump_login });
        }
        let network = network.map(|plan| {
            let plan = network_taken(plan, &numbers);
            let seen: Vec<NodeFacts<'_>> = new_nodes.iter().map(|n| NodeFacts::from(&n.node)).collect();
            if let Some(fault) = check(&plan, &seen).iter().find(|f| f.is_refused()) {
                return Err(refuse("its network plan", &fault.message));
            }
            Ok(NetworkRecord { plan, changed: now(), changed_by: asks.name.clone() })
        });
        for (name, value) in &accounts {
            self.account_is_good(&env, name, value)
                .map_err(|why| refuse(format!("the account {name}"), why))?;
        }
        Ok(Taken {
            network: network.transpose()?,
            addresses: ipam::rebuilt(addresses).map_err(|why| refuse("its addresses", why))?,
            env,
            nodes: new_nodes,
            accounts,
            sets: new_sets,
        })
    }

    fn environment_taken(
        &self,
        asks: &User,
        mut env: Environment,
        id: EnvId,
        numbers: &Numbers,
    ) -> Result<Environment, Failure> {
        let content = |f: Failure| refuse("the environment", f.message);
        self.check_modules(&env.platform, &env.modules).map_err(content)?;
        Self::check_parallel(env.parallel).map_err(content)?;
        Self::check_policy(&env.policy).map_err(content)?;
        let mut options = std::mem::take(&mut env.options);
        for text in &mut options {
            if let Scope::Node(old) = text.scope {
                let new = numbers.get(&old).ok_or_else(|| refuse("an option", "its node is missing"))?;
                text.scope = Scope::Node(*new);
            }
            check_text(text).map_err(|f| refuse(format!("options of {}", text.file), f.message))?;
        }
        if options.len() > super::options::TEXTS_MAX {
            return Err(refuse("its options", format!("at most {} texts", super::options::TEXTS_MAX)));
        }
        options.sort_by(|a, b| (a.scope, &a.file).cmp(&(b.scope, &b.file)));
        let mut shape = env.shape;
        shape.images = shape.images.and_then(|node| numbers.get(&node).copied());
        for flat in shape.flat.values_mut() {
            flat.nodes = renumbered(std::mem::take(&mut flat.nodes), numbers);
        }
        Ok(Environment {
            id,
            options,
            shape,
            // Users are those of the other installation: whoever was kept out there must not come in here.
            members: env.members.map(|_| Vec::new()),
            hidden: false,
            created: now(),
            created_by: asks.name.clone(),
            changed: now(),
            changed_by: asks.name.clone(),
            revision: Revision(1),
            ..env
        })
    }

    /// What would be asked of an account's value if it were typed.
    fn account_is_good(&self, env: &Environment, name: &str, value: &Secret) -> Result<(), String> {
        if name == super::cobbler::KEPT {
            let place: CobblerPlace = serde_json::from_str(value.reveal()).map_err(|e| e.to_string())?;
            return place.check().map_err(|why| why.to_string());
        }
        let plain =
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !plain {
            return Err("this is no name of an account".into());
        }
        self.check_account(env, name, value).map_err(|f| f.message)
    }

    fn save_taken(&self, deed: crate::domain::audit::AuditEntry, taken: Taken) -> Result<(), Failure> {
        let Taken { env, nodes, network, addresses, accounts, sets } = taken;
        let stamp = Stamp::engine(now());
        let addresses: BTreeMap<(EnvId, String), IpRecord> =
            addresses.into_iter().map(|(key, record)| ((env.id, key), record)).collect();
        self.audited(Some(deed), |batch| {
            ENVIRONMENTS.insert(batch, &env.id, &env, stamp)?;
            for new in &nodes {
                NODES.insert(batch, &new.node.id, &new.node, stamp)?;
                if let Some(login) = &new.login {
                    self.records.put_credential(batch, new.node.id, login)?;
                }
                if new.jump_login.is_some() {
                    self.records.put_jump_credential(batch, new.node.id, new.jump_login.as_ref())?;
                }
            }
            network.iter().try_for_each(|n| NETWORKS.put(batch, &env.id, n, stamp))?;
            addresses.iter().try_for_each(|(key, record)| ADDRESSES.put(batch, key, record, stamp))?;
            accounts
                .iter()
                .try_for_each(|(name, value)| self.records.put_account(batch, env.id, name, value))?;
            sets.iter().try_for_each(|(key, set)| SETS.put(batch, key, set, stamp))
        })?;
        let mut model = self.model.write();
        model.nodes.extend(nodes.into_iter().map(|n| (n.node.id, n.node)));
        model.networks.extend(network.map(|n| (env.id, n)));
        model.envs.insert(env.id, env);
        drop(model);
        self.books.load(addresses);
        self.sets.take(sets);
        Ok(())
    }
}

/// What is secret of a credential must be there, and nothing else.
fn fits(kind: &CredentialKind, login: Option<&StoredCredential>) -> Result<(), &'static str> {
    match (kind, login) {
        (CredentialKind::Password, Some(StoredCredential::Password(_)))
        | (CredentialKind::Key, Some(StoredCredential::Key { .. }))
        | (CredentialKind::Agent { .. } | CredentialKind::Set { .. }, None) => Ok(()),
        _ => Err("its login is missing, or is one of another kind"),
    }
}

/// A node as it is here: nothing works on it, and nobody has reached it yet.
fn node_taken(mut node: Node, env: EnvId, id: NodeId) -> Node {
    node.state = match (node.state, node.roles.is_empty()) {
        (state, _) if state.is_busy() => NodeState::Cancelled,
        (NodeState::Discovered, false) => NodeState::Ready,
        (NodeState::Ready, true) => NodeState::Discovered,
        (state, _) => state,
    };
    Node { id, env, reach: Reach::Unknown, facts: None, job: None, revision: Revision(1), ..node }
}

fn node_is_good<'a>(
    node: &Node,
    others: impl Iterator<Item = &'a Node> + Clone,
    set: impl Fn(&str) -> bool,
) -> Result<(), String> {
    check_user(&node.user).map_err(|f| f.message)?;
    check_among(others, &node.name, node.address, node.port, node.jump.as_ref()).map_err(|f| f.message)?;
    if let Some(CredentialKind::Set { name, .. }) = &node.credential
        && !set(name)
    {
        return Err(format!("there is no set of credentials called {name}"));
    }
    let mut keys = node.host_key.iter().chain(node.jump.iter().filter_map(|j| j.host_key.as_ref()));
    keys.try_for_each(|key| key.parse::<HostKey>().map(drop)).map_err(|f: ValueFault| f.to_string())?;
    let Some(jump) = &node.jump else { return Ok(()) };
    check_user(&jump.user).map_err(|f| f.message)?;
    if jump.port == 0 || matches!(jump.credential, Some(CredentialKind::Set { .. })) {
        return Err("its jump host has no port, or a set of credentials".into());
    }
    Ok(())
}

fn network_taken(plan: NetworkPlan, numbers: &Numbers) -> NetworkPlan {
    NetworkPlan {
        nics: renumbered(plan.nics, numbers),
        without: renumbered(plan.without, numbers),
        addresses: renumbered(plan.addresses, numbers),
        given: renumbered(plan.given, numbers),
        confirmed: renumbered(plan.confirmed, numbers),
        revision: Revision(1),
        ..plan
    }
}
