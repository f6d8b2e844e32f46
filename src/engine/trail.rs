//! What is being asked right now, for the audit trail: by which account, from where, and which deed it is.
//!
//! Every request that changes something has a deed ([`super::deeds`]). It is held here while the request is worked on, and goes into the
//! first change of records that the request makes, so that both or neither are on the disk. A request that writes an entry of its own
//! (which says more) takes the place of the deed. What changes no record of its own, as a job that is told to stop, is written down when it
//! is done. A request that was refused and changed nothing leaves no entry.

use super::auth::Caller;
use super::records::{AUDIT, Records, blocking};
use super::{Engine, syslog};
use crate::api::{Failure, Response};
use crate::domain::audit::{AuditEntry, Difference};
use crate::domain::secret::Secret;
use crate::domain::trail::{self as chain, Head};
use crate::store::{self, Batch, Header, Identity, Kind, Sealed, Stamp, Table};
use std::sync::{Arc, Mutex, PoisonError};

/// The newest entry of the audit trail: sealed JSON of [`Head`]. Whoever lacks the key cannot write another one.
const TRAIL_HEAD: Table<String, Sealed> = Table::new(Kind::Meta, &[]);
/// Its key.
const HEAD: &str = "trail";

tokio::task_local! {
    static ASKED: Arc<Asked>;
}

/// A request that is being worked on.
pub struct Asked {
    account: String,
    from: Option<String>,
    deed: Mutex<Option<AuditEntry>>,
    /// The work writes an entry of its own: the deed waits for the end, and is written only if that did not come.
    waits: bool,
}

impl Asked {
    /// By whoever is at the other end.
    pub fn new(caller: &Caller, deed: Option<AuditEntry>, waits: bool) -> Arc<Self> {
        let (account, from) = (caller.account.clone(), caller.from.clone());
        Arc::new(Self { account, from, deed: Mutex::new(deed), waits })
    }

    fn take(&self) -> Option<AuditEntry> {
        self.deed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Works on a request; afterwards its deed is written down, if it was not yet.
pub async fn during(
    engine: &Arc<Engine>,
    asked: Arc<Asked>,
    work: impl Future<Output = Result<Response, Failure>>,
) -> Result<Response, Failure> {
    ASKED
        .scope(Arc::clone(&asked), async {
            let answer = Box::pin(work).await?;
            if let Some(deed) = asked.take() {
                // It is done: refusing it now would be a lie. Administrators are told that the trail has a gap.
                if let Err(why) = engine.audit(&deed) {
                    engine.notice(format!(
                        "the audit trail lacks an entry ({} by {}): {why}",
                        deed.what, deed.by
                    ));
                }
            }
            Ok(answer)
        })
        .await
}

/// The deed of the request that is being worked on, if nobody has written it down yet.
pub fn pending() -> Option<AuditEntry> {
    ASKED.try_with(|asked| if asked.waits { None } else { asked.take() }).ok().flatten()
}

/// An entry with the account and the place from which it was asked; it takes the place of the request's own deed.
pub fn signed(mut entry: AuditEntry) -> AuditEntry {
    let _ = ASKED.try_with(|asked| {
        asked.take();
        entry.account = Some(asked.account.clone());
        entry.from.clone_from(&asked.from);
    });
    entry
}

impl Records {
    /// Makes a change together with an entry of the audit trail: both or neither.
    pub fn record(&self, mut batch: Batch, mut entry: AuditEntry) -> store::Result<()> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match head.take() {
            Some(head) => head,
            None => self.trail_head()?.unwrap_or_default(),
        };
        let number = self.store.next_id(Kind::Audit)?;
        entry.changes = self.differences(&batch)?;
        entry.hash = chain::hash(&before.hash, number, &entry);
        let first = if before.hash.is_empty() { number } else { before.first };
        let next = Head { first, number, hash: entry.hash.clone() };
        AUDIT.insert(&mut batch, &number, &entry, Stamp::engine(entry.at))?;
        let key = HEAD.to_owned();
        let text = Secret::new(serde_json::to_string(&next).unwrap_or_default());
        let sealed = self.sealer.seal(&Identity::of(&TRAIL_HEAD, &key, "head"), &text)?;
        TRAIL_HEAD.put(&mut batch, &key, &sealed, Stamp::engine(entry.at))?;
        // Where it fails the head stays unknown and is read from what is on the disk.
        blocking(|| self.store.apply(batch))?;
        *head = Some(next);
        drop(head);
        self.tell(number, &entry);
        Ok(())
    }

    /// Says an entry that was written to the engine's log, and to syslog where that is asked for.
    fn tell(&self, number: u64, entry: &AuditEntry) {
        if let Some(socket) = &self.syslog {
            syslog::tell(socket, number, entry);
        }
        let name = |n: Option<&String>| n.cloned().unwrap_or_default();
        tracing::info!(
            number, user = %entry.by, kind = %entry.kind, env = name(entry.env.as_ref().map(|e| &e.1)),
            node = name(entry.node.as_ref().map(|n| &n.1)), job = entry.job.map(|j| j.0), "{}", entry.what
        );
    }

    /// The newest entry of the audit trail, as it is kept beside it.
    pub fn trail_head(&self) -> store::Result<Option<Head>> {
        let key = HEAD.to_owned();
        let Some(sealed) = TRAIL_HEAD.get(&*self.store, &key)? else { return Ok(None) };
        let text = self.sealer.open(&Identity::of(&TRAIL_HEAD, &key, "head"), &sealed.value)?;
        serde_json::from_str(text.reveal()).map(Some).map_err(|e| store::Error::Unreadable {
            kind: Kind::Meta,
            key: HEAD.to_owned(),
            why: e.to_string(),
        })
    }

    /// What a change does to records that operators know, before and after; of sealed ones only that they change.
    fn differences(&self, batch: &Batch) -> store::Result<Vec<Difference>> {
        let json = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(serde_json::Value::Null);
        let mut found = Vec::new();
        for (kind, key, body) in batch.changes() {
            let what = match kind {
                Kind::Users => "user",
                Kind::Environments => "environment",
                Kind::Nodes => "node",
                Kind::Networks => "network",
                Kind::Addresses => "address",
                Kind::Discovery => "discovery",
                Kind::CredentialSets => "credential-set",
                Kind::Logs => "logs",
                Kind::Credentials | Kind::JumpCredentials | Kind::Accounts | Kind::SecondFactors => {
                    let there = self.store.get(kind, key)?.is_some();
                    found.push(chain::sealed(kind.name(), there, body.is_some()));
                    continue;
                }
                _ => continue,
            };
            let old = self.store.get(kind, key)?;
            let old =
                old.as_deref().and_then(Header::split).map_or(serde_json::Value::Null, |(_, b)| json(b));
            // What is new as a whole is told by the sentence; what goes is worth keeping.
            if !old.is_null() {
                found.extend(chain::differences(what, &old, &body.map_or(serde_json::Value::Null, json)));
            }
        }
        found.truncate(chain::DIFFERENCES_MAX);
        Ok(found)
    }
}
