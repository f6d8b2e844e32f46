//! Which nodes are in production: what a job that fails on them may not do, and what is still brought to them.
//!
//! A node's state alone does not tell. A roll-out, a task, or an installation of others that only told it of them may fail on a node whose
//! installation is as good as before; its record says `failed` all the same.

use super::Engine;
use crate::domain::ids::NodeId;
use crate::domain::job::{Job, Renewal};
use crate::domain::node::{Node, NodeState};

impl Engine {
    /// Whether a node is installed, perhaps with a later job on it that failed or was cancelled and did a part of the steps anew.
    pub fn stands(&self, node: &Node) -> bool {
        self.installed_before(node, |job| {
            job.plan.kind.is_part_of_installation() || job.plan.aside.told.contains(&node.id)
        })
    }

    /// Whether a node was in production before its last job, and nobody undid or renewed it since: whatever fails on it, no policy
    /// takes it apart.
    pub fn is_standing(&self, node: &Node) -> bool {
        self.stands(node) || self.installed_before(node, |job| stood(job, node.id))
    }

    /// Whether it is installed, or its last job, which failed or was cancelled there, says that it was.
    fn installed_before(&self, node: &Node, says: impl FnOnce(&Job) -> bool) -> bool {
        match node.state {
            NodeState::Installed => true,
            NodeState::Failed | NodeState::Cancelled => {
                node.job.and_then(|id| self.job(id).ok()).is_some_and(|cell| says(&cell.lock().job))
            }
            _ => false,
        }
    }
}

fn stood(job: &Job, node: NodeId) -> bool {
    let renewed = |n: &crate::domain::job::JobNode| {
        n.reinstall.as_ref().is_some_and(|r| matches!(r.ended, Some(Renewal::Fresh { .. })))
    };
    job.plan.aside.standing.contains(&node)
        && job.nodes.get(&node).is_some_and(|n| n.undo.is_none() && !renewed(n))
}
