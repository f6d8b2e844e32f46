//! The jobs of an environment, newest first.

use super::job::JobPage;
use crate::api::Request;
use crate::api::rows::JobRow;
use crate::domain::access;
use crate::domain::ids::EnvId;
use crate::domain::job::JobState;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::Action;
use crate::tui::screen::Shared;
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::dialog::Reading;
use crate::tui::widgets::list::List;
use crate::tui::widgets::table::{self, Cell, Wide, column};
use crate::tui::widgets::{beside, empty, states};
use ratatui::Frame;
use ratatui::layout::Rect;

/// The list.
pub struct JobsTab {
    env: EnvId,
    /// Selection and filter.
    pub list: List,
}

/// Why a job cannot be retried.
pub fn no_retry(job: &JobRow) -> Option<Text> {
    use crate::domain::job::JobState as S;
    match job.state {
        S::Failed | S::Cancelled | S::Undone => None,
        S::Succeeded => Some(t!("refused-job-good")),
        S::Queued | S::Running | S::Holding | S::Draining | S::Cancelling | S::Interrupted => {
            Some(t!("refused-job-running"))
        }
    }
}

impl JobsTab {
    /// The jobs of an environment.
    pub fn new(env: EnvId) -> Self {
        Self { env, list: List::default() }
    }

    fn rows<'a>(&self, cx: &'a Shared) -> Vec<&'a JobRow> {
        let mut rows = cx.data.jobs(self.env);
        rows.reverse();
        rows.retain(|r| {
            self.list.filter.matches(&format!("{} {} {}", r.id, r.by, states::job(r.state).text(cx)))
        });
        self.list.arrange(&mut rows, |by, a, b| match by {
            Action::SortState => a.state.cmp(&b.state),
            Action::SortOwner => a.by.cmp(&b.by),
            _ => a.created.cmp(&b.created),
        });
        rows
    }

    /// The selected job.
    pub fn selected<'a>(&self, cx: &'a Shared) -> Option<&'a JobRow> {
        let rows = self.rows(cx);
        let keys: Vec<u64> = rows.iter().map(|r| r.id.0).collect();
        let key = self.list.selected(&keys)?;
        rows.into_iter().find(|r| r.id.0 == key)
    }

    /// Why an action is not possible now.
    pub fn refusal(&self, cx: &Shared, action: Action) -> Option<Text> {
        match action {
            Action::Open | Action::Details | Action::JobRetry => match self.selected(cx) {
                None => Some(t!("refused-no-jobs")),
                Some(job) if action == Action::JobRetry => no_retry(job),
                Some(_) => None,
            },
            _ => None,
        }
    }

    /// Does an action.
    pub fn act(&mut self, cx: &Shared, action: Action) -> Option<Vec<Effect>> {
        let keys: Vec<u64> = self.rows(cx).iter().map(|r| r.id.0).collect();
        if self.list.act(action, &keys) {
            return Some(Vec::new());
        }
        let job = self.selected(cx)?;
        match action {
            Action::Open => Some(vec![Effect::Push(Box::new(JobPage::new(job.id)))]),
            Action::Details => {
                let (env, id) = (self.env, job.id);
                let lines = move |cx: &Shared| {
                    let jobs = cx.data.jobs(env);
                    jobs.into_iter().find(|j| j.id == id).map(|j| describe(cx, j)).unwrap_or_default()
                };
                let title = t!("job-details-title", id = id.to_string());
                Some(vec![Effect::Push(Box::new(Reading::live(title, lines)))])
            }
            Action::Yank => {
                let text: String = describe(cx, job).iter().map(|l| cx.tr(l) + "\n").collect();
                Some(vec![Effect::Copy(text)])
            }
            Action::JobRetry => Some(vec![
                Effect::CallDetached(Tag::Quiet, Request::JobRetry { job: job.id }),
                Effect::Say(Level::Info, t!("retry-started")),
                Effect::Push(Box::new(JobPage::new(job.id))),
            ]),
            _ => None,
        }
    }

    fn cells(cx: &Shared, job: &JobRow) -> Vec<Cell> {
        let end = job.ended.unwrap_or(cx.now);
        let failed = if job.nodes_failed > 0 { Part::Bad } else { Part::Dim };
        vec![
            (job.id.to_string(), Part::Text),
            states::job_row(job).cell(cx),
            (cx.tr(&Text::key(format!("plan-kind-{}", job.kind.word()))), Part::Text),
            // Of what was undone only a part is left.
            if job.state == JobState::Undone && !job.is_partly_undone() {
                ("-".to_owned(), Part::Dim)
            } else {
                (text::percent(job.permille), Part::Text)
            },
            (format!("{}/{}", job.nodes_done, job.nodes), Part::Text),
            (job.nodes_failed.to_string(), failed),
            (cx.clock(job.created), Part::Dim),
            (text::duration(end.since(job.created)), Part::Dim),
            (job.by.clone(), Part::Dim),
        ]
    }

    /// Draws it.
    pub fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let rows = self.rows(cx);
        if rows.is_empty() {
            let (topic, filter) = (crate::api::Topic::Jobs(self.env), self.list.filter.text());
            if !cx.data.has(topic) {
                return empty::watched(cx, frame, area, topic);
            }
            if !filter.is_empty() {
                return empty::draw(cx, frame, area, &[t!("filter-empty", filter = filter)]);
            }
            let (what, how) = (t!("jobs-empty"), t!("jobs-empty-how"));
            return empty::invite(cx, frame, area, what, access::Action::Install, how);
        }
        let columns = [
            column(t!("col-job-id"), Wide::Fixed(6), 0),
            column(t!("col-state"), Wide::Flex(15), 0).sorted_by(Action::SortState, 'S'),
            column(t!("col-kind"), Wide::Fixed(12), 2),
            column(Text::plain("%"), Wide::Fixed(5), 0),
            column(t!("col-nodes"), Wide::Fixed(6), 0),
            column(t!("col-failed"), Wide::Fixed(6), 2),
            column(t!("col-started"), Wide::Fixed(16), 1).sorted_by(Action::SortTime, 'T'),
            column(t!("col-took"), Wide::Fixed(8), 3),
            column(t!("col-by"), Wide::Fixed(10), 4).sorted_by(Action::SortOwner, 'U'),
        ];
        let (area, details) = beside::split(area);
        if let (Some(place), Some(job)) = (details, self.selected(cx)) {
            let title = cx.tr(&t!("job-details-title", id = job.id.to_string()));
            beside::draw(cx, frame, place, &title, &describe(cx, job));
        }
        let keys: Vec<u64> = rows.iter().map(|r| r.id.0).collect();
        table::draw(cx, frame, area, &self.list, &columns, &keys, |key| {
            rows.iter().find(|r| r.id.0 == key).map(|r| Self::cells(cx, r)).unwrap_or_default()
        });
    }
}

/// What is known of a job, a line each.
fn describe(cx: &Shared, job: &JobRow) -> Vec<Text> {
    let line = |label: Text, value: String| beside::line(cx, &label, &value);
    let count = |key: Text, n: u32| line(key, n.to_string());
    let mut lines = vec![
        line(t!("col-state"), states::job_row(job).text(cx)),
        line(t!("col-kind"), cx.tr(&Text::key(format!("plan-kind-{}", job.kind.word())))),
        line(t!("job-details-started"), format!("{}, {}", cx.clock(job.created), job.by)),
    ];
    if let Some(ended) = job.ended {
        lines.push(line(t!("job-details-ended"), cx.clock(ended)));
    }
    lines.push(line(t!("col-took"), text::duration(job.ended.unwrap_or(cx.now).since(job.created))));
    if let Some(owner) = job.owner.as_ref().filter(|_| !job.state.is_over()) {
        lines.push(line(t!("job-details-hand"), owner.by.clone()));
    }
    if let Some(by) = &job.cancelled_by {
        lines.push(line(t!("job-details-cancelled"), by.clone()));
    }
    lines.push(line(t!("col-nodes"), format!("{}/{}", job.nodes_done, job.nodes)));
    lines.push(count(t!("job-details-failed"), job.nodes_failed));
    lines.push(count(t!("job-details-changed"), job.changed));
    lines.push(count(t!("job-details-unchanged"), job.unchanged));
    lines.push(Text::plain(""));
    for stage in &job.stages {
        let name = cx.tr(&Text::key(format!("stage-{}", stage.kind.word())));
        lines.push(line(Text::plain(name), text::percent(stage.permille)));
    }
    if let Some(error) = &job.first_error {
        lines.push(Text::plain(""));
        let step = error.step.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        lines.push(t!(
            "job-details-error",
            node = &error.name,
            step = step,
            what = cx.catalogue.kept(&error.what)
        ));
    }
    lines
}
