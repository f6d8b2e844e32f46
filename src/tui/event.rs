//! What comes in and what goes out.
//!
//! Everything that can happen is one [`Event`], so that one order holds for all of it; everything that is to be done
//! outside is one [`Command`], and only the loop in `run.rs` performs them. Screens speak in [`Effect`]s, which `update.rs`
//! turns into changes of the stack and into commands.

use super::i18n::Text;
use super::look::{Kind, Look};
use super::prefs::Prefs;
use super::screen::Screen;
use crate::api::client::Pushed;
use crate::api::{Failure, Hello, Request, Response, Topic};
use crate::domain::ids::{NodeId, ShellId};
use crate::domain::secret::Secret;
use crossterm::event::{KeyEvent, MouseEvent};
use serde::{Deserialize, Serialize};

/// Number of a screen; never used twice, so that a late answer cannot reach another screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScreenId(pub u64);

/// What a screen wants to know when the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tag {
    /// A form was sent.
    Form,
    /// Nothing but a refusal is worth a word.
    Quiet,
    /// Rows of that topic are to be sent.
    Watch(Topic),
    /// Not even a refusal is.
    Unheard,
    /// As `Quiet`, but the top screen may want to look anew afterwards.
    Refresh,
    /// A session that is resumed after the engine was lost.
    Resume,
    /// A probe of a node.
    Probe(NodeId),
    /// The pinning of a node's host key.
    Trust(NodeId),
    /// What the screen shows.
    Content,
    /// One of several like requests; the number is the screen's.
    Item(u64),
    /// A window of output for the pane of that node; the number is the place of the step.
    Window(NodeId, u32),
    /// What a record is now, after somebody else was quicker.
    Fresh,
    /// Bytes typed into that shell.
    Typed(ShellId),
}

/// Something that happened.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, in a box on its way")]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// Text pasted; it may be a password.
    Paste(Secret),
    /// The mouse, while it is switched on.
    Mouse(MouseEvent),
    /// The terminal has a new size: columns, rows.
    Resize(u16, u16),
    /// The connection stands.
    Connected(Box<Hello>),
    /// A try to connect failed; the next one comes in that many milliseconds.
    ConnectFailed {
        /// Why, a sentence.
        why: String,
        /// Milliseconds until the next try.
        retry_ms: u64,
    },
    /// The connection has ended.
    Lost,
    /// Sent unasked by the engine.
    Pushed(Pushed),
    /// The answer to a call.
    Answer {
        /// Whose call it was; `None` for the program's own.
        to: Option<ScreenId>,
        /// Its tag.
        tag: Tag,
        /// Answer or refusal.
        result: Result<Response, Failure>,
    },
    /// A file that was asked for.
    File {
        /// By which screen.
        to: ScreenId,
        /// Its text, or why it could not be read.
        result: Result<Secret, String>,
    },
    /// A file that was to be written.
    Written {
        /// Where, as it was typed.
        path: String,
        /// Or why it could not be.
        result: Result<(), String>,
    },
    /// No key has come for as long as it takes to lock the screen; see [`super::app::App::locks_at`].
    Idle,
    /// A file is on its way.
    Moving {
        /// Its name.
        name: String,
        /// Bytes that arrived.
        done: u64,
        /// Bytes there are.
        size: u64,
    },
    /// It has arrived: where it lies and how large it is. Or not.
    Moved(Result<(String, u64), Failure>),
    /// A second has passed; comes only while [`super::app::App::ticks`].
    Tick,
}

/// How loud a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For information.
    Info,
    /// Done as asked.
    Good,
    /// Something needs a look.
    Warn,
    /// Refused or failed.
    Bad,
}

/// What becomes of what was typed when somebody else was quicker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// It stays on the screen, and nothing is sent.
    Keep,
    /// What the other one saved takes its place.
    Theirs,
    /// It is saved over what the other one saved.
    Mine,
}

/// A file that is to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// To the node; otherwise from it.
    pub send: bool,
    /// The place on this host; `~` is the operator's home.
    pub here: String,
    /// The place on the node.
    pub there: String,
    /// Replace what is there.
    pub replace: bool,
}

/// What a screen wants.
pub enum Effect {
    /// Another screen on top.
    Push(Box<dyn Screen>),
    /// Another screen in place of this one.
    Replace(Box<dyn Screen>),
    /// This screen is done.
    Close,
    /// Ask the engine; the answer comes to this screen.
    Call(Tag, Request),
    /// Ask the engine; the answer comes to nobody's screen, refusals are shown.
    CallDetached(Tag, Request),
    /// Read a file on this host; the answer comes to this screen.
    ReadFile(String),
    /// Read a text that may be long, a list of nodes; the answer comes to this screen as that of `ReadFile`.
    ReadText(String),
    /// Write a new file on this host; what became of it is told to the operator.
    WriteFile {
        /// Where; `~` is the operator's home.
        path: String,
        /// What.
        text: String,
    },
    /// Keep a theme or a keymap in a file of the operator's own; the answer comes to this screen as that of `ReadFile`: its place.
    KeepLook {
        /// Which of them.
        kind: Kind,
        /// Its name.
        name: String,
        /// The file it came from; none: a new one.
        file: Option<String>,
        /// What.
        text: String,
    },
    /// Move a file to a node or from it; what became of it is told to the operator.
    Transfer(Transfer),
    /// Tell the operator.
    Say(Level, Text),
    /// Put text on the clipboard of the operator's own terminal.
    Copy(String),
    /// Connect to these nodes and gather their facts.
    Probe(Vec<NodeId>),
    /// Pin these host keys: the operator has compared them.
    Trust(Vec<crate::api::message::HostKeyView>),
    /// A session has begun.
    SessionBegan(Box<crate::api::message::SessionView>),
    /// The locked screen's password was right.
    Unlocked,
    /// These come from the screen below, after this one was closed.
    Below(Vec<Effect>),
    /// Run a line of the command line on the screen below.
    Line(String),
    /// Change how the screens look, or which keys they hear.
    Look(Look),
    /// Somebody else was quicker; this is what the operator wants of what he typed.
    Settle(Settle),
}

/// What the loop is to do.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a few at a time, most of them calls")]
pub enum Command {
    /// Ask the engine.
    Call {
        /// Who gets the answer.
        to: Option<ScreenId>,
        /// With this tag.
        tag: Tag,
        /// What is asked.
        request: Request,
    },
    /// Read a file.
    ReadFile {
        /// Who gets it.
        to: ScreenId,
        /// Where; `~` is the operator's home.
        path: String,
    },
    /// Read a text that may be long.
    ReadText {
        /// Who gets it.
        to: ScreenId,
        /// Where; `~` is the operator's home.
        path: String,
    },
    /// Write a new file.
    WriteFile {
        /// Where; `~` is the operator's home.
        path: String,
        /// What.
        text: String,
    },
    /// Keep a theme or a keymap in a file of the operator's own.
    KeepLook {
        /// For which screen.
        to: ScreenId,
        /// Which of them.
        kind: Kind,
        /// Its name.
        name: String,
        /// The file it came from; none: a new one.
        file: Option<String>,
        /// What.
        text: String,
    },
    /// Move a file to a node or from it.
    Transfer(Transfer),
    /// Keep or forget the session's token.
    Token(Option<Secret>),
    /// Send text to the clipboard of the operator's terminal.
    Copy(String),
    /// Report the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Keep what a user has chosen.
    Remember {
        /// Name of the user.
        user: String,
        /// What.
        prefs: Prefs,
    },
    /// Draw everything afresh.
    Redraw,
    /// Hand the terminal back to the shell that started us, until it wakes us.
    Suspend,
    /// End the program.
    Quit,
}

impl Command {
    /// Whether it types into a shell, and does nothing else.
    pub fn types(&self) -> bool {
        matches!(self, Self::Call { request: Request::ShellWrite { .. }, .. })
    }
}
