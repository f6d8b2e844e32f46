//! What the page does with Loki: shows a query in a pane, has it completed, follows its answers.

use super::super::pane::FromLoki;
use super::super::typing::Kind;
use super::super::{About, LOKI, LOKI_LABELS, LOKI_VALUES, LogsPage};
use super::{ql, rows};
use crate::api::Request;
use crate::api::logs::{Cursor, LogAt, TraceOf};
use crate::api::loki::{LokiAsk, LokiReply};
use crate::domain::loki::{LokiEntry, LokiView};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;

/// Now, microseconds since 1970.
pub(in super::super) fn micros(cx: &Shared) -> i64 {
    i64::try_from(cx.now.0).unwrap_or(i64::MAX).saturating_mul(1_000)
}

impl LogsPage {
    /// Asks where Loki is, and whether there is one.
    pub(in super::super) fn ask_loki(&self) -> Effect {
        Effect::Call(Tag::Item(LOKI), Request::Loki(LokiAsk::Show { env: self.env }))
    }

    /// Panes that ask Loki know what time it is.
    pub(in super::super) fn tell_time(&mut self, cx: &Shared) {
        let now = micros(cx);
        for pane in std::iter::once(&mut self.pane).chain(&mut self.panes.rest) {
            if let Some(loki) = &mut pane.loki {
                loki.now = now;
            }
        }
    }

    /// The query with which Loki is shown first.
    fn first_query(&self) -> String {
        let job = self.loki.as_ref().map_or("", |s| s.job.as_str());
        format!("{{job={job:?}}}")
    }

    /// Shows Loki in the focused pane.
    pub(in super::super) fn show_loki(&mut self, cx: &Shared) -> Vec<Effect> {
        self.tree_focus = false;
        let query = self.first_query();
        self.query(cx, Some(&query))
    }

    /// Shows a query in the focused pane, or the collected logs again.
    pub(in super::super) fn query(&mut self, cx: &Shared, query: Option<&str>) -> Vec<Effect> {
        let mut effects = self.pane.end_tail();
        self.pane.loki = query.map(|query| FromLoki::new(query, micros(cx)));
        // What a query takes is said in the query; times stay.
        let (from, to) = (self.pane.filter.from, self.pane.filter.to);
        let filter = match query {
            Some(_) => crate::domain::logs::LogFilter { from, to, ..Default::default() },
            None => self.initial.clone(),
        };
        self.pane.find = None;
        effects.extend(self.pane.refilter(filter));
        effects
    }

    /// Begins to type LogQL in a pane that shows Loki.
    pub(in super::super) fn ask_labels(&self) -> Vec<Effect> {
        let asks = self.labels.names.is_empty();
        let ask = Request::Loki(LokiAsk::Labels { env: self.env });
        asks.then(|| Effect::Call(Tag::Item(LOKI_LABELS), ask)).into_iter().collect()
    }

    /// Asks for the values of a label.
    pub(in super::super) fn ask_values(&mut self, label: String) -> Vec<Effect> {
        self.wanted_label = Some(label.clone());
        let ask = Request::Loki(LokiAsk::Values { env: self.env, label, selector: None });
        vec![Effect::Call(Tag::Item(LOKI_VALUES), ask)]
    }

    /// Loki, or the engine on its behalf, has answered.
    pub(in super::super) fn loki_answered(
        &mut self,
        cx: &Shared,
        item: u64,
        reply: LokiReply,
    ) -> Vec<Effect> {
        let number = item & u64::from(u32::MAX);
        self.tell_time(cx);
        match reply {
            LokiReply::View(view) if item == LOKI => {
                let LokiView { settings, .. } = *view;
                self.loki = settings;
                Vec::new()
            }
            LokiReply::Names(names) if item == LOKI_LABELS => {
                self.labels.names = names;
                Vec::new()
            }
            LokiReply::Names(values) if item == LOKI_VALUES => {
                let Some(label) = self.wanted_label.take() else { return Vec::new() };
                self.labels.values.insert(label, values);
                let words = self.words(cx);
                if let Some(typing) = self.typing.as_mut().filter(|t| t.kind == Kind::Query) {
                    typing.complete(&words);
                }
                Vec::new()
            }
            LokiReply::Query(answer) if item == super::super::EXPORT => {
                let next = self.export.as_mut().map(|e| e.entries(cx, item, &answer));
                next.map(|n| self.exported(n)).unwrap_or_default()
            }
            LokiReply::Query(answer) => {
                let before = (self.pane.selected().map(|r| r.time), self.pane.follow);
                let Some(pane) = self.pane_of(item >> 32) else { return Vec::new() };
                let finds = pane.is_searching();
                let mut effects = pane.loki_came(number, *answer);
                if finds {
                    effects.extend(self.link(before));
                }
                effects
            }
            LokiReply::Tailing(tail) => {
                self.pane_of(item >> 32).map(|p| p.tailing(number, tail)).unwrap_or_default()
            }
            LokiReply::Tail(came) => {
                self.pane_of(item >> 32).map(|p| p.tailed(number, *came)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn entry(&self, cursor: Cursor) -> Option<&LokiEntry> {
        self.pane.loki.as_ref()?.entry(cursor)
    }

    /// Does an action on an entry of Loki; `None`: no entry of Loki is selected, or it is not one of these.
    pub(in super::super) fn on_entry(&self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        self.pane.loki.as_ref()?;
        let row = self.pane.selected()?;
        let deeper = |about, query: String, start| self.deeper_query(cx, about, &query, start);
        let Some(entry) = self.entry(row.cursor) else {
            // A line of figures.
            let title = Text::plain(row.message.clone());
            let reading = crate::tui::widgets::dialog::Reading::new(t!("loki-entry-title"), vec![title]);
            return (action == Action::Open).then(|| vec![Effect::Push(Box::new(reading))]);
        };
        let none = |text: Text| vec![Effect::Say(Level::Info, text)];
        Some(match action {
            Action::Open => vec![Effect::Push(Box::new(rows::details(cx, row, entry)))],
            Action::LogAround => deeper(About::Around, rows::stream(entry), LogAt::Time(row.time)),
            Action::LogRequest => match &row.request_id {
                Some(id) => deeper(
                    About::Trace(TraceOf::Request(id.clone())),
                    ql::naming(&entry.labels, id),
                    LogAt::Begin,
                ),
                None => none(t!("logs-no-request")),
            },
            Action::LogInstance => match &row.instance {
                Some(id) => deeper(
                    About::Trace(TraceOf::Instance(id.clone())),
                    ql::naming(&entry.labels, id),
                    LogAt::Begin,
                ),
                None => none(t!("logs-no-instance")),
            },
            Action::Yank => vec![Effect::Copy(entry.line.clone())],
            _ => return None,
        })
    }

    /// The next page down: another query.
    fn deeper_query(&self, cx: &Shared, about: About, query: &str, start: LogAt) -> Vec<Effect> {
        let mut page = Self::about(self.env, crate::domain::logs::LogFilter::default(), start, about);
        page.pane.trace = None;
        page.stamps = self.stamps;
        page.pane.wrap = self.pane.wrap;
        page.loki.clone_from(&self.loki);
        page.labels = self.labels.clone();
        page.pane.loki = Some(FromLoki::new(query, micros(cx)));
        page.initial_query = Some(query.to_owned());
        vec![Effect::Push(Box::new(page))]
    }
}
