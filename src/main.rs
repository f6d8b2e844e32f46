//! Puts the processes together: client, engine, demonstration.
#![forbid(unsafe_code)]

mod demo;
mod process;

use clap::Parser;
use cpmg::cli::args::{Cli, Command, EngineArgs};
use cpmg::cli::exit::{Code, Fault};
use cpmg::cli::places::{self, Places};
use cpmg::cli::{self, Hooks};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.global.json;
    let result = match &cli.command {
        None => screens(&cli),
        Some(Command::Engine(args @ EngineArgs { command: None, .. })) => engine(&cli, args),
        Some(Command::Demo(args)) => {
            process::server().and_then(|rt| rt.block_on(demo::run(&cli.global, args)))
        }
        Some(_) => match process::client() {
            Ok(runtime) => return runtime.block_on(cli::run(cli, Hooks { check_roles })),
            Err(fault) => Err(fault),
        },
    };
    match result {
        Ok(code) => code.into(),
        Err(fault) => {
            fault.tell(json);
            fault.code.into()
        }
    }
}

fn screens(cli: &Cli) -> Result<Code, Fault> {
    let places = Places::find(&cli.global)?;
    process::client()?.block_on(process::screens(&cli.global, &cli.screens, places, None)).map(process::left)
}

fn engine(cli: &Cli, args: &EngineArgs) -> Result<Code, Fault> {
    let places = Places::find(&cli.global)?;
    process::engine(&places, places::roles(&args.roles), args)
}

/// Reads the roles in these directories for `cpmg catalog check`.
fn check_roles(dirs: &[PathBuf]) -> Result<cli::CatalogSize, Vec<String>> {
    use cpmg::catalog::Catalog;
    match Catalog::load(dirs) {
        Ok(catalog) => {
            let modules: std::collections::BTreeSet<&str> =
                catalog.platforms().flat_map(|p| catalog.modules_of(p)).map(|m| m.name.as_str()).collect();
            Ok(cli::CatalogSize { platforms: catalog.platforms().count(), modules: modules.len() })
        }
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}
