//! Services of a node: how each stands and since when, its last lines, a restart by hand. The node is asked each time.

use crate::api::day2::Day2;
use crate::api::views::ServiceView;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{EnvId, NodeId};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines of a service's log that are shown.
const LINES: u32 = 100;
/// Tag of a question for one service's lines.
const ONE: Tag = Tag::Item(1);
/// Tag of a restart.
const RESTART: Tag = Tag::Item(2);

/// The page.
pub struct ServicesPage {
    env: EnvId,
    node: NodeId,
    list: List,
    /// Not answered yet, why not, or what there is.
    view: Option<Result<Vec<ServiceView>, Text>>,
    fresh: Fresh,
    /// A restart or a look at lines is under way.
    busy: Option<Text>,
}

/// How a service stands: glyph, systemd's words, look.
fn state(service: &ServiceView) -> Cell {
    let (glyph, part) = match service.state.as_str() {
        "active" => ("✓", Part::Good),
        "failed" => ("✗", Part::Bad),
        "activating" | "deactivating" | "reloading" => ("▸", Part::Busy),
        _ => ("–", Part::Warn),
    };
    (format!("{glyph} {} ({})", service.state, service.sub), part)
}

impl ServicesPage {
    /// The services of a node.
    pub fn new(env: EnvId, node: NodeId) -> Self {
        Self { env, node, list: List::default(), view: None, fresh: Fresh::default(), busy: None }
    }

    fn all(&self) -> &[ServiceView] {
        self.view.as_ref().and_then(|v| v.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    fn keys(&self) -> Vec<u64> {
        let wanted =
            |s: &ServiceView| self.list.filter.matches(&format!("{} {} {}", s.unit, s.module, s.state));
        (0_u64..).zip(self.all()).filter(|(_, s)| wanted(s)).map(|(key, _)| key).collect()
    }

    fn at(&self, key: u64) -> Option<&ServiceView> {
        self.all().get(usize::try_from(key).ok()?)
    }

    fn selected(&self) -> Option<&ServiceView> {
        self.at(self.list.selected(&self.keys())?)
    }

    fn name(&self, cx: &Shared) -> String {
        cx.data.node(self.node).map_or_else(|| self.node.to_string(), |n| n.name.clone())
    }

    fn ask(&self) -> Request {
        Request::Day2(Day2::Services { node: self.node, unit: None, lines: 0 })
    }

    /// Takes over what was told of single services.
    fn put(&mut self, told: &[ServiceView]) {
        let Some(Ok(all)) = &mut self.view else { return };
        for one in told {
            if let Some(known) = all.iter_mut().find(|s| s.unit == one.unit) {
                *known = one.clone();
            }
        }
    }

    /// Everything about one service.
    fn details(cx: &Shared, s: &ServiceView) -> Vec<Text> {
        let since = s.since.map_or_else(|| "-".to_owned(), |at| cx.clock(at));
        let (state, _) = state(s);
        let mut lines = vec![
            t!("service-state", state = state, since = since, result = s.result.as_str()),
            t!("service-boot", enabled = s.enabled.as_str(), restarts = s.restarts),
            Text::plain(""),
        ];
        if s.lines.is_empty() {
            lines.push(t!("service-no-lines"));
        }
        lines.extend(s.lines.iter().map(|l| Text::plain(l.as_str())));
        lines
    }

    fn confirm(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let unit = self.selected()?.unit.clone();
        let (node, name) = (self.node, self.name(cx));
        let body = vec![t!("service-restart-what", unit = &unit, node = name), t!("service-restart-risk")];
        let title = t!("service-restart-title", unit = &unit);
        let dialog = Confirm::new(title, body, t!("button-restart"), move || {
            vec![Effect::Call(RESTART, Request::Day2(Day2::Restart { node, unit }))]
        });
        Some(vec![Effect::Push(Box::new(dialog))])
    }
}

impl Screen for ServicesPage {
    fn name(&self) -> &'static str {
        "services"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        Some(t!("crumb-services", node = self.name(cx)))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Services, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env), Topic::Jobs(self.env)]
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

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.busy = None;
        self.fresh.ask(cx, self.ask())
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        // A job that is over may have restarted some.
        let over = |topic| {
            let jobs = cx.data.jobs(self.env);
            matches!(topic, Topic::Jobs(_)).then(|| jobs.iter().filter(|j| j.state.is_over()).count())
        };
        match over(topic) {
            Some(count) if self.fresh.differs(&count) => self.fresh.changed(cx, self.ask()),
            _ => Vec::new(),
        }
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::Open | Action::ServiceRestart if self.selected().is_none() => {
                Some(t!("refused-nothing-selected"))
            }
            Action::ServiceRestart => self.busy.clone(),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if action != Action::Open && self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                let unit = Some(self.selected()?.unit.clone());
                Some(vec![Effect::Call(
                    ONE,
                    Request::Day2(Day2::Services { node: self.node, unit, lines: LINES }),
                )])
            }
            Action::ServiceRestart => self.confirm(cx),
            Action::IpRefresh => Some(self.online(cx)),
            Action::Yank => Some(vec![Effect::Copy(self.selected()?.unit.clone())]),
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (ONE, Ok(Response::Services(told))) => {
                self.put(&told);
                let Some(one) = told.first() else { return Vec::new() };
                let dialog = Reading::new(Text::plain(one.unit.as_str()), Self::details(cx, one));
                vec![Effect::Push(Box::new(dialog))]
            }
            (RESTART, Ok(Response::Services(told))) => {
                self.put(&told);
                let good = told.iter().all(|s| s.state == "active");
                let unit = told.first().map(|s| s.unit.clone()).unwrap_or_default();
                vec![if good {
                    Effect::Say(Level::Good, t!("service-restarted", unit = unit))
                } else {
                    Effect::Say(Level::Bad, t!("service-restarted-badly", unit = unit))
                }]
            }
            (_, Ok(Response::Services(all))) => {
                self.view = Some(Ok(all));
                self.fresh.came(cx, true, self.ask())
            }
            (_, Ok(_)) => Vec::new(),
            (Tag::Content, Err(f)) => {
                let why = cx.catalogue.failure(&f);
                let mut effects = self.fresh.came(cx, false, self.ask());
                if self.all().is_empty() {
                    self.view = Some(Err(why));
                } else {
                    effects.push(Effect::Say(Level::Bad, why));
                }
                effects
            }
            (_, Err(f)) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        match &self.view {
            None => return empty::draw(cx, frame, area, &[t!("services-asking", node = self.name(cx))]),
            Some(Err(why)) => return empty::asked(cx, frame, area, Some(why)),
            Some(Ok(all)) if all.is_empty() => {
                return empty::draw(cx, frame, area, &[t!("services-empty"), t!("services-empty-do")]);
            }
            Some(Ok(_)) => {}
        }
        let bad = self.all().iter().filter(|s| s.state != "active").count();
        let part = if bad == 0 { Part::Good } else { Part::Bad };
        let known = self.fresh.known(cx).map(|k| cx.tr(&k)).unwrap_or_default();
        let head = cx.tr(&t!("services-head", count = self.all().len(), bad = bad));
        let head = text::fit(&format!(" {head} · {known}"), usize::from(area.width));
        frame.render_widget(Line::styled(head, cx.style(part)), Rect { height: 1.min(area.height), ..area });
        let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        let keys = self.keys();
        if keys.is_empty() {
            return empty::draw(cx, frame, rest, &[t!("filter-empty", filter = self.list.filter.text())]);
        }
        let columns = [
            column(t!("col-service"), Wide::Flex(24), 0),
            column(t!("col-state"), Wide::Fixed(20), 0),
            column(t!("col-since"), Wide::Fixed(16), 0),
            column(t!("col-module"), Wide::Fixed(12), 2),
            column(t!("col-restarts"), Wide::Fixed(9), 1),
            column(t!("col-memory"), Wide::Fixed(9), 3),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| {
            let Some(s) = self.at(key) else { return Vec::new() };
            let restarts = if s.restarts > 0 { Part::Warn } else { Part::Dim };
            vec![
                (s.unit.clone(), Part::Text),
                state(s),
                (s.since.map_or_else(|| "-".to_owned(), |at| cx.clock(at)), Part::Text),
                (s.module.clone(), Part::Dim),
                (s.restarts.to_string(), restarts),
                (s.memory.map_or_else(|| "-".to_owned(), text::bytes), Part::Dim),
            ]
        });
    }
}
