//! `--follow`: a job's steps and output, from the beginning to the end.
//!
//! The job and the steps of each of its nodes are subscribed to; a step's row says how many bytes of output there are, and what
//! is new is fetched from where the last window ended. Thus nothing is lost or doubled when the engine is lost and a new one
//! takes over. Ctrl-C leaves; the job goes on.

use super::exit::{Code, Fault};
use super::jobs::{end_word, summary};
use super::talk::Talk;
use super::{find, print};
use crate::api::client::Pushed;
use crate::api::rows::{JobRow, StepRow, Update};
use crate::api::{Request, Response, Row, Topic, WINDOW_MAX};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{JobState, StepAction, StepEnd, StepState};
use crate::domain::plan::StepId;
use crate::domain::text::harmless;
use crate::domain::time::Moment;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a lost engine is waited for.
const AGAIN_DEADLINE: Duration = Duration::from_mins(1);
/// How often a lost engine is looked for.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A line that is longer is cut into several, bytes.
const LINE_MAX: usize = 16 * 1024;

/// What is told, one JSON document a line under `--json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Told<'a> {
    StepStarted { at: Moment, node: &'a str, step: &'a StepId, attempt: u32 },
    Output { node: &'a str, step: &'a StepId, attempt: u32, line: &'a str },
    StepEnded { at: Moment, node: &'a str, step: &'a StepId, attempt: u32, took_ms: u64, end: &'a StepEnd },
    JobEnded { job: &'a JobRow, nothing_changed: bool },
}

/// An attempt: place in the node's list, run or undo, number.
type Attempt = (NodeId, u32, StepAction, u32);

/// How far an attempt was told.
#[derive(Default)]
struct Cursor {
    offset: u64,
    /// Bytes after the last line end.
    rest: Vec<u8>,
    ended: bool,
}

struct Follower {
    talk: Talk,
    job: JobId,
    names: BTreeMap<NodeId, String>,
    subscribed: BTreeSet<NodeId>,
    cursors: BTreeMap<Attempt, Cursor>,
    last: Option<JobRow>,
}

/// Follows a job until it is over. The code is the job's result.
pub async fn run(talk: Talk, job: JobId) -> Result<Code, Fault> {
    let mut follower = Follower {
        talk,
        job,
        names: BTreeMap::new(),
        subscribed: BTreeSet::new(),
        cursors: BTreeMap::new(),
        last: None,
    };
    tokio::select! {
        ended = follower.until_over() => ended?,
        _ = tokio::signal::ctrl_c() => {
            print::complain(&format!("left; the job goes on (cpmg job follow {job})"));
            return Ok(Code::Left);
        }
    }
    follower.close()
}

impl Follower {
    async fn until_over(&mut self) -> Result<(), Fault> {
        loop {
            match self.connected().await {
                Err(fault) if fault.code == Code::NoEngine => self.reconnect().await?,
                other => return other,
            }
        }
    }

    /// Follows over one connection.
    async fn connected(&mut self) -> Result<(), Fault> {
        self.talk.call(Request::Subscribe(Topic::Job(self.job))).await?;
        while self.last.as_ref().is_none_or(|j| !j.state.is_over()) {
            match self.talk.pushed.recv().await {
                Some(Pushed::Update(update)) => self.take(update).await?,
                Some(Pushed::SessionEnded) => {
                    return Err(Fault::new(
                        Code::NotAllowed,
                        format!("the session has ended; the job goes on (cpmg job follow {})", self.job),
                    ));
                }
                Some(Pushed::Shell(_)) => {}
                None => return Err(Fault::new(Code::NoEngine, "the connection to the engine was lost")),
            }
        }
        // The job is over; what its steps did last may not have been pushed yet.
        let (job, nodes) = find::job(&self.talk, self.job).await?;
        let mut steps = Vec::new();
        for node in nodes {
            self.names.insert(node.node, node.name);
            steps.extend(
                find::steps(&self.talk, self.job, node.node).await?.into_iter().map(|s| (node.node, s)),
            );
        }
        self.last = Some(job);
        self.steps(steps).await
    }

    async fn reconnect(&mut self) -> Result<(), Fault> {
        print::complain(
            "the connection to the engine was lost; waiting for a new one, steps go on on the nodes",
        );
        let began = Instant::now();
        self.subscribed.clear();
        self.last = None;
        loop {
            match self.talk.again().await {
                Ok(()) => {
                    print::complain("connected again");
                    return Ok(());
                }
                Err(fault) if fault.code == Code::NoEngine && began.elapsed() < AGAIN_DEADLINE => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn take(&mut self, update: Update) -> Result<(), Fault> {
        match update.topic {
            Topic::Job(job) if job == self.job => {
                for row in update.rows {
                    match row {
                        Row::Job(row) => self.last = Some(row),
                        Row::JobNode(node) => {
                            self.names.insert(node.node, node.name);
                            if self.subscribed.insert(node.node) {
                                let topic = Topic::JobNode(self.job, node.node);
                                self.talk.call(Request::Subscribe(topic)).await?;
                            }
                        }
                        _ => {}
                    }
                }
            }
            Topic::JobNode(job, node) if job == self.job => {
                let steps = update.rows.into_iter();
                let steps = steps.filter_map(|r| if let Row::Step(s) = r { Some((node, s)) } else { None });
                self.steps(steps.collect()).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells what is new in these steps, in the order in which they started.
    async fn steps(&mut self, mut steps: Vec<(NodeId, StepRow)>) -> Result<(), Fault> {
        steps.retain(|(_, s)| s.attempt > 0 && started(s).is_some());
        steps.sort_by_key(|(node, s)| (started(s), *node, s.index));
        for (node, step) in steps {
            self.step(node, &step).await?;
        }
        Ok(())
    }

    async fn step(&mut self, node: NodeId, row: &StepRow) -> Result<(), Fault> {
        let key = (node, row.index, row.action, row.attempt);
        let name = self.names.get(&node).cloned().unwrap_or_else(|| format!("node {node}"));
        let (step, attempt) = (&row.step, row.attempt);
        let json = self.talk.json;
        let at = started(row).unwrap_or_default();
        if !self.cursors.contains_key(&key) {
            let again = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            let text = format!("{name} > {step}: {}{again}", self.talk.title(&row.title));
            tell(json, &text, &Told::StepStarted { at, node: &name, step, attempt })?;
        }
        let mut cursor = self.cursors.remove(&key).unwrap_or_default();
        let fetched = self.fetch(node, row, &name, &mut cursor).await;
        if fetched.is_ok()
            && !cursor.ended
            && let StepState::Ended { since, at, end } = &row.state
        {
            cursor.ended = true;
            if !cursor.rest.is_empty() {
                let rest = std::mem::take(&mut cursor.rest);
                tell_line(json, &name, step, attempt, &rest)?;
            }
            let took_ms = at.since(*since);
            let text = format!("{name} < {step}: {} in {}", end_word(end), print::span(took_ms));
            tell(json, &text, &Told::StepEnded { at: *at, node: &name, step, attempt, took_ms, end })?;
        }
        self.cursors.insert(key, cursor);
        fetched
    }

    /// Fetches and tells the output after the cursor.
    async fn fetch(&self, node: NodeId, row: &StepRow, name: &str, cursor: &mut Cursor) -> Result<(), Fault> {
        while cursor.offset < row.output && !cursor.ended {
            let request = Request::Output {
                job: self.job,
                node,
                step: row.step.clone(),
                action: row.action,
                attempt: row.attempt,
                offset: cursor.offset,
                max: WINDOW_MAX,
            };
            let Response::Window(window) = self.talk.call(request).await? else {
                return Err(Talk::unexpected());
            };
            if window.bytes.is_empty() {
                break;
            }
            cursor.offset = window.offset + window.bytes.len() as u64;
            cursor.rest.extend(window.bytes);
            while let Some(end) =
                cursor.rest.iter().position(|b| *b == b'\n').or_else(|| cut(cursor.rest.len()))
            {
                let line: Vec<u8> = cursor.rest.drain(..=end).collect();
                tell_line(self.talk.json, name, &row.step, row.attempt, &line)?;
            }
        }
        Ok(())
    }

    fn close(self) -> Result<Code, Fault> {
        let Some(job) = self.last else { return Err(Talk::unexpected()) };
        let nothing_changed = job.state == JobState::Succeeded && job.changed == 0;
        if self.talk.json {
            print::json(&Told::JobEnded { job: &job, nothing_changed })?;
        } else {
            print::line("")?;
            for line in summary(&job) {
                print::line(&line)?;
            }
        }
        Ok(if job.state == JobState::Succeeded { Code::Done } else { Code::Failed })
    }
}

/// Where a line without an end is cut.
fn cut(length: usize) -> Option<usize> {
    (length >= LINE_MAX).then_some(LINE_MAX - 1)
}

fn started(step: &StepRow) -> Option<Moment> {
    match step.state {
        StepState::Waiting => None,
        StepState::Running { since } | StepState::Interrupted { since } | StepState::Ended { since, .. } => {
            Some(since)
        }
    }
}

fn tell(json: bool, text: &str, told: &Told<'_>) -> Result<(), Fault> {
    if json { print::json(told) } else { print::line(text) }
}

fn tell_line(json: bool, node: &str, step: &StepId, attempt: u32, bytes: &[u8]) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(bytes);
    let line = harmless(text.trim_end_matches(['\n', '\r']));
    tell(json, &format!("{node} | {line}"), &Told::Output { node, step, attempt, line: &line })
}
