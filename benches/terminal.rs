//! What a shell pane costs: parsing a flood of output, painting a screen, redrawing it for a client that fell behind.

use cpmg::terminal::{Alacritty, Answers, Emulator, Size};
use cpmg::tui::widgets::terminal_view::{ColorDepth, TerminalView};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

fn main() {
    divan::main();
}

/// 120x40 with colours, attributes and wide characters in each line.
fn full_screen() -> Alacritty {
    let mut emulator = Alacritty::new(Size::new(120, 40), Answers::Discard);
    for line in 0..200 {
        emulator.feed(
            format!(
                "\x1b[1;3{}mline {line}\x1b[m \x1b[38;2;1;2;{line}mtrue\x1b[m 中文 {}\r\n",
                line % 8,
                "x".repeat(80)
            )
            .as_bytes(),
        );
    }
    emulator
}

#[divan::bench]
fn paint_120x40(bencher: Bencher<'_, '_>) {
    let emulator = full_screen();
    let area = Rect::new(0, 0, 120, 40);
    let mut buffer = Buffer::empty(area);
    bencher.bench_local(|| {
        TerminalView::new(black_box(&emulator)).depth(ColorDepth::Sixteen).render(area, &mut buffer);
    });
}

#[divan::bench(args = [0, 500])]
fn redraw_120x40(bencher: Bencher<'_, '_>, history: usize) {
    let mut emulator = full_screen();
    bencher.bench_local(|| emulator.redraw(history).len());
}

#[divan::bench(args = ["plain", "coloured"])]
fn feed_1_mib(bencher: Bencher<'_, '_>, kind: &str) {
    let line = match kind {
        "plain" => "Nov 21 02:00:00 controller nova-api[1234]: GET /v2.1/servers status: 200 len: 1900\r\n".to_owned(),
        _ => "\x1b[32mNov 21\x1b[m \x1b[1;34mcontroller\x1b[m \x1b[38;5;208mnova-api\x1b[m[1234]: GET \x1b[7m200\x1b[m\r\n"
            .to_owned(),
    };
    let bytes = line.repeat((1 << 20) / line.len());
    let mut emulator = Alacritty::new(Size::new(120, 40), Answers::Discard);
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| emulator.feed(black_box(bytes.as_bytes())));
}
