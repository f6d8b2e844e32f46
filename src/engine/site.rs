//! The engine's side of a running job.

use super::jobs::{JobCell, Journalled};
use super::knowing::Begun;
use super::records::blocking;
use super::topics::Area;
use super::{Engine, bundles, now};
use crate::cobbler::{Cobbler, CobblerError, Target};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{Job, JobEvent, Renewal, StepAction, StepProgress};
use crate::domain::plan::StepId;
use crate::domain::said::Said;
use crate::domain::secret::Secret;
use crate::domain::text::harmless;
use crate::install::{Attempt, LinkFault, RemoteLink, Site, SiteFault, Waits, runner_fault};
use crate::runner::{BASE, NodeRunner, RunnerError};
use crate::ssh::SshError;
use crate::store::{self, OutputId};
use std::sync::{Arc, OnceLock};

/// Characters of output kept in memory for the last line.
const TAIL: usize = 400;

/// Where the output of an attempt is kept.
pub fn place(job: JobId, attempt: &Attempt) -> store::Result<OutputId> {
    let undo = match attempt.action {
        StepAction::Run => "",
        StepAction::Undo => ".undo",
        StepAction::Check => ".check",
    };
    OutputId::new(job, attempt.node, &format!("{}{undo}", attempt.step.dotted()), attempt.number)
}

/// A job and the engine that runs it.
pub struct JobSite {
    engine: Arc<Engine>,
    cell: Arc<JobCell>,
    /// Where the nodes' files are, once one was wanted.
    bundles: OnceLock<Result<bundles::Index, String>>,
}

impl JobSite {
    /// For that job.
    pub fn new(engine: Arc<Engine>, cell: Arc<JobCell>) -> Self {
        Self { engine, cell, bundles: OnceLock::new() }
    }

    /// The tar stream of a node's files.
    fn bundle(&self, node: NodeId) -> Result<Vec<u8>, String> {
        let dir = self.engine.job_dir(self.cell.id);
        let told = |e: &std::io::Error| format!("the files for this node in {}: {e}", dir.display());
        let index = self.bundles.get_or_init(|| bundles::Index::read(&dir).map_err(|e| told(&e)));
        index.as_ref().map_err(Clone::clone)?.stream(&dir, node).map_err(|e| told(&e))
    }

    fn env(&self) -> crate::domain::ids::EnvId {
        self.cell.lock().job.env
    }
}

/// An attempt at a step of the job, with what a dry run makes of it.
fn attempt(job: &Job, node: NodeId, index: usize, action: StepAction, number: u32) -> Option<Attempt> {
    let step = job.nodes.get(&node)?.steps.get(index)?.step.clone();
    let action = if action == StepAction::Run { job.plan.action(node, &step) } else { action };
    Some(Attempt { node, index, step, action, number })
}

fn site_fault(fault: &store::Error) -> SiteFault {
    if fault.is_passing() {
        SiteFault::Waits(fault.to_string())
    } else {
        SiteFault::Refused(fault.to_string())
    }
}

impl Site for JobSite {
    type Link = RemoteLink;

    fn read<R>(&self, look: impl FnOnce(&Job) -> R) -> R {
        look(&self.cell.lock().job)
    }

    async fn record(&self, event: JobEvent) -> Result<(), SiteFault> {
        // What an ended attempt printed is on the disk before its end is: a host that loses its power loses no line.
        let ended = match &event {
            JobEvent::StepEnded { node, index, attempt: number, .. } => {
                Some((*node, *index, StepAction::Run, *number))
            }
            JobEvent::UndoEnded { node, index, attempt: number, .. } => {
                Some((*node, *index, StepAction::Undo, *number))
            }
            _ => None,
        };
        let ended = ended.and_then(|(node, index, action, number)| {
            self.read(|job| attempt(job, node, index, action, number))
        });
        if let Some(ended) = ended {
            let (engine, job) = (Arc::clone(&self.engine), self.cell.id);
            // Beside the tasks: hundreds of steps end in a second, and nobody else may wait for their disk.
            let kept = tokio::task::spawn_blocking(move || {
                place(job, &ended).and_then(|place| engine.output.finish(&place))
            });
            kept.await.unwrap_or(Err(store::Error::Closed)).map_err(|f| site_fault(&f))?;
        }
        let ends = matches!(event, JobEvent::Ended);
        match self.engine.journalled(&self.cell, event).await {
            Ok(Journalled::Accepted | Journalled::Resumed) => {
                if ends {
                    self.engine.rotation_ended(&self.cell);
                    self.engine.nodes_left(&self.cell);
                    self.engine.task_ended(&self.cell);
                }
                Ok(())
            }
            Ok(Journalled::Refused) => Err(SiteFault::Refused("the job's journal does not allow it".into())),
            Err(fault) => Err(site_fault(&fault)),
        }
    }

    fn output_length(&self, attempt: &Attempt) -> Result<u64, SiteFault> {
        place(self.cell.id, attempt).and_then(|p| self.engine.output.len(&p)).map_err(|f| site_fault(&f))
    }

    fn output(&self, attempt: &Attempt, offset: u64, bytes: &[u8]) -> Result<(), SiteFault> {
        let place = place(self.cell.id, attempt).map_err(|f| site_fault(&f))?;
        blocking(|| self.engine.output.append(&place, offset, bytes)).map_err(|f| site_fault(&f))?;
        let mut inner = self.cell.lock();
        let live = inner.live.entry(attempt.node).or_default();
        live.last_output = Some(now());
        if let Some(begun) = &mut live.begun {
            begun.spoke();
        }
        live.tail.push_str(&harmless(&String::from_utf8_lossy(bytes)));
        if live.tail.len() > TAIL {
            let cut = live.tail.len() - TAIL;
            let cut = (cut..live.tail.len()).find(|i| live.tail.is_char_boundary(*i)).unwrap_or(0);
            live.tail.drain(..cut);
        }
        drop(inner);
        self.engine.topics.touch(Area::Job(self.cell.id));
        Ok(())
    }

    fn secrets(&self, step: &StepId) -> Result<Vec<(String, Secret)>, SiteFault> {
        let wanted = self.read(|job| job.plan.steps.get(step).map(|s| s.secrets.clone()).unwrap_or_default());
        let env = self.env();
        wanted
            .into_iter()
            .map(|name| match self.engine.records.account(env, &name) {
                Ok(Some(value)) => Ok((name, value)),
                Ok(None) => Err(SiteFault::Refused(format!("the environment has no account {name}"))),
                Err(why) => Err(SiteFault::Refused(why.message)),
            })
            .collect()
    }

    async fn connect(&self, node: NodeId) -> Result<RemoteLink, LinkFault> {
        let _turn = self.engine.connecting.acquire().await;
        let record = self.engine.node(node).map_err(|f| LinkFault::Refused(f.into()))?;
        let session = self.engine.connect_node(&record).await.map_err(|fault| ssh_fault(&fault))?;
        let began = self.read(|job| job.created);
        self.engine.facts_before_job(node, &session, began).await;
        let (folder, done_before, open) = self.read(|job| {
            let done = job.nodes.get(&node).is_some_and(|n| n.steps.iter().any(StepProgress::is_done));
            let open = job.open_step(node).and_then(|(index, s)| {
                let (action, number, _) = s.open()?;
                attempt(job, node, index, action, number)
            });
            // Numbers of jobs begin anew with a new database; the moment makes the folder this job's own.
            (NodeRunner::folder(BASE, &format!("{}-{:x}", job.id, job.created.0)), done, open)
        });
        // What has printed something was begun there: its files must not be made anew, or it would be begun again.
        let printed = open.is_some_and(|at| self.output_length(&at).is_ok_and(|length| length > 0));
        let done_before = done_before || printed;
        if !done_before {
            let bundle = blocking(|| self.bundle(node)).map_err(|why| LinkFault::Refused(why.into()))?;
            NodeRunner::upload(&session, &folder, bundle).await.map_err(|f| runner_fault(&f))?;
        }
        match NodeRunner::attach(&session, &folder).await {
            Ok(runner) => Ok(RemoteLink::new(runner)),
            Err(RunnerError::NotThere { host, said }) if done_before => {
                let text = format!(
                    "the files of this job are no longer on {host} ({said}): the node was reinstalled or cleaned; \
                     start a new installation"
                );
                let why = Said::keyed(text, "job-node-no-files").arg("host", host).arg("said", said);
                Err(LinkFault::Refused(why))
            }
            Err(why) => Err(runner_fault(&why)),
        }
    }

    fn is_locked(&self, node: NodeId) -> bool {
        self.engine.node(node).is_ok_and(|n| n.lock.is_some())
    }

    async fn woken(&self) {
        self.cell.wake.notified().await;
    }

    async fn fresh(&self, node: NodeId) -> Result<Renewal, Said> {
        self.engine.fresh(node).await
    }

    fn taken_up(&self, attempt: &Attempt) {
        let mut inner = self.cell.lock();
        let live = inner.live.entry(attempt.node).or_default();
        live.begun = Some(Begun::now(attempt.index, false, now()));
    }

    async fn cobbler(&self, node: NodeId) -> Result<(Arc<Cobbler>, Target), CobblerError> {
        self.engine.cobbler_target(node).await
    }

    fn waits(&self, node: NodeId, fault: Option<Waits<'_>>) {
        let mut inner = self.cell.lock();
        let live = inner.live.entry(node).or_default();
        let before = live.waits.take();
        live.waits = match (fault, before) {
            (None, None) => return,
            (None, Some(_)) => None,
            (Some(Waits::Link(why)), Some(WaitsFor::Link { since, .. })) => {
                Some(WaitsFor::Link { since, why: why.clone() })
            }
            (Some(Waits::Link(why)), _) => Some(WaitsFor::Link { since: now(), why: why.clone() }),
            (Some(Waits::Engine(why)), Some(WaitsFor::Engine { since, .. })) => {
                Some(WaitsFor::Engine { since, why: why.clone() })
            }
            (Some(Waits::Engine(why)), _) => Some(WaitsFor::Engine { since: now(), why: why.clone() }),
        };
        if let (Some(_), Some(begun)) = (fault, &mut live.begun) {
            begun.interrupted();
        }
        drop(inner);
        self.engine.topics.touch(Area::Job(self.cell.id));
    }
}

/// Whether another connection may succeed.
pub fn ssh_fault(fault: &SshError) -> LinkFault {
    if fault.is_passing() { LinkFault::Gone(fault.into()) } else { LinkFault::Refused(fault.into()) }
}
