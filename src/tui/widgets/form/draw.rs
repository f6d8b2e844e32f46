//! A form on the screen: its lines, cut to the room there is, with the cursor where one types.

use super::super::dialog::frame_of;
use super::super::field::{Field, Tick, Value};
use super::super::prompt::window;
use super::{Fields, Purpose};
use crate::tui::i18n::t;
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// A line of a form, and where the cursor stands when it is in this line.
type Row = (Line<'static>, Option<usize>);

pub(super) fn draw(cx: &Shared, frame: &mut Frame, area: Rect, purpose: &impl Purpose, fields: &Fields) {
    let labels = fields.shown().map(|(_, f)| text::width(&cx.tr(&f.label))).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(6).min(76);
    let wide = room.saturating_sub(labels + 2).clamp(8, 46);
    let total = (labels + 2 + wide).min(room).max(room.min(52));
    let mut rows: Vec<Row> = Vec::new();
    for sentence in purpose.intro(cx) {
        rows.extend(text::wrap(&cx.tr(&sentence), total).into_iter().map(|l| (Line::from(l), None)));
    }
    if !rows.is_empty() {
        rows.push((Line::default(), None));
    }
    for (at, field) in fields.shown() {
        let focused = at == fields.focus;
        rows.extend(field_rows(cx, field, focused, labels, wide));
        let below = match (&field.fault, &field.hint) {
            (Some(fault), _) => Some((format!("✗ {}", cx.tr(fault)), Part::Bad)),
            (None, Some(hint)) if focused => Some((cx.tr(hint), Part::Dim)),
            _ => None,
        };
        if let Some((sentence, part)) = below {
            let lead = " ".repeat((labels + 2).min(total / 3));
            let width = total.saturating_sub(text::width(&lead));
            rows.extend(
                text::wrap(&sentence, width)
                    .into_iter()
                    .map(|l| (Line::styled(format!("{lead}{l}"), cx.style(part)), None)),
            );
        }
    }
    let last = if fields.busy {
        Some((cx.tr(&t!("form-busy")), Part::Busy))
    } else if let Some(fault) = &fields.fault {
        Some((format!("✗ {}", cx.tr(fault)), Part::Bad))
    } else {
        purpose.outro(fields).map(|o| (cx.tr(&o), Part::Dim))
    };
    rows.push((Line::default(), None));
    if let Some((sentence, part)) = last {
        let lines = text::wrap(&sentence, total);
        rows.extend(lines.into_iter().map(|l| (Line::styled(l, cx.style(part)), None)));
    }
    let inner = frame_of(cx, frame, area, &purpose.title(), total, rows.len());
    // On a small terminal the line with the cursor stays in sight.
    let room = usize::from(inner.height);
    let cursor_row = rows.iter().position(|(_, c)| c.is_some()).unwrap_or(0);
    let skip = (cursor_row + 2).saturating_sub(room).min(rows.len().saturating_sub(room));
    for (n, (line, cursor)) in rows.into_iter().skip(skip).take(room).enumerate() {
        let y = inner.y.saturating_add(cells(n));
        frame.render_widget(line, Rect { y, height: 1, ..inner });
        if let Some(column) = cursor
            && !fields.busy
        {
            let x = inner.x.saturating_add(cells(column)).min(inner.right().saturating_sub(1));
            frame.set_cursor_position(Position { x, y });
        }
    }
}

fn field_rows(cx: &Shared, field: &Field, focused: bool, labels: usize, wide: usize) -> Vec<Row> {
    let label = Span::styled(
        text::left(&cx.tr(&field.label), labels) + "  ",
        if focused { cx.style(Part::Title) } else { cx.style(Part::Text) },
    );
    let part = if focused { Part::FieldFocus } else { Part::Field };
    let line = |shown: String, cursor: usize| {
        let (window, column) = window(&shown, cursor, wide);
        let value = Span::styled(text::left(&window, wide), cx.style(part));
        vec![(Line::from(vec![label.clone(), value]), focused.then_some(labels + 2 + column))]
    };
    match &field.value {
        Value::Text(input) => line(input.text().to_owned(), input.cursor()),
        Value::Secret(secret) => {
            let (shown, cursor) = secret.shown();
            line(shown, cursor)
        }
        Value::Choice { options, at } => {
            let title = options.get(*at).map(|(_, title)| cx.tr(title)).unwrap_or_default();
            let shown = if options.len() > 1 { format!("◂ {title} ▸") } else { title };
            line(shown, 0)
        }
        Value::Ticks { options, at } => options
            .iter()
            .enumerate()
            .map(|(n, (_, title, tick))| {
                let mark = match tick {
                    Tick::Off => "[ ]",
                    Tick::On => "[x]",
                    Tick::Mixed => "[~]",
                };
                let here = focused && n == *at;
                let style = if here { cx.style(Part::Selection) } else { cx.style(Part::Text) };
                let lead = if n == 0 { label.clone() } else { Span::raw(" ".repeat(labels + 2)) };
                let value = Span::styled(format!("{mark} {}", cx.tr(title)), style);
                (Line::from(vec![lead, value]), here.then_some(labels + 3))
            })
            .collect(),
    }
}
