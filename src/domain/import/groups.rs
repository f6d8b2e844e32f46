//! Ansible's model of an inventory, whatever it was written in: hosts, groups of hosts and of groups, variables of both.
//!
//! A host's variable wins over a group's, a group's over that of a group it lies in; of groups at the same depth the last by name
//! wins, as in Ansible. Groups called `controller`, `compute` and `storage` (and a few usual spellings) are roles.

use super::reason::{Reason, Why};
use super::{
    Login, RECORDS_MAX, Record, Records, Wanted, address, node_name, port, ranges, role_of_group, user, way,
};
use crate::domain::node::NodeRoles;
use crate::domain::secret::Secret;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most groups.
const GROUPS_MAX: usize = 2_000;

/// The value of a variable. Any of them may turn out to be a password.
#[derive(Clone)]
pub enum Given {
    /// Its text.
    Text(Secret),
    /// It is encrypted.
    Vault,
    /// It is no text.
    Odd,
}

/// Variables by name, those that say something to us.
pub type Vars = BTreeMap<&'static str, Given>;

/// The variable of ours that `name` is, if it is one.
pub fn variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "ansible_host" | "ansible_ssh_host" => "host",
        "ansible_port" | "ansible_ssh_port" => "port",
        "ansible_user" | "ansible_ssh_user" => "user",
        "ansible_password" | "ansible_ssh_password" | "ansible_ssh_pass" => "password",
        "ansible_ssh_private_key_file" | "ansible_private_key_file" => "key",
        "ansible_connection" => "connection",
        "ansible_ssh_common_args" => "common",
        "ansible_ssh_extra_args" => "extra",
        _ => return None,
    })
}

struct Host {
    name: String,
    line: u32,
    vars: Vars,
    groups: BTreeSet<usize>,
    /// What is wrong with the line as such.
    fault: Option<Reason>,
}

#[derive(Default)]
struct Group {
    name: String,
    vars: Vars,
    children: BTreeSet<usize>,
    line: u32,
}

/// An inventory.
#[derive(Default)]
pub struct Inventory {
    hosts: Vec<Host>,
    by_name: HashMap<String, usize>,
    groups: Vec<Group>,
    group_by_name: HashMap<String, usize>,
    records: Records,
}

impl Inventory {
    /// The group of that name; `None` when there are too many.
    pub fn group(&mut self, name: &str, line: u32) -> Option<usize> {
        if let Some(at) = self.group_by_name.get(name) {
            return Some(*at);
        }
        if self.groups.len() >= GROUPS_MAX {
            return None;
        }
        self.groups.push(Group { name: name.to_owned(), line, ..Group::default() });
        self.group_by_name.insert(name.to_owned(), self.groups.len() - 1);
        Some(self.groups.len() - 1)
    }

    /// A line that cannot be understood.
    pub fn refuse(&mut self, line: u32, label: &str, why: Reason) {
        self.records.refuse(line, label, why);
    }

    /// The hosts of a pattern are in a group and have these variables.
    pub fn host(&mut self, pattern: &str, line: u32, group: Option<usize>, vars: &Vars) {
        let names = match ranges::expand(pattern) {
            Ok(names) => names,
            Err(why) => return self.refuse(line, pattern, why),
        };
        for name in names {
            if let Some(host) = self.host_of(name, line) {
                host.groups.extend(group);
                // A host may be named again and again: what is wrong with it is wrong where it is described.
                if !vars.is_empty() {
                    host.line = line;
                }
                host.vars.extend(vars.iter().map(|(k, v)| (*k, v.clone())));
            }
        }
    }

    /// The line of a host cannot be understood: neither can the host be taken.
    pub fn spoiled(&mut self, pattern: &str, line: u32, why: &Reason) {
        match ranges::expand(pattern) {
            Err(why) => self.refuse(line, pattern, why),
            Ok(names) => {
                for name in names {
                    if let Some(host) = self.host_of(name, line) {
                        (host.line, host.fault) = (line, Some(why.clone()));
                    }
                }
            }
        }
    }

    fn host_of(&mut self, name: String, line: u32) -> Option<&mut Host> {
        if let Some(at) = self.by_name.get(&name) {
            return self.hosts.get_mut(*at);
        }
        // One more than fits, so that it is refused with a reason.
        if self.hosts.len() > RECORDS_MAX {
            return None;
        }
        self.by_name.insert(name.clone(), self.hosts.len());
        let host = Host { name, line, vars: Vars::new(), groups: BTreeSet::new(), fault: None };
        self.hosts.push(host);
        self.hosts.last_mut()
    }

    /// Variables of a group.
    pub fn vars(&mut self, group: usize, vars: Vars) {
        if let Some(group) = self.groups.get_mut(group) {
            group.vars.extend(vars);
        }
    }

    /// A group lies in another.
    pub fn child(&mut self, parent: usize, child: usize) {
        if let Some(parent) = self.groups.get_mut(parent) {
            parent.children.insert(child);
        }
    }

    /// The machines.
    pub fn records(mut self) -> Records {
        let (depth, parents) = self.order();
        let all = self.group_by_name.get("all").copied();
        let mut records = std::mem::take(&mut self.records);
        for host in &self.hosts {
            // Every group that it lies in, from the outermost to the innermost.
            let mut open: Vec<usize> = host.groups.iter().copied().chain(all).collect();
            let mut groups: BTreeSet<(usize, &str, usize)> = BTreeSet::new();
            while let Some(at) = open.pop() {
                let Some(group) = self.groups.get(at) else { continue };
                let deep = if Some(at) == all { 0 } else { depth.get(at).map_or(1, |d| d + 1) };
                if groups.insert((deep, &group.name, at)) {
                    open.extend(parents.get(at).into_iter().flatten());
                }
            }
            let mut vars: BTreeMap<&str, &Given> = BTreeMap::new();
            let mut roles = NodeRoles::new();
            for (_, name, at) in &groups {
                roles.extend(role_of_group(name));
                if let Some(group) = self.groups.get(*at) {
                    vars.extend(group.vars.iter().map(|(k, v)| (*k, v)));
                }
            }
            vars.extend(host.vars.iter().map(|(k, v)| (*k, v)));
            let mut notes = Vec::new();
            let wanted = match &host.fault {
                Some(fault) => Err(fault.clone()),
                None => wanted(&host.name, &vars, roles, &mut notes),
            };
            let label = super::reason::short(&host.name);
            records.push(Record { line: host.line, label, wanted, notes });
        }
        records.all.sort_by_key(|r| r.line);
        records
    }

    /// How deep each group lies, and in which groups. Groups in a circle are told, and their part of it is left aside.
    fn order(&mut self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let count = self.groups.len();
        let mut waits = vec![0_usize; count];
        for child in self.groups.iter().flat_map(|g| &g.children) {
            if let Some(n) = waits.get_mut(*child) {
                *n += 1;
            }
        }
        let mut depth = vec![0; count];
        let mut parents = vec![Vec::new(); count];
        let mut done = BTreeSet::new();
        let mut open: Vec<usize> = (0..count).filter(|g| waits.get(*g) == Some(&0)).collect();
        while let Some(at) = open.pop() {
            done.insert(at);
            let below = depth.get(at).map_or(0, |d: &usize| d + 1);
            for child in self.groups.get(at).into_iter().flat_map(|g| &g.children) {
                if let Some(d) = depth.get_mut(*child) {
                    *d = below.max(*d);
                }
                if let Some(p) = parents.get_mut(*child) {
                    p.push(at);
                }
                if let Some(n) = waits.get_mut(*child) {
                    *n -= 1;
                    if *n == 0 {
                        open.push(*child);
                    }
                }
            }
        }
        for (_, group) in self.groups.iter().enumerate().filter(|(at, _)| !done.contains(at)) {
            self.records.refuse(group.line, &group.name, Reason::of(Why::Circle, &group.name));
        }
        (depth, parents)
    }
}

fn wanted(
    name: &str,
    vars: &BTreeMap<&str, &Given>,
    roles: NodeRoles,
    notes: &mut Vec<Reason>,
) -> Result<Wanted, Reason> {
    let text = |key: &str| match vars.get(key) {
        Some(Given::Text(text)) if !text.is_empty() => Ok(Some(text.reveal())),
        Some(Given::Text(_)) | None => Ok(None),
        Some(Given::Vault | Given::Odd) => Err(Reason::of(Why::Syntax, key)),
    };
    if let Some(kind) = text("connection")?
        && !matches!(kind, "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "ansible.builtin.ssh")
    {
        return Err(Reason::of(Why::Connection, kind));
    }
    let mut jump = None;
    for key in ["common", "extra"] {
        if let Some(arguments) = text(key)? {
            jump = way::arguments(arguments)?.or(jump);
        }
    }
    // A host may be written with its port.
    let (host, inline) = match name.rsplit_once(':') {
        Some((host, digits)) if !host.contains(':') && !digits.is_empty() => (host, Some(port(digits)?)),
        _ => (name, None),
    };
    let place = text("host")?;
    let own = node_name(host)?;
    let address = match (place, &own) {
        (Some(place), _) => address(place)?,
        (None, None) => address(host)?,
        (None, Some(_)) => return Err(Reason::of(Why::NoAddress, "ansible_host=10.0.0.7")),
    };
    let login = match vars.get("password") {
        Some(Given::Vault) => {
            notes.push(Reason::new(Why::Vault));
            None
        }
        Some(Given::Text(password)) if password.reveal().contains("{{") => {
            notes.push(Reason::of(Why::Template, "ansible_password"));
            None
        }
        Some(Given::Text(password)) if !password.is_empty() => Some(Login::Password(password.clone())),
        _ => text("key")?.map(|k| Login::Key(k.to_owned())),
    };
    Ok(Wanted {
        name: own,
        address,
        port: text("port")?.map(port).transpose()?.or(inline),
        user: text("user")?.map(user).transpose()?,
        login,
        jump,
        roles: (!roles.is_empty()).then_some(roles),
    })
}
