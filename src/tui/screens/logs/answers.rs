//! What becomes of the engine's answers to the page's questions.

use super::{EXPORT, LOKI, LogsPage, TAIL_END, details};
use crate::api::logs::LogAnswer;
use crate::api::{Failure, Response};
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::t;
use crate::tui::screen::Shared;

impl LogsPage {
    /// An answer has come, or a refusal: for a pane, or for the page itself.
    pub(super) fn answered(
        &mut self,
        cx: &Shared,
        item: u64,
        result: Result<Response, Failure>,
    ) -> Vec<Effect> {
        let number = item & u64::from(u32::MAX);
        let of_pane = item >> 32 > 0;
        let answer = match result {
            Ok(Response::Logs(answer)) => *answer,
            Ok(Response::Loki(reply)) => return self.loki_answered(cx, item, reply),
            // Whether there is a Loki matters to nobody who does not look for it; a tail may be over before it is ended.
            Err(_) if item == LOKI || item == TAIL_END => return Vec::new(),
            Ok(_) => return Vec::new(),
            Err(failure) => {
                let why = cx.catalogue.failure(&failure);
                if let Some(pane) = self.pane_of(item >> 32) {
                    pane.refuse(number, why);
                    return Vec::new();
                }
                if item == EXPORT
                    && let Some(export) = &mut self.export
                {
                    if failure.kind == crate::api::FailureKind::NotFound {
                        let next = export.record(cx, EXPORT, None);
                        return self.exported(next);
                    }
                    self.export = None;
                }
                return vec![Effect::Say(Level::Bad, why)];
            }
        };
        match answer {
            LogAnswer::Window(window) if of_pane => {
                self.pane_of(item >> 32).map(|p| p.window(number, window)).unwrap_or_default()
            }
            LogAnswer::Search(hits) if of_pane => {
                let before = (self.pane.selected().map(|r| r.time), self.pane.follow);
                let mut effects = self.pane_of(item >> 32).map(|p| p.hits(number, &hits)).unwrap_or_default();
                effects.extend(self.link(before));
                effects
            }
            LogAnswer::Histogram(counts) => {
                self.bars.take(counts);
                Vec::new()
            }
            LogAnswer::Sources(sources) => {
                self.sources = Some(sources);
                Vec::new()
            }
            LogAnswer::Marks(marks) => {
                self.marked(marks);
                Vec::new()
            }
            LogAnswer::Views(views) => {
                let wanted = self.wanted_view.take();
                match views.iter().find(|v| wanted.as_ref() == Some(&v.name)) {
                    Some(view) => self.use_view(cx, view),
                    None => {
                        vec![Effect::Say(Level::Warn, t!("log-view-none", name = wanted.unwrap_or_default()))]
                    }
                }
            }
            LogAnswer::Window(window) if item == EXPORT => {
                let next = self.export.as_mut().map(|e| e.page(cx, EXPORT, window));
                next.map(|n| self.exported(n)).unwrap_or_default()
            }
            LogAnswer::Record(record) if item == EXPORT => {
                let next = self.export.as_mut().map(|e| e.record(cx, EXPORT, Some(*record)));
                next.map(|n| self.exported(n)).unwrap_or_default()
            }
            LogAnswer::Record(record) => {
                let note = self.marks.get(&record.row.cursor);
                vec![Effect::Push(Box::new(details::details(cx, &record, note)))]
            }
            _ => Vec::new(),
        }
    }
}
