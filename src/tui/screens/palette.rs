//! The command line: `:`, with completion by what the letters have in common, and a history.

use crate::api::Topic;
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::tui::bindings::BINDINGS;
use crate::tui::event::Effect;
use crate::tui::i18n::{Language, Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::{Part, usable};
use crate::tui::widgets::prompt::Line as Typed;
use crate::tui::widgets::states;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

/// A line that can be run, and what it does.
pub type Offer = (String, Text);

/// Nodes and jobs of the environment that is looked at, and environments: what the command line goes to by name.
fn names(cx: &Shared, env: Option<EnvId>) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let environments = cx.data.environments(Topic::Environments);
    offers.extend(environments.iter().map(|e| (format!("env {}", e.env.name), t!("offer-env"))));
    let Some(env) = env else { return offers };
    let nodes = cx.data.nodes(env);
    let shells = cx.may(access::Action::Shell);
    for node in &nodes {
        let what = format!("{} {}", node.address, states::roles(cx, &node.roles));
        offers.push((format!("node {}", node.name), t!("offer-node", what = what)));
    }
    for node in &nodes {
        if shells {
            offers.push((format!("shell {}", node.name), t!("offer-shell", name = &node.name)));
        }
        offers.push((format!("logs {}", node.name), t!("offer-logs", name = &node.name)));
    }
    for job in cx.data.jobs(env).iter().rev() {
        let kind = Text::key(format!("plan-kind-{}", job.kind.word()));
        let state = Text::key(format!("job-state-{}", job.state.word()));
        let what = format!("{}, {}", cx.tr(&kind), cx.tr(&state));
        offers.push((format!("job {}", job.id), t!("offer-job", what = what)));
    }
    offers
}

/// The lines that make sense in `contexts`.
pub fn lines(cx: &Shared, contexts: &[Context], env: Option<EnvId>) -> Vec<Offer> {
    let role = cx.me.as_ref().map(|me| me.role);
    let mut offers: Vec<Offer> = Vec::new();
    // What this screen can do comes first.
    for context in contexts {
        for b in BINDINGS.iter().filter(|b| b.context == *context && b.permitted(role)) {
            let dull = matches!(b.context, Context::Moving | Context::Form | Context::Dialog);
            let word = b.action.word();
            if !dull && b.action != Action::Palette && !offers.iter().any(|(w, _)| w == word) {
                offers.push((word.to_owned(), Text::key(format!("act-{word}"))));
            }
        }
    }
    offers.extend(names(cx, env));
    for language in Language::ALL {
        offers.push((format!("language {}", language.code()), Text::plain(language.name())));
    }
    for theme in cx.themes.iter().filter(|t| usable(t, cx.colours)) {
        offers.push((format!("theme {}", theme.name), t!("act-theme-named", name = theme.name.as_str())));
    }
    for map in &cx.keymaps {
        offers.push((format!("keys {}", map.name), t!("act-keys-named", name = map.name.as_str())));
    }
    offers
}

/// How well `wanted` fits `offered` as a subsequence, from wherever it fits best: smaller is better, `None` is not at all.
pub fn fuzzy(wanted: &str, offered: &str) -> Option<usize> {
    let offered: Vec<char> = offered.to_lowercase().chars().collect();
    let wanted: Vec<char> = wanted.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let Some(first) = wanted.first() else { return Some(offered.len().min(80) / 8) };
    let starts = offered.iter().enumerate().filter(|(_, c)| *c == first).map(|(at, _)| at);
    starts.filter_map(|at| fuzzy_from(&wanted, &offered, at)).min()
}

fn fuzzy_from(wanted: &[char], offered: &[char], from: usize) -> Option<usize> {
    let mut at = from;
    let mut cost = 0;
    let mut last = None;
    for c in wanted.iter().copied() {
        let found = offered.iter().skip(at).position(|o| *o == c)? + at;
        let start = found == 0 || offered.get(found - 1).is_some_and(|o| !o.is_alphanumeric());
        cost += match last {
            Some(l) if l + 1 == found => 0,
            _ if start => 1,
            // The way to the first letter costs as well.
            _ => 3 + found - at,
        };
        last = Some(found);
        at = found + 1;
    }
    Some(cost * 8 + offered.len().min(80) / 8)
}

/// Words that take something behind them which no list can hold: a filter.
const TAKES: [&str; 1] = ["logs"];

/// The command line.
pub struct Palette {
    offers: Vec<Offer>,
    typed: Typed,
    at: usize,
    history: Vec<String>,
    /// How far back in the history the line is.
    back: usize,
}

impl Palette {
    /// A command line that offers these.
    pub fn new(offers: Vec<Offer>, history: Vec<String>) -> Self {
        Self { offers, typed: Typed::default(), at: 0, history, back: 0 }
    }

    fn found(&self, cx: &Shared) -> Vec<&Offer> {
        let wanted = self.typed.text();
        let mut scored: Vec<(usize, &Offer)> = self
            .offers
            .iter()
            .filter_map(|offer| {
                let by_word = fuzzy(wanted, &offer.0);
                let by_text = fuzzy(wanted, &cx.tr(&offer.1)).map(|c| c + 16);
                by_word.into_iter().chain(by_text).min().map(|cost| (cost, offer))
            })
            .collect();
        if !wanted.is_empty() {
            scored.sort_by_key(|(cost, _)| *cost);
        }
        scored.into_iter().map(|(_, offer)| offer).collect()
    }
}

impl Screen for Palette {
    fn name(&self) -> &'static str {
        "palette"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Line]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        Some((Text::plain(":"), self.typed.text().to_owned(), self.typed.cursor()))
    }

    fn types(&self) -> bool {
        true
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if key.code == KeyCode::Backspace && self.typed.text().is_empty() {
            return Some(vec![Effect::Close]);
        }
        if !self.typed.key(key) {
            return None;
        }
        self.at = 0;
        Some(Vec::new())
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        self.typed.paste(text);
        Vec::new()
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let found = self.found(cx);
        match action {
            Action::Choose => {
                let typed = self.typed.text().trim();
                // What was typed with words behind it is meant as it stands.
                let whole = typed
                    .split_once(' ')
                    .is_some_and(|(word, rest)| TAKES.contains(&word) && !rest.is_empty());
                let exact = found.iter().find(|(word, _)| word == typed);
                let near = found.get(self.at).filter(|_| !whole || self.at > 0);
                let line = exact.or(near).map(|(word, _)| word.clone());
                let line = line.unwrap_or_else(|| typed.to_owned());
                return Some(vec![Effect::Close, Effect::Line(line)]);
            }
            Action::FieldNext => {
                if let Some((word, _)) = found.get(self.at) {
                    self.typed = Typed::new(word.clone());
                    self.at = 0;
                }
            }
            // Above the first offer lies the history.
            Action::ChoiceBefore if self.at == 0 => {
                let before = self.history.len().checked_sub(self.back + 1);
                if let Some(line) = before.and_then(|at| self.history.get(at)) {
                    self.typed = Typed::new(line.clone());
                    self.back += 1;
                }
            }
            Action::ChoiceBefore => self.at -= 1,
            Action::ChoiceNext => self.at = (self.at + 1).min(found.len().saturating_sub(1)),
            Action::Cancel => return Some(vec![Effect::Close]),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let found = self.found(cx);
        let rows = found.len().min(12).min(usize::from(area.height));
        let words = found.iter().map(|(w, _)| text::width(w)).max().unwrap_or(0);
        let height = cells(rows);
        let place = Rect { y: area.bottom().saturating_sub(height), height, ..area };
        frame.render_widget(Clear, place);
        let from = (self.at + 1).saturating_sub(rows);
        for (n, (word, what)) in found.into_iter().skip(from).take(rows).enumerate() {
            let here = n + from == self.at;
            let base = if here { cx.style(Part::Selection) } else { cx.style(Part::Text) };
            let lead = if here { " » " } else { "   " };
            let what = format!("  {}", cx.tr(what));
            let room = usize::from(area.width).saturating_sub(words + 3);
            let spans = vec![
                Span::styled(format!("{lead}{}", text::left(word, words)), base),
                Span::styled(text::left(&what, room), if here { base } else { cx.style(Part::Dim) }),
            ];
            let y = place.y.saturating_add(cells(n));
            frame
                .render_widget(Line::from(spans).style(cx.style(Part::Text)), Rect { y, height: 1, ..place });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;

    #[test]
    fn the_nearest_word_wins() {
        let words = [
            "env-new",
            "env-rename",
            "messages",
            "node-rename",
            "theme dark",
            "users",
            "user-new",
            "node node-3",
            "shell node-3",
            "logs node-3",
        ];
        for (typed, first) in [
            ("en", "env-new"),
            ("envren", "env-rename"),
            ("us", "users"),
            ("un", "user-new"),
            ("dark", "theme dark"),
            ("node-3", "node node-3"),
            ("shnode-3", "shell node-3"),
        ] {
            let mut found: Vec<_> = words.iter().filter_map(|w| fuzzy(typed, w).map(|c| (c, *w))).collect();
            found.sort_by_key(|(cost, _)| *cost);
            assert_eq!(found.first().unwrap().1, first, "{typed}: {found:?}");
        }
        assert_eq!(fuzzy("xyz", "env-new"), None);
    }
}
