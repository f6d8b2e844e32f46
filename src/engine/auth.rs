//! Logging in, staying logged in, logging out.
//!
//! Passwords are kept as argon2id, sessions as the hash of their token. An unknown user and a wrong password get the same
//! answer after the same work; wrong passwords make the next attempt wait, per name, whether or not the name exists.

use super::records::{SESSIONS, USERS};
use super::{Engine, now};
use crate::api::message::{SessionView, UserView};
use crate::api::{Failure, FailureKind};
use crate::domain::ids::{Revision, UserId};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::user::{self, User, UserRole};
use crate::store::Kind;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How long a session lives without a request, milliseconds.
pub const SESSION_MS: u64 = 12 * 60 * 60 * 1000;
/// How often the moment of the last request is written down, milliseconds.
const TOUCH_MS: u64 = 60_000;
/// Names whose wrong passwords are remembered at once.
const SLIPS_MAX: usize = 10_000;

/// A session as stored; its key is the hash of its token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Hash of the token, hexadecimal.
    pub hash: String,
    /// Last request that was written down.
    pub used: Moment,
    /// Account on the management host that logged in.
    pub account: String,
}

/// One connection, as far as permission goes.
pub struct Caller {
    /// Number of the connection.
    pub number: u64,
    /// Account on the management host, from the socket's peer credentials.
    pub account: String,
    /// When it connected.
    pub since: Moment,
    engine: std::sync::Weak<Engine>,
    session: RwLock<Option<Session>>,
}

impl Caller {
    /// A connection nobody has logged in on.
    pub fn new(engine: &Arc<Engine>, number: u64, account: String) -> Self {
        Self { number, account, since: now(), engine: Arc::downgrade(engine), session: RwLock::default() }
    }

    /// The user who is logged in, if there is one, the session has not expired, and the user is not disabled.
    pub fn user(&self) -> Option<User> {
        let session = self.session.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let engine = self.engine.upgrade()?;
        let alive =
            engine.auth.sessions().get(&session.hash).is_some_and(|s| now().since(s.used) < SESSION_MS);
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

/// Wrong passwords of a name.
#[derive(Clone, Copy, Default)]
struct Slips {
    count: u32,
    last: Moment,
}

/// Sessions and slips.
#[derive(Default)]
pub struct Auth {
    sessions: Mutex<HashMap<String, Session>>,
    slips: Mutex<HashMap<String, Slips>>,
}

impl Auth {
    /// Sessions by the hash of their token.
    pub fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slips(&self) -> std::sync::MutexGuard<'_, HashMap<String, Slips>> {
        self.slips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

fn argon(what: &str) -> Failure {
    Failure::new(FailureKind::Engine, format!("the password could not be processed: {what}"))
}

/// The PHC string of a password. Slow on purpose: run it where blocking is allowed.
pub fn hash_password(password: &Secret) -> Result<String, Failure> {
    let hash =
        Argon2::default().hash_password(password.reveal().as_bytes()).map_err(|e| argon(&e.to_string()))?;
    Ok(hash.to_string())
}

fn verify(hash: &str, password: &Secret) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|h| Argon2::default().verify_password(password.reveal().as_bytes(), &h).is_ok())
}

/// What is shown of a user.
pub fn view(user: &User) -> UserView {
    UserView {
        id: user.id,
        name: user.name.clone(),
        role: user.role,
        disabled: user.disabled,
        created: user.created,
        revision: user.revision,
    }
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|e| argon(&e.to_string()))
}

fn check_password(name: &str, password: &Secret) -> Result<(), Failure> {
    match user::password_faults(name, password.reveal()).first() {
        None => Ok(()),
        Some(fault) => {
            Err(Failure::new(FailureKind::Invalid, fault.sentence()).at("password").keyed(fault.key()))
        }
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
        let taken = || {
            Failure::new(FailureKind::NotAllowed, "there is an administrator already: log in")
                .keyed("error-not-first")
        };
        if !self.model.read().users.is_empty() {
            return Err(taken());
        }
        let user = self.new_user(name, UserRole::Administrator, password, Some(&taken)).await?;
        self.begin_session(caller, &user)
    }

    /// Makes a user.
    pub async fn user_add(
        &self,
        name: String,
        role: UserRole,
        password: Secret,
    ) -> Result<UserView, Failure> {
        Ok(view(&self.new_user(name, role, password, None).await?))
    }

    async fn new_user(
        &self,
        name: String,
        role: UserRole,
        password: Secret,
        only_first: Option<&(dyn Fn() -> Failure + Sync)>,
    ) -> Result<User, Failure> {
        user::check_name(&name).map_err(|key| {
            Failure::new(
                FailureKind::Invalid,
                "a user's name has 2 to 32 lower-case letters, digits, dots, underscores or hyphens and starts with a letter",
            )
            .at("name")
            .keyed(key)
        })?;
        check_password(&name, &password)?;
        let password_hash = blocking(move || hash_password(&password)).await??;
        let _write = self.write();
        let mut model = self.model.write();
        if let Some(taken) = only_first
            && !model.users.is_empty()
        {
            return Err(taken());
        }
        if model.users.values().any(|u| u.name == name) {
            return Err(Failure::new(
                FailureKind::Conflict,
                format!("there is a user called {name} already"),
            )
            .at("name")
            .keyed("error-user-exists")
            .arg("name", &name));
        }
        let id = UserId(self.records.next_id(Kind::Users)?);
        let user =
            User { id, name, role, password_hash, disabled: false, created: now(), revision: Revision(1) };
        self.records.save(USERS, &id, &user)?;
        model.users.insert(id, user.clone());
        Ok(user)
    }

    /// Logs in by name and password.
    pub async fn login(
        &self,
        caller: &Caller,
        name: String,
        password: Secret,
    ) -> Result<SessionView, Failure> {
        let slips = self.auth.slips().get(&name).copied().unwrap_or_default();
        let delay = user::login_delay_ms(slips.count);
        let waited = now().since(slips.last);
        if waited < delay {
            let left = (delay - waited).div_ceil(1000);
            return Err(Failure::new(
                FailureKind::Busy,
                format!("too many wrong passwords: try again in {left} s"),
            )
            .keyed("error-login-delay")
            .arg("seconds", left));
        }
        let user = self.model.read().users.values().find(|u| u.name == name).cloned();
        let hash = user.as_ref().map_or_else(|| self.dummy_hash.clone(), |u| u.password_hash.clone());
        let good = blocking(move || verify(&hash, &password)).await?;
        if let Some(user) = user.filter(|u| good && !u.disabled) {
            self.auth.slips().remove(&name);
            self.begin_session(caller, &user)
        } else {
            let mut slips = self.auth.slips();
            if slips.len() >= SLIPS_MAX {
                slips.retain(|_, s| now().since(s.last) < user::login_delay_ms(s.count));
            }
            let slip = slips.entry(name).or_default();
            slip.count += 1;
            slip.last = now();
            tracing::warn!(account = %caller.account, "wrong user name or password");
            Err(Failure::new(FailureKind::NotLoggedIn, "wrong user name or password")
                .at("password")
                .keyed("error-wrong-password"))
        }
    }

    fn begin_session(&self, caller: &Caller, user: &User) -> Result<SessionView, Failure> {
        let token = Secret::new(hex::encode(super::dice::<32>()?));
        let hash = token_hash(token.reveal());
        let session =
            Session { user: user.id, hash: hash.clone(), used: now(), account: caller.account.clone() };
        self.records.save(SESSIONS, &hash, &session)?;
        self.auth.sessions().insert(hash, session.clone());
        caller.set(Some(session));
        self.topics.touch(super::topics::Area::Sessions);
        tracing::info!(user = %user.name, account = %caller.account, "logged in");
        Ok(SessionView { token, user: view(user), expires: now().plus(SESSION_MS) })
    }

    /// Logs in by an earlier login's token.
    pub fn resume(&self, caller: &Caller, token: &Secret) -> Result<SessionView, Failure> {
        let hash = token_hash(token.reveal());
        let session = self.auth.sessions().get(&hash).cloned();
        caller.set(session);
        if let Some(user) = caller.user() {
            self.topics.touch(super::topics::Area::Sessions);
            Ok(SessionView { token: token.clone(), user: view(&user), expires: now().plus(SESSION_MS) })
        } else {
            caller.set(None);
            Err(Failure::new(FailureKind::NotLoggedIn, "the session has expired: log in again")
                .keyed("error-session-expired"))
        }
    }

    /// Notes that the session is in use.
    pub fn touch_session(&self, caller: &Caller) {
        let Some(hash) = caller.session() else { return };
        let session = {
            let mut sessions = self.auth.sessions();
            let Some(session) = sessions.get_mut(&hash) else { return };
            if now().since(session.used) < TOUCH_MS {
                return;
            }
            session.used = now();
            session.clone()
        };
        if let Err(why) = self.records.save(SESSIONS, &hash, &session) {
            tracing::warn!(%why, "the use of a session could not be noted");
        }
    }

    /// Ends the session.
    pub fn logout(&self, caller: &Caller) -> Result<(), Failure> {
        if let Some(hash) = caller.session() {
            self.records.remove(SESSIONS, &hash)?;
            self.auth.sessions().remove(&hash);
        }
        caller.set(None);
        self.topics.touch(super::topics::Area::Sessions);
        Ok(())
    }

    /// All users.
    pub fn users(&self) -> Vec<UserView> {
        self.model.read().users.values().map(view).collect()
    }

    /// Sets a password. Somebody else's is for administrators; one's own needs the old one.
    pub async fn user_password(
        &self,
        asks: &User,
        name: &str,
        old: Option<Secret>,
        new: Secret,
    ) -> Result<(), Failure> {
        let Some(user) = self.model.read().users.values().find(|u| u.name == name).cloned() else {
            return Err(no_user(name, asks));
        };
        if user.id == asks.id {
            let hash = user.password_hash.clone();
            let old = old.unwrap_or_default();
            if !blocking(move || verify(&hash, &old)).await? {
                return Err(Failure::new(FailureKind::Invalid, "the old password is wrong")
                    .at("old")
                    .keyed("error-old-password"));
            }
        } else if asks.role != UserRole::Administrator {
            return Err(no_user(name, asks));
        }
        check_password(name, &new)?;
        let hash = blocking(move || hash_password(&new)).await??;
        self.change_user(user.id, |u| u.password_hash = hash)?;
        Ok(())
    }

    /// Disables or enables a user. The last administrator stays.
    pub fn user_disable(&self, asks: &User, name: &str, disabled: bool) -> Result<(), Failure> {
        let id = {
            let model = self.model.read();
            let user = model.users.values().find(|u| u.name == name).ok_or_else(|| no_user(name, asks))?;
            let other = |u: &User| u.id != user.id && u.role == UserRole::Administrator && !u.disabled;
            if disabled && user.role == UserRole::Administrator && !model.users.values().any(other) {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!("{name} is the last administrator: make another one first"),
                )
                .keyed("error-last-administrator")
                .arg("name", name));
            }
            user.id
        };
        self.change_user(id, |u| u.disabled = disabled)
    }

    fn change_user(&self, id: UserId, change: impl FnOnce(&mut User)) -> Result<(), Failure> {
        let _write = self.write();
        let mut model = self.model.write();
        let Some(user) = model.users.get_mut(&id) else { return Ok(()) };
        let mut changed = user.clone();
        change(&mut changed);
        changed.revision = changed.revision.next();
        self.records.save(USERS, &id, &changed)?;
        // A new password, or none any more, ends the sessions that the old one began.
        if changed.password_hash != user.password_hash || changed.disabled {
            let mut sessions = self.auth.sessions();
            let gone: Vec<String> =
                sessions.values().filter(|s| s.user == id).map(|s| s.hash.clone()).collect();
            for hash in gone {
                self.records.remove(SESSIONS, &hash)?;
                sessions.remove(&hash);
            }
        }
        *user = changed;
        Ok(())
    }
}

fn no_user(name: &str, asks: &User) -> Failure {
    if asks.role == UserRole::Administrator {
        Failure::new(FailureKind::NotFound, format!("there is no user called {name}"))
            .at("name")
            .keyed("error-no-user")
            .arg("name", name)
    } else {
        Failure::new(FailureKind::NotAllowed, "only an administrator changes other users' accounts")
            .keyed("error-not-administrator")
    }
}
