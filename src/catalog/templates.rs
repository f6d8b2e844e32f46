//! Templates: strict, without escaping, and never near a secret.
//!
//! A template sees `node`, `nodes`, `controllers`, `computes` (name, address, roles; `facts` of the node itself) and
//! `vars`. A check renders each one with nodes made for the purpose, so that a fault is found before a machine is touched.

use super::fault::{Faults, line_of};
use super::{Catalog, Module, Platform, Template};
use crate::domain::facts::{Disk, Facts, Nic};
use crate::domain::ids::NodeId;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::PlanNode;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a template sees.
#[derive(Serialize)]
pub(super) struct Context {
    node: ThisNode,
    nodes: Vec<OtherNode>,
    controllers: Vec<OtherNode>,
    computes: Vec<OtherNode>,
    vars: BTreeMap<String, String>,
}

#[derive(Clone, Serialize)]
struct OtherNode {
    name: String,
    address: String,
    roles: NodeRoles,
}

#[derive(Serialize)]
struct ThisNode {
    name: String,
    address: String,
    roles: NodeRoles,
    facts: Facts,
}

impl From<&PlanNode> for OtherNode {
    fn from(n: &PlanNode) -> Self {
        Self { name: n.name.clone(), address: n.address.clone(), roles: n.roles.clone() }
    }
}

impl Context {
    /// What a template sees on `node`.
    pub(super) fn new(
        node: &PlanNode,
        nodes: &[PlanNode],
        facts: &Facts,
        vars: BTreeMap<String, String>,
    ) -> Self {
        let with = |role| nodes.iter().filter(|n| n.roles.contains(&role)).map(OtherNode::from).collect();
        Self {
            node: ThisNode {
                name: node.name.clone(),
                address: node.address.clone(),
                roles: node.roles.clone(),
                facts: facts.clone(),
            },
            nodes: nodes.iter().map(OtherNode::from).collect(),
            controllers: with(NodeRole::Controller),
            computes: with(NodeRole::Compute),
            vars,
        }
    }
}

/// Why a template cannot be rendered.
pub(super) struct TemplateFault {
    /// From 1.
    pub(super) line: usize,
    /// The sentence.
    pub(super) message: String,
}

fn environment(template: &Template) -> Result<Environment<'_>, TemplateFault> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    env.set_syntax(syntax.map_err(|e| explain(template, &e))?);
    env.add_template(&template.name, &template.text).map_err(|e| explain(template, &e))?;
    Ok(env)
}

/// The rendered text.
pub(super) fn render(template: &Template, context: &Context) -> Result<String, TemplateFault> {
    let env = environment(template)?;
    let compiled = env.get_template(&template.name).map_err(|e| explain(template, &e))?;
    compiled.render(Value::from(Serde(context))).map_err(|e| explain(template, &e))
}

fn explain(template: &Template, error: &minijinja::Error) -> TemplateFault {
    let piece = error.range().and_then(|r| template.text.get(r)).map(str::trim).unwrap_or_default();
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, _) if !piece.is_empty() => {
            format!("'{piece}' is not set: a template may use node, nodes, controllers, computes and vars")
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    TemplateFault { line: error.line().unwrap_or(1), message }
}

/// Checks every template of every module on every platform that lists it.
pub(super) fn check(catalog: &Catalog, faults: &mut Faults) {
    let secrets: BTreeSet<&str> =
        catalog.modules.values().flat_map(|m| m.accounts.iter().map(|a| a.name.as_str())).collect();
    let nodes = sample_nodes();
    let facts = sample_facts();
    for module in catalog.modules.values() {
        for step in &module.steps {
            for template in &step.templates {
                if check_secrets(template, &secrets, faults) {
                    continue;
                }
                for platform in catalog.platforms.values().filter(|p| p.modules.contains(&module.name)) {
                    check_one(platform, module, template, &nodes, &facts, faults);
                }
            }
        }
    }
}

fn check_one(
    platform: &Platform,
    module: &Module,
    template: &Template,
    nodes: &[PlanNode],
    facts: &Facts,
    faults: &mut Faults,
) {
    let vars = super::bundle::variables(platform, module);
    if check_branches(platform, template, &vars, faults) {
        return;
    }
    for node in nodes {
        let context = Context::new(node, nodes, facts, vars.clone());
        if let Err(fault) = render(template, &context) {
            faults.line(&template.path, fault.line, fault.message);
            return;
        }
    }
}

/// Variables that are not set, also those in branches that a trial does not take; whether there was one.
fn check_branches(
    platform: &Platform,
    template: &Template,
    vars: &BTreeMap<String, String>,
    faults: &mut Faults,
) -> bool {
    let before = faults.0.len();
    let Ok(env) = environment(template) else { return false };
    let Ok(compiled) = env.get_template(&template.name) else { return false };
    for used in compiled.undeclared_variables(true) {
        let Some(name) = used.strip_prefix("vars.") else { continue };
        if !vars.contains_key(name) {
            let line = template.text.find(&used).map_or(1, |o| line_of(&template.text, o));
            let what = format!("'{used}' is not set on platform '{}'", platform.name);
            faults.line(&template.path, line, what);
        }
    }
    faults.0.len() > before
}

/// Names of secrets, whether they would be set or not; whether there was one.
fn check_secrets(template: &Template, secrets: &BTreeSet<&str>, faults: &mut Faults) -> bool {
    let before = faults.0.len();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (index, line) in template.text.lines().enumerate() {
        for word in line.split(|c| !is_word(c)).filter(|w| secrets.contains(w)) {
            let what =
                format!("{word} is a secret, and templates never see secrets: set it in the step's script");
            faults.line(&template.path, index + 1, what);
        }
    }
    faults.0.len() > before
}

/// One node of each kind, so that every usual branch is taken.
fn sample_nodes() -> Vec<PlanNode> {
    let node = |id: u64, roles: &[NodeRole]| PlanNode {
        id: NodeId(id),
        name: format!("node-{id}"),
        address: format!("192.0.2.{id}"),
        roles: roles.iter().copied().collect(),
    };
    vec![
        node(1, &[NodeRole::Controller]),
        node(2, &[NodeRole::Compute]),
        node(3, &[NodeRole::Storage]),
        node(4, &NodeRole::ALL),
    ]
}

fn sample_facts() -> Facts {
    let nic = Nic {
        name: "eth0".into(),
        mac: "02:00:00:00:00:01".into(),
        addresses: vec!["192.0.2.1/24".into()],
        ..Nic::default()
    };
    Facts {
        cpus: 4,
        memory: 8 << 30,
        disks: vec![Disk { name: "sda".into(), bytes: 100 << 30, rotational: false }],
        nics: vec![nic],
        gateway: Some("192.0.2.254".into()),
        gateway_nic: Some("eth0".into()),
        ..Facts::default()
    }
}
