//! Cobbler: where it is, what it has, nodes as its systems.

use super::args::Global;
use super::cobbler_args::{CobblerCommand, PowerArgs};
use super::exit::Fault;
use super::talk::Talk;
use super::{find, print, prompt};
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
            talk.call(Request::CobblerSet { env: env.id, place: Some(place) }).await?;
            let view = view(&talk, env.id).await?;
            let writes = if view.writes { "" } else { "; it is only read, see docs/guide.md" };
            if in_clear(&view.url) {
                print::complain(
                    "the password travels to this server in clear text: use https, or an SSH tunnel to 127.0.0.1:25151 there",
                );
            }
            talk.done(&format!("{}: Cobbler {} at {}{writes}", env.name, view.version, view.url), &view)
        }
        CobblerCommand::Forget { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            talk.call(Request::CobblerSet { env: env.id, place: None }).await?;
            talk.done(
                &format!("{} has no Cobbler server any more", env.name),
                &json!({ "environment": env.name }),
            )
        }
        CobblerCommand::Show { env } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let view = view(&talk, env.id).await?;
            if talk.json { print::json(&view) } else { show(&view) }
        }
        CobblerCommand::Register { node, profile, system, power } => {
            let node = find::node(&talk, &node).await?;
            let request = Request::CobblerRegister { node: node.id, system, profile, power: how(power)? };
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
    match talk.call(Request::Cobbler { env }).await? {
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

fn show(view: &CobblerView) -> Result<(), Fault> {
    let writes = if view.writes { "changed by cpmg" } else { "only read by cpmg" };
    print::pairs(&[
        ("server", view.url.clone()),
        ("user", view.user.clone()),
        ("version", format!("{} ({writes})", view.version)),
    ])?;
    let rows: Vec<[String; 4]> = view
        .distros
        .iter()
        .map(|d| [d.name.clone(), d.breed.clone(), d.os_version.clone(), d.arch.clone()])
        .collect();
    print::table(["DISTRO", "BREED", "VERSION", "ARCH"], &rows, "no distros")?;
    let rows: Vec<[String; 3]> =
        view.profiles.iter().map(|p| [p.name.clone(), p.distro.clone(), p.autoinstall.clone()]).collect();
    print::table(["PROFILE", "DISTRO", "TEMPLATE"], &rows, "no profiles")?;
    let rows: Vec<[String; 6]> = view
        .systems
        .iter()
        .map(|s| {
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
                s.profile.clone(),
                netboot.to_owned(),
                print::words(&s.macs),
                print::words(&s.addresses),
                power,
            ]
        })
        .collect();
    print::table(["SYSTEM", "PROFILE", "BOOTS", "MAC", "ADDRESS", "POWER"], &rows, "no systems")
}
