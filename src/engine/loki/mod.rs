//! Loki servers of environments: where they are, what is pushed there, what they are asked.
//!
//! `push` is the task that pushes, one an environment; `source` the collected logs as it reads them; `tails` are live tails that clients poll. What is stored is one sealed text, the
//! password within, and beside the collected logs a small file that says how far pushing is.

mod push;
mod source;
mod tails;

use super::deeds::pushing;
use super::records::ACCOUNTS;
use super::{Engine, now};
use crate::api::loki::{LokiAsk, LokiReply};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::domain::loki::{ENTRIES_MAX, LokiAnswer, LokiPlace, LokiQuery, LokiView};
use crate::domain::said::{self, Said, sentence};
use crate::domain::secret::Secret;
use crate::domain::text::harmless;
use crate::domain::user::User;
use crate::logs::loki::{Loki, LokiError};
use std::sync::Arc;

pub use push::Pushers;
pub use tails::Tails;

/// Name under which the place is kept among an environment's sealed values. Accounts of services have names without a colon.
const KEPT: &str = "loki:place";
/// Most bytes of a line in an answer to a client.
const LINE_MAX: usize = 64 * 1024;
/// Most bytes of lines in one answer: a frame holds 16 MiB.
const ANSWER_MAX: usize = 8 << 20;
/// Labels are completed from so many nanoseconds before now.
const COMPLETE: i64 = 24 * 3_600 * 1_000_000_000;

fn fault(why: &LokiError) -> Failure {
    let kind = match why {
        LokiError::NotSet => FailureKind::NotFound,
        LokiError::Address { .. }
        | LokiError::Authority { .. }
        | LokiError::NoTenant
        | LokiError::Login { .. }
        | LokiError::NotLoki { .. }
        | LokiError::Refused { .. } => FailureKind::Invalid,
        _ => FailureKind::Node,
    };
    let field = match why {
        LokiError::Address { .. } | LokiError::NotLoki { .. } | LokiError::Unreachable { .. } => "url",
        LokiError::Authority { .. } => "authority",
        LokiError::NoTenant => "tenant",
        LokiError::Login { .. } => "password",
        LokiError::Refused { .. } => "query",
        _ => "",
    };
    let failure = Failure::new(kind, harmless(&why.to_string()));
    // What Loki itself said stays as it said it, in every language.
    let failure = match why {
        LokiError::NotSet => failure.keyed("error-loki-none"),
        LokiError::NoTenant => failure.keyed("error-loki-no-tenant"),
        LokiError::Unreachable { why } => failure.keyed("error-loki-away").arg("why", harmless(why)),
        LokiError::Broken { why } => failure.keyed("error-loki-broken").arg("why", harmless(why)),
        LokiError::Login { status, said } => {
            failure.keyed("error-loki-login").arg("status", status).arg("said", harmless(said))
        }
        LokiError::NotLoki { why } => failure.keyed("error-loki-other").arg("why", harmless(why)),
        LokiError::Refused { said, .. } => failure.keyed("error-loki-refused").arg("said", harmless(said)),
        LokiError::TooMuch { said } => failure.keyed("error-loki-too-much").arg("said", harmless(said)),
        LokiError::Failed { status, said } => {
            failure.keyed("error-loki-failed").arg("status", status).arg("said", harmless(said))
        }
        LokiError::Address { .. } => failure.keyed("loki-bad-url"),
        LokiError::Authority { why } => failure.keyed("error-loki-authority").arg("why", harmless(why)),
        LokiError::Odd { why } => failure.keyed("error-loki-odd").arg("why", harmless(why)),
    };
    if field.is_empty() { failure } else { failure.at(field) }
}

/// Nanoseconds since 1970.
fn nanos() -> i64 {
    i64::try_from(now().0).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

impl Engine {
    /// Answers a question about Loki.
    pub async fn loki(self: &Arc<Self>, user: &User, asked: LokiAsk) -> Result<LokiReply, Failure> {
        Ok(match asked {
            LokiAsk::Show { env } => LokiReply::View(Box::new(self.loki_view(env)?)),
            LokiAsk::Set { env, place } => self.loki_set(user, env, place.map(|p| *p)).await?,
            LokiAsk::Push { env, on } => LokiReply::View(Box::new(self.loki_push(user, env, on)?)),
            LokiAsk::Test { env } => {
                let loki = self.loki_client(env)?;
                let version = loki.version().await.map_err(|why| fault(&why))?;
                let labels = loki.labels(None).await.map_err(|why| fault(&why))?;
                LokiReply::Tested { version, labels: labels.iter().map(|l| harmless(l)).collect() }
            }
            LokiAsk::Query { env, query } => {
                let query = LokiQuery { limit: query.limit.clamp(1, ENTRIES_MAX), ..query };
                let answer = self.loki_client(env)?.query(&query).await.map_err(|why| fault(&why))?;
                LokiReply::Query(Box::new(bounded(answer)))
            }
            LokiAsk::Labels { env } => {
                let range = Some((nanos() - COMPLETE, nanos()));
                LokiReply::Names(self.loki_client(env)?.labels(range).await.map_err(|why| fault(&why))?)
            }
            LokiAsk::Values { env, label, selector } => {
                let range = Some((nanos() - COMPLETE, nanos()));
                let values = self.loki_client(env)?.values(&label, selector.as_deref(), range).await;
                LokiReply::Names(values.map_err(|why| fault(&why))?)
            }
            LokiAsk::TailOpen { env, query, limit, start } => {
                let loki = self.loki_client(env)?;
                let tail = loki.tail(&query, limit.clamp(1, ENTRIES_MAX), start).await;
                LokiReply::Tailing(self.tails.begin(
                    &self.threads,
                    tail.map_err(|why| fault(&why))?,
                    (user.id, env),
                )?)
            }
            LokiAsk::TailNext { tail } => LokiReply::Tail(Box::new(self.tails.next(tail, user.id).await?)),
            LokiAsk::TailClose { tail } => LokiReply::Tail(Box::new(self.tails.end(tail, user.id)?)),
        })
    }

    fn loki_place(&self, env: EnvId) -> Result<Option<LokiPlace>, Failure> {
        let Some(text) = self.records.account(env, KEPT)? else { return Ok(None) };
        serde_json::from_str(text.reveal()).map(Some).map_err(|_| {
            Failure::new(FailureKind::Engine, "what is stored about Loki cannot be read: set it again")
                .keyed("error-loki-unreadable")
        })
    }

    fn loki_client(&self, env: EnvId) -> Result<Loki, Failure> {
        let env = self.env(env)?;
        let place = self.loki_place(env.id)?.ok_or_else(|| fault(&LokiError::NotSet))?;
        self.pushers.client(env.id, &place).map_err(|why| fault(&why))
    }

    fn loki_view(&self, env: EnvId) -> Result<LokiView, Failure> {
        let env = self.env(env)?;
        let settings = self.loki_place(env.id)?.map(|place| place.settings());
        let progress = self.pushers.progress(env.id).unwrap_or_else(|| self.kept_progress(env.id));
        Ok(LokiView { settings, progress })
    }

    /// Sets where an environment's Loki is, or forgets it. A server that is away just now is no reason to refuse; one that answers
    /// that address, tenant, user or certificates are wrong is.
    async fn loki_set(
        self: &Arc<Self>,
        asks: &User,
        env: EnvId,
        place: Option<LokiPlace>,
    ) -> Result<LokiReply, Failure> {
        let env = self.env(env)?;
        let old = self.loki_place(env.id)?;
        let Some(mut place) = place else {
            let at = old.ok_or_else(|| fault(&LokiError::NotSet))?.url;
            let deed = Self::deed(
                asks,
                AuditKind::Service,
                &env,
                sentence!("deed-loki-forgot", "forgot the Loki at {at}", at = at),
            );
            self.audited(Some(deed), |batch| {
                ACCOUNTS.remove(batch, &(env.id, KEPT.to_owned()));
                Ok(())
            })?;
            self.pushers.stop(env.id);
            return Ok(LokiReply::Set {
                view: Box::new(self.loki_view(env.id)?),
                version: None,
                silent: None,
            });
        };
        place.authority = place.authority.filter(|a| !a.trim().is_empty());
        place.tenant = place.tenant.filter(|t| !t.trim().is_empty());
        place.user = place.user.filter(|u| !u.is_empty());
        place.url = place.url.trim().trim_end_matches('/').to_owned();
        if place.user.is_some()
            && place.password.is_empty()
            && let Some(old) = old.filter(|old| old.same_login(&place))
        {
            // What is kept for one server or user is not sent to another.
            place.password = old.password;
        }
        place.check().map_err(|why| {
            Failure::new(FailureKind::Invalid, why.to_string()).at(why.field()).keyed(why.key())
        })?;
        if place.user.is_some() && place.password.is_empty() {
            return Err(Failure::new(
                FailureKind::Invalid,
                "the password of this user on this server is missing",
            )
            .at("password")
            .keyed("error-loki-no-password"));
        }
        what(&place)?;
        let loki = Loki::new(&place).map_err(|why| fault(&why))?;
        let (version, silent) = match loki.version().await {
            Ok(version) => (Some(version), None),
            Err(why) if why.heals() => (None, Some(why.to_string())),
            Err(why) => return Err(fault(&why)),
        };
        self.keep_loki(asks, &env, &place, described(&place))?;
        self.start_pushing(env.id, &env.name, &place);
        Ok(LokiReply::Set { view: Box::new(self.loki_view(env.id)?), version, silent })
    }

    fn loki_push(self: &Arc<Self>, asks: &User, env: EnvId, on: bool) -> Result<LokiView, Failure> {
        let env = self.env(env)?;
        let mut place = self.loki_place(env.id)?.ok_or_else(|| fault(&LokiError::NotSet))?;
        place.push = on;
        self.keep_loki(asks, &env, &place, pushing(on))?;
        self.start_pushing(env.id, &env.name, &place);
        self.loki_view(env.id)
    }

    fn keep_loki(
        &self,
        asks: &User,
        env: &crate::domain::environment::Environment,
        place: &LokiPlace,
        told: Said,
    ) -> Result<(), Failure> {
        let text =
            serde_json::to_string(place).map_err(|e| Failure::new(FailureKind::Engine, e.to_string()))?;
        let deed = Self::deed(asks, AuditKind::Service, env, told);
        self.audited(Some(deed), |batch| {
            self.records.put_account(batch, env.id, KEPT, &Secret::new(text.as_str()))
        })
    }
}

/// The filter of what is pushed.
fn what(place: &LokiPlace) -> Result<LogFilter, Failure> {
    let filter: LogFilter = place.what.parse().map_err(|why: crate::domain::logs::FilterFault| {
        Failure::new(FailureKind::Invalid, format!("what is to be pushed: {why}"))
            .at("what")
            .keyed(&why.key)
            .args(why.args)
    })?;
    if filter.is_of_a_job() {
        let why = "output of installations is not pushed: leave 'job' out of what is to be pushed";
        return Err(Failure::new(FailureKind::Invalid, why).at("what").keyed("error-loki-job"));
    }
    Ok(filter)
}

/// Settings for the audit trail; no secrets.
fn described(place: &LokiPlace) -> Said {
    let mut parts = vec![sentence!("deed-loki-set", "set the Loki at {url}", url = place.url)];
    parts.extend(place.tenant.as_ref().map(|t| sentence!("deed-loki-tenant", "tenant {name}", name = t)));
    parts.extend(place.user.as_ref().map(|u| sentence!("deed-loki-user", "user {name}", name = u)));
    parts.extend(place.authority.as_ref().map(|_| sentence!("deed-loki-authority", "own authority")));
    let push = match place.what.as_str() {
        _ if !place.push => sentence!("deed-loki-nothing", "nothing is pushed"),
        "" => sentence!("deed-loki-all", "everything is pushed"),
        what => sentence!("deed-loki-what", "{what} is pushed", what = what),
    };
    sentence!("said-then", "{before}; {more}",; before = said::list(parts), more = push)
}

/// An answer that fits into a frame.
fn bounded(mut answer: LokiAnswer) -> LokiAnswer {
    let mut bytes = 0;
    let mut long = 0;
    let mut fits = answer.entries.len();
    for (at, entry) in answer.entries.iter_mut().enumerate() {
        if entry.line.len() > LINE_MAX {
            let mut end = LINE_MAX;
            while !entry.line.is_char_boundary(end) {
                end -= 1;
            }
            entry.line.truncate(end);
            entry.line.push('…');
            long += 1;
        }
        let fields = [&entry.labels, &entry.metadata, &entry.parsed];
        bytes += entry.line.len() + 64;
        bytes += fields.iter().flat_map(|f| f.iter()).map(|(k, v)| k.len() + v.len() + 4).sum::<usize>();
        if bytes > ANSWER_MAX {
            fits = at.max(1);
            break;
        }
    }
    if long > 0 {
        answer.notes.push(format!("{long} lines are longer than {} KiB and were cut", LINE_MAX >> 10));
    }
    if fits < answer.entries.len() {
        answer.entries.truncate(fits);
        answer.more = true;
        answer.notes.push(format!("{fits} entries are as much as one answer holds"));
    }
    answer
}

#[cfg(test)]
mod tests;
