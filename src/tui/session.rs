//! Who sits here: the connection, logging in and out, the locked screen.

use super::app::App;
use super::event::{Command, Level, Tag};
use super::i18n::{Text, t};
use super::screen::Link;
use super::screens::{account, environments::Environments, gate, lock};
use super::update::{each, push, say};
use crate::api::message::SessionView;
use crate::api::{Hello, Request};

/// The engine answers: who sits here logs in, or goes on with the session that there was.
pub(super) fn on_connected(app: &mut App, hello: Hello, out: &mut Vec<Command>) {
    app.shared.link = Link::Up;
    app.resumed = false;
    app.subscribed.clear();
    let notices = hello.notices.clone();
    let first = hello.first_start;
    app.shared.hello = Some(hello);
    if first {
        let gate = app.hold(gate::first_administrator());
        app.gate = Some(gate);
    } else if let Some(token) = &app.token {
        let request = Request::Resume { token: token.clone() };
        out.push(Command::Call { to: None, tag: Tag::Resume, request });
    } else {
        show_login(app, None);
    }
    for notice in notices {
        say(app, Level::Warn, Text::plain(notice));
    }
}

fn show_login(app: &mut App, why: Option<Text>) {
    if app.gate.as_ref().is_some_and(|held| held.screen.name() == "login") {
        return;
    }
    let user = app.shared.me.as_ref().map(|me| me.name.clone()).or_else(|| app.user.clone());
    let gate = app.hold(gate::login(user.as_deref(), why));
    app.gate = Some(gate);
}

/// Locks the screen: all stays as it is behind the question for the password, and what runs goes on.
pub(super) fn lock(app: &mut App) {
    if app.gate.is_some() {
        return;
    }
    if let Some(name) = app.shared.me.as_ref().map(|me| me.name.clone()) {
        app.pending.clear();
        app.notice = None;
        app.gate = Some(app.hold(lock::locked(&name)));
    }
}

/// Whether the screen is locked.
pub(super) fn is_locked(app: &App) -> bool {
    app.gate.as_ref().is_some_and(|held| held.screen.name() == lock::LOCKED)
}

/// The session is over: everything stays where it is behind the login.
pub(super) fn login_again(app: &mut App, out: &mut Vec<Command>) {
    app.subscribed.clear();
    app.resumed = false;
    app.token = None;
    out.push(Command::Token(None));
    show_login(app, Some(t!("session-ended")));
}

/// Ends the session because the operator said so: nothing stays.
pub(super) fn logged_out(app: &mut App, out: &mut Vec<Command>) {
    let user = app.shared.me.take().map(|me| me.name);
    app.resumed = false;
    app.token = None;
    out.push(Command::Token(None));
    app.stack.clear();
    app.subscribed.clear();
    app.shared.data.clear();
    app.user = user;
    show_login(app, None);
}

/// Somebody has logged in, or is known again after a lost link.
pub(super) fn session_began(app: &mut App, view: SessionView, out: &mut Vec<Command>) {
    let same = app.shared.me.as_ref().is_some_and(|me| me.id == view.user.id);
    if !same {
        app.stack.clear();
        app.shared.data.clear();
    }
    app.subscribed.clear();
    if view.user.must_change {
        app.stack.clear();
        app.shared.me = None;
        app.token = Some(view.token.clone());
        out.push(Command::Token(Some(view.token.clone())));
        app.gate = Some(app.hold(account::password_first(view)));
        return;
    }
    // The engine was lost and is there again: a locked screen stays locked.
    if !(same && is_locked(app)) {
        app.gate = None;
    }
    app.active = app.shared.now;
    (app.resumed, app.told) = (true, None);
    app.shared.me = Some(view.user);
    if !same {
        super::look::logged_in(app, out);
    }
    app.token = Some(view.token.clone());
    out.push(Command::Token(Some(view.token)));
    if let Some(hello) = &mut app.shared.hello {
        hello.first_start = false;
    }
    if app.stack.is_empty() {
        push(app, Box::new(Environments::default()), out);
    } else {
        each(app, out, |screen, cx| screen.online(cx));
    }
}
