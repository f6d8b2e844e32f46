//! Puts the processes together: client, engine, demonstration, the program of somebody who came in over SSH.
#![forbid(unsafe_code)]

mod demo;
mod process;
mod served;

use clap::Parser;
use cpmg::cli::args::{Cli, Command, DebugCommand, EngineArgs, Screens};
use cpmg::cli::exit::{Code, Fault};
use cpmg::cli::places::{self, Places};
use cpmg::cli::{self, Hooks};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(run) = served::invited() {
        return served::main(run, hooks());
    }
    let cli = Cli::parse();
    let json = cli.global.json;
    let result = match &cli.command {
        None => screens(&cli, &cli.screens),
        Some(Command::Debug(DebugCommand::Record { file })) => {
            let options = Screens { record: Some(file.clone()), ..cli.screens.clone() };
            screens(&cli, &options)
        }
        Some(Command::Debug(DebugCommand::Replay { file, print, svg, shows, times })) => {
            let how = match (print, svg, times) {
                (true, ..) => process::Replay::Print,
                (_, true, _) => process::Replay::Picture(shows.clone()),
                (.., true) => process::Replay::Times,
                _ => process::Replay::Play,
            };
            process::replay(file, how)
        }
        Some(Command::Engine(args @ EngineArgs { command: None, .. })) => engine(&cli, args),
        Some(Command::Demo(args)) => {
            process::server().and_then(|rt| rt.block_on(demo::run(&cli.global, args, &cli.screens)))
        }
        Some(_) => match process::client() {
            Ok(runtime) => return runtime.block_on(cli::run(cli, hooks())),
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

fn hooks() -> Hooks {
    use cpmg::cli::key::KeyChanged;
    use cpmg::store::{DataDir, backup, rotate::Rotated};
    Hooks {
        check_roles,
        parse_log,
        backup: |data, to, passphrase| backup::write(data, to, passphrase).map_err(|e| e.to_string()),
        words: |language| {
            let words = std::rc::Rc::new(cpmg::tui::Words::of(language));
            let same = std::rc::Rc::clone(&words);
            cli::Words {
                word: Box::new(move |key| words.word(key)),
                finding: Box::new(move |check, finding| same.finding(check, finding)),
            }
        },
        needs_passphrase: |path| backup::needs_passphrase(path).map_err(|e| e.to_string()),
        restore: |data, from, passphrase| {
            let done = backup::restore(data, from, passphrase, cpmg::engine::now());
            done.map(|r| (r.at, r.records)).map_err(|e| e.to_string())
        },
        rotate: |data| {
            let done = DataDir::rotate(data, cpmg::store::Options::default(), cpmg::engine::now());
            let told =
                |r: Rotated| KeyChanged { secrets: r.secrets, exports: r.exports, unreadable: r.unreadable };
            done.map(told).map_err(|e| e.to_string())
        },
    }
}

fn screens(cli: &Cli, options: &Screens) -> Result<Code, Fault> {
    let places = Places::find(&cli.global)?;
    process::client()?.block_on(process::screens(&cli.global, options, places, None)).map(process::left)
}

fn engine(cli: &Cli, args: &EngineArgs) -> Result<Code, Fault> {
    let places = Places::find(&cli.global)?;
    process::engine(&places, places::roles(&args.roles), args)
}

/// Reads the roles in these directories for `cpmg catalog check`.
fn check_roles(dirs: &[PathBuf]) -> Result<cli::CatalogSize, Vec<String>> {
    use cpmg::catalog::Catalog;
    let formats = cpmg::logs::format::Formats::load(dirs);
    let findings = cpmg::logs::findings::Findings::load(dirs);
    let wrong = formats.err().into_iter().flatten().chain(findings.err().into_iter().flatten());
    let mut data: Vec<String> = wrong.map(|fault| fault.to_string()).collect();
    match Catalog::load(dirs) {
        Ok(catalog) if data.is_empty() => {
            let modules: std::collections::BTreeSet<&str> =
                catalog.platforms().flat_map(|p| catalog.modules_of(p)).map(|m| m.name.as_str()).collect();
            Ok(cli::CatalogSize { platforms: catalog.platforms().count(), modules: modules.len() })
        }
        loaded => {
            data.splice(0..0, loaded.err().iter().flatten().map(ToString::to_string));
            Err(data)
        }
    }
}

/// Reads a log for `cpmg logs parse`.
fn parse_log(source: &cli::LogSource, out: &mut dyn std::io::Write) -> Result<(), cli::LogFault> {
    use cli::LogFault::{Read, Write};
    use cpmg::logs::format::{Entries, Formats, Options, json};
    let (reader, newest): (Box<dyn std::io::Read>, _) = match &source.file {
        Some(path) => {
            let file = std::fs::File::open(path).map_err(Read)?;
            let newest = file.metadata().and_then(|m| m.modified()).map_err(Read)?;
            (Box::new(file), newest)
        }
        None => (Box::new(std::io::stdin().lock()), std::time::SystemTime::now()),
    };
    let reference = newest
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok());
    let mut out = std::io::BufWriter::with_capacity(1 << 16, out);
    let formats = Formats::load(&source.roles).map_err(|faults| {
        cli::LogFault::Formats(faults.first().map(ToString::to_string).unwrap_or_default())
    })?;
    let options = Options { offset: source.offset, reference, formats: formats.into() };
    for entry in Entries::new(reader, options) {
        json::write(&mut out, &entry.map_err(Read)?).map_err(Write)?;
    }
    std::io::Write::flush(&mut out).map_err(Write)
}
