//! Second factors: setting one up, asking for it, switching it off.
//!
//! The key is made here, shown once, and kept sealed; it counts only after a code that it makes has been typed, so that nobody is
//! locked out by a phone that did not take it. Recovery codes are kept as hashes and count once each.

use super::auth::Caller;
use super::doors::Tried;
use super::people::Keep;
use super::{Engine, dice, passwords};
use crate::api::people::PeopleReply;
use crate::api::{Failure, FailureKind};
use crate::domain::ids::UserId;
use crate::domain::said::{Said, sentence};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::domain::totp;
use crate::domain::user::{SecondFactor, User};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// How long a key that was shown waits for its first code, milliseconds.
const ENROLLING_MS: u64 = 15 * 60 * 1000;

type Key = Zeroizing<[u8; totp::KEY]>;

/// Keys that were shown and not yet confirmed.
#[derive(Default)]
pub struct Enrolling(Mutex<HashMap<UserId, (Key, Moment)>>);

impl Enrolling {
    fn keys(&self) -> MutexGuard<'_, HashMap<UserId, (Key, Moment)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(code: &Secret) -> String {
    hex::encode(Sha256::digest(code.reveal().as_bytes()))
}

fn wrong_code() -> Failure {
    Failure::new(FailureKind::NotLoggedIn, "wrong code: wait for the next one, or check the phone's clock")
        .at("code")
        .keyed("error-wrong-code")
}

fn invalid_code() -> Failure {
    Failure { kind: FailureKind::Invalid, ..wrong_code() }
}

fn none_on() -> Failure {
    Failure::new(FailureKind::Busy, "no second factor is switched on").keyed("error-factor-off")
}

/// Fresh recovery codes and what is kept of them.
fn fresh_codes() -> Result<(Vec<Secret>, Vec<String>), Failure> {
    let codes = totp::recovery_codes(&dice()?);
    let kept = codes.iter().filter_map(|c| totp::recovery_typed(c.reveal())).map(|c| digest(&c)).collect();
    Ok((codes, kept))
}

impl Engine {
    /// Whether `code` is what the user's second factor asks for; notes in `user` that it has been used.
    pub(super) fn second_factor(&self, user: &mut User, code: Option<&Secret>) -> Result<Tried<()>, Failure> {
        let Some(second) = &mut user.second else { return Ok(Tried::Right(())) };
        let Some(code) = code.filter(|c| !c.is_empty()) else {
            return Ok(Tried::Aside(
                Failure::new(FailureKind::NotLoggedIn, "the code of the second factor is needed")
                    .at("code")
                    .keyed("error-code-needed"),
            ));
        };
        if let Some(typed) = totp::recovery_typed(code.reveal()) {
            let digest = digest(&typed);
            let before = second.recovery.len();
            second.recovery.retain(|kept| *kept != digest);
            let spent = second.recovery.len() < before;
            return Ok(if spent { Tried::Right(()) } else { Tried::Wrong(wrong_code()) });
        }
        let key = self.records.second_factor(user.id)?.ok_or_else(|| {
            Failure::new(
                FailureKind::Engine,
                "the key of the second factor is missing: use a recovery code, or ask an administrator to reset it",
            )
            .keyed("error-factor-lost")
        })?;
        let key = Zeroizing::new(hex::decode(key.reveal()).unwrap_or_default());
        match totp::accepted(&key, code.reveal(), self.auth.clock.now(), second.last_step) {
            Some(step) => {
                second.last_step = step;
                Ok(Tried::Right(()))
            }
            None => Ok(Tried::Wrong(wrong_code())),
        }
    }

    /// Refuses when `password` is not the user's own. Wrong ones count as they do at the login.
    pub(super) async fn own_password(
        &self,
        caller: &Caller,
        user: &User,
        password: Secret,
        field: &'static str,
    ) -> Result<(), Failure> {
        let hash = user.password_hash.clone();
        let look = async {
            if passwords::verify(hash, password).await? {
                return Ok(Tried::Right(()));
            }
            let (sentence, key) = match field {
                "old" => ("the old password is wrong", "error-old-password"),
                _ => ("the password is wrong", "error-own-password"),
            };
            Ok(Tried::Wrong(Failure::new(FailureKind::Invalid, sentence).at(field).keyed(key)))
        };
        self.attempt(caller, &user.name, look).await
    }

    /// The same with a code of the second factor; answers the user as it is after the code was used.
    async fn own_both(
        &self,
        caller: &Caller,
        user: &User,
        password: Secret,
        code: Secret,
    ) -> Result<User, Failure> {
        if user.second.is_none() {
            return Err(none_on());
        }
        self.own_password(caller, user, password, "password").await?;
        let look = async {
            let mut user = self.user_named(user, &user.name)?;
            Ok(match self.second_factor(&mut user, Some(&code))? {
                Tried::Right(()) => Tried::Right(user),
                Tried::Wrong(_) | Tried::Aside(_) => Tried::Wrong(invalid_code()),
            })
        };
        self.attempt(caller, &user.name, look).await
    }

    /// Makes a key and shows it.
    pub(super) async fn factor_begin(
        &self,
        caller: &Caller,
        user: &User,
        password: Secret,
    ) -> Result<PeopleReply, Failure> {
        if user.second.is_some() {
            return Err(Failure::new(
                FailureKind::Busy,
                "a second factor is switched on already: switch it off first",
            )
            .keyed("error-factor-on"));
        }
        self.own_password(caller, user, password, "password").await?;
        let key: Key = Zeroizing::new(dice()?);
        let text = totp::base32(&*key);
        self.auth.enrolling.keys().insert(user.id, (key, self.auth.clock.steady()));
        Ok(PeopleReply::Factor { uri: totp::uri(&user.name, &text), key: text })
    }

    /// Switches it on.
    pub(super) fn factor_confirm(
        &self,
        caller: &Caller,
        user: &User,
        code: &Secret,
    ) -> Result<PeopleReply, Failure> {
        let at = self.auth.clock.steady();
        let shown = {
            let mut keys = self.auth.enrolling.keys();
            keys.retain(|_, (_, since)| at.since(*since) < ENROLLING_MS);
            keys.get(&user.id).map(|(key, _)| key.clone())
        };
        let Some(key) = shown else {
            return Err(Failure::new(FailureKind::Busy, "no key is waiting for its first code: begin again")
                .keyed("error-factor-begin"));
        };
        let now = self.auth.clock.now();
        let Some(step) = totp::accepted(&*key, code.reveal(), now, 0) else { return Err(invalid_code()) };
        let (codes, kept) = fresh_codes()?;
        let second = SecondFactor { since: now, last_step: step, recovery: kept };
        let sealed = Secret::new(hex::encode(key.as_slice()));
        self.change_user(
            user,
            &user.name,
            Keep::Session(caller.session()),
            sentence!("deed-factor-on", "switched the second factor on"),
            |u| {
                u.second = Some(second);
                Ok(())
            },
            |records, batch| records.put_second_factor(batch, user.id, Some(&sealed)),
        )?;
        self.auth.enrolling.keys().remove(&user.id);
        Ok(PeopleReply::Recovery(codes))
    }

    /// Switches one's own off.
    pub(super) async fn factor_off(
        &self,
        caller: &Caller,
        user: &User,
        password: Secret,
        code: Secret,
    ) -> Result<PeopleReply, Failure> {
        let user = self.own_both(caller, user, password, code).await?;
        let what = sentence!("deed-factor-off", "switched the second factor off");
        self.factor_forget(&user, &user.name, what)?;
        Ok(PeopleReply::Done)
    }

    /// Forgets a user's second factor.
    pub(super) fn factor_forget(&self, by: &User, name: &str, what: Said) -> Result<User, Failure> {
        let id = self.user_named(by, name)?.id;
        self.change_user(
            by,
            name,
            Keep::All,
            what,
            |u| if u.second.take().is_some() { Ok(()) } else { Err(none_on()) },
            |records, batch| records.put_second_factor(batch, id, None),
        )
    }

    /// New recovery codes in place of the old ones.
    pub(super) async fn recovery_renew(
        &self,
        caller: &Caller,
        user: &User,
        password: Secret,
        code: Secret,
    ) -> Result<PeopleReply, Failure> {
        let proven = self.own_both(caller, user, password, code).await?;
        let (codes, kept) = fresh_codes()?;
        let second = proven.second.map(|s| SecondFactor { recovery: kept, ..s });
        self.change_user(
            user,
            &user.name,
            Keep::All,
            sentence!("deed-recovery", "made new recovery codes"),
            |u| {
                u.second = second;
                Ok(())
            },
            |_, _| Ok(()),
        )?;
        Ok(PeopleReply::Recovery(codes))
    }
}
