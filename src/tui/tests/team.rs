//! Several operators: who is here, who has a job in hand, taking it over.

use super::fixtures::{ENV, JOB, env, job, running_job};
use super::harness::{NOW, Rig, snapshots};
use super::job::on_job;
use super::nodes::opened;
use crate::api::team::{Face, Place, SessionRow, Team};
use crate::api::{Failure, FailureKind, Request, Response, Row, Topic};
use crate::domain::ids::EnvId;
use crate::domain::job::{JobState, Owner};
use crate::domain::time::Moment;
use crate::domain::user::UserRole;

fn here(number: u64, name: &str, place: Option<(Option<EnvId>, &str)>) -> Row {
    Row::Session(SessionRow {
        number,
        name: name.into(),
        full_name: if name == "eve" { "Eve Adams".into() } else { String::new() },
        account: "ops".into(),
        since: Moment(NOW.0 - number * 600_000),
        face: if place.is_some() { Face::Screens } else { Face::Command },
        place: place.map(|(env, page)| Place { env, page: page.into() }),
    })
}

fn everybody() -> Vec<Row> {
    vec![
        here(1, "ada", Some((Some(ENV), "nodes"))),
        here(2, "eve", Some((Some(ENV), "jobs"))),
        here(3, "eve", Some((Some(ENV), "network"))),
        here(4, "bob", None),
        here(5, "grace", Some((None, "a-page-of-tomorrow"))),
    ]
}

fn pages(rig: &Rig) -> Vec<String> {
    rig.here.iter().map(|p| format!("{:?} {}", p.env.map(|e| e.0), p.page)).collect()
}

/// The job as somebody else has it in hand.
fn of_grace(taken: Option<(&str, &str)>) -> Vec<Row> {
    let mut rows = running_job();
    if let Some(Row::Job(job)) = rows.iter_mut().find(|r| matches!(r, Row::Job(_))) {
        let taken = taken.map(|(from, why)| (from.to_owned(), why.to_owned()));
        job.owner = Some(Owner { by: "grace".into(), since: Moment(NOW.0 - 60_000), taken });
    }
    rows
}

#[test]
fn the_engine_is_told_where_these_screens_are() {
    let mut rig = opened(UserRole::Operator, super::fixtures::nodes());
    rig.keys("3");
    rig.keys("?<Esc>");
    let first = format!("Some({})", ENV.0);
    assert_eq!(
        pages(&rig),
        ["None environments".to_owned(), format!("{first} nodes"), format!("{first} jobs")],
        "dialogs are no places, and nothing is told twice"
    );
    // A new connection knows nothing of it, and is told once it knows who we are.
    rig.event(crate::tui::event::Event::Lost);
    rig.connect(false);
    assert_eq!(rig.here.len(), 3);
    rig.answer("Resume", Ok(super::harness::session("ada", UserRole::Operator)));
    assert_eq!(rig.here.len(), 4);
}

#[test]
fn who_is_here() {
    let mut rig = opened(UserRole::Operator, super::fixtures::nodes());
    rig.keys("<F8>");
    assert!(rig.screen(80, 24).contains("Asking the engine"));
    rig.rows(Topic::Sessions, everybody());
    snapshots("who", &mut rig);
    rig.keys("j<Enter>");
    assert!(rig.notice().contains("bob looks at no environment"), "{}", rig.notice());
    rig.keys("j<Enter>");
    assert_eq!(rig.stack(), ["environments", "environment"]);
}

#[test]
fn the_header_says_who_else_looks_at_the_environment() {
    let mut rig = opened(UserRole::Operator, super::fixtures::nodes());
    assert!(!rig.screen(80, 24).contains("also here"));
    rig.rows(Topic::Sessions, everybody());
    let screen = rig.screen(80, 24);
    assert!(screen.contains("also here: eve (jobs, network plan)"), "{screen}");
    assert!(!screen.contains("also here: ada"), "oneself is no news");
    snapshots("also-here", &mut rig);
}

#[test]
fn a_job_of_somebody_else_is_watched_and_its_keys_say_why() {
    let mut rig = on_job(UserRole::Operator, of_grace(None));
    snapshots("job-foreign", &mut rig);
    for key in ["p", "D", "x", "c", "a", "u", "I", "m", "v", "+"] {
        rig.keys(key);
        assert!(rig.notice().contains("grace has this job in hand"), "{key}: {}", rig.notice());
    }
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
    // It goes on before one's eyes.
    let mut rows = of_grace(None);
    if let Some(Row::Job(job)) = rows.iter_mut().find(|r| matches!(r, Row::Job(_))) {
        job.permille = 612;
    }
    rig.rows(Topic::Job(JOB), rows);
    assert!(rig.screen(80, 24).contains("61%"));
}

#[test]
fn a_viewer_watches_too_and_is_offered_nothing() {
    let mut rig = on_job(UserRole::Viewer, of_grace(None));
    let screen = rig.screen(160, 50);
    assert!(
        screen.contains("grace has it in hand: you watch.") && !screen.contains("takes it over"),
        "{screen}"
    );
    rig.keys("O");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
    rig.keys("x");
    assert!(rig.notice().contains("viewer"), "{}", rig.notice());
}

#[test]
fn a_job_is_taken_over_with_a_reason() {
    let mut rig = on_job(UserRole::Operator, running_job());
    rig.keys("O");
    assert!(rig.notice().contains("You have it in hand"), "{}", rig.notice());
    rig.rows(Topic::Job(JOB), of_grace(Some(("ada", "on holiday"))));
    let screen = rig.screen(160, 50);
    assert!(screen.contains("grace took it over from ada") && screen.contains("on holiday"), "{screen}");
    rig.keys("O<Enter>");
    assert!(rig.screen(80, 24).contains("Say why"), "{}", rig.screen(80, 24));
    snapshots("take-over", &mut rig);
    rig.keys("I am back<Enter>");
    let call = rig.call("Team");
    let Request::Team(Team::TakeOver { job, why }) = &call.request else { panic!("{call:?}") };
    assert_eq!((*job, why.as_str()), (JOB, "I am back"));
    let mut mine = super::fixtures::job(JobState::Running);
    mine.owner = Some(Owner { by: "ada".into(), since: NOW, taken: None });
    let result = Ok(Response::Job(Box::new(mine)));
    rig.event(crate::tui::event::Event::Answer { to: call.to, tag: call.tag, result });
    assert_eq!(rig.stack(), ["environments", "environment", "job"]);
    assert!(rig.notice().contains("in hand"), "{}", rig.notice());
}

#[test]
fn a_locked_environment_says_whose_job_locks_it() {
    let mut rig = opened(UserRole::Operator, super::fixtures::nodes());
    let mut works = job(JobState::Running);
    works.owner = Some(Owner { by: "grace".into(), since: NOW, taken: None });
    let mut row = env(7, "production", 4, 1, 1);
    row.job = Some(works);
    rig.rows(Topic::Environments, vec![Row::from(row)]);
    rig.keys("i");
    assert!(rig.notice().contains("of grace has worked on it since"), "{}", rig.notice());
    let busy =
        Failure::new(FailureKind::Busy, "busy").keyed("error-env-busy").arg("job", 12).arg("by", "grace");
    let busy = busy.arg("minutes", 7).word("kind", "plan-kind-install");
    let text = rig.app.shared.catalogue.failure(&busy);
    assert_eq!(
        rig.app.shared.tr(&text),
        "Job 12 (install) of grace has worked on this environment for 7 min: wait for its end, or stop it."
    );
}

fn outrun(rig: &mut Rig, what: &str) {
    rig.answer(what, Err(Failure::new(FailureKind::Conflict, "stale").keyed("error-conflict")));
}

#[test]
fn roles_that_somebody_else_has_set_meanwhile_are_shown_and_nothing_is_lost() {
    let mut rig = opened(UserRole::Operator, super::fixtures::nodes());
    rig.keys("r<Down><Space><C-s>");
    let Request::NodeEdit { node, based_on, .. } = rig.calls.back().unwrap().request.clone() else {
        panic!()
    };
    let mut rows = super::fixtures::nodes();
    for row in &mut rows {
        if let Row::Node(row) = row
            && row.id == node
        {
            (row.revision, row.roles) = (based_on.next(), "storage".parse().map(|r| [r].into()).unwrap());
        }
    }
    rig.rows(Topic::Nodes(ENV), rows);
    outrun(&mut rig, "NodeEdit");
    snapshots("roles-stale", &mut rig);
    // Mine over theirs: based on what there is now.
    rig.keys("<Right><Right><Enter>");
    let Request::NodeEdit { based_on: now, .. } = rig.call("NodeEdit").request else { panic!() };
    assert_eq!(now, based_on.next());
}

#[test]
fn a_user_that_somebody_else_has_changed_meanwhile_is_fetched_and_compared() {
    let mut rig = Rig::logged_in(UserRole::Administrator);
    rig.keys("u");
    let otto = super::harness::user(2, "otto", UserRole::Operator);
    rig.answer("Users", Ok(Response::Users(vec![otto.clone()])));
    rig.keys("eOtto L.<C-s>");
    outrun(&mut rig, "People");
    let theirs = crate::api::message::UserView {
        role: UserRole::Viewer,
        full_name: "Otto Lilienthal".into(),
        revision: otto.revision.next(),
        ..otto.clone()
    };
    rig.answer("Users", Ok(Response::Users(vec![theirs])));
    let screen = rig.screen(80, 24);
    assert!(screen.contains("Otto Lilienthal") && screen.contains("Otto L."), "{screen}");
    // What was not touched here stays as the other one has it.
    rig.keys("<Right><Right><Enter>");
    let Request::People(crate::api::people::People::Edit { based_on, role, full_name, .. }) =
        rig.call("People").request
    else {
        panic!()
    };
    assert_eq!((based_on, role), (otto.revision.next(), Some(UserRole::Viewer)));
    assert_eq!(full_name.as_deref(), Some("Otto L."));
}
