//! `cpmg recording`: what was recorded of shells, and the rules for it.

use super::args::Global;
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{find, print};
use crate::api::shells::{RecordingRow, ShellAnswer, ShellAsk};
use crate::api::{Request, Response};
use crate::domain::ids::JobId;
use crate::domain::shells::{Recorded, ShellRules};
use crate::domain::time::{span, utc};
use clap::Subcommand;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Recordings of shells.
#[derive(Clone, Debug, Subcommand)]
pub enum RecordingCommand {
    /// List recordings, newest first: your own; an administrator sees all
    List {
        /// Of this node, by name, number or ENV/NAME
        #[arg(long)]
        node: Option<String>,
        /// Of this user
        #[arg(long, value_name = "USER")]
        by: Option<String>,
        /// Of this job
        #[arg(long, value_name = "JOB")]
        job: Option<u64>,
    },
    /// Write a recording as asciicast v2, which other players know
    Export {
        /// Its number
        number: u64,
        /// To this new file instead of the standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show the rules for shells, or change them (administrators)
    Rules {
        /// Minutes that a shell is kept while nobody is attached; 0: until it ends
        #[arg(long, value_name = "MINUTES")]
        keep: Option<u32>,
        /// Which shells are recorded: always, asked or never
        #[arg(long, value_name = "WHICH")]
        record: Option<Recorded>,
        /// Days that recordings are kept; 0: until their room is full
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
        /// MiB that all recordings may take
        #[arg(long, value_name = "MIB")]
        mib: Option<u32>,
    },
}

/// Asks about shells.
async fn ask(talk: &Talk, asked: ShellAsk) -> Result<Option<ShellAnswer>, Fault> {
    match talk.call(Request::Shells(asked)).await? {
        Response::Shells(answer) => Ok(Some(*answer)),
        Response::Done => Ok(None),
        _ => Err(Talk::unexpected()),
    }
}

/// `cpmg recording`.
pub async fn run(global: &Global, command: RecordingCommand) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    match command {
        RecordingCommand::List { node, by, job } => {
            let node = match node {
                Some(node) => Some(find::node(&talk, &node).await?.id),
                None => None,
            };
            list(&talk, ShellAsk::Recordings { node, by, job: job.map(JobId) }).await
        }
        RecordingCommand::Export { number, output } => export(&talk, number, output).await,
        RecordingCommand::Rules { keep, record, days, mib } => rules(&talk, keep, record, days, mib).await,
    }
}

async fn list(talk: &Talk, asked: ShellAsk) -> Result<(), Fault> {
    let Some(ShellAnswer::Recordings(all)) = ask(talk, asked).await? else { return Err(Talk::unexpected()) };
    if talk.json {
        return print::json(&all);
    }
    let row = |r: &RecordingRow| {
        let job = r.origin.job.map_or_else(|| "-".to_owned(), |j| j.to_string());
        let lasts = if r.open { format!("{}, goes on", span(r.lasts)) } else { span(r.lasts) };
        [
            r.number.to_string(),
            utc(r.origin.began),
            r.origin.by.clone(),
            r.origin.name.clone(),
            job,
            lasts,
            print::size(r.bytes),
        ]
    };
    let rows: Vec<[String; 7]> = all.iter().map(row).collect();
    print::table(["NUMBER", "BEGAN", "BY", "NODE", "JOB", "LASTS", "SIZE"], &rows, "nothing was recorded")
}

async fn export(talk: &Talk, number: u64, output: Option<PathBuf>) -> Result<(), Fault> {
    let mut file = match &output {
        None => None,
        Some(path) => {
            let mut options = std::fs::OpenOptions::new();
            let opened = options.write(true).create_new(true).mode(0o600).open(path);
            Some(opened.map_err(|e| {
                Fault::new(Code::Failed, format!("{} cannot be written: {e}", path.display()))
            })?)
        }
    };
    let mut offset = 0;
    loop {
        let Some(ShellAnswer::Part(part)) = ask(talk, ShellAsk::RecordingPart { number, offset }).await?
        else {
            return Err(Talk::unexpected());
        };
        match &mut file {
            None => print::write(&part.bytes)?,
            Some(file) => file
                .write_all(&part.bytes)
                .map_err(|e| Fault::new(Code::Failed, format!("the file cannot be written: {e}")))?,
        }
        offset += part.bytes.len() as u64;
        if part.last || part.bytes.is_empty() {
            break;
        }
    }
    let Some(path) = output else { return Ok(()) };
    let path = path.display().to_string();
    talk.done(
        &format!("recording {number} is in {path}"),
        &serde_json::json!({ "recording": number, "file": path, "bytes": offset }),
    )
}

async fn rules(
    talk: &Talk,
    keep: Option<u32>,
    record: Option<Recorded>,
    days: Option<u32>,
    mib: Option<u32>,
) -> Result<(), Fault> {
    let Some(ShellAnswer::Rules(was)) = ask(talk, ShellAsk::Rules).await? else {
        return Err(Talk::unexpected());
    };
    let wanted = ShellRules {
        keep_minutes: keep.unwrap_or(was.keep_minutes),
        recorded: record.unwrap_or(was.recorded),
        recording_days: days.unwrap_or(was.recording_days),
        recordings_mib: mib.unwrap_or(was.recordings_mib),
    };
    if wanted != was {
        ask(talk, ShellAsk::RulesSet(wanted.clone())).await?;
    }
    if talk.json {
        return print::json(&wanted);
    }
    let or_ever = |n: u32, unit: &str| if n == 0 { "no limit".to_owned() } else { format!("{n} {unit}") };
    print::pairs(&[
        ("kept without a client", or_ever(wanted.keep_minutes, "minutes")),
        ("recorded", wanted.recorded.to_string()),
        ("recordings kept", or_ever(wanted.recording_days, "days")),
        ("room for recordings", format!("{} MiB", wanted.recordings_mib)),
    ])
}
