//! What the page does when it is asked to: by a key, by a line of the command line.

use super::tree::{self, Wish};
use super::typing::Kind;
use super::{About, EXPORT, LogsPage, RECORD, VIEWS, export, forms, pick};
use crate::api::logs::{Cursor, LogAsk, LogAt, TraceOf};
use crate::domain::logs::LogFilter;
use crate::tui::event::{Effect, Level};
use crate::tui::i18n::t;
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;

/// Whether an action shows other lines than those of a request: a trace has no filter of its own.
pub(super) fn refilters(action: Action) -> bool {
    matches!(
        action,
        Action::LogFilter
            | Action::LogSpanAll
            | Action::LogSpan5m
            | Action::LogSpan15m
            | Action::LogSpan1h
            | Action::LogSpan6h
            | Action::LogSpan24h
            | Action::LogSpan7d
            | Action::LogViews
            | Action::LogViewSave
            | Action::PaneAdd
            | Action::PaneNext
            | Action::PaneBefore
    )
}

impl LogsPage {
    /// Does an action; `None`: not one of this page.
    pub(super) fn perform(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        if self.tree_focus
            && let Some(effects) = self.tree_act(cx, action)
        {
            return Some(effects);
        }
        if let Some(effects) = self.on_entry(cx, action) {
            return Some(effects);
        }
        if let Some(effects) = self.on_row(action) {
            return Some(effects);
        }
        let hour = 3_600;
        Some(match action {
            Action::Back => return self.back(cx),
            Action::LogFilter if self.pane.loki.is_some() => {
                self.type_a(Kind::Query);
                self.ask_labels()
            }
            Action::LogFilter => {
                self.type_a(Kind::Filter);
                Vec::new()
            }
            Action::LogFind => {
                self.type_a(Kind::Find);
                Vec::new()
            }
            Action::PaneNext | Action::PaneBefore => {
                self.turn(action == Action::PaneNext);
                Vec::new()
            }
            Action::PaneAdd => self.add_pane(),
            Action::PaneDrop => {
                let text = if self.drop_pane() { return Some(Vec::new()) } else { t!("logs-last-pane") };
                vec![Effect::Say(Level::Info, text)]
            }
            Action::PaneLink => {
                self.panes.linked = !self.panes.linked;
                let text = if self.panes.linked { t!("logs-linked") } else { t!("logs-not-linked") };
                vec![Effect::Say(Level::Info, text)]
            }
            Action::Zoom => {
                self.panes.zoom = !self.panes.zoom && !self.panes.rest.is_empty();
                Vec::new()
            }
            Action::LogBars => {
                self.bars.turn(cx);
                Vec::new()
            }
            Action::LogEarlier => self.step(-1),
            Action::LogLater => self.step(1),
            Action::LogStamps => {
                self.stamps = self.stamps.next();
                Vec::new()
            }
            Action::LogMarks => vec![Effect::Push(Box::new(pick::Pick::new(self.env, pick::Kind::Marks)))],
            Action::LogViews => vec![Effect::Push(Box::new(pick::Pick::new(self.env, pick::Kind::Views)))],
            Action::LogViewSave => vec![Effect::Push(forms::save_view(self.env, self.view_now()))],
            Action::LogCollect => {
                let sources = self.sources.clone().unwrap_or_default();
                vec![Effect::Push(forms::collect(self.env, &sources))]
            }
            Action::Export => {
                let name =
                    cx.data.environment(self.env).map_or_else(|| "cpmg".to_owned(), |e| e.env.name.clone());
                vec![Effect::Push(export::ask(&name))]
            }
            Action::LogSpanAll => self.window(None),
            Action::LogSpan5m => self.window(Some(hour / 12)),
            Action::LogSpan15m => self.window(Some(hour / 4)),
            Action::LogSpan1h => self.window(Some(hour)),
            Action::LogSpan6h => self.window(Some(hour * 6)),
            Action::LogSpan24h => self.window(Some(hour * 24)),
            Action::LogSpan7d => self.window(Some(hour * 24 * 7)),
            other => return self.pane.act(other),
        })
    }

    /// Runs a line of the command line; `None`: not one of this page.
    pub(super) fn run_line(&mut self, cx: &Shared, line: &str) -> Option<Vec<Effect>> {
        let (word, rest) = line.split_once(' ')?;
        Some(match word {
            "log-record" => self.pane.go_to(Cursor(rest.parse().ok()?)),
            // `:at 2026-03-01T07:02`, `:at 90m`: to the lines of that time.
            "at" => match format!("since={rest}").parse::<LogFilter>() {
                Ok(LogFilter { from: Some(when), .. }) => {
                    let now = super::loki::micros(cx);
                    self.pane.follow = false;
                    self.pane.go_to_time(when.at(now))
                }
                Ok(_) => return None,
                Err(fault) => vec![Effect::Say(Level::Warn, cx.catalogue.filter_fault(&fault))],
            },
            "log-view" => {
                self.wanted_view = Some(rest.to_owned());
                vec![Self::call(VIEWS, LogAsk::Views { env: self.env })]
            }
            "log-export" => {
                let query = self.pane.loki.as_ref().map(|l| l.query.as_str());
                let mut export = export::Export::new(self.env, self.pane.lines_of(), rest.trim());
                export.of_loki(query, super::loki::micros(cx));
                let effects = export.begin(EXPORT);
                self.export = Some(export);
                effects
            }
            _ => return None,
        })
    }

    fn on_row(&mut self, action: Action) -> Option<Vec<Effect>> {
        let row = self.pane.selected()?;
        let (cursor, env) = (row.cursor, self.env);
        Some(match action {
            Action::Open => vec![Self::call(RECORD, LogAsk::Record { env, cursor })],
            Action::LogMark => {
                let note = self.marks.get(&cursor).cloned().unwrap_or_default();
                vec![Effect::Push(forms::mark(env, cursor, &note))]
            }
            Action::LogAround => self.deeper(About::Around, LogFilter::default(), LogAt::Cursor(cursor)),
            Action::LogRequest => {
                self.trace(row.request_id.clone().map(TraceOf::Request), t!("logs-no-request"))
            }
            Action::LogInstance => {
                self.trace(row.instance.clone().map(TraceOf::Instance), t!("logs-no-instance"))
            }
            Action::Yank => vec![Effect::Copy(export::plain(&jiff::tz::TimeZone::UTC, row, None))],
            _ => return None,
        })
    }

    fn tree_act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let sources = self.sources.clone().unwrap_or_default();
        let jobs = cx.data.jobs(self.env);
        let on_loki = self.pane.loki.is_some();
        let from = tree::From {
            sources: &sources,
            jobs: &jobs,
            filter: &self.pane.filter,
            loki: self.loki.as_ref(),
            on_loki,
        };
        Some(match self.tree.act(action, &from)? {
            Wish::Nothing => Vec::new(),
            Wish::Only(filter) => {
                self.tree_focus = false;
                let mut effects = self.pane.end_tail();
                self.pane.loki = None;
                effects.extend(self.pane.refilter(filter));
                effects
            }
            Wish::Also(filter) => {
                let mut effects = self.pane.end_tail();
                self.pane.loki = None;
                effects.extend(self.pane.refilter(filter));
                effects
            }
            Wish::Loki => self.show_loki(cx),
        })
    }
}
