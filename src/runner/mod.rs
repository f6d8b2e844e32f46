//! Steps on a node that outlive the connection.
//!
//! The node's half is `roles/runner.sh`, which opens with the protocol and with how a step is claimed, run once, and
//! remembered in files. This half attaches to it over one long-lived channel and offers four verbs: [`NodeRunner::begin`]
//! (start, or attach where it was started before), [`NodeRunner::follow`], [`NodeRunner::status`], [`NodeRunner::cancel`].
//! Output is pulled: [`Following::next`] asks for what lies beyond its offset, so a slow consumer slows nothing but itself,
//! and after a lost connection (or with a new engine) following from the offset reached goes on without a lost or doubled byte.
//!
//! Read `frames` for the pure parser, `following` for the pace of asking.
//!
//! Never here: which steps there are and in which order; retries; what the operator is told beyond one sentence a fault.

mod following;
pub mod frames;
mod serve;
#[cfg(test)]
mod tests;

pub use following::{Following, StepEvent};
pub use serve::NodeRunner;

use crate::domain::job::StepAction;
use crate::domain::plan::StepId;
use crate::domain::said::Said;
use crate::ssh::SshError;
use std::fmt;

/// The node's half, for the bundle: `runner.sh` in the job's folder.
pub const RUNNER_SH: &str = include_str!("../../roles/runner.sh");
/// Where jobs lie on a node.
pub const BASE: &str = "/var/lib/cpmg";
/// The protocol spoken here.
const PROTOCOL: u32 = 1;

/// One attempt at one step. The node runs each at most once, whoever asks and however often.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Which step.
    pub step: StepId,
    /// Run, undo or check.
    pub action: StepAction,
    /// Counted from 1.
    pub number: u32,
}

impl Attempt {
    fn key(&self) -> frames::Key {
        let prefix = match self.action {
            StepAction::Run => "",
            StepAction::Undo => "u",
            StepAction::Check => "c",
        };
        frames::Key { step: self.step.dotted(), attempt: format!("{prefix}{}", self.number) }
    }
}

/// Why a step will never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Its process is gone without having written a status.
    Killed,
    /// The node was started anew while it ran.
    Rebooted,
    /// The node could not start it.
    NeverStarted,
    /// The node's disk had no room for its claim or its status.
    Full,
    /// Its files were removed while it ran.
    Removed,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "the step's process was killed on the node before it could tell how it ended",
            Self::Rebooted => "the node was rebooted while the step ran",
            Self::NeverStarted => {
                "the node could not start the step: look there for a full disk or for too many processes"
            }
            Self::Full => {
                "the node's disk is full: the step could not be begun, or could not tell how it ended; free some space there"
            }
            Self::Removed => {
                "the step's files were removed on the node (/var/lib/cpmg) while it ran: what became of it is not known"
            }
        })
    }
}

impl From<Loss> for Said {
    fn from(loss: Loss) -> Self {
        let key = match loss {
            Loss::Killed => "step-lost-killed",
            Loss::Rebooted => "step-lost-rebooted",
            Loss::NeverStarted => "step-lost-never-started",
            Loss::Full => "step-lost-full",
            Loss::Removed => "step-lost-removed",
        };
        Self::keyed(loss.to_string(), key)
    }
}

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Never started.
    Absent,
    /// Claimed, about to run.
    Starting,
    /// Runs.
    Running,
    /// Ended by itself or by [`NodeRunner::cancel`].
    Ended {
        /// Exit status; 128 + signal for a killed one.
        status: i32,
        /// Whether it changed something.
        changed: bool,
    },
    /// Will never end.
    Lost(Loss),
}

impl StepState {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Lost(_))
    }
}

/// A fault of the runner. `Display` is the sentence for the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunnerError {
    /// The connection, or a command over it.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// The runner on the node ended or its channel broke. The steps go on.
    #[error("the runner on {host} is gone ({why}); its steps go on")]
    Gone {
        /// Address and port.
        host: String,
        /// Details.
        why: String,
    },
    /// It does not answer though the connection stands.
    #[error("the runner on {host} does not answer: the node is overloaded or its disk does not respond")]
    Silent {
        /// Address and port.
        host: String,
    },
    /// The job's files are not there.
    #[error("the runner cannot be started on {host}: {said}")]
    NotThere {
        /// Address and port.
        host: String,
        /// What the node said.
        said: String,
    },
    /// Another version.
    #[error(
        "the runner on {host} speaks protocol {theirs}, this cpmg {PROTOCOL}: upload the job's files again"
    )]
    Protocol {
        /// Address and port.
        host: String,
        /// Its version.
        theirs: u32,
    },
    /// A name that is no shell variable, or a value with a NUL.
    #[error(
        "the secret {0} cannot be given to a step: its name must be a shell variable's, its value text without NUL"
    )]
    Secret(String),
}

impl From<&RunnerError> for Said {
    fn from(fault: &RunnerError) -> Self {
        let keyed = |key| Self::keyed(fault.to_string(), key);
        match fault {
            RunnerError::Ssh(ssh) => ssh.into(),
            RunnerError::Gone { host, why } => {
                keyed("runner-gone").arg("host", host.as_str()).arg("why", why.as_str())
            }
            RunnerError::Silent { host } => keyed("runner-silent").arg("host", host.as_str()),
            RunnerError::NotThere { host, said } => {
                keyed("runner-not-there").arg("host", host.as_str()).arg("said", said.as_str())
            }
            RunnerError::Protocol { host, theirs } => keyed("runner-protocol")
                .arg("host", host.as_str())
                .arg("theirs", theirs.to_string())
                .arg("ours", PROTOCOL.to_string()),
            RunnerError::Secret(name) => keyed("runner-secret").arg("name", name.as_str()),
        }
    }
}

impl RunnerError {
    /// Whether another connection may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Ssh(e) => e.is_passing(),
            Self::Gone { .. } | Self::Silent { .. } => true,
            Self::NotThere { .. } | Self::Protocol { .. } | Self::Secret(_) => false,
        }
    }
}
