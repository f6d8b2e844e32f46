//! What can be done on every screen, by key or by a line of the command line.

use super::app::App;
use super::bindings::BINDINGS;
use super::event::{Command, Level, Tag};
use super::i18n::{Language, t};
use super::keymap::{Action, Context};
use super::look::{self, Look, change};
use super::screens::environment::EnvPage;
use super::screens::job::JobPage;
use super::screens::logs::LogsPage;
use super::screens::{account, help, messages, own, palette, recordings, settings, trail, users, who};
use super::session::{lock, logged_out};
use super::update::{close, perform as perform_on_top, push, say};
use crate::api::Request;
use crate::domain::access;

/// Does an action that no screen wanted.
pub fn perform(app: &mut App, action: Action, out: &mut Vec<Command>) {
    match action {
        Action::Help => {
            let contexts = app.top().map(|held| held.screen.contexts()).unwrap_or_default();
            push(app, Box::new(help::Help::new(contexts)), out);
        }
        Action::Palette => {
            let lines = palette::lines(&app.shared, &contexts(app), super::widgets::chrome::environment(app));
            push(app, Box::new(palette::Palette::new(lines, app.history.clone())), out);
        }
        Action::Messages => push(app, Box::new(messages::Messages::default()), out),
        Action::Logs => logs(app, "", out),
        Action::Recordings => push(app, Box::new(recordings::RecordingsPage::default()), out),
        Action::Who => push(app, Box::new(who::Who::default()), out),
        Action::Trail => push(app, Box::new(trail::Trail::default()), out),
        Action::Users => push(app, Box::new(users::Users::default()), out),
        Action::OwnPassword => {
            let name = app.shared.me.as_ref().map(|me| me.name.clone()).unwrap_or_default();
            push(app, account::own_password(&name), out);
        }
        Action::OwnAccount if app.gate.is_none() => push(app, Box::new(own::Own::new()), out),
        Action::LoginSessions => push(app, Box::new(own::Own::all("")), out),
        Action::LockScreen if app.gate.is_some() => {}
        Action::LockScreen if app.lock_after.is_none() => say(app, Level::Info, t!("lock-off")),
        Action::LockScreen => lock(app),
        Action::Settings => push(app, Box::new(settings::Settings::default()), out),
        Action::Language => change(app, Look::Language(app.shared.catalogue.language().next()), out),
        Action::Theme => change(app, look::next_theme(app), out),
        Action::Mouse => change(app, Look::Mouse(!app.shared.mouse), out),
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

/// Goes to what has that name.
fn go(app: &mut App, word: &str, name: &str, out: &mut Vec<Command>) {
    let data = &app.shared.data;
    if word == "env" {
        let all = data.environments(crate::api::Topic::Environments);
        let Some(env) = all.iter().find(|e| e.env.name == name).map(|e| e.env.id) else {
            return say(app, Level::Warn, t!("line-no-env", name = name));
        };
        return page(app, EnvPage::new(env), out);
    }
    let Some(env) = super::widgets::chrome::environment(app) else {
        return say(app, Level::Info, t!("logs-which-env"));
    };
    if word == "job" {
        let jobs = data.jobs(env);
        let Some(job) = jobs.iter().find(|j| j.id.to_string() == name).map(|j| j.id) else {
            return say(app, Level::Warn, t!("line-no-job", name = name));
        };
        return push(app, Box::new(JobPage::new(job)), out);
    }
    let Some(node) = data.nodes(env).iter().find(|n| n.name == name).map(|n| n.id) else {
        return say(app, Level::Warn, t!("line-no-node", name = name));
    };
    page(app, EnvPage::on_node(env, node), out);
    if word == "shell" {
        if !app.shared.may(access::Action::Shell) {
            let why = app.shared.no_permission(access::Action::Shell);
            return say(app, Level::Warn, why);
        }
        perform_on_top(app, Action::Shell, out);
    }
}

/// Opens the page of an environment right above the list of environments.
fn page(app: &mut App, page: EnvPage, out: &mut Vec<Command>) {
    while app.stack.len() > 1 {
        back(app, out);
    }
    push(app, Box::new(page), out);
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
                Some(language) => change(app, Look::Language(language), out),
                None => say(app, Level::Warn, t!("language-unknown", code = code)),
            };
        }
        ("theme", name) if !name.is_empty() => return change(app, Look::Theme(name.to_owned()), out),
        ("keys", name) if !name.is_empty() => return change(app, Look::Keys(name.to_owned()), out),
        ("logs", text) if !text.is_empty() => return logs(app, text, out),
        ("env" | "node" | "shell" | "job", name) if !name.is_empty() => return go(app, word, name, out),
        _ => {}
    }
    let contexts = contexts(app);
    let binding = BINDINGS.iter().find(|b| contexts.contains(&b.context) && b.action.word() == word);
    if let Some(binding) = binding {
        if binding.permitted(app.shared.me.as_ref().map(|me| me.role)) {
            return perform_on_top(app, binding.action, out);
        }
        let why = app.shared.no_permission(binding.needed());
        return say(app, Level::Warn, why);
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
