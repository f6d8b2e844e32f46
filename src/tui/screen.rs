//! What a screen is.
//!
//! A screen is plain data that changes only in the methods that take `&mut self`; each gets the [`Shared`] state read-only
//! and answers with [`Effect`]s. `view` draws and decides nothing. Pages and the dialogs over them are the same thing: a
//! stack of screens, of which the top one gets the keys.

use super::data::Data;
use super::event::{Effect, Settle, Tag};
use super::i18n::{Catalogue, Text, t};
use super::keymap::{Action, Context};
use super::keys::Keymap;
use super::theme::{Colours, Part, Theme};
use crate::api::message::{ShellBytes, UserView};
use crate::api::{Failure, Hello, Response, Topic};
use crate::domain::access::{self, allowed};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The connection to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The first connection is being made.
    Starting,
    /// It stands.
    Up,
    /// It was lost, or could not be made.
    Down {
        /// Since when.
        since: Moment,
        /// When the next try comes.
        next: Moment,
        /// What the last try said.
        why: String,
    },
}

/// What every screen may look at.
pub struct Shared {
    /// Rows of the engine.
    pub data: Data,
    /// Who is logged in.
    pub me: Option<UserView>,
    /// The clock, as of this event.
    pub now: Moment,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The language.
    pub catalogue: Catalogue,
    /// The looks.
    pub theme: Theme,
    /// Themes to choose from.
    pub themes: Vec<Theme>,
    /// The keys.
    pub keymap: Keymap,
    /// Keymaps to choose from.
    pub keymaps: Vec<Keymap>,
    /// What the terminal can show.
    pub colours: Colours,
    /// The connection.
    pub link: Link,
    /// What the engine said first.
    pub hello: Option<Hello>,
    /// Time zone of the operator.
    pub zone: jiff::tz::TimeZone,
    /// The mouse is reported.
    pub mouse: bool,
    /// Whoever sits here came in over SSH: files and processes of this host are not his.
    pub served: bool,
    /// Messages so far, oldest first.
    pub messages: Vec<(Moment, super::event::Level, Text)>,
}

impl Shared {
    /// A text in the language of the moment.
    pub fn tr(&self, text: &Text) -> String {
        self.catalogue.tr(text)
    }

    /// The style of a part.
    pub fn style(&self, part: Part) -> Style {
        self.theme.style(part)
    }

    /// Whether who is logged in may do it.
    pub fn may(&self, action: access::Action) -> bool {
        self.me.as_ref().is_some_and(|me| allowed(me.role, action))
    }

    /// That the role of who is logged in does not permit it, and which role does.
    pub fn no_permission(&self, needs: access::Action) -> Text {
        t!("refused-role", role = self.role(), needs = role_text(needs.needs().word()))
    }

    /// The same on a page that shows nothing yet: who can change that.
    pub fn only_look(&self, needs: access::Action) -> Text {
        t!("only-look", role = self.role(), needs = role_text(needs.needs().word()))
    }

    fn role(&self) -> Text {
        role_text(self.me.as_ref().map_or("viewer", |me| me.role.word()))
    }

    /// The code of the language.
    pub fn language(&self) -> &'static str {
        self.catalogue.language().code()
    }

    /// A moment as the operator's clock shows it: `02:31:07`, with the date when it was another day.
    pub fn clock(&self, at: Moment) -> String {
        let zoned = |m: Moment| {
            let ms = i64::try_from(m.0).unwrap_or(i64::MAX);
            jiff::Timestamp::from_millisecond(ms).ok().map(|t| t.to_zoned(self.zone.clone()))
        };
        let Some(then) = zoned(at) else { return "?".into() };
        let today = zoned(self.now).is_some_and(|now| now.date() == then.date());
        let form = if today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
        then.strftime(form).to_string()
    }
}

fn role_text(word: &str) -> Text {
    Text::key(format!("user-role-{word}"))
}

/// What was repainted.
#[derive(Debug, Default)]
pub struct Patch {
    /// Rows of the terminal in which something may look different now.
    pub rows: Vec<u16>,
    /// Where the cursor stands; `None`: it is hidden.
    pub cursor: Option<Position>,
}

/// A screen.
pub trait Screen: Send {
    /// Name for the recorder.
    fn name(&self) -> &'static str;

    /// The word for it that others see of who looks at it.
    fn page(&self) -> &'static str {
        self.name()
    }

    /// Its part of the breadcrumbs; dialogs have none.
    fn crumb(&self, _: &Shared) -> Option<Text> {
        None
    }

    /// Where keys are looked up, innermost first.
    fn contexts(&self) -> Vec<Context>;

    /// What it watches.
    fn topics(&self) -> Vec<Topic> {
        Vec::new()
    }

    /// It lies over the screen below, which stays visible.
    fn is_dialog(&self) -> bool {
        false
    }

    /// Letters are text here, never keys of the table.
    fn types(&self) -> bool {
        false
    }

    /// What is typed now must not be recorded.
    fn is_secret(&self) -> bool {
        false
    }

    /// Gets every key before the table does; `None`: not for me.
    fn key(&mut self, _: &Shared, _: &KeyEvent) -> Option<Vec<Effect>> {
        None
    }

    /// The mouse, while it is reported; `None`: not for me.
    fn mouse(&mut self, _: crossterm::event::MouseEvent) -> Option<Vec<Effect>> {
        None
    }

    /// Pasted text.
    fn paste(&mut self, _: &Shared, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    /// Why the action is not possible now.
    fn refusal(&self, _: &Shared, _: Action) -> Option<Text> {
        None
    }

    /// Does an action; `None`: not mine.
    fn act(&mut self, _: &Shared, _: Action) -> Option<Vec<Effect>> {
        None
    }

    /// A line of the command line that is no action: `None`: not mine.
    fn line(&mut self, _: &Shared, _: &str) -> Option<Vec<Effect>> {
        None
    }

    /// The answer to a call of this screen.
    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match result {
            Ok(_) => Vec::new(),
            Err(f) => vec![Effect::Say(super::event::Level::Bad, cx.catalogue.failure(&f))],
        }
    }

    /// A file that was asked for.
    fn file(&mut self, _: &Shared, _: Result<Secret, String>) -> Vec<Effect> {
        Vec::new()
    }

    /// Rows of a topic it watches have changed.
    fn changed(&mut self, _: &Shared, _: Topic) -> Vec<Effect> {
        Vec::new()
    }

    /// How far a file is on its way; `None`: it has arrived, or not.
    fn moving(&mut self, _: &Shared, _: Option<(&str, u64, u64)>) {}

    /// Bytes of a shell.
    fn shell(&mut self, _: &Shared, _: &ShellBytes) -> Vec<Effect> {
        Vec::new()
    }

    /// Names what is kept of it from one day to the next; see [`super::memory`].
    fn keep(&mut self, _: &Shared, _: &mut super::memory::Memory) {}

    /// It was opened, or the connection stands again.
    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// What lay over it was closed, or what was asked for from there is done.
    fn uncovered(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// Somebody else was quicker, and the operator has chosen.
    fn settle(&mut self, _: &Shared, _: Settle) -> Vec<Effect> {
        Vec::new()
    }

    /// It was closed from outside or by itself.
    fn closed(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// The terminal has a new size.
    fn resized(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// A second has passed, or the moment has come for which it asked.
    fn tick(&mut self, _: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// Whether [`Self::patch`] ever does something: the last frame is kept then.
    fn patches(&self) -> bool {
        false
    }

    /// Repaints what bytes of shells changed since the last frame, in a copy of that frame; `None`: more than that may have
    /// changed, and the next frame has to be made from the beginning.
    fn patch(&mut self, _: &Shared, _: &mut Buffer) -> Option<Patch> {
        None
    }

    /// When it wants the next tick, earlier than after a second.
    fn wakes(&self, _: &Shared) -> Option<Moment> {
        None
    }

    /// Something on it counts seconds.
    fn ticks(&self, _: &Shared) -> bool {
        false
    }

    /// What stands in the last line but one: a prompt that is being typed.
    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        None
    }

    /// Draws it.
    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect);
}
