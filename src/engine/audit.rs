//! The audit trail: written before or together with the deed, durable before anybody is told, never changed.
//!
//! A deed that is a change of records puts its entry into the same batch ([`Engine::audited`]); one that is not (showing a
//! password) is written first ([`Engine::audit`]) and refused when the trail cannot be written.

use super::records::{AUDIT, refused};
use super::{Engine, now};
use crate::api::Failure;
use crate::domain::audit::{AuditEntry, AuditFilter, AuditKind, AuditPage};
use crate::domain::environment::Environment;
use crate::domain::node::Node;
use crate::domain::user::User;
use crate::store::{self, Batch, Kind, Stamp};

/// Most entries of a page.
pub const PAGE: u32 = 500;
/// Entries read from the store at once.
const CHUNK: usize = 500;
/// Most entries looked at for one page: a filter that fits little must not hold up the engine.
const LOOKED_AT: usize = 20_000;

impl Engine {
    /// A deed in an environment, to be completed by the caller.
    pub fn deed(by: &User, kind: AuditKind, env: &Environment, what: impl AsRef<str>) -> AuditEntry {
        AuditEntry::new(now(), &by.name, kind, what).env(env.id, &env.name)
    }

    /// A deed on a node, to be completed by the caller.
    pub fn deed_on(&self, by: &User, kind: AuditKind, node: &Node, what: impl AsRef<str>) -> AuditEntry {
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
        let number = self.records.next_id(Kind::Audit)?;
        self.records.change(|batch| {
            AUDIT.insert(batch, &number, &entry, Stamp::engine(entry.at))?;
            fill(batch)
        })?;
        let name = |n: Option<&String>| n.cloned().unwrap_or_default();
        tracing::info!(
            user = %entry.by, kind = %entry.kind, env = name(entry.env.as_ref().map(|e| &e.1)),
            node = name(entry.node.as_ref().map(|n| &n.1)), job = entry.job.map(|j| j.0), "{}", entry.what
        );
        Ok(())
    }

    /// A part of the trail, newest first: entries before a number, `limit` (at most [`PAGE`]) of them.
    pub fn audit_page(
        &self,
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
                if filter.wants(&entry) {
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
