//! The first failure of a run: what an operator must see before all that followed from it.

use super::Engine;
use super::jobs::Inner;
use crate::api::rows::FirstError;
use crate::domain::job::{JobEvent, StepEnd};
use crate::domain::plan::StepId;
use crate::domain::said::Said;
use crate::install::Attempt;

impl Engine {
    /// Keeps the first failure of a run in sight.
    pub fn note_failure(&self, inner: &mut Inner, event: &JobEvent) {
        let (node, step, attempt, what) = match event {
            JobEvent::Retried { .. } | JobEvent::NodeAgain { by: Some(_), .. } => {
                inner.first_error = None;
                return;
            }
            _ if inner.first_error.is_some() => return,
            JobEvent::StepEnded { node, index, attempt, end } => {
                let what = match end {
                    StepEnd::Failed { status } => {
                        Said::keyed(format!("ended with status {status}"), "step-end-status")
                            .arg("status", status.to_string())
                    }
                    StepEnd::TimedOut { seconds } => {
                        let text = format!("ran longer than its ceiling of {seconds} s and was ended");
                        Said::keyed(text, "step-end-ceiling").arg("seconds", seconds.to_string())
                    }
                    StepEnd::Lost { why } => why.clone(),
                    _ => return,
                };
                let step =
                    inner.job.nodes.get(node).and_then(|n| n.steps.get(*index)).map(|s| s.step.clone());
                (*node, step, *attempt, what)
            }
            JobEvent::NodeFailed { node, why } => (*node, None, 0, why.clone()),
            _ => return,
        };
        let name = inner.job.plan.node(node).map(|n| n.name.clone()).unwrap_or_default();
        let tail = step.as_ref().map_or_else(Vec::new, |step| {
            self.cause(
                &Attempt {
                    node,
                    index: 0,
                    step: step.clone(),
                    action: inner.job.plan.action(node, step),
                    number: attempt,
                },
                inner.job.id,
            )
        });
        let module = step.as_ref().map(StepId::module);
        let known = self.known_error(module, &tail.join("\n")).or_else(|| self.known_error(module, &what));
        inner.first_error =
            Some(FirstError { node, name, step, attempt, what: what.harmless(), tail, known });
    }
}
