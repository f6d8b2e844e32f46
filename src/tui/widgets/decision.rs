//! A question with a long list in it: what would become of each thing, before it is confirmed.
//!
//! The focus is on "Cancel"; the list scrolls, the sentences above it and the buttons below stay in sight.

use super::dialog::{buttons, frame_of, more_below};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::cell::Cell;

/// Where the focus is, and how far the list was scrolled.
#[derive(Default)]
pub struct Decision {
    on_go: bool,
    from: usize,
    page: Cell<usize>,
}

/// What a key made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was answered with yes.
    Yes,
    /// It was answered with no.
    No,
    /// The focus or the list has moved.
    Moved,
}

/// What is shown.
pub struct Sheet<'a> {
    /// Title.
    pub title: Text,
    /// Sentences above the list.
    pub head: Vec<(String, Part)>,
    /// Lines of the list.
    pub count: usize,
    /// The line with that number.
    pub line: &'a dyn Fn(usize) -> (String, Part),
    /// A sentence below the list.
    pub note: Option<(String, Part)>,
    /// The word on the button.
    pub go: Text,
    /// Whether the button does something now.
    pub possible: bool,
}

impl Decision {
    /// Whether the focus is on the button that does it.
    pub fn is_on_go(&self) -> bool {
        self.on_go
    }

    /// Back to "Cancel" and the first line: the list is another one.
    pub fn reset(&mut self) {
        (self.on_go, self.from) = (false, 0);
    }

    /// Takes an action; `None`: not mine. `count` is the number of lines in the list.
    pub fn act(&mut self, action: Action, count: usize) -> Option<Turn> {
        let page = self.page.get().max(2);
        let last = count.saturating_sub(self.page.get());
        let from = self.from.min(last);
        self.from = match action {
            Action::ChoiceNext | Action::ChoiceBefore => {
                self.on_go = !self.on_go;
                from
            }
            Action::Choose if self.on_go => return Some(Turn::Yes),
            Action::Choose | Action::Cancel => return Some(Turn::No),
            Action::Up => from.saturating_sub(1),
            Action::Down => (from + 1).min(last),
            Action::HalfUp => from.saturating_sub(page / 2),
            Action::HalfDown => (from + page / 2).min(last),
            Action::PageUp => from.saturating_sub(page - 1),
            Action::PageDown => (from + page - 1).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return None,
        };
        Some(Turn::Moved)
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect, sheet: &Sheet<'_>) {
        let columns = usize::from(area.width).saturating_sub(6).min(100);
        let wrapped = |(sentence, part): &(String, Part)| {
            let style = cx.style(*part);
            text::wrap(sentence, columns).into_iter().map(move |l| Line::styled(l, style)).collect::<Vec<_>>()
        };
        let head: Vec<Line> = sheet.head.iter().flat_map(wrapped).collect();
        let note: Vec<Line> = sheet.note.iter().flat_map(wrapped).collect();
        let blank = usize::from(sheet.count > 0);
        // Above the list, and above the buttons.
        let fixed = head.len() + blank + note.len() + 2;
        let inner = frame_of(cx, frame, area, &sheet.title, columns, fixed + sheet.count);
        let room = usize::from(inner.height).saturating_sub(fixed).min(sheet.count);
        self.page.set(room);
        let from = self.from.min(sheet.count.saturating_sub(room));
        let list = (from..sheet.count).take(room).map(|n| {
            let (line, part) = (sheet.line)(n);
            Line::styled(text::fit(&line, columns), cx.style(part))
        });
        let mut lines = head;
        lines.extend(std::iter::repeat_n(Line::default(), blank));
        lines.extend(list);
        lines.extend(note);
        let buttons_at = inner.height.saturating_sub(1);
        lines.truncate(usize::from(buttons_at));
        for (n, line) in lines.into_iter().enumerate() {
            frame.render_widget(line, Rect { y: inner.y.saturating_add(cells(n)), height: 1, ..inner });
        }
        let row = buttons(cx, &t!("button-cancel"), &sheet.go, self.on_go, sheet.possible);
        frame.render_widget(row, Rect { y: inner.y.saturating_add(buttons_at), height: 1, ..inner });
        more_below(cx, frame, inner, sheet.count.saturating_sub(from + room));
    }
}
