//! Nodes from lists that operators have already: CSV, Ansible inventories, `~/.ssh/config`, Cobbler's systems.
//!
//! Two steps, both pure. A reader ([`read`], [`cobbler::records`]) makes [`Record`]s of a text, each with its line and either
//! what is wanted or the reason why not; nothing in a text can make it panic. Then [`plan`] compares the records with the nodes
//! that exist and says what is new, changed, the same or refused; what is shown ([`preview::Preview`]) and what would be done
//! come from the same pass, so they cannot differ. Read `reason` for everything that can be wrong.
//!
//! Never here: a password in anything that is shown. It travels as [`Login::Password`] within a record and nowhere else.

pub mod cobbler;
mod groups;
mod ini;
pub mod preview;
mod ranges;
pub mod reason;
mod ssh_config;
mod table;
mod way;
mod words;
mod yaml;

#[cfg(test)]
mod tests;

use super::jump::JumpPlace;
use super::net::{HostAddress, NetFault};
use super::node::{NodeRole, NodeRoles, check_name};
use super::secret::Secret;
pub use preview::{Preview, plan};
pub use reason::{Note, Reason, Why};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// Largest text, bytes.
pub const TEXT_MAX: usize = 4 * 1024 * 1024;
/// Most machines in one import.
pub const RECORDS_MAX: usize = 20_000;

/// What a list is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Comma-separated values with a line of headings.
    Csv,
    /// Ansible's inventory in its own form.
    AnsibleIni,
    /// Ansible's inventory in YAML.
    AnsibleYaml,
    /// OpenSSH's `~/.ssh/config`.
    SshConfig,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Csv, Self::AnsibleIni, Self::AnsibleYaml, Self::SshConfig];

    /// The word used on the command line and as key in the message catalogue (`import-format-WORD`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::AnsibleIni => "ansible-ini",
            Self::AnsibleYaml => "ansible-yaml",
            Self::SshConfig => "ssh-config",
        }
    }

    /// What a file of that name probably is.
    pub fn guess(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        match name.rsplit_once('.').map(|(_, end)| end) {
            Some("csv" | "tsv") => Self::Csv,
            Some("yml" | "yaml") => Self::AnsibleYaml,
            _ if name == "config" || name.contains("ssh") => Self::SshConfig,
            _ => Self::AnsibleIni,
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
        Self::ALL.into_iter().find(|f| f.word() == s).ok_or_else(|| {
            format!("'{s}' is not a form of list; there are csv, ansible-ini, ansible-yaml and ssh-config")
        })
    }
}

/// How the list says to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// With a password that stands in it.
    Password(Secret),
    /// With the private key in this file on the operator's machine.
    Key(String),
}

/// What a list wants of one machine. What it does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Host name; `None`: made from the address.
    pub name: Option<String>,
    /// Where SSH answers.
    pub address: HostAddress,
    /// Port of SSH.
    pub port: Option<u16>,
    /// Account.
    pub user: Option<String>,
    /// How to log in.
    pub login: Option<Login>,
    /// The machine through which it is reached.
    pub jump: Option<JumpPlace>,
    /// Roles.
    pub roles: Option<NodeRoles>,
}

/// One machine of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its line, from 1; 0 where there are no lines.
    pub line: u32,
    /// What the list calls it.
    pub label: String,
    /// What is wanted, or why that cannot be.
    pub wanted: Result<Wanted, Reason>,
    /// What was left aside.
    pub notes: Vec<Reason>,
}

/// All that a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Machines, in the order of the list.
    pub all: Vec<Record>,
    /// What is to be said about the list as such.
    pub notes: Vec<Note>,
}

impl Records {
    /// Takes a machine in, unless there are too many.
    fn push(&mut self, record: Record) {
        match self.all.len().cmp(&RECORDS_MAX) {
            std::cmp::Ordering::Less => self.all.push(record),
            std::cmp::Ordering::Equal => {
                let why = Reason::of(Why::TooMany, RECORDS_MAX);
                self.all.push(Record { wanted: Err(why), notes: Vec::new(), ..record });
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    fn refuse(&mut self, line: u32, label: &str, why: Reason) {
        self.push(Record { line, label: reason::short(label), wanted: Err(why), notes: Vec::new() });
    }
}

/// Reads a text.
pub fn read(format: Format, text: &str) -> Records {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = match format {
        Format::Csv => table::read(text),
        Format::AnsibleIni => ini::read(text),
        Format::AnsibleYaml => yaml::read(text),
        Format::SshConfig => ssh_config::read(text),
    };
    if records.all.is_empty() && !records.notes.iter().any(|n| n.reason.why == Why::Empty) {
        records.notes.push(Note { line: 0, reason: Reason::new(Why::Empty) });
    }
    records
}

/// A line's number from its index.
fn line_number(index: usize) -> u32 {
    u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX)
}

/// An address.
fn address(text: &str) -> Result<HostAddress, Reason> {
    if text.contains("{{") {
        return Err(Reason::of(Why::Template, text));
    }
    text.parse().map_err(|fault| match fault {
        NetFault::Unusable(ip, _) => Reason::of(Why::Unusable, ip),
        _ => Reason::of(Why::BadAddress, text),
    })
}

/// A port.
fn port(text: &str) -> Result<u16, Reason> {
    text.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(|| Reason::of(Why::BadPort, text))
}

/// An account.
fn user(text: &str) -> Result<String, Reason> {
    if is_account(text) { Ok(text.to_owned()) } else { Err(Reason::of(Why::BadUser, text)) }
}

/// Whether it can be the name of an account on a node.
pub fn is_account(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The node's name that a host name stands for: its first part, in lower case. An address is no name.
fn node_name(host: &str) -> Result<Option<String>, Reason> {
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(None);
    }
    let short = host.split('.').next().unwrap_or_default().to_lowercase();
    match check_name(&short) {
        Ok(()) => Ok(Some(short)),
        Err(_) => Err(Reason::of(Why::BadName, host)),
    }
}

/// The role that a group of that name stands for.
fn role_of_group(group: &str) -> Option<NodeRole> {
    let group = group.to_lowercase().replace('-', "_");
    let group = group.strip_suffix("_nodes").or_else(|| group.strip_suffix("_hosts")).unwrap_or(&group);
    match group {
        "controller" | "controllers" | "control" => Some(NodeRole::Controller),
        "compute" | "computes" => Some(NodeRole::Compute),
        "storage" | "storages" => Some(NodeRole::Storage),
        _ => None,
    }
}
