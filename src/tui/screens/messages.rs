//! The messages so far, newest first.

use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::widgets::chrome::level_look;
use crate::tui::widgets::empty;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The list; `from` counts lines from the newest.
#[derive(Default)]
pub struct Messages {
    from: usize,
}

impl Screen for Messages {
    fn name(&self) -> &'static str {
        "messages"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-messages"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Moving]
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let page = usize::from(cx.size.1).saturating_sub(5).max(2);
        let most = cx.messages.len();
        self.from = match action {
            Action::Up => self.from.saturating_sub(1),
            Action::Down => self.from + 1,
            Action::HalfUp | Action::PageUp => self.from.saturating_sub(page / 2),
            Action::HalfDown | Action::PageDown => self.from + page / 2,
            Action::Top => 0,
            Action::Bottom => most,
            _ => return None,
        }
        .min(most.saturating_sub(1));
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if cx.messages.is_empty() {
            return empty::draw(cx, frame, area, &[t!("messages-empty")]);
        }
        let mut y = area.y;
        for (at, level, message) in cx.messages.iter().rev().skip(self.from) {
            let (glyph, part) = level_look(*level);
            let clock = cx.clock(*at);
            let lead = text::width(&clock) + 2;
            let lines = text::wrap(&cx.tr(message), usize::from(area.width).saturating_sub(lead + 3));
            for (n, line) in lines.into_iter().enumerate() {
                if y >= area.bottom() {
                    return;
                }
                let before = if n == 0 { format!(" {clock} {glyph} ") } else { " ".repeat(lead + 2) };
                let spans = vec![Span::styled(before, cx.style(part)), Span::raw(line)];
                frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
                y = y.saturating_add(1);
            }
        }
    }
}
