//! Hostile scripts through a pane: whatever a node prints, nothing panics, and nothing but plain cells reaches the operator's
//! terminal. All 5,000 with `CPMG_HOSTILE=all`; otherwise as many as there are in some seconds, from another start each day.

use crate::terminal::{Alacritty, Answers, Emulator, HISTORY_LINES, Scroll, Size};
use crate::tui::widgets::terminal_view::{ColorDepth, TerminalView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SCRIPTS: u64 = 5_000;

/// Always the same numbers from the same start.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.roll(from.len() as u64)).unwrap();
        from[at]
    }

    fn number(&mut self) -> u16 {
        let small = u16::try_from(self.roll(100)).unwrap();
        [small, small, small, 0, 65_535][usize::try_from(self.roll(5)).unwrap()]
    }
}

fn piece(dice: &mut Dice) -> Vec<u8> {
    const TEXTS: &[&str] =
        &["ls -l", "中文字符", "e\u{301}", "👩‍🚀", "\u{202e}evil", "\u{200d}\u{200b}", "\t", "x"];
    const ESCAPES: &[&str] = &[
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
        "\x0e",
        "\x0f",
        "\r",
        "\n",
        "\x08",
        "\x1b]0;",
        "\x07",
        "\x1bP",
        "\x1b\\",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1b]8;;http://x\x07",
        "\x18",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?2026h",
        "\x1b[?2026l",
        "\x1b[?7l",
        "\x1b[?6h",
        "\x1b[4h",
        "\x1b[!p",
        "\u{9b}2J",
    ];
    const ENDS: &[&str] = &[
        "A", "B", "C", "D", "E", "G", "H", "I", "J", "K", "L", "M", "P", "S", "T", "X", "Z", "@", "b", "d",
        "f", "g", "h", "l", "m", "n", "q", "r", "s", "t", "u",
    ];
    match dice.roll(6) {
        0 => dice.pick(TEXTS).repeat(usize::try_from(1 + dice.roll(40)).unwrap()).into_bytes(),
        1 => dice.pick(ESCAPES).as_bytes().to_vec(),
        2 => (0..=dice.roll(20)).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect(),
        3 => format!("\x1b[{}m{}", dice.number(), dice.pick(TEXTS)).into_bytes(),
        _ => {
            let (a, b) = (dice.number(), dice.number());
            format!("\x1b[{a};{b}{}", dice.pick(ENDS)).into_bytes()
        }
    }
}

fn script(start: u64) {
    let mut dice = Dice(start.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut size = || Size::new(u16::try_from(dice.roll(90)).unwrap(), u16::try_from(dice.roll(30)).unwrap());
    let (first, other) = (size(), size());
    let mut emulator = Alacritty::new(first, Answers::Collect);
    for _ in 0..40 {
        match dice.roll(20) {
            0 => emulator.resize(other),
            1 => emulator.resize(first),
            2 => emulator.scroll(Scroll::PageUp),
            3 => emulator.scroll(Scroll::Bottom),
            4 => drop(emulator.tick(Instant::now() + Duration::from_secs(1))),
            _ => emulator.feed(&piece(&mut dice)),
        }
    }
    // As a client that comes late sees it, in a pane that is smaller or larger.
    let mut late = Alacritty::new(emulator.size(), Answers::Discard);
    late.feed(&emulator.redraw(HISTORY_LINES));
    for shown in [&emulator, &late] {
        let area = Rect::new(
            1,
            1,
            1 + u16::try_from(dice.roll(80)).unwrap(),
            1 + u16::try_from(dice.roll(24)).unwrap(),
        );
        let mut buffer = Buffer::empty(Rect::new(0, 0, area.right() + 2, area.bottom() + 2));
        TerminalView::new(shown).depth(ColorDepth::Indexed).cursor_cell(true).render(area, &mut buffer);
        for cell in buffer.content() {
            let bad = |c: char| {
                c.is_control()
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            assert!(!cell.symbol().chars().any(bad), "script {start} shows {:?}", cell.symbol());
        }
    }
    assert!(!emulator.title().chars().any(char::is_control), "script {start}");
    assert!(emulator.take_answers().len() <= 4096, "script {start}");
}

#[test]
fn hostile_scripts_reach_nobody() {
    let all = std::env::var_os("CPMG_HOSTILE").is_some_and(|v| v == "all");
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let (since, most) = (Instant::now(), Duration::from_secs(20));
    let mut done = 0;
    while done < SCRIPTS && (all || since.elapsed() < most) {
        script(if all { done } else { day * SCRIPTS + done });
        done += 1;
    }
    println!("{done} scripts in {:?}", since.elapsed());
    assert!(done > 50, "{done}");
}
