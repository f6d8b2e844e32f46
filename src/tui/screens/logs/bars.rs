//! How many lines there were when: a row of bars for what went wrong, one for warnings, one for all, over the filter's time.
//!
//! Every row has its own scale, and tells its sum in figures: one error among a million lines is seen. The selected line's
//! place is marked underneath, with the times of both ends.

use super::stamps::{self, Stamps};
use crate::api::logs::{BUCKETS_MAX, LogAsk, LogHistogram};
use crate::domain::ids::EnvId;
use crate::domain::logs::LogFilter;
use crate::tui::i18n::{Text, t};
use crate::tui::memory::Memory;
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;

/// Rows of a terminal on which they are shown unasked.
const LARGE: u16 = 40;
/// Rows that the bars take.
pub const HEIGHT: u16 = 4;
/// They are counted again so often at most while lines come in, milliseconds.
const AGAIN_MS: u64 = 3_000;
/// Columns of the words before the bars.
const LABEL: usize = 10;
/// Columns of the sums behind them.
const SUM: usize = 10;
/// Bars from nothing to full.
const SIGNS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A row of bars: its word, what it counts of a bucket, its look.
type Kind = (Text, fn(&[u32; 8]) -> u64, Part);

/// The bars of a pane.
#[derive(Default)]
pub struct Bars {
    /// The operator wants them, or not; else they are shown where there is room.
    wanted: Option<bool>,
    counts: Option<LogHistogram>,
    of: Option<LogFilter>,
    asked: Option<u64>,
    columns: Cell<usize>,
}

impl Bars {
    /// Whether they are shown: on large terminals, unless the operator said otherwise.
    pub fn is_on(&self, cx: &Shared) -> bool {
        self.wanted.unwrap_or(cx.size.1 >= LARGE)
    }

    /// Shows them, or takes them away.
    pub fn turn(&mut self, cx: &Shared) {
        self.wanted = Some(!self.is_on(cx));
    }

    /// Whether the operator wants them is kept.
    pub fn keep(&mut self, memory: &mut Memory) {
        let now = self.wanted.map(|on| if on { "shown" } else { "hidden" }.to_owned());
        if let Some(word) = memory.word("bars", now) {
            self.wanted = Some(word == "shown");
        }
    }

    /// What to ask; `None`: nothing has changed, or an answer is under way.
    pub fn ask(&mut self, env: EnvId, filter: &LogFilter, now: u64, news: bool) -> Option<LogAsk> {
        let other = self.of.as_ref() != Some(filter);
        let late = self.asked.is_none_or(|at| now.saturating_sub(at) >= AGAIN_MS);
        if filter.is_of_a_job() || !(other || news && late) {
            return None;
        }
        if other {
            self.counts = None;
        }
        self.of = Some(filter.clone());
        self.asked = Some(now);
        let most = usize::try_from(BUCKETS_MAX).unwrap_or(500);
        let buckets = u32::try_from(self.columns.get().clamp(40, most)).unwrap_or(BUCKETS_MAX);
        let now = i64::try_from(now).unwrap_or(i64::MAX).saturating_mul(1_000);
        let (from, to) = (filter.from.map(|w| w.at(now)), filter.to.map(|w| w.at(now)));
        Some(LogAsk::Histogram { env, filter: filter.clone(), from, to, buckets })
    }

    /// Counts have come.
    pub fn take(&mut self, counts: LogHistogram) {
        self.counts = Some(counts);
    }

    /// The time `buckets` bars before or after `time`, microseconds.
    pub fn step(&self, time: i64, buckets: i64) -> Option<i64> {
        let counts = self.counts.as_ref()?;
        let count = i64::try_from(counts.buckets.len()).ok().filter(|n| *n > 0)?;
        let width = (counts.to.saturating_sub(counts.from) / count).max(1);
        Some(time.saturating_add(width.saturating_mul(buckets)).clamp(counts.from, counts.to))
    }

    /// Draws them; `here` is the selected line's time.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect, here: Option<i64>, kind: Stamps) {
        let columns = usize::from(area.width).saturating_sub(LABEL + SUM + 2);
        self.columns.set(columns);
        let row = |n: u16| Rect { y: area.y.saturating_add(n), height: 1, ..area };
        let Some(counts) = self.counts.as_ref().filter(|c| !c.buckets.is_empty() && columns > 0) else {
            let words = if self.counts.is_some() { t!("bars-empty") } else { t!("loading") };
            let line = Line::styled(format!(" {}", cx.tr(&words)), cx.style(Part::Dim));
            return frame.render_widget(line, row(1));
        };
        let kinds: [Kind; 3] = [
            (t!("bars-errors"), |c| c.iter().skip(5).take(2).map(|n| u64::from(*n)).sum(), Part::Bad),
            (t!("bars-warnings"), |c| c.get(4).map_or(0, |n| u64::from(*n)), Part::Warn),
            (t!("bars-all"), |c| c.iter().map(|n| u64::from(*n)).sum(), Part::BarDone),
        ];
        for ((label, of, part), n) in kinds.into_iter().zip(0..) {
            let all: Vec<u64> = counts.buckets.iter().map(of).collect();
            let sum: u64 = all.iter().sum();
            let label = text::left(&cx.tr(&label), LABEL);
            let sum_text = text::right(&short(sum), SUM);
            let line = Line::from(vec![
                Span::styled(format!(" {label}"), cx.style(if sum > 0 { part } else { Part::Dim })),
                Span::styled(bars(&all, columns), cx.style(part)),
                Span::styled(sum_text, cx.style(if sum > 0 { part } else { Part::Dim })),
            ]);
            frame.render_widget(line, row(n));
        }
        frame.render_widget(axis(cx, counts, columns, here, kind), row(3));
    }
}

/// Bars of the greatest of what falls into each column.
pub fn bars(all: &[u64], columns: usize) -> String {
    let column = |c: usize| {
        let (from, to) =
            (c * all.len() / columns, ((c + 1) * all.len() / columns).max(c * all.len() / columns + 1));
        all.get(from..to.min(all.len())).into_iter().flatten().copied().max().unwrap_or(0)
    };
    let greatest = all.iter().copied().max().unwrap_or(0).max(1);
    (0..columns)
        .map(|c| {
            let n = column(c);
            // What is there at all is seen.
            let eighths =
                usize::try_from(n.saturating_mul(8) / greatest).unwrap_or(8).max(usize::from(n > 0));
            SIGNS.get(eighths).copied().unwrap_or('█')
        })
        .collect()
}

fn axis(
    cx: &Shared,
    counts: &LogHistogram,
    columns: usize,
    here: Option<i64>,
    kind: Stamps,
) -> Line<'static> {
    let zone = if kind == Stamps::Utc { &jiff::tz::TimeZone::UTC } else { &cx.zone };
    let form = if stamps::day(zone, counts.from) == stamps::day(zone, counts.to) {
        "%H:%M:%S"
    } else {
        "%m-%d %H:%M"
    };
    let (first, last) = (stamps::at(zone, counts.from, form), stamps::at(zone, counts.to, form));
    let span = counts.to.saturating_sub(counts.from).max(1);
    let at = here.filter(|h| (counts.from..=counts.to).contains(h)).map(|h| {
        let share = i128::from(h - counts.from) * i128::try_from(columns).unwrap_or(1) / i128::from(span);
        usize::try_from(share).unwrap_or(0).min(columns.saturating_sub(1))
    });
    let mut out: Vec<char> = vec!['─'; columns];
    let texts = [(0, first.as_str()), (columns.saturating_sub(text::width(&last)), last.as_str())];
    for (from, words) in texts {
        for (cell, c) in out.iter_mut().skip(from).zip(words.chars()) {
            *cell = c;
        }
    }
    if let Some(cell) = at.and_then(|at| out.get_mut(at)) {
        *cell = '▲';
    }
    let partly = if counts.complete { String::new() } else { format!(" {}", cx.tr(&t!("bars-partly"))) };
    let line = format!(" {:LABEL$}{}{partly}", "", out.into_iter().collect::<String>());
    Line::styled(line, cx.style(Part::Dim))
}

/// A count in at most six columns: `12,345`, `3.6M`.
fn short(n: u64) -> String {
    match n {
        0..=999_999 => super::tree::count(n),
        1_000_000..=999_999_999 => format!("{}.{}M", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}.{}G", n / 1_000_000_000, n / 100_000_000 % 10),
    }
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

    #[test]
    fn what_is_there_is_seen() {
        assert_eq!(bars(&[0, 1, 1_000, 500], 4), " ▁█▄");
        assert_eq!(bars(&[0, 0, 1, 0], 2), " █", "the greatest of a column");
        assert_eq!(bars(&[8, 0], 4), "██  ", "wider than there are buckets");
        assert_eq!((short(999_999), short(3_640_000)), ("999,999".into(), "3.6M".into()));
    }

    #[test]
    fn steps_stay_inside() {
        let counts = LogHistogram { from: 0, to: 100, buckets: vec![[0; 8]; 10], complete: true };
        let bars = Bars { counts: Some(counts), ..Bars::default() };
        assert_eq!((bars.step(50, 2), bars.step(50, -9)), (Some(70), Some(0)));
    }
}
