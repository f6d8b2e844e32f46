//! Jump hosts: nodes that are reached through another machine.
//!
//! How to log in to one is sealed by node, as for the node itself. Its host key is pinned once: nodes behind the same machine (same
//! address and port, in the same environment) share it, and a machine that is a node itself has it pinned already.

use super::Engine;
use super::nodes::{invalid, split};
use super::records::StoredCredential;
use crate::api::message::{Credential, JumpAsk};
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::NodeId;
use crate::domain::jump::{Jump, JumpFault, JumpPlace};
use crate::domain::node::{CredentialKind, Node};
use crate::domain::said::sentence;
use crate::domain::user::User;
use crate::ssh::{self, Hop, HostKey, HostKeyCheck};
use std::path::PathBuf;

/// A jump host as asked for, and what of its login is secret.
pub struct NewJump {
    /// It.
    pub jump: Jump,
    /// What is sealed.
    pub secret: Option<StoredCredential>,
}

/// What is asked for, checked. `user`: the node's account.
pub async fn asked(ask: Option<JumpAsk>, user: &str) -> Result<Option<NewJump>, Failure> {
    let Some(ask) = ask else { return Ok(None) };
    let refused = |f: JumpFault| Failure::said(FailureKind::Invalid, &f.said()).at("jump");
    let place: JumpPlace = ask.place.parse().map_err(refused)?;
    if matches!(ask.credential, Some(Credential::Set { .. })) {
        return Err(invalid(
            "jump",
            "a jump host takes no set of credentials: give a password, a key or an agent",
        )
        .keyed("error-jump-set"));
    }
    let (kind, secret) = match ask.credential {
        Some(credential) => {
            let (kind, secret) = split(credential).await?;
            (Some(kind), secret)
        }
        None => (None, None),
    };
    Ok(Some(NewJump { jump: jump(&place, user, kind), secret }))
}

/// A jump host at a place, its key not pinned yet.
pub fn jump(place: &JumpPlace, user: &str, credential: Option<CredentialKind>) -> Jump {
    let user = place.user.clone().unwrap_or_else(|| user.to_owned());
    Jump { address: place.address, port: place.port, user, credential, host_key: None }
}

impl Engine {
    /// The key that a jump host must show.
    fn jump_key(&self, node: &Node, jump: &Jump) -> Option<String> {
        let model = self.model.read();
        let mut same = model.nodes.values().filter(|n| n.env == node.env);
        jump.host_key.clone().or_else(|| {
            same.find_map(|n| match &n.jump {
                Some(other) if other.is_at(jump) => other.host_key.clone(),
                None if (n.address, n.port) == (jump.address, jump.port) => n.host_key.clone(),
                _ => None,
            })
        })
    }

    /// The jump host as clients see it: its host key as a fingerprint.
    pub fn shown_jump(&self, node: &Node) -> Option<Jump> {
        let jump = node.jump.as_ref()?;
        let key = jump.host_key.as_ref().and_then(|k| k.parse::<HostKey>().ok());
        Some(Jump { host_key: key.map(|k| k.fingerprint()), ..jump.clone() })
    }

    /// The way to a node: nothing, or its jump host. `own`: what it is logged in to with itself.
    pub fn way(&self, node: &Node, own: &[ssh::Credential]) -> Result<Vec<Hop>, Failure> {
        let Some(jump) = &node.jump else { return Ok(Vec::new()) };
        let credentials = match &jump.credential {
            None => own.to_vec(),
            Some(CredentialKind::Agent { socket }) => {
                vec![ssh::Credential::Agent { socket: PathBuf::from(socket) }]
            }
            Some(_) => self.records.jump_credential(node.id)?.iter().map(StoredCredential::to_ssh).collect(),
        };
        let host_key = match self.jump_key(node, jump) {
            Some(key) => HostKeyCheck::Pinned(
                key.parse().map_err(|f: ssh::ValueFault| invalid("jump", f.to_string()).keyed(f.key()))?,
            ),
            None => HostKeyCheck::AskFirst,
        };
        let Jump { address, port, user, .. } = jump.clone();
        Ok(vec![Hop { address, port, user, credentials, host_key }])
    }

    /// Pins the key of a node's jump host.
    pub fn trust_jump(&self, asks: &User, node: &Node, key: &HostKey) -> Result<(), Failure> {
        let Some(jump) = &node.jump else {
            return Err(invalid("key", format!("{} has no jump host", node.name))
                .keyed("error-no-jump")
                .arg("node", &node.name));
        };
        if self.jump_key(node, jump).is_some_and(|k| k != key.to_string()) {
            return Err(invalid(
                "key",
                "another host key is pinned for this jump host: forget that one first, if you know why it changed",
            )
            .keyed("error-jump-key-other"));
        }
        let what = sentence!(
            "deed-jump-key-pinned",
            "pinned the host key {key} of the jump host {jump}",
            key = key.fingerprint(),
            jump = jump.host()
        );
        self.audit(&self.deed_on(asks, AuditKind::HostKey, node, what))?;
        self.note_node(node.id, |n| {
            if let Some(jump) = &mut n.jump {
                jump.host_key = Some(key.to_string());
            }
        })
    }

    /// The other nodes behind the same jump host that have its key pinned: forgetting it means all of them.
    pub fn behind_the_same(&self, node: &Node) -> Vec<NodeId> {
        let Some(jump) = &node.jump else { return Vec::new() };
        let model = self.model.read();
        let same = |n: &&Node| {
            n.env == node.env
                && n.id != node.id
                && n.jump.as_ref().is_some_and(|j| j.is_at(jump) && j.host_key.is_some())
        };
        model.nodes.values().filter(same).map(|n| n.id).collect()
    }
}
