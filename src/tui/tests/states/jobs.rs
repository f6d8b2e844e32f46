//! Jobs: one while it runs, its nodes, its time, its attempts.

use super::super::fixtures::{ENV, JOB, failed_job, job, job_node, nodes, running_job, steps};
use super::super::harness::Rig;
use super::super::job::on_job;
use super::super::job_node::by_hand;
use super::super::nodes::opened;
use super::super::times;
use super::environment::with_job;
use super::{Never, Row as Line, Seen, Shown, keyed, refused, row};
use crate::api::{Row, Topic};
use crate::domain::ids::NodeId;
use crate::domain::job::{JobNodeState, JobState};
use crate::domain::user::UserRole::{self, Operator, Viewer};

const NODE: NodeId = NodeId(11);

/// On a job of which no row has come.
fn asked(role: UserRole) -> Rig {
    let mut rig = opened(role, nodes());
    rig.rows(Topic::Jobs(ENV), with_job(JobState::Running));
    keyed(rig, "3<Enter>")
}

/// A job on as many nodes.
fn large(count: u64) -> Vec<Row> {
    let states = [JobNodeState::Done, JobNodeState::Running, JobNodeState::Waiting, JobNodeState::Failed];
    let mut row = job(JobState::Running);
    row.nodes = u32::try_from(count).unwrap();
    let mut rows = vec![Row::from(row)];
    rows.extend((0..count).map(|n| {
        let state = states[usize::try_from(n % 4).unwrap()];
        Row::from(job_node(11 + n, &format!("rack-2-node-{n}"), "compute", state, 500))
    }));
    rows
}

/// On the page of a node of a job that failed, before its steps have come.
fn node(role: UserRole) -> Rig {
    keyed(on_job(role, failed_job()), "d")
}

fn attempts() -> Rig {
    keyed(times::on_job(), "H")
}

/// The outputs of a step on two nodes side by side, before they have come.
fn compared() -> Rig {
    let mut rig = on_job(Operator, failed_job());
    rig.keys("d");
    rig.rows(Topic::JobNode(JOB, NODE), steps(1_800));
    rig.calls.clear();
    keyed(rig, "=<C-s>")
}

#[expect(clippy::too_many_lines, reason = "a list: the table itself")]
pub fn rows() -> Vec<Line> {
    vec![
        row(
            "job",
            [
                Shown(|| on_job(Operator, with_job(JobState::Queued))),
                Shown(|| on_job(Operator, large(1))),
                Shown(|| keyed(on_job(Operator, large(60)), "G")),
                Shown(|| {
                    let mut rig = asked(Operator);
                    rig.answer("Subscribe(Job(", Err(refused()));
                    rig
                }),
                Shown(|| asked(Operator)),
                Shown(|| keyed(on_job(Viewer, running_job()), "x")),
            ],
        ),
        row(
            "job-node",
            [
                Shown(|| {
                    let mut rows = running_job();
                    if let Row::JobNode(node) = &mut rows[1] {
                        (node.steps, node.done, node.current) = (0, 0, None);
                    }
                    keyed(on_job(Operator, rows), "d")
                }),
                Never("a node with one step looks as one with many"),
                Seen("job-node-failed"),
                Shown(|| {
                    let mut rig = node(Operator);
                    rig.answer("Subscribe(JobNode", Err(refused()));
                    rig
                }),
                Shown(|| node(Operator)),
                Shown(|| keyed(node(Viewer), "a")),
            ],
        ),
        row(
            "timeline",
            [
                Never("a job has a beginning from the first moment on"),
                Never("one node looks as many do"),
                Seen("timeline"),
                Shown(|| {
                    let mut rig = keyed(times::on_job(), "t");
                    rig.answer("JobReport", Err(refused()));
                    rig
                }),
                Shown(|| keyed(times::on_job(), "t")),
                Never("whoever may look at the job may look at its time; nothing is done here"),
            ],
        ),
        row(
            "attempts",
            [
                Shown(|| {
                    let mut rig = attempts();
                    rig.rows(Topic::JobNode(JOB, NODE), Vec::new());
                    rig
                }),
                Shown(|| {
                    let mut rig = attempts();
                    rig.rows(Topic::JobNode(JOB, NODE), steps(0).into_iter().take(1).collect());
                    rig
                }),
                Seen("attempts"),
                Shown(|| {
                    let mut rig = attempts();
                    rig.rows(Topic::JobNode(JOB, NODE), times::twice());
                    rig.answer("Output", Err(refused()));
                    rig
                }),
                Shown(attempts),
                Never("whoever may look at the job may look at its attempts; nothing is done here"),
            ],
        ),
        row(
            "compare",
            [
                Shown(|| {
                    let mut rig = compared();
                    let mut waiting = steps(0);
                    for row in &mut waiting {
                        if let Row::Step(step) = row {
                            step.attempt = 0;
                        }
                    }
                    rig.rows(Topic::JobNode(JOB, NodeId(12)), waiting);
                    rig
                }),
                Never("two outputs are compared, not one"),
                Seen("compare"),
                Shown(|| {
                    let mut rig = compared();
                    rig.rows(Topic::JobNode(JOB, NodeId(12)), steps(1_700));
                    rig.answer("Output", Err(refused()));
                    rig
                }),
                Shown(compared),
                Never("whoever may look at the job may compare its outputs; nothing is done here"),
            ],
        ),
        row(
            "manual",
            [
                Shown(|| {
                    let mut rig = on_job(Operator, by_hand(2, JobNodeState::Manual, None));
                    rig.keys("m");
                    rig.rows(Topic::Job(JOB), Vec::new());
                    rig
                }),
                Never("the procedure has several instructions"),
                Seen("manual"),
                Shown(|| {
                    let mut rig = keyed(on_job(Operator, by_hand(2, JobNodeState::Manual, None)), "m<Enter>");
                    rig.answer("Manual(Confirm", Err(refused()));
                    rig
                }),
                Shown(|| keyed(on_job(Operator, by_hand(2, JobNodeState::Manual, None)), "m<Enter>")),
                Shown(|| keyed(on_job(Viewer, by_hand(2, JobNodeState::Manual, None)), "m")),
            ],
        ),
    ]
}
