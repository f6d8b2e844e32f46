//! Options of services that an operator sets himself: ini text per scope and file, merged last on the node.
//!
//! A scope is the whole environment, a role or one node; the narrower wins ([`effective`]), among roles the later of
//! controller, compute, storage. The text is kept as it was typed, comments included. [`parse`] finds what is wrong with its
//! line, so that an editor can show it while it is typed; [`lines`] is what the node's library reads. Secrets have no place
//! here: an option that looks like one is refused with the way to the accounts.

use super::ids::NodeId;
use super::node::{NodeRole, NodeRoles};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Longest text of one scope and file, in bytes.
pub const TEXT_MAX: usize = 16 * 1024;

/// Sections that services share, whatever their modules write.
const COMMON: [&str; 30] = [
    "DEFAULT",
    "api",
    "barbican",
    "cache",
    "cinder",
    "cors",
    "database",
    "glance",
    "healthcheck",
    "ironic",
    "key_manager",
    "keystone",
    "keystone_authtoken",
    "neutron",
    "nova",
    "os_brick",
    "oslo_concurrency",
    "oslo_limit",
    "oslo_messaging_amqp",
    "oslo_messaging_notifications",
    "oslo_messaging_rabbit",
    "oslo_middleware",
    "oslo_policy",
    "oslo_reports",
    "oslo_versionedobjects",
    "placement",
    "privsep",
    "profiler",
    "service_user",
    "wsgi",
];

/// For which nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All nodes of the environment.
    All,
    /// Nodes with that role.
    Role(NodeRole),
    /// One node.
    Node(NodeId),
}

/// The text of one scope and file, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionText {
    /// For which nodes.
    pub scope: Scope,
    /// Absolute path on the node.
    pub file: String,
    /// Ini text; `!key` stands for "no such option".
    pub text: String,
}

/// An option of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its line, from 0.
    pub line: usize,
    /// Its section.
    pub section: String,
    /// Its name.
    pub key: String,
    /// Its values, several where the key is repeated; none: the option is taken out.
    pub values: Vec<String>,
}

/// What is wrong with a line; [`OptionFault::key`] is its sentence in the message catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionFault {
    /// A section's head without its end.
    #[error("a section is written [name], alone on its line")]
    Section,
    /// An option above the first section.
    #[error("an option stands below a section: write [DEFAULT] above it, if it has no other")]
    NoSection,
    /// Neither a section nor an option.
    #[error("an option is written name = value, or !name to take it out")]
    NotAnOption,
    /// An indented line.
    #[error("a value stands on one line, and an option begins at its start")]
    Indented,
    /// Control characters.
    #[error("there is a control character in it")]
    Control,
    /// Set and taken out.
    #[error("the same option is set and taken out in this section")]
    Both,
    /// It looks like a secret.
    #[error("this looks like a password or a key: those are accounts of the environment, see 'cpmg account'")]
    Secret,
    /// Longer than [`TEXT_MAX`].
    #[error("the text is longer than 16 KiB")]
    Long,
    /// Not a path.
    #[error("the file is an absolute path without blanks")]
    File,
}

impl OptionFault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Section,
        Self::NoSection,
        Self::NotAnOption,
        Self::Indented,
        Self::Control,
        Self::Both,
        Self::Secret,
        Self::Long,
        Self::File,
    ];

    /// Key of the sentence in the message catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Section => "option-fault-section",
            Self::NoSection => "option-fault-no-section",
            Self::NotAnOption => "option-fault-not-an-option",
            Self::Indented => "option-fault-indented",
            Self::Control => "option-fault-control",
            Self::Both => "option-fault-both",
            Self::Secret => "option-fault-secret",
            Self::Long => "option-fault-long",
            Self::File => "option-fault-file",
        }
    }
}

/// Options and faults of a text, both with their lines from 0.
pub fn parse(text: &str) -> (Vec<Setting>, Vec<(usize, OptionFault)>) {
    let (mut settings, mut faults): (Vec<Setting>, Vec<(usize, OptionFault)>) = (Vec::new(), Vec::new());
    if text.len() > TEXT_MAX {
        faults.push((0, OptionFault::Long));
    }
    let mut section: Option<&str> = None;
    for (n, raw) in text.lines().enumerate() {
        let line = raw.trim_end();
        if line.chars().any(char::is_control) {
            faults.push((n, OptionFault::Control));
            continue;
        }
        if line.trim_start().is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            faults.push((n, OptionFault::Indented));
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            match rest.strip_suffix(']').map(str::trim).filter(|s| !s.is_empty() && !s.contains(['[', ']'])) {
                Some(name) => section = Some(name),
                None => faults.push((n, OptionFault::Section)),
            }
            continue;
        }
        let (key, value) = match line.strip_prefix('!') {
            Some(key) => (key.trim(), None),
            None => match line.split_once(['=', ':']) {
                Some((key, value)) => (key.trim_end(), Some(value.trim())),
                None => ("", None),
            },
        };
        if !is_key(key) {
            faults.push((n, OptionFault::NotAnOption));
            continue;
        }
        let Some(section) = section else {
            faults.push((n, OptionFault::NoSection));
            continue;
        };
        if value.is_some_and(|v| is_secret(key, v)) {
            faults.push((n, OptionFault::Secret));
            continue;
        }
        match settings.iter_mut().find(|s| s.section == section && s.key == key) {
            Some(known) => match value {
                Some(value) if !known.values.is_empty() => known.values.push(value.to_owned()),
                None if known.values.is_empty() => {}
                _ => faults.push((n, OptionFault::Both)),
            },
            None => settings.push(Setting {
                line: n,
                section: section.to_owned(),
                key: key.to_owned(),
                values: value.into_iter().map(str::to_owned).collect(),
            }),
        }
    }
    (settings, faults)
}

/// Most characters that an entry of the audit trail has of a change of options.
const TOLD_MAX: usize = 1500;

/// What another text changes, in a sentence without secrets: options that go, options that come, each with its value.
pub fn told(before: &str, after: &str) -> String {
    let words = |text: &str| -> Vec<String> {
        let mut section = String::new();
        let mut out = Vec::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['#', ';'])) {
            if line.starts_with('[') {
                line.clone_into(&mut section);
                continue;
            }
            let (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
            let (key, value) = (key.trim(), value.trim());
            out.push(match (key.strip_prefix('!'), is_secret(key, value)) {
                (Some(_), _) => format!("{section} {key}"),
                // None is kept; should a text of an older release have one, it does not get into the trail.
                (None, true) => format!("{section} {key} = ***"),
                (None, false) => format!("{section} {key} = {value}"),
            });
        }
        out
    };
    let (old, new) = (words(before), words(after));
    let gone = old.iter().filter(|l| !new.contains(l)).map(|l| format!("- {l}"));
    let fresh = new.iter().filter(|l| !old.contains(l)).map(|l| format!("+ {l}"));
    let all: Vec<String> = gone.chain(fresh).collect();
    if all.is_empty() {
        return "nothing but comments or the order".into();
    }
    let all = all.join("; ");
    if all.chars().count() <= TOLD_MAX {
        return all;
    }
    all.chars().take(TOLD_MAX).chain(" …".chars()).collect()
}

/// Whether `path` can be the file of a text.
pub fn check_file(path: &str) -> Result<(), OptionFault> {
    let good = path.starts_with('/')
        && !path.ends_with('/')
        && !path.chars().any(|c| c.is_whitespace() || c.is_control())
        && !path.split('/').any(|part| part == "..");
    if good { Ok(()) } else { Err(OptionFault::File) }
}

fn is_key(key: &str) -> bool {
    (1..=120).contains(&key.len()) && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// Whether an option holds a password or a key: by its name, or because its value is a URL with one.
pub fn is_secret(key: &str, value: &str) -> bool {
    const ENDS: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "_pass",
        "pwd",
        "secret",
        "secret_key",
        "private_key",
        "api_key",
        "auth_key",
        "encryption_key",
        "fixed_key",
        "admin_token",
        "credential",
    ];
    let key = key.to_lowercase();
    let named = ENDS.iter().any(|end| key.ends_with(end)) || ["kek", "token"].contains(&key.as_str());
    let is_path = value.starts_with('/');
    let url = value.split("://").nth(1).and_then(|rest| rest.split(['/', ' ']).next());
    let in_url = url.and_then(|place| place.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'));
    (named && !value.is_empty() && !is_path) || in_url
}

/// A section that nothing known has, with one that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its first line, from 0.
    pub line: usize,
    /// As typed.
    pub section: String,
    /// A known one that is nearly the same.
    pub near: Option<String>,
}

/// Sections of a text that neither `known` nor the services' common ones have. They may be right: plug-ins bring their own.
pub fn unknown_sections<'a>(settings: &[Setting], known: impl Iterator<Item = &'a str>) -> Vec<Unknown> {
    let all: BTreeSet<&str> = known.chain(COMMON).collect();
    let mut out: Vec<Unknown> = Vec::new();
    for setting in settings {
        let section = setting.section.as_str();
        if all.contains(section) || out.iter().any(|u| u.section == section) {
            continue;
        }
        let near = all.iter().map(|name| (far(section, name), *name)).min();
        let near = near.filter(|(far, _)| *far <= 2).map(|(_, name)| name.to_owned());
        out.push(Unknown { line: setting.line, section: section.to_owned(), near });
    }
    out
}

/// Letters to change to get from one word to the other, capitals aside.
fn far(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// An option as a node gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// In which file.
    pub file: String,
    /// In which section.
    pub section: String,
    /// Its name.
    pub key: String,
    /// Its values; none: it is taken out.
    pub values: Vec<String>,
    /// The scope that decides.
    pub scope: Scope,
}

impl std::fmt::Display for Effective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.values.is_empty() {
            return write!(f, "[{}] !{}", self.section, self.key);
        }
        write!(f, "[{}] {} = {}", self.section, self.key, self.values.join(" | "))
    }
}

/// What a node with these roles gets of all texts, by file, section and key.
pub fn effective(texts: &[OptionText], node: NodeId, roles: &NodeRoles) -> Vec<Effective> {
    let mut mine: Vec<&OptionText> = texts
        .iter()
        .filter(|t| match t.scope {
            Scope::All => true,
            Scope::Role(role) => roles.contains(&role),
            Scope::Node(id) => id == node,
        })
        .collect();
    mine.sort_by_key(|t| t.scope);
    let mut out: BTreeMap<(String, String, String), (Vec<String>, Scope)> = BTreeMap::new();
    for text in mine {
        for setting in parse(&text.text).0 {
            out.insert((text.file.clone(), setting.section, setting.key), (setting.values, text.scope));
        }
    }
    out.into_iter()
        .map(|((file, section, key), (values, scope))| Effective { file, section, key, values, scope })
        .collect()
}

/// The same as the node's library reads it: `set` or `unset`, file, section, key and value, separated by tabs.
pub fn lines(effective: &[Effective]) -> String {
    let mut out = String::new();
    for option in effective {
        let Effective { file, section, key, values, .. } = option;
        // Writing into a String cannot fail.
        if values.is_empty() {
            let _ = writeln!(out, "unset\t{file}\t{section}\t{key}\t");
        }
        for value in values {
            let _ = writeln!(out, "set\t{file}\t{section}\t{key}\t{value}");
        }
    }
    out
}

/// `text` with an option set to one value, or taken out (`None`), where it stands or at the end of its section.
pub fn set(text: &str, section: &str, key: &str, value: Option<&str>) -> String {
    let line = value.map_or_else(|| format!("!{key}"), |v| format!("{key} = {v}"));
    let (kept, place) = without(text, section, key);
    let mut out = kept;
    if let Some(at) = place {
        out.insert(at.min(out.len()), line);
    } else {
        if !out.is_empty() {
            out.push(String::new());
        }
        out.extend([format!("[{section}]"), line]);
    }
    out.join("\n") + "\n"
}

/// `text` without an option; empty when nothing but empty sections is left.
pub fn unset(text: &str, section: &str, key: &str) -> String {
    let (kept, _) = without(text, section, key);
    let text = kept.join("\n") + "\n";
    let says = text.lines().any(|l| !l.trim().is_empty() && !l.starts_with('['));
    if says { text } else { String::new() }
}

/// Lines without an option, and where a line of it belongs: at its first, else behind its section's last line.
fn without(text: &str, section: &str, key: &str) -> (Vec<String>, Option<usize>) {
    let (mut kept, mut first, mut last) = (Vec::new(), None, None);
    let mut here = false;
    for raw in text.lines() {
        let line = raw.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            here = name.trim() == section;
        }
        let name =
            line.strip_prefix('!').or_else(|| line.split(['=', ':']).next()).unwrap_or_default().trim();
        if here && !line.starts_with(['#', ';', '[']) && name == key {
            first.get_or_insert(kept.len());
            continue;
        }
        kept.push(raw.to_owned());
        if here && !line.is_empty() {
            last = Some(kept.len());
        }
    }
    (kept, first.or(last))
}

#[cfg(test)]
mod tests;
