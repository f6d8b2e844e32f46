//! Accounts of an environment's services, and the catalog.

use super::account_args::AccountCommand;
use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, jobs, print, prompt};
use crate::api::accounts::AccountAsk;
use crate::api::views::AccountView;
use crate::api::{Request, Response};
use crate::domain::accounts::{AccountKind, NewValue, RotationPlan, RotationView};
use crate::domain::environment::Environment;
use crate::domain::ids::EnvId;

/// `cpmg account …`.
pub async fn run(global: &Global, command: AccountCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        AccountCommand::List { env } => {
            let env = find::environment(&talk, &env, false).await?;
            list(&talk, &accounts(&talk, env.env.id).await?)?;
        }
        AccountCommand::Reveal { env, name } => {
            let (env, _) = account(&talk, &env, &name).await?;
            let request = Request::Accounts(AccountAsk::Reveal { env: env.id, name: name.clone() });
            let Response::Account(value) = talk.call(request).await? else { return Err(Talk::unexpected()) };
            // The value is what was asked for: shown on demand, recorded by the engine.
            talk.done(value.reveal(), &serde_json::json!({ "name": name, "value": value.reveal() }))?;
        }
        AccountCommand::Set { env, name, password_stdin } => {
            let (env, known) = account(&talk, &env, &name).await?;
            let value = match known.kind {
                AccountKind::User if !password_stdin => {
                    prompt::hidden(&format!("New {name}"), "--password-stdin")?
                }
                _ => prompt::new_password(&format!("New {name}"), password_stdin)?,
            };
            let new = NewValue::Typed(value);
            talk.call(Request::Accounts(AccountAsk::Set { env: env.id, name: name.clone(), new })).await?;
            told(&talk, &env, &name).await?;
        }
        AccountCommand::Generate { env, name, rules } => {
            let (env, _) = account(&talk, &env, &name).await?;
            let new = NewValue::Generated(rules.rules());
            talk.call(Request::Accounts(AccountAsk::Set { env: env.id, name: name.clone(), new })).await?;
            told(&talk, &env, &name).await?;
        }
        AccountCommand::Rotate { env, name, typed, password_stdin, back, rules, dry_run, yes, follow } => {
            let (env, _) = account(&talk, &env, &name).await?;
            let preview = Request::Accounts(AccountAsk::RotationPreview { env: env.id, name: name.clone() });
            let Response::Rotation(plan) = talk.call(preview).await? else { return Err(Talk::unexpected()) };
            if dry_run && talk.json {
                print::json(&plan)?;
                return Ok(Code::Done);
            }
            if !talk.json {
                show(&talk, &plan)?;
            }
            if dry_run {
                return Ok(Code::Done);
            }
            let new = if back {
                NewValue::Old
            } else if typed || password_stdin {
                NewValue::Typed(prompt::new_password(&format!("New {name}"), password_stdin)?)
            } else {
                NewValue::Generated(rules.rules())
            };
            if !yes && !prompt::confirmed("Do this?")? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            let request = Request::Accounts(AccountAsk::Rotate {
                env: env.id,
                name: name.clone(),
                new,
                digest: plan.digest,
            });
            let Response::Job(job) = talk.call(request).await? else { return Err(Talk::unexpected()) };
            let what = format!("job {} rotates {name}", job.id);
            return jobs::begun(talk, &job, follow, &what).await;
        }
    }
    Ok(Code::Done)
}

async fn account(talk: &Talk, env: &str, name: &str) -> Result<(Environment, AccountView), Fault> {
    let env = find::environment(talk, env, false).await?.env;
    let all = accounts(talk, env.id).await?;
    if let Some(found) = all.iter().find(|a| a.name == name) {
        return Ok((env, found.clone()));
    }
    let names: Vec<String> = all.into_iter().map(|a| a.name).collect();
    Err(find::missing("account", name, &names, "cpmg account list ENV"))
}

/// What an account is now, without its value.
async fn told(talk: &Talk, env: &Environment, name: &str) -> Result<(), Fault> {
    let all = accounts(talk, env.id).await?;
    let Some(now) = all.iter().find(|a| a.name == name) else { return Err(Talk::unexpected()) };
    talk.done(&format!("{name} is set: {}", value(now)), now)
}

fn value(account: &AccountView) -> String {
    let length = format!("{} characters", account.length);
    account.strength.map_or(length.clone(), |s| format!("{length}, {} ({} bits)", s.word(), account.bits))
}

fn list(talk: &Talk, accounts: &[AccountView]) -> Result<(), Fault> {
    if talk.json {
        return print::json(&accounts);
    }
    let rows: Vec<[String; 5]> = accounts
        .iter()
        .map(|a| {
            [
                a.name.clone(),
                a.module.clone(),
                value(a),
                print::words(&a.used_on),
                talk.title(&a.title).to_owned(),
            ]
        })
        .collect();
    print::table(
        ["NAME", "MODULE", "VALUE", "IN USE ON", "WHAT FOR"],
        &rows,
        "no accounts yet: the first installation makes them",
    )?;
    for (account, rotation) in accounts.iter().filter_map(|a| Some((a, a.rotation.as_ref()?))) {
        unfinished(&account.name, rotation)?;
    }
    Ok(())
}

/// Which password is in force where while a rotation has not succeeded.
fn unfinished(name: &str, rotation: &RotationView) -> Result<(), Fault> {
    let which = if rotation.back { "old" } else { "new" };
    let state = rotation.state;
    print::line(&format!("{name}: job {} rolls the {which} password out and {state}", rotation.job))?;
    for (node, step, place) in &rotation.places {
        print::line(&format!("  {node} {step}: {}", place.word().replace('-', " ")))?;
    }
    Ok(())
}

fn show(talk: &Talk, plan: &RotationPlan) -> Result<(), Fault> {
    let rows: Vec<[String; 4]> = plan
        .steps
        .iter()
        .map(|s| {
            let restarts = print::words(&s.restarts);
            [s.node_name.clone(), s.step.to_string(), restarts, talk.title(&s.title).to_owned()]
        })
        .collect();
    print::table(["NODE", "STEP", "RESTARTS", "WHAT IT DOES"], &rows, "nothing to do")
}

async fn accounts(talk: &Talk, env: EnvId) -> Result<Vec<AccountView>, Fault> {
    match talk.call(Request::Accounts(AccountAsk::List { env })).await? {
        Response::Accounts(accounts) => Ok(accounts),
        _ => Err(Talk::unexpected()),
    }
}

/// `cpmg catalog list`.
pub async fn catalog(global: &Global) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let Response::Catalog(catalog) = talk.call(Request::Catalog).await? else {
        return Err(Talk::unexpected());
    };
    if talk.json {
        return print::json(&catalog);
    }
    if catalog.platforms.is_empty() {
        return print::line("no platforms: run 'cpmg doctor' to see where roles are looked for");
    }
    for platform in &catalog.platforms {
        print::line(&format!("{}  {}", platform.name, talk.title(&platform.title)))?;
        let rows: Vec<[String; 5]> = platform
            .modules
            .iter()
            .map(|m| {
                [
                    format!("  {}", m.name),
                    print::words(&m.roles),
                    print::words(&m.needs),
                    print::words(&m.ports),
                    talk.title(&m.title).to_owned(),
                ]
            })
            .collect();
        print::table(["  MODULE", "ON", "NEEDS", "PORTS", "WHAT IT IS"], &rows, "  no modules")?;
    }
    Ok(())
}
