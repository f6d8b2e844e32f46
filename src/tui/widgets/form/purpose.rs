//! What a form is for: everything in which forms differ.

use super::super::stale;
use super::Fields;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::Text;
use crate::tui::screen::Shared;

/// What a form is for.
pub trait Purpose: Send {
    /// Name for the recorder.
    fn name(&self) -> &'static str;
    /// Title of the form.
    fn title(&self) -> Text;
    /// Sentences above the fields.
    fn intro(&self, _: &Shared) -> Vec<Text> {
        Vec::new()
    }
    /// A sentence below the fields that follows from what is typed.
    fn outro(&self, _: &Fields) -> Option<Text> {
        None
    }
    /// Looks at what has been typed so far.
    fn typed(&self, _: &mut Fields) {}
    /// Sends the form, or marks what is wrong.
    fn submit(&mut self, cx: &Shared, fields: &mut Fields) -> Vec<Effect>;
    /// A file that was asked for.
    fn file(&mut self, _: &Shared, _: &mut Fields, _: Result<Secret, String>) -> Vec<Effect> {
        Vec::new()
    }
    /// The answer is good.
    fn done(&mut self, cx: &Shared, fields: &mut Fields, tag: Tag, response: Response) -> Vec<Effect>;
    /// The answer is a refusal; `None`: show it in the form.
    fn refused(&mut self, _: &Shared, _: Tag, _: &Failure) -> Option<Vec<Effect>> {
        None
    }
    /// A refusal that asks for one thing more: the form takes it up itself.
    fn asks_more(&mut self, _: &Shared, _: &mut Fields, _: &Failure) -> bool {
        false
    }
    /// A refusal wipes the passwords.
    fn forgets(&self) -> bool {
        false
    }
    /// What it watches.
    fn topics(&self) -> Vec<Topic> {
        Vec::new()
    }
    /// Somebody else was quicker: what to ask the engine for in order to know what there is now. `None`: the rows at hand tell.
    fn ask_fresh(&self) -> Option<Request> {
        None
    }
    /// What there is now, kept aside for [`Self::rebase`]. `None`: this form has no such thing, or it has not come yet.
    fn theirs(&mut self, _: &Shared, _: Option<Response>) -> Option<stale::Theirs> {
        None
    }
    /// From now on what was kept aside is what the form is based on.
    fn rebase(&mut self) {}
    /// Asked once when the form is opened.
    fn opened(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }
}
