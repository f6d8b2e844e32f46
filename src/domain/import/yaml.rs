//! Ansible's inventory in YAML.
//!
//! The parser gives events with lines; a small tree is made of them ([`Tree`]), in which an alias shares what it stands for. How many
//! groups and hosts are looked at is bounded, so that aliases within aliases cannot make work without end.

use super::groups::{Given, Inventory, Vars, variable};
use super::reason::{Reason, Why};
use super::{RECORDS_MAX, Records};
use crate::domain::secret::Secret;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::rc::Rc;

/// Deepest nesting.
const DEPTH_MAX: usize = 64;
/// Most groups and hosts that are looked at.
const VISITS_MAX: usize = 4 * RECORDS_MAX;

enum Kind {
    Nothing,
    Text(Secret),
    Vault,
    List,
    Map(Vec<(Secret, Rc<Tree>)>),
}

struct Tree {
    line: u32,
    kind: Kind,
}

impl Tree {
    fn map(&self) -> Option<&[(Secret, Rc<Tree>)]> {
        match &self.kind {
            Kind::Map(pairs) => Some(pairs),
            Kind::Nothing => Some(&[]),
            _ => None,
        }
    }
}

/// A mapping or list that is not complete yet.
struct Open {
    line: u32,
    anchor: usize,
    is_map: bool,
    key: Option<(Secret, u32)>,
    pairs: Vec<(Secret, Rc<Tree>)>,
}

/// Reads a text.
pub fn read(text: &str) -> Records {
    let mut inventory = Inventory::default();
    match tree(text) {
        Err((line, why)) => inventory.refuse(line, "", why),
        Ok(None) => {}
        Ok(Some(root)) => {
            let mut visits = 0;
            match root.map() {
                Some(groups) => {
                    for (name, group) in groups {
                        walk(&mut inventory, name.reveal(), group, None, &mut visits, 0);
                    }
                }
                None => {
                    inventory.refuse(root.line, "", Reason::of(Why::Syntax, "groups are expected, as all:"));
                }
            }
            if visits > VISITS_MAX {
                inventory.refuse(0, "", Reason::of(Why::TooMany, RECORDS_MAX));
            }
        }
    }
    inventory.records()
}

fn syntax(line: u32, why: &str) -> (u32, Reason) {
    (line, Reason::of(Why::Syntax, why))
}

/// The first document as a tree.
fn tree(text: &str) -> Result<Option<Rc<Tree>>, (u32, Reason)> {
    let mut stack: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Rc<Tree>> = HashMap::new();
    let last = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|fault| {
            let line = u32::try_from(fault.marker().line()).unwrap_or(u32::MAX);
            // What is missing is missed behind the last line.
            syntax(line.min(last), fault.info())
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX).min(last);
        let (done, anchor) = match event {
            Event::MappingStart(anchor, _) | Event::SequenceStart(anchor, _) => {
                if stack.len() >= DEPTH_MAX {
                    return Err(syntax(line, "nested too deeply"));
                }
                let is_map = matches!(event, Event::MappingStart(..));
                stack.push(Open { line, anchor, is_map, key: None, pairs: Vec::new() });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(open) = stack.pop() else { continue };
                let kind = if open.is_map { Kind::Map(open.pairs) } else { Kind::List };
                (Rc::new(Tree { line: open.line, kind }), open.anchor)
            }
            Event::Scalar(value, style, anchor, tag) => {
                let vault = tag.is_some_and(|t| t.suffix.starts_with("vault"));
                let nothing = style == ScalarStyle::Plain && matches!(&*value, "" | "~" | "null" | "Null");
                let kind = if vault {
                    Kind::Vault
                } else if nothing {
                    Kind::Nothing
                } else {
                    Kind::Text(Secret::new(value.into_owned()))
                };
                (Rc::new(Tree { line, kind }), anchor)
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(tree) => (Rc::clone(tree), 0),
                None => return Err(syntax(line, "an alias within what it stands for")),
            },
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&done));
        }
        let Some(open) = stack.last_mut() else { return Ok(Some(done)) };
        if !open.is_map {
            continue;
        }
        match (open.key.take(), &done.kind) {
            (Some((key, line)), _) => {
                // The line of a value is that of its key: what stands there is looked for by its name.
                open.pairs.push((key, Rc::new(Tree { line, kind: taken(done) })));
            }
            (None, Kind::Text(key)) => open.key = Some((key.clone(), line)),
            (None, _) => return Err(syntax(line, "a key must be a word")),
        }
    }
    Ok(None)
}

/// What a tree holds, without a copy where nobody shares it.
fn taken(tree: Rc<Tree>) -> Kind {
    match Rc::try_unwrap(tree) {
        Ok(tree) => tree.kind,
        Err(shared) => match &shared.kind {
            Kind::Nothing => Kind::Nothing,
            Kind::Text(text) => Kind::Text(text.clone()),
            Kind::Vault => Kind::Vault,
            Kind::List => Kind::List,
            Kind::Map(pairs) => Kind::Map(pairs.iter().map(|(k, v)| (k.clone(), Rc::clone(v))).collect()),
        },
    }
}

/// Takes a group in, with the groups in it.
fn walk(
    inventory: &mut Inventory,
    name: &str,
    tree: &Tree,
    parent: Option<usize>,
    visits: &mut usize,
    depth: usize,
) {
    *visits += 1;
    if *visits > VISITS_MAX || depth > DEPTH_MAX {
        return;
    }
    let Some(group) = inventory.group(name, tree.line) else {
        return inventory.refuse(tree.line, name, Reason::of(Why::Syntax, "too many groups"));
    };
    if let Some(parent) = parent {
        inventory.child(parent, group);
    }
    let Some(parts) = tree.map() else {
        let why = Reason::of(Why::Syntax, "a group holds hosts, children and vars");
        return inventory.refuse(tree.line, name, why);
    };
    for (part, content) in parts {
        match (part.reveal(), content.map()) {
            ("hosts", Some(hosts)) => {
                for (host, vars) in hosts {
                    *visits += 1;
                    if *visits > VISITS_MAX {
                        return;
                    }
                    match variables(vars) {
                        Ok(found) => inventory.host(host.reveal(), vars.line, Some(group), &found),
                        Err(why) => inventory.spoiled(host.reveal(), vars.line, &why),
                    }
                }
            }
            ("children", Some(children)) => {
                for (child, tree) in children {
                    walk(inventory, child.reveal(), tree, Some(group), visits, depth + 1);
                }
            }
            ("vars", Some(_)) => match variables(content) {
                Ok(vars) => inventory.vars(group, vars),
                Err(why) => inventory.refuse(content.line, name, why),
            },
            ("hosts" | "children" | "vars", None) => {
                let why = Reason::of(Why::Syntax, format!("{} of a group is a mapping", part.reveal()));
                inventory.refuse(content.line, name, why);
            }
            _ => {}
        }
    }
}

/// Variables that say something to us. `<<` takes over those of another mapping.
fn variables(tree: &Tree) -> Result<Vars, Reason> {
    let pairs = tree.map().ok_or_else(|| Reason::of(Why::Syntax, "variables are a mapping"))?;
    let mut vars = Vars::new();
    for (_, merged) in pairs.iter().filter(|(k, _)| k.reveal() == "<<") {
        for (name, value) in merged.map().unwrap_or_default() {
            vars.extend(variable(name.reveal()).map(|key| (key, given(value))));
        }
    }
    for (name, value) in pairs {
        vars.extend(variable(name.reveal()).map(|key| (key, given(value))));
    }
    Ok(vars)
}

fn given(value: &Tree) -> Given {
    match &value.kind {
        Kind::Text(text) if text.reveal().starts_with("$ANSIBLE_VAULT") => Given::Vault,
        Kind::Text(text) => Given::Text(text.clone()),
        Kind::Nothing => Given::Text(Secret::default()),
        Kind::Vault => Given::Vault,
        Kind::List | Kind::Map(_) => Given::Odd,
    }
}
