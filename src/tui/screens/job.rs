//! A job: bars, nodes, live output.
//!
//! The pane below follows the selected node until nodes are picked with Space; then each picked one has a pane of its own.
//! What is drawn is in `job_view.rs`, the questions are in `job_dialogs.rs`.

use super::attempts::AttemptsPage;
use super::job_dialogs;
use super::jobs::no_retry;
use super::log_pane::{Forward, LogPane};
use super::logs::LogsPage;
use super::shell::ShellPage;
use super::stop::StopDialog;
use super::timeline::TimelinePage;
use super::{take_over, ways};
use crate::api::rows::{JobNodeRow, JobRow};
use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::forecast::Stop;
use crate::domain::job::{JobMove, JobNodeState, JobState, job_next};
use crate::domain::plan::PlanKind;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::memory::Memory;
use crate::tui::screen::{Screen, Shared};
use crate::tui::widgets::list::List;
use crate::tui::widgets::prompt::Line;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Most panes side by side.
const PANES: usize = 4;

/// The page.
pub struct JobPage {
    /// Which job.
    pub(super) job: JobId,
    /// The nodes.
    pub(super) list: List,
    /// Nodes whose output was asked for.
    pub(super) picked: Vec<NodeId>,
    /// Output.
    pub(super) panes: Vec<LogPane>,
    /// Which pane has the focus; `None`: the nodes.
    pub(super) focus: Option<usize>,
    /// Only the pane with the focus is shown.
    pub(super) zoom: bool,
    search: Option<Line>,
    /// Long lines of new panes are wrapped.
    wrap: bool,
    /// The operator has moved: the selection no longer goes to where something happens.
    moved: bool,
}

impl JobPage {
    /// The page of a job.
    pub fn new(job: JobId) -> Self {
        Self {
            job,
            list: List::default(),
            picked: Vec::new(),
            panes: Vec::new(),
            focus: None,
            zoom: false,
            search: None,
            wrap: true,
            moved: false,
        }
    }

    /// The page of a job, on one of its nodes.
    pub fn on(job: JobId, node: NodeId) -> Self {
        let mut page = Self::new(job);
        page.list.select(node.0);
        page.moved = true;
        page
    }

    /// Nodes in the order in which they are shown.
    pub(super) fn keys(&self, cx: &Shared) -> Vec<u64> {
        cx.data.job_nodes(self.job).iter().map(|n| n.node.0).collect()
    }

    /// The selected node.
    pub(super) fn selected<'a>(&self, cx: &'a Shared) -> Option<&'a JobNodeRow> {
        let key = self.list.selected(&self.keys(cx))?;
        cx.data.job_nodes(self.job).into_iter().find(|n| n.node.0 == key)
    }

    fn row<'a>(&self, cx: &'a Shared) -> Option<&'a JobRow> {
        cx.data.job(self.job)
    }

    /// The node whose pane has the focus, or the selected one.
    fn node<'a>(&self, cx: &'a Shared) -> Option<&'a JobNodeRow> {
        let focused = self.focus.and_then(|at| self.panes.get(at)).map(|p| p.node);
        match focused {
            Some(node) => cx.data.job_nodes(self.job).into_iter().find(|n| n.node == node),
            None => self.selected(cx),
        }
    }

    /// Makes the panes fit what is selected and picked; asks for what they lack.
    fn arrange(&mut self, cx: &Shared) -> Vec<Effect> {
        if !self.moved {
            let nodes = cx.data.job_nodes(self.job);
            let failed = nodes.iter().find(|n| n.state == JobNodeState::Failed);
            let running = || nodes.iter().find(|n| n.state == JobNodeState::Running);
            if let Some(node) = failed.or_else(running) {
                self.list.select(node.node.0);
            }
        }
        let wanted: Vec<NodeId> = if self.picked.is_empty() {
            self.selected(cx).map(|n| n.node).into_iter().collect()
        } else {
            self.picked.clone()
        };
        self.panes.retain(|p| wanted.contains(&p.node));
        for node in &wanted {
            if !self.panes.iter().any(|p| p.node == *node) {
                let mut pane = LogPane::new(self.job, *node);
                pane.wrap = self.wrap;
                self.panes.push(pane);
            }
        }
        self.panes.sort_by_key(|p| wanted.iter().position(|n| *n == p.node));
        if self.focus.is_some_and(|at| at >= self.panes.len()) {
            self.focus = None;
        }
        let job = self.job;
        self.panes.iter_mut().flat_map(|p| p.sync(&cx.data.steps(job, p.node))).collect()
    }

    fn turn(&mut self, forward: Forward) {
        let places = self.panes.len() + 1;
        let at = self.focus.map_or(0, |f| f + 1);
        let to = match forward {
            Forward::Yes => (at + 1) % places,
            Forward::No => (at + places - 1) % places,
        };
        self.focus = to.checked_sub(1);
        if self.focus.is_none() {
            self.zoom = false;
        }
    }

    fn pane(&mut self) -> Option<&mut LogPane> {
        let at = self.focus.unwrap_or(0);
        self.panes.get_mut(at)
    }

    fn find(&mut self, forward: Forward) -> Vec<Effect> {
        let Some(pane) = self.pane() else { return Vec::new() };
        if pane.find(forward) {
            return Vec::new();
        }
        let text = t!("log-no-match", text = &pane.needle);
        vec![Effect::Say(Level::Info, text)]
    }

    fn stop(&self, stop: Stop) -> Effect {
        Effect::Push(Box::new(StopDialog::new(self.job, stop)))
    }

    fn toggle(&mut self, cx: &Shared) -> Vec<Effect> {
        let Some(node) = self.node(cx).map(|n| n.node) else { return Vec::new() };
        self.moved = true;
        if self.picked.contains(&node) {
            self.picked.retain(|n| *n != node);
        } else {
            if self.picked.len() >= PANES {
                self.picked.remove(0);
            }
            self.picked.push(node);
        }
        self.arrange(cx)
    }
}

/// Why a job cannot be stopped in that way.
fn no_stop(job: &JobRow, stop: Stop) -> Option<Text> {
    let by = match stop {
        Stop::Hold => JobMove::Hold,
        Stop::Drain => JobMove::Drain,
        Stop::Now => JobMove::Cancel,
    };
    match job.state {
        state if state.is_over() => Some(t!("refused-job-over")),
        JobState::Holding if stop == Stop::Hold => Some(t!("refused-held")),
        JobState::Cancelling => Some(t!("refused-cancelling")),
        JobState::Draining if stop != Stop::Now => Some(t!("refused-draining")),
        state => job_next(state, by).is_none().then(|| t!("refused-job-starts")),
    }
}

impl Screen for JobPage {
    fn name(&self) -> &'static str {
        "job"
    }

    fn crumb(&self, cx: &Shared) -> Option<Text> {
        let id = self.job.to_string();
        Some(match self.row(cx).map(|j| j.kind) {
            Some(PlanKind::DryRun) => t!("crumb-dry-run", id = id),
            Some(PlanKind::Reinstall) => t!("crumb-reinstall", id = id),
            Some(PlanKind::Rotate) => t!("crumb-rotate", id = id),
            Some(PlanKind::Leave) => t!("crumb-leave", id = id),
            Some(PlanKind::RollOut) => t!("crumb-roll-out", id = id),
            Some(PlanKind::Task) => t!("crumb-task", id = id),
            Some(PlanKind::Install) | None => t!("crumb-job", id = id),
        })
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Job, Context::Logs, Context::Moving]
    }

    fn topics(&self) -> Vec<Topic> {
        let mut topics = vec![Topic::Job(self.job), Topic::Shells];
        topics.extend(self.panes.iter().map(|p| Topic::JobNode(self.job, p.node)));
        topics
    }

    fn key(&mut self, _: &Shared, key: &KeyEvent) -> Option<Vec<Effect>> {
        let line = self.search.as_mut()?;
        match key.code {
            KeyCode::Esc => {
                self.search = None;
                if let Some(pane) = self.pane() {
                    pane.needle.clear();
                }
            }
            KeyCode::Enter => {
                let needle = line.text().trim().to_owned();
                self.search = None;
                if let Some(pane) = self.pane() {
                    pane.needle = needle;
                    return Some(self.find(Forward::No));
                }
            }
            _ => {
                line.key(key);
            }
        }
        Some(Vec::new())
    }

    fn prompt(&self, _: &Shared) -> Option<(Text, String, usize)> {
        let line = self.search.as_ref()?;
        Some((t!("prompt-search"), line.text().to_owned(), line.cursor()))
    }

    fn keep(&mut self, _: &Shared, memory: &mut Memory) {
        if let Some(pane) = self.panes.get(self.focus.unwrap_or(0)).filter(|_| !memory.recalls()) {
            self.wrap = pane.wrap;
        }
        memory.flag("wrap", &mut self.wrap, true);
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.panes.iter_mut().flat_map(LogPane::online).collect();
        effects.extend(self.arrange(cx));
        effects
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        self.arrange(cx)
    }

    fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        let Some(job) = self.row(cx) else {
            let needs = matches!(
                action,
                Action::JobRetry
                    | Action::JobHold
                    | Action::JobRelease
                    | Action::JobDrain
                    | Action::JobCancel
                    | Action::JobTakeOver
                    | Action::FirstError
                    | Action::Shell
                    | Action::PaneToggle
                    | Action::Details
            ) || ways::is_way(action);
            return needs.then(|| t!("job-loading"));
        };
        let steers =
            matches!(action, Action::JobHold | Action::JobDrain | Action::JobCancel | Action::JobRelease);
        if let Some(why) = take_over::foreign(cx, job).filter(|_| steers || ways::is_way(action)) {
            return Some(why);
        }
        match action {
            Action::JobTakeOver => take_over::refusal(cx, job),
            Action::JobRetry => no_retry(job),
            Action::JobHold => no_stop(job, Stop::Hold),
            Action::JobDrain => no_stop(job, Stop::Drain),
            Action::JobCancel => no_stop(job, Stop::Now),
            Action::JobRelease if job.state != JobState::Holding => Some(t!("refused-not-held")),
            Action::Details | Action::PaneToggle | Action::Shell => {
                self.node(cx).is_none().then(|| t!("refused-no-node"))
            }
            _ if ways::is_way(action) => match self.node(cx) {
                Some(node) => ways::refusal(cx, job, node, action),
                None => Some(t!("refused-no-node")),
            },
            Action::FirstError if job.first_error.is_none() => Some(t!("refused-no-error")),
            _ => None,
        }
    }

    fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::PaneNext => self.turn(Forward::Yes),
            Action::PaneBefore => self.turn(Forward::No),
            Action::Zoom => {
                self.moved = true;
                self.zoom = !self.zoom && !self.panes.is_empty();
                self.focus = if self.zoom { Some(self.focus.unwrap_or(0)) } else { self.focus };
            }
            Action::Back | Action::Quit if self.zoom => self.zoom = false,
            Action::Back if self.focus.is_some() => self.focus = None,
            Action::PaneToggle => return Some(self.toggle(cx)),
            Action::Search => {
                self.moved = true;
                self.search = Some(Line::default());
            }
            Action::NextMatch => return Some(self.find(Forward::Yes)),
            Action::PreviousMatch => return Some(self.find(Forward::No)),
            Action::JobRetry => {
                self.moved = false;
                return Some(vec![
                    Effect::CallDetached(Tag::Quiet, Request::JobRetry { job: self.job }),
                    Effect::Say(Level::Info, t!("retry-started")),
                ]);
            }
            Action::JobTakeOver => return Some(vec![Effect::Push(take_over::take_over(self.row(cx)?))]),
            Action::JobHold => return Some(vec![self.stop(Stop::Hold)]),
            Action::JobDrain => return Some(vec![self.stop(Stop::Drain)]),
            Action::JobCancel => return Some(vec![self.stop(Stop::Now)]),
            Action::JobRelease => {
                return Some(vec![
                    Effect::CallDetached(Tag::Quiet, Request::JobRelease { job: self.job }),
                    Effect::Say(Level::Info, t!("release-asked")),
                ]);
            }
            Action::Timeline => {
                return Some(vec![Effect::Push(Box::new(TimelinePage::new(self.job)))]);
            }
            Action::Attempts => {
                let node = self.node(cx)?;
                return Some(vec![Effect::Push(Box::new(AttemptsPage::new(
                    self.job, node.node, &node.name,
                )))]);
            }
            Action::FirstError => {
                let error = self.row(cx)?.first_error.as_ref()?;
                self.list.select(error.node.0);
                self.moved = true;
                let mut effects = self.arrange(cx);
                let dialog = job_dialogs::first_error(cx, self.job, error);
                effects.push(Effect::Push(Box::new(dialog)));
                return Some(effects);
            }
            Action::ServiceLogs => {
                let node = self.node(cx)?;
                let page = LogsPage::of_job_node(self.row(cx)?.env, node);
                return Some(vec![Effect::Push(Box::new(page))]);
            }
            Action::Logs => {
                let (job, node) = (self.row(cx)?, self.node(cx).map(|n| n.name.as_str()));
                let page = LogsPage::of_job(job.env, self.job, node, None);
                return Some(vec![Effect::Push(Box::new(page))]);
            }
            Action::Shell => {
                let node = self.node(cx)?;
                let page = ShellPage::open(cx, self.row(cx)?.env, Some(self.job), &[(node.node, &node.name)]);
                return Some(vec![Effect::Push(Box::new(page))]);
            }
            Action::Details => {
                let (job, node) = (self.row(cx)?, self.node(cx)?);
                self.moved = true;
                return ways::perform(cx, job, node, action, None);
            }
            _ if ways::is_way(action) => {
                let (job, node) = (self.row(cx)?, self.node(cx)?);
                return ways::perform(cx, job, node, action, None);
            }
            _ if self.focus.is_none() => {
                let keys = self.keys(cx);
                if matches!(action, Action::Up | Action::Down | Action::Top | Action::Bottom)
                    && self.list.act(action, &keys)
                {
                    self.moved = true;
                    return Some(self.arrange(cx));
                }
                let scrolls = !matches!(action, Action::Back);
                let done = self.pane().filter(|_| scrolls).and_then(|pane| pane.act(action));
                // Who reads a node's output keeps it.
                self.moved |= done.is_some();
                return done;
            }
            _ => {
                let done = self.pane().and_then(|pane| pane.act(action));
                self.moved |= done.is_some();
                return done;
            }
        }
        Some(Vec::new())
    }

    fn answer(&mut self, cx: &Shared, tag: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        let Tag::Window(node, index) = tag else { return Vec::new() };
        let Some(pane) = self.panes.iter_mut().find(|p| p.node == node) else { return Vec::new() };
        match result {
            Ok(Response::Window(window)) => pane.window(index, &window),
            Ok(_) => Vec::new(),
            Err(failure) => {
                pane.refused(index);
                vec![Effect::Say(Level::Bad, cx.catalogue.failure(&failure))]
            }
        }
    }

    fn ticks(&self, cx: &Shared) -> bool {
        self.row(cx).is_some_and(|j| !j.state.is_over())
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        super::job_view::draw(self, cx, frame, area);
    }
}
