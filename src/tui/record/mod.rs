//! The recorder: what happened and what the screen was, as JSON lines, for reports of defects.
//!
//! A line with `recording` begins one: how the screens looked at the start. Then comes each event, for the eyes (`event`) and for a
//! replay (`replay`, see `told`), followed by what it led to (`commands`) and the `state` after it.
//!
//! No secret is ever in it. Keys and pastes are masked while a password field or a shell has the focus; answers and requests
//! are written by their kind and by `Debug`, in which a `Secret` shows nothing; bytes of shells and windows of output
//! are counted, not written.

mod told;

pub use told::read;

use super::app::{App, Given, Looks};
use super::event::{Command, Event};
use super::prefs::Remembered;
use crate::api::client::Pushed;
use crate::api::{Request, Response};
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Form of the recording; another number is not understood.
pub const FORM: u32 = 1;

/// How the screens looked when a recording began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// [`FORM`].
    pub recording: u32,
    /// Release of cpmg.
    pub release: String,
    /// When it began.
    pub at: u64,
    /// Code of the language.
    pub language: String,
    /// What the terminal can show.
    pub colours: super::theme::Colours,
    /// Name of the theme.
    pub theme: Option<String>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Time zone, by its name.
    pub zone: Option<String>,
    /// Name offered at the login.
    pub user: Option<String>,
    /// What the command line of the program decided.
    pub given: Given,
    /// What was remembered, without lines of the command line.
    pub remembered: Remembered,
    /// Milliseconds without a key after which the screen locks itself.
    pub lock_after: Option<u64>,
    /// Whether a session of before was taken up, without a login.
    #[serde(default)]
    pub resumes: bool,
}

/// The first line of a recording.
pub fn head(looks: &Looks, resumes: bool, at: Moment) -> Value {
    let mut remembered = looks.remembered.clone();
    for prefs in remembered.users.values_mut() {
        prefs.history.clear();
    }
    let head = Head {
        recording: FORM,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        at: at.0,
        language: looks.language.code().to_owned(),
        colours: looks.colours,
        theme: looks.theme.clone(),
        size: looks.size,
        zone: looks.zone.iana_name().map(str::to_owned),
        user: looks.user.clone(),
        given: looks.given,
        remembered,
        lock_after: looks.lock_after,
        resumes,
    };
    serde_json::to_value(head).unwrap_or_default()
}

/// An event as a line, written before it changes the state.
pub fn event(app: &App, at: Moment, event: &Event) -> Value {
    let secret = app.is_secret();
    let simulated = app.shared.hello.as_ref().is_some_and(|hello| hello.simulated);
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
        Event::Moving { done, size, .. } => json!({"moving": [done, size]}),
        Event::Moved(result) => json!({"moved": result.is_ok()}),
        Event::Written { result, .. } => json!({"written": result.is_ok()}),
        Event::File { to, result } => json!({"file": to.0, "read": result.is_ok()}),
        Event::Tick => json!("tick"),
        Event::Idle => json!("idle"),
    };
    json!({"at": at.0, "event": what, "replay": told::write(event, secret, simulated)})
}

fn answer(result: &Result<Response, crate::api::Failure>) -> String {
    match result {
        Ok(Response::Shells(_)) => "Shells".to_owned(),
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
