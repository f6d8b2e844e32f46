//! Plans, installations and jobs.

use super::args::{Global, JobCommand};
use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{envs, find, follow, print};
use crate::api::rows::{JobNodeRow, JobRow, StepRow};
use crate::api::{Request, Response, Row, Topic, WINDOW_MAX};
use crate::domain::ids::JobId;
use crate::domain::job::forecast::Stop;
use crate::domain::job::{JobState, StepAction, StepEnd, StepState};
use crate::domain::plan::{Plan, StepId};
use std::collections::BTreeMap;
use std::fmt::Write;

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

fn stages(talk: &Talk, plan: &Plan) -> Result<(), Fault> {
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
pub async fn install(global: &Global, env: &str, follow: bool) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    let env = find::environment(&talk, env, false).await?;
    let job =
        answer(talk.call(Request::Install { env: env.env.id, dry_run: false }).await.map_err(by_state)?)?;
    begun(talk, &job, follow, &format!("job {} installs {}", job.id, env.env.name)).await
}

/// The command was right, but what the environment is like does not allow it.
fn by_state(fault: Fault) -> Fault {
    Fault { code: if fault.code == Code::Usage { Code::Failed } else { fault.code }, ..fault }
}

/// What is said of a job that was just begun.
async fn begun(talk: Talk, job: &JobRow, follow: bool, what: &str) -> Result<Code, Fault> {
    if follow {
        return follow::run(talk, job.id).await;
    }
    talk.done(&format!("{what}; follow it with 'cpmg job follow {}'", job.id), job)?;
    Ok(Code::Done)
}

fn answer(response: Response) -> Result<JobRow, Fault> {
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
        JobCommand::Show { job } => show(&talk, JobId(job)).await?,
        JobCommand::Follow { job } => {
            find::job(&talk, JobId(job)).await?;
            return follow::run(talk, JobId(job)).await;
        }
        JobCommand::Retry { job, follow } => {
            let job = answer(talk.call(Request::JobRetry { job: JobId(job) }).await?)?;
            return begun(talk, &job, follow, &format!("job {} goes on", job.id)).await;
        }
        JobCommand::Cancel { job } => {
            match talk.call(Request::JobStop { job: JobId(job), stop: Stop::Now }).await? {
                Response::Done | Response::Job(_) => {}
                _ => return Err(Talk::unexpected()),
            }
            let (job, _) = find::job(&talk, JobId(job)).await?;
            talk.done(
                &format!("job {} is {}: running steps are ended, nothing is undone", job.id, job.state),
                &job,
            )?;
        }
        JobCommand::Output { job, node, step, attempt, raw } => {
            let step: StepId = step.parse().map_err(|e| Fault::usage(format!("{e}")))?;
            output(&talk, JobId(job), &node, &step, attempt, raw).await?;
        }
    }
    Ok(Code::Done)
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
        rows.into_iter().filter_map(|r| if let Row::Job(j) = r { Some(j) } else { None }).collect();
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
                j.state.to_string(),
                print::share(j.permille),
                format!("{} of {}", j.nodes_done, j.nodes),
                format!("{} by {}", print::ago(j.created), j.by),
                print::span(took),
            ]
        })
        .collect();
    let empty = if env.is_some() { "no jobs yet" } else { "no job runs" };
    print::table(["JOB", "ENVIRONMENT", "STATE", "DONE", "NODES", "STARTED", "TOOK"], &rows, empty)
}

async fn show(talk: &Talk, id: JobId) -> Result<(), Fault> {
    let (job, nodes) = find::job(talk, id).await?;
    let mut steps = BTreeMap::new();
    for node in &nodes {
        steps.insert(node.node.0, find::steps(talk, id, node.node).await?);
    }
    if talk.json {
        return print::json(&serde_json::json!({ "job": job, "nodes": nodes, "steps": steps }));
    }
    print::line(&envs::job_words(&job))?;
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
    for node in &nodes {
        node_line(node)?;
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

fn node_line(node: &JobNodeRow) -> Result<(), Fault> {
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
    print::line(&text)
}

/// State of a step in a word, and how long it took.
fn state(step: &StepRow) -> (String, String) {
    match &step.state {
        StepState::Waiting => ("waiting".to_owned(), String::new()),
        StepState::Running { since } => ("running".to_owned(), print::span(print::now().since(*since))),
        StepState::Interrupted { since } => {
            ("interrupted".to_owned(), print::span(print::now().since(*since)))
        }
        StepState::Ended { since, at, end } => (end_word(end), print::span(at.since(*since))),
    }
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
    if job.state == JobState::Succeeded && job.changed == 0 {
        lines.push("nothing was changed: every step found its work done".to_owned());
    }
    if let Some(by) = &job.cancelled_by {
        lines.push(format!("ended by {by}; what was done stays as it is"));
    }
    if let Some(error) = &job.first_error {
        let step = error.step.as_ref().map(|s| format!(" in {s} (attempt {})", error.attempt));
        lines.push(format!("first failure: {}{}: {}", error.name, step.unwrap_or_default(), error.what));
        lines.extend(error.tail.iter().map(|l| format!("  | {l}")));
        if let Some(step) = &error.step {
            lines.push(format!("the whole output: cpmg job output {} {} {step}", job.id, error.name));
        }
    }
    if matches!(job.state, JobState::Failed | JobState::Cancelled) {
        lines.push(format!("go on from there: cpmg job retry {} --follow", job.id));
    }
    lines
}

async fn output(
    talk: &Talk,
    job: JobId,
    node: &str,
    step: &StepId,
    attempt: Option<u32>,
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
    let attempt = attempt.unwrap_or(row.attempt);
    if attempt == 0 || attempt > row.attempt {
        let text =
            format!("{step} on {} was attempted {} times: no attempt {attempt}", node.name, row.attempt);
        return Err(Fault::new(Code::NotFound, text));
    }
    let mut bytes = Vec::new();
    let mut offset = 0;
    loop {
        let max = WINDOW_MAX;
        let step = step.clone();
        let request =
            Request::Output { job, node: node.node, step, action: StepAction::Run, attempt, offset, max };
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
        print::json(&serde_json::json!({ "step": step, "attempt": attempt, "output": text }))
    } else if raw || text.is_empty() {
        Ok(())
    } else {
        print::line(text.trim_end_matches('\n'))
    }
}
