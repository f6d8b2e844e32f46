//! Nodes as lists: an Ansible inventory, CSV, JSON. Pure; no secret can be in one, because none comes in.
//!
//! What is written can be imported again and changes nothing then (a property test). Texts that came from a node are made
//! harmless, and never begin a cell with a character that a spreadsheet takes for a formula.

use super::facts::Facts;
use super::jump::JumpPlace;
use super::net::HostAddress;
use super::node::{CredentialKind, NodeRole, NodeRoles, NodeState};
use super::text::harmless;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use std::str::FromStr;

/// What an export is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Ansible's inventory in its own form.
    Ansible,
    /// Comma-separated values.
    Csv,
    /// A JSON array.
    Json,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Ansible, Self::Csv, Self::Json];

    /// The word used on the command line and as key in the message catalogue (`export-format-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Ansible => "ansible",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What files of this form usually end in.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Ansible => "ini",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|f| f.word() == s);
        found.ok_or_else(|| format!("'{s}' is not a form of export; there are ansible, csv and json"))
    }
}

/// A node as it is exported.
#[derive(Clone, Debug)]
pub struct Exported<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where SSH answers.
    pub address: HostAddress,
    /// Port of SSH.
    pub port: u16,
    /// Account.
    pub user: &'a str,
    /// The machine through which it is reached.
    pub jump: Option<JumpPlace>,
    /// The kind of what it logs in with; never the thing itself.
    pub credential: Option<&'a CredentialKind>,
    /// Roles.
    pub roles: &'a NodeRoles,
    /// Where it stands.
    pub state: NodeState,
    /// What it said about itself.
    pub facts: Option<&'a Facts>,
}

/// Fields of a CSV line, in their order; those after `jump` are for people.
const HEADINGS: &str = "name,address,port,user,roles,jump,login,state,system,cpus,memory,machine-id,macs";

/// The nodes as a text.
pub fn export(format: Format, environment: &str, nodes: &[Exported<'_>]) -> String {
    match format {
        Format::Ansible => ansible(environment, nodes),
        Format::Csv => table(nodes),
        Format::Json => json(nodes),
    }
}

fn login(node: &Exported<'_>) -> &'static str {
    match node.credential {
        None => "none",
        Some(CredentialKind::Password) => "password",
        Some(CredentialKind::Key) => "key",
        Some(CredentialKind::Agent { .. }) => "agent",
        Some(CredentialKind::Set { .. }) => "set",
    }
}

fn macs(facts: &Facts) -> Vec<String> {
    facts.nics.iter().map(|n| clean(&n.mac)).filter(|m| !m.is_empty()).collect()
}

/// Text of a node on one line, without what a terminal or a spreadsheet would act on.
fn clean(text: &str) -> String {
    harmless(text).replace('\n', " ").trim_start_matches(['=', '+', '-', '@', ' ']).to_owned()
}

fn ansible(environment: &str, nodes: &[Exported<'_>]) -> String {
    let title = clean(environment);
    let mut text = format!("# Nodes of {title}. Passwords and keys are not exported.\n");
    for node in nodes {
        let Exported { name, address, port, user, jump, .. } = node;
        let user = quoted(user);
        let way = jump.as_ref().map(|j| format!(" ansible_ssh_common_args='-J {j}'")).unwrap_or_default();
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name} ansible_host={address} ansible_port={port} ansible_user={user}{way}");
    }
    for role in NodeRole::ALL {
        let mut members = nodes.iter().filter(|n| n.roles.contains(&role)).peekable();
        if members.peek().is_some() {
            text.extend(["\n[", role.word(), "]\n"]);
            members.for_each(|n| text.extend([n.name, "\n"]));
        }
    }
    text
}

/// A word as Ansible reads it, whatever is in it.
fn quoted(word: &str) -> String {
    if super::import::is_account(word) {
        word.to_owned()
    } else {
        format!("'{}'", clean(word).replace('\'', ""))
    }
}

fn table(nodes: &[Exported<'_>]) -> String {
    let mut text = format!("{HEADINGS}\n");
    for node in nodes {
        let roles: Vec<&str> = node.roles.iter().map(|r| r.word()).collect();
        let facts = node.facts;
        let cells = [
            node.name.to_owned(),
            node.address.to_string(),
            node.port.to_string(),
            if super::import::is_account(node.user) { node.user.to_owned() } else { clean(node.user) },
            roles.join("+"),
            node.jump.as_ref().map(ToString::to_string).unwrap_or_default(),
            login(node).to_owned(),
            node.state.to_string(),
            facts.map(|f| clean(&f.os_pretty)).unwrap_or_default(),
            facts.map(|f| f.cpus.to_string()).unwrap_or_default(),
            facts.map(|f| f.memory.to_string()).unwrap_or_default(),
            facts.map(|f| clean(&f.machine_id)).unwrap_or_default(),
            facts.map(|f| macs(f).join(" ")).unwrap_or_default(),
        ];
        text += &cells.map(|c| cell(&c)).join(",");
        text.push('\n');
    }
    text
}

fn cell(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn json(nodes: &[Exported<'_>]) -> String {
    let all: Vec<serde_json::Value> = nodes
        .iter()
        .map(|n| {
            let facts = n.facts.map(|f| {
                serde_json::json!({
                    "system": clean(&f.os_pretty),
                    "cpus": f.cpus,
                    "memory": f.memory,
                    "machine-id": clean(&f.machine_id),
                    "macs": macs(f),
                })
            });
            serde_json::json!({
                "name": n.name,
                "address": n.address,
                "port": n.port,
                "user": n.user,
                "jump": n.jump.as_ref().map(ToString::to_string),
                "login": login(n),
                "roles": n.roles,
                "state": n.state,
                "facts": facts,
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&all).unwrap_or_else(|_| "[]".to_owned());
    text + "\n"
}
