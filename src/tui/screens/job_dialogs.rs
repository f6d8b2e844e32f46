//! What a job tells in a text of its own: its first error.

use crate::api::rows::{FirstError, KnownError};
use crate::domain::ids::JobId;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::widgets::dialog::Reading;

/// What is known about an error: its name, what it means, what helps.
pub fn known(known: &KnownError) -> [Text; 3] {
    [
        t!("job-error-known", title = Text::Local(known.title.clone())),
        t!("job-error-meaning", meaning = Text::Local(known.meaning.clone())),
        t!("job-error-mend", mend = Text::Local(known.mend.clone())),
    ]
}

/// The first error with what led to it.
pub fn first_error(cx: &Shared, job: JobId, error: &FirstError) -> Reading {
    let mut lines = vec![t!("job-error-node", name = &error.name)];
    if let Some(step) = &error.step {
        lines.push(t!("job-error-step", step = step.to_string(), attempt = error.attempt));
    }
    lines.push(cx.catalogue.kept(&error.what));
    let above = lines.len();
    lines.extend(error.known.iter().flat_map(known));
    let above = lines.len() - above;
    if !error.tail.is_empty() {
        lines.extend([Text::plain(""), t!("job-error-output")]);
        // The end says why; on a small terminal it must not lie below the edge.
        let room = usize::from(cx.size.1).saturating_sub(16 + 2 * above).max(4);
        let tail = error.tail.get(error.tail.len().saturating_sub(room)..).unwrap_or_default();
        lines.extend(tail.iter().map(|l| Text::plain(format!("  {l}"))));
    }
    if cx.may(crate::domain::access::Action::Install) {
        lines.extend([Text::plain(""), t!("job-error-how")]);
    }
    Reading::new(t!("job-error-title", id = job.to_string()), lines)
}
