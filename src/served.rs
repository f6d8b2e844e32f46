//! The program of somebody who came in over SSH: the screens or one command, and nothing of this host.
//!
//! The engine starts it (`engine::door`) with an empty environment, on a terminal or with plain streams. Before it looks at anything that was
//! typed, it takes from itself what it does not need: reading and writing files, starting programs, connecting anywhere, more rights
//! than it has. Its connection to the engine has the session of whoever came; there is no token to steal.

use crate::process;
use cpmg::cli::exit::{Code, Fault};
use cpmg::cli::places::Places;
use cpmg::cli::{self, Hooks, places};
use cpmg::domain::secret::Secret;
use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
    path_beneath_rules,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, setsid};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the engine is, as `engine::door` sets it.
const INVITATION: &str = "CPMG_DOOR";

/// Where the engine is that has started this process for somebody outside.
pub fn invited() -> Option<PathBuf> {
    std::env::var_os(INVITATION).filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// Runs what was asked for.
pub fn main(run: PathBuf, hooks: Hooks) -> ExitCode {
    own_terminal();
    if let Err(why) = confine() {
        // Older kernels know less, which is no error; this is.
        eprintln!("cpmg: this session cannot be kept away from the files of the host: {why}");
        return Code::Engine.into();
    }
    let mut cli = match cli::served::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let json = cli.global.json;
    let told = |fault: &Fault| {
        fault.tell(json);
        fault.code.into()
    };
    cli.global.served = Some(run);
    let runtime = match process::client() {
        Ok(runtime) => runtime,
        Err(fault) => return told(&fault),
    };
    if cli.command.is_some() {
        return runtime.block_on(cli::run(cli, hooks));
    }
    if !std::io::stdout().is_terminal() {
        return told(&Fault::usage("the screens need a terminal: give ssh the option '-t'"));
    }
    let screens = async {
        let places = Places::find(&cli.global)?;
        process::screens(&cli.global, &cli.screens, places, Some(Secret::default())).await
    };
    match runtime.block_on(screens) {
        Ok(exit) => process::left(exit).into(),
        Err(fault) => told(&fault),
    }
}

/// Makes the terminal that the engine has given this process its own, so that it hears of hang-ups and sizes.
fn own_terminal() {
    let _ = setsid();
    let out = std::io::stdout();
    if out.is_terminal() {
        let _ = rustix::process::ioctl_tiocsctty(&out);
    }
}

/// Takes away what is not needed. What the kernel does not know is left out; what it knows and refuses is an error.
fn confine() -> Result<(), String> {
    // No file can be written to, whoever this is; nobody looks into this process; nothing that is started could have more rights.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Fsize, none)
        .and_then(|()| setrlimit(Resource::Core, none))
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|why| why.to_string())?;
    rules().map_err(|why| why.to_string())
}

/// Which files may still be looked at.
fn rules() -> Result<(), RulesetError> {
    let abi = ABI::V7;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let shared = places::shared("themes").into_iter();
    let files = shared.chain(["/usr/share/zoneinfo", "/etc/localtime"].map(PathBuf::from));
    let terminal = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(files, read))?
        .add_rules(path_beneath_rules(["/dev/tty", "/dev/null"], terminal))?
        .restrict_self()
        .map(drop)
}
