//! The doors: who may try a password now.
//!
//! One try for a name, and one from a source, is looked at after the other; otherwise a guesser would send a thousand at once and
//! be told to wait when all have been looked at. How long to wait is `domain::lockout`'s.

use super::Engine;
use super::auth::Caller;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::lockout::Lockout;
use crate::domain::time::Moment;
use crate::domain::user::check_name;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        let (name, source) = (counted(name), caller.account.as_str());
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
                self.auth.doors.lockout().succeeded(name, source);
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

    /// A refused try stands in the trail, in the same words and after the same work whether or not there is such a user. What was typed
    /// for an unknown name may be a password in the wrong field, and is not written.
    fn refused_entry(&self, caller: &Caller, name: &str, count: u32) {
        let known = self.model.read().users.values().any(|u| u.name == name);
        let by = if known { name } else { "?" };
        let what =
            format!("a login was refused, number {count} in a row for this name; account {}", caller.account);
        let entry = AuditEntry::new(super::now(), by, AuditKind::Session, what);
        if let Err(why) = self.audit(&entry) {
            tracing::error!(%why, "a refused login could not be written down");
        }
    }

    /// Until when logins of a user are refused.
    pub(super) fn locked_until(&self, name: &str) -> Option<Moment> {
        let left = self.auth.doors.lockout().locked(name, self.auth.clock.steady());
        (left > 0).then(|| self.auth.clock.now().plus(left))
    }
}
