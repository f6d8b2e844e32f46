//! What the engine learns of times, and what it says by them: usual times, time left, ceilings.

use super::jobs::{Inner, JobCell};
use crate::domain::estimate::{Estimate, ItemWork, StageWork, Work, estimate};
use crate::domain::ids::NodeId;
use crate::domain::job::{Job, JobEvent, JobNode, JobNodeState, JobState, StepAction, StepEnd, StepState};
use crate::domain::node::Node;
use crate::domain::plan::{Plan, PlanKind, StageKind, StepId};
use crate::domain::time::Moment;
use crate::domain::usual::{Basis, Ceiling, NodeSize, Observed, StepTimes, Usual};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Usual times of a job's steps, as they were known when it was made or loaded: bars must not go back because something was
/// learned meanwhile.
#[derive(Default)]
pub struct Times {
    steps: HashMap<StepId, [Usual; 3]>,
    sizes: HashMap<NodeId, NodeSize>,
    /// A dry run only asks; what installing takes says nothing about that.
    asks: bool,
}

/// What asking a step usually takes.
const ASKING: Usual = Usual { low: 200, mid: 1_000, high: 4_000, silence: None, basis: Basis::Guess };

impl Times {
    /// For a plan, by what is known now.
    pub fn new(
        plan: &Plan,
        learned: &BTreeMap<(String, String), StepTimes>,
        node: impl Fn(NodeId) -> Option<Node>,
    ) -> Self {
        let of = |step: &StepId| {
            let known = learned.get(&(plan.platform.clone(), step.to_string()));
            NodeSize::ALL.map(|size| {
                known.and_then(|k| k.usual(size)).unwrap_or_else(|| Usual::guess(plan.weight(step)))
            })
        };
        let cpus = |id| node(id).and_then(|n| n.facts).map_or(0, |f| f.cpus);
        Self {
            steps: plan.steps.keys().map(|s| (s.clone(), of(s))).collect(),
            sizes: plan.nodes.iter().map(|n| (n.id, NodeSize::of_cpus(cpus(n.id)))).collect(),
            asks: plan.kind == PlanKind::DryRun,
        }
    }

    /// The node's size.
    pub fn size(&self, node: NodeId) -> NodeSize {
        self.sizes.get(&node).copied().unwrap_or(NodeSize::Medium)
    }

    /// How long a step usually takes on a node of that size.
    pub fn usual(&self, size: NodeSize, step: &StepId) -> Usual {
        if self.asks {
            return ASKING;
        }
        let place = match size {
            NodeSize::Small => 0,
            NodeSize::Medium => 1,
            NodeSize::Large => 2,
        };
        self.steps.get(step).and_then(|u| u.get(place)).copied().unwrap_or_else(|| Usual::guess(1))
    }
}

/// An attempt that this process has begun or taken up, by a clock that never jumps.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Place of the step.
    index: usize,
    since: Instant,
    last: Instant,
    longest: Duration,
    /// It was seen from its beginning.
    fresh: bool,
    /// The link was never down.
    whole: bool,
    /// When it was begun or taken up, by the wall clock: only to show when its ceiling is reached.
    at: Moment,
}

impl Begun {
    /// One that begins now, or is taken up (`fresh` false).
    pub fn now(index: usize, fresh: bool, at: Moment) -> Self {
        let now = Instant::now();
        Self { index, since: now, last: now, longest: Duration::ZERO, fresh, whole: fresh, at }
    }

    /// Output came.
    pub fn spoke(&mut self) {
        let now = Instant::now();
        self.longest = self.longest.max(now.duration_since(self.last));
        self.last = now;
    }

    /// Output may come late from now on.
    pub fn interrupted(&mut self) {
        self.whole = false;
    }

    /// What it teaches, now that it has ended.
    fn observed(&self) -> Observed {
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let silence = self.longest.max(self.last.elapsed());
        Observed { took_ms: ms(self.since.elapsed()), silence_ms: self.whole.then(|| ms(silence)) }
    }
}

/// What the end of a step teaches: the key of the record, and what stands in it from then on.
pub fn learned_from(
    cell: &JobCell,
    inner: &Inner,
    event: &JobEvent,
    known: &BTreeMap<(String, String), StepTimes>,
) -> Option<((String, String), StepTimes)> {
    let JobEvent::StepEnded { node, index, end: StepEnd::Changed, .. } = event else { return None };
    let job = &inner.job;
    let step = job.nodes.get(node)?.steps.get(*index)?;
    if job.plan.kind == PlanKind::DryRun || !matches!(step.state, StepState::Running { .. }) {
        return None;
    }
    let begun = inner.live.get(node)?.begun.as_ref().filter(|b| b.fresh && b.index == *index)?;
    let key = (job.plan.platform.clone(), step.step.to_string());
    let before = known.get(&key).cloned().unwrap_or_default();
    Some((key, before.with(cell.times.size(*node), begun.observed())))
}

/// When the attempt that runs on a node is ended.
pub fn ceiling(job: &Job, node: &JobNode, begun: Option<&Begun>) -> Option<Ceiling> {
    let begun = begun?;
    let step = node.steps.get(begun.index).filter(|s| s.is_open())?;
    let seconds = job.plan.ceiling(&step.step).saturating_add(node.extended);
    let ends = begun.at.plus(u64::from(seconds) * 1000);
    Some(Ceiling { seconds, extended: node.extended, ends })
}

/// Time left of a job that goes on by itself.
pub fn left(cell: &JobCell, job: &Job, at: Moment) -> Option<Estimate> {
    if !matches!(job.state, JobState::Running | JobState::Queued) {
        return None;
    }
    let mut stages: BTreeMap<StageKind, Vec<ItemWork>> = BTreeMap::new();
    for p in &job.plan.nodes {
        let Some(node) = job.nodes.get(&p.id) else { continue };
        let goes_on =
            matches!(node.state, JobNodeState::Waiting | JobNodeState::Running | JobNodeState::Interrupted);
        if !goes_on {
            continue;
        }
        let size = cell.times.size(p.id);
        let mut item: Option<(StageKind, ItemWork)> = None;
        for step in node.steps.iter().skip(node.cursor).filter(|s| !s.is_done()) {
            if item.is_some_and(|(stage, _)| stage != step.stage)
                && let Some((stage, work)) = item.take()
            {
                stages.entry(stage).or_default().push(work);
            }
            let fresh = ItemWork { node: p.id, begun: false, work: Work::default() };
            let (_, work) = item.get_or_insert((step.stage, fresh));
            let usual = cell.times.usual(size, &step.step);
            match step.open() {
                Some((StepAction::Run | StepAction::Check, _, since)) => {
                    work.begun = true;
                    work.work.running(&usual, at.since(since));
                }
                _ => work.work.waiting(&usual),
            }
        }
        if let Some((stage, work)) = item {
            stages.entry(stage).or_default().push(work);
        }
    }
    let stages: Vec<StageWork> = stages.into_iter().map(|(kind, items)| StageWork { kind, items }).collect();
    Some(estimate(&stages, job.plan.parallel))
}
