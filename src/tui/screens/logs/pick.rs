//! Lists over the logs from which one is chosen: marked records, saved views.
//!
//! Enter opens one, `x` takes it away. What was chosen is told to the page underneath by a line of the command line, as an
//! operator could type it.

use super::stamps;
use crate::api::logs::{LogAnswer, LogAsk};
use crate::api::{Failure, Request, Response};
use crate::domain::ids::EnvId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{frame_of, more_below};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Marked records.
    Marks,
    /// Saved views.
    Views,
}

struct Entry {
    /// What is said to the page when it is chosen.
    line: String,
    /// How it is taken away.
    drop: LogAsk,
    words: Vec<String>,
}

/// The list.
pub struct Pick {
    env: EnvId,
    kind: Kind,
    entries: Option<Vec<Entry>>,
    at: usize,
}

impl Pick {
    /// A list; it asks for its content itself.
    pub fn new(env: EnvId, kind: Kind) -> Self {
        Self { env, kind, entries: None, at: 0 }
    }

    fn take(&mut self, cx: &Shared, answer: LogAnswer) {
        let env = self.env;
        let entries = match answer {
            LogAnswer::Marks(marks) => marks
                .into_iter()
                .map(|mark| {
                    let at = stamps::at(&cx.zone, mark.time, "%m-%d %H:%M:%S%.3f");
                    let what = mark.row.map_or_else(
                        || cx.tr(&t!("logs-mark-gone")),
                        |row| format!("{} {}: {}", row.node, row.service, row.message),
                    );
                    let note =
                        if mark.note.is_empty() { String::new() } else { format!("◆ {}  ", mark.note) };
                    Entry {
                        line: format!("log-record {}", mark.cursor.0),
                        drop: LogAsk::Unmark { env, cursor: mark.cursor },
                        words: vec![format!("{at}  {note}{what}"), mark.by],
                    }
                })
                .collect(),
            LogAnswer::Views(views) => views
                .into_iter()
                .map(|view| {
                    let filters: Vec<String> =
                        view.panes.iter().map(|f| f.to_string().trim().to_owned()).collect();
                    Entry {
                        line: format!("log-view {}", view.name),
                        drop: LogAsk::ViewRemove { env, name: view.name.clone() },
                        words: vec![format!("{}  {}", view.name, filters.join(" | ")), view.by],
                    }
                })
                .collect(),
            _ => return,
        };
        self.entries = Some(entries);
    }
}

impl Screen for Pick {
    fn name(&self) -> &'static str {
        "log-pick"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::LogPick, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        let env = self.env;
        let ask = match self.kind {
            Kind::Marks => LogAsk::Marks { env },
            Kind::Views => LogAsk::Views { env },
        };
        vec![Effect::Call(Tag::Content, Request::Logs(ask))]
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Logs(answer)) => self.take(cx, *answer),
            Ok(_) => {}
            Err(failure) => return vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))],
        }
        Vec::new()
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let entries = self.entries.as_deref().unwrap_or_default();
        let last = entries.len().saturating_sub(1);
        self.at = self.at.min(last);
        let here = entries.get(self.at);
        self.at = match action {
            Action::Up | Action::HalfUp | Action::PageUp => self.at.saturating_sub(1),
            Action::Down | Action::HalfDown | Action::PageDown => (self.at + 1).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Open => {
                let mut effects = vec![Effect::Close];
                effects.extend(here.map(|e| Effect::Line(e.line.clone())));
                return Some(effects);
            }
            Action::PickDrop => {
                let drop = here.map(|e| Effect::Call(Tag::Content, Request::Logs(e.drop.clone())));
                return Some(drop.into_iter().collect());
            }
            Action::Cancel | Action::Back | Action::Quit => return Some(vec![Effect::Close]),
            _ => return None,
        };
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let title = match self.kind {
            Kind::Marks => t!("logs-marks-title"),
            Kind::Views => t!("logs-views-title"),
        };
        let columns = usize::from(area.width).saturating_sub(6).min(120);
        let nothing = match (self.kind, &self.entries) {
            (_, None) => Some(t!("loading")),
            (Kind::Marks, Some(e)) if e.is_empty() => Some(t!("logs-marks-empty")),
            (Kind::Views, Some(e)) if e.is_empty() => Some(t!("logs-views-empty")),
            _ => None,
        };
        let entries = self.entries.as_deref().unwrap_or_default();
        let inner = frame_of(cx, frame, area, &title, columns, entries.len().clamp(3, 20));
        if let Some(text) = nothing {
            for (n, line) in text::wrap(&cx.tr(&text), columns).into_iter().enumerate().take(3) {
                let y = inner.y.saturating_add(cells(n));
                frame.render_widget(Line::styled(line, cx.style(Part::Dim)), Rect { y, height: 1, ..inner });
            }
            return;
        }
        let room = usize::from(inner.height);
        let at = self.at.min(entries.len().saturating_sub(1));
        let from = (at + 1).saturating_sub(room);
        more_below(cx, frame, inner, entries.len().saturating_sub(from + room));
        for (n, entry) in entries.iter().enumerate().skip(from).take(room) {
            let style = cx.style(if n == at { Part::Selection } else { Part::Text });
            let words = cx.tr(&Text::plain(entry.words.join("  · "))).replace('\n', " ");
            let lead = if n == at { "» " } else { "  " };
            let line = Line::styled(text::left(&format!("{lead}{words}"), usize::from(inner.width)), style);
            let y = inner.y.saturating_add(cells(n - from));
            frame.render_widget(line, Rect { y, height: 1, ..inner });
        }
    }
}
