//! Cobbler: where it is, what it has, nodes as its systems.

use super::args::Global;
use super::cobbler_args::{CobblerCommand, CobblerItems, PowerArgs};
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::cobbler::CobblerAsk;
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::cobbler::{CobblerPlace, CobblerPower, CobblerView};
use serde_json::json;

/// `cpmg cobbler …`.
pub async fn run(global: &Global, command: CobblerCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        CobblerCommand::Set { env, url, user, password_stdin, authority, power_seconds } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let password =
                prompt::password(&format!("Password of {user} on the Cobbler server: "), password_stdin)?;
            let authority = authority
                .map(|path| {
                    std::fs::read_to_string(&path)
                        .map_err(|e| Fault::usage(format!("{}: {e}", path.display())))
                })
                .transpose()?;
            let place = CobblerPlace { url, user, password, authority, power_seconds };
            talk.call(Request::Cobbler(CobblerAsk::Set { env: env.id, place: Some(place) })).await?;
            let view = view(&talk, env.id).await?;
            let writes = if view.writes { "" } else { "; it is only read, see docs/guide.md" };
            if in_clear(&view.url) {
                print::complain(
                    "the password travels to this server in clear text: use https, or an SSH tunnel to 127.0.0.1:25151 there",
                );
            }
            talk.done(&format!("{}: Cobbler {} at {}{writes}", env.name, view.version, view.url), &view)
        }
        CobblerCommand::Forget { env, yes } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let Response::CobblerSettings(old) =
                talk.call(Request::Cobbler(CobblerAsk::Settings { env: env.id })).await?
            else {
                return Err(Talk::unexpected());
            };
            let Some(old) = old else {
                return Err(Fault::new(Code::NotFound, format!("{} has no Cobbler server", env.name)));
            };
            let question = format!("Forget {} and the password of {} there?", old.url, old.user);
            if !yes && !prompt::confirmed(&question)? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            talk.call(Request::Cobbler(CobblerAsk::Set { env: env.id, place: None })).await?;
            talk.done(
                &format!("{} has no Cobbler server any more", env.name),
                &json!({ "environment": env.name }),
            )
        }
        CobblerCommand::Check { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            check(&talk, &view(&talk, env.id).await?)
        }
        CobblerCommand::List { env, what } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let view = view(&talk, env.id).await?;
            let nodes = find::nodes(&talk, env.id).await?;
            match what {
                CobblerItems::Distros if talk.json => print::json(&view.distros),
                CobblerItems::Profiles if talk.json => print::json(&view.profiles),
                CobblerItems::Systems if talk.json => print::json(&view.systems),
                CobblerItems::Distros => distros(&view),
                CobblerItems::Profiles => profiles(&view),
                CobblerItems::Systems => systems(&view, &nodes),
            }
        }
        CobblerCommand::Show { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let view = view(&talk, env.id).await?;
            let nodes = find::nodes(&talk, env.id).await?;
            if talk.json { print::json(&view) } else { show(&view, &nodes) }
        }
        CobblerCommand::Register { node, profile, mac, system, power } => {
            let node = find::node(&talk, &node).await?;
            let power = how(power)?;
            let request =
                Request::Cobbler(CobblerAsk::Register { node: node.id, system, profile, mac, power });
            let Response::Registered(new) = talk.call(request).await? else { return Err(Talk::unexpected()) };
            let text = if new {
                format!(
                    "{} is a system of Cobbler now; it boots its own disk until it is reinstalled",
                    node.name
                )
            } else {
                format!("{} was a system of Cobbler already; nothing was changed", node.name)
            };
            talk.done(&text, &json!({ "node": node.name, "new": new }))
        }
    }
}

async fn view(talk: &Talk, env: crate::domain::ids::EnvId) -> Result<CobblerView, Fault> {
    match talk.call(Request::Cobbler(CobblerAsk::View { env })).await? {
        Response::Cobbler(view) => Ok(*view),
        _ => Err(Talk::unexpected()),
    }
}

/// Whether what is sent there can be read on the way.
fn in_clear(url: &str) -> bool {
    let Some(host) = url.strip_prefix("http://") else { return false };
    !["127.", "localhost", "[::1]"].iter().any(|here| host.starts_with(here))
}

fn how(args: PowerArgs) -> Result<Option<CobblerPower>, Fault> {
    let Some(kind) = args.power else { return Ok(None) };
    let password = if args.power_password_stdin {
        prompt::line_of_input("the power agent's password")?
    } else {
        crate::domain::secret::Secret::default()
    };
    Ok(Some(CobblerPower {
        kind,
        address: args.power_address.unwrap_or_default(),
        user: args.power_user.unwrap_or_default(),
        password,
        id: args.power_id.unwrap_or_default(),
        identity_file: args.power_identity_file.unwrap_or_default(),
    }))
}

/// What was found, what was expected, and what to do about it.
fn check(talk: &Talk, view: &CobblerView) -> Result<(), Fault> {
    let plain = view.url.starts_with("http://");
    if talk.json {
        return print::json(&json!({
            "version": view.version,
            "writes": view.writes,
            "plain": plain,
            "distros": view.distros.len(),
            "profiles": view.profiles.len(),
            "systems": view.systems.len(),
        }));
    }
    head(view)?;
    print::line(&format!(
        "{} distros, {} profiles, {} systems",
        view.distros.len(),
        view.profiles.len(),
        view.systems.len()
    ))?;
    if !view.writes {
        print::line("this version is only read: install nodes by hand, or use Cobbler 3.3")?;
    }
    if plain {
        print::line(
            "the address is http: the password goes over the network as it is; use https or a tunnel",
        )?;
    }
    if view.systems.iter().any(|s| s.power_password) {
        print::line(
            "the server holds passwords of power agents and shows them to whoever asks: prefer identity files",
        )?;
    }
    Ok(())
}

fn head(view: &CobblerView) -> Result<(), Fault> {
    let writes = if view.writes { "changed by cpmg" } else { "only read by cpmg" };
    print::pairs(&[
        ("server", view.url.clone()),
        ("user", view.user.clone()),
        ("version", format!("{} ({writes})", view.version)),
    ])
}

fn show(view: &CobblerView, nodes: &[NodeRow]) -> Result<(), Fault> {
    head(view)?;
    distros(view)?;
    profiles(view)?;
    systems(view, nodes)
}

fn distros(view: &CobblerView) -> Result<(), Fault> {
    let rows: Vec<[String; 4]> = view
        .distros
        .iter()
        .map(|d| [d.name.clone(), d.breed.clone(), d.os_version.clone(), d.arch.clone()])
        .collect();
    let empty = "no distros: import one on the Cobbler server";
    print::table(["DISTRO", "BREED", "VERSION", "ARCH"], &rows, empty)
}

fn profiles(view: &CobblerView) -> Result<(), Fault> {
    let rows: Vec<[String; 3]> =
        view.profiles.iter().map(|p| [p.name.clone(), p.distro.clone(), p.autoinstall.clone()]).collect();
    print::table(["PROFILE", "DISTRO", "TEMPLATE"], &rows, "no profiles")
}

fn systems(view: &CobblerView, nodes: &[NodeRow]) -> Result<(), Fault> {
    let rows: Vec<[String; 7]> = view
        .systems
        .iter()
        .map(|s| {
            let node = nodes.iter().find(|n| s.is_machine(&n.address.to_string(), n.facts.as_ref()));
            let netboot = match s.netboot {
                Some(true) => "installs",
                Some(false) => "disk",
                None => "?",
            };
            let power = match (s.power.as_str(), s.power_password) {
                ("", _) => "-".to_owned(),
                (kind, true) => format!("{kind}, password readable by all"),
                (kind, false) => kind.to_owned(),
            };
            [
                s.name.clone(),
                node.map_or_else(|| "-".to_owned(), |n| n.name.clone()),
                s.profile.clone(),
                netboot.to_owned(),
                print::words(&s.macs),
                print::words(&s.addresses),
                power,
            ]
        })
        .collect();
    let empty = "no systems: 'cpmg cobbler register NODE --profile P' makes one";
    print::table(["SYSTEM", "NODE", "PROFILE", "BOOTS", "MAC", "ADDRESS", "POWER"], &rows, empty)?;
    if view.left_out > 0 {
        print::line(&format!("{} more of what the server has are left out", view.left_out))?;
    }
    Ok(())
}
