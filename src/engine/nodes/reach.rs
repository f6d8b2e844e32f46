//! Reaching nodes: the way to them, whether they answer, what they say of themselves.

use super::super::topics::Area;
use super::super::{Engine, now};
use super::node_fault;
use crate::api::message::HostKeyView;
use crate::api::{Failure, FailureKind, Response};
use crate::discovery;
use crate::domain::ids::NodeId;
use crate::domain::jump::Jump;
use crate::domain::node::{CredentialKind, Node, Reach};
use crate::domain::said::Said;
use crate::ssh::{self, Hop, HostKeyCheck, Session, SshError, Target};
use std::path::PathBuf;
use std::sync::Arc;

impl Engine {
    /// How to reach a node.
    pub fn target(&self, node: &Node) -> Result<Target, Failure> {
        let credentials = match &node.credential {
            Some(CredentialKind::Agent { socket }) => {
                vec![ssh::Credential::Agent { socket: PathBuf::from(socket) }]
            }
            Some(CredentialKind::Set { name, .. }) => {
                let text = format!(
                    "node {} has not taken a credential of the set {name} yet: probe it first",
                    node.name
                );
                return Err(Failure::new(FailureKind::Node, text)
                    .keyed("error-set-untried")
                    .arg("node", &node.name)
                    .arg("name", name));
            }
            _ => match self.records.credential(node.id)? {
                Some(stored) => vec![stored.to_ssh()],
                None => {
                    return Err(Failure::new(
                        FailureKind::Node,
                        format!(
                            "no credentials are known for node {}: give a password, a key or an agent",
                            node.name
                        ),
                    )
                    .keyed("error-no-credentials")
                    .arg("node", &node.name));
                }
            },
        };
        self.target_with(node, node.user.clone(), credentials)
    }

    /// How to reach a node with these credentials.
    pub fn target_with(
        &self,
        node: &Node,
        user: String,
        credentials: Vec<ssh::Credential>,
    ) -> Result<Target, Failure> {
        let host_key = match &node.host_key {
            Some(key) => HostKeyCheck::Pinned(key.parse().map_err(|f: ssh::ValueFault| {
                Failure::new(FailureKind::Engine, f.to_string()).keyed(f.key())
            })?),
            None => HostKeyCheck::AskFirst,
        };
        let jumps = self.way(node, &credentials)?;
        let node = Hop { address: node.address, port: node.port, user, credentials, host_key };
        Ok(Target { node, jumps })
    }

    /// Connects to a node and notes whether it answers.
    pub async fn connect_node(&self, node: &Node) -> Result<Session, SshError> {
        let result = self.log_in(node).await;
        let silent = match &result {
            Ok(_) => None,
            Err(SshError::HostKeyUnknown { .. }) => return result,
            Err(why) => Some(Said::from(why)),
        };
        // Many nodes are connected to at the same time: this waits for a flush together with all of them.
        let noted = self.noted(node.id, |n| {
            n.reach = match (silent, &n.reach) {
                (None, _) => Reach::Answers { at: now() },
                (Some(why), Reach::Silent { since, .. }) => Reach::Silent { since: *since, why },
                (Some(why), _) => Reach::Silent { since: now(), why },
            };
        });
        let noted = noted.await;
        if let Err(why) = noted {
            tracing::warn!(%why, node = %node.name, "whether the node answers could not be noted");
        }
        result
    }

    /// Connects to a node and gathers its facts. A new host key is a question back.
    pub async fn node_probe(self: &Arc<Self>, id: NodeId) -> Result<Response, Failure> {
        let node = self.node(id)?;
        self.probing.begin(id);
        self.topics.touch(Area::Nodes(node.env));
        let result = self.probe(&node).await;
        self.probing.end(id);
        self.topics.touch(Area::Nodes(node.env));
        result
    }

    async fn probe(&self, node: &Node) -> Result<Response, Failure> {
        let session = match self.connect_node(node).await {
            Ok(session) => session,
            Err(SshError::HostKeyUnknown { host, offered }) => {
                return Ok(Response::HostKey(HostKeyView {
                    jump: node.jump.as_ref().map(Jump::host).filter(|jump| *jump == host),
                    node: node.id,
                    key: offered.to_string(),
                    fingerprint: offered.fingerprint(),
                    kind: offered.kind(),
                }));
            }
            Err(why) => return Err(node_fault(&why)),
        };
        let facts = discovery::gather(&session, now).await;
        session.close().await;
        let facts = facts.map_err(|why| Failure::said(FailureKind::Node, &Said::from(&why)))?;
        let first = node.facts.is_none();
        self.keep_facts(node.id, facts, |n, facts| {
            // A node that was added by its address gets the name it gives itself, once.
            let short = facts.hostname.split('.').next().unwrap_or_default().to_lowercase();
            if first
                && n.name == format!("node-{}", n.address.to_string().replace('.', "-"))
                && self.check_node(n.env, Some(n.id), &short, n.address, n.port, n.jump.as_ref()).is_ok()
            {
                n.name = short;
            }
        })?;
        self.note_node_leases(&self.node(node.id)?);
        Ok(Response::Node(Box::new(self.node_row(&self.node(node.id)?))))
    }
}
