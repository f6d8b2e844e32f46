//! How the screens look and which keys they hear: changed at run time, remembered for each user.
//!
//! Whatever changes it, a key, a line of the command line or the settings, ends in [`change`]; after each event [`remember`]
//! compares what there is with what is kept.

use super::app::App;
use super::event::{Command, Level};
use super::i18n::{Catalogue, Language, t};
use super::keymap::pretty;
use super::keys::Keymap;
use super::prefs::{HISTORY, Prefs};
use super::theme::{self, Theme};
use super::update::say;

/// What can be a file of the operator's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A theme.
    Theme,
    /// A keymap.
    Keys,
}

/// A change of the looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Another language.
    Language(Language),
    /// The theme of that name.
    Theme(String),
    /// The keymap of that name.
    Keys(String),
    /// The key before those of a shell's page; `None`: the one of the keymap.
    Prefix(Option<String>),
    /// A theme or a keymap that has just been kept: its file, its text.
    Own(Kind, String, String),
    /// The mouse is reported, or left to the terminal.
    Mouse(bool),
}

/// Changes the looks and says so.
pub fn change(app: &mut App, look: Look, out: &mut Vec<Command>) {
    let shared = &mut app.shared;
    let (level, text) = match look {
        Look::Language(language) => {
            shared.catalogue = Catalogue::new(language);
            // What is chosen before the login is for this time.
            app.given.language = shared.me.is_none();
            app.prefs.language = Some(language.code().to_owned());
            (Level::Info, t!("language-now", name = language.name()))
        }
        Look::Theme(name) => match shared.themes.iter().find(|t| t.name == name) {
            None => (Level::Warn, t!("theme-unknown", name = name)),
            Some(t) if !theme::usable(t, shared.colours) => (Level::Warn, t!("theme-unusable", name = name)),
            Some(t) => {
                shared.theme = t.clone();
                app.given.theme = shared.me.is_none();
                app.prefs.theme = Some(name.clone());
                (Level::Info, t!("theme-now", name = name))
            }
        },
        Look::Keys(name) => match shared.keymaps.iter().find(|k| k.name == name) {
            None => (Level::Warn, t!("keys-unknown", name = name)),
            Some(map) => {
                shared.keymap = map.with_prefix(app.prefs.prefix.as_deref());
                app.prefs.keys = Some(name.clone());
                (Level::Info, t!("keys-now", name = name))
            }
        },
        Look::Own(Kind::Theme, file, text) => match Theme::parse(&file, &text) {
            Err(fault) => (Level::Bad, fault.text()),
            Ok(theme) => {
                let name = theme.name.clone();
                shared.themes.retain(|t| t.name != name);
                shared.themes.push(theme);
                return change(app, Look::Theme(name), out);
            }
        },
        Look::Own(Kind::Keys, file, text) => match Keymap::parse(&file, &text) {
            Err(fault) => (Level::Bad, fault.text()),
            Ok(map) => {
                let name = map.name.clone();
                shared.keymaps.retain(|m| m.name != name);
                shared.keymaps.push(map);
                return change(app, Look::Keys(name), out);
            }
        },
        Look::Prefix(key) => {
            shared.keymap = shared.keymap.with_prefix(key.as_deref());
            app.prefs.prefix = key;
            (Level::Info, t!("prefix-now", prefix = pretty(shared.keymap.prefix())))
        }
        Look::Mouse(on) => {
            shared.mouse = on;
            app.prefs.mouse = on;
            out.push(Command::Mouse(on));
            (Level::Info, if on { t!("mouse-on") } else { t!("mouse-off") })
        }
    };
    say(app, level, text);
}

/// The theme after this one, of those that the terminal can show.
pub fn next_theme(app: &App) -> Look {
    let shared = &app.shared;
    let usable: Vec<_> = shared.themes.iter().filter(|t| theme::usable(t, shared.colours)).collect();
    let at = usable.iter().position(|t| t.name == shared.theme.name).map_or(0, |i| i + 1);
    let next = usable.get(at).or(usable.first());
    Look::Theme(next.map_or_else(|| shared.theme.name.clone(), |t| t.name.clone()))
}

/// Makes everything look as it did, as far as this terminal can and the program was not told otherwise.
pub fn as_before(app: &mut App, prefs: &Prefs) {
    let shared = &mut app.shared;
    let language =
        prefs.language.as_deref().and_then(|code| Language::ALL.into_iter().find(|l| l.code() == code));
    let language = language.unwrap_or(app.first_language);
    if !app.given.language && language != shared.catalogue.language() {
        shared.catalogue = Catalogue::new(language);
    }
    if !app.given.theme {
        let wanted = prefs.theme.as_ref().and_then(|name| shared.themes.iter().find(|t| t.name == *name));
        let wanted = wanted.filter(|t| theme::usable(t, shared.colours));
        shared.theme = wanted.unwrap_or(&app.first_theme).clone();
    }
    let named = |name: &String| shared.keymaps.iter().find(|k| k.name == *name).cloned();
    let keymap: Keymap = prefs.keys.as_ref().and_then(named).unwrap_or_default();
    shared.keymap = keymap.with_prefix(prefs.prefix.as_deref());
}

/// Somebody has logged in: his looks, his mouse, his lines.
pub fn logged_in(app: &mut App, out: &mut Vec<Command>) {
    let Some(name) = app.shared.me.as_ref().map(|me| me.name.clone()) else { return };
    app.prefs = app.remembered.of(&name).cloned().unwrap_or_default();
    let prefs = app.prefs.clone();
    as_before(app, &prefs);
    app.history.clone_from(&prefs.history);
    if app.shared.mouse != prefs.mouse {
        app.shared.mouse = prefs.mouse;
        out.push(Command::Mouse(prefs.mouse));
    }
}

/// Has what is chosen now kept, if it is not what is kept already.
pub fn remember(app: &mut App, out: &mut Vec<Command>) {
    let Some(me) = app.shared.me.as_ref().filter(|_| app.gate.is_none()) else { return };
    let me = me.name.clone();
    let from = app.history.len().saturating_sub(HISTORY);
    app.prefs.history = app.history.get(from..).unwrap_or_default().to_vec();
    super::memory::keep(app);
    let kept = app.remembered.of(&me);
    if kept.map_or(app.prefs != Prefs::default(), |kept| *kept != app.prefs) {
        let (user, prefs) = (me, app.prefs.clone());
        app.remembered.keep(&user, prefs.clone());
        out.push(Command::Remember { user, prefs });
    }
}
