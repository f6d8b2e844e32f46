//! The picture of the page: tabs, panes with their titles, who is typed to.

use super::layout::PaneId;
use super::pane::Pane;
use super::{Prefix, ShellPage, Tab, prefix, recording};
use crate::terminal::Emulator;
use crate::tui::i18n::t;
use crate::tui::screen::{Patch, Shared};
use crate::tui::text;
use crate::tui::theme::{Colours, Part};
use crate::tui::widgets::terminal_view::{ColorDepth, TerminalView};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

impl ShellPage {
    /// Draws it.
    pub(super) fn draw(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        frame.render_widget(
            self.tab_line(cx, usize::from(area.width)),
            Rect { height: 1.min(area.height), ..area },
        );
        let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        // The engine is told the size that the room has without messages; the mouse needs the corner.
        let told = self.area.get();
        self.area.set(Rect { x: rest.x, y: rest.y, ..told });
        self.drawn.set(Some(rest));
        let Some(tab) = self.tab() else { return };
        let targets = self.targets();
        for (id, title, place) in self.places(self.area.get()) {
            let Some(pane) = self.panes.get(&id) else { continue };
            let (title, place) = (title.intersection(rest), place.intersection(rest));
            let focus = tab.focus == id;
            if title.height > 0 {
                let typed_to = tab.together && targets.contains(&id);
                frame.render_widget(title_line(cx, pane, focus, typed_to, usize::from(title.width)), title);
            }
            self.draw_pane(cx, frame, pane, place, focus);
        }
        if !tab.zoomed {
            for border in tab.tree.borders(self.area.get()) {
                let border = border.intersection(rest);
                for y in border.top()..border.bottom() {
                    let line = Line::styled("│", cx.style(Part::Border));
                    frame.render_widget(line, Rect { y, height: 1, ..border });
                }
            }
        }
    }

    /// Repaints the lines that changed. What is typed is seen when its echo is drawn, and the whole page takes many times as long.
    pub(super) fn draw_changes(&mut self, cx: &Shared, frame: &mut Buffer) -> Option<Patch> {
        let rest = self.drawn.get()?;
        let focus = self.tab()?.focus;
        let mut patch = Patch::default();
        for (id, _, place) in self.places(self.area.get()) {
            let place = place.intersection(rest);
            let pane = self.panes.get_mut(&id)?;
            if pane.open().is_none() || pane.copying.is_some() {
                return None;
            }
            let damage = pane.emulator.take_damage();
            let view = TerminalView::new(&pane.emulator).depth(depth(cx));
            if !view.fits(place) {
                return None;
            }
            patch.rows.extend(damage.into_iter().filter_map(|line| view.line(line, place, frame)));
            if id == focus && self.prefix != Prefix::Pressed {
                patch.cursor = view.cursor_position(place).filter(|at| place.contains(*at));
            }
        }
        patch.rows.sort_unstable();
        patch.rows.dedup();
        Some(patch)
    }

    fn draw_pane(&self, cx: &Shared, frame: &mut Frame, pane: &Pane, place: Rect, focus: bool) {
        if pane.id.is_none() && pane.over.is_none() {
            let line = text::fit(&cx.tr(&t!("shell-opening", name = pane.name())), usize::from(place.width));
            let first = Rect { height: place.height.min(1), ..place };
            return frame.render_widget(Line::styled(line, cx.style(Part::Dim)), first);
        }
        let mut view = TerminalView::new(&pane.emulator).depth(depth(cx));
        let mut cursor = view.cursor_position(place).filter(|_| self.prefix != Prefix::Pressed);
        if let Some(copying) = &pane.copying {
            view = view.selection(copying.selection(&pane.emulator));
            cursor = copying.cursor(&pane.emulator).map(|(x, y)| Position::new(place.x + x, place.y + y));
        }
        frame.render_widget(view, place);
        if let Some(why) = &pane.over {
            let sentence = cx.tr(&t!("shell-ended", why = why.trim_end_matches(['.', '。'])));
            let lines = text::wrap(&sentence, usize::from(place.width));
            let height = text::cells(lines.len()).min(place.height);
            for (y, line) in (place.bottom() - height..).zip(lines.into_iter().take(usize::from(height))) {
                let line = text::left(&line, usize::from(place.width));
                frame.render_widget(Line::styled(line, cx.style(Part::Warn)), Rect { y, height: 1, ..place });
            }
        } else if let Some(cursor) = cursor.filter(|at| focus && place.contains(*at)) {
            frame.set_cursor_position(cursor);
        }
    }

    fn tab_line(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let (note, part) = self.note(cx);
        let note = text::fit(&note, columns.saturating_sub(8));
        let room = columns.saturating_sub(text::width(&note) + 2);
        let names: Vec<String> = (1..).zip(&self.tabs).map(|(n, tab)| self.tab_name(n, tab)).collect();
        // The tab in front is always in sight.
        let mut from = 0;
        while from < self.at
            && names.iter().skip(from).take(self.at - from + 1).map(|n| text::width(n)).sum::<usize>() > room
        {
            from += 1;
        }
        let mut spans = vec![Span::raw(if from > 0 { "‹" } else { " " })];
        let mut used = 1;
        for (n, name) in names.into_iter().enumerate().skip(from) {
            let word = text::fit(&name, room.saturating_sub(used));
            used += text::width(&word);
            spans.push(Span::styled(word, cx.style(if n == self.at { Part::Title } else { Part::Dim })));
        }
        let fill = columns.saturating_sub(used + text::width(&note) + 1);
        spans.push(Span::raw(" ".repeat(fill)));
        spans.push(Span::styled(note, cx.style(part)));
        Line::from(spans)
    }

    fn tab_name(&self, number: usize, tab: &Tab) -> String {
        let panes = tab.tree.panes();
        let of = |id: &PaneId| self.panes.get(id);
        let name = of(&tab.focus).map(|p| p.name().to_owned()).unwrap_or_default();
        let more = if panes.len() > 1 { format!(" +{}", panes.len() - 1) } else { String::new() };
        let over = if panes.iter().filter_map(of).all(|p| p.over.is_some()) { " ✗" } else { "" };
        let front = self.tabs.get(self.at).is_some_and(|t| std::ptr::eq(t, tab));
        if front {
            format!("[{number} {name}{more}{over}]")
        } else {
            format!(" {number} {name}{more}{over} ")
        }
    }

    /// What stands at the end of the line of tabs.
    fn note(&self, cx: &Shared) -> (String, Part) {
        let Some((tab, pane)) = self.tab().zip(self.pane()) else { return (String::new(), Part::Dim) };
        if self.prefix == Prefix::Pressed {
            return (cx.tr(&t!("shell-prefix-on", prefix = prefix(cx))), Part::Title);
        }
        if tab.together && !tab.zoomed {
            let targets = self.targets();
            let names: Vec<&str> =
                targets.iter().filter_map(|id| self.panes.get(id)).map(Pane::name).collect();
            let note = t!("shell-together", count = targets.len(), names = names.join(" "));
            return (cx.tr(&note), Part::Warn);
        }
        if pane.copying.is_some() {
            let (at, of) = (pane.emulator.scroll_offset(), pane.emulator.history());
            return (cx.tr(&t!("shell-scrolled", lines = at, of = of)), Part::Title);
        }
        if let Some((name, done, size)) = &self.moving {
            let share = done.saturating_mul(1000).checked_div(*size).unwrap_or(1000);
            let share = text::percent(u16::try_from(share).unwrap_or(1000));
            let note = t!("transfer-moving", name = name, share = share, size = text::bytes(*size));
            return (cx.tr(&note), Part::Busy);
        }
        if tab.zoomed && tab.tree.panes().len() > 1 {
            return (cx.tr(&t!("shell-zoomed", prefix = prefix(cx))), Part::Title);
        }
        match pane.open().and_then(|shell| recording(cx, shell)) {
            Some(number) => (cx.tr(&t!("shell-recorded", number = number)), Part::Dim),
            None => (String::new(), Part::Dim),
        }
    }
}

fn depth(cx: &Shared) -> ColorDepth {
    match cx.colours {
        Colours::None => ColorDepth::None,
        Colours::Basic => ColorDepth::Indexed,
        Colours::True => ColorDepth::True,
    }
}

/// The line above a pane: its node, what the program calls itself, whether it is typed to.
fn title_line(cx: &Shared, pane: &Pane, focus: bool, typed_to: bool, columns: usize) -> Line<'static> {
    let lead = if focus { "»" } else { " " };
    let mut words = vec![pane.name().to_owned()];
    if typed_to {
        words.push(cx.tr(&t!("shell-typed-to")));
    }
    if pane.over.is_some() {
        words.push("✗".to_owned());
    }
    if let Some(number) = pane.open().and_then(|shell| recording(cx, shell)) {
        words.push(cx.tr(&t!("shell-recorded", number = number)));
    }
    let title = pane.emulator.title();
    if !title.is_empty() {
        words.push(title);
    }
    let part = match (typed_to, focus) {
        (true, _) => Part::Warn,
        (false, true) => Part::BorderFocus,
        (false, false) => Part::Border,
    };
    let text = format!("{lead} {} ", words.join(" · "));
    let rest = "─".repeat(columns.saturating_sub(text::width(&text)));
    Line::styled(text::fit(&format!("{text}{rest}"), columns), cx.style(part))
}
