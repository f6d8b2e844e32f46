//! What an empty list says.

use crate::tui::i18n::Text;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws sentences in the upper middle of `area`.
pub fn draw(cx: &Shared, frame: &mut Frame, area: Rect, sentences: &[Text]) {
    let room = usize::from(area.width).saturating_sub(4);
    let lines = sentences.iter().flat_map(|s| text::wrap(&cx.tr(s), room));
    let top = area.y.saturating_add(area.height / 4);
    for (n, line) in lines.enumerate() {
        let y = top.saturating_add(cells(n));
        if y < area.bottom() {
            let row = Rect { y, height: 1, ..area };
            frame.render_widget(Line::styled(line, cx.style(Part::Dim)).centered(), row);
        }
    }
}
