//! Switching collection, and how it goes.

use super::super::args::Global;
use super::super::exit::Fault;
use super::super::talk::Talk;
use super::super::{find, print};
use crate::api::logs::{CollectChange, CollectState, LogAnswer, LogAsk, LogSources, SourceKind};
use crate::api::{Request, Response};
use crate::domain::time::Moment;
use clap::Subcommand;

/// Commands about collecting.
#[derive(Clone, Debug, Subcommand)]
pub enum CollectCommand {
    /// Follow the logs of all nodes from now on, or from where collecting stopped
    On {
        /// Fetch those of the last hours as well
        #[arg(long, value_name = "HOURS", default_value_t = 0)]
        backfill: u32,
    },
    /// Stop; what was collected stays
    Off,
    /// Fetch the logs of the last hours as well; collecting must be on
    Backfill {
        /// Hours before now
        hours: u32,
    },
    /// Set how long and how much is kept; the oldest go first
    Keep {
        /// Days; 0: as long as there is room
        #[arg(long, default_value_t = 14)]
        days: u32,
        /// MiB on this machine
        #[arg(long, default_value_t = 10_240)]
        mib: u32,
    },
}

/// `cpmg logs collect`.
pub async fn run(global: &Global, env: &str, what: CollectCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let env = find::environment(&talk, env, false).await?.env;
    let what = match what {
        CollectCommand::On { backfill } => CollectChange::On { backfill_hours: backfill },
        CollectCommand::Off => CollectChange::Off,
        CollectCommand::Backfill { hours } => CollectChange::Backfill { hours },
        CollectCommand::Keep { days, mib } => CollectChange::Keep { days, mib },
    };
    let told = answer(talk.call(Request::Logs(LogAsk::Collect { env: env.id, what })).await?)?;
    show(&talk, &told)
}

/// `cpmg logs sources`.
pub async fn sources(global: &Global, env: &str) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let env = find::environment(&talk, env, false).await?.env;
    let told = answer(talk.call(Request::Logs(LogAsk::Sources { env: env.id })).await?)?;
    show(&talk, &told)
}

fn answer(response: Response) -> Result<LogSources, Fault> {
    if let Response::Logs(answer) = response
        && let LogAnswer::Sources(sources) = *answer
    {
        return Ok(sources);
    }
    Err(Talk::unexpected())
}

fn state(state: &CollectState) -> String {
    match state {
        CollectState::Off => "off".to_owned(),
        CollectState::Connecting => "connecting".to_owned(),
        CollectState::Following { behind: 0, .. } => "follows".to_owned(),
        CollectState::Following { behind, behind_s, .. } => {
            format!("{} behind, {}", print::size(*behind), print::span(behind_s * 1000))
        }
        CollectState::Failed { why, since } => format!("{} ({})", why, print::ago(*since)),
        CollectState::Ended => "over".to_owned(),
        CollectState::Unknown => "?".to_owned(),
    }
}

fn ago(time: Option<i64>) -> String {
    time.and_then(|t| u64::try_from(t / 1000).ok()).map(|ms| print::ago(Moment(ms))).unwrap_or_default()
}

fn show(talk: &Talk, told: &LogSources) -> Result<(), Fault> {
    if talk.json {
        return print::json(told);
    }
    let switch = if told.on { "on" } else { "off" };
    let by = if told.by.is_empty() {
        String::new()
    } else {
        format!(" (by {}, {})", told.by, print::ago(told.changed))
    };
    let days = if told.keep_days == 0 { String::new() } else { format!("{} days, ", told.keep_days) };
    print::pairs(&[
        ("collecting", format!("{switch}{by}")),
        ("kept", format!("{} records, {}", told.records, print::size(told.bytes))),
        ("at most", format!("{days}{}", print::size(u64::from(told.keep_mib) << 20))),
    ])?;
    let nodes: Vec<[String; 3]> = told
        .nodes
        .iter()
        .map(|n| {
            let clock = if n.clock_ms == 0 { String::new() } else { format!("{} ms", n.clock_ms) };
            [n.name.clone(), clock, state(&n.state)]
        })
        .collect();
    print::table(["NODE", "CLOCK AHEAD", "STATE"], &nodes, "the environment has no nodes")?;
    let sources: Vec<[String; 7]> = told
        .sources
        .iter()
        .map(|s| {
            let path =
                if s.kind == SourceKind::Journal { format!("unit {}", s.path) } else { s.path.clone() };
            [
                s.id.to_string(),
                s.node_name.clone(),
                s.service.clone(),
                path,
                s.records.to_string(),
                ago(s.last),
                state(&s.state),
            ]
        })
        .collect();
    print::table(
        ["SOURCE", "NODE", "SERVICE", "WHERE", "RECORDS", "LAST", "STATE"],
        &sources,
        "nothing was collected yet",
    )
}
