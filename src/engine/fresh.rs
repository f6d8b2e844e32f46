//! Is there a fresh system where a node was? Asked after a reinstallation, by Cobbler or by hand.
//!
//! A fresh system shows another host key than the pinned one and another machine id than the one of the last facts, and has
//! nothing of ours on it. Its key is taken on trust this once, because the machine was just installed on our own order.

use super::{Engine, now};
use crate::discovery;
use crate::domain::facts::Facts;
use crate::domain::ids::NodeId;
use crate::domain::job::Renewal;
use crate::domain::node::{Node, Reach};
use crate::domain::said::Said;
use crate::runner::BASE;
use crate::ssh::{self, HostKeyCheck, SshError};
use std::time::Duration;

/// For a look at one path.
const LOOK: Duration = Duration::from_secs(20);

impl Engine {
    /// The fresh system, or what is missing, in a sentence.
    pub async fn fresh(&self, id: NodeId) -> Result<Renewal, Said> {
        let node = self.node(id)?;
        let mut target = self.target(&node)?;
        target.node.host_key = HostKeyCheck::AskFirst;
        let offered = match ssh::connect(&target).await {
            Err(SshError::HostKeyUnknown { host, offered }) if host == target.node.to_string() => offered,
            Err(why) => return Err((&why).into()),
            Ok(session) => {
                session.close().await;
                return Err(Said::keyed("the node offered no host key", "fresh-no-key"));
            }
        };
        if node.host_key.as_deref() == Some(offered.to_string().as_str()) {
            let text = format!(
                "{} still shows its old host key {}: the old system answers, or its disk was not installed anew",
                node.name,
                offered.fingerprint()
            );
            return Err(Said::keyed(text, "fresh-old-key")
                .arg("name", node.name)
                .arg("key", offered.fingerprint()));
        }
        target.node.host_key = HostKeyCheck::Pinned((*offered).clone());
        // It may lock accounts like any other machine, and this is asked again and again.
        self.logins.renewed(&node);
        let stranger = Node { reach: Reach::Unknown, ..node.clone() };
        let session = self.log_in_to(&stranger, &target).await.map_err(|why| Said::from(&why))?;
        let facts = discovery::gather(&session, now).await;
        let ours = session.run(&format!("test -e {BASE} && echo yes || echo no"), "", LOOK).await;
        session.close().await;
        let facts = facts.map_err(|why| Said::from(why.to_string()))?;
        let old = node.facts.as_ref().map(|f| f.machine_id.as_str()).unwrap_or_default();
        if facts.machine_id.is_empty() {
            let text = format!("{} tells no machine id: /etc/machine-id is empty or missing", node.name);
            return Err(Said::keyed(text, "fresh-no-id").arg("name", node.name));
        }
        if facts.machine_id == old {
            let text = format!(
                "{} has a new host key but its old machine id {old}: the old system answers",
                node.name
            );
            return Err(Said::keyed(text, "fresh-old-id").arg("name", node.name.as_str()).arg("id", old));
        }
        let ours = ours.map_err(|why| Said::from(&why))?;
        if String::from_utf8_lossy(&ours.stdout).trim() != "no" {
            let text = format!("{BASE} is still there on {}: this is not a fresh system", node.name);
            return Err(Said::keyed(text, "fresh-ours").arg("path", BASE).arg("name", node.name));
        }
        // The new id is kept with the entry of the journal that says that it is a fresh system: an engine that dies in between asks
        // again, and must not take the fresh system for the old one.
        let machine_id = facts.machine_id.clone();
        let facts = Facts { machine_id: old.to_owned(), ..facts };
        self.note_node(id, |n| n.facts = Some(facts))?;
        if let Ok(node) = self.node(id) {
            self.note_node_leases(&node);
        }
        Ok(Renewal::Fresh { host_key: offered.to_string(), machine_id })
    }
}
