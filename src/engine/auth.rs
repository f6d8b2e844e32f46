//! Logging in, staying logged in, logging out.
//!
//! Passwords are kept as argon2id (`passwords`), sessions as the hash of their token. An unknown user and a wrong password get
//! the same answer after the same work; how often one may try is `doors`. Users themselves are changed in `people`, second
//! factors in `factors`.

use super::clock::Clock;
use super::doors::{Doors, Tried};
use super::factors::Enrolling;
use super::records::{SESSIONS, USERS};
use super::{Engine, now, passwords};
use crate::api::message::{SessionView, UserView};
use crate::api::team::Place;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::ids::UserId;
use crate::domain::said::sentence;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::{LastLogin, User, UserRole};
use crate::store::Stamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How long a session lives without a request, milliseconds.
pub const SESSION_MS: u64 = 12 * 60 * 60 * 1000;
/// How long a session lives however much it is used, milliseconds.
pub const SESSION_MAX_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How often the moment of the last request is written down, milliseconds.
const TOUCH_MS: u64 = 60_000;

/// A session as stored; its key is the hash of its token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Hash of the token, hexadecimal.
    pub hash: String,
    /// When it began.
    #[serde(default)]
    pub began: Moment,
    /// Last request that was written down.
    pub used: Moment,
    /// Account on the management host that logged in.
    pub account: String,
    /// The key it was begun with, by its fingerprint.
    #[serde(default)]
    pub key: Option<String>,
}

impl Session {
    /// When it ends if nothing more is asked.
    pub fn expires(&self) -> Moment {
        self.used.plus(SESSION_MS).min(self.began.plus(SESSION_MAX_MS))
    }
}

/// One connection, as far as permission goes.
pub struct Caller {
    /// Number of the connection.
    pub number: u64,
    /// Account on the management host, from the socket's peer credentials.
    pub account: String,
    /// Address from which that account had logged in to this machine, as far as it can be seen.
    pub from: Option<String>,
    /// When it connected.
    pub since: Moment,
    /// What wrong passwords count for besides the name.
    source: String,
    /// The connection has a session that was begun over SSH, and gets no other one.
    visits: bool,
    engine: std::sync::Weak<Engine>,
    session: RwLock<Option<Session>>,
    /// What its screens show; a command shows nothing.
    place: RwLock<Option<Place>>,
}

impl Caller {
    /// A connection nobody has logged in on.
    pub fn new(engine: &Arc<Engine>, number: u64, account: String, from: Option<String>) -> Self {
        Self {
            number,
            source: account.clone(),
            account,
            from,
            since: now(),
            visits: false,
            engine: Arc::downgrade(engine),
            session: RwLock::default(),
            place: RwLock::default(),
        }
    }

    /// What its screens show.
    pub fn place(&self) -> Option<Place> {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its screens show something else. Returns whether that is so.
    pub fn went(&self, to: Place) -> bool {
        let mut place = self.place.write().unwrap_or_else(PoisonError::into_inner);
        place.replace(to.clone()) != Some(to)
    }

    /// Somebody at the door over SSH.
    pub(super) fn at_door(engine: &Arc<Engine>, from: std::net::IpAddr) -> Self {
        // No account of the host can have a name with a colon.
        let account = format!("ssh:{from}");
        let source = crate::domain::door::source(from);
        Self { source, visits: true, ..Self::new(engine, 0, account, Some(from.to_string())) }
    }

    /// The program that runs for whoever came in at the door.
    pub(super) fn inside(engine: &Arc<Engine>, number: u64, at_door: &Self) -> Self {
        let session = at_door.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (account, from) = (at_door.account.clone(), at_door.from.clone());
        Self {
            source: at_door.source.clone(),
            visits: true,
            session: RwLock::new(session),
            ..Self::new(engine, number, account, from)
        }
    }

    /// Whether this is somebody who came in over SSH, with nothing of the management host to himself.
    pub fn came_by_door(&self) -> bool {
        self.visits
    }

    /// What wrong passwords count for besides the name.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The user who is logged in, if there is one, the session has not expired, and the user is not disabled.
    pub fn user(&self) -> Option<User> {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let engine = self.engine.upgrade()?;
        let at = engine.auth.clock.now();
        let alive = engine.auth.sessions().get(&session.hash).is_some_and(|s| at < s.expires());
        let user = engine.model.read().users.get(&session.user).cloned()?;
        (alive && !user.disabled).then_some(user)
    }

    /// Hash of the session's token.
    pub fn session(&self) -> Option<String> {
        self.session.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|s| s.hash.clone())
    }

    fn set(&self, session: Option<Session>) {
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

/// How somebody shows who he is.
pub use crate::ssh::serve::Proof;

/// Sessions, and who wants one.
#[derive(Default)]
pub struct Auth {
    sessions: Mutex<HashMap<String, Session>>,
    /// Who may try a password.
    pub(super) doors: Doors,
    /// Second factors that are being set up.
    pub(super) enrolling: Enrolling,
    /// Time, as far as logins go.
    pub(super) clock: Clock,
}

impl Auth {
    /// Sessions by the hash of their token.
    pub fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// What is shown of a user.
pub fn view(user: &User) -> UserView {
    UserView {
        id: user.id,
        name: user.name.clone(),
        role: user.role,
        full_name: user.full_name.clone(),
        disabled: user.disabled,
        must_change: user.must_change,
        second_factor: user.second.is_some(),
        locked_until: None,
        last_login: user.last_login.clone(),
        created: user.created,
        revision: user.revision,
    }
}

impl Engine {
    /// Makes the first administrator and logs in.
    pub async fn first_administrator(
        &self,
        caller: &Caller,
        name: String,
        password: Secret,
    ) -> Result<SessionView, Failure> {
        let new = super::people::NewUser { name, role: UserRole::Administrator, ..Default::default() };
        let user = self.new_user(new, password, None).await?;
        self.begin_session(caller, user, &Proof::Password(Secret::default()))
    }

    /// Logs in by name, password and, where there is a second factor, its code.
    pub async fn login(
        &self,
        caller: &Caller,
        name: String,
        password: Secret,
        code: Option<Secret>,
    ) -> Result<SessionView, Failure> {
        self.login_by(caller, name, Proof::Password(password), code).await
    }

    /// Logs in by name, whatever shows who it is, and the code of a second factor where there is one.
    pub(super) async fn login_by(
        &self,
        caller: &Caller,
        name: String,
        proof: Proof,
        code: Option<Secret>,
    ) -> Result<SessionView, Failure> {
        let look = async {
            let user = self.model.read().users.values().find(|u| u.name == name).cloned();
            let good = match &proof {
                Proof::Password(password) => {
                    let hash =
                        user.as_ref().map_or_else(|| self.dummy_hash.clone(), |u| u.password_hash.clone());
                    passwords::verify(hash, password.clone()).await?
                }
                Proof::Key(key) => {
                    user.as_ref().is_some_and(|u| u.keys.iter().any(|k| k.fingerprint == *key))
                }
            };
            let Some(mut user) = user.filter(|u| good && !u.disabled) else {
                tracing::warn!(account = %caller.account, "wrong user name or password");
                return Ok(Tried::Wrong(
                    Failure::new(FailureKind::NotLoggedIn, "wrong user name or password")
                        .at("password")
                        .keyed("error-wrong-password"),
                ));
            };
            match self.second_factor(&mut user, code.as_ref())? {
                Tried::Right(()) => {}
                Tried::Wrong(failure) => return Ok(Tried::Wrong(failure)),
                Tried::Aside(failure) => return Ok(Tried::Aside(failure)),
            }
            // A hash of another cost than those of others would tell by its time that there is such a user.
            if let Proof::Password(password) = &proof
                && !user.password_hash.starts_with(&passwords::cost())
            {
                user.password_hash = passwords::hash(password.clone()).await?;
            }
            // Still in turn: a code counts once.
            self.begin_session(caller, user, &proof).map(Tried::Right)
        };
        self.attempt(caller, &name, look).await
    }

    /// Begins a session of `user`, and keeps what the login changed of the user.
    fn begin_session(&self, caller: &Caller, logged_in: User, proof: &Proof) -> Result<SessionView, Failure> {
        let token = Secret::new(hex::encode(super::dice::<32>()?));
        let (hash, at) = (token_hash(token.reveal()), self.auth.clock.now());
        let _write = self.write();
        let mut model = self.model.write();
        // Somebody may have changed or deleted the user while the password was looked at.
        let Some(user) = model.users.get_mut(&logged_in.id).filter(|u| u.revision == logged_in.revision)
        else {
            return Err(expired());
        };
        let last_login = Some(LastLogin { at, account: caller.account.clone() });
        let changed = User { last_login, ..logged_in };
        let session = Session {
            user: user.id,
            hash: hash.clone(),
            began: at,
            used: at,
            account: caller.account.clone(),
            key: match proof {
                Proof::Password(_) => None,
                Proof::Key(key) => Some(key.clone()),
            },
        };
        let account = &caller.account;
        let what = if let Some(key) = &session.key {
            sentence!(
                "deed-login-key",
                "logged in by the key {key}; account {account}",
                key = key,
                account = account
            )
        } else {
            sentence!("deed-login-account", "logged in; account {account}", account = account)
        };
        let entry = AuditEntry::new(now(), &user.name, AuditKind::Session, what);
        self.audited(Some(entry), |batch| {
            SESSIONS.put(batch, &hash, &session, Stamp::engine(at))?;
            USERS.put(batch, &changed.id, &changed, Stamp::engine(at))
        })?;
        *user = changed;
        let shown = view(user);
        drop(model);
        self.sweep_sessions();
        let expires = session.expires();
        self.auth.sessions().insert(hash, session.clone());
        caller.set(Some(session));
        self.topics.touch(super::topics::Area::Sessions);
        tracing::info!(user = %shown.name, account = %caller.account, "logged in");
        Ok(SessionView { token, user: shown, expires })
    }

    /// Forgets sessions that have expired.
    fn sweep_sessions(&self) {
        let at = self.auth.clock.now();
        let gone: Vec<String> = {
            let sessions = self.auth.sessions();
            sessions.values().filter(|s| s.expires() <= at).map(|s| s.hash.clone()).collect()
        };
        if let Err(why) = self.end_sessions(&gone) {
            tracing::warn!(%why, "sessions that have expired could not be removed");
        }
    }

    /// Ends sessions, by the hash of their token.
    pub(super) fn end_sessions(&self, hashes: &[String]) -> Result<(), Failure> {
        if hashes.is_empty() {
            return Ok(());
        }
        self.records.change(|batch| {
            for hash in hashes {
                SESSIONS.remove(batch, hash);
            }
            Ok(())
        })?;
        let mut sessions = self.auth.sessions();
        for hash in hashes {
            sessions.remove(hash);
        }
        drop(sessions);
        self.topics.touch(super::topics::Area::Sessions);
        Ok(())
    }

    /// Logs in by an earlier login's token.
    pub fn resume(&self, caller: &Caller, token: &Secret) -> Result<SessionView, Failure> {
        // Whoever came in at the door has a session already, and no token of it.
        let hash = if caller.came_by_door() {
            caller.session().unwrap_or_default()
        } else {
            token_hash(token.reveal())
        };
        let session = self.auth.sessions().get(&hash).cloned();
        let expires = session.as_ref().map(Session::expires).unwrap_or_default();
        caller.set(session);
        if let Some(user) = caller.user() {
            self.topics.touch(super::topics::Area::Sessions);
            Ok(SessionView { token: token.clone(), user: view(&user), expires })
        } else {
            caller.set(None);
            Err(expired())
        }
    }

    /// Notes that the session is in use.
    pub fn touch_session(&self, caller: &Caller) {
        let Some(hash) = caller.session() else { return };
        let session = {
            let mut sessions = self.auth.sessions();
            let Some(session) = sessions.get_mut(&hash) else { return };
            let at = self.auth.clock.now();
            if at.since(session.used) < TOUCH_MS || at >= session.expires() {
                return;
            }
            session.used = at;
            session.clone()
        };
        if let Err(why) = self.records.save(SESSIONS, &hash, &session) {
            tracing::warn!(%why, "the use of a session could not be noted");
        }
    }

    /// Ends the session.
    pub fn logout(&self, caller: &Caller) -> Result<(), Failure> {
        if let Some(hash) = caller.session() {
            self.end_sessions(&[hash])?;
        }
        caller.set(None);
        self.topics.touch(super::topics::Area::Sessions);
        Ok(())
    }
}

fn expired() -> Failure {
    Failure::new(FailureKind::NotLoggedIn, "the session has expired: log in again")
        .keyed("error-session-expired")
}
