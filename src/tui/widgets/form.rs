//! Forms: fields with a focus, faults under their fields, and what is to be done with them.
//!
//! What a form is for is a [`Purpose`]: it checks the values, makes the request and takes the answer. Arrows and Tab move,
//! Enter goes to the next field and sends from the last one, Ctrl-S sends from everywhere.

mod draw;
mod purpose;

pub use purpose::Purpose;

use super::field::{Field, Tick, Value};
use super::stale::{self, Stale};
use crate::api::{Failure, FailureKind, Response, Topic};
use crate::domain::secret::Secret;
use crate::tui::event::{Effect, Level, Settle, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The fields.
pub struct Fields {
    /// All of them, hidden ones included.
    pub all: Vec<Field>,
    focus: usize,
    /// What is wrong with the whole.
    pub fault: Option<Text>,
    /// Sent, the answer has not come.
    pub busy: bool,
    changed: bool,
}

impl Fields {
    /// Fields, the focus on the first one that is empty.
    pub fn new(all: Vec<Field>) -> Self {
        let mut fields = Self { all, focus: 0, fault: None, busy: false, changed: false };
        let is_empty =
            |f: &&Field| matches!(&f.value, Value::Text(l) if l.text().is_empty()) || f.is_secret();
        let empty = fields.shown().find(|(_, f)| is_empty(f)).map(|(i, _)| i);
        fields.focus = empty.unwrap_or(0);
        fields
    }

    fn shown(&self) -> impl DoubleEndedIterator<Item = (usize, &Field)> {
        self.all.iter().enumerate().filter(|(_, f)| f.when.is_none_or(|(field, is)| self.choice(field) == is))
    }

    fn field(&self, id: &str) -> Option<&Field> {
        self.all.iter().find(|f| f.id == id)
    }

    /// Text of a field, trimmed.
    pub fn text(&self, id: &str) -> &str {
        match self.field(id).map(|f| &f.value) {
            Some(Value::Text(line)) => line.text().trim(),
            _ => "",
        }
    }

    /// A password.
    pub fn secret(&self, id: &str) -> Secret {
        match self.field(id).map(|f| &f.value) {
            Some(Value::Secret(field)) => field.secret(),
            _ => Secret::default(),
        }
    }

    /// What a field holds, as text; nothing of passwords. Of boxes the words of those that are ticked.
    pub fn value(&self, id: &str) -> Option<String> {
        match &self.field(id)?.value {
            Value::Text(line) => Some(line.text().trim().to_owned()),
            Value::Choice { options, at } => options.get(*at).map(|(id, _)| id.clone()),
            Value::Ticks { options, .. } => {
                let on = options.iter().filter(|(_, _, tick)| *tick == Tick::On);
                Some(on.map(|(id, ..)| id.as_str()).collect::<Vec<_>>().join(", "))
            }
            Value::Secret(_) => None,
        }
    }

    /// Puts a text into a field, or chooses what has that identity.
    pub fn put(&mut self, id: &str, text: &str) {
        match self.all.iter_mut().find(|f| f.id == id).map(|f| &mut f.value) {
            Some(Value::Text(line)) => *line = super::prompt::Line::new(text),
            Some(Value::Choice { options, at }) => {
                *at = options.iter().position(|(id, _)| id == text).unwrap_or(*at);
            }
            Some(Value::Ticks { options, .. }) => {
                for (id, _, tick) in options {
                    *tick = if text.split(", ").any(|on| on == id) { Tick::On } else { Tick::Off };
                }
            }
            _ => {}
        }
    }

    /// A password, to be looked at on the spot.
    pub fn peek(&self, id: &str) -> &str {
        match self.field(id).map(|f| &f.value) {
            Some(Value::Secret(field)) => field.peek(),
            _ => "",
        }
    }

    /// Identity of what is chosen.
    pub fn choice(&self, id: &str) -> &str {
        match self.field(id).map(|f| &f.value) {
            Some(Value::Choice { options, at }) => options.get(*at).map_or("", |(id, _)| id.as_str()),
            _ => "",
        }
    }

    /// States of the tick boxes.
    pub fn ticks(&self, id: &str) -> Vec<(String, Tick)> {
        match self.field(id).map(|f| &f.value) {
            Some(Value::Ticks { options, .. }) => options.iter().map(|(id, _, t)| (id.clone(), *t)).collect(),
            _ => Vec::new(),
        }
    }

    /// Marks a field as wrong. The first one gets the focus.
    pub fn wrong(&mut self, id: &str, why: Text) {
        let first = !self.is_wrong();
        if let Some((at, field)) = self.all.iter_mut().enumerate().find(|(_, f)| f.id == id) {
            field.fault = Some(why);
            if first {
                self.focus = at;
            }
        }
    }

    /// Whether some field is wrong.
    pub fn is_wrong(&self) -> bool {
        self.shown().any(|(_, f)| f.fault.is_some())
    }

    /// Takes all faults away.
    pub fn clear_faults(&mut self) {
        self.fault = None;
        self.all.iter_mut().for_each(|f| f.fault = None);
    }

    /// Wipes one password.
    pub fn forget(&mut self, id: &str) {
        if let Some(Field { value: Value::Secret(secret), .. }) = self.all.iter_mut().find(|f| f.id == id) {
            secret.clear();
        }
    }

    /// Adds a field, if it is not there, and gives it the focus.
    pub fn add(&mut self, field: Field) {
        let id = field.id;
        if self.field(id).is_none() {
            self.all.push(field);
        }
        self.focus = self.all.iter().position(|f| f.id == id).unwrap_or(self.focus);
    }

    /// Wipes every password.
    pub fn wipe(&mut self) {
        for field in &mut self.all {
            if let Value::Secret(secret) = &mut field.value {
                secret.clear();
            }
        }
    }

    /// Replaces the options of a choice.
    pub fn offer(&mut self, id: &str, fresh: Vec<(String, Text)>) {
        if let Some(Field { value: Value::Choice { options, at }, .. }) =
            self.all.iter_mut().find(|f| f.id == id)
        {
            *options = fresh;
            *at = 0;
        }
    }

    /// A refusal of the engine: under its field where it names one.
    pub fn refuse(&mut self, cx: &Shared, failure: &Failure) {
        let text = cx.catalogue.failure(failure);
        match failure.field.as_deref().filter(|id| self.shown().any(|(_, f)| f.id == *id)) {
            Some(id) => self.wrong(id, text),
            None => self.fault = Some(text),
        }
    }

    fn focused(&mut self) -> Option<&mut Field> {
        self.all.get_mut(self.focus)
    }

    fn step(&mut self, forward: Step) -> bool {
        let shown: Vec<usize> = self.shown().map(|(i, _)| i).collect();
        let at = shown.iter().position(|i| *i == self.focus).unwrap_or(0);
        let (to, wrapped) = match forward {
            Step::Next if at + 1 < shown.len() => (at + 1, false),
            Step::Next => (0, true),
            Step::Before if at > 0 => (at - 1, false),
            Step::Before => (shown.len().saturating_sub(1), true),
        };
        self.focus = shown.get(to).copied().unwrap_or(0);
        wrapped
    }

    fn turn(&mut self, forward: Step) {
        if let Some(Field { value, .. }) = self.all.get_mut(self.focus) {
            let (count, at) = match value {
                Value::Choice { options, at } => (options.len(), at),
                Value::Ticks { options, at } => (options.len(), at),
                _ => return,
            };
            *at = match forward {
                Step::Next => (*at + 1) % count.max(1),
                Step::Before => (*at + count.max(1) - 1) % count.max(1),
            };
            self.changed = true;
        }
    }
}

impl Field {
    fn is_secret(&self) -> bool {
        matches!(self.value, Value::Secret(_))
    }
}

#[derive(Clone, Copy)]
enum Step {
    Next,
    Before,
}

/// A form as a screen.
pub struct Form<P> {
    purpose: P,
    fields: Fields,
    sure: bool,
    /// What the fields held when the form was opened, or when what others saved was last looked at.
    before: Vec<(&'static str, String)>,
    /// What somebody else has saved meanwhile.
    theirs: Option<stale::Theirs>,
    /// The refusal that said so.
    stale: Option<Failure>,
}

impl<P: Purpose> Form<P> {
    /// A form for a purpose.
    pub fn new(purpose: P, fields: Vec<Field>) -> Self {
        let fields = Fields::new(fields);
        let before = fields.all.iter().filter_map(|f| Some((f.id, fields.value(f.id)?))).collect();
        Self { purpose, fields, sure: false, before, theirs: None, stale: None }
    }

    /// The same, with a sentence of what is wrong already.
    #[must_use]
    pub fn because(mut self, why: Option<Text>) -> Self {
        self.fields.fault = why;
        self
    }

    /// The same, with the focus on a field; on the first one if that is not there.
    #[must_use]
    pub fn at(mut self, id: &str) -> Self {
        let found = self.fields.shown().find(|(_, f)| f.id == id).map(|(at, _)| at);
        self.fields.focus = found.unwrap_or(0);
        self
    }

    fn submit(&mut self, cx: &Shared) -> Vec<Effect> {
        if self.fields.busy {
            return Vec::new();
        }
        self.fields.clear_faults();
        let effects = self.purpose.submit(cx, &mut self.fields);
        self.fields.busy =
            effects.iter().any(|e| matches!(e, Effect::Call(..) | Effect::ReadFile(_) | Effect::ReadText(_)));
        effects
    }

    /// Shows what somebody else has saved next to what is typed here; without that, the refusal.
    fn outrun(&mut self, cx: &Shared, fresh: Option<Response>) -> Vec<Effect> {
        if let Some(theirs) = self.purpose.theirs(cx, fresh) {
            let lines = stale::compare(&self.fields, &self.before, &theirs.values);
            let dialog = Stale::new(&theirs.by, lines, t!("stale-what"));
            self.theirs = Some(theirs);
            self.fields.fault = Some(t!("stale-still"));
            return vec![Effect::Push(Box::new(dialog))];
        }
        if let Some(failure) = &self.stale {
            self.fields.refuse(cx, failure);
        }
        Vec::new()
    }

    fn after_typing(&mut self) -> Vec<Effect> {
        self.fields.changed = true;
        self.sure = false;
        self.fields.fault = None;
        if let Some(field) = self.fields.focused() {
            field.fault = None;
        }
        self.purpose.typed(&mut self.fields);
        Vec::new()
    }
}

impl<P: Purpose> Screen for Form<P> {
    fn name(&self) -> &'static str {
        self.purpose.name()
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Form]
    }

    fn topics(&self) -> Vec<Topic> {
        self.purpose.topics()
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn is_secret(&self) -> bool {
        self.fields.all.get(self.fields.focus).is_some_and(Field::is_secret)
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.fields.busy = false;
        self.purpose.opened(cx)
    }

    fn key(&mut self, cx: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        if key.code == KeyCode::Enter {
            let last = self.fields.shown().next_back().is_none_or(|(i, _)| i == self.fields.focus);
            if last {
                return Some(self.submit(cx));
            }
            self.fields.step(Step::Next);
            return Some(Vec::new());
        }
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let typed = match &mut self.fields.focused()?.value {
            Value::Text(line) => line.key(key),
            Value::Secret(secret) => secret.key(key),
            Value::Choice { .. } if key.code == KeyCode::Char(' ') && plain => {
                self.fields.turn(Step::Next);
                true
            }
            Value::Ticks { options, at } if key.code == KeyCode::Char(' ') && plain => {
                if let Some((_, _, tick)) = options.get_mut(*at) {
                    *tick = if *tick == Tick::On { Tick::Off } else { Tick::On };
                }
                true
            }
            Value::Choice { .. } | Value::Ticks { .. } => matches!(key.code, KeyCode::Char(_)) && plain,
        };
        typed.then(|| self.after_typing())
    }

    fn paste(&mut self, _: &Shared, text: &str) -> Vec<Effect> {
        match self.fields.focused().map(|f| &mut f.value) {
            Some(Value::Text(line)) => line.paste(text),
            Some(Value::Secret(secret)) => secret.paste(text),
            _ => return Vec::new(),
        }
        self.after_typing()
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::FieldNext => {
                self.fields.step(Step::Next);
            }
            Action::FieldBefore => {
                self.fields.step(Step::Before);
            }
            Action::ChoiceNext => self.fields.turn(Step::Next),
            Action::ChoiceBefore => self.fields.turn(Step::Before),
            Action::Submit => return Some(self.submit(cx)),
            Action::Cancel if self.fields.changed && !self.sure && !self.fields.busy => {
                self.sure = true;
                self.fields.fault = Some(t!("form-discard"));
            }
            Action::Cancel => return Some(vec![Effect::Close]),
            _ => return None,
        }
        self.purpose.typed(&mut self.fields);
        Some(Vec::new())
    }

    fn file(&mut self, cx: &Shared, result: Result<Secret, String>) -> Vec<Effect> {
        self.fields.busy = false;
        let effects = self.purpose.file(cx, &mut self.fields, result);
        self.fields.busy = effects.iter().any(|e| matches!(e, Effect::Call(..)));
        effects
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        if tag == Tag::Form || result.is_err() {
            self.fields.busy = false;
        }
        match result {
            Ok(response) if tag == Tag::Fresh => self.outrun(cx, Some(response)),
            Ok(response) => self.purpose.done(cx, &mut self.fields, tag, response),
            Err(failure)
                if tag == Tag::Form && failure.kind == FailureKind::Conflict && failure.is_stale() =>
            {
                self.stale = Some(failure);
                match self.purpose.ask_fresh() {
                    Some(request) => vec![Effect::Call(Tag::Fresh, request)],
                    None => self.outrun(cx, None),
                }
            }
            Err(failure) => self.purpose.refused(cx, tag, &failure).unwrap_or_else(|| {
                if self.purpose.asks_more(cx, &mut self.fields, &failure) {
                    return Vec::new();
                }
                self.fields.refuse(cx, &failure);
                if self.purpose.forgets() {
                    self.fields.wipe();
                }
                Vec::new()
            }),
        }
    }

    fn settle(&mut self, cx: &Shared, how: Settle) -> Vec<Effect> {
        let Some(theirs) = self.theirs.take().filter(|_| how != Settle::Keep) else { return Vec::new() };
        self.purpose.rebase();
        for (id, value) in &theirs.values {
            let before = self.before.iter().find(|(known, _)| known == id).map(|(_, v)| v);
            // What was not touched here is theirs in any case.
            if how == Settle::Theirs || self.fields.value(id).as_ref() == before {
                self.fields.put(id, value);
            }
        }
        self.before = theirs.values;
        self.fields.clear_faults();
        if how == Settle::Mine {
            return self.submit(cx);
        }
        self.fields.changed = false;
        self.purpose.typed(&mut self.fields);
        vec![Effect::Say(Level::Info, t!("stale-taken", by = theirs.by))]
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        draw::draw(cx, frame, area, &self.purpose, &self.fields);
    }
}
