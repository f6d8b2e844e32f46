//! Paints the screen of a shell from the cells of [`crate::terminal`].
//!
//! Colours are reduced to what the operator's terminal shows. The program's own default colours stay the operator's. Where
//! the area is smaller than the emulator (never below 20x4), the part with the cursor is shown.
//!
//! The cursor is the operator's own: give [`TerminalView::cursor_position`] to the frame when the pane has the focus.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position as Place, Rect};
use ratatui::style::{Color as Paint, Modifier};
use ratatui::widgets::Widget;

use crate::terminal::{Attributes, CellRef, Color, Emulator, Position, Width};

/// How many colours the operator's terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorDepth {
    /// None: reverse, bold and underline only.
    None,
    /// The 16 basic ones.
    #[default]
    Sixteen,
    /// xterm's 256.
    Indexed,
    /// 24 bits.
    True,
}

/// The screen of an emulator as a widget.
pub struct TerminalView<'a> {
    emulator: &'a dyn Emulator,
    depth: ColorDepth,
    selection: Option<(Position, Position)>,
    cursor_cell: bool,
}

impl<'a> TerminalView<'a> {
    /// Shows what `emulator` shows.
    pub fn new(emulator: &'a dyn Emulator) -> Self {
        Self { emulator, depth: ColorDepth::default(), selection: None, cursor_cell: false }
    }

    /// The colours there are; 16 if not said.
    #[must_use]
    pub fn depth(mut self, depth: ColorDepth) -> Self {
        self.depth = depth;
        self
    }

    /// Text to show reversed: from and to, both included, in either order.
    #[must_use]
    pub fn selection(mut self, selection: Option<(Position, Position)>) -> Self {
        self.selection = selection.map(|(from, to)| if from <= to { (from, to) } else { (to, from) });
        self
    }

    /// Paints the cursor as a reversed cell; for panes without the focus and for pictures.
    #[must_use]
    pub fn cursor_cell(mut self, paint: bool) -> Self {
        self.cursor_cell = paint;
        self
    }

    /// Where the operator's cursor belongs; none when the program hides it.
    pub fn cursor_position(&self, area: Rect) -> Option<Place> {
        let cursor = self.emulator.cursor();
        let (left, top) = self.corner(area);
        let x = cursor.column.checked_sub(left).filter(|x| *x < area.width)?;
        let y = cursor.line.checked_sub(top).filter(|y| *y < area.height)?;
        cursor.visible.then_some(Place { x: area.x + x, y: area.y + y })
    }

    /// Column and line of the emulator in the area's corner: as little cut off as possible, the cursor in sight.
    fn corner(&self, area: Rect) -> (u16, u16) {
        let (cursor, size) = (self.emulator.cursor(), self.emulator.size());
        let cut =
            |at: u16, shown: u16, all: u16| (at + 1).saturating_sub(shown).min(all.saturating_sub(shown));
        (cut(cursor.column, area.width, size.columns()), cut(cursor.line, area.height, size.lines()))
    }

    fn selected(&self, line: u16, column: u16, offset: i32) -> bool {
        let at = Position { line: i32::from(line) - offset, column };
        self.selection.is_some_and(|(from, to)| from <= at && at <= to)
    }
}

impl TerminalView<'_> {
    /// Paints one line of the emulator, as [`Widget::render`] does for all of them; the row that it takes, if it is in sight.
    pub fn line(&self, line: u16, area: Rect, buf: &mut Buffer) -> Option<u16> {
        self.line_from(line, self.corner(area), area, buf)
    }

    fn line_from(&self, line: u16, (left, top): (u16, u16), area: Rect, buf: &mut Buffer) -> Option<u16> {
        let y = line.checked_sub(top).filter(|y| *y < area.height)?;
        let across = usize::from(buf.area.width);
        let first = usize::from((area.y + y).checked_sub(buf.area.y)?) * across
            + usize::from(area.x.checked_sub(buf.area.x)?);
        let row = buf.content.get_mut(first..first + usize::from(area.width))?;
        let offset = i32::try_from(self.emulator.scroll_offset()).unwrap_or(0);
        self.emulator.visit_line(line, &mut |column, cell| {
            let Some(x) = column.checked_sub(left) else { return };
            let Some(target) = row.get_mut(usize::from(x)) else { return };
            // Half a wide character at an edge of the area is a blank.
            let halved = (cell.width == Width::Wide && x + 1 == area.width)
                || (cell.width == Width::Continuation && x == 0);
            paint(target, cell, self.depth, halved);
            if self.selection.is_some() && self.selected(line, column, offset) {
                target.modifier.toggle(Modifier::REVERSED);
            }
        });
        Some(area.y + y)
    }

    /// Whether every line of the emulator has a whole row in the area: then none moves with the cursor.
    pub fn fits(&self, area: Rect) -> bool {
        let size = self.emulator.size();
        size.columns() <= area.width && size.lines() <= area.height
    }
}

impl Widget for TerminalView<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let corner = self.corner(area);
        for line in 0..self.emulator.size().lines() {
            self.line_from(line, corner, area, buf);
        }
        if self.cursor_cell
            && let Some(place) = self.cursor_position(area)
            && let Some(cell) = buf.cell_mut(place)
        {
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }
}

fn paint(target: &mut Cell, cell: CellRef<'_>, depth: ColorDepth, halved: bool) {
    target.reset();
    if cell.character != ' ' || !cell.combining.is_empty() {
        if halved || cell.attributes.intersects(Attributes::HIDDEN) {
            target.set_char(' ');
        } else if cell.combining.is_empty() {
            target.set_char(cell.character);
        } else {
            let text: String = std::iter::once(&cell.character).chain(cell.combining).collect();
            target.set_symbol(&text);
        }
    }
    target.fg = color(cell.fg, depth);
    target.bg = color(cell.bg, depth);
    if !cell.attributes.is_empty() {
        target.modifier = modifier(cell.attributes);
    }
}

fn modifier(attributes: Attributes) -> Modifier {
    let mut modifier = Modifier::empty();
    for (attribute, one) in [
        (Attributes::BOLD, Modifier::BOLD),
        (Attributes::DIM, Modifier::DIM),
        (Attributes::ITALIC, Modifier::ITALIC),
        (Attributes::ANY_UNDERLINE, Modifier::UNDERLINED),
        (Attributes::REVERSE, Modifier::REVERSED),
        (Attributes::STRIKEOUT, Modifier::CROSSED_OUT),
    ] {
        modifier.set(one, attributes.intersects(attribute));
    }
    modifier
}

/// A colour of the program in what the operator's terminal has.
fn color(color: Color, depth: ColorDepth) -> Paint {
    match (color, depth) {
        (Color::Default, _) | (_, ColorDepth::None) => Paint::Reset,
        (Color::Indexed(index @ 0..16), _) => basic(index),
        (Color::Indexed(index), ColorDepth::Indexed | ColorDepth::True) => Paint::Indexed(index),
        (Color::Indexed(index), ColorDepth::Sixteen) => basic(nearest_basic(indexed_rgb(index))),
        (Color::Rgb(r, g, b), ColorDepth::True) => Paint::Rgb(r, g, b),
        (Color::Rgb(r, g, b), ColorDepth::Indexed) => Paint::Indexed(nearest_indexed((r, g, b))),
        (Color::Rgb(r, g, b), ColorDepth::Sixteen) => basic(nearest_basic((r, g, b))),
    }
}

/// The 16 colours by name: terminals that have only these know no other sequence.
fn basic(index: u8) -> Paint {
    match index {
        0 => Paint::Black,
        1 => Paint::Red,
        2 => Paint::Green,
        3 => Paint::Yellow,
        4 => Paint::Blue,
        5 => Paint::Magenta,
        6 => Paint::Cyan,
        7 => Paint::Gray,
        8 => Paint::DarkGray,
        9 => Paint::LightRed,
        10 => Paint::LightGreen,
        11 => Paint::LightYellow,
        12 => Paint::LightBlue,
        13 => Paint::LightMagenta,
        14 => Paint::LightCyan,
        _ => Paint::White,
    }
}

type Rgb = (u8, u8, u8);

/// xterm's defaults of the 16 colours.
const BASIC: [Rgb; 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// A level of xterm's cube, 0 to 5, as a colour value.
fn level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
}

/// What xterm shows for an index from 16 on.
fn indexed_rgb(index: u8) -> Rgb {
    match index {
        0..16 => BASIC.get(usize::from(index)).copied().unwrap_or_default(),
        16..232 => {
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        grey => {
            let value = 8 + 10 * (grey - 232);
            (value, value, value)
        }
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    // The eye sees green best and blue worst.
    let part = |a: u8, b: u8, weight: u32| u32::from(a.abs_diff(b)).pow(2) * weight;
    part(a.0, b.0, 3) + part(a.1, b.1, 6) + part(a.2, b.2, 1)
}

fn nearest_basic(rgb: Rgb) -> u8 {
    (0..).zip(BASIC).min_by_key(|(_, basic)| distance(rgb, *basic)).map_or(7, |(index, _)| index)
}

/// The nearest of the cube and of the greys.
fn nearest_indexed(rgb: Rgb) -> u8 {
    let step = |value: u8| match value {
        0..48 => 0,
        48..115 => 1,
        value => (value - 35) / 40,
    };
    let cube = 16 + 36 * step(rgb.0) + 6 * step(rgb.1) + step(rgb.2);
    let average = (u16::from(rgb.0) + u16::from(rgb.1) + u16::from(rgb.2)) / 3;
    let grey = 232 + u8::try_from((average.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    if distance(rgb, indexed_rgb(grey)) < distance(rgb, indexed_rgb(cube)) { grey } else { cube }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::terminal::{Alacritty, Answers, Scroll, Size};

    fn emulator(bytes: &[u8]) -> Alacritty {
        let mut emulator = Alacritty::new(Size::new(20, 4), Answers::Discard);
        emulator.feed(bytes);
        emulator
    }

    fn text(buffer: &Buffer) -> Vec<String> {
        let area = buffer.area;
        (0..area.height)
            .map(|y| {
                (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned()
            })
            .collect()
    }

    fn painted(view: TerminalView<'_>, width: u16, height: u16) -> Buffer {
        let mut buffer = Buffer::filled(Rect::new(0, 0, width, height), Cell::new("#"));
        view.render(buffer.area, &mut buffer);
        buffer
    }

    #[test]
    fn text_attributes_and_colours() {
        let emulator = emulator(b"ok \x1b[1;4;7;31mred\x1b[m \x1b[8mhid\x1b[m \x1b[9;2;3;94mx");
        let buffer = painted(TerminalView::new(&emulator), 20, 4);
        assert_eq!(text(&buffer)[0], "ok red     x");
        let red = &buffer[(3, 0)];
        assert_eq!(red.fg, Paint::Red);
        assert_eq!(red.modifier, Modifier::BOLD | Modifier::UNDERLINED | Modifier::REVERSED);
        let x = &buffer[(11, 0)];
        assert_eq!(x.fg, Paint::LightBlue);
        assert_eq!(x.modifier, Modifier::CROSSED_OUT | Modifier::DIM | Modifier::ITALIC);
    }

    #[test]
    fn colours_are_reduced_to_what_there_is() {
        for (wanted, sixteen, indexed, full) in [
            (Color::Default, Paint::Reset, Paint::Reset, Paint::Reset),
            (Color::Indexed(9), Paint::LightRed, Paint::LightRed, Paint::LightRed),
            (Color::Indexed(196), Paint::LightRed, Paint::Indexed(196), Paint::Indexed(196)),
            (Color::Indexed(244), Paint::DarkGray, Paint::Indexed(244), Paint::Indexed(244)),
            (Color::Rgb(0, 0, 0), Paint::Black, Paint::Indexed(16), Paint::Rgb(0, 0, 0)),
            (Color::Rgb(255, 255, 255), Paint::White, Paint::Indexed(231), Paint::Rgb(255, 255, 255)),
            (Color::Rgb(128, 128, 128), Paint::DarkGray, Paint::Indexed(244), Paint::Rgb(128, 128, 128)),
            (Color::Rgb(95, 135, 175), Paint::DarkGray, Paint::Indexed(67), Paint::Rgb(95, 135, 175)),
        ] {
            assert_eq!(color(wanted, ColorDepth::None), Paint::Reset);
            assert_eq!(color(wanted, ColorDepth::Sixteen), sixteen, "{wanted:?}");
            assert_eq!(color(wanted, ColorDepth::Indexed), indexed, "{wanted:?}");
            assert_eq!(color(wanted, ColorDepth::True), full, "{wanted:?}");
        }
        // Every colour of the cube and of the greys is nearest to itself.
        for index in 16..=255 {
            assert_eq!(indexed_rgb(nearest_indexed(indexed_rgb(index))), indexed_rgb(index), "{index}");
        }
    }

    #[test]
    fn wide_characters_take_two_columns_and_are_never_halved() {
        let emulator = emulator("中文e\u{301}x\x1b[H".as_bytes());
        let buffer = painted(TerminalView::new(&emulator), 20, 4);
        assert_eq!((buffer[(0, 0)].symbol(), buffer[(1, 0)].symbol()), ("中", " "));
        assert_eq!((buffer[(4, 0)].symbol(), buffer[(5, 0)].symbol()), ("e\u{301}", "x"));
        let narrow = painted(TerminalView::new(&emulator), 3, 4);
        assert_eq!((narrow[(0, 0)].symbol(), narrow[(2, 0)].symbol()), ("中", " "));
    }

    #[test]
    fn a_small_area_shows_where_the_cursor_is() {
        let emulator = emulator(b"one\r\ntwo\r\nthree\r\nfour and more");
        let view = TerminalView::new(&emulator);
        assert_eq!(view.cursor_position(Rect::new(5, 5, 8, 2)), Some(Place { x: 12, y: 6 }));
        let buffer = painted(view, 8, 2);
        assert_eq!(text(&buffer), ["", "nd more"]);
        let large = painted(TerminalView::new(&emulator), 22, 5);
        assert_eq!(text(&large)[3], "four and more       ##");
        assert_eq!(text(&large)[4], "#".repeat(22));
    }

    #[test]
    fn the_cursor_hides_when_the_program_or_the_history_says_so() {
        let area = Rect::new(0, 0, 20, 4);
        let mut emulator = emulator(&b"line\r\n".repeat(10));
        assert_eq!(TerminalView::new(&emulator).cursor_position(area), Some(Place { x: 0, y: 3 }));
        let buffer = painted(TerminalView::new(&emulator).cursor_cell(true), 20, 4);
        assert_eq!(buffer[(0, 3)].modifier, Modifier::REVERSED);
        emulator.scroll(Scroll::Lines(2));
        assert_eq!(TerminalView::new(&emulator).cursor_position(area), None);
        emulator.scroll(Scroll::Bottom);
        emulator.feed(b"\x1b[?25l");
        assert_eq!(TerminalView::new(&emulator).cursor_position(area), None);
    }

    #[test]
    fn the_selection_is_reversed_also_in_the_history() {
        let mut emulator = emulator(&b"line\r\n".repeat(10));
        emulator.scroll(Scroll::Lines(3));
        let (from, to) = (Position { line: -2, column: 1 }, Position { line: -3, column: 18 });
        let buffer = painted(TerminalView::new(&emulator).selection(Some((from, to))), 20, 4);
        let reversed: Vec<(u16, u16)> = (0..4)
            .flat_map(|y| (0..20).map(move |x| (x, y)))
            .filter(|at| buffer[*at].modifier.contains(Modifier::REVERSED))
            .collect();
        assert_eq!(reversed, [(18, 0), (19, 0), (0, 1), (1, 1)]);
    }
}
