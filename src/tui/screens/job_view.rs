//! How a job is drawn: the job's bar, the stages', the nodes', the first error, the panes of output.

use super::job::JobPage;
use super::job_times;
use super::log_pane::LogPane;
use super::{job_node, take_over, ways};
use crate::api::rows::{CurrentStep, JobNodeRow, JobRow, StageRow};
use crate::domain::job::{JobNodeState, JobState, StepState};
use crate::domain::plan::{PlanKind, localized};
use crate::tui::i18n::{Text, t};
use crate::tui::screen::Shared;
use crate::tui::text::{self, cells};
use crate::tui::theme::Part;
use crate::tui::widgets::{bar, empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType};

/// Draws the page.
pub fn draw(page: &JobPage, cx: &Shared, frame: &mut Frame, area: Rect) {
    let Some(job) = cx.data.job(page.job) else {
        let topic = crate::api::Topic::Job(page.job);
        if cx.data.has(topic) {
            return empty::draw(cx, frame, area, &[t!("job-gone")]);
        }
        return empty::watched(cx, frame, area, topic);
    };
    let columns = usize::from(area.width);
    let nodes = cx.data.job_nodes(page.job);
    let mut lines: Vec<Line> = vec![job_line(cx, job, columns)];
    lines.extend(banner_lines(cx, job, &nodes, columns));
    lines.extend(result_line(cx, job, columns));
    lines.extend(stage_lines(cx, &job.stages, columns));
    lines.extend(error_lines(cx, job, columns));
    let mut y = area.y;
    for line in lines {
        if y >= area.bottom() {
            return;
        }
        frame.render_widget(line, Rect { y, height: 1, ..area });
        y = y.saturating_add(1);
    }
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if page.zoom
        && let Some((at, pane)) = page.focus.and_then(|at| page.panes.get(at).map(|p| (at, p)))
    {
        return draw_pane(page, cx, frame, rest, at, pane);
    }
    let for_nodes = nodes_height(nodes.len(), rest.height, page.panes.len());
    let mut used = draw_nodes(page, cx, frame, Rect { height: for_nodes, ..rest }, &nodes);
    if let Some(node) = page.selected(cx)
        && node.state != JobNodeState::Waiting
        && node.state != JobNodeState::Done
    {
        let hints = ways::hints(cx, job, node);
        if !hints.is_empty() && used < rest.height {
            let words = cx.tr(&t!("ways-on-node", name = &node.name, ways = hints.join(" · ")));
            let line = Line::styled(text::fit(&format!(" {words}"), columns), cx.style(Part::Key));
            frame.render_widget(line, Rect { y: rest.y.saturating_add(used), height: 1, ..rest });
            used = used.saturating_add(1);
        }
    }
    let below = Rect { y: rest.y.saturating_add(used), height: rest.height.saturating_sub(used), ..rest };
    draw_panes(page, cx, frame, below);
}

/// Rows for the nodes: two each where there is room, at most half of what there is.
fn nodes_height(nodes: usize, room: u16, panes: usize) -> u16 {
    let most = if panes == 0 { room } else { room / 2 };
    cells(nodes * 2).min(most).max(cells(nodes).min(most)).max(1)
}

fn job_line(cx: &Shared, job: &JobRow, columns: usize) -> Line<'static> {
    let state = states::job(job.state);
    // Each with a shorter form for where there is no room.
    let mut words = vec![vec![cx.tr(&t!("job-line", done = job.nodes_done, nodes = job.nodes))]];
    if job.nodes_failed > 0 {
        words.push(vec![cx.tr(&t!("job-line-failed", failed = job.nodes_failed))]);
    }
    match (job.ended, job.left) {
        (Some(at), _) => {
            words.push(vec![cx.tr(&t!("job-took", span = text::duration(at.since(job.created))))]);
        }
        (None, Some(left)) => words.push(job_times::left(cx, left)),
        (None, None) => {}
    }
    words.push(vec![match &job.cancelled_by {
        Some(by) => cx.tr(&t!("job-cancelled-by", by = by)),
        None => cx.tr(&t!("job-by", by = &job.by)),
    }]);
    let head = format!(" {} ", text::left(&state.text(cx), 12));
    let share = text::right(&text::percent(job.permille), 5);
    let fixed = text::width(&head) + 7;
    let wide = columns.saturating_sub(fixed + 44).clamp(10, 50);
    // What does not fit is left out whole.
    let room = columns.saturating_sub(fixed + wide);
    let mut rest = String::new();
    for forms in words {
        let sep = if rest.is_empty() { "" } else { " · " };
        let used = text::width(&rest) + text::width(sep);
        if let Some(word) = forms.iter().find(|w| rest.is_empty() || used + text::width(w) <= room) {
            rest = format!("{rest}{sep}{word}");
        }
    }
    let mut spans = vec![Span::styled(head, cx.style(state.part))];
    let part = if job.nodes_failed > 0 || job.state == JobState::Failed { Part::Bad } else { Part::BarDone };
    spans.extend(bar::spans(cx, job.permille, wide, part));
    spans.push(Span::styled(share, cx.style(Part::Title)));
    spans.push(Span::raw(format!("  {rest}")));
    Line::from(spans)
}

/// Why it begins nothing new, and what leads on.
fn banner_lines(cx: &Shared, job: &JobRow, nodes: &[&JobNodeRow], columns: usize) -> Vec<Line<'static>> {
    let at_work = nodes.iter().filter(|n| !waits(n) && is_at_work(n.state)).count();
    let mut sentences: Vec<(Text, Part)> = Vec::new();
    match job.state {
        JobState::Holding => {
            let by = job.held_by.as_deref().unwrap_or("?");
            sentences.push((t!("banner-held", by = by, count = at_work), Part::Banner));
        }
        JobState::Draining => sentences.push((t!("banner-draining", count = at_work), Part::Warn)),
        JobState::Cancelling => sentences.push((t!("banner-cancelling", count = at_work), Part::Warn)),
        _ => {}
    }
    // Who undoes a node has not met a failure; the engine counts it all the same.
    if let Some((role, failed, allowed)) = job.over_budget.filter(|_| job.state != JobState::Undone) {
        let role = Text::key(format!("role-{}", role.word()));
        sentences.push((t!("banner-budget", role = role, failed = failed, allowed = allowed), Part::Bad));
    }
    sentences.extend(take_over::told(cx, job).into_iter().map(|s| (s, Part::Warn)));
    let mut lines = Vec::new();
    for (sentence, part) in sentences {
        for line in text::wrap(&cx.tr(&sentence), columns.saturating_sub(2)) {
            lines.push(Line::styled(text::left(&format!(" {line}"), columns), cx.style(part)));
        }
    }
    lines
}

fn is_at_work(state: JobNodeState) -> bool {
    use JobNodeState as S;
    matches!(state, S::Running | S::Undoing | S::Reinstalling | S::Checking)
}

/// What came out of it, once it is over.
fn result_line(cx: &Shared, job: &JobRow, columns: usize) -> Option<Line<'static>> {
    if job.state != JobState::Succeeded {
        return None;
    }
    let sentence = if job.kind == PlanKind::DryRun {
        t!("job-dry-result", changed = job.changed, unchanged = job.unchanged)
    } else if job.kind == PlanKind::Reinstall {
        return None;
    } else if job.changed == 0 {
        t!("job-nothing", steps = job.unchanged)
    } else {
        t!("job-result", changed = job.changed, unchanged = job.unchanged)
    };
    let line = text::fit(&format!(" {}", cx.tr(&sentence)), columns);
    Some(Line::styled(line, cx.style(Part::Good)))
}

/// The stages side by side, as many lines as they need.
fn stage_lines(cx: &Shared, stages: &[StageRow], columns: usize) -> Vec<Line<'static>> {
    let words: Vec<String> =
        stages.iter().map(|s| cx.tr(&Text::key(format!("stage-{}", s.kind.word())))).collect();
    let widest = words.iter().map(|w| text::width(w)).max().unwrap_or(0);
    // Word, bar, percent, nodes.
    let fixed = widest + 1 + 1 + 4 + 1 + 5 + 2;
    let each = (columns.saturating_sub(1) / stages.len().max(1)).clamp(fixed + 6, fixed + 24);
    let per_line = (columns.saturating_sub(1) / each).max(1);
    let mut lines = Vec::new();
    for row in stages.iter().zip(&words).collect::<Vec<_>>().chunks(per_line) {
        let mut spans = vec![Span::raw(" ")];
        for (stage, word) in row {
            let part = if stage.permille >= 1000 { Part::Good } else { Part::Busy };
            spans.push(Span::raw(text::left(word, widest) + " "));
            spans.extend(bar::spans(cx, stage.permille, each - fixed, part));
            let done = format!("{}/{}", stage.done, stage.nodes);
            let share = text::right(&text::percent(stage.permille), 5);
            spans.push(Span::raw(format!("{share} {}  ", text::left(&done, 5))));
        }
        lines.push(Line::from(spans));
    }
    lines
}

fn error_lines(cx: &Shared, job: &JobRow, columns: usize) -> Vec<Line<'static>> {
    let Some(error) = &job.first_error else { return Vec::new() };
    let step = error.step.as_ref().map(ToString::to_string).unwrap_or_default();
    let sentence =
        t!("job-first-error", name = &error.name, step = step, what = cx.catalogue.kept(&error.what));
    let style = cx.style(Part::Bad);
    let lines = text::wrap(&cx.tr(&sentence), columns.saturating_sub(4));
    let lead = |n: usize| if n == 0 { " ✗ " } else { "   " };
    let mut out: Vec<Line> = lines
        .into_iter()
        .take(3)
        .enumerate()
        .map(|(n, l)| Line::styled(format!("{}{l}", lead(n)), style))
        .collect();
    if let Some(last) = error.tail.iter().rev().find(|l| !l.trim().is_empty()) {
        let line = cx.tr(&Text::plain(last.as_str()));
        out.push(Line::styled(text::fit(&format!("   {line}"), columns), cx.style(Part::Dim)));
    }
    if let Some(known) = &error.known {
        let (title, mend) = (Text::Local(known.title.clone()), Text::Local(known.mend.clone()));
        let sentence = cx.tr(&t!("job-known-short", title = title, mend = mend));
        let lines = text::wrap(&sentence, columns.saturating_sub(4)).into_iter().take(2);
        out.extend(lines.map(|l| Line::styled(format!("   {l}"), cx.style(Part::Warn))));
    }
    out
}

/// Draws the nodes; returns the rows used.
fn draw_nodes(page: &JobPage, cx: &Shared, frame: &mut Frame, area: Rect, nodes: &[&JobNodeRow]) -> u16 {
    let keys = page.keys(cx);
    let talk = nodes.iter().any(|n| node_words(cx, n).1.is_some());
    let rows_each = if talk && nodes.len() * 2 <= usize::from(area.height) { 2 } else { 1 };
    let room = usize::from(area.height) / rows_each;
    let offset = page.list.scroll(&keys, room);
    let names = nodes.iter().map(|n| text::width(&n.name)).max().unwrap_or(4).clamp(4, 20);
    let word = |n: &&JobNodeRow| text::width(&states::job_node(n.state).text(cx));
    let states_wide = nodes.iter().map(word).max().unwrap_or(11).clamp(11, 14);
    let mut y = area.y;
    for node in nodes.iter().skip(offset).take(room) {
        let selected = page.selected(cx).is_some_and(|s| s.node == node.node);
        let picked = page.picked.contains(&node.node);
        for line in node_lines(
            cx,
            node,
            (names, states_wide),
            usize::from(area.width),
            rows_each,
            selected,
            picked,
            page.focus.is_none(),
        ) {
            if y < area.bottom() {
                frame.render_widget(line, Rect { y, height: 1, ..area });
                y = y.saturating_add(1);
            }
        }
    }
    y.saturating_sub(area.y)
}

#[expect(clippy::too_many_arguments, reason = "one row, all of it is what it shows")]
fn node_lines(
    cx: &Shared,
    node: &JobNodeRow,
    (names, states_wide): (usize, usize),
    columns: usize,
    rows: usize,
    selected: bool,
    picked: bool,
    focused: bool,
) -> Vec<Line<'static>> {
    let state = states::job_node(if waits(node) { JobNodeState::Waiting } else { node.state });
    let lead = match (selected, picked) {
        (true, true) => "»*",
        (true, false) => "» ",
        (false, true) => " *",
        (false, false) => "  ",
    };
    let base = match (selected, focused) {
        (true, true) => cx.style(Part::Selection),
        (true, false) => cx.style(Part::SelectionIdle),
        (false, _) => cx.style(Part::Text),
    };
    let style = |part: Part| if selected && focused { base } else { base.patch(cx.style(part)) };
    let wide = if columns >= 120 { 24 } else { 10 };
    let mut spans = vec![
        Span::styled(lead, base),
        Span::styled(text::left(&state.text(cx), states_wide) + " ", style(state.part)),
        Span::styled(text::left(&node.name, names) + " ", base),
    ];
    let bar_part = if node.state == JobNodeState::Failed { Part::Bad } else { Part::BarDone };
    if selected && focused {
        // A bar in reverse would show the opposite.
        let full = wide * usize::from(node.permille.min(1000)) / 1000;
        spans.push(Span::styled("█".repeat(full) + &"░".repeat(wide - full), cx.style(bar_part)));
    } else {
        spans.extend(bar::spans(cx, node.permille, wide, bar_part));
    }
    spans.push(Span::styled(text::right(&text::percent(node.permille), 5) + "  ", base));
    let used: usize = spans.iter().map(|s| text::width(&s.content)).sum();
    let (first, second) = node_words(cx, node);
    let (first, part) = if rows == 1
        && let Some((words, Part::Warn | Part::Bad)) = &second
    {
        (format!("{first} · {words}"), Part::Warn)
    } else {
        (first, Part::Text)
    };
    spans.push(Span::styled(text::left(&first, columns.saturating_sub(used)), style(part)));
    let mut lines = vec![Line::from(spans)];
    if rows == 2 {
        let (words, part) = second.unwrap_or_default_row();
        let line = format!("    {words}");
        lines.push(Line::styled(text::fit(&line, columns), cx.style(part)));
    }
    lines
}

trait OrEmpty {
    fn unwrap_or_default_row(self) -> (String, Part);
}

impl OrEmpty for Option<(String, Part)> {
    fn unwrap_or_default_row(self) -> (String, Part) {
        self.unwrap_or_else(|| (String::new(), Part::Dim))
    }
}

/// Between two stages a node is under way and yet does nothing.
pub fn waits(node: &JobNodeRow) -> bool {
    let waiting = |step: &CurrentStep| step.state == StepState::Waiting;
    node.state == JobNodeState::Running && node.current.as_ref().is_some_and(waiting)
}

/// What a node does, and its current line or what is odd about it.
fn node_words(cx: &Shared, node: &JobNodeRow) -> (String, Option<(String, Part)>) {
    let count = cx.tr(&t!("job-step-of", done = node.done, steps = node.steps));
    let special = matches!(
        node.state,
        JobNodeState::Undoing
            | JobNodeState::Undone
            | JobNodeState::UndoFailed
            | JobNodeState::Reinstalling
            | JobNodeState::Manual
            | JobNodeState::Checking
    );
    if special {
        return (count, job_node::node_facts(cx, node).into_iter().next());
    }
    let why = node.why.as_ref().map(|w| cx.tr(&cx.catalogue.kept(w)));
    let part = if node.state == JobNodeState::Failed { Part::Bad } else { Part::Dim };
    let why = why.map(|w| (w, part));
    let Some(step) = node.current.as_ref().filter(|_| node.state != JobNodeState::Done) else {
        return (count, why.or_else(|| job_times::waits(cx, node)));
    };
    let title = localized(&step.title, cx.language());
    let title = if title.is_empty() { step.step.to_string() } else { cx.tr(&Text::plain(title)) };
    let mut words = format!("{count}  {title}");
    let mut second = why;
    if let StepState::Running { since } = &step.state {
        let times = job_times::elapsed(cx, step, *since);
        words = format!("{count}  {times}  {title}");
        second = Some(running_words(cx, node, step, *since));
    } else if node.state.is_at_rest() {
        // What went wrong says more than that somebody has to decide about it.
        let line = (!step.line.is_empty()).then(|| (cx.tr(&Text::plain(step.line.as_str())), Part::Dim));
        second = second.or(line).or_else(|| job_times::waits(cx, node));
    } else if let Some(words) = job_times::waits(cx, node) {
        second = Some(words);
    } else if waits(node) {
        second = second.or_else(|| Some((cx.tr(&t!("job-waits")), Part::Dim)));
    } else if second.is_none() && !step.line.is_empty() {
        second = Some((cx.tr(&Text::plain(step.line.as_str())), Part::Dim));
    }
    (words, second)
}

fn running_words(
    cx: &Shared,
    node: &JobNodeRow,
    step: &CurrentStep,
    since: crate::domain::time::Moment,
) -> (String, Part) {
    let odd = job_times::waits(cx, node).or_else(|| job_times::oddity(cx, step, since));
    if let Some(odd) = odd {
        return odd;
    }
    (cx.tr(&Text::plain(step.line.as_str())), Part::Dim)
}

fn draw_panes(page: &JobPage, cx: &Shared, frame: &mut Frame, area: Rect) {
    if area.height < 3 || page.panes.is_empty() {
        return;
    }
    let count = cells(page.panes.len());
    let each = area.width / count.max(1);
    for ((at, pane), n) in page.panes.iter().enumerate().zip(0_u16..) {
        let x = area.x + each * n;
        let width = if n + 1 == count { area.right().saturating_sub(x) } else { each };
        draw_pane(page, cx, frame, Rect { x, width, ..area }, at, pane);
    }
}

fn draw_pane(page: &JobPage, cx: &Shared, frame: &mut Frame, area: Rect, at: usize, log: &LogPane) {
    let focused = page.focus == Some(at);
    let nodes = cx.data.job_nodes(page.job);
    let name = nodes.into_iter().find(|n| n.node == log.node).map_or_else(String::new, |n| n.name.clone());
    let mut words = vec![cx.tr(&t!("log-title", name = name))];
    if log.follow {
        words.push(cx.tr(&t!("log-follow")));
    }
    if log.wrap {
        words.push(cx.tr(&t!("log-wrap")));
    }
    if !log.needle.is_empty() {
        words.push(format!("/{}", log.needle));
    }
    // The focus is told by the kind of frame and the brackets, not by colour alone.
    let title = words.join(" · ");
    let title = if focused { format!("[ {title} ]") } else { format!(" {title} ") };
    let (kind, part) =
        if focused { (BorderType::Double, Part::BorderFocus) } else { (BorderType::Plain, Part::Border) };
    let title = text::fit(&title, usize::from(area.width).saturating_sub(4));
    let block = Block::bordered()
        .border_type(kind)
        .border_style(cx.style(part))
        .title(Span::styled(title, cx.style(Part::Title)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    log.view(cx, frame, inner);
}
