//! A frame as a picture (SVG 1.1), for the documentation and for reports: cells as they are drawn, in the colours of a usual dark terminal.

use super::text;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Width and height of a cell, and where letters stand in it, pixels. The size of the letters (13.29) makes `DejaVu Sans Mono`, whose letters
/// are 0.602 of their size wide, fill it exactly, for viewers that know nothing of `textLength`.
const CELL: (u32, u32) = (8, 17);
const BASELINE: u32 = 13;
/// Around the frame.
const BORDER: u32 = 8;
/// The terminal's own colours.
const PAPER: &str = "#16181d";
const INK: &str = "#d4d7dd";
/// The sixteen, as most terminals have them today.
const SIXTEEN: [&str; 16] = [
    "#2b2e36", "#e06c75", "#8cc570", "#e5c07b", "#61a8f0", "#c678dd", "#56b6c2", "#c9ccd3", "#6b717d",
    "#ff8f98", "#b4e39a", "#ffe0a3", "#8fc6ff", "#e0a0f5", "#85dbe6", "#ffffff",
];

/// A frame as the text of an SVG file; `title` is read out to who cannot see it.
pub fn svg(frame: &Buffer, title: &str) -> String {
    let area = frame.area;
    let (width, height) = (u32::from(area.width) * CELL.0, u32::from(area.height) * CELL.1);
    let mut out = String::new();
    let (w, h) = (width + 2 * BORDER, height + 2 * BORDER);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"{w}\" height=\"{h}\" rx=\"6\" fill=\"{PAPER}\"/>\n\
         <g transform=\"translate({BORDER} {BORDER})\" font-family=\"'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace\" \
         font-size=\"13.29\" fill=\"{INK}\" xml:space=\"preserve\">",
        escaped(title)
    );
    for y in 0..area.height {
        for run in runs(frame, y) {
            run.draw(&mut out, u32::from(y));
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Cells side by side that look alike.
struct Run {
    from: u16,
    columns: u16,
    text: String,
    look: Look,
}

#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own, as in SVG")]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (ink, paper) = (colour(cell.fg), colour(cell.bg));
        let has = |m| cell.modifier.contains(m);
        let (ink, paper) = if has(Modifier::REVERSED) {
            (paper.unwrap_or_else(|| PAPER.to_owned()), Some(ink.unwrap_or_else(|| INK.to_owned())))
        } else {
            (ink.unwrap_or_else(|| INK.to_owned()), paper)
        };
        Self {
            ink,
            paper,
            bold: has(Modifier::BOLD),
            dim: has(Modifier::DIM),
            italic: has(Modifier::ITALIC),
            underlined: has(Modifier::UNDERLINED),
        }
    }
}

fn runs(frame: &Buffer, y: u16) -> Vec<Run> {
    let area = frame.area;
    let mut out: Vec<Run> = Vec::new();
    let mut x = 0;
    while x < area.width {
        let Some(cell) = frame.cell((area.x + x, area.y + y)) else { break };
        let (symbol, look) = (cell.symbol(), Look::of(cell));
        let columns = text::cells(symbol.width().max(1));
        match out.last_mut() {
            // A wide character begins a run of its own, so that fonts of another width do not push what follows.
            Some(run)
                if run.look == look
                    && columns == 1
                    && run.columns == text::cells(run.text.chars().count()) =>
            {
                run.text.push_str(symbol);
                run.columns += 1;
            }
            _ => out.push(Run { from: x, columns, text: symbol.to_owned(), look }),
        }
        x += columns;
    }
    out
}

impl Run {
    fn draw(&self, out: &mut String, y: u32) {
        let (x, width) = (u32::from(self.from) * CELL.0, u32::from(self.columns) * CELL.0);
        let top = y * CELL.1;
        if let Some(paper) = &self.look.paper {
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{paper}\"/>",
                CELL.1
            );
        }
        if self.text.trim().is_empty() {
            return;
        }
        let mut style = String::new();
        for (on, attribute) in [
            (self.look.ink != INK, format!(" fill=\"{}\"", self.look.ink)),
            (self.look.bold, " font-weight=\"bold\"".to_owned()),
            (self.look.dim, " opacity=\"0.65\"".to_owned()),
            (self.look.italic, " font-style=\"italic\"".to_owned()),
            (self.look.underlined, " text-decoration=\"underline\"".to_owned()),
        ] {
            if on {
                style.push_str(&attribute);
            }
        }
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"{style}>{}</text>",
            top + BASELINE,
            escaped(&self.text)
        );
    }
}

/// A colour as SVG writes it; `None`: the terminal's own.
fn colour(colour: Color) -> Option<String> {
    let index = match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(index) => index,
    };
    Some(match SIXTEEN.get(usize::from(index)) {
        Some(named) => (*named).to_owned(),
        None => cube(index),
    })
}

/// The colours 16 to 255 of xterm: a cube of six steps, then greys.
fn cube(index: u8) -> String {
    if index >= 232 {
        let grey = 8 + (index - 232) * 10;
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let step = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
    let rest = index.saturating_sub(16);
    format!("#{:02x}{:02x}{:02x}", step(rest / 36), step(rest / 6 % 6), step(rest % 6))
}

/// Text between tags. Characters that XML does not allow are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn cells_become_text_and_rectangles() {
        let mut frame = Buffer::empty(Rect::new(0, 0, 12, 2));
        frame.set_string(0, 0, "a<b 名c", Style::new());
        frame.set_string(0, 1, "red", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        frame.set_string(4, 1, "back", Style::new().add_modifier(Modifier::REVERSED));
        let svg = svg(&frame, "a & b");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert!(svg.contains("<title>a &amp; b</title>"), "{svg}");
        assert!(svg.contains(">a&lt;b </text>"), "{svg}");
        // The wide character takes two cells, and what follows stands behind it.
        assert!(
            svg.contains("x=\"32\" y=\"13\" textLength=\"16\" lengthAdjust=\"spacingAndGlyphs\">名<"),
            "{svg}"
        );
        assert!(svg.contains("x=\"48\" y=\"13\""), "{svg}");
        assert!(svg.contains("fill=\"#e06c75\" font-weight=\"bold\">red<"), "{svg}");
        assert!(
            svg.contains(&format!("<rect x=\"32\" y=\"17\" width=\"32\" height=\"17\" fill=\"{INK}\"/>")),
            "{svg}"
        );
        assert!(svg.contains(&format!("fill=\"{PAPER}\">back<")), "{svg}");
    }

    #[test]
    fn colours_of_all_kinds() {
        assert_eq!(colour(Color::Reset), None);
        assert_eq!(colour(Color::Indexed(9)).unwrap(), SIXTEEN[9]);
        assert_eq!(colour(Color::Indexed(196)).unwrap(), "#ff0000");
        assert_eq!(colour(Color::Indexed(16)).unwrap(), "#000000");
        assert_eq!(colour(Color::Indexed(255)).unwrap(), "#eeeeee");
        assert_eq!(colour(Color::Rgb(1, 2, 255)).unwrap(), "#0102ff");
    }
}
