//! A node leaves an installed environment: a job of its own, at whose good end the node's record goes.

use super::jobs::JobCell;
use super::{Engine, now};
use crate::api::{Failure, FailureKind};
use crate::catalog::{PlanInput, PlanInputNode};
use crate::domain::audit::AuditKind;
use crate::domain::day2::LeaveHow;
use crate::domain::environment::Environment;
use crate::domain::ids::NodeId;
use crate::domain::job::JobState;
use crate::domain::plan::{Plan, PlanKind};
use crate::domain::said::{self, sentence};
use crate::domain::user::User;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    /// What is planned from: the environment with all its nodes.
    pub fn plan_input(&self, env: &Environment, kind: PlanKind) -> PlanInput {
        let nodes =
            self.model.read().nodes.values().filter(|n| n.env == env.id).map(PlanInputNode::from).collect();
        PlanInput {
            env: env.id,
            kind,
            policy: env.policy,
            platform: env.platform.clone(),
            modules: env.modules.clone(),
            nodes,
            parallel: env.parallel,
            images: env.shape.images,
        }
    }

    /// What an installation does on nodes that are not installed yet, and what the others have to be told of them.
    pub fn plan_of_new(&self, env: &Environment, kind: PlanKind) -> Result<Plan, Failure> {
        let plan = self.plan(env, kind)?;
        let news: BTreeSet<NodeId> = plan
            .nodes
            .iter()
            .map(|n| n.id)
            .filter(|id| self.node(*id).is_ok_and(|n| !self.stands(&n)))
            .collect();
        let is_new = |id: NodeId| news.contains(&id);
        if !plan.nodes.iter().any(|n| is_new(n.id)) {
            return Err(Failure::new(
                FailureKind::Invalid,
                "every node of the environment is installed already: 'cpmg install' without --new looks at all of them",
            )
            .keyed("error-no-new-nodes"));
        }
        let catalog = self.catalog()?;
        let roles =
            plan.nodes.iter().filter(|n| is_new(n.id)).flat_map(|n| n.roles.iter().copied()).collect();
        let mut part =
            plan.part(|node, _, step| is_new(node) || catalog.step(step).is_some_and(|s| s.tells_of(&roles)));
        part.aside.told = part.nodes.iter().map(|n| n.id).filter(|id| !is_new(*id)).collect();
        Ok(part)
    }

    /// What would be done for a node to leave.
    pub fn leave_plan(&self, id: NodeId, how: LeaveHow) -> Result<Plan, Failure> {
        let node = self.node(id)?;
        let env = self.env(node.env)?;
        let input = self.plan_input(&env, PlanKind::Leave);
        self.catalog()?.leave(&input, id, how).map_err(|f| Failure::said(FailureKind::Invalid, &f.said()))
    }

    /// Starts the job by which a node leaves.
    pub fn node_leave(
        self: &Arc<Self>,
        asks: &User,
        id: NodeId,
        how: LeaveHow,
    ) -> Result<Arc<JobCell>, Failure> {
        let node = self.node(id)?;
        let env = self.env(node.env)?;
        self.refuse_while_busy(env.id)?;
        self.refuse_unfinished_rotation(&env)?;
        let plan = self.leave_plan(id, how)?;
        self.accounts(&env)?;
        let mut what = vec![sentence!("deed-leave", "began to take it out of the environment")];
        for (asked, words) in [
            (how.delete_instances, sentence!("deed-leave-instances", "with its instances deleted")),
            (how.undo, sentence!("deed-leave-undo", "its installation undone")),
            (how.gone, sentence!("deed-leave-gone", "the machine being gone")),
        ] {
            if asked {
                what.push(words);
            }
        }
        let deed = self.deed_on(asks, AuditKind::Leave, &node, said::list(what));
        self.start_job(asks, &env, plan, Some(deed))
    }

    /// A job has ended: nodes that left in it are no longer the environment's.
    pub fn nodes_left(&self, cell: &JobCell) {
        let leaving = {
            let inner = cell.lock();
            if inner.job.plan.kind != PlanKind::Leave || inner.job.state != JobState::Succeeded {
                return;
            }
            inner.job.plan.aside.leaving.clone()
        };
        for id in leaving {
            let Ok(node) = self.node(id) else { continue };
            match self.forget_node(&node) {
                Ok(()) => {
                    tracing::info!(node = %node.name, job = %cell.id, at = now().0, "left its environment");
                }
                Err(why) => {
                    self.notice(format!(
                        "node {} has left, but its record could not be removed: {why}",
                        node.name
                    ));
                }
            }
        }
    }
}
