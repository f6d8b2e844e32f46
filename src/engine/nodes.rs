//! Nodes: add, change, remove, connect, gather facts.

mod reach;

use super::credential_sets::check_user;
use super::environments::stale;
use super::jumps::{self, NewJump};
use super::records::{CREDENTIALS, JUMP_CREDENTIALS, NODES, StoredCredential};
use super::topics::Area;
use super::{Engine, now};
use crate::api::message::{Credential, JumpAsk, NodeChange};
use crate::api::rows::NodeRow;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::ids::{EnvId, NodeId, Revision};
use crate::domain::jump::Jump;
use crate::domain::net::{HostAddress, NetFault};
use crate::domain::node::{self, CredentialKind, Node, NodeEvent, NodeState, Reach};
use crate::domain::said::{Said, sentence};
use crate::domain::user::User;
use crate::ssh::{self, HostKey, SshError};
use crate::store::{Kind, Stamp};

/// A refusal because there is no such node.
pub fn no_node(node: NodeId) -> Failure {
    Failure::new(FailureKind::NotFound, format!("there is no node {node}"))
        .keyed("error-no-node")
        .arg("node", node)
}

/// A refusal of a field.
pub fn invalid(field: &str, message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, message).at(field)
}

fn no_address(fault: &NetFault) -> Failure {
    Failure::said(FailureKind::Invalid, &fault.said()).at("address")
}

/// What a typed credential is, and what of it is secret.
pub async fn split(credential: Credential) -> Result<(CredentialKind, Option<StoredCredential>), Failure> {
    Ok(match credential {
        Credential::Password(password) if password.is_empty() => {
            return Err(invalid("password", "the password is empty").keyed("error-empty-password"));
        }
        Credential::Password(password) => {
            (CredentialKind::Password, Some(StoredCredential::Password(password)))
        }
        Credential::Key { text, passphrase } => {
            ssh::check_key(text.clone(), (!passphrase.is_empty()).then(|| passphrase.clone()))
                .await
                .map_err(|f| Failure::said(FailureKind::Invalid, &Said::from(&f)).at("key"))?;
            (CredentialKind::Key, Some(StoredCredential::Key { text, passphrase }))
        }
        Credential::Agent { socket } => (CredentialKind::Agent { socket }, None),
        Credential::Set { name } => (CredentialKind::Set { name, refused: Vec::new() }, None),
    })
}

/// Refuses a node's name and place where they are wrong, or another one of its environment has them.
pub fn check_among<'a>(
    mut others: impl Iterator<Item = &'a Node> + Clone,
    name: &str,
    address: HostAddress,
    port: u16,
    jump: Option<&Jump>,
) -> Result<(), Failure> {
    if jump.is_some_and(|j| (j.address, j.port) == (address, port)) {
        return Err(invalid("jump", "the jump host is the node itself").keyed("error-jump-self"));
    }
    node::check_name(name).map_err(|why| invalid("name", why).keyed("fault-node-name"))?;
    if port == 0 {
        return Err(invalid("port", "a port is a number from 1 to 65535").keyed("fault-port"));
    }
    if others.clone().any(|n| n.name == name) {
        return Err(Failure::new(
            FailureKind::Conflict,
            format!("the environment has a node called {name} already"),
        )
        .at("name")
        .keyed("error-node-name-taken")
        .arg("name", name));
    }
    let way = |jump: Option<&Jump>| jump.map(Jump::host);
    let same = |n: &&Node| n.address == address && n.port == port && way(n.jump.as_ref()) == way(jump);
    let Some(n) = others.find(same) else { return Ok(()) };
    Err(Failure::new(
        FailureKind::Conflict,
        format!("{address}:{port} is the address of node {} already", n.name),
    )
    .at("address")
    .keyed("error-node-address-taken")
    .arg("address", format!("{address}:{port}"))
    .arg("node", &n.name))
}

/// A node to be added.
pub struct NodeAsk {
    /// Host name; `None` makes one from the address.
    pub name: Option<String>,
    /// As typed.
    pub address: String,
    pub port: u16,
    pub user: String,
    pub credential: Credential,
    pub jump: Option<JumpAsk>,
}

impl Engine {
    /// The node with that identity.
    pub fn node(&self, node: NodeId) -> Result<Node, Failure> {
        self.model.read().nodes.get(&node).cloned().ok_or_else(|| no_node(node))
    }

    fn check_node(
        &self,
        env: EnvId,
        but: Option<NodeId>,
        name: &str,
        address: HostAddress,
        port: u16,
        jump: Option<&Jump>,
    ) -> Result<(), Failure> {
        let model = self.model.read();
        let others = model.nodes.values().filter(|n| n.env == env && Some(n.id) != but);
        check_among(others, name, address, port, jump)
    }

    /// Adds a node. Nothing is connected yet.
    pub async fn node_add(&self, env: EnvId, asked: NodeAsk) -> Result<NodeRow, Failure> {
        let NodeAsk { name, address, port, user, credential, jump } = asked;
        self.env(env)?;
        let address: HostAddress = address.parse().map_err(|f: NetFault| no_address(&f))?;
        check_user(&user)?;
        if let Credential::Set { name } = &credential {
            self.check_set(env, name)?;
        }
        let name = name.unwrap_or_else(|| format!("node-{}", address.to_string().replace('.', "-")));
        let (kind, secret) = split(credential).await?;
        let jump = jumps::asked(jump, &user).await?;
        let _write = self.write();
        self.check_node(env, None, &name, address, port, jump.as_ref().map(|j| &j.jump))?;
        let node = Node {
            id: NodeId(self.records.next_id(Kind::Nodes)?),
            env,
            name,
            address,
            port,
            user,
            credential: Some(kind),
            host_key: None,
            roles: node::NodeRoles::new(),
            state: NodeState::Discovered,
            reach: Reach::Unknown,
            jump: jump.as_ref().map(|j| j.jump.clone()),
            lock: None,
            facts: None,
            job: None,
            revision: Revision(1),
        };
        self.records.change(|batch| {
            NODES.put(batch, &node.id, &node, Stamp::engine(now()))?;
            if let Some(secret) = jump.as_ref().and_then(|j| j.secret.as_ref()) {
                self.records.put_jump_credential(batch, node.id, Some(secret))?;
            }
            secret.as_ref().map_or(Ok(()), |s| self.records.put_credential(batch, node.id, s))
        })?;
        self.model.write().nodes.insert(node.id, node.clone());
        self.node_changed(&node);
        Ok(self.node_row(&node))
    }

    /// Tells clients of a node that is not as it was.
    pub fn node_changed(&self, node: &Node) {
        self.topics.touch(Area::Nodes(node.env));
        self.topics.touch(Area::Check(node.env));
        self.topics.touch(Area::Environments);
    }

    /// Changes a node.
    pub async fn node_edit(
        &self,
        asks: &User,
        id: NodeId,
        based_on: Revision,
        change: NodeChange,
    ) -> Result<NodeRow, Failure> {
        let login = match &change {
            NodeChange::Credential { credential, .. } => Some(split(credential.clone()).await?),
            _ => None,
        };
        let jump = match &change {
            NodeChange::Jump(ask) => jumps::asked(ask.clone(), &self.node(id)?.user).await?,
            _ => None,
        };
        self.node_edit_with(asks, id, based_on, change, (login, jump))
    }

    fn node_edit_with(
        &self,
        asks: &User,
        id: NodeId,
        based_on: Revision,
        change: NodeChange,
        (login, jump): (Option<(CredentialKind, Option<StoredCredential>)>, Option<NewJump>),
    ) -> Result<NodeRow, Failure> {
        let write = self.write();
        let mut node = self.node(id)?;
        if node.revision != based_on {
            return Err(stale(("node", &node.name), "", based_on, node.revision));
        }
        let busy = node.state.is_busy();
        let mut secret = None;
        let mut deed = None;
        let mut others = Vec::new();
        let way = matches!(change, NodeChange::Jump(_));
        match change {
            NodeChange::Rename(name) => {
                if busy {
                    return Err(busy_node(&node));
                }
                self.check_node(node.env, Some(id), &name, node.address, node.port, node.jump.as_ref())?;
                node.name = name;
            }
            NodeChange::Roles(roles) => {
                node::check_roles(node.state, &node.roles, &roles)
                    .map_err(|why| Failure::said(FailureKind::Busy, &why).at("roles"))?;
                let event = if roles.is_empty() { NodeEvent::RolesCleared } else { NodeEvent::RolesSet };
                node.state = node::next(node.state, event).map_err(|r| refused_state(&node, r))?;
                node.roles = roles;
            }
            NodeChange::Credential { user, .. } => {
                node.user = user;
                if let Some((kind, stored)) = login {
                    node.credential = Some(kind);
                    secret = stored;
                }
                // Whether it takes these is not known.
                node.reach = Reach::Unknown;
            }
            NodeChange::Address { address, port } => {
                if busy {
                    return Err(busy_node(&node));
                }
                let address = address.parse().map_err(|f: NetFault| no_address(&f))?;
                self.check_node(node.env, Some(id), &node.name, address, port, node.jump.as_ref())?;
                (node.address, node.port, node.reach) = (address, port, Reach::Unknown);
            }
            NodeChange::ForgetHostKey => {
                (node.host_key, node.reach) = (None, Reach::Unknown);
                deed = Some(self.deed_on(
                    asks,
                    AuditKind::HostKey,
                    &node,
                    sentence!("deed-key-forget", "forgot the pinned host key"),
                ));
            }
            NodeChange::Jump(_) => {
                if busy {
                    return Err(busy_node(&node));
                }
                let new = jump.as_ref().map(|j| &j.jump);
                self.check_node(node.env, Some(id), &node.name, node.address, node.port, new)?;
                let key = node.jump.as_ref().filter(|old| new.is_some_and(|n| n.is_at(old)));
                let host_key = key.and_then(|old| old.host_key.clone());
                node.jump = new.map(|new| Jump { host_key, ..new.clone() });
                node.reach = Reach::Unknown;
            }
            NodeChange::ForgetJumpKey => {
                others = self.behind_the_same(&node);
                let Some(jump) = &mut node.jump else {
                    return Err(invalid("jump", format!("{} has no jump host", node.name))
                        .keyed("error-no-jump")
                        .arg("node", &node.name));
                };
                (jump.host_key, node.reach) = (None, Reach::Unknown);
                let what = sentence!(
                    "deed-jump-key-forgot",
                    "forgot the pinned host key of the jump host {jump}",
                    jump = jump.host()
                );
                deed = Some(self.deed_on(asks, AuditKind::HostKey, &node, what));
            }
        }
        node.revision = node.revision.next();
        self.audited(deed, |batch| {
            NODES.put(batch, &id, &node, Stamp::engine(now()))?;
            if way {
                let secret = jump.as_ref().and_then(|j| j.secret.as_ref());
                self.records.put_jump_credential(batch, id, secret)?;
            }
            secret.as_ref().map_or(Ok(()), |s| self.records.put_credential(batch, id, s))
        })?;
        self.model.write().nodes.insert(id, node.clone());
        self.node_changed(&node);
        drop(write);
        for other in others {
            self.note_node(other, |n| n.jump.iter_mut().for_each(|j| j.host_key = None))?;
        }
        Ok(self.node_row(&node))
    }

    /// Takes a node out of its environment.
    pub fn node_remove(&self, id: NodeId, based_on: Revision) -> Result<(), Failure> {
        let write = self.write();
        let node = self.node(id)?;
        if node.revision != based_on {
            return Err(stale(("node", &node.name), "", based_on, node.revision));
        }
        if node.state.is_busy() {
            return Err(busy_node(&node));
        }
        drop(write);
        self.forget_node(&node)
    }

    /// Takes a node's record away.
    pub fn forget_node(&self, node: &Node) -> Result<(), Failure> {
        let write = self.write();
        self.records.change(|batch| {
            NODES.remove(batch, &node.id);
            CREDENTIALS.remove(batch, &node.id);
            JUMP_CREDENTIALS.remove(batch, &node.id);
            Ok(())
        })?;
        self.model.write().nodes.remove(&node.id);
        drop(write);
        self.forget_leases(node.env, &node.name);
        self.node_changed(node);
        Ok(())
    }

    /// Changes what is known about a node without making a new revision: state, reach, facts, name on first sight.
    pub fn note_node(&self, id: NodeId, change: impl FnOnce(&mut Node)) -> Result<(), Failure> {
        let _write = self.write();
        let Ok(mut node) = self.node(id) else { return Ok(()) };
        let before = node.clone();
        change(&mut node);
        if node == before {
            return Ok(());
        }
        self.records.save(NODES, &id, &node)?;
        self.model.write().nodes.insert(id, node.clone());
        self.node_changed(&node);
        Ok(())
    }

    /// Pins a node's host key.
    pub fn node_trust(&self, asks: &User, id: NodeId, key: &str, jump: bool) -> Result<NodeRow, Failure> {
        let key: HostKey =
            key.parse().map_err(|f: ssh::ValueFault| invalid("key", f.to_string()).keyed(f.key()))?;
        let node = self.node(id)?;
        if jump {
            self.trust_jump(asks, &node, &key)?;
            return Ok(self.node_row(&self.node(id)?));
        }
        if node.host_key.as_ref().is_some_and(|k| *k != key.to_string()) {
            return Err(Failure::new(
                FailureKind::Conflict,
                "another host key is pinned for this node: forget that one first, if you know why it changed",
            )
            .keyed("error-host-key-other"));
        }
        let what = sentence!(
            "deed-key-pinned",
            "pinned the host key {key} of {node}",
            key = key.fingerprint(),
            node = node.name
        );
        self.audit(&self.deed_on(asks, AuditKind::HostKey, &node, what))?;
        self.note_node(id, |n| n.host_key = Some(key.to_string()))?;
        Ok(self.node_row(&self.node(id)?))
    }
}

fn busy_node(node: &Node) -> Failure {
    Failure::new(
        FailureKind::Busy,
        format!("node {} is {}: wait for the end of the job or cancel it", node.name, node.state),
    )
    .keyed("error-node-busy")
    .arg("node", &node.name)
    .word("state", &format!("node-state-{}", node.state.word()))
}

/// A fault of SSH as a refusal.
pub fn node_fault(fault: &SshError) -> Failure {
    let failure = Failure::new(FailureKind::Node, fault.to_string());
    match fault.key() {
        Some(key) => failure.keyed(key).args(fault.args()),
        None => failure,
    }
}

/// What the state of a node does not allow, as a refusal.
pub fn refused_state(node: &Node, why: node::NodeRefusal) -> Failure {
    Failure::new(FailureKind::Busy, format!("{}: {why}", node.name))
        .keyed("error-node-state")
        .arg("node", &node.name)
        .word("state", &format!("node-state-{}", why.state.word()))
}
