//! Plans, installations and jobs.

use super::args::{Global, JobCommand};
use super::exit::{Code, Fault};
use super::follow::Goal;
use super::talk::Talk;
use super::{find, follow, job_show, print, report, stops, undo};
use crate::api::rows::JobRow;
use crate::api::team::Team;
use crate::api::{Request, Response, Row, Topic, WINDOW_MAX};
use crate::domain::ids::JobId;
use crate::domain::job::forecast::Stop;
use crate::domain::job::{JobState, StepAction, StepEnd};
use crate::domain::plan::{Plan, PlanKind, StepId, localized};
use std::collections::BTreeMap;

/// `cpmg plan`.
pub async fn plan(global: &Global, env: &str) -> Result<(), Fault> {
    let talk = Talk::open(global).await?;
    let env = find::environment(&talk, env, false).await?;
    let Response::Plan(plan) = talk.call(Request::PlanPreview { env: env.env.id }).await.map_err(by_state)?
    else {
        return Err(Talk::unexpected());
    };
    if talk.json {
        return print::json(&plan);
    }
    print::line(&format!(
        "{} on {}: {} nodes, {} at once",
        env.env.name,
        plan.platform,
        plan.nodes.len(),
        plan.parallel
    ))?;
    let modules: Vec<[String; 2]> = plan
        .modules
        .iter()
        .map(|(name, why)| {
            let why = if why == "chosen" { why.clone() } else { format!("needed by {why}") };
            [format!("  {name}"), why]
        })
        .collect();
    print::table(["  MODULE", "WHY"], &modules, "  no modules")?;
    stages(&talk, &plan)
}

/// The stages of a plan.
pub fn stages(talk: &Talk, plan: &Plan) -> Result<(), Fault> {
    for stage in &plan.stages {
        print::line(&format!("\n{}", stage.kind))?;
        // Nodes with the same steps are told together.
        let mut groups: Vec<(&Vec<StepId>, Vec<&str>)> = Vec::new();
        for item in &stage.items {
            let name = plan.node(item.node).map_or("?", |n| n.name.as_str());
            match groups.iter_mut().find(|(steps, _)| *steps == &item.steps) {
                Some((_, names)) => names.push(name),
                None => groups.push((&item.steps, vec![name])),
            }
        }
        for (steps, names) in groups {
            print::line(&format!("  {}", names.join(", ")))?;
            for step in steps {
                let title = plan.steps.get(step).map_or("", |s| talk.title(&s.title));
                let once = if plan.steps.get(step).is_some_and(|s| s.irreversible) {
                    " (cannot be undone)"
                } else {
                    ""
                };
                print::line(&format!("    {:32} {title}{once}", step.to_string()))?;
            }
        }
    }
    Ok(())
}

/// `cpmg install`.
pub async fn install(
    global: &Global,
    env: &str,
    (dry_run, new): (bool, bool),
    follow: bool,
    over: Option<String>,
) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    let env = find::environment(&talk, env, false).await?;
    let job = answer(
        talk.call(Request::Install { env: env.env.id, dry_run, only_new: new, over })
            .await
            .map_err(by_state)?,
    )?;
    let what = if dry_run {
        format!("job {} asks every step what it would change on {}", job.id, env.env.name)
    } else {
        format!("job {} installs {}", job.id, env.env.name)
    };
    begun(talk, &job, follow, &what).await
}

/// The command was right, but what the environment is like does not allow it.
fn by_state(fault: Fault) -> Fault {
    Fault { code: if fault.code == Code::Usage { Code::Failed } else { fault.code }, ..fault }
}

/// What is said of a job that was just begun.
pub async fn begun(talk: Talk, job: &JobRow, follow: bool, what: &str) -> Result<Code, Fault> {
    if follow {
        return follow::run(talk, job.id, Goal::Done).await;
    }
    talk.done(&format!("{what}; follow it with 'cpmg job follow {}'", job.id), job)?;
    Ok(Code::Done)
}

/// The job of an answer.
pub fn answer(response: Response) -> Result<JobRow, Fault> {
    match response {
        Response::Job(job) => Ok(*job),
        _ => Err(Talk::unexpected()),
    }
}

/// `cpmg job …`.
pub async fn run(global: &Global, command: JobCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        JobCommand::List { env } => list(&talk, env.as_deref()).await?,
        JobCommand::Show { job } => job_show::run(&talk, JobId(job)).await?,
        JobCommand::Follow { job } => {
            find::job(&talk, JobId(job)).await?;
            return follow::run(talk, JobId(job), Goal::Done).await;
        }
        JobCommand::Hold { job, dry_run, yes } => {
            stops::stop(&talk, JobId(job), Stop::Hold, dry_run, yes).await?;
        }
        JobCommand::Release { job, follow } => {
            let job = answer(talk.call(Request::JobRelease { job: JobId(job) }).await?)?;
            return begun(talk, &job, follow, &format!("job {} goes on", job.id)).await;
        }
        JobCommand::Take { job, reason } => {
            let request = Request::Team(Team::TakeOver { job: JobId(job), why: reason });
            let row = answer(talk.call(request).await?)?;
            talk.done(&format!("you have job {job} in hand"), &row)?;
        }
        JobCommand::Stop { job, now, after_steps: _, dry_run, yes } => {
            let stop = if now { Stop::Now } else { Stop::Drain };
            stops::stop(&talk, JobId(job), stop, dry_run, yes).await?;
        }
        JobCommand::Cancel { job } => stops::now(&talk, JobId(job), Stop::Now).await?,
        JobCommand::Retry { job, node, follow } => return retry(talk, JobId(job), node, follow).await,
        JobCommand::Undo { job, node, back_to, stage, all: _, dry_run, yes, follow } => {
            let scope = undo::Scope { node, back_to, stage };
            return undo::run(talk, JobId(job), scope, undo::How { dry_run, yes, follow }).await;
        }
        JobCommand::ExtendReinstall { job, node, minutes } => {
            let (_, nodes) = find::job(&talk, JobId(job)).await?;
            let node = find::job_node(&nodes, &node)?;
            let request = Request::ReinstallExtend { job: JobId(job), node: node.node, minutes };
            let job = answer(talk.call(request).await?)?;
            talk.done(&format!("{}: {minutes} minutes more for its reinstallation", node.name), &job)?;
        }
        JobCommand::ExtendStep { job, node, minutes } => {
            let (_, nodes) = find::job(&talk, JobId(job)).await?;
            let node = find::job_node(&nodes, &node)?;
            let seconds = minutes.saturating_mul(60);
            let request = Request::CeilingExtend { job: JobId(job), node: node.node, seconds };
            let job = answer(talk.call(request).await?)?;
            talk.done(&format!("{}: {minutes} minutes more for the step that runs", node.name), &job)?;
        }
        JobCommand::Report { job, output } => report::run(&talk, JobId(job), output.as_deref()).await?,
        JobCommand::Timeline { job } => report::timeline(&talk, JobId(job)).await?,
        JobCommand::Output { job, node, step, attempt, undo, raw } => {
            let step: StepId = step.parse().map_err(|e| Fault::usage(format!("{e}")))?;
            output(&talk, JobId(job), &node, &step, Which { attempt, undo }, raw).await?;
        }
    }
    Ok(Code::Done)
}

async fn retry(talk: Talk, id: JobId, node: Option<String>, follow: bool) -> Result<Code, Fault> {
    let Some(node) = node else {
        let job = answer(talk.call(Request::JobRetry { job: id }).await?)?;
        return begun(talk, &job, follow, &format!("job {id} goes on")).await;
    };
    let (_, nodes) = find::job(&talk, id).await?;
    let node = find::job_node(&nodes, &node)?;
    let job = answer(talk.call(Request::NodeAgain { job: id, node: node.node }).await?)?;
    begun(talk, &job, follow, &format!("job {id} goes on with {}", node.name)).await
}

async fn list(talk: &Talk, env: Option<&str>) -> Result<(), Fault> {
    let topic = match env {
        Some(env) => Topic::Jobs(find::environment(talk, env, false).await?.env.id),
        None => Topic::RunningJobs,
    };
    let names: BTreeMap<_, _> =
        find::environments(talk, false).await?.into_iter().map(|e| (e.env.id, e.env.name)).collect();
    let rows = find::rows(talk, topic).await?;
    let jobs: Vec<JobRow> =
        rows.into_iter().filter_map(|r| if let Row::Job(j) = r { Some(*j) } else { None }).collect();
    if talk.json {
        return print::json(&jobs);
    }
    let rows: Vec<[String; 7]> = jobs
        .iter()
        .map(|j| {
            let took = j.ended.unwrap_or_else(print::now).since(j.created);
            [
                j.id.to_string(),
                names.get(&j.env).cloned().unwrap_or_else(|| j.env.to_string()),
                if j.is_partly_undone() { "partly undone".to_owned() } else { j.state.to_string() },
                // Of what was undone only a part is left.
                if j.is_partly_undone() {
                    format!("{} left", print::share(j.permille))
                } else {
                    print::share(j.permille)
                },
                format!("{} of {}", j.nodes_done, j.nodes),
                format!("{} by {}", print::ago(j.created), j.by),
                print::span(took),
            ]
        })
        .collect();
    let empty = if env.is_some() { "no jobs yet" } else { "no job runs" };
    print::table(["JOB", "ENVIRONMENT", "STATE", "DONE", "NODES", "STARTED", "TOOK"], &rows, empty)
}

/// How a step ended, in words.
pub fn end_word(end: &StepEnd) -> String {
    match end {
        StepEnd::Changed => "changed".to_owned(),
        StepEnd::Unchanged => "unchanged".to_owned(),
        StepEnd::Failed { status } => format!("failed with status {status}"),
        StepEnd::TimedOut { seconds } => format!("ran longer than {seconds} s and was ended"),
        StepEnd::Lost { why } => format!("lost: {why}"),
        StepEnd::Cancelled => "cancelled".to_owned(),
    }
}

/// A job that is over, in a few lines: how it ended, what it changed, and what can be done about it.
pub fn summary(job: &JobRow) -> Vec<String> {
    if !job.state.is_over() {
        return Vec::new();
    }
    let took = job.ended.map(|e| print::span(e.since(job.created))).unwrap_or_default();
    let mut lines = Vec::new();
    lines.push(format!(
        "job {} {} after {took}: {} of {} nodes done; steps: {} changed, {} unchanged",
        job.id, job.state, job.nodes_done, job.nodes, job.changed, job.unchanged
    ));
    if job.is_partly_undone() {
        lines.push(
            "only a part was undone: what is done on the other nodes, or before it, is still there"
                .to_owned(),
        );
    }
    if job.state == JobState::Succeeded && job.changed == 0 && job.kind == PlanKind::Install {
        lines.push("nothing was changed: every step found its work done".to_owned());
    }
    if let Some(by) = &job.cancelled_by {
        lines.push(format!("ended by {by}; what was done stays as it is"));
    }
    if let (JobState::Failed, Some((role, failed, allowed))) = (job.state, job.over_budget) {
        lines.push(format!("{failed} {role} nodes failed, {allowed} are allowed to: nothing new was begun"));
    }
    if let Some(error) = &job.first_error {
        let step = error.step.as_ref().map(|s| format!(" in {s} (attempt {})", error.attempt));
        lines.push(format!("first failure: {}{}: {}", error.name, step.unwrap_or_default(), error.what));
        lines.extend(error.tail.iter().map(|l| format!("  | {l}")));
        if let Some(known) = &error.known {
            let text = |texts| localized(texts, "en");
            lines.push(format!("known: {}. {}", text(&known.title), text(&known.meaning)));
            lines.push(format!("what helps: {}", text(&known.mend)));
        }
        if let Some(step) = &error.step {
            lines.push(format!("the whole output: cpmg job output {} {} {step}", job.id, error.name));
        }
    }
    if job.kind == PlanKind::DryRun {
        lines.push("nothing was changed: the steps were only asked what they would change".to_owned());
    } else if job.state != JobState::Succeeded {
        lines.push(format!("go on from there: cpmg job retry {} --follow", job.id));
        lines.push(format!("each node's ways on: cpmg job show {}", job.id));
    }
    lines
}

/// Which attempt's output is wanted.
#[derive(Clone, Copy)]
struct Which {
    attempt: Option<u32>,
    undo: bool,
}

async fn output(
    talk: &Talk,
    job: JobId,
    node: &str,
    step: &StepId,
    which: Which,
    raw: bool,
) -> Result<(), Fault> {
    let (_, nodes) = find::job(talk, job).await?;
    let node = find::job_node(&nodes, node)?;
    let steps = find::steps(talk, job, node.node).await?;
    let Some(row) = steps.iter().find(|s| s.step == *step) else {
        let names: Vec<String> = steps.iter().map(|s| s.step.to_string()).collect();
        return Err(find::missing(
            &format!("step of {}", node.name),
            &step.to_string(),
            &names,
            "cpmg job show",
        ));
    };
    let (action, last, what) = if which.undo {
        (StepAction::Undo, row.undo.as_ref().map_or(0, |u| u.attempt), "undo was attempted")
    } else {
        (row.action, row.attempt, "was attempted")
    };
    let attempt = which.attempt.unwrap_or(last);
    if attempt == 0 || attempt > last {
        let text = format!("{step} on {} {what} {last} times: no attempt {attempt}", node.name);
        return Err(Fault::new(Code::NotFound, text));
    }
    let mut bytes = Vec::new();
    let mut offset = 0;
    loop {
        let max = WINDOW_MAX;
        let request =
            Request::Output { job, node: node.node, step: step.clone(), action, attempt, offset, max };
        let Response::Window(window) = talk.call(request).await? else { return Err(Talk::unexpected()) };
        offset = window.offset + window.bytes.len() as u64;
        let done = window.bytes.is_empty() || offset >= window.length;
        if raw && !talk.json {
            print::write(&window.bytes)?;
        } else {
            bytes.extend(window.bytes);
        }
        if done {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    if talk.json {
        let told = serde_json::json!({ "step": step, "action": action, "attempt": attempt, "output": text });
        print::json(&told)
    } else if raw || text.is_empty() {
        Ok(())
    } else {
        print::line(text.trim_end_matches('\n'))
    }
}
