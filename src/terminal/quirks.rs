//! What the library leaves to us: what is to be mended after a change of size, and what it tells only by a detour.

use alacritty_terminal::Term;
use alacritty_terminal::grid::{Cursor, Dimensions};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{CharsetIndex, Handler, NamedPrivateMode, StandardCharset};

use super::convert::{attributes, color, whole};
use super::handler::Mailbox;
use super::redraw::{Pen, Place};

/// A cursor that wraps stands in the last column. After growing, the library (0.26.0) leaves one that wraps in the middle
/// of a line: it belongs behind the character it stood on.
pub(super) fn settle_cursors(term: &mut Term<Mailbox>) {
    let grid = term.grid_mut();
    let last = grid.last_column();
    for cursor in [&mut grid.cursor, &mut grid.saved_cursor] {
        if cursor.input_needs_wrap && cursor.point.column < last {
            cursor.point.column += 1;
            cursor.input_needs_wrap = false;
        }
    }
}

/// Shrinking without rewrapping cuts wide characters at the margin and leaves what looks like a blank, but acts as a half
/// when it is written over.
pub(super) fn mend_halves(term: &mut Term<Mailbox>) {
    let halves = Flags::WIDE_CHAR | Flags::WIDE_CHAR_SPACER;
    let grid = term.grid_mut();
    let last = grid.last_column().0;
    for line in (0..=grid.bottommost_line().0).map(Line) {
        for column in 0..=last {
            let half = grid[line][Column(column)].flags.intersects(halves)
                && !whole(grid, line, column, last)
                && !(column > 0 && whole(grid, line, column - 1, last));
            if half {
                let cell = &mut grid[line][Column(column)];
                cell.clear_wide();
                cell.flags.remove(halves);
            }
        }
    }
}

/// The scroll region (first and last line, from 0) and the cursor. The library tells the region only by where the
/// cursor goes in origin mode.
pub(super) fn probe_region(term: &mut Term<Mailbox>) -> ((usize, usize), Place) {
    let cursor = term.grid().cursor.clone();
    let origin = term.mode().contains(TermMode::ORIGIN);
    term.set_private_mode(NamedPrivateMode::Origin.into());
    let top = term.grid().cursor.point.line.0;
    term.goto(i32::from(u16::MAX), 0);
    let bottom = term.grid().cursor.point.line.0;
    if !origin {
        term.unset_private_mode(NamedPrivateMode::Origin.into());
    }
    let place = place(&cursor);
    term.grid_mut().cursor = cursor;
    ((usize::try_from(top).unwrap_or(0), usize::try_from(bottom).unwrap_or(0)), place)
}

/// A cursor as a redraw carries it.
pub(super) fn place(cursor: &Cursor<Cell>) -> Place {
    let charset = |index| cursor.charsets[index] == StandardCharset::SpecialCharacterAndLineDrawing;
    Place {
        line: usize::try_from(cursor.point.line.0).unwrap_or(0),
        column: cursor.point.column.0,
        wraps: cursor.input_needs_wrap,
        pen: Pen {
            fg: color(cursor.template.fg),
            bg: color(cursor.template.bg),
            attributes: attributes(cursor.template.flags),
        },
        drawing: [CharsetIndex::G0, CharsetIndex::G1, CharsetIndex::G2, CharsetIndex::G3].map(charset),
    }
}
