//! Everything that can be wrong with a machine of a list, or was left aside: one word each, with one or two details.
//!
//! The word is the key of the sentence in the message catalogue (`import-why-WORD`); [`std::fmt::Display`] is the same in
//! English. Details are short and harmless, and never come from a place where a password may stand.

use crate::domain::text::harmless;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a detail.
const DETAIL_MAX: usize = 64;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// No address is given.
    NoAddress,
    /// Not an IPv4 address.
    BadAddress,
    /// No node can have it.
    Unusable,
    /// Not a port.
    BadPort,
    /// Cannot be a node's name.
    BadName,
    /// Not an account.
    BadUser,
    /// Not a role.
    BadRole,
    /// Reached through another machine.
    Jump,
    /// Reached through a command.
    Proxy,
    /// Its jump host has a key of its own.
    JumpKey,
    /// Not reached by SSH.
    Connection,
    /// A template that only Ansible can fill.
    Template,
    /// An earlier line has the name.
    NameTwice,
    /// An earlier line has the address.
    AddressTwice,
    /// An earlier line is about the same node.
    NodeTwice,
    /// Another node has the address.
    AddressTaken,
    /// The node is at work.
    Busy,
    /// The node is installed: its roles cannot be taken away.
    RolesFixed,
    /// A range that cannot be read.
    BadRange,
    /// More machines than one import takes.
    TooMany,
    /// Another number of fields than headings.
    Fields,
    /// The first line has no headings.
    NoHeadings,
    /// Quotes that do not end.
    Quotes,
    /// Not written as the form asks.
    Syntax,
    /// A group that contains itself.
    Circle,
    /// Nothing is in it.
    Empty,
    /// A password that Ansible's vault holds.
    Vault,
    /// A key whose text was not given.
    KeyNotRead,
    /// A key that cannot be used.
    KeyBad,
    /// Several addresses; the first is taken.
    SeveralAddresses,
    /// A column that says nothing to us.
    Column,
    /// Another file that is not read.
    Include,
    /// A condition that we cannot judge.
    Match,
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

impl Why {
    /// All that have a sentence.
    pub const ALL: [Self; 33] = [
        Self::NoAddress,
        Self::BadAddress,
        Self::Unusable,
        Self::BadPort,
        Self::BadName,
        Self::BadUser,
        Self::BadRole,
        Self::Jump,
        Self::Proxy,
        Self::JumpKey,
        Self::Connection,
        Self::Template,
        Self::NameTwice,
        Self::AddressTwice,
        Self::NodeTwice,
        Self::AddressTaken,
        Self::Busy,
        Self::RolesFixed,
        Self::BadRange,
        Self::TooMany,
        Self::Fields,
        Self::NoHeadings,
        Self::Quotes,
        Self::Syntax,
        Self::Circle,
        Self::Empty,
        Self::Vault,
        Self::KeyNotRead,
        Self::KeyBad,
        Self::SeveralAddresses,
        Self::Column,
        Self::Include,
        Self::Match,
    ];

    /// The word, and the sentence with `{what}` and `{other}`.
    fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::NoAddress => {
                ("no-address", "no address: give an IPv4 address (names are not looked up), as {what}")
            }
            Self::BadAddress => {
                ("bad-address", "'{what}' is not an IPv4 address; names are not looked up: write the address")
            }
            Self::Unusable => ("unusable", "{what} cannot be a node's address"),
            Self::BadPort => ("bad-port", "'{what}' is not a port: a number from 1 to 65535"),
            Self::BadName => (
                "bad-name",
                "'{what}' cannot be a node's name: 1 to 63 letters, digits and hyphens, one letter at least",
            ),
            Self::BadUser => (
                "bad-user",
                "'{what}' is not an account: 1 to 32 letters, digits, dots, underscores, hyphens",
            ),
            Self::BadRole => ("bad-role", "'{what}' is not a role: controller, compute or storage"),
            Self::Jump => (
                "jump",
                "its jump host '{what}' cannot be used: write one, as [account@]address[:port] (names are not looked up)",
            ),
            Self::Proxy => (
                "proxy",
                "it is reached through a ProxyCommand other than 'ssh -W %h:%p ADDRESS': name the jump host (ProxyJump)",
            ),
            Self::JumpKey => (
                "jump-key",
                "its jump host's own key {what} is not taken over: it is logged in to as the node (cpmg node jump changes that)",
            ),
            Self::Connection => ("connection", "its connection is '{what}', not SSH"),
            Self::Template => {
                ("template", "'{what}' is a template, which only Ansible fills: write the value")
            }
            Self::NameTwice => ("name-twice", "line {other} has the name {what} already"),
            Self::AddressTwice => ("address-twice", "line {other} has the address {what} already"),
            Self::NodeTwice => ("node-twice", "line {other} is about the same node, {what}"),
            Self::AddressTaken => ("address-taken", "{what} is the address of node {other}"),
            Self::Busy => ("busy", "node {what} is {other}: it can be changed when its job is over"),
            Self::RolesFixed => ("roles-fixed", "node {what} is {other}: no role can be taken from it"),
            Self::BadRange => {
                ("bad-range", "'{what}' is not a range of hosts: write node[01:20] or node[a:f]")
            }
            Self::TooMany => ("too-many", "one import takes {what} machines at most: split the list"),
            Self::Fields => ("fields", "{what} fields where the headings have {other}"),
            Self::NoHeadings => (
                "no-headings",
                "the first line must hold headings, with 'address' among them: name,address,port,user,password,key,roles",
            ),
            Self::Quotes => ("quotes", "a quote is opened and not closed"),
            Self::Syntax => ("syntax", "not understood: {what}"),
            Self::Circle => ("circle", "the group {what} contains itself"),
            Self::Empty => ("empty", "there is no machine in it"),
            Self::Vault => ("vault", "the password is in Ansible's vault: not taken over"),
            Self::KeyNotRead => ("key-not-read", "the key {what} was not read: not taken over"),
            Self::KeyBad => ("key-bad", "the key {what} cannot be used: {other}"),
            Self::SeveralAddresses => ("several-addresses", "it has {other} addresses: {what} is taken"),
            Self::Column => ("column", "the column {what} is not used"),
            Self::Include => ("include", "the file {what} is not read: import it as well"),
            Self::Match => ("match", "this condition cannot be judged here: what is under it is left out"),
            Self::Unknown => ("unknown", "not understood"),
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        self.table().0
    }
}

/// What is wrong, with details.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// What it is.
    pub why: Why,
    /// A detail.
    #[serde(default)]
    pub what: String,
    /// Another one.
    #[serde(default)]
    pub other: String,
}

impl Reason {
    /// Without details.
    pub fn new(why: Why) -> Self {
        Self { why, what: String::new(), other: String::new() }
    }

    /// With one.
    pub fn of(why: Why, what: impl fmt::Display) -> Self {
        Self { what: short(&what.to_string()), ..Self::new(why) }
    }

    /// With two.
    #[must_use]
    pub fn and(self, other: impl fmt::Display) -> Self {
        Self { other: short(&other.to_string()), ..self }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Details may hold braces of their own: they are put in last.
        let mut rest = self.why.table().1;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, end)) = after.split_once('}') else { break };
            f.write_str(before)?;
            f.write_str(if name == "what" { &self.what } else { &self.other })?;
            rest = end;
        }
        f.write_str(rest)
    }
}

/// Something about a list, at a line; 0: about all of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Line, from 1.
    pub line: u32,
    /// What.
    pub reason: Reason,
}

/// A detail made short and harmless.
pub fn short(text: &str) -> String {
    let clean = harmless(text).replace('\n', " ");
    if clean.chars().count() <= DETAIL_MAX {
        return clean;
    }
    clean.chars().take(DETAIL_MAX - 1).chain(std::iter::once('…')).collect()
}
