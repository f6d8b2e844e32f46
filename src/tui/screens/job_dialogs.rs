//! Questions and answers of a job: stopping it, its first error.

use super::job_view::waits;
use super::nodes::names;
use crate::api::Request;
use crate::api::rows::{FirstError, JobNodeRow};
use crate::domain::ids::JobId;
use crate::domain::job::JobNodeState;
use crate::domain::job::forecast::Stop;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::widgets::dialog::{Confirm, Reading};

/// Asks before a job is stopped; says in which state each node will be.
pub fn cancel(job: JobId, nodes: &[&JobNodeRow]) -> Confirm {
    let state = |n: &JobNodeRow| if waits(n) { JobNodeState::Waiting } else { n.state };
    let of = |states: &[JobNodeState]| {
        let list: Vec<&str> =
            nodes.iter().filter(|n| states.contains(&state(n))).map(|n| n.name.as_str()).collect();
        (!list.is_empty()).then(|| names(list))
    };
    let mut body = vec![t!("cancel-what")];
    if let Some(list) = of(&[JobNodeState::Running, JobNodeState::Interrupted]) {
        body.push(t!("cancel-running", names = list));
    }
    if let Some(list) = of(&[JobNodeState::Waiting]) {
        body.push(t!("cancel-waiting", names = list));
    }
    if let Some(list) = of(&[JobNodeState::Done]) {
        body.push(t!("cancel-done", names = list));
    }
    body.push(t!("cancel-again"));
    Confirm::new(t!("cancel-title", id = job.to_string()), body, t!("button-stop"), move || {
        vec![
            Effect::CallDetached(Tag::Quiet, Request::JobStop { job, stop: Stop::Now }),
            Effect::Say(Level::Info, t!("cancel-asked")),
        ]
    })
}

/// The first error with what led to it.
pub fn first_error(cx: &Shared, job: JobId, error: &FirstError) -> Reading {
    let mut lines = vec![t!("job-error-node", name = &error.name)];
    if let Some(step) = &error.step {
        lines.push(t!("job-error-step", step = step.to_string(), attempt = error.attempt));
    }
    lines.push(Text::plain(error.what.clone()));
    if !error.tail.is_empty() {
        lines.extend([Text::plain(""), t!("job-error-output")]);
        // The end says why; on a small terminal it must not lie below the edge.
        let room = usize::from(cx.size.1).saturating_sub(16).max(4);
        let tail = error.tail.get(error.tail.len().saturating_sub(room)..).unwrap_or_default();
        lines.extend(tail.iter().map(|l| Text::plain(format!("  {l}"))));
    }
    if cx.may(crate::domain::access::Action::Install) {
        lines.extend([Text::plain(""), t!("job-error-how")]);
    }
    Reading::new(t!("job-error-title", id = job.to_string()), lines)
}
