//! Logging in to nodes no more often than they allow, and trying sets of credentials in order.
//!
//! Every login of cpmg goes through [`Engine::log_in`]. A login that a node refuses is remembered (also by the next engine);
//! when as many as the environment's limit allows were refused within its window, nothing is tried until the oldest has left
//! it. Logins whose credential has not been accepted yet count while they are under way, so that several at once do not
//! get past the limit together.

use super::records::{CREDENTIALS, LOGINS, NODES, SetEntry, StoredCredential};
use super::{Engine, now};
use crate::api::discovery::LoginState;
use crate::domain::ids::NodeId;
use crate::domain::node::{CredentialKind, Node};
use crate::domain::sweeps::LoginLimit;
use crate::domain::time::Moment;
use crate::ssh::{self, Session, SshError, Target};
use crate::store::Stamp;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Default)]
struct Place {
    refused: Vec<Moment>,
    /// Logins under way that may be refused.
    pending: u32,
    /// The last login was accepted.
    proven: bool,
}

/// Refused logins by address and port.
#[derive(Default)]
pub struct Logins {
    places: Mutex<HashMap<String, Place>>,
    settled: Notify,
    /// Nodes on which a set is being tried.
    trials: Mutex<HashMap<NodeId, Arc<tokio::sync::Mutex<()>>>>,
}

fn place(node: &Node) -> String {
    format!("{}:{}", node.address, node.port)
}

/// A login under way; dropping it without a result leaves no trace.
struct Ticket<'a> {
    logins: &'a Logins,
    place: String,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.logins.places().get_mut(&self.place) {
            place.pending = place.pending.saturating_sub(1);
        }
        self.logins.settled.notify_waiters();
    }
}

impl Logins {
    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what the disk has; returns the places of which nothing counts any more.
    pub fn load(&self, all: BTreeMap<String, Vec<Moment>>) -> Vec<String> {
        let longest = LoginLimit { attempts: 1, minutes: LoginLimit::MINUTES_MAX };
        let mut over = Vec::new();
        for (place, refused) in all {
            let refused = longest.counting(&refused, now());
            if refused.is_empty() {
                over.push(place);
            } else {
                self.places().insert(place, Place { refused, ..Place::default() });
            }
        }
        over
    }

    /// What counts against a node now.
    pub fn state(&self, node: &Node, limit: LoginLimit) -> Option<LoginState> {
        let places = self.places();
        let refused = &places.get(&place(node))?.refused;
        let at = now();
        let count = u32::try_from(limit.counting(refused, at).len()).unwrap_or(u32::MAX);
        (count > 0).then(|| LoginState { refused: count, limit, until: limit.held_until(refused, at) })
    }

    /// Lets a login begin, after others that are under way if those may use up the limit.
    async fn admit(&self, node: &Node, limit: LoginLimit) -> Result<Ticket<'_>, SshError> {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut places = self.places();
                let here = places.entry(place(node)).or_default();
                let at = now();
                let refused = u32::try_from(limit.counting(&here.refused, at).len()).unwrap_or(u32::MAX);
                if let Some(until) = limit.held_until(&here.refused, at) {
                    let host = place(node);
                    return Err(SshError::HeldBack { host, refused, minutes: limit.minutes, until });
                }
                if here.proven || refused.saturating_add(here.pending) < limit.attempts {
                    here.pending += 1;
                    return Ok(Ticket { logins: self, place: place(node) });
                }
            }
            settled.await;
        }
    }
}

impl Engine {
    /// Notes what became of a login.
    fn login_settled<T>(&self, ticket: &Ticket<'_>, result: &Result<T, SshError>) {
        let refused = {
            let mut places = self.logins.places();
            let here = places.entry(ticket.place.clone()).or_default();
            match result {
                Ok(_) => {
                    here.proven = true;
                    None
                }
                Err(SshError::AuthRefused { .. }) => {
                    here.proven = false;
                    here.refused.push(now());
                    let over = here.refused.len().saturating_sub(LoginLimit::ATTEMPTS_MAX as usize);
                    here.refused.drain(..over);
                    Some(here.refused.clone())
                }
                Err(_) => None,
            }
        };
        if let Some(refused) = refused
            && let Err(why) = self.records.save(LOGINS, &ticket.place, &refused)
        {
            tracing::warn!(%why, place = %ticket.place, "a refused login could not be written");
        }
    }

    /// Connects and logs in to a node, as often as its environment allows.
    pub async fn log_in(&self, node: &Node) -> Result<Session, SshError> {
        if let Some(CredentialKind::Set { .. }) = &node.credential {
            return self.try_set(node.id).await;
        }
        let target = self.target(node).map_err(|f| cannot(node, f.message))?;
        self.log_in_to(node, &target).await
    }

    async fn log_in_to(&self, node: &Node, target: &Target) -> Result<Session, SshError> {
        let ticket = self.logins.admit(node, self.login_limit(node.env)).await?;
        let result = ssh::connect(target).await;
        self.login_settled(&ticket, &result);
        result
    }

    /// Tries the credentials of a node's set that it has not refused yet, in order.
    async fn try_set(&self, id: NodeId) -> Result<Session, SshError> {
        let turn = {
            let mut trials = self.logins.trials.lock().unwrap_or_else(PoisonError::into_inner);
            trials.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(trials.entry(id).or_default())
        };
        let _turn = turn.lock().await;
        let gone = |why: String| SshError::Unreachable { host: format!("node {id}"), why };
        let node = self.node(id).map_err(|f| gone(f.message))?;
        let Some(CredentialKind::Set { name, refused }) = &node.credential else {
            // Somebody else's try was accepted meanwhile, or the credentials were changed.
            let target = self.target(&node).map_err(|f| cannot(&node, f.message))?;
            return self.log_in_to(&node, &target).await;
        };
        let entries = self.set_entries(node.env, name);
        if entries.is_empty() {
            return Err(cannot(&node, format!("there is no set of credentials called {name} any more")));
        }
        let (mut refused, mut last) = (refused.clone(), None);
        for entry in entries.iter().filter(|e| !refused.contains(&e.id)).cloned().collect::<Vec<_>>() {
            let (target, stored) = self.entry_target(&node, name, &entry)?;
            match self.log_in_to(&node, &target).await {
                Ok(session) => {
                    self.entry_taken(&node, entry, stored.as_ref());
                    return Ok(session);
                }
                Err(why @ SshError::AuthRefused { .. }) => {
                    refused.push(entry.id);
                    self.entry_refused(&node, name, &refused);
                    last = Some(why);
                }
                // Wrong here, not there: the next one may do.
                Err(
                    why @ (SshError::WrongPassphrase
                    | SshError::PassphraseNeeded
                    | SshError::UnreadableKey { .. }
                    | SshError::Agent { .. }),
                ) => last = Some(why),
                Err(other) => return Err(other),
            }
        }
        let mut users: Vec<&str> = entries.iter().map(|e| e.user.as_str()).collect();
        users.dedup();
        let allowed = match &last {
            Some(SshError::AuthRefused { allowed, .. }) => allowed.clone(),
            _ => "what it told before".to_owned(),
        };
        match last {
            Some(why) if !matches!(why, SshError::AuthRefused { .. }) => Err(why),
            _ => Err(SshError::AuthRefused {
                host: place(&node),
                user: users.join(", "),
                tried: format!("every credential of the set {name} ({})", entries.len()),
                allowed,
            }),
        }
    }

    fn entry_target(
        &self,
        node: &Node,
        set: &str,
        entry: &SetEntry,
    ) -> Result<(Target, Option<StoredCredential>), SshError> {
        let stored = self
            .records
            .open_entry(&(node.env, set.to_owned()), entry)
            .map_err(|f| cannot(node, f.message))?;
        let credential = match (&entry.kind, &stored) {
            (CredentialKind::Agent { socket }, _) => ssh::Credential::Agent { socket: PathBuf::from(socket) },
            (_, Some(stored)) => stored.to_ssh(),
            _ => return Err(cannot(node, format!("a credential of the set {set} is empty"))),
        };
        let target = self
            .target_with(node, entry.user.clone(), vec![credential])
            .map_err(|f| cannot(node, f.message))?;
        Ok((target, stored))
    }

    /// The node has taken a credential: it is its own from now on.
    fn entry_taken(&self, node: &Node, entry: SetEntry, stored: Option<&StoredCredential>) {
        let _write = self.write();
        let Ok(mut fresh) = self.node(node.id) else { return };
        // Somebody gave it other credentials meanwhile: those count.
        if fresh.credential != node.credential
            && !matches!(fresh.credential, Some(CredentialKind::Set { .. }))
        {
            return;
        }
        (fresh.user, fresh.credential) = (entry.user, Some(entry.kind));
        let kept = self.records.change(|batch| {
            NODES.put(batch, &fresh.id, &fresh, Stamp::engine(now()))?;
            let Some(stored) = stored else {
                CREDENTIALS.remove(batch, &fresh.id);
                return Ok(());
            };
            self.records.put_credential(batch, fresh.id, stored)
        });
        match kept {
            Ok(()) => {
                self.model.write().nodes.insert(fresh.id, fresh.clone());
                self.node_changed(&fresh);
            }
            Err(why) => {
                tracing::warn!(%why, node = %fresh.name, "the credential that fits could not be kept");
            }
        }
    }

    fn entry_refused(&self, node: &Node, set: &str, refused: &[u32]) {
        let noted = self.note_node(node.id, |n| {
            if let Some(CredentialKind::Set { name, refused: known }) = &mut n.credential
                && name == set
            {
                *known = refused.to_vec();
            }
        });
        if let Err(why) = noted {
            tracing::warn!(%why, node = %node.name, "which credentials were refused could not be kept");
        }
    }

    /// Goes on with sets whose trial had to wait for the limit.
    pub fn go_on_trying(self: &Arc<Self>) {
        let nodes: Vec<Node> =
            self.model.read().nodes.values().filter(|n| n.host_key.is_some()).cloned().collect();
        for node in nodes {
            let Some(CredentialKind::Set { name, refused }) = &node.credential else { continue };
            let untried = || self.set_entries(node.env, name).iter().any(|e| !refused.contains(&e.id));
            let held =
                self.logins.state(&node, self.login_limit(node.env)).is_some_and(|s| s.until.is_some());
            if refused.is_empty() || held || self.probing.since(node.id).is_some() || !untried() {
                continue;
            }
            let engine = Arc::clone(self);
            self.spawn(async move {
                let _ = engine.node_probe(node.id).await;
            });
        }
    }
}

fn cannot(node: &Node, why: String) -> SshError {
    SshError::Unreachable { host: node.name.clone(), why }
}
