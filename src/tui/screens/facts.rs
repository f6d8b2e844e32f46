//! A node's facts over time: what is wrong with the machine for its role, and what changed when.

use super::sweep::twin_words;
use crate::api::rows::NodeRow;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::access;
use crate::domain::facts::findings::{Finding, Severity, findings};
use crate::domain::facts::history::{Change, Record, diff};
use crate::domain::ids::{EnvId, NodeId};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The page.
pub struct FactsPage {
    env: EnvId,
    node: NodeId,
    list: List,
    /// Oldest first; `None` until it has come.
    history: Option<Vec<Record>>,
    refused: Option<Text>,
    /// Facts as of when the history was asked for.
    asked: Option<crate::domain::time::Moment>,
}

/// A finding in the language of the screen.
pub fn sentence(cx: &Shared, finding: &Finding) -> String {
    let (role, found, wanted) = finding.what.arguments();
    let role = role.map_or_else(|| Text::plain(""), |r| Text::key(format!("role-{}", r.word())));
    let text = Text::key(finding.what.key()).with("found", found).with("wanted", wanted).with("role", role);
    cx.tr(&text)
}

/// A finding with its severity as a mark and a word.
pub fn line_of(cx: &Shared, finding: &Finding) -> (String, Part) {
    let (mark, part) = match finding.severity {
        Severity::Fault => ("✗", Part::Bad),
        Severity::Warning => ("!", Part::Warn),
    };
    let word = cx.tr(&Text::key(format!("severity-{}", finding.severity.word())));
    (format!("{mark} {word}: {}", sentence(cx, finding)), part)
}

/// Everything that speaks against a node: findings, twins, refused logins.
pub fn against(cx: &Shared, row: &NodeRow) -> Vec<(String, Part)> {
    let mut lines: Vec<(String, Part)> =
        row.facts.iter().flat_map(|f| findings(f, &row.roles)).map(|finding| line_of(cx, &finding)).collect();
    lines.extend(twin_words(cx, &row.twins).into_iter().map(|w| (format!("! {w}"), Part::Warn)));
    if let Some(logins) = &row.logins {
        let limit = logins.limit;
        let text = match logins.until {
            Some(until) => {
                t!("logins-held", refused = logins.refused, minutes = limit.minutes, until = cx.clock(until))
            }
            None => t!(
                "logins-refused",
                refused = logins.refused,
                attempts = limit.attempts,
                minutes = limit.minutes
            ),
        };
        lines.push((format!("! {}", cx.tr(&text)), Part::Warn));
    }
    lines
}

fn change_line(cx: &Shared, change: &Change) -> String {
    let fact = cx.tr(&Text::key(format!("fact-{}", change.fact.word())));
    let item = change.item.as_deref().unwrap_or_default();
    let none = || cx.tr(&t!("fact-none"));
    let value = |v: &str| match v {
        "" => none(),
        "yes" => cx.tr(&t!("word-yes")),
        "no" => cx.tr(&t!("word-no")),
        v => v.to_owned(),
    };
    let name = if item.is_empty() { fact } else { format!("{fact} {item}") };
    format!("{}  {} → {}", text::left(&name, 22), value(&change.before), value(&change.after))
}

impl FactsPage {
    /// The page of a node.
    pub fn new(env: EnvId, node: NodeId) -> Self {
        Self { env, node, list: List::default(), history: None, refused: None, asked: None }
    }

    fn ask(&mut self, cx: &Shared) -> Vec<Effect> {
        self.asked = self.row(cx).and_then(|r| r.facts.as_ref()).map(|f| f.gathered);
        vec![Effect::Call(Tag::Content, Request::FactsHistory { node: self.node })]
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a NodeRow> {
        cx.data.nodes(self.env).into_iter().find(|n| n.id == self.node)
    }

    fn records(&self) -> &[Record] {
        self.history.as_deref().unwrap_or_default()
    }

    /// Newest first.
    fn keys(&self) -> Vec<u64> {
        (0..u64::try_from(self.records().len()).unwrap_or(0)).rev().collect()
    }

    /// What changed with a record; `None`: it is the first.
    fn changes(&self, key: u64) -> Option<Vec<Change>> {
        let at = usize::try_from(key).ok()?;
        let now = self.records().get(at)?;
        let before = self.records().get(at.checked_sub(1)?)?;
        Some(diff(&before.facts, &now.facts))
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(record) = usize::try_from(key).ok().and_then(|at| self.records().get(at)) else {
            return Vec::new();
        };
        let what = match self.changes(key) {
            None => cx.tr(&t!("facts-first")),
            Some(changes) => {
                let mut names: Vec<String> =
                    changes.iter().map(|c| cx.tr(&Text::key(format!("fact-{}", c.fact.word())))).collect();
                names.dedup();
                names.join(", ")
            }
        };
        vec![(cx.clock(record.since), Part::Text), (cx.clock(record.until), Part::Dim), (what, Part::Text)]
    }
}

impl Screen for FactsPage {
    fn name(&self) -> &'static str {
        "facts"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        let name = self.row(cx).map_or_else(|| self.node.to_string(), |r| r.name.clone());
        Some(t!("crumb-facts", name = name))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Facts, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Nodes(self.env)]
    }

    fn key(&mut self, _: &Shared, _: &KeyEvent) -> Option<Vec<Effect>> {
        None
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.ask(cx)
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        let gathered = self.row(cx).and_then(|r| r.facts.as_ref()).map(|f| f.gathered);
        if gathered == self.asked { Vec::new() } else { self.ask(cx) }
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match (action, self.row(cx)) {
            (Action::NodeProbe, None) => Some(t!("refused-no-node")),
            (Action::NodeProbe, Some(row)) if row.credential.is_none() => {
                Some(t!("refused-no-credential", name = &row.name))
            }
            (Action::NodeProbe, Some(row)) if row.probing.is_some() => Some(t!("refused-probing")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        match action {
            Action::NodeProbe => Some(vec![
                Effect::Say(Level::Info, t!("probe-started", count = 1_u32)),
                Effect::Probe(vec![self.node]),
            ]),
            Action::Yank => {
                let lines: Vec<String> = keys
                    .iter()
                    .flat_map(|key| {
                        let head: Vec<String> = self.cells(cx, *key).into_iter().map(|c| c.0).collect();
                        let changes = self.changes(*key).unwrap_or_default();
                        let changes: Vec<String> =
                            changes.iter().map(|c| format!("  {}", change_line(cx, c))).collect();
                        std::iter::once(head.join("  ")).chain(changes).collect::<Vec<_>>()
                    })
                    .collect();
                Some(vec![Effect::Copy(lines.join("\n"))])
            }
            _ => None,
        }
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::FactsHistory(history)) => {
                self.history = Some(history);
                self.refused = None;
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) => {
                let why = cx.catalogue.failure(&f);
                if self.history.is_none() {
                    self.refused = Some(why);
                    return Vec::new();
                }
                vec![Effect::Say(Level::Bad, why)]
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let width = usize::from(area.width).saturating_sub(2).max(1);
        let mut y = area.y;
        let mut put = |line: String, part: Part, y: &mut u16| {
            if *y < area.bottom() {
                let line = Line::styled(format!(" {line}"), cx.style(part));
                frame.render_widget(line, Rect { y: *y, height: 1, ..area });
                *y = y.saturating_add(1);
            }
        };
        if let Some(row) = self.row(cx) {
            let against = against(cx, row);
            if against.is_empty() && row.facts.is_some() {
                put(format!("✓ {}", cx.tr(&t!("facts-fit"))), Part::Good, &mut y);
            }
            for (line, part) in against {
                for (n, piece) in text::wrap(&line, width.saturating_sub(2)).into_iter().enumerate() {
                    put(if n == 0 { piece } else { format!("  {piece}") }, part, &mut y);
                }
            }
        }
        y = y.saturating_add(1);
        if y >= area.bottom() {
            return;
        }
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let keys = self.keys();
        if keys.is_empty() {
            if self.history.is_none() {
                return empty::asked(cx, frame, rest, self.refused.as_ref());
            }
            let (what, how) = (t!("facts-none"), t!("facts-none-do"));
            return empty::invite(cx, frame, rest, what, access::Action::Configure, how);
        }
        let changes = self.list.selected(&keys).map(|key| self.changes(key));
        let rows = cells(keys.len() + 1).min((rest.height / 2).max(3));
        let top = Rect { height: rows.min(rest.height), ..rest };
        let columns = [
            column(t!("col-since"), Wide::Fixed(17), 0),
            column(t!("col-until"), Wide::Fixed(17), 1),
            column(t!("col-changed-what"), Wide::Flex(24), 0),
        ];
        table::draw(cx, frame, top, &self.list, &columns, &keys, |key| self.cells(cx, key));
        let mut y = top.bottom().saturating_add(1);
        let lines: Vec<String> = match changes {
            None => return,
            Some(None) => vec![cx.tr(&t!("facts-first-what"))],
            Some(Some(changes)) => changes.iter().map(|c| change_line(cx, c)).collect(),
        };
        for line in lines {
            for piece in text::wrap(&line, width) {
                if y >= area.bottom() {
                    return;
                }
                let line = Line::styled(format!(" {piece}"), cx.style(Part::Text));
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y = y.saturating_add(1);
            }
        }
    }
}
