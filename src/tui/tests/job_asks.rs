//! What can be asked of a job: stops with their forecast, holds.

use super::fixtures::{JOB, job, running_job};
use super::harness::{Rig, snapshots};
use super::job::on_job;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::NodeId;
use crate::domain::job::forecast::{NodeForecast, Stop};
use crate::domain::job::{JobNodeState as S, JobState};
use crate::domain::node::NodeRole;
use crate::domain::plan::PlanKind;
use crate::domain::user::UserRole;

fn forecast(rows: &[(u64, S, S, bool)]) -> Response {
    let row = |(node, now, then, runs): &(u64, S, S, bool)| NodeForecast {
        node: NodeId(*node),
        now: *now,
        then: *then,
        step: runs.then(|| "mariadb/packages".parse().unwrap()),
        done: 5,
        steps: 19,
    };
    Response::Forecast(rows.iter().map(row).collect())
}

/// Rows of a job in another state.
pub fn in_state(state: JobState, change: impl Fn(&mut crate::api::rows::JobRow)) -> Vec<Row> {
    let mut rows = running_job();
    let mut row = job(state);
    change(&mut row);
    rows[0] = Row::from(row);
    rows
}

fn stops(rig: &Rig) -> Vec<Stop> {
    let of = |c: &super::harness::Call| {
        if let Request::JobStop { stop, .. } = c.request { Some(stop) } else { None }
    };
    rig.calls.iter().filter_map(of).collect()
}

#[test]
fn each_stop_says_first_in_which_state_every_node_will_be() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.keys("x<Right><Enter>");
    assert!(rig.notice().contains("has not said yet"), "{}", rig.notice());
    let rows = [
        (12, S::Waiting, S::Cancelled, false),
        (11, S::Running, S::Cancelled, true),
        (13, S::Running, S::Cancelled, true),
    ];
    rig.answer("JobForecast", Ok(forecast(&rows)));
    snapshots("job-stop-now", &mut rig);
    rig.keys("<Esc>x");
    rig.answer("JobForecast", Ok(forecast(&rows)));
    rig.keys("<Enter>");
    assert!(stops(&rig).is_empty(), "the focus is on Cancel");
    rig.keys("p");
    let rows = [
        (12, S::Waiting, S::Waiting, false),
        (11, S::Running, S::Waiting, true),
        (13, S::Running, S::Done, true),
    ];
    rig.answer("JobForecast", Ok(forecast(&rows)));
    snapshots("job-stop-hold", &mut rig);
    rig.keys("<Right><Enter>D");
    rig.answer("JobForecast", Ok(forecast(&rows)));
    rig.keys("<Tab><Enter>");
    assert_eq!(stops(&rig), [Stop::Hold, Stop::Drain]);
    let rig = &mut on_job(UserRole::Viewer, running_job());
    let screen = rig.screen(160, 50);
    assert!(!screen.contains("stop now") && !screen.contains("p hold"), "absent for viewers: {screen}");
}

#[test]
fn a_forecast_of_many_nodes_scrolls_and_is_fetched_again() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.keys("x");
    let many: Vec<_> = (0..200).map(|n| (100 + n, S::Waiting, S::Cancelled, false)).collect();
    rig.answer("JobForecast", Ok(forecast(&many)));
    rig.screen(80, 24);
    rig.keys("G");
    assert!(rig.screen(80, 24).contains("299"), "{}", rig.screen(80, 24));
    rig.rows(Topic::Job(JOB), in_state(JobState::Running, |j| j.permille = 440));
    assert!(!format!("{:?}", rig.calls).contains("JobForecast"), "not with every step that ends");
    rig.at = rig.at.plus(3_000);
    rig.rows(Topic::Job(JOB), in_state(JobState::Running, |j| j.permille = 450));
    rig.call("JobForecast");
}

#[test]
fn a_held_job_says_who_holds_it_and_goes_on() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.keys("c");
    assert!(rig.notice().contains("Nobody holds it"), "{}", rig.notice());
    rig.rows(Topic::Job(JOB), in_state(JobState::Holding, |j| j.held_by = Some("grace".into())));
    snapshots("job-held", &mut rig);
    rig.keys("p");
    assert!(rig.notice().contains("c goes on"), "{}", rig.notice());
    rig.keys("c");
    rig.call("JobRelease");
}

#[test]
fn a_budget_that_is_exceeded_is_told_in_words() {
    let rows = in_state(JobState::Draining, |j| j.over_budget = Some((NodeRole::Compute, 3, 2)));
    let mut rig = on_job(UserRole::Operator, rows);
    snapshots("job-budget", &mut rig);
    rig.keys("p");
    assert!(rig.notice().contains("finishes its running steps already"), "{}", rig.notice());
}

#[test]
fn the_kind_of_a_job_is_in_its_title_and_its_result() {
    let rows = in_state(JobState::Succeeded, |j| (j.kind, j.permille) = (PlanKind::DryRun, 1000));
    let mut rig = on_job(UserRole::Operator, rows);
    let screen = rig.screen(80, 24);
    assert!(screen.contains("Dry run 12") && screen.contains("9 steps would change something"), "{screen}");
    rig.rows(Topic::Job(JOB), in_state(JobState::Running, |j| j.kind = PlanKind::Reinstall));
    assert!(rig.screen(80, 24).contains("Reinstallation 12"));
}
