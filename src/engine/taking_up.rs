//! What a dead engine left behind: its jobs, read from their journals and gone on with.

use super::jobs::{JobCell, io};
use super::records::{JOBS, JobRecord};
use super::rested::Kept;
use super::{Engine, now};
use crate::domain::ids::JobId;
use crate::domain::job::{Job, JobEvent, JournalEntry};
use crate::domain::plan::Plan;
use crate::domain::said::{Said, sentence};
use crate::store;
use std::sync::Arc;

/// Between two tries to write into the journal of a job that waits to be taken up.
const TAKE_UP_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

impl Engine {
    /// Reads the jobs as their journals tell them. One whose plan cannot be read is told of and left out.
    pub fn load_jobs(&self) -> store::Result<()> {
        for (id, record) in self.records.all(JOBS)? {
            let plan = match self.read_plan(id) {
                Ok(plan) => plan,
                Err(why) => {
                    self.notice(format!("{why}: the job is not shown"));
                    continue;
                }
            };
            let cell = self.load_job(id, record, plan)?;
            self.model.write().jobs.insert(id, Kept::Whole(Arc::clone(&cell)));
            // An engine that died right after the job's end had no time for it.
            self.nodes_left(&cell);
            drop(cell);
            self.rest_jobs();
        }
        Ok(())
    }

    /// The plan that a job was started with, or why it cannot be read.
    pub(super) fn read_plan(&self, id: JobId) -> Result<Plan, Said> {
        let path = self.job_dir(id).join("plan.json");
        std::fs::read(&path)
            .map_err(|e| io(&path, &e).message)
            .and_then(|b| serde_json::from_slice(&b).map_err(|e| e.to_string()))
            .map_err(|why| {
                sentence!(
                    "error-plan-unreadable",
                    "the plan of job {job} cannot be read ({why})",
                    job = id,
                    why = why
                )
            })
    }

    /// A job as its journal tells it.
    pub(super) fn load_job(&self, id: JobId, record: JobRecord, plan: Plan) -> store::Result<Arc<JobCell>> {
        let cell = self.cell(Job::new(id, plan, record.by, record.created), 0);
        {
            let mut inner = cell.lock();
            for entry in self.records.journal(id)? {
                inner.entries += 1;
                if let Err(refusal) = inner.job.apply(&entry) {
                    self.notice(format!("the journal of job {id} has an entry that does not fit: {refusal}"));
                    continue;
                }
                self.note_failure(&mut inner, &entry.event);
            }
        }
        Ok(cell)
    }

    /// Goes on with the jobs that a dead engine left behind. Until the nodes have told what became of their steps, they
    /// are shown as interrupted.
    pub fn take_up_jobs(self: &Arc<Self>) {
        for cell in self.whole_jobs().into_iter().filter(|j| !j.lock().job.state.is_over()) {
            if let Err(why) = self.journal(&cell, JobEvent::Interrupted) {
                // Nothing works on it: it is shown so, though the journal does not have it yet.
                let _ = cell.lock().job.apply(&JournalEntry { at: now(), event: JobEvent::Interrupted });
                self.notice(format!(
                    "job {} is taken up as soon as its journal can be written: {why}",
                    cell.id
                ));
                self.spawn(Arc::clone(self).take_up_later(cell));
                continue;
            }
            tracing::info!(job = %cell.id, "taken up after a restart");
            self.run(&cell);
        }
    }

    /// As above, for a job whose journal cannot be written now (full disk).
    async fn take_up_later(self: Arc<Self>, cell: Arc<JobCell>) {
        loop {
            tokio::time::sleep(TAKE_UP_PAUSE).await;
            match self.journalled(&cell, JobEvent::Interrupted).await {
                Ok(_) => break,
                Err(why) if why.is_passing() => {}
                Err(why) => return self.notice(format!("job {} could not be taken up: {why}", cell.id)),
            }
        }
        tracing::info!(job = %cell.id, "taken up after a restart");
        self.run(&cell);
    }
}
