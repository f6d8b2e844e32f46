//! The line of tabs at the head of a page, and the way from one to the next.

use crate::tui::i18n::Text;
use crate::tui::screen::Shared;
use crate::tui::theme::Part;
use ratatui::text::Span;

/// The tabs of a page: an enumeration.
pub trait Tab: Copy + PartialEq + 'static {
    /// All, from left to right.
    const ALL: &'static [Self];

    /// Its word.
    fn title(self) -> Text;

    /// The tab to the right; after the last the first.
    fn next(self) -> Self {
        turned(self, 1)
    }

    /// The tab to the left; before the first the last.
    fn before(self) -> Self {
        turned(self, Self::ALL.len().saturating_sub(1))
    }
}

fn turned<T: Tab>(tab: T, by: usize) -> T {
    let at = T::ALL.iter().position(|t| *t == tab).unwrap_or(0);
    T::ALL.iter().cycle().nth(at + by).copied().unwrap_or(tab)
}

/// The line: number, word and count of each tab, `…` where it is not known yet. A page may have more to say behind them.
pub fn spans<T: Tab, C: Into<Option<usize>>>(
    cx: &Shared,
    open: T,
    count: impl Fn(T) -> C,
) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(" ")];
    for (n, tab) in T::ALL.iter().copied().enumerate() {
        let count = count(tab).into().map_or_else(|| "…".to_owned(), |count| count.to_string());
        let word = format!("{} {} {count}", n + 1, cx.tr(&tab.title()));
        // The open tab is told by its brackets, not by its look alone.
        let (word, part) =
            if tab == open { (format!("[{word}]"), Part::Title) } else { (format!(" {word} "), Part::Dim) };
        spans.push(Span::styled(word, cx.style(part)));
        spans.push(Span::raw(" "));
    }
    spans
}
