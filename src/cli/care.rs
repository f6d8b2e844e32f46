//! Nodes that need a fresh operating system: through Cobbler, or by the operator's own hands.

use super::args::{Global, ManualCommand};
use super::exit::{Code, Fault};
use super::follow::Goal;
use super::talk::Talk;
use super::{find, follow, jobs, print, prompt};
use crate::api::Request;
use crate::api::rows::{JobNodeRow, NodeRow};
use crate::domain::ids::JobId;

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
            let job = jobs::answer(talk.call(Request::ManualStart { node: node.id }).await?)?;
            let text = format!(
                "job {} waits for your hands on {}; the instructions: cpmg node manual show {}",
                job.id, node.name, node.name
            );
            talk.done(&text, &job)?;
        }
        ManualCommand::Show { node } => {
            let (node, _, row) = in_hands(&talk, &node).await?;
            show(&talk, &node, &row)?;
        }
        ManualCommand::Confirm { node, number } => {
            let (node, job, _) = in_hands(&talk, &node).await?;
            let request = Request::ManualConfirm { job, node: node.id, number };
            let job = jobs::answer(talk.call(request).await?)?;
            talk.done(&format!("{}: instruction {number} is confirmed", node.name), &job)?;
        }
        ManualCommand::Check { node, follow } => {
            let (node, job, _) = in_hands(&talk, &node).await?;
            let job = jobs::answer(talk.call(Request::ManualCheck { job, node: node.id }).await?)?;
            if follow {
                return follow::run(talk, job.id, Goal::Checked(node.id)).await;
            }
            let text =
                format!("{} is looked at; what was found: cpmg node manual show {}", node.name, node.name);
            talk.done(&text, &job)?;
        }
        ManualCommand::Leave { node } => {
            let (node, job, _) = in_hands(&talk, &node).await?;
            let job = jobs::answer(talk.call(Request::ManualLeave { job, node: node.id }).await?)?;
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

fn show(talk: &Talk, node: &NodeRow, row: &JobNodeRow) -> Result<(), Fault> {
    if talk.json {
        return print::json(&serde_json::json!({ "node": node, "manual": row.manual }));
    }
    let Some(manual) = &row.manual else { return Err(Talk::unexpected()) };
    print::pairs(&[
        ("node", format!("{} ({})", node.name, node.address)),
        ("in the hands of", format!("{} for {}", manual.by, print::span(print::now().since(manual.since)))),
        ("confirmed", format!("{} instructions", manual.confirmed)),
        ("last check", manual.why.clone().unwrap_or_default()),
    ])
}
