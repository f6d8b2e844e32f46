//! What each way to stop a job would leave behind, told before it is chosen.

use super::{Job, JobNodeState, StepAction};
use crate::domain::ids::NodeId;
use crate::domain::plan::StepId;
use serde::{Deserialize, Serialize};

/// A way to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Running steps end, then the job waits.
    Hold,
    /// Running steps end, then the job is over.
    Drain,
    /// Running steps are ended.
    Now,
}

impl Stop {
    /// All ways, the mildest first.
    pub const ALL: [Self; 3] = [Self::Hold, Self::Drain, Self::Now];

    /// The word used as key in the message catalogue (`stop-WORD`) and by the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Drain => "drain",
            Self::Now => "now",
        }
    }
}

/// What a way to stop would make of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeForecast {
    /// Which node.
    pub node: NodeId,
    /// Where it stands now.
    pub now: JobNodeState,
    /// Where it will stand.
    pub then: JobNodeState,
    /// The step that runs on it, if one does: ended by it or let end.
    pub step: Option<StepId>,
    /// Steps that will be done.
    pub done: u32,
    /// Steps in all.
    pub steps: u32,
}

impl Job {
    /// What `stop` would make of every node, if the running steps end well.
    pub fn forecast(&self, stop: Stop) -> Vec<NodeForecast> {
        use JobNodeState as S;
        let rows = self.nodes.iter().map(|(id, n)| {
            let open = n.steps.iter().find_map(|s| s.open().map(|(action, _, _)| (action, s.step.clone())));
            let done = n.steps.iter().filter(|s| s.is_done()).count();
            let ends = usize::from(matches!(open, Some((StepAction::Run | StepAction::Check, _))));
            let last = done + ends == n.steps.len();
            let undoing = n.state == S::Undoing || matches!(open, Some((StepAction::Undo, _)));
            let then = match (n.state, stop) {
                _ if undoing => match stop {
                    Stop::Hold => S::Undone,
                    Stop::Drain | Stop::Now => S::UndoFailed,
                },
                (S::Waiting, Stop::Hold) => S::Waiting,
                (S::Waiting, _) if n.steps.is_empty() => S::Waiting,
                (S::Running | S::Interrupted, Stop::Hold | Stop::Drain) if last && n.reinstall.is_none() => {
                    S::Done
                }
                (S::Running | S::Interrupted, Stop::Hold) => S::Waiting,
                (S::Waiting | S::Running | S::Interrupted, _) => S::Cancelled,
                (S::Reinstalling | S::Manual | S::Checking, Stop::Drain | Stop::Now) => S::Failed,
                (state, _) => state,
            };
            let done = if stop == Stop::Now { done } else { done + ends };
            NodeForecast {
                node: *id,
                // Between two steps it waits for its turn.
                now: if n.state == S::Running && open.is_none() { S::Waiting } else { n.state },
                then,
                step: open.map(|(_, step)| step),
                done: u32::try_from(done).unwrap_or(u32::MAX),
                steps: u32::try_from(n.steps.len()).unwrap_or(u32::MAX),
            }
        });
        rows.collect()
    }
}
