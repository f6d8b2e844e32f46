//! What can be done on every screen, by key or by a line of the command line.

use super::app::App;
use super::bindings::BINDINGS;
use super::event::{Command, Level, Tag};
use super::i18n::{Catalogue, Language, Text, t};
use super::keymap::{Action, Context};
use super::screens::logs::LogsPage;
use super::screens::{account, help, messages, palette, users};
use super::theme;
use super::update::{close, logged_out, perform as perform_on_top, push, say};
use crate::api::Request;

/// Does an action that no screen wanted.
pub fn perform(app: &mut App, action: Action, out: &mut Vec<Command>) {
    match action {
        Action::Help => {
            let contexts = app.top().map(|held| held.screen.contexts()).unwrap_or_default();
            push(app, Box::new(help::Help::new(contexts)), out);
        }
        Action::Palette => {
            let lines = palette::lines(&app.shared, &contexts(app));
            push(app, Box::new(palette::Palette::new(lines, app.history.clone())), out);
        }
        Action::Messages => push(app, Box::new(messages::Messages::default()), out),
        Action::Logs => logs(app, "", out),
        Action::Users => push(app, Box::new(users::Users::default()), out),
        Action::OwnPassword => push(app, account::own_password(), out),
        Action::Language => speak(app, app.shared.catalogue.language().next()),
        Action::Theme => next_theme(app),
        Action::Mouse => {
            app.shared.mouse = !app.shared.mouse;
            out.push(Command::Mouse(app.shared.mouse));
            let text = if app.shared.mouse { t!("mouse-on") } else { t!("mouse-off") };
            say(app, Level::Info, text);
        }
        Action::Redraw => out.push(Command::Redraw),
        Action::Suspend => out.push(Command::Suspend),
        Action::Logout => {
            out.push(Command::Call { to: None, tag: Tag::Quiet, request: Request::Logout });
            logged_out(app, out);
        }
        Action::Back | Action::Cancel if app.stack.len() > 1 => back(app, out),
        Action::Back => say(app, Level::Info, t!("back-first")),
        Action::Quit if app.stack.len() > 1 && app.gate.is_none() => back(app, out),
        Action::Quit | Action::Leave => out.push(Command::Quit),
        _ => {}
    }
}

fn back(app: &mut App, out: &mut Vec<Command>) {
    if let Some(id) = app.stack.last().map(|held| held.id) {
        close(app, id, out);
    }
}

/// The contexts of the top screen and of every screen.
fn contexts(app: &App) -> Vec<Context> {
    let mut all = app.top().map(|held| held.screen.contexts()).unwrap_or_default();
    all.push(Context::Global);
    all
}

fn speak(app: &mut App, language: Language) {
    app.shared.catalogue = Catalogue::new(language);
    say(app, Level::Info, t!("language-now", name = language.name()));
}

fn next_theme(app: &mut App) {
    let shared = &mut app.shared;
    let usable: Vec<_> = shared.themes.iter().filter(|t| theme::usable(t, shared.colours)).collect();
    let at = usable.iter().position(|t| t.name == shared.theme.name).map_or(0, |i| i + 1);
    if let Some(next) = usable.get(at).or(usable.first()) {
        shared.theme = (*next).clone();
    }
    let name = shared.theme.name.clone();
    say(app, Level::Info, t!("theme-now", name = name));
}

/// Opens the logs of the environment that is being looked at: of a node, or of what a filter takes.
fn logs(app: &mut App, text: &str, out: &mut Vec<Command>) {
    let Some(env) = super::widgets::chrome::environment(app) else {
        return say(app, Level::Info, t!("logs-which-env"));
    };
    match LogsPage::typed(&app.shared, env, text) {
        Ok(page) => push(app, Box::new(page), out),
        Err(why) => say(app, Level::Warn, why),
    }
}

/// Runs a line of the command line.
pub fn line(app: &mut App, line: &str, out: &mut Vec<Command>) {
    let line = line.trim();
    if !line.is_empty() && app.history.last().is_none_or(|last| last != line) {
        app.history.push(line.to_owned());
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    match (word, rest) {
        ("", _) => return,
        ("language", code) if !code.is_empty() => {
            return match Language::ALL.into_iter().find(|l| l.code() == code) {
                Some(language) => speak(app, language),
                None => say(app, Level::Warn, t!("language-unknown", code = code)),
            };
        }
        ("theme", name) if !name.is_empty() => {
            let wanted = app.shared.themes.iter().find(|t| t.name == name);
            let text = match wanted {
                None => t!("theme-unknown", name = name),
                Some(t) if !theme::usable(t, app.shared.colours) => t!("theme-unusable", name = name),
                Some(t) => {
                    app.shared.theme = t.clone();
                    t!("theme-now", name = name)
                }
            };
            return say(app, Level::Info, text);
        }
        ("logs", text) if !text.is_empty() => return logs(app, text, out),
        _ => {}
    }
    let contexts = contexts(app);
    let binding = BINDINGS.iter().find(|b| contexts.contains(&b.context) && b.action.word() == word);
    if let Some(binding) = binding {
        if binding.permitted(app.shared.me.as_ref().map(|me| me.role)) {
            return perform_on_top(app, binding.action, out);
        }
        let role = app.shared.me.as_ref().map_or("viewer", |me| me.role.word());
        return say(app, Level::Warn, t!("refused-role", role = Text::key(format!("user-role-{role}"))));
    }
    let cx = &app.shared;
    if let Some(held) = app.stack.last_mut() {
        let id = held.id;
        if let Some(effects) = held.screen.line(cx, line) {
            return super::update::apply(app, Some(id), effects, out);
        }
    }
    say(app, Level::Warn, t!("line-unknown", line = line));
}
