//! Which nodes are in production: what a job that fails on them may not do, and what is still brought to them.
//!
//! A node's state alone does not tell. A roll-out, a task, or an installation of others that only told it of them may fail on a node whose
//! installation is as good as before; its record says `failed` all the same.

use super::Engine;
use super::rested::{self, Kept};
use crate::domain::node::{Node, NodeState};

impl Engine {
    /// Whether a node is installed, perhaps with a later job on it that failed or was cancelled and did a part of the steps anew.
    pub fn stands(&self, node: &Node) -> bool {
        let id = &node.id;
        self.installed_before(node, |job| {
            job.ask(
                |j| j.plan.kind.is_part_of_installation() || j.plan.aside.told.contains(id),
                |s| s.row.kind.is_part_of_installation() || s.told.contains(id),
            )
        })
    }

    /// Whether a node was in production before its last job, and nobody undid or renewed it since: whatever fails on it, no policy
    /// takes it apart.
    pub fn is_standing(&self, node: &Node) -> bool {
        let id = node.id;
        self.stands(node)
            || self.installed_before(node, |job| job.ask(|j| rested::stood(j, id), |s| s.stood.contains(&id)))
    }

    /// Whether it is installed, or its last job, which failed or was cancelled there, says that it was.
    fn installed_before(&self, node: &Node, says: impl FnOnce(&Kept) -> bool) -> bool {
        match node.state {
            NodeState::Installed => true,
            NodeState::Failed | NodeState::Cancelled => {
                let job = node.job.and_then(|id| self.model.read().jobs.get(&id).cloned());
                job.is_some_and(|kept| says(&kept))
            }
            _ => false,
        }
    }
}
