//! `cpmg sweep …` and `cpmg credential-set …`: what was found, schedules, sets of credentials, care with logins.

use super::args::Global;
use super::exit::{Code, Fault};
use super::sweep_args::{CredentialSetCommand, SweepArgs, SweepCommand};
use super::talk::Talk;
use super::{find, nodes, print, sweep};
use crate::api::discovery::{DiscoveryChange, SetChange};
use crate::api::rows::{DiscoveryRow, FoundRow, NodeRow, SweepRow};
use crate::api::{Request, Response, Row, Topic};
use crate::domain::environment::Environment;
use crate::domain::facts::same::Twin;
use crate::domain::net::HostAddress;
use crate::domain::sweeps::{LoginLimit, SweepOrder};
use crate::domain::time::utc;

/// Everything about finding machines for an environment.
struct Known {
    env: Environment,
    row: DiscoveryRow,
    sweeps: Vec<SweepRow>,
    found: Vec<FoundRow>,
}

async fn known(talk: &Talk, env: &str) -> Result<Known, Fault> {
    let env = find::environment(talk, env, false).await?.env;
    let (mut row, mut sweeps, mut found) = (None, Vec::new(), Vec::new());
    for one in find::rows(talk, Topic::Discovery(env.id)).await? {
        match one {
            Row::Discovery(r) => row = Some(*r),
            Row::Sweep(r) => sweeps.push(r),
            Row::Found(r) => found.push(r),
            _ => {}
        }
    }
    sweeps.sort_by_key(|s| s.id);
    found.sort_by_key(|f| (f.address, f.port));
    Ok(Known { env, row: row.ok_or_else(Talk::unexpected)?, sweeps, found })
}

fn order(ranges: Vec<String>, how: &SweepArgs) -> SweepOrder {
    let usual = SweepOrder::new(ranges, how.port);
    SweepOrder {
        rate: how.rate.unwrap_or(usual.rate),
        parallel: how.parallel.unwrap_or(usual.parallel),
        ..usual
    }
}

/// `cpmg sweep …`.
pub async fn run(global: &Global, command: SweepCommand) -> Result<(), Fault> {
    let mut talk = Talk::open(global).await?;
    match command {
        SweepCommand::Start { env, mut ranges, how } => {
            if ranges.is_empty() {
                let last = known(&talk, &env).await?.sweeps.pop();
                ranges = last.map(|s| s.order.ranges).unwrap_or_default();
            }
            sweep::run(&mut talk, &env, ranges, &how).await
        }
        SweepCommand::Stop { env } => {
            let known = known(&talk, &env).await?;
            let running = known.sweeps.into_iter().find(|s| s.ended.is_none());
            let Some(running) = running else {
                return Err(Fault::new(
                    Code::NotFound,
                    format!("no sweep of {} is under way", known.env.name),
                ));
            };
            talk.call(Request::SweepCancel { sweep: running.id }).await?;
            talk.done(&format!("sweep {} is ended; what it found is kept", running.id), &running)
        }
        SweepCommand::List { env } => {
            let known = known(&talk, &env).await?;
            if talk.json { print::json(&known.sweeps) } else { list(&known.sweeps) }
        }
        SweepCommand::Found { env, new, gone } => {
            let known = known(&talk, &env).await?;
            let wanted = |f: &&FoundRow| (!new || f.new) && (!gone || f.missing.is_some());
            let found: Vec<&FoundRow> = known.found.iter().filter(wanted).collect();
            if talk.json { print::json(&found) } else { table(&talk, &known, &found).await }
        }
        SweepCommand::Forget { env } => {
            let known = known(&talk, &env).await?;
            let count = known.found.iter().filter(|f| f.missing.is_some()).count();
            talk.call(Request::SightingsForget { env: known.env.id }).await?;
            talk.done(&format!("{count} addresses are forgotten"), &count)
        }
        SweepCommand::Add { env, addresses, new, all: _, user, credential } => {
            let known = known(&talk, &env).await?;
            let wanted = chosen(&known, &addresses, new)?;
            let credential = nodes::how(&credential, &format!("Password of {user}"))?;
            let mut added: Vec<NodeRow> = Vec::new();
            for f in wanted {
                let add = Request::NodeAdd {
                    jump: None,
                    env: known.env.id,
                    name: None,
                    address: f.address.to_string(),
                    port: f.port,
                    user: user.clone(),
                    credential: credential.clone(),
                };
                if let Response::Node(node) = talk.call(add).await? {
                    added.push(*node);
                }
            }
            let text = format!(
                "{} added to {}; next, for each: cpmg node trust {}/NAME",
                added.len(),
                known.env.name,
                known.env.name
            );
            talk.done(&text, &added)
        }
        SweepCommand::Schedule { env, every, off, ranges, how } => {
            let known = known(&talk, &env).await?;
            let change = match (every, off) {
                (_, true) => DiscoveryChange::Schedule(None),
                (None, _) => return show_schedule(&talk, &known.row),
                (Some(every), _) => {
                    let before = known.row.settings.schedule.as_ref().map(|s| s.order.ranges.clone());
                    let last = || known.sweeps.last().map(|s| s.order.ranges.clone());
                    let ranges =
                        if ranges.is_empty() { before.or_else(last).unwrap_or_default() } else { ranges };
                    DiscoveryChange::Schedule(Some((order(ranges, &how), every)))
                }
            };
            set(&talk, &known, change).await?;
            show_schedule(&talk, &self::known(&talk, &env).await?.row)
        }
        SweepCommand::Limit { env, attempts, minutes } => {
            let known = known(&talk, &env).await?;
            let mut limit = known.row.settings.limit;
            if attempts.is_some() || minutes.is_some() {
                limit = LoginLimit {
                    attempts: attempts.unwrap_or(limit.attempts),
                    minutes: minutes.unwrap_or(limit.minutes),
                };
                set(&talk, &known, DiscoveryChange::Limit(limit)).await?;
            }
            let text = format!(
                "a node may refuse {} logins within {} minutes; then cpmg waits",
                limit.attempts, limit.minutes
            );
            talk.done(&text, &limit)
        }
    }
}

async fn set(talk: &Talk, known: &Known, change: DiscoveryChange) -> Result<(), Fault> {
    let based_on = known.row.settings.revision;
    talk.call(Request::DiscoveryEdit { env: known.env.id, based_on, change }).await.map(drop)
}

fn show_schedule(talk: &Talk, row: &DiscoveryRow) -> Result<(), Fault> {
    let text = match (&row.settings.schedule, row.next) {
        (Some(s), next) => format!(
            "every {}: {} port {}, {} a second, {} at the same time; next at {}",
            s.every,
            s.order.ranges.join(", "),
            s.order.port,
            s.order.rate,
            s.order.parallel,
            next.map_or_else(|| "-".to_owned(), utc)
        ),
        _ => "no schedule: 'cpmg sweep schedule ENV --every 6h RANGE' makes one".to_owned(),
    };
    let json = serde_json::json!({ "schedule": row.settings.schedule, "next": row.next });
    talk.done(&text, &json)
}

/// What was found and can be added.
fn chosen<'a>(known: &'a Known, addresses: &[HostAddress], new: bool) -> Result<Vec<&'a FoundRow>, Fault> {
    let good = |f: &&FoundRow| f.ssh && f.node.is_none() && f.missing.is_none() && (!new || f.new);
    if addresses.is_empty() {
        return Ok(known.found.iter().filter(good).collect());
    }
    let one = |address: &HostAddress| {
        let here = known.found.iter().filter(|f| f.address == *address).collect::<Vec<_>>();
        let Some(first) = here.first() else {
            let text = format!("nothing was found at {address}: see 'cpmg sweep found {}'", known.env.name);
            return Err(Fault::new(Code::NotFound, text));
        };
        here.iter().find(|f| good(f)).copied().ok_or_else(|| {
            let why = match (first.node, first.missing) {
                (Some(node), _) => format!("is node {node} already"),
                (_, Some(_)) => "no longer answers".to_owned(),
                _ => "does not speak SSH".to_owned(),
            };
            Fault::usage(format!("{address} {why}"))
        })
    };
    addresses.iter().map(one).collect()
}

fn list(sweeps: &[SweepRow]) -> Result<(), Fault> {
    let rows: Vec<[String; 6]> = sweeps
        .iter()
        .rev()
        .map(|s| {
            let state = match s.ended {
                None => "under way".to_owned(),
                Some(_) if s.cancelled => "ended early".to_owned(),
                Some(at) => format!("took {}", print::span(at.since(s.started))),
            };
            [
                s.id.to_string(),
                print::ago(s.started),
                s.by.clone().unwrap_or_else(|| "schedule".to_owned()),
                format!("{} port {}", s.order.ranges.join(", "), s.order.port),
                format!("{} of {}", s.done, s.total),
                format!("SSH at {}, {state}", s.found),
            ]
        })
        .collect();
    print::table(
        ["#", "STARTED", "BY", "RANGES", "ASKED", "RESULT"],
        &rows,
        "no sweeps yet: cpmg sweep start ENV RANGE",
    )
}

/// In words what else the machine is.
pub fn twins(twins: &[Twin]) -> Vec<String> {
    let one = |t: &Twin| {
        let why: Vec<String> = t.why.iter().map(ToString::to_string).collect();
        format!("the same machine as {}, or a clone of it: {}", t.name, why.join(", "))
    };
    twins.iter().map(one).collect()
}

async fn table(talk: &Talk, known: &Known, found: &[&FoundRow]) -> Result<(), Fault> {
    let nodes = find::nodes(talk, known.env.id).await?;
    let rows: Vec<[String; 5]> = found
        .iter()
        .map(|f| {
            let node = f.node.and_then(|id| nodes.iter().find(|n| n.id == id)).map(|n| n.name.clone());
            let state = match f.missing {
                Some(at) => format!("gone for {}", print::span(print::now().since(at))),
                None if f.new => "new".to_owned(),
                None => String::new(),
            };
            let mut what = if f.ssh { f.banner.clone() } else { format!("not SSH: {}", f.banner) };
            for twin in twins(&f.twins) {
                what = format!("{what} (! {twin})");
            }
            [
                format!("{}:{}", f.address, f.port),
                state,
                node.unwrap_or_else(|| "-".to_owned()),
                print::ago(f.last),
                what,
            ]
        })
        .collect();
    print::table(["ADDRESS", "NEW", "NODE", "LAST SEEN", "WHAT ANSWERS"], &rows, "nothing was found")
}

/// `cpmg credential-set …`.
pub async fn sets(global: &Global, command: CredentialSetCommand) -> Result<(), Fault> {
    use CredentialSetCommand as C;
    let talk = Talk::open(global).await?;
    let (env, name, change, text) = match command {
        C::List { env } => {
            let known = known(&talk, &env).await?;
            return if talk.json { print::json(&known.row.sets) } else { set_table(&known.row) };
        }
        C::Add { env, name, user, credential } => {
            let credential = nodes::how(&credential, &format!("Password of {user}"))?;
            let text = format!("a credential of {user} is in the set {name}");
            (env, name, SetChange::Add { user, credential }, text)
        }
        C::First { env, name, entry } => {
            let text = format!("credential {entry} of {name} is tried first");
            (env, name, SetChange::First { entry }, text)
        }
        C::Drop { env, name, entry } => {
            let text = format!("credential {entry} is no longer in {name}");
            (env, name, SetChange::Drop { entry }, text)
        }
        C::Remove { env, name } => {
            let text = format!("the set {name} is gone");
            (env, name, SetChange::Remove, text)
        }
    };
    let id = find::environment(&talk, &env, false).await?.env.id;
    talk.call(Request::SetEdit { env: id, name: name.clone(), change }).await?;
    let sets = known(&talk, &env).await?.row.sets;
    let set = sets.into_iter().find(|s| s.name == name);
    talk.done(&text, &set)
}

fn set_table(row: &DiscoveryRow) -> Result<(), Fault> {
    let rows: Vec<[String; 4]> = row
        .sets
        .iter()
        .flat_map(|s| {
            s.entries
                .iter()
                .map(|e| [s.name.clone(), e.id.to_string(), e.user.clone(), nodes::kind(Some(&e.kind))])
        })
        .collect();
    print::table(
        ["SET", "NUMBER", "ACCOUNT", "CREDENTIAL"],
        &rows,
        "no sets yet: cpmg credential-set add ENV NAME --user root --password-stdin",
    )
}
