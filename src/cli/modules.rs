//! Modules of an environment.

use super::args::Global;
use super::exit::Fault;
use super::module_args::ModuleCommand;
use super::talk::Talk;
use super::{envs, find, print};
use crate::api::message::EnvChange;
use crate::api::views::ModuleView;
use crate::api::{Request, Response};
use crate::domain::choice::{Choice, ChoiceNode, NodeShare, Why, choose};
use crate::domain::environment::Environment;

/// `cpmg module …`.
pub async fn run(global: &Global, command: ModuleCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        ModuleCommand::List { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let all = of_platform(&talk, &env).await?;
            list(&talk, &env, &all).await
        }
        ModuleCommand::Add { env, modules } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let all = of_platform(&talk, &env).await?;
            known(&all, &modules)?;
            let mut chosen = env.modules.clone();
            if !chosen.is_empty() {
                chosen.extend(modules.iter().filter(|m| !env.modules.contains(m)).cloned());
            }
            change(&talk, &env, &all, chosen).await
        }
        ModuleCommand::Remove { env, modules } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let all = of_platform(&talk, &env).await?;
            known(&all, &modules)?;
            let mut chosen = env.modules.clone();
            if chosen.is_empty() {
                // Nothing chosen counts as all.
                chosen = all.iter().map(|m| m.name.clone()).collect();
            }
            chosen.retain(|m| !modules.contains(m));
            let after = choose(&all, &chosen, &[]);
            for module in &modules {
                match after.why(module) {
                    Some(Why::NeededBy(by)) => {
                        return Err(Fault::usage(format!(
                            "{module} stays: needed by {by}; take {by} out with it, or keep it"
                        )));
                    }
                    Some(Why::Base) => {
                        return Err(Fault::usage(format!("{module} is part of every node's base")));
                    }
                    Some(Why::Chosen) | None => {}
                }
            }
            change(&talk, &env, &all, chosen).await
        }
    }
}

async fn of_platform(talk: &Talk, env: &Environment) -> Result<Vec<ModuleView>, Fault> {
    let Response::Catalog(catalog) = talk.call(Request::Catalog).await? else {
        return Err(Talk::unexpected());
    };
    let platform = catalog.platforms.into_iter().find(|p| p.name == env.platform);
    let names = Vec::new();
    platform
        .map(|p| p.modules)
        .ok_or_else(|| find::missing("platform", &env.platform, &names, "cpmg catalog list"))
}

fn known(all: &[ModuleView], wanted: &[String]) -> Result<(), Fault> {
    let names: Vec<String> = all.iter().map(|m| m.name.clone()).collect();
    match wanted.iter().find(|w| !names.contains(w)) {
        Some(unknown) => Err(find::missing("module", unknown, &names, "cpmg module list ENV")),
        None => Ok(()),
    }
}

async fn change(
    talk: &Talk,
    env: &Environment,
    all: &[ModuleView],
    chosen: Vec<String>,
) -> Result<(), Fault> {
    let before = choose(all, &env.modules, &[]);
    let after = envs::edit(talk, env, EnvChange::Modules(chosen)).await?;
    let choice = choose(all, &after.modules, &[]);
    let mut told = vec![format!("{} has the modules {}", after.name, print::words(&after.modules))];
    for (name, why) in choice.modules.iter().filter(|(name, _)| before.why(name).is_none()) {
        if matches!(why, Why::NeededBy(_)) {
            told.push(format!("{name}: {why}"));
        }
    }
    for module in
        all.iter().filter(|m| !m.proven && choice.why(&m.name).is_some() && before.why(&m.name).is_none())
    {
        told.push(format!("{} is not proven on {}", module.name, after.platform));
    }
    talk.done(&told.join("\n"), &after)
}

async fn list(talk: &Talk, env: &Environment, all: &[ModuleView]) -> Result<(), Fault> {
    let nodes: Vec<ChoiceNode> = find::nodes(talk, env.id)
        .await?
        .into_iter()
        .map(|n| ChoiceNode { name: n.name, roles: n.roles, memory: n.facts.map(|f| f.memory) })
        .collect();
    let choice = choose(all, &env.modules, &nodes);
    if talk.json {
        let modules: Vec<serde_json::Value> =
            all.iter().map(|m| serde_json::json!({ "module": m, "why": choice.why(&m.name) })).collect();
        return print::json(&serde_json::json!({ "modules": modules, "nodes": choice.nodes }));
    }
    let rows: Vec<[String; 6]> = all
        .iter()
        .map(|m| {
            [
                m.name.clone(),
                choice.why(&m.name).map_or_else(|| "-".to_owned(), ToString::to_string),
                print::words(&m.roles),
                print::words(&m.ports),
                if m.proven { "proven" } else { "unproven" }.to_owned(),
                talk.title(&m.title).to_owned(),
            ]
        })
        .collect();
    print::table(["MODULE", "WHY", "ON", "PORTS", "PROVEN", "WHAT IT IS"], &rows, "no modules")?;
    shares(&choice)
}

fn shares(choice: &Choice) -> Result<(), Fault> {
    print::line("")?;
    let row = |n: &NodeShare| {
        [
            n.node.clone(),
            print::words(&n.modules),
            format!("{} MiB", n.memory),
            n.has.map_or_else(|| "unknown".to_owned(), |mib| format!("{mib} MiB")),
        ]
    };
    let rows: Vec<[String; 4]> = choice.nodes.iter().map(row).collect();
    print::table(["NODE", "MODULES", "NEEDS ABOUT", "HAS"], &rows, "no node has a role yet")?;
    for node in &choice.nodes {
        for finding in &node.findings {
            print::line(&format!("! {}: {finding}", node.node))?;
        }
    }
    Ok(())
}
