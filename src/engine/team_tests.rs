//! Several operators: who is here and where, and who has a job in hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::standing_tests::{cloud, left};
use super::tests::{Running, add_env, login, refusal, wait_for};
use super::*;
use crate::api::client::{Pushed, Pushes};
use crate::api::message::EnvChange;
use crate::api::team::{Face, Place, SessionRow, Team};
use crate::api::{Client, Request, Response, Row, Topic};
use crate::domain::audit::{AuditFilter, AuditKind};
use crate::domain::ids::{EnvId, JobId};
use crate::domain::job::forecast::Stop;
use crate::domain::job::{JobEvent, JournalEntry};
use crate::domain::node::NodeState;
use crate::domain::plan::PlanKind;
use crate::domain::secret::Secret;
use crate::domain::user::UserRole;

async fn person(running: &Running, ada: &Client, name: &str, role: UserRole) -> (Client, Pushes) {
    let (full_name, password) = (String::new(), Secret::new("correct horse"));
    let add = Request::UserAdd { name: name.into(), role, password, full_name, must_change: false };
    ada.call(add).await.unwrap();
    let (client, pushed) = running.client().await;
    client.call(login(name, "correct horse")).await.unwrap();
    (client, pushed)
}

async fn here(client: &Client, env: Option<EnvId>, page: &str) -> Result<Response, Failure> {
    let place = Place { env, page: page.to_owned() };
    client.call(Request::Team(Team::Here(place))).await.map_err(|e| refusal(Err(e)))
}

async fn who(client: &Client) -> Vec<SessionRow> {
    let Response::Rows(rows) = client.call(Request::Rows(Topic::Sessions)).await.unwrap() else { panic!() };
    rows.into_iter().map(|r| if let Row::Session(r) = r { r } else { panic!("{r:?}") }).collect()
}

fn of<'a>(rows: &'a [SessionRow], name: &str) -> &'a SessionRow {
    rows.iter().find(|r| r.name == name).unwrap_or_else(|| panic!("no {name} in {rows:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_who_is_here_and_nobody_learns_of_what_he_may_not_reach() {
    let running = Running::new();
    let (ada, _) = running.administrator().await;
    let env = add_env(&ada, "secret").await;
    let (eve, mut pushed) = person(&running, &ada, "eve", UserRole::Viewer).await;
    let (bob, mut bobs) = person(&running, &ada, "bob", UserRole::Operator).await;
    let limit = EnvChange::Members(Some(vec!["eve".into()]));
    let edit = Request::EnvEdit { env: env.id, based_on: env.revision, change: limit };
    ada.call(edit).await.unwrap();
    eve.call(Request::Subscribe(Topic::Sessions)).await.unwrap();
    bob.call(Request::Subscribe(Topic::Sessions)).await.unwrap();

    assert_eq!(of(&who(&bob).await, "ada").face, Face::Command, "who says nothing is a command");
    here(&ada, Some(env.id), "nodes").await.unwrap();
    let at = |name: &str, env| {
        let name = name.to_owned();
        move |r: &Row| matches!(r, Row::Session(s) if s.name == name && s.place.as_ref().is_some_and(|p| p.env == env))
    };
    let Row::Session(row) = wait_for(&mut pushed, at("ada", Some(env.id))).await else { panic!() };
    assert_eq!((row.face, row.place.unwrap().page.as_str()), (Face::Screens, "nodes"));
    assert!(!row.account.is_empty() && row.since.0 > 0);
    // Who may not reach it learns that she is here with screens, and nothing of where.
    let rows = who(&bob).await;
    assert_eq!((of(&rows, "ada").face, of(&rows, "ada").place.as_ref()), (Face::Screens, None));
    here(&ada, None, "environments").await.unwrap();
    wait_for(&mut bobs, at("ada", None)).await;

    // Nobody says that he looks at what he may not reach, or writes on the terminals of others.
    assert_eq!(here(&bob, Some(env.id), "nodes").await.unwrap_err().kind, FailureKind::NotFound);
    for page in ["", "\u{1b}[2J", "Nodes", &"a".repeat(41)] {
        assert_eq!(here(&bob, None, page).await.unwrap_err().field.as_deref(), Some("page"), "{page:?}");
    }
    assert_eq!(of(&who(&eve).await, "bob").place, None);

    // Who leaves is gone.
    let number = of(&who(&eve).await, "bob").number;
    drop(bob);
    loop {
        let Some(Pushed::Update(update)) = pushed.recv().await else { panic!("the connection ended") };
        if update.gone.iter().any(|key| key.0 == number) {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_operator_steers_a_job_until_another_one_takes_it_over() {
    let (running, engine, env) = cloud().await;
    let (ada, _) = running.client().await;
    ada.call(login("ada", "correct horse")).await.unwrap();
    let (eve, mut pushed) = person(&running, &ada, "eve", UserRole::Operator).await;
    let (vic, _) = person(&running, &ada, "vic", UserRole::Viewer).await;
    let plan = engine.plan(&engine.env(env).unwrap(), PlanKind::Install).unwrap();
    left(&engine, 1, plan, NodeState::Queued);
    let id = JobId(1);
    let start = JournalEntry { at: now(), event: JobEvent::Started };
    engine.job(id).unwrap().lock().job.apply(&start).unwrap();
    eve.call(Request::Subscribe(Topic::Job(id))).await.unwrap();
    let stop = |stop| Request::JobStop { job: id, stop };
    let take = |why: &str| Request::Team(Team::TakeOver { job: id, why: why.into() });

    // It locks the environment, and says whose it is.
    let platform = engine.env(env).unwrap().platform;
    let based_on = engine.env(env).unwrap().revision;
    let edit = Request::EnvEdit { env, based_on, change: EnvChange::Platform(platform) };
    let busy = refusal(ada.call(edit).await);
    assert_eq!((busy.kind, busy.key.as_deref()), (FailureKind::Busy, Some("error-env-busy")));
    assert!(busy.message.contains("job 1 of ada"), "{busy}");
    // Others watch it.
    let Row::Job(row) = wait_for(&mut pushed, |r| matches!(r, Row::Job(_))).await else { panic!() };
    assert_eq!(row.owner.as_ref().map(|o| o.by.as_str()), Some("ada"));
    for asked in [stop(Stop::Hold), stop(Stop::Now), Request::JobRelease { job: id }] {
        let foreign = refusal(eve.call(asked).await);
        assert_eq!((foreign.kind, foreign.key.as_deref()), (FailureKind::Busy, Some("error-job-foreign")));
    }
    assert_eq!(refusal(vic.call(stop(Stop::Hold)).await).kind, FailureKind::NotAllowed);
    assert_eq!(refusal(vic.call(take("I want to")).await).kind, FailureKind::NotAllowed);
    assert_eq!(refusal(ada.call(take("mine")).await).key.as_deref(), Some("error-job-mine"));
    assert_eq!(refusal(eve.call(take("  ")).await).field.as_deref(), Some("why"));

    let Response::Job(row) = eve.call(take("ada is asleep")).await.unwrap() else { panic!() };
    let owner = row.owner.unwrap();
    assert_eq!((owner.by.as_str(), owner.taken), ("eve", Some(("ada".into(), "ada is asleep".into()))));
    assert_eq!(refusal(ada.call(stop(Stop::Now)).await).key.as_deref(), Some("error-job-foreign"));
    eve.call(stop(Stop::Hold)).await.unwrap();

    let filter = AuditFilter { kind: Some(AuditKind::Job), ..AuditFilter::default() };
    let Response::Audit(page) = ada.call(Request::Audit { filter, before: None, limit: 10 }).await.unwrap()
    else {
        panic!()
    };
    let told: Vec<_> =
        page.entries.iter().map(|(_, e)| (e.by.as_str(), e.what.as_str(), e.reason.as_deref())).collect();
    assert_eq!(told[1], ("eve", "took it over from ada", Some("ada is asleep")), "{told:?}");
    assert_eq!(told.len(), 2, "what was refused is no deed: {told:?}");
}
