//! The command line of imports and exports of nodes.

use crate::domain::{export, import};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// What a list is written in, or that it is Cobbler's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// A file of that form.
    File(import::Format),
    /// The systems of the environment's Cobbler server.
    Cobbler,
}

impl std::str::FromStr for ListFormat {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        if s == "cobbler" { Ok(Self::Cobbler) } else { s.parse().map(Self::File) }
    }
}

/// Options of an import.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Environment, by name or number
    pub env: String,
    /// The list; - reads the standard input; not given for Cobbler's systems
    #[arg(value_hint = ValueHint::FilePath, required_unless_present = "format")]
    pub file: Option<PathBuf>,
    /// csv, ansible-ini, ansible-yaml, ssh-config or cobbler [default: by the file's name]
    #[arg(long)]
    pub format: Option<ListFormat>,
    /// Account of new nodes for which the list names none
    #[arg(long, default_value = "root")]
    pub user: String,
    /// Port of new nodes for which the list names none
    #[arg(long, default_value_t = 22)]
    pub port: u16,
    /// Read the private keys that the list names from this machine, and take them over
    #[arg(long)]
    pub keys: bool,
    /// Only show what is new, changed and refused
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Options of an export.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Environment, by name or number
    pub env: String,
    /// ansible, csv or json
    #[arg(long, default_value = "ansible")]
    pub format: export::Format,
    /// Write a new file instead of the standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}
