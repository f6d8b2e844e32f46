//! `cpmg backup` and `cpmg restore`.
//!
//! An export is written by the engine. A backup in one file, and a restoration, are made here in the data directory itself, by the account
//! that owns it: its key must not cross the socket, and a restoration needs the engine to be stopped.

use super::args::Global;
use super::exit::{Code, Fault};
use super::places::Places;
use super::talk::Talk;
use super::{Hooks, print, prompt};
use crate::api::keep::Keep;
use crate::api::{Request, Response};
use crate::domain::time::{Moment, utc};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `cpmg backup`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    /// The rules for exports.
    #[command(subcommand)]
    pub rules: Option<BackupCommand>,
    /// Make one file of it that opens on another machine, with a passphrase; only the account that owns the data can
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub to: Option<PathBuf>,
    /// Read the passphrase from the first line of the standard input
    #[arg(long, requires = "to")]
    pub passphrase_stdin: bool,
}

/// About exports that are written by themselves.
#[derive(Clone, Debug, Subcommand)]
pub enum BackupCommand {
    /// Show how many exports are kept, where copies go and whether they arrive; or change that (administrators)
    Rules(RulesArgs),
}

/// `cpmg backup rules`.
#[derive(Clone, Debug, Args)]
pub struct RulesArgs {
    /// Exports that are kept in the data directory
    #[arg(long, value_name = "NUMBER")]
    pub kept: Option<u32>,
    /// A directory that gets a copy of each export, a mounted share for example; it must be there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "no_copies")]
    pub copies: Option<PathBuf>,
    /// No copies elsewhere
    #[arg(long)]
    pub no_copies: bool,
    /// Copies that are kept in that directory
    #[arg(long, value_name = "NUMBER")]
    pub copies_kept: Option<u32>,
}

/// `cpmg restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// A file of `cpmg backup --to`, or an export, which needs the key file of its data
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Read the passphrase from the first line of the standard input
    #[arg(long)]
    pub passphrase_stdin: bool,
    /// Do not ask: what was changed after the backup is put aside
    #[arg(long)]
    pub yes: bool,
}

fn failed(why: String) -> Fault {
    Fault::new(Code::Engine, why)
}

async fn rules(talk: &Talk, args: RulesArgs) -> Result<(), Fault> {
    let ask = async |keep: Keep| match talk.call(Request::Keep(keep)).await? {
        Response::Exports(state) => Ok(state),
        _ => Err(Talk::unexpected()),
    };
    let mut state = ask(Keep::ExportRules).await?;
    let mut rules = state.rules.clone();
    rules.kept = args.kept.unwrap_or(rules.kept);
    rules.copies_kept = args.copies_kept.unwrap_or(rules.copies_kept);
    if let Some(dir) = &args.copies {
        rules.copies = Some(dir.display().to_string());
    } else if args.no_copies {
        rules.copies = None;
    }
    if rules != state.rules {
        state = ask(Keep::ExportRulesSet(rules)).await?;
    }
    if talk.json {
        return print::json(&state);
    }
    let told = |last: Option<Moment>, fault: Option<&String>| {
        let last = last.map_or_else(|| "none yet".to_owned(), |at| format!("the last of {}", utc(at)));
        fault.map_or(last.clone(), |why| format!("{last}; FAILED since: {why}"))
    };
    let mut pairs = vec![
        ("kept", format!("{}, one every hour and at each start", state.rules.kept)),
        ("written", told(state.last, state.fault.as_ref())),
        ("copies to", state.rules.copies.clone().unwrap_or_else(|| "nowhere".into())),
    ];
    if state.rules.copies.is_some() {
        pairs.push(("kept there", state.rules.copies_kept.to_string()));
        pairs.push(("copied", told(state.copied, state.copy_fault.as_ref())));
    }
    print::pairs(&pairs)
}

/// `cpmg backup`.
pub async fn backup(global: &Global, args: BackupArgs, hooks: Hooks) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    if let Some(BackupCommand::Rules(args)) = args.rules {
        return rules(&talk, args).await;
    }
    let Response::Backup(made) = talk.call(Request::Keep(Keep::Backup)).await? else {
        return Err(Talk::unexpected());
    };
    let Some(to) = args.to else {
        let text = format!(
            "{} records are in {}; the secrets in it open only with the key file {}: keep a copy of both, apart from each other",
            made.records, made.path, made.key
        );
        return talk.done(&text, &made);
    };
    let passphrase = prompt::new_passphrase("Passphrase for the backup", args.passphrase_stdin)?;
    (hooks.backup)(&talk.places.data, &to, &passphrase).map_err(failed)?;
    let text = format!(
        "{} records and their key are in {}; it opens with the passphrase only, here or elsewhere: 'cpmg restore FILE'",
        made.records,
        to.display()
    );
    talk.done(&text, &serde_json::json!({ "file": to, "records": made.records, "at": made.at }))
}

/// `cpmg restore`.
pub fn restore(global: &Global, args: &RestoreArgs, hooks: Hooks) -> Result<(), Fault> {
    let places = Places::find(global)?;
    let sealed = (hooks.needs_passphrase)(&args.file).map_err(failed)?;
    places.refuse_engine()?;
    let passphrase = if sealed {
        Some(prompt::passphrase("Passphrase of the backup", args.passphrase_stdin)?)
    } else {
        None
    };
    let question = format!(
        "The data in {} are put aside and {} takes their place; what was changed after it is lost.",
        places.data.display(),
        args.file.display()
    );
    if !args.yes && !prompt::confirmed(&question)? {
        return Err(Fault::usage("nothing was done: say --yes, or answer yes"));
    }
    let (at, records) = (hooks.restore)(&places.data, &args.file, passphrase.as_ref()).map_err(failed)?;
    if global.json {
        return print::json(&serde_json::json!({ "file": args.file, "at": at, "records": records }));
    }
    print::line(&format!(
        "{records} records of {} are in place. Start the engine, and compare what it shows with your machines; output and logs of jobs are \
         not part of a backup",
        utc(at)
    ))
}
