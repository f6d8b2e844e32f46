//! The audit trail: written before or together with the deed, durable before anybody is told, never changed.
//!
//! A deed that is a change of records puts its entry into the same batch ([`Engine::audited`]); one that is not (showing a
//! password) is written first ([`Engine::audit`]) and refused when the trail cannot be written. Requests that write no entry of their own
//! have the one that [`super::deeds`] says, which goes into their first change ([`super::trail`]). Entries are a chain, see
//! [`crate::domain::trail`].

use super::records::{AUDIT, refused};
use super::{Engine, now, trail};
use crate::api::Failure;
use crate::domain::audit::{AuditEntry, AuditFilter, AuditKind, AuditPage};
use crate::domain::environment::Environment;
use crate::domain::node::Node;
use crate::domain::said::Said;
use crate::domain::trail::{TrailFault, TrailReport, Verifier};
use crate::domain::user::{User, UserRole};
use crate::store::{self, Batch};

/// Most entries of a page.
pub const PAGE: u32 = 500;
/// Entries read from the store at once.
const CHUNK: usize = 500;
/// Most entries looked at for one page: a filter that fits little must not hold up the engine.
const LOOKED_AT: usize = 20_000;
/// How often entries that came during a look at the whole trail are waited for.
const LOOKS: u32 = 100;

impl Engine {
    /// A deed in an environment, to be completed by the caller.
    pub fn deed(by: &User, kind: AuditKind, env: &Environment, what: impl Into<Said>) -> AuditEntry {
        AuditEntry::new(now(), &by.name, kind, what).env(env.id, &env.name)
    }

    /// A deed on a node, to be completed by the caller.
    pub fn deed_on(&self, by: &User, kind: AuditKind, node: &Node, what: impl Into<Said>) -> AuditEntry {
        let entry = AuditEntry::new(now(), &by.name, kind, what).node(node.id, &node.name);
        match self.env(node.env) {
            Ok(env) => entry.env(env.id, &env.name),
            Err(_) => entry,
        }
    }

    /// Writes an entry, durably.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), Failure> {
        self.audited(Some(entry.clone()), |_| Ok(()))
    }

    /// Makes a change with its entry, if it is a deed to be remembered: both or neither, durable when this returns.
    pub fn audited(
        &self,
        entry: Option<AuditEntry>,
        fill: impl FnOnce(&mut Batch) -> store::Result<()>,
    ) -> Result<(), Failure> {
        let Some(entry) = entry else { return self.records.change(fill) };
        let mut batch = Batch::new();
        fill(&mut batch).map_err(|f| refused(&f))?;
        self.records.record(batch, trail::signed(entry)).map_err(|f| refused(&f))
    }

    /// Whether the whole trail is as it was written.
    pub fn audit_verify(&self) -> Result<TrailReport, Failure> {
        let mut verifier = Verifier::default();
        let mut last: Option<u64> = None;
        let mut looks = LOOKS;
        let head = loop {
            let entries = self.records.after(AUDIT, last.as_ref(), CHUNK).map_err(|f| refused(&f))?;
            for (number, entry) in &entries {
                verifier.take(*number, entry);
                last = Some(*number);
            }
            if entries.is_empty() {
                // The end is read last: entries that came meanwhile are in front of it.
                let head = self.records.trail_head();
                let more = head.as_ref().is_ok_and(|h| h.as_ref().is_some_and(|h| Some(h.number) > last));
                looks -= 1;
                if !more || looks == 0 {
                    break head;
                }
            }
        };
        let mut report = verifier.end(head.as_ref().ok().map(|h| h.clone().unwrap_or_default()).as_ref());
        if let Err(why) = head {
            let why = format!("the sealed end of the trail does not open: {why}");
            report.faults.push(TrailFault { number: last.unwrap_or_default(), why });
        }
        Ok(report)
    }

    /// Whether `user` may read an entry: of environments that the user reaches; of users and the engine only one's own.
    fn may_read(&self, user: &User, entry: &AuditEntry) -> bool {
        user.role == UserRole::Administrator
            || match &entry.env {
                Some((env, _)) => self.sees(user, *env),
                None => entry.by == user.name,
            }
    }

    /// A part of the trail, newest first: entries before a number, `limit` (at most [`PAGE`]) of them.
    pub fn audit_page(
        &self,
        user: &User,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<AuditPage, Failure> {
        let limit = limit.clamp(1, PAGE) as usize;
        let mut page = AuditPage { before, ..AuditPage::default() };
        let mut looked_at = 0;
        loop {
            let entries = self.records.before(AUDIT, page.before.as_ref(), CHUNK).map_err(|f| refused(&f))?;
            let last = entries.len() < CHUNK;
            for (number, entry) in entries {
                page.before = Some(number);
                looked_at += 1;
                if filter.wants(&entry) && self.may_read(user, &entry) {
                    page.entries.push((number, entry));
                }
                if page.entries.len() == limit {
                    return Ok(page);
                }
            }
            if last {
                page.before = None;
                return Ok(page);
            }
            if looked_at >= LOOKED_AT {
                return Ok(page);
            }
        }
    }
}
