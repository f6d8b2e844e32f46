//! Nodes that need a fresh operating system: through Cobbler, or by the operator's own hands.

use super::args::{Global, ManualCommand};
use super::exit::{Code, Fault};
use super::follow::Goal;
use super::talk::Talk;
use super::{find, follow, jobs, print, prompt};
use crate::api::Request;
use crate::api::manual::ManualAsk;
use crate::api::rows::{JobNodeRow, NodeRow, ReinstallView};
use crate::domain::ids::JobId;
use crate::domain::manual::{Procedure, Subject, Why, procedure};

/// Options of a reinstallation.
pub struct Reinstall {
    /// Cobbler's profile.
    pub profile: Option<String>,
    /// Minutes that it gets.
    pub minutes: Option<u32>,
    /// Show what happens.
    pub follow: bool,
}

/// `cpmg node reinstall`.
pub async fn reinstall(
    global: &Global,
    wanted: &str,
    confirm: Option<String>,
    how: Reinstall,
) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    let node = find::node(&talk, wanted).await?;
    let name = match confirm {
        Some(name) => name,
        None => typed_name(&node)?,
    };
    let request = Request::NodeReinstall { node: node.id, name, profile: how.profile, minutes: how.minutes };
    let job = jobs::answer(talk.call(request).await?)?;
    jobs::begun(talk, &job, how.follow, &format!("job {} installs {} anew", job.id, node.name)).await
}

/// Says what will be lost and has the name typed.
fn typed_name(node: &NodeRow) -> Result<String, Fault> {
    let needs = || {
        let text = format!("everything on {0} will be lost: confirm with --confirm {0}", node.name);
        Fault::usage(text)
    };
    if !prompt::interactive() {
        return Err(needs());
    }
    for text in losses(node) {
        print::complain(&text);
    }
    prompt::typed(&format!("Type {} to install it anew", node.name))?.ok_or_else(needs)
}

/// What a reinstallation takes away.
fn losses(node: &NodeRow) -> Vec<String> {
    let mut lines = vec![format!("lost on {} ({}), which is {}:", node.name, node.address, node.state)];
    let disks = node
        .facts
        .as_ref()
        .map(|f| print::words(f.disks.iter().map(|d| format!("{} ({})", d.name, print::size(d.bytes)))));
    lines.push(format!("  everything on its disks: {}", disks.unwrap_or_else(|| "unknown".to_owned())));
    lines.push(format!("  what was installed on it as {}", print::words(&node.roles)));
    lines.push("  its host key and machine id; it is off the network meanwhile".to_owned());
    lines
}

/// `cpmg node manual …`.
pub async fn manual(global: &Global, command: ManualCommand) -> Result<Code, Fault> {
    let talk = Talk::open(global).await?;
    match command {
        ManualCommand::Start { node } => {
            let node = find::node(&talk, &node).await?;
            let job = jobs::answer(talk.call(Request::Manual(ManualAsk::Start { node: node.id })).await?)?;
            let text = format!(
                "job {} waits for your hands on {}; the instructions: cpmg node manual show {}",
                job.id, node.name, node.name
            );
            talk.done(&text, &job)?;
        }
        ManualCommand::Show { node } => {
            let (node, _, row) = in_hands(&talk, &node).await?;
            let procedure = procedure_for(&talk, &node, &row).await?;
            show(&talk, &node, &row, &procedure)?;
        }
        ManualCommand::Confirm { node, number } => {
            let (node, job, row) = in_hands(&talk, &node).await?;
            let steps = procedure_for(&talk, &node, &row).await?.steps;
            if !(1..=steps.len()).contains(&(number as usize)) {
                let text =
                    format!("there is no instruction {number}: they are numbered 1 to {}", steps.len());
                return Err(Fault::usage(text));
            }
            let request = Request::Manual(ManualAsk::Confirm { job, node: node.id, number });
            let job = jobs::answer(talk.call(request).await?)?;
            let next = match steps.get(number as usize) {
                Some(next) => format!("next: {}", next.english()),
                None => format!("that was the last one: cpmg node manual check {}", node.name),
            };
            talk.done(&format!("{}: instruction {number} is confirmed; {next}", node.name), &job)?;
        }
        ManualCommand::Check { node, follow } => {
            let (node, job, row) = in_hands(&talk, &node).await?;
            let all = procedure_for(&talk, &node, &row).await?.steps.len();
            let confirmed = row.manual.as_ref().map_or(0, |m| m.confirmed as usize);
            if confirmed < all {
                let text = format!(
                    "{confirmed} of {all} instructions are confirmed: confirm the others first (cpmg node manual show {})",
                    node.name
                );
                return Err(Fault::new(Code::Failed, text));
            }
            let job =
                jobs::answer(talk.call(Request::Manual(ManualAsk::Check { job, node: node.id })).await?)?;
            if follow {
                return follow::run(talk, job.id, Goal::Checked(node.id)).await;
            }
            let text =
                format!("{} is looked at; what was found: cpmg node manual show {}", node.name, node.name);
            talk.done(&text, &job)?;
        }
        ManualCommand::Leave { node } => {
            let (node, job, _) = in_hands(&talk, &node).await?;
            let job =
                jobs::answer(talk.call(Request::Manual(ManualAsk::Leave { job, node: node.id })).await?)?;
            talk.done(&format!("{} is a failed node again: cpmg job show {}", node.name, job.id), &job)?;
        }
    }
    Ok(Code::Done)
}

/// A node for which a manual procedure goes on, with its job.
async fn in_hands(talk: &Talk, wanted: &str) -> Result<(NodeRow, JobId, JobNodeRow), Fault> {
    let node = find::node(talk, wanted).await?;
    if let Some(job) = node.job {
        let (_, nodes) = find::job(talk, job).await?;
        if let Some(row) = nodes.into_iter().find(|n| n.node == node.id && n.manual.is_some()) {
            return Ok((node, job, row));
        }
    }
    let text =
        format!("nobody installs {0} by hand: 'cpmg node manual start {0}' begins with that", node.name);
    Err(Fault::new(Code::Failed, text))
}

/// What is to be done by hand on that node.
async fn procedure_for(talk: &Talk, node: &NodeRow, row: &JobNodeRow) -> Result<Procedure, Fault> {
    let envs = find::environments(talk, false).await?;
    let platform = envs.into_iter().find(|e| e.env.id == node.env).map(|e| e.env.platform);
    let subject = Subject {
        name: &node.name,
        address: &node.address.to_string(),
        port: node.port,
        user: &node.user,
        credential: node.credential.as_ref(),
        facts: node.facts.as_ref(),
        platform: &platform.unwrap_or_default(),
    };
    let why = if row.reinstall.as_ref().is_some_and(ReinstallView::found_system) {
        Why::CobblerFailed
    } else {
        Why::NoCobbler
    };
    Ok(procedure(&subject, why))
}

fn show(talk: &Talk, node: &NodeRow, row: &JobNodeRow, procedure: &Procedure) -> Result<(), Fault> {
    let Some(manual) = &row.manual else { return Err(Talk::unexpected()) };
    let confirmed = manual.confirmed as usize;
    if talk.json {
        let steps: Vec<_> = procedure
            .steps
            .iter()
            .enumerate()
            .map(|(i, s)| {
                let text = s.english();
                serde_json::json!({ "number": i + 1, "text": text, "confirmed": i < confirmed })
            })
            .collect();
        let told = serde_json::json!({ "node": node, "manual": manual, "instructions": steps });
        return print::json(&told);
    }
    print::line(&procedure.reason.english())?;
    print::line(&format!(
        "In the hands of {} for {}.",
        manual.by,
        print::span(print::now().since(manual.since))
    ))?;
    for (i, step) in procedure.steps.iter().enumerate() {
        let mark = if i < confirmed { "[x]" } else { "[ ]" };
        print::line(&format!("{mark} {:2}  {}", i + 1, step.english()))?;
    }
    print::line(&procedure.check.english())?;
    if let Some(why) = &manual.why {
        print::line(&format!("The last check found: {why}"))?;
    }
    let next = if confirmed < procedure.steps.len() {
        format!("Next: cpmg node manual confirm {} {}", node.name, confirmed + 1)
    } else {
        format!("Next: cpmg node manual check {} --follow", node.name)
    };
    print::line(&next)
}
