//! `cpmg env topology` and `cpmg env report`: the drawings of an environment, and the file for its owner.

use super::exit::{Code, Fault};
use super::talk::Talk;
use super::{Hooks, find, print, report as jobs};
use crate::api::handover::Parts;
use crate::api::{Request, Response, Row, Topic};
use crate::domain::check::{CheckReport, Finding, words};
use crate::domain::handover::english;
use crate::domain::netplan::NodeFacts;
use crate::domain::node::NodeRoles;
use crate::domain::picture::Topology;
use crate::domain::text::harmless;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Columns of a drawing when nobody says how wide the terminal is.
const COLUMNS: usize = 100;

/// An environment with its nodes and its network plan.
async fn parts(talk: &Talk, wanted: &str) -> Result<Parts, Fault> {
    let env = find::environment(talk, wanted, false).await?.env;
    let nodes = find::nodes(talk, env.id).await?;
    let Response::Net(view) = talk.call(Request::Net { env: env.id }).await? else {
        return Err(Talk::unexpected());
    };
    let mut parts = Parts::new(env, nodes);
    parts.take(*view);
    Ok(parts)
}

/// `cpmg env topology`.
pub async fn topology(talk: &Talk, wanted: &str) -> Result<(), Fault> {
    let parts = parts(talk, wanted).await?;
    let seen: Vec<_> = parts.nodes.iter().map(|n| (NodeFacts::from(n), n.state)).collect();
    let drawn = Topology::of(&parts.plan, &parts.resolved, &seen);
    if talk.json {
        let links = |m: &crate::domain::picture::Member| -> Vec<serde_json::Value> {
            let on = drawn.rails.iter().zip(&m.links);
            on.filter_map(|(rail, link)| {
                let link = link.as_ref()?;
                Some(serde_json::json!({
                    "network": rail.title, "nic": link.nic, "address": link.address, "speed": link.speed, "carrier": link.carrier
                }))
            })
            .collect()
        };
        let nodes: Vec<_> = drawn
            .members
            .iter()
            .map(|m| serde_json::json!({ "node": m.name, "roles": m.roles, "links": links(m), "idle": m.idle }))
            .collect();
        return print::json(&nodes);
    }
    if drawn.members.is_empty() {
        return print::line("there are no nodes yet: add one with 'cpmg node add'");
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(COLUMNS);
    let roles = |r: &NodeRoles| r.iter().map(|r| r.word()).collect::<Vec<_>>().join("+");
    let (head, body) = drawn.lines(columns, 0..drawn.members.len(), roles);
    let text: Vec<String> = head.iter().chain(&body).map(|line| harmless(&line.text())).collect();
    print::line(&text.join("\n"))
}

/// The file, in that language.
fn document(parts: &Parts, by: &str, language: &str, hooks: Hooks) -> String {
    let found = |tell: &dyn Fn(&CheckReport, &Finding) -> String| -> Vec<String> {
        parts.check.iter().flat_map(|check| check.findings.iter().map(|f| tell(check, f))).collect()
    };
    if language == "en" {
        let findings = found(&|check, finding| words(finding, |id| check.name(id)).found);
        return parts.handover(print::now(), by, findings).html(language, &english);
    }
    let there = (hooks.words)(language);
    let findings = found(&there.finding);
    parts.handover(print::now(), by, findings).html(language, &there.word)
}

/// `cpmg env report`.
pub async fn report(talk: &Talk, wanted: &str, output: Option<&Path>, hooks: Hooks) -> Result<(), Fault> {
    let mut parts = parts(talk, wanted).await?;
    let env = parts.env.id;
    for row in find::rows(talk, Topic::Check(env)).await? {
        if let Row::Check(row) = row {
            parts.check = row.report;
        }
    }
    for row in find::rows(talk, Topic::Proof(env)).await? {
        if let Row::Proof(row) = row {
            parts.proof = row.proof;
        }
    }
    let jobs = find::rows(talk, Topic::Jobs(env)).await?;
    let newest = jobs.iter().filter_map(|r| if let Row::Job(job) = r { Some(job.id) } else { None }).max();
    if let Some(job) = newest {
        parts.job = Some(jobs::read(&jobs::fetch(talk, job).await?)?);
    }
    let by = talk.me().await?.name;
    let html = document(&parts, &by, talk.language(), hooks);
    let Some(path) = output else { return print::write(html.as_bytes()) };
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(html.as_bytes()));
    written.map_err(|e| Fault::new(Code::Failed, format!("{} cannot be written: {e}", path.display())))?;
    if talk.json {
        return print::json(&serde_json::json!({ "env": env, "file": path, "bytes": html.len() }));
    }
    print::line(&format!("the report of {} is in {}", parts.env.name, path.display()))
}
