//! The ways on from where a node of a job stands: which there are, with which keys, why one is not there.
//!
//! Made from the job machine's own table ([`exits`]); the job's page and the node's page ask here, so that both say the same.

use super::manual::ManualPage;
use super::undo::UndoDialog;
use super::{job_node, renewal, take_over};
use crate::api::Request;
use crate::api::manual::ManualAsk;
use crate::api::rows::{JobNodeRow, JobRow};
use crate::domain::access;
use crate::domain::job::{JobNodeState, JobState, NodeMove, exits};
use crate::domain::plan::{PlanKind, StepId};
use crate::tui::bindings::BINDINGS;
use crate::tui::event::{Effect, Level, Tag};
use crate::tui::i18n::{Text, t};
use crate::tui::keymap::{Action, Context, pretty};
use crate::tui::screen::Shared;

/// What can be asked for, and the action that asks.
const WAYS: [(NodeMove, Action); 5] = [
    (NodeMove::Again, Action::NodeAgain),
    (NodeMove::Undo, Action::NodeUndo),
    (NodeMove::Reinstall, Action::NodeReinstall),
    (NodeMove::ByHand, Action::NodeByHand),
    (NodeMove::Check, Action::NodeCheck),
];

fn by_action(action: Action) -> Option<NodeMove> {
    WAYS.iter().find(|(_, a)| *a == action).map(|(m, _)| *m)
}

/// Whether the action is one of the ways on, or gives what goes on more time.
pub fn is_way(action: Action) -> bool {
    by_action(action).is_some() || action == Action::MoreTime
}

/// What goes on there and will be ended at some moment.
fn deadline(node: &JobNodeRow) -> Option<renewal::Deadline> {
    if node.reinstall.as_ref().is_some_and(|r| !r.ended) {
        return Some(renewal::Deadline::Reinstallation);
    }
    let open = node.current.as_ref().is_some_and(|c| c.state.open_since().is_some());
    open.then_some(renewal::Deadline::Step)
}

/// Why an action is not possible on `node` now.
pub fn refusal(cx: &Shared, job: &JobRow, node: &JobNodeRow, action: Action) -> Option<Text> {
    let name = node.name.as_str();
    if let Some(why) = take_over::foreign(cx, job) {
        return Some(why);
    }
    if action == Action::MoreTime {
        return deadline(node).is_none().then(|| t!("refused-no-deadline", name = name));
    }
    let way = by_action(action)?;
    // What he does by hand already only needs to be looked at again.
    if way == NodeMove::ByHand && node.manual.is_some() {
        return None;
    }
    let state = Text::key(format!("job-node-{}", node.state.word()));
    if !exits(node.state).any(|m| m == way) || !asked_there(node, way) {
        return Some(if matches!(way, NodeMove::Check) {
            t!("refused-check-nothing", name = name)
        } else if is_busy(node.state) {
            t!("refused-way-busy", name = name, state = state)
        } else {
            t!("refused-way-state", name = name, state = state)
        });
    }
    if job.kind == PlanKind::DryRun && way != NodeMove::Again {
        return Some(t!("refused-way-dry"));
    }
    if !job.state.is_over() && !matches!(job.state, JobState::Running | JobState::Holding) {
        return Some(t!("refused-way-job", state = Text::key(format!("job-state-{}", job.state.word()))));
    }
    let lock = cx.data.node(node.node).and_then(|n| n.lock.as_ref());
    lock.map(|lock| t!("refused-locked", name = name, by = &lock.by, why = &lock.why))
}

/// The table also says how a new engine takes a node up; that is not for operators.
fn asked_there(node: &JobNodeRow, way: NodeMove) -> bool {
    match (node.state, way) {
        (_, NodeMove::Check) => node.manual.is_some(),
        (JobNodeState::Interrupted, _) | (JobNodeState::Checking, NodeMove::ByHand) => false,
        _ => true,
    }
}

fn is_busy(state: JobNodeState) -> bool {
    use JobNodeState as S;
    matches!(state, S::Running | S::Interrupted | S::Undoing | S::Reinstalling | S::Checking)
}

/// Does what was asked for. `step`: the selected one, for an undo that stops there.
pub fn perform(
    cx: &Shared,
    job: &JobRow,
    node: &JobNodeRow,
    action: Action,
    step: Option<&StepId>,
) -> Option<Vec<Effect>> {
    let (id, at) = (job.id, node.node);
    Some(match action {
        Action::NodeAgain => vec![
            Effect::CallDetached(Tag::Quiet, Request::NodeAgain { job: id, node: at }),
            Effect::Say(Level::Info, t!("again-asked", name = &node.name)),
        ],
        Action::NodeUndo => {
            let begun = job.stages.iter().rev().find(|s| s.permille > 0).map(|s| s.kind);
            vec![Effect::Push(Box::new(UndoDialog::new(id, node, step.cloned(), begun)))]
        }
        Action::NodeReinstall => {
            vec![Effect::Push(renewal::reinstall(cx, at, &node.name, renewal::From::Job))]
        }
        Action::MoreTime => vec![Effect::Push(renewal::extend(id, at, &node.name, deadline(node)?))],
        Action::NodeByHand if node.manual.is_some() => {
            vec![Effect::Push(Box::new(ManualPage::new(job.env, id, at)))]
        }
        Action::NodeByHand => vec![Effect::Push(Box::new(renewal::by_hand(at, &node.name)))],
        Action::NodeCheck => {
            if ManualPage::new(job.env, id, at).open(cx) > 0 {
                return Some(vec![Effect::Push(Box::new(ManualPage::new(job.env, id, at)))]);
            }
            vec![
                Effect::CallDetached(Tag::Quiet, Request::Manual(ManualAsk::Check { job: id, node: at })),
                Effect::Say(Level::Info, t!("manual-checking", name = &node.name)),
            ]
        }
        Action::Details => vec![Effect::Push(Box::new(job_node::NodePage::new(job.env, id, at)))],
        _ => return None,
    })
}

/// The ways on that there are, each with its key: `a again`.
pub fn hints(cx: &Shared, job: &JobRow, node: &JobNodeRow) -> Vec<String> {
    if !cx.may(access::Action::Install) {
        return Vec::new();
    }
    let all = WAYS.iter().map(|(_, action)| *action).chain([Action::MoreTime]);
    let possible = all.filter(|action| refusal(cx, job, node, *action).is_none());
    possible
        .map(|action| {
            let word = cx.tr(&Text::key(format!("hint-{}", action.word())));
            format!("{} {word}", key_of(cx, action, Context::JobNode))
        })
        .collect()
}

/// The first key of an action, as it is shown.
pub fn key_of(cx: &Shared, action: Action, context: Context) -> String {
    let binding = BINDINGS.iter().find(|b| b.action == action && b.context == context);
    binding.and_then(|b| cx.keymap.keys(b).first().copied()).map_or_else(String::new, pretty)
}
