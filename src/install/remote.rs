//! A real node: the runner behind the executor's contract.

use super::{Attempt, Link, LinkEvent, LinkFault};
use crate::domain::secret::Secret;
use crate::runner::{self, BASE, Following, NodeRunner, RunnerError, Session, StepEvent};
use std::time::Duration;

/// How long a step may take to end after it was asked politely.
const GRACE: Duration = Duration::from_secs(10);

/// One node, attached to the folder of one job.
pub struct RemoteLink {
    runner: NodeRunner,
    following: Option<Following>,
}

/// Whether the job has done steps on the node before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It has: its folder must be there, or the node was reinstalled.
    Done,
    /// It has not: the folder is made.
    Nothing,
}

impl RemoteLink {
    /// Attaches to the folder called `job` on the node, after uploading `bundle` into it where nothing was done before.
    pub async fn open(
        session: Session,
        job: &str,
        bundle: Vec<u8>,
        before: Before,
    ) -> Result<Self, LinkFault> {
        let folder = NodeRunner::folder(BASE, job);
        if before == Before::Nothing {
            NodeRunner::upload(&session, &folder, bundle).await.map_err(|f| fault(&f))?;
        }
        match NodeRunner::attach(&session, &folder).await {
            Ok(runner) => Ok(Self { runner, following: None }),
            Err(RunnerError::NotThere { host, said }) if before == Before::Done => {
                Err(LinkFault::Refused(format!(
                    "the files of this job are no longer on {host} ({said}): the node was reinstalled or cleaned; start a new installation"
                )))
            }
            Err(why) => Err(fault(&why)),
        }
    }
}

fn fault(fault: &RunnerError) -> LinkFault {
    if fault.is_passing() {
        LinkFault::Gone(fault.to_string())
    } else {
        LinkFault::Refused(fault.to_string())
    }
}

fn theirs(attempt: &Attempt) -> runner::Attempt {
    runner::Attempt { step: attempt.step.clone(), action: attempt.action, number: attempt.number }
}

impl Link for RemoteLink {
    async fn begin(
        &mut self,
        attempt: &Attempt,
        offset: u64,
        secrets: Vec<(String, Secret)>,
    ) -> Result<(), LinkFault> {
        let following = self.runner.begin(&theirs(attempt), offset, &secrets).await.map_err(|f| fault(&f))?;
        self.following = Some(following);
        Ok(())
    }

    async fn next(&mut self) -> Result<LinkEvent, LinkFault> {
        let Some(following) = &mut self.following else {
            return Err(LinkFault::Gone("no step was begun over this connection".into()));
        };
        Ok(match following.next().await.map_err(|f| fault(&f))? {
            StepEvent::Output { offset, bytes } => LinkEvent::Output { offset, bytes },
            StepEvent::Ended { status, changed } => LinkEvent::Ended { status, changed },
            StepEvent::Lost(loss) => LinkEvent::Lost { why: loss.to_string() },
        })
    }

    async fn cancel(&mut self, attempt: &Attempt) -> Result<(), LinkFault> {
        self.runner.cancel(&theirs(attempt), GRACE).await.map(drop).map_err(|f| fault(&f))
    }
}
