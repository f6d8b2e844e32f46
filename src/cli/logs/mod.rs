//! `cpmg logs`: the commands about logs.
//!
//! `show` prints and follows what was collected, `collect` switches collecting and tells how it goes. `parse` works without an
//! engine: it reads a file, whatever wrote it.

mod collect;
mod parse;
mod show;

use super::Hooks;
use super::args::Global;
use super::exit::{Code, Fault};
use clap::{Args, Subcommand};

/// Options of `cpmg logs`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct LogsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: Option<LogsCommand>,
    /// What to show.
    #[command(flatten)]
    pub show: show::ShowArgs,
}

/// Commands about logs.
#[derive(Clone, Debug, Subcommand)]
pub enum LogsCommand {
    /// List what is collected in an environment, from where, and how far it is behind
    Sources {
        /// Environment, by name or number
        env: String,
    },
    /// Switch collecting logs from an environment's nodes on or off, fetch older ones, or set how much is kept
    Collect {
        /// Environment, by name or number
        env: String,
        /// What to do
        #[command(subcommand)]
        what: collect::CollectCommand,
    },
    /// Read a log file of any format and print its entries as JSON, one a line; needs no engine
    Parse(parse::ParseArgs),
}

/// `cpmg logs`.
pub async fn run(global: &Global, args: LogsArgs, hooks: Hooks) -> Result<Code, Fault> {
    match args.command {
        None => show::run(global, args.show).await?,
        Some(LogsCommand::Sources { env }) => collect::sources(global, &env).await?,
        Some(LogsCommand::Collect { env, what }) => collect::run(global, &env, what).await?,
        Some(LogsCommand::Parse(args)) => parse::run(&args, hooks)?,
    }
    Ok(Code::Done)
}
