//! What an import would do, before it does it: each line of the list with what becomes of it and why.
//!
//! The preview is the engine's; its digest goes back with the yes, so that nothing is done that was not on the screen.

use crate::api::import::{ImportAsk, ImportDone, ImportView};
use crate::api::{Failure, FailureKind, Request, Response};
use crate::domain::import::preview::{Change, ImportRow, Verdict};
use crate::domain::import::{Note, Reason};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{empty, states};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::VecDeque;

/// Notes about the list that stand above its lines; the others are behind a key.
const NOTES_SHOWN: usize = 2;

/// The page.
pub struct ImportPage {
    ask: ImportAsk,
    view: ImportView,
    list: List,
    /// Keys that are still to be read; the first one is being read.
    reading: VecDeque<String>,
    busy: bool,
    fault: Option<Text>,
}

/// A reason in the language of the screen.
pub fn sentence(reason: &Reason) -> Text {
    Text::key(format!("import-why-{}", reason.why.word()))
        .with("what", reason.what.as_str())
        .with("other", reason.other.as_str())
}

fn glyph(verdict: Verdict) -> (&'static str, Part) {
    match verdict {
        Verdict::New => ("+", Part::Good),
        Verdict::Changed => ("~", Part::Busy),
        Verdict::Same => ("=", Part::Dim),
        Verdict::Refused => ("✗", Part::Bad),
    }
}

fn verdict(cx: &Shared, row: &ImportRow) -> String {
    let word = Text::key(format!("import-{}", row.verdict.word()));
    format!("{} {}", glyph(row.verdict).0, cx.tr(&word))
}

fn place(row: &ImportRow) -> String {
    match (row.address.as_str(), row.port) {
        ("", _) => "-".to_owned(),
        (address, 22) => address.to_owned(),
        (address, port) => format!("{address}:{port}"),
    }
}

fn change(cx: &Shared, change: &Change) -> String {
    let field = cx.tr(&Text::key(format!("import-field-{}", change.field)));
    if matches!(change.field.as_str(), "password" | "key") {
        return cx.tr(&t!("import-given", field = field));
    }
    let or_dash = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
    format!("{field}: {} → {}", or_dash(&change.from), or_dash(&change.to))
}

/// What happens to a line, a sentence each.
fn what(cx: &Shared, row: &ImportRow) -> Vec<String> {
    let mut all: Vec<String> = row.reason.iter().map(|r| cx.tr(&sentence(r))).collect();
    all.extend(row.changes.iter().map(|c| change(cx, c)));
    if row.verdict == Verdict::New && !row.jump.is_empty() {
        all.push(format!("{} {}", cx.tr(&t!("import-field-jump")), row.jump));
    }
    if row.verdict == Verdict::New && row.login == "password" {
        all.push(cx.tr(&t!("import-given", field = t!("import-field-password"))));
    }
    all.extend(row.notes.iter().map(|r| cx.tr(&sentence(r))));
    all
}

impl ImportPage {
    /// What was asked, and the answer.
    pub fn new(ask: ImportAsk, view: ImportView) -> Self {
        Self { ask, view, list: List::default(), reading: VecDeque::new(), busy: false, fault: None }
    }

    fn row(&self, key: u64) -> Option<&ImportRow> {
        usize::try_from(key).ok().and_then(|at| self.view.preview.rows.get(at))
    }

    fn keys(&self, cx: &Shared) -> Vec<u64> {
        let rows = (0_u64..).zip(&self.view.preview.rows);
        if self.list.filter.text().is_empty() {
            return rows.map(|(key, _)| key).collect();
        }
        let fits = |row: &ImportRow| {
            let text = [
                row.line.to_string(),
                verdict(cx, row),
                row.label.clone(),
                row.name.clone(),
                place(row),
                states::roles(cx, &row.roles),
                what(cx, row).join(" "),
            ];
            self.list.filter.matches(&text.join(" "))
        };
        rows.filter(|(_, row)| fits(row)).map(|(key, _)| key).collect()
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.view.preview.count(verdict)
    }

    fn ask(&mut self) -> Vec<Effect> {
        self.busy = true;
        vec![Effect::Call(Tag::Content, Request::ImportPreview(self.ask.clone()))]
    }

    fn confirm(&self) -> Confirm {
        let body = vec![
            t!("import-what", added = self.count(Verdict::New), changed = self.count(Verdict::Changed)),
            t!("import-left", count = self.count(Verdict::Refused)),
        ];
        let request = Request::ImportApply { import: self.view.number, digest: self.view.preview.digest };
        Confirm::new(t!("import-confirm"), body, t!("button-import"), move || {
            vec![Effect::Call(Tag::Form, request)]
        })
    }

    fn details(&self, cx: &Shared) -> Option<Reading> {
        let row = self.list.selected(&self.keys(cx)).and_then(|key| self.row(key))?;
        let name = if row.name.is_empty() { &row.label } else { &row.name };
        let mut lines = vec![
            Text::plain(format!("{}  {name}  {}", verdict(cx, row), place(row))),
            Text::plain(format!("{}  {}", row.user, states::roles(cx, &row.roles))),
        ];
        lines.extend(what(cx, row).into_iter().map(Text::plain));
        let title = if row.line > 0 { t!("import-line", line = row.line) } else { Text::plain(&row.label) };
        Some(Reading::new(title, lines))
    }

    fn note(cx: &Shared, note: &Note) -> String {
        let text = cx.tr(&sentence(&note.reason));
        if note.line == 0 {
            return text;
        }
        format!("{}: {text}", cx.tr(&t!("import-line", line = note.line)))
    }

    fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let summary = t!(
            "import-summary",
            added = self.count(Verdict::New),
            changed = self.count(Verdict::Changed),
            same = self.count(Verdict::Same),
            refused = self.count(Verdict::Refused),
        );
        let mut lines = vec![(cx.tr(&summary), Part::Title)];
        if let Some(fault) = &self.fault {
            lines.push((format!("✗ {}", cx.tr(fault)), Part::Bad));
        }
        if self.busy {
            lines.push((cx.tr(&t!("form-busy")), Part::Busy));
        }
        let preview = &self.view.preview;
        if !preview.keys.is_empty() {
            lines.push((format!("! {}", cx.tr(&t!("import-keys", count = preview.keys.len()))), Part::Warn));
        }
        let notes = preview.notes.iter().take(NOTES_SHOWN);
        lines.extend(notes.map(|n| (format!("! {}", Self::note(cx, n)), Part::Warn)));
        let more = preview.notes.len().saturating_sub(NOTES_SHOWN);
        if more > 0 {
            lines.push((cx.tr(&t!("import-notes-more", count = more)), Part::Dim));
        }
        lines
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(row) = self.row(key) else { return Vec::new() };
        let (_, part) = glyph(row.verdict);
        vec![
            (if row.line > 0 { row.line.to_string() } else { "-".to_owned() }, Part::Dim),
            (verdict(cx, row), part),
            (if row.name.is_empty() { row.label.clone() } else { row.name.clone() }, Part::Text),
            (place(row), Part::Text),
            (states::roles(cx, &row.roles), Part::Text),
            (what(cx, row).join("; "), if row.verdict == Verdict::Refused { Part::Bad } else { Part::Dim }),
        ]
    }

    fn next_key(&mut self) -> Vec<Effect> {
        match self.reading.front() {
            Some(path) => vec![Effect::ReadFile(path.clone())],
            None => self.ask(),
        }
    }
}

impl Screen for ImportPage {
    fn name(&self) -> &'static str {
        "import"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-import"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Import, Context::List, Context::Moving]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        self.list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        self.list.filter.prompt()
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.busy = false;
        Vec::new()
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::ImportApply | Action::ImportKeys if self.busy => Some(t!("form-busy")),
            Action::ImportApply if self.count(Verdict::New) + self.count(Verdict::Changed) == 0 => {
                Some(t!("import-nothing"))
            }
            Action::ImportKeys if self.view.preview.keys.is_empty() => Some(t!("import-no-keys")),
            Action::ImportNotes if self.view.preview.notes.is_empty() => Some(t!("import-no-notes")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys(cx);
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        Some(match action {
            Action::ImportApply => vec![Effect::Push(Box::new(self.confirm()))],
            Action::ImportKeys => {
                self.reading = self.view.preview.keys.iter().cloned().collect();
                self.busy = true;
                self.next_key()
            }
            Action::ImportNotes => {
                let notes = self.view.preview.notes.iter().map(|n| Text::plain(Self::note(cx, n)));
                vec![Effect::Push(Box::new(Reading::new(t!("import-notes"), notes.collect())))]
            }
            Action::Open => vec![Effect::Push(Box::new(self.details(cx)?))],
            Action::Yank => {
                let line =
                    |row: &ImportRow| format!("{}\t{}\t{}", row.line, row.label, what(cx, row).join("; "));
                let all: Vec<String> = keys.iter().filter_map(|k| self.row(*k)).map(line).collect();
                vec![Effect::Copy(all.join("\n"))]
            }
            _ => return None,
        })
    }

    fn file(&mut self, _: &Shared, result: Result<Secret, String>) -> Vec<Effect> {
        let Some(path) = self.reading.pop_front() else { return Vec::new() };
        let mut effects = Vec::new();
        match result {
            Ok(text) => drop(self.ask.keys.insert(path, text)),
            Err(why) => effects.push(Effect::Say(Level::Warn, Text::plain(why))),
        }
        effects.extend(self.next_key());
        effects
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        self.busy = false;
        match result {
            Ok(Response::ImportPreview(view)) => {
                self.view = *view;
                Vec::new()
            }
            Ok(Response::Imported(ImportDone { added, changed, refused })) => {
                let said = t!("import-done", added = added, changed = changed, refused = refused);
                vec![Effect::Say(Level::Good, said), Effect::Close]
            }
            Ok(_) => Vec::new(),
            Err(f) if f.kind == FailureKind::Conflict => {
                self.fault = Some(cx.catalogue.failure(&f));
                self.ask()
            }
            Err(f) => {
                self.fault = Some(cx.catalogue.failure(&f));
                Vec::new()
            }
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let mut y = area.y;
        for (line, part) in self.head(cx) {
            if y < area.bottom() {
                let line = Line::styled(format!(" {line}"), cx.style(part));
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y += 1;
            }
        }
        y = y.saturating_add(1);
        let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let keys = self.keys(cx);
        if keys.is_empty() {
            let filter = self.list.filter.text();
            let sentence =
                if filter.is_empty() { t!("import-why-empty") } else { t!("filter-empty", filter = filter) };
            return empty::draw(cx, frame, rest, &[sentence]);
        }
        let columns = [
            column(t!("col-line"), Wide::Fixed(5), 0),
            column(t!("col-verdict"), Wide::Fixed(9), 0),
            column(t!("col-name"), Wide::Fixed(14), 0),
            column(t!("col-address"), Wide::Fixed(15), 1),
            column(t!("col-roles"), Wide::Fixed(10), 2),
            column(t!("col-import-what"), Wide::Flex(26), 0),
        ];
        table::draw(cx, frame, rest, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}
