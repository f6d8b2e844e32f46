//! Services of a node.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print, prompt};
use crate::api::day2::Day2;
use crate::api::views::ServiceView;
use crate::api::{Request, Response};
use clap::Subcommand;

/// Commands about services.
#[derive(Clone, Debug, Subcommand)]
pub enum ServiceCommand {
    /// Show how the services of a node stand: state, since when, restarts, memory
    List {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Show one service with its last lines
    Show {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Its unit
        unit: String,
        /// Lines of its log
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: u32,
    },
    /// Restart a service now
    Restart {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Its unit
        unit: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// `cpmg service …`.
pub async fn run(global: &Global, command: ServiceCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        ServiceCommand::List { node } => {
            let node = find::node(&talk, &node).await?;
            let services = answer(
                talk.call(Request::Day2(Day2::Services { node: node.id, unit: None, lines: 0 })).await?,
            )?;
            if talk.json {
                print::json(&services)?;
            } else {
                table(&services)?;
            }
        }
        ServiceCommand::Show { node, unit, lines } => {
            let node = find::node(&talk, &node).await?;
            let request = Request::Day2(Day2::Services { node: node.id, unit: Some(unit), lines });
            return show(&talk, &answer(talk.call(request).await?)?);
        }
        ServiceCommand::Restart { node, unit, yes } => {
            let node = find::node(&talk, &node).await?;
            if !yes && !prompt::confirmed(&format!("Restart {unit} on {} now?", node.name))? {
                return Err(Fault::usage("nothing was done: say yes, or give --yes"));
            }
            let request = Request::Day2(Day2::Restart { node: node.id, unit });
            return show(&talk, &answer(talk.call(request).await?)?);
        }
    }
    Ok(Code::Done)
}

fn answer(response: Response) -> Result<Vec<ServiceView>, Fault> {
    match response {
        Response::Services(services) => Ok(services),
        _ => Err(Talk::unexpected()),
    }
}

fn table(services: &[ServiceView]) -> Result<(), Fault> {
    let rows: Vec<[String; 6]> = services
        .iter()
        .map(|s| {
            [
                s.unit.clone(),
                s.module.clone(),
                format!("{} ({})", s.state, s.sub),
                s.since.map(print::ago).unwrap_or_default(),
                s.restarts.to_string(),
                s.memory.map(print::size).unwrap_or_default(),
            ]
        })
        .collect();
    print::table(
        ["SERVICE", "MODULE", "STATE", "SINCE", "RESTARTS", "MEMORY"],
        &rows,
        "no services of modules are on it",
    )
}

/// One service; the exit code says whether it runs.
fn show(talk: &Talk, services: &[ServiceView]) -> Result<Code, Fault> {
    if talk.json {
        print::json(&services)?;
    } else {
        table(services)?;
        for line in services.iter().flat_map(|s| &s.lines) {
            print::line(&format!("  {line}"))?;
        }
    }
    let all_run = services.iter().all(|s| s.state == "active");
    Ok(if all_run { Code::Done } else { Code::Failed })
}
