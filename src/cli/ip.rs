//! Addresses: pools, subnets, who uses what.

use super::args::Global;
use super::exit::Fault;
use super::ip_args::{IpCommand, IpItems, PoolCommand};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::{Request, Response};
use crate::domain::environment::Environment;
use crate::domain::ipam::{IpRequest, IpView, SubnetState};
use crate::domain::time::span;

/// `cpmg ip …`.
pub async fn run(global: &Global, command: IpCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let (env, request) = match command {
        IpCommand::List { env, only } => {
            let env = environment(&talk, &env).await?;
            return list(&talk, &view(&talk, &env).await?, only);
        }
        IpCommand::Pool(PoolCommand::Add { env, net, kind }) => (env, IpRequest::AddPool { net, kind }),
        IpCommand::Pool(PoolCommand::Remove { env, net }) => (env, IpRequest::RemovePool { net }),
        IpCommand::Reserve { env, owner, count, kind, timeout, at } => {
            (env, IpRequest::Reserve { owner, kind, count, seconds: Some(timeout), at })
        }
        IpCommand::Confirm { env, owner } => (env, IpRequest::Confirm { owner }),
        IpCommand::Delete { env, owner, yes } => {
            let found = environment(&talk, &env).await?;
            let view = view(&talk, &found).await?;
            let used =
                view.subnets.iter().find(|s| s.owner.as_str() == owner).map_or(0, |s| s.addresses.len());
            let question = format!("{used} addresses of {owner}'s subnet are in use. Give it back?");
            if used > 0 && !yes && !prompt::confirmed(&question)? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            (env, IpRequest::Delete { owner })
        }
        IpCommand::Allocate { env, owner, to, address } => (env, IpRequest::Allocate { owner, to, address }),
        IpCommand::Release { env, address } => (env, IpRequest::Release { address }),
    };
    let env = environment(&talk, &env).await?;
    let Response::IpEvents(events) = talk.call(Request::IpChange { env: env.id, request }).await? else {
        return Err(Talk::unexpected());
    };
    if talk.json {
        return print::json(&events.last());
    }
    events.iter().try_for_each(|event| print::line(&event.to_string()))
}

async fn environment(talk: &Talk, env: &str) -> Result<Environment, Fault> {
    Ok(find::environment(talk, env, false).await?.env)
}

async fn view(talk: &Talk, env: &Environment) -> Result<IpView, Fault> {
    match talk.call(Request::Ip { env: env.id }).await? {
        Response::Ip(view) => Ok(*view),
        _ => Err(Talk::unexpected()),
    }
}

fn list(talk: &Talk, view: &IpView, only: Option<IpItems>) -> Result<(), Fault> {
    if talk.json {
        return match only {
            None => print::json(view),
            Some(IpItems::Pools) => print::json(&view.pools),
            Some(IpItems::Subnets) => print::json(&view.subnets),
            Some(IpItems::Addresses) => print::json(&view.addresses),
        };
    }
    if only.is_none_or(|o| o == IpItems::Pools) {
        pools(view)?;
    }
    if only.is_none_or(|o| o == IpItems::Subnets) {
        subnets(view)?;
    }
    if only.is_none_or(|o| o == IpItems::Addresses) {
        addresses(view)?;
    }
    Ok(())
}

fn pools(view: &IpView) -> Result<(), Fault> {
    let count = |n: u64| n.to_string();
    let rows: Vec<[String; 6]> = view
        .pools
        .iter()
        .map(|p| {
            let all = if p.addresses == 0 { "-".to_owned() } else { count(p.addresses) };
            let kind = p.pool.kind.to_string();
            [p.pool.net.to_string(), kind, all, count(p.reserved), count(p.confirmed), count(p.allocated)]
        })
        .collect();
    let empty = "no pools: 'cpmg ip pool add ENV NETWORK' adds one";
    print::table(["POOL", "KIND", "ADDRESSES", "RESERVED", "CONFIRMED", "IN USE"], &rows, empty)
}

fn subnets(view: &IpView) -> Result<(), Fault> {
    let rows: Vec<[String; 5]> = view
        .subnets
        .iter()
        .map(|s| {
            let state = match s.state {
                SubnetState::Reserved { until } => format!("reserved, {} left", span(until.since(view.now))),
                SubnetState::Confirmed { .. } => "confirmed".to_owned(),
            };
            let used = format!("{} of {}", s.addresses.len(), s.usable());
            [s.net.to_string(), s.owner.to_string(), s.kind.to_string(), state, used]
        })
        .collect();
    print::table(["SUBNET", "OWNER", "KIND", "STATE", "IN USE"], &rows, "no subnets")
}

fn addresses(view: &IpView) -> Result<(), Fault> {
    let rows: Vec<[String; 4]> = view
        .addresses
        .iter()
        .map(|row| {
            let claims: Vec<String> =
                row.claims.iter().map(|c| format!("{} ({})", c.owner, c.source.word())).collect();
            let mark = if row.conflict { "CONFLICT" } else { "" };
            let subnet = row.subnet.clone().unwrap_or_else(|| "-".to_owned());
            [row.address.to_string(), claims.join(", "), subnet, mark.to_owned()]
        })
        .collect();
    print::table(["ADDRESS", "WHO", "SUBNET OF", ""], &rows, "no addresses in use")?;
    if view.left_out > 0 {
        print::line(&format!("{} more addresses are left out", view.left_out))?;
    }
    Ok(())
}
