//! What a screen is made of, in plain types that know no library.

use serde::{Deserialize, Serialize};

/// A colour as the program asked for it; what it looks like is the painter's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Color {
    /// The terminal's own foreground or background.
    #[default]
    Default,
    /// 0 to 7 the basic colours, 8 to 15 their bright forms, the rest xterm's cube and greys.
    Indexed(u8),
    /// 24 bits.
    Rgb(u8, u8, u8),
}

/// How a cell is printed: a set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Attributes(u16);

impl Attributes {
    /// No attribute.
    pub const NONE: Self = Self(0);
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Faint.
    pub const DIM: Self = Self(1 << 1);
    /// Italic.
    pub const ITALIC: Self = Self(1 << 2);
    /// One straight line below.
    pub const UNDERLINE: Self = Self(1 << 3);
    /// Two lines below.
    pub const DOUBLE_UNDERLINE: Self = Self(1 << 4);
    /// A wave below.
    pub const CURLY_UNDERLINE: Self = Self(1 << 5);
    /// Dots below.
    pub const DOTTED_UNDERLINE: Self = Self(1 << 6);
    /// Dashes below.
    pub const DASHED_UNDERLINE: Self = Self(1 << 7);
    /// Foreground and background exchanged.
    pub const REVERSE: Self = Self(1 << 8);
    /// There, but not to be shown.
    pub const HIDDEN: Self = Self(1 << 9);
    /// Struck through.
    pub const STRIKEOUT: Self = Self(1 << 10);
    /// Any line below.
    pub const ANY_UNDERLINE: Self = Self(
        Self::UNDERLINE.0
            | Self::DOUBLE_UNDERLINE.0
            | Self::CURLY_UNDERLINE.0
            | Self::DOTTED_UNDERLINE.0
            | Self::DASHED_UNDERLINE.0,
    );

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether at least one flag of `other` is set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// How a cell takes part in a character. A [`Width::Wide`] cell is always followed by a [`Width::Continuation`] in the
/// same row, and there is no other continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Width {
    /// One column.
    #[default]
    Single,
    /// The left column of a character of two.
    Wide,
    /// The right column of a character of two; its own character is a space.
    Continuation,
    /// An empty last column: the wide character that did not fit stands at the start of the next row.
    Filler,
}

/// One cell, borrowed from the screen; what a painter gets, without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRef<'a> {
    /// Never a control character.
    pub character: char,
    /// Combining marks on it, eight at most.
    pub combining: &'a [char],
    /// Colour of the character.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Bold, reverse and so on.
    pub attributes: Attributes,
    /// Its columns.
    pub width: Width,
}

impl CellRef<'_> {
    /// The same cell, owned.
    pub fn to_cell(self) -> Cell {
        Cell {
            character: self.character,
            combining: (!self.combining.is_empty()).then(|| self.combining.iter().collect::<String>().into()),
            fg: self.fg,
            bg: self.bg,
            attributes: self.attributes,
            width: self.width,
        }
    }
}

/// One cell of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Never a control character.
    pub character: char,
    /// Combining marks on it, eight at most.
    pub combining: Option<Box<str>>,
    /// Colour of the character.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Bold, reverse and so on.
    pub attributes: Attributes,
    /// Its columns.
    pub width: Width,
}

impl Default for Cell {
    fn default() -> Self {
        Self {
            character: ' ',
            combining: None,
            fg: Color::Default,
            bg: Color::Default,
            attributes: Attributes::NONE,
            width: Width::Single,
        }
    }
}

impl Cell {
    /// Appends the cell's text; the right half of a wide character has none.
    pub fn push_to(&self, text: &mut String) {
        if matches!(self.width, Width::Single | Width::Wide) {
            text.push(self.character);
            if let Some(marks) = &self.combining {
                text.push_str(marks);
            }
        }
    }
}

/// One row of a screen or of its history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// From the left, one a column.
    pub cells: Vec<Cell>,
    /// The text goes on in the next row without a line end.
    pub wrapped: bool,
}

impl Row {
    /// The row's text; blanks at its end are dropped unless it goes on in the next row.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.cells.len());
        for cell in &self.cells {
            cell.push_to(&mut text);
        }
        if !self.wrapped {
            text.truncate(text.trim_end_matches(' ').len());
        }
        text
    }
}
