//! The page of the connectivity check: empty, with findings, under way, out of date; the reason before an installation.

use super::fixtures::{env, ms_ago, plan};
use super::harness::{Rig, snapshots};
use crate::api::check::{CheckPhase, CheckRow, CheckRunRow, CheckScope};
use crate::api::{Request, Response, Row, Topic};
use crate::domain::check::gate::gate;
use crate::domain::check::world::World;
use crate::domain::check::{Basis, Changed, CheckKind, CheckReport};
use crate::domain::ids::{EnvId, NodeId};
use crate::domain::user::UserRole;

const ENV: EnvId = EnvId(7);

/// What a check of a world would leave.
pub(super) fn report(wrong: impl FnOnce(&mut World)) -> CheckReport {
    let mut world = World::new(3);
    wrong(&mut world);
    let (_, mut judged) = world.judged();
    for finding in &mut judged.findings {
        finding.since = ms_ago(7_200_000);
    }
    CheckReport {
        env: ENV,
        number: 4,
        at: ms_ago(190_000),
        ended: ms_ago(180_000),
        by: "ada".into(),
        planned: true,
        basis: Basis::default(),
        nodes: judged.nodes,
        columns: judged.columns,
        cells: judged.cells,
        findings: judged.findings,
        segments: judged.segments,
    }
}

pub(super) fn row(report: Option<CheckReport>, changed: &[Changed]) -> Row {
    let gate = gate(true, report.as_ref(), changed);
    Row::Check(Box::new(CheckRow { report, changed: changed.to_vec(), gate }))
}

pub(super) fn run(ended: bool) -> Row {
    Row::CheckRun(CheckRunRow {
        env: ENV,
        by: "otto".into(),
        started: ms_ago(4_000),
        ended: ended.then(|| ms_ago(1_000)),
        phase: if ended { CheckPhase::Over } else { CheckPhase::Asking },
        scope: CheckScope::default(),
        done: 1,
        total: 3,
        usual_ms: Some(9_000),
        cancelled: ended,
        fault: None,
    })
}

pub(super) fn opened(role: UserRole, rows: Vec<Row>) -> Rig {
    let mut rig = Rig::logged_in(role);
    rig.rows(Topic::Environments, vec![Row::from(env(7, "production", 3, 0, 0))]);
    rig.keys("<Enter>");
    rig.rows(Topic::Nodes(ENV), super::fixtures::nodes());
    rig.keys("t");
    rig.rows(Topic::Check(ENV), rows);
    rig
}

pub(super) fn wrong(world: &mut World) {
    world.wires.insert((2, "eth2"), 1);
    world.offsets.insert(3, 90_000);
    world.no_program.insert(1);
}

#[test]
fn a_page_without_a_report_says_what_to_do() {
    let mut rig = opened(UserRole::Operator, vec![row(None, &[])]);
    snapshots("check-empty", &mut rig);
    rig.keys("r");
    assert!(rig.notice().contains("press c"), "{}", rig.notice());
    rig.keys("c");
    let Request::CheckRun { env: ENV, scope } = rig.call("CheckRun").request else { panic!() };
    assert!(scope.is_whole());
}

#[test]
fn findings_with_their_reasons() {
    let mut rig = opened(UserRole::Operator, vec![row(Some(report(wrong)), &[Changed::Plan])]);
    snapshots("check", &mut rig);
    rig.keys("<Enter>");
    snapshots("check-finding", &mut rig);
    rig.keys("<Esc>r");
    let Request::CheckRun { scope, .. } = rig.call("CheckRun").request else { panic!() };
    // With n1 unseen it is one against one: both sides are named, and either can be asked again.
    assert_eq!(scope, CheckScope { nodes: vec![NodeId(3)], kinds: vec![CheckKind::Segments] });
    // In the matrix: everything on that node.
    rig.keys("<Tab>jr");
    let Request::CheckRun { scope, .. } = rig.call("CheckRun").request else { panic!() };
    assert_eq!(scope, CheckScope { nodes: vec![NodeId(2)], kinds: Vec::new() });
    rig.keys("<Enter>");
    assert!(rig.screen(80, 24).contains("n2"), "{}", rig.screen(80, 24));
}

#[test]
fn a_check_under_way_and_one_that_has_passed() {
    let mut rig = opened(UserRole::Operator, vec![row(Some(report(|_| {})), &[]), run(false)]);
    snapshots("check-running", &mut rig);
    rig.keys("c");
    assert!(rig.notice().contains("a check runs"), "{}", rig.notice());
    rig.keys("x");
    assert!(rig.screen(80, 24).contains("leaves no report"));
    let mut rig = opened(UserRole::Viewer, vec![row(Some(report(|_| {})), &[]), run(true)]);
    let screen = rig.screen(100, 30);
    assert!(screen.contains("Passed") && screen.contains("ended early"), "{screen}");
}

#[test]
fn an_installation_over_a_check_that_has_not_passed_asks_why() {
    let mut rig = opened(UserRole::Operator, vec![row(Some(report(wrong)), &[])]);
    rig.keys("<Esc>i");
    rig.answer("PlanPreview", Ok(Response::Plan(Box::new(plan()))));
    rig.rows(Topic::Check(ENV), vec![row(Some(report(wrong)), &[])]);
    rig.keys("i");
    snapshots("check-gate", &mut rig);
    rig.keys("<C-s>");
    assert!(rig.screen(80, 24).contains("1 to 200") || rig.screen(80, 24).contains('✗'));
    rig.keys("the switch is mended tonight<C-s>");
    let Request::Install { over, dry_run: false, .. } = rig.call("Install").request else { panic!() };
    assert_eq!(over.as_deref(), Some("the switch is mended tonight"));
}
