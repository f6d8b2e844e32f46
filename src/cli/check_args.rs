//! The part of the command line about looking at the network before touching it, and about who did what.

use crate::domain::audit::AuditKind;
use crate::domain::check::CheckKind;
use clap::{Args, Subcommand};

/// Options of `cpmg audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Only this environment, by name or number
    #[arg(long, value_name = "ENV")]
    pub env: Option<String>,
    /// Only this node, by name, number or ENV/NAME
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Only deeds of this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Only this kind: install, undo, reinstall, lock, account, network, proof or host-key
    #[arg(long, value_name = "KIND")]
    pub kind: Option<AuditKind>,
    /// Not before: how long ago (90m, 12h, 7d), or a date or time (2026-03-01, 2026-03-01T07:02:09Z)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

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
