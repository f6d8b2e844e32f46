//! The commands.
//!
//! `args` defines the whole command line, `exit` the exit codes, `places` where things are, `connect` finds or starts the
//! engine (the screens use these too). The other files are one group of commands each: they ask the engine and print.
//! Commands read passwords from the terminal or the standard input (`prompt`) and print through `print`, which makes texts
//! of nodes harmless.
//!
//! Never here: a rule about what is allowed (that is the engine's), a secret in an argument, a permission check.

pub mod args;
pub mod connect;
mod copy;
pub mod exit;
pub mod key;
pub mod places;
pub mod served;

mod account_args;
mod accounts;
mod audit;
mod audit_args;
mod backup;
mod care;
mod check;
mod check_args;
mod cobbler;
mod cobbler_args;
mod discovery;
mod doctor;
mod door;
mod envs;
mod facts;
mod find;
mod follow;
mod handover;
mod import;
mod import_args;
mod interrupt;
mod ip;
mod ip_args;
mod job_args;
mod job_show;
mod jobs;
mod leave;
mod logs;
mod loki;
mod loki_args;
mod module_args;
mod modules;
mod net;
mod net_args;
mod node_args;
mod nodes;
mod option_args;
mod options;
mod pages;
mod parcel;
mod policy;
mod print;
mod prompt;
mod prove;
mod recordings;
mod report;
mod second_factor;
mod services;
mod session;
mod sessions;
mod shell;
mod stops;
mod sweep;
mod sweep_args;
mod talk;
mod tasks;
mod times;
mod undo;
mod user_args;
mod users;
mod who;

pub use pages::reference;
pub use talk::language_of_locale;

use crate::domain::check::{CheckReport, Finding};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use args::{CatalogCommand, Cli, Command, EngineCommand, NodeCommand};
use exit::{Code, Fault};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Puts a backup or an export in the place of the data in a directory; answers when it was written, and how many records it has.
pub type Restore = fn(&Path, &Path, Option<&Secret>) -> Result<(Moment, usize), String>;

/// What the commands need from rooms that they must not use; `main` provides it.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Reads the roles in these directories, later ones win: what there is, or what is wrong, each with file and line.
    pub check_roles: fn(&[PathBuf]) -> Result<CatalogSize, Vec<String>>,
    /// Writes the entries of a log as JSON lines.
    pub parse_log: fn(&LogSource, &mut dyn Write) -> Result<(), LogFault>,
    /// Makes a backup of a data directory's newest export in a file, with a passphrase; answers the export.
    pub backup: fn(&Path, &Path, &Secret) -> Result<PathBuf, String>,
    /// Whether a file is a backup that needs a passphrase.
    pub needs_passphrase: fn(&Path) -> Result<bool, String>,
    /// Puts a backup or an export in the place of the data in a directory; answers when it was written, and how many records it has.
    pub restore: Restore,
    /// The words of the screens in the language of that code.
    pub words: fn(&str) -> Words,
    /// Gives the data in a directory another key.
    pub rotate: fn(&Path) -> Result<key::KeyChanged, String>,
}

/// Makes a sentence of what a connectivity check found.
pub type Sentence = dyn Fn(&CheckReport, &Finding) -> String;

/// The words of the screens, for documents in a language other than that of the commands.
pub struct Words {
    /// Those of a key of the message catalogue.
    pub word: Box<dyn Fn(&str) -> String>,
    /// What a connectivity check found, as a sentence.
    pub finding: Box<Sentence>,
}

/// A log to be read by `cpmg logs parse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// A file; None is the standard input.
    pub file: Option<PathBuf>,
    /// Seconds east of Greenwich of the machine that wrote it, for times without a zone.
    pub offset: Option<i32>,
    /// Directories with roles, for formats that are data; later ones win.
    pub roles: Vec<PathBuf>,
}

/// Why a log could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// Reading.
    #[error("{0}")]
    Read(std::io::Error),
    /// A format that is data is wrong: file, line, sentence.
    #[error("{0}")]
    Formats(String),
    /// Writing.
    #[error("{0}")]
    Write(std::io::Error),
}

/// How much a catalog without faults holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogSize {
    /// Platforms.
    pub platforms: usize,
    /// Modules that some platform has.
    pub modules: usize,
}

/// Runs a command that `main` does not run itself (the screens, the engine, the demonstration).
pub async fn run(cli: Cli, hooks: Hooks) -> ExitCode {
    let json = cli.global.json;
    match dispatch(cli, hooks).await {
        Ok(code) => code.into(),
        Err(fault) => {
            fault.tell(json);
            fault.code.into()
        }
    }
}

async fn dispatch(cli: Cli, hooks: Hooks) -> Result<Code, Fault> {
    let global = &cli.global;
    let Some(command) = cli.command else { return Err(Fault::usage("no command was given")) };
    match command {
        Command::Login { name, password_stdin } => users::login(global, &name, password_stdin).await?,
        Command::Logout => users::logout(global).await?,
        Command::Who => who::run(global).await?,
        Command::Whoami => users::whoami(global).await?,
        Command::User(command) => users::run(global, command).await?,
        Command::Session(command) => sessions::run(global, command).await?,
        Command::SecondFactor(command) => second_factor::run(global, command).await?,
        Command::Serve(command) => door::serve(global, command).await?,
        Command::SshKey(command) => door::keys(global, command).await?,
        Command::Env(command) => envs::run(global, command, hooks).await?,
        Command::Node(NodeCommand::Reinstall { node, confirm, profile, minutes, follow }) => {
            return care::reinstall(global, &node, confirm, care::Reinstall { profile, minutes, follow })
                .await;
        }
        Command::Node(NodeCommand::Remove { node, args }) => return leave::run(global, &node, args).await,
        Command::Node(NodeCommand::Manual(command)) => return care::manual(global, command).await,
        Command::Node(command) => nodes::run(global, command).await?,
        Command::Sweep(command) => discovery::run(global, command).await?,
        Command::CredentialSet(command) => discovery::sets(global, command).await?,
        Command::Service(command) => return services::run(global, command).await,
        Command::Option(command) => return options::run(global, command).await,
        Command::Task(command) => return tasks::run(global, command).await,
        Command::Module(command) => modules::run(global, command).await?,
        Command::Net(command) => return net::run(global, command).await,
        Command::Account(command) => return accounts::run(global, command).await,
        Command::Cobbler(command) => cobbler::run(global, command).await?,
        Command::Loki(command) => return loki::run(global, command).await,
        Command::Ip(command) => ip::run(global, command).await?,
        Command::Catalog(CatalogCommand::List) => accounts::catalog(global).await?,
        Command::Catalog(CatalogCommand::Check { dirs }) => pages::check(global, &dirs, hooks)?,
        Command::Plan { env } => jobs::plan(global, &env).await?,
        Command::Install { env, dry_run, new, follow, over_failed_checks } => {
            return jobs::install(global, &env, (dry_run, new), follow, over_failed_checks).await;
        }
        Command::Job(command) => return jobs::run(global, command).await,
        Command::Shell { node, attach, list } => return shell::run(global, node, attach, list).await,
        Command::Recording(command) => recordings::run(global, command).await?,
        Command::Copy(args) => copy::run(global, args).await?,
        Command::Check(command) => return check::run(global, command).await,
        Command::Prove(args) => return prove::run(global, args).await,
        Command::Audit(args) => return audit::run(global, args).await,
        Command::Backup(args) => backup::backup(global, args, hooks).await?,
        Command::Key(command) => key::run(global, &command, hooks)?,
        Command::Restore(args) => backup::restore(global, &args, hooks)?,
        Command::Doctor => return doctor::run(global, hooks).await,
        Command::Logs(args) => return logs::run(global, args, hooks).await,
        Command::Completions { shell } => pages::completions(shell)?,
        Command::Man { dir } => pages::man(dir.as_deref())?,
        Command::Reference => print::write(reference().as_bytes())?,
        Command::Engine(engine) => match engine.command {
            Some(EngineCommand::Status) => users::status(global).await?,
            Some(EngineCommand::Stop) => users::stop(global).await?,
            None => return Err(Fault::usage("this program was built without an engine")),
        },
        Command::Debug(_) => return Err(Fault::usage("this program was built without screens")),
        Command::Demo(_) => return Err(Fault::usage("this program was built without the demonstration")),
    }
    Ok(Code::Done)
}
