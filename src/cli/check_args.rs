//! The part of the command line about looking at the network before touching it.

use crate::domain::check::CheckKind;
use clap::Subcommand;

/// Commands about connectivity checks.
#[derive(Clone, Debug, Subcommand)]
pub enum CheckCommand {
    /// Check the nodes and the wires between them, wait for the report and print it; exit code 1 unless everything has passed
    Run {
        /// Environment, by name or number
        env: String,
        /// Only this node, by name or number; several may be given
        #[arg(long, value_name = "NODE")]
        node: Vec<String>,
        /// Only these: ssh, segments, vlans, duplicates, pairs, mtu, gateway, dhcp, names, clock, repositories, ports
        #[arg(long, value_name = "KIND", value_delimiter = ',')]
        only: Vec<CheckKind>,
    },
    /// Show the last report; exit code 1 unless everything has passed and nothing changed since
    Show {
        /// Environment, by name or number
        env: String,
    },
    /// End the check that runs; it leaves no report
    Cancel {
        /// Environment, by name or number
        env: String,
    },
}
