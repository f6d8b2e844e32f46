//! The command line about options of services.

use crate::domain::node::NodeRole;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// For which nodes.
#[derive(Clone, Debug, Default, Args)]
pub struct ScopeArgs {
    /// Only nodes with this role: controller, compute or storage [default: all nodes]
    #[arg(long, conflicts_with = "node")]
    pub role: Option<NodeRole>,
    /// Only this node, by name, number or ENV/NAME
    #[arg(long)]
    pub node: Option<String>,
}

/// Commands about options of services.
#[derive(Clone, Debug, Subcommand)]
pub enum OptionCommand {
    /// List the options that were set, by scope and file
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Set an option of a service's ini file; it wins over what modules write
    Set {
        /// Environment, by name or number
        env: String,
        /// The file on the nodes, e.g. /etc/keystone/keystone.conf
        file: String,
        /// Section, without brackets
        section: String,
        /// Name of the option
        key: String,
        /// Its value
        #[arg(required_unless_present = "absent", allow_hyphen_values = true)]
        value: Option<String>,
        /// Take the option out of the file instead
        #[arg(long, conflicts_with = "value")]
        absent: bool,
        /// For which nodes.
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Forget an option; the module's own value is back after the next roll-out
    Unset {
        /// Environment, by name or number
        env: String,
        /// The file on the nodes
        file: String,
        /// Section, without brackets
        section: String,
        /// Name of the option
        key: String,
        /// For which nodes.
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Set all options of one scope and file by an ini text; a blank text forgets them
    Text {
        /// Environment, by name or number
        env: String,
        /// The file on the nodes
        file: String,
        /// The text; - is the standard input
        #[arg(value_name = "TEXT-FILE", value_hint = ValueHint::FilePath)]
        from: PathBuf,
        /// For which nodes.
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Show what each installed node would get and lose by a roll-out
    Diff {
        /// Environment, by name or number
        env: String,
    },
    /// Roll changed options out: only the steps that write their files, and their services
    RollOut {
        /// Environment, by name or number
        env: String,
        /// Only ask every step on its node what it would change
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Show steps and output until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
}
