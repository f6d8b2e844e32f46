//! Writes a screen as bytes that bring another emulator to it.
//!
//! Order matters. After the full reset every mode is at its default, so text is written first, then what would change
//! how text is written. Rows that wrapped are written so that they wrap again: rewrapping and copying then work in the
//! other emulator too.

use std::fmt::Write as _;

use super::cell::{Attributes, Color, Row, Width};
use super::emulator::{CursorShape, Modes, MouseEncoding, MouseTracking};

/// How the next character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen {
    pub fg: Color,
    pub bg: Color,
    pub attributes: Attributes,
}

/// A cursor with all that belongs to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
    /// The last column is written and the next character goes to the next line.
    pub wraps: bool,
    pub pen: Pen,
    /// Which of the character sets G0 to G3 are the line drawing one.
    pub drawing: [bool; 4],
}

/// All that a redraw carries.
pub(super) struct Picture {
    /// Lines of the screen.
    pub lines: usize,
    /// History and screen, oldest first: of the shell when a full-screen program runs.
    pub main: Vec<Row>,
    /// The cursor on `main`.
    pub below: Place,
    /// The screen of a full-screen program.
    pub alternate: Option<Vec<Row>>,
    pub cursor: Place,
    pub saved: Place,
    /// First and last line of the scroll region, from 0.
    pub region: (usize, usize),
    pub modes: Modes,
    pub shape: CursorShape,
    pub blinking: bool,
    /// G1 is active instead of G0.
    pub shifted: bool,
    pub title: String,
    /// First half of a sequence whose second half is still to come.
    pub pending: Vec<u8>,
}

struct Writer {
    out: String,
    pen: Pen,
}

/// The bytes of a picture.
pub(super) fn write_picture(picture: &Picture) -> Vec<u8> {
    let mut writer = Writer { out: String::from("\x1bc"), pen: Pen::default() };
    writer.rows(&picture.main);
    let above = picture.main.len().saturating_sub(picture.lines);
    let main_screen = picture.main.get(above..).unwrap_or_default();
    if let Some(rows) = &picture.alternate {
        writer.place(&picture.below, main_screen, 0);
        // Each screen has character sets of its own; text is written in plain ones.
        writer.out.push_str("\x1b[?1049h\x1b(B\x1b)B\x1b*B\x1b+B");
        writer.set_pen(Pen::default());
        // The alternate screen comes in the background colour of the shell.
        writer.out.push_str("\x1b[H\x1b[2J");
        writer.rows(rows);
    }
    let screen = picture.alternate.as_deref().unwrap_or(main_screen);
    writer.state(picture, screen);
    let mut bytes = writer.out.into_bytes();
    bytes.extend_from_slice(&picture.pending);
    bytes
}

impl Writer {
    /// All rows, one after the other, from the cursor on; what is above scrolls into the history.
    fn rows(&mut self, rows: &[Row]) {
        let mut continued = false;
        for (index, row) in rows.iter().enumerate() {
            let next = rows.get(index + 1);
            let filled = row.cells.last().is_some_and(|cell| cell.width == Width::Filler);
            // A row wraps by itself when a character follows its last cell, or a wide one does not fit in it.
            let wraps = row.wrapped && next.is_some();
            let mut end = row.cells.len();
            if wraps && filled {
                end -= 1;
            } else if !wraps && !continued {
                end -= row.cells.iter().rev().take_while(|cell| **cell == super::Cell::default()).count();
            }
            for cell in row.cells.iter().take(end) {
                self.cell(cell);
            }
            if !wraps && next.is_some() {
                self.set_pen(Pen::default());
                self.out.push_str("\r\n");
            }
            continued = wraps;
        }
        self.set_pen(Pen::default());
    }

    fn cell(&mut self, cell: &super::Cell) {
        if cell.width != Width::Continuation {
            self.set_pen(Pen { fg: cell.fg, bg: cell.bg, attributes: cell.attributes });
            self.out.push(cell.character);
            if let Some(marks) = &cell.combining {
                self.out.push_str(marks);
            }
        }
    }

    fn set_pen(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        self.pen = pen;
        self.out.push_str("\x1b[0");
        for (attribute, code) in [
            (Attributes::BOLD, ";1"),
            (Attributes::DIM, ";2"),
            (Attributes::ITALIC, ";3"),
            (Attributes::UNDERLINE, ";4"),
            (Attributes::DOUBLE_UNDERLINE, ";4:2"),
            (Attributes::CURLY_UNDERLINE, ";4:3"),
            (Attributes::DOTTED_UNDERLINE, ";4:4"),
            (Attributes::DASHED_UNDERLINE, ";4:5"),
            (Attributes::REVERSE, ";7"),
            (Attributes::HIDDEN, ";8"),
            (Attributes::STRIKEOUT, ";9"),
        ] {
            if pen.attributes.intersects(attribute) {
                self.out.push_str(code);
            }
        }
        self.color(pen.fg, 30);
        self.color(pen.bg, 40);
        self.out.push('m');
    }

    fn color(&mut self, color: Color, base: u16) {
        // Writing to a String cannot fail.
        let _ = match color {
            Color::Default => Ok(()),
            Color::Indexed(index @ 0..8) => write!(self.out, ";{}", base + u16::from(index)),
            Color::Indexed(index @ 8..16) => write!(self.out, ";{}", base + 52 + u16::from(index)),
            Color::Indexed(index) => write!(self.out, ";{};5;{index}", base + 8),
            Color::Rgb(r, g, b) => write!(self.out, ";{};2;{r};{g};{b}", base + 8),
        };
    }

    /// Puts the cursor somewhere, with its pen and character sets; `top` is the line that counts as the first.
    fn place(&mut self, place: &Place, screen: &[Row], top: usize) {
        let line = place.line.saturating_sub(top) + 1;
        let row = screen.get(place.line).map(|row| row.cells.as_slice()).unwrap_or_default();
        // Writing the last character again is the only way to a cursor that wraps.
        let wraps = place.wraps && place.column + 1 == row.len();
        let column = match row.get(place.column).map(|cell| cell.width) {
            Some(Width::Continuation) if wraps => place.column.saturating_sub(1),
            _ => place.column,
        };
        let _ = write!(self.out, "\x1b[{line};{}H", column + 1);
        if wraps && let Some(cell) = row.get(column) {
            self.cell(cell);
        }
        self.set_pen(place.pen);
        for (drawing, designate) in place.drawing.into_iter().zip(['(', ')', '*', '+']) {
            let _ = write!(self.out, "\x1b{designate}{}", if drawing { '0' } else { 'B' });
        }
    }

    /// Everything but the text.
    fn state(&mut self, picture: &Picture, screen: &[Row]) {
        let modes = &picture.modes;
        let (top, bottom) = picture.region;
        if (top, bottom + 1) != (0, screen.len()) {
            let _ = write!(self.out, "\x1b[{};{}r", top + 1, bottom + 1);
        }
        self.place(&picture.saved, screen, 0);
        self.out.push_str("\x1b7\x1b(B");
        let origin = if modes.origin { top } else { 0 };
        if modes.origin {
            self.out.push_str("\x1b[?6h");
        }
        self.place(&picture.cursor, screen, origin);
        if picture.shifted {
            self.out.push('\x0e');
        }
        for (set, number) in [
            (modes.application_cursor, 1),
            (modes.mouse == MouseTracking::Click, 1000),
            (modes.mouse == MouseTracking::Drag, 1002),
            (modes.mouse == MouseTracking::Motion, 1003),
            (modes.focus_events, 1004),
            (modes.mouse_encoding == MouseEncoding::Utf8, 1005),
            (modes.mouse_encoding == MouseEncoding::Sgr, 1006),
            (modes.bracketed_paste, 2004),
        ] {
            if set {
                let _ = write!(self.out, "\x1b[?{number}h");
            }
        }
        for (set, number) in [(modes.autowrap, 7), (modes.cursor_visible, 25), (modes.alternate_scroll, 1007)]
        {
            if !set {
                let _ = write!(self.out, "\x1b[?{number}l");
            }
        }
        for (set, sequence) in
            [(modes.application_keypad, "\x1b="), (modes.insert, "\x1b[4h"), (modes.newline, "\x1b[20h")]
        {
            if set {
                self.out.push_str(sequence);
            }
        }
        let style = match (picture.shape, picture.blinking) {
            (CursorShape::Block, true) => 1,
            (CursorShape::Block, false) => 2,
            (CursorShape::Underline, true) => 3,
            (CursorShape::Underline, false) => 4,
            (CursorShape::Bar, true) => 5,
            (CursorShape::Bar, false) => 6,
        };
        let _ = write!(self.out, "\x1b[{style} q");
        if !picture.title.is_empty() {
            let _ = write!(self.out, "\x1b]2;{}\x1b\\", picture.title);
        }
    }
}
