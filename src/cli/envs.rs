//! Environments.

use super::args::{EnvCommand, Global};
use super::exit::Fault;
use super::talk::Talk;
use super::{Hooks, find, handover, nodes, parcel, policy, print, prompt};
use crate::api::keep::Keep;
use crate::api::message::EnvChange;
use crate::api::rows::{EnvRow, JobRow};
use crate::api::{Request, Response};
use crate::domain::environment::Environment;
use std::fmt::Write;

/// `cpmg env …`.
pub async fn run(global: &Global, command: EnvCommand, hooks: Hooks) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        EnvCommand::List { hidden } => list(&talk, hidden).await,
        EnvCommand::Show { env } => show(&talk, &env).await,
        EnvCommand::Topology { env } => handover::topology(&talk, &env).await,
        EnvCommand::Report { env, output } => handover::report(&talk, &env, output.as_deref(), hooks).await,
        EnvCommand::Add { name, platform } => {
            let env = answer(talk.call(Request::EnvAdd { name, platform }).await?)?;
            let text = format!("made environment {} (number {}) for {}", env.name, env.id, env.platform);
            talk.done(&text, &env)
        }
        EnvCommand::Rename { env, name } => {
            let old = find::environment(&talk, &env, false).await?.env;
            let env = edit(&talk, &old, EnvChange::Rename(name)).await?;
            talk.done(&format!("{} is called {} now", old.name, env.name), &env)
        }
        EnvCommand::Hide { env } => {
            let old = find::environment(&talk, &env, false).await?.env;
            let env = edit(&talk, &old, EnvChange::Hide(true)).await?;
            let text = format!("{} is hidden; 'cpmg env unhide' shows it again", env.name);
            talk.done(&text, &env)
        }
        EnvCommand::Unhide { env } => {
            let old = find::environment(&talk, &env, true).await?.env;
            let env = edit(&talk, &old, EnvChange::Hide(false)).await?;
            talk.done(&format!("{} is shown again", env.name), &env)
        }
        EnvCommand::Purge { env, confirm, why } => {
            let env = find::environment(&talk, &env, true).await?.env;
            let question = format!(
                "Everything about {} is lost: nodes, accounts, jobs, output, logs. Type its name",
                env.name
            );
            let name = match confirm {
                Some(name) => name,
                None => prompt::typed(&question)?
                    .ok_or_else(|| Fault::usage("there is no terminal to ask on: give --confirm NAME"))?,
            };
            talk.call(Request::Keep(Keep::EnvPurge { env: env.id, name, why })).await?;
            talk.done(&format!("{} is purged", env.name), &env)
        }
        EnvCommand::Clone { env, name } => {
            let old = find::environment(&talk, &env, false).await?.env;
            let env = answer(talk.call(Request::Keep(Keep::EnvClone { env: old.id, name })).await?)?;
            talk.done(&format!("made environment {} (number {}) like {}", env.name, env.id, old.name), &env)
        }
        EnvCommand::Export(args) => parcel::export(&talk, args).await,
        EnvCommand::Import(args) => parcel::take_in(&talk, args).await,
        EnvCommand::Limit { env, to, all } => {
            let old = find::environment(&talk, &env, false).await?.env;
            let names = to.filter(|_| !all);
            let text = match &names {
                Some(names) => {
                    format!("only {} and administrators reach {} now", print::words(names), old.name)
                }
                None => format!("all users reach {} now", old.name),
            };
            let env = edit(&talk, &old, EnvChange::Members(names)).await?;
            talk.done(&text, &env)
        }
        EnvCommand::Set { env, platform, modules, parallel } => {
            let mut env = find::environment(&talk, &env, false).await?.env;
            let changes = [
                platform.map(EnvChange::Platform),
                modules.map(EnvChange::Modules),
                parallel.map(EnvChange::Parallel),
            ];
            for change in changes.into_iter().flatten() {
                env = edit(&talk, &env, change).await?;
            }
            let text = format!(
                "{}: platform {}, modules {}, {} nodes at once",
                env.name,
                env.platform,
                print::words(&env.modules),
                env.parallel
            );
            talk.done(&text, &env)
        }
        EnvCommand::Policy { env, change } => policy::run(&talk, &env, change).await,
    }
}

fn answer(response: Response) -> Result<Environment, Fault> {
    match response {
        Response::Environment(env) => Ok(env),
        _ => Err(Talk::unexpected()),
    }
}

/// Changes an environment.
pub async fn edit(talk: &Talk, env: &Environment, change: EnvChange) -> Result<Environment, Fault> {
    answer(talk.call(Request::EnvEdit { env: env.id, based_on: env.revision, change }).await?)
}

async fn list(talk: &Talk, hidden: bool) -> Result<(), Fault> {
    let envs = find::environments(talk, hidden).await?;
    if talk.json {
        return print::json(&envs);
    }
    let rows: Vec<[String; 6]> = envs
        .iter()
        .map(|e| {
            [
                e.env.id.to_string(),
                e.env.name.clone(),
                e.env.platform.clone(),
                counts(e),
                e.job.as_ref().map_or_else(|| "-".to_owned(), job_words),
                format!("{} by {}", print::ago(e.env.changed), e.env.changed_by),
            ]
        })
        .collect();
    let empty = if hidden {
        "no hidden environments"
    } else {
        "no environments yet: make one with 'cpmg env add NAME'"
    };
    print::table(["#", "NAME", "PLATFORM", "NODES", "NEWEST JOB", "CHANGED"], &rows, empty)
}

fn counts(env: &EnvRow) -> String {
    let mut text = format!("{} ({} installed", env.nodes, env.installed);
    if env.failed > 0 {
        let _ = write!(text, ", {} failed", env.failed);
    }
    text.push(')');
    text
}

/// A job in a few words.
pub fn job_words(job: &JobRow) -> String {
    if job.state.is_over() {
        let when = job.ended.map(print::ago).unwrap_or_default();
        format!("{} {} {when}", job.id, job.state).trim_end().to_owned()
    } else {
        format!("{} {} {}", job.id, job.state, print::share(job.permille))
    }
}

async fn show(talk: &Talk, wanted: &str) -> Result<(), Fault> {
    let env = find::environment(talk, wanted, false).await?;
    let all = find::nodes(talk, env.env.id).await?;
    if talk.json {
        return print::json(&serde_json::json!({ "environment": env, "nodes": all }));
    }
    let e = &env.env;
    print::pairs(&[
        ("name", e.name.clone()),
        ("number", e.id.to_string()),
        ("platform", e.platform.clone()),
        ("modules", print::words(&e.modules)),
        (
            "reached by",
            env.members.as_ref().map_or_else(
                || "all users".to_owned(),
                |m| format!("{} and administrators", print::words(m)).trim_start_matches(" and ").to_owned(),
            ),
        ),
        ("at once", format!("{} nodes", e.parallel)),
        ("on failure", policy::words(&e.policy)),
        ("made", format!("{} by {}", print::ago(e.created), e.created_by)),
        ("changed", format!("{} by {}", print::ago(e.changed), e.changed_by)),
        ("newest job", env.job.as_ref().map(job_words).unwrap_or_default()),
    ])?;
    print::line("")?;
    nodes::table(&all)
}
