//! `cpmg logs parse FILE`: any log as JSON lines.
//!
//! `line` is the number of the entry's first line, `message` holds the lines of its traceback, what is absent is null; the
//! other keys are the fields of `logs::format::Record`, whose room does the reading: `main` hands it in.

use crate::cli::exit::{Code, Fault};
use crate::cli::places::roles;
use crate::cli::{Hooks, LogFault, LogSource};
use clap::{Args, ValueHint};
use std::io::ErrorKind;
use std::path::PathBuf;

/// Options of `cpmg logs parse`.
#[derive(Clone, Debug, Args)]
pub struct ParseArgs {
    /// Log file; a hyphen is the standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Zone of the machine that wrote the file, as +08:00, for times without one; without this option such timestamps
    /// are printed without a zone. Times whose zone is known are printed in UTC, with Z
    #[arg(long, visible_alias = "offset", value_name = "OFFSET", value_parser = offset, allow_hyphen_values = true)]
    utc_offset: Option<i32>,
    /// Directory with roles, whose formats/*.toml are known, too; several may be given, later ones win
    #[arg(long, value_name = "DIR", env = "CPMG_ROLES", hide_env_values = true, value_delimiter = ':')]
    #[arg(value_hint = ValueHint::DirPath)]
    roles: Vec<PathBuf>,
}

/// `cpmg logs parse`.
pub fn run(args: &ParseArgs, hooks: Hooks) -> Result<(), Fault> {
    let file = (args.file.as_os_str() != "-").then(|| args.file.clone());
    let source = LogSource { file, offset: args.utc_offset, roles: roles(&args.roles) };
    let mut out = std::io::stdout().lock();
    (hooks.parse_log)(&source, &mut out).map_err(|fault| match fault {
        LogFault::Read(e) => {
            let code = if e.kind() == ErrorKind::NotFound { Code::NotFound } else { Code::Failed };
            Fault::new(code, format!("{} cannot be read: {e}", args.file.display()))
        }
        LogFault::Formats(fault) => Fault::new(Code::Failed, fault),
        LogFault::Write(e) if e.kind() == ErrorKind::BrokenPipe => Fault::silent(Code::Done),
        LogFault::Write(e) => Fault::new(Code::Failed, format!("the standard output cannot be written: {e}")),
    })
}

/// `+08:00`, `-0330`, `+1` or `Z` as seconds east of Greenwich, at most 15 hours.
fn offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("'{text}' is no offset from UTC: write +08:00, -03:30 or Z");
    if text == "Z" {
        return Ok(0);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(both) => both,
        None if digits.len() == 4 => digits.split_at(2),
        None => (digits, "0"),
    };
    let number = |text: &str, most: i32| {
        let good = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|n| good && *n <= most)
    };
    match (number(hours, 15), number(minutes, 59)) {
        (Some(hours), Some(minutes)) => Ok(sign * (hours * 3600 + minutes * 60)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        for (text, seconds) in
            [("Z", 0), ("+08:00", 28_800), ("-0330", -12_600), ("+1", 3600), ("+00:00", 0), ("-11", -39_600)]
        {
            assert_eq!(offset(text), Ok(seconds), "{text}");
        }
        for text in ["", "8", "+", "+24:00", "+08:60", "+é:00", "08:00", "+ab"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
