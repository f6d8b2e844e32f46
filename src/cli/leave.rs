//! A node leaves: out of the list, or out of an installed cloud.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, jobs, print, prompt};
use crate::api::day2::Day2;
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::day2::LeaveHow;
use clap::Args;

/// How a node is taken out.
#[derive(Clone, Copy, Debug, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "options of a command")]
pub struct LeaveArgs {
    /// Also undo what the installation did on the node
    #[arg(long, conflicts_with_all = ["gone", "forget"])]
    pub undo: bool,
    /// Delete the instances that are on the node; without this it stays while there are some
    #[arg(long, conflicts_with = "forget")]
    pub delete_instances: bool,
    /// The machine is gone: do nothing on it, only take it off the cloud's records and the other nodes' files
    #[arg(long, conflicts_with = "forget")]
    pub gone: bool,
    /// Only take it out of the list; neither the machine nor the cloud is touched
    #[arg(long)]
    pub forget: bool,
    /// Only show what would be done
    #[arg(long, conflicts_with = "forget")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show steps and output until the job is over; the exit code is the job's result
    #[arg(long, short, conflicts_with = "forget")]
    pub follow: bool,
}

/// `cpmg node remove`.
pub async fn run(global: &Global, wanted: &str, args: LeaveArgs) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    let node = find::node(&talk, wanted).await?;
    if args.forget || !node.is_part_of_a_cloud() {
        return forget(&talk, &node, args).await;
    }
    let how = LeaveHow { undo: args.undo, delete_instances: args.delete_instances, gone: args.gone };
    let Response::Plan(plan) = talk.call(Request::Day2(Day2::LeavePreview { node: node.id, how })).await?
    else {
        return Err(Talk::unexpected());
    };
    if args.dry_run && talk.json {
        print::json(&plan)?;
        return Ok(Code::Done);
    }
    if !talk.json {
        print::line(&format!("{} ({}) leaves its environment", node.name, node.address))?;
        jobs::stages(&talk, &plan)?;
        let machine = match (how.gone, how.undo) {
            (true, _) => "nothing is done on the machine",
            (_, true) => "on the machine the installation is undone, last step first",
            (false, false) => "on the machine its services are stopped, the rest stays as it is",
        };
        print::line(&format!("\n{machine}; this cannot be taken back, but the node can be added again"))?;
    }
    if args.dry_run {
        return Ok(Code::Done);
    }
    if !args.yes && !prompt::confirmed(&format!("Take {} out?", node.name))? {
        return Err(Fault::usage("nothing was done: say yes, or give --yes"));
    }
    let job = jobs::answer(talk.call(Request::Day2(Day2::Leave { node: node.id, how })).await?)?;
    let what = format!("job {} takes {} out", job.id, node.name);
    jobs::begun(talk, &job, args.follow, &what).await
}

async fn forget(talk: &Talk, node: &NodeRow, args: LeaveArgs) -> Result<Code, Fault> {
    if args.dry_run {
        print::line(&format!("{} would be taken out of the list; the machine stays as it is", node.name))?;
        return Ok(Code::Done);
    }
    let question = format!("Take {} ({}) out of its environment?", node.name, node.address);
    if !args.yes && !prompt::confirmed(&question)? {
        return Err(Fault::usage("nothing was done: say yes, or give --yes"));
    }
    talk.call(Request::NodeRemove { node: node.id, based_on: node.revision }).await?;
    talk.done(&format!("{} is taken out; the machine is as it was", node.name), node)?;
    Ok(Code::Done)
}
