//! What a node that does nothing waits for.
//!
//! A function of the job alone, but for [`WaitsFor::Link`] and [`WaitsFor::Engine`], which only the engine knows.

use super::schedule::Front;
use super::{Job, JobNode, JobNodeState, JobState, ReinstallPhase};
use crate::domain::ids::NodeId;
use crate::domain::plan::StageKind;
use crate::domain::said::Said;
use crate::domain::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What something waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitsFor {
    /// For nodes that are at work in an earlier stage.
    Stage {
        /// That stage.
        stage: StageKind,
        /// How many nodes.
        nodes: u32,
    },
    /// For nodes on which it depends and which are undone or get a new operating system, or whose steps are undone before its own.
    Others {
        /// How many nodes.
        nodes: u32,
    },
    /// For its turn: that many nodes are at work, more are not allowed at once.
    Turn {
        /// The limit.
        parallel: u32,
    },
    /// For somebody to let the job go on.
    Held {
        /// Who holds it.
        by: Option<String>,
    },
    /// For an operator to say what is to be done about a failure.
    Decision,
    /// For an operator who installs its operating system by hand.
    Operator {
        /// Who.
        by: String,
        /// Since when.
        since: Moment,
    },
    /// For Cobbler.
    Cobbler {
        /// In which phase.
        phase: ReinstallPhase,
        /// Since when.
        since: Moment,
    },
    /// For the node's word on what became of its step, or what was done on it.
    Answer,
    /// For its link, which is down; a step that runs goes on.
    Link {
        /// Since when.
        since: Moment,
        /// The last fault.
        why: Said,
    },
    /// For the engine, which cannot keep anything (full disk).
    Engine {
        /// Since when.
        since: Moment,
        /// The fault.
        why: Said,
    },
    /// Something this program does not know.
    #[serde(other)]
    Unknown,
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Job {
    /// What each node waits for that does nothing and is not done. Nobody waits in a job that is over.
    pub fn waiting(&self) -> BTreeMap<NodeId, WaitsFor> {
        let mut out = BTreeMap::new();
        if self.state.is_over() {
            return out;
        }
        // What the front says of all nodes, with numbers.
        let at_work = |n: &&JobNode| match n.state {
            JobNodeState::Waiting | JobNodeState::Running => true,
            JobNodeState::Interrupted => n.runs(),
            _ => false,
        };
        let mut stages: BTreeMap<StageKind, usize> = BTreeMap::new();
        for stage in self.nodes.values().filter(at_work).filter_map(JobNode::stage) {
            *stages.entry(stage).or_default() += 1;
        }
        let running = self.nodes.values().filter(|n| n.runs()).count();
        let front = self.front();
        for (id, node) in &self.nodes {
            if let Some(waits) = self.waits(*id, node, (&stages, front), running) {
                out.insert(*id, waits);
            }
        }
        out
    }

    fn waits(
        &self,
        id: NodeId,
        node: &JobNode,
        (stages, front): (&BTreeMap<StageKind, usize>, Front),
        running: usize,
    ) -> Option<WaitsFor> {
        if node.is_idle() {
            return None;
        }
        match node.state {
            JobNodeState::Interrupted | JobNodeState::Checking => Some(WaitsFor::Answer),
            JobNodeState::Reinstalling => {
                let run = node.reinstall.as_deref()?;
                Some(WaitsFor::Cobbler { phase: run.phase, since: run.since })
            }
            JobNodeState::Manual => {
                let run = node.manual.as_deref()?;
                Some(WaitsFor::Operator { by: run.by.clone(), since: run.since })
            }
            JobNodeState::Failed | JobNodeState::UndoFailed | JobNodeState::Undone => {
                self.decision(id).is_none().then_some(WaitsFor::Decision)
            }
            JobNodeState::Waiting | JobNodeState::Running if !node.runs() => match self.state {
                JobState::Holding => Some(WaitsFor::Held { by: self.held_by.clone() }),
                JobState::Running => self.waits_for_turn(node, (stages, front), running),
                _ => None,
            },
            JobNodeState::Undoing if !node.runs() && self.task_at(id, front).is_none() => {
                let others = self.nodes.values().filter(|n| n.state == JobNodeState::Undoing && n.runs());
                Some(WaitsFor::Others { nodes: count(others.count()) })
            }
            _ => None,
        }
    }

    fn waits_for_turn(
        &self,
        node: &JobNode,
        (stages, front): (&BTreeMap<StageKind, usize>, Front),
        running: usize,
    ) -> Option<WaitsFor> {
        let mine = node.stage()?;
        if let Some((stage, nodes)) = stages.range(..mine).next() {
            return Some(WaitsFor::Stage { stage: *stage, nodes: count(*nodes) });
        }
        if front.blocks(mine) {
            let mended = self.nodes.values().filter(|n| {
                matches!(
                    n.state,
                    JobNodeState::Undoing
                        | JobNodeState::Reinstalling
                        | JobNodeState::Checking
                        | JobNodeState::Manual
                        | JobNodeState::Interrupted
                )
            });
            return Some(WaitsFor::Others { nodes: count(mended.count()) });
        }
        let parallel = self.plan.parallel.max(1);
        (running >= parallel as usize).then_some(WaitsFor::Turn { parallel })
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "tests"
    )]
    use super::*;
    use crate::domain::ids::JobId;
    use crate::domain::job::{JobEvent, JournalEntry};
    use serde_json::json;

    fn job() -> Job {
        let node = |id: u64, role: &str| json!({"id": id, "name": format!("n{id}"), "address": "192.0.2.1", "roles": [role]});
        let item = |id: u64| json!({"node": id, "steps": ["nova/install"]});
        let plan = json!({
            "env": 1, "platform": "p", "parallel": 1, "modules": [], "steps": {},
            "nodes": [node(1, "controller"), node(2, "compute"), node(3, "compute")],
            "stages": [
                {"kind": "controllers", "items": [item(1)]},
                {"kind": "computes", "items": [item(2), item(3)]},
            ],
        });
        Job::new(JobId(1), serde_json::from_value(plan).unwrap(), "ada".into(), Moment(0))
    }

    fn go(job: &mut Job, event: serde_json::Value) {
        let event: JobEvent = serde_json::from_value(event).unwrap();
        job.apply(&JournalEntry { at: Moment(9), event }).unwrap();
    }

    #[test]
    fn everybody_says_what_he_waits_for() {
        let mut job = job();
        go(&mut job, json!("started"));
        let stage = WaitsFor::Stage { stage: StageKind::Controllers, nodes: 1 };
        assert_eq!(job.waiting(), BTreeMap::from([(NodeId(2), stage.clone()), (NodeId(3), stage)]));
        go(&mut job, json!({"step-started": {"node": 1, "index": 0, "attempt": 1}}));
        assert_eq!(job.waiting().len(), 2);
        go(&mut job, json!({"step-ended": {"node": 1, "index": 0, "attempt": 1, "end": "changed"}}));
        assert_eq!(job.waiting(), BTreeMap::new(), "both may begin");
        go(&mut job, json!({"step-started": {"node": 2, "index": 0, "attempt": 1}}));
        assert_eq!(job.waiting(), BTreeMap::from([(NodeId(3), WaitsFor::Turn { parallel: 1 })]));
        go(&mut job, json!({"hold-asked": {"by": "grace"}}));
        assert_eq!(job.waiting()[&NodeId(3)], WaitsFor::Held { by: Some("grace".into()) });
        go(&mut job, json!("interrupted"));
        assert_eq!(job.waiting()[&NodeId(2)], WaitsFor::Answer);
    }

    #[test]
    fn a_failure_waits_for_a_decision_and_a_renewal_for_cobbler() {
        let mut job = job();
        go(&mut job, json!("started"));
        go(&mut job, json!({"step-started": {"node": 1, "index": 0, "attempt": 1}}));
        go(
            &mut job,
            json!({"step-ended": {"node": 1, "index": 0, "attempt": 1, "end": {"failed": {"status": 1}}}}),
        );
        assert_eq!(job.waiting()[&NodeId(1)], WaitsFor::Decision);
        go(&mut job, json!({"reinstall-asked": {"node": 1, "by": "ada", "profile": null, "minutes": 60}}));
        let cobbler = WaitsFor::Cobbler { phase: ReinstallPhase::Inspect, since: Moment(9) };
        assert_eq!(job.waiting()[&NodeId(1)], cobbler);
        assert_eq!(job.waiting()[&NodeId(2)], WaitsFor::Others { nodes: 1 });
    }
}
