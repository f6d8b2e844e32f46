//! The command line about accounts of an environment's services. Values are typed or come on the standard input.

use crate::domain::accounts::GeneratorRules;
use clap::{Args, Subcommand};

/// Commands about accounts.
#[derive(Clone, Debug, Subcommand)]
pub enum AccountCommand {
    /// List accounts, without their values: how good each is, where it is in use, what a rotation has come to
    List {
        /// Environment, by name or number
        env: String,
    },
    /// Print the value of an account (the engine records who asked)
    Reveal {
        /// Environment, by name or number
        env: String,
        /// Name of the account
        name: String,
    },
    /// Set an account that no service uses yet: asked for twice without echo
    Set {
        /// Environment, by name or number
        env: String,
        /// Name of the account
        name: String,
        /// Read the value from the first line of the standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Generate an account that no service uses yet
    Generate {
        /// Environment, by name or number
        env: String,
        /// Name of the account
        name: String,
        /// What it is made of.
        #[command(flatten)]
        rules: GeneratorArgs,
    },
    /// Change the password of an account in the services that use it; shows first what that does
    Rotate {
        /// Environment, by name or number
        env: String,
        /// Name of the account
        name: String,
        /// Type the new password, asked for twice without echo [default: generate one]
        #[arg(long = "type", conflicts_with_all = ["password_stdin", "back"])]
        typed: bool,
        /// Read the new password from the first line of the standard input
        #[arg(long, conflicts_with = "back")]
        password_stdin: bool,
        /// Go back to the password from before a rotation that has not succeeded
        #[arg(long)]
        back: bool,
        /// What a generated one is made of.
        #[command(flatten)]
        rules: GeneratorArgs,
        /// Only show which steps would run where, and which services would restart
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Show steps and output until the job is over; the exit code is the job's result
        #[arg(long, short)]
        follow: bool,
    },
}

/// What a generated password is made of.
#[derive(Clone, Copy, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub struct GeneratorArgs {
    /// Characters, 12 to 64
    #[arg(long, default_value_t = GeneratorRules::default().length)]
    length: u8,
    /// Without a to z
    #[arg(long)]
    no_lower: bool,
    /// Without A to Z
    #[arg(long)]
    no_upper: bool,
    /// Without 0 to 9
    #[arg(long)]
    no_digits: bool,
    /// With symbols, as far as they do no harm where this account is used
    #[arg(long)]
    symbols: bool,
    /// Also with characters that are taken for one another (0 and O, 1 and l)
    #[arg(long)]
    lookalikes: bool,
}

impl GeneratorArgs {
    /// As rules.
    pub fn rules(self) -> GeneratorRules {
        GeneratorRules {
            length: self.length,
            lower: !self.no_lower,
            upper: !self.no_upper,
            digits: !self.no_digits,
            symbols: self.symbols,
            readable: !self.lookalikes,
        }
    }
}
