//! Finding machines by SSH: the ranges, the search, what answered.

use super::node_forms::port;
use super::node_login;
use crate::api::rows::FoundRow;
use crate::api::{Request, Response, Topic};
use crate::domain::ids::{EnvId, SweepId};
use crate::domain::net::{AddressRange, NetFault};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{bar, empty};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Asks for the ranges.
pub fn form(env: EnvId) -> Box<dyn Screen> {
    let fields = vec![
        Field::text("ranges", t!("field-ranges"), "").hint(t!("hint-ranges")),
        Field::text("port", t!("field-port"), "22").hint(t!("hint-port")),
    ];
    Box::new(Form::new(Ranges { env }, fields))
}

struct Ranges {
    env: EnvId,
}

/// What is wrong with a range, in the language of the screen.
fn range_fault(fault: &NetFault) -> Text {
    match fault {
        NetFault::Backwards { start, end } => {
            t!("fault-range-backwards", start = start.to_string(), end = end.to_string())
        }
        NetFault::TooLarge(text, count) => t!("fault-range-large", range = text, count = *count),
        NetFault::Unusable(address, _) => t!("fault-range-unusable", address = address.to_string()),
        NetFault::Address(_) | NetFault::Network(_) | NetFault::Range(_) => t!("fault-range"),
    }
}

fn split(ranges: &str) -> Vec<String> {
    ranges.split([',', ';']).map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

impl Purpose for Ranges {
    fn name(&self) -> &'static str {
        "sweep-ranges"
    }

    fn title(&self) -> Text {
        t!("sweep-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let ranges = split(fields.text("ranges"));
        if ranges.is_empty() {
            fields.wrong("ranges", t!("fault-empty"));
        }
        if let Some(fault) = ranges.iter().find_map(|r| r.parse::<AddressRange>().err()) {
            fields.wrong("ranges", range_fault(&fault));
        }
        let port = port(fields);
        if fields.is_wrong() {
            return Vec::new();
        }
        vec![Effect::Call(Tag::Form, Request::SweepStart { env: self.env, ranges, port })]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        match response {
            Response::Sweep(sweep) => {
                vec![Effect::Replace(Box::new(SweepPage { env: self.env, sweep, list: List::default() }))]
            }
            _ => vec![Effect::Close],
        }
    }
}

/// A sweep and what it found.
pub struct SweepPage {
    env: EnvId,
    sweep: SweepId,
    list: List,
}

fn key_of(row: &FoundRow) -> u64 {
    u64::from(u32::from(row.address.ip()))
}

impl SweepPage {
    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let found = cx.data.found(self.sweep).into_iter();
        found
            .filter(|r| self.list.filter.matches(&format!("{} {}", r.address, r.banner)))
            .map(key_of)
            .collect()
    }

    fn row<'a>(&self, cx: &'a Shared, key: u64) -> Option<&'a FoundRow> {
        cx.data.found(self.sweep).into_iter().find(|r| key_of(r) == key)
    }

    /// The node that has the address, added before the sweep or since.
    fn known(&self, cx: &Shared, row: &FoundRow) -> Option<String> {
        let nodes = cx.data.nodes(self.env);
        let here =
            nodes.iter().find(|n| Some(n.id) == row.node || (n.address, n.port) == (row.address, row.port));
        here.map(|n| n.name.clone()).or_else(|| row.node.map(|id| id.to_string()))
    }

    /// Why what was found cannot be added.
    fn obstacle(&self, cx: &Shared, row: &FoundRow) -> Option<Text> {
        let address = row.address.to_string();
        if let Some(name) = self.known(cx, row) {
            return Some(t!("refused-known", address = address, name = name));
        }
        (!row.ssh).then(|| t!("refused-not-ssh", address = address))
    }

    fn chosen<'a>(&self, cx: &'a Shared) -> Vec<&'a FoundRow> {
        self.list.chosen(&self.keys(cx)).into_iter().filter_map(|k| self.row(cx, k)).collect()
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(row) = self.row(cx, key) else { return Vec::new() };
        let (what, part) = if row.ssh {
            (format!("✓ {}", row.banner), Part::Good)
        } else {
            (format!("– {}", cx.tr(&t!("found-other", what = &row.banner))), Part::Dim)
        };
        let known = self.known(cx, row).unwrap_or_else(|| "-".into());
        vec![
            (row.address.to_string(), Part::Text),
            (row.port.to_string(), Part::Dim),
            (what, part),
            (known, Part::Dim),
        ]
    }

    fn status(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let Some(row) = cx.data.sweep(self.sweep) else { return Line::from(cx.tr(&t!("loading"))) };
        let sentence = match row.ended {
            None => t!("sweep-running", done = row.done, total = row.total, found = row.found),
            Some(_) if row.cancelled => {
                t!("sweep-stopped", done = row.done, total = row.total, found = row.found)
            }
            Some(at) => {
                let span = text::duration(at.since(row.started));
                t!("sweep-done", total = row.total, span = span, found = row.found)
            }
        };
        let sentence = cx.tr(&sentence);
        let wide = columns.saturating_sub(text::width(&sentence) + 4).min(40);
        let permille =
            u16::try_from(u64::from(row.done) * 1000 / u64::from(row.total.max(1))).unwrap_or(1000);
        let part = if row.ended.is_some() { Part::BarDone } else { Part::Busy };
        let mut spans = vec![Span::raw(" ")];
        spans.extend(bar::spans(cx, permille, wide, part));
        spans.push(Span::raw(format!("  {sentence}")));
        Line::from(spans)
    }
}

impl Screen for SweepPage {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-sweep"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Sweep, Context::Marking, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Sweep(self.sweep), Topic::Nodes(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::SweepAdd => {
                let chosen = self.chosen(cx);
                if chosen.is_empty() {
                    return Some(t!("refused-nothing-found"));
                }
                // Of many marked ones those that cannot be added are left out.
                chosen.iter().map(|r| self.obstacle(cx, r)).collect::<Option<Vec<_>>>()?.into_iter().next()
            }
            Action::SweepStop if cx.data.sweep(self.sweep).is_some_and(|s| s.ended.is_some()) => {
                Some(t!("refused-sweep-over"))
            }
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::SweepAdd => {
                let good = self.chosen(cx).into_iter().filter(|r| self.obstacle(cx, r).is_none());
                let found = good.map(|r| (r.address, r.port)).collect();
                self.list.unmark();
                Some(vec![Effect::Push(node_login::add_many(self.env, found))])
            }
            Action::SweepStop => {
                Some(vec![Effect::CallDetached(Tag::Quiet, Request::SweepCancel { sweep: self.sweep })])
            }
            _ => None,
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        frame.render_widget(self.status(cx, usize::from(area.width)), Rect { height: 1, ..area });
        let rest = Rect { y: area.y.saturating_add(2), height: area.height.saturating_sub(2), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let over = cx.data.sweep(self.sweep).is_some_and(|s| s.ended.is_some());
            let filter = self.list.filter.text();
            let sentence = match (filter.is_empty(), over) {
                (false, _) => t!("filter-empty", filter = filter),
                (true, true) => t!("sweep-none"),
                (true, false) => t!("sweep-nothing"),
            };
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let columns = [
            column(t!("col-address"), Wide::Fixed(16), 0),
            column(t!("col-port"), Wide::Fixed(5), 2),
            column(t!("col-answer"), Wide::Flex(24), 0),
            column(t!("col-known"), Wide::Flex(12), 1),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
