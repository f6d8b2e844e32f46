//! The library's cells as ours, with the promises of [`CellRef`] kept.

use alacritty_terminal::grid::{Dimensions, Grid};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell as LibraryCell, Flags};
use alacritty_terminal::vte::ansi::{Color as LibraryColor, CursorShape as LibraryShape, NamedColor};
use unicode_width::UnicodeWidthChar;

use super::cell::{Attributes, CellRef, Color, Row, Width};
use super::emulator::CursorShape;

/// The last `history` lines and the screen.
pub(super) fn rows(grid: &Grid<LibraryCell>, history: usize) -> Vec<Row> {
    let first = i32::try_from(grid.history_size().min(history)).map_or(0, |lines| -lines);
    (first..=grid.bottommost_line().0).map(|line| row(grid, Line(line))).collect()
}

pub(super) fn row(grid: &Grid<LibraryCell>, line: Line) -> Row {
    let last = grid.last_column();
    let cells = (0..=last.0).map(|column| cell(grid, line, column, last.0).to_cell()).collect();
    Row { cells, wrapped: grid[line][last].flags.contains(Flags::WRAPLINE) }
}

/// A cell with the promises of [`CellRef`] kept: whatever the program did, wide characters are whole and no character is a
/// control character.
#[inline]
pub(super) fn cell(grid: &Grid<LibraryCell>, line: Line, column: usize, last: usize) -> CellRef<'_> {
    let row = &grid[line];
    let cell = &row[Column(column)];
    let mut character = if cell.c.is_control() { ' ' } else { cell.c };
    let mut combining = cell.zerowidth().unwrap_or_default();
    let mut width = Width::Single;
    if cell.flags.intersects(
        Flags::WIDE_CHAR | Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER | Flags::WRAPLINE,
    ) {
        if whole(grid, line, column, last) {
            width = Width::Wide;
        } else if column > 0 && whole(grid, line, column - 1, last) {
            (character, combining, width) = (' ', &[], Width::Continuation);
        } else if cell.flags.contains(Flags::LEADING_WIDE_CHAR_SPACER) {
            let wanted = column == last && cell.flags.contains(Flags::WRAPLINE);
            let filler = wanted && line < grid.bottommost_line() && whole(grid, line + 1, 0, last);
            return CellRef {
                character: ' ',
                combining: &[],
                // It has the colours of the text, or none when it comes from rewrapping: nobody's choice.
                fg: Color::Default,
                bg: Color::Default,
                attributes: Attributes::NONE,
                width: if filler { Width::Filler } else { Width::Single },
            };
        } else if cell.flags.intersects(Flags::WIDE_CHAR | Flags::WIDE_CHAR_SPACER) {
            (character, combining) = (' ', &[]);
        }
    }
    if width == Width::Single && character >= '\u{1100}' && character.width() != Some(1) {
        (character, combining) = (' ', &[]);
    }
    CellRef {
        character,
        combining,
        fg: color(cell.fg),
        bg: color(cell.bg),
        attributes: attributes(cell.flags),
        width,
    }
}

/// Whether a wide character stands here with both its columns.
pub(super) fn whole(grid: &Grid<LibraryCell>, line: Line, column: usize, last: usize) -> bool {
    let row = &grid[line];
    let cell = &row[Column(column)];
    column < last
        && cell.flags.contains(Flags::WIDE_CHAR)
        && cell.c.width() == Some(2)
        && row[Column(column + 1)].flags.contains(Flags::WIDE_CHAR_SPACER)
}

#[inline]
pub(super) fn color(color: LibraryColor) -> Color {
    match color {
        LibraryColor::Spec(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
        LibraryColor::Indexed(index) => Color::Indexed(index),
        LibraryColor::Named(named) if (named as usize) < 16 => {
            Color::Indexed(u8::try_from(named as usize).unwrap_or(0))
        }
        LibraryColor::Named(named) => match named {
            NamedColor::DimBlack => Color::Indexed(0),
            NamedColor::DimRed => Color::Indexed(1),
            NamedColor::DimGreen => Color::Indexed(2),
            NamedColor::DimYellow => Color::Indexed(3),
            NamedColor::DimBlue => Color::Indexed(4),
            NamedColor::DimMagenta => Color::Indexed(5),
            NamedColor::DimCyan => Color::Indexed(6),
            NamedColor::DimWhite => Color::Indexed(7),
            _ => Color::Default,
        },
    }
}

#[inline]
pub(super) fn attributes(flags: Flags) -> Attributes {
    const PAIRS: [(Flags, Attributes); 11] = [
        (Flags::BOLD, Attributes::BOLD),
        (Flags::DIM, Attributes::DIM),
        (Flags::ITALIC, Attributes::ITALIC),
        (Flags::UNDERLINE, Attributes::UNDERLINE),
        (Flags::DOUBLE_UNDERLINE, Attributes::DOUBLE_UNDERLINE),
        (Flags::UNDERCURL, Attributes::CURLY_UNDERLINE),
        (Flags::DOTTED_UNDERLINE, Attributes::DOTTED_UNDERLINE),
        (Flags::DASHED_UNDERLINE, Attributes::DASHED_UNDERLINE),
        (Flags::INVERSE, Attributes::REVERSE),
        (Flags::HIDDEN, Attributes::HIDDEN),
        (Flags::STRIKEOUT, Attributes::STRIKEOUT),
    ];
    if flags.is_empty() {
        return Attributes::NONE;
    }
    PAIRS
        .iter()
        .filter(|(flag, _)| flags.contains(*flag))
        .fold(Attributes::NONE, |set, (_, one)| set.with(*one))
}

pub(super) fn shape(shape: LibraryShape) -> CursorShape {
    match shape {
        LibraryShape::Underline => CursorShape::Underline,
        LibraryShape::Beam => CursorShape::Bar,
        LibraryShape::Block | LibraryShape::HollowBlock | LibraryShape::Hidden => CursorShape::Block,
    }
}
