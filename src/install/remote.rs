//! A real node: the runner behind the executor's contract.

use super::{Attempt, Link, LinkEvent, LinkFault, Standing};
use crate::domain::secret::Secret;
use crate::runner::{self, Following, NodeRunner, RunnerError, StepEvent, StepState};
use std::time::Duration;

/// How long a step may take to end after it was asked politely.
const GRACE: Duration = Duration::from_secs(10);

/// One node, attached to the folder of one job.
pub struct RemoteLink {
    runner: NodeRunner,
    following: Option<Following>,
}

impl RemoteLink {
    /// Over a runner that is attached to the job's folder.
    pub fn new(runner: NodeRunner) -> Self {
        Self { runner, following: None }
    }
}

/// Whether another connection may succeed.
pub fn runner_fault(fault: &RunnerError) -> LinkFault {
    if fault.is_passing() { LinkFault::Gone(fault.into()) } else { LinkFault::Refused(fault.into()) }
}

fn theirs(attempt: &Attempt) -> runner::Attempt {
    runner::Attempt { step: attempt.step.clone(), action: attempt.action, number: attempt.number }
}

impl Link for RemoteLink {
    fn boot(&self) -> String {
        self.runner.boot_id().to_owned()
    }

    async fn stands(&mut self, attempt: &Attempt) -> Result<Standing, LinkFault> {
        Ok(match self.runner.status(&theirs(attempt)).await.map_err(|f| runner_fault(&f))? {
            StepState::Absent => Standing::Absent,
            StepState::Starting | StepState::Running => Standing::Runs,
            StepState::Ended { .. } | StepState::Lost(_) => Standing::Over,
        })
    }

    async fn begin(
        &mut self,
        attempt: &Attempt,
        offset: u64,
        secrets: Vec<(String, Secret)>,
    ) -> Result<(), LinkFault> {
        let following =
            self.runner.begin(&theirs(attempt), offset, &secrets).await.map_err(|f| runner_fault(&f))?;
        self.following = Some(following);
        Ok(())
    }

    async fn next(&mut self) -> Result<LinkEvent, LinkFault> {
        let Some(following) = &mut self.following else {
            return Err(LinkFault::Gone("no step was begun over this connection".into()));
        };
        Ok(match following.next().await.map_err(|f| runner_fault(&f))? {
            StepEvent::Output { offset, bytes } => LinkEvent::Output { offset, bytes },
            StepEvent::Ended { status, changed } => LinkEvent::Ended { status, changed },
            StepEvent::Lost(loss) => LinkEvent::Lost { why: loss.into() },
        })
    }

    async fn cancel(&mut self, attempt: &Attempt) -> Result<(), LinkFault> {
        self.runner.cancel(&theirs(attempt), GRACE).await.map(drop).map_err(|f| runner_fault(&f))
    }
}
