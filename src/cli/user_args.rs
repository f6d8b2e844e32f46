//! Arguments of the commands about users, sessions and second factors.

use crate::domain::user::UserRole;
use clap::Subcommand;

/// Commands about users.
#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user; when there is none yet, the first administrator
    Add {
        /// Name: 2 to 32 of a-z 0-9 . _ -
        name: String,
        /// viewer, operator or administrator
        #[arg(long, default_value = "operator")]
        role: UserRole,
        /// What people call the user
        #[arg(long, value_name = "NAME", default_value = "")]
        full_name: String,
        /// The user must set another password at the first login
        #[arg(long)]
        must_change: bool,
        /// Read the password from the first line of the standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List users
    List,
    /// Change a user's role or full name; fewer rights end the user's sessions
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// Name of the user
        name: String,
        /// viewer, operator or administrator
        #[arg(long, group = "change")]
        role: Option<UserRole>,
        /// What people call the user
        #[arg(long, value_name = "NAME", group = "change")]
        full_name: Option<String>,
    },
    /// Set a password: your own (the old one is asked for first), or somebody else's, who must then set another one
    Password {
        /// Whose [default: your own]
        name: Option<String>,
        /// Read from the standard input: for your own account the old password in the first line, then the new one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Keep a user from logging in
    Disable {
        /// Name of the user
        name: String,
    },
    /// Let a user log in again
    Enable {
        /// Name of the user
        name: String,
    },
    /// Let a user log in at once after too many wrong passwords
    Unlock {
        /// Name of the user
        name: String,
    },
    /// Take a user's second factor away, when phone and recovery codes are lost
    ResetFactor {
        /// Name of the user
        name: String,
    },
    /// Delete a user for good; what the user did stays in the audit trail
    Delete {
        /// Name of the user
        name: String,
        /// The name once more, where nobody can be asked
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

/// Commands about sessions.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionCommand {
    /// List your sessions
    List {
        /// Those of all users (administrators)
        #[arg(long)]
        all: bool,
    },
    /// End sessions
    #[command(group = clap::ArgGroup::new("which").required(true))]
    End {
        /// One, by its number in the list; administrators end anybody's
        #[arg(group = "which")]
        session: Option<String>,
        /// All of your own but this one
        #[arg(long, group = "which")]
        others: bool,
        /// All of a user (administrators)
        #[arg(long, value_name = "NAME", group = "which")]
        user: Option<String>,
    },
}

/// Commands about your second factor.
#[derive(Clone, Debug, Subcommand)]
pub enum FactorCommand {
    /// Show whether it is on, and how many recovery codes are left
    Status,
    /// Switch it on: shows a QR code for your authenticator app, asks for a code, prints recovery codes
    On {
        /// Read from the standard input: the password, then (after the key was printed) a code
        #[arg(long)]
        password_stdin: bool,
    },
    /// Switch it off
    Off {
        /// Read from the standard input: the password, then a code or a recovery code
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make new recovery codes; the old ones count no longer
    Codes {
        /// Read from the standard input: the password, then a code or a recovery code
        #[arg(long)]
        password_stdin: bool,
    },
}
