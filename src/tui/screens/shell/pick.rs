//! The list from which another shell is opened: shells that are open without a pane here, and the nodes.
//!
//! Several can be marked. What was chosen is told to the page underneath by a line of the command line:
//! `shell-open tab node:3 shell:7`.

use super::layout::Way;
use super::pane::Wanted;
use crate::api::Topic;
use crate::domain::ids::{EnvId, ShellId};
use crate::tui::event::Effect;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::screens::nodes::natural;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{frame_of, more_below};
use crate::tui::widgets::list::List;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Rows of the list at most.
const ROWS: usize = 16;

/// A row.
struct Row {
    key: u64,
    word: String,
    what: String,
}

/// The list.
pub struct Pick {
    env: EnvId,
    shown: Vec<ShellId>,
    list: List,
}

impl Pick {
    /// What can be opened besides the shells that have a pane.
    pub fn new(env: EnvId, shown: &[ShellId]) -> Self {
        Self { env, shown: shown.to_vec(), list: List::default() }
    }

    fn rows(&self, cx: &Shared) -> Vec<Row> {
        let mine = cx.me.as_ref().map(|me| me.name.as_str());
        let mut rows: Vec<Row> = Vec::new();
        for shell in cx.data.shells() {
            if Some(shell.by.as_str()) == mine && !self.shown.contains(&shell.id) {
                let since = cx.tr(&text::ago(cx.now, shell.opened));
                let closes = shell.closes.map_or_else(String::new, |at| {
                    cx.tr(&t!("shell-pick-closes", left = text::duration(at.since(cx.now))))
                });
                rows.push(Row {
                    key: shell.id.0 * 2,
                    word: format!("shell:{}", shell.id),
                    what: cx.tr(&t!(
                        "shell-pick-open",
                        name = &shell.name,
                        number = shell.id.0,
                        since = since
                    )) + &closes,
                });
            }
        }
        for node in nodes(cx, self.env) {
            rows.push(Row {
                key: node.id.0 * 2 + 1,
                word: format!("node:{}", node.id),
                what: cx.tr(&t!("shell-pick-node", name = &node.name, address = node.address.to_string())),
            });
        }
        rows.retain(|r| self.list.filter.matches(&r.what));
        rows
    }

    fn choose(&self, cx: &Shared, place: &str) -> Vec<Effect> {
        let rows = self.rows(cx);
        let keys: Vec<u64> = rows.iter().map(|r| r.key).collect();
        let chosen = self.list.chosen(&keys);
        let words: Vec<&str> =
            rows.iter().filter(|r| chosen.contains(&r.key)).map(|r| r.word.as_str()).collect();
        if words.is_empty() {
            return vec![Effect::Close];
        }
        vec![Effect::Close, Effect::Line(format!("shell-open {place} {}", words.join(" ")))]
    }
}

/// The nodes that a shell can be opened on.
fn nodes(cx: &Shared, env: EnvId) -> Vec<&crate::api::rows::NodeRow> {
    let mut all = cx.data.nodes(env);
    all.retain(|n| n.credential.is_some() && n.host_key.is_some());
    all.sort_by_key(|n| natural(&n.name));
    all
}

/// What a line of the command line wants opened, and where.
pub fn chosen(cx: &Shared, env: EnvId, line: &str) -> Option<(Vec<Wanted>, Option<Way>)> {
    let mut words = line.split_whitespace();
    if words.next() != Some("shell-open") {
        return None;
    }
    let way = match words.next()? {
        "tab" => None,
        "right" => Some(Way::Beside),
        "below" => Some(Way::Below),
        _ => return None,
    };
    let wanted = |word: &str| {
        let (kind, number) = word.split_once(':')?;
        let number: u64 = number.parse().ok()?;
        if kind == "shell" {
            let shell = cx.data.shells().into_iter().find(|s| s.id.0 == number)?;
            return Some(Wanted {
                node: shell.node,
                name: shell.name.clone(),
                shell: Some(shell.id),
                job: shell.job,
            });
        }
        let node = nodes(cx, env).into_iter().find(|n| n.id.0 == number)?;
        Some(Wanted { node: node.id, name: node.name.clone(), shell: None, job: None })
    };
    Some((words.filter_map(wanted).collect(), way))
}

impl Screen for Pick {
    fn name(&self) -> &'static str {
        "shell-pick"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::ShellPick, Context::List, Context::Marking, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Shells, Topic::Nodes(self.env)]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys: Vec<u64> = self.rows(cx).iter().map(|r| r.key).collect();
        Some(match action {
            Action::Open => self.choose(cx, "tab"),
            Action::ShellRight => self.choose(cx, "right"),
            Action::ShellBelow => self.choose(cx, "below"),
            Action::Cancel | Action::Quit => vec![Effect::Close],
            Action::Back if !self.list.act(action, &keys) => vec![Effect::Close],
            Action::Back => Vec::new(),
            other => return self.list.act(other, &keys).then(Vec::new),
        })
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let rows = self.rows(cx);
        let keys: Vec<u64> = rows.iter().map(|r| r.key).collect();
        let columns = usize::from(area.width).saturating_sub(6).min(90);
        let inner = frame_of(cx, frame, area, &t!("shell-pick-title"), columns, rows.len().clamp(3, ROWS));
        if rows.is_empty() {
            for (n, line) in
                text::wrap(&cx.tr(&t!("shell-pick-empty")), columns).into_iter().enumerate().take(3)
            {
                let y = inner.y.saturating_add(cells(n));
                frame.render_widget(Line::styled(line, cx.style(Part::Dim)), Rect { y, height: 1, ..inner });
            }
            return;
        }
        let room = usize::from(inner.height);
        let from = self.list.scroll(&keys, room);
        more_below(cx, frame, inner, rows.len().saturating_sub(from + room));
        let at = self.list.selected(&keys);
        for (n, row) in rows.iter().enumerate().skip(from).take(room) {
            let here = at == Some(row.key);
            let part = match (here, self.list.is_marked(row.key)) {
                (true, _) => Part::Selection,
                (false, true) => Part::Mark,
                (false, false) => Part::Text,
            };
            let mark = if self.list.is_marked(row.key) { "●" } else { " " };
            let lead = if here { "»" } else { " " };
            let line = text::left(&format!("{lead}{mark} {}", row.what), usize::from(inner.width));
            let y = inner.y.saturating_add(cells(n - from));
            frame.render_widget(Line::styled(line, cx.style(part)), Rect { y, height: 1, ..inner });
        }
    }
}
