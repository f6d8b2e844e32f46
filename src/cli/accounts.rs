//! Accounts of an environment's services, and the catalog.

use super::args::{AccountCommand, Global};
use super::exit::Fault;
use super::find;
use super::print;
use super::talk::Talk;
use crate::api::views::AccountView;
use crate::api::{Request, Response};
use crate::domain::ids::EnvId;

/// `cpmg account …`.
pub async fn run(global: &Global, command: AccountCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        AccountCommand::List { env } => {
            let env = find::environment(&talk, &env, false).await?;
            let accounts = accounts(&talk, env.env.id).await?;
            if talk.json {
                return print::json(&accounts);
            }
            let rows: Vec<[String; 4]> = accounts
                .iter()
                .map(|a| {
                    let length = format!("{} characters", a.length);
                    [a.name.clone(), a.module.clone(), length, talk.title(&a.title).to_owned()]
                })
                .collect();
            print::table(
                ["NAME", "MODULE", "VALUE", "WHAT FOR"],
                &rows,
                "no accounts yet: the first installation makes them",
            )
        }
        AccountCommand::Reveal { env, name } => {
            let env = find::environment(&talk, &env, false).await?;
            let names: Vec<String> = accounts(&talk, env.env.id).await?.into_iter().map(|a| a.name).collect();
            if !names.contains(&name) {
                return Err(find::missing("account", &name, &names, "cpmg account list ENV"));
            }
            let request = Request::AccountReveal { env: env.env.id, name: name.clone() };
            let Response::Account(value) = talk.call(request).await? else { return Err(Talk::unexpected()) };
            // The value is what was asked for: shown on demand, recorded by the engine.
            talk.done(value.reveal(), &serde_json::json!({ "name": name, "value": value.reveal() }))
        }
    }
}

async fn accounts(talk: &Talk, env: EnvId) -> Result<Vec<AccountView>, Fault> {
    match talk.call(Request::Accounts { env }).await? {
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
