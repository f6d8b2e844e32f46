//! What is asked of the operator: a note for a mark, the name of a view, whether and how logs are collected.

use crate::api::logs::{CollectChange, Cursor, LogAnswer, LogAsk, LogSources, LogView};
use crate::api::{Request, Response};
use crate::domain::ids::EnvId;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};

/// Hours that are fetched when nothing else is said.
const BACKFILL: u32 = 24;
/// Most hours that can be fetched.
const BACKFILL_MAX: u32 = 24 * 31;

/// Asks for a note; a mark that is there already may get another one.
pub fn mark(env: EnvId, cursor: Cursor, note: &str) -> Box<dyn Screen> {
    let field = Field::text("note", t!("field-log-note"), note).hint(t!("hint-log-note"));
    Box::new(Form::new(Mark { env, cursor }, vec![field]))
}

struct Mark {
    env: EnvId,
    cursor: Cursor,
}

impl Purpose for Mark {
    fn name(&self) -> &'static str {
        "log-mark"
    }

    fn title(&self) -> Text {
        t!("log-mark-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let ask = LogAsk::Mark { env: self.env, cursor: self.cursor, note: fields.text("note").to_owned() };
        vec![Effect::Call(Tag::Form, Request::Logs(ask))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        vec![Effect::Close]
    }
}

/// Asks under which name a view is kept.
pub fn save_view(env: EnvId, view: LogView) -> Box<dyn Screen> {
    let field = Field::text("name", t!("field-log-view"), &view.name).hint(t!("hint-log-view"));
    Box::new(Form::new(SaveView { env, view }, vec![field]))
}

struct SaveView {
    env: EnvId,
    view: LogView,
}

impl Purpose for SaveView {
    fn name(&self) -> &'static str {
        "log-view"
    }

    fn title(&self) -> Text {
        t!("log-view-title")
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let view = LogView { name: fields.text("name").to_owned(), ..self.view.clone() };
        vec![Effect::Call(Tag::Form, Request::Logs(LogAsk::ViewSave { env: self.env, view }))]
    }

    fn done(&mut self, _: &Shared, fields: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        let name = fields.text("name").to_owned();
        vec![Effect::Close, Effect::Say(Level::Good, t!("log-view-saved", name = name))]
    }
}

/// Asks what is to be done about collecting.
pub fn collect(env: EnvId, sources: &LogSources) -> Box<dyn Screen> {
    let option = |id: &str, text: Text| (id.to_owned(), text);
    let mut fields = Vec::new();
    if sources.on {
        let options = vec![
            option("backfill", t!("collect-do-backfill")),
            option("keep", t!("collect-do-keep")),
            option("off", t!("collect-do-off")),
        ];
        fields.push(Field::choice("what", t!("field-log-what"), options, 0));
        let hours = || Field::text("hours", t!("field-log-hours"), &BACKFILL.to_string());
        fields.push(hours().hint(t!("hint-log-hours")).when("what", "backfill"));
        let days = Field::text("days", t!("field-log-days"), &sources.keep_days.to_string());
        fields.push(days.hint(t!("hint-log-days")).when("what", "keep"));
        let mib = Field::text("mib", t!("field-log-mib"), &sources.keep_mib.to_string());
        fields.push(mib.when("what", "keep"));
    } else {
        let hours = Field::text("hours", t!("field-log-hours"), &BACKFILL.to_string());
        fields.push(hours.hint(t!("hint-log-hours")));
    }
    Box::new(Form::new(Collect { env, on: sources.on, nodes: sources.nodes.len() }, fields))
}

struct Collect {
    env: EnvId,
    on: bool,
    nodes: usize,
}

fn number(fields: &mut Fields, id: &'static str, most: u32) -> Option<u32> {
    let found = fields.text(id).parse::<u32>().ok().filter(|n| *n <= most);
    if found.is_none() {
        fields.wrong(id, t!("fault-log-number", most = u64::from(most)));
    }
    found
}

impl Purpose for Collect {
    fn name(&self) -> &'static str {
        "log-collect"
    }

    fn title(&self) -> Text {
        if self.on { t!("log-collect-title") } else { t!("log-collect-on-title") }
    }

    fn intro(&self, _: &Shared) -> Vec<Text> {
        if self.on { Vec::new() } else { vec![t!("log-collect-what", count = self.nodes)] }
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let what = match fields.value("what").as_deref() {
            None => number(fields, "hours", BACKFILL_MAX).map(|h| CollectChange::On { backfill_hours: h }),
            Some("off") => Some(CollectChange::Off),
            Some("keep") => number(fields, "days", 36_500)
                .zip(number(fields, "mib", u32::MAX))
                .map(|(days, mib)| CollectChange::Keep { days, mib }),
            Some(_) => number(fields, "hours", BACKFILL_MAX).map(|hours| CollectChange::Backfill { hours }),
        };
        let Some(what) = what else { return Vec::new() };
        vec![Effect::Call(Tag::Form, Request::Logs(LogAsk::Collect { env: self.env, what }))]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, response: Response) -> Vec<Effect> {
        let said = match &response {
            Response::Logs(answer) => match &**answer {
                LogAnswer::Sources(sources) if sources.on => t!("log-collect-goes"),
                _ => t!("log-collect-ended"),
            },
            _ => return vec![Effect::Close],
        };
        vec![Effect::Close, Effect::Say(Level::Good, said)]
    }
}
