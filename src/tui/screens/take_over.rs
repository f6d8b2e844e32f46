//! Taking a job over from the operator who has it in hand; until then it is only watched.

use super::ways::key_of;
use crate::api::rows::JobRow;
use crate::api::team::Team;
use crate::api::{Request, Response};
use crate::domain::access;
use crate::domain::audit::REASON_MAX;
use crate::domain::ids::JobId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Why nothing can be asked of a job now: somebody else has it in hand.
pub fn foreign(cx: &Shared, job: &JobRow) -> Option<Text> {
    let owner = job.foreign(cx.me.as_ref().map_or("", |me| me.name.as_str()))?;
    let key = key_of(cx, Action::JobTakeOver, Context::Job);
    Some(t!("refused-foreign", by = &owner.by, key = key))
}

/// Why a job cannot be taken over.
pub fn refusal(cx: &Shared, job: &JobRow) -> Option<Text> {
    if job.state.is_over() {
        return Some(t!("refused-job-over"));
    }
    foreign(cx, job).is_none().then(|| t!("refused-in-hand"))
}

/// What stands over a job that works: who has it in hand where that is somebody else, and what of a take-over.
pub fn told(cx: &Shared, job: &JobRow) -> Vec<Text> {
    let mut lines = Vec::new();
    if job.state.is_over() {
        return lines;
    }
    if let Some((owner, (from, why))) = job.owner.as_ref().and_then(|o| Some((o, o.taken.as_ref()?))) {
        lines.push(t!("job-taken", by = &owner.by, from = from, at = cx.clock(owner.since), why = why));
    }
    if let Some(owner) = job.foreign(cx.me.as_ref().map_or("", |me| me.name.as_str())) {
        lines.push(if cx.may(access::Action::Install) {
            t!("job-foreign", by = &owner.by, key = key_of(cx, Action::JobTakeOver, Context::Job))
        } else {
            t!("job-watched", by = &owner.by)
        });
    }
    lines
}

struct TakeOver {
    job: JobId,
    from: String,
}

/// Asks for the reason.
pub fn take_over(job: &JobRow) -> Box<dyn Screen> {
    let from = job.owner.as_ref().map(|o| o.by.clone()).unwrap_or_default();
    let field = Field::text("why", t!("field-why"), "").hint(t!("hint-why", most = REASON_MAX));
    Box::new(Form::new(TakeOver { job: job.id, from }, vec![field]))
}

impl Purpose for TakeOver {
    fn name(&self) -> &'static str {
        "take-over"
    }

    fn title(&self) -> Text {
        t!("take-over-title", job = self.job.to_string())
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        vec![t!("take-over-what", from = &self.from)]
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let why = fields.text("why").to_owned();
        if why.is_empty() || why.chars().count() > REASON_MAX {
            fields.wrong("why", t!("fault-why", most = REASON_MAX));
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::Team(Team::TakeOver { job: self.job, why }))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Say(Level::Good, t!("take-over-done", job = self.job.to_string())), Effect::Close]
    }
}
