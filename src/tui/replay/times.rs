//! What frames cost: the figure to ask for when somebody finds the screens slow, and the one that benches look at.

use super::{Player, Recording, SIZE_MAX};
use crate::tui::guard::quietly;
use crate::tui::paint::Gathered;
use crate::tui::widgets::chrome;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rustix::time::{ClockId, clock_gettime};
use std::io::{self, Write};
use std::time::Duration;

/// Longest time between events that one frame shows, milliseconds: a sixtieth of a second.
const FRAME: u64 = 16;

/// One frame.
#[derive(Clone, Copy)]
struct Cost {
    /// Letting the events change the state.
    taken: Duration,
    /// Laying out, comparing with the frame before, encoding.
    drawn: Duration,
    /// What the terminal would get.
    bytes: u64,
}

/// Time that a processor has worked for this thread: what others do on the same machine is not in it.
fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Does everything once, as fast as it goes, and tells what the frames cost the processor. What the screens do only to read the recording is left
/// out; frames that repaint a shell alone are drawn whole here, which costs more.
pub fn times(recording: &Recording, out: &mut impl Write) -> io::Result<()> {
    let costs = costs(recording)?;
    writeln!(out, "{} events, {} frames", recording.steps.len(), costs.len())?;
    let spent = |what: fn(&Cost) -> Duration| {
        let mut all: Vec<f64> = costs.iter().map(|c| what(c).as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    for (name, all) in [
        ("computed", spent(|c| c.taken + c.drawn)),
        ("of that taking in what happened", spent(|c| c.taken)),
        ("of that drawing", spent(|c| c.drawn)),
    ] {
        let mean = all.iter().sum::<f64>() / count(all.len()).max(1.0);
        let at = |per_cent: usize| {
            all.get((all.len() * per_cent / 100).min(all.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        let (median, most, worst) = (at(50), at(95), at(100));
        writeln!(
            out,
            "{name}: {mean:.2} ms on the average, median {median:.2}, 95 of 100 {most:.2}, worst {worst:.2}"
        )?;
    }
    let bytes = costs.iter().map(|c| c.bytes).sum::<u64>();
    let each = bytes / u64::try_from(costs.len()).unwrap_or(u64::MAX).max(1);
    writeln!(out, "written: {each} bytes a frame on the average")?;
    out.flush()
}

/// Few enough for a float.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn costs(recording: &Recording) -> io::Result<Vec<Cost>> {
    let mut player = Player::new(recording);
    let written = Gathered::default();
    let room = |(columns, rows): (u16, u16)| Rect::new(0, 0, columns.min(SIZE_MAX.0), rows.min(SIZE_MAX.1));
    let mut size = player.size;
    let options = TerminalOptions { viewport: Viewport::Fixed(room(size)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(written.clone()), options)?;
    let mut costs = Vec::new();
    while let Some(first) = recording.steps.get(player.done).map(|s| s.at) {
        let mut taken = Duration::ZERO;
        while recording.steps.get(player.done).is_some_and(|s| s.at.since(first) < FRAME) {
            let event = player.next();
            let began = worked();
            if let Some((at, event)) = event {
                player.take(at, event);
            }
            taken += worked().saturating_sub(began);
        }
        if size != player.size {
            size = player.size;
            terminal.resize(room(size))?;
        }
        let (app, began) = (&player.app, worked());
        // A frame that cannot be drawn is shown as a defect by the other ways to replay.
        if let Ok(done) = quietly(|| terminal.draw(|frame| chrome::draw(app, frame)).map(drop)) {
            done?;
        }
        let drawn = worked().saturating_sub(began);
        let mut bytes = Counted(0);
        written.let_out(&mut bytes)?;
        costs.push(Cost { taken, drawn, bytes: bytes.0 });
    }
    Ok(costs)
}

/// Counts what is written to it.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
