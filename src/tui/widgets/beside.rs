//! Details beside a list, where the terminal is wide enough; elsewhere a key opens them.

use crate::tui::i18n::Text;
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From how many columns on details stand beside the list, and how many they take.
const WIDE: u16 = 150;
const COLUMNS: u16 = 62;
/// Columns of the word before a value.
const LABEL: usize = 16;

/// The place of the list, and that of the details where there is one.
pub fn split(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < WIDE {
        return (area, None);
    }
    let list = Rect { width: area.width - COLUMNS, ..area };
    (list, Some(Rect { x: area.x + list.width, width: COLUMNS, ..area }))
}

/// A line of details: a word and what there is.
pub fn line(cx: &Shared, label: &Text, value: &str) -> Text {
    Text::plain(format!("{}  {value}", text::left(&cx.tr(label), LABEL)))
}

/// Draws details: a title, and lines of which long ones are wrapped.
pub fn draw(cx: &Shared, frame: &mut Frame, place: Rect, title: &str, lines: &[Text]) {
    let room = usize::from(place.width).saturating_sub(3);
    let mut shown: Vec<(String, Part)> = vec![(text::fit(title, room), Part::Title)];
    for line in lines {
        shown.extend(text::wrap(&cx.tr(line), room).into_iter().map(|l| (l, Part::Text)));
    }
    let mut shown = shown.into_iter();
    for y in place.y..place.bottom() {
        let mut spans = vec![Span::styled("│ ", cx.style(Part::Border))];
        spans.extend(shown.next().map(|(line, part)| Span::styled(line, cx.style(part))));
        frame.render_widget(Line::from(spans), Rect { y, height: 1, ..place });
    }
}
