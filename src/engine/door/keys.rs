//! Keys of users.

use super::super::people::Keep;
use super::super::{Engine, now};
use crate::api::{Failure, FailureKind};
use crate::domain::door::{KEYS_MAX, UserKey};
use crate::domain::said::{Said, sentence};
use crate::domain::user::User;
use crate::ssh::serve::LoginKey;

/// Least of a fingerprint that names a key, `SHA256:` not counted.
const SHORTEST: usize = 6;

fn no_key(name: &str) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!("{name} has no such key, or more than one begins like this: 'cpmg ssh-key list' shows them"),
    )
    .at("fingerprint")
    .keyed("error-no-key")
    .arg("name", name)
}

impl Engine {
    /// Registers a key of the user `name`. One key belongs to one user: it must say who comes.
    pub(super) fn key_add(&self, by: &User, name: &str, line: &str) -> Result<Vec<UserKey>, Failure> {
        let key = LoginKey::parse(line)
            .map_err(|e| Failure::said(FailureKind::Invalid, &Said::from(&e)).at("key"))?;
        let LoginKey { fingerprint, line, comment } = key;
        let elsewhere = {
            let model = self.model.read();
            let of = model.users.values().find(|u| u.keys.iter().any(|k| k.fingerprint == fingerprint));
            of.map(|u| u.name == name)
        };
        match elsewhere {
            Some(true) => {
                return Err(Failure::new(FailureKind::Conflict, "this key is registered already")
                    .at("key")
                    .keyed("error-key-registered"));
            }
            // Not whose: that is nobody's business.
            Some(false) => {
                return Err(Failure::new(
                    FailureKind::Conflict,
                    "this key belongs to another user: make one of your own with 'ssh-keygen -t ed25519'",
                )
                .at("key")
                .keyed("error-key-of-another"));
            }
            None => {}
        }
        let what = sentence!(
            "deed-key-registered",
            "registered the key {key} {comment} of {name}",
            key = fingerprint,
            comment = comment,
            name = name
        );
        let added = UserKey { fingerprint, line, comment, added: now() };
        let change = |user: &mut User| {
            if user.keys.len() >= KEYS_MAX {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!("{name} has {KEYS_MAX} keys, which are the most: remove one first"),
                )
                .keyed("error-keys-many")
                .arg("name", name)
                .arg("most", KEYS_MAX));
            }
            user.keys.push(added);
            Ok(())
        };
        self.change_user(by, name, Keep::All, what, change, |_, _| Ok(())).map(|user| user.keys)
    }

    /// Removes a key. Sessions that were begun with it end.
    pub(super) fn key_remove(
        &self,
        by: &User,
        name: &str,
        fingerprint: &str,
    ) -> Result<Vec<UserKey>, Failure> {
        let wanted = fingerprint.trim().strip_prefix("SHA256:").unwrap_or(fingerprint.trim());
        if wanted.len() < SHORTEST {
            return Err(no_key(name));
        }
        let fits = |k: &UserKey| k.fingerprint.trim_start_matches("SHA256:").starts_with(wanted);
        let full = {
            let keys = self.user_named(by, name)?.keys;
            let mut found = keys.iter().filter(|k| fits(k));
            match (found.next(), found.next()) {
                (Some(key), None) => key.fingerprint.clone(),
                _ => return Err(no_key(name)),
            }
        };
        let what = sentence!(
            "deed-key-removed",
            "removed the key {key} of {name}; sessions begun with it ended",
            key = full,
            name = name
        );
        let keep = Keep::NotBy(full.clone());
        let change = |user: &mut User| {
            user.keys.retain(|k| k.fingerprint != full);
            Ok(())
        };
        self.change_user(by, name, keep, what, change, |_, _| Ok(())).map(|user| user.keys)
    }
}
