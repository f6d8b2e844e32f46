//! The page on the screen: the tree beside the pane where there is room, in place of it elsewhere; the pane's head; and what
//! an empty pane has to say.

use super::pane::{FromLoki, Pane, Searching};
use super::typing::words_of;
use super::{About, LogsPage, bars, draw, tree};
use crate::api::logs::{CollectState, TraceOf};
use crate::domain::access;
use crate::domain::logs::LogFilter;
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns from which the tree stands beside the pane.
const BESIDE: u16 = 120;
/// Columns that a pane has at least when others stand beside it.
const LEAST_PANE: u16 = 56;
/// Rows from which there is room for the histogram.
const FOR_BARS: u16 = 14;
/// Columns of the tree.
const TREE: u16 = 34;

impl LogsPage {
    /// Draws everything.
    pub(super) fn draw(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let beside = area.width >= BESIDE && matches!(self.about, About::Filter);
        if !beside && self.tree_focus {
            return self.draw_tree(cx, frame, area);
        }
        if !beside {
            return self.draw_panes(cx, frame, area);
        }
        self.draw_tree(cx, frame, Rect { width: TREE, ..area });
        for y in area.top()..area.bottom() {
            let line = Line::styled("│", cx.style(Part::Border));
            frame.render_widget(line, Rect { x: area.x + TREE, y, width: 1, height: 1 });
        }
        self.draw_panes(cx, frame, Rect { x: area.x + TREE + 1, width: area.width - TREE - 1, ..area });
    }

    /// All panes: side by side where each has room to be read, else one under the other.
    fn draw_panes(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let all = self.all_panes();
        let count = text::cells(all.len()).max(1);
        if self.panes.zoom || all.len() < 2 {
            return self.draw_pane(cx, frame, area, &self.pane, None);
        }
        let mut area = area;
        if self.bars.is_on(cx) && self.pane.is_counted() && area.height >= FOR_BARS * count {
            area = self.draw_bars(cx, frame, area);
        }
        let beside = (area.width + 1) / count > LEAST_PANE;
        for (pane, n) in all.into_iter().zip(0..) {
            let place = if beside {
                let (from, to) = (area.width * n / count, area.width * (n + 1) / count);
                Rect { x: area.x + from, width: to - from - u16::from(n + 1 < count), ..area }
            } else {
                let (from, to) = (area.height * n / count, area.height * (n + 1) / count);
                Rect { y: area.y + from, height: to - from, ..area }
            };
            if beside && n + 1 < count {
                for y in area.top()..area.bottom() {
                    let line = Line::styled("│", cx.style(Part::Border));
                    frame.render_widget(line, Rect { x: place.right(), y, width: 1, height: 1 });
                }
            }
            self.draw_pane(cx, frame, place, pane, Some(usize::from(n) + 1));
        }
    }

    fn draw_tree(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let Some(sources) = &self.sources else { return empty::asked(cx, frame, area, None) };
        let jobs = self.jobs(cx);
        let from = tree::From {
            sources,
            jobs: &jobs,
            filter: &self.pane.filter,
            loki: self.loki.as_ref(),
            on_loki: self.pane.loki.is_some(),
        };
        self.tree.view(cx, frame, area, self.tree_focus, &from);
    }

    /// The histogram of the focused pane; returns what is left.
    fn draw_bars(&self, cx: &Shared, frame: &mut Frame, area: Rect) -> Rect {
        let here = self.pane.selected().map(|r| r.time);
        self.bars.view(cx, frame, Rect { height: bars::HEIGHT, ..area }, here, self.stamps);
        Rect { y: area.y + bars::HEIGHT, height: area.height - bars::HEIGHT, ..area }
    }

    fn draw_pane(&self, cx: &Shared, frame: &mut Frame, area: Rect, pane: &Pane, number: Option<usize>) {
        if area.height < 2 {
            return;
        }
        let own = pane.id == self.pane.id;
        let used = if let Some(typing) = self.typing.as_ref().filter(|_| own) {
            typing.view(cx, frame, area)
        } else {
            let head = self.head(cx, usize::from(area.width), pane, number);
            frame.render_widget(head, Rect { height: 1, ..area });
            1
        };
        let mut area = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
        if number.is_none() && pane.is_counted() && self.bars.is_on(cx) && area.height >= FOR_BARS {
            area = self.draw_bars(cx, frame, area);
        }
        let look = draw::Look { stamps: self.stamps, marks: &self.marks, focus: own && !self.tree_focus };
        if let Some(why) = &pane.refused {
            let lines = text::wrap(&cx.tr(why), usize::from(area.width).saturating_sub(2));
            for (line, y) in lines.iter().zip(area.y..area.bottom()).take(3) {
                let line = Line::styled(format!("✗ {line}"), cx.style(Part::Bad));
                frame.render_widget(line, Rect { y, height: 1, ..area });
            }
            let taken = text::cells(lines.len().min(3));
            area = Rect { y: area.y + taken, height: area.height.saturating_sub(taken), ..area };
        }
        if pane.rows().is_empty() {
            if pane.refused.is_some() {
                return;
            }
            return empty::draw(cx, frame, area, &self.nothing(cx, pane));
        }
        let notes = pane.loki.iter().flat_map(|l| Self::odd(cx, l));
        for line in notes.take(2) {
            let line = text::fit(&format!("! {line}"), usize::from(area.width));
            let line = Line::styled(line, cx.style(Part::Warn));
            frame.render_widget(line, Rect { height: 1, ..area });
            area = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        }
        draw::rows(cx, frame, area, pane, &look);
    }

    /// What was odd about Loki's answers.
    fn odd(cx: &Shared, loki: &FromLoki) -> Vec<String> {
        let mut out: Vec<String> = loki.notes.iter().map(|n| cx.tr(&Text::plain(n))).collect();
        if loki.dropped > 0 {
            out.push(cx.tr(&t!("loki-dropped", count = loki.dropped)));
        }
        out
    }

    /// The line over the rows: what is shown, how, and where one is.
    fn head(&self, cx: &Shared, columns: usize, pane: &Pane, number: Option<usize>) -> Line<'static> {
        let focus = !self.tree_focus && pane.id == self.pane.id;
        let rule = if focus { "━" } else { "─" };
        let what = match &self.about {
            _ if pane.loki.is_some() => {
                let query = pane.loki.as_ref().map(|l| l.query.as_str()).unwrap_or_default();
                let span = words_of(&pane.filter).map(|t| cx.tr(&t)).unwrap_or_default();
                Text::plain(format!("Loki {query} {span}").trim_end())
            }
            About::Trace(TraceOf::Request(id)) => t!("logs-of-request", id = id),
            About::Trace(TraceOf::Instance(id)) => t!("logs-of-instance", id = id),
            About::Around | About::Filter => {
                words_of(&self.named(&pane.filter)).unwrap_or_else(|| t!("logs-all-lines"))
            }
        };
        let what = cx.tr(&what);
        let mut left = vec![number.map_or(what.clone(), |n| format!("{n} {what}"))];
        if let Some(find) = &pane.find {
            left.push(cx.tr(&t!("logs-finding-text", what = &find.text)));
        }
        let mut right: Vec<String> = Vec::new();
        if number.is_some() && focus && self.panes.linked {
            right.push(cx.tr(&t!("logs-is-linked")));
        }
        if let Some(export) = &self.export {
            right.push(cx.tr(&t!("logs-exporting", count = tree::count(export.count))));
        }
        match pane.searching {
            Searching::No => {}
            Searching::Begun => right.push(cx.tr(&t!("logs-searching", at = ""))),
            Searching::Until(time) => {
                let at = super::stamps::at(&cx.zone, time, "%m-%d %H:%M:%S");
                right.push(cx.tr(&t!("logs-searching", at = at)));
            }
        }
        if pane.trace.is_some() {
            let nodes: std::collections::BTreeSet<&str> =
                pane.rows().iter().map(|r| r.node.as_str()).collect();
            let span = pane.span().map_or(0, |(a, b)| b.saturating_sub(a));
            let span = super::stamps::difference(span).trim_start_matches('+').to_owned();
            let count = pane.rows().len();
            right.push(cx.tr(&t!("logs-trace-is", count = count, nodes = nodes.len(), span = span)));
        } else if let Some(loki) = pane.loki.as_ref().filter(|_| pane.follow) {
            if loki.is_live() {
                right.push(cx.tr(&t!("loki-live")));
            }
        } else if pane.follow && !pane.rows().is_empty() {
            right.push(cx.tr(&t!("logs-follows")));
        } else if !pane.reaches_end() && !pane.rows().is_empty() {
            right.push(cx.tr(&t!("logs-more-below")));
        }
        if pane.wrap {
            right.push(cx.tr(&t!("logs-wraps")));
        }
        if self.stamps != super::Stamps::Local {
            right.push(cx.tr(&self.stamps.shown()));
        }
        if pane.left > 0 && !pane.wrap {
            right.push(format!("→{}", pane.left));
        }
        if let Some((at, total)) = pane.place() {
            right.push(format!("{}/{}", tree::count(at), tree::count(total)));
        }
        let right = right.join(" · ");
        let right = if right.is_empty() { right } else { format!(" {right} {rule}") };
        let room = columns.saturating_sub(text::width(&right));
        let left = text::fit(&format!("{rule} {} ", left.join(" · ")), room);
        let fill = rule.repeat(room.saturating_sub(text::width(&left)));
        let part = if focus { Part::BorderFocus } else { Part::Border };
        Line::styled(text::fit(&(left + &fill + &right), columns), cx.style(part))
    }

    /// A filter with names of sources in place of their numbers, to be read.
    fn named(&self, filter: &LogFilter) -> LogFilter {
        let (mut out, mut names) = (filter.clone(), Vec::new());
        for id in std::mem::take(&mut out.sources) {
            match self.sources.iter().flat_map(|s| &s.sources).find(|s| s.id == id) {
                Some(source) => names.push(format!("{}:{}", source.node_name, tree::title(source))),
                None => out.sources.push(id),
            }
        }
        out.services.extend(names);
        out
    }

    /// What an empty pane says: why, and what to do.
    fn nothing(&self, cx: &Shared, pane: &Pane) -> Vec<Text> {
        if let Some(loki) = &pane.loki {
            if !pane.is_loaded() {
                return vec![t!("loki-asked", query = loki.query.as_str())];
            }
            return vec![t!("loki-nothing", query = loki.query.as_str()), t!("loki-nothing-do")];
        }
        let Some(sources) = self.sources.as_ref().filter(|_| pane.is_loaded()) else {
            return vec![empty::loading(cx)];
        };
        if pane.trace.is_some() {
            return vec![t!("logs-trace-empty")];
        }
        if !pane.filter.is_empty() && (sources.records > 0 || pane.filter.is_of_a_job()) {
            return vec![
                t!("logs-nothing-matches", filter = pane.filter.to_string().trim().to_owned()),
                t!("logs-nothing-matches-do"),
            ];
        }
        if !sources.on {
            let how = if cx.may(access::Action::Configure) { t!("logs-off-do") } else { t!("logs-off-ask") };
            return vec![t!("logs-off"), how];
        }
        let mut out = vec![t!("logs-nothing-yet")];
        out.extend(sources.nodes.iter().take(8).map(|node| {
            let (glyph, word, _) = tree::state(cx, &node.state);
            Text::plain(format!("{glyph} {}: {}", node.name, cx.tr(&word)))
        }));
        if sources.nodes.iter().any(|n| matches!(n.state, CollectState::Failed { .. })) {
            out.push(t!("logs-nothing-yet-do"));
        }
        out
    }
}
