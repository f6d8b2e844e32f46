//! `cpmg node facts`: what a node is, what does not fit, and what changed when.

use super::exit::Fault;
use super::talk::Talk;
use super::{discovery, find, nodes, print};
use crate::api::rows::NodeRow;
use crate::api::{Request, Response};
use crate::domain::facts::findings::{Finding, findings};
use crate::domain::facts::history::{Change, Record, diff};
use crate::domain::time::utc;
use serde_json::json;

/// What does not fit, a line each.
pub fn against(node: &NodeRow) -> Vec<String> {
    let found = node.facts.as_ref().map(|f| findings(f, &node.roles)).unwrap_or_default();
    let mut lines: Vec<String> = found.iter().map(|f| format!("{}: {}", f.severity.word(), f.what)).collect();
    lines.extend(discovery::twins(&node.twins).into_iter().map(|t| format!("warning: {t}")));
    if let Some(logins) = &node.logins {
        let until = logins.until.map(|at| format!("; cpmg does not try again before {}", utc(at)));
        lines.push(format!(
            "warning: it refused {} logins within {} minutes ({} are allowed){}",
            logins.refused,
            logins.limit.minutes,
            logins.limit.attempts,
            until.unwrap_or_default()
        ));
    }
    lines
}

fn as_json(found: &[Finding]) -> Vec<serde_json::Value> {
    let one = |f: &Finding| json!({ "severity": f.severity, "what": f.what, "sentence": f.what.to_string() });
    found.iter().map(one).collect()
}

/// What changed with each record, newest first.
fn steps(history: &[Record]) -> Vec<(&Record, Option<Vec<Change>>)> {
    let mut before: Option<&Record> = None;
    let mut steps = Vec::new();
    for record in history {
        steps.push((record, before.map(|b| diff(&b.facts, &record.facts))));
        before = Some(record);
    }
    steps.reverse();
    steps
}

/// Shows a node's facts; gathers them first if asked.
pub async fn run(talk: &Talk, wanted: &str, history: bool, refresh: bool) -> Result<(), Fault> {
    let mut node = find::node(talk, wanted).await?;
    if refresh {
        nodes::probe_now(talk, &node).await?;
        node = find::node(talk, wanted).await?;
    }
    let Response::FactsHistory(records) = talk.call(Request::FactsHistory { node: node.id }).await? else {
        return Err(Talk::unexpected());
    };
    let steps = steps(&records);
    let found = node.facts.as_ref().map(|f| findings(f, &node.roles)).unwrap_or_default();
    if talk.json {
        let past: Vec<serde_json::Value> = steps
            .iter()
            .map(|(r, changes)| json!({ "since": r.since, "until": r.until, "changes": changes, "facts": r.facts }))
            .collect();
        let mut all = json!({
            "node": node.id,
            "name": node.name,
            "facts": node.facts,
            "findings": as_json(&found),
            "twins": node.twins,
            "logins": node.logins,
            "changed": steps.first().and_then(|(_, changes)| changes.clone()),
        });
        if history && let Some(all) = all.as_object_mut() {
            all.insert("history".to_owned(), past.into());
        }
        return print::json(&all);
    }
    if !history {
        nodes::show_facts(&node)?;
    }
    let lines = against(&node);
    if lines.is_empty() && node.facts.is_some() {
        print::line("\nnothing speaks against this machine for its roles")?;
    } else if !lines.is_empty() {
        print::line("")?;
    }
    for line in lines {
        print::line(&line)?;
    }
    // Without the history only what changed last.
    for (n, (record, changes)) in steps.iter().enumerate() {
        if n > 0 && !history {
            break;
        }
        match changes {
            None if !history => {}
            None => print::line(&format!(
                "\n{}: first facts (as they were until {})",
                utc(record.since),
                utc(record.until)
            ))?,
            Some(changes) => {
                print::line(&format!(
                    "\n{}: changed (as it was until {})",
                    utc(record.since),
                    utc(record.until)
                ))?;
                for c in changes {
                    let item = c.item.as_ref().map(|i| format!(" {i}")).unwrap_or_default();
                    let or_none = |v: &str| if v.is_empty() { "none".to_owned() } else { v.to_owned() };
                    let line =
                        format!("  {}{item}: {} -> {}", c.fact.word(), or_none(&c.before), or_none(&c.after));
                    print::line(&line)?;
                }
            }
        }
    }
    Ok(())
}
