//! Help for the screen below, made from the table of keys.

use crate::tui::bindings::BINDINGS;
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context, pretty};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{frame_of, more_below};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Help for these contexts.
pub struct Help {
    contexts: Vec<Context>,
    from: usize,
    page: std::cell::Cell<usize>,
}

impl Help {
    /// Help for a screen that is in `contexts`.
    pub fn new(mut contexts: Vec<Context>) -> Self {
        contexts.retain(|c| *c != Context::Global);
        contexts.push(Context::Global);
        Self { contexts, from: 0, page: std::cell::Cell::new(10) }
    }

    /// Keys and texts, a title before each group.
    fn rows(&self, cx: &Shared) -> Vec<(String, String, Part)> {
        let role = cx.me.as_ref().map(|me| me.role);
        let mut rows = Vec::new();
        for context in &self.contexts {
            if !rows.is_empty() {
                rows.push((String::new(), String::new(), Part::Text));
            }
            let title =
                Text::key(format!("context-{}", context.word())).with("prefix", pretty(cx.keymap.prefix()));
            rows.push((String::new(), cx.tr(&title), Part::Title));
            for b in BINDINGS.iter().filter(|b| b.context == *context && b.permitted(role)) {
                let keys: Vec<String> = cx.keymap.keys(b).into_iter().map(pretty).collect();
                let keys = if keys.is_empty() { format!(":{}", b.action.word()) } else { keys.join(" ") };
                let what = Text::key(format!("act-{}", b.action.word()));
                rows.push((keys, cx.tr(&what), Part::Text));
            }
        }
        rows
    }
}

impl Screen for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Reading, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = self.page.get().max(2);
        let most = self.rows(cx).len().saturating_sub(page);
        self.from = match action {
            Action::Up => self.from.saturating_sub(1),
            Action::Down => self.from + 1,
            Action::HalfUp | Action::PageUp => self.from.saturating_sub(page / 2),
            Action::HalfDown | Action::PageDown => self.from + page / 2,
            Action::Top => 0,
            Action::Bottom => most,
            Action::Cancel | Action::Choose => return Some(vec![Effect::Close]),
            Action::Language | Action::Theme | Action::Leave | Action::Redraw | Action::Suspend => {
                return None;
            }
            _ => self.from,
        }
        .min(most);
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let rows = self.rows(cx);
        let keys = rows.iter().map(|(k, ..)| text::width(k)).max().unwrap_or(0);
        let words = rows.iter().map(|(_, w, _)| text::width(w)).max().unwrap_or(0);
        let columns = (keys + 2 + words).min(usize::from(area.width).saturating_sub(6));
        let inner = frame_of(cx, frame, area, &t!("help-title"), columns, rows.len());
        let room = usize::from(inner.height);
        self.page.set(room);
        let from = self.from.min(rows.len().saturating_sub(room));
        more_below(cx, frame, inner, rows.len().saturating_sub(from + room));
        for (n, (key, word, part)) in rows.into_iter().skip(from).take(room).enumerate() {
            let spans = if part == Part::Title {
                vec![Span::styled(word, cx.style(part))]
            } else {
                let key = text::left(&key, keys) + "  ";
                vec![Span::styled(key, cx.style(Part::Key)), Span::styled(word, cx.style(part))]
            };
            let y = inner.y.saturating_add(cells(n));
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..inner });
        }
    }
}
