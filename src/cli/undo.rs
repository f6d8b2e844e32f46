//! Undoing what a job did: the list first, then the question, then the work.

use super::exit::{Code, Fault};
use super::follow::{self, Goal};
use super::talk::Talk;
use super::{find, jobs, print, prompt};
use crate::api::rows::JobNodeRow;
use crate::api::{Request, Response};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::undo::{UndoLine, UndoList, UndoScope};
use crate::domain::plan::{StageKind, StepId};
use serde::Serialize;
use std::collections::BTreeSet;

/// How far, as typed; neither node nor stage: everything.
pub struct Scope {
    /// Name or number of a node.
    pub node: Option<String>,
    /// Its first step to be undone.
    pub back_to: Option<StepId>,
    /// A stage and those after it.
    pub stage: Option<StageKind>,
}

/// How it is to be done.
#[derive(Clone, Copy)]
pub struct How {
    /// Only show the list.
    pub dry_run: bool,
    /// Do not ask.
    pub yes: bool,
    /// Show steps and output.
    pub follow: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    #[serde(flatten)]
    line: &'a UndoLine,
}

/// `cpmg job undo`.
pub async fn run(talk: Talk, id: JobId, scope: Scope, how: How) -> Result<Code, Fault> {
    let (_, nodes) = find::job(&talk, id).await?;
    let scope = resolve(&talk, id, &nodes, scope).await?;
    let preview = Request::UndoPreview { job: id, scope: scope.clone() };
    let Response::UndoList(list) = talk.call(preview).await? else { return Err(Talk::unexpected()) };
    if how.dry_run && talk.json {
        let lines: Vec<Told<'_>> =
            list.lines.iter().map(|line| Told { name: name(&nodes, line.node), line }).collect();
        let busy: Vec<&str> = list.busy.iter().map(|n| name(&nodes, *n)).collect();
        let why = list.why.as_ref().map(ToString::to_string);
        print::json(&serde_json::json!({ "steps": lines, "busy": busy, "again": list.again, "why": why }))?;
        return Ok(Code::Done);
    }
    if !talk.json {
        show(&nodes, &list)?;
    }
    if let Some(why) = &list.why {
        if how.dry_run {
            return Ok(Code::Done);
        }
        return Err(Fault::usage(why.to_string()));
    }
    if how.dry_run {
        return Ok(Code::Done);
    }
    let touched: BTreeSet<NodeId> = list.lines.iter().map(|l| l.node).collect();
    let count = list.lines.iter().filter(|l| !l.irreversible).count();
    if !how.yes && !list.lines.is_empty() {
        let question = if list.again {
            format!("Do these {count} steps again, with what was before?")
        } else {
            format!("Undo {count} steps on {} nodes?", touched.len())
        };
        if !prompt::confirmed(&question)? {
            return Err(Fault::usage("nothing was done: say yes, or give --yes"));
        }
    }
    let job = jobs::answer(talk.call(Request::Undo { job: id, scope, digest: list.digest }).await?)?;
    if list.again {
        return jobs::begun(talk, &job, how.follow, &format!("job {} takes job {id} back", job.id)).await;
    }
    if how.follow {
        return follow::run(talk, id, Goal::Undone(touched)).await;
    }
    let text = format!(
        "job {id} undoes {count} steps on {} nodes; follow it with 'cpmg job follow {id}'",
        touched.len()
    );
    talk.done(&text, &job)?;
    Ok(Code::Done)
}

async fn resolve(talk: &Talk, id: JobId, nodes: &[JobNodeRow], scope: Scope) -> Result<UndoScope, Fault> {
    let Some(wanted) = &scope.node else {
        return Ok(scope.stage.map_or(UndoScope::All, UndoScope::Stage));
    };
    let node = find::job_node(nodes, wanted)?;
    if let Some(step) = &scope.back_to {
        let steps: Vec<String> =
            find::steps(talk, id, node.node).await?.iter().map(|s| s.step.to_string()).collect();
        if !steps.contains(&step.to_string()) {
            let what = format!("step of {}", node.name);
            return Err(find::missing(&what, &step.to_string(), &steps, "cpmg job show"));
        }
    }
    Ok(UndoScope::Node { node: node.node, back_to: scope.back_to })
}

fn name(nodes: &[JobNodeRow], id: NodeId) -> &str {
    nodes.iter().find(|n| n.node == id).map_or("?", |n| n.name.as_str())
}

fn show(nodes: &[JobNodeRow], list: &UndoList) -> Result<(), Fault> {
    let rows: Vec<[String; 5]> = list
        .lines
        .iter()
        .enumerate()
        .map(|(i, l)| {
            let what = match (l.irreversible, list.again) {
                (true, _) => "stays: it cannot be undone",
                (false, true) => "is done again, with what was before",
                (false, false) => "is undone",
            };
            [
                (i + 1).to_string(),
                l.stage.to_string(),
                name(nodes, l.node).to_owned(),
                l.step.to_string(),
                what.to_owned(),
            ]
        })
        .collect();
    let nothing =
        list.why.as_ref().map_or_else(|| "there is nothing to undo".to_owned(), ToString::to_string);
    print::table(["#", "STAGE", "NODE", "STEP", "WHAT HAPPENS"], &rows, &nothing)?;
    for busy in &list.busy {
        print::line(&format!("{} is at work: nothing is undone on it", name(nodes, *busy)))?;
    }
    Ok(())
}
