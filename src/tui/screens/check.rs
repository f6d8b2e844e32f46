//! The connectivity check: a matrix of nodes and networks above, what is wrong below, each with its reason.

use crate::api::check::{CheckPhase, CheckRow, CheckRunRow, CheckScope};
use crate::api::{Request, Topic};
use crate::domain::access;
use crate::domain::check::{
    Cell as Square, CellState, CheckReport, Column, Finding, Severity, Verdict, argument, tidy,
};
use crate::domain::ids::{EnvId, NodeId};
use crate::tui::event::{Effect, Tag};
use crate::tui::i18n::{Catalogue, Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::{Confirm, Reading};
use crate::tui::widgets::empty;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Arguments that sentences about findings have.
const ARGUMENTS: [&str; 22] = [
    "why", "count", "net", "there", "others", "nics", "groups", "subject", "vlans", "tried", "other",
    "nodes", "mac", "address", "peer", "mtu", "expected", "host", "offset", "source", "module", "who",
];

/// The page.
pub struct CheckPage {
    env: EnvId,
    nodes: List,
    findings: List,
    /// The keys move in the matrix.
    in_matrix: bool,
}

impl CheckPage {
    /// The page of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, nodes: List::default(), findings: List::default(), in_matrix: false }
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a CheckRow> {
        cx.data.check(self.env)
    }

    fn report<'a>(&self, cx: &'a Shared) -> Option<&'a CheckReport> {
        self.row(cx)?.report.as_ref()
    }

    fn running<'a>(&self, cx: &'a Shared) -> Option<&'a CheckRunRow> {
        cx.data.check_run(self.env).filter(|r| r.ended.is_none())
    }

    fn node_keys(&self, report: &CheckReport) -> Vec<u64> {
        let fits = report.nodes.iter().filter(|n| self.nodes.filter.matches(&n.name));
        fits.map(|n| n.node.0).collect()
    }

    fn finding_keys(&self, cx: &Shared, report: &CheckReport) -> Vec<u64> {
        let all = (0_u64..).zip(&report.findings);
        all.filter(|(_, f)| self.findings.filter.matches(&line(cx, report, f))).map(|(key, _)| key).collect()
    }

    fn finding<'a>(&self, cx: &Shared, report: &'a CheckReport) -> Option<&'a Finding> {
        let at = self.findings.selected(&self.finding_keys(cx, report))?;
        report.findings.get(usize::try_from(at).ok()?)
    }

    fn selected_node(&self, report: &CheckReport) -> Option<NodeId> {
        self.nodes.selected(&self.node_keys(report)).map(NodeId)
    }

    /// What is wrong with the selected thing, in full.
    fn details(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let report = self.report(cx)?;
        let shown: Vec<&Finding> = if self.in_matrix {
            let node = self.selected_node(report)?;
            report
                .findings
                .iter()
                .filter(|f| f.node == Some(node) || f.peer.as_ref().is_some_and(|p| p.node == node))
                .collect()
        } else {
            self.finding(cx, report).into_iter().collect()
        };
        let mut lines: Vec<Text> = Vec::new();
        for finding in &shown {
            if !lines.is_empty() {
                lines.push(Text::plain(""));
            }
            lines.extend(explain(cx, report, finding));
        }
        if lines.is_empty() {
            lines.push(t!("check-nothing-here"));
        }
        let title = if self.in_matrix {
            Text::plain(self.selected_node(report).map(|n| report.name(n)).unwrap_or_default())
        } else {
            t!("check-finding")
        };
        Some(vec![Effect::Push(Box::new(Reading::new(title, lines)))])
    }

    /// Runs this again: the finding's check on its node, or everything on the node.
    fn again(&self, cx: &Shared) -> Option<Vec<Effect>> {
        let report = self.report(cx)?;
        let scope = if self.in_matrix {
            CheckScope { nodes: self.selected_node(report).into_iter().collect(), kinds: Vec::new() }
        } else {
            let finding = self.finding(cx, report)?;
            CheckScope { nodes: finding.node.into_iter().collect(), kinds: vec![finding.check] }
        };
        Some(vec![Effect::Call(Tag::Refresh, Request::CheckRun { env: self.env, scope })])
    }

    /// How the check stands, in lines.
    fn head(&self, cx: &Shared) -> Vec<(String, Part)> {
        let mut lines = Vec::new();
        if let Some(run) = self.running(cx) {
            let phase = if run.phase == CheckPhase::Facts {
                t!("check-phase-facts")
            } else {
                t!("check-phase-asking")
            };
            let left = run
                .usual_ms
                .map(|usual| usual.saturating_sub(cx.now.since(run.started)))
                .filter(|ms| *ms > 0);
            let left = left.map(|ms| cx.tr(&t!("check-left", span = text::duration(ms)))).unwrap_or_default();
            let words = t!(
                "check-running",
                by = run.by.as_str(),
                phase = cx.tr(&phase),
                done = run.done,
                total = run.total
            );
            lines.push((format!("▸ {} {left}", cx.tr(&words)), Part::Busy));
        } else if let Some(run) = cx.data.check_run(self.env) {
            if run.cancelled {
                lines.push((format!("– {}", cx.tr(&t!("check-cancelled"))), Part::Warn));
            } else if let Some(why) = &run.fault {
                lines.push((format!("✗ {}", cx.tr(&t!("check-broken", why = why.as_str()))), Part::Bad));
            }
        }
        let Some(row) = self.row(cx) else { return lines };
        let Some(report) = &row.report else { return lines };
        let verdict = report.verdict();
        let (glyph, part) = match verdict {
            Verdict::Passed => ("✓", Part::Good),
            Verdict::Failed => ("✗", Part::Bad),
            Verdict::Warned => ("!", Part::Warn),
            Verdict::Incomplete => ("?", Part::Warn),
        };
        let words = t!(
            "check-verdict",
            verdict = Text::key(format!("check-verdict-{}", verdict.word())),
            faults = report.count(Severity::Fault),
            warnings = report.count(Severity::Warning),
            unchecked = report.count(Severity::NotChecked),
            ago = text::ago(cx.now, report.ended),
            at = cx.clock(report.ended),
            by = report.by.as_str()
        );
        lines.push((format!("{glyph} {}", cx.tr(&words)), part));
        if !row.changed.is_empty() {
            let what: Vec<String> = row
                .changed
                .iter()
                .map(|c| cx.tr(&Text::key(format!("check-changed-{}", c.word()))))
                .collect();
            let words = t!("check-stale", what = what.join(", "));
            lines.push((format!("! {}", cx.tr(&words)), Part::Warn));
        }
        lines
    }

    fn matrix(&self, cx: &Shared, frame: &mut Frame, area: Rect, report: &CheckReport) {
        let wide = area.width >= 120;
        let mut columns = vec![column(t!("col-node"), Wide::Flex(8), 0)];
        for (n, c) in report.columns.iter().enumerate() {
            let title = if c.is_network() {
                Text::plain(c.word())
            } else {
                Text::key(format!("check-column-{}", c.word()))
            };
            let least = if wide { 13 } else { 9 };
            let width = text::width(&cx.tr(&title)).clamp(least, 18);
            // The networks stay the longest.
            let gives_way = if c.is_network() { 1 } else { u8::try_from(20 + n).unwrap_or(u8::MAX) };
            columns.push(column(title, Wide::Fixed(width), gives_way));
        }
        let keys = self.node_keys(report);
        table::draw(cx, frame, area, &self.nodes, &columns, &keys, |key| {
            let node = NodeId(key);
            let mut cells: Vec<Cell> = vec![(report.name(node), Part::Text)];
            cells.extend(report.columns.iter().map(|c| square(cx, report, node, c, wide)));
            cells
        });
    }

    fn list(&self, cx: &Shared, frame: &mut Frame, area: Rect, report: &CheckReport) {
        let keys = self.finding_keys(cx, report);
        if keys.is_empty() {
            let sentence = if report.findings.is_empty() {
                t!("check-no-findings")
            } else {
                t!("filter-empty", filter = self.findings.filter.text())
            };
            return empty::draw(cx, frame, area, &[sentence]);
        }
        let columns = [
            column(t!("check-col-severity"), Wide::Fixed(13), 0),
            column(t!("check-col-where"), Wide::Fixed(16), 0),
            column(t!("check-col-found"), Wide::Flex(30), 0),
        ];
        table::draw(cx, frame, area, &self.findings, &columns, &keys, |key| {
            let Some(f) = usize::try_from(key).ok().and_then(|at| report.findings.get(at)) else {
                return Vec::new();
            };
            let (glyph, part) = severity(f.severity);
            let word = cx.tr(&Text::key(format!("check-severity-{}", f.severity.word())));
            vec![
                (format!("{glyph} {word}"), part),
                (place(report, f), Part::Text),
                (sentence(cx, report, f, "found"), Part::Text),
            ]
        });
    }
}

fn severity(severity: Severity) -> (&'static str, Part) {
    match severity {
        Severity::Fault => ("✗", Part::Bad),
        Severity::Warning => ("!", Part::Warn),
        Severity::NotChecked => ("?", Part::Warn),
    }
}

/// A cell of the matrix: glyph and word.
fn square(cx: &Shared, report: &CheckReport, node: NodeId, column: &Column, wide: bool) -> Cell {
    let found: Option<&Square> = report.cells.iter().find(|c| c.node == node && c.column == *column);
    let Some(cell) = found else { return ("-".to_owned(), Part::Dim) };
    let (glyph, key, part) = match cell.state {
        CellState::Passed if cell.wire_only => ("✓", "check-cell-wire", Part::Good),
        CellState::Passed => ("✓", "check-cell-passed", Part::Good),
        CellState::Fault => ("✗", "check-cell-fault", Part::Bad),
        CellState::Warning => ("!", "check-cell-warning", Part::Warn),
        CellState::NotChecked => ("?", "check-cell-not-checked", Part::Warn),
    };
    let reached = cell.reached.filter(|_| wide).map(|(n, of)| format!(" {n}/{of}")).unwrap_or_default();
    (format!("{glyph} {}{reached}", cx.tr(&Text::key(key))), part)
}

/// Where a finding is.
fn place(report: &CheckReport, finding: &Finding) -> String {
    let node = finding.node.map(|n| report.name(n)).unwrap_or_default();
    let nic = finding.nic.as_deref().unwrap_or_default();
    let both = format!("{node} {nic}").trim().to_owned();
    if both.is_empty() { finding.column.as_ref().map_or_else(|| "-".to_owned(), Column::word) } else { both }
}

/// One of the sentences about a finding: `found`, `expected` or `mend`.
pub(super) fn sentence(cx: &Shared, report: &CheckReport, finding: &Finding, which: &str) -> String {
    sentence_in(&cx.catalogue, report, finding, which)
}

/// The same, in the language of a catalogue.
pub fn sentence_in(catalogue: &Catalogue, report: &CheckReport, finding: &Finding, which: &str) -> String {
    let key = format!("check-{}-{which}", finding.cause);
    let text = ARGUMENTS
        .iter()
        .fold(Text::key(key), |text, arg| text.with(*arg, argument(finding, arg, |id| report.name(id))));
    tidy(&catalogue.tr(&text))
}

/// What the filter looks at.
fn line(cx: &Shared, report: &CheckReport, f: &Finding) -> String {
    format!(
        "{} {} {} {}",
        f.severity.word(),
        f.check.word(),
        place(report, f),
        sentence(cx, report, f, "found")
    )
}

/// Everything about a finding.
fn explain(cx: &Shared, report: &CheckReport, finding: &Finding) -> Vec<Text> {
    let kind = Text::key(format!("check-kind-{}", finding.check.word()));
    let word = Text::key(format!("check-severity-{}", finding.severity.word()));
    let (glyph, _) = severity(finding.severity);
    let mut lines = vec![
        t!("check-detail-head", glyph = glyph, severity = word, kind = kind, place = place(report, finding)),
        t!("check-detail-found", text = sentence(cx, report, finding, "found")),
        t!("check-detail-expected", text = sentence(cx, report, finding, "expected")),
        t!("check-detail-mend", text = sentence(cx, report, finding, "mend")),
    ];
    if let Some(peer) = &finding.peer {
        lines.push(t!("check-detail-peer", place = format!("{} {}", report.name(peer.node), peer.nic)));
    }
    lines.push(t!("check-detail-since", at = cx.clock(finding.since)));
    lines
}

impl Screen for CheckPage {
    fn name(&self) -> &'static str {
        "check"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-check"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Check, Context::List, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Check(self.env), Topic::Nodes(self.env)]
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        let list = if self.in_matrix { &mut self.nodes } else { &mut self.findings };
        list.filter.key(key).then(Vec::new)
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        if self.in_matrix { self.nodes.filter.prompt() } else { self.findings.filter.prompt() }
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let runs = self.running(cx).is_some();
        match action {
            Action::CheckRun | Action::CheckAgain if runs => Some(t!("refused-check-runs")),
            Action::CheckRun if cx.data.nodes(self.env).is_empty() => Some(t!("refused-no-nodes")),
            Action::CheckAgain if self.report(cx).is_none() => Some(t!("refused-no-check")),
            Action::CheckAgain
                if !self.in_matrix && self.report(cx).is_some_and(|r| r.findings.is_empty()) =>
            {
                Some(t!("refused-no-finding"))
            }
            Action::CheckStop if !runs => Some(t!("refused-check-idle")),
            _ => None,
        }
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        memory.list("findings", &mut self.findings);
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        if let Some(report) = self.report(cx) {
            let keys = if self.in_matrix { self.node_keys(report) } else { self.finding_keys(cx, report) };
            let list = if self.in_matrix { &mut self.nodes } else { &mut self.findings };
            if list.act(action, &keys) {
                return Some(Vec::new());
            }
        }
        match action {
            Action::CheckRun => {
                let request = Request::CheckRun { env: self.env, scope: CheckScope::default() };
                Some(vec![Effect::Call(Tag::Refresh, request)])
            }
            Action::CheckAgain => self.again(cx),
            Action::CheckStop => {
                let env = self.env;
                let body = vec![t!("check-stop-what")];
                let dialog = Confirm::new(t!("check-stop-title"), body, t!("button-check-stop"), move || {
                    vec![Effect::CallDetached(Tag::Refresh, Request::CheckCancel { env })]
                });
                Some(vec![Effect::Push(Box::new(dialog))])
            }
            Action::PaneNext => {
                self.in_matrix = !self.in_matrix;
                Some(Vec::new())
            }
            Action::Open | Action::Details => self.details(cx).or(Some(Vec::new())),
            Action::Yank => {
                let report = self.report(cx)?;
                let finding = self.finding(cx, report)?;
                let lines: Vec<String> = explain(cx, report, finding).iter().map(|l| cx.tr(l)).collect();
                Some(vec![Effect::Copy(lines.join("\n"))])
            }
            _ => None,
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.running(cx).is_some()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let mut y = area.y;
        let width = usize::from(area.width).saturating_sub(2);
        for (line, part) in self.head(cx) {
            for piece in text::wrap(&line, width.max(1)) {
                if y >= area.bottom() {
                    return;
                }
                let line = Line::styled(format!(" {piece}"), cx.style(part));
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y += 1;
            }
        }
        let rest = |y: u16| Rect { y, height: area.bottom().saturating_sub(y), ..area };
        if !cx.data.has(Topic::Check(self.env)) {
            return empty::watched(cx, frame, rest(y), Topic::Check(self.env));
        }
        let Some(report) = self.report(cx) else {
            if self.running(cx).is_none() {
                let (what, how) = (t!("check-empty"), t!("check-empty-do"));
                empty::invite(cx, frame, rest(y), what, access::Action::Configure, how);
            }
            return;
        };
        y = y.saturating_add(1);
        let room = area.bottom().saturating_sub(y);
        let rows = u16::try_from(self.node_keys(report).len()).unwrap_or(u16::MAX);
        // Both are in sight: the matrix takes what it needs, half of the room at most.
        let height = rows.saturating_add(1).min((room / 2).max(2)).min(room);
        let mark = |here: bool, text: Text| format!(" {} {}", if here { "▸" } else { " " }, cx.tr(&text));
        self.matrix(cx, frame, Rect { y, height, ..area }, report);
        y = y.saturating_add(height);
        if y < area.bottom() {
            let heads = [
                mark(self.in_matrix, t!("check-pane-matrix", count = report.nodes.len())),
                mark(!self.in_matrix, t!("check-pane-findings", count = report.findings.len())),
            ];
            let line = Line::styled(heads.join("  "), cx.style(Part::Title));
            frame.render_widget(line, Rect { y, height: 1, ..area });
            self.list(cx, frame, rest(y + 1), report);
        }
    }
}
