//! A node's facts: one script on standard input, one answer.

use crate::domain::facts::{Facts, FactsFault};
use crate::domain::said::Said;
use crate::domain::time::Moment;
use crate::ssh::{Session, SshError, StreamEvent};
use std::time::Duration;
use tokio::time::timeout;

const SCRIPT: &str = include_str!("facts.sh");
/// Nothing depends on the account's login shell or its environment.
const COMMAND: &str =
    "exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -s";
const DEADLINE: Duration = Duration::from_mins(1);
const ANSWER_MAX: usize = 256 * 1024;

/// Why there are no facts.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GatherError {
    /// The connection, or the node refused the command.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// The answer is none.
    #[error(transparent)]
    Facts(#[from] FactsFault),
    /// Too slow.
    #[error(
        "{host} did not tell its facts within {DEADLINE:?}: one of its disks or file systems may not respond"
    )]
    Silent {
        /// Address and port.
        host: String,
    },
}

impl From<&GatherError> for Said {
    fn from(fault: &GatherError) -> Self {
        match fault {
            GatherError::Ssh(why) => why.into(),
            GatherError::Facts(why) => Self::keyed(why.to_string(), why.key()),
            GatherError::Silent { host } => Self::keyed(fault.to_string(), "error-facts-silent")
                .arg("host", host.as_str())
                .arg("seconds", DEADLINE.as_secs().to_string()),
        }
    }
}

/// Asks the node for its facts; `now` is the engine's clock.
pub async fn gather(session: &Session, now: fn() -> Moment) -> Result<Facts, GatherError> {
    let work = ask(session, now);
    timeout(DEADLINE, work).await.map_err(|_| GatherError::Silent { host: session.host() })?
}

async fn ask(session: &Session, now: fn() -> Moment) -> Result<Facts, GatherError> {
    let mut stream = session.exec_stream(COMMAND, 2 * ANSWER_MAX).await?;
    let asked = now();
    let input = stream.input();
    input.write(SCRIPT).await?;
    input.end().await;
    let mut answer = Vec::new();
    // The clock is in the first words; what follows takes longer.
    let mut answered = None;
    while let Some(event) = stream.next().await {
        match event {
            StreamEvent::Stdout(bytes) => {
                answered.get_or_insert_with(now);
                let room = ANSWER_MAX.saturating_sub(answer.len()).min(bytes.len());
                answer.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }
            StreamEvent::Refused => {
                return Err(
                    SshError::RequestRefused { host: session.host(), what: "to run a command" }.into()
                );
            }
            StreamEvent::Overrun => break,
            StreamEvent::Stderr(_) | StreamEvent::Ended(_) => {}
        }
    }
    if answer.is_empty() && !session.is_up() {
        return Err(session.lost().await.into());
    }
    Ok(Facts::parse(&String::from_utf8_lossy(&answer), asked, answered.unwrap_or(asked))?)
}
