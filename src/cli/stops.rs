//! The ways to stop a job, and what each would leave behind, told first.

use super::exit::Fault;
use super::talk::Talk;
use super::{find, jobs, print, prompt};
use crate::api::rows::JobNodeRow;
use crate::api::{Request, Response};
use crate::domain::ids::JobId;
use crate::domain::job::forecast::{NodeForecast, Stop};
use crate::domain::node::NodeRoles;
use serde::Serialize;

/// What a stop would make of a node, with its name.
#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    roles: &'a NodeRoles,
    #[serde(flatten)]
    forecast: &'a NodeForecast,
}

/// Tells what `stop` would do; does it unless it is only a rehearsal or nobody says yes.
pub async fn stop(talk: &Talk, id: JobId, stop: Stop, dry_run: bool, yes: bool) -> Result<(), Fault> {
    let (job, nodes) = find::job(talk, id).await?;
    if dry_run || (!yes && !job.state.is_over()) {
        let Response::Forecast(forecast) = talk.call(Request::JobForecast { job: id, stop }).await? else {
            return Err(Talk::unexpected());
        };
        if dry_run && talk.json {
            return print::json(&told(&forecast, &nodes));
        }
        if !talk.json {
            table(&told(&forecast, &nodes))?;
        }
        if dry_run {
            return Ok(());
        }
        let question = match stop {
            Stop::Hold => format!("Hold job {id} after the running steps?"),
            Stop::Drain => format!("End job {id} after the running steps?"),
            Stop::Now => format!("End job {id} now, running steps as well?"),
        };
        if !prompt::confirmed(&question)? {
            return Err(Fault::usage("nothing was done: say yes, or give --yes"));
        }
    }
    now(talk, id, stop).await
}

/// Stops a job without asking.
pub async fn now(talk: &Talk, id: JobId, stop: Stop) -> Result<(), Fault> {
    let job = jobs::answer(talk.call(Request::JobStop { job: id, stop }).await?)?;
    let what = match stop {
        Stop::Hold => {
            format!("running steps end, then it waits; go on with 'cpmg job release {id}'")
        }
        Stop::Drain => "running steps end, then it is over; nothing is undone".to_owned(),
        Stop::Now => "running steps are ended, nothing is undone".to_owned(),
    };
    talk.done(&format!("job {id} is {}: {what}", job.state), &job)
}

fn told<'a>(forecast: &'a [NodeForecast], nodes: &'a [JobNodeRow]) -> Vec<Told<'a>> {
    let of = |f: &NodeForecast| nodes.iter().find(|n| n.node == f.node);
    forecast
        .iter()
        .filter_map(|forecast| of(forecast).map(|n| Told { name: &n.name, roles: &n.roles, forecast }))
        .collect()
}

fn table(told: &[Told<'_>]) -> Result<(), Fault> {
    let rows: Vec<[String; 5]> = told
        .iter()
        .map(|t| {
            [
                t.name.to_owned(),
                t.forecast.now.to_string(),
                t.forecast.then.to_string(),
                format!("{} of {}", t.forecast.done, t.forecast.steps),
                t.forecast.step.as_ref().map(ToString::to_string).unwrap_or_default(),
            ]
        })
        .collect();
    print::table(["NODE", "NOW", "THEN", "STEPS DONE THEN", "RUNS NOW"], &rows, "the job has no nodes")
}
