//! The state of the whole interface.
//!
//! [`App`] is what a frame is drawn from. It changes only in `update.rs`.

use super::event::{Level, ScreenId};
use super::i18n::{Catalogue, Language, Text, t};
use super::keymap::Action;
use super::keys::Keymap;
use super::prefs::{Prefs, Remembered};
use super::screen::{Link, Patch, Screen, Shared};
use super::screens::gate;
use super::theme::{self, Colours, Theme};
use crate::api::Topic;
use crate::api::message::HostKeyView;
use crate::api::team::Place;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use ratatui::buffer::Buffer;
use std::collections::BTreeSet;

/// How the interface was asked to look.
pub struct Looks {
    /// Language to start with.
    pub language: Language,
    /// What the terminal can show.
    pub colours: Colours,
    /// Themes there are.
    pub themes: Vec<Theme>,
    /// Name of the theme to start with.
    pub theme: Option<String>,
    /// Keymaps there are.
    pub keymaps: Vec<Keymap>,
    /// What the command line of the program decided.
    pub given: Given,
    /// What operators chose before.
    pub remembered: Remembered,
    /// Time zone of the operator.
    pub zone: jiff::tz::TimeZone,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Name to offer at the login.
    pub user: Option<String>,
    /// Milliseconds without a key after which the screen locks itself; `None`: never.
    pub lock_after: Option<u64>,
}

/// What the command line of the program decided: it wins over what is remembered, and is not remembered itself.
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Given {
    /// The language.
    pub language: bool,
    /// The theme.
    pub theme: bool,
}

/// A screen and its number.
pub struct Held {
    /// Its number.
    pub id: ScreenId,
    /// The screen.
    pub screen: Box<dyn Screen>,
}

impl Held {
    /// Why the action is not possible now: for whoever came in over SSH, or on this screen.
    pub fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let afar = cx.served && is_about_the_host(action);
        afar.then(|| t!("error-not-from-afar")).or_else(|| self.screen.refusal(cx, action))
    }
}

/// Whether an action does nothing but reading or writing files of this host, or is about this process.
fn is_about_the_host(action: Action) -> bool {
    matches!(
        action,
        Action::EnvExport
            | Action::EnvImport
            | Action::NodeExport
            | Action::ImportKeys
            | Action::RecordingExport
            | Action::Export
            | Action::ShellSend
            | Action::Suspend
    )
}

/// Everything the interface knows.
pub struct App {
    /// What screens may look at.
    pub shared: Shared,
    /// What stands before the screens: starting, first administrator, login.
    pub gate: Option<Held>,
    /// The screens, the top one last.
    pub stack: Vec<Held>,
    /// The newest message, until the next key.
    pub notice: Option<(Level, Text)>,
    /// Keys of an unfinished combination.
    pub pending: Vec<String>,
    /// For `Resume`.
    pub(super) token: Option<Secret>,
    /// Name to offer at the login.
    pub(super) user: Option<String>,
    /// Topics the engine was asked for.
    pub(super) subscribed: BTreeSet<Topic>,
    /// New host keys that no dialog shows yet.
    pub(super) host_keys: Vec<HostKeyView>,
    /// Set when the frame failed: what the defect said.
    pub defect: Option<String>,
    /// Lines of the command line so far.
    pub(super) history: Vec<String>,
    /// What the command line of the program decided.
    pub(super) given: Given,
    /// What operators chose before.
    pub(super) remembered: Remembered,
    /// What the user who is logged in has chosen.
    pub(super) prefs: Prefs,
    /// The theme where none was chosen.
    pub(super) first_theme: Theme,
    /// The language where none was chosen.
    pub(super) first_language: Language,
    /// The engine knows who we are, on this connection.
    pub(super) resumed: bool,
    /// What the engine was told that these screens show.
    pub(super) told: Option<Place>,
    /// When a key was pressed last.
    pub(super) active: Moment,
    /// See [`Looks::lock_after`].
    pub(super) lock_after: Option<u64>,
    next: u64,
}

impl App {
    /// The state before anything has happened.
    pub fn new(looks: Looks, token: Option<Secret>, now: Moment) -> Self {
        let theme = theme::choose(&looks.themes, looks.theme.as_deref(), looks.colours);
        let first_theme = theme.clone();
        let shared = Shared {
            data: super::data::Data::default(),
            me: None,
            now,
            size: looks.size,
            catalogue: Catalogue::new(looks.language),
            theme,
            themes: looks.themes,
            keymap: Keymap::default(),
            keymaps: looks.keymaps,
            colours: looks.colours,
            link: Link::Starting,
            hello: None,
            zone: looks.zone,
            mouse: false,
            served: false,
            messages: Vec::new(),
        };
        let mut app = Self {
            shared,
            gate: None,
            stack: Vec::new(),
            notice: None,
            pending: Vec::new(),
            token,
            user: looks.user,
            subscribed: BTreeSet::new(),
            host_keys: Vec::new(),
            defect: None,
            history: Vec::new(),
            given: looks.given,
            remembered: looks.remembered,
            prefs: Prefs::default(),
            first_theme,
            first_language: looks.language,
            resumed: false,
            told: None,
            active: now,
            lock_after: looks.lock_after,
            next: 0,
        };
        if let Some(prefs) = app.remembered.of_last().cloned() {
            super::look::as_before(&mut app, &prefs);
        }
        app.gate = Some(app.hold(Box::new(gate::Starting)));
        app
    }

    /// A screen with a number of its own.
    pub(super) fn hold(&mut self, screen: Box<dyn Screen>) -> Held {
        self.next += 1;
        Held { id: ScreenId(self.next), screen }
    }

    /// The screen that gets the keys.
    pub fn top(&self) -> Option<&Held> {
        self.gate.as_ref().or(self.stack.last())
    }

    /// When the screen locks itself unless a key comes first; `None`: there is nothing to lock.
    pub fn locks_at(&self) -> Option<Moment> {
        let after = self.lock_after.filter(|_| self.gate.is_none() && self.shared.me.is_some())?;
        Some(self.active.plus(after))
    }

    /// Whether something on the screen counts seconds, so that time itself must wake us.
    pub fn ticks(&self) -> bool {
        matches!(self.shared.link, Link::Down { .. })
            || self.top().is_some_and(|held| held.screen.ticks(&self.shared))
            || self.visible().any(|held| held.screen.ticks(&self.shared))
    }

    /// When something on the screen wants to be woken, earlier than after a second.
    pub fn wakes(&self) -> Option<Moment> {
        self.visible().filter_map(|held| held.screen.wakes(&self.shared)).min()
    }

    /// The screens that can be seen, lowest first: the last page and the dialogs over it.
    pub fn visible(&self) -> impl Iterator<Item = &Held> {
        let from = self.stack.iter().rposition(|held| !held.screen.is_dialog()).unwrap_or(0);
        let stack = if self.gate.is_some() { &[] } else { self.stack.get(from..).unwrap_or(&[]) };
        stack.iter().chain(self.gate.as_ref())
    }

    /// Repaints what bytes of shells changed since the last frame; see [`Screen::patch`].
    pub fn patch(&mut self, last: &mut Buffer) -> Option<Patch> {
        // A theme without colours is applied to whole frames.
        if self.gate.is_some() || self.defect.is_some() || self.shared.theme.colourless {
            return None;
        }
        let held = self.stack.last_mut().filter(|held| !held.screen.is_dialog())?;
        held.screen.patch(&self.shared, last)
    }

    /// Whether what is typed now must not be recorded.
    pub fn is_secret(&self) -> bool {
        self.top().is_some_and(|held| held.screen.is_secret())
    }

    /// Topics that the screens want to watch.
    pub(super) fn wanted(&self) -> BTreeSet<Topic> {
        if self.shared.me.is_none() || self.shared.link != Link::Up {
            return BTreeSet::new();
        }
        let mut wanted = BTreeSet::from([Topic::Environments, Topic::RunningJobs]);
        wanted.extend(self.stack.iter().flat_map(|held| held.screen.topics()));
        wanted
    }
}
