//! Dependency order, pulled-in needs and cycles.

use std::collections::{BTreeMap, BTreeSet};

/// Modules by name, each with what it needs.
pub(super) type Needs<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Everything `start` needs, itself included; unknown names are left out.
pub(super) fn closure<'a>(needs: &Needs<'a>, start: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut queue = vec![start];
    while let Some(name) = queue.pop() {
        if let Some(more) = needs.get(name)
            && seen.insert(name)
        {
            queue.extend(more);
        }
    }
    seen
}

/// Each cycle once, as the chain that leads back to its start; a chain starts with its alphabetically first name.
pub(super) fn cycles<'a>(needs: &Needs<'a>) -> BTreeSet<Vec<&'a str>> {
    let mut found = BTreeSet::new();
    let mut done = BTreeSet::new();
    for name in needs.keys() {
        walk(needs, name, &mut Vec::new(), &mut done, &mut found);
    }
    found
}

fn walk<'a>(
    needs: &Needs<'a>,
    name: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    found: &mut BTreeSet<Vec<&'a str>>,
) {
    if let Some(at) = path.iter().position(|n| *n == name) {
        let mut chain: Vec<&str> = path.iter().skip(at).copied().collect();
        let first = chain.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(i, _)| i);
        chain.rotate_left(first);
        found.insert(chain);
        return;
    }
    if done.contains(name) {
        return;
    }
    path.push(name);
    for need in needs.get(name).into_iter().flatten() {
        walk(needs, need, path, done, found);
    }
    path.pop();
    done.insert(name);
}

/// The chosen modules and what they need, each after what it needs, with the reason why it is there: `chosen`, or the name
/// of the module that needs it. Deterministic: `chosen` is gone through in its order, needs in theirs.
pub(super) fn order<'a>(needs: &Needs<'a>, chosen: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut out: Vec<(&str, &str)> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in chosen {
        place(needs, name, "chosen", chosen, &mut seen, &mut out);
    }
    out
}

fn place<'a>(
    needs: &Needs<'a>,
    name: &'a str,
    reason: &'a str,
    chosen: &[&'a str],
    seen: &mut BTreeSet<&'a str>,
    out: &mut Vec<(&'a str, &'a str)>,
) {
    if !seen.insert(name) {
        return;
    }
    for need in needs.get(name).into_iter().flatten() {
        place(needs, need, name, chosen, seen, out);
    }
    out.push((name, if chosen.contains(&name) { "chosen" } else { reason }));
}
