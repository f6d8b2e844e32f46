//! The logs of an environment: everything that was collected from its nodes, and what its installations printed.
//!
//! A page is a stack of questions about the same store: the lines of a filter, the lines around one of them, those of one
//! request over all nodes are pages of their own, so that Esc always leads back to where one was. `pane` pulls rows, `draw`
//! shows them, `typing` reads filters and searches, `tree` is where lines come from, `ways` are the ways in, the rest are
//! dialogs.
//!
//! Never here: judging of a line's text (that is `logs::format` in the engine), files other than by [`Effect::WriteFile`].

mod acts;
mod answers;
mod bars;
mod details;
mod draw;
mod export;
mod forms;
mod loki;
mod pane;
mod panes;
mod pick;
mod saved;
mod stamps;
mod tree;
mod typing;
mod view;
mod ways;

use crate::api::logs::{Cursor, LogAsk, LogAt, LogMark, LogSources, TraceOf};
use crate::api::rows::JobRow;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::EnvId;
use crate::domain::logs::{LogFilter, When};
use crate::domain::loki::LokiSettings;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crossterm::event::KeyEvent;
use pane::{Find, Pane};
use ratatui::Frame;
use ratatui::layout::Rect;
use stamps::Stamps;
use std::collections::BTreeMap;
use tree::Tree;
use typing::{Kind, Outcome, Typing, Words};

/// Numbers of the page's own questions; those of panes begin at `1 << 32`.
const SOURCES: u64 = 1;
const MARKS: u64 = 2;
const VIEWS: u64 = 3;
const RECORD: u64 = 4;
const EXPORT: u64 = 5;
const BARS: u64 = 6;
const LOKI: u64 = 7;
const LOKI_LABELS: u64 = 8;
const LOKI_VALUES: u64 = 9;
const TAIL_END: u64 = 10;
/// Sources are asked for again so often at most, milliseconds.
const SOURCES_MS: u64 = 2_000;

/// What a page shows.
enum About {
    /// The lines of a filter.
    Filter,
    /// The lines around one, whatever the filter was.
    Around,
    /// The lines of a request or an instance.
    Trace(TraceOf),
}

/// The page.
pub struct LogsPage {
    env: EnvId,
    about: About,
    /// The pane with the focus.
    pane: Pane,
    panes: panes::Panes,
    bars: bars::Bars,
    /// The filter with which it was opened: Esc leads back to it before it leaves.
    initial: LogFilter,
    start: LogAt,
    stamps: Stamps,
    sources: Option<LogSources>,
    sources_asked: u64,
    version: u64,
    marks: BTreeMap<Cursor, String>,
    typing: Option<Typing>,
    /// What was typed before, by what it was.
    history: BTreeMap<Kind, Vec<String>>,
    tree: Tree,
    tree_focus: bool,
    export: Option<export::Export>,
    /// Name of the saved view that is asked for.
    wanted_view: Option<String>,
    /// Where the environment's Loki is; `None`: there is none, or it is not known yet.
    loki: Option<LokiSettings>,
    labels: loki::ql::Labels,
    /// Label whose values are asked for.
    wanted_label: Option<String>,
    /// The query with which the page was opened.
    initial_query: Option<String>,
}

impl LogsPage {
    fn call(tag: u64, ask: LogAsk) -> Effect {
        Effect::Call(Tag::Item(tag), Request::Logs(ask))
    }

    fn ask_sources(&mut self, cx: &Shared) -> Effect {
        self.sources_asked = cx.now.0;
        Self::call(SOURCES, LogAsk::Sources { env: self.env })
    }

    fn ask_own(&mut self, cx: &Shared) -> Vec<Effect> {
        vec![self.ask_sources(cx), Self::call(MARKS, LogAsk::Marks { env: self.env }), self.ask_loki()]
    }

    fn jobs<'a>(&self, cx: &'a Shared) -> Vec<&'a JobRow> {
        cx.data.jobs(self.env)
    }

    fn words(&self, cx: &Shared) -> Words {
        let mut services: Vec<String> =
            self.sources.iter().flat_map(|s| &s.sources).map(|s| s.service.clone()).collect();
        services.sort();
        services.dedup();
        let nodes = cx.data.nodes(self.env).iter().map(|n| n.name.clone()).collect();
        let mut seen = self.pane.seen();
        seen.insert("job", self.jobs(cx).iter().rev().map(|j| j.id.0.to_string()).collect());
        Words { nodes, services, labels: self.labels.clone(), seen }
    }

    fn type_a(&mut self, kind: Kind) {
        let text = match kind {
            Kind::Filter => self.pane.filter.to_string().trim().to_owned(),
            Kind::Find => self.pane.find.as_ref().map(|f| f.text.clone()).unwrap_or_default(),
            Kind::Query => self.pane.loki.as_ref().map(|l| l.query.clone()).unwrap_or_default(),
        };
        self.tree_focus = false;
        self.typing = Some(Typing::new(kind, &text));
    }

    fn typed_key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        let words = self.words(cx);
        let typing = self.typing.as_mut()?;
        let kind = typing.kind;
        match typing.key(key, self.history.entry(kind).or_default(), &words) {
            Outcome::Goes => return Some(Vec::new()),
            Outcome::NotMine => return None,
            Outcome::Cleared => {
                self.typing = None;
                if kind == Kind::Find {
                    self.pane.find = None;
                    return Some(Vec::new());
                }
                if kind == Kind::Query || self.pane.filter.is_empty() {
                    return Some(Vec::new());
                }
                return Some(self.pane.refilter(LogFilter::default()));
            }
            Outcome::Filter(filter) => {
                self.typing = None;
                if *filter == self.pane.filter {
                    return Some(Vec::new());
                }
                return Some(self.pane.refilter(*filter));
            }
            Outcome::Query(query) => {
                self.typing = None;
                return Some(self.query(cx, Some(&query)));
            }
            Outcome::Values(label) => return Some(self.ask_values(label)),
            Outcome::Find(text) => {
                self.typing = None;
                self.pane.find = draw::compile(&text).map(|regex| Find { text, regex });
            }
        }
        // Looking back from the newest line, as people do who have just seen something go by.
        self.pane.act(if self.pane.follow { Action::PreviousMatch } else { Action::NextMatch })
    }

    fn window(&mut self, seconds: Option<u64>) -> Vec<Effect> {
        let filter = LogFilter { from: seconds.map(When::Ago), to: None, ..self.pane.filter.clone() };
        self.pane.refilter(filter)
    }

    /// The next page down: other rows of the same store.
    fn deeper(&self, about: About, filter: LogFilter, start: LogAt) -> Vec<Effect> {
        let mut page = Self::about(self.env, filter, start, about);
        page.stamps = self.stamps;
        page.pane.wrap = self.pane.wrap;
        vec![Effect::Push(Box::new(page))]
    }

    fn trace(&self, of: Option<TraceOf>, missing: Text) -> Vec<Effect> {
        match of {
            Some(of) => self.deeper(About::Trace(of), LogFilter::default(), LogAt::Begin),
            None => vec![Effect::Say(Level::Info, missing)],
        }
    }

    fn marked(&mut self, marks: Vec<LogMark>) {
        self.marks = marks.into_iter().map(|m| (m.cursor, m.note)).collect();
    }

    fn exported(&mut self, next: Option<Vec<Effect>>) -> Vec<Effect> {
        match next {
            Some(effects) => effects,
            None => self.export.take().map(export::Export::finish).unwrap_or_default(),
        }
    }

    fn back(&mut self, cx: &Shared) -> Option<Vec<Effect>> {
        if self.export.take().is_some() {
            return Some(vec![Effect::Say(Level::Info, t!("logs-export-stopped"))]);
        }
        if self.pane.give_up() {
            return Some(Vec::new());
        }
        if self.tree_focus {
            self.tree_focus = false;
            return Some(Vec::new());
        }
        if std::mem::take(&mut self.panes.zoom) {
            return Some(Vec::new());
        }
        if self.pane.find.take().is_some() {
            return Some(Vec::new());
        }
        let query = self.pane.loki.as_ref().map(|l| &l.query);
        if query != self.initial_query.as_ref() && self.panes.rest.is_empty() {
            let initial = self.initial_query.clone();
            return Some(self.query(cx, initial.as_deref()));
        }
        if self.pane.filter != self.initial && self.panes.rest.is_empty() {
            let initial = self.initial.clone();
            return Some(self.pane.refilter(initial));
        }
        None
    }

    /// Counts the lines over time, if that is shown and something has changed.
    fn count(&mut self, cx: &Shared, news: bool) -> Vec<Effect> {
        if !self.pane.is_counted() || !self.bars.is_on(cx) {
            return Vec::new();
        }
        let ask = self.bars.ask(self.env, &self.pane.filter, cx.now.0, news);
        ask.map(|ask| Self::call(BARS, ask)).into_iter().collect()
    }

    /// One bar of the histogram to and fro.
    fn step(&mut self, buckets: i64) -> Vec<Effect> {
        let Some(here) = self.pane.selected().map(|r| r.time) else { return Vec::new() };
        let to = self.bars.step(here, buckets).unwrap_or(here + buckets * 60_000_000);
        self.pane.follow = false;
        self.pane.go_to_time(to)
    }
}

impl Screen for LogsPage {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        Some(match &self.about {
            About::Filter => t!("crumb-logs"),
            About::Around => t!("crumb-log-around"),
            About::Trace(TraceOf::Request(id)) => Text::plain(text::fit(&cx.tr(&Text::plain(id)), 24)),
            About::Trace(TraceOf::Instance(id)) => t!("crumb-log-instance", id = text::head(id, 8)),
        })
    }

    fn contexts(&self) -> Vec<Context> {
        if self.typing.is_some() {
            return vec![Context::Line];
        }
        if self.tree_focus {
            return vec![Context::LogTree, Context::LogPage, Context::Moving];
        }
        vec![Context::LogPage, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Logs(self.env), Topic::Nodes(self.env), Topic::Jobs(self.env)]
    }

    fn types(&self) -> bool {
        self.typing.is_some()
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.tell_time(cx);
        let mut effects = self.typed_key(cx, key)?;
        effects.extend(self.count(cx, false));
        Some(effects)
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        if let Some(typing) = &mut self.typing {
            typing.paste(text);
        }
        Vec::new()
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let on_row = matches!(
            action,
            Action::LogMark | Action::LogAround | Action::LogRequest | Action::LogInstance | Action::Yank
        );
        if on_row && self.pane.selected().is_none() {
            return Some(t!("refused-no-line"));
        }
        if self.pane.loki.is_some() && matches!(action, Action::LogMark | Action::LogBars) {
            return Some(t!("refused-in-loki"));
        }
        if self.pane.trace.is_some() && acts::refilters(action) {
            return Some(t!("refused-in-trace"));
        }
        (action == Action::Export && self.export.is_some()).then(|| t!("refused-log-export"))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        self.tell_time(cx);
        let before = (self.pane.selected().map(|r| r.time), self.pane.follow);
        let mut effects = self.perform(cx, action)?;
        // A step to another pane moves nothing.
        if !matches!(action, Action::PaneNext | Action::PaneBefore | Action::PaneAdd | Action::PaneDrop) {
            effects.extend(self.link(before));
        }
        effects.extend(self.count(cx, false));
        Some(effects)
    }

    fn line(&mut self, cx: &Shared, line: &str) -> Option<Vec<Effect>> {
        self.run_line(cx, line)
    }

    fn closed(&mut self, _: &Shared) -> Vec<Effect> {
        self.each_pane(Pane::end_tail)
    }

    fn resized(&mut self, cx: &Shared) -> Vec<Effect> {
        self.count(cx, false)
    }
    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        let Tag::Item(item) = tag else { return Vec::new() };
        self.answered(cx, item, result)
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        // A page that was opened from another one looks like it.
        let deeper = memory.recalls() && !matches!(self.about, About::Filter);
        let word = memory
            .word("times", Some(self.stamps).filter(|s| *s != Stamps::default()).map(|s| s.word().into()));
        if let Some(stamps) =
            word.filter(|_| !deeper).and_then(|w| Stamps::ALL.into_iter().find(|s| s.word() == w))
        {
            self.stamps = stamps;
        }
        if !deeper {
            memory.flag("wrap", &mut self.pane.wrap, false);
        }
        self.bars.keep(memory);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        let start = self.start;
        self.tell_time(cx);
        let mut effects = self.each_pane(|p| if p.is_loaded() { p.online() } else { p.show(start) });
        effects.extend(self.ask_own(cx));
        effects.extend(self.count(cx, true));
        effects
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.ask_own(cx)
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        if topic == Topic::Jobs(self.env) {
            return self.each_pane(Pane::job_news);
        }
        if topic != Topic::Logs(self.env) {
            return Vec::new();
        }
        let Some(news) = cx.data.logs(self.env) else { return Vec::new() };
        let mut effects = self.each_pane(|p| p.news(news));
        if news.version != self.version {
            self.version = news.version;
            effects.extend(self.ask_own(cx));
        } else if cx.now.0.saturating_sub(self.sources_asked) >= SOURCES_MS {
            effects.push(self.ask_sources(cx));
        }
        effects.extend(self.count(cx, true));
        effects
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        self.draw(cx, frame, area);
    }
}
