//! The command line about modules.

use clap::Subcommand;

/// Commands about modules.
#[derive(Clone, Debug, Subcommand)]
pub enum ModuleCommand {
    /// List the modules of an environment's platform: which are there and why, and what each node needs for them
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Choose modules; what they need comes along and is named
    Add {
        /// Environment, by name or number
        env: String,
        /// Modules
        #[arg(required = true, value_name = "MODULE")]
        modules: Vec<String>,
    },
    /// Leave modules out; what is installed of them stays as it is
    Remove {
        /// Environment, by name or number
        env: String,
        /// Modules
        #[arg(required = true, value_name = "MODULE")]
        modules: Vec<String>,
    },
}
