//! What clients see of the engine's knowledge.

use super::jobs::{Inner, JobCell};
use super::rested::Kept;
use super::sweeps::known;
use super::{Engine, Model, knowing, now};
use crate::api::rows::{
    CurrentStep, EnvRow, FirstError, JobNodeRow, JobRow, KnownError, ManualView, NodeRow, ReinstallView,
    StageRow, StepRow, UndoView,
};
use crate::api::{Row, Topic};
use crate::domain::estimate::Estimate;
use crate::domain::facts::same::Index;
use crate::domain::ids::{EnvId, NodeId, UserId};
use crate::domain::job::waits::WaitsFor;
use crate::domain::job::{
    Drain, Job, JobNode, JobNodeState, ReinstallRun, StepAction, StepEnd, StepProgress, StepState, UndoRun,
};
use crate::domain::node::{Node, NodeState};
use crate::domain::plan::StageKind;
use crate::domain::progress::Weight;
use crate::domain::time::Moment;
use crate::ssh::HostKey;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the row of a large job is shown again as it is.
const MOMENT: Duration = Duration::from_millis(400);
/// Nodes that make a job large.
const LARGE: usize = 100;
/// Characters of the last line that are shown.
const LINE: usize = 200;

impl Engine {
    /// The rows of a topic, now.
    pub fn rows(&self, topic: Topic) -> Vec<Row> {
        match topic {
            Topic::Environments => self.env_rows(false),
            Topic::Hidden => self.env_rows(true),
            Topic::Nodes(env) => {
                let model = self.model.read();
                let index = Index::new(known(model.nodes.values(), &model.envs, |key| Some(key.to_owned())));
                let nodes = model.nodes.values().filter(|n| n.env == env);
                nodes
                    .map(|n| Row::Node(Box::new(NodeRow { twins: index.of_node(n.id), ..self.node_row(n) })))
                    .collect()
            }
            Topic::Jobs(env) => self
                .kept_jobs()
                .into_iter()
                .filter(|(_, kept)| kept.env() == env)
                .map(|(_, kept)| Row::from(kept.row()))
                .collect(),
            Topic::RunningJobs => self
                .whole_jobs()
                .iter()
                .filter_map(|c| {
                    let mut inner = c.lock();
                    (!inner.job.state.is_over()).then(|| Row::from(job_row(c, &mut inner)))
                })
                .collect(),
            Topic::Job(job) => self.job(job).map_or_else(
                |_| Vec::new(),
                |c| {
                    let mut inner = c.lock();
                    let left = knowing::left(&c, &inner.job, now());
                    let mut rows = vec![Row::from(row_of(&c, &mut inner, left.as_ref()))];
                    let mut nodes = job_node_rows(&c, &mut inner, left.as_ref());
                    for node in nodes.iter_mut().filter(|n| n.state == JobNodeState::Failed) {
                        node.known = self.known_of_node(node, inner.first_error.as_ref());
                    }
                    rows.extend(nodes.into_iter().map(Row::from));
                    rows
                },
            ),
            Topic::JobNode(job, node) => self.step_rows(job, node),
            Topic::Check(env) => self.check_rows(env),
            Topic::Proof(env) => self.proof_rows(env),
            Topic::Matter(env, matter) => vec![Row::Mark(self.topics.mark(env, matter))],
            Topic::Sweep(sweep) => self.sweep_rows(sweep),
            Topic::Discovery(env) => self.discovery_rows(env),
            Topic::Logs(env) => vec![Row::Logs(self.log_news(env))],
            Topic::Shells => self.shells.rows(&self.recordings.rules.borrow()),
            Topic::Sessions => self.session_rows(),
        }
    }

    /// What is known about the error of a node that failed: of the first error more lines are known than its last one.
    fn known_of_node(&self, node: &JobNodeRow, first: Option<&FirstError>) -> Option<KnownError> {
        if let Some(known) = first.filter(|f| f.node == node.node).and_then(|f| f.known.clone()) {
            return Some(known);
        }
        let module = node.current.as_ref().map(|c| c.step.module());
        let line = node.current.as_ref().map(|c| c.line.as_str());
        line.into_iter().chain(node.why.as_deref()).find_map(|text| self.known_error(module, text))
    }

    fn env_rows(&self, hidden: bool) -> Vec<Row> {
        let newest: BTreeMap<EnvId, Kept> =
            self.kept_jobs().into_iter().map(|(_, kept)| (kept.env(), kept)).collect();
        let mut newest: BTreeMap<EnvId, JobRow> =
            newest.into_iter().map(|(env, kept)| (env, kept.row())).collect();
        let model = self.model.read();
        let count = |env: EnvId, keep: &dyn Fn(&Node) -> bool| {
            u32::try_from(model.nodes.values().filter(|n| n.env == env && keep(n)).count())
                .unwrap_or(u32::MAX)
        };
        model
            .envs
            .values()
            .filter(|e| e.hidden == hidden)
            .map(|env| {
                Row::from(EnvRow {
                    nodes: count(env.id, &|_| true),
                    installed: count(env.id, &|n| n.state == NodeState::Installed),
                    failed: count(env.id, &|n| n.state == NodeState::Failed),
                    job: newest.remove(&env.id),
                    members: env.members.as_ref().map(|ids| names_of(&model, ids)),
                    env: env.clone(),
                })
            })
            .collect()
    }

    /// A node as clients see it; its twins stand only in the list of nodes.
    pub fn node_row(&self, node: &Node) -> NodeRow {
        NodeRow {
            id: node.id,
            env: node.env,
            name: node.name.clone(),
            address: node.address,
            port: node.port,
            user: node.user.clone(),
            credential: node.credential.clone(),
            host_key: node.host_key.as_ref().and_then(|k| k.parse::<HostKey>().ok()).map(|k| k.fingerprint()),
            roles: node.roles.clone(),
            state: node.state,
            reach: node.reach.clone(),
            jump: self.shown_jump(node),
            lock: node.lock.clone(),
            facts: node.facts.clone(),
            twins: Vec::new(),
            logins: self.logins.state(node, self.login_limit(node.env)),
            job: node.job,
            probing: self.probing.since(node.id),
            revision: node.revision,
        }
    }

    fn step_rows(&self, job: crate::domain::ids::JobId, node: NodeId) -> Vec<Row> {
        let Ok(cell) = self.job(job) else { return Vec::new() };
        // Not under the lock: the lengths are asked of the disk.
        let (steps, plan) = {
            let inner = cell.lock();
            let Some(n) = inner.job.nodes.get(&node) else { return Vec::new() };
            (n.steps.clone(), Arc::clone(&inner.job.plan))
        };
        let rows = steps.iter().enumerate().map(|(index, s)| {
            let action = plan.action(node, &s.step);
            let output = |action, number| {
                let attempt = crate::install::Attempt { node, index, step: s.step.clone(), action, number };
                match number {
                    0 => 0,
                    _ => super::site::place(job, &attempt)
                        .and_then(|p| self.output.len(&p))
                        .unwrap_or_default(),
                }
            };
            Row::Step(StepRow {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                stage: s.stage,
                step: s.step.clone(),
                title: plan.steps.get(&s.step).map(|p| p.title.clone()).unwrap_or_default(),
                action,
                attempt: s.attempt,
                state: s.state.clone(),
                usual_ms: cell.times.usual(cell.times.size(node), &s.step).mid,
                output: output(action, s.attempt),
                undo_output: s.undo.as_ref().map_or(0, |u| output(StepAction::Undo, u.attempt)),
                touched: s.touched,
                irreversible: plan.steps.get(&s.step).is_some_and(|p| p.irreversible),
                undo: s.undo.as_deref().cloned(),
                history: s.history.clone(),
            })
        });
        rows.collect()
    }
}

/// Names of users; of one who is gone, the number.
fn names_of(model: &Model, ids: &[UserId]) -> Vec<String> {
    let name = |id: &UserId| model.users.get(id).map_or_else(|| id.to_string(), |u| u.name.clone());
    ids.iter().map(name).collect()
}

fn add(weight: &mut Weight, usual: u64, step: &StepProgress, at: Moment) {
    match &step.state {
        _ if step.is_done() => weight.finished(usual),
        StepState::Running { since } | StepState::Interrupted { since } => {
            weight.running(usual, at.since(*since));
        }
        _ => weight.waiting(usual),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A job with its bars, which never go back.
pub fn job_row(cell: &JobCell, inner: &mut Inner) -> JobRow {
    // Of a large job every step is looked at for this, and several lists show it: they may be a moment behind.
    if let Some((at, row)) = &inner.shown
        && row.state == inner.job.state
        && at.elapsed() < MOMENT
    {
        return row.clone();
    }
    let left = knowing::left(cell, &inner.job, now());
    let row = row_of(cell, inner, left.as_ref());
    if inner.job.nodes.len() >= LARGE {
        inner.shown = Some((Instant::now(), row.clone()));
    }
    row
}

fn row_of(cell: &JobCell, inner: &mut Inner, left: Option<&Estimate>) -> JobRow {
    let at = inner.job.ended.unwrap_or_else(now);
    let job = &inner.job;
    let mut whole = Weight::default();
    let mut stages: BTreeMap<StageKind, (Weight, u32, u32)> = BTreeMap::new();
    let (mut changed, mut unchanged) = (0, 0);
    for (id, node) in &job.nodes {
        let size = cell.times.size(*id);
        let mut mine: BTreeMap<StageKind, (Weight, bool)> = BTreeMap::new();
        for step in &node.steps {
            let usual = cell.times.usual(size, &step.step).mid;
            add(&mut whole, usual, step, at);
            let stage = mine.entry(step.stage).or_insert((Weight::default(), true));
            add(&mut stage.0, usual, step, at);
            stage.1 &= step.is_done();
            match &step.state {
                StepState::Ended { end: StepEnd::Changed, .. } => changed += 1,
                StepState::Ended { end: StepEnd::Unchanged, .. } => unchanged += 1,
                _ => {}
            }
        }
        for (kind, (weight, done)) in mine {
            let stage = stages.entry(kind).or_default();
            stage.0.done += weight.done;
            stage.0.total += weight.total;
            stage.1 += u32::from(done);
            stage.2 += 1;
        }
    }
    let stages = stages
        .into_iter()
        .map(|(kind, (weight, done, nodes))| StageRow {
            kind,
            permille: inner.stage_bars.entry(kind).or_default().show(weight.permille()),
            done,
            nodes,
            left: left.and_then(|l| l.stages.get(&kind).copied()),
        })
        .collect();
    let in_state = |s: JobNodeState| count(inner.job.nodes.values().filter(|n| n.state == s).count());
    JobRow {
        id: cell.id,
        env: inner.job.env,
        kind: inner.job.plan.kind,
        state: inner.job.state,
        held_by: inner.job.held_by.clone(),
        over_budget: match inner.job.drain {
            Some(Drain::Budget { role, failed, allowed }) => Some((role, count(failed), count(allowed))),
            _ => None,
        },
        by: inner.job.by.clone(),
        owner: Some(inner.job.owner.clone()),
        created: inner.job.created,
        ended: inner.job.ended,
        cancelled_by: inner.job.cancelled_by.clone(),
        permille: inner.bar.show(whole.permille()),
        left: left.map(|l| l.job),
        stages,
        nodes_done: in_state(JobNodeState::Done),
        nodes_failed: in_state(JobNodeState::Failed),
        nodes: count(inner.job.nodes.len()),
        changed,
        unchanged,
        first_error: inner.first_error.clone(),
    }
}

/// The nodes of a job, in the order of its plan.
fn job_node_rows(cell: &JobCell, inner: &mut Inner, left: Option<&Estimate>) -> Vec<JobNodeRow> {
    let at = inner.job.ended.unwrap_or_else(now);
    let plan = Arc::clone(&inner.job.plan);
    let mut waiting = inner.job.waiting();
    let mut rows = Vec::new();
    for p in &plan.nodes {
        let Some(node) = inner.job.nodes.get(&p.id) else { continue };
        let size = cell.times.size(p.id);
        let mut weight = Weight::default();
        for step in &node.steps {
            add(&mut weight, cell.times.usual(size, &step.step).mid, step, at);
        }
        let ended = |e: StepEnd| {
            count(
                node.steps
                    .iter()
                    .filter(|s| matches!(&s.state, StepState::Ended { end, .. } if *end == e))
                    .count(),
            )
        };
        let live = inner.live.get(&p.id);
        let waits = live.and_then(|l| l.waits.clone()).or_else(|| waiting.remove(&p.id));
        let (fault, link_down) = match &waits {
            Some(WaitsFor::Link { since, why }) => (Some(why.clone()), Some(*since)),
            Some(WaitsFor::Engine { why, .. }) => (Some(why.clone()), None),
            _ => (None, None),
        };
        let row = JobNodeRow {
            node: p.id,
            name: p.name.clone(),
            roles: p.roles.clone(),
            state: node.state,
            permille: inner.node_bars.entry(p.id).or_default().show(weight.permille()),
            done: count(node.steps.iter().filter(|s| s.is_done()).count()),
            steps: count(node.steps.len()),
            changed: ended(StepEnd::Changed),
            current: current(cell, &inner.job, (p.id, node), live),
            why: fault.or_else(|| node.why.clone()),
            link_down,
            waits,
            left: left.and_then(|l| l.nodes.get(&p.id).copied()),
            undo: node.undo.as_deref().map(|u| undo_view(node, u)),
            reinstall: node.reinstall.as_deref().map(reinstall_view),
            known: None,
            manual: node.manual.as_deref().map(|m| ManualView {
                by: m.by.clone(),
                since: m.since,
                confirmed: m.confirmed,
                why: m.why.clone(),
            }),
        };
        rows.push(row);
    }
    rows
}

fn undo_view(node: &JobNode, run: &UndoRun) -> UndoView {
    let mine = || node.steps.iter().skip(run.back_to);
    let tried = || node.steps.iter().skip(run.tried_from.max(run.back_to));
    let undone = tried().filter(|s| !s.touched && s.undo.is_some()).count();
    UndoView {
        by: run.by.clone(),
        ended: run.ended,
        undone: count(undone),
        failed: count(tried().filter(|s| s.failed_undo().is_some()).count()),
        left: count(mine().filter(|s| s.touched).count()),
    }
}

fn reinstall_view(run: &ReinstallRun) -> ReinstallView {
    ReinstallView {
        by: run.by.clone(),
        profile: run.profile.clone(),
        system: run.system.clone(),
        phase: run.phase,
        since: run.since,
        deadline: run.powered.map(|p| Moment(p.0.saturating_add(u64::from(run.minutes) * 60_000))),
        ended: run.ended.is_some(),
    }
}

/// The step that runs, or failed, or comes next.
fn current(
    cell: &JobCell,
    job: &Job,
    (id, node): (NodeId, &JobNode),
    live: Option<&super::jobs::Live>,
) -> Option<CurrentStep> {
    let at = |want: &dyn Fn(&StepProgress) -> bool| node.steps.iter().position(want);
    let index = at(&StepProgress::is_open)
        .or_else(|| at(&|s| matches!(&s.state, StepState::Ended { end, .. } if !end.is_good())))
        .or_else(|| at(&|s| s.state == StepState::Waiting))?;
    let step = node.steps.get(index)?;
    let run = job.plan.action(id, &step.step);
    let (action, attempt, state) = match step.undo.as_deref() {
        Some(undo) if undo.state.open_since().is_some() || step.failed_undo().is_some() => {
            (StepAction::Undo, undo.attempt, undo.state.clone())
        }
        _ => (run, step.attempt, step.state.clone()),
    };
    // The undo of a step takes its own time, of which nothing is known.
    let usual = (action != StepAction::Undo).then(|| cell.times.usual(cell.times.size(id), &step.step));
    let shown = live.and_then(|l| l.tail.lines().rev().find(|t| !t.trim().is_empty())).unwrap_or_default();
    Some(CurrentStep {
        index: count(index),
        stage: step.stage,
        step: step.step.clone(),
        title: job.plan.steps.get(&step.step).map(|p| p.title.clone()).unwrap_or_default(),
        action,
        attempt,
        state,
        usual_ms: cell.times.usual(cell.times.size(id), &step.step).mid,
        usual,
        ceiling: knowing::ceiling(job, node, live.and_then(|l| l.begun.as_ref())),
        last_output: live.and_then(|l| l.last_output),
        line: shown.chars().take(LINE).collect(),
    })
}
