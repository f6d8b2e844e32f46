//! Recorded sessions of full-screen programs against the screens that tmux showed for the same bytes, cell by cell with
//! colours. `tests/terminal/record` makes the recordings; this needs none of the programs.
//!
//! Bytes that are no UTF-8 are in none of them: tmux drops them, here they show as `U+FFFD`, as xterm does, so that the columns
//! after them stay where the program thinks they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;
use std::path::Path;
use unicode_width::UnicodeWidthChar;

const SIZE: (u16, u16) = (80, 24);

/// What tmux showed after so many bytes.
struct Seen {
    offset: usize,
    cursor: (u16, u16),
    cells: Vec<Option<Cell>>,
}

/// The line drawing set.
fn drawn(c: char) -> char {
    "`◆a▒f°g±i␋j┘k┐l┌m└n┼o⎺p⎻q─r⎼s⎽t├u┤v┴w┬x│y≤z≥{π|≠}£~·"
        .chars()
        .collect::<Vec<_>>()
        .chunks(2)
        .find(|pair| pair[0] == c)
        .map_or(c, |pair| pair[1])
}

#[derive(Clone, Default)]
struct Pen {
    cell: Cell,
    drawing: bool,
}

impl Pen {
    fn with(&mut self, attribute: Attributes) {
        self.cell.attributes = self.cell.attributes.with(attribute);
    }

    /// The codes of a sequence that ends in `m`.
    fn sgr(&mut self, codes: &str) {
        let codes: Vec<&str> = codes.split(';').collect();
        let number = |at: usize| codes.get(at).and_then(|c| c.parse::<u8>().ok()).unwrap_or(0);
        let mut at = 0;
        while at < codes.len() {
            match codes[at] {
                "" | "0" => self.cell = Cell::default(),
                "1" => self.with(Attributes::BOLD),
                "2" => self.with(Attributes::DIM),
                "3" => self.with(Attributes::ITALIC),
                "4" => self.with(Attributes::UNDERLINE),
                "7" => self.with(Attributes::REVERSE),
                "8" => self.with(Attributes::HIDDEN),
                "9" => self.with(Attributes::STRIKEOUT),
                "5" => {}
                "39" => self.cell.fg = Color::Default,
                "49" => self.cell.bg = Color::Default,
                code @ ("38" | "48") => {
                    let color = if number(at + 1) == 5 {
                        at += 2;
                        Color::Indexed(number(at))
                    } else {
                        at += 4;
                        Color::Rgb(number(at - 2), number(at - 1), number(at))
                    };
                    if code == "38" { self.cell.fg = color } else { self.cell.bg = color }
                }
                _ => match number(at) {
                    n @ 30..=37 => self.cell.fg = Color::Indexed(n - 30),
                    n @ 40..=47 => self.cell.bg = Color::Indexed(n - 40),
                    n @ 90..=97 => self.cell.fg = Color::Indexed(n - 82),
                    n @ 100..=107 => self.cell.bg = Color::Indexed(n - 92),
                    n => panic!("tmux wrote SGR {n}"),
                },
            }
            at += 1;
        }
    }
}

/// Lines of `capture-pane -e -N` as cells. What it writes keeps its colours over the ends of lines. It leaves out what was
/// only erased at the end of a line, and with it the background there: of these cells it is known that they are blank.
fn cells(lines: &[&str]) -> Vec<Option<Cell>> {
    let mut all: Vec<Option<Cell>> = Vec::new();
    let mut pen = Pen::default();
    for line in lines {
        let start = all.len();
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match c {
                '\u{1b}' => {
                    assert_eq!(rest.next(), Some('['));
                    let codes: String = rest.by_ref().take_while(|c| *c != 'm').collect();
                    pen.sgr(&codes);
                }
                '\u{e}' => pen.drawing = true,
                '\u{f}' => pen.drawing = false,
                c if c.width() == Some(0) => {
                    let last = all.last_mut().unwrap().as_mut().unwrap();
                    let marks = last.combining.take().unwrap_or_default();
                    last.combining = Some(format!("{marks}{c}").into());
                }
                c => {
                    let character = if pen.drawing { drawn(c) } else { c };
                    let wide = character.width() == Some(2);
                    let width = if wide { Width::Wide } else { Width::Single };
                    all.push(Some(Cell { character, width, ..pen.cell.clone() }));
                    if wide {
                        all.push(Some(Cell { width: Width::Continuation, ..pen.cell.clone() }));
                    }
                }
            }
        }
        all.resize(start + usize::from(SIZE.0), None);
    }
    all
}

fn seen(path: &Path) -> Vec<Seen> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .chunks(usize::from(SIZE.1) + 1)
        .map(|part| {
            let numbers: Vec<usize> =
                part[0].strip_prefix("@ ").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
            let cursor = (u16::try_from(numbers[1]).unwrap(), u16::try_from(numbers[2]).unwrap());
            Seen { offset: numbers[0], cursor, cells: cells(&part[1..]) }
        })
        .collect()
}

/// What can be seen of a cell: a blank has no foreground unless it is reversed or underlined.
fn visible(cell: &Cell) -> Cell {
    let mut cell = cell.clone();
    let shown = Attributes::REVERSE.with(Attributes::ANY_UNDERLINE).with(Attributes::STRIKEOUT);
    if cell.character == ' ' && !cell.attributes.intersects(shown) {
        cell.fg = Color::Default;
        cell.attributes = Attributes::NONE;
    }
    // The right half of a wide character is shown with the left one.
    if matches!(cell.width, Width::Continuation | Width::Filler) {
        cell = Cell { width: cell.width, ..Cell::default() };
    }
    cell
}

#[test]
fn recorded_sessions_give_the_screens_that_tmux_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/terminal");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|p| p.extension().is_some_and(|e| e == "bytes"));
    names.sort();
    assert_eq!(names.len(), 10, "less, vim, htop, mc and tmux, in UTF-8 and in C");
    let (mut screens, mut faults) = (0, Vec::new());
    for path in names {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut emulator = Alacritty::new(Size::new(SIZE.0, SIZE.1), Answers::Discard);
        let mut fed = 0;
        for seen in seen(&path.with_extension("screens")) {
            emulator.feed(&bytes[fed..seen.offset]);
            fed = seen.offset;
            screens += 1;
            let ours = emulator.screen();
            let wrong: Vec<String> = ours
                .cells
                .iter()
                .zip(&seen.cells)
                .enumerate()
                .filter(|(_, (ours, theirs))| match theirs {
                    Some(theirs) => visible(ours) != visible(theirs),
                    None => ours.character != ' ' || visible(ours).attributes != Attributes::NONE,
                })
                .map(|(at, (ours, theirs))| {
                    let columns = usize::from(SIZE.0);
                    format!("  line {} column {}: {ours:?}, tmux has {theirs:?}", at / columns, at % columns)
                })
                .collect();
            // A cursor that waits behind the last column stands in it for one and beyond it for the other.
            let cursor = (seen.cursor.0.min(SIZE.0 - 1), seen.cursor.1);
            if !wrong.is_empty() || (ours.cursor.column, ours.cursor.line) != cursor {
                let first: Vec<String> = wrong.iter().take(4).cloned().collect();
                faults.push(format!(
                    "{name} at {}: {} cells differ; cursor {:?}, tmux has {cursor:?}\n{}",
                    seen.offset,
                    wrong.len(),
                    (ours.cursor.column, ours.cursor.line),
                    first.join("\n")
                ));
            }
        }
    }
    assert!(screens > 100, "{screens}");
    assert!(faults.is_empty(), "{} of {screens} screens differ:\n{}", faults.len(), faults.join("\n"));
}

/// On a screen that is too small for them, too: there they wrap and overwrite what they did not mean to.
#[test]
fn what_recorded_sessions_change_is_damaged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/terminal");
    for (name, size) in
        [("vim-utf8", (39, 18)), ("mc-utf8", (39, 18)), ("tmux-c", SIZE), ("htop-utf8", (120, 10))]
    {
        let bytes = std::fs::read(folder.join(name).with_extension("bytes")).unwrap();
        let mut emulator = Alacritty::new(Size::new(size.0, size.1), Answers::Discard);
        emulator.take_damage();
        let mut before = emulator.screen();
        for (at, piece) in bytes.chunks(5).enumerate() {
            emulator.feed(piece);
            let (after, damage) = (emulator.screen(), emulator.take_damage());
            let rows = before.cells.chunks(usize::from(size.0)).zip(after.cells.chunks(usize::from(size.0)));
            for (number, (old, new)) in (0..).zip(rows) {
                assert!(
                    old == new || damage.contains(&number),
                    "{name}, line {number} at {}: {damage:?}",
                    at * 5
                );
            }
            before = after;
        }
    }
}
