//! Recordings of shells: whose, on which node, for which job; to be played again or written into a file.

use super::shell_replay::Replay;
use crate::api::shells::{RecordingRow, ShellAnswer, ShellAsk};
use crate::api::{Failure, Request, Response};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::empty;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list.
#[derive(Default)]
pub struct RecordingsPage {
    list: List,
    rows: Option<Vec<RecordingRow>>,
    refused: Option<Text>,
}

impl RecordingsPage {
    fn keys(&self) -> Vec<u64> {
        let fits = |r: &&RecordingRow| {
            let job = r.origin.job.map(|j| format!("#{j}")).unwrap_or_default();
            self.list.filter.matches(&format!("{} {} {} {job}", r.number, r.origin.by, r.origin.name))
        };
        self.rows.iter().flatten().filter(fits).map(|r| r.number).collect()
    }

    fn row(&self, key: u64) -> Option<&RecordingRow> {
        self.rows.iter().flatten().find(|r| r.number == key)
    }

    fn selected(&self) -> Option<&RecordingRow> {
        self.list.selected(&self.keys()).and_then(|key| self.row(key))
    }

    fn cells(&self, cx: &Shared, key: u64) -> Vec<Cell> {
        let Some(row) = self.row(key) else { return Vec::new() };
        let lasts = text::duration(row.lasts);
        let lasts = if row.open {
            (format!("● {}", cx.tr(&t!("recordings-open", lasts = lasts))), Part::Busy)
        } else {
            (lasts, Part::Text)
        };
        let job = row.origin.job.map_or_else(|| "-".to_owned(), |j| format!("#{j}"));
        vec![
            (row.number.to_string(), Part::Text),
            (cx.clock(row.origin.began), Part::Text),
            (row.origin.by.clone(), Part::Text),
            (row.origin.name.clone(), Part::Text),
            (job, Part::Text),
            lasts,
            (text::bytes(row.bytes), Part::Dim),
        ]
    }
}

impl Screen for RecordingsPage {
    fn name(&self) -> &'static str {
        "recordings"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-recordings"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Recordings, Context::List, Context::Moving]
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

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        self.refused = None;
        let ask = ShellAsk::Recordings { node: None, by: None, job: None };
        vec![Effect::Call(Tag::Content, Request::Shells(ask))]
    }

    fn uncovered(&mut self, cx: &Shared) -> Vec<Effect> {
        self.online(cx)
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        (matches!(action, Action::Open | Action::RecordingExport) && self.selected().is_none())
            .then(|| t!("refused-no-recording"))
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys = self.keys();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        Some(match action {
            Action::Open => vec![Effect::Push(Box::new(Replay::new(self.selected()?.clone(), cx.now)))],
            Action::RecordingExport => vec![Effect::Push(export(self.selected()?))],
            Action::Yank => {
                let row = self.selected()?;
                let words: Vec<String> =
                    self.cells(cx, row.number).into_iter().map(|(word, _)| word).collect();
                vec![Effect::Copy(words.join("  "))]
            }
            _ => return None,
        })
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(Response::Shells(answer)) => {
                if let ShellAnswer::Recordings(rows) = *answer {
                    self.rows = Some(rows);
                }
                Vec::new()
            }
            Ok(_) => Vec::new(),
            Err(f) if self.rows.is_none() => {
                self.refused = Some(cx.catalogue.failure(&f));
                Vec::new()
            }
            Err(f) => vec![Effect::Say(Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        if self.rows.is_none() {
            return empty::asked(cx, frame, area, self.refused.as_ref());
        }
        let keys = self.keys();
        if keys.is_empty() {
            let filter = self.list.filter.text();
            let sentences = if filter.is_empty() {
                vec![t!("recordings-empty"), t!("recordings-empty-how")]
            } else {
                vec![t!("filter-empty", filter = filter)]
            };
            return empty::draw(cx, frame, area, &sentences);
        }
        let columns = [
            column(t!("col-number"), Wide::Fixed(6), 0),
            column(t!("col-recorded"), Wide::Fixed(16), 0),
            column(t!("col-operator"), Wide::Flex(8), 0),
            column(t!("col-node"), Wide::Flex(10), 0),
            column(t!("col-of-job"), Wide::Fixed(5), 3),
            column(t!("col-lasts"), Wide::Fixed(18), 0),
            column(t!("col-size"), Wide::Fixed(9), 4),
        ];
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| self.cells(cx, key));
    }
}

struct Export {
    number: u64,
    path: String,
    bytes: Vec<u8>,
}

fn export(row: &RecordingRow) -> Box<dyn Screen> {
    let path = format!("~/{}-{}-{}.cast", row.origin.name, row.origin.by, row.number);
    let field = Field::text("path", t!("field-recording-path"), &path).hint(t!("hint-recording-path"));
    Box::new(Form::new(Export { number: row.number, path: String::new(), bytes: Vec::new() }, vec![field]))
}

impl Export {
    fn ask(&self) -> Vec<Effect> {
        let ask = ShellAsk::RecordingPart { number: self.number, offset: self.bytes.len() as u64 };
        vec![Effect::Call(Tag::Form, Request::Shells(ask))]
    }
}

impl Purpose for Export {
    fn name(&self) -> &'static str {
        "recording-export"
    }

    fn title(&self) -> Text {
        t!("recording-export-title", number = self.number)
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        fields.text("path").clone_into(&mut self.path);
        if self.path.is_empty() || self.path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
            return Vec::new();
        }
        self.bytes.clear();
        self.ask()
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let Response::Shells(answer) = response else { return vec![Effect::Close] };
        let ShellAnswer::Part(part) = *answer else { return vec![Effect::Close] };
        self.bytes.extend_from_slice(&part.bytes);
        if !part.last && !part.bytes.is_empty() {
            return self.ask();
        }
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        vec![Effect::WriteFile { path: self.path.clone(), text }, Effect::Close]
    }
}
