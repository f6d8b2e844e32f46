//! Machines that were found by SSH: the search, its schedule, and everything that ever answered.

use super::credential_sets::SetsPage;
use super::{node_login, sweep_forms};
use crate::api::rows::{DiscoveryRow, FoundRow};
use crate::api::{Request, Topic};
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::sweeps::{Sighting, SweepOrder};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{bar, empty};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Sweeps of an environment and what they found.
pub struct SweepPage {
    env: EnvId,
    list: List,
}

fn key_of(row: &FoundRow) -> u64 {
    Sighting::key(row.address, row.port)
}

/// In words what else the machine at an address is.
pub fn twin_words(cx: &Shared, twins: &[crate::domain::facts::same::Twin]) -> Vec<String> {
    let one = |twin: &crate::domain::facts::same::Twin| {
        let why: Vec<String> = twin
            .why
            .iter()
            .map(|s| cx.tr(&Text::key(format!("same-{}", s.word())).with("value", s.value())))
            .collect();
        cx.tr(&t!("twin-of", name = &twin.name, why = why.join(", ")))
    };
    twins.iter().map(one).collect()
}

/// New, gone, or nothing worth a word.
fn state(cx: &Shared, row: &FoundRow) -> (String, Part) {
    if row.missing.is_some() {
        (format!("○ {}", cx.tr(&t!("found-missing"))), Part::Dim)
    } else if row.new {
        (format!("+ {}", cx.tr(&t!("found-new"))), Part::Good)
    } else {
        (String::new(), Part::Dim)
    }
}

impl SweepPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, list: List::default() }
    }

    /// What is new first, what is gone last, otherwise by address.
    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let mut rows: Vec<&FoundRow> = cx
            .data
            .found(self.env)
            .into_iter()
            .filter(|r| self.list.filter.text().is_empty() || self.list.filter.matches(&self.search(cx, r)))
            .collect();
        rows.sort_by_key(|r| (r.missing.is_some(), !r.new, r.address, r.port));
        rows.into_iter().map(key_of).collect()
    }

    fn search(&self, cx: &Shared, row: &FoundRow) -> String {
        let (state, _) = state(cx, row);
        format!("{} {} {state} {}", row.address, row.banner, self.known(cx, row).unwrap_or_default())
    }

    fn row<'a>(&self, cx: &'a Shared, key: u64) -> Option<&'a FoundRow> {
        cx.data.found_at(self.env, key)
    }

    fn settings<'a>(&self, cx: &'a Shared) -> Option<&'a DiscoveryRow> {
        cx.data.discovery(self.env)
    }

    fn last_order<'a>(&self, cx: &'a Shared) -> Option<&'a SweepOrder> {
        cx.data.sweep(self.env).map(|s| &s.order)
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
        if row.missing.is_some() {
            return Some(t!("refused-missing", address = address));
        }
        (!row.ssh).then(|| t!("refused-not-ssh", address = address))
    }

    fn chosen<'a>(&self, cx: &'a Shared) -> Vec<&'a FoundRow> {
        self.list.chosen(&self.keys(cx)).into_iter().filter_map(|k| self.row(cx, k)).collect()
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(row) = self.row(cx, key) else { return Vec::new() };
        let (what, part) = if row.ssh {
            (format!("✓ {}", row.banner), if row.missing.is_some() { Part::Dim } else { Part::Good })
        } else {
            (format!("– {}", cx.tr(&t!("found-other", what = &row.banner))), Part::Dim)
        };
        let known = match (self.known(cx, row), row.twins.first()) {
            (Some(name), _) => (name, Part::Dim),
            (None, Some(twin)) => (format!("! = {}", twin.name), Part::Warn),
            (None, None) => ("-".into(), Part::Dim),
        };
        vec![
            (row.address.to_string(), Part::Text),
            (row.port.to_string(), Part::Dim),
            state(cx, row),
            (what, part),
            known,
            (cx.clock(row.last), Part::Dim),
            (row.mac.clone().unwrap_or_else(|| "-".into()), Part::Dim),
        ]
    }

    fn status(&self, cx: &Shared, columns: usize) -> Line<'static> {
        let Some(row) = cx.data.sweep(self.env) else {
            return Line::default();
        };
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

    /// What was asked and when, what could not be, and when the next sweep is due.
    fn notes(&self, cx: &Shared) -> Vec<(String, Part)> {
        let mut lines = Vec::new();
        if let Some(row) = cx.data.sweep(self.env) {
            let ranges = row.order.ranges.join(", ");
            let by = row.by.clone().unwrap_or_else(|| cx.tr(&t!("sweep-by-schedule")));
            let line = t!(
                "sweep-what",
                ranges = ranges,
                port = row.order.port,
                by = by,
                when = cx.clock(row.started)
            );
            lines.push((cx.tr(&line), Part::Dim));
            if row.unasked > 0 {
                lines.push((format!("! {}", cx.tr(&t!("sweep-unasked", count = row.unasked))), Part::Warn));
            }
        }
        let Some(settings) = self.settings(cx) else { return lines };
        let line = match (&settings.settings.schedule, settings.next) {
            (Some(schedule), Some(next)) => {
                let (every, ranges) = (schedule.every.to_string(), schedule.order.ranges.join(", "));
                t!("sweep-next", every = every, ranges = ranges, next = cx.clock(next))
            }
            _ => t!("sweep-no-schedule"),
        };
        lines.push((cx.tr(&line), Part::Dim));
        lines
    }

    fn details(&self, cx: &Shared, row: &FoundRow) -> Reading {
        let line =
            |label: Text, value: String| Text::plain(format!("{}  {value}", text::left(&cx.tr(&label), 14)));
        let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        let mut lines = vec![
            line(t!("col-answer"), row.banner.clone()),
            line(t!("col-known"), self.known(cx, row).unwrap_or_else(|| "-".into())),
            line(t!("col-host-key"), or_dash(&row.host_key)),
            line(t!("col-mac"), or_dash(&row.mac)),
            line(t!("col-first-seen"), cx.clock(row.first)),
            line(t!("col-last-seen"), cx.clock(row.last)),
        ];
        if let Some(missing) = row.missing {
            lines.push(line(t!("found-missing"), cx.clock(missing)));
        }
        lines.extend(twin_words(cx, &row.twins).into_iter().map(|w| Text::plain(format!("! {w}"))));
        Reading::new(Text::plain(format!("{}:{}", row.address, row.port)), lines)
    }

    fn forget(&self, cx: &Shared) -> Confirm {
        let env = self.env;
        let count = cx.data.found(env).iter().filter(|r| r.missing.is_some()).count();
        let body = vec![t!("sightings-forget-what", count = count)];
        Confirm::new(t!("sightings-forget-title"), body, t!("button-forget"), move || {
            vec![Effect::CallDetached(Tag::Quiet, Request::SightingsForget { env })]
        })
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
        vec![Topic::Discovery(self.env), Topic::Nodes(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("list", &mut self.list);
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
            Action::SweepStop if cx.data.sweep(self.env).is_none_or(|s| s.ended.is_some()) => {
                Some(t!("refused-sweep-over"))
            }
            Action::SweepAgain if cx.data.sweep(self.env).is_some_and(|s| s.ended.is_none()) => {
                Some(t!("error-sweep-runs"))
            }
            Action::SweepSchedule | Action::LoginLimit if self.settings(cx).is_none() => Some(t!("loading")),
            Action::SightingsForget if !cx.data.found(self.env).iter().any(|r| r.missing.is_some()) => {
                Some(t!("refused-none-missing"))
            }
            Action::Details if self.chosen(cx).is_empty() => Some(t!("refused-nothing-found")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        let push = |screen: Box<dyn Screen>| Some(vec![Effect::Push(screen)]);
        match action {
            Action::SweepAdd => {
                let good = self.chosen(cx).into_iter().filter(|r| self.obstacle(cx, r).is_none());
                let found = good.map(|r| (r.address, r.port)).collect();
                self.list.unmark();
                let sets = self.settings(cx).map(|s| s.sets.iter().map(|s| s.name.clone()).collect());
                push(node_login::add_many(self.env, found, sets.unwrap_or_default()))
            }
            Action::SweepStop => {
                let sweep = cx.data.sweep(self.env)?.id;
                Some(vec![Effect::CallDetached(Tag::Quiet, Request::SweepCancel { sweep })])
            }
            Action::SweepAgain => {
                let usual = SweepOrder::new(Vec::new(), 22);
                push(sweep_forms::find(self.env, Some(self.last_order(cx).unwrap_or(&usual))))
            }
            Action::SweepSchedule => push(sweep_forms::schedule(self.settings(cx)?, self.last_order(cx))),
            Action::LoginLimit => push(sweep_forms::limit(self.settings(cx)?)),
            Action::CredentialSets => push(Box::new(SetsPage::new(self.env))),
            Action::SightingsForget => push(Box::new(self.forget(cx))),
            Action::Details => {
                let key = self.list.selected(&keys)?;
                push(Box::new(self.details(cx, self.row(cx, key)?)))
            }
            _ => None,
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let topic = Topic::Discovery(self.env);
        if !cx.data.has(topic) {
            return empty::watched(cx, frame, area, topic);
        }
        frame.render_widget(self.status(cx, usize::from(area.width)), Rect { height: 1, ..area });
        let mut y = area.y.saturating_add(1);
        let width = usize::from(area.width).saturating_sub(2);
        for (note, part) in self.notes(cx) {
            if y >= area.bottom() {
                return;
            }
            let line = Line::styled(format!(" {}", text::fit(&note, width)), cx.style(part));
            frame.render_widget(line, Rect { y, height: 1, ..area });
            y = y.saturating_add(1);
        }
        let rest = Rect { y: y.saturating_add(1), height: area.bottom().saturating_sub(y + 1), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let over = cx.data.sweep(self.env).is_none_or(|s| s.ended.is_some());
            let never = cx.data.sweep(self.env).is_none();
            let filter = self.list.filter.text();
            let sentence = match (filter.is_empty(), over) {
                (false, _) => t!("filter-empty", filter = filter),
                (true, _) if never => {
                    let (what, how) = (t!("sweep-never"), t!("sweep-empty"));
                    return empty::invite(cx, frame, rest, what, access::Action::Configure, how);
                }
                (true, true) => t!("sweep-none"),
                (true, false) => t!("sweep-nothing"),
            };
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let columns = [
            column(t!("col-address"), Wide::Fixed(16), 0),
            column(t!("col-port"), Wide::Fixed(5), 2),
            column(t!("col-new"), Wide::Fixed(8), 0),
            column(t!("col-answer"), Wide::Flex(20), 0),
            column(t!("col-known"), Wide::Flex(12), 1),
            column(t!("col-last-seen"), Wide::Fixed(16), 3),
            column(t!("col-mac"), Wide::Fixed(18), 4),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
