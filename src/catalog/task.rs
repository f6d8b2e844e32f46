//! The plan of a task of day 2: what of the installation it changes, done again, and what only the task does.
//!
//! Steps of modules with `task = "WORD"` belong to it: on the first controller before everything (a question, a refusal) or, with
//! `stage = "verification"`, after it; with `on = "node"` on the node that the task is about, if there is one. Steps with `on = "old"` are done last, on the node that images move away from. Of the
//! installation it has the steps that use a variable of the task, on every node, with those that restart services because of them, and what verifies the
//! modules concerned.

use super::{Catalog, PlanFault, PlanInput, Step};
use crate::domain::day2::{Shape, Task, TaskPlace};
use crate::domain::ids::NodeId;
use crate::domain::node::{NodeRole, NodeRoles};
use crate::domain::plan::{Aside, Plan, PlanKind, Stage, StageItem, StageKind, StepId};
use crate::domain::policy::{Budget, Budgets, Policy};
use std::collections::BTreeSet;

impl Catalog {
    /// The plan. `input` has nodes and image host as they are after the task; `before` the shape before it.
    pub fn task(&self, input: &PlanInput, task: &Task, before: &Shape) -> Result<Plan, PlanFault> {
        let full = self.plan(&PlanInput { kind: PlanKind::Task, ..input.clone() })?;
        let first = full.nodes.iter().find(|n| n.roles.contains(&NodeRole::Controller)).map(|n| n.id);
        let Some(controller) = first else { return Err(PlanFault::NoController) };
        let shape = task.applied(before, Some(controller));
        let about = match task {
            Task::Images { node } | Task::Compute { node, .. } => Some(*node),
            _ => None,
        };
        // Where images were, if they move.
        let old = matches!(task, Task::Images { .. }).then(|| before.images.unwrap_or(controller));
        let (lost, mut out) = match (task.role(), old) {
            (Some((node, role, true)), _) => (Vec::new(), self.gained(&full, node, role)),
            (Some((node, role, false)), _) => {
                let mut with = input.clone();
                for n in with.nodes.iter_mut().filter(|n| n.id == node) {
                    n.roles.insert(role);
                }
                (self.lost(&full, &with, node)?, self.told(&full, node, role))
            }
            (None, Some(old)) => {
                let with = PlanInput { images: before.images, ..input.clone() };
                (self.lost(&full, &with, old)?, self.concerned(&full, task.variables(), about))
            }
            (None, None) => (Vec::new(), self.concerned(&full, task.variables(), about)),
        };
        let touched: BTreeSet<String> = out
            .stages
            .iter()
            .filter(|s| s.kind != StageKind::Verification)
            .flat_map(|s| s.items.iter().flat_map(|i| &i.steps))
            .map(|id| id.module().to_owned())
            .collect();
        if touched.is_empty() && lost.is_empty() {
            return Err(PlanFault::Task { platform: full.platform.clone(), task: task.said() });
        }
        let verified =
            full.part(|_, kind, step| kind == StageKind::Verification && touched.contains(step.module()));
        out.stages.retain(|s| s.kind != StageKind::Verification);
        out.stages.extend(verified.stages.into_iter().filter(|s| s.kind == StageKind::Verification));

        let of_task = |place: TaskPlace, last: bool| -> Vec<StepId> {
            let steps = self.task_steps(&full, task.word());
            let steps =
                steps.filter(|(s, on)| *on == place && (s.stage == Some(StageKind::Verification)) == last);
            steps.map(|(s, _)| s.id.clone()).collect()
        };
        // Before everything else, and after it but before what verifies.
        put(&mut out, StageKind::Preflight, controller, of_task(TaskPlace::Controller, false), true);
        put(&mut out, StageKind::Verification, controller, of_task(TaskPlace::Controller, true), true);
        if let Some(node) = about {
            let mut here = of_task(TaskPlace::Node, false);
            if let Some(old) = old {
                // The new host stands ready before anybody is sent to it; the old one serves until nobody is.
                let mut own = self.taken(&mut out, node);
                own.append(&mut here);
                put(&mut out, StageKind::Preflight, node, own, false);
                let retired = [of_task(TaskPlace::Old, false), lost.clone()].concat();
                put(&mut out, StageKind::Verification, old, retired, true);
            } else {
                // First what the role brought, for undo puts whole files back; then what the node is without it is written into them.
                put(&mut out, StageKind::Controllers, node, lost.clone(), true);
                put(&mut out, StageKind::Computes, node, here, true);
            }
            put(&mut out, StageKind::Storage, node, of_task(TaskPlace::Node, true), false);
        }
        out.nodes.clone_from(&full.nodes);
        out.steps.clone_from(&full.steps);
        for (step, _) in self.task_steps(&full, task.word()) {
            out.steps.insert(step.id.clone(), step.spec.clone());
        }
        for id in &lost {
            if let Some(step) = self.step(id) {
                out.steps.entry(id.clone()).or_insert_with(|| step.spec.clone());
            }
        }
        let zero = Budget::Count(0);
        out.policy = Policy {
            budget: Budgets { controllers: zero, computes: zero, storage: zero },
            ..Policy::default()
        };
        out.aside = Aside {
            known: full.nodes.clone(),
            leaving: old.or(about).filter(|_| !lost.is_empty()).into_iter().collect(),
            undone: lost,
            shape: Some(shape),
            task: Some((task.clone(), task.opposite(before, controller))),
            ..Aside::default()
        };
        if let (Task::Compute { on: false, .. }, Some(node)) = (task, about.and_then(|id| full.node(id))) {
            out.aside.vars.insert("LEAVING".to_owned(), format!("{} {}", node.address, node.name));
            out.aside.vars.insert("LEAVING_INSTANCES".to_owned(), "refuse".to_owned());
        }
        if let Task::RemoveFlat { name } = task {
            out.aside.vars.insert("FLAT_GOES".to_owned(), name.clone());
        }
        if let Task::Images { .. } = task {
            let from = before.images.and_then(|id| full.node(id)).or_else(|| full.node(controller));
            let from = from.map(|n| format!("{} {}", n.address, n.name)).unwrap_or_default();
            out.aside.vars.insert("IMAGES_FROM".to_owned(), from);
        }
        out.trimmed();
        Ok(out)
    }

    /// Steps that use one of the variables, and all of a module that comes to the node.
    fn concerned(&self, full: &Plan, variables: &[&str], about: Option<NodeId>) -> Plan {
        full.part(|node, kind, id| {
            let inner = !matches!(kind, StageKind::Preflight | StageKind::Verification);
            inner
                && self.step(id).is_some_and(|s| {
                    variables.iter().any(|v| s.mentions(v)) || (about == Some(node) && s.moves)
                })
        })
    }

    /// What a node that gets a role has to do, and what the others are told.
    fn gained(&self, full: &Plan, node: NodeId, role: NodeRole) -> Plan {
        let only = NodeRoles::from([role]);
        full.part(|n, kind, id| {
            let Some(step) = self.step(id) else { return false };
            let fresh = n == node && is_for_only(full, step, node, role);
            let own = n == node && step.mentions("NODE_ROLES");
            match kind {
                StageKind::Preflight => n == node,
                StageKind::Verification => false,
                _ => fresh || own || step.tells_of(&only),
            }
        })
    }

    /// What is told of a node that lost a role.
    fn told(&self, full: &Plan, node: NodeId, role: NodeRole) -> Plan {
        let only = NodeRoles::from([role]);
        full.part(|n, kind, id| {
            let inner = !matches!(kind, StageKind::Preflight | StageKind::Verification);
            inner
                && self.step(id).is_some_and(|s| s.tells_of(&only) || (n == node && s.mentions("NODE_ROLES")))
        })
    }

    /// The steps that a node had by the plan of `with` and has no longer, last first.
    fn lost(&self, full: &Plan, with: &PlanInput, node: NodeId) -> Result<Vec<StepId>, PlanFault> {
        let with = self.plan(with)?;
        let of = |plan: &Plan| -> Vec<StepId> {
            let inner = |s: &&Stage| !matches!(s.kind, StageKind::Preflight | StageKind::Verification);
            let items = plan.stages.iter().filter(inner).flat_map(|s| &s.items);
            items.filter(|i| i.node == node).flat_map(|i| i.steps.iter().cloned()).collect()
        };
        let kept: BTreeSet<StepId> = of(full).into_iter().collect();
        let mut steps = of(&with);
        steps.retain(|id| !kept.contains(id) && with.steps.get(id).is_some_and(|s| !s.irreversible));
        steps.reverse();
        Ok(steps)
    }

    /// Takes the steps of a node that move with a module out of the plan.
    fn taken(&self, plan: &mut Plan, node: NodeId) -> Vec<StepId> {
        let mut out = Vec::new();
        let inner = plan.stages.iter_mut().filter(|s| s.kind != StageKind::Verification);
        for item in inner.flat_map(|s| &mut s.items).filter(|i| i.node == node) {
            let (mine, rest): (Vec<StepId>, Vec<StepId>) =
                item.steps.drain(..).partition(|id| self.step(id).is_some_and(|s| s.moves));
            item.steps = rest;
            out.extend(mine);
        }
        out
    }
}

/// Whether a node does a step because of that role alone.
fn is_for_only(full: &Plan, step: &Step, node: NodeId, role: NodeRole) -> bool {
    let roles = full.node(node).map(|n| n.roles.clone()).unwrap_or_default();
    step.roles.contains(&role) && !roles.iter().any(|r| *r != role && step.roles.contains(r))
}

/// Steps of a node become part of a stage, before or behind what the node does there already.
fn put(plan: &mut Plan, kind: StageKind, node: NodeId, steps: Vec<StepId>, before: bool) {
    if steps.is_empty() {
        return;
    }
    if !plan.stages.iter().any(|s| s.kind == kind) {
        plan.stages.push(Stage { kind, items: Vec::new() });
        plan.stages.sort_by_key(|s| s.kind);
    }
    let Some(stage) = plan.stages.iter_mut().find(|s| s.kind == kind) else { return };
    match stage.items.iter_mut().find(|i| i.node == node) {
        Some(item) if before => {
            item.steps.splice(0..0, steps);
        }
        Some(item) => item.steps.extend(steps),
        None => stage.items.push(StageItem { node, steps }),
    }
}
