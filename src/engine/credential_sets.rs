//! Sets of credentials: named, sealed, of one environment, tried in order. `logins` tries them.

use super::nodes::split;
use super::records::{SETS, SetEntry, SetRecord};
use super::topics::Area;
use super::{Engine, now};
use crate::api::discovery::{SetChange, SetEntryRow, SetRow};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::environment::check_name;
use crate::domain::ids::EnvId;
use crate::domain::node::CredentialKind;
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::store::Stamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Credentials of a set: more would take hours at the usual limit.
pub(super) const ENTRIES_MAX: usize = 16;
/// Sets of an environment.
pub(super) const SETS_MAX: usize = 64;

/// All sets, without their secrets in the open.
#[derive(Default)]
pub struct Sets(Mutex<BTreeMap<(EnvId, String), SetRecord>>);

impl Sets {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(EnvId, String), SetRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in sets of a new environment.
    pub fn take(&self, sets: Vec<((EnvId, String), SetRecord)>) {
        self.all().extend(sets);
    }

    /// Takes up what the disk has.
    pub fn load(&self, all: BTreeMap<(EnvId, String), SetRecord>) {
        *self.all() = all;
    }
}

fn no_set(name: &str) -> Failure {
    Failure::new(FailureKind::NotFound, format!("there is no set of credentials called {name}"))
        .at("set")
        .keyed("error-no-set")
        .arg("name", name)
}

fn invalid(field: &str, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, why).at(field)
}

/// Refuses what is no account.
pub fn check_user(user: &str) -> Result<(), Failure> {
    let good = (1..=32).contains(&user.len())
        && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if good {
        return Ok(());
    }
    Err(invalid("user", "an account has 1 to 32 letters, digits, dots, underscores or hyphens")
        .keyed("error-account-form"))
}

impl Engine {
    /// Credentials of a set, in order; none when there is no such set.
    pub fn set_entries(&self, env: EnvId, name: &str) -> Vec<SetEntry> {
        self.sets.all().get(&(env, name.to_owned())).map(|s| s.entries.clone()).unwrap_or_default()
    }

    /// Refuses a set that is not there.
    pub fn check_set(&self, env: EnvId, name: &str) -> Result<(), Failure> {
        if self.set_entries(env, name).is_empty() { Err(no_set(name)) } else { Ok(()) }
    }

    /// The sets of an environment as clients see them.
    pub fn set_rows(&self, env: EnvId) -> Vec<SetRow> {
        let all = self.sets.all();
        let row = |(key, set): (&(EnvId, String), &SetRecord)| SetRow {
            name: key.1.clone(),
            entries: set
                .entries
                .iter()
                .map(|e| SetEntryRow { id: e.id, user: e.user.clone(), kind: e.kind.clone() })
                .collect(),
            changed_by: set.changed_by.clone(),
            changed: set.changed,
        };
        all.iter().filter(|(key, _)| key.0 == env).map(row).collect()
    }

    /// Changes a set.
    pub async fn set_edit(
        &self,
        asks: &User,
        id: EnvId,
        name: &str,
        change: SetChange,
    ) -> Result<(), Failure> {
        let env = self.env(id)?;
        check_name(name).map_err(|f| invalid("set", f.to_string()).keyed(f.key()))?;
        // Opening a key takes a while: before anything is locked.
        let fresh = match &change {
            SetChange::Add { user, credential } => {
                check_user(user)?;
                let (kind, stored) = split(credential.clone()).await?;
                if matches!(kind, CredentialKind::Set { .. }) {
                    return Err(invalid(
                        "credential",
                        "a set holds passwords, keys and agents, no other set",
                    )
                    .keyed("error-set-in-set"));
                }
                Some((user.clone(), kind, stored))
            }
            _ => None,
        };
        let _write = self.write();
        let key = (id, name.to_owned());
        let known = self.sets.all().get(&key).cloned();
        let is_new = known.is_none();
        let mut set = known.unwrap_or_default();
        let what = match change {
            SetChange::Add { .. } => {
                if is_new && self.set_rows(id).len() >= SETS_MAX {
                    return Err(invalid("set", format!("an environment has {SETS_MAX} sets at most"))
                        .keyed("error-sets-many")
                        .arg("most", SETS_MAX));
                }
                if set.entries.len() >= ENTRIES_MAX {
                    let text =
                        format!("a set has {ENTRIES_MAX} credentials at most: each is tried on every node");
                    return Err(invalid("set", text).keyed("error-set-full").arg("most", ENTRIES_MAX));
                }
                let Some((user, kind, stored)) = fresh else { return Ok(()) };
                let entry = set.next;
                set.next += 1;
                let sealed = stored.map(|s| self.records.seal_entry(&key, entry, &s)).transpose()?;
                let what = sentence!(
                    "deed-credential-add",
                    "added a credential of {user} to the set {name}",
                    user = user,
                    name = name
                );
                set.entries.push(SetEntry { id: entry, user, kind, sealed });
                what
            }
            SetChange::Drop { entry } => {
                let place = place_of(&set, name, entry)?;
                set.entries.remove(place);
                sentence!("deed-credential-drop", "took a credential out of the set {name}", name = name)
            }
            SetChange::First { entry } => {
                let place = place_of(&set, name, entry)?;
                let first = set.entries.remove(place);
                set.entries.insert(0, first);
                sentence!("deed-credential-order", "changed the order of the set {name}", name = name)
            }
            SetChange::Remove if is_new => return Err(no_set(name)),
            SetChange::Remove => {
                set.entries.clear();
                sentence!("deed-credential-remove", "removed the set {name}", name = name)
            }
        };
        set.changed_by.clone_from(&asks.name);
        set.changed = now();
        let gone = set.entries.is_empty();
        self.audited(Some(Self::deed(asks, AuditKind::Account, &env, what)), |batch| {
            if gone {
                SETS.remove(batch, &key);
                return Ok(());
            }
            SETS.put(batch, &key, &set, Stamp::engine(now()))
        })?;
        if gone {
            self.sets.all().remove(&key);
        } else {
            self.sets.all().insert(key, set);
        }
        self.topics.touch(Area::Discovery(id));
        Ok(())
    }
}

fn place_of(set: &SetRecord, name: &str, entry: u32) -> Result<usize, Failure> {
    let text = format!("the set {name} has no credential number {entry}");
    let place = set.entries.iter().position(|e| e.id == entry);
    place.ok_or_else(|| {
        Failure::new(FailureKind::NotFound, text)
            .at("entry")
            .keyed("error-no-set-entry")
            .arg("name", name)
            .arg("number", entry)
    })
}
