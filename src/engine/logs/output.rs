//! Installation output as records: what steps of a job printed, by node, step and attempt.
//!
//! The number of such a record tells where it stands, so that it can be marked and asked for like any other: the highest bit, the
//! job, the node's and the step's place in the job, the kind of attempt, its number, and the line. It is the same as long as the
//! job is kept. A line has the time at which its attempt began: nothing else is known.

use super::super::site::place;
use super::super::{Engine, jobs};
use super::invalid;
use crate::api::Failure;
use crate::api::logs::{Cursor, LogRow};
use crate::domain::ids::{EnvId, JobId, NodeId};
use crate::domain::job::{StepAction, StepProgress, StepState};
use crate::domain::logs::LogFilter;
use crate::domain::time::Moment;
use crate::install::Attempt;
use crate::logs::store::{LINES_MAX, LineFile, Source};
use std::collections::BTreeMap;

/// Says that a number is one of installation output.
const OUTPUT: u64 = 1 << 63;
/// Bits of a job's number, of a node's place, of a step's, of the kind of attempt, of its number.
const BITS: [u32; 5] = [16, 11, 9, 2, 6];

/// What was printed and is asked for.
#[derive(Debug, Default)]
pub struct Output {
    /// The files, one an attempt.
    pub files: Vec<LineFile>,
    /// Whose they are, by the number of their source.
    pub sources: BTreeMap<u32, Source>,
}

/// The number of an attempt's first line; `None`: its places are too large to be told.
fn number(parts: [u64; 5]) -> Option<u64> {
    let mut out = 1u64;
    for (part, bits) in parts.into_iter().zip(BITS) {
        if part >> bits != 0 {
            return None;
        }
        out = (out << bits) | part;
    }
    Some(out * LINES_MAX)
}

/// Whether a record is one of installation output.
pub fn is_output(cursor: Cursor) -> bool {
    cursor.0 & OUTPUT != 0
}

/// Job (the lowest bits of its number) and the number of its attempt's first line.
fn job_of(cursor: Cursor) -> (u64, u64) {
    let first = cursor.0 & !(LINES_MAX - 1);
    ((cursor.0 & !OUTPUT) >> (63 - BITS[0]), first)
}

/// The number of the first line of the attempt in whose output a record stands.
pub fn attempt_of(cursor: Cursor) -> u64 {
    job_of(cursor).1
}

/// The attempts of a step: kind, number, when it began.
fn attempts(progress: &StepProgress, action: StepAction) -> BTreeMap<(StepAction, u32), Moment> {
    let began = |state: &StepState| match state {
        StepState::Running { since } | StepState::Interrupted { since } | StepState::Ended { since, .. } => {
            Some(*since)
        }
        StepState::Waiting => None,
    };
    let mut out: BTreeMap<_, _> =
        progress.history.iter().map(|past| ((past.action, past.number), past.since)).collect();
    if let Some(since) = began(&progress.state) {
        out.insert((action, progress.attempt), since);
    }
    if let Some((number, since)) = progress.undo.as_ref().and_then(|u| Some((u.attempt, began(&u.state)?))) {
        out.insert((StepAction::Undo, number), since);
    }
    out
}

impl Engine {
    /// The output that a filter asks for.
    pub(super) fn output_of(&self, env: EnvId, filter: &LogFilter) -> Result<Output, Failure> {
        let id = JobId(filter.job.unwrap_or_default());
        let cell = self.job(id)?;
        let inner = cell.lock();
        let job = &inner.job;
        if job.env != env {
            return Err(jobs::no_job(id).at("job"));
        }
        if let Some(unknown) =
            filter.nodes.iter().find(|name| !job.plan.nodes.iter().any(|n| n.name == **name))
        {
            return Err(invalid("node", format!("job {id} has no node {unknown}"))
                .keyed("error-job-no-node")
                .arg("job", id)
                .arg("node", unknown));
        }
        let mut out = Output::default();
        for (at, (node, progress)) in job.nodes.iter().enumerate() {
            let name = job.plan.node(*node).map(|n| n.name.clone()).unwrap_or_default();
            for (index, step) in progress.steps.iter().enumerate() {
                self.output_of_step(&mut out, (id, at, *node, &name), (index, step), filter, |step| {
                    job.plan.action(*node, &step.step)
                });
            }
        }
        Ok(out)
    }

    fn output_of_step(
        &self,
        out: &mut Output,
        (job, at, node, name): (JobId, usize, NodeId, &str),
        (index, step): (usize, &StepProgress),
        filter: &LogFilter,
        action: impl Fn(&StepProgress) -> StepAction,
    ) {
        let (module, path) = (step.step.module(), step.step.to_string());
        let source = u32::try_from((at << BITS[2]) | index).unwrap_or(u32::MAX);
        let asked =
            filter.step.as_ref().is_none_or(|w| *w == path || *w == step.step.dotted() || w == module);
        if !asked || !filter.takes_source(0, name, &[module, &path, step.step.step()]) {
            return;
        }
        for ((action, number_of), since) in attempts(step, action(step)) {
            if filter.attempt.is_some_and(|wanted| wanted != number_of) {
                continue;
            }
            let kind = match action {
                StepAction::Run => 0,
                StepAction::Undo => 1,
                StepAction::Check => 2,
            };
            let low = job.0 & ((1 << BITS[0]) - 1);
            let Some(first) = number([low, at as u64, index as u64, kind, u64::from(number_of)]) else {
                continue;
            };
            let attempt = Attempt { node, index, step: step.step.clone(), action, number: number_of };
            let Ok(place) = place(job, &attempt) else { continue };
            let time = i64::try_from(since.0).unwrap_or(i64::MAX).saturating_mul(1000);
            out.files.push(LineFile { path: self.output.path(&place), first, source, time });
        }
        out.sources.entry(source).or_insert_with(|| Source {
            id: source,
            node: node.0,
            node_name: name.to_owned(),
            service: module.to_owned(),
            path,
            ..Source::default()
        });
    }

    /// The output in which a record stands.
    pub(super) fn output_at(&self, env: EnvId, cursor: Cursor) -> Option<Output> {
        let (low, first) = job_of(cursor);
        let job = {
            let model = self.model.read();
            // Numbers are told by their lowest bits; the newest job that has them is meant.
            model.jobs.keys().rev().find(|id| id.0 & ((1 << BITS[0]) - 1) == low).copied()?
        };
        let filter = LogFilter { job: Some(job.0), ..LogFilter::default() };
        let mut output = self.output_of(env, &filter).ok()?;
        output.files.retain(|f| f.first == first);
        Some(output)
    }
}

/// Makes a row one of installation output: its step and attempt stand where collected logs have their component.
pub fn mark(row: &mut LogRow, source: Option<&Source>) {
    if row.component.is_none() {
        let step = source.map(|s| s.path.rsplit('/').next().unwrap_or_default()).unwrap_or_default();
        let attempt = (row.cursor.0 / LINES_MAX) & ((1 << BITS[4]) - 1);
        let kind = match ((row.cursor.0 / LINES_MAX) >> BITS[4]) & 3 {
            1 => ".undo",
            2 => ".check",
            _ => "",
        };
        row.component = Some(format!("{step}{kind}.{attempt}"));
    }
    row.source = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_where_a_line_stands() {
        assert_eq!(BITS.iter().sum::<u32>() + LINES_MAX.trailing_zeros(), 63);
        let first = number([3, 2, 1, 1, 7]);
        let cursor = Cursor(first.unwrap_or_default() + 4711);
        assert!(is_output(cursor) && !is_output(Cursor(4711)));
        assert_eq!(job_of(cursor), (3, cursor.0 - 4711));
        assert_eq!(number([3, 2, 1, 1, 64]), None, "too many attempts");
        let mut row = LogRow { cursor, source: 9, ..LogRow::default() };
        mark(&mut row, Some(&Source { path: "nova/packages".to_owned(), ..Source::default() }));
        assert_eq!((row.source, row.component.as_deref()), (0, Some("packages.undo.7")));
    }
}
