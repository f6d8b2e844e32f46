//! The plan by which a node leaves an installed environment.
//!
//! On the first controller what the modules have to do before (steps with `task = "leave"`); on the node itself what stops its services,
//! and, if asked for, the undo of its installation, last step first; on the other nodes the steps that tell nodes of each other; on the
//! first controller, at last, what takes the node off the services' records (`stage = "verification"`).

use super::{Catalog, PlanFault, PlanInput, Step};
use crate::domain::day2::{LEAVE, LeaveHow, TaskPlace};
use crate::domain::ids::NodeId;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Aside, Plan, PlanKind, Stage, StageItem, StageKind, StepId};
use crate::domain::policy::{Budget, Budgets, Policy};
use std::collections::BTreeMap;

impl Catalog {
    /// The plan. `input` is that of an installation, with the node among the others.
    pub fn leave(&self, input: &PlanInput, leaving: NodeId, how: LeaveHow) -> Result<Plan, PlanFault> {
        let full = self.plan(&PlanInput { kind: PlanKind::Leave, ..input.clone() })?;
        if input.images == Some(leaving)
            && let Some(node) = full.node(leaving)
        {
            return Err(PlanFault::HasImages { name: node.name.clone() });
        }
        let Some(node) = full.node(leaving).cloned() else { return Err(PlanFault::NotInstalled) };
        let controller = full.nodes.iter().find(|n| n.roles.contains(&NodeRole::Controller)).map(|n| n.id);
        let Some(controller) = controller.filter(|c| *c != leaving) else {
            return Err(PlanFault::FirstController { name: node.name });
        };
        let mut out = full.clone();
        // Nothing further is done after a failure: a node with instances on it keeps its agents.
        let zero = Budget::Count(0);
        out.policy = Policy {
            budget: Budgets { controllers: zero, computes: zero, storage: zero },
            ..Policy::default()
        };
        out.aside = Aside {
            known: full.nodes.iter().filter(|n| n.id != leaving).cloned().collect(),
            leaving: vec![leaving],
            vars: BTreeMap::from([
                ("LEAVING".to_owned(), format!("{} {}", node.address, node.name)),
                (
                    "LEAVING_INSTANCES".to_owned(),
                    if how.delete_instances { "delete" } else { "refuse" }.to_owned(),
                ),
            ]),
            ..Aside::default()
        };
        let ids = |place: TaskPlace, last: bool, roles: &NodeRoles| -> Vec<StepId> {
            let steps = self.task_steps(&full, LEAVE).filter(|(step, on)| {
                *on == place && !step.roles.is_disjoint(roles) && step.stage.is_some() == last
            });
            steps.map(|(step, _)| step.id.clone()).collect()
        };
        let of_controller = NodeRoles::from([NodeRole::Controller]);
        let item = |node: NodeId, steps: Vec<StepId>| StageItem { node, steps };
        let mut here = if how.gone { Vec::new() } else { ids(TaskPlace::Node, false, &node.roles) };
        if how.undo && !how.gone {
            here.extend(undone(&full, leaving));
        }
        let others = full.part(|id, kind, step| {
            id != leaving
                && !matches!(kind, StageKind::Preflight | StageKind::Verification)
                && self.step(step).is_some_and(|s| s.tells_of(&node.roles))
        });
        let mut told: BTreeMap<NodeId, Vec<StepId>> = BTreeMap::new();
        for stage in others.stages.into_iter().filter(|s| s.kind != StageKind::Verification) {
            for item in stage.items.into_iter().filter(|i| i.node != leaving) {
                told.entry(item.node).or_default().extend(item.steps);
            }
        }
        out.stages = vec![
            Stage {
                kind: StageKind::Controllers,
                items: vec![item(controller, ids(TaskPlace::Controller, false, &of_controller))],
            },
            Stage { kind: StageKind::Computes, items: vec![item(leaving, here)] },
            Stage {
                kind: StageKind::Storage,
                items: told.into_iter().map(|(node, steps)| item(node, steps)).collect(),
            },
            Stage {
                kind: StageKind::Verification,
                items: vec![item(controller, ids(TaskPlace::Controller, true, &of_controller))],
            },
        ];
        for (step, _) in self.task_steps(&full, LEAVE) {
            out.steps.insert(step.id.clone(), step.spec.clone());
        }
        out.trimmed();
        // It leaves also where nothing is left to do on it.
        if !out.nodes.iter().any(|n| n.id == leaving) {
            out.nodes.push(node);
        }
        Ok(out)
    }

    /// The steps of a task in the modules of a plan, in their order.
    pub(super) fn task_steps<'a>(
        &'a self,
        plan: &'a Plan,
        task: &'a str,
    ) -> impl Iterator<Item = (&'a Step, TaskPlace)> {
        let modules = plan.modules.iter().filter_map(|(name, _)| self.module(name));
        let steps = modules.flat_map(|m| &m.steps);
        steps.filter(move |s| s.spec.task.as_deref() == Some(task)).map(|s| (s, s.place))
    }
}

/// What the installation did on a node, last step first.
fn undone(plan: &Plan, node: NodeId) -> Vec<StepId> {
    let changes = |s: &&Stage| !matches!(s.kind, StageKind::Preflight | StageKind::Verification);
    let items = plan.stages.iter().filter(changes).flat_map(|s| &s.items).filter(|i| i.node == node);
    let mut steps: Vec<StepId> = items.flat_map(|i| i.steps.iter().cloned()).collect();
    steps.retain(|id| plan.steps.get(id).is_some_and(|s| !s.irreversible));
    steps.reverse();
    steps
}
