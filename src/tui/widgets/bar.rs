//! Progress bars.

use crate::tui::screen::Shared;
use crate::tui::theme::Part;
use ratatui::text::Span;

/// A bar of `wide` columns, full at 1000 permille and only there.
pub fn spans(cx: &Shared, permille: u16, wide: usize, part: Part) -> Vec<Span<'static>> {
    let permille = usize::from(permille.min(1000));
    let full = wide * permille / 1000;
    vec![
        Span::styled("█".repeat(full), cx.style(part)),
        Span::styled("░".repeat(wide - full), cx.style(Part::BarTodo)),
    ]
}
