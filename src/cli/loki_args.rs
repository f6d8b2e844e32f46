//! The command line about Loki.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Commands about Loki.
#[derive(Clone, Debug, Subcommand)]
pub enum LokiCommand {
    /// Say where an environment's Loki is, and what goes there; the engine looks there at once
    Set(SetArgs),
    /// Show the settings, how far pushing is, and what goes wrong since when
    Show {
        /// Environment, by name or number
        env: String,
    },
    /// Ask an environment's Loki for its version and its labels
    Test {
        /// Environment, by name or number
        env: String,
    },
    /// Push what is collected, from where it stopped; this also ends a stop after a refusal
    On {
        /// Environment, by name or number
        env: String,
    },
    /// Push nothing more; settings and position stay
    Off {
        /// Environment, by name or number
        env: String,
    },
    /// Forget an environment's Loki and the password
    Forget {
        /// Environment, by name or number
        env: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Ask with LogQL over a time
    Query(QueryArgs),
    /// Follow a log query live, until Ctrl-C
    Tail {
        /// Environment, by name or number
        env: String,
        /// Log query, as '{job="openstack"} |= "req-"'
        query: String,
        /// Lines of the last hour to begin with
        #[arg(long, short = 'n', value_name = "LINES", default_value_t = 20)]
        lines: u32,
    },
    /// List names of labels, or the values of one
    Labels {
        /// Environment, by name or number
        env: String,
        /// List the values of this label
        label: Option<String>,
        /// Only of streams that this selects, as '{job="openstack"}'
        #[arg(long, value_name = "SELECTOR", requires = "label")]
        of: Option<String>,
    },
}

/// Settings.
#[derive(Clone, Debug, Args)]
pub struct SetArgs {
    /// Environment, by name or number
    pub env: String,
    #[arg(long, help = "Address of the server: http(s)://HOST:PORT, without /loki/api/v1")]
    pub url: String,
    /// Tenant (X-Scope-OrgID) [default: none]
    #[arg(long)]
    pub tenant: Option<String>,
    /// User of basic authentication [default: none]
    #[arg(long)]
    pub user: Option<String>,
    /// Read that user's password from the first line of the standard input
    #[arg(long, requires = "user")]
    pub password_stdin: bool,
    /// Keep the password that is stored for this address and user
    #[arg(long, requires = "user", conflicts_with = "password_stdin")]
    pub keep_password: bool,
    /// Certificates (PEM) of the authority that signed the server's [default: those that this machine trusts]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub authority: Option<PathBuf>,
    /// Push what is collected
    #[arg(long)]
    pub push: bool,
    /// Push only records that this filter takes, as 'level>=warning service=nova' [default: all]
    #[arg(long, value_name = "FILTER", requires = "push")]
    pub what: Option<String>,
    /// Label 'job' of what is pushed
    #[arg(long, value_name = "LABEL", default_value = crate::domain::loki::JOB)]
    pub job: String,
}

/// A query.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// Environment, by name or number
    pub env: String,
    #[arg(
        help = "Query, as '{job=\"openstack\"} |= \"req-\"' or 'sum by (service) (count_over_time({job=\"openstack\"}[5m]))'"
    )]
    pub query: String,
    /// From when on: how long ago (90m, 12h, 7d), or a date or time
    #[arg(long, value_name = "WHEN", default_value = "1h")]
    pub since: String,
    /// Until when [default: now]
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Most entries
    #[arg(long, short = 'n', value_name = "ENTRIES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub limit: u32,
    /// The newest of them first [default: the newest entries, printed oldest first]
    #[arg(long)]
    pub newest_first: bool,
    /// The oldest entries of the time instead of the newest
    #[arg(long, conflicts_with = "newest_first")]
    pub oldest: bool,
    /// Seconds between two points of a metric query
    #[arg(long, value_name = "SECONDS")]
    pub step: Option<u32>,
}
