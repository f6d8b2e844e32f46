//! The question before a job is held or stopped: in which state every node will be.

use crate::api::{Failure, Request, Response, Topic};
use crate::domain::ids::{JobId, NodeId};
use crate::domain::job::JobNodeState;
use crate::domain::job::forecast::{NodeForecast, Stop};
use crate::domain::time::Moment;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context};
use crate::tui::screen::{Screen, Shared};
use crate::tui::text;
use crate::tui::theme::Part;
use crate::tui::widgets::decision::{Decision, Sheet, Turn};
use crate::tui::widgets::states;
use ratatui::Frame;
use ratatui::layout::Rect;

/// While the question stands the job goes on; the list is fetched again at most this often.
const AGAIN_MS: u64 = 2_000;

/// The question.
pub struct StopDialog {
    job: JobId,
    stop: Stop,
    forecast: Option<Vec<NodeForecast>>,
    asked: Option<Moment>,
    waiting: bool,
    fault: Option<Text>,
    decision: Decision,
}

impl StopDialog {
    /// Asks before `job` is stopped in that way.
    pub fn new(job: JobId, stop: Stop) -> Self {
        Self {
            job,
            stop,
            forecast: None,
            asked: None,
            waiting: false,
            fault: None,
            decision: Decision::default(),
        }
    }

    fn fetch(&mut self, cx: &Shared) -> Vec<Effect> {
        (self.waiting, self.asked) = (true, Some(cx.now));
        vec![Effect::Call(Tag::Content, Request::JobForecast { job: self.job, stop: self.stop })]
    }

    fn count(&self) -> usize {
        self.forecast.as_ref().map_or(0, Vec::len)
    }

    fn line(&self, cx: &Shared, at: usize) -> (String, Part) {
        let Some(row) = self.forecast.as_ref().and_then(|f| f.get(at)) else {
            return (String::new(), Part::Text);
        };
        // Between two steps a node does nothing; its page says so, too.
        let idle = row.now == JobNodeState::Running && row.step.is_none();
        let now = if idle { JobNodeState::Waiting } else { row.now };
        let same = now == row.then;
        let (now, then) = (states::job_node(now), states::job_node(row.then));
        let name = node_name(cx, self.job, row.node);
        let steps = cx.tr(&t!("job-step-of", done = row.done, steps = row.steps));
        let what = row.step.as_ref().map(|step| {
            let step = step.to_string();
            cx.tr(&if self.stop == Stop::Now {
                t!("stop-step-ended", step = step)
            } else {
                t!("stop-step-ends", step = step)
            })
        });
        let moved = if same { then.text(cx) } else { format!("{} → {}", now.text(cx), then.text(cx)) };
        let line = format!(
            "{}  {}  {}  {}",
            text::left(&name, names_width(cx, self.job)),
            text::left(&moved, 23),
            text::left(&steps, 5),
            what.unwrap_or_default()
        );
        (line.trim_end().to_owned(), if same { Part::Dim } else { then.part })
    }
}

/// Columns that the names of a job's nodes take.
pub fn names_width(cx: &Shared, job: JobId) -> usize {
    let nodes = cx.data.job_nodes(job);
    nodes.iter().map(|n| text::width(&n.name)).max().unwrap_or(4).clamp(4, 20)
}

/// Name of a node of a job.
pub fn node_name(cx: &Shared, job: JobId, node: NodeId) -> String {
    let found = cx.data.job_nodes(job).into_iter().find(|n| n.node == node);
    found.map_or_else(|| node.to_string(), |n| n.name.clone())
}

impl Screen for StopDialog {
    fn name(&self) -> &'static str {
        "stop"
    }

    fn contexts(&self) -> Vec<Context> {
        vec![Context::Dialog, Context::Moving]
    }

    fn is_dialog(&self) -> bool {
        true
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::Job(self.job)]
    }

    fn online(&mut self, cx: &Shared) -> Vec<Effect> {
        self.fetch(cx)
    }

    fn changed(&mut self, cx: &Shared, _: Topic) -> Vec<Effect> {
        let old = self.asked.is_none_or(|at| cx.now.since(at) >= AGAIN_MS);
        if self.waiting || !old { Vec::new() } else { self.fetch(cx) }
    }

    fn refusal(&self, _: &Shared, action: Action) -> Option<Text> {
        let waits = action == Action::Choose && self.decision.is_on_go() && self.forecast.is_none();
        waits.then(|| t!("stop-not-yet"))
    }

    fn act(&mut self, _: &Shared, action: Action) -> Option<Vec<Effect>> {
        let (job, stop) = (self.job, self.stop);
        Some(match self.decision.act(action, self.count())? {
            Turn::Moved => Vec::new(),
            Turn::No => vec![Effect::Close],
            Turn::Yes => vec![
                Effect::CallDetached(Tag::Quiet, Request::JobStop { job, stop }),
                Effect::Say(Level::Info, Text::key(format!("stop-asked-{}", stop.word()))),
                Effect::Close,
            ],
        })
    }

    fn answer(&mut self, cx: &Shared, _: Tag, result: Result<Response, Failure>) -> Vec<Effect> {
        self.waiting = false;
        match result {
            Ok(Response::Forecast(mut rows)) => {
                // What runs is what the question is about.
                rows.sort_by_key(|r| (r.step.is_none(), r.now == r.then));
                (self.forecast, self.fault) = (Some(rows), None);
            }
            Ok(_) => {}
            Err(f) => self.fault = Some(cx.catalogue.failure(&f)),
        }
        Vec::new()
    }

    fn view(&self, cx: &Shared, frame: &mut Frame, area: Rect) {
        let word = self.stop.word();
        let mut head = vec![(cx.tr(&Text::key(format!("stop-what-{word}"))), Part::Text)];
        head.push(match (&self.forecast, &self.fault) {
            (_, Some(fault)) => (format!("✗ {}", cx.tr(fault)), Part::Bad),
            (None, None) => (cx.tr(&t!("loading")), Part::Dim),
            (Some(rows), None) => {
                let counts = JobNodeState::ALL.into_iter().filter_map(|state| {
                    let count = rows.iter().filter(|r| r.then == state).count();
                    let state = Text::key(format!("job-node-{}", state.word()));
                    (count > 0).then(|| cx.tr(&t!("stop-count", count = count, state = state)))
                });
                let counts: Vec<String> = counts.collect();
                (cx.tr(&t!("stop-afterwards", counts = counts.join(", "))), Part::Title)
            }
        });
        let line = |at: usize| self.line(cx, at);
        let sheet = Sheet {
            title: Text::key(format!("stop-title-{word}")).with("id", self.job.to_string()),
            head,
            count: self.count(),
            line: &line,
            note: (self.stop != Stop::Now).then(|| (cx.tr(&t!("stop-if-well")), Part::Dim)),
            go: Text::key(format!("button-stop-{word}")),
            possible: self.forecast.is_some(),
        };
        self.decision.view(cx, frame, area, &sheet);
    }
}
