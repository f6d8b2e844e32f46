//! From frames to what is written to the terminal.
//!
//! A frame is made from the beginning, compared with the last one, and what differs is written, all of it at once. Where
//! nothing but cells of a shell has changed even that is too slow: the echo of a key would wait for tabs, titles and footer to
//! be laid out again, and for thousands of cells to be compared that are the same. There the last frame is kept, and
//! only the rows in which something was repainted are compared.

use super::screen::Patch;
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::{Frame, Terminal};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps what is written until it is let out: the terminal gets a frame in one piece, however often a library flushes. Clones are
/// the same place.
#[derive(Clone, Default)]
pub struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Gathered {
    fn kept(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what was kept.
    pub fn let_out(&self, out: &mut impl Write) -> io::Result<()> {
        let mut kept = self.kept();
        let written = out.write_all(&kept);
        kept.clear();
        written.and_then(|()| out.flush())
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal, and what it shows.
pub struct Paint<B: Backend> {
    terminal: Terminal<B>,
    last: Option<Last>,
}

/// The last frame.
struct Last {
    /// As the terminal shows it.
    shown: Buffer,
    /// The same, to be repainted.
    work: Buffer,
    /// It was repainted: the library believes in an older one.
    ahead: bool,
}

impl<B: Backend> Paint<B> {
    /// On an empty terminal.
    pub fn new(backend: B) -> Result<Self, B::Error> {
        Ok(Self { terminal: Terminal::new(backend)?, last: None })
    }

    /// The way to the terminal.
    pub fn backend_mut(&mut self) -> &mut B {
        self.terminal.backend_mut()
    }

    /// Columns and rows.
    pub fn size(&self) -> Result<Size, B::Error> {
        self.terminal.size()
    }

    /// The next frame is written whole, whatever the terminal shows.
    pub fn afresh(&mut self) -> Result<Size, B::Error> {
        self.last = None;
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
        Ok(size)
    }

    /// Draws a frame. It is kept for [`Self::repaint`] where `keep` says so.
    pub fn draw(&mut self, keep: bool, render: impl FnOnce(&mut Frame)) -> Result<(), B::Error> {
        let last = self.last.take();
        if let Some(Last { shown, ahead: true, .. }) = &last {
            self.terminal.current_buffer_mut().clone_from(shown);
            self.terminal.swap_buffers();
        }
        let drawn = self.terminal.draw(render)?;
        if keep {
            let mut last =
                last.unwrap_or(Last { shown: Buffer::default(), work: Buffer::default(), ahead: false });
            last.ahead = false;
            last.shown.clone_from(drawn.buffer);
            last.work.clone_from(drawn.buffer);
            self.last = Some(last);
        }
        Ok(())
    }

    /// Writes what `patch` repaints in the last frame; false where that is not possible and a frame has to be drawn.
    pub fn repaint(&mut self, patch: impl FnOnce(&mut Buffer) -> Option<Patch>) -> Result<bool, B::Error> {
        let Some(last) = &mut self.last else { return Ok(false) };
        let Some(Patch { rows, cursor }) = patch(&mut last.work) else { return Ok(false) };
        last.ahead = true;
        let width = usize::from(last.shown.area.width);
        for y in rows {
            let place = usize::from(y) * width..(usize::from(y) + 1) * width;
            let (Some(before), Some(after)) =
                (last.shown.content.get_mut(place.clone()), last.work.content.get(place))
            else {
                continue;
            };
            let area = Rect { y, height: 1, ..last.shown.area };
            let row = |cells: &[ratatui::buffer::Cell]| Buffer { area, content: cells.to_vec() };
            let (old, new) = (row(before), row(after));
            self.terminal.backend_mut().draw(old.diff_iter(&new))?;
            before.clone_from_slice(after);
        }
        match cursor {
            Some(at) => {
                self.terminal.show_cursor()?;
                self.terminal.set_cursor_position(at)?;
            }
            None => self.terminal.hide_cursor()?,
        }
        Ok(true)
    }
}
