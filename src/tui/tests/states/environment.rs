//! The environments, the tabs of one, its overview, its plan.

use super::super::fixtures::{ENV, JOB, catalog, env, job, node, nodes, plan};
use super::super::harness::Rig;
use super::super::nodes::opened;
use super::{Never, Row as Line, Seen, Shown, entered, keyed, lost, refused, row, tab};
use crate::api::{Response, Row, Topic};
use crate::domain::ids::JobId;
use crate::domain::job::JobState;
use crate::domain::netplan::NetworkPlan;
use crate::domain::node::NodeState;
use crate::domain::plan::Plan;
use crate::domain::user::UserRole::{Operator, Viewer};

fn listed(rows: Vec<Row>) -> Rig {
    let mut rig = Rig::logged_in(Operator);
    rig.rows(Topic::Environments, rows);
    rig
}

/// A rack of nodes in all states.
pub fn rack(count: u64) -> Vec<Row> {
    let states = NodeState::ALL;
    let one = |n: u64| {
        let at = usize::try_from(n).unwrap() % states.len();
        let words = if n == 1 { "controller" } else { "compute storage" };
        let mut row = node(10 + n, &format!("rack-2-node-{n}"), words, states[at]);
        row.address = format!("10.20.{}.{}", n / 200, 1 + n % 200).parse().unwrap();
        Row::Node(Box::new(row))
    };
    (1..=count).map(one).collect()
}

/// As many jobs, in all states.
fn jobs(count: u64) -> Vec<Row> {
    let states = [JobState::Succeeded, JobState::Failed, JobState::Cancelled, JobState::Undone];
    let one = |n: u64| {
        let mut row =
            job(if n == count { JobState::Running } else { states[usize::try_from(n % 4).unwrap()] });
        row.id = JobId(n);
        row.created = super::super::fixtures::ms_ago((count - n) * 7_200_000 + 60_000);
        row.ended = (n < count).then(|| row.created.plus(1_800_000));
        Row::from(row)
    };
    (1..=count).map(one).collect()
}

fn overview(role: crate::domain::user::UserRole, rows: Vec<Row>) -> Rig {
    let mut rig = opened(role, rows);
    rig.keys("0");
    rig.rows(Topic::Check(ENV), Vec::new());
    rig.rows(Topic::Proof(ENV), Vec::new());
    let view = crate::api::views::NetView {
        plan: NetworkPlan::default(),
        resolved: crate::domain::netplan::Resolved::default(),
        changed: super::super::harness::NOW,
        changed_by: "grace".into(),
    };
    rig.answer("Net ", Ok(Response::Net(Box::new(view))));
    rig
}

/// The plan of a rack.
fn large() -> Plan {
    let mut large = plan();
    for n in 20..60 {
        let name = format!("rack-2-node-{n}");
        let mut node = large.nodes[1].clone();
        (node.id, node.name) = (crate::domain::ids::NodeId(n), name);
        large.nodes.push(node);
        let mut item = large.stages[2].items[0].clone();
        item.node = crate::domain::ids::NodeId(n);
        large.stages[2].items.push(item);
    }
    large
}

fn planned(role: crate::domain::user::UserRole, plan: Plan) -> Rig {
    let mut rig = opened(role, nodes());
    rig.keys("i");
    if role == Operator {
        rig.answer("PlanPreview", Ok(Response::Plan(Box::new(plan))));
    }
    rig
}

fn modules(count: usize) -> Rig {
    let mut rig = entered(Operator);
    let mut all = catalog();
    let first = all.platforms[0].modules.clone();
    all.platforms[0].modules = (0..count)
        .map(|n| {
            let mut module = first[n % first.len()].clone();
            if n >= first.len() {
                module.name = format!("{}-{n}", module.name);
            }
            module
        })
        .collect();
    rig.answer("Catalog", Ok(Response::Catalog(all)));
    rig.rows(Topic::Nodes(ENV), nodes());
    rig.rows(Topic::Jobs(ENV), Vec::new());
    keyed(rig, "2")
}

#[expect(clippy::too_many_lines, reason = "a list: the table itself")]
pub fn rows() -> Vec<Line> {
    vec![
        row(
            "environments",
            [
                Seen("environments-empty"),
                Shown(|| listed(vec![Row::from(env(7, "production", 4, 1, 1))])),
                Shown(|| {
                    let one = |n: u64| {
                        let count = u32::try_from(n % 40).unwrap();
                        Row::from(env(
                            100 + n,
                            &format!("云 {n:02} of the northern region"),
                            count,
                            count / 2,
                            count / 9,
                        ))
                    };
                    keyed(listed((1..=60).map(one).collect()), "G")
                }),
                Shown(|| {
                    let mut rig = Rig::logged_in(Operator);
                    rig.answer("Subscribe(Environments)", Err(refused()));
                    rig
                }),
                Shown(|| Rig::logged_in(Operator)),
                Shown(|| {
                    let mut rig = Rig::logged_in(Viewer);
                    rig.rows(Topic::Environments, Vec::new());
                    keyed(rig, "n")
                }),
            ],
        ),
        tab(
            "environment",
            "nodes",
            [
                Seen("nodes-empty"),
                Shown(|| opened(Operator, rack(1))),
                Shown(|| keyed(opened(Operator, rack(80)), "G")),
                Shown(|| {
                    let mut rig = entered(Operator);
                    rig.answer("Subscribe(Nodes", Err(refused()));
                    rig
                }),
                Shown(|| entered(Operator)),
                Shown(|| keyed(opened(Viewer, Vec::new()), "n")),
            ],
        ),
        tab(
            "environment",
            "modules",
            [
                Shown(|| modules(0)),
                Shown(|| modules(1)),
                Shown(|| keyed(modules(60), "G")),
                Shown(|| {
                    let mut rig = keyed(entered(Operator), "2");
                    rig.answer("Catalog", Err(refused()));
                    rig
                }),
                Shown(|| keyed(entered(Operator), "2")),
                Shown(|| keyed(opened(Viewer, nodes()), "2<Space>")),
            ],
        ),
        tab(
            "environment",
            "jobs",
            [
                Seen("jobs-empty"),
                Shown(|| {
                    let mut rig = opened(Operator, nodes());
                    rig.rows(Topic::Jobs(ENV), jobs(1));
                    keyed(rig, "3")
                }),
                Shown(|| {
                    let mut rig = opened(Operator, nodes());
                    rig.rows(Topic::Jobs(ENV), jobs(60));
                    keyed(rig, "3G")
                }),
                Shown(|| {
                    let mut rig = entered(Operator);
                    rig.answer("Subscribe(Jobs", Err(refused()));
                    keyed(rig, "3")
                }),
                Shown(|| keyed(entered(Operator), "3")),
                Shown(|| keyed(opened(Viewer, nodes()), "3r")),
            ],
        ),
        row(
            "overview",
            [
                Seen("overview-empty"),
                Shown(|| overview(Operator, rack(1))),
                Shown(|| {
                    let mut rig = overview(Operator, rack(80));
                    rig.rows(Topic::Jobs(ENV), jobs(3));
                    rig
                }),
                Shown(|| {
                    let mut rig = keyed(opened(Operator, nodes()), "0");
                    rig.answer("Net ", Err(refused()));
                    rig
                }),
                Shown(|| keyed(entered(Operator), "0")),
                Shown(|| keyed(overview(Viewer, Vec::new()), "i")),
            ],
        ),
        row(
            "plan",
            [
                Never("an environment without nodes has no plan: the engine refuses it, as under error"),
                Seen("plan"),
                Shown(|| keyed(planned(Operator, large()), "G")),
                Shown(|| {
                    let mut rig = keyed(opened(Operator, nodes()), "i");
                    rig.answer("PlanPreview", Err(refused()));
                    rig
                }),
                Shown(|| keyed(opened(Operator, nodes()), "i")),
                Shown(|| planned(Viewer, plan())),
            ],
        ),
        row(
            "plan-step",
            [
                Never("every step has a script"),
                Seen("plan-step"),
                Never("it is one script; how long it is changes nothing but what is out of sight"),
                Shown(|| {
                    let mut rig = keyed(planned(Operator, plan()), "jjj<Enter>");
                    rig.answer("StepScript", Err(refused()));
                    rig
                }),
                Shown(|| keyed(planned(Operator, plan()), "jjj<Enter>")),
                Never("it opens from the plan, which is not for viewers; nothing is done on it"),
            ],
        ),
        row(
            "messages",
            [
                Shown(|| {
                    let mut rig = Rig::logged_in(Operator);
                    rig.app.shared.messages.clear();
                    keyed(rig, ":messages<Enter>")
                }),
                Seen("messages"),
                Shown(|| {
                    let mut rig = listed(Vec::new());
                    for n in 0..90 {
                        rig.keys(&format!(":nothing-{n}<Enter>"));
                    }
                    keyed(rig, ":messages<Enter>")
                }),
                Shown(|| keyed(lost(listed(Vec::new())), ":messages<Enter>")),
                Never("messages are the program's own; nothing is asked for"),
                Never("everybody reads his own messages"),
            ],
        ),
        row(
            "settings",
            [
                Never("there are always settings"),
                Never("there are always the same settings"),
                Seen("settings"),
                Never("looks are the client's own: no engine is asked"),
                Never("looks are the client's own: nothing is waited for"),
                Never("everybody chooses his own looks"),
            ],
        ),
        row(
            "look-editor",
            [
                Never("a file begins as the one that it comes from"),
                Seen("look-editor"),
                Seen("look-editor-keys"),
                Seen("look-editor-fault"),
                Never("the file is on this host: nothing is waited for"),
                Never("everybody writes his own looks"),
            ],
        ),
    ]
}

/// Used by others: the job of the fixtures among others.
pub fn with_job(state: JobState) -> Vec<Row> {
    let mut row = job(state);
    row.id = JOB;
    vec![Row::from(row)]
}
