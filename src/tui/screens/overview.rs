//! An environment at a glance: where it stands, what to do next, and its nodes on their networks. From here goes the report for
//! its owner.

use super::check::sentence;
use super::environment::{no_install, page};
use super::handover::keep;
use super::nodes::details;
use super::overview_words::{job_line, known, line_of, nodes_line, waiting};
use super::ways::key_of;
use crate::api::handover::Parts;
use crate::api::rows::{JobRow, Matter, NodeRow};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::access;
use crate::domain::check::Verdict;
use crate::domain::ids::EnvId;
use crate::domain::netplan::{NetworkPlan, NodeFacts, Resolved, Severity, resolve};
use crate::domain::node::NodeState;
use crate::domain::picture::{Topology, spark};
use crate::domain::proof::Outcome;
use crate::domain::report::JobReport;
use crate::domain::time::Moment;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::fresh::Fresh;
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::list::List;
use crate::tui::widgets::{bar, empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Columns of the facts where the drawing stands beside them, and from how many columns on it does.
const LEFT: u16 = 56;
const BESIDE: u16 = 130;
/// Bars of the throughput, and how long one is, milliseconds.
const BARS: u64 = 24;
const BAR_MS: u64 = 5_000;
/// The call for the report of a job.
const REPORT: u64 = 1;

/// The page.
pub struct OverviewPage {
    env: EnvId,
    list: List,
    plan: NetworkPlan,
    planned: bool,
    /// Why the plan is not known.
    refused: Option<Text>,
    /// What follows from plan and nodes; worked out when one of them changes, not for each frame.
    resolved: Resolved,
    drawn: Topology,
    fresh: Fresh,
    /// Steps that were done at a moment, while a job was looked at.
    seen: Vec<(Moment, u64)>,
    /// The report of the newest job, while it is fetched for the file.
    report: Option<Vec<u8>>,
}

impl OverviewPage {
    /// The overview of an environment.
    pub fn new(env: EnvId) -> Self {
        Self {
            env,
            list: List::default(),
            plan: NetworkPlan::default(),
            planned: false,
            refused: None,
            resolved: Resolved::default(),
            drawn: Topology::default(),
            fresh: Fresh::default(),
            seen: Vec::new(),
            report: None,
        }
    }

    fn ask(&self) -> Request {
        Request::Net { env: self.env }
    }

    fn work_out(&mut self, cx: &Shared) {
        let nodes = cx.data.nodes(self.env);
        let seen: Vec<_> = nodes.iter().map(|n| (NodeFacts::from(*n), n.state)).collect();
        let facts: Vec<NodeFacts<'_>> = seen.iter().map(|(facts, _)| *facts).collect();
        self.resolved = resolve(&self.plan, &facts);
        self.drawn = Topology::of(&self.plan, &self.resolved, &seen);
    }

    fn keys(&self) -> Vec<u64> {
        self.drawn.members.iter().map(|m| m.id.0).collect()
    }

    /// The job of which the report tells: the newest one.
    fn newest<'a>(&self, cx: &'a Shared) -> Option<&'a JobRow> {
        cx.data.jobs(self.env).into_iter().next_back()
    }

    fn sample(&mut self, cx: &Shared) {
        let Some(job) = self.newest(cx).filter(|j| !j.state.is_over()) else { return self.seen.clear() };
        let done = u64::from(job.changed) + u64::from(job.unchanged);
        let old = cx.now.0.saturating_sub(BARS * BAR_MS);
        self.seen.retain(|(at, _)| at.0 >= old);
        self.seen.push((cx.now, done));
    }

    /// Steps done in each of the last bars, the newest last.
    fn bars(&self, now: Moment) -> Vec<u64> {
        let mut out = vec![0; usize::try_from(BARS).unwrap_or(0)];
        for pair in self.seen.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            let back = usize::try_from(now.since(*at) / BAR_MS).unwrap_or(usize::MAX);
            let place = out.len().checked_sub(back.saturating_add(1));
            if let Some(cell) = place.and_then(|p| out.get_mut(p)) {
                *cell += after.saturating_sub(*before);
            }
        }
        out
    }

    /// Everything that the file is made from; the job's report where there is one.
    fn document(&self, cx: &Shared, job: Option<JobReport>) -> Option<Effect> {
        let env = cx.data.environment(self.env)?.env.clone();
        let nodes: Vec<&NodeRow> = cx.data.nodes(self.env);
        let mut parts = Parts::new(env, nodes.iter().map(|n| (*n).clone()).collect());
        parts.resolved = self.resolved.clone();
        parts.plan = self.plan.clone();
        parts.check = cx.data.check(self.env).and_then(|c| c.report.clone());
        parts.proof = cx.data.proof(self.env).and_then(|p| p.proof.clone());
        parts.job = job;
        let findings = parts
            .check
            .iter()
            .flat_map(|report| report.findings.iter().map(|finding| sentence(cx, report, finding, "found")));
        let findings = findings.collect();
        let by = cx.me.as_ref().map_or("", |me| me.name.as_str());
        let word = |key: &str| cx.tr(&Text::key(key));
        let html = parts.handover(cx.now, by, findings).html(cx.language(), &word);
        Some(Effect::Push(keep(&parts.env.name, html)))
    }

    fn fetched(&mut self, cx: &Shared, part: crate::api::views::ReportPart) -> Vec<Effect> {
        let Some(bytes) = &mut self.report else { return Vec::new() };
        if part.offset != bytes.len() as u64 {
            return Vec::new();
        }
        let ends = part.bytes.is_empty();
        bytes.extend(part.bytes);
        let so_far = bytes.len() as u64;
        if so_far < part.length && !ends {
            let Some(job) = self.newest(cx).map(|j| j.id) else { return Vec::new() };
            let next = Request::JobReport { job, part: Some((part.number, so_far)) };
            return vec![Effect::Call(Tag::Item(REPORT), next)];
        }
        let report = self.report.take().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        self.document(cx, report).into_iter().collect()
    }
}

impl Screen for OverviewPage {
    fn name(&self) -> &'static str {
        "overview"
    }

    fn crumb(&self, _: &Shared) -> Option<Text> {
        Some(t!("crumb-overview"))
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Overview, Context::Environment, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        vec![
            Topic::Nodes(self.env),
            Topic::Jobs(self.env),
            Topic::Check(self.env),
            Topic::Proof(self.env),
            Topic::Matter(self.env, Matter::Network),
        ]
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.sample(cx);
        self.work_out(cx);
        self.fresh.ask(cx, self.ask())
    }

    fn changed(&mut self, cx: &Shared, topic: Topic) -> Vec<Effect> {
        match topic {
            Topic::Jobs(_) => self.sample(cx),
            Topic::Nodes(_) => self.work_out(cx),
            _ => {}
        }
        if self.fresh.marked(cx.data.mark(self.env, Matter::Network)) {
            return self.fresh.changed(cx, self.ask());
        }
        Vec::new()
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::Install => no_install(cx, self.env),
            Action::Open if cx.data.nodes(self.env).is_empty() => Some(t!("refused-no-node")),
            Action::Export if self.report.is_some() => Some(t!("report-loading")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Overview => Some(Vec::new()),
            // The tabs lie below this page.
            Action::TabNodes | Action::TabModules | Action::TabJobs => {
                Some(vec![Effect::Close, Effect::Line(action.word().to_owned())])
            }
            Action::TabNext | Action::TabBefore => Some(vec![Effect::Close]),
            Action::Open => {
                let key = self.list.selected(&self.keys())?;
                let node = cx.data.nodes(self.env).into_iter().find(|n| n.id.0 == key)?;
                Some(vec![Effect::Push(Box::new(details(node)))])
            }
            Action::Export => match self.newest(cx) {
                Some(job) => {
                    self.report = Some(Vec::new());
                    let request = Request::JobReport { job: job.id, part: None };
                    Some(vec![Effect::Call(Tag::Item(REPORT), request)])
                }
                None => Some(self.document(cx, None).into_iter().collect()),
            },
            _ => match page(cx, self.env, action) {
                Some(page) => Some(vec![Effect::Push(page)]),
                None => self.list.act(action, &self.keys()).then(Vec::new),
            },
        }
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        match (tag, result) {
            (Tag::Item(REPORT), Ok(Response::Report(part))) => self.fetched(cx, part),
            (_, Ok(Response::Net(view))) => {
                (self.plan, self.planned, self.refused) = (view.plan, true, None);
                self.work_out(cx);
                self.fresh.came(cx, true, self.ask())
            }
            (_, Ok(_)) => Vec::new(),
            (tag, Err(failure)) => {
                let why = cx.catalogue.failure(&failure);
                let said = Effect::Say(Level::Bad, why.clone());
                if tag == Tag::Item(REPORT) {
                    // Without the job the report is still worth having.
                    self.report = None;
                    return self.document(cx, None).into_iter().chain([said]).collect();
                }
                let mut effects = self.fresh.came(cx, false, self.ask());
                if self.planned {
                    effects.push(said);
                } else {
                    self.refused = Some(why);
                }
                effects
            }
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.newest(cx).is_some_and(|j| !j.state.is_over())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let beside = area.width >= BESIDE;
        let left = if beside { Rect { width: LEFT, ..area } } else { area };
        let lines = self.facts(cx, usize::from(left.width));
        let used = cells(lines.len());
        for (y, line) in (left.y..left.bottom()).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..left });
        }
        let rest = if beside {
            Rect { x: area.x + LEFT, width: area.width - LEFT, ..area }
        } else {
            Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area }
        };
        self.drawing(cx, frame, rest);
    }
}

impl OverviewPage {
    fn drawing(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let topology = &self.drawn;
        if topology.members.is_empty() {
            let topic = Topic::Nodes(self.env);
            if cx.data.has(topic) {
                return empty::draw(cx, frame, area, &[t!("nodes-empty")]);
            }
            return empty::watched(cx, frame, area, topic);
        }
        let columns = usize::from(area.width).saturating_sub(2);
        let keys = self.keys();
        // The head has three lines at most.
        let rows = (usize::from(area.height).saturating_sub(3) / 2).max(1);
        let offset = self.list.scroll(&keys, rows);
        let selected = self.list.selected(&keys);
        let (head, body) = topology.lines(columns, offset..offset + rows + 1, |r| states::roles(cx, r));
        for (y, drawn) in (area.y..area.bottom()).zip(head.into_iter().chain(body)) {
            let here = drawn.node.is_some_and(|n| selected == Some(n.0));
            frame.render_widget(line_of(cx, drawn, here), Rect { y, height: 1, ..area });
        }
    }

    /// Where it stands, a line each, and what to do next.
    fn facts(&self, cx: &Shared, columns: usize) -> Vec<Line<'static>> {
        let Some(row) = cx.data.environment(self.env) else { return Vec::new() };
        let nodes = cx.data.nodes(self.env);
        let state = states::environment(row);
        let dim = |words: String| (words, Part::Text);
        let platform = format!(
            "{} · {}",
            row.env.platform,
            cx.tr(&t!("overview-modules", count = row.env.modules.len()))
        );
        let mut pairs: Vec<(Text, (String, Part))> = vec![
            (t!("col-state"), (state.text(cx), state.part)),
            (t!("overview-platform"), dim(platform)),
            (t!("overview-nodes"), known(cx, Topic::Nodes(self.env), || nodes_line(cx, &nodes))),
            (t!("overview-network"), self.network(cx)),
            (t!("overview-check"), known(cx, Topic::Check(self.env), || self.check(cx))),
            (t!("overview-proof"), known(cx, Topic::Proof(self.env), || self.proof(cx))),
        ];
        pairs.extend(self.newest(cx).map(|job| (t!("overview-job"), job_line(cx, job))));
        let wide = pairs.iter().map(|(label, _)| text::width(&cx.tr(label))).max().unwrap_or(0);
        let room = columns.saturating_sub(wide + 4);
        let mut lines: Vec<Line> = pairs
            .into_iter()
            .flat_map(|(label, (words, part))| {
                let label = text::left(&cx.tr(&label), wide);
                let blank = " ".repeat(wide);
                let lines = text::wrap(&words, room.max(10)).into_iter().enumerate();
                let lines = lines.map(move |(n, words)| {
                    let label = if n == 0 { label.clone() } else { blank.clone() };
                    Line::from(vec![
                        Span::styled(format!(" {label}  "), cx.style(Part::Dim)),
                        Span::styled(words, cx.style(part)),
                    ])
                });
                lines.collect::<Vec<_>>()
            })
            .collect();
        if let Some(job) = self.newest(cx).filter(|j| !j.state.is_over()) {
            let mut spans = vec![Span::raw(" ")];
            spans.extend(bar::spans(cx, job.permille, 20, Part::BarDone));
            spans.push(Span::styled(format!(" {}", text::percent(job.permille)), cx.style(Part::Text)));
            lines.push(Line::from(spans));
            let mut spans = vec![Span::raw(" ")];
            spans.push(Span::styled(spark(&self.bars(cx.now)), cx.style(Part::Busy)));
            let seconds = BARS * BAR_MS / 1000;
            spans.push(Span::styled(
                format!(" {}", cx.tr(&t!("overview-throughput", span = text::duration(seconds * 1000)))),
                cx.style(Part::Dim),
            ));
            lines.push(Line::from(spans));
        }
        // What is not known yet leads nowhere.
        if cx.data.has(Topic::Nodes(self.env)) {
            let next = cx.tr(&self.next(cx, &nodes));
            for (n, line) in text::wrap(&next, columns.saturating_sub(3)).into_iter().enumerate() {
                let lead = if n == 0 { "→" } else { " " };
                lines.push(Line::styled(format!(" {lead} {line}"), cx.style(Part::Title)));
            }
        }
        lines.push(Line::default());
        lines
    }

    fn network(&self, cx: &Shared) -> (String, Part) {
        if !self.planned {
            return waiting(cx, self.refused.as_ref());
        }
        if self.plan.is_empty() {
            return (format!("– {}", cx.tr(&t!("overview-not-planned"))), Part::Dim);
        }
        let count = self.plan.nets.len() + self.plan.wires.len();
        let words = cx.tr(&t!("overview-networks", count = count));
        let faults = self.resolved.faults.iter().filter(|f| f.severity != Severity::Warning).count();
        if faults == 0 {
            return (format!("✓ {words}"), Part::Good);
        }
        (format!("✗ {words}, {}", cx.tr(&t!("overview-faults", count = faults))), Part::Bad)
    }

    fn check(&self, cx: &Shared) -> (String, Part) {
        let Some(report) = cx.data.check(self.env).and_then(|row| row.report.as_ref()) else {
            return (format!("– {}", cx.tr(&t!("overview-never"))), Part::Dim);
        };
        let verdict = report.verdict();
        let (glyph, part) = match verdict {
            Verdict::Passed => ("✓", Part::Good),
            Verdict::Failed => ("✗", Part::Bad),
            Verdict::Warned | Verdict::Incomplete => ("!", Part::Warn),
        };
        let words = cx.tr(&Text::key(format!("check-verdict-{}", verdict.word())));
        (format!("{glyph} {words}, {}", cx.tr(&text::ago(cx.now, report.ended))), part)
    }

    fn proof(&self, cx: &Shared) -> (String, Part) {
        let Some(proof) = cx.data.proof(self.env).and_then(|row| row.proof.as_ref()) else {
            return (format!("– {}", cx.tr(&t!("overview-never"))), Part::Dim);
        };
        let (glyph, part) = match proof.outcome {
            Outcome::Proven => ("✓", Part::Good),
            Outcome::Failed => ("✗", Part::Bad),
            Outcome::Running => ("▸", Part::Busy),
            _ => ("!", Part::Warn),
        };
        let words = cx.tr(&Text::key(format!("proof-outcome-{}", proof.outcome.word())));
        let at = proof.ended.unwrap_or(proof.started);
        (format!("{glyph} {words}, {}", cx.tr(&text::ago(cx.now, at))), part)
    }

    /// The one thing that brings this environment on.
    fn next(&self, cx: &Shared, nodes: &[&NodeRow]) -> Text {
        let key = |action| key_of(cx, action, Context::Environment);
        let checked = cx.data.check(self.env).is_some_and(|row| row.report.is_some());
        let proven = cx.data.proof(self.env).and_then(|row| row.proof.as_ref());
        let proven = proven.is_some_and(|p| p.outcome == Outcome::Proven);
        let to = |needs, text| if cx.may(needs) { text } else { cx.only_look(needs) };
        if nodes.is_empty() {
            to(access::Action::Configure, t!("next-nodes", key = key(Action::TabNodes)))
        } else if self.newest(cx).is_some_and(|j| !j.state.is_over()) {
            t!("next-job", key = key(Action::TabJobs))
        } else if nodes.iter().any(|n| n.state == NodeState::Failed) {
            t!("next-failed", key = key(Action::TabJobs))
        } else if nodes.iter().all(|n| n.roles.is_empty()) {
            to(access::Action::Configure, t!("next-roles", key = key(Action::TabNodes)))
        } else if nodes.iter().all(|n| n.state == NodeState::Installed) {
            if proven {
                t!("next-report", key = key_of(cx, Action::Export, Context::Overview))
            } else {
                to(access::Action::Install, t!("next-proof", key = key(Action::Proof)))
            }
        } else if checked {
            to(access::Action::Install, t!("next-install", key = key(Action::Install)))
        } else {
            to(access::Action::Configure, t!("next-check", key = key(Action::Connectivity)))
        }
    }
}
