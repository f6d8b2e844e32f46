//! What a session over SSH may not do: everything that reads or writes files of the management host, or is about the processes on it.
//!
//! A session over SSH runs as the engine's account. Its process keeps itself away from files (`served` in the program), but nothing
//! should depend on that: here every argument that names a file is refused by its type, and every command is named in a table
//! without "all others".

use super::args::{CatalogCommand, Cli, Command, NodeCommand};
use super::exit::{Code, Fault};
use super::logs::LogsCommand;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command is refused in a session over SSH; `None`: it may run.
fn refused(cli: &Cli) -> Option<&'static str> {
    let host = "it is about the management host itself";
    let session = "this session is the one that was begun over SSH: connect anew instead";
    let files = "it reads or writes files of the management host";
    if cli.screens.theme.as_ref().is_some_and(|t| t.contains(['/', '.'])) {
        return Some(files);
    }
    match cli.command.as_ref()? {
        Command::Engine(_) | Command::Doctor | Command::Demo(_) | Command::Restore(_) | Command::Key(_) => {
            Some(host)
        }
        Command::Backup(_)
        | Command::Copy(_)
        | Command::Debug(_)
        | Command::Catalog(CatalogCommand::Check { .. }) => Some(files),
        Command::Login { .. } | Command::Logout => Some(session),
        Command::Node(NodeCommand::Import(args)) if args.keys => {
            Some("the keys that the list names are files of the management host")
        }
        Command::Prove(args) if args.image.is_some() => Some("the image is a file of the management host"),
        Command::Logs(args) if matches!(args.command, Some(LogsCommand::Parse(_))) => Some(files),
        Command::Whoami
        | Command::Logs(_)
        | Command::User(_)
        | Command::Session(_)
        | Command::SecondFactor(_)
        | Command::Serve(_)
        | Command::SshKey(_)
        | Command::Env(_)
        | Command::Node(_)
        | Command::Sweep(_)
        | Command::CredentialSet(_)
        | Command::Account(_)
        | Command::Module(_)
        | Command::Option(_)
        | Command::Task(_)
        | Command::Service(_)
        | Command::Net(_)
        | Command::Cobbler(_)
        | Command::Loki(_)
        | Command::Ip(_)
        | Command::Catalog(CatalogCommand::List)
        | Command::Plan { .. }
        | Command::Install { .. }
        | Command::Job(_)
        | Command::Check(_)
        | Command::Prove(_)
        | Command::Shell { .. }
        | Command::Recording(_)
        | Command::Audit(_)
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Who
        | Command::Reference => None,
    }
}

/// Arguments for which `-` is the standard input, which is the client's: command and argument.
const STDIN: [(&str, &str); 4] = [("import", "file"), ("set", "file"), ("check", "file"), ("text", "from")];

/// Whether an argument is the name of a file, by its type.
fn names_a_file(arg: &clap::Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<PathBuf>()
}

/// The first argument that names a file of this host.
fn file_named(command: &clap::Command, matches: &ArgMatches) -> Option<String> {
    let given = |arg: &&clap::Arg| {
        let id = arg.get_id().as_str();
        let stdin = STDIN.contains(&(command.get_name(), id));
        names_a_file(arg)
            && matches.value_source(id) == Some(ValueSource::CommandLine)
            && matches.get_raw(id).into_iter().flatten().any(|value| !(stdin && value == "-"))
    };
    if let Some(arg) = command.get_arguments().find(given) {
        return Some(arg.to_string());
    }
    let (name, inner) = matches.subcommand()?;
    file_named(command.find_subcommand(name)?, inner)
}

/// Refuses what may not run in a session over SSH.
fn check(cli: &Cli, command: &clap::Command, matches: &ArgMatches) -> Result<(), Fault> {
    let no = |why: &str| {
        Err(Fault::new(
            Code::NotAllowed,
            format!("not in a session over SSH: {why}; do it on the management host"),
        ))
    };
    if let Some(why) = refused(cli) {
        return no(why);
    }
    match file_named(command, matches) {
        Some(arg) => no(&format!(
            "{arg} names a file of the management host (leave it out or give '-', and send or take the text through ssh itself)"
        )),
        None => Ok(()),
    }
}

/// Reads a command line that came over SSH; what is wrong with it, or not allowed, has been said.
pub fn parse(mut args: Vec<OsString>) -> Result<Cli, ExitCode> {
    if args.len() == 2 && args.last().is_some_and(|last| last == "help") {
        args.pop();
        args.push("--help".into());
    }
    let mut command = Cli::command();
    let parsed = command
        .try_get_matches_from_mut(args)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = parsed.map_err(|why| {
        let _ = why.print();
        if why.use_stderr() {
            super::print::complain("Only the commands of cpmg run here, no shell: 'help' lists them.");
        }
        ExitCode::from(u8::try_from(why.exit_code()).unwrap_or(2))
    })?;
    match check(&cli, &command, &matches) {
        Ok(()) => Ok(cli),
        Err(fault) => {
            fault.tell(cli.global.json);
            Err(fault.code.into())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn checked(line: &str) -> Result<(), String> {
        let mut command = Cli::command();
        let matches = command
            .try_get_matches_from_mut(std::iter::once("cpmg").chain(line.split_whitespace()))
            .unwrap_or_else(|e| panic!("{line}: {e}"));
        let cli = Cli::from_arg_matches(&matches).unwrap();
        check(&cli, &command, &matches).map_err(|f| f.message)
    }

    #[test]
    fn what_only_asks_the_engine_runs() {
        for line in [
            "",
            "env list --json",
            "--json env show a",
            "whoami",
            "ssh-key add",
            "env import - --passphrase-stdin",
            "net set a --file -",
            "net check a --file -",
            "node import a - --format csv",
            "option text a /etc/x.conf -",
            "recording export 3",
            "audit export",
            "man",
            "logs show a",
        ] {
            assert_eq!(checked(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn files_and_processes_of_the_host_are_out_of_reach() {
        for line in [
            "--data /tmp env list",
            "env list --socket /tmp",
            "env list --data /etc",
            "--record /tmp/x",
            "--theme ../x",
            "--theme /etc/passwd",
            "env report a -o /etc/cron.d/x",
            "engine",
            "engine stop",
            "engine --roles /tmp",
            "doctor",
            "demo",
            "restore /tmp/x",
            "backup",
            "key rotate",
            "env import /etc/passwd",
            "env export a /tmp/x",
            "copy /etc/shadow n:/tmp",
            "copy n:/tmp /etc/cron.d/x",
            "debug record /tmp/x",
            "debug replay /tmp/x",
            "catalog check",
            "login ada",
            "logout",
            "recording export 3 -o /tmp/x",
            "net set a --file /etc/passwd",
            "audit export /tmp/x",
            "audit export -",
            "node import a /etc/passwd --format csv",
            "node import a - --format csv --keys",
            "prove a --image /etc/shadow",
            "man --dir /tmp",
            "logs parse /etc/shadow",
            "logs parse -",
            "node add a 10.0.0.1 --key /root/.ssh/id_ed25519",
        ] {
            let why = checked(line).expect_err(line);
            assert!(why.contains("management host") || why.contains("connect anew"), "{line}: {why}");
        }
    }

    /// Arguments with the word for a file in their names are of the type that is refused.
    #[test]
    fn every_argument_for_a_file_has_the_type() {
        fn look(command: &clap::Command, found: &mut usize) {
            for arg in command.get_arguments() {
                let hint = matches!(
                    arg.get_value_hint(),
                    clap::ValueHint::FilePath | clap::ValueHint::DirPath | clap::ValueHint::AnyPath
                );
                let word = arg
                    .get_value_names()
                    .into_iter()
                    .flatten()
                    .any(|n| ["FILE", "DIR", "PATH"].contains(&n.as_str()));
                if names_a_file(arg) {
                    *found += 1;
                } else {
                    assert!(!hint, "{} {}", command.get_name(), arg.get_id());
                    // Files on nodes and on the Cobbler server say so; the image of a proof is refused by its name.
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    let elsewhere = ["copy", "prove"].contains(&command.get_name())
                        || help.contains("node")
                        || help.contains("Cobbler");
                    assert!(!word || elsewhere, "{} {}", command.get_name(), arg.get_id());
                }
            }
            command.get_subcommands().for_each(|c| look(c, found));
        }
        let mut found = 0;
        look(&Cli::command(), &mut found);
        assert!(found > 20, "{found}");
    }
}
