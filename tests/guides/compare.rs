//! Facts against things, both ways.

use crate::guide::{Fact, Guide, Wants};
use crate::reasons::{Reasons, Verdict, glob};
use crate::record::{GLANCE_HOST, Recorded};
use std::collections::BTreeMap;

/// How many facts of a component there are.
#[derive(Default, Clone, Copy)]
pub struct Counts {
    pub demanded: usize,
    pub planned: usize,
    pub otherwise: usize,
    pub missing: usize,
}

/// What came out.
#[derive(Default)]
pub struct Comparison {
    /// By component, in the guide's order.
    pub counts: Vec<(String, Counts)>,
    /// What nobody gave a reason for.
    pub faults: Vec<String>,
    /// Things of the plan: all that are looked at, and those that are the guide's.
    pub things: usize,
    /// Those of them that are facts.
    pub known: usize,
}

/// Kinds of things that must be facts.
const ANSWERABLE: [&str; 10] = [
    "package ",
    "service ",
    "stopped ",
    "database ",
    "grant ",
    "user ",
    "assignment ",
    "identity ",
    "endpoint ",
    "option ",
];

impl Comparison {
    pub fn of(guide: &Guide, nodes: &[Recorded], own: &mut Reasons, common: &mut Reasons) -> Self {
        let mut out = Self::default();
        let mut at: BTreeMap<&str, usize> = BTreeMap::new();
        for fact in guide.facts.iter().filter(|f| f.demanded()) {
            let index = *at.entry(&fact.component).or_insert_with(|| {
                out.counts.push((fact.component.clone(), Counts::default()));
                out.counts.len() - 1
            });
            let counts = &mut out.counts[index].1;
            counts.demanded += 1;
            if covered(fact, nodes, own) {
                counts.planned += 1;
                continue;
            }
            match own.fact(fact).or_else(|| common.fact(fact)) {
                Some(Verdict::Otherwise) => counts.otherwise += 1,
                Some(Verdict::Missing) => counts.missing += 1,
                None => out.faults.push(format!(
                    "the plan lacks ({}, {}, line {}): {}",
                    fact.component,
                    fact.role,
                    fact.line,
                    fact.told()
                )),
            }
        }
        for node in nodes {
            for thing in node.things.iter().filter(|t| ANSWERABLE.iter().any(|a| t.starts_with(a))) {
                out.things += 1;
                let known =
                    |f: &Fact| fits(f, node, own) && matches!(&f.wants, Wants::Thing(t) if glob(t, thing));
                let known = guide.facts.iter().any(known);
                if known {
                    out.known += 1;
                } else if !own.ours(thing) && !common.ours(thing) {
                    out.faults.push(format!("the guide does not have ({}): {thing}", node.name));
                }
            }
        }
        out
    }
}

fn fits(fact: &Fact, node: &Recorded, own: &Reasons) -> bool {
    let role = own.placed(&fact.component).unwrap_or(&fact.role);
    if role == GLANCE_HOST || node.roles.contains(GLANCE_HOST) {
        return role == GLANCE_HOST && node.roles.contains(GLANCE_HOST);
    }
    role == "all" || !["controller", "compute", "storage"].contains(&role) || node.roles.contains(role)
}

fn covered(fact: &Fact, nodes: &[Recorded], own: &Reasons) -> bool {
    let mut mine = nodes.iter().filter(|n| fits(fact, n, own)).peekable();
    mine.peek().is_some()
        && mine.all(|node| match &fact.wants {
            Wants::Thing(thing) if thing.contains('*') => {
                node.things.contains(thing) || node.things.iter().any(|t| glob(thing, t))
            }
            Wants::Thing(thing) => node.things.contains(thing),
            Wants::Nothing(head) => !node.things.iter().any(|t| t.starts_with(head.as_str())),
            Wants::Not(thing) => !node.things.contains(thing),
            Wants::Personal => true,
        })
}
