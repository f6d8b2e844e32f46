//! Reports of jobs, handed out in parts.
//!
//! A report of a large job is larger than a frame. It is made once, kept for a while under a number, and fetched part by part;
//! so all parts are of the same moment, though the job goes on meanwhile.

use super::records::refused;
use super::{Engine, now, site};
use crate::api::message::ReportPart;
use crate::api::{Failure, FailureKind, WINDOW_MAX};
use crate::domain::ids::JobId;
use crate::domain::report::{JobReport, KnownError, around};
use crate::domain::text::harmless;
use crate::install::Attempt;
use crate::logs::findings::{Finding, Findings};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Reports that are kept.
const KEPT: usize = 4;
/// Lines of output shown with a failure.
const LINES: usize = 12;
/// Lines of output looked at for them.
const LOOKED_AT: usize = 80;
/// Bytes of output looked at for them.
const BYTES: usize = 32 * 1024;

/// The latest reports.
#[derive(Default)]
pub struct Reports {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Number of the latest one.
    number: u64,
    reports: VecDeque<(u64, JobId, Arc<Vec<u8>>)>,
}

impl Reports {
    fn keep(&self, job: JobId, bytes: Vec<u8>) -> (u64, Arc<Vec<u8>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.number += 1;
        let (number, bytes) = (kept.number, Arc::new(bytes));
        kept.reports.push_back((number, job, Arc::clone(&bytes)));
        if kept.reports.len() > KEPT {
            kept.reports.pop_front();
        }
        (number, bytes)
    }

    fn find(&self, job: JobId, number: u64) -> Option<Arc<Vec<u8>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.reports.iter().find(|(n, j, _)| *n == number && *j == job).map(|(_, _, b)| Arc::clone(b))
    }
}

impl Engine {
    /// A part of a report; the first part makes it.
    pub async fn report_part(
        self: &Arc<Self>,
        job: JobId,
        part: Option<(u64, u64)>,
    ) -> Result<ReportPart, Failure> {
        let (number, offset, bytes) = if let Some((number, offset)) = part {
            let bytes = self.reports.find(job, number).ok_or_else(|| {
                Failure::new(FailureKind::Busy, "this report is not kept any more: ask for a new one")
                    .keyed("error-report-gone")
            })?;
            (number, offset, bytes)
        } else {
            let engine = Arc::clone(self);
            let made =
                tokio::task::spawn_blocking(move || engine.report(job).map(|r| serde_json::to_vec(&r)));
            let fault = |e: String| Failure::new(FailureKind::Engine, e);
            let bytes = made.await.map_err(|e| fault(e.to_string()))??.map_err(|e| fault(e.to_string()))?;
            let (number, bytes) = self.reports.keep(job, bytes);
            (number, 0, bytes)
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let until = from.saturating_add(WINDOW_MAX as usize).min(bytes.len());
        let part = bytes.get(from..until).unwrap_or_default().to_vec();
        Ok(ReportPart { number, offset: from as u64, length: bytes.len() as u64, bytes: part })
    }

    /// The report of a job as of now.
    pub fn report(&self, id: JobId) -> Result<JobReport, Failure> {
        let cell = self.job(id)?;
        let (job, entries) = {
            let inner = cell.lock();
            (inner.job.clone(), inner.entries)
        };
        let mut journal = self.records.journal(id).map_err(|f| refused(&f))?;
        journal.truncate(usize::try_from(entries).unwrap_or(usize::MAX));
        let name = self.env(job.env).map_or_else(|_| job.env.to_string(), |e| e.name);
        let mut report = JobReport::of(&job, &name, &journal, now());
        if let Some(error) = &mut report.first_error
            && let Some(step) = &error.step
        {
            let (node, step) = (error.node, step.clone());
            let action = job.plan.action(node, &step);
            let module = step.module().to_owned();
            error.lines = self.cause(&Attempt { node, index: 0, step, action, number: error.attempt }, id);
            error.known = self.known_error(Some(&module), &error.lines.join("\n"));
        }
        Ok(report)
    }

    /// What is known about an error of which these lines tell.
    pub fn known_error(&self, module: Option<&str>, lines: &str) -> Option<KnownError> {
        self.findings.find(module, None, lines).map(told)
    }

    /// The lines of a failed attempt's output that tell most about it.
    pub fn cause(&self, attempt: &Attempt, job: JobId) -> Vec<String> {
        let lines = site::place(job, attempt)
            .and_then(|place| self.output.lines_before(&place, u64::MAX, LOOKED_AT, BYTES));
        let Ok(lines) = lines else { return Vec::new() };
        let lines: Vec<String> =
            harmless(&String::from_utf8_lossy(&lines.bytes)).lines().map(str::to_owned).collect();
        around(&lines, LINES)
    }
}

fn told(finding: &Finding) -> KnownError {
    KnownError {
        id: finding.id.clone(),
        title: finding.title.clone(),
        meaning: finding.meaning.clone(),
        mend: finding.mend.clone(),
    }
}

/// What is told about a finding of that name.
pub fn known_error(findings: &Findings, id: Option<&str>) -> Option<KnownError> {
    findings.get(id?).map(told)
}
