//! Finds what a person named: environments and nodes by name or number, with near matches when there is none.

use super::exit::{Code, Fault};
use super::talk::Talk;
use crate::api::rows::{EnvRow, JobNodeRow, JobRow, NodeRow, StepRow};
use crate::api::{Request, Response, Row, Topic};
use crate::domain::ids::{EnvId, JobId, NodeId};

/// Rows of a topic, once.
pub async fn rows(talk: &Talk, topic: Topic) -> Result<Vec<Row>, Fault> {
    match talk.call(Request::Rows(topic)).await? {
        Response::Rows(rows) => Ok(rows),
        _ => Err(Talk::unexpected()),
    }
}

/// Environments, or the hidden ones.
pub async fn environments(talk: &Talk, hidden: bool) -> Result<Vec<EnvRow>, Fault> {
    let topic = if hidden { Topic::Hidden } else { Topic::Environments };
    let rows = rows(talk, topic).await?;
    Ok(rows.into_iter().filter_map(|r| if let Row::Env(e) = r { Some(*e) } else { None }).collect())
}

/// The environment called `wanted`.
pub async fn environment(talk: &Talk, wanted: &str, hidden: bool) -> Result<EnvRow, Fault> {
    let all = environments(talk, hidden).await?;
    let what = if hidden { "hidden environment" } else { "environment" };
    let names = all.iter().map(|e| (e.env.id.0, e.env.name.clone())).collect();
    let id = choose(what, wanted, names, "cpmg env list")?;
    all.into_iter().find(|e| e.env.id.0 == id).ok_or_else(|| missing(what, wanted, &[], "cpmg env list"))
}

/// Nodes of an environment.
pub async fn nodes(talk: &Talk, env: EnvId) -> Result<Vec<NodeRow>, Fault> {
    let rows = rows(talk, Topic::Nodes(env)).await?;
    Ok(rows.into_iter().filter_map(|r| if let Row::Node(n) = r { Some(*n) } else { None }).collect())
}

/// The node called `wanted`: a number, a name that only one environment has, or `ENV/NAME`.
pub async fn node(talk: &Talk, wanted: &str) -> Result<NodeRow, Fault> {
    let hint = "cpmg node list ENV";
    let (envs, name) = match wanted.split_once('/') {
        Some((env, name)) => (vec![environment(talk, env, false).await?], name),
        None => (environments(talk, false).await?, wanted),
    };
    let mut all = Vec::new();
    for env in &envs {
        for node in nodes(talk, env.env.id).await? {
            all.push((env.env.name.clone(), node));
        }
    }
    let fitting: Vec<&(String, NodeRow)> =
        all.iter().filter(|(_, n)| n.name == name || n.id.0.to_string() == name).collect();
    match fitting.as_slice() {
        [] => {
            let names: Vec<String> = all.iter().map(|(_, n)| n.name.clone()).collect();
            Err(missing("node", wanted, &names, hint))
        }
        [(_, one)] => Ok(one.clone()),
        several => {
            let names: Vec<String> = several.iter().map(|(env, n)| format!("{env}/{}", n.name)).collect();
            Err(Fault::usage(format!(
                "'{wanted}' is the name of several nodes: write one of {}",
                names.join(", ")
            )))
        }
    }
}

/// A job with its nodes.
pub async fn job(talk: &Talk, id: JobId) -> Result<(JobRow, Vec<JobNodeRow>), Fault> {
    let mut found = None;
    let mut nodes = Vec::new();
    for row in rows(talk, Topic::Job(id)).await? {
        match row {
            Row::Job(job) => found = Some(*job),
            Row::JobNode(node) => nodes.push(*node),
            _ => {}
        }
    }
    let found = found.ok_or_else(|| {
        Fault::new(Code::NotFound, format!("there is no job {id}: see 'cpmg job list ENV'"))
    })?;
    Ok((found, nodes))
}

/// The node called `wanted` within a job.
pub fn job_node<'a>(nodes: &'a [JobNodeRow], wanted: &str) -> Result<&'a JobNodeRow, Fault> {
    let names = nodes.iter().map(|n| (n.node.0, n.name.clone())).collect();
    let id = choose("node of this job", wanted, names, "cpmg job show JOB")?;
    nodes
        .iter()
        .find(|n| n.node.0 == id)
        .ok_or_else(|| missing("node of this job", wanted, &[], "cpmg job show JOB"))
}

/// Steps of a node of a job, in order.
pub async fn steps(talk: &Talk, job: JobId, node: NodeId) -> Result<Vec<StepRow>, Fault> {
    let rows = rows(talk, Topic::JobNode(job, node)).await?;
    let mut steps: Vec<StepRow> =
        rows.into_iter().filter_map(|r| if let Row::Step(s) = r { Some(s) } else { None }).collect();
    steps.sort_by_key(|s| s.index);
    Ok(steps)
}

/// The number of the only thing that has that name or number.
fn choose(what: &str, wanted: &str, all: Vec<(u64, String)>, hint: &str) -> Result<u64, Fault> {
    let exact = all.iter().find(|(_, name)| name == wanted);
    let numbered = || all.iter().find(|(id, _)| id.to_string() == wanted);
    if let Some((id, _)) = exact.or_else(numbered) {
        return Ok(*id);
    }
    let names: Vec<String> = all.into_iter().map(|(_, name)| name).collect();
    Err(missing(what, wanted, &names, hint))
}

/// "There is no …", with what is near.
pub fn missing(what: &str, wanted: &str, names: &[String], hint: &str) -> Fault {
    let near: Vec<String> = near(wanted, names).into_iter().map(|n| format!("'{n}'")).collect();
    let rest = if near.is_empty() {
        format!("see '{hint}'")
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Fault::new(Code::NotFound, format!("there is no {what} '{wanted}': {rest}"))
}

/// At most three names that `wanted` may have meant, nearest first.
fn near<'a>(wanted: &str, names: &'a [String]) -> Vec<&'a str> {
    let low = wanted.to_lowercase();
    let most = (low.chars().count() / 2).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = names
        .iter()
        .filter_map(|name| {
            let other = name.to_lowercase();
            let distance = if low.len() >= 2 && other.contains(&low) { 0 } else { distance(&low, &other) };
            (distance <= most).then_some((distance, name.as_str()))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Letters to insert, delete or exchange to get from one word to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut fresh = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = *above;
            fresh.push(left);
        }
        row = fresh;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        let names = ["prod", "production", "test", "云"].map(str::to_owned);
        assert_eq!(near("prdo", &names), ["prod"], "two letters exchanged");
        assert_eq!(near("prd", &names), ["prod"]);
        assert_eq!(near("Prod", &names), ["prod", "production"]);
        assert_eq!(near("zzz", &names), Vec::<&str>::new());
    }

    #[test]
    fn a_name_goes_before_a_number() {
        let all = || vec![(1, "2x".to_owned()), (2, "b".to_owned())];
        assert_eq!(choose("thing", "2", all(), "list"), Ok(2));
        assert_eq!(choose("thing", "2x", all(), "list"), Ok(1));
        let why = choose("thing", "3x", all(), "list").map_err(|f| (f.code, f.message));
        assert_eq!(why, Err((Code::NotFound, "there is no thing '3x': did you mean '2x'?".to_owned())));
    }
}
