//! The emulator against known screens, against hostile bytes, and against its own redraws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn emulator(columns: u16, lines: u16) -> Alacritty {
    Alacritty::new(Size::new(columns, lines), Answers::Collect)
}

fn fed(columns: u16, lines: u16, bytes: &[u8]) -> Alacritty {
    let mut emulator = emulator(columns, lines);
    emulator.feed(bytes);
    emulator
}

fn lines(emulator: &Alacritty) -> Vec<String> {
    emulator.screen().lines()
}

/// What a redraw must carry, for comparison. A filler is a blank.
fn state(emulator: &mut Alacritty) -> (Vec<Row>, Cursor, Modes, String) {
    emulator.scroll(Scroll::Bottom);
    let mut rows: Vec<Row> =
        (0..i32::from(emulator.size().lines())).map(|line| emulator.row(line).unwrap()).collect();
    for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
        if cell.width == Width::Filler {
            cell.width = Width::Single;
        }
    }
    for row in &mut rows {
        row.wrapped = false;
    }
    (rows, emulator.cursor(), emulator.modes(), emulator.title())
}

fn assert_redraws(original: &mut Alacritty) {
    let bytes = original.redraw(HISTORY_LINES);
    let mut copy = Alacritty::new(original.size(), Answers::Discard);
    copy.feed(b"\x1b[31mleft over\x1b[?1049h\x1b(0 from before\x1b[4h\x1b[?6h\x1b[2;3r");
    copy.feed(&bytes);
    assert_eq!(state(original), state(&mut copy), "redrawn with {:?}", String::from_utf8_lossy(&bytes));
    assert!(!original.take_needs_repaint() && !copy.take_needs_repaint());
}

#[test]
fn text_colours_and_cursor() {
    let emulator = fed(20, 4, b"plain \x1b[1;31mred\x1b[0m\r\n\x1b[38;5;200;48;2;1;2;3;4:3mx\x1b[m\x1b[2;5H");
    assert_eq!(lines(&emulator)[..2], ["plain red", "x"]);
    let screen = emulator.screen();
    let red = &screen.cells[6];
    assert_eq!((red.fg, red.attributes), (Color::Indexed(1), Attributes::BOLD));
    let x = &screen.cells[20];
    assert_eq!((x.fg, x.bg), (Color::Indexed(200), Color::Rgb(1, 2, 3)));
    assert_eq!(x.attributes, Attributes::CURLY_UNDERLINE);
    assert_eq!((screen.cursor.line, screen.cursor.column, screen.cursor.visible), (1, 4, true));
}

#[test]
fn wide_characters_and_marks() {
    let emulator = fed(20, 4, "中e\u{301}x".as_bytes());
    let cells = emulator.screen().cells;
    assert_eq!((cells[0].character, cells[0].width), ('中', Width::Wide));
    assert_eq!(cells[1].width, Width::Continuation);
    assert_eq!((cells[2].character, cells[2].combining.as_deref()), ('e', Some("\u{301}")));
    assert_eq!(lines(&emulator)[0], "中e\u{301}x");
}

#[test]
fn a_wide_character_that_does_not_fit_leaves_a_filler() {
    let mut emulator = fed(20, 4, "1234567890123456789中".as_bytes());
    let row = emulator.row(0).unwrap();
    assert_eq!((row.cells[19].width, row.wrapped), (Width::Filler, true));
    assert_eq!(
        emulator.text(Position { line: 0, column: 0 }, Position { line: 1, column: 19 }),
        "1234567890123456789中"
    );
    assert_redraws(&mut emulator);
    // Rewrapping makes fillers of its own, without the colour of the text.
    let mut emulator = fed(20, 4, "\x1b[30;42mx中文字符中文字符中文字符中文".as_bytes());
    emulator.resize(Size::new(22, 4));
    assert_redraws(&mut emulator);
}

#[test]
fn sizes_are_kept_within_bounds() {
    let mut emulator = emulator(0, 0);
    assert_eq!((emulator.size().columns(), emulator.size().lines()), (20, 4));
    emulator.resize(Size::new(u16::MAX, u16::MAX));
    assert_eq!((emulator.size().columns(), emulator.size().lines()), (1000, 500));
    assert_eq!(emulator.size().history_lines(), 600);
    emulator.feed(b"x");
    assert_eq!(emulator.screen().cells.len(), 500_000);
}

#[test]
fn modes_are_reported() {
    let emulator =
        fed(20, 4, b"\x1b[?1;1002;1004;1006;2004h\x1b=\x1b[?25;7;1007l\x1b[4h\x1b[20h\x1b[?1049h\x1b[?6h");
    assert_eq!(
        emulator.modes(),
        Modes {
            application_cursor: true,
            application_keypad: true,
            bracketed_paste: true,
            alternate_screen: true,
            mouse: MouseTracking::Drag,
            mouse_encoding: MouseEncoding::Sgr,
            alternate_scroll: false,
            focus_events: true,
            cursor_visible: false,
            autowrap: false,
            origin: true,
            insert: true,
            newline: true,
        }
    );
    assert!(!emulator.cursor().visible);
}

#[test]
fn questions_are_answered_once() {
    let question = b"ab\x1b[6n\x1b[5n\x1b[c\x1b[18t";
    let mut emulator = fed(20, 4, question);
    assert_eq!(emulator.take_answers(), b"\x1b[1;3R\x1b[0n\x1b[?6c\x1b[8;4;20t");
    assert_eq!(emulator.take_answers(), b"");
    let mut silent = Alacritty::new(Size::default(), Answers::Discard);
    silent.feed(question);
    assert_eq!(silent.take_answers(), b"");
    emulator.feed(&b"\x1b[6n".repeat(100_000));
    assert!(emulator.take_answers().len() <= 4096);
}

#[test]
fn no_clipboard_no_kitty_keyboard_no_colour_query() {
    let mut emulator =
        fed(20, 4, b"\x1b]52;c;?\x07\x1b]52;c;aGVsbG8=\x07\x1b[>1u\x1b[?u\x1b]11;?\x07\x1b]4;1;?\x07");
    assert_eq!(emulator.take_answers(), b"");
    assert_eq!(lines(&emulator)[0], "");
}

#[test]
fn the_title_is_harmless() {
    let mut emulator = fed(20, 4, "\x1b]0;host\u{202e}evil\u{9b}31m\x07".as_bytes());
    assert_eq!(emulator.title(), "hostevil31m");
    emulator.feed(format!("\x1b]2;{}\x07", "x".repeat(1000)).as_bytes());
    assert_eq!(emulator.title().len(), 120);
    emulator.feed(b"\x1bc");
    assert_eq!(emulator.title(), "");
}

#[test]
fn what_a_node_prints_cannot_reorder_or_pile_up() {
    let mut text = String::from("a\u{202e}b\u{200d}c");
    text.extend(std::iter::repeat_n('\u{301}', 100_000));
    let emulator = fed(20, 4, text.as_bytes());
    assert_eq!(emulator.row(0).unwrap().text(), format!("abc{}", "\u{301}".repeat(8)));
    // A mark at a time, between other characters.
    let emulator = fed(20, 4, "\x1b[Ha\u{301}b".repeat(1000).as_bytes());
    assert!(emulator.row(0).unwrap().text().chars().count() <= 10);
}

#[test]
fn a_bell_is_heard_once() {
    let mut emulator = fed(20, 4, b"\x07");
    assert!(emulator.take_bell());
    assert!(!emulator.take_bell());
}

#[test]
fn history_scrolls_and_new_output_does_not_move_it() {
    let mut emulator = emulator(20, 4);
    for line in 0..50 {
        emulator.feed(format!("line {line}\r\n").as_bytes());
    }
    assert_eq!(emulator.history(), 47);
    emulator.scroll(Scroll::Lines(10));
    let shown = lines(&emulator);
    assert_eq!(shown[0], "line 37");
    assert!(!emulator.cursor().visible);
    emulator.feed(b"more\r\nand more\r\n");
    assert_eq!(lines(&emulator), shown);
    assert_eq!(emulator.scroll_offset(), 12);
    emulator.scroll(Scroll::Top);
    assert_eq!(lines(&emulator)[0], "line 0");
    emulator.scroll(Scroll::PageDown);
    assert_eq!(lines(&emulator)[0], "line 4");
    emulator.scroll(Scroll::Show(-1));
    assert_eq!(lines(&emulator)[3], "line 48");
    emulator.scroll(Scroll::Show(-30));
    assert_eq!(lines(&emulator)[0], emulator.row(-30).unwrap().text());
    emulator.scroll(Scroll::Bottom);
    assert_eq!(emulator.scroll_offset(), 0);
}

#[test]
fn deleting_lines_does_not_move_the_window_out_of_the_history() {
    let mut emulator = fed(20, 8, &b"line\r\n".repeat(14));
    emulator.scroll(Scroll::Top);
    emulator.feed(b"\x1b[H\x1b[M\x1b[2;5H\x1b[3M\x1b[S");
    assert!(emulator.scroll_offset() <= emulator.history());
    assert_eq!(lines(&emulator).len(), 8);
}

#[test]
fn a_line_that_was_full_goes_on_when_the_screen_grows() {
    let mut emulator = fed(20, 4, b"\x1b[?1049h\x1b[H12345678901234567890");
    emulator.resize(Size::new(25, 4));
    emulator.feed(b"abc");
    assert_eq!(lines(&emulator)[0], "12345678901234567890abc");
}

#[test]
fn history_is_bounded() {
    let emulator = fed(20, 4, &b"x\r\n".repeat(10_000));
    assert_eq!(emulator.history(), HISTORY_LINES);
}

#[test]
fn text_and_search_cross_wrapped_lines() {
    let mut emulator = fed(20, 4, b"0123456789abcdefghijKLMN\r\nsecond line\r\nthird\r\nfourth\r\nfifth");
    let first = Position { line: -2, column: 0 };
    assert_eq!(emulator.text(first, Position { line: 0, column: 5 }), "0123456789abcdefghijKLMN\nsecond");
    assert_eq!(emulator.text(Position { line: 1, column: 1 }, Position { line: 1, column: 3 }), "hir");
    let end = Position { line: 3, column: 19 };
    assert_eq!(emulator.find("ijkl", end, Direction::Backward), Some(Position { line: -2, column: 18 }));
    assert_eq!(emulator.find("ijkL", end, Direction::Backward), None);
    assert_eq!(emulator.find("line", first, Direction::Forward), Some(Position { line: 0, column: 7 }));
    assert_eq!(emulator.find("th", end, Direction::Backward), Some(Position { line: 3, column: 3 }));
    emulator.resize(Size::new(30, 4));
    assert_eq!(emulator.find("ijkl", end, Direction::Backward).map(|at| at.column), Some(18));
}

#[test]
fn an_update_without_an_end_is_shown_at_its_deadline() {
    let mut emulator = fed(20, 4, b"before\x1b[?2026h\r\ninside");
    assert_eq!(lines(&emulator)[1], "");
    let deadline = emulator.deadline().unwrap();
    assert!(!emulator.tick(deadline.checked_sub(Duration::from_millis(1)).unwrap()));
    let before = emulator.revision();
    assert!(emulator.tick(deadline));
    assert_ne!(emulator.revision(), before);
    assert_eq!(lines(&emulator)[1], "inside");
    assert_eq!(emulator.deadline(), None);
}

#[test]
fn a_panic_costs_the_screen_only() {
    let mut emulator = fed(20, 4, b"text");
    assert!(!isolated());
    assert!(emulator.panic_for_test());
    assert!(!isolated());
    assert!(emulator.take_needs_repaint());
    assert!(!emulator.take_needs_repaint());
    emulator.feed(b"again");
    assert_eq!(lines(&emulator)[0], "again");
}

#[test]
fn redraws_of_known_screens() {
    for bytes in [
        &b""[..],
        b"$ ls\r\n\x1b[34mdir\x1b[m file\r\n$ ",
        b"\x1b[41m\x1b[2J\x1b[2;3Hred\x1b[m end",
        b"a line longer than twenty columns wraps\r\n",
        b"12345678901234567890",
        b"\x1b[4;1H12345678901234567890",
        b"1\r\n2\r\n3\r\n4\r\n5\r\n6 and this one is so long that it wraps at the bottom",
        b"\x1b[44m1\r\n2\r\n3\r\n4 long blue line that wraps at the bottom\x1b[K",
        b"shell\r\n$ vi\x1b[?1049h\x1b[2J\x1b[2;4r\x1b[?1h\x1b=\x1b[?2004h\x1b[?1006;1002h\x1b[2;2Hvi text\x1b[4;1H~",
        b"\x1b[41mshell\x1b[?1049hfull\x1b[m",
        b"\x1b(0lqqk\x1b(B text\x1b)0\x0eqqq",
        b"\x1b[2;4r\x1b[?6h\x1b[2;3Hregion",
        b"\x1b[3 q\x1b[?25l\x1b[4h\x1b[20h\x1b[?7lx",
        b"\x1b]0;a title\x07\x1b[3;3H\x1b[1;35m\x1b7\x1b[H\x1b[m",
        b"one\ttwo\tthree",
        "中文字符中文字符中文字符中文".as_bytes(),
        "x中文字符中文字符中文字符中文".as_bytes(),
        "\x1b[4;20H中".as_bytes(),
        "\x1b[4;19H中".as_bytes(),
        "e\u{301}a\u{308}".as_bytes(),
    ] {
        assert_redraws(&mut fed(20, 4, bytes));
    }
}

/// The redraw stands for the past: what comes after it looks the same on both sides.
#[test]
fn what_follows_a_redraw_looks_the_same() {
    let past = b"$ echo\r\nsome text\r\n\x1b[1;32m$\x1b[m \x1b[2;4r\x1b[2;5H\x1b7\x1b[4;1H\x1b(0\x1b[31";
    let future = b"mqqred\x1b(B\r\n\r\n\x1b8saved\x1b[?1049hfull\x1b[?1049lback\x1b[K\r\n\xe4\xb8";
    for cut in 0..=past.len() {
        let mut original = fed(20, 4, &past[..cut]);
        let mut copy = Alacritty::new(original.size(), Answers::Discard);
        copy.feed(&original.redraw(100));
        for emulator in [&mut original, &mut copy] {
            emulator.feed(&past[cut..]);
            emulator.feed(future);
        }
        assert_eq!(state(&mut original), state(&mut copy), "cut at {cut}");
        let mut late = Alacritty::new(original.size(), Answers::Discard);
        late.feed(&original.redraw(100));
        for emulator in [&mut original, &mut late] {
            emulator.feed(b"\xad!");
        }
        assert_eq!(state(&mut original), state(&mut late));
    }
}

#[test]
fn a_redraw_carries_history_and_the_screen_below() {
    let mut original = emulator(20, 4);
    for line in 0..100 {
        original.feed(format!("line {line}\r\n").as_bytes());
    }
    original.feed(b"$ vi\x1b[?1049h\x1b[Hfull screen");
    let bytes = original.redraw(40);
    let mut copy = emulator(20, 4);
    copy.feed(&bytes);
    assert_eq!(lines(&copy), lines(&original));
    for emulator in [&mut original, &mut copy] {
        emulator.feed(b"\x1b[?1049l\r\n$ ");
    }
    assert_eq!(state(&mut original), state(&mut copy));
    assert_eq!(copy.history(), 41);
    assert_eq!(copy.row(-41).unwrap().text(), "line 57");
    assert_eq!(original.row(-41), copy.row(-41));
}

#[test]
fn a_redraw_ends_an_update() {
    let mut original = fed(20, 4, b"before\x1b[?2026h\r\ninside");
    assert_redraws(&mut original);
    assert_eq!(lines(&original)[1], "inside");
}

/// Portions of what programs send, well formed and not.
fn portion() -> impl Strategy<Value = Vec<u8>> {
    let number =
        prop_oneof![Just(String::new()), (0_u32..30).prop_map(|n| n.to_string()), Just("65535".into())];
    let csi = (prop::collection::vec(number, 0..4), "[?>!]?", "[@-~]")
        .prop_map(|(numbers, mark, end)| format!("\x1b[{mark}{}{end}", numbers.join(";")).into_bytes());
    let mode = (
        prop::sample::select(vec![
            1, 6, 7, 25, 47, 1000, 1002, 1003, 1005, 1006, 1047, 1048, 1049, 2004, 2026,
        ]),
        "[hl]",
    )
        .prop_map(|(mode, end)| format!("\x1b[?{mode}{end}").into_bytes());
    let text = prop_oneof!["[a-z ]{1,40}", "[中文字漢]{1,15}", "\\PC{1,10}", "[a\u{301}\u{200d}👩]{1,6}"]
        .prop_map(String::into_bytes);
    let escape = prop::sample::select(vec![
        "\x1b7",
        "\x1b8",
        "\x1bc",
        "\x1bD",
        "\x1bE",
        "\x1bH",
        "\x1bM",
        "\x1b#8",
        "\x1b(0",
        "\x1b(B",
        "\x1b)0",
        "\x0e",
        "\x0f",
        "\r",
        "\n",
        "\r\n",
        "\t",
        "\x08",
        "\x1b]0;t\x07",
        "\x1bP",
        "\x1b\\",
        "\x1b]",
        "\x18",
    ])
    .prop_map(|escape| escape.as_bytes().to_vec());
    prop_oneof![4 => text, 4 => csi, 2 => mode, 3 => escape, 1 => prop::collection::vec(any::<u8>(), 0..12)]
}

#[derive(Debug, Clone)]
enum Deed {
    Feed(Vec<u8>),
    Resize(u16, u16),
    Scroll(i32),
    Redraw,
    Tick,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => portion().prop_map(Deed::Feed),
        2 => (0_u16..60, 0_u16..20).prop_map(|(columns, lines)| Deed::Resize(columns, lines)),
        1 => (-5_i32..50).prop_map(Deed::Scroll),
        1 => Just(Deed::Redraw),
        1 => Just(Deed::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever comes, nothing panics, and the cells keep their promises.
    #[test]
    fn hostile_bytes_and_sizes_never_panic(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut emulator = emulator(20, 4);
        for deed in deeds {
            match deed {
                Deed::Feed(bytes) => emulator.feed(&bytes),
                Deed::Resize(columns, lines) => emulator.resize(Size::new(columns, lines)),
                Deed::Scroll(lines) => emulator.scroll(Scroll::Lines(lines)),
                Deed::Redraw => drop(emulator.redraw(50)),
                Deed::Tick => drop(emulator.tick(Instant::now() + Duration::from_secs(1))),
            }
            let size = emulator.size();
            let screen = emulator.screen();
            prop_assert_eq!(screen.cells.len(), usize::from(size.columns()) * usize::from(size.lines()));
            prop_assert!(screen.cursor.line < size.lines() && screen.cursor.column < size.columns());
            for row in screen.cells.chunks(usize::from(size.columns())) {
                for (index, cell) in row.iter().enumerate() {
                    prop_assert!(!cell.character.is_control());
                    let after = row.get(index + 1).map(|next| next.width);
                    prop_assert_eq!(cell.width == Width::Wide, after == Some(Width::Continuation));
                }
                prop_assert_ne!(row[0].width, Width::Continuation);
            }
        }
        let end = Position { line: 100, column: 100 };
        emulator.text(Position { line: i32::MIN, column: 0 }, end);
        emulator.find("a", end, Direction::Backward);
    }

    /// Whoever repaints only what is damaged shows what there is.
    #[test]
    fn every_line_that_looks_different_is_damaged(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut emulator = emulator(20, 4);
        emulator.take_damage();
        for deed in deeds {
            let before = emulator.screen();
            match deed {
                Deed::Feed(bytes) => emulator.feed(&bytes),
                Deed::Resize(columns, lines) => emulator.resize(Size::new(columns, lines)),
                Deed::Scroll(lines) => emulator.scroll(Scroll::Lines(lines)),
                Deed::Redraw => drop(emulator.redraw(50)),
                Deed::Tick => drop(emulator.tick(Instant::now() + Duration::from_secs(1))),
            }
            let (after, damage) = (emulator.screen(), emulator.take_damage());
            let columns = usize::from(after.size.columns());
            for (number, row) in (0..).zip(after.cells.chunks(columns)) {
                let same = before.size == after.size
                    && before.cells.chunks(columns).nth(usize::from(number)) == Some(row);
                prop_assert!(same || damage.contains(&number), "line {} of {:?}", number, damage);
            }
            prop_assert!(damage.iter().all(|line| *line < after.size.lines()));
            prop_assert!(damage.is_sorted_by(|a, b| a < b), "{:?}", damage);
        }
    }

    /// A redraw brings a fresh emulator to the same grid, cursor and modes, whatever the program did.
    #[test]
    fn a_redraw_gives_the_same_grid(portions in prop::collection::vec(portion(), 1..60)) {
        let mut original = emulator(20, 6);
        for bytes in portions {
            original.feed(&bytes);
        }
        // A cursor outside the region in origin mode, and one on half a wide character, have no sequence of their own.
        original.feed(b"\x18\x1b[?6l\x1b[3;3H");
        original.take_needs_repaint();
        assert_redraws(&mut original);
    }
}
