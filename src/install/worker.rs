//! One node: does what the job says it has to do, one thing after another.

use super::executor::Links;
use super::{Attempt, Link, LinkEvent, LinkFault, Site, SiteFault, Standing, Waits};
use crate::domain::ids::NodeId;
use crate::domain::job::schedule::Task;
use crate::domain::job::{JobEvent, JobNodeState, Renewal, StepAction, StepEnd};
use crate::domain::said::Said;
use crate::runner::Loss;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Tries at a node that has not been told anything yet; afterwards it is a failed one.
const FIRST_TRIES: u32 = 4;
/// How long a step that needs a connection of its own waits for one: what a node takes back by itself has been taken back by then.
const ANEW: Duration = Duration::from_mins(5);
/// Pause after the first failed connection; doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between two connections.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Pause while the engine cannot keep anything.
const SITE_PAUSE: Duration = Duration::from_secs(1);

/// Records that the journal may refuse in a row, because an operator was quicker, before a worker gives up.
const REFUSALS: u32 = 3;

pub(super) struct Worker<S: Site> {
    pub site: Arc<S>,
    pub links: Arc<Links<S::Link>>,
    pub turns: Arc<Semaphore>,
    pub cancel: CancellationToken,
    pub node: NodeId,
}

/// Records an event, waiting as long as the engine cannot keep it. False: the journal does not allow it.
pub(super) async fn record<S: Site>(site: &S, event: JobEvent) -> bool {
    record_of(site, None, event).await
}

/// As [`record`]; meanwhile `node` is shown to wait for the engine.
async fn record_of<S: Site>(site: &S, node: Option<NodeId>, event: JobEvent) -> bool {
    loop {
        if let Some(done) = kept(site, node, site.record(event.clone()).await).await {
            return done.is_ok();
        }
    }
}

/// Does `what`, again and again while the engine cannot keep anything. `None`: refused for good.
async fn patiently<S: Site, R>(
    site: &S,
    node: Option<NodeId>,
    what: impl Fn() -> Result<R, SiteFault>,
) -> Option<R> {
    loop {
        if let Some(done) = kept(site, node, what()).await {
            return done.ok();
        }
    }
}

/// What the engine's side answered; `None` after a pause when it could not keep anything: try again.
async fn kept<S: Site, R>(
    site: &S,
    node: Option<NodeId>,
    answer: Result<R, SiteFault>,
) -> Option<Result<R, ()>> {
    match answer {
        Ok(done) => Some(Ok(done)),
        Err(SiteFault::Refused(why)) => {
            tracing::info!(%why, "the journal refused");
            Some(Err(()))
        }
        Err(SiteFault::Waits(why)) => {
            tracing::warn!(%why, "the engine waits");
            if let Some(node) = node {
                site.waits(node, Some(Waits::Engine(&why.into())));
            }
            tokio::time::sleep(SITE_PAUSE).await;
            None
        }
    }
}

/// What became of an attempt.
enum Outcome {
    /// It ended.
    End(StepEnd),
    /// The node could not be told to begin.
    Unreachable(Said),
}

/// How long an attempt has been followed, over all its connections.
struct Watch {
    begun: Instant,
    /// Seconds that it was given, once they were over and it was told to end.
    timed_out: Option<u32>,
}

/// What a first look at an attempt on its node finds.
enum Look {
    /// It is to be begun.
    Fresh,
    /// It was begun, and is followed.
    Begun,
    /// It was begun, and the node has lost it.
    Lost(StepEnd),
}

impl<S: Site> Worker<S> {
    /// Does what the job says that the node has to do, until it has nothing to do. False: the journal refuses for good.
    pub async fn run(self) -> bool {
        let mut turn = None;
        let mut refusals = 0;
        while let Some(task) = self.site.read(|job| job.task_for(self.node)) {
            if turn.is_none() && matches!(task, Task::Step { .. } | Task::Undo { .. }) {
                tokio::select! {
                    permit = self.turns.acquire() => turn = Some(permit),
                    () = self.cancel.cancelled() => {}
                }
                // Much may have happened while it waited.
                if turn.is_some() {
                    continue;
                }
                return true;
            }
            let recorded = match task {
                // Somebody wants hands off it since the job began; what runs on it was let end.
                Task::Step { .. } if self.site.is_locked(self.node) => {
                    let why = "an operator has locked this node: unlock it, then try it again";
                    let why = Said::keyed(why, "job-node-locked");
                    self.record(JobEvent::NodeFailed { node: self.node, why }).await
                }
                Task::Finish => self.finish().await,
                Task::Step { index, attempt } => self.begin(StepAction::Run, index, attempt).await,
                Task::Undo { index, attempt } => self.begin(StepAction::Undo, index, attempt).await,
                Task::UndoFinish => self.record(JobEvent::UndoFinished { node: self.node }).await,
                Task::Reinstall => {
                    self.links.forget(self.node);
                    Box::pin(super::reinstall::run(&*self.site, self.node, &self.cancel)).await
                }
                Task::Check => self.check().await,
            };
            if recorded {
                refusals = 0;
                // A node that failed lets others have its turn; what becomes of it is decided elsewhere.
                if self
                    .site
                    .read(|job| job.nodes.get(&self.node).is_none_or(|n| n.state == JobNodeState::Failed))
                {
                    return true;
                }
            } else {
                refusals += 1;
                if refusals >= REFUSALS {
                    return false;
                }
            }
        }
        true
    }

    async fn record(&self, event: JobEvent) -> bool {
        record(&*self.site, event).await
    }

    /// The attempt, with what a dry run makes of it.
    fn attempt(&self, action: StepAction, index: usize, number: u32) -> Option<Attempt> {
        self.site.read(|job| {
            let step = job.nodes.get(&self.node)?.steps.get(index)?.step.clone();
            let action = if action == StepAction::Run { job.plan.action(self.node, &step) } else { action };
            Some(Attempt { node: self.node, index, step, action, number })
        })
    }

    async fn begin(&self, action: StepAction, index: usize, number: u32) -> bool {
        let Some(attempt) = self.attempt(action, index, number) else { return false };
        let node = self.node;
        let anew = attempt.action == StepAction::Run
            && self.site.read(|job| job.plan.steps.get(&attempt.step).is_some_and(|s| s.reconnect));
        if anew {
            // A link that survives proves nothing about new ones.
            self.links.forget(node);
        }
        match self.reach(anew).await {
            Ok(true) => {}
            Ok(false) => return true,
            Err(why) => return self.record(JobEvent::NodeFailed { node, why }).await,
        }
        let started = if action == StepAction::Undo {
            JobEvent::UndoStarted { node, index, attempt: number }
        } else {
            let irreversible =
                self.site.read(|job| job.plan.steps.get(&attempt.step).is_some_and(|s| s.irreversible));
            JobEvent::StepStarted { node, index, attempt: number, irreversible }
        };
        if !self.record(started).await {
            return false;
        }
        self.end(attempt, false).await
    }

    /// Makes sure of a connection before anything is said to run: what cannot be told to the node is not shown as running on it.
    /// `anew`: the step needs a connection of its own, which may take its time to come. False: the job was stopped meanwhile. An error:
    /// the node cannot be worked on.
    async fn reach(&self, anew: bool) -> Result<bool, Said> {
        let mut failures = 0;
        let begun = Instant::now();
        loop {
            let link = match self.links.take(self.node) {
                Some(link) => Ok(link),
                None => self.connect().await,
            };
            match link {
                Ok(link) => {
                    self.site.waits(self.node, None);
                    self.links.keep(self.node, link);
                    return Ok(true);
                }
                Err(LinkFault::Refused(why)) => return Err(why),
                Err(LinkFault::Gone(why)) => {
                    failures += 1;
                    if anew && begun.elapsed() >= ANEW {
                        let text = format!("no new connection within {} s: {why}", ANEW.as_secs());
                        let seconds = ANEW.as_secs().to_string();
                        return Err(Said::keyed(text, "job-node-not-anew")
                            .arg("seconds", seconds)
                            .arg("why", why));
                    }
                    if !anew && failures >= FIRST_TRIES {
                        return Err(why);
                    }
                    self.site.waits(self.node, Some(Waits::Link(&why)));
                    if self.pause(failures).await.is_err() {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// The attempt that was begun, perhaps by an engine that is dead.
    async fn finish(&self) -> bool {
        let open = self.site.read(|job| {
            let (index, step) = job.open_step(self.node)?;
            step.open().map(|(action, number, _)| (action, index, number))
        });
        let Some((action, index, number)) = open else { return false };
        let Some(attempt) = self.attempt(action, index, number) else { return false };
        self.site.taken_up(&attempt);
        self.end(attempt, true).await
    }

    async fn end(&self, attempt: Attempt, told: bool) -> bool {
        let (node, index, number) = (self.node, attempt.index, attempt.number);
        // A node that leaves is undone by runs of its job.
        let run = self.site.read(|job| job.plan.action(node, &attempt.step));
        let undoes = attempt.action == StepAction::Undo && run != StepAction::Undo;
        let event = match self.see_through(&attempt, told).await {
            Outcome::End(end) if undoes => JobEvent::UndoEnded { node, index, attempt: number, end },
            Outcome::End(end) => JobEvent::StepEnded { node, index, attempt: number, end },
            Outcome::Unreachable(why) => JobEvent::NodeFailed { node, why },
        };
        self.record(event).await
    }

    /// Looks whether the fresh system that an operator promised is there.
    async fn check(&self) -> bool {
        let node = self.node;
        self.links.forget(node);
        let state = self.site.read(|job| job.nodes.get(&node).map(|n| n.state));
        if state == Some(JobNodeState::Interrupted)
            && !self.record(JobEvent::ManualCheck { node, by: String::new() }).await
        {
            return false;
        }
        let end = tokio::select! {
            end = Box::pin(self.site.fresh(node)) => end,
            () = self.cancel.cancelled() => {
                Err(Said::keyed("the job was stopped before the check had ended", "fresh-stopped"))
            },
        };
        let end = end.unwrap_or_else(|why| Renewal::Failed { why });
        self.record(JobEvent::ManualChecked { node, end }).await
    }

    /// Brings the attempt to its end over as many connections as that takes. `told`: the node may have been told already.
    async fn see_through(&self, attempt: &Attempt, mut told: bool) -> Outcome {
        let mut failures = 0;
        let mut watch = Watch { begun: Instant::now(), timed_out: None };
        loop {
            let link = match self.links.take(self.node) {
                Some(link) => Ok(link),
                None => self.connect().await,
            };
            let fault = match link {
                Ok(mut link) => match self.over(&mut link, attempt, &mut watch, &mut told).await {
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
                    let text = format!("what became of the step is not known: {why}");
                    return Outcome::End(StepEnd::Lost {
                        why: Said::keyed(text, "step-lost-unknown").arg("why", why),
                    });
                }
                LinkFault::Refused(why) => return Outcome::Unreachable(why),
                LinkFault::Gone(why) if !told && failures >= FIRST_TRIES => return Outcome::Unreachable(why),
                LinkFault::Gone(why) => {
                    self.site.waits(self.node, Some(Waits::Link(&why)));
                    if self.pause(failures).await.is_err() {
                        return if told {
                            let text = format!(
                                "cancelled while the node did not answer; the step may still be running on it ({why})"
                            );
                            Outcome::End(StepEnd::Lost {
                                why: Said::keyed(text, "step-lost-cancelled").arg("why", why),
                            })
                        } else {
                            Outcome::End(StepEnd::Cancelled)
                        };
                    }
                }
            }
        }
    }

    async fn connect(&self) -> Result<S::Link, LinkFault> {
        // On the heap, and gone when it is done: a worker lives as long as its job, with a thousand others.
        tokio::select! {
            link = Box::pin(self.site.connect(self.node)) => link,
            () = self.cancel.cancelled() => {
                // Once more: a node that answers at once can still be told to end its step.
                tokio::time::timeout(Duration::from_secs(5), Box::pin(self.site.connect(self.node)))
                    .await
                    .unwrap_or_else(|_| Err(LinkFault::Gone("no answer within 5 s".into())))
            }
        }
    }

    /// Seconds that the attempt is given, by a clock that never jumps, from when it was begun or taken up.
    fn ceiling(&self, attempt: &Attempt) -> u32 {
        self.site.read(|job| {
            let extended = job.nodes.get(&self.node).map_or(0, |n| n.extended);
            job.plan.ceiling(&attempt.step).saturating_add(extended)
        })
    }

    /// Waits before the next connection. An error: the job is cancelled.
    async fn pause(&self, failures: u32) -> Result<(), ()> {
        let pause = PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(PAUSE_MAX);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.cancel.cancelled() => Err(()),
        }
    }

    /// Before an attempt is begun or followed over a link. `told`: the node may have been told of it over an earlier one.
    /// `printed`: some of its output is kept. An end: the node has lost it, and it must not be begun again.
    async fn look_first(
        &self,
        link: &mut S::Link,
        attempt: &Attempt,
        told: bool,
        printed: bool,
    ) -> Result<Look, LinkFault> {
        let (site, node, boot) = (&*self.site, self.node, link.boot());
        let known = site.read(|job| job.nodes.get(&node).and_then(|n| n.boot.clone()));
        let record = async |event: JobEvent| {
            let refused = || LinkFault::Refused("the journal refused it; see the engine's log".into());
            record_of(site, Some(node), event).await.then_some(()).ok_or_else(refused)
        };
        let standing = if told { link.stands(attempt).await? } else { Standing::Absent };
        if standing == Standing::Absent {
            // A node that lost its power may have lost what it wrote last, and with it every trace of the attempt.
            let rebooted = told && known.as_ref().is_some_and(|known| *known != boot);
            if rebooted || printed {
                let loss = if rebooted { Loss::Rebooted } else { Loss::Removed };
                return Ok(Look::Lost(StepEnd::Lost { why: loss.into() }));
            }
            if known.as_ref() != Some(&boot) {
                record(JobEvent::NodeBoot { node, boot }).await?;
            }
            return Ok(Look::Fresh);
        }
        let unheard =
            site.read(|job| job.nodes.get(&node).map(|n| n.state)) == Some(JobNodeState::Interrupted);
        if standing == Standing::Runs && unheard {
            record(JobEvent::NodeFound { node }).await?;
        }
        Ok(Look::Begun)
    }

    /// Follows the attempt over one connection.
    async fn over(
        &self,
        link: &mut S::Link,
        attempt: &Attempt,
        watch: &mut Watch,
        told: &mut bool,
    ) -> Result<StepEnd, LinkFault> {
        let site = &*self.site;
        let internal = || LinkFault::Refused("the engine refused its own record; see its log".into());
        let offset =
            patiently(site, Some(self.node), || site.output_length(attempt)).await.ok_or_else(internal)?;
        let secrets =
            patiently(site, Some(self.node), || site.secrets(&attempt.step)).await.ok_or_else(internal)?;
        let (fresh, secrets) = match self.look_first(link, attempt, *told, offset > 0).await? {
            Look::Lost(end) => return Ok(end),
            Look::Begun => (false, Vec::new()),
            Look::Fresh => (true, secrets),
        };
        *told = true;
        if let Err(fault) = link.begin(attempt, offset, secrets).await {
            // Only what comes before the start is refused: a disk that is full when the secrets are written.
            *told = !(fresh && matches!(fault, LinkFault::Refused(_)));
            return Err(fault);
        }
        site.waits(self.node, None);
        let mut cancelling = false;
        loop {
            let ceiling = self.ceiling(attempt);
            let event = tokio::select! {
                event = link.next() => event?,
                () = tokio::time::sleep_until(watch.begun + Duration::from_secs(u64::from(ceiling))), if !cancelling && watch.timed_out.is_none() => {
                    // An operator may have given it more time while it was waited for.
                    let given = self.ceiling(attempt);
                    if watch.begun.elapsed() >= Duration::from_secs(u64::from(given)) {
                        watch.timed_out = Some(given);
                        link.cancel(attempt).await?;
                    }
                    continue;
                }
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
                LinkEvent::Ended { .. } | LinkEvent::Lost { .. } if let Some(seconds) = watch.timed_out => {
                    return Ok(StepEnd::TimedOut { seconds });
                }
                LinkEvent::Ended { status, .. } => return Ok(StepEnd::Failed { status }),
                LinkEvent::Lost { why } => return Ok(StepEnd::Lost { why }),
            }
        }
    }
}
