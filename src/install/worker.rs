//! One node within one stage.

use super::executor::Links;
use super::{Attempt, Link, LinkEvent, LinkFault, Site, SiteFault};
use crate::domain::ids::NodeId;
use crate::domain::job::{JobEvent, StepAction, StepEnd};
use crate::domain::plan::StageKind;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Tries at a node that has not been told anything yet; afterwards it is a failed one.
const FIRST_TRIES: u32 = 4;
/// Pause after the first failed connection; doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between two connections.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Pause while the engine cannot keep anything.
const SITE_PAUSE: Duration = Duration::from_secs(1);

/// How far a worker goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All steps of the stage.
    Stage,
    /// Only the step that was begun already.
    OpenStep,
}

pub(super) struct Worker<S: Site> {
    pub site: Arc<S>,
    pub links: Arc<Links<S::Link>>,
    pub cancel: CancellationToken,
    pub node: NodeId,
    pub stage: StageKind,
    pub extent: Extent,
}

/// Records an event, waiting as long as the engine cannot keep it. False: the journal does not allow it.
pub(super) async fn record<S: Site>(site: &S, event: JobEvent) -> bool {
    patiently(site, None, || site.record(event.clone())).await.is_some()
}

/// Does `what`, again and again while the engine cannot keep anything. `None`: refused for good.
async fn patiently<S: Site, R>(
    site: &S,
    node: Option<NodeId>,
    what: impl Fn() -> Result<R, SiteFault>,
) -> Option<R> {
    loop {
        match what() {
            Ok(done) => return Some(done),
            Err(SiteFault::Refused(why)) => {
                tracing::error!(%why, "the journal refused");
                return None;
            }
            Err(SiteFault::Waits(why)) => {
                tracing::warn!(%why, "the engine waits");
                if let Some(node) = node {
                    site.waits(node, Some(&why));
                }
                tokio::time::sleep(SITE_PAUSE).await;
            }
        }
    }
}

/// What became of an attempt.
enum Outcome {
    /// It ended.
    End(StepEnd),
    /// The node could not be told to begin.
    Unreachable(String),
}

impl<S: Site> Worker<S> {
    /// Does the node's steps of the stage, one after another, until one fails, none is left, or the job is cancelled.
    pub async fn run(self) {
        loop {
            let open = self.site.read(|job| {
                job.open_step(self.node).map(|(index, s)| self.attempt(index, s.step.clone(), s.attempt))
            });
            let (attempt, told) = if let Some(attempt) = open {
                (attempt, true)
            } else {
                if self.cancel.is_cancelled() || self.extent == Extent::OpenStep {
                    return;
                }
                let next = self.site.read(|job| {
                    let (index, number) = job.next_step(self.node, self.stage)?;
                    let step = job.nodes.get(&self.node)?.steps.get(index)?.step.clone();
                    Some(self.attempt(index, step, number))
                });
                let Some(attempt) = next else { return };
                let started =
                    JobEvent::StepStarted { node: self.node, index: attempt.index, attempt: attempt.number };
                if !record(&*self.site, started).await {
                    return;
                }
                (attempt, false)
            };
            let event = match self.see_through(&attempt, told).await {
                Outcome::End(end) => JobEvent::StepEnded {
                    node: self.node,
                    index: attempt.index,
                    attempt: attempt.number,
                    end,
                },
                Outcome::Unreachable(why) => JobEvent::NodeFailed { node: self.node, why },
            };
            let good = matches!(&event, JobEvent::StepEnded { end, .. } if end.is_good());
            if !record(&*self.site, event).await || !good {
                return;
            }
        }
    }

    fn attempt(&self, index: usize, step: crate::domain::plan::StepId, number: u32) -> Attempt {
        Attempt { node: self.node, index, step, action: StepAction::Run, number }
    }

    /// Brings the attempt to its end over as many connections as that takes. `told`: the node may have been told already.
    async fn see_through(&self, attempt: &Attempt, mut told: bool) -> Outcome {
        let mut failures = 0;
        loop {
            let link = match self.links.take(self.node) {
                Some(link) => Ok(link),
                None => self.connect().await,
            };
            let fault = match link {
                Ok(mut link) => match self.over(&mut link, attempt, &mut told).await {
                    Ok(end) => {
                        self.site.waits(self.node, None);
                        self.links.keep(self.node, link);
                        return Outcome::End(end);
                    }
                    Err(fault) => {
                        failures = 0;
                        fault
                    }
                },
                Err(fault) => fault,
            };
            failures += 1;
            match fault {
                LinkFault::Refused(why) if told => {
                    return Outcome::End(StepEnd::Lost {
                        why: format!("what became of the step is not known: {why}"),
                    });
                }
                LinkFault::Refused(why) => return Outcome::Unreachable(why),
                LinkFault::Gone(why) if !told && failures >= FIRST_TRIES => return Outcome::Unreachable(why),
                LinkFault::Gone(why) => {
                    self.site.waits(self.node, Some(&why));
                    if self.pause(failures).await.is_err() {
                        let what = if told {
                            "cancelled while the node did not answer; the step may still be running on it"
                        } else {
                            "cancelled before the node answered; the step was not begun"
                        };
                        return if told {
                            Outcome::End(StepEnd::Lost { why: format!("{what} ({why})") })
                        } else {
                            Outcome::End(StepEnd::Cancelled)
                        };
                    }
                }
            }
        }
    }

    async fn connect(&self) -> Result<S::Link, LinkFault> {
        tokio::select! {
            link = self.site.connect(self.node) => link,
            () = self.cancel.cancelled() => {
                // Once more: a node that answers at once can still be told to end its step.
                tokio::time::timeout(Duration::from_secs(5), self.site.connect(self.node))
                    .await
                    .unwrap_or_else(|_| Err(LinkFault::Gone("no answer within 5 s".into())))
            }
        }
    }

    /// Waits before the next connection. An error: the job is cancelled.
    async fn pause(&self, failures: u32) -> Result<(), ()> {
        let pause = PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(PAUSE_MAX);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.cancel.cancelled() => Err(()),
        }
    }

    /// Follows the attempt over one connection.
    async fn over(
        &self,
        link: &mut S::Link,
        attempt: &Attempt,
        told: &mut bool,
    ) -> Result<StepEnd, LinkFault> {
        let site = &*self.site;
        let internal = || LinkFault::Refused("the engine refused its own record; see its log".to_owned());
        let offset =
            patiently(site, Some(self.node), || site.output_length(attempt)).await.ok_or_else(internal)?;
        let secrets =
            patiently(site, Some(self.node), || site.secrets(&attempt.step)).await.ok_or_else(internal)?;
        *told = true;
        link.begin(attempt, offset, secrets).await?;
        site.waits(self.node, None);
        let mut cancelling = false;
        loop {
            let event = tokio::select! {
                event = link.next() => event?,
                () = self.cancel.cancelled(), if !cancelling => {
                    cancelling = true;
                    link.cancel(attempt).await?;
                    continue;
                }
            };
            match event {
                LinkEvent::Output { offset, bytes } => {
                    patiently(site, Some(self.node), || site.output(attempt, offset, &bytes))
                        .await
                        .ok_or_else(internal)?;
                }
                // What ended well before it heard of the cancellation is done.
                LinkEvent::Ended { status: 0, changed } => {
                    return Ok(if changed { StepEnd::Changed } else { StepEnd::Unchanged });
                }
                LinkEvent::Ended { .. } | LinkEvent::Lost { .. } if cancelling => {
                    return Ok(StepEnd::Cancelled);
                }
                LinkEvent::Ended { status, .. } => return Ok(StepEnd::Failed { status }),
                LinkEvent::Lost { why } => return Ok(StepEnd::Lost { why }),
            }
        }
    }
}
