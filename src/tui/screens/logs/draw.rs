//! Log lines on the screen: a mark, the time, the level, node, service, the message.
//!
//! A level is told by a letter (on wide panes by its word) and by a colour that means the same everywhere: grey for details,
//! yellow for what needs a look, red for what went wrong. What was searched for stands out. A record of many lines says how
//! many more there are; all of them are in its details.

use super::pane::Pane;
use super::stamps::Stamps;
use crate::api::logs::{Cursor, LogRow};
use crate::domain::logs::Level;
use crate::domain::text::harmless;
use crate::tui::i18n::t;
use crate::tui::screen::Shared;
use crate::tui::screens::log_pane::hard_wrap;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use regex::Regex;
use std::collections::BTreeMap;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Columns from which levels are words and components are shown.
const WIDE: usize = 110;
/// Columns that names take at most.
const NAME_MAX: usize = 14;
/// Characters of a message that a wrapped record shows.
const WRAPPED_MAX: usize = 8;

/// How a pane is shown.
pub struct Look<'a> {
    /// Times.
    pub stamps: Stamps,
    /// Marked records with their notes.
    pub marks: &'a BTreeMap<Cursor, String>,
    /// It gets the keys.
    pub focus: bool,
}

/// The letter of a level.
pub fn letter(level: Option<Level>) -> char {
    level.and_then(|l| l.upper().chars().next()).unwrap_or(' ')
}

/// The look of a level.
pub fn part(level: Option<Level>) -> Part {
    match level {
        Some(Level::Trace | Level::Debug) => Part::Dim,
        Some(Level::Info) | None => Part::Text,
        Some(Level::Notice) => Part::Title,
        Some(Level::Warning) => Part::Warn,
        Some(Level::Error | Level::Critical) => Part::Bad,
    }
}

/// What the lines of a pane have in common.
struct Columns {
    whole: usize,
    dates: bool,
    stamp: usize,
    wide: bool,
    node: usize,
    service: usize,
    message: usize,
    from: i64,
    finds: Vec<Regex>,
}

impl Columns {
    fn of(cx: &Shared, pane: &Pane, look: &Look, whole: usize) -> Self {
        let now = i64::try_from(cx.now.0).unwrap_or(i64::MAX).saturating_mul(1000);
        let zone = if look.stamps == Stamps::Utc { &jiff::tz::TimeZone::UTC } else { &cx.zone };
        let dates = pane.other_days(zone, now);
        let stamp = look.stamps.columns(dates);
        let wide = whole >= WIDE;
        let widths = pane.widths();
        // On a narrow pane names give way first.
        let most = if whole < 60 { 6 } else { NAME_MAX };
        let one_node = pane.filter.nodes.len() == 1 && pane.trace.is_none();
        let node = if one_node { 0 } else { widths.node.min(most) };
        let service = widths.service.min(most);
        let level = if wide { 8 } else { 1 };
        let gap = |n: usize| if n == 0 { 0 } else { n + 1 };
        let lead = 1 + gap(stamp) + level + 1 + gap(node) + gap(service);
        let finds = pane.find.iter().map(|f| f.regex.clone());
        let texts = pane.filter.text.iter().filter(|t| !t.inverted).filter_map(|t| compile(&t.pattern));
        Self {
            whole,
            dates,
            stamp,
            wide,
            node,
            service,
            message: whole.saturating_sub(lead).max(8),
            from: pane.selected().map_or(0, |r| r.time),
            finds: finds.chain(texts).collect(),
        }
    }
}

/// A regular expression as the engine reads it: small letters match large ones, too, if there is no large one in it.
pub fn compile(pattern: &str) -> Option<Regex> {
    let insensitive = !pattern.chars().any(char::is_uppercase);
    regex::RegexBuilder::new(pattern).case_insensitive(insensitive).size_limit(1 << 20).build().ok()
}

/// The text of a row with the styles of its parts: where each ends.
fn body(
    cx: &Shared,
    row: &LogRow,
    note: Option<&String>,
    wide: bool,
    base: Style,
) -> (String, Vec<(usize, Style)>) {
    let mut out = String::new();
    let mut parts = Vec::new();
    let mut put = |words: &str, style: Style| {
        out.push_str(words);
        parts.push((out.len(), style));
    };
    if let Some(component) = row.component.as_ref().filter(|_| wide) {
        put(&format!("{component} "), cx.style(Part::Dim));
    }
    put(&row.message, base);
    if row.lines > 1 {
        put(
            &format!(" {}", cx.tr(&t!("logs-more-lines", count = u64::from(row.lines - 1)))),
            cx.style(Part::Dim),
        );
    }
    if let Some(finding) = &row.finding {
        put(&format!(" ▲ {finding}"), cx.style(Part::Warn));
    }
    if let Some(note) = note.filter(|n| !n.is_empty()) {
        put(&format!(" ◆ {}", cx.tr(&crate::tui::i18n::Text::plain(note))), cx.style(Part::Mark));
    }
    (out, parts)
}

/// The bytes `from..to` of a text as spans.
fn spans(
    text: &str,
    parts: &[(usize, Style)],
    hits: &[Range<usize>],
    hit: Style,
    cut: Range<usize>,
) -> Vec<Span<'static>> {
    let mut bounds: Vec<usize> = parts.iter().map(|(end, _)| *end).collect();
    bounds.extend(hits.iter().flat_map(|h| [h.start, h.end]));
    bounds.extend([cut.start, cut.end]);
    bounds.retain(|b| cut.start <= *b && *b <= cut.end);
    bounds.sort_unstable();
    bounds.dedup();
    bounds
        .windows(2)
        .filter_map(|pair| {
            let (from, to) = (*pair.first()?, *pair.last()?);
            let style = if hits.iter().any(|h| h.start <= from && from < h.end) {
                hit
            } else {
                parts.iter().find(|(end, _)| from < *end).map(|(_, s)| *s).unwrap_or_default()
            };
            Some(Span::styled(text.get(from..to)?.to_owned(), style))
        })
        .collect()
}

/// The byte at which column `column` begins, and the columns by which a wide character reaches over it.
fn byte_at(text: &str, column: usize) -> (usize, usize) {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if used >= column {
            return (at, used - column);
        }
        used += text::width(cluster);
    }
    (text.len(), used.saturating_sub(column))
}

fn lead(
    cx: &Shared,
    row: &LogRow,
    look: &Look,
    columns: &Columns,
    base: Option<Style>,
) -> Vec<Span<'static>> {
    let style = |part: Part| base.unwrap_or_else(|| cx.style(part));
    let mark = if look.marks.contains_key(&row.cursor) { "◆" } else { " " };
    let mut out = vec![Span::styled(mark, style(Part::Mark))];
    if columns.stamp > 0 {
        let stamp = look.stamps.write(cx, row.time, columns.from, columns.dates);
        let sure = if row.guessed { "~" } else { " " };
        out.push(Span::styled(stamp + sure, style(Part::Dim)));
    }
    let level = if columns.wide {
        text::left(row.level.map_or("", Level::upper), 8)
    } else {
        letter(row.level).to_string()
    };
    out.push(Span::styled(level + " ", style(part(row.level))));
    for (name, width) in [(&row.node, columns.node), (&row.service, columns.service)] {
        if width > 0 {
            out.push(Span::styled(text::left(name, width) + " ", style(Part::Text)));
        }
    }
    out
}

/// A row as lines.
fn lines(cx: &Shared, pane: &Pane, at: usize, look: &Look, columns: &Columns) -> Vec<Line<'static>> {
    let Some(row) = pane.rows().get(at) else { return Vec::new() };
    let here = at == pane.at();
    let selection = here.then(|| cx.style(if look.focus { Part::Selection } else { Part::SelectionIdle }));
    let level = cx.style(match row.level {
        Some(Level::Warning) => Part::Text,
        other => part(other),
    });
    let base = selection.unwrap_or(level);
    let (text, mut parts) = body(cx, row, look.marks.get(&row.cursor), columns.wide, base);
    if let Some(style) = selection {
        for (_, s) in &mut parts {
            *s = style;
        }
    }
    let hits: Vec<Range<usize>> = columns
        .finds
        .iter()
        .flat_map(|f| {
            f.find_iter(&text).map(|m| m.range()).filter(|r| !r.is_empty()).take(50).collect::<Vec<_>>()
        })
        .collect();
    let hit = cx.style(Part::Match);
    let begin = lead(cx, row, look, columns, selection);
    let used: usize = begin.iter().map(|s| text::width(&s.content)).sum();
    let finish = |mut spans: Vec<Span<'static>>| {
        let line: usize = spans.iter().map(|s| text::width(&s.content)).sum();
        if let Some(style) = selection {
            spans.push(Span::styled(" ".repeat(columns.whole.saturating_sub(line)), style));
        }
        Line::from(spans)
    };
    if !pane.wrap {
        let (from, over) = byte_at(&text, pane.left);
        let seen = text::head(text.get(from..).unwrap_or_default(), columns.message.saturating_sub(over));
        let mut all = begin;
        all.push(Span::styled(" ".repeat(over), base));
        all.extend(spans(&text, &parts, &hits, hit, from..from + seen.len()));
        return vec![finish(all)];
    }
    let mut out = Vec::new();
    let mut from = 0;
    let mut before = begin;
    for piece in hard_wrap(&text, columns.message).take(WRAPPED_MAX) {
        let mut all = std::mem::replace(&mut before, vec![Span::styled(" ".repeat(used), base)]);
        all.extend(spans(&text, &parts, &hits, hit, from..from + piece.len()));
        from += piece.len();
        out.push(finish(all));
    }
    out
}

/// Draws the rows of a pane; the selected one is always in sight.
pub fn rows(cx: &Shared, frame: &mut Frame, area: Rect, pane: &Pane, look: &Look) {
    let room = usize::from(area.height);
    pane.page.set(room);
    if room == 0 || area.width < 4 || pane.rows().is_empty() {
        return;
    }
    let bar = pane.rows().len() > room;
    let columns = Columns::of(cx, pane, look, usize::from(area.width) - usize::from(bar));
    let count = pane.rows().len();
    let height = |at: usize| if pane.wrap { lines(cx, pane, at, look, &columns).len() } else { 1 };
    // The first row from which the screen is full up to `last`.
    let first_for = |last: usize| {
        let (mut used, mut at) = (0, last + 1);
        while at > 0 {
            used += height(at - 1);
            if used > room {
                break;
            }
            at -= 1;
        }
        at.min(last)
    };
    let at = pane.at().min(count - 1);
    let top = pane.top.get().min(at).max(first_for(at)).min(first_for(count - 1));
    pane.top.set(top);
    let mut y = 0;
    'rows: for n in top..count {
        for line in lines(cx, pane, n, look, &columns) {
            if y >= room {
                break 'rows;
            }
            let place = Rect { y: area.y.saturating_add(cells(y)), height: 1, ..area };
            frame.render_widget(line, Rect { width: cells(columns.whole), ..place });
            y += 1;
        }
    }
    if bar {
        scroll_bar(cx, frame, area, pane);
    }
}

fn scroll_bar(cx: &Shared, frame: &mut Frame, area: Rect, pane: &Pane) {
    let (place, total) = pane.place().unwrap_or_else(|| {
        let count = |n: usize| u64::try_from(n).unwrap_or(0);
        (count(pane.at() + 1), count(pane.rows().len()))
    });
    let room = u64::from(area.height);
    let at = place.saturating_sub(1).saturating_mul(room) / total.max(1);
    for y in 0..area.height {
        let here = u64::from(y) == at;
        let (sign, part) = if here { ("█", Part::BorderFocus) } else { ("│", Part::Border) };
        let place = Rect { x: area.right().saturating_sub(1), y: area.y + y, width: 1, height: 1 };
        frame.render_widget(Line::styled(sign, cx.style(part)), place);
    }
}

/// What a node wrote, made harmless once and for all.
pub fn tame(row: &mut LogRow) {
    let clean = |text: &mut String| {
        if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
            *text = harmless(text).replace('\n', " ");
        }
    };
    clean(&mut row.node);
    clean(&mut row.service);
    clean(&mut row.message);
    for part in [&mut row.component, &mut row.request_id, &mut row.instance, &mut row.finding] {
        part.as_mut().map(clean);
    }
}
