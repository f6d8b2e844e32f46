//! Options of services that an operator sets himself.

use super::args::Global;
use super::exit::{Code, Fault};
use super::option_args::{OptionCommand, ScopeArgs};
use super::talk::Talk;
use super::{envs, find, jobs, print, prompt};
use crate::api::day2::Day2;
use crate::api::message::EnvChange;
use crate::api::rows::NodeRow;
use crate::api::views::ModuleView;
use crate::api::{Request, Response};
use crate::domain::environment::Environment;
use crate::domain::ids::NodeId;
use crate::domain::overrides::{self, OptionText, Scope, parse, unknown_sections};
use std::collections::BTreeMap;
use std::io::Read;

/// `cpmg option …`.
pub async fn run(global: &Global, command: OptionCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        OptionCommand::List { env } => list(&talk, &env).await?,
        OptionCommand::Set { env, file, section, key, value, absent: _, scope } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let scope = scope_of(&talk, &env, &scope).await?;
            let text = overrides::set(&text_of(&env, scope, &file), &section, &key, value.as_deref());
            change(&talk, &env, OptionText { scope, file, text }).await?;
        }
        OptionCommand::Unset { env, file, section, key, scope } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let scope = scope_of(&talk, &env, &scope).await?;
            let old = text_of(&env, scope, &file);
            if !parse(&old).0.iter().any(|s| s.section == section && s.key == key) {
                return Err(Fault::new(
                    Code::NotFound,
                    format!(
                        "[{section}] {key} is not set in {file} there: 'cpmg option list {}' shows what is",
                        env.name
                    ),
                ));
            }
            let text = overrides::unset(&old, &section, &key);
            change(&talk, &env, OptionText { scope, file, text }).await?;
        }
        OptionCommand::Text { env, file, from, scope } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let scope = scope_of(&talk, &env, &scope).await?;
            let cannot = |e: std::io::Error| Fault::usage(format!("{} cannot be read: {e}", from.display()));
            let text = if from.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin().lock().read_to_string(&mut text).map_err(cannot)?;
                text
            } else {
                std::fs::read_to_string(&from).map_err(cannot)?
            };
            change(&talk, &env, OptionText { scope, file, text }).await?;
        }
        OptionCommand::Diff { env } => diff(&talk, &env).await?,
        OptionCommand::RollOut { env, dry_run, yes, follow } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let Response::Plan(plan) = talk.call(Request::Day2(Day2::RollOutPreview { env: env.id })).await?
            else {
                return Err(Talk::unexpected());
            };
            if !talk.json && !dry_run {
                jobs::stages(&talk, &plan)?;
            }
            if !dry_run && !yes && !prompt::confirmed("Do this?")? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            let job = jobs::answer(talk.call(Request::Day2(Day2::RollOut { env: env.id, dry_run })).await?)?;
            let what = if dry_run {
                format!("job {} asks the steps what they would change", job.id)
            } else {
                format!("job {} rolls options out", job.id)
            };
            return jobs::begun(talk, &job, follow, &what).await;
        }
    }
    Ok(Code::Done)
}

async fn scope_of(talk: &Talk, env: &Environment, args: &ScopeArgs) -> Result<Scope, Fault> {
    match (&args.role, &args.node) {
        (Some(role), _) => Ok(Scope::Role(*role)),
        (None, Some(name)) => {
            let wanted = if name.contains('/') { name.clone() } else { format!("{}/{name}", env.name) };
            Ok(Scope::Node(find::node(talk, &wanted).await?.id))
        }
        (None, None) => Ok(Scope::All),
    }
}

fn text_of(env: &Environment, scope: Scope, file: &str) -> String {
    let found = env.options.iter().find(|t| t.scope == scope && t.file == file);
    found.map(|t| t.text.clone()).unwrap_or_default()
}

fn scope_words(scope: Scope, nodes: &[NodeRow]) -> String {
    match scope {
        Scope::All => "all nodes".to_owned(),
        Scope::Role(role) => format!("role {role}"),
        Scope::Node(id) => nodes
            .iter()
            .find(|n| n.id == id)
            .map_or_else(|| format!("node {id}"), |n| format!("node {}", n.name)),
    }
}

async fn modules(talk: &Talk, env: &Environment) -> Result<Vec<ModuleView>, Fault> {
    let Response::Catalog(catalog) = talk.call(Request::Catalog).await? else {
        return Err(Talk::unexpected());
    };
    Ok(catalog.platforms.into_iter().find(|p| p.name == env.platform).map(|p| p.modules).unwrap_or_default())
}

async fn change(talk: &Talk, env: &Environment, text: OptionText) -> Result<(), Fault> {
    let all = modules(talk, env).await?;
    let nodes = find::nodes(talk, env.id).await?;
    let what = format!("{} for {}", text.file, scope_words(text.scope, &nodes));
    let after = envs::edit(talk, env, EnvChange::Options(text.clone())).await?;
    let owners: Vec<&ModuleView> = all.iter().filter(|m| m.configs.contains(&text.file)).collect();
    if owners.is_empty() {
        print::complain(&format!(
            "no module of {} writes {}: nothing will come of it; 'cpmg catalog list --json' names their files (configs)",
            env.platform, text.file
        ));
    } else {
        let known = owners.iter().flat_map(|m| m.sections.iter().map(String::as_str));
        for unknown in unknown_sections(&parse(&text.text).0, known) {
            let near = unknown.near.map_or_else(String::new, |near| format!(": did you mean [{near}]?"));
            print::complain(&format!("no module writes a section [{}]{near}", unknown.section));
        }
    }
    let how = format!("{what} is set; bring it to installed nodes with 'cpmg option roll-out {}'", env.name);
    talk.done(&how, &after.options)
}

async fn list(talk: &Talk, env: &str) -> Result<(), Fault> {
    let env = find::environment(talk, env, false).await?.env;
    let nodes = find::nodes(talk, env.id).await?;
    if talk.json {
        let effective: BTreeMap<&str, _> = nodes
            .iter()
            .map(|n| (n.name.as_str(), overrides::effective(&env.options, n.id, &n.roles)))
            .collect();
        return print::json(&serde_json::json!({ "texts": env.options, "nodes": effective }));
    }
    if env.options.is_empty() {
        return print::line("no options were set: every file is as its module writes it");
    }
    for text in &env.options {
        print::line(&format!("{}, {}:", text.file, scope_words(text.scope, &nodes)))?;
        for line in text.text.lines() {
            print::line(&format!("  {line}"))?;
        }
    }
    Ok(())
}

async fn diff(talk: &Talk, env: &str) -> Result<(), Fault> {
    let env = find::environment(talk, env, false).await?.env;
    let Response::OptionsPending(pending) =
        talk.call(Request::Day2(Day2::OptionsPending { env: env.id })).await?
    else {
        return Err(Talk::unexpected());
    };
    let nodes = find::nodes(talk, env.id).await?;
    let name =
        |id: &NodeId| nodes.iter().find(|n| n.id == *id).map_or_else(|| id.to_string(), |n| n.name.clone());
    if talk.json {
        let told: BTreeMap<String, _> = pending
            .iter()
            .map(|(id, (gone, fresh))| (name(id), serde_json::json!({ "removed": gone, "added": fresh })))
            .collect();
        return print::json(&told);
    }
    if pending.is_empty() {
        return print::line("installed nodes have the options that are set");
    }
    for (id, (gone, fresh)) in &pending {
        print::line(&name(id))?;
        let all = gone.iter().map(|l| ('-', l)).chain(fresh.iter().map(|l| ('+', l)));
        for (sign, line) in all {
            print::line(&format!("  {sign} {}", words(line)))?;
        }
    }
    print::line(&format!(
        "'cpmg option roll-out {}' brings them there; --dry-run shows the files' differences",
        env.name
    ))
}

/// A line for the nodes' library, for a person.
fn words(line: &str) -> String {
    let mut parts = line.splitn(5, '\t');
    let mut next = || parts.next().unwrap_or_default();
    let (op, file, section, key, value) = (next(), next(), next(), next(), next());
    if op == "unset" {
        format!("{file} [{section}] !{key}")
    } else {
        format!("{file} [{section}] {key} = {value}")
    }
}
