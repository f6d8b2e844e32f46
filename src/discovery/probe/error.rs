//! Why a node gave no answers, or not all.

use crate::domain::text::harmless;
use crate::ssh::SshError;
use std::time::Duration;

/// A fault of one node's probe. `Display` is the sentence for the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProbeError {
    /// The connection, or the node refused the command.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// Neither language.
    #[error(
        "the node has neither Perl nor Python: install perl-base (Debian, Ubuntu) or python3 and check again"
    )]
    NoInterpreter,
    /// It ended early.
    #[error("the check's program on the node ended too early{}", said(.0))]
    Ended(String),
    /// Too slow.
    #[error("the node did not finish within {0:?}: it is overloaded, or its connection stalls; check again")]
    Silent(Duration),
    /// More than a node can have to say.
    #[error("the node sent more than {0} bytes: look at what its login shell prints")]
    TooMuch(usize),
    /// We were told to stop.
    #[error("the check was cancelled")]
    Cancelled,
}

fn said(words: &str) -> String {
    let words = harmless(words.trim());
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}
