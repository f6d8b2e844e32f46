//! The commands about nodes, and how to log in to one.

use super::job_args::ManualCommand;
use crate::domain::node::NodeRole;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// How to log in to a node. Nothing asks for a password on the terminal.
#[derive(Clone, Debug, Default, Args)]
pub struct CredentialArgs {
    /// Read the node's password from the first line of the standard input
    #[arg(long, conflicts_with_all = ["key", "agent", "set"])]
    pub password_stdin: bool,
    /// Log in with this private key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["agent", "set"])]
    pub key: Option<PathBuf>,
    /// Read the key's passphrase from the first line of the standard input
    #[arg(long, requires = "key")]
    pub passphrase_stdin: bool,
    /// Log in through the SSH agent at this socket of the management host [default: $`SSH_AUTH_SOCK`]
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    #[arg(conflicts_with = "set")]
    pub agent: Option<String>,
    /// Try the credentials of this set in order, see `cpmg credential-set` (each has its own account)
    #[arg(long, value_name = "SET")]
    pub set: Option<String>,
}

/// How a jump host is logged in to, where not as the node is.
#[derive(Clone, Debug, Default, Args)]
pub struct JumpLoginArgs {
    /// Ask for the jump host's password [default: log in as to the node]
    #[arg(long, conflicts_with_all = ["jump_key", "jump_agent"])]
    pub jump_password: bool,
    /// Read the jump host's password from the standard input, a line after what the node's own options read
    #[arg(long, conflicts_with_all = ["jump_key", "jump_agent", "jump_password"])]
    pub jump_password_stdin: bool,
    /// Log in to the jump host with this private key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "jump_agent")]
    pub jump_key: Option<PathBuf>,
    /// Log in to the jump host through the SSH agent at this socket [default: $`SSH_AUTH_SOCK`]
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub jump_agent: Option<String>,
}

/// Commands about nodes.
#[derive(Clone, Debug, Subcommand)]
pub enum NodeCommand {
    /// Look for SSH at many addresses (Ctrl-C ends the sweep)
    Sweep {
        /// Environment, by name or number
        env: String,
        /// 10.0.0.0/24, 10.0.0.1-10.0.0.50, 10.0.0.1-50 or one address
        #[arg(required = true, value_name = "RANGE")]
        ranges: Vec<String>,
        /// How.
        #[command(flatten)]
        how: super::sweep_args::SweepArgs,
    },
    /// Add a node
    Add {
        /// Environment, by name or number
        env: String,
        /// Address of the node
        address: String,
        /// Host name [default: the one the node tells]
        #[arg(long)]
        name: Option<String>,
        /// Port of SSH
        #[arg(long, default_value_t = 22)]
        port: u16,
        /// Account to log in with
        #[arg(long, default_value = "root")]
        user: String,
        /// How to log in.
        #[command(flatten)]
        credential: CredentialArgs,
        /// Reach it through this machine, [account@]address[:port]
        #[arg(long, value_name = "JUMP")]
        jump: Option<String>,
        /// How to log in to that.
        #[command(flatten)]
        jump_login: JumpLoginArgs,
    },
    /// Add and change nodes by a list: CSV, an Ansible inventory, ~/.ssh/config, Cobbler's systems
    Import(super::import_args::ImportArgs),
    /// Write the nodes as an Ansible inventory, CSV or JSON, without passwords and keys
    Export(super::import_args::ExportArgs),
    /// List the nodes of an environment
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Show a node with its facts
    Show {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Show what a node is, what does not fit its roles, and what changed last
    Facts {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Show everything that changed, newest first
        #[arg(long)]
        history: bool,
        /// Connect to the node and gather its facts first
        #[arg(long)]
        refresh: bool,
    },
    /// Connect to a node and gather its facts
    Probe {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Pin a node's host key after comparing its fingerprint, then gather the node's facts
    Trust {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The fingerprint that the key must have, SHA256:… [default: ask on the terminal]
        fingerprint: Option<String>,
        /// Pin whatever key is offered now, without comparing (only on a network that you trust)
        #[arg(long, conflicts_with = "fingerprint")]
        accept_new: bool,
    },
    /// Forget a node's pinned host key, after the machine was reinstalled
    ForgetKey {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// That of its jump host, for all nodes behind it
        #[arg(long)]
        jump: bool,
    },
    /// Set the roles of a node
    Role {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// controller, compute, storage; several are allowed
        #[arg(value_name = "ROLE", required_unless_present = "none")]
        roles: Vec<NodeRole>,
        /// No role: the node is not installed
        #[arg(long, conflicts_with = "roles")]
        none: bool,
    },
    /// Rename a node
    Rename {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// New host name
        name: String,
    },
    /// Give a node another address or port
    Address {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Address
        address: String,
        /// Port of SSH
        #[arg(long, default_value_t = 22)]
        port: u16,
    },
    /// Change how to log in to a node
    Credential {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// Account to log in with [default: as before]
        #[arg(long)]
        user: Option<String>,
        /// How to log in.
        #[command(flatten)]
        credential: CredentialArgs,
    },
    /// Reach a node through another machine, or directly again
    Jump {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The machine, [account@]address[:port]; without an account it is the node's
        #[arg(required_unless_present = "none")]
        jump: Option<String>,
        /// Directly
        #[arg(long, conflicts_with = "jump")]
        none: bool,
        /// How to log in to it.
        #[command(flatten)]
        login: JumpLoginArgs,
    },
    /// Install a node's operating system anew through Cobbler, then go on with the installation: everything on it is lost
    Reinstall {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The node's name, typed again [default: ask on the terminal]
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Cobbler's profile [default: the one that the node's system has there]
        #[arg(long)]
        profile: Option<String>,
        /// Minutes from the power cycle on until the fresh system must answer [default: 60]
        #[arg(long)]
        minutes: Option<u32>,
        /// Show what happens until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
    /// Install a node's operating system by hand, guided step by step
    #[command(subcommand)]
    Manual(ManualCommand),
    /// Lock a node: nobody installs, undoes or reinstalls it
    Lock {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// The reason, for the others
        #[arg(long, value_name = "REASON")]
        why: String,
    },
    /// Unlock a node
    Unlock {
        /// Node, by name, number or ENV/NAME
        node: String,
    },
    /// Take a node out of its environment; out of an installed one by a job, which also takes it off the cloud's records
    Remove {
        /// Node, by name, number or ENV/NAME
        node: String,
        /// How.
        #[command(flatten)]
        args: super::leave::LeaveArgs,
    },
}
