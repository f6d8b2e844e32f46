//! From a selection to an ordered plan, or a sentence that says why not.

use super::order::{self, Needs};
use super::{AccountSpec, Catalog, Module, PREFLIGHT, Platform, Step};
use crate::domain::choice::choose;
use crate::domain::facts::Facts;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::node::{Node, NodeRole, NodeRoles, check_name};
use crate::domain::plan::{Aside, Plan, PlanKind, PlanNode, Stage, StageItem, StageKind, StepSpec};
use crate::domain::policy::Policy;
use crate::domain::said::{Said, sentence};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A selection.
#[derive(Clone, Debug)]
pub struct PlanInput {
    /// For which environment.
    pub env: EnvId,
    /// What the plan is for.
    pub kind: PlanKind,
    /// What is done about failures without asking.
    pub policy: Policy,
    /// Name of the platform.
    pub platform: String,
    /// Chosen modules; what they need comes with them. None chosen: those of a new environment, which are all but the optional ones.
    pub modules: Vec<String>,
    /// The environment's nodes, in the order of the node table.
    pub nodes: Vec<PlanInputNode>,
    /// Nodes a stage works on at once; 0 counts as 1.
    pub parallel: u32,
    /// The node that serves images, if that is not the first controller: steps of Glance with `moves` are done on it as well.
    pub images: Option<NodeId>,
}

/// A node of a selection.
#[derive(Clone, Debug)]
pub struct PlanInputNode {
    /// Identity.
    pub id: NodeId,
    /// Host name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Roles; a node without one is left out of the plan.
    pub roles: NodeRoles,
    /// What it said about itself; needed for a node with a role.
    pub facts: Option<Facts>,
}

impl From<&Node> for PlanInputNode {
    fn from(n: &Node) -> Self {
        Self {
            id: n.id,
            name: n.name.clone(),
            address: n.address.to_string(),
            roles: n.roles.clone(),
            facts: n.facts.clone(),
        }
    }
}

/// Why there is no plan. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanFault {
    /// The platform is not in the catalog.
    NoPlatform {
        /// As asked for.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A chosen module is not on the platform.
    NoModule {
        /// The platform.
        platform: String,
        /// As asked for.
        name: String,
    },
    /// Nothing to install on.
    NoNodes,
    /// No node has a role.
    NoRoles,
    /// No controller.
    NoController,
    /// Two nodes share a name or an address.
    Duplicate {
        /// `name` or `address`.
        what: &'static str,
        /// The value they share.
        value: String,
    },
    /// A node without a role is asked to leave.
    NotInstalled,
    /// The node that the others depend on is asked to leave.
    FirstController {
        /// Its name.
        name: String,
    },
    /// The node that serves images is asked to leave.
    HasImages {
        /// Its name.
        name: String,
    },
    /// A task that cannot be done.
    Task {
        /// The platform.
        platform: String,
        /// The task, in words.
        task: Said,
    },
    /// Modules that cannot be together.
    Conflict(Said),
    /// A name that is no host name.
    Name {
        /// The name.
        name: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// Nodes of which nothing is known.
    NoFacts {
        /// Their names.
        names: Vec<String>,
    },
    /// Nodes with another operating system.
    WrongSystem {
        /// The platform.
        platform: String,
        /// Its operating system.
        needs: String,
        /// `NAME (SYSTEM)` for each node.
        found: Vec<String>,
    },
}

impl PlanFault {
    /// The sentence for the operator.
    pub fn said(&self) -> Said {
        match self {
            Self::NoPlatform { name, known } => {
                let known = known.join(", ");
                sentence!(
                    "plan-no-platform",
                    "there is no platform '{name}'; there are: {known}",
                    name = name,
                    known = known
                )
            }
            Self::NoModule { platform, name } => sentence!(
                "plan-no-module",
                "the platform {platform} has no module '{name}'; take it out of the environment's modules",
                platform = platform,
                name = name
            ),
            Self::NoNodes => sentence!("plan-no-nodes", "the environment has no node: add one first"),
            Self::NoRoles => {
                sentence!("plan-no-roles", "no node has a role: give one the role of controller")
            }
            Self::NoController => {
                sentence!("plan-no-controller", "no node is a controller: give one the role of controller")
            }
            Self::Duplicate { what: "name", value } => {
                sentence!(
                    "plan-same-name",
                    "two nodes have the name {value}: change one of them",
                    value = value
                )
            }
            Self::Duplicate { value, .. } => {
                sentence!(
                    "plan-same-address",
                    "two nodes have the address {value}: change one of them",
                    value = value
                )
            }
            Self::NotInstalled => sentence!(
                "plan-not-installed",
                "the node has no role, nothing was installed on it: take it out of the list with 'cpmg node remove NODE --forget'"
            ),
            Self::FirstController { name } => sentence!(
                "plan-first-controller",
                "{name} is the first controller, on which the others depend: it cannot be taken out. Undo the installation instead, or 'cpmg node remove {name} --forget' takes it out of the list and leaves the machine as it is",
                name = name
            ),
            Self::HasImages { name } => sentence!(
                "plan-has-images",
                "{name} serves the cloud's images: move them first, with 'cpmg task images ENV NODE'",
                name = name
            ),
            Self::Task { platform, task } => sentence!(
                "plan-no-task",
                "no chosen module of the platform {platform} knows how to {task}",
                platform = platform; task = task.clone()
            ),
            Self::Conflict(why) => why.clone(),
            Self::Name { name, why } => {
                sentence!("plan-bad-name", "'{name}' cannot be a host name: {why}", name = name, why = why)
            }
            Self::NoFacts { names } => {
                let names = names.join(", ");
                sentence!(
                    "plan-no-facts",
                    "nothing is known yet about {names}: connect to it and gather its facts first",
                    names = names
                )
            }
            Self::WrongSystem { platform, needs, found } => {
                let found = found.join(", ");
                sentence!(
                    "plan-wrong-system",
                    "the platform {platform} needs {needs}, and these have something else: {found}",
                    platform = platform,
                    needs = needs,
                    found = found
                )
            }
        }
    }
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

impl std::error::Error for PlanFault {}

impl Catalog {
    /// The plan of a selection. The same selection gives the same plan.
    pub fn plan(&self, input: &PlanInput) -> Result<Plan, PlanFault> {
        let platform = self.platform(&input.platform).ok_or_else(|| PlanFault::NoPlatform {
            name: input.platform.clone(),
            known: self.platforms.keys().cloned().collect(),
        })?;
        let modules = self.selection(platform, &input.modules)?;
        let taking_part = check_nodes(platform, &input.nodes)?;
        let mut nodes = Vec::new();
        for node in taking_part {
            let (id, roles) = (node.id, node.roles.clone());
            nodes.push(PlanNode { id, name: node.name.clone(), address: node.address.clone(), roles });
        }
        let ordered: Vec<&Module> = modules.iter().filter_map(|(name, _)| self.module(name)).collect();
        // A module that does without another, which the platform does not have, gets none of its passwords.
        let accounts: BTreeSet<&str> =
            ordered.iter().flat_map(|m| &m.accounts).map(|a| a.name.as_str()).collect();
        let mut stages: Vec<Stage> = Vec::new();
        let mut steps = BTreeMap::new();
        for kind in StageKind::ALL {
            let mut items = Vec::new();
            for node in &nodes {
                let mine: Vec<&Step> = steps_of(&ordered, kind, node, input.images).collect();
                if !mine.is_empty() {
                    steps.extend(mine.iter().map(|s| (s.id.clone(), self.spec_on(platform, s, &accounts))));
                    items.push(StageItem {
                        node: node.id,
                        steps: mine.iter().map(|s| s.id.clone()).collect(),
                    });
                }
            }
            if !items.is_empty() {
                stages.push(Stage { kind, items });
            }
        }
        Ok(Plan {
            env: input.env,
            kind: input.kind,
            policy: input.policy,
            platform: platform.name.clone(),
            parallel: input.parallel.max(1),
            modules,
            nodes,
            stages,
            steps,
            aside: Aside::default(),
        })
    }

    /// A step's spec with the names of units and packages that it has on a platform.
    fn spec_on(&self, platform: &Platform, step: &Step, accounts: &BTreeSet<&str>) -> StepSpec {
        let vars =
            self.module(step.id.module()).map(|m| super::bundle::variables(platform, m)).unwrap_or_default();
        StepSpec {
            restarts: names_of(&step.spec.restarts, &vars),
            packages: names_of(&step.spec.packages, &vars),
            secrets: step.spec.secrets.iter().filter(|s| accounts.contains(s.as_str())).cloned().collect(),
            ..step.spec.clone()
        }
    }

    /// The accounts of a selection in dependency order, those of needed modules included.
    pub fn accounts(&self, platform: &str, modules: &[String]) -> Result<Vec<AccountSpec>, PlanFault> {
        let platform = self.platform(platform).ok_or_else(|| PlanFault::NoPlatform {
            name: platform.to_owned(),
            known: self.platforms.keys().cloned().collect(),
        })?;
        let chosen = self.selection(platform, modules)?;
        let modules = chosen.iter().filter_map(|(name, _)| self.module(name));
        Ok(modules.flat_map(|m| m.accounts.iter().cloned()).collect())
    }

    /// Preflight, the base, then the chosen modules and what they need, each with the reason why it is there.
    fn selection(&self, platform: &Platform, chosen: &[String]) -> Result<Vec<(String, String)>, PlanFault> {
        if let Some(name) = chosen.iter().find(|name| !platform.modules.contains(name)) {
            return Err(PlanFault::NoModule { platform: platform.name.clone(), name: name.clone() });
        }
        if let Some(why) = choose(&self.specs(platform), chosen, &[]).refusal() {
            return Err(PlanFault::Conflict(why));
        }
        let listed: Vec<&Module> = self.modules_of(platform).collect();
        // One that the platform does without is left out.
        let there = |name: &&str| platform.modules.iter().any(|m| m == name);
        let each = listed
            .iter()
            .map(|m| (m.name.as_str(), m.needs.iter().map(String::as_str).filter(there).collect()));
        let needs: Needs<'_> = each.collect();
        let of = |wanted: &dyn Fn(&Module) -> bool| -> Vec<&str> {
            listed.iter().filter(|m| wanted(m)).map(|m| m.name.as_str()).collect()
        };
        let base = of(&|m| m.base);
        let usual = |m: &Module| chosen.is_empty() && !m.optional;
        let others = of(&|m| !m.base && (usual(m) || chosen.contains(&m.name)));
        let all: Vec<&str> = base.iter().chain(&others).copied().collect();
        let mut out = vec![(PREFLIGHT.to_owned(), "base".to_owned())];
        for (name, reason) in order::order(&needs, &all) {
            let reason = if base.contains(&name) { "base" } else { reason };
            out.push((name.to_owned(), reason.to_owned()));
        }
        Ok(out)
    }
}

/// Names as written in `module.toml`, `$VARIABLE` replaced by the names that it holds.
pub(super) fn names_of(words: &[String], vars: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = Vec::new();
    for word in words {
        match word.strip_prefix('$') {
            Some(name) => {
                let held = vars.get(name).map_or("", String::as_str);
                out.extend(held.split_whitespace().map(str::to_owned));
            }
            None => out.push(word.clone()),
        }
    }
    out
}

/// The stage in which a node gets its modules.
fn home(node: &PlanNode) -> StageKind {
    if node.roles.contains(&NodeRole::Controller) {
        StageKind::Controllers
    } else if node.roles.contains(&NodeRole::Compute) {
        StageKind::Computes
    } else {
        StageKind::Storage
    }
}

fn steps_of<'a>(
    modules: &'a [&Module],
    kind: StageKind,
    node: &'a PlanNode,
    images: Option<NodeId>,
) -> impl Iterator<Item = &'a Step> {
    let steps = modules.iter().flat_map(|m| &m.steps);
    let steps = steps.filter(|s| s.spec.task.is_none());
    steps.filter(move |s| {
        let here = !s.roles.is_disjoint(&node.roles) || (s.moves && images == Some(node.id));
        s.stage.unwrap_or_else(|| home(node)) == kind && here
    })
}

/// The nodes that take part, or what is wrong with them.
fn check_nodes<'a>(
    platform: &Platform,
    all: &'a [PlanInputNode],
) -> Result<Vec<&'a PlanInputNode>, PlanFault> {
    if all.is_empty() {
        return Err(PlanFault::NoNodes);
    }
    let nodes: Vec<&PlanInputNode> = all.iter().filter(|n| !n.roles.is_empty()).collect();
    if nodes.is_empty() {
        return Err(PlanFault::NoRoles);
    }
    if !nodes.iter().any(|n| n.roles.contains(&NodeRole::Controller)) {
        return Err(PlanFault::NoController);
    }
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for node in &nodes {
        if let Err(why) = check_name(&node.name) {
            return Err(PlanFault::Name { name: node.name.clone(), why });
        }
        if !names.insert(&node.name) {
            return Err(PlanFault::Duplicate { what: "name", value: node.name.clone() });
        }
        if !addresses.insert(&node.address) {
            return Err(PlanFault::Duplicate { what: "address", value: node.address.clone() });
        }
    }
    let unknown: Vec<String> = nodes.iter().filter(|n| n.facts.is_none()).map(|n| n.name.clone()).collect();
    if !unknown.is_empty() {
        return Err(PlanFault::NoFacts { names: unknown });
    }
    let found: Vec<String> = nodes
        .iter()
        .filter_map(|n| n.facts.as_ref().map(|f| (n, f)))
        .filter(|(_, f)| !fits(platform, f))
        .map(|(n, f)| format!("{} ({})", n.name, system(f)))
        .collect();
    if !found.is_empty() {
        let needs = format!("{} {}", platform.os_id, platform.os_version);
        return Err(PlanFault::WrongSystem { platform: platform.name.clone(), needs, found });
    }
    Ok(nodes)
}

fn fits(platform: &Platform, facts: &Facts) -> bool {
    let minor = facts.os_version.strip_prefix(platform.os_version.as_str());
    facts.os_id == platform.os_id && minor.is_some_and(|m| m.is_empty() || m.starts_with('.'))
}

/// What a node says its system is, made harmless.
fn system(facts: &Facts) -> String {
    let text = if facts.os_id.is_empty() {
        "an unknown system".to_owned()
    } else {
        format!("{} {}", facts.os_id, facts.os_version)
    };
    crate::domain::text::harmless(&text).chars().take(60).collect()
}
