//! The doors: who may try a password now.
//!
//! One try for a name, and one from a source, is looked at after the other; otherwise a guesser would send a thousand at once and
//! be told to wait when all have been looked at. How long to wait is `domain::lockout`'s.

use super::Engine;
use super::auth::Caller;
use super::records::LOCKOUTS;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::lockout::{Lockout, Slips, Whose};
use crate::domain::said::sentence;
use crate::domain::time::Moment;
use crate::domain::user::check_name;
use crate::store::{self, Batch, Stamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How records of names begin.
const NAME: &str = "name";
/// In the place of names that no user has.
const UNKNOWN: &str = "?";

/// Tries of one name or source that wait for their turn.
const WAITING_MAX: usize = 64;

/// What came of a try.
pub enum Tried<T> {
    /// Let in.
    Right(T),
    /// A slip.
    Wrong(Failure),
    /// Neither: something is missing still.
    Aside(Failure),
}

type Turn = Arc<tokio::sync::Mutex<()>>;

/// Who waits, and for what.
#[derive(Default)]
pub struct Doors {
    lockout: Mutex<Lockout>,
    turns: Mutex<HashMap<String, Turn>>,
}

/// A place in the queue, given back at the end.
struct Place<'a> {
    doors: &'a Doors,
    key: String,
    turn: Turn,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut turns = self.doors.turns();
        // The map's and ours: nobody else waits.
        if Arc::strong_count(&self.turn) <= 2 {
            turns.remove(&self.key);
        }
    }
}

impl Doors {
    fn turns(&self) -> MutexGuard<'_, HashMap<String, Turn>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wrong passwords so far.
    pub fn lockout(&self) -> MutexGuard<'_, Lockout> {
        self.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what the disk has.
    pub fn load(&self, all: BTreeMap<String, Slips>, now: Moment) {
        let mut lockout = self.lockout();
        for (key, slips) in all {
            match key.split_once(' ') {
                Some((NAME, UNKNOWN)) | None => {}
                Some((NAME, name)) => lockout.take_up(Whose::Name(name), slips, now),
                Some((_, source)) => lockout.take_up(Whose::Source(source), slips, now),
            }
        }
    }

    fn place(&self, key: String) -> Result<Place<'_>, Failure> {
        let turn = Arc::clone(self.turns().entry(key.clone()).or_default());
        let place = Place { doors: self, key, turn };
        if Arc::strong_count(&place.turn) > WAITING_MAX {
            return Err(Failure::new(FailureKind::Busy, "too many logins at once: try again in a moment")
                .keyed("error-login-busy"));
        }
        Ok(place)
    }
}

/// What a name counts as. Names that cannot be are one: they would fill the memory.
fn counted(name: &str) -> &str {
    if check_name(name).is_ok() { name } else { "" }
}

impl Engine {
    /// Looks at a try for `name` when it is its turn and nothing has to be waited for.
    pub(super) async fn attempt<T>(
        &self,
        caller: &Caller,
        name: &str,
        look: impl Future<Output = Result<Tried<T>, Failure>>,
    ) -> Result<T, Failure> {
        let (name, source) = (counted(name), caller.source());
        // The source first, always: two that hold one and wait for the other's would wait for ever.
        let of_source = self.auth.doors.place(format!("source {source}"))?;
        let _one = of_source.turn.lock().await;
        let of_name = self.auth.doors.place(format!("name {name}"))?;
        let _other = of_name.turn.lock().await;
        let wait = self.auth.doors.lockout().wait(name, source, self.auth.clock.steady());
        if wait > 0 {
            let left = wait.div_ceil(1000);
            return Err(Failure::new(
                FailureKind::Busy,
                format!("too many wrong passwords: try again in {left} s"),
            )
            .keyed("error-login-delay")
            .arg("seconds", left));
        }
        match look.await? {
            Tried::Right(found) => {
                self.forgive(name, source);
                Ok(found)
            }
            Tried::Aside(failure) => Err(failure),
            Tried::Wrong(failure) => {
                let count = self.auth.doors.lockout().failed(name, source, self.auth.clock.steady());
                self.refused_entry(caller, name, count);
                Err(failure)
            }
        }
    }

    /// Forgets wrong passwords after a right one.
    fn forgive(&self, name: &str, source: &str) {
        {
            let mut lockout = self.auth.doors.lockout();
            if lockout.kept(Whose::Name(name)).is_none() {
                return;
            }
            lockout.succeeded(name, source);
        }
        let kept = self.records.change(|batch| self.keep_slips(batch, name, source, true));
        if let Err(why) = kept {
            tracing::warn!(%why, "wrong passwords that are forgiven count again after the next start");
        }
    }

    /// An administrator lets `name` in again at once.
    pub(super) fn let_in(&self, name: &str) {
        if !self.auth.doors.lockout().unlock(name) {
            return;
        }
        let kept = self.records.change(|batch| {
            LOCKOUTS.remove(batch, &format!("{NAME} {name}"));
            Ok(())
        });
        if let Err(why) = kept {
            tracing::warn!(%why, "wrong passwords that are forgiven count again after the next start");
        }
    }

    /// Writes down how things stand with a name and a source. What was typed for an unknown name is not written; the work is the same.
    fn keep_slips(&self, batch: &mut Batch, name: &str, source: &str, known: bool) -> store::Result<()> {
        let lockout = self.auth.doors.lockout();
        let shown = if known { name } else { UNKNOWN };
        let all = [
            (format!("{NAME} {shown}"), lockout.kept(Whose::Name(name))),
            (format!("source {source}"), lockout.kept(Whose::Source(source))),
        ];
        for (key, slips) in all {
            match slips {
                Some(slips) => LOCKOUTS.put(batch, &key, slips, Stamp::engine(super::now()))?,
                None => LOCKOUTS.remove(batch, &key),
            }
        }
        Ok(())
    }

    /// A refused try stands in the trail, in the same words and after the same work whether or not there is such a user. What was typed
    /// for an unknown name may be a password in the wrong field, and is not written.
    fn refused_entry(&self, caller: &Caller, name: &str, count: u32) {
        let known = self.model.read().users.values().any(|u| u.name == name);
        let by = if known { name } else { "?" };
        let what = sentence!(
            "deed-login-refused",
            "a login was refused, number {count} in a row for this name; account {account}",
            count = count,
            account = caller.account
        );
        let entry = AuditEntry::new(super::now(), by, AuditKind::Session, what);
        let source = caller.source();
        if let Err(why) = self.audited(Some(entry), |batch| self.keep_slips(batch, name, source, known)) {
            tracing::error!(%why, "a refused login could not be written down");
        }
    }

    /// Until when logins of a user are refused.
    pub(super) fn locked_until(&self, name: &str) -> Option<Moment> {
        let left = self.auth.doors.lockout().locked(name, self.auth.clock.steady());
        (left > 0).then(|| self.auth.clock.now().plus(left))
    }
}
