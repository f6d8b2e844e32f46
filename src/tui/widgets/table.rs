//! Tables: columns that shrink and give way, rows built for the visible window only.

use super::list::{Descending, List};
use crate::tui::i18n::Text;
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// How wide a column is, in columns of the terminal.
#[derive(Clone, Copy, Debug)]
pub enum Wide {
    /// Always that wide.
    Fixed(usize),
    /// At least that wide; shares what is left.
    Flex(usize),
}

/// A column.
pub struct Column {
    /// Its head.
    pub title: Text,
    /// Its width.
    pub wide: Wide,
    /// The higher, the earlier it gives way on a narrow terminal; 0 never does.
    pub gives_way: u8,
    /// The action that sorts by it, and its key.
    pub sort: Option<(Action, char)>,
}

/// A column.
pub fn column(title: Text, wide: Wide, gives_way: u8) -> Column {
    Column { title, wide, gives_way, sort: None }
}

impl Column {
    /// It can be sorted by.
    #[must_use]
    pub fn sorted_by(mut self, action: Action, key: char) -> Self {
        self.sort = Some((action, key));
        self
    }
}

/// A cell: text and the part of the theme it is drawn with.
pub type Cell = (String, Part);

const GAP: usize = 2;

/// Widths of the columns that fit into `room`; `None` for those that gave way.
fn layout(columns: &[Column], room: usize) -> Vec<Option<usize>> {
    let least = |c: &Column| match c.wide {
        Wide::Fixed(n) | Wide::Flex(n) => n,
    };
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| {
        let used = columns.iter().zip(shown).filter(|(_, s)| **s);
        used.map(|(c, _)| least(c) + GAP).sum::<usize>().saturating_sub(GAP)
    };
    while needed(&shown) > room {
        let candidates =
            columns.iter().enumerate().filter(|(i, c)| shown.get(*i) == Some(&true) && c.gives_way > 0);
        let Some((worst, _)) = candidates.max_by_key(|(_, c)| c.gives_way) else { break };
        if let Some(s) = shown.get_mut(worst) {
            *s = false;
        }
    }
    let mut left = room.saturating_sub(needed(&shown));
    let is_flex = |(c, s): &(&Column, &bool)| **s && matches!(c.wide, Wide::Flex(_));
    let mut flexes = columns.iter().zip(&shown).filter(is_flex).count();
    columns
        .iter()
        .zip(&shown)
        .map(|(c, s)| {
            s.then(|| match c.wide {
                Wide::Fixed(n) => n,
                Wide::Flex(n) => {
                    let share = left / flexes.max(1);
                    left -= share;
                    flexes -= 1;
                    n + share
                }
            })
        })
        .collect()
}

fn head(cx: &Shared, column: &Column, list: &List, wide: usize) -> String {
    let mut title = cx.tr(&column.title);
    if let Some((action, key)) = column.sort {
        let arrow = match list.sort {
            Some((by, Descending::No)) if by == action => "↑",
            Some((by, Descending::Yes)) if by == action => "↓",
            _ => "",
        };
        title = format!("{title}({key}){arrow}");
    }
    text::left(&title, wide)
}

/// The heads with, at their end, which of the rows are in sight; `None` where all are, or where there is no room for it.
fn place(
    heads: &[Span],
    columns: usize,
    offset: usize,
    room: usize,
    rows: usize,
) -> Option<Vec<Span<'static>>> {
    if rows <= room {
        return None;
    }
    let heads: String = heads.iter().map(|s| s.content.as_ref()).collect();
    let forms = [format!("  {}-{}/{rows} ", offset + 1, (offset + room).min(rows)), format!("  /{rows} ")];
    let used = text::width(heads.trim_end());
    let form = forms.into_iter().find(|form| used + text::width(form) <= columns)?;
    let left = text::left(heads.trim_end(), columns - text::width(&form));
    Some(vec![Span::raw(left), Span::raw(form)])
}

/// Draws the heads and the rows of `keys` that fit into `area`; `row` gives the cells of one.
pub fn draw(
    cx: &Shared,
    frame: &mut Frame,
    area: Rect,
    list: &List,
    columns: &[Column],
    keys: &[u64],
    row: impl Fn(u64) -> Vec<Cell>,
) {
    if area.height == 0 {
        return;
    }
    let widths = layout(columns, usize::from(area.width).saturating_sub(2));
    let mut heads = vec![Span::raw("  ")];
    for (column, wide) in columns.iter().zip(&widths) {
        if let Some(wide) = wide {
            heads.push(Span::raw(head(cx, column, list, *wide) + &" ".repeat(GAP)));
        }
    }
    let room = usize::from(area.height.saturating_sub(1));
    let offset = list.scroll(keys, room);
    if let Some(place) = place(&heads, usize::from(area.width), offset, room, keys.len()) {
        heads = place;
    }
    let first = Rect { height: 1, ..area };
    frame.render_widget(Line::from(heads).style(cx.style(Part::Title)), first);
    let selected = list.selected(keys);
    for (n, key) in keys.iter().skip(offset).take(room).enumerate() {
        let marked = list.is_marked(*key);
        let is_selected = selected == Some(*key);
        let lead = match (is_selected, marked) {
            (true, true) => "»*",
            (true, false) => "» ",
            (false, true) => " *",
            (false, false) => "  ",
        };
        let base = if is_selected { cx.style(Part::Selection) } else { cx.style(Part::Text) };
        let mut spans = vec![Span::styled(lead, if marked { cx.style(Part::Mark) } else { base })];
        for ((content, part), wide) in row(*key).iter().zip(&widths) {
            if let Some(wide) = wide {
                let style = if is_selected { base } else { cx.style(*part) };
                spans.push(Span::styled(text::left(content, *wide), style));
                spans.push(Span::styled(" ".repeat(GAP), base));
            }
        }
        let y = area.y.saturating_add(1).saturating_add(cells(n));
        frame.render_widget(Line::from(spans).style(base), Rect { y, height: 1, ..area });
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn rows_out_of_sight_are_counted() {
        let heads = vec![Span::raw("  Name      "), Span::raw("State     ")];
        let text = |spans: Option<Vec<Span>>| {
            spans.map(|all| all.iter().map(|s| s.content.as_ref()).collect::<String>())
        };
        assert_eq!(text(place(&heads, 40, 0, 20, 20)), None);
        assert_eq!(
            text(place(&heads, 40, 20, 20, 60)).as_deref(),
            Some("  Name      State              21-40/60 ")
        );
        assert_eq!(text(place(&heads, 24, 20, 20, 60)).as_deref(), Some("  Name      State   /60 "));
        assert_eq!(text(place(&heads, 20, 20, 20, 60)), None, "titles are not covered");
    }

    #[test]
    fn columns_give_way_and_share() {
        let columns = [
            column(Text::plain("a"), Wide::Flex(10), 0),
            column(Text::plain("b"), Wide::Fixed(8), 1),
            column(Text::plain("c"), Wide::Flex(6), 2),
        ];
        assert_eq!(layout(&columns, 38), [Some(15), Some(8), Some(11)]);
        assert_eq!(layout(&columns, 28), [Some(10), Some(8), Some(6)]);
        assert_eq!(layout(&columns, 27), [Some(17), Some(8), None]);
        assert_eq!(layout(&columns, 12), [Some(12), None, None]);
        assert_eq!(layout(&columns, 3), [Some(10), None, None], "cut by the edge");
    }
}
