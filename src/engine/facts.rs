//! Facts of nodes and what they were: kept together, asked for again before a job.

use super::records::{FACTS, NODES, refused};
use super::{Engine, now};
use crate::api::Failure;
use crate::discovery;
use crate::domain::facts::Facts;
use crate::domain::facts::history::{self, Record};
use crate::domain::ids::NodeId;
use crate::domain::node::Node;
use crate::domain::time::Moment;
use crate::ssh::Session;
use crate::store::Stamp;

/// Facts that are not older than this when a job begins are taken as they are, milliseconds.
const FRESH_MS: u64 = 10 * 60_000;

impl Engine {
    /// What a node's facts were, oldest first.
    pub fn facts_history(&self, id: NodeId) -> Result<Vec<Record>, Failure> {
        self.node(id)?;
        let all = self.records.under(FACTS, &id).map_err(|f| refused(&f))?;
        Ok(all.into_iter().map(|(_, record)| record).collect())
    }

    /// Keeps facts that were gathered, with their place in the history; `also` may change more of the node.
    pub fn keep_facts(
        &self,
        id: NodeId,
        facts: Facts,
        also: impl FnOnce(&mut Node, &Facts),
    ) -> Result<(), Failure> {
        let _write = self.write();
        let Ok(mut node) = self.node(id) else { return Ok(()) };
        let past: Vec<Record> = self.facts_history(id)?;
        let (record, dropped) = history::keep(&past, &facts);
        also(&mut node, &facts);
        node.facts = Some(facts);
        let stamp = Stamp::engine(now());
        self.records.change(|batch| {
            NODES.put(batch, &id, &node, stamp)?;
            for at in &dropped {
                FACTS.remove(batch, &(id, at.0));
            }
            FACTS.put(batch, &(id, record.since.0), &record, stamp)
        })?;
        self.model.write().nodes.insert(id, node.clone());
        self.node_changed(&node);
        Ok(())
    }

    /// Gathers a node's facts anew if they are older than the job that is about to work on it. A node that does not tell them in
    /// time is worked on all the same: its steps say what is wrong.
    pub async fn facts_before_job(&self, id: NodeId, session: &Session, began: Moment) {
        let known = self.node(id).ok().and_then(|n| n.facts).map(|f| f.gathered);
        if known.is_some_and(|at| at.plus(FRESH_MS) >= began) {
            return;
        }
        match discovery::gather(session, now).await {
            Ok(facts) => {
                if let Err(why) = self.keep_facts(id, facts, |_, _| {}) {
                    tracing::warn!(%why, node = %id, "facts could not be kept");
                }
            }
            Err(why) => tracing::warn!(%why, node = %id, "no facts before the job"),
        }
    }
}
