//! Who is here: every connection to the engine, with what its screens show.

use crate::api::Topic;
use crate::api::rows::EnvRow;
use crate::api::team::{Face, SessionRow};
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::presence;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// The page.
#[derive(Default)]
pub struct Who {
    list: List,
}

impl Who {
    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let mut all = cx.data.sessions();
        all.sort_by(|a, b| (&a.name, a.number).cmp(&(&b.name, b.number)));
        let fits =
            |s: &&&SessionRow| self.list.filter.matches(&format!("{} {} {}", s.name, s.full_name, s.account));
        all.iter().filter(fits).map(|s| s.number).collect()
    }

    fn selected<'a>(&self, cx: &'a Shared) -> Option<&'a SessionRow> {
        let key = self.list.selected(&self.keys(cx))?;
        cx.data.sessions().into_iter().find(|s| s.number == key)
    }

    fn cells(cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(s) = cx.data.sessions().into_iter().find(|s| s.number == key) else { return Vec::new() };
        let mine = cx.me.as_ref().is_some_and(|me| me.name == s.name);
        let name =
            if s.full_name.is_empty() { s.name.clone() } else { format!("{} ({})", s.name, s.full_name) };
        let name = if mine { format!("{name} ◂ {}", cx.tr(&t!("who-you"))) } else { name };
        let face = match s.face {
            Face::Screens => cx.tr(&t!("who-screens")),
            Face::Command | Face::Unknown => cx.tr(&t!("who-command")),
        };
        let page = s.place.as_ref().map_or_else(|| "-".to_owned(), |p| presence::page(cx, &p.page));
        vec![
            (name, Part::Text),
            (s.account.clone(), Part::Text),
            (face, Part::Text),
            (env(cx, s).map_or_else(|| "-".to_owned(), |e| e.env.name.clone()), Part::Text),
            (page, Part::Text),
            (cx.tr(&text::ago(cx.now, s.since)), Part::Dim),
        ]
    }
}

/// The environment that somebody's screens show.
fn env<'a>(cx: &'a Shared, session: &SessionRow) -> Option<&'a EnvRow> {
    cx.data.environment(session.place.as_ref()?.env?)
}

impl Screen for Who {
    fn name(&self) -> &'static str {
        "who"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-who"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Who, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Sessions]
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
        if action != Action::Open {
            return None;
        }
        let Some(session) = self.selected(cx) else { return Some(t!("who-nobody")) };
        env(cx, session).is_none().then(|| t!("refused-who-nowhere", name = session.name.as_str()))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                let name = &env(cx, self.selected(cx)?)?.env.name;
                Some(vec![Effect::Close, Effect::Line(format!("env {name}"))])
            }
            Action::Yank => {
                let name = self.selected(cx)?.name.clone();
                Some(vec![Effect::Copy(name)])
            }
            _ => None,
        }
    }

    fn ticks(&self, _: &Shared) -> bool {
        true
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let keys = self.keys(cx);
        if keys.is_empty() {
            if !cx.data.has(Topic::Sessions) {
                return empty::watched(cx, frame, area, Topic::Sessions);
            }
            let filter = self.list.filter.text();
            let sentence =
                if filter.is_empty() { t!("who-nobody") } else { t!("filter-empty", filter = filter) };
            return empty::draw(cx, frame, area, &[sentence]);
        }
        let columns = [
            column(t!("col-user"), Wide::Flex(14), 0),
            column(t!("col-account"), Wide::Flex(8), 1),
            column(t!("col-with"), Wide::Fixed(8), 2),
            column(t!("col-environment"), Wide::Flex(12), 0),
            column(t!("col-page"), Wide::Flex(12), 0),
            column(t!("col-since"), Wide::Fixed(12), 3),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| Self::cells(cx, key));
    }
}
