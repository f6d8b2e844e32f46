//! Tasks of day 2: changes of an installed cloud that are more than an option.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, jobs, print, prompt};
use crate::api::day2::Day2;
use crate::api::{Request, Response};
use crate::domain::day2::{FlatNics, Task};
use crate::domain::environment::Environment;
use crate::domain::ids::NodeId;
use crate::domain::netplan::NicName;
use clap::{Args, Subcommand};
use std::collections::BTreeMap;

/// How a task is done.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct HowArgs {
    /// Only ask every step on its node what it would change; nothing is changed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show steps and output until the job is over; the exit code is the job's result
    #[arg(long, short)]
    pub follow: bool,
}

/// Commands about tasks. Each is shown before it is done, is a job, and is taken back by `cpmg job undo`.
#[derive(Clone, Debug, Subcommand)]
pub enum TaskCommand {
    /// Show what tasks have made of the cloud
    Show {
        /// Environment, by name or number
        env: String,
    },
    /// Give instances a further flat network, on a NIC of the nodes that carries nothing else
    FlatNetwork {
        /// Environment, by name or number
        env: String,
        /// What Neutron is to call it (its physical network): lower-case letters, digits, hyphens
        name: String,
        /// The NIC, on every node that --on does not name
        #[arg(long, required_unless_present_any = ["on", "remove"])]
        nic: Option<NicName>,
        /// The NIC of one node; may be repeated
        #[arg(long, value_name = "NODE=NIC")]
        on: Vec<String>,
        /// Take it away again; refused while a network of the cloud is on it
        #[arg(long, conflicts_with_all = ["nic", "on"])]
        remove: bool,
        /// How.
        #[command(flatten)]
        how: HowArgs,
    },
    /// Switch self-service networks (VXLAN), routers and their views in the dashboard on or off; off is refused while there are some
    SelfService {
        /// Environment, by name or number
        env: String,
        /// on or off
        #[arg(value_parser = ["on", "off"])]
        to: String,
        /// How.
        #[command(flatten)]
        how: HowArgs,
    },
    /// Move Glance with its images to another node; the old one serves until the new one does
    Images {
        /// Environment, by name or number
        env: String,
        /// The node that is to serve images, by name, number or ENV/NAME
        node: String,
        /// How.
        #[command(flatten)]
        how: HowArgs,
    },
    /// Have a controller run instances as well
    Compute {
        /// Environment, by name or number
        env: String,
        /// The controller, by name, number or ENV/NAME
        node: String,
        /// It is to run none any more; refused while there are some on it
        #[arg(long)]
        remove: bool,
        /// How.
        #[command(flatten)]
        how: HowArgs,
    },
}

/// `cpmg task …`.
pub async fn run(global: &Global, command: TaskCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    let (env, wanted, how) = match command {
        TaskCommand::Show { env } => {
            show(&talk, &env).await?;
            return Ok(Code::Done);
        }
        TaskCommand::FlatNetwork { env, name, nic, on, remove, how } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let flat = if remove {
                Task::RemoveFlat { name }
            } else {
                let mut nodes = BTreeMap::new();
                for pair in on {
                    let Some((node, nic)) = pair.split_once('=') else {
                        return Err(Fault::usage(format!("'{pair}' is not NODE=NIC, as in cmp1=eth2")));
                    };
                    let nic: NicName = nic.parse().map_err(|e| Fault::usage(format!("{pair}: {e}")))?;
                    nodes.insert(node_of(&talk, &env, node).await?, nic);
                }
                Task::AddFlat { name, nics: FlatNics { nic, nodes } }
            };
            (env, flat, how)
        }
        TaskCommand::SelfService { env, to, how } => {
            let env = find::environment(&talk, &env, false).await?.env;
            (env, Task::SelfService { on: to == "on" }, how)
        }
        TaskCommand::Images { env, node, how } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let node = node_of(&talk, &env, &node).await?;
            (env, Task::Images { node }, how)
        }
        TaskCommand::Compute { env, node, remove, how } => {
            let env = find::environment(&talk, &env, false).await?.env;
            let node = node_of(&talk, &env, &node).await?;
            (env, Task::Compute { node, on: !remove }, how)
        }
    };
    begin(talk, &env, wanted, how).await
}

async fn begin(talk: Talk, env: &Environment, wanted: Task, how: HowArgs) -> Result<Code, Fault> {
    let preview = Request::Day2(Day2::TaskPreview { env: env.id, task: wanted.clone() });
    let Response::Plan(plan) = talk.call(preview).await? else { return Err(Talk::unexpected()) };
    if !talk.json && !how.dry_run {
        print::line(&format!("To {wanted}:"))?;
        jobs::stages(&talk, &plan)?;
    }
    if !how.dry_run && !how.yes && !prompt::confirmed("Do this?")? {
        return Err(Fault::usage("nothing was done: say yes, or give --yes"));
    }
    let what = if how.dry_run { "asks the steps what they would change to" } else { "begins to" };
    let what = format!("{what} {wanted}");
    let request = Request::Day2(Day2::Task { env: env.id, task: wanted, dry_run: how.dry_run });
    let job = jobs::answer(talk.call(request).await?)?;
    jobs::begun(talk, &job, how.follow, &format!("job {} {what}", job.id)).await
}

async fn node_of(talk: &Talk, env: &Environment, wanted: &str) -> Result<NodeId, Fault> {
    let wanted = if wanted.contains('/') { wanted.to_owned() } else { format!("{}/{wanted}", env.name) };
    Ok(find::node(talk, &wanted).await?.id)
}

async fn show(talk: &Talk, env: &str) -> Result<(), Fault> {
    let env = find::environment(talk, env, false).await?.env;
    if talk.json {
        return print::json(&env.shape);
    }
    let nodes = find::nodes(talk, env.id).await?;
    let name =
        |id: NodeId| nodes.iter().find(|n| n.id == id).map_or_else(|| id.to_string(), |n| n.name.clone());
    for (flat, nics) in &env.shape.flat {
        let mut places: Vec<String> = nics.nic.iter().map(|nic| format!("{nic} on every node")).collect();
        places.extend(nics.nodes.iter().map(|(id, nic)| format!("{nic} on {}", name(*id))));
        print::line(&format!("flat network {flat}: {}", places.join(", ")))?;
    }
    let on = if env.shape.provider_only { "off" } else { "on" };
    print::line(&format!("self-service networks and routers: {on}"))?;
    print::line(&format!("images: {}", env.shape.images.map_or_else(|| "first controller".to_owned(), name)))
}
