//! Ansible's inventory in its own form: sections of hosts, `[GROUP:children]`, `[GROUP:vars]`.

use super::groups::{Given, Inventory, Vars, variable};
use super::reason::{Reason, Why};
use super::{Records, line_number, words};
use crate::domain::secret::Secret;

enum Section {
    Hosts(Option<usize>),
    Children(usize),
    Vars(usize),
    /// Its heading was refused: so is what stands under it, without a word.
    Lost,
}

/// Reads a text.
pub fn read(text: &str) -> Records {
    let mut inventory = Inventory::default();
    let mut section = Section::Hosts(None);
    for (index, line) in text.lines().enumerate() {
        let number = line_number(index);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            // A host may begin with a bracket only as a range, which has a colon between digits or letters and more behind it.
            section = heading_of(&mut inventory, heading, number);
            continue;
        }
        match section {
            Section::Hosts(group) => host(&mut inventory, line, number, group),
            Section::Children(parent) => {
                let name = line.split_whitespace().next().unwrap_or(line);
                match inventory.group(name, number) {
                    Some(child) => inventory.child(parent, child),
                    None => inventory.refuse(number, name, Reason::of(Why::Syntax, "too many groups")),
                }
            }
            Section::Vars(group) => match line.split_once('=') {
                Some((name, value)) => {
                    if let Some(key) = variable(name.trim()) {
                        let value = words::unquoted(value.trim());
                        inventory.vars(group, Vars::from([(key, given(value))]));
                    }
                }
                None => inventory.refuse(number, "", Reason::of(Why::Syntax, "a variable is NAME=VALUE")),
            },
            Section::Lost => {}
        }
    }
    inventory.records()
}

fn given(value: &str) -> Given {
    if value.starts_with("$ANSIBLE_VAULT") { Given::Vault } else { Given::Text(Secret::new(value)) }
}

fn heading_of(inventory: &mut Inventory, heading: &str, number: u32) -> Section {
    let Some((heading, after)) = heading.split_once(']') else {
        inventory.refuse(number, heading, Reason::of(Why::Syntax, "a heading is [GROUP]"));
        return Section::Lost;
    };
    let after = after.trim();
    if !(after.is_empty() || after.starts_with(['#', ';'])) {
        inventory.refuse(number, heading, Reason::of(Why::Syntax, "something stands behind the heading"));
        return Section::Lost;
    }
    let (name, kind) = heading.split_once(':').map_or((heading, None), |(n, k)| (n, Some(k)));
    let Some(group) = inventory.group(name.trim(), number).filter(|_| !name.trim().is_empty()) else {
        inventory.refuse(number, heading, Reason::of(Why::Syntax, "no group, or too many of them"));
        return Section::Lost;
    };
    match kind.map(str::trim) {
        None => Section::Hosts(Some(group)),
        Some("children") => Section::Children(group),
        Some("vars") => Section::Vars(group),
        Some(other) => {
            inventory.refuse(number, heading, Reason::of(Why::Syntax, format!("[…:{other}]")));
            Section::Lost
        }
    }
}

fn host(inventory: &mut Inventory, line: &str, number: u32, group: Option<usize>) {
    let Some(all) = words::split(line) else {
        let name = line.split_whitespace().next().unwrap_or_default();
        return inventory.spoiled(name, number, &Reason::new(Why::Quotes));
    };
    let mut all = all.into_iter();
    let Some(name) = all.next() else { return };
    let mut vars = Vars::new();
    for word in all {
        let Some((key, value)) = word.split_once('=') else {
            // A blank within a password that is not in quotes would end here: the word is not repeated.
            let why = Reason::of(Why::Syntax, "behind a host stand NAME=VALUE only");
            return inventory.spoiled(&name, number, &why);
        };
        if let Some(key) = variable(key) {
            vars.insert(key, given(value));
        }
    }
    inventory.host(&name, number, group, &vars);
}
