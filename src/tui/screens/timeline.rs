//! A job over time: one row a node, what was done on it when. The report it is drawn from can be kept as a file.
//!
//! The report comes in parts and is as of one moment; while the job goes on it is asked for anew now and then.

use super::attempts::AttemptsPage;
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::JobId;
use crate::domain::picture::spark;
use crate::domain::report::{self, JobReport};
use crate::domain::time::Moment;
use crate::domain::timeline::{Fill, Row, Scale, Timeline};
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Link, Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::form::{Fields, Form, Purpose};
use crate::tui::widgets::list::List;
use crate::tui::widgets::{empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::cell::Cell;
use std::sync::Arc;

/// A report of a job that goes on is asked for anew after this long, milliseconds.
const STALE_MS: u64 = 5_000;
/// Largest zoom.
const ZOOM_MAX: u64 = 4096;

/// The page.
pub struct TimelinePage {
    job: JobId,
    /// Parts of the report that is being fetched.
    bytes: Vec<u8>,
    fetching: bool,
    report: Option<Arc<JobReport>>,
    refused: Option<Text>,
    line: Timeline,
    list: List,
    zoom: u64,
    /// Columns that lie left of the screen.
    left: u64,
    /// Columns that the last frame had for bars.
    room: Cell<usize>,
}

impl TimelinePage {
    /// The page of a job.
    pub fn new(job: JobId) -> Self {
        Self {
            job,
            bytes: Vec::new(),
            fetching: false,
            report: None,
            refused: None,
            line: Timeline::default(),
            list: List::default(),
            zoom: 1,
            left: 0,
            room: Cell::new(40),
        }
    }

    fn fetch(&mut self) -> Vec<Effect> {
        if self.fetching {
            return Vec::new();
        }
        self.fetching = true;
        self.bytes.clear();
        vec![Effect::Call(Tag::Content, Request::JobReport { job: self.job, part: None })]
    }

    fn keys(&self) -> Vec<u64> {
        self.line.rows.iter().map(|r| r.node.0).collect()
    }

    fn selected(&self) -> Option<&Row> {
        let key = self.list.selected(&self.keys())?;
        self.line.rows.iter().find(|r| r.node.0 == key)
    }

    /// The part of the time that is in sight.
    fn scale(&self, columns: usize) -> Scale {
        let whole = Scale::fit(self.line.since, self.line.until, columns, self.zoom);
        let most = self.line.until.since(self.line.since) / whole.per_column.max(1);
        let left = self.left.min((most + 1).saturating_sub(columns as u64));
        Scale {
            since: Moment(self.line.since.0.saturating_add(left.saturating_mul(whole.per_column))),
            ..whole
        }
    }

    fn zoom(&mut self, closer: bool) {
        let half = self.room.get() as u64 / 2;
        if closer && self.zoom < ZOOM_MAX {
            self.zoom *= 2;
            self.left = (self.left + half / 2).saturating_mul(2);
        } else if !closer && self.zoom > 1 {
            self.zoom /= 2;
            self.left = (self.left / 2).saturating_sub(half / 2);
        }
    }

    fn read(&mut self) -> Result<(), Text> {
        let bytes = std::mem::take(&mut self.bytes);
        let report: JobReport =
            serde_json::from_slice(&bytes).map_err(|e| t!("report-unreadable", why = e.to_string()))?;
        let at_end = self.line.rows.is_empty();
        self.line = Timeline::of(&report);
        self.report = Some(Arc::new(report));
        if at_end {
            self.left = 0;
        }
        Ok(())
    }
}

fn fill_part(fill: Fill) -> Part {
    match fill {
        Fill::Nothing | Fill::Waited => Part::Dim,
        Fill::Unchanged | Fill::Changed => Part::Good,
        Fill::Undo | Fill::Renewed => Part::Warn,
        Fill::Runs => Part::Busy,
        Fill::Failed => Part::Bad,
    }
}

/// What fills a column, told by its sign and not by colour alone.
fn fill_sign(fill: Fill) -> char {
    match fill {
        Fill::Changed => '█',
        Fill::Waited => '·',
        other => other.sign(),
    }
}

impl Screen for TimelinePage {
    fn name(&self) -> &'static str {
        "timeline"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-timeline"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Timeline, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Job(self.job)]
    }

    fn online(&mut self, _: &Shared) -> Vec<Effect> {
        (self.fetching, self.refused) = (false, None);
        self.fetch()
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        let Some(report) = &self.report else { return Vec::new() };
        let moved = cx.data.job(self.job).is_some_and(|j| j.state != report.state);
        let stale = !report.state.is_over() && cx.now.since(report.at) > STALE_MS;
        if moved || stale { self.fetch() } else { Vec::new() }
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let needs = matches!(action, Action::Export | Action::Open);
        (needs && self.report.is_none()).then(|| t!("report-loading"))
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::ZoomIn => self.zoom(true),
            Action::ZoomOut => self.zoom(false),
            Action::ScrollLeft => self.left = self.left.saturating_sub(self.room.get() as u64 / 4),
            Action::ScrollRight => {
                let step = self.scale(self.room.get()).per_column.max(1);
                let most = (self.line.until.since(self.line.since) / step + 1)
                    .saturating_sub(self.room.get() as u64);
                self.left = (self.left + self.room.get() as u64 / 4).min(most);
            }
            Action::Open => {
                let node = self.selected()?;
                return Some(vec![Effect::Push(Box::new(AttemptsPage::new(
                    self.job, node.node, &node.name,
                )))]);
            }
            Action::Export => {
                let report = Arc::clone(self.report.as_ref()?);
                return Some(vec![Effect::Push(export(report))]);
            }
            _ => {
                let keys = self.keys();
                return self.list.act(action, &keys).then(Vec::new);
            }
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        if tag != Tag::Content {
            return Vec::new();
        }
        let part = match result {
            Ok(Response::Report(part)) => part,
            Ok(_) => return Vec::new(),
            Err(failure) => {
                self.fetching = false;
                let why = cx.catalogue.failure(&failure);
                if self.report.is_none() {
                    self.refused = Some(why);
                    return Vec::new();
                }
                return vec![Effect::Say(Level::Bad, why)];
            }
        };
        if part.offset != self.bytes.len() as u64 {
            return Vec::new();
        }
        let ends = part.bytes.is_empty();
        self.bytes.extend(part.bytes);
        let so_far = self.bytes.len() as u64;
        if so_far < part.length && !ends {
            let next = Request::JobReport { job: self.job, part: Some((part.number, so_far)) };
            return vec![Effect::Call(Tag::Content, next)];
        }
        self.fetching = false;
        match self.read() {
            Ok(()) => Vec::new(),
            Err(why) => vec![Effect::Say(Level::Bad, why)],
        }
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let Some(report) = &self.report else {
            if self.refused.is_none() && cx.link == Link::Up {
                return empty::draw(cx, frame, area, &[t!("report-loading")]);
            }
            return empty::asked(cx, frame, area, self.refused.as_ref());
        };
        let columns = usize::from(area.width);
        let name = self.line.rows.iter().map(|r| text::width(&r.name)).max().unwrap_or(0).clamp(4, 20);
        let room = columns.saturating_sub(name + 5).max(4);
        self.room.set(room);
        let scale = self.scale(room);
        let mut lines = head(cx, report, columns);
        lines.push(throughput(cx, &self.line, &scale, name, columns));
        lines.push(stages(cx, &self.line, &scale, name));
        lines.push(clock(cx, &scale, name));
        let foot = 3.min(area.height / 4);
        let rows = usize::from(area.height.saturating_sub(foot)).saturating_sub(lines.len()).max(1);
        let keys = self.keys();
        let offset = self.list.scroll(&keys, rows);
        let selected = self.list.selected(&keys);
        for row in self.line.rows.iter().skip(offset).take(rows) {
            lines.push(bar(cx, row, &scale, name, selected == Some(row.node.0)));
        }
        for (y, line) in (area.y..area.bottom().saturating_sub(foot)).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
        let below = foot_lines(cx, self.selected(), columns);
        for (y, line) in (area.bottom().saturating_sub(foot)..area.bottom()).zip(below) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
}

/// Where the time went, in two lines.
fn head(cx: &Shared, report: &JobReport, columns: usize) -> Vec<Line<'static>> {
    let totals = &report.totals;
    let beside = totals.busy_ms.saturating_mul(10) / totals.elapsed_ms.max(1);
    let first = cx.tr(&t!(
        "timeline-totals",
        took = text::duration(totals.elapsed_ms),
        busy = text::duration(totals.busy_ms),
        waited = text::duration(totals.waiting_ms),
        beside = format!("{}.{}", beside / 10, beside % 10)
    ));
    let longest: Vec<String> = report
        .steps
        .iter()
        .take(3)
        .map(|s| format!("{} {} ({})", s.step, text::duration(s.busy_ms), text::percent(s.permille)))
        .collect();
    let second = cx.tr(&t!("timeline-longest", steps = longest.join(", ")));
    [first, second].map(|l| Line::from(text::fit(&format!(" {l}"), columns))).into()
}

/// A bar for the steps that ended in each column.
fn throughput(cx: &Shared, line: &Timeline, scale: &Scale, name: usize, columns: usize) -> Line<'static> {
    let mut ended = vec![0; scale.columns];
    for span in line.rows.iter().flat_map(|r| &r.spans).filter(|s| s.fill != Fill::Runs) {
        if let Some(cell) = scale.column(span.until).and_then(|at| ended.get_mut(at)) {
            *cell += 1;
        }
    }
    let words = cx.tr(&t!("timeline-throughput"));
    let words = text::left(&text::fit(&words, name + 2), name + 3);
    let bars = text::fit(&spark(&ended), columns.saturating_sub(name + 4));
    Line::from(vec![
        Span::styled(format!(" {words}"), cx.style(Part::Dim)),
        Span::styled(bars, cx.style(Part::Busy)),
    ])
}

fn stages(cx: &Shared, line: &Timeline, scale: &Scale, name: usize) -> Line<'static> {
    let mut row = String::new();
    let mut used = 0;
    for (since, stage) in &line.stages {
        let Some(at) = scale.column(*since).filter(|at| *at >= used) else { continue };
        let word = format!("|{}", cx.tr(&Text::key(format!("stage-{stage}"))));
        let word = text::head(&word, scale.columns.saturating_sub(at)).to_owned();
        row.push_str(&" ".repeat(at - used));
        used = at + text::width(&word);
        row.push_str(&word);
    }
    Line::styled(format!("{:1$}{row}", "", name + 4), cx.style(Part::Title))
}

/// A clock every few columns.
fn clock(cx: &Shared, scale: &Scale, name: usize) -> Line<'static> {
    let mut row = String::new();
    let mut at = 0;
    while at + 17 < scale.columns || at == 0 {
        row.push_str(&text::left(&format!("'{}", cx.clock(scale.at(at))), 20));
        at += 20;
    }
    Line::styled(format!("{:1$}{row}", "", name + 4), cx.style(Part::Dim))
}

fn bar(cx: &Shared, row: &Row, scale: &Scale, name: usize, selected: bool) -> Line<'static> {
    let state = states::job_node(row.state);
    let base = if selected { cx.style(Part::Selection) } else { cx.style(Part::Text) };
    let lead = if selected { "»" } else { " " };
    let mut spans = vec![
        Span::styled(lead, base),
        Span::styled(state.glyph, cx.style(state.part)),
        Span::styled(format!(" {} ", text::left(&row.name, name)), base),
    ];
    let mut run = String::new();
    let mut part = None;
    for fill in row.cells(scale) {
        let is = fill_part(fill);
        if part.is_some_and(|p| p != is) {
            spans.push(Span::styled(std::mem::take(&mut run), cx.style(part.unwrap_or(is))));
        }
        part = Some(is);
        run.push(fill_sign(fill));
    }
    spans.push(Span::styled(run, cx.style(part.unwrap_or(Part::Text))));
    Line::from(spans)
}

/// The selected node in words, and what the signs mean.
fn foot_lines(cx: &Shared, row: Option<&Row>, columns: usize) -> Vec<Line<'static>> {
    let words = row.map_or_else(String::new, |row| {
        let longest = row.spans.iter().max_by_key(|s| s.until.since(s.since));
        let longest = longest.map_or_else(String::new, |s| {
            let what = s.step.as_ref().map_or_else(|| cx.tr(&t!("fill-renewed")), ToString::to_string);
            format!("{what} {}", text::duration(s.until.since(s.since)))
        });
        cx.tr(&t!(
            "timeline-node",
            name = row.name.as_str(),
            busy = text::duration(row.busy_ms),
            waited = text::duration(row.waiting_ms),
            longest = longest
        ))
    });
    let mut legend = vec![Span::raw(" ")];
    for fill in Fill::ALL.into_iter().filter(|f| *f != Fill::Nothing) {
        let word = cx.tr(&Text::key(format!("fill-{}", fill.word())));
        legend.push(Span::styled(fill_sign(fill).to_string(), cx.style(fill_part(fill))));
        legend.push(Span::styled(format!(" {word}  "), cx.style(Part::Dim)));
    }
    vec![Line::from(""), Line::from(text::fit(&format!(" {words}"), columns)), Line::from(legend)]
}

/// Asks where to keep the report.
fn export(report: Arc<JobReport>) -> Box<dyn Screen> {
    let path = format!("~/cpmg-job-{}.txt", report.job);
    let fields = vec![Field::text("path", t!("field-report-path"), &path).hint(t!("hint-report-path"))];
    Box::new(Form::new(Export { report }, fields))
}

struct Export {
    report: Arc<JobReport>,
}

impl Purpose for Export {
    fn name(&self) -> &'static str {
        "report-export"
    }

    fn title(&self) -> Text {
        t!("report-title", id = self.report.job.to_string())
    }

    fn submit(&mut self, _: &Shared, fields: &mut Fields) -> Vec<Effect> {
        let path = fields.text("path").to_owned();
        if path.is_empty() || path.ends_with('/') {
            fields.wrong("path", t!("report-no-path"));
            return Vec::new();
        }
        let json = path.rsplit('.').next() == Some("json");
        let text = if json {
            serde_json::to_string_pretty(&*self.report).unwrap_or_default()
        } else {
            report::text(&self.report)
        };
        vec![Effect::Close, Effect::WriteFile { path, text }]
    }

    fn done(&mut self, _: &Shared, _: &mut Fields, _: Tag, _: Response) -> Vec<Effect> {
        Vec::new()
    }
}
