//! `--follow`: a job's steps and output, from the beginning to the end.
//!
//! The job and the steps of each of its nodes are subscribed to; a step's row says how many bytes of output there are, and what
//! is new is fetched from where the last window ended. Thus nothing is lost or doubled when the engine is lost and a new one
//! takes over. Ctrl-C leaves; the job goes on.

use super::exit::{Code, Fault};
use super::interrupt::Interrupt;
use super::jobs::{end_word, summary};
use super::talk::Talk;
use super::{find, print};
use crate::api::client::Pushed;
use crate::api::rows::{JobNodeRow, JobRow, StepRow, Update};
use crate::api::{Request, Response, Row, Topic, WINDOW_MAX};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::{JobNodeState, JobState, ReinstallPhase, StepAction, StepEnd, StepState};
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
    JobState {
        state: JobState,
        by: Option<&'a str>,
    },
    NodeState {
        node: &'a str,
        state: JobNodeState,
        why: Option<&'a str>,
    },
    Reinstall {
        node: &'a str,
        phase: ReinstallPhase,
        deadline: Option<Moment>,
    },
    StepStarted {
        at: Moment,
        node: &'a str,
        step: &'a StepId,
        action: StepAction,
        attempt: u32,
    },
    Output {
        node: &'a str,
        step: &'a StepId,
        action: StepAction,
        attempt: u32,
        line: &'a str,
    },
    StepEnded {
        at: Moment,
        node: &'a str,
        step: &'a StepId,
        action: StepAction,
        attempt: u32,
        took_ms: u64,
        end: &'a StepEnd,
    },
    JobEnded {
        job: &'a JobRow,
        nothing_changed: bool,
    },
}

/// What the follower waits for, which decides about the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Every node is done.
    Done,
    /// These nodes are undone.
    Undone(BTreeSet<NodeId>),
    /// The fresh system of this node is found good, and then every node is done.
    Checked(NodeId),
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

/// An attempt as a row tells it.
struct Seen<'a> {
    key: Attempt,
    row: &'a StepRow,
    since: Moment,
    ended: Option<(Moment, &'a StepEnd)>,
}

struct Follower {
    talk: Talk,
    job: JobId,
    goal: Goal,
    nodes: BTreeMap<NodeId, JobNodeRow>,
    subscribed: BTreeSet<NodeId>,
    cursors: BTreeMap<Attempt, Cursor>,
    /// The state that was told last.
    told: Option<JobState>,
    /// The state of each node that was told last.
    told_nodes: BTreeMap<NodeId, JobNodeState>,
    last: Option<JobRow>,
}

/// Follows a job until it is over, or the goal cannot be reached without an operator. The code says whether it was reached.
pub async fn run(talk: Talk, job: JobId, goal: Goal) -> Result<Code, Fault> {
    let mut interrupt = Interrupt::listen()?;
    let mut follower = Follower {
        talk,
        job,
        goal,
        nodes: BTreeMap::new(),
        subscribed: BTreeSet::new(),
        cursors: BTreeMap::new(),
        told: None,
        told_nodes: BTreeMap::new(),
        last: None,
    };
    tokio::select! {
        ended = follower.until_over() => ended?,
        () = interrupt.next() => {
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
        while self.last.as_ref().is_none_or(|j| !j.state.is_over()) && !self.is_in_hands() {
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
        for node in &nodes {
            let id = node.node;
            steps.extend(find::steps(&self.talk, self.job, id).await?.into_iter().map(|s| (id, s)));
            self.nodes.entry(id).or_insert_with(|| node.clone());
        }
        self.last = Some(job);
        self.steps(&steps).await?;
        nodes.into_iter().try_for_each(|node| self.node(node, true))
    }

    /// Whether nothing more happens for the goal unless an operator asks for something.
    fn is_in_hands(&self) -> bool {
        let state = |node: &NodeId| self.nodes.get(node).map(|n| n.state);
        match &self.goal {
            Goal::Done => false,
            // The check did not find what it should.
            Goal::Checked(node) => state(node) == Some(JobNodeState::Manual),
            Goal::Undone(nodes) => {
                let settled = |n| matches!(state(n), Some(JobNodeState::Undone | JobNodeState::UndoFailed));
                self.told == Some(JobState::Holding) && nodes.iter().all(settled)
            }
        }
    }

    /// Tells where the job stands when that has changed.
    fn job_row(&mut self, row: JobRow) -> Result<(), Fault> {
        let ordinary = matches!(row.state, JobState::Queued | JobState::Running);
        let news = self.told.map_or(!ordinary, |told| told != row.state);
        if news && !row.state.is_over() {
            let (json, id) = (self.talk.json, self.job);
            let who = || row.held_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
            let text = match row.state {
                JobState::Holding => {
                    format!("job {id} is held{}; it goes on with 'cpmg job release {id}'", who())
                }
                JobState::Draining => match row.over_budget {
                    Some((role, failed, allowed)) => format!(
                        "{failed} {role} nodes failed, {allowed} are allowed to: running steps end, nothing new begins"
                    ),
                    None => format!("job {id} ends after the running steps"),
                },
                JobState::Cancelling => format!("job {id} is ended: running steps are being ended"),
                JobState::Interrupted => {
                    format!("job {id} is interrupted: the nodes are asked what became of their steps")
                }
                _ => format!("job {id} goes on"),
            };
            let by = match row.state {
                JobState::Holding => row.held_by.as_deref(),
                _ => row.cancelled_by.as_deref(),
            };
            tell(json, &text, &Told::JobState { state: row.state, by })?;
        }
        self.told = Some(row.state);
        self.last = Some(row);
        Ok(())
    }

    /// Tells what is being done about a node beside its steps, when that has changed. How it stands when following
    /// begins, with nothing going on, is told at the end, after its steps.
    fn node(&mut self, row: JobNodeRow, at_the_end: bool) -> Result<(), Fault> {
        use JobNodeState as S;
        let before = self.nodes.get(&row.node);
        let (json, name) = (self.talk.json, &row.name);
        let was = self.told_nodes.get(&row.node).copied();
        let why = row.manual.as_ref().and_then(|m| m.why.as_deref()).or(row.why.as_deref());
        let quiet = before.is_none() && !at_the_end && is_settled(row.state);
        if was != Some(row.state) && !quiet {
            let because = why.map(|w| format!(": {w}")).unwrap_or_default();
            let text = match row.state {
                S::Waiting if matches!(was, Some(S::Reinstalling | S::Checking)) => {
                    Some("a fresh system answers; it goes on".to_owned())
                }
                S::Waiting if was.is_some_and(is_settled) => Some("is worked on again".to_owned()),
                S::Waiting | S::Running | S::Done => None,
                // The step that failed has told it.
                S::Failed if why.is_none() => None,
                S::Failed => Some(format!("failed{because}")),
                S::Cancelled => Some("is cancelled".to_owned()),
                S::Interrupted => Some("is interrupted: what became of its step is asked".to_owned()),
                S::Undoing => Some("its steps are undone in reverse order".to_owned()),
                S::Undone => Some("is undone".to_owned()),
                S::UndoFailed => Some("not everything could be undone".to_owned()),
                S::Reinstalling => Some("is installed anew".to_owned()),
                S::Manual => Some(format!("waits for an operator{because} (cpmg node manual show {name})")),
                S::Checking => Some("is looked at: is there a fresh system?".to_owned()),
            };
            if let Some(text) = text {
                let told = Told::NodeState { node: name, state: row.state, why };
                tell(json, &format!("{name} * {text}"), &told)?;
            }
            self.told_nodes.insert(row.node, row.state);
        }
        if let Some(r) = row.reinstall.as_ref().filter(|r| !r.ended)
            && before.and_then(|b| b.reinstall.as_ref()).is_none_or(|b| b.phase != r.phase || b.ended)
        {
            let text = format!("{name} * reinstallation: {}", phase(r.phase));
            tell(json, &text, &Told::Reinstall { node: name, phase: r.phase, deadline: r.deadline })?;
        }
        self.nodes.insert(row.node, row);
        Ok(())
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
                        Row::Job(row) => self.job_row(*row)?,
                        Row::JobNode(node) => {
                            let id = node.node;
                            let changed = self.nodes.get(&id).is_some_and(|b| b.state != node.state);
                            // Its last steps may not have been pushed yet.
                            if changed && is_settled(node.state) {
                                let steps = find::steps(&self.talk, self.job, id).await?;
                                let steps: Vec<_> = steps.into_iter().map(|s| (id, s)).collect();
                                self.steps(&steps).await?;
                            }
                            self.node(*node, false)?;
                            if self.subscribed.insert(id) {
                                self.talk.call(Request::Subscribe(Topic::JobNode(self.job, id))).await?;
                            }
                        }
                        _ => {}
                    }
                }
            }
            Topic::JobNode(job, node) if job == self.job => {
                let steps = update.rows.into_iter();
                let steps = steps.filter_map(|r| if let Row::Step(s) = r { Some((node, s)) } else { None });
                let steps: Vec<(NodeId, StepRow)> = steps.collect();
                self.steps(&steps).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells what is new in these steps, in the order in which their attempts started.
    async fn steps(&mut self, steps: &[(NodeId, StepRow)]) -> Result<(), Fault> {
        let mut seen: Vec<Seen<'_>> = steps.iter().flat_map(|(node, row)| attempts(*node, row)).collect();
        seen.sort_by_key(|s| (s.since, s.key));
        for attempt in seen {
            self.attempt(&attempt).await?;
        }
        Ok(())
    }

    async fn attempt(&mut self, seen: &Seen<'_>) -> Result<(), Fault> {
        let (node, _, action, attempt) = seen.key;
        if self.cursors.get(&seen.key).is_some_and(|c| c.ended) {
            return Ok(());
        }
        let name = self.nodes.get(&node).map_or_else(|| format!("node {node}"), |n| n.name.clone());
        let (json, step) = (self.talk.json, &seen.row.step);
        if !self.cursors.contains_key(&seen.key) {
            let again = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            let undo = if action == StepAction::Undo { "undo of " } else { "" };
            let text = format!("{name} > {undo}{step}: {}{again}", self.talk.title(&seen.row.title));
            tell(json, &text, &Told::StepStarted { at: seen.since, node: &name, step, action, attempt })?;
        }
        let mut cursor = self.cursors.remove(&seen.key).unwrap_or_default();
        let fetched = self.fetch(seen, &name, &mut cursor).await;
        if fetched.is_ok()
            && let Some((at, end)) = seen.ended
        {
            cursor.ended = true;
            if !cursor.rest.is_empty() {
                let rest = std::mem::take(&mut cursor.rest);
                tell_line(json, &name, seen, &rest)?;
            }
            let took_ms = at.since(seen.since);
            let undo = if action == StepAction::Undo { "undo of " } else { "" };
            let word = match (action, end) {
                (StepAction::Check, StepEnd::Changed) => "would change something".to_owned(),
                (StepAction::Check, StepEnd::Unchanged) => "would change nothing".to_owned(),
                _ => end_word(end),
            };
            let text = format!("{name} < {undo}{step}: {word} in {}", print::span(took_ms));
            tell(json, &text, &Told::StepEnded { at, node: &name, step, action, attempt, took_ms, end })?;
        }
        self.cursors.insert(seen.key, cursor);
        fetched
    }

    /// Fetches and tells the output after the cursor.
    async fn fetch(&self, seen: &Seen<'_>, name: &str, cursor: &mut Cursor) -> Result<(), Fault> {
        let (node, _, action, attempt) = seen.key;
        // The row tells the lengths of the newest attempts only.
        let known = match action {
            StepAction::Undo if seen.row.undo.as_ref().is_some_and(|u| u.attempt == attempt) => {
                Some(seen.row.undo_output)
            }
            _ if action == seen.row.action && attempt == seen.row.attempt => Some(seen.row.output),
            _ => None,
        };
        while known.is_none_or(|length| cursor.offset < length) {
            let request = Request::Output {
                job: self.job,
                node,
                step: seen.row.step.clone(),
                action,
                attempt,
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
                tell_line(self.talk.json, name, seen, &line)?;
            }
        }
        Ok(())
    }

    fn close(self) -> Result<Code, Fault> {
        let Some(job) = self.last else { return Err(Talk::unexpected()) };
        let nothing_changed = job.state == JobState::Succeeded && job.changed == 0;
        if job.state.is_over() {
            if self.talk.json {
                print::json(&Told::JobEnded { job: &job, nothing_changed })?;
            } else {
                print::line("")?;
                for line in summary(&job) {
                    print::line(&line)?;
                }
            }
        }
        let undone = |id| self.nodes.get(id).is_some_and(|n| n.state == JobNodeState::Undone);
        let reached = match &self.goal {
            Goal::Done | Goal::Checked(_) => job.state == JobState::Succeeded,
            Goal::Undone(nodes) => nodes.iter().all(undone),
        };
        Ok(if reached { Code::Done } else { Code::Failed })
    }
}

/// Whether nothing more is done on it by itself.
fn is_settled(state: JobNodeState) -> bool {
    state.is_at_rest() && state != JobNodeState::Done
}

/// The attempts that a row tells of: those that are over, the newest run, the newest undo.
fn attempts(node: NodeId, row: &StepRow) -> Vec<Seen<'_>> {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for past in &row.history {
        let action = if past.action == StepAction::Run { row.action } else { past.action };
        let key = (node, row.index, action, past.number);
        seen.push(Seen { key, row, since: past.since, ended: Some((past.at, &past.end)) });
    }
    let undo = row.undo.as_ref().map(|u| (StepAction::Undo, u.attempt, &u.state));
    for (action, attempt, state) in std::iter::once((row.action, row.attempt, &row.state)).chain(undo) {
        let (since, ended) = match state {
            StepState::Waiting => continue,
            StepState::Running { since } | StepState::Interrupted { since } => (*since, None),
            StepState::Ended { since, at, end } => (*since, Some((*at, end))),
        };
        seen.push(Seen { key: (node, row.index, action, attempt), row, since, ended });
    }
    seen
}

fn phase(phase: ReinstallPhase) -> &'static str {
    match phase {
        ReinstallPhase::Inspect => "Cobbler is asked about the system; nothing is changed yet",
        ReinstallPhase::Arm => "it is set to boot from the network",
        ReinstallPhase::Power => "it is switched off and on",
        ReinstallPhase::Install => "the installer works",
        ReinstallPhase::Answer => "SSH is waited for",
        ReinstallPhase::Disarm => "booting from the network is switched off again",
        ReinstallPhase::Restore => "it failed; the old values are written back",
    }
}

/// Where a line without an end is cut.
fn cut(length: usize) -> Option<usize> {
    (length >= LINE_MAX).then_some(LINE_MAX - 1)
}

fn tell(json: bool, text: &str, told: &Told<'_>) -> Result<(), Fault> {
    if json { print::json(told) } else { print::line(text) }
}

fn tell_line(json: bool, node: &str, seen: &Seen<'_>, bytes: &[u8]) -> Result<(), Fault> {
    let (_, _, action, attempt) = seen.key;
    let text = String::from_utf8_lossy(bytes);
    let line = harmless(text.trim_end_matches(['\n', '\r']));
    let told = Told::Output { node, step: &seen.row.step, action, attempt, line: &line };
    tell(json, &format!("{node} | {line}"), &told)
}
