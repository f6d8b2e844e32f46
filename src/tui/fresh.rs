//! What a page asked for as a whole, and asks for again as soon as the engine says that it changed.
//!
//! One question at a time: whatever changes before the answer comes is asked for once more after it. A page says since when
//! what it shows is known, so that nobody takes an old state for the present one.

use super::event::{Effect, Tag};
use super::i18n::{Text, t};
use super::screen::Shared;
use crate::api::Request;
use crate::api::rows::MarkRow;
use crate::domain::time::Moment;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Where a page stands with what it asked for.
#[derive(Debug, Default)]
pub struct Fresh {
    /// When the question went out that is not answered yet.
    asked: Option<Moment>,
    /// When the last one went out.
    last: Moment,
    /// It changed meanwhile.
    again: bool,
    /// When the last answer came.
    known: Option<Moment>,
    mark: Option<u64>,
    seen: Option<u64>,
}

impl Fresh {
    /// Asks, whatever was asked before.
    pub fn ask(&mut self, cx: &Shared, request: Request) -> Vec<Effect> {
        (self.asked, self.last, self.again) = (Some(cx.now), cx.now, false);
        vec![Effect::Call(Tag::Content, request)]
    }

    /// It has changed: asks, now or when the answer has come that is under way.
    pub fn changed(&mut self, cx: &Shared, request: Request) -> Vec<Effect> {
        if self.asked.is_some() {
            self.again = true;
            return Vec::new();
        }
        self.ask(cx, request)
    }

    /// The engine's mark: whether it tells of a change that was not asked for yet.
    pub fn marked(&mut self, mark: Option<&MarkRow>) -> bool {
        let Some(mark) = mark else { return false };
        match self.mark.replace(mark.version) {
            // The first one only says how it stands; unless something changed while we asked.
            None => mark.at >= self.last && mark.at > Moment(0),
            Some(known) => known != mark.version,
        }
    }

    /// Whether what it follows from differs from the last time.
    pub fn differs(&mut self, from: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        from.hash(&mut hasher);
        let now = hasher.finish();
        self.seen.replace(now).is_some_and(|known| known != now)
    }

    /// The answer has come, good or not; asks again if it changed meanwhile.
    pub fn came(&mut self, cx: &Shared, good: bool, request: Request) -> Vec<Effect> {
        self.asked = None;
        if good {
            self.known = Some(cx.now);
        }
        if self.again { self.ask(cx, request) } else { Vec::new() }
    }

    /// Since when what is shown is known.
    pub fn known(&self, cx: &Shared) -> Option<Text> {
        self.known.map(|at| t!("known-since", at = cx.clock(at)))
    }
}
