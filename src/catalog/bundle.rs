//! What one node needs for a plan: the library, the runner, scripts, variables, rendered templates; as one tar stream.
//!
//! The layout is that of `/var/lib/cpmg/jobs/JOB/`: `lib.sh`, `runner.sh`, `steps/MODULE/STEP.sh`, `vars/MODULE.sh`,
//! `files/MODULE/FILE`. No secret is ever in it.

use super::plan::names_of;
use super::templates::{self, Context};
use super::{AccountKind, AccountSpec, Catalog, Module, Platform, Step};
use crate::domain::facts::Facts;
use crate::domain::ids::{JobId, NodeId};
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Plan, PlanNode, StageKind, StepId};
use crate::domain::said::Said;
use crate::domain::text::sh_quote;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// The file with the lists of nodes, which the variables' files source.
pub(super) const LISTS: &str = "nodes.sh";

/// The file with the operator's options, which the library merges last.
const OPTIONS: &str = "overrides";

/// For whom a bundle is made.
#[derive(Clone, Copy, Debug)]
pub struct BundleInput<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The node.
    pub node: NodeId,
    /// The job.
    pub job: JobId,
    /// What the node said about itself, for templates.
    pub facts: &'a Facts,
    /// Further variables of every step, stronger than those of platform and modules (options of the environment).
    pub vars: &'a BTreeMap<String, String>,
    /// Options that an operator set himself, as [`crate::domain::overrides::lines`] writes them.
    pub options: &'a str,
}

/// Files for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// In the order of their paths.
    pub files: Vec<BundleFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Relative to the job's directory.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Why there is no bundle. `Display` is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// The node is not in the plan.
    #[error("node {0} is not part of the plan")]
    NoNode(NodeId),
    /// The catalog has changed since the plan was made.
    #[error(
        "the plan needs {what}, which the catalog no longer has: put it back or start a new installation"
    )]
    Gone {
        /// What is missing.
        what: String,
    },
    /// A template cannot be rendered.
    #[error("{}:{line}: {message}", file.display())]
    Template {
        /// Its file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A variable that would hide an account or cannot be written.
    #[error(
        "the variable {0} cannot be given to steps: it is an account's name, no variable's name, or holds a NUL"
    )]
    Variable(String),
    /// The tar stream cannot be written.
    #[error("the scripts cannot be packed: {0}")]
    Pack(String),
}

impl BundleFault {
    /// The sentence with its key in the message catalogue.
    pub fn said(&self) -> Said {
        let keyed = |key| Said::keyed(self.to_string(), key);
        match self {
            Self::NoNode(node) => keyed("error-bundle-no-node").arg("node", node.to_string()),
            Self::Gone { what } => keyed("error-bundle-gone").arg("what", what.as_str()),
            // What is wrong with a template is said by what reads it.
            Self::Template { .. } => self.to_string().into(),
            Self::Variable(name) => keyed("error-bundle-variable").arg("name", name.as_str()),
            Self::Pack(why) => keyed("error-bundle-pack").arg("why", why.as_str()),
        }
    }
}

/// The variables of a module on a platform: its own defaults, then the platform's, then the platform's for this module.
pub(super) fn variables(platform: &Platform, module: &Module) -> BTreeMap<String, String> {
    let mut vars = module.vars.clone();
    vars.extend(platform.vars.clone());
    vars.extend(platform.module_vars.get(&module.name).cloned().unwrap_or_default());
    vars
}

/// The same for every node of a plan: made once, there may be a thousand.
#[derive(Clone, Debug)]
pub struct Lists {
    /// `nodes.sh`.
    text: String,
    /// Name and address of the first controller.
    first: (String, String),
}

impl Lists {
    /// The lists of a plan's nodes.
    pub fn of(plan: &Plan) -> Self {
        let with =
            |role: NodeRole| plan.known().iter().filter(|n| n.roles.contains(&role)).collect::<Vec<_>>();
        let controllers = with(NodeRole::Controller);
        let mut text = String::from("# Made by cpmg for this job; changes are lost.\n");
        let all = plan.known().iter().collect::<Vec<_>>();
        for (name, nodes) in
            [("CONTROLLERS", &controllers), ("COMPUTES", &with(NodeRole::Compute)), ("NODES", &all)]
        {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name}={}", sh_quote(&list(nodes)));
        }
        let first = controllers.first().map(|n| (n.name.clone(), n.address.clone()));
        Self { text, first: first.unwrap_or_default() }
    }
}

impl Catalog {
    /// What `input.node` needs for its steps in the plan.
    pub fn bundle(&self, input: BundleInput<'_>) -> Result<Bundle, BundleFault> {
        self.bundle_with(input, &Lists::of(input.plan))
    }

    /// As [`Self::bundle`], with the lists of the plan's nodes.
    pub fn bundle_with(&self, input: BundleInput<'_>, lists: &Lists) -> Result<Bundle, BundleFault> {
        let plan = input.plan;
        let node = plan.node(input.node).ok_or(BundleFault::NoNode(input.node))?;
        let platform = self.platform(&plan.platform).ok_or_else(|| gone("platform", &plan.platform))?;
        let mut accounts: BTreeSet<&str> = BTreeSet::new();
        let mut passwords: BTreeSet<&str> = BTreeSet::new();
        for (name, _) in &plan.modules {
            let module = self.module(name).ok_or_else(|| gone("module", name))?;
            accounts.extend(module.accounts.iter().map(|a: &AccountSpec| a.name.as_str()));
            let hidden = module.accounts.iter().filter(|a| a.kind == AccountKind::Password);
            passwords.extend(hidden.map(|a| a.name.as_str()));
        }
        let bad = |(name, value): &(&String, &String)| {
            accounts.contains(name.as_str()) || !super::check::is_free_variable(name) || value.contains('\0')
        };
        if let Some((name, _)) = input.vars.iter().find(bad) {
            return Err(BundleFault::Variable(name.clone()));
        }
        let mut files = BTreeMap::from([
            ("lib.sh".to_owned(), (0o600, self.library.clone().into_bytes())),
            (LISTS.to_owned(), (0o600, lists.text.clone().into_bytes())),
            ("runner.sh".to_owned(), (0o700, self.runner.clone().into_bytes())),
        ]);
        if !input.options.is_empty() {
            files.insert(OPTIONS.to_owned(), (0o600, input.options.as_bytes().to_vec()));
        }
        let items = plan.stages.iter().flat_map(|s| &s.items).filter(|i| i.node == node.id);
        let ids: BTreeSet<&StepId> = items.flat_map(|i| &i.steps).collect();
        let mut mine = BTreeMap::new();
        for id in ids {
            mine.insert(id, self.step(id).ok_or_else(|| gone("step", &id.to_string()))?);
        }
        for (id, step) in &mine {
            let path = format!("steps/{}/{}.sh", id.module(), id.step());
            files.insert(path, (0o600, step.script.clone().into_bytes()));
            let path = format!("vars/{}.sh", id.module());
            files.entry(path).or_insert_with(|| {
                let vars = self.variables_of(&input, id.module());
                let of_steps = mine.iter().filter(|(other, _)| other.module() == id.module());
                let mut text = shell_variables(&input, platform, node, lists, &vars);
                let undoes = |id: &StepId| plan.takes_back(node.id, id);
                text.push_str(&cases(of_steps.map(|(_, step)| *step), &passwords, &vars, undoes));
                (0o600, text.into_bytes())
            });
            if step.templates.is_empty() {
                continue;
            }
            let vars = self.variables_of(&input, id.module());
            for (path, bytes) in rendered(step, &Context::new(node, plan.known(), input.facts, vars))? {
                files.insert(path, (0o600, bytes));
            }
        }
        let files = files.into_iter().map(|(path, (mode, bytes))| BundleFile { path, mode, bytes });
        Ok(Bundle { files: files.collect() })
    }
}

pub(super) fn gone(kind: &str, name: &str) -> BundleFault {
    BundleFault::Gone { what: format!("{kind} '{name}'") }
}

impl Catalog {
    /// The variables of a module's steps; none of a module or platform that is gone.
    pub(super) fn variables_of(&self, input: &BundleInput<'_>, module: &str) -> BTreeMap<String, String> {
        let known = self.platform(&input.plan.platform).zip(self.module(module));
        let mut vars = known.map(|(platform, module)| variables(platform, module)).unwrap_or_default();
        vars.extend(input.vars.clone());
        vars
    }
}

fn rendered(step: &Step, context: &Context) -> Result<Vec<(String, Vec<u8>)>, BundleFault> {
    let one = |t: &super::Template| {
        let text = templates::render(t, context).map_err(|f| BundleFault::Template {
            file: t.path.clone(),
            line: f.line,
            message: f.message,
        })?;
        Ok((format!("files/{}/{}", step.id.module(), t.name), text.into_bytes()))
    };
    step.templates.iter().map(one).collect()
}

/// `vars/MODULE.sh`: facts of the plan and variables, each value quoted for a shell.
fn shell_variables(
    input: &BundleInput<'_>,
    platform: &Platform,
    node: &PlanNode,
    lists: &Lists,
    vars: &BTreeMap<String, String>,
) -> String {
    let mut out = String::from("# Made by cpmg for this job; changes are lost.\n");
    let mut set = |name: &str, value: &str| {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{name}={}", sh_quote(value));
    };
    set("JOB_ID", &input.job.to_string());
    set("PLATFORM", &platform.name);
    set("RELEASE", &platform.release);
    set("OS_ID", &platform.os_id);
    set("OS_VERSION", &platform.os_version);
    set("NODE_NAME", &node.name);
    set("NODE_ADDRESS", &node.address);
    set("NODE_ROLES", &words(&node.roles));
    set("CONTROLLER_NAME", &lists.first.0);
    set("CONTROLLER_ADDRESS", &lists.first.1);
    for (name, value) in vars {
        set(name, value);
    }
    // The lists grow with the square of the nodes where every module's file has them.
    let _ = writeln!(out, ". \"$CPMG_JOB/{LISTS}\"");
    out
}

/// What the plan says of each step of a module, for `lib.sh`: in the variables' file, because every step sources that.
fn cases<'a>(
    steps: impl Iterator<Item = &'a Step>,
    passwords: &BTreeSet<&str>,
    vars: &BTreeMap<String, String>,
    undoes: impl Fn(&StepId) -> bool,
) -> String {
    let mut out = String::from("case $STEP in\n");
    for step in steps {
        let packages = names_of(&step.spec.packages, vars).join(" ");
        let restarts = names_of(&step.spec.restarts, vars).join(" ");
        let secrets: Vec<&str> =
            step.spec.secrets.iter().map(String::as_str).filter(|s| passwords.contains(s)).collect();
        let stage = step.stage.map_or("", StageKind::word);
        let set = [
            ("CPMG_PACKAGES", packages),
            ("CPMG_RESTARTS", restarts),
            ("CPMG_SECRETS", secrets.join(" ")),
            ("CPMG_STAGE", stage.to_owned()),
        ];
        let mut set: Vec<String> =
            set.iter().map(|(name, value)| format!("{name}={}", sh_quote(value))).collect();
        if undoes(&step.id) {
            set.push("CPMG_UNDOES=yes".to_owned());
        }
        let _ = writeln!(out, "{}) {} ;;", step.id, set.join(" "));
    }
    out.push_str("esac\n");
    out
}

fn words(roles: &NodeRoles) -> String {
    roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(" ")
}

/// `ADDRESS NAME`, one a line.
fn list(nodes: &[&PlanNode]) -> String {
    nodes.iter().map(|n| format!("{} {}", n.address, n.name)).collect::<Vec<_>>().join("\n")
}

/// A bundle as two tar streams that make one when they follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// What nodes with the same steps have in common: the library, the runner, the scripts, the lists of nodes. Without an end.
    pub shared: Vec<u8>,
    /// Variables and rendered templates, and the end.
    pub own: Vec<u8>,
}

/// Bytes of zeros that end a tar stream.
const TAR_END: usize = 1024;

impl Bundle {
    /// The files as two tar streams.
    pub fn packed(self) -> Result<Bundled, BundleFault> {
        let is_own =
            |f: &BundleFile| f.path.starts_with("vars/") || f.path.starts_with("files/") || f.path == OPTIONS;
        let (own, shared): (Vec<_>, Vec<_>) = self.files.into_iter().partition(is_own);
        let mut shared = Self { files: shared }.to_tar()?;
        shared.truncate(shared.len().saturating_sub(TAR_END));
        Ok(Bundled { shared, own: Self { files: own }.to_tar()? })
    }

    /// The files as a tar stream of the oldest format every `tar` reads, directories first, all for root alone.
    pub fn to_tar(&self) -> Result<Vec<u8>, BundleFault> {
        let pack = |e: std::io::Error| BundleFault::Pack(e.to_string());
        let mut tar = tar::Builder::new(Vec::new());
        let mut made = BTreeSet::new();
        for file in &self.files {
            let ends = file.path.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| at);
            for dir in ends.filter_map(|at| file.path.get(..at)) {
                if made.insert(dir) {
                    let mut header = header(tar::EntryType::Directory, 0o700, 0);
                    tar.append_data(&mut header, format!("{dir}/"), std::io::empty()).map_err(pack)?;
                }
            }
            let mut header = header(tar::EntryType::Regular, file.mode, file.bytes.len() as u64);
            tar.append_data(&mut header, &file.path, file.bytes.as_slice()).map_err(pack)?;
        }
        tar.into_inner().map_err(pack)
    }
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header
}
