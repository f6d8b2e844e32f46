//! The whole command line, defined once.
//!
//! Help, completions, the manual pages and `docs/cli.md` are made from this file. Passwords are never arguments: they are
//! typed without echo or read from the standard input.

pub use super::account_args::AccountCommand;
pub use super::job_args::{JobCommand, ManualCommand, PolicyArgs};
pub use super::node_args::{CredentialArgs, JumpLoginArgs, NodeCommand};
pub use super::user_args::{FactorCommand, SessionCommand, UserCommand};
use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};
use std::path::PathBuf;

/// Turns racks of Linux machines into OpenStack clouds, from one terminal, over SSH.
///
/// Without a command it opens the screens. Everything they can do has a command.
#[derive(Clone, Debug, Parser)]
#[command(name = "cpmg", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = super::exit::TABLE)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// Options of the screens.
    #[command(flatten)]
    pub screens: Screens,
    /// What to do; nothing opens the screens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Print one JSON document (with --follow: one JSON document a line)
    #[arg(long, global = true)]
    pub json: bool,
    /// Data directory of the engine [default: /var/lib/cpmg-engine for root, else ~/.local/share/cpmg]
    #[arg(long, global = true, value_name = "DIR", env = "CPMG_DATA", hide_env_values = true)]
    #[arg(value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
    /// Directory of the engine's socket [default: /run/cpmg for root, else `$XDG_RUNTIME_DIR/cpmg`; with --data DIR: DIR/run]
    #[arg(long, global = true, value_name = "DIR", env = "CPMG_SOCKET", hide_env_values = true)]
    #[arg(value_hint = ValueHint::DirPath)]
    pub socket: Option<PathBuf>,
    /// Language of titles, screens and the report of an environment: en or zh-CN [default: from the locale]
    #[arg(
        long,
        visible_alias = "language",
        global = true,
        value_name = "LANGUAGE",
        env = "CPMG_LANG",
        hide_env_values = true
    )]
    #[arg(value_parser = ["en", "zh-CN"])]
    pub lang: Option<String>,
    /// This is the program of somebody who came in over SSH; the engine is the one below that directory.
    #[arg(skip)]
    pub served: Option<PathBuf>,
}

/// Options of the screens.
#[derive(Clone, Debug, Default, Args)]
pub struct Screens {
    /// Theme: a name from `themes/` or a file
    #[arg(long, value_name = "THEME", env = "CPMG_THEME", hide_env_values = true)]
    pub theme: Option<String>,
    /// Record events and states of the screens into a file, as 'cpmg debug record FILE' does
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
    /// Minutes without a key after which the screens lock themselves until the password is typed; 0: never
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 15,
        env = "CPMG_LOCK_AFTER",
        hide_env_values = true
    )]
    pub lock_after: u32,
}

/// Commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the engine, ask after it, or stop it
    Engine(EngineArgs),
    /// Log in; later commands of this account use the session
    Login {
        /// Name of the user
        name: String,
        /// Read the password from the first line of the standard input, and a code of the second factor from the next one
        #[arg(long)]
        password_stdin: bool,
    },
    /// End the session
    Logout,
    /// Show who is logged in
    Whoami,
    /// Show who is connected to the engine: since when, with screens or a command, and what the screens show
    Who,
    /// Users of cpmg
    #[command(subcommand)]
    User(UserCommand),
    /// Sessions: who is logged in since when and from where; ending them
    #[command(subcommand)]
    Session(SessionCommand),
    /// Your second factor: codes of an authenticator app besides the password
    #[command(subcommand)]
    SecondFactor(FactorCommand),
    /// The door over SSH: users come in without a login on this host
    #[command(subcommand)]
    Serve(super::door::ServeCommand),
    /// Keys that you come in with over SSH
    #[command(subcommand)]
    SshKey(super::door::SshKeyCommand),
    /// Environments: one is one OpenStack cloud
    #[command(subcommand)]
    Env(EnvCommand),
    /// Nodes: the machines of an environment
    #[command(subcommand)]
    Node(NodeCommand),
    /// Finding machines: sweeps, schedules, what was found
    #[command(subcommand)]
    Sweep(super::sweep_args::SweepCommand),
    /// Sets of credentials, tried in order on machines that were found
    #[command(subcommand)]
    CredentialSet(super::sweep_args::CredentialSetCommand),
    /// Accounts of an environment's services: look, set, rotate
    #[command(subcommand)]
    Account(AccountCommand),
    /// Modules of an environment: which are chosen, what comes along and why, what each node needs
    #[command(subcommand)]
    Module(super::module_args::ModuleCommand),
    /// Options of services that you set yourself, for all nodes, a role or one node; merged last
    #[command(subcommand)]
    Option(super::option_args::OptionCommand),
    /// Changes of an installed cloud: flat networks, self-service networks, where images are, controllers that run instances
    #[command(subcommand)]
    Task(super::tasks::TaskCommand),
    /// Services of a node: how they stand, their last lines, a restart
    #[command(subcommand)]
    Service(super::services::ServiceCommand),
    /// Network plan: which NIC of which node carries which network, with which address
    #[command(subcommand)]
    Net(super::net_args::NetCommand),
    /// Cobbler: the server that installs operating systems over the network
    #[command(subcommand)]
    Cobbler(super::cobbler_args::CobblerCommand),
    /// Loki: the server that takes logs, is asked with LogQL, and is followed live
    #[command(subcommand)]
    Loki(super::loki_args::LokiCommand),
    /// Addresses: pools, subnets, who uses what
    #[command(subcommand)]
    Ip(super::ip_args::IpCommand),
    /// Platforms and modules that can be installed
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Show what an installation would do
    Plan {
        /// Environment, by name or number
        env: String,
    },
    /// Install an environment, or bring it up to date
    Install {
        /// Environment, by name or number
        env: String,
        /// Only ask every step on its node what it would change; nothing is changed
        #[arg(long)]
        dry_run: bool,
        /// Work only on nodes that are not installed yet; the others are only told of them
        #[arg(long)]
        new: bool,
        /// Show steps and output until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
        /// Install although the connectivity check has not passed, and say why; goes to the audit trail
        #[arg(long, visible_alias = "reason", value_name = "REASON", conflicts_with = "dry_run")]
        over_failed_checks: Option<String>,
    },
    /// Connectivity checks: the nodes and the wires between them
    #[command(subcommand)]
    Check(super::check_args::CheckCommand),
    /// Prove that an environment works: from its services to an instance that answers a ping, on every compute node; then everything
    /// that was made is removed. Exit code 0 only when every rung is green
    Prove(super::prove::ProveArgs),
    /// Jobs: installations under way and past
    #[command(subcommand)]
    Job(JobCommand),
    /// Open a shell on a node (leave with Ctrl-] and a full stop)
    Shell {
        /// Node, by name, number or ENV/NAME
        #[arg(required_unless_present_any = ["attach", "list"])]
        node: Option<String>,
        /// Attach to a shell that is open already, by its number
        #[arg(long, value_name = "SHELL", conflicts_with_all = ["node", "list"])]
        attach: Option<u64>,
        /// List the shells that are open
        #[arg(long, conflicts_with = "node")]
        list: bool,
    },
    /// Recordings of shells: list, export; the rules for shells
    #[command(subcommand)]
    Recording(super::recordings::RecordingCommand),
    /// Copy a file to a node or from it
    Copy(super::copy::CopyArgs),
    /// Show who did what, when, to which environment or node, and why
    Audit(super::audit_args::AuditArgs),
    /// Logs: show, follow and export what was collected from the nodes; read a file of any format
    Logs(super::logs::LogsArgs),
    /// Write the data of cpmg down for bad days: an export, or one file that opens on another machine (administrators)
    Backup(super::backup::BackupArgs),
    /// Put a backup or an export in the place of the data; the engine must be stopped
    Restore(super::backup::RestoreArgs),
    /// The key with which secrets are sealed
    #[command(subcommand)]
    Key(super::key::KeyCommand),
    /// Say what is wrong with this installation of cpmg and how to mend it
    Doctor,
    /// For reports of defects: record what happens on the screens, play a recording again
    #[command(subcommand)]
    Debug(DebugCommand),
    /// Open the screens on a throw-away engine with nodes to try things on
    Demo(DemoArgs),
    /// Print completions for a shell
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write the pages of all commands into this directory instead
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
    /// Print the reference of the command line as Markdown (docs/cli.md)
    #[command(hide = true)]
    Reference,
}

/// Options of the engine.
#[derive(Clone, Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EngineArgs {
    /// Ask after the engine or stop it
    #[command(subcommand)]
    pub command: Option<EngineCommand>,
    /// Stay in the foreground and log to the standard error (the default)
    #[arg(long, conflicts_with = "detached")]
    pub foreground: bool,
    /// Leave the terminal: a process session of its own, log in the data directory
    #[arg(long)]
    pub detached: bool,
    /// Say on every screen that the nodes are simulated (for the demonstration)
    #[arg(long, hide = true)]
    pub simulated: bool,
    /// Directory with roles; several may be given, later ones win
    #[arg(long, value_name = "DIR", env = "CPMG_ROLES", hide_env_values = true, value_delimiter = ':')]
    #[arg(value_hint = ValueHint::DirPath)]
    pub roles: Vec<PathBuf>,
    /// Send each entry of the audit trail to syslog or journald as well; with a path, to that socket
    #[arg(long, value_name = "SOCKET", env = "CPMG_AUDIT_SYSLOG", hide_env_values = true)]
    #[arg(num_args = 0..=1, default_missing_value = "/dev/log", value_hint = ValueHint::FilePath)]
    pub audit_syslog: Option<PathBuf>,
}

/// Commands to a running engine.
#[derive(Clone, Debug, Subcommand)]
pub enum EngineCommand {
    /// Show whether an engine answers, and which
    Status,
    /// Stop the engine; what runs on nodes goes on there and is taken up by the next engine
    Stop,
}

/// `cpmg env export`.
#[derive(Clone, Debug, Args)]
pub struct EnvFileArgs {
    /// Environment, by name or number
    pub env: String,
    /// A new file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Read the passphrase from the first line of the standard input
    #[arg(long)]
    pub passphrase_stdin: bool,
}

/// `cpmg env import`.
#[derive(Clone, Debug, Args)]
pub struct EnvImportArgs {
    /// A file of `cpmg env export`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Another name than it had
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Read the passphrase from the first line of the standard input
    #[arg(long)]
    pub passphrase_stdin: bool,
}

/// Commands about environments.
#[derive(Clone, Debug, Subcommand)]
pub enum EnvCommand {
    /// List environments
    List {
        /// List the hidden ones (administrators)
        #[arg(long)]
        hidden: bool,
    },
    /// Show an environment with its nodes and its newest job
    Show {
        /// Environment, by name or number
        env: String,
    },
    /// Draw its nodes and NICs on their networks
    Topology {
        /// Environment, by name or number
        env: String,
    },
    /// Write the report for its owner: one HTML file with drawings of nodes, networks and the newest job; it holds no password
    Report {
        /// Environment, by name or number
        env: String,
        /// Write here instead of to the standard output; a file that is there already stays as it is
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// Make an environment
    Add {
        /// Name
        name: String,
        /// Platform, see `cpmg catalog list` [default: the one that is proven best]
        #[arg(long)]
        platform: Option<String>,
    },
    /// Rename an environment
    Rename {
        /// Environment, by name or number
        env: String,
        /// New name
        name: String,
    },
    /// Hide an environment from the list; nothing is lost
    Hide {
        /// Environment, by name or number
        env: String,
    },
    /// Show a hidden environment again (administrators)
    Unhide {
        /// Environment, by name or number
        env: String,
    },
    /// Remove a hidden environment for good, with its nodes' records, jobs, output and logs; machines are not touched (administrators)
    Purge {
        /// Hidden environment, by name or number
        env: String,
        /// Its name once more; asked for on a terminal
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Why; goes to the audit trail
        #[arg(long, value_name = "REASON")]
        why: String,
    },
    /// Make an environment like another one: platform, modules, policy, options, network plan; without nodes and accounts
    Clone {
        /// Environment, by name or number
        env: String,
        /// Name of the new one
        name: String,
    },
    /// Write an environment to one file that opens with a passphrase: nodes with pinned host keys and logins, networks, addresses, accounts,
    /// options; without jobs, logs and facts (administrators)
    Export(EnvFileArgs),
    /// Make an environment of such a file, here or on another machine (administrators)
    Import(EnvImportArgs),
    /// Limit an environment to named users, or open it to all; administrators reach all (administrators)
    #[command(group = clap::ArgGroup::new("who").required(true))]
    Limit {
        /// Environment, by name or number
        env: String,
        /// Names of users, separated by commas
        #[arg(long, group = "who", value_name = "NAMES", value_delimiter = ',', action = ArgAction::Set, num_args = 1)]
        to: Option<Vec<String>>,
        /// Open it to all users
        #[arg(long, group = "who")]
        all: bool,
    },
    /// Change an environment's settings
    #[command(group = clap::ArgGroup::new("setting").required(true).multiple(true))]
    Set {
        /// Environment, by name or number
        env: String,
        /// Another platform, while nothing is installed
        #[arg(long, group = "setting")]
        platform: Option<String>,
        /// Modules, separated by commas; what they need comes with them
        #[arg(long, group = "setting", value_delimiter = ',', action = ArgAction::Set, num_args = 1)]
        modules: Option<Vec<String>>,
        /// Nodes that a stage works on at once
        #[arg(long, group = "setting")]
        parallel: Option<u32>,
    },
    /// Show what is done about failures without asking, or change that
    Policy {
        /// Environment, by name or number
        env: String,
        /// What changes.
        #[command(flatten)]
        change: PolicyArgs,
    },
}

/// Commands about the catalog.
#[derive(Clone, Debug, Subcommand)]
pub enum CatalogCommand {
    /// List platforms and modules
    List,
    /// Check role files; says file and line of what is wrong
    Check {
        /// Directories with roles, later ones win [default: the installed ones]
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dirs: Vec<PathBuf>,
    },
}

/// Recording the screens.
#[derive(Clone, Debug, Subcommand)]
pub enum DebugCommand {
    /// Open the screens and record them into a file: events, states, and what is needed to play them again. Passwords, keys, what
    /// is typed into and printed by shells, and the text of steps' output are masked; names, addresses and log lines are not
    Record {
        /// The file; a recording is added to one that is there already
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Play the last recording of a file again, without an engine: space pauses, left and right go by single events
    Replay {
        /// The file
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print every event with the screen after it instead
        #[arg(long)]
        print: bool,
        /// Print the last screen as a picture (SVG) instead
        #[arg(long, conflicts_with = "print")]
        svg: bool,
        /// The last screen on which this text stands, not the last of all
        #[arg(long, value_name = "TEXT", requires = "svg")]
        shows: Option<String>,
        /// Print how long this machine works to compute its frames instead
        #[arg(long, conflicts_with_all = ["print", "svg"])]
        times: bool,
    },
}

/// Options of the demonstration.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Simulated nodes, even where this machine could host real ones
    #[arg(long)]
    pub simulated: bool,
    /// How many nodes
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub nodes: u16,
    /// Simulated nodes: how many times faster than the recording
    #[arg(long, default_value_t = 10.0, value_name = "FACTOR")]
    pub speed: f64,
    /// Simulated nodes: let this step fail once, as in keystone/database
    #[arg(long, value_name = "STEP")]
    pub fail: Option<String>,
}
