//! Users: making, changing, deleting them, and what everybody may do about himself.
//!
//! A name belongs to one user for as long as that user exists and never changes: it stands in the trail, in jobs and in reservations.

use super::auth::{Caller, view};
use super::environments::stale;
use super::records::{Records, USERS};
use super::{Engine, now, passwords};
use crate::api::message::UserView;
use crate::api::people::{OwnView, People, PeopleReply};
use crate::api::rows::ShellRow;
use crate::api::{Failure, FailureKind, Row};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::ids::{Revision, UserId};
use crate::domain::said::{self, Said, sentence};
use crate::domain::secret::Secret;
use crate::domain::user::{self, User, UserRole};
use crate::store::{self, Batch, Kind, Stamp};

/// Somebody new.
pub struct NewUser {
    /// Name.
    pub name: String,
    /// Role.
    pub role: UserRole,
    /// What people call the user.
    pub full_name: String,
    /// Must set another password first.
    pub must_change: bool,
}

impl Default for NewUser {
    fn default() -> Self {
        let (name, full_name) = (String::new(), String::new());
        Self { name, role: UserRole::Viewer, full_name, must_change: false }
    }
}

/// Which sessions of a user outlive a change.
pub enum Keep {
    /// All.
    All,
    /// None, or this one.
    Session(Option<String>),
    /// All that were not begun with this key.
    NotBy(String),
}

fn is_acting_administrator(user: &User) -> bool {
    user.role == UserRole::Administrator && !user.disabled
}

fn last_administrator(name: &str) -> Failure {
    Failure::new(FailureKind::Busy, format!("{name} is the last administrator: make another one first"))
        .keyed("error-last-administrator")
        .arg("name", name)
}

fn full_name(typed: &str) -> Result<String, Failure> {
    user::full_name(typed).ok_or_else(|| {
        Failure::new(FailureKind::Invalid, "a full name has 60 characters at most")
            .at("full-name")
            .keyed("error-full-name-long")
    })
}

impl Engine {
    /// Makes a user: the first one, an administrator, when nobody asks.
    pub(super) async fn new_user(
        &self,
        new: NewUser,
        password: Secret,
        by: Option<&User>,
    ) -> Result<User, Failure> {
        let first_only = || {
            if by.is_some() || self.model.read().users.is_empty() {
                return Ok(());
            }
            Err(Failure::new(FailureKind::NotAllowed, "there is an administrator already: log in")
                .keyed("error-not-first"))
        };
        first_only()?;
        let NewUser { name, role, must_change, .. } = new;
        user::check_name(&name).map_err(|key| {
            Failure::new(
                FailureKind::Invalid,
                "a user's name has 2 to 32 lower-case letters, digits, dots, underscores or hyphens and starts with a letter",
            )
            .at("name")
            .keyed(key)
        })?;
        let full_name = full_name(&new.full_name)?;
        passwords::check(&name, &password)?;
        let password_hash = passwords::hash(password).await?;
        let _write = self.write();
        first_only()?;
        let mut model = self.model.write();
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
        let at = self.auth.clock.now();
        let user = User {
            id,
            name,
            role,
            full_name,
            password_hash,
            old_hashes: Vec::new(),
            password_set: at,
            must_change,
            last_login: None,
            second: None,
            keys: Vec::new(),
            disabled: false,
            created: at,
            revision: Revision(1),
        };
        let who = by.map_or(user.name.as_str(), |by| by.name.as_str());
        let what = sentence!("deed-user-made", "made the user {name} as {role}", name = user.name; role = role.said());
        let entry = AuditEntry::new(now(), who, AuditKind::User, what);
        self.audited(Some(entry), |batch| USERS.put(batch, &id, &user, Stamp::engine(at)))?;
        model.users.insert(id, user.clone());
        Ok(user)
    }

    /// All users.
    pub fn users(&self) -> Vec<UserView> {
        let users: Vec<User> = self.model.read().users.values().cloned().collect();
        users.iter().map(|u| self.user_view(u)).collect()
    }

    fn user_view(&self, user: &User) -> UserView {
        UserView { locked_until: self.locked_until(&user.name), ..view(user) }
    }

    /// The user of that name, as far as `asks` may know.
    pub(super) fn user_named(&self, asks: &User, name: &str) -> Result<User, Failure> {
        let found = self.model.read().users.values().find(|u| u.name == name).cloned();
        found.ok_or_else(|| no_user(name, asks))
    }

    /// Changes a user, with its entry in the trail and whatever else belongs to the change. At least one administrator who can log in
    /// remains.
    pub(super) fn change_user(
        &self,
        by: &User,
        name: &str,
        keep: Keep,
        what: Said,
        change: impl FnOnce(&mut User) -> Result<(), Failure>,
        also: impl FnOnce(&Records, &mut Batch) -> store::Result<()>,
    ) -> Result<User, Failure> {
        let _write = self.write();
        let mut model = self.model.write();
        let before = model.users.values().find(|u| u.name == name).ok_or_else(|| no_user(name, by))?.clone();
        let mut after = before.clone();
        change(&mut after)?;
        after.revision = before.revision.next();
        let others = |u: &User| u.id != before.id && is_acting_administrator(u);
        if is_acting_administrator(&before)
            && !is_acting_administrator(&after)
            && !model.users.values().any(others)
        {
            return Err(last_administrator(name));
        }
        let entry = AuditEntry::new(now(), &by.name, AuditKind::User, what);
        self.audited(Some(entry), |batch| {
            USERS.put(batch, &after.id, &after, Stamp::engine(now()))?;
            also(&self.records, batch)
        })?;
        model.users.insert(after.id, after.clone());
        drop(model);
        match keep {
            Keep::All => {}
            Keep::Session(kept) => {
                self.end_sessions_of(after.id, |s| Some(&s.hash) != kept.as_ref())?;
            }
            Keep::NotBy(key) => {
                self.end_sessions_of(after.id, |s| s.key.as_ref() == Some(&key))?;
            }
        }
        self.topics.touch(super::topics::Area::Sessions);
        Ok(after)
    }

    /// Sets a password. Somebody else's is for administrators, and only until that user logs in; one's own needs the old one.
    pub async fn user_password(
        &self,
        caller: &Caller,
        asks: &User,
        name: &str,
        old: Option<Secret>,
        new: Secret,
    ) -> Result<(), Failure> {
        let user = self.user_named(asks, name)?;
        let own = user.id == asks.id;
        if own {
            self.own_password(caller, &user, old.unwrap_or_default(), "old").await?;
        } else if asks.role != UserRole::Administrator {
            return Err(no_user(name, asks));
        }
        passwords::check(name, &new)?;
        passwords::check_fresh(&user, &new).await?;
        let hash = passwords::hash(new).await?;
        let at = self.auth.clock.now();
        let (keep, what) = if own {
            (
                caller.session(),
                sentence!("deed-own-password", "changed the own password; other sessions ended"),
            )
        } else {
            let what = sentence!(
                "deed-password-set",
                "set a password for {name}, who must set another one; the user's sessions ended",
                name = name
            );
            (None, what)
        };
        let change = |u: &mut User| {
            passwords::replace(u, hash);
            (u.password_set, u.must_change) = (at, !own);
            Ok(())
        };
        self.change_user(asks, name, Keep::Session(keep), what, change, |_, _| Ok(()))?;
        if !own {
            self.let_in(name);
        }
        Ok(())
    }

    /// Disables or enables a user. The last administrator stays.
    pub fn user_disable(&self, asks: &User, name: &str, disabled: bool) -> Result<(), Failure> {
        let what = if disabled {
            sentence!("deed-user-disabled", "disabled the user {name}", name = name)
        } else {
            sentence!("deed-user-enabled", "enabled the user {name}", name = name)
        };
        let change = |u: &mut User| {
            u.disabled = disabled;
            Ok(())
        };
        let keep = if disabled { Keep::Session(None) } else { Keep::All };
        self.change_user(asks, name, keep, what, change, |_, _| Ok(())).map(drop)
    }

    /// Changes role and full name. Whoever loses a right must log in anew: what a session watches was allowed when it began.
    fn user_edit(
        &self,
        asks: &User,
        name: &str,
        based_on: Revision,
        role: Option<UserRole>,
        typed: Option<String>,
    ) -> Result<UserView, Failure> {
        let before = self.user_named(asks, name)?;
        let full = typed.map(|t| full_name(&t)).transpose()?;
        let mut what = vec![];
        what.extend(
            role.filter(|r| *r != before.role).map(|r| {
                sentence!("deed-user-role", "role {role} instead of {old}",; role = r.said(), old = before.role.said())
            }),
        );
        what.extend(
            full.as_ref()
                .filter(|f| **f != before.full_name)
                .map(|f| sentence!("deed-user-full", "full name {name}", name = f)),
        );
        if what.is_empty() {
            return Ok(self.user_view(&before));
        }
        let what = sentence!("deed-user-changed", "changed the user {name}: {what}", name = name; what = said::list(what));
        let keep = if role.is_some_and(|r| r < before.role) { Keep::Session(None) } else { Keep::All };
        let change = |u: &mut User| {
            if u.revision != based_on {
                return Err(stale(("user", name), "", based_on, u.revision));
            }
            u.role = role.unwrap_or(u.role);
            if let Some(full) = full {
                u.full_name = full;
            }
            Ok(())
        };
        Ok(self.user_view(&self.change_user(asks, name, keep, what, change, |_, _| Ok(()))?))
    }

    /// Deletes a user: sessions, shells and second factor go, too. Not oneself, and not the last administrator.
    fn user_delete(&self, asks: &User, name: &str) -> Result<(), Failure> {
        let user = self.user_named(asks, name)?;
        if user.id == asks.id {
            return Err(Failure::new(
                FailureKind::Busy,
                "nobody deletes the own account: ask another administrator",
            )
            .keyed("error-delete-own"));
        }
        // Nobody who gets this name later may find them.
        let open = self.shells.rows(&self.recordings.rules.borrow());
        for row in open {
            if let Row::Shell(ShellRow { id, by, .. }) = row
                && by == name
            {
                self.shell_close(&user, id)?;
            }
        }
        {
            let _write = self.write();
            let mut model = self.model.write();
            let others = |u: &User| u.id != user.id && is_acting_administrator(u);
            if is_acting_administrator(&user) && !model.users.values().any(others) {
                return Err(last_administrator(name));
            }
            let what = sentence!(
                "deed-user-deleted", "deleted the user {name}, who was {role}", name = name; role = user.role.said()
            );
            let entry = AuditEntry::new(now(), &asks.name, AuditKind::User, what);
            self.audited(Some(entry), |batch| {
                USERS.remove(batch, &user.id);
                self.records.put_second_factor(batch, user.id, None)
            })?;
            model.users.remove(&user.id);
        }
        self.let_in(name);
        self.end_sessions_of(user.id, |_| true).map(drop)
    }

    fn user_unlock(&self, asks: &User, name: &str) -> Result<UserView, Failure> {
        let user = self.user_named(asks, name)?;
        let what = sentence!(
            "deed-user-unlocked",
            "let {name} log in again at once after wrong passwords",
            name = name
        );
        self.audit(&AuditEntry::new(now(), &asks.name, AuditKind::User, what))?;
        self.let_in(name);
        Ok(self.user_view(&user))
    }

    /// Answers what is asked about people. Permission was checked before.
    pub(super) async fn people(
        &self,
        caller: &Caller,
        user: &User,
        asked: People,
    ) -> Result<PeopleReply, Failure> {
        Ok(match asked {
            People::Edit { name, based_on, role, full_name } => {
                PeopleReply::User(self.user_edit(user, &name, based_on, role, full_name)?)
            }
            People::Delete { name } => {
                self.user_delete(user, &name)?;
                PeopleReply::Done
            }
            People::Unlock { name } => PeopleReply::User(self.user_unlock(user, &name)?),
            People::FactorReset { name } => {
                let what =
                    sentence!("deed-factor-reset", "took the second factor of {name} away", name = name);
                PeopleReply::User(self.user_view(&self.factor_forget(user, &name, what)?))
            }
            People::Sessions => PeopleReply::Sessions(self.login_views(caller, None)),
            People::End(which) => self.end(caller, user, which, None)?,
            People::Own => PeopleReply::Own(Box::new(OwnView {
                user: self.user_view(user),
                password_set: user.password_set,
                recovery_left: user
                    .second
                    .as_ref()
                    .map_or(0, |s| u32::try_from(s.recovery.len()).unwrap_or(u32::MAX)),
                sessions: self.login_views(caller, Some(user.id)),
            })),
            People::EndOwn(which) => self.end(caller, user, which, Some(user.id))?,
            People::Unlocked { password } => {
                self.own_password(caller, user, password, "password").await?;
                PeopleReply::Done
            }
            People::FactorBegin { password } => self.factor_begin(caller, user, password).await?,
            People::FactorConfirm { code } => self.factor_confirm(caller, user, &code)?,
            People::FactorOff { password, code } => self.factor_off(caller, user, password, code).await?,
            People::RecoveryRenew { password, code } => {
                self.recovery_renew(caller, user, password, code).await?
            }
            People::Unknown => return Err(super::answer::unknown()),
        })
    }
}

pub(super) fn no_user(name: &str, asks: &User) -> Failure {
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
