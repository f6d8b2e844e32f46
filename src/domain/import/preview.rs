//! What an import would do: each machine of the list against the nodes that exist.
//!
//! A machine is the node that has its name, else the one that has its address and port. Only what the list says is changed. What
//! would be done ([`Work`]) comes with the rows that are shown; the digest stands for all of them.

use super::reason::{Note, Reason, Why};
use super::{Login, Record, Records, Wanted};
use crate::domain::ids::NodeId;
use crate::domain::jump::JumpPlace;
use crate::domain::net::HostAddress;
use crate::domain::node::{NodeRoles, NodeState, check_roles};
use crate::domain::secret::Secret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A node that exists, as far as an import looks at it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Identity.
    pub id: NodeId,
    /// Name.
    pub name: String,
    /// Where SSH answers.
    pub address: HostAddress,
    /// Port of SSH.
    pub port: u16,
    /// Account.
    pub user: String,
    /// The machine through which it is reached.
    pub jump: Option<JumpPlace>,
    /// Roles.
    pub roles: NodeRoles,
    /// Where it stands.
    pub state: NodeState,
    /// How to log in, as far as a list could say it.
    pub login: KnownLogin,
}

/// How to log in to a node that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownLogin {
    /// Not at all yet, or otherwise than a list can say.
    Other,
    /// A password.
    Password(Secret),
    /// A private key.
    Key(Secret),
}

/// What a list leaves open.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Account of new nodes.
    pub user: String,
    /// Port of new nodes.
    pub port: u16,
    /// Texts of the keys that the list names, by the name of the file.
    pub keys: BTreeMap<String, Secret>,
}

/// What becomes of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It becomes a node.
    New,
    /// Its node is changed.
    Changed,
    /// Its node is as the list says.
    Same,
    /// It is left out.
    Refused,
}

impl Verdict {
    /// The word on the command line and the key in the message catalogue (`import-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Refused => "refused",
        }
    }
}

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// `name`, `address`, `port`, `user`, `jump`, `password`, `key` or `roles`.
    pub field: String,
    /// What it is; empty for a password or a key.
    pub from: String,
    /// What it becomes; of a password or a key only that it is given.
    pub to: String,
}

/// A machine of the list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImportRow {
    /// Its line, from 1; 0: the list has no lines.
    pub line: u32,
    /// What the list calls it.
    pub label: String,
    /// Name of the node.
    pub name: String,
    /// Address of the node; empty where it is refused for it.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// The machine through which it is reached, else empty.
    #[serde(default)]
    pub jump: String,
    /// `password` or `key` where one is given, else empty.
    pub login: String,
    /// Roles that the list gives.
    pub roles: NodeRoles,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The node that it is already.
    pub node: Option<NodeId>,
    /// What changes.
    pub changes: Vec<Change>,
    /// Why it is refused.
    pub reason: Option<Reason>,
    /// What was left aside.
    pub notes: Vec<Reason>,
}

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Machines, in the order of the list.
    pub rows: Vec<ImportRow>,
    /// What is to be said about the list as such.
    pub notes: Vec<Note>,
    /// Files of keys that the list names and whose text was not given.
    pub keys: Vec<String>,
    /// Stands for exactly this preview: who confirms it sends it back.
    pub digest: u64,
}

impl Preview {
    /// How many machines a verdict has.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|r| r.verdict == verdict).count()
    }
}

/// What is to be done for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A new node.
    Add {
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
        /// Its account.
        user: String,
        /// What else the list says.
        wanted: Wanted,
        /// The text that it logs in with.
        login: Option<KnownLogin>,
    },
    /// A node that becomes another.
    Change {
        /// Which.
        node: NodeId,
        /// What the list says.
        wanted: Wanted,
        /// The text that it logs in with, where that changes.
        login: Option<KnownLogin>,
    },
}

/// The name of a node that only has an address.
pub fn made_name(address: HostAddress) -> String {
    format!("node-{}", address.to_string().replace('.', "-"))
}

/// What an import would do, and the work that this is.
pub fn plan(records: &Records, known: &[Known], defaults: &Defaults) -> (Preview, Vec<Work>) {
    let mut pass = Pass {
        by_name: known.iter().map(|k| (k.name.as_str(), k)).collect(),
        by_place: known.iter().map(|k| (place(k.address, k.port, k.jump.as_ref()), k)).collect(),
        defaults,
        names: HashMap::new(),
        places: HashMap::new(),
        nodes: HashMap::new(),
        keys: BTreeSet::new(),
    };
    let (mut rows, mut works) = (Vec::new(), Vec::new());
    for record in &records.all {
        let mut row = ImportRow {
            line: record.line,
            label: record.label.clone(),
            name: String::new(),
            address: String::new(),
            port: 0,
            user: String::new(),
            jump: String::new(),
            login: String::new(),
            roles: NodeRoles::new(),
            verdict: Verdict::Refused,
            node: None,
            changes: Vec::new(),
            reason: None,
            notes: record.notes.clone(),
        };
        match record.wanted.as_ref().map_err(Clone::clone).and_then(|w| pass.one(record, w, &mut row)) {
            Ok(work) => works.extend(work),
            Err(why) => {
                row.verdict = Verdict::Refused;
                row.changes.clear();
                row.reason = Some(why);
            }
        }
        rows.push(row);
    }
    let keys = pass.keys.into_iter().collect();
    let mut hash = DefaultHasher::new();
    (&rows, &records.notes).hash(&mut hash);
    // JSON's numbers are exact up to 2^53.
    let digest = hash.finish() >> 11;
    (Preview { rows, notes: records.notes.clone(), keys, digest }, works)
}

/// Address and port of a machine, and of the one in front of it: what is behind another jump host is another machine.
type Place = (HostAddress, u16, Option<(HostAddress, u16)>);

fn place(address: HostAddress, port: u16, jump: Option<&JumpPlace>) -> Place {
    (address, port, jump.map(|j| (j.address, j.port)))
}

struct Pass<'a> {
    by_name: HashMap<&'a str, &'a Known>,
    by_place: HashMap<Place, &'a Known>,
    defaults: &'a Defaults,
    /// What earlier lines have taken, with their lines.
    names: HashMap<String, u32>,
    places: HashMap<Place, u32>,
    nodes: HashMap<NodeId, u32>,
    keys: BTreeSet<String>,
}

impl<'a> Pass<'a> {
    fn one(&mut self, record: &Record, wanted: &Wanted, row: &mut ImportRow) -> Result<Option<Work>, Reason> {
        let named = wanted.name.as_deref().and_then(|n| self.by_name.get(n).copied());
        let assumed = named.map_or(self.defaults.port, |k| k.port);
        let port = wanted.port.unwrap_or(assumed);
        // Without a word about it a node keeps the machine in front of it.
        let jump = wanted.jump.as_ref().or_else(|| named.and_then(|k| k.jump.as_ref()));
        let place = place(wanted.address, port, jump);
        let there = self.by_place.get(&place).copied();
        let node = named.or(there);
        // Without a name in the list a node keeps its own.
        let name = wanted.name.clone().or_else(|| node.map(|k| k.name.clone()));
        let name = name.unwrap_or_else(|| made_name(wanted.address));
        row.name.clone_from(&name);
        row.address = wanted.address.to_string();
        row.port = port;
        row.user = wanted
            .user
            .clone()
            .unwrap_or_else(|| node.map_or_else(|| self.defaults.user.clone(), |k| k.user.clone()));
        row.jump = wanted.jump.as_ref().map(ToString::to_string).unwrap_or_default();
        row.roles = wanted.roles.clone().unwrap_or_default();
        row.node = node.map(|k| k.id);
        let login = match &wanted.login {
            None => "",
            Some(Login::Password(_)) => "password",
            Some(Login::Key(_)) => "key",
        };
        login.clone_into(&mut row.login);
        if let (Some(a), Some(b)) = (named, there)
            && a.id != b.id
        {
            return Err(Reason::of(Why::AddressTaken, wanted.address).and(&b.name));
        }
        self.claim(record.line, &name, place, node)?;
        let login = self.login(wanted.login.as_ref(), row);
        let Some(node) = node else {
            row.verdict = Verdict::New;
            let user = row.user.clone();
            return Ok(Some(Work::Add { name, port, user, wanted: wanted.clone(), login }));
        };
        let login = login.filter(|l| *l != node.login);
        row.changes = changes(row, wanted, node, login.as_ref());
        if row.changes.is_empty() {
            row.verdict = Verdict::Same;
            return Ok(None);
        }
        refusal(node, row, wanted)?;
        row.verdict = Verdict::Changed;
        let wanted = Wanted { name: Some(name), port: Some(port), ..wanted.clone() };
        Ok(Some(Work::Change { node: node.id, wanted, login }))
    }

    /// Takes name, address and node for this line, or says which line has them.
    fn claim(&mut self, line: u32, name: &str, place: Place, node: Option<&'a Known>) -> Result<(), Reason> {
        if let Some(node) = node
            && let Some(first) = self.nodes.get(&node.id)
        {
            return Err(Reason::of(Why::NodeTwice, &node.name).and(first));
        }
        if let Some(first) = self.names.get(name) {
            return Err(Reason::of(Why::NameTwice, name).and(first));
        }
        if let Some(first) = self.places.get(&place) {
            return Err(Reason::of(Why::AddressTwice, place.0).and(first));
        }
        // A name that is made from an address may be that of another node.
        if let Some(other) = self.by_name.get(name)
            && node.is_none_or(|n| n.id != other.id)
        {
            return Err(Reason::of(Why::NameTwice, name).and(&other.name));
        }
        self.names.insert(name.to_owned(), line);
        self.places.insert(place, line);
        self.nodes.extend(node.map(|n| (n.id, line)));
        Ok(())
    }

    fn login(&mut self, login: Option<&Login>, row: &mut ImportRow) -> Option<KnownLogin> {
        match login? {
            Login::Password(password) => Some(KnownLogin::Password(password.clone())),
            Login::Key(path) => {
                let text = self.defaults.keys.get(path);
                if text.is_none() {
                    self.keys.insert(path.clone());
                    row.notes.push(Reason::of(Why::KeyNotRead, path));
                }
                text.cloned().map(KnownLogin::Key)
            }
        }
    }
}

fn words(roles: &NodeRoles) -> String {
    roles.iter().map(|r| r.word()).collect::<Vec<_>>().join("+")
}

fn changes(row: &ImportRow, wanted: &Wanted, node: &Known, login: Option<&KnownLogin>) -> Vec<Change> {
    let mut all = Vec::new();
    let mut compare = |field: &str, from: String, to: String| {
        if from != to {
            all.push(Change { field: field.to_owned(), from, to });
        }
    };
    compare("name", node.name.clone(), row.name.clone());
    compare("address", node.address.to_string(), row.address.clone());
    compare("port", node.port.to_string(), row.port.to_string());
    compare("user", node.user.clone(), row.user.clone());
    if let Some(jump) = &wanted.jump {
        // Without an account it is the node's.
        let user = Some(jump.user.clone().unwrap_or_else(|| row.user.clone()));
        let from = node.jump.as_ref().map(ToString::to_string).unwrap_or_default();
        compare("jump", from, JumpPlace { user, ..jump.clone() }.to_string());
    }
    if let Some(roles) = &wanted.roles {
        compare("roles", words(&node.roles), words(roles));
    }
    match login {
        None | Some(KnownLogin::Other) => {}
        Some(KnownLogin::Password(_)) => compare("password", String::new(), "given".into()),
        Some(KnownLogin::Key(_)) => compare("key", String::new(), "given".into()),
    }
    all
}

/// Why a node cannot be changed now.
fn refusal(node: &Known, row: &ImportRow, wanted: &Wanted) -> Result<(), Reason> {
    let touches = |fields: &[&str]| row.changes.iter().any(|c| fields.contains(&c.field.as_str()));
    if node.state.is_busy() && touches(&["name", "address", "port", "jump", "roles"]) {
        return Err(Reason::of(Why::Busy, &node.name).and(node.state));
    }
    match &wanted.roles {
        Some(roles) if touches(&["roles"]) && check_roles(node.state, &node.roles, roles).is_err() => {
            Err(Reason::of(Why::RolesFixed, &node.name).and(node.state))
        }
        _ => Ok(()),
    }
}
