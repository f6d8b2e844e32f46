//! The editor of one scope's options in one file: ini text, with what is wrong said while it is typed, where the value under the
//! cursor is set as well, and the difference before it is saved.
//!
//! Nothing that was typed is lost by a refusal: the text stays until it is kept or given up on purpose.

use super::options::scope_words;
use crate::api::message::EnvChange;
use crate::api::{Failure, Request, Response};
use crate::domain::environment::Environment;
use crate::domain::ids::EnvId;
use crate::domain::overrides::{OptionText, Scope, Setting, parse, unknown_sections};
use crate::tui::event::{Effect, Level, Settle, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::changes::{Change, Changes, changes};
use crate::tui::widgets::editor::Editor;
use crate::tui::widgets::highlight::Syntax;
use crate::tui::widgets::stale::{Stale, compare_lines};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Lines for what is wrong.
const BELOW: u16 = 5;

/// Whether the difference was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// It is shown first.
    No,
    /// It was shown by another dialog.
    Yes,
}

/// The editor.
pub struct OptionEditor {
    env: EnvId,
    scope: Scope,
    file: String,
    /// The text as it was when the editor was opened.
    before: String,
    sections: Vec<String>,
    editor: Editor,
    fault: Option<Text>,
    /// What somebody else has saved meanwhile.
    theirs: Option<String>,
    /// Leaving without keeping was asked once.
    warned: bool,
}

impl OptionEditor {
    /// The editor of a text.
    pub fn new(env: EnvId, scope: Scope, file: String, text: String, sections: Vec<String>) -> Self {
        let editor = Editor::new(&text, Syntax::of(&file, &text));
        Self { env, scope, file, before: text, sections, editor, fault: None, theirs: None, warned: false }
    }

    fn text(&self) -> String {
        let mut text = self.editor.lines().join("\n").trim_end().to_owned();
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn is_changed(&self) -> bool {
        self.text().trim_end() != self.before.trim_end()
    }

    /// The text that is saved now.
    fn saved<'a>(&self, env: &'a Environment) -> &'a str {
        let mine = env.options.iter().find(|t| t.scope == self.scope && t.file == self.file);
        mine.map(|t| t.text.as_str()).unwrap_or_default()
    }

    fn keep(&mut self, cx: &Shared, sure: Sure) -> Vec<Effect> {
        let text = self.text();
        if let Some((line, fault)) = parse(&text).1.first() {
            self.fault = Some(t!("option-line", line = line + 1, what = Text::key(fault.key())));
            return Vec::new();
        }
        let Some(row) = cx.data.environment(self.env) else { return Vec::new() };
        let now = self.saved(&row.env);
        if now != self.before {
            return self.outrun(&row.env.changed_by, now.to_owned());
        }
        let change =
            EnvChange::Options(OptionText { scope: self.scope, file: self.file.clone(), text: text.clone() });
        let request = Request::EnvEdit { env: self.env, based_on: row.env.revision, change };
        let save = vec![Effect::Say(Level::Info, t!("form-busy")), Effect::Call(Tag::Form, request)];
        let lines = changes(&self.before, &text);
        if lines.iter().all(|l| matches!(l, Change::Gap(_) | Change::Same(_))) {
            return vec![Effect::Close, Effect::Say(Level::Info, t!("option-unchanged", file = &self.file))];
        }
        if sure == Sure::Yes {
            return save;
        }
        let title = t!("changes-title", file = &self.file, scope = scope_words(cx, self.scope));
        vec![Effect::Push(Box::new(Changes::new(title, lines, save)))]
    }

    /// Somebody else has saved another text of the same scope and file.
    fn outrun(&mut self, by: &str, theirs: String) -> Vec<Effect> {
        let dialog = Stale::new(by, compare_lines(&self.text(), &theirs), t!("stale-what-text"));
        self.theirs = Some(theirs);
        self.fault = Some(t!("stale-still"));
        vec![Effect::Push(Box::new(dialog))]
    }

    /// Where else the option under the cursor is set: what a node gets is the narrowest of them.
    fn origin(&self, cx: &Shared, setting: &Setting) -> Option<(String, Part)> {
        let row = cx.data.environment(self.env)?;
        let mut found: Vec<(Scope, String)> = Vec::new();
        for text in row.env.options.iter().filter(|t| t.file == self.file && t.scope != self.scope) {
            let all = parse(&text.text).0;
            let same = all.into_iter().find(|s| s.section == setting.section && s.key == setting.key);
            let said =
                |s: Setting| if s.values.is_empty() { format!("!{}", s.key) } else { s.values.join(", ") };
            found.extend(same.map(|s| (text.scope, said(s))));
        }
        let key = format!("[{}] {}", setting.section, setting.key);
        if found.is_empty() {
            return Some((cx.tr(&t!("option-origin-only", option = key)), Part::Dim));
        }
        let narrow = |scope: &Scope| match scope {
            Scope::All => 0,
            Scope::Role(_) => 1,
            Scope::Node(_) => 2,
        };
        let places: Vec<String> = found
            .iter()
            .map(|(scope, value)| {
                let whom = cx.tr(&scope_words(cx, *scope));
                let wins = narrow(scope) > narrow(&self.scope);
                let text = if wins {
                    t!("option-origin-wins", scope = whom, value = value)
                } else {
                    t!("option-origin-yields", scope = whom, value = value)
                };
                cx.tr(&text)
            })
            .collect();
        Some((cx.tr(&t!("option-origin", option = key, places = places.join("; "))), Part::Warn))
    }

    /// What is wrong or odd, with its line: that of the cursor first.
    fn notes(&self, cx: &Shared) -> Vec<(String, Part)> {
        let (settings, faults) = parse(&self.text());
        let mut origin = None;
        let here = self.editor.line();
        let mut found: Vec<(usize, Text, Part)> =
            faults.into_iter().map(|(line, fault)| (line, Text::key(fault.key()), Part::Bad)).collect();
        for unknown in unknown_sections(&settings, self.sections.iter().map(String::as_str)) {
            let words = match &unknown.near {
                Some(near) => t!("option-section-near", section = &unknown.section, near = near),
                None => t!("option-section-unknown", section = &unknown.section),
            };
            found.push((unknown.line, words, Part::Warn));
        }
        if let Some(setting) =
            settings.iter().rev().find(|s| s.line <= here && here < s.line + s.values.len().max(1))
        {
            origin = self.origin(cx, setting);
        }
        found.sort_by_key(|(line, _, _)| (*line != here, *line));
        let mut out: Vec<(String, Part)> = Vec::new();
        out.extend(self.fault.iter().map(|f| (format!("✗ {}", cx.tr(f)), Part::Bad)));
        if self.fault.is_none()
            && let Some(row) = cx.data.environment(self.env)
            && self.saved(&row.env) != self.before
        {
            let words = t!("option-changed-meanwhile", by = &row.env.changed_by);
            out.push((cx.tr(&words), Part::Warn));
        }
        out.extend(
            found
                .into_iter()
                .map(|(line, what, part)| (cx.tr(&t!("option-line", line = line + 1, what = what)), part)),
        );
        out.extend(origin);
        if out.is_empty() {
            out.push((cx.tr(&t!("option-good", count = settings.len())), Part::Dim));
        }
        out
    }
}

impl Screen for OptionEditor {
    fn name(&self) -> &'static str {
        "option-editor"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(Text::plain(self.file.clone()))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Editor]
    }

    fn types(&self) -> bool {
        true
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if !self.editor.key(cx, key) {
            return None;
        }
        self.fault = None;
        self.warned = false;
        Some(Vec::new())
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.editor.prompt()
    }

    fn paste(&mut self, _: &Shared, pasted: &str) -> Vec<Effect> {
        self.editor.paste(pasted);
        Vec::new()
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            _ if self.editor.act(action) => Some(Vec::new()),
            Action::Submit => Some(self.keep(cx, Sure::No)),
            Action::Cancel if self.is_changed() && !self.warned => {
                self.warned = true;
                self.fault = Some(t!("form-discard"));
                Some(Vec::new())
            }
            Action::Cancel => Some(vec![Effect::Close]),
            _ => None,
        }
    }

    fn settle(&mut self, cx: &Shared, how: Settle) -> Vec<Effect> {
        let Some(theirs) = self.theirs.take().filter(|_| how != Settle::Keep) else { return Vec::new() };
        self.fault = None;
        if how == Settle::Theirs {
            self.editor.replace(&theirs);
        }
        self.before = theirs;
        if how == Settle::Mine { self.keep(cx, Sure::Yes) } else { Vec::new() }
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(_) => vec![Effect::Close, Effect::Say(Level::Good, t!("option-kept", file = &self.file))],
            Err(f) => {
                self.fault = Some(cx.catalogue.failure(&f));
                vec![Effect::Say(Level::Bad, t!("option-not-kept", file = &self.file))]
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let head = cx.tr(&t!("option-editing", file = &self.file, scope = scope_words(cx, self.scope)));
        frame.render_widget(
            Line::styled(text::fit(&format!(" {head}"), usize::from(area.width)), cx.style(Part::Title)),
            Rect { height: 1.min(area.height), ..area },
        );
        let below = BELOW.min(area.height.saturating_sub(3));
        let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area };
        self.editor.view(cx, frame, room);
        let mut y = room.bottom() + 1;
        for (words, part) in self.notes(cx) {
            for line in text::wrap(&words, usize::from(area.width.saturating_sub(2)).max(10)) {
                if y >= area.bottom() {
                    return;
                }
                let line = Line::styled(format!(" {line}"), cx.style(part));
                frame.render_widget(line, Rect { y, height: cells(1), ..area });
                y += 1;
            }
        }
    }
}
