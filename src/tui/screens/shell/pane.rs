//! One pane: a shell of the engine with an emulator of its own.

use super::copying::Copying;
use crate::api::Request;
use crate::api::message::ShellBytes;
use crate::domain::ids::{JobId, NodeId, ShellId};
use crate::terminal::{Alacritty, Answers, Emulator, Scroll, Size};

/// Bytes that are kept of what is typed before the shell is open: as many as a terminal keeps for a program that does not read.
const AHEAD: usize = 4096;

/// What a pane is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// On which node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// The shell that is open already; none: a new one.
    pub shell: Option<ShellId>,
    /// The job it is opened from.
    pub job: Option<JobId>,
}

/// A pane.
pub struct Pane {
    /// What it shows.
    pub wanted: Wanted,
    /// The shell, once it has one.
    pub id: Option<ShellId>,
    /// What it looks like.
    pub emulator: Alacritty,
    /// Bytes seen.
    end: u64,
    /// How it ended.
    pub over: Option<String>,
    /// The engine was asked for it, and follows up with its bytes.
    pub attached: bool,
    /// Not typed to when several are.
    pub aside: bool,
    /// The history is being looked at; the pane stands still.
    pub copying: Option<Copying>,
    /// The size the engine was told.
    told: Size,
    /// What was typed before the shell was open.
    ahead: Vec<u8>,
}

impl Pane {
    /// A pane of that size.
    pub fn new(wanted: Wanted, size: Size) -> Self {
        Self {
            id: wanted.shell,
            wanted,
            emulator: Alacritty::new(size, Answers::Discard),
            end: 0,
            over: None,
            attached: false,
            aside: false,
            copying: None,
            told: size,
            ahead: Vec::new(),
        }
    }

    /// The name of its node.
    pub fn name(&self) -> &str {
        &self.wanted.name
    }

    /// The shell, as long as it takes input.
    pub fn open(&self) -> Option<ShellId> {
        self.id.filter(|_| self.over.is_none())
    }

    /// Types, now or as soon as the shell is open.
    pub fn typed(&mut self, bytes: Vec<u8>) -> Option<(ShellId, Request)> {
        match self.open() {
            _ if bytes.is_empty() => None,
            Some(shell) => Some((shell, Request::ShellWrite { shell, bytes })),
            None if self.over.is_none() && self.ahead.len() + bytes.len() <= AHEAD => {
                self.ahead.extend(bytes);
                None
            }
            None => None,
        }
    }

    /// The shell is open: gives what was typed before.
    pub fn opened(&mut self, shell: ShellId) -> Option<(ShellId, Request)> {
        self.id = Some(shell);
        let ahead = std::mem::take(&mut self.ahead);
        self.typed(ahead)
    }

    /// Asks the engine to open the shell or to attach to it, unless that was done.
    pub fn ask(&mut self, size: Size) -> Option<Request> {
        if self.attached || self.over.is_some() || self.copying.is_some() {
            return None;
        }
        self.attached = true;
        self.told = size;
        let (cols, rows) = (size.columns(), size.lines());
        Some(if let Some(shell) = self.id {
            Request::ShellAttach { shell, cols, rows }
        } else {
            self.emulator.resize(size);
            Request::ShellOpen {
                node: self.wanted.node,
                cols,
                rows,
                job: self.wanted.job,
                locale: Vec::new(),
            }
        })
    }

    /// Tells the engine the size of the pane, if it is another one.
    pub fn resize(&mut self, size: Size) -> Option<Request> {
        if self.told == size || !self.attached {
            return None;
        }
        let shell = self.open()?;
        self.told = size;
        Some(Request::ShellResize { shell, cols: size.columns(), rows: size.lines() })
    }

    /// Takes bytes of its shell.
    pub fn take(&mut self, bytes: &ShellBytes, room: Size) {
        if self.copying.is_some() {
            return;
        }
        if bytes.redraw {
            // Another client may have made it larger or smaller than our room.
            let size = if bytes.cols == 0 { room } else { Size::new(bytes.cols, bytes.rows) };
            self.emulator = Alacritty::new(size, Answers::Discard);
            self.end = bytes.offset;
            self.emulator.feed(&bytes.bytes);
        } else if bytes.more {
            self.emulator.feed(&bytes.bytes);
        } else {
            let skip = usize::try_from(self.end.saturating_sub(bytes.offset)).unwrap_or(usize::MAX);
            self.emulator.feed(bytes.bytes.get(skip..).unwrap_or_default());
            self.end = self.end.max(bytes.offset + bytes.bytes.len() as u64);
        }
        self.over.clone_from(&bytes.ended);
    }

    /// Stands still for a look at the history; the engine stops following up.
    pub fn stand_still(&mut self, copying: Copying) -> Option<Request> {
        self.copying = Some(copying);
        self.attached = false;
        Some(Request::ShellDetach { shell: self.open()? })
    }

    /// Goes on after a look at the history.
    pub fn go_on(&mut self, size: Size) -> Option<Request> {
        self.copying = None;
        self.emulator.scroll(Scroll::Bottom);
        self.ask(size)
    }
}
