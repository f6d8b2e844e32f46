//! Jobs that are let go of say the same as before, and are the same when they are read again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::jobs::JobCell;
use super::records::{JOBS, JobRecord};
use super::rested::Kept;
use super::standing_tests::{CMP, CTL, cloud};
use super::*;
use crate::api::{Row, Topic};
use crate::domain::ids::{EnvId, JobId};
use crate::domain::job::{Job, JobEvent, JobState, StepEnd};
use crate::domain::plan::{Plan, PlanKind};
use crate::store::Kind;

/// A job that did a step on the controller and failed on the other nodes, as the engine journals it.
async fn failed(engine: &Arc<Engine>, env: EnvId, plan: Plan) -> JobId {
    let id = JobId(engine.records.next_id(Kind::Jobs).unwrap());
    engine.write_job_files(id, &plan).unwrap();
    let record = JobRecord { env, by: "ada".into(), created: now() };
    engine.records.save(JOBS, &id, &record).unwrap();
    let nodes: Vec<_> = plan.nodes.iter().map(|n| n.id).collect();
    let cell = engine.cell(Job::new(id, plan, record.by, record.created), 0);
    engine.model.write().jobs.insert(id, Kept::Whole(Arc::clone(&cell)));
    let tell = |cell: Arc<JobCell>, event| async move { engine.journalled(&cell, event).await.unwrap() };
    tell(Arc::clone(&cell), JobEvent::Started).await;
    let node = CTL;
    let began = JobEvent::StepStarted { node, index: 0, attempt: 1, irreversible: false };
    tell(Arc::clone(&cell), began).await;
    tell(Arc::clone(&cell), JobEvent::StepEnded { node, index: 0, attempt: 1, end: StepEnd::Changed }).await;
    for node in nodes {
        let why = "no connection".to_owned().into();
        tell(Arc::clone(&cell), JobEvent::NodeFailed { node, why }).await;
    }
    tell(Arc::clone(&cell), JobEvent::Ended).await;
    assert_eq!(cell.lock().job.state, JobState::Failed);
    id
}

fn is_short(engine: &Engine, id: JobId) -> bool {
    matches!(engine.model.read().jobs.get(&id), Some(Kept::Short(_)))
}

/// What lists and rules are told, as text.
fn told(engine: &Engine, env: EnvId) -> Vec<String> {
    let rows = [Topic::Environments, Topic::Jobs(env), Topic::RunningJobs].map(|t| engine.rows(t));
    let mut out: Vec<String> = rows.iter().map(|r| format!("{r:?}")).collect();
    let nodes = [CTL, CMP].map(|id| engine.node(id).unwrap());
    out.extend(nodes.iter().map(|n| format!("{} {}", engine.stands(n), engine.is_standing(n))));
    out.push(format!("{:?}", engine.account_views(env).unwrap()));
    out.push(format!("{:?}", engine.options_pending(env).unwrap()));
    out
}

#[tokio::test]
async fn a_job_that_is_let_go_of_is_the_same_afterwards() {
    let (_running, engine, env) = cloud().await;
    let record = engine.env(env).unwrap();
    let mut plan = engine.plan(&record, PlanKind::Install).unwrap();
    plan.aside.standing = vec![CMP];
    let first = failed(&engine, env, plan.clone()).await;
    plan.kind = PlanKind::RollOut;
    let second = failed(&engine, env, plan).await;
    let (before, was) = (told(&engine, env), engine.job(first).unwrap().lock().job.clone());
    assert!(before[0].contains("no connection"), "{}", before[0]);
    engine.job(second).unwrap();

    engine.rest_jobs_beyond(0);
    assert_eq!(
        [first, second].map(|id| is_short(&engine, id)),
        [true, false],
        "the last one looked at stays"
    );
    assert_eq!(told(&engine, env), before);
    assert_eq!(engine.rows(Topic::Job(second)).len(), was.nodes.len() + 1);

    // Who has it in hand keeps it; one who looks gets all of it, and the same as everybody else.
    let (held, same) = (engine.job(first).unwrap(), engine.job(first).unwrap());
    assert!(Arc::ptr_eq(&held, &same) && !is_short(&engine, first));
    assert_eq!(held.lock().job, was);
    engine.job(second).unwrap();
    engine.rest_jobs_beyond(0);
    assert!(!is_short(&engine, first), "somebody has it");
    drop((held, same));
    engine.rest_jobs_beyond(0);
    assert!(is_short(&engine, first));

    // Who holds one job may look at another.
    let other = engine.job(second).unwrap();
    let inner = other.lock();
    engine.job(first).unwrap();
    drop(inner);
    drop(other);
    engine.job(second).unwrap();
    engine.rest_jobs_beyond(0);
    assert!(is_short(&engine, first));

    // It is worked on again as if it had always been there.
    let ada = engine.model.read().users.values().next().cloned().unwrap();
    let newest = engine.job_retry(&ada, first).map(|_| ()).unwrap_err();
    assert!(newest.message.contains(&format!("job {second} came after it")), "{newest:?}");
    assert!(matches!(engine.rows(Topic::JobNode(first, CTL)).first(), Some(Row::Step(s)) if s.touched));
}

#[tokio::test]
async fn an_engine_begins_with_what_it_may_keep() {
    let (mut running, engine, env) = cloud().await;
    let record = engine.env(env).unwrap();
    let plan = engine.plan(&record, PlanKind::Install).unwrap();
    let id = failed(&engine, env, plan).await;
    for node in engine.model.read().nodes.values() {
        engine.records.save(super::records::NODES, &node.id, node).unwrap();
    }
    let was = engine.job(id).unwrap().lock().job.clone();
    drop(engine);
    running.restart().await;
    let engine = running.engine();
    assert_eq!(engine.job(id).unwrap().lock().job, was);
    std::fs::remove_file(engine.job_dir(id).join("plan.json")).unwrap();
    engine.job(id).unwrap();
    let other = failed(&engine, env, was.plan.as_ref().clone()).await;
    engine.job(other).unwrap();
    engine.rest_jobs_beyond(0);
    let why = engine.job(id).map(|_| ()).unwrap_err();
    assert!(why.message.contains("plan of job"), "{why:?}");
}
