//! The recorder: what happened and what the screen was, as JSON lines, for reports of defects.
//!
//! No secret is ever in it. Keys and pastes are masked while a password field or a shell has the focus; answers and requests
//! are written by their kind and by `Debug`, in which a `Secret` shows nothing; bytes of shells and windows of output
//! are counted, not written.

use super::app::App;
use super::event::{Command, Event};
use crate::api::client::Pushed;
use crate::api::{Request, Response};
use crate::domain::time::Moment;
use serde_json::{Value, json};

/// An event as a line, written before it changes the state.
pub fn event(app: &App, at: Moment, event: &Event) -> Value {
    let secret = app.is_secret();
    let what = match event {
        Event::Key(_) if secret => json!({"key": "masked"}),
        Event::Key(key) => {
            json!({"key": format!("{:?}", key.code), "modifiers": format!("{:?}", key.modifiers)})
        }
        Event::Paste(text) if secret => json!({"paste": "masked", "bytes": text.reveal().len()}),
        Event::Paste(text) => json!({"paste": {"bytes": text.reveal().len()}}),
        Event::Mouse(mouse) => json!({"mouse": format!("{:?}", mouse.kind)}),
        Event::Resize(columns, rows) => json!({"resize": [columns, rows]}),
        Event::Connected(hello) => json!({"connected": format!("{hello:?}")}),
        Event::ConnectFailed { why, retry_ms } => json!({"connect-failed": why, "retry-ms": retry_ms}),
        Event::Lost => json!("lost"),
        Event::Pushed(Pushed::Update(update)) => json!({"update": format!("{update:?}")}),
        Event::Pushed(Pushed::Shell(bytes)) => {
            json!({"shell": bytes.shell.0, "offset": bytes.offset, "bytes": bytes.bytes.len(), "redraw": bytes.redraw})
        }
        Event::Pushed(Pushed::SessionEnded) => json!("session-ended"),
        Event::Answer { to, tag, result } => {
            json!({"answer": format!("{tag:?}"), "to": to.map(|id| id.0), "result": answer(result)})
        }
        Event::Written { result, .. } => json!({"written": result.is_ok()}),
        Event::File { to, result } => json!({"file": to.0, "read": result.is_ok()}),
        Event::Tick => json!("tick"),
        Event::Idle => json!("idle"),
    };
    json!({"at": at.0, "event": what})
}

fn answer(result: &Result<Response, crate::api::Failure>) -> String {
    match result {
        Ok(Response::Window(window)) => format!("Window {} +{}", window.offset, window.bytes.len()),
        other => format!("{other:?}"),
    }
}

/// The commands that an event led to.
pub fn commands(commands: &[Command]) -> Value {
    let lines: Vec<String> = commands
        .iter()
        .map(|command| match command {
            Command::Call { request: Request::ShellWrite { shell, bytes }, .. } => {
                format!("ShellWrite {shell} {} bytes", bytes.len())
            }
            Command::Copy(text) => format!("Copy {} bytes", text.len()),
            other => format!("{other:?}"),
        })
        .collect();
    json!({"commands": lines})
}

/// The state, without anything that was typed.
pub fn state(app: &App) -> Value {
    let cx = &app.shared;
    json!({
        "state": {
            "gate": app.gate.as_ref().map(|held| held.screen.name()),
            "stack": app.stack.iter().map(|held| held.screen.name()).collect::<Vec<_>>(),
            "size": cx.size,
            "language": cx.language(),
            "theme": cx.theme.name,
            "user": cx.me.as_ref().map(|me| &me.name),
            "link": format!("{:?}", cx.link),
            "topics": app.subscribed.iter().map(|t| format!("{t:?}")).collect::<Vec<_>>(),
            "pending": app.pending,
            "notice": app.notice.as_ref().map(|(level, text)| format!("{level:?} {}", cx.tr(text))),
        }
    })
}
