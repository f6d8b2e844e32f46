//! The part of the command line about who did what.

use crate::domain::audit::AuditKind;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `cpmg audit`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    /// Export the trail or prove it
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    /// Which entries.
    #[command(flatten)]
    pub wanted: AuditWanted,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, Args)]
pub struct AuditWanted {
    /// Only this environment, by name or number
    #[arg(long, value_name = "ENV")]
    pub env: Option<String>,
    /// Only this node, by name, number or ENV/NAME
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Only deeds of this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Only this kind: install, undo, reinstall, lock, account, network, proof, host-key, leave, service, environment, node, job, check, shell, user, session or engine
    #[arg(long, value_name = "KIND")]
    pub kind: Option<AuditKind>,
    /// Not before: how long ago (90m, 12h, 7d), or a date or time (2026-03-01, 2026-03-01T07:02:09Z)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Not after; written like --since
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Only entries with this text in them
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// What else can be done with the trail.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Write entries as JSON lines, oldest first, with number and hash; all that there are unless some are chosen
    Export {
        /// The file, which must not exist [default: the standard output]
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// Which entries.
        #[command(flatten)]
        wanted: AuditWanted,
    },
    /// Prove that no entry was changed, put in or taken out; exit code 1 when one was (administrators)
    Verify {
        /// A whole trail that was exported, instead of the engine's
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}
