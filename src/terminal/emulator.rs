//! The contract of a terminal emulator and the plain types in it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, CellRef, Row};

/// Lines of history an emulator keeps; fewer when a row has more than 200 columns (see [`Size::history_lines`]).
pub const HISTORY_LINES: usize = 3000;

/// The size of a terminal, always within its bounds: 4 to 500 lines of 20 to 1,000 columns. A smaller one makes emulators
/// panic, a larger one is a way to eat memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u16, u16)", into = "(u16, u16)")]
pub struct Size {
    columns: u16,
    lines: u16,
}

impl Size {
    /// The nearest size within the bounds.
    pub fn new(columns: u16, lines: u16) -> Self {
        Self { columns: columns.clamp(20, 1000), lines: lines.clamp(4, 500) }
    }

    /// Columns, 20 to 1,000.
    pub const fn columns(self) -> u16 {
        self.columns
    }

    /// Lines, 4 to 500.
    pub const fn lines(self) -> u16 {
        self.lines
    }

    /// Lines of history at this width: 600,000 cells at most, about 14 MB.
    pub fn history_lines(self) -> usize {
        HISTORY_LINES.min(600_000 / usize::from(self.columns))
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::new(80, 24)
    }
}

impl From<(u16, u16)> for Size {
    fn from((columns, lines): (u16, u16)) -> Self {
        Self::new(columns, lines)
    }
}

impl From<Size> for (u16, u16) {
    fn from(size: Size) -> Self {
        (size.columns, size.lines)
    }
}

/// A place on the screen or in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// 0 is the first line of the screen, negative ones are history.
    pub line: i32,
    /// From 0.
    pub column: u16,
}

/// What the cursor looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum CursorShape {
    /// The whole cell.
    #[default]
    Block,
    /// A line below.
    Underline,
    /// A line on the left.
    Bar,
}

/// The cursor, in the coordinates of what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Line from the top of what is shown.
    pub line: u16,
    /// Column from 0; on a wide character its left one.
    pub column: u16,
    /// False when the program hides it or it is scrolled out of sight.
    pub visible: bool,
    /// Its form.
    pub shape: CursorShape,
    /// Whether the program asked for blinking.
    pub blinking: bool,
}

/// What the program wants to hear of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MouseTracking {
    /// Nothing.
    #[default]
    Off,
    /// Presses, releases and the wheel (mode 1000).
    Click,
    /// Also motion while a button is down (1002).
    Drag,
    /// Every motion (1003).
    Motion,
}

/// How it wants to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MouseEncoding {
    /// One byte a coordinate: nothing beyond column 223.
    #[default]
    X10,
    /// One character a coordinate (1005).
    Utf8,
    /// Decimal numbers (1006).
    Sgr,
}

/// The modes a program switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "these are the independent switches of a terminal")]
pub struct Modes {
    /// Cursor keys send `ESC O A` instead of `ESC [ A` (DECCKM).
    pub application_cursor: bool,
    /// The keypad sends sequences instead of digits (DECKPAM).
    pub application_keypad: bool,
    /// Pasted text is marked as such (2004).
    pub bracketed_paste: bool,
    /// A full-screen program has the alternate screen (1049).
    pub alternate_screen: bool,
    /// What to report of the mouse.
    pub mouse: MouseTracking,
    /// How to report it.
    pub mouse_encoding: MouseEncoding,
    /// The wheel sends cursor keys on the alternate screen when the mouse is not reported (1007).
    pub alternate_scroll: bool,
    /// Gaining and losing the focus is reported (1004).
    pub focus_events: bool,
    /// The cursor is shown (DECTCEM).
    pub cursor_visible: bool,
    /// Text wraps at the right margin (DECAWM).
    pub autowrap: bool,
    /// Lines count from the scroll region's top (DECOM).
    pub origin: bool,
    /// Text is inserted instead of overwriting (IRM).
    pub insert: bool,
    /// A line feed is also a carriage return, and Enter sends both (LNM).
    pub newline: bool,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            application_cursor: false,
            application_keypad: false,
            bracketed_paste: false,
            alternate_screen: false,
            mouse: MouseTracking::Off,
            mouse_encoding: MouseEncoding::X10,
            alternate_scroll: true,
            focus_events: false,
            cursor_visible: true,
            autowrap: true,
            origin: false,
            insert: false,
            newline: false,
        }
    }
}

/// How to move the window over the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scroll {
    /// So many lines: positive into the past, negative back to the present.
    Lines(i32),
    /// A screen into the past.
    PageUp,
    /// A screen back.
    PageDown,
    /// To the oldest line.
    Top,
    /// To the present.
    Bottom,
    /// As little as needed to show this line (as in [`Position`]).
    Show(i32),
}

/// Where to look for the next match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards the present.
    Forward,
    /// Into the past.
    Backward,
}

/// What is shown, as a whole; for tests and for those who need no speed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// The size.
    pub size: Size,
    /// All cells, row by row.
    pub cells: Vec<Cell>,
    /// The cursor.
    pub cursor: Cursor,
}

impl Screen {
    /// The lines as text, without blanks at their ends.
    pub fn lines(&self) -> Vec<String> {
        self.cells
            .chunks(usize::from(self.size.columns()))
            .map(|cells| Row { cells: cells.to_vec(), wrapped: false }.text())
            .collect()
    }
}

/// A terminal emulator. Nothing in it panics, whatever the bytes.
pub trait Emulator: Send {
    /// Takes what the program printed, in any portions.
    fn feed(&mut self, bytes: &[u8]);

    /// Changes the size; long lines are wrapped anew, history included.
    fn resize(&mut self, size: Size);

    /// The size.
    fn size(&self) -> Size;

    /// Grows with every change of what is shown; equal numbers mean nothing to paint.
    fn revision(&self) -> u64;

    /// Calls `paint(column, cell)` for every cell of one of the lines that are shown.
    fn visit_line(&self, line: u16, paint: &mut dyn FnMut(u16, CellRef<'_>));

    /// Calls `paint(line, column, cell)` for every cell that is shown, row by row.
    fn visit(&self, paint: &mut dyn FnMut(u16, u16, CellRef<'_>)) {
        for line in 0..self.size().lines() {
            self.visit_line(line, &mut |column, cell| paint(line, column, cell));
        }
    }

    /// The cursor.
    fn cursor(&self) -> Cursor;

    /// The modes.
    fn modes(&self) -> Modes;

    /// The title the program set, safe to print, 120 characters at most; empty without one.
    fn title(&self) -> String;

    /// Whether the bell rang since the last call.
    fn take_bell(&mut self) -> bool;

    /// Moves the window over the history. New output does not move what is shown.
    fn scroll(&mut self, scroll: Scroll);

    /// Lines between what is shown and the present; 0 is the present.
    fn scroll_offset(&self) -> usize;

    /// Lines of history there are; none on the alternate screen.
    fn history(&self) -> usize;

    /// Bytes to send to the program, such as the answer to a question for the cursor's position; 4 KiB at most.
    fn take_answers(&mut self) -> Vec<u8>;

    /// When to call [`Emulator::tick`]: a program began a synchronised update and has not ended it.
    fn deadline(&self) -> Option<Instant>;

    /// Shows an update that is overdue; true when something changed. A broken program cannot freeze the screen for
    /// longer than 150 ms if this is called at the deadline.
    fn tick(&mut self, now: Instant) -> bool;

    /// True once after the emulator had to start from an empty screen: ask the program to repaint (Ctrl-L, a resize).
    fn take_needs_repaint(&mut self) -> bool;

    /// A row of the screen or of the history.
    fn row(&self, line: i32) -> Option<Row>;

    /// The text from one place to another, both included, wrapped lines joined.
    fn text(&self, from: Position, to: Position) -> String;

    /// The next place where `needle` starts, also across wrapped lines. Without an upper-case letter in it case is
    /// ignored.
    fn find(&self, needle: &str, from: Position, direction: Direction) -> Option<Position>;

    /// Bytes that bring any emulator of the same size, in whatever state, to this screen, cursor and modes, with the last
    /// `history` lines above it and, below a full-screen program, the shell's screen. An overdue synchronised update
    /// is shown first. Custom tab stops and stacked titles are not carried.
    fn redraw(&mut self, history: usize) -> Vec<u8>;

    /// What is shown, as a whole.
    fn screen(&self) -> Screen {
        let size = self.size();
        let mut cells = Vec::with_capacity(usize::from(size.columns()) * usize::from(size.lines()));
        self.visit(&mut |_, _, cell| cells.push(cell.to_cell()));
        Screen { size, cells, cursor: self.cursor() }
    }
}
