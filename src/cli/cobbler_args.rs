//! The command line about Cobbler.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Commands about Cobbler.
#[derive(Clone, Debug, Subcommand)]
pub enum CobblerCommand {
    /// Say where an environment's Cobbler server is; the engine logs in there at once
    Set {
        /// Environment, by name or number
        env: String,
        #[arg(long, help = "Address of the server: http(s)://HOST/cobbler_api")]
        url: String,
        /// User there
        #[arg(long)]
        user: String,
        /// Read that user's password from the first line of the standard input
        #[arg(long)]
        password_stdin: bool,
        /// Certificates (PEM) of the authority that signed the server's [default: those that this machine trusts]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        authority: Option<PathBuf>,
        /// Seconds that a power agent gets for a word
        #[arg(long, value_name = "SECONDS", default_value_t = crate::domain::cobbler::POWER_SECONDS)]
        power_seconds: u32,
    },
    /// Forget an environment's Cobbler server and the password
    Forget {
        /// Environment, by name or number
        env: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Log in to an environment's Cobbler server and look whether cpmg can work with it
    Check {
        /// Environment, by name or number
        env: String,
    },
    /// List what an environment's Cobbler server has
    List {
        /// Environment, by name or number
        env: String,
        /// What
        what: CobblerItems,
    },
    /// Show an environment's Cobbler server with its distros, profiles and systems
    Show {
        /// Environment, by name or number
        env: String,
    },
    /// Register a node as a system, by its MAC address; it is not installed by that
    Register {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Cobbler's profile
        #[arg(long)]
        profile: String,
        /// MAC address that boots from the network [default: of the NIC with the node's address]
        #[arg(long)]
        mac: Option<String>,
        /// Name of the system [default: the node's]
        #[arg(long)]
        system: Option<String>,
        /// How Cobbler switches the machine.
        #[command(flatten)]
        power: PowerArgs,
    },
}

/// What a Cobbler server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CobblerItems {
    /// Operating systems
    Distros,
    /// Ways to install them
    Profiles,
    /// Machines
    Systems,
}

/// How Cobbler switches a machine.
#[derive(Clone, Debug, Default, Args)]
pub struct PowerArgs {
    /// Power agent on the Cobbler server: ipmilan, redfish …
    #[arg(long, value_name = "AGENT")]
    pub power: Option<String>,
    /// Where the agent connects to
    #[arg(long, value_name = "ADDRESS", requires = "power")]
    pub power_address: Option<String>,
    /// As whom
    #[arg(long, value_name = "USER", requires = "power")]
    pub power_user: Option<String>,
    /// Which plug or machine
    #[arg(long, value_name = "ID", requires = "power")]
    pub power_id: Option<String>,
    /// File with a key on the Cobbler server, instead of a password
    #[arg(long, value_name = "FILE", requires = "power")]
    pub power_identity_file: Option<String>,
    /// Read the agent's password from the first line of the standard input. Cobbler shows it to everybody who can reach it
    #[arg(long, requires = "power")]
    pub power_password_stdin: bool,
}
