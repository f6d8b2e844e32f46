//! `cpmg key`: the key with which secrets are sealed. Like a restoration it is changed in the data directory itself, with the engine stopped,
//! by the account that owns the data.

use super::args::Global;
use super::exit::{Code, Fault};
use super::places::Places;
use super::{Hooks, print, prompt};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Commands about the key.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a new key and seal all secrets anew with it; the engine must be stopped
    Rotate(RotateArgs),
}

/// `cpmg key rotate`.
#[derive(Clone, Debug, Args)]
pub struct RotateArgs {
    /// Do not ask: the old key is removed at the end
    #[arg(long)]
    pub yes: bool,
}

/// What a change of the key did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct KeyChanged {
    /// Secrets that are sealed with the new one.
    pub secrets: usize,
    /// Exports in the data directory whose secrets are.
    pub exports: usize,
    /// Exports there that could not be read: their secrets are lost.
    pub unreadable: Vec<PathBuf>,
}

/// `cpmg key …`.
pub fn run(global: &Global, command: &KeyCommand, hooks: Hooks) -> Result<(), Fault> {
    let KeyCommand::Rotate(args) = command;
    let places = Places::find(global)?;
    places.refuse_engine()?;
    let question = format!(
        "The secrets in {} are sealed with a new key, and the old one is removed: copies of exports that were made elsewhere no longer open.",
        places.data.display()
    );
    if !args.yes && !prompt::confirmed(&question)? {
        return Err(Fault::usage("nothing was done: say --yes, or answer yes"));
    }
    let done = (hooks.rotate)(&places.data).map_err(|why| Fault::new(Code::Engine, why))?;
    if global.json {
        return print::json(&done);
    }
    print::line(&format!(
        "{} secrets and {} exports are sealed with the new key in {}; the old one is gone. Keep a copy of the new one; copies of exports elsewhere \
         open with the old one only, files of 'cpmg backup --to' as before",
        done.secrets,
        done.exports,
        places.data.join("key").display()
    ))?;
    for path in &done.unreadable {
        print::complain(&format!(
            "cpmg: {} could not be read: its secrets are lost with the old key",
            path.display()
        ));
    }
    Ok(())
}
