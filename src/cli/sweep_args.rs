//! The part of the command line that is about finding machines and logging in to them for the first time.

use super::args::CredentialArgs;
use crate::domain::net::HostAddress;
use crate::domain::sweeps::Every;
use clap::{Args, Subcommand};

/// How a sweep is done.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// Port of SSH
    #[arg(long, default_value_t = 22)]
    pub port: u16,
    /// Addresses begun in a second, 1 to 20000 [default: 2000]
    #[arg(long)]
    pub rate: Option<u32>,
    /// Addresses waited for at the same time, 1 to 8192 [default: 2048]
    #[arg(long)]
    pub parallel: Option<u32>,
}

/// Commands about finding machines.
#[derive(Clone, Debug, Subcommand)]
pub enum SweepCommand {
    /// Look for SSH at many addresses (Ctrl-C ends the sweep)
    Start {
        /// Environment, by name or number
        env: String,
        /// 10.0.0.0/24, 10.0.0.1-10.0.0.50, 10.0.0.1-50 or one address [default: those of the last sweep]
        #[arg(value_name = "RANGE")]
        ranges: Vec<String>,
        /// How.
        #[command(flatten)]
        how: SweepArgs,
    },
    /// End the sweep that is under way
    Stop {
        /// Environment, by name or number
        env: String,
    },
    /// List the sweeps that are remembered
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Show every address that ever answered, with what is new since yesterday and what is gone
    Found {
        /// Environment, by name or number
        env: String,
        /// Only what has come within the last 24 hours
        #[arg(long)]
        new: bool,
        /// Only what no longer answers
        #[arg(long, conflicts_with = "new")]
        gone: bool,
    },
    /// Forget addresses at which nothing answers any more
    Forget {
        /// Environment, by name or number
        env: String,
    },
    /// Add machines that were found as nodes
    Add {
        /// Environment, by name or number
        env: String,
        /// Addresses that were found
        #[arg(required_unless_present_any = ["new", "all"])]
        addresses: Vec<HostAddress>,
        /// Those that have come within the last 24 hours
        #[arg(long, conflicts_with = "addresses")]
        new: bool,
        /// All that answer and are no nodes yet
        #[arg(long, conflicts_with_all = ["addresses", "new"])]
        all: bool,
        /// Account to log in with
        #[arg(long, default_value = "root")]
        user: String,
        /// How to log in.
        #[command(flatten)]
        credential: CredentialArgs,
    },
    /// Show what is looked for by itself, or change that
    Schedule {
        /// Environment, by name or number
        env: String,
        /// How often: 30m, 6h, 1d, or a time of day as 03:30 (the management host's clock)
        #[arg(long)]
        every: Option<Every>,
        /// Not any more
        #[arg(long, conflicts_with_all = ["every", "ranges"])]
        off: bool,
        /// What is asked [default: as before, or as in the last sweep]
        #[arg(value_name = "RANGE", requires = "every")]
        ranges: Vec<String>,
        /// How.
        #[command(flatten)]
        how: SweepArgs,
    },
    /// Show how many refused logins a node may see, or change that
    Limit {
        /// Environment, by name or number
        env: String,
        /// Refused logins, 1 to 20
        #[arg(long)]
        attempts: Option<u32>,
        /// Within so many minutes, 1 to 1440
        #[arg(long)]
        minutes: Option<u32>,
    },
}

/// Commands about sets of credentials.
#[derive(Clone, Debug, Subcommand)]
pub enum CredentialSetCommand {
    /// List sets, without what is secret
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Add a credential to a set; the first one makes the set
    Add {
        /// Environment, by name or number
        env: String,
        /// Name of the set
        name: String,
        /// Account to log in with
        #[arg(long, default_value = "root")]
        user: String,
        /// How to log in.
        #[command(flatten)]
        credential: CredentialArgs,
    },
    /// Try a credential of a set first
    First {
        /// Environment, by name or number
        env: String,
        /// Name of the set
        name: String,
        /// Number of the credential, see `credential-set list`
        entry: u32,
    },
    /// Take a credential out of a set
    Drop {
        /// Environment, by name or number
        env: String,
        /// Name of the set
        name: String,
        /// Number of the credential, see `credential-set list`
        entry: u32,
    },
    /// Remove a set; nodes that have taken one of its credentials keep it
    Remove {
        /// Environment, by name or number
        env: String,
        /// Name of the set
        name: String,
    },
}
