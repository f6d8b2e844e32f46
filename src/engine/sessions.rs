//! Sessions as people see them: whose there are, and ending them.

use super::auth::{Caller, Session};
use super::people::no_user;
use super::{Engine, now};
use crate::api::people::{EndSessions, LoginView, PeopleReply};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::{AuditEntry, AuditKind};
use crate::domain::ids::UserId;
use crate::domain::said::sentence;
use crate::domain::user::User;

/// Letters of a session's hash that people see.
const SHOWN: usize = 10;

impl Engine {
    pub(super) fn end_sessions_of(
        &self,
        user: UserId,
        which: impl Fn(&Session) -> bool,
    ) -> Result<u32, Failure> {
        let gone: Vec<String> = {
            let sessions = self.auth.sessions();
            let of_user = sessions.values().filter(|s| s.user == user && which(s));
            of_user.map(|s| s.hash.clone()).collect()
        };
        self.end_sessions(&gone)?;
        Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
    }

    /// Sessions that are alive, the latest used first.
    pub(super) fn login_views(&self, caller: &Caller, of: Option<UserId>) -> Vec<LoginView> {
        let at = self.auth.clock.now();
        let callers = self.callers();
        let mut views: Vec<LoginView> = {
            let sessions = self.auth.sessions();
            let wanted = sessions.values().filter(|s| at < s.expires() && of.is_none_or(|of| s.user == of));
            let mine = caller.session();
            let view = |s: &super::auth::Session| LoginView {
                id: s.hash.chars().take(SHOWN).collect(),
                user: s.user,
                name: String::new(),
                account: s.account.clone(),
                began: s.began,
                used: s.used,
                expires: s.expires(),
                connections: u32::try_from(
                    callers.iter().filter(|c| c.session().as_ref() == Some(&s.hash)).count(),
                )
                .unwrap_or(u32::MAX),
                mine: mine.as_ref() == Some(&s.hash),
            };
            wanted.map(view).collect()
        };
        let model = self.model.read();
        for view in &mut views {
            view.name = model.users.get(&view.user).map(|u| u.name.clone()).unwrap_or_default();
        }
        drop(model);
        views.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.id.cmp(&b.id)));
        views
    }

    /// Ends sessions; of `only`, if not everybody's may be ended.
    pub(super) fn end(
        &self,
        caller: &Caller,
        asks: &User,
        which: EndSessions,
        only: Option<UserId>,
    ) -> Result<PeopleReply, Failure> {
        let ended = match which {
            EndSessions::One(id) => {
                let found: Option<(String, UserId)> = {
                    let sessions = self.auth.sessions();
                    let fits = |s: &&Session| {
                        id.len() >= SHOWN && s.hash.starts_with(&id) && only.is_none_or(|o| s.user == o)
                    };
                    sessions.values().find(fits).map(|s| (s.hash.clone(), s.user))
                };
                let Some((hash, owner)) = found else {
                    return Err(Failure::new(FailureKind::NotFound, "there is no such session any more")
                        .keyed("error-no-session"));
                };
                let whose = self.model.read().users.get(&owner).map_or_else(String::new, |u| u.name.clone());
                self.audit(&AuditEntry::new(
                    now(),
                    &asks.name,
                    AuditKind::Session,
                    sentence!("deed-session-ended", "ended a session of {name}", name = whose),
                ))?;
                self.end_sessions(&[hash])?;
                1
            }
            EndSessions::Others => {
                self.audit(&AuditEntry::new(
                    now(),
                    &asks.name,
                    AuditKind::Session,
                    sentence!("deed-sessions-other", "ended all other sessions of the own account"),
                ))?;
                let own = caller.session();
                self.end_sessions_of(asks.id, |s| Some(&s.hash) != own.as_ref())?
            }
            EndSessions::Of(name) => {
                let user = self.user_named(asks, &name)?;
                if only.is_some_and(|o| o != user.id) {
                    return Err(no_user(&name, asks));
                }
                self.audit(&AuditEntry::new(
                    now(),
                    &asks.name,
                    AuditKind::Session,
                    sentence!("deed-sessions-all", "ended all sessions of {name}", name = name),
                ))?;
                self.end_sessions_of(user.id, |_| true)?
            }
        };
        Ok(PeopleReply::Ended(ended))
    }
}
