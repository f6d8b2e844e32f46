//! What can be installed: the files of `roles/`, read, checked, and turned into plans and bundles.
//!
//! `roles/` is data an operator may change: platforms (which operating system, which packages), modules (what is installed,
//! on which nodes, after what), steps (scripts) and templates. [`Catalog::load`] reads a list of directories of which the
//! later wins, file by file, and reports every fault with file and line. [`Catalog::plan`] puts a selection into order,
//! [`Catalog::bundle`] makes what one node needs for a plan. Read this file for the types, then `load` (files to types),
//! `check` (what must hold between files), `plan` and `bundle`.
//!
//! Never here: the value of a secret. Templates and variables are rendered without them; a step gets its secrets by the
//! runner alone.

mod bundle;
mod check;
mod choice;
mod fault;
mod format;
mod leave;
mod load;
pub mod network;
mod order;
mod plan;
mod preview;
mod script;
pub mod shape;
mod shell;
mod task;
#[cfg(test)]
mod task_tests;
mod templates;
#[cfg(test)]
mod tests;
mod writes;

pub use crate::domain::accounts::{AccountKind, AccountUse};
pub use bundle::{Bundle, BundleFault, BundleFile, BundleInput, Bundled, Lists};
pub use fault::Fault;
pub use plan::{PlanFault, PlanInput, PlanInputNode};
pub use preview::{MASK, StepPreview};

use crate::domain::choice::ModuleSpec;
use crate::domain::day2::TaskPlace;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Localized, StageKind, StepId, StepSpec};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Name of the built-in module whose steps look at every node before anything is changed.
pub const PREFLIGHT: &str = "preflight";

/// Everything that was read, without a fault. Holds the scripts themselves, so that a change of the files does not reach a
/// plan half-way.
#[derive(Clone, Debug)]
pub struct Catalog {
    dirs: Vec<PathBuf>,
    stamp: load::Stamp,
    platforms: BTreeMap<String, Platform>,
    modules: BTreeMap<String, Module>,
    library: String,
    runner: String,
}

/// One operating system with one release of OpenStack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Name, `debian-12-zed`.
    pub name: String,
    /// Title.
    pub title: Localized,
    /// ID of `/etc/os-release`.
    pub os_id: String,
    /// `VERSION_ID` of `/etc/os-release`; `9` also fits `9.4`.
    pub os_version: String,
    /// Release of OpenStack.
    pub release: String,
    /// Modules that exist for it, in the order in which they are written.
    pub modules: Vec<String>,
    /// Variables of every step.
    pub vars: BTreeMap<String, String>,
    /// Variables of one module's steps.
    pub module_vars: BTreeMap<String, BTreeMap<String, String>>,
}

/// Something that can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Localized,
    /// Nodes it runs on: those with one of these roles.
    pub roles: NodeRoles,
    /// Modules that must be there before.
    pub needs: Vec<String>,
    /// Part of every node's base.
    pub base: bool,
    /// Not part of a new environment until it is chosen.
    pub optional: bool,
    /// Ports it listens on.
    pub ports: Vec<u16>,
    /// Units of systemd.
    pub units: Vec<String>,
    /// Log files.
    pub logs: Vec<String>,
    /// Ini files whose options an operator may override: absolute paths, or `$VARIABLE` for those that it holds. Ask
    /// [`Catalog::configs`].
    pub configs: Vec<String>,
    /// Modules that cannot be installed beside it, in either module's file.
    pub conflicts: Vec<String>,
    /// Memory in MiB that it takes on a node with that role; a node with several has the sum.
    pub memory: BTreeMap<NodeRole, u32>,
    /// Platforms on which it was seen to work.
    pub proven: Vec<String>,
    /// Accounts.
    pub accounts: Vec<AccountSpec>,
    /// Variables, weaker than the platform's.
    pub vars: BTreeMap<String, String>,
    /// Steps in order.
    pub steps: Vec<Step>,
}

/// A step with its script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Name.
    pub id: StepId,
    /// What plans and screens need to know.
    pub spec: StepSpec,
    /// `preflight` or `verification`; `None` for the stage of the node.
    pub stage: Option<StageKind>,
    /// Nodes it is done on: those with one of these roles.
    pub roles: NodeRoles,
    /// Where it is done, if it belongs to a task.
    pub place: TaskPlace,
    /// Done on the node to which its module was moved as well, whatever that one's roles are.
    pub moves: bool,
    /// The script's text.
    pub script: String,
    /// Names of the templates it needs, rendered into `files/MODULE/NAME`.
    pub templates: Vec<Template>,
}

impl Step {
    /// Whether what it does depends on a list of nodes that is another one when nodes with these roles come or go: then it has to be done again.
    pub fn tells_of(&self, roles: &NodeRoles) -> bool {
        let lists = [
            (Some(NodeRole::Controller), "CONTROLLERS", "controllers"),
            (Some(NodeRole::Compute), "COMPUTES", "computes"),
            (None, "NODES", "nodes"),
        ];
        lists.iter().filter(|(role, ..)| role.is_none_or(|r| roles.contains(&r))).any(
            |(_, variable, list)| {
                self.mentions(variable) || self.templates.iter().any(|t| has_word(&t.text, list))
            },
        )
    }

    /// Whether its script, or a template of it, uses a variable.
    pub fn mentions(&self, variable: &str) -> bool {
        let in_script = ["$", "${"].iter().any(|head| has_word(&self.script, &format!("{head}{variable}")));
        in_script || self.templates.iter().any(|t| has_word(&t.text, &format!("vars.{variable}")))
    }
}

/// Whether `text` has `word`, not as the beginning of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// File name.
    pub name: String,
    /// Where it was read.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// An account that an environment needs; its value is made and sealed by the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// Name of the shell variable.
    pub name: String,
    /// Title.
    pub title: Localized,
    /// The module that declares it.
    pub module: String,
    /// What it is.
    pub kind: AccountKind,
    /// The value unless an operator gives another; only for users' names.
    pub default: Option<String>,
    /// What the value is used for, as far as that limits what may be in it.
    pub uses: Vec<AccountUse>,
}

impl Catalog {
    /// Reads directories, the installation's first, the operator's own last: of two files of the same path the later one
    /// counts. A directory that does not exist is passed over as long as one does.
    pub fn load(dirs: &[PathBuf]) -> Result<Self, Vec<Fault>> {
        load::load(dirs)
    }

    /// The faults of `dirs`; none when a catalog can be made of them.
    pub fn check(dirs: &[PathBuf]) -> Vec<Fault> {
        load::load(dirs).err().unwrap_or_default()
    }

    /// Reads again if a file was added, removed or changed since; `None` when nothing was. Costs one look at each file's
    /// time and length.
    pub fn reload(&self) -> Option<Result<Self, Vec<Fault>>> {
        (load::Stamp::of(&self.dirs) != self.stamp).then(|| load::load(&self.dirs))
    }

    /// Where it was read, first to last.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// Platforms, by name.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.platforms.values()
    }

    /// The platform of whoever names none: the one on which most of its modules are proven, the first of these by name.
    pub fn usual_platform(&self) -> Option<&Platform> {
        let proven = |p: &Platform| self.modules_of(p).filter(|m| m.proven.contains(&p.name)).count();
        // of equal ones the last counts
        self.platforms.values().rev().max_by_key(|p| proven(p))
    }

    /// The platform of that name.
    pub fn platform(&self, name: &str) -> Option<&Platform> {
        self.platforms.get(name)
    }

    /// The module of that name.
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }

    /// The modules of a platform that an operator may choose or that come as base, in the platform's order.
    pub fn modules_of<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = &'a Module> {
        platform.modules.iter().filter_map(|name| self.modules.get(name))
    }

    /// A module as far as choosing it on a platform goes.
    pub fn spec(&self, platform: &Platform, module: &Module) -> ModuleSpec {
        ModuleSpec {
            name: module.name.clone(),
            title: module.title.clone(),
            roles: module.roles.iter().copied().collect(),
            needs: module.needs.clone(),
            ports: module.ports.clone(),
            base: module.base,
            optional: module.optional,
            conflicts: module.conflicts.clone(),
            memory: module.memory.clone(),
            proven: module.proven.contains(&platform.name),
            configs: self.configs(platform, module),
            sections: Self::sections(module),
        }
    }

    /// All modules of a platform as far as choosing them goes.
    pub fn specs(&self, platform: &Platform) -> Vec<ModuleSpec> {
        self.modules_of(platform).map(|m| self.spec(platform, m)).collect()
    }

    /// The ini files of a module on a platform whose options may be overridden: absolute paths.
    pub fn configs(&self, platform: &Platform, module: &Module) -> Vec<String> {
        plan::names_of(&module.configs, &bundle::variables(platform, module))
    }

    /// The step of that name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.modules.get(id.module())?.steps.iter().find(|s| s.id == *id)
    }
}
