//! The emulator: `alacritty_terminal` behind our contract.
//!
//! Chosen because it equals tmux's screen on every recorded session tried, answers the programs' questions and rewraps. What it
//! lacks is around it: see the guards named in the room's own file.

use std::time::Instant;

use alacritty_terminal::Term;
use alacritty_terminal::grid::{Dimensions, Scroll as LibraryScroll};
use alacritty_terminal::index::Line;
use alacritty_terminal::term::{Config, Osc52, TermDamage, TermMode};
use alacritty_terminal::vte::ansi::{CharsetIndex, CursorShape as LibraryShape, CursorStyle, Processor};

use super::boundary::Boundary;
use super::cell::{CellRef, Row, Width};
use super::convert::{cell, row, rows, shape, whole};
use super::emulator::{
    Cursor, Direction, Emulator, Modes, MouseEncoding, MouseTracking, Position, Scroll, Size,
};
use super::handler::{Filter, Mailbox, Memory};
use super::isolate::isolate;
use super::quirks::{mend_halves, place, probe_region, settle_cursors};
use super::redraw::{Picture, write_picture};

/// Bytes parsed at once; between two portions the budget of characters is new.
const PORTION: usize = 4096;
/// Characters one portion may write: five times what a program that fills screens by repeat sequences does.
const BUDGET: usize = 200_000;
/// A redraw larger than this carries less history: each cell may have colours of its own, 40 bytes of them.
const REDRAW_BYTES: usize = 512 * 1024;

/// Whether this emulator answers the program's questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Yes: the one emulator beside the pty.
    Collect,
    /// No: an emulator that only shows what another one answers.
    Discard,
}

/// `alacritty_terminal` behind [`Emulator`].
pub struct Alacritty {
    term: Term<Mailbox>,
    parser: Processor,
    mailbox: Mailbox,
    memory: Memory,
    boundary: Boundary,
    answers: Answers,
    size: Size,
    revision: u64,
    needs_repaint: bool,
}

/// The size in the library's terms.
struct Extent(Size);

impl Dimensions for Extent {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::from(self.0.lines())
    }

    fn columns(&self) -> usize {
        usize::from(self.0.columns())
    }
}

fn config(size: Size) -> Config {
    Config {
        scrolling_history: size.history_lines(),
        osc52: Osc52::Disabled,
        kitty_keyboard: false,
        ..Config::default()
    }
}

impl Alacritty {
    /// An empty screen.
    pub fn new(size: Size, answers: Answers) -> Self {
        let mailbox = Mailbox::default();
        Self {
            term: Term::new(config(size), &Extent(size), mailbox.clone()),
            parser: Processor::new(),
            mailbox,
            memory: Memory::default(),
            boundary: Boundary::default(),
            answers,
            size,
            revision: 0,
            needs_repaint: false,
        }
    }

    /// Does something with the library; on a panic of it everything starts from an empty screen.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Term<Mailbox>, &mut Processor, &mut Memory) -> T,
    ) -> Option<T> {
        self.revision = self.revision.wrapping_add(1);
        let Self { term, parser, memory, .. } = self;
        let outcome = isolate(|| {
            let outcome = work(term, parser, memory);
            // Deleting lines while the window is in the history moves it beyond the history's start (0.26.0).
            if term.grid().display_offset() > term.grid().history_size() {
                term.scroll_display(LibraryScroll::Delta(0));
            }
            outcome
        });
        if outcome.is_none() {
            self.start_afresh();
        }
        if self.answers == Answers::Discard {
            self.mailbox.open().answers.clear();
        }
        outcome
    }

    /// Lines that may look different since this was asked last, at first all; by number, each once.
    pub fn take_damage(&mut self) -> Vec<u16> {
        let lines = self.size.lines();
        let damage = match self.term.damage() {
            TermDamage::Full => None,
            TermDamage::Partial(damaged) => {
                let number = |line: usize| u16::try_from(line).unwrap_or(u16::MAX);
                // What stands in a first column may say how the last one of the line above is shown.
                Some(damaged.flat_map(|d| [number(d.line.saturating_sub(1)), number(d.line)]).collect())
            }
        };
        self.term.reset_damage();
        let mut damage: Vec<u16> = damage.unwrap_or_else(|| (0..lines).collect());
        damage.retain(|line| *line < lines);
        damage.dedup();
        damage
    }

    fn start_afresh(&mut self) {
        let revision = self.revision;
        *self = Self::new(self.size, self.answers);
        self.revision = revision;
        self.needs_repaint = true;
    }

    /// Everything that a redraw carries.
    fn picture(&mut self, history: usize) -> Option<Picture> {
        let modes = self.modes();
        let style = self.term.cursor_style();
        let title = self.title();
        let pending = self.boundary.pending().to_vec();
        self.guarded(|term, _, memory| {
            let (region, cursor) = probe_region(term);
            let saved = place(&term.grid().saved_cursor);
            let alternate = modes.alternate_screen.then(|| rows(term.grid(), 0));
            let mut below = cursor.clone();
            let main = if modes.alternate_screen {
                // The library shows only its active grid. Going back to the alternate one empties it, so it is kept.
                let kept = term.grid().clone();
                term.swap_alt();
                let main = rows(term.grid(), history);
                below = place(&term.grid().cursor);
                term.swap_alt();
                *term.grid_mut() = kept;
                main
            } else {
                rows(term.grid(), history)
            };
            Picture {
                lines: term.grid().screen_lines(),
                main,
                below,
                alternate,
                cursor,
                saved,
                region,
                modes,
                shape: shape(style.shape),
                blinking: style.blinking,
                shifted: memory.charset == CharsetIndex::G1,
                title,
                pending,
            }
        })
    }
}

impl Emulator for Alacritty {
    fn feed(&mut self, bytes: &[u8]) {
        let mut boundary = std::mem::take(&mut self.boundary);
        for portion in bytes.chunks(PORTION) {
            let mut intact = true;
            boundary.advance(portion, |bytes| {
                intact &= self
                    .guarded(|term, parser, memory| {
                        memory.budget = BUDGET;
                        parser.advance(&mut Filter { term, memory }, bytes);
                    })
                    .is_some();
            });
            if !intact {
                boundary = Boundary::default();
            }
        }
        self.boundary = boundary;
    }

    fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            self.guarded(|term, _, _| {
                term.resize(Extent(size));
                term.set_options(config(size));
                settle_cursors(term);
                mend_halves(term);
            });
        }
    }

    fn size(&self) -> Size {
        self.size
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn visit_line(&self, line: u16, paint: &mut dyn FnMut(u16, CellRef<'_>)) {
        if line >= self.size.lines() {
            return;
        }
        let grid = self.term.grid();
        let offset = i32::try_from(grid.display_offset()).unwrap_or(0);
        let last = grid.last_column().0;
        for column in 0..self.size.columns() {
            paint(column, cell(grid, Line(i32::from(line) - offset), usize::from(column), last));
        }
    }

    fn cursor(&self) -> Cursor {
        let grid = self.term.grid();
        let point = grid.cursor.point;
        let shown = usize::try_from(point.line.0).unwrap_or(0) + grid.display_offset();
        let column = point.column.0;
        let last = grid.last_column().0;
        let column =
            if column > 0 && whole(grid, point.line, column - 1, last) { column - 1 } else { column };
        let CursorStyle { shape: form, blinking } = self.term.cursor_style();
        let lines = self.size.lines();
        Cursor {
            line: u16::try_from(shown).unwrap_or(u16::MAX).min(lines - 1),
            column: u16::try_from(column).unwrap_or(0),
            visible: shown < usize::from(lines)
                && self.term.mode().contains(TermMode::SHOW_CURSOR)
                && form != LibraryShape::Hidden,
            shape: shape(form),
            blinking,
        }
    }

    fn modes(&self) -> Modes {
        let mode = *self.term.mode();
        Modes {
            application_cursor: mode.contains(TermMode::APP_CURSOR),
            application_keypad: mode.contains(TermMode::APP_KEYPAD),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
            alternate_screen: mode.contains(TermMode::ALT_SCREEN),
            mouse: if mode.contains(TermMode::MOUSE_MOTION) {
                MouseTracking::Motion
            } else if mode.contains(TermMode::MOUSE_DRAG) {
                MouseTracking::Drag
            } else if mode.contains(TermMode::MOUSE_REPORT_CLICK) {
                MouseTracking::Click
            } else {
                MouseTracking::Off
            },
            mouse_encoding: if mode.contains(TermMode::SGR_MOUSE) {
                MouseEncoding::Sgr
            } else if mode.contains(TermMode::UTF8_MOUSE) {
                MouseEncoding::Utf8
            } else {
                MouseEncoding::X10
            },
            alternate_scroll: mode.contains(TermMode::ALTERNATE_SCROLL),
            focus_events: mode.contains(TermMode::FOCUS_IN_OUT),
            cursor_visible: mode.contains(TermMode::SHOW_CURSOR),
            autowrap: mode.contains(TermMode::LINE_WRAP),
            origin: mode.contains(TermMode::ORIGIN),
            insert: mode.contains(TermMode::INSERT),
            newline: mode.contains(TermMode::LINE_FEED_NEW_LINE),
        }
    }

    fn title(&self) -> String {
        self.mailbox.open().title.clone()
    }

    fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.mailbox.open().bell)
    }

    fn scroll(&mut self, scroll: Scroll) {
        let scroll = match scroll {
            Scroll::Lines(lines) => LibraryScroll::Delta(lines.clamp(-100_000, 100_000)),
            Scroll::PageUp => LibraryScroll::PageUp,
            Scroll::PageDown => LibraryScroll::PageDown,
            Scroll::Top => LibraryScroll::Top,
            Scroll::Bottom => LibraryScroll::Bottom,
            Scroll::Show(line) => {
                let top = -i32::try_from(self.scroll_offset()).unwrap_or(0);
                let bottom = top + i32::from(self.size.lines()) - 1;
                let line = line.clamp(-100_000, 100_000);
                LibraryScroll::Delta(if line < top { top - line } else { (bottom - line).min(0) })
            }
        };
        self.guarded(|term, _, _| term.scroll_display(scroll));
    }

    fn scroll_offset(&self) -> usize {
        self.term.grid().display_offset()
    }

    fn history(&self) -> usize {
        self.term.grid().history_size()
    }

    fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.mailbox.open().answers)
    }

    fn deadline(&self) -> Option<Instant> {
        self.parser.sync_timeout().sync_timeout()
    }

    fn tick(&mut self, now: Instant) -> bool {
        let overdue = self.deadline().is_some_and(|deadline| deadline <= now);
        if overdue {
            self.stop_sync();
        }
        overdue
    }

    fn take_needs_repaint(&mut self) -> bool {
        std::mem::take(&mut self.needs_repaint)
    }

    fn row(&self, line: i32) -> Option<Row> {
        let grid = self.term.grid();
        (line >= grid.topmost_line().0 && line <= grid.bottommost_line().0).then(|| row(grid, Line(line)))
    }

    fn text(&self, from: Position, to: Position) -> String {
        let (from, to) = if from <= to { (from, to) } else { (to, from) };
        let mut text = String::new();
        let oldest = self.term.grid().topmost_line().0;
        for line in from.line.max(oldest)..=to.line {
            let Some(mut row) = self.row(line) else { break };
            if line == to.line {
                let end = usize::from(to.column) + 1;
                if end < row.cells.len() {
                    row.wrapped = true; // the rest of it is not wanted, and blanks before the end are
                }
                row.cells.truncate(end);
            }
            if line == from.line {
                row.cells.drain(..usize::from(from.column).min(row.cells.len()));
            }
            text.push_str(&row.text());
            if !row.wrapped && line != to.line {
                text.push('\n');
            }
        }
        text
    }

    fn find(&self, needle: &str, from: Position, direction: Direction) -> Option<Position> {
        let fold = !needle.chars().any(char::is_uppercase);
        let folded = |c: char| if fold { c.to_lowercase().next().unwrap_or(c) } else { c };
        let needle: Vec<char> = needle.chars().map(folded).collect();
        let grid = self.term.grid();
        let mut best = None;
        let mut line: Vec<(char, Position)> = Vec::new();
        for number in grid.topmost_line().0..=grid.bottommost_line().0 {
            let row = row(grid, Line(number));
            for (column, cell) in (0_u16..).zip(&row.cells) {
                if matches!(cell.width, Width::Single | Width::Wide) {
                    line.push((folded(cell.character), Position { line: number, column }));
                }
            }
            if row.wrapped && number < grid.bottommost_line().0 {
                continue;
            }
            let mut matches = line
                .windows(needle.len().max(1))
                .filter(|window| window.iter().map(|(c, _)| c).eq(needle.iter()))
                .filter_map(|window| window.first().map(|(_, position)| *position));
            match direction {
                Direction::Backward => best = matches.rfind(|at| *at < from).or(best),
                Direction::Forward => {
                    if let Some(found) = matches.find(|at| *at > from) {
                        return Some(found);
                    }
                }
            }
            line.clear();
        }
        best
    }

    fn redraw(&mut self, history: usize) -> Vec<u8> {
        if self.deadline().is_some() {
            self.stop_sync();
        }
        for history in [history, history / 8, 0] {
            let bytes =
                self.picture(history).map_or_else(|| b"\x1bc".to_vec(), |picture| write_picture(&picture));
            if history == 0 || bytes.len() <= REDRAW_BYTES {
                return bytes;
            }
        }
        Vec::new()
    }
}

impl Alacritty {
    /// Panics where the library would; true when it was caught.
    #[cfg(test)]
    pub(super) fn panic_for_test(&mut self) -> bool {
        self.guarded(|_, _, _| assert!(!super::isolated(), "provoked")).is_none()
    }

    fn stop_sync(&mut self) {
        self.guarded(|term, parser, memory| {
            memory.budget = BUDGET;
            parser.stop_sync(&mut Filter { term, memory });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven bytes that ask for 65,535 characters: 24 million in one portion without the budget.
    #[test]
    fn repeat_sequences_cost_little() {
        let mut emulator = Alacritty::new(Size::default(), Answers::Collect);
        emulator.feed(&b"x\x1b[65535b".repeat(PORTION / 9));
        assert_eq!(emulator.memory.budget, 0);
        emulator.feed(b"\x1bcstill alive");
        assert_eq!(emulator.screen().lines().first().map(String::as_str), Some("still alive"));
    }
}
