//! Lists of nodes that are imported: kept in memory between the parts, the preview and the yes.
//!
//! A list belongs to the user who sent it; few are kept, and none longer than an hour, because passwords may stand in it. What is applied
//! is planned anew, against the nodes as they are then; another digest than that of the preview is refused.

use super::jumps;
use super::nodes::invalid;
use super::records::{NODES, StoredCredential, blocking};
use super::topics::Area;
use super::{Engine, now};
use crate::api::import::{ImportAsk, ImportDone, ImportSource, ImportView};
use crate::api::{Failure, FailureKind};
use crate::domain::ids::{EnvId, NodeId, Revision, UserId};
use crate::domain::import::preview::{Defaults, Known, KnownLogin, Verdict, Work};
use crate::domain::import::{self, Note, Reason, Records, TEXT_MAX, Wanted, Why};
use crate::domain::jump::Jump;
use crate::domain::node::{CredentialKind, Node, NodeEvent, NodeRoles, NodeState, Reach, next};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::User;
use crate::ssh;
use crate::store::{Kind, Stamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lists that are kept; the oldest gives way.
const KEPT: usize = 8;
/// How long one is kept, milliseconds.
const KEPT_MS: u64 = 3_600_000;
/// Most keys with one list.
const KEYS_MAX: usize = 64;

struct Kept {
    by: UserId,
    at: Moment,
    text: Secret,
    /// What was read from it, once it was previewed.
    read: Option<(EnvId, Records, Defaults)>,
}

#[derive(Default)]
struct Lists {
    last: u64,
    kept: BTreeMap<u64, Kept>,
}

/// The lists.
#[derive(Default)]
pub struct Imports(Mutex<Lists>);

impl Imports {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.kept.retain(|_, k| now().since(k.at) < KEPT_MS);
        lists
    }

    fn begin(&self, by: UserId) -> u64 {
        let mut lists = self.lists();
        lists.last += 1;
        let number = lists.last;
        lists.kept.insert(number, Kept { by, at: now(), text: Secret::default(), read: None });
        while lists.kept.len() > KEPT {
            lists.kept.pop_first();
        }
        number
    }

    /// The text of a list of that user, as far as it has come.
    pub fn text(&self, by: UserId, number: u64) -> Result<Secret, Failure> {
        self.with(by, number, |kept| kept.text.clone())
    }

    /// A list that was taken in.
    pub fn forget(&self, by: UserId, number: u64) {
        self.lists().kept.retain(|n, k| *n != number || k.by != by);
    }

    /// The environment for which a list was previewed.
    pub fn env(&self, number: u64) -> Option<EnvId> {
        self.lists().kept.get(&number)?.read.as_ref().map(|(env, _, _)| *env)
    }

    /// Does something with a list of that user.
    fn with<R>(&self, by: UserId, number: u64, work: impl FnOnce(&mut Kept) -> R) -> Result<R, Failure> {
        let mut lists = self.lists();
        let kept = lists.kept.get_mut(&number).filter(|k| k.by == by);
        kept.map(work).ok_or_else(|| {
            let why = "this list is not kept any more: send it again";
            Failure::new(FailureKind::NotFound, why).keyed("error-import-gone")
        })
    }
}

impl Engine {
    /// Takes a part of a list; the number of the list is the answer.
    pub fn import_text(
        &self,
        asks: &User,
        upload: Option<u64>,
        offset: u64,
        text: &Secret,
    ) -> Result<u64, Failure> {
        let number = upload.unwrap_or_else(|| self.imports.begin(asks.id));
        self.imports.with(asks.id, number, |kept| {
            if kept.text.reveal().len() as u64 != offset {
                return Err(Failure::new(
                    FailureKind::Conflict,
                    "a part of the list is missing: send it again",
                )
                .keyed("error-import-part"));
            }
            if kept.text.reveal().len() + text.reveal().len() > TEXT_MAX {
                let why = format!("a list has {TEXT_MAX} bytes at most: split it");
                return Err(invalid("text", why).keyed("error-import-large"));
            }
            kept.text = Secret::new([kept.text.reveal(), text.reveal()].concat());
            Ok(())
        })??;
        Ok(number)
    }

    /// What an import would do.
    pub async fn import_preview(&self, asks: &User, ask: ImportAsk) -> Result<ImportView, Failure> {
        let env = self.env(ask.env)?.id;
        if !import::is_account(&ask.user) {
            let why = Reason::of(Why::BadUser, &ask.user);
            return Err(invalid("user", why.to_string()).keyed("import-why-bad-user").arg("what", why.what));
        }
        if ask.port == 0 {
            return Err(invalid("port", "a port is a number from 1 to 65535").keyed("fault-port"));
        }
        let (number, mut records) = match ask.source {
            ImportSource::Text { upload, format } => {
                let text = self.imports.with(asks.id, upload, |kept| kept.text.clone())?;
                (upload, blocking(|| import::read(format, text.reveal())))
            }
            ImportSource::Cobbler => {
                let systems = self.cobbler_view(env).await?.systems;
                let nodes: Vec<String> = {
                    let model = self.model.read();
                    model.nodes.values().filter(|n| n.env == env).map(|n| n.address.to_string()).collect()
                };
                let known = |address: &str| nodes.iter().any(|n| n == address);
                (self.imports.begin(asks.id), import::cobbler::records(&systems, known))
            }
        };
        let keys = good_keys(ask.keys, &mut records.notes).await?;
        let defaults = Defaults { user: ask.user, port: ask.port, keys };
        let known = self.known(env, &records)?;
        let (preview, _) = blocking(|| import::plan(&records, &known, &defaults));
        self.imports.with(asks.id, number, |kept| kept.read = Some((env, records, defaults)))?;
        Ok(ImportView { number, preview })
    }

    /// Does what was previewed.
    pub fn import_apply(&self, asks: &User, number: u64, digest: u64) -> Result<ImportDone, Failure> {
        let _write = self.write();
        let read = self.imports.with(asks.id, number, |kept| kept.read.clone())?;
        let Some((env, records, defaults)) = read else {
            return Err(
                invalid("import", "the list was not previewed: do that first").keyed("error-import-preview")
            );
        };
        let env = self.env(env)?;
        let known = self.known(env.id, &records)?;
        let (preview, works) = blocking(|| import::plan(&records, &known, &defaults));
        if preview.digest != digest {
            let why = "nodes have changed since the preview: look at it again";
            return Err(Failure::new(FailureKind::Conflict, why).keyed("error-import-changed"));
        }
        let mut nodes = Vec::with_capacity(works.len());
        for work in works {
            nodes.push(self.worked(env.id, work)?);
        }
        self.records.change(|batch| {
            for (node, secret) in &nodes {
                NODES.put(batch, &node.id, node, Stamp::engine(now()))?;
                if let Some(secret) = secret {
                    self.records.put_credential(batch, node.id, secret)?;
                }
            }
            Ok(())
        })?;
        self.model.write().nodes.extend(nodes.into_iter().map(|(node, _)| (node.id, node)));
        self.topics.touch(Area::Nodes(env.id));
        self.topics.touch(Area::Environments);
        let count = |verdict| u32::try_from(preview.count(verdict)).unwrap_or(u32::MAX);
        let done = ImportDone {
            added: count(Verdict::New),
            changed: count(Verdict::Changed),
            refused: count(Verdict::Refused),
        };
        tracing::info!(user = %asks.name, env = %env.name, ?done, "nodes imported");
        self.imports.lists().kept.remove(&number);
        Ok(done)
    }

    /// The node that a piece of work makes, with what it logs in with where that is new.
    fn worked(&self, env: EnvId, work: Work) -> Result<(Node, Option<StoredCredential>), Failure> {
        let (mut node, wanted, login) = match work {
            Work::Add { name, port, user, wanted, login } => {
                let node = Node {
                    id: NodeId(self.records.next_id(Kind::Nodes)?),
                    env,
                    name,
                    address: wanted.address,
                    port,
                    user,
                    credential: None,
                    host_key: None,
                    roles: NodeRoles::new(),
                    state: NodeState::Discovered,
                    reach: Reach::Unknown,
                    jump: None,
                    lock: None,
                    facts: None,
                    job: None,
                    revision: Revision::default(),
                };
                (node, wanted, login)
            }
            Work::Change { node, wanted, login } => (self.node(node)?, wanted, login),
        };
        change(&mut node, wanted)?;
        let stored = match login {
            None | Some(KnownLogin::Other) => None,
            Some(KnownLogin::Password(password)) => {
                node.credential = Some(CredentialKind::Password);
                Some(StoredCredential::Password(password))
            }
            Some(KnownLogin::Key(text)) => {
                node.credential = Some(CredentialKind::Key);
                Some(StoredCredential::Key { text, passphrase: Secret::default() })
            }
        };
        node.revision = node.revision.next();
        Ok((node, stored))
    }

    /// The environment's nodes as an import looks at them. What they log in with is opened only where the list says something about it.
    fn known(&self, env: EnvId, records: &Records) -> Result<Vec<Known>, Failure> {
        let says = |r: &import::Record| r.wanted.as_ref().is_ok_and(|w| w.login.is_some());
        let logins = records.all.iter().any(says);
        let nodes: Vec<Node> = self.model.read().nodes.values().filter(|n| n.env == env).cloned().collect();
        nodes
            .into_iter()
            .map(|n| {
                let kept = if logins { self.records.credential(n.id)? } else { None };
                let login = match (&n.credential, kept) {
                    (Some(CredentialKind::Password), Some(StoredCredential::Password(password))) => {
                        KnownLogin::Password(password)
                    }
                    (Some(CredentialKind::Key), Some(StoredCredential::Key { text, .. })) => {
                        KnownLogin::Key(text)
                    }
                    _ => KnownLogin::Other,
                };
                Ok(Known {
                    id: n.id,
                    name: n.name,
                    address: n.address,
                    port: n.port,
                    user: n.user,
                    jump: n.jump.as_ref().map(Jump::place),
                    roles: n.roles,
                    state: n.state,
                    login,
                })
            })
            .collect()
    }
}

/// Makes a node what the list says.
fn change(node: &mut Node, wanted: Wanted) -> Result<(), Failure> {
    let Wanted { name, address, port, user, jump, roles, login: _ } = wanted;
    let port = port.unwrap_or(node.port);
    if (node.address, node.port) != (address, port) {
        (node.address, node.port, node.reach) = (address, port, Reach::Unknown);
    }
    node.name = name.unwrap_or_else(|| std::mem::take(&mut node.name));
    node.user = user.unwrap_or_else(|| std::mem::take(&mut node.user));
    if let Some(place) = jump {
        let new = jumps::jump(&place, &node.user, None);
        // At the same place it is the same machine, with the key and the login that it has.
        node.jump = Some(match node.jump.take().filter(|old| old.is_at(&new)) {
            Some(old) => Jump { user: new.user, ..old },
            None => new,
        });
        node.reach = Reach::Unknown;
    }
    if let Some(roles) = roles.filter(|r| *r != node.roles) {
        let event = if roles.is_empty() { NodeEvent::RolesCleared } else { NodeEvent::RolesSet };
        node.state = next(node.state, event).map_err(|r| {
            Failure::new(FailureKind::Busy, r.to_string())
                .keyed("error-node-state")
                .arg("node", &node.name)
                .word("state", &format!("node-state-{}", r.state.word()))
        })?;
        node.roles = roles;
    }
    Ok(())
}

/// The keys that can be used; what is wrong with the others is noted.
async fn good_keys(
    keys: BTreeMap<String, Secret>,
    notes: &mut Vec<Note>,
) -> Result<BTreeMap<String, Secret>, Failure> {
    if keys.len() > KEYS_MAX {
        return Err(invalid("keys", format!("{KEYS_MAX} keys at most go with one list"))
            .keyed("error-import-keys")
            .arg("most", KEYS_MAX));
    }
    let mut good = BTreeMap::new();
    for (path, text) in keys {
        match ssh::check_key(text.clone(), None).await {
            Ok(()) => drop(good.insert(path, text)),
            Err(why) => {
                notes.push(Note { line: 0, reason: Reason::of(Why::KeyBad, path).and(why) });
            }
        }
    }
    Ok(good)
}
