//! Logging in to nodes no more often than they allow, and trying sets of credentials in order.
//!
//! Every login of cpmg goes through [`Engine::log_in`]. A login that a node refuses is remembered (also by the next engine);
//! when as many as the environment's limit allows were refused within its window, nothing is tried until the oldest has left
//! it. Logins whose credential has not been accepted yet count while they are under way, so that several at once do not
//! get past the limit together; they are written before they are tried, so that an engine that dies in the middle of one has
//! counted it. A credential that the node took last time is not counted beforehand: else engines that die often would hold
//! sound nodes back. Jump hosts are counted like nodes.

use super::records::{CREDENTIALS, LOGINS, NODES, SetEntry, StoredCredential};
use super::{Engine, now};
use crate::api::discovery::LoginState;
use crate::domain::ids::NodeId;
use crate::domain::node::{CredentialKind, Node, Reach};
use crate::domain::sweeps::LoginLimit;
use crate::domain::time::Moment;
use crate::ssh::{self, Session, SshError, Target};
use crate::store::{Pending, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Default)]
struct Place {
    refused: Vec<Moment>,
    /// Logins under way that may be refused, by number; with when they began to count for the next engine.
    pending: BTreeMap<u64, Option<Moment>>,
    /// The last login was accepted.
    proven: bool,
}

impl Place {
    /// What counts, also for the next engine.
    fn counting(&self) -> Vec<Moment> {
        self.refused.iter().chain(self.pending.values().flatten()).copied().collect()
    }
}

/// Refused logins by address and port.
#[derive(Default)]
pub struct Logins {
    places: Mutex<HashMap<String, Place>>,
    settled: Notify,
    /// Number of the next login.
    next: AtomicU64,
    /// Nodes on which a set is being tried.
    trials: Mutex<HashMap<NodeId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A machine that is logged in to. What is behind a jump host is another one than what has the same address here.
fn place(node: &Node) -> String {
    match &node.jump {
        None => format!("{}:{}", node.address, node.port),
        Some(jump) => format!("{}:{} behind {}", node.address, node.port, jump.host()),
    }
}

/// A login under way; dropping it without a result leaves no trace.
struct Ticket<'a> {
    engine: &'a Engine,
    place: String,
    number: u64,
}

impl Ticket<'_> {
    /// The login begins now. Where nobody knows whether it will be accepted, it counts from now on, also for the engine after this one:
    /// a refusal that nobody was left to write down would be one too many. `proven`: the last engine saw it accepted.
    async fn begins(&self, proven: bool) {
        let pending = {
            let mut places = self.engine.logins.places();
            let Some(here) = places.get_mut(&self.place).filter(|p| !p.proven && !proven) else { return };
            here.pending.insert(self.number, Some(now()));
            self.engine.write_place(&self.place, here)
        };
        if let Some(Err(why)) = futures_util::future::OptionFuture::from(pending).await {
            tracing::warn!(%why, place = %self.place, "a login that begins could not be written");
        }
    }

    /// It was accepted, or refused.
    fn ends(self, accepted: bool) {
        let mut places = self.engine.logins.places();
        let Some(here) = places.get_mut(&self.place) else { return };
        here.proven = accepted;
        if !accepted {
            let began = here.pending.get_mut(&self.number).and_then(Option::take);
            here.refused.push(began.unwrap_or_else(now));
            let over = here.refused.len().saturating_sub(LoginLimit::ATTEMPTS_MAX as usize);
            here.refused.drain(..over);
            if began.is_none() {
                drop(self.engine.write_place(&self.place, here));
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let logins = &self.engine.logins;
        if let Some(place) = logins.places().get_mut(&self.place)
            && place.pending.remove(&self.number).flatten().is_some()
        {
            drop(self.engine.write_place(&self.place, place));
        }
        logins.settled.notify_waiters();
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

    /// Another system answers where a node was: that it took a credential says nothing any more.
    pub fn renewed(&self, node: &Node) {
        if let Some(place) = self.places().get_mut(&place(node)) {
            place.proven = false;
        }
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
    async fn admit<'a>(
        &self,
        engine: &'a Engine,
        place: String,
        limit: LoginLimit,
    ) -> Result<Ticket<'a>, SshError> {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut places = self.places();
                let here = places.entry(place.clone()).or_default();
                let at = now();
                let refused = limit.counting(&here.refused, at).len();
                if let Some(until) = limit.held_until(&here.refused, at) {
                    let refused = u32::try_from(refused).unwrap_or(u32::MAX);
                    return Err(SshError::HeldBack { host: place, refused, minutes: limit.minutes, until });
                }
                let open = u32::try_from(refused + here.pending.len()).unwrap_or(u32::MAX);
                if here.proven || open < limit.attempts {
                    let number = self.next.fetch_add(1, Ordering::Relaxed);
                    here.pending.insert(number, None);
                    return Ok(Ticket { engine, place, number });
                }
            }
            settled.await;
        }
    }
}

impl Engine {
    /// Sends what counts against a place to the disk. The places are locked by the caller: changes arrive in their order.
    fn write_place(&self, key: &str, place: &Place) -> Option<Pending> {
        let counting = place.counting();
        let sent = self.records.submit(|batch| {
            if counting.is_empty() {
                LOGINS.remove(batch, &key.to_owned());
                return Ok(());
            }
            LOGINS.put(batch, &key.to_owned(), &counting, Stamp::engine(now()))
        });
        sent.map_err(|why| tracing::warn!(%why, place = %key, "refused logins could not be written")).ok()
    }

    /// Connects and logs in to a node, as often as its environment allows.
    pub async fn log_in(&self, node: &Node) -> Result<Session, SshError> {
        if let Some(CredentialKind::Set { .. }) = &node.credential {
            return self.try_set(node.id).await;
        }
        let target = self.target(node).map_err(|f| cannot(node, f.message))?;
        self.log_in_to(node, &target).await
    }

    /// Connects and logs in with what `target` says, as often as the node's environment allows: on the node, and on its jump host.
    pub async fn log_in_to(&self, node: &Node, target: &Target) -> Result<Session, SshError> {
        let limit = self.login_limit(node.env);
        let mut tickets = Vec::new();
        for jump in &target.jumps {
            tickets.push(self.logins.admit(self, jump.to_string(), limit).await?);
        }
        tickets.push(self.logins.admit(self, place(node), limit).await?);
        let (last, at) = (target.jumps.len(), AtomicUsize::new(0));
        let result = ssh::connect_noting(target, ssh::Deadlines::default(), |hop| {
            let ticket = tickets.get(hop);
            let proven = hop == last && matches!(node.reach, Reach::Answers { .. });
            let at = &at;
            async move {
                at.store(hop, Ordering::Relaxed);
                if let Some(ticket) = ticket {
                    ticket.begins(proven).await;
                }
            }
        })
        .await;
        let at = at.into_inner();
        for (hop, ticket) in tickets.into_iter().enumerate() {
            match &result {
                Ok(_) => ticket.ends(true),
                Err(SshError::AuthRefused { .. }) if hop == at => ticket.ends(false),
                // Who is beyond it was logged in to.
                Err(_) if hop < at => ticket.ends(true),
                Err(_) => {}
            }
        }
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::super::tests::options;
    use super::*;
    use crate::store;
    use tokio_util::sync::CancellationToken;

    async fn opened(dir: &std::path::Path) -> Arc<Engine> {
        loop {
            match Engine::open(options(dir), CancellationToken::new()) {
                Ok(engine) => return engine,
                Err(super::super::EngineError::Store(
                    store::Error::InUse { .. } | store::Error::Database { .. },
                )) => {
                    tokio::task::yield_now().await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_login_under_way_counts_for_the_engine_after_one_that_died_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let limit = LoginLimit { attempts: 2, minutes: 30 };
        let place = || "192.0.2.7:22".to_owned();
        let held = async |engine: &Arc<Engine>| {
            let admitted = engine.logins.admit(engine, place(), limit).await;
            admitted.map(std::mem::forget).is_err()
        };
        {
            let engine = opened(dir.path()).await;
            // Accepted, or never asked: nothing is left.
            let ticket = engine.logins.admit(&engine, place(), limit).await.unwrap();
            ticket.begins(false).await;
            drop(ticket);
            engine.records.submit(|_| Ok(())).unwrap().await.unwrap();
            assert_eq!(engine.records.all(LOGINS).unwrap().len(), 0);
            // Refused, and known to be.
            let ticket = engine.logins.admit(&engine, place(), limit).await.unwrap();
            ticket.begins(false).await;
            ticket.ends(false);
            // The engine dies before it hears the answer: nothing runs any more, as after a kill.
            let ticket = engine.logins.admit(&engine, place(), limit).await.unwrap();
            ticket.begins(false).await;
            std::mem::forget(ticket);
        }
        {
            let engine = opened(dir.path()).await;
            assert_eq!(engine.records.all(LOGINS).unwrap()[&place()].len(), 2);
            assert!(held(&engine).await, "both count");
        }
        // What the node took last time is not counted beforehand: an engine that dies often holds no sound node back.
        let other = || "192.0.2.8:22".to_owned();
        {
            let engine = opened(dir.path()).await;
            for _ in 0..2 {
                let ticket = engine.logins.admit(&engine, other(), limit).await.unwrap();
                ticket.begins(true).await;
                std::mem::forget(ticket);
            }
        }
        let engine = opened(dir.path()).await;
        assert!(!engine.records.all(LOGINS).unwrap().contains_key(&other()));
    }
}
