//! Frames of which only cells of shells were repainted: they are what a whole frame would be.

use super::harness::Rig;
use super::shell::{of, shell, two};
use crate::domain::ids::ShellId;
use crate::terminal::{Alacritty, Answers, Emulator, Screen, Size as Extent};
use crate::tui::paint::{Gathered, Paint};
use crate::tui::widgets::chrome;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::io::{Result, Write};

const SIZE: (u16, u16) = (80, 24);

/// A terminal that gets what a real one would: what a wide character leaves behind when it is overwritten is the terminal's.
struct Emulated {
    commands: CrosstermBackend<Gathered>,
    written: Gathered,
    emulator: Alacritty,
}

impl Backend for Emulated {
    type Error = std::io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> Result<()> {
        self.commands.draw(content)
    }
    fn hide_cursor(&mut self) -> Result<()> {
        self.commands.hide_cursor()
    }
    fn show_cursor(&mut self) -> Result<()> {
        self.commands.show_cursor()
    }
    fn get_cursor_position(&mut self) -> Result<Position> {
        let cursor = self.emulator.cursor();
        Ok(Position::new(cursor.column, cursor.line))
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<()> {
        self.commands.set_cursor_position(position)
    }
    fn clear(&mut self) -> Result<()> {
        self.commands.clear()
    }
    fn clear_region(&mut self, what: ClearType) -> Result<()> {
        self.commands.clear_region(what)
    }
    fn size(&self) -> Result<Size> {
        Ok(Size::new(SIZE.0, SIZE.1))
    }
    fn window_size(&mut self) -> Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }
    fn flush(&mut self) -> Result<()> {
        Write::flush(&mut self.commands)
    }
}

/// A terminal that is repainted where that is possible.
struct Watched {
    paint: Paint<Emulated>,
    repainted: usize,
}

impl Watched {
    fn new() -> Self {
        let written = Gathered::default();
        let commands = CrosstermBackend::new(written.clone());
        let emulator = Alacritty::new(Extent::new(SIZE.0, SIZE.1), Answers::Discard);
        Self { paint: Paint::new(Emulated { commands, written, emulator }).unwrap(), repainted: 0 }
    }

    fn frame(&mut self, rig: &mut Rig) {
        if self.paint.repaint(|last| rig.app.patch(last)).unwrap() {
            self.repainted += 1;
        } else {
            self.whole(rig);
        }
    }

    fn whole(&mut self, rig: &Rig) {
        self.paint.draw(true, |frame| chrome::draw(&rig.app, frame)).unwrap();
    }

    fn shown(&mut self) -> Screen {
        let terminal = self.paint.backend_mut();
        let mut bytes = Vec::new();
        terminal.written.let_out(&mut bytes).unwrap();
        terminal.emulator.feed(&bytes);
        let mut screen = terminal.emulator.screen();
        if !screen.cursor.visible {
            (screen.cursor.column, screen.cursor.line) = (0, 0);
        }
        screen
    }

    /// Shows what a frame made from the beginning shows.
    fn check(&mut self, rig: &Rig, when: &str) {
        let mut fresh = Self::new();
        fresh.whole(rig);
        let (shown, whole) = (self.shown(), fresh.shown());
        assert_eq!(shown.cursor, whole.cursor, "{when}");
        assert_eq!(shown.lines(), whole.lines(), "{when}");
        assert!(shown.cells == whole.cells, "{when}: colours");
    }
}

/// Sessions of real programs, in pieces of all sizes, in the left pane or the only one.
fn follows(rig: &mut Rig, (cols, rows): (u16, u16), name: &str) -> usize {
    let path = format!("{}/fixtures/terminal/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let mut watched = Watched::new();
    let (mut at, mut step, mut frames) = (0, 1, 0);
    of(rig, ShellId(5), (cols, rows), 0, true, b"", None);
    watched.frame(rig);
    while at < bytes.len() {
        let to = (at + step).min(bytes.len());
        of(rig, ShellId(5), (cols, rows), at as u64, false, &bytes[at..to], None);
        watched.frame(rig);
        frames += 1;
        watched.check(rig, &format!("{name}, after {to} bytes"));
        // Also after a frame that was drawn whole the library must know what is there.
        if frames % 7 == 0 {
            watched.whole(rig);
            watched.check(rig, &format!("{name}, drawn after {to} bytes"));
        }
        (at, step) = (to, (step * 7 + 3) % 401 + 1);
    }
    assert!(watched.repainted * 10 > frames * 8, "{name}: {} of {frames} repainted", watched.repainted);
    frames
}

#[test]
fn repainted_frames_are_whole_ones() {
    let mut frames = 0;
    for name in ["vim-utf8.bytes", "htop-utf8.bytes", "mc-utf8.bytes", "less-c.bytes", "tmux-utf8.bytes"] {
        frames += follows(&mut shell(), (80, 19), name);
        frames += follows(&mut two(), (39, 18), name);
    }
    assert!(frames > 400, "{frames}");
}

#[test]
fn what_else_changes_is_drawn() {
    let mut rig = shell();
    let mut watched = Watched::new();
    watched.frame(&mut rig);
    let mut next = |rig: &mut Rig, text: &[u8], ended| {
        of(rig, ShellId(5), (80, 19), 0, false, text, ended);
        let before = watched.repainted;
        watched.frame(rig);
        watched.check(rig, "");
        watched.repainted > before
    };
    of(&mut rig, ShellId(5), (80, 19), 0, true, b"", None);
    assert!(!next(&mut rig, b"", None), "another emulator");
    assert!(next(&mut rig, b"a", None));
    assert!(next(&mut rig, b"ab", None));
    assert!(!next(&mut rig, b"ab\x1b]0;a title\x07", None), "the title");
    assert!(next(&mut rig, b"ab\x1b]0;a title\x07c", None));
    assert!(!next(&mut rig, b"ab\x1b]0;a title\x07c", Some("exit status 0")), "the end");
    assert!(!next(&mut rig, b"", None), "there is nothing to follow any more");
}
