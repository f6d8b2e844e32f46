//! A job in full: stages, each node on its three axes, its steps, and the ways on from where it stands.

use super::exit::Fault;
use super::jobs::{end_word, summary};
use super::talk::Talk;
use super::{envs, find, nodes, print, times};
use crate::api::rows::{JobNodeRow, JobRow, NodeRow, StepRow};
use crate::domain::ids::JobId;
use crate::domain::job::{JobNodeState, JobState, NodeMove, StepEnd, StepState, exits};
use crate::domain::plan::PlanKind;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Nodes whose steps are asked for at the same time: an engine that has just taken up a job of a thousand nodes has much to do,
/// and each question waits for its turn.
const AT_ONCE: usize = 32;

/// `cpmg job show`.
pub async fn run(talk: &Talk, id: JobId) -> Result<(), Fault> {
    let (job, rows) = find::job(talk, id).await?;
    let mut lives: BTreeMap<u64, NodeRow> =
        find::nodes(talk, job.env).await?.into_iter().map(|n| (n.id.0, n)).collect();
    lives.retain(|id, _| rows.iter().any(|r| r.node.0 == *id));
    let asked =
        rows.iter().map(|n| async { Ok::<_, Fault>((n.node.0, find::steps(talk, id, n.node).await?)) });
    let steps: BTreeMap<u64, Vec<StepRow>> =
        stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
    if talk.json {
        let axes: BTreeMap<u64, _> = lives
            .iter()
            .map(|(id, n)| (*id, serde_json::json!({ "state": n.state, "reach": n.reach, "lock": n.lock })))
            .collect();
        let ways: BTreeMap<u64, Vec<&str>> =
            rows.iter().map(|n| (n.node.0, exits_of(&job, n).map(NodeMove::word).collect())).collect();
        let told =
            serde_json::json!({ "job": job, "nodes": rows, "steps": steps, "axes": axes, "exits": ways });
        return print::json(&told);
    }
    head(&job)?;
    for node in &rows {
        node_lines(&job, node, lives.get(&node.node.0))?;
        let rows: Vec<[String; 4]> = steps
            .get(&node.node.0)
            .into_iter()
            .flatten()
            .map(|s| {
                let (state, took) = state(s);
                [format!("    {}", s.step), state, took, talk.title(&s.title).to_owned()]
            })
            .collect();
        print::table(["    STEP", "STATE", "TOOK", "WHAT IT DOES"], &rows, "    no steps")?;
    }
    for text in summary(&job) {
        print::line(&text)?;
    }
    Ok(())
}

fn head(job: &JobRow) -> Result<(), Fault> {
    let mut text = envs::job_words(job);
    if job.kind != PlanKind::Install {
        let _ = write!(text, " ({})", job.kind.word());
    }
    if let Some(owner) = job.owner.as_ref().filter(|o| !job.state.is_over() && o.by != job.by) {
        let _ = write!(text, ", in hand of {}", owner.by);
        if let Some((from, why)) = &owner.taken {
            let _ = write!(text, ", who took it over from {from}: {why}");
        }
    }
    if let (JobState::Holding, Some(by)) = (job.state, &job.held_by) {
        let _ = write!(text, ", held by {by}; go on with 'cpmg job release {}'", job.id);
    }
    if let (JobState::Draining, Some((role, failed, allowed))) = (job.state, job.over_budget) {
        let _ = write!(text, ": {failed} {role} nodes failed, {allowed} are allowed to");
    }
    print::line(&text)?;
    if let Some(left) = job.left {
        print::line(&times::left(left))?;
    }
    for stage in &job.stages {
        let text = format!(
            "{:14}{:>5}  {} of {} nodes",
            stage.kind.word(),
            print::share(stage.permille),
            stage.done,
            stage.nodes
        );
        print::line(&text)?;
    }
    Ok(())
}

fn node_lines(job: &JobRow, node: &JobNodeRow, life: Option<&NodeRow>) -> Result<(), Fault> {
    let mut text = format!(
        "\n{}  {}  {} {}  {} of {} steps",
        node.name,
        print::words(&node.roles),
        node.state.word(),
        print::share(node.permille),
        node.done,
        node.steps
    );
    if let Some(down) = node.link_down {
        let _ = write!(text, "; link down for {}", print::span(print::now().since(down)));
    }
    if let Some(why) = &node.why {
        let _ = write!(text, "; {why}");
    }
    print::line(&text)?;
    let odd = times::oddity(node, print::now());
    for text in node.waits.as_ref().and_then(|w| times::waits(w, print::now())).into_iter().chain(odd) {
        print::line(&format!("    {text}"))?;
    }
    if let Some(life) = life {
        let lock = life
            .lock
            .as_ref()
            .map_or_else(|| "not locked".to_owned(), |l| format!("locked {}", nodes::locked(l)));
        print::line(&format!("    the node is {}, {}, {lock}", life.state, nodes::reach(life)))?;
    }
    for text in care(node) {
        print::line(&format!("    {text}"))?;
    }
    let ways: Vec<NodeMove> = exits_of(job, node).collect();
    if ways.is_empty() {
        return Ok(());
    }
    if matches!(node.state, JobNodeState::Done | JobNodeState::Waiting) {
        return print::line(&format!("    ways on: {}", print::words(ways.iter().map(|m| m.word()))));
    }
    for (i, way) in ways.into_iter().enumerate() {
        let head = if i == 0 { "ways on:" } else { "" };
        print::line(&format!("    {head:8}  {}", command(job.id, node, way)))?;
    }
    Ok(())
}

/// What undo, reinstallation and manual procedure have come to.
pub fn care(node: &JobNodeRow) -> Vec<String> {
    let asked = |by: &Option<String>| by.clone().unwrap_or_else(|| "the environment's policy".to_owned());
    let mut lines = Vec::new();
    if let Some(undo) = &node.undo {
        let what = if undo.ended { "undone" } else { "is being undone" };
        lines.push(format!(
            "{what}, asked for by {}: {} steps undone, {} failed, {} left",
            asked(&undo.by),
            undo.undone,
            undo.failed,
            undo.left
        ));
    }
    if let Some(r) = &node.reinstall {
        let mut text = format!("reinstallation, asked for by {}", asked(&r.by));
        if r.ended {
            text.push_str(", is over");
        } else {
            let _ = write!(text, ": {} for {}", r.phase.word(), print::span(print::now().since(r.since)));
        }
        if let Some(system) = &r.system {
            let _ = write!(text, "; Cobbler's system {system}");
        }
        if let Some(profile) = &r.profile {
            let _ = write!(text, "; profile {profile}");
        }
        if let (false, Some(deadline)) = (r.ended, r.deadline) {
            let left = deadline.since(print::now());
            let _ = write!(text, "; the fresh system must answer within {}", print::span(left));
        }
        lines.push(text);
    }
    if let Some(m) = &node.manual {
        let mut text = format!("in the hands of {}: {} instructions confirmed", m.by, m.confirmed);
        if let Some(why) = &m.why {
            let _ = write!(text, "; the last check found: {why}");
        }
        lines.push(text);
    }
    lines
}

/// What an operator can ask for on a node of this job.
fn exits_of(job: &JobRow, node: &JobNodeRow) -> impl Iterator<Item = NodeMove> {
    let changes = job.kind != PlanKind::DryRun;
    let untouched = node.done == 0 && node.state == JobNodeState::Waiting;
    exits(node.state).filter(move |m| changes && (*m != NodeMove::Undo || !untouched))
}

fn command(job: JobId, node: &JobNodeRow, way: NodeMove) -> String {
    let name = &node.name;
    match way {
        NodeMove::Again => format!("cpmg job retry {job} --node {name}"),
        NodeMove::Undo => format!("cpmg job undo {job} --node {name}"),
        NodeMove::Reinstall => format!("cpmg node reinstall {name}"),
        NodeMove::ByHand => format!("cpmg node manual start {name}"),
        NodeMove::Check => format!("cpmg node manual check {name}"),
        other => other.word().to_owned(),
    }
}

/// State of a step in a word, and how long it took.
fn state(step: &StepRow) -> (String, String) {
    let told = |state: &StepState, runs: &str, end: &dyn Fn(&StepEnd) -> String| match state {
        StepState::Waiting => ("waiting".to_owned(), String::new()),
        StepState::Running { since } => (runs.to_owned(), print::span(print::now().since(*since))),
        StepState::Interrupted { since } => {
            ("interrupted".to_owned(), print::span(print::now().since(*since)))
        }
        StepState::Ended { since, at, end: e } => (end(e), print::span(at.since(*since))),
    };
    match &step.undo {
        Some(undo)
            if undo.state != StepState::Waiting && (step.touched || step.state == StepState::Waiting) =>
        {
            told(&undo.state, "is being undone", &|end| {
                if end.is_good() { "undone".to_owned() } else { format!("undo {}", end_word(end)) }
            })
        }
        _ => told(&step.state, "running", &end_word),
    }
}
