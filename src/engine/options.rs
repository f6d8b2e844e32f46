//! Options that operators set for services: kept with the environment, carried by every job, rolled out by one of their own.
//!
//! What a node has is what jobs brought to it; a roll-out does the steps that write the files in which that differs
//! from what is set now, and the steps that restart their services.

use super::Engine;
use super::jobs::JobCell;
use crate::api::{Failure, FailureKind};
use crate::domain::audit::AuditKind;
use crate::domain::choice::choose;
use crate::domain::environment::Environment;
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::job::{Job, JobNodeState};
use crate::domain::node::Node;
use crate::domain::overrides::{self, OptionText, Scope, check_file, parse};
use crate::domain::plan::{Plan, PlanKind, StageKind, StepId};
use crate::domain::policy::Policy;
use crate::domain::said::{Said, sentence};
use crate::domain::user::User;
use crate::store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Lines that go from a node, and lines that come.
type Pending = BTreeMap<NodeId, (Vec<String>, Vec<String>)>;
/// Most texts of an environment.
pub(super) const TEXTS_MAX: usize = 200;
/// The file in a job's folder that says which options it brings to which node.
const CARRIED: &str = "options.json";

fn invalid(field: &str, why: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, why).at(field)
}

/// The file that a line for the nodes' library is about.
fn file_of(line: &str) -> String {
    line.split('\t').nth(1).unwrap_or_default().to_owned()
}

/// What jobs brought to a node, as far as they were looked through, the newest first.
#[derive(Default)]
struct Brought {
    /// Of the newest that did everything there.
    whole: Option<String>,
    /// By file, of later ones that did a part.
    parts: BTreeMap<String, Vec<String>>,
}

impl Brought {
    fn lines(self) -> String {
        let whole = self.whole.unwrap_or_default();
        let whole = whole.lines().filter(|l| !self.parts.contains_key(&file_of(l))).map(str::to_owned);
        let lines: Vec<String> = whole.chain(self.parts.values().flatten().cloned()).collect();
        lines.join("\n")
    }
}

/// Whether a job did everything on a node, and its steps that are done there; `None`: it brings no options to it.
fn part(job: &Job, node: NodeId) -> Option<(bool, Vec<StepId>)> {
    let here = job.nodes.get(&node)?;
    let all = match job.plan.kind {
        PlanKind::RollOut => true,
        // A job that only told it of others has not done all its steps.
        PlanKind::Install => here.steps.iter().any(|s| s.stage == StageKind::Preflight),
        PlanKind::Rotate | PlanKind::Leave | PlanKind::Task => false,
        PlanKind::DryRun | PlanKind::Reinstall => return None,
    } && here.state == JobNodeState::Done;
    Some((all, here.steps.iter().filter(|s| s.is_done()).map(|s| s.step.clone()).collect()))
}

/// Writes down which options a job brings to which node.
pub fn keep(dir: &Path, carried: &BTreeMap<NodeId, String>) -> Result<(), Failure> {
    let text = serde_json::to_vec(carried).map_err(|e| Failure::new(FailureKind::Engine, e.to_string()))?;
    store::write_durably(&dir.join(CARRIED), &text).map_err(|f| super::records::refused(&f))
}

/// Refuses what is no file for options, or no text of options.
pub fn check_text(text: &OptionText) -> Result<(), Failure> {
    check_file(&text.file).map_err(|f| invalid("file", f.to_string()).keyed(f.key()))?;
    match parse(&text.text).1.first() {
        Some((line, fault)) => Err(invalid("text", format!("line {}: {fault}", line + 1)).keyed(fault.key())),
        None => Ok(()),
    }
}

impl Engine {
    /// The text of a scope and file becomes another one.
    pub fn set_options(&self, env: &mut Environment, text: OptionText) -> Result<(), Failure> {
        if let Scope::Node(id) = text.scope
            && self.node(id).map_or(true, |n| n.env != env.id)
        {
            return Err(invalid("scope", format!("the environment has no node {id}"))
                .keyed("error-no-node")
                .arg("node", id));
        }
        check_text(&text)?;
        env.options.retain(|t| (t.scope, &t.file) != (text.scope, &text.file));
        if !text.text.trim().is_empty() {
            env.options.push(text);
        }
        if env.options.len() > TEXTS_MAX {
            return Err(invalid(
                "text",
                format!("an environment has texts for {TEXTS_MAX} scopes and files at most"),
            )
            .keyed("error-options-many")
            .arg("most", TEXTS_MAX));
        }
        env.options.sort_by(|a, b| (a.scope, &a.file).cmp(&(b.scope, &b.file)));
        Ok(())
    }

    /// What another text of a scope and file changes, for the audit trail.
    pub fn told_options(&self, env: &Environment, text: &OptionText) -> Said {
        let old = env.options.iter().find(|t| t.scope == text.scope && t.file == text.file);
        let scope = match text.scope {
            Scope::All => sentence!("deed-scope-all", "all nodes"),
            Scope::Role(role) => sentence!("deed-scope-role", "role {role}",; role = role.said()),
            Scope::Node(id) => {
                let name = self.node(id).map_or_else(|_| id.to_string(), |n| n.name);
                sentence!("deed-scope-node", "node {name}", name = name)
            }
        };
        let what = overrides::told(old.map_or("", |t| t.text.as_str()), &text.text);
        sentence!(
            "deed-options",
            "changed options of {file} for {scope}: {what}",
            file = text.file,
            what = what;
            scope = scope
        )
    }

    /// What a node is to have, as its library reads it.
    pub fn options_of(&self, env: EnvId, node: NodeId) -> Result<String, Failure> {
        let (env, node) = (self.env(env)?, self.node(node)?);
        Ok(overrides::lines(&overrides::effective(&env.options, node.id, &node.roles)))
    }

    /// What jobs brought to nodes: to each the newest good one that did everything there, and what later ones that did a part wrote since.
    fn options_on(&self, env: EnvId, nodes: &[NodeId]) -> Result<BTreeMap<NodeId, String>, Failure> {
        let catalog = self.catalog()?;
        let mut brought: BTreeMap<NodeId, Brought> =
            nodes.iter().map(|id| (*id, Brought::default())).collect();
        for (id, kept) in self.kept_jobs().into_iter().rev() {
            let open: Vec<NodeId> =
                brought.iter().filter(|(_, b)| b.whole.is_none()).map(|(id, _)| *id).collect();
            if open.is_empty() {
                break;
            }
            let concerns = kept.ask(
                |j| j.env == env && open.iter().any(|n| j.nodes.contains_key(n)),
                |s| s.row.env == env && open.iter().any(|n| s.nodes.contains(n)),
            );
            if !concerns {
                continue;
            }
            let (platform, parts) = {
                let cell = self.job(id)?;
                let inner = cell.lock();
                let parts: Vec<_> = open.iter().filter_map(|n| Some((*n, part(&inner.job, *n)?))).collect();
                (inner.job.plan.platform.clone(), parts)
            };
            if parts.is_empty() {
                continue;
            }
            let carried = std::fs::read(self.job_dir(id).join(CARRIED)).ok();
            let carried: Option<BTreeMap<NodeId, String>> =
                carried.and_then(|b| serde_json::from_slice(&b).ok());
            let mut carried = carried.unwrap_or_default();
            let platform = catalog.platform(&platform);
            let configs: BTreeSet<String> = platform
                .map(|p| catalog.modules_of(p).flat_map(|m| catalog.configs(p, m)).collect())
                .unwrap_or_default();
            for (node, (all, done)) in parts {
                let Some(brought) = brought.get_mut(&node) else { continue };
                let carried = carried.remove(&node).unwrap_or_default();
                if all {
                    brought.whole = Some(carried);
                    continue;
                }
                let Some(platform) = platform else { continue };
                let files: BTreeSet<String> =
                    configs.iter().cloned().chain(carried.lines().map(file_of)).collect();
                for file in files {
                    let wrote =
                        |id: &StepId| catalog.step(id).is_some_and(|s| catalog.writes(platform, s, &file));
                    if !brought.parts.contains_key(&file) && done.iter().any(wrote) {
                        let mine =
                            carried.lines().filter(|l| file_of(l) == file).map(str::to_owned).collect();
                        brought.parts.insert(file, mine);
                    }
                }
            }
        }
        Ok(brought.into_iter().map(|(node, b)| (node, b.lines())).collect())
    }

    /// For every installed node in which something differs: lines that go, and lines that come.
    pub fn options_pending(&self, env: EnvId) -> Result<Pending, Failure> {
        let nodes: Vec<Node> = self.model.read().nodes.values().filter(|n| n.env == env).cloned().collect();
        let nodes: Vec<NodeId> = nodes.iter().filter(|n| self.stands(n)).map(|n| n.id).collect();
        let (record, catalog) = (self.env(env)?, self.catalog()?);
        let platform = catalog.platform(&record.platform);
        let specs = platform.map(|p| catalog.specs(p)).unwrap_or_default();
        let chosen = choose(&specs, &record.modules, &[]);
        let modules: Vec<_> = chosen.modules.iter().filter_map(|(name, _)| catalog.module(name)).collect();
        // Of a file that no chosen module writes nothing comes to a node.
        let written = |file: &str| {
            let mut steps = modules.iter().flat_map(|m| &m.steps);
            platform.is_some_and(|p| steps.any(|step| catalog.writes(p, step, file)))
        };
        let here = |line: &&str| line.split('\t').nth(1).is_some_and(written);
        let mut out = BTreeMap::new();
        for (node, is) in self.options_on(env, &nodes)? {
            let wanted = self.options_of(env, node)?;
            let only = |a: &str, b: &str| -> Vec<String> {
                let b: BTreeSet<&str> = b.lines().collect();
                a.lines().filter(here).filter(|l| !b.contains(l)).map(str::to_owned).collect()
            };
            let (gone, fresh) = (only(&is, &wanted), only(&wanted, &is));
            if !gone.is_empty() || !fresh.is_empty() {
                out.insert(node, (gone, fresh));
            }
        }
        Ok(out)
    }

    /// The steps that bring changed options to their files, with those that restart their services.
    pub fn roll_out_plan(&self, id: EnvId) -> Result<Plan, Failure> {
        let env = self.env(id)?;
        let changed: BTreeMap<NodeId, BTreeSet<String>> = self
            .options_pending(id)?
            .into_iter()
            .map(|(node, (gone, fresh))| (node, gone.iter().chain(&fresh).map(|l| file_of(l)).collect()))
            .collect();
        let plan = self.plan(&env, PlanKind::RollOut)?;
        let catalog = self.catalog()?;
        let platform = catalog.platform(&plan.platform);
        let mut part = plan.part(|node, kind, id| {
            let files = changed
                .get(&node)
                .filter(|_| !matches!(kind, StageKind::Preflight | StageKind::Verification));
            files.zip(platform).zip(catalog.step(id)).is_some_and(|((files, platform), step)| {
                files.iter().any(|file| catalog.writes(platform, step, file))
            })
        });
        part.policy = Policy::default();
        if part.stages.is_empty() {
            return Err(Failure::new(
                FailureKind::Invalid,
                "there is nothing to roll out: every installed node has the options that are set, or no module writes their files",
            )
            .keyed("error-nothing-to-roll-out"));
        }
        Ok(part)
    }

    /// Rolls changed options out, or asks every step what it would change.
    pub fn roll_out(
        self: &Arc<Self>,
        asks: &User,
        id: EnvId,
        dry_run: bool,
    ) -> Result<Arc<JobCell>, Failure> {
        let env = self.env(id)?;
        self.refuse_while_busy(id)?;
        let mut plan = self.roll_out_plan(id)?;
        self.accounts(&env)?;
        if dry_run {
            plan.kind = PlanKind::DryRun;
            return self.start_job(asks, &env, plan, None);
        }
        self.refuse_unfinished_rotation(&env)?;
        let what = sentence!(
            "deed-roll-out-nodes",
            "rolled changed options out to {nodes} nodes",
            nodes = plan.nodes.len()
        );
        let deed = Self::deed(asks, AuditKind::Service, &env, what);
        self.start_job(asks, &env, plan, Some(deed))
    }
}
