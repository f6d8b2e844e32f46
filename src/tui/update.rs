//! `Event → update(&mut App) → Vec<Command>`: the only place where the state changes.
//!
//! A key goes to the top screen first, then through the table of keys to the screen as an action, and at last to what every
//! screen can do (`global.rs`). After each event the topics that the screens want are compared with those the engine was
//! asked for.

use super::app::{App, Held};
use super::event::{Command, Effect, Event, Level, ScreenId, Tag};
use super::i18n::{Text, t};
use super::keymap::{self, Action, Context, Found};
use super::screen::Link;
use super::screens::host_key;
use super::session::{is_locked, lock, login_again, on_connected, session_began};
use crate::api::client::Pushed;
use crate::api::{Failure, FailureKind, Request, Response, Topic};
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEventKind};

/// Messages kept for the list.
const MESSAGES: usize = 500;

/// Lets `event`, which happened `at` that moment, change the state; returns what is to be done outside.
pub fn update(app: &mut App, at: Moment, event: Event) -> Vec<Command> {
    let mut out = Vec::new();
    app.shared.now = at;
    // Nothing that is remembered or asked for changes with what a shell prints or what is typed into it.
    let of_shells = matches!(
        event,
        Event::Key(_)
            | Event::Pushed(Pushed::Shell(_))
            | Event::Answer { tag: Tag::Typed(_), result: Ok(_), .. }
    );
    let key = matches!(event, Event::Key(_));
    if matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_)) {
        // What wakes a machine may be older than the time to lock: the key that comes then must not be seen by the screen behind.
        if app.locks_at().is_some_and(|due| due <= at) {
            lock(app);
            return out;
        }
        app.active = at;
    }
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => on_key(app, &key, &mut out),
        Event::Idle if app.locks_at().is_some_and(|due| due <= at) => lock(app),
        Event::Key(_) | Event::Idle => {}
        Event::Tick => each(app, &mut out, |screen, cx| screen.tick(cx)),
        Event::Moving { name, done, size } => each(app, &mut out, |screen, cx| {
            screen.moving(cx, Some((&name, done, size)));
            Vec::new()
        }),
        Event::Moved(result) => moved(app, result, &mut out),
        Event::Paste(text) => on_paste(app, &text, &mut out),
        Event::Mouse(mouse) => {
            let top = app.gate.as_mut().or(app.stack.last_mut());
            if let Some((id, effects)) = top.and_then(|held| Some((held.id, held.screen.mouse(mouse)?))) {
                apply(app, Some(id), effects, &mut out);
                return out;
            }
            let action = match mouse.kind {
                MouseEventKind::ScrollUp => Action::Up,
                MouseEventKind::ScrollDown => Action::Down,
                _ => return out,
            };
            perform(app, action, &mut out);
        }
        Event::Resize(columns, rows) => {
            app.shared.size = (columns, rows);
            each(app, &mut out, |screen, cx| screen.resized(cx));
        }
        Event::Connected(hello) => on_connected(app, *hello, &mut out),
        Event::ConnectFailed { why, retry_ms } => {
            let since = match &app.shared.link {
                Link::Down { since, .. } => *since,
                Link::Starting | Link::Up => at,
            };
            app.shared.link = Link::Down { since, next: at.plus(retry_ms), why };
        }
        Event::Lost => {
            app.subscribed.clear();
            app.shared.link = Link::Down { since: at, next: at, why: String::new() };
        }
        Event::Pushed(Pushed::Update(update)) => {
            let topic = update.topic;
            if app.shared.data.take(update) {
                each(app, &mut out, |screen, cx| {
                    if screen.topics().contains(&topic) { screen.changed(cx, topic) } else { Vec::new() }
                });
            }
        }
        Event::Pushed(Pushed::Shell(bytes)) => each(app, &mut out, |screen, cx| screen.shell(cx, &bytes)),
        Event::Pushed(Pushed::SessionEnded) => login_again(app, &mut out),
        Event::Answer { to, tag, result } => on_answer(app, to, tag, result, &mut out),
        Event::Written { path, result } => match result {
            Ok(()) => say(app, Level::Good, t!("file-written", path = path)),
            Err(why) => say(app, Level::Bad, t!("file-not-written", why = why)),
        },
        Event::File { to, result } => {
            let cx = &app.shared;
            let held = app.gate.iter_mut().chain(&mut app.stack).find(|held| held.id == to);
            if let Some(effects) = held.map(|held| held.screen.file(cx, result)) {
                apply(app, Some(to), effects, &mut out);
            }
        }
    }
    if of_shells && (out.is_empty() != key) && out.iter().all(Command::types) {
        return out;
    }
    ask_host_keys(app, &mut out);
    super::look::remember(app, &mut out);
    subscribe(app, &mut out);
    super::presence::tell(app, &mut out);
    out
}

/// A file has arrived, or not.
fn moved(app: &mut App, result: Result<(String, u64), Failure>, out: &mut Vec<Command>) {
    each(app, out, |screen, cx| {
        screen.moving(cx, None);
        Vec::new()
    });
    match result {
        Ok((place, size)) => {
            let size = super::text::bytes(size);
            say(app, Level::Good, t!("transfer-done", size = size, place = place));
        }
        Err(failure) => {
            let why = app.shared.catalogue.failure(&failure);
            say(app, Level::Bad, t!("transfer-failed", why = app.shared.tr(&why)));
        }
    }
}

/// Asks the engine for the topics that are new, takes back those that nobody wants any more.
fn subscribe(app: &mut App, out: &mut Vec<Command>) {
    let wanted = app.wanted();
    let quiet = |request| Command::Call { to: None, tag: Tag::Quiet, request };
    let watch = |t: &Topic| Command::Call { to: None, tag: Tag::Watch(*t), request: Request::Subscribe(*t) };
    out.extend(wanted.difference(&app.subscribed).map(watch));
    if app.shared.link == Link::Up && app.shared.me.is_some() {
        out.extend(app.subscribed.difference(&wanted).map(|t| quiet(Request::Unsubscribe(*t))));
    }
    app.subscribed = wanted;
    let subscribed = &app.subscribed;
    app.shared.data.trim(|topic| subscribed.contains(topic));
}

/// Lets every screen of the stack take part.
pub(super) fn each(
    app: &mut App,
    out: &mut Vec<Command>,
    mut what: impl FnMut(&mut dyn super::screen::Screen, &super::screen::Shared) -> Vec<Effect>,
) {
    let cx = &app.shared;
    let done: Vec<_> = app
        .gate
        .iter_mut()
        .chain(&mut app.stack)
        .map(|held| (held.id, what(&mut *held.screen, cx)))
        .collect();
    for (id, effects) in done {
        apply(app, Some(id), effects, out);
    }
}

fn on_key(app: &mut App, key: &KeyEvent, out: &mut Vec<Command>) {
    app.notice = None;
    app.defect = None;
    let cx = &app.shared;
    let Some(held) = app.gate.as_mut().or(app.stack.last_mut()) else { return };
    let id = held.id;
    if app.pending.is_empty()
        && let Some(effects) = held.screen.key(cx, key)
    {
        return apply(app, Some(id), effects, out);
    }
    let Some(word) = keymap::spell(key) else {
        app.pending.clear();
        // Over a slow link Esc and the key after it arrive together and look like Alt and that key.
        if let KeyCode::Char(_) = key.code
            && key.modifiers.contains(KeyModifiers::ALT)
        {
            on_key(app, &KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), out);
            let after = KeyEvent::new(key.code, key.modifiers.difference(KeyModifiers::ALT));
            on_key(app, &after, out);
        }
        return;
    };
    let contexts = held.screen.contexts();
    let dialog = held.screen.is_dialog() || app.gate.is_some();
    app.pending.push(word);
    let mut found = app.shared.keymap.lookup(&contexts, &app.pending);
    if matches!(found, Found::Nothing) {
        found = match app.shared.keymap.lookup(&[Context::Global], &app.pending) {
            Found::Binding(b) if dialog && !works_in_dialogs(b.action) => Found::Nothing,
            other => other,
        };
    }
    match found {
        Found::Prefix => return,
        Found::Nothing => {}
        Found::Binding(binding) => {
            if binding.permitted(app.shared.me.as_ref().map(|me| me.role)) {
                perform(app, binding.action, out);
            } else {
                let text = app.shared.no_permission(binding.needed());
                say(app, Level::Warn, text);
            }
        }
    }
    app.pending.clear();
}

fn works_in_dialogs(action: Action) -> bool {
    matches!(action, Action::Leave | Action::Language | Action::Theme | Action::Redraw | Action::Suspend)
}

fn on_paste(app: &mut App, text: &Secret, out: &mut Vec<Command>) {
    let cx = &app.shared;
    let Some(held) = app.gate.as_mut().or(app.stack.last_mut()) else { return };
    let id = held.id;
    // The one place where a paste is looked at: the field or the shell it was meant for.
    let effects = held.screen.paste(cx, text.reveal());
    apply(app, Some(id), effects, out);
}

/// Does an action on the top screen, or for all screens.
pub(super) fn perform(app: &mut App, action: Action, out: &mut Vec<Command>) {
    let cx = &app.shared;
    if let Some(held) = app.gate.as_mut().or(app.stack.last_mut()) {
        let id = held.id;
        if let Some(why) = held.refusal(cx, action) {
            return say(app, Level::Warn, why);
        }
        if let Some(effects) = held.screen.act(cx, action) {
            return apply(app, Some(id), effects, out);
        }
    }
    super::global::perform(app, action, out);
}

/// Tells the operator something.
pub(super) fn say(app: &mut App, level: Level, text: Text) {
    let messages = &mut app.shared.messages;
    if messages.len() >= MESSAGES {
        messages.drain(..MESSAGES / 10);
    }
    messages.push((app.shared.now, level, text.clone()));
    app.notice = Some((level, text));
}

/// Opens a screen.
pub(super) fn push(app: &mut App, screen: Box<dyn super::screen::Screen>, out: &mut Vec<Command>) {
    let held = app.hold(screen);
    let id = held.id;
    app.stack.push(held);
    super::memory::recall(app);
    let cx = &app.shared;
    let effects = app.stack.last_mut().map(|held| held.screen.online(cx)).unwrap_or_default();
    apply(app, Some(id), effects, out);
}

/// Closes a screen.
pub(super) fn close(app: &mut App, id: ScreenId, out: &mut Vec<Command>) {
    let Some(at) = app.stack.iter().position(|held| held.id == id) else { return };
    let mut held = app.stack.remove(at);
    let effects = held.screen.closed(&app.shared);
    apply(app, Some(id), effects, out);
    uncovered(app, out);
}

fn uncovered(app: &mut App, out: &mut Vec<Command>) {
    let cx = &app.shared;
    if let Some(Held { id, screen }) = app.stack.last_mut() {
        let (id, effects) = (*id, screen.uncovered(cx));
        apply(app, Some(id), effects, out);
    }
}

/// Does what a screen wants.
pub(super) fn apply(app: &mut App, from: Option<ScreenId>, effects: Vec<Effect>, out: &mut Vec<Command>) {
    for effect in effects {
        match effect {
            Effect::Push(screen) => push(app, screen, out),
            Effect::Replace(screen) => {
                if let Some(id) = from {
                    close(app, id, out);
                }
                push(app, screen, out);
            }
            Effect::Close => {
                if let Some(id) = from {
                    close(app, id, out);
                }
            }
            Effect::Call(tag, request) => out.push(Command::Call { to: from, tag, request }),
            Effect::CallDetached(tag, request) => out.push(Command::Call { to: None, tag, request }),
            Effect::ReadFile(path) => out.extend(from.map(|to| Command::ReadFile { to, path })),
            Effect::ReadText(path) => out.extend(from.map(|to| Command::ReadText { to, path })),
            Effect::WriteFile { path, text } => out.push(Command::WriteFile { path, text }),
            Effect::KeepLook { kind, name, file, text } => {
                out.extend(from.map(|to| Command::KeepLook { to, kind, name, file, text }));
            }
            Effect::Transfer(transfer) => out.push(Command::Transfer(transfer)),
            Effect::Say(level, text) => say(app, level, text),
            Effect::Copy(text) => {
                out.push(Command::Copy(text));
                say(app, Level::Info, t!("copied"));
            }
            Effect::Probe(nodes) => out.extend(nodes.into_iter().map(|node| Command::Call {
                to: None,
                tag: Tag::Probe(node),
                request: Request::NodeProbe { node },
            })),
            Effect::Trust(keys) => out.extend(keys.into_iter().map(|k| Command::Call {
                to: None,
                tag: Tag::Trust(k.node),
                request: Request::NodeTrust { node: k.node, key: k.key, jump: k.jump.is_some() },
            })),
            Effect::SessionBegan(view) => session_began(app, *view, out),
            Effect::Unlocked => {
                app.gate = None;
                uncovered(app, out);
            }
            Effect::Below(effects) => {
                let below = app.stack.last().map(|held| held.id);
                apply(app, below, effects, out);
            }
            Effect::Line(line) => super::global::line(app, &line, out),
            Effect::Look(look) => super::look::change(app, look, out),
            Effect::Settle(how) => {
                let cx = &app.shared;
                let held = app.stack.iter_mut().find(|held| Some(held.id) == from);
                if let Some(effects) = held.map(|held| held.screen.settle(cx, how)) {
                    apply(app, from, effects, out);
                }
            }
        }
    }
}

fn on_answer(
    app: &mut App,
    to: Option<ScreenId>,
    tag: Tag,
    result: Result<Response, Failure>,
    out: &mut Vec<Command>,
) {
    match (tag, result) {
        (Tag::Unheard, _) => {}
        (Tag::Resume, Ok(Response::Session(view))) => session_began(app, view, out),
        (Tag::Resume, Err(f)) if f.kind == FailureKind::NotLoggedIn || app.shared.link == Link::Up => {
            login_again(app, out);
        }
        (_, Err(f)) if f.kind == FailureKind::NotLoggedIn && (app.gate.is_none() || is_locked(app)) => {
            login_again(app, out);
        }
        (Tag::Probe(node), result) => host_key::probed(app, node, result),
        (Tag::Trust(node), Ok(_)) => apply(app, None, vec![Effect::Probe(vec![node])], out),
        (Tag::Refresh, Ok(_)) => uncovered(app, out),
        // Pages that show these rows say why they have none.
        (Tag::Watch(topic), Err(failure)) if app.shared.link == Link::Up => {
            let why = app.shared.catalogue.failure(&failure);
            app.shared.data.refuse(topic, why.clone());
            if !has_page(topic) {
                say(app, Level::Bad, why);
            }
        }
        (tag, result) => {
            let cx = &app.shared;
            let held = app.gate.iter_mut().chain(&mut app.stack).find(|held| Some(held.id) == to);
            if let Some(Held { id, screen }) = held {
                let (id, effects) = (*id, screen.answer(cx, tag, result));
                apply(app, Some(id), effects, out);
            } else if let Err(failure) = result
                && app.shared.link == Link::Up
            {
                let text = app.shared.catalogue.failure(&failure);
                say(app, Level::Bad, text);
            }
        }
    }
}

/// Whether a page shows these rows, and with that says itself why it has none.
fn has_page(topic: Topic) -> bool {
    use Topic as T;
    let of_env = matches!(topic, T::Nodes(_) | T::Jobs(_) | T::Discovery(_) | T::Check(_) | T::Proof(_));
    of_env || matches!(topic, T::Environments | T::Hidden | T::Job(_) | T::JobNode(..))
}

/// Opens the question for new host keys, one dialog at a time, so that nothing is trusted that was not on the screen.
fn ask_host_keys(app: &mut App, out: &mut Vec<Command>) {
    if app.host_keys.is_empty() || app.gate.is_some() {
        return;
    }
    if app.stack.iter().any(|held| held.screen.is_dialog()) {
        return;
    }
    let keys = std::mem::take(&mut app.host_keys);
    push(app, Box::new(host_key::NewKeys::new(keys)), out);
}
