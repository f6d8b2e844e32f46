//! A job as bars over time: one row a node, one span an attempt.
//!
//! [`Timeline::of`] makes it from a [`JobReport`]; [`Row::cells`] says for a number of columns what to draw in each, so that a
//! screen only chooses glyphs and colours.

use super::ids::NodeId;
use super::job::{JobNodeState, StepAction};
use super::plan::StepId;
use super::report::JobReport;
use super::text::harmless;
use super::time::{Moment, span, utc};
use serde::Serialize;
use std::fmt::Write;

/// What fills a span, in the order of what wins a column: the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Before the node's first span or after its last one.
    Nothing,
    /// Between two spans: it waited.
    Waited,
    /// A step that found nothing to do.
    Unchanged,
    /// A step that changed something.
    Changed,
    /// The undo of a step.
    Undo,
    /// Its operating system is installed anew.
    Renewed,
    /// It runs now.
    Runs,
    /// An attempt that did not end well.
    Failed,
}

impl Fill {
    /// All, in that order.
    pub const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Waited,
        Self::Unchanged,
        Self::Changed,
        Self::Undo,
        Self::Renewed,
        Self::Runs,
        Self::Failed,
    ];

    /// The sign in plain text, and on terminals without colours.
    pub fn sign(self) -> char {
        match self {
            Self::Nothing => ' ',
            Self::Waited => '.',
            Self::Unchanged => '-',
            Self::Changed => '=',
            Self::Undo => '<',
            Self::Renewed => '#',
            Self::Runs => '>',
            Self::Failed => 'x',
        }
    }

    /// The word used as key in the message catalogue (`fill-WORD`) and in plain text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Waited => "waited",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Undo => "undo",
            Self::Renewed => "renewed",
            Self::Runs => "runs",
            Self::Failed => "failed",
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// From.
    pub since: Moment,
    /// To, or now.
    pub until: Moment,
    /// What it was.
    pub fill: Fill,
    /// The step, where it was one.
    pub step: Option<StepId>,
    /// Which attempt.
    pub attempt: u32,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Identity.
    pub node: NodeId,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub state: JobNodeState,
    /// Time in which something was done on it, milliseconds.
    pub busy_ms: u64,
    /// Time in which it waited.
    pub waiting_ms: u64,
    /// By their beginning.
    pub spans: Vec<Span>,
}

/// The whole job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Begin of the first span.
    pub since: Moment,
    /// End of the last span, or now.
    pub until: Moment,
    /// Stages by their beginning, each with its word.
    pub stages: Vec<(Moment, String)>,
    /// Nodes in the order of the plan.
    pub rows: Vec<Row>,
}

impl Timeline {
    /// The timeline of a report.
    pub fn of(report: &JobReport) -> Self {
        let rows: Vec<Row> = report
            .nodes
            .iter()
            .map(|n| {
                let attempts = n.steps.iter().flat_map(|s| s.attempts.iter().map(move |a| (s, a)));
                let mut spans: Vec<Span> = attempts
                    .map(|(s, a)| Span {
                        since: a.stretch.since,
                        until: a.stretch.until.unwrap_or(report.at),
                        fill: match (&a.end, a.action) {
                            (None, _) => Fill::Runs,
                            (Some(_), _) if a.is_bad() => Fill::Failed,
                            (Some(_), StepAction::Undo) => Fill::Undo,
                            (Some(super::job::StepEnd::Changed), _) => Fill::Changed,
                            (Some(_), _) => Fill::Unchanged,
                        },
                        step: Some(s.step.clone()),
                        attempt: a.number,
                    })
                    .collect();
                spans.extend(n.renewals.iter().map(|r| &r.stretch).map(|r| Span {
                    since: r.since,
                    until: r.until.unwrap_or(report.at),
                    fill: match (r.until, r.good) {
                        (None, _) => Fill::Runs,
                        (Some(_), true) => Fill::Renewed,
                        (Some(_), false) => Fill::Failed,
                    },
                    step: None,
                    attempt: 0,
                }));
                spans.sort_by_key(|s| (s.since, s.until));
                Row {
                    node: n.node,
                    name: n.name.clone(),
                    state: n.state,
                    busy_ms: n.busy_ms,
                    waiting_ms: n.waiting_ms,
                    spans,
                }
            })
            .collect();
        let all = || rows.iter().flat_map(|r| &r.spans);
        let since = all().map(|s| s.since).min().unwrap_or(report.created);
        let until = all().map(|s| s.until).max().unwrap_or(since).max(since);
        let mut stages: Vec<(Moment, String)> =
            report.stages.iter().map(|s| (s.since, s.name.clone())).collect();
        stages.sort();
        Self { since, until, stages, rows }
    }
}

impl Timeline {
    /// As plain text of that many columns (at least 60): a scale, a row a node, and what the signs mean.
    pub fn text(&self, columns: usize) -> String {
        let name = self.rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).clamp(4, 24);
        let bars = columns.max(60).saturating_sub(name + 2);
        let scale = Scale::fit(self.since, self.until, bars, 1);
        let took = span(self.until.since(self.since));
        let mut out = format!("{} to {}, {took}\n", utc(self.since), utc(self.until));
        let mut head = vec![' '; bars];
        for (since, stage) in &self.stages {
            let Some(from) = scale.column(*since) else { continue };
            let said = std::iter::once('|').chain(stage.chars());
            for (cell, c) in head.iter_mut().skip(from).zip(said) {
                *cell = c;
            }
        }
        let head: String = head.into_iter().collect();
        let _ = writeln!(out, "{:name$}  {}", "", head.trim_end());
        for row in &self.rows {
            let bar: String = row.cells(&scale).into_iter().map(Fill::sign).collect();
            let short: String = row.name.chars().take(name).collect();
            let _ = writeln!(out, "{short:name$}  {}", bar.trim_end());
        }
        let legend = Fill::ALL.into_iter().filter(|f| *f != Fill::Nothing);
        let legend: Vec<String> = legend.map(|f| format!("{} {}", f.sign(), f.word())).collect();
        let _ = writeln!(out, "\n{}", legend.join("   "));
        harmless(&out)
    }
}

/// A part of the time line, cut into columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Left edge.
    pub since: Moment,
    /// Milliseconds a column, at least 1.
    pub per_column: u64,
    /// Columns.
    pub columns: usize,
}

impl Scale {
    /// A scale on which `since` to `until` fits into `columns`, enlarged `zoom` times (at least 1) from `since` on.
    pub fn fit(since: Moment, until: Moment, columns: usize, zoom: u64) -> Self {
        let columns = columns.max(1);
        let wide = columns as u64;
        let per_column = until.since(since).div_ceil(wide).div_ceil(zoom.max(1)).max(1);
        Self { since, per_column, columns }
    }

    /// The column in which a moment lies; `None`: left or right of it.
    pub fn column(&self, at: Moment) -> Option<usize> {
        if at < self.since {
            return None;
        }
        let column = usize::try_from(at.since(self.since) / self.per_column.max(1)).ok()?;
        (column < self.columns).then_some(column)
    }

    /// Begin of a column.
    pub fn at(&self, column: usize) -> Moment {
        self.since.plus(self.per_column.saturating_mul(column as u64))
    }
}

impl Row {
    /// What to draw in each column. A short failure is drawn even where it fills only a part of its column.
    pub fn cells(&self, scale: &Scale) -> Vec<Fill> {
        let mut out = vec![Fill::Nothing; scale.columns];
        let end = scale.at(scale.columns);
        let mut paint = |since: Moment, until: Moment, fill: Fill| {
            if until < scale.since || since >= end {
                return;
            }
            let first = scale.column(since).unwrap_or(0);
            // The moment at which it ended belongs to what comes next, unless it is no longer than a column.
            let last = Moment(until.0.saturating_sub(1)).max(since);
            let last = scale.column(last).unwrap_or(scale.columns.saturating_sub(1));
            for cell in out.iter_mut().take(last + 1).skip(first) {
                *cell = (*cell).max(fill);
            }
        };
        if let (Some(first), Some(last)) = (self.spans.first(), self.spans.iter().map(|s| s.until).max()) {
            paint(first.since, last, Fill::Waited);
        }
        for span in &self.spans {
            paint(span.since, span.until, span.fill);
        }
        out
    }

    /// The span at a column: the one that wins it, the latest of equals.
    pub fn span_at(&self, scale: &Scale, column: usize) -> Option<&Span> {
        let (from, to) = (scale.at(column), scale.at(column + 1));
        self.spans
            .iter()
            .filter(|s| s.since < to && (s.until > from || s.since >= from))
            .max_by_key(|s| (s.fill, s.since))
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
    use proptest::prelude::*;

    fn span(since: u64, until: u64, fill: Fill) -> Span {
        Span { since: Moment(since), until: Moment(until), fill, step: None, attempt: 1 }
    }

    fn row(spans: Vec<Span>) -> Row {
        Row {
            node: NodeId(1),
            name: "node-1".into(),
            state: JobNodeState::Running,
            busy_ms: 0,
            waiting_ms: 0,
            spans,
        }
    }

    fn drawn(row: &Row, scale: &Scale) -> String {
        row.cells(scale).into_iter().map(Fill::sign).collect()
    }

    #[test]
    fn spans_in_columns() {
        let row = row(vec![
            span(100, 300, Fill::Changed),
            span(300, 301, Fill::Failed),
            span(500, 600, Fill::Unchanged),
            span(600, 1000, Fill::Runs),
        ]);
        let whole = Scale::fit(Moment(0), Moment(1000), 10, 1);
        assert_eq!(drawn(&row, &whole), " ==x.->>>>");
        let closer = Scale { since: Moment(200), ..Scale::fit(Moment(0), Moment(1000), 10, 2) };
        assert_eq!(drawn(&row, &closer), "==x...--> >".replace("> >", ">>"));
        assert_eq!(row.span_at(&whole, 3).unwrap().fill, Fill::Failed);
        assert_eq!(row.span_at(&whole, 4), None);
        assert_eq!(row.span_at(&whole, 0), None);
        assert_eq!(drawn(&self::row(Vec::new()), &whole), " ".repeat(10));
    }

    #[test]
    fn as_text() {
        let mut two = row(vec![span(61_000, 90_000, Fill::Failed)]);
        two.name = "cmp-1".into();
        let line = Timeline {
            since: Moment(0),
            until: Moment(90_000),
            stages: vec![(Moment(0), "controllers".into()), (Moment(61_000), "computes".into())],
            rows: vec![row(vec![span(0, 30_000, Fill::Changed), span(40_000, 61_000, Fill::Unchanged)]), two],
        };
        insta::assert_snapshot!(line.text(0));
    }

    #[test]
    fn a_job_of_no_length_has_a_scale() {
        let scale = Scale::fit(Moment(5), Moment(5), 0, 0);
        assert_eq!((scale.columns, scale.per_column), (1, 1));
        assert_eq!(drawn(&row(vec![span(5, 5, Fill::Changed)]), &scale), "=");
    }

    proptest! {
        #[test]
        fn every_span_in_sight_is_drawn(
            spans in prop::collection::vec((0_u64..5000, 0_u64..500), 1..20), from in 0_u64..5000, columns in 1_usize..200, zoom in 1_u64..9,
        ) {
            let mut spans: Vec<Span> = spans.iter().map(|(s, l)| span(*s, s + l, Fill::Changed)).collect();
            spans.sort_by_key(|s| s.since);
            let row = row(spans);
            let scale = Scale { since: Moment(from), ..Scale::fit(Moment(0), Moment(5500), columns, zoom) };
            let cells = row.cells(&scale);
            prop_assert_eq!(cells.len(), columns);
            for span in &row.spans {
                if let Some(column) = scale.column(span.since) {
                    prop_assert_eq!(cells[column], Fill::Changed);
                    prop_assert!(row.span_at(&scale, column).is_some());
                }
            }
        }
    }
}
