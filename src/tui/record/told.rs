//! Events as they are kept for a replay: whole, as on the wire, with every secret behind a mask.
//!
//! Masked are: keys typed and text pasted where a password field or a shell has the focus (their number shows), all other pasted
//! text, every `Secret`, the bytes of shells and the letters of output windows. Everything else is what the screens showed. Shells and
//! output of simulated nodes are kept as they are: nobody's secrets are there, and the documentation's pictures come from them.

use crate::api::client::Pushed;
use crate::api::message::ShellBytes;
use crate::api::shells::ShellAnswer;
use crate::api::{Failure, Hello, Response, Update, codec};
use crate::domain::secret::{self, Secret};
use crate::tui::event::{Event, ScreenId, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use crossterm::event::{KeyCode, KeyEvent, MouseEvent};
use serde::{Deserialize, Serialize};

/// What stands for a character that must not be seen.
const DOT: char = '•';

/// An event that can be written down. The answers' types are those of the wire: a recording of another protocol may not be
/// understood, and then says so.
#[derive(Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "one at a time")]
enum Told {
    Key(KeyEvent),
    Paste(Secret),
    Mouse(MouseEvent),
    Resize(u16, u16),
    Connected(Box<Hello>),
    ConnectFailed { why: String, retry_ms: u64 },
    Lost,
    Update(Update),
    Shell(ShellBytes),
    SessionEnded,
    Answer { to: Option<ScreenId>, tag: Tag, result: Result<Response, Failure> },
    File { to: ScreenId, result: Result<Secret, String> },
    Written { path: String, result: Result<(), String> },
    Tick,
    Idle,
    Moving { name: String, done: u64, size: u64 },
    Moved(Result<(String, u64), Failure>),
}

/// An event as one word; `None` when it is larger than any frame of the wire. `secret`: what is typed must not be seen;
/// `simulated`: the nodes are.
pub fn write(event: &Event, secret: bool, simulated: bool) -> Option<String> {
    let told = tell(event, secret, simulated);
    let bytes = secret::masking(|| codec::encode_answer(&told)).ok()?;
    Some(BASE64.encode(bytes))
}

/// The event in a word.
pub fn read(word: &str) -> Result<Event, String> {
    let bytes = BASE64.decode(word).map_err(|e| e.to_string())?;
    let told: Told = codec::decode(&bytes).map_err(|e| e.to_string())?;
    Ok(match told {
        Told::Key(key) => Event::Key(key),
        Told::Paste(text) => Event::Paste(text),
        Told::Mouse(mouse) => Event::Mouse(mouse),
        Told::Resize(columns, rows) => Event::Resize(columns, rows),
        Told::Connected(hello) => Event::Connected(hello),
        Told::ConnectFailed { why, retry_ms } => Event::ConnectFailed { why, retry_ms },
        Told::Lost => Event::Lost,
        Told::Update(update) => Event::Pushed(Pushed::Update(update)),
        Told::Shell(bytes) => Event::Pushed(Pushed::Shell(bytes)),
        Told::SessionEnded => Event::Pushed(Pushed::SessionEnded),
        Told::Answer { to, tag, result } => Event::Answer { to, tag, result },
        Told::File { to, result } => Event::File { to, result },
        Told::Written { path, result } => Event::Written { path, result },
        Told::Tick => Event::Tick,
        Told::Idle => Event::Idle,
        Told::Moving { name, done, size } => Event::Moving { name, done, size },
        Told::Moved(result) => Event::Moved(result),
    })
}

fn tell(event: &Event, secret: bool, simulated: bool) -> Told {
    match event {
        Event::Key(key) if secret && matches!(key.code, KeyCode::Char(_)) && key.modifiers.is_empty() => {
            Told::Key(KeyEvent { code: KeyCode::Char(DOT), ..*key })
        }
        Event::Key(key) => Told::Key(*key),
        Event::Paste(text) => Told::Paste(text.clone()),
        Event::Mouse(mouse) => Told::Mouse(*mouse),
        Event::Resize(columns, rows) => Told::Resize(*columns, *rows),
        Event::Connected(hello) => Told::Connected(hello.clone()),
        Event::ConnectFailed { why, retry_ms } => {
            Told::ConnectFailed { why: why.clone(), retry_ms: *retry_ms }
        }
        Event::Lost => Told::Lost,
        Event::Pushed(Pushed::Update(update)) => Told::Update(update.clone()),
        Event::Pushed(Pushed::Shell(shell)) if simulated => Told::Shell(shell.clone()),
        Event::Pushed(Pushed::Shell(shell)) => {
            let text = format!("[{} bytes of a shell: not recorded]\r\n", shell.bytes.len());
            Told::Shell(ShellBytes { bytes: text.into_bytes(), ..shell.clone() })
        }
        Event::Pushed(Pushed::SessionEnded) => Told::SessionEnded,
        Event::Answer { to, tag, result } => {
            let mut result = result.clone();
            if let Ok(Response::Window(window)) = &mut result
                && !simulated
            {
                veil(&mut window.bytes);
            }
            // Recordings of shells hold what was printed in them.
            if let Ok(Response::Shells(answer)) = &mut result
                && let ShellAnswer::Part(part) = &mut **answer
                && !simulated
            {
                veil(&mut part.bytes);
            }
            Told::Answer { to: *to, tag: *tag, result }
        }
        Event::File { to, result } => Told::File { to: *to, result: result.clone() },
        Event::Written { path, result } => Told::Written { path: path.clone(), result: result.clone() },
        Event::Tick => Told::Tick,
        Event::Idle => Told::Idle,
        Event::Moving { name, done, size } => Told::Moving { name: name.clone(), done: *done, size: *size },
        Event::Moved(result) => Told::Moved(result.clone()),
    }
}

/// Letters and digits of output become an `x`: its shape stays, its content does not.
fn veil(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|b| !b.is_ascii() || b.is_ascii_alphanumeric()) {
        *byte = b'x';
    }
}
